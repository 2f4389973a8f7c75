/* SPDX-License-Identifier: Apache-2.0 */
/* The phone's TFTP client: first without a socket, where every packet and every passing of time is
 * given; then over real ones on loopback. */
#include "unit.h"

#include "net/udp.h"
#include "service/phone/fetch.h"
#include "wire/tftp/tftp.h"

#define NAME "SEP001122334455.cnf.xml.sgn"

struct play {
    struct rf_fetch_transfer t;
    struct rf_fetch_send send;
    struct rf_address server; /* port 69 */
    struct rf_address peer;   /* the transfer's own port */
    struct rf_address other;
    uint64_t now;
};

static void begin(struct play *p, size_t max, const struct rf_fetch_limits *limits)
{
    static const struct rf_fetch_limits none;
    *p = (struct play){.now = 5000};
    assert_err(rf_address_parse("192.0.2.1", 69, &p->server, NULL), RF_OK);
    assert_err(rf_address_parse("192.0.2.1", 40001, &p->peer, NULL), RF_OK);
    assert_err(rf_address_parse("192.0.2.1", 40002, &p->other, NULL), RF_OK);
    assert_err(rf_fetch_transfer_start(&p->t, &p->server, NAME, max,
                                       limits != NULL ? limits : &none, p->now, &p->send, NULL),
               RF_OK);
}

static struct rf_tftp_packet sent(const struct play *p)
{
    struct rf_tftp_packet out = {0};
    assert_true(p->send.packet.len > 0);
    assert_err(rf_tftp_decode(p->send.packet, &out, NULL), RF_OK);
    return out;
}

static void give(struct play *p, const struct rf_address *from, const struct rf_tftp_packet *packet)
{
    static uint8_t buf[2048];
    struct rf_slice bytes;
    assert_err(rf_tftp_encode(packet, buf, sizeof buf, &bytes), RF_OK);
    rf_fetch_transfer_packet(&p->t, from, bytes, p->now, &p->send);
}

static void give_data(struct play *p, uint16_t block, size_t len)
{
    static uint8_t content[2000];
    memset(content, 'a' + block % 26, sizeof content);
    struct rf_tftp_packet d = {
        .op = RF_TFTP_DATA, .block = block, .data = rf_slice_of(content, len)};
    give(p, &p->peer, &d);
}

static void give_oack(struct play *p, uint16_t blksize, uint64_t tsize)
{
    struct rf_tftp_packet o = {
        .op = RF_TFTP_OACK,
        .options = {.has_blksize = true, .blksize = blksize, .has_tsize = true, .tsize = tsize}};
    give(p, &p->peer, &o);
}

static void give_error(struct play *p, uint16_t code)
{
    struct rf_tftp_packet e = {
        .op = RF_TFTP_ERROR, .error_code = code, .error_text = rf_slice_str("no\nsuch")};
    give(p, &p->peer, &e);
}

static void assert_ack(const struct play *p, uint16_t block)
{
    struct rf_tftp_packet a = sent(p);
    assert_int_equal(a.op, RF_TFTP_ACK);
    assert_int_equal(a.block, block);
    assert_true(rf_address_same(&p->send.to, &p->peer));
}

static void assert_silent(const struct play *p)
{
    assert_int_equal(p->send.packet.len, 0);
}

static void let_time_pass(struct play *p)
{
    p->now += (uint64_t)rf_fetch_transfer_wait_ms(&p->t, p->now);
    rf_fetch_transfer_time(&p->t, p->now, &p->send);
}

static void finish(struct play *p, enum rf_fetch_result result, const char *code)
{
    assert_true(p->t.is_done);
    if (p->t.result != result)
        print_error("got %s: %s\n", rf_fetch_result_name(p->t.result), rf_why_text(&p->t.why));
    assert_int_equal(p->t.result, result);
    assert_string_equal(p->t.why.code, code);
    if (result != RF_FETCH_OK)
        assert_int_equal(p->t.file.len, 0);
    rf_fetch_transfer_fini(&p->t);
}

/* The server must not note that this device has the file now. */
static void a_look_does_not_take_the_last_block(void **state)
{
    struct play p;
    const struct rf_fetch_limits look = {.is_look = true};
    begin(&p, 10000, &look);
    give_oack(&p, 1428, 1428 + 100);
    assert_ack(&p, 0);
    give_data(&p, 1, 1428);
    assert_ack(&p, 1);
    give_data(&p, 2, 100);
    struct rf_tftp_packet e = sent(&p);
    assert_int_equal(e.op, RF_TFTP_ERROR);
    assert_int_equal(p.t.file.len, 1428 + 100);
    assert_int_equal(rf_fetch_transfer_wait_ms(&p.t, p.now), -1);
    finish(&p, RF_FETCH_OK, "");
}

static void a_file_in_large_blocks(void **state)
{
    struct play p;
    begin(&p, 10000, NULL);
    struct rf_tftp_packet rrq = sent(&p);
    assert_int_equal(rrq.op, RF_TFTP_RRQ);
    assert_slice_str(rrq.name, NAME);
    assert_int_equal(rrq.mode, RF_TFTP_MODE_OCTET);
    assert_true(rrq.options.has_blksize && rrq.options.has_tsize);
    assert_int_equal(rrq.options.blksize, 1428);
    assert_int_equal(rrq.options.tsize, 0);
    assert_true(rf_address_same(&p.send.to, &p.server));
    give_oack(&p, 1428, 1428 + 100);
    assert_ack(&p, 0);
    give_data(&p, 1, 1428);
    assert_ack(&p, 1);
    assert_false(p.t.is_done);
    give_data(&p, 2, 100);
    assert_ack(&p, 2);
    assert_int_equal(p.t.file.len, 1528);
    assert_int_equal(p.t.file.p[1427], 'b');
    assert_int_equal(p.t.file.p[1428], 'c');
    finish(&p, RF_FETCH_OK, "");
}

/* ---- windows ---- */

static void begin_window(struct play *p, uint16_t asked, uint16_t agreed)
{
    const struct rf_fetch_limits limits = {.window = asked};
    begin(p, 100000, &limits);
    assert_int_equal(sent(p).options.windowsize, asked);
    struct rf_tftp_packet o = {
        .op = RF_TFTP_OACK,
        .options = {
            .has_blksize = true, .blksize = 100, .has_windowsize = true, .windowsize = agreed}};
    give(p, &p->peer, &o);
}

static void a_window_is_acknowledged_at_its_end(void **state)
{
    struct play p;
    begin_window(&p, 8, 4);
    assert_ack(&p, 0);
    for (uint16_t block = 1; block <= 9; block++) {
        give_data(&p, block, 100);
        if (block % 4 == 0)
            assert_ack(&p, block);
        else
            assert_silent(&p);
    }
    give_data(&p, 10, 7); /* the last, in the middle of a window */
    assert_ack(&p, 10);
    assert_int_equal(p.t.file.len, 907);
    finish(&p, RF_FETCH_OK, "");
}

/* spec: RFC 7440 4: the ACK of the last block in order has the server begin again behind it. */
static void a_gap_in_a_window_is_told_once(void **state)
{
    struct play p;
    begin_window(&p, 4, 4);
    give_data(&p, 1, 100);
    give_data(&p, 3, 100); /* 2 is lost */
    assert_ack(&p, 1);
    give_data(&p, 4, 100);
    assert_silent(&p);
    for (uint16_t block = 2; block <= 5; block++)
        give_data(&p, block, 100);
    assert_ack(&p, 5);
    give_data(&p, 7, 100); /* and so is 6 */
    assert_ack(&p, 5);
    give_data(&p, 5, 100); /* a late one is nothing */
    assert_int_equal(p.t.file.len, 500);
    give_data(&p, 6, 1);
    assert_ack(&p, 6);
    finish(&p, RF_FETCH_OK, "");
}

static void a_window_that_stops_is_acknowledged_as_far_as_it_came(void **state)
{
    struct play p;
    begin_window(&p, 4, 4);
    give_data(&p, 1, 100);
    give_data(&p, 2, 100);
    let_time_pass(&p);
    assert_ack(&p, 2);
    let_time_pass(&p); /* and again */
    assert_ack(&p, 2);
    for (uint16_t block = 3; block <= 6; block++)
        give_data(&p, block, 100);
    assert_ack(&p, 6);
    give_data(&p, 7, 0);
    finish(&p, RF_FETCH_OK, "");
}

static void a_larger_window_than_asked_for_ends_it(void **state)
{
    struct play p;
    begin_window(&p, 4, 5);
    assert_int_equal(sent(&p).op, RF_TFTP_ERROR);
    finish(&p, RF_FETCH_ERROR, "tftp-option");
}

static void models_have_their_ways(void **state)
{
    static const struct {
        const char *model;
        bool https, http;
    } rows[] = {{"7940", false, false}, {"7960G", false, false}, {"7921", false, false},
                {"7962", false, true},  {"7975", false, true},   {"8945", false, true},
                {"9971", false, true},  {"7821", true, true},    {"8861", true, true},
                {"88", false, true},    {"", false, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_fetch_ways ways = rf_fetch_ways_of(rows[i].model);
        assert_int_equal(ways.https, rows[i].https);
        assert_int_equal(ways.http, rows[i].http);
    }
    assert_string_equal(rf_fetch_via_name(RF_FETCH_HTTPS), "https");
}

static void a_file_from_a_server_without_options(void **state)
{
    struct play p;
    begin(&p, 10000, NULL);
    give_data(&p, 1, 512);
    assert_ack(&p, 1);
    give_data(&p, 2, 0); /* a multiple of the block size ends with an empty block */
    assert_ack(&p, 2);
    assert_int_equal(p.t.file.len, 512);
    finish(&p, RF_FETCH_OK, "");
    begin(&p, 10000, NULL);
    give_data(&p, 1, 0);
    assert_int_equal(p.t.file.len, 0);
    finish(&p, RF_FETCH_OK, "");
}

static void a_server_that_refuses_options_is_asked_without(void **state)
{
    struct play p;
    begin(&p, 10000, NULL);
    give_error(&p, RF_TFTP_ERR_OPTION);
    struct rf_tftp_packet rrq = sent(&p);
    assert_int_equal(rrq.op, RF_TFTP_RRQ);
    assert_false(rrq.options.has_blksize || rrq.options.has_tsize);
    assert_true(rf_address_same(&p.send.to, &p.server));
    give_data(&p, 1, 3);
    finish(&p, RF_FETCH_OK, "");
    /* Without options it is an error like others. */
    struct rf_fetch_limits plain = {.no_options = true};
    begin(&p, 10000, &plain);
    assert_false(sent(&p).options.has_blksize);
    give_error(&p, RF_TFTP_ERR_OPTION);
    finish(&p, RF_FETCH_ERROR, "tftp-error");
}

static void errors_of_the_server_have_their_meaning(void **state)
{
    static const struct {
        uint16_t code;
        enum rf_fetch_result result;
        const char *why;
    } rows[] = {
        {RF_TFTP_ERR_NOT_FOUND, RF_FETCH_NOT_FOUND, "file-not-found"},
        {RF_TFTP_ERR_ACCESS, RF_FETCH_ACCESS, "tftp-access"},
        {RF_TFTP_ERR_OTHER, RF_FETCH_ERROR, "tftp-error"},
        {RF_TFTP_ERR_ILLEGAL, RF_FETCH_ERROR, "tftp-error"},
        {999, RF_FETCH_ERROR, "tftp-error"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct play p;
        begin(&p, 10000, NULL);
        give_error(&p, rows[i].code);
        assert_silent(&p);
        assert_null(strchr(p.t.why.text, '\n')); /* the server's words are made safe */
        finish(&p, rows[i].result, rows[i].why);
    }
}

static void a_file_longer_than_allowed_is_not_taken(void **state)
{
    struct play p;
    /* As announced, before a byte of it was sent. */
    begin(&p, 1000, NULL);
    give_oack(&p, 1428, 1001);
    assert_int_equal(sent(&p).op, RF_TFTP_ERROR);
    finish(&p, RF_FETCH_TOO_LONG, "file-too-large");
    /* Exactly as long as allowed. */
    begin(&p, 1000, NULL);
    give_oack(&p, 1428, 1000);
    give_data(&p, 1, 1000);
    finish(&p, RF_FETCH_OK, "");
    /* Not announced, or announced wrongly. */
    begin(&p, 1000, NULL);
    give_data(&p, 1, 512);
    give_data(&p, 2, 512);
    assert_int_equal(sent(&p).op, RF_TFTP_ERROR);
    finish(&p, RF_FETCH_TOO_LONG, "file-too-large");
    begin(&p, 1000, NULL);
    give_oack(&p, 1428, 11);
    give_data(&p, 1, 10);
    finish(&p, RF_FETCH_ERROR, "tftp-size");
}

static void options_that_were_not_asked_for_end_it(void **state)
{
    static const struct rf_tftp_options bad[] = {
        {.has_blksize = true, .blksize = 1429},
        {.has_windowsize = true, .windowsize = 8},
        {.has_timeout = true, .timeout_s = 2},
    };
    struct play p;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(&p, 10000, NULL);
        struct rf_tftp_packet o = {.op = RF_TFTP_OACK, .options = bad[i]};
        give(&p, &p.peer, &o);
        assert_int_equal(sent(&p).error_code, RF_TFTP_ERR_OPTION);
        finish(&p, RF_FETCH_ERROR, "tftp-option");
    }
    struct rf_fetch_limits plain = {.no_options = true};
    begin(&p, 10000, &plain);
    give_oack(&p, 512, 5);
    finish(&p, RF_FETCH_ERROR, "tftp-option");
}

static void a_block_longer_than_agreed_ends_it(void **state)
{
    struct play p;
    begin(&p, 10000, NULL);
    give_oack(&p, 1000, 5000);
    give_data(&p, 1, 1001);
    assert_int_equal(sent(&p).op, RF_TFTP_ERROR);
    finish(&p, RF_FETCH_ERROR, "tftp-block-long");
}

static void a_lost_acknowledgement_is_repeated_and_nothing_breeds(void **state)
{
    struct play p;
    begin(&p, 10000, NULL);
    give_oack(&p, 1428, 5000);
    give_oack(&p, 1428, 5000);
    assert_ack(&p, 0);
    give_data(&p, 1, 1428);
    give_data(&p, 1, 1428); /* our ACK was lost */
    assert_ack(&p, 1);
    assert_int_equal(p.t.file.len, 1428);
    give_data(&p, 2, 1428);
    give_data(&p, 1, 1428); /* an old copy */
    assert_silent(&p);
    give_data(&p, 7, 1428); /* out of order */
    assert_silent(&p);
    assert_int_equal(p.t.file.len, 2 * 1428);
    rf_fetch_transfer_fini(&p.t);
}

static void the_last_block_is_answered_again_for_a_while(void **state)
{
    struct play p;
    begin(&p, 10000, NULL);
    give_data(&p, 1, 5);
    assert_true(p.t.is_done);
    give_data(&p, 1, 5);
    assert_ack(&p, 1);
    assert_int_equal(p.t.file.len, 5);
    let_time_pass(&p);
    assert_silent(&p);
    assert_int_equal(rf_fetch_transfer_wait_ms(&p.t, p.now), -1);
    give_data(&p, 1, 5);
    assert_silent(&p);
    finish(&p, RF_FETCH_OK, "");
}

static void strangers_change_nothing(void **state)
{
    struct play p;
    struct rf_address stranger;
    assert_err(rf_address_parse("198.51.100.7", 69, &stranger, NULL), RF_OK);
    begin(&p, 10000, NULL);
    struct rf_tftp_packet d = {.op = RF_TFTP_DATA, .block = 1, .data = rf_slice_str("not yours")};
    give(&p, &stranger, &d);
    assert_silent(&p);
    assert_int_equal(p.t.phase, RF_FETCH_ASKING);
    give_data(&p, 1, 512);
    /* The same host from another port is told so, and our transfer goes on. */
    struct rf_tftp_packet e = {.op = RF_TFTP_ERROR, .error_code = 1};
    give(&p, &p.other, &e);
    assert_int_equal(sent(&p).error_code, RF_TFTP_ERR_UNKNOWN_TID);
    assert_true(rf_address_same(&p.send.to, &p.other));
    give_data(&p, 2, 1);
    assert_int_equal(p.t.file.len, 513);
    finish(&p, RF_FETCH_OK, "");
}

static void what_cannot_be_read_is_as_if_lost(void **state)
{
    struct play p;
    begin(&p, 10000, NULL);
    static const char *const junk[] = {"", "\x00", "\x00\x03\x00", "\x00\x09zz"};
    static const size_t len[] = {0, 1, 3, 4};
    for (size_t i = 0; i < 4; i++) {
        rf_fetch_transfer_packet(&p.t, &p.peer, rf_slice_of(junk[i], len[i]), p.now, &p.send);
        assert_silent(&p);
    }
    struct rf_tftp_packet ack = {.op = RF_TFTP_ACK, .block = 0};
    give(&p, &p.peer, &ack);
    assert_silent(&p);
    give_data(&p, 2, 10); /* no transfer begins with its second block */
    assert_silent(&p);
    assert_int_equal(p.t.phase, RF_FETCH_ASKING);
    give_data(&p, 1, 10);
    finish(&p, RF_FETCH_OK, "");
}

static void a_silent_server_is_asked_six_times_with_growing_waits(void **state)
{
    struct play p;
    begin(&p, 10000, NULL);
    uint64_t start = p.now, base = 1000;
    for (int i = 0; i < 5; i++) {
        uint64_t wait = (uint64_t)rf_fetch_transfer_wait_ms(&p.t, p.now);
        assert_in_range(wait, base * 3 / 4, base * 5 / 4);
        /* A moment too early nothing happens. */
        rf_fetch_transfer_time(&p.t, p.now + wait - 1, &p.send);
        assert_silent(&p);
        let_time_pass(&p);
        assert_int_equal(sent(&p).op, RF_TFTP_RRQ);
        base = base * 2 > 8000 ? 8000 : base * 2;
    }
    let_time_pass(&p);
    assert_silent(&p);
    assert_in_range(p.now - start, 23000, 40000);
    finish(&p, RF_FETCH_TIMEOUT, "tftp-timeout");
}

static void a_server_that_falls_silent_is_reminded(void **state)
{
    struct play p;
    struct rf_fetch_limits two = {.retry_ms = 100, .tries = 2};
    begin(&p, 10000, &two);
    give_oack(&p, 1428, 5000);
    give_data(&p, 1, 1428);
    let_time_pass(&p);
    assert_ack(&p, 1);
    give_data(&p, 2, 1428); /* tries are counted anew after progress */
    let_time_pass(&p);
    assert_ack(&p, 2);
    let_time_pass(&p);
    finish(&p, RF_FETCH_TIMEOUT, "tftp-timeout");
}

static void a_transfer_that_drips_ends_at_its_limit(void **state)
{
    struct play p;
    struct rf_fetch_limits limit = {.total_ms = 60000};
    begin(&p, 1000000, &limit);
    give_oack(&p, 8, 100000);
    uint16_t block = 1;
    for (; !p.t.is_done && block < 1000; block++) {
        p.now += 500;
        give_data(&p, block, 8);
    }
    assert_in_range(block, 119, 122);
    finish(&p, RF_FETCH_TIMEOUT, "tftp-timeout");
}

static void block_numbers_roll_over_to_zero(void **state)
{
    struct play p;
    begin(&p, 1000000, NULL);
    give_oack(&p, 8, 8 * 65537 + 1);
    for (uint32_t block = 1; block <= 65537; block++)
        give_data(&p, (uint16_t)block, 8);
    assert_ack(&p, 1);
    give_data(&p, 2, 1);
    assert_int_equal(p.t.file.len, 8 * 65537 + 1);
    finish(&p, RF_FETCH_OK, "");
}

static void a_name_must_fit_the_request(void **state)
{
    struct play p;
    begin(&p, 10, NULL);
    rf_fetch_transfer_fini(&p.t);
    char name[RF_FETCH_NAME_MAX + 2];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    static const struct rf_fetch_limits limits;
    struct rf_why why = {0};
    assert_refused(rf_fetch_transfer_start(&p.t, &p.server, name, 10, &limits, 0, &p.send, &why),
                   RF_ERR_BAD, why, "fetch-name");
    why = (struct rf_why){0};
    assert_refused(rf_fetch_transfer_start(&p.t, &p.server, "", 10, &limits, 0, &p.send, &why),
                   RF_ERR_BAD, why, "fetch-name");
    name[RF_FETCH_NAME_MAX] = '\0';
    assert_err(rf_fetch_transfer_start(&p.t, &p.server, name, 10, &limits, 0, &p.send, NULL),
               RF_OK);
}

/* ---- over sockets ---- */

#define SERVED_LEN 3000

/* A server of one file, "known", on one socket: good enough for a client that must take its word
 * from the port that answers. */
struct served {
    struct rf_loop *loop;
    struct rf_udp *udp;
    struct rf_fetcher *fetcher;
    bool is_mute;
    unsigned requests;
    uint8_t content[SERVED_LEN];
    /* what the client got */
    unsigned calls;
    enum rf_fetch_result result;
    struct rf_buf file;
    struct rf_why why;
};

static void serve(struct rf_udp *udp, const struct rf_address *from, struct rf_slice packet)
{
    struct served *s = rf_udp_owner(udp);
    struct rf_tftp_packet in, out = {0};
    uint8_t buf[2000];
    struct rf_slice bytes;
    assert_err(rf_tftp_decode(packet, &in, NULL), RF_OK);
    s->requests += in.op == RF_TFTP_RRQ;
    if (s->is_mute || in.op == RF_TFTP_ERROR)
        return;
    if (in.op == RF_TFTP_RRQ && !rf_slice_eq_str(in.name, "known")) {
        out = (struct rf_tftp_packet){.op = RF_TFTP_ERROR, .error_code = RF_TFTP_ERR_NOT_FOUND};
    } else if (in.op == RF_TFTP_RRQ) {
        out = (struct rf_tftp_packet){.op = RF_TFTP_OACK, .options = in.options};
        out.options.tsize = SERVED_LEN;
    } else {
        size_t at = (size_t)in.block * RF_FETCH_BLKSIZE;
        if (at > SERVED_LEN)
            return; /* the last block was acknowledged */
        out = (struct rf_tftp_packet){
            .op = RF_TFTP_DATA,
            .block = (uint16_t)(in.block + 1),
            .data = rf_slice_part(rf_slice_of(s->content, SERVED_LEN), at, RF_FETCH_BLKSIZE)};
    }
    assert_err(rf_tftp_encode(&out, buf, sizeof buf, &bytes), RF_OK);
    assert_err(rf_udp_send(udp, from, bytes, NULL), RF_OK);
}

static void take(void *arg, enum rf_fetch_result result, struct rf_buf *file,
                 const struct rf_why *why)
{
    struct served *s = arg;
    s->calls++;
    rf_buf_fini(&s->file);
    s->result = result;
    s->file = *file;
    *file = (struct rf_buf){0};
    s->why = *why;
}

static void turn_until(struct served *s, unsigned calls)
{
    for (int i = 0; i < 500 && s->calls < calls; i++)
        rf_loop_turn(s->loop, 10);
    assert_int_equal(s->calls, calls);
}

static void *ask_at(struct served *s, const char *host, const char *name, size_t max)
{
    void *fetch = NULL;
    assert_err(rf_fetch_real()->get(s->fetcher, host, name, max, take, s, &fetch, NULL), RF_OK);
    return fetch;
}

static void *ask(struct served *s, const char *name, size_t max)
{
    return ask_at(s, NULL, name, max);
}

static int sockets_up(void **state)
{
    struct served *s = rf_new(struct served);
    s->loop = rf_loop_new(rf_clock_real(), "test");
    for (size_t i = 0; i < SERVED_LEN; i++)
        s->content[i] = (uint8_t)(i * 7);
    struct rf_udp_conf udp = {.on_packet = serve, .owner = s, .address = "127.0.0.1"};
    assert_err(rf_udp_open(s->loop, &udp, &s->udp, NULL), RF_OK);
    struct rf_fetch_conf conf = {.loop = s->loop,
                                 .host = "127.0.0.1",
                                 .port = rf_udp_port(s->udp),
                                 .limits = {.retry_ms = 5, .tries = 3}};
    assert_err(rf_fetcher_new(&conf, &s->fetcher, NULL), RF_OK);
    *state = s;
    return 0;
}

static int sockets_down(void **state)
{
    struct served *s = *state;
    rf_fetcher_free(s->fetcher);
    rf_udp_close(s->udp);
    rf_loop_free(s->loop);
    rf_buf_fini(&s->file);
    rf_free(s);
    return 0;
}

static void a_file_comes_over_sockets(void **state)
{
    struct served *s = *state;
    ask(s, "known", 4000);
    turn_until(s, 1);
    assert_int_equal(s->result, RF_FETCH_OK);
    assert_slice_eq(rf_buf_slice(&s->file), rf_slice_of(s->content, SERVED_LEN));
    /* Another may be asked for while the first still lingers. */
    ask(s, "unknown", 4000);
    turn_until(s, 2);
    assert_int_equal(s->result, RF_FETCH_NOT_FOUND);
    assert_int_equal(s->file.len, 0);
    ask(s, "known", SERVED_LEN - 1);
    turn_until(s, 3);
    assert_int_equal(s->result, RF_FETCH_TOO_LONG);
}

static void another_server_may_be_named_for_one_file(void **state)
{
    struct served *s = *state;
    void *fetch = NULL;
    struct rf_why why = {0};
    ask_at(s, "127.0.0.1", "known", 4000);
    turn_until(s, 1);
    assert_int_equal(s->result, RF_FETCH_OK);
    assert_refused(
        rf_fetch_real()->get(s->fetcher, "tftp.example", "known", 10, take, s, &fetch, &why),
        RF_ERR_BAD, why, "address-bad");
    /* Nobody serves there. */
    ask_at(s, "127.0.0.2", "known", 4000);
    turn_until(s, 2);
    assert_int_equal(s->result, RF_FETCH_TIMEOUT);
}

static void a_mute_server_is_given_up_over_sockets(void **state)
{
    struct served *s = *state;
    s->is_mute = true;
    ask(s, "known", 4000);
    turn_until(s, 1);
    assert_int_equal(s->result, RF_FETCH_TIMEOUT);
    assert_int_equal(s->requests, 3);
}

static void a_cancelled_file_never_comes(void **state)
{
    struct served *s = *state;
    void *fetch = ask(s, "known", 4000);
    rf_fetch_real()->cancel(fetch);
    ask(s, "known", 4000);
    turn_until(s, 1);
    for (int i = 0; i < 5; i++)
        rf_loop_turn(s->loop, 5);
    assert_int_equal(s->calls, 1);
    /* And one under way when the fetcher goes: nothing is heard of it (sockets_down frees it). */
    ask(s, "known", 4000);
}

static void a_server_is_named_by_a_number(void **state)
{
    struct served *s = *state;
    struct rf_fetcher *none = NULL;
    struct rf_why why = {0};
    struct rf_fetch_conf conf = {.loop = s->loop, .host = "tftp.example"};
    assert_refused(rf_fetcher_new(&conf, &none, &why), RF_ERR_BAD, why, "address-bad");
    conf.host = "127.0.0.1";
    assert_err(rf_fetcher_new(&conf, &none, NULL), RF_OK);
    rf_fetcher_free(none);
}

int main(void)
{
#define ON_SOCKETS(name) cmocka_unit_test_setup_teardown(name, sockets_up, sockets_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_in_large_blocks),
        cmocka_unit_test(a_look_does_not_take_the_last_block),
        cmocka_unit_test(a_window_is_acknowledged_at_its_end),
        cmocka_unit_test(a_gap_in_a_window_is_told_once),
        cmocka_unit_test(a_window_that_stops_is_acknowledged_as_far_as_it_came),
        cmocka_unit_test(a_larger_window_than_asked_for_ends_it),
        cmocka_unit_test(models_have_their_ways),
        cmocka_unit_test(a_file_from_a_server_without_options),
        cmocka_unit_test(a_server_that_refuses_options_is_asked_without),
        cmocka_unit_test(errors_of_the_server_have_their_meaning),
        cmocka_unit_test(a_file_longer_than_allowed_is_not_taken),
        cmocka_unit_test(options_that_were_not_asked_for_end_it),
        cmocka_unit_test(a_block_longer_than_agreed_ends_it),
        cmocka_unit_test(a_lost_acknowledgement_is_repeated_and_nothing_breeds),
        cmocka_unit_test(the_last_block_is_answered_again_for_a_while),
        cmocka_unit_test(strangers_change_nothing),
        cmocka_unit_test(what_cannot_be_read_is_as_if_lost),
        cmocka_unit_test(a_silent_server_is_asked_six_times_with_growing_waits),
        cmocka_unit_test(a_server_that_falls_silent_is_reminded),
        cmocka_unit_test(a_transfer_that_drips_ends_at_its_limit),
        cmocka_unit_test(block_numbers_roll_over_to_zero),
        cmocka_unit_test(a_name_must_fit_the_request),
        ON_SOCKETS(a_file_comes_over_sockets),
        ON_SOCKETS(another_server_may_be_named_for_one_file),
        ON_SOCKETS(a_mute_server_is_given_up_over_sockets),
        ON_SOCKETS(a_cancelled_file_never_comes),
        ON_SOCKETS(a_server_is_named_by_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
