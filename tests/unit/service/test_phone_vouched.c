/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration that came unsigned from a file server of the lists, over TLS: it is in force, it
 * is there at the next boot, and what was signed before it does not undo it. */
#include "phone_kit.h"

#define STORED "config.cnf.xml.sgn"

static void serve_signed(struct kit *k, uint32_t mode, const char *server, uint32_t timestamp)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    c->security_mode = mode;
    snprintf(c->cm[0].name, sizeof c->cm[0].name, "%s", server);
    k->via = RF_FETCH_TFTP;
    kit_serve(k, CONFIG, kit_signed(c, CONFIG, &ids.tftp, RF_DIGEST_SHA512, timestamp));
}

/* The same without a signature, by HTTPS. */
static void serve_vouched(struct kit *k, uint32_t mode, const char *server)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    c->security_mode = mode;
    snprintf(c->cm[0].name, sizeof c->cm[0].name, "%s", server);
    k->via = RF_FETCH_HTTPS;
    kit_serve(k, CONFIG, kit_signed(c, CONFIG, NULL, RF_DIGEST_SHA512, 0));
}

static void boots_to(struct kit *k, enum rf_station_mode mode, const char *server)
{
    kit_boot(k);
    kit_until_registering(k);
    assert_int_equal(k->station.conf.mode, mode);
    assert_string_equal(k->station.conf.servers[0].host, server);
    kit_registered(k);
    kit_off(k);
}

static void rejects(struct kit *k)
{
    k->conf.has_file_rollback = true;
    k->conf.file_rollback = RF_ROLLBACK_REJECT;
}

/* Signed and non-secure at first, then encrypted, by HTTPS. */
static void raise_by_tls(struct kit *k)
{
    serve_signed(k, RF_PHONEXML_MODE_NON_SECURE, "192.0.2.5", TEST_NOW - 1000);
    boots_to(k, RF_STATION_NON_SECURE, "192.0.2.5");
    serve_vouched(k, RF_PHONEXML_MODE_ENCRYPTED, "192.0.2.9");
    boots_to(k, RF_STATION_ENCRYPTED, "192.0.2.9");
    assert_true(kit_saw(k, "verified=1 vouched=tls"));
}

static void what_tls_vouched_for_is_there_at_the_next_boot(void **state)
{
    struct kit *k = *state;
    raise_by_tls(k);
    kit_answer(k, CONFIG, RF_FETCH_TIMEOUT);
    boots_to(k, RF_STATION_ENCRYPTED, "192.0.2.9");
    assert_false(kit_saw(k, "config-refused"));
    /* Nothing of it lies in the clear. */
    RF_AUTO(rf_buf_fini) struct rf_buf stored = kit_flash_file(k, STORED);
    assert_int_equal(rf_slice_find(rf_buf_slice(&stored), rf_slice_str("192.0.2.9")), SIZE_MAX);
    assert_int_equal(rf_slice_find(rf_buf_slice(&stored), rf_slice_str("device")), SIZE_MAX);
}

/* A phone that never had a signed one, too. */
static void a_phone_that_only_knows_https_has_its_configuration(void **state)
{
    struct kit *k = *state;
    serve_vouched(k, RF_PHONEXML_MODE_ENCRYPTED, "192.0.2.9");
    boots_to(k, RF_STATION_ENCRYPTED, "192.0.2.9");
    kit_answer(k, CONFIG, RF_FETCH_NOT_FOUND);
    boots_to(k, RF_STATION_ENCRYPTED, "192.0.2.9");
}

static void the_same_again_writes_nothing(void **state)
{
    struct kit *k = *state;
    char before[65], after[65];
    raise_by_tls(k);
    kit_flash_hash(k, before);
    kit_pass(k, 5000);
    boots_to(k, RF_STATION_ENCRYPTED, "192.0.2.9");
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
    serve_vouched(k, RF_PHONEXML_MODE_ENCRYPTED, "192.0.2.10");
    boots_to(k, RF_STATION_ENCRYPTED, "192.0.2.10");
    kit_answer(k, CONFIG, RF_FETCH_TIMEOUT);
    boots_to(k, RF_STATION_ENCRYPTED, "192.0.2.10");
}

/* Whoever writes into the flash makes no configuration, and none is carried to another phone. */
static void a_sealed_configuration_that_was_changed_is_not_used(void **state)
{
    struct kit *k = *state;
    raise_by_tls(k);
    kit_answer(k, CONFIG, RF_FETCH_TIMEOUT);
    RF_AUTO(rf_buf_fini) struct rf_buf stored = kit_flash_file(k, STORED);
    const size_t at[] = {25, stored.len / 2, stored.len - 1};
    for (size_t i = 0; i < 3; i++) {
        stored.p[at[i]] ^= 1;
        kit_flash_put(k, STORED, rf_buf_slice(&stored));
        kit_boot(k);
        kit_until(k, "config-refused file=" STORED " code=stored-seal");
        kit_until(k, "not-registering code=no-configuration");
        kit_off(k);
        stored.p[at[i]] ^= 1;
    }
    kit_flash_put(k, STORED, rf_slice_part(rf_buf_slice(&stored), 0, 19));
    kit_boot(k);
    kit_until(k, "config-refused file=" STORED " code=stored-seal");
    kit_off(k);
    kit_flash_put(k, STORED, rf_buf_slice(&stored));
    boots_to(k, RF_STATION_ENCRYPTED, "192.0.2.9");
}

static void what_was_signed_before_is_older(void **state)
{
    struct kit *k = *state;
    raise_by_tls(k);
    rejects(k);
    /* The very file that was stored, and one that was signed after it and never seen. */
    static const uint32_t stamps[] = {TEST_NOW - 1000, TEST_NOW - 500};
    for (size_t i = 0; i < 2; i++) {
        serve_signed(k, RF_PHONEXML_MODE_NON_SECURE, "192.0.2.5", stamps[i]);
        boots_to(k, RF_STATION_ENCRYPTED, "192.0.2.9");
        assert_true(kit_saw(k, "config-refused file=" CONFIG " code=time-rollback"));
        assert_true(kit_saw(k, "status text=File auth error: " CONFIG));
    }
    /* The twin: signed since, it may lower the mode. */
    kit_pass(k, 60000);
    serve_signed(k, RF_PHONEXML_MODE_NON_SECURE, "192.0.2.5", TEST_NOW + 30);
    boots_to(k, RF_STATION_NON_SECURE, "192.0.2.5");
    assert_false(kit_saw(k, "older=1"));
}

static void an_older_one_is_told_where_it_is_taken(void **state)
{
    struct kit *k = *state;
    raise_by_tls(k);
    serve_signed(k, RF_PHONEXML_MODE_NON_SECURE, "192.0.2.5", TEST_NOW - 500);
    boots_to(k, RF_STATION_NON_SECURE, "192.0.2.5");
    assert_true(kit_saw(k, "older=1"));
}

/* The file as the server signed it when it was made, which is what TLS vouched for. */
static void the_same_content_signed_is_not_older(void **state)
{
    struct kit *k = *state;
    raise_by_tls(k);
    rejects(k);
    serve_signed(k, RF_PHONEXML_MODE_ENCRYPTED, "192.0.2.9", TEST_NOW - 300);
    boots_to(k, RF_STATION_ENCRYPTED, "192.0.2.9");
    assert_false(kit_saw(k, "config-refused"));
    assert_false(kit_saw(k, "older=1"));
    /* From here on its own stamp counts. */
    serve_signed(k, RF_PHONEXML_MODE_NON_SECURE, "192.0.2.5", TEST_NOW - 500);
    boots_to(k, RF_STATION_ENCRYPTED, "192.0.2.9");
    assert_true(kit_saw(k, "code=time-rollback"));
}

/* Without a clock what was known to be signed is older, and what was signed later is not. */
static void without_a_clock_the_last_stamp_counts(void **state)
{
    struct kit *k = *state;
    k->conf.no_clock = true;
    raise_by_tls(k);
    rejects(k);
    serve_signed(k, RF_PHONEXML_MODE_NON_SECURE, "192.0.2.5", TEST_NOW - 1000);
    boots_to(k, RF_STATION_ENCRYPTED, "192.0.2.9");
    assert_true(kit_saw(k, "code=time-rollback"));
    serve_signed(k, RF_PHONEXML_MODE_NON_SECURE, "192.0.2.5", TEST_NOW - 999);
    boots_to(k, RF_STATION_NON_SECURE, "192.0.2.5");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_up, kit_down)
    const struct CMUnitTest tests[] = {
        TEST(what_tls_vouched_for_is_there_at_the_next_boot),
        TEST(a_phone_that_only_knows_https_has_its_configuration),
        TEST(the_same_again_writes_nothing),
        TEST(a_sealed_configuration_that_was_changed_is_not_used),
        TEST(what_was_signed_before_is_older),
        TEST(an_older_one_is_told_where_it_is_taken),
        TEST(the_same_content_signed_is_not_older),
        TEST(without_a_clock_the_last_stamp_counts),
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
