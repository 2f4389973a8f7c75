/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/capf/capf.h"

#include "base/element.h"
#include "wire/capf/capf_int.h"

enum rf_err rf_capf_frame_next(struct rf_slice stream, struct rf_capf_frame *out, size_t *consumed,
                               struct rf_why *why)
{
    *out = (struct rf_capf_frame){0};
    *consumed = 0;
    struct rf_rd rd = rf_rd_of(stream);
    uint8_t protocol, command;
    uint32_t session;
    uint16_t len;
    struct rf_slice body;
    if (!rf_rd_u8(&rd, &protocol))
        return RF_ERR_AGAIN;
    if (protocol != RF_CAPF_PROTOCOL)
        return rf_why_set(why, RF_ERR_BAD, "capf-protocol", "first byte is 0x%02x, not 0x%02x",
                          protocol, RF_CAPF_PROTOCOL);
    if (!rf_rd_u8(&rd, &command) || !rf_rd_u32be(&rd, &session) || !rf_rd_u16be(&rd, &len))
        return RF_ERR_AGAIN;
    if (len > RF_CAPF_BODY_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "capf-length", "%u bytes of elements, at most %u", len,
                          RF_CAPF_BODY_MAX);
    if (!rf_rd_slice(&rd, len, &body))
        return RF_ERR_AGAIN;
    *out = (struct rf_capf_frame){.command = command, .session = session, .body = body};
    *consumed = rf_rd_offset(&rd);
    return RF_OK;
}

static enum rf_err bad_size(struct rf_why *why, const char *name, size_t len)
{
    return rf_why_set(why, RF_ERR_BAD, "capf-element-size", "%s: wrong size of %zu bytes", name,
                      len);
}

static enum rf_err get_u8(struct rf_rd *v, const char *name, bool *has, uint8_t *out,
                          struct rf_why *why)
{
    size_t len = rf_rd_left(v);
    if (!rf_rd_u8(v, out) || !rf_rd_done(v)) {
        *out = 0;
        return bad_size(why, name, len);
    }
    *has = true;
    return RF_OK;
}

static enum rf_err get_u16(struct rf_rd *v, const char *name, bool *has, uint16_t *out,
                           struct rf_why *why)
{
    size_t len = rf_rd_left(v);
    if (!rf_rd_u16be(v, out) || !rf_rd_done(v)) {
        *out = 0;
        return bad_size(why, name, len);
    }
    *has = true;
    return RF_OK;
}

/* Bytes whose content is looked at elsewhere: not empty. */
static enum rf_err get_bytes(struct rf_rd *v, const char *name, bool *has, struct rf_slice *out,
                             struct rf_why *why)
{
    if (rf_rd_done(v))
        return bad_size(why, name, 0);
    *out = rf_rd_rest(v);
    *has = true;
    return RF_OK;
}

/* Elements of which only the name is known: any bytes. */
static enum rf_err get_raw(struct rf_rd *v, bool *has, struct rf_slice *out)
{
    *out = rf_rd_rest(v);
    *has = true;
    return RF_OK;
}

static enum rf_err get_text(struct rf_rd *v, const char *name, size_t max, bool *has,
                            struct rf_slice *out, struct rf_why *why)
{
    struct rf_slice text;
    enum rf_err err = rf_text_from_counted(rf_rd_rest(v), &text, why, name);
    if (err != RF_OK)
        return err;
    if (text.len == 0)
        return bad_size(why, name, 1);
    if (text.len > max)
        return rf_why_set(why, RF_ERR_LIMIT, "capf-text-long", "%s: %zu characters, at most %zu",
                          name, text.len, max);
    *out = text;
    *has = true;
    return RF_OK;
}

static enum rf_err check_cert(struct rf_slice der, const char *name, struct rf_why *why)
{
    if (der.len == 0)
        return bad_size(why, name, 0);
    if (der.len > RF_CAPF_CERT_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "capf-cert-long", "%s: %zu bytes, at most %u", name,
                          der.len, RF_CAPF_CERT_MAX);
    return RF_OK;
}

/* 01 | u16 length of the rest | 00 | type | DER */
static enum rf_err get_cert(struct rf_rd *v, struct rf_capf_msg *m, struct rf_why *why)
{
    uint8_t lead, zero, type;
    uint16_t len;
    struct rf_rd item;
    if (!rf_rd_u8(v, &lead) || !rf_rd_u16be(v, &len) || !rf_rd_sub(v, len, &item) ||
        !rf_rd_done(v) || !rf_rd_u8(&item, &zero) || !rf_rd_u8(&item, &type))
        return rf_why_bad(why, v, "capf-cert-form", "certificate: nested length does not fit");
    if (lead != 1 || zero != 0)
        return rf_why_bad(why, v, "capf-cert-form", "certificate: lead bytes %02x %02x", lead,
                          zero);
    struct rf_slice der = rf_rd_rest(&item);
    enum rf_err err = check_cert(der, "certificate", why);
    if (err != RF_OK)
        return err;
    m->cert = der;
    m->cert_inner_type = type;
    m->has_cert = true;
    return RF_OK;
}

/* hash | u16 | signature */
static enum rf_err get_sha2(struct rf_rd *v, struct rf_capf_msg *m, struct rf_why *why)
{
    uint8_t hash;
    uint16_t len;
    struct rf_slice sig;
    if (!rf_rd_u8(v, &hash) || !rf_rd_u16be(v, &len) || !rf_rd_slice(v, len, &sig) ||
        !rf_rd_done(v) || sig.len == 0)
        return rf_why_bad(why, v, "capf-element-size", "SHA-2 signed data: length does not fit");
    m->sha2_hash = hash;
    m->sha2_signature = sig;
    m->has_sha2_signed_data = true;
    return RF_OK;
}

static bool get_sudi_part(struct rf_rd *v, uint8_t *lead, struct rf_slice *out)
{
    uint16_t len;
    return rf_rd_u8(v, lead) && rf_rd_u16be(v, &len) && rf_rd_slice(v, len, out) && out->len > 0;
}

/* Three parts: certificate, SHA-1 signature, SHA-512 signature. The lead bytes of the first two
 * carry nothing anybody checks; that of the third is the number of the hash. */
static enum rf_err get_sudi(struct rf_rd *v, struct rf_capf_msg *m, struct rf_why *why)
{
    uint8_t lead_cert, lead_sha1, hash;
    struct rf_slice cert, sha1, sha512;
    if (!get_sudi_part(v, &lead_cert, &cert) || !get_sudi_part(v, &lead_sha1, &sha1) ||
        !get_sudi_part(v, &hash, &sha512) || !rf_rd_done(v))
        return rf_why_bad(why, v, "capf-sudi-form", "SUDI block: parts do not fit");
    if (hash != RF_CAPF_HASH_SHA512)
        return rf_why_bad(why, v, "capf-sudi-form", "SUDI block: hash %u is not known", hash);
    enum rf_err err = check_cert(cert, "SUDI certificate", why);
    if (err != RF_OK)
        return err;
    m->sudi_cert = cert;
    m->sudi_sha1 = sha1;
    m->sudi_sha512 = sha512;
    m->has_sudi = true;
    return RF_OK;
}

static enum rf_err get_element(uint8_t tag, struct rf_rd *v, struct rf_capf_msg *m,
                               struct rf_why *why)
{
    switch (tag) {
    case CAPF_EL_REASON:
        return get_u8(v, "reason", &m->has_reason, &m->reason, why);
    case CAPF_EL_REASON_INFO:
        return get_raw(v, &m->has_reason_info, &m->reason_info);
    case CAPF_EL_CERT_TYPE:
        return get_u8(v, "certificate type", &m->has_cert_type, &m->cert_type, why);
    case CAPF_EL_CERT:
        return get_cert(v, m, why);
    case CAPF_EL_CERT_ID:
        return get_raw(v, &m->has_cert_id, &m->cert_id);
    case CAPF_EL_SIGNED_DATA:
        return get_bytes(v, "signed data", &m->has_signed_data, &m->signed_data, why);
    case CAPF_EL_VERSION:
        return get_u8(v, "version", &m->has_version, &m->version, why);
    case CAPF_EL_AUTH_TYPE:
        return get_u8(v, "auth type", &m->has_auth_type, &m->auth_type, why);
    case CAPF_EL_PUBLIC_KEY:
        return get_bytes(v, "public key", &m->has_public_key, &m->public_key, why);
    case CAPF_EL_KEY_SIZE:
        return get_u16(v, "key size", &m->has_key_size, &m->key_size, why);
    case CAPF_EL_PASSWORD:
        return get_text(v, "password", RF_CAPF_PASSWORD_MAX, &m->has_password, &m->password, why);
    case CAPF_EL_RETRY_DELAY:
        return get_raw(v, &m->has_retry_delay, &m->retry_delay);
    case CAPF_EL_DEVICE_NAME:
        return get_text(v, "device name", RF_CAPF_NAME_MAX, &m->has_device_name, &m->device_name,
                        why);
    case CAPF_EL_SUDI:
        return get_sudi(v, m, why);
    case CAPF_EL_KEY_TYPE:
        return get_u8(v, "key type", &m->has_key_type, &m->key_type, why);
    case CAPF_EL_CURVE:
        return get_u8(v, "curve", &m->has_curve, &m->curve, why);
    case CAPF_EL_DIGEST_TYPE:
        return get_raw(v, &m->has_digest_type, &m->digest_type);
    case CAPF_EL_SHA2_SIGNED_DATA:
        return get_sha2(v, m, why);
    default:
        if (m->unknown_n++ == 0)
            m->unknown_first = tag;
        return RF_OK;
    }
}

static enum rf_err decode_elements(struct rf_rd *rd, struct rf_capf_msg *m, struct rf_why *why)
{
    struct rf_elements elements = rf_elements_of(rd);
    enum rf_err err = RF_OK;
    while (err == RF_OK && !rf_rd_done(rd)) {
        uint8_t tag;
        struct rf_rd value;
        err = rf_element_next(&elements, "capf-element-twice", &tag, &value, why);
        if (err == RF_OK)
            err = get_element(tag, &value, m, why);
    }
    return err;
}

enum rf_err rf_capf_decode(const struct rf_capf_frame *frame, struct rf_capf_msg *out,
                           struct rf_why *why)
{
    *out = (struct rf_capf_msg){.command = frame->command, .session = frame->session};
    struct rf_rd rd = rf_rd_of(frame->body);
    enum rf_err err = decode_elements(&rd, out, why);
    if (err != RF_OK)
        *out = (struct rf_capf_msg){0};
    return err;
}

static void put_u8(struct rf_wr *wr, bool has, uint8_t tag, uint8_t v)
{
    if (!has)
        return;
    rf_wr_u8(wr, tag);
    rf_wr_u16be(wr, 1);
    rf_wr_u8(wr, v);
}

static void put_slice(struct rf_wr *wr, bool has, uint8_t tag, struct rf_slice s)
{
    if (has)
        rf_wr_element_slice(wr, tag, s);
}

static void put_text(struct rf_wr *wr, bool has, uint8_t tag, struct rf_slice s)
{
    if (!has)
        return;
    struct rf_hole h = rf_wr_element(wr, tag);
    rf_wr_z(wr, s);
    rf_wr_fill_u16be(wr, h, 0);
}

static void put_part(struct rf_wr *wr, uint8_t lead, struct rf_slice s)
{
    rf_wr_u8(wr, lead);
    struct rf_hole h = rf_wr_u16be_hole(wr);
    rf_wr_slice(wr, s);
    rf_wr_fill_u16be(wr, h, 0);
}

static void put_cert(struct rf_wr *wr, const struct rf_capf_msg *m)
{
    if (!m->has_cert)
        return;
    struct rf_hole outer = rf_wr_element(wr, CAPF_EL_CERT);
    rf_wr_u8(wr, 1);
    struct rf_hole inner = rf_wr_u16be_hole(wr);
    rf_wr_u8(wr, 0);
    rf_wr_u8(wr, m->cert_inner_type);
    rf_wr_slice(wr, m->cert);
    rf_wr_fill_u16be(wr, inner, 0);
    rf_wr_fill_u16be(wr, outer, 0);
}

static void put_proofs(struct rf_wr *wr, const struct rf_capf_msg *m)
{
    put_slice(wr, m->has_signed_data, CAPF_EL_SIGNED_DATA, m->signed_data);
    if (m->has_sha2_signed_data) {
        struct rf_hole h = rf_wr_element(wr, CAPF_EL_SHA2_SIGNED_DATA);
        put_part(wr, m->sha2_hash, m->sha2_signature);
        rf_wr_fill_u16be(wr, h, 0);
    }
    if (m->has_sudi) {
        struct rf_hole h = rf_wr_element(wr, CAPF_EL_SUDI);
        put_part(wr, 0, m->sudi_cert);
        put_part(wr, 1, m->sudi_sha1);
        put_part(wr, RF_CAPF_HASH_SHA512, m->sudi_sha512);
        rf_wr_fill_u16be(wr, h, 0);
    }
}

static void put_elements(struct rf_wr *wr, const struct rf_capf_msg *m)
{
    put_u8(wr, m->has_reason, CAPF_EL_REASON, m->reason);
    put_slice(wr, m->has_reason_info, CAPF_EL_REASON_INFO, m->reason_info);
    put_u8(wr, m->has_version, CAPF_EL_VERSION, m->version);
    put_u8(wr, m->has_auth_type, CAPF_EL_AUTH_TYPE, m->auth_type);
    put_text(wr, m->has_device_name, CAPF_EL_DEVICE_NAME, m->device_name);
    put_text(wr, m->has_password, CAPF_EL_PASSWORD, m->password);
    put_u8(wr, m->has_cert_type, CAPF_EL_CERT_TYPE, m->cert_type);
    put_slice(wr, m->has_cert_id, CAPF_EL_CERT_ID, m->cert_id);
    put_cert(wr, m);
    put_proofs(wr, m);
    put_u8(wr, m->has_key_type, CAPF_EL_KEY_TYPE, m->key_type);
    if (m->has_key_size) {
        rf_wr_u8(wr, CAPF_EL_KEY_SIZE);
        rf_wr_u16be(wr, 2);
        rf_wr_u16be(wr, m->key_size);
    }
    put_u8(wr, m->has_curve, CAPF_EL_CURVE, m->curve);
    put_slice(wr, m->has_public_key, CAPF_EL_PUBLIC_KEY, m->public_key);
    put_slice(wr, m->has_retry_delay, CAPF_EL_RETRY_DELAY, m->retry_delay);
    put_slice(wr, m->has_digest_type, CAPF_EL_DIGEST_TYPE, m->digest_type);
}

enum rf_err rf_capf_encode(const struct rf_capf_msg *msg, uint8_t *buf, size_t cap,
                           struct rf_slice *out)
{
    /* The cap also keeps each u16 length below its overflow. */
    struct rf_wr wr = rf_wr_of(buf, cap < RF_CAPF_FRAME_MAX ? cap : RF_CAPF_FRAME_MAX);
    rf_wr_u8(&wr, RF_CAPF_PROTOCOL);
    rf_wr_u8(&wr, msg->command);
    rf_wr_u32be(&wr, msg->session);
    struct rf_hole h = rf_wr_u16be_hole(&wr);
    put_elements(&wr, msg);
    rf_wr_fill_u16be(&wr, h, 0);
    return rf_wr_done(&wr, out);
}
