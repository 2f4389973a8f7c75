/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/trustlist/trustlist.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* Record tags. doc: docs/wire/trust-lists.md, "Records". */
enum {
    TAG_RECORD_LEN = 1,
    TAG_DNS = 2,
    TAG_SUBJECT = 3,
    TAG_ROLE = 4,
    TAG_ISSUER = 5,
    TAG_SERIAL = 6,
    TAG_PUBLIC_KEY = 7,
    TAG_SIGNATURE = 8,
    TAG_CERTIFICATE = 9,
    TAG_IP = 10,
    TAG_HASH = 11,
    TAG_HASH_ALGORITHM = 12,
};

/* Tag, length and value of the record length itself, which counts them. */
#define RECORD_HEAD_LEN 5

static const struct {
    uint16_t role;
    const char *name;
    const char *word; /* on command lines and in names of files */
} role_names[] = {
    {RF_TRUSTLIST_ROLE_SAST, "SAST", "sast"},
    {RF_TRUSTLIST_ROLE_CCM, "CCM", "ccm"},
    {RF_TRUSTLIST_ROLE_CCM_TFTP, "CCM+TFTP", "ccm-tftp"},
    {RF_TRUSTLIST_ROLE_TFTP, "TFTP", "tftp"},
    {RF_TRUSTLIST_ROLE_CAPF, "CAPF", "capf"},
    {RF_TRUSTLIST_ROLE_APP_SERVER, "APP-SERVER", "app-server"},
    {RF_TRUSTLIST_ROLE_TVS, "TVS", "tvs"},
};

const char *rf_trustlist_role_name(uint16_t role)
{
    for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++)
        if (role_names[i].role == role)
            return role_names[i].name;
    return NULL;
}

const char *rf_trustlist_role_word(uint16_t role)
{
    for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++)
        if (role_names[i].role == role)
            return role_names[i].word;
    return NULL;
}

bool rf_trustlist_role_from_word(struct rf_slice word, uint16_t *role)
{
    *role = 0;
    for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++) {
        if (rf_slice_eq_str(word, role_names[i].word)) {
            *role = role_names[i].role;
            return true;
        }
    }
    return false;
}

const char *rf_trustlist_role_text(uint16_t role, char *buf, size_t cap)
{
    const char *name = rf_trustlist_role_name(role);
    if (name != NULL)
        snprintf(buf, cap, "%s", name);
    else
        snprintf(buf, cap, "role-%u", role);
    return buf;
}

static enum rf_err value_length(const struct rf_rd *value, uint8_t tag, struct rf_why *why)
{
    return rf_why_bad(why, value, "record-value-length", "record tag %u with %zu bytes", tag,
                      rf_rd_left(value));
}

static enum rf_err store_fixed(struct rf_trustlist_record *r, uint8_t tag, struct rf_rd *value,
                               struct rf_why *why)
{
    size_t len = rf_rd_left(value);
    switch (tag) {
    case TAG_ROLE:
        if (len != 2 || !rf_rd_u16be(value, &r->role))
            return value_length(value, tag, why);
        return RF_OK;
    case TAG_IP:
        if (len != 4 && len != 16)
            return value_length(value, tag, why);
        r->ip = rf_rd_rest(value);
        return RF_OK;
    default: /* TAG_HASH_ALGORITHM */
        if (len != 1 || !rf_rd_u8(value, &r->hash_algorithm))
            return value_length(value, tag, why);
        return RF_OK;
    }
}

static enum rf_err store_value(struct rf_trustlist_record *r, uint8_t tag, struct rf_rd *value,
                               struct rf_why *why)
{
    switch (tag) {
    case TAG_DNS:
        return rf_text_from_counted(rf_rd_rest(value), &r->dns, why, "record DNS name");
    case TAG_SUBJECT:
        return rf_text_from_counted(rf_rd_rest(value), &r->subject, why, "record subject");
    case TAG_ISSUER:
        return rf_text_from_counted(rf_rd_rest(value), &r->issuer, why, "record issuer");
    case TAG_SERIAL:
        r->serial = rf_rd_rest(value);
        return rf_signedfile_serial_check(r->serial, why);
    case TAG_PUBLIC_KEY:
        r->public_key = rf_rd_rest(value);
        return RF_OK;
    case TAG_SIGNATURE:
        r->signature = rf_rd_rest(value);
        return RF_OK;
    case TAG_CERTIFICATE:
        r->certificate = rf_rd_rest(value);
        return RF_OK;
    case TAG_HASH:
        r->hash = rf_rd_rest(value);
        return RF_OK;
    default:
        return store_fixed(r, tag, value, why);
    }
}

/* The tags behind the record length, in any order, each once. */
static enum rf_err decode_tags(struct rf_rd *rd, struct rf_trustlist *list,
                               struct rf_trustlist_record *r, uint32_t *seen, struct rf_why *why)
{
    while (!rf_rd_done(rd)) {
        uint8_t tag;
        uint16_t len;
        struct rf_rd value;
        if (!rf_rd_u8(rd, &tag) || !rf_rd_u16be(rd, &len) || !rf_rd_sub(rd, len, &value))
            return rf_why_bad(why, rd, "record-overrun", "a tag runs past its record");
        if (tag < TAG_RECORD_LEN || tag > TAG_HASH_ALGORITHM) {
            if (list->unknown_n++ == 0)
                list->unknown_first = tag;
            continue;
        }
        if ((*seen & UINT32_C(1) << tag) != 0)
            return rf_why_bad(why, &value, "record-tag-twice", "record tag %u a second time", tag);
        *seen |= UINT32_C(1) << tag;
        enum rf_err err = store_value(r, tag, &value, why);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

/* A record that gives a certificate or its digest says whose it is. One without both names nobody,
 * and need not: so are those of a server in non-secure mode, which give addresses only. */
static enum rf_err check_record(uint32_t seen, size_t number, struct rf_why *why)
{
    static const struct {
        uint8_t tag;
        bool is_of_names; /* wanted only of records that name a certificate */
        const char *code;
    } wanted[] = {
        {TAG_ROLE, false, "record-missing-role"},
        {TAG_ISSUER, true, "record-missing-issuer"},
        {TAG_SERIAL, true, "record-missing-serial"},
    };
    const uint32_t naming = UINT32_C(1) << TAG_CERTIFICATE | UINT32_C(1) << TAG_HASH;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if ((seen & UINT32_C(1) << wanted[i].tag) == 0 &&
            (!wanted[i].is_of_names || (seen & naming) != 0))
            return rf_why_set(why, RF_ERR_BAD, wanted[i].code, "record %zu has no tag %u",
                              number + 1, wanted[i].tag);
    return RF_OK;
}

static enum rf_err decode_record(struct rf_rd *rd, struct rf_trustlist *list, struct rf_why *why)
{
    uint8_t tag;
    uint16_t len;
    struct rf_rd rest;
    if (!rf_rd_u8(rd, &tag))
        return rf_why_rd(why, rd, "record");
    if (tag != TAG_RECORD_LEN)
        return rf_why_bad(why, rd, "record-tag", "a record begins with tag %u", tag);
    if (!rf_rd_u16be(rd, &len))
        return rf_why_rd(why, rd, "record length");
    if (len != 2)
        return rf_why_bad(why, rd, "record-length", "record length of %u bytes", len);
    if (!rf_rd_u16be(rd, &len))
        return rf_why_rd(why, rd, "record length");
    if (len < RECORD_HEAD_LEN)
        return rf_why_bad(why, rd, "record-length", "a record of %u bytes", len);
    if (!rf_rd_sub(rd, (size_t)len - RECORD_HEAD_LEN, &rest))
        return rf_why_rd(why, rd, "record");
    if (list->record_n == RF_TRUSTLIST_RECORDS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "record-count", "more than %d records",
                          RF_TRUSTLIST_RECORDS_MAX);
    uint32_t seen = UINT32_C(1) << TAG_RECORD_LEN;
    enum rf_err err = decode_tags(&rest, list, &list->record[list->record_n], &seen, why);
    if (err == RF_OK)
        err = check_record(seen, list->record_n, why);
    list->record_n++;
    return err;
}

static enum rf_err decode_list(struct rf_slice in, struct rf_trustlist *list, struct rf_why *why)
{
    if (in.len > RF_TRUSTLIST_BYTES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "list-size", "a list of %zu bytes", in.len);
    enum rf_err err = rf_signedfile_decode(in, in.len, &list->header, why);
    if (err != RF_OK)
        return err;
    /* An unknown minor version is taken; that of another kind of file is not. */
    enum rf_signedfile_kind kind = rf_signedfile_kind_of(&list->header);
    if (list->header.major != 1 ||
        (kind != RF_SIGNEDFILE_KIND_LIST && kind != RF_SIGNEDFILE_KIND_UNKNOWN))
        return rf_why_set(why, RF_ERR_BAD, "not-a-trust-list", "header version %u.%u is that of %s",
                          list->header.major, list->header.minor, rf_signedfile_kind_name(kind));
    struct rf_rd rd = rf_rd_of(in);
    if (!rf_rd_skip(&rd, list->header.header_len))
        return rf_why_rd(why, &rd, "header");
    while (err == RF_OK && !rf_rd_done(&rd))
        err = decode_record(&rd, list, why);
    return err;
}

enum rf_err rf_trustlist_decode(struct rf_slice in, struct rf_trustlist *out, struct rf_why *why)
{
    memset(out, 0, sizeof *out);
    enum rf_err err = decode_list(in, out, why);
    if (err != RF_OK)
        memset(out, 0, sizeof *out);
    return err;
}

static void put_value(struct rf_wr *wr, uint8_t tag, struct rf_slice value)
{
    if (value.p == NULL)
        return;
    rf_wr_u8(wr, tag);
    struct rf_hole h = rf_wr_u16be_hole(wr);
    rf_wr_slice(wr, value);
    rf_wr_fill_u16be(wr, h, 0);
}

static void put_text(struct rf_wr *wr, uint8_t tag, struct rf_slice text)
{
    if (text.p == NULL)
        return;
    rf_wr_u8(wr, tag);
    struct rf_hole h = rf_wr_u16be_hole(wr);
    rf_wr_z(wr, text);
    rf_wr_fill_u16be(wr, h, 0);
}

static void put_record(struct rf_wr *wr, const struct rf_trustlist_record *r)
{
    rf_wr_u8(wr, TAG_RECORD_LEN);
    rf_wr_u16be(wr, 2);
    struct rf_hole len = rf_wr_u16be_hole(wr);
    put_text(wr, TAG_DNS, r->dns);
    put_text(wr, TAG_SUBJECT, r->subject);
    put_text(wr, TAG_ISSUER, r->issuer);
    put_value(wr, TAG_SERIAL, r->serial);
    rf_wr_u8(wr, TAG_ROLE);
    rf_wr_u16be(wr, 2);
    rf_wr_u16be(wr, r->role);
    put_value(wr, TAG_PUBLIC_KEY, r->public_key);
    put_value(wr, TAG_SIGNATURE, r->signature);
    put_value(wr, TAG_CERTIFICATE, r->certificate);
    put_value(wr, TAG_IP, r->ip);
    put_value(wr, TAG_HASH, r->hash);
    if (r->hash_algorithm != 0)
        put_value(wr, TAG_HASH_ALGORITHM, rf_slice_of(&r->hash_algorithm, 1));
    rf_wr_fill_u16be(wr, len, RECORD_HEAD_LEN); /* it counts itself */
}

static enum rf_err check_text(struct rf_slice text, const char *field, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(text);
    uint8_t c;
    while (rf_rd_u8(&rd, &c))
        if (c < 0x20 || c == 0x7f)
            return rf_why_set(why, RF_ERR_BAD, "text-control", "%s: control byte", field);
    return RF_OK;
}

static enum rf_err check_to_write(const struct rf_trustlist_record *r, struct rf_why *why)
{
    bool is_naming = r->certificate.p != NULL || r->hash.p != NULL;
    if (is_naming && r->issuer.p == NULL)
        return rf_why_set(why, RF_ERR_BAD, "record-missing-issuer", "a record without issuer");
    if (is_naming && r->serial.p == NULL)
        return rf_why_set(why, RF_ERR_BAD, "record-missing-serial", "a record without serial");
    if (r->ip.p != NULL && r->ip.len != 4 && r->ip.len != 16)
        return rf_why_set(why, RF_ERR_BAD, "record-value-length", "an IP address of %zu bytes",
                          r->ip.len);
    enum rf_err err = r->serial.p != NULL ? rf_signedfile_serial_check(r->serial, why) : RF_OK;
    if (err == RF_OK)
        err = check_text(r->dns, "record DNS name", why);
    if (err == RF_OK)
        err = check_text(r->subject, "record subject", why);
    if (err == RF_OK)
        err = check_text(r->issuer, "record issuer", why);
    return err;
}

enum rf_err rf_trustlist_encode(const struct rf_signedfile_spec *spec,
                                const struct rf_trustlist_record *records, size_t n, uint8_t *buf,
                                size_t cap, struct rf_signedfile_layout *out,
                                struct rf_slice *whole, struct rf_why *why)
{
    *out = (struct rf_signedfile_layout){0};
    *whole = (struct rf_slice){0};
    if (n > RF_TRUSTLIST_BUILD_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "record-count", "%zu records, phones take %d", n,
                          RF_TRUSTLIST_BUILD_MAX);
    struct rf_signedfile_spec list = *spec;
    list.form = RF_SIGNEDFILE_FORM_FILE;
    list.major = 1;
    list.minor = 2;
    struct rf_signedfile_layout at;
    enum rf_err err = rf_signedfile_encode(&list, buf, cap, &at, why);
    for (size_t i = 0; err == RF_OK && i < n; i++)
        err = check_to_write(&records[i], why);
    if (err != RF_OK)
        return err;
    struct rf_wr wr = rf_wr_of(buf, cap < RF_TRUSTLIST_BYTES_MAX ? cap : RF_TRUSTLIST_BYTES_MAX);
    wr.len = at.header_len; /* written already */
    for (size_t i = 0; i < n; i++)
        put_record(&wr, &records[i]);
    if (rf_wr_done(&wr, whole) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "list-size", "the list does not fit %zu bytes",
                          wr.cap);
    *out = at;
    return RF_OK;
}
