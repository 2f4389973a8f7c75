/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

EVP_PKEY *load_key_new(const char *kind)
{
    EVP_PKEY *key = strcmp(kind, "ec") == 0 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
    if (key == NULL)
        load_fail("no key could be made");
    return key;
}

static FILE *open_or_fail(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);
    if (file == NULL)
        load_fail(path);
    return file;
}

EVP_PKEY *load_key_read(const char *path)
{
    FILE *file = open_or_fail(path, "r");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    if (key == NULL)
        load_fail("a key file cannot be read");
    return key;
}

X509 *load_cert_read(const char *path)
{
    FILE *file = open_or_fail(path, "r");
    X509 *cert = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    if (cert == NULL)
        load_fail("a certificate file cannot be read");
    return cert;
}

static void extend(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    if (e == NULL || X509_add_ext(cert, e, -1) != 1)
        load_fail("no certificate extension");
    X509_EXTENSION_free(e);
}

/* Version 3, a random serial, two years from yesterday. */
static X509 *begin(EVP_PKEY *key, const char *cn, const char *org)
{
    X509 *cert = X509_new();
    BIGNUM *serial = BN_new();
    X509_NAME *name = X509_NAME_new();
    bool ok = cert != NULL && serial != NULL && name != NULL && X509_set_version(cert, 2) == 1 &&
              BN_rand(serial, 126, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
              BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) != NULL &&
              X509_gmtime_adj(X509_getm_notBefore(cert), -86400) != NULL &&
              X509_gmtime_adj(X509_getm_notAfter(cert), 730L * 86400) != NULL &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1,
                                         -1, 0) == 1 &&
              X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)org, -1,
                                         -1, 0) == 1 &&
              X509_set_subject_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1;
    if (!ok)
        load_fail("no certificate could be made");
    X509_NAME_free(name);
    BN_free(serial);
    return cert;
}

static X509 *signed_by(X509 *cert, const X509_NAME *issuer, EVP_PKEY *key)
{
    if (X509_set_issuer_name(cert, issuer) != 1 || X509_sign(cert, key, EVP_sha256()) == 0)
        load_fail("no certificate could be signed");
    return cert;
}

X509 *load_cert_new(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key)
{
    char cn[80];
    char uri[80];
    bool is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    snprintf(cn, sizeof cn, "CP-8861-%s", name);
    snprintf(uri, sizeof uri, "URI:%s", name);
    X509 *cert = begin(key, cn, "Bench");
    extend(cert, NID_basic_constraints, "critical,CA:FALSE");
    extend(cert, NID_key_usage,
           is_rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature");
    extend(cert, NID_ext_key_usage, "serverAuth,clientAuth,ipsecEndSystem");
    extend(cert, NID_subject_alt_name, uri);
    return signed_by(cert, X509_get_subject_name(issuer), issuer_key);
}

void load_identities(struct load *l, const char *cert_path, const char *key_path)
{
    X509 *issuer = load_cert_read(cert_path);
    EVP_PKEY *key = load_key_read(key_path);
    for (unsigned i = 0; i < l->conf.conns; i++) {
        char name[32];
        snprintf(name, sizeof name, "SEP%012u", i);
        l->conn[i].cert = load_cert_new(l->conf.key, name, issuer, key);
    }
    EVP_PKEY_free(key);
    X509_free(issuer);
}
