/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_int.h"

#include <string.h>

#define FINGERPRINT 32

void rf_store_cert_fini(struct rf_store_cert *cert)
{
    rf_buf_fini(&cert->der);
    *cert = (struct rf_store_cert){0};
}

void rf_store_certs_fini(struct rf_store_certs *certs)
{
    for (size_t i = 0; i < certs->n; i++)
        rf_store_cert_fini(&certs->items[i]);
    rf_free(certs->items);
    *certs = (struct rf_store_certs){0};
}

/* On failure what was read so far is in `c` and wants _fini. */
static enum rf_err read_cert(struct rf_db *q, struct rf_store_cert *c, struct rf_why *why)
{
    *c = (struct rf_store_cert){.der = RF_BUF(RF_STORE_DER_MAX)};
    c->id = rf_db_get(q);
    rf_db_get_text(q, c->device, sizeof c->device);
    c->kind = (enum rf_store_cert_kind)rf_db_get_u32(q, RF_STORE_MIC);
    struct rf_slice fp = rf_db_get_blob(q);
    if (fp.len == sizeof c->sha256)
        memcpy(c->sha256, fp.p, sizeof c->sha256);
    else
        q->is_bad = true;
    rf_db_get_text(q, c->serial, sizeof c->serial);
    rf_db_get_text(q, c->subject, sizeof c->subject);
    rf_db_get_text(q, c->issuer, sizeof c->issuer);
    c->not_before_s = rf_db_get(q);
    c->not_after_s = rf_db_get(q);
    enum rf_err err = rf_buf_add_slice(&c->der, rf_db_get_blob(q));
    c->state = (enum rf_store_cert_state)rf_db_get_u32(q, RF_STORE_CERT_REVOKED);
    c->op_id = rf_db_get(q);
    c->issued_s = rf_db_get(q);
    c->confirmed_s = rf_db_get(q);
    c->ended_s = rf_db_get(q);
    if (err != RF_OK)
        return rf_why_set(why, err, "store-corrupt", "database: certificate of %s is too long",
                          c->device);
    return RF_OK;
}

/* *is_there false: no such certificate, and `out` is empty. */
static enum rf_err find(struct rf_store *store, const uint8_t sha256[FINGERPRINT],
                        struct rf_store_cert *out, bool *is_there, struct rf_why *why)
{
    struct rf_store_cert found = {0};
    enum rf_err err = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_CERT_FIND);
    rf_db_blob(&q, rf_slice_of(sha256, FINGERPRINT));
    *is_there = rf_db_row(&q);
    if (*is_there)
        err = read_cert(&q, &found, why);
    enum rf_err ended = rf_db_end(&q, why);
    if (err == RF_OK)
        err = ended;
    if (err != RF_OK || !*is_there)
        rf_store_cert_fini(&found);
    *out = found;
    return err;
}

static enum rf_err unknown(struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_NOT_FOUND, "cert-unknown", "this certificate is not known here");
}

enum rf_err rf_store_cert_load(struct rf_store *store, const uint8_t sha256[FINGERPRINT],
                               struct rf_store_cert *out, struct rf_why *why)
{
    bool is_there;
    struct rf_store_cert found;
    enum rf_err err = find(store, sha256, &found, &is_there, why);
    if (err != RF_OK)
        return err;
    if (!is_there)
        return unknown(why);
    *out = found;
    return RF_OK;
}

enum rf_err rf_store_cert_list(struct rf_store *store, const char *device,
                               struct rf_store_certs *out, struct rf_why *why)
{
    struct rf_store_certs found = {0};
    enum rf_err err = RF_OK;
    size_t limit = device != NULL ? RF_STORE_CERTS_MAX : (size_t)RF_STORE_DEVICES_MAX * 4;
    struct rf_db q = rf_db_of(store, device != NULL ? RF_SQL_CERT_LIST : RF_SQL_CERT_ALL);
    if (device != NULL) {
        rf_db_text(&q, device);
        rf_db_int(&q, RF_STORE_CERTS_MAX);
    }
    while (err == RF_OK && rf_db_row(&q)) {
        err = rf_store_grow((void **)&found.items, found.n, sizeof *found.items, limit, why);
        if (err == RF_OK)
            err = read_cert(&q, &found.items[found.n++], why);
    }
    enum rf_err ended = rf_db_end(&q, why);
    if (err == RF_OK)
        err = ended;
    if (err != RF_OK) {
        rf_store_certs_fini(&found);
        return err;
    }
    *out = found;
    return RF_OK;
}

static enum rf_err check_cert(const struct rf_store_cert *c, struct rf_why *why)
{
    enum rf_err err;
    if ((err = rf_store_check_text(c->device, sizeof c->device, true, "device name", why)) !=
            RF_OK ||
        (err = rf_store_check_text(c->serial, sizeof c->serial, true, "serial", why)) != RF_OK ||
        (err = rf_store_check_text(c->subject, sizeof c->subject, false, "subject", why)) !=
            RF_OK ||
        (err = rf_store_check_text(c->issuer, sizeof c->issuer, false, "issuer", why)) != RF_OK)
        return err;
    if (c->der.len == 0 || c->der.len > RF_STORE_DER_MAX)
        return rf_why_set(why, RF_ERR_BAD, "store-value", "certificate of %zu bytes", c->der.len);
    return RF_OK;
}

static enum rf_err add(struct rf_store *store, const struct rf_store_cert *c,
                       enum rf_store_cert_kind kind, enum rf_store_cert_state state, int64_t op_id,
                       int64_t now_s, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CERT_ADD);
    rf_db_text(&q, c->device);
    rf_db_int(&q, kind);
    rf_db_blob(&q, rf_slice_of(c->sha256, FINGERPRINT));
    rf_db_text(&q, c->serial);
    rf_db_text(&q, c->subject);
    rf_db_text(&q, c->issuer);
    rf_db_int(&q, c->not_before_s);
    rf_db_int(&q, c->not_after_s);
    rf_db_blob(&q, rf_buf_slice(&c->der));
    rf_db_int(&q, state);
    rf_db_int(&q, op_id);
    rf_db_int(&q, now_s);
    rf_db_int(&q, state == RF_STORE_CERT_CONFIRMED ? now_s : 0);
    return rf_db_run(&q, why);
}

static enum rf_err issue(struct rf_store *store, int64_t op_id, const struct rf_store_cert *cert,
                         int64_t now_s, struct rf_why *why)
{
    struct rf_store_capf op;
    struct rf_store_cert old = {0};
    bool is_there = false;
    enum rf_err err = rf_store_capf_pending(store, cert->device, op_id, &op, why);
    if (err == RF_OK && op.op != RF_STORE_OP_INSTALL)
        err = rf_why_set(why, RF_ERR_DENIED, "op-kind", "%s has no installation pending",
                         cert->device);
    if (err == RF_OK)
        err = find(store, cert->sha256, &old, &is_there, why);
    rf_store_cert_fini(&old);
    if (err == RF_OK && is_there)
        err = rf_why_set(why, RF_ERR_EXISTS, "cert-exists", "this certificate was issued before");
    if (err != RF_OK)
        return err;
    return add(store, cert, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED, op_id, now_s, why);
}

enum rf_err rf_store_capf_issue(struct rf_store *store, int64_t op_id,
                                const struct rf_store_cert *cert, int64_t now_s,
                                const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = check_cert(cert, why);
    if (err == RF_OK)
        err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, issue(store, op_id, cert, now_s, why), event, why);
}

/* The operation that made it ends, if it is the pending one still. */
static enum rf_err end_operation(struct rf_store *store, const struct rf_store_cert *cert,
                                 int64_t now_s, struct rf_why *why)
{
    struct rf_store_capf op;
    struct rf_why none = {0};
    enum rf_err err = rf_store_capf_pending(store, cert->device, cert->op_id, &op, &none);
    if (err == RF_ERR_NOT_FOUND || err == RF_ERR_DENIED)
        return RF_OK;
    if (err != RF_OK)
        return rf_why_set(why, err, none.code, "%s", none.text);
    return rf_store_capf_end(store, cert->op_id, now_s, why);
}

static enum rf_err confirm(struct rf_store *store, const struct rf_store_cert *cert, int64_t now_s,
                           struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CERT_CONFIRM);
    rf_db_int(&q, cert->id);
    rf_db_int(&q, now_s);
    enum rf_err err = rf_db_run(&q, why);
    if (err != RF_OK)
        return err;
    struct rf_db older = rf_db_of(store, RF_SQL_CERT_SUPERSEDE);
    rf_db_text(&older, cert->device);
    rf_db_int(&older, cert->id);
    rf_db_int(&older, now_s);
    if ((err = rf_db_run(&older, why)) != RF_OK)
        return err;
    struct rf_db asked = rf_db_of(store, RF_SQL_REQUEST_DONE);
    rf_db_text(&asked, cert->device);
    rf_db_blob(&asked, rf_slice_of(cert->sha256, FINGERPRINT));
    err = rf_db_run(&asked, why);
    return err == RF_OK ? end_operation(store, cert, now_s, why) : err;
}

enum rf_err rf_store_capf_confirm(struct rf_store *store, const char *device,
                                  const uint8_t sha256[FINGERPRINT], int64_t now_s,
                                  const struct rf_store_event *event, struct rf_why *why)
{
    bool is_there;
    RF_AUTO(rf_store_cert_fini) struct rf_store_cert cert = {0};
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    err = find(store, sha256, &cert, &is_there, why);
    if (err == RF_OK &&
        (!is_there || cert.kind != RF_STORE_LSC || strcmp(cert.device, device) != 0))
        err = unknown(why);
    else if (err == RF_OK && cert.state == RF_STORE_CERT_CONFIRMED)
        event = NULL; /* said before: nothing happens */
    else if (err == RF_OK && cert.state != RF_STORE_CERT_UNCONFIRMED)
        err = rf_why_set(why, RF_ERR_DENIED, "cert-state", "the certificate of %s is %s", device,
                         rf_store_cert_state_name(cert.state));
    else if (err == RF_OK)
        err = confirm(store, &cert, now_s, why);
    return rf_db_finish(store, err, event, why);
}

static enum rf_err become_lsc(struct rf_store *store, int64_t id, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_CERT_BECOME_LSC);
    rf_db_int(&q, id);
    return rf_db_run(&q, why);
}

static enum rf_err note(struct rf_store *store, const struct rf_store_cert *cert,
                        enum rf_store_cert_kind kind, int64_t now_s, struct rf_why *why)
{
    bool is_there;
    RF_AUTO(rf_store_cert_fini) struct rf_store_cert old = {0};
    enum rf_err err = find(store, cert->sha256, &old, &is_there, why);
    if (err != RF_OK)
        return err;
    if (!is_there)
        return add(store, cert, kind, RF_STORE_CERT_CONFIRMED, 0, now_s, why);
    if ((old.kind != kind && kind == RF_STORE_MIC) || strcmp(old.device, cert->device) != 0)
        return rf_why_set(why, RF_ERR_EXISTS, "cert-exists",
                          "this certificate is known as the %s of %s",
                          rf_store_cert_kind_name(old.kind), old.device);
    return old.kind == kind ? RF_OK : become_lsc(store, old.id, why);
}

static enum rf_err note_as(struct rf_store *store, const struct rf_store_cert *cert,
                           enum rf_store_cert_kind kind, int64_t now_s, struct rf_why *why)
{
    enum rf_err err = check_cert(cert, why);
    if (err == RF_OK)
        err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, note(store, cert, kind, now_s, why), NULL, why);
}

enum rf_err rf_store_mic_note(struct rf_store *store, const struct rf_store_cert *cert,
                              int64_t now_s, struct rf_why *why)
{
    return note_as(store, cert, RF_STORE_MIC, now_s, why);
}

enum rf_err rf_store_lsc_note(struct rf_store *store, const struct rf_store_cert *cert,
                              int64_t now_s, struct rf_why *why)
{
    return note_as(store, cert, RF_STORE_LSC, now_s, why);
}

static enum rf_err revoke(struct rf_store *store, const uint8_t sha256[FINGERPRINT], int64_t now_s,
                          struct rf_why *why)
{
    bool is_there;
    RF_AUTO(rf_store_cert_fini) struct rf_store_cert cert = {0};
    enum rf_err err = find(store, sha256, &cert, &is_there, why);
    if (err != RF_OK)
        return err;
    if (!is_there)
        return unknown(why);
    if (cert.state == RF_STORE_CERT_REVOKED)
        return rf_why_set(why, RF_ERR_DENIED, "cert-state", "the certificate is revoked already");
    struct rf_db q = rf_db_of(store, RF_SQL_CERT_REVOKE);
    rf_db_int(&q, cert.id);
    rf_db_int(&q, now_s);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_cert_revoke(struct rf_store *store, const uint8_t sha256[FINGERPRINT],
                                 int64_t now_s, const struct rf_store_event *event,
                                 struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, revoke(store, sha256, now_s, why), event, why);
}
