/* SPDX-License-Identifier: Apache-2.0 */
/* doc: docs/wire/loads.md */
#include "wire/loads/loads.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HARDWARE_COMP "#HARDWARE_COMP_1"

/* The next word of a line, blanks in front dropped; the empty slice at the end. */
static struct rf_slice next_word(struct rf_slice *line)
{
    struct rf_slice word = {0};
    *line = rf_trim(*line);
    size_t n = 0;
    struct rf_rd rd = rf_rd_of(*line);
    uint8_t c;
    while (rf_rd_u8(&rd, &c) && c != ' ' && c != '\t')
        n++;
    word = rf_slice_part(*line, 0, n);
    *line = rf_trim(rf_slice_part(*line, n, SIZE_MAX));
    return word;
}

static bool is_name_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-' || c == '+' || c == '(' || c == ')';
}

/* A bare file name: it becomes part of a request and of a path on our disk. */
static enum rf_err check_name(struct rf_slice name, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(name);
    uint8_t c;
    if (name.len > RF_LOADS_NAME_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "entry-name-long", "file name of %zu bytes", name.len);
    if (!rf_rd_peek_u8(&rd, &c) || c == '.')
        return rf_why_set(why, RF_ERR_BAD, "entry-name", "file name is empty or begins with a dot");
    while (rf_rd_u8(&rd, &c))
        if (!is_name_byte(c))
            return rf_why_set(why, RF_ERR_BAD, "entry-name", "byte 0x%02x in a file name", c);
    return RF_OK;
}

static enum rf_err check_digest(struct rf_slice md5, struct rf_why *why)
{
    uint8_t bytes[RF_LOADS_MD5_LEN / 2];
    size_t n;
    if (md5.len != RF_LOADS_MD5_LEN || rf_unhex(md5, bytes, sizeof bytes, &n) != RF_OK)
        return rf_why_set(why, RF_ERR_BAD, "entry-md5", "a digest is 32 hexadecimal digits");
    return RF_OK;
}

static enum rf_err add_entry(struct rf_loads *out, struct rf_slice name, struct rf_why *why,
                             struct rf_loads_entry **entry)
{
    enum rf_err err = check_name(name, why);
    if (err != RF_OK)
        return err;
    for (size_t i = 0; i < out->entry_n; i++)
        if (rf_slice_eq(out->entry[i].name, name))
            return rf_why_set(why, RF_ERR_BAD, "entry-twice", "a file is named twice");
    if (out->entry_n == RF_LOADS_ENTRIES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "entry-count", "more than %d files",
                          RF_LOADS_ENTRIES_MAX);
    *entry = &out->entry[out->entry_n++];
    **entry = (struct rf_loads_entry){.name = name};
    return RF_OK;
}

/* filename [ size md5 ]; both are demanded of an optional image. */
static enum rf_err decode_entry(struct rf_slice line, bool is_optional, struct rf_loads *out,
                                struct rf_why *why)
{
    struct rf_slice name = next_word(&line);
    struct rf_slice size = next_word(&line);
    struct rf_slice md5 = next_word(&line);
    struct rf_loads_entry *e = NULL;
    enum rf_err err = add_entry(out, name, why, &e);
    if (err != RF_OK)
        return err;
    e->is_optional = is_optional;
    if (size.len == 0 && !is_optional)
        return RF_OK;
    if (md5.len == 0 || line.len > 0)
        return rf_why_set(why, RF_ERR_BAD, "entry-fields", "name, size and digest are wanted");
    uint64_t n;
    if (!rf_parse_u64(size, 0, UINT32_MAX, &n))
        return rf_why_set(why, RF_ERR_BAD, "entry-size", "the size is not a number");
    e->size_bytes = (uint32_t)n;
    e->md5 = md5;
    e->has_digest = true;
    return check_digest(md5, why);
}

static enum rf_err decode_condition(struct rf_slice line, struct rf_loads *out, struct rf_why *why)
{
    struct rf_slice name = next_word(&line);
    if (name.len == 0 || line.len == 0)
        return rf_why_set(why, RF_ERR_BAD, "condition", "a condition wants a name and a value");
    if (out->condition_n == RF_LOADS_CONDITIONS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "condition-count", "more than %d conditions",
                          RF_LOADS_CONDITIONS_MAX);
    out->condition[out->condition_n++] = (struct rf_loads_pair){.name = name, .value = line};
    return RF_OK;
}

static enum rf_err decode_comment(struct rf_slice line, struct rf_loads *out, struct rf_why *why)
{
    struct rf_slice rest = line;
    if (!rf_slice_eq_str(next_word(&rest), HARDWARE_COMP)) {
        out->comment_n++;
        return RF_OK;
    }
    uint64_t n;
    if (out->has_hardware_comp || !rf_parse_u64(rest, 0, UINT32_MAX, &n))
        return rf_why_set(why, RF_ERR_BAD, "hardware-comp", "%s wants one number, once",
                          HARDWARE_COMP);
    out->has_hardware_comp = true;
    out->hardware_comp = (uint32_t)n;
    return RF_OK;
}

/* NAME=text: NAME of letters, digits and underscores, so that it is never a file name. */
static bool split_variable(struct rf_slice line, struct rf_loads_pair *pair)
{
    size_t at = rf_slice_find(line, rf_slice_str("="));
    if (at == SIZE_MAX || at == 0)
        return false;
    pair->name = rf_slice_part(line, 0, at);
    pair->value = rf_slice_part(line, at + 1, SIZE_MAX);
    struct rf_rd rd = rf_rd_of(pair->name);
    uint8_t c;
    while (rf_rd_u8(&rd, &c))
        if (!is_name_byte(c) || c == '.' || c == '-' || c == '+' || c == '(' || c == ')')
            return false;
    return true;
}

static enum rf_err add_variable(struct rf_loads *out, struct rf_loads_pair pair, struct rf_why *why)
{
    if (out->variable_n == RF_LOADS_VARIABLES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "variable-count", "more than %d variables",
                          RF_LOADS_VARIABLES_MAX);
    out->variable[out->variable_n++] = pair;
    return RF_OK;
}

static enum rf_err check_line(struct rf_slice line, struct rf_why *why)
{
    if (line.len > RF_LOADS_LINE_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "line-long", "a line of %zu bytes", line.len);
    struct rf_rd rd = rf_rd_of(line);
    uint8_t c;
    while (rf_rd_u8(&rd, &c))
        if ((c < 0x20 && c != '\t') || c >= 0x7f)
            return rf_why_set(why, RF_ERR_BAD, "control-byte", "byte 0x%02x in a line", c);
    return RF_OK;
}

static enum rf_err decode_line(struct rf_slice line, struct rf_loads *out, struct rf_why *why)
{
    enum rf_err err = check_line(line, why);
    struct rf_loads_pair pair;
    if (err != RF_OK || line.len == 0)
        return err;
    if (rf_slice_starts_with(line, "#?"))
        return decode_condition(rf_slice_part(line, 2, SIZE_MAX), out, why);
    if (rf_slice_starts_with(line, "#+"))
        return decode_entry(rf_slice_part(line, 2, SIZE_MAX), true, out, why);
    if (rf_slice_starts_with(line, "#"))
        return decode_comment(line, out, why);
    if (split_variable(line, &pair))
        return add_variable(out, pair, why);
    return decode_entry(line, false, out, why);
}

enum rf_err rf_loads_decode(struct rf_slice in, struct rf_loads *out, struct rf_why *why)
{
    memset(out, 0, sizeof *out);
    if (in.len > RF_LOADS_BYTES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "loads-size", "a load list of %zu bytes", in.len);
    enum rf_err err = RF_OK;
    struct rf_slice line;
    while (err == RF_OK && rf_next_piece(&in, '\n', &line))
        err = decode_line(rf_trim(line), out, why);
    if (err != RF_OK)
        memset(out, 0, sizeof *out);
    return err;
}

/* --- writing --- */

static void put_str(struct rf_wr *wr, const char *s)
{
    rf_wr_slice(wr, rf_slice_str(s));
}

static void put_number(struct rf_wr *wr, uint32_t n)
{
    char text[16];
    snprintf(text, sizeof text, " %" PRIu32, n);
    put_str(wr, text);
}

static void put_entry(struct rf_wr *wr, const struct rf_loads_entry *e)
{
    put_str(wr, e->is_optional ? "#+ " : "");
    rf_wr_slice(wr, e->name);
    if (e->has_digest) {
        put_number(wr, e->size_bytes);
        put_str(wr, " ");
        rf_wr_slice(wr, e->md5);
    }
    put_str(wr, "\r\n");
}

static void put_pair(struct rf_wr *wr, const char *before, const struct rf_loads_pair *p,
                     const char *between)
{
    put_str(wr, before);
    rf_wr_slice(wr, p->name);
    put_str(wr, between);
    rf_wr_slice(wr, p->value);
    put_str(wr, "\r\n");
}

static bool same(const struct rf_loads *a, const struct rf_loads *b)
{
    bool ok = a->entry_n == b->entry_n && a->condition_n == b->condition_n &&
              a->variable_n == b->variable_n;
    for (size_t i = 0; ok && i < a->entry_n; i++)
        ok = rf_slice_eq(a->entry[i].name, b->entry[i].name) &&
             a->entry[i].is_optional == b->entry[i].is_optional &&
             a->entry[i].has_digest == b->entry[i].has_digest;
    for (size_t i = 0; ok && i < a->condition_n; i++)
        ok = rf_slice_eq(a->condition[i].name, b->condition[i].name) &&
             rf_slice_eq(a->condition[i].value, b->condition[i].value);
    for (size_t i = 0; ok && i < a->variable_n; i++)
        ok = rf_slice_eq(a->variable[i].name, b->variable[i].name) &&
             rf_slice_eq(a->variable[i].value, b->variable[i].value);
    return ok;
}

enum rf_err rf_loads_encode(const struct rf_loads *loads, uint8_t *buf, size_t cap,
                            struct rf_slice *out, struct rf_why *why)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    *out = (struct rf_slice){0};
    if (loads->entry_n > RF_LOADS_ENTRIES_MAX || loads->condition_n > RF_LOADS_CONDITIONS_MAX ||
        loads->variable_n > RF_LOADS_VARIABLES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "entry-count", "more than the list holds");
    if (loads->has_hardware_comp) {
        put_str(&wr, HARDWARE_COMP);
        put_number(&wr, loads->hardware_comp);
        put_str(&wr, "\r\n");
    }
    for (size_t i = 0; i < loads->condition_n; i++)
        put_pair(&wr, "#? ", &loads->condition[i], " ");
    for (size_t i = 0; i < loads->entry_n; i++)
        put_entry(&wr, &loads->entry[i]);
    for (size_t i = 0; i < loads->variable_n; i++)
        put_pair(&wr, "", &loads->variable[i], "=");
    struct rf_slice written;
    if (rf_wr_done(&wr, &written) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "buffer-full", "the list does not fit %zu bytes", cap);
    /* What was written must read back as what was asked for: a name with a line end would not. */
    struct rf_loads again;
    enum rf_err err = rf_loads_decode(written, &again, why);
    if (err != RF_OK)
        return err;
    if (!same(loads, &again))
        return rf_why_set(why, RF_ERR_BAD, "entry-name", "a name or value cannot be written");
    *out = written;
    return RF_OK;
}
