/* SPDX-License-Identifier: Apache-2.0 */
/* How a session that failed is written down, and small things every part of a case needs. */
#include "service/capf/capf_int.h"

#include "base/faults.h"
#include "base/metrics.h"
#include "base/text.h"
#include "trust/key.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void capf_case_forget_auth(struct capf_case *c)
{
    rf_buf_wipe(&c->frame);
    c->auth = (struct rf_capf_msg){0};
}

void capf_case_free(struct capf_case *c)
{
    if (c == NULL)
        return;
    capf_case_forget_auth(c);
    rf_store_certs_fini(&c->certs);
    rf_buf_fini(&c->given);
    rf_cert_unref(c->shown);
    rf_store_cert_fini(&c->lsc);
    rf_cert_unref(c->lsc_issuer);
    rf_anchors_unref(c->anchors);
    rf_anchors_unref(c->listed);
    rf_anchors_unref(c->cas);
    rf_wipe(&c->op, sizeof c->op); /* the hash of the string is nobody's business either */
    rf_free(c);
}

int capf_refuse(struct capf_case *c, enum capf_record record, int reason, const char *code,
                const char *fmt, ...)
{
    if (c->end.code[0] != '\0')
        return CAPF_EV_REFUSED;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->end.text, sizeof c->end.text, fmt, ap);
    va_end(ap);
    snprintf(c->end.code, sizeof c->end.code, "%s", code);
    c->end.record = record;
    c->end.reason = reason;
    c->end.severity = RF_STORE_WARN;
    return CAPF_EV_REFUSED;
}

int capf_refuse_why(struct capf_case *c, const struct rf_why *why)
{
    return capf_refuse(c, CAPF_RECORD_FAIL, RF_CAPF_REASON_INVALID, why->code, "%s", why->text);
}

int capf_refuse_ours(struct capf_case *c, const struct rf_why *why)
{
    capf_refuse(c, CAPF_RECORD_NOTHING, CAPF_REASON_NONE, why->code, "%s", why->text);
    c->end.severity = RF_STORE_ERROR;
    return CAPF_EV_REFUSED;
}

struct rf_store_event capf_event(const struct capf_case *c, enum rf_store_severity severity,
                                 const char *code, const char *fmt, ...)
{
    struct rf_store_event e = {.time_s = c->now_s, .uid = -1, .severity = severity};
    snprintf(e.category, sizeof e.category, "capf");
    snprintf(e.code, sizeof e.code, "%s", code);
    /* A name nobody has is the sender's invention: it stands escaped in the text only. */
    if (c->is_known)
        snprintf(e.device, sizeof e.device, "%s", c->device);
    char text[RF_WHY_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    rf_escape(rf_slice_str(text), e.text, sizeof e.text);
    return e;
}

const char *capf_short(const struct rf_store_cert *cert, char buf[17])
{
    return rf_hex(rf_slice_of(cert->sha256, 8), buf, 17);
}

enum rf_err capf_store_cert(const struct capf_case *c, const struct rf_cert *cert,
                            struct rf_store_cert *out, struct rf_why *why)
{
    *out = (struct rf_store_cert){.der = RF_BUF(RF_STORE_DER_MAX)};
    snprintf(out->device, sizeof out->device, "%s", c->device);
    rf_bug_on(rf_cert_sha256(cert).len != sizeof out->sha256);
    memcpy(out->sha256, rf_cert_sha256(cert).p, sizeof out->sha256);
    rf_hex(rf_cert_serial(cert), out->serial, sizeof out->serial);
    rf_escape(rf_slice_str(rf_cert_subject(cert)), out->subject, sizeof out->subject);
    rf_escape(rf_slice_str(rf_cert_issuer(cert)), out->issuer, sizeof out->issuer);
    out->not_before_s = rf_cert_not_before(cert);
    out->not_after_s = rf_cert_not_after(cert);
    if (rf_buf_add_slice(&out->der, rf_cert_der(cert)) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "store-value", "certificate of %zu bytes",
                          rf_cert_der(cert).len);
    return RF_OK;
}

/* Once a wait: from there come no events about strings meanwhile. */
static enum rf_err tell_source(const struct capf_case *c, struct rf_store *store,
                               struct rf_why *why)
{
    if (c->source_wait_s == 0)
        return RF_OK;
    struct rf_store_event event =
        capf_event(c, RF_STORE_WARN, "source-blocked",
                   "too many wrong authentication strings from %s, the last for %s: none from "
                   "there is judged for %u s. Find out who that is",
                   c->host, c->device, c->source_wait_s);
    return rf_store_event_add(store, &event, NULL, why);
}

static enum rf_store_failure failure_of(const struct capf_case *c)
{
    return c->end.record == CAPF_RECORD_TRY ? RF_STORE_FAILURE_TRY
           : c->is_admitted                 ? RF_STORE_FAILURE_PROVED
                                            : RF_STORE_FAILURE_CLAIMED;
}

/* The operation may have been replaced or dropped while the session went on: then only what
 * happened is noted. */
static enum rf_err write_down(struct capf_case *c, struct rf_store *store, struct rf_why *why)
{
    bool costs_try = c->end.record == CAPF_RECORD_TRY;
    uint32_t left = c->op.tries_left > 0 ? c->op.tries_left - 1 : 0;
    char more[64] = "";
    if (costs_try && left > 0)
        snprintf(more, sizeof more, "; %u more %s allowed", left,
                 left == 1 ? "try is" : "tries are");
    else if (costs_try)
        snprintf(more, sizeof more, "; no try is left: set a new authentication string");
    struct rf_store_event event =
        capf_event(c, c->end.severity, c->end.code, "%s%s (from %s)", c->end.text, more, c->host);
    enum rf_err err = tell_source(c, store, why);
    if (err != RF_OK)
        return err;
    err = RF_ERR_DENIED;
    if (c->end.record == CAPF_RECORD_WAIT)
        err = rf_store_capf_wait(store, c->device, c->op.id, c->end.code, c->now_s, &event, why);
    else if (c->end.record != CAPF_RECORD_NOTE)
        err = rf_store_capf_fail(store, c->device, c->op.id, c->end.code, failure_of(c), c->now_s,
                                 &event, NULL, why);
    if (err != RF_ERR_DENIED && err != RF_ERR_NOT_FOUND)
        return err;
    c->end.record = CAPF_RECORD_NOTE;
    return rf_store_event_add(store, &event, NULL, why);
}

static int unwritten(struct capf_case *c, const struct rf_why *why)
{
    c->is_unwritten = true;
    rf_error(RF_CAT_CAPF, "how a session ended could not be written down: %s dev=%s code=%s",
             rf_why_text(why), c->is_known ? c->device : "-", c->end.code);
    return CAPF_EV_RECORDED;
}

int capf_record(struct capf_case *c, void *store)
{
    struct rf_why why = {0};
    capf_ca_record(c, store);
    return write_down(c, store, &why) == RF_OK ? CAPF_EV_RECORDED : unwritten(c, &why);
}

/* Tests end the process here: the phone has not been told. */
void capf_kept(int event)
{
    switch (event) {
    case CAPF_EV_ASK_CA:
        rf_crash_point("capf.request-kept");
        break;
    case CAPF_EV_KEPT:
        rf_crash_point("capf.kept");
        break;
    case CAPF_EV_CONFIRMED:
        rf_count(CAPF_CONFIRMED);
        rf_crash_point("capf.confirmed");
        break;
    default:
        break;
    }
}

int capf_not_kept(struct capf_case *c, int event, const struct rf_why *why)
{
    if (event == CAPF_EV_RECORDED)
        return unwritten(c, why);
    if (event == CAPF_EV_LET_INSTALL || event == CAPF_EV_LET_DELETE || event == CAPF_EV_LET_FETCH)
        c->is_admitted = false;
    c->has_confirmed = c->is_done = false;
    return capf_refuse_ours(c, why);
}

int capf_sweep(struct capf_case *c, void *store)
{
    struct rf_why why = {0};
    struct rf_store_capfs ops = {0};
    enum rf_err err = rf_store_capf_list(store, &ops, &why);
    for (size_t i = 0; i < ops.n && err == RF_OK; i++) {
        const struct rf_store_capf *op = &ops.items[i];
        if (op->state != RF_STORE_OP_IN_PROGRESS)
            continue;
        c->is_known = true;
        snprintf(c->device, sizeof c->device, "%s", op->device);
        struct rf_store_event event = capf_event(
            c, RF_STORE_WARN, "lost-link",
            "the server ended while %s was at it; the operation stays scheduled", op->device);
        err = rf_store_capf_fail(store, op->device, op->id, "lost-link", RF_STORE_FAILURE_PROVED,
                                 c->now_s, &event, NULL, &why);
    }
    rf_store_capfs_fini(&ops);
    if (err != RF_OK)
        rf_error(RF_CAT_CAPF, "operations left \"in progress\" could not be looked at: %s",
                 rf_why_text(&why));
    return CAPF_EV_RECORDED;
}
