/* SPDX-License-Identifier: Apache-2.0 */
/* What a user does to a phone that is off, who has it in his hands: settings, trust lists,
 * firmware. While it runs the lock of its flash says no. */
#include "app/ringphone/ringphone.h"

#include "service/phone/install.h"
#include "service/phone/settings.h"
#include "wire/json/json.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MAX ((size_t)64 * 1024)

enum {
    OPT_FIRST = 256,
    OPT_MIN_LOAD = OPT_FIRST,
    OPT_ROLLBACK,
    OPT_STICKS,
    OPT_SRST_CLEAR,
    OPT_TFTP
};

struct change_options {
    const char *flash;
    bool is_json;
    struct rf_settings_change change;
    enum rf_rollback rollback;
    bool sticks, srst_clear;
    size_t n_changes;
};

static int64_t now_s(void)
{
    return rf_wall_s(rf_clock_real());
}

static int wrong(const char *what, const char *text)
{
    fprintf(stderr, "ringphone %s: %s; `ringphone %s --help` explains\n", what, text, what);
    return EXIT_USAGE;
}

static int wrong_option(const char *what, const char *dashes, const char *option, bool has_no_value)
{
    fprintf(stderr, "ringphone %s: %s%s %s; `ringphone %s --help` explains\n", what, dashes, option,
            has_no_value ? "wants a value" : "is no option of it", what);
    return EXIT_USAGE;
}

/* "none" takes a value away. */
static const char *or_none(const char *text)
{
    return strcmp(text, "none") == 0 ? "" : text;
}

static bool take_change(int c, struct change_options *o)
{
    char host[RF_ADDRESS_TEXT_MAX];
    uint16_t port;
    o->n_changes++;
    switch (c) {
    case OPT_MIN_LOAD:
        o->change.min_load_version = or_none(optarg);
        return optarg[0] != '\0';
    case OPT_ROLLBACK:
        o->change.file_rollback = &o->rollback;
        return rf_rollback_parse(optarg, &o->rollback);
    case OPT_STICKS:
        o->change.sha512_sticks = &o->sticks;
        o->sticks = strcmp(optarg, "yes") == 0;
        return o->sticks || strcmp(optarg, "no") == 0;
    case OPT_SRST_CLEAR:
        o->change.allows_srst_clear = &o->srst_clear;
        o->srst_clear = strcmp(optarg, "allow") == 0;
        return o->srst_clear || strcmp(optarg, "refuse") == 0;
    case OPT_TFTP:
        o->change.tftp = or_none(optarg);
        return o->change.tftp[0] == '\0' || options_host_port(optarg, 69, host, sizeof host, &port);
    default:
        return false;
    }
}

/* What is said of a value that an option does not take. */
static const char *wants_of(int c)
{
    static const char *const wants[] = {
        [OPT_MIN_LOAD - OPT_FIRST] = "--min-load wants a version, or none",
        [OPT_ROLLBACK - OPT_FIRST] = "--file-rollback wants off, warn or reject",
        [OPT_STICKS - OPT_FIRST] = "--sha512-sticks wants yes or no",
        [OPT_SRST_CLEAR - OPT_FIRST] = "--srst-clear-fallback wants allow or refuse",
        [OPT_TFTP - OPT_FIRST] = "--tftp wants HOST[:PORT], or none"};
    return wants[c - OPT_FIRST];
}

/* EXIT_DONE: go on. `is_set`: the options of `ringphone set` too. */
static int take(int argc, char **argv, bool is_set, struct change_options *o)
{
    static const struct option options[] = {
        {"flash", required_argument, NULL, 'f'},
        {"json", no_argument, NULL, 'j'},
        {"min-load", required_argument, NULL, OPT_MIN_LOAD},
        {"file-rollback", required_argument, NULL, OPT_ROLLBACK},
        {"sha512-sticks", required_argument, NULL, OPT_STICKS},
        {"srst-clear-fallback", required_argument, NULL, OPT_SRST_CLEAR},
        {"tftp", required_argument, NULL, OPT_TFTP},
        {NULL, 0, NULL, 0},
    };
    opterr = 0;
    for (int c, at = 0; (c = getopt_long(argc, argv, ":", options, &at)) != -1;) {
        if (c == 'f')
            o->flash = optarg;
        else if (c == 'j' && !is_set)
            o->is_json = true;
        else if (c == ':' || c == '?')
            return wrong_option(argv[0], "", argv[optind - 1], c == ':');
        else if (c == 'j' || !is_set)
            return wrong_option(argv[0], "--", options[at].name, false);
        else if (!take_change(c, o))
            return wrong(argv[0], wants_of(c));
    }
    if (o->flash == NULL || o->flash[0] == '\0')
        return wrong(argv[0], "--flash DIR is missing");
    return EXIT_DONE;
}

/* A page that takes a flash folder and nothing else. */
static int take_flash(int argc, char **argv, struct change_options *o)
{
    int status = take(argc, argv, false, o);
    if (status == EXIT_DONE && (optind < argc || o->is_json))
        return wrong(argv[0], "it wants --flash DIR and nothing else");
    return status;
}

int page_erase(int argc, char **argv)
{
    struct change_options o = {0};
    struct rf_why why = {0};
    int status = take_flash(argc, argv, &o);
    if (status != EXIT_DONE)
        return status;
    if (rf_settings_erase(o.flash, now_s(), &why) != RF_OK)
        return print_refused(argv[0], o.is_json, &why);
    puts("CTL and ITL are erased: the phone takes the next ones on first trust");
    return EXIT_DONE;
}

int page_unlock(int argc, char **argv)
{
    struct change_options o = {0};
    struct rf_why why = {0};
    int status = take_flash(argc, argv, &o);
    if (status != EXIT_DONE)
        return status;
    if (rf_settings_unlock(o.flash, now_s(), &why) != RF_OK)
        return print_refused(argv[0], o.is_json, &why);
    printf("the settings are open for %d minutes, or until the phone boots\n",
           RF_FLASH_UNLOCKED_S / 60);
    return EXIT_DONE;
}

int page_lock(int argc, char **argv)
{
    struct change_options o = {0};
    struct rf_why why = {0};
    int status = take_flash(argc, argv, &o);
    if (status != EXIT_DONE)
        return status;
    if (rf_settings_lock(o.flash, now_s(), &why) != RF_OK)
        return print_refused(argv[0], o.is_json, &why);
    puts("the settings are locked");
    return EXIT_DONE;
}

int page_set(int argc, char **argv)
{
    struct change_options o = {0};
    struct rf_why why = {0};
    int status = take(argc, argv, true, &o);
    if (status != EXIT_DONE)
        return status;
    if (optind < argc || o.n_changes == 0)
        return wrong(argv[0], "it wants --flash DIR and the options to set");
    if (rf_settings_change(o.flash, &o.change, now_s(), &why) != RF_OK)
        return print_refused(argv[0], o.is_json, &why);
    puts("set");
    return EXIT_DONE;
}

static int print_installed(const struct rf_phone_installed *done)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    RF_AUTO(rf_buf_fini) struct rf_buf out = RF_BUF(ANSWER_MAX);
    rf_json_set_str(j, "load", done->load);
    rf_json_set_str(j, "version", done->version);
    rf_json_set_str(j, "slot", rf_flash_slot_name(done->slot));
    rf_json_set_str(j, "signer", done->signer);
    if (rf_json_dump(j, 2, &out) != RF_OK)
        return EXIT_REFUSED;
    printf("%.*s\n", (int)out.len, (const char *)out.p);
    return EXIT_DONE;
}

int page_install(int argc, char **argv)
{
    struct change_options o = {0};
    struct rf_phone_installed done;
    struct rf_why why = {0};
    int status = take(argc, argv, false, &o);
    if (status != EXIT_DONE)
        return status;
    if (optind == argc)
        return wrong(argv[0], "it wants a folder, or a .loads list and its components");
    enum rf_err err = rf_phone_install(o.flash, (const char *const *)&argv[optind],
                                       (size_t)(argc - optind), now_s(), &done, &why);
    if (err != RF_OK)
        return print_refused(argv[0], o.is_json, &why);
    if (o.is_json)
        return print_installed(&done);
    printf("%s, version %s, is in slot %s and boots next\n", done.load, done.version,
           rf_flash_slot_name(done.slot));
    return EXIT_DONE;
}
