/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/container.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

static void set_digest(struct rf_json *out, const char *key, struct rf_slice bytes)
{
    uint8_t md[RF_DIGEST_MAX];
    size_t n = rf_digest_of(RF_DIGEST_SHA256, bytes, md);
    rf_json_set_hex(out, key, rf_slice_of(md, n));
}

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

void container_header(struct rf_json *out, const struct rf_signedfile *sf, struct rf_slice file)
{
    struct rf_signedfile_ranges r = rf_signedfile_ranges_of(sf, file.len);
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
    rf_json_set_int(out, "header_bytes", sf->header_len);
    rf_json_set_int(out, "body_bytes", (int64_t)r.body_len);
    set_digest(out, "body_sha256", rf_slice_part(file, r.body_off, r.body_len));
    set_digest(out, "file_sha256", file);
    if (sf->unknown_n > 0)
        rf_json_set_int(out, "unknown_tags", (int64_t)sf->unknown_n);
    if (sf->is_minor_unknown)
        rf_json_set_bool(out, "minor_version_unknown", true);
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

enum rf_err container_open(const char *path, struct rf_buf *file, struct rf_signedfile *out,
                           struct rf_why *why)
{
    enum rf_err err = cmd_read(path, CONTAINER_BYTES_MAX, file, why);
    return err != RF_OK ? err : rf_signedfile_decode(rf_buf_slice(file), file->len, out, why);
}

struct rf_sigfile_policy container_policy(const char *name)
{
    return (struct rf_sigfile_policy){
        .expected_name = name != NULL ? rf_slice_str(name) : (struct rf_slice){NULL, 0},
        .has_now = true,
        .now_s = rf_wall_s(rf_clock_real()),
        .allow_sha1 = true,
    };
}
