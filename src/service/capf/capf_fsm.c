/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a CAPF session, as a table. doc: docs/enrolment.md, "The way of an operation" has it
 * as a picture. */
#include "service/capf/capf_int.h"

#include "base/faults.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static void refused(struct capf_session *s)
{
    rf_fsm_post(&s->fsm, CAPF_EV_REFUSED, NULL, 0);
}

/* Malformed, or out of order. Before a proof held that changes nothing at all; after it the try has
 * failed. */
static void malformed(struct capf_session *s, const char *code, const char *text)
{
    capf_refuse(s->c, s->c->is_admitted ? CAPF_RECORD_FAIL : CAPF_RECORD_NOTE,
                RF_CAPF_REASON_INVALID, code, "message refused: %s", text);
    refused(s);
}

/* ---- who is it? ---- */

/* The server speaks before it knows who listens, so it cannot name the device's mode. doc:
 * docs/wire/capf.md, "Auth type". */
static void ask_who(void *self, const void *data)
{
    (void)data;
    struct capf_session *s = self;
    struct rf_capf_msg m = {.command = RF_CAPF_AUTH_REQ,
                            .has_version = true,
                            .version = RF_CAPF_VERSION,
                            .has_auth_type = true,
                            .auth_type = RF_CAPF_AUTH_NONE};
    capf_send(s, &m);
}

static bool is_fit(struct capf_session *s, const struct rf_capf_msg *m)
{
    char shown[RF_CAPF_NAME_MAX * 4 + 1];
    if (!rf_fault_skips("capf.version") && m->has_version && m->version != 2 &&
        m->version != RF_CAPF_VERSION) {
        snprintf(shown, sizeof shown, "version %u; 2 and 3 are served", m->version);
        malformed(s, "capf-version", shown);
    } else if (!m->has_device_name)
        malformed(s, "capf-no-name", "an auth response without device name");
    else if (m->has_reason && m->reason != RF_CAPF_REASON_UPDATE) {
        snprintf(shown, sizeof shown, "the phone does not go on: reason %u", m->reason);
        malformed(s, "phone-refused", shown);
    } else if (m->device_name.len >= RF_STORE_DEVICE_NAME) {
        capf_refuse(s->c, CAPF_RECORD_NOTE, RF_CAPF_REASON_UNKNOWN_DEVICE, "unknown-device",
                    "there is no device %s: names have at most %d characters",
                    rf_escape(m->device_name, shown, sizeof shown), RF_STORE_DEVICE_NAME - 1);
        refused(s);
    } else if (!rf_fault_skips("capf.one-session") && capf_is_taken(s, m->device_name)) {
        capf_refuse(s->c, CAPF_RECORD_NOTE, RF_CAPF_REASON_INVALID, "session-busy",
                    "%s has another session open; this one changed nothing",
                    rf_escape(m->device_name, shown, sizeof shown));
        refused(s);
    } else
        return true;
    return false;
}

static void look(void *self, const void *data)
{
    struct capf_session *s = self;
    const struct capf_in *in = data;
    struct capf_case *c = s->c;
    if (!is_fit(s, in->msg))
        return;
    (void)rf_slice_to_str(in->msg->device_name, c->device, sizeof c->device);
    memcpy(s->device, c->device, sizeof s->device);
    rf_escape(in->msg->device_name, s->shown, sizeof s->shown);
    struct rf_capf_frame kept = *in->frame;
    if (rf_buf_add_slice(&c->frame, in->frame->body) != RF_OK) {
        malformed(s, "capf-length", "an auth response that is too long");
        return;
    }
    kept.body = rf_buf_slice(&c->frame);
    struct rf_why why = {0};
    enum rf_err err = rf_capf_decode(&kept, &c->auth, &why);
    rf_bug_on(err != RF_OK); /* the same bytes were decoded a moment ago */
    capf_ask(s, capf_store_worker(s), capf_look);
}

static void prove(void *self, const void *data)
{
    (void)data;
    struct capf_session *s = self;
    if (s->c->op.string_hash[0] != '\0' && !capf_counts_tries(s)) {
        capf_refuse(s->c, CAPF_RECORD_NOTHING, CAPF_REASON_NONE, "try-uncounted",
                    "no string is judged, because a wrong one could not be counted a moment ago: "
                    "see why the database cannot be written");
        refused(s);
        return;
    }
    if (s->c->op.string_hash[0] != '\0' && !capf_may_judge(s)) {
        s->c->is_source_waiting = true;
        capf_refuse(s->c, CAPF_RECORD_NOTE, RF_CAPF_REASON_INVALID, "source-waits",
                    "no string for %s is judged, since wrong ones came from %s", s->device,
                    s->host);
        refused(s);
        return;
    }
    capf_ask(s, capf_check_worker(s), capf_prove);
}

static void admit(void *self, const void *data)
{
    (void)data;
    struct capf_session *s = self;
    capf_string_judged(s);
    capf_ask(s, capf_store_worker(s), capf_admit);
}

/* ---- install ---- */

static bool ask_rsa(struct capf_session *s, struct rf_capf_msg *m)
{
    struct capf_case *c = s->c;
    if (c->op.key_bits == 0)
        c->op.key_bits = c->knobs.lsc_key_bits;
    /* Key type is left out: only phones that know EC know the element. */
    m->has_key_size = true;
    m->key_size = (uint16_t)c->op.key_bits;
    return c->op.key_bits >= c->knobs.rsa_min && c->op.key_bits >= 512 && c->op.key_bits <= 4096;
}

static bool ask_ec(struct capf_session *s, struct rf_capf_msg *m)
{
    struct capf_case *c = s->c;
    if (c->op.key_bits == 0)
        c->op.key_bits = 384;
    m->has_key_type = true;
    m->key_type = RF_CAPF_KEY_EC;
    m->has_curve = true;
    m->curve = c->op.key_bits == 256   ? RF_CAPF_CURVE_P256
               : c->op.key_bits == 384 ? RF_CAPF_CURVE_P384
                                       : RF_CAPF_CURVE_P521;
    return c->op.key_bits == 256 || c->op.key_bits == 384 || c->op.key_bits == 521;
}

static void ask_key(void *self, const void *data)
{
    (void)data;
    struct capf_session *s = self;
    struct rf_capf_msg m = {.command = RF_CAPF_KEYGEN_REQ};
    bool is_ec = s->c->op.key_type == RF_STORE_KEY_EC;
    if (is_ec ? ask_ec(s, &m) : ask_rsa(s, &m)) {
        capf_send(s, &m);
        return;
    }
    capf_refuse(s->c, CAPF_RECORD_FAIL, RF_CAPF_REASON_INVALID, "key-policy",
                "the operation of %s asks for a key of %u bits, which this site does not allow: "
                "schedule it with another size (rsa_min is %u)",
                s->device, s->c->op.key_bits, s->c->knobs.rsa_min);
    refused(s);
}

/* EC preferred: the phone said no to that, and is asked for RSA, once. */
static bool has_backup(const struct capf_session *s, const struct rf_capf_msg *m)
{
    const struct rf_store_capf *op = &s->c->op;
    return op->key_type == RF_STORE_KEY_EC && op->rsa_backup_bits != 0 && !m->has_public_key &&
           m->has_reason && m->reason != RF_CAPF_REASON_UPDATE;
}

static void ask_backup(void *self, const void *data)
{
    struct capf_session *s = self;
    struct rf_store_capf *op = &s->c->op;
    rf_info(RF_CAT_CAPF, "asked for RSA, since the phone makes no EC key dev=%s bits=%u", s->device,
            op->rsa_backup_bits);
    op->key_type = RF_STORE_KEY_RSA;
    op->key_bits = op->rsa_backup_bits;
    op->rsa_backup_bits = 0;
    ask_key(s, data);
}

static void wait_on(void *self, const void *data)
{
    (void)data;
    struct capf_session *s = self;
    capf_timer_start(s, s->c->knobs.keepalive_ms);
}

/* A phone that says anything but "done" has not done it. */
static bool is_done_by_phone(struct capf_session *s, const struct rf_capf_msg *m, bool must_say)
{
    char info[80];
    if (must_say && !m->has_reason) {
        malformed(s, "capf-no-reason", "a response without reason");
        return false;
    }
    if (rf_fault_skips("capf.phone-reason") || !m->has_reason || m->reason == RF_CAPF_REASON_UPDATE)
        return true;
    capf_refuse(s->c, CAPF_RECORD_FAIL, RF_CAPF_REASON_INVALID, "phone-refused",
                "%s answered %s with reason %u (%s) %s", s->device,
                rf_capf_command_name(m->command), m->reason, rf_capf_reason_name(m->reason),
                rf_escape(m->reason_info, info, sizeof info));
    refused(s);
    return false;
}

static bool take_given(struct capf_session *s, struct rf_slice bytes)
{
    if (rf_buf_add_slice(&s->c->given, bytes) == RF_OK)
        return true;
    malformed(s, "capf-length", "more bytes than a key or certificate has");
    return false;
}

static void judge_key(void *self, const void *data)
{
    struct capf_session *s = self;
    const struct rf_capf_msg *m = ((const struct capf_in *)data)->msg;
    if (has_backup(s, m)) {
        rf_fsm_post(&s->fsm, CAPF_EV_NO_EC, NULL, 0);
        return;
    }
    if (!is_done_by_phone(s, m, !m->has_public_key))
        return;
    if (!m->has_public_key)
        malformed(s, "capf-no-key", "a key generate response without key");
    else if (take_given(s, m->public_key))
        capf_ask(s, capf_check_worker(s), capf_judge_key);
}

static void sign(void *self, const void *data)
{
    (void)data;
    struct capf_session *s = self;
    if (s->c->knobs.lsc_issuer == RF_SITE_ISSUER_LOCAL)
        capf_ask(s, capf_signer_worker(s), capf_sign);
    else
        capf_ask(s, capf_store_worker(s), capf_request);
}

static void ask_ca(void *self, const void *data)
{
    (void)data;
    struct capf_session *s = self;
    capf_ask(s, capf_ca_worker(s), capf_ask_ca);
}

static void keep(void *self, const void *data)
{
    (void)data;
    struct capf_session *s = self;
    capf_ask(s, capf_store_worker(s), capf_keep);
}

/* Told before the certificate leaves: whoever judges the phone by it then knows it. */
static void send_cert(void *self, const void *data)
{
    (void)data;
    struct capf_session *s = self;
    capf_tell_changed(s, false);
    struct rf_capf_msg m = {.command = RF_CAPF_STORE_CERT_REQ,
                            .has_cert_type = true,
                            .cert_type = RF_CAPF_CERT_LSC,
                            .has_cert = true,
                            .cert_inner_type = RF_CAPF_CERT_LSC,
                            .cert = rf_buf_slice(&s->c->lsc.der)};
    capf_send(s, &m);
}

/* Nothing else than this message makes an operation done. */
static void confirm(void *self, const void *data)
{
    struct capf_session *s = self;
    if (is_done_by_phone(s, ((const struct capf_in *)data)->msg, true))
        capf_ask(s, capf_store_worker(s), capf_confirm);
}

/* ---- delete and fetch ---- */

static void ask_delete(void *self, const void *data)
{
    (void)data;
    struct rf_capf_msg m = {.command = RF_CAPF_DELETE_CERT_REQ};
    capf_send(self, &m);
}

static void ask_fetch(void *self, const void *data)
{
    (void)data;
    struct rf_capf_msg m = {.command = RF_CAPF_FETCH_CERT_REQ};
    capf_send(self, &m);
}

static void take_deleted(void *self, const void *data)
{
    struct capf_session *s = self;
    if (is_done_by_phone(s, ((const struct capf_in *)data)->msg, true))
        capf_ask(s, capf_store_worker(s), capf_finish);
}

static void take_fetched(void *self, const void *data)
{
    struct capf_session *s = self;
    const struct rf_capf_msg *m = ((const struct capf_in *)data)->msg;
    if (!is_done_by_phone(s, m, true))
        return;
    if (!m->has_cert)
        malformed(s, "capf-no-cert", "a fetch response without certificate");
    else if (take_given(s, m->cert))
        capf_ask(s, capf_store_worker(s), capf_finish);
}

/* ---- the end ---- */

static void end_with(struct capf_session *s, uint8_t reason)
{
    struct rf_capf_msg m = {.command = RF_CAPF_END_SESSION, .has_reason = true, .reason = reason};
    capf_send(s, &m);
    capf_over(s);
}

static void end_done(void *self, const void *data)
{
    (void)data;
    struct capf_session *s = self;
    end_with(s,
             s->c->op.op == RF_STORE_OP_FETCH ? RF_CAPF_REASON_NO_ACTION : RF_CAPF_REASON_UPDATE);
}

/* Its operation was done in an earlier session, and this one had nothing left to do. */
static void end_held(void *self, const void *data)
{
    (void)data;
    end_with(self, RF_CAPF_REASON_NO_ACTION);
}

static void end_refused(void *self, const void *data)
{
    (void)data;
    struct capf_session *s = self;
    if (s->c->end.reason != CAPF_REASON_NONE)
        end_with(s, (uint8_t)s->c->end.reason);
    else
        capf_over(s);
}

static void record(void *self, const void *data)
{
    (void)data;
    struct capf_session *s = self;
    capf_string_judged(s);
    if (s->c->end.record != CAPF_RECORD_NOTHING)
        capf_ask(s, capf_store_worker(s), capf_record);
    else
        rf_fsm_post(&s->fsm, CAPF_EV_RECORDED, NULL, 0);
}

static void take_bad(void *self, const void *data)
{
    (void)data;
    struct capf_session *s = self;
    malformed(s, s->why.code, s->why.text);
}

/* A link that never said who it was is nobody's failure: the log has a line. */
static void leave(struct capf_session *s, const char *code, const char *text)
{
    capf_refuse(s->c,
                s->c->is_admitted ? CAPF_RECORD_FAIL
                : s->c->is_known  ? CAPF_RECORD_NOTE
                                  : CAPF_RECORD_NOTHING,
                CAPF_REASON_NONE, code, "%s", text);
    refused(s);
}

static void lose(void *self, const void *data)
{
    (void)data;
    struct capf_session *s = self;
    char text[160];
    snprintf(text, sizeof text, "the link was lost (%.60s); the operation stays scheduled",
             s->why.code);
    leave(s, "lost-link", text);
}

static void give_up(void *self, const void *data)
{
    (void)data;
    leave(self, "lost-link", "the phone said nothing for too long; the operation stays scheduled");
}

/* ---- the table ---- */

/* doc: docs/wire/capf.md, "An install"; ours: the rows about links, silence and refusals */
static const struct rf_fsm_row rows[] = {
    {CAPF_ST_HELLO, CAPF_EV_OPENED, ask_who, CAPF_ST_WAIT_AUTH},

    {CAPF_ST_WAIT_AUTH, CAPF_EV_AUTH_RES, look, CAPF_ST_LOOKING},
    {CAPF_ST_WAIT_AUTH, CAPF_EV_BAD, take_bad, CAPF_ST_RECORDING},
    {CAPF_ST_WAIT_AUTH, CAPF_EV_LOST, lose, CAPF_ST_RECORDING},
    {CAPF_ST_WAIT_AUTH, CAPF_EV_T_SILENT, give_up, CAPF_ST_RECORDING},

    {CAPF_ST_LOOKING, CAPF_EV_FOUND, prove, CAPF_ST_PROVING},
    {CAPF_ST_LOOKING, CAPF_EV_REFUSED, record, CAPF_ST_RECORDING},
    {CAPF_ST_LOOKING, CAPF_EV_LOST, lose, CAPF_ST_RECORDING},
    {CAPF_ST_PROVING, CAPF_EV_PROVED, admit, CAPF_ST_ADMITTING},
    {CAPF_ST_PROVING, CAPF_EV_REFUSED, record, CAPF_ST_RECORDING},
    {CAPF_ST_PROVING, CAPF_EV_LOST, lose, CAPF_ST_RECORDING},
    {CAPF_ST_ADMITTING, CAPF_EV_LET_INSTALL, ask_key, CAPF_ST_WAIT_KEY},
    {CAPF_ST_ADMITTING, CAPF_EV_LET_DELETE, ask_delete, CAPF_ST_WAIT_DELETED},
    {CAPF_ST_ADMITTING, CAPF_EV_LET_FETCH, ask_fetch, CAPF_ST_WAIT_FETCHED},
    {CAPF_ST_ADMITTING, CAPF_EV_HELD, end_held, CAPF_ST_ENDED},
    {CAPF_ST_ADMITTING, CAPF_EV_REFUSED, record, CAPF_ST_RECORDING},
    {CAPF_ST_ADMITTING, CAPF_EV_LOST, lose, CAPF_ST_RECORDING},

    {CAPF_ST_WAIT_KEY, CAPF_EV_IN_PROGRESS, wait_on, RF_FSM_SAME},
    {CAPF_ST_WAIT_KEY, CAPF_EV_KEYGEN_RES, judge_key, CAPF_ST_JUDGING},
    {CAPF_ST_WAIT_KEY, CAPF_EV_REFUSED, record, CAPF_ST_RECORDING},
    {CAPF_ST_WAIT_KEY, CAPF_EV_BAD, take_bad, CAPF_ST_RECORDING},
    {CAPF_ST_WAIT_KEY, CAPF_EV_LOST, lose, CAPF_ST_RECORDING},
    {CAPF_ST_WAIT_KEY, CAPF_EV_T_SILENT, give_up, CAPF_ST_RECORDING},
    {CAPF_ST_JUDGING, CAPF_EV_KEY_GOOD, sign, CAPF_ST_SIGNING},
    {CAPF_ST_JUDGING, CAPF_EV_NO_EC, ask_backup, CAPF_ST_WAIT_KEY},
    {CAPF_ST_JUDGING, CAPF_EV_REFUSED, record, CAPF_ST_RECORDING},
    {CAPF_ST_JUDGING, CAPF_EV_LOST, lose, CAPF_ST_RECORDING},
    {CAPF_ST_SIGNING, CAPF_EV_SIGNED, keep, CAPF_ST_KEEPING},
    {CAPF_ST_SIGNING, CAPF_EV_ASK_CA, ask_ca, CAPF_ST_ASKING},
    {CAPF_ST_SIGNING, CAPF_EV_REFUSED, record, CAPF_ST_RECORDING},
    {CAPF_ST_SIGNING, CAPF_EV_LOST, lose, CAPF_ST_RECORDING},
    {CAPF_ST_ASKING, CAPF_EV_SIGNED, keep, CAPF_ST_KEEPING},
    {CAPF_ST_ASKING, CAPF_EV_CA_LATER, NULL, CAPF_ST_CA_BUSY},
    {CAPF_ST_ASKING, CAPF_EV_REFUSED, record, CAPF_ST_RECORDING},
    {CAPF_ST_ASKING, CAPF_EV_LOST, lose, CAPF_ST_RECORDING},
    {CAPF_ST_CA_BUSY, CAPF_EV_T_CA, ask_ca, CAPF_ST_ASKING},
    {CAPF_ST_CA_BUSY, CAPF_EV_REFUSED, record, CAPF_ST_RECORDING},
    {CAPF_ST_CA_BUSY, CAPF_EV_LOST, lose, CAPF_ST_RECORDING},
    {CAPF_ST_KEEPING, CAPF_EV_KEPT, send_cert, CAPF_ST_WAIT_STORED},
    {CAPF_ST_KEEPING, CAPF_EV_REFUSED, record, CAPF_ST_RECORDING},
    {CAPF_ST_KEEPING, CAPF_EV_LOST, lose, CAPF_ST_RECORDING},
    {CAPF_ST_WAIT_STORED, CAPF_EV_STORE_RES, confirm, CAPF_ST_CONFIRMING},
    {CAPF_ST_WAIT_STORED, CAPF_EV_BAD, take_bad, CAPF_ST_RECORDING},
    {CAPF_ST_WAIT_STORED, CAPF_EV_LOST, lose, CAPF_ST_RECORDING},
    {CAPF_ST_WAIT_STORED, CAPF_EV_T_SILENT, give_up, CAPF_ST_RECORDING},
    {CAPF_ST_CONFIRMING, CAPF_EV_CONFIRMED, end_done, CAPF_ST_ENDED},
    {CAPF_ST_CONFIRMING, CAPF_EV_REFUSED, record, CAPF_ST_RECORDING},

    {CAPF_ST_WAIT_DELETED, CAPF_EV_DELETE_RES, take_deleted, CAPF_ST_FINISHING},
    {CAPF_ST_WAIT_DELETED, CAPF_EV_BAD, take_bad, CAPF_ST_RECORDING},
    {CAPF_ST_WAIT_DELETED, CAPF_EV_LOST, lose, CAPF_ST_RECORDING},
    {CAPF_ST_WAIT_DELETED, CAPF_EV_T_SILENT, give_up, CAPF_ST_RECORDING},
    {CAPF_ST_WAIT_FETCHED, CAPF_EV_FETCH_RES, take_fetched, CAPF_ST_FINISHING},
    {CAPF_ST_WAIT_FETCHED, CAPF_EV_BAD, take_bad, CAPF_ST_RECORDING},
    {CAPF_ST_WAIT_FETCHED, CAPF_EV_LOST, lose, CAPF_ST_RECORDING},
    {CAPF_ST_WAIT_FETCHED, CAPF_EV_T_SILENT, give_up, CAPF_ST_RECORDING},
    {CAPF_ST_FINISHING, CAPF_EV_DONE, end_done, CAPF_ST_ENDED},
    {CAPF_ST_FINISHING, CAPF_EV_REFUSED, record, CAPF_ST_RECORDING},

    {CAPF_ST_RECORDING, CAPF_EV_REFUSED, record, CAPF_ST_RECORDING},
    {CAPF_ST_RECORDING, CAPF_EV_RECORDED, end_refused, CAPF_ST_ENDED},
};

#define X(name) #name,
static const char *const state_names[] = {CAPF_STATES_X(X)};
static const char *const event_names[] = {CAPF_EVENTS_X(X)};
#undef X

bool capf_state_waits(int state)
{
    return state == CAPF_ST_WAIT_AUTH || state == CAPF_ST_WAIT_KEY ||
           state == CAPF_ST_WAIT_STORED || state == CAPF_ST_WAIT_DELETED ||
           state == CAPF_ST_WAIT_FETCHED;
}

/* A message that has no row now: out of order, or one whose content nobody knows. */
static void unhandled(void *self, int event, const void *data)
{
    struct capf_session *s = self;
    const struct capf_in *in = data;
    if (!capf_state_waits(s->fsm.state) || in == NULL)
        return;
    s->why = (struct rf_why){0};
    rf_why_set(&s->why, RF_ERR_BAD, "capf-command", "%s (%u) is not expected in state %s",
               rf_capf_command_name(in->msg->command), in->msg->command, state_names[s->fsm.state]);
    (void)event;
    rf_fsm_post(&s->fsm, CAPF_EV_BAD, NULL, 0);
}

static const char *label(const void *self)
{
    static _Thread_local char text[96];
    const struct capf_session *s = self;
    snprintf(text, sizeof text, "session=%08x dev=%s", s->id, s->shown);
    return text;
}

static void entered(void *self, int state)
{
    capf_entered(self, state);
}

static const struct rf_fsm_def capf_fsm = {.name = "capf",
                                           .cat = RF_CAT_CAPF,
                                           .rows = rows,
                                           .n_rows = sizeof rows / sizeof *rows,
                                           .state_names = state_names,
                                           .n_states = CAPF_STATES,
                                           .event_names = event_names,
                                           .n_events = CAPF_EVENTS,
                                           .unhandled = unhandled,
                                           .label = label,
                                           .entered = entered};

void capf_fsm_init(struct capf_session *s)
{
    rf_fsm_init(&s->fsm, &capf_fsm, s, CAPF_ST_HELLO);
}

const struct rf_fsm_def *rf_capf_fsm_def(void)
{
    return &capf_fsm;
}

/* X(action) */
#define ACTIONS(X)                                                                                 \
    X(ask_who)                                                                                     \
    X(look)                                                                                        \
    X(prove)                                                                                       \
    X(admit)                                                                                       \
    X(ask_key)                                                                                     \
    X(ask_backup)                                                                                  \
    X(wait_on)                                                                                     \
    X(judge_key)                                                                                   \
    X(sign)                                                                                        \
    X(ask_ca)                                                                                      \
    X(keep)                                                                                        \
    X(send_cert)                                                                                   \
    X(confirm)                                                                                     \
    X(ask_delete)                                                                                  \
    X(ask_fetch)                                                                                   \
    X(take_deleted)                                                                                \
    X(take_fetched)                                                                                \
    X(end_done)                                                                                    \
    X(end_held)                                                                                    \
    X(end_refused)                                                                                 \
    X(record)                                                                                      \
    X(take_bad)                                                                                    \
    X(lose)                                                                                        \
    X(give_up)

const char *rf_capf_fsm_action_name(rf_fsm_action action)
{
    static const struct rf_fsm_name names[] = {ACTIONS(RF_FSM_NAME)};
    return rf_fsm_name_find(names, sizeof names / sizeof *names, action);
}
