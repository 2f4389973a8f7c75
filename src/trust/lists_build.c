/* SPDX-License-Identifier: Apache-2.0 */
/* The builder: the rules that keep phones from a list they would refuse, or could never leave.
 * doc: docs/wire/trust-lists.md, "What a builder writes" */
#include "base/faults.h"
#include "trust/lists.h"
#include "trust/sigfile_int.h"

/* Phones are documented to take two SAST records; some lists have more, which phones refuse is not
 * known. */
#define SAST_MAX 2

static enum rf_err check_ec(const struct rf_list_spec *spec, const struct rf_list_entry *e,
                            struct rf_why *why)
{
    bool is_tftp = e->role == RF_TRUSTLIST_ROLE_TFTP || e->role == RF_TRUSTLIST_ROLE_CCM_TFTP;
    if (!rf_fault_skips("list.ec-needs-11") && is_tftp && !spec->is_11 &&
        rf_cert_key_type(e->cert) == RF_KEY_EC)
        return rf_why_set(why, RF_ERR_DENIED, "list-ec-needs-11",
                          "%s (%s) has an EC key: under a TFTP role phones expect that only in "
                          "lists of signer version 1.1",
                          rf_cert_subject(e->cert), rf_cert_short(e->cert));
    return RF_OK;
}

/* The same certificate twice under one role; or two of one issuer and serial, between which no
 * phone could choose. */
static enum rf_err check_twice(const struct rf_list_entry *a, const struct rf_list_entry *b,
                               struct rf_why *why)
{
    bool is_same_id =
        rf_cert_is(a->cert, rf_slice_str(rf_cert_issuer(b->cert)), rf_cert_serial(b->cert));
    bool is_same = rf_cert_eq(a->cert, b->cert);
    if (!rf_fault_skips("list.entry-twice") && is_same && a->role == b->role)
        return rf_why_set(why, RF_ERR_DENIED, "list-entry-twice",
                          "%s (%s) is there twice with one role", rf_cert_subject(a->cert),
                          rf_cert_short(a->cert));
    if (!rf_fault_skips("list.entry-twice") && !is_same && is_same_id)
        return rf_why_set(why, RF_ERR_DENIED, "list-entry-twice",
                          "%s (%s) and (%s) have one issuer and serial number; issue one anew",
                          rf_cert_subject(a->cert), rf_cert_short(a->cert), rf_cert_short(b->cert));
    return RF_OK;
}

/* A SAST that cannot sign, or that is lost together with the other, is no way out. */
static enum rf_err check_sast(const struct rf_list_entry *e, struct rf_why *why)
{
    unsigned bits = rf_cert_key_bits(e->cert);
    bool is_rsa = rf_cert_key_type(e->cert) == RF_KEY_RSA;
    uint8_t code;
    bool can_sign = is_rsa && bits >= RF_SIGFILE_RSA_MIN && bits % 8 == 0 &&
                    rf_signedfile_modulus_code(bits / 8, &code);
    if (!rf_fault_skips("list.sast-key") && !can_sign)
        return rf_why_set(why, RF_ERR_DENIED, "list-sast-key",
                          "%s (%s) has an %s key of %u bits, which cannot sign a list: a SAST has "
                          "an RSA key of 1024, 2048 or 4096",
                          rf_cert_subject(e->cert), rf_cert_short(e->cert), is_rsa ? "RSA" : "EC",
                          bits);
    return RF_OK;
}

static enum rf_err check_keys(const struct rf_list_entry *a, const struct rf_list_entry *b,
                              struct rf_why *why)
{
    if (a->role != RF_TRUSTLIST_ROLE_SAST || b->role != RF_TRUSTLIST_ROLE_SAST ||
        !rf_slice_eq(rf_cert_public_key(a->cert), rf_cert_public_key(b->cert)) ||
        rf_fault_skips("list.sast-one-key"))
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "list-sast-key",
                      "the SASTs %s (%s) and %s (%s) have one key: who loses it has lost both",
                      rf_cert_subject(a->cert), rf_cert_short(a->cert), rf_cert_subject(b->cert),
                      rf_cert_short(b->cert));
}

static enum rf_err check_pair(const struct rf_list_entry *a, const struct rf_list_entry *b,
                              struct rf_why *why)
{
    enum rf_err err = check_twice(a, b, why);
    return err == RF_OK ? check_keys(a, b, why) : err;
}

static enum rf_err check_entries(const struct rf_list_spec *spec, const struct rf_cert *signer,
                                 struct rf_why *why)
{
    size_t sast_n = 0;
    bool is_own = false;
    for (size_t i = 0; i < spec->n; i++) {
        const struct rf_list_entry *e = &spec->entries[i];
        enum rf_err err = check_ec(spec, e, why);
        if (err == RF_OK && e->role == RF_TRUSTLIST_ROLE_SAST)
            err = check_sast(e, why);
        for (size_t k = 0; err == RF_OK && k < i; k++)
            err = check_pair(&spec->entries[k], e, why);
        if (err != RF_OK)
            return err;
        if (e->role == RF_TRUSTLIST_ROLE_SAST) {
            sast_n++;
            is_own = is_own || rf_cert_eq(e->cert, signer);
        }
    }
    if (!rf_fault_skips("list.sast-count") && sast_n > SAST_MAX)
        return rf_why_set(why, RF_ERR_DENIED, "list-sast-count",
                          "%zu SAST records; phones take at most %d", sast_n, SAST_MAX);
    if (!is_own)
        return rf_why_set(why, RF_ERR_DENIED, "list-signer-not-own",
                          "the signer %s (%s) must be in the list with role SAST",
                          rf_cert_subject(signer), rf_cert_short(signer));
    return RF_OK;
}

static struct rf_trustlist_record record_of(const struct rf_list_entry *e)
{
    return (struct rf_trustlist_record){
        .dns = e->dns != NULL ? rf_slice_str(e->dns) : (struct rf_slice){0},
        .subject = rf_slice_str(rf_cert_subject(e->cert)),
        .role = e->role,
        .issuer = rf_slice_str(rf_cert_issuer(e->cert)),
        .serial = rf_cert_serial(e->cert),
        .public_key = rf_cert_public_key(e->cert),
        .signature = rf_cert_signature(e->cert),
        .certificate = rf_cert_der(e->cert),
    };
}

/* Header and records into `buf`, signed. */
static enum rf_err write_list(const struct rf_list_spec *spec, struct rf_vault_key *key,
                              const struct rf_cert *signer, size_t signature_len, uint8_t *buf,
                              struct rf_slice *whole, struct rf_why *why)
{
    struct rf_trustlist_record records[RF_TRUSTLIST_BUILD_MAX];
    struct rf_signedfile_layout layout;
    for (size_t i = 0; i < spec->n; i++)
        records[i] = record_of(&spec->entries[i]);
    struct rf_signedfile_spec header = rf_sigfile_header_of(signer, spec->digest, signature_len);
    header.file_name = rf_slice_str(rf_list_kind_file(spec->kind));
    header.has_timestamp = true;
    header.timestamp = spec->timestamp;
    header.has_signer_version = true;
    header.signer_major = 1;
    header.signer_minor = spec->is_11 ? 1 : 0;
    enum rf_err err = rf_trustlist_encode(&header, records, spec->n, buf, RF_TRUSTLIST_BYTES_MAX,
                                          &layout, whole, why);
    if (err != RF_OK)
        return err;
    return rf_sigfile_sign_in_place(key, signer, spec->digest, &layout, buf, whole->len, why);
}

/* As a phone without lists would: what it refuses must not be given out. */
static enum rf_err read_back(struct rf_slice whole, const struct rf_list_spec *spec,
                             struct rf_why *why)
{
    const struct rf_list_policy policy = {.rollback = RF_ROLLBACK_OFF};
    RF_AUTO(rf_list_freep) struct rf_list *l = NULL;
    enum rf_err err = rf_list_open(whole, &l, why);
    if (err == RF_OK)
        err = rf_list_verify_own(l, spec->kind, &policy, why);
    return err;
}

enum rf_err rf_list_build(const struct rf_list_spec *spec, struct rf_vault_key *key,
                          const struct rf_cert *signer, struct rf_buf *out, struct rf_why *why)
{
    size_t signature_len;
    struct rf_slice whole;
    if (spec->n > RF_TRUSTLIST_BUILD_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "record-count", "%zu entries, phones take %d", spec->n,
                          RF_TRUSTLIST_BUILD_MAX);
    enum rf_err err = check_entries(spec, signer, why);
    if (err == RF_OK)
        err = rf_sigfile_check_key(key, signer, spec->digest, &signature_len, why);
    if (err != RF_OK)
        return err;
    RF_AUTO(rf_freep) uint8_t *buf = rf_try_alloc(RF_TRUSTLIST_BYTES_MAX, RF_TRUSTLIST_BYTES_MAX);
    if (buf == NULL)
        return rf_why_set(why, RF_ERR_NOMEM, "no-memory", "building a list");
    err = write_list(spec, key, signer, signature_len, buf, &whole, why);
    if (err == RF_OK)
        err = read_back(whole, spec, why);
    if (err != RF_OK)
        return err;
    if (rf_buf_add_slice(out, whole) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "list-size", "the list has %zu bytes", whole.len);
    return RF_OK;
}
