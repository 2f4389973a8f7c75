/* SPDX-License-Identifier: Apache-2.0 */
/* The least that a CAPF server can be on the library: it believes one manufacturer, checks the
 * phone's certificate and its proof, reads its key, signs a certificate for it and forgets it.
 * There is no database, no other process, no list of devices, no log, and no check of the key.
 *
 *     bench_bare_capf CERT KEY ISSUER-CERT ISSUER-KEY MAKER-CERT
 *
 * Prints its port, and runs until it is killed. */
#include "bare_server.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "wire/capf/capf.h"

#define YEAR_S (365L * 86400)

static X509 *issuer;
static EVP_PKEY *issuer_key;
static X509 *maker;
static X509_EXTENSION *extension[3];

/* The phone's name, kept with its connection. */
struct phone {
    char name[RF_CAPF_NAME_MAX + 1];
};

static void say(struct bare_conn *c, struct rf_capf_msg *m)
{
    uint8_t buf[RF_CAPF_FRAME_MAX];
    struct rf_slice frame;
    if (rf_capf_encode(m, buf, sizeof buf, &frame) != RF_OK)
        bare_fail("a message is too long");
    bare_say(c, frame.p, frame.len);
}

static void on_open(struct bare_conn *c)
{
    c->data = calloc(1, sizeof(struct phone));
    if (c->data == NULL)
        bare_fail("memory");
    say(c, &(struct rf_capf_msg){.command = RF_CAPF_AUTH_REQ,
                                 .session = 1,
                                 .has_version = true,
                                 .version = RF_CAPF_VERSION,
                                 .has_auth_type = true,
                                 .auth_type = RF_CAPF_AUTH_MIC,
                                 .has_cert_type = true,
                                 .cert_type = RF_CAPF_CERT_MIC});
}

/* Is the certificate the manufacturer's, and the signature of its key over name and certificate? */
static bool is_proved(const struct phone *phone, const struct rf_capf_msg *m)
{
    const unsigned char *p = m->cert.p;
    X509 *cert = d2i_X509(NULL, &p, (long)m->cert.len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = cert != NULL && ctx != NULL && X509_verify(cert, X509_get0_pubkey(maker)) == 1 &&
              EVP_DigestVerifyInit(ctx, NULL, EVP_sha512(), NULL, X509_get0_pubkey(cert)) == 1 &&
              EVP_DigestVerifyUpdate(ctx, phone->name, strlen(phone->name) + 1) == 1 &&
              EVP_DigestVerifyUpdate(ctx, m->cert.p, m->cert.len) == 1 &&
              EVP_DigestVerifyFinal(ctx, m->sha2_signature.p, m->sha2_signature.len) == 1;
    EVP_MD_CTX_free(ctx);
    X509_free(cert);
    return ok;
}

static void let_in(struct bare_conn *c, const struct rf_capf_msg *m)
{
    struct phone *phone = c->data;
    rf_slice_to_str(m->device_name, phone->name, sizeof phone->name);
    if (m->has_cert && !is_proved(phone, m))
        bare_fail("a phone that proves nothing");
    say(c, &(struct rf_capf_msg){.command = RF_CAPF_KEYGEN_REQ,
                                 .session = 1,
                                 .has_key_type = true,
                                 .has_key_size = true,
                                 .key_size = 2048});
}

/* Version 3, a random serial, a year from now. */
static X509 *issue(const struct phone *phone, EVP_PKEY *key)
{
    X509 *cert = X509_new();
    BIGNUM *serial = BN_new();
    X509_NAME *name = X509_NAME_new();
    bool ok = cert != NULL && serial != NULL && name != NULL && X509_set_version(cert, 2) == 1 &&
              BN_rand(serial, 126, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
              BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) != NULL &&
              X509_gmtime_adj(X509_getm_notBefore(cert), 0) != NULL &&
              X509_gmtime_adj(X509_getm_notAfter(cert), YEAR_S) != NULL &&
              X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                         (const unsigned char *)phone->name, -1, -1, 0) == 1 &&
              X509_set_subject_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1 &&
              X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1;
    for (size_t i = 0; ok && i < sizeof extension / sizeof *extension; i++)
        ok = X509_add_ext(cert, extension[i], -1) == 1;
    if (!ok || X509_sign(cert, issuer_key, EVP_sha256()) == 0)
        bare_fail("no certificate could be made");
    X509_NAME_free(name);
    BN_free(serial);
    return cert;
}

static void enrol(struct bare_conn *c, const struct rf_capf_msg *m)
{
    const unsigned char *p = m->public_key.p;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)m->public_key.len);
    uint8_t *der = NULL;
    if (key == NULL)
        bare_fail("a key that cannot be read");
    X509 *cert = issue(c->data, key);
    int len = i2d_X509(cert, &der);
    say(c, &(struct rf_capf_msg){.command = RF_CAPF_STORE_CERT_REQ,
                                 .session = 1,
                                 .has_cert_type = true,
                                 .cert_type = RF_CAPF_CERT_LSC,
                                 .has_cert = true,
                                 .cert_inner_type = RF_CAPF_CERT_LSC,
                                 .cert = rf_slice_of(der, (size_t)len)});
    OPENSSL_free(der);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void on_data(struct bare_conn *c, const uint8_t *p, size_t n)
{
    struct rf_capf_frame frame;
    struct rf_capf_msg m;
    size_t used;
    if (rf_capf_frame_next(rf_slice_of(p, n), &frame, &used, NULL) != RF_OK || used != n ||
        rf_capf_decode(&frame, &m, NULL) != RF_OK)
        bare_fail("a message that is not one record");
    if (m.command == RF_CAPF_AUTH_RES)
        let_in(c, &m);
    else if (m.command == RF_CAPF_KEYGEN_RES)
        enrol(c, &m);
    else if (m.command == RF_CAPF_STORE_CERT_RES)
        say(c, &(struct rf_capf_msg){.command = RF_CAPF_END_SESSION,
                                     .session = 1,
                                     .has_reason = true,
                                     .reason = RF_CAPF_REASON_UPDATE});
    else
        bare_fail("an answer that was not expected");
}

int main(int argc, char **argv)
{
    static const struct bare_calls calls = {.on_open = on_open, .on_data = on_data};
    static const struct {
        int nid;
        const char *value;
    } wanted[] = {{NID_key_usage, "critical,digitalSignature,keyEncipherment"},
                  {NID_ext_key_usage, "serverAuth,clientAuth,ipsecEndSystem"},
                  {NID_basic_constraints, "critical,CA:FALSE"}};
    if (argc != 6) {
        fprintf(stderr, "usage: bench_bare_capf CERT KEY ISSUER-CERT ISSUER-KEY MAKER-CERT\n");
        return 2;
    }
    SSL_CTX *ctx = bare_context(argv[1], argv[2]);
    issuer = load_cert_read(argv[3]);
    issuer_key = load_key_read(argv[4]);
    maker = load_cert_read(argv[5]);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        extension[i] = X509V3_EXT_conf_nid(NULL, NULL, wanted[i].nid, wanted[i].value);
    bare_serve(ctx, &calls);
    return 0;
}
