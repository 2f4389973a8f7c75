/* SPDX-License-Identifier: Apache-2.0 */
/* A jitter buffer that gives speech at our clock, a frame each 20 ms, whatever the network and the
 * sender's clock do: packets are put in order, lost ones are concealed, late ones waited for, and
 * when a sender's clock is fast or slow the speech is resampled by less than a hundredth until the
 * buffer is as deep as it should be. No time passes in here but by rf_jitter_get. Does not
 * allocate.
 *
 *     rf_jitter_put(&j, rtp.seq, rtp.payload);       as they come
 *     if (rf_jitter_get(&j, pcm))                    every 20 ms
 *         mix(pcm); */
#ifndef MEDIA_JITTER_H
#define MEDIA_JITTER_H

#include "media/codec.h"
#include "media/conceal.h"

#define RF_JITTER_SLOTS 32
#define RF_JITTER_BACK  4 /* samples before the ones to give, for the resampler */
#define RF_JITTER_PCM   (RF_JITTER_BACK + 3 * RF_CODEC_SAMPLES_MAX)
/* How much waits after a frame was taken, on the average, in samples at 8000 Hz: 60 ms, so that
 * the slowest packet may be 40 ms later than the others. */
#define RF_JITTER_DEPTH 480

struct rf_jitter_counts {
    uint64_t late;      /* came when their time was over, or twice */
    uint64_t lost;      /* frames that never came */
    uint64_t waited;    /* times that nothing had come yet, and what follows was put off */
    uint64_t concealed; /* frames that stand in for others */
    uint64_t skipped;   /* frames dropped because too many waited */
    uint64_t corrected; /* frames that were resampled */
};

struct rf_jitter_slot {
    bool is_full;
    uint8_t frame[RF_CODEC_FRAME];
};

struct rf_jitter {
    struct rf_codec *codec; /* borrowed */
    size_t n;               /* samples a frame */
    size_t scale;           /* 1 at 8000 Hz, 2 at 16,000 */
    bool is_begun;          /* the sequence is known */
    bool is_playing;
    uint16_t next, newest; /* to decode; arrived */
    bool has_far;
    uint16_t far;    /* would be the second of two in a row from elsewhere */
    unsigned waited; /* frames in a row */
    struct rf_jitter_slot slot[RF_JITTER_SLOTS];
    int16_t pcm[RF_JITTER_PCM];
    size_t pcm_n;   /* decoded and not given, behind RF_JITTER_BACK that were */
    int32_t mean64; /* of what waits, times 64 */
    int correct;    /* steps a frame; above 0: less shall wait */
    struct rf_conceal conceal;
    struct rf_jitter_counts counts;
};
void rf_jitter_init(struct rf_jitter *j, struct rf_codec *codec);
/** Begin anew, counts but those of `counts` forgotten. */
void rf_jitter_restart(struct rf_jitter *j);
/** A frame of RF_CODEC_FRAME bytes. False: late, or it came twice. */
bool rf_jitter_put(struct rf_jitter *j, uint16_t seq, struct rf_slice frame);
/** The next 20 ms; false: silence, and `pcm` is not touched. */
bool rf_jitter_get(struct rf_jitter *j, int16_t *pcm);
/** What waits, in samples at 8000 Hz. */
int rf_jitter_depth(const struct rf_jitter *j);

#endif
