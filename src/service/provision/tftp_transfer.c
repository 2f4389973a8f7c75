/* SPDX-License-Identifier: Apache-2.0 */
/* The state table of a transfer and its actions. What a packet means is decided first (which ACK is
 * news, which is an echo of the past); the table says what follows from it. */
#include "service/provision/tftp_transfer.h"

#include "base/text.h"

enum transfer_event {
    EV_AGREED,    /* ACK 0 after an OACK */
    EV_ACK,       /* of a block on its way, not the last of the file */
    EV_ACK_LAST,  /* all is there */
    EV_ACK_OLD,   /* seen before, or of no block on its way */
    EV_ASKED,     /* the request came once more */
    EV_ERROR,     /* the client gave up */
    EV_CLOSED,    /* ICMP: port unreachable */
    EV_T_BURST,   /* a pause within a window is over */
    EV_T_RETRY,   /* nothing heard for the time to wait */
    EV_T_GIVE_UP, /* sent as often as allowed, or out of time */
    EV_N
};

/* ---- sending ---- */

static void send_packet(struct rf_tftp_transfer *t, const struct rf_tftp_packet *p)
{
    uint8_t bytes[4 + RF_TFTP_SERVER_BLKSIZE];
    struct rf_slice whole;
    enum rf_err err = rf_tftp_encode(p, bytes, sizeof bytes, &whole);
    rf_bug_on(err != RF_OK);
    t->conf.send(t->conf.arg, whole);
}

static void send_block(struct rf_tftp_transfer *t, uint64_t block)
{
    /* The number on the wire goes from 65535 to 0. */
    struct rf_tftp_packet p = {
        .op = RF_TFTP_DATA,
        .block = (uint16_t)block,
        .data = rf_slice_part(t->conf.content, (size_t)(block - 1) * t->blksize, t->blksize)};
    send_packet(t, &p);
}

/* ±25 %, so that clients which lost packets together do not come back together. */
static uint32_t jittered(struct rf_tftp_transfer *t, uint32_t ms)
{
    uint32_t x = t->conf.seed;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    t->conf.seed = x;
    return (uint32_t)((uint64_t)ms * (75 + x % 51) / 100);
}

static void wait_for(struct rf_tftp_transfer *t, uint32_t ms)
{
    t->wait_ms = ms;
    t->retry_at_ms = t->now_ms + jittered(t, ms);
}

static uint32_t first_wait(const struct rf_tftp_transfer *t)
{
    return t->agreed.has_timeout ? t->agreed.timeout_s * 1000U : t->conf.retry_ms;
}

static void send_offer(struct rf_tftp_transfer *t)
{
    struct rf_tftp_packet p = {.op = RF_TFTP_OACK, .options = t->agreed};
    send_packet(t, &p);
}

/* A window in one call to the kernel, where that takes it: most of what a block costs is the way
 * through the network stack. */
static bool send_together(struct rf_tftp_transfer *t, uint64_t first, uint64_t last)
{
    uint8_t bytes[RF_TFTP_SERVER_WINDOW * (4 + RF_TFTP_SERVER_BLKSIZE)];
    struct rf_wr wr = rf_wr_of(bytes, sizeof bytes);
    struct rf_slice all;
    if (t->conf.send_segments == NULL || last - first + 1 > RF_TFTP_SERVER_WINDOW)
        return false;
    for (uint64_t block = first; block <= last; block++) {
        rf_wr_u16be(&wr, RF_TFTP_DATA);
        rf_wr_u16be(&wr, (uint16_t)block);
        rf_wr_slice(&wr,
                    rf_slice_part(t->conf.content, (size_t)(block - 1) * t->blksize, t->blksize));
    }
    return rf_wr_done(&wr, &all) == RF_OK &&
           t->conf.send_segments(t->conf.arg, all, (size_t)t->blksize + 4);
}

static uint64_t window_end(const struct rf_tftp_transfer *t)
{
    return t->acked + t->window < t->blocks ? t->acked + t->window : t->blocks;
}

static bool is_pausing(const struct rf_tftp_transfer *t)
{
    return t->fsm.state == RF_TFTP_SENDING && t->at < window_end(t);
}

static void send_burst(struct rf_tftp_transfer *t)
{
    uint64_t first = t->at + 1;
    uint64_t end = window_end(t);
    uint64_t last = t->at + t->burst < end ? t->at + t->burst : end;
    if (last == first || !send_together(t, first, last))
        for (uint64_t block = first; block <= last; block++)
            send_block(t, block);
    uint64_t again = t->sent < last ? t->sent : last;
    t->repeated += again > t->at ? (uint32_t)(again - t->at) : 0;
    t->at = last;
    t->pause_until_ms = t->now_ms + RF_TFTP_TRANSFER_PAUSE_MS;
    if (t->sent < last)
        t->sent = last;
}

static void send_window(struct rf_tftp_transfer *t)
{
    t->at = t->acked;
    send_burst(t);
}

/* A client acknowledges whole windows, so after a loss they stay as long as they are and go out in
 * parts. It stays so: where a window did not fit once the next would not either, and to try costs
 * the client's time-out. */
static void slow_down(struct rf_tftp_transfer *t)
{
    if (t->burst > 1)
        t->burst /= 2;
}

static void repeat_offer(struct rf_tftp_transfer *t)
{
    send_offer(t);
    t->repeated++;
}

/* ---- actions ---- */

static void next_window(void *self, const void *data)
{
    struct rf_tftp_transfer *t = self;
    const uint64_t *acked = data;
    /* An ACK inside the window says that what follows it was lost: begin again behind it. */
    if (*acked < t->at)
        slow_down(t);
    t->acked = *acked;
    t->was_heard = true;
    t->progress_ms = t->now_ms;
    t->tries = 1;
    send_window(t);
    wait_for(t, first_wait(t));
}

static void completed(void *self, const void *data)
{
    struct rf_tftp_transfer *t = self;
    t->acked = t->blocks;
    t->was_heard = true;
}

static void offer_again(void *self, const void *data)
{
    struct rf_tftp_transfer *t = self;
    repeat_offer(t);
}

static void first_again(void *self, const void *data)
{
    struct rf_tftp_transfer *t = self;
    if (!t->was_heard)
        send_window(t);
}

static void back_off(struct rf_tftp_transfer *t)
{
    uint32_t max = first_wait(t);
    if (max < RF_TFTP_TRANSFER_WAIT_MAX_MS)
        max = RF_TFTP_TRANSFER_WAIT_MAX_MS;
    t->tries++;
    wait_for(t, t->wait_ms < max / 2 ? t->wait_ms * 2 : max);
}

static void retry_offer(void *self, const void *data)
{
    struct rf_tftp_transfer *t = self;
    repeat_offer(t);
    back_off(t);
}

static void next_burst(void *self, const void *data)
{
    struct rf_tftp_transfer *t = self;
    send_burst(t);
    wait_for(t, t->wait_ms);
}

static void retry_window(void *self, const void *data)
{
    struct rf_tftp_transfer *t = self;
    slow_down(t);
    send_window(t);
    back_off(t);
}

static void client_error(void *self, const void *data)
{
    struct rf_tftp_transfer *t = self;
    const struct rf_tftp_packet *p = data;
    char text[80];
    t->was_refused = true;
    t->was_looked_at = t->sent == t->blocks && p->error_code == RF_TFTP_ERR_OTHER;
    (void)rf_why_set(&t->why, RF_ERR_DENIED, "tftp-peer-error",
                     "the client gave up with error %u (%s): \"%s\"", p->error_code,
                     rf_tftp_error_name(p->error_code),
                     rf_escape(p->error_text, text, sizeof text));
}

static void port_closed(void *self, const void *data)
{
    struct rf_tftp_transfer *t = self;
    (void)rf_why_set(&t->why, RF_ERR_IO, "port-unreachable", "nobody listens at the client's port");
}

static void give_up(void *self, const void *data)
{
    struct rf_tftp_transfer *t = self;
    (void)rf_why_set(&t->why, RF_ERR_AGAIN, "tftp-timeout",
                     t->was_heard ? "the client fell silent after block %llu of %llu"
                                  : "the client never answered (block %llu of %llu)",
                     (unsigned long long)t->acked, (unsigned long long)t->blocks);
}

/* ---- the table ---- */

/* spec: RFC 1123 4.2.3.1: a duplicate ACK is never answered with DATA, or each packet would be sent
 * twice from there on. */
static const struct rf_fsm_row rows[] = {
    /* in             event         action        to */
    {RF_TFTP_OFFERED, EV_AGREED, next_window, RF_TFTP_SENDING},
    {RF_TFTP_OFFERED, EV_ASKED, offer_again, RF_FSM_SAME},
    {RF_TFTP_OFFERED, EV_T_RETRY, retry_offer, RF_FSM_SAME},
    {RF_TFTP_OFFERED, EV_ERROR, client_error, RF_TFTP_FAILED}, /* 8: options refused */
    {RF_TFTP_OFFERED, EV_CLOSED, port_closed, RF_TFTP_FAILED},
    {RF_TFTP_OFFERED, EV_T_GIVE_UP, give_up, RF_TFTP_FAILED},
    {RF_TFTP_SENDING, EV_ACK, next_window, RF_FSM_SAME},
    {RF_TFTP_SENDING, EV_ACK_LAST, completed, RF_TFTP_DONE},
    {RF_TFTP_SENDING, EV_ASKED, first_again, RF_FSM_SAME},
    {RF_TFTP_SENDING, EV_T_BURST, next_burst, RF_FSM_SAME},
    {RF_TFTP_SENDING, EV_T_RETRY, retry_window, RF_FSM_SAME},
    {RF_TFTP_SENDING, EV_ERROR, client_error, RF_TFTP_FAILED},
    {RF_TFTP_SENDING, EV_CLOSED, port_closed, RF_TFTP_FAILED},
    {RF_TFTP_SENDING, EV_T_GIVE_UP, give_up, RF_TFTP_FAILED},
    {RF_FSM_ANY, EV_ACK_OLD, NULL, RF_FSM_SAME},
};

static const char *const state_names[RF_TFTP_STATE_N] = {"OFFERED", "SENDING", "DONE", "FAILED"};
static const char *const event_names[EV_N] = {"AGREED",  "ACK",      "ACK_LAST", "ACK_OLD",
                                              "ASKED",   "ERROR",    "CLOSED",   "T_BURST",
                                              "T_RETRY", "T_GIVE_UP"};

static const struct rf_fsm_def transfer_fsm = {
    .name = "tftp",
    .cat = RF_CAT_TFTP,
    .rows = rows,
    .n_rows = sizeof rows / sizeof *rows,
    .state_names = state_names,
    .n_states = RF_TFTP_STATE_N,
    .event_names = event_names,
    .n_events = EV_N,
};

const struct rf_fsm_def *rf_tftp_transfer_fsm_def(void)
{
    return &transfer_fsm;
}

const char *rf_tftp_transfer_action_name(rf_fsm_action action)
{
    static const struct rf_fsm_name names[] = {
        {next_window, "next_window"}, {completed, "completed"},
        {offer_again, "offer_again"}, {first_again, "first_again"},
        {retry_offer, "retry_offer"}, {retry_window, "retry_window"},
        {next_burst, "next_burst"},   {client_error, "client_error"},
        {port_closed, "port_closed"}, {give_up, "give_up"},
    };
    return rf_fsm_name_find(names, sizeof names / sizeof *names, action);
}

/* ---- what comes in ---- */

static void handle(struct rf_tftp_transfer *t, int event, const void *data, uint64_t now_ms)
{
    if (rf_tftp_transfer_is_over(t))
        return;
    t->now_ms = now_ms;
    rf_fsm_handle(&t->fsm, event, data);
}

static void agree(struct rf_tftp_transfer *t)
{
    const struct rf_tftp_options *asked = &t->conf.asked;
    struct rf_tftp_options *a = &t->agreed;
    a->has_blksize = asked->has_blksize;
    if (a->has_blksize)
        a->blksize =
            asked->blksize < RF_TFTP_SERVER_BLKSIZE ? asked->blksize : RF_TFTP_SERVER_BLKSIZE;
    a->has_windowsize = asked->has_windowsize;
    if (a->has_windowsize)
        a->windowsize =
            asked->windowsize < RF_TFTP_SERVER_WINDOW ? asked->windowsize : RF_TFTP_SERVER_WINDOW;
    a->has_timeout = asked->has_timeout;
    a->timeout_s = asked->timeout_s;
    a->has_tsize = asked->has_tsize;
    a->tsize = a->has_tsize ? t->conf.content.len : 0;
    t->blksize = a->has_blksize ? a->blksize : RF_TFTP_BLKSIZE_DEFAULT;
    t->window = a->has_windowsize ? a->windowsize : 1;
    t->burst = t->window;
}

void rf_tftp_transfer_init(struct rf_tftp_transfer *t, const struct rf_tftp_transfer_conf *conf,
                           uint64_t now_ms)
{
    *t = (struct rf_tftp_transfer){
        .conf = *conf, .tries = 1, .now_ms = now_ms, .began_ms = now_ms, .progress_ms = now_ms};
    if (t->conf.seed == 0)
        t->conf.seed = 1; /* the generator stays at 0 */
    agree(t);
    t->blocks = t->conf.content.len / t->blksize + 1;
    const struct rf_tftp_options *a = &t->agreed;
    bool offers = a->has_blksize || a->has_timeout || a->has_tsize || a->has_windowsize;
    rf_fsm_init(&t->fsm, &transfer_fsm, t, offers ? RF_TFTP_OFFERED : RF_TFTP_SENDING);
    if (offers)
        send_offer(t);
    else
        send_window(t);
    wait_for(t, first_wait(t));
}

static void ack_arrived(struct rf_tftp_transfer *t, uint16_t block, uint64_t now_ms)
{
    if (t->fsm.state == RF_TFTP_OFFERED) {
        handle(t, block == 0 ? EV_AGREED : EV_ACK_OLD, &t->acked, now_ms);
        return;
    }
    /* How far behind the last acknowledged block, in numbers that wrap: windows are far shorter
     * than a turn, so what is not on its way is old. */
    uint16_t ahead = (uint16_t)(block - (uint16_t)t->acked);
    uint64_t acked = t->acked + ahead;
    if (ahead == 0 || acked > t->sent)
        handle(t, EV_ACK_OLD, NULL, now_ms);
    else
        handle(t, acked == t->blocks ? EV_ACK_LAST : EV_ACK, &acked, now_ms);
}

void rf_tftp_transfer_packet(struct rf_tftp_transfer *t, struct rf_slice packet, uint64_t now_ms)
{
    struct rf_tftp_packet p;
    /* Whatever is neither ACK nor ERROR has no business here and does not disturb the transfer. */
    if (rf_tftp_decode(packet, &p, NULL) != RF_OK)
        return;
    if (p.op == RF_TFTP_ACK)
        ack_arrived(t, p.block, now_ms);
    else if (p.op == RF_TFTP_ERROR)
        handle(t, EV_ERROR, &p, now_ms);
}

void rf_tftp_transfer_unreachable(struct rf_tftp_transfer *t, uint64_t now_ms)
{
    handle(t, EV_CLOSED, NULL, now_ms);
}

void rf_tftp_transfer_asked_again(struct rf_tftp_transfer *t, uint64_t now_ms)
{
    handle(t, EV_ASKED, NULL, now_ms);
}

static uint64_t give_up_at(const struct rf_tftp_transfer *t)
{
    uint64_t idle_ms = RF_TFTP_TRANSFER_IDLE_MS;
    if (t->agreed.has_timeout && t->agreed.timeout_s * 2000U > idle_ms)
        idle_ms = t->agreed.timeout_s * 2000U;
    uint64_t idle = t->progress_ms + idle_ms;
    uint64_t total = t->began_ms + RF_TFTP_TRANSFER_TOTAL_MS;
    return idle < total ? idle : total;
}

uint64_t rf_tftp_transfer_deadline(const struct rf_tftp_transfer *t)
{
    uint64_t end = give_up_at(t);
    uint64_t next = is_pausing(t) ? t->pause_until_ms : t->retry_at_ms;
    return next < end ? next : end;
}

void rf_tftp_transfer_time(struct rf_tftp_transfer *t, uint64_t now_ms)
{
    if (now_ms < rf_tftp_transfer_deadline(t))
        return;
    if (now_ms >= give_up_at(t))
        handle(t, EV_T_GIVE_UP, NULL, now_ms);
    else if (is_pausing(t))
        handle(t, EV_T_BURST, NULL, now_ms);
    else
        handle(t, t->tries >= t->conf.tries ? EV_T_GIVE_UP : EV_T_RETRY, NULL, now_ms);
}

/* ---- how it went ---- */

bool rf_tftp_transfer_is_over(const struct rf_tftp_transfer *t)
{
    return t->fsm.state == RF_TFTP_DONE || t->fsm.state == RF_TFTP_FAILED;
}

bool rf_tftp_transfer_is_complete(const struct rf_tftp_transfer *t)
{
    return t->fsm.state == RF_TFTP_DONE;
}

bool rf_tftp_transfer_is_last_ack_missing(const struct rf_tftp_transfer *t)
{
    return t->fsm.state == RF_TFTP_FAILED && t->was_heard && !t->was_refused &&
           t->sent == t->blocks;
}

bool rf_tftp_transfer_is_looked_at(const struct rf_tftp_transfer *t)
{
    return t->was_looked_at;
}

uint64_t rf_tftp_transfer_bytes(const struct rf_tftp_transfer *t)
{
    uint64_t bytes = t->acked * t->blksize;
    if (rf_tftp_transfer_is_last_ack_missing(t))
        return t->conf.content.len;
    return bytes < t->conf.content.len ? bytes : t->conf.content.len;
}
