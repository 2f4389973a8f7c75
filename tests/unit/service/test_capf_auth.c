/* SPDX-License-Identifier: Apache-2.0 */
/* Who may enrol (A1-A6): each refusal beside the same thing without the one fault, with the reason
 * the administrator gets. The phone gets 7 for all of them. */
#include "capf_kit.h"

/* A session that says this much, refused for this reason; the operation stays scheduled. */
static void expect_refused(struct kit *k, struct kit_link *l, const char *code)
{
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, code);
}

static void expect_let_in(struct kit *k, struct kit_link *l)
{
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_lose(k, l);
    kit_pump(k);
}

static void schedule_mic(struct kit *k)
{
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_MIC, NULL);
}

/* Let in with this certificate and proof? On a fresh operation and with a clean memory of proofs.
 */
static void expect_cert(struct kit *k, const struct id *id, const char *code)
{
    struct rf_why why = {0};
    assert_err(rf_store_proof_forget(k->store, INT64_MAX, &why), RF_OK);
    schedule_mic(k);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, id);
    if (code == NULL)
        expect_let_in(k, l);
    else
        expect_refused(k, l, code);
}

static void expect_claim(struct kit *k, struct claim *c, const char *code)
{
    struct rf_why why = {0};
    assert_err(rf_store_proof_forget(k->store, INT64_MAX, &why), RF_OK);
    schedule_mic(k);
    struct kit_link *l = kit_open(k, HERE);
    kit_say(k, l, &c->msg);
    if (code == NULL)
        expect_let_in(k, l);
    else
        expect_refused(k, l, code);
}

/* ---- string ---- */

static void five_wrong_strings_lock_sec_54(void **state)
{
    struct kit *k = *state;
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    for (unsigned i = 0; i < 5; i++) {
        struct kit_link *l = kit_open(k, HERE);
        kit_say_string(k, l, PHONE, "123457");
        expect_refused(k, l, "bad-string");
        assert_int_equal(kit_op(k, PHONE).tries_left, 4 - i);
    }
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    expect_refused(k, l, "string-locked");
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "654321");
    l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "654321");
    expect_let_in(k, l);
}

static void four_wrong_strings_do_not_lock_sec_54(void **state)
{
    struct kit *k = *state;
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    for (unsigned i = 0; i < 4; i++) {
        struct kit_link *l = kit_open(k, HERE);
        kit_say_string(k, l, PHONE, i % 2 == 0 ? "1234567" : "12345");
        expect_refused(k, l, "bad-string");
    }
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    expect_let_in(k, l);
}

static void no_string_costs_no_try(void **state)
{
    struct kit *k = *state;
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, NULL);
    expect_refused(k, l, "no-string");
    assert_int_equal(kit_op(k, PHONE).tries_left, RF_STORE_STRING_TRIES);
}

/* The mode is the store's: a certificate, however good, is no string. */
static void a_certificate_is_no_string(void **state)
{
    struct kit *k = *state;
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    struct kit_link *l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &k->mic);
    expect_refused(k, l, "no-string");
}

static void a_string_is_no_certificate_sec_57(void **state)
{
    struct kit *k = *state;
    schedule_mic(k);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    expect_refused(k, l, "no-cert");
    expect_cert(k, &k->mic, NULL);
}

static void a_string_of_another_device_is_wrong(void **state)
{
    struct kit *k = *state;
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    kit_schedule(k, OTHER, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "654321");
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "654321");
    expect_refused(k, l, "bad-string");
    assert_int_equal(kit_op(k, OTHER).tries_left, RF_STORE_STRING_TRIES);
}

static void a_string_is_good_once(void **state)
{
    struct kit *k = *state;
    kit_install(k);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect_end(k, l, RF_CAPF_REASON_NO_ACTION);
}

static void the_window_and_the_string_end_sec_55(void **state)
{
    static const struct {
        int64_t complete_by, string_expires, now;
        const char *code;
    } rows[] = {{100, 0, 100, NULL},
                {100, 0, 101, "expired-window"},
                {0, 100, 100, NULL},
                {0, 100, 101, "string-expired"}};
    struct kit *k = *state;
    for (size_t i = 0; i < 4; i++) {
        int64_t now = rf_wall_s(&k->clock.clock);
        struct rf_store_capf op =
            kit_operation(PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
        op.complete_by_s = rows[i].complete_by != 0 ? now + rows[i].complete_by : 0;
        op.string_expires_s = rows[i].string_expires != 0 ? now + rows[i].string_expires : 0;
        kit_schedule_as(k, &op);
        rf_clock_fake_advance(&k->clock, (uint64_t)rows[i].now * 1000);
        struct kit_link *l = kit_open(k, HERE);
        kit_say_string(k, l, PHONE, "123456");
        if (rows[i].code == NULL)
            expect_let_in(k, l);
        else
            expect_refused(k, l, rows[i].code);
    }
}

static void the_window_is_for_certificates_too_sec_55(void **state)
{
    struct kit *k = *state;
    struct rf_store_capf op = kit_operation(PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_MIC, NULL);
    op.complete_by_s = rf_wall_s(&k->clock.clock) + 10;
    kit_schedule_as(k, &op);
    rf_clock_fake_advance(&k->clock, 11000);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &k->mic);
    expect_refused(k, l, "expired-window");
}

static void the_null_string_needs_its_knob(void **state)
{
    struct kit *k = *state;
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_NULL, NULL);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, NULL);
    expect_refused(k, l, "null-string-off");
    k->site->capf_null_string = true;
    kit_knobs(k);
    l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, NULL);
    expect_let_in(k, l);
}

/* ---- certificate ---- */

static void another_phones_certificate_for_our_name_sec_58(void **state)
{
    struct kit *k = *state;
    struct id others = mic_id(OTHER, &k->mic_root, 0);
    expect_cert(k, &others, "name-mismatch"); /* its signature over our name is right */
    expect_cert(k, &k->mic, NULL);
    id_fini(&others);
}

static void a_signature_over_another_name_sec_58(void **state)
{
    struct kit *k = *state;
    struct claim c;
    claim_make(&c, PHONE, OTHER, &k->mic, false);
    expect_claim(k, &c, "proof-mismatch");
    claim_fini(&c);
}

static void both_signatures_are_needed(void **state)
{
    struct kit *k = *state;
    struct claim c;
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    expect_claim(k, &c, NULL);
    c.msg.has_signed_data = false;
    c.msg.signed_data = rf_slice_str(NULL);
    expect_claim(k, &c, "proof-missing");
    claim_fini(&c);
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    c.msg.has_sha2_signed_data = false;
    c.msg.sha2_signature = rf_slice_str(NULL);
    expect_claim(k, &c, "proof-missing");
    claim_fini(&c);
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    c.msg.sha2_hash = 2;
    expect_claim(k, &c, "proof-hash");
    claim_fini(&c);
}

static void each_signature_is_checked(void **state)
{
    struct kit *k = *state;
    for (int which = 0; which < 2; which++) {
        struct claim c;
        claim_make(&c, PHONE, PHONE, &k->mic, false);
        struct rf_buf *sig = which == 0 ? &c.sha1 : &c.sha512;
        sig->p[sig->len - 1] ^= 1;
        expect_claim(k, &c, "proof-mismatch");
        claim_fini(&c);
    }
}

/* The copied certificate of a phone is no proof that one has its key. */
static void a_certificate_without_its_key(void **state)
{
    struct kit *k = *state;
    struct id thief = {.key = new_key(0), .cert = rf_cert_ref(k->mic.cert)};
    thief.vault = rf_vault_key_from_key(thief.key);
    expect_cert(k, &thief, "proof-mismatch");
    id_fini(&thief);
}

static void the_path_is_checked_for_this_purpose(void **state)
{
    struct kit *k = *state;
    struct id root = self_id(RF_CERT_ROLE_MIC_ROOT, "Test Manufacturing CA", 0);
    struct id forged = mic_id(PHONE, &root, 0); /* the issuer has the same name, not the same key */
    struct id others_root = self_id(RF_CERT_ROLE_MIC_ROOT, "Stranger", 0);
    struct id strangers = mic_id(PHONE, &others_root, 0);
    struct id ca = self_id(RF_CERT_ROLE_MIC_ROOT, PHONE, 0);
    expect_cert(k, &forged, "path-signature");
    expect_cert(k, &strangers, "path-unknown-issuer");
    expect_cert(k, &ca, "leaf-is-ca");
    expect_cert(k, &k->mic, NULL);
    id_fini(&root);
    id_fini(&forged);
    id_fini(&others_root);
    id_fini(&strangers);
    id_fini(&ca);
}

static void expired_certificates_are_refused(void **state)
{
    struct kit *k = *state;
    expect_cert(k, &k->mic, NULL);
    rf_clock_fake_advance(&k->clock, (uint64_t)801 * 86400 * 1000);
    expect_cert(k, &k->mic, "cert-expired");
}

static void bytes_that_are_no_certificate(void **state)
{
    struct kit *k = *state;
    struct claim c;
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    RF_AUTO(rf_buf_fini) struct rf_buf der = RF_BUF(8192);
    assert_err(rf_buf_add_slice(&der, rf_cert_der(k->mic.cert)), RF_OK);
    assert_err(rf_buf_add(&der, "x", 1), RF_OK);
    c.msg.cert = rf_buf_slice(&der);
    expect_claim(k, &c, "cert-der"); /* V1: nothing may follow it */
    claim_fini(&c);
}

static void rsa_keys_of_phones_have_a_floor(void **state)
{
    struct kit *k = *state;
    struct id short_mic = mic_id(PHONE, &k->mic_root, 1024);
    expect_cert(k, &short_mic, "key-too-short");
    k->site->rsa_min = 1024;
    kit_knobs(k);
    expect_cert(k, &short_mic, NULL);
    id_fini(&short_mic);
}

static void certificates_signed_with_sha1_need_their_knob(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    struct id mic = {0};
    RF_AUTO(rf_freep) char *path = data_path("capf/sha1-mic.pem");
    RF_AUTO(rf_freep) char *root_path = data_path("capf/sha1-root.pem");
    RF_AUTO(rf_cert_freep) struct rf_cert *root = NULL;
    struct rf_key *key = NULL;
    assert_err(rf_key_load(path, NULL, &key, &why), RF_OK);
    id_set_key(&mic, key);
    assert_err(rf_cert_from_pem_file(path, &mic.cert, &why), RF_OK);
    assert_err(rf_cert_from_pem_file(root_path, &root, &why), RF_OK);
    assert_err(rf_anchors_add(k->anchors, root, &why), RF_OK);
    rf_anchors_mark_makers(k->anchors);
    expect_cert(k, &mic, "cert-digest");
    k->is_legacy = true; /* the port for old phones lets them in, and that alone */
    rf_freep(&k->site->legacy_models);
    k->site->legacy_models = rf_strdup("88xx");
    kit_knobs(k);
    expect_cert(k, &mic, NULL);
    k->is_legacy = false;
    expect_cert(k, &mic, "cert-digest");
    k->site->capf_sha1_certs = true;
    kit_knobs(k);
    expect_cert(k, &mic, NULL);
    id_fini(&mic);
}

/* Whatever it proves; and nothing is lost by it. */
static void the_port_for_old_phones_is_for_listed_models_sec_50(void **state)
{
    static const struct {
        const char *models;
        bool is_listed;
    } rows[] = {{"", false}, {"79xx 6921", false}, {"79xx 8861", true}, {"88xx", true}};
    struct kit *k = *state;
    struct id mic = mic_id(PHONE, &k->mic_root, 0);
    k->is_legacy = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rf_freep(&k->site->legacy_models);
        k->site->legacy_models = rf_strdup(rows[i].models);
        kit_knobs(k);
        if (rows[i].is_listed) {
            expect_cert(k, &mic, NULL);
            continue;
        }
        schedule_mic(k);
        struct kit_link *l = kit_open(k, HERE);
        kit_say_cert(k, l, PHONE, &mic);
        kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
        struct rf_store_capf op;
        assert_err(rf_store_capf_load(k->store, PHONE, &op, NULL), RF_OK);
        assert_int_equal(op.op, RF_STORE_OP_INSTALL);
    }
    id_fini(&mic);
}

static void bare_digests_need_their_knob_sec_60a(void **state)
{
    struct kit *k = *state;
    struct id rsa = mic_id(PHONE, &k->mic_root, 2048);
    struct claim c;
    claim_make(&c, PHONE, PHONE, &rsa, true);
    expect_claim(k, &c, "proof-bare-digest");
    k->site->capf_bare_digest = true;
    kit_knobs(k);
    expect_claim(k, &c, NULL);
    c.sha512.p[0] ^= 1; /* the block is no longer padded as it must */
    expect_claim(k, &c, "proof-mismatch");
    claim_fini(&c);
    id_fini(&rsa);
}

static void mics_need_their_knob(void **state)
{
    struct kit *k = *state;
    k->site->accept_mic_for_capf = false;
    kit_knobs(k);
    expect_cert(k, &k->mic, "mic-not-accepted");
    k->site->accept_mic_for_capf = true;
    kit_knobs(k);
    expect_cert(k, &k->mic, NULL);
}

static void a_revoked_mic_is_refused(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    expect_cert(k, &k->mic, NULL);
    assert_err(rf_store_cert_revoke(k->store, rf_cert_sha256(k->mic.cert).p, TEST_NOW, NULL, &why),
               RF_OK);
    expect_cert(k, &k->mic, "mic-revoked");
}

static void expect_lsc(struct kit *k, const struct id *id, const char *code)
{
    struct rf_why why = {0};
    assert_err(rf_store_proof_forget(k->store, INT64_MAX, &why), RF_OK);
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_LSC, NULL);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, id);
    if (code == NULL)
        expect_let_in(k, l);
    else
        expect_refused(k, l, code);
}

static void our_lscs_must_be_known_and_in_force(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    struct id unknown = {0};
    id_set_key(&unknown, new_key(0));
    struct rf_issue_lsc spec = {.device_name = rf_slice_str(PHONE),
                                .spki = rf_key_spki(unknown.key),
                                .now_s = TEST_NOW,
                                .days = 100};
    assert_err(rf_issue_lsc(&spec, k->lsc_issuer.cert, k->lsc_issuer.vault, &unknown.cert, &why),
               RF_OK);
    expect_lsc(k, &unknown, "invalid-lsc"); /* well signed, and nobody here issued it */
    kit_install(k);
    struct id first = k->lsc;
    k->lsc = (struct id){0};
    expect_lsc(k, &first, NULL);
    kit_install(k);
    expect_lsc(k, &first, "invalid-lsc"); /* superseded */
    expect_lsc(k, &k->lsc, NULL);
    assert_err(rf_store_cert_revoke(k->store, rf_cert_sha256(k->lsc.cert).p, TEST_NOW, NULL, &why),
               RF_OK);
    expect_lsc(k, &k->lsc, "invalid-lsc");
    id_fini(&unknown);
    id_fini(&first);
}

/* "LSC, else MIC" and the other way round: whether there is one, the store says. */
/* Another site's LSC, whose issuer is believed here, is an LSC: no knob for MICs concerns it, and
 * when one of ours is confirmed it is over. */
static void an_lsc_of_another_site_is_replaced_by_ours(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    struct id elsewhere = self_id(RF_CERT_ROLE_MIC_ROOT, "CAPF of another site", 0);
    struct id theirs = mic_id(PHONE, &elsewhere, 0);
    expect_cert(k, &theirs, "path-unknown-issuer");
    assert_err(rf_anchors_add(k->anchors, elsewhere.cert, &why), RF_OK);
    k->site->accept_mic_for_capf = false;
    kit_knobs(k);
    expect_cert(k, &k->mic, "mic-not-accepted");
    schedule_mic(k);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &theirs);
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
    kit_lose(k, l);
    kit_pump(k);
    assert_err(rf_store_proof_forget(k->store, INT64_MAX, &why), RF_OK);
    l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &theirs);
    kit_finish_install(k, l);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_SUPERSEDED), 1);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_MIC, RF_STORE_CERT_CONFIRMED), 0);
    expect_cert(k, &theirs, "invalid-lsc");
    id_fini(&theirs);
    id_fini(&elsewhere);
}

static void precedence_sec_56(void **state)
{
    struct kit *k = *state;
    expect_lsc(k, &k->mic, NULL); /* it has no LSC yet */
    kit_install(k);
    expect_lsc(k, &k->lsc, NULL);
    expect_lsc(k, &k->mic, "wrong-certificate");
    expect_cert(k, &k->mic, NULL);
    expect_cert(k, &k->lsc, "wrong-certificate"); /* its MIC was seen above */
}

static void an_lsc_will_do_where_no_mic_was_ever_seen_sec_56(void **state)
{
    struct kit *k = *state;
    kit_install(k);
    expect_cert(k, &k->lsc, NULL);
}

/* ---- replay ---- */

static struct kit_link *replay(struct kit *k, const struct claim *c, const char *from)
{
    struct kit_link *l = kit_open(k, from);
    kit_say(k, l, &c->msg);
    return l;
}

static void a_retry_is_taken_three_times_sec_60(void **state)
{
    struct kit *k = *state;
    struct claim c;
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    schedule_mic(k);
    for (int i = 0; i < 4; i++)
        expect_let_in(k, replay(k, &c, HERE));
    expect_refused(k, replay(k, &c, HERE), "replay");
    claim_fini(&c);
}

static void a_recording_from_elsewhere_is_refused_sec_60(void **state)
{
    struct kit *k = *state;
    struct claim c;
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    schedule_mic(k);
    expect_let_in(k, replay(k, &c, HERE));
    expect_refused(k, replay(k, &c, THERE), "replay");
    expect_let_in(k, replay(k, &c, HERE));
    claim_fini(&c);
}

/* The youngest event says what to do. */
static void expect_told(struct kit *k, const char *text)
{
    struct rf_store_event_query query = {.device = PHONE, .limit = 1};
    struct rf_store_events events = {.n = 0};
    assert_err(rf_store_event_list(k->store, &query, &events, NULL), RF_OK);
    assert_int_equal(events.n, 1);
    assert_non_null(strstr(events.items[0].text, text));
    rf_store_events_fini(&events);
}

static void a_recording_is_not_good_for_the_next_operation_sec_60(void **state)
{
    struct kit *k = *state;
    struct claim c;
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    schedule_mic(k);
    struct kit_link *l = replay(k, &c, HERE);
    kit_finish_install(k, l);
    l = replay(k, &c, HERE);
    kit_expect_end(k, l, RF_CAPF_REASON_NO_ACTION);
    schedule_mic(k);
    expect_refused(k, replay(k, &c, HERE), "replay");
    expect_told(k, "--allow-proof");
    /* Lifted by the administrator, once, or after a day. */
    struct rf_store_capf op = kit_operation(PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_MIC, NULL);
    op.allows_proof = true;
    kit_schedule_as(k, &op);
    expect_let_in(k, replay(k, &c, HERE));
    expect_refused(k, replay(k, &c, THERE), "replay");
    schedule_mic(k);
    expect_refused(k, replay(k, &c, HERE), "replay");
    rf_clock_fake_advance(&k->clock, (uint64_t)24 * 3600 * 1000 + 1000);
    expect_let_in(k, replay(k, &c, HERE));
    claim_fini(&c);
}

/* Anybody makes another valid signature of an ECDSA one, and a third proof of two recordings. */
static void halves_of_recordings_make_no_new_proof_sec_60(void **state)
{
    struct kit *k = *state;
    struct claim a, b;
    claim_make(&a, PHONE, PHONE, &k->mic, false);
    claim_make(&b, PHONE, PHONE, &k->mic, false);
    schedule_mic(k);
    expect_let_in(k, replay(k, &a, HERE));
    expect_let_in(k, replay(k, &b, THERE)); /* fresh: the phone may have moved */
    a.msg.sha2_signature = b.msg.sha2_signature;
    expect_refused(k, replay(k, &a, "203.0.113.1"), "replay");
    claim_fini(&a);
    claim_make(&a, PHONE, PHONE, &k->mic, false);
    b.msg.signed_data = a.msg.signed_data;
    expect_refused(k, replay(k, &b, HERE), "replay"); /* only one half is old */
    claim_fini(&a);
    claim_fini(&b);
}

/* ---- SUDI ---- */

static struct kit_link *say_sudi(struct kit *k, struct claim *c, const struct id *sudi,
                                 uint32_t add_to_session, const char *from)
{
    struct kit_link *l = kit_open(k, from);
    claim_add_sudi(c, sudi, l->id + add_to_session, false);
    kit_say(k, l, &c->msg);
    return l;
}

static void sudi_data_makes_a_proof_fresh_sec_60(void **state)
{
    struct kit *k = *state;
    struct claim c;
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    schedule_mic(k);
    for (int i = 0; i < 6; i++)
        expect_let_in(k, say_sudi(k, &c, &k->mic, 0, i % 2 == 0 ? HERE : THERE));
    claim_fini(&c);
}

static void sudi_data_of_another_session_sec_60(void **state)
{
    struct kit *k = *state;
    struct claim c;
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    schedule_mic(k);
    expect_let_in(k, say_sudi(k, &c, &k->mic, 0, HERE));
    expect_refused(k, say_sudi(k, &c, &k->mic, 1, HERE), "proof-mismatch");
    claim_fini(&c);
}

static void sudi_data_of_another_device_sec_60(void **state)
{
    struct kit *k = *state;
    struct id others = mic_id(OTHER, &k->mic_root, 0);
    struct claim c;
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    schedule_mic(k);
    expect_refused(k, say_sudi(k, &c, &others, 0, HERE), "name-mismatch");
    expect_let_in(k, say_sudi(k, &c, &k->mic, 0, HERE));
    claim_fini(&c);
    id_fini(&others);
}

static void sudi_data_of_a_stranger_or_another_kind_of_key_sec_60(void **state)
{
    struct kit *k = *state;
    struct id root = self_id(RF_CERT_ROLE_MIC_ROOT, "Stranger", 0);
    struct id forged = mic_id(PHONE, &root, 0);
    struct id rsa = mic_id(PHONE, &k->mic_root, 2048);
    struct claim c;
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    schedule_mic(k);
    expect_refused(k, say_sudi(k, &c, &forged, 0, HERE), "path-unknown-issuer");
    expect_refused(k, say_sudi(k, &c, &rsa, 0, HERE), "sudi-key-type");
    claim_fini(&c);
    claim_make(&c, PHONE, PHONE, &rsa, false);
    expect_let_in(k, say_sudi(k, &c, &rsa, 0, HERE));
    claim_fini(&c);
    id_fini(&root);
    id_fini(&forged);
    id_fini(&rsa);
}

static void block(struct kit *k, const struct id *id)
{
    struct rf_slice what = id != NULL ? rf_cert_sha256(id->cert) : (struct rf_slice){0};
    assert_err(rf_blocklist_set(k->blocked, what, NULL), RF_OK);
}

static void what_is_blocked_proves_nothing(void **state)
{
    struct kit *k = *state;
    struct claim c;
    block(k, &k->mic);
    expect_cert(k, &k->mic, "cert-blocked");
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456"); /* somebody typed it at the phone */
    expect_let_in(k, l);
    block(k, NULL);
    expect_cert(k, &k->mic, NULL);
    kit_install(k);
    expect_lsc(k, &k->lsc, NULL);
    block(k, &k->lsc);
    expect_lsc(k, &k->lsc, "cert-blocked");
    assert_err(rf_store_proof_forget(k->store, INT64_MAX, NULL), RF_OK);
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    schedule_mic(k);
    expect_refused(k, say_sudi(k, &c, &k->lsc, 0, HERE), "cert-blocked");
    block(k, NULL);
    expect_let_in(k, say_sudi(k, &c, &k->lsc, 0, HERE));
    claim_fini(&c);
}

/* A certificate that is no longer in force freshens nothing. */
static void sudi_data_by_a_superseded_lsc_sec_60(void **state)
{
    struct kit *k = *state;
    struct claim c;
    kit_install(k);
    struct id first = k->lsc;
    k->lsc = (struct id){0};
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    schedule_mic(k);
    expect_let_in(k, say_sudi(k, &c, &first, 0, HERE));
    kit_install(k);
    schedule_mic(k);
    expect_refused(k, say_sudi(k, &c, &first, 0, HERE), "invalid-lsc");
    expect_let_in(k, say_sudi(k, &c, &k->lsc, 0, HERE));
    claim_fini(&c);
    id_fini(&first);
}

static void who_sent_sudi_data_once_must_go_on_sec_60(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    struct claim c;
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    schedule_mic(k);
    expect_let_in(k, say_sudi(k, &c, &k->mic, 0, HERE));
    kit_restart(k); /* it is not forgotten with the process */
    assert_err(rf_store_proof_forget(k->store, INT64_MAX, &why), RF_OK);
    c.msg.has_sudi = false;
    expect_refused(k, replay(k, &c, HERE), "sudi-missing");
    expect_let_in(k, say_sudi(k, &c, &k->mic, 0, HERE));
    /* A string is no proof that could be replayed: none is asked for with it. */
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    expect_let_in(k, l);
    claim_fini(&c);
}

static void sudi_data_must_hold_in_every_mode(void **state)
{
    struct kit *k = *state;
    struct claim c;
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    claim_make(&c, PHONE, PHONE, &k->mic, false);
    c.msg.has_password = true;
    c.msg.password = rf_slice_str("123456");
    expect_refused(k, say_sudi(k, &c, &k->mic, 1, HERE), "proof-mismatch");
    expect_let_in(k, say_sudi(k, &c, &k->mic, 0, HERE));
    claim_fini(&c);
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(five_wrong_strings_lock_sec_54),
        T(four_wrong_strings_do_not_lock_sec_54),
        T(no_string_costs_no_try),
        T(a_certificate_is_no_string),
        T(a_string_is_no_certificate_sec_57),
        T(a_string_of_another_device_is_wrong),
        T(a_string_is_good_once),
        T(the_window_and_the_string_end_sec_55),
        T(the_window_is_for_certificates_too_sec_55),
        T(the_null_string_needs_its_knob),
        T(another_phones_certificate_for_our_name_sec_58),
        T(a_signature_over_another_name_sec_58),
        T(both_signatures_are_needed),
        T(each_signature_is_checked),
        T(a_certificate_without_its_key),
        T(the_path_is_checked_for_this_purpose),
        T(expired_certificates_are_refused),
        T(bytes_that_are_no_certificate),
        T(rsa_keys_of_phones_have_a_floor),
        T(certificates_signed_with_sha1_need_their_knob),
        T(the_port_for_old_phones_is_for_listed_models_sec_50),
        T(bare_digests_need_their_knob_sec_60a),
        T(mics_need_their_knob),
        T(a_revoked_mic_is_refused),
        T(our_lscs_must_be_known_and_in_force),
        T(an_lsc_of_another_site_is_replaced_by_ours),
        T(precedence_sec_56),
        T(an_lsc_will_do_where_no_mic_was_ever_seen_sec_56),
        T(a_retry_is_taken_three_times_sec_60),
        T(a_recording_from_elsewhere_is_refused_sec_60),
        T(a_recording_is_not_good_for_the_next_operation_sec_60),
        T(halves_of_recordings_make_no_new_proof_sec_60),
        T(sudi_data_makes_a_proof_fresh_sec_60),
        T(sudi_data_of_another_session_sec_60),
        T(sudi_data_of_another_device_sec_60),
        T(sudi_data_of_a_stranger_or_another_kind_of_key_sec_60),
        T(what_is_blocked_proves_nothing),
        T(sudi_data_by_a_superseded_lsc_sec_60),
        T(who_sent_sudi_data_once_must_go_on_sec_60),
        T(sudi_data_must_hold_in_every_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
