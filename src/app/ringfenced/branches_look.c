/* SPDX-License-Identifier: Apache-2.0 */
/* What a centre tells the routers of its branches: the site's list, and a signed snapshot of the
 * phones that use each.
 *
 * What a snapshot says is looked up on the store worker when the database has changed or a router
 * came, a branch at a time, so that others have their turn there, and after a rest for them; one
 * that says something new is signed on the signer worker. doc: docs/srst.md */
#include <stdio.h>
#include <string.h>

#include "app/ringfenced/branches_int.h"
#include "base/file.h"
#include "base/log.h"
#include "service/site/families.h"
#include "service/srst/gather.h"
#include "trust/sigfile.h"

#define REST_TIMES  10
#define REST_MAX_MS 60000

/* ---- a look ---- */

struct made {
    char name[RF_STORE_SRST_NAME];
    uint64_t serial;
    uint64_t held; /* that the router has or was sent */
    uint64_t claimed;
    struct rf_buf body;
    struct rf_buf file;
    struct rf_why why; /* code empty: it is made */
};

/** A look at the database: the references, and the snapshots of those that are connected. */
struct look {
    struct rf_job job;
    struct branches *b;
    uint64_t generation;
    char *site;
    char *site_name;
    char *srtp_80_models;
    char *srtp_gcm_models;
    char *untrusted_models;
    struct rf_cert *lsc_issuer;
    uint32_t keepalive_s;
    uint32_t rsa_min;
    bool accepts_mics;
    int64_t now_s;
    struct made *made;
    size_t n_made;
    size_t at; /* of them: whose snapshot is being looked up */
    uint64_t took_ms;
    struct rf_store_srsts all;
    struct rf_store_srst_users users;
    struct rf_buf list; /* empty: it could not be read */
    enum rf_err err;
    struct rf_why why;
};

static void look_free(struct look *l)
{
    for (size_t i = 0; i < l->n_made; i++) {
        rf_buf_fini(&l->made[i].body);
        rf_buf_fini(&l->made[i].file);
    }
    rf_free(l->made);
    rf_store_srsts_fini(&l->all);
    rf_store_srst_users_fini(&l->users);
    rf_buf_fini(&l->list);
    rf_cert_unref(l->lsc_issuer);
    rf_free(l->site);
    rf_free(l->site_name);
    rf_free(l->srtp_80_models);
    rf_free(l->srtp_gcm_models);
    rf_free(l->untrusted_models);
    rf_free(l);
}

static uint32_t suites_of(void *arg, const char *model)
{
    const struct look *l = arg;
    return device_suites(l->srtp_80_models, l->srtp_gcm_models, model);
}

static bool is_untrusted(void *arg, const char *model)
{
    const struct look *l = arg;
    return rf_family_model_listed(l->untrusted_models, model);
}

static enum rf_err make(struct look *l, struct rf_store *store, struct made *m, struct rf_why *why)
{
    struct rf_srst_spec spec = {.branch = m->name,
                                .site = l->site,
                                .site_name = l->site_name,
                                .lsc_issuer = l->lsc_issuer,
                                .keepalive_s = l->keepalive_s,
                                .rsa_min = l->rsa_min,
                                .accepts_mics = l->accepts_mics,
                                .now_s = l->now_s,
                                .held = m->claimed,
                                .suites = suites_of,
                                .is_untrusted = is_untrusted,
                                .arg = l};
    m->body = RF_BUF(RF_SRST_BODY_MAX);
    enum rf_err err = rf_srst_snapshot_make(store, &spec, &l->users, &m->body, &m->serial, why);
    if (err != RF_OK || m->serial == m->held)
        rf_buf_fini(&m->body);
    return err;
}

static void references_work(struct rf_job *job, void *store)
{
    struct look *l = (struct look *)job;
    RF_AUTO(rf_freep) char *path = rf_site_list_path_in(l->site, false, "");
    uint64_t began_ms = rf_now_ms(rf_clock_real());
    struct rf_why unread = {0};
    l->err = rf_store_srst_list(store, &l->all, &l->why);
    if (l->err == RF_OK && l->n_made > 0)
        l->err = rf_store_srst_devices_of(store, NULL, &l->users, &l->why);
    if (l->n_made > 0 && rf_file_read(path, RF_TRUSTLIST_BYTES_MAX, &l->list, &unread) != RF_OK)
        rf_error(RF_CAT_MAIN, "routers are not sent the list: %s", rf_why_text(&unread));
    l->took_ms += rf_now_ms(rf_clock_real()) - began_ms;
}

static void snapshot_work(struct rf_job *job, void *store)
{
    struct look *l = (struct look *)job;
    struct made *m = &l->made[l->at];
    uint64_t began_ms = rf_now_ms(rf_clock_real());
    if (make(l, store, m, &m->why) == RF_OK)
        m->why = (struct rf_why){0};
    l->took_ms += rf_now_ms(rf_clock_real()) - began_ms;
}

/* ---- signing ---- */

static enum rf_err sign_one(struct made *m, struct rf_vault_key *key, const struct rf_cert *cert,
                            int64_t now_s, struct rf_why *why)
{
    char name[RF_SRST_FILE_NAME];
    rf_srst_file_name(m->name, name);
    m->file = RF_BUF(RF_SRST_FILE_MAX);
    struct rf_sigfile_spec spec = {.name = name,
                                   .digest = RF_DIGEST_SHA512,
                                   .timestamp = (uint32_t)now_s,
                                   .body = rf_buf_slice(&m->body)};
    return rf_sigfile_sign(key, cert, &spec, &m->file, why);
}

static void sign_work(struct rf_job *job, void *signer)
{
    struct look *l = (struct look *)job;
    RF_AUTO(rf_vault_freep) struct rf_vault_key *key = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    l->err = rf_signer_key(signer, "tftp", &key, &cert, &l->why);
    for (size_t i = 0; l->err == RF_OK && i < l->n_made; i++)
        if (l->made[i].body.len > 0)
            l->err = sign_one(&l->made[i], key, cert, l->now_s, &l->why);
}

/* ---- sending ---- */

/* Once for each reason: it is tried again with every change. */
static void tell_unmade(struct branches *b, const struct made *m)
{
    struct branch *one = branches_find(b, m->name);
    if (one == NULL || strcmp(one->unmade, m->why.code) == 0)
        return;
    memcpy(one->unmade, m->why.code, sizeof one->unmade);
    if (m->why.code[0] == '\0')
        return;
    rf_error(RF_CAT_MAIN, "no snapshot of branch %s: %s code=%s", m->name, m->why.text,
             m->why.code);
    event_of_branch(b->s, RF_STORE_ERROR, m->why.code, "no snapshot of branch %s: %s", m->name,
                    m->why.text);
}

static void send_made(struct branches *b, const struct made *m)
{
    struct branch *one = branches_find(b, m->name);
    struct rf_why why = {0};
    if (one == NULL || m->file.len == 0)
        return;
    if (rf_branch_centre_send_snapshot(b->centre, m->name, rf_buf_slice(&m->file), &why) != RF_OK) {
        rf_info(RF_CAT_MAIN, "snapshot not sent: %s srst=%s", rf_why_text(&why), m->name);
        return;
    }
    one->sent = m->serial;
    one->sent_ms = branches_now_ms(b);
    one->is_again = false;
    rf_info(RF_CAT_MAIN, "snapshot sent serial=%llu bytes=%zu srst=%s",
            (unsigned long long)m->serial, m->file.len, m->name);
}

static void look_end(struct look *l, bool is_told);

static void signed_done(struct rf_job *job, void *reader)
{
    struct look *l = (struct look *)job;
    if (reader == NULL) {
        look_free(l);
        return;
    }
    if (l->err != RF_OK)
        rf_error(RF_CAT_SIGNER, "snapshots of branches not signed: %s", rf_why_text(&l->why));
    for (size_t i = 0; l->err == RF_OK && i < l->n_made; i++)
        send_made(l->b, &l->made[i]);
    look_end(l, l->err == RF_OK);
}

/* Before a snapshot, which may be signed by somebody who stands in the new list only. */
static void send_list(struct branches *b, const struct look *l, const char *name)
{
    struct branch *one = branches_find(b, name);
    struct rf_why why = {0};
    uint8_t sha256[RF_DIGEST_MAX];
    rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&l->list), sha256);
    if (one == NULL || l->list.len == 0 ||
        rf_slice_eq(rf_slice_of(sha256, sizeof one->list),
                    rf_slice_of(one->list, sizeof one->list)))
        return;
    if (rf_branch_centre_send_list(b->centre, name, rf_buf_slice(&l->list), &why) == RF_OK)
        memcpy(one->list, sha256, sizeof one->list);
    else
        rf_info(RF_CAT_MAIN, "list not sent: %s srst=%s", rf_why_text(&why), name);
}

/* What was known of the routers stays with those that are still there. */
static void use_references(struct branches *b, const struct rf_store_srsts *all)
{
    struct branch *items = rf_new_n(struct branch, all->n + 1);
    for (size_t i = 0; i < all->n; i++) {
        const struct rf_store_srst *from = &all->items[i];
        const struct branch *before = branches_find(b, from->name);
        struct branch *to = &items[i];
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
        *to = before != NULL ? *before
                             : (struct branch){.state = from->state,
                                               .phones = from->phones,
                                               .gone_ms = branches_now_ms(b)};
        snprintf(to->name, sizeof to->name, "%s", from->name);
        snprintf(to->host, sizeof to->host, "%s", from->host);
        memcpy(to->cert, from->cert, from->cert_len);
        to->cert_len = from->cert_len;
        if (rf_cert_from_der(rf_slice_of(from->cert, from->cert_len), &cert, NULL) == RF_OK)
            snprintf(to->subject, sizeof to->subject, "%s", rf_cert_subject(cert));
    }
    rf_free(b->items);
    b->items = items;
    b->n = all->n;
    rf_branch_centre_review(b->centre);
}

/* doc: docs/backup.md, "A centre and its routers" */
static void tell_later(const struct look *l, const struct made *m)
{
    for (size_t i = 0; i < l->all.n; i++)
        if (strcmp(l->all.items[i].name, m->name) == 0 && l->all.items[i].serial < m->claimed)
            rf_warn(RF_CAT_MAIN,
                    "branch %s: its router has a snapshot that is later than any of this database, "
                    "and gets another serial=%llu known=%llu",
                    m->name, (unsigned long long)m->claimed,
                    (unsigned long long)l->all.items[i].serial);
}

static bool has_bodies(const struct look *l)
{
    for (size_t i = 0; i < l->n_made; i++)
        if (l->made[i].body.len > 0)
            return true;
    return false;
}

/* `is_told`: not, and the next tick looks again. A router that came meanwhile does not wait for it.
 */
static void look_end(struct look *l, bool is_told)
{
    struct branches *b = l->b;
    look_free(l);
    b->is_looking = false;
    b->is_stale |= !is_told;
    if (b->has_come)
        branches_look(b);
}

uint64_t branches_rest_ms(uint64_t took_ms)
{
    return took_ms < REST_MAX_MS / REST_TIMES ? took_ms * REST_TIMES : REST_MAX_MS;
}

static void snapshot_done(struct rf_job *job, void *reader);

static void next_snapshot(struct look *l)
{
    struct server *s = l->b->s;
    l->job.work = snapshot_work;
    l->job.done = snapshot_done;
    if (l->at < l->n_made && rf_worker_post(s->store_worker, &l->job) == RF_OK)
        return;
    if (l->at < l->n_made) {
        look_end(l, false);
        return;
    }
    l->b->rest_until_ms = branches_now_ms(l->b) + branches_rest_ms(l->took_ms);
    l->job.work = sign_work;
    l->job.done = signed_done;
    bool has_more = has_bodies(l);
    if (!has_more || rf_worker_post(s->signer_worker, &l->job) != RF_OK)
        look_end(l, !has_more);
}

static void snapshot_done(struct rf_job *job, void *reader)
{
    struct look *l = (struct look *)job;
    if (reader == NULL) {
        look_free(l);
        return;
    }
    tell_unmade(l->b, &l->made[l->at]);
    l->at++;
    next_snapshot(l);
}

static void references_done(struct rf_job *job, void *reader)
{
    struct look *l = (struct look *)job;
    struct branches *b = l->b;
    if (reader == NULL) {
        look_free(l);
        return;
    }
    if (l->err != RF_OK) {
        rf_warn(RF_CAT_MAIN, "branches not looked up: %s", rf_why_text(&l->why));
        look_end(l, false);
        return;
    }
    b->generation = l->generation;
    use_references(b, &l->all);
    for (size_t i = 0; i < l->n_made; i++)
        send_list(b, l, l->made[i].name);
    for (size_t i = 0; i < l->n_made; i++)
        tell_later(l, &l->made[i]);
    next_snapshot(l);
}

void branches_look(struct branches *b)
{
    struct server *s = b->s;
    const struct rf_site_conf *conf = s->site->conf;
    struct look *l = rf_new(struct look);
    b->has_come = false;
    l->job = (struct rf_job){
        .work = references_work, .done = references_done, .answer_to = rf_loop_mailbox(s->loop)};
    l->b = b;
    l->generation = rf_store_generation(s->store);
    l->site = rf_strdup(s->site->dir);
    l->site_name = rf_strdup(conf->name);
    l->srtp_80_models = rf_strdup(conf->srtp_80_models);
    l->srtp_gcm_models = rf_strdup(conf->srtp_gcm_models);
    l->untrusted_models = rf_strdup(conf->untrusted_models);
    l->lsc_issuer = rf_cert_ref(s->lsc_issuer);
    l->keepalive_s = conf->keepalive_s;
    l->rsa_min = conf->rsa_min;
    l->accepts_mics = conf->accept_mic_for_signalling;
    l->now_s = rf_wall_s(rf_loop_clock(s->loop));
    l->list = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    l->made = rf_new_n(struct made, b->n + 1);
    for (size_t i = 0; i < b->n; i++)
        if (rf_branch_centre_has(b->centre, b->items[i].name)) {
            struct made *m = &l->made[l->n_made++];
            snprintf(m->name, sizeof m->name, "%s", b->items[i].name);
            m->held = b->items[i].is_again ? 0 : b->items[i].sent;
            m->claimed = b->items[i].claimed;
        }
    b->is_looking = rf_worker_post(s->store_worker, &l->job) == RF_OK;
    b->is_stale = !b->is_looking;
    if (!b->is_looking)
        look_free(l);
}
