/* SPDX-License-Identifier: Apache-2.0 */
/* A text; what parses must dump, and parse to the same again. Every member is read in every way,
 * and the input put as a text into a tree of ours comes out as a text. */
#include "wire/json/json.h"

#include <stdlib.h>
#include <string.h>

#define KEY "key"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A getter that needs a thing gives RF_OK exactly when the one that asks finds it. */
static void read_key(const struct rf_json *j, const char *key)
{
    const struct rf_json *tree;
    const char *text;
    int64_t n, m;
    bool b, c;
    bool is_int = rf_json_int(j, key, &n), is_bool = rf_json_bool(j, key, &b);
    enum rf_err missing = rf_json_get(j, key) != NULL ? RF_ERR_BAD : RF_ERR_NOT_FOUND;
    if (rf_json_need_int(j, key, INT64_MIN, INT64_MAX, &m, NULL) != (is_int ? RF_OK : missing) ||
        n != m)
        abort();
    if (rf_json_need_bool(j, key, &c, NULL) != (is_bool ? RF_OK : missing) || b != c)
        abort();
    if (rf_json_need_str(j, key, &text, NULL) != (rf_json_str(j, key) != NULL ? RF_OK : missing))
        abort();
    if (rf_json_need_obj(j, key, &tree, NULL) !=
        (rf_json_is_obj(rf_json_get(j, key)) ? RF_OK : missing))
        abort();
    if (rf_json_need_arr(j, key, &tree, NULL) !=
        (rf_json_is_arr(rf_json_get(j, key)) ? RF_OK : missing))
        abort();
    if (is_int && n > INT64_MIN && rf_json_need_int(j, key, INT64_MIN, n - 1, &m, NULL) == RF_OK)
        abort();
}

static void on_member(void *ctx, const char *key, const struct rf_json *value)
{
    char text[64];
    (void)rf_json_text(value, text, sizeof text);
    read_key(ctx, key);
}

/* From the root to the last element of the last element ... */
static void read_all(struct rf_json *j)
{
    const struct rf_json *at = j;
    rf_json_each(j, on_member, j);
    read_key(j, KEY);
    while (rf_json_is_arr(at) && rf_json_len(at) > 0) {
        size_t last = rf_json_len(at) - 1;
        (void)rf_json_at_str(at, last);
        at = rf_json_at(at, last);
    }
}

static void again(const struct rf_json *j)
{
    RF_AUTO(rf_buf_fini) struct rf_buf one = RF_BUF((size_t)64 * RF_JSON_BYTES_MAX);
    RF_AUTO(rf_buf_fini) struct rf_buf two = RF_BUF((size_t)64 * RF_JSON_BYTES_MAX);
    RF_AUTO(rf_json_freep) struct rf_json *j2 = NULL;
    if (rf_json_dump(j, 0, &one) != RF_OK)
        abort();
    enum rf_err err = rf_json_parse(rf_buf_slice(&one), &j2, NULL);
    if (err == RF_ERR_LIMIT)
        return; /* numbers and escapes may have grown */
    if (err != RF_OK || rf_json_dump(j2, 0, &two) != RF_OK ||
        !rf_slice_eq(rf_buf_slice(&one), rf_buf_slice(&two)))
        abort();
    struct rf_buf small = RF_BUF(one.len - 1);
    if (rf_json_dump(j, 0, &small) != RF_ERR_LIMIT || small.len != 0)
        abort();
    rf_buf_fini(&small);
}

static void build(struct rf_slice in)
{
    RF_AUTO(rf_json_freep) struct rf_json *obj = rf_json_obj(), *back = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF((size_t)64 * RF_JSON_BYTES_MAX);
    struct rf_json *arr = rf_json_arr();
    rf_json_set_slice(obj, "slice", in);
    rf_json_set_hex(obj, "hex", in);
    rf_json_set_int(obj, "int", (int64_t)in.len);
    rf_json_set_bool(obj, "bool", in.len > 0);
    rf_json_set_str(obj, "none", NULL);
    rf_json_arr_add_slice(arr, in);
    rf_json_arr_add_str(arr, "");
    rf_json_arr_add_str(arr, NULL);
    rf_json_arr_add_int(arr, -1);
    rf_json_arr_add_take(arr, rf_json_obj());
    rf_json_set_take(obj, "arr", arr);
    if (rf_json_dump(obj, 2, &text) != RF_OK ||
        rf_json_parse(rf_buf_slice(&text), &back, NULL) != RF_OK ||
        strcmp(rf_json_str(obj, "slice"), rf_json_str(back, "slice")) != 0 ||
        strlen(rf_json_str(back, "hex")) != 2 * in.len)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rf_slice in = rf_slice_of(data, size);
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    struct rf_why why = {0};
    if (rf_json_parse(in, &j, &why) == RF_OK) {
        read_all(j);
        again(j);
    } else if (j != NULL) {
        abort();
    }
    if (size < 4096)
        build(in);
    return 0;
}
