/* SPDX-License-Identifier: Apache-2.0 */
/* The getters of a certificate. */
#include <string.h>

#include "trust/cert_int.h"

X509 *rf_cert_x509(const struct rf_cert *c)
{
    return c->x;
}

EVP_PKEY *rf_cert_pkey(const struct rf_cert *c)
{
    return c->pkey;
}

struct rf_slice rf_cert_der(const struct rf_cert *c)
{
    return rf_slice_of(c->der, c->der_len);
}

const char *rf_cert_subject(const struct rf_cert *c)
{
    return c->subject;
}

const char *rf_cert_issuer(const struct rf_cert *c)
{
    return c->issuer;
}

static struct rf_slice name_der(const X509_NAME *name)
{
    const unsigned char *p = NULL;
    size_t n = 0;
    if (X509_NAME_get0_der(name, &p, &n) != 1)
        return (struct rf_slice){0};
    return rf_slice_of(p, n);
}

struct rf_slice rf_cert_subject_der(const struct rf_cert *c)
{
    return name_der(X509_get_subject_name(c->x));
}

struct rf_slice rf_cert_issuer_der(const struct rf_cert *c)
{
    return name_der(X509_get_issuer_name(c->x));
}

struct rf_slice rf_cert_serial(const struct rf_cert *c)
{
    return rf_slice_of(c->serial, c->serial_len);
}

struct rf_slice rf_cert_sha256(const struct rf_cert *c)
{
    return rf_slice_of(c->sha256, sizeof(c->sha256));
}

const char *rf_cert_fingerprint(const struct rf_cert *c)
{
    return c->fingerprint;
}

const char *rf_cert_short(const struct rf_cert *c)
{
    return c->fingerprint_short;
}

const char *rf_cert_md5(const struct rf_cert *c)
{
    return c->md5;
}

struct rf_slice rf_cert_spki(const struct rf_cert *c)
{
    return rf_slice_of(c->spki, c->spki_len);
}

struct rf_slice rf_cert_public_key(const struct rf_cert *c)
{
    const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(c->x);
    return bits == NULL
               ? (struct rf_slice){0}
               : rf_slice_of(ASN1_STRING_get0_data(bits), (size_t)ASN1_STRING_length(bits));
}

enum rf_key_type rf_cert_key_type(const struct rf_cert *c)
{
    return c->key.type;
}

unsigned rf_cert_key_bits(const struct rf_cert *c)
{
    return c->key.bits;
}

enum rf_curve rf_cert_curve(const struct rf_cert *c)
{
    return c->key.curve;
}

int64_t rf_cert_not_before(const struct rf_cert *c)
{
    return c->not_before;
}

int64_t rf_cert_not_after(const struct rf_cert *c)
{
    return c->not_after;
}

bool rf_cert_is_ca(const struct rf_cert *c)
{
    return c->is_ca;
}

long rf_cert_path_len(const struct rf_cert *c)
{
    return c->path_len;
}

bool rf_cert_has_key_usage(const struct rf_cert *c)
{
    return c->has_key_usage;
}

uint32_t rf_cert_key_usage(const struct rf_cert *c)
{
    return c->key_usage;
}

size_t rf_cert_cn_n(const struct rf_cert *c)
{
    return c->cn_n;
}

struct rf_slice rf_cert_cn(const struct rf_cert *c)
{
    return c->cn_n == 1 ? rf_slice_of(c->cn, c->cn_len) : (struct rf_slice){0};
}

const char *rf_cert_subject_attr(const struct rf_cert *c, const char *attr)
{
    for (size_t i = 0; i < c->attr_n; i++)
        if (strcmp(c->attr[i].name, attr) == 0)
            return c->attr[i].value;
    return NULL;
}

size_t rf_cert_san_n(const struct rf_cert *c)
{
    return c->san_n;
}

struct rf_san rf_cert_san(const struct rf_cert *c, size_t i)
{
    rf_bug_on(i >= c->san_n);
    return c->san[i];
}

struct rf_slice rf_cert_signature(const struct rf_cert *c)
{
    const ASN1_BIT_STRING *sig = NULL;
    X509_get0_signature(&sig, NULL, c->x);
    return sig == NULL ? (struct rf_slice){0}
                       : rf_slice_of(ASN1_STRING_get0_data(sig), (size_t)ASN1_STRING_length(sig));
}

const char *rf_cert_signature_digest(const struct rf_cert *c)
{
    return c->signature_digest;
}

bool rf_cert_is_self_issued(const struct rf_cert *c)
{
    return rf_slice_eq(rf_cert_subject_der(c), rf_cert_issuer_der(c));
}

bool rf_cert_eq(const struct rf_cert *a, const struct rf_cert *b)
{
    return rf_slice_eq(rf_cert_der(a), rf_cert_der(b));
}

bool rf_cert_is(const struct rf_cert *c, struct rf_slice issuer_text, struct rf_slice serial)
{
    return rf_slice_eq_str(issuer_text, c->issuer) && rf_slice_eq(serial, rf_cert_serial(c));
}
