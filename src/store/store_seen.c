/* SPDX-License-Identifier: Apache-2.0 */
/* Phones that nobody added, and what devices fetched last. What is here decides nothing about a
 * configuration: these writes leave the generation of the store as it is. */
#include "store/store_seen.h"
#include "store/store_int.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* ---- phones that nobody added ---- */

static void read_pending(struct rf_db *q, struct rf_store_pending *p)
{
    *p = (struct rf_store_pending){0};
    rf_db_get_text(q, p->name, sizeof p->name);
    rf_db_get_text(q, p->address, sizeof p->address);
    p->first_s = rf_db_get(q);
    p->last_s = rf_db_get(q);
    p->count = rf_db_get_u32(q, UINT32_MAX);
    rf_db_get_text(q, p->asked, sizeof p->asked);
}

static enum rf_err find_pending(struct rf_store *store, const char *name, bool *is_there,
                                struct rf_store_pending *out, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_PENDING_FIND);
    rf_db_text(&q, name);
    *is_there = rf_db_row(&q);
    if (*is_there)
        read_pending(&q, out);
    return rf_db_end(&q, why);
}

static bool has_word(const char *words, const char *word)
{
    struct rf_slice rest = rf_slice_str(words);
    struct rf_slice piece;
    while (rf_next_piece(&rest, ' ', &piece))
        if (rf_slice_eq_str(piece, word))
            return true;
    return false;
}

/* Another name it asked for, as long as there is room. */
static void add_asked(struct rf_store_pending *p, const char *asked)
{
    size_t n = strlen(p->asked);
    if (has_word(p->asked, asked) || n + 1 + strlen(asked) >= sizeof p->asked)
        return;
    snprintf(p->asked + n, sizeof p->asked - n, "%s%s", n > 0 ? " " : "", asked);
}

static enum rf_err note(struct rf_store *store, const struct rf_store_pending *seen, bool *is_new,
                        struct rf_why *why)
{
    struct rf_store_pending p = {.first_s = seen->last_s};
    bool is_there = false;
    enum rf_err err = find_pending(store, seen->name, &is_there, &p, why);
    if (err != RF_OK)
        return err;
    memcpy(p.name, seen->name, sizeof p.name);
    memcpy(p.address, seen->address, sizeof p.address);
    p.last_s = seen->last_s;
    uint32_t more = seen->count > 0 ? seen->count : 1;
    p.count = p.count < UINT32_MAX - more ? p.count + more : UINT32_MAX;
    add_asked(&p, seen->asked);
    *is_new = !is_there;
    struct rf_db q = rf_db_of(store, RF_SQL_PENDING_SAVE);
    rf_db_text(&q, p.name);
    rf_db_text(&q, p.address);
    rf_db_int(&q, p.first_s);
    rf_db_int(&q, p.last_s);
    rf_db_int(&q, p.count);
    rf_db_text(&q, p.asked);
    if ((err = rf_db_run(&q, why)) != RF_OK || is_there)
        return err;
    struct rf_db trim = rf_db_of(store, RF_SQL_PENDING_TRIM);
    rf_db_int(&trim, RF_STORE_PENDING_MAX);
    return rf_db_run(&trim, why);
}

static enum rf_err check_pending(const struct rf_store_pending *seen, struct rf_why *why)
{
    enum rf_err err = rf_store_check_text(seen->name, sizeof seen->name, true, "device name", why);
    if (err == RF_OK)
        err = rf_store_check_text(seen->address, sizeof seen->address, false, "address", why);
    return err == RF_OK
               ? rf_store_check_text(seen->asked, sizeof seen->asked, false, "file name", why)
               : err;
}

enum rf_err rf_store_pending_note(struct rf_store *store, const struct rf_store_pending *seen,
                                  size_t n, bool *is_new, struct rf_why *why)
{
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    for (size_t i = 0; i < n && err == RF_OK; i++) {
        err = check_pending(&seen[i], why);
        if (err == RF_OK)
            err = note(store, &seen[i], &is_new[i], why);
    }
    return rf_db_finish(store, err, NULL, why);
}

enum rf_err rf_store_pending_load(struct rf_store *store, const char *name,
                                  struct rf_store_pending *out, struct rf_why *why)
{
    bool is_there = false;
    enum rf_err err = find_pending(store, name, &is_there, out, why);
    if (err == RF_OK && !is_there)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "pending-unknown",
                          "no phone %s has asked for its configuration", name);
    return err;
}

enum rf_err rf_store_pending_list(struct rf_store *store, struct rf_store_pendings *out,
                                  struct rf_why *why)
{
    struct rf_store_pendings found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_PENDING_LIST);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_PENDING_MAX, why);
        if (grown == RF_OK)
            read_pending(&q, &found.items[found.n++]);
    }
    enum rf_err err = rf_db_end(&q, why);
    if (grown != RF_OK || err != RF_OK) {
        rf_store_pendings_fini(&found);
        return grown != RF_OK ? grown : err;
    }
    *out = found;
    return RF_OK;
}

void rf_store_pendings_fini(struct rf_store_pendings *pendings)
{
    rf_free(pendings->items);
    *pendings = (struct rf_store_pendings){0};
}

/* ---- what devices fetched last ---- */

const char *rf_store_fetch_item_name(enum rf_store_fetch_item item)
{
    static const char *const names[] = {"ctl", "itl", "config", "load"};
    return names[item];
}

static enum rf_err save_fetch(struct rf_store *store, const struct rf_store_fetch *f,
                              struct rf_why *why)
{
    enum rf_err err = rf_store_check_text(f->name, sizeof f->name, false, "file name", why);
    if (err == RF_OK)
        err = rf_store_check_text(f->result, sizeof f->result, false, "result", why);
    if (err == RF_OK)
        err = rf_store_check_text(f->address, sizeof f->address, false, "address", why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_FETCH_SAVE);
    rf_db_text(&q, f->device);
    rf_db_int(&q, f->item);
    rf_db_text(&q, f->name);
    rf_db_text(&q, f->generation);
    rf_db_text(&q, f->result);
    rf_db_text(&q, f->address);
    rf_db_int(&q, f->at_s);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_fetch_save(struct rf_store *store, const struct rf_store_fetch *items,
                                size_t n, struct rf_why *why)
{
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    for (size_t i = 0; i < n && err == RF_OK; i++)
        err = save_fetch(store, &items[i], why);
    return rf_db_finish(store, err, NULL, why);
}

static void read_fetch(struct rf_db *q, struct rf_store_fetch *f)
{
    *f = (struct rf_store_fetch){0};
    rf_db_get_text(q, f->device, sizeof f->device);
    f->item = (enum rf_store_fetch_item)rf_db_get_u32(q, RF_STORE_FETCH_LOAD);
    rf_db_get_text(q, f->name, sizeof f->name);
    rf_db_get_text(q, f->generation, sizeof f->generation);
    rf_db_get_text(q, f->result, sizeof f->result);
    rf_db_get_text(q, f->address, sizeof f->address);
    f->at_s = rf_db_get(q);
}

enum rf_err rf_store_fetch_list(struct rf_store *store, const char *device,
                                struct rf_store_fetches *out, struct rf_why *why)
{
    struct rf_store_fetches found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, device != NULL ? RF_SQL_FETCH_LIST : RF_SQL_FETCH_ALL);
    if (device != NULL)
        rf_db_text(&q, device);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_FETCHES_MAX, why);
        if (grown == RF_OK)
            read_fetch(&q, &found.items[found.n++]);
    }
    enum rf_err err = rf_db_end(&q, why);
    if (grown != RF_OK || err != RF_OK) {
        rf_store_fetches_fini(&found);
        return grown != RF_OK ? grown : err;
    }
    *out = found;
    return RF_OK;
}

void rf_store_fetches_fini(struct rf_store_fetches *fetches)
{
    rf_free(fetches->items);
    *fetches = (struct rf_store_fetches){0};
}
