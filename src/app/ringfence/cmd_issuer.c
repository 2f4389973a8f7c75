/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence issuer`: who issues the certificates of phones. */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"
#include "app/ringfence/lists.h"
#include "app/ringfence/owner.h"
#include "base/file.h"
#include "service/setup/issuers.h"

/* ---- what is there ---- */

static struct rf_json *one_of(const struct rf_cert *cert, const char *what)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "what", what);
    rf_json_set_str(j, "subject", rf_cert_subject(cert));
    rf_json_set_str(j, "issuer", rf_cert_issuer(cert));
    rf_json_set_int(j, "not_after_s", rf_cert_not_after(cert));
    rf_json_set_str(j, "fingerprint", rf_cert_fingerprint(cert));
    return j;
}

static enum rf_err add_own(const struct rf_site *site, struct rf_json *rows, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path(site, RF_SITE_CERT_LSC_ISSUER);
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list certs = {0};
    enum rf_err err = rf_certs_from_pem_file(path, &certs, why);
    for (size_t i = 0; i < certs.n && err == RF_OK; i++)
        rf_json_arr_add_take(rows, one_of(certs.cert[i], i == 0 ? "own issuer" : "above it"));
    return err;
}

static enum rf_err add_cas(const struct rf_site *site, struct rf_json *rows, struct rf_why *why)
{
    RF_AUTO(rf_setup_issuers_fini) struct rf_setup_issuers cas = {.n = 0};
    enum rf_err err = rf_setup_ca_list(site->dir, &cas, why);
    for (size_t i = 0; i < cas.n && err == RF_OK; i++)
        rf_json_arr_add_take(rows, one_of(cas.cert[i], "other CA"));
    return err;
}

static int run_show(struct cmd_ctx *ctx)
{
    static const char *const who[] = {"local", "cmp", "offline"};
    static const struct cmd_column columns[] = {
        {"what", "what"},
        {"subject", "certificate"},
        {"not_after_s", "valid until"},
        {"fingerprint", "SHA-256"},
    };
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    struct rf_why why = {0};
    struct rf_json *rows = rf_json_arr();
    enum rf_err err = owner_site_open(ctx, &site, &why);
    if (err == RF_OK)
        err = add_own(site, rows, &why);
    if (err == RF_OK)
        err = add_cas(site, rows, &why);
    if (err != RF_OK) {
        rf_json_free(rows);
        return cmd_refuse(ctx, ctx->site, &why);
    }
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "lsc_issuer", who[site->conf->lsc_issuer]);
    rf_json_set_take(j, "issuers", rows);
    return cmd_show_rows(ctx, j, "issuers", columns, sizeof columns / sizeof *columns, "none");
}

const struct cmd cmd_issuer_show = {
    .name = "issuer show",
    .args = "",
    .summary = "Show who may issue certificates of phones",
    .help = "The site's own issuer with what stands above it, and other CAs. lsc_issuer of\n"
            "ringfence.conf says who is asked for new ones.",
    .uses_site = true,
    .has_json = true,
    .run = run_show,
};

/* ---- under another root ---- */

static int run_request(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(65536);
    struct rf_why why = {0};
    enum rf_err err = owner_site_open(ctx, &site, &why);
    if (err == RF_OK)
        err = rf_setup_issuer_request(site->dir, &pem, &why);
    if (err == RF_OK)
        err = cmd_write(ctx->args[0], rf_buf_slice(&pem), RF_FILE_PUBLIC, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "request", ctx->args[0]);
    rf_json_set_str(j, "next",
                    "have the CA make a CA certificate of it, then `ringfence issuer import`");
    return cmd_show(ctx, j);
}

const struct cmd cmd_issuer_request = {
    .name = "issuer request",
    .args = "FILE",
    .args_min = 1,
    .args_max = 1,
    .summary = "Write a request for a certificate of our issuer by another CA (PKCS#10)",
    .help = "The key stays the one the issuer has. The CA signs it as a CA of its own, with path\n"
            "length 0 or more, keyCertSign and digitalSignature.",
    .uses_site = true,
    .has_json = true,
    .run = run_request,
};

static enum rf_err read_chain(const struct cmd_ctx *ctx, struct rf_cert_list *certs,
                              struct rf_cert **root, struct rf_why *why)
{
    enum rf_err err = rf_certs_from_pem_file(ctx->args[0], certs, why);
    for (size_t i = 1; i < ctx->n_args && err == RF_OK; i++) {
        RF_AUTO(rf_cert_list_fini) struct rf_cert_list more = {0};
        err = rf_certs_from_pem_file(ctx->args[i], &more, why);
        for (size_t k = 0; k < more.n && err == RF_OK; k++)
            if (!rf_cert_list_add(certs, more.cert[k]))
                err = rf_why_set(why, RF_ERR_LIMIT, "cert-count", "too many certificates");
    }
    return err == RF_OK ? rf_cert_from_pem_file(cmd_get(ctx, "root"), root, why) : err;
}

static int run_import(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list certs = {0};
    RF_AUTO(rf_cert_freep) struct rf_cert *root = NULL;
    RF_AUTO(rf_setup_rotation_fini) struct rf_setup_rotation r = {0};
    bool is_rotation = false;
    struct rf_setup_run run;
    struct rf_why why = {0};
    if (cmd_get(ctx, "root") == NULL)
        return cmd_usage(ctx, "--root names the root that the certificate leads to");
    enum rf_err err = lists_open(ctx, &site, &run, &why);
    if (err == RF_OK)
        err = read_chain(ctx, &certs, &root, &why);
    if (err == RF_OK)
        err = rf_setup_issuer_install(&run, &certs, root, &is_rotation, &r, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_take(j, "issuer", one_of(certs.cert[0], "own issuer"));
    rf_json_set_str(j, "root", rf_cert_fingerprint(root));
    rf_json_set_bool(j, "rotation", is_rotation);
    rf_json_set_str(j, "next",
                    is_rotation
                        ? "start ringfenced again; give the phones new certificates "
                          "(`ringfence rotate status` names them), then `ringfence rotate next`"
                        : "start ringfenced again; the phones keep the certificates they have");
    return cmd_show(ctx, j);
}

static const struct cmd_option import_options[] = {
    {.name = "root", .arg = "PEM", .help = "the root that the certificate must lead to; needed"},
};

const struct cmd cmd_issuer_import = {
    .name = "issuer import",
    .args = "CERT [CHAIN...]",
    .args_min = 1,
    .args_max = 8,
    .options = import_options,
    .n_options = sizeof import_options / sizeof *import_options,
    .summary = "Use the certificate that another CA made for our issuer",
    .help = "CHAIN are those between it and the root. Under the name that the issuer had, the\n"
            "certificates that phones have stay good. Under another name it is a change of the\n"
            "issuer: old certificates are believed until `ringfence rotate next`.",
    .uses_site = true,
    .has_json = true,
    .run = run_import,
};

/* ---- other CAs ---- */

static int run_trust(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list cas = {0};
    size_t added = 0;
    struct rf_why why = {0};
    enum rf_err err = owner_site_open(ctx, &site, &why);
    if (err == RF_OK)
        err = rf_certs_from_pem_file(ctx->args[0], &cas, &why);
    if (err == RF_OK)
        err = rf_setup_ca_import(site->dir, &cas, &added, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < cas.n; i++)
        rf_json_arr_add_take(arr, container_cert(cas.cert[i]));
    rf_json_set_int(j, "added", (int64_t)added);
    rf_json_set_take(j, "certificates", arr);
    rf_json_set_str(j, "next", "start ringfenced again, if it runs");
    return cmd_show(ctx, j);
}

const struct cmd cmd_issuer_trust = {
    .name = "issuer trust",
    .args = "PEM",
    .args_min = 1,
    .args_max = 1,
    .summary = "Let another CA issue certificates of phones",
    .help = "PEM is the very certificate that will sign them, not only the root above it. What it\n"
            "signed counts when it came through this server, for the device it was made for, and\n"
            "not otherwise.",
    .uses_site = true,
    .has_json = true,
    .run = run_trust,
};

static int run_distrust(struct cmd_ctx *ctx)
{
    struct rf_why why = {0};
    if (rf_setup_ca_remove(ctx->site, ctx->args[0], &why) != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "removed", ctx->args[0]);
    rf_json_set_str(j, "next", "start ringfenced again, if it runs");
    return cmd_show(ctx, j);
}

const struct cmd cmd_issuer_distrust = {
    .name = "issuer distrust",
    .args = "FINGERPRINT",
    .args_min = 1,
    .args_max = 1,
    .summary = "Believe certificates of another CA no longer",
    .help = "Phones that have one are refused from the next start on. FINGERPRINT is what\n"
            "`ringfence issuer show` shows.",
    .uses_site = true,
    .has_json = true,
    .run = run_distrust,
};
