/* SPDX-License-Identifier: Apache-2.0 */
/* JSON, and the only home of jansson: build objects and arrays, read them by key, parse and dump.
 *
 *     RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
 *     rf_json_set_str(j, "device", "SEP001122334455");
 *     struct rf_json *lines = rf_json_arr();
 *     rf_json_arr_add_str(lines, "2001");
 *     rf_json_set_take(j, "lines", lines);
 *     if (rf_json_dump(j, 0, &buf) != RF_OK) ...
 *
 * Keys are shown in the order in which they were set. A tree belongs to one thread at a time. */
#ifndef WIRE_JSON_JSON_H
#define WIRE_JSON_JSON_H

#include "base/bytes.h"
#include "base/mem.h"

/** Text longer than this is not parsed, except by rf_json_parse_within. */
#define RF_JSON_BYTES_MAX (1024 * 1024)
/** Objects and arrays nested deeper are not parsed. */
#define RF_JSON_DEPTH_MAX 32

struct rf_json;

/** A new empty object or array; never NULL (aborts when memory is out). */
struct rf_json *rf_json_obj(void);
struct rf_json *rf_json_arr(void);
/** Frees the whole tree; NULL is fine. Only the root is freed by its owner. */
void rf_json_free(struct rf_json *j);
void rf_json_freep(struct rf_json **j);

/** Overwrite every text of the tree: it held a secret. Only free it afterwards. NULL is fine. */
void rf_json_wipe(struct rf_json *j);

/* Set a member of an object; an older value of that key is replaced. `obj` must be an object and
 * the key ASCII. Bytes of a text that are not UTF-8 become \xNN in the text. */
void rf_json_set_str(struct rf_json *obj, const char *key, const char *text); /* NULL: null */
void rf_json_set_slice(struct rf_json *obj, const char *key, struct rf_slice text);
void rf_json_set_hex(struct rf_json *obj, const char *key, struct rf_slice bytes);
void rf_json_set_int(struct rf_json *obj, const char *key, int64_t value);
void rf_json_set_bool(struct rf_json *obj, const char *key, bool value);
void rf_json_set_null(struct rf_json *obj, const char *key);
/** Takes the child: do not use or free it on its own except to fill it further. */
void rf_json_set_take(struct rf_json *obj, const char *key, struct rf_json *take_child);

/** Take a member away; one that is not there is fine. */
void rf_json_unset(struct rf_json *obj, const char *key);

/** A whole copy of a tree. */
struct rf_json *rf_json_dup(const struct rf_json *j);

/* Append to an array. */
void rf_json_arr_add_str(struct rf_json *arr, const char *text);
void rf_json_arr_add_slice(struct rf_json *arr, struct rf_slice text);
void rf_json_arr_add_int(struct rf_json *arr, int64_t value);
void rf_json_arr_add_take(struct rf_json *arr, struct rf_json *take_child);

/* Read. All accept NULL for `obj` or `arr` (nothing is found) and results are borrowed from it. */
bool rf_json_is_obj(const struct rf_json *j);
bool rf_json_is_arr(const struct rf_json *j);
/** The member, or NULL. */
const struct rf_json *rf_json_get(const struct rf_json *obj, const char *key);
/** The text, or NULL when absent or not a text. */
const char *rf_json_str(const struct rf_json *obj, const char *key);
/** False (and 0) when absent or not a whole number. */
bool rf_json_int(const struct rf_json *obj, const char *key, int64_t *out);
/** False (and false) when absent or not a boolean. */
bool rf_json_bool(const struct rf_json *obj, const char *key, bool *out);
/** Elements of an array, members of an object; 0 otherwise. */
size_t rf_json_len(const struct rf_json *j);
/** Element i of an array, or NULL. */
const struct rf_json *rf_json_at(const struct rf_json *arr, size_t i);
/** Text of element i, or NULL. */
const char *rf_json_at_str(const struct rf_json *arr, size_t i);
/** Call fn for each member in order. */
void rf_json_each(const struct rf_json *obj,
                  void (*fn)(void *ctx, const char *key, const struct rf_json *value), void *ctx);
/** This value as text: a text itself, a number, true, false or null into buf; NULL for an object or
 * array. */
const char *rf_json_text(const struct rf_json *value, char *buf, size_t cap);

/* Read what must be there. RF_ERR_NOT_FOUND json-missing, RF_ERR_BAD json-type (or json-range),
 * both with the key in the text. */
RF_MUST_CHECK enum rf_err rf_json_need_str(const struct rf_json *obj, const char *key,
                                           const char **out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_json_need_int(const struct rf_json *obj, const char *key, int64_t min,
                                           int64_t max, int64_t *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_json_need_bool(const struct rf_json *obj, const char *key, bool *out,
                                            struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_json_need_obj(const struct rf_json *obj, const char *key,
                                           const struct rf_json **out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_json_need_arr(const struct rf_json *obj, const char *key,
                                           const struct rf_json **out, struct rf_why *why);

/**
 * Parse one object or array; a key given twice and anything behind it are refused.
 *
 * out  a new tree, NULL unless RF_OK.
 *
 * Returns RF_OK; RF_ERR_LIMIT json-size, json-depth; RF_ERR_BAD json-syntax.
 */
RF_MUST_CHECK enum rf_err rf_json_parse(struct rf_slice in, struct rf_json **out,
                                        struct rf_why *why);
/** The same of at most bytes_max bytes: for a document whose signer is known. */
RF_MUST_CHECK enum rf_err rf_json_parse_within(struct rf_slice in, size_t bytes_max,
                                               struct rf_json **out, struct rf_why *why);

/** Append as text: compact on one line (indent 0, no line end), or indented by so many blanks.
 * RF_ERR_LIMIT when it does not fit the buffer's maximum; nothing is appended then. */
RF_MUST_CHECK enum rf_err rf_json_dump(const struct rf_json *j, int indent, struct rf_buf *out);

#endif
