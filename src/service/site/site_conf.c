/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration: read, and what its options ask of each other. The table is site_options.c. */
#include "service/site/call_managers.h"
#include "service/site/site_int.h"
#include "service/site/window.h"

#include "base/file.h"
#include "base/text.h"
#include "net/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define CONF_BYTES_MAX (256 * 1024)

static enum rf_err refuse(struct rf_why *why, const char *name, const char *value,
                          const char *wants)
{
    char shown[80];
    return rf_why_set(why, RF_ERR_BAD, "conf-value", "%s = %s: wants %s", name,
                      rf_escape(rf_slice_str(value), shown, sizeof shown), wants);
}

/* 1 to max bytes, all of them of the set. */
static bool is_made_of(const char *text, size_t max, const char *set)
{
    size_t n = strlen(text);
    return n > 0 && n <= max && strspn(text, set) == n;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

static bool is_printable(const char *text, size_t max)
{
    size_t n = 0;
    for (; text[n] != '\0'; n++)
        if ((unsigned char)text[n] < ' ' || (unsigned char)text[n] > '~')
            return false;
    return n <= max;
}

static bool is_address(const char *text)
{
    uint8_t raw[16];
    return inet_pton(AF_INET, text, raw) == 1 || inet_pton(AF_INET6, text, raw) == 1;
}

static bool is_everywhere(const char *text)
{
    return strcmp(text, "0.0.0.0") == 0 || strcmp(text, "::") == 0;
}

static bool is_date_template(const char *text)
{
    if (!is_made_of(text, 8, "DMYA/-."))
        return false;
    size_t d = 0;
    size_t m = 0;
    size_t y = 0;
    size_t separators = 0;
    for (const char *c = text; *c != '\0'; c++) {
        d += *c == 'D';
        m += *c == 'M';
        y += *c == 'Y';
        separators += strchr("/-.", *c) != NULL;
        if (*c == 'A' && c[1] != '\0')
            return false;
    }
    return d == 1 && m == 1 && (y == 1 || y == 2) && separators == 2;
}

static bool are_fingerprints(const char *text)
{
    struct rf_slice rest = rf_slice_str(text);
    struct rf_slice one;
    char digits[65];
    while (rest.len > 0 && rf_next_piece(&rest, ' ', &one))
        if (one.len != 64 || !rf_slice_to_str(one, digits, sizeof digits) ||
            strspn(digits, DIGITS "abcdef") != 64)
            return false;
    return true;
}

static enum rf_err check_texts(const struct rf_site_conf *c, struct rf_why *why)
{
    if (!is_made_of(c->name, 32, LETTERS DIGITS "-"))
        return refuse(why, "name", c->name, "1 to 32 letters, digits and -");
    if (!is_address(c->listen))
        return refuse(why, "listen", c->listen, "an address in numbers");
    if (c->advertise[0] != '\0' && !is_made_of(c->advertise, 63, LETTERS DIGITS "-.:"))
        return refuse(why, "advertise", c->advertise, "an address or a host name");
    struct rf_site_call_managers managers;
    enum rf_err err = rf_site_call_managers_parse(c->call_managers, &managers, why);
    if (err != RF_OK)
        return err;
    if (c->admin_group[0] != '\0' && !is_made_of(c->admin_group, 32, LETTERS DIGITS "-_."))
        return refuse(why, "admin_group", c->admin_group, "the name of a group");
    if (!are_fingerprints(c->tvs_list_signers))
        return refuse(why, "tvs_list_signers", c->tvs_list_signers,
                      "fingerprints of 64 hexadecimal digits in lower case, blanks between");
    if (c->https_unsigned[0] != '\0' && !is_made_of(c->https_unsigned, 200, LETTERS DIGITS "-. "))
        return refuse(why, "https_unsigned", c->https_unsigned, "models with blanks between");
    if (!is_printable(c->keylog, 512))
        return refuse(why, "keylog", c->keylog, "a path");
    if (!is_date_template(c->date_template))
        return refuse(why, "date_template", c->date_template, "D, M and Y, e.g. D/M/YA");
    if (c->time_zone[0] == '\0' || !is_printable(c->time_zone, 99))
        return refuse(why, "time_zone", c->time_zone, "a name of at most 99 characters");
    struct rf_networks networks;
    struct rf_why inner = {0};
    if (rf_networks_parse(c->provision_networks, &networks, &inner) != RF_OK)
        return rf_why_set(why, RF_ERR_BAD, "conf-value", "provision_networks: %s", inner.text);
    struct rf_window window;
    if (!rf_window_parse(c->renew_window, &window))
        return refuse(why, "renew_window", c->renew_window, "HH:MM-HH:MM, or nothing");
    if (!is_made_of(c->locale, 40, LETTERS "_"))
        return refuse(why, "locale", c->locale, "a name such as English_United_States");
    if (c->load_server[0] != '\0' && !is_made_of(c->load_server, 63, LETTERS DIGITS "-.:"))
        return refuse(why, "load_server", c->load_server, "an address or a host name");
    return RF_OK;
}

static enum rf_err check(const struct rf_site_conf *c, struct rf_why *why)
{
    enum rf_err err = check_texts(c, why);
    if (err == RF_OK)
        err = site_check_models(c, why);
    if (err == RF_OK)
        err = site_check_legacy(c, why);
    if (err == RF_OK)
        err = site_check_weak_listeners(c, why);
    if (err == RF_OK)
        err = site_check_urls(c, why);
    if (err != RF_OK)
        return err;
    if (is_everywhere(c->listen) && c->advertise[0] == '\0')
        return rf_why_set(why, RF_ERR_BAD, "conf-advertise",
                          "listen = %s is no address to tell phones: set advertise", c->listen);
    if (is_everywhere(c->advertise))
        return refuse(why, "advertise", c->advertise, "an address phones can reach");
    if ((err = site_check_router(c, why)) != RF_OK || (err = site_check_ports(c, why)) != RF_OK)
        return err;
    if (c->lsc_issuer == RF_SITE_ISSUER_CMP && c->cmp_url[0] == '\0')
        return rf_why_set(why, RF_ERR_BAD, "conf-cmp", "lsc_issuer = cmp wants cmp_url");
    if (c->lsc_key_bits < c->rsa_min)
        return rf_why_set(why, RF_ERR_BAD, "conf-key-size",
                          "lsc_key_bits = %u is below rsa_min = %u: phones would be refused",
                          c->lsc_key_bits, c->rsa_min);
    return RF_OK;
}

static enum rf_err parse(struct rf_slice text, struct rf_site_conf **out, struct rf_why *why)
{
    void *raw = NULL;
    enum rf_err err = rf_conf_parse(&rf_site_conf_def, text, &raw, why);
    if (err != RF_OK)
        return err;
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = raw;
    if ((err = check(conf, why)) != RF_OK)
        return err;
    *out = rf_steal(&conf);
    return RF_OK;
}

struct rf_site_conf *rf_site_conf_new(void)
{
    return rf_conf_new(&rf_site_conf_def);
}

void rf_site_conf_free(struct rf_site_conf *conf)
{
    rf_conf_free(&rf_site_conf_def, conf);
}

void rf_site_conf_freep(struct rf_site_conf **conf)
{
    rf_site_conf_free(*conf);
}

enum rf_err rf_site_conf_load(const char *path, struct rf_site_conf **out, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf text = {0};
    enum rf_err err = rf_file_read(path, CONF_BYTES_MAX, &text, why);
    if (err != RF_OK)
        return err;
    struct rf_why inner = {0};
    err = parse(rf_buf_slice(&text), out, &inner);
    unsigned line = site_line_of(rf_buf_slice(&text), inner.text);
    if (err != RF_OK && line > 0)
        return rf_why_set(why, err, inner.code, "%s: line %u: %s", path, line, inner.text);
    if (err != RF_OK)
        return rf_why_set(why, err, inner.code, "%s: %s", path, inner.text);
    return RF_OK;
}

static bool is_set(const char *name, const struct rf_site_setting *settings, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(settings[i].name, name) == 0)
            return true;
    return false;
}

enum rf_err rf_site_conf_set_all(struct rf_site_conf **conf, const struct rf_site_setting *settings,
                                 size_t n, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(CONF_BYTES_MAX);
    struct rf_site_conf *changed = NULL;
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < n && err == RF_OK; i++) {
        if (strchr(settings[i].value, '\n') != NULL)
            return refuse(why, settings[i].name, settings[i].value, "one line");
        err = rf_buf_addf(&text, "%s = %s\n", settings[i].name, settings[i].value);
    }
    for (size_t i = 0; i < rf_site_conf_def.n && err == RF_OK; i++) {
        const struct rf_conf_option *o = &rf_site_conf_def.options[i];
        char now[RF_CONF_NUMBER];
        if (!is_set(o->name, settings, n))
            err = rf_buf_addf(&text, "%s = %s\n", o->name, rf_conf_text(o, *conf, now));
    }
    if (err != RF_OK)
        return rf_why_set(why, err, "conf-size", "the values are too long");
    if ((err = parse(rf_buf_slice(&text), &changed, why)) != RF_OK)
        return err;
    rf_site_conf_free(*conf);
    *conf = changed;
    return RF_OK;
}

enum rf_err rf_site_conf_set(struct rf_site_conf **conf, const char *name, const char *value,
                             struct rf_why *why)
{
    return rf_site_conf_set_all(conf, &(struct rf_site_setting){name, value}, 1, why);
}

enum rf_err rf_site_conf_create(const char *dir, const struct rf_site_conf *conf,
                                struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, RF_SITE_CONF);
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(CONF_BYTES_MAX);
    enum rf_err err = check(conf, why);
    if (err == RF_OK)
        err = rf_buf_addf(&text, "# Configuration of a ringfence site. `ringfence config check` "
                                 "reads it, `ringfence reload` applies it.\n\n");
    if (err == RF_OK)
        err = rf_conf_write(&rf_site_conf_def, conf, &text);
    return err == RF_OK ? rf_file_create(path, rf_buf_slice(&text), RF_FILE_PUBLIC, why) : err;
}

bool rf_site_conf_compare(const struct rf_site_conf *now, const struct rf_site_conf *wanted,
                          void (*each)(void *arg, const struct rf_conf_option *option,
                                       bool applies),
                          void *arg)
{
    bool all_apply = true;
    for (size_t i = 0; i < rf_site_conf_def.n; i++) {
        const struct rf_conf_option *o = &rf_site_conf_def.options[i];
        if (rf_conf_same(o, now, wanted))
            continue;
        all_apply = all_apply && o->reloads;
        if (each != NULL)
            each(arg, o, o->reloads);
    }
    return all_apply;
}

/* A number is weak below its default, anything else when it is not the default. */
static bool is_weak(const struct rf_conf_option *o, const struct rf_site_conf *conf,
                    const struct rf_site_conf *defaults)
{
    if (!o->weak || rf_conf_same(o, conf, defaults))
        return false;
    if (o->at == offsetof(struct rf_site_conf, revocation))
        return conf->revocation == RF_SITE_REVOCATION_OFF;
    return o->at != offsetof(struct rf_site_conf, rsa_min) || conf->rsa_min < defaults->rsa_min;
}

void rf_site_conf_weak(const struct rf_site_conf *conf,
                       void (*each)(void *arg, const char *name, const char *value), void *arg)
{
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *defaults = rf_site_conf_new();
    for (size_t i = 0; i < rf_site_conf_def.n; i++) {
        const struct rf_conf_option *o = &rf_site_conf_def.options[i];
        char value[RF_CONF_NUMBER];
        if (is_weak(o, conf, defaults))
            each(arg, o->name, rf_conf_text(o, conf, value));
    }
}

const char *rf_site_advertised(const struct rf_site_conf *conf)
{
    return conf->advertise[0] != '\0' ? conf->advertise : conf->listen;
}
