/* SPDX-License-Identifier: Apache-2.0 */
/* One file by TFTP: packets in, packets out. */
#include "service/phone/fetch.h"

#include "base/random.h"
#include "base/text.h"
#include "wire/tftp/tftp.h"

#include <string.h>

const char *rf_fetch_result_name(enum rf_fetch_result result)
{
    switch (result) {
    case RF_FETCH_OK:
        return "ok";
    case RF_FETCH_NOT_FOUND:
        return "not-found";
    case RF_FETCH_TIMEOUT:
        return "timeout";
    case RF_FETCH_ACCESS:
        return "access";
    case RF_FETCH_ERROR:
        return "error";
    case RF_FETCH_TOO_LONG:
        return "too-long";
    }
    return "?";
}

/* Every wait is longer than the one before and a little off, so that a house full of phones that
 * boot together does not ask in step. */
static void wait_again(struct rf_fetch_transfer *t, uint64_t now_ms)
{
    uint64_t ms = (uint64_t)t->wait_ms * (750 + rf_random_below(501)) / 1000;
    t->due_ms = now_ms + ms;
}

static void wait_anew(struct rf_fetch_transfer *t, uint64_t now_ms)
{
    t->tries = 1;
    t->wait_ms = t->limits.retry_ms;
    wait_again(t, now_ms);
}

static void repeat_last(const struct rf_fetch_transfer *t, struct rf_fetch_send *send)
{
    send->packet = rf_slice_of(t->last, t->last_len);
    send->to = t->phase == RF_FETCH_ASKING ? t->server : t->peer;
}

/* A packet that is repeated until something comes back. */
static enum rf_err send_kept(struct rf_fetch_transfer *t, const struct rf_tftp_packet *p,
                             struct rf_fetch_send *send)
{
    struct rf_slice out;
    enum rf_err err = rf_tftp_encode(p, t->last, sizeof t->last, &out);
    if (err != RF_OK)
        return err;
    t->last_len = out.len;
    repeat_last(t, send);
    return RF_OK;
}

static void send_ack(struct rf_fetch_transfer *t, uint16_t block, struct rf_fetch_send *send)
{
    struct rf_tftp_packet ack = {.op = RF_TFTP_ACK, .block = block};
    rf_bug_on(send_kept(t, &ack, send) != RF_OK);
}

static void send_error(struct rf_fetch_transfer *t, const struct rf_address *to, uint16_t code,
                       struct rf_fetch_send *send)
{
    struct rf_tftp_packet p = {.op = RF_TFTP_ERROR,
                               .error_code = code,
                               .error_text = rf_slice_str(rf_tftp_error_name(code))};
    if (rf_tftp_encode(&p, t->reply, sizeof t->reply, &send->packet) == RF_OK)
        send->to = *to;
}

static enum rf_err send_request(struct rf_fetch_transfer *t, struct rf_fetch_send *send)
{
    struct rf_tftp_packet rrq = {.op = RF_TFTP_RRQ, .name = rf_slice_str(t->name)};
    if (t->has_options)
        rrq.options = (struct rf_tftp_options){.has_blksize = true,
                                               .blksize = RF_FETCH_BLKSIZE,
                                               .has_tsize = true,
                                               .has_windowsize = t->limits.window > 1,
                                               .windowsize = t->limits.window};
    return send_kept(t, &rrq, send);
}

static void end(struct rf_fetch_transfer *t, enum rf_fetch_result result)
{
    if (result != RF_FETCH_OK)
        rf_buf_fini(&t->file);
    t->result = result;
    t->is_done = true;
    t->phase = result == RF_FETCH_OK && !t->limits.is_look ? RF_FETCH_LINGERING : RF_FETCH_OVER;
}

enum rf_err rf_fetch_transfer_start(struct rf_fetch_transfer *t, const struct rf_address *server,
                                    const char *name, size_t max,
                                    const struct rf_fetch_limits *limits, uint64_t now_ms,
                                    struct rf_fetch_send *send, struct rf_why *why)
{
    *t = (struct rf_fetch_transfer){.limits = *limits,
                                    .server = *server,
                                    .file = RF_BUF(max),
                                    .blksize = 512,
                                    .window = 1,
                                    .expected = 1};
    *send = (struct rf_fetch_send){0};
    if (t->limits.retry_ms == 0)
        t->limits.retry_ms = RF_FETCH_RETRY_MS;
    if (t->limits.tries == 0)
        t->limits.tries = RF_FETCH_TRIES;
    if (t->limits.total_ms == 0)
        t->limits.total_ms = RF_FETCH_TOTAL_MS;
    t->has_options = !limits->no_options;
    t->end_ms = now_ms + t->limits.total_ms;
    if (name[0] == '\0' || !rf_slice_to_str(rf_slice_str(name), t->name, sizeof t->name) ||
        send_request(t, send) != RF_OK)
        return rf_why_set(why, RF_ERR_BAD, "fetch-name", "\"%.60s\" does not fit a TFTP request",
                          name);
    wait_anew(t, now_ms);
    return RF_OK;
}

/* The server refuses. An error before any data may also mean that it does not know options. */
static void on_error(struct rf_fetch_transfer *t, const struct rf_tftp_packet *p, uint64_t now_ms,
                     struct rf_fetch_send *send)
{
    if (p->error_code == RF_TFTP_ERR_OPTION && t->phase == RF_FETCH_ASKING && t->has_options) {
        t->has_options = false;
        rf_bug_on(send_request(t, send) != RF_OK);
        wait_anew(t, now_ms);
        return;
    }
    char text[96];
    bool is_missing = p->error_code == RF_TFTP_ERR_NOT_FOUND;
    bool is_access = p->error_code == RF_TFTP_ERR_ACCESS;
    rf_why_set(&t->why, is_missing ? RF_ERR_NOT_FOUND : RF_ERR_IO,
               is_missing  ? "file-not-found"
               : is_access ? "tftp-access"
                           : "tftp-error",
               "%s: the server says error %u, \"%s\"", t->name, p->error_code,
               rf_escape(p->error_text, text, sizeof text));
    end(t, is_missing ? RF_FETCH_NOT_FOUND : is_access ? RF_FETCH_ACCESS : RF_FETCH_ERROR);
}

static void too_long(struct rf_fetch_transfer *t, uint64_t bytes, struct rf_fetch_send *send)
{
    send_error(t, &t->peer, RF_TFTP_ERR_FULL, send);
    rf_why_set(&t->why, RF_ERR_LIMIT, "file-too-large", "%s: %llu bytes, more than %zu", t->name,
               (unsigned long long)bytes, t->file.max);
    end(t, RF_FETCH_TOO_LONG);
}

/* What is agreed must be what was asked: an option more, or a larger block, is an error. */
static void on_oack(struct rf_fetch_transfer *t, const struct rf_tftp_packet *p, uint64_t now_ms,
                    struct rf_fetch_send *send)
{
    const struct rf_tftp_options *o = &p->options;
    if (t->phase == RF_FETCH_RECEIVING) {
        if (t->has_options && t->expected == 1 && t->file.len == 0)
            repeat_last(t, send); /* our ACK of it was lost */
        return;
    }
    if (!t->has_options || o->refused_n > 0 || o->unknown_n > 0 || o->has_timeout ||
        (o->has_windowsize && o->windowsize > (t->limits.window > 1 ? t->limits.window : 0)) ||
        (o->has_blksize && o->blksize > RF_FETCH_BLKSIZE)) {
        send_error(t, &t->peer, RF_TFTP_ERR_OPTION, send);
        rf_why_set(&t->why, RF_ERR_BAD, "tftp-option",
                   "%s: the server agreed to options that were not asked for", t->name);
        end(t, RF_FETCH_ERROR);
        return;
    }
    t->phase = RF_FETCH_RECEIVING;
    t->blksize = o->has_blksize ? o->blksize : RF_TFTP_BLKSIZE_DEFAULT;
    t->window = o->has_windowsize ? o->windowsize : 1;
    t->has_size = o->has_tsize;
    t->size = o->tsize;
    if (t->has_size && t->size > t->file.max) {
        too_long(t, t->size, send);
        return;
    }
    send_ack(t, 0, send);
    wait_anew(t, now_ms);
}

static void last_block(struct rf_fetch_transfer *t, uint64_t now_ms)
{
    if (t->has_size && t->size != t->file.len) {
        rf_why_set(&t->why, RF_ERR_BAD, "tftp-size", "%s: %llu bytes were announced and %zu came",
                   t->name, (unsigned long long)t->size, t->file.len);
        end(t, RF_FETCH_ERROR);
        return;
    }
    end(t, RF_FETCH_OK);
    wait_anew(t, now_ms);
}

static void on_data(struct rf_fetch_transfer *t, const struct rf_tftp_packet *p, uint64_t now_ms,
                    struct rf_fetch_send *send)
{
    /* Data as the first answer: a server without options. */
    if (t->phase == RF_FETCH_ASKING && p->block == 1)
        t->phase = RF_FETCH_RECEIVING;
    if (p->block != t->expected) {
        /* Only the block before is answered again, or each copy would breed another; and in a
         * window a later block says that one is lost: the last that came is acknowledged, once, and
         * the window begins again behind it. */
        uint16_t ahead = (uint16_t)(p->block - t->expected);
        if (t->window > 1 && ahead < t->window && !t->has_gap) {
            t->has_gap = true;
            t->in_window = 0;
            send_ack(t, (uint16_t)(t->expected - 1), send);
        } else if (p->block == (uint16_t)(t->expected - 1) && t->file.len > 0 &&
                   t->in_window == 0) {
            repeat_last(t, send);
        }
        return;
    }
    if (p->data.len > t->blksize) {
        send_error(t, &t->peer, RF_TFTP_ERR_ILLEGAL, send);
        rf_why_set(&t->why, RF_ERR_BAD, "tftp-block-long", "%s: a block of %zu bytes, agreed: %u",
                   t->name, p->data.len, t->blksize);
        end(t, RF_FETCH_ERROR);
        return;
    }
    if (rf_buf_add_slice(&t->file, p->data) != RF_OK) {
        too_long(t, (uint64_t)t->file.len + p->data.len, send);
        return;
    }
    bool is_last = p->data.len < t->blksize;
    t->has_gap = false;
    if (is_last && t->limits.is_look) {
        send_error(t, &t->peer, RF_TFTP_ERR_OTHER, send);
    } else if (++t->in_window == t->window || is_last) {
        t->in_window = 0;
        send_ack(t, t->expected, send);
    }
    t->expected++;
    wait_anew(t, now_ms);
    if (is_last)
        last_block(t, now_ms);
}

static void give_up(struct rf_fetch_transfer *t)
{
    rf_why_set(&t->why, RF_ERR_AGAIN, "tftp-timeout", "%s: no answer from the TFTP server%s",
               t->name, t->phase == RF_FETCH_RECEIVING ? " any more, or a very slow one" : "");
    end(t, RF_FETCH_TIMEOUT);
}

void rf_fetch_transfer_packet(struct rf_fetch_transfer *t, const struct rf_address *from,
                              struct rf_slice packet, uint64_t now_ms, struct rf_fetch_send *send)
{
    struct rf_tftp_packet p;
    *send = (struct rf_fetch_send){0};
    if (t->phase == RF_FETCH_OVER || !rf_address_same_host(from, &t->server))
        return;
    if (t->phase != RF_FETCH_ASKING && !rf_address_same(from, &t->peer)) {
        /* Another transfer of the same server: tell it, and go on with ours. */
        send_error(t, from, RF_TFTP_ERR_UNKNOWN_TID, send);
        return;
    }
    if (rf_tftp_decode(packet, &p, NULL) != RF_OK)
        return; /* as if lost: a well-made one may follow */
    bool is_first = p.op == RF_TFTP_OACK || (p.op == RF_TFTP_DATA && p.block == 1);
    if (t->phase == RF_FETCH_ASKING && is_first)
        t->peer = *from;
    if (t->phase == RF_FETCH_LINGERING) {
        if (p.op == RF_TFTP_DATA && p.block == (uint16_t)(t->expected - 1))
            repeat_last(t, send);
        return;
    }
    if (now_ms >= t->end_ms)
        give_up(t);
    else if (p.op == RF_TFTP_ERROR)
        on_error(t, &p, now_ms, send);
    else if (p.op == RF_TFTP_OACK)
        on_oack(t, &p, now_ms, send);
    else if (p.op == RF_TFTP_DATA)
        on_data(t, &p, now_ms, send);
}

void rf_fetch_transfer_time(struct rf_fetch_transfer *t, uint64_t now_ms,
                            struct rf_fetch_send *send)
{
    *send = (struct rf_fetch_send){0};
    if (t->phase == RF_FETCH_OVER || now_ms < t->due_ms)
        return;
    if (t->phase == RF_FETCH_LINGERING) {
        t->phase = RF_FETCH_OVER;
        return;
    }
    if (t->tries >= t->limits.tries || now_ms >= t->end_ms) {
        give_up(t);
        return;
    }
    t->tries++;
    t->wait_ms = t->wait_ms * 2 > RF_FETCH_RETRY_MAX_MS ? RF_FETCH_RETRY_MAX_MS : t->wait_ms * 2;
    wait_again(t, now_ms);
    /* In the middle of a window: what came is acknowledged, and not sent again. */
    if (t->in_window > 0) {
        t->in_window = 0;
        send_ack(t, (uint16_t)(t->expected - 1), send);
        return;
    }
    repeat_last(t, send);
}

int rf_fetch_transfer_wait_ms(const struct rf_fetch_transfer *t, uint64_t now_ms)
{
    if (t->phase == RF_FETCH_OVER)
        return -1;
    return t->due_ms <= now_ms ? 0 : (int)(t->due_ms - now_ms);
}

void rf_fetch_transfer_fini(struct rf_fetch_transfer *t)
{
    rf_buf_fini(&t->file);
}
