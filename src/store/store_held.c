/* SPDX-License-Identifier: Apache-2.0 */
/* What devices hold, and every trust list that was given out. */
#include "store/store_held.h"
#include "store/store_int.h"

#include <string.h>

static const char *const item_names[] = {
    [RF_STORE_HELD_CTL] = "ctl",
    [RF_STORE_HELD_ITL] = "itl",
    [RF_STORE_HELD_CTL_REFUSED] = "ctl-refused",
    [RF_STORE_HELD_ITL_REFUSED] = "itl-refused",
    [RF_STORE_HELD_CONFIG] = "config",
    [RF_STORE_HELD_CCM] = "ccm",
    [RF_STORE_HELD_CAPF] = "capf",
};
#define ITEMS (sizeof item_names / sizeof *item_names)

static const char *const how_names[] = {
    [RF_STORE_HOW_FETCHED] = "fetched",
    [RF_STORE_HOW_HANDSHAKE] = "handshake",
    [RF_STORE_HOW_ALARM] = "alarm",
};
#define HOWS (sizeof how_names / sizeof *how_names)

const char *rf_store_held_item_name(enum rf_store_held_item item)
{
    return item_names[item];
}

const char *rf_store_held_how_name(enum rf_store_held_how how)
{
    return how_names[how];
}

static size_t find_name(const char *const *names, size_t n, const char *name)
{
    size_t i = 0;
    while (i < n && strcmp(names[i], name) != 0)
        i++;
    return i;
}

static void read_held(struct rf_db *q, struct rf_store_held *h)
{
    char item[32], how[32];
    *h = (struct rf_store_held){0};
    rf_db_get_text(q, h->device, sizeof h->device);
    rf_db_get_text(q, item, sizeof item);
    struct rf_rd sha = rf_rd_of(rf_db_get_blob(q));
    q->is_bad |= !rf_rd_copy(&sha, h->sha256, sizeof h->sha256);
    rf_db_get_text(q, how, sizeof how);
    h->at_s = rf_db_get(q);
    h->last_s = rf_db_get(q);
    h->tries = rf_db_get_u32(q, UINT32_MAX);
    size_t i = find_name(item_names, ITEMS, item);
    size_t k = find_name(how_names, HOWS, how);
    q->is_bad |= i == ITEMS || k == HOWS;
    if (q->is_bad)
        return;
    h->item = (enum rf_store_held_item)i;
    h->how = (enum rf_store_held_how)k;
}

static enum rf_err find_held(struct rf_store *store, const struct rf_store_held *want,
                             struct rf_store_held *out, struct rf_why *why)
{
    *out = (struct rf_store_held){0};
    struct rf_db q = rf_db_of(store, RF_SQL_HELD_FIND);
    rf_db_text(&q, want->device);
    rf_db_text(&q, item_names[want->item]);
    if (rf_db_row(&q))
        read_held(&q, out);
    return rf_db_end(&q, why);
}

static enum rf_err save_held(struct rf_store *store, const struct rf_store_held *h,
                             struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_HELD_SAVE);
    rf_db_text(&q, h->device);
    rf_db_text(&q, item_names[h->item]);
    rf_db_blob(&q, rf_slice_of(h->sha256, sizeof h->sha256));
    rf_db_text(&q, how_names[h->how]);
    rf_db_int(&q, h->at_s);
    rf_db_int(&q, h->last_s);
    rf_db_int(&q, h->tries);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_held_note(struct rf_store *store, const struct rf_store_held *seen,
                               int64_t now_s, const struct rf_store_event *event,
                               struct rf_store_held *out, struct rf_why *why)
{
    struct rf_store_held old, h = *seen;
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    err = rf_store_device_known(store, seen->device, why);
    if (err == RF_OK)
        err = find_held(store, seen, &old, why);
    if (err == RF_OK) {
        bool is_same = old.device[0] != '\0' &&
                       rf_slice_eq(rf_slice_of(old.sha256, 32), rf_slice_of(seen->sha256, 32));
        h.how = is_same ? old.how : seen->how;
        h.at_s = is_same ? old.at_s : now_s;
        h.tries = is_same && old.tries < UINT32_MAX ? old.tries + 1 : 1;
        h.last_s = now_s;
        err = save_held(store, &h, why);
    }
    err = rf_db_finish(store, err, event, why);
    if (err == RF_OK && out != NULL)
        *out = h;
    return err;
}

enum rf_err rf_store_held_settle(struct rf_store *store, const char *device, struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_HELD_SETTLE);
    rf_db_text(&q, device);
    return rf_db_finish(store, rf_db_run(&q, why), NULL, why);
}

enum rf_err rf_store_held_forget(struct rf_store *store, const char *device,
                                 enum rf_store_held_item item, const struct rf_store_event *event,
                                 struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_HELD_FORGET);
    rf_db_text(&q, device);
    rf_db_text(&q, item_names[item]);
    return rf_db_finish(store, rf_db_run(&q, why), event, why);
}

enum rf_err rf_store_held_list(struct rf_store *store, const char *device,
                               struct rf_store_helds *out, struct rf_why *why)
{
    const size_t limit = (size_t)RF_STORE_DEVICES_MAX * ITEMS;
    struct rf_store_helds found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, device != NULL ? RF_SQL_HELD_LIST : RF_SQL_HELD_ALL);
    if (device != NULL)
        rf_db_text(&q, device);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items, limit, why);
        if (grown == RF_OK)
            read_held(&q, &found.items[found.n++]);
    }
    enum rf_err err = rf_db_end(&q, why);
    if (grown != RF_OK || err != RF_OK) {
        rf_store_helds_fini(&found);
        return grown != RF_OK ? grown : err;
    }
    *out = found;
    return RF_OK;
}

void rf_store_helds_fini(struct rf_store_helds *helds)
{
    rf_free(helds->items);
    *helds = (struct rf_store_helds){0};
}

const struct rf_store_held *rf_store_helds_find(const struct rf_store_helds *helds,
                                                const char *device, enum rf_store_held_item item)
{
    for (size_t i = 0; i < helds->n; i++)
        if (helds->items[i].item == item && strcmp(helds->items[i].device, device) == 0)
            return &helds->items[i];
    return NULL;
}

/* ---- lists that were given out ---- */

/* One too many: the oldest that no device holds; when each is held by one, the oldest. */
static enum rf_err make_room(struct rf_store *store, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_ARCHIVE_COUNT);
    bool is_full = rf_db_row(&q) && rf_db_get(&q) >= RF_STORE_LISTS_MAX;
    enum rf_err err = rf_db_end(&q, why);
    if (err != RF_OK || !is_full)
        return err;
    q = rf_db_of(store, RF_SQL_ARCHIVE_TRIM);
    return rf_db_run(&q, why);
}

static enum rf_err is_kept(struct rf_store *store, const uint8_t sha256[32], bool *is,
                           struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_ARCHIVE_FIND);
    rf_db_blob(&q, rf_slice_of(sha256, 32));
    *is = rf_db_row(&q);
    return rf_db_end(&q, why);
}

enum rf_err rf_store_list_keep(struct rf_store *store, enum rf_store_held_item kind,
                               const uint8_t sha256[32], struct rf_slice bytes, int64_t now_s,
                               struct rf_why *why)
{
    bool is_there = false;
    if (bytes.len == 0 || bytes.len > RF_STORE_LIST_BYTES_MAX)
        return rf_why_set(why, RF_ERR_BAD, "store-value", "a list of %zu bytes", bytes.len);
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    err = is_kept(store, sha256, &is_there, why);
    if (err == RF_OK && !is_there)
        err = make_room(store, why);
    if (err == RF_OK && !is_there) {
        struct rf_db q = rf_db_of(store, RF_SQL_ARCHIVE_ADD);
        rf_db_blob(&q, rf_slice_of(sha256, 32));
        rf_db_text(&q, item_names[kind]);
        rf_db_int(&q, now_s);
        rf_db_blob(&q, bytes);
        err = rf_db_run(&q, why);
    }
    return rf_db_finish(store, err, NULL, why);
}

enum rf_err rf_store_list_load(struct rf_store *store, const uint8_t sha256[32], struct rf_buf *out,
                               int64_t *published_s, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_ARCHIVE_FIND);
    rf_db_blob(&q, rf_slice_of(sha256, 32));
    bool is_there = rf_db_row(&q);
    enum rf_err added = RF_OK;
    *out = RF_BUF(RF_STORE_LIST_BYTES_MAX);
    if (is_there) {
        int64_t at_s = rf_db_get(&q);
        if (published_s != NULL)
            *published_s = at_s;
        added = rf_buf_add_slice(out, rf_db_get_blob(&q));
    }
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && added != RF_OK)
        err = rf_why_set(why, added, "store-corrupt", "database: a list that is too long");
    if (err == RF_OK && !is_there)
        err = rf_why_set(why, RF_ERR_NOT_FOUND, "list-unknown", "a list that was never kept here");
    if (err != RF_OK)
        rf_buf_fini(out);
    return err;
}
