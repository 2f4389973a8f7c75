/* SPDX-License-Identifier: Apache-2.0 */
#include "capf_kit.h"

#include <stdlib.h>
#include <unistd.h>

#include "trust/proof.h"
#include "trust/pwhash.h"

/* ---- the server ---- */

static struct kit_link *link_of(struct kit *k, uint64_t number)
{
    assert_in_range(number, 1, KIT_LINKS);
    return &k->links[number - 1];
}

static enum rf_err op_send(void *arg, uint64_t number, struct rf_slice frame)
{
    struct kit_link *l = link_of(arg, number);
    assert_false(l->is_closed);
    assert_err(rf_buf_add_slice(&l->out, frame), RF_OK);
    l->writes++;
    return RF_OK;
}

static void op_hold(void *arg, uint64_t number, bool is_held)
{
    struct kit_link *l = link_of(arg, number);
    assert_false(l->is_closed);
    l->is_held = is_held;
}

static void op_close(void *arg, uint64_t number, const struct rf_why *why)
{
    struct kit_link *l = link_of(arg, number);
    assert_false(l->is_closed);
    l->is_closed = true;
}

static const struct rf_capf_ops ops = {.send = op_send, .hold = op_hold, .close = op_close};

static enum rf_err issuer_key(void *state, struct rf_vault_key **key, struct rf_cert **cert,
                              struct rf_why *why)
{
    struct kit *k = state;
    if (k->signer_fails)
        return rf_why_set(why, RF_ERR_IO, "signer-gone", "the signer is gone");
    *key = rf_vault_key_from_key(k->issuing.key);
    *cert = rf_cert_ref(k->issuing.cert);
    return RF_OK;
}

static void on_changed(void *arg, const char *device, bool is_done)
{
    struct kit *k = arg;
    snprintf(k->changed, sizeof k->changed, "%s", device);
    k->changed_done = is_done;
    k->changes++;
}

static void server_start(struct kit *k)
{
    struct rf_capf_sessions_conf conf = {.ops = &ops,
                                         .ops_arg = k,
                                         .clock = &k->clock.clock,
                                         .timers = k->timers,
                                         .answers = k->answers,
                                         .store = k->store_worker,
                                         .signer = k->signer_worker,
                                         .checks = k->check_worker,
                                         .issuer_key = issuer_key,
                                         .anchors = k->anchors,
                                         .lsc_issuer = k->lsc_issuer.cert,
                                         .listed = k->ca != NULL ? k->ca->anchors : NULL,
                                         .cas = k->ca != NULL ? k->ca->anchors : NULL,
                                         .ca = k->ca_worker,
                                         .blocked = k->blocked,
                                         .knobs = k->site,
                                         .on_changed = on_changed,
                                         .arg = k};
    k->sessions = rf_capf_sessions_new(&conf);
}

static void workers_start(struct kit *k)
{
    struct rf_why why = {0};
    assert_err(rf_store_open(k->db, &k->store, &why), RF_OK);
    k->store_worker =
        rf_worker_start_grouping("store", RF_CAPF_SESSIONS_MAX + 1, k->store, &rf_store_group);
    k->signer_worker = rf_worker_start("signer", 64, k);
    k->check_worker = rf_worker_start("checks", 64, NULL);
    if (k->cmp == NULL)
        return;
    k->capf_ca = rf_capf_ca_new(k->cmp, k->store_worker);
    k->ca_worker = rf_worker_start("capf-ca", 64, k->capf_ca);
}

static void workers_stop(struct kit *k)
{
    rf_worker_stop(k->ca_worker);
    rf_capf_ca_free(k->capf_ca);
    k->ca_worker = NULL;
    k->capf_ca = NULL;
    rf_worker_stop(k->store_worker);
    rf_worker_stop(k->signer_worker);
    rf_worker_stop(k->check_worker);
    rf_store_close(k->store);
    k->store = NULL;
}

static void add_device(struct kit *k, const char *name)
{
    struct rf_store_line line = {.index = 1};
    struct rf_store_phone p = {.lines = &line, .n_lines = 1};
    struct rf_why why = {0};
    snprintf(line.dn, sizeof line.dn, "%s", strcmp(name, PHONE) == 0 ? "2001" : "2002");
    snprintf(p.device.name, sizeof p.device.name, "%s", name);
    snprintf(p.device.model, sizeof p.device.model, "8861");
    p.device.mode = RF_STORE_ENCRYPTED;
    assert_err(rf_store_device_add(k->store, &p, TEST_NOW, NULL, &why), RF_OK);
}

struct kit *kit_prepare(void)
{
    struct kit *k = rf_new(struct kit);
    struct rf_why why = {0};
    test_tmp(k->dir, sizeof k->dir, "capf");
    assert_non_null(mkdtemp(k->dir));
    snprintf(k->db, sizeof k->db, "%s/ringfence.db", k->dir);
    rf_clock_fake_init(&k->clock, TEST_NOW + 60);
    rf_clock_fake_advance(&k->clock, 1000);
    k->timers = rf_timers_new(&k->clock.clock);
    k->answers = rf_mailbox_new("answers", 256);
    k->site = rf_site_conf_new();
    k->mic_root = self_id(RF_CERT_ROLE_MIC_ROOT, "Test Manufacturing CA", 0);
    k->lsc_issuer = self_id(RF_CERT_ROLE_LSC_ISSUER, "Test LSC issuer", 0);
    k->issuing.key = rf_key_ref(k->lsc_issuer.key);
    k->issuing.cert = rf_cert_ref(k->lsc_issuer.cert);
    k->mic = mic_id(PHONE, &k->mic_root, 0);
    k->blocked = rf_blocklist_new();
    k->anchors = rf_anchors_new(RF_PURPOSE_CAPF);
    assert_err(rf_anchors_add(k->anchors, k->mic_root.cert, &why), RF_OK);
    rf_anchors_mark_makers(k->anchors);
    assert_err(rf_anchors_add(k->anchors, k->lsc_issuer.cert, &why), RF_OK);
    return k;
}

void kit_use_ca(struct kit *k, enum rf_site_issuer how)
{
    struct rf_why why = {0};
    k->ca = ca_new("Customer CA");
    k->site->lsc_issuer = how;
    k->site->cmp_wait_s = 20;
    struct rf_cmp_spec spec = ca_spec(k->ca);
    if (how == RF_SITE_ISSUER_CMP)
        assert_err(rf_cmp_open(&spec, &k->cmp, &why), RF_OK);
    assert_err(rf_anchors_add(k->anchors, k->ca->id.cert, &why), RF_OK);
}

void kit_start(struct kit *k)
{
    bool is_new = !rf_file_exists(k->db);
    workers_start(k);
    if (is_new) {
        add_device(k, PHONE);
        add_device(k, OTHER);
    }
    server_start(k);
    kit_pump(k);
}

struct kit *kit_new(void)
{
    struct kit *k = kit_prepare();
    kit_start(k);
    return k;
}

static void links_fini(struct kit *k)
{
    for (size_t i = 0; i < k->n_links; i++) {
        rf_buf_fini(&k->links[i].in);
        rf_buf_fini(&k->links[i].out);
        rf_buf_fini(&k->links[i].heard);
    }
    k->n_links = 0;
}

void kit_forget_links(struct kit *k)
{
    assert_int_equal(rf_capf_sessions_n(k->sessions), 0);
    links_fini(k);
}

void kit_free(struct kit *k)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    rf_capf_sessions_free(k->sessions);
    workers_stop(k);
    rf_mailbox_free(k->answers);
    rf_timers_free(k->timers);
    rf_site_conf_free(k->site);
    rf_anchors_unref(k->anchors);
    rf_blocklist_free(k->blocked);
    rf_cmp_free(k->cmp);
    if (k->ca != NULL)
        ca_free(k->ca);
    id_fini(&k->mic_root);
    id_fini(&k->lsc_issuer);
    id_fini(&k->issuing);
    id_fini(&k->mic);
    id_fini(&k->lsc);
    links_fini(k);
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", k->db, tails[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(k->dir), 0);
    rf_free(k);
}

int kit_set_up(void **state)
{
    *state = kit_new();
    return 0;
}

int kit_tear_down(void **state)
{
    kit_free(*state);
    return 0;
}

void kit_knobs(struct kit *k)
{
    rf_capf_sessions_set_knobs(k->sessions, k->site);
}

void kit_restart(struct kit *k)
{
    rf_capf_sessions_free(k->sessions);
    workers_stop(k);
    rf_mailbox_run(k->answers, k);
    links_fini(k);
    kit_start(k);
}

/* ---- the database: read while no worker has anything to do ---- */

struct rf_store_capf kit_operation(const char *device, enum rf_store_op op, enum rf_store_auth auth,
                                   const char *string)
{
    struct rf_why why = {0};
    struct rf_store_capf o = {
        .op = op, .auth = auth, .key_type = RF_STORE_KEY_EC, .key_bits = 256, .created_uid = 1000};
    snprintf(o.device, sizeof o.device, "%s", device);
    if (string != NULL)
        assert_err(rf_pwhash_make(rf_slice_str(string), o.string_hash, &why), RF_OK);
    return o;
}

int64_t kit_schedule_as(struct kit *k, const struct rf_store_capf *op)
{
    int64_t id = 0;
    struct rf_why why = {0};
    assert_int_equal(rf_capf_sessions_jobs(k->sessions), 0);
    assert_err(rf_store_capf_schedule(k->store, op, rf_wall_s(&k->clock.clock), NULL, &id, &why),
               RF_OK);
    return id;
}

void kit_schedule(struct kit *k, const char *device, enum rf_store_op op, enum rf_store_auth auth,
                  const char *string)
{
    struct rf_store_capf o = kit_operation(device, op, auth, string);
    kit_schedule_as(k, &o);
}

struct rf_store_capf kit_op(struct kit *k, const char *device)
{
    struct rf_store_capf op = {0};
    struct rf_why why = {0};
    assert_int_equal(rf_capf_sessions_jobs(k->sessions), 0);
    assert_err(rf_store_capf_load(k->store, device, &op, &why), RF_OK);
    return op;
}

void kit_expect_event(struct kit *k, const char *device, const char *code)
{
    struct rf_store_event_query query = {.device = device, .limit = 1};
    struct rf_store_events events = {0};
    struct rf_why why = {0};
    assert_int_equal(rf_capf_sessions_jobs(k->sessions), 0);
    assert_err(rf_store_event_list(k->store, &query, &events, &why), RF_OK);
    assert_int_equal(events.n, 1);
    assert_string_equal(events.items[0].code, code);
    assert_string_equal(events.items[0].category, "capf");
    rf_store_events_fini(&events);
}

void kit_expect_failed(struct kit *k, const char *device, const char *reason)
{
    struct rf_store_capf op = kit_op(k, device);
    assert_string_equal(op.reason, reason);
    assert_int_equal(op.state, RF_STORE_OP_FAILED);
    assert_int_not_equal(op.op, RF_STORE_OP_NONE);
    kit_expect_event(k, device, reason);
    assert_string_equal(k->changed, device);
    assert_false(k->changed_done);
}

size_t kit_certs(struct kit *k, const char *device, enum rf_store_cert_kind kind,
                 enum rf_store_cert_state state)
{
    size_t n = 0;
    struct rf_store_certs certs = {0};
    struct rf_why why = {0};
    assert_int_equal(rf_capf_sessions_jobs(k->sessions), 0);
    assert_err(rf_store_cert_list(k->store, device, &certs, &why), RF_OK);
    for (size_t i = 0; i < certs.n; i++)
        n += certs.items[i].kind == kind && certs.items[i].state == state;
    rf_store_certs_fini(&certs);
    return n;
}

/* ---- the phone's end ---- */

static void feed(struct kit *k, struct kit_link *l)
{
    while (!l->is_closed && !l->is_held && l->in.len > 0) {
        size_t used = rf_capf_session_data(k->sessions, l->session, rf_buf_slice(&l->in));
        rf_buf_drop(&l->in, used);
        if (used == 0)
            return;
    }
}

void kit_pump(struct kit *k)
{
    do {
        for (size_t i = 0; i < k->n_links; i++)
            feed(k, &k->links[i]);
        if (rf_capf_sessions_jobs(k->sessions) == 0)
            return;
        assert_true(rf_mailbox_wait(k->answers, 30000));
        rf_mailbox_run(k->answers, k);
    } while (true);
}

void kit_wait_ms(struct kit *k, uint64_t ms)
{
    rf_clock_fake_advance(&k->clock, ms);
    rf_timers_run(k->timers);
    kit_pump(k);
}

static bool take_frame(struct kit_link *l)
{
    struct rf_capf_frame frame;
    size_t used = 0;
    struct rf_why why = {0};
    enum rf_err err = rf_capf_frame_next(rf_buf_slice(&l->out), &frame, &used, &why);
    if (err == RF_ERR_AGAIN)
        return false;
    assert_err(err, RF_OK);
    l->heard.len = 0;
    assert_err(rf_buf_add_slice(&l->heard, rf_slice_part(rf_buf_slice(&l->out), 0, used)), RF_OK);
    rf_buf_drop(&l->out, used);
    assert_err(rf_capf_frame_next(rf_buf_slice(&l->heard), &frame, &used, &why), RF_OK);
    assert_err(rf_capf_decode(&frame, &l->msg, &why), RF_OK);
    return true;
}

struct kit_link *kit_open(struct kit *k, const char *host)
{
    assert_in_range(k->n_links, 0, KIT_LINKS - 1);
    struct kit_link *l = &k->links[k->n_links++];
    *l = (struct kit_link){.kit = k,
                           .number = k->n_links,
                           .in = RF_BUF((size_t)256 * 1024),
                           .out = RF_BUF((size_t)256 * 1024),
                           .heard = RF_BUF(RF_CAPF_FRAME_MAX)};
    snprintf(l->host, sizeof l->host, "%s", host);
    l->session = rf_capf_session_open(k->sessions, l->number, host, k->is_legacy);
    if (l->session == 0)
        return l;
    kit_expect(k, l, RF_CAPF_AUTH_REQ);
    l->id = l->msg.session;
    return l;
}

void kit_lose(struct kit *k, struct kit_link *l)
{
    struct rf_why why = {0};
    rf_why_set(&why, RF_ERR_IO, "tcp-reset", "connection reset");
    l->is_closed = true;
    rf_capf_session_lost(k->sessions, l->session, &why);
}

void kit_say_bytes(struct kit *k, struct kit_link *l, struct rf_slice bytes)
{
    assert_err(rf_buf_add_slice(&l->in, bytes), RF_OK);
    kit_pump(k);
}

static struct rf_slice encode(const struct kit_link *l, const struct rf_capf_msg *msg,
                              uint8_t buf[RF_CAPF_FRAME_MAX])
{
    struct rf_slice frame;
    struct rf_capf_msg m = *msg;
    m.session = l->id;
    assert_err(rf_capf_encode(&m, buf, RF_CAPF_FRAME_MAX, &frame), RF_OK);
    return frame;
}

void kit_say(struct kit *k, struct kit_link *l, const struct rf_capf_msg *msg)
{
    uint8_t buf[RF_CAPF_FRAME_MAX];
    kit_say_bytes(k, l, encode(l, msg, buf));
}

void kit_say_early(struct kit *k, struct kit_link *l, const struct rf_capf_msg *msg)
{
    uint8_t buf[RF_CAPF_FRAME_MAX];
    assert_err(rf_buf_add_slice(&l->in, encode(l, msg, buf)), RF_OK);
    feed(k, l);
}

void kit_say_string(struct kit *k, struct kit_link *l, const char *device, const char *string)
{
    struct rf_capf_msg m = {.command = RF_CAPF_AUTH_RES,
                            .has_reason = true,
                            .reason = RF_CAPF_REASON_UPDATE,
                            .has_version = true,
                            .version = RF_CAPF_VERSION,
                            .has_device_name = true,
                            .device_name = rf_slice_str(device),
                            .has_password = string != NULL,
                            .password = rf_slice_str(string)};
    kit_say(k, l, &m);
}

void kit_say_reason(struct kit *k, struct kit_link *l, uint8_t command, uint8_t reason)
{
    struct rf_capf_msg m = {.command = command, .has_reason = true, .reason = reason};
    kit_say(k, l, &m);
}

void kit_say_key(struct kit *k, struct kit_link *l, const struct rf_key *key)
{
    struct rf_capf_msg m = {
        .command = RF_CAPF_KEYGEN_RES, .has_public_key = true, .public_key = rf_key_spki(key)};
    kit_say(k, l, &m);
}

void kit_expect(struct kit *k, struct kit_link *l, uint8_t command)
{
    assert_true(take_frame(l));
    if (l->msg.command != command)
        print_error("got %s (reason %u), want %s\n", rf_capf_command_name(l->msg.command),
                    l->msg.reason, rf_capf_command_name(command));
    assert_int_equal(l->msg.command, command);
    if (l->id != 0)
        assert_int_equal(l->msg.session, l->id);
    assert_int_equal(l->out.len, 0); /* one frame at a time */
}

void kit_expect_end(struct kit *k, struct kit_link *l, uint8_t reason)
{
    kit_expect(k, l, RF_CAPF_END_SESSION);
    assert_true(l->msg.has_reason);
    assert_int_equal(l->msg.reason, reason);
    assert_true(l->is_closed);
}

void kit_expect_dropped(struct kit *k, struct kit_link *l)
{
    assert_int_equal(l->out.len, 0);
    assert_true(l->is_closed);
}

void kit_expect_silence(struct kit *k, struct kit_link *l)
{
    assert_int_equal(l->out.len, 0);
    assert_false(l->is_closed);
}

/* ---- proofs ---- */

void claim_make(struct claim *c, const char *device, const char *signed_name, const struct id *id,
                bool is_bare)
{
    struct rf_why why = {0};
    *c = (struct claim){.sha1 = RF_BUF(RF_SIGNATURE_MAX), .sha512 = RF_BUF(RF_SIGNATURE_MAX)};
    assert_err(rf_proof_sign(id->vault, id->cert, rf_slice_str(signed_name), is_bare, &c->sha1,
                             &c->sha512, &why),
               RF_OK);
    c->msg = (struct rf_capf_msg){.command = RF_CAPF_AUTH_RES,
                                  .has_reason = true,
                                  .reason = RF_CAPF_REASON_UPDATE,
                                  .has_version = true,
                                  .version = RF_CAPF_VERSION,
                                  .has_device_name = true,
                                  .device_name = rf_slice_str(device),
                                  .has_cert = true,
                                  .cert_inner_type = RF_CAPF_CERT_MIC,
                                  .cert = rf_cert_der(id->cert),
                                  .has_signed_data = true,
                                  .signed_data = rf_buf_slice(&c->sha1),
                                  .has_sha2_signed_data = true,
                                  .sha2_hash = RF_CAPF_HASH_SHA512,
                                  .sha2_signature = rf_buf_slice(&c->sha512)};
}

void claim_add_sudi(struct claim *c, const struct id *id, uint32_t session, bool is_bare)
{
    struct rf_why why = {0};
    rf_buf_fini(&c->sudi_sha1);
    rf_buf_fini(&c->sudi_sha512);
    c->sudi_sha1 = RF_BUF(RF_SIGNATURE_MAX);
    c->sudi_sha512 = RF_BUF(RF_SIGNATURE_MAX);
    assert_err(
        rf_sudi_sign(id->vault, id->cert, session, is_bare, &c->sudi_sha1, &c->sudi_sha512, &why),
        RF_OK);
    c->msg.has_sudi = true;
    c->msg.sudi_cert = rf_cert_der(id->cert);
    c->msg.sudi_sha1 = rf_buf_slice(&c->sudi_sha1);
    c->msg.sudi_sha512 = rf_buf_slice(&c->sudi_sha512);
}

void claim_fini(struct claim *c)
{
    rf_buf_fini(&c->sha1);
    rf_buf_fini(&c->sha512);
    rf_buf_fini(&c->sudi_sha1);
    rf_buf_fini(&c->sudi_sha512);
}

void kit_say_cert(struct kit *k, struct kit_link *l, const char *device, const struct id *id)
{
    struct claim c;
    claim_make(&c, device, device, id, false);
    kit_say(k, l, &c.msg);
    claim_fini(&c);
}

/* ---- a whole install ---- */

void kit_finish_install(struct kit *k, struct kit_link *l)
{
    struct rf_why why = {0};
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    id_fini(&k->lsc);
    id_set_key(&k->lsc, new_key(0));
    kit_say_key(k, l, k->lsc.key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    assert_err(rf_cert_from_der(l->msg.cert, &k->lsc.cert, &why), RF_OK);
    assert_true(rf_key_matches(k->lsc.key, k->lsc.cert));
    kit_say_reason(k, l, RF_CAPF_STORE_CERT_RES, RF_CAPF_REASON_UPDATE);
    kit_expect_end(k, l, RF_CAPF_REASON_UPDATE);
    assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_SUCCESS);
}

void kit_install(struct kit *k)
{
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_finish_install(k, l);
}
