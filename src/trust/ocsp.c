/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL builds and parses, and finds out whose signature it is. Whose it may be, and how old, is
 * said here: nothing falls back to the system's authorities or clock. */
#include "trust/ocsp.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include "base/faults.h"
#include "base/random.h"
#include "base/text.h"
#include "trust/trust_int.h"

const char *rf_ocsp_status_name(enum rf_ocsp_status status)
{
    switch (status) {
    case RF_OCSP_GOOD:
        return "good";
    case RF_OCSP_REVOKED:
        return "revoked";
    case RF_OCSP_UNKNOWN:
        return "unknown";
    }
    return "?";
}

/* SHA-1 names the issuer here and protects nothing: it is the one digest that every responder
 * knows.  spec: RFC 5019 2.1.1 */
static OCSP_CERTID *id_of(const struct rf_cert *cert, const struct rf_cert *issuer)
{
    return OCSP_cert_to_id(EVP_sha1(), rf_cert_x509(cert), rf_cert_x509(issuer));
}

/* ---- asking ---- */

static bool add_question(OCSP_REQUEST *req, const struct rf_cert *cert,
                         const struct rf_cert *issuer, struct rf_ocsp_nonce *nonce)
{
    OCSP_CERTID *id = id_of(cert, issuer);
    if (id == NULL || OCSP_request_add0_id(req, id) == NULL) {
        OCSP_CERTID_free(id);
        return false;
    }
    return OCSP_request_add1_nonce(req, nonce->bytes, sizeof nonce->bytes) == 1;
}

enum rf_err rf_ocsp_ask(const struct rf_cert *cert, const struct rf_cert *issuer,
                        struct rf_ocsp_nonce *nonce, struct rf_buf *out, struct rf_why *why)
{
    OCSP_REQUEST *req = OCSP_REQUEST_new();
    unsigned char *der = NULL;
    rf_random_bytes(nonce->bytes, sizeof nonce->bytes);
    bool ok = req != NULL && add_question(req, cert, issuer, nonce);
    int n = ok ? i2d_OCSP_REQUEST(req, &der) : 0;
    enum rf_err err =
        n > 0 && n <= RF_OCSP_REQUEST_MAX ? rf_buf_add(out, der, (size_t)n) : RF_ERR_CRYPTO;
    OPENSSL_free(der);
    OCSP_REQUEST_free(req);
    if (err != RF_OK)
        return rf_why_openssl(why, err, "ocsp-request", "asking about a certificate");
    return RF_OK;
}

/* ---- reading ---- */

/* Whom to believe: the issuer alone, at the caller's time. */
static X509_STORE *store_of(const struct rf_cert *issuer, int64_t now_s)
{
    X509_STORE *store = X509_STORE_new();
    if (store == NULL || X509_STORE_add_cert(store, rf_cert_x509(issuer)) != 1) {
        X509_STORE_free(store);
        return NULL;
    }
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)now_s);
    return store;
}

static STACK_OF(X509) * stack_of(const struct rf_cert_list *list, const struct rf_cert *one)
{
    STACK_OF(X509) *stack = sk_X509_new_null();
    bool ok = stack != NULL;
    for (size_t i = 0; ok && list != NULL && i < list->n; i++)
        ok = sk_X509_push(stack, rf_cert_x509(list->cert[i])) > 0;
    if (ok && one != NULL)
        ok = sk_X509_push(stack, rf_cert_x509(one)) > 0;
    if (ok)
        return stack;
    sk_X509_free(stack);
    return NULL;
}

static bool lives(X509 *x, int64_t now_s)
{
    int64_t from = 0, to = 0;
    return rf_asn1_time(X509_get0_notBefore(x), &from) && from <= now_s &&
           rf_asn1_time(X509_get0_notAfter(x), &to) && now_s <= to;
}

/* One whom the operator named has signed: its certificate is not looked at further, but for its
 * life. Without a store nobody else's is taken. */
static bool is_named_responder(OCSP_BASICRESP *basic, const struct rf_ocsp_question *q)
{
    STACK_OF(X509) *named = stack_of(q->responders, NULL);
    X509 *signer = NULL;
    bool ok = named != NULL && OCSP_basic_verify(basic, named, NULL, OCSP_TRUSTOTHER) == 1 &&
              OCSP_resp_get0_signer(basic, &signer, named) == 1 && lives(signer, q->now_s);
    sk_X509_free(named);
    ERR_clear_error();
    return ok;
}

/* The signer's certificate stands in the answer, or is the issuer's. OCSP_basic_verify demands of
 * any other than the issuer that this one issued it, with id-kp-OCSPSigning. */
static bool is_issuers(OCSP_BASICRESP *basic, const struct rf_ocsp_question *q)
{
    X509_STORE *store = store_of(q->issuer, q->now_s);
    STACK_OF(X509) *certs = stack_of(NULL, q->issuer);
    bool ok = store != NULL && certs != NULL && OCSP_basic_verify(basic, certs, store, 0) == 1;
    sk_X509_free(certs);
    X509_STORE_free(store);
    ERR_clear_error();
    return ok;
}

static bool has_named_signer(const struct rf_ocsp_question *q)
{
    return q->responders != NULL && q->responders->n > 0;
}

static bool digest_counts(const OCSP_BASICRESP *basic)
{
    const X509_ALGOR *alg = OCSP_resp_get0_tbs_sigalg(basic);
    const ASN1_OBJECT *oid = NULL;
    int md = NID_undef;
    X509_ALGOR_get0(&oid, NULL, NULL, alg);
    return OBJ_find_sigid_algs(OBJ_obj2nid(oid), &md, NULL) == 1 &&
           (md == NID_sha256 || md == NID_sha384 || md == NID_sha512);
}

static enum rf_err check_signer(OCSP_BASICRESP *basic, const struct rf_ocsp_question *q,
                                struct rf_why *why)
{
    if (!rf_fault_skips("ocsp.digest") && !digest_counts(basic))
        return rf_why_set(why, RF_ERR_DENIED, "ocsp-digest",
                          "the answer about %s is signed with a digest that is not allowed here",
                          rf_cert_subject(q->cert));
    if (rf_fault_skips("ocsp.signature") || is_issuers(basic, q) ||
        (has_named_signer(q) && is_named_responder(basic, q)))
        return RF_OK;
    return rf_why_set(why, RF_ERR_CRYPTO, "ocsp-signature",
                      "the answer about %s (%s) is signed by nobody who may say it: neither by its "
                      "issuer nor by a responder that the issuer or this site named",
                      rf_cert_subject(q->cert), rf_cert_short(q->cert));
}

/* A responder may answer from a store and leave the nonce out; another question's it may not
 * give.  spec: RFC 6960 4.4.1, RFC 5019 4 */
static enum rf_err check_nonce(OCSP_BASICRESP *basic, const struct rf_ocsp_question *q,
                               struct rf_ocsp_said *said, struct rf_why *why)
{
    OCSP_REQUEST *req = OCSP_REQUEST_new();
    struct rf_ocsp_nonce nonce = q->nonce;
    bool ok = req != NULL && OCSP_request_add1_nonce(req, nonce.bytes, sizeof nonce.bytes) == 1;
    int same = ok ? OCSP_check_nonce(req, basic) : 0;
    OCSP_REQUEST_free(req);
    said->has_nonce = same == 1;
    if (!rf_fault_skips("ocsp.nonce") && same == 0)
        return rf_why_set(why, RF_ERR_DENIED, "ocsp-nonce",
                          "the answer about %s is that to another question",
                          rf_cert_subject(q->cert));
    return RF_OK;
}

static enum rf_err check_times(const struct rf_ocsp_question *q, struct rf_ocsp_said *said,
                               struct rf_why *why)
{
    char when[32];
    if (!rf_fault_skips("ocsp.not-yet") && said->this_update > q->now_s + RF_OCSP_SKEW_S)
        return rf_why_set(why, RF_ERR_DENIED, "ocsp-not-yet",
                          "the answer about %s is from %s, in the future; check the clocks",
                          rf_cert_subject(q->cert),
                          rf_time_text(said->this_update, when, sizeof when));
    if (!rf_fault_skips("ocsp.expired") && q->now_s > said->until_s)
        return rf_why_set(why, RF_ERR_DENIED, "ocsp-expired",
                          "the answer about %s counted until %s", rf_cert_subject(q->cert),
                          rf_time_text(said->until_s, when, sizeof when));
    return RF_OK;
}

/* Without nextUpdate newer information is there at any time: the answer counts for a while after it
 * was given. */
static enum rf_err read_single(OCSP_BASICRESP *basic, const struct rf_ocsp_question *q,
                               struct rf_ocsp_said *said, struct rf_why *why)
{
    int status = 0, reason = -1;
    ASN1_GENERALIZEDTIME *revoked = NULL, *this_update = NULL, *next = NULL;
    OCSP_CERTID *id = id_of(q->cert, q->issuer);
    bool is_there = id != NULL && OCSP_resp_find_status(basic, id, &status, &reason, &revoked,
                                                        &this_update, &next) == 1;
    OCSP_CERTID_free(id);
    if (!is_there)
        return rf_why_set(why, RF_ERR_DENIED, "ocsp-other", "the answer says nothing about %s (%s)",
                          rf_cert_subject(q->cert), rf_cert_short(q->cert));
    if (!rf_asn1_time(this_update, &said->this_update) ||
        (next != NULL && !rf_asn1_time(next, &said->until_s)))
        return rf_why_set(why, RF_ERR_BAD, "ocsp-parse", "the answer has no valid times");
    if (next == NULL)
        said->until_s = said->this_update + RF_OCSP_DEFAULT_S;
    said->status = status == V_OCSP_CERTSTATUS_GOOD      ? RF_OCSP_GOOD
                   : status == V_OCSP_CERTSTATUS_REVOKED ? RF_OCSP_REVOKED
                                                         : RF_OCSP_UNKNOWN;
    if (said->status == RF_OCSP_REVOKED && !rf_asn1_time(revoked, &said->revoked_s))
        said->revoked_s = said->this_update;
    if (said->status == RF_OCSP_REVOKED && reason >= 0)
        said->reason = OCSP_crl_reason_str(reason);
    return check_times(q, said, why);
}

static enum rf_err read_basic(OCSP_BASICRESP *basic, const struct rf_ocsp_question *q,
                              struct rf_ocsp_said *said, struct rf_why *why)
{
    enum rf_err err = check_signer(basic, q, why);
    if (err == RF_OK)
        err = check_nonce(basic, q, said, why);
    return err == RF_OK ? read_single(basic, q, said, why) : err;
}

static enum rf_err read_response(OCSP_RESPONSE *response, const struct rf_ocsp_question *q,
                                 struct rf_ocsp_said *said, struct rf_why *why)
{
    int status = OCSP_response_status(response);
    if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        return rf_why_set(why, RF_ERR_DENIED, "ocsp-refused",
                          "the responder gives no answer about %s: %s", rf_cert_subject(q->cert),
                          OCSP_response_status_str(status));
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
    if (basic == NULL)
        return rf_why_openssl(why, RF_ERR_BAD, "ocsp-parse", "the responder's answer");
    enum rf_err err = read_basic(basic, q, said, why);
    OCSP_BASICRESP_free(basic);
    return err;
}

enum rf_err rf_ocsp_read(struct rf_slice answer, const struct rf_ocsp_question *q,
                         struct rf_ocsp_said *out, struct rf_why *why)
{
    const unsigned char *p = answer.p;
    struct rf_ocsp_said said = {0};
    *out = said;
    if (answer.len > RF_OCSP_ANSWER_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "ocsp-size", "an answer has at most %zu bytes",
                          RF_OCSP_ANSWER_MAX);
    if (!rf_der_is_strict(answer))
        return rf_why_set(why, RF_ERR_BAD, "ocsp-parse", "what answers is no OCSP responder");
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)answer.len);
    if (response == NULL)
        return rf_why_openssl(why, RF_ERR_BAD, "ocsp-parse", "the responder's answer");
    enum rf_err err = read_response(response, q, &said, why);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    if (err == RF_OK)
        *out = said;
    return err;
}
