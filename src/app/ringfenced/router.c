/* SPDX-License-Identifier: Apache-2.0 */
/* A survivable router: who may register is told by its centre, in a snapshot. What phones are shown
 * and believed by changes on the main thread; devices go on to the call-control thread.
 * doc: docs/server.md, "Roles" */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ringfenced/server_int.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "trust/lists.h"

/** Devices as call control was told them, by name. */
struct branch_device {
    struct rf_sccp_device conf; /* first: it is looked for by its name */
    bool is_left_out;           /* it would not take it */
};
struct branch_devices {
    struct branch_device *items;
    size_t n;
};

struct router {
    struct rf_srst_snapshot snapshot; /* main thread; serial 0: none */
    struct rf_why none;               /* why there is none */
    struct rf_buf beliefs;            /* what the signalling in use was made of */
    struct rf_buf blocked;            /* and the block list */
    struct branch_devices devices;    /* call-control thread, once that runs */
};

#define RELEASED_S  300
#define BELIEFS_MAX ((size_t)3 * RF_SRST_ANCHORS_MAX * 33 + 16)
#define BLOCKED_MAX ((size_t)RF_SRST_BLOCKED_MAX * 32)

/* A phone that uses a certificate confirms it, which is the centre's to know: it comes back there.
 * What users forward lasts as long as this process. */
const struct rf_sccp_service_ops sccp_ops_router = {.send = sccp_op_send,
                                                    .close = sccp_op_close,
                                                    .pause = sccp_op_pause,
                                                    .on_event = event_of_sccp,
                                                    .on_modern = event_of_modern,
                                                    .on_record = record_keep};

/* ---- whom it believes ---- */

static enum rf_err add_anchors(struct rf_anchors *to, const struct rf_srst_anchors *from,
                               struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < from->n && err == RF_OK; i++)
        err = rf_anchors_add(to, from->items[i], why);
    return err;
}

static enum rf_err signalling_of(const struct rf_srst_snapshot *snapshot, struct signalling **out,
                                 struct rf_why *why)
{
    struct signalling *now = rf_new(struct signalling);
    now->rsa_min = snapshot->rsa_min;
    now->lsc = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    now->cas = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    enum rf_err err = add_anchors(now->lsc, &snapshot->lsc_issuers, why);
    if (err == RF_OK)
        err = add_anchors(now->cas, &snapshot->lsc_cas, why);
    if (err == RF_OK && snapshot->mic_roots.n > 0) {
        now->mic = rf_anchors_new(RF_PURPOSE_SIGNALLING);
        err = add_anchors(now->mic, &snapshot->mic_roots, why);
    }
    if (err == RF_OK)
        *out = now;
    else
        signalling_free(now);
    return err;
}

static void note(struct rf_buf *to, char kind, const struct rf_srst_anchors *anchors)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < anchors->n && err == RF_OK; i++) {
        err = rf_buf_add(to, &kind, 1);
        if (err == RF_OK)
            err = rf_buf_add_slice(to, rf_cert_sha256(anchors->items[i]));
    }
    rf_bug_on(err != RF_OK); /* there is room for all that a snapshot may have */
}

static struct rf_buf beliefs_of(const struct rf_srst_snapshot *snapshot)
{
    struct rf_buf out = RF_BUF(BELIEFS_MAX);
    note(&out, 'l', &snapshot->lsc_issuers);
    note(&out, 'c', &snapshot->lsc_cas);
    note(&out, 'm', &snapshot->mic_roots);
    rf_bug_on(rf_buf_addf(&out, "%u", snapshot->rsa_min) != RF_OK);
    return out;
}

static bool is_same(const struct rf_buf *a, struct rf_slice b)
{
    return rf_slice_eq(rf_buf_slice(a), b);
}

static void keep(struct rf_buf *to, size_t max, struct rf_slice now)
{
    rf_buf_fini(to);
    *to = RF_BUF(max);
    rf_bug_on(rf_buf_add_slice(to, now) != RF_OK);
}

/* Sets that were replaced stay until the end, since a handshake may be reading one: so only what
 * changed makes another. */
static enum rf_err believe(struct server *s, const struct rf_srst_snapshot *snapshot,
                           struct rf_why *why)
{
    struct router *r = s->router;
    struct signalling *now = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf beliefs = beliefs_of(snapshot);
    struct rf_slice blocked = rf_slice_of(snapshot->blocked, snapshot->n_blocked * 32);
    bool is_news = r->snapshot.serial == 0;
    enum rf_err err = RF_OK;
    if (is_news || !is_same(&r->beliefs, rf_buf_slice(&beliefs)))
        err = signalling_of(snapshot, &now, why);
    if (err == RF_OK && !is_same(&r->blocked, blocked))
        err = rf_blocklist_set(s->blocked, blocked, why);
    if (err != RF_OK) {
        if (now != NULL)
            signalling_free(now);
        return err;
    }
    if (now != NULL)
        signalling_use(s, now);
    keep(&r->beliefs, BELIEFS_MAX, rf_buf_slice(&beliefs));
    keep(&r->blocked, BLOCKED_MAX, blocked);
    return RF_OK;
}

/* ---- who must be listed ---- */

static bool lists_one_of(const struct rf_srst_snapshot *snapshot, const char *issuer)
{
    for (size_t i = 0; i < snapshot->n; i++)
        for (size_t k = 0; k < snapshot->certs[i].n; k++)
            if (strcmp(snapshot->certs[i].items[k].issuer, issuer) == 0)
                return true;
    return false;
}

/* What the centre's own issuer made, or another CA for it, must stand in the device's list, as at
 * the centre: all of that is known there. Of the issuers of other sites nothing is. */
static enum rf_err listed_of(const struct rf_srst_snapshot *snapshot, struct rf_anchors *out,
                             struct rf_why *why)
{
    enum rf_err err = add_anchors(out, &snapshot->lsc_cas, why);
    for (size_t i = 0; i < snapshot->lsc_issuers.n && err == RF_OK; i++)
        if (i == 0 || lists_one_of(snapshot, rf_cert_subject(snapshot->lsc_issuers.items[i])))
            err = rf_anchors_add(out, snapshot->lsc_issuers.items[i], why);
    return err;
}

/* ---- devices ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct branch_device *)a)->conf.call.name,
                  ((const struct branch_device *)b)->conf.call.name);
}

static struct branch_devices devices_of(const struct server *s,
                                        const struct rf_srst_snapshot *snapshot)
{
    struct branch_devices out = {.items = rf_new_n(struct branch_device, snapshot->n + 1)};
    for (size_t i = 0; i < snapshot->n; i++) {
        const struct rf_store_phone *phone = &snapshot->phones[i];
        struct rf_sccp_device *to = &out.items[out.n].conf;
        struct rf_why why = {0};
        if (device_of(atomic_load(&s->device_models), phone, &snapshot->certs[i], to, &why) !=
            RF_OK) {
            rf_error(RF_CAT_MAIN, "device left out: %s dev=%s", rf_why_text(&why),
                     phone->device.name);
            continue;
        }
        if (snapshot->suites[i] != 0) /* what the centre knows of its models */
            to->suites = snapshot->suites[i];
        to->is_untrusted |= snapshot->untrusted[i];
        out.n++;
    }
    qsort(out.items, out.n, sizeof *out.items, by_name);
    return out;
}

static bool is_same_line(const struct rf_call_device_conf *a, const struct rf_call_device_conf *b,
                         size_t i)
{
    const struct rf_call_line_rule *x = &a->rules[i], *y = &b->rules[i];
    for (int f = 0; f < RF_CALL_FORWARD_N; f++)
        if (strcmp(x->forward[f], y->forward[f]) != 0)
            return false;
    return strcmp(a->lines[i].number, b->lines[i].number) == 0 &&
           strcmp(a->lines[i].name, b->lines[i].name) == 0 && x->calls_max == y->calls_max &&
           x->busy_trigger == y->busy_trigger && x->is_shared == y->is_shared;
}

static bool is_same_cert(const struct rf_sccp_device_cert *a, const struct rf_sccp_device_cert *b)
{
    return a->state == b->state && rf_slice_eq(rf_slice_of(a->sha256, sizeof a->sha256),
                                               rf_slice_of(b->sha256, sizeof b->sha256));
}

static bool is_same_device(const struct rf_sccp_device *a, const struct rf_sccp_device *b)
{
    if (a->mode != b->mode || a->has_srtp != b->has_srtp || a->suites != b->suites ||
        a->is_untrusted != b->is_untrusted || a->call.media_policy != b->call.media_policy ||
        a->call.is_protected != b->call.is_protected || a->call.n_lines != b->call.n_lines ||
        a->n_certs != b->n_certs || strcmp(a->model, b->model) != 0 ||
        strcmp(a->label, b->label) != 0)
        return false;
    for (size_t i = 0; i < a->call.n_lines; i++)
        if (!is_same_line(&a->call, &b->call, i))
            return false;
    for (size_t i = 0; i < a->n_certs; i++)
        if (!is_same_cert(&a->certs[i], &b->certs[i]))
            return false;
    return true;
}

/* ---- on the call-control thread ---- */

struct telling {
    struct rf_msg msg;
    struct server *s;
    struct branch_devices devices;
    struct rf_anchors *listed;
    uint32_t keepalive_s;
};

static struct branch_device *find(const struct branch_devices *in, const struct branch_device *like)
{
    return in->n > 0 ? bsearch(like, in->items, in->n, sizeof *in->items, by_name) : NULL;
}

/* It is to be told nothing. */
static bool is_settled(const struct branch_device *before, const struct branch_device *now)
{
    return before != NULL && !before->is_left_out && is_same_device(&before->conf, &now->conf);
}

static void remove_gone(struct server *s, const struct branch_devices *now)
{
    const struct branch_devices *before = &s->router->devices;
    for (size_t i = 0; i < before->n; i++) {
        const char *name = before->items[i].conf.call.name;
        if (find(now, &before->items[i]) == NULL && rf_sccp_device_remove(s->sccp, name) != RF_OK)
            rf_debug(RF_CAT_MAIN, "removed device was not in call control dev=%s", name);
    }
}

/* Lines may move between devices: those that change keep none while the new ones are handed out. */
static void take_lines_away(struct server *s, const struct branch_devices *now)
{
    const struct branch_devices *before = &s->router->devices;
    for (size_t i = 0; i < before->n; i++) {
        const struct branch_device *next = find(now, &before->items[i]);
        struct rf_call_device_conf bare = before->items[i].conf.call;
        struct rf_why why = {0};
        if (next == NULL || before->items[i].is_left_out || is_settled(&before->items[i], next))
            continue;
        bare.n_lines = 0;
        if (rf_call_device_set(rf_sccp_service_calls(s->sccp), &bare, &why) != RF_OK)
            rf_error(RF_CAT_MAIN, "lines not given back: %s dev=%s", rf_why_text(&why), bare.name);
    }
}

static size_t use_changed(struct server *s, struct branch_devices *now)
{
    size_t left_out = 0;
    for (size_t i = 0; i < now->n; i++) {
        struct branch_device *d = &now->items[i];
        struct rf_why why = {0};
        if (is_settled(find(&s->router->devices, d), d))
            continue;
        d->is_left_out = device_use(s, &d->conf, &why) != RF_OK;
        left_out += d->is_left_out;
        /* What was said of it before does not hold any more. */
        if (d->is_left_out && rf_sccp_device_remove(s->sccp, d->conf.call.name) != RF_OK)
            rf_debug(RF_CAT_MAIN, "device left out was not there dev=%s", d->conf.call.name);
        if (d->is_left_out)
            rf_error(RF_CAT_MAIN, "device left out: %s dev=%s", rf_why_text(&why),
                     d->conf.call.name);
    }
    return left_out;
}

static void telling_free(struct telling *t)
{
    rf_anchors_unref(t->listed);
    rf_free(t->devices.items);
    rf_free(t);
}

/* First who must be listed, so that nobody slips in between. */
static void use_devices(struct server *s, struct telling *t)
{
    rf_sccp_service_set_keepalive(s->sccp, t->keepalive_s);
    rf_sccp_service_set_listed(s->sccp, t->listed);
    remove_gone(s, &t->devices);
    take_lines_away(s, &t->devices);
    size_t left_out = use_changed(s, &t->devices);
    rf_info(RF_CAT_MAIN, "devices of the branch n=%zu left-out=%zu", t->devices.n, left_out);
    rf_free(s->router->devices.items);
    s->router->devices = t->devices;
    t->devices = (struct branch_devices){.n = 0};
    rf_sccp_end_blocked(s->sccp);
}

static void tell_run(struct rf_msg *msg, void *reader)
{
    struct telling *t = (struct telling *)msg;
    if (reader != NULL)
        use_devices(t->s, t);
    telling_free(t);
}

/* And belief in it: what may be refused is, before anything has changed. */
static enum rf_err telling_of(struct server *s, const struct rf_srst_snapshot *snapshot,
                              struct telling **out, struct rf_why *why)
{
    struct telling *t = rf_new(struct telling);
    *t = (struct telling){.msg.run = tell_run,
                          .s = s,
                          .devices = devices_of(s, snapshot),
                          .listed = rf_anchors_new(RF_PURPOSE_SIGNALLING),
                          .keepalive_s = snapshot->keepalive_s};
    enum rf_err err = listed_of(snapshot, t->listed, why);
    if (err == RF_OK)
        err = believe(s, snapshot, why);
    if (err == RF_OK)
        *out = t;
    else
        telling_free(t);
    return err;
}

/* ---- a snapshot ---- */

static void take(struct router *r, struct rf_srst_snapshot *snapshot)
{
    rf_srst_snapshot_fini(&r->snapshot);
    r->snapshot = *snapshot;
    *snapshot = (struct rf_srst_snapshot){.n = 0};
    r->none = (struct rf_why){0};
    rf_info(RF_CAT_MAIN, "snapshot in use serial=%llu site=%s devices=%zu blocked=%zu",
            (unsigned long long)r->snapshot.serial, r->snapshot.site, r->snapshot.n,
            r->snapshot.n_blocked);
}

enum rf_err router_apply(struct server *s, struct rf_srst_snapshot *take_snapshot,
                         struct rf_why *why)
{
    struct telling *t = NULL;
    enum rf_err err = telling_of(s, take_snapshot, &t, why);
    if (err != RF_OK)
        return err;
    sccp_post(s, &t->msg);
    take(s->router, take_snapshot);
    return RF_OK;
}

const struct rf_srst_snapshot *router_snapshot(const struct server *s)
{
    return &s->router->snapshot;
}

struct releasing {
    struct rf_msg msg;
    struct server *s;
};

static void release_run(struct rf_msg *msg, void *reader)
{
    struct releasing *r = (struct releasing *)msg;
    if (reader != NULL)
        rf_sccp_service_release(r->s->sccp, RELEASED_S);
    rf_free(r);
}

void router_release(struct server *s)
{
    struct releasing *r = rf_new(struct releasing);
    *r = (struct releasing){.msg.run = release_run, .s = s};
    sccp_post(s, &r->msg);
    rf_warn(RF_CAT_MAIN,
            "the centre wants its phones back: all are told to restart, and nobody "
            "may register for %d s",
            RELEASED_S);
    event_of_branch(s, RF_STORE_WARN, "srst-released",
                    "the centre wants its phones back: nobody may register for %d s", RELEASED_S);
}

/* ---- the start ---- */

enum rf_err router_prepare(struct server *s, struct rf_why *why)
{
    struct signalling *closed = rf_new(struct signalling);
    s->router = rf_new(struct router);
    closed->lsc = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    closed->cas = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    closed->rsa_min = s->site->conf->rsa_min;
    closed->is_closed = true;
    signalling_use(s, closed);
    return RF_OK;
}

static enum rf_err load_list(const struct server *s, struct rf_lists *out, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(s->site, RF_SITE_CTL);
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    if (!rf_file_exists(path))
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-snapshot",
                          "this router does not know its centre: `ringfence srst trust FILE` with "
                          "the centre's CTLFile.tlv");
    enum rf_err err = rf_file_read(path, RF_TRUSTLIST_BYTES_MAX, &bytes, why);
    return err == RF_OK ? rf_lists_load(out, RF_LIST_CTL, rf_buf_slice(&bytes), why) : err;
}

static enum rf_err load_snapshot(const struct server *s, struct rf_srst_snapshot *out,
                                 struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(s->site, RF_SITE_SNAPSHOT);
    RF_AUTO(rf_lists_fini) struct rf_lists lists = {NULL};
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    /* It was not of the future when it was taken; after a power cut the clock may not be right. */
    struct rf_srst_expect expect = {.name = s->site->conf->name};
    enum rf_err err = load_list(s, &lists, why);
    if (err != RF_OK)
        return err;
    if (!rf_file_exists(path))
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-snapshot",
                          "the centre has not told this router yet who may register");
    err = rf_file_read(path, RF_SRST_FILE_MAX, &file, why);
    return err == RF_OK ? rf_srst_snapshot_open(rf_buf_slice(&file), &lists, &expect, out, why)
                        : err;
}

/* What was learnt of phones before this start, so that it is no moment for a downgrade. */
static void remember_modern(struct server *s, struct branch_devices *devices)
{
    for (size_t i = 0; i < devices->n; i++) {
        struct rf_sccp_device *d = &devices->items[i].conf;
        struct rf_why why = {0};
        if (device_modern_load(s->store, d->call.name, d->modern_cert, &why) != RF_OK)
            rf_warn(RF_CAT_STORE, "not known whether it speaks TLS 1.2: %s dev=%s",
                    rf_why_text(&why), d->call.name);
    }
}

enum rf_err router_load(struct server *s, struct rf_why *why)
{
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot snapshot = {.n = 0};
    struct router *r = s->router;
    struct telling *t = NULL;
    struct rf_why none = {0};
    enum rf_err err = load_snapshot(s, &snapshot, &none);
    if (err == RF_OK)
        err = telling_of(s, &snapshot, &t, &none);
    if (err != RF_OK) {
        r->none = none;
        rf_warn(RF_CAT_MAIN, "nobody may register: %s code=%s", none.text, none.code);
        return RF_OK;
    }
    remember_modern(s, &t->devices);
    use_devices(s, t);
    telling_free(t);
    take(r, &snapshot);
    return RF_OK;
}

void router_tell(struct server *s)
{
    const struct rf_why *none = &s->router->none;
    if (s->router->snapshot.serial == 0)
        event_of_branch(s, RF_STORE_WARN, none->code, "nobody may register: %s", none->text);
}

void router_free(struct server *s)
{
    struct router *r = s->router;
    if (r == NULL)
        return;
    rf_srst_snapshot_fini(&r->snapshot);
    rf_buf_fini(&r->beliefs);
    rf_buf_fini(&r->blocked);
    rf_free(r->devices.items);
    rf_free(r);
}

/* ---- what is shown ---- */

void status_router(struct server *s, struct rf_admin_status *out)
{
    const struct router *r = s->router;
    struct rf_admin_branch *b = &out->branch;
    out->provider = s->ports.provider;
    status_add_sccp(s, out);
    status_add_listener(out, rf_srst_provider_listener(s->provider), "modern");
    b->serial = r->snapshot.serial;
    b->made_s = r->snapshot.made_s;
    b->devices = r->snapshot.n;
    snprintf(b->site, sizeof b->site, "%s", r->snapshot.site);
    snprintf(b->code, sizeof b->code, "%.31s", r->none.code);
    snprintf(b->text, sizeof b->text, "%.255s", r->none.text);
}

static void copy_lines(const struct rf_store_phone *from, struct rf_store_phone *to)
{
    to->lines = rf_new_n(struct rf_store_line, from->n_lines + 1);
    for (size_t i = 0; i < from->n_lines; i++)
        to->lines[i] = from->lines[i];
}

/* Of a certificate there is what the snapshot says, and no DER. */
bool router_next(void *arg, size_t *at, struct rf_store_phone *phone, struct rf_store_certs *certs)
{
    const struct rf_srst_snapshot *snapshot = router_snapshot(arg);
    if (*at >= snapshot->n)
        return false;
    const struct rf_store_certs *from = &snapshot->certs[*at];
    *phone = snapshot->phones[*at];
    copy_lines(&snapshot->phones[*at], phone);
    *certs =
        (struct rf_store_certs){.items = rf_new_n(struct rf_store_cert, from->n + 1), .n = from->n};
    for (size_t i = 0; i < from->n; i++) {
        certs->items[i] = from->items[i];
        certs->items[i].der = (struct rf_buf){0};
    }
    (*at)++;
    return true;
}
