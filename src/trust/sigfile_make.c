/* SPDX-License-Identifier: Apache-2.0 */
/* Making containers. What was signed is checked with the certificate before anybody gets it: a
 * phone would refuse it, and cannot say why in a way that an administrator sees. */
#include "base/faults.h"
#include "base/text.h"
#include "trust/sigfile.h"
#include "trust/sigfile_int.h"

enum rf_err rf_sigfile_check_key(const struct rf_vault_key *key, const struct rf_cert *cert,
                                 enum rf_digest digest, size_t *signature_len, struct rf_why *why)
{
    uint8_t code;
    unsigned bits = rf_vault_key_bits(key);
    *signature_len = bits / 8;
    if (!rf_fault_skips("sign.digest") && digest != RF_DIGEST_SHA1 && digest != RF_DIGEST_SHA512)
        return rf_why_set(why, RF_ERR_DENIED, "digest-refused",
                          "containers are signed with sha1 or sha512; no phone is known to take %s",
                          rf_digest_name(digest));
    if (!rf_fault_skips("sign.key-type") && rf_vault_key_type(key) != RF_KEY_RSA)
        return rf_why_set(why, RF_ERR_DENIED, "key-type",
                          "the key of %s (%s) is not RSA; containers have no other signature",
                          rf_cert_subject(cert), rf_cert_short(cert));
    if (!rf_fault_skips("sign.key-cert") && !rf_vault_matches(key, cert))
        return rf_why_set(why, RF_ERR_DENIED, "key-cert-mismatch",
                          "the signing key is not that of %s (%s)", rf_cert_subject(cert),
                          rf_cert_short(cert));
    if (bits % 8 != 0 || !rf_signedfile_modulus_code(*signature_len, &code))
        return rf_why_set(why, RF_ERR_DENIED, "key-size",
                          "a key of %u bits cannot sign: phones know 512, 1024, 2048 and 4096",
                          bits);
    return RF_OK;
}

struct rf_signedfile_spec rf_sigfile_header_of(const struct rf_cert *cert, enum rf_digest digest,
                                               size_t signature_len)
{
    return (struct rf_signedfile_spec){
        .form = RF_SIGNEDFILE_FORM_FILE,
        .major = 1,
        .signer = rf_slice_str(rf_cert_subject(cert)),
        .issuer = rf_slice_str(rf_cert_issuer(cert)),
        .serial = rf_cert_serial(cert),
        .hash = (enum rf_signedfile_hash)digest,
        .signature_len = signature_len,
    };
}

enum rf_err rf_sigfile_put_signature(const struct rf_cert *cert, enum rf_digest digest,
                                     struct rf_slice md, struct rf_slice sig,
                                     const struct rf_signedfile_layout *layout, uint8_t *header,
                                     size_t cap, struct rf_why *why)
{
    struct rf_slice done;
    if (sig.len != layout->signature_len)
        return rf_why_set(why, RF_ERR_CRYPTO, "sign-failed",
                          "the signature has %zu bytes, its place in the header %zu", sig.len,
                          layout->signature_len);
    enum rf_err err = rf_cert_verify_digest(cert, digest, md, sig, why);
    if (err != RF_OK)
        return err;
    struct rf_wr wr = rf_wr_of(header, cap);
    wr.len = layout->signature_off;
    rf_wr_slice(&wr, sig);
    return rf_wr_done(&wr, &done);
}

enum rf_err rf_sigfile_sign_in_place(struct rf_vault_key *key, const struct rf_cert *cert,
                                     enum rf_digest digest,
                                     const struct rf_signedfile_layout *layout, uint8_t *whole,
                                     size_t whole_len, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf sig = RF_BUF(RF_SIGNATURE_MAX);
    uint8_t md[RF_DIGEST_MAX];
    struct rf_slice all = rf_slice_of(whole, whole_len);
    const struct rf_slice parts[] = {
        rf_slice_part(all, 0, layout->signature_tlv_off),
        rf_slice_part(all, layout->signature_tlv_off + layout->signature_tlv_len, SIZE_MAX),
    };
    struct rf_slice digested = rf_slice_of(md, rf_digest_of_parts(digest, parts, 2, md));
    enum rf_err err = rf_vault_sign_digest(key, digest, digested, &sig, why);
    return err != RF_OK ? err
                        : rf_sigfile_put_signature(cert, digest, digested, rf_buf_slice(&sig),
                                                   layout, whole, whole_len, why);
}

enum rf_err rf_sigfile_put(struct rf_vault_key *key, const struct rf_cert *cert,
                           enum rf_digest digest, const struct rf_signedfile_spec *header,
                           struct rf_slice body, struct rf_buf *out, struct rf_why *why)
{
    uint8_t head[RF_SIGFILE_OVERHEAD_MAX];
    struct rf_signedfile_layout layout;
    enum rf_err err = rf_signedfile_encode(header, head, sizeof(head), &layout, why);
    if (err != RF_OK)
        return err;
    size_t n = layout.header_len + body.len;
    uint8_t *to = rf_buf_room(out, n);
    if (to == NULL)
        return rf_why_set(why, RF_ERR_LIMIT, "file-size", "the file would have %zu bytes", n);
    struct rf_wr wr = rf_wr_of(to, n);
    rf_wr_bytes(&wr, head, layout.header_len);
    rf_wr_slice(&wr, body);
    err = rf_sigfile_sign_in_place(key, cert, digest, &layout, to, n, why);
    if (err == RF_OK)
        out->len += n;
    return err;
}

enum rf_err rf_sigfile_header(const struct rf_vault_key *key, const struct rf_cert *cert,
                              const struct rf_sigfile_spec *spec, bool is_image,
                              struct rf_signedfile_spec *out, struct rf_why *why)
{
    size_t signature_len;
    enum rf_err err = rf_sigfile_check_key(key, cert, spec->digest, &signature_len, why);
    if (err != RF_OK)
        return err;
    *out = rf_sigfile_header_of(cert, spec->digest, signature_len);
    out->file_name = rf_slice_str(spec->name);
    if (is_image) {
        out->form = RF_SIGNEDFILE_FORM_IMAGE;
        out->minor = 1;
    } else {
        out->has_timestamp = true;
        out->timestamp = spec->timestamp;
    }
    return RF_OK;
}

static enum rf_err sign(struct rf_vault_key *key, const struct rf_cert *cert,
                        const struct rf_sigfile_spec *spec, bool is_image, struct rf_buf *out,
                        struct rf_why *why)
{
    struct rf_signedfile_spec header;
    enum rf_err err = rf_sigfile_header(key, cert, spec, is_image, &header, why);
    return err != RF_OK ? err
                        : rf_sigfile_put(key, cert, spec->digest, &header, spec->body, out, why);
}

enum rf_err rf_sigfile_sign(struct rf_vault_key *key, const struct rf_cert *cert,
                            const struct rf_sigfile_spec *spec, struct rf_buf *out,
                            struct rf_why *why)
{
    return sign(key, cert, spec, false, out, why);
}

enum rf_err rf_image_sign(struct rf_vault_key *key, const struct rf_cert *cert,
                          const struct rf_sigfile_spec *spec, struct rf_buf *out,
                          struct rf_why *why)
{
    return sign(key, cert, spec, true, out, why);
}
