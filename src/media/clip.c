/* SPDX-License-Identifier: Apache-2.0 */
#include "media/clip.h"

#include "base/mem.h"
#include "media/wav.h"

#include <stdatomic.h>

struct rf_media_clip {
    atomic_uint refs;
    struct rf_buf ulaw;
};

static struct rf_media_clip *clip_of(struct rf_buf *take_ulaw)
{
    struct rf_media_clip *clip = rf_new(struct rf_media_clip);
    atomic_init(&clip->refs, 1);
    clip->ulaw = *take_ulaw;
    *take_ulaw = (struct rf_buf){0};
    return clip;
}

static enum rf_err check_size(size_t n, struct rf_why *why)
{
    if (n > RF_MEDIA_RECORD_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "media-clip", "a clip of %zu samples, at most %u", n,
                          RF_MEDIA_RECORD_MAX);
    return RF_OK;
}

enum rf_err rf_media_clip_new(struct rf_slice ulaw, struct rf_media_clip **out, struct rf_why *why)
{
    *out = NULL;
    struct rf_buf copy = RF_BUF(RF_MEDIA_RECORD_MAX);
    enum rf_err err = check_size(ulaw.len, why);
    if (err == RF_OK)
        err = rf_buf_add_slice(&copy, ulaw);
    if (err == RF_OK)
        *out = clip_of(&copy);
    return err;
}

enum rf_err rf_media_clip_load(const char *path, struct rf_media_clip **out, struct rf_why *why)
{
    *out = NULL;
    RF_AUTO(rf_wav_fini) struct rf_wav wav = {0};
    enum rf_err err = rf_wav_load(path, &wav, why);
    if (err == RF_OK)
        err = check_size(wav.ulaw.len, why);
    if (err == RF_OK)
        *out = clip_of(&wav.ulaw);
    return err;
}

struct rf_media_clip *rf_media_clip_ref(struct rf_media_clip *clip)
{
    if (clip != NULL)
        atomic_fetch_add(&clip->refs, 1);
    return clip;
}

void rf_media_clip_unref(struct rf_media_clip *clip)
{
    if (clip == NULL || atomic_fetch_sub(&clip->refs, 1) != 1)
        return;
    rf_buf_fini(&clip->ulaw);
    rf_free(clip);
}

struct rf_slice rf_media_clip_ulaw(const struct rf_media_clip *clip)
{
    return clip != NULL ? rf_buf_slice(&clip->ulaw) : rf_slice_of(NULL, 0);
}
