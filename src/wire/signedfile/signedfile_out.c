/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a header. Every length is computed from what was written behind it. */
#include "wire/signedfile/signedfile.h"

#include "wire/signedfile/signedfile_int.h"

static struct rf_hole open_tag(struct rf_wr *wr, uint8_t tag)
{
    rf_wr_u8(wr, tag);
    return rf_wr_u16be_hole(wr);
}

static void put_value(struct rf_wr *wr, uint8_t tag, struct rf_slice value)
{
    struct rf_hole h = open_tag(wr, tag);
    rf_wr_slice(wr, value);
    rf_wr_fill_u16be(wr, h, 0);
}

static void put_text(struct rf_wr *wr, uint8_t tag, struct rf_slice text)
{
    struct rf_hole h = open_tag(wr, tag);
    rf_wr_z(wr, text);
    rf_wr_fill_u16be(wr, h, 0);
}

static void put_u8(struct rf_wr *wr, uint8_t tag, uint8_t v)
{
    struct rf_hole h = open_tag(wr, tag);
    rf_wr_u8(wr, v);
    rf_wr_fill_u16be(wr, h, 0);
}

static void put_u16(struct rf_wr *wr, uint8_t tag, uint16_t v)
{
    struct rf_hole h = open_tag(wr, tag);
    rf_wr_u16be(wr, v);
    rf_wr_fill_u16be(wr, h, 0);
}

static void put_version(struct rf_wr *wr, uint8_t tag, uint8_t major, uint8_t minor)
{
    put_u16(wr, tag, (uint16_t)(major << 8 | minor));
}

static void put_signer_info(struct rf_wr *wr, const struct rf_signedfile_spec *spec)
{
    struct rf_hole h = open_tag(wr, RF_SF_TAG_SIGNER_INFO);
    put_text(wr, RF_SF_TAG_SIGNER, spec->signer);
    if (spec->form == RF_SIGNEDFILE_FORM_FILE) {
        put_text(wr, RF_SF_TAG_ISSUER, spec->issuer);
        put_value(wr, RF_SF_TAG_SERIAL, spec->serial);
    } else {
        put_value(wr, RF_SF_TAG_SERIAL, spec->serial);
        put_text(wr, RF_SF_TAG_ISSUER, spec->issuer);
    }
    rf_wr_fill_u16be(wr, h, 0);
}

static void put_signature_info(struct rf_wr *wr, enum rf_signedfile_hash hash, uint8_t modulus)
{
    struct rf_hole info = open_tag(wr, RF_SF_TAG_SIGNATURE_INFO);
    put_u8(wr, RF_SF_TAG_HASH, (uint8_t)hash);
    struct rf_hole algorithm = open_tag(wr, RF_SF_TAG_ALGORITHM_INFO);
    put_u8(wr, RF_SF_TAG_ALGORITHM, RF_SF_ALGORITHM_RSA);
    put_u8(wr, RF_SF_TAG_MODULUS, modulus);
    rf_wr_fill_u16be(wr, algorithm, 0);
    rf_wr_fill_u16be(wr, info, 0);
}

static void put_encryption(struct rf_wr *wr, const struct rf_signedfile_encryption *e)
{
    struct rf_hole info = open_tag(wr, RF_SF_TAG_ENC_INFO);
    struct rf_hole iv = open_tag(wr, RF_SF_TAG_ENC_IV_INFO);
    put_u8(wr, RF_SF_TAG_ENC_18, 0);
    put_value(wr, RF_SF_TAG_ENC_IV, e->iv);
    put_u16(wr, RF_SF_TAG_ENC_PAD, e->pad_len);
    rf_wr_fill_u16be(wr, iv, 0);
    struct rf_hole key = open_tag(wr, RF_SF_TAG_ENC_KEY_INFO);
    put_u8(wr, RF_SF_TAG_ENC_22, 0);
    put_u16(wr, RF_SF_TAG_ENC_KEY_BITS, e->key_bits);
    put_u8(wr, RF_SF_TAG_ENC_24, 1);
    put_value(wr, RF_SF_TAG_ENC_KEY, e->wrapped_key);
    rf_wr_fill_u16be(wr, key, 0);
    rf_wr_fill_u16be(wr, info, 0);
    put_u8(wr, RF_SF_TAG_ENC_HASH_ALG, e->hash);
    put_value(wr, RF_SF_TAG_ENC_HASH, e->plain_hash);
}

static void put_optional(struct rf_wr *wr, const struct rf_signedfile_spec *spec)
{
    if (spec->has_timestamp) {
        struct rf_hole h = open_tag(wr, RF_SF_TAG_TIMESTAMP);
        rf_wr_u32be(wr, spec->timestamp);
        rf_wr_fill_u16be(wr, h, 0);
    }
    if (spec->has_encryption)
        put_encryption(wr, &spec->encryption);
}

static enum rf_err check_text(struct rf_slice text, const char *field, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(text);
    uint8_t c;
    if (text.len == 0)
        return rf_why_set(why, RF_ERR_BAD, "text-empty", "%s: empty", field);
    while (rf_rd_u8(&rd, &c))
        if (c < 0x20 || c == 0x7f)
            return rf_why_set(why, RF_ERR_BAD, "text-control", "%s: control byte", field);
    return RF_OK;
}

static enum rf_err check_form(const struct rf_signedfile_spec *spec, struct rf_why *why)
{
    if (spec->major != 1 && spec->major != 2)
        return rf_why_set(why, RF_ERR_BAD, "version-major", "header version %u.%u", spec->major,
                          spec->minor);
    if (spec->form == RF_SIGNEDFILE_FORM_IMAGE &&
        (spec->has_timestamp || spec->has_signer_version || spec->has_encryption))
        return rf_why_set(why, RF_ERR_BAD, "form", "an image has no such tags");
    if (spec->has_encryption && spec->encryption.iv.len != RF_SF_IV_LEN)
        return rf_why_set(why, RF_ERR_BAD, "encryption-iv", "IV of %zu bytes",
                          spec->encryption.iv.len);
    if (spec->has_encryption &&
        (spec->encryption.wrapped_key.len == 0 || spec->encryption.plain_hash.len == 0))
        return rf_why_set(why, RF_ERR_BAD, "encryption-incomplete", "no wrapped key or no digest");
    return RF_OK;
}

static enum rf_err check_spec(const struct rf_signedfile_spec *spec, uint8_t *modulus,
                              struct rf_why *why)
{
    enum rf_err err = check_form(spec, why);
    if (err == RF_OK)
        err = check_text(spec->signer, "signer name", why);
    if (err == RF_OK)
        err = check_text(spec->issuer, "issuer name", why);
    if (err == RF_OK)
        err = check_text(spec->file_name, "file name", why);
    if (err == RF_OK)
        err = rf_signedfile_serial_check(spec->serial, why);
    if (err != RF_OK)
        return err;
    if (rf_signedfile_hash_len(spec->hash) == 0)
        return rf_why_set(why, RF_ERR_BAD, "hash-algorithm", "hash algorithm %u",
                          (unsigned)spec->hash);
    if (!rf_signedfile_modulus_code(spec->signature_len, modulus))
        return rf_why_set(why, RF_ERR_BAD, "modulus", "no code for a signature of %zu bytes",
                          spec->signature_len);
    return RF_OK;
}

enum rf_err rf_signedfile_encode(const struct rf_signedfile_spec *spec, uint8_t *buf, size_t cap,
                                 struct rf_signedfile_layout *out, struct rf_why *why)
{
    *out = (struct rf_signedfile_layout){0};
    uint8_t modulus;
    enum rf_err err = check_spec(spec, &modulus, why);
    if (err != RF_OK)
        return err;
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_signedfile_layout at = {.signature_len = spec->signature_len};
    put_version(&wr, RF_SF_TAG_VERSION, spec->major, spec->minor);
    rf_wr_u8(&wr, RF_SF_TAG_HEADER_LEN);
    rf_wr_u16be(&wr, 2);
    struct rf_hole len = rf_wr_u16be_hole(&wr);
    if (spec->has_signer_version)
        put_version(&wr, RF_SF_TAG_SIGNER_VERSION, spec->signer_major, spec->signer_minor);
    put_signer_info(&wr, spec);
    put_signature_info(&wr, spec->hash, modulus);
    at.signature_tlv_off = wr.len;
    struct rf_hole signature = open_tag(&wr, RF_SF_TAG_SIGNATURE);
    at.signature_off = wr.len;
    rf_wr_zero(&wr, spec->signature_len);
    rf_wr_fill_u16be(&wr, signature, 0);
    at.signature_tlv_len = wr.len - at.signature_tlv_off;
    put_text(&wr, RF_SF_TAG_FILE_NAME, spec->file_name);
    put_optional(&wr, spec);
    while (!wr.overflow && wr.len % 4 != 0)
        rf_wr_u8(&wr, RF_SF_TAG_PADDING);
    rf_wr_fill_u16be(&wr, len, RF_SIGNEDFILE_PREFIX_LEN); /* it counts the tags in front, too */
    struct rf_slice written;
    if (rf_wr_done(&wr, &written) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "buffer-full", "the header does not fit %zu bytes",
                          cap);
    at.header_len = written.len;
    *out = at;
    return RF_OK;
}
