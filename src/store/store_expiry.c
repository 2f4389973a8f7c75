/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of devices by their dates, and which of their ends were told. */
#include "store/store_int.h"

#define ENDINGS_MAX ((size_t)RF_STORE_DEVICES_MAX * 4)
#define SAIDS_MAX   (ENDINGS_MAX * 2)

static void get_sha256(struct rf_db *q, uint8_t out[32])
{
    struct rf_rd sha = rf_rd_of(rf_db_get_blob(q));
    q->is_bad |= !rf_rd_copy(&sha, out, 32);
}

static void read_ending(struct rf_db *q, struct rf_store_ending *out)
{
    *out = (struct rf_store_ending){.kind = RF_STORE_LSC};
    rf_db_get_text(q, out->device, sizeof out->device);
    out->kind = (enum rf_store_cert_kind)rf_db_get_u32(q, RF_STORE_MIC);
    get_sha256(q, out->sha256);
    out->not_before_s = rf_db_get(q);
    out->not_after_s = rf_db_get(q);
}

enum rf_err rf_store_ending_list(struct rf_store *store, int64_t before_s,
                                 struct rf_store_endings *out, struct rf_why *why)
{
    struct rf_store_endings found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_ENDING_LIST);
    rf_db_int(&q, before_s);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown =
            rf_store_grow((void **)&found.items, found.n, sizeof *found.items, ENDINGS_MAX, why);
        if (grown == RF_OK)
            read_ending(&q, &found.items[found.n++]);
    }
    enum rf_err err = rf_db_end(&q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = found;
    else
        rf_store_endings_fini(&found);
    return err;
}

void rf_store_endings_fini(struct rf_store_endings *endings)
{
    rf_free(endings->items);
    *endings = (struct rf_store_endings){0};
}

enum rf_err rf_store_said_list(struct rf_store *store, struct rf_store_saids *out,
                               struct rf_why *why)
{
    struct rf_store_saids found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_SAID_LIST);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items, SAIDS_MAX, why);
        if (grown == RF_OK) {
            get_sha256(&q, found.items[found.n].sha256);
            found.items[found.n++].days = rf_db_get_u32(&q, 180);
        }
    }
    enum rf_err err = rf_db_end(&q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = found;
    else
        rf_store_saids_fini(&found);
    return err;
}

void rf_store_saids_fini(struct rf_store_saids *saids)
{
    rf_free(saids->items);
    *saids = (struct rf_store_saids){0};
}

static enum rf_err say(struct rf_store *store, const struct rf_store_said *said,
                       const struct rf_store_event *event, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_SAID_SAVE);
    rf_db_blob(&q, rf_slice_of(said->sha256, sizeof said->sha256));
    rf_db_int(&q, said->days);
    enum rf_err err = rf_db_run(&q, why);
    return err == RF_OK ? rf_store_event_put(store, event, why) : err;
}

static enum rf_err forget(struct rf_store *store, const struct rf_store_said *said,
                          struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_SAID_FORGET);
    rf_db_blob(&q, rf_slice_of(said->sha256, sizeof said->sha256));
    return rf_db_run(&q, why);
}

enum rf_err rf_store_said_save(struct rf_store *store, const struct rf_store_saids *said,
                               const struct rf_store_event *events,
                               const struct rf_store_saids *gone, struct rf_why *why)
{
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    for (size_t i = 0; i < said->n && err == RF_OK; i++)
        err = say(store, &said->items[i], &events[i], why);
    for (size_t i = 0; i < gone->n && err == RF_OK; i++)
        err = forget(store, &gone->items[i], why);
    return rf_db_finish(store, err, NULL, why);
}
