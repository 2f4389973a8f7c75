/* SPDX-License-Identifier: Apache-2.0 */
#include "media_town.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#define HEARD_MAX (TOWN_HZ * 400) /* seconds */
#define NARROW    (8000 / TOWN_HZ)
#define DELAY_MAX (TOWN_HZ * 3 / 10)
#define STEP_MS   20.0
#define LOUDNESS  3

static void on_event(void *reader, const struct rf_media_leg_event *event)
{
    struct town *t = reader;
    if (t == NULL)
        return;
    assert_in_range(event->number, 0, t->phones - 1);
    struct town_phone *p = &t->phone[event->number];
    assert_int_equal(event->leg, p->leg);
    p->n[event->kind]++;
    p->stats = event->stats;
    if (event->reason != NULL)
        p->reason = event->reason;
}

/* --- speech --- */

static size_t add_speech(int16_t *to, const char *name)
{
    struct rf_media_clip *clip;
    char path[1024];
    const char *dir = getenv("RF_TEST_DATA");
    snprintf(path, sizeof path, "%s/speech/%s", dir != NULL ? dir : "tests/data", name);
    assert_err(rf_media_clip_load(path, &clip, NULL), RF_OK);
    struct rf_slice ulaw = rf_media_clip_ulaw(clip);
    size_t n = ulaw.len;
    rf_ulaw_decode_n(ulaw.p, n, to);
    for (size_t i = 0; i < n; i++)
        to[i] = (int16_t)(to[i] / LOUDNESS);
    rf_media_clip_unref(clip);
    return n;
}

static void load_speech(struct town *t)
{
    t->speech = malloc(200000 * sizeof *t->speech);
    assert_non_null(t->speech);
    t->speech_n = add_speech(t->speech, "ada.wav");
    t->speech_n += add_speech(&t->speech[t->speech_n], "ben.wav");
    t->speech_n -= t->speech_n % (TOWN_MAX * NARROW);
    t->slow = malloc(t->speech_n / NARROW * sizeof *t->slow);
    assert_non_null(t->slow);
    for (size_t i = 0; i < t->speech_n / NARROW; i++) {
        t->slow[i] = 0;
        for (size_t k = 0; k < NARROW; k++)
            t->slow[i] += (float)t->speech[NARROW * i + k] / NARROW;
    }
}

/* Each speaks from another place of it. */
static size_t place_of(const struct town *t, size_t i)
{
    return t->speech_n / TOWN_MAX * i;
}

/* --- phones --- */

int town_socket(const char *host, uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, host, &at.sin_addr), 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

void town_begin(struct town *t, unsigned legs_max)
{
    *t = (struct town){.events = rf_mailbox_new("town", 256)};
    struct rf_media_server_conf conf = {
        .local = "127.0.0.1", .legs_max = legs_max, .events_to = t->events, .on_event = on_event};
    load_speech(t);
    assert_err(rf_media_server_start_stepped(&conf, &t->server, NULL), RF_OK);
}

void town_end(struct town *t)
{
    rf_media_server_stop(t->server);
    town_events(t);
    for (size_t i = 0; i < t->phones; i++) {
        struct town_phone *p = &t->phone[i];
        assert_int_equal(p->n[RF_MEDIA_LEG_CLOSED], 1);
        close(p->fd);
        close(p->rtcp_fd);
        rf_codec_free(p->coder);
        rf_srtp_free(p->in);
        rf_srtp_free(p->out);
        free(p->heard);
    }
    rf_mailbox_free(t->events);
    free(t->speech);
    free(t->slow);
}

static void set_out(struct town_phone *p)
{
    rf_srtp_free(p->out);
    p->out = NULL;
    p->seq = (uint16_t)(p->ssrc & 0x7fff);
    if (p->key_out.suite != RF_MEDIA_CLEAR)
        assert_err(rf_srtp_new_sender(&p->key_out, p->ssrc, &p->out, NULL), RF_OK);
}

struct rf_media_leg_conf town_conf(const struct town *t, size_t i)
{
    return (struct rf_media_leg_conf){
        .codec = t->phone[i].codec, .packet_ms = 20, .key = &t->phone[i].key_out, .number = i};
}

struct town_phone *town_phone_open(struct town *t, enum rf_media_codec codec,
                                   enum rf_media_suite suite)
{
    assert_true(t->phones < TOWN_MAX);
    size_t i = t->phones++;
    struct town_phone *p = &t->phone[i];
    struct rf_why why = {0};
    *p = (struct town_phone){.codec = codec,
                             .ssrc = 0x1000u * (uint32_t)(i + 1),
                             .heard_max = HEARD_MAX,
                             .due_ms = t->now_ms + 1 + (double)i};
    p->heard = malloc(HEARD_MAX * sizeof *p->heard);
    assert_non_null(p->heard);
    assert_err(rf_media_bind_pair("127.0.0.1", &p->fd, &p->rtcp_fd, &p->port, NULL), RF_OK);
    assert_err(rf_codec_new(codec, &p->coder, NULL), RF_OK);
    rf_media_key_make(suite, &p->key_out);
    struct rf_media_leg_conf conf = town_conf(t, i);
    assert_err(rf_media_leg_open(t->server, &conf, &p->leg, &p->leg_port, &why), RF_OK);
    assert_true(p->leg != 0 && p->leg_port != 0 && p->leg_port % 2 == 0);
    set_out(p);
    return p;
}

void town_send(struct town *t, size_t i, bool is_port_free)
{
    struct town_phone *p = &t->phone[i];
    struct rf_media_remote remote = {
        .host = "127.0.0.1", .port = p->port, .tos = 0xb8, .is_port_free = is_port_free};
    rf_srtp_free(p->in);
    p->in = NULL;
    rf_media_key_make(p->key_out.suite, &p->key_in);
    if (p->key_in.suite != RF_MEDIA_CLEAR)
        assert_err(rf_srtp_new_receiver(&p->key_in, &p->in, NULL), RF_OK);
    assert_err(rf_media_leg_send(t->server, p->leg, &remote, &p->key_in, NULL), RF_OK);
}

void town_phone(struct town *t, enum rf_media_codec codec, enum rf_media_suite suite)
{
    town_phone_open(t, codec, suite);
    town_send(t, t->phones - 1, false);
}

void town_receive(struct town *t, size_t i, bool phone_too)
{
    struct town_phone *p = &t->phone[i];
    struct rf_media_key key;
    rf_media_key_make(p->key_out.suite, &key);
    assert_err(rf_media_leg_receive(t->server, p->leg, &key, NULL), RF_OK);
    if (!phone_too)
        return;
    p->key_out = key;
    p->ssrc++;
    set_out(p);
}

void town_join(struct town *t, size_t i, uint32_t mix)
{
    assert_err(rf_media_leg_join(t->server, t->phone[i].leg, mix, NULL), RF_OK);
}

void town_send_raw(struct town *t, size_t i, int fd, const uint8_t *packet, size_t len)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(t->phone[i].leg_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(sendto(fd, packet, len, 0, (struct sockaddr *)&to, sizeof to), len);
}

void town_report(struct town *t, size_t i, uint32_t ssrc, int fd, bool spoil)
{
    struct town_phone *p = &t->phone[i];
    _Alignas(8) uint8_t packet[RF_LEG_PACKET_MAX];
    struct rf_wr wr = rf_wr_of(packet, sizeof packet);
    struct rf_rtcp r = {.is_sender = true,
                        .ssrc = ssrc,
                        .ntp = 0x1111222233334444u,
                        .has_block = true,
                        .block = {.ssrc = p->peer_ssrc, .lost = 12, .jitter = 34}};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)(p->leg_port + 1)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_err(rf_rtcp_encode(&r, &wr, NULL), RF_OK);
    size_t len = wr.len;
    if (p->out != NULL)
        assert_true(rf_srtp_protect_rtcp(p->out, packet, &len));
    packet[len - 1] ^= spoil;
    memcpy(p->kept, packet, len);
    p->kept_len = len;
    assert_int_equal(sendto(fd, packet, len, 0, (struct sockaddr *)&to, sizeof to), len);
}

/* --- time --- */

static void next_pcm(const struct town *t, size_t i, int16_t *pcm)
{
    const struct town_phone *p = &t->phone[i];
    size_t at = place_of(t, i) + p->said, n = rf_media_codec_get(p->codec)->samples;
    size_t each = n / RF_CODEC_NARROW;
    /* Twice the rate: the sample between two is their mean. It is speech all the same. */
    for (size_t k = 0; k < n; k++) {
        int now = t->speech[(at + k / each) % t->speech_n];
        int then = t->speech[(at + k / each + 1) % t->speech_n];
        pcm[k] = (int16_t)(p->is_mute ? 0 : k % each == 0 ? now : (now + then) / 2);
    }
}

static void say(struct town *t, size_t i)
{
    struct town_phone *p = &t->phone[i];
    int16_t pcm[RF_CODEC_SAMPLES_MAX];
    uint8_t frame[RF_CODEC_FRAME];
    _Alignas(8) uint8_t packet[RF_LEG_PACKET_MAX];
    next_pcm(t, i, pcm);
    rf_codec_encode(p->coder, pcm, frame);
    p->said += RF_CODEC_NARROW;
    struct rf_rtp rtp = {.payload_type = rf_media_codec_get(p->codec)->payload_type,
                         .seq = p->seq++,
                         .timestamp = p->timestamp,
                         .ssrc = p->ssrc,
                         .payload = rf_slice_of(frame, sizeof frame)};
    struct rf_wr wr = rf_wr_of(packet, sizeof packet);
    p->timestamp += RF_CODEC_FRAME;
    assert_err(rf_rtp_encode(&rtp, &wr, NULL), RF_OK);
    size_t len = wr.len;
    if (p->out != NULL)
        assert_true(rf_srtp_protect(p->out, packet, &len));
    p->sent++;
    if (p->tamper != NULL)
        p->tamper(p, packet, len);
    if (len > 0)
        town_send_raw(t, i, p->fd, packet, len);
}

static void keep(struct town_phone *p, const int16_t *pcm, size_t n)
{
    size_t each = n / (TOWN_HZ / 50);
    for (size_t i = 0; i < n; i++) {
        unsigned loud = (unsigned)(pcm[i] < 0 ? -pcm[i] : pcm[i]);
        p->loudest = loud > p->loudest ? loud : p->loudest;
    }
    for (size_t i = 0; i < n; i += each) {
        float sum = 0;
        for (size_t k = 0; k < each; k++)
            sum += pcm[i + k];
        if (p->heard_n < p->heard_max)
            p->heard[p->heard_n++] = sum / (float)each;
    }
}

static void hear(struct town_phone *p)
{
    _Alignas(8) uint8_t packet[RF_LEG_PACKET_MAX];
    int16_t pcm[RF_CODEC_SAMPLES_MAX];
    ssize_t got;
    while ((got = recv(p->fd, packet, sizeof packet, MSG_DONTWAIT)) >= 0) {
        size_t len = (size_t)got;
        struct rf_rtp rtp;
        memcpy(p->last, packet, len);
        p->last_len = len;
        if (p->in != NULL)
            assert_int_equal(rf_srtp_unprotect(p->in, packet, &len), RF_SRTP_GOOD);
        assert_err(rf_rtp_decode(rf_slice_of(packet, len), &rtp, NULL), RF_OK);
        assert_int_equal(rtp.payload_type, rf_media_codec_get(p->codec)->payload_type);
        assert_int_equal(rtp.payload.len, RF_CODEC_FRAME);
        p->peer_ssrc = rtp.ssrc;
        p->received++;
        rf_codec_decode(p->coder, rtp.payload.p, pcm);
        keep(p, pcm, rf_media_codec_get(p->codec)->samples);
    }
}

static void hear_reports(struct town_phone *p)
{
    _Alignas(8) uint8_t packet[RF_LEG_PACKET_MAX];
    ssize_t got;
    while ((got = recv(p->rtcp_fd, packet, sizeof packet, MSG_DONTWAIT)) >= 0) {
        size_t len = (size_t)got;
        if (p->in != NULL)
            assert_int_equal(rf_srtp_unprotect_rtcp(p->in, packet, &len), RF_SRTP_GOOD);
        assert_err(rf_rtcp_decode(rf_slice_of(packet, len), &p->report, NULL), RF_OK);
        assert_int_equal(p->report.cname.len, 16);
        p->report.cname = rf_slice_of(NULL, 0);
        p->reports++;
    }
}

void town_events(struct town *t)
{
    rf_mailbox_run(t->events, t);
}

void town_steps(struct town *t, unsigned n)
{
    for (unsigned k = 0; k < n; k++) {
        t->now_ms += STEP_MS;
        for (size_t i = 0; i < t->phones; i++)
            for (struct town_phone *p = &t->phone[i]; p->due_ms <= t->now_ms;
                 p->due_ms += STEP_MS / (1 + p->ppm / 1e6))
                say(t, i);
        rf_media_server_turn(t->server);
        for (size_t i = 0; i < t->phones; i++)
            hear(&t->phone[i]), hear_reports(&t->phone[i]);
        town_events(t);
    }
}

void town_ask(struct town *t, size_t i)
{
    unsigned before = t->phone[i].n[RF_MEDIA_LEG_STATS];
    rf_media_leg_ask(t->server, t->phone[i].leg);
    town_steps(t, 1);
    assert_int_equal(t->phone[i].n[RF_MEDIA_LEG_STATS], before + 1);
}

/* --- who was heard --- */

static double gain_at(const struct town *t, const struct town_phone *p, size_t at, size_t n)
{
    size_t slow_n = t->speech_n / NARROW;
    double both = 0, own = 1;
    for (size_t k = 0; k < n; k++) {
        float s = t->slow[(at + k) % slow_n];
        both += s * p->heard[p->heard_n - n + k];
        own += s * s;
    }
    return both / own;
}

double town_gain(const struct town *t, size_t who, size_t whom, double seconds, double *delay_ms)
{
    const struct town_phone *p = &t->phone[who], *q = &t->phone[whom];
    size_t n = (size_t)(seconds * TOWN_HZ), slow_n = t->speech_n / NARROW;
    double best = 0;
    assert_true(p->heard_n >= n + DELAY_MAX);
    /* What whom had said when `n` samples of hearing ago began. */
    size_t said = place_of(t, whom) / NARROW + q->said / NARROW;
    size_t begun = said + 1000 * slow_n - n;
    for (size_t delay = 0; delay < DELAY_MAX; delay++) {
        double gain = gain_at(t, p, (begun - delay) % slow_n, n);
        if (fabs(gain) > fabs(best)) {
            best = gain;
            if (delay_ms != NULL)
                *delay_ms = (double)delay * 1000 / TOWN_HZ;
        }
    }
    return best;
}
