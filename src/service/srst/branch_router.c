/* SPDX-License-Identifier: Apache-2.0 */
#include "service/srst/branch_router.h"

#include "base/faults.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

#define SILENT_MS  35000u
#define INPUT_MAX  (RF_BRANCH_FRAME_MAX + (size_t)64 * 1024)
#define OUTPUT_MAX ((size_t)512 * 1024)

struct rf_branch_router {
    struct rf_branch_router_conf conf;
    char *host;
    struct rf_branch_hello hello;
    struct rf_branch_state state;
    struct rf_tls *tls;
    struct rf_link *link; /* NULL: none */
    bool is_up;
    bool is_over;     /* refused: it is only closed any more */
    uint64_t wait_ms; /* before the next try */
    rf_timer_id retry;
    rf_timer_id tell; /* of the next state */
    uint64_t told_ms; /* the last one was sent */
};

static struct rf_timers *timers(const struct rf_branch_router *r)
{
    return rf_loop_timers(r->conf.loop);
}

static uint64_t now_ms(const struct rf_branch_router *r)
{
    return rf_now_ms(rf_loop_clock(r->conf.loop));
}

/* V7 of a phone: the exact certificate, in the list, as a call manager. */
static enum rf_err is_centre(void *arg, const struct rf_tls_presented *shown,
                             enum rf_tls_alert *alert, struct rf_why *why)
{
    const struct rf_branch_router *r = arg;
    struct rf_why told = {0};
    enum rf_err err =
        rf_lists_find_server(r->conf.lists, shown->leaf, RF_TRUSTLIST_ROLE_CCM, &told);
    if (err == RF_OK || rf_fault_skips("srst.branch-server"))
        return RF_OK;
    return rf_why_set(why, err, told.code, "%s", told.text);
}

/* ---- sending ---- */

static enum rf_err send_frame(struct rf_branch_router *r, enum rf_branch_type type,
                              struct rf_slice body, struct rf_why *why)
{
    uint8_t head[RF_BRANCH_HEAD_BYTES];
    RF_AUTO(rf_buf_fini) struct rf_buf frame = RF_BUF(RF_BRANCH_SMALL_MAX);
    enum rf_err err = rf_branch_head(type, body.len, head, why);
    if (err == RF_OK)
        err = rf_buf_add(&frame, head, sizeof head);
    if (err == RF_OK)
        err = rf_buf_add_slice(&frame, body);
    if (err != RF_OK)
        return err;
    if (rf_link_write(r->link, rf_buf_slice(&frame)) == RF_OK)
        return RF_OK;
    return rf_why_set(why, RF_ERR_AGAIN, "branch-unread",
                      "the centre does not read what it is sent");
}

static void end(struct rf_branch_router *r, const struct rf_why *why)
{
    r->is_over = true;
    rf_link_close_why(r->link, why);
}

static void tell(void *owner, uint64_t number);

static void tell_in(struct rf_branch_router *r, uint64_t ms)
{
    rf_timer_stop(timers(r), &r->tell);
    r->tell = rf_timer_start(timers(r), ms, tell, r, 0);
}

static bool has_link(const struct rf_branch_router *r)
{
    return r->link != NULL && rf_link_is_open(r->link) && !r->is_over;
}

static void tell(void *owner, uint64_t number)
{
    struct rf_branch_router *r = owner;
    RF_AUTO(rf_buf_fini) struct rf_buf body = RF_BUF(rf_branch_body_max(RF_BRANCH_STATE));
    struct rf_why why = {0};
    r->tell = 0;
    if (!has_link(r))
        return;
    enum rf_err err = rf_branch_state_write(&r->state, &body);
    rf_bug_on(err != RF_OK); /* five numbers */
    if (send_frame(r, RF_BRANCH_STATE, rf_buf_slice(&body), &why) != RF_OK) {
        end(r, &why);
        return;
    }
    r->told_ms = now_ms(r);
    tell_in(r, RF_BRANCH_STATE_MS);
}

static bool is_same(const struct rf_branch_state *a, const struct rf_branch_state *b)
{
    return a->serial == b->serial && a->phones == b->phones &&
           a->secure_phones == b->secure_phones && a->calls == b->calls && a->since_s == b->since_s;
}

void rf_branch_router_state(struct rf_branch_router *r, const struct rf_branch_state *state)
{
    bool is_old = is_same(&r->state, state);
    uint64_t ago_ms = now_ms(r) - r->told_ms;
    r->state = *state;
    r->hello.serial = state->serial;
    if (is_old || !has_link(r))
        return;
    tell_in(r, ago_ms >= RF_BRANCH_STATE_MIN_MS ? 0 : RF_BRANCH_STATE_MIN_MS - ago_ms);
}

void rf_branch_router_epoch(struct rf_branch_router *r, const char *epoch)
{
    rf_bug_on(!rf_branch_epoch_ok(epoch));
    snprintf(r->hello.epoch, sizeof r->hello.epoch, "%s", epoch);
}

enum rf_err rf_branch_router_record(struct rf_branch_router *r, struct rf_slice json,
                                    struct rf_why *why)
{
    if (!rf_branch_router_is_up(r))
        return rf_why_set(why, RF_ERR_AGAIN, "branch-away", "the centre is not connected");
    return send_frame(r, RF_BRANCH_RECORD, json, why);
}

/* ---- frames ---- */

static enum rf_err take_kept(struct rf_branch_router *r, struct rf_slice body, struct rf_why *why)
{
    int64_t id;
    enum rf_err err = rf_branch_kept_read(body, &id, why);
    if (err == RF_OK)
        r->conf.ops->kept(r->conf.arg, id);
    return err;
}

static enum rf_err take_refused(struct rf_slice body, struct rf_why *why)
{
    struct rf_why refused;
    enum rf_err err = rf_branch_refused_read(body, &refused, why);
    if (err != RF_OK)
        return err;
    *why = refused;
    return RF_ERR_DENIED;
}

/* The centre knows us by now. */
static void be_up(struct rf_branch_router *r)
{
    if (r->is_up)
        return;
    r->is_up = true;
    r->wait_ms = RF_BRANCH_RETRY_MS;
    r->conf.ops->up(r->conf.arg);
}

static enum rf_err take_frame(void *arg, const struct rf_branch_frame *frame, struct rf_why *why)
{
    struct rf_branch_router *r = arg;
    if (frame->type == RF_BRANCH_REFUSED)
        return take_refused(frame->body, why);
    be_up(r);
    if (frame->type == RF_BRANCH_LIST)
        r->conf.ops->list(r->conf.arg, frame->body);
    else if (frame->type == RF_BRANCH_SNAPSHOT)
        r->conf.ops->snapshot(r->conf.arg, frame->body);
    else if (frame->type == RF_BRANCH_RELEASE)
        r->conf.ops->release(r->conf.arg);
    else if (frame->type == RF_BRANCH_KEPT)
        return take_kept(r, frame->body, why);
    return RF_OK;
}

/* ---- links ---- */

static void on_open(struct rf_link *link, const struct rf_peer *who)
{
    struct rf_branch_router *r = rf_link_arg(link);
    RF_AUTO(rf_buf_fini) struct rf_buf body = RF_BUF(rf_branch_body_max(RF_BRANCH_HELLO));
    struct rf_why why = {0};
    enum rf_err err = rf_branch_hello_write(&r->hello, &body);
    rf_bug_on(err != RF_OK); /* checked when it was made */
    if (send_frame(r, RF_BRANCH_HELLO, rf_buf_slice(&body), &why) != RF_OK)
        end(r, &why);
    else
        tell(r, 0);
}

static bool goes_on(void *arg)
{
    return !((const struct rf_branch_router *)arg)->is_over;
}

static void refuse_frame(void *arg, const struct rf_why *why)
{
    end(arg, why);
}

static const struct rf_branch_taker taker = {
    .from = RF_BRANCH_FROM_CENTRE, .goes_on = goes_on, .take = take_frame, .refuse = refuse_frame};

static size_t on_data(struct rf_link *link, struct rf_slice data)
{
    struct rf_branch_router *r = rf_link_arg(link);
    size_t used = rf_branch_each(data, &taker, r);
    return r->is_over ? data.len : used;
}

static void connect_now(void *owner, uint64_t number);

static void lost(struct rf_branch_router *r, const struct rf_why *why)
{
    bool was_up = r->is_up;
    uint64_t wait_ms = r->wait_ms;
    r->link = NULL;
    r->is_up = false;
    rf_timer_stop(timers(r), &r->tell);
    r->wait_ms = wait_ms * 2 < RF_BRANCH_RETRY_MAX_MS ? wait_ms * 2 : RF_BRANCH_RETRY_MAX_MS;
    r->retry = rf_timer_start(timers(r), wait_ms, connect_now, r, 0);
    r->conf.ops->down(r->conf.arg, was_up, why);
}

static void on_close(struct rf_link *link, const struct rf_why *told)
{
    struct rf_branch_router *r = rf_link_arg(link);
    struct rf_why why = *told;
    if (strcmp(why.code, "idle-timeout") == 0)
        (void)rf_why_replace(&why, RF_ERR_AGAIN, "branch-silent",
                             "nothing was heard of the centre for %u s", SILENT_MS / 1000u);
    if (strcmp(why.code, "tls-alert-bad-certificate") == 0)
        (void)rf_why_replace(
            &why, RF_ERR_DENIED, "tls-alert-bad-certificate",
            "the centre does not accept this router's certificate: `ringfence srst "
            "add` there");
    lost(r, &why);
}

static const struct rf_link_calls calls = {
    .on_open = on_open, .on_data = on_data, .on_close = on_close};

static void connect_now(void *owner, uint64_t number)
{
    struct rf_branch_router *r = owner;
    const struct rf_link_conf conf = {.calls = &calls,
                                      .arg = r,
                                      .tls = r->tls,
                                      .input_max = INPUT_MAX,
                                      .output_max = OUTPUT_MAX,
                                      .idle_ms = SILENT_MS};
    struct rf_why why = {0};
    r->retry = 0;
    r->is_over = false;
    if (rf_link_connect(r->conf.loop, &conf, r->host, r->conf.port, &r->link, &why) != RF_OK)
        lost(r, &why);
}

/* ---- life ---- */

static enum rf_err make_hello(const struct rf_branch_router_conf *conf, struct rf_branch_hello *out,
                              struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(rf_branch_body_max(RF_BRANCH_HELLO));
    struct rf_branch_hello hello = {.serial = conf->serial};
    snprintf(hello.name, sizeof hello.name, "%s", conf->name);
    snprintf(hello.version, sizeof hello.version, "%s", conf->version);
    snprintf(hello.epoch, sizeof hello.epoch, "%s", conf->epoch);
    enum rf_err err = rf_branch_hello_write(&hello, &text);
    return err == RF_OK ? rf_branch_hello_read(rf_buf_slice(&text), out, why) : err;
}

enum rf_err rf_branch_router_new(const struct rf_branch_router_conf *conf,
                                 struct rf_branch_router **out, struct rf_why *why)
{
    struct rf_address address;
    struct rf_branch_router *r = rf_new(struct rf_branch_router);
    const struct rf_tls_conf tls = {.name = "branch-router",
                                    .profile = RF_TLS_MODERN,
                                    .cert_path = conf->cert_path,
                                    .key_path = conf->key_path,
                                    .verify = is_centre,
                                    .verify_arg = r,
                                    .keylog_path = conf->keylog_path};
    r->conf = *conf;
    r->host = rf_strdup(conf->host);
    r->wait_ms = RF_BRANCH_RETRY_MS;
    r->state.serial = conf->serial;
    enum rf_err err = rf_address_parse(conf->host, conf->port, &address, why);
    if (err == RF_OK)
        err = make_hello(conf, &r->hello, why);
    if (err == RF_OK)
        err = rf_tls_client_new(&tls, &r->tls, why);
    if (err == RF_OK)
        r->retry = rf_timer_start(timers(r), 0, connect_now, r, 0);
    else
        rf_branch_router_free(rf_steal(&r));
    *out = r;
    return err;
}

void rf_branch_router_free(struct rf_branch_router *r)
{
    if (r == NULL)
        return;
    rf_timer_stop(timers(r), &r->retry);
    rf_timer_stop(timers(r), &r->tell);
    rf_link_forget(r->link);
    rf_tls_free(r->tls);
    rf_free(r->host);
    rf_free(r);
}

bool rf_branch_router_is_up(const struct rf_branch_router *r)
{
    return r->is_up && has_link(r);
}
