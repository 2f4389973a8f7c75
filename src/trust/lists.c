/* SPDX-License-Identifier: Apache-2.0 */
/* Trust lists: opening one, its own signature, and whether it may replace what is installed.
 * doc: docs/wire/trust-lists.md, "Which list a phone takes" */
#include "trust/lists.h"

#include <string.h>

#include "base/faults.h"
#include "base/text.h"
#include "trust/lists_int.h"

const char *rf_list_kind_file(enum rf_list_kind kind)
{
    return kind == RF_LIST_CTL ? "CTLFile.tlv" : "ITLFile.tlv";
}

const char *rf_list_kind_name(enum rf_list_kind kind)
{
    return kind == RF_LIST_CTL ? "CTL" : "ITL";
}

/* Serial number and key that a record gives beside its certificate must be those of the
 * certificate. Its texts are not compared: real servers write one name in several orders and
 * spellings. A text only finds a record; it is the certificate's key that decides. */
static enum rf_err check_record(const struct rf_trustlist_record *r, const struct rf_cert *c,
                                size_t number, struct rf_why *why)
{
    const char *differs = NULL;
    if (!rf_slice_eq(r->serial, rf_cert_serial(c)))
        differs = "serial number";
    else if (r->public_key.p != NULL && !rf_slice_eq(r->public_key, rf_cert_public_key(c)))
        differs = "key";
    if (!rf_fault_skips("list.record-cert") && differs != NULL)
        return rf_why_set(why, RF_ERR_BAD, "record-cert-mismatch",
                          "record %zu: its %s is not that of its certificate %s (%s)", number,
                          differs, rf_cert_subject(c), rf_cert_short(c));
    return RF_OK;
}

static enum rf_err parse_certs(struct rf_list *l, struct rf_why *why)
{
    for (size_t i = 0; i < l->content.record_n; i++) {
        const struct rf_trustlist_record *r = &l->content.record[i];
        if (r->certificate.len == 0)
            continue;
        enum rf_err err = rf_cert_from_der(r->certificate, &l->cert[i], why);
        if (err == RF_OK)
            err = check_record(r, l->cert[i], i + 1, why);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

enum rf_err rf_list_open(struct rf_slice bytes, struct rf_list **out, struct rf_why *why)
{
    uint8_t md[RF_DIGEST_MAX];
    RF_AUTO(rf_list_freep) struct rf_list *l = rf_new(struct rf_list);
    atomic_init(&l->refs, 1);
    l->bytes = rf_try_alloc(bytes.len, RF_TRUSTLIST_BYTES_MAX);
    if (l->bytes == NULL)
        return rf_why_set(why, RF_ERR_LIMIT, "list-size", "a list of %zu bytes, at most %d",
                          bytes.len, RF_TRUSTLIST_BYTES_MAX);
    if (bytes.len != 0)
        memcpy(l->bytes, bytes.p, bytes.len);
    l->len = bytes.len;
    enum rf_err err = rf_trustlist_decode(rf_list_bytes(l), &l->content, why);
    if (err == RF_OK)
        err = parse_certs(l, why);
    if (err != RF_OK)
        return err;
    size_t n = rf_digest_of(RF_DIGEST_SHA256, rf_list_bytes(l), md);
    rf_hex(rf_slice_of(md, n), l->fingerprint, sizeof(l->fingerprint));
    *out = rf_steal(&l);
    return RF_OK;
}

struct rf_list *rf_list_ref(struct rf_list *l)
{
    atomic_fetch_add(&l->refs, 1);
    return l;
}

void rf_list_unref(struct rf_list *l)
{
    if (l == NULL || atomic_fetch_sub(&l->refs, 1) != 1)
        return;
    for (size_t i = 0; i < RF_TRUSTLIST_RECORDS_MAX; i++)
        rf_cert_unref(l->cert[i]);
    rf_free(l->bytes);
    rf_free(l);
}

void rf_list_freep(struct rf_list **l)
{
    rf_list_unref(*l);
    *l = NULL;
}

struct rf_slice rf_list_bytes(const struct rf_list *l)
{
    return rf_slice_of(l->bytes, l->len);
}

const struct rf_trustlist *rf_list_content(const struct rf_list *l)
{
    return &l->content;
}

size_t rf_list_n(const struct rf_list *l)
{
    return l->content.record_n;
}

uint16_t rf_list_role(const struct rf_list *l, size_t i)
{
    rf_bug_on(i >= l->content.record_n);
    return l->content.record[i].role;
}

const struct rf_cert *rf_list_cert(const struct rf_list *l, size_t i)
{
    rf_bug_on(i >= l->content.record_n);
    return l->cert[i];
}

const char *rf_list_fingerprint(const struct rf_list *l)
{
    return l->fingerprint;
}

bool rf_list_is_11(const struct rf_list *l)
{
    const struct rf_signedfile *h = &l->content.header;
    return h->has_signer_version &&
           (h->signer_major > 1 || (h->signer_major == 1 && h->signer_minor >= 1));
}

const struct rf_cert *rf_list_own_signer(const struct rf_list *l)
{
    const struct rf_signedfile *h = &l->content.header;
    bool is_known = false;
    return rf_list_find(l, h->issuer, h->serial, RF_TRUSTLIST_ROLE_SAST, &is_known);
}

/* Serial and issuer of the signer for a message: the administrator looks for that certificate. */
static enum rf_err refuse_signer(const struct rf_list *l, enum rf_list_kind kind, const char *code,
                                 const char *what, struct rf_why *why)
{
    char serial[48], issuer[112];
    const struct rf_signedfile *h = &l->content.header;
    return rf_why_set(why, RF_ERR_DENIED, code, "%s signed by serial %s of \"%s\": %s",
                      rf_list_kind_name(kind), rf_hex(h->serial, serial, sizeof(serial)),
                      rf_escape(h->issuer, issuer, sizeof(issuer)), what);
}

static enum rf_err check_name(const struct rf_list *l, enum rf_list_kind kind, struct rf_why *why)
{
    char got[96];
    struct rf_slice name = l->content.header.file_name;
    if (!rf_fault_skips("list.name") && !rf_slice_eq_str(name, rf_list_kind_file(kind)))
        return rf_why_set(why, RF_ERR_DENIED, "file-name",
                          "the signed name is \"%s\", but %s is wanted",
                          rf_escape(name, got, sizeof(got)), rf_list_kind_file(kind));
    return RF_OK;
}

/* The signature, with a certificate that somebody vouches for. SHA-1 is taken: the lists of real
 * servers have it, and what it signs was chosen by the holder of the key. */
static enum rf_err check_signature(const struct rf_list *l, const struct rf_cert *signer,
                                   const struct rf_list_policy *policy, const struct rf_list *old,
                                   bool *is_rollback, struct rf_why *why)
{
    struct rf_sigfile_info info;
    struct rf_sigfile_policy p = {
        .has_now = policy->has_now,
        .now_s = policy->now_s,
        .allow_sha1 = true,
        .rollback = policy->rollback,
    };
    if (old != NULL && old->content.header.has_timestamp) {
        p.has_previous = true;
        p.previous_timestamp = old->content.header.timestamp;
    }
    enum rf_err err = rf_sigfile_verify(rf_list_bytes(l), signer, &p, &info, why);
    *is_rollback = info.is_rollback;
    return err;
}

enum rf_err rf_list_verify_own(const struct rf_list *l, enum rf_list_kind kind,
                               const struct rf_list_policy *policy, struct rf_why *why)
{
    bool is_rollback = false;
    enum rf_err err = check_name(l, kind, why);
    if (err != RF_OK)
        return err;
    const struct rf_cert *own = rf_list_own_signer(l);
    if (own == NULL && rf_fault_skips("list.own-signer"))
        own = rf_list_find_any(l, l->content.header.issuer, l->content.header.serial);
    if (own == NULL)
        return refuse_signer(l, kind, "list-signer-not-own",
                             "no SAST record of the list itself is that certificate", why);
    return check_signature(l, own, policy, NULL, &is_rollback, why);
}

static struct rf_list **place(struct rf_lists *lists, enum rf_list_kind kind)
{
    return kind == RF_LIST_CTL ? &lists->ctl : &lists->itl;
}

void rf_lists_fini(struct rf_lists *lists)
{
    rf_list_freep(&lists->ctl);
    rf_list_freep(&lists->itl);
}

void rf_lists_install(struct rf_lists *lists, enum rf_list_kind kind, struct rf_list *l)
{
    struct rf_list **at = place(lists, kind);
    struct rf_list *old = *at;
    *at = l != NULL ? rf_list_ref(l) : NULL;
    rf_list_unref(old);
}

/* An ITL that names nobody who signs files or answers for certificates: what a server hands out
 * before its phones move away. It vouches for nothing. */
static bool is_empty_itl(const struct rf_list *l)
{
    for (size_t i = 0; i < rf_list_n(l); i++) {
        uint16_t role = rf_list_role(l, i);
        if (rf_list_names_cert(l, i) &&
            (rf_role_fits(role, RF_TRUSTLIST_ROLE_TFTP) || role == RF_TRUSTLIST_ROLE_TVS))
            return false;
    }
    return true;
}

bool rf_lists_is_empty(const struct rf_lists *lists)
{
    return lists->ctl == NULL && (lists->itl == NULL || is_empty_itl(lists->itl));
}

enum rf_err rf_lists_load(struct rf_lists *lists, enum rf_list_kind kind, struct rf_slice bytes,
                          struct rf_why *why)
{
    const struct rf_list_policy policy = {.rollback = RF_ROLLBACK_OFF};
    const struct rf_list *other = kind == RF_LIST_CTL ? lists->itl : lists->ctl;
    RF_AUTO(rf_list_freep) struct rf_list *l = NULL;
    bool is_known = false, is_rollback = false;
    enum rf_err err = rf_list_open(bytes, &l, why);
    if (err != RF_OK)
        return err;
    const struct rf_signedfile *h = &l->content.header;
    const struct rf_cert *signer =
        other != NULL ? rf_list_find(other, h->issuer, h->serial, RF_TRUSTLIST_ROLE_SAST, &is_known)
                      : NULL;
    if (rf_list_own_signer(l) == NULL && signer != NULL) {
        err = check_name(l, kind, why);
        if (err == RF_OK)
            err = check_signature(l, signer, &policy, NULL, &is_rollback, why);
    } else {
        err = rf_list_verify_own(l, kind, &policy, why);
    }
    if (err == RF_OK)
        rf_lists_install(lists, kind, l);
    return err;
}

void rf_list_verdict_fini(struct rf_list_verdict *v)
{
    rf_list_unref(v->list);
    *v = (struct rf_list_verdict){0};
}

/* Who of the installed lists vouches for the signer: the CTL is asked first. */
static enum rf_err find_voucher(const struct rf_lists *installed, const struct rf_list *l,
                                enum rf_list_kind kind, enum rf_list_kind *by,
                                const struct rf_cert **out, struct rf_why *why)
{
    const struct rf_signedfile *h = &l->content.header;
    bool is_known = false;
    for (int k = RF_LIST_CTL; k <= RF_LIST_ITL; k++) {
        const struct rf_list *have = k == RF_LIST_CTL ? installed->ctl : installed->itl;
        *by = (enum rf_list_kind)k;
        *out = have == NULL
                   ? NULL
                   : rf_list_find(have, h->issuer, h->serial, RF_TRUSTLIST_ROLE_SAST, &is_known);
        if (*out != NULL)
            return RF_OK;
    }
    if (!rf_fault_skips("list.signer-role") && is_known)
        return refuse_signer(l, kind, "list-signer-role",
                             "the installed lists know it, but not as SAST", why);
    if (!rf_fault_skips("list.signer-known") && !is_known)
        return refuse_signer(l, kind, "list-signer-unknown",
                             "no SAST of the installed lists; if this is your new server, have its "
                             "list signed by a SAST the phone knows, or erase the phone's lists",
                             why);
    *out = rf_list_own_signer(l);
    return RF_OK;
}

/* TVS vouches for one certificate, not for its name: it must be the list's own. */
static bool is_vouched(const struct rf_list_policy *policy, const struct rf_cert *own)
{
    return policy->vouched != NULL && own != NULL &&
           (rf_fault_skips("list.vouched") || rf_cert_eq(policy->vouched, own));
}

static enum rf_err check_update(const struct rf_lists *installed, enum rf_list_kind kind,
                                struct rf_list *l, const struct rf_list_policy *policy,
                                struct rf_list_verdict *v, struct rf_why *why)
{
    const struct rf_list *old = kind == RF_LIST_CTL ? installed->ctl : installed->itl;
    const struct rf_cert *signer = NULL, *own = rf_list_own_signer(l);
    struct rf_why unknown = {0};
    enum rf_err err = rf_list_verify_own(l, kind, policy, why);
    if (err != RF_OK)
        return err;
    err = find_voucher(installed, l, kind, &v->by_kind, &signer, &unknown);
    if (err != RF_OK && !is_vouched(policy, own))
        return rf_why_set(why, err, unknown.code, "%s", unknown.text);
    if (err != RF_OK) {
        v->action = RF_LIST_VOUCHED;
        signer = own;
        if (old == NULL || rf_list_own_signer(old) == NULL ||
            !rf_cert_eq(rf_list_own_signer(old), own))
            old = NULL;
    }
    /* With the certificate that is installed: the new list may bring another of the same name. */
    err = check_signature(l, signer, policy, old, &v->is_rollback, why);
    if (err == RF_OK)
        memcpy(v->signer, rf_cert_fingerprint(signer), sizeof(v->signer));
    return err;
}

enum rf_err rf_lists_consider(const struct rf_lists *installed, enum rf_list_kind kind,
                              struct rf_slice bytes, const struct rf_list_policy *policy,
                              struct rf_list_verdict *out, struct rf_why *why)
{
    RF_AUTO(rf_list_freep) struct rf_list *l = NULL;
    struct rf_list_verdict v = {.action = RF_LIST_UPDATE, .by_kind = kind};
    const struct rf_list *old = kind == RF_LIST_CTL ? installed->ctl : installed->itl;
    *out = (struct rf_list_verdict){0};
    enum rf_err err = rf_list_open(bytes, &l, why);
    if (err != RF_OK)
        return err;
    if (old != NULL && rf_slice_eq(rf_list_bytes(old), bytes))
        v.action = RF_LIST_SAME;
    else if (rf_lists_is_empty(installed))
        v.action = RF_LIST_FIRST_TRUST;
    if (v.action == RF_LIST_FIRST_TRUST)
        err = rf_list_verify_own(l, kind, policy, why);
    else if (v.action == RF_LIST_UPDATE)
        err = check_update(installed, kind, l, policy, &v, why);
    if (err != RF_OK)
        return err;
    const struct rf_cert *own = rf_list_own_signer(l);
    if (v.signer[0] == '\0' && own != NULL)
        memcpy(v.signer, rf_cert_fingerprint(own), sizeof(v.signer));
    v.list = rf_steal(&l);
    *out = v;
    return RF_OK;
}
