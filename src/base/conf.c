/* SPDX-License-Identifier: Apache-2.0 */
#include "base/conf.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static void *member(const struct rf_conf_option *o, void *conf)
{
    return (char *)conf + o->at;
}

static const void *member_of(const struct rf_conf_option *o, const void *conf)
{
    return (const char *)conf + o->at;
}

static enum rf_err wants_word(const struct rf_conf_option *o, const char *shown, struct rf_why *why)
{
    char words[160] = "";
    for (uint32_t i = 0; o->words[i] != NULL; i++) {
        size_t n = strlen(words);
        snprintf(words + n, sizeof words - n, "%s%s",
                 i == 0                    ? ""
                 : o->words[i + 1] != NULL ? ", "
                                           : " or ",
                 o->words[i]);
    }
    return rf_why_set(why, RF_ERR_BAD, "conf-value", "%s = %s: wants %s", o->name, shown, words);
}

static enum rf_err set_value(const struct rf_conf_option *o, void *conf, struct rf_slice v,
                             struct rf_why *why)
{
    char shown[64];
    rf_escape(v, shown, sizeof shown);
    uint64_t n;
    switch (o->type) {
    case RF_CONF_U32:
        if (!rf_parse_u64(v, o->min, o->max, &n))
            return rf_why_set(why, RF_ERR_BAD, "conf-value",
                              "%s = %s: wants a number from %u to %u%s%s%s", o->name, shown, o->min,
                              o->max, o->unit != NULL ? " (" : "", o->unit != NULL ? o->unit : "",
                              o->unit != NULL ? ")" : "");
        *(uint32_t *)member(o, conf) = (uint32_t)n;
        return RF_OK;
    case RF_CONF_BOOL:
        if (!rf_slice_eq_str(v, "yes") && !rf_slice_eq_str(v, "no"))
            return rf_why_set(why, RF_ERR_BAD, "conf-value", "%s = %s: wants yes or no", o->name,
                              shown);
        *(bool *)member(o, conf) = rf_slice_eq_str(v, "yes");
        return RF_OK;
    case RF_CONF_TEXT: {
        char **at = member(o, conf);
        rf_free(*at);
        *at = rf_strf("%.*s", (int)v.len, v.p != NULL ? (const char *)v.p : "");
        return RF_OK;
    }
    case RF_CONF_ENUM:
        for (uint32_t i = 0; o->words[i] != NULL; i++) {
            if (rf_slice_eq_str(v, o->words[i])) {
                *(uint32_t *)member(o, conf) = i;
                return RF_OK;
            }
        }
        return wants_word(o, shown, why);
    }
    return RF_ERR_BAD;
}

void *rf_conf_new(const struct rf_conf_def *def)
{
    void *conf = rf_new_bytes(def->size);
    for (size_t i = 0; i < def->n; i++) {
        struct rf_why why = {0};
        enum rf_err err =
            set_value(&def->options[i], conf, rf_slice_str(def->options[i].fallback), &why);
        rf_bug_on(err != RF_OK); /* a default of ours outside its own limits */
    }
    return conf;
}

void rf_conf_free(const struct rf_conf_def *def, void *conf)
{
    if (conf == NULL)
        return;
    for (size_t i = 0; i < def->n; i++)
        if (def->options[i].type == RF_CONF_TEXT)
            rf_free(*(char **)member(&def->options[i], conf));
    rf_free(conf);
}

#define CONF_OPTIONS_MAX 128

static enum rf_err parse_line(const struct rf_conf_def *def, struct rf_slice line, void *conf,
                              bool *seen, struct rf_why *why)
{
    line = rf_trim(line);
    if (line.len == 0 || line.p[0] == '#')
        return RF_OK;
    size_t eq = rf_slice_find(line, rf_slice_str("="));
    if (eq == SIZE_MAX)
        return rf_why_set(why, RF_ERR_BAD, "conf-line", "wants name = value");
    struct rf_slice name = rf_trim(rf_slice_part(line, 0, eq));
    struct rf_slice value = rf_trim(rf_slice_part(line, eq + 1, line.len));
    for (size_t i = 0; i < def->n; i++) {
        if (!rf_slice_eq_str(name, def->options[i].name))
            continue;
        if (seen[i])
            return rf_why_set(why, RF_ERR_BAD, "conf-twice", "%s stands twice",
                              def->options[i].name);
        seen[i] = true;
        return set_value(&def->options[i], conf, value, why);
    }
    char shown[64];
    return rf_why_set(why, RF_ERR_BAD, "conf-unknown", "there is no option %s: %s",
                      rf_escape(name, shown, sizeof shown), def->listed_by);
}

enum rf_err rf_conf_parse(const struct rf_conf_def *def, struct rf_slice text, void **out,
                          struct rf_why *why)
{
    rf_bug_on(def->n > CONF_OPTIONS_MAX);
    bool seen[CONF_OPTIONS_MAX] = {false};
    void *conf = rf_conf_new(def);
    struct rf_slice rest = text;
    struct rf_slice line;
    unsigned number = 0;
    while (rf_next_piece(&rest, '\n', &line)) {
        number++;
        struct rf_why inner = {0};
        enum rf_err err = parse_line(def, line, conf, seen, &inner);
        if (err != RF_OK) {
            rf_conf_free(def, conf);
            return rf_why_set(why, err, inner.code, "line %u: %s", number, inner.text);
        }
    }
    *out = conf;
    return RF_OK;
}

const char *rf_conf_text(const struct rf_conf_option *o, const void *conf, char buf[RF_CONF_NUMBER])
{
    const void *at = member_of(o, conf);
    switch (o->type) {
    case RF_CONF_U32:
        snprintf(buf, RF_CONF_NUMBER, "%u", *(const uint32_t *)at);
        break;
    case RF_CONF_BOOL:
        snprintf(buf, RF_CONF_NUMBER, "%s", *(const bool *)at ? "yes" : "no");
        break;
    case RF_CONF_TEXT:
        return *(char *const *)at;
    case RF_CONF_ENUM:
        return o->words[*(const uint32_t *)at];
    }
    return buf;
}

enum rf_err rf_conf_write(const struct rf_conf_def *def, const void *conf, struct rf_buf *out)
{
    for (size_t i = 0; i < def->n; i++) {
        const struct rf_conf_option *o = &def->options[i];
        char value[RF_CONF_NUMBER];
        enum rf_err err =
            rf_buf_addf(out, "# %s%s%s%s\n%s = %s\n\n", o->help, o->unit != NULL ? " (" : "",
                        o->unit != NULL ? o->unit : "", o->unit != NULL ? ")" : "", o->name,
                        rf_conf_text(o, conf, value));
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

bool rf_conf_same(const struct rf_conf_option *o, const void *a, const void *b)
{
    char ta[RF_CONF_NUMBER];
    char tb[RF_CONF_NUMBER];
    return strcmp(rf_conf_text(o, a, ta), rf_conf_text(o, b, tb)) == 0;
}
