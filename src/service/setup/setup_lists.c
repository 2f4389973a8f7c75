/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing: every pair of lists is made and judged before the first file is written. */
#include "service/setup/setup_int.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/faults.h"
#include "base/file.h"
#include "service/held/held.h"
#include "store/store_held.h"
#include "wire/trustlist/trustlist.h"

static void pair_fini(struct setup_pair *pair)
{
    setup_records_fini(&pair->records);
    rf_lists_fini(&pair->old);
    rf_lists_fini(&pair->next);
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++) {
        rf_buf_fini(&pair->bytes[kind]);
        rf_free(pair->path[kind]);
    }
}

static void plan_fini(struct setup_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++)
        pair_fini(&plan->pairs[i]);
    rf_free(plan->pairs);
    rf_vault_free(plan->vault);
    rf_key_free(plan->key);
    rf_store_close(plan->store);
}

const struct setup_pair *setup_plan_pair(const struct setup_plan *plan, const char *device)
{
    for (size_t i = 1; i < plan->n; i++)
        if (!plan->pairs[i].is_going && strcmp(plan->pairs[i].device, device) == 0)
            return &plan->pairs[i];
    return plan->pairs;
}

static struct rf_list *list_of(const struct rf_lists *lists, enum rf_list_kind kind)
{
    return kind == RF_LIST_CTL ? lists->ctl : lists->itl;
}

/* ---- what is there ---- */

void setup_lists_there(const char *dir, const char *device, struct rf_lists *out)
{
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++) {
        RF_AUTO(rf_freep) char *path = rf_site_list_path_in(dir, kind == RF_LIST_ITL, device);
        RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
        RF_AUTO(rf_list_freep) struct rf_list *list = NULL;
        if (rf_file_read(path, RF_TRUSTLIST_BYTES_MAX, &bytes, NULL) == RF_OK &&
            rf_list_open(rf_buf_slice(&bytes), &list, NULL) == RF_OK)
            rf_lists_install(out, (enum rf_list_kind)kind, list);
    }
}

static enum rf_err pair_load(const struct setup_plan *plan, const char *device,
                             struct setup_pair *pair, struct rf_why *why)
{
    const char *dir = plan->run->dir;
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(dir, RF_SITE_LISTS);
    bool has_entries = true;
    enum rf_err err = RF_OK;
    snprintf(pair->device, sizeof pair->device, "%s", device);
    pair->path[RF_LIST_CTL] = rf_strf("%s/CTL%s.tlv", folder, device[0] != '\0' ? device : "File");
    pair->path[RF_LIST_ITL] = rf_strf("%s/ITL%s.tlv", folder, device[0] != '\0' ? device : "File");
    setup_lists_there(dir, device, &pair->old);
    if (device[0] != '\0')
        err = setup_device_has_entries(dir, device, &has_entries, why);
    pair->is_going = !has_entries;
    return err == RF_OK ? setup_records_load(dir, plan->is_11, device, &pair->records, why) : err;
}

static enum rf_err pairs_load(struct setup_plan *plan, struct rf_why *why)
{
    struct setup_devices *devices = rf_new(struct setup_devices);
    enum rf_err err = setup_devices_list(plan->run->dir, devices, why);
    if (err == RF_OK) {
        plan->pairs = rf_new_n(struct setup_pair, devices->n + 1);
        plan->n = 1;
        err = pair_load(plan, "", plan->pairs, why);
    }
    for (size_t i = 0; i < devices->n && err == RF_OK; i++)
        err = pair_load(plan, devices->name[i], &plan->pairs[plan->n++], why);
    rf_free(devices);
    return err;
}

/* ---- what is made ---- */

/* Younger than all that lie there: a device may change from the lists of all to lists of its own,
 * and back. Phones compare time stamps, whatever the clock says now. */
static enum rf_err timestamp_after(const struct setup_plan *plan, enum rf_list_kind kind,
                                   uint32_t *out, struct rf_why *why)
{
    *out = (uint32_t)plan->run->now_s;
    for (size_t i = 0; i < plan->n; i++) {
        const struct rf_list *old = list_of(&plan->pairs[i].old, kind);
        if (old == NULL || !rf_list_content(old)->header.has_timestamp)
            continue;
        uint32_t before = rf_list_content(old)->header.timestamp;
        if (before == UINT32_MAX)
            return rf_why_set(
                why, RF_ERR_LIMIT, "list-time",
                "the present list has the last time stamp there is; no list can follow it");
        *out = *out > before ? *out : before + 1;
    }
    return RF_OK;
}

/* Its device takes the lists of all again: then these must be younger than its own. */
static bool is_overtaken(const struct setup_plan *plan)
{
    for (size_t i = 1; i < plan->n; i++)
        if (plan->pairs[i].is_going)
            return true;
    return false;
}

static bool is_current(const struct setup_plan *plan, const struct setup_pair *pair,
                       enum rf_list_kind kind)
{
    const struct rf_list *list = list_of(&pair->old, kind);
    const struct setup_records *r = &pair->records;
    size_t n = 0;
    if (list == NULL || plan->run->is_forced || !rf_file_exists(pair->path[kind]) ||
        rf_list_is_11(list) != plan->is_11 ||
        (enum rf_digest)rf_list_content(list)->header.hash != plan->digest ||
        rf_list_verify_own(list, kind, &(struct rf_list_policy){0}, NULL) != RF_OK ||
        !rf_cert_eq(rf_list_own_signer(list), r->cert[0]) ||
        (pair->device[0] == '\0' && is_overtaken(plan)))
        return false;
    for (size_t i = 0; i < r->n; i++) {
        if (!setup_record_is_in(r, i, kind))
            continue;
        if (n == rf_list_n(list) || rf_list_role(list, n) != r->role[i] ||
            rf_list_cert(list, n) == NULL || !rf_cert_eq(rf_list_cert(list, n), r->cert[i]))
            return false;
        n++;
    }
    return n == rf_list_n(list);
}

/* The SAST's key is opened only when there is something to sign. */
static enum rf_err load_key(struct setup_plan *plan, struct rf_why *why)
{
    if (plan->vault != NULL)
        return RF_OK;
    RF_AUTO(rf_freep) char *path = rf_site_path_in(plan->run->dir, RF_SITE_KEY_SAST1);
    enum rf_err err = rf_key_load(path, NULL, &plan->key, why);
    if (err == RF_OK)
        plan->vault = rf_vault_key_from_key(plan->key);
    return err;
}

static enum rf_err build(struct setup_plan *plan, struct setup_pair *pair, enum rf_list_kind kind,
                         struct rf_why *why)
{
    struct rf_list_entry entries[SETUP_RECORDS_MAX];
    RF_AUTO(rf_list_freep) struct rf_list *list = NULL;
    uint32_t timestamp = 0;
    if (is_current(plan, pair, kind)) {
        rf_lists_install(&pair->next, kind, list_of(&pair->old, kind));
        return RF_OK;
    }
    enum rf_err err = load_key(plan, why);
    if (err == RF_OK)
        err = timestamp_after(plan, kind, &timestamp, why);
    if (err != RF_OK)
        return err;
    size_t n = 0;
    for (size_t i = 0; i < pair->records.n; i++)
        if (setup_record_is_in(&pair->records, i, kind))
            entries[n++] = (struct rf_list_entry){.cert = pair->records.cert[i],
                                                  .role = pair->records.role[i]};
    struct rf_list_spec spec = {
        .kind = kind,
        .entries = entries,
        .n = n,
        .digest = plan->digest,
        .is_11 = plan->is_11,
        .timestamp = timestamp,
    };
    pair->bytes[kind] = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    err = rf_list_build(&spec, plan->vault, pair->records.cert[0], &pair->bytes[kind], why);
    if (err == RF_OK)
        err = rf_list_open(rf_buf_slice(&pair->bytes[kind]), &list, why);
    if (err == RF_OK)
        rf_lists_install(&pair->next, kind, list);
    if (timestamp > plan->youngest)
        plan->youngest = timestamp;
    return err;
}

static enum rf_err build_all(struct setup_plan *plan, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < plan->n && err == RF_OK; i++) {
        if (plan->pairs[i].is_going)
            continue;
        err = build(plan, &plan->pairs[i], RF_LIST_CTL, why);
        if (err == RF_OK)
            err = build(plan, &plan->pairs[i], RF_LIST_ITL, why);
    }
    return err;
}

/* ---- what is written ---- */

/* Before a phone can get a list, it can be said what a phone that has it would do. */
static enum rf_err keep(const struct setup_plan *plan, const struct setup_pair *pair,
                        struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (int k = RF_LIST_CTL; k <= RF_LIST_ITL && err == RF_OK && plan->store != NULL; k++) {
        enum rf_list_kind kind = (enum rf_list_kind)k;
        struct rf_slice bytes = rf_list_bytes(list_of(&pair->next, kind));
        uint8_t md[RF_DIGEST_MAX];
        rf_digest_of(RF_DIGEST_SHA256, bytes, md);
        err = rf_store_list_keep(plan->store, rf_held_item_of(kind), md, bytes, plan->run->now_s,
                                 why);
    }
    return err;
}

/* Both files are on the disk before the first of them gets its name. */
static enum rf_err write_pair(struct setup_pair *pair, struct rf_why *why)
{
    struct rf_file_out out[2] = {{.fd = -1}, {.fd = -1}};
    enum rf_err err = RF_OK;
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL && err == RF_OK; kind++) {
        if (pair->bytes[kind].len == 0)
            continue;
        err = rf_file_out_begin(&out[kind], pair->path[kind], RF_FILE_PUBLIC, why);
        if (err == RF_OK)
            err = rf_file_out_add(&out[kind], rf_buf_slice(&pair->bytes[kind]), why);
    }
    rf_crash_point("lists.written");
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL && err == RF_OK; kind++) {
        if (pair->bytes[kind].len != 0)
            err = rf_file_out_commit(&out[kind], why);
        rf_crash_point("lists.half");
    }
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++)
        if (pair->bytes[kind].len != 0)
            rf_file_out_abort(&out[kind]);
    return err;
}

/* Lists published twice within a second have the second time stamp ahead of the clock, and a phone
 * refuses what was signed in its future: nobody sees them before that time. Where the clock was set
 * back by more than that, waiting would not help. */
static void wait_for_timestamp(const struct setup_plan *plan)
{
    struct timespec at = {.tv_sec = (time_t)plan->youngest};
    int64_t ahead_s = (int64_t)plan->youngest - rf_wall_s(rf_clock_real());
    if (ahead_s > 0 && ahead_s <= SETUP_WAIT_S)
        (void)clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL);
}

static enum rf_err write_all(struct setup_plan *plan, struct rf_setup_lists *out,
                             struct rf_why *why)
{
    enum rf_err err = RF_OK;
    wait_for_timestamp(plan);
    for (size_t i = 0; i < plan->n && err == RF_OK; i++)
        if (!plan->pairs[i].is_going)
            err = keep(plan, &plan->pairs[i], why);
    for (size_t i = 0; i < plan->n && err == RF_OK; i++) {
        struct setup_pair *pair = &plan->pairs[i];
        bool is_new = pair->bytes[RF_LIST_CTL].len != 0 || pair->bytes[RF_LIST_ITL].len != 0;
        if (!pair->is_going)
            err = write_pair(pair, why);
        out->own_n += err == RF_OK && i > 0 && (is_new || pair->is_going);
    }
    /* Last: their devices are given the lists of all, which are there by now. */
    for (size_t i = 1; i < plan->n && err == RF_OK; i++)
        for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL && err == RF_OK; kind++)
            if (plan->pairs[i].is_going)
                err = rf_file_remove(plan->pairs[i].path[kind], why);
    return err;
}

/* ---- the whole ---- */

static enum rf_err refuse_stranding(const struct rf_setup_phones *phones, struct rf_why *why)
{
    const struct rf_setup_phone *first = NULL;
    size_t n = rf_setup_phones_count(phones, RF_SETUP_STRANDED);
    for (size_t i = 0; i < phones->n && first == NULL; i++)
        if (phones->items[i].fate == RF_SETUP_STRANDED)
            first = &phones->items[i];
    if (first == NULL)
        return RF_OK;
    if (first->device[0] == '\0')
        return rf_why_set(why, RF_ERR_DENIED, "list-strands", "%.230s", first->why.text);
    return rf_why_set(why, RF_ERR_DENIED, "list-strands",
                      "%zu phone%s would be stranded; %s: %.150s. --force publishes all the same",
                      n, n == 1 ? "" : "s", first->device, first->why.text);
}

static enum rf_err publish(struct setup_plan *plan, struct rf_setup_lists *out, struct rf_why *why)
{
    struct setup_pair *common;
    enum rf_err err = pairs_load(plan, why);
    if (err == RF_OK)
        err = build_all(plan, why);
    if (err == RF_OK)
        err = setup_store_open(plan->run->dir, &plan->store, why);
    if (err == RF_OK)
        err = setup_preflight(plan, &out->phones, why);
    if (err == RF_OK && !plan->run->is_forced)
        err = refuse_stranding(&out->phones, why);
    if (err == RF_OK && !plan->run->is_dry)
        err = write_all(plan, out, why);
    if (err != RF_OK)
        return err;
    common = plan->pairs;
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++) {
        out->list[kind] = rf_list_ref(list_of(&common->next, (enum rf_list_kind)kind));
        out->is_new[kind] = common->bytes[kind].len != 0;
    }
    return RF_OK;
}

enum rf_err rf_setup_publish(const struct rf_setup_run *run, struct rf_setup_lists *out,
                             struct rf_why *why)
{
    RF_AUTO(plan_fini)
    struct setup_plan plan = {
        .run = run,
        .is_11 = run->conf->list_version == RF_SITE_LISTS_11,
        .digest = run->conf->digest == RF_SITE_SHA1 ? RF_DIGEST_SHA1 : RF_DIGEST_SHA512,
    };
    enum rf_err err = setup_later_make(run->dir, run->conf, run->now_s, why);
    return err == RF_OK ? publish(&plan, out, why) : err;
}

enum rf_err rf_setup_lists_publish(const char *site_dir, const struct rf_site_conf *conf,
                                   int64_t now_s, bool is_forced, struct rf_setup_lists *out,
                                   struct rf_why *why)
{
    struct rf_setup_run run = {
        .dir = site_dir, .conf = conf, .now_s = now_s, .is_forced = is_forced};
    return rf_setup_publish(&run, out, why);
}

void rf_setup_lists_fini(struct rf_setup_lists *lists)
{
    rf_list_unref(lists->list[RF_LIST_CTL]);
    rf_list_unref(lists->list[RF_LIST_ITL]);
    rf_setup_phones_fini(&lists->phones);
    *lists = (struct rf_setup_lists){0};
}
