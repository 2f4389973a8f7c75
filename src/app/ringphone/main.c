/* SPDX-License-Identifier: Apache-2.0 */
/* ringphone: a phone in software. Options, then the phone, or one of its pages. */
#include "app/ringphone/ringphone.h"
#include "trust/provider.h"

#include <stdio.h>
#include <string.h>

/* Of the command line: no path and no string is as long. */
#define WORD_MAX 4096

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} pages[] = {
    {"security", page_security},   {"status", page_status}, {"unlock", page_unlock},
    {"lock", page_lock},           {"erase", page_erase},   {"set", page_set},
    {"install", page_install},     {"doctor", page_doctor}, {"protect", page_protect},
    {"unprotect", page_unprotect}, {"fleet", page_fleet},
};

/* Asked for help, a page says nothing else. */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct options options = {.log_level = RF_LOG_ERROR};
    bool is_over = false;
    rf_no_core_file();
    rf_provider_start();
    rf_log_setup(2, RF_LOG_ERROR);
    for (int i = 1; i < argc; i++)
        if (strlen(argv[i]) > WORD_MAX) {
            fprintf(stderr, "ringphone: argument %d is longer than %d bytes\n", i, WORD_MAX);
            return EXIT_USAGE;
        }
    if (asks_for_help(argc, argv) && help_page_print(argv[1], stdout))
        return EXIT_DONE;
    for (size_t i = 0; argc > 1 && i < sizeof pages / sizeof *pages; i++)
        if (strcmp(argv[1], pages[i].name) == 0)
            return pages[i].run(argc - 1, argv + 1);
    int status = options_take(argc, argv, &options, &is_over);
    if (status == EXIT_DONE && !is_over)
        status = options_stored(&options);
    if (status == EXIT_DONE && !is_over) {
        rf_log_setup(2, options.log_level);
        status = run_phone(&options);
    }
    rf_secret_fini(&options.auth_string);
    rf_secret_fini(&options.device_secret);
    return status;
}
