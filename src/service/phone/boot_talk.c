/* SPDX-License-Identifier: Apache-2.0 */
/* The phone and its two talking halves: what an enrolment and a station are given, and what becomes
 * of what they say. */
#include "service/phone/phone_int.h"

#include "base/faults.h"
#include "service/site/families.h"
#include "wire/capf/capf.h"

#include <string.h>

/* ---- enrolment ---- */

static enum rf_err save_pending(void *arg, const struct rf_key *key, struct rf_why *why)
{
    return rf_flash_pending_store(arg, key, why);
}

static enum rf_err load_pending(void *arg, struct rf_key **out, struct rf_why *why)
{
    return rf_flash_pending_load(arg, out, why);
}

static enum rf_err save_lsc(void *arg, const struct rf_key *key, const struct rf_cert *cert,
                            struct rf_why *why)
{
    return rf_flash_lsc_store(arg, key, cert, NULL, why);
}

static enum rf_err remove_lsc(void *arg, struct rf_why *why)
{
    return rf_flash_lsc_remove(arg, why);
}

static const struct rf_enrol_flash enrol_flash = {
    .save_pending = save_pending,
    .load_pending = load_pending,
    .save_lsc = save_lsc,
    .remove_lsc = remove_lsc,
};

static bool has_call_manager(const struct rf_lists *lists)
{
    return rf_lists_nth(lists, RF_TRUSTLIST_ROLE_CCM, 0) != NULL ||
           rf_lists_nth(lists, RF_TRUSTLIST_ROLE_CCM_TFTP, 0) != NULL;
}

/* A key may take half an hour. Meanwhile the phone works with what it has, if it has enough. */
static void watch_the_key(struct rf_phone *p)
{
    bool has_enough =
        p->config != NULL && p->stub == NULL && p->config->cm_n > 0 && has_call_manager(&p->lists);
    if (p->fsm.state == PHONE_C1_CAPF && has_enough)
        phone_timer(p, p->conf.enrol_beside_ms, PHONE_EV_BESIDE);
}

static void on_enrol_step(void *arg, enum rf_enrol_step step)
{
    struct rf_phone *p = arg;
    struct phone_values v;
    p->enrol_step = step;
    p->has_enrol_step = true;
    p->has_sent_key |= step == RF_ENROL_STEP_KEY_SENT;
    if (step == RF_ENROL_STEP_KEY_ASKED)
        watch_the_key(p);
    phone_values_start(&v, RF_PHONE_ENROL_STEP);
    phone_add(&v, "step", rf_enrol_step_name(step));
    phone_emit(p, &v);
}

static void tell_enrolled(struct rf_phone *p, const struct rf_enrol_result *result)
{
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_ENROL_DONE);
    phone_add(&v, "outcome", rf_enrol_outcome_name(result->outcome));
    phone_add_flag(&v, "confirmed", result->is_confirmed);
    phone_add(&v, "lsc", result->cert != NULL ? rf_cert_fingerprint(result->cert) : NULL);
    phone_add(&v, "subject", result->cert != NULL ? rf_cert_subject(result->cert) : NULL);
    phone_add_n(&v, "reason", result->reason);
    phone_add_n(&v, "in", (int64_t)result->in);
    phone_add_n(&v, "out", (int64_t)result->out);
    if (result->why.code[0] != '\0')
        phone_add_why(&v, &result->why);
    phone_emit(p, &v);
}

static void on_beside_timer(void *owner, uint64_t number)
{
    struct rf_phone *p = owner;
    struct rf_why why = {0};
    (void)number;
    p->beside_timer = 0;
    (void)!phone_enrol_beside(p, &why); /* it has told why */
}

/* It ran beside all else: nobody waits for it. */
static void beside_ended(struct rf_phone *p, bool is_changed, bool may_retry)
{
    if (may_retry) {
        p->is_enrol_beside = true;
        p->beside_timer =
            rf_timer_start(p->conf.timers, p->conf.enrol_retry_ms, on_beside_timer, p, 0);
        return;
    }
    if (p->is_enrol_by_user)
        rf_secret_fini(&p->auth); /* the next time he types it again */
    p->is_enrol_by_user = false;
    p->enrol_mode = 0;
    if (is_changed)
        phone_use_keys(p);
}

static void on_enrolled(void *arg, const struct rf_enrol_result *result)
{
    struct rf_phone *p = arg;
    bool is_changed = result->outcome == RF_ENROL_INSTALLED || result->outcome == RF_ENROL_DELETED;
    bool may_retry = result->may_retry && p->enrol_tries < PHONE_ENROL_TRIES;
    bool is_failed = result->outcome == RF_ENROL_FAILED;
    bool was_heard = !is_failed || !result->may_retry; /* a server that is away is no circle */
    struct rf_enrol *enrol = p->enrol;
    /* A wrong string sent again and again would lock the device. */
    p->is_enrol_refused = is_failed && !result->may_retry;
    p->wants_new_key = is_failed && p->has_sent_key && result->reason == RF_CAPF_REASON_INVALID;
    p->is_unconfirmed = result->outcome == RF_ENROL_INSTALLED && !result->is_confirmed;
    if (p->fsm.state == PHONE_C1_CAPF)
        rf_timer_stop(p->conf.timers, &p->timer); /* of watch_the_key */
    /* From here on the result may be gone: who hears of it may stop the phone. */
    tell_enrolled(p, result);
    if (p->enrol != enrol)
        return;
    if (is_failed)
        p->capf_at++; /* the next server of the list */
    else
        p->is_enrolled = true;
    if (is_changed)
        rf_secret_fini(&p->auth); /* good for one use */
    bool is_beside = p->is_enrol_beside;
    phone_enrol_end(p);
    if (is_beside) {
        beside_ended(p, is_changed, is_failed && may_retry);
        return;
    }
    /* The server has seen our certificate: what it encrypts from now on is for that one. */
    bool is_told = p->stub != NULL && !is_failed;
    if (p->stub != NULL && was_heard)
        p->rekeys++;
    phone_event(p, is_changed || is_told    ? PHONE_EV_CHANGED
                   : is_failed && may_retry ? PHONE_EV_AGAIN
                                            : PHONE_EV_NO_ENROL);
}

const struct rf_phonexml *phone_enrol_config(const struct rf_phone *p)
{
    bool has_stub = p->stub != NULL && p->stub->capf_n > 0;
    return has_stub ? p->stub : p->config;
}

static enum rf_err enrol_start(struct rf_phone *p, struct rf_why *why)
{
    const struct rf_phonexml *c = phone_enrol_config(p);
    if (c == NULL || c->capf_n == 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "enrol-no-server",
                          "the configuration names no CAPF server");
    const struct rf_phonexml_capf *server = &c->capf[p->capf_at % c->capf_n];
    /* A stub whose key is not ours asks for an enrolment though none was scheduled. */
    enum rf_enrol_mode mode = p->enrol_mode != 0 ? p->enrol_mode
                              : c->capf_auth_mode == RF_PHONEXML_CAPF_NONE
                                  ? RF_ENROL_LSC_FIRST
                                  : (enum rf_enrol_mode)c->capf_auth_mode;
    struct rf_enrol_conf conf = {
        .device = p->flash->identity.device,
        .host = server->name,
        .port = server->port,
        .mode = mode,
        .auth_string = p->conf.auth_string,
        .lists = &p->lists,
        .mic = &p->mic,
        .lsc = p->lsc.cert != NULL ? &p->lsc : NULL,
        .floor_s = phone_floor_s(p),
        .has_time = !p->conf.no_clock,
        .bare_digest = p->conf.bare_digest,
        .no_ec = p->conf.no_ec,
        .new_key = p->wants_new_key,
        .keylog_path = p->conf.keylog_path,
        .net = p->conf.net,
        .net_arg = p->conf.net_arg,
        .clock = p->conf.clock,
        .timers = p->conf.timers,
        .worker = p->conf.worker,
        .key_worker = p->conf.key_worker,
        .key_delay_ms = p->conf.key_delay_ms,
        .answers = p->conf.answers,
        .flash = &enrol_flash,
        .flash_arg = p->flash,
        .on_step = on_enrol_step,
        .on_done = on_enrolled,
        .arg = p,
    };
    struct phone_values v;
    p->enrol_tries++;
    p->has_sent_key = false;
    phone_values_start(&v, RF_PHONE_ENROL);
    phone_add(&v, "server", server->name);
    phone_add_n(&v, "port", server->port);
    phone_add_n(&v, "mode", mode);
    phone_add_n(&v, "try", p->enrol_tries);
    phone_emit(p, &v);
    phone_display(p, "enrolling");
    p->has_enrol_step = false;
    enum rf_err err = p->conf.parts->enrol_start(&conf, &p->enrol, why);
    if (err != RF_OK) {
        struct rf_enrol_result failed = {.outcome = RF_ENROL_FAILED, .reason = -1, .why = *why};
        tell_enrolled(p, &failed);
    }
    return err;
}

void phone_enrol_begin(struct rf_phone *p)
{
    struct rf_why why = {0};
    if (enrol_start(p, &why) != RF_OK)
        phone_event(p, PHONE_EV_NO_ENROL);
}

enum rf_err phone_enrol_beside(struct rf_phone *p, struct rf_why *why)
{
    p->is_enrol_beside = true;
    enum rf_err err = enrol_start(p, why);
    if (err == RF_OK)
        return RF_OK;
    p->is_enrol_beside = false;
    beside_ended(p, false, false);
    return err;
}

void phone_enrol_end(struct rf_phone *p)
{
    rf_timer_stop(p->conf.timers, &p->beside_timer);
    p->conf.parts->enrol_free(rf_steal(&p->enrol));
    p->is_enrol_beside = false;
}

bool phone_beside_end(struct rf_phone *p)
{
    bool is_there = p->is_enrol_beside;
    if (!is_there)
        return false;
    phone_enrol_end(p);
    beside_ended(p, false, false);
    return true;
}

void phone_use_keys(struct rf_phone *p)
{
    struct rf_station_status status = {0};
    if (p->station != NULL)
        p->conf.parts->station_status(p->station, &status);
    p->keys_wait = true;
    /* A phone that leaves already takes them on its way: act_left. */
    if (status.call != RF_STATION_IDLE || p->fsm.state == PHONE_R_LEAVE)
        return;
    p->leave_to = PHONE_EV_TO_KEYS;
    phone_event(p, PHONE_EV_CHANGED);
}

/* ---- station ---- */

static void tell_alarms(struct rf_phone *p)
{
    /* The first went before the registration. */
    for (size_t i = 1; i < p->alarm_n; i++)
        p->conf.parts->station_alarm(p->station, RF_SCCP_ALARM_WARNING, p->alarm[i].number,
                                     p->alarm[i].text);
    p->alarm_n = 0;
}

/* Few resets are followed at once; one after the other is followed in the rhythm of failures. */
static void hold_off(struct rf_phone *p)
{
    uint64_t now = rf_now_ms(p->conf.clock);
    struct rf_why why = {0};
    struct phone_values v;
    if (p->resets == 0 || now - p->resets_at_ms >= PHONE_RESETS_MS) {
        p->resets = 0;
        p->resets_at_ms = now;
    }
    if (p->resets < PHONE_RESETS_MAX) {
        p->resets++;
        p->leave_ms = 0;
        return;
    }
    p->leave_ms = phone_backoff(p);
    rf_why_set(&why, RF_ERR_AGAIN, "reset-storm", "the server resets this phone again and again");
    phone_values_start(&v, RF_PHONE_WAIT);
    phone_add_n(&v, "wait_ms", (int64_t)p->leave_ms);
    phone_add_why(&v, &why);
    phone_emit(p, &v);
}

/* The server wants it: what was refused before may be tried again. */
static void on_reset(struct rf_phone *p, enum rf_sccp_reset_type type)
{
    hold_off(p);
    p->installs = 0;
    p->refused_load[0] = '\0';
    p->installed_load[0] = '\0';
    p->is_enrolled = false;
    p->is_enrol_refused = false;
    p->rekeys = 0;
    p->start_reason = type == RF_SCCP_RESET_RESET ? RF_SCCP_ALARM_REASON_RESET_BY_CM
                                                  : RF_SCCP_ALARM_REASON_RESTART_BY_CM;
    p->leave_to = type == RF_SCCP_RESET_RESET          ? PHONE_EV_TO_BOOT
                  : type == RF_SCCP_RESET_APPLY_CONFIG ? PHONE_EV_TO_CONFIG
                                                       : PHONE_EV_TO_LISTS;
    phone_event(p, PHONE_EV_RESET);
}

/* All call managers failed. After some rounds the configuration may have changed: get it anew, but
 * not away from under a call. */
static void on_round(struct rf_phone *p)
{
    struct rf_station_status status = {0};
    p->conf.parts->station_status(p->station, &status);
    if (++p->rounds < p->conf.rounds || status.call != RF_STATION_IDLE || p->is_enrol_beside)
        return;
    p->leave_to = PHONE_EV_TO_LISTS;
    phone_event(p, PHONE_EV_ROUNDS);
}

/* The words and sounds of the firmware for what happens in a call. */
static void show_call(struct rf_phone *p, const struct rf_station_event *ev)
{
    static const struct {
        enum rf_sccp_tone tone;
        const char *name;
    } tones[] = {{RF_SCCP_TONE_INSIDE_DIAL, "dial"},
                 {RF_SCCP_TONE_OUTSIDE_DIAL, "dial"},
                 {RF_SCCP_TONE_ALERTING, "ringback"},
                 {RF_SCCP_TONE_LINE_BUSY, "busy"},
                 {RF_SCCP_TONE_REORDER, "reorder"}};
    if (ev->kind == RF_STATION_CALL)
        phone_display(p, ev->call_state == RF_STATION_RING_IN
                             ? "ringing"
                             : rf_station_call_state_name(ev->call_state));
    if (ev->kind == RF_STATION_CALL_INFO && ev->security == RF_SCCP_SECURITY_ENCRYPTED)
        phone_display(p, "locked");
    if (ev->kind == RF_STATION_RINGER)
        phone_sound(p, RF_FWPART_SOUND_RING, "ring", ev->is_on);
    for (size_t i = 0; ev->kind == RF_STATION_TONE && i < sizeof tones / sizeof *tones; i++)
        if (tones[i].tone == ev->tone)
            phone_sound(p, RF_FWPART_SOUND_TONE, tones[i].name, true);
}

static void on_station(void *arg, const struct rf_station_event *ev)
{
    struct rf_phone *p = arg;
    phone_emit_station(p, ev);
    show_call(p, ev);
    phone_srst_tell(p, ev);
    if (ev->kind == RF_STATION_REGISTERED) {
        p->rounds = 0;
        p->wait_ms = 0;
        p->installs = 0;
        tell_alarms(p);
        phone_event(p, PHONE_EV_REGISTERED);
    } else if (ev->kind == RF_STATION_LOST) {
        phone_event(p, PHONE_EV_LOST);
    } else if (ev->kind == RF_STATION_WAITS) {
        on_round(p);
    } else if (ev->kind == RF_STATION_RESET) {
        on_reset(p, ev->reset);
    } else if (ev->kind == RF_STATION_STOPPED) {
        phone_event(p, PHONE_EV_LEFT);
    } else if (ev->kind == RF_STATION_CALL && ev->call_state == RF_STATION_IDLE && p->keys_wait) {
        phone_use_keys(p);
    }
}

static void tell_not_registering(struct rf_phone *p, const struct rf_why *why)
{
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_REFUSED);
    phone_add_why(&v, why);
    phone_emit(p, &v);
}

void phone_station_begin(struct rf_phone *p)
{
    struct rf_why why = {0};
    struct rf_station_conf conf = {
        .device = p->flash->identity.device,
        .device_type = rf_family_model_number(p->flash->identity.model),
        .version = p->conf.sccp_version,
        .load = p->firmware->name,
        .version_stamp = p->config->version_stamp,
        .alarm = p->alarm_n > 0 ? p->alarm[0].number : p->start_reason,
        .alarm_text = p->alarm_n > 0                                        ? p->alarm[0].text
                      : p->start_reason == RF_SCCP_ALARM_REASON_INITIALIZED ? NULL
                                                                            : "reset by server",
        .mode = (enum rf_station_mode)p->config->security_mode,
        .lists = &p->lists,
        .id = p->lsc.cert != NULL ? &p->lsc : &p->mic,
        .floor_s = phone_floor_s(p),
        .keylog_path = p->conf.keylog_path,
        .allows_srst_clear = p->options.allows_srst_clear,
        .has_standby = true,
        .return_ms = 2 * p->conf.retry_first_ms,
        .retry_first_ms = p->conf.retry_first_ms,
        .retry_max_ms = p->conf.retry_max_ms,
        .net = p->conf.net,
        .net_arg = p->conf.net_arg,
        .clock = p->conf.clock,
        .timers = p->conf.timers,
        .answers = p->conf.answers,
        .media = p->conf.media,
        .media_arg = p->conf.media_arg,
        .clip = p->conf.clip,
        .record_max = p->conf.record_max,
        .codecs = p->conf.codecs,
        .on_event = on_station,
        .arg = p,
    };
    phone_servers_fill(p, &conf);
    p->rounds = 0;
    if (p->conf.parts->station_new(&conf, &p->station, &why) != RF_OK) {
        tell_not_registering(p, &why);
        phone_event(p, PHONE_EV_GIVE_UP);
        return;
    }
    phone_display(p, "registering");
    p->conf.parts->station_start(p->station);
}

void phone_station_end(struct rf_phone *p)
{
    p->conf.parts->station_free(p->station);
    p->station = NULL;
    phone_servers_end(p);
}

/* ---- B10: register, and how? ---- */

/* What the stub lets a user do, who looks why nothing happens. */
static void only_a_stub(const struct rf_phone *p, struct rf_why *why)
{
    bool is_by_string = p->stub->capf_n > 0 && p->stub->capf_auth_mode == RF_PHONEXML_CAPF_STRING;
    rf_why_set(why, RF_ERR_NOT_FOUND, "config-stub",
               "only a stub of the configuration came, and nothing that this phone could open: %s",
               is_by_string ? "unlock the settings and type the string with `lsc update`"
                            : "what was refused before says why");
}

void phone_decide_mode(struct rf_phone *p)
{
    struct rf_why why = {0};
    if (p->config == NULL && p->stub != NULL) {
        only_a_stub(p, &why);
    } else if (p->config == NULL) {
        rf_why_set(&why, RF_ERR_NOT_FOUND, "no-configuration",
                   "there is no configuration for %s: is the device known to the server?",
                   rf_phone_device(p));
    } else if (p->config->cm_n == 0) {
        rf_why_set(&why, RF_ERR_NOT_FOUND, "no-call-manager",
                   "the configuration names no call manager");
    } else if (p->config->security_mode >= RF_PHONEXML_MODE_AUTHENTICATED &&
               !has_call_manager(&p->lists)) {
        if (p->list_rounds++ < PHONE_LIST_ROUNDS) {
            phone_event(p, PHONE_EV_NO_LISTS);
            return;
        }
        rf_why_set(&why, RF_ERR_DENIED, "secure-no-list",
                   "the configuration wants a secure registration, and no trust list names a call "
                   "manager");
    } else if (!rf_fault_skips("phone.mode-floor") && p->config->security_mode < p->state.mode) {
        rf_why_set(&why, RF_ERR_DENIED, "mode-lowered",
                   "this phone was told, in a verified file, to register securely (mode %u): an "
                   "unverified one, or an older one that it stored, does not undo that",
                   p->state.mode);
    } else {
        phone_event(p, PHONE_EV_REGISTER);
        return;
    }
    tell_not_registering(p, &why);
    phone_event(p, PHONE_EV_GIVE_UP);
}
