/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that another CA is asked for. A row is written before the CA is asked and goes when
 * the phone has confirmed, so that whatever ends meanwhile, one key gets one certificate.
 * doc: docs/issuers.md */
#include "store/store_request.h"
#include "store/store_int.h"

#include "base/faults.h"

#include <string.h>

#define FINGERPRINT 32

void rf_store_request_fini(struct rf_store_request *r)
{
    rf_buf_fini(&r->spki);
    rf_buf_fini(&r->der);
    *r = (struct rf_store_request){0};
}

void rf_store_requests_fini(struct rf_store_requests *all)
{
    for (size_t i = 0; i < all->n; i++)
        rf_store_request_fini(&all->items[i]);
    rf_free(all->items);
    *all = (struct rf_store_requests){0};
}

const char *rf_store_request_state_name(enum rf_store_request_state state)
{
    switch (state) {
    case RF_STORE_REQUEST_WAITING:
        return "waiting";
    case RF_STORE_REQUEST_SENT:
        return "sent";
    case RF_STORE_REQUEST_MADE:
        return "made";
    }
    return "?";
}

static enum rf_err unknown(struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_NOT_FOUND, "request-unknown",
                      "no request waits for a certificate of this key: the phone made another one "
                      "since, has its certificate, or the request was dropped");
}

/* On failure what was read so far is in `r` and wants _fini. */
static enum rf_err read_request(struct rf_db *q, struct rf_store_request *r, struct rf_why *why)
{
    *r = (struct rf_store_request){.spki = RF_BUF(RF_STORE_DER_MAX),
                                   .der = RF_BUF(RF_STORE_DER_MAX)};
    r->id = rf_db_get(q);
    rf_db_get_text(q, r->device, sizeof r->device);
    r->op_id = rf_db_get(q);
    struct rf_slice key = rf_db_get_blob(q);
    if (key.len == sizeof r->key_sha256)
        memcpy(r->key_sha256, key.p, sizeof r->key_sha256);
    else
        q->is_bad = true;
    enum rf_err err = rf_buf_add_slice(&r->spki, rf_db_get_blob(q));
    rf_db_get_text(q, r->cn, sizeof r->cn);
    r->state = (enum rf_store_request_state)rf_db_get_u32(q, RF_STORE_REQUEST_MADE);
    r->tries = rf_db_get_u32(q, UINT32_MAX);
    r->failures = rf_db_get_u32(q, UINT32_MAX);
    r->next_s = rf_db_get(q);
    rf_db_get_text(q, r->reason, sizeof r->reason);
    if (err == RF_OK)
        err = rf_buf_add_slice(&r->der, rf_db_get_blob(q));
    else
        (void)rf_db_get_blob(q);
    r->created_s = rf_db_get(q);
    r->changed_s = rf_db_get(q);
    r->is_stale = rf_db_get(q) != 0;
    if (err != RF_OK)
        return rf_why_set(why, err, "store-corrupt", "database: request of %s is too long",
                          r->device);
    return RF_OK;
}

/* *is_there false: none, and `out` is empty. Takes a bound query. */
static enum rf_err take_one(struct rf_db *q, struct rf_store_request *out, bool *is_there,
                            struct rf_why *why)
{
    struct rf_store_request found = {0};
    enum rf_err err = RF_OK;
    *is_there = rf_db_row(q);
    if (*is_there)
        err = read_request(q, &found, why);
    enum rf_err ended = rf_db_end(q, why);
    if (err == RF_OK)
        err = ended;
    if (err != RF_OK || !*is_there)
        rf_store_request_fini(&found);
    *out = found;
    return err;
}

static enum rf_err find_device(struct rf_store *store, const char *device,
                               struct rf_store_request *out, bool *is_there, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_REQUEST_FIND);
    rf_db_text(&q, device);
    return take_one(&q, out, is_there, why);
}

static enum rf_err find_key(struct rf_store *store, const uint8_t key_sha256[FINGERPRINT],
                            struct rf_store_request *out, bool *is_there, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_REQUEST_BY_KEY);
    rf_db_blob(&q, rf_slice_of(key_sha256, FINGERPRINT));
    return take_one(&q, out, is_there, why);
}

/* ---- a key comes ---- */

static enum rf_err check_not_shared(struct rf_store *store, const struct rf_store_request *r,
                                    struct rf_why *why)
{
    bool is_there = false;
    RF_AUTO(rf_store_request_fini) struct rf_store_request other = {0};
    enum rf_err err = find_key(store, r->key_sha256, &other, &is_there, why);
    if (err == RF_OK && is_there && strcmp(other.device, r->device) != 0)
        return rf_why_set(why, RF_ERR_DENIED, "key-shared", "%s has made the same key as %s",
                          r->device, other.device);
    return err;
}

static enum rf_err drop(struct rf_store *store, const char *device, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_REQUEST_DROP);
    rf_db_text(&q, device);
    return rf_db_run(&q, why);
}

static enum rf_err add(struct rf_store *store, const struct rf_store_request *r, int64_t now_s,
                       struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_REQUEST_ADD);
    rf_db_text(&q, r->device);
    rf_db_int(&q, r->op_id);
    rf_db_blob(&q, rf_slice_of(r->key_sha256, FINGERPRINT));
    rf_db_blob(&q, rf_buf_slice(&r->spki));
    rf_db_text(&q, r->cn);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

static enum rf_err go_on(struct rf_store *store, const struct rf_store_request *r, int64_t now_s,
                         struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_REQUEST_AGAIN);
    rf_db_text(&q, r->device);
    rf_db_int(&q, r->op_id);
    rf_db_text(&q, r->cn);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

static enum rf_err put(struct rf_store *store, const struct rf_store_request *r, int64_t now_s,
                       struct rf_store_request *out, bool *dropped, struct rf_why *why)
{
    struct rf_store_capf op;
    bool is_there = false;
    RF_AUTO(rf_store_request_fini) struct rf_store_request old = {0};
    enum rf_err err = rf_store_capf_pending(store, r->device, r->op_id, &op, why);
    if (err == RF_OK)
        err = check_not_shared(store, r, why);
    if (err == RF_OK)
        err = find_device(store, r->device, &old, &is_there, why);
    if (err != RF_OK)
        return err;
    bool is_same = is_there && rf_slice_eq(rf_slice_of(old.key_sha256, FINGERPRINT),
                                           rf_slice_of(r->key_sha256, FINGERPRINT));
    *dropped = is_there && !is_same;
    if (*dropped)
        err = drop(store, r->device, why);
    if (err == RF_OK)
        err = is_same ? go_on(store, r, now_s, why) : add(store, r, now_s, why);
    return err == RF_OK ? find_device(store, r->device, out, &is_there, why) : err;
}

enum rf_err rf_store_request_put(struct rf_store *store, const struct rf_store_request *r,
                                 int64_t now_s, struct rf_store_request *out, bool *dropped,
                                 struct rf_why *why)
{
    struct rf_store_request found = {0};
    bool has_dropped = false;
    enum rf_err err = rf_store_check_text(r->device, sizeof r->device, true, "device name", why);
    if (err == RF_OK)
        err = rf_store_check_text(r->cn, sizeof r->cn, true, "common name", why);
    if (err == RF_OK)
        err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    err = rf_db_finish(store, put(store, r, now_s, &found, &has_dropped, why), NULL, why);
    if (err != RF_OK) {
        rf_store_request_fini(&found);
        return err;
    }
    *out = found;
    *dropped = has_dropped;
    return RF_OK;
}

/* ---- what becomes of it ---- */

enum rf_err rf_store_request_sent(struct rf_store *store, int64_t id, int64_t now_s,
                                  struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_REQUEST_SENT);
    rf_db_int(&q, id);
    rf_db_int(&q, now_s);
    enum rf_err err = rf_db_run(&q, why);
    return err == RF_OK && rf_db_changed(store) == 0 ? unknown(why) : err;
}

enum rf_err rf_store_request_failed(struct rf_store *store, const uint8_t key_sha256[FINGERPRINT],
                                    uint32_t failures, int64_t next_s, const char *reason,
                                    int64_t now_s, struct rf_why *why)
{
    enum rf_err err = rf_store_check_text(reason, RF_WHY_CODE_MAX, true, "reason", why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_REQUEST_FAILED);
    rf_db_blob(&q, rf_slice_of(key_sha256, FINGERPRINT));
    rf_db_int(&q, failures);
    rf_db_int(&q, next_s);
    rf_db_text(&q, reason);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

static enum rf_err made(struct rf_store *store, const uint8_t key_sha256[FINGERPRINT],
                        struct rf_slice cert_sha256, struct rf_slice der, int64_t now_s,
                        bool *is_new, struct rf_why *why)
{
    bool is_there = false;
    RF_AUTO(rf_store_request_fini) struct rf_store_request r = {0};
    enum rf_err err = find_key(store, key_sha256, &r, &is_there, why);
    if (err == RF_OK && !is_there)
        return unknown(why);
    *is_new = r.state != RF_STORE_REQUEST_MADE;
    if (err == RF_OK && !*is_new && rf_slice_eq(rf_buf_slice(&r.der), der))
        return RF_OK;
    if (err == RF_OK && !*is_new && !rf_fault_skips("store.request-once"))
        return rf_why_set(why, RF_ERR_EXISTS, "request-made",
                          "there is a certificate for this key of %s already: one is enough",
                          r.device);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_REQUEST_MADE);
    rf_db_int(&q, r.id);
    rf_db_blob(&q, cert_sha256);
    rf_db_blob(&q, der);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_request_made(struct rf_store *store, const uint8_t key_sha256[FINGERPRINT],
                                  const uint8_t cert_sha256[FINGERPRINT], struct rf_slice der,
                                  int64_t now_s, const struct rf_store_event *event,
                                  struct rf_why *why)
{
    bool is_new = false;
    if (der.len == 0 || der.len > RF_STORE_DER_MAX)
        return rf_why_set(why, RF_ERR_BAD, "store-value", "certificate of %zu bytes", der.len);
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    err = made(store, key_sha256, rf_slice_of(cert_sha256, FINGERPRINT), der, now_s, &is_new, why);
    return rf_db_finish(store, err, is_new ? event : NULL, why);
}

enum rf_err rf_store_request_unmade(struct rf_store *store, int64_t id, int64_t now_s,
                                    struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_REQUEST_UNMADE);
    rf_db_int(&q, id);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

/* ---- looking ---- */

enum rf_err rf_store_request_load(struct rf_store *store, const uint8_t key_sha256[FINGERPRINT],
                                  struct rf_store_request *out, struct rf_why *why)
{
    bool is_there = false;
    struct rf_store_request found = {0};
    enum rf_err err = find_key(store, key_sha256, &found, &is_there, why);
    if (err != RF_OK || !is_there)
        return err != RF_OK ? err : unknown(why);
    *out = found;
    return RF_OK;
}

enum rf_err rf_store_request_list(struct rf_store *store, struct rf_store_requests *out,
                                  struct rf_why *why)
{
    struct rf_store_requests found = {0};
    enum rf_err err = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_REQUEST_LIST);
    while (err == RF_OK && rf_db_row(&q)) {
        err = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                            RF_STORE_DEVICES_MAX, why);
        if (err == RF_OK)
            err = read_request(&q, &found.items[found.n++], why);
    }
    enum rf_err ended = rf_db_end(&q, why);
    if (err == RF_OK)
        err = ended;
    if (err != RF_OK) {
        rf_store_requests_fini(&found);
        return err;
    }
    *out = found;
    return RF_OK;
}

enum rf_err rf_store_request_drop(struct rf_store *store, const char *device,
                                  const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    err = drop(store, device, why);
    if (err == RF_OK && rf_db_changed(store) == 0)
        err = rf_why_set(why, RF_ERR_NOT_FOUND, "request-unknown",
                         "%s has no request at a CA: `ringfence capf requests` shows them", device);
    return rf_db_finish(store, err, event, why);
}

/* ---- the operation ---- */

static enum rf_err wait_on(struct rf_store *store, const char *device, int64_t op_id,
                           const char *reason, int64_t now_s, struct rf_why *why)
{
    struct rf_store_capf op;
    enum rf_err err = rf_store_capf_pending(store, device, op_id, &op, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_CAPF_WAIT);
    rf_db_int(&q, op_id);
    rf_db_text(&q, reason);
    rf_db_int(&q, now_s);
    err = rf_db_run(&q, why);
    return err == RF_OK ? rf_store_capf_no_failure(store, op_id, why) : err;
}

enum rf_err rf_store_capf_wait(struct rf_store *store, const char *device, int64_t op_id,
                               const char *reason, int64_t now_s,
                               const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = rf_store_check_text(reason, RF_WHY_CODE_MAX, true, "reason", why);
    if (err == RF_OK)
        err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, wait_on(store, device, op_id, reason, now_s, why), event, why);
}

static enum rf_err issue_again(struct rf_store *store, const char *device, int64_t op_id,
                               const uint8_t sha256[FINGERPRINT], struct rf_why *why)
{
    struct rf_store_capf op;
    enum rf_err err = rf_store_capf_pending(store, device, op_id, &op, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_CERT_FOR_OP);
    rf_db_text(&q, device);
    rf_db_blob(&q, rf_slice_of(sha256, FINGERPRINT));
    rf_db_int(&q, op_id);
    err = rf_db_run(&q, why);
    if (err == RF_OK && rf_db_changed(store) == 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "cert-unknown",
                          "this certificate of %s does not wait to be confirmed", device);
    return err;
}

enum rf_err rf_store_capf_issue_again(struct rf_store *store, const char *device, int64_t op_id,
                                      const uint8_t sha256[FINGERPRINT], struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, issue_again(store, device, op_id, sha256, why), NULL, why);
}
