/* SPDX-License-Identifier: Apache-2.0 */
/* The phone's pages, from its flash: they work whether it runs or not. */
#include "app/ringphone/ringphone.h"

#include "base/text.h"
#include "service/phone/security.h"
#include "service/phone/settings.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define PAGE_MAX ((size_t)1024 * 1024)

struct page_options {
    const char *flash;
    bool is_json;
    struct rf_secret secret; /* len 0: none */
};

/* EXIT_DONE: go on. */
static int take(int argc, char **argv, bool may_json, bool has_secret, struct page_options *o)
{
    static const struct option options[] = {
        {"flash", required_argument, NULL, 'f'},
        {"json", no_argument, NULL, 'j'},
        {"device-secret", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    opterr = 0;
    for (int c, at = 0; (c = getopt_long(argc, argv, ":", options, &at)) != -1;) {
        bool is_known = c != ':' && c != '?'; /* by another page */
        if (c == 'f') {
            o->flash = optarg;
        } else if (c == 's' && has_secret) {
            if (!options_auth_file(optarg, &o->secret)) {
                fprintf(stderr, "ringphone %s: %s has no device secret in its first line\n",
                        argv[0], optarg);
                return EXIT_USAGE;
            }
        } else if (c == 'j' && may_json) {
            o->is_json = true;
        } else {
            fprintf(stderr, "ringphone %s: %s%s %s; `ringphone %s --help` explains\n", argv[0],
                    is_known ? "--" : "", is_known ? options[at].name : argv[optind - 1],
                    c == ':' ? "wants a value" : "is no option of it", argv[0]);
            return EXIT_USAGE;
        }
    }
    if (o->flash == NULL || o->flash[0] == '\0' || optind < argc) {
        fprintf(stderr, "ringphone %s: wants --flash DIR%s and nothing else\n", argv[0],
                may_json ? " [--json]" : "");
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static int print_json(const char *page, const struct rf_json *j)
{
    RF_AUTO(rf_buf_fini) struct rf_buf out = RF_BUF(PAGE_MAX);
    if (rf_json_dump(j, 2, &out) != RF_OK) {
        fprintf(stderr, "ringphone %s: the page is too large\n", page);
        return EXIT_REFUSED;
    }
    printf("%.*s\n", (int)out.len, (const char *)out.p);
    return EXIT_DONE;
}

int page_security(int argc, char **argv)
{
    struct page_options o = {0};
    struct rf_why why = {0};
    RF_AUTO(rf_security_freep) struct rf_security *page = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(PAGE_MAX);
    int status = take(argc, argv, true, true, &o);
    if (status != EXIT_DONE)
        return status;
    enum rf_err err = rf_security_read(o.flash, o.secret.len > 0 ? &o.secret : NULL, &page, &why);
    rf_secret_fini(&o.secret);
    if (err != RF_OK)
        return print_refused(argv[0], o.is_json, &why);
    if (o.is_json) {
        RF_AUTO(rf_json_freep) struct rf_json *j = rf_security_json(page);
        return print_json(argv[0], j);
    }
    if (rf_security_text(page, &text) != RF_OK)
        return EXIT_REFUSED;
    printf("%.*s", (int)text.len, (const char *)text.p);
    return EXIT_DONE;
}

struct rf_json *status_json(const struct rf_flash *flash, const struct rf_flash_status *all)
{
    struct rf_json *j = rf_json_obj();
    struct rf_json *list = rf_json_arr();
    char time[32];
    for (size_t i = 0; i < all->n; i++) {
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "at", rf_time_text(all->message[i].at_s, time, sizeof time));
        rf_json_set_str(one, "text", all->message[i].text);
        rf_json_arr_add_take(list, one);
    }
    rf_json_set_str(j, "device", flash->identity.device);
    rf_json_set_take(j, "messages", list);
    return j;
}

int page_status(int argc, char **argv)
{
    struct page_options o = {0};
    struct rf_why why = {0};
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    RF_AUTO(rf_freep) struct rf_flash_status *all = rf_new(struct rf_flash_status);
    int status = take(argc, argv, true, false, &o);
    if (status != EXIT_DONE)
        return status;
    if (rf_flash_open(o.flash, &flash, &why) != RF_OK)
        return print_refused(argv[0], o.is_json, &why);
    rf_flash_status_read(flash, all);
    if (o.is_json) {
        RF_AUTO(rf_json_freep) struct rf_json *j = status_json(flash, all);
        return print_json(argv[0], j);
    }
    for (size_t i = 0; i < all->n; i++) {
        char time[32], text[RF_FLASH_STATUS_TEXT_MAX];
        printf("%s  %s\n", rf_time_text(all->message[i].at_s, time, sizeof time),
               rf_escape(rf_slice_str(all->message[i].text), text, sizeof text));
    }
    return EXIT_DONE;
}

/* ---- the device secret ---- */

static int secret_page(int argc, char **argv,
                       enum rf_err (*change)(const char *dir, const struct rf_secret *secret,
                                             int64_t now_s, struct rf_why *why),
                       const char *done)
{
    struct page_options o = {0};
    struct rf_why why = {0};
    int status = take(argc, argv, false, true, &o);
    if (status == EXIT_DONE && o.secret.len == 0) {
        fprintf(stderr, "ringphone %s: wants --device-secret FILE\n", argv[0]);
        status = EXIT_USAGE;
    }
    if (status != EXIT_DONE)
        return status;
    enum rf_err err = change(o.flash, &o.secret, rf_wall_s(rf_clock_real()), &why);
    rf_secret_fini(&o.secret);
    if (err != RF_OK)
        return print_refused(argv[0], o.is_json, &why);
    puts(done);
    return EXIT_DONE;
}

int page_protect(int argc, char **argv)
{
    return secret_page(
        argc, argv, rf_settings_protect,
        "the private keys are encrypted: from now on the phone wants --device-secret");
}

int page_unprotect(int argc, char **argv)
{
    return secret_page(argc, argv, rf_settings_unprotect,
                       "the private keys lie in the clear, readable by their owner alone");
}
