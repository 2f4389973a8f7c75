/* SPDX-License-Identifier: Apache-2.0 */
/* JSON shown to people, so that both forms of an answer say the same. */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/cmd.h"
#include "base/text.h"

#define LABEL_WIDTH 20
#define TEXT_MAX    1024
#define COLUMNS_MAX 12

struct walk {
    int indent;
    const struct rf_json *obj; /* whose members are shown */
};

/* Members that end with _s and hold a number of seconds. */
static bool is_duration(const char *key)
{
    static const char *const durations[] = {"ttl_s", "wait_s"};
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++)
        if (strcmp(key, durations[i]) == 0)
            return true;
    return false;
}

/* Is it a time? The others that end so hold seconds since 1970. */
static bool is_time(const char *key, const struct rf_json *obj, int64_t *at)
{
    return key != NULL && rf_slice_ends_with(rf_slice_str(key), "_s") && !is_duration(key) &&
           rf_json_int(obj, key, at);
}

/* How many bytes here are what a terminal may obey: C0 and DEL, or in UTF-8 C1 (C2 80 to C2 9F). */
static size_t control_len(const char *c)
{
    if ((unsigned char)c[0] == 0xc2 && (unsigned char)c[1] >= 0x80 && (unsigned char)c[1] < 0xa0)
        return 2;
    return (unsigned char)*c < ' ' || *c == 0x7f ? 1 : 0;
}

/* A scalar for people: texts safe for a terminal, yes and no, "-" for what is not there. */
static const char *scalar(const struct rf_json *value, char *buf, size_t cap)
{
    char raw[TEXT_MAX];
    const char *text = value != NULL ? rf_json_text(value, raw, sizeof raw) : "null";
    if (text == NULL)
        return NULL;
    if (strcmp(text, "true") == 0)
        text = "yes";
    else if (strcmp(text, "false") == 0)
        text = "no";
    else if (strcmp(text, "null") == 0 || text[0] == '\0')
        text = "-";
    size_t n = 0;
    for (const char *c = text; *c != '\0' && n + 1 < cap;) {
        size_t control = control_len(c);
        buf[n++] = control > 0 ? '?' : *c;
        c += control > 0 ? control : 1;
    }
    buf[n] = '\0';
    return buf;
}

static void label_of(const char *key, char *buf, size_t cap)
{
    snprintf(buf, cap, "%s", key);
    size_t n = strlen(buf);
    if (is_duration(key))
        snprintf(buf + n - 2, cap - (n - 2), " (s)");
    else if (rf_slice_ends_with(rf_slice_str(buf), "_s"))
        buf[n - 2] = '\0';
    for (char *c = buf; *c != '\0'; c++)
        if (*c == '_')
            *c = ' ';
}

static void show_member(void *arg, const char *key, const struct rf_json *value);

static void show_list(int indent, const struct rf_json *list)
{
    for (size_t i = 0; i < rf_json_len(list); i++) {
        struct walk inner = {indent + 2, rf_json_at(list, i)};
        char buf[TEXT_MAX];
        const char *text = scalar(inner.obj, buf, sizeof buf);
        if (text != NULL) {
            printf("%*s- %s\n", indent, "", text);
            continue;
        }
        printf("%*s%zu.\n", indent, "", i + 1);
        rf_json_each(inner.obj, show_member, &inner);
    }
}

static void show_member(void *arg, const char *key, const struct rf_json *value)
{
    const struct walk *walk = arg;
    struct walk inner = {walk->indent + 2, value};
    char label[64], buf[TEXT_MAX];
    int64_t at = 0;
    label_of(key, label, sizeof label);
    const char *text = scalar(value, buf, sizeof buf);
    if (text != NULL && is_time(key, walk->obj, &at))
        text = at == 0 ? "-" : rf_time_text(at, buf, sizeof buf);
    if (text == NULL && rf_json_len(value) == 0)
        text = "-";
    if (text != NULL)
        printf("%*s%-*s %s\n", walk->indent, "", LABEL_WIDTH - walk->indent, label, text);
    else
        printf("%*s%s:\n", walk->indent, "", label);
    if (text == NULL && rf_json_is_arr(value))
        show_list(inner.indent, value);
    else if (text == NULL)
        rf_json_each(value, show_member, &inner);
}

int cmd_show(const struct cmd_ctx *ctx, struct rf_json *take_json)
{
    if (ctx->is_json)
        return cmd_print_json(take_json);
    struct walk walk = {0, take_json};
    rf_json_each(take_json, show_member, &walk);
    rf_json_free(take_json);
    return CMD_OK;
}

/* Scalars with commas between them; what is more than that, or too long, ends with dots. */
static const char *joined(const struct rf_json *list, char *buf, size_t cap)
{
    size_t n = 0;
    snprintf(buf, cap, "-");
    for (size_t i = 0; i < rf_json_len(list); i++) {
        char one[TEXT_MAX];
        const char *text = scalar(rf_json_at(list, i), one, sizeof one);
        bool fits = text != NULL && n + strlen(text) + sizeof ", ..." < cap;
        n += (size_t)snprintf(buf + n, cap - n, "%s%s", i > 0 ? ", " : "", fits ? text : "...");
        if (!fits)
            break;
    }
    return buf;
}

static const char *cell(const struct rf_json *row, const char *key, char *buf, size_t cap)
{
    int64_t at = 0;
    if (is_time(key, row, &at))
        return at == 0 ? "-" : rf_time_text(at, buf, cap);
    const struct rf_json *value = rf_json_get(row, key);
    if (value != NULL && rf_json_is_arr(value))
        return joined(value, buf, cap);
    const char *text = scalar(value, buf, cap);
    return text != NULL ? text : "...";
}

int cmd_show_rows(const struct cmd_ctx *ctx, struct rf_json *take_json, const char *rows,
                  const struct cmd_column *columns, size_t n, const char *empty)
{
    if (ctx->is_json)
        return cmd_print_json(take_json);
    const struct rf_json *arr = rf_json_get(take_json, rows);
    size_t width[COLUMNS_MAX] = {0};
    char buf[TEXT_MAX];
    rf_bug_on(n > COLUMNS_MAX);
    for (size_t c = 0; c < n; c++) {
        width[c] = strlen(columns[c].title);
        for (size_t i = 0; i < rf_json_len(arr); i++) {
            size_t len = strlen(cell(rf_json_at(arr, i), columns[c].key, buf, sizeof buf));
            width[c] = len > width[c] ? len : width[c];
        }
    }
    if (rf_json_len(arr) == 0)
        puts(empty);
    else
        for (size_t c = 0; c < n; c++)
            printf("%-*s%s", c + 1 < n ? (int)width[c] : 0, columns[c].title,
                   c + 1 < n ? "  " : "\n");
    for (size_t i = 0; i < rf_json_len(arr); i++)
        for (size_t c = 0; c < n; c++)
            printf("%-*s%s", c + 1 < n ? (int)width[c] : 0,
                   cell(rf_json_at(arr, i), columns[c].key, buf, sizeof buf),
                   c + 1 < n ? "  " : "\n");
    rf_json_free(take_json);
    return CMD_OK;
}
