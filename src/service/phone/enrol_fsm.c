/* SPDX-License-Identifier: Apache-2.0 */
/* A CAPF session of the phone, as a table. doc: docs/wire/capf.md, "An install" */
#include "service/phone/enrol_int.h"

#include "base/faults.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static void post_refused(struct rf_enrol *e)
{
    rf_fsm_post(&e->fsm, ENROL_EV_REFUSED, NULL, 0);
}

static void take_why(struct rf_enrol *e, const struct rf_why *why)
{
    if (e->why.code[0] == '\0' && why != NULL)
        e->why = *why;
}

/* ---- proving who we are ---- */

static void opened(void *self, const void *data)
{
    enrol_step(self, RF_ENROL_STEP_CONNECTED);
}

static void prove_by_certificate(struct rf_enrol *e)
{
    const struct rf_phone_id *id = enrol_id(e);
    struct enrol_job *j = enrol_job_new(e, ENROL_JOB_PROVE);
    j->key = rf_key_ref(id->key);
    j->cert = rf_cert_ref(id->cert);
    j->session = e->session;
    j->is_bare = e->conf.bare_digest;
    if (!enrol_job_post(e, j))
        post_refused(e);
}

/* doc: docs/wire/capf.md, "Auth type": a phone follows the mode of its own configuration, whatever
 * the server writes as auth type */
static void prove(void *self, const void *data)
{
    struct rf_enrol *e = self;
    const struct rf_capf_msg *msg = ((const struct enrol_data *)data)->msg;
    if (msg->has_version && msg->version != 2 && msg->version != RF_CAPF_VERSION) {
        rf_why_set(&e->why, RF_ERR_DENIED, "capf-version", "the server speaks CAPF version %u",
                   msg->version);
        post_refused(e);
        return;
    }
    if (msg->has_auth_type && msg->auth_type != RF_CAPF_AUTH_NONE &&
        msg->auth_type != (uint8_t)e->conf.mode)
        rf_info(RF_CAT_PHONE, "capf server asks for another proof auth-type=%u own-mode=%d dev=%s",
                msg->auth_type, (int)e->conf.mode, e->device);
    if (e->conf.mode == RF_ENROL_LSC_FIRST || e->conf.mode == RF_ENROL_MIC_FIRST)
        prove_by_certificate(e);
    else
        rf_fsm_post(&e->fsm, ENROL_EV_PROVED, NULL, 0);
}

static void fill_proof(const struct rf_enrol *e, struct rf_capf_msg *msg)
{
    const struct rf_phone_id *id = enrol_id(e);
    const struct enrol_job *j = e->job;
    msg->has_cert = msg->has_signed_data = msg->has_sha2_signed_data = msg->has_sudi = true;
    msg->cert = msg->sudi_cert = rf_cert_der(id->cert);
    msg->cert_inner_type = id == &e->lsc ? RF_CAPF_CERT_LSC : RF_CAPF_CERT_MIC;
    msg->signed_data = rf_buf_slice(&j->sha1);
    msg->sha2_hash = RF_CAPF_HASH_SHA512;
    msg->sha2_signature = rf_buf_slice(&j->sha512);
    msg->sudi_sha1 = rf_buf_slice(&j->sudi_sha1);
    msg->sudi_sha512 = rf_buf_slice(&j->sudi_sha512);
}

static void answer_auth(void *self, const void *data)
{
    struct rf_enrol *e = self;
    struct rf_capf_msg msg = {.command = RF_CAPF_AUTH_RES,
                              .has_reason = true,
                              .reason = RF_CAPF_REASON_UPDATE,
                              .has_version = true,
                              .version = RF_CAPF_VERSION,
                              .has_device_name = true,
                              .device_name = rf_slice_str(e->device)};
    /* guess: a server that excuses an expired certificate takes the string beside it */
    if (e->auth_string.len > 0) {
        msg.has_password = true;
        msg.password = rf_secret_slice(&e->auth_string);
    }
    if (e->conf.mode == RF_ENROL_LSC_FIRST || e->conf.mode == RF_ENROL_MIC_FIRST)
        fill_proof(e, &msg);
    enrol_send(e, &msg);
    rf_secret_fini(&e->auth_string);
    enrol_step(e, RF_ENROL_STEP_PROVED);
}

/* ---- the key ---- */

/* doc: docs/security-rules.md, "CAPF"; shorter than our own floor is refused */
static bool judge_rsa(struct rf_enrol *e, const struct rf_capf_msg *msg, struct enrol_job *j)
{
    j->key_type = RF_KEY_RSA;
    j->rsa_bits = msg->has_key_size ? msg->key_size : 0;
    if (j->rsa_bits >= e->conf.rsa_min && j->rsa_bits <= 4096 && j->rsa_bits % 256 == 0)
        return true;
    rf_why_set(&e->why, RF_ERR_DENIED, "keygen-size",
               "the server asks for an RSA key of %u bits; this phone makes %u to 4096",
               j->rsa_bits, e->conf.rsa_min);
    return false;
}

static bool judge_ec(struct rf_enrol *e, const struct rf_capf_msg *msg, struct enrol_job *j)
{
    j->key_type = RF_KEY_EC;
    j->curve = (enum rf_curve)msg->curve;
    if (msg->has_curve && msg->curve <= RF_CAPF_CURVE_P521)
        return true;
    rf_why_set(&e->why, RF_ERR_DENIED, "keygen-curve",
               "the server asks for a key on a curve this phone does not know");
    return false;
}

static bool judge_key(struct rf_enrol *e, const struct rf_capf_msg *msg, struct enrol_job *j)
{
    if (!msg->has_key_type || msg->key_type == RF_CAPF_KEY_RSA)
        return judge_rsa(e, msg, j);
    if (msg->key_type == RF_CAPF_KEY_EC)
        return judge_ec(e, msg, j);
    rf_why_set(&e->why, RF_ERR_DENIED, "keygen-type", "the server asks for a key of type %u",
               msg->key_type);
    return false;
}

static void answer_reason(struct rf_enrol *e, enum rf_capf_command command,
                          enum rf_capf_reason reason)
{
    struct rf_capf_msg msg = {
        .command = (uint8_t)command, .has_reason = true, .reason = (uint8_t)reason};
    enrol_send(e, &msg);
}

/* A server that prefers EC asks again, for RSA; another ends the session. */
static void decline(struct rf_enrol *e)
{
    rf_why_set(&e->why, RF_ERR_DENIED, "keygen-no-ec",
               "the server asks for an EC key, and this phone makes none");
    answer_reason(e, RF_CAPF_KEYGEN_RES, RF_CAPF_REASON_INVALID);
    rf_fsm_post(&e->fsm, ENROL_EV_DECLINED, NULL, 0);
}

static void make_key(void *self, const void *data)
{
    struct rf_enrol *e = self;
    const struct rf_capf_msg *msg = ((const struct enrol_data *)data)->msg;
    if (e->conf.no_ec && msg->has_key_type && msg->key_type == RF_CAPF_KEY_EC) {
        decline(e);
        return;
    }
    e->why = (struct rf_why){0}; /* of a key that was declined */
    struct enrol_job *j = enrol_job_new(e, ENROL_JOB_KEY);
    j->wants_new = e->conf.new_key;
    j->cert = e->lsc.cert != NULL ? rf_cert_ref(e->lsc.cert) : NULL;
    if (!judge_key(e, msg, j)) {
        enrol_job_free(j);
        answer_reason(e, RF_CAPF_KEYGEN_RES, RF_CAPF_REASON_INVALID);
        post_refused(e);
        return;
    }
    j->delay_ms = e->conf.key_delay_ms;
    enrol_step(e, RF_ENROL_STEP_KEY_ASKED);
    if (!enrol_job_post(e, j))
        post_refused(e);
}

static void in_progress(void *self, const void *data)
{
    struct rf_capf_msg msg = {.command = RF_CAPF_IN_PROGRESS};
    enrol_send(self, &msg);
    enrol_timer_start(self);
}

static void send_key(void *self, const void *data)
{
    struct rf_enrol *e = self;
    rf_key_free(e->key);
    e->key = rf_key_ref(e->job->key);
    struct rf_capf_msg msg = {
        .command = RF_CAPF_KEYGEN_RES, .has_public_key = true, .public_key = rf_key_spki(e->key)};
    enrol_send(e, &msg);
    enrol_step(e, RF_ENROL_STEP_KEY_SENT);
}

static void key_failed(void *self, const void *data)
{
    struct rf_enrol *e = self;
    take_why(e, ((const struct enrol_data *)data)->why);
    answer_reason(e, RF_CAPF_KEYGEN_RES, RF_CAPF_REASON_INVALID);
    enrol_close(e);
}

/* ---- the certificate ---- */

static bool is_lsc(struct rf_enrol *e, const struct rf_capf_msg *msg)
{
    if (!msg->has_cert) {
        rf_why_set(&e->why, RF_ERR_BAD, "capf-cert-missing", "a store request without certificate");
        return false;
    }
    if (msg->has_cert_type && msg->cert_type != RF_CAPF_CERT_LSC) {
        rf_why_set(&e->why, RF_ERR_DENIED, "capf-cert-type",
                   "the server wants to replace another certificate than the LSC (type %u)",
                   msg->cert_type);
        return false;
    }
    return true;
}

static void store(void *self, const void *data)
{
    struct rf_enrol *e = self;
    const struct rf_capf_msg *msg = ((const struct enrol_data *)data)->msg;
    rf_crash_point("enrol.cert-received");
    struct enrol_job *j = enrol_job_new(e, ENROL_JOB_STORE);
    if (!is_lsc(e, msg) || rf_buf_add_slice(&j->der, msg->cert) != RF_OK) {
        enrol_job_free(j);
        rf_why_set(&e->why, RF_ERR_LIMIT, "capf-cert-long", "the certificate is too long");
        answer_reason(e, RF_CAPF_STORE_CERT_RES, RF_CAPF_REASON_INVALID);
        post_refused(e);
        return;
    }
    if (e->key != NULL)
        j->key = rf_key_ref(e->key);
    j->floor_s = e->conf.floor_s;
    j->has_time = e->conf.has_time;
    j->now_s = rf_wall_s(e->conf.clock);
    if (!enrol_job_post(e, j))
        post_refused(e);
}

static void take_stored(struct rf_enrol *e)
{
    rf_cert_unref(e->cert);
    e->cert = rf_cert_ref(e->job->cert);
    e->did = RF_ENROL_INSTALLED;
    enrol_step(e, RF_ENROL_STEP_STORED);
}

static void confirm(void *self, const void *data)
{
    take_stored(self);
    answer_reason(self, RF_CAPF_STORE_CERT_RES, RF_CAPF_REASON_UPDATE);
}

static void stored_late(void *self, const void *data)
{
    take_stored(self);
    enrol_finish(self);
}

static void refuse_cert(void *self, const void *data)
{
    take_why(self, ((const struct enrol_data *)data)->why);
    answer_reason(self, RF_CAPF_STORE_CERT_RES, RF_CAPF_REASON_INVALID);
    enrol_close(self);
}

/* ---- showing and deleting it ---- */

static const struct rf_phone_id *id_to_show(const struct rf_enrol *e)
{
    return e->lsc.cert != NULL && e->did != RF_ENROL_DELETED ? &e->lsc : &e->mic;
}

/* guess: what a phone without any certificate answers is not known; reason 7, and none */
static void fetch(void *self, const void *data)
{
    struct rf_enrol *e = self;
    const struct rf_cert *cert = e->did == RF_ENROL_INSTALLED ? e->cert : id_to_show(e)->cert;
    bool is_mic = cert != NULL && cert == e->mic.cert;
    struct rf_capf_msg msg = {
        .command = RF_CAPF_FETCH_CERT_RES, .has_reason = true, .reason = RF_CAPF_REASON_INVALID};
    if (cert != NULL) {
        msg.reason = RF_CAPF_REASON_UPDATE;
        msg.has_cert = true;
        msg.cert = rf_cert_der(cert);
        msg.cert_inner_type = is_mic ? RF_CAPF_CERT_MIC : RF_CAPF_CERT_LSC;
    }
    if (e->did == RF_ENROL_FAILED && cert != NULL)
        e->did = RF_ENROL_FETCHED;
    enrol_send(e, &msg);
}

static void delete_lsc(void *self, const void *data)
{
    struct rf_enrol *e = self;
    if (!enrol_job_post(e, enrol_job_new(e, ENROL_JOB_DELETE)))
        post_refused(e);
}

static void deleted(void *self, const void *data)
{
    struct rf_enrol *e = self;
    e->did = RF_ENROL_DELETED;
    answer_reason(e, RF_CAPF_DELETE_CERT_RES, RF_CAPF_REASON_UPDATE);
}

static void deleted_late(void *self, const void *data)
{
    struct rf_enrol *e = self;
    e->did = RF_ENROL_DELETED;
    enrol_finish(e);
}

static void not_deleted(void *self, const void *data)
{
    take_why(self, ((const struct enrol_data *)data)->why);
    answer_reason(self, RF_CAPF_DELETE_CERT_RES, RF_CAPF_REASON_INVALID);
    enrol_close(self);
}

/* ---- the end ---- */

static void judge_end_without_work(struct rf_enrol *e)
{
    const char *name = rf_capf_reason_name((uint8_t)e->reason);
    if (e->reason == RF_CAPF_REASON_NO_ACTION) {
        e->did = RF_ENROL_NOTHING;
        e->is_confirmed = true;
    } else if (e->reason == RF_CAPF_REASON_UNKNOWN_DEVICE) {
        rf_why_set(&e->why, RF_ERR_DENIED, "capf-unknown-device",
                   "the server does not know %s; add the device there", e->device);
    } else if (e->reason == RF_CAPF_REASON_UPDATE) {
        rf_why_set(&e->why, RF_ERR_BAD, "capf-early-end",
                   "the server reports success, but nothing was done");
    } else {
        rf_why_set(&e->why, RF_ERR_DENIED, "capf-refused",
                   "the server ended the session with reason %d (%s)", e->reason, name);
    }
}

static void end(void *self, const void *data)
{
    struct rf_enrol *e = self;
    const struct rf_capf_msg *msg = ((const struct enrol_data *)data)->msg;
    char info[120];
    e->reason = msg->has_reason ? msg->reason : RF_CAPF_REASON_NO_ACTION;
    if (msg->has_reason_info)
        rf_info(RF_CAT_PHONE, "capf end reason=%d info=\"%s\" dev=%s", e->reason,
                rf_escape(msg->reason_info, info, sizeof info), e->device);
    if (e->did == RF_ENROL_FAILED)
        judge_end_without_work(e);
    else if (e->reason == RF_CAPF_REASON_UPDATE ||
             (e->did == RF_ENROL_FETCHED && e->reason == RF_CAPF_REASON_NO_ACTION))
        e->is_confirmed = true;
    else
        rf_why_set(&e->why, RF_ERR_DENIED, "capf-refused",
                   "the server ended the session with reason %d (%s) after the work was done",
                   e->reason, rf_capf_reason_name((uint8_t)e->reason));
    if (e->is_confirmed && e->did == RF_ENROL_INSTALLED)
        rf_crash_point("enrol.confirmed");
    enrol_close(e);
}

/* It ended while the worker still writes: what comes of that is reported. */
static void end_early(void *self, const void *data)
{
    struct rf_enrol *e = self;
    const struct rf_capf_msg *msg = ((const struct enrol_data *)data)->msg;
    e->reason = msg->has_reason ? msg->reason : RF_CAPF_REASON_NO_ACTION;
    rf_why_set(&e->why, RF_ERR_DENIED, "capf-refused",
               "the server ended the session with reason %d (%s) before it was answered", e->reason,
               rf_capf_reason_name((uint8_t)e->reason));
    enrol_close(e);
}

static void leave(void *self, const void *data)
{
    const struct enrol_data *d = data;
    take_why(self, d != NULL ? d->why : NULL);
    enrol_close(self);
}

static void misplaced(void *self, const void *data)
{
    struct rf_enrol *e = self;
    const struct rf_capf_msg *msg = ((const struct enrol_data *)data)->msg;
    rf_why_set(&e->why, RF_ERR_DENIED, "capf-command",
               "the server sent %s (%u), which has no place here",
               rf_capf_command_name(msg->command), msg->command);
    enrol_close(e);
}

static void retry_later(void *self, const void *data)
{
    struct rf_enrol *e = self;
    e->may_retry = true;
    rf_why_set(&e->why, RF_ERR_AGAIN, "capf-retry-later", "the server asks to come again later");
    enrol_close(e);
}

static void abort_session(void *self, const void *data)
{
    struct rf_enrol *e = self;
    rf_why_set(&e->why, RF_ERR_DENIED, "aborted", "the user ended the enrolment");
    enrol_close(e);
}

static void timed_out(void *self, const void *data)
{
    struct rf_enrol *e = self;
    e->may_retry = true;
    rf_why_set(&e->why, RF_ERR_AGAIN, "answer-timeout", "the server does not answer");
    enrol_close(e);
}

/* A link that cannot be had, or broke: worth another try. A server that is not trusted, or does not
 * trust us, will be so next time too. */
static bool is_passing(const char *code)
{
    static const char *const codes[] = {
        "end",          "connect-refused", "connect-failed", "tcp-reset", "io", "handshake-timeout",
        "idle-timeout", "close-timeout",   "tls-bad-record"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(code, codes[i]) == 0)
            return true;
    return false;
}

static void lost(struct rf_enrol *e, const struct rf_why *why)
{
    if (e->why.code[0] == '\0' && is_passing(why->code))
        e->may_retry = true;
    take_why(e, why);
}

static void closed(void *self, const void *data)
{
    lost(self, ((const struct enrol_data *)data)->why);
    enrol_finish(self);
}

static void closed_busy(void *self, const void *data)
{
    lost(self, ((const struct enrol_data *)data)->why);
}

/* We have closed it ourselves, for a reason that stands already. */
static void closed_here(void *self, const void *data)
{
    enrol_finish(self);
}

static void failed_late(void *self, const void *data)
{
    struct rf_enrol *e = self;
    e->may_retry = false;
    e->why = *((const struct enrol_data *)data)->why;
    enrol_finish(e);
}

/* ---- the table ---- */

/* clang-format off */
/* While the worker writes flash, nothing that comes from the server changes what it does. */
#define WRITING(state)                                                                             \
    { state, ENROL_EV_AUTH_REQ,    misplaced,     RF_FSM_SAME },                                   \
    { state, ENROL_EV_KEYGEN_REQ,  misplaced,     RF_FSM_SAME },                                   \
    { state, ENROL_EV_STORE_REQ,   misplaced,     RF_FSM_SAME },                                   \
    { state, ENROL_EV_FETCH_REQ,   misplaced,     RF_FSM_SAME },                                   \
    { state, ENROL_EV_DELETE_REQ,  misplaced,     RF_FSM_SAME },                                   \
    { state, ENROL_EV_OTHER,       misplaced,     RF_FSM_SAME },                                   \
    { state, ENROL_EV_END,         end_early,     RF_FSM_SAME },                                   \
    { state, ENROL_EV_RETRY_LATER, retry_later,   RF_FSM_SAME },                                   \
    { state, ENROL_EV_BAD,         leave,         RF_FSM_SAME },                                   \
    { state, ENROL_EV_ABORT,       abort_session, RF_FSM_SAME },                                   \
    { state, ENROL_EV_CLOSED,      closed_busy,   ENROL_LINKLESS }

/* It is over: what still comes changes nothing. */
#define QUIET(state)                                                                               \
    { state, ENROL_EV_ABORT,       NULL,          RF_FSM_SAME },                                   \
    { state, ENROL_EV_REFUSED,     NULL,          RF_FSM_SAME }

static const struct rf_fsm_row rows[] = {
    /* in                event                 action         to                    source */
    { ENROL_CONNECTING,   ENROL_EV_OPENED,      opened,        ENROL_WAIT_AUTH },
    { ENROL_CONNECTING,   ENROL_EV_ABORT,       abort_session, ENROL_LEAVING },
    { ENROL_CONNECTING,   ENROL_EV_CLOSED,      closed,        ENROL_DONE },

    /* doc: docs/wire/capf.md, "An install" */
    { ENROL_WAIT_AUTH,    ENROL_EV_AUTH_REQ,    prove,         ENROL_PROVING },
    { ENROL_WAIT_AUTH,    ENROL_EV_KEYGEN_REQ,  misplaced,     ENROL_LEAVING },
    { ENROL_WAIT_AUTH,    ENROL_EV_STORE_REQ,   misplaced,     ENROL_LEAVING },
    { ENROL_WAIT_AUTH,    ENROL_EV_FETCH_REQ,   misplaced,     ENROL_LEAVING },
    { ENROL_WAIT_AUTH,    ENROL_EV_DELETE_REQ,  misplaced,     ENROL_LEAVING },
    { ENROL_WAIT_AUTH,    ENROL_EV_OTHER,       misplaced,     ENROL_LEAVING },
    { ENROL_WAIT_AUTH,    ENROL_EV_END,         end,           ENROL_LEAVING },
    { ENROL_WAIT_AUTH,    ENROL_EV_RETRY_LATER, retry_later,   ENROL_LEAVING },
    { ENROL_WAIT_AUTH,    ENROL_EV_BAD,         leave,         ENROL_LEAVING },
    { ENROL_WAIT_AUTH,    ENROL_EV_ABORT,       abort_session, ENROL_LEAVING },
    { ENROL_WAIT_AUTH,    ENROL_EV_T_ANSWER,    timed_out,     ENROL_LEAVING },
    { ENROL_WAIT_AUTH,    ENROL_EV_CLOSED,      closed,        ENROL_DONE },

    { ENROL_PROVING,      ENROL_EV_PROVED,      answer_auth,   ENROL_WAIT_REQUEST },
    { ENROL_PROVING,      ENROL_EV_JOB_FAILED,  leave,         ENROL_LEAVING },
    { ENROL_PROVING,      ENROL_EV_REFUSED,     leave,         ENROL_LEAVING },
    { ENROL_PROVING,      ENROL_EV_AUTH_REQ,    misplaced,     ENROL_LEAVING },
    { ENROL_PROVING,      ENROL_EV_KEYGEN_REQ,  misplaced,     ENROL_LEAVING },
    { ENROL_PROVING,      ENROL_EV_STORE_REQ,   misplaced,     ENROL_LEAVING },
    { ENROL_PROVING,      ENROL_EV_FETCH_REQ,   misplaced,     ENROL_LEAVING },
    { ENROL_PROVING,      ENROL_EV_DELETE_REQ,  misplaced,     ENROL_LEAVING },
    { ENROL_PROVING,      ENROL_EV_OTHER,       misplaced,     ENROL_LEAVING },
    { ENROL_PROVING,      ENROL_EV_END,         end,           ENROL_LEAVING },
    { ENROL_PROVING,      ENROL_EV_RETRY_LATER, retry_later,   ENROL_LEAVING },
    { ENROL_PROVING,      ENROL_EV_BAD,         leave,         ENROL_LEAVING },
    { ENROL_PROVING,      ENROL_EV_ABORT,       abort_session, ENROL_LEAVING },
    { ENROL_PROVING,      ENROL_EV_CLOSED,      closed,        ENROL_DONE },

    /* the same; a retry may begin with the certificate of the last time */
    { ENROL_WAIT_REQUEST, ENROL_EV_KEYGEN_REQ,  make_key,      ENROL_MAKING_KEY },
    { ENROL_WAIT_REQUEST, ENROL_EV_STORE_REQ,   store,         ENROL_STORING },
    { ENROL_WAIT_REQUEST, ENROL_EV_FETCH_REQ,   fetch,         ENROL_WAIT_END },
    { ENROL_WAIT_REQUEST, ENROL_EV_DELETE_REQ,  delete_lsc,    ENROL_DELETING },
    { ENROL_WAIT_REQUEST, ENROL_EV_AUTH_REQ,    misplaced,     ENROL_LEAVING },
    { ENROL_WAIT_REQUEST, ENROL_EV_OTHER,       misplaced,     ENROL_LEAVING },
    { ENROL_WAIT_REQUEST, ENROL_EV_END,         end,           ENROL_LEAVING },
    { ENROL_WAIT_REQUEST, ENROL_EV_RETRY_LATER, retry_later,   ENROL_LEAVING },
    { ENROL_WAIT_REQUEST, ENROL_EV_BAD,         leave,         ENROL_LEAVING },
    { ENROL_WAIT_REQUEST, ENROL_EV_REFUSED,     leave,         ENROL_LEAVING },
    { ENROL_WAIT_REQUEST, ENROL_EV_ABORT,       abort_session, ENROL_LEAVING },
    { ENROL_WAIT_REQUEST, ENROL_EV_T_ANSWER,    timed_out,     ENROL_LEAVING },
    { ENROL_WAIT_REQUEST, ENROL_EV_CLOSED,      closed,        ENROL_DONE },

    { ENROL_MAKING_KEY,   ENROL_EV_KEY_MADE,    send_key,      ENROL_WAIT_CERT },
    { ENROL_MAKING_KEY,   ENROL_EV_DECLINED,    NULL,          ENROL_WAIT_REQUEST },
    { ENROL_MAKING_KEY,   ENROL_EV_T_PROGRESS,  in_progress,   ENROL_MAKING_KEY },
    { ENROL_MAKING_KEY,   ENROL_EV_JOB_FAILED,  key_failed,    ENROL_LEAVING },
    { ENROL_MAKING_KEY,   ENROL_EV_REFUSED,     leave,         ENROL_LEAVING },
    { ENROL_MAKING_KEY,   ENROL_EV_AUTH_REQ,    misplaced,     ENROL_LEAVING },
    { ENROL_MAKING_KEY,   ENROL_EV_KEYGEN_REQ,  misplaced,     ENROL_LEAVING },
    { ENROL_MAKING_KEY,   ENROL_EV_STORE_REQ,   misplaced,     ENROL_LEAVING },
    { ENROL_MAKING_KEY,   ENROL_EV_FETCH_REQ,   misplaced,     ENROL_LEAVING },
    { ENROL_MAKING_KEY,   ENROL_EV_DELETE_REQ,  misplaced,     ENROL_LEAVING },
    { ENROL_MAKING_KEY,   ENROL_EV_OTHER,       misplaced,     ENROL_LEAVING },
    { ENROL_MAKING_KEY,   ENROL_EV_END,         end,           ENROL_LEAVING },
    { ENROL_MAKING_KEY,   ENROL_EV_RETRY_LATER, retry_later,   ENROL_LEAVING },
    { ENROL_MAKING_KEY,   ENROL_EV_BAD,         leave,         ENROL_LEAVING },
    { ENROL_MAKING_KEY,   ENROL_EV_ABORT,       abort_session, ENROL_LEAVING },
    { ENROL_MAKING_KEY,   ENROL_EV_CLOSED,      closed,        ENROL_DONE },

    { ENROL_WAIT_CERT,    ENROL_EV_STORE_REQ,   store,         ENROL_STORING },
    { ENROL_WAIT_CERT,    ENROL_EV_AUTH_REQ,    misplaced,     ENROL_LEAVING },
    { ENROL_WAIT_CERT,    ENROL_EV_KEYGEN_REQ,  misplaced,     ENROL_LEAVING },
    { ENROL_WAIT_CERT,    ENROL_EV_FETCH_REQ,   misplaced,     ENROL_LEAVING },
    { ENROL_WAIT_CERT,    ENROL_EV_DELETE_REQ,  misplaced,     ENROL_LEAVING },
    { ENROL_WAIT_CERT,    ENROL_EV_OTHER,       misplaced,     ENROL_LEAVING },
    { ENROL_WAIT_CERT,    ENROL_EV_END,         end,           ENROL_LEAVING },
    { ENROL_WAIT_CERT,    ENROL_EV_RETRY_LATER, retry_later,   ENROL_LEAVING },
    { ENROL_WAIT_CERT,    ENROL_EV_BAD,         leave,         ENROL_LEAVING },
    { ENROL_WAIT_CERT,    ENROL_EV_REFUSED,     leave,         ENROL_LEAVING },
    { ENROL_WAIT_CERT,    ENROL_EV_ABORT,       abort_session, ENROL_LEAVING },
    { ENROL_WAIT_CERT,    ENROL_EV_T_ANSWER,    timed_out,     ENROL_LEAVING },
    { ENROL_WAIT_CERT,    ENROL_EV_CLOSED,      closed,        ENROL_DONE },

    /* doc: docs/security-rules.md, "Phone certificates", "CAPF" (A9): only a stored one is confirmed */
    { ENROL_STORING,      ENROL_EV_STORED,      confirm,       ENROL_WAIT_END },
    { ENROL_STORING,      ENROL_EV_JOB_FAILED,  refuse_cert,   ENROL_LEAVING },
    { ENROL_STORING,      ENROL_EV_REFUSED,     leave,         ENROL_LEAVING },
    WRITING(ENROL_STORING),

    { ENROL_DELETING,     ENROL_EV_DELETED,     deleted,       ENROL_WAIT_END },
    { ENROL_DELETING,     ENROL_EV_JOB_FAILED,  not_deleted,   ENROL_LEAVING },
    { ENROL_DELETING,     ENROL_EV_REFUSED,     leave,         ENROL_LEAVING },
    WRITING(ENROL_DELETING),

    { ENROL_WAIT_END,     ENROL_EV_END,         end,           ENROL_LEAVING },
    { ENROL_WAIT_END,     ENROL_EV_KEYGEN_REQ,  make_key,      ENROL_MAKING_KEY },
    { ENROL_WAIT_END,     ENROL_EV_STORE_REQ,   store,         ENROL_STORING },
    { ENROL_WAIT_END,     ENROL_EV_FETCH_REQ,   fetch,         ENROL_WAIT_END },
    { ENROL_WAIT_END,     ENROL_EV_DELETE_REQ,  delete_lsc,    ENROL_DELETING },
    { ENROL_WAIT_END,     ENROL_EV_AUTH_REQ,    misplaced,     ENROL_LEAVING },
    { ENROL_WAIT_END,     ENROL_EV_OTHER,       misplaced,     ENROL_LEAVING },
    { ENROL_WAIT_END,     ENROL_EV_RETRY_LATER, retry_later,   ENROL_LEAVING },
    { ENROL_WAIT_END,     ENROL_EV_BAD,         leave,         ENROL_LEAVING },
    { ENROL_WAIT_END,     ENROL_EV_REFUSED,     leave,         ENROL_LEAVING },
    { ENROL_WAIT_END,     ENROL_EV_ABORT,       abort_session, ENROL_LEAVING },
    { ENROL_WAIT_END,     ENROL_EV_T_ANSWER,    timed_out,     ENROL_LEAVING },
    { ENROL_WAIT_END,     ENROL_EV_CLOSED,      closed,        ENROL_DONE },

    { ENROL_LINKLESS,     ENROL_EV_STORED,      stored_late,   ENROL_DONE },
    { ENROL_LINKLESS,     ENROL_EV_DELETED,     deleted_late,  ENROL_DONE },
    { ENROL_LINKLESS,     ENROL_EV_JOB_FAILED,  failed_late,   ENROL_DONE },
    QUIET(ENROL_LINKLESS),

    { ENROL_LEAVING,      ENROL_EV_CLOSED,      closed_here,   ENROL_DONE },
    { ENROL_LEAVING,      ENROL_EV_PROVED,      NULL,          ENROL_LEAVING },
    { ENROL_LEAVING,      ENROL_EV_KEY_MADE,    NULL,          ENROL_LEAVING },
    { ENROL_LEAVING,      ENROL_EV_JOB_FAILED,  NULL,          ENROL_LEAVING },
    QUIET(ENROL_LEAVING),

    QUIET(ENROL_DONE),
};

static const char *const state_names[ENROL_STATES] = {
    [ENROL_CONNECTING] = "CONNECTING",     [ENROL_WAIT_AUTH] = "WAIT_AUTH",
    [ENROL_PROVING] = "PROVING",           [ENROL_WAIT_REQUEST] = "WAIT_REQUEST",
    [ENROL_MAKING_KEY] = "MAKING_KEY",     [ENROL_WAIT_CERT] = "WAIT_CERT",
    [ENROL_STORING] = "STORING",           [ENROL_DELETING] = "DELETING",
    [ENROL_WAIT_END] = "WAIT_END",         [ENROL_LINKLESS] = "LINKLESS",
    [ENROL_LEAVING] = "LEAVING",           [ENROL_DONE] = "DONE",
};

static const char *const event_names[ENROL_EVENTS] = {
    [ENROL_EV_OPENED] = "OPENED",           [ENROL_EV_AUTH_REQ] = "AUTH_REQ",
    [ENROL_EV_KEYGEN_REQ] = "KEYGEN_REQ",   [ENROL_EV_STORE_REQ] = "STORE_REQ",
    [ENROL_EV_FETCH_REQ] = "FETCH_REQ",     [ENROL_EV_DELETE_REQ] = "DELETE_REQ",
    [ENROL_EV_END] = "END",                 [ENROL_EV_RETRY_LATER] = "RETRY_LATER",
    [ENROL_EV_OTHER] = "OTHER",             [ENROL_EV_BAD] = "BAD",
    [ENROL_EV_PROVED] = "PROVED",           [ENROL_EV_KEY_MADE] = "KEY_MADE",
    [ENROL_EV_DECLINED] = "DECLINED",
    [ENROL_EV_STORED] = "STORED",           [ENROL_EV_DELETED] = "DELETED",
    [ENROL_EV_JOB_FAILED] = "JOB_FAILED",   [ENROL_EV_REFUSED] = "REFUSED",
    [ENROL_EV_ABORT] = "ABORT",             [ENROL_EV_CLOSED] = "CLOSED",
    [ENROL_EV_T_ANSWER] = "T_ANSWER",       [ENROL_EV_T_PROGRESS] = "T_PROGRESS",
};
/* clang-format on */

/* ---- timers and the runner's hooks ---- */

static uint32_t wait_of(const struct rf_enrol *e, int *event)
{
    *event = ENROL_EV_T_ANSWER;
    switch ((enum enrol_state)e->fsm.state) {
    case ENROL_WAIT_AUTH:
    case ENROL_WAIT_REQUEST:
    case ENROL_WAIT_END:
        return e->conf.answer_ms;
    case ENROL_WAIT_CERT:
        return e->conf.issue_ms;
    case ENROL_MAKING_KEY:
        *event = ENROL_EV_T_PROGRESS;
        return e->conf.progress_ms;
    case ENROL_CONNECTING: /* the link has its own limit here and when it closes */
    case ENROL_LEAVING:
    case ENROL_PROVING:
    case ENROL_STORING:
    case ENROL_DELETING:
    case ENROL_LINKLESS:
    case ENROL_DONE:
    case ENROL_STATES:
        break;
    }
    return 0;
}

static void timer_due(void *owner, uint64_t number)
{
    struct rf_enrol *e = owner;
    int event;
    e->timer = 0;
    if (wait_of(e, &event) != 0)
        enrol_run(e, event, NULL);
}

void enrol_timer_start(struct rf_enrol *e)
{
    int event;
    uint32_t ms = wait_of(e, &event);
    rf_timer_stop(e->conf.timers, &e->timer);
    if (ms != 0)
        e->timer = rf_timer_start(e->conf.timers, ms, timer_due, e, 0);
}

static void entered(void *self, int state)
{
    enrol_timer_start(self);
}

static const char *label(const void *self)
{
    static _Thread_local char text[RF_CAPF_NAME_MAX + 8];
    const struct rf_enrol *e = self;
    snprintf(text, sizeof text, "dev=%s", e->device);
    return text;
}

const struct rf_fsm_def enrol_fsm = {.name = "enrol",
                                     .cat = RF_CAT_PHONE,
                                     .rows = rows,
                                     .n_rows = sizeof rows / sizeof *rows,
                                     .state_names = state_names,
                                     .n_states = ENROL_STATES,
                                     .event_names = event_names,
                                     .n_events = ENROL_EVENTS,
                                     .label = label,
                                     .entered = entered};

const struct rf_fsm_def *rf_enrol_fsm_def(void)
{
    return &enrol_fsm;
}

/* X(action) */
#define ACTIONS(X)                                                                                 \
    X(opened)                                                                                      \
    X(prove)                                                                                       \
    X(answer_auth)                                                                                 \
    X(make_key)                                                                                    \
    X(in_progress)                                                                                 \
    X(send_key)                                                                                    \
    X(key_failed)                                                                                  \
    X(store)                                                                                       \
    X(confirm)                                                                                     \
    X(stored_late)                                                                                 \
    X(refuse_cert)                                                                                 \
    X(fetch)                                                                                       \
    X(delete_lsc)                                                                                  \
    X(deleted)                                                                                     \
    X(deleted_late)                                                                                \
    X(not_deleted)                                                                                 \
    X(end_early)                                                                                   \
    X(end)                                                                                         \
    X(leave)                                                                                       \
    X(misplaced)                                                                                   \
    X(retry_later)                                                                                 \
    X(abort_session)                                                                               \
    X(timed_out)                                                                                   \
    X(closed)                                                                                      \
    X(closed_busy)                                                                                 \
    X(closed_here)                                                                                 \
    X(failed_late)

const char *rf_enrol_fsm_action_name(rf_fsm_action action)
{
    static const struct rf_fsm_name names[] = {ACTIONS(RF_FSM_NAME)};
    return rf_fsm_name_find(names, sizeof names / sizeof *names, action);
}
