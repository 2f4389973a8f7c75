/* SPDX-License-Identifier: Apache-2.0 */
/* Makers' certificates: when those of the phones end, and whose may be used once more although it
 * has ended. doc: docs/mic-expiry.md */
#include "service/admin/admin_int.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

/* ---- the list ---- */

enum rf_err admin_mic_allow_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    static const char *const members[] = {"days", NULL};
    int64_t days = 0;
    enum rf_err err = admin_body(req, members, &t->change.body, why);
    if (err == RF_OK)
        err = rf_json_need_int(t->change.body, "days", 1, RF_ADMIN_MIC_DAYS_MAX, &days, why);
    t->mic_allow.added_s = t->now_s;
    t->mic_allow.until_s = t->now_s + days * DAY_S;
    return err;
}

enum rf_err admin_mic_allow_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    char until[32];
    memcpy(t->mic_allow.device, t->name, sizeof t->mic_allow.device);
    struct rf_store_event event =
        admin_event(t, "security", "mic-allowed", "an expired MIC of %s may be used until %s",
                    t->name, rf_time_text(t->mic_allow.until_s, until, sizeof until));
    return rf_store_mic_allow_save(store, &t->mic_allow, &event, why);
}

void admin_mic_allow_answer(struct admin_task *t, struct rf_json *out)
{
    const struct rf_site_conf *conf = ADMIN_OPS(t, conf)(ADMIN_ARG(t));
    char next[96];
    rf_json_set_str(out, "device", t->name);
    rf_json_set_int(out, "until_s", t->mic_allow.until_s);
    if (conf->expired_mic == RF_SITE_EXPIRED_LISTED)
        snprintf(next, sizeof next, "`ringfence capf install %s --auth mic`", t->name);
    else
        snprintf(next, sizeof next, "the list counts with expired_mic = listed in ringfence.conf");
    rf_json_set_str(out, "next", next);
}

enum rf_err admin_mic_forbid_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_event event = admin_event(
        t, "security", "mic-forbidden", "an expired MIC of %s may no longer be used", t->name);
    return rf_store_mic_allow_remove(store, t->name, &event, why);
}

void admin_mic_forbid_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_str(out, "device", t->name);
}

enum rf_err admin_mic_allowed_store(struct admin_task *t, struct rf_store *store,
                                    struct rf_why *why)
{
    struct rf_store_mic_allows all = {.n = 0};
    enum rf_err err = rf_store_mic_allow_list(store, &all, why);
    t->shown = rf_json_arr();
    for (size_t i = 0; i < all.n && err == RF_OK; i++) {
        const struct rf_store_mic_allow *a = &all.items[i];
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "device", a->device);
        rf_json_set_str(one, "state", t->now_s <= a->until_s ? "allowed" : "ended");
        rf_json_set_int(one, "since_s", a->added_s);
        rf_json_set_int(one, "until_s", a->until_s);
        rf_json_arr_add_take(t->shown, one);
    }
    rf_store_mic_allows_fini(&all);
    return err;
}

void admin_mic_allowed_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "allowed", rf_steal(&t->shown));
}

/* ---- when they end ---- */

/* What is known of one phone: the MIC that ends last, and the LSC it can go on with. */
struct phone_mic {
    const char *device;
    int64_t mic_end_s; /* 0: not known */
    int64_t lsc_end_s; /* 0: none in force */
};

static void take_cert(struct phone_mic *p, const struct rf_store_ending *cert, int64_t now_s)
{
    if (cert->kind == RF_STORE_MIC && cert->not_after_s > p->mic_end_s)
        p->mic_end_s = cert->not_after_s;
    if (cert->kind == RF_STORE_LSC && cert->not_after_s >= now_s)
        p->lsc_end_s = cert->not_after_s;
}

static const char *next_of(const struct phone_mic *p, bool is_over, char buf[96])
{
    if (p->lsc_end_s != 0)
        return p->mic_end_s == 0 ? "it has an LSC; its MIC was not seen yet" : "it has an LSC";
    if (p->mic_end_s == 0)
        snprintf(buf, 96, "`ringfence capf fetch %s`", p->device);
    else if (!is_over)
        snprintf(buf, 96, "`ringfence capf install %s --auth mic`", p->device);
    else
        snprintf(buf, 96, "`ringfence capf install %s`, and type the string", p->device);
    return buf;
}

static void add_phone(struct rf_json *rows, const struct phone_mic *p, int64_t now_s)
{
    char next[96];
    struct rf_json *one = rf_json_obj();
    bool is_over = p->mic_end_s != 0 && now_s > p->mic_end_s;
    rf_json_set_str(one, "device", p->device);
    rf_json_set_str(one, "state", p->mic_end_s == 0 ? "unknown" : is_over ? "expired" : "valid");
    if (p->mic_end_s != 0) {
        rf_json_set_int(one, "not_after_s", p->mic_end_s);
        rf_json_set_int(one, "days_left", is_over ? 0 : (p->mic_end_s - now_s) / DAY_S);
    } else {
        rf_json_set_null(one, "not_after_s");
        rf_json_set_null(one, "days_left");
    }
    if (p->lsc_end_s != 0)
        rf_json_set_int(one, "lsc_not_after_s", p->lsc_end_s);
    else
        rf_json_set_null(one, "lsc_not_after_s");
    rf_json_set_str(one, "next", next_of(p, is_over, next));
    rf_json_arr_add_take(rows, one);
}

/* The soonest end first, those of which nobody knows last. */
static int compare(const void *a, const void *b)
{
    const struct phone_mic *x = a, *y = b;
    if (x->mic_end_s != y->mic_end_s)
        return x->mic_end_s == 0             ? 1
               : y->mic_end_s == 0           ? -1
               : x->mic_end_s < y->mic_end_s ? -1
                                             : 1;
    return strcmp(x->device, y->device);
}

static int compare_name(const void *name, const void *row)
{
    return strcmp(name, ((const struct phone_mic *)row)->device);
}

/* `rows` as many as phones, which are in the order of names. */
static enum rf_err gather(struct rf_store *store, const struct rf_store_phones *phones,
                          int64_t now_s, struct phone_mic *rows, struct rf_why *why)
{
    struct rf_store_endings certs = {.n = 0};
    enum rf_err err = rf_store_ending_list(store, INT64_MAX, &certs, why);
    for (size_t i = 0; i < phones->n; i++)
        rows[i].device = phones->items[i].device.name;
    for (size_t i = 0; i < certs.n && err == RF_OK; i++) {
        struct phone_mic *p =
            bsearch(certs.items[i].device, rows, phones->n, sizeof *rows, compare_name);
        if (p != NULL)
            take_cert(p, &certs.items[i], now_s);
    }
    rf_store_endings_fini(&certs);
    return err;
}

enum rf_err admin_mics_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_phones phones = {.n = 0};
    struct phone_mic *rows = NULL;
    enum rf_err err = rf_store_device_list(store, &phones, why);
    t->shown = rf_json_arr();
    if (err == RF_OK && phones.n > 0) {
        rows = rf_try_alloc(phones.n * sizeof *rows, RF_STORE_DEVICES_MAX * sizeof *rows);
        err = rows == NULL ? RF_ERR_NOMEM : gather(store, &phones, t->now_s, rows, why);
    }
    if (err == RF_OK && rows != NULL)
        qsort(rows, phones.n, sizeof *rows, compare);
    for (size_t i = 0; err == RF_OK && i < phones.n; i++)
        add_phone(t->shown, &rows[i], t->now_s);
    rf_free(rows);
    rf_store_phones_fini(&phones);
    return err;
}

void admin_mics_answer(struct admin_task *t, struct rf_json *out)
{
    rf_json_set_take(out, "mics", rf_steal(&t->shown));
}
