/* SPDX-License-Identifier: Apache-2.0 */
/* Who is it, and may it? The mode is the one the store holds for the device; what the phone chose
 * to send decides nothing. doc: docs/security-rules.md, "CAPF" (A1 to A6) */
#include "service/capf/capf_int.h"

#include "base/faults.h"
#include "base/secret.h"
#include "service/site/families.h"
#include "trust/digest.h"
#include "trust/name.h"
#include "trust/proof.h"
#include "trust/pwhash.h"

#include <stdio.h>
#include <string.h>

static enum rf_err find_device(struct capf_case *c, struct rf_store *store, struct rf_why *why)
{
    RF_AUTO(rf_store_phone_fini) struct rf_store_phone phone = {0};
    enum rf_err err = rf_store_device_load(store, c->device, &phone, why);
    if (err == RF_OK) {
        c->is_known = true;
        snprintf(c->model, sizeof c->model, "%s", phone.device.model);
    }
    return err;
}

/* No operation, ever or any more: nothing is wrong, and nothing is to be done. */
static int refuse_idle(struct capf_case *c)
{
    capf_refuse(c, CAPF_RECORD_NOTE, RF_CAPF_REASON_NO_ACTION, "no-operation",
                "%s has no pending certificate operation", c->device);
    c->end.severity = RF_STORE_INFO;
    return CAPF_EV_REFUSED;
}

/* The port for old phones is for listed models only, whatever their proof. */
static bool fits_port(const struct capf_case *c)
{
    return !c->is_legacy || rf_fault_skips("capf.legacy-model") ||
           rf_family_model_listed(c->knobs.legacy_models, c->model);
}

/* An LSC that the phone never confirmed is what it shows: it has evidently stored it. Judged by it
 * and confirmed it may be although nothing is scheduled any more; else a phone would be left that
 * nobody believes, since its configuration is still encrypted for the key before. */
static bool shows_unconfirmed(const struct capf_case *c)
{
    uint8_t sha256[RF_DIGEST_MAX];
    if (!c->auth.has_cert || rf_fault_skips("capf.confirm-only"))
        return false;
    size_t len = rf_digest_of(RF_DIGEST_SHA256, c->auth.cert, sha256);
    for (size_t i = 0; i < c->certs.n; i++)
        if (c->certs.items[i].kind == RF_STORE_LSC &&
            c->certs.items[i].state == RF_STORE_CERT_UNCONFIRMED &&
            rf_slice_eq(rf_slice_of(c->certs.items[i].sha256, len), rf_slice_of(sha256, len)))
            return true;
    return false;
}

/* A1 */
static enum rf_err find_operation(struct capf_case *c, struct rf_store *store, struct rf_why *why)
{
    enum rf_err err = rf_store_capf_load(store, c->device, &c->op, why);
    if (err == RF_OK)
        err = rf_store_capf_is_open(&c->op, c->now_s, why);
    if (err != RF_ERR_NOT_FOUND || !shows_unconfirmed(c))
        return err;
    rf_wipe(&c->op, sizeof c->op);
    c->op.auth = RF_STORE_AUTH_LSC;
    return RF_OK;
}

/* A1, A2, A3 */
int capf_look(struct capf_case *c, void *store)
{
    struct rf_why why = {0};
    enum rf_err err = find_device(c, store, &why);
    if (err == RF_ERR_NOT_FOUND && !rf_fault_skips("capf.unknown-device"))
        return capf_refuse(c, CAPF_RECORD_NOTE, RF_CAPF_REASON_UNKNOWN_DEVICE, "unknown-device",
                           "there is no device %s: add it, or find out who asks", c->device);
    if (err != RF_OK && err != RF_ERR_NOT_FOUND)
        return capf_refuse_ours(c, &why);
    if (!fits_port(c))
        return capf_refuse(c, CAPF_RECORD_NOTE, RF_CAPF_REASON_INVALID, "legacy-model",
                           "%s came to the legacy port, which is not for model %s "
                           "(legacy_models)",
                           c->device, c->model);
    why = (struct rf_why){0};
    err = rf_store_cert_list(store, c->device, &c->certs, &why);
    if (err == RF_OK)
        err = rf_store_mic_allow_until(store, c->device, &c->mic_listed_s, &why);
    if (err != RF_OK)
        return capf_refuse_ours(c, &why);
    err = find_operation(c, store, &why);
    if (err == RF_ERR_NOT_FOUND)
        return refuse_idle(c);
    if (err == RF_ERR_DENIED)
        return capf_refuse_why(c, &why);
    return err == RF_OK ? CAPF_EV_FOUND : capf_refuse_ours(c, &why);
}

/* ---- proofs ---- */

int capf_prove_string(struct capf_case *c)
{
    if (!c->auth.has_password)
        return capf_refuse(c, CAPF_RECORD_FAIL, RF_CAPF_REASON_INVALID, "no-string",
                           "%s sent no authentication string: type it at the phone", c->device);
    if (!rf_fault_skips("capf.string") && !rf_pwhash_check(c->op.string_hash, c->auth.password))
        return capf_refuse(c, CAPF_RECORD_TRY, RF_CAPF_REASON_INVALID, "bad-string",
                           "%s sent a wrong authentication string", c->device);
    return CAPF_EV_PROVED;
}

static int prove_nothing(struct capf_case *c)
{
    if (!rf_fault_skips("capf.null-string") && !c->knobs.null_string)
        return capf_refuse(c, CAPF_RECORD_FAIL, RF_CAPF_REASON_INVALID, "null-string-off",
                           "the operation of %s asks for no proof, and capf_null_string is off",
                           c->device);
    rf_warn(RF_CAT_CAPF, "enrolment without any proof (capf_null_string) dev=%s from=%s", c->device,
            c->host);
    return CAPF_EV_PROVED;
}

/* What the store knows about a certificate; only those of this device are in the list. */
const struct rf_store_cert *capf_find_known(const struct capf_case *c, const struct rf_cert *cert)
{
    for (size_t i = 0; i < c->certs.n; i++)
        if (rf_slice_eq(rf_slice_of(c->certs.items[i].sha256, sizeof c->certs.items[i].sha256),
                        rf_cert_sha256(cert)))
            return &c->certs.items[i];
    return NULL;
}

/* A certificate of that kind which the phone is known to have, and could have used. */
static const struct rf_store_cert *find_usable(const struct capf_case *c,
                                               enum rf_store_cert_kind kind)
{
    for (size_t i = c->certs.n; i > 0; i--) {
        const struct rf_store_cert *k = &c->certs.items[i - 1];
        if (k->kind == kind && k->state == RF_STORE_CERT_CONFIRMED && k->not_before_s <= c->now_s &&
            c->now_s <= k->not_after_s)
            return k;
    }
    return NULL;
}

enum rf_err capf_check_path(const struct capf_case *c, const struct rf_cert *cert,
                            bool excuse_expired, const struct rf_cert **anchor, struct rf_why *why)
{
    bool is_ours = rf_slice_eq(rf_cert_issuer_der(cert), rf_cert_subject_der(c->lsc_issuer)) ||
                   (c->listed != NULL && rf_anchors_issued(c->listed, cert));
    struct rf_path_policy policy = {.now_s = c->now_s,
                                    .rsa_min = c->knobs.rsa_min,
                                    .allow_sha1 = c->knobs.sha1_certs || c->is_legacy,
                                    .excuse_expired = excuse_expired,
                                    .is_lsc_purpose = is_ours,
                                    .revocation = c->revocation};
    return rf_path_check(c->anchors, cert, NULL, &policy, anchor, why);
}

/* A4: that a signature over a name verifies does not make the name the signer's. */
static enum rf_err check_name(const struct capf_case *c, const struct rf_cert *cert,
                              struct rf_why *why)
{
    struct rf_name_policy policy = {.model = rf_slice_str(c->model)};
    struct rf_name_match match = {0};
    enum rf_err err = rf_name_matches_device(cert, rf_slice_str(c->device), &policy, &match, why);
    if (rf_fault_skips("capf.cert-name"))
        return RF_OK;
    if (err == RF_OK && match.is_model_different)
        rf_info(RF_CAT_CAPF,
                "model of the certificate and of the device differ dev=%s cert=%s "
                "device_model=%s",
                c->device, match.model, c->model);
    return err;
}

/* Ours, one before it, or another CA's that issues for us. What they issued is an LSC. */
bool capf_is_issuer(const struct capf_case *c, const struct rf_cert *anchor)
{
    return anchor != NULL &&
           (rf_slice_eq(rf_cert_subject_der(anchor), rf_cert_subject_der(c->lsc_issuer)) ||
            (c->listed != NULL && rf_anchors_have_name(c->listed, rf_cert_subject_der(anchor))));
}

/* What no manufacturer issued is an LSC: ours, or another site's that is believed here. */
static bool is_lsc(const struct capf_case *c, const struct rf_cert *anchor,
                   const struct rf_store_cert *known)
{
    return capf_is_issuer(c, anchor) || (known != NULL && known->kind == RF_STORE_LSC) ||
           !rf_anchors_is_maker(c->anchors, anchor);
}

/* An LSC of ours must be in the store and in force: one that leaked, or that an older database does
 * not know, is none. Another site's becomes known when it is shown first. A MIC is the
 * manufacturer's, but may have been revoked here. */
static enum rf_err check_in_force(const struct capf_case *c, const struct rf_cert *cert,
                                  const struct rf_cert *anchor, struct rf_why *why)
{
    const struct rf_store_cert *known = capf_find_known(c, cert);
    const char *is = known == NULL ? capf_is_issuer(c, anchor) ? "not known here" : NULL
                     : known->state == RF_STORE_CERT_SUPERSEDED ? "superseded by a newer one"
                     : known->state == RF_STORE_CERT_REVOKED    ? "revoked"
                                                                : NULL;
    enum rf_err err = rf_blocklist_check(c->blocked, cert, why);
    if (err != RF_OK || is == NULL)
        return err;
    if (is_lsc(c, anchor, known) && !rf_fault_skips("capf.lsc-known"))
        return rf_why_set(why, RF_ERR_DENIED, "invalid-lsc",
                          "the LSC %s is %s: schedule by string or MIC", rf_cert_short(cert), is);
    if (!is_lsc(c, anchor, known) && known != NULL && !rf_fault_skips("capf.mic-revoked"))
        return rf_why_set(why, RF_ERR_DENIED, "mic-revoked", "the MIC %s was revoked here",
                          rf_cert_short(cert));
    return RF_OK;
}

static enum rf_err check_mic_allowed(const struct capf_case *c, struct rf_why *why)
{
    if (!rf_fault_skips("capf.accept-mic") && !c->shown_is_lsc && !c->knobs.accept_mic)
        return rf_why_set(why, RF_ERR_DENIED, "mic-not-accepted",
                          "it shows its MIC, and accept_mic_for_capf is off");
    return RF_OK;
}

/* Modes 3 and 4: the one kind, else the other. Whether the phone has the preferred one, the store
 * says. */
static enum rf_err check_precedence(const struct capf_case *c, struct rf_why *why)
{
    enum rf_store_cert_kind first = c->op.auth == RF_STORE_AUTH_LSC ? RF_STORE_LSC : RF_STORE_MIC;
    enum rf_store_cert_kind shown = c->shown_is_lsc ? RF_STORE_LSC : RF_STORE_MIC;
    if (rf_fault_skips("capf.precedence") || shown == first || find_usable(c, first) == NULL)
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "wrong-certificate",
                      "it shows its %s, but has a valid %s, which the operation prefers: if it "
                      "lost that one, schedule with the other",
                      rf_store_cert_kind_name(shown), rf_store_cert_kind_name(first));
}

/* A6: both signatures, and both over the bytes of the name that was looked up. */
static enum rf_err check_possession(struct capf_case *c, struct rf_why *why)
{
    const struct rf_capf_msg *m = &c->auth;
    if (m->has_sha2_signed_data && m->sha2_hash != RF_CAPF_HASH_SHA512)
        return rf_why_set(why, RF_ERR_BAD, "proof-hash", "%s: signed data with hash %u", c->device,
                          m->sha2_hash);
    enum rf_err err = rf_proof_check(c->shown, m->device_name, m->signed_data, m->sha2_signature,
                                     c->knobs.bare_digest, &c->used_bare, why);
    if (rf_fault_skips("capf.proof"))
        return RF_OK;
    return err;
}

/* Of the two signatures apart: the halves of two recordings make no new proof. */
static void identify(struct capf_case *c)
{
    const struct rf_slice none = {0};
    rf_proof_id(c->auth.signed_data, none, c->proof_id[0]);
    rf_proof_id(none, c->auth.sha2_signature, c->proof_id[1]);
}

static int refuse_cert(struct capf_case *c, const struct rf_why *why)
{
    return capf_refuse(c, CAPF_RECORD_FAIL, RF_CAPF_REASON_INVALID, why->code, "%s: %s", c->device,
                       why->text);
}

static int prove_certificate(struct capf_case *c)
{
    struct rf_why why = {0};
    const struct rf_cert *anchor = NULL;
    if (!c->auth.has_cert)
        return capf_refuse(c, CAPF_RECORD_FAIL, RF_CAPF_REASON_INVALID, "no-cert",
                           "%s showed no certificate, and its operation asks for one", c->device);
    if (rf_cert_from_der(c->auth.cert, &c->shown, &why) != RF_OK)
        return refuse_cert(c, &why);
    enum rf_err err = capf_check_path(c, c->shown, false, &anchor, &why);
    if (err != RF_OK)
        err = capf_excuse_expired(c, c->shown, &anchor, &why);
    if (!rf_fault_skips("capf.cert-path") && err != RF_OK)
        return refuse_cert(c, &why);
    if (check_name(c, c->shown, &why) != RF_OK || check_possession(c, &why) != RF_OK)
        return refuse_cert(c, &why);
    c->shown_is_lsc = is_lsc(c, anchor, capf_find_known(c, c->shown));
    if (check_in_force(c, c->shown, anchor, &why) != RF_OK || check_mic_allowed(c, &why) != RF_OK ||
        check_precedence(c, &why) != RF_OK)
        return refuse_cert(c, &why);
    identify(c);
    return c->is_mic_expired ? capf_second_factor(c) : CAPF_EV_PROVED;
}

/* A5: the only fresh part of a proof. A block that was sent must hold, in every mode, and for this
 * very device: another phone's would freshen a proof that is replayed. */
static int prove_sudi(struct capf_case *c)
{
    struct rf_why why = {0};
    const struct rf_capf_msg *m = &c->auth;
    RF_AUTO(rf_cert_freep) struct rf_cert *sudi = NULL;
    const struct rf_cert *anchor = NULL;
    bool used_bare = false;
    if (rf_cert_from_der(m->sudi_cert, &sudi, &why) != RF_OK)
        return refuse_cert(c, &why);
    enum rf_err err = capf_check_path(c, sudi, false, &anchor, &why);
    if (err != RF_OK && c->is_mic_expired)
        err = capf_excuse_expired(c, sudi, &anchor, &why);
    if (err == RF_OK)
        err = check_name(c, sudi, &why);
    if (err == RF_OK)
        err = check_in_force(c, sudi, anchor, &why);
    if (err == RF_OK)
        err = rf_sudi_check(sudi, c->shown, c->session_id, m->sudi_sha1, m->sudi_sha512,
                            c->knobs.bare_digest, &used_bare, &why);
    if (!rf_fault_skips("capf.sudi") && err != RF_OK)
        return capf_refuse(c, CAPF_RECORD_FAIL, RF_CAPF_REASON_INVALID, why.code,
                           "SUDI data of %s: %s", c->device, why.text);
    c->used_bare |= used_bare;
    c->has_sudi = true;
    return CAPF_EV_PROVED;
}

static int prove(struct capf_case *c)
{
    switch (c->op.auth) {
    case RF_STORE_AUTH_STRING:
        return capf_prove_string(c);
    case RF_STORE_AUTH_NULL:
        return prove_nothing(c);
    case RF_STORE_AUTH_LSC:
    case RF_STORE_AUTH_MIC:
        return prove_certificate(c);
    default:
        return capf_refuse(c, CAPF_RECORD_FAIL, RF_CAPF_REASON_INVALID, "auth-mode",
                           "%s has an operation of an unknown mode", c->device);
    }
}

int capf_prove(struct capf_case *c, void *unused)
{
    (void)unused;
    int event = prove(c);
    if (event == CAPF_EV_PROVED && c->auth.has_sudi)
        event = prove_sudi(c);
    if (event == CAPF_EV_PROVED && c->used_bare)
        rf_warn(RF_CAT_CAPF,
                "proof without the name of its digest (capf_bare_digest) dev=%s "
                "from=%s",
                c->device, c->host);
    capf_case_forget_auth(c);
    return event;
}

/* ---- letting in ---- */

static void sudi_key(const struct capf_case *c, char key[48])
{
    snprintf(key, 48, "capf.sudi.%s", c->device);
}

/* A device that once sent SUDI data sends it from then on, where it shows a certificate. */
static enum rf_err judge_sudi_kept(struct capf_case *c, struct rf_store *store, struct rf_why *why)
{
    char key[48];
    struct rf_why none = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf value = RF_BUF(8);
    sudi_key(c, key);
    if (c->has_sudi)
        return rf_store_setting_save(store, key, rf_slice_str("1"), why);
    if (c->shown == NULL)
        return RF_OK;
    enum rf_err err = rf_store_setting_load(store, key, &value, &none);
    if (err == RF_ERR_NOT_FOUND || rf_fault_skips("capf.sudi-kept"))
        return RF_OK;
    if (err != RF_OK)
        return rf_why_set(why, err, none.code, "%s", none.text);
    return rf_why_set(why, RF_ERR_DENIED, "sudi-missing",
                      "%s sent SUDI data before and does not now: its proof may be a recording",
                      c->device);
}

/* The same signature again is the phone's own retry or somebody's recording. */
static enum rf_err judge_half(struct capf_case *c, struct rf_store *store, const uint8_t id[32],
                              struct rf_why *why)
{
    struct rf_store_proof seen = {.op_id = c->op.id};
    struct rf_store_proof before;
    memcpy(seen.sha256, id, sizeof seen.sha256);
    snprintf(seen.device, sizeof seen.device, "%s", c->device);
    snprintf(seen.source, sizeof seen.source, "%s", c->host);
    enum rf_err err = rf_store_proof_see(store, &seen, c->now_s, &before, why);
    if (err != RF_OK || before.count == 0 || c->has_sudi || rf_fault_skips("capf.replay"))
        return err;
    const char *what = before.op_id != c->op.id                ? "for another operation"
                       : strcmp(before.source, c->host) != 0   ? "from another address"
                       : strcmp(before.device, c->device) != 0 ? "for another device"
                       : before.count > CAPF_PROOF_RETRIES     ? "too often"
                                                               : NULL;
    if (what == NULL)
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "replay",
                      "this proof of %s was seen within a day %s; if that was the phone itself, "
                      "schedule with --allow-proof",
                      c->device, what);
}

static enum rf_err judge_replay(struct capf_case *c, struct rf_store *store, struct rf_why *why)
{
    if (c->shown == NULL)
        return RF_OK;
    enum rf_err err = rf_store_proof_forget(store, c->now_s - CAPF_PROOF_MEMORY_S, why);
    for (size_t i = 0; err == RF_OK && i < 2; i++)
        err = judge_half(c, store, c->proof_id[i], why);
    return err;
}

/* A phone that proves to have an LSC which it never confirmed has stored it. When it came from the
 * operation that is still pending, that one is done. */
static enum rf_err confirm_shown(struct capf_case *c, struct rf_store *store, struct rf_why *why)
{
    const struct rf_store_cert *known = c->shown != NULL ? capf_find_known(c, c->shown) : NULL;
    if (known == NULL || known->kind != RF_STORE_LSC || known->state != RF_STORE_CERT_UNCONFIRMED)
        return RF_OK;
    struct rf_store_event event =
        capf_event(c, RF_STORE_INFO, "confirmed", "%s shows the LSC %s: it is confirmed now",
                   c->device, rf_cert_short(c->shown));
    enum rf_err err = rf_store_capf_confirm(store, c->device, known->sha256, c->now_s, &event, why);
    c->has_confirmed = err == RF_OK;
    /* with no operation that is all there was to do */
    c->is_done = err == RF_OK && (c->op.op == RF_STORE_OP_NONE ||
                                  (known->op_id == c->op.id && c->op.op == RF_STORE_OP_INSTALL));
    return err;
}

/* From now on it is known: a MIC, or another site's LSC, which the next one here is to replace. */
static enum rf_err note_shown(struct capf_case *c, struct rf_store *store, struct rf_why *why)
{
    RF_AUTO(rf_store_cert_fini) struct rf_store_cert cert = {0};
    const struct rf_store_cert *known = c->shown != NULL ? capf_find_known(c, c->shown) : NULL;
    if (c->shown == NULL || (known != NULL && known->kind == RF_STORE_LSC))
        return RF_OK;
    enum rf_err err = capf_store_cert(c, c->shown, &cert, why);
    if (err != RF_OK)
        return err;
    return c->shown_is_lsc ? rf_store_lsc_note(store, &cert, c->now_s, why)
                           : rf_store_mic_note(store, &cert, c->now_s, why);
}

/* Whose fault is it? What the store denies is about the phone; the rest is about us. */
static int refuse_admission(struct capf_case *c, enum rf_err err, const struct rf_why *why)
{
    if (err == RF_ERR_DENIED || err == RF_ERR_NOT_FOUND || err == RF_ERR_EXISTS)
        return capf_refuse_why(c, why);
    return capf_refuse_ours(c, why);
}

static enum rf_err admit(struct capf_case *c, struct rf_store *store, struct rf_why *why)
{
    enum rf_err err = judge_sudi_kept(c, store, why);
    if (err == RF_OK)
        err = judge_replay(c, store, why);
    if (err == RF_OK)
        err = note_shown(c, store, why);
    if (err == RF_OK)
        err = capf_note_expired(c, store, why);
    if (err == RF_OK)
        err = confirm_shown(c, store, why);
    if (err == RF_OK && !c->is_done)
        err = rf_store_capf_progress(store, c->device, c->op.id, c->now_s, why);
    return err;
}

int capf_admit(struct capf_case *c, void *store)
{
    struct rf_why why = {0};
    struct rf_why unwritten = {0};
    enum rf_err err = rf_store_together(store, &unwritten);
    if (err != RF_OK)
        return refuse_admission(c, err, &unwritten);
    err = admit(c, store, &why);
    /* A proof that is refused was seen all the same. */
    enum rf_err end = rf_store_together_end(store, &unwritten);
    c->is_done &= end == RF_OK;
    if (err != RF_OK)
        return refuse_admission(c, err, &why);
    if (end != RF_OK)
        return refuse_admission(c, end, &unwritten);
    if (c->is_done)
        return CAPF_EV_HELD;
    c->is_admitted = true;
    switch (c->op.op) {
    case RF_STORE_OP_INSTALL:
        return CAPF_EV_LET_INSTALL;
    case RF_STORE_OP_DELETE:
        return CAPF_EV_LET_DELETE;
    case RF_STORE_OP_FETCH:
        return CAPF_EV_LET_FETCH;
    case RF_STORE_OP_NONE:
    default:
        return refuse_idle(c);
    }
}
