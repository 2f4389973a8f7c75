/* SPDX-License-Identifier: Apache-2.0 */
#include "media/jitter.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#define START_FRAMES 4  /* wait before the first is given */
#define MAX_FRAMES   14 /* wait at most; above, the oldest are skipped */
#define WAIT_FRAMES  12 /* are concealed before the sender is thought to have stopped */
#define MEAN_SHIFT   6  /* the mean goes over about a second */
/* In samples at 8000 Hz: from where the depth is corrected, and to where. */
#define OFF_BY  80
#define IS_FINE 8
/* From here on it is corrected twice as fast. */
#define FAR_OFF 480

/* --- resampling by a few samples a frame ---
 *
 * A frame of n samples is read out of n + c at even steps, so that both its ends lie on samples and
 * the next frame, corrected or not, goes on where this one ends. Between samples a windowed sinc of
 * eight taps interpolates; its phases are the 160ths between two samples. */

#define PHASES 160
#define TAPS   8
#define BEHIND 4 /* of the taps lie behind the place */

static float taps[PHASES][TAPS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static double sinc(double x)
{
    return fabs(x) < 1e-9 ? 1 : sin(M_PI * x) / (M_PI * x);
}

static void make_phase(float *to, double at)
{
    double sum = 0, tap[TAPS];
    for (int k = 0; k < TAPS; k++) {
        double x = k - (BEHIND - 1) - at;
        tap[k] = sinc(x) * (0.5 + 0.5 * cos(M_PI * x / (BEHIND + 0.5)));
        sum += tap[k];
    }
    for (int k = 0; k < TAPS; k++)
        to[k] = (float)(tap[k] / sum);
}

static void make_taps(void)
{
    for (int i = 0; i < PHASES; i++)
        make_phase(taps[i], (double)i / PHASES);
}

/* `from` is the first sample of the frame, with RF_JITTER_BACK before it. */
static void resample(const int16_t *from, size_t n, int correct, int16_t *to)
{
    for (int i = 0; i < (int)n; i++) {
        int along = i * correct; /* in phases */
        int whole = along >= 0 ? along / PHASES : -((PHASES - 1 - along) / PHASES);
        const float *tap = taps[along - whole * PHASES];
        const int16_t *at = &from[i + whole - (BEHIND - 1)];
        float v = 0;
        for (int k = 0; k < TAPS; k++)
            v += tap[k] * (float)at[k];
        to[i] = (int16_t)lrintf(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
    }
}

/* --- packets --- */

void rf_jitter_init(struct rf_jitter *j, struct rf_codec *codec)
{
    const struct rf_media_codec_info *info = rf_codec_info(codec);
    pthread_once(&once, make_taps);
    *j = (struct rf_jitter){
        .codec = codec, .n = info->samples, .scale = info->samples / RF_CODEC_NARROW};
    rf_conceal_init(&j->conceal, info->is_wide);
}

static void forget_slots(struct rf_jitter *j)
{
    for (size_t i = 0; i < RF_JITTER_SLOTS; i++)
        j->slot[i].is_full = false;
}

void rf_jitter_restart(struct rf_jitter *j)
{
    struct rf_jitter_counts counts = j->counts;
    rf_codec_forget(j->codec);
    rf_jitter_init(j, j->codec);
    j->counts = counts;
}

/* Packets from this one on; what is heard goes on, and is joined. */
static void begin_at(struct rf_jitter *j, uint16_t seq)
{
    forget_slots(j);
    j->is_begun = true;
    j->next = seq;
    j->newest = (uint16_t)(seq - 1);
    j->has_far = false;
    if (j->is_playing)
        rf_conceal_splice(&j->conceal);
}

static int waiting(const struct rf_jitter *j)
{
    return j->is_begun ? (int16_t)(j->newest - j->next) + 1 : 0;
}

/* Far from all others: believed when the next one follows it, as from a sender that counts anew. */
static bool is_new_sequence(struct rf_jitter *j, uint16_t seq)
{
    bool is_second = j->has_far && j->far == seq;
    j->has_far = true;
    j->far = (uint16_t)(seq + 1);
    return is_second;
}

/* One that overtook the first, before that is played. */
static bool is_before_first(const struct rf_jitter *j, int step)
{
    return !j->is_playing && waiting(j) - step <= RF_JITTER_SLOTS;
}

bool rf_jitter_put(struct rf_jitter *j, uint16_t seq, struct rf_slice frame)
{
    struct rf_rd rd = rf_rd_of(frame);
    if (!j->is_begun)
        begin_at(j, seq);
    int step = (int16_t)(seq - j->next);
    if (step >= RF_JITTER_SLOTS || step < -RF_JITTER_SLOTS) {
        if (!is_new_sequence(j, seq)) {
            j->counts.late++;
            return false;
        }
        begin_at(j, seq);
        step = 0;
    }
    if (step < 0 && is_before_first(j, step))
        j->next = seq;
    else if (step < 0)
        return j->counts.late++, false;
    struct rf_jitter_slot *slot = &j->slot[seq % RF_JITTER_SLOTS];
    if (slot->is_full || !rf_rd_copy(&rd, slot->frame, sizeof slot->frame))
        return j->counts.late++, false;
    slot->is_full = true;
    j->has_far = false;
    if ((int16_t)(seq - j->newest) > 0)
        j->newest = seq;
    return true;
}

/* --- speech --- */

/* So much waits that it will not go away by itself: go on at the depth that is wanted. */
static void skip(struct rf_jitter *j)
{
    for (int n = waiting(j); n > START_FRAMES; n--) {
        j->slot[j->next++ % RF_JITTER_SLOTS].is_full = false;
        j->counts.skipped++;
    }
    j->mean64 = RF_JITTER_DEPTH * 64;
    rf_conceal_splice(&j->conceal);
}

static void stop_playing(struct rf_jitter *j)
{
    j->is_playing = j->is_begun = false;
    j->correct = 0;
    rf_codec_forget(j->codec);
}

/* What was waited for and is now known to be lost was concealed in time: it takes no second frame's
 * place. */
static void pass_over(struct rf_jitter *j)
{
    for (; j->waited > 0 && waiting(j) > 0; j->waited--) {
        if (j->slot[j->next % RF_JITTER_SLOTS].is_full)
            break;
        j->next++;
        j->counts.lost++;
    }
}

static void conceal_next(struct rf_jitter *j, int16_t *to)
{
    rf_conceal_lost(&j->conceal, to, j->n);
    if (waiting(j) > 0) {
        j->next++;
        j->counts.lost++;
        j->counts.concealed++;
    } else if (++j->waited > WAIT_FRAMES) {
        stop_playing(j);
    } else {
        j->counts.waited++;
        j->counts.concealed++;
    }
}

/* A frame more behind what is decoded. */
static void decode_next(struct rf_jitter *j)
{
    int16_t *to = &j->pcm[RF_JITTER_BACK + j->pcm_n];
    pass_over(j);
    struct rf_jitter_slot *slot = &j->slot[j->next % RF_JITTER_SLOTS];
    j->pcm_n += j->n;
    if (waiting(j) == 0 || !slot->is_full) {
        conceal_next(j, to);
        return;
    }
    rf_codec_decode(j->codec, slot->frame, to);
    rf_conceal_good(&j->conceal, to, j->n);
    slot->is_full = false;
    j->next++;
    j->waited = 0;
}

int rf_jitter_depth(const struct rf_jitter *j)
{
    return (int)(j->pcm_n / j->scale) + RF_CODEC_NARROW * waiting(j);
}

/* Above the wanted depth speech is given faster than it was said, below it slower. */
static void steer(struct rf_jitter *j)
{
    j->mean64 += ((rf_jitter_depth(j) * 64 - j->mean64) >> MEAN_SHIFT) - j->correct * 64;
    int off = j->mean64 / 64 - RF_JITTER_DEPTH;
    int by = off < 0 ? -off : off;
    if (j->correct == 0 && by > OFF_BY)
        j->correct = off < 0 ? -1 : 1;
    else if (by < IS_FINE || (off < 0) != (j->correct < 0))
        j->correct = 0;
    if (j->correct != 0)
        j->correct = (off < 0 ? -1 : 1) * (by > FAR_OFF ? 2 : 1);
}

static void start_playing(struct rf_jitter *j)
{
    j->is_playing = true;
    j->waited = 0;
    memset(j->pcm, 0, sizeof j->pcm);
    /* As much as the taps reach ahead, so that a frame is decoded when it is needed, not before. */
    j->pcm_n = BEHIND;
    j->mean64 = RF_JITTER_DEPTH * 64;
}

bool rf_jitter_get(struct rf_jitter *j, int16_t *pcm)
{
    if (!j->is_playing && waiting(j) < START_FRAMES)
        return false;
    if (!j->is_playing)
        start_playing(j);
    if (waiting(j) > MAX_FRAMES)
        skip(j);
    int more = j->correct * (int)j->scale;
    size_t take = more >= 0 ? j->n + (size_t)more : j->n - (size_t)-more;
    while (j->pcm_n < take + BEHIND)
        decode_next(j);
    int16_t *from = &j->pcm[RF_JITTER_BACK];
    if (take == j->n) {
        memcpy(pcm, from, j->n * sizeof *pcm);
    } else {
        resample(from, j->n, j->correct, pcm);
        j->counts.corrected++;
    }
    j->pcm_n -= take;
    memmove(j->pcm, &j->pcm[take], (RF_JITTER_BACK + j->pcm_n) * sizeof *pcm);
    if (j->is_playing)
        steer(j);
    return true;
}
