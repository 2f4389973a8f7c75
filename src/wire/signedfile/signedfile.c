/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/signedfile/signedfile.h"

#include "wire/signedfile/signedfile_int.h"

#include <string.h>

enum tag_kind { VALUE, TEXT, GROUP };

/* doc: docs/wire/signed-files.md, "The tags". `parent` is the group a tag belongs to, 0 the top
 * level; `missing` is the reason when a mandatory tag is not there, NULL for the others. */
struct tag_row {
    uint8_t tag;
    uint8_t parent;
    enum tag_kind kind;
    uint16_t min;
    uint16_t max;
    const char *missing;
};

static const struct tag_row tag_rows[] = {
    {RF_SF_TAG_VERSION, 0, VALUE, 2, 2, NULL},
    {RF_SF_TAG_HEADER_LEN, 0, VALUE, 2, 2, NULL},
    {RF_SF_TAG_SIGNER_INFO, 0, GROUP, 0, UINT16_MAX, "missing-signer-info"},
    {RF_SF_TAG_SIGNER, RF_SF_TAG_SIGNER_INFO, TEXT, 0, UINT16_MAX, "missing-signer-name"},
    {RF_SF_TAG_SERIAL, RF_SF_TAG_SIGNER_INFO, VALUE, 0, UINT16_MAX, "missing-serial"},
    {RF_SF_TAG_ISSUER, RF_SF_TAG_SIGNER_INFO, TEXT, 0, UINT16_MAX, "missing-issuer"},
    {RF_SF_TAG_SIGNATURE_INFO, 0, GROUP, 0, UINT16_MAX, "missing-signature-info"},
    {RF_SF_TAG_HASH, RF_SF_TAG_SIGNATURE_INFO, VALUE, 1, 1, "missing-hash-algorithm"},
    {RF_SF_TAG_ALGORITHM_INFO, RF_SF_TAG_SIGNATURE_INFO, GROUP, 0, UINT16_MAX,
     "missing-algorithm-info"},
    {RF_SF_TAG_ALGORITHM, RF_SF_TAG_ALGORITHM_INFO, VALUE, 1, 1, "missing-signature-algorithm"},
    {RF_SF_TAG_MODULUS, RF_SF_TAG_ALGORITHM_INFO, VALUE, 1, 1, "missing-modulus"},
    {RF_SF_TAG_SIGNATURE, 0, VALUE, 0, UINT16_MAX, "missing-signature"},
    {RF_SF_TAG_FILE_NAME, 0, TEXT, 0, UINT16_MAX, "missing-file-name"},
    {RF_SF_TAG_TIMESTAMP, 0, VALUE, 4, 4, NULL},
    {RF_SF_TAG_ENC_INFO, 0, GROUP, 0, UINT16_MAX, NULL},
    {RF_SF_TAG_ENC_IV_INFO, RF_SF_TAG_ENC_INFO, GROUP, 0, UINT16_MAX, NULL},
    {RF_SF_TAG_ENC_18, RF_SF_TAG_ENC_IV_INFO, VALUE, 1, 1, NULL},
    {RF_SF_TAG_ENC_IV, RF_SF_TAG_ENC_IV_INFO, VALUE, RF_SF_IV_LEN, RF_SF_IV_LEN, NULL},
    {RF_SF_TAG_ENC_PAD, RF_SF_TAG_ENC_IV_INFO, VALUE, 2, 2, NULL},
    {RF_SF_TAG_ENC_KEY_INFO, RF_SF_TAG_ENC_INFO, GROUP, 0, UINT16_MAX, NULL},
    {RF_SF_TAG_ENC_22, RF_SF_TAG_ENC_KEY_INFO, VALUE, 1, 1, NULL},
    {RF_SF_TAG_ENC_KEY_BITS, RF_SF_TAG_ENC_KEY_INFO, VALUE, 2, 2, NULL},
    {RF_SF_TAG_ENC_24, RF_SF_TAG_ENC_KEY_INFO, VALUE, 1, 1, NULL},
    {RF_SF_TAG_ENC_KEY, RF_SF_TAG_ENC_KEY_INFO, VALUE, 1, UINT16_MAX, NULL},
    {RF_SF_TAG_ENC_HASH_ALG, 0, VALUE, 1, 1, NULL},
    {RF_SF_TAG_ENC_HASH, 0, VALUE, 1, UINT16_MAX, NULL},
    {RF_SF_TAG_SIGNER_VERSION, 0, VALUE, 2, 2, NULL},
};

/* Tags an encrypted file cannot do without; 18, 22 and 24 say nothing that is known. */
static const uint8_t encryption_tags[] = {
    RF_SF_TAG_ENC_INFO, RF_SF_TAG_ENC_IV_INFO,  RF_SF_TAG_ENC_IV,
    RF_SF_TAG_ENC_PAD,  RF_SF_TAG_ENC_KEY_INFO, RF_SF_TAG_ENC_KEY_BITS,
    RF_SF_TAG_ENC_KEY,  RF_SF_TAG_ENC_HASH_ALG, RF_SF_TAG_ENC_HASH,
};

struct ctx {
    struct rf_signedfile *out;
    uint32_t seen; /* bit N: tag N was there */
    struct rf_why *why;
};

static const struct tag_row *row_of(uint8_t tag)
{
    for (size_t i = 0; i < sizeof tag_rows / sizeof *tag_rows; i++)
        if (tag_rows[i].tag == tag)
            return &tag_rows[i];
    return NULL;
}

static bool was_seen(const struct ctx *ctx, uint8_t tag)
{
    return (ctx->seen & (UINT32_C(1) << tag)) != 0;
}

enum rf_err rf_signedfile_serial_check(struct rf_slice serial, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(serial);
    uint8_t first;
    if (!rf_rd_u8(&rd, &first))
        return rf_why_set(why, RF_ERR_BAD, "serial-empty", "serial number without a byte");
    if (serial.len > RF_SIGNEDFILE_SERIAL_MAX)
        return rf_why_set(why, RF_ERR_BAD, "serial-long", "serial number of %zu bytes", serial.len);
    if (first == 0 && serial.len > 1)
        return rf_why_set(why, RF_ERR_BAD, "serial-not-minimal",
                          "serial number begins with a zero byte");
    return RF_OK;
}

static enum rf_err store_text(struct ctx *ctx, uint8_t tag, struct rf_slice value)
{
    struct rf_signedfile *out = ctx->out;
    const char *field = tag == RF_SF_TAG_SIGNER   ? "signer name"
                        : tag == RF_SF_TAG_ISSUER ? "issuer name"
                                                  : "file name";
    struct rf_slice *to = tag == RF_SF_TAG_SIGNER   ? &out->signer
                          : tag == RF_SF_TAG_ISSUER ? &out->issuer
                                                    : &out->file_name;
    enum rf_err err = rf_text_from_counted(value, to, ctx->why, field);
    if (err == RF_OK && to->len == 0)
        return rf_why_set(ctx->why, RF_ERR_BAD, "text-empty", "%s: empty", field);
    return err;
}

static enum rf_err store_hash(struct ctx *ctx, uint8_t number)
{
    ctx->out->hash = (enum rf_signedfile_hash)number;
    if (rf_signedfile_hash_len(ctx->out->hash) == 0)
        return rf_why_set(ctx->why, RF_ERR_UNKNOWN, "hash-algorithm", "hash algorithm %u", number);
    return RF_OK;
}

static enum rf_err store_algorithm(struct ctx *ctx, uint8_t number)
{
    ctx->out->signature_algorithm = number;
    if (number != RF_SF_ALGORITHM_RSA)
        return rf_why_set(ctx->why, RF_ERR_UNKNOWN, "signature-algorithm", "signature algorithm %u",
                          number);
    return RF_OK;
}

static enum rf_err store_modulus(struct ctx *ctx, uint8_t code)
{
    ctx->out->modulus_code = code;
    if (rf_signedfile_modulus_bytes(code) == 0)
        return rf_why_set(ctx->why, RF_ERR_UNKNOWN, "modulus", "modulus code %u", code);
    return RF_OK;
}

/* Numbers of one and two bytes, and the time stamp. The row has checked the length. */
static enum rf_err store_number(struct ctx *ctx, uint8_t tag, struct rf_rd *rd)
{
    struct rf_signedfile *out = ctx->out;
    uint8_t u8 = 0;
    switch (tag) {
    case RF_SF_TAG_TIMESTAMP:
        out->has_timestamp = rf_rd_u32be(rd, &out->timestamp);
        return RF_OK;
    case RF_SF_TAG_SIGNER_VERSION:
        out->has_signer_version =
            rf_rd_u8(rd, &out->signer_major) && rf_rd_u8(rd, &out->signer_minor);
        return RF_OK;
    case RF_SF_TAG_ENC_PAD:
        return rf_rd_u16be(rd, &out->encryption.pad_len) ? RF_OK : RF_ERR_SHORT;
    case RF_SF_TAG_ENC_KEY_BITS:
        return rf_rd_u16be(rd, &out->encryption.key_bits) ? RF_OK : RF_ERR_SHORT;
    default:
        break;
    }
    if (!rf_rd_u8(rd, &u8))
        return RF_ERR_SHORT;
    switch (tag) {
    case RF_SF_TAG_HASH:
        return store_hash(ctx, u8);
    case RF_SF_TAG_ALGORITHM:
        return store_algorithm(ctx, u8);
    case RF_SF_TAG_MODULUS:
        return store_modulus(ctx, u8);
    case RF_SF_TAG_ENC_HASH_ALG:
        out->encryption.hash = u8;
        return RF_OK;
    default: /* 18, 22, 24: their meaning is not known */
        return RF_OK;
    }
}

/* Values that are kept as they are. */
static enum rf_err store_value(struct ctx *ctx, uint8_t tag, struct rf_rd rd)
{
    struct rf_signedfile *out = ctx->out;
    switch (tag) {
    case RF_SF_TAG_SERIAL:
        out->serial = rf_rd_rest(&rd);
        return rf_signedfile_serial_check(out->serial, ctx->why);
    case RF_SF_TAG_SIGNATURE:
        out->signature = rf_rd_rest(&rd);
        return RF_OK;
    case RF_SF_TAG_ENC_IV:
        out->encryption.iv = rf_rd_rest(&rd);
        return RF_OK;
    case RF_SF_TAG_ENC_KEY:
        out->encryption.wrapped_key = rf_rd_rest(&rd);
        return RF_OK;
    case RF_SF_TAG_ENC_HASH:
        out->encryption.plain_hash = rf_rd_rest(&rd);
        return RF_OK;
    default:
        return store_number(ctx, tag, &rd);
    }
}

/* Padding is the lone byte 0x0d, repeated to the end of the header. */
static enum rf_err take_padding(struct ctx *ctx, struct rf_rd *rd)
{
    uint8_t byte;
    while (rf_rd_u8(rd, &byte))
        if (byte != RF_SF_TAG_PADDING)
            return rf_why_bad(ctx->why, rd, "data-after-padding", "a byte that is not padding");
    return RF_OK;
}

static void note_unknown(struct ctx *ctx, uint8_t tag)
{
    if (ctx->out->unknown_n++ == 0)
        ctx->out->unknown_first = tag;
}

static enum rf_err decode_run(struct ctx *ctx, struct rf_rd *rd, uint8_t parent);

static enum rf_err decode_known(struct ctx *ctx, const struct tag_row *row, struct rf_rd value,
                                uint8_t parent)
{
    if (row->parent != parent)
        return rf_why_bad(ctx->why, &value, "tag-misplaced", "tag %u inside %u", row->tag, parent);
    if (was_seen(ctx, row->tag))
        return rf_why_bad(ctx->why, &value, "tag-twice", "tag %u a second time", row->tag);
    ctx->seen |= UINT32_C(1) << row->tag;
    size_t len = rf_rd_left(&value);
    if (len < row->min || len > row->max)
        return rf_why_bad(ctx->why, &value, "tag-length", "tag %u with %zu bytes", row->tag, len);
    if (row->kind == GROUP)
        return decode_run(ctx, &value, row->tag);
    if (row->kind == TEXT)
        return store_text(ctx, row->tag, rf_rd_rest(&value));
    return store_value(ctx, row->tag, value);
}

/* One tag, length, value. The depth of groups is bounded by the parents in the table. */
static enum rf_err decode_one(struct ctx *ctx, struct rf_rd *rd, uint8_t parent)
{
    size_t at = rf_rd_offset(rd);
    uint8_t tag;
    uint16_t len;
    struct rf_rd value;
    if (!rf_rd_u8(rd, &tag) || !rf_rd_u16be(rd, &len) || !rf_rd_sub(rd, len, &value))
        return rf_why_bad(ctx->why, rd, parent != 0 ? "group-overrun" : "header-overrun",
                          "a tag runs past its %s", parent != 0 ? "group" : "header");
    const struct tag_row *row = row_of(tag);
    if (row == NULL) {
        note_unknown(ctx, tag);
        return RF_OK;
    }
    if (!was_seen(ctx, tag))
        ctx->out->tag_off[tag] = (uint16_t)at;
    if (tag == RF_SF_TAG_SIGNATURE && !was_seen(ctx, tag)) {
        ctx->out->signature_tlv_off = at;
        ctx->out->signature_tlv_len = rf_rd_offset(rd) - at;
    }
    enum rf_err err = decode_known(ctx, row, value, parent);
    if (err != RF_OK && ctx->why != NULL && ctx->why->offset == 0)
        ctx->why->offset = at;
    return err;
}

static enum rf_err decode_run(struct ctx *ctx, struct rf_rd *rd, uint8_t parent)
{
    uint8_t tag;
    while (rf_rd_peek_u8(rd, &tag)) {
        if (tag == RF_SF_TAG_PADDING && parent == 0)
            return take_padding(ctx, rd);
        if (tag == RF_SF_TAG_PADDING)
            return rf_why_bad(ctx->why, rd, "padding-inside-group", "padding inside tag %u",
                              parent);
        enum rf_err err = decode_one(ctx, rd, parent);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

static enum rf_err check_encryption(struct ctx *ctx)
{
    const uint32_t any =
        (UINT32_C(1) << (RF_SF_TAG_ENC_HASH + 1)) - (UINT32_C(1) << RF_SF_TAG_ENC_INFO);
    if ((ctx->seen & any) == 0)
        return RF_OK;
    for (size_t i = 0; i < sizeof encryption_tags; i++)
        if (!was_seen(ctx, encryption_tags[i]))
            return rf_why_set(ctx->why, RF_ERR_BAD, "encryption-incomplete",
                              "encryption info without tag %u", encryption_tags[i]);
    ctx->out->has_encryption = true;
    return RF_OK;
}

static enum rf_err check_whole(struct ctx *ctx)
{
    const struct rf_signedfile *out = ctx->out;
    for (size_t i = 0; i < sizeof tag_rows / sizeof *tag_rows; i++)
        if (tag_rows[i].missing != NULL && !was_seen(ctx, tag_rows[i].tag))
            return rf_why_set(ctx->why, RF_ERR_BAD, tag_rows[i].missing, "tag %u is not there",
                              tag_rows[i].tag);
    if (out->signature.len != rf_signedfile_modulus_bytes(out->modulus_code))
        return rf_why_set(ctx->why, RF_ERR_BAD, "modulus-mismatch",
                          "signature of %zu bytes, modulus code %u", out->signature.len,
                          out->modulus_code);
    return check_encryption(ctx);
}

/* Most often somebody's own mistake: a configuration that is not signed, a certificate. */
static enum rf_err not_a_container(uint8_t first, struct rf_why *why)
{
    if (first > ' ' && first <= '~')
        return rf_why_set(why, RF_ERR_BAD, "version-first",
                          "this is no signed container: it begins with '%c', byte 0x%02x", first,
                          first);
    return rf_why_set(why, RF_ERR_BAD, "version-first",
                      "this is no signed container: it begins with byte 0x%02x", first);
}

/* Tags 1 and 2, always first: the only ones whose place is fixed. */
static enum rf_err decode_start(struct rf_rd *rd, uint8_t *major, uint8_t *minor, uint16_t *len,
                                struct rf_why *why)
{
    uint8_t tag;
    uint16_t n;
    if (!rf_rd_u8(rd, &tag))
        return rf_why_rd(why, rd, "header version");
    if (tag != RF_SF_TAG_VERSION)
        return not_a_container(tag, why);
    if (!rf_rd_u16be(rd, &n))
        return rf_why_rd(why, rd, "header version");
    if (n != 2)
        return rf_why_bad(why, rd, "tag-length", "header version of %u bytes", n);
    if (!rf_rd_u8(rd, major) || !rf_rd_u8(rd, minor))
        return rf_why_rd(why, rd, "header version");
    if (*major != 1 && *major != 2)
        return rf_why_set(why, RF_ERR_UNKNOWN, "version-major", "header version %u.%u", *major,
                          *minor);
    if (!rf_rd_u8(rd, &tag))
        return rf_why_rd(why, rd, "header length");
    if (tag != RF_SF_TAG_HEADER_LEN)
        return rf_why_bad(why, rd, "header-length-second", "the second tag is %u", tag);
    if (!rf_rd_u16be(rd, &n))
        return rf_why_rd(why, rd, "header length");
    if (n != 2)
        return rf_why_bad(why, rd, "tag-length", "header length of %u bytes", n);
    if (!rf_rd_u16be(rd, len))
        return rf_why_rd(why, rd, "header length");
    if (*len < RF_SIGNEDFILE_PREFIX_LEN)
        return rf_why_bad(why, rd, "header-length", "a header of %u bytes", *len);
    return RF_OK;
}

enum rf_err rf_signedfile_header_len(struct rf_slice first, size_t *out, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(first);
    uint8_t major;
    uint8_t minor;
    uint16_t len;
    *out = 0;
    enum rf_err err = decode_start(&rd, &major, &minor, &len, why);
    if (err == RF_OK)
        *out = len;
    return err;
}

static enum rf_err decode_header(struct rf_slice in, size_t file_len, struct ctx *ctx)
{
    struct rf_signedfile *out = ctx->out;
    struct rf_rd file = rf_rd_of(in);
    enum rf_err err = decode_start(&file, &out->major, &out->minor, &out->header_len, ctx->why);
    if (err != RF_OK)
        return err;
    if (out->header_len > file_len)
        return rf_why_bad(ctx->why, &file, "header-beyond-file", "header of %u bytes in %zu",
                          out->header_len, file_len);
    if (out->header_len % 4 != 0)
        return rf_why_bad(ctx->why, &file, "header-alignment", "header of %u bytes",
                          out->header_len);
    struct rf_rd rest;
    if (!rf_rd_sub(&file, out->header_len - rf_rd_offset(&file), &rest))
        return rf_why_rd(ctx->why, &file, "header");
    ctx->seen = UINT32_C(1) << RF_SF_TAG_VERSION | UINT32_C(1) << RF_SF_TAG_HEADER_LEN;
    err = decode_run(ctx, &rest, 0);
    if (err == RF_OK)
        err = check_whole(ctx);
    out->is_minor_unknown = rf_signedfile_kind_of(out) == RF_SIGNEDFILE_KIND_UNKNOWN;
    return err;
}

enum rf_err rf_signedfile_decode(struct rf_slice header, size_t file_len, struct rf_signedfile *out,
                                 struct rf_why *why)
{
    memset(out, 0, sizeof *out);
    struct ctx ctx = {.out = out, .why = why};
    enum rf_err err = decode_header(header, file_len, &ctx);
    if (err != RF_OK)
        memset(out, 0, sizeof *out);
    return err;
}

struct rf_signedfile_ranges rf_signedfile_ranges_of(const struct rf_signedfile *sf, size_t file_len)
{
    size_t after = sf->signature_tlv_off + sf->signature_tlv_len;
    rf_bug_on(after > sf->header_len || sf->header_len > file_len);
    return (struct rf_signedfile_ranges){
        .before_len = sf->signature_tlv_off,
        .after_off = after,
        .after_len = file_len - after,
        .body_off = sf->header_len,
        .body_len = file_len - sf->header_len,
    };
}
