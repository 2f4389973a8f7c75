/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing: everything a getter gives is worked out here, once. */
#include "trust/cert.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include "base/faults.h"
#include "base/text.h"
#include "trust/cert_int.h"

/* U+0080 to U+009F: control characters that are no control bytes. Terminals obey them, and names
 * are shown before anybody vouches for them. */
static bool has_c1_control(const char *utf8)
{
    struct rf_rd rd = rf_rd_of(rf_slice_str(utf8));
    uint8_t before = 0, b = 0;
    while (rf_rd_u8(&rd, &b)) {
        if (before == 0xc2 && b >= 0x80 && b <= 0x9f)
            return true;
        before = b;
    }
    return false;
}

/* RFC 4514 text of each RDN, joined by ',' in certificate order; UTF-8 stays, control bytes are
 * escaped. doc: docs/wire/signed-files.md, "The tags" */
bool rf_name_text(const X509_NAME *name, char **out)
{
    char text[RF_CERT_NAME_MAX];
    unsigned long flags =
        (XN_FLAG_RFC2253 & ~(unsigned long)XN_FLAG_DN_REV) & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    BIO *bio = BIO_new(BIO_s_mem());
    char *p = NULL;
    bool ok = bio != NULL && X509_NAME_print_ex(bio, name, 0, flags) >= 0;
    long n = ok ? BIO_get_mem_data(bio, &p) : -1;
    ok = ok && n >= 0 && rf_slice_to_str(rf_slice_of(p, (size_t)n), text, sizeof text);
    BIO_free(bio);
    ok = ok && (rf_fault_skips("cert.name-control") || !has_c1_control(text));
    *out = ok ? rf_strdup(text) : NULL;
    return ok;
}

static bool read_serial(struct rf_cert *c)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(c->x);
    BIGNUM *bn = serial != NULL ? ASN1_INTEGER_to_BN(serial, NULL) : NULL;
    bool ok = bn != NULL && !BN_is_negative(bn) && (size_t)BN_num_bytes(bn) <= sizeof(c->serial);
    if (ok) {
        c->serial_len = (size_t)BN_bn2bin(bn, c->serial);
        if (c->serial_len == 0)
            c->serial[c->serial_len++] = 0; /* the number zero is one zero byte */
    }
    BN_free(bn);
    return ok;
}

bool rf_asn1_time(const ASN1_TIME *t, int64_t *out)
{
    struct tm tm;
    if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
        return false;
    *out = timegm(&tm);
    return true;
}

static void read_one_attr(struct rf_cert *c, X509_NAME_ENTRY *entry)
{
    unsigned char *utf8 = NULL;
    int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
    if (n < 0)
        return;
    if (nid == NID_commonName && ++c->cn_n == 1) {
        c->cn = utf8;
        c->cn_len = (size_t)n;
        return;
    }
    struct rf_slice rest = rf_slice_of(utf8, (size_t)n);
    struct rf_rd rd = rf_rd_of(rest);
    uint8_t b = 0;
    bool is_clean = true;
    while (rf_rd_u8(&rd, &b))
        is_clean = is_clean && b >= 0x20 && b != 0x7f;
    if (is_clean && nid != NID_undef && nid != NID_commonName && c->attr_n < RF_CERT_ATTR_MAX)
        c->attr[c->attr_n++] = (struct rf_cert_attr){
            .name = OBJ_nid2sn(nid),
            .value = rf_strf("%.*s", n, (const char *)utf8),
        };
    OPENSSL_free(utf8);
}

static void read_attrs(struct rf_cert *c)
{
    const X509_NAME *name = X509_get_subject_name(c->x);
    int n = X509_NAME_entry_count(name);
    int room = n < RF_CERT_ATTR_MAX ? n : RF_CERT_ATTR_MAX;
    if (room > 0)
        c->attr = rf_new_n(struct rf_cert_attr, (size_t)room);
    for (int i = 0; i < n; i++)
        read_one_attr(c, X509_NAME_get_entry(name, i));
}

static void read_sans(struct rf_cert *c)
{
    c->san_all = X509_get_ext_d2i(c->x, NID_subject_alt_name, NULL, NULL);
    int n = c->san_all != NULL ? sk_GENERAL_NAME_num(c->san_all) : 0;
    int room = n < RF_CERT_SAN_MAX ? n : RF_CERT_SAN_MAX;
    if (room > 0)
        c->san = rf_new_n(struct rf_san, (size_t)room);
    for (int i = 0; i < n && c->san_n < RF_CERT_SAN_MAX; i++) {
        const GENERAL_NAME *g = sk_GENERAL_NAME_value(c->san_all, i);
        if (g->type != GEN_URI && g->type != GEN_DNS)
            continue;
        const ASN1_IA5STRING *s =
            g->type == GEN_URI ? g->d.uniformResourceIdentifier : g->d.dNSName;
        c->san[c->san_n++] = (struct rf_san){
            .type = g->type == GEN_URI ? RF_SAN_URI : RF_SAN_DNS,
            .value = rf_slice_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)),
        };
    }
}

static void read_extensions(struct rf_cert *c)
{
    uint32_t flags = X509_get_extension_flags(c->x);
    BASIC_CONSTRAINTS *bc = X509_get_ext_d2i(c->x, NID_basic_constraints, NULL, NULL);
    c->is_ca = bc != NULL && bc->ca != 0;
    c->path_len = bc != NULL && bc->pathlen != NULL ? ASN1_INTEGER_get(bc->pathlen) : -1;
    BASIC_CONSTRAINTS_free(bc);
    c->has_key_usage = (flags & EXFLAG_KUSAGE) != 0;
    c->key_usage = c->has_key_usage ? X509_get_key_usage(c->x) : 0;
    int md_nid = NID_undef;
    if (OBJ_find_sigid_algs(X509_get_signature_nid(c->x), &md_nid, NULL) == 1 &&
        md_nid != NID_undef)
        snprintf(c->signature_digest, sizeof(c->signature_digest), "%s", OBJ_nid2sn(md_nid));
    for (char *p = c->signature_digest; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
}

static void read_digests(struct rf_cert *c)
{
    struct rf_slice der = rf_cert_der(c);
    uint8_t md5[EVP_MAX_MD_SIZE];
    unsigned md5_len = 0;
    (void)rf_digest_of(RF_DIGEST_SHA256, der, c->sha256);
    rf_hex(rf_slice_of(c->sha256, 32), c->fingerprint, sizeof(c->fingerprint));
    rf_hex(rf_slice_of(c->sha256, 8), c->fingerprint_short, sizeof(c->fingerprint_short));
    /* A label of configurations, never a check; FIPS providers have no MD5. */
    if (EVP_Digest(der.p, der.len, md5, &md5_len, EVP_md5(), NULL) == 1)
        rf_hex(rf_slice_of(md5, md5_len), c->md5, sizeof(c->md5));
    ERR_clear_error();
}

/* As it stands in the certificate: OpenSSL would write it anew from the key, in ten times the time.
 */
static bool read_spki(struct rf_cert *c)
{
    unsigned char *der = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c->x), &der);
    c->spki = n > 0 ? rf_try_alloc((size_t)n, RF_CERT_DER_MAX) : NULL;
    if (c->spki != NULL) {
        memcpy(c->spki, der, (size_t)n);
        c->spki_len = (size_t)n;
    }
    OPENSSL_free(der);
    return c->spki != NULL;
}

static enum rf_err fill(struct rf_cert *c, struct rf_why *why)
{
    if (!rf_name_text(X509_get_subject_name(c->x), &c->subject) ||
        !rf_name_text(X509_get_issuer_name(c->x), &c->issuer))
        return rf_why_set(why, RF_ERR_BAD, "cert-name",
                          "certificate: subject or issuer is not a usable name (at most %d bytes, "
                          "no control characters)",
                          RF_CERT_NAME_MAX - 1);
    if (!read_serial(c))
        return rf_why_set(why, RF_ERR_BAD, "cert-serial",
                          "certificate of %s: serial number negative or above %d bytes", c->subject,
                          RF_CERT_SERIAL_MAX);
    if (!rf_asn1_time(X509_get0_notBefore(c->x), &c->not_before) ||
        !rf_asn1_time(X509_get0_notAfter(c->x), &c->not_after))
        return rf_why_set(why, RF_ERR_BAD, "cert-parse", "certificate of %s: validity unreadable",
                          c->subject);
    c->pkey = X509_get0_pubkey(c->x);
    if (c->pkey == NULL || !read_spki(c))
        return rf_why_openssl(why, RF_ERR_BAD, "cert-key", "certificate: unusable public key");
    rf_pkey_describe(c->pkey, &c->key);
    read_attrs(c);
    read_sans(c);
    read_extensions(c);
    read_digests(c);
    return RF_OK;
}

static enum rf_err check_der(struct rf_slice der, struct rf_why *why)
{
    if (!rf_fault_skips("cert.size") && der.len > RF_CERT_DER_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "cert-size",
                          "certificate of %zu bytes; at most %d are taken", der.len,
                          RF_CERT_DER_MAX);
    if (!rf_fault_skips("cert.der") && !rf_der_is_strict(der))
        return rf_why_set(why, RF_ERR_BAD, "cert-der",
                          "certificate is not one DER value (other encoding, cut off, or bytes "
                          "behind it)");
    return RF_OK;
}

/* Takes x, whatever the result. */
static enum rf_err make(X509 *x, struct rf_slice der, struct rf_cert **out, struct rf_why *why)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *c = rf_new(struct rf_cert);
    atomic_init(&c->refs, 1);
    c->x = x;
    c->der = rf_try_alloc(der.len, SIZE_MAX);
    if (c->der == NULL)
        return rf_why_set(why, RF_ERR_NOMEM, "no-memory", "no memory for a certificate");
    memcpy(c->der, der.p, der.len);
    c->der_len = der.len;
    enum rf_err err = fill(c, why);
    ERR_clear_error();
    if (err == RF_OK)
        *out = rf_steal(&c);
    return err;
}

enum rf_err rf_cert_from_der(struct rf_slice der, struct rf_cert **out, struct rf_why *why)
{
    enum rf_err err = check_der(der, why);
    if (err != RF_OK)
        return err;
    const unsigned char *p = der.p;
    X509 *x = d2i_X509(NULL, &p, (long)der.len);
    if (x == NULL)
        return rf_why_openssl(why, RF_ERR_BAD, "cert-parse", "not an X.509 certificate");
    return make(x, der, out, why);
}

enum rf_err rf_cert_from_x509(X509 *x, struct rf_cert **out, struct rf_why *why)
{
    unsigned char *der = NULL;
    int n = i2d_X509(x, &der);
    if (n < 0)
        return rf_why_openssl(why, RF_ERR_BAD, "cert-parse", "peer certificate");
    struct rf_slice bytes = rf_slice_of(der, (size_t)n);
    enum rf_err err = check_der(bytes, why);
    if (err == RF_OK) {
        X509_up_ref(x); /* parsing is most of what a certificate costs, and x is parsed */
        err = make(x, bytes, out, why);
    }
    OPENSSL_free(der);
    return err;
}

struct rf_cert *rf_cert_ref(struct rf_cert *c)
{
    atomic_fetch_add(&c->refs, 1);
    return c;
}

void rf_cert_unref(struct rf_cert *c)
{
    if (c == NULL || atomic_fetch_sub(&c->refs, 1) != 1)
        return;
    X509_free(c->x);
    OPENSSL_free(c->cn);
    GENERAL_NAMES_free(c->san_all);
    for (size_t i = 0; i < c->attr_n; i++)
        rf_free(c->attr[i].value);
    rf_free(c->attr);
    rf_free(c->san);
    rf_free(c->subject);
    rf_free(c->issuer);
    rf_free(c->der);
    rf_free(c->spki);
    rf_free(c);
}

void rf_cert_freep(struct rf_cert **c)
{
    rf_cert_unref(*c);
    *c = NULL;
}
