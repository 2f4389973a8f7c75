/* SPDX-License-Identifier: Apache-2.0 */
/* The audio codecs: G.711 µ-law and A-law (ours), G.722 at 64 kbit/s (spandsp; its only home). A
 * frame is 20 ms: 160 bytes and 160 steps of the RTP clock for each of them, since the clock of
 * G.722 counts 8000 a second although its samples are 16,000.
 * spec: RFC 3551 4.5.2, 4.5.14, 6 */
#ifndef MEDIA_CODEC_H
#define MEDIA_CODEC_H

#include "base/mem.h"

enum rf_media_codec { RF_MEDIA_PCMU, RF_MEDIA_PCMA, RF_MEDIA_G722 };
#define RF_MEDIA_CODECS 3

#define RF_CODEC_FRAME_MS    20
#define RF_CODEC_FRAME       160 /* bytes, and steps of the RTP clock */
#define RF_CODEC_NARROW      160 /* samples a frame at 8000 Hz */
#define RF_CODEC_WIDE        320 /* at 16,000 Hz */
#define RF_CODEC_SAMPLES_MAX RF_CODEC_WIDE

struct rf_media_codec_info {
    const char *name; /* "G.711 u-law" */
    const char *word; /* "ulaw": of options and events */
    uint8_t payload_type;
    bool is_wide;
    uint32_t hz;
    size_t samples; /* a frame */
};
const struct rf_media_codec_info *rf_media_codec_get(enum rf_media_codec codec);

/** Some of them, the best first. Zeroed: none were named. */
struct rf_media_codecs {
    enum rf_media_codec best_first[RF_MEDIA_CODECS];
    size_t n;
};
/** "g722,ulaw,alaw": one or more, each once. `out` is empty on false. */
RF_MUST_CHECK bool rf_media_codecs_parse(const char *text, struct rf_media_codecs *out);
bool rf_media_codecs_have(const struct rf_media_codecs *some, enum rf_media_codec codec);

/** Both ways of one stream, with the memory that G.722 has of what went before. */
struct rf_codec;
/** RF_ERR_NOMEM. */
RF_MUST_CHECK enum rf_err rf_codec_new(enum rf_media_codec codec, struct rf_codec **out,
                                       struct rf_why *why);
void rf_codec_free(struct rf_codec *c);
const struct rf_media_codec_info *rf_codec_info(const struct rf_codec *c);
/** A frame of samples to a frame of bytes. Does not allocate. */
void rf_codec_encode(struct rf_codec *c, const int16_t *samples, uint8_t frame[RF_CODEC_FRAME]);
/** Back again. */
void rf_codec_decode(struct rf_codec *c, const uint8_t frame[RF_CODEC_FRAME], int16_t *samples);
/** The next frame to decode has nothing to do with the last one. */
void rf_codec_forget(struct rf_codec *c);

#endif
