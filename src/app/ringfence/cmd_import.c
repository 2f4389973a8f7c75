/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator brings into the site: manufacturers' roots, and issuers of other sites. */
#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"
#include "app/ringfence/owner.h"
#include "service/setup/setup.h"

typedef enum rf_err (*import_fn)(const char *site_dir, const struct rf_cert_list *certs,
                                 size_t *added, struct rf_why *why);

static int import(struct cmd_ctx *ctx, import_fn keep)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list certs = {0};
    size_t added = 0;
    struct rf_why why = {0};
    enum rf_err err = owner_site_open(ctx, &site, &why);
    if (err == RF_OK)
        err = rf_certs_from_pem_file(ctx->args[0], &certs, &why);
    if (err == RF_OK)
        err = keep(site->dir, &certs, &added, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < certs.n; i++)
        rf_json_arr_add_take(arr, container_cert(certs.cert[i]));
    rf_json_set_int(j, "added", (int64_t)added);
    rf_json_set_take(j, "certificates", arr);
    rf_json_set_str(j, "next", "`ringfence reload`, if ringfenced runs");
    return cmd_show(ctx, j);
}

static int run_mic(struct cmd_ctx *ctx)
{
    return import(ctx, rf_setup_mic_import);
}

const struct cmd cmd_mic_import = {
    .name = "mic import",
    .args = "PEM",
    .args_min = 1,
    .args_max = 1,
    .summary = "Trust a manufacturer's CA certificates for enrolment by MIC",
    .help = "A MIC proves the make of a phone, not that it is one of yours: it only lets devices\n"
            "of the database enrol.",
    .uses_site = true,
    .has_json = true,
    .run = run_mic,
};

static int run_lsc(struct cmd_ctx *ctx)
{
    return import(ctx, rf_setup_issuer_import);
}

const struct cmd cmd_lsc_import = {
    .name = "lsc import",
    .args = "PEM",
    .args_min = 1,
    .args_max = 1,
    .summary = "Believe the phones of another site, by the certificate that issued theirs",
    .help = "Phones that move here show the certificate they have from there: they register with\n"
            "it, and enrol with it for one of ours. Whoever holds the other issuer's key can\n"
            "register as any device of yours until `ringfence lsc forget`.",
    .uses_site = true,
    .has_json = true,
    .run = run_lsc,
};

static int run_issuers(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"subject", "certificate"},
        {"not_after_s", "valid until"},
        {"fingerprint", "SHA-256"},
    };
    RF_AUTO(rf_setup_issuers_fini) struct rf_setup_issuers issuers = {.n = 0};
    struct rf_why why = {0};
    if (rf_setup_issuers_list(ctx->site, &issuers, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->site, &why);
    struct rf_json *j = rf_json_obj();
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < issuers.n; i++) {
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "subject", rf_cert_subject(issuers.cert[i]));
        rf_json_set_int(one, "not_after_s", rf_cert_not_after(issuers.cert[i]));
        rf_json_set_str(one, "fingerprint", rf_cert_fingerprint(issuers.cert[i]));
        rf_json_arr_add_take(arr, one);
    }
    rf_json_set_take(j, "issuers", arr);
    return cmd_show_rows(ctx, j, "issuers", columns, sizeof columns / sizeof *columns,
                         "only the site's own issuer is believed");
}

const struct cmd cmd_lsc_issuers = {
    .name = "lsc issuers",
    .args = "",
    .summary = "List whose certificates of phones are believed beside our own issuer's",
    .uses_site = true,
    .has_json = true,
    .run = run_issuers,
};

static int run_forget(struct cmd_ctx *ctx)
{
    struct rf_why why = {0};
    if (rf_setup_issuer_remove(ctx->site, ctx->args[0], &why) != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "removed", ctx->args[0]);
    rf_json_set_str(j, "next", "`ringfence reload`, if ringfenced runs");
    return cmd_show(ctx, j);
}

const struct cmd cmd_lsc_forget = {
    .name = "lsc forget",
    .args = "FINGERPRINT",
    .args_min = 1,
    .args_max = 1,
    .summary = "Believe the phones of another site no longer, or those of a former issuer",
    .help =
        "Phones that still have a certificate by it are refused from the next reload on: those\n"
        "that are registered stay until they come again. FINGERPRINT is what\n"
        "`ringfence lsc issuers` shows.",
    .uses_site = true,
    .has_json = true,
    .run = run_forget,
};
