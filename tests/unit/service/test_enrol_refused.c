/* SPDX-License-Identifier: Apache-2.0 */
/* The phone's side of CAPF: servers, keys, certificates and messages it refuses, each beside what
 * it accepts. */
#include "enrol_world.h"

#include <unistd.h>

/* ---- whom it talks to ---- */

static void refuses_server(const struct rf_cert *cert, int64_t floor_s, const char *code)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    w->conf.floor_s = floor_s;
    starts(w);
    net_accept(w->link, cert, "TLS_AES_256_GCM_SHA384");
    settle(w);
    expect_failed(w, code, false);
    assert_int_equal(w->link->writes, 0); /* it leaves before it sends anything */
    assert_int_equal(w->n_steps, 0);
    world_free(w);
}

/* Its twins are all the installs above. */
static void rogue_server_sec_65(void **state)
{
    refuses_server(stranger.cert, 0, "server-unknown"); /* the same name, another certificate */
    refuses_server(ccm.cert, 0, "server-role");
    refuses_server(NULL, 0, "server-unknown");
}

static void server_whose_certificate_is_over(void **state)
{
    int64_t ends_s = rf_cert_not_after(capf.cert);
    refuses_server(capf.cert, ends_s + 1, "cert-expired");
    struct world *w = world_new(RF_ENROL_BY_STRING);
    w->conf.floor_s = ends_s;
    w->conf.has_time = false;
    authenticates(w);
    world_free(w);
}

static void no_list_no_session(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    struct rf_why why = {0};
    rf_lists_fini(&w->lists);
    w->lists = phone_lists((struct phone_list_row[]){{ccm.cert, RF_TRUSTLIST_ROLE_CCM_TFTP}}, 1);
    assert_refused(rf_enrol_start(&w->conf, &w->enrol, &why), RF_ERR_DENIED, why, "enrol-no-list");
    world_free(w);
}

static void what_it_does_not_start_with(void **state)
{
    static const char *const strings[] = {"", "123", "12345678901", "12a4", "1234 "};
    struct world *w = world_new(RF_ENROL_BY_STRING);
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        struct rf_why why = {0};
        assert_err(rf_secret_set(&w->string, rf_slice_str(strings[i])), RF_OK);
        assert_refused(rf_enrol_start(&w->conf, &w->enrol, &why), RF_ERR_BAD, why, "enrol-string");
    }
    struct rf_why why = {0};
    w->conf.auth_string = NULL;
    assert_refused(rf_enrol_start(&w->conf, &w->enrol, &why), RF_ERR_BAD, why, "enrol-string");
    w->conf.auth_string = &w->string;
    assert_err(rf_secret_set(&w->string, rf_slice_str("1234567890")), RF_OK);

    why = (struct rf_why){0};
    w->conf.device = "SEP0011/../x";
    assert_refused(rf_enrol_start(&w->conf, &w->enrol, &why), RF_ERR_BAD, why, "enrol-device");
    why = (struct rf_why){0};
    w->conf.device = "";
    assert_refused(rf_enrol_start(&w->conf, &w->enrol, &why), RF_ERR_BAD, why, "enrol-device");
    w->conf.device = DEVICE;
    why = (struct rf_why){0};
    w->net.refuse_open = "address-bad";
    assert_refused(rf_enrol_start(&w->conf, &w->enrol, &why), RF_ERR_BAD, why, "address-bad");
    w->net.refuse_open = NULL;
    authenticates(w);
    assert_int_equal(w->done, 0);
    world_free(w);
}

/* ---- keys it does not make ---- */

static void refuses_key(struct rf_capf_msg request, unsigned rsa_min, const char *code)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    w->conf.rsa_min = rsa_min;
    request.command = RF_CAPF_KEYGEN_REQ;
    authenticates(w);
    says(w, request);
    if (code == NULL) {
        worker_answers(w);
        assert_true(expect(w, RF_CAPF_KEYGEN_RES)->has_public_key);
    } else {
        assert_int_equal(expect(w, RF_CAPF_KEYGEN_RES)->reason, RF_CAPF_REASON_INVALID);
        assert_false(w->msg.has_public_key);
        settle(w);
        expect_failed(w, code, false);
        assert_null(w->flash.pending);
    }
    world_free(w);
}

static void keys_it_does_not_make(void **state)
{
    refuses_key((struct rf_capf_msg){.has_key_size = true, .key_size = 1024}, 0, "keygen-size");
    refuses_key((struct rf_capf_msg){.has_key_size = true, .key_size = 1024}, 1024, NULL);
    refuses_key((struct rf_capf_msg){.has_key_size = true, .key_size = 8192}, 0, "keygen-size");
    refuses_key((struct rf_capf_msg){.has_key_size = true, .key_size = 2049}, 0, "keygen-size");
    refuses_key((struct rf_capf_msg){.has_key_type = true}, 0, "keygen-size");
    refuses_key((struct rf_capf_msg){.has_key_type = true, .key_type = 1}, 0, "keygen-curve");
    refuses_key(
        (struct rf_capf_msg){.has_key_type = true, .key_type = 1, .has_curve = true, .curve = 3}, 0,
        "keygen-curve");
    refuses_key(
        (struct rf_capf_msg){.has_key_type = true, .key_type = 1, .has_curve = true, .curve = 1}, 0,
        NULL);
    refuses_key((struct rf_capf_msg){.has_key_type = true, .key_type = 2}, 0, "keygen-type");
}

/* ---- certificates it does not take ---- */

/* The key was made; this is made of its public half. Refused with `code`, or taken (NULL). */
typedef struct rf_cert *(*cert_fn)(struct rf_slice spki);

static void takes_cert(cert_fn make, bool is_rsa, const char *code)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    if (is_rsa) {
        says(w, (struct rf_capf_msg){
                    .command = RF_CAPF_KEYGEN_REQ, .has_key_size = true, .key_size = 2048});
        worker_answers(w);
        expect(w, RF_CAPF_KEYGEN_RES);
        w->made = w->flash.pending;
    } else {
        gives_key(w);
    }
    struct rf_cert *cert = make(rf_key_spki(w->made));
    sends_cert(w, rf_cert_der(cert));
    worker_answers(w);
    enum rf_capf_reason want = code == NULL ? RF_CAPF_REASON_UPDATE : RF_CAPF_REASON_INVALID;
    assert_int_equal(expect(w, RF_CAPF_STORE_CERT_RES)->reason, want);
    settle(w);
    if (code != NULL)
        expect_failed(w, code, false);
    else
        assert_int_equal(w->flash.saved, 1);
    rf_cert_unref(cert);
    world_free(w);
}

static struct rf_cert *good(struct rf_slice spki)
{
    return issue(spki, DEVICE);
}
static struct rf_cert *for_other_key(struct rf_slice spki)
{
    return issue(rf_key_spki(mic.key), DEVICE);
}
static struct rf_cert *for_other_name(struct rf_slice spki)
{
    return issue(spki, OTHER);
}
static struct rf_cert *with_model(struct rf_slice spki)
{
    struct rf_issue_lsc spec = {.device_name = rf_slice_str(DEVICE),
                                .model = rf_slice_str("8861"),
                                .spki = spki,
                                .now_s = TEST_NOW,
                                .days = 300};
    struct rf_cert *cert = NULL;
    assert_err(rf_issue_lsc(&spec, issuer.cert, issuer.vault, &cert, NULL), RF_OK);
    return cert;
}
static struct rf_cert *issued_at(struct rf_slice spki, int64_t now_s, unsigned days)
{
    struct rf_issue_lsc spec = {
        .device_name = rf_slice_str(DEVICE), .spki = spki, .now_s = now_s, .days = days};
    struct rf_cert *cert = NULL;
    assert_err(rf_issue_lsc(&spec, issuer.cert, issuer.vault, &cert, NULL), RF_OK);
    return cert;
}
static struct rf_cert *expired(struct rf_slice spki)
{
    return issued_at(spki, TEST_NOW - 40 * 86400, 30);
}
static struct rf_cert *not_yet(struct rf_slice spki)
{
    return issued_at(spki, TEST_NOW + 40 * 86400, 30);
}

/* The two dates change places. Nobody's signature fits any more; a phone cannot check that of its
 * LSC anyway, having no certificate of the issuer. */
static struct rf_cert *ends_before_it_begins(struct rf_slice spki)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = issue(spki, DEVICE);
    uint8_t der[RF_CERT_DER_MAX];
    struct rf_slice whole = rf_cert_der(cert);
    memcpy(der, whole.p, whole.len);
    static const uint8_t utc[] = {0x17, 0x0d};
    size_t at = rf_slice_find(whole, rf_slice_of(utc, 2));
    assert_true(at != SIZE_MAX);
    uint8_t first[15];
    memcpy(first, der + at, 15);
    memcpy(der + at, der + at + 15, 15);
    memcpy(der + at + 15, first, 15);
    struct rf_cert *turned = NULL;
    assert_err(rf_cert_from_der(rf_slice_of(der, whole.len), &turned, NULL), RF_OK);
    return turned;
}
static struct rf_cert *as_role(struct rf_slice spki, enum rf_cert_role role)
{
    struct rf_issue_self spec = {.role = role, .cn = DEVICE, .now_s = TEST_NOW, .days = 300};
    struct rf_cert *cert = NULL;
    assert_err(rf_issue_by_ca(&spec, spki, mic_root.cert, mic_root.vault, &cert, NULL), RF_OK);
    return cert;
}
static struct rf_cert *an_authority(struct rf_slice spki)
{
    return as_role(spki, RF_CERT_ROLE_MIC_ISSUER);
}
static struct rf_cert *only_for_signatures(struct rf_slice spki)
{
    return as_role(spki, RF_CERT_ROLE_IMAGE_SIGNER);
}

static void certificates_it_does_not_take(void **state)
{
    takes_cert(good, false, NULL);
    takes_cert(with_model, false, NULL);
    takes_cert(for_other_key, false, "key-cert-mismatch");
    takes_cert(for_other_name, false, "cert-name");
    takes_cert(expired, false, "cert-expired");
    takes_cert(not_yet, false, "cert-not-yet");
    takes_cert(ends_before_it_begins, false, "cert-validity");
    takes_cert(an_authority, false, "leaf-is-ca");
    takes_cert(only_for_signatures, false, NULL); /* all that an EC key needs */
    takes_cert(only_for_signatures, true, "key-usage");
    takes_cert(good, true, NULL);
}

/* Without a clock to believe: only what is surely over is refused. */
static void certificate_without_trusted_time(void **state)
{
    static const struct {
        cert_fn make;
        int64_t floor_s;
        const char *code;
    } rows[] = {{not_yet, 0, NULL}, {expired, 0, NULL}, {expired, TEST_NOW, "cert-expired"}};
    for (size_t i = 0; i < 3; i++) {
        struct world *w = world_new(RF_ENROL_BY_STRING);
        w->conf.has_time = false;
        w->conf.floor_s = rows[i].floor_s;
        authenticates(w);
        gives_key(w);
        struct rf_cert *cert = rows[i].make(rf_key_spki(w->made));
        sends_cert(w, rf_cert_der(cert));
        worker_answers(w);
        assert_int_equal(w->flash.saved, rows[i].code == NULL ? 1 : 0);
        settle(w);
        if (rows[i].code != NULL)
            expect_failed(w, rows[i].code, false);
        rf_cert_unref(cert);
        world_free(w);
    }
}

static void bytes_that_are_no_certificate(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    gives_key(w);
    sends_cert(w, rf_slice_str("not DER"));
    worker_answers(w);
    assert_int_equal(expect(w, RF_CAPF_STORE_CERT_RES)->reason, RF_CAPF_REASON_INVALID);
    settle(w);
    expect_failed(w, "cert-der", false);
    world_free(w);

    w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    says(w, (struct rf_capf_msg){.command = RF_CAPF_STORE_CERT_REQ});
    assert_int_equal(expect(w, RF_CAPF_STORE_CERT_RES)->reason, RF_CAPF_REASON_INVALID);
    settle(w);
    expect_failed(w, "capf-cert-missing", false);
    world_free(w);

    w = world_new(RF_ENROL_BY_STRING); /* a MIC cannot be replaced */
    authenticates(w);
    says(w, (struct rf_capf_msg){.command = RF_CAPF_STORE_CERT_REQ,
                                 .has_cert_type = true,
                                 .cert_type = RF_CAPF_CERT_MIC,
                                 .has_cert = true,
                                 .cert = rf_cert_der(mic.cert)});
    assert_int_equal(expect(w, RF_CAPF_STORE_CERT_RES)->reason, RF_CAPF_REASON_INVALID);
    settle(w);
    expect_failed(w, "capf-cert-type", false);
    world_free(w);
}

/* ---- flash that fails, a worker that is busy ---- */

static void flash_that_cannot_be_written(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    w->flash.fails = true;
    asks_key(w);
    worker_answers(w);
    assert_int_equal(expect(w, RF_CAPF_KEYGEN_RES)->reason, RF_CAPF_REASON_INVALID);
    assert_false(w->msg.has_public_key);
    settle(w);
    expect_failed(w, "flash", false);
    assert_non_null(strstr(w->result.why.text, "no space"));
    world_free(w);

    w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    gives_key(w);
    w->flash.fails = true;
    struct rf_cert *cert = issue(rf_key_spki(w->made), DEVICE);
    sends_cert(w, rf_cert_der(cert));
    worker_answers(w);
    assert_int_equal(expect(w, RF_CAPF_STORE_CERT_RES)->reason, RF_CAPF_REASON_INVALID);
    settle(w);
    expect_failed(w, "flash", false);
    rf_cert_unref(cert);
    world_free(w);

    w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    w->flash.fails = true;
    says(w, (struct rf_capf_msg){.command = RF_CAPF_DELETE_CERT_REQ});
    worker_answers(w);
    assert_int_equal(expect(w, RF_CAPF_DELETE_CERT_RES)->reason, RF_CAPF_REASON_INVALID);
    settle(w);
    expect_failed(w, "flash", false);
    world_free(w);
}

struct block {
    struct rf_job job;
    sem_t *gate;
};
static void block_work(struct rf_job *job, void *state)
{
    sem_wait(((struct block *)job)->gate);
}
static void block_done(struct rf_job *job, void *reader)
{
    rf_free(job);
}

static void worker_without_room(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    sem_t gate;
    size_t n = 0;
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    authenticates(w);
    for (;; n++) {
        struct block *b = rf_new(struct block);
        b->job = (struct rf_job){.work = block_work, .done = block_done};
        b->gate = &gate;
        if (rf_worker_post(w->worker, &b->job) == RF_OK)
            continue;
        rf_free(b);
        if (n >= 5) /* one at work, four waiting */
            break;
        usleep(1000); /* the worker has not taken the first one yet */
        n--;
    }
    asks_key(w);
    expect_nothing(w);
    expect_failed(w, "busy", true);
    for (size_t i = 0; i < n; i++)
        sem_post(&gate);
    world_free(w);
    sem_destroy(&gate);
}

/* ---- what no server should say ---- */

static void is_refused_after_auth(struct rf_capf_msg msg, const char *code)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    authenticates(w);
    says(w, msg);
    expect_nothing(w);
    expect_failed(w, code, false);
    world_free(w);
}

static void messages_out_of_place(void **state)
{
    is_refused_after_auth((struct rf_capf_msg){.command = RF_CAPF_AUTH_REQ}, "capf-command");
    is_refused_after_auth((struct rf_capf_msg){.command = RF_CAPF_AUTH_RES}, "capf-command");
    is_refused_after_auth((struct rf_capf_msg){.command = RF_CAPF_IN_PROGRESS}, "capf-command");
    is_refused_after_auth((struct rf_capf_msg){.command = 5}, "capf-command");
    is_refused_after_auth((struct rf_capf_msg){.command = 22}, "capf-command");
    is_refused_after_auth((struct rf_capf_msg){.command = 200}, "capf-command");
    is_refused_after_auth(
        (struct rf_capf_msg){.command = RF_CAPF_KEYGEN_REQ, .session = SESSION + 1},
        "capf-session");

    struct world *w = world_new(RF_ENROL_BY_STRING); /* before the phone has proved itself */
    connects(w);
    asks_key(w);
    expect_nothing(w);
    expect_failed(w, "capf-command", false);
    world_free(w);
}

/* A server that always wants something more is left; what was done until then stands. */
static void a_session_without_an_end(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    authenticates(w); /* one message of the server */
    for (unsigned i = 1; i < RF_ENROL_MESSAGES_MAX; i++) {
        says(w, (struct rf_capf_msg){.command = RF_CAPF_FETCH_CERT_REQ});
        expect(w, RF_CAPF_FETCH_CERT_RES);
    }
    assert_int_equal(w->done, 0);
    says(w, (struct rf_capf_msg){.command = RF_CAPF_FETCH_CERT_REQ});
    expect_nothing(w);
    assert_int_equal(w->done, 1);
    assert_int_equal(w->result.outcome, RF_ENROL_FETCHED);
    assert_false(w->result.is_confirmed);
    world_free(w);

    w = world_new(RF_ENROL_BY_STRING); /* the twin ends after as many */
    authenticates(w);
    for (unsigned i = 2; i < RF_ENROL_MESSAGES_MAX; i++) {
        says(w, (struct rf_capf_msg){.command = RF_CAPF_FETCH_CERT_REQ});
        expect(w, RF_CAPF_FETCH_CERT_RES);
    }
    says(w, (struct rf_capf_msg){.command = RF_CAPF_END_SESSION, .has_reason = true});
    assert_int_equal(w->done, 1);
    assert_true(w->result.is_confirmed);
    world_free(w);
}

static void versions(void **state)
{
    static const struct {
        bool has;
        uint8_t version;
        bool is_taken;
    } rows[] = {
        {true, 2, true}, {true, 3, true}, {false, 0, true}, {true, 1, false}, {true, 4, false}};
    for (size_t i = 0; i < 5; i++) {
        struct world *w = world_new(RF_ENROL_BY_STRING);
        connects(w);
        says(w, (struct rf_capf_msg){.command = RF_CAPF_AUTH_REQ,
                                     .has_version = rows[i].has,
                                     .version = rows[i].version});
        if (rows[i].is_taken)
            assert_slice_str(expect(w, RF_CAPF_AUTH_RES)->password, "70314159");
        else
            expect_failed(w, "capf-version", false);
        world_free(w);
    }
}

static void bytes_that_are_no_message(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *code;
    } rows[] = {
        {"\x54\x01\0\0\0\1\0\0", 8, "capf-protocol"},
        {"\x55\x01\0\0\0\1\x40\x01", 8, "capf-length"},
        {"\x55\x01\0\0\0\1\0\x08\x07\0\x01\x03\x07\0\x01\x03", 16, "capf-element-twice"},
        {"\x55\x01\0\0\0\1\0\x05\x07\0\x02\x03\x03", 13, "capf-element-size"},
        {"\x55\x01\0\0\0\1\0\x04\x07\0\x02\x03", 12, "short"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_new(RF_ENROL_BY_STRING);
        connects(w);
        net_give(w->link, rf_slice_of(rows[i].bytes, rows[i].n));
        settle(w);
        expect_nothing(w);
        expect_failed(w, rows[i].code, false);
        world_free(w);
    }
}

/* However the stream is cut. */
static void byte_by_byte(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    uint8_t bytes[256];
    struct rf_slice frame;
    struct rf_capf_msg msg = {.command = RF_CAPF_AUTH_REQ,
                              .session = SESSION,
                              .has_version = true,
                              .version = 3,
                              .has_reason_info = true,
                              .reason_info = rf_slice_str("good day")};
    connects(w);
    assert_err(rf_capf_encode(&msg, bytes, sizeof bytes, &frame), RF_OK);
    for (size_t i = 0; i < frame.len; i++) {
        expect_nothing(w);
        net_give(w->link, rf_slice_part(frame, i, 1));
    }
    expect(w, RF_CAPF_AUTH_RES);
    world_free(w);
}

static void two_messages_at_once(void **state)
{
    struct world *w = world_new(RF_ENROL_BY_STRING);
    uint8_t bytes[64];
    struct rf_buf both = RF_BUF(256);
    struct rf_slice frame;
    struct rf_capf_msg msg = {.command = RF_CAPF_AUTH_REQ, .session = SESSION};
    connects(w);
    assert_err(rf_capf_encode(&msg, bytes, sizeof bytes, &frame), RF_OK);
    assert_err(rf_buf_add_slice(&both, frame), RF_OK);
    msg = (struct rf_capf_msg){
        .command = RF_CAPF_END_SESSION, .session = SESSION, .has_reason = true, .reason = 9};
    assert_err(rf_capf_encode(&msg, bytes, sizeof bytes, &frame), RF_OK);
    assert_err(rf_buf_add_slice(&both, frame), RF_OK);
    net_give(w->link, rf_buf_slice(&both));
    settle(w);
    expect_failed(w, "capf-unknown-device", false);
    rf_buf_fini(&both);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rogue_server_sec_65),
        cmocka_unit_test(server_whose_certificate_is_over),
        cmocka_unit_test(no_list_no_session),
        cmocka_unit_test(what_it_does_not_start_with),
        cmocka_unit_test(keys_it_does_not_make),
        cmocka_unit_test(certificates_it_does_not_take),
        cmocka_unit_test(certificate_without_trusted_time),
        cmocka_unit_test(bytes_that_are_no_certificate),
        cmocka_unit_test(flash_that_cannot_be_written),
        cmocka_unit_test(worker_without_room),
        cmocka_unit_test(messages_out_of_place),
        cmocka_unit_test(a_session_without_an_end),
        cmocka_unit_test(versions),
        cmocka_unit_test(bytes_that_are_no_message),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(two_messages_at_once),
    };
    return cmocka_run_group_tests(tests, keys_are_made, keys_are_gone);
}
