/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"
#include "wire/trustlist/trustlist.h"

static struct rf_json *record_json(const struct rf_list *list, size_t i)
{
    const struct rf_trustlist_record *r = &rf_list_content(list)->record[i];
    const struct rf_cert *cert = rf_list_cert(list, i);
    struct rf_json *j = cert != NULL ? container_cert(cert) : rf_json_obj();
    char role[16];
    rf_json_set_str(j, "role", rf_trustlist_role_text(r->role, role, sizeof role));
    if (r->dns.len > 0)
        rf_json_set_slice(j, "dns", r->dns);
    if (cert == NULL) {
        rf_json_set_slice(j, "issuer", r->issuer);
        rf_json_set_hex(j, "serial", r->serial);
        rf_json_set_hex(j, "certificate_hash", r->hash);
    }
    return j;
}

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    RF_AUTO(rf_list_freep) struct rf_list *list = NULL;
    struct rf_why why = {0};
    enum rf_err err = cmd_read(ctx->args[0], RF_TRUSTLIST_BYTES_MAX, &file, &why);
    if (err == RF_OK)
        err = rf_list_open(rf_buf_slice(&file), &list, &why);
    if (err != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    struct rf_json *records = rf_json_arr();
    container_header(j, &rf_list_content(list)->header, rf_buf_slice(&file));
    for (size_t i = 0; i < rf_list_n(list); i++)
        rf_json_arr_add_take(records, record_json(list, i));
    rf_json_set_take(j, "records", records);
    rf_json_set_str(j, "verified", "no: `ringfence list verify` does that");
    return cmd_show(ctx, j);
}

const struct cmd cmd_list_show = {
    .name = "list show",
    .args = "FILE.tlv",
    .args_min = 1,
    .args_max = 1,
    .summary = "Show a trust list and its records; nothing is verified",
    .has_json = true,
    .run = run,
};
