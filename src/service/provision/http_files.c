/* SPDX-License-Identifier: Apache-2.0 */
/* A connection reads a head, asks the catalogue, sends, waits until all has arrived, and ends or
 * reads the next. */
#include "service/provision/http_files.h"

#include "base/faults.h"
#include "base/metrics.h"
#include "base/text.h"
#include "service/provision/provision_int.h"
#include "trust/name.h"
#include "wire/httpmsg/httpmsg.h"

#include <stdio.h>
#include <string.h>

#define NAME_SHOWN_MAX 160
#define CHUNK          ((size_t)64 * 1024)
#define OUTPUT_MAX     ((size_t)128 * 1024)
#define SWEEP_MS       1000
/* Whether the other end has it all is asked so soon, then twice as late each time. */
#define ASK_FIRST_MS 2
#define ASK_LAST_MS  256

enum step {
    READING, /* a head */
    LOOKING, /* the catalogue does */
    SENDING,
    ARRIVING, /* all is sent */
};

struct rf_http_files {
    struct rf_http_files_conf conf;
    struct rf_listener *listener;
    struct rf_handles *connections;
    rf_timer_id sweep; /* runs while there are connections */
    struct rf_log_limit unproven_log;
};

struct connection {
    struct rf_http_files *s;
    rf_handle handle;
    struct rf_link *link;
    enum step step;
    uint64_t due_ms; /* UINT64_MAX: no deadline, the catalogue has it */
    bool is_trusted; /* its certificate's path counts */
    char subject[NAME_SHOWN_MAX];
    /* of the request */
    bool is_head;
    bool is_kept;
    unsigned status;
    char name[NAME_SHOWN_MAX]; /* escaped */
    char device[RF_STORE_DEVICE_NAME];
    bool is_proven; /* the certificate is that of `device` */
    uint64_t began_ms;
    struct rf_content *content;
    size_t sent;      /* handed to the link */
    uint64_t arrived; /* of these, acknowledged when last looked */
    rf_timer_id ask;
    uint32_t ask_ms;
    struct rf_why why; /* why not 200 */
};

static uint64_t now_of(const struct rf_http_files *s)
{
    return rf_now_ms(rf_loop_clock(s->conf.loop));
}

static enum rf_provision_via via_of(const struct rf_http_files *s)
{
    return s->conf.tls != NULL ? RF_PROVISION_HTTPS : RF_PROVISION_HTTP;
}

static struct rf_timers *timers_of(const struct rf_http_files *s)
{
    return rf_loop_timers(s->conf.loop);
}

/* ---- telling ---- */

/* What of the content has arrived: the rest waits here or in the kernel. With TLS the kernel's
 * bytes are those of records, a little more. Nothing can be asked of a connection that is gone. */
static void look_what_arrived(struct connection *c)
{
    size_t waiting = rf_link_pending(c->link) + rf_link_unacked(c->link);
    c->arrived = c->sent > waiting ? c->sent - waiting : 0;
}

static void report(struct connection *c, const struct rf_why *why)
{
    struct rf_http_files *s = c->s;
    const struct rf_peer *peer = rf_link_peer(c->link);
    bool is_complete = why == NULL;
    struct rf_provision_report r = {
        .via = via_of(s),
        .name = c->name,
        .peer = peer->host,
        .port = rf_address_port(&peer->address),
        .device = c->device,
        .is_complete = is_complete,
        .code = is_complete ? "" : why->code,
        .text = is_complete ? "" : why->text,
        .bytes = is_complete ? c->sent : c->arrived,
        .duration_ms = now_of(s) - c->began_ms,
        .tls = peer->has_tls ? peer->tls_version : NULL,
        .cipher = peer->has_tls ? peer->suite : NULL,
        .subject = c->subject[0] != '\0' ? c->subject : NULL,
        .content = c->content,
    };
    if (!is_complete)
        rf_count(HTTP_REFUSED);
    rf_metric_add(RF_METRIC_HTTP_BYTES, r.bytes);
    rf_provision_tell(s->conf.provision, &r);
    if (s->conf.on_report != NULL)
        s->conf.on_report(s->conf.report_arg, &r);
}

/* ---- the end of a request, and of a connection ---- */

static void request_clear(struct connection *c)
{
    rf_timer_stop(timers_of(c->s), &c->ask);
    rf_content_unref(c->content);
    c->content = NULL;
    c->sent = 0;
    c->arrived = 0;
    c->name[0] = c->device[0] = '\0';
    c->is_proven = false;
    c->why = (struct rf_why){0};
}

static void connection_free(struct connection *c)
{
    request_clear(c);
    rf_handle_remove(c->s->connections, c->handle);
    rf_free(c);
}

static void next_or_close(struct connection *c)
{
    bool is_kept = c->is_kept;
    bool ends = c->status == 200; /* by the client's wish, who has it all and sends no more */
    request_clear(c);
    c->step = READING;
    c->due_ms = now_of(c->s) + RF_HTTP_FILES_IDLE_MS;
    if (is_kept)
        rf_link_resume(c->link);
    else if (ends && !rf_link_peer(c->link)->has_tls && rf_link_unread(c->link) == 0)
        rf_link_abort(c->link, NULL); /* nothing can be lost, nothing has to be waited for */
    else
        rf_link_close(c->link);
}

/* All of the answer has arrived. A HEAD has told something and delivered nothing. */
static void finished(struct connection *c)
{
    if (c->status != 200)
        report(c, &c->why);
    else if (!c->is_head)
        report(c, NULL);
    next_or_close(c);
}

static void ask_later(void *owner, uint64_t number);

static void arriving(struct connection *c)
{
    struct rf_http_files *s = c->s;
    if (rf_link_unacked(c->link) == 0) {
        finished(c);
        return;
    }
    look_what_arrived(c);
    c->ask = rf_timer_start(timers_of(s), c->ask_ms, ask_later, s, c->handle);
    if (c->ask_ms < ASK_LAST_MS)
        c->ask_ms *= 2;
}

static void ask_later(void *owner, uint64_t number)
{
    struct rf_http_files *s = owner;
    struct connection *c = rf_handle_find(s->connections, (rf_handle)number);
    if (c == NULL)
        return;
    c->ask = 0;
    arriving(c);
}

/* ---- sending ---- */

static void send_more(struct connection *c)
{
    struct rf_slice bytes =
        c->content != NULL && !c->is_head ? rf_content_bytes(c->content) : rf_slice_of(NULL, 0);
    while (c->sent < bytes.len) {
        struct rf_slice chunk = rf_slice_part(bytes, c->sent, CHUNK);
        if (rf_link_write(c->link, chunk) != RF_OK)
            return; /* on_drained, or on_close, will come */
        c->sent += chunk.len;
    }
    c->step = ARRIVING;
    c->ask_ms = ASK_FIRST_MS;
    rf_link_ask_drained(c->link);
}

static void answer(struct connection *c, unsigned status, struct rf_content *content)
{
    struct rf_http_files *s = c->s;
    uint8_t buf[512];
    char line[64];
    struct rf_slice head;
    int line_len = snprintf(line, sizeof line, "%s\n", rf_httpmsg_reason(status));
    struct rf_slice body = rf_slice_of(line, (size_t)line_len);
    struct rf_httpmsg_reply reply = {
        .status = status,
        .type = content != NULL ? rf_httpmsg_type_of(rf_slice_str(rf_content_name(content)))
                                : "text/plain",
        .length = content != NULL ? rf_content_bytes(content).len : body.len,
        .date_s = rf_wall_s(rf_loop_clock(s->conf.loop)),
        .is_kept = c->is_kept,
        .says_allow = status == 405,
        .retry_after_s = status == 503 ? RF_HTTP_FILES_RETRY_S : 0};
    enum rf_err err = rf_httpmsg_reply_encode(&reply, buf, sizeof buf, &head);
    rf_bug_on(err != RF_OK);
    c->status = status;
    c->content = content != NULL ? rf_content_ref(content) : NULL;
    c->step = SENDING;
    c->due_ms = now_of(s) + RF_HTTP_FILES_STALL_MS;
    /* Its output is empty: there is room. It may have ended in this turn, and on_close comes. */
    if (rf_link_write(c->link, head) == RF_OK && content == NULL && !c->is_head)
        (void)!rf_link_write(c->link, body);
    send_more(c);
}

static void refuse(struct connection *c, unsigned status, const struct rf_why *why)
{
    c->why = *why;
    /* What follows a request that was not understood is not understood either. */
    if (status != 404)
        c->is_kept = false;
    answer(c, status, NULL);
}

/* ---- the catalogue's answer ---- */

static void got_it(void *arg, uint64_t number, enum rf_err err, struct rf_content *content,
                   const struct rf_why *why)
{
    struct rf_http_files *s = arg;
    struct connection *c = rf_handle_find(s->connections, (rf_handle)number);
    if (c == NULL)
        return; /* it left */
    if (err == RF_OK) {
        answer(c, 200, content);
        return;
    }
    if (err != RF_ERR_NOT_FOUND && err != RF_ERR_AGAIN)
        rf_error(RF_CAT_PROVISION, "no file for a phone: %s name=%s", rf_why_text(why), c->name);
    refuse(c, err == RF_ERR_NOT_FOUND ? 404 : err == RF_ERR_AGAIN ? 503 : 500, why);
}

/* ---- requests ---- */

/* Is the certificate of this connection that of the device that a file is for? Never the other way
 * round: no name is taken from a certificate. doc: docs/security-rules.md, "Device name" */
static bool is_of_device(const struct connection *c, const char *device)
{
    const struct rf_peer *peer = rf_link_peer(c->link);
    if (!c->is_trusted || peer->cert == NULL || device[0] == '\0' ||
        rf_blocklist_check(c->s->conf.blocked, peer->cert, NULL) != RF_OK ||
        rf_revocation_check(c->s->conf.revocation, peer->cert, NULL) != RF_OK)
        return false;
    return rf_fault_skips("https.device-name") ||
           rf_name_matches_device(peer->cert, rf_slice_str(device), NULL, NULL, NULL) == RF_OK;
}

static void look_up(struct connection *c, struct rf_slice name)
{
    struct rf_http_files *s = c->s;
    struct rf_provision_ask ask = {
        .name = name, .via = via_of(s), .from = rf_link_peer(c->link)->address};
    struct provision_name parsed;
    struct rf_why why = {0};
    if (provision_name_parse(name, &parsed, NULL) == RF_OK)
        snprintf(c->device, sizeof c->device, "%s", parsed.device);
    c->is_proven = is_of_device(c, c->device);
    ask.needs_proof = s->conf.wants_proof;
    if (c->is_proven) {
        struct rf_rd rd = rf_rd_of(rf_cert_sha256(rf_link_peer(c->link)->cert));
        rf_bug_on(!rf_rd_copy(&rd, ask.cert_sha256, sizeof ask.cert_sha256));
        ask.must_be_known = s->conf.listed != NULL &&
                            rf_anchors_issued(s->conf.listed, rf_link_peer(c->link)->cert);
        snprintf(ask.device, sizeof ask.device, "%s", c->device);
    }
    c->step = LOOKING;
    c->due_ms = UINT64_MAX;
    if (rf_provision_get(s->conf.provision, &ask, got_it, s, c->handle) == RF_OK)
        return;
    (void)rf_why_set(&why, RF_ERR_AGAIN, "busy", "too many requests under way");
    refuse(c, 503, &why);
}

static unsigned status_of(enum rf_err err)
{
    return err == RF_ERR_UNKNOWN ? 505 : err == RF_ERR_LIMIT ? 431 : 400;
}

static void request(struct connection *c, struct rf_slice head)
{
    struct rf_httpmsg_request r;
    struct rf_why why = {0};
    char name[RF_PROVISION_NAME_MAX + 16];
    struct rf_slice asked = rf_slice_of(NULL, 0);
    c->is_kept = false;
    c->is_head = false;
    enum rf_err err = rf_httpmsg_request_decode(head, &r, &why);
    if (err == RF_OK) {
        c->is_head = r.method == RF_HTTPMSG_HEAD;
        c->is_kept = r.fields.wants_kept && !r.fields.wants_close;
        rf_escape(r.target, c->name, sizeof c->name);
        if (!rf_fault_skips("http.method") && r.method == RF_HTTPMSG_OTHER)
            err =
                rf_why_set(&why, RF_ERR_DENIED, "http-method", "files are got here, nothing else");
    }
    if (err == RF_ERR_DENIED) {
        refuse(c, 405, &why);
        return;
    }
    if (err == RF_OK && (r.fields.has_coding || r.fields.length > 0)) {
        (void)rf_why_set(&why, RF_ERR_LIMIT, "http-body", "a request with a body");
        refuse(c, 413, &why);
        return;
    }
    if (err == RF_OK) {
        err = rf_httpmsg_target_decode(r.target, name, sizeof name, &asked, &why);
        /* A name that long is no file's. */
        if (err == RF_ERR_LIMIT) {
            refuse(c, 404, &why);
            return;
        }
    }
    if (err != RF_OK) {
        refuse(c, status_of(err), &why);
        return;
    }
    rf_escape(asked, c->name, sizeof c->name);
    look_up(c, asked);
}

/* May this address ask at all? One that may not is not answered. */
static bool is_admitted(struct connection *c)
{
    struct rf_why why = {0};
    enum rf_err err =
        rf_provision_admit(c->s->conf.provision, &rf_link_peer(c->link)->address, &why);
    if (err == RF_OK)
        return true;
    if (err == RF_ERR_AGAIN) {
        c->is_head = c->is_kept = false;
        refuse(c, 503, &why);
        return false;
    }
    report(c, &why);
    rf_link_abort(c->link, &why);
    return false;
}

/* ---- the link ---- */

static void sweep(void *owner, uint64_t number);

static void keep_sweeping(struct rf_http_files *s)
{
    if (s->sweep == 0 && rf_handles_n(s->connections) > 0)
        s->sweep = rf_timer_start(timers_of(s), SWEEP_MS, sweep, s, 0);
}

static void judge(struct connection *c, const struct rf_peer *peer)
{
    struct rf_http_files *s = c->s;
    struct rf_why why = {0};
    if (peer->cert == NULL)
        return;
    rf_escape(rf_slice_str(rf_cert_subject(peer->cert)), c->subject, sizeof c->subject);
    c->is_trusted =
        rf_fault_skips("https.client-path") ||
        (s->conf.trusts != NULL && s->conf.trusts(s->conf.trusts_arg, peer, &why) == RF_OK);
    if (c->is_trusted)
        return;
    rf_count(HTTPS_UNPROVEN);
    if (rf_log_allows(&s->unproven_log, 10, now_of(s)))
        rf_warn(RF_CAT_PROVISION,
                "a client's certificate proves nothing here, it is served like one without: %s "
                "peer=%s cert=%s",
                rf_why_text(&why), peer->host, c->subject);
}

static void on_open(struct rf_link *link, const struct rf_peer *peer)
{
    struct rf_http_files *s = rf_link_arg(link);
    struct connection *c = rf_new(struct connection);
    c->s = s;
    c->link = link;
    c->handle = rf_handle_add(s->connections, c);
    rf_bug_on(c->handle == 0); /* the listener has the same limit */
    c->due_ms = now_of(s) + (peer->has_tls ? RF_HTTP_FILES_HEAD_TLS_MS : RF_HTTP_FILES_HEAD_MS);
    rf_link_set_owner(link, c);
    judge(c, peer);
    keep_sweeping(s);
}

static size_t on_data(struct rf_link *link, struct rf_slice data)
{
    struct connection *c = rf_link_owner(link);
    if (c->step != READING)
        return 0;
    size_t n = rf_httpmsg_head_len(data);
    if (n == 0 && data.len < RF_HTTPMSG_HEAD_MAX)
        return 0;
    rf_link_pause(link);
    rf_count(HTTP_REQUESTS);
    c->began_ms = now_of(c->s);
    if (!is_admitted(c))
        return data.len;
    /* Without an end in sight it is too long, and said so. */
    request(c, n > 0 ? rf_slice_part(data, 0, n) : rf_slice_part(data, 0, SIZE_MAX));
    return n > 0 ? n : data.len;
}

static void on_drained(struct rf_link *link)
{
    struct connection *c = rf_link_owner(link);
    if (c->step == SENDING) {
        c->due_ms = now_of(c->s) + RF_HTTP_FILES_STALL_MS;
        look_what_arrived(c);
        send_more(c);
    } else if (c->step == ARRIVING && c->ask == 0) {
        arriving(c);
    }
}

/* The next request, or the client's end, acknowledges the answer before. */
static void on_waiting(struct rf_link *link)
{
    struct connection *c = rf_link_owner(link);
    if (c->step == ARRIVING && rf_link_pending(link) == 0 && rf_link_unacked(link) == 0)
        finished(c);
}

static void on_close(struct rf_link *link, const struct rf_why *why)
{
    struct connection *c = rf_link_owner(link);
    if (c == NULL)
        return; /* the handshake failed */
    if (c->why.code[0] != '\0') {
        report(c, &c->why);
    } else if (c->step != READING) {
        struct rf_why gone = {0};
        bool is_stalled = strcmp(why->code, "http-stalled") == 0;
        (void)rf_why_set(&gone, RF_ERR_IO, is_stalled ? "http-stalled" : "http-gone",
                         is_stalled ? "%s" : "the client left before it had all: %s", why->text);
        report(c, &gone);
    }
    connection_free(c);
}

static void too_late(struct connection *c)
{
    struct rf_why why = {0};
    if (c->step == READING)
        (void)rf_why_set(&why, RF_ERR_AGAIN, "http-idle", "no request came in time");
    else
        (void)rf_why_set(&why, RF_ERR_AGAIN, "http-stalled", "nothing was taken for %u s",
                         RF_HTTP_FILES_STALL_MS / 1000);
    rf_link_abort(c->link, &why);
}

static void sweep(void *owner, uint64_t number)
{
    struct rf_http_files *s = owner;
    uint64_t now = now_of(s);
    uint32_t at = 0;
    struct connection *c;
    s->sweep = 0;
    while ((c = rf_handles_next(s->connections, &at)) != NULL)
        if (now >= c->due_ms && !rf_fault_skips("http.deadline"))
            too_late(c);
    keep_sweeping(s);
}

/* ---- the server ---- */

enum rf_err rf_http_files_open(const struct rf_http_files_conf *conf, struct rf_http_files **out,
                               struct rf_why *why)
{
    static const struct rf_link_calls calls = {.on_open = on_open,
                                               .on_data = on_data,
                                               .on_drained = on_drained,
                                               .on_waiting = on_waiting,
                                               .on_close = on_close};
    struct rf_http_files *s = rf_new(struct rf_http_files);
    s->conf = *conf;
    if (conf->connections_max == 0)
        s->conf.connections_max = RF_HTTP_FILES_CONNECTIONS;
    if (conf->connections_per_address == 0)
        s->conf.connections_per_address = RF_HTTP_FILES_PER_ADDRESS;
    /* Connections that are closing are no link of the listener any more, but still here. */
    s->connections = rf_handles_new(UINT16_MAX);
    struct rf_listener_conf listener = {.name = conf->tls != NULL ? "https" : "http",
                                        .address = conf->address,
                                        .port = conf->port,
                                        .link = {.calls = &calls,
                                                 .arg = s,
                                                 .tls = conf->tls,
                                                 .output_max = OUTPUT_MAX,
                                                 .handshake_ms = conf->handshake_ms,
                                                 .close_ms = RF_HTTP_FILES_STALL_MS},
                                        .links_max = s->conf.connections_max,
                                        .links_per_address = s->conf.connections_per_address,
                                        .failures_a_minute = conf->failures_a_minute,
                                        .on_alarm = conf->on_alarm,
                                        .alarm_arg = conf->report_arg};
    enum rf_err err = rf_listener_open(conf->loop, &listener, &s->listener, why);
    if (err != RF_OK) {
        rf_http_files_close(s);
        return err;
    }
    s->conf.address = NULL;
    *out = s;
    return RF_OK;
}

const struct rf_listener *rf_http_files_listener(const struct rf_http_files *s)
{
    return s->listener;
}

uint16_t rf_http_files_port(const struct rf_http_files *s)
{
    return rf_listener_port(s->listener);
}

void rf_http_files_set_tls(struct rf_http_files *s, struct rf_tls *tls)
{
    rf_listener_set_tls(s->listener, tls);
    s->conf.tls = tls;
}

uint32_t rf_http_files_connections(const struct rf_http_files *s)
{
    return rf_handles_n(s->connections);
}

void rf_http_files_set_wants_proof(struct rf_http_files *s, bool wants_proof)
{
    s->conf.wants_proof = wants_proof;
}

void rf_http_files_close(struct rf_http_files *s)
{
    if (s == NULL)
        return;
    rf_listener_close(s->listener);
    rf_provision_cancel(s->conf.provision, s);
    rf_timer_stop(timers_of(s), &s->sweep);
    uint32_t at = 0;
    struct connection *c;
    while ((c = rf_handles_next(s->connections, &at)) != NULL) {
        rf_link_forget(c->link);
        connection_free(c);
    }
    rf_handles_free(s->connections);
    rf_free(s);
}
