/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of ringphone's own firmware components, inside their signed containers: rfapp
 * (version, hardware, display texts as key=value lines) and rfsnd (ring and tone samples). Both are
 * formats of this project; no real phone reads them.
 *
 *     struct rf_fwpart_app app;
 *     if (rf_fwpart_app_decode(body, &app, &why) == RF_OK)
 *         show(rf_fwpart_app_display(&app, "idle"));
 *
 * Thread: any.  Allocates: no.
 * Source: ours, docs/wire/firmware-components.md */
#ifndef WIRE_FWPART_FWPART_H
#define WIRE_FWPART_FWPART_H

#include "base/bytes.h"

#define RF_FWPART_APP_BYTES_MAX  16384
#define RF_FWPART_KEY_MAX        48
#define RF_FWPART_VALUE_MAX      256
#define RF_FWPART_DISPLAYS_MAX   64
#define RF_FWPART_SOUNDS_MAX     32
#define RF_FWPART_SOUND_NAME_MAX 32
#define RF_FWPART_SAMPLES_MAX    480000 /* one minute at 8000 Hz */
#define RF_FWPART_SND_VERSION    1

/** One "display.<name>=<text>" line. */
struct rf_fwpart_display {
    struct rf_slice name; /* without "display." */
    struct rf_slice text; /* UTF-8 */
};

/** rfapp. Slices point into the input. */
struct rf_fwpart_app {
    struct rf_slice version;
    struct rf_slice hardware; /* the hardware id this firmware is for */
    size_t display_n;
    struct rf_fwpart_display display[RF_FWPART_DISPLAYS_MAX];
    size_t unknown_n; /* other keys, ignored */
};

/**
 * Decode rfapp: lines "key=value" ending with LF (or CRLF); empty lines and lines beginning with
 * "#" are skipped. version and hardware must be there and not empty.
 *
 * Returns RF_OK; RF_ERR_LIMIT app-size, key-long, value-long, display-count; RF_ERR_BAD line (no
 * "="), key (empty, or not of a-z A-Z 0-9 . _ -), key-twice, value-control, value-utf8,
 * missing-version, missing-hardware. `out` is zeroed then.
 */
RF_MUST_CHECK enum rf_err rf_fwpart_app_decode(struct rf_slice in, struct rf_fwpart_app *out,
                                               struct rf_why *why);
/** Write rfapp: version, hardware, displays, one LF-ended line each. RF_ERR_LIMIT buffer-full, or
 * the decoder's codes for what it would refuse. */
RF_MUST_CHECK enum rf_err rf_fwpart_app_encode(const struct rf_fwpart_app *app, uint8_t *buf,
                                               size_t cap, struct rf_slice *out,
                                               struct rf_why *why);
/** The text of display.<name>, or the empty slice (p NULL). */
struct rf_slice rf_fwpart_app_display(const struct rf_fwpart_app *app, const char *name);

enum rf_fwpart_sound_kind {
    RF_FWPART_SOUND_RING = 1,
    RF_FWPART_SOUND_TONE = 2,
};

struct rf_fwpart_sound {
    enum rf_fwpart_sound_kind kind;
    struct rf_slice name;    /* printable ASCII */
    struct rf_slice samples; /* G.711 mu-law, 8000 Hz, played in a loop */
};

/** rfsnd. Slices point into the input. */
struct rf_fwpart_snd {
    size_t sound_n;
    struct rf_fwpart_sound sound[RF_FWPART_SOUNDS_MAX];
};

/**
 * Decode rfsnd: "RFSN", version u8, count u8, then for each sound kind u8, name length u8, name,
 * sample count u32 big-endian, samples; nothing behind the last.
 *
 * Returns RF_OK; RF_ERR_SHORT; RF_ERR_UNKNOWN snd-version; RF_ERR_LIMIT sound-count,
 * sound-name-long, sound-samples; RF_ERR_BAD snd-magic, sound-kind, sound-name (empty or not
 * printable), sound-twice (kind and name), sound-empty, trailing-bytes. `out` is zeroed then.
 */
RF_MUST_CHECK enum rf_err rf_fwpart_snd_decode(struct rf_slice in, struct rf_fwpart_snd *out,
                                               struct rf_why *why);
/** Write rfsnd. RF_ERR_LIMIT buffer-full, or the decoder's codes for what it would refuse. */
RF_MUST_CHECK enum rf_err rf_fwpart_snd_encode(const struct rf_fwpart_snd *snd, uint8_t *buf,
                                               size_t cap, struct rf_slice *out,
                                               struct rf_why *why);
/** The sound of that kind and name, or NULL. Borrowed. */
const struct rf_fwpart_sound *rf_fwpart_snd_find(const struct rf_fwpart_snd *snd,
                                                 enum rf_fwpart_sound_kind kind, const char *name);

#endif
