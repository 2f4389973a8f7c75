/* SPDX-License-Identifier: Apache-2.0 */
/* What is done for a phone that was let in: its key is judged, its certificate issued, kept as
 * unconfirmed, and confirmed when the phone said that it stored it.
 * doc: docs/security-rules.md, "CAPF" (A7 to A9, A11)
 *
 * Tests end the process here: capf.before-issue (nothing is there yet), capf.issued (signed, and
 * known to nobody), capf.kept (unconfirmed, not sent), capf.before-confirm (the phone has it),
 * capf.confirmed (done, and the phone does not know). */
#include "service/capf/capf_int.h"

#include "base/faults.h"
#include "base/metrics.h"
#include "base/text.h"
#include "trust/issue.h"
#include "trust/key.h"
#include "trust/name.h"
#include "trust/signer.h"

#include <stdio.h>
#include <string.h>

static enum rf_curve curve_of(uint32_t bits)
{
    return bits == 256 ? RF_CURVE_P256 : bits == 521 ? RF_CURVE_P521 : RF_CURVE_P384;
}

static int weak_key(struct capf_case *c, const struct rf_why *why)
{
    return capf_refuse(c, CAPF_RECORD_FAIL, RF_CAPF_REASON_INVALID, "weak-key",
                       "key made by %s: %s (%s)", c->device, why->text, why->code);
}

/* Not one of the keys that this device had in a certificate before. Those of certificates which the
 * phone never confirmed are left out: it may come again with the key it made for them. */
static enum rf_err check_reuse(struct capf_case *c, struct rf_spki_want *want, struct rf_why *why)
{
    size_t seen = 0;
    enum rf_err err = RF_OK;
    for (size_t i = c->certs.n; i > 0 && err == RF_OK && seen < CAPF_FORMER_KEYS; i--) {
        const struct rf_store_cert *k = &c->certs.items[i - 1];
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
        struct rf_why unread = {0};
        if (k->state == RF_STORE_CERT_UNCONFIRMED ||
            rf_cert_from_der(rf_buf_slice(&k->der), &cert, &unread) != RF_OK)
            continue;
        want->previous_spki = rf_cert_spki(cert);
        err = rf_spki_check(rf_buf_slice(&c->given), want, why);
        seen++;
    }
    return err;
}

int capf_judge_key(struct capf_case *c, void *unused)
{
    (void)unused;
    struct rf_why why = {0};
    bool is_ec = c->op.key_type == RF_STORE_KEY_EC;
    struct rf_spki_want want = {.type = is_ec ? RF_KEY_EC : RF_KEY_RSA,
                                .rsa_bits = c->op.key_bits,
                                .curve = curve_of(c->op.key_bits)};
    enum rf_err err = rf_spki_check(rf_buf_slice(&c->given), &want, &why);
    if (err == RF_OK)
        err = check_reuse(c, &want, &why);
    if (!rf_fault_skips("capf.key") && err != RF_OK)
        return weak_key(c, &why);
    return CAPF_EV_KEY_GOOD;
}

/* ---- the certificate ---- */

static int ca_error(struct capf_case *c, const struct rf_why *why)
{
    capf_refuse(c, CAPF_RECORD_FAIL, CAPF_REASON_NONE, "ca-error",
                "the certificate of %s could not be issued: %s (%s)", c->device, why->text,
                why->code);
    c->end.severity = RF_STORE_ERROR;
    return CAPF_EV_REFUSED;
}

static enum rf_err take_issued(struct capf_case *c, struct rf_issued *made, struct rf_why *why)
{
    struct rf_store_cert *lsc = &c->lsc;
    *lsc = (struct rf_store_cert){.der = RF_BUF(RF_STORE_DER_MAX),
                                  .not_before_s = made->not_before_s,
                                  .not_after_s = made->not_after_s};
    snprintf(lsc->device, sizeof lsc->device, "%s", c->device);
    memcpy(lsc->sha256, made->sha256, sizeof lsc->sha256);
    rf_hex(rf_slice_of(made->serial, sizeof made->serial), lsc->serial, sizeof lsc->serial);
    rf_escape(rf_slice_str(made->subject), lsc->subject, sizeof lsc->subject);
    rf_escape(rf_slice_str(made->issuer), lsc->issuer, sizeof lsc->issuer);
    if (rf_buf_add_slice(&lsc->der, rf_buf_slice(&made->der)) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "store-value", "certificate of %zu bytes",
                          made->der.len);
    return RF_OK;
}

static enum rf_err issue(struct capf_case *c, void *signer, struct rf_why *why)
{
    RF_AUTO(rf_vault_freep) struct rf_vault_key *key = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *ca = NULL;
    enum rf_err err = c->issuer_key != NULL ? c->issuer_key(signer, &key, &ca, why)
                                            : rf_signer_key(signer, "lsc-issuer", &key, &ca, why);
    if (err != RF_OK)
        return err;
    /* Else nobody here would know the phone's certificate again. */
    if (!rf_cert_eq(ca, c->lsc_issuer))
        return rf_why_set(why, RF_ERR_DENIED, "issuer-changed",
                          "the signer's issuing certificate %s is not the one this server started "
                          "with, %s: restart it",
                          rf_cert_short(ca), rf_cert_short(c->lsc_issuer));
    struct rf_issue_lsc spec = {.device_name = rf_slice_str(c->device),
                                .model = rf_slice_str(c->knobs.subject_has_model ? c->model : ""),
                                .spki = rf_buf_slice(&c->given),
                                .now_s = c->now_s,
                                .days = c->knobs.lsc_days};
    RF_AUTO(rf_issued_fini) struct rf_issued made = {.der = RF_BUF(0)};
    err = rf_issue_lsc_unread(&spec, ca, key, &made, why);
    return err == RF_OK ? take_issued(c, &made, why) : err;
}

int capf_sign(struct capf_case *c, void *signer)
{
    struct rf_why why = {0};
    rf_crash_point("capf.before-issue");
    if (issue(c, signer, &why) != RF_OK)
        return ca_error(c, &why);
    rf_crash_point("capf.issued");
    rf_count(CAPF_ISSUED);
    return CAPF_EV_SIGNED;
}

/* "Operation completes by" is asked again: making the key may have taken an hour. The string was
 * right when it came. */
static enum rf_err check_window(const struct capf_case *c, struct rf_why *why)
{
    struct rf_store_capf op = c->op;
    op.string_expires_s = 0;
    enum rf_err err = rf_store_capf_is_open(&op, c->now_s, why);
    rf_wipe(&op, sizeof op);
    return rf_fault_skips("capf.window-at-issue") ? RF_OK : err;
}

/* A phone that takes certificates and never confirms one would fill the database. */
static enum rf_err check_unconfirmed(const struct capf_case *c, struct rf_why *why)
{
    size_t n = 0;
    for (size_t i = 0; i < c->certs.n; i++)
        n += c->certs.items[i].op_id == c->op.id &&
             c->certs.items[i].state == RF_STORE_CERT_UNCONFIRMED;
    if (!rf_fault_skips("capf.unconfirmed-limit") && n >= CAPF_UNCONFIRMED_MAX)
        return rf_why_set(why, RF_ERR_DENIED, "never-confirmed",
                          "%s was sent %zu certificates and confirmed none: see why it does not "
                          "store them, then schedule the operation anew",
                          c->device, n);
    return RF_OK;
}

enum rf_err capf_check_issue(const struct capf_case *c, struct rf_why *why)
{
    enum rf_err err = check_window(c, why);
    return err == RF_OK ? check_unconfirmed(c, why) : err;
}

/* The phone came again with the key of a certificate that it was sent and did not confirm: another
 * CA gives one for a key. */
static bool was_sent(const struct capf_case *c)
{
    for (size_t i = 0; i < c->certs.n; i++)
        if (c->certs.items[i].state == RF_STORE_CERT_UNCONFIRMED &&
            memcmp(c->certs.items[i].sha256, c->lsc.sha256, sizeof c->lsc.sha256) == 0)
            return true;
    return false;
}

static int refuse_store(struct capf_case *c, enum rf_err err, const struct rf_why *why)
{
    if (err == RF_ERR_DENIED || err == RF_ERR_NOT_FOUND || err == RF_ERR_EXISTS)
        return capf_refuse_why(c, why);
    return capf_refuse_ours(c, why);
}

int capf_keep(struct capf_case *c, void *store)
{
    struct rf_why why = {0};
    char lsc[17];
    enum rf_err err = capf_check_issue(c, &why);
    if (err == RF_OK && was_sent(c)) {
        err = rf_store_capf_issue_again(store, c->device, c->op.id, c->lsc.sha256, &why);
        return err == RF_OK ? CAPF_EV_KEPT : refuse_store(c, err, &why);
    }
    if (err != RF_OK)
        return refuse_store(c, err, &why);
    struct rf_store_event event =
        capf_event(c, RF_STORE_INFO, "issued", "LSC %s issued to %s, not confirmed yet",
                   capf_short(&c->lsc, lsc), c->device);
    err = rf_store_capf_issue(store, c->op.id, &c->lsc, c->now_s, &event, &why);
    if (err != RF_OK)
        return refuse_store(c, err, &why);
    return CAPF_EV_KEPT;
}

int capf_confirm(struct capf_case *c, void *store)
{
    struct rf_why why = {0};
    char until[32], lsc[17];
    rf_crash_point("capf.before-confirm");
    struct rf_store_event event =
        capf_event(c, RF_STORE_INFO, "installed", "%s stored its LSC %s, valid until %s", c->device,
                   capf_short(&c->lsc, lsc), rf_time_text(c->lsc.not_after_s, until, sizeof until));
    enum rf_err err =
        rf_store_capf_confirm(store, c->device, c->lsc.sha256, c->now_s, &event, &why);
    if (err != RF_OK)
        return refuse_store(c, err, &why);
    c->is_done = true;
    return CAPF_EV_CONFIRMED;
}

/* ---- delete and fetch ---- */

/* What was fetched is looked at as any certificate: a MIC that holds is noted, an LSC of ours is in
 * the store, and what else the phone has stands in the event. */
static const char *judge_fetched(struct capf_case *c, struct rf_store *store,
                                 const struct rf_cert *cert)
{
    struct rf_why why = {0};
    const struct rf_cert *anchor = NULL;
    struct rf_path_policy policy = {
        .now_s = c->now_s,
        .rsa_min = c->knobs.rsa_min,
        .allow_sha1 = c->knobs.sha1_certs,
        .revocation = c->revocation,
        .excuse_expired = true}; /* so that its end is known; it proves nothing by that */
    RF_AUTO(rf_store_cert_fini) struct rf_store_cert known = {0};
    if (rf_store_cert_load(store, rf_cert_sha256(cert).p, &known, &why) == RF_OK)
        return rf_store_cert_state_name(known.state);
    if (rf_path_check(c->anchors, cert, NULL, &policy, &anchor, &why) != RF_OK)
        return "of nobody trusted here, or not valid now";
    if (capf_is_issuer(c, anchor))
        return "an LSC that is not known here";
    if (!rf_anchors_is_maker(c->anchors, anchor))
        return "another site's LSC, which is believed here";
    RF_AUTO(rf_store_cert_fini) struct rf_store_cert mic = {0};
    if (rf_name_matches_device(cert, rf_slice_str(c->device), NULL, NULL, &why) != RF_OK)
        return "another device's";
    if (capf_store_cert(c, cert, &mic, &why) != RF_OK ||
        rf_store_mic_note(store, &mic, c->now_s, &why) != RF_OK)
        return "a MIC that could not be noted";
    return "a MIC";
}

static enum rf_err finish_fetch(struct capf_case *c, struct rf_store *store, struct rf_why *why)
{
    char until[32];
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    enum rf_err err = rf_cert_from_der(rf_buf_slice(&c->given), &cert, why);
    if (err != RF_OK)
        return RF_ERR_DENIED;
    struct rf_store_event event = capf_event(
        c, RF_STORE_INFO, "fetched", "%s has %s (%s, issued by %s), valid until %s: %s", c->device,
        rf_cert_subject(cert), rf_cert_short(cert), rf_cert_issuer(cert),
        rf_time_text(rf_cert_not_after(cert), until, sizeof until), judge_fetched(c, store, cert));
    return rf_store_capf_done(store, c->device, c->op.id, c->now_s, &event, why);
}

static enum rf_err finish_delete(struct capf_case *c, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_event event = capf_event(
        c, RF_STORE_INFO, "deleted", "%s deleted its LSC; what it had is revoked", c->device);
    return rf_store_capf_done(store, c->device, c->op.id, c->now_s, &event, why);
}

int capf_finish(struct capf_case *c, void *store)
{
    struct rf_why why = {0};
    enum rf_err err = c->op.op == RF_STORE_OP_FETCH ? finish_fetch(c, store, &why)
                                                    : finish_delete(c, store, &why);
    if (err != RF_OK)
        return refuse_store(c, err, &why);
    c->is_done = true;
    return CAPF_EV_DONE;
}
