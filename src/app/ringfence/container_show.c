/* SPDX-License-Identifier: Apache-2.0 */
/* Containers and certificates as JSON, and refusals of them. */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/container.h"
#include "base/clock.h"
#include "base/text.h"

static void set_versions(struct rf_json *out, const struct rf_signedfile *sf)
{
    char text[16];
    rf_json_set_str(out, "kind", rf_signedfile_kind_name(rf_signedfile_kind_of(sf)));
    snprintf(text, sizeof text, "%u.%u", sf->major, sf->minor);
    rf_json_set_str(out, "header_version", text);
    if (sf->has_signer_version) {
        snprintf(text, sizeof text, "%u.%u", sf->signer_major, sf->signer_minor);
        rf_json_set_str(out, "signer_version", text);
    }
}

void container_header(struct rf_json *out, const struct rf_signedfile *sf, uint64_t file_len)
{
    set_versions(out, sf);
    rf_json_set_slice(out, "name", sf->file_name);
    rf_json_set_slice(out, "signer", sf->signer);
    rf_json_set_slice(out, "issuer", sf->issuer);
    rf_json_set_hex(out, "serial", sf->serial);
    rf_json_set_str(out, "digest", rf_signedfile_hash_name(sf->hash));
    rf_json_set_int(out, "key_bits", (int64_t)sf->signature.len * 8);
    if (sf->has_timestamp)
        rf_json_set_int(out, "signed_s", sf->timestamp);
    else
        rf_json_set_null(out, "signed_s");
    rf_json_set_bool(out, "encrypted", sf->has_encryption);
    if (sf->has_encryption)
        rf_json_set_int(out, "encrypted_for_key_bits", sf->encryption.key_bits);
    rf_json_set_int(out, "file_bytes", (int64_t)file_len);
    rf_json_set_int(out, "header_bytes", sf->header_len);
    rf_json_set_int(out, "body_bytes", (int64_t)(file_len - sf->header_len));
    if (sf->unknown_n > 0)
        rf_json_set_int(out, "unknown_tags", (int64_t)sf->unknown_n);
    if (sf->is_minor_unknown)
        rf_json_set_bool(out, "minor_version_unknown", true);
}

void container_digests(struct rf_json *out, const struct container_pass *pass)
{
    size_t n = rf_digest_len(RF_DIGEST_SHA256);
    rf_json_set_hex(out, "body_sha256", rf_slice_of(pass->body_sha256, n));
    rf_json_set_hex(out, "file_sha256", rf_slice_of(pass->file_sha256, n));
}

struct rf_json *container_cert(const struct rf_cert *cert)
{
    struct rf_json *j = rf_json_obj();
    char key[32];
    bool is_rsa = rf_cert_key_type(cert) == RF_KEY_RSA;
    snprintf(key, sizeof key, "%s %u", is_rsa ? "RSA" : "EC", rf_cert_key_bits(cert));
    rf_json_set_str(j, "subject", rf_cert_subject(cert));
    rf_json_set_str(j, "issuer", rf_cert_issuer(cert));
    rf_json_set_hex(j, "serial", rf_cert_serial(cert));
    rf_json_set_str(j, "key", key);
    rf_json_set_str(j, "fingerprint", rf_cert_fingerprint(cert));
    rf_json_set_int(j, "not_before_s", rf_cert_not_before(cert));
    rf_json_set_int(j, "not_after_s", rf_cert_not_after(cert));
    return j;
}

static void add_unknown(struct rf_json *arr, const char *where, size_t n, uint8_t first)
{
    char text[96];
    if (n == 0)
        return;
    snprintf(text, sizeof text, "%zu unknown tags%s skipped, the first is %u", n, where, first);
    rf_json_arr_add_str(arr, text);
}

static void add_header_warnings(struct rf_json *arr, const struct rf_signedfile *sf)
{
    char text[96];
    if (sf->hash == RF_SIGNEDFILE_SHA1)
        rf_json_arr_add_str(arr, "SHA-1 is weak: only for phones that know nothing else");
    if (sf->is_minor_unknown) {
        snprintf(text, sizeof text, "header version %u.%u is not known", sf->major, sf->minor);
        rf_json_arr_add_str(arr, text);
    }
    add_unknown(arr, "", sf->unknown_n, sf->unknown_first);
}

static void set_warnings(struct rf_json *out, struct rf_json *take_arr)
{
    if (rf_json_len(take_arr) > 0)
        rf_json_set_take(out, "warnings", take_arr);
    else
        rf_json_free(take_arr);
}

void container_validity(struct rf_json *out, struct rf_cert *const *certs, size_t n)
{
    struct rf_json *arr = rf_json_arr();
    int64_t now_s = rf_wall_s(rf_clock_real());
    char text[512], at[24];
    for (size_t i = 0; i < n; i++) {
        bool is_over = rf_cert_not_after(certs[i]) < now_s;
        if (!is_over && rf_cert_not_before(certs[i]) <= now_s)
            continue;
        int64_t when_s = is_over ? rf_cert_not_after(certs[i]) : rf_cert_not_before(certs[i]);
        snprintf(text, sizeof text, "%s (%s) %s %s", rf_cert_subject(certs[i]),
                 rf_cert_short(certs[i]), is_over ? "ended at" : "is not valid before",
                 rf_time_text(when_s, at, sizeof at));
        rf_json_arr_add_str(arr, text);
    }
    set_warnings(out, arr);
}

void container_warnings(struct rf_json *out, const struct rf_signedfile *sf, bool is_rollback)
{
    struct rf_json *arr = rf_json_arr();
    add_header_warnings(arr, sf);
    if (is_rollback)
        rf_json_arr_add_str(arr, "older than the one before");
    set_warnings(out, arr);
}

void container_list_warnings(struct rf_json *out, const struct rf_trustlist *list)
{
    struct rf_json *arr = rf_json_arr();
    add_header_warnings(arr, &list->header);
    add_unknown(arr, " of records", list->unknown_n, list->unknown_first);
    set_warnings(out, arr);
}

/* Which tag of the header a refused check has looked at. */
static const struct {
    const char *code;
    uint8_t tag;
} checks[] = {
    {"file-kind", 1},           {"not-encrypted", 1},    {"signer-mismatch", 6},
    {"signer-unknown", 6},      {"signer-role", 6},      {"list-signer-not-own", 6},
    {"list-signer-unknown", 6}, {"list-signer-role", 6}, {"digest-refused", 8},
    {"sig-length", 12},         {"sig-mismatch", 12},    {"file-name", 14},
    {"time-future", 15},        {"time-rollback", 15},
};

static const char *tag_name(uint8_t tag)
{
    switch (tag) {
    case 1:
        return "header version (tag 1)";
    case 6:
        return "issuer and serial number (tags 6 and 5)";
    case 8:
        return "hash algorithm (tag 8)";
    case 12:
        return "signature (tag 12)";
    case 14:
        return "file name (tag 14)";
    default:
        return "time stamp (tag 15)";
    }
}

int container_refuse(const struct cmd_ctx *ctx, const char *what, const struct rf_why *why,
                     const struct rf_signedfile *sf, const struct rf_cert *cert)
{
    struct rf_why at = *why;
    const char *field = NULL;
    for (size_t i = 0; sf != NULL && i < sizeof checks / sizeof *checks; i++)
        if (strcmp(checks[i].code, why->code) == 0) {
            field = tag_name(checks[i].tag);
            at.offset = sf->tag_off[checks[i].tag];
        }
    return cmd_refuse_at(ctx, what, &at, field, cert != NULL ? container_cert(cert) : NULL);
}
