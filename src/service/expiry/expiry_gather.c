/* SPDX-License-Identifier: Apache-2.0 */
/* Where the certificates lie that a site relies on. */
#include "service/expiry/expiry_int.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "service/site/site.h"
#include "store/store_srst.h"
#include "trust/cert.h"

#include <stdio.h>
#include <string.h>

static const struct {
    enum rf_expiry_kind kind;
    enum rf_site_item item;
} files[] = {
    {RF_EXPIRY_SAST1, RF_SITE_CERT_SAST1}, {RF_EXPIRY_SAST2, RF_SITE_CERT_SAST2},
    {RF_EXPIRY_CCM, RF_SITE_CERT_CCM},     {RF_EXPIRY_TFTP, RF_SITE_CERT_TFTP},
    {RF_EXPIRY_CAPF, RF_SITE_CERT_CAPF},   {RF_EXPIRY_TVS, RF_SITE_CERT_TVS},
    {RF_EXPIRY_HTTPS, RF_SITE_CERT_HTTPS}, {RF_EXPIRY_LSC_ISSUER, RF_SITE_CERT_LSC_ISSUER},
};
static const struct {
    enum rf_expiry_kind kind;
    enum rf_site_item item;
} folders[] = {
    {RF_EXPIRY_OTHER_ISSUER, RF_SITE_LSC_ISSUERS},
    {RF_EXPIRY_OTHER_ISSUER, RF_SITE_LSC_CAS},
    {RF_EXPIRY_MIC_ROOT, RF_SITE_MIC_ROOTS},
    {RF_EXPIRY_LIST_ENTRY, RF_SITE_LIST_ENTRIES},
};

struct gathering {
    struct rf_expiry_certs found;
    int64_t before_s;
    enum rf_expiry_kind kind; /* of the folder that is read */
    const char *folder;
};

/* The same certificate may lie in several places; the first says what it is. */
static void add_cert(struct gathering *g, enum rf_expiry_kind kind, const struct rf_cert *cert)
{
    struct rf_expiry_cert one = {.kind = kind,
                                 .not_before_s = rf_cert_not_before(cert),
                                 .not_after_s = rf_cert_not_after(cert)};
    struct rf_rd sha = rf_rd_of(rf_cert_sha256(cert));
    rf_bug_on(!rf_rd_copy(&sha, one.sha256, sizeof one.sha256));
    snprintf(one.subject, sizeof one.subject, "%.95s", rf_cert_subject(cert));
    if (one.not_after_s >= g->before_s)
        return;
    for (size_t i = 0; i < g->found.n; i++)
        if (memcmp(g->found.items[i].sha256, one.sha256, sizeof one.sha256) == 0)
            return;
    expiry_add(&g->found, &one);
}

static void add_file(struct gathering *g, enum rf_expiry_kind kind, const char *path)
{
    struct rf_cert_list list = {0};
    struct rf_why why = {0};
    if (!rf_file_exists(path)) /* sites of an older version have fewer */
        return;
    if (rf_certs_from_pem_file(path, &list, &why) != RF_OK)
        rf_warn(RF_CAT_TRUST, "nobody knows when it ends: %s code=%s", why.text, why.code);
    for (size_t i = 0; i < list.n; i++)
        add_cert(g, kind, list.cert[i]);
    rf_cert_list_fini(&list);
}

static enum rf_err add_from_folder(void *arg, const char *name)
{
    struct gathering *g = arg;
    if (!rf_slice_ends_with(rf_slice_str(name), ".pem"))
        return RF_OK;
    RF_AUTO(rf_freep) char *path = rf_path_join(g->folder, name);
    add_file(g, g->kind, path);
    return RF_OK;
}

static void add_site(struct gathering *g, const char *site_dir)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        RF_AUTO(rf_freep) char *path = rf_site_path_in(site_dir, files[i].item);
        add_file(g, files[i].kind, path);
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        RF_AUTO(rf_freep) char *path = rf_site_path_in(site_dir, folders[i].item);
        struct rf_why why = {0};
        g->kind = folders[i].kind;
        g->folder = path;
        if (rf_file_exists(path) && rf_dir_each(path, add_from_folder, g, &why) != RF_OK)
            rf_warn(RF_CAT_TRUST, "nobody knows what ends there: %s code=%s", why.text, why.code);
    }
}

static enum rf_err add_tvs(struct gathering *g, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_tvses added = {.n = 0};
    enum rf_err err = rf_store_tvs_list(store, &added, why);
    for (size_t i = 0; i < added.n && err == RF_OK; i++) {
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
        err = rf_cert_from_der(rf_buf_slice(&added.items[i].der), &cert, why);
        if (err == RF_OK)
            add_cert(g, RF_EXPIRY_TVS_ADDED, cert);
    }
    rf_store_tvses_fini(&added);
    return err;
}

static enum rf_err add_routers(struct gathering *g, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_srsts routers = {.n = 0};
    enum rf_err err = rf_store_srst_list(store, &routers, why);
    for (size_t i = 0; i < routers.n && err == RF_OK; i++) {
        const struct rf_store_srst *s = &routers.items[i];
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
        err = rf_cert_from_der(rf_slice_of(s->cert, s->cert_len), &cert, why);
        if (err == RF_OK)
            add_cert(g, RF_EXPIRY_SRST, cert);
    }
    rf_store_srsts_fini(&routers);
    return err;
}

static enum rf_err add_devices(struct gathering *g, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_endings endings = {.n = 0};
    enum rf_err err = rf_store_ending_list(store, g->before_s, &endings, why);
    for (size_t i = 0; i < endings.n && err == RF_OK; i++) {
        const struct rf_store_ending *e = &endings.items[i];
        struct rf_expiry_cert one = {.kind =
                                         e->kind == RF_STORE_LSC ? RF_EXPIRY_LSC : RF_EXPIRY_MIC,
                                     .not_before_s = e->not_before_s,
                                     .not_after_s = e->not_after_s};
        memcpy(one.device, e->device, sizeof one.device);
        memcpy(one.sha256, e->sha256, sizeof one.sha256);
        expiry_add(&g->found, &one);
    }
    rf_store_endings_fini(&endings);
    return err;
}

enum rf_err rf_expiry_gather(const char *site_dir, struct rf_store *store, int64_t before_s,
                             struct rf_expiry_certs *out, struct rf_why *why)
{
    struct gathering g = {.before_s = before_s};
    add_site(&g, site_dir);
    enum rf_err err = add_tvs(&g, store, why);
    if (err == RF_OK)
        err = add_routers(&g, store, why);
    if (err == RF_OK)
        err = add_devices(&g, store, why);
    if (err != RF_OK) {
        rf_expiry_certs_fini(&g.found);
        return err;
    }
    expiry_sort(&g.found);
    *out = g.found;
    return RF_OK;
}
