/* SPDX-License-Identifier: Apache-2.0 */
/* Readers say that they are there, then take what is current. A writer puts new things in the place
 * of old ones and frees those when it has seen no reader since: whoever comes later finds the new
 * ones. What it cannot free at once waits for the next change. */
#include "trust/revocation_int.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "base/faults.h"
#include "base/text.h"
#include "trust/crl_int.h"

#define BUCKETS     256
#define FINGERPRINT 32

struct revocation_set {
    enum rf_revocation_mode mode;
    size_t n;
    struct rf_crl *crl[RF_REVOCATION_CRLS_MAX];
    STACK_OF(X509_CRL) * stack; /* the same, borrowed */
    struct rf_buf own_issuer;
    struct rf_buf asked;
    bool asks_all;
};

/* Answers about certificates whose fingerprints begin with the same byte. */
struct bucket {
    size_t n;
    struct rf_revocation_answer at[];
};

/* What was taken out of use. */
struct old {
    struct old *next;
    struct revocation_set *set;
    struct bucket *bucket;
};

struct rf_revocation {
    const struct rf_revocation_ops *ops;
    void *arg;
    atomic_uint readers;
    _Atomic(struct revocation_set *) set;
    _Atomic(struct bucket *) buckets[BUCKETS];
    size_t n_answers; /* the writer's, as `old` */
    struct old *old;
};

const char *rf_revocation_mode_name(enum rf_revocation_mode mode)
{
    switch (mode) {
    case RF_REVOCATION_OFF:
        return "off";
    case RF_REVOCATION_LENIENT:
        return "lenient";
    case RF_REVOCATION_STRICT:
        return "strict";
    }
    return "?";
}

/* ---- life ---- */

static void set_free(struct revocation_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->n; i++)
        rf_crl_unref(set->crl[i]);
    sk_X509_CRL_free(set->stack);
    rf_buf_fini(&set->own_issuer);
    rf_buf_fini(&set->asked);
    rf_free(set);
}

struct rf_revocation *rf_revocation_new(const struct rf_revocation_ops *ops, void *arg)
{
    struct rf_revocation *r = rf_new(struct rf_revocation);
    r->ops = ops;
    r->arg = arg;
    return r;
}

static void free_old(struct rf_revocation *r)
{
    while (r->old != NULL) {
        struct old *next = r->old->next;
        set_free(r->old->set);
        rf_free(r->old->bucket);
        rf_free(r->old);
        r->old = next;
    }
}

void rf_revocation_free(struct rf_revocation *r)
{
    if (r == NULL)
        return;
    free_old(r);
    set_free(atomic_load(&r->set));
    for (size_t i = 0; i < BUCKETS; i++)
        rf_free(atomic_load(&r->buckets[i]));
    rf_free(r);
}

/* After the new one is in its place. */
static void retire(struct rf_revocation *r, struct revocation_set *set, struct bucket *bucket)
{
    if (set != NULL || bucket != NULL) {
        struct old *old = rf_new(struct old);
        *old = (struct old){.next = r->old, .set = set, .bucket = bucket};
        r->old = old;
    }
    if (atomic_load(&r->readers) == 0)
        free_old(r);
}

/* ---- changing ---- */

static enum rf_err fill(struct revocation_set *set, const struct rf_revocation_conf *conf)
{
    set->mode = conf->mode;
    set->asks_all = conf->asks_all;
    set->own_issuer = RF_BUF(conf->own_issuer.len);
    set->asked = RF_BUF(conf->asked_issuers.len);
    set->stack = sk_X509_CRL_new_null();
    bool ok = set->stack != NULL;
    for (size_t i = 0; ok && i < conf->n_crls; i++) {
        set->crl[set->n++] = rf_crl_ref(conf->crls[i]);
        ok = sk_X509_CRL_push(set->stack, rf_crl_x509(conf->crls[i])) > 0;
    }
    enum rf_err err = ok ? rf_buf_add_slice(&set->own_issuer, conf->own_issuer) : RF_ERR_NOMEM;
    return err == RF_OK ? rf_buf_add_slice(&set->asked, conf->asked_issuers) : err;
}

enum rf_err rf_revocation_set(struct rf_revocation *r, const struct rf_revocation_conf *conf,
                              struct rf_why *why)
{
    if (conf->n_crls > RF_REVOCATION_CRLS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "crl-count",
                          "%d lists of revoked certificates are "
                          "the most",
                          RF_REVOCATION_CRLS_MAX);
    struct revocation_set *set = rf_new(struct revocation_set);
    enum rf_err err = fill(set, conf);
    if (err != RF_OK) {
        set_free(set);
        return rf_why_set(why, err, "crl-memory", "no memory for lists of revoked certificates");
    }
    retire(r, atomic_exchange(&r->set, set), NULL);
    return RF_OK;
}

static bool is_answer_of(const struct rf_revocation_answer *answer, const uint8_t sha256[32])
{
    return rf_slice_eq(rf_slice_of(answer->sha256, FINGERPRINT), rf_slice_of(sha256, FINGERPRINT));
}

/* A copy of the bucket without this certificate, with room for one more. */
static struct bucket *copy_without(const struct bucket *b, const uint8_t sha256[32])
{
    size_t n = b != NULL ? b->n : 0;
    struct bucket *copy =
        rf_try_alloc(sizeof *copy + (n + 1) * sizeof copy->at[0],
                     sizeof *copy + (RF_REVOCATION_ANSWERS_MAX + 1) * sizeof copy->at[0]);
    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (!is_answer_of(&b->at[i], sha256))
            copy->at[copy->n++] = b->at[i];
    return copy;
}

static enum rf_err change(struct rf_revocation *r, const uint8_t sha256[32],
                          const struct rf_revocation_answer *answer, struct rf_why *why)
{
    _Atomic(struct bucket *) *place = &r->buckets[sha256[0]];
    struct bucket *before = atomic_load(place);
    size_t n = before != NULL ? before->n : 0;
    struct bucket *now = copy_without(before, sha256);
    if (now == NULL)
        return rf_why_set(why, RF_ERR_NOMEM, "crl-memory", "no memory for a responder's answer");
    size_t others = r->n_answers - n + now->n;
    if (answer != NULL && others == RF_REVOCATION_ANSWERS_MAX) {
        rf_free(now);
        return rf_why_set(why, RF_ERR_LIMIT, "ocsp-answers",
                          "answers about %d certificates are the most", RF_REVOCATION_ANSWERS_MAX);
    }
    if (answer != NULL)
        now->at[now->n++] = *answer;
    r->n_answers = r->n_answers - n + now->n;
    retire(r, NULL, atomic_exchange(place, now));
    return RF_OK;
}

enum rf_err rf_revocation_answer(struct rf_revocation *r, const struct rf_revocation_answer *answer,
                                 struct rf_why *why)
{
    return change(r, answer->sha256, answer, why);
}

void rf_revocation_forget(struct rf_revocation *r, const uint8_t sha256[32])
{
    (void)!change(r, sha256, NULL, NULL); /* without memory it stays: that is known of it */
}

/* ---- looking ---- */

/* What is known now is held until let_go. May be NULL. */
static const struct revocation_set *hold(struct rf_revocation *r)
{
    if (r == NULL)
        return NULL;
    atomic_fetch_add(&r->readers, 1);
    return atomic_load(&r->set);
}

static void let_go(struct rf_revocation *r)
{
    if (r != NULL)
        atomic_fetch_sub(&r->readers, 1);
}

static enum rf_revocation_mode mode_of(const struct revocation_set *set)
{
    return set != NULL ? set->mode : RF_REVOCATION_OFF;
}

/* Is there anything to look at, or to miss? */
static bool is_asked(const struct revocation_set *set)
{
    return mode_of(set) == RF_REVOCATION_STRICT ||
           (mode_of(set) != RF_REVOCATION_OFF &&
            (set->n > 0 || set->asks_all || set->asked.len > 0));
}

void revocation_begin(struct rf_revocation *r, struct revocation_look *look)
{
    const struct revocation_set *set = hold(r);
    *look = (struct revocation_look){.of = r, .set = is_asked(set) ? set : NULL};
}

void revocation_end(struct revocation_look *look)
{
    let_go(look->of);
    look->set = NULL;
}

enum rf_revocation_mode rf_revocation_mode(struct rf_revocation *r)
{
    enum rf_revocation_mode mode = mode_of(hold(r));
    let_go(r);
    return mode;
}

bool rf_revocation_is_asked(struct rf_revocation *r)
{
    bool is = is_asked(hold(r));
    let_go(r);
    return is;
}

/* By value: what is held ends with the look. */
static bool find_answer(const struct rf_revocation *r, struct rf_slice sha256,
                        struct rf_revocation_answer *out)
{
    struct rf_rd rd = rf_rd_of(sha256);
    uint8_t first = 0;
    if (!rf_rd_u8(&rd, &first))
        return false;
    const struct bucket *b = atomic_load(&r->buckets[first]);
    for (size_t i = 0; b != NULL && i < b->n; i++)
        if (rf_slice_eq(rf_slice_of(b->at[i].sha256, FINGERPRINT), sha256)) {
            *out = b->at[i];
            return true;
        }
    return false;
}

/* ---- what OpenSSL says of the lists ---- */

void revocation_prepare(const struct revocation_look *look, X509_STORE_CTX *ctx)
{
    if (look->set == NULL)
        return;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |
                                           X509_V_FLAG_EXTENDED_CRL_SUPPORT);
    X509_STORE_CTX_set0_crls(ctx, look->set->stack);
}

static const struct {
    int error;
    const char *code;
    bool is_damaged; /* nobody who may say it has said it, or not all of it is understood */
} errors[] = {
    {X509_V_ERR_UNABLE_TO_GET_CRL, "crl-missing", false},
    {X509_V_ERR_CRL_HAS_EXPIRED, "crl-expired", false},
    {X509_V_ERR_CRL_NOT_YET_VALID, "crl-not-yet", false},
    {X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, "crl-issuer", true},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, "crl-signature", true},
    {X509_V_ERR_CRL_SIGNATURE_FAILURE, "crl-signature", true},
    {X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, "crl-key-usage", true},
    {X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, "crl-extension", true},
    {X509_V_ERR_DIFFERENT_CRL_SCOPE, "crl-scope", true},
    {X509_V_ERR_CRL_PATH_VALIDATION_ERROR, "crl-path", true},
    {X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, "crl-parse", true},
    {X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, "crl-parse", true},
};
#define ERRORS_N (sizeof errors / sizeof *errors)

bool revocation_is_about(int error)
{
    for (size_t i = 0; i < ERRORS_N; i++)
        if (errors[i].error == error)
            return true;
    return error == X509_V_ERR_CERT_REVOKED;
}

bool revocation_note(struct revocation_look *look, int error, int depth)
{
    if (look->set == NULL || depth < 0 || depth >= REVOCATION_DEPTH_MAX ||
        !revocation_is_about(error))
        return false;
    __typeof__(look->at[0]) *at = &look->at[depth];
    if (error == X509_V_ERR_CERT_REVOKED)
        at->is_revoked = at->is_revoked || !at->is_damaged;
    for (size_t i = 0; i < ERRORS_N; i++)
        if (errors[i].error == error) {
            at->is_damaged = at->is_damaged || errors[i].is_damaged;
            at->code = at->code == NULL ? errors[i].code : at->code;
        }
    return true;
}

/* ---- what follows ---- */

static bool has_fingerprint(struct rf_slice all, struct rf_slice one)
{
    struct rf_rd rd = rf_rd_of(all);
    struct rf_slice s;
    while (rf_rd_slice(&rd, FINGERPRINT, &s))
        if (rf_slice_eq(s, one))
            return true;
    return false;
}

static bool is_own(const struct revocation_set *set, const struct rf_cert *cert)
{
    struct rf_slice own = rf_buf_slice(&set->own_issuer);
    return own.len > 0 && rf_slice_eq(own, rf_cert_issuer_der(cert));
}

static bool asks_about(const struct revocation_set *set, const struct rf_cert *cert,
                       const struct rf_cert *issuer)
{
    return has_fingerprint(rf_buf_slice(&set->asked), rf_cert_sha256(issuer)) ||
           (set->asks_all && !is_own(set, cert));
}

static enum rf_err refuse_revoked(const struct rf_cert *cert, const char *by, struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_DENIED, "cert-revoked",
                      "certificate %s (%s) was revoked by its issuer %s, as %s says",
                      rf_cert_subject(cert), rf_cert_short(cert), rf_cert_issuer(cert), by);
}

static const char *text_of(const char *code)
{
    static const struct {
        const char *code, *text;
    } texts[] = {
        {"crl-missing", "there is no list of its issuer: `ringfence crl import`"},
        {"crl-expired", "the list of its issuer is too old: `ringfence crl fetch`"},
        {"ocsp-asked", "the responder is being asked: the next attempt finds the answer"},
        {"ocsp-expired", "the responder's answer is too old; it is being asked again"},
        {"ocsp-unknown", "the responder does not know it"},
        {"ocsp-failed", "the responder gave no answer that counts: `ringfence status` says why"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i].code, code) == 0)
            return texts[i].text;
    return "the list of its issuer does not count";
}

/* Nothing that counts says that it is good. */
static enum rf_err doubt(struct revocation_look *look, const struct rf_cert *cert, const char *code,
                         bool has_source, struct rf_why *why)
{
    const struct rf_revocation *r = look->of;
    struct rf_why reason = {0};
    enum rf_err err = rf_why_set(&reason, RF_ERR_DENIED, code,
                                 "whether certificate %s (%s) is revoked is not known: %s",
                                 rf_cert_subject(cert), rf_cert_short(cert), text_of(code));
    if (!rf_fault_skips("revocation.unknown") && look->set->mode == RF_REVOCATION_STRICT)
        return rf_why_set(why, err, reason.code, "%s", reason.text);
    if (has_source && r->ops != NULL && r->ops->doubt != NULL)
        r->ops->doubt(r->arg, cert, &reason);
    return RF_OK;
}

/* Why the responder's answer does not settle it, or NULL when it does. */
static const char *open_by_answer(const struct rf_revocation_answer *answer, bool is_there,
                                  int64_t now_s)
{
    if (!is_there)
        return "ocsp-asked";
    if (answer->status == RF_OCSP_GOOD)
        return !rf_fault_skips("revocation.ocsp-age") && now_s > answer->until_s ? "ocsp-expired"
                                                                                 : NULL;
    return answer->code;
}

enum rf_err revocation_judge(struct revocation_look *look, size_t depth, const struct rf_cert *cert,
                             const struct rf_cert *issuer, int64_t now_s, struct rf_why *why)
{
    struct rf_revocation_answer answer = {.code = ""};
    const struct rf_revocation *r = look->of;
    if (look->set == NULL || depth >= REVOCATION_DEPTH_MAX)
        return RF_OK;
    bool has_answer = find_answer(r, rf_cert_sha256(cert), &answer);
    if (!rf_fault_skips("revocation.crl") && look->at[depth].is_revoked)
        return refuse_revoked(cert, "its list", why);
    if (!rf_fault_skips("revocation.ocsp") && has_answer && answer.status == RF_OCSP_REVOKED)
        return refuse_revoked(cert, "its responder", why);
    bool asks = asks_about(look->set, cert, issuer);
    const char *code = look->at[depth].code;
    if (code == NULL) /* a list says so */
        return RF_OK;
    bool has_list = strcmp(code, "crl-missing") != 0;
    if (asks) {
        const char *open = open_by_answer(&answer, has_answer, now_s);
        if (open == NULL)
            return RF_OK;
        if (r->ops != NULL && r->ops->ask != NULL)
            r->ops->ask(r->arg, cert, issuer);
        code = open;
    }
    if (is_own(look->set, cert) && !has_list && !asks)
        return RF_OK;
    return doubt(look, cert, code, has_list || asks, why);
}

/* The number of a certificate in the lists of its issuer's name. */
static bool is_listed(const struct revocation_set *set, const struct rf_cert *cert)
{
    X509 *x = rf_cert_x509(cert);
    for (size_t i = 0; i < set->n; i++) {
        X509_REVOKED *entry = NULL;
        X509_CRL *crl = rf_crl_x509(set->crl[i]);
        if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(x)) == 0 &&
            X509_CRL_get0_by_cert(crl, &entry, x) == 1)
            return true;
    }
    return false;
}

enum rf_err rf_revocation_check(struct rf_revocation *r, const struct rf_cert *cert,
                                struct rf_why *why)
{
    struct revocation_look look;
    struct rf_revocation_answer answer;
    enum rf_err err = RF_OK;
    revocation_begin(r, &look);
    if (look.set != NULL && !rf_fault_skips("revocation.later")) {
        if (is_listed(look.set, cert))
            err = refuse_revoked(cert, "its list", why);
        else if (find_answer(r, rf_cert_sha256(cert), &answer) && answer.status == RF_OCSP_REVOKED)
            err = refuse_revoked(cert, "its responder", why);
    }
    revocation_end(&look);
    return err;
}
