/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted configurations, from the stub to the full one: signature first, then the key, and what
 * the phone does when the key is not its own. */
#include "phone_kit.h"

#include "trust/encfile.h"

#define ENC DEVICE ".cnf.xml.enc.sgn"

/* A phone with an RSA certificate, since only those can have encrypted files. */
static struct id rsa_lsc(struct kit *k)
{
    struct id id = fixture_id("sast2");
    rf_cert_unref(id.cert);
    id.cert = NULL;
    struct rf_issue_mic spec = {.device_name = rf_slice_str(DEVICE),
                                .model = rf_slice_str("7962"),
                                .serial_number = rf_slice_str("RF1"),
                                .org = "Ringfence test",
                                .spki = rf_key_spki(id.key),
                                .now_s = TEST_NOW,
                                .days = 100};
    assert_err(rf_issue_mic(&spec, ids.mic_ca.cert, ids.mic_ca.vault, &id.cert, NULL), RF_OK);
    RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
    assert_err(rf_flash_open(k->flash_dir, &flash, NULL), RF_OK);
    assert_err(rf_flash_lsc_store(flash, id.key, id.cert, NULL, NULL), RF_OK);
    return id;
}

static struct rf_buf encrypted(const struct id *phone, const char *name, uint32_t timestamp)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    RF_AUTO(rf_buf_fini) struct rf_buf xml = RF_BUF(RF_PHONEXML_BYTES_MAX);
    struct rf_buf enc = RF_BUF(RF_PHONEXML_BYTES_MAX + RF_SIGFILE_OVERHEAD_MAX);
    assert_err(rf_phonexml_encode(c, &xml, NULL), RF_OK);
    struct rf_sigfile_spec spec = {.name = name,
                                   .digest = RF_DIGEST_SHA512,
                                   .timestamp = timestamp,
                                   .body = rf_buf_slice(&xml)};
    assert_err(rf_encfile_make(ids.tftp.vault, ids.tftp.cert, phone->cert, &spec, &enc, NULL),
               RF_OK);
    return enc;
}

static void serve_stub(struct kit *k, const char *hash, enum rf_phonexml_capf_mode mode)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    c->is_full = false;
    c->is_encrypted = true;
    c->capf_auth_mode = mode;
    snprintf(c->cert_hash, sizeof c->cert_hash, "%s", hash);
    kit_serve_config(k, c);
}

/* As the site makes both for one certificate. */
static void serve_for(struct kit *k, const struct id *phone)
{
    kit_serve(k, ENC, encrypted(phone, ENC, TEST_NOW - 50));
    serve_stub(k, rf_cert_md5(phone->cert), RF_PHONEXML_CAPF_NONE);
}

static void settle(struct kit *k)
{
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    kit_off(k);
}

static void sec_68_an_encrypted_configuration_is_opened_and_kept_encrypted_sec_72(void **state)
{
    struct kit *k = *state;
    struct id lsc = rsa_lsc(k);
    serve_for(k, &lsc);
    settle(k);
    assert_true(kit_saw(k, "config file=" CONFIG " full=0"));
    assert_true(kit_saw(k, "config file=" ENC " full=1 verified=1"));
    RF_AUTO(rf_buf_fini) struct rf_buf stored = kit_flash_file(k, "config.cnf.xml.sgn");
    assert_int_equal(rf_slice_find(rf_buf_slice(&stored), rf_slice_str("callManager")), SIZE_MAX);
    /* And it opens again without the server. */
    kit_answer(k, CONFIG, RF_FETCH_TIMEOUT);
    kit_answer(k, ENC, RF_FETCH_TIMEOUT);
    kit_boot(k);
    kit_until_registering(k);
    assert_string_equal(k->station.conf.servers[0].host, "192.0.2.5");
    id_fini(&lsc);
}

/* Once encrypted it is asked for first, and when encryption is switched off, then the plain one. */
static void sec_74a_the_encrypted_name_comes_first_and_then_the_plain_one(void **state)
{
    struct kit *k = *state;
    struct id lsc = rsa_lsc(k);
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    serve_for(k, &lsc);
    settle(k);
    settle(k);
    assert_true(kit_asked(k, ENC));
    assert_false(kit_asked(k, CONFIG)); /* no stub in between */
    kit_answer(k, ENC, RF_FETCH_NOT_FOUND);
    snprintf(c->cm[0].name, sizeof c->cm[0].name, "192.0.2.99");
    kit_serve_config(k, c);
    settle(k);
    assert_true(kit_asked(k, ENC) && kit_asked(k, CONFIG));
    assert_string_equal(k->station.conf.servers[0].host, "192.0.2.99");
    /* From then on the plain one is the first. */
    settle(k);
    assert_false(kit_asked(k, ENC));
    id_fini(&lsc);
}

static void without_either_the_stored_one_goes_on_sec_74a(void **state)
{
    struct kit *k = *state;
    struct id lsc = rsa_lsc(k);
    serve_for(k, &lsc);
    settle(k);
    kit_answer(k, ENC, RF_FETCH_NOT_FOUND);
    kit_answer(k, CONFIG, RF_FETCH_NOT_FOUND);
    settle(k);
    assert_string_equal(k->station.conf.servers[0].host, "192.0.2.5");
    assert_true(kit_saw(k, "status text=File not found " CONFIG));
    assert_false(kit_asked(k, DEVICE ".cnf.xml"));
    id_fini(&lsc);
}

/* ---- another key ---- */

static void sec_73_a_stub_for_another_key_takes_one_session(void **state)
{
    struct kit *k = *state;
    struct id lsc = rsa_lsc(k);
    static const char *const hashes[] = {"0123456789abcdef0123456789abcdef", ""};
    for (size_t i = 0; i < 2; i++) {
        unsigned before = k->enrol.n;
        serve_for(k, &lsc);
        serve_stub(k, hashes[i], RF_PHONEXML_CAPF_NONE);
        k->enrol.will_be = (struct rf_enrol_result){.outcome = RF_ENROL_FETCHED, .reason = 0};
        /* Once more from a phone without a stored one. */
        static const char *const gone[] = {"state.json", "config.cnf.xml.sgn"};
        for (size_t n = 0; n < 2; n++) {
            RF_AUTO(rf_freep) char *path = rf_path_join(k->flash_dir, gone[n]);
            assert_err(rf_file_remove(path, NULL), RF_OK);
        }
        kit_boot(k);
        kit_until(k, "status text=Config file Certificate Mismatch");
        kit_until(k, "enrol server=192.0.2.6 port=3804 mode=3");
        assert_false(kit_asked(k, ENC)); /* not before */
        kit_until(k, "enrol-done outcome=fetched");
        serve_for(k, &lsc); /* now the server knows which */
        kit_until(k, "fetch file=" CTL);
        kit_until_registering(k);
        assert_int_equal(k->enrol.n, before + 1);
        assert_true(kit_saw(k, "config file=" ENC " full=1 verified=1"));
        kit_registered(k);
        kit_off(k);
    }
    id_fini(&lsc);
}

static void sec_73_at_most_three_sessions_in_a_boot(void **state)
{
    struct kit *k = *state;
    struct id lsc = rsa_lsc(k);
    serve_for(k, &lsc);
    serve_stub(k, "0123456789abcdef0123456789abcdef", RF_PHONEXML_CAPF_NONE);
    k->enrol.will_be = (struct rf_enrol_result){.outcome = RF_ENROL_NOTHING};
    kit_boot(k);
    kit_until(k, "wait wait_ms=");
    assert_int_equal(k->enrol.n, 3);
    for (int i = 0; i < 3; i++) {
        kit_pass(k, (uint64_t)rf_timers_wait_ms(k->timers));
        kit_until(k, "wait wait_ms=");
    }
    assert_int_equal(k->enrol.n, 3); /* files are fetched again, CAPF is left alone */
    assert_false(kit_asked(k, ENC));
    /* As soon as the server gets it right, it goes on by itself. */
    serve_for(k, &lsc);
    kit_pass(k, (uint64_t)rf_timers_wait_ms(k->timers));
    kit_until_registering(k);
    assert_int_equal(k->enrol.n, 3);
    kit_registered(k);
    kit_off(k);
    /* With a stored one it registers with that. The next boot may try again. */
    serve_stub(k, "0123456789abcdef0123456789abcdef", RF_PHONEXML_CAPF_NONE);
    kit_answer(k, ENC, RF_FETCH_NOT_FOUND);
    settle(k);
    assert_int_equal(k->enrol.n, 6);
    id_fini(&lsc);
}

static void by_string_the_user_begins_it_sec_73(void **state)
{
    struct kit *k = *state;
    struct id lsc = rsa_lsc(k);
    static const struct rf_secret typed = {.bytes = "12345", .len = 5};
    serve_for(k, &lsc);
    serve_stub(k, "0123456789abcdef0123456789abcdef", RF_PHONEXML_CAPF_STRING);
    kit_boot(k);
    kit_until(k, "wait wait_ms=");
    assert_int_equal(k->enrol.n, 0);
    kit_off(k);
    k->conf.auth_string = &typed;
    k->enrol.will_be = (struct rf_enrol_result){.outcome = RF_ENROL_NOTHING};
    kit_boot(k);
    kit_until(k, "enrol server=192.0.2.6 port=3804 mode=1");
    kit_off(k);
    id_fini(&lsc);
}

/* An enrolment that waits goes before the file, though that is for our key. */
static void a_scheduled_enrolment_comes_before_the_encrypted_file(void **state)
{
    struct kit *k = *state;
    struct id lsc = rsa_lsc(k);
    serve_for(k, &lsc);
    serve_stub(k, rf_cert_md5(lsc.cert), RF_PHONEXML_CAPF_MIC_FIRST);
    k->enrol.will_be = (struct rf_enrol_result){.outcome = RF_ENROL_NOTHING};
    kit_boot(k);
    kit_until(k, "enrol server=192.0.2.6 port=3804 mode=4");
    assert_false(kit_asked(k, ENC));
    kit_until_registering(k);
    assert_true(kit_saw(k, "config file=" ENC " full=1 verified=1"));
    assert_int_equal(k->enrol.n, 1);
    id_fini(&lsc);
}

static void a_server_that_is_away_does_not_use_the_sessions_up(void **state)
{
    struct kit *k = *state;
    struct id lsc = rsa_lsc(k);
    serve_for(k, &lsc);
    serve_stub(k, "0123456789abcdef0123456789abcdef", RF_PHONEXML_CAPF_NONE);
    k->enrol.will_be =
        (struct rf_enrol_result){.outcome = RF_ENROL_FAILED, .may_retry = true, .reason = -1};
    kit_boot(k);
    for (unsigned i = 0; i < 3; i++) {
        kit_until(k, "enrol-done outcome=failed");
        if (i < 2)
            kit_pass(k, RF_ENROL_RETRY_MS);
    }
    kit_until(k, "wait wait_ms=");
    k->enrol.will_be = (struct rf_enrol_result){.outcome = RF_ENROL_FETCHED};
    kit_pass(k, (uint64_t)rf_timers_wait_ms(k->timers));
    kit_until(k, "enrol-done outcome=fetched");
    serve_for(k, &lsc);
    kit_until_registering(k);
    id_fini(&lsc);
}

/* The new certificate lies on flash, the server died before it could say that it knows: registering
 * with it tells the server, a second enrolment would make a third certificate. */
static void a_certificate_stored_a_moment_ago_is_registered_with_first(void **state)
{
    struct kit *k = *state;
    struct id lsc = rsa_lsc(k);
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    c->capf_auth_mode = RF_PHONEXML_CAPF_MIC_FIRST;
    kit_serve_config(k, c);
    k->enrol.will_be = (struct rf_enrol_result){
        .outcome = RF_ENROL_INSTALLED, .is_confirmed = false, .reason = -1};
    kit_boot(k);
    kit_until(k, "enrol-done outcome=installed");
    serve_stub(k, rf_cert_md5(lsc.cert), RF_PHONEXML_CAPF_MIC_FIRST); /* for the old one */
    kit_until(k, "status text=Config file Certificate Mismatch");
    kit_until_registering(k);
    assert_int_equal(k->enrol.n, 1);
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.lsc.cert));
    kit_registered(k);
    kit_off(k);
    /* The twin: the next boot finds it still so, and goes to CAPF. */
    kit_boot(k);
    kit_until(k, "enrol server=192.0.2.6 port=3804 mode=4");
    id_fini(&lsc);
}

/* ---- files that are not for us, or not as they were signed ---- */

static void sec_69_another_phones_file_is_refused_by_its_name_and_cannot_be_opened(void **state)
{
    struct kit *k = *state;
    struct id lsc = rsa_lsc(k), other = fixture_id("phone");
    char before[65], after[65];
    serve_for(k, &lsc);
    settle(k);
    kit_flash_hash(k, before);
    kit_serve(k, ENC, encrypted(&other, OTHER ".cnf.xml.enc.sgn", TEST_NOW - 40));
    kit_boot(k);
    kit_until(k, "config-refused file=" ENC " code=file-name");
    kit_until_registering(k);
    assert_true(kit_saw(k, "status text=File auth error: " ENC));
    assert_int_equal(k->enrol.n, 0);
    kit_registered(k);
    kit_off(k);
    /* The same, made out to us: the key is still not ours. */
    kit_serve(k, ENC, encrypted(&other, ENC, TEST_NOW - 40));
    k->enrol.will_be = (struct rf_enrol_result){.outcome = RF_ENROL_NOTHING};
    kit_boot(k);
    kit_until(k, "config-refused file=" ENC " code=decrypt");
    kit_until(k, "status text=TFTP error - decryption failed");
    /* The stub says it is for us, it is not: CAPF hears of it, three times and no more. */
    kit_until_registering(k);
    assert_int_equal(k->enrol.n, 3);
    assert_string_equal(k->station.conf.servers[0].host, "192.0.2.5");
    kit_registered(k);
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
    id_fini(&lsc);
    id_fini(&other);
}

static void an_encrypted_file_that_cannot_be_opened_leads_to_one_session_sec_73(void **state)
{
    struct kit *k = *state;
    struct id lsc = rsa_lsc(k), other = fixture_id("phone");
    serve_for(k, &lsc);
    kit_serve(k, ENC, encrypted(&other, ENC, TEST_NOW - 50));
    k->enrol.will_be = (struct rf_enrol_result){.outcome = RF_ENROL_FETCHED};
    kit_boot(k);
    kit_until(k, "config-refused file=" ENC " code=decrypt");
    kit_until(k, "enrol-done outcome=fetched");
    serve_for(k, &lsc);
    kit_until_registering(k);
    assert_int_equal(k->enrol.n, 1);
    id_fini(&lsc);
    id_fini(&other);
}

/* Whatever was changed is said by the signature, before any key is touched: never "decrypt", and no
 * CAPF. */
static void sec_70_the_signature_is_judged_before_anything_is_decrypted(void **state)
{
    struct kit *k = *state;
    struct id lsc = rsa_lsc(k);
    serve_for(k, &lsc);
    RF_AUTO(rf_buf_fini) struct rf_buf good = RF_BUF(1 << 20);
    struct rf_buf other = encrypted(&lsc, ENC, TEST_NOW - 50);
    struct rf_signedfile sf, theirs;
    assert_err(rf_buf_add_slice(&good, rf_buf_slice(&kit_file(k, ENC)->bytes)), RF_OK);
    assert_err(rf_signedfile_decode(rf_buf_slice(&good), good.len, &sf, NULL), RF_OK);
    assert_err(rf_signedfile_decode(rf_buf_slice(&other), other.len, &theirs, NULL), RF_OK);
    size_t key_at = rf_slice_find(rf_buf_slice(&good), sf.encryption.wrapped_key);
    settle(k);
    for (unsigned i = 0; i < 4; i++) {
        struct rf_buf bad = RF_BUF(1 << 20);
        assert_err(rf_buf_add_slice(&bad, rf_buf_slice(&good)), RF_OK);
        if (i == 0)
            bad.p[bad.len - 1] ^= 1; /* the ciphertext */
        else if (i == 1)
            bad.p[sf.header_len] ^= 0x80;
        else if (i == 2)
            bad.p[key_at + 9] ^= 4; /* the wrapped key */
        else
            memcpy(bad.p + key_at, theirs.encryption.wrapped_key.p, 256); /* another good one */
        kit_serve(k, ENC, bad);
        kit_boot(k);
        kit_until(k, "config-refused file=" ENC " code=sig-mismatch");
        kit_until_registering(k);
        kit_registered(k);
        kit_off(k);
        assert_false(kit_saw(k, "decrypt"));
    }
    assert_int_equal(k->enrol.n, 0);
    kit_serve(k, ENC, other);
    settle(k);
    assert_true(kit_saw(k, "config file=" ENC " full=1 verified=1"));
    id_fini(&lsc);
}

static void a_stub_that_is_no_stub_is_said_to_be_none(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    c->is_full = false;
    kit_serve_config(k, c);
    kit_boot(k);
    kit_until(k, "status text=Small config file with encrConfig == false");
    kit_until(k, "wait wait_ms=");
    assert_int_equal(k->enrol.n, 0);
    assert_false(kit_asked(k, ENC));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_up, kit_down)
    const struct CMUnitTest tests[] = {
        TEST(sec_68_an_encrypted_configuration_is_opened_and_kept_encrypted_sec_72),
        TEST(sec_74a_the_encrypted_name_comes_first_and_then_the_plain_one),
        TEST(without_either_the_stored_one_goes_on_sec_74a),
        TEST(sec_73_a_stub_for_another_key_takes_one_session),
        TEST(sec_73_at_most_three_sessions_in_a_boot),
        TEST(by_string_the_user_begins_it_sec_73),
        TEST(a_scheduled_enrolment_comes_before_the_encrypted_file),
        TEST(a_server_that_is_away_does_not_use_the_sessions_up),
        TEST(a_certificate_stored_a_moment_ago_is_registered_with_first),
        TEST(sec_69_another_phones_file_is_refused_by_its_name_and_cannot_be_opened),
        TEST(an_encrypted_file_that_cannot_be_opened_leads_to_one_session_sec_73),
        TEST(sec_70_the_signature_is_judged_before_anything_is_decrypted),
        TEST(a_stub_that_is_no_stub_is_said_to_be_none),
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
