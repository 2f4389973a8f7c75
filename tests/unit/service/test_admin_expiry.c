/* SPDX-License-Identifier: Apache-2.0 */
/* Over the admin API: what ends, the soonest first, and whose LSCs are due. */
#include "admin_world.h"

#include "../trust/pki.h"

#define DAY ((int64_t)86400)

static void add_device(struct world *w, const char *name)
{
    RF_AUTO(rf_freep)
    char *body = rf_strf("{\"name\":\"%s\",\"model\":\"8861\"}", name);
    answers(w, RF_HTTP_POST, "/v1/devices", body, 201);
}

/* Directly into the database, which nobody else uses between two requests. */
static void give_lsc(struct world *w, const char *device, uint8_t mark, int64_t from_s,
                     int64_t until_s)
{
    struct rf_store_capf op = {.op = RF_STORE_OP_INSTALL, .auth = RF_STORE_AUTH_MIC};
    struct rf_store_cert c = {.der = RF_BUF(RF_STORE_DER_MAX),
                              .serial = "01",
                              .not_before_s = from_s,
                              .not_after_s = until_s};
    int64_t id = 0;
    snprintf(op.device, sizeof op.device, "%s", device);
    snprintf(c.device, sizeof c.device, "%s", device);
    memset(c.sha256, mark, sizeof c.sha256);
    assert_err(rf_buf_add(&c.der, &mark, 1), RF_OK);
    assert_err(rf_store_capf_schedule(w->store, &op, from_s, NULL, &id, NULL), RF_OK);
    assert_err(rf_store_capf_issue(w->store, id, &c, from_s, NULL, NULL), RF_OK);
    assert_err(rf_store_capf_confirm(w->store, device, c.sha256, from_s, NULL, NULL), RF_OK);
    rf_store_cert_fini(&c);
}

static void sec_112_the_status_shows_what_ends_and_what_to_do(void **state)
{
    struct world *w = *state;
    struct id ccm = self_id(RF_CERT_ROLE_CCM, "ccm", 0);
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(4 * RF_CERT_DER_MAX);
    RF_AUTO(rf_freep) char *path = rf_site_path(&w->site, RF_SITE_CERT_CCM);
    add_device(w, PHONE_A);
    add_device(w, PHONE_B);
    answers(w, RF_HTTP_GET, "/v1/status", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "ending")), 0);
    assert_err(rf_cert_to_pem(ccm.cert, &pem), RF_OK);
    assert_err(rf_file_replace(path, rf_buf_slice(&pem), RF_FILE_PUBLIC, NULL), RF_OK);
    give_lsc(w, PHONE_A, 1, WORLD_NOW - 300 * DAY, WORLD_NOW + 20 * DAY);
    give_lsc(w, PHONE_B, 2, WORLD_NOW - 300 * DAY, WORLD_NOW - 1);
    answers(w, RF_HTTP_GET, "/v1/status", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "ending")), 2); /* the call manager's is far */
    assert_int_equal(number_of(w, "ending_within_180_days"), 2);
    assert_string_equal(text_of(w, "ending.0.kind"), "LSC");
    assert_string_equal(text_of(w, "ending.0.device"), PHONE_B);
    assert_string_equal(text_of(w, "ending.0.days_left"), "-1");
    assert_string_equal(text_of(w, "ending.1.device"), PHONE_A);
    assert_int_equal(number_of(w, "ending.1.days_left"), 20);
    assert_int_equal(number_of(w, "ending.1.not_after_s"), WORLD_NOW + 20 * DAY);
    assert_string_equal(text_of(w, "ending.1.next"),
                        "`ringfence capf install " PHONE_A " --auth lsc`");
    id_fini(&ccm);
}

static void a_fleet_does_not_fill_the_status(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < 101; i++) {
        char name[RF_STORE_DEVICE_NAME];
        snprintf(name, sizeof name, "SEP0000000000%02X", i);
        struct rf_store_phone phone = {.device = {.mode = RF_STORE_ENCRYPTED}};
        memcpy(phone.device.name, name, sizeof name);
        assert_err(rf_store_device_add(w->store, &phone, WORLD_NOW, NULL, NULL), RF_OK);
        give_lsc(w, name, (uint8_t)i, WORLD_NOW - 300 * DAY, WORLD_NOW + (int64_t)i);
    }
    answers(w, RF_HTTP_GET, "/v1/status", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "ending")), 100);
    assert_int_equal(number_of(w, "ending_within_180_days"), 101);
    assert_string_equal(text_of(w, "ending.0.device"), "SEP000000000000");
    answers(w, RF_HTTP_GET, "/v1/capf/due", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "due")), 101);
}

static void lscs_are_due_after_two_thirds_of_their_life(void **state)
{
    struct world *w = *state;
    add_device(w, PHONE_A);
    add_device(w, PHONE_B);
    give_lsc(w, PHONE_A, 1, WORLD_NOW - 199 * DAY, WORLD_NOW + 101 * DAY);
    answers(w, RF_HTTP_GET, "/v1/capf/due", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "due")), 0);
    give_lsc(w, PHONE_A, 2, WORLD_NOW - 200 * DAY, WORLD_NOW + 100 * DAY);
    give_lsc(w, PHONE_B, 3, WORLD_NOW - 200 * DAY, WORLD_NOW - 1);
    answers(w, RF_HTTP_GET, "/v1/capf/due", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "due")), 2);
    assert_string_equal(text_of(w, "due.0.device"), PHONE_B);
    assert_string_equal(text_of(w, "due.0.state"), "expired");
    assert_string_equal(text_of(w, "due.1.device"), PHONE_A);
    assert_string_equal(text_of(w, "due.1.state"), "due");
    assert_int_equal(number_of(w, "due.1.days_left"), 100);
    refused(w, RF_HTTP_POST, "/v1/capf/due", "{}", 405, "method");
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(sec_112_the_status_shows_what_ends_and_what_to_do),
        IN_WORLD(a_fleet_does_not_fill_the_status),
        IN_WORLD(lscs_are_due_after_two_thirds_of_their_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
