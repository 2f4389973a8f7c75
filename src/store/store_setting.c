/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs seen, and small values by key. */
#include "store/store_int.h"

#include <string.h>

static enum rf_err find_proof(struct rf_store *store, const uint8_t sha256[32],
                              struct rf_store_proof *out, struct rf_why *why)
{
    *out = (struct rf_store_proof){0};
    struct rf_db q = rf_db_of(store, RF_SQL_PROOF_FIND);
    rf_db_blob(&q, rf_slice_of(sha256, sizeof out->sha256));
    if (rf_db_row(&q)) {
        memcpy(out->sha256, sha256, sizeof out->sha256);
        rf_db_get_text(&q, out->device, sizeof out->device);
        rf_db_get_text(&q, out->source, sizeof out->source);
        out->op_id = rf_db_get(&q);
        out->first_s = rf_db_get(&q);
        out->last_s = rf_db_get(&q);
        out->count = rf_db_get_u32(&q, UINT32_MAX);
    }
    return rf_db_end(&q, why);
}

static enum rf_err count_proof(struct rf_store *store, const struct rf_store_proof *seen,
                               bool is_new, int64_t now_s, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, is_new ? RF_SQL_PROOF_ADD : RF_SQL_PROOF_COUNT);
    rf_db_blob(&q, rf_slice_of(seen->sha256, sizeof seen->sha256));
    if (is_new) {
        rf_db_text(&q, seen->device);
        rf_db_text(&q, seen->source);
        rf_db_int(&q, seen->op_id);
    }
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_proof_see(struct rf_store *store, const struct rf_store_proof *seen,
                               int64_t now_s, struct rf_store_proof *before, struct rf_why *why)
{
    struct rf_store_proof old;
    enum rf_err err =
        rf_store_check_text(seen->device, sizeof seen->device, true, "device name", why);
    if (err == RF_OK)
        err = rf_store_check_text(seen->source, sizeof seen->source, false, "source", why);
    if (err == RF_OK)
        err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    err = find_proof(store, seen->sha256, &old, why);
    if (err == RF_OK)
        err = count_proof(store, seen, old.count == 0, now_s, why);
    err = rf_db_finish(store, err, NULL, why);
    if (err == RF_OK)
        *before = old;
    return err;
}

enum rf_err rf_store_proof_forget(struct rf_store *store, int64_t before_s, struct rf_why *why)
{
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_PROOF_FORGET);
    rf_db_int(&q, before_s);
    return rf_db_finish(store, rf_db_run(&q, why), NULL, why);
}

enum rf_err rf_store_setting_load(struct rf_store *store, const char *key, struct rf_buf *out,
                                  struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_SETTING_FIND);
    rf_db_text(&q, key);
    bool is_there = rf_db_row(&q);
    enum rf_err added = is_there ? rf_buf_add_slice(out, rf_db_get_blob(&q)) : RF_OK;
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && !is_there)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "setting-unknown", "%s was never saved", key);
    if (err == RF_OK && added != RF_OK)
        return rf_why_set(why, added, "setting-size", "%s does not fit", key);
    return err;
}

enum rf_err rf_store_setting_save(struct rf_store *store, const char *key, struct rf_slice value,
                                  struct rf_why *why)
{
    if (value.len > RF_STORE_SETTING_MAX)
        return rf_why_set(why, RF_ERR_BAD, "store-value", "%s: %zu bytes, %d are the most", key,
                          value.len, RF_STORE_SETTING_MAX);
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_SETTING_SAVE);
    rf_db_text(&q, key);
    rf_db_blob(&q, value);
    return rf_db_finish(store, rf_db_run(&q, why), NULL, why);
}

enum rf_err rf_store_setting_drop(struct rf_store *store, const char *key, struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_SETTING_DROP);
    rf_db_text(&q, key);
    return rf_db_finish(store, rf_db_run(&q, why), NULL, why);
}
