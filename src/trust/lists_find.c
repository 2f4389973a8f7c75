/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the installed lists: who signed a file, is a server known under a role.
 * doc: docs/wire/trust-lists.md, "Roles" */
#include "base/faults.h"
#include "base/text.h"
#include "trust/lists.h"
#include "trust/lists_int.h"

bool rf_role_fits(uint16_t has, uint16_t want)
{
    bool is_half = want == RF_TRUSTLIST_ROLE_CCM || want == RF_TRUSTLIST_ROLE_TFTP;
    return has == want || (is_half && has == RF_TRUSTLIST_ROLE_CCM_TFTP);
}

bool rf_list_names_cert(const struct rf_list *l, size_t i)
{
    return l->cert[i] != NULL || l->content.record[i].hash.len != 0;
}

static bool is_record(const struct rf_list *l, size_t i, struct rf_slice issuer,
                      struct rf_slice serial)
{
    const struct rf_trustlist_record *r = &l->content.record[i];
    return l->cert[i] != NULL && rf_slice_eq(r->issuer, issuer) && rf_slice_eq(r->serial, serial);
}

const struct rf_cert *rf_list_find(const struct rf_list *l, struct rf_slice issuer,
                                   struct rf_slice serial, uint16_t role, bool *is_known)
{
    for (size_t i = 0; i < rf_list_n(l); i++) {
        if (!is_record(l, i, issuer, serial))
            continue;
        *is_known = true;
        if (rf_role_fits(rf_list_role(l, i), role))
            return l->cert[i];
    }
    return NULL;
}

const struct rf_cert *rf_list_find_any(const struct rf_list *l, struct rf_slice issuer,
                                       struct rf_slice serial)
{
    for (size_t i = 0; i < rf_list_n(l); i++)
        if (is_record(l, i, issuer, serial))
            return l->cert[i];
    return NULL;
}

/* CTL, then ITL; one that is not installed is passed over. */
static const struct rf_list *nth_list(const struct rf_lists *lists, size_t n)
{
    return n == 0 ? lists->ctl : lists->itl;
}
#define LISTS_N 2

enum rf_err rf_lists_find_file_signer(const struct rf_lists *lists, struct rf_slice issuer,
                                      struct rf_slice serial, const struct rf_cert **out,
                                      struct rf_why *why)
{
    char number[48], name[112];
    bool is_known = false;
    *out = NULL;
    for (size_t n = 0; *out == NULL && n < LISTS_N; n++) {
        const struct rf_list *l = nth_list(lists, n);
        if (l != NULL)
            *out = rf_list_find(l, issuer, serial, RF_TRUSTLIST_ROLE_TFTP, &is_known);
        if (l != NULL && *out == NULL && rf_fault_skips("file.signer-role"))
            *out = rf_list_find_any(l, issuer, serial);
    }
    if (*out != NULL)
        return RF_OK;
    (void)rf_hex(serial, number, sizeof(number));
    (void)rf_escape(issuer, name, sizeof(name));
    if (is_known)
        return rf_why_set(why, RF_ERR_DENIED, "signer-role",
                          "signed by serial %s of \"%s\", which the trust lists have, but not "
                          "with role TFTP or CCM+TFTP",
                          number, name);
    return rf_why_set(why, RF_ERR_NOT_FOUND, "signer-unknown",
                      "signed by serial %s of \"%s\", which is in no installed trust list", number,
                      name);
}

enum rf_err rf_lists_verify_file(const struct rf_lists *lists, struct rf_slice file,
                                 const struct rf_sigfile_policy *policy,
                                 struct rf_sigfile_info *out, const struct rf_cert **signer,
                                 struct rf_why *why)
{
    struct rf_signedfile sf;
    const struct rf_cert *by = NULL;
    *out = (struct rf_sigfile_info){0};
    if (signer != NULL)
        *signer = NULL;
    enum rf_err err = rf_signedfile_decode(file, file.len, &sf, why);
    if (err == RF_OK)
        err = rf_lists_find_file_signer(lists, sf.issuer, sf.serial, &by, why);
    if (err == RF_OK)
        err = rf_sigfile_verify(file, by, policy, out, why);
    if (err == RF_OK && signer != NULL)
        *signer = by;
    return err;
}

/* Is the record about this certificate: the same bytes, or, where the list leaves certificates
 * out, the same digest. */
static bool is_about(const struct rf_list *l, size_t i, const struct rf_cert *cert)
{
    uint8_t md[RF_DIGEST_MAX];
    const struct rf_trustlist_record *r = &l->content.record[i];
    enum rf_digest digest = (enum rf_digest)r->hash_algorithm;
    if (l->cert[i] != NULL)
        return rf_cert_eq(l->cert[i], cert);
    if (rf_digest_len(digest) == 0)
        return false;
    size_t n = rf_digest_of(digest, rf_cert_der(cert), md);
    return rf_slice_eq(r->hash, rf_slice_of(md, n));
}

enum rf_err rf_lists_find_server(const struct rf_lists *lists, const struct rf_cert *cert,
                                 uint16_t role, struct rf_why *why)
{
    char wanted[16];
    bool is_known = false;
    for (size_t n = 0; n < LISTS_N; n++) {
        const struct rf_list *l = nth_list(lists, n);
        for (size_t i = 0; l != NULL && i < rf_list_n(l); i++) {
            if (!is_about(l, i, cert))
                continue;
            is_known = true;
            if (rf_role_fits(rf_list_role(l, i), role))
                return RF_OK;
        }
    }
    (void)rf_trustlist_role_text(role, wanted, sizeof(wanted));
    if (!rf_fault_skips("lists.server-role") && is_known)
        return rf_why_set(why, RF_ERR_DENIED, "server-role",
                          "the trust lists have %s (%s), but not with role %s",
                          rf_cert_subject(cert), rf_cert_short(cert), wanted);
    if (!rf_fault_skips("lists.server-known") && !is_known)
        return rf_why_set(why, RF_ERR_DENIED, "server-unknown",
                          "%s (%s) is in no installed trust list (wanted with role %s)",
                          rf_cert_subject(cert), rf_cert_short(cert), wanted);
    return RF_OK;
}

bool rf_lists_wants_signed(const struct rf_lists *lists)
{
    for (size_t n = 0; n < LISTS_N; n++) {
        const struct rf_list *l = nth_list(lists, n);
        for (size_t i = 0; l != NULL && i < rf_list_n(l); i++)
            if (rf_list_names_cert(l, i) &&
                rf_role_fits(rf_list_role(l, i), RF_TRUSTLIST_ROLE_TFTP))
                return true;
    }
    return false;
}

const struct rf_cert *rf_lists_nth(const struct rf_lists *lists, uint16_t role, size_t nth)
{
    for (size_t n = 0; n < LISTS_N; n++) {
        const struct rf_list *l = nth_list(lists, n);
        for (size_t i = 0; l != NULL && i < rf_list_n(l); i++)
            if (l->cert[i] != NULL && rf_role_fits(rf_list_role(l, i), role) && nth-- == 0)
                return l->cert[i];
    }
    return NULL;
}
