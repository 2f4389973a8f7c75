/* SPDX-License-Identifier: Apache-2.0 */
#include "ca_kit.h"

#include <stdlib.h>
#include <unistd.h>

#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "trust/openssl.h"

#define DAY_S 86400

/* ---- certificates ---- */

static void add_ext(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, NULL, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

static void add_exts(X509 *x, const struct ca_make *make, EVP_PKEY *key, const char *device)
{
    char san[80];
    bool is_rsa = EVP_PKEY_is_a(key, "RSA");
    const char *ku = make->key_usage != NULL ? make->key_usage
                     : is_rsa                ? "critical,digitalSignature,keyEncipherment"
                                             : "critical,digitalSignature";
    const char *eku = make->ext_usage != NULL ? make->ext_usage : "clientAuth,serverAuth";
    snprintf(san, sizeof san, "URI:%s", device);
    add_ext(x, NID_basic_constraints, make->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (ku[0] != '\0')
        add_ext(x, NID_key_usage, ku);
    if (eku[0] != '\0')
        add_ext(x, NID_ext_key_usage, eku);
    add_ext(x, NID_subject_alt_name, make->san != NULL ? make->san : san);
}

static X509 *build(struct ca *ca, EVP_PKEY *key, const char *cn)
{
    const struct ca_make *m = &ca->make;
    X509 *x = X509_new();
    uint8_t serial[8];
    assert_int_equal(RAND_bytes(serial, sizeof serial), 1);
    serial[0] = (serial[0] & 0x3f) | 0x40;
    BIGNUM *bn = BN_bin2bn(serial, sizeof serial, NULL);
    assert_non_null(BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x)));
    BN_free(bn);
    X509_NAME *subject = X509_get_subject_name(x);
    const char *name = m->cn != NULL ? m->cn : cn;
    assert_int_equal(X509_set_version(x, 2), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(x, X509_get_subject_name(rf_cert_x509(ca->id.cert))), 1);
    ASN1_TIME_set(X509_getm_notBefore(x), m->from_s != 0 ? m->from_s : TEST_NOW - DAY_S);
    ASN1_TIME_set(X509_getm_notAfter(x), m->until_s != 0 ? m->until_s : TEST_NOW + 100 * DAY_S);
    RF_AUTO(rf_key_freep) struct rf_key *other = m->is_other_key ? new_key(0) : NULL;
    EVP_PKEY *shown = other != NULL ? rf_key_pkey(other) : key;
    assert_int_equal(X509_set_pubkey(x, shown), 1);
    add_exts(x, m, shown, cn);
    assert_true(X509_sign(x, rf_key_pkey(m->is_by_other ? ca->other.key : ca->id.key),
                          m->is_sha1 ? EVP_sha1() : EVP_sha256()) > 0);
    return x;
}

struct rf_cert *ca_issue(struct ca *ca, struct rf_slice spki, const char *device)
{
    struct rf_cert *cert = NULL;
    const unsigned char *p = spki.p;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.len);
    assert_non_null(key);
    X509 *x = build(ca, key, device);
    assert_err(rf_cert_from_x509(x, &cert, NULL), RF_OK);
    X509_free(x);
    EVP_PKEY_free(key);
    return cert;
}

/* ---- the protocol's server ---- */

static char *cn_of(const OSSL_CRMF_CERTTEMPLATE *t)
{
    static char cn[80];
    assert_true(X509_NAME_get_text_by_NID(OSSL_CRMF_CERTTEMPLATE_get0_subject(t), NID_commonName,
                                          cn, sizeof cn) > 0);
    return cn;
}

/* There is no getter for the key of a template: field [6] of it. */
static EVP_PKEY *key_of(const OSSL_CRMF_CERTTEMPLATE *t)
{
    unsigned char *der = NULL;
    int len = i2d_OSSL_CRMF_CERTTEMPLATE((OSSL_CRMF_CERTTEMPLATE *)(uintptr_t)t, &der);
    assert_true(len > 0);
    const unsigned char *p = der, *end;
    long n;
    int tag, class;
    assert_int_equal(ASN1_get_object(&p, &n, &tag, &class, len) & 0x80, 0);
    EVP_PKEY *key = NULL;
    for (end = p + n; p < end && key == NULL; p += n) {
        const unsigned char *head = p;
        assert_int_equal(ASN1_get_object(&p, &n, &tag, &class, end - p) & 0x80, 0);
        if (tag != 6)
            continue;
        size_t size = (size_t)(p - head) + (size_t)n;
        unsigned char *copy = malloc(size);
        memcpy(copy, head, size);
        copy[0] = 0x30; /* SEQUENCE in the place of [6] */
        const unsigned char *q = copy;
        key = d2i_PUBKEY(NULL, &q, (long)size);
        free(copy);
    }
    OPENSSL_free(der);
    assert_non_null(key);
    return key;
}

static OSSL_CMP_MSG *msg_dup(const OSSL_CMP_MSG *msg)
{
    unsigned char *der = NULL;
    int len = i2d_OSSL_CMP_MSG(msg, &der);
    const unsigned char *p = der;
    OSSL_CMP_MSG *copy = d2i_OSSL_CMP_MSG(NULL, &p, len);
    OPENSSL_free(der);
    return copy;
}

static OSSL_CMP_PKISI *on_request(OSSL_CMP_SRV_CTX *srv, const OSSL_CMP_MSG *req, int id,
                                  const OSSL_CRMF_MSG *crm, const X509_REQ *p10, X509 **cert,
                                  STACK_OF(X509) * *chain, STACK_OF(X509) * *pubs)
{
    struct ca *ca = OSSL_CMP_SRV_CTX_get0_custom_ctx(srv);
    *chain = *pubs = NULL;
    *cert = NULL;
    if (ca->kept == NULL)
        ca->requests++;
    if (ca->refuses)
        return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_rejection,
                                       1 << OSSL_CMP_PKIFAILUREINFO_badCertTemplate,
                                       "no phones \x1b[31m here");
    if (ca->polls > 0) {
        ca->kept = msg_dup(req);
        return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_waiting, 0, NULL);
    }
    const OSSL_CRMF_CERTTEMPLATE *t = OSSL_CRMF_MSG_get0_tmpl(crm);
    EVP_PKEY *key = key_of(t);
    *cert = build(ca, key, cn_of(t));
    EVP_PKEY_free(key);
    return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_accepted, 0, NULL);
}

static int on_poll(OSSL_CMP_SRV_CTX *srv, const OSSL_CMP_MSG *req, int id, OSSL_CMP_MSG **out,
                   int64_t *after)
{
    struct ca *ca = OSSL_CMP_SRV_CTX_get0_custom_ctx(srv);
    *out = NULL;
    *after = 0;
    if (ca->kept == NULL)
        return 0;
    if (--ca->polls > 0) {
        *after = 7;
        return 1;
    }
    *out = ca->kept;
    ca->kept = NULL;
    ca->requests--; /* the same one again */
    return 1;
}

static int on_confirmation(OSSL_CMP_SRV_CTX *srv, const OSSL_CMP_MSG *req, int id,
                           const ASN1_OCTET_STRING *hash, const OSSL_CMP_PKISI *si)
{
    struct ca *ca = OSSL_CMP_SRV_CTX_get0_custom_ctx(srv);
    char text[200] = "";
    bool is_accepted = si == NULL || strstr(OSSL_CMP_snprint_PKIStatusInfo(si, text, sizeof text),
                                            "accepted") != NULL;
    ca->accepted += is_accepted;
    ca->rejected += !is_accepted;
    return 1;
}

static void on_error(OSSL_CMP_SRV_CTX *srv, const OSSL_CMP_MSG *req, const OSSL_CMP_PKISI *si,
                     const ASN1_INTEGER *code, const OSSL_CMP_PKIFREETEXT *details)
{
}

enum rf_err ca_transfer(void *arg, struct rf_slice request, struct rf_buf *response)
{
    struct ca *ca = arg;
    const unsigned char *p = request.p;
    unsigned char *der = NULL;
    ca->messages++;
    if (ca->is_dead)
        return RF_ERR_IO;
    OSSL_CMP_CTX *ctx = OSSL_CMP_SRV_CTX_get0_cmp_ctx(ca->srv);
    const char *secret = ca->is_false ? "another secret" : CA_SECRET;
    OSSL_CMP_MSG *msg = d2i_OSSL_CMP_MSG(NULL, &p, (long)request.len);
    assert_non_null(msg);
    bool is_confirmation = OSSL_CMP_MSG_get_bodytype(msg) == 24;
    assert_int_equal(
        OSSL_CMP_CTX_set1_secretValue(ctx, (const unsigned char *)secret, (int)strlen(secret)), 1);
    OSSL_CMP_MSG *answer = OSSL_CMP_SRV_process_request(ca->srv, msg);
    OSSL_CMP_MSG_free(msg);
    if (answer == NULL)
        return RF_ERR_IO;
    int len = i2d_OSSL_CMP_MSG(answer, &der);
    OSSL_CMP_MSG_free(answer);
    enum rf_err err = rf_buf_add_slice(response, rf_slice_of(der, (size_t)len));
    OPENSSL_free(der);
    return is_confirmation && ca->loses_confirmation ? RF_ERR_IO : err;
}

struct ca *ca_new(const char *cn)
{
    struct rf_why why = {0};
    struct ca *ca = rf_new(struct ca);
    ca->id = self_id(RF_CERT_ROLE_LSC_ISSUER, cn, 0);
    ca->other = self_id(RF_CERT_ROLE_LSC_ISSUER, cn, 0);
    ca->anchors = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    assert_err(rf_anchors_add(ca->anchors, ca->id.cert, &why), RF_OK);
    ca->srv = OSSL_CMP_SRV_CTX_new(NULL, NULL);
    assert_non_null(ca->srv);
    assert_int_equal(OSSL_CMP_SRV_CTX_init(ca->srv, ca, on_request, NULL, NULL, on_error,
                                           on_confirmation, on_poll),
                     1);
    assert_int_equal(OSSL_CMP_SRV_CTX_set_accept_raverified(ca->srv, 1), 1);
    OSSL_CMP_CTX *ctx = OSSL_CMP_SRV_CTX_get0_cmp_ctx(ca->srv);
    assert_int_equal(OSSL_CMP_CTX_set1_referenceValue(ctx, (const unsigned char *)CA_REFERENCE,
                                                      (int)strlen(CA_REFERENCE)),
                     1);
    test_tmp(ca->secret_file, sizeof ca->secret_file, "secret");
    int fd = mkstemp(ca->secret_file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, CA_SECRET "\n", strlen(CA_SECRET) + 1), strlen(CA_SECRET) + 1);
    close(fd);
    return ca;
}

void ca_free(struct ca *ca)
{
    unlink(ca->secret_file);
    OSSL_CMP_SRV_CTX_free(ca->srv);
    OSSL_CMP_MSG_free(ca->kept);
    rf_anchors_unref(ca->anchors);
    id_fini(&ca->id);
    id_fini(&ca->other);
    rf_free(ca);
}

struct rf_cmp_spec ca_spec(struct ca *ca)
{
    return (struct rf_cmp_spec){.url = "http://ca.test/pki",
                                .reference = CA_REFERENCE,
                                .secret_file = ca->secret_file,
                                .recipient = "/CN=Customer CA/O=Ringfence test",
                                .timeout_s = 5,
                                .days = 100,
                                .transfer = ca_transfer,
                                .transfer_arg = ca};
}
