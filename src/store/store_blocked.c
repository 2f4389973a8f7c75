/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that operators blocked. */
#include "store/store_int.h"

static enum rf_err check_room(struct rf_store *store, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_BLOCKED_COUNT);
    int64_t n = rf_db_row(&q) ? rf_db_get(&q) : 0;
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && n > RF_STORE_BLOCKED_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "store-full",
                          "%d blocked certificates are the most: unblock some that have expired",
                          RF_STORE_BLOCKED_MAX);
    return err;
}

static void bind_what(struct rf_db *q, const struct rf_store_block *what)
{
    if (what->device[0] != '\0')
        rf_db_text(q, what->device);
    else
        rf_db_blob(q, rf_slice_of(what->sha256, sizeof what->sha256));
}

static enum rf_err save(struct rf_store *store, const struct rf_store_block *what,
                        struct rf_why *why)
{
    bool is_device = what->device[0] != '\0';
    struct rf_db q = rf_db_of(store, is_device ? RF_SQL_BLOCKED_SAVE_DEVICE : RF_SQL_BLOCKED_SAVE);
    bind_what(&q, what);
    rf_db_text(&q, what->reason);
    rf_db_int(&q, what->at_s);
    enum rf_err err = rf_db_run(&q, why);
    if (err == RF_OK && is_device && rf_db_changed(store) == 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "cert-unknown",
                          "no certificate of %s is known here", what->device);
    return err == RF_OK ? check_room(store, why) : err;
}

enum rf_err rf_store_block_save(struct rf_store *store, const struct rf_store_block *what,
                                const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = rf_store_check_text(what->reason, sizeof what->reason, false, "reason", why);
    if (err == RF_OK)
        err = rf_db_begin(store, why);
    return err == RF_OK ? rf_db_finish(store, save(store, what, why), event, why) : err;
}

static enum rf_err forget(struct rf_store *store, const struct rf_store_block *what,
                          struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, what->device[0] != '\0' ? RF_SQL_BLOCKED_REMOVE_DEVICE
                                                             : RF_SQL_BLOCKED_REMOVE);
    bind_what(&q, what);
    enum rf_err err = rf_db_run(&q, why);
    if (err == RF_OK && rf_db_changed(store) == 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "block-unknown",
                          "nothing like that is blocked: `ringfence cert blocked` shows what is");
    return err;
}

enum rf_err rf_store_block_remove(struct rf_store *store, const struct rf_store_block *what,
                                  const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    return err == RF_OK ? rf_db_finish(store, forget(store, what, why), event, why) : err;
}

static void read_block(struct rf_db *q, struct rf_store_block *out)
{
    *out = (struct rf_store_block){.at_s = 0};
    struct rf_rd sha = rf_rd_of(rf_db_get_blob(q));
    q->is_bad |= !rf_rd_copy(&sha, out->sha256, sizeof out->sha256);
    rf_db_get_text(q, out->device, sizeof out->device);
    rf_db_get_text(q, out->reason, sizeof out->reason);
    out->at_s = rf_db_get(q);
}

enum rf_err rf_store_block_list(struct rf_store *store, struct rf_store_blocks *out,
                                struct rf_why *why)
{
    struct rf_store_blocks found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_BLOCKED_LIST);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_BLOCKED_MAX, why);
        if (grown == RF_OK)
            read_block(&q, &found.items[found.n++]);
    }
    enum rf_err err = rf_db_end(&q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = found;
    else
        rf_store_blocks_fini(&found);
    return err;
}

void rf_store_blocks_fini(struct rf_store_blocks *blocks)
{
    rf_free(blocks->items);
    *blocks = (struct rf_store_blocks){0};
}
