/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that the trust verification service vouches for. */
#include "store/store_int.h"

#include <string.h>

static enum rf_err check_room(struct rf_store *store, struct rf_slice sha256, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_TVS_COUNT);
    rf_db_blob(&q, sha256);
    int64_t others = rf_db_row(&q) ? rf_db_get(&q) : 0;
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && others >= RF_STORE_TVS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "store-full",
                          "%d certificates are the most: withdraw some", RF_STORE_TVS_MAX);
    return err;
}

static enum rf_err save(struct rf_store *store, const struct rf_store_tvs *cert, struct rf_why *why)
{
    struct rf_slice sha256 = rf_slice_of(cert->sha256, sizeof cert->sha256);
    enum rf_err err = check_room(store, sha256, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_TVS_SAVE);
    rf_db_blob(&q, sha256);
    rf_db_int(&q, cert->roles);
    rf_db_int(&q, cert->ttl_s);
    rf_db_int(&q, cert->added_s);
    rf_db_blob(&q, rf_buf_slice(&cert->der));
    return rf_db_run(&q, why);
}

enum rf_err rf_store_tvs_save(struct rf_store *store, const struct rf_store_tvs *cert,
                              const struct rf_store_event *event, struct rf_why *why)
{
    if (cert->roles == 0)
        return rf_why_set(why, RF_ERR_BAD, "store-value", "roles: at least one");
    enum rf_err err = rf_db_begin_quiet(store, why);
    return err == RF_OK ? rf_db_finish(store, save(store, cert, why), event, why) : err;
}

static enum rf_err forget(struct rf_store *store, struct rf_slice sha256, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_TVS_REMOVE);
    rf_db_blob(&q, sha256);
    enum rf_err err = rf_db_run(&q, why);
    if (err == RF_OK && rf_db_changed(store) == 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "tvs-unknown",
                          "no such certificate was added: `ringfence tvs list` shows them");
    return err;
}

enum rf_err rf_store_tvs_remove(struct rf_store *store, const uint8_t sha256[32],
                                const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, forget(store, rf_slice_of(sha256, 32), why), event, why);
}

static void read_cert(struct rf_db *q, struct rf_store_tvs *out)
{
    struct rf_rd sha = rf_rd_of(rf_db_get_blob(q));
    q->is_bad |= !rf_rd_copy(&sha, out->sha256, sizeof out->sha256);
    out->roles = rf_db_get_u32(q, UINT32_MAX);
    out->ttl_s = rf_db_get_u32(q, UINT32_MAX);
    out->added_s = rf_db_get(q);
    out->der = RF_BUF(RF_STORE_DER_MAX);
    q->is_bad |= rf_buf_add_slice(&out->der, rf_db_get_blob(q)) != RF_OK;
}

enum rf_err rf_store_tvs_list(struct rf_store *store, struct rf_store_tvses *out,
                              struct rf_why *why)
{
    struct rf_store_tvses found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_TVS_LIST);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items, RF_STORE_TVS_MAX,
                              why);
        if (grown == RF_OK)
            read_cert(&q, &found.items[found.n++]);
    }
    enum rf_err err = rf_db_end(&q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = found;
    else
        rf_store_tvses_fini(&found);
    return err;
}

void rf_store_tvses_fini(struct rf_store_tvses *list)
{
    for (size_t i = 0; i < list->n; i++)
        rf_buf_fini(&list->items[i].der);
    rf_free(list->items);
    *list = (struct rf_store_tvses){0};
}
