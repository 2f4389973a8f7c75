/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/phonexml/phonexml_schema.h"

#include "base/text.h"
#include "wire/phonexml/phonexml_int.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- paths ---- */

struct component {
    struct rf_slice name;
    uint32_t index; /* 0: none given; in the table: the most there may be */
};

struct components {
    size_t n;
    struct component at[RF_PHONEXML_PATH_DEPTH];
};

static bool is_name(struct rf_slice name, bool may_be_attr)
{
    struct rf_rd rd = rf_rd_of(name);
    uint8_t c;
    if (may_be_attr && rf_rd_peek_u8(&rd, &c) && c == '@')
        rf_bug_on(!rf_rd_u8(&rd, &c));
    if (!rf_rd_u8(&rd, &c) || !isalpha(c))
        return false;
    while (rf_rd_u8(&rd, &c))
        if (!isalnum(c) && c != '_' && c != '-' && c != '.')
            return false;
    return true;
}

/* "name" or "name[2]". */
static bool read_component(struct rf_slice piece, struct component *out)
{
    uint64_t index = 0;
    size_t at = rf_slice_find(piece, rf_slice_str("["));
    *out = (struct component){.name = piece};
    if (at == SIZE_MAX)
        return true;
    struct rf_slice rest = rf_slice_part(piece, at + 1, SIZE_MAX);
    if (!rf_slice_ends_with(rest, "]") ||
        !rf_parse_u64(rf_slice_part(rest, 0, rest.len - 1), 1, RF_PHONEXML_INDEX_MAX, &index))
        return false;
    *out = (struct component){.name = rf_slice_part(piece, 0, at), .index = (uint32_t)index};
    return true;
}

static bool read_path(const char *path, struct components *out)
{
    struct rf_slice rest = rf_slice_str(path);
    struct rf_slice piece;
    out->n = 0;
    while (rf_next_piece(&rest, '/', &piece)) {
        if (out->n == RF_PHONEXML_PATH_DEPTH || !read_component(piece, &out->at[out->n]))
            return false;
        struct component *c = &out->at[out->n++];
        bool is_last = rest.p == NULL;
        if (!is_name(c->name, is_last) || (rf_slice_starts_with(c->name, "@") && c->index != 0))
            return false;
    }
    return out->n > 0;
}

static bool same_name(struct rf_slice a, struct rf_slice b)
{
    return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

static bool same_names(const struct components *a, const struct components *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++)
        same = same_name(a->at[i].name, b->at[i].name);
    return same;
}

/* Could this row be it? Cheap: only one in hundreds is taken apart. */
static bool may_be(const struct components *given, const char *path)
{
    struct rf_slice first = given->at[0].name;
    struct rf_slice last = given->at[given->n - 1].name;
    if (*path != (char)*first.p)
        return false;
    struct rf_slice row = rf_slice_str(path);
    return row.len >= first.len && row.len >= last.len &&
           same_name(rf_slice_part(row, 0, first.len), first) &&
           same_name(rf_slice_part(row, row.len - last.len, last.len), last);
}

static const struct rf_phonexml_element *find(const struct components *given,
                                              struct components *row)
{
    for (size_t i = 0; i < rf_phonexml_elements_n; i++) {
        if (!may_be(given, rf_phonexml_elements[i].path))
            continue;
        rf_bug_on(!read_path(rf_phonexml_elements[i].path, row));
        if (same_names(given, row))
            return &rf_phonexml_elements[i];
    }
    return NULL;
}

/* The first of what repeats is written "[1]", so that one place has one path. */
static enum rf_err number_as_table(struct components *given, const struct components *row,
                                   struct rf_why *why)
{
    for (size_t i = 0; i < given->n; i++) {
        uint32_t most = row->at[i].index == 0 ? 1 : row->at[i].index;
        if (given->at[i].index > most)
            return rf_why_set(why, RF_ERR_BAD, "path-index",
                              "%.*s[%" PRIu32 "]: phones take at most %" PRIu32,
                              (int)given->at[i].name.len, (const char *)given->at[i].name.p,
                              given->at[i].index, most);
        if (row->at[i].index == 0)
            given->at[i].index = 0;
        else if (given->at[i].index == 0)
            given->at[i].index = 1;
    }
    return RF_OK;
}

/* It fits: the caller looked. */
static void spell(const struct components *c, char path[RF_PHONEXML_PATH_SIZE])
{
    struct rf_wr wr = rf_wr_of(path, RF_PHONEXML_PATH_SIZE);
    struct rf_slice whole;
    for (size_t i = 0; i < c->n; i++) {
        char index[16];
        if (i > 0)
            rf_wr_u8(&wr, '/');
        rf_wr_slice(&wr, c->at[i].name);
        if (c->at[i].index == 0)
            continue;
        snprintf(index, sizeof index, "[%" PRIu32 "]", c->at[i].index);
        rf_wr_slice(&wr, rf_slice_str(index));
    }
    rf_wr_u8(&wr, '\0');
    rf_bug_on(rf_wr_done(&wr, &whole) != RF_OK);
}

/* Does the path of this row end in that name, whatever its case? Not taken apart: a file of unknown
 * names has each of them asked of each row. */
static bool ends_in(const char *path, struct rf_slice name)
{
    const char *slash = strrchr(path, '/');
    const char *last = slash != NULL ? slash + 1 : path;
    return strncasecmp(last, (const char *)name.p, name.len) == 0 &&
           (last[name.len] == '\0' || last[name.len] == '[');
}

/* Another element with the same last name: most unknown paths are that. */
static const char *like(const struct components *given)
{
    struct rf_slice last = given->at[given->n - 1].name;
    for (size_t i = 0; i < rf_phonexml_elements_n; i++)
        if (ends_in(rf_phonexml_elements[i].path, last))
            return rf_phonexml_elements[i].path;
    return NULL;
}

enum rf_err rf_phonexml_path(const char *given, char path[RF_PHONEXML_PATH_SIZE],
                             const struct rf_phonexml_element **element, struct rf_why *why)
{
    struct components c;
    struct components row;
    char shown[RF_PHONEXML_PATH_SIZE];
    path[0] = '\0';
    *element = NULL;
    /* "[1]" may come to it. */
    if (strlen(given) + 3 * (size_t)RF_PHONEXML_PATH_DEPTH >= RF_PHONEXML_PATH_SIZE ||
        !read_path(given, &c))
        return rf_why_set(why, RF_ERR_BAD, "path-syntax",
                          "\"%s\" is no path: wants names below <device> with / between, e.g. "
                          "vendorConfig/webAccess",
                          rf_escape(rf_slice_str(given), shown, sizeof shown));
    const struct rf_phonexml_element *e = find(&c, &row);
    if (e != NULL) {
        enum rf_err err = number_as_table(&c, &row, why);
        if (err != RF_OK)
            return err;
    }
    spell(&c, path);
    *element = e;
    if (e != NULL)
        return RF_OK;
    const char *near = like(&c);
    return rf_why_set(why, RF_ERR_NOT_FOUND, "path-unknown",
                      "no element %s is known%s%s: see `ringfence config elements`; --force sets "
                      "it all the same",
                      path, near != NULL ? "; there is " : "", near != NULL ? near : "");
}

/* ---- values ---- */

const char *rf_phonexml_type_name(enum rf_phonexml_type type)
{
    static const char *const names[] = {
        [RF_PHONEXML_TYPE_TEXT] = "text",     [RF_PHONEXML_TYPE_BOOL] = "true or false",
        [RF_PHONEXML_TYPE_NUMBER] = "number", [RF_PHONEXML_TYPE_WORDS] = "word",
        [RF_PHONEXML_TYPE_ONE_OF] = "one of", [RF_PHONEXML_TYPE_HOST] = "host",
        [RF_PHONEXML_TYPE_URL] = "URL",       [RF_PHONEXML_TYPE_FILE] = "file",
        [RF_PHONEXML_TYPE_TIME] = "H:MM",     [RF_PHONEXML_TYPE_BASE64] = "base64"};
    return names[type];
}

/* One of "0 enabled,1 disabled": its number and its word. */
static bool next_word(struct rf_slice *rest, struct rf_slice *number, struct rf_slice *word)
{
    struct rf_slice pair;
    if (!rf_next_piece(rest, ',', &pair))
        return false;
    return rf_next_piece(&pair, ' ', number) && rf_next_piece(&pair, ' ', word);
}

struct rf_slice rf_phonexml_word(const struct rf_phonexml_element *element, struct rf_slice value)
{
    struct rf_slice number;
    struct rf_slice word;
    struct rf_slice rest = element != NULL && element->type == RF_PHONEXML_TYPE_WORDS
                               ? rf_slice_str(element->words)
                               : (struct rf_slice){0};
    while (next_word(&rest, &number, &word))
        if (rf_slice_eq(number, value))
            return word;
    return (struct rf_slice){0};
}

static enum rf_err bad(struct rf_why *why, const struct rf_phonexml_element *e, const char *code,
                       const char *wants)
{
    return rf_why_set(why, RF_ERR_BAD, code, "%s: wants %s", e->path, wants);
}

static enum rf_err take_words(const struct rf_phonexml_element *e, struct rf_slice given,
                              struct rf_buf *out, struct rf_why *why)
{
    struct rf_slice number;
    struct rf_slice word;
    struct rf_slice rest = rf_slice_str(e->words);
    while (next_word(&rest, &number, &word))
        if (rf_slice_eq(number, given) || rf_slice_eq(word, given))
            return rf_buf_add_slice(out, number);
    return bad(why, e, "value-word", e->words);
}

static enum rf_err check_one_of(const struct rf_phonexml_element *e, struct rf_slice given,
                                struct rf_why *why)
{
    struct rf_slice rest = rf_slice_str(e->words);
    struct rf_slice text;
    while (rf_next_piece(&rest, ',', &text))
        if (rf_slice_eq(text, given))
            return RF_OK;
    return bad(why, e, "value-word", e->words);
}

static bool all_of(struct rf_slice text, const char *also)
{
    struct rf_rd rd = rf_rd_of(text);
    uint8_t c;
    while (rf_rd_u8(&rd, &c))
        if (!isalnum(c) && (c == '\0' || strchr(also, c) == NULL))
            return false;
    return true;
}

static bool is_time(struct rf_slice text)
{
    struct rf_slice hours;
    uint64_t n;
    return rf_next_piece(&text, ':', &hours) && hours.len <= 2 && text.len == 2 &&
           rf_parse_u64(hours, 0, 24, &n) && rf_parse_u64(text, 0, 59, &n);
}

static bool is_file(struct rf_slice text)
{
    return all_of(text, "._-+/()") && !rf_slice_starts_with(text, "/") &&
           rf_slice_find(text, rf_slice_str("..")) == SIZE_MAX;
}

static enum rf_err check_kind(const struct rf_phonexml_element *e, struct rf_slice given,
                              struct rf_why *why)
{
    uint64_t n;
    char range[64];
    switch (e->type) {
    case RF_PHONEXML_TYPE_BOOL:
        if (rf_slice_eq_str(given, "true") || rf_slice_eq_str(given, "false"))
            return RF_OK;
        return bad(why, e, "value-bool", "true or false");
    case RF_PHONEXML_TYPE_NUMBER:
        snprintf(range, sizeof range, "a number from %" PRIu32 " to %" PRIu32, e->min, e->max);
        return rf_parse_u64(given, e->min, e->max, &n) ? RF_OK : bad(why, e, "value-number", range);
    case RF_PHONEXML_TYPE_ONE_OF:
        return check_one_of(e, given, why);
    case RF_PHONEXML_TYPE_HOST:
        return all_of(given, ".-_:") ? RF_OK : bad(why, e, "value-host", "a host name or address");
    case RF_PHONEXML_TYPE_FILE:
        return is_file(given) ? RF_OK : bad(why, e, "value-file", "the name of a file");
    case RF_PHONEXML_TYPE_URL:
        return rf_slice_find(given, rf_slice_str(" ")) == SIZE_MAX
                   ? RF_OK
                   : bad(why, e, "value-url", "a URL without blanks");
    case RF_PHONEXML_TYPE_TIME:
        return is_time(given) ? RF_OK : bad(why, e, "value-time", "hours and minutes, H:MM");
    case RF_PHONEXML_TYPE_BASE64:
        return rf_phonexml_check_base64(e->path, given, why);
    case RF_PHONEXML_TYPE_TEXT:
    case RF_PHONEXML_TYPE_WORDS:
        break;
    }
    return RF_OK;
}

enum rf_err rf_phonexml_value(const struct rf_phonexml_element *element, struct rf_slice given,
                              struct rf_buf *out, struct rf_why *why)
{
    static const struct rf_phonexml_element unknown = {
        .path = "an element nobody knows", .type = RF_PHONEXML_TYPE_TEXT, .max = UINT32_MAX};
    const struct rf_phonexml_element *e = element != NULL ? element : &unknown;
    size_t chars = rf_phonexml_chars(given);
    if (given.len == 0)
        return RF_OK;
    if (chars == SIZE_MAX)
        return rf_why_set(why, RF_ERR_BAD, "value-control", "%s is not UTF-8", e->path);
    enum rf_err err = rf_phonexml_check_bytes(e->path, given, why);
    if (err != RF_OK)
        return err;
    if (e->type == RF_PHONEXML_TYPE_WORDS)
        return take_words(e, given, out, why);
    if (given.len > RF_PHONEXML_VALUE_MAX || (e->max < chars && e->type != RF_PHONEXML_TYPE_NUMBER))
        return rf_why_set(why, RF_ERR_LIMIT, "value-long",
                          "%s: %zu characters, phones take at most %" PRIu32, e->path, chars,
                          e->max < RF_PHONEXML_VALUE_MAX ? e->max : RF_PHONEXML_VALUE_MAX);
    err = check_kind(e, given, why);
    return err == RF_OK ? rf_buf_add_slice(out, given) : err;
}
