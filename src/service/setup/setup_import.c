/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator brings from outside: manufacturers' roots, and issuers of other sites. */
#include "service/setup/setup_int.h"

#include <string.h>

#include "base/faults.h"
#include "base/file.h"
#include "base/text.h"
#include "trust/path.h"

static enum rf_err import_root(const char *folder, const struct rf_cert *root, size_t *added,
                               struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(4 * RF_CERT_DER_MAX);
    RF_AUTO(rf_freep) char *name = rf_strf("%s.pem", rf_cert_fingerprint(root));
    RF_AUTO(rf_freep) char *path = rf_path_join(folder, name);
    if (rf_file_exists(path))
        return RF_OK;
    if (rf_cert_to_pem(root, &pem) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "cert-size", "%s: too long", rf_cert_subject(root));
    enum rf_err err = rf_file_replace(path, rf_buf_slice(&pem), RF_FILE_PUBLIC, why);
    if (err == RF_OK && added != NULL)
        (*added)++;
    return err;
}

/* What a server holds at CAPF, where it holds all of them: app/ringfenced/serve_capf.c. */
static enum rf_err add_held(struct rf_anchors *anchors, const char *site_dir, struct rf_why *why)
{
    static const enum rf_site_item folders[] = {RF_SITE_MIC_ROOTS, RF_SITE_LSC_ISSUERS,
                                                RF_SITE_LSC_CAS};
    RF_AUTO(rf_freep) char *path = rf_site_path_in(site_dir, RF_SITE_CERT_LSC_ISSUER);
    RF_AUTO(rf_cert_freep) struct rf_cert *own = NULL;
    enum rf_err err = RF_OK;
    if (rf_file_exists(path)) { /* a branch issues nothing */
        err = rf_cert_from_pem_file(path, &own, why);
        if (err == RF_OK)
            err = rf_anchors_add(anchors, own, why);
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders && err == RF_OK; i++) {
        RF_AUTO(rf_freep) char *folder = rf_site_path_in(site_dir, folders[i]);
        err = rf_anchors_add_dir(anchors, folder, why);
    }
    return err;
}

/* The anchors judge them, beside those that are there. */
static enum rf_err have_room(const char *site_dir, struct rf_cert *const certs[], size_t n,
                             struct rf_why *why)
{
    RF_AUTO(rf_anchors_freep) struct rf_anchors *anchors = rf_anchors_new(RF_PURPOSE_CAPF);
    struct rf_why inner = {0};
    enum rf_err err = add_held(anchors, site_dir, &inner);
    for (size_t i = 0; i < n && err == RF_OK; i++)
        err = rf_anchors_add(anchors, certs[i], &inner);
    return err == RF_OK ? RF_OK : rf_site_explain_anchors(err, &inner, why);
}

enum rf_err setup_import_has_room(const char *site_dir, struct rf_cert *issuer, struct rf_why *why)
{
    return have_room(site_dir, &issuer, 1, why);
}

enum rf_err setup_import_all(const char *site_dir, enum rf_site_item item,
                             const struct rf_cert_list *certs, size_t *added, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(site_dir, item);
    enum rf_err err = have_room(site_dir, certs->cert, certs->n, why);
    if (err == RF_OK)
        err = rf_dir_make(folder, 0755, why);
    for (size_t i = 0; i < certs->n && err == RF_OK; i++)
        err = import_root(folder, certs->cert[i], added, why);
    return err;
}

enum rf_err rf_setup_mic_import(const char *site_dir, const struct rf_cert_list *roots,
                                size_t *added, struct rf_why *why)
{
    return setup_import_all(site_dir, RF_SITE_MIC_ROOTS, roots, added, why);
}

/* ---- issuers of other sites ---- */

/* What our own issuer makes has to be in the database; another key under its name would be taken
 * for it, and every certificate of the other site refused. */
static enum rf_err check_not_ours(const char *site_dir, const struct rf_cert *issuer,
                                  struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(site_dir, RF_SITE_CERT_LSC_ISSUER);
    RF_AUTO(rf_cert_freep) struct rf_cert *own = NULL;
    enum rf_err err = rf_cert_from_pem_file(path, &own, why);
    if (err == RF_OK && !rf_fault_skips("setup.issuer-own") &&
        rf_slice_eq(rf_cert_subject_der(own), rf_cert_subject_der(issuer)))
        return rf_why_set(
            why, RF_ERR_DENIED, "issuer-own",
            "%s has the name of this site's own issuer: a site that takes over phones "
            "of another has another name (`name` of ringfence.conf)",
            rf_cert_subject(issuer));
    return err;
}

enum rf_err rf_setup_issuer_import(const char *site_dir, const struct rf_cert_list *issuers,
                                   size_t *added, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < issuers->n && err == RF_OK; i++)
        err = check_not_ours(site_dir, issuers->cert[i], why);
    return err == RF_OK ? setup_import_all(site_dir, RF_SITE_LSC_ISSUERS, issuers, added, why)
                        : err;
}

static enum rf_err take_issuer(void *arg, struct rf_cert *cert, struct rf_why *why)
{
    struct rf_setup_issuers *out = arg;
    if (out->n == RF_SETUP_ISSUERS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "issuer-count", "more than %d former issuers",
                          RF_SETUP_ISSUERS_MAX);
    out->cert[out->n++] = rf_cert_ref(cert);
    return RF_OK;
}

enum rf_err setup_certs_list(const char *site_dir, enum rf_site_item item,
                             struct rf_setup_issuers *out, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(site_dir, item);
    *out = (struct rf_setup_issuers){.n = 0};
    return rf_certs_each_in_dir(folder, take_issuer, out, why);
}

enum rf_err rf_setup_issuers_list(const char *site_dir, struct rf_setup_issuers *out,
                                  struct rf_why *why)
{
    return setup_certs_list(site_dir, RF_SITE_LSC_ISSUERS, out, why);
}

void rf_setup_issuers_fini(struct rf_setup_issuers *issuers)
{
    for (size_t i = 0; i < issuers->n; i++)
        rf_cert_unref(issuers->cert[i]);
    issuers->n = 0;
}

enum rf_err setup_cert_remove(const char *site_dir, enum rf_site_item item, const char *fingerprint,
                              const char *who_shows, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(site_dir, item);
    RF_AUTO(rf_setup_issuers_fini) struct rf_setup_issuers issuers = {.n = 0};
    enum rf_err err = setup_certs_list(site_dir, item, &issuers, why);
    for (size_t i = 0; i < issuers.n && err == RF_OK; i++) {
        if (strcmp(rf_cert_fingerprint(issuers.cert[i]), fingerprint) != 0)
            continue;
        RF_AUTO(rf_freep) char *path = rf_strf("%s/%s.pem", folder, fingerprint);
        return rf_file_remove(path, why);
    }
    if (err != RF_OK)
        return err;
    return rf_why_set(why, RF_ERR_NOT_FOUND, "issuer-unknown", "no such issuer: %s", who_shows);
}

enum rf_err rf_setup_issuer_remove(const char *site_dir, const char *fingerprint,
                                   struct rf_why *why)
{
    return setup_cert_remove(site_dir, RF_SITE_LSC_ISSUERS, fingerprint,
                             "`ringfence lsc issuers` shows those that are believed", why);
}
