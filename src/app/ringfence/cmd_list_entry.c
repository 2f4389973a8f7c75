/* SPDX-License-Identifier: Apache-2.0 */
/* `ringfence list add|remove|entries`: certificates in the lists beyond the site's own. */
#include <stdio.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"
#include "app/ringfence/lists.h"
#include "wire/trustlist/trustlist.h"

static int show_next(const struct cmd_ctx *ctx, struct rf_json *take_json)
{
    rf_json_set_str(take_json, "next", "`ringfence list publish`");
    return cmd_show(ctx, take_json);
}

static int run_add(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    struct rf_setup_run run;
    struct rf_why why = {0};
    enum rf_err err = lists_open(ctx, &site, &run, &why);
    if (err == RF_OK)
        err = rf_cert_from_pem_file(ctx->args[0], &cert, &why);
    if (err == RF_OK)
        err = rf_setup_entry_add(run.dir, cmd_get(ctx, "device"), cmd_get(ctx, "role"), cert, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "added", rf_cert_subject(cert));
    rf_json_set_str(j, "fingerprint", rf_cert_fingerprint(cert));
    container_validity(j, &cert, 1);
    return show_next(ctx, j);
}

static const struct cmd_option add_options[] = {
    {.name = "role",
     .arg = "ROLE",
     .help = "ccm, ccm-tftp, tftp, capf, tvs or app-server",
     .is_required = true},
    {.name = "device", .arg = "DEVICE", .help = "only into the lists of this device"},
};

const struct cmd cmd_list_add = {
    .name = "list add",
    .args = "CERT",
    .args_min = 1,
    .args_max = 1,
    .options = add_options,
    .n_options = sizeof add_options / sizeof *add_options,
    .summary = "Put a certificate into the site's trust lists, or into those of one device",
    .help =
        "It is in the lists from the next `ringfence list publish` on. A device with entries of\n"
        "its own is given lists of its own, which hold those of all as well.",
    .uses_site = true,
    .has_json = true,
    .run = run_add,
};

static int run_remove(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
    struct rf_setup_run run;
    struct rf_why why = {0};
    enum rf_err err = lists_open(ctx, &site, &run, &why);
    if (err == RF_OK)
        err = rf_setup_entry_remove(run.dir, cmd_get(ctx, "device"), ctx->args[0], &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "removed", ctx->args[0]);
    return show_next(ctx, j);
}

static const struct cmd_option remove_options[] = {
    {.name = "device", .arg = "DEVICE", .help = "one of the entries of this device"},
};

const struct cmd cmd_list_remove = {
    .name = "list remove",
    .args = "FINGERPRINT",
    .args_min = 1,
    .args_max = 1,
    .options = remove_options,
    .n_options = sizeof remove_options / sizeof *remove_options,
    .summary = "Take a certificate that was added out of the trust lists again",
    .help =
        "FINGERPRINT is what `ringfence list entries` shows, or its first eight digits or more.",
    .uses_site = true,
    .has_json = true,
    .run = run_remove,
};

static int run_entries(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"role", "role"},           {"device", "device"},
        {"subject", "certificate"}, {"not_after_s", "valid until"},
        {"fingerprint", "SHA-256"},
    };
    RF_AUTO(rf_setup_entries_fini) struct rf_setup_entries entries = {0};
    struct rf_why why = {0};
    if (rf_setup_entries_list(ctx->site, &entries, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->site, &why);
    struct rf_json *j = rf_json_obj();
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < entries.n; i++) {
        const struct rf_setup_entry *entry = &entries.items[i];
        struct rf_json *one = rf_json_obj();
        char role[16];
        rf_json_set_str(one, "role", rf_trustlist_role_text(entry->role, role, sizeof role));
        rf_json_set_str(one, "device", entry->device[0] != '\0' ? entry->device : NULL);
        rf_json_set_str(one, "subject", rf_cert_subject(entry->cert));
        rf_json_set_int(one, "not_after_s", rf_cert_not_after(entry->cert));
        rf_json_set_str(one, "fingerprint", rf_cert_fingerprint(entry->cert));
        rf_json_arr_add_take(arr, one);
    }
    rf_json_set_take(j, "entries", arr);
    return cmd_show_rows(ctx, j, "entries", columns, sizeof columns / sizeof *columns,
                         "no entries but the site's own certificates");
}

const struct cmd cmd_list_entries = {
    .name = "list entries",
    .args = "",
    .summary = "List the certificates that were added to the trust lists",
    .uses_site = true,
    .has_json = true,
    .run = run_entries,
};
