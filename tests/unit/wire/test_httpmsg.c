/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/httpmsg/httpmsg.h"

#include "codec.h"

static enum rf_err decode_request(struct rf_slice in, void *msg, struct rf_why *why)
{
    return rf_httpmsg_request_decode(in, msg, why);
}

static enum rf_err decode_response(struct rf_slice in, void *msg, struct rf_why *why)
{
    return rf_httpmsg_response_decode(in, msg, why);
}

static const struct codec requests = {
    .name = "request", .msg_size = sizeof(struct rf_httpmsg_request), .decode = decode_request};
static const struct codec responses = {
    .name = "response", .msg_size = sizeof(struct rf_httpmsg_response), .decode = decode_response};

#define STR(s)                                                                                     \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }

/* ---- requests ---- */

static void is_phone(const void *msg)
{
    const struct rf_httpmsg_request *r = msg;
    assert_int_equal(r->method, RF_HTTPMSG_GET);
    assert_slice_str(r->target, "/CTLSEP001122334455.tlv");
    assert_int_equal(r->minor, 1);
    assert_slice_str(r->fields.host, "192.0.2.1:6970");
    assert_false(r->fields.wants_close || r->fields.wants_kept || r->fields.has_length ||
                 r->fields.has_coding);
}

static void is_bare(const void *msg)
{
    const struct rf_httpmsg_request *r = msg;
    assert_int_equal(r->method, RF_HTTPMSG_HEAD);
    assert_slice_str(r->target, "/a");
    assert_int_equal(r->minor, 0);
    assert_null(r->fields.host.p);
}

static void is_full(const void *msg)
{
    const struct rf_httpmsg_request *r = msg;
    assert_int_equal(r->method, RF_HTTPMSG_OTHER);
    assert_slice_str(r->method_text, "POST");
    assert_true(r->fields.wants_close);
    assert_true(r->fields.wants_kept);
    assert_true(r->fields.has_length);
    assert_true(r->fields.has_coding);
    assert_int_equal(r->fields.length, 12);
    assert_slice_str(r->fields.agent, "a phone");
    assert_slice_str(r->fields.type, "text/plain");
    assert_slice_str(r->fields.host, "");
}

static void requests_as_phones_and_others_send_them(void **state)
{
    /* seen in a vendor's trace: no blank behind the colon, and no other field */
    codec_check_known(&requests,
                      &(struct codec_known){"phone",
                                            STR("GET /CTLSEP001122334455.tlv HTTP/1.1\r\n"
                                                "Host:192.0.2.1:6970\r\n\r\n"),
                                            is_phone});
    codec_check_known(&requests,
                      &(struct codec_known){"no Host", STR("HEAD /a HTTP/1.0\r\n\r\n"), is_bare});
    codec_check_known(&requests,
                      &(struct codec_known){"LF alone", STR("HEAD /a HTTP/1.0\n\n"), is_bare});
    codec_check_known(&requests,
                      &(struct codec_known){"all",
                                            STR("POST /a HTTP/1.1\r\nhost:\r\n"
                                                "CONNECTION: Close , x,KEEP-alive\r\n"
                                                "Content-Length: 12\r\nUser-Agent: a phone \r\n"
                                                "Transfer-Encoding: chunked\r\n"
                                                "Content-Type:\ttext/plain\r\n\r\n"),
                                            is_full});
}

static void requests_that_are_none(void **state)
{
    static const struct codec_refusal rows[] = {
        {"nothing", STR(""), RF_ERR_SHORT, "http-short"},
        {"no end", STR("GET /a HTTP/1.1\r\nA: b\r\n"), RF_ERR_SHORT, "http-short"},
        {"behind the end", STR("GET /a HTTP/1.1\r\n\r\nx"), RF_ERR_BAD, "http-trailing"},
        {"two blanks", STR("GET  /a HTTP/1.1\r\n\r\n"), RF_ERR_BAD, "http-line"},
        {"no version", STR("GET /a\r\n\r\n"), RF_ERR_BAD, "http-line"},
        {"blank at the end", STR("GET /a HTTP/1.1 x\r\n\r\n"), RF_ERR_BAD, "http-line"},
        {"method", STR("G\x01T /a HTTP/1.1\r\n\r\n"), RF_ERR_BAD, "http-line"},
        {"long method", STR("ABCDEFGHIJKLMNOPQRSTUVWXY /a HTTP/1.1\r\n\r\n"), RF_ERR_BAD,
         "http-line"},
        {"control byte in the target", STR("GET /a\x7f HTTP/1.1\r\n\r\n"), RF_ERR_BAD, "http-line"},
        {"another protocol", STR("GET /a RTSP/1.0\r\n\r\n"), RF_ERR_BAD, "http-line"},
        {"version 2", STR("GET /a HTTP/2.0\r\n\r\n"), RF_ERR_UNKNOWN, "http-version"},
        {"version 1.10", STR("GET /a HTTP/1.10\r\n\r\n"), RF_ERR_UNKNOWN, "http-version"},
        {"no colon", STR("GET /a HTTP/1.1\r\nHost\r\n\r\n"), RF_ERR_BAD, "http-field"},
        {"no name", STR("GET /a HTTP/1.1\r\n: a\r\n\r\n"), RF_ERR_BAD, "http-field"},
        {"blank before the colon", STR("GET /a HTTP/1.1\r\nHost : a\r\n\r\n"), RF_ERR_BAD,
         "http-field"},
        {"folded", STR("GET /a HTTP/1.1\r\nA: b\r\n c: d\r\n\r\n"), RF_ERR_BAD, "http-field"},
        {"control byte", STR("GET /a HTTP/1.1\r\nA: b\x01\r\n\r\n"), RF_ERR_BAD, "http-field"},
        {"CR alone", STR("GET /a HTTP/1.1\r\nA: b\rc\r\n\r\n"), RF_ERR_BAD, "http-field"},
        {"two hosts", STR("GET /a HTTP/1.1\r\nHost: a\r\nHOST: b\r\n\r\n"), RF_ERR_BAD,
         "http-field-twice"},
        {"two lengths", STR("GET /a HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"),
         RF_ERR_BAD, "http-field-twice"},
        {"length in words", STR("GET /a HTTP/1.1\r\nContent-Length: +1\r\n\r\n"), RF_ERR_BAD,
         "http-length"},
        {"length of 20 digits",
         STR("GET /a HTTP/1.1\r\nContent-Length: 00000000000000000001\r\n\r\n"), RF_ERR_BAD,
         "http-length"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        codec_check_refused(&requests, &rows[i]);
}

static struct rf_slice request_with(const char *head, const char *part, uint64_t n,
                                    const char *tail, uint8_t *buf, size_t cap)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_slice out = {0};
    rf_wr_slice(&wr, rf_slice_str(head));
    for (uint64_t i = 0; i < n; i++)
        rf_wr_slice(&wr, rf_slice_str(part));
    rf_wr_slice(&wr, rf_slice_str(tail));
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    return out;
}

static struct rf_slice with_fields(uint64_t n, uint8_t *buf, size_t cap)
{
    return request_with("GET /a HTTP/1.1\r\n", "A: b\r\n", n, "\r\n", buf, cap);
}

static struct rf_slice with_target(uint64_t n, uint8_t *buf, size_t cap)
{
    return request_with("GET ", "a", n, " HTTP/1.1\r\n\r\n", buf, cap);
}

static struct rf_slice with_bytes(uint64_t n, uint8_t *buf, size_t cap)
{
    size_t rest = sizeof "GET / HTTP/1.1\r\nA: \r\n\r\n" - 1;
    return request_with("GET / HTTP/1.1\r\nA: ", "a", n > rest ? n - rest : 0, "\r\n\r\n", buf,
                        cap);
}

static void limits_of_a_head(void **state)
{
    codec_check_number(&requests,
                       &(struct codec_number){"fields", with_fields, RF_HTTPMSG_FIELDS_MAX, RF_OK,
                                              NULL, RF_ERR_LIMIT, "http-fields"});
    codec_check_number(
        &requests, &(struct codec_number){"target", with_target, RF_HTTPMSG_TARGET_MAX, RF_ERR_BAD,
                                          "http-line", RF_ERR_LIMIT, "http-target-long"});
    codec_check_number(&requests,
                       &(struct codec_number){"head", with_bytes, RF_HTTPMSG_HEAD_MAX, RF_OK, NULL,
                                              RF_ERR_LIMIT, "http-head-long"});
}

static void a_head_ends_with_an_empty_line(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {
        {"", 0},
        {"GET / HTTP/1.1", 0},
        {"GET / HTTP/1.1\r\n", 0},
        {"GET / HTTP/1.1\r\n\r", 0},
        {"GET / HTTP/1.1\r\n\r\n", 18},
        {"GET / HTTP/1.1\n\n", 16},
        {"GET / HTTP/1.1\r\nA: b\r\n\r\nGET", 24},
        {"\r\n\r\n", 0}, /* in front of a request, not the end of one */
        {"\r\n\nGET / HTTP/1.1\r\n\r\n", 21},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(rf_httpmsg_head_len(rf_slice_str(rows[i].text)), rows[i].len);
}

/* ---- targets ---- */

static void names_in_targets(void **state)
{
    static const struct {
        const char *target, *name, *code;
    } rows[] = {
        {"/SEP001122334455.cnf.xml", "SEP001122334455.cnf.xml", NULL},
        {"/New_Zealand/g3-tones.xml", "New_Zealand/g3-tones.xml", NULL},
        {"/New%20Zealand/a", "New Zealand/a", NULL},
        {"/a?b/c#d", "a", NULL},
        {"/a#b?c", "a", NULL},
        {"/%41%2e%2E%2fb", "A../b", NULL}, /* what such a name means is the catalogue's */
        {"//a", "/a", NULL},
        {"/", "", NULL},
        {"http://192.0.2.1:6970/a/b", "a/b", NULL},
        {"HTTPS://h/a", "a", NULL},
        {"a", NULL, "http-target"},
        {"*", NULL, "http-target"},
        {"http://h", NULL, "http-target"},
        {"/a%", NULL, "http-target"},
        {"/a%2", NULL, "http-target"},
        {"/a%g0", NULL, "http-target"},
        {"/a%00", NULL, "http-nul"},
        {"/%252e%252e/a", NULL, "http-encoded-twice"},
        {"/a%252Fb", NULL, "http-encoded-twice"},
        {"/a%255cb", NULL, "http-encoded-twice"},
        {"/%25%32%65", NULL, "http-encoded-twice"},
        {"/abcdefghijklmnopqrstuvwxyz012345", "abcdefghijklmnopqrstuvwxyz012345", NULL},
        {"/abcdefghijklmnopqrstuvwxyz0123456", NULL, "http-target-long"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char buf[32];
        struct rf_slice name;
        struct rf_why why = {0};
        enum rf_err err =
            rf_httpmsg_target_decode(rf_slice_str(rows[i].target), buf, sizeof buf, &name, &why);
        assert_string_equal(why.code, rows[i].code != NULL ? rows[i].code : "");
        assert_int_equal(err == RF_OK, rows[i].name != NULL);
        if (rows[i].name != NULL)
            assert_slice_str(name, rows[i].name);
    }
}

/* ---- answers ---- */

static void is_ok(const void *msg)
{
    const struct rf_httpmsg_response *r = msg;
    assert_int_equal(r->status, 200);
    assert_true(r->fields.has_length);
    assert_int_equal(r->fields.length, 4);
    assert_slice_str(r->fields.type, "text/xml; charset=utf-8");
}

static void is_bare_answer(const void *msg)
{
    const struct rf_httpmsg_response *r = msg;
    assert_int_equal(r->status, 503);
    assert_false(r->fields.has_length);
}

static void answers_of_servers(void **state)
{
    static const struct codec_refusal rows[] = {
        {"no HTTP", STR("hello\r\n\r\n"), RF_ERR_BAD, "http-line"},
        {"version", STR("HTTP/2 200\r\n\r\n"), RF_ERR_UNKNOWN, "http-version"},
        {"no status", STR("HTTP/1.1\r\n\r\n"), RF_ERR_BAD, "http-status"},
        {"status of four digits", STR("HTTP/1.1 2000 OK\r\n\r\n"), RF_ERR_BAD, "http-status"},
        {"status 600", STR("HTTP/1.1 600 OK\r\n\r\n"), RF_ERR_BAD, "http-status"},
        {"reason", STR("HTTP/1.1 200 O\x1bK\r\n\r\n"), RF_ERR_BAD, "http-status"},
        {"two types", STR("HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Type: a\r\n\r\n"),
         RF_ERR_BAD, "http-field-twice"},
    };
    codec_check_known(&responses,
                      &(struct codec_known){"ok",
                                            STR("HTTP/1.1 200 OK\r\nContent-length: 4\r\n"
                                                "Content-Type: text/xml; charset=utf-8\r\n\r\n"),
                                            is_ok});
    codec_check_known(&responses, &(struct codec_known){"no reason", STR("HTTP/1.0 503\r\n\r\n"),
                                                        is_bare_answer});
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        codec_check_refused(&responses, &rows[i]);
}

/* ---- writing ---- */

static void what_we_ask(void **state)
{
    struct rf_httpmsg_ask ask = {.name = rf_slice_str("New Zealand/50%.xml"),
                                 .host = "192.0.2.1",
                                 .port = 6970,
                                 .agent = "ringphone"};
    uint8_t buf[256];
    struct rf_slice out;
    assert_err(rf_httpmsg_ask_encode(&ask, buf, sizeof buf, &out), RF_OK);
    assert_slice_str(out, "GET /New%20Zealand/50%25.xml HTTP/1.1\r\nHost: 192.0.2.1:6970\r\n"
                          "User-Agent: ringphone\r\nConnection: close\r\n\r\n");
    assert_err(rf_httpmsg_ask_encode(&ask, buf, out.len - 1, &out), RF_ERR_LIMIT);
    ask.agent = NULL;
    ask.is_head = true;
    assert_err(rf_httpmsg_ask_encode(&ask, buf, sizeof buf, &out), RF_OK);
    assert_slice_str(out, "HEAD /New%20Zealand/50%25.xml HTTP/1.1\r\nHost: 192.0.2.1:6970\r\n"
                          "Connection: close\r\n\r\n");
    ask.is_head = false;
    ask.name = rf_slice_str("a\r\nb");
    assert_err(rf_httpmsg_ask_encode(&ask, buf, sizeof buf, &out), RF_OK);
    assert_slice_str(out,
                     "GET /a%0D%0Ab HTTP/1.1\r\nHost: 192.0.2.1:6970\r\nConnection: close\r\n\r\n");
}

static void a_url_is_taken_apart(void **state)
{
    static const struct {
        const char *text;
        bool is_https;
        const char *host;
        unsigned port;
        const char *target;
    } rows[] = {
        {"https://192.0.2.1:8443/s/list?name=a&x=%20", true, "192.0.2.1", 8443,
         "/s/list?name=a&x=%20"},
        {"HTTPS://192.0.2.1", true, "192.0.2.1", 443, "/"},
        {"https://192.0.2.1:/a#b", true, "192.0.2.1", 443, "/a"},
        {"http://[2001:db8::1]:8080/", false, "2001:db8::1", 8080, "/"},
        {"http://[2001:db8::1]", false, "2001:db8::1", 80, "/"},
        {"https://cm.example/@home", true, "cm.example", 443, "/@home"},
    };
    static const char *const refused[] = {
        "",
        "https",
        "ftp://a/",
        "https://",
        "https:///a",
        "https://:1/",
        "https://a:0/",
        "https://a:65536/",
        "https://a:x/",
        "https://[::1/a",
        "https://[]/",
        "https://[::1]x",
        "https://u:p@a/",
        "https://u@a/",
        "https://a b/",
        "https://a/\r\nX: 1",
        "https://a/\xc3\xa9",
        "https://a?b",
        "xhttps://a/",
        "https:/a",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_httpmsg_url url;
        assert_err(rf_httpmsg_url_decode(rf_slice_str(rows[i].text), &url, NULL), RF_OK);
        assert_int_equal(url.is_https, rows[i].is_https);
        assert_slice_str(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        assert_slice_str(url.target, rows[i].target);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct rf_httpmsg_url url;
        struct rf_why why = {0};
        assert_err(rf_httpmsg_url_decode(rf_slice_str(refused[i]), &url, &why), RF_ERR_BAD);
        assert_string_equal(why.code, "http-url");
        assert_int_equal(url.host.len, 0);
    }
}

static void a_url_that_is_too_long_is_refused(void **state)
{
    char text[RF_HTTPMSG_TARGET_MAX + 2];
    struct rf_httpmsg_url url;
    struct rf_why why = {0};
    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://", 8);
    text[10] = '/';
    assert_err(rf_httpmsg_url_decode(rf_slice_of(text, RF_HTTPMSG_TARGET_MAX), &url, &why), RF_OK);
    assert_err(rf_httpmsg_url_decode(rf_slice_of(text, RF_HTTPMSG_TARGET_MAX + 1), &url, &why),
               RF_ERR_LIMIT);
    assert_string_equal(why.code, "http-target-long");
}

static void a_target_is_sent_as_it_is_written(void **state)
{
    struct rf_httpmsg_ask ask = {.has_target = true,
                                 .target = rf_slice_str("/a%20b?c=d&e"),
                                 .host = "192.0.2.1",
                                 .port = 8443};
    uint8_t buf[256];
    struct rf_slice out;
    (void)state;
    assert_err(rf_httpmsg_ask_encode(&ask, buf, sizeof buf, &out), RF_OK);
    assert_slice_str(out, "GET /a%20b?c=d&e HTTP/1.1\r\nHost: 192.0.2.1:8443\r\n"
                          "Connection: close\r\n\r\n");
}

static void what_we_answer(void **state)
{
    struct rf_httpmsg_reply reply = {
        .status = 200, .type = "text/xml", .length = 4711, .date_s = 784111777, .is_kept = true};
    uint8_t buf[512];
    struct rf_slice out;
    assert_err(rf_httpmsg_reply_encode(&reply, buf, sizeof buf, &out), RF_OK);
    /* the date is the example of RFC 9110 5.6.7 */
    assert_slice_str(out, "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                          "Content-Type: text/xml\r\nContent-Length: 4711\r\n"
                          "Cache-Control: no-store\r\nConnection: keep-alive\r\n\r\n");
    assert_err(rf_httpmsg_reply_encode(&reply, buf, out.len - 1, &out), RF_ERR_LIMIT);
    reply = (struct rf_httpmsg_reply){
        .status = 405, .date_s = 951868799, .says_allow = true, .retry_after_s = 5};
    assert_err(rf_httpmsg_reply_encode(&reply, buf, sizeof buf, &out), RF_OK);
    assert_slice_str(out,
                     "HTTP/1.1 405 Method Not Allowed\r\nDate: Tue, 29 Feb 2000 23:59:59 GMT\r\n"
                     "Content-Length: 0\r\nCache-Control: no-store\r\nAllow: GET, HEAD\r\n"
                     "Retry-After: 5\r\nConnection: close\r\n\r\n");
    assert_string_equal(rf_httpmsg_reason(404), "Not Found");
    assert_string_equal(rf_httpmsg_reason(299), "Other");
}

static void types_by_the_end_of_a_name(void **state)
{
    assert_string_equal(rf_httpmsg_type_of(rf_slice_str("SEP001122334455.cnf.xml")), "text/xml");
    assert_string_equal(rf_httpmsg_type_of(rf_slice_str("SEP001122334455.cnf.xml.sgn")),
                        "application/octet-stream");
    assert_string_equal(rf_httpmsg_type_of(rf_slice_str("Desktops/320x196x4/a.png")), "image/png");
    assert_string_equal(rf_httpmsg_type_of(rf_slice_str("defaultheadsetconfig.json")),
                        "application/json");
    assert_string_equal(rf_httpmsg_type_of(rf_slice_str("CTLFile.tlv")),
                        "application/octet-stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_as_phones_and_others_send_them),
        cmocka_unit_test(requests_that_are_none),
        cmocka_unit_test(limits_of_a_head),
        cmocka_unit_test(a_head_ends_with_an_empty_line),
        cmocka_unit_test(names_in_targets),
        cmocka_unit_test(answers_of_servers),
        cmocka_unit_test(what_we_ask),
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(a_url_that_is_too_long_is_refused),
        cmocka_unit_test(a_target_is_sent_as_it_is_written),
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(a_url_that_is_too_long_is_refused),
        cmocka_unit_test(a_target_is_sent_as_it_is_written),
        cmocka_unit_test(what_we_answer),
        cmocka_unit_test(types_by_the_end_of_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
