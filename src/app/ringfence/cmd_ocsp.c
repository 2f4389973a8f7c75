/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence ocsp import|list|remove`: OCSP responders that no issuer named, believed because the
 * administrator says so. */
#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"
#include "app/ringfence/owner.h"
#include "service/site/site.h"
#include "trust/cert.h"

#include "base/text.h"

static enum rf_err count_one(void *arg, struct rf_cert *cert, struct rf_why *why)
{
    (void)cert;
    (void)why;
    ++*(size_t *)arg;
    return RF_OK;
}

/* More than a server takes would keep it from starting. */
static enum rf_err check_room(const char *folder, struct rf_why *why)
{
    size_t n = 0;
    enum rf_err err = rf_certs_each_in_dir(folder, count_one, &n, why);
    if (err == RF_OK && n >= RF_CERT_LIST_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "cert-count",
                          "%s has %zu certificates, and %d are the most: `ringfence ocsp remove` "
                          "takes one away",
                          folder, n, RF_CERT_LIST_MAX);
    return err;
}

static int run_import(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(4 * RF_CERT_DER_MAX);
    struct rf_why why = {0};
    enum rf_err err = owner_site_open(ctx, &site, &why);
    if (err == RF_OK)
        err = rf_cert_from_pem_file(ctx->args[0], &cert, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    RF_AUTO(rf_freep) char *folder = rf_site_path(site, RF_SITE_RESPONDERS);
    RF_AUTO(rf_freep) char *path = rf_strf("%s/%s.pem", folder, rf_cert_fingerprint(cert));
    err = rf_cert_to_pem(cert, &pem);
    if (err == RF_OK && !rf_file_exists(path))
        err = check_room(folder, &why);
    if (err == RF_OK)
        err = rf_dir_make(folder, 0755, &why);
    if (err == RF_OK)
        err = rf_file_replace(path, rf_buf_slice(&pem), RF_FILE_PUBLIC, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_take(j, "responder", container_cert(cert));
    rf_json_set_str(j, "next", "`ringfence reload`, if ringfenced runs");
    return cmd_show(ctx, j);
}

const struct cmd cmd_ocsp_import = {
    .name = "ocsp import",
    .args = "PEM",
    .args_min = 1,
    .args_max = 1,
    .summary = "Believe an OCSP responder by its certificate, whichever issuer it speaks for",
    .help = "Not needed for a responder that answers with the issuer's own key, or with a\n"
            "certificate that the issuer gave it for that. Whoever holds this one's key can say\n"
            "that a revoked certificate is good.",
    .uses_site = true,
    .has_json = true,
    .run = run_import,
};

static enum rf_err add_row(void *arg, struct rf_cert *cert, struct rf_why *why)
{
    struct rf_json *one = rf_json_obj();
    (void)why;
    rf_json_set_str(one, "subject", rf_cert_subject(cert));
    rf_json_set_int(one, "not_after_s", rf_cert_not_after(cert));
    rf_json_set_str(one, "fingerprint", rf_cert_fingerprint(cert));
    rf_json_arr_add_take(arg, one);
    return RF_OK;
}

static int run_list(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"subject", "certificate"},
        {"not_after_s", "valid until"},
        {"fingerprint", "SHA-256"},
    };
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_json_freep) struct rf_json *rows = rf_json_arr();
    struct rf_why why = {0};
    if (owner_site_open(ctx, &site, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->site, &why);
    RF_AUTO(rf_freep) char *folder = rf_site_path(site, RF_SITE_RESPONDERS);
    if (rf_certs_each_in_dir(folder, add_row, rows, &why) != RF_OK)
        return cmd_refuse(ctx, folder, &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_take(j, "responders", rf_steal(&rows));
    return cmd_show_rows(ctx, j, "responders", columns, sizeof columns / sizeof *columns,
                         "only responders that the issuers named are believed");
}

const struct cmd cmd_ocsp_list = {
    .name = "ocsp list",
    .args = "",
    .summary = "List the OCSP responders that are believed though no issuer named them",
    .uses_site = true,
    .has_json = true,
    .run = run_list,
};

static int run_remove(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    struct rf_why why = {0};
    uint8_t raw[32];
    size_t n = 0;
    enum rf_err err = owner_site_open(ctx, &site, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->site, &why);
    bool is_name =
        rf_unhex(rf_slice_str(ctx->args[0]), raw, sizeof raw, &n) == RF_OK && n == sizeof raw;
    RF_AUTO(rf_freep) char *folder = rf_site_path(site, RF_SITE_RESPONDERS);
    RF_AUTO(rf_freep) char *path = rf_strf("%s/%s.pem", folder, is_name ? ctx->args[0] : "-");
    if (!rf_file_exists(path))
        err = rf_why_set(&why, RF_ERR_NOT_FOUND, "ocsp-unknown-responder",
                         "no such responder: `ringfence ocsp list`");
    if (err == RF_OK)
        err = rf_file_remove(path, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "removed", ctx->args[0]);
    rf_json_set_str(j, "next", "`ringfence reload`, if ringfenced runs");
    return cmd_show(ctx, j);
}

const struct cmd cmd_ocsp_remove = {
    .name = "ocsp remove",
    .args = "FINGERPRINT",
    .args_min = 1,
    .args_max = 1,
    .summary = "Believe an OCSP responder no longer",
    .uses_site = true,
    .has_json = true,
    .run = run_remove,
};
