/* SPDX-License-Identifier: Apache-2.0 */
/* Blocked certificates: kept, found again, and revoked wherever a device's are read. */
#include "store_place.h"

#define NOW   1796083200
#define PHONE "SEP001122334455"

static struct rf_store_cert cert_of(uint8_t mark)
{
    struct rf_store_cert c = {.der = RF_BUF(RF_STORE_DER_MAX),
                              .device = PHONE,
                              .serial = "01",
                              .not_before_s = NOW,
                              .not_after_s = NOW + 1000};
    memset(c.sha256, mark, sizeof c.sha256);
    assert_err(rf_buf_add(&c.der, &mark, 1), RF_OK);
    return c;
}

static void give_lsc(struct place *p, uint8_t mark)
{
    struct rf_store_capf op = {
        .device = PHONE, .op = RF_STORE_OP_INSTALL, .auth = RF_STORE_AUTH_MIC};
    struct rf_store_cert c = cert_of(mark);
    int64_t id = 0;
    assert_err(rf_store_capf_schedule(p->store, &op, NOW, NULL, &id, NULL), RF_OK);
    assert_err(rf_store_capf_issue(p->store, id, &c, NOW, NULL, NULL), RF_OK);
    assert_err(rf_store_capf_confirm(p->store, PHONE, c.sha256, NOW, NULL, NULL), RF_OK);
    rf_store_cert_fini(&c);
}

/* A phone with an LSC that was replaced (1), the present one (2), and its MIC (3). */
static void add_phone(struct place *p)
{
    struct rf_store_phone phone = {.device = {.name = PHONE, .mode = RF_STORE_ENCRYPTED}};
    struct rf_store_cert mic = cert_of(3);
    assert_err(rf_store_device_add(p->store, &phone, NOW, NULL, NULL), RF_OK);
    give_lsc(p, 1);
    give_lsc(p, 2);
    assert_err(rf_store_mic_note(p->store, &mic, NOW, NULL), RF_OK);
    rf_store_cert_fini(&mic);
}

static struct rf_store_block block_of(uint8_t mark, const char *reason)
{
    struct rf_store_block b = {.at_s = NOW};
    memset(b.sha256, mark, sizeof b.sha256);
    snprintf(b.reason, sizeof b.reason, "%s", reason);
    return b;
}

static enum rf_store_cert_state state_of(struct place *p, uint8_t mark)
{
    struct rf_store_cert c = {0};
    uint8_t sha256[32];
    memset(sha256, mark, sizeof sha256);
    assert_err(rf_store_cert_load(p->store, sha256, &c, NULL), RF_OK);
    enum rf_store_cert_state state = c.state;
    rf_store_cert_fini(&c);
    return state;
}

static struct rf_store_blocks listed(struct place *p)
{
    struct rf_store_blocks all = {.n = 0};
    place_open(p); /* as after a new start */
    assert_err(rf_store_block_list(p->store, &all, NULL), RF_OK);
    return all;
}

static void one_is_blocked_with_its_reason_and_let_go(void **state)
{
    struct place *p = *state;
    struct rf_store_block known = block_of(2, "stolen"), foreign = block_of(9, "");
    struct rf_why why = {0};
    add_phone(p);
    uint64_t before = rf_store_generation(p->store);
    assert_err(rf_store_block_save(p->store, &known, NULL, NULL), RF_OK);
    assert_true(rf_store_generation(p->store) != before); /* configurations depend on it */
    assert_err(rf_store_block_save(p->store, &foreign, NULL, NULL), RF_OK);
    struct rf_store_blocks all = listed(p);
    assert_int_equal(all.n, 2);
    assert_string_equal(all.items[0].device, PHONE);
    assert_string_equal(all.items[0].reason, "stolen");
    assert_int_equal(all.items[0].at_s, NOW);
    assert_string_equal(all.items[1].device, "");
    rf_store_blocks_fini(&all);
    assert_int_equal(state_of(p, 2), RF_STORE_CERT_REVOKED);
    assert_int_equal(state_of(p, 3), RF_STORE_CERT_CONFIRMED);
    assert_err(rf_store_block_remove(p->store, &known, NULL, NULL), RF_OK);
    assert_int_equal(state_of(p, 2), RF_STORE_CERT_CONFIRMED);
    assert_refused(rf_store_block_remove(p->store, &known, NULL, &why), RF_ERR_NOT_FOUND, why,
                   "block-unknown");
}

static void all_of_a_device_are_blocked_but_those_that_ended(void **state)
{
    struct place *p = *state;
    struct rf_store_block what = {.device = PHONE, .at_s = NOW};
    struct rf_store_endings ending = {.n = 0};
    struct rf_why why = {0};
    assert_refused(rf_store_block_save(p->store, &what, NULL, &why), RF_ERR_NOT_FOUND, why,
                   "cert-unknown");
    add_phone(p);
    assert_err(rf_store_block_save(p->store, &what, NULL, NULL), RF_OK);
    struct rf_store_blocks all = listed(p);
    assert_int_equal(all.n, 2);
    rf_store_blocks_fini(&all);
    assert_int_equal(state_of(p, 1), RF_STORE_CERT_SUPERSEDED);
    assert_int_equal(state_of(p, 2), RF_STORE_CERT_REVOKED);
    assert_int_equal(state_of(p, 3), RF_STORE_CERT_REVOKED);
    assert_err(rf_store_ending_list(p->store, INT64_MAX, &ending, NULL), RF_OK);
    assert_int_equal(ending.n, 0); /* nobody relies on them */
    give_lsc(p, 4);                /* what it gets later is another matter */
    assert_int_equal(state_of(p, 4), RF_STORE_CERT_CONFIRMED);
    assert_err(rf_store_block_remove(p->store, &what, NULL, NULL), RF_OK);
    all = listed(p);
    assert_int_equal(all.n, 0);
    rf_store_blocks_fini(&all);
}

static void the_list_has_an_end(void **state)
{
    struct place *p = *state;
    struct rf_why why = {0};
    for (unsigned i = 0; i <= RF_STORE_BLOCKED_MAX; i++) {
        struct rf_store_block b = block_of((uint8_t)i, "");
        b.sha256[0] = (uint8_t)(i >> 8);
        if (i < RF_STORE_BLOCKED_MAX)
            assert_err(rf_store_block_save(p->store, &b, NULL, NULL), RF_OK);
        else
            assert_refused(rf_store_block_save(p->store, &b, NULL, &why), RF_ERR_LIMIT, why,
                           "store-full");
    }
    struct rf_store_blocks all = listed(p);
    assert_int_equal(all.n, RF_STORE_BLOCKED_MAX);
    rf_store_blocks_fini(&all);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(one_is_blocked_with_its_reason_and_let_go),
        IN_PLACE(all_of_a_device_are_blocked_but_those_that_ended),
        IN_PLACE(the_list_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
