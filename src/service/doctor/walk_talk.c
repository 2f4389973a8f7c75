/* SPDX-License-Identifier: Apache-2.0 */
/* The two steps that go further than a handshake, when they were asked for: a CAPF session that is
 * left before a key is made, and a registration that is given back at once. */
#include "service/doctor/doctor_int.h"

#include "base/text.h"
#include "service/phone/enrol.h"
#include "service/phone/phone.h"
#include "service/phone/station.h"
#include "service/site/families.h"

#include <stdio.h>
#include <string.h>

/* Jobs of the enrolment that wait at a time. */
#define WORKER_LIMIT 16
#define SCCP_VERSION 22

static const struct rf_phone_id *own_id(const struct doctor_walk *w)
{
    const struct rf_doctor_patient *p = w->conf->patient;
    const struct rf_phone_id *id = p->lsc.cert != NULL ? &p->lsc : &p->mic;
    return id->cert != NULL && id->key != NULL ? id : NULL;
}

/* ---- enrol ---- */

struct session {
    enum rf_enrol_step step;
    bool has_step;
    bool is_key_asked;
    bool is_done;
    enum rf_enrol_outcome outcome;
    struct rf_why why;
};

/* What the server would have the phone keep is not kept: the session ends here, and nothing was
 * issued. */
static enum rf_err keep_key(void *arg, const struct rf_key *key, struct rf_why *why)
{
    (void)arg;
    (void)key;
    return rf_why_set(why, RF_ERR_DENIED, "doctor", "the doctor keeps no key");
}

static enum rf_err give_key(void *arg, struct rf_key **out, struct rf_why *why)
{
    (void)arg;
    (void)out;
    return rf_why_set(why, RF_ERR_NOT_FOUND, "doctor", "the doctor has no key");
}

static enum rf_err keep_lsc(void *arg, const struct rf_key *key, const struct rf_cert *cert,
                            struct rf_why *why)
{
    (void)cert;
    return keep_key(arg, key, why);
}

static enum rf_err drop_lsc(void *arg, struct rf_why *why)
{
    return keep_key(arg, NULL, why);
}

static const struct rf_enrol_flash no_flash = {.save_pending = keep_key,
                                               .load_pending = give_key,
                                               .save_lsc = keep_lsc,
                                               .remove_lsc = drop_lsc};

static void on_step(void *arg, enum rf_enrol_step step)
{
    struct session *s = arg;
    s->step = step;
    s->has_step = true;
    s->is_key_asked |= step == RF_ENROL_STEP_KEY_ASKED;
}

static void on_done(void *arg, const struct rf_enrol_result *result)
{
    struct session *s = arg;
    s->is_done = true;
    s->outcome = result->outcome;
    s->why = result->why;
}

static void tell_session(struct doctor_walk *w, const char *where, const struct session *s)
{
    bool is_ours = s->is_key_asked || strcmp(s->why.code, "flash") == 0;
    if (is_ours)
        doctor_well(w->report, RF_DOCTOR_ENROL, where,
                    "the server took the proof and asked for a key: left there, nothing was "
                    "issued");
    else if (s->outcome == RF_ENROL_FAILED)
        doctor_say(w->report, RF_DOCTOR_ENROL, RF_DOCTOR_NOT_ENROLLED, where, "%s%s%s",
                   rf_why_text(&s->why), s->has_step ? "; it got as far as " : "",
                   s->has_step ? rf_enrol_step_name(s->step) : "");
    else
        doctor_well(w->report, RF_DOCTOR_ENROL, where, "the server has: %s",
                    rf_enrol_outcome_name(s->outcome));
}

/* The mode of the configuration; with nothing scheduled, that of a phone whose key does not fit. */
static enum rf_enrol_mode mode_of(const struct rf_phonexml *c)
{
    return c->capf_auth_mode == RF_PHONEXML_CAPF_NONE ? RF_ENROL_LSC_FIRST
                                                      : (enum rf_enrol_mode)c->capf_auth_mode;
}

void doctor_walk_enrol(struct doctor_walk *w)
{
    const struct rf_doctor_conf *conf = w->conf;
    const struct rf_phonexml *c = w->stub != NULL ? w->stub : w->config;
    const struct rf_doctor_patient *p = conf->patient;
    struct session s = {0};
    struct rf_enrol *enrol = NULL;
    char host[RF_ADDRESS_TEXT_MAX], where[96];
    if (!conf->with_capf || c == NULL || c->capf_n == 0 ||
        doctor_has_fault_in(w->report, RF_DOCTOR_CAPF) ||
        !doctor_address(w, RF_DOCTOR_ENROL, false, c->capf[0].name, host, sizeof host))
        return;
    snprintf(where, sizeof where, "%s:%u", host, c->capf[0].port);
    struct rf_worker *worker = rf_worker_start("doctor", WORKER_LIMIT, NULL);
    struct rf_enrol_conf enrolment = {
        .device = p->device,
        .host = host,
        .port = c->capf[0].port,
        .mode = mode_of(c),
        .auth_string = conf->auth_string,
        .lists = &w->lists,
        .mic = p->mic.key != NULL ? &p->mic : NULL,
        .lsc = p->lsc.key != NULL ? &p->lsc : NULL,
        .floor_s = doctor_now_s(w),
        .has_time = true,
        .net = conf->net,
        .net_arg = conf->net_arg,
        .clock = rf_loop_clock(conf->loop),
        .timers = rf_loop_timers(conf->loop),
        .worker = worker,
        .answers = rf_loop_mailbox(conf->loop),
        .flash = &no_flash,
        .on_step = on_step,
        .on_done = on_done,
        .arg = &s,
    };
    if (rf_enrol_start(&enrolment, &enrol, &s.why) != RF_OK)
        s.is_done = true;
    /* A key that would be thrown away is not waited for. */
    while (!s.is_done && !s.is_key_asked)
        rf_loop_turn(conf->loop, -1);
    tell_session(w, where, &s);
    rf_enrol_free(enrol);
    rf_worker_stop(worker);
    rf_loop_turn(conf->loop, 0);
}

/* ---- register ---- */

struct attempt {
    struct doctor_walk *walk;
    struct rf_station *station;
    char server[64];
    char number[RF_STATION_NUMBER_MAX + 1];
    bool is_registered;
    bool has_ended;
    char said[256]; /* why not */
};

static enum rf_err no_media(void *media, const struct rf_media_conf *conf, rf_media_id *out,
                            uint16_t *out_port, struct rf_why *why)
{
    (void)media;
    (void)conf;
    (void)out;
    (void)out_port;
    return rf_why_set(why, RF_ERR_DENIED, "doctor", "the doctor makes no calls");
}

/* Without a stream that was opened, nothing else of the table is called. */
static const struct rf_station_media_ops silent = {.open = no_media};

static void on_event(void *arg, const struct rf_station_event *ev)
{
    struct attempt *a = arg;
    if (ev->server != NULL)
        snprintf(a->server, sizeof a->server, "%s", ev->server);
    if (ev->kind == RF_STATION_REGISTERED) {
        a->is_registered = true;
        snprintf(a->number, sizeof a->number, "%s", ev->number != NULL ? ev->number : "");
        rf_station_stop(a->station);
    } else if (ev->kind == RF_STATION_REFUSED) {
        bool has_text = ev->text != NULL && ev->text[0] != '\0';
        snprintf(a->said, sizeof a->said, "%s", has_text ? ev->text : rf_why_text(&ev->why));
    } else if (ev->kind == RF_STATION_WAITS || ev->kind == RF_STATION_RESET) {
        rf_station_stop(a->station);
    } else if (ev->kind == RF_STATION_STOPPED) {
        a->has_ended = true;
    }
}

static size_t add_servers(struct doctor_walk *w, struct rf_station_conf *to)
{
    const struct rf_phonexml *c = w->config;
    for (size_t i = 0; i < c->cm_n && to->n_servers < RF_STATION_SERVERS_MAX; i++) {
        struct rf_station_server *s = &to->servers[to->n_servers];
        s->port = c->cm[i].port;
        to->n_servers +=
            doctor_address(w, RF_DOCTOR_REGISTER, true, c->cm[i].name, s->host, sizeof s->host);
    }
    return to->n_servers;
}

static void register_and_leave(struct doctor_walk *w, struct rf_station_conf *conf)
{
    struct attempt a = {.walk = w};
    struct rf_why why = {0};
    conf->arg = &a;
    if (rf_station_new(conf, &a.station, &why) != RF_OK) {
        doctor_say(w->report, RF_DOCTOR_REGISTER, RF_DOCTOR_NOT_REGISTERED, "", "%s",
                   rf_why_text(&why));
        return;
    }
    rf_station_start(a.station);
    while (!a.has_ended)
        rf_loop_turn(w->conf->loop, -1);
    rf_station_free(a.station);
    if (a.is_registered)
        doctor_well(w->report, RF_DOCTOR_REGISTER, a.server, "registered, number %s; and left",
                    a.number[0] != '\0' ? a.number : "none");
    else
        doctor_say(w->report, RF_DOCTOR_REGISTER, RF_DOCTOR_NOT_REGISTERED, a.server, "%s", a.said);
}

void doctor_walk_register(struct doctor_walk *w)
{
    const struct rf_doctor_conf *conf = w->conf;
    const struct rf_doctor_patient *p = conf->patient;
    const struct rf_phonexml *c = w->config;
    if (!conf->with_register || c == NULL || strcmp(c->device_protocol, "SCCP") != 0 ||
        doctor_has_fault_in(w->report, RF_DOCTOR_CM) || c->cm_n == 0)
        return;
    struct rf_station_conf station = {
        .device = p->device,
        .device_type = rf_family_model_number(p->model),
        .version = SCCP_VERSION,
        .load = p->load[0] != '\0' ? p->load : NULL,
        .version_stamp = c->version_stamp,
        .alarm_text = "doctor",
        .mode = (enum rf_station_mode)c->security_mode,
        .lists = &w->lists,
        .id = own_id(w),
        .floor_s = doctor_now_s(w),
        .net = conf->net,
        .net_arg = conf->net_arg,
        .clock = rf_loop_clock(conf->loop),
        .timers = rf_loop_timers(conf->loop),
        .answers = rf_loop_mailbox(conf->loop),
        .media = &silent,
        .on_event = on_event,
    };
    if (add_servers(w, &station) > 0)
        register_and_leave(w, &station);
}
