/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator brings from outside: manufacturers' roots, firmware. */
#include "service/setup/setup.h"

#include <stdio.h>
#include <string.h>

#include "base/faults.h"
#include "base/file.h"
#include "base/text.h"
#include "trust/path.h"
#include "wire/signedfile/signedfile.h"

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

/* A bare file name, as .loads lists name them. */
static bool is_bare_name(struct rf_slice name)
{
    struct rf_rd rd = rf_rd_of(name);
    uint8_t c = 0;
    if (name.len == 0 || name.len > RF_LOADS_NAME_MAX || rf_slice_starts_with(name, "."))
        return false;
    while (rf_rd_u8(&rd, &c))
        if (c <= ' ' || c > '~' || c == '/' || c == '\\')
            return false;
    return true;
}

enum rf_err rf_setup_image_import(const char *site_dir, struct rf_slice file, bool is_forced,
                                  char name[RF_LOADS_NAME_MAX + 1], struct rf_why *why)
{
    struct rf_signedfile sf;
    char shown[96];
    enum rf_err err = rf_signedfile_decode(file, file.len, &sf, why);
    if (err != RF_OK)
        return err;
    if (!rf_fault_skips("setup.image-kind") &&
        rf_signedfile_kind_of(&sf) != RF_SIGNEDFILE_KIND_IMAGE)
        return rf_why_set(why, RF_ERR_DENIED, "file-kind", "this is a %s, not an image",
                          rf_signedfile_kind_name(rf_signedfile_kind_of(&sf)));
    if ((!rf_fault_skips("setup.image-name") && !is_bare_name(sf.file_name)) ||
        !rf_slice_to_str(sf.file_name, name, RF_LOADS_NAME_MAX + 1))
        return rf_why_set(why, RF_ERR_DENIED, "image-name",
                          "its signed name \"%s\" is no bare file name",
                          rf_escape(sf.file_name, shown, sizeof shown));
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(site_dir, RF_SITE_IMAGES);
    RF_AUTO(rf_freep) char *path = rf_path_join(folder, name);
    RF_AUTO(rf_buf_fini) struct rf_buf old = {0};
    if (!is_forced && rf_file_read(path, file.len, &old, NULL) != RF_ERR_NOT_FOUND) {
        if (rf_slice_eq(rf_buf_slice(&old), file))
            return RF_OK;
        return rf_why_set(why, RF_ERR_EXISTS, "image-exists",
                          "another file named %s is there; --force replaces it", name);
    }
    return rf_file_replace(path, file, RF_FILE_PUBLIC, why);
}
