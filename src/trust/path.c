/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL builds and verifies the path; what it lets pass for the sake of old certificates, and
 * what it knows nothing about (floors, purposes, phones), is decided here. */
#include "trust/path.h"

#include <stdatomic.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "base/faults.h"
#include "base/text.h"
#include "trust/cert_int.h"
#include "trust/revocation_int.h"

#define RSA_FLOOR 2048
#define EC_FLOOR  256
#define ID_LEN    32

struct rf_anchors {
    atomic_uint refs;
    enum rf_purpose purpose;
    size_t n;
    size_t makers_n; /* the first ones */
    struct rf_cert *cert[RF_ANCHORS_MAX];
    X509_STORE *store;
    uint8_t id[RF_DIGEST_MAX]; /* of what is in it: SHA-256 over that before and the new one's */
};

_Static_assert(sizeof((struct rf_path_memo *)NULL)->anchors == ID_LEN, "SHA-256");

/* One check. */
struct check {
    const struct rf_anchors *anchors;
    const struct rf_cert *leaf;
    const struct rf_cert_list *sent; /* may be NULL */
    const struct rf_path_policy *policy;
    /* found: */
    int64_t from_s; /* the whole path is valid */
    int64_t to_s;
    const struct rf_cert *anchor;
};

const char *rf_purpose_name(enum rf_purpose p)
{
    switch (p) {
    case RF_PURPOSE_SIGNALLING:
        return "signalling";
    case RF_PURPOSE_CAPF:
        return "capf";
    }
    return "?";
}

struct rf_anchors *rf_anchors_new(enum rf_purpose purpose)
{
    struct rf_anchors *a = rf_new(struct rf_anchors);
    atomic_init(&a->refs, 1);
    a->purpose = purpose;
    (void)rf_digest_of(RF_DIGEST_SHA256, rf_slice_str(rf_purpose_name(purpose)), a->id);
    a->store = X509_STORE_new();
    rf_bug_on(a->store == NULL);
    /* An issuing CA may be the anchor itself: its root need not be held. */
    X509_STORE_set_flags(a->store, X509_V_FLAG_PARTIAL_CHAIN);
    return a;
}

enum rf_err rf_anchors_add(struct rf_anchors *a, struct rf_cert *ca, struct rf_why *why)
{
    for (size_t i = 0; i < a->n; i++)
        if (rf_cert_eq(a->cert[i], ca))
            return RF_OK;
    if (!rf_fault_skips("path.anchor-ca") && !rf_cert_is_ca(ca))
        return rf_why_set(why, RF_ERR_DENIED, "anchor-not-ca",
                          "%s (%s) is not a CA certificate and cannot be an anchor for %s",
                          rf_cert_subject(ca), rf_cert_short(ca), rf_purpose_name(a->purpose));
    if (a->n == RF_ANCHORS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "anchor-count", "more than %d anchors for %s",
                          RF_ANCHORS_MAX, rf_purpose_name(a->purpose));
    if (X509_STORE_add_cert(a->store, rf_cert_x509(ca)) != 1)
        return rf_why_openssl(why, RF_ERR_CRYPTO, "anchor-add", "adding an anchor");
    a->cert[a->n++] = rf_cert_ref(ca);
    uint8_t both[2 * ID_LEN];
    memcpy(both, a->id, ID_LEN);
    memcpy(both + ID_LEN, rf_cert_sha256(ca).p, ID_LEN);
    (void)rf_digest_of(RF_DIGEST_SHA256, rf_slice_of(both, sizeof both), a->id);
    return RF_OK;
}

static enum rf_err add_one(void *arg, struct rf_cert *cert, struct rf_why *why)
{
    return rf_anchors_add(arg, cert, why);
}

enum rf_err rf_anchors_add_dir(struct rf_anchors *a, const char *dir, struct rf_why *why)
{
    return rf_certs_each_in_dir(dir, add_one, a, why);
}

void rf_anchors_mark_makers(struct rf_anchors *a)
{
    a->makers_n = a->n;
}

bool rf_anchors_is_maker(const struct rf_anchors *a, const struct rf_cert *anchor)
{
    for (size_t i = 0; anchor != NULL && i < a->makers_n; i++)
        if (rf_cert_eq(a->cert[i], anchor))
            return true;
    return false;
}

size_t rf_anchors_n(const struct rf_anchors *a)
{
    return a->n;
}

enum rf_err rf_anchors_add_all(struct rf_anchors *a, const struct rf_anchors *more,
                               struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < more->n && err == RF_OK; i++)
        err = rf_anchors_add(a, more->cert[i], why);
    return err;
}

bool rf_anchors_have_name(const struct rf_anchors *a, struct rf_slice subject_der)
{
    for (size_t i = 0; i < a->n; i++)
        if (rf_slice_eq(rf_cert_subject_der(a->cert[i]), subject_der))
            return true;
    return false;
}

bool rf_anchors_issued(const struct rf_anchors *a, const struct rf_cert *cert)
{
    return rf_anchors_have_name(a, rf_cert_issuer_der(cert));
}

enum rf_purpose rf_anchors_purpose(const struct rf_anchors *a)
{
    return a->purpose;
}

struct rf_anchors *rf_anchors_ref(struct rf_anchors *a)
{
    atomic_fetch_add(&a->refs, 1);
    return a;
}

void rf_anchors_unref(struct rf_anchors *a)
{
    if (a == NULL || atomic_fetch_sub(&a->refs, 1) != 1)
        return;
    for (size_t i = 0; i < a->n; i++)
        rf_cert_unref(a->cert[i]);
    X509_STORE_free(a->store);
    rf_free(a);
}

void rf_anchors_freep(struct rf_anchors **a)
{
    rf_anchors_unref(*a);
    *a = NULL;
}

enum rf_err rf_cert_time_check(const struct rf_cert *c, int64_t now_s, struct rf_why *why)
{
    char when[32];
    if (!rf_fault_skips("cert.expired") && now_s > rf_cert_not_after(c))
        return rf_why_set(why, RF_ERR_DENIED, "cert-expired",
                          "certificate %s (%s) expired at %s; renew it", rf_cert_subject(c),
                          rf_cert_short(c), rf_time_text(rf_cert_not_after(c), when, sizeof(when)));
    if (!rf_fault_skips("cert.not-yet") && now_s < rf_cert_not_before(c))
        return rf_why_set(why, RF_ERR_DENIED, "cert-not-yet",
                          "certificate %s (%s) is valid only from %s; check the clocks",
                          rf_cert_subject(c), rf_cert_short(c),
                          rf_time_text(rf_cert_not_before(c), when, sizeof(when)));
    return RF_OK;
}

enum rf_err rf_cert_floor_check(const struct rf_cert *c, int64_t floor_s, struct rf_why *why)
{
    char when[32];
    if (!rf_fault_skips("cert.floor") && rf_cert_not_after(c) < floor_s)
        return rf_why_set(why, RF_ERR_DENIED, "cert-expired",
                          "certificate %s (%s) expired at %s, before anything this phone knows",
                          rf_cert_subject(c), rf_cert_short(c),
                          rf_time_text(rf_cert_not_after(c), when, sizeof(when)));
    return RF_OK;
}

enum rf_err rf_cert_strength_check(const struct rf_cert *c, unsigned rsa_min, struct rf_why *why)
{
    unsigned bits = rf_cert_key_bits(c);
    bool is_rsa = rf_cert_key_type(c) == RF_KEY_RSA;
    unsigned floor = !is_rsa ? EC_FLOOR : rsa_min != 0 ? rsa_min : RSA_FLOOR;
    bool is_known =
        is_rsa || (rf_cert_key_type(c) == RF_KEY_EC && rf_cert_curve(c) != RF_CURVE_NONE);
    if (!rf_fault_skips("cert.key-type") && !is_known)
        return rf_why_set(why, RF_ERR_DENIED, "key-type",
                          "certificate %s (%s): the key is neither RSA nor on P-256, P-384, P-521",
                          rf_cert_subject(c), rf_cert_short(c));
    if (!rf_fault_skips("cert.key-size") && bits < floor)
        return rf_why_set(why, RF_ERR_DENIED, "key-too-short",
                          "certificate %s (%s): %u-bit key, at least %u are wanted",
                          rf_cert_subject(c), rf_cert_short(c), bits, floor);
    return RF_OK;
}

enum rf_err rf_cert_capf_check(const struct rf_cert *c, struct rf_why *why)
{
    const uint32_t need = RF_KU_DIGITAL_SIGNATURE | RF_KU_KEY_CERT_SIGN;
    bool ok = rf_cert_is_ca(c) && rf_cert_path_len(c) == 0 && rf_cert_has_key_usage(c) &&
              (rf_cert_key_usage(c) & need) == need;
    if (!rf_fault_skips("cert.capf") && !ok)
        return rf_why_set(why, RF_ERR_DENIED, "capf-cert",
                          "%s (%s) cannot be a CAPF certificate: it needs CA:TRUE, path length 0, "
                          "digitalSignature and keyCertSign",
                          rf_cert_subject(c), rf_cert_short(c));
    return RF_OK;
}

/* V4 on the phone's certificate, first half: not a CA. */
static enum rf_err check_leaf(const struct rf_cert *leaf, struct rf_why *why)
{
    bool is_ca = rf_cert_is_ca(leaf) || rf_cert_is_self_issued(leaf) ||
                 (rf_cert_key_usage(leaf) & RF_KU_KEY_CERT_SIGN) != 0;
    if (!rf_fault_skips("path.leaf-not-ca") && is_ca)
        return rf_why_set(why, RF_ERR_DENIED, "leaf-is-ca",
                          "%s (%s) is self-signed or a CA; it cannot be a device's certificate",
                          rf_cert_subject(leaf), rf_cert_short(leaf));
    return RF_OK;
}

/* V4, second half. Absent keyUsage allows everything to X.509, and nothing to us where it is
 * demanded. */
static enum rf_err check_key_usage(const struct rf_cert *leaf, bool is_strict, struct rf_why *why)
{
    uint32_t need = RF_KU_DIGITAL_SIGNATURE;
    if (is_strict && rf_cert_key_type(leaf) == RF_KEY_RSA)
        need |= RF_KU_KEY_ENCIPHERMENT;
    bool ok = rf_cert_has_key_usage(leaf) ? (rf_cert_key_usage(leaf) & need) == need : !is_strict;
    if (!rf_fault_skips("path.key-usage") && !ok)
        return rf_why_set(why, RF_ERR_DENIED, "key-usage", "%s (%s) lacks the key usage %s",
                          rf_cert_subject(leaf), rf_cert_short(leaf),
                          (need & RF_KU_KEY_ENCIPHERMENT) != 0
                              ? "digitalSignature and keyEncipherment"
                              : "digitalSignature");
    return RF_OK;
}

const char *rf_path_code(int error)
{
    switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return "path-unknown-issuer";
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return "path-signature";
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
        return "path-length";
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
        return "path-ca";
    default:
        return "path-other";
    }
}

/* Was a test build told to look away? And rf_cert_time_check looks at each certificate's times. */
static bool is_passed_over(int error)
{
    const char *code = rf_path_code(error);
    if (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID)
        return true;
    return (strcmp(code, "path-unknown-issuer") == 0 && rf_fault_skips("path.issuer")) ||
           (strcmp(code, "path-signature") == 0 && rf_fault_skips("path.signature")) ||
           (strcmp(code, "path-length") == 0 && rf_fault_skips("path.length")) ||
           (strcmp(code, "path-ca") == 0 && rf_fault_skips("path.ca"));
}

/* The path of somebody who signs lists for an issuer: where it ends, nobody is asked about the
 * end. */
static bool is_end_of_inner_path(X509_STORE_CTX *ctx)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    return revocation_is_about(X509_STORE_CTX_get_error(ctx)) && chain != NULL &&
           X509_STORE_CTX_get_error_depth(ctx) == sk_X509_num(chain) - 1;
}

static int on_complaint(int ok, X509_STORE_CTX *ctx)
{
    struct revocation_look *look = X509_STORE_CTX_get_app_data(ctx);
    if (ok == 1)
        return 1;
    if (X509_STORE_CTX_get0_parent_ctx(ctx) != NULL)
        return is_end_of_inner_path(ctx) ? 1 : 0;
    if (look != NULL &&
        revocation_note(look, X509_STORE_CTX_get_error(ctx), X509_STORE_CTX_get_error_depth(ctx)))
        return 1;
    return is_passed_over(X509_STORE_CTX_get_error(ctx)) ? 1 : 0;
}

/* The reason first: names may be longer than the text. */
static enum rf_err refuse_path(X509_STORE_CTX *ctx, const struct rf_anchors *a,
                               const struct rf_cert *leaf, struct rf_why *why)
{
    int error = X509_STORE_CTX_get_error(ctx);
    return rf_why_set(why, RF_ERR_DENIED, rf_path_code(error),
                      "%s, so it does not lead to one of the %zu certificates held for %s: %s "
                      "(%s), issued by %s",
                      X509_verify_cert_error_string(error), a->n, rf_purpose_name(a->purpose),
                      rf_cert_subject(leaf), rf_cert_short(leaf), rf_cert_issuer(leaf));
}

/* Excused is the end alone: then it is looked at as on its last day. */
static enum rf_err check_time(const struct rf_cert *c, const struct rf_path_policy *policy,
                              struct rf_why *why)
{
    bool is_excused = policy->excuse_expired && policy->now_s > rf_cert_not_after(c);
    return rf_cert_time_check(c, is_excused ? rf_cert_not_after(c) : policy->now_s, why);
}

/* One certificate of a verified path: depth 0 is the leaf, is_last the anchor. */
static enum rf_err check_link(const struct rf_cert *c, int depth, bool is_last,
                              const struct rf_path_policy *policy, struct rf_why *why)
{
    enum rf_err err = check_time(c, policy, why);
    if (err == RF_OK)
        err = rf_cert_strength_check(c, policy->rsa_min, why);
    if (err != RF_OK)
        return err;
    bool may_sign = rf_cert_is_ca(c) && (!rf_cert_has_key_usage(c) ||
                                         (rf_cert_key_usage(c) & RF_KU_KEY_CERT_SIGN) != 0);
    if (!rf_fault_skips("path.ca") && depth > 0 && !may_sign)
        return rf_why_set(why, RF_ERR_DENIED, "path-ca",
                          "%s (%s) stands in the path but may not sign certificates",
                          rf_cert_subject(c), rf_cert_short(c));
    const char *md = rf_cert_signature_digest(c);
    bool is_weak = strcmp(md, "sha1") == 0 ? !policy->allow_sha1
                                           : strncmp(md, "sha", 3) != 0 || strcmp(md, "sha") == 0;
    if (!rf_fault_skips("path.digest") && !is_last && is_weak)
        return rf_why_set(why, RF_ERR_DENIED, "cert-digest",
                          "%s (%s) is signed with %s, which is not allowed here",
                          rf_cert_subject(c), rf_cert_short(c), md[0] != '\0' ? md : "no digest");
    return RF_OK;
}

static const struct rf_cert *find_anchor(const struct rf_anchors *a, X509 *x)
{
    for (size_t i = 0; i < a->n; i++)
        if (X509_cmp(rf_cert_x509(a->cert[i]), x) == 0)
            return a->cert[i];
    return NULL;
}

/* A path is made of what we gave to OpenSSL, and that is parsed. */
static enum rf_err find_parsed(const struct check *k, X509 *x, const struct rf_cert **out,
                               struct rf_why *why)
{
    *out = rf_cert_x509(k->leaf) == x ? k->leaf : NULL;
    for (size_t i = 0; *out == NULL && k->sent != NULL && i < k->sent->n; i++)
        if (rf_cert_x509(k->sent->cert[i]) == x)
            *out = k->sent->cert[i];
    if (*out == NULL)
        *out = find_anchor(k->anchors, x);
    return *out != NULL ? RF_OK
                        : rf_why_set(why, RF_ERR_CRYPTO, "path-other",
                                     "a certificate in the path that nobody gave");
}

static enum rf_err check_chain(struct check *k, X509_STORE_CTX *ctx, struct rf_why *why)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    int n = chain != NULL ? sk_X509_num(chain) : 0;
    enum rf_err err = RF_OK;
    k->from_s = INT64_MIN;
    k->to_s = INT64_MAX;
    for (int i = 0; err == RF_OK && i < n; i++) {
        const struct rf_cert *c = NULL;
        err = find_parsed(k, sk_X509_value(chain, i), &c, why);
        if (err != RF_OK)
            break;
        err = check_link(c, i, i == n - 1, k->policy, why);
        k->from_s = rf_cert_not_before(c) > k->from_s ? rf_cert_not_before(c) : k->from_s;
        k->to_s = rf_cert_not_after(c) < k->to_s ? rf_cert_not_after(c) : k->to_s;
    }
    if (err == RF_OK && n > 0)
        k->anchor = find_anchor(k->anchors, sk_X509_value(chain, n - 1));
    return err;
}

/* Every certificate below the anchor, which is believed without anybody's word. */
static enum rf_err check_revocation(const struct check *k, X509_STORE_CTX *ctx, struct rf_why *why)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    struct revocation_look *look = X509_STORE_CTX_get_app_data(ctx);
    int n = chain != NULL ? sk_X509_num(chain) : 0;
    enum rf_err err = RF_OK;
    for (int i = 0; err == RF_OK && i + 1 < n; i++) {
        const struct rf_cert *cert = NULL;
        const struct rf_cert *issuer = NULL;
        err = find_parsed(k, sk_X509_value(chain, i), &cert, why);
        if (err == RF_OK)
            err = find_parsed(k, sk_X509_value(chain, i + 1), &issuer, why);
        if (err == RF_OK)
            /* a count, not a change: certificates are shared */
            err = revocation_judge(look, (size_t)i, (struct rf_cert *)(uintptr_t)cert,
                                   (struct rf_cert *)(uintptr_t)issuer, k->policy->now_s, why);
    }
    return err;
}

static bool is_named(const struct rf_cert *ca, const struct rf_cert *leaf)
{
    return rf_slice_eq(rf_cert_subject_der(ca), rf_cert_issuer_der(leaf));
}

static bool may_sign_lists(const struct rf_cert *ca)
{
    return !rf_cert_has_key_usage(ca) || (rf_cert_key_usage(ca) & RF_KU_CRL_SIGN) != 0;
}

/* Of two with the same key: one that is valid now; then one whose lists count; then the one that
 * lasts longer. So nothing hangs on the order in which they are held. */
static bool is_better_signer(const struct rf_cert *one, const struct rf_cert *other, int64_t now_s)
{
    bool is_valid = rf_cert_not_before(one) <= now_s && now_s <= rf_cert_not_after(one);
    bool is_other_valid = rf_cert_not_before(other) <= now_s && now_s <= rf_cert_not_after(other);
    if (is_valid != is_other_valid)
        return is_valid;
    if (may_sign_lists(one) != may_sign_lists(other))
        return may_sign_lists(one);
    return rf_cert_not_after(one) > rf_cert_not_after(other);
}

static const struct rf_cert *find_signer(const struct rf_anchors *a, const struct rf_cert *leaf,
                                         int64_t now_s)
{
    const struct rf_cert *signer = NULL;
    for (size_t i = 0; i < a->n; i++) {
        X509 *ca = rf_cert_x509(a->cert[i]);
        if (!is_named(a->cert[i], leaf) || X509_check_issued(ca, rf_cert_x509(leaf)) != X509_V_OK)
            continue;
        EVP_PKEY *key = X509_get0_pubkey(ca);
        bool fits = key != NULL && X509_verify(rf_cert_x509(leaf), key) == 1;
        if (fits && (signer == NULL || is_better_signer(a->cert[i], signer, now_s)))
            signer = a->cert[i];
    }
    ERR_clear_error();
    return signer;
}

/* A CA keeps its name when it changes its key, or its certificate, and OpenSSL takes the first of
 * that name: where there are several, only the one whose key has signed. The caller's; never NULL.
 */
static X509_STORE *store_for(const struct check *k)
{
    const struct rf_anchors *a = k->anchors;
    size_t named_n = 0;
    for (size_t i = 0; i < a->n; i++)
        named_n += is_named(a->cert[i], k->leaf);
    const struct rf_cert *signer = named_n > 1 ? find_signer(a, k->leaf, k->policy->now_s) : NULL;
    X509_STORE *store = signer != NULL ? X509_STORE_new() : NULL;
    if (store != NULL && X509_STORE_add_cert(store, rf_cert_x509(signer)) == 1) {
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
        return store;
    }
    X509_STORE_free(store);
    X509_STORE_up_ref(a->store);
    return a->store;
}

/* One pass of OpenSSL: the path, or with `look` the lists for the path that was found good. */
static enum rf_err verify(struct check *k, X509_STORE_CTX *ctx, struct revocation_look *look,
                          struct rf_why *why)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)k->policy->now_s);
    X509_VERIFY_PARAM_set_depth(param, 8);
    X509_VERIFY_PARAM_set_auth_level(param, 0); /* floors are ours */
    X509_STORE_CTX_set_verify_cb(ctx, on_complaint);
    (void)X509_STORE_CTX_set_app_data(ctx, look);
    if (look != NULL)
        revocation_prepare(look, ctx);
    if (X509_verify_cert(ctx) != 1)
        return refuse_path(ctx, k->anchors, k->leaf, why);
    return look != NULL ? check_revocation(k, ctx, why) : check_chain(k, ctx, why);
}

static enum rf_err run_pass(struct check *k, STACK_OF(X509) * untrusted,
                            struct revocation_look *look, struct rf_why *why)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_STORE *store = store_for(k);
    enum rf_err err = RF_OK;
    if (ctx == NULL || X509_STORE_CTX_init(ctx, store, rf_cert_x509(k->leaf), untrusted) != 1)
        err = rf_why_openssl(why, RF_ERR_CRYPTO, "path-other", "path check");
    else
        err = verify(k, ctx, look, why);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    ERR_clear_error();
    return err;
}

/* Everything but the leaf's own rules. Lists are long, and looked at only for whom an anchor
 * vouches: a stranger does not make us hash them. */
static enum rf_err check_path(struct check *k, STACK_OF(X509) * untrusted, struct rf_why *why)
{
    struct revocation_look look;
    enum rf_err err = run_pass(k, untrusted, NULL, why);
    if (err != RF_OK)
        return err;
    revocation_begin(k->policy->revocation, &look);
    if (look.set != NULL)
        err = run_pass(k, untrusted, &look, why);
    revocation_end(&look);
    return err;
}

static enum rf_err run(struct check *k, struct rf_why *why)
{
    enum rf_err err = check_leaf(k->leaf, why);
    if (err != RF_OK)
        return err;
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    for (size_t i = 0; untrusted != NULL && k->sent != NULL && i < k->sent->n; i++)
        if (sk_X509_push(untrusted, rf_cert_x509(k->sent->cert[i])) == 0)
            break;
    err = untrusted == NULL ? RF_ERR_NOMEM : check_path(k, untrusted, why);
    sk_X509_free(untrusted); /* the certificates stay the list's */
    if (err == RF_OK)
        err = check_key_usage(k->leaf, k->policy->is_lsc_purpose, why);
    return err;
}

enum rf_err rf_path_check(const struct rf_anchors *a, const struct rf_cert *leaf,
                          const struct rf_cert_list *intermediates,
                          const struct rf_path_policy *policy, const struct rf_cert **anchor,
                          struct rf_why *why)
{
    struct check k = {.anchors = a, .leaf = leaf, .sent = intermediates, .policy = policy};
    enum rf_err err = run(&k, why);
    if (err == RF_OK && anchor != NULL)
        *anchor = k.anchor;
    return err;
}

/* ---- what was found ---- */

/* What is known of revoked certificates changes at any time, and an excused end is nobody's rule.
 */
static bool may_be_kept(const struct rf_path_policy *policy)
{
    return rf_fault_skips("path.memo-revocation") ||
           (!rf_revocation_is_asked(policy->revocation) && !policy->excuse_expired);
}

enum rf_err rf_path_check_noting(const struct rf_anchors *a, const struct rf_cert *leaf,
                                 const struct rf_cert_list *intermediates,
                                 const struct rf_path_policy *policy, struct rf_path_memo *memo,
                                 struct rf_why *why)
{
    struct check k = {.anchors = a, .leaf = leaf, .sent = intermediates, .policy = policy};
    enum rf_err err = run(&k, why);
    *memo = (struct rf_path_memo){0};
    if (err != RF_OK || !may_be_kept(policy))
        return err;
    *memo = (struct rf_path_memo){.is_good = true,
                                  .allow_sha1 = policy->allow_sha1,
                                  .is_lsc_purpose = policy->is_lsc_purpose,
                                  .rsa_min = policy->rsa_min,
                                  .from_s = k.from_s,
                                  .to_s = k.to_s};
    memcpy(memo->anchors, a->id, sizeof memo->anchors);
    return RF_OK;
}

bool rf_path_memo_holds(const struct rf_path_memo *memo, const struct rf_anchors *a,
                        const struct rf_path_policy *policy)
{
    bool is_same_policy = memo->allow_sha1 == policy->allow_sha1 &&
                          memo->is_lsc_purpose == policy->is_lsc_purpose &&
                          memo->rsa_min == policy->rsa_min;
    bool is_in_time = memo->from_s <= policy->now_s && policy->now_s <= memo->to_s;
    bool has_same_anchors =
        rf_slice_eq(rf_slice_of(memo->anchors, ID_LEN), rf_slice_of(a->id, ID_LEN));
    return memo->is_good && may_be_kept(policy) &&
           (is_same_policy || rf_fault_skips("path.memo-policy")) &&
           (is_in_time || rf_fault_skips("path.memo-time")) &&
           (has_same_anchors || rf_fault_skips("path.memo-anchors"));
}
