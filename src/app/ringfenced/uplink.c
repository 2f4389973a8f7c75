/* SPDX-License-Identifier: Apache-2.0 */
/* A router's link to its centre: begun when the router serves, ended before anything else ends. By
 * it come lists and snapshots, which are verified here, kept in the site's folder and used; by it
 * go how the router is, and the records of its calls.
 *
 * Main loop; what is read and written in the database is the store worker's. doc: docs/srst.md */
#include <stdio.h>
#include <string.h>

#include "app/ringfenced/server_int.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "service/srst/branch_router.h"
#include "service/srst/forward.h"
#include "service/srst/forward_read.h"
#include "trust/lists.h"

#define LOOK_MS     2000 /* between two looks at how many phones there are */
#define KEPT_KEY    "branch.kept"
#define EPOCH_BYTES 16

struct uplink {
    struct server *s;
    struct rf_lists lists;
    struct rf_branch_router *link; /* NULL: none could be made */
    struct rf_srst_forward *forward;
    char epoch[RF_BRANCH_EPOCH];
    struct rf_branch_state state;
    rf_timer_id look;
    bool has_said_down;
    bool is_drawing; /* another epoch */
    bool is_unkept;  /* what is in use does not lie in the folder, or no list vouches for it */
};

/* ---- how the router is ---- */

struct counts {
    struct rf_msg msg;
    struct server *s;
    struct rf_sccp_counts sccp;
    uint32_t calls;
};

static void look_start(struct uplink *u);

/* What the centre is told that we hold: 0 has it send once more. */
static void say_held(struct uplink *u)
{
    u->state.serial = u->is_unkept ? 0 : router_snapshot(u->s)->serial;
}

static void counts_use(struct rf_msg *msg, void *reader)
{
    struct counts *c = (struct counts *)msg;
    struct uplink *u = c->s->uplink;
    if (reader != NULL && u != NULL) {
        bool had = u->state.phones > 0;
        say_held(u);
        u->state.phones = c->sccp.registered;
        u->state.secure_phones = c->sccp.secure;
        u->state.calls = c->calls;
        if (u->state.phones == 0)
            u->state.since_s = 0;
        else if (!had)
            u->state.since_s = rf_wall_s(rf_clock_real());
        if (u->link != NULL)
            rf_branch_router_state(u->link, &u->state);
        rf_srst_forward_more(u->forward);
        look_start(u);
    }
    rf_free(c);
}

/* Call-control thread. */
static void counts_take(struct rf_msg *msg, void *reader)
{
    struct counts *c = (struct counts *)msg;
    if (reader == NULL) {
        rf_free(c);
        return;
    }
    rf_sccp_counts(c->s->sccp, &c->sccp);
    c->calls = (uint32_t)rf_call_count(rf_sccp_service_calls(c->s->sccp));
    c->msg.run = counts_use;
    rf_mailbox_post_answer(rf_loop_mailbox(c->s->loop), &c->msg);
}

static void look_due(void *owner, uint64_t number)
{
    struct uplink *u = owner;
    struct counts *c = rf_new(struct counts);
    u->look = 0;
    *c = (struct counts){.msg.run = counts_take, .s = u->s};
    sccp_post(u->s, &c->msg);
}

static void look_start(struct uplink *u)
{
    u->look = rf_timer_start(rf_loop_timers(u->s->loop), LOOK_MS, look_due, u, 0);
}

/* ---- lists and snapshots ---- */

/* Two clocks are never quite the same. */
#define AHEAD_S 300

static void refuse(struct uplink *u, const char *what, const struct rf_why *why)
{
    rf_error(RF_CAT_MAIN, "%s of the centre refused: %s code=%s", what, why->text, why->code);
    event_of_branch(u->s, RF_STORE_ERROR, why->code, "%s of the centre refused: %s", what,
                    why->text);
}

/* Keys are changed: who signed what lies here may not stand in a later list, and then it would be
 * refused at the next start. */
static void look_at_kept(struct uplink *u)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(u->s->site, RF_SITE_SNAPSHOT);
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(RF_SRST_FILE_MAX);
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot kept = {.n = 0};
    struct rf_srst_expect expect = {.name = u->s->site->conf->name};
    struct rf_why why = {0};
    if (router_snapshot(u->s)->serial == 0)
        return;
    u->is_unkept =
        rf_file_read(path, RF_SRST_FILE_MAX, &file, &why) != RF_OK ||
        rf_srst_snapshot_open(rf_buf_slice(&file), &u->lists, &expect, &kept, &why) != RF_OK;
    if (u->is_unkept)
        rf_info(RF_CAT_MAIN, "the snapshot is asked for again: %s", rf_why_text(&why));
}

static enum rf_err take_list(struct uplink *u, struct rf_slice bytes,
                             const struct rf_list_verdict *v, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(u->s->site, RF_SITE_CTL);
    enum rf_err err = rf_file_replace(path, bytes, 0644, why);
    if (err != RF_OK)
        return err;
    rf_lists_install(&u->lists, RF_LIST_CTL, v->list);
    rf_info(RF_CAT_TRUST, "list of the centre taken fingerprint=%s signer=%.16s",
            rf_list_fingerprint(v->list), v->signer);
    look_at_kept(u);
    return RF_OK;
}

/* What is installed already is no first trust: that was `ringfence srst trust`. */
static void on_list(void *arg, struct rf_slice bytes)
{
    struct uplink *u = arg;
    struct rf_list_policy policy = {.has_now = true,
                                    .now_s = rf_wall_s(rf_clock_real()) + AHEAD_S,
                                    .rollback = RF_ROLLBACK_REJECT};
    RF_AUTO(rf_list_verdict_fini) struct rf_list_verdict v = {.list = NULL};
    struct rf_why why = {0};
    enum rf_err err = rf_lists_consider(&u->lists, RF_LIST_CTL, bytes, &policy, &v, &why);
    if (err == RF_OK && v.action == RF_LIST_SAME)
        return;
    if (err == RF_OK)
        err = take_list(u, bytes, &v, &why);
    if (err != RF_OK)
        refuse(u, "a list", &why);
}

static enum rf_err keep(struct uplink *u, struct rf_slice file, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path(u->s->site, RF_SITE_BRANCH);
    RF_AUTO(rf_freep) char *path = rf_site_path(u->s->site, RF_SITE_SNAPSHOT);
    enum rf_err err = rf_dir_make(folder, 0700, why);
    if (err == RF_OK)
        err = rf_file_replace(path, file, 0600, why);
    u->is_unkept = err != RF_OK;
    return err;
}

/* Used first, because that may be refused, and what is refused must not lie there at the next
 * start. What could not be kept is asked for again. */
static enum rf_err take_snapshot(struct uplink *u, struct rf_slice file, struct rf_why *why)
{
    RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot snapshot = {.n = 0};
    struct rf_srst_expect expect = {.name = u->s->site->conf->name,
                                    .held = router_snapshot(u->s)->serial,
                                    .has_now = true,
                                    .now_s = rf_wall_s(rf_clock_real()) + AHEAD_S};
    enum rf_err err = rf_srst_snapshot_open(file, &u->lists, &expect, &snapshot, why);
    if (err == RF_OK && snapshot.serial != expect.held)
        err = router_apply(u->s, &snapshot, why);
    return err == RF_OK ? keep(u, file, why) : err;
}

static void on_snapshot(void *arg, struct rf_slice file)
{
    struct uplink *u = arg;
    struct rf_why why = {0};
    if (take_snapshot(u, file, &why) != RF_OK)
        refuse(u, "a snapshot", &why);
    say_held(u);
    rf_branch_router_state(u->link, &u->state);
}

/* ---- records ---- */

struct fetch {
    struct rf_job job;
    struct server *s;
    uint64_t round;
    int64_t after;
    size_t n;
    struct rf_srst_records found;
    enum rf_err err;
    struct rf_why why;
};

static void fetch_work(struct rf_job *job, void *store)
{
    struct fetch *f = (struct fetch *)job;
    f->err = rf_srst_records_read(store, f->after, f->n, &f->found, &f->why);
}

static void fetch_done(struct rf_job *job, void *reader)
{
    struct fetch *f = (struct fetch *)job;
    struct uplink *u = f->s->uplink;
    if (reader != NULL && u != NULL && f->err == RF_OK) {
        rf_srst_forward_records(u->forward, f->round, f->found.items, f->found.n);
    } else if (reader != NULL && u != NULL) {
        rf_warn(RF_CAT_STORE, "records not read for the centre: %s", rf_why_text(&f->why));
        rf_srst_forward_failed(u->forward, f->round);
    }
    if (f->err == RF_OK)
        rf_srst_records_fini(&f->found);
    rf_free(f);
}

static void op_fetch(void *arg, uint64_t round, int64_t after, size_t n)
{
    struct uplink *u = arg;
    struct fetch *f = rf_new(struct fetch);
    *f = (struct fetch){
        .job = {.work = fetch_work, .done = fetch_done, .answer_to = rf_loop_mailbox(u->s->loop)},
        .s = u->s,
        .round = round,
        .after = after,
        .n = n};
    if (rf_worker_post(u->s->store_worker, &f->job) == RF_OK)
        return;
    rf_srst_forward_failed(u->forward, round);
    rf_free(f);
}

static enum rf_err op_send(void *arg, int64_t id, struct rf_slice json)
{
    struct uplink *u = arg;
    struct rf_why why = {0};
    enum rf_err err = rf_branch_router_record(u->link, json, &why);
    if (err == RF_ERR_LIMIT)
        rf_error(RF_CAT_MAIN, "record cannot go to the centre: %s id=%lld", rf_why_text(&why),
                 (long long)id);
    return err;
}

struct save {
    struct rf_job job;
    int64_t kept;
};

static void save_work(struct rf_job *job, void *store)
{
    const struct save *w = (const struct save *)job;
    struct rf_why why = {0};
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)w->kept);
    if (rf_store_setting_save(store, KEPT_KEY, rf_slice_str(text), &why) != RF_OK)
        rf_warn(RF_CAT_STORE, "not noted which records the centre has: %s", rf_why_text(&why));
}

static void save_done(struct rf_job *job, void *reader)
{
    rf_free((struct save *)job);
}

/* One that is not written makes a record go twice, and the centre takes it once. */
static void op_save(void *arg, int64_t kept)
{
    struct uplink *u = arg;
    struct save *w = rf_new(struct save);
    *w = (struct save){.job = {.work = save_work, .done = save_done}, .kept = kept};
    if (rf_worker_post(u->s->store_worker, &w->job) != RF_OK)
        rf_free(w);
}

static const struct rf_srst_forward_ops forward_ops = {
    .fetch = op_fetch, .send = op_send, .save = op_save};

static void on_kept(void *arg, int64_t id)
{
    struct uplink *u = arg;
    rf_srst_forward_kept(u->forward, id);
}

/* ---- another epoch ---- */

struct draw {
    struct rf_job job;
    struct server *s;
    char epoch[RF_BRANCH_EPOCH];
    enum rf_err err;
    struct rf_why why;
};

static enum rf_err draw_epoch(struct rf_store *store, char out[RF_BRANCH_EPOCH], struct rf_why *why)
{
    uint8_t drawn[EPOCH_BYTES];
    rf_random_bytes(drawn, sizeof drawn);
    rf_hex(rf_slice_of(drawn, sizeof drawn), out, RF_BRANCH_EPOCH);
    return rf_store_setting_save(store, RF_STORE_BRANCH_EPOCH, rf_slice_str(out), why);
}

static void draw_work(struct rf_job *job, void *store)
{
    struct draw *d = (struct draw *)job;
    d->err = draw_epoch(store, d->epoch, &d->why);
}

static void draw_done(struct rf_job *job, void *reader)
{
    struct draw *d = (struct draw *)job;
    struct uplink *u = d->s->uplink;
    if (reader != NULL && u != NULL) {
        u->is_drawing = false;
        if (d->err == RF_OK) {
            memcpy(u->epoch, d->epoch, sizeof u->epoch);
            if (u->link != NULL)
                rf_branch_router_epoch(u->link, u->epoch);
        } else {
            rf_warn(RF_CAT_STORE, "records are not counted anew yet: %s", rf_why_text(&d->why));
        }
    }
    rf_free(d);
}

/* The centre has other calls under numbers of ours: this machine was taken back to an earlier
 * state. What it marked as forwarded stays so; the rest goes by the next link. When it fails, that
 * link is refused as this one was, and it is tried again. */
static void count_anew(struct uplink *u, const struct rf_why *why)
{
    if (u->is_drawing)
        return;
    rf_warn(RF_CAT_MAIN, "calls are counted anew for the centre: %s code=%s", why->text, why->code);
    event_of_branch(u->s, RF_STORE_WARN, why->code,
                    "calls are counted anew for the centre, and follow: %s", why->text);
    struct draw *d = rf_new(struct draw);
    *d = (struct draw){
        .job = {.work = draw_work, .done = draw_done, .answer_to = rf_loop_mailbox(u->s->loop)},
        .s = u->s};
    u->is_drawing = rf_worker_post(u->s->store_worker, &d->job) == RF_OK;
    if (!u->is_drawing)
        rf_free(d);
}

/* ---- up, down, release ---- */

static void on_up(void *arg)
{
    struct uplink *u = arg;
    u->has_said_down = false;
    event_of_branch(u->s, RF_STORE_INFO, "centre-up", "the centre %s answers",
                    u->s->site->conf->centre);
    rf_srst_forward_up(u->forward);
}

/* Said once, not at each try. */
static void on_down(void *arg, bool was_up, const struct rf_why *why)
{
    struct uplink *u = arg;
    if (was_up)
        rf_srst_forward_down(u->forward);
    if (strcmp(why->code, RF_BRANCH_OTHER_EPOCH) == 0) {
        count_anew(u, why); /* the centre is there */
        return;
    }
    if (u->has_said_down)
        return;
    u->has_said_down = true;
    rf_warn(RF_CAT_MAIN, "the centre %s does not answer: %s code=%s", u->s->site->conf->centre,
            why->text, why->code);
    event_of_branch(u->s, RF_STORE_WARN, "centre-down", "the centre %s does not answer: %s",
                    u->s->site->conf->centre, why->text);
}

static void on_release(void *arg)
{
    router_release(((struct uplink *)arg)->s);
}

static const struct rf_branch_router_ops link_ops = {.list = on_list,
                                                     .snapshot = on_snapshot,
                                                     .kept = on_kept,
                                                     .release = on_release,
                                                     .up = on_up,
                                                     .down = on_down};

/* ---- begin and end ---- */

static enum rf_err load_list(struct uplink *u, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(u->s->site, RF_SITE_CTL);
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    if (!rf_file_exists(path))
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-list",
                          "this router does not know its centre: `ringfence srst trust` with the "
                          "centre's CTLFile.tlv");
    enum rf_err err = rf_file_read(path, RF_TRUSTLIST_BYTES_MAX, &bytes, why);
    return err == RF_OK ? rf_lists_load(&u->lists, RF_LIST_CTL, rf_buf_slice(&bytes), why) : err;
}

static enum rf_err open_link(struct uplink *u, struct rf_why *why)
{
    struct server *s = u->s;
    const struct rf_site_conf *site = s->site->conf;
    RF_AUTO(rf_freep) char *cert = rf_site_path(s->site, RF_SITE_CERT_CCM);
    RF_AUTO(rf_freep) char *key = rf_site_path(s->site, RF_SITE_KEY_CCM);
    char host[RF_SITE_CENTRE_HOST];
    uint16_t port = 0;
    (void)rf_site_centre(site, host, &port); /* whoever asks has looked: there is one */
    struct rf_branch_router_conf conf = {.loop = s->loop,
                                         .host = host,
                                         .port = port,
                                         .cert_path = cert,
                                         .key_path = key,
                                         .keylog_path =
                                             site->keylog[0] != '\0' ? site->keylog : NULL,
                                         .lists = &u->lists,
                                         .name = site->name,
                                         .version = RF_VERSION,
                                         .epoch = u->epoch,
                                         .serial = router_snapshot(s)->serial,
                                         .ops = &link_ops,
                                         .arg = u};
    return rf_branch_router_new(&conf, &u->link, why);
}

static void renew(struct server *s)
{
    struct uplink *u = s->uplink;
    struct rf_why why = {0};
    if (u == NULL)
        return;
    rf_branch_router_free(u->link);
    u->link = NULL;
    rf_srst_forward_down(u->forward);
    rf_lists_fini(&u->lists);
    u->lists = (struct rf_lists){NULL};
    u->has_said_down = false;
    if (s->site->conf->centre[0] == '\0')
        rf_warn(RF_CAT_MAIN,
                "this router has no centre: set the option centre to ADDRESS:PORT of its "
                "branch listener");
    else if (load_list(u, &why) != RF_OK || open_link(u, &why) != RF_OK)
        rf_error(RF_CAT_MAIN, "no link to the centre: %s code=%s", why.text, why.code);
}

void uplink_reload(struct server *s, const struct rf_site_conf *conf)
{
    (void)conf;
    if (s->uplink != NULL)
        renew(s);
    else
        uplink_begin(s);
}

struct begin {
    struct rf_job job;
    struct server *s;
    char epoch[RF_BRANCH_EPOCH];
    int64_t kept;
    enum rf_err err;
    struct rf_why why;
};

/* Drawn once: the ids of this database's records count from there. */
static enum rf_err load_epoch(struct rf_store *store, char out[RF_BRANCH_EPOCH], struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf value = RF_BUF(RF_BRANCH_EPOCH);
    enum rf_err err = rf_store_setting_load(store, RF_STORE_BRANCH_EPOCH, &value, why);
    if (err == RF_OK && rf_slice_to_str(rf_buf_slice(&value), out, RF_BRANCH_EPOCH) &&
        rf_branch_epoch_ok(out))
        return RF_OK;
    if (err != RF_OK && err != RF_ERR_NOT_FOUND)
        return err;
    *why = (struct rf_why){0};
    return draw_epoch(store, out, why);
}

static enum rf_err load_kept(struct rf_store *store, int64_t *out, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf value = RF_BUF(24);
    uint64_t n = 0;
    enum rf_err err = rf_store_setting_load(store, KEPT_KEY, &value, why);
    if (err == RF_OK && rf_parse_u64(rf_buf_slice(&value), 0, INT64_MAX, &n))
        *out = (int64_t)n;
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

static void begin_work(struct rf_job *job, void *store)
{
    struct begin *w = (struct begin *)job;
    w->err = load_epoch(store, w->epoch, &w->why);
    if (w->err == RF_OK)
        w->err = load_kept(store, &w->kept, &w->why);
}

static void begin_done(struct rf_job *job, void *reader)
{
    struct begin *w = (struct begin *)job;
    struct server *s = w->s;
    if (reader != NULL && w->err == RF_OK && s->uplink == NULL) {
        struct uplink *u = s->uplink = rf_new(struct uplink);
        u->s = s;
        memcpy(u->epoch, w->epoch, sizeof u->epoch);
        u->forward = rf_srst_forward_new(&forward_ops, u, w->kept);
        renew(s);
        look_start(u);
    } else if (w->err != RF_OK) {
        rf_error(RF_CAT_MAIN, "no link to the centre (`ringfence reload` tries again): %s code=%s",
                 w->why.text, w->why.code);
    }
    rf_free(w);
}

void uplink_begin(struct server *s)
{
    struct begin *w = rf_new(struct begin);
    *w = (struct begin){
        .job = {.work = begin_work, .done = begin_done, .answer_to = rf_loop_mailbox(s->loop)},
        .s = s};
    if (rf_worker_post(s->store_worker, &w->job) == RF_OK)
        return;
    w->err = rf_why_set(&w->why, RF_ERR_AGAIN, "store-busy", "the database has too much to do");
    begin_done(&w->job, NULL);
}

void uplink_end(struct server *s)
{
    struct uplink *u = s->uplink;
    if (u == NULL)
        return;
    rf_timer_stop(rf_loop_timers(s->loop), &u->look);
    rf_branch_router_free(u->link);
    rf_srst_forward_free(u->forward);
    rf_lists_fini(&u->lists);
    rf_free(u);
    s->uplink = NULL;
}
