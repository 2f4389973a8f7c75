/* SPDX-License-Identifier: Apache-2.0 */
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
    RF_AUTO(rf_list_freep) struct rf_list *list = NULL;
    struct container_pass pass = {.head = NULL};
    struct rf_why why = {0};
    if (tlv_open(ctx->args[0], &list, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->args[0], &why);
    struct rf_json *j = rf_json_obj();
    struct rf_json *records = rf_json_arr();
    struct rf_slice file = rf_list_bytes(list);
    const struct rf_signedfile *header = &rf_list_content(list)->header;
    container_header(j, header, file.len);
    (void)rf_digest_of(RF_DIGEST_SHA256, file, pass.file_sha256);
    (void)rf_digest_of(RF_DIGEST_SHA256, rf_slice_part(file, header->header_len, SIZE_MAX),
                       pass.body_sha256);
    container_digests(j, &pass);
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
