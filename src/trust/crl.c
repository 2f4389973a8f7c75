/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL parses lists and checks their signatures. Which lists are taken up is decided here. */
#include "trust/crl_int.h"

#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/faults.h"
#include "base/text.h"

/* ---- parsing ---- */

static enum rf_err no_list(struct rf_why *why)
{
    return rf_why_openssl(why, RF_ERR_BAD, "crl-parse", "no list of revoked certificates");
}

/* The content of the first PEM block that is a list; `out` is OpenSSL's memory. */
static bool pem_list(struct rf_slice pem, unsigned char **out, long *n)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
    char *name = NULL;
    char *header = NULL;
    bool is_found = false;
    while (bio != NULL && !is_found && PEM_read_bio(bio, &name, &header, out, n) == 1) {
        is_found = strcmp(name, PEM_STRING_X509_CRL) == 0;
        OPENSSL_free(name);
        OPENSSL_free(header);
        if (!is_found)
            OPENSSL_clear_free(*out, (size_t)*n);
    }
    BIO_free(bio);
    ERR_clear_error();
    return is_found;
}

/* A second one would say nothing to anybody. */
static bool has_several(struct rf_slice pem)
{
    struct rf_slice begin = rf_slice_str("-----BEGIN " PEM_STRING_X509_CRL "-----");
    size_t at = rf_slice_find(pem, begin);
    return at != SIZE_MAX &&
           rf_slice_find(rf_slice_part(pem, at + begin.len, SIZE_MAX), begin) != SIZE_MAX;
}

static enum rf_err read_name(struct rf_crl *crl, struct rf_why *why)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *p = NULL;
    unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)XN_FLAG_DN_REV;
    bool ok = bio != NULL && X509_NAME_print_ex(bio, X509_CRL_get_issuer(crl->x), 0, flags) >= 0;
    long n = ok ? BIO_get_mem_data(bio, &p) : 0;
    struct rf_slice text = rf_slice_of(p, n > 0 ? (size_t)n : 0);
    if (ok)
        rf_escape(text, crl->issuer, sizeof crl->issuer);
    BIO_free(bio);
    return ok ? RF_OK : no_list(why);
}

/* RFC 5280 lets numbers have 20 bytes; longer ones count as none. */
static void read_number(struct rf_crl *crl)
{
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl->x, NID_crl_number, NULL, NULL);
    BIGNUM *bn = number != NULL ? ASN1_INTEGER_to_BN(number, NULL) : NULL;
    if (bn != NULL && !BN_is_negative(bn) && BN_num_bytes(bn) <= 20) {
        char *text = BN_bn2dec(bn);
        if (text != NULL && strlen(text) < sizeof crl->number)
            memcpy(crl->number, text, strlen(text) + 1);
        OPENSSL_free(text);
        crl->has_number = crl->number[0] != '\0';
    }
    BN_free(bn);
    ASN1_INTEGER_free(number);
}

/* The first search sorts: no thread after this one changes anything. */
static void sort(struct rf_crl *crl)
{
    ASN1_INTEGER *zero = ASN1_INTEGER_new();
    X509_REVOKED *found = NULL;
    rf_bug_on(zero == NULL || ASN1_INTEGER_set(zero, 0) != 1);
    (void)X509_CRL_get0_by_serial(crl->x, &found, zero);
    ASN1_INTEGER_free(zero);
}

static enum rf_err read_list(struct rf_crl *crl, struct rf_why *why)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl->x);
    enum rf_err err = read_name(crl, why);
    if (err != RF_OK)
        return err;
    if (!rf_asn1_time(X509_CRL_get0_lastUpdate(crl->x), &crl->this_update) ||
        (next != NULL && !rf_asn1_time(next, &crl->next_update)))
        return rf_why_set(why, RF_ERR_BAD, "crl-parse", "the list of %s has no valid times",
                          crl->issuer);
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl->x);
    crl->n = entries != NULL ? (size_t)sk_X509_REVOKED_num(entries) : 0;
    read_number(crl);
    sort(crl);
    return RF_OK;
}

static enum rf_err from_der(struct rf_slice der, struct rf_crl **out, struct rf_why *why)
{
    const unsigned char *p = der.p;
    if (!rf_der_is_strict(der))
        return rf_why_set(why, RF_ERR_BAD, "crl-der",
                          "no list of revoked certificates: neither PEM nor one piece of DER");
    RF_AUTO(rf_crl_freep) struct rf_crl *crl = rf_new(struct rf_crl);
    atomic_init(&crl->refs, 1);
    crl->x = d2i_X509_CRL(NULL, &p, (long)der.len);
    if (crl->x == NULL)
        return no_list(why);
    crl->der = RF_BUF(RF_CRL_BYTES_MAX);
    enum rf_err err = rf_buf_add_slice(&crl->der, der);
    if (err != RF_OK)
        return rf_why_set(why, err, "crl-size", "no memory for a list of %zu bytes", der.len);
    err = read_list(crl, why);
    ERR_clear_error();
    if (err == RF_OK)
        *out = rf_steal(&crl);
    return err;
}

enum rf_err rf_crl_parse(struct rf_slice bytes, struct rf_crl **out, struct rf_why *why)
{
    unsigned char *der = NULL;
    long n = 0;
    if (bytes.len > RF_CRL_BYTES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "crl-size", "a list has at most %zu bytes",
                          RF_CRL_BYTES_MAX);
    if (rf_slice_find(bytes, rf_slice_str("-----BEGIN ")) == SIZE_MAX || !pem_list(bytes, &der, &n))
        return from_der(bytes, out, why);
    enum rf_err err =
        !rf_fault_skips("crl.several") && has_several(bytes)
            ? rf_why_set(why, RF_ERR_BAD, "crl-several",
                         "more than one list of revoked certificates in one file: give each a "
                         "file, or a URL, of its own")
            : from_der(rf_slice_of(der, (size_t)n), out, why);
    OPENSSL_free(der);
    return err;
}

struct rf_crl *rf_crl_ref(struct rf_crl *crl)
{
    atomic_fetch_add(&crl->refs, 1);
    return crl;
}

void rf_crl_unref(struct rf_crl *crl)
{
    if (crl == NULL || atomic_fetch_sub(&crl->refs, 1) != 1)
        return;
    X509_CRL_free(crl->x);
    rf_buf_fini(&crl->der);
    rf_free(crl);
}

void rf_crl_freep(struct rf_crl **crl)
{
    rf_crl_unref(*crl);
    *crl = NULL;
}

/* ---- checking ---- */

bool rf_crl_is_of(const struct rf_crl *crl, const struct rf_cert *issuer)
{
    return X509_NAME_cmp(X509_CRL_get_issuer(crl->x),
                         X509_get_subject_name(rf_cert_x509(issuer))) == 0;
}

/* Those of which OpenSSL knows, in a path check, what they mean. */
static bool is_list_extension(X509_EXTENSION *ext)
{
    int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));
    return nid == NID_authority_key_identifier || nid == NID_crl_number ||
           nid == NID_issuing_distribution_point || nid == NID_freshest_crl ||
           nid == NID_issuer_alt_name;
}

static bool is_entry_extension(X509_EXTENSION *ext)
{
    int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));
    return nid == NID_crl_reason || nid == NID_invalidity_date || nid == NID_certificate_issuer;
}

static bool entry_is_known(const X509_REVOKED *entry)
{
    for (int i = 0; i < X509_REVOKED_get_ext_count(entry); i++) {
        X509_EXTENSION *ext = X509_REVOKED_get_ext(entry, i);
        if (X509_EXTENSION_get_critical(ext) && !is_entry_extension(ext))
            return false;
    }
    return true;
}

static enum rf_err check_extensions(const struct rf_crl *crl, struct rf_why *why)
{
    bool is_known = true;
    if (!rf_fault_skips("crl.delta") && X509_CRL_get_ext_by_NID(crl->x, NID_delta_crl, -1) >= 0)
        return rf_why_set(why, RF_ERR_DENIED, "crl-delta",
                          "the list of %s has only what changed since another one: fetch the "
                          "complete list",
                          crl->issuer);
    for (int i = 0; i < X509_CRL_get_ext_count(crl->x); i++) {
        X509_EXTENSION *ext = X509_CRL_get_ext(crl->x, i);
        is_known = is_known && (!X509_EXTENSION_get_critical(ext) || is_list_extension(ext));
    }
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl->x);
    for (int i = 0; is_known && entries != NULL && i < sk_X509_REVOKED_num(entries); i++)
        is_known = entry_is_known(sk_X509_REVOKED_value(entries, i));
    if (!rf_fault_skips("crl.extension") && !is_known)
        return rf_why_set(why, RF_ERR_DENIED, "crl-extension",
                          "the list of %s has a critical extension that is not known here",
                          crl->issuer);
    return RF_OK;
}

static enum rf_err check_times(const struct rf_crl *crl, int64_t now_s, struct rf_why *why)
{
    char when[32];
    if (!rf_fault_skips("crl.not-yet") && now_s < crl->this_update)
        return rf_why_set(why, RF_ERR_DENIED, "crl-not-yet",
                          "the list of %s is from %s, in the future; check the clocks", crl->issuer,
                          rf_time_text(crl->this_update, when, sizeof when));
    if (!rf_fault_skips("crl.next-update") && crl->next_update == 0)
        return rf_why_set(why, RF_ERR_DENIED, "crl-no-next-update",
                          "the list of %s does not say until when it counts", crl->issuer);
    if (!rf_fault_skips("crl.expired") && crl->next_update != 0 && now_s > crl->next_update)
        return rf_why_set(why, RF_ERR_DENIED, "crl-expired",
                          "the list of %s counted until %s; fetch a newer one", crl->issuer,
                          rf_time_text(crl->next_update, when, sizeof when));
    return RF_OK;
}

static bool digest_counts(const struct rf_crl *crl, bool allow_sha1)
{
    int md = NID_undef;
    if (OBJ_find_sigid_algs(X509_CRL_get_signature_nid(crl->x), &md, NULL) != 1)
        return false;
    return md == NID_sha256 || md == NID_sha384 || md == NID_sha512 ||
           (md == NID_sha1 && allow_sha1);
}

static enum rf_err check_signature(const struct rf_crl *crl, const struct rf_cert *issuer,
                                   bool allow_sha1, struct rf_why *why)
{
    bool may_sign =
        !rf_cert_has_key_usage(issuer) || (rf_cert_key_usage(issuer) & RF_KU_CRL_SIGN) != 0;
    bool is_signed = X509_CRL_verify(crl->x, rf_cert_pkey(issuer)) == 1;
    ERR_clear_error();
    if (!rf_fault_skips("crl.signature") && !is_signed)
        return rf_why_set(why, RF_ERR_CRYPTO, "crl-signature",
                          "%s (%s) has not signed this list: it was changed, or another key of "
                          "that name has",
                          rf_cert_subject(issuer), rf_cert_short(issuer));
    if (!rf_fault_skips("crl.key-usage") && !may_sign)
        return rf_why_set(why, RF_ERR_DENIED, "crl-key-usage",
                          "%s (%s) may not sign lists of revoked certificates",
                          rf_cert_subject(issuer), rf_cert_short(issuer));
    if (!rf_fault_skips("crl.digest") && !digest_counts(crl, allow_sha1))
        return rf_why_set(why, RF_ERR_DENIED, "crl-digest",
                          "the list of %s is signed with a digest that is not allowed here",
                          crl->issuer);
    return RF_OK;
}

enum rf_err rf_crl_check(const struct rf_crl *crl, const struct rf_cert *issuer,
                         const struct rf_crl_policy *policy, struct rf_why *why)
{
    if (!rf_fault_skips("crl.issuer") && !rf_crl_is_of(crl, issuer))
        return rf_why_set(why, RF_ERR_DENIED, "crl-issuer", "the list is of %s, not of %s",
                          crl->issuer, rf_cert_subject(issuer));
    enum rf_err err = check_signature(crl, issuer, policy->allow_sha1, why);
    if (err == RF_OK)
        err = check_extensions(crl, why);
    return err == RF_OK ? check_times(crl, policy->now_s, why) : err;
}

/* Decimal digits without zeros in front. */
static int compare_numbers(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    return n != m ? (n < m ? -1 : 1) : strcmp(a, b);
}

bool rf_crl_is_newer(const struct rf_crl *crl, const struct rf_crl *held)
{
    if (crl->has_number && held->has_number)
        return compare_numbers(crl->number, held->number) > 0;
    return crl->this_update > held->this_update;
}

bool rf_crl_eq(const struct rf_crl *a, const struct rf_crl *b)
{
    return rf_slice_eq(rf_crl_der(a), rf_crl_der(b));
}

/* ---- reading ---- */

X509_CRL *rf_crl_x509(const struct rf_crl *crl)
{
    return crl->x;
}

struct rf_slice rf_crl_der(const struct rf_crl *crl)
{
    return rf_buf_slice(&crl->der);
}

const char *rf_crl_issuer(const struct rf_crl *crl)
{
    return crl->issuer;
}

int64_t rf_crl_this_update(const struct rf_crl *crl)
{
    return crl->this_update;
}

int64_t rf_crl_next_update(const struct rf_crl *crl)
{
    return crl->next_update;
}

const char *rf_crl_number(const struct rf_crl *crl)
{
    return crl->number;
}

size_t rf_crl_n(const struct rf_crl *crl)
{
    return crl->n;
}
