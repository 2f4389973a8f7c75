/* SPDX-License-Identifier: Apache-2.0 */
/* spec: Multimedia Programming Interface and Data Specifications 1.0, "Waveform Audio File Format";
 * format tags of RFC 2361. */
#include "media/wav.h"

#include "base/file.h"
#include "media/g711.h"

#define FORMAT_PCM   1
#define FORMAT_ULAW  7
#define FORMAT_BYTES 16 /* of the fmt chunk that is read; more may follow */
#define HEADER_BYTES 44

struct format {
    bool is_known; /* the chunk was there */
    bool is_ulaw;
};

void rf_wav_fini(struct rf_wav *wav)
{
    rf_buf_fini(&wav->ulaw);
}

static enum rf_err decode_format(struct rf_rd *rd, struct format *out, struct rf_why *why)
{
    uint16_t tag, channels, align, bits;
    uint32_t rate, byte_rate;
    if (out->is_known)
        return rf_why_bad(why, rd, "wav-chunk", "a second fmt chunk");
    if (!rf_rd_u16le(rd, &tag) || !rf_rd_u16le(rd, &channels) || !rf_rd_u32le(rd, &rate) ||
        !rf_rd_u32le(rd, &byte_rate) || !rf_rd_u16le(rd, &align) || !rf_rd_u16le(rd, &bits))
        return rf_why_bad(why, rd, "wav-chunk", "a fmt chunk of less than %d bytes", FORMAT_BYTES);
    bool is_pcm = tag == FORMAT_PCM && bits == 16;
    out->is_ulaw = tag == FORMAT_ULAW && bits == 8;
    if (!is_pcm && !out->is_ulaw)
        return rf_why_set(why, RF_ERR_UNKNOWN, "wav-format",
                          "format %u with %u bits: want 16-bit PCM or 8-bit µ-law", tag, bits);
    if (channels != 1)
        return rf_why_set(why, RF_ERR_UNKNOWN, "wav-channels", "%u channels, want one", channels);
    if (rate != RF_G711_HZ)
        return rf_why_set(why, RF_ERR_UNKNOWN, "wav-rate", "%u samples a second, want %d",
                          (unsigned)rate, RF_G711_HZ);
    if (align != bits / 8)
        return rf_why_bad(why, rd, "wav-align", "a sample of %u bits in %u bytes", bits, align);
    out->is_known = true;
    return RF_OK;
}

static enum rf_err take_pcm(struct rf_slice data, struct rf_buf *out, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(data);
    uint16_t sample;
    uint8_t *to = rf_buf_room(out, data.len / 2);
    if (to == NULL)
        return rf_why_set(why, RF_ERR_NOMEM, "nomem", "no memory for %zu samples", data.len / 2);
    while (rf_rd_u16le(&rd, &sample))
        *to++ = rf_ulaw_encode((int16_t)sample);
    out->len += data.len / 2;
    return RF_OK;
}

static enum rf_err decode_data(struct rf_slice data, const struct format *format,
                               struct rf_wav *out, struct rf_why *why)
{
    if (!format->is_known)
        return rf_why_set(why, RF_ERR_BAD, "wav-order", "the data comes before its format");
    out->is_ulaw = format->is_ulaw;
    if (format->is_ulaw)
        return rf_buf_add_slice(&out->ulaw, data);
    if (data.len % 2 != 0)
        return rf_why_set(why, RF_ERR_BAD, "wav-align", "the last sample is cut in half");
    return take_pcm(data, &out->ulaw, why);
}

/* Chunks up to the data; what follows it (tags of an editor) does not matter. */
static enum rf_err decode_chunks(struct rf_rd *rd, struct rf_wav *out, struct rf_why *why)
{
    struct format format = {0};
    for (;;) {
        struct rf_slice id, body;
        uint32_t len;
        if (!rf_rd_slice(rd, 4, &id) || !rf_rd_u32le(rd, &len) || !rf_rd_slice(rd, len, &body))
            return rf_why_rd(why, rd, "chunk");
        if (rf_slice_eq_str(id, "data"))
            return decode_data(body, &format, out, why);
        struct rf_rd child = rf_rd_of(body);
        enum rf_err err = rf_slice_eq_str(id, "fmt ") ? decode_format(&child, &format, why) : RF_OK;
        if (err != RF_OK)
            return err;
        /* A chunk of odd length is followed by a byte that it does not count. */
        if (len % 2 != 0 && !rf_rd_skip(rd, 1))
            return rf_why_rd(why, rd, "chunk");
    }
}

enum rf_err rf_wav_decode(struct rf_slice file, struct rf_wav *out, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(file);
    struct rf_slice riff, wave;
    uint32_t len;
    *out = (struct rf_wav){.ulaw = RF_BUF(RF_WAV_BYTES_MAX)};
    if (file.len > RF_WAV_BYTES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "wav-size", "a WAV file of %zu bytes", file.len);
    if (!rf_rd_slice(&rd, 4, &riff) || !rf_rd_u32le(&rd, &len) || !rf_rd_slice(&rd, 4, &wave))
        return rf_why_rd(why, &rd, "RIFF header");
    if (!rf_slice_eq_str(riff, "RIFF") || !rf_slice_eq_str(wave, "WAVE"))
        return rf_why_set(why, RF_ERR_BAD, "wav-magic", "not a WAV file");
    enum rf_err err = decode_chunks(&rd, out, why);
    if (err != RF_OK) {
        rf_wav_fini(out);
        *out = (struct rf_wav){0};
    }
    return err;
}

enum rf_err rf_wav_load(const char *path, struct rf_wav *out, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    *out = (struct rf_wav){0};
    enum rf_err err = rf_file_read(path, RF_WAV_BYTES_MAX, &file, why);
    return err == RF_OK ? rf_wav_decode(rf_buf_slice(&file), out, why) : err;
}

static void put_header(struct rf_wr *wr, uint32_t data_bytes)
{
    rf_wr_slice(wr, rf_slice_str("RIFF"));
    rf_wr_u32le(wr, data_bytes + HEADER_BYTES - 8);
    rf_wr_slice(wr, rf_slice_str("WAVEfmt "));
    rf_wr_u32le(wr, FORMAT_BYTES);
    rf_wr_u16le(wr, FORMAT_PCM);
    rf_wr_u16le(wr, 1);
    rf_wr_u32le(wr, RF_G711_HZ);
    rf_wr_u32le(wr, 2 * RF_G711_HZ);
    rf_wr_u16le(wr, 2);
    rf_wr_u16le(wr, 16);
    rf_wr_slice(wr, rf_slice_str("data"));
    rf_wr_u32le(wr, data_bytes);
}

enum rf_err rf_wav_save(const char *path, struct rf_slice ulaw, struct rf_why *why)
{
    if (ulaw.len > (RF_WAV_BYTES_MAX - HEADER_BYTES) / 2)
        return rf_why_set(why, RF_ERR_LIMIT, "wav-size", "%zu samples", ulaw.len);
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(RF_WAV_BYTES_MAX);
    size_t n = HEADER_BYTES + 2 * ulaw.len;
    uint8_t *to = rf_buf_room(&file, n);
    if (to == NULL)
        return rf_why_set(why, RF_ERR_NOMEM, "nomem", "no memory for %zu samples", ulaw.len);
    struct rf_wr wr = rf_wr_of(to, n);
    struct rf_rd rd = rf_rd_of(ulaw);
    uint8_t code;
    put_header(&wr, (uint32_t)(2 * ulaw.len));
    while (rf_rd_u8(&rd, &code))
        rf_wr_u16le(&wr, (uint16_t)rf_ulaw_decode(code));
    file.len += n;
    return rf_file_replace(path, rf_buf_slice(&file), RF_FILE_PRIVATE, why);
}
