/* SPDX-License-Identifier: Apache-2.0 */
/* What CAPF does for a phone that was let in: the messages, the certificate, the key that is not
 * taken, and who says that it is done. */
#include "capf_kit.h"

#include "base/text.h"

/* ---- install ---- */

static void install_by_string_sec_53(void **state)
{
    struct kit *k = *state;
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    struct kit_link *l = kit_open(k, HERE);
    assert_true(l->msg.has_version);
    assert_int_equal(l->msg.version, 3);
    assert_int_equal(l->msg.auth_type, RF_CAPF_AUTH_NONE);
    kit_say_string(k, l, PHONE, "123456");
    assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_IN_PROGRESS);
    kit_finish_install(k, l);
    struct rf_store_capf op = kit_op(k, PHONE);
    assert_int_equal(op.op, RF_STORE_OP_NONE);
    assert_string_equal(op.string_hash, ""); /* one use */
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
    kit_expect_event(k, PHONE, "installed");
    assert_string_equal(k->changed, PHONE);
    assert_true(k->changed_done);
    assert_int_equal(rf_capf_sessions_n(k->sessions), 0);
}

static void install_by_null_string_sec_53(void **state)
{
    struct kit *k = *state;
    k->site->capf_null_string = true;
    kit_knobs(k);
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_NULL, NULL);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, NULL);
    kit_finish_install(k, l);
}

static void install_by_mic_sec_53(void **state)
{
    struct kit *k = *state;
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_MIC, NULL);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &k->mic);
    kit_finish_install(k, l);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_MIC, RF_STORE_CERT_CONFIRMED), 1);
}

static void install_by_lsc_replaces_the_lsc_sec_53(void **state)
{
    struct kit *k = *state;
    kit_install(k);
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_LSC, NULL);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &k->lsc);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
    kit_finish_install(k, l);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_SUPERSEDED), 1);
}

static void the_certificate_is_as_rule_a8_says(void **state)
{
    struct kit *k = *state;
    kit_install(k);
    const struct rf_cert *c = k->lsc.cert;
    assert_slice_str(rf_cert_cn(c), PHONE);
    assert_slice_eq(rf_cert_issuer_der(c), rf_cert_subject_der(k->lsc_issuer.cert));
    assert_int_equal(rf_cert_san_n(c), 1);
    assert_slice_str(rf_cert_san(c, 0).value, PHONE);
    assert_string_equal(rf_cert_signature_digest(c), "sha256");
    int64_t now = rf_wall_s(&k->clock.clock);
    assert_in_range(rf_cert_not_after(c), now + 824 * 86400, now + 826 * 86400);
    assert_true(rf_cert_not_before(c) < now);
}

static void the_subject_may_have_the_model(void **state)
{
    struct kit *k = *state;
    k->site->lsc_subject = RF_SITE_SUBJECT_MODEL;
    kit_knobs(k);
    kit_install(k);
    assert_slice_str(rf_cert_cn(k->lsc.cert), "CP-8861-" PHONE);
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_LSC, NULL);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &k->lsc);
    kit_finish_install(k, l);
}

static void requests_carry_what_the_phone_needs(void **state)
{
    struct kit *k = *state;
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    assert_int_equal(l->msg.key_type, RF_CAPF_KEY_EC);
    assert_true(l->msg.has_curve && !l->msg.has_key_size);
    assert_int_equal(l->msg.curve, RF_CAPF_CURVE_P256);
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    kit_say_key(k, l, key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    assert_int_equal(l->msg.cert_type, RF_CAPF_CERT_LSC);
    assert_int_equal(l->msg.cert_inner_type, RF_CAPF_CERT_LSC);
    assert_int_equal(l->writes, 3); /* each message in one write */
}

static void rsa_is_asked_by_size_alone(void **state)
{
    struct kit *k = *state;
    struct rf_store_capf op =
        kit_operation(PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    op.key_type = RF_STORE_KEY_RSA;
    op.key_bits = 0; /* as the configuration says */
    kit_schedule_as(k, &op);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    assert_true(l->msg.has_key_size && !l->msg.has_key_type && !l->msg.has_curve);
    assert_int_equal(l->msg.key_size, 2048);
    struct id phone = fixture_id("phone");
    assert_int_equal(rf_key_bits(phone.key), 2048);
    kit_say_key(k, l, phone.key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    kit_say_reason(k, l, RF_CAPF_STORE_CERT_RES, RF_CAPF_REASON_UPDATE);
    kit_expect_end(k, l, RF_CAPF_REASON_UPDATE);
    id_fini(&phone);
}

static void p384_and_p521_are_asked_by_curve_sec_67(void **state)
{
    static const struct {
        uint32_t bits;
        uint8_t curve;
        enum rf_curve made;
    } rows[] = {{384, RF_CAPF_CURVE_P384, RF_CURVE_P384}, {521, RF_CAPF_CURVE_P521, RF_CURVE_P521}};
    struct kit *k = *state;
    for (size_t i = 0; i < 2; i++) {
        struct rf_why why = {0};
        RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
        struct rf_store_capf op =
            kit_operation(PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
        op.key_bits = rows[i].bits;
        kit_schedule_as(k, &op);
        struct kit_link *l = kit_open(k, HERE);
        kit_say_string(k, l, PHONE, "123456");
        kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
        assert_int_equal(l->msg.curve, rows[i].curve);
        assert_err(rf_key_new_ec(rows[i].made, &key, &why), RF_OK);
        kit_say_key(k, l, key);
        kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
        kit_say_reason(k, l, RF_CAPF_STORE_CERT_RES, RF_CAPF_REASON_UPDATE);
        kit_expect_end(k, l, RF_CAPF_REASON_UPDATE);
    }
}

/* To the request for a key on P-384, of an operation with or without an RSA key as backup. */
static struct kit_link *to_the_ec_key(struct kit *k, uint32_t backup)
{
    struct rf_store_capf op =
        kit_operation(PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    op.key_bits = 384;
    op.rsa_backup_bits = backup;
    kit_schedule_as(k, &op);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    assert_int_equal(l->msg.key_type, RF_CAPF_KEY_EC);
    return l;
}

static void ec_preferred_and_a_phone_without_it_sec_67(void **state)
{
    struct kit *k = *state;
    struct id phone = fixture_id("phone");
    struct kit_link *l = to_the_ec_key(k, 2048);
    kit_say_reason(k, l, RF_CAPF_KEYGEN_RES, RF_CAPF_REASON_INVALID);
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    assert_true(l->msg.has_key_size && !l->msg.has_key_type && !l->msg.has_curve);
    assert_int_equal(l->msg.key_size, 2048);
    kit_say_key(k, l, phone.key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    kit_say_reason(k, l, RF_CAPF_STORE_CERT_RES, RF_CAPF_REASON_UPDATE);
    kit_expect_end(k, l, RF_CAPF_REASON_UPDATE);
    id_fini(&phone);
}

static void a_phone_that_makes_neither_key_is_let_go_sec_67(void **state)
{
    struct kit *k = *state;
    struct kit_link *l = to_the_ec_key(k, 2048);
    kit_say_reason(k, l, RF_CAPF_KEYGEN_RES, RF_CAPF_REASON_INVALID);
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_say_reason(k, l, RF_CAPF_KEYGEN_RES, RF_CAPF_REASON_INVALID);
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, "phone-refused");
}

static void ec_only_and_a_phone_without_it_sec_67(void **state)
{
    struct kit *k = *state;
    struct kit_link *l = to_the_ec_key(k, 0);
    kit_say_reason(k, l, RF_CAPF_KEYGEN_RES, RF_CAPF_REASON_INVALID);
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, "phone-refused");
}

/* What was asked for last is what must come. */
static void an_ec_key_after_the_backup_was_asked_for_is_refused(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    struct kit_link *l = to_the_ec_key(k, 2048);
    kit_say_reason(k, l, RF_CAPF_KEYGEN_RES, RF_CAPF_REASON_INVALID);
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    assert_err(rf_key_new_ec(RF_CURVE_P384, &key, NULL), RF_OK);
    kit_say_key(k, l, key);
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, "weak-key");
}

static void a_key_the_site_forbids_is_not_asked_for(void **state)
{
    static const struct {
        enum rf_store_key_type type;
        uint32_t bits;
        bool is_fine;
    } rows[] = {{RF_STORE_KEY_RSA, 1024, false},
                {RF_STORE_KEY_RSA, 8192, false},
                {RF_STORE_KEY_RSA, 3072, true},
                {RF_STORE_KEY_EC, 255, false}};
    struct kit *k = *state;
    for (size_t i = 0; i < 4; i++) {
        struct rf_store_capf op =
            kit_operation(PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
        op.key_type = rows[i].type;
        op.key_bits = rows[i].bits;
        kit_schedule_as(k, &op);
        struct kit_link *l = kit_open(k, HERE);
        kit_say_string(k, l, PHONE, "123456");
        if (rows[i].is_fine) {
            kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
            kit_lose(k, l);
            kit_pump(k);
            continue;
        }
        kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
        kit_expect_failed(k, PHONE, "key-policy");
    }
}

/* ---- the key ---- */

static struct kit_link *to_the_key(struct kit *k, enum rf_store_key_type type, uint32_t bits)
{
    struct rf_store_capf op =
        kit_operation(PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    op.key_type = type;
    op.key_bits = bits;
    kit_schedule_as(k, &op);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    return l;
}

static void expect_weak(struct kit *k, struct kit_link *l)
{
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, "weak-key");
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED), 0);
}

static void a_key_of_another_size_or_type_is_refused_sec_61(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    RF_AUTO(rf_key_freep) struct rf_key *small = new_key(512);
    RF_AUTO(rf_key_freep) struct rf_key *p384 = NULL;
    assert_err(rf_key_new_ec(RF_CURVE_P384, &p384, &why), RF_OK);
    struct kit_link *l = to_the_key(k, RF_STORE_KEY_RSA, 2048);
    kit_say_key(k, l, small);
    expect_weak(k, l);
    l = to_the_key(k, RF_STORE_KEY_RSA, 2048);
    kit_say_key(k, l, p384);
    expect_weak(k, l);
    l = to_the_key(k, RF_STORE_KEY_EC, 256);
    kit_say_key(k, l, p384);
    expect_weak(k, l);
    l = to_the_key(k, RF_STORE_KEY_EC, 384);
    kit_say_key(k, l, p384);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
}

static void bytes_that_are_no_key_are_refused_sec_61(void **state)
{
    struct kit *k = *state;
    struct kit_link *l = to_the_key(k, RF_STORE_KEY_EC, 256);
    struct rf_capf_msg m = {.command = RF_CAPF_KEYGEN_RES,
                            .has_public_key = true,
                            .public_key = rf_slice_str("no key at all")};
    kit_say(k, l, &m);
    expect_weak(k, l);
}

static void a_key_used_before_is_refused_sec_61(void **state)
{
    struct kit *k = *state;
    kit_install(k);
    struct kit_link *l = to_the_key(k, RF_STORE_KEY_EC, 256);
    kit_say_key(k, l, k->lsc.key);
    expect_weak(k, l);
    l = to_the_key(k, RF_STORE_KEY_EC, 256);
    RF_AUTO(rf_key_freep) struct rf_key *fresh = new_key(0);
    kit_say_key(k, l, fresh);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
}

/* The certificate that was made for it never arrived, as far as the phone can tell. */
static void a_key_of_an_unconfirmed_certificate_may_come_again(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct kit_link *l = to_the_key(k, RF_STORE_KEY_EC, 256);
    kit_say_key(k, l, key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    kit_lose(k, l);
    kit_pump(k);
    l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_say_key(k, l, key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
}

static void a_phone_may_take_its_time_over_a_key(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct rf_capf_msg busy = {.command = RF_CAPF_IN_PROGRESS};
    struct kit_link *l = to_the_key(k, RF_STORE_KEY_EC, 256);
    for (int i = 0; i < 4; i++) {
        kit_wait_ms(k, 899 * 1000);
        kit_say(k, l, &busy);
        kit_expect_silence(k, l);
    }
    kit_say_key(k, l, key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
}

static void a_silent_phone_is_left(void **state)
{
    struct kit *k = *state;
    struct rf_capf_msg busy = {.command = RF_CAPF_IN_PROGRESS};
    struct kit_link *l = to_the_key(k, RF_STORE_KEY_EC, 256);
    kit_say(k, l, &busy);
    kit_wait_ms(k, 900 * 1000 - 1);
    kit_expect_silence(k, l);
    kit_wait_ms(k, 1);
    kit_expect_dropped(k, l);
    kit_expect_failed(k, PHONE, "lost-link");
}

/* "Operation completes by" means completes. */
static void the_window_may_close_while_the_key_is_made_sec_55(void **state)
{
    struct kit *k = *state;
    struct rf_store_capf op =
        kit_operation(PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    op.complete_by_s = rf_wall_s(&k->clock.clock) + 300;
    for (int late = 0; late < 2; late++) {
        RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
        op.complete_by_s = rf_wall_s(&k->clock.clock) + 300;
        kit_schedule_as(k, &op);
        struct kit_link *l = kit_open(k, HERE);
        kit_say_string(k, l, PHONE, "123456");
        kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
        kit_wait_ms(k, late ? 301000 : 299000);
        kit_say_key(k, l, key);
        if (late) {
            kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
            kit_expect_failed(k, PHONE, "expired-window");
        } else {
            kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
            kit_lose(k, l);
            kit_pump(k);
        }
    }
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED), 1);
}

static void the_string_may_expire_while_the_key_is_made(void **state)
{
    struct kit *k = *state;
    struct rf_store_capf op =
        kit_operation(PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    op.string_expires_s = rf_wall_s(&k->clock.clock) + 300;
    kit_schedule_as(k, &op);
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_wait_ms(k, 400000);
    kit_say_key(k, l, key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
}

/* ---- what goes wrong after that ---- */

static void a_phone_that_makes_no_key_has_refused(void **state)
{
    struct kit *k = *state;
    struct kit_link *l = to_the_key(k, RF_STORE_KEY_EC, 256);
    kit_say_reason(k, l, RF_CAPF_KEYGEN_RES, RF_CAPF_REASON_INVALID);
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, "phone-refused");
}

static struct kit_link *to_the_certificate(struct kit *k)
{
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct kit_link *l = to_the_key(k, RF_STORE_KEY_EC, 256);
    kit_say_key(k, l, key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    return l;
}

static void only_reason_1_confirms(void **state)
{
    static const uint8_t reasons[] = {0, 7, 9, 200};
    struct kit *k = *state;
    for (size_t i = 0; i < sizeof reasons; i++) {
        struct kit_link *l = to_the_certificate(k);
        kit_say_reason(k, l, RF_CAPF_STORE_CERT_RES, reasons[i]);
        kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
        kit_expect_failed(k, PHONE, "phone-refused");
        assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 0);
    }
}

static void a_response_without_reason_confirms_nothing(void **state)
{
    struct kit *k = *state;
    struct kit_link *l = to_the_certificate(k);
    struct rf_capf_msg m = {.command = RF_CAPF_STORE_CERT_RES};
    kit_say(k, l, &m);
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, "capf-no-reason");
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED), 1);
}

static void a_signer_that_is_gone_is_our_trouble(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct kit_link *l = to_the_key(k, RF_STORE_KEY_EC, 256);
    k->signer_fails = true;
    kit_say_key(k, l, key);
    kit_expect_dropped(k, l); /* the phone comes again as after a lost link */
    kit_expect_failed(k, PHONE, "ca-error");
    k->signer_fails = false;
    l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_finish_install(k, l);
}

static void a_certificate_by_another_issuer_is_not_given_out(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    id_fini(&k->issuing);
    k->issuing = self_id(RF_CERT_ROLE_LSC_ISSUER, "Test LSC issuer", 0);
    struct kit_link *l = to_the_key(k, RF_STORE_KEY_EC, 256);
    kit_say_key(k, l, key);
    kit_expect_dropped(k, l);
    kit_expect_failed(k, PHONE, "ca-error");
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED), 0);
}

static void an_operation_replaced_meanwhile_is_not_confirmed(void **state)
{
    struct kit *k = *state;
    struct kit_link *l = to_the_key(k, RF_STORE_KEY_EC, 256);
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "777777");
    kit_say_key(k, l, key);
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_event(k, PHONE, "op-ended");
    struct rf_store_capf op = kit_op(k, PHONE);
    assert_int_equal(op.state, RF_STORE_OP_PENDING); /* the new one is untouched */
    assert_int_equal(op.tries_left, RF_STORE_STRING_TRIES);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED), 0);
}

static void certificates_are_not_made_for_ever(void **state)
{
    struct kit *k = *state;
    k->site->capf_null_string = true;
    kit_knobs(k);
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_NULL, NULL);
    for (int i = 0; i < 33; i++) {
        RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
        kit_forget_links(k);
        struct kit_link *l = kit_open(k, HERE);
        kit_say_string(k, l, PHONE, NULL);
        kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
        kit_say_key(k, l, key);
        if (i < 32) {
            kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
            kit_lose(k, l);
            kit_pump(k);
        } else
            kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    }
    kit_expect_failed(k, PHONE, "never-confirmed");
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_NULL, NULL);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, NULL);
    kit_finish_install(k, l);
}

/* ---- delete, fetch, nothing ---- */

static void delete_revokes_sec_63(void **state)
{
    struct kit *k = *state;
    kit_install(k);
    kit_schedule(k, PHONE, RF_STORE_OP_DELETE, RF_STORE_AUTH_LSC, NULL);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &k->lsc);
    kit_expect(k, l, RF_CAPF_DELETE_CERT_REQ);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
    kit_say_reason(k, l, RF_CAPF_DELETE_CERT_RES, RF_CAPF_REASON_UPDATE);
    kit_expect_end(k, l, RF_CAPF_REASON_UPDATE);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_REVOKED), 1);
    assert_int_equal(kit_op(k, PHONE).op, RF_STORE_OP_NONE);
    kit_expect_event(k, PHONE, "deleted");
    assert_true(k->changed_done);
}

static void a_phone_that_keeps_its_lsc_has_not_deleted_it(void **state)
{
    struct kit *k = *state;
    kit_install(k);
    kit_schedule(k, PHONE, RF_STORE_OP_DELETE, RF_STORE_AUTH_LSC, NULL);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &k->lsc);
    kit_expect(k, l, RF_CAPF_DELETE_CERT_REQ);
    kit_say_reason(k, l, RF_CAPF_DELETE_CERT_RES, RF_CAPF_REASON_INVALID);
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, "phone-refused");
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
}

static struct kit_link *to_the_fetch(struct kit *k)
{
    kit_schedule(k, PHONE, RF_STORE_OP_FETCH, RF_STORE_AUTH_STRING, "123456");
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_FETCH_CERT_REQ);
    return l;
}

static void give_cert(struct kit *k, struct kit_link *l, const struct rf_cert *cert)
{
    struct rf_capf_msg m = {.command = RF_CAPF_FETCH_CERT_RES,
                            .has_reason = true,
                            .reason = RF_CAPF_REASON_UPDATE,
                            .has_cert = cert != NULL,
                            .cert_inner_type = RF_CAPF_CERT_MIC,
                            .cert = cert != NULL ? rf_cert_der(cert) : rf_slice_str(NULL)};
    kit_say(k, l, &m);
}

static void fetch_notes_the_mic_sec_63(void **state)
{
    struct kit *k = *state;
    struct kit_link *l = to_the_fetch(k);
    give_cert(k, l, k->mic.cert);
    kit_expect_end(k, l, RF_CAPF_REASON_NO_ACTION);
    kit_expect_event(k, PHONE, "fetched");
    assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_SUCCESS);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_MIC, RF_STORE_CERT_CONFIRMED), 1);
}

static void fetch_does_not_note_what_is_not_the_phones(void **state)
{
    struct kit *k = *state;
    struct id others = mic_id(OTHER, &k->mic_root, 0);
    struct id stranger_root = self_id(RF_CERT_ROLE_MIC_ROOT, "Stranger", 0);
    struct id stranger = mic_id(PHONE, &stranger_root, 0);
    const struct rf_cert *certs[] = {others.cert, stranger.cert};
    for (size_t i = 0; i < 2; i++) {
        struct kit_link *l = to_the_fetch(k);
        give_cert(k, l, certs[i]);
        kit_expect_end(k, l, RF_CAPF_REASON_NO_ACTION);
        assert_int_equal(kit_certs(k, PHONE, RF_STORE_MIC, RF_STORE_CERT_CONFIRMED), 0);
        assert_int_equal(kit_certs(k, OTHER, RF_STORE_MIC, RF_STORE_CERT_CONFIRMED), 0);
    }
    id_fini(&others);
    id_fini(&stranger_root);
    id_fini(&stranger);
}

static void fetch_without_a_certificate_has_failed(void **state)
{
    struct kit *k = *state;
    struct kit_link *l = to_the_fetch(k);
    give_cert(k, l, NULL);
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, "capf-no-cert");
}

static void an_unknown_device_gets_9_and_no_operation_0_sec_59(void **state)
{
    struct kit *k = *state;
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, "SEP0000DEADBEEF", "123456");
    kit_expect_end(k, l, RF_CAPF_REASON_UNKNOWN_DEVICE);
    kit_expect_event(k, NULL, "unknown-device");
    l = kit_open(k, HERE);
    kit_say_string(k, l, "a-name-that-is-longer-than-any", "123456");
    kit_expect_end(k, l, RF_CAPF_REASON_UNKNOWN_DEVICE);
    l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect_end(k, l, RF_CAPF_REASON_NO_ACTION);
    kit_expect_event(k, PHONE, "no-operation");
    kit_install(k);
    l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect_end(k, l, RF_CAPF_REASON_NO_ACTION);
    assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_SUCCESS);
}

static void names_are_looked_up_and_not_judged(void **state)
{
    struct kit *k = *state;
    struct rf_store_line line = {.index = 1, .dn = "2003"};
    struct rf_store_phone p = {.lines = &line, .n_lines = 1};
    struct rf_why why = {0};
    snprintf(p.device.name, sizeof p.device.name, "CSFalice");
    assert_err(rf_store_device_add(k->store, &p, TEST_NOW, NULL, &why), RF_OK);
    kit_schedule(k, "CSFalice", RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, "CSFalice", "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    l = kit_open(k, HERE);
    kit_say_string(k, l, "csfalice", "123456");
    kit_expect_end(k, l, RF_CAPF_REASON_UNKNOWN_DEVICE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(install_by_string_sec_53),
        T(install_by_null_string_sec_53),
        T(install_by_mic_sec_53),
        T(install_by_lsc_replaces_the_lsc_sec_53),
        T(the_certificate_is_as_rule_a8_says),
        T(the_subject_may_have_the_model),
        T(requests_carry_what_the_phone_needs),
        T(rsa_is_asked_by_size_alone),
        T(p384_and_p521_are_asked_by_curve_sec_67),
        T(ec_preferred_and_a_phone_without_it_sec_67),
        T(a_phone_that_makes_neither_key_is_let_go_sec_67),
        T(ec_only_and_a_phone_without_it_sec_67),
        T(an_ec_key_after_the_backup_was_asked_for_is_refused),
        T(a_key_the_site_forbids_is_not_asked_for),
        T(a_key_of_another_size_or_type_is_refused_sec_61),
        T(bytes_that_are_no_key_are_refused_sec_61),
        T(a_key_used_before_is_refused_sec_61),
        T(a_key_of_an_unconfirmed_certificate_may_come_again),
        T(a_phone_may_take_its_time_over_a_key),
        T(a_silent_phone_is_left),
        T(the_window_may_close_while_the_key_is_made_sec_55),
        T(the_string_may_expire_while_the_key_is_made),
        T(a_phone_that_makes_no_key_has_refused),
        T(only_reason_1_confirms),
        T(a_response_without_reason_confirms_nothing),
        T(a_signer_that_is_gone_is_our_trouble),
        T(a_certificate_by_another_issuer_is_not_given_out),
        T(an_operation_replaced_meanwhile_is_not_confirmed),
        T(certificates_are_not_made_for_ever),
        T(delete_revokes_sec_63),
        T(a_phone_that_keeps_its_lsc_has_not_deleted_it),
        T(fetch_notes_the_mic_sec_63),
        T(fetch_does_not_note_what_is_not_the_phones),
        T(fetch_without_a_certificate_has_failed),
        T(an_unknown_device_gets_9_and_no_operation_0_sec_59),
        T(names_are_looked_up_and_not_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
