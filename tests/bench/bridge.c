/* SPDX-License-Identifier: Apache-2.0 */
/* Packets through the media server for each second of its CPU time, or through a bare loop over as
 * many sockets, with the same codec and the same calls of libsrtp2.
 *
 *     bench_bridge server|bare LEGS SECONDS SUITE CODEC     CODEC: u-law, A-law, G.722, mixed
 *
 * The phones are a process of their own: each sends a packet every 20 ms and throws away what
 * comes. Prints packets in and out, and the CPU seconds of the one thread that handled them. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "media/server_int.h"

#define LEGS_MAX    2000
#define MIX_OF      8
#define TICK_NS     20000000L
#define WARM_UP_S   1
#define BATCH       16
#define PACKET_MAX  512
#define FRAME_TYPES 3

struct leg {
    enum rf_media_codec codec;
    struct rf_media_key to_us, to_phone;
    uint16_t our_port, phone_port;
};

static struct leg legs[LEGS_MAX];
static size_t legs_n;

static void give_up(const char *what)
{
    fprintf(stderr, "bridge: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void check(enum rf_err err, const struct rf_why *why)
{
    if (err == RF_OK)
        return;
    fprintf(stderr, "bridge: %s\n", rf_why_text(why));
    exit(1);
}

static double cpu_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int new_timer(void)
{
    struct itimerspec when = {.it_interval.tv_nsec = TICK_NS, .it_value.tv_nsec = TICK_NS};
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (timer < 0 || timerfd_settime(timer, 0, &when, NULL) != 0)
        give_up("timer");
    return timer;
}

static uint64_t wait_tick(int timer)
{
    uint64_t due = 0;
    return read(timer, &due, sizeof due) == (ssize_t)sizeof due ? due : 0;
}

static struct sockaddr_in address(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* --- sockets read as the media server reads them --- */

static struct mmsghdr in[BATCH];
static struct iovec in_io[BATCH];
static struct sockaddr_storage in_from[BATCH];
static _Alignas(8) uint8_t in_bytes[BATCH][PACKET_MAX];

static void reader_init(void)
{
    for (size_t i = 0; i < BATCH; i++) {
        in_io[i] = (struct iovec){in_bytes[i], PACKET_MAX};
        in[i].msg_hdr = (struct msghdr){.msg_name = &in_from[i],
                                        .msg_namelen = sizeof in_from[i],
                                        .msg_iov = &in_io[i],
                                        .msg_iovlen = 1};
    }
}

/* --- the phones --- */

struct phone {
    int fd;
    struct rf_srtp *out;
    struct sockaddr_in to;
    uint16_t seq;
    uint8_t frame[RF_CODEC_FRAME];
};

/* A tone of its own, so that there is something to add up. */
static void make_frame(struct phone *p, const struct leg *leg, size_t i)
{
    int16_t pcm[RF_CODEC_SAMPLES_MAX];
    struct rf_codec *codec;
    check(rf_codec_new(leg->codec, &codec, NULL), NULL);
    for (size_t k = 0; k < RF_CODEC_SAMPLES_MAX; k++)
        pcm[k] = (int16_t)((k * (i + 3) % 80) * 60);
    rf_codec_encode(codec, pcm, p->frame);
    rf_codec_free(codec);
}

static void say(struct phone *p, const struct leg *leg, uint32_t ssrc)
{
    _Alignas(8) uint8_t packet[PACKET_MAX];
    struct rf_wr wr = rf_wr_of(packet, sizeof packet);
    struct rf_rtp rtp = {.payload_type = rf_media_codec_get(leg->codec)->payload_type,
                         .seq = p->seq++,
                         .timestamp = p->seq * 160u,
                         .ssrc = ssrc,
                         .payload = rf_slice_of(p->frame, sizeof p->frame)};
    check(rf_rtp_encode(&rtp, &wr, NULL), NULL);
    size_t len = wr.len;
    if (p->out != NULL && !rf_srtp_protect(p->out, packet, &len))
        give_up("protect");
    (void)!sendto(p->fd, packet, len, MSG_DONTWAIT, (struct sockaddr *)&p->to, sizeof p->to);
}

static void read_all(int from, void *to, size_t n)
{
    for (size_t have = 0; have < n;) {
        ssize_t got = read(from, (char *)to + have, n - have);
        if (got <= 0)
            give_up("pipe");
        have += (size_t)got;
    }
}

static void write_all(int to, const void *from, size_t n)
{
    for (size_t have = 0; have < n;) {
        ssize_t put = write(to, (const char *)from + have, n - have);
        if (put <= 0)
            give_up("pipe");
        have += (size_t)put;
    }
}

static void run_phones(int from_parent, int to_parent)
{
    static struct phone phones[LEGS_MAX];
    uint16_t ports[LEGS_MAX];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    check(rf_srtp_setup(NULL), NULL);
    for (size_t i = 0; i < legs_n; i++) {
        struct phone *p = &phones[i];
        uint32_t ssrc = (uint32_t)i + 1;
        check(rf_media_bind("127.0.0.1", &p->fd, &ports[i], NULL), NULL);
        if (legs[i].to_us.suite != RF_MEDIA_CLEAR)
            check(rf_srtp_new_sender(&legs[i].to_us, ssrc, &p->out, NULL), NULL);
        make_frame(p, &legs[i], i);
    }
    write_all(to_parent, ports, legs_n * sizeof *ports);
    read_all(from_parent, ports, legs_n * sizeof *ports);
    for (size_t i = 0; i < legs_n; i++)
        phones[i].to = address(ports[i]);
    reader_init();
    for (int timer = new_timer();;) {
        wait_tick(timer);
        for (size_t i = 0; i < legs_n; i++) {
            say(&phones[i], &legs[i], (uint32_t)i + 1);
            (void)recvmmsg(phones[i].fd, in, BATCH, MSG_DONTWAIT, NULL);
        }
    }
}

/* --- the media server --- */

struct result {
    uint64_t in, out;
    double cpu_s;
};

static void on_event(void *reader, const struct rf_media_leg_event *event)
{
    (void)reader, (void)event;
}

static void open_legs(struct rf_media_server *server)
{
    struct rf_why why = {0};
    for (size_t i = 0; i < legs_n; i++) {
        struct rf_media_leg_conf conf = {
            .codec = legs[i].codec, .packet_ms = 20, .key = &legs[i].to_us};
        struct rf_media_remote remote = {.host = "127.0.0.1", .port = legs[i].phone_port};
        rf_media_leg leg;
        check(rf_media_leg_open(server, &conf, &leg, &legs[i].our_port, &why), &why);
        check(rf_media_leg_send(server, leg, &remote, &legs[i].to_phone, &why), &why);
        check(rf_media_leg_join(server, leg, 1 + (uint32_t)i / MIX_OF, &why), &why);
    }
}

static void tell_ports(int to_phones)
{
    uint16_t ports[LEGS_MAX];
    for (size_t i = 0; i < legs_n; i++)
        ports[i] = legs[i].our_port;
    write_all(to_phones, ports, legs_n * sizeof *ports);
}

static struct result run_server(unsigned seconds, int to_phones)
{
    struct rf_why why = {0};
    struct rf_media_server *server;
    struct rf_mailbox *events = rf_mailbox_new("bench", 65536);
    struct rf_media_server_conf conf = {
        .local = "127.0.0.1", .legs_max = LEGS_MAX, .events_to = events, .on_event = on_event};
    struct rf_media_server_counts before, after;
    clockid_t cpu;
    check(rf_media_server_start(&conf, &server, &why), &why);
    open_legs(server);
    tell_ports(to_phones);
    if (pthread_getcpuclockid(server->thread, &cpu) != 0)
        give_up("clock");
    sleep(WARM_UP_S);
    rf_media_server_count(server, &before);
    double began = cpu_s(cpu);
    sleep(seconds);
    rf_media_server_count(server, &after);
    struct result r = {.in = after.packets_in - before.packets_in,
                       .out = after.packets_out - before.packets_out,
                       .cpu_s = cpu_s(cpu) - began};
    rf_media_server_stop(server);
    rf_mailbox_run(events, NULL);
    rf_mailbox_free(events);
    return r;
}

/* --- the bare loop --- */

struct bare {
    int fd;
    struct sockaddr_in to;
    struct rf_srtp *in, *out;
    struct rf_codec *codec;
};

static struct bare all[LEGS_MAX];

struct bare_job {
    unsigned seconds;
    struct result result;
};

/* What a packet costs at least: off with the cipher, decoded, encoded, and out under another key.
 */
static bool pass_on(struct bare *b, uint8_t *packet, size_t len)
{
    int16_t pcm[RF_CODEC_SAMPLES_MAX];
    if (b->in != NULL && rf_srtp_unprotect(b->in, packet, &len) != RF_SRTP_GOOD)
        return false;
    if (len != RF_RTP_HEADER + RF_CODEC_FRAME)
        return false;
    rf_codec_decode(b->codec, &packet[RF_RTP_HEADER], pcm);
    rf_codec_encode(b->codec, pcm, &packet[RF_RTP_HEADER]);
    if (b->out != NULL && !rf_srtp_protect(b->out, packet, &len))
        return false;
    return sendto(b->fd, packet, len, MSG_DONTWAIT, (struct sockaddr *)&b->to, sizeof b->to) >= 0;
}

static void bare_tick(struct result *r)
{
    for (size_t i = 0; i < legs_n; i++) {
        int n = recvmmsg(all[i].fd, in, BATCH, MSG_DONTWAIT, NULL);
        for (int k = 0; k < n; k++) {
            r->in++;
            r->out += pass_on(&all[i], in_bytes[k], in[k].msg_len);
        }
    }
}

static void open_bare(int to_phones)
{
    struct rf_why why = {0};
    check(rf_srtp_setup(&why), &why);
    for (size_t i = 0; i < legs_n; i++) {
        struct bare *b = &all[i];
        check(rf_media_bind("127.0.0.1", &b->fd, &legs[i].our_port, &why), &why);
        check(rf_codec_new(legs[i].codec, &b->codec, &why), &why);
        b->to = address(legs[i].phone_port);
        if (legs[i].to_us.suite == RF_MEDIA_CLEAR)
            continue;
        check(rf_srtp_new_receiver(&legs[i].to_us, &b->in, &why), &why);
        /* It passes on the phone's source. */
        check(rf_srtp_new_sender(&legs[i].to_phone, (uint32_t)i + 1, &b->out, &why), &why);
    }
    tell_ports(to_phones);
}

/* On a thread of its own like the server's: locks and memory cost more where there are two. */
static void *bare_main(void *arg)
{
    struct bare_job *job = arg;
    struct result r = {0};
    int timer = new_timer();
    reader_init();
    for (uint64_t tick = 0; tick < WARM_UP_S * 50u;) {
        tick += wait_tick(timer);
        bare_tick(&r);
    }
    r = (struct result){.cpu_s = -cpu_s(CLOCK_THREAD_CPUTIME_ID)};
    for (uint64_t tick = 0; tick < job->seconds * 50u;) {
        tick += wait_tick(timer);
        bare_tick(&r);
    }
    r.cpu_s += cpu_s(CLOCK_THREAD_CPUTIME_ID);
    job->result = r;
    return NULL;
}

static struct result run_bare(unsigned seconds, int to_phones)
{
    struct bare_job job = {.seconds = seconds};
    pthread_t thread;
    open_bare(to_phones);
    if (pthread_create(&thread, NULL, bare_main, &job) != 0 || pthread_join(thread, NULL) != 0)
        give_up("thread");
    return job.result;
}

/* --- */

static enum rf_media_suite suite_of(const char *name)
{
    for (unsigned i = 0; i < RF_MEDIA_SUITES; i++)
        if (strcmp(name, rf_media_suite_name(i)) == 0)
            return i;
    errno = EINVAL;
    give_up(name);
    return RF_MEDIA_CLEAR;
}

static enum rf_media_codec codec_of(const char *name, size_t i)
{
    static const char *const names[FRAME_TYPES] = {"u-law", "A-law", "G.722"};
    for (unsigned k = 0; k < FRAME_TYPES; k++)
        if (strcmp(name, names[k]) == 0)
            return k;
    return i % 2 == 0 ? RF_MEDIA_PCMU : RF_MEDIA_G722;
}

int main(int argc, char **argv)
{
    int down[2], up[2];
    uint16_t ports[LEGS_MAX];
    if (argc != 6 || (legs_n = strtoul(argv[2], NULL, 10)) == 0 || legs_n > LEGS_MAX) {
        fprintf(stderr, "usage: bench_bridge server|bare LEGS SECONDS SUITE CODEC\n");
        return 2;
    }
    unsigned seconds = (unsigned)strtoul(argv[3], NULL, 10);
    for (size_t i = 0; i < legs_n; i++) {
        legs[i].codec = codec_of(argv[5], i);
        rf_media_key_make(suite_of(argv[4]), &legs[i].to_us);
        rf_media_key_make(suite_of(argv[4]), &legs[i].to_phone);
    }
    if (pipe(down) != 0 || pipe(up) != 0)
        give_up("pipe");
    pid_t phones = fork();
    if (phones < 0)
        give_up("fork");
    if (phones == 0)
        run_phones(down[0], up[1]);
    read_all(up[0], ports, legs_n * sizeof *ports);
    for (size_t i = 0; i < legs_n; i++)
        legs[i].phone_port = ports[i];
    struct result r =
        strcmp(argv[1], "server") == 0 ? run_server(seconds, down[1]) : run_bare(seconds, down[1]);
    kill(phones, SIGKILL);
    (void)waitpid(phones, NULL, 0);
    printf("%llu %llu %.6f\n", (unsigned long long)r.in, (unsigned long long)r.out, r.cpu_s);
    return 0;
}
