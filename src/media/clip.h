/* SPDX-License-Identifier: Apache-2.0 */
/* µ-law samples at 8000 Hz shared by streams: what a phone says, music on hold. Immutable, so any
 * thread may read it. */
#ifndef MEDIA_CLIP_H
#define MEDIA_CLIP_H

#include "base/bytes.h"

#define RF_MEDIA_RECORD_MAX (16u * 1024 * 1024) /* bytes: about 35 minutes */

struct rf_media_clip;
/** RF_ERR_LIMIT media-clip above RF_MEDIA_RECORD_MAX. */
RF_MUST_CHECK enum rf_err rf_media_clip_new(struct rf_slice ulaw, struct rf_media_clip **out,
                                            struct rf_why *why);
/** From a WAV file. Blocking. */
RF_MUST_CHECK enum rf_err rf_media_clip_load(const char *path, struct rf_media_clip **out,
                                             struct rf_why *why);
struct rf_media_clip *rf_media_clip_ref(struct rf_media_clip *clip);
void rf_media_clip_unref(struct rf_media_clip *clip);
struct rf_slice rf_media_clip_ulaw(const struct rf_media_clip *clip);

#endif
