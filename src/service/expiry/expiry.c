/* SPDX-License-Identifier: Apache-2.0 */
#include "service/expiry/expiry_int.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t steps[] = {0, 7, 30, 90, 180};

/* What the administrator does. NULL: said by rf_expiry_next. */
static const struct {
    const char *name;
    const char *next;
} kinds[RF_EXPIRY_KIND_N] = {
    [RF_EXPIRY_SAST1] = {"SAST-1", "`ringfence rotate begin sast`"},
    [RF_EXPIRY_SAST2] = {"SAST-2", "`ringfence rotate begin sast2`"},
    [RF_EXPIRY_CCM] = {"CCM",
                       "`ringfence rotate begin ccm`, of a survivable router `ringfence srst "
                       "renew`"},
    [RF_EXPIRY_TFTP] = {"TFTP", "`ringfence rotate begin tftp`"},
    [RF_EXPIRY_CAPF] = {"CAPF", "`ringfence rotate begin capf`"},
    [RF_EXPIRY_TVS] = {"TVS", "`ringfence rotate begin tvs`"},
    [RF_EXPIRY_HTTPS] = {"HTTPS", "`ringfence rotate begin https`"},
    [RF_EXPIRY_LSC_ISSUER] = {"LSC-issuer", "`ringfence rotate begin lsc-issuer`"},
    [RF_EXPIRY_OTHER_ISSUER] = {"other LSC-issuer", "give the phones that have its LSCs "
                                                    "new ones by `ringfence capf install`"},
    [RF_EXPIRY_MIC_ROOT] = {"MIC root",
                            "give its phones LSCs before by `ringfence capf install`; if the maker "
                            "has a newer one, `ringfence mic import`"},
    [RF_EXPIRY_LIST_ENTRY] = {"list entry",
                              "`ringfence list add` its successor, then `ringfence list remove`"},
    [RF_EXPIRY_TVS_ADDED] = {"TVS entry",
                             "`ringfence tvs add` its successor, then `ringfence tvs remove`"},
    [RF_EXPIRY_SRST] = {"SRST",
                        "`ringfence srst renew` at the router, then `ringfence srst update`"},
    [RF_EXPIRY_LSC] = {"LSC", NULL},
    [RF_EXPIRY_MIC] = {"MIC", NULL},
};

const char *rf_expiry_kind_name(enum rf_expiry_kind kind)
{
    return kinds[kind].name;
}

/* ---- the set ---- */

void rf_expiry_certs_fini(struct rf_expiry_certs *certs)
{
    rf_free(certs->items);
    *certs = (struct rf_expiry_certs){0};
}

void expiry_add(struct rf_expiry_certs *certs, const struct rf_expiry_cert *cert)
{
    if (certs->n == certs->cap) {
        size_t cap = certs->cap > 0 ? 2 * certs->cap : 64;
        struct rf_expiry_cert *items = rf_new_n(struct rf_expiry_cert, cap);
        if (certs->n > 0)
            memcpy(items, certs->items, certs->n * sizeof *items);
        rf_free(certs->items);
        certs->items = items;
        certs->cap = cap;
    }
    certs->items[certs->n++] = *cert;
}

static int by_end(const void *a, const void *b)
{
    const struct rf_expiry_cert *x = a, *y = b;
    if (x->not_after_s != y->not_after_s)
        return x->not_after_s < y->not_after_s ? -1 : 1;
    return memcmp(x->sha256, y->sha256, sizeof x->sha256);
}

void expiry_sort(struct rf_expiry_certs *certs)
{
    if (certs->n > 0)
        qsort(certs->items, certs->n, sizeof *certs->items, by_end);
}

/* ---- one certificate ---- */

uint32_t rf_expiry_step(const struct rf_expiry_cert *cert, int64_t now_s)
{
    if (now_s > cert->not_after_s)
        return 0;
    for (size_t i = 1; i < sizeof steps / sizeof *steps; i++) {
        int64_t begins_s = cert->not_after_s - steps[i] * RF_EXPIRY_DAY_S;
        if (now_s >= begins_s)
            return begins_s > cert->not_before_s ? steps[i] : RF_EXPIRY_NOT_YET;
    }
    return RF_EXPIRY_NOT_YET;
}

int64_t rf_expiry_days_left(const struct rf_expiry_cert *cert, int64_t now_s)
{
    int64_t left_s = cert->not_after_s - now_s;
    return left_s >= 0 ? left_s / RF_EXPIRY_DAY_S : -1 - (-1 - left_s) / RF_EXPIRY_DAY_S;
}

bool rf_expiry_is_due(int64_t not_before_s, int64_t not_after_s, int64_t now_s)
{
    return now_s > not_after_s || (now_s - not_before_s) / 2 >= (not_after_s - not_before_s) / 3;
}

const char *rf_expiry_next(const struct rf_expiry_cert *cert, int64_t now_s,
                           char buf[RF_EXPIRY_NEXT_MAX])
{
    const char *next = kinds[cert->kind].next;
    if (next != NULL)
        snprintf(buf, RF_EXPIRY_NEXT_MAX, "%s", next);
    else if (cert->kind == RF_EXPIRY_MIC)
        snprintf(buf, RF_EXPIRY_NEXT_MAX,
                 "nobody can renew it: if the phone has no LSC, `ringfence capf install %s`",
                 cert->device);
    else if (now_s <= cert->not_after_s)
        snprintf(buf, RF_EXPIRY_NEXT_MAX, "`ringfence capf install %s --auth lsc`", cert->device);
    else /* it proves nothing any more */
        snprintf(buf, RF_EXPIRY_NEXT_MAX, "`ringfence capf install %s`, by string or by its MIC",
                 cert->device);
    return buf;
}

/* ---- telling ---- */

static int by_sha256(const void *a, const void *b)
{
    const struct rf_store_said *x = a, *y = b;
    return memcmp(x->sha256, y->sha256, sizeof x->sha256);
}

static struct rf_store_said *said_find(const struct rf_store_saids *saids, const uint8_t sha256[32])
{
    struct rf_store_said key = {.days = 0};
    memcpy(key.sha256, sha256, sizeof key.sha256);
    return saids->n > 0 ? bsearch(&key, saids->items, saids->n, sizeof key, by_sha256) : NULL;
}

static struct rf_store_event event_of(const struct rf_expiry_cert *cert, uint32_t step,
                                      int64_t now_s)
{
    /* A MIC outlives its use: the phone goes on with its LSC. */
    bool is_over = step == 0 && cert->kind != RF_EXPIRY_MIC;
    struct rf_store_event e = {
        .time_s = now_s, .uid = -1, .severity = is_over ? RF_STORE_ERROR : RF_STORE_WARN};
    char when[32], next[RF_EXPIRY_NEXT_MAX], digits[17];
    snprintf(e.category, sizeof e.category, "expiry");
    if (step == 0)
        snprintf(e.code, sizeof e.code, "ended");
    else
        snprintf(e.code, sizeof e.code, "ends-%u-days", step);
    snprintf(e.device, sizeof e.device, "%s", cert->device);
    char text[sizeof e.text];
    snprintf(text, sizeof text, "%s %.40s (%s) %s at %s: %s", kinds[cert->kind].name,
             cert->device[0] != '\0' ? cert->device : cert->subject,
             rf_hex(rf_slice_of(cert->sha256, 8), digits, sizeof digits),
             step == 0 ? "ended" : "ends", rf_time_text(cert->not_after_s, when, sizeof when),
             rf_expiry_next(cert, now_s, next));
    rf_escape(rf_slice_str(text), e.text, sizeof e.text);
    return e;
}

/* Marks of `said` that nothing here belongs to: `is_seen` is one for each. */
static void collect_gone(const struct rf_store_saids *said, const bool *is_seen,
                         struct rf_store_saids *gone)
{
    gone->items = rf_new_n(struct rf_store_said, said->n + 1);
    for (size_t i = 0; i < said->n; i++)
        if (!is_seen[i])
            gone->items[gone->n++] = said->items[i];
}

struct telling {
    struct rf_store_saids before; /* told until now */
    bool *is_seen;
    struct rf_store_saids now;
    struct rf_store_event *events;
    struct rf_store_saids gone;
};

static void telling_fini(struct telling *t)
{
    rf_store_saids_fini(&t->before);
    rf_store_saids_fini(&t->now);
    rf_store_saids_fini(&t->gone);
    rf_free(t->is_seen);
    rf_free(t->events);
}

static void consider(struct telling *t, const struct rf_expiry_cert *cert, int64_t now_s,
                     struct rf_expiry_told *out)
{
    uint32_t step = rf_expiry_step(cert, now_s);
    const struct rf_store_said *said = said_find(&t->before, cert->sha256);
    if (said != NULL)
        t->is_seen[said - t->before.items] = true;
    if (step == RF_EXPIRY_NOT_YET || (said != NULL && said->days <= step))
        return;
    out->has_more = t->now.n == RF_EXPIRY_TOLD_MAX;
    if (out->has_more)
        return;
    t->events[t->now.n] = event_of(cert, step, now_s);
    struct rf_store_said *say = &t->now.items[t->now.n++];
    memcpy(say->sha256, cert->sha256, sizeof say->sha256);
    say->days = step;
}

enum rf_err rf_expiry_tell(struct rf_store *store, const struct rf_expiry_certs *certs,
                           int64_t now_s, struct rf_expiry_told *out, struct rf_why *why)
{
    RF_AUTO(telling_fini) struct telling t = {.is_seen = NULL};
    *out = (struct rf_expiry_told){.n = 0};
    enum rf_err err = rf_store_said_list(store, &t.before, why);
    if (err != RF_OK)
        return err;
    t.is_seen = rf_new_n(bool, t.before.n + 1);
    t.now.items = rf_new_n(struct rf_store_said, RF_EXPIRY_TOLD_MAX);
    t.events = rf_new_n(struct rf_store_event, RF_EXPIRY_TOLD_MAX);
    for (size_t i = 0; i < certs->n; i++)
        consider(&t, &certs->items[i], now_s, out);
    collect_gone(&t.before, t.is_seen, &t.gone);
    if (t.now.n > 0 || t.gone.n > 0)
        err = rf_store_said_save(store, &t.now, t.events, &t.gone, why);
    if (err == RF_OK)
        out->n = t.now.n;
    return err;
}
