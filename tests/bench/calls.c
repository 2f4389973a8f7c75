/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted calls, set up and torn down.
 *
 *     bench_calls PORT PAIRS CALLS-A-SECOND SECONDS PIDS MAKER-CERT MAKER-KEY
 *
 * The phones are devices of bench_devices; of each pair the first calls the second. It goes off
 * hook, dials in one piece when it has its call, and the other answers as soon as it rings. When
 * both have been told to send, each with a key, the caller hangs up, and the call is over when both
 * have lost it. With 0 CALLS-A-SECOND each pair calls again at once; else calls are begun at that
 * rate, spread evenly, each by the pair that has rested longest. Whatever a phone has to answer it
 * does: capabilities, open channels, statistics. Prints the calls, the CPU seconds of PIDS
 * meanwhile, and milliseconds from off hook to ringing: median, 99th percentile, most. */
#include "load_sccp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCES   16
#define UNDER_WAY 64
#define PAYLOAD   RF_SCCP_CODEC_G711_ULAW_64K

struct phone {
    bool is_ready; /* registered, and has told its capabilities */
    bool is_caller;
    bool is_sending;
    uint32_t call; /* 0: idle */
    uint32_t line;
    double began_s;
};

static struct phone *phones;
static unsigned ready;
static unsigned pairs;
static unsigned *idle; /* pairs, a ring: who rested longest comes first */
static unsigned idle_at, idle_n;
static unsigned long done;
static double *ring_ms;
static size_t ring_n, ring_max;

static struct load_conn *other(struct load_conn *c)
{
    return &c->load->conn[c->slot ^ 1u];
}

static void on_open(struct load_conn *c)
{
    load_sccp_register(c);
}

/* ---- what a phone answers ---- */

static void tell_capabilities(struct load_conn *c)
{
    struct rf_sccp_msg m = {
        .id = RF_SCCP_CAPABILITIES_RES,
        .capabilities_res = {.count = 1, .caps = {{.payload = PAYLOAD, .max_frames = 40}}}};
    load_sccp_send(c, &m);
    ready += !phones[c->slot].is_ready;
    phones[c->slot].is_ready = true;
}

/* As load.c gives them out; media from elsewhere would be refused. */
static struct rf_sccp_addr address_of(const struct load_conn *c)
{
    return (struct rf_sccp_addr){.ip = {127, 0, 0, (uint8_t)(2 + c->slot % SOURCES)}};
}

static void open_channel(struct load_conn *c, const struct rf_sccp_open_receive_channel *open)
{
    struct rf_sccp_msg m = {
        .id = RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK,
        .open_receive_channel_ack = {.addr = address_of(c),
                                     .port = 20000 + 2 * (c->slot % 20000),
                                     .pass_through_party_id = open->pass_through_party_id,
                                     .call_reference = open->call_reference}};
    if (open->key.algorithm == RF_SCCP_SRTP_NONE)
        load_fail("a channel without a key");
    load_sccp_send(c, &m);
}

static void hang_up(struct load_conn *c)
{
    struct phone *p = &phones[c->slot];
    struct rf_sccp_msg m = {.id = RF_SCCP_ON_HOOK,
                            .on_hook = {.line_instance = p->line, .call_reference = p->call}};
    load_sccp_send(c, &m);
}

static void start_media(struct load_conn *c, const struct rf_sccp_start_media_transmission *start)
{
    struct rf_sccp_msg m = {
        .id = RF_SCCP_START_MEDIA_TRANSMISSION_ACK,
        .start_media_transmission_ack = {.conference_id = start->conference_id,
                                         .pass_through_party_id = start->pass_through_party_id,
                                         .call_reference = start->call_reference,
                                         .addr = address_of(c),
                                         .port = 20000 + 2 * (c->slot % 20000)}};
    if (start->key.algorithm == RF_SCCP_SRTP_NONE)
        load_fail("a stream without a key");
    load_sccp_send(c, &m);
    phones[c->slot].is_sending = true;
    if (phones[c->slot ^ 1u].is_sending)
        hang_up(phones[c->slot].is_caller ? c : other(c));
}

static void tell_statistics(struct load_conn *c,
                            const struct rf_sccp_connection_statistics_req *req)
{
    struct rf_sccp_msg m = {.id = RF_SCCP_CONNECTION_STATISTICS_RES,
                            .connection_statistics_res = {.directory_number = req->directory_number,
                                                          .call_reference = req->call_reference,
                                                          .mode = req->mode}};
    load_sccp_send(c, &m);
}

/* ---- the call ---- */

static void begin(struct load_conn *c, double due_s)
{
    struct rf_sccp_msg m = {.id = RF_SCCP_OFF_HOOK};
    phones[c->slot].is_caller = true;
    phones[c->slot].began_s = due_s;
    load_sccp_send(c, &m);
}

static void dial(struct load_conn *c)
{
    char number[16];
    snprintf(number, sizeof number, "2%07u", c->slot ^ 1u);
    struct rf_sccp_msg m = {
        .id = RF_SCCP_ENBLOC_CALL,
        .enbloc_call = {.called_party = rf_slice_str(number), .line_instance = 1}};
    load_sccp_send(c, &m);
}

static void answer(struct load_conn *c)
{
    struct phone *p = &phones[c->slot];
    double took_s = load_now_s() - phones[c->slot ^ 1u].began_s;
    struct rf_sccp_msg m = {.id = RF_SCCP_SOFTKEY_EVENT,
                            .softkey_event = {.event = RF_SCCP_KEY_ANSWER,
                                              .line_instance = p->line,
                                              .call_reference = p->call}};
    if (ring_n < ring_max)
        ring_ms[ring_n++] = took_s * 1000;
    load_sccp_send(c, &m);
}

static void lost(struct load_conn *c)
{
    struct phone *p = &phones[c->slot];
    p->call = 0;
    p->is_sending = p->is_caller = false;
    if (phones[c->slot ^ 1u].call != 0)
        return;
    done++;
    idle[(idle_at + idle_n++) % pairs] = c->slot / 2;
}

static void call_state(struct load_conn *c, const struct rf_sccp_call_state *s)
{
    struct phone *p = &phones[c->slot];
    if (s->state == RF_SCCP_STATE_ON_HOOK) {
        if (p->call == s->call_reference)
            lost(c);
        return;
    }
    if (p->call == 0 && (s->state == RF_SCCP_STATE_OFF_HOOK || s->state == RF_SCCP_STATE_RING_IN)) {
        p->call = s->call_reference;
        p->line = s->line_instance;
        s->state == RF_SCCP_STATE_RING_IN ? answer(c) : dial(c);
    } else if (s->state == RF_SCCP_STATE_BUSY || s->state == RF_SCCP_STATE_CONGESTION ||
               s->state == RF_SCCP_STATE_INVALID_NUMBER) {
        load_fail("a call was refused");
    }
}

static void take(struct load_conn *c, const struct rf_sccp_frame *frame)
{
    struct rf_sccp_msg m;
    if (frame->id != RF_SCCP_CAPABILITIES_REQ && frame->id != RF_SCCP_CALL_STATE &&
        frame->id != RF_SCCP_OPEN_RECEIVE_CHANNEL &&
        frame->id != RF_SCCP_START_MEDIA_TRANSMISSION &&
        frame->id != RF_SCCP_CONNECTION_STATISTICS_REQ)
        return; /* for eyes and ears */
    if (rf_sccp_decode(frame, &m, NULL) != RF_OK)
        load_fail("a message that could not be read");
    if (m.id == RF_SCCP_CAPABILITIES_REQ)
        tell_capabilities(c);
    else if (m.id == RF_SCCP_CALL_STATE)
        call_state(c, &m.call_state);
    else if (m.id == RF_SCCP_OPEN_RECEIVE_CHANNEL)
        open_channel(c, &m.open_receive_channel);
    else if (m.id == RF_SCCP_START_MEDIA_TRANSMISSION)
        start_media(c, &m.start_media_transmission);
    else
        tell_statistics(c, &m.connection_statistics_req);
}

static size_t on_data(struct load_conn *c, const uint8_t *p, size_t n)
{
    return load_sccp_read(c, p, n, take);
}

/* ---- the load ---- */

static void begin_next(struct load *l, double due_s)
{
    unsigned pair = idle[idle_at];
    idle_at = (idle_at + 1) % pairs;
    idle_n--;
    begin(&l->conn[(size_t)pair * 2], due_s);
}

static void run(struct load *l, unsigned rate, double seconds)
{
    double start = load_now_s();
    unsigned long begun = 0;
    for (double now = start; now < start + seconds; now = load_now_s()) {
        while (idle_n > 0 && (rate == 0 || (double)begun < (now - start) * rate)) {
            begin_next(l, rate == 0 ? now : start + (double)begun / rate);
            begun++;
        }
        load_turn(l, rate != 0 ? 1 : 100);
    }
    while (idle_n < pairs)
        load_turn(l, 100);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(double share)
{
    return ring_n > 0 ? ring_ms[(size_t)((double)(ring_n - 1) * share)] : 0;
}

static void connect_all(struct load *l)
{
    for (unsigned i = 0; i < l->conf.conns; i++) {
        load_connect(&l->conn[i]);
        while (i + 1 - ready >= UNDER_WAY)
            load_turn(l, 100);
    }
    while (ready < l->conf.conns)
        load_turn(l, 100);
    for (unsigned i = 0; i < pairs; i++)
        idle[idle_n++] = i;
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: bench_calls PORT PAIRS CALLS-A-SECOND SECONDS PIDS MAKER-CERT "
                        "MAKER-KEY\n");
        return 2;
    }
    pairs = load_number(argv[2]);
    ring_max = (size_t)1 << 20;
    struct load_conf conf = {.port = (uint16_t)load_number(argv[1]),
                             .version = TLS1_2_VERSION,
                             .conns = pairs * 2,
                             .sources = SOURCES,
                             .key = load_key_new("rsa"),
                             .on_open = on_open,
                             .on_data = on_data};
    phones = calloc(conf.conns, sizeof *phones);
    idle = calloc(pairs, sizeof *idle);
    ring_ms = calloc(ring_max, sizeof *ring_ms);
    if (phones == NULL || idle == NULL || ring_ms == NULL)
        load_fail("no memory");
    struct load *l = load_new(&conf);
    load_identities(l, argv[6], argv[7]);
    connect_all(l);
    double cpu = load_cpu_s(argv[5]);
    double began = load_now_s();
    run(l, load_number(argv[3]), load_number(argv[4]));
    double took = load_now_s() - began;
    cpu = load_cpu_s(argv[5]) - cpu;
    qsort(ring_ms, ring_n, sizeof *ring_ms, by_size);
    printf("%lu %.2f %.2f %.2f %.2f %.2f\n", done, took, cpu, percentile(0.5), percentile(0.99),
           percentile(1));
    load_free(l);
    EVP_PKEY_free(conf.key);
    free(phones);
    free(idle);
    free(ring_ms);
    return 0;
}
