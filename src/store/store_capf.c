/* SPDX-License-Identifier: Apache-2.0 */
/* doc: docs/enrolment.md, "The way of an operation": it is none only after the phone said that
 * it holds the certificate; every step before can be taken again. */
#include "store/store_int.h"

#include "base/faults.h"

#include <string.h>

void rf_store_capfs_fini(struct rf_store_capfs *ops)
{
    rf_free(ops->items);
    *ops = (struct rf_store_capfs){0};
}

enum rf_err rf_store_capf_is_open(const struct rf_store_capf *op, int64_t now_s, struct rf_why *why)
{
    if (op->op == RF_STORE_OP_NONE)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-operation", "%s has no pending operation",
                          op->device);
    if (!rf_fault_skips("capf.expired-window") && op->complete_by_s != 0 &&
        now_s > op->complete_by_s)
        return rf_why_set(why, RF_ERR_DENIED, "expired-window",
                          "the operation for %s was to be completed before", op->device);
    return op->auth == RF_STORE_AUTH_STRING ? rf_store_capf_string_open(op, now_s, why) : RF_OK;
}

enum rf_err rf_store_capf_string_open(const struct rf_store_capf *op, int64_t now_s,
                                      struct rf_why *why)
{
    if (!rf_fault_skips("capf.string-tries") && (op->tries_left == 0 || op->string_hash[0] == '\0'))
        return rf_why_set(why, RF_ERR_DENIED, "string-locked",
                          "%s needs a new authentication string", op->device);
    if (!rf_fault_skips("capf.string-expired") && op->string_expires_s != 0 &&
        now_s > op->string_expires_s)
        return rf_why_set(why, RF_ERR_DENIED, "string-expired",
                          "the authentication string of %s has expired", op->device);
    return RF_OK;
}

static void read_capf(struct rf_db *q, struct rf_store_capf *c)
{
    *c = (struct rf_store_capf){0};
    c->id = rf_db_get(q);
    rf_db_get_text(q, c->device, sizeof c->device);
    c->op = (enum rf_store_op)rf_db_get_u32(q, RF_STORE_OP_FETCH);
    c->asked = (enum rf_store_op)rf_db_get_u32(q, RF_STORE_OP_FETCH);
    c->auth = (enum rf_store_auth)rf_db_get_u32(q, RF_STORE_AUTH_MIC);
    rf_db_get_text(q, c->string_hash, sizeof c->string_hash);
    c->string_expires_s = rf_db_get(q);
    c->tries_left = rf_db_get_u32(q, RF_STORE_STRING_TRIES);
    c->state = (enum rf_store_op_state)rf_db_get_u32(q, RF_STORE_OP_FAILED);
    rf_db_get_text(q, c->reason, sizeof c->reason);
    c->key_type = (enum rf_store_key_type)rf_db_get_u32(q, RF_STORE_KEY_EC);
    c->key_bits = rf_db_get_u32(q, UINT32_MAX);
    c->complete_by_s = rf_db_get(q);
    c->created_uid = rf_db_get(q);
    c->created_s = rf_db_get(q);
    c->changed_s = rf_db_get(q);
    c->rsa_backup_bits = rf_db_get_u32(q, UINT32_MAX);
}

enum rf_err rf_store_capf_find(struct rf_store *store, const char *device,
                               struct rf_store_capf *out, struct rf_why *why)
{
    struct rf_store_capf found = {0};
    struct rf_db q = rf_db_of(store, RF_SQL_CAPF_FIND);
    rf_db_text(&q, device);
    bool is_there = rf_db_row(&q);
    if (is_there)
        read_capf(&q, &found);
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && !is_there)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "op-unknown",
                          "%s never had a certificate operation", device);
    if (err == RF_OK)
        *out = found;
    return err;
}

enum rf_err rf_store_capf_pending(struct rf_store *store, const char *device, int64_t op_id,
                                  struct rf_store_capf *out, struct rf_why *why)
{
    enum rf_err err = rf_store_capf_find(store, device, out, why);
    if (err == RF_OK && (out->id != op_id || out->op == RF_STORE_OP_NONE))
        return rf_why_set(why, RF_ERR_DENIED, "op-ended",
                          "this certificate operation of %s has ended", device);
    return err;
}

enum rf_err rf_store_capf_load(struct rf_store *store, const char *device,
                               struct rf_store_capf *out, struct rf_why *why)
{
    return rf_store_capf_find(store, device, out, why);
}

enum rf_err rf_store_capf_list(struct rf_store *store, struct rf_store_capfs *out,
                               struct rf_why *why)
{
    struct rf_store_capfs found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_CAPF_LIST);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_DEVICES_MAX, why);
        if (grown == RF_OK)
            read_capf(&q, &found.items[found.n++]);
    }
    enum rf_err err = rf_db_end(&q, why);
    if (grown != RF_OK || err != RF_OK) {
        rf_store_capfs_fini(&found);
        return grown != RF_OK ? grown : err;
    }
    *out = found;
    return RF_OK;
}

static enum rf_err drop(struct rf_store *store, const char *device, int64_t now_s,
                        struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CAPF_DROP);
    rf_db_text(&q, device);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

/* A phone that nobody approved gets no certificate, and with it no identity. */
enum rf_err rf_store_capf_approved(struct rf_store *store, const char *device, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_DEVICE_QUARANTINED);
    rf_db_text(&q, device);
    bool is_quarantined = rf_db_row(&q);
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && !rf_fault_skips("store.quarantine-capf") && is_quarantined)
        return rf_why_set(why, RF_ERR_DENIED, "device-quarantined",
                          "%s is in quarantine: approve it first (`ringfence device approve`)",
                          device);
    return err;
}

enum rf_err rf_store_capf_put(struct rf_store *store, const struct rf_store_capf *op, int64_t now_s,
                              int64_t *out_id, struct rf_why *why)
{
    enum rf_err err = rf_store_device_known(store, op->device, why);
    if (err != RF_OK)
        return err;
    if (op->op == RF_STORE_OP_NONE)
        return drop(store, op->device, now_s, why);
    if ((err = rf_store_capf_approved(store, op->device, why)) != RF_OK)
        return err;
    struct rf_db clear = rf_db_of(store, RF_SQL_CAPF_CLEAR);
    rf_db_text(&clear, op->device);
    if ((err = rf_db_run(&clear, why)) != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_CAPF_ADD);
    rf_db_text(&q, op->device);
    rf_db_int(&q, op->op);
    rf_db_int(&q, op->op);
    rf_db_int(&q, op->auth);
    rf_db_text(&q, op->auth != RF_STORE_AUTH_NULL ? op->string_hash : "");
    rf_db_int(&q, op->string_expires_s);
    rf_db_int(&q, op->tries_left);
    rf_db_int(&q, RF_STORE_OP_PENDING);
    rf_db_text(&q, "");
    rf_db_int(&q, op->key_type);
    rf_db_int(&q, op->key_bits);
    rf_db_int(&q, op->complete_by_s);
    rf_db_int(&q, op->created_uid);
    rf_db_int(&q, now_s);
    rf_db_int(&q, now_s);
    if ((err = rf_db_run(&q, why)) != RF_OK)
        return err;
    *out_id = sqlite3_last_insert_rowid(store->db);
    if (op->rsa_backup_bits == 0)
        return RF_OK;
    struct rf_db backup = rf_db_of(store, RF_SQL_CAPF_BACKUP);
    rf_db_int(&backup, *out_id);
    rf_db_int(&backup, op->rsa_backup_bits);
    return rf_db_run(&backup, why);
}

static enum rf_err allow_proof(struct rf_store *store, const struct rf_store_capf *op,
                               struct rf_why *why)
{
    if (!op->allows_proof)
        return RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_PROOF_ALLOW);
    rf_db_text(&q, op->device);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_capf_schedule(struct rf_store *store, const struct rf_store_capf *op,
                                   int64_t now_s, const struct rf_store_event *event,
                                   int64_t *out_id, struct rf_why *why)
{
    enum rf_err err = rf_store_check_text(op->device, sizeof op->device, true, "device name", why);
    if (err == RF_OK)
        err =
            rf_store_check_text(op->string_hash, sizeof op->string_hash, false, "string hash", why);
    if (err == RF_OK && op->op != RF_STORE_OP_NONE && op->auth == RF_STORE_AUTH_STRING &&
        op->string_hash[0] == '\0')
        err = rf_why_set(why, RF_ERR_BAD, "store-value",
                         "an operation by authentication string needs one");
    if (err == RF_OK)
        err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    int64_t id = 0;
    struct rf_store_capf whole = *op;
    whole.tries_left = RF_STORE_STRING_TRIES;
    err = rf_store_capf_put(store, &whole, now_s, &id, why);
    if (err == RF_OK)
        err = allow_proof(store, &whole, why);
    err = rf_db_finish(store, err, event, why);
    rf_wipe(&whole, sizeof whole);
    if (err == RF_OK && out_id != NULL)
        *out_id = id;
    return err;
}

enum rf_err rf_store_capf_no_failure(struct rf_store *store, int64_t op_id, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CAPF_NO_FAILURE);
    rf_db_int(&q, op_id);
    return rf_db_run(&q, why);
}

static enum rf_err note_failure(struct rf_store *store, int64_t op_id, const char *reason,
                                struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CAPF_FAILURE);
    rf_db_int(&q, op_id);
    rf_db_text(&q, reason);
    return rf_db_run(&q, why);
}

static enum rf_err set_state(struct rf_store *store, const struct rf_store_capf *op,
                             enum rf_store_op_state state, const char *reason, uint32_t tries,
                             int64_t now_s, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CAPF_STATE);
    rf_db_int(&q, op->id);
    rf_db_int(&q, state);
    rf_db_text(&q, reason);
    rf_db_int(&q, tries);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_capf_progress(struct rf_store *store, const char *device, int64_t op_id,
                                   int64_t now_s, struct rf_why *why)
{
    struct rf_store_capf op;
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    err = rf_store_capf_pending(store, device, op_id, &op, why);
    if (err == RF_OK)
        err = set_state(store, &op, RF_STORE_OP_IN_PROGRESS, "", op.tries_left, now_s, why);
    if (err == RF_OK)
        err = rf_store_capf_no_failure(store, op_id, why);
    return rf_db_finish(store, err, NULL, why);
}

static enum rf_err fail(struct rf_store *store, const char *device, int64_t op_id,
                        const char *reason, enum rf_store_failure failure, int64_t now_s,
                        uint32_t *left, struct rf_why *why)
{
    struct rf_store_capf op;
    bool costs_try = failure == RF_STORE_FAILURE_TRY;
    bool is_proved = failure == RF_STORE_FAILURE_PROVED || rf_fault_skips("store.unproved-failure");
    enum rf_err err = rf_store_capf_pending(store, device, op_id, &op, why);
    if (err != RF_OK)
        return err;
    *left = op.tries_left;
    if (costs_try && *left == 0)
        return rf_why_set(why, RF_ERR_DENIED, "op-locked", "%s has no try left", device);
    if (costs_try)
        (*left)--;
    err = set_state(store, &op, RF_STORE_OP_FAILED, reason, *left, now_s, why);
    return err == RF_OK && is_proved ? note_failure(store, op_id, reason, why) : err;
}

enum rf_err rf_store_capf_fail(struct rf_store *store, const char *device, int64_t op_id,
                               const char *reason, enum rf_store_failure failure, int64_t now_s,
                               const struct rf_store_event *event, uint32_t *tries_left,
                               struct rf_why *why)
{
    uint32_t left = 0;
    enum rf_err err = rf_store_check_text(reason, RF_WHY_CODE_MAX, true, "reason", why);
    if (err == RF_OK)
        err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    err = rf_db_finish(store, fail(store, device, op_id, reason, failure, now_s, &left, why), event,
                       why);
    if (err == RF_OK && tries_left != NULL)
        *tries_left = left;
    return err;
}

enum rf_err rf_store_capf_end(struct rf_store *store, int64_t op_id, int64_t now_s,
                              struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CAPF_END);
    rf_db_int(&q, op_id);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

static enum rf_err done(struct rf_store *store, const char *device, int64_t op_id, int64_t now_s,
                        struct rf_why *why)
{
    struct rf_store_capf op;
    enum rf_err err = rf_store_capf_pending(store, device, op_id, &op, why);
    if (err == RF_OK && op.op == RF_STORE_OP_INSTALL)
        return rf_why_set(why, RF_ERR_DENIED, "op-kind",
                          "an installation ends by its certificate's confirmation");
    if (err == RF_OK && op.op == RF_STORE_OP_DELETE) {
        struct rf_db q = rf_db_of(store, RF_SQL_CERT_REVOKE_LSCS);
        rf_db_text(&q, device);
        rf_db_int(&q, now_s);
        err = rf_db_run(&q, why);
    }
    return err == RF_OK ? rf_store_capf_end(store, op_id, now_s, why) : err;
}

enum rf_err rf_store_capf_done(struct rf_store *store, const char *device, int64_t op_id,
                               int64_t now_s, const struct rf_store_event *event,
                               struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, done(store, device, op_id, now_s, why), event, why);
}
