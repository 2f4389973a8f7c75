/* SPDX-License-Identifier: Apache-2.0 */
/* Blocking over the admin API: what is asked, in which order it takes effect, and who is told. */
#include "admin_world.h"

#define ONES   "1111111111111111111111111111111111111111111111111111111111111111"
#define BY_ONE "{\"fingerprint\":\"" ONES "\"}"

static void a_certificate_is_blocked_shown_and_let_go(void **state)
{
    struct world *w = *state;
    answers(w, RF_HTTP_POST, "/v1/blocked", "{\"fingerprint\":\"" ONES "\",\"reason\":\"stolen\"}",
            200);
    assert_string_equal(rf_json_str(w->json, "fingerprint"), ONES);
    assert_string_equal(w->blocking, "renew end "); /* nobody who is cut off comes back */
    answers(w, RF_HTTP_GET, "/v1/blocked", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "blocked")), 1);
    assert_string_equal(rf_json_str(member(w, "blocked.0"), "fingerprint"), ONES);
    assert_string_equal(text_of(w, "blocked.0.reason"), "stolen");
    assert_int_equal(number_of(w, "blocked.0.since_s"), WORLD_NOW);
    answers(w, RF_HTTP_DELETE, "/v1/blocked", BY_ONE, 200);
    assert_string_equal(w->blocking, "renew end renew ");
    refused(w, RF_HTTP_DELETE, "/v1/blocked", BY_ONE, 404, "block-unknown");
    answers(w, RF_HTTP_GET, "/v1/events", NULL, 200);
    assert_string_equal(text_of(w, "events.0.code"), "cert-blocked");
    assert_string_equal(text_of(w, "events.0.text"),
                        "blocked: certificate 1111111111111111: stolen");
    assert_string_equal(text_of(w, "events.1.code"), "cert-unblocked");
}

static void its_device_is_looked_at_again(void **state)
{
    struct world *w = *state;
    struct rf_store_cert mic = {.der = RF_BUF(RF_STORE_DER_MAX), .device = PHONE_A, .serial = "1"};
    memset(mic.sha256, 0x11, sizeof mic.sha256);
    assert_err(rf_buf_add(&mic.der, "x", 1), RF_OK);
    assert_err(rf_store_mic_note(w->store, &mic, WORLD_NOW, NULL), RF_OK);
    rf_store_cert_fini(&mic);
    answers(w, RF_HTTP_POST, "/v1/blocked", BY_ONE, 200);
    answers(w, RF_HTTP_DELETE, "/v1/blocked", "{\"device\":\"" PHONE_A "\"}", 200);
    assert_string_equal(w->blocking, "renew end " PHONE_A " renew " PHONE_A " ");
    answers(w, RF_HTTP_GET, "/v1/events", NULL, 200);
    assert_string_equal(text_of(w, "events.0.device"), PHONE_A);
    assert_string_equal(text_of(w, "events.1.device"), PHONE_A);
}

static void which_one_has_to_be_said(void **state)
{
    struct world *w = *state;
    static const char *const bad[] = {
        "{}",
        "{\"fingerprint\":\"" ONES "\",\"device\":\"" PHONE_A "\"}",
        "{\"fingerprint\":\"11\"}",
        "{\"fingerprint\":\"" ONES "11\"}",
        "{\"fingerprint\":7}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(w, RF_HTTP_POST, "/v1/blocked", bad[i], 400, "value");
    refused(w, RF_HTTP_POST, "/v1/blocked", "{\"device\":\"SEP00112233445566\"}", 400,
            "device-name");
    refused(w, RF_HTTP_POST, "/v1/blocked", "{\"device\":\"" PHONE_A "\"}", 404, "cert-unknown");
    refused(w, RF_HTTP_POST, "/v1/blocked", "{\"fingerprint\":\"" ONES "\",\"why\":\"x\"}", 400,
            "json-unknown");
    assert_string_equal(w->blocking, "");
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_certificate_is_blocked_shown_and_let_go),
        IN_WORLD(its_device_is_looked_at_again),
        IN_WORLD(which_one_has_to_be_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
