/* SPDX-License-Identifier: Apache-2.0 */
#include "service/held/held_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/faults.h"
#include "base/text.h"
#include "store/store_held.h"

enum rf_store_held_item rf_held_item_of(enum rf_list_kind kind)
{
    return kind == RF_LIST_CTL ? RF_STORE_HELD_CTL : RF_STORE_HELD_ITL;
}

static enum rf_store_held_item refused_item(enum rf_list_kind kind)
{
    return kind == RF_LIST_CTL ? RF_STORE_HELD_CTL_REFUSED : RF_STORE_HELD_ITL_REFUSED;
}

static void RF_PRINTF(5, 6) event_set(struct rf_store_event *e, const char *device,
                                      const char *code, int64_t now_s, const char *fmt, ...)
{
    va_list ap;
    *e = (struct rf_store_event){.time_s = now_s, .uid = -1, .severity = RF_STORE_WARN};
    snprintf(e->category, sizeof e->category, "list");
    snprintf(e->code, sizeof e->code, "%s", code);
    snprintf(e->device, sizeof e->device, "%s", device);
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
}

static enum rf_err note(struct rf_store *store, const char *device, enum rf_store_held_item item,
                        enum rf_store_held_how how, struct rf_slice sha256, int64_t now_s,
                        const struct rf_store_event *event, struct rf_store_held *out,
                        struct rf_why *why)
{
    struct rf_store_held seen = {.item = item, .how = how};
    snprintf(seen.device, sizeof seen.device, "%s", device);
    struct rf_rd rd = rf_rd_of(sha256);
    rf_bug_on(!rf_rd_copy(&rd, seen.sha256, sizeof seen.sha256));
    return rf_store_held_note(store, &seen, now_s, event, out, why);
}

/* One that is no longer kept, or cannot be read, is as good as unknown. */
static enum rf_err load_one(struct rf_store *store, struct rf_held_cache *cache,
                            const struct rf_store_held *held, enum rf_list_kind kind,
                            struct rf_lists *out, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    RF_AUTO(rf_list_freep) struct rf_list *list = NULL;
    struct rf_why unread = {0};
    struct rf_list *known = held != NULL ? held_cache_find(cache, held->sha256) : NULL;
    if (known != NULL)
        rf_lists_install(out, kind, known);
    if (held == NULL || known != NULL)
        return RF_OK;
    enum rf_err err = rf_store_list_load(store, held->sha256, &bytes, NULL, why);
    if (err == RF_ERR_NOT_FOUND)
        return RF_OK;
    if (err == RF_OK && rf_list_open(rf_buf_slice(&bytes), &list, &unread) == RF_OK) {
        rf_lists_install(out, kind, list);
        held_cache_keep(cache, held->sha256, list);
    }
    return err;
}

enum rf_err rf_held_lists(struct rf_store *store, struct rf_held_cache *cache,
                          const struct rf_store_helds *helds, const char *device,
                          struct rf_lists *out, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (int k = RF_LIST_CTL; k <= RF_LIST_ITL && err == RF_OK; k++) {
        enum rf_list_kind kind = (enum rf_list_kind)k;
        err = load_one(store, cache, rf_store_helds_find(helds, device, rf_held_item_of(kind)),
                       kind, out, why);
    }
    if (err != RF_OK)
        rf_lists_fini(out);
    return err;
}

/* What is kept of one device. */
struct known {
    struct rf_store_helds rows;
    struct rf_lists lists;
};

static void known_fini(struct known *k)
{
    rf_store_helds_fini(&k->rows);
    rf_lists_fini(&k->lists);
}

static enum rf_err load_known(struct rf_store *store, struct rf_held_cache *cache,
                              const char *device, struct known *k, struct rf_why *why)
{
    enum rf_err err = rf_store_held_list(store, device, &k->rows, why);
    return err == RF_OK ? rf_held_lists(store, cache, &k->rows, device, &k->lists, why) : err;
}

/* ---- a list was fetched ---- */

static enum rf_err was_taken(struct rf_store *store, const struct rf_held_fetch *f,
                             struct rf_slice sha256, int64_t now_s, struct rf_why *why)
{
    struct rf_store_held now = {.tries = 0};
    struct rf_store_event event;
    enum rf_err err = note(store, f->device, rf_held_item_of(f->kind), RF_STORE_HOW_FETCHED, sha256,
                           now_s, NULL, &now, why);
    if (err == RF_OK)
        err = rf_store_held_forget(store, f->device, refused_item(f->kind), NULL, why);
    if (err != RF_OK || now.tries != RF_HELD_TRIES)
        return err;
    event_set(&event, f->device, "list-again", now_s,
              "%s fetched the same %s %d times and has not registered since: it may not take it",
              f->device, rf_list_kind_name(f->kind), RF_HELD_TRIES);
    return rf_store_event_add(store, &event, NULL, why);
}

static enum rf_err was_refused(struct rf_store *store, const struct rf_held_fetch *f,
                               struct rf_slice sha256, int64_t now_s, const struct rf_why *reason,
                               struct rf_why *why)
{
    struct rf_store_held now = {.tries = 0};
    struct rf_store_event event;
    enum rf_err err = note(store, f->device, refused_item(f->kind), RF_STORE_HOW_FETCHED, sha256,
                           now_s, NULL, &now, why);
    if (err != RF_OK || (now.tries != 1 && now.tries != RF_HELD_TRIES))
        return err;
    event_set(&event, f->device, "list-refused", now_s,
              "%s was given a list that the one it holds does not let it take: %.180s", f->device,
              reason->text);
    return rf_store_event_add(store, &event, NULL, why);
}

/* What it holds already is taken, whatever else it says. */
static bool is_held(const struct known *known, const struct rf_held_fetch *f,
                    struct rf_slice sha256)
{
    const struct rf_store_held *held =
        rf_store_helds_find(&known->rows, f->device, rf_held_item_of(f->kind));
    return held != NULL && rf_slice_eq(rf_slice_of(held->sha256, sizeof held->sha256), sha256);
}

enum rf_err rf_held_on_list(struct rf_store *store, struct rf_held_cache *cache,
                            const struct rf_held_fetch *f, int64_t now_s, struct rf_why *why)
{
    RF_AUTO(known_fini) struct known known = {.rows = {0}};
    RF_AUTO(rf_list_verdict_fini) struct rf_list_verdict verdict = {0};
    struct rf_why reason = {0};
    uint8_t md[RF_DIGEST_MAX];
    struct rf_slice sha256 = rf_slice_of(md, rf_digest_of(RF_DIGEST_SHA256, f->bytes, md));
    enum rf_err err = rf_store_list_keep(store, rf_held_item_of(f->kind), md, f->bytes, now_s, why);
    if (err == RF_OK)
        err = rf_store_held_list(store, f->device, &known.rows, why);
    bool is_same = err == RF_OK && is_held(&known, f, sha256);
    if (err == RF_OK && !is_same)
        err = rf_held_lists(store, cache, &known.rows, f->device, &known.lists, why);
    if (err != RF_OK)
        return err;
    if (is_same || rf_fault_skips("held.refused") ||
        rf_lists_consider(&known.lists, f->kind, f->bytes, &(struct rf_list_policy){0}, &verdict,
                          &reason) == RF_OK)
        return was_taken(store, f, sha256, now_s, why);
    return was_refused(store, f, sha256, now_s, &reason, why);
}

/* ---- a handshake, a session, an alarm ---- */

static bool has_role(const struct rf_list *list, const struct rf_cert *cert, uint16_t role)
{
    struct rf_lists one = {.ctl = (struct rf_list *)(uintptr_t)list};
    struct rf_why why = {0};
    return list != NULL && rf_lists_find_server(&one, cert, role, &why) == RF_OK;
}

/* It was given this list and, as was thought, did not take it: does that one explain the handshake?
 * Then somebody has erased the phone's lists, and it took what came. */
static enum rf_err correct(struct rf_store *store, struct rf_held_cache *cache,
                           const struct known *known, const char *device, enum rf_list_kind kind,
                           const struct rf_cert *ccm, int64_t now_s, struct rf_why *why)
{
    const struct rf_store_held *given =
        rf_store_helds_find(&known->rows, device, refused_item(kind));
    struct rf_lists refused = {.ctl = NULL};
    struct rf_store_event event;
    if (given == NULL && rf_store_helds_find(&known->rows, device, rf_held_item_of(kind)) == NULL)
        return RF_OK;
    enum rf_err err = load_one(store, cache, given, kind, &refused, why);
    const struct rf_list *list = kind == RF_LIST_CTL ? refused.ctl : refused.itl;
    bool explains = err == RF_OK && has_role(list, ccm, RF_TRUSTLIST_ROLE_CCM);
    event_set(&event, device, "list-contradicted", now_s,
              "%s accepted the call manager's certificate %s, which its %s has not: %s", device,
              rf_cert_short(ccm), rf_list_kind_name(kind),
              explains ? "it holds the list that it was given last"
                       : "what it holds is unknown from now on");
    if (err == RF_OK && explains)
        err = note(store, device, rf_held_item_of(kind), RF_STORE_HOW_HANDSHAKE,
                   rf_slice_of(given->sha256, sizeof given->sha256), now_s, &event, NULL, why);
    else if (err == RF_OK)
        err = rf_store_held_forget(store, device, rf_held_item_of(kind), &event, why);
    if (err == RF_OK)
        err = rf_store_held_forget(store, device, refused_item(kind), NULL, why);
    rf_lists_fini(&refused);
    return err;
}

enum rf_err rf_held_on_registered(struct rf_store *store, struct rf_held_cache *cache,
                                  const char *device, const struct rf_cert *ccm, int64_t now_s,
                                  struct rf_why *why)
{
    RF_AUTO(known_fini) struct known known = {.rows = {0}};
    struct rf_why not_there = {0};
    enum rf_err err = note(store, device, RF_STORE_HELD_CCM, RF_STORE_HOW_HANDSHAKE,
                           rf_cert_sha256(ccm), now_s, NULL, NULL, why);
    if (err == RF_OK)
        err = load_known(store, cache, device, &known, why);
    bool is_known = known.lists.ctl != NULL || known.lists.itl != NULL;
    bool is_wrong =
        is_known && !rf_fault_skips("held.contradicted") &&
        rf_lists_find_server(&known.lists, ccm, RF_TRUSTLIST_ROLE_CCM, &not_there) != RF_OK;
    for (int k = RF_LIST_CTL; k <= RF_LIST_ITL && err == RF_OK && is_wrong; k++)
        err = correct(store, cache, &known, device, (enum rf_list_kind)k, ccm, now_s, why);
    return err == RF_OK ? rf_store_held_settle(store, device, why) : err;
}

enum rf_err rf_held_on_capf(struct rf_store *store, const char *device, const struct rf_cert *capf,
                            int64_t now_s, struct rf_why *why)
{
    return note(store, device, RF_STORE_HELD_CAPF, RF_STORE_HOW_HANDSHAKE, rf_cert_sha256(capf),
                now_s, NULL, NULL, why);
}

enum rf_err rf_held_on_alarm(struct rf_store *store, const char *device, enum rf_list_kind kind,
                             int64_t now_s, struct rf_why *why)
{
    RF_AUTO(known_fini) struct known known = {.rows = {0}};
    struct rf_store_event event;
    enum rf_err err = load_known(store, NULL, device, &known, why);
    const struct rf_store_held *held =
        rf_store_helds_find(&known.rows, device, rf_held_item_of(kind));
    /* Known to be refused already, or nothing was given to it that it could mean. */
    if (err != RF_OK || held == NULL ||
        rf_store_helds_find(&known.rows, device, refused_item(kind)) != NULL)
        return err;
    event_set(&event, device, "list-refused", now_s,
              "%s says that it refused its %s: what it holds is unknown from now on", device,
              rf_list_kind_name(kind));
    err = note(store, device, refused_item(kind), RF_STORE_HOW_ALARM,
               rf_slice_of(held->sha256, sizeof held->sha256), now_s, &event, NULL, why);
    return err == RF_OK ? rf_store_held_forget(store, device, rf_held_item_of(kind), NULL, why)
                        : err;
}
