/* SPDX-License-Identifier: Apache-2.0 */
/* Devices whose expired MIC counts at CAPF for a while. doc: docs/mic-expiry.md */
#include "store/store_int.h"

void rf_store_mic_allows_fini(struct rf_store_mic_allows *allows)
{
    rf_free(allows->items);
    *allows = (struct rf_store_mic_allows){0};
}

static enum rf_err save(struct rf_store *store, const struct rf_store_mic_allow *allow,
                        struct rf_why *why)
{
    enum rf_err err = rf_store_device_known(store, allow->device, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_MIC_ALLOW_SAVE);
    rf_db_text(&q, allow->device);
    rf_db_int(&q, allow->until_s);
    rf_db_int(&q, allow->added_s);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_mic_allow_save(struct rf_store *store, const struct rf_store_mic_allow *allow,
                                    const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    return err == RF_OK ? rf_db_finish(store, save(store, allow, why), event, why) : err;
}

static enum rf_err forget(struct rf_store *store, const char *device, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_MIC_ALLOW_REMOVE);
    rf_db_text(&q, device);
    enum rf_err err = rf_db_run(&q, why);
    if (err == RF_OK && rf_db_changed(store) == 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "mic-not-listed",
                          "%s is not listed: `ringfence mic allowed` shows who is", device);
    return err;
}

enum rf_err rf_store_mic_allow_remove(struct rf_store *store, const char *device,
                                      const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    return err == RF_OK ? rf_db_finish(store, forget(store, device, why), event, why) : err;
}

enum rf_err rf_store_mic_allow_list(struct rf_store *store, struct rf_store_mic_allows *out,
                                    struct rf_why *why)
{
    struct rf_store_mic_allows found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_MIC_ALLOW_LIST);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_DEVICES_MAX, why);
        if (grown != RF_OK)
            break;
        struct rf_store_mic_allow *one = &found.items[found.n++];
        *one = (struct rf_store_mic_allow){0};
        rf_db_get_text(&q, one->device, sizeof one->device);
        one->until_s = rf_db_get(&q);
        one->added_s = rf_db_get(&q);
    }
    enum rf_err err = rf_db_end(&q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = found;
    else
        rf_store_mic_allows_fini(&found);
    return err;
}

enum rf_err rf_store_mic_allow_until(struct rf_store *store, const char *device, int64_t *until_s,
                                     struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_MIC_ALLOW_UNTIL);
    rf_db_text(&q, device);
    int64_t until = rf_db_row(&q) ? rf_db_get(&q) : 0;
    enum rf_err err = rf_db_end(&q, why);
    *until_s = err == RF_OK ? until : 0;
    return err;
}
