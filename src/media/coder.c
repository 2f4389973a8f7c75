/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream says and keeps is µ-law; what it sends and hears may be of another codec. */
#include "media/g711.h"
#include "media/media_int.h"

struct rf_media_coder {
    struct rf_codec *codec;
    struct rf_mix_up up; /* of a wide codec */
    struct rf_mix_down down;
};

enum rf_err rf_media_coder_new(enum rf_media_codec codec, struct rf_media_coder **out,
                               struct rf_why *why)
{
    struct rf_codec *made;
    *out = NULL;
    if (codec == RF_MEDIA_PCMU)
        return RF_OK;
    enum rf_err err = rf_codec_new(codec, &made, why);
    if (err != RF_OK)
        return err;
    *out = rf_new(struct rf_media_coder);
    (*out)->codec = made;
    return RF_OK;
}

void rf_media_coder_free(struct rf_media_coder *coder)
{
    if (coder == NULL)
        return;
    rf_codec_free(coder->codec);
    rf_free(coder);
}

uint8_t rf_media_coder_type(const struct rf_media_coder *coder)
{
    return coder != NULL ? rf_codec_info(coder->codec)->payload_type
                         : rf_media_codec_get(RF_MEDIA_PCMU)->payload_type;
}

static int16_t clamp(int32_t v)
{
    return (int16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

void rf_media_pcm_of_ulaw(const uint8_t ulaw[RF_CODEC_NARROW], bool is_wide, struct rf_mix_up *up,
                          int16_t *pcm)
{
    int32_t narrow[RF_CODEC_NARROW], wide[RF_CODEC_WIDE];
    rf_ulaw_decode_n(ulaw, RF_CODEC_NARROW, pcm);
    if (!is_wide)
        return;
    for (size_t i = 0; i < RF_CODEC_NARROW; i++)
        narrow[i] = pcm[i];
    rf_mix_up(up, narrow, wide);
    for (size_t i = 0; i < RF_CODEC_WIDE; i++)
        pcm[i] = clamp(wide[i]);
}

/* A wide frame to a narrow one, in place. */
static void make_narrow(int16_t *pcm, struct rf_mix_down *down)
{
    int32_t narrow[RF_CODEC_NARROW], wide[RF_CODEC_WIDE];
    for (size_t i = 0; i < RF_CODEC_WIDE; i++)
        wide[i] = pcm[i];
    rf_mix_down(down, wide, narrow);
    for (size_t i = 0; i < RF_CODEC_NARROW; i++)
        pcm[i] = clamp(narrow[i]);
}

void rf_media_coder_encode(struct rf_media_coder *coder, uint8_t frame[RF_CODEC_FRAME])
{
    int16_t pcm[RF_CODEC_SAMPLES_MAX];
    if (coder == NULL)
        return;
    rf_media_pcm_of_ulaw(frame, rf_codec_info(coder->codec)->is_wide, &coder->up, pcm);
    rf_codec_encode(coder->codec, pcm, frame);
}

void rf_media_coder_decode(struct rf_media_coder *coder, uint8_t frame[RF_CODEC_FRAME])
{
    int16_t pcm[RF_CODEC_SAMPLES_MAX];
    if (coder == NULL)
        return;
    rf_codec_decode(coder->codec, frame, pcm);
    if (rf_codec_info(coder->codec)->is_wide)
        make_narrow(pcm, &coder->down);
    rf_ulaw_encode_n(pcm, RF_CODEC_NARROW, frame);
}
