/* SPDX-License-Identifier: Apache-2.0 */
/* What operators set for calls: rules of lines, protected phones, Meet-Me numbers; and records. */
#include "admin_world.h"

#define DEVICE "/v1/devices/" PHONE_A
#define GOOD_A                                                                                     \
    "{\"name\":\"" PHONE_A "\",\"model\":\"8861\",\"lines\":[{\"dn\":\"2001\",\"shared\":true,"    \
    "\"forward_busy\":\"2005\",\"calls_max\":6},{\"dn\":\"2002\"}]}"

static void add_a(struct world *w)
{
    answers(w, RF_HTTP_POST, "/v1/devices", GOOD_A, 201);
}

static bool flag_of(struct world *w, const char *path)
{
    const struct rf_json *value = member(w, path);
    char text[8];
    assert_non_null(value);
    return strcmp(rf_json_text(value, text, sizeof text), "true") == 0;
}

/* ---- lines ---- */

static void rules_of_lines_are_set_and_shown(void **state)
{
    struct world *w = *state;
    add_a(w);
    answers(w, RF_HTTP_GET, DEVICE, NULL, 200);
    assert_true(flag_of(w, "lines.0.shared"));
    assert_string_equal(text_of(w, "lines.0.forward_busy"), "2005");
    assert_string_equal(text_of(w, "lines.0.forward_all"), "");
    assert_int_equal(number_of(w, "lines.0.calls_max"), 6);
    assert_int_equal(number_of(w, "lines.0.busy_trigger"), 0);
    assert_false(flag_of(w, "lines.1.shared"));
}

static void one_line_is_changed_and_the_others_stay(void **state)
{
    struct world *w = *state;
    add_a(w);
    answers(w, RF_HTTP_PUT, DEVICE,
            "{\"line_rules\":[{\"dn\":\"2002\",\"forward_all\":\"2009\"},"
            "{\"dn\":\"2002\",\"busy_trigger\":1}]}",
            200);
    assert_string_equal(text_of(w, "lines.1.forward_all"), "2009");
    assert_int_equal(number_of(w, "lines.1.busy_trigger"), 1);
    assert_string_equal(text_of(w, "lines.0.forward_busy"), "2005");
    /* named anew, in another order: they keep what is not said */
    answers(w, RF_HTTP_PUT, DEVICE,
            "{\"lines\":[{\"dn\":\"2002\"},{\"dn\":\"2001\",\"calls_max\":2},{\"dn\":\"2003\"}]}",
            200);
    assert_string_equal(text_of(w, "lines.0.forward_all"), "2009");
    assert_true(flag_of(w, "lines.1.shared"));
    assert_int_equal(number_of(w, "lines.1.calls_max"), 2);
    assert_string_equal(text_of(w, "lines.2.forward_all"), "");
    answers(w, RF_HTTP_PUT, DEVICE, "{\"line_rules\":[{\"dn\":\"2002\",\"forward_all\":\"\"}]}",
            200);
    assert_string_equal(text_of(w, "lines.0.forward_all"), "");
}

static void what_a_line_cannot_be_is_refused(void **state)
{
    static const struct {
        const char *rule, *code;
    } bad[] = {
        {"{\"dn\":\"2009\",\"shared\":true}", "line-unknown"},
        {"{\"shared\":true}", "json-missing"},
        {"{\"dn\":\"2001\",\"forward\":\"2002\"}", "json-unknown"},
        {"{\"dn\":\"2001\",\"forward_all\":\"2001\"}", "store-value"},
        {"{\"dn\":\"2001\",\"forward_all\":\"x\"}", "store-value"},
        {"{\"dn\":\"2001\",\"forward_all\":\"2001200120012001200120012\"}", "value"},
        {"{\"dn\":\"2001\",\"calls_max\":9}", "value"},
        {"{\"dn\":\"2001\",\"calls_max\":-1}", "value"},
        {"{\"dn\":\"2001\",\"busy_trigger\":\"2\"}", "value"},
        {"{\"dn\":\"2001\",\"shared\":1}", "json-type"},
    };
    struct world *w = *state;
    char body[256];
    add_a(w);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(body, sizeof body, "{\"line_rules\":[%s]}", bad[i].rule);
        refused(w, RF_HTTP_PUT, DEVICE, body, 400, bad[i].code);
    }
    refused(w, RF_HTTP_PUT, DEVICE, "{\"line_rules\":{}}", 400, "value");
    answers(w, RF_HTTP_PUT, DEVICE, "{\"line_rules\":[{\"dn\":\"2001\",\"calls_max\":8}]}", 200);
}

static void sec_89_a_protected_phone_is_a_secure_one(void **state)
{
    struct world *w = *state;
    add_a(w);
    answers(w, RF_HTTP_GET, DEVICE, NULL, 200);
    assert_false(flag_of(w, "protected"));
    refused(w, RF_HTTP_PUT, DEVICE, "{\"protected\":true,\"srtp\":false}", 409, "protected-mode");
    refused(w, RF_HTTP_PUT, DEVICE, "{\"protected\":1}", 400, "json-type");
    answers(w, RF_HTTP_PUT, DEVICE, "{\"protected\":true}", 200);
    assert_true(flag_of(w, "protected"));
    refused(w, RF_HTTP_PUT, DEVICE, "{\"srtp\":false}", 409, "protected-mode");
    answers(w, RF_HTTP_PUT, DEVICE, "{\"srtp\":false,\"protected\":false}", 200);
}

/* ---- Meet-Me ---- */

static void meet_me_numbers_reach_call_control(void **state)
{
    struct world *w = *state;
    answers(w, RF_HTTP_POST, "/v1/meet-me", "{\"number\":\"5000\",\"least\":\"encrypted\"}", 201);
    assert_string_equal(w->meet_me.number, "5000");
    assert_int_equal(w->meet_me.least, RF_STORE_LEAST_ENCRYPTED);
    answers(w, RF_HTTP_POST, "/v1/meet-me", "{\"number\":\"5001\"}", 201);
    answers(w, RF_HTTP_GET, "/v1/meet-me", NULL, 200);
    assert_string_equal(text_of(w, "meet_me.0.number"), "5000");
    assert_string_equal(text_of(w, "meet_me.0.least"), "encrypted");
    assert_string_equal(text_of(w, "meet_me.1.least"), "none");
    answers(w, RF_HTTP_DELETE, "/v1/meet-me", "{\"number\":\"5000\"}", 200);
    assert_string_equal(w->unmet, "5000");
    answers(w, RF_HTTP_GET, "/v1/events", NULL, 200);
    assert_string_equal(text_of(w, "events.0.code"), "meet-me-added");
    assert_string_equal(text_of(w, "events.2.code"), "meet-me-removed");
}

static void a_meet_me_number_that_cannot_be_is_refused(void **state)
{
    struct world *w = *state;
    add_a(w);
    refused(w, RF_HTTP_POST, "/v1/meet-me", "{\"least\":\"none\"}", 400, "json-missing");
    refused(w, RF_HTTP_POST, "/v1/meet-me", "{\"number\":\"5000\",\"least\":\"most\"}", 400,
            "value");
    refused(w, RF_HTTP_POST, "/v1/meet-me", "{\"number\":\"50#0\"}", 400, "store-value");
    refused(w, RF_HTTP_POST, "/v1/meet-me", "{\"number\":\"5000500050005000500050005\"}", 400,
            "value");
    refused(w, RF_HTTP_POST, "/v1/meet-me", "{\"number\":\"2001\"}", 409, "line-exists");
    refused(w, RF_HTTP_DELETE, "/v1/meet-me", "{\"number\":\"5000\"}", 404, "meet-me-unknown");
    answers(w, RF_HTTP_POST, "/v1/meet-me", "{\"number\":\"5000\"}", 201);
    refused(w, RF_HTTP_PUT, DEVICE, "{\"lines\":[{\"dn\":\"5000\"}]}", 409, "meet-me-exists");
    w->set_fails = RF_ERR_EXISTS;
    refused(w, RF_HTTP_POST, "/v1/meet-me", "{\"number\":\"5001\"}", 500, "line-number-taken");
}

/* ---- records ---- */

static void records_are_shown(void **state)
{
    struct world *w = *state;
    struct rf_store_call c[2] = {{.run = 1,
                                  .call = 7,
                                  .start_s = 100,
                                  .answered_s = 110,
                                  .end_s = 130,
                                  .code = 16,
                                  .cause = "normal",
                                  .security = "encrypted",
                                  .codec = "G722",
                                  .original = "2005",
                                  .redirecting = "2006",
                                  .by = PHONE_B,
                                  .ends = {{.device = PHONE_A,
                                            .number = "2001",
                                            .name = "Ada",
                                            .signalling = "encrypted",
                                            .srtp = "AEAD_AES_128_GCM",
                                            .cert = {0xab},
                                            .has_cert = true},
                                           {.device = PHONE_B, .number = "2002"}}},
                                 {.run = 1,
                                  .call = 8,
                                  .end_s = 140,
                                  .cause = "busy",
                                  .security = "unknown",
                                  .ends = {{.device = PHONE_A}}}};
    assert_err(rf_store_call_add(w->store, c, 2, NULL), RF_OK);
    answers(w, RF_HTTP_GET, "/v1/calls/history?device=" PHONE_B, NULL, 200);
    assert_int_equal(number_of(w, "calls.0.call"), 7);
    assert_int_equal(number_of(w, "calls.0.seconds"), 20);
    assert_int_equal(number_of(w, "calls.0.code"), 16);
    assert_string_equal(text_of(w, "calls.0.calling"), "2001");
    assert_string_equal(text_of(w, "calls.0.calling_srtp"), "AEAD_AES_128_GCM");
    assert_non_null(strstr(text_of(w, "calls.0.calling_certificate"), "ab000000"));
    assert_string_equal(text_of(w, "calls.0.called_device"), PHONE_B);
    assert_string_equal(text_of(w, "calls.0.original"), "2005");
    assert_string_equal(text_of(w, "calls.0.by"), PHONE_B);
    assert_null(member(w, "calls.1"));
    answers(w, RF_HTTP_GET, "/v1/calls/history?since=135", NULL, 200);
    assert_int_equal(number_of(w, "calls.0.call"), 8);
    assert_int_equal(number_of(w, "calls.0.seconds"), 0);
    answers(w, RF_HTTP_GET, "/v1/calls/history?limit=1", NULL, 200);
    assert_int_equal(number_of(w, "calls.0.call"), 8);
    refused(w, RF_HTTP_GET, "/v1/calls/history?limit=10001", NULL, 400, "query");
    refused(w, RF_HTTP_GET, "/v1/calls/history?since=x", NULL, 400, "query");
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(rules_of_lines_are_set_and_shown),
        IN_WORLD(one_line_is_changed_and_the_others_stay),
        IN_WORLD(what_a_line_cannot_be_is_refused),
        IN_WORLD(sec_89_a_protected_phone_is_a_secure_one),
        IN_WORLD(meet_me_numbers_reach_call_control),
        IN_WORLD(a_meet_me_number_that_cannot_be_is_refused),
        IN_WORLD(records_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
