/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/lists.h"
#include "store/store_held.h"

static void set_kind(struct rf_json *j, const struct rf_setup_phone *phone, enum rf_list_kind kind)
{
    static const char *const keys[][4] = {{"ctl", "ctl_how", "ctl_since_s", "ctl_fingerprint"},
                                          {"itl", "itl_how", "itl_since_s", "itl_fingerprint"}};
    const struct rf_store_held *held = &phone->held[kind];
    rf_json_set_str(j, keys[kind][0], rf_setup_holds_name(phone->holds[kind]));
    if (phone->holds[kind] == RF_SETUP_UNKNOWN) {
        for (size_t i = 1; i < 4; i++)
            rf_json_set_null(j, keys[kind][i]);
        return;
    }
    rf_json_set_str(j, keys[kind][1], rf_store_held_how_name(held->how));
    rf_json_set_int(j, keys[kind][2], held->at_s);
    rf_json_set_hex(j, keys[kind][3], rf_slice_of(held->sha256, sizeof held->sha256));
}

static int run(struct cmd_ctx *ctx)
{
    static const struct cmd_column columns[] = {
        {"device", "device"},     {"ctl", "CTL"},         {"ctl_how", "known by"},
        {"ctl_since_s", "since"}, {"itl", "ITL"},         {"itl_how", "known by"},
        {"itl_since_s", "since"}, {"refused", "refused"}, {"seen", "ever here"},
    };
    RF_AUTO(rf_setup_phones_fini) struct rf_setup_phones phones = {0};
    struct rf_why why = {0};
    if (rf_setup_phones_list(ctx->site, &phones, &why) != RF_OK)
        return cmd_refuse(ctx, ctx->site, &why);
    struct rf_json *j = rf_json_obj();
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < phones.n; i++) {
        const struct rf_setup_phone *phone = &phones.items[i];
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "device", phone->device);
        set_kind(one, phone, RF_LIST_CTL);
        set_kind(one, phone, RF_LIST_ITL);
        rf_json_set_bool(one, "refused",
                         phone->has_refused[RF_LIST_CTL] || phone->has_refused[RF_LIST_ITL]);
        rf_json_set_bool(one, "seen", phone->is_seen);
        rf_json_arr_add_take(arr, one);
    }
    rf_json_set_take(j, "phones", arr);
    return cmd_show_rows(ctx, j, "phones", columns, sizeof columns / sizeof *columns,
                         "no devices: `ringfence device add` adds one");
}

const struct cmd cmd_list_phones = {
    .name = "list phones",
    .args = "",
    .summary = "Show which trust lists each phone is known to hold, and how that is known",
    .help = "current: what it would be given now. older: another one that was given out. unknown:\n"
            "nothing that a phone does has told it.",
    .uses_site = true,
    .has_json = true,
    .run = run,
};
