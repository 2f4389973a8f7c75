/* SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"
#include "wire/json/json.h"

struct holder {
    struct rf_json *json;
};

static enum rf_err decode(struct rf_slice in, void *msg, struct rf_why *why)
{
    return rf_json_parse(in, &((struct holder *)msg)->json, why);
}

static enum rf_err encode(const void *msg, uint8_t *buf, size_t cap, struct rf_slice *out)
{
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(cap);
    enum rf_err err = rf_json_dump(((const struct holder *)msg)->json, 0, &b);
    if (err == RF_OK)
        memcpy(buf, b.p, b.len);
    *out = rf_slice_of(buf, b.len);
    return err;
}

static void fini(void *msg)
{
    rf_json_free(((struct holder *)msg)->json);
}

static const struct codec codec = {.name = "json",
                                   .msg_size = sizeof(struct holder),
                                   .decode = decode,
                                   .encode = encode,
                                   .fini = fini};

static void check_known(const void *msg)
{
    const struct rf_json *j = ((const struct holder *)msg)->json;
    int64_t n;
    bool b;
    char text[32];
    assert_true(rf_json_is_obj(j));
    assert_int_equal(rf_json_len(j), 8);
    assert_string_equal(rf_json_str(j, "name"), "SEP001122334455");
    assert_null(rf_json_str(j, "n"));
    assert_null(rf_json_str(j, "absent"));
    assert_true(rf_json_int(j, "n", &n));
    assert_int_equal(n, -5);
    assert_false(rf_json_int(j, "name", &n));
    assert_int_equal(n, 0);
    assert_true(rf_json_bool(j, "yes", &b));
    assert_true(b);
    assert_true(rf_json_bool(j, "no", &b));
    assert_false(b);
    assert_false(rf_json_bool(j, "n", &b));
    const struct rf_json *a = rf_json_get(j, "a");
    assert_true(rf_json_is_arr(a));
    assert_int_equal(rf_json_len(a), 2);
    assert_string_equal(rf_json_at_str(a, 1), "y]");
    assert_null(rf_json_at_str(a, 2));
    assert_null(rf_json_at(a, 2));
    assert_string_equal(rf_json_text(rf_json_get(j, "n"), text, sizeof text), "-5");
    assert_string_equal(rf_json_text(rf_json_get(j, "no"), text, sizeof text), "false");
    assert_string_equal(rf_json_text(rf_json_get(j, "nil"), text, sizeof text), "null");
    assert_string_equal(rf_json_text(rf_json_get(j, "r"), text, sizeof text), "1.5");
    assert_string_equal(rf_json_text(rf_json_get(j, "name"), text, sizeof text), "SEP001122334455");
    assert_null(rf_json_text(a, text, sizeof text));
    assert_null(rf_json_text(NULL, text, sizeof text));
}

static void a_document_is_read_and_written(void **state)
{
    (void)state;
    codec_check_known(
        &codec, &(struct codec_known){
                    "object",
                    rf_slice_str("{\"name\":\"SEP001122334455\",\"n\":-5,\"yes\":true,\"no\":false,"
                                 "\"nil\":null,\"r\":1.5,\"a\":[\"x\\\"\",\"y]\"],\"o\":{}}"),
                    check_known});
}

static void a_document_is_refused_for_each_fault(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum rf_err err;
        const char *code;
    } rows[] = {
        {"{}", RF_OK, NULL},
        {"[1]", RF_OK, NULL},
        {" {\"a\":1} \n", RF_OK, NULL},
        {"", RF_ERR_BAD, "json-syntax"},
        {"1", RF_ERR_BAD, "json-syntax"},
        {"\"a\"", RF_ERR_BAD, "json-syntax"},
        {"{\"a\":1,\"a\":2}", RF_ERR_BAD, "json-syntax"},
        {"{} {}", RF_ERR_BAD, "json-syntax"},
        {"{\"a\":\"\\u0000\"}", RF_ERR_BAD, "json-syntax"},
        {"{\"a\":\"\xff\"}", RF_ERR_BAD, "json-syntax"},
        {"{\"a\":\"\\", RF_ERR_BAD, "json-syntax"},
        {"{\"a\":1,}", RF_ERR_BAD, "json-syntax"},
        {"]]", RF_ERR_BAD, "json-syntax"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        codec_check_refused(&codec,
                            &(struct codec_refusal){rows[i].text, rf_slice_str(rows[i].text),
                                                    rows[i].err, rows[i].code});
}

static struct rf_slice build_depth(uint64_t n, uint8_t *buf, size_t cap)
{
    (void)cap;
    if (n == 0)
        return rf_slice_of(buf, 0);
    memset(buf, '[', n);
    memcpy(buf + n, "\"[[{{\"", 6);
    memset(buf + n + 6, ']', n);
    return rf_slice_of(buf, 2 * n + 6);
}

static struct rf_slice build_size(uint64_t n, uint8_t *buf, size_t cap)
{
    static uint8_t big[RF_JSON_BYTES_MAX + 1];
    (void)buf;
    (void)cap;
    memset(big, ' ', sizeof big);
    memcpy(big, "{}", 2);
    return rf_slice_of(big, n);
}

static void depth_and_size_are_bounded(void **state)
{
    (void)state;
    codec_check_number(&codec,
                       &(struct codec_number){"depth", build_depth, RF_JSON_DEPTH_MAX, RF_ERR_BAD,
                                              "json-syntax", RF_ERR_LIMIT, "json-depth"});
    codec_check_number(&codec,
                       &(struct codec_number){"bytes", build_size, RF_JSON_BYTES_MAX, RF_ERR_BAD,
                                              "json-syntax", RF_ERR_LIMIT, "json-size"});
}

static void collect(void *ctx, const char *key, const struct rf_json *value)
{
    char *text = ctx;
    char buf[32];
    size_t n = strlen(text);
    const char *v = rf_json_text(value, buf, sizeof buf);
    snprintf(text + n, 128 - n, "%s:%s ", key, v != NULL ? v : "-");
}

static void a_tree_is_built_in_the_order_of_its_keys(void **state)
{
    (void)state;
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "z", "1");
    rf_json_set_int(j, "a", INT64_MAX);
    rf_json_set_bool(j, "b", true);
    rf_json_set_str(j, "none", NULL);
    rf_json_set_hex(j, "hex", rf_slice_of("\x01\xab", 2));
    rf_json_set_slice(j, "bytes",
                      rf_slice_of("a\xff"
                                  "b\0c",
                                  5));
    rf_json_set_slice(j, "utf8", rf_slice_str("\xc3\xbc"));
    rf_json_set_slice(j, "empty", (struct rf_slice){0});
    struct rf_json *list = rf_json_arr();
    rf_json_set_take(j, "list", list);
    rf_json_arr_add_str(list, "x");
    rf_json_arr_add_str(list, NULL);
    rf_json_arr_add_slice(list, rf_slice_str("y"));
    rf_json_arr_add_int(list, 3);
    rf_json_arr_add_take(list, rf_json_obj());
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(4096);
    assert_err(rf_json_dump(j, 0, &b), RF_OK);
    assert_slice_str(rf_buf_slice(&b),
                     "{\"z\":\"1\",\"a\":9223372036854775807,\"b\":true,\"none\":null,"
                     "\"hex\":\"01ab\",\"bytes\":\"a\\\\xffb\\\\x00c\",\"utf8\":\"\\u00FC\","
                     "\"empty\":\"\",\"list\":[\"x\",null,\"y\",3,{}]}");
    char text[128] = "";
    rf_json_each(j, collect, text);
    assert_non_null(strstr(text, "z:1 a:9223372036854775807 b:true none:null hex:01ab"));
    assert_non_null(strstr(text, "list:- "));
}

/* A terminal would obey C1 and turn text around; JSON says the same without the bytes. */
static void what_is_written_is_ascii(void **state)
{
    (void)state;
    static const char text[] = "\xc2\x9b"
                               "31m \xe2\x80\xae \x1b[0m";
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj(), *again = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(200);
    rf_json_set_str(j, "t", text);
    assert_err(rf_json_dump(j, 0, &b), RF_OK);
    assert_slice_str(rf_buf_slice(&b), "{\"t\":\"\\u009B31m \\u202E \\u001B[0m\"}");
    assert_err(rf_json_parse(rf_buf_slice(&b), &again, NULL), RF_OK);
    assert_string_equal(rf_json_str(again, "t"), text);
}

static void a_dump_that_does_not_fit_adds_nothing(void **state)
{
    (void)state;
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "key", "value");
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(19);
    assert_err(rf_buf_add(&b, "12345", 5), RF_OK);
    assert_err(rf_json_dump(j, 0, &b), RF_ERR_LIMIT);
    assert_int_equal(b.len, 5);
    b.max = 20;
    assert_err(rf_json_dump(j, 0, &b), RF_OK);
    assert_slice_str(rf_buf_slice(&b), "12345{\"key\":\"value\"}");
    RF_AUTO(rf_buf_fini) struct rf_buf wide = RF_BUF(100);
    assert_err(rf_json_dump(j, 2, &wide), RF_OK);
    assert_slice_str(rf_buf_slice(&wide), "{\n  \"key\": \"value\"\n}");
}

static void what_must_be_there_is_asked_for_by_type(void **state)
{
    (void)state;
    struct rf_why why = {0};
    struct rf_json *parsed;
    assert_err(rf_json_parse(rf_slice_str("{\"s\":\"t\",\"n\":7,\"b\":true,\"o\":{},\"a\":[]}"),
                             &parsed, &why),
               RF_OK);
    RF_AUTO(rf_json_freep) struct rf_json *j = parsed;
    const char *s;
    int64_t n;
    bool b;
    const struct rf_json *sub;
    assert_err(rf_json_need_str(j, "s", &s, &why), RF_OK);
    assert_err(rf_json_need_int(j, "n", 0, 7, &n, &why), RF_OK);
    assert_err(rf_json_need_bool(j, "b", &b, &why), RF_OK);
    assert_err(rf_json_need_obj(j, "o", &sub, &why), RF_OK);
    assert_err(rf_json_need_arr(j, "a", &sub, &why), RF_OK);
    assert_refused(rf_json_need_str(j, "n", &s, &why), RF_ERR_BAD, why, "json-type");
    why = (struct rf_why){0};
    assert_refused(rf_json_need_int(j, "s", 0, 7, &n, &why), RF_ERR_BAD, why, "json-type");
    why = (struct rf_why){0};
    assert_refused(rf_json_need_int(j, "n", 0, 6, &n, &why), RF_ERR_BAD, why, "json-range");
    why = (struct rf_why){0};
    assert_refused(rf_json_need_int(j, "n", 8, 9, &n, &why), RF_ERR_BAD, why, "json-range");
    why = (struct rf_why){0};
    assert_refused(rf_json_need_bool(j, "n", &b, &why), RF_ERR_BAD, why, "json-type");
    why = (struct rf_why){0};
    assert_refused(rf_json_need_obj(j, "a", &sub, &why), RF_ERR_BAD, why, "json-type");
    why = (struct rf_why){0};
    assert_refused(rf_json_need_arr(j, "o", &sub, &why), RF_ERR_BAD, why, "json-type");
    why = (struct rf_why){0};
    assert_refused(rf_json_need_str(j, "x", &s, &why), RF_ERR_NOT_FOUND, why, "json-missing");
    why = (struct rf_why){0};
    assert_refused(rf_json_need_int(NULL, "x", 0, 1, &n, &why), RF_ERR_NOT_FOUND, why,
                   "json-missing");
    assert_null(rf_json_get(NULL, "x"));
    assert_int_equal(rf_json_len(NULL), 0);
    rf_json_each(NULL, collect, NULL);
    rf_json_free(NULL);
}

static void a_document_of_a_known_signer_may_be_longer(void **state)
{
    (void)state;
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF((size_t)2 * RF_JSON_BYTES_MAX);
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    struct rf_why why = {0};
    assert_err(rf_buf_addf(&text, "[1"), RF_OK);
    while (text.len < RF_JSON_BYTES_MAX)
        assert_err(rf_buf_addf(&text, ",%31d", 2), RF_OK);
    assert_err(rf_buf_addf(&text, "]"), RF_OK);
    assert_refused(rf_json_parse(rf_buf_slice(&text), &j, &why), RF_ERR_LIMIT, why, "json-size");
    why = (struct rf_why){0};
    assert_refused(rf_json_parse_within(rf_buf_slice(&text), text.len - 1, &j, &why), RF_ERR_LIMIT,
                   why, "json-size");
    assert_null(j);
    assert_err(rf_json_parse_within(rf_buf_slice(&text), text.len, &j, &why), RF_OK);
    assert_true(rf_json_len(j) > 30000);
}

static void a_member_is_taken_away_and_a_copy_is_a_tree_of_its_own(void **state)
{
    (void)state;
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    assert_err(rf_json_parse(rf_slice_str("{\"a\":[{\"b\":1}],\"s\":\"x\"}"), &j, NULL), RF_OK);
    RF_AUTO(rf_json_freep) struct rf_json *copy = rf_json_dup(j);
    rf_json_unset(j, "a");
    rf_json_unset(j, "absent");
    assert_int_equal(rf_json_len(j), 1);
    assert_string_equal(rf_json_str(j, "s"), "x");
    int64_t b = 0;
    assert_true(rf_json_int(rf_json_at(rf_json_get(copy, "a"), 0), "b", &b));
    assert_int_equal(b, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_read_and_written),
        cmocka_unit_test(a_document_is_refused_for_each_fault),
        cmocka_unit_test(depth_and_size_are_bounded),
        cmocka_unit_test(a_tree_is_built_in_the_order_of_its_keys),
        cmocka_unit_test(what_is_written_is_ascii),
        cmocka_unit_test(a_dump_that_does_not_fit_adds_nothing),
        cmocka_unit_test(what_must_be_there_is_asked_for_by_type),
        cmocka_unit_test(a_document_of_a_known_signer_may_be_longer),
        cmocka_unit_test(a_member_is_taken_away_and_a_copy_is_a_tree_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
