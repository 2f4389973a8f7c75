/* SPDX-License-Identifier: Apache-2.0 */
#include "service/srst/branch_centre.h"

#include "base/faults.h"
#include "base/log.h"
#include "base/text.h"
#include "store/store_call_json.h"

#include <stdio.h>
#include <string.h>

/* Of one router: a whole frame and the beginning of the next. */
#define INPUT_MAX (2 * RF_BRANCH_SMALL_MAX)
/* A list, a snapshot, and small frames beside them. */
#define OUTPUT_MAX (RF_BRANCH_FRAME_MAX + (size_t)256 * 1024)
/* Records that the database has not answered; a router has half as many under way. */
#define UNANSWERED_MAX 64u
#define LINKS_MAX      512u
#define TOLD_A_MINUTE  10u

struct peer {
    struct peer *next;
    struct rf_branch_centre *centre;
    struct rf_link *link;
    char name[RF_SRST_NAME]; /* empty: no hello yet, or its name is another's now */
    char origin[RF_STORE_ORIGIN];
    uint32_t unanswered;
    bool is_paused;
    bool is_over;       /* refused or replaced: it is only closed any more */
    struct rf_buf list; /* frames that wait for room */
    struct rf_buf snapshot;
};

struct rf_branch_centre {
    struct rf_branch_centre_conf conf;
    char *cert_path;
    char *key_path;
    char *keylog_path;
    struct rf_tls *tls;
    struct rf_listener *listener;
    struct peer *peers;
    struct rf_log_limit told;
};

/* ---- who may come ---- */

static bool is_accepted(const struct rf_branch_centre *c, const struct rf_cert *cert,
                        const char *name)
{
    return c->conf.ops->is_accepted(c->conf.arg, cert, name);
}

/* The exact certificate: neither its issuer nor its dates are asked. */
static enum rf_err may_come(void *arg, const struct rf_tls_presented *shown,
                            enum rf_tls_alert *alert, struct rf_why *why)
{
    const struct rf_branch_centre *c = arg;
    if (is_accepted(c, shown->leaf, NULL) || rf_fault_skips("srst.branch-certificate"))
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "branch-certificate",
                      "%s (%s) is not the certificate accepted for any router: `ringfence srst` "
                      "shows which are",
                      rf_cert_subject(shown->leaf), rf_cert_short(shown->leaf));
}

static enum rf_err check_name(const struct rf_branch_centre *c, const struct peer *p,
                              const char *name, struct rf_why *why)
{
    if (is_accepted(c, rf_link_peer(p->link)->cert, name) || rf_fault_skips("srst.branch-name"))
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "branch-name",
                      "the router says it is %s, and another certificate is accepted for that",
                      name);
}

static void tell_refused(struct rf_branch_centre *c, const struct rf_link *link,
                         const struct rf_why *why)
{
    const struct rf_peer *who = rf_link_peer(link);
    if (!rf_log_allows(&c->told, TOLD_A_MINUTE, rf_now_ms(rf_loop_clock(c->conf.loop))))
        return;
    rf_warn(RF_CAT_NET, "router refused: %s from=%s", rf_why_text(why), who->host);
    if (c->conf.ops->refused != NULL)
        c->conf.ops->refused(c->conf.arg, who->host, who->cert, why);
}

/* ---- sending ---- */

static enum rf_err send_frame(struct peer *p, enum rf_branch_type type, struct rf_slice body,
                              struct rf_why *why)
{
    uint8_t head[RF_BRANCH_HEAD_BYTES];
    RF_AUTO(rf_buf_fini) struct rf_buf frame = RF_BUF(RF_BRANCH_SMALL_MAX);
    enum rf_err err = rf_branch_head(type, body.len, head, why);
    if (err == RF_OK)
        err = rf_buf_add(&frame, head, sizeof head);
    if (err == RF_OK)
        err = rf_buf_add_slice(&frame, body);
    if (err == RF_OK)
        err = rf_link_write(p->link, rf_buf_slice(&frame));
    return err == RF_OK ? err
                        : rf_why_set(why, err, "branch-unread", "it does not read what it is sent");
}

static struct peer *peer_of(const struct rf_branch_centre *c, const char *name)
{
    for (struct peer *p = c->peers; p != NULL; p = p->next)
        if (!p->is_over && p->name[0] != '\0' && strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

static void refuse(struct peer *p, const struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf body = RF_BUF(rf_branch_body_max(RF_BRANCH_REFUSED));
    struct rf_why unsent = {0};
    p->is_over = true;
    if (rf_branch_refused_write(why, &body) == RF_OK &&
        send_frame(p, RF_BRANCH_REFUSED, rf_buf_slice(&body), &unsent) != RF_OK)
        rf_debug(RF_CAT_NET, "a refusal was not sent: %s", rf_why_text(&unsent));
    rf_link_close_why(p->link, why);
}

/* One big frame after another, so that no more than one waits in the link. */
static void flush(struct peer *p)
{
    struct rf_buf *const waiting[] = {&p->list, &p->snapshot};
    for (size_t i = 0; i < 2 && !p->is_over; i++) {
        if (waiting[i]->len == 0)
            continue;
        if (rf_link_pending(p->link) == 0 &&
            rf_link_write(p->link, rf_buf_slice(waiting[i])) == RF_OK) {
            rf_buf_fini(waiting[i]);
            continue;
        }
        rf_link_ask_drained(p->link);
        return;
    }
}

static enum rf_err away(const char *name, struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_NOT_FOUND, "branch-away", "the router %s is not connected", name);
}

static enum rf_err put(struct rf_buf *to, enum rf_branch_type type, struct rf_slice bytes,
                       struct rf_why *why)
{
    uint8_t head[RF_BRANCH_HEAD_BYTES];
    enum rf_err err = rf_branch_head(type, bytes.len, head, why);
    if (err != RF_OK)
        return err;
    rf_buf_fini(to); /* what waits and is older is not wanted any more */
    to->max = RF_BRANCH_FRAME_MAX;
    err = rf_buf_add(to, head, sizeof head);
    if (err == RF_OK)
        err = rf_buf_add_slice(to, bytes);
    if (err == RF_OK)
        return err;
    rf_buf_fini(to);
    return rf_why_set(why, err, "no-memory", "no memory for a %s", rf_branch_type_name(type));
}

enum rf_err rf_branch_centre_send_list(struct rf_branch_centre *c, const char *name,
                                       struct rf_slice bytes, struct rf_why *why)
{
    struct peer *p = peer_of(c, name);
    if (p == NULL)
        return away(name, why);
    enum rf_err err = put(&p->list, RF_BRANCH_LIST, bytes, why);
    flush(p);
    return err;
}

enum rf_err rf_branch_centre_send_snapshot(struct rf_branch_centre *c, const char *name,
                                           struct rf_slice bytes, struct rf_why *why)
{
    struct peer *p = peer_of(c, name);
    if (p == NULL)
        return away(name, why);
    enum rf_err err = put(&p->snapshot, RF_BRANCH_SNAPSHOT, bytes, why);
    flush(p);
    return err;
}

enum rf_err rf_branch_centre_release(struct rf_branch_centre *c, const char *name,
                                     struct rf_why *why)
{
    struct peer *p = peer_of(c, name);
    return p != NULL ? send_frame(p, RF_BRANCH_RELEASE, rf_slice_str("{}"), why) : away(name, why);
}

/* ---- records ---- */

static void keep(struct peer *p, int64_t id)
{
    RF_AUTO(rf_buf_fini) struct rf_buf body = RF_BUF(rf_branch_body_max(RF_BRANCH_KEPT));
    struct rf_why why = {0};
    if (rf_branch_kept_write(id, &body) == RF_OK &&
        send_frame(p, RF_BRANCH_KEPT, rf_buf_slice(&body), &why) != RF_OK)
        refuse(p, &why);
}

void rf_branch_centre_kept(struct rf_branch_centre *c, const char *origin, int64_t id)
{
    for (struct peer *p = c->peers; p != NULL; p = p->next) {
        if (p->is_over || p->name[0] == '\0' || strcmp(p->origin, origin) != 0)
            continue;
        keep(p, id);
        if (p->unanswered > 0)
            p->unanswered--;
        if (p->is_paused && p->unanswered < UNANSWERED_MAX / 2) {
            p->is_paused = false;
            rf_link_resume(p->link);
        }
        return;
    }
}

static struct peer *peer_of_origin(const struct rf_branch_centre *c, const char *origin)
{
    struct peer *p = c->peers;
    while (p != NULL && (p->is_over || strcmp(p->origin, origin) != 0))
        p = p->next;
    return p;
}

bool rf_branch_centre_other_call(struct rf_branch_centre *c, const char *origin,
                                 const struct rf_why *why)
{
    struct rf_why other = {0};
    struct peer *p = peer_of_origin(c, origin);
    if (p == NULL)
        return false;
    rf_why_set(&other, RF_ERR_DENIED, RF_BRANCH_OTHER_EPOCH, "%s", why->text);
    refuse(p, &other);
    return true;
}

void rf_branch_centre_not_kept(struct rf_branch_centre *c, const char *origin,
                               const struct rf_why *why)
{
    struct rf_why busy = {0};
    struct peer *p = peer_of_origin(c, origin);
    if (p == NULL)
        return; /* it has gone by itself */
    rf_warn(RF_CAT_NET, "record of a branch not kept yet: %s branch=%s", rf_why_text(why), p->name);
    rf_why_set(&busy, RF_ERR_AGAIN, "branch-busy", "a record could not be kept now: %s", why->text);
    refuse(p, &busy);
}

/* What cannot be read now cannot be read when it comes again: it is told and answered. */
static enum rf_err take_record(struct peer *p, struct rf_slice body, struct rf_why *why)
{
    struct rf_branch_centre *c = p->centre;
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    struct rf_store_call record;
    struct rf_why told = {0};
    int64_t id;
    if (rf_json_parse(body, &j, &told) != RF_OK ||
        rf_json_need_int(j, "id", 1, INT64_MAX, &id, &told) != RF_OK)
        return rf_why_set(why, RF_ERR_BAD, "branch-frame", "record: %s", told.text);
    if (rf_store_call_from_json(j, &record, &told) != RF_OK) {
        rf_error(RF_CAT_NET, "record of a call lost: %s branch=%s id=%lld", rf_why_text(&told),
                 p->name, (long long)id);
        keep(p, id);
        return RF_OK;
    }
    p->unanswered++;
    c->conf.ops->record(c->conf.arg, p->name, p->origin, id, &record);
    return RF_OK;
}

/* ---- frames ---- */

static void replace(struct rf_branch_centre *c, const char *name)
{
    struct peer *older = peer_of(c, name);
    struct rf_why why = {0};
    if (older == NULL)
        return;
    (void)rf_why_set(&why, RF_ERR_EXISTS, "branch-replaced", "%s has come again by another link",
                     name);
    older->name[0] = '\0';
    refuse(older, &why);
}

static enum rf_err take_hello(struct peer *p, struct rf_slice body, struct rf_why *why)
{
    struct rf_branch_centre *c = p->centre;
    struct rf_branch_hello hello;
    enum rf_err err = rf_branch_hello_read(body, &hello, why);
    if (err == RF_OK)
        err = check_name(c, p, hello.name, why);
    if (err != RF_OK)
        return err;
    replace(c, hello.name);
    snprintf(p->name, sizeof p->name, "%s", hello.name);
    snprintf(p->origin, sizeof p->origin, "%s:%s", hello.name, hello.epoch);
    rf_info(RF_CAT_NET, "router connected branch=%s version=%s from=%s", p->name, hello.version,
            rf_link_peer(p->link)->host);
    c->conf.ops->hello(c->conf.arg, &hello, rf_link_peer(p->link)->host);
    return RF_OK;
}

static enum rf_err take_state(struct peer *p, struct rf_slice body, struct rf_why *why)
{
    struct rf_branch_centre *c = p->centre;
    struct rf_branch_state state;
    enum rf_err err = rf_branch_state_read(body, &state, why);
    if (err != RF_OK)
        return err;
    c->conf.ops->state(c->conf.arg, p->name, &state);
    return p->is_over ? RF_OK : send_frame(p, RF_BRANCH_ALIVE, rf_slice_of(NULL, 0), why);
}

static enum rf_err take_frame(void *arg, const struct rf_branch_frame *frame, struct rf_why *why)
{
    struct peer *p = arg;
    bool is_hello = frame->type == RF_BRANCH_HELLO;
    if (is_hello != (p->name[0] == '\0'))
        return rf_why_set(why, RF_ERR_BAD, "branch-frame", "%s %s hello",
                          rf_branch_type_name(frame->type), is_hello ? "is a second" : "before");
    if (is_hello)
        return take_hello(p, frame->body, why);
    return frame->type == RF_BRANCH_STATE ? take_state(p, frame->body, why)
                                          : take_record(p, frame->body, why);
}

/* ---- links ---- */

static void on_open(struct rf_link *link, const struct rf_peer *who)
{
    struct rf_branch_centre *c = rf_link_arg(link);
    struct peer *p = rf_new(struct peer);
    *p = (struct peer){.centre = c, .link = link, .next = c->peers};
    c->peers = p;
    rf_link_set_owner(link, p);
    rf_debug(RF_CAT_NET, "router's link up from=%s", who->host);
}

static bool is_full(struct peer *p)
{
    if (p->unanswered < UNANSWERED_MAX)
        return false;
    p->is_paused = true;
    rf_link_pause(p->link);
    return true;
}

static bool goes_on(void *arg)
{
    struct peer *p = arg;
    return !p->is_over && !is_full(p);
}

static void refuse_frame(void *arg, const struct rf_why *why)
{
    refuse(arg, why);
}

static const struct rf_branch_taker taker = {
    .from = RF_BRANCH_FROM_ROUTER, .goes_on = goes_on, .take = take_frame, .refuse = refuse_frame};

static size_t on_data(struct rf_link *link, struct rf_slice data)
{
    struct peer *p = rf_link_owner(link);
    size_t used = rf_branch_each(data, &taker, p);
    return p->is_over ? data.len : used;
}

static void on_drained(struct rf_link *link)
{
    flush(rf_link_owner(link));
}

static void peer_free(struct peer *p)
{
    struct peer **at = &p->centre->peers;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    rf_buf_fini(&p->list);
    rf_buf_fini(&p->snapshot);
    rf_free(p);
}

/* The reason in our words: that a link was idle says nothing to an operator. */
static struct rf_why reason(const struct rf_why *why)
{
    struct rf_why own = *why;
    if (strcmp(why->code, "idle-timeout") == 0)
        (void)rf_why_replace(&own, RF_ERR_AGAIN, "branch-silent", "nothing was heard for %u s",
                             RF_BRANCH_SILENT_MS / 1000u);
    return own;
}

static bool is_refusal(const char *code)
{
    return (rf_slice_starts_with(rf_slice_str(code), "branch-") &&
            strcmp(code, "branch-replaced") != 0) ||
           strcmp(code, "tls-no-certificate") == 0;
}

static void on_close(struct rf_link *link, const struct rf_why *told)
{
    struct rf_branch_centre *c = rf_link_arg(link);
    struct peer *p = rf_link_owner(link);
    struct rf_why why = reason(told);
    char name[RF_SRST_NAME] = "";
    if (p != NULL) {
        snprintf(name, sizeof name, "%s", p->name);
        peer_free(p);
    }
    if (name[0] == '\0') {
        if (is_refusal(why.code))
            tell_refused(c, link, &why);
        return;
    }
    rf_info(RF_CAT_NET, "router gone: %s branch=%s", rf_why_text(&why), name);
    c->conf.ops->gone(c->conf.arg, name, &why);
}

static const struct rf_link_calls calls = {
    .on_open = on_open, .on_data = on_data, .on_drained = on_drained, .on_close = on_close};

void rf_branch_centre_review(struct rf_branch_centre *c)
{
    struct rf_why why = {0};
    (void)rf_why_set(&why, RF_ERR_DENIED, "branch-certificate",
                     "its certificate is not accepted any more");
    for (struct peer *p = c->peers; p != NULL; p = p->next)
        if (!p->is_over &&
            !is_accepted(c, rf_link_peer(p->link)->cert, p->name[0] != '\0' ? p->name : NULL))
            refuse(p, &why);
}

bool rf_branch_centre_has(const struct rf_branch_centre *c, const char *name)
{
    return peer_of(c, name) != NULL;
}

size_t rf_branch_centre_n(const struct rf_branch_centre *c)
{
    size_t n = 0;
    for (const struct peer *p = c->peers; p != NULL; p = p->next)
        n += !p->is_over && p->name[0] != '\0';
    return n;
}

/* ---- life ---- */

enum rf_err rf_branch_centre_make_tls(const struct rf_branch_centre *c, struct rf_tls **out,
                                      struct rf_why *why)
{
    const struct rf_tls_conf conf = {.name = "branch",
                                     .profile = RF_TLS_MODERN,
                                     .cert_path = c->cert_path,
                                     .key_path = c->key_path,
                                     .ask = RF_TLS_REQUIRE,
                                     .verify = may_come,
                                     .verify_arg = (void *)(uintptr_t)c,
                                     .keylog_path = c->keylog_path};
    return rf_tls_server_new(&conf, out, why);
}

void rf_branch_centre_use_tls(struct rf_branch_centre *c, struct rf_tls *take_tls)
{
    rf_listener_set_tls(c->listener, take_tls);
    rf_tls_free(c->tls);
    c->tls = take_tls;
}

static enum rf_err open_listener(struct rf_branch_centre *c, struct rf_why *why)
{
    const struct rf_listener_conf conf = {
        .name = "branch",
        .address = c->conf.address,
        .port = c->conf.port,
        .link = {.calls = &calls,
                 .arg = c,
                 .tls = c->tls,
                 .input_max = INPUT_MAX,
                 .output_max = OUTPUT_MAX,
                 .handshake_ms = c->conf.handshake_ms,
                 .idle_ms = RF_BRANCH_SILENT_MS},
        .links_max = LINKS_MAX,
        .failures_a_minute = c->conf.failures_a_minute,
        .on_alarm = c->conf.on_alarm,
        .alarm_arg = c->conf.arg,
    };
    return rf_listener_open(c->conf.loop, &conf, &c->listener, why);
}

enum rf_err rf_branch_centre_new(const struct rf_branch_centre_conf *conf,
                                 struct rf_branch_centre **out, struct rf_why *why)
{
    struct rf_branch_centre *c = rf_new(struct rf_branch_centre);
    c->conf = *conf;
    c->cert_path = rf_strdup(conf->cert_path);
    c->key_path = rf_strdup(conf->key_path);
    c->keylog_path = rf_strdup(conf->keylog_path);
    enum rf_err err = rf_branch_centre_make_tls(c, &c->tls, why);
    if (err == RF_OK)
        err = open_listener(c, why);
    c->conf.address = NULL; /* not kept */
    if (err != RF_OK)
        rf_branch_centre_free(rf_steal(&c));
    *out = c;
    return err;
}

void rf_branch_centre_free(struct rf_branch_centre *c)
{
    if (c == NULL)
        return;
    rf_listener_close(c->listener);
    while (c->peers != NULL) {
        rf_link_forget(c->peers->link);
        peer_free(c->peers);
    }
    rf_tls_free(c->tls);
    rf_free(c->cert_path);
    rf_free(c->key_path);
    rf_free(c->keylog_path);
    rf_free(c);
}

uint16_t rf_branch_centre_port(const struct rf_branch_centre *c)
{
    return rf_listener_port(c->listener);
}

const struct rf_listener *rf_branch_centre_listener(const struct rf_branch_centre *c)
{
    return c->listener;
}
