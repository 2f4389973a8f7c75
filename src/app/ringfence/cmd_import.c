/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator brings into the site: manufacturers' roots. */
#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"
#include "service/setup/setup.h"

static int run_mic(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list roots = {0};
    size_t added = 0;
    struct rf_why why = {0};
    enum rf_err err = rf_site_open(ctx->site, &site, &why);
    if (err == RF_OK)
        err = rf_certs_from_pem_file(ctx->args[0], &roots, &why);
    if (err == RF_OK)
        err = rf_setup_mic_import(site->dir, &roots, &added, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < roots.n; i++)
        rf_json_arr_add_take(arr, container_cert(roots.cert[i]));
    rf_json_set_int(j, "added", (int64_t)added);
    rf_json_set_take(j, "certificates", arr);
    rf_json_set_str(j, "next", "a running ringfenced reads them at its next start");
    return cmd_show(ctx, j);
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
