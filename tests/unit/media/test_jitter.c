/* SPDX-License-Identifier: Apache-2.0 */
/* The jitter buffer under a network and a clock of the test's own; no time passes on the wall. */
#include "media/g711.h"
#include "media/jitter.h"
#include "unit.h"

#include <math.h>

#define TONE_HZ   440.0
#define AMPLITUDE 8000.0

/* A phone that says a tone, by its own clock, over a network that delays each packet as it likes.
 */
struct sender {
    struct rf_codec *codec;
    size_t n;
    double phase;
    double period_ms; /* of its packets by our clock */
    double due_ms;    /* of the next one */
    uint16_t seq;
    unsigned jitter_ms; /* 0 to this */
    uint32_t chance;
    struct {
        double at_ms;
        uint16_t seq;
        uint8_t frame[RF_CODEC_FRAME];
    } way[64]; /* on the way */
    size_t way_n;
    bool (*is_lost)(uint16_t seq);
};

struct run {
    struct sender from;
    struct rf_codec *codec;
    struct rf_jitter jitter;
    double now_ms;
    int16_t pcm[RF_CODEC_SAMPLES_MAX];
    double last[2];
    uint64_t played;
    double worst; /* click */
    int shallowest, deepest;
};

static uint32_t chance(struct sender *s)
{
    s->chance = s->chance * 1664525u + 1013904223u;
    return s->chance >> 8;
}

static void run_begin(struct run *r, enum rf_media_codec codec, double ppm, unsigned jitter_ms)
{
    *r = (struct run){.shallowest = INT32_MAX};
    assert_err(rf_codec_new(codec, &r->codec, NULL), RF_OK);
    assert_err(rf_codec_new(codec, &r->from.codec, NULL), RF_OK);
    r->from.n = rf_media_codec_get(codec)->samples;
    r->from.period_ms = 20 / (1 + ppm / 1e6);
    r->from.due_ms = 7;
    r->from.seq = 65500; /* it wraps soon */
    r->from.jitter_ms = jitter_ms;
    rf_jitter_init(&r->jitter, r->codec);
}

static void run_end(struct run *r)
{
    rf_codec_free(r->codec);
    rf_codec_free(r->from.codec);
}

static void say(struct sender *s)
{
    int16_t pcm[RF_CODEC_SAMPLES_MAX];
    for (size_t i = 0; i < s->n; i++, s->phase += 2 * M_PI * TONE_HZ * 0.02 / (double)s->n)
        pcm[i] = (int16_t)lrint(AMPLITUDE * sin(s->phase));
    assert_true(s->way_n < 64);
    rf_codec_encode(s->codec, pcm, s->way[s->way_n].frame);
    s->way[s->way_n].seq = s->seq;
    s->way[s->way_n].at_ms = s->due_ms + (s->jitter_ms > 0 ? chance(s) % (s->jitter_ms + 1) : 0);
    s->due_ms += s->period_ms;
    if (s->is_lost == NULL || !s->is_lost(s->seq))
        s->way_n++;
    s->seq++;
}

static void deliver(struct run *r)
{
    struct sender *s = &r->from;
    for (size_t i = 0; i < s->way_n;) {
        if (s->way[i].at_ms > r->now_ms) {
            i++;
            continue;
        }
        (void)rf_jitter_put(&r->jitter, s->way[i].seq,
                            rf_slice_of(s->way[i].frame, RF_CODEC_FRAME));
        s->way_n--;
        memmove(&s->way[i], &s->way[i + 1], (s->way_n - i) * sizeof s->way[0]);
    }
}

/* A tone goes on as its last two samples say; by how much it does not is a click. */
static void listen(struct run *r)
{
    double k = 2 * cos(2 * M_PI * TONE_HZ * 0.02 / (double)r->from.n);
    for (size_t i = 0; i < r->from.n; i++) {
        double off = fabs(r->pcm[i] - (k * r->last[0] - r->last[1]));
        if (r->played > 10 && off > r->worst)
            r->worst = off;
        r->last[1] = r->last[0];
        r->last[0] = r->pcm[i];
    }
}

static bool step(struct run *r)
{
    r->now_ms += 20;
    while (r->from.due_ms <= r->now_ms)
        say(&r->from);
    deliver(r);
    if (!rf_jitter_get(&r->jitter, r->pcm))
        return false;
    r->played++;
    listen(r);
    int depth = rf_jitter_depth(&r->jitter);
    if (r->played > 100 && depth < r->shallowest)
        r->shallowest = depth;
    if (r->played > 100 && depth > r->deepest)
        r->deepest = depth;
    return true;
}

#define FIVE_MINUTES (5 * 60 * 50)

/* What the codecs make of a tone is no click: with G.711 a step at this loudness is 256 or 512. */
static double floor_of(enum rf_media_codec codec)
{
    struct run r;
    run_begin(&r, codec, 0, 0);
    for (int i = 0; i < 500; i++)
        step(&r);
    assert_int_equal(r.jitter.counts.corrected, 0);
    run_end(&r);
    return r.worst;
}

static void check_drift(enum rf_media_codec codec, double ppm, unsigned jitter_ms)
{
    struct run r;
    run_begin(&r, codec, ppm, jitter_ms);
    for (int i = 0; i < FIVE_MINUTES; i++)
        step(&r);
    const struct rf_jitter_counts *c = &r.jitter.counts;
    print_message("%s %+.0f ppm, jitter %u ms: corrected %u, lost %u, waited %u, late %u, skipped "
                  "%u, depth %d to %d ms, worst %.0f of %.0f\n",
                  rf_media_codec_get(codec)->name, ppm, jitter_ms, (unsigned)c->corrected,
                  (unsigned)c->lost, (unsigned)c->waited, (unsigned)c->late, (unsigned)c->skipped,
                  r.shallowest / 8, r.deepest / 8, r.worst, floor_of(codec));
    assert_int_equal(c->lost + c->waited + c->late + c->skipped, 0);
    /* Sixty milliseconds are taken out, an eighth of one at a time. */
    if (ppm != 0)
        assert_in_range(c->corrected, 300, 1200);
    assert_true(r.shallowest >= 0);
    assert_true(r.deepest <= 110 * 8);
    assert_true(r.worst <= 1.5 * floor_of(codec) + 50);
    assert_true(r.played >= FIVE_MINUTES - 10);
    run_end(&r);
}

static void a_fast_clock_neither_drifts_nor_clicks(void **state)
{
    (void)state;
    check_drift(RF_MEDIA_PCMU, 200, 0);
    check_drift(RF_MEDIA_PCMA, 200, 40);
    check_drift(RF_MEDIA_G722, 200, 40);
}

static void a_slow_clock_neither_drifts_nor_clicks(void **state)
{
    (void)state;
    check_drift(RF_MEDIA_PCMU, -200, 0);
    check_drift(RF_MEDIA_PCMU, -200, 40);
    check_drift(RF_MEDIA_G722, -200, 40);
}

static void forty_milliseconds_of_jitter_are_not_heard(void **state)
{
    (void)state;
    check_drift(RF_MEDIA_PCMU, 0, 40);
    check_drift(RF_MEDIA_G722, 0, 40);
}

static bool is_every_tenth(uint16_t seq)
{
    return seq % 10 == 3;
}

static void lost_packets_are_concealed(void **state)
{
    (void)state;
    for (unsigned codec = 0; codec < RF_MEDIA_CODECS; codec++) {
        struct run r;
        run_begin(&r, codec, 0, 0);
        r.from.is_lost = is_every_tenth;
        double energy = 0;
        for (int i = 0; i < 1000; i++) {
            if (!step(&r) || r.played < 10)
                continue;
            double sum = 0;
            for (size_t k = 0; k < r.from.n; k++)
                sum += (double)r.pcm[k] * r.pcm[k];
            energy = sqrt(sum / (double)r.from.n);
            assert_true(energy > AMPLITUDE / 2); /* no hole */
        }
        print_message("lost: worst %.0f\n", r.worst);
        assert_in_range(r.jitter.counts.lost, 98, 101);
        assert_int_equal(r.jitter.counts.waited, 0);
        assert_true(r.worst < AMPLITUDE / 3);
        run_end(&r);
    }
}

static struct rf_slice frame_of(uint8_t fill)
{
    static uint8_t frame[RF_CODEC_FRAME];
    memset(frame, fill, sizeof frame);
    return rf_slice_of(frame, sizeof frame);
}

static void fill(struct rf_jitter *j, const char *order)
{
    for (; *order != '\0'; order++)
        (void)rf_jitter_put(j, (uint16_t)(1000 + *order - 'a'), frame_of((uint8_t)*order));
}

static void begin_plain(struct rf_jitter *j, struct rf_codec **codec)
{
    assert_err(rf_codec_new(RF_MEDIA_PCMU, codec, NULL), RF_OK);
    rf_jitter_init(j, *codec);
}

/* In the middle of a frame stand its own samples, whatever was joined. */
static char heard(struct rf_jitter *j)
{
    int16_t pcm[RF_CODEC_SAMPLES_MAX];
    if (!rf_jitter_get(j, pcm))
        return '-';
    for (char c = 'a'; c <= 'z'; c++)
        if (rf_ulaw_decode((uint8_t)c) == pcm[100])
            return c;
    return '?';
}

static void assert_heard(struct rf_jitter *j, const char *want)
{
    for (; *want != '\0'; want++)
        assert_int_equal(heard(j), *want);
}

static void packets_are_put_in_order(void **state)
{
    (void)state;
    struct rf_codec *codec;
    struct rf_jitter j;
    begin_plain(&j, &codec);
    fill(&j, "bac");
    assert_heard(&j, "--"); /* until four wait */
    fill(&j, "edf");
    assert_heard(&j, "abcdef");
    fill(&j, "d"); /* its time is over */
    fill(&j, "gg");
    assert_int_equal(j.counts.late, 2);
    assert_heard(&j, "g");
    assert_int_equal(j.counts.lost + j.counts.waited, 0);
    rf_codec_free(codec);
}

static void one_that_is_only_late_is_waited_for(void **state)
{
    (void)state;
    struct rf_codec *codec;
    struct rf_jitter j;
    begin_plain(&j, &codec);
    fill(&j, "abcd");
    assert_heard(&j, "abcd");
    (void)heard(&j); /* concealed */
    fill(&j, "efgh");
    assert_heard(&j, "efgh");
    assert_int_equal(j.counts.waited, 1);
    assert_int_equal(j.counts.lost + j.counts.late, 0);
    fill(&j, "jklm"); /* without i */
    (void)heard(&j);
    assert_heard(&j, "jklm");
    assert_int_equal(j.counts.lost, 1);
    rf_codec_free(codec);
}

/* What was concealed while it was waited for is not concealed again when it is known to be lost. */
static void a_gap_does_not_make_the_way_longer(void **state)
{
    (void)state;
    struct rf_codec *codec;
    struct rf_jitter j;
    begin_plain(&j, &codec);
    fill(&j, "abcd");
    assert_heard(&j, "abcd");
    for (int i = 0; i < 6; i++)
        (void)heard(&j);
    fill(&j, "klmn"); /* e to j are gone: six frames */
    assert_heard(&j, "klmn");
    assert_int_equal(j.counts.lost, 6);
    assert_int_equal(j.counts.concealed, 6);
    assert_int_equal(j.counts.late, 0);
    fill(&j, "q"); /* o and p are gone, and were not waited for */
    (void)heard(&j);
    (void)heard(&j);
    assert_heard(&j, "q");
    assert_int_equal(j.counts.concealed, 8);
    rf_codec_free(codec);
}

static void a_sender_that_stops_fades_out_and_may_come_back(void **state)
{
    (void)state;
    struct rf_codec *codec;
    struct rf_jitter j;
    int16_t pcm[RF_CODEC_SAMPLES_MAX];
    begin_plain(&j, &codec);
    fill(&j, "abcd");
    assert_heard(&j, "abcd");
    for (int i = 0; i < 12; i++)
        assert_true(rf_jitter_get(&j, pcm));
    for (size_t i = 0; i < RF_CODEC_NARROW; i++)
        assert_int_equal(pcm[i], 0);
    (void)rf_jitter_get(&j, pcm);
    assert_false(rf_jitter_get(&j, pcm));
    fill(&j, "pqrs");
    assert_heard(&j, "pqrs");
    rf_codec_free(codec);
}

static void two_from_elsewhere_begin_anew(void **state)
{
    (void)state;
    struct rf_codec *codec;
    struct rf_jitter j;
    begin_plain(&j, &codec);
    fill(&j, "abcdef");
    assert_heard(&j, "ab");
    assert_false(rf_jitter_put(&j, 40000, frame_of('x'))); /* one alone is not believed */
    assert_heard(&j, "c");
    assert_false(rf_jitter_put(&j, 20000, frame_of('p')));
    assert_true(rf_jitter_put(&j, 20001, frame_of('q')));
    assert_true(rf_jitter_put(&j, 20002, frame_of('r')));
    assert_heard(&j, "qr");
    assert_int_equal(j.counts.late, 2);
    rf_codec_free(codec);
}

static void too_many_that_wait_are_skipped(void **state)
{
    (void)state;
    struct rf_codec *codec;
    struct rf_jitter j;
    begin_plain(&j, &codec);
    fill(&j, "abcd");
    assert_heard(&j, "a");
    fill(&j, "efghijklmnopqrs");
    assert_heard(&j, "pqrs");
    assert_int_equal(j.counts.skipped, 14);
    rf_codec_free(codec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_put_in_order),
        cmocka_unit_test(one_that_is_only_late_is_waited_for),
        cmocka_unit_test(a_gap_does_not_make_the_way_longer),
        cmocka_unit_test(a_sender_that_stops_fades_out_and_may_come_back),
        cmocka_unit_test(two_from_elsewhere_begin_anew),
        cmocka_unit_test(too_many_that_wait_are_skipped),
        cmocka_unit_test(lost_packets_are_concealed),
        cmocka_unit_test(forty_milliseconds_of_jitter_are_not_heard),
        cmocka_unit_test(a_fast_clock_neither_drifts_nor_clicks),
        cmocka_unit_test(a_slow_clock_neither_drifts_nor_clicks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
