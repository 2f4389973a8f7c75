/* SPDX-License-Identifier: Apache-2.0 */
/* Containers for the tests of trust/: well made ones, and ones that our own writers would not make
 * but whose signature is right. */
#ifndef UNIT_TRUST_CONTAINER_H
#define UNIT_TRUST_CONTAINER_H

#include <openssl/x509.h>

#include "pki.h"
#include "trust/openssl.h"
#include "trust/sigfile.h"

#define DEVICE_FILE "SEP001122334455.cnf.xml.sgn"
#define CONTENT_MAX 131072

/* Taken by everything that is well made now. */
static inline struct rf_sigfile_policy lenient(const char *name)
{
    return (struct rf_sigfile_policy){
        .expected_name = rf_slice_str(name),
        .has_now = true,
        .now_s = TEST_NOW,
        .allow_sha1 = true,
    };
}

/* A header that is right for this signer. */
static inline struct rf_signedfile_spec header_by(const struct id *by, const char *name)
{
    return (struct rf_signedfile_spec){
        .form = RF_SIGNEDFILE_FORM_FILE,
        .major = 1,
        .signer = rf_slice_str(rf_cert_subject(by->cert)),
        .issuer = rf_slice_str(rf_cert_issuer(by->cert)),
        .serial = rf_cert_serial(by->cert),
        .hash = RF_SIGNEDFILE_SHA512,
        .signature_len = rf_cert_key_bits(by->cert) / 8,
        .file_name = rf_slice_str(name),
        .has_timestamp = true,
        .timestamp = TEST_NOW - 60,
    };
}

/* Header and body as they are told; signed when `sign`, else the signature is zero. */
static inline struct rf_buf container(const struct rf_signedfile_spec *spec, struct rf_slice body,
                                      const struct id *sign)
{
    struct rf_buf b = RF_BUF(CONTENT_MAX);
    struct rf_signedfile_layout at;
    uint8_t *to = rf_buf_room(&b, CONTENT_MAX);
    assert_non_null(to);
    assert_err(rf_signedfile_encode(spec, to, CONTENT_MAX, &at, NULL), RF_OK);
    b.len = at.header_len;
    assert_err(rf_buf_add_slice(&b, body), RF_OK);
    if (sign != NULL)
        assert_err(rf_sigfile_sign_in_place(sign->vault, sign->cert, (enum rf_digest)spec->hash,
                                            &at, b.p, b.len, NULL),
                   RF_OK);
    return b;
}

/* Sign what was changed, with the digest that its header names. */
static inline void sign_again(struct rf_buf *b, const struct id *by)
{
    struct rf_signedfile sf;
    assert_err(rf_signedfile_decode(rf_buf_slice(b), b->len, &sf, NULL), RF_OK);
    struct rf_signedfile_layout at = {
        .header_len = sf.header_len,
        .signature_len = sf.signature.len,
        .signature_off = sf.signature_tlv_off + 3,
        .signature_tlv_off = sf.signature_tlv_off,
        .signature_tlv_len = sf.signature_tlv_len,
    };
    assert_err(rf_sigfile_sign_in_place(by->vault, by->cert, (enum rf_digest)sf.hash, &at, b->p,
                                        b->len, NULL),
               RF_OK);
}

/* An unknown tag of four bytes behind the signature; the header grows by as many. */
static inline void add_unknown_tag(struct rf_buf *b)
{
    static const uint8_t tlv[4] = {0x77, 0, 1, 0x55};
    struct rf_signedfile sf;
    assert_err(rf_signedfile_decode(rf_buf_slice(b), b->len, &sf, NULL), RF_OK);
    size_t at = sf.signature_tlv_off + sf.signature_tlv_len;
    unsigned len = sf.header_len + 4u;
    assert_non_null(rf_buf_room(b, sizeof(tlv)));
    memmove(b->p + at + sizeof(tlv), b->p + at, b->len - at);
    memcpy(b->p + at, tlv, sizeof(tlv));
    b->len += sizeof(tlv);
    b->p[8] = (uint8_t)(len >> 8);
    b->p[9] = (uint8_t)len;
}

/* Another key under the same names and serial number: what a forger would make. */
static inline struct id impostor_of(const struct rf_cert *cert)
{
    struct id id = {0};
    X509 *like = rf_cert_x509(cert);
    id_set_key(&id, new_key(2048));
    X509 *x = X509_new();
    assert_non_null(x);
    assert_int_equal(X509_set_version(x, 2), 1);
    assert_int_equal(X509_set_serialNumber(x, X509_get_serialNumber(like)), 1);
    assert_int_equal(X509_set_issuer_name(x, X509_get_issuer_name(like)), 1);
    assert_int_equal(X509_set_subject_name(x, X509_get_subject_name(like)), 1);
    assert_int_equal(X509_set1_notBefore(x, X509_get0_notBefore(like)), 1);
    assert_int_equal(X509_set1_notAfter(x, X509_get0_notAfter(like)), 1);
    assert_int_equal(X509_set_pubkey(x, rf_key_pkey(id.key)), 1);
    assert_true(X509_sign(x, rf_key_pkey(id.key), EVP_sha256()) > 0);
    assert_err(rf_cert_from_x509(x, &id.cert, NULL), RF_OK);
    X509_free(x);
    return id;
}

#endif
