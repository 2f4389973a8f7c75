/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction with a CA. The library checks protection, nonces and the transaction's number;
 * the certificate is judged by `take` alone. */
#include "trust/cmp_int.h"

#include <limits.h>
#include <string.h>

#include <openssl/cmperr.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/faults.h"
#include "base/text.h"
#include "trust/trust_int.h"

/* The longest that a CA may have us wait before we ask again. */
#define AFTER_MAX_S    3600
#define WORDS_MAX      200
#define MESSAGE_MAX    (64 * 1024)
#define FAIL_INCORRECT (1 << OSSL_CMP_PKIFAILUREINFO_incorrectData)

struct rf_cmp_deal {
    const struct rf_cmp *cmp;
    OSSL_CMP_CTX *ctx;
    rf_cmp_take_fn take;
    void *arg;
    bool is_taken;
    enum rf_err taken; /* with `why`, when a certificate came and was refused */
    struct rf_why why;
};

/* ---- what the library asks ---- */

static int certificate_came(OSSL_CMP_CTX *ctx, X509 *x, int fail_info, const char **text)
{
    struct rf_cmp_deal *d = OSSL_CMP_CTX_get_certConf_cb_arg(ctx);
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    d->taken = rf_cert_from_x509(x, &cert, &d->why);
    if (d->taken == RF_OK)
        d->taken = d->take(d->arg, cert, &d->why);
    d->is_taken = d->taken == RF_OK;
    if (d->is_taken)
        return rf_fault_skips("lsc.key") ? 0 : fail_info;
    *text = "not the certificate that was asked for";
    return fail_info != 0 ? fail_info : FAIL_INCORRECT;
}

static int say_nothing(const char *function, const char *file, int line, OSSL_CMP_severity level,
                       const char *message)
{
    return 1;
}

static OSSL_CMP_MSG *carry(OSSL_CMP_CTX *ctx, const OSSL_CMP_MSG *request)
{
    const struct rf_cmp *cmp = OSSL_CMP_CTX_get_transfer_cb_arg(ctx);
    RF_AUTO(rf_buf_fini) struct rf_buf answer = RF_BUF(MESSAGE_MAX);
    unsigned char *der = NULL;
    OSSL_CMP_MSG *msg = NULL;
    int len = i2d_OSSL_CMP_MSG(request, &der);
    if (len > 0 &&
        cmp->transfer(cmp->transfer_arg, rf_slice_of(der, (size_t)len), &answer) == RF_OK) {
        const unsigned char *p = answer.p;
        msg = d2i_OSSL_CMP_MSG(NULL, &p, (long)answer.len);
    }
    OPENSSL_free(der);
    if (msg == NULL)
        ERR_raise(ERR_LIB_CMP, CMP_R_TRANSFER_ERROR);
    return msg;
}

/* ---- a request ---- */

static bool set_subject(OSSL_CMP_CTX *ctx, const struct rf_cmp_request *r)
{
    X509_NAME *name = X509_NAME_new();
    bool ok = name != NULL &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)r->cn,
                                         -1, -1, 0) == 1 &&
              OSSL_CMP_CTX_set1_subjectName(ctx, name) == 1;
    X509_NAME_free(name);
    GENERAL_NAME *san = GENERAL_NAME_new();
    ASN1_IA5STRING *uri = ASN1_IA5STRING_new();
    ok = ok && san != NULL && uri != NULL && ASN1_STRING_set(uri, r->device, -1) == 1;
    if (ok) {
        GENERAL_NAME_set0_value(san, GEN_URI, uri);
        ok = OSSL_CMP_CTX_push1_subjectAltName(ctx, san) == 1;
        uri = NULL;
    }
    ASN1_IA5STRING_free(uri);
    GENERAL_NAME_free(san);
    return ok;
}

static bool push_extension(X509_EXTENSIONS **all, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, NULL, nid, value);
    bool ok = e != NULL && X509v3_add_ext(all, e, -1) != NULL;
    X509_EXTENSION_free(e);
    return ok;
}

/* doc: docs/security-rules.md, "CAPF" (A8). The CA decides; what it made of it is checked. */
static bool set_extensions(OSSL_CMP_CTX *ctx, bool is_rsa)
{
    X509_EXTENSIONS *all = NULL;
    bool ok = push_extension(&all, NID_key_usage,
                             is_rsa ? "critical,digitalSignature,keyEncipherment"
                                    : "critical,digitalSignature") &&
              push_extension(&all, NID_ext_key_usage, "serverAuth,clientAuth,ipsecEndSystem") &&
              OSSL_CMP_CTX_set0_reqExtensions(ctx, all) == 1;
    if (!ok)
        sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
    return ok;
}

static bool set_key(OSSL_CMP_CTX *ctx, struct rf_slice spki, bool *is_rsa)
{
    EVP_PKEY *key = rf_spki_parse(spki);
    *is_rsa = key != NULL && EVP_PKEY_is_a(key, "RSA") == 1;
    if (key != NULL && OSSL_CMP_CTX_set0_newPkey(ctx, 0, key) == 1)
        return OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_POPO_METHOD, OSSL_CRMF_POPO_RAVERIFIED) ==
               1;
    EVP_PKEY_free(key);
    return false;
}

/* ---- who asks, and where ---- */

static bool set_ra(OSSL_CMP_CTX *ctx, const struct rf_cmp *cmp)
{
    if (cmp->secret.len > 0)
        return OSSL_CMP_CTX_set1_referenceValue(ctx, (const unsigned char *)cmp->reference,
                                                (int)strlen(cmp->reference)) == 1 &&
               OSSL_CMP_CTX_set1_secretValue(ctx, cmp->secret.bytes, (int)cmp->secret.len) == 1 &&
               OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_MAC_ALGNID, NID_hmacWithSHA256) == 1;
    STACK_OF(X509) *above = sk_X509_new_null();
    bool ok = above != NULL && OSSL_CMP_CTX_set1_cert(ctx, rf_cert_x509(cmp->ra.cert[0])) == 1 &&
              OSSL_CMP_CTX_set1_pkey(ctx, rf_key_pkey(cmp->ra_key)) == 1;
    for (size_t i = 1; ok && i < cmp->ra.n; i++)
        ok = sk_X509_push(above, rf_cert_x509(cmp->ra.cert[i])) > 0;
    if (ok && cmp->ra.n > 1) /* an empty list would be taken for none, and missed later */
        ok = OSSL_CMP_CTX_set1_untrusted(ctx, above) == 1;
    sk_X509_free(above);
    return ok;
}

static bool set_ca(OSSL_CMP_CTX *ctx, const struct rf_cmp *cmp)
{
    if (cmp->trusted != NULL) {
        X509_STORE_up_ref(cmp->trusted);
        if (OSSL_CMP_CTX_set0_trustedStore(ctx, cmp->trusted) != 1) {
            X509_STORE_free(cmp->trusted);
            return false;
        }
    }
    if (cmp->recipient != NULL && OSSL_CMP_CTX_set1_recipient(ctx, cmp->recipient) != 1)
        return false;
    if (cmp->transfer != NULL)
        return OSSL_CMP_CTX_set_transfer_cb(ctx, carry) == 1 &&
               OSSL_CMP_CTX_set_transfer_cb_arg(ctx, (void *)(uintptr_t)cmp) == 1;
    /* An empty proxy is none, whatever the environment says. */
    return OSSL_CMP_CTX_set1_server(ctx, cmp->host) == 1 &&
           OSSL_CMP_CTX_set_serverPort(ctx, cmp->port) == 1 &&
           OSSL_CMP_CTX_set1_serverPath(ctx, cmp->path) == 1 &&
           OSSL_CMP_CTX_set1_proxy(ctx, "") == 1;
}

static bool set_options(OSSL_CMP_CTX *ctx, struct rf_cmp_deal *d)
{
    const struct rf_cmp *cmp = d->cmp;
    return OSSL_CMP_CTX_set_log_cb(ctx, say_nothing) == 1 &&
           OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_MSG_TIMEOUT, (int)cmp->timeout_s) == 1 &&
           OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_KEEP_ALIVE, 0) == 1 &&
           OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_VALIDITY_DAYS, (int)cmp->days) == 1 &&
           OSSL_CMP_CTX_set_option(ctx, OSSL_CMP_OPT_IMPLICIT_CONFIRM, cmp->is_implicit ? 1 : 0) ==
               1 &&
           OSSL_CMP_CTX_set_certConf_cb(ctx, certificate_came) == 1 &&
           OSSL_CMP_CTX_set_certConf_cb_arg(ctx, d) == 1;
}

enum rf_err rf_cmp_begin(const struct rf_cmp *cmp, const struct rf_cmp_request *request,
                         rf_cmp_take_fn take, void *arg, struct rf_cmp_deal **out,
                         struct rf_why *why)
{
    bool is_rsa = false;
    struct rf_cmp_deal *d = rf_new(struct rf_cmp_deal);
    *d = (struct rf_cmp_deal){.cmp = cmp, .take = take, .arg = arg};
    d->ctx = OSSL_CMP_CTX_new(NULL, NULL);
    if (d->ctx != NULL && set_options(d->ctx, d) && set_ra(d->ctx, cmp) && set_ca(d->ctx, cmp) &&
        set_key(d->ctx, request->spki, &is_rsa) && set_subject(d->ctx, request) &&
        set_extensions(d->ctx, is_rsa)) {
        *out = d;
        return RF_OK;
    }
    rf_cmp_deal_free(d);
    return rf_why_openssl(why, RF_ERR_CRYPTO, "cmp-failed", "the request could not be made");
}

void rf_cmp_deal_retake(struct rf_cmp_deal *deal, rf_cmp_take_fn take, void *arg)
{
    deal->take = take;
    deal->arg = arg;
}

void rf_cmp_deal_free(struct rf_cmp_deal *deal)
{
    if (deal == NULL)
        return;
    OSSL_CMP_CTX_free(deal->ctx);
    rf_free(deal);
}

/* ---- asking ---- */

static enum rf_err refused(struct rf_cmp_deal *d, struct rf_why *why)
{
    char words[WORDS_MAX] = "";
    char shown[WORDS_MAX + 40];
    const OSSL_CMP_PKIFREETEXT *said = OSSL_CMP_CTX_get0_statusString(d->ctx);
    const ASN1_UTF8STRING *first =
        said != NULL && sk_ASN1_UTF8STRING_num(said) > 0 ? sk_ASN1_UTF8STRING_value(said, 0) : NULL;
    if (first != NULL)
        rf_escape(rf_slice_of(ASN1_STRING_get0_data(first), (size_t)ASN1_STRING_length(first)),
                  words, sizeof words);
    int bits = OSSL_CMP_CTX_get_failInfoCode(d->ctx);
    snprintf(shown, sizeof shown, "%s", words[0] != '\0' ? words : "it gave no reason");
    ERR_clear_error();
    return rf_why_set(why, RF_ERR_DENIED, "cmp-refused", "the CA refuses: %s (failInfo %#x)%s",
                      shown, bits > 0 ? (unsigned)bits : 0u,
                      bits > 0 && (bits & (1 << OSSL_CMP_PKIFAILUREINFO_badPOP)) != 0
                          ? "; it must accept that this RA vouches for keys (raVerified)"
                          : "");
}

static bool is_about_protection(unsigned long error)
{
    int reason = ERR_GET_REASON(error);
    return ERR_GET_LIB(error) == ERR_LIB_CMP &&
           (reason == CMP_R_ERROR_VALIDATING_PROTECTION ||
            reason == CMP_R_ERROR_VALIDATING_SIGNATURE || reason == CMP_R_NO_SUITABLE_SENDER_CERT ||
            reason == CMP_R_SRVCERT_DOES_NOT_VALIDATE_MSG || reason == CMP_R_MISSING_PROTECTION ||
            reason == CMP_R_WRONG_PBM_VALUE || reason == CMP_R_RECIPNONCE_UNMATCHED ||
            reason == CMP_R_TRANSACTIONID_UNMATCHED);
}

static bool is_about_transfer(unsigned long error)
{
    int lib = ERR_GET_LIB(error), reason = ERR_GET_REASON(error);
    return lib == ERR_LIB_HTTP || lib == ERR_LIB_BIO || lib == ERR_LIB_SYS ||
           (lib == ERR_LIB_CMP &&
            (reason == CMP_R_TRANSFER_ERROR || reason == CMP_R_TOTAL_TIMEOUT));
}

/* The library leaves several errors behind; the one that says whose fault it was counts. */
static enum rf_err explain(struct rf_cmp_deal *d, struct rf_why *why)
{
    unsigned long error, first = 0;
    bool is_protection = false, is_transfer = false;
    if (OSSL_CMP_CTX_get_status(d->ctx) == OSSL_CMP_PKISTATUS_rejection)
        return refused(d, why);
    while ((error = ERR_get_error()) != 0) {
        if (first == 0)
            first = error;
        is_protection |= is_about_protection(error);
        is_transfer |= is_about_transfer(error);
    }
    const char *text = first != 0 ? ERR_reason_error_string(first) : NULL;
    if (text == NULL)
        text = "no reason given";
    if (is_protection)
        return rf_why_set(why, RF_ERR_DENIED, "cmp-untrusted",
                          "the answer is not from the CA of cmp_trusted, or was changed on its "
                          "way: %s",
                          text);
    if (is_transfer)
        return rf_why_set(why, RF_ERR_IO, "cmp-unreachable",
                          "the CA at %s:%u does not answer as CMP servers do: %s", d->cmp->host,
                          d->cmp->port, text);
    return rf_why_set(why, RF_ERR_CRYPTO, "cmp-failed", "the CA's answer is of no use: %s", text);
}

enum rf_err rf_cmp_ask(struct rf_cmp_deal *deal, unsigned *after_s, bool *is_confirmed,
                       struct rf_why *why)
{
    int after = 0;
    ERR_clear_error();
    int result = OSSL_CMP_try_certreq(deal->ctx, OSSL_CMP_CR, NULL, &after);
    *after_s = 0;
    *is_confirmed = result == 1;
    if (result == -1) {
        *after_s = after < 1 ? 1 : after > AFTER_MAX_S ? AFTER_MAX_S : (unsigned)after;
        return rf_why_set(why, RF_ERR_AGAIN, "ca-waiting",
                          "the CA has the request and needs time, %u s at least", *after_s);
    }
    if (deal->is_taken) {
        ERR_clear_error();
        return RF_OK;
    }
    if (deal->taken != RF_OK) {
        ERR_clear_error();
        return rf_why_set(why, deal->taken, deal->why.code, "%s", deal->why.text);
    }
    if (result == 1) /* no certificate was shown to us: the library has none to give either */
        return rf_why_set(why, RF_ERR_CRYPTO, "cmp-failed", "the CA's answer has no certificate");
    return explain(deal, why);
}
