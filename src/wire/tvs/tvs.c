/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/tvs/tvs.h"

#include "base/element.h"

enum {
    TVS_EL_DEVICE_NAME = 1,
    TVS_EL_CERT = 2,
    TVS_EL_STATUS = 7,
    TVS_EL_ROLES = 8,
    TVS_EL_TTL = 9,
};

/* What stands before a device name; its meaning is not known. */
#define NAME_LEAD 1

enum rf_err rf_tvs_frame_next(struct rf_slice stream, struct rf_tvs_frame *out, size_t *consumed,
                              struct rf_why *why)
{
    *out = (struct rf_tvs_frame){0};
    *consumed = 0;
    struct rf_rd rd = rf_rd_of(stream);
    uint8_t protocol, version, command, unused;
    uint32_t session;
    uint16_t len;
    struct rf_slice body;
    if (!rf_rd_u8(&rd, &protocol))
        return RF_ERR_AGAIN;
    if (protocol != RF_TVS_PROTOCOL)
        return rf_why_set(why, RF_ERR_BAD, "tvs-protocol", "first byte is 0x%02x, not 0x%02x",
                          protocol, RF_TVS_PROTOCOL);
    if (!rf_rd_u8(&rd, &version))
        return RF_ERR_AGAIN;
    if (version != RF_TVS_VERSION)
        return rf_why_set(why, RF_ERR_BAD, "tvs-version", "version %u is not known", version);
    if (!rf_rd_u8(&rd, &command) || !rf_rd_u8(&rd, &unused) || !rf_rd_u32be(&rd, &session) ||
        !rf_rd_u16be(&rd, &len))
        return RF_ERR_AGAIN;
    if (len > RF_TVS_BODY_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "tvs-length", "%u bytes of elements, at most %u", len,
                          RF_TVS_BODY_MAX);
    if (!rf_rd_slice(&rd, len, &body))
        return RF_ERR_AGAIN;
    *out = (struct rf_tvs_frame){.command = command, .session = session, .body = body};
    *consumed = rf_rd_offset(&rd);
    return RF_OK;
}

static enum rf_err bad_size(struct rf_why *why, const char *name, size_t len)
{
    return rf_why_set(why, RF_ERR_BAD, "tvs-element-size", "%s: wrong size of %zu bytes", name,
                      len);
}

static enum rf_err get_name(struct rf_rd *v, struct rf_tvs_msg *m, struct rf_why *why)
{
    uint8_t lead, letter;
    if (!rf_rd_u8(v, &lead) || rf_rd_done(v))
        return bad_size(why, "device name", rf_rd_left(v));
    if (lead != NAME_LEAD)
        return rf_why_bad(why, v, "tvs-name-form", "device name: lead byte %02x", lead);
    if (rf_rd_left(v) > RF_TVS_NAME_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "tvs-name-long",
                          "device name: %zu characters, at most %u", rf_rd_left(v),
                          RF_TVS_NAME_MAX);
    struct rf_slice name = rf_rd_rest(v);
    struct rf_rd letters = rf_rd_of(name);
    while (rf_rd_u8(&letters, &letter))
        if (letter < 0x20 || letter > 0x7e)
            return rf_why_set(why, RF_ERR_BAD, "tvs-name-form", "device name: byte %02x", letter);
    m->device_name = name;
    m->has_device_name = true;
    return RF_OK;
}

static enum rf_err get_cert(struct rf_rd *v, struct rf_tvs_msg *m, struct rf_why *why)
{
    if (rf_rd_done(v))
        return bad_size(why, "certificate", 0);
    if (rf_rd_left(v) > RF_TVS_CERT_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "tvs-cert-long", "certificate: %zu bytes, at most %u",
                          rf_rd_left(v), RF_TVS_CERT_MAX);
    m->cert = rf_rd_rest(v);
    m->has_cert = true;
    return RF_OK;
}

static enum rf_err get_status(struct rf_rd *v, struct rf_tvs_msg *m, struct rf_why *why)
{
    size_t len = rf_rd_left(v);
    if (!rf_rd_u8(v, &m->status) || !rf_rd_done(v))
        return bad_size(why, "status", len);
    m->has_status = true;
    return RF_OK;
}

static enum rf_err get_roles(struct rf_rd *v, struct rf_tvs_msg *m, struct rf_why *why)
{
    if (rf_rd_left(v) > RF_TVS_ROLES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "tvs-roles", "%zu roles, at most %u", rf_rd_left(v),
                          RF_TVS_ROLES_MAX);
    m->roles = rf_rd_rest(v);
    m->has_roles = true;
    return RF_OK;
}

static enum rf_err get_ttl(struct rf_rd *v, struct rf_tvs_msg *m, struct rf_why *why)
{
    size_t len = rf_rd_left(v);
    if (!rf_rd_u32be(v, &m->ttl_s) || !rf_rd_done(v))
        return bad_size(why, "TTL", len);
    m->has_ttl = true;
    return RF_OK;
}

static enum rf_err get_other(uint8_t tag, struct rf_rd *v, struct rf_tvs_msg *m, struct rf_why *why)
{
    if (m->other_n == RF_TVS_OTHERS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "tvs-others",
                          "more than %u elements of unknown meaning", RF_TVS_OTHERS_MAX);
    m->other[m->other_n++] = (struct rf_tvs_other){.tag = tag, .value = rf_rd_rest(v)};
    return RF_OK;
}

/* What a query says of the certificate it means is not known, and no tag is sure to be what it is
 * in an answer: all but the first two are bytes. doc: docs/wire/tvs.md, "Query" */
static bool is_opaque(uint8_t tag, const struct rf_tvs_msg *m)
{
    return m->command == RF_TVS_QUERY_REQ && tag != TVS_EL_DEVICE_NAME && tag != TVS_EL_CERT;
}

static enum rf_err get_element(uint8_t tag, struct rf_rd *v, struct rf_tvs_msg *m,
                               struct rf_why *why)
{
    if (is_opaque(tag, m))
        return get_other(tag, v, m, why);
    switch (tag) {
    case TVS_EL_DEVICE_NAME:
        return get_name(v, m, why);
    case TVS_EL_CERT:
        return get_cert(v, m, why);
    case TVS_EL_STATUS:
        return get_status(v, m, why);
    case TVS_EL_ROLES:
        return get_roles(v, m, why);
    case TVS_EL_TTL:
        return get_ttl(v, m, why);
    default:
        return get_other(tag, v, m, why);
    }
}

static enum rf_err decode_elements(struct rf_rd *rd, struct rf_tvs_msg *m, struct rf_why *why)
{
    struct rf_elements elements = rf_elements_of(rd);
    enum rf_err err = RF_OK;
    while (err == RF_OK && !rf_rd_done(rd)) {
        uint8_t tag;
        struct rf_rd value;
        err = rf_element_next(&elements, "tvs-element-twice", &tag, &value, why);
        if (err == RF_OK)
            err = get_element(tag, &value, m, why);
    }
    return err;
}

enum rf_err rf_tvs_decode(const struct rf_tvs_frame *frame, struct rf_tvs_msg *out,
                          struct rf_why *why)
{
    *out = (struct rf_tvs_msg){.command = frame->command, .session = frame->session};
    struct rf_rd rd = rf_rd_of(frame->body);
    enum rf_err err = decode_elements(&rd, out, why);
    if (err != RF_OK)
        *out = (struct rf_tvs_msg){0};
    return err;
}

static void put_elements(struct rf_wr *wr, const struct rf_tvs_msg *m)
{
    if (m->has_device_name) {
        struct rf_hole h = rf_wr_element(wr, TVS_EL_DEVICE_NAME);
        rf_wr_u8(wr, NAME_LEAD);
        rf_wr_slice(wr, m->device_name);
        rf_wr_fill_u16be(wr, h, 0);
    }
    if (m->has_cert)
        rf_wr_element_slice(wr, TVS_EL_CERT, m->cert);
    if (m->has_status) {
        struct rf_hole h = rf_wr_element(wr, TVS_EL_STATUS);
        rf_wr_u8(wr, m->status);
        rf_wr_fill_u16be(wr, h, 0);
    }
    if (m->has_roles)
        rf_wr_element_slice(wr, TVS_EL_ROLES, m->roles);
    if (m->has_ttl) {
        struct rf_hole h = rf_wr_element(wr, TVS_EL_TTL);
        rf_wr_u32be(wr, m->ttl_s);
        rf_wr_fill_u16be(wr, h, 0);
    }
    for (size_t i = 0; i < m->other_n; i++)
        rf_wr_element_slice(wr, m->other[i].tag, m->other[i].value);
}

enum rf_err rf_tvs_encode(const struct rf_tvs_msg *msg, uint8_t *buf, size_t cap,
                          struct rf_slice *out)
{
    /* The cap also keeps each u16 length below its overflow. */
    struct rf_wr wr = rf_wr_of(buf, cap < RF_TVS_FRAME_MAX ? cap : RF_TVS_FRAME_MAX);
    rf_wr_u8(&wr, RF_TVS_PROTOCOL);
    rf_wr_u8(&wr, RF_TVS_VERSION);
    rf_wr_u8(&wr, msg->command);
    rf_wr_u8(&wr, 0);
    rf_wr_u32be(&wr, msg->session);
    struct rf_hole h = rf_wr_u16be_hole(&wr);
    put_elements(&wr, msg);
    rf_wr_fill_u16be(&wr, h, 0);
    return rf_wr_done(&wr, out);
}

const char *rf_tvs_command_name(uint8_t command)
{
    static const char *const names[] = {
        [RF_TVS_VERIFY_REQ] = "verify-request",
        [RF_TVS_VERIFY_RES] = "verify-response",
        [RF_TVS_QUERY_REQ] = "query-request",
        [RF_TVS_QUERY_RES] = "query-response",
    };
    return command < sizeof names / sizeof *names && names[command] != NULL ? names[command]
                                                                            : "unknown";
}
