/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of revoked certificates and answers of OCSP responders, made on the spot by OpenSSL: of
 * every kind, good and wrong. */
#ifndef UNIT_TRUST_REVOKE_H
#define UNIT_TRUST_REVOKE_H

#include "pki.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "trust/openssl.h"
#include "trust/revocation.h"

#define HOUR 3600

struct list_spec {
    const struct id *by;
    const struct id *as; /* another's name on it; NULL: the signer's */
    const struct rf_cert *revoked[4];
    int64_t this_s, next_s; /* 0: an hour ago, in an hour; next -1: none */
    long number;            /* 0: none */
    const char *critical;   /* OID of an unknown critical extension of the list */
    const char *critical_of_entry;
    bool is_delta;
    const EVP_MD *md; /* NULL: SHA-256 */
};

static inline X509_EXTENSION *odd_extension(const char *oid)
{
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
    assert_int_equal(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05", 2), 1);
    X509_EXTENSION *ext = X509_EXTENSION_create_by_OBJ(NULL, obj, 1, value);
    assert_non_null(ext);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(obj);
    return ext;
}

static inline void add_revoked(X509_CRL *x, const struct rf_cert *cert, int64_t at_s,
                               const char *critical)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *at = ASN1_TIME_set(NULL, (time_t)at_s);
    assert_int_equal(
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(rf_cert_x509(cert))), 1);
    assert_int_equal(X509_REVOKED_set_revocationDate(entry, at), 1);
    if (critical != NULL) {
        X509_EXTENSION *ext = odd_extension(critical);
        assert_int_equal(X509_REVOKED_add_ext(entry, ext, -1), 1);
        X509_EXTENSION_free(ext);
    }
    assert_int_equal(X509_CRL_add0_revoked(x, entry), 1);
    ASN1_TIME_free(at);
}

static inline void add_number(X509_CRL *x, int nid, long number, int critical)
{
    ASN1_INTEGER *value = ASN1_INTEGER_new();
    assert_int_equal(ASN1_INTEGER_set(value, number), 1);
    assert_int_equal(X509_CRL_add1_ext_i2d(x, nid, value, critical, 0), 1);
    ASN1_INTEGER_free(value);
}

static inline void set_list_times(X509_CRL *x, const struct list_spec *s)
{
    ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)(s->this_s != 0 ? s->this_s : TEST_NOW - HOUR));
    ASN1_TIME *to = ASN1_TIME_set(NULL, (time_t)(s->next_s > 0 ? s->next_s : TEST_NOW + HOUR));
    assert_int_equal(X509_CRL_set1_lastUpdate(x, from), 1);
    if (s->next_s >= 0)
        assert_int_equal(X509_CRL_set1_nextUpdate(x, to), 1);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
}

/** Its DER. */
static inline struct rf_buf list_der(const struct list_spec *s)
{
    const struct id *as = s->as != NULL ? s->as : s->by;
    struct rf_buf out = RF_BUF(RF_CRL_BYTES_MAX);
    unsigned char *der = NULL;
    X509_CRL *x = X509_CRL_new();
    assert_int_equal(X509_CRL_set_version(x, 1), 1);
    assert_int_equal(X509_CRL_set_issuer_name(x, X509_get_subject_name(rf_cert_x509(as->cert))), 1);
    set_list_times(x, s);
    for (size_t i = 0; i < 4 && s->revoked[i] != NULL; i++)
        add_revoked(x, s->revoked[i], TEST_NOW - HOUR, s->critical_of_entry);
    if (s->number != 0)
        add_number(x, NID_crl_number, s->number, 0);
    if (s->is_delta)
        add_number(x, NID_delta_crl, 1, 1);
    if (s->critical != NULL) {
        X509_EXTENSION *ext = odd_extension(s->critical);
        assert_int_equal(X509_CRL_add_ext(x, ext, -1), 1);
        X509_EXTENSION_free(ext);
    }
    X509_CRL_sort(x);
    assert_true(X509_CRL_sign(x, rf_key_pkey(s->by->key), s->md != NULL ? s->md : EVP_sha256()) >
                0);
    int n = i2d_X509_CRL(x, &der);
    assert_true(n > 0);
    assert_err(rf_buf_add(&out, der, (size_t)n), RF_OK);
    OPENSSL_free(der);
    X509_CRL_free(x);
    return out;
}

static inline struct rf_crl *list_of(const struct list_spec *s)
{
    RF_AUTO(rf_buf_fini) struct rf_buf der = list_der(s);
    struct rf_crl *crl = NULL;
    assert_err(rf_crl_parse(rf_buf_slice(&der), &crl, NULL), RF_OK);
    return crl;
}

/* ---- responders ---- */

/** A certificate by `ca` for a responder; `usage` is its extended key usage, or NULL. */
static inline struct id responder_id(const struct id *ca, const char *usage, int64_t until_s)
{
    struct id id = {0};
    X509 *x = X509_new();
    ASN1_TIME *from = ASN1_TIME_set(NULL, TEST_NOW - HOUR);
    ASN1_TIME *to = ASN1_TIME_set(NULL, (time_t)until_s);
    X509_NAME *name = X509_NAME_new();
    id_set_key(&id, new_key(0));
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)"Responder", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_version(x, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 77), 1);
    assert_int_equal(X509_set_subject_name(x, name), 1);
    assert_int_equal(X509_set_issuer_name(x, X509_get_subject_name(rf_cert_x509(ca->cert))), 1);
    assert_int_equal(X509_set1_notBefore(x, from), 1);
    assert_int_equal(X509_set1_notAfter(x, to), 1);
    assert_int_equal(X509_set_pubkey(x, rf_key_pkey(id.key)), 1);
    if (usage != NULL) {
        X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, usage);
        assert_non_null(ext);
        assert_int_equal(X509_add_ext(x, ext, -1), 1);
        X509_EXTENSION_free(ext);
    }
    assert_true(X509_sign(x, rf_key_pkey(ca->key), EVP_sha256()) > 0);
    assert_err(rf_cert_from_x509(x, &id.cert, NULL), RF_OK);
    X509_NAME_free(name);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    X509_free(x);
    return id;
}

struct answer_spec {
    const struct id *by;
    const struct rf_cert *about;
    const struct rf_cert *issuer; /* of `about` */
    enum rf_ocsp_status status;
    int64_t this_s, next_s;            /* as in list_spec */
    const struct rf_ocsp_nonce *nonce; /* NULL: none */
    const EVP_MD *md;
    int response; /* OCSP_RESPONSE_STATUS_… */
};

static inline struct rf_buf answer_der(const struct answer_spec *s)
{
    struct rf_buf out = RF_BUF(RF_OCSP_ANSWER_MAX);
    static const int states[] = {[RF_OCSP_GOOD] = V_OCSP_CERTSTATUS_GOOD,
                                 [RF_OCSP_REVOKED] = V_OCSP_CERTSTATUS_REVOKED,
                                 [RF_OCSP_UNKNOWN] = V_OCSP_CERTSTATUS_UNKNOWN};
    unsigned char *der = NULL;
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), rf_cert_x509(s->about), rf_cert_x509(s->issuer));
    ASN1_TIME *from =
        ASN1_GENERALIZEDTIME_set(NULL, (time_t)(s->this_s != 0 ? s->this_s : TEST_NOW - 60));
    ASN1_TIME *to =
        ASN1_GENERALIZEDTIME_set(NULL, (time_t)(s->next_s > 0 ? s->next_s : TEST_NOW + HOUR));
    assert_non_null(OCSP_basic_add1_status(basic, id, states[s->status],
                                           OCSP_REVOKED_STATUS_KEYCOMPROMISE, from, from,
                                           s->next_s < 0 ? NULL : to));
    if (s->nonce != NULL) {
        struct rf_ocsp_nonce nonce = *s->nonce;
        assert_int_equal(OCSP_basic_add1_nonce(basic, nonce.bytes, sizeof nonce.bytes), 1);
    }
    assert_int_equal(OCSP_basic_sign(basic, rf_cert_x509(s->by->cert), rf_key_pkey(s->by->key),
                                     s->md != NULL ? s->md : EVP_sha256(), NULL, 0),
                     1);
    OCSP_RESPONSE *response = OCSP_response_create(s->response, s->response == 0 ? basic : NULL);
    int n = i2d_OCSP_RESPONSE(response, &der);
    assert_true(n > 0);
    assert_err(rf_buf_add(&out, der, (size_t)n), RF_OK);
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return out;
}

#endif
