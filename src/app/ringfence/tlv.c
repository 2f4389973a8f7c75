/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands on trust lists share. */
#include "app/ringfence/container.h"

#include <arpa/inet.h>

enum rf_err tlv_open(const char *path, struct rf_list **out, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    enum rf_err err = cmd_read(path, RF_TRUSTLIST_BYTES_MAX, &bytes, why);
    return err != RF_OK ? err : rf_list_open(rf_buf_slice(&bytes), out, why);
}

/* Files and lists find their signer by the record's own text, which need not be the way in which
 * the certificate's name is shown. */
static void set_spelling(struct rf_json *j, const struct rf_trustlist_record *r,
                         const struct rf_cert *cert)
{
    if (r->subject.len > 0 && !rf_slice_eq_str(r->subject, rf_cert_subject(cert)))
        rf_json_set_slice(j, "record_subject", r->subject);
    if (!rf_slice_eq_str(r->issuer, rf_cert_issuer(cert)))
        rf_json_set_slice(j, "record_issuer", r->issuer);
}

/* Only what is there: a record need not name anybody. */
static void set_named(struct rf_json *j, const struct rf_trustlist_record *r)
{
    if (r->subject.len > 0)
        rf_json_set_slice(j, "subject", r->subject);
    if (r->issuer.len > 0)
        rf_json_set_slice(j, "issuer", r->issuer);
    if (r->serial.len > 0)
        rf_json_set_hex(j, "serial", r->serial);
    if (r->hash.len > 0)
        rf_json_set_hex(j, "certificate_hash", r->hash);
}

struct rf_json *tlv_record(const struct rf_list *list, size_t i)
{
    char role[16], ip[INET6_ADDRSTRLEN];
    const struct rf_trustlist_record *r = &rf_list_content(list)->record[i];
    const struct rf_cert *cert = rf_list_cert(list, i);
    struct rf_json *j = cert != NULL ? container_cert(cert) : rf_json_obj();
    rf_json_set_str(j, "role", rf_trustlist_role_text(r->role, role, sizeof role));
    if (r->dns.len > 0)
        rf_json_set_slice(j, "dns", r->dns);
    if (r->ip.len > 0)
        rf_json_set_str(j, "ip",
                        inet_ntop(r->ip.len == 4 ? AF_INET : AF_INET6, r->ip.p, ip, sizeof ip));
    if (cert != NULL)
        set_spelling(j, r, cert);
    else
        set_named(j, r);
    return j;
}

enum rf_list_kind tlv_kind(const struct rf_list *list)
{
    struct rf_slice name = rf_list_content(list)->header.file_name;
    return rf_slice_eq_str(name, rf_list_kind_file(RF_LIST_CTL)) ? RF_LIST_CTL : RF_LIST_ITL;
}

enum rf_err tlv_against(const struct rf_list *list, struct rf_list *old,
                        const struct rf_list_policy *policy, struct rf_json *j, struct rf_why *why)
{
    static const char *const words[] = {
        [RF_LIST_FIRST_TRUST] = "first trust",
        [RF_LIST_SAME] = "the same list",
        [RF_LIST_UPDATE] = "signed by a SAST of the installed list",
    };
    RF_AUTO(rf_lists_fini) struct rf_lists installed = {0};
    RF_AUTO(rf_list_verdict_fini) struct rf_list_verdict verdict = {0};
    rf_lists_install(&installed, tlv_kind(old), old);
    enum rf_err err =
        rf_lists_consider(&installed, tlv_kind(list), rf_list_bytes(list), policy, &verdict, why);
    if (err != RF_OK)
        return err;
    rf_json_set_str(j, "trust", words[verdict.action]);
    rf_json_set_bool(j, "older_than_installed", verdict.is_rollback);
    return RF_OK;
}
