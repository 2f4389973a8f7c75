/* SPDX-License-Identifier: Apache-2.0 */
/* Requests on the server's port, a socket for each transfer. What a transfer sends when is
 * tftp_transfer.c's. */
#include "service/provision/tftp_server.h"

#include "base/faults.h"
#include "base/handle.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/text.h"
#include "net/udp.h"
#include "service/provision/provision_int.h"
#include "service/provision/tftp_index.h"
#include "service/provision/tftp_transfer.h"

#include <stdio.h>
#include <string.h>

#define NAME_SHOWN_MAX 160
/* Lines a minute about what strangers can cause at will. */
#define LOG_BURST 120

/* Requests that wait: all phones of a building that has its power back. The kernel counts some 800
 * bytes for each. */
#define REQUESTS_BYTES (4 << 20)

struct rf_tftp_server {
    struct rf_tftp_server_conf conf;
    char *address;
    struct rf_udp *udp; /* where answers come from is where was asked (rf_udp_asked) */
    struct rf_handles *transfers;
    struct tftp_index *index;
    struct rf_log_limit log;
    struct rf_log_limit drops;
};

struct transfer {
    struct tftp_place place; /* first; where its address is found, and the client's address */
    struct rf_tftp_server *s;
    rf_handle handle;
    struct rf_address asked_at;           /* the address of ours; len 0: not known */
    uint8_t request[RF_TFTP_REQUEST_MAX]; /* as it came, to know it again */
    size_t request_len;
    struct rf_tftp_options asked;
    char name[NAME_SHOWN_MAX]; /* escaped */
    char device[RF_STORE_DEVICE_NAME];
    uint64_t began_ms;
    struct rf_content *content; /* NULL: still being looked for */
    struct rf_udp *udp;
    rf_timer_id timer;
    uint64_t timer_at_ms;
    struct rf_tftp_transfer t;
};

static struct transfer *transfer_of(struct tftp_place *place)
{
    return (struct transfer *)place; /* its first member */
}

static uint64_t now_of(const struct rf_tftp_server *s)
{
    return rf_now_ms(rf_loop_clock(s->conf.loop));
}

/* ---- telling ---- */

static void report(struct rf_tftp_server *s, const struct rf_provision_report *r)
{
    if (!r->is_complete)
        rf_count(TFTP_REFUSED);
    rf_metric_add(RF_METRIC_TFTP_BYTES, r->bytes);
    rf_provision_tell(s->conf.provision, r);
    if (s->conf.on_report != NULL)
        s->conf.on_report(s->conf.report_arg, r);
}

static void tell_error(struct rf_tftp_server *s, const struct rf_address *from,
                       const struct rf_address *to, uint16_t code)
{
    uint8_t bytes[64];
    struct rf_slice whole;
    struct rf_tftp_packet p = {.op = RF_TFTP_ERROR,
                               .error_code = code,
                               .error_text = rf_slice_str(rf_tftp_error_name(code))};
    enum rf_err err = rf_tftp_encode(&p, bytes, sizeof bytes, &whole);
    rf_bug_on(err != RF_OK);
    /* If it is lost the client asks again. */
    err = rf_udp_send_from(s->udp, from, to, whole, NULL);
    (void)err;
}

/* A request that never became a transfer. */
static void refused(struct rf_tftp_server *s, const struct rf_address *from, struct rf_slice name,
                    const struct rf_why *why)
{
    char shown[NAME_SHOWN_MAX];
    char peer[RF_ADDRESS_TEXT_MAX];
    struct rf_provision_report r = {.name = rf_escape(name, shown, sizeof shown),
                                    .peer = rf_address_host(from, peer, sizeof peer),
                                    .port = rf_address_port(from),
                                    .device = "",
                                    .code = why->code,
                                    .text = why->text};
    report(s, &r);
}

/* Dropped without an answer. A flood of these is told about a few times a minute. */
static void dropped(struct rf_tftp_server *s, const struct rf_address *from, struct rf_slice name,
                    const char *code, const char *text)
{
    struct rf_why why = {0};
    (void)rf_why_set(&why, RF_ERR_AGAIN, code, "%s", text);
    if (rf_log_allows(&s->drops, 10, now_of(s)))
        refused(s, from, name, &why);
    else
        rf_count(TFTP_REFUSED);
}

/* ---- a transfer's end ---- */

static void transfer_free(struct transfer *t)
{
    rf_handle_remove(t->s->transfers, t->handle);
    tftp_index_remove(t->s->index, &t->place);
    rf_timer_stop(rf_loop_timers(t->s->conf.loop), &t->timer);
    rf_udp_close(t->udp);
    rf_content_unref(t->content);
    rf_free(t);
}

static void end(struct transfer *t, const struct rf_why *why)
{
    struct rf_tftp_server *s = t->s;
    char peer[RF_ADDRESS_TEXT_MAX];
    bool has_begun = t->content != NULL;
    struct rf_provision_report r = {
        .name = t->name,
        .peer = rf_address_host(&t->place.peer, peer, sizeof peer),
        .port = rf_address_port(&t->place.peer),
        .device = t->device,
        .content = t->content,
        .is_complete = has_begun && rf_tftp_transfer_is_complete(&t->t),
        .is_last_ack_missing = has_begun && rf_tftp_transfer_is_last_ack_missing(&t->t),
        .is_looked_at = has_begun && rf_tftp_transfer_is_looked_at(&t->t),
        .code = why->code,
        .text = why->text,
        .bytes = has_begun ? rf_tftp_transfer_bytes(&t->t) : 0,
        .duration_ms = now_of(s) - t->began_ms,
        .repeated = has_begun ? t->t.repeated : 0,
    };
    report(s, &r);
    transfer_free(t);
}

static void transfer_time(void *owner, uint64_t number);

/* After everything that may have moved it. */
static void settle(struct transfer *t)
{
    if (rf_tftp_transfer_is_over(&t->t)) {
        struct rf_why why = t->t.why;
        end(t, &why);
        return;
    }
    struct rf_tftp_server *s = t->s;
    struct rf_timers *timers = rf_loop_timers(s->conf.loop);
    uint64_t at = rf_tftp_transfer_deadline(&t->t);
    /* Each packet moves the deadline away. A timer that fires too early costs less than one set
     * anew for each. */
    if (t->timer != 0 && t->timer_at_ms <= at)
        return;
    uint64_t now = now_of(s);
    rf_timer_stop(timers, &t->timer);
    t->timer_at_ms = at;
    t->timer = rf_timer_start(timers, at > now ? at - now : 0, transfer_time, s, t->handle);
}

static void transfer_time(void *owner, uint64_t number)
{
    struct rf_tftp_server *s = owner;
    struct transfer *t = rf_handle_find(s->transfers, (rf_handle)number);
    if (t == NULL)
        return;
    t->timer = 0;
    rf_tftp_transfer_time(&t->t, now_of(s));
    settle(t);
}

/* ---- a transfer's socket ---- */

static void on_transfer_packet(struct rf_udp *udp, const struct rf_address *from,
                               struct rf_slice packet)
{
    struct transfer *t = rf_udp_owner(udp);
    rf_tftp_transfer_packet(&t->t, packet, now_of(t->s));
    settle(t);
}

static void on_transfer_error(struct rf_udp *udp, const struct rf_why *why)
{
    struct transfer *t = rf_udp_owner(udp);
    if (strcmp(why->code, "port-unreachable") != 0)
        return; /* as if a packet was lost */
    rf_tftp_transfer_unreachable(&t->t, now_of(t->s));
    settle(t);
}

static void send_packet(void *arg, struct rf_slice packet)
{
    struct transfer *t = arg;
    /* What the kernel has no room for is as if lost: the timer repeats it. */
    enum rf_err err = rf_udp_send(t->udp, NULL, packet, NULL);
    (void)err;
}

static bool send_segments(void *arg, struct rf_slice packets, size_t each)
{
    struct transfer *t = arg;
    return rf_udp_send_segments(t->udp, packets, each);
}

static enum rf_err open_socket(struct transfer *t, struct rf_why *why)
{
    struct rf_udp_conf conf = {.on_packet = on_transfer_packet,
                               .on_error = on_transfer_error,
                               .owner = t,
                               .address = t->s->address,
                               .from = t->asked_at.len > 0 ? &t->asked_at : NULL};
    enum rf_err err = rf_udp_open(t->s->conf.loop, &conf, &t->udp, why);
    /* Connected: nobody else is heard there. */
    return err == RF_OK ? rf_udp_connect(t->udp, &t->place.peer, why) : err;
}

static void start(struct transfer *t, struct rf_content *content)
{
    struct rf_tftp_server *s = t->s;
    struct rf_why why = {0};
    if (open_socket(t, &why) != RF_OK) {
        tell_error(s, &t->asked_at, &t->place.peer, RF_TFTP_ERR_OTHER);
        end(t, &why);
        return;
    }
    t->content = rf_content_ref(content);
    struct rf_tftp_transfer_conf conf = {.content = rf_content_bytes(content),
                                         .asked = t->asked,
                                         .retry_ms = s->conf.retry_ms,
                                         .tries = s->conf.tries,
                                         .seed = rf_random_u32(),
                                         .send = send_packet,
                                         .send_segments = send_segments,
                                         .arg = t};
    rf_tftp_transfer_init(&t->t, &conf, now_of(s));
    settle(t);
}

static void got_it(void *arg, uint64_t number, enum rf_err err, struct rf_content *content,
                   const struct rf_why *why)
{
    struct rf_tftp_server *s = arg;
    struct transfer *t = rf_handle_find(s->transfers, (rf_handle)number);
    if (t == NULL)
        return; /* replaced meanwhile */
    if (err == RF_OK) {
        start(t, content);
        return;
    }
    /* Busy: no answer, because every error sends a phone somewhere else. */
    if (err == RF_ERR_NOT_FOUND)
        tell_error(s, &t->asked_at, &t->place.peer, RF_TFTP_ERR_NOT_FOUND);
    else if (err != RF_ERR_AGAIN)
        tell_error(s, &t->asked_at, &t->place.peer, RF_TFTP_ERR_OTHER);
    if (err != RF_ERR_NOT_FOUND && err != RF_ERR_AGAIN &&
        rf_log_allows(&s->log, LOG_BURST, now_of(s)))
        rf_error(RF_CAT_TFTP, "no file for a phone: %s name=%s", rf_why_text(why), t->name);
    end(t, why);
}

/* ---- requests ---- */

static bool is_same_request(const struct transfer *t, struct rf_slice packet)
{
    return rf_slice_eq(rf_slice_of(t->request, t->request_len), packet);
}

/* What a client that was not heard since it asked means by asking once more. True: dealt with. */
static bool was_asked_before(struct rf_tftp_server *s, const struct rf_address *from,
                             struct rf_slice packet)
{
    struct tftp_place *next = tftp_index_find(s->index, from, NULL);
    while (next != NULL) {
        struct transfer *t = transfer_of(next);
        next = tftp_index_find(s->index, from, next); /* t may go */
        if (t->content != NULL && t->t.was_heard)
            continue;
        if (!is_same_request(t, packet)) {
            struct rf_why why = {0};
            (void)rf_why_set(&why, RF_ERR_AGAIN, "tftp-replaced",
                             "the client asked for something else");
            end(t, &why);
            continue;
        }
        if (t->content != NULL)
            rf_tftp_transfer_asked_again(&t->t, now_of(s));
        return true;
    }
    return false;
}

static bool has_room(struct rf_tftp_server *s, const struct rf_address *from)
{
    return tftp_index_count(s->index, from) < s->conf.transfers_per_address &&
           rf_handles_n(s->transfers) < s->conf.transfers_max;
}

static void read_request(struct rf_tftp_server *s, const struct rf_address *from,
                         struct rf_slice packet, const struct rf_tftp_packet *p)
{
    if (was_asked_before(s, from, packet))
        return;
    if (!has_room(s, from)) {
        dropped(s, from, p->name, "tftp-busy", "too many transfers");
        return;
    }
    struct transfer *t = rf_new(struct transfer);
    struct rf_rd rd = rf_rd_of(packet);
    t->s = s;
    t->asked_at = *rf_udp_asked(s->udp);
    t->request_len = packet.len;
    rf_bug_on(packet.len > sizeof t->request || !rf_rd_copy(&rd, t->request, packet.len));
    t->asked = p->options;
    rf_escape(p->name, t->name, sizeof t->name);
    t->began_ms = now_of(s);
    struct provision_name name;
    if (provision_name_parse(p->name, &name, NULL) == RF_OK)
        snprintf(t->device, sizeof t->device, "%s", name.device);
    t->handle = rf_handle_add(s->transfers, t);
    rf_bug_on(t->handle == 0);
    tftp_index_add(s->index, &t->place, from);
    struct rf_provision_ask ask = {.name = p->name, .via = RF_PROVISION_TFTP, .from = *from};
    if (rf_provision_get(s->conf.provision, &ask, got_it, s, t->handle) == RF_OK)
        return;
    transfer_free(t);
    dropped(s, from, p->name, "tftp-busy", "too many requests under way");
}

static void request(struct rf_tftp_server *s, const struct rf_address *from, struct rf_slice packet,
                    const struct rf_tftp_packet *p)
{
    struct rf_why why = {0};
    uint16_t code = RF_TFTP_ERR_ILLEGAL;
    if (!rf_fault_skips("tftp.write-refused") && p->op == RF_TFTP_WRQ) {
        code = RF_TFTP_ERR_ACCESS;
        (void)rf_why_set(&why, RF_ERR_DENIED, "tftp-write-refused", "nothing is written here");
    } else if (!rf_fault_skips("tftp.mode") && p->mode != RF_TFTP_MODE_OCTET) {
        char shown[32];
        (void)rf_why_set(&why, RF_ERR_DENIED, "tftp-mode", "mode %s: only octet is served",
                         rf_escape(p->mode_text, shown, sizeof shown));
    } else {
        read_request(s, from, packet, p);
        return;
    }
    tell_error(s, rf_udp_asked(s->udp), from, code);
    refused(s, from, p->name, &why);
}

static void on_packet(struct rf_udp *udp, const struct rf_address *from, struct rf_slice packet)
{
    struct rf_tftp_server *s = rf_udp_owner(udp);
    struct rf_tftp_packet p;
    struct rf_why why = {0};
    struct rf_rd rd = rf_rd_of(packet);
    uint16_t op;
    /* What belongs to a transfer has no business here and is not answered: two servers could go on
     * for ever. */
    if (!rf_rd_u16be(&rd, &op) || (op >= RF_TFTP_DATA && op <= RF_TFTP_OACK))
        return;
    rf_count(TFTP_REQUESTS);
    if (rf_provision_admit(s->conf.provision, from, &why) != RF_OK) {
        dropped(s, from, (struct rf_slice){0}, why.code, why.text);
        return;
    }
    if (rf_tftp_decode(packet, &p, &why) != RF_OK) {
        tell_error(s, rf_udp_asked(s->udp), from, RF_TFTP_ERR_ILLEGAL);
        refused(s, from, (struct rf_slice){0}, &why);
        return;
    }
    request(s, from, packet, &p);
}

/* ---- the server ---- */

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

enum rf_err rf_tftp_server_open(const struct rf_tftp_server_conf *conf, struct rf_tftp_server **out,
                                struct rf_why *why)
{
    struct rf_tftp_server *s = rf_new(struct rf_tftp_server);
    s->conf = *conf;
    s->conf.retry_ms = or_default(conf->retry_ms, 1000);
    s->conf.tries = or_default(conf->tries, 6);
    s->conf.transfers_max = or_default(conf->transfers_max, 512);
    s->conf.transfers_per_address = or_default(conf->transfers_per_address, 4);
    s->address = rf_strdup(conf->address);
    s->conf.address = s->address;
    s->transfers = rf_handles_new(s->conf.transfers_max);
    uint64_t seed;
    rf_random_bytes(&seed, sizeof seed);
    s->index = tftp_index_new(s->conf.transfers_max, seed);
    struct rf_udp_conf udp = {.on_packet = on_packet,
                              .owner = s,
                              .address = s->address,
                              .port = conf->port,
                              .wants_asked = true,
                              .waiting_bytes = REQUESTS_BYTES};
    enum rf_err err = rf_udp_open(conf->loop, &udp, &s->udp, why);
    if (err != RF_OK) {
        rf_tftp_server_close(s);
        return err;
    }
    *out = s;
    return RF_OK;
}

uint16_t rf_tftp_server_port(const struct rf_tftp_server *s)
{
    return rf_udp_port(s->udp);
}

void rf_tftp_server_set_retries(struct rf_tftp_server *s, uint32_t retry_ms, uint32_t tries)
{
    s->conf.retry_ms = or_default(retry_ms, s->conf.retry_ms);
    s->conf.tries = or_default(tries, s->conf.tries);
}

uint32_t rf_tftp_server_transfers(const struct rf_tftp_server *s)
{
    return rf_handles_n(s->transfers);
}

void rf_tftp_server_close(struct rf_tftp_server *s)
{
    if (s == NULL)
        return;
    rf_provision_cancel(s->conf.provision, s);
    uint32_t at = 0;
    struct transfer *t;
    while ((t = rf_handles_next(s->transfers, &at)) != NULL)
        transfer_free(t);
    rf_udp_close(s->udp);
    rf_handles_free(s->transfers);
    tftp_index_free(s->index);
    rf_free(s->address);
    rf_free(s);
}
