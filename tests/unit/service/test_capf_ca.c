/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates by another CA: what it makes is checked before it reaches the phone; a CA that is
 * slow or dead loses no operation; and one key gets one certificate, whoever dies meanwhile. */
#include "capf_kit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "store/store_request.h"

static int set_up(void **state)
{
    struct kit *k = kit_prepare();
    kit_use_ca(k, RF_SITE_ISSUER_CMP);
    kit_start(k);
    *state = k;
    return 0;
}

static int set_up_offline(void **state)
{
    struct kit *k = kit_prepare();
    kit_use_ca(k, RF_SITE_ISSUER_OFFLINE);
    kit_start(k);
    *state = k;
    return 0;
}

static void schedule(struct kit *k)
{
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
}

/* The phone comes, proves itself and sends this key. */
static struct kit_link *come(struct kit *k, const struct rf_key *key)
{
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_say_key(k, l, key);
    return l;
}

static void expect_stored(struct kit *k, struct kit_link *l, const struct rf_key *key)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    assert_err(rf_cert_from_der(l->msg.cert, &cert, NULL), RF_OK);
    assert_true(rf_key_matches(key, cert));
    assert_slice_eq(rf_cert_issuer_der(cert), rf_cert_subject_der(k->ca->id.cert));
    kit_say_reason(k, l, RF_CAPF_STORE_CERT_RES, RF_CAPF_REASON_UPDATE);
    kit_expect_end(k, l, RF_CAPF_REASON_UPDATE);
    assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_SUCCESS);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
}

static size_t requests(struct kit *k, struct rf_store_request *first)
{
    struct rf_store_requests all = {0};
    struct rf_why why = {0};
    assert_int_equal(rf_capf_sessions_jobs(k->sessions), 0);
    assert_err(rf_store_request_list(k->store, &all, &why), RF_OK);
    size_t n = all.n;
    if (n > 0 && first != NULL) {
        *first = all.items[0];
        first->spki = first->der = (struct rf_buf){0};
    }
    rf_store_requests_fini(&all);
    return n;
}

static void advance_s(struct kit *k, uint64_t s)
{
    kit_wait_ms(k, s * 1000);
}

static void delivered_sec_66(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    schedule(k);
    expect_stored(k, come(k, key), key);
    assert_int_equal(k->ca->requests, 1);
    assert_int_equal(k->ca->accepted, 1);
    assert_int_equal(requests(k, NULL), 0); /* done with */
}

static void with_the_model_in_the_name(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    k->site->lsc_subject = RF_SITE_SUBJECT_MODEL;
    kit_knobs(k);
    schedule(k);
    k->ca->make.san = "URI:" PHONE;
    expect_stored(k, come(k, key), key);
}

/* Refused, the CA is told, the phone keeps what it has; without the fault the same is taken. */
static void refused_and_the_twin_delivered_sec_66(void **state)
{
    static const struct {
        struct ca_make make;
        const char *code;
    } rows[] = {
        {{.is_other_key = true}, "ca-other-key"},
        {{.cn = OTHER}, "ca-other-name"},
        {{.key_usage = ""}, "key-usage"},
        {{.from_s = TEST_NOW - 900000, .until_s = TEST_NOW - 1}, "cert-expired"},
        {{.is_by_other = true}, "path-signature"},
        {{.ext_usage = "serverAuth"}, "ca-ext-usage"},
        {{.until_s = TEST_NOW + (int64_t)86400 * 1000}, "ca-too-long"},
    };
    struct kit *k = *state;
    kit_install(k); /* the LSC that it keeps */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
        struct rf_store_request r = {0};
        kit_forget_links(k);
        k->ca->rejected = k->ca->requests = 0;
        schedule(k);
        k->ca->make = rows[i].make;
        struct kit_link *l = come(k, key);
        kit_expect_dropped(k, l);
        kit_expect_failed(k, PHONE, "ca-error");
        assert_int_equal(requests(k, &r), 1);
        assert_string_equal(r.reason, rows[i].code);
        assert_int_equal(r.state, RF_STORE_REQUEST_WAITING);
        assert_int_equal(k->ca->rejected, 1);
        assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
        k->ca->make = (struct ca_make){0};
        advance_s(k, RF_CAPF_CA_BACKOFF_S);
        expect_stored(k, come(k, key), key);
        assert_int_equal(k->ca->requests, 2);
    }
}

/* It is left in peace, longer each time, and the operation waits. */
static void a_dead_ca_loses_nothing(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct rf_store_request r = {0};
    uint64_t wait_s = RF_CAPF_CA_BACKOFF_S;
    schedule(k);
    k->ca->is_dead = true;
    for (unsigned i = 1; i <= 9; i++) {
        unsigned before = k->ca->messages;
        kit_expect_dropped(k, come(k, key));
        kit_expect_failed(k, PHONE, "ca-error");
        assert_int_equal(k->ca->messages, before + 1);
        kit_expect_dropped(k, come(k, key)); /* too early: nobody is asked */
        assert_int_equal(k->ca->messages, before + 1);
        assert_string_equal(kit_op(k, PHONE).reason, "ca-waiting");
        assert_int_equal(requests(k, &r), 1);
        assert_int_equal(r.tries, i);
        assert_int_equal(r.next_s, rf_wall_s(&k->clock.clock) + (int64_t)wait_s);
        advance_s(k, wait_s);
        wait_s = wait_s * 2 > RF_CAPF_CA_BACKOFF_MAX_S ? RF_CAPF_CA_BACKOFF_MAX_S : wait_s * 2;
        kit_forget_links(k);
    }
    k->ca->is_dead = false;
    expect_stored(k, come(k, key), key);
    assert_int_equal(k->ca->requests, 1);
}

/* One phone finds out for all. */
static void other_phones_do_not_wait_for_a_dead_ca(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    RF_AUTO(rf_key_freep) struct rf_key *another = new_key(0);
    schedule(k);
    kit_schedule(k, OTHER, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "654321");
    k->ca->is_dead = true;
    kit_expect_dropped(k, come(k, key));
    assert_int_equal(k->ca->messages, 1);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, OTHER, "654321");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_say_key(k, l, another);
    kit_expect_dropped(k, l);
    assert_int_equal(k->ca->messages, 1);
    assert_string_equal(kit_op(k, OTHER).reason, "ca-waiting");
    assert_int_equal(kit_op(k, OTHER).state, RF_STORE_OP_PENDING);
}

/* Within cmp_wait_s the phone is kept; nothing of it is asked twice. */
static void a_phone_waits_for_a_slow_ca(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    schedule(k);
    k->ca->polls = 3;
    struct kit_link *l = come(k, key);
    kit_expect_silence(k, l);
    for (int i = 0; i < 3 && l->out.len == 0; i++)
        advance_s(k, 7);
    expect_stored(k, l, key);
    assert_int_equal(k->ca->requests, 1);
}

/* Longer than that, it is sent away; when it comes again, the CA is asked about the same request.
 */
static void a_ca_that_needs_long_is_asked_about_the_same_request(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct rf_store_request r = {0};
    schedule(k);
    k->ca->polls = 4;
    struct kit_link *l = come(k, key);
    for (int i = 0; i < 4 && !l->is_closed; i++)
        advance_s(k, 7);
    kit_expect_dropped(k, l);
    assert_string_equal(kit_op(k, PHONE).reason, "ca-waiting");
    assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_PENDING);
    assert_int_equal(requests(k, &r), 1);
    assert_int_equal(r.state, RF_STORE_REQUEST_SENT);
    advance_s(k, 3600);
    l = come(k, key);
    for (int i = 0; i < 4 && l->out.len == 0 && !l->is_closed; i++)
        advance_s(k, 7);
    expect_stored(k, l, key);
    assert_int_equal(k->ca->requests, 1);
    assert_int_equal(k->ca->accepted, 1);
}

/* A phone that is unplugged meanwhile: the certificate comes all the same, and waits. */
static void a_certificate_waits_for_the_phone(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct rf_store_request r = {0};
    schedule(k);
    struct kit_link *l = come(k, key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    kit_lose(k, l);
    kit_pump(k);
    kit_expect_failed(k, PHONE, "lost-link");
    assert_int_equal(requests(k, &r), 1);
    assert_int_equal(r.state, RF_STORE_REQUEST_MADE);
    kit_restart(k);
    expect_stored(k, come(k, key), key);
    assert_int_equal(k->ca->requests, 1);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED), 0);
}

/* Scheduled anew meanwhile: the same key gets the same certificate, and the new operation is done.
 */
static void a_new_operation_takes_the_certificate_of_the_key(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    schedule(k);
    struct kit_link *l = come(k, key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    kit_lose(k, l);
    kit_pump(k);
    schedule(k);
    expect_stored(k, come(k, key), key);
    assert_int_equal(kit_op(k, PHONE).op, RF_STORE_OP_NONE);
    assert_int_equal(k->ca->requests, 1);
}

/* What waited too long is not given out. */
static void a_certificate_that_expired_while_it_waited_is_asked_for_again_sec_66(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    schedule(k);
    k->ca->make.until_s = TEST_NOW + 3600;
    struct kit_link *l = come(k, key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    kit_lose(k, l);
    advance_s(k, 7200);
    k->ca->make.until_s = 0;
    expect_stored(k, come(k, key), key);
    assert_int_equal(k->ca->requests, 2);
}

/* The phone made another key: what was asked for the first is dropped. */
static void another_key_drops_the_request(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    RF_AUTO(rf_key_freep) struct rf_key *newer = new_key(0);
    schedule(k);
    kit_expect_dropped(k, come(k, key));
    assert_string_equal(kit_op(k, PHONE).reason, "ca-waiting");
    kit_expect_dropped(k, come(k, newer));
    assert_int_equal(requests(k, NULL), 1);
    RF_AUTO(rf_cert_freep) struct rf_cert *late = ca_issue(k->ca, rf_key_spki(key), PHONE);
    uint8_t md[RF_DIGEST_MAX];
    rf_digest_of(RF_DIGEST_SHA256, rf_key_spki(key), md);
    struct rf_why why = {0};
    assert_err(rf_store_request_made(k->store, md, rf_cert_sha256(late).p, rf_cert_der(late),
                                     TEST_NOW, NULL, &why),
               RF_ERR_NOT_FOUND);
    assert_string_equal(why.code, "request-unknown");
}

/* A key that another device has is nobody's second identity. */
static void a_key_of_another_device_is_refused(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    schedule(k);
    kit_expect_dropped(k, come(k, key));
    kit_schedule(k, OTHER, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "654321");
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, OTHER, "654321");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_say_key(k, l, key);
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, OTHER, "key-shared");
}

static void made(struct kit *k, const struct rf_key *key, enum rf_err want)
{
    struct rf_why why = {0};
    uint8_t md[RF_DIGEST_MAX];
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = ca_issue(k->ca, rf_key_spki(key), PHONE);
    rf_digest_of(RF_DIGEST_SHA256, rf_key_spki(key), md);
    assert_err(rf_store_request_made(k->store, md, rf_cert_sha256(cert).p, rf_cert_der(cert),
                                     TEST_NOW, NULL, &why),
               want);
    if (want == RF_ERR_EXISTS)
        assert_string_equal(why.code, "request-made");
}

/* Offline: it comes, waits, comes again, and gets what was brought meanwhile; a second one is not
 * taken. */
static void offline_the_phone_gets_what_was_brought(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    schedule(k);
    kit_expect_dropped(k, come(k, key));
    struct rf_store_capf op = kit_op(k, PHONE);
    assert_int_equal(op.op, RF_STORE_OP_INSTALL);
    assert_int_equal(op.state, RF_STORE_OP_PENDING);
    assert_string_equal(op.reason, "ca-waiting");
    made(k, key, RF_OK);
    made(k, key, RF_ERR_EXISTS);
    advance_s(k, 86000);
    expect_stored(k, come(k, key), key);
    assert_int_equal(requests(k, NULL), 0);
}

/* Asked by CMP, and then the CA goes off the network: the request may be carried there. */
static void a_request_that_was_sent_may_be_carried(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct rf_store_request r = {0};
    schedule(k);
    k->ca->polls = 40;
    struct kit_link *l = come(k, key);
    for (int i = 0; i < 4 && !l->is_closed; i++)
        advance_s(k, 7);
    assert_int_equal(requests(k, &r), 1);
    assert_int_equal(r.state, RF_STORE_REQUEST_SENT);
    k->site->lsc_issuer = RF_SITE_ISSUER_OFFLINE;
    kit_knobs(k);
    kit_expect_dropped(k, come(k, key));
    assert_int_equal(requests(k, &r), 1);
    assert_int_equal(r.state, RF_STORE_REQUEST_WAITING);
    made(k, key, RF_OK);
    expect_stored(k, come(k, key), key);
}

/* ---- what the certificate is good for ---- */

/* It proves the phone at CAPF like one of our own, and counts only when it is known here. */
static void such_an_lsc_renews_and_an_unknown_one_does_not(void **state)
{
    struct kit *k = *state;
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_finish_install(k, l);
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_LSC, NULL);
    struct id stranger = {0};
    id_set_key(&stranger, new_key(0));
    stranger.cert = ca_issue(k->ca, rf_key_spki(stranger.key), PHONE);
    l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &stranger);
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, "invalid-lsc");
    id_fini(&stranger);
    struct id old = k->lsc;
    k->lsc = (struct id){0};
    l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &old);
    kit_finish_install(k, l);
    id_fini(&old);
}

/* ---- kill -9 ---- */

static void die_at(const char *point)
{
    char dir[64];
    struct kit *k = kit_prepare();
    int status = 0;
    kit_use_ca(k, RF_SITE_ISSUER_CMP);
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    snprintf(dir, sizeof dir, "%s", k->dir);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("RINGFENCE_CRASH_AT", point, 1);
        kit_start(k);
        schedule(k);
        come(k, key);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    kit_start(k);
    assert_int_equal(kit_op(k, PHONE).op, RF_STORE_OP_INSTALL);
    struct rf_store_request r = {0};
    assert_int_equal(requests(k, &r), 1);
    /* Asked again only where no certificate is here; then the CA never heard that the first one
     * was taken. */
    bool is_here = strcmp(point, "capf.request-kept") != 0;
    assert_int_equal(r.state, is_here ? RF_STORE_REQUEST_MADE : RF_STORE_REQUEST_SENT);
    expect_stored(k, come(k, key), key);
    assert_int_equal(k->ca->requests, is_here ? 0 : 1);
    kit_free(k);
}

static void killed_at_any_point_one_certificate_is_issued_sec_62(void **state)
{
    die_at("capf.request-kept");
    die_at("capf.ca-made");
    die_at("capf.ca-answered");
}

#define TEST(name)    cmocka_unit_test_setup_teardown(name, set_up, kit_tear_down)
#define OFFLINE(name) cmocka_unit_test_setup_teardown(name, set_up_offline, kit_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(delivered_sec_66),
        TEST(with_the_model_in_the_name),
        TEST(refused_and_the_twin_delivered_sec_66),
        TEST(a_dead_ca_loses_nothing),
        TEST(other_phones_do_not_wait_for_a_dead_ca),
        TEST(a_phone_waits_for_a_slow_ca),
        TEST(a_ca_that_needs_long_is_asked_about_the_same_request),
        TEST(a_certificate_waits_for_the_phone),
        TEST(a_new_operation_takes_the_certificate_of_the_key),
        TEST(a_certificate_that_expired_while_it_waited_is_asked_for_again_sec_66),
        OFFLINE(another_key_drops_the_request),
        OFFLINE(a_key_of_another_device_is_refused),
        OFFLINE(offline_the_phone_gets_what_was_brought),
        TEST(a_request_that_was_sent_may_be_carried),
        TEST(such_an_lsc_renews_and_an_unknown_one_does_not),
        cmocka_unit_test(killed_at_any_point_one_certificate_is_issued_sec_62),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
