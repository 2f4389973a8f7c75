/* SPDX-License-Identifier: Apache-2.0 */
#include "service/setup/issuers.h"

#include <string.h>

#include "base/faults.h"
#include "base/file.h"
#include "base/text.h"
#include "service/setup/setup_int.h"
#include "trust/csr.h"
#include "trust/path.h"

/* ---- under another root ---- */

enum rf_err rf_setup_issuer_request(const char *site_dir, struct rf_buf *pem, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *key_path = rf_site_path_in(site_dir, RF_SITE_KEY_LSC_ISSUER);
    RF_AUTO(rf_freep) char *cert_path = rf_site_path_in(site_dir, RF_SITE_CERT_LSC_ISSUER);
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    enum rf_err err = rf_key_load(key_path, NULL, &key, why);
    if (err == RF_OK)
        err = rf_cert_from_pem_file(cert_path, &cert, why);
    if (err != RF_OK)
        return err;
    RF_AUTO(rf_vault_freep) struct rf_vault_key *vault = rf_vault_key_from_key(key);
    return rf_csr_make(vault, rf_cert_subject_der(cert), pem, why);
}

/* The certificate, and behind it those above it, as a server of RADIUS or TLS wants them. */
#define CHAIN_PEM_MAX ((size_t)4 * RF_CERT_DER_MAX * (RF_CERT_LIST_MAX + 1))

static enum rf_err chain_to_pem(const struct rf_cert_list *certs, const struct rf_cert *root,
                                struct rf_buf *pem, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    bool has_root = false;
    for (size_t i = 0; i < certs->n && err == RF_OK; i++) {
        has_root |= rf_cert_eq(certs->cert[i], root);
        err = rf_cert_to_pem(certs->cert[i], pem);
    }
    if (err == RF_OK && !has_root)
        err = rf_cert_to_pem(root, pem);
    return err == RF_OK ? RF_OK
                        : rf_why_set(why, RF_ERR_LIMIT, "cert-size", "%s: its chain is too long",
                                     rf_cert_subject(certs->cert[0]));
}

enum rf_err rf_setup_issuer_install(const struct rf_setup_run *run,
                                    const struct rf_cert_list *certs, const struct rf_cert *root,
                                    bool *is_rotation, struct rf_setup_rotation *out,
                                    struct rf_why *why)
{
    RF_AUTO(rf_freep) char *key_path = rf_site_path_in(run->dir, RF_SITE_KEY_LSC_ISSUER);
    RF_AUTO(rf_freep) char *cert_path = rf_site_path_in(run->dir, RF_SITE_CERT_LSC_ISSUER);
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(CHAIN_PEM_MAX);
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *now = NULL;
    struct rf_cert *cert = certs->cert[0];
    enum rf_err err = rf_key_load(key_path, NULL, &key, why);
    if (err == RF_OK)
        err = rf_cert_from_pem_file(cert_path, &now, why);
    if (err == RF_OK)
        err = rf_issuer_check(cert, rf_key_spki(key), certs, root, run->now_s, why);
    if (err == RF_OK && rf_cert_eq(cert, now))
        err = rf_why_set(why, RF_ERR_EXISTS, "issuer-same", "%s (%s) is in use already",
                         rf_cert_subject(cert), rf_cert_short(cert));
    if (err == RF_OK)
        err = chain_to_pem(certs, root, &pem, why);
    if (err == RF_OK)
        err = setup_rotation_clear(run, RF_SETUP_LSC_ISSUER, out, why);
    if (err != RF_OK)
        return err;
    /* One name, one key: what was issued leads to the new certificate as to the old one. */
    *is_rotation = !rf_slice_eq(rf_cert_subject_der(cert), rf_cert_subject_der(now));
    if (!*is_rotation)
        return rf_file_replace(cert_path, rf_buf_slice(&pem), RF_FILE_PUBLIC, why);
    return setup_rotation_issuer(run, key, cert, rf_buf_slice(&pem), out, why);
}

/* ---- other CAs ---- */

static enum rf_err check_ca(const char *site_dir, const struct rf_cert *ca, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(site_dir, RF_SITE_CERT_LSC_ISSUER);
    RF_AUTO(rf_freep) char *former = rf_site_path_in(site_dir, RF_SITE_LSC_ISSUERS);
    RF_AUTO(rf_anchors_freep) struct rf_anchors *others = rf_anchors_new(RF_PURPOSE_SIGNALLING);
    RF_AUTO(rf_cert_freep) struct rf_cert *own = NULL;
    enum rf_err err = rf_cert_from_pem_file(path, &own, why);
    if (err == RF_OK)
        err = rf_anchors_add_dir(others, former, why);
    if (err == RF_OK && !rf_fault_skips("setup.ca-own") &&
        rf_slice_eq(rf_cert_subject_der(own), rf_cert_subject_der(ca)))
        return rf_why_set(why, RF_ERR_DENIED, "issuer-own",
                          "%s has the name of this site's own issuer", rf_cert_subject(ca));
    if (err == RF_OK && !rf_fault_skips("setup.ca-other") &&
        rf_anchors_have_name(others, rf_cert_subject_der(ca)))
        return rf_why_set(why, RF_ERR_DENIED, "issuer-other",
                          "%s is believed as the issuer of another site, whose certificates need "
                          "not be known here: `ringfence lsc forget` it first",
                          rf_cert_subject(ca));
    return err;
}

enum rf_err rf_setup_ca_import(const char *site_dir, const struct rf_cert_list *cas, size_t *added,
                               struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < cas->n && err == RF_OK; i++)
        err = check_ca(site_dir, cas->cert[i], why);
    return err == RF_OK ? setup_import_all(site_dir, RF_SITE_LSC_CAS, cas, added, why) : err;
}

enum rf_err rf_setup_ca_list(const char *site_dir, struct rf_setup_issuers *out, struct rf_why *why)
{
    return setup_certs_list(site_dir, RF_SITE_LSC_CAS, out, why);
}

enum rf_err rf_setup_ca_remove(const char *site_dir, const char *fingerprint, struct rf_why *why)
{
    return setup_cert_remove(site_dir, RF_SITE_LSC_CAS, fingerprint,
                             "`ringfence issuer show` shows those that may issue", why);
}
