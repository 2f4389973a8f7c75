/* SPDX-License-Identifier: Apache-2.0 */
#include "media/codec.h"

#include "media/g711.h"

#include <spandsp/telephony.h>

#include <spandsp/g722.h>

#define G722_BITS_A_SECOND 64000

static const struct rf_media_codec_info codecs[RF_MEDIA_CODECS] = {
    [RF_MEDIA_PCMU] = {"G.711 u-law", "ulaw", 0, false, 8000, RF_CODEC_NARROW},
    [RF_MEDIA_PCMA] = {"G.711 A-law", "alaw", 8, false, 8000, RF_CODEC_NARROW},
    [RF_MEDIA_G722] = {"G.722 64k", "g722", 9, true, 16000, RF_CODEC_WIDE},
};

struct rf_codec {
    enum rf_media_codec codec;
    g722_encode_state_t *encoder; /* of G.722 */
    g722_decode_state_t *decoder;
};

const struct rf_media_codec_info *rf_media_codec_get(enum rf_media_codec codec)
{
    rf_bug_on((unsigned)codec >= RF_MEDIA_CODECS);
    return &codecs[codec];
}

bool rf_media_codecs_have(const struct rf_media_codecs *some, enum rf_media_codec codec)
{
    for (size_t i = 0; i < some->n; i++)
        if (some->best_first[i] == codec)
            return true;
    return false;
}

static bool add_word(struct rf_slice word, struct rf_media_codecs *out)
{
    for (enum rf_media_codec c = 0; c < RF_MEDIA_CODECS; c++) {
        if (!rf_slice_eq_str(word, codecs[c].word) || rf_media_codecs_have(out, c))
            continue;
        out->best_first[out->n++] = c;
        return true;
    }
    return false;
}

bool rf_media_codecs_parse(const char *text, struct rf_media_codecs *out)
{
    struct rf_slice rest = rf_slice_str(text);
    *out = (struct rf_media_codecs){0};
    for (;;) {
        size_t comma = rf_slice_find(rest, rf_slice_str(","));
        if (!add_word(rf_slice_part(rest, 0, comma), out)) {
            *out = (struct rf_media_codecs){0};
            return false;
        }
        if (comma == SIZE_MAX)
            return true;
        rest = rf_slice_part(rest, comma + 1, rest.len);
    }
}

const struct rf_media_codec_info *rf_codec_info(const struct rf_codec *c)
{
    return &codecs[c->codec];
}

enum rf_err rf_codec_new(enum rf_media_codec codec, struct rf_codec **out, struct rf_why *why)
{
    *out = NULL;
    struct rf_codec *c = rf_new(struct rf_codec);
    c->codec = codec;
    if (rf_media_codec_get(codec)->is_wide) {
        c->encoder = g722_encode_init(NULL, G722_BITS_A_SECOND, 0);
        c->decoder = g722_decode_init(NULL, G722_BITS_A_SECOND, 0);
        if (c->encoder == NULL || c->decoder == NULL) {
            rf_codec_free(c);
            return rf_why_set(why, RF_ERR_NOMEM, "nomem", "no memory for G.722");
        }
    }
    *out = c;
    return RF_OK;
}

void rf_codec_free(struct rf_codec *c)
{
    if (c == NULL)
        return;
    if (c->encoder != NULL)
        g722_encode_free(c->encoder);
    if (c->decoder != NULL)
        g722_decode_free(c->decoder);
    rf_free(c);
}

void rf_codec_encode(struct rf_codec *c, const int16_t *samples, uint8_t frame[RF_CODEC_FRAME])
{
    switch (c->codec) {
    case RF_MEDIA_PCMU:
        rf_ulaw_encode_n(samples, RF_CODEC_NARROW, frame);
        break;
    case RF_MEDIA_PCMA:
        rf_alaw_encode_n(samples, RF_CODEC_NARROW, frame);
        break;
    case RF_MEDIA_G722:
        (void)g722_encode(c->encoder, frame, samples, RF_CODEC_WIDE);
        break;
    }
}

void rf_codec_decode(struct rf_codec *c, const uint8_t frame[RF_CODEC_FRAME], int16_t *samples)
{
    switch (c->codec) {
    case RF_MEDIA_PCMU:
        rf_ulaw_decode_n(frame, RF_CODEC_NARROW, samples);
        break;
    case RF_MEDIA_PCMA:
        rf_alaw_decode_n(frame, RF_CODEC_NARROW, samples);
        break;
    case RF_MEDIA_G722:
        (void)g722_decode(c->decoder, samples, frame, RF_CODEC_FRAME);
        break;
    }
}

void rf_codec_forget(struct rf_codec *c)
{
    if (c->decoder != NULL)
        (void)g722_decode_init(c->decoder, G722_BITS_A_SECOND, 0);
}
