/* SPDX-License-Identifier: Apache-2.0 */
/* The CAPF server on a real listener with TLS: the phone of this project enrols at it, and one that
 * is scripted byte by byte. */
#include "../trust/pki.h"

#include <sys/stat.h>
#include <unistd.h>

#include "net/link.h"
#include "service/capf/capf_service.h"
#include "service/phone/enrol.h"
#include "store/store.h"
#include "trust/lists.h"
#include "trust/pwhash.h"
#include "wire/capf/capf.h"

#define PHONE  "SEP001122334455"
#define STRING "31415926"

/* Time goes on by itself, and it is the day the certificates are for. */
static uint64_t now_ms(const struct rf_clock *clock)
{
    return rf_now_ms(rf_clock_real());
}

static int64_t wall_s(const struct rf_clock *clock)
{
    return TEST_NOW + 60;
}

static const struct rf_clock test_clock = {.now_ms = now_ms, .wall_s = wall_s};

struct flash {
    struct rf_key *pending;
    struct rf_key *key;
    struct rf_cert *cert;
    unsigned removed;
};

struct world {
    char dir[64];
    struct rf_site site;
    struct rf_loop *loop;
    struct rf_store *store;
    struct rf_worker *store_worker, *signer_worker, *phone_worker;
    struct rf_anchors *anchors;
    struct rf_capf_service *service;
    struct id capf, lsc_issuer, mic_root, mic, sast;

    struct rf_lists lists;
    struct flash flash;
    struct rf_secret string;
    struct rf_phone_id phone_mic, phone_lsc;
    struct rf_enrol *enrol;
    struct rf_enrol_result result;
    bool is_done;

    struct rf_buf heard; /* of the scripted phone */
    size_t pieces;
    bool is_open, is_closed;
    unsigned crowded;
};

/* ---- the server ---- */

static enum rf_err issuer_key(void *state, struct rf_vault_key **key, struct rf_cert **cert,
                              struct rf_why *why)
{
    struct world *w = state;
    *key = rf_vault_key_from_key(w->lsc_issuer.key);
    *cert = rf_cert_ref(w->lsc_issuer.cert);
    return RF_OK;
}

static void save_capf(struct world *w, const struct id *id)
{
    struct rf_why why = {0};
    RF_AUTO(rf_freep) char *cert = rf_site_path(&w->site, RF_SITE_CERT_CAPF);
    RF_AUTO(rf_freep) char *key = rf_site_path(&w->site, RF_SITE_KEY_CAPF);
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(65536);
    assert_err(rf_cert_to_pem(id->cert, &pem), RF_OK);
    assert_err(rf_file_replace(cert, rf_buf_slice(&pem), RF_FILE_PUBLIC, &why), RF_OK);
    assert_err(rf_key_save(id->key, key, NULL, NULL, &why), RF_OK);
}

static void add_device(struct world *w)
{
    struct rf_store_line line = {.index = 1, .dn = "2001"};
    struct rf_store_phone p = {.lines = &line, .n_lines = 1};
    struct rf_why why = {0};
    snprintf(p.device.name, sizeof p.device.name, "%s", PHONE);
    snprintf(p.device.model, sizeof p.device.model, "8861");
    assert_err(rf_store_device_add(w->store, &p, TEST_NOW, NULL, &why), RF_OK);
}

/* A signed list with this certificate as CAPF's, installed in the phone. */
static void install_list(struct world *w, const struct rf_cert *capf)
{
    struct rf_why why = {0};
    struct rf_list_entry entries[] = {{w->sast.cert, RF_TRUSTLIST_ROLE_SAST, NULL},
                                      {capf, RF_TRUSTLIST_ROLE_CAPF, NULL}};
    struct rf_list_spec spec = {.kind = RF_LIST_CTL,
                                .entries = entries,
                                .n = 2,
                                .digest = RF_DIGEST_SHA512,
                                .is_11 = true,
                                .timestamp = TEST_NOW};
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    RF_AUTO(rf_list_freep) struct rf_list *list = NULL;
    assert_err(rf_list_build(&spec, w->sast.vault, w->sast.cert, &bytes, &why), RF_OK);
    assert_err(rf_list_open(rf_buf_slice(&bytes), &list, &why), RF_OK);
    rf_lists_install(&w->lists, RF_LIST_CTL, list);
}

static void turn_until(struct world *w, const bool *flag)
{
    for (int i = 0; i < 2000 && !*flag; i++)
        rf_loop_turn(w->loop, 20);
    assert_true(*flag);
}

static void nothing_to_do(struct rf_job *job, void *worker_state)
{
}

static bool is_idle;

static void note_idle(struct rf_job *job, void *reader)
{
    is_idle = true;
}

/* The store's worker has done what it was asked: its database may be used from here. */
static void wait_for_store(struct world *w)
{
    struct rf_job job = {
        .work = nothing_to_do, .done = note_idle, .answer_to = rf_loop_mailbox(w->loop)};
    is_idle = false;
    assert_err(rf_worker_post(w->store_worker, &job), RF_OK);
    turn_until(w, &is_idle);
}

static void note_alarm(void *arg, const char *code, const char *text)
{
    struct world *w = arg;
    w->crowded += strcmp(code, "capf-sessions") == 0;
}

static int set_up(void **state)
{
    struct world *w = rf_new(struct world);
    struct rf_why why = {0};
    test_tmp(w->dir, sizeof w->dir, "capf");
    assert_non_null(mkdtemp(w->dir));
    assert_err(rf_site_make(w->dir, &why), RF_OK);
    w->site = (struct rf_site){.dir = w->dir, .conf = rf_site_conf_new()};
    w->capf = self_id(RF_CERT_ROLE_CAPF, "capf.test", 0);
    w->lsc_issuer = self_id(RF_CERT_ROLE_LSC_ISSUER, "Test LSC issuer", 0);
    w->mic_root = self_id(RF_CERT_ROLE_MIC_ROOT, "Test Manufacturing CA", 0);
    w->mic = mic_id(PHONE, &w->mic_root, 0);
    save_capf(w, &w->capf);
    w->loop = rf_loop_new(&test_clock, "test");
    RF_AUTO(rf_freep) char *db = rf_site_path(&w->site, RF_SITE_DB);
    assert_err(rf_store_open(db, &w->store, &why), RF_OK);
    add_device(w);
    w->store_worker = rf_worker_start("store", 64, w->store);
    w->signer_worker = rf_worker_start("signer", 64, w);
    w->phone_worker = rf_worker_start("phone", 4, w);
    w->anchors = rf_anchors_new(RF_PURPOSE_CAPF);
    assert_err(rf_anchors_add(w->anchors, w->mic_root.cert, &why), RF_OK);
    assert_err(rf_anchors_add(w->anchors, w->lsc_issuer.cert, &why), RF_OK);
    struct rf_capf_service_conf conf = {.loop = w->loop,
                                        .site = &w->site,
                                        .store = w->store_worker,
                                        .signer = w->signer_worker,
                                        .issuer_key = issuer_key,
                                        .anchors = w->anchors,
                                        .lsc_issuer = w->lsc_issuer.cert,
                                        .on_alarm = note_alarm,
                                        .arg = w};
    assert_err(rf_capf_service_new(&conf, &w->service, &why), RF_OK);
    assert_err(rf_capf_service_listen(w->service, RF_TLS_MODERN, "127.0.0.1", 0, NULL, &why),
               RF_OK);
    wait_for_store(w);
    w->sast = self_id(RF_CERT_ROLE_SAST, "sast.test", 2048); /* EC signs no lists */
    install_list(w, w->capf.cert);
    w->phone_mic = (struct rf_phone_id){.cert = w->mic.cert, .key = w->mic.key};
    assert_err(rf_secret_set(&w->string, rf_slice_str(STRING)), RF_OK);
    w->heard = RF_BUF(RF_CAPF_FRAME_MAX);
    *state = w;
    return 0;
}

static void remove_site(const struct world *w)
{
    static const char *const dirs[] = {"trust/mic-roots", "trust", "keys", "certs", "lists", "db",
                                       "images",          "files", "run",  ""};
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        RF_AUTO(rf_freep) char *path = rf_path_join(w->dir, dirs[i]);
        struct rf_why why = {0};
        assert_err(rf_dir_empty(path, &why), RF_OK);
        assert_int_equal(rmdir(path), 0);
    }
}

static int tear_down(void **state)
{
    struct world *w = *state;
    rf_enrol_free(w->enrol);
    rf_capf_service_free(w->service);
    rf_worker_stop(w->store_worker);
    rf_worker_stop(w->signer_worker);
    rf_worker_stop(w->phone_worker);
    rf_loop_free(w->loop);
    rf_store_close(w->store);
    rf_anchors_unref(w->anchors);
    rf_lists_fini(&w->lists);
    struct id *ids[] = {&w->capf, &w->lsc_issuer, &w->mic_root, &w->mic, &w->sast};
    for (size_t i = 0; i < 5; i++)
        id_fini(ids[i]);
    rf_key_free(w->flash.pending);
    rf_key_free(w->flash.key);
    rf_cert_unref(w->flash.cert);
    rf_buf_fini(&w->heard);
    rf_site_conf_free(w->site.conf);
    remove_site(w);
    rf_free(w);
    return 0;
}

/* The store's worker is idle whenever a session has ended and before one begins. */
static void schedule(struct world *w, enum rf_store_op op, enum rf_store_auth auth)
{
    struct rf_why why = {0};
    int64_t id;
    struct rf_store_capf o = {
        .op = op, .auth = auth, .key_type = RF_STORE_KEY_EC, .key_bits = 256, .created_uid = -1};
    snprintf(o.device, sizeof o.device, "%s", PHONE);
    if (auth == RF_STORE_AUTH_STRING)
        assert_err(rf_pwhash_make(rf_slice_str(STRING), o.string_hash, &why), RF_OK);
    assert_err(rf_store_capf_schedule(w->store, &o, TEST_NOW, NULL, &id, &why), RF_OK);
}

static struct rf_store_capf operation(struct world *w)
{
    struct rf_why why = {0};
    struct rf_store_capf op = {0};
    assert_err(rf_store_capf_load(w->store, PHONE, &op, &why), RF_OK);
    return op;
}

/* ---- the phone of this project ---- */

static enum rf_err save_pending(void *arg, const struct rf_key *key, struct rf_why *why)
{
    struct flash *f = arg;
    rf_key_free(f->pending);
    f->pending = rf_key_ref((struct rf_key *)(uintptr_t)key);
    return RF_OK;
}

static enum rf_err load_pending(void *arg, struct rf_key **out, struct rf_why *why)
{
    struct flash *f = arg;
    if (f->pending == NULL)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-not-found", "no such file");
    *out = rf_key_ref(f->pending);
    return RF_OK;
}

static enum rf_err save_lsc(void *arg, const struct rf_key *key, const struct rf_cert *cert,
                            struct rf_why *why)
{
    struct flash *f = arg;
    rf_key_free(f->key);
    rf_cert_unref(f->cert);
    f->key = rf_key_ref((struct rf_key *)(uintptr_t)key);
    f->cert = rf_cert_ref((struct rf_cert *)(uintptr_t)cert);
    return RF_OK;
}

static enum rf_err remove_lsc(void *arg, struct rf_why *why)
{
    struct flash *f = arg;
    f->removed++;
    return RF_OK;
}

static const struct rf_enrol_flash flash_ops = {.save_pending = save_pending,
                                                .load_pending = load_pending,
                                                .save_lsc = save_lsc,
                                                .remove_lsc = remove_lsc};

static void on_done(void *arg, const struct rf_enrol_result *result)
{
    struct world *w = arg;
    w->result = *result;
    w->is_done = true;
}

static void enrol(struct world *w, enum rf_enrol_mode mode)
{
    struct rf_why why = {0};
    rf_enrol_free(w->enrol);
    w->enrol = NULL;
    w->is_done = false;
    w->phone_lsc = (struct rf_phone_id){.cert = w->flash.cert, .key = w->flash.key};
    struct rf_enrol_conf conf = {
        .device = PHONE,
        .host = "127.0.0.1",
        .port = rf_listeners_port(rf_capf_service_listeners(w->service), RF_TLS_MODERN),
        .mode = mode,
        .auth_string = &w->string,
        .lists = &w->lists,
        .mic = &w->phone_mic,
        .lsc = w->flash.cert != NULL ? &w->phone_lsc : NULL,
        .has_time = true,
        .net = rf_phone_link_real(),
        .net_arg = w->loop,
        .clock = &test_clock,
        .timers = rf_loop_timers(w->loop),
        .worker = w->phone_worker,
        .answers = rf_loop_mailbox(w->loop),
        .flash = &flash_ops,
        .flash_arg = &w->flash,
        .on_done = on_done,
        .arg = w};
    assert_err(rf_enrol_start(&conf, &w->enrol, &why), RF_OK);
    turn_until(w, &w->is_done);
    /* The server's end of the link closes in a turn of its own. */
    for (int i = 0; i < 200 && rf_capf_service_sessions(w->service) > 0; i++)
        rf_loop_turn(w->loop, 20);
    assert_int_equal(rf_capf_service_sessions(w->service), 0);
}

static void expect_outcome(struct world *w, enum rf_enrol_outcome outcome)
{
    if (w->result.outcome != outcome)
        print_error("%s: %s\n", rf_enrol_outcome_name(w->result.outcome), w->result.why.text);
    assert_int_equal(w->result.outcome, outcome);
}

static void the_phone_enrols_by_string_then_by_its_lsc_sec_53(void **state)
{
    struct world *w = *state;
    schedule(w, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING);
    enrol(w, RF_ENROL_BY_STRING);
    expect_outcome(w, RF_ENROL_INSTALLED);
    assert_true(w->result.is_confirmed);
    assert_int_equal(operation(w).state, RF_STORE_OP_SUCCESS);
    RF_AUTO(rf_cert_freep) struct rf_cert *first = rf_cert_ref(w->flash.cert);
    schedule(w, RF_STORE_OP_INSTALL, RF_STORE_AUTH_LSC);
    enrol(w, RF_ENROL_LSC_FIRST);
    expect_outcome(w, RF_ENROL_INSTALLED);
    assert_false(rf_cert_eq(first, w->flash.cert));
    assert_true(rf_key_matches(w->flash.key, w->flash.cert));
    enrol(w, RF_ENROL_LSC_FIRST);
    expect_outcome(w, RF_ENROL_NOTHING);
    schedule(w, RF_STORE_OP_FETCH, RF_STORE_AUTH_LSC);
    enrol(w, RF_ENROL_LSC_FIRST);
    expect_outcome(w, RF_ENROL_FETCHED);
    schedule(w, RF_STORE_OP_DELETE, RF_STORE_AUTH_LSC);
    enrol(w, RF_ENROL_LSC_FIRST);
    expect_outcome(w, RF_ENROL_DELETED);
    assert_int_equal(w->flash.removed, 1);
    assert_int_equal(operation(w).state, RF_STORE_OP_SUCCESS);
}

static void the_phone_enrols_by_its_mic_sec_53(void **state)
{
    struct world *w = *state;
    schedule(w, RF_STORE_OP_INSTALL, RF_STORE_AUTH_MIC);
    enrol(w, RF_ENROL_MIC_FIRST);
    expect_outcome(w, RF_ENROL_INSTALLED);
    assert_int_equal(operation(w).state, RF_STORE_OP_SUCCESS);
}

static void the_phone_makes_an_rsa_key(void **state)
{
    struct world *w = *state;
    struct rf_why why = {0};
    schedule(w, RF_STORE_OP_INSTALL, RF_STORE_AUTH_MIC);
    struct rf_store_capf op = operation(w);
    op.key_type = RF_STORE_KEY_RSA;
    op.key_bits = 2048;
    assert_err(rf_store_capf_schedule(w->store, &op, TEST_NOW, NULL, NULL, &why), RF_OK);
    enrol(w, RF_ENROL_MIC_FIRST);
    expect_outcome(w, RF_ENROL_INSTALLED);
    assert_int_equal(rf_cert_key_bits(w->flash.cert), 2048);
}

static void a_wrong_string_is_told_to_both_sec_54(void **state)
{
    struct world *w = *state;
    schedule(w, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING);
    assert_err(rf_secret_set(&w->string, rf_slice_str("00000000")), RF_OK);
    enrol(w, RF_ENROL_BY_STRING);
    expect_outcome(w, RF_ENROL_FAILED);
    assert_int_equal(w->result.reason, RF_CAPF_REASON_INVALID);
    assert_string_equal(operation(w).reason, "bad-string");
    assert_int_equal(operation(w).tries_left, RF_STORE_STRING_TRIES - 1);
    assert_null(w->flash.cert);
}

/* The phone leaves in the handshake: no name and no string goes to a server it does not know. */
static void a_phone_that_does_not_know_us_says_nothing_sec_65(void **state)
{
    struct world *w = *state;
    schedule(w, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING);
    struct id other = self_id(RF_CERT_ROLE_CAPF, "capf.other", 0);
    install_list(w, other.cert);
    enrol(w, RF_ENROL_BY_STRING);
    expect_outcome(w, RF_ENROL_FAILED);
    assert_string_equal(w->result.why.code, "server-unknown");
    assert_int_equal(w->result.out, 0);
    assert_int_equal(operation(w).state, RF_STORE_OP_PENDING);
    id_fini(&other);
}

/* ---- the scripted phone ---- */

static enum rf_err is_capf(void *arg, const struct rf_tls_presented *peer, enum rf_tls_alert *alert,
                           struct rf_why *why)
{
    const struct world *w = arg;
    return rf_cert_eq(peer->leaf, w->capf.cert)
               ? RF_OK
               : rf_why_set(why, RF_ERR_DENIED, "server-unknown", "another certificate");
}

static void link_open(struct rf_link *link, const struct rf_peer *peer)
{
    struct world *w = rf_link_arg(link);
    w->is_open = true;
}

static size_t link_data(struct rf_link *link, struct rf_slice data)
{
    struct world *w = rf_link_arg(link);
    assert_err(rf_buf_add_slice(&w->heard, data), RF_OK);
    w->pieces++;
    return data.len;
}

static void link_close(struct rf_link *link, const struct rf_why *why)
{
    struct world *w = rf_link_arg(link);
    w->is_closed = true;
}

static const struct rf_link_calls link_calls = {
    .on_open = link_open, .on_data = link_data, .on_close = link_close};

static struct rf_link *connect_to(struct world *w, struct rf_tls *tls)
{
    struct rf_why why = {0};
    struct rf_link *link = NULL;
    struct rf_link_conf conf = {.calls = &link_calls, .arg = w, .tls = tls};
    w->is_open = w->is_closed = false;
    w->heard.len = 0;
    w->pieces = 0;
    assert_err(
        rf_link_connect(w->loop, &conf, "127.0.0.1",
                        rf_listeners_port(rf_capf_service_listeners(w->service), RF_TLS_MODERN),
                        &link, &why),
        RF_OK);
    return link;
}

static void hear(struct world *w, struct rf_capf_msg *msg)
{
    struct rf_capf_frame frame;
    struct rf_why why = {0};
    size_t used = 0;
    enum rf_err err = RF_ERR_AGAIN;
    for (int i = 0; i < 2000 && err == RF_ERR_AGAIN; i++) {
        rf_loop_turn(w->loop, 20);
        err = rf_capf_frame_next(rf_buf_slice(&w->heard), &frame, &used, &why);
    }
    assert_err(err, RF_OK);
    assert_int_equal(used, w->heard.len);
    assert_err(rf_capf_decode(&frame, msg, &why), RF_OK);
}

static void frames_leave_whole_and_nonsense_ends_with_7(void **state)
{
    struct world *w = *state;
    struct rf_why why = {0};
    struct rf_tls *tls = NULL;
    struct rf_capf_msg msg;
    struct rf_tls_conf conf = {.name = "phone", .verify = is_capf, .verify_arg = w};
    assert_err(rf_tls_client_new(&conf, &tls, &why), RF_OK);
    struct rf_link *link = connect_to(w, tls);
    hear(w, &msg);
    assert_true(w->is_open);
    assert_int_equal(msg.command, RF_CAPF_AUTH_REQ);
    assert_int_equal(w->pieces, 1); /* header and elements in one record */
    w->heard.len = 0;
    assert_err(rf_link_write(link, rf_slice_str("not CAPF at all")), RF_OK);
    hear(w, &msg);
    assert_int_equal(msg.command, RF_CAPF_END_SESSION);
    assert_int_equal(msg.reason, RF_CAPF_REASON_INVALID);
    turn_until(w, &w->is_closed);
    rf_tls_free(tls);
}

static void one_address_gets_so_many_links(void **state)
{
    struct world *w = *state;
    struct rf_why why = {0};
    struct rf_tls *tls = NULL;
    struct rf_link *links[RF_CAPF_SESSIONS_PER_ADDRESS];
    struct rf_tls_conf conf = {.name = "phone", .verify = is_capf, .verify_arg = w};
    assert_err(rf_tls_client_new(&conf, &tls, &why), RF_OK);
    for (size_t i = 0; i < RF_CAPF_SESSIONS_PER_ADDRESS; i++) {
        struct rf_capf_msg msg;
        links[i] = connect_to(w, tls);
        hear(w, &msg);
    }
    assert_int_equal(rf_capf_service_sessions(w->service), RF_CAPF_SESSIONS_PER_ADDRESS);
    assert_int_equal(w->crowded, 0);
    connect_to(w, tls);
    turn_until(w, &w->is_closed);
    assert_int_equal(w->heard.len, 0);
    assert_int_equal(w->crowded, 1);
    for (size_t i = 0; i < RF_CAPF_SESSIONS_PER_ADDRESS; i++)
        rf_link_forget(links[i]);
    rf_tls_free(tls);
}

/* ---- starting ---- */

static void a_certificate_unfit_for_capf_is_refused_sec_67a(void **state)
{
    struct world *w = *state;
    struct rf_why why = {0};
    struct rf_capf_service *other = NULL;
    struct rf_capf_service_conf conf = {.loop = w->loop,
                                        .site = &w->site,
                                        .store = w->store_worker,
                                        .signer = w->signer_worker,
                                        .anchors = w->anchors,
                                        .lsc_issuer = w->lsc_issuer.cert};
    struct id tftp = self_id(RF_CERT_ROLE_TFTP, "tftp.test", 0);
    save_capf(w, &tftp);
    assert_err(rf_capf_service_new(&conf, &other, &why), RF_OK);
    assert_refused(rf_capf_service_listen(other, RF_TLS_MODERN, "127.0.0.1", 0, NULL, &why),
                   RF_ERR_DENIED, why, "capf-cert");
    assert_int_equal(rf_listeners_port(rf_capf_service_listeners(other), RF_TLS_MODERN), 0);
    save_capf(w, &w->capf);
    why = (struct rf_why){0};
    assert_err(rf_capf_service_listen(other, RF_TLS_MODERN, "127.0.0.1", 0, NULL, &why), RF_OK);
    assert_refused(rf_capf_service_listen(other, RF_TLS_MODERN, "127.0.0.1", 0, NULL, &why),
                   RF_ERR_EXISTS, why, "listens-already");
    rf_capf_service_free(other);
    id_fini(&tftp);
}

static void what_is_missing_is_named(void **state)
{
    struct world *w = *state;
    struct rf_capf_service *other = NULL;
    RF_AUTO(rf_anchors_freep) struct rf_anchors *signalling = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    struct rf_capf_service_conf whole = {.loop = w->loop,
                                         .site = &w->site,
                                         .store = w->store_worker,
                                         .signer = w->signer_worker,
                                         .anchors = w->anchors,
                                         .lsc_issuer = w->lsc_issuer.cert};
    for (int i = 0; i < 7; i++) {
        struct rf_why why = {0};
        struct rf_capf_service_conf conf = whole;
        conf.loop = i == 0 ? NULL : conf.loop;
        conf.site = i == 1 ? NULL : conf.site;
        conf.store = i == 2 ? NULL : conf.store;
        conf.signer = i == 3 ? NULL : conf.signer;
        conf.anchors = i == 4 ? NULL : i == 5 ? signalling : conf.anchors;
        conf.lsc_issuer = i == 6 ? NULL : conf.lsc_issuer;
        assert_refused(rf_capf_service_new(&conf, &other, &why), RF_ERR_BAD, why, "capf-conf");
        assert_null(other);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_phone_enrols_by_string_then_by_its_lsc_sec_53),
        T(the_phone_enrols_by_its_mic_sec_53),
        T(the_phone_makes_an_rsa_key),
        T(a_wrong_string_is_told_to_both_sec_54),
        T(a_phone_that_does_not_know_us_says_nothing_sec_65),
        T(frames_leave_whole_and_nonsense_ends_with_7),
        T(one_address_gets_so_many_links),
        T(a_certificate_unfit_for_capf_is_refused_sec_67a),
        T(what_is_missing_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
