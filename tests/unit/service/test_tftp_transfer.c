/* SPDX-License-Identifier: Apache-2.0 */
/* One transfer, packet by packet, with a clock turned by hand: every option alone and together,
 * every way a network can lose, repeat and reorder, numbers that wrap, and all the ways to end. */
#include "grid.h"

#include <stdlib.h>

#include "base/file.h"
#include "service/provision/tftp_transfer.h"

#define SENT_MAX 64

/* The network: what the transfer sent since we last looked. */
struct net {
    struct rf_tftp_transfer t;
    uint64_t now_ms;
    size_t n;
    struct {
        uint8_t bytes[4 + RF_TFTP_SERVER_BLKSIZE];
        size_t len;
        struct rf_tftp_packet p;
    } sent[SENT_MAX];
    uint64_t packets; /* in all */
    uint8_t *file;
    size_t file_len;
};

static void note(void *arg, struct rf_slice packet)
{
    struct net *net = arg;
    assert_true(net->n < SENT_MAX);
    assert_true(packet.len <= sizeof net->sent[0].bytes);
    memcpy(net->sent[net->n].bytes, packet.p, packet.len);
    net->sent[net->n].len = packet.len;
    assert_err(rf_tftp_decode(rf_slice_of(net->sent[net->n].bytes, packet.len),
                              &net->sent[net->n].p, NULL),
               RF_OK);
    net->n++;
    net->packets++;
}

static struct net *begin_of(size_t len, struct rf_tftp_options asked)
{
    struct net *net = rf_new(struct net);
    net->file_len = len;
    net->file = rf_try_alloc(len, (size_t)128 * 1024 * 1024);
    assert_non_null(net->file);
    for (size_t i = 0; i < len; i++)
        net->file[i] = (uint8_t)(i * 7 + (i >> 9) * 13);
    net->now_ms = 5000;
    struct rf_tftp_transfer_conf conf = {.content = rf_slice_of(net->file, len),
                                         .asked = asked,
                                         .retry_ms = 1000,
                                         .tries = 6,
                                         .seed = 42,
                                         .send = note,
                                         .arg = net};
    rf_tftp_transfer_init(&net->t, &conf, net->now_ms);
    return net;
}

static void end_of(struct net *net)
{
    rf_free(net->file);
    rf_free(net);
}

static void freep(struct net **net)
{
    end_of(*net);
}

static struct net *begin(size_t len)
{
    return begin_of(len, (struct rf_tftp_options){0});
}

static void ack(struct net *net, uint16_t block)
{
    uint8_t bytes[4];
    struct rf_slice whole;
    struct rf_tftp_packet p = {.op = RF_TFTP_ACK, .block = block};
    assert_err(rf_tftp_encode(&p, bytes, sizeof bytes, &whole), RF_OK);
    rf_tftp_transfer_packet(&net->t, whole, net->now_ms);
}

static void error(struct net *net, uint16_t code)
{
    uint8_t bytes[64];
    struct rf_slice whole;
    struct rf_tftp_packet p = {
        .op = RF_TFTP_ERROR, .error_code = code, .error_text = rf_slice_str("no \x01more")};
    assert_err(rf_tftp_encode(&p, bytes, sizeof bytes, &whole), RF_OK);
    rf_tftp_transfer_packet(&net->t, whole, net->now_ms);
}

static void pass(struct net *net, uint64_t ms)
{
    net->now_ms += ms;
    rf_tftp_transfer_time(&net->t, net->now_ms);
}

/* What is left of a window that goes out in parts. */
static void pass_pauses(struct net *net)
{
    while (rf_tftp_transfer_deadline(&net->t) - net->now_ms <= RF_TFTP_TRANSFER_PAUSE_MS)
        pass(net, 1);
}

/* These data blocks were sent, and nothing else; they are forgotten. */
static void expect_blocks(struct net *net, uint64_t first, size_t n)
{
    assert_int_equal(net->n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(net->sent[i].p.op, RF_TFTP_DATA);
        assert_int_equal(net->sent[i].p.block, (uint16_t)(first + i));
        struct rf_slice want =
            rf_slice_part(rf_slice_of(net->file, net->file_len),
                          (size_t)(first + i - 1) * net->t.blksize, net->t.blksize);
        assert_slice_eq(net->sent[i].p.data, want);
    }
    net->n = 0;
}

static void expect_nothing(struct net *net)
{
    assert_int_equal(net->n, 0);
}

static void expect_oack(struct net *net)
{
    assert_int_equal(net->n, 1);
    assert_int_equal(net->sent[0].p.op, RF_TFTP_OACK);
    net->n = 0;
}

static void expect_failed(struct net *net, const char *code)
{
    assert_true(rf_tftp_transfer_is_over(&net->t));
    assert_false(rf_tftp_transfer_is_complete(&net->t));
    assert_string_equal(net->t.why.code, code);
}

/* ---- without options ---- */

static void a_file_goes_block_by_block(void **state)
{
    RF_AUTO(freep) struct net *net = begin(1200);
    expect_blocks(net, 1, 1);
    ack(net, 1);
    expect_blocks(net, 2, 1);
    ack(net, 2);
    assert_int_equal(net->sent[0].p.data.len, 176);
    expect_blocks(net, 3, 1);
    assert_false(rf_tftp_transfer_is_over(&net->t));
    assert_int_equal(rf_tftp_transfer_bytes(&net->t), 1024);
    ack(net, 3);
    expect_nothing(net);
    assert_true(rf_tftp_transfer_is_complete(&net->t));
    assert_false(rf_tftp_transfer_is_last_ack_missing(&net->t));
    assert_int_equal(rf_tftp_transfer_bytes(&net->t), 1200);
    /* After the end nothing comes back to life. */
    ack(net, 3);
    ack(net, 2);
    rf_tftp_transfer_asked_again(&net->t, net->now_ms);
    pass(net, 100000);
    expect_nothing(net);
}

static void sizes_around_a_block_end_with_a_shorter_one(void **state)
{
    static const struct {
        size_t len, blocks, last;
    } rows[] = {{0, 1, 0}, {1, 1, 1}, {511, 1, 511}, {512, 2, 0}, {513, 2, 1}, {1024, 3, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(freep) struct net *net = begin(rows[i].len);
        for (size_t block = 1; block <= rows[i].blocks; block++) {
            assert_false(rf_tftp_transfer_is_over(&net->t));
            if (block == rows[i].blocks)
                assert_int_equal(net->sent[0].p.data.len, rows[i].last);
            expect_blocks(net, block, 1);
            ack(net, (uint16_t)block);
        }
        assert_true(rf_tftp_transfer_is_complete(&net->t));
        assert_int_equal(rf_tftp_transfer_bytes(&net->t), rows[i].len);
    }
}

/* 65535 blocks of 512 and one more or less: the number goes on with 0, not 1. */
static void block_numbers_wrap_to_zero(void **state)
{
    static const size_t lens[] = {(size_t)65535 * 512 - 1, (size_t)65535 * 512,
                                  (size_t)65535 * 512 + 1, (size_t)65537 * 512 + 3};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        RF_AUTO(freep) struct net *net = begin(lens[i]);
        uint64_t blocks = lens[i] / 512 + 1;
        for (uint64_t block = 1; block <= blocks; block++) {
            expect_blocks(net, block, 1);
            /* An old number from a turn ago does nothing. */
            if (block > 65530)
                ack(net, (uint16_t)(block - 2));
            expect_nothing(net);
            ack(net, (uint16_t)block);
        }
        assert_true(rf_tftp_transfer_is_complete(&net->t));
        assert_int_equal(rf_tftp_transfer_bytes(&net->t), lens[i]);
        assert_int_equal(net->packets, blocks);
    }
}

/* ---- options ---- */

static void each_option_is_answered_alone_and_together(void **state)
{
    for (unsigned set = 1; set < 16; set++) {
        struct rf_tftp_options asked = {.has_blksize = set & 1,
                                        .blksize = 1000,
                                        .has_timeout = set & 2,
                                        .timeout_s = 3,
                                        .has_tsize = set & 4,
                                        .has_windowsize = set & 8,
                                        .windowsize = 4};
        RF_AUTO(freep) struct net *net = begin_of(9000, asked);
        struct rf_tftp_options got = net->sent[0].p.options;
        expect_oack(net);
        assert_int_equal(got.has_blksize, asked.has_blksize);
        assert_int_equal(got.has_timeout, asked.has_timeout);
        assert_int_equal(got.has_tsize, asked.has_tsize);
        assert_int_equal(got.has_windowsize, asked.has_windowsize);
        assert_int_equal(got.blksize, asked.has_blksize ? 1000 : 0);
        assert_int_equal(got.timeout_s, asked.has_timeout ? 3 : 0);
        assert_int_equal(got.tsize, asked.has_tsize ? 9000 : 0);
        assert_int_equal(got.windowsize, asked.has_windowsize ? 4 : 0);
        assert_int_equal(got.unknown_n + got.refused_n, 0);
        /* Nothing of the file, and no window, before the client is heard. */
        pass(net, asked.has_timeout ? 2000 : 700);
        expect_nothing(net);
        ack(net, 0);
        assert_int_equal(net->sent[0].p.data.len, asked.has_blksize ? 1000 : 512);
        size_t window = asked.has_windowsize ? 4 : 1;
        expect_blocks(net, 1, window);
        /* To the end. */
        for (uint64_t block = window; !rf_tftp_transfer_is_over(&net->t); block += window) {
            uint64_t blocks = net->t.blocks;
            ack(net, (uint16_t)(block < blocks ? block : blocks));
            net->n = 0;
        }
        assert_true(rf_tftp_transfer_is_complete(&net->t));
    }
}

static void big_wishes_are_cut_and_extremes_are_kept(void **state)
{
    struct rf_tftp_options big = {
        .has_blksize = true, .blksize = 65464, .has_windowsize = true, .windowsize = 65535};
    RF_AUTO(freep) struct net *net = begin_of(100000, big);
    assert_int_equal(net->sent[0].p.options.blksize, RF_TFTP_SERVER_BLKSIZE);
    assert_int_equal(net->sent[0].p.options.windowsize, RF_TFTP_SERVER_WINDOW);
    expect_oack(net);
    ack(net, 0);
    expect_blocks(net, 1, RF_TFTP_SERVER_WINDOW);
    struct rf_tftp_options small = {
        .has_blksize = true, .blksize = 8, .has_windowsize = true, .windowsize = 1};
    RF_AUTO(freep) struct net *tiny = begin_of(100, small);
    assert_int_equal(tiny->sent[0].p.options.blksize, 8);
    assert_int_equal(tiny->sent[0].p.options.windowsize, 1);
    expect_oack(tiny);
    for (uint16_t block = 0; block < 13; block++) {
        ack(tiny, block);
        expect_blocks(tiny, block + 1U, 1);
    }
    ack(tiny, 13);
    assert_true(rf_tftp_transfer_is_complete(&tiny->t));
}

/* What the client asked that nobody here knows is as if it had not been asked. */
static void unknown_and_bad_options_alone_give_data_at_once(void **state)
{
    struct rf_tftp_options odd = {.unknown_n = 2, .refused_n = 1};
    RF_AUTO(freep) struct net *net = begin_of(700, odd);
    expect_blocks(net, 1, 1);
}

static void a_client_may_refuse_the_options(void **state)
{
    struct rf_tftp_options asked = {.has_tsize = true};
    RF_AUTO(freep) struct net *net = begin_of(700, asked);
    expect_oack(net);
    error(net, RF_TFTP_ERR_OPTION);
    expect_nothing(net);
    expect_failed(net, "tftp-peer-error");
    assert_int_equal(rf_tftp_transfer_bytes(&net->t), 0);
    /* A peer's text is shown escaped. */
    assert_non_null(strstr(net->t.why.text, "no \\x01more"));
}

static void an_oack_is_only_answered_by_ack_zero(void **state)
{
    struct rf_tftp_options asked = {.has_tsize = true};
    RF_AUTO(freep) struct net *net = begin_of(700, asked);
    expect_oack(net);
    ack(net, 1);
    expect_nothing(net);
    ack(net, 0);
    expect_blocks(net, 1, 1);
    ack(net, 0);
    expect_nothing(net);
}

/* ---- lost, repeated, out of order ---- */

/* Each packet of the server arrives twice and each ACK too: still each block is sent once. */
static void a_duplicated_ack_never_sends_data_again(void **state)
{
    for (uint16_t window = 1; window <= 4; window += 3) {
        struct rf_tftp_options asked = {.has_windowsize = window > 1, .windowsize = window};
        RF_AUTO(freep) struct net *net = begin_of((size_t)512 * 40, asked);
        if (window > 1) {
            expect_oack(net);
            ack(net, 0);
        }
        ack(net, 0);
        for (uint64_t block = 1; block <= 41; block += window) {
            size_t n = 41 - block + 1 < window ? (size_t)(41 - block + 1) : window;
            expect_blocks(net, block, n);
            ack(net, (uint16_t)(block + n - 1));
            size_t had = net->n;
            ack(net, (uint16_t)(block + n - 1));
            ack(net, (uint16_t)(block + n - 1));
            assert_int_equal(net->n, had);
        }
        assert_true(rf_tftp_transfer_is_complete(&net->t));
        assert_int_equal(net->packets, 41 + (window > 1));
        assert_int_equal(net->t.repeated, 0);
    }
}

static void a_delayed_ack_after_a_repetition_does_not_double_the_rest(void **state)
{
    RF_AUTO(freep) struct net *net = begin((size_t)512 * 10);
    expect_blocks(net, 1, 1);
    pass(net, 1300);
    expect_blocks(net, 1, 1); /* the ACK was only slow */
    ack(net, 1);
    expect_blocks(net, 2, 1);
    ack(net, 1); /* of the repetition */
    expect_nothing(net);
    for (uint16_t block = 2; block <= 11; block++) {
        ack(net, block);
        ack(net, block);
        if (block < 11)
            expect_blocks(net, block + 1U, 1);
    }
    assert_true(rf_tftp_transfer_is_complete(&net->t));
    assert_int_equal(net->packets, 12);
    assert_int_equal(net->t.repeated, 1);
}

static void acks_of_the_past_and_of_the_future_are_ignored(void **state)
{
    RF_AUTO(freep) struct net *net = begin((size_t)512 * 10);
    for (uint16_t block = 1; block <= 4; block++) {
        expect_blocks(net, block, 1);
        ack(net, block);
    }
    expect_blocks(net, 5, 1);
    static const uint16_t odd[] = {0, 1, 2, 3, 4, 6, 7, 11, 32768, 65535};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        ack(net, odd[i]);
    expect_nothing(net);
    ack(net, 5);
    expect_blocks(net, 6, 1);
}

static void a_gap_in_a_window_is_sent_again_from_there(void **state)
{
    struct rf_tftp_options asked = {.has_windowsize = true, .windowsize = 4};
    RF_AUTO(freep) struct net *net = begin_of((size_t)512 * 20, asked);
    expect_oack(net);
    ack(net, 0);
    expect_blocks(net, 1, 4);
    ack(net, 2); /* block 3 was lost */
    pass_pauses(net);
    expect_blocks(net, 3, 4);
    assert_int_equal(net->t.repeated, 2); /* 3 and 4, and not 5 and 6 */
    ack(net, 2);                          /* and that ACK came twice */
    expect_nothing(net);
    ack(net, 6);
    pass_pauses(net);
    expect_blocks(net, 7, 4);
    ack(net, 4); /* older than what is acknowledged */
    expect_nothing(net);
    /* The first block of a window lost: its ACK cannot be told from a repeated one, so time
     * decides. */
    ack(net, 6);
    expect_nothing(net);
    pass(net, 1300);
    pass_pauses(net);
    expect_blocks(net, 7, 4);
    assert_int_equal(net->t.repeated, 6);
    assert_int_equal(rf_tftp_transfer_bytes(&net->t), 6 * 512);
}

static struct net *begin_window(size_t blocks)
{
    struct rf_tftp_options asked = {.has_windowsize = true, .windowsize = 16};
    struct net *net = begin_of(512 * blocks, asked);
    expect_oack(net);
    ack(net, 0);
    expect_blocks(net, 1, 16);
    return net;
}

/* A client whose buffer is too small for a window would never get one whole. */
static void after_a_loss_windows_go_out_in_parts(void **state)
{
    RF_AUTO(freep) struct net *net = begin_window(100);
    ack(net, 5);
    expect_blocks(net, 6, 8);
    pass(net, RF_TFTP_TRANSFER_PAUSE_MS - 1);
    expect_nothing(net);
    pass(net, 1);
    expect_blocks(net, 14, 8);
    /* From then on the client is waited for. */
    assert_in_range(rf_tftp_transfer_deadline(&net->t) - net->now_ms, 750, 1250);
    ack(net, 21);
    expect_blocks(net, 22, 8);
    ack(net, 21); /* twice: no reason to hurry */
    expect_nothing(net);
    pass(net, RF_TFTP_TRANSFER_PAUSE_MS);
    expect_blocks(net, 30, 8);
    /* Each further loss halves the part, down to one block. */
    static const size_t parts[] = {4, 2, 1, 1};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        pass(net, rf_tftp_transfer_deadline(&net->t) - net->now_ms);
        for (size_t sent = 0; sent < 16; sent += parts[i]) {
            expect_blocks(net, 22 + sent, parts[i]);
            pass(net, RF_TFTP_TRANSFER_PAUSE_MS);
        }
        expect_nothing(net);
    }
    ack(net, 37);
    expect_blocks(net, 38, 1);
    assert_false(rf_tftp_transfer_is_over(&net->t));
}

/* The ACK of a whole window was only slow: it counts, though the window is on its way again. */
static void a_slow_ack_ends_a_window_that_is_being_repeated(void **state)
{
    RF_AUTO(freep) struct net *net = begin_window(100);
    pass(net, 1300);
    expect_blocks(net, 1, 8);
    ack(net, 16);
    expect_blocks(net, 17, 8);
    pass_pauses(net);
    expect_blocks(net, 25, 8);
    /* A client that acknowledges between two parts has lost nothing. */
    ack(net, 32);
    expect_blocks(net, 33, 8);
    ack(net, 40);
    expect_blocks(net, 41, 8);
    pass_pauses(net);
    expect_blocks(net, 49, 8);
}

static void windows_reach_across_the_wrap(void **state)
{
    struct rf_tftp_options asked = {
        .has_blksize = true, .blksize = 8, .has_windowsize = true, .windowsize = 16};
    size_t len = (size_t)8 * 65600 + 5;
    RF_AUTO(freep) struct net *net = begin_of(len, asked);
    expect_oack(net);
    ack(net, 0);
    uint64_t acked = 0;
    while (!rf_tftp_transfer_is_over(&net->t)) {
        uint64_t left = net->t.blocks - acked;
        size_t n = left < 16 ? (size_t)left : 16;
        pass_pauses(net);
        expect_blocks(net, acked + 1, n);
        /* A gap in the very window that wraps. */
        if (acked < 65535 && acked + n > 65535) {
            ack(net, 65535);
            acked = 65535;
            continue;
        }
        acked += n;
        ack(net, (uint16_t)acked);
    }
    assert_true(rf_tftp_transfer_is_complete(&net->t));
    assert_int_equal(rf_tftp_transfer_bytes(&net->t), len);
}

static void other_packets_do_not_disturb(void **state)
{
    RF_AUTO(freep) struct net *net = begin(2000);
    expect_blocks(net, 1, 1);
    static const uint8_t junk[][6] = {{0, 1, 'a', 0, 'b', 0}, /* RRQ with an odd mode */
                                      {0, 3, 0, 1, 'x', 'y'}, /* DATA */
                                      {0, 4, 0, 1, 0, 0},     /* an ACK with a tail */
                                      {0, 9, 0, 1, 0, 0},
                                      {0}};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++)
        for (size_t len = 0; len <= sizeof *junk; len++)
            if (len != 4 || i != 2)
                rf_tftp_transfer_packet(&net->t, rf_slice_of(junk[i], len), net->now_ms);
    expect_nothing(net);
    /* The twin: the ACK without its tail. */
    rf_tftp_transfer_packet(&net->t, rf_slice_of(junk[2], 4), net->now_ms);
    expect_blocks(net, 2, 1);
}

/* ---- time ---- */

/* The wait doubles from 1 s to 8 s, a quarter more or less; six sendings, then silence. */
static void silence_is_met_with_patience_and_then_given_up(void **state)
{
    RF_AUTO(freep) struct net *net = begin(2000);
    expect_blocks(net, 1, 1);
    static const uint64_t waits[] = {1000, 2000, 4000, 8000, 8000};
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        uint64_t due = rf_tftp_transfer_deadline(&net->t) - net->now_ms;
        assert_in_range(due, waits[i] * 3 / 4, waits[i] * 5 / 4);
        pass(net, due - 1);
        expect_nothing(net);
        pass(net, 1);
        expect_blocks(net, 1, 1);
    }
    assert_false(rf_tftp_transfer_is_over(&net->t));
    pass(net, rf_tftp_transfer_deadline(&net->t) - net->now_ms);
    expect_nothing(net);
    expect_failed(net, "tftp-timeout");
    assert_int_equal(net->packets, 6);
    assert_false(rf_tftp_transfer_is_last_ack_missing(&net->t));
}

/* Whoever writes somebody else's address on a request makes us send that one block, or an offer,
 * and five repeats of it; never a window. */
static void a_forged_request_costs_its_victim_six_packets(void **state)
{
    static const struct rf_tftp_options rows[] = {
        {0},
        {.has_windowsize = true, .windowsize = 16, .has_blksize = true, .blksize = 1428},
        {.has_timeout = true, .timeout_s = 1, .has_windowsize = true, .windowsize = 65535},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(freep) struct net *net = begin_of(100000, rows[i]);
        size_t bytes = 0;
        for (unsigned s = 0; s < 1000; s++)
            pass(net, 1000);
        for (size_t k = 0; k < net->n; k++)
            bytes += net->sent[k].len;
        assert_int_equal(net->n, 6);
        assert_true(bytes <= (i == 0 ? 6 * 516 : 6 * 80));
        expect_failed(net, "tftp-timeout");
    }
}

/* Together they are the packets that one by one would have gone out. */
static bool note_together(void *arg, struct rf_slice packets, size_t each)
{
    for (size_t at = 0; at < packets.len; at += each)
        note(arg, rf_slice_part(packets, at, each));
    return true;
}

static bool refuse_together(void *arg, struct rf_slice packets, size_t each)
{
    return false;
}

static void a_window_in_one_call(void **state)
{
    for (int takes = 0; takes <= 1; takes++) {
        RF_AUTO(freep)
        struct net *net = begin_of(20 * 1000 + 17, (struct rf_tftp_options){.has_windowsize = true,
                                                                            .windowsize = 16,
                                                                            .has_blksize = true,
                                                                            .blksize = 1000});
        net->t.conf.send_segments = takes ? note_together : refuse_together;
        expect_oack(net);
        ack(net, 0);
        expect_blocks(net, 1, 16);
        ack(net, 16);
        expect_blocks(net, 17, 5); /* the last is shorter */
        ack(net, 21);
        assert_true(rf_tftp_transfer_is_complete(&net->t));
    }
}

static void an_offer_is_repeated_too(void **state)
{
    struct rf_tftp_options asked = {.has_timeout = true, .timeout_s = 2};
    RF_AUTO(freep) struct net *net = begin_of(2000, asked);
    expect_oack(net);
    uint64_t due = rf_tftp_transfer_deadline(&net->t) - net->now_ms;
    assert_in_range(due, 1500, 2500); /* the client's time-out */
    pass(net, due);
    expect_oack(net);
    due = rf_tftp_transfer_deadline(&net->t) - net->now_ms;
    assert_in_range(due, 3000, 5000);
    ack(net, 0);
    expect_blocks(net, 1, 1);
    assert_int_equal(net->t.repeated, 1);
    /* Progress: the wait begins anew. */
    due = rf_tftp_transfer_deadline(&net->t) - net->now_ms;
    assert_in_range(due, 1500, 2500);
}

static void a_client_with_a_long_timeout_is_given_the_time(void **state)
{
    struct rf_tftp_options asked = {.has_timeout = true, .timeout_s = 255};
    RF_AUTO(freep) struct net *net = begin_of(2000, asked);
    expect_oack(net);
    pass(net, RF_TFTP_TRANSFER_IDLE_MS);
    assert_false(rf_tftp_transfer_is_over(&net->t));
    pass(net, 320000 - RF_TFTP_TRANSFER_IDLE_MS);
    expect_oack(net);
    pass(net, 510000 - 320000);
    expect_failed(net, "tftp-timeout");
}

static void without_progress_it_ends_after_half_a_minute(void **state)
{
    RF_AUTO(freep) struct net *net = begin(2000);
    net->t.conf.tries = 1000;
    uint64_t began = net->now_ms;
    while (!rf_tftp_transfer_is_over(&net->t)) {
        pass(net, rf_tftp_transfer_deadline(&net->t) - net->now_ms);
        net->n = 0;
    }
    assert_int_equal(net->now_ms - began, RF_TFTP_TRANSFER_IDLE_MS);
    expect_failed(net, "tftp-timeout");
}

static void a_slow_reader_ends_after_ten_minutes(void **state)
{
    RF_AUTO(freep) struct net *net = begin((size_t)512 * 1000);
    uint64_t began = net->now_ms;
    uint16_t block = 0;
    while (!rf_tftp_transfer_is_over(&net->t)) {
        pass(net, 700);
        if (!rf_tftp_transfer_is_over(&net->t))
            ack(net, ++block);
        net->n = 0;
    }
    assert_in_range(net->now_ms - began, RF_TFTP_TRANSFER_TOTAL_MS,
                    RF_TFTP_TRANSFER_TOTAL_MS + 700);
    expect_failed(net, "tftp-timeout");
}

static void a_lost_last_ack_is_told_apart(void **state)
{
    RF_AUTO(freep) struct net *net = begin(700);
    expect_blocks(net, 1, 1);
    ack(net, 1);
    expect_blocks(net, 2, 1);
    pass(net, 1300);
    expect_blocks(net, 2, 1); /* the last block is repeated like any other */
    rf_tftp_transfer_unreachable(&net->t, net->now_ms);
    expect_failed(net, "port-unreachable");
    assert_true(rf_tftp_transfer_is_last_ack_missing(&net->t));
    assert_false(rf_tftp_transfer_is_looked_at(&net->t));
    assert_int_equal(rf_tftp_transfer_bytes(&net->t), 700);
    /* The twin: the block before it is missing as well. */
    RF_AUTO(freep) struct net *half = begin(1300);
    expect_blocks(half, 1, 1);
    ack(half, 1);
    rf_tftp_transfer_unreachable(&half->t, half->now_ms);
    expect_failed(half, "port-unreachable");
    assert_false(rf_tftp_transfer_is_last_ack_missing(&half->t));
    half->n = 0;
}

static void a_client_that_gives_up_ends_it(void **state)
{
    RF_AUTO(freep) struct net *net = begin(2000);
    ack(net, 1);
    net->n = 0;
    error(net, RF_TFTP_ERR_FULL);
    expect_nothing(net);
    expect_failed(net, "tftp-peer-error");
    assert_int_equal(rf_tftp_transfer_bytes(&net->t), 512);
}

/* As `ringphone doctor` does, and nobody is taken for the phone. */
static void a_client_that_leaves_with_an_error_has_no_file(void **state)
{
    static const struct {
        uint16_t code;
        bool is_looked_at;
    } cases[] = {{RF_TFTP_ERR_OTHER, true}, {RF_TFTP_ERR_FULL, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RF_AUTO(freep) struct net *net = begin(700);
        ack(net, 1);
        net->n = 0;
        error(net, cases[i].code);
        expect_failed(net, "tftp-peer-error");
        assert_false(rf_tftp_transfer_is_last_ack_missing(&net->t));
        assert_int_equal(rf_tftp_transfer_is_looked_at(&net->t), cases[i].is_looked_at);
        assert_int_equal(rf_tftp_transfer_bytes(&net->t), 512);
    }
    /* Before the end the client cannot know what it refuses. */
    RF_AUTO(freep) struct net *half = begin(2000);
    ack(half, 1);
    half->n = 0;
    error(half, RF_TFTP_ERR_OTHER);
    expect_failed(half, "tftp-peer-error");
    assert_false(rf_tftp_transfer_is_looked_at(&half->t));
}

static void a_repeated_request_gets_the_first_packet_again(void **state)
{
    RF_AUTO(freep) struct net *net = begin(2000);
    expect_blocks(net, 1, 1);
    rf_tftp_transfer_asked_again(&net->t, net->now_ms);
    expect_blocks(net, 1, 1);
    ack(net, 1);
    expect_blocks(net, 2, 1);
    rf_tftp_transfer_asked_again(&net->t, net->now_ms);
    expect_nothing(net); /* it was on its way for long */
    struct rf_tftp_options asked = {.has_tsize = true};
    RF_AUTO(freep) struct net *offer = begin_of(2000, asked);
    expect_oack(offer);
    rf_tftp_transfer_asked_again(&offer->t, offer->now_ms);
    expect_oack(offer);
    assert_int_equal(offer->t.repeated, 1);
}

/* A network that loses, repeats and delays at random: every file arrives whole, and the number of
 * packets stays near that of the blocks. */
static void bad_networks_only_cost_time(void **state)
{
    uint32_t x = 2463534242U;
    for (unsigned run = 0; run < 40; run++) {
        struct rf_tftp_options asked = {.has_blksize = true,
                                        .blksize = 16,
                                        .has_windowsize = true,
                                        .windowsize = (uint16_t)(1 + run % 16)};
        RF_AUTO(freep) struct net *net = begin_of((size_t)16 * 70 + run, asked);
        uint64_t expected = 1;
        uint16_t pending[8];
        size_t pending_n = 0;
        bool has_begun = false;
        while (!rf_tftp_transfer_is_over(&net->t)) {
            uint64_t before = expected;
            bool any = false, gap = false;
            for (size_t i = 0; i < net->n; i++) {
                x ^= x << 13, x ^= x >> 17, x ^= x << 5;
                if (x % 10 == 0)
                    continue; /* lost */
                any = true;
                if (net->sent[i].p.op == RF_TFTP_OACK)
                    continue;
                has_begun = true;
                if (net->sent[i].p.block == expected)
                    expected++;
                else
                    gap = true;
            }
            net->n = 0;
            /* The ACK may be lost, come twice, or wait for the next round. */
            x ^= x << 13, x ^= x >> 17, x ^= x << 5;
            uint16_t mine = (uint16_t)(expected - 1);
            if (any && (expected > before || gap || !has_begun) && x % 8 != 0 && pending_n < 8)
                pending[pending_n++] = mine;
            if (pending_n > 0 && x % 5 != 0) {
                size_t at = x % pending_n;
                uint16_t which = pending[at];
                pending[at] = pending[--pending_n];
                ack(net, which);
                if (x % 3 == 0)
                    ack(net, which);
            } else {
                pass(net, 400);
            }
            assert_true(net->now_ms < 5000 + RF_TFTP_TRANSFER_TOTAL_MS);
            if (rf_tftp_transfer_is_over(&net->t) && !rf_tftp_transfer_is_complete(&net->t))
                break; /* silent for too long is an end as well */
        }
        if (rf_tftp_transfer_is_complete(&net->t))
            assert_int_equal(expected - 1, net->t.blocks);
        assert_int_equal(net->packets, 1 + net->t.sent + net->t.repeated);
        assert_true(net->packets < net->t.blocks * 16);
    }
}

/* ---- the table ---- */

static void the_grid_is_the_checked_in_one(void **state)
{
    (void)state;
    assert_grid("tftp.txt",
                "# A TFTP transfer: state, event, action, next state. Pairs without a line do "
                "nothing.\n# Written by tests/unit/service/test_tftp_transfer.c with "
                "RF_GRID_WRITE=1.\n",
                rf_tftp_transfer_fsm_def(), rf_tftp_transfer_action_name);
    assert_actions_named(rf_tftp_transfer_fsm_def(), rf_tftp_transfer_action_name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_goes_block_by_block),
        cmocka_unit_test(sizes_around_a_block_end_with_a_shorter_one),
        cmocka_unit_test(block_numbers_wrap_to_zero),
        cmocka_unit_test(each_option_is_answered_alone_and_together),
        cmocka_unit_test(big_wishes_are_cut_and_extremes_are_kept),
        cmocka_unit_test(unknown_and_bad_options_alone_give_data_at_once),
        cmocka_unit_test(a_client_may_refuse_the_options),
        cmocka_unit_test(an_oack_is_only_answered_by_ack_zero),
        cmocka_unit_test(a_duplicated_ack_never_sends_data_again),
        cmocka_unit_test(a_delayed_ack_after_a_repetition_does_not_double_the_rest),
        cmocka_unit_test(acks_of_the_past_and_of_the_future_are_ignored),
        cmocka_unit_test(a_gap_in_a_window_is_sent_again_from_there),
        cmocka_unit_test(after_a_loss_windows_go_out_in_parts),
        cmocka_unit_test(a_slow_ack_ends_a_window_that_is_being_repeated),
        cmocka_unit_test(windows_reach_across_the_wrap),
        cmocka_unit_test(other_packets_do_not_disturb),
        cmocka_unit_test(silence_is_met_with_patience_and_then_given_up),
        cmocka_unit_test(a_forged_request_costs_its_victim_six_packets),
        cmocka_unit_test(a_window_in_one_call),
        cmocka_unit_test(an_offer_is_repeated_too),
        cmocka_unit_test(a_client_with_a_long_timeout_is_given_the_time),
        cmocka_unit_test(without_progress_it_ends_after_half_a_minute),
        cmocka_unit_test(a_slow_reader_ends_after_ten_minutes),
        cmocka_unit_test(a_lost_last_ack_is_told_apart),
        cmocka_unit_test(a_client_that_gives_up_ends_it),
        cmocka_unit_test(a_client_that_leaves_with_an_error_has_no_file),
        cmocka_unit_test(a_repeated_request_gets_the_first_packet_again),
        cmocka_unit_test(bad_networks_only_cost_time),
        cmocka_unit_test(the_grid_is_the_checked_in_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
