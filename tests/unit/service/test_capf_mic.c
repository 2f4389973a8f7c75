/* SPDX-License-Identifier: Apache-2.0 */
/* MICs that have expired: refused, or taken with a second factor, and with nothing else amiss. */
#include "capf_kit.h"

#define DAY_MS     ((uint64_t)86400 * 1000)
#define MIC_DAYS   800 /* of a MIC; 1000 those of its root (pki.h) */
#define STRING     "123456"
#define WITH_WRONG "123457"

static void set_policy(struct kit *k, enum rf_site_expired_mic policy)
{
    k->site->expired_mic = policy;
    kit_knobs(k);
}

static void go_to_day(struct kit *k, unsigned day)
{
    int64_t passed_s = rf_wall_s(&k->clock.clock) - TEST_NOW;
    kit_wait_ms(k, day * DAY_MS - (uint64_t)passed_s * 1000);
}

/* A session with this certificate and string, with SUDI data too; the operation as it was. */
static struct kit_link *say(struct kit *k, const struct id *id, const char *string, bool has_sudi)
{
    struct rf_why why = {0};
    struct claim c;
    assert_err(rf_store_proof_forget(k->store, INT64_MAX, &why), RF_OK);
    struct kit_link *l = kit_open(k, HERE);
    claim_make(&c, PHONE, PHONE, id, false);
    if (has_sudi)
        claim_add_sudi(&c, id, l->id, false);
    c.msg.has_password = string != NULL;
    c.msg.password = rf_slice_str(string);
    kit_say(k, l, &c.msg);
    claim_fini(&c);
    return l;
}

static void expect_refused(struct kit *k, struct kit_link *l, const char *code)
{
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, code);
}

static void schedule(struct kit *k, enum rf_store_auth auth, const char *string)
{
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, auth, string);
}

static void list(struct kit *k, int64_t days)
{
    struct rf_why why = {0};
    struct rf_store_mic_allow allow = {
        .device = PHONE, .added_s = TEST_NOW, .until_s = TEST_NOW + days * 86400};
    assert_err(rf_store_mic_allow_save(k->store, &allow, NULL, &why), RF_OK);
}

static void an_expired_mic_is_refused_sec_39(void **state)
{
    struct kit *k = *state;
    schedule(k, RF_STORE_AUTH_MIC, STRING);
    list(k, 2000);
    kit_finish_install(k, say(k, &k->mic, STRING, false)); /* while it holds */
    go_to_day(k, MIC_DAYS + 1);
    schedule(k, RF_STORE_AUTH_MIC, STRING);
    expect_refused(k, say(k, &k->mic, STRING, false), "cert-expired");
    assert_int_equal(kit_op(k, PHONE).tries_left, RF_STORE_STRING_TRIES);
}

static void with_a_string_it_will_do_sec_39(void **state)
{
    struct kit *k = *state;
    set_policy(k, RF_SITE_EXPIRED_WITH_STRING);
    go_to_day(k, MIC_DAYS + 1);
    schedule(k, RF_STORE_AUTH_MIC, STRING);
    expect_refused(k, say(k, &k->mic, NULL, false), "no-string");
    assert_int_equal(kit_op(k, PHONE).tries_left, RF_STORE_STRING_TRIES);
    expect_refused(k, say(k, &k->mic, WITH_WRONG, false), "bad-string");
    assert_int_equal(kit_op(k, PHONE).tries_left, RF_STORE_STRING_TRIES - 1);
    kit_finish_install(k, say(k, &k->mic, STRING, true));
    assert_string_equal(kit_op(k, PHONE).string_hash, "");
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_MIC, RF_STORE_CERT_CONFIRMED), 1);
}

static void that_it_was_taken_is_an_event_sec_39(void **state)
{
    struct kit *k = *state;
    set_policy(k, RF_SITE_EXPIRED_WITH_STRING);
    go_to_day(k, MIC_DAYS + 1);
    schedule(k, RF_STORE_AUTH_MIC, STRING);
    struct kit_link *l = say(k, &k->mic, STRING, false);
    kit_expect_event(k, PHONE, "expired-mic");
    kit_lose(k, l);
    kit_pump(k);
}

static void the_string_alone_is_no_proof_sec_39(void **state)
{
    struct kit *k = *state;
    set_policy(k, RF_SITE_EXPIRED_WITH_STRING);
    go_to_day(k, MIC_DAYS + 1);
    schedule(k, RF_STORE_AUTH_MIC, STRING);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, STRING);
    expect_refused(k, l, "no-cert");
    struct id forged = {.cert = rf_cert_ref(k->mic.cert)};
    id_set_key(&forged, new_key(0));
    expect_refused(k, say(k, &forged, STRING, false), "proof-mismatch");
    expect_refused(k, say(k, &forged, WITH_WRONG, false), "proof-mismatch");
    id_fini(&forged);
    /* who has not the key learns nothing about the string */
    assert_int_equal(kit_op(k, PHONE).tries_left, RF_STORE_STRING_TRIES);
}

static void an_operation_without_string_sec_39(void **state)
{
    struct kit *k = *state;
    set_policy(k, RF_SITE_EXPIRED_WITH_STRING);
    go_to_day(k, MIC_DAYS + 1);
    schedule(k, RF_STORE_AUTH_MIC, NULL);
    expect_refused(k, say(k, &k->mic, STRING, false), "mic-no-string");
}

static void five_wrong_ones_lock_it_sec_39(void **state)
{
    struct kit *k = *state;
    set_policy(k, RF_SITE_EXPIRED_WITH_STRING);
    go_to_day(k, MIC_DAYS + 1);
    schedule(k, RF_STORE_AUTH_MIC, STRING);
    for (unsigned i = 0; i < RF_STORE_STRING_TRIES; i++)
        expect_refused(k, say(k, &k->mic, WITH_WRONG, false), "bad-string");
    expect_refused(k, say(k, &k->mic, STRING, false), "string-locked");
    schedule(k, RF_STORE_AUTH_MIC, STRING);
    kit_finish_install(k, say(k, &k->mic, STRING, false));
}

static void the_string_ends_sec_39(void **state)
{
    struct kit *k = *state;
    set_policy(k, RF_SITE_EXPIRED_WITH_STRING);
    go_to_day(k, MIC_DAYS + 1);
    struct rf_store_capf op = kit_operation(PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_MIC, STRING);
    op.string_expires_s = rf_wall_s(&k->clock.clock) + 3600;
    kit_schedule_as(k, &op);
    kit_wait_ms(k, 3601 * 1000);
    expect_refused(k, say(k, &k->mic, STRING, false), "string-expired");
}

static void listed_or_not_sec_39(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    set_policy(k, RF_SITE_EXPIRED_LISTED);
    go_to_day(k, MIC_DAYS + 1);
    schedule(k, RF_STORE_AUTH_MIC, NULL);
    expect_refused(k, say(k, &k->mic, NULL, false), "mic-not-listed");
    list(k, MIC_DAYS + 3);
    struct kit_link *l = say(k, &k->mic, NULL, true);
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_lose(k, l);
    kit_pump(k);
    assert_err(rf_store_mic_allow_remove(k->store, PHONE, NULL, &why), RF_OK);
    expect_refused(k, say(k, &k->mic, NULL, true), "mic-not-listed");
    list(k, MIC_DAYS + 3);
    go_to_day(k, MIC_DAYS + 4);
    expect_refused(k, say(k, &k->mic, NULL, true), "mic-list-ended");
    list(k, MIC_DAYS + 5);
    kit_finish_install(k, say(k, &k->mic, NULL, true));
}

/* Everything else is asked as ever. */
static void nothing_else_is_excused_sec_39(void **state)
{
    struct kit *k = *state;
    struct id other = mic_id(OTHER, &k->mic_root, 0);
    struct id stranger = self_id(RF_CERT_ROLE_MIC_ROOT, "Another CA", 0);
    struct id strange = mic_id(PHONE, &stranger, 0);
    struct id short_key = mic_id(PHONE, &k->mic_root, 1024);
    set_policy(k, RF_SITE_EXPIRED_LISTED);
    list(k, 2000);
    go_to_day(k, MIC_DAYS + 1);
    schedule(k, RF_STORE_AUTH_MIC, NULL);
    expect_refused(k, say(k, &other, NULL, false), "name-mismatch");
    expect_refused(k, say(k, &strange, NULL, false), "path-unknown-issuer");
    expect_refused(k, say(k, &short_key, NULL, false), "key-too-short");
    k->site->accept_mic_for_capf = false;
    kit_knobs(k);
    expect_refused(k, say(k, &k->mic, NULL, false), "mic-not-accepted");
    k->site->accept_mic_for_capf = true;
    kit_knobs(k);
    kit_finish_install(k, say(k, &k->mic, NULL, false));
    id_fini(&other);
    id_fini(&strange);
    id_fini(&stranger);
    id_fini(&short_key);
}

/* Its beginning, never: the clock is wrong, or the certificate is. */
static void a_mic_of_the_future_is_refused_sec_39(void **state)
{
    struct kit *k = *state;
    struct id future = {0};
    id_set_key(&future, new_key(0));
    struct rf_issue_mic spec = {.device_name = rf_slice_str(PHONE),
                                .model = rf_slice_str("8861"),
                                .serial_number = rf_slice_str("RF000001"),
                                .org = "Ringfence test",
                                .spki = rf_key_spki(future.key),
                                .now_s = TEST_NOW + (int64_t)30 * 86400,
                                .days = 800};
    assert_err(rf_issue_mic(&spec, k->mic_root.cert, k->mic_root.vault, &future.cert, NULL), RF_OK);
    set_policy(k, RF_SITE_EXPIRED_LISTED);
    list(k, 2000);
    schedule(k, RF_STORE_AUTH_MIC, NULL);
    expect_refused(k, say(k, &future, NULL, false), "cert-not-yet");
    id_fini(&future);
}

/* The maker's CA ended as well: by the same second factor, and not without. */
static void the_makers_ca_may_have_ended_too_sec_39(void **state)
{
    struct kit *k = *state;
    go_to_day(k, 1001);
    schedule(k, RF_STORE_AUTH_MIC, STRING);
    expect_refused(k, say(k, &k->mic, STRING, false), "cert-expired");
    set_policy(k, RF_SITE_EXPIRED_WITH_STRING);
    expect_refused(k, say(k, &k->mic, WITH_WRONG, false), "bad-string");
    struct kit_link *l = say(k, &k->mic, STRING, false);
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_lose(k, l);
    kit_pump(k);
}

/* An LSC can be issued anew, so an expired one is none, whatever the policy; also that of another
 * site's issuer. */
static void an_expired_lsc_is_no_mic_sec_39(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    struct id elsewhere = self_id(RF_CERT_ROLE_MIC_ROOT, "CAPF of another site", 0);
    struct id theirs = mic_id(PHONE, &elsewhere, 0);
    assert_err(rf_anchors_add(k->anchors, elsewhere.cert, &why), RF_OK);
    k->site->lsc_days = 100;
    set_policy(k, RF_SITE_EXPIRED_LISTED);
    list(k, 2000);
    kit_install(k);
    go_to_day(k, MIC_DAYS + 1);
    schedule(k, RF_STORE_AUTH_LSC, NULL);
    expect_refused(k, say(k, &k->lsc, NULL, false), "cert-expired");
    expect_refused(k, say(k, &theirs, NULL, false), "cert-expired");
    struct kit_link *l = say(k, &k->mic, NULL, false); /* "LSC, else MIC" */
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_lose(k, l);
    kit_pump(k);
    id_fini(&theirs);
    id_fini(&elsewhere);
}

/* One that is good needs no string, and is not taken for an expired one. */
static void a_mic_that_holds_needs_no_string_sec_39(void **state)
{
    struct kit *k = *state;
    set_policy(k, RF_SITE_EXPIRED_WITH_STRING);
    schedule(k, RF_STORE_AUTH_MIC, NULL);
    kit_finish_install(k, say(k, &k->mic, NULL, false));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)
    const struct CMUnitTest tests[] = {
        T(an_expired_mic_is_refused_sec_39),
        T(with_a_string_it_will_do_sec_39),
        T(that_it_was_taken_is_an_event_sec_39),
        T(the_string_alone_is_no_proof_sec_39),
        T(an_operation_without_string_sec_39),
        T(five_wrong_ones_lock_it_sec_39),
        T(the_string_ends_sec_39),
        T(listed_or_not_sec_39),
        T(nothing_else_is_excused_sec_39),
        T(a_mic_of_the_future_is_refused_sec_39),
        T(the_makers_ca_may_have_ended_too_sec_39),
        T(an_expired_lsc_is_no_mic_sec_39),
        T(a_mic_that_holds_needs_no_string_sec_39),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
