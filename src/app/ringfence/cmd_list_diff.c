/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "app/ringfence/commands.h"
#include "app/ringfence/container.h"
#include "base/text.h"

/* The same role and addresses, and the same certificate; where a list leaves it out, what it gives
 * instead. */
static bool is_same_record(const struct rf_list *a, size_t i, const struct rf_list *b, size_t k)
{
    const struct rf_trustlist_record *x = &rf_list_content(a)->record[i];
    const struct rf_trustlist_record *y = &rf_list_content(b)->record[k];
    const struct rf_cert *p = rf_list_cert(a, i), *q = rf_list_cert(b, k);
    if (x->role != y->role || (p == NULL) != (q == NULL) || !rf_slice_eq(x->dns, y->dns) ||
        !rf_slice_eq(x->ip, y->ip) || !rf_slice_eq(x->subject, y->subject) ||
        !rf_slice_eq(x->issuer, y->issuer))
        return false;
    return p != NULL ? rf_cert_eq(p, q)
                     : rf_slice_eq(x->serial, y->serial) && rf_slice_eq(x->hash, y->hash);
}

/* The records of one list that the other does not have. */
static struct rf_json *only_in(const struct rf_list *list, const struct rf_list *other)
{
    struct rf_json *arr = rf_json_arr();
    for (size_t i = 0; i < rf_list_n(list); i++) {
        bool is_there = false;
        for (size_t k = 0; !is_there && k < rf_list_n(other); k++)
            is_there = is_same_record(list, i, other, k);
        if (!is_there)
            rf_json_arr_add_take(arr, tlv_record(list, i));
    }
    return arr;
}

static void add_change(struct rf_json *arr, const char *field, const char *before,
                       const char *after)
{
    if (strcmp(before, after) == 0)
        return;
    struct rf_json *one = rf_json_obj();
    rf_json_set_str(one, "field", field);
    rf_json_set_str(one, "old", before);
    rf_json_set_str(one, "new", after);
    rf_json_arr_add_take(arr, one);
}

/* What the headers say, each as text. */
struct head {
    char signer[160], serial[2 * RF_SIGNEDFILE_SERIAL_MAX + 1], version[24], at[24];
};

static void head_of(const struct rf_list *list, struct head *h)
{
    const struct rf_signedfile *sf = &rf_list_content(list)->header;
    (void)rf_escape(sf->issuer, h->signer, sizeof h->signer);
    (void)rf_hex(sf->serial, h->serial, sizeof h->serial);
    snprintf(h->version, sizeof h->version, sf->has_signer_version ? "%u.%u" : "none",
             sf->signer_major, sf->signer_minor);
    if (sf->has_timestamp)
        (void)rf_time_text(sf->timestamp, h->at, sizeof h->at);
    else
        snprintf(h->at, sizeof h->at, "none");
}

static struct rf_json *header_changes(const struct rf_list *old, const struct rf_list *new)
{
    struct rf_json *arr = rf_json_arr();
    struct head a, b;
    head_of(old, &a);
    head_of(new, &b);
    add_change(arr, "name", rf_list_kind_file(tlv_kind(old)), rf_list_kind_file(tlv_kind(new)));
    add_change(arr, "signer's issuer", a.signer, b.signer);
    add_change(arr, "signer's serial number", a.serial, b.serial);
    add_change(arr, "digest", rf_signedfile_hash_name(rf_list_content(old)->header.hash),
               rf_signedfile_hash_name(rf_list_content(new)->header.hash));
    add_change(arr, "signer version", a.version, b.version);
    add_change(arr, "signed", a.at, b.at);
    return arr;
}

static void add_verdict(struct rf_json *j, const struct rf_list *new, struct rf_list *old)
{
    const struct rf_list_policy policy = {.has_now = true, .now_s = container_policy(NULL).now_s};
    struct rf_why why = {0};
    enum rf_err err = tlv_against(new, old, &policy, j, &why);
    rf_json_set_bool(j, "taken", err == RF_OK);
    if (err == RF_OK)
        return;
    rf_json_set_str(j, "trust", "a phone that holds only OLD keeps it");
    rf_json_set_str(j, "code", why.code);
    rf_json_set_str(j, "reason", rf_why_text(&why));
    if (strcmp(why.code, "list-signer-unknown") == 0)
        rf_json_set_str(j, "hint",
                        "it would ask TVS, when OLD has a TVS record: TVS may vouch for "
                        "the signer as SAST");
}

static int run(struct cmd_ctx *ctx)
{
    RF_AUTO(rf_list_freep) struct rf_list *old = NULL;
    RF_AUTO(rf_list_freep) struct rf_list *new = NULL;
    const struct rf_list_policy policy = {.rollback = RF_ROLLBACK_OFF};
    struct rf_why why = {0};
    const char *what = ctx->args[0];
    enum rf_err err = tlv_open(ctx->args[0], &old, &why);
    if (err == RF_OK)
        err = rf_list_verify_own(old, tlv_kind(old), &policy, &why);
    if (err == RF_OK) {
        what = ctx->args[1];
        err = tlv_open(ctx->args[1], &new, &why);
    }
    if (err != RF_OK)
        return container_refuse(ctx, what, &why, NULL, NULL);
    struct rf_json *j = rf_json_obj();
    rf_json_set_bool(j, "ok", true);
    rf_json_set_bool(j, "same", rf_slice_eq(rf_list_bytes(old), rf_list_bytes(new)));
    rf_json_set_take(j, "header", header_changes(old, new));
    rf_json_set_take(j, "removed", only_in(old, new));
    rf_json_set_take(j, "added", only_in(new, old));
    add_verdict(j, new, old);
    return cmd_show(ctx, j);
}

const struct cmd cmd_list_diff = {
    .name = "list diff",
    .args = "OLD.tlv NEW.tlv",
    .args_min = 2,
    .args_max = 2,
    .summary = "Say what differs, and whether a phone holding OLD would take NEW",
    .help = "OLD must be a list that a phone can hold. The exit status is 0 when both lists could\n"
            "be read, whatever the verdict; `ringfence list verify NEW --installed OLD` has it in\n"
            "its exit status.",
    .has_json = true,
    .run = run,
};
