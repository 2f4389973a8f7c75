/* SPDX-License-Identifier: Apache-2.0 */
/* From a requested name to its content: requests go from worker to worker and come back to the loop
 * between, where everything that is shared lives.
 *
 *     a file or list:   file worker: find and open -> (in memory already? room?) -> read
 *     a configuration:  file worker: what the lists and images/ say -> store worker: make
 *                       -> signer worker: sign, or encrypt and sign, unless the kept copy is of the
 *                          same content and key
 */
#include "service/provision/provision_run.h"

#include "base/faults.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "service/site/families.h"
#include "trust/encfile.h"
#include "trust/sigfile.h"
#include "trust/signer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct request *provision_request_of(struct rf_job *job)
{
    return (struct request *)job; /* its first member */
}

/* ---- the life of a request ---- */

static void leave(struct request *r)
{
    if (r->p == NULL)
        return;
    if (r->prev != NULL)
        r->prev->next = r->next;
    else
        r->p->requests = r->next;
    if (r->next != NULL)
        r->next->prev = r->prev;
    r->p->requests_n--;
    r->p = NULL;
}

void provision_release(struct request *r)
{
    leave(r);
    if (r->fd >= 0)
        close(r->fd);
    rf_buf_fini(&r->bytes);
    rf_buf_fini(&r->sealed);
    provision_look_unref(r->look);
    provision_config_fini(&r->config);
    rf_content_unref(r->content);
    provision_facts_unref(r->facts);
    rf_free(r);
}

void provision_finish(struct request *r)
{
    if (r->done != NULL)
        r->done(r->arg, r->number, r->err, r->err == RF_OK ? r->content : NULL, &r->why);
    provision_release(r);
}

void provision_refuse(struct request *r, enum rf_err err, const char *code, const char *text)
{
    r->err = rf_why_set(&r->why, err, code, "%s", text);
    provision_finish(r);
}

/* A job came back. False: there is nothing more to do with it. */
bool provision_is_wanted(struct request *r, const void *reader)
{
    if (reader == NULL || r->p == NULL) {
        provision_release(r);
        return false;
    }
    if (r->err != RF_OK) {
        provision_finish(r);
        return false;
    }
    return true;
}

/* Hand it to the next worker. */
void provision_go_on(struct request *r, struct rf_worker *worker,
                     void (*work)(struct rf_job *job, void *state),
                     void (*done)(struct rf_job *job, void *reader))
{
    r->job.work = work;
    r->job.done = done;
    r->job.answer_to = rf_loop_mailbox(r->p->loop);
    if (rf_worker_post(worker, &r->job) != RF_OK)
        provision_refuse(r, RF_ERR_AGAIN, "busy", "too much work is waiting");
}

void provision_go_sign(struct request *r, void (*work)(struct rf_job *job, void *state),
                       void (*done)(struct rf_job *job, void *reader))
{
    provision_go_on(r, r->p->signers[r->p->signed_n++ % 2], work, done);
}

/* ---- configurations ---- */

static void look_work(struct rf_job *job, void *state)
{
    struct request *r = provision_request_of(job);
    r->err = provision_look(state, r->facts, &r->look, &r->why);
    if (r->err == RF_OK && r->name.kind == PROVISION_CONFIG_PLAIN)
        r->err = provision_lists_want_signed(r->facts, r->name.device, &r->wants_signed, &r->why);
}

static bool is_signed(enum provision_answer answer)
{
    return answer == PROVISION_ANSWER_SIGNED || answer == PROVISION_ANSWER_STUB_SIGNED ||
           answer == PROVISION_ANSWER_ENCRYPTED;
}

/* A certificate that was replaced or taken back is still in somebody's hands, and a CA that issues
 * for us may have made others with the device's name. One that is not in the database can only be a
 * manufacturer's; while the database cannot be read, nothing is proven. */
static bool is_retired(struct rf_store *store, struct request *r)
{
    struct rf_store_cert cert = {0};
    struct rf_why why = {0};
    enum rf_err err = rf_store_cert_load(store, r->cert_sha256, &cert, &why);
    if (err == RF_ERR_NOT_FOUND)
        return r->must_be_known && !rf_fault_skips("provision.proven-known");
    if (err != RF_OK) {
        rf_error(RF_CAT_PROVISION,
                 "a certificate could not be looked up, it proves nothing: %s dev=%s",
                 rf_why_text(&why), r->name.device);
        return true;
    }
    bool is_out = cert.state == RF_STORE_CERT_SUPERSEDED || cert.state == RF_STORE_CERT_REVOKED ||
                  strcmp(cert.device, r->name.device) != 0;
    r->is_unconfirmed = !is_out && cert.state == RF_STORE_CERT_UNCONFIRMED;
    rf_store_cert_fini(&cert);
    return is_out;
}

static void make_work(struct rf_job *job, void *state)
{
    struct request *r = provision_request_of(job);
    if (!rf_fault_skips("provision.proven-retired") && r->is_proven && is_retired(state, r))
        r->is_proven = false;
    if (!rf_fault_skips("https.wants-proof") && r->needs_proof && !r->is_proven) {
        r->err =
            rf_why_set(&r->why, RF_ERR_NOT_FOUND, "https-unproven",
                       "only %s itself gets this by HTTPS, with its certificate", r->name.device);
        return;
    }
    r->err = provision_config_make(state, r->name.device, r->facts, rf_buf_slice(&r->look->loads),
                                   r->now_s, &r->config, &r->why);
    r->config.store_generation = rf_store_generation(state);
    struct provision_ask_config ask = {.kind = r->name.kind,
                                       .name = r->name.name,
                                       .device = r->name.device,
                                       .via = r->via,
                                       .is_proven = r->is_proven,
                                       .protection = r->config.protection,
                                       .is_secure = r->config.is_secure,
                                       .wants_signed = r->wants_signed,
                                       .is_always_signed = !rf_family_model_listed(
                                           r->facts->https_unsigned, r->config.device.model)};
    if (!rf_fault_skips("provision.quarantine") && r->err == RF_OK &&
        r->config.device.is_quarantined)
        r->err = rf_why_set(&r->why, RF_ERR_NOT_FOUND, "device-quarantined",
                            "%s registered by itself and waits to be approved", r->name.device);
    if (r->err == RF_OK)
        r->err = provision_answer_of(&ask, &r->answer, &r->why);
    if (r->err == RF_OK && is_signed(r->answer))
        r->err = provision_digest_of(&r->config.device, r->facts, &r->digest, &r->why);
}

/* What is signed: the document, or the stub where there is no key to encrypt that for. */
static struct rf_slice body_of(const struct request *r)
{
    return rf_buf_slice(r->answer == PROVISION_ANSWER_SIGNED ? &r->config.document
                                                             : &r->config.stub);
}

/* Never a time that is still to come. */
uint32_t provision_timestamp(const struct request *r, int64_t changed_s)
{
    return (uint32_t)(changed_s < r->now_s ? changed_s : r->now_s);
}

static void keep_key(const struct rf_cert *cert, uint8_t key[32])
{
    struct rf_rd rd = rf_rd_of(rf_cert_sha256(cert));
    rf_bug_on(!rf_rd_copy(&rd, key, 32));
}

void provision_sign(struct request *r, void *signer, struct rf_slice body, int64_t changed_s)
{
    RF_AUTO(rf_vault_freep) struct rf_vault_key *key = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    r->err = r->signing_key(signer, &key, &cert, &r->why);
    if (r->err != RF_OK)
        return;
    keep_key(cert, r->made_of.key);
    struct rf_sigfile_spec spec = {.name = r->name.name,
                                   .digest = r->made_of.digest,
                                   .timestamp = provision_timestamp(r, changed_s),
                                   .body = body};
    r->bytes = RF_BUF(body.len + RF_SIGFILE_OVERHEAD_MAX);
    r->err = rf_sigfile_sign(key, cert, &spec, &r->bytes, &r->why);
    if (r->err == RF_OK)
        rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&r->bytes), r->sha256);
}

/* The key that was used, if another than before: then nothing kept is good. */
static void note_key(struct rf_provision *p, const uint8_t key[32])
{
    struct rf_slice now = rf_slice_of(key, sizeof p->key);
    if (p->has_key && !rf_slice_eq(rf_slice_of(p->key, sizeof p->key), now)) {
        provision_cache_drop(p->cache, NULL);
        generations_drop(p->generations, NULL);
    }
    memcpy(p->key, key, sizeof p->key);
    p->has_key = true;
}

static void count_signed(enum rf_digest digest)
{
    rf_count(FILES_SIGNED);
    if (digest == RF_DIGEST_SHA1)
        rf_count(SHA1_SIGNED);
}

void provision_keep_signed(struct request *r, const char *device, const char *variant,
                           const char *generation)
{
    count_signed(r->made_of.digest);
    note_key(r->p, r->made_of.key);
    rf_content_unref(r->content);
    r->content = provision_content_new(r->name.name, &r->bytes);
    provision_content_set_sha256(r->content, r->sha256);
    provision_content_set_what(r->content, variant, generation);
    provision_cache_put(r->p->cache, r->name.name, device, &r->made_of, r->content);
}

static void sign_work(struct rf_job *job, void *state)
{
    struct request *r = provision_request_of(job);
    provision_sign(r, state, body_of(r), r->config.changed_s);
}

/* Nothing that the next request for it can see has changed since: it is answered without asking the
 * database. */
static void keep_fresh(struct request *r)
{
    if (r->p->db == NULL || r->via == RF_PROVISION_HTTPS)
        return;
    struct provision_fresh fresh = {.store = r->config.store_generation,
                                    .facts = r->facts->serial,
                                    .look = r->look->number,
                                    .until_s = r->config.until_s};
    provision_cache_refresh(r->p->cache, r->name.name, r->made_of.digest, &fresh);
}

static void was_signed(struct rf_job *job, void *reader)
{
    struct request *r = provision_request_of(job);
    if (!provision_is_wanted(r, reader))
        return;
    bool is_document = r->answer == PROVISION_ANSWER_SIGNED;
    provision_keep_signed(r, r->name.device, is_document ? "signed" : "stub",
                          is_document ? r->config.stamp : NULL);
    keep_fresh(r);
    provision_finish(r);
}

static void go_sign(struct request *r)
{
    struct rf_provision *p = r->p;
    rf_digest_of(RF_DIGEST_SHA256, body_of(r), r->made_of.of);
    r->made_of.digest = r->digest;
    struct rf_content *kept =
        provision_cache_find(p->cache, r->name.name, r->made_of.of, r->digest);
    if (kept == NULL) {
        provision_go_sign(r, sign_work, was_signed);
        return;
    }
    r->content = rf_content_ref(kept);
    keep_fresh(r);
    provision_finish(r);
}

/* ---- encrypted ones ---- */

/* Stub and encrypted file are made together, whichever was asked for. */
static enum rf_err seal(struct request *r, struct rf_vault_key *key, const struct rf_cert *cert)
{
    const struct provision_config *c = &r->config;
    char name[RF_STORE_DEVICE_NAME + 32];
    struct rf_sigfile_spec spec = {.name = name,
                                   .digest = r->sealed_of.digest,
                                   .timestamp = (uint32_t)r->sealed_of.timestamp,
                                   .body = rf_buf_slice(&c->stub)};
    snprintf(name, sizeof name, "%s.cnf.xml.sgn", r->name.device);
    r->bytes = RF_BUF(spec.body.len + RF_SIGFILE_OVERHEAD_MAX);
    enum rf_err err = rf_sigfile_sign(key, cert, &spec, &r->bytes, &r->why);
    snprintf(name, sizeof name, "%s.cnf.xml.enc.sgn", r->name.device);
    spec.body = rf_buf_slice(c->has_secrets ? &c->whole.document : &c->document);
    r->sealed = RF_BUF(spec.body.len + RF_SIGFILE_OVERHEAD_MAX);
    if (err == RF_OK)
        err = rf_encfile_make(key, cert, c->phone, &spec, &r->sealed, &r->why);
    if (err != RF_OK)
        return err;
    rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&r->bytes), r->sha256);
    rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&r->sealed), r->sealed_sha256);
    return RF_OK;
}

static void seal_work(struct rf_job *job, void *state)
{
    struct request *r = provision_request_of(job);
    RF_AUTO(rf_vault_freep) struct rf_vault_key *key = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    r->err = r->signing_key(state, &key, &cert, &r->why);
    if (r->err != RF_OK)
        return;
    struct rf_slice before = rf_slice_of(r->sealed_of.key, sizeof r->sealed_of.key);
    if (r->is_sealed && rf_slice_eq(before, rf_cert_sha256(cert)))
        return;
    keep_key(cert, r->sealed_of.key);
    r->err = seal(r, key, cert);
}

static struct provision_generation *keep_sealed(struct request *r)
{
    struct rf_content *stub = provision_content_new(r->name.name, &r->bytes);
    struct rf_content *file = provision_content_new(r->name.name, &r->sealed);
    for (int i = 0; i < 2; i++)
        count_signed(r->sealed_of.digest);
    provision_content_set_sha256(stub, r->sha256);
    provision_content_set_what(stub, "stub", NULL);
    provision_content_set_sha256(file, r->sealed_sha256);
    provision_content_set_what(file, "encrypted",
                               r->config.has_secrets ? r->config.whole.stamp : r->config.stamp);
    return generations_add(r->p->generations, r->name.device, &r->sealed_of, stub, file);
}

static void was_sealed(struct rf_job *job, void *reader)
{
    struct request *r = provision_request_of(job);
    if (!provision_is_wanted(r, reader))
        return;
    struct rf_provision *p = r->p;
    struct provision_generation *g =
        r->bytes.len > 0 ? keep_sealed(r)
                         : generations_find(p->generations, r->name.device, &r->sealed_of);
    if (g == NULL) { /* it went for want of room meanwhile */
        r->is_sealed = false;
        provision_go_sign(r, seal_work, was_sealed);
        return;
    }
    r->content = rf_content_ref(r->answer == PROVISION_ANSWER_ENCRYPTED
                                    ? generation_file(p->generations, g, &r->from)
                                    : generation_stub(g, &r->from));
    provision_finish(r);
}

static void go_seal(struct request *r)
{
    const struct provision_config *c = &r->config;
    struct rf_rd rd = rf_rd_of(rf_cert_sha256(c->phone));
    r->sealed_of = (struct provision_sealed_of){
        .digest = r->digest,
        .timestamp = provision_timestamp(r, c->has_secrets ? c->whole.changed_s : c->changed_s)};
    memcpy(r->sealed_of.document, c->has_secrets ? c->whole.sha256 : c->sha256,
           sizeof r->sealed_of.document);
    rf_bug_on(!rf_rd_copy(&rd, r->sealed_of.phone, sizeof r->sealed_of.phone));
    const struct provision_generation *g =
        generations_find(r->p->generations, r->name.device, &r->sealed_of);
    r->is_sealed = g != NULL;
    if (g != NULL)
        memcpy(r->sealed_of.key, g->of.key, sizeof r->sealed_of.key);
    provision_go_sign(r, seal_work, was_sealed);
}

/* ---- the answer ---- */

static void answer_unsigned(struct request *r)
{
    struct provision_config *c = &r->config;
    bool is_stub = r->answer == PROVISION_ANSWER_STUB;
    bool is_whole = r->answer == PROVISION_ANSWER_WHOLE && c->has_secrets;
    r->content = provision_content_new(r->name.name, is_stub    ? &c->stub
                                                     : is_whole ? &c->whole.document
                                                                : &c->document);
    if (is_whole) /* its hash says something about its secrets */
        provision_content_set_private(r->content);
    else if (!is_stub)
        provision_content_set_sha256(r->content, c->sha256);
    provision_content_set_what(r->content, is_stub ? "stub" : "plain",
                               is_stub    ? NULL
                               : is_whole ? c->whole.stamp
                                          : c->stamp);
    provision_finish(r);
}

static void was_made(struct rf_job *job, void *reader)
{
    struct request *r = provision_request_of(job);
    if (reader != NULL && r->p != NULL && r->err == RF_OK)
        provision_seen_know(r->p->seen, r->name.device, r->digest);
    else if (reader != NULL && r->p != NULL && strcmp(r->why.code, "device-unknown") == 0)
        provision_gate_unknown(r);
    if (reader != NULL && r->p != NULL && r->is_unconfirmed && r->p->on_cert_used != NULL)
        r->p->on_cert_used(r->p->alarm_arg, r->name.device, r->cert_sha256);
    if (!provision_is_wanted(r, reader))
        return;
    struct rf_provision *p = r->p;
    if (r->config.missing_load[0] != '\0' &&
        rf_log_allows(&p->load_log, 20, rf_now_ms(rf_loop_clock(p->loop))))
        rf_warn(RF_CAT_PROVISION,
                "there is no %s.loads in images/: the configuration names no load, so that the "
                "phone keeps what it has dev=%s",
                r->config.missing_load, r->name.device);
    switch (r->answer) {
    case PROVISION_ANSWER_PLAIN:
    case PROVISION_ANSWER_WHOLE:
    case PROVISION_ANSWER_STUB:
        answer_unsigned(r);
        return;
    case PROVISION_ANSWER_SIGNED:
        go_sign(r);
        return;
    case PROVISION_ANSWER_STUB_SIGNED:
    case PROVISION_ANSWER_ENCRYPTED:
        break;
    }
    if (r->config.protection == PROVISION_ENCRYPTED)
        go_seal(r);
    else
        go_sign(r);
}

/* Was it answered before, and nothing has changed that it depends on? */
static struct rf_content *still_good(const struct request *r)
{
    const struct rf_provision *p = r->p;
    if (p->db == NULL || r->via == RF_PROVISION_HTTPS || r->name.kind != PROVISION_CONFIG)
        return NULL;
    struct provision_fresh now = {.store = rf_store_generation(p->db),
                                  .facts = r->facts->serial,
                                  .look = r->look->number,
                                  .until_s = r->now_s};
    return provision_cache_fresh(p->cache, r->name.name, &now);
}

static void was_looked_at(struct rf_job *job, void *reader)
{
    struct request *r = provision_request_of(job);
    if (!provision_is_wanted(r, reader))
        return;
    struct rf_content *kept = still_good(r);
    if (kept == NULL) {
        provision_go_on(r, r->p->store, make_work, was_made);
        return;
    }
    r->content = rf_content_ref(kept);
    provision_finish(r);
}

/* ---- asking ---- */

static void answer_now(struct rf_msg *msg, void *reader)
{
    struct request *r =
        provision_request_of((struct rf_job *)msg); /* first member of the first member */
    if (provision_is_wanted(r, reader))
        provision_finish(r);
}

static struct request *request_new(struct rf_provision *p, const struct rf_provision_ask *ask,
                                   rf_provision_done done, void *arg, uint64_t number)
{
    struct request *r = rf_new(struct request);
    r->p = p;
    r->done = done;
    r->arg = arg;
    r->number = number;
    r->via = ask->via;
    r->from = ask->from;
    memcpy(r->proven, ask->device, sizeof r->proven);
    r->facts = provision_facts_ref(p->facts);
    r->signing_key = p->signing_key;
    r->now_s = rf_wall_s(rf_loop_clock(p->loop));
    r->fd = -1;
    r->next = p->requests;
    if (r->next != NULL)
        r->next->prev = r;
    p->requests = r;
    p->requests_n++;
    return r;
}

const char *rf_provision_via_name(enum rf_provision_via via)
{
    static const char *const names[] = {
        [RF_PROVISION_TFTP] = "tftp", [RF_PROVISION_HTTP] = "http", [RF_PROVISION_HTTPS] = "https"};
    return names[via];
}

enum rf_err rf_provision_get(struct rf_provision *p, const struct rf_provision_ask *ask,
                             rf_provision_done done, void *arg, uint64_t number)
{
    if (p->requests_n >= RF_PROVISION_PENDING_MAX)
        return RF_ERR_AGAIN;
    struct request *r = request_new(p, ask, done, arg, number);
    r->err = provision_name_parse(ask->name, &r->name, &r->why);
    r->is_proven = provision_is_proven(ask, r->name.device);
    r->needs_proof = ask->needs_proof;
    r->must_be_known = ask->must_be_known;
    memcpy(r->cert_sha256, ask->cert_sha256, sizeof r->cert_sha256);
    bool is_default = r->name.kind == PROVISION_DEFAULT || r->name.kind == PROVISION_DEFAULT_SIGNED;
    if (r->err == RF_OK)
        r->err = provision_gate(r);
    if (strcmp(r->why.code, "name-listing") == 0)
        rf_count(NAMES_LISTED);
    if (r->err == RF_OK)
        provision_static_at_hand(r);
    if (r->err != RF_OK || r->content != NULL) { /* answered by the loop, never from inside here */
        r->job.msg.run = answer_now;
        rf_mailbox_post_answer(rf_loop_mailbox(p->loop), &r->job.msg);
        return RF_OK;
    }
    bool is_config = r->name.kind == PROVISION_CONFIG || r->name.kind == PROVISION_CONFIG_PLAIN ||
                     r->name.kind == PROVISION_CONFIG_ENCODED;
    r->job.work = is_config    ? look_work
                  : is_default ? provision_default_look
                               : provision_static_find;
    r->job.done = is_config    ? was_looked_at
                  : is_default ? provision_default_looked
                               : provision_static_found;
    r->job.answer_to = rf_loop_mailbox(p->loop);
    enum rf_err err = rf_worker_post(p->files, &r->job);
    if (err != RF_OK)
        provision_release(r);
    return err;
}

void rf_provision_cancel(struct rf_provision *p, void *arg)
{
    for (struct request *r = p->requests; r != NULL; r = r->next)
        if (r->arg == arg)
            r->done = NULL;
}

struct rf_provision_view *rf_provision_view_take(struct rf_provision *p)
{
    return (struct rf_provision_view *)provision_facts_ref(p->facts);
}

void rf_provision_view_release(struct rf_provision_view *view)
{
    provision_facts_unref((struct provision_facts *)view);
}

void rf_provision_invalidate(struct rf_provision *p, const char *device)
{
    provision_cache_drop(p->cache, device);
    /* Of one device the pair before may be wanted still. */
    if (device == NULL)
        generations_drop(p->generations, NULL);
}

void rf_provision_set_site(struct rf_provision *p, const struct rf_site *site,
                           const struct rf_site_ports *ports)
{
    provision_facts_unref(p->facts);
    p->facts = provision_facts_new(site, ports, &p->wrap_key);
    p->facts->serial = ++p->facts_n;
    rf_provision_limits_set(p->limits, site->conf->provision_rate, site->conf->provision_names);
}

/* ---- the catalogue ---- */

static enum rf_err signer_process_key(void *state, struct rf_vault_key **key, struct rf_cert **cert,
                                      struct rf_why *why)
{
    return rf_signer_key(state, "tftp", key, cert, why);
}

struct rf_provision *rf_provision_new(const struct rf_provision_conf *conf)
{
    struct rf_provision *p = rf_new(struct rf_provision);
    p->loop = conf->loop;
    p->store = conf->store;
    p->signers[0] = conf->signer;
    p->signers[1] = conf->signer_too != NULL ? conf->signer_too : conf->signer;
    p->signing_key = conf->signing_key != NULL ? conf->signing_key : signer_process_key;
    uint64_t seed;
    rf_random_bytes(&seed, sizeof seed);
    p->limits = rf_provision_limits_new(seed);
    if (conf->wrap_key != NULL)
        rf_bug_on(rf_secret_set(&p->wrap_key, rf_secret_slice(conf->wrap_key)) != RF_OK);
    rf_provision_set_site(p, conf->site, conf->ports);
    p->cache = provision_cache_new();
    p->generations = generations_new();
    p->files = rf_worker_start("files", RF_PROVISION_PENDING_MAX, &p->looker);
    p->db = conf->db;
    p->on_alarm = conf->on_alarm;
    p->on_cert_used = conf->on_cert_used;
    p->alarm_arg = conf->alarm_arg;
    p->seen = provision_seen_new();
    p->notes = provision_notes_new(p->loop, p->store, provision_gate_new_pending, p);
    return p;
}

void rf_provision_free(struct rf_provision *p)
{
    if (p == NULL)
        return;
    while (p->requests != NULL) {
        struct request *r = p->requests;
        leave(r);
        if (r->is_waiting)
            provision_release(r);
        /* The others are with a worker or in the mailbox, and release themselves. */
    }
    rf_worker_stop(p->files);
    provision_look_unref(p->looker.last);
    provision_notes_free(p->notes);
    provision_seen_free(p->seen);
    provision_static_forget(p);
    provision_contents_fini(&p->contents);
    provision_cache_free(p->cache);
    generations_free(p->generations);
    rf_secret_fini(&p->wrap_key);
    rf_provision_limits_free(p->limits);
    provision_facts_unref(p->facts);
    rf_free(p);
}
