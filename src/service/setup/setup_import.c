/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator brings from outside: manufacturers' roots. */
#include "service/setup/setup.h"

#include "base/file.h"
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

enum rf_err rf_setup_mic_import(const char *site_dir, const struct rf_cert_list *roots,
                                size_t *added, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(site_dir, RF_SITE_MIC_ROOTS);
    RF_AUTO(rf_anchors_freep) struct rf_anchors *anchors = rf_anchors_new(RF_PURPOSE_CAPF);
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < roots->n && err == RF_OK; i++)
        err = rf_anchors_add(anchors, roots->cert[i], why);
    if (err == RF_OK)
        err = rf_dir_make(folder, 0755, why);
    for (size_t i = 0; i < roots->n && err == RF_OK; i++)
        err = import_root(folder, roots->cert[i], added, why);
    return err;
}
