/* SPDX-License-Identifier: Apache-2.0 */
/* WAV files of telephone speech: 8000 Hz, one channel, 16-bit PCM or µ-law. Everything else is
 * refused with its reason, not converted. */
#ifndef MEDIA_WAV_H
#define MEDIA_WAV_H

#include "base/mem.h"

#define RF_WAV_BYTES_MAX (64u * 1024 * 1024)

struct rf_wav {
    bool is_ulaw;       /* as the file held it; `ulaw` is filled either way */
    struct rf_buf ulaw; /* owned: one byte a sample */
};
void rf_wav_fini(struct rf_wav *wav);

/** RF_ERR_SHORT; RF_ERR_BAD wav-magic, wav-chunk, wav-order, wav-align; RF_ERR_UNKNOWN wav-format,
 * wav-rate, wav-channels; RF_ERR_LIMIT wav-size. Pure. `out` is empty on failure. */
RF_MUST_CHECK enum rf_err rf_wav_decode(struct rf_slice file, struct rf_wav *out,
                                        struct rf_why *why);
/** Blocking. */
RF_MUST_CHECK enum rf_err rf_wav_load(const char *path, struct rf_wav *out, struct rf_why *why);
/** Write µ-law as 16-bit PCM, whole or not at all. Blocking. */
RF_MUST_CHECK enum rf_err rf_wav_save(const char *path, struct rf_slice ulaw, struct rf_why *why);

#endif
