/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"
#include "wire/trustlist/trustlist.h"

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
    container_list_warnings(j, rf_list_content(list));
    for (size_t i = 0; i < rf_list_n(list); i++)
        rf_json_arr_add_take(records, tlv_record(list, i));
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
