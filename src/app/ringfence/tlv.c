/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands on trust lists share. */
#include "app/ringfence/container.h"

enum rf_err tlv_open(const char *path, struct rf_list **out, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    enum rf_err err = cmd_read(path, RF_TRUSTLIST_BYTES_MAX, &bytes, why);
    return err != RF_OK ? err : rf_list_open(rf_buf_slice(&bytes), out, why);
}

enum rf_list_kind tlv_kind(const struct rf_list *list)
{
    struct rf_slice name = rf_list_content(list)->header.file_name;
    return rf_slice_eq_str(name, rf_list_kind_file(RF_LIST_CTL)) ? RF_LIST_CTL : RF_LIST_ITL;
}

enum rf_err tlv_against(const struct rf_list *list, struct rf_list *old,
                        const struct rf_list_policy *policy, struct rf_json *j, struct rf_why *why)
{
    static const char *const words[] = {
        [RF_LIST_FIRST_TRUST] = "first trust",
        [RF_LIST_SAME] = "the same list",
        [RF_LIST_UPDATE] = "signed by a SAST of the installed list",
    };
    RF_AUTO(rf_lists_fini) struct rf_lists installed = {0};
    RF_AUTO(rf_list_verdict_fini) struct rf_list_verdict verdict = {0};
    rf_lists_install(&installed, tlv_kind(old), old);
    enum rf_err err =
        rf_lists_consider(&installed, tlv_kind(list), rf_list_bytes(list), policy, &verdict, why);
    if (err != RF_OK)
        return err;
    rf_json_set_str(j, "trust", words[verdict.action]);
    rf_json_set_bool(j, "older_than_installed", verdict.is_rollback);
    return RF_OK;
}
