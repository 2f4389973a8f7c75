/* SPDX-License-Identifier: Apache-2.0 */
#include "service/sccp/sccp_link.h"

#include "base/faults.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "trust/cert.h"

#include <string.h>

#define RETRY_MS  20
#define FRAME_MAX (RF_SCCP_LENGTH_MAX + 8)
/* So many are handed over, then call control has RETRY_MS to say that they were too many. Else one
 * read would bring it thousands before its message rate has a word. */
#define FRAMES_AT_ONCE 100
/* Call control hears of a link with the first message on it, or after so long. Whoever comes and
 * goes without a word (a look whether somebody is there, a storm of handshakes) never wakes it. */
#define QUIET_MS 100

/* A worker's links of which call control does not know yet. Only that worker looks. */
struct quiet {
    struct rf_sccp_links *links;
    struct rf_loop *loop;
    rf_handle *handles; /* some are gone, or told of, meanwhile */
    size_t n;
    size_t cap;
    struct rf_log_limit strangers;
};

struct rf_sccp_links {
    struct rf_workers *workers;
    struct rf_mailbox *calls;
    struct rf_sccp_service *svc; /* call-control thread */
    struct quiet *quiet[RF_WORKERS_MAX];
};

struct rf_sccp_links *rf_sccp_links_new(struct rf_workers *workers, struct rf_mailbox *calls)
{
    struct rf_sccp_links *links = rf_new(struct rf_sccp_links);
    links->workers = workers;
    links->calls = calls;
    return links;
}

void rf_sccp_links_free(struct rf_sccp_links *links)
{
    for (size_t i = 0; links != NULL && i < RF_WORKERS_MAX; i++)
        if (links->quiet[i] != NULL) {
            rf_free(links->quiet[i]->handles);
            rf_free(links->quiet[i]);
        }
    rf_free(links);
}

void rf_sccp_links_serve(struct rf_sccp_links *links, struct rf_sccp_service *svc)
{
    links->svc = svc;
}

static rf_sccp_link_ref ref_of(const struct rf_link *link)
{
    struct rf_link_ref r = rf_link_ref(link);
    return (rf_sccp_link_ref)r.worker << 32 | r.handle;
}

static struct rf_link_ref link_of(rf_sccp_link_ref ref)
{
    return (struct rf_link_ref){.worker = (uint32_t)(ref >> 32), .handle = (rf_handle)ref};
}

/* ---- I/O worker to call control ---- */

struct opened_msg {
    struct rf_msg msg;
    struct rf_sccp_links *links;
    rf_sccp_link_ref ref;
    char host[RF_ADDRESS_TEXT_MAX];
    char tls_version[16];
    char suite[48];
    struct rf_sccp_peer peer; /* its texts are the ones above */
};

static void run_opened(struct rf_msg *msg, void *reader)
{
    struct opened_msg *m = (struct opened_msg *)msg;
    if (reader != NULL)
        rf_sccp_link_opened(m->links->svc, m->ref, &m->peer);
    if (m->peer.cert != NULL)
        rf_cert_unref(m->peer.cert);
    rf_free(m);
}

static struct opened_msg *opened_new(struct rf_sccp_links *links, const struct rf_link *link,
                                     const struct rf_peer *peer)
{
    struct opened_msg *m = rf_new(struct opened_msg);
    m->msg.run = run_opened;
    m->links = links;
    m->ref = ref_of(link);
    memcpy(m->host, peer->host, sizeof m->host);
    memcpy(m->tls_version, peer->tls_version, sizeof m->tls_version);
    memcpy(m->suite, peer->suite, sizeof m->suite);
    m->peer = (struct rf_sccp_peer){.address = m->host,
                                    .port = rf_address_port(&peer->address),
                                    .has_tls = peer->has_tls,
                                    .is_encrypted = peer->is_encrypted,
                                    .is_resumed = peer->is_resumed,
                                    .is_legacy = peer->is_legacy,
                                    .is_old_version = peer->is_old_version,
                                    .tls_version = m->tls_version,
                                    .suite = m->suite};
    /* a count, not a change: certificates are shared by threads */
    if (peer->cert != NULL)
        m->peer.cert = rf_cert_ref((struct rf_cert *)(uintptr_t)peer->cert);
    return m;
}

struct frame_msg {
    struct rf_msg msg;
    struct rf_sccp_links *links;
    rf_sccp_link_ref ref;
    enum rf_err err;
    struct rf_why why;
    struct rf_sccp_frame frame;
    struct rf_sccp_msg decoded; /* its texts are views into `bytes` */
    uint8_t bytes[];
};

static void run_frame(struct rf_msg *msg, void *reader)
{
    struct frame_msg *m = (struct frame_msg *)msg;
    if (reader != NULL && m->err == RF_OK)
        rf_sccp_link_message(m->links->svc, m->ref, &m->frame, &m->decoded);
    else if (reader != NULL)
        rf_sccp_link_bad(m->links->svc, m->ref, &m->frame, m->err, &m->why);
    rf_free(m);
}

static struct frame_msg *frame_new(struct rf_sccp_links *links, const struct rf_link *link,
                                   struct rf_slice bytes)
{
    struct frame_msg *m = rf_try_alloc(sizeof *m + bytes.len, sizeof *m + FRAME_MAX);
    if (m == NULL)
        return NULL;
    m->msg.run = run_frame;
    m->links = links;
    m->ref = ref_of(link);
    memcpy(m->bytes, bytes.p, bytes.len);
    size_t used;
    enum rf_err err =
        rf_sccp_frame_next(rf_slice_of(m->bytes, bytes.len), &m->frame, &used, &m->why);
    rf_bug_on(err != RF_OK); /* the same bytes were a frame a moment ago */
    m->err = rf_sccp_decode(&m->frame, &m->decoded, &m->why);
    return m;
}

struct closed_msg {
    struct rf_msg msg;
    struct rf_sccp_links *links;
    rf_sccp_link_ref ref; /* 0: it was never open */
    char host[RF_ADDRESS_TEXT_MAX];
    struct rf_why why;
};

static void run_closed(struct rf_msg *msg, void *reader)
{
    struct closed_msg *m = (struct closed_msg *)msg;
    if (reader != NULL && m->ref != 0)
        rf_sccp_link_closed(m->links->svc, m->ref, m->why.code);
    else if (reader != NULL)
        rf_sccp_link_refused(m->links->svc, m->host, &m->why);
    rf_free(m);
}

/* ---- on the worker: the link's callbacks ---- */

/* What we know about a link, kept in its owner pointer, so that nothing is left to free when a loop
 * ends with links open. */
enum {
    IS_OPEN = 1,    /* call control knows it */
    IS_PAUSED = 2,  /* over its message rate */
    IS_BLOCKED = 4, /* call control's mailbox was full, or has had many */
    IS_QUIET = 8,   /* open, and call control does not know it yet */
};

static uintptr_t flags_of(const struct rf_link *link)
{
    return (uintptr_t)rf_link_owner(link);
}

static void flags_set(struct rf_link *link, uintptr_t flags)
{
    rf_link_set_owner(link, (void *)flags);
}

static void go_on(struct rf_link *link, uintptr_t without)
{
    uintptr_t flags = flags_of(link) & ~without;
    flags_set(link, flags);
    if ((flags & (IS_PAUSED | IS_BLOCKED)) == 0)
        rf_link_resume(link);
}

static void unblock(void *owner, uint64_t handle)
{
    struct rf_link *link = rf_link_find(owner, (rf_handle)handle);
    if (link != NULL)
        go_on(link, IS_BLOCKED);
}

static void block(struct rf_link *link)
{
    struct rf_loop *loop = rf_link_loop(link);
    flags_set(link, flags_of(link) | IS_BLOCKED);
    rf_link_pause(link);
    rf_timer_start(rf_loop_timers(loop), RETRY_MS, unblock, loop, rf_link_ref(link).handle);
}

/** Call control learns that the link is there; false when it has no room for it. It is woken by
 * what follows. */
static bool tell_opened(struct rf_link *link)
{
    struct rf_sccp_links *links = rf_link_arg(link);
    struct opened_msg *m = opened_new(links, link, rf_link_peer(link));
    uintptr_t others = flags_of(link) & ~(uintptr_t)IS_QUIET;
    if (rf_mailbox_post_asleep(links->calls, &m->msg) == RF_OK) {
        flags_set(link, others | IS_OPEN);
        return true;
    }
    run_opened(&m->msg, NULL);
    flags_set(link, others);
    struct rf_why why = {0};
    rf_why_set(&why, RF_ERR_AGAIN, "busy", "call control has no room for another link");
    rf_link_abort(link, &why);
    return false;
}

static void quiet_over(void *owner, uint64_t number)
{
    struct quiet *q = owner;
    for (size_t i = 0; i < q->n; i++) {
        struct rf_link *link = rf_link_find(q->loop, q->handles[i]);
        if (link != NULL && (flags_of(link) & IS_QUIET) != 0)
            (void)tell_opened(link);
    }
    q->n = 0;
    rf_mailbox_wake(q->links->calls);
}

static struct quiet *quiet_of(struct rf_sccp_links *links, const struct rf_link *link)
{
    struct quiet **q = &links->quiet[rf_link_ref(link).worker];
    if (*q == NULL) {
        *q = rf_new(struct quiet);
        (*q)->links = links;
        (*q)->loop = rf_link_loop(link);
    }
    return *q;
}

static void quiet_add(struct quiet *q, rf_handle handle)
{
    if (q->n == q->cap) {
        size_t cap = q->cap > 0 ? q->cap * 2 : 64;
        rf_handle *more = rf_new_n(rf_handle, cap);
        for (size_t i = 0; i < q->n; i++)
            more[i] = q->handles[i];
        rf_free(q->handles);
        q->handles = more;
        q->cap = cap;
    }
    if (q->n == 0)
        rf_timer_start(rf_loop_timers(q->loop), QUIET_MS, quiet_over, q, 0);
    q->handles[q->n++] = handle;
}

static void on_open(struct rf_link *link, const struct rf_peer *peer)
{
    flags_set(link, IS_QUIET);
    quiet_add(quiet_of(rf_link_arg(link), link), rf_link_ref(link).handle);
}

static size_t on_data(struct rf_link *link, struct rf_slice data)
{
    struct rf_sccp_links *links = rf_link_arg(link);
    struct rf_sccp_frame frame;
    struct rf_why why = {0};
    size_t used = 0;
    unsigned frames = 0;
    enum rf_err err = RF_OK;
    if ((flags_of(link) & IS_QUIET) != 0 && !tell_opened(link))
        return 0;
    while ((flags_of(link) & IS_BLOCKED) == 0) {
        size_t n = 0;
        err = rf_sccp_frame_next(rf_slice_part(data, used, SIZE_MAX), &frame, &n, &why);
        if (err != RF_OK)
            break;
        struct frame_msg *m = frame_new(links, link, rf_slice_part(data, used, n));
        if (m == NULL || rf_mailbox_post(links->calls, &m->msg) != RF_OK) {
            if (m != NULL)
                run_frame(&m->msg, NULL);
            block(link);
            break;
        }
        used += n;
        if (++frames >= FRAMES_AT_ONCE && !rf_fault_skips("sccp.frames-at-once"))
            block(link);
    }
    if (err != RF_OK && err != RF_ERR_AGAIN) { /* the stream cannot be read on */
        rf_link_abort(link, &why);
    }
    return used;
}

/* A line for who left without a word, as long as this worker has few such. */
static void log_quiet(const struct rf_link *link, const struct rf_why *why)
{
    struct quiet *q = quiet_of(rf_link_arg(link), link);
    const struct rf_peer *peer = rf_link_peer(link);
    uint64_t now = rf_now_ms(rf_loop_clock(q->loop));
    if (rf_fault_skips("sccp.strangers-logged") ||
        rf_log_allows(&q->strangers, RF_SCCP_STRANGERS_A_MINUTE, now))
        rf_info(RF_CAT_SCCP, "link closed before a word from=%s tls=%s suite=%s cert=%s code=%s",
                peer->host, peer->has_tls ? peer->tls_version : "none",
                peer->has_tls ? peer->suite : "none",
                peer->cert != NULL ? rf_cert_short(peer->cert) : "none", why->code);
}

static void on_close(struct rf_link *link, const struct rf_why *why)
{
    struct rf_sccp_links *links = rf_link_arg(link);
    uintptr_t flags = flags_of(link);
    if ((flags & IS_QUIET) != 0) {
        log_quiet(link, why);
        return;
    }
    struct closed_msg *m = rf_new(struct closed_msg);
    m->msg.run = run_closed;
    m->links = links;
    m->ref = (flags & IS_OPEN) != 0 ? ref_of(link) : 0;
    memcpy(m->host, rf_link_peer(link)->host, sizeof m->host);
    m->why = *why;
    rf_mailbox_post_answer_asleep(links->calls, &m->msg); /* one a link at most */
    rf_loop_wake_later(rf_link_loop(link), links->calls);
}

const struct rf_link_calls *rf_sccp_link_calls(void)
{
    static const struct rf_link_calls calls = {
        .on_open = on_open, .on_data = on_data, .on_close = on_close};
    return &calls;
}

/* ---- call control to I/O worker ---- */

struct send_msg {
    struct rf_msg msg;
    rf_handle link;
    bool has_key;
    size_t len;
    uint8_t bytes[];
};

static void run_send(struct rf_msg *msg, void *reader)
{
    struct send_msg *m = (struct send_msg *)msg;
    struct rf_link *link = reader != NULL ? rf_link_find(reader, m->link) : NULL;
    if (link != NULL && rf_link_write(link, rf_slice_of(m->bytes, m->len)) == RF_ERR_LIMIT) {
        struct rf_why why = {0};
        rf_why_set(&why, RF_ERR_LIMIT, "output-full", "the phone does not read what it is sent");
        rf_link_abort(link, &why);
    }
    if (m->has_key)
        rf_wipe(m->bytes, m->len);
    rf_free(m);
}

void rf_sccp_links_send(struct rf_sccp_links *links, rf_sccp_link_ref ref, struct rf_slice bytes,
                        bool has_key)
{
    struct rf_link_ref to = link_of(ref);
    struct send_msg *m = rf_new_bytes(sizeof *m + bytes.len);
    m->msg.run = run_send;
    m->link = to.handle;
    m->has_key = has_key;
    m->len = bytes.len;
    memcpy(m->bytes, bytes.p, bytes.len);
    if (rf_workers_post(links->workers, to.worker, &m->msg) == RF_OK)
        return;
    run_send(&m->msg, NULL);
    rf_sccp_links_close(links, ref, "its worker is behind");
}

void rf_sccp_links_close(struct rf_sccp_links *links, rf_sccp_link_ref ref, const char *reason)
{
    struct rf_why why = {0};
    rf_why_set(&why, RF_ERR_DENIED, "closed-here", "%s", reason);
    rf_workers_close(links->workers, link_of(ref), &why);
}

struct pause_msg {
    struct rf_msg msg;
    rf_handle link;
    bool is_paused;
};

static void run_pause(struct rf_msg *msg, void *reader)
{
    struct pause_msg *m = (struct pause_msg *)msg;
    struct rf_link *link = reader != NULL ? rf_link_find(reader, m->link) : NULL;
    if (link != NULL && m->is_paused) {
        flags_set(link, flags_of(link) | IS_PAUSED);
        rf_link_pause(link);
    } else if (link != NULL) {
        go_on(link, IS_PAUSED);
    }
    rf_free(m);
}

void rf_sccp_links_pause(struct rf_sccp_links *links, rf_sccp_link_ref ref, bool is_paused)
{
    struct rf_link_ref to = link_of(ref);
    struct pause_msg *m = rf_new(struct pause_msg);
    m->msg.run = run_pause;
    m->link = to.handle;
    m->is_paused = is_paused;
    if (rf_workers_post(links->workers, to.worker, &m->msg) == RF_OK)
        return;
    run_pause(&m->msg, NULL);
    rf_sccp_links_close(links, ref, "its worker is behind");
}
