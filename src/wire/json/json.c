/* SPDX-License-Identifier: Apache-2.0 */
/* struct rf_json is jansson's json_t under another name: it is never defined, only converted. */
#include "wire/json/json.h"

#include "base/secret.h"
#include "base/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static json_t *native(const struct rf_json *j)
{
    return (json_t *)(uintptr_t)j;
}

static struct rf_json *ours(json_t *j)
{
    return (struct rf_json *)j;
}

/* A value of ours could not be made: memory is out, or a promise was broken. */
static json_t *must(json_t *j)
{
    rf_bug_on(j == NULL);
    return j;
}

struct rf_json *rf_json_obj(void)
{
    return ours(must(json_object()));
}

struct rf_json *rf_json_arr(void)
{
    return ours(must(json_array()));
}

void rf_json_free(struct rf_json *j)
{
    json_decref(native(j));
}

void rf_json_freep(struct rf_json **j)
{
    rf_json_free(*j);
    *j = NULL;
}

/* As deep as documents may be. */
void rf_json_wipe(struct rf_json *j)
{
    json_t *at = native(j);
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_string(at))
        rf_wipe((void *)(uintptr_t)json_string_value(at), json_string_length(at));
    else if (json_is_object(at))
        json_object_foreach(at, key, value) rf_json_wipe(ours(value));
    else
        json_array_foreach(at, i, value) rf_json_wipe(ours(value));
}

/* --- building --- */

/* Text that is not UTF-8 (or holds a NUL) is shown with escapes instead. */
static json_t *text_value(struct rf_slice text)
{
    const char *p = text.p != NULL ? (const char *)text.p : "";
    json_t *j = memchr(p, 0, text.len) == NULL ? json_stringn(p, text.len) : NULL;
    if (j != NULL)
        return j;
    size_t cap = 4 * text.len + 1;
    char *escaped = rf_try_alloc(cap, 4 * (size_t)RF_JSON_BYTES_MAX);
    rf_bug_on(escaped == NULL);
    j = json_string(rf_escape(text, escaped, cap));
    rf_free(escaped);
    return must(j);
}

static void set(struct rf_json *obj, const char *key, json_t *take)
{
    rf_bug_on(json_object_set_new(native(obj), key, take) != 0);
}

static void add(struct rf_json *arr, json_t *take)
{
    rf_bug_on(json_array_append_new(native(arr), take) != 0);
}

void rf_json_set_slice(struct rf_json *obj, const char *key, struct rf_slice text)
{
    set(obj, key, text_value(text));
}

void rf_json_set_str(struct rf_json *obj, const char *key, const char *text)
{
    if (text == NULL)
        rf_json_set_null(obj, key);
    else
        rf_json_set_slice(obj, key, rf_slice_str(text));
}

void rf_json_set_hex(struct rf_json *obj, const char *key, struct rf_slice bytes)
{
    size_t cap = 2 * bytes.len + 1;
    char *hex = rf_try_alloc(cap, 2 * (size_t)RF_JSON_BYTES_MAX + 1);
    rf_bug_on(hex == NULL);
    set(obj, key, must(json_string(rf_hex(bytes, hex, cap))));
    rf_free(hex);
}

void rf_json_set_int(struct rf_json *obj, const char *key, int64_t value)
{
    set(obj, key, must(json_integer(value)));
}

void rf_json_set_bool(struct rf_json *obj, const char *key, bool value)
{
    set(obj, key, json_boolean(value));
}

void rf_json_unset(struct rf_json *obj, const char *key)
{
    (void)json_object_del(native(obj), key); /* fails when it is not there */
}

struct rf_json *rf_json_dup(const struct rf_json *j)
{
    return ours(must(json_deep_copy(native(j))));
}

void rf_json_set_null(struct rf_json *obj, const char *key)
{
    set(obj, key, json_null());
}

void rf_json_set_take(struct rf_json *obj, const char *key, struct rf_json *take_child)
{
    set(obj, key, native(take_child));
}

void rf_json_arr_add_slice(struct rf_json *arr, struct rf_slice text)
{
    add(arr, text_value(text));
}

void rf_json_arr_add_str(struct rf_json *arr, const char *text)
{
    add(arr, text != NULL ? text_value(rf_slice_str(text)) : json_null());
}

void rf_json_arr_add_int(struct rf_json *arr, int64_t value)
{
    add(arr, must(json_integer(value)));
}

void rf_json_arr_add_take(struct rf_json *arr, struct rf_json *take_child)
{
    add(arr, native(take_child));
}

/* --- reading --- */

bool rf_json_is_obj(const struct rf_json *j)
{
    return json_is_object(native(j));
}

bool rf_json_is_arr(const struct rf_json *j)
{
    return json_is_array(native(j));
}

const struct rf_json *rf_json_get(const struct rf_json *obj, const char *key)
{
    return ours(json_object_get(native(obj), key));
}

const char *rf_json_str(const struct rf_json *obj, const char *key)
{
    return json_string_value(json_object_get(native(obj), key));
}

bool rf_json_int(const struct rf_json *obj, const char *key, int64_t *out)
{
    const json_t *v = json_object_get(native(obj), key);
    *out = json_integer_value(v);
    return json_is_integer(v);
}

bool rf_json_bool(const struct rf_json *obj, const char *key, bool *out)
{
    const json_t *v = json_object_get(native(obj), key);
    *out = json_is_true(v);
    return json_is_boolean(v);
}

size_t rf_json_len(const struct rf_json *j)
{
    return json_is_array(native(j)) ? json_array_size(native(j)) : json_object_size(native(j));
}

const struct rf_json *rf_json_at(const struct rf_json *arr, size_t i)
{
    return ours(json_array_get(native(arr), i));
}

const char *rf_json_at_str(const struct rf_json *arr, size_t i)
{
    return json_string_value(json_array_get(native(arr), i));
}

void rf_json_each(const struct rf_json *obj,
                  void (*fn)(void *ctx, const char *key, const struct rf_json *value), void *ctx)
{
    const char *key;
    json_t *value;
    json_object_foreach(native(obj), key, value) fn(ctx, key, ours(value));
}

const char *rf_json_text(const struct rf_json *value, char *buf, size_t cap)
{
    const json_t *v = native(value);
    if (v == NULL || json_is_object(v) || json_is_array(v))
        return NULL;
    if (json_is_string(v))
        snprintf(buf, cap, "%s", json_string_value(v));
    else if (json_is_integer(v))
        snprintf(buf, cap, "%" PRId64, (int64_t)json_integer_value(v));
    else if (json_is_real(v))
        snprintf(buf, cap, "%g", json_real_value(v));
    else
        snprintf(buf, cap, "%s", json_is_null(v) ? "null" : json_is_true(v) ? "true" : "false");
    return buf;
}

static enum rf_err need(const struct rf_json *obj, const char *key, json_t **out,
                        struct rf_why *why)
{
    *out = json_object_get(native(obj), key);
    if (*out == NULL)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "json-missing", "\"%s\" is missing", key);
    return RF_OK;
}

static enum rf_err wrong_type(const char *key, const char *want, struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_BAD, "json-type", "\"%s\" is not %s", key, want);
}

enum rf_err rf_json_need_str(const struct rf_json *obj, const char *key, const char **out,
                             struct rf_why *why)
{
    json_t *v;
    enum rf_err err = need(obj, key, &v, why);
    *out = json_string_value(v);
    return err == RF_OK && *out == NULL ? wrong_type(key, "a text", why) : err;
}

enum rf_err rf_json_need_int(const struct rf_json *obj, const char *key, int64_t min, int64_t max,
                             int64_t *out, struct rf_why *why)
{
    json_t *v;
    enum rf_err err = need(obj, key, &v, why);
    *out = 0;
    if (err != RF_OK)
        return err;
    if (!json_is_integer(v))
        return wrong_type(key, "a whole number", why);
    if (json_integer_value(v) < min || json_integer_value(v) > max)
        return rf_why_set(why, RF_ERR_BAD, "json-range",
                          "\"%s\" is not from %" PRId64 " to %" PRId64, key, min, max);
    *out = json_integer_value(v);
    return RF_OK;
}

enum rf_err rf_json_need_bool(const struct rf_json *obj, const char *key, bool *out,
                              struct rf_why *why)
{
    json_t *v;
    enum rf_err err = need(obj, key, &v, why);
    *out = json_is_true(v);
    return err == RF_OK && !json_is_boolean(v) ? wrong_type(key, "true or false", why) : err;
}

enum rf_err rf_json_need_obj(const struct rf_json *obj, const char *key, const struct rf_json **out,
                             struct rf_why *why)
{
    json_t *v;
    enum rf_err err = need(obj, key, &v, why);
    *out = json_is_object(v) ? ours(v) : NULL;
    return err == RF_OK && *out == NULL ? wrong_type(key, "an object", why) : err;
}

enum rf_err rf_json_need_arr(const struct rf_json *obj, const char *key, const struct rf_json **out,
                             struct rf_why *why)
{
    json_t *v;
    enum rf_err err = need(obj, key, &v, why);
    *out = json_is_array(v) ? ours(v) : NULL;
    return err == RF_OK && *out == NULL ? wrong_type(key, "an array", why) : err;
}

/* --- text --- */

/* jansson's own depth limit is 2048; ours is counted before it sees the text. Brackets inside texts
 * do not count. */
static bool is_too_deep(struct rf_slice in)
{
    struct rf_rd rd = rf_rd_of(in);
    bool in_text = false;
    size_t depth = 0;
    uint8_t c;
    while (rf_rd_u8(&rd, &c)) {
        if (in_text && c == '\\') {
            if (!rf_rd_u8(&rd, &c))
                return false;
        } else if (c == '"') {
            in_text = !in_text;
        } else if (!in_text && (c == '{' || c == '[')) {
            if (++depth > RF_JSON_DEPTH_MAX)
                return true;
        } else if (!in_text && (c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

enum rf_err rf_json_parse(struct rf_slice in, struct rf_json **out, struct rf_why *why)
{
    return rf_json_parse_within(in, RF_JSON_BYTES_MAX, out, why);
}

enum rf_err rf_json_parse_within(struct rf_slice in, size_t bytes_max, struct rf_json **out,
                                 struct rf_why *why)
{
    *out = NULL;
    if (in.len > bytes_max)
        return rf_why_set(why, RF_ERR_LIMIT, "json-size", "JSON of %zu bytes", in.len);
    if (is_too_deep(in))
        return rf_why_set(why, RF_ERR_LIMIT, "json-depth", "JSON nested deeper than %d",
                          RF_JSON_DEPTH_MAX);
    json_error_t error;
    json_t *j =
        json_loadb(in.len > 0 ? (const char *)in.p : "", in.len, JSON_REJECT_DUPLICATES, &error);
    if (j == NULL)
        return rf_why_set(why, RF_ERR_BAD, "json-syntax", "line %d: %s", error.line, error.text);
    *out = ours(j);
    return RF_OK;
}

struct sink {
    struct rf_buf *buf;
    enum rf_err err;
};

static int sink_add(const char *p, size_t n, void *data)
{
    struct sink *sink = data;
    sink->err = rf_buf_add(sink->buf, p, n);
    return sink->err == RF_OK ? 0 : -1;
}

enum rf_err rf_json_dump(const struct rf_json *j, int indent, struct rf_buf *out)
{
    struct sink sink = {.buf = out, .err = RF_OK};
    size_t before = out->len;
    /* JSON is shown on terminals: what a peer put into a text must not be obeyed by one. */
    size_t flags = JSON_ENSURE_ASCII | (indent > 0 ? JSON_INDENT((size_t)indent) : JSON_COMPACT);
    if (json_dump_callback(native(j), sink_add, &sink, flags) != 0) {
        out->len = before;
        return sink.err != RF_OK ? sink.err : RF_ERR_BAD;
    }
    return RF_OK;
}
