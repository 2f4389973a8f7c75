/* SPDX-License-Identifier: Apache-2.0 */
/* doc: docs/wire/firmware-components.md, "rfsnd: what the phone sounds like" */
#include "wire/fwpart/fwpart.h"

#include <string.h>

#define SND_MAGIC "RFSN"

static enum rf_err check_sound(const struct rf_fwpart_snd *snd, const struct rf_fwpart_sound *s,
                               struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(s->name);
    uint8_t c;
    if (s->kind != RF_FWPART_SOUND_RING && s->kind != RF_FWPART_SOUND_TONE)
        return rf_why_set(why, RF_ERR_BAD, "sound-kind", "a sound of kind %u", (unsigned)s->kind);
    if (s->name.len == 0)
        return rf_why_set(why, RF_ERR_BAD, "sound-name", "a sound without a name");
    if (s->name.len > RF_FWPART_SOUND_NAME_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "sound-name-long", "a name of %zu bytes", s->name.len);
    while (rf_rd_u8(&rd, &c))
        if (c < 0x20 || c >= 0x7f)
            return rf_why_set(why, RF_ERR_BAD, "sound-name", "byte 0x%02x in a name", c);
    if (s->samples.len == 0)
        return rf_why_set(why, RF_ERR_BAD, "sound-empty", "a sound without samples");
    if (s->samples.len > RF_FWPART_SAMPLES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "sound-samples", "a sound of %zu samples",
                          s->samples.len);
    for (size_t i = 0; i < snd->sound_n; i++)
        if (snd->sound[i].kind == s->kind && rf_slice_eq(snd->sound[i].name, s->name))
            return rf_why_set(why, RF_ERR_BAD, "sound-twice", "a sound is there twice");
    return RF_OK;
}

static enum rf_err decode_sound(struct rf_rd *rd, struct rf_fwpart_snd *out, struct rf_why *why)
{
    uint8_t kind;
    uint8_t name_len;
    uint32_t n;
    struct rf_fwpart_sound s = {0};
    if (!rf_rd_u8(rd, &kind) || !rf_rd_u8(rd, &name_len) || !rf_rd_slice(rd, name_len, &s.name) ||
        !rf_rd_u32be(rd, &n))
        return rf_why_rd(why, rd, "sound");
    if (n > RF_FWPART_SAMPLES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "sound-samples", "a sound of %u samples", n);
    if (!rf_rd_slice(rd, n, &s.samples))
        return rf_why_rd(why, rd, "samples");
    s.kind = (enum rf_fwpart_sound_kind)kind;
    enum rf_err err = check_sound(out, &s, why);
    if (err == RF_OK)
        out->sound[out->sound_n++] = s;
    return err;
}

static enum rf_err decode_snd(struct rf_slice in, struct rf_fwpart_snd *out, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(in);
    struct rf_slice magic;
    uint8_t version;
    uint8_t count;
    if (!rf_rd_slice(&rd, sizeof SND_MAGIC - 1, &magic))
        return rf_why_rd(why, &rd, "magic");
    if (!rf_slice_eq_str(magic, SND_MAGIC))
        return rf_why_bad(why, &rd, "snd-magic", "not a sound component");
    if (!rf_rd_u8(&rd, &version) || !rf_rd_u8(&rd, &count))
        return rf_why_rd(why, &rd, "version and count");
    if (version != RF_FWPART_SND_VERSION)
        return rf_why_set(why, RF_ERR_UNKNOWN, "snd-version", "version %u", version);
    if (count > RF_FWPART_SOUNDS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "sound-count", "%u sounds", count);
    for (unsigned i = 0; i < count; i++) {
        enum rf_err err = decode_sound(&rd, out, why);
        if (err != RF_OK)
            return err;
    }
    if (!rf_rd_done(&rd))
        return rf_why_bad(why, &rd, "trailing-bytes", "%zu bytes behind the last sound",
                          rf_rd_left(&rd));
    return RF_OK;
}

enum rf_err rf_fwpart_snd_decode(struct rf_slice in, struct rf_fwpart_snd *out, struct rf_why *why)
{
    memset(out, 0, sizeof *out);
    enum rf_err err = decode_snd(in, out, why);
    if (err != RF_OK)
        memset(out, 0, sizeof *out);
    return err;
}

enum rf_err rf_fwpart_snd_encode(const struct rf_fwpart_snd *snd, uint8_t *buf, size_t cap,
                                 struct rf_slice *out, struct rf_why *why)
{
    *out = (struct rf_slice){0};
    if (snd->sound_n > RF_FWPART_SOUNDS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "sound-count", "%zu sounds", snd->sound_n);
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_fwpart_snd before = {0}; /* those written, so that a second of a name is seen */
    rf_wr_slice(&wr, rf_slice_str(SND_MAGIC));
    rf_wr_u8(&wr, RF_FWPART_SND_VERSION);
    rf_wr_u8(&wr, (uint8_t)snd->sound_n);
    for (size_t i = 0; i < snd->sound_n; i++) {
        const struct rf_fwpart_sound *s = &snd->sound[i];
        enum rf_err err = check_sound(&before, s, why);
        if (err != RF_OK)
            return err;
        before.sound[before.sound_n++] = *s;
        rf_wr_u8(&wr, (uint8_t)s->kind);
        rf_wr_u8(&wr, (uint8_t)s->name.len);
        rf_wr_slice(&wr, s->name);
        rf_wr_u32be(&wr, (uint32_t)s->samples.len);
        rf_wr_slice(&wr, s->samples);
    }
    if (rf_wr_done(&wr, out) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "buffer-full", "the component does not fit %zu bytes",
                          cap);
    return RF_OK;
}

const struct rf_fwpart_sound *rf_fwpart_snd_find(const struct rf_fwpart_snd *snd,
                                                 enum rf_fwpart_sound_kind kind, const char *name)
{
    for (size_t i = 0; i < snd->sound_n; i++)
        if (snd->sound[i].kind == kind && rf_slice_eq_str(snd->sound[i].name, name))
            return &snd->sound[i];
    return NULL;
}
