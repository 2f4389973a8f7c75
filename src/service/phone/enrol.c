/* SPDX-License-Identifier: Apache-2.0 */
/* A CAPF session's surroundings: its start, its link, its messages, its result. */
#include "service/phone/enrol_int.h"

#include "base/text.h"
#include "service/phone/phone_link_int.h"

#include <string.h>

#define STRING_MIN 4
#define STRING_MAX 10

const char *rf_enrol_outcome_name(enum rf_enrol_outcome outcome)
{
    static const char *const names[] = {
        [RF_ENROL_FAILED] = "failed",       [RF_ENROL_NOTHING] = "nothing",
        [RF_ENROL_INSTALLED] = "installed", [RF_ENROL_DELETED] = "deleted",
        [RF_ENROL_FETCHED] = "fetched",
    };
    return names[outcome];
}

const char *rf_enrol_step_name(enum rf_enrol_step step)
{
    static const char *const names[] = {
        [RF_ENROL_STEP_CONNECTED] = "connected", [RF_ENROL_STEP_PROVED] = "proved",
        [RF_ENROL_STEP_KEY_ASKED] = "key-asked", [RF_ENROL_STEP_KEY_SENT] = "key-sent",
        [RF_ENROL_STEP_STORED] = "stored",
    };
    return names[step];
}

const struct rf_phone_id *enrol_id(const struct rf_enrol *e)
{
    const struct rf_phone_id *first = &e->lsc, *second = &e->mic;
    if (e->conf.mode == RF_ENROL_MIC_FIRST) {
        first = &e->mic;
        second = &e->lsc;
    }
    return first->cert != NULL ? first : second->cert != NULL ? second : NULL;
}

void enrol_step(struct rf_enrol *e, enum rf_enrol_step step)
{
    rf_debug(RF_CAT_PHONE, "enrolment step=%s dev=%s", rf_enrol_step_name(step), e->device);
    if (e->conf.on_step != NULL)
        e->conf.on_step(e->conf.arg, step);
}

/* ---- the machine's entrance ---- */

void enrol_run(struct rf_enrol *e, int event, const struct enrol_data *data)
{
    rf_fsm_handle(&e->fsm, event, data);
}

static void report(void *owner, uint64_t number)
{
    struct rf_enrol *e = owner;
    e->report = 0;
    bool is_worthy =
        e->did == RF_ENROL_FAILED || (e->did == RF_ENROL_INSTALLED && !e->is_confirmed);
    struct rf_enrol_result result = {.outcome = e->did,
                                     .is_confirmed = e->is_confirmed,
                                     .may_retry = e->did == RF_ENROL_FAILED && e->may_retry,
                                     .reason = e->reason,
                                     .cert = e->did == RF_ENROL_INSTALLED ? e->cert : NULL,
                                     .in = e->in,
                                     .out = e->out};
    if (is_worthy)
        result.why = e->why;
    if (e->did == RF_ENROL_FAILED)
        rf_warn(RF_CAT_PHONE, "enrolment failed: %s server=%s:%u in=%llu out=%llu dev=%s",
                rf_why_text(&e->why), e->conf.host, e->conf.port, (unsigned long long)e->in,
                (unsigned long long)e->out, e->device);
    else
        rf_info(RF_CAT_PHONE,
                "enrolment done outcome=%s confirmed=%s cert=%s in=%llu out=%llu dev=%s",
                rf_enrol_outcome_name(e->did), e->is_confirmed ? "yes" : "no",
                result.cert != NULL ? rf_cert_short(result.cert) : "none",
                (unsigned long long)e->in, (unsigned long long)e->out, e->device);
    e->conf.on_done(e->conf.arg, &result); /* may have freed us */
}

void enrol_finish(struct rf_enrol *e)
{
    enrol_job_drop(e->job);
    if (e->job != NULL)
        e->job->enrol = NULL;
    e->job = NULL;
    rf_secret_fini(&e->auth_string);
    if (e->report == 0)
        e->report = rf_timer_start(e->conf.timers, 0, report, e, 0);
}

/* ---- the link ---- */

void enrol_close(struct rf_enrol *e)
{
    if (e->link == NULL || e->is_closing)
        return;
    e->is_closing = true;
    enrol_job_drop(e->job);
    e->conf.net->close(e->link, e->why.code[0] != '\0' ? &e->why : NULL);
}

void enrol_send(struct rf_enrol *e, struct rf_capf_msg *msg)
{
    uint8_t bytes[RF_CAPF_FRAME_MAX];
    struct rf_slice frame;
    if (e->is_closing)
        return;
    msg->session = e->session;
    enum rf_err err = rf_capf_encode(msg, bytes, sizeof bytes, &frame);
    if (err == RF_OK && e->link != NULL)
        err = e->conf.net->write(e->link, frame);
    if (err != RF_OK) {
        rf_why_set(&e->why, err, err == RF_ERR_LIMIT ? "capf-length" : "io",
                   "the %s could not be sent", rf_capf_command_name(msg->command));
        rf_fsm_post(&e->fsm, ENROL_EV_REFUSED, NULL, 0);
    } else {
        e->out++;
        rf_debug(RF_CAT_PHONE, "capf out message=%s session=%08x dev=%s",
                 rf_capf_command_name(msg->command), e->session, e->device);
    }
    if (msg->has_password)
        rf_wipe(bytes, sizeof bytes);
}

static enum rf_err link_verify(void *arg, const struct rf_cert *server, struct rf_why *why)
{
    struct rf_enrol *e = arg;
    return phone_server_judge(e->conf.lists, server, RF_TRUSTLIST_ROLE_CAPF, e->conf.floor_s, why);
}

static void link_open(void *arg, const struct rf_phone_link_info *info)
{
    struct rf_enrol *e = arg;
    rf_info(RF_CAT_PHONE, "capf connected server=%s:%u tls=%s suite=%s cert=%s dev=%s",
            e->conf.host, e->conf.port, info->tls_version, info->suite,
            info->cert != NULL ? rf_cert_short(info->cert) : "none", e->device);
    enrol_run(e, ENROL_EV_OPENED, NULL);
}

static int event_of(const struct rf_capf_msg *msg)
{
    switch (msg->command) {
    case RF_CAPF_AUTH_REQ:
        return ENROL_EV_AUTH_REQ;
    case RF_CAPF_KEYGEN_REQ:
        return ENROL_EV_KEYGEN_REQ;
    case RF_CAPF_STORE_CERT_REQ:
        return ENROL_EV_STORE_REQ;
    case RF_CAPF_FETCH_CERT_REQ:
        return ENROL_EV_FETCH_REQ;
    case RF_CAPF_DELETE_CERT_REQ:
        return ENROL_EV_DELETE_REQ;
    case RF_CAPF_END_SESSION:
        return ENROL_EV_END;
    case RF_CAPF_RETRY_LATER:
        return ENROL_EV_RETRY_LATER;
    default:
        return ENROL_EV_OTHER;
    }
}

/* The server chooses the session's number with its first message and keeps it. */
static enum rf_err check_session(struct rf_enrol *e, uint32_t session, struct rf_why *why)
{
    if (!e->has_session) {
        e->has_session = true;
        e->session = session;
    }
    if (session == e->session)
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "capf-session",
                      "a message of session %08x in session %08x", session, e->session);
}

static void take_frame(struct rf_enrol *e, const struct rf_capf_frame *frame)
{
    struct rf_capf_msg msg;
    struct rf_why why = {0};
    e->in++;
    rf_debug(RF_CAT_PHONE, "capf in message=%s session=%08x dev=%s",
             rf_capf_command_name(frame->command), frame->session, e->device);
    /* Each request makes the worker's keys or writes flash: a server does not get to ask for ever.
     */
    if (e->in > RF_ENROL_MESSAGES_MAX)
        rf_why_set(&why, RF_ERR_LIMIT, "capf-endless",
                   "the server sent more than %u messages in one session", RF_ENROL_MESSAGES_MAX);
    if (why.code[0] != '\0' || rf_capf_decode(frame, &msg, &why) != RF_OK ||
        check_session(e, frame->session, &why) != RF_OK)
        enrol_run(e, ENROL_EV_BAD, &(struct enrol_data){.why = &why});
    else
        enrol_run(e, event_of(&msg), &(struct enrol_data){.msg = &msg});
}

static size_t link_data(void *arg, struct rf_slice data)
{
    struct rf_enrol *e = arg;
    size_t used = 0;
    while (!e->is_closing) {
        struct rf_capf_frame frame;
        struct rf_why why = {0};
        size_t n;
        enum rf_err err = rf_capf_frame_next(rf_slice_part(data, used, SIZE_MAX), &frame, &n, &why);
        if (err == RF_ERR_AGAIN)
            return used;
        if (err == RF_OK)
            take_frame(e, &frame);
        else
            enrol_run(e, ENROL_EV_BAD, &(struct enrol_data){.why = &why});
        used += n;
    }
    return data.len;
}

static void link_close(void *arg, const struct rf_why *why)
{
    struct rf_enrol *e = arg;
    e->link = NULL;
    enrol_run(e, ENROL_EV_CLOSED, &(struct enrol_data){.why = why});
}

static const struct rf_phone_link_calls link_calls = {
    .verify = link_verify, .on_open = link_open, .on_data = link_data, .on_close = link_close};

/* ---- start and end ---- */

static enum rf_err check_string(const struct rf_secret *s, struct rf_why *why)
{
    size_t n = s != NULL ? s->len : 0;
    bool ok = n >= STRING_MIN && n <= STRING_MAX;
    for (size_t i = 0; ok && i < n; i++)
        ok = s->bytes[i] >= '0' && s->bytes[i] <= '9';
    if (ok)
        return RF_OK;
    return rf_why_set(why, RF_ERR_BAD, "enrol-string",
                      "the authentication string must be %d to %d digits; type it again",
                      STRING_MIN, STRING_MAX);
}

/* In the mode by string; and beside a certificate, where the user typed one. */
static bool wants_string(const struct rf_enrol_conf *conf)
{
    bool is_typed = conf->auth_string != NULL && conf->auth_string->len > 0;
    return conf->mode == RF_ENROL_BY_STRING || (conf->mode != RF_ENROL_BY_NULL && is_typed);
}

static enum rf_err check(const struct rf_enrol_conf *conf, struct rf_why *why)
{
    if (!phone_device_ok(conf->device, RF_CAPF_NAME_MAX))
        return rf_why_set(why, RF_ERR_BAD, "enrol-device", "not a device name");
    if (wants_string(conf) && check_string(conf->auth_string, why) != RF_OK)
        return RF_ERR_BAD;
    bool has_cert = (conf->mic != NULL && conf->mic->cert != NULL) ||
                    (conf->lsc != NULL && conf->lsc->cert != NULL);
    if ((conf->mode == RF_ENROL_LSC_FIRST || conf->mode == RF_ENROL_MIC_FIRST) && !has_cert)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "enrol-no-certificate",
                          "%s has no certificate to prove itself with; enrol it by string",
                          conf->device);
    if (rf_lists_nth(conf->lists, RF_TRUSTLIST_ROLE_CAPF, 0) == NULL)
        return rf_why_set(why, RF_ERR_DENIED, "enrol-no-list",
                          "no CAPF server stands in the trust lists of %s", conf->device);
    return RF_OK;
}

static void set_default(uint32_t *value, uint32_t to)
{
    if (*value == 0)
        *value = to;
}

static struct rf_enrol *make(const struct rf_enrol_conf *conf)
{
    struct rf_enrol *e = rf_new(struct rf_enrol);
    e->conf = *conf;
    e->conf.host = rf_strdup(conf->host);
    e->conf.keylog_path = rf_strdup(conf->keylog_path);
    e->conf.auth_string = NULL;
    e->conf.mic = e->conf.lsc = NULL;
    rf_slice_to_str(rf_slice_str(conf->device), e->device, sizeof e->device);
    e->conf.device = e->device;
    if (wants_string(conf)) {
        enum rf_err err = rf_secret_set(&e->auth_string, rf_secret_slice(conf->auth_string));
        rf_bug_on(err != RF_OK); /* its length was checked */
    }
    rf_phone_id_take(&e->mic, conf->mic);
    rf_phone_id_take(&e->lsc, conf->lsc);
    set_default(&e->conf.answer_ms, 30000);
    set_default(&e->conf.issue_ms, 120000);
    set_default(&e->conf.progress_ms, 5000);
    if (e->conf.rsa_min == 0)
        e->conf.rsa_min = 2048;
    e->reason = -1;
    rf_fsm_init(&e->fsm, &enrol_fsm, e, ENROL_CONNECTING);
    return e;
}

enum rf_err rf_enrol_start(const struct rf_enrol_conf *conf, struct rf_enrol **out,
                           struct rf_why *why)
{
    enum rf_err err = check(conf, why);
    if (err != RF_OK)
        return err;
    struct rf_enrol *e = make(conf);
    struct rf_phone_link_conf link = {.name = "capf",
                                      .host = e->conf.host,
                                      .port = conf->port,
                                      .has_tls = true,
                                      .input_max = RF_CAPF_FRAME_MAX,
                                      .handshake_ms = conf->handshake_ms,
                                      .keylog_path = e->conf.keylog_path,
                                      .calls = &link_calls,
                                      .arg = e};
    err = conf->net->open(conf->net_arg, &link, &e->link, why);
    if (err != RF_OK) {
        rf_enrol_free(e);
        return err;
    }
    *out = e;
    return RF_OK;
}

void rf_enrol_abort(struct rf_enrol *e)
{
    if (e->fsm.running) /* from on_step */
        rf_fsm_post(&e->fsm, ENROL_EV_ABORT, NULL, 0);
    else
        enrol_run(e, ENROL_EV_ABORT, NULL);
}

void rf_enrol_free(struct rf_enrol *e)
{
    if (e == NULL)
        return;
    if (e->link != NULL)
        e->conf.net->forget(e->link);
    enrol_job_drop(e->job);
    if (e->job != NULL)
        e->job->enrol = NULL;
    rf_timer_stop(e->conf.timers, &e->timer);
    rf_timer_stop(e->conf.timers, &e->report);
    rf_secret_fini(&e->auth_string);
    rf_phone_id_fini(&e->mic);
    rf_phone_id_fini(&e->lsc);
    rf_key_free(e->key);
    rf_cert_unref(e->cert);
    rf_freep(&e->conf.host);
    rf_freep(&e->conf.keylog_path);
    rf_free(e);
}
