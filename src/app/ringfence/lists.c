/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/lists.h"

#include <stdio.h>

#include "app/ringfence/owner.h"
#include "app/ringfence/passphrase.h"
#include "base/clock.h"
#include "base/file.h"

_Static_assert(LISTS_DRAWN >= PASSPHRASE_DRAWN, "room for a passphrase");

enum rf_err lists_open(const struct cmd_ctx *ctx, struct rf_site **site, struct rf_setup_run *run,
                       struct rf_why *why)
{
    int held_until_the_end = -1;
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(ctx->site, RF_SITE_LISTS);
    enum rf_err err = owner_site_open(ctx, site, why);
    if (err == RF_OK && (*site)->conf->role == RF_SITE_ROLE_SRST)
        return rf_why_set(why, RF_ERR_DENIED, "role-srst",
                          "this is an SRST router, whose lists are its centre's: do that there");
    /* Two administrators at once would each judge lists that the other is about to replace. */
    if (err == RF_OK)
        err = rf_dir_lock(folder, &held_until_the_end, why);
    if (err == RF_OK)
        err = rf_site_sweep((*site)->dir, true, why);
    if (err != RF_OK)
        return err;
    *run = (struct rf_setup_run){.dir = (*site)->dir,
                                 .conf = (*site)->conf,
                                 .now_s = rf_wall_s(rf_clock_real()),
                                 .is_forced = cmd_get(ctx, "force") != NULL};
    return RF_OK;
}

static const char *name_of(const struct rf_setup_phone *phone)
{
    return phone->device[0] != '\0' ? phone->device : "every phone";
}

struct rf_json *lists_phones_json(const struct rf_setup_phones *phones)
{
    struct rf_json *j = rf_json_obj();
    struct rf_json *unknown = rf_json_arr(), *stranded = rf_json_arr();
    int64_t fine = 0;
    for (size_t i = 0; i < phones->n; i++) {
        const struct rf_setup_phone *phone = &phones->items[i];
        fine += phone->fate == RF_SETUP_FINE && phone->device[0] != '\0';
        if (phone->fate == RF_SETUP_UNSURE)
            rf_json_arr_add_str(unknown, phone->device);
        if (phone->fate != RF_SETUP_STRANDED)
            continue;
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "device", name_of(phone));
        rf_json_set_str(one, "code", phone->why.code);
        rf_json_set_str(one, "reason", phone->why.text);
        rf_json_arr_add_take(stranded, one);
    }
    rf_json_set_int(j, "fine", fine);
    rf_json_set_take(j, "unknown", unknown);
    rf_json_set_take(j, "stranded", stranded);
    return j;
}

void lists_set(struct rf_json *j, const struct rf_setup_lists *lists)
{
    struct rf_json *arr = rf_json_arr();
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL && lists->list[kind] != NULL; kind++) {
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "list", rf_list_kind_name((enum rf_list_kind)kind));
        rf_json_set_bool(one, "written", lists->is_new[kind]);
        rf_json_set_str(one, "fingerprint", rf_list_fingerprint(lists->list[kind]));
        rf_json_arr_add_take(arr, one);
    }
    rf_json_set_take(j, "lists", arr);
    rf_json_set_int(j, "own_lists", (int64_t)lists->own_n);
    rf_json_set_take(j, "phones", lists_phones_json(&lists->phones));
}

int lists_refuse(const struct cmd_ctx *ctx, const char *what, const struct rf_setup_phones *phones,
                 const struct rf_why *why)
{
    if (!ctx->is_json) {
        int status = cmd_refuse(ctx, what, why);
        for (size_t i = 0; i < phones->n; i++)
            if (phones->items[i].fate != RF_SETUP_FINE)
                fprintf(stderr, "  %s: %s: %s\n", name_of(&phones->items[i]),
                        phones->items[i].why.code, phones->items[i].why.text);
        return status;
    }
    struct rf_json *j = rf_json_obj();
    fprintf(stderr, "ringfence %s: %s: %s\n", ctx->cmd->name, what, rf_why_text(why));
    rf_json_set_bool(j, "ok", false);
    rf_json_set_str(j, "what", what);
    rf_json_set_str(j, "code", why->code);
    rf_json_set_str(j, "reason", why->text);
    rf_json_set_take(j, "phones", lists_phones_json(phones));
    (void)cmd_print_json(j);
    return CMD_REFUSED;
}

enum rf_err lists_passphrase(const struct cmd_ctx *ctx, struct rf_secret *out,
                             char drawn[LISTS_DRAWN], struct rf_why *why)
{
    const char *file = cmd_get(ctx, "sast2-passphrase-file");
    drawn[0] = '\0';
    if (file != NULL)
        return passphrase_read(file, out, why);
    passphrase_draw(drawn);
    return rf_secret_set(out, rf_slice_str(drawn));
}

void lists_set_spare(struct rf_json *j, const struct cmd_ctx *ctx, const char *drawn)
{
    RF_AUTO(rf_freep) char *key = rf_site_path_in(ctx->site, RF_SITE_KEY_SAST2);
    rf_json_set_str(j, "take_away", key);
    if (drawn[0] != '\0')
        rf_json_set_str(j, "passphrase", drawn);
}
