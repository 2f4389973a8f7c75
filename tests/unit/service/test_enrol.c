/* SPDX-License-Identifier: Apache-2.0 */
/* The phone's side of CAPF: installs, other operations, links that break, power that fails. */
#include "enrol_world.h"

#include "trust/proof.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- installs ---- */

static void install_by_string_sec_53(void **state)
{
    static const enum rf_enrol_step want[] = {RF_ENROL_STEP_CONNECTED, RF_ENROL_STEP_PROVED,
                                              RF_ENROL_STEP_KEY_ASKED, RF_ENROL_STEP_KEY_SENT,
                                              RF_ENROL_STEP_STORED};
    struct world *w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    assert_int_equal(w->link->port, 3804);
    assert_string_equal(w->link->host, "192.0.2.1");
    assert_true(w->link->has_tls);
    assert_null(w->link->own); /* CAPF asks for no client certificate */
    assert_int_equal(w->msg.reason, RF_CAPF_REASON_UPDATE);
    assert_int_equal(w->msg.version, 3);
    assert_slice_str(w->msg.device_name, DEVICE);
    assert_slice_str(w->msg.password, "70314159");
    assert_false(w->msg.has_cert || w->msg.has_signed_data || w->msg.has_sudi);
    installs(w);
    assert_int_equal(w->done, 0);
    ends(w, RF_CAPF_REASON_UPDATE);
    expect_outcome(w, RF_ENROL_INSTALLED);
    assert_true(w->result.is_confirmed);
    assert_int_equal(w->result.reason, 1);
    assert_string_equal(w->result.why.code, "");
    assert_int_equal(w->result.in, 4);
    assert_int_equal(w->result.out, 3);
    assert_true(rf_cert_eq(w->result_cert, w->flash.cert));
    assert_true(rf_key_matches(w->flash.key, w->flash.cert));
    assert_int_equal(w->n_steps, 5);
    assert_memory_equal(w->steps, want, sizeof want);
    assert_int_equal(w->link->writes, 3); /* each message in one piece */
    world_free(w);
}

static void install_by_null_string_sec_53(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_NULL);
    w->conf.auth_string = NULL;
    authenticates(w);
    assert_false(w->msg.has_password || w->msg.has_cert || w->msg.has_sudi);
    installs(w);
    ends(w, RF_CAPF_REASON_UPDATE);
    expect_outcome(w, RF_ENROL_INSTALLED);
    world_free(w);
}

static void install_of_an_rsa_key(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    says(w, (struct rf_capf_msg){/* without key type: RSA */
                                 .command = RF_CAPF_KEYGEN_REQ,
                                 .has_key_size = true,
                                 .key_size = 2048});
    worker_answers(w);
    expect(w, RF_CAPF_KEYGEN_RES);
    assert_int_equal(rf_key_type(w->flash.pending), RF_KEY_RSA);
    assert_int_equal(rf_key_bits(w->flash.pending), 2048);
    struct rf_cert *cert = issue(w->msg.public_key, DEVICE);
    sends_cert(w, rf_cert_der(cert));
    worker_answers(w);
    assert_int_equal(expect(w, RF_CAPF_STORE_CERT_RES)->reason, RF_CAPF_REASON_UPDATE);
    rf_cert_unref(cert);
    world_free(w);
}

/* A model without EC says no, makes what it is asked for instead, and nobody hears of the first. */
static void a_phone_without_ec_makes_rsa_when_that_is_asked_for_sec_67(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    w->conf.no_ec = true;
    authenticates(w);
    asks_key(w);
    assert_int_equal(expect(w, RF_CAPF_KEYGEN_RES)->reason, RF_CAPF_REASON_INVALID);
    assert_false(w->msg.has_public_key);
    says(w, (struct rf_capf_msg){
                .command = RF_CAPF_KEYGEN_REQ, .has_key_size = true, .key_size = 2048});
    worker_answers(w);
    assert_true(expect(w, RF_CAPF_KEYGEN_RES)->has_public_key);
    struct rf_cert *cert = issue(w->msg.public_key, DEVICE);
    sends_cert(w, rf_cert_der(cert));
    worker_answers(w);
    assert_int_equal(expect(w, RF_CAPF_STORE_CERT_RES)->reason, RF_CAPF_REASON_UPDATE);
    ends(w, RF_CAPF_REASON_UPDATE);
    expect_outcome(w, RF_ENROL_INSTALLED);
    assert_string_equal(w->result.why.code, "");
    rf_cert_unref(cert);
    world_free(w);
}

static void a_phone_without_ec_keeps_what_it_has_where_nothing_else_will_do_sec_67(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    w->conf.no_ec = true;
    authenticates(w);
    asks_key(w);
    assert_int_equal(expect(w, RF_CAPF_KEYGEN_RES)->reason, RF_CAPF_REASON_INVALID);
    ends(w, RF_CAPF_REASON_INVALID);
    expect_failed(w, "keygen-no-ec", false);
    world_free(w);
}

/* ---- a key that waits for its certificate ---- */

enum waiting { FITS, REFUSED_LAST_TIME, OF_ANOTHER_KIND, IN_USE };

/* What is sent when a key lies there from the last try. */
static bool is_sent_again(enum waiting how)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    if (how == OF_ANOTHER_KIND)
        assert_err(rf_key_new_ec(RF_CURVE_P384, &w->flash.pending, NULL), RF_OK);
    else
        w->flash.pending = how == IN_USE ? rf_key_ref(w->lsc.key) : new_key(0);
    RF_AUTO(rf_key_freep) struct rf_key *before = rf_key_ref(w->flash.pending);
    w->conf.new_key = how == REFUSED_LAST_TIME;
    authenticates(w);
    gives_key(w);
    bool is_same = rf_slice_eq(w->msg.public_key, rf_key_spki(before));
    world_free(w);
    return is_same;
}

static void a_key_that_waits_is_sent_again(void **state)
{
    assert_true(is_sent_again(FITS));
    assert_false(is_sent_again(REFUSED_LAST_TIME));
    assert_false(is_sent_again(OF_ANOTHER_KIND));
    assert_false(is_sent_again(IN_USE));
}

/* The proof of this mode is made with this certificate. */
static void expect_proof(enum rf_enrol_mode mode, bool has_mic, bool has_lsc, const struct id *by)
{
    struct world *w = world_new(mode);
    struct rf_cert *shown = NULL, *sudi = NULL;
    if (!has_mic)
        w->conf.mic = NULL;
    if (!has_lsc)
        w->conf.lsc = NULL;
    w->conf.auth_string = NULL;
    authenticates(w);
    assert_false(w->msg.has_password);
    assert_true(w->msg.has_cert && w->msg.has_sudi);
    assert_err(rf_cert_from_der(w->msg.cert, &shown, NULL), RF_OK);
    assert_err(rf_cert_from_der(w->msg.sudi_cert, &sudi, NULL), RF_OK);
    assert_true(rf_cert_eq(shown, by->cert));
    assert_true(rf_cert_eq(sudi, by->cert));
    assert_int_equal(w->msg.sha2_hash, RF_CAPF_HASH_SHA512);
    assert_int_equal(w->msg.cert_inner_type, by == &mic ? RF_CAPF_CERT_MIC : RF_CAPF_CERT_LSC);
    assert_err(rf_proof_check(shown, rf_slice_str(DEVICE), w->msg.signed_data,
                              w->msg.sha2_signature, false, NULL, NULL),
               RF_OK);
    assert_err(rf_sudi_check(sudi, shown, SESSION, w->msg.sudi_sha1, w->msg.sudi_sha512, false,
                             NULL, NULL),
               RF_OK);
    installs(w);
    ends(w, RF_CAPF_REASON_UPDATE);
    expect_outcome(w, RF_ENROL_INSTALLED);
    rf_cert_unref(shown);
    rf_cert_unref(sudi);
    world_free(w);
}

static void both_precedences_sec_56(void **state)
{
    expect_proof(RF_ENROL_LSC_FIRST, true, true, &old_lsc);
    expect_proof(RF_ENROL_MIC_FIRST, true, true, &mic);
    expect_proof(RF_ENROL_LSC_FIRST, true, false, &mic);
    expect_proof(RF_ENROL_MIC_FIRST, false, true, &old_lsc);
}

/* The certificate may have expired, and a string will do beside it. */
static void a_typed_string_goes_with_the_certificate_sec_39(void **state)
{
    struct rf_secret wrong = {0};
    struct world *w = world_new(RF_ENROL_MIC_FIRST);
    authenticates(w);
    assert_true(w->msg.has_cert && w->msg.has_signed_data && w->msg.has_sha2_signed_data);
    assert_true(w->msg.has_password);
    assert_true(rf_slice_eq(w->msg.password, rf_secret_slice(&w->string)));
    installs(w);
    ends(w, RF_CAPF_REASON_UPDATE);
    expect_outcome(w, RF_ENROL_INSTALLED);
    world_free(w);
    w = world_new(RF_ENROL_MIC_FIRST);
    assert_err(rf_secret_set(&wrong, rf_slice_str("12a4")), RF_OK);
    w->conf.auth_string = &wrong;
    struct rf_enrol *enrol = NULL;
    struct rf_why why = {0};
    assert_err(rf_enrol_start(&w->conf, &enrol, &why), RF_ERR_BAD);
    assert_string_equal(why.code, "enrol-string");
    rf_secret_fini(&wrong);
    world_free(w);
}

/* For servers that want the digest without DigestInfo. doc:
 * docs/wire/capf-proof.md, "The bare digest" */
static void bare_digest_by_a_switch_sec_60a(void **state)
{
    struct id rsa = mic_id(DEVICE, &mic_root, 2048);
    for (int is_bare = 0; is_bare < 2; is_bare++) {
        struct world *w = world_new(RF_ENROL_MIC_FIRST);
        struct rf_why why = {0};
        bool used_bare = false;
        w->mic = (struct rf_phone_id){.cert = rsa.cert, .key = rsa.key};
        w->conf.bare_digest = is_bare;
        authenticates(w);
        assert_err(rf_proof_check(rsa.cert, rf_slice_str(DEVICE), w->msg.signed_data,
                                  w->msg.sha2_signature, false, NULL, &why),
                   is_bare ? RF_ERR_DENIED : RF_OK);
        assert_string_equal(why.code, is_bare ? "proof-bare-digest" : "");
        assert_err(rf_proof_check(rsa.cert, rf_slice_str(DEVICE), w->msg.signed_data,
                                  w->msg.sha2_signature, true, &used_bare, NULL),
                   RF_OK);
        assert_int_equal(used_bare, is_bare);
        assert_err(rf_sudi_check(rsa.cert, rsa.cert, SESSION, w->msg.sudi_sha1, w->msg.sudi_sha512,
                                 is_bare, NULL, NULL),
                   RF_OK);
        world_free(w);
    }
    id_fini(&rsa);
}

static void existing_certificate_without_one_sec_57(void **state)
{
    static const enum rf_enrol_mode modes[] = {RF_ENROL_LSC_FIRST, RF_ENROL_MIC_FIRST};
    for (size_t i = 0; i < 2; i++) {
        struct world *w = world_new(modes[i]);
        struct rf_why why = {0};
        w->conf.mic = w->conf.lsc = NULL;
        assert_refused(rf_enrol_start(&w->conf, &w->enrol, &why), RF_ERR_NOT_FOUND, why,
                       "enrol-no-certificate");
        assert_int_equal(w->net.n, 0);
        w->conf.mic = &w->mic;
        starts(w);
        world_free(w);
    }
}

/* The server may begin with the certificate it made for the key of a session that was cut. */
static void certificate_for_the_key_that_waits(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    gives_key(w);
    net_break(w->link, "end");
    settle(w);
    expect_failed(w, "end", true);
    struct rf_cert *cert = issue(rf_key_spki(w->flash.pending), DEVICE);
    w->done = 0;
    w->read_at = 0;
    authenticates(w);
    sends_cert(w, rf_cert_der(cert));
    worker_answers(w);
    assert_int_equal(expect(w, RF_CAPF_STORE_CERT_RES)->reason, RF_CAPF_REASON_UPDATE);
    assert_true(rf_key_matches(w->flash.key, w->flash.cert));
    ends(w, RF_CAPF_REASON_UPDATE);
    expect_outcome(w, RF_ENROL_INSTALLED);
    rf_cert_unref(cert);
    world_free(w);

    w = world_new(RF_ENROL_BY_STRING); /* and no key waits */
    authenticates(w);
    sends_cert(w, rf_cert_der(old_lsc.cert));
    worker_answers(w);
    assert_int_equal(expect(w, RF_CAPF_STORE_CERT_RES)->reason, RF_CAPF_REASON_INVALID);
    settle(w);
    expect_failed(w, "no-pending-key", false);
    world_free(w);
}

static void request_in_progress(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    sem_t gate;
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    w->flash.gate = &gate;
    authenticates(w);
    asks_key(w);
    passes(w, 4999);
    expect_nothing(w);
    passes(w, 1);
    expect(w, RF_CAPF_IN_PROGRESS);
    passes(w, 5000);
    expect(w, RF_CAPF_IN_PROGRESS);
    sem_post(&gate);
    worker_answers(w);
    assert_true(expect(w, RF_CAPF_KEYGEN_RES)->has_public_key);
    passes(w, 20000);
    expect_nothing(w);
    w->flash.gate = NULL;
    world_free(w);
    sem_destroy(&gate);
}

/* Made by a worker of its own, kept on flash by the usual one. */
static void key_made_apart(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    struct rf_worker *keys = rf_worker_start("keys", 4, NULL);
    sem_t gate;
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    w->conf.key_worker = keys;
    w->conf.key_delay_ms = 50;
    w->flash.gate = &gate;
    authenticates(w);
    asks_key(w);
    passes(w, 5000);
    expect(w, RF_CAPF_IN_PROGRESS);
    worker_answers(w); /* the key is there, and on its way to flash */
    expect_nothing(w);
    assert_null(w->flash.pending);
    sem_post(&gate);
    worker_answers(w);
    assert_true(expect(w, RF_CAPF_KEYGEN_RES)->has_public_key);
    assert_non_null(w->flash.pending);
    w->flash.gate = NULL;
    world_free(w);
    rf_worker_stop(keys);
    sem_destroy(&gate);
}

/* Giving up does not wait for the key, and nothing of it is kept. */
static void giving_up_while_a_key_is_made_apart(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    struct rf_worker *keys = rf_worker_start("keys", 4, NULL);
    w->conf.key_worker = keys;
    w->conf.key_delay_ms = 3600u * 1000u;
    authenticates(w);
    asks_key(w);
    for (int i = 0; i < 360; i++) { /* half an hour */
        passes(w, 5000);
        expect(w, RF_CAPF_IN_PROGRESS);
    }
    rf_enrol_abort(w->enrol);
    settle(w);
    expect_failed(w, "aborted", false);
    assert_null(w->flash.pending);
    worker_answers(w); /* the key comes back, and nobody wants it */
    assert_null(w->flash.pending);
    assert_int_equal(w->flash.saved, 0);
    world_free(w);
    rf_worker_stop(keys);
}

/* ---- links that break, servers that say nothing, users who give up ---- */

typedef void (*reach_fn)(struct world *w);

static void at_start(struct world *w)
{
    starts(w);
}
static void at_key_sent(struct world *w)
{
    authenticates(w);
    gives_key(w);
}
static void at_making_key(struct world *w)
{
    authenticates(w);
    asks_key(w);
}

static void lost_link_at_each_step_sec_62(void **state)
{
    static const reach_fn steps[] = {at_start, connects, authenticates, at_making_key, at_key_sent};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct world *w = world_new(RF_ENROL_BY_STRING);
        steps[i](w);
        net_break(w->link, i == 0 ? "connect-refused" : "end");
        settle(w);
        expect_failed(w, i == 0 ? "connect-refused" : "end", true);
        world_free(w);
    }
}

static void link_ended_by_a_refusal_is_not_tried_again(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    starts(w);
    net_break(w->link, "tls-alert-handshake-failure");
    settle(w);
    expect_failed(w, "tls-alert-handshake-failure", false);
    world_free(w);
}

/* The certificate was stored whole before anybody could say so. */
static void lost_link_while_storing_sec_62(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    sem_t gate;
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    authenticates(w);
    gives_key(w);
    w->flash.gate = &gate;
    struct rf_cert *cert = issue(rf_key_spki(w->made), DEVICE);
    sends_cert(w, rf_cert_der(cert));
    net_break(w->link, "end");
    settle(w);
    assert_int_equal(w->done, 0);
    sem_post(&gate);
    worker_answers(w);
    expect_outcome(w, RF_ENROL_INSTALLED);
    assert_false(w->result.is_confirmed || w->result.may_retry);
    assert_string_equal(w->result.why.code, "end");
    assert_true(rf_cert_eq(w->result_cert, cert));
    w->flash.gate = NULL;
    rf_cert_unref(cert);
    world_free(w);
    sem_destroy(&gate);
}

static void lost_link_after_storing_sec_62(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    installs(w);
    net_break(w->link, "tcp-reset");
    settle(w);
    expect_outcome(w, RF_ENROL_INSTALLED);
    assert_false(w->result.is_confirmed);
    assert_string_equal(w->result.why.code, "tcp-reset");
    world_free(w);
}

static void failed_store_without_link(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    sem_t gate;
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    authenticates(w);
    gives_key(w);
    w->flash.gate = &gate;
    struct rf_cert *cert = issue(rf_key_spki(w->made), DEVICE);
    sends_cert(w, rf_cert_der(cert));
    w->flash.fails = true;
    ends(w, RF_CAPF_REASON_INVALID); /* not what a server does before the answer */
    sem_post(&gate);
    worker_answers(w);
    expect_failed(w, "flash", false);
    w->flash.gate = NULL;
    rf_cert_unref(cert);
    world_free(w);
    sem_destroy(&gate);
}

static void server_that_does_not_answer(void **state)
{
    static const reach_fn steps[] = {connects, authenticates, at_key_sent};
    static const uint64_t waits_ms[] = {30000, 30000, 120000};
    for (size_t i = 0; i < 3; i++) {
        struct world *w = world_new(RF_ENROL_BY_STRING);
        steps[i](w);
        passes(w, waits_ms[i] - 1);
        assert_int_equal(w->done, 0);
        passes(w, 1);
        expect_failed(w, "answer-timeout", true);
        world_free(w);
    }
    struct world *w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    installs(w);
    passes(w, 30000);
    expect_outcome(w, RF_ENROL_INSTALLED);
    assert_string_equal(w->result.why.code, "answer-timeout");
    world_free(w);
}

static void user_who_gives_up(void **state)
{
    static const reach_fn steps[] = {at_start, connects, authenticates, at_making_key, at_key_sent};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct world *w = world_new(RF_ENROL_BY_STRING);
        steps[i](w);
        rf_enrol_abort(w->enrol);
        rf_enrol_abort(w->enrol); /* twice is fine */
        settle(w);
        expect_failed(w, "aborted", false);
        world_free(w);
    }
}

static void dropped_at_each_step(void **state)
{
    static const reach_fn steps[] = {at_start, connects, authenticates, at_making_key, at_key_sent};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct world *w = world_new(RF_ENROL_LSC_FIRST);
        steps[i](w);
        rf_enrol_free(w->enrol);
        w->enrol = NULL;
        settle(w);
        assert_int_equal(w->done, 0);
        world_free(w);
    }
}

static void output_that_is_full(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    connects(w);
    w->net.is_full = true;
    asks_auth(w);
    settle(w);
    expect_failed(w, "capf-length", false);
    world_free(w);
}

/* ---- how the server ends it ---- */

static void ends_with(enum rf_capf_reason reason, enum rf_enrol_outcome outcome, const char *code)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    ends(w, reason);
    if (outcome == RF_ENROL_FAILED)
        expect_failed(w, code, false);
    expect_outcome(w, outcome);
    assert_int_equal(w->result.reason, (int)reason);
    world_free(w);
}

static void end_of_session(void **state)
{
    ends_with(RF_CAPF_REASON_NO_ACTION, RF_ENROL_NOTHING, NULL);
    ends_with(RF_CAPF_REASON_UNKNOWN_DEVICE, RF_ENROL_FAILED, "capf-unknown-device");
    ends_with(RF_CAPF_REASON_INVALID, RF_ENROL_FAILED, "capf-refused");
    ends_with((enum rf_capf_reason)77, RF_ENROL_FAILED, "capf-refused");
    ends_with(RF_CAPF_REASON_UPDATE, RF_ENROL_FAILED, "capf-early-end");
}

static void install_that_the_server_then_refuses(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    installs(w);
    ends(w, RF_CAPF_REASON_INVALID);
    expect_outcome(w, RF_ENROL_INSTALLED);
    assert_false(w->result.is_confirmed);
    assert_string_equal(w->result.why.code, "capf-refused");
    world_free(w);
}

static void come_again_later(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    says(w, (struct rf_capf_msg){.command = RF_CAPF_RETRY_LATER});
    expect_failed(w, "capf-retry-later", true);
    world_free(w);
}

/* ---- other operations ---- */

static void delete_sec_63(void **state)
{
    struct world *w = world_new(RF_ENROL_LSC_FIRST);
    authenticates(w);
    says(w, (struct rf_capf_msg){.command = RF_CAPF_DELETE_CERT_REQ});
    worker_answers(w);
    assert_int_equal(w->flash.removed, 1);
    assert_int_equal(expect(w, RF_CAPF_DELETE_CERT_RES)->reason, RF_CAPF_REASON_UPDATE);
    ends(w, RF_CAPF_REASON_UPDATE);
    expect_outcome(w, RF_ENROL_DELETED);
    assert_true(w->result.is_confirmed);
    world_free(w);
}

static void fetch_sec_63(void **state)
{
    static const struct {
        bool has_lsc, has_mic;
        const struct id *want;
    } rows[] = {{true, true, &old_lsc}, {false, true, &mic}, {false, false, NULL}};
    for (size_t i = 0; i < 3; i++) {
        struct world *w = world_new(RF_ENROL_BY_STRING);
        if (!rows[i].has_lsc)
            w->conf.lsc = NULL;
        if (!rows[i].has_mic)
            w->conf.mic = NULL;
        authenticates(w);
        says(w, (struct rf_capf_msg){.command = RF_CAPF_FETCH_CERT_REQ});
        expect(w, RF_CAPF_FETCH_CERT_RES);
        assert_int_equal(w->msg.has_cert, rows[i].want != NULL);
        if (rows[i].want != NULL)
            assert_slice_eq(w->msg.cert, rf_cert_der(rows[i].want->cert));
        ends(w, rows[i].want != NULL ? RF_CAPF_REASON_NO_ACTION : RF_CAPF_REASON_INVALID);
        if (rows[i].want != NULL)
            expect_outcome(w, RF_ENROL_FETCHED);
        else
            expect_failed(w, "capf-refused", false);
        world_free(w);
    }
}

static void string_is_in_no_log_sec_64(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    FILE *file = tmpfile();
    assert_non_null(file);
    rf_log_setup(fileno(file), RF_LOG_DEBUG);
    authenticates(w);
    assert_slice_str(w->msg.password, "70314159");
    installs(w);
    ends(w, RF_CAPF_REASON_UPDATE);
    rf_log_setup(2, RF_LOG_INFO);
    char text[16384] = "";
    rewind(file);
    size_t n = fread(text, 1, sizeof text - 1, file);
    assert_true(n > 0 && n < sizeof text - 1);
    assert_non_null(strstr(text, "enrolment done outcome=installed")); /* it did log */
    assert_non_null(strstr(text, DEVICE));
    assert_null(strstr(text, "70314159"));
    fclose(file);
    world_free(w);
}

/* ---- power that fails ---- */

static void dies_at(const char *point, struct crash_flash *left)
{
    struct crash_flash *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(shared, MAP_FAILED);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("RINGFENCE_CRASH_AT", point, 1);
        struct world *w = world_new(RF_ENROL_BY_STRING);
        w->flash.shared = shared;
        authenticates(w);
        installs(w);
        ends(w, RF_CAPF_REASON_UPDATE);
        _exit(0); /* it was not killed */
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    *left = *shared;
    munmap(shared, sizeof *shared);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* The old pair is in use up to enrol.cert-saved, the new one from there on; both are whole, because
 * one call replaces key and certificate. */
static void killed_at_five_points(void **state)
{
#ifdef RF_TEST_HOOKS
    static const struct {
        const char *point;
        bool has_pending, has_new;
    } rows[] = {{"enrol.key-made", false, false},
                {"enrol.key-saved", true, false},
                {"enrol.cert-received", true, false},
                {"enrol.cert-saved", true, true},
                {"enrol.confirmed", true, true}};
    for (size_t i = 0; i < 5; i++) {
        struct crash_flash left;
        dies_at(rows[i].point, &left);
        assert_int_equal(left.has_pending, rows[i].has_pending);
        assert_int_equal(left.has_new, rows[i].has_new);
    }
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(install_by_string_sec_53),
        cmocka_unit_test(install_by_null_string_sec_53),
        cmocka_unit_test(install_of_an_rsa_key),
        cmocka_unit_test(a_phone_without_ec_makes_rsa_when_that_is_asked_for_sec_67),
        cmocka_unit_test(a_key_that_waits_is_sent_again),
        cmocka_unit_test(a_phone_without_ec_keeps_what_it_has_where_nothing_else_will_do_sec_67),
        cmocka_unit_test(both_precedences_sec_56),
        cmocka_unit_test(a_typed_string_goes_with_the_certificate_sec_39),
        cmocka_unit_test(bare_digest_by_a_switch_sec_60a),
        cmocka_unit_test(existing_certificate_without_one_sec_57),
        cmocka_unit_test(certificate_for_the_key_that_waits),
        cmocka_unit_test(request_in_progress),
        cmocka_unit_test(key_made_apart),
        cmocka_unit_test(giving_up_while_a_key_is_made_apart),
        cmocka_unit_test(lost_link_at_each_step_sec_62),
        cmocka_unit_test(link_ended_by_a_refusal_is_not_tried_again),
        cmocka_unit_test(lost_link_while_storing_sec_62),
        cmocka_unit_test(lost_link_after_storing_sec_62),
        cmocka_unit_test(failed_store_without_link),
        cmocka_unit_test(server_that_does_not_answer),
        cmocka_unit_test(user_who_gives_up),
        cmocka_unit_test(dropped_at_each_step),
        cmocka_unit_test(output_that_is_full),
        cmocka_unit_test(end_of_session),
        cmocka_unit_test(install_that_the_server_then_refuses),
        cmocka_unit_test(come_again_later),
        cmocka_unit_test(delete_sec_63),
        cmocka_unit_test(fetch_sec_63),
        cmocka_unit_test(string_is_in_no_log_sec_64),
        cmocka_unit_test(killed_at_five_points),
    };
    return cmocka_run_group_tests(tests, keys_are_made, keys_are_gone);
}
