/* SPDX-License-Identifier: Apache-2.0 */
/* B9 to B10: a visit to each server that the configuration names, all at the same time, as far as
 * the TLS handshake. */
#include "service/doctor/doctor_int.h"

#include "base/text.h"
#include "trust/path.h"

#include <stdio.h>
#include <string.h>

/* With TLS 1.3 a client is through before the server has judged it: its refusal, if there is one,
 * comes within this. */
#define SETTLE_MS    1000u
#define HANDSHAKE_MS 5000u
#define CMS_USED     3u /* real phones use the first three */
#define VISITS_MAX   (CMS_USED + RF_PHONEXML_CAPF_MAX + RF_PHONEXML_TVS_MAX)

struct visits;

struct visit {
    struct doctor_visit seen;
    struct visits *all;
    const struct rf_phone_id *id;
    void *link;
    rf_timer_id timer;
    bool is_second; /* the look at the base port, after the real one was refused */
    bool is_over;
};

struct visits {
    struct doctor_walk *walk;
    size_t n;
    struct visit visit[VISITS_MAX];
    size_t open;
};

bool doctor_address(struct doctor_walk *w, enum rf_doctor_step step, bool is_optional,
                    const char *name, char *out, size_t cap)
{
    struct rf_address address;
    if (rf_address_parse(name, 1, &address, NULL) == RF_OK)
        return rf_slice_to_str(rf_slice_str(name), out, cap);
    if (w->conf->resolve != NULL && w->conf->resolve(name, out, cap)) {
        doctor_well(w->report, step, name, "is %s", out);
        return true;
    }
    doctor_say_as(w->report, is_optional ? RF_DOCTOR_WARNING : RF_DOCTOR_FAULT, step,
                  RF_DOCTOR_NAME_UNRESOLVED, name, "%s", "");
    return false;
}

/* ---- one visit ---- */

static bool begin(struct visit *v, uint16_t port, bool has_tls);

static void over(struct visit *v)
{
    rf_timer_stop(rf_loop_timers(v->all->walk->conf->loop), &v->timer);
    v->link = NULL;
    v->is_over = true;
    v->all->open--;
}

/* Nobody at port + 443: is it the base port that speaks TLS? Then the secure port was written. */
static void ended(struct visit *v)
{
    struct doctor_visit *s = &v->seen;
    bool may_look = !v->is_second && s->step == RF_DOCTOR_CM && s->has_tls && !s->is_open &&
                    strcmp(s->why.code, "connect-refused") == 0;
    rf_timer_stop(rf_loop_timers(v->all->walk->conf->loop), &v->timer);
    v->is_second = true;
    if (!may_look || !begin(v, s->base_port, true))
        over(v);
}

static enum rf_err on_verify(void *arg, const struct rf_cert *server, struct rf_why *why)
{
    struct visit *v = arg;
    const struct doctor_walk *w = v->all->walk;
    if (v->is_second) {
        v->seen.is_base_tls = true;
        return rf_why_set(why, RF_ERR_DENIED, "looked", "seen enough");
    }
    rf_cert_unref(v->seen.server);
    v->seen.server = NULL;
    if (server == NULL)
        return rf_why_set(why, RF_ERR_DENIED, "server-unknown", "it shows no certificate");
    v->seen.server = rf_cert_ref((struct rf_cert *)(uintptr_t)server);
    enum rf_err err = rf_lists_find_server(&w->lists, server, v->seen.role, why);
    return err == RF_OK ? rf_cert_floor_check(server, doctor_now_s(w), why) : err;
}

static void settled(void *owner, uint64_t number)
{
    struct visit *v = owner;
    (void)number;
    v->timer = 0;
    v->all->walk->conf->net->forget(v->link);
    over(v);
}

static void on_open(void *arg, const struct rf_phone_link_info *info)
{
    struct visit *v = arg;
    const struct rf_doctor_conf *conf = v->all->walk->conf;
    v->seen.is_open = true;
    snprintf(v->seen.tls, sizeof v->seen.tls, "%s %s", info->tls_version, info->suite);
    v->timer = rf_timer_start(rf_loop_timers(conf->loop),
                              conf->settle_ms != 0 ? conf->settle_ms : SETTLE_MS, settled, v, 0);
}

/* A CAPF server speaks first: it is heard, and not answered. */
static size_t on_data(void *arg, struct rf_slice data)
{
    (void)arg;
    return data.len;
}

static void on_close(void *arg, const struct rf_why *why)
{
    struct visit *v = arg;
    v->link = NULL;
    if (v->is_second) {
        v->seen.has_base = strcmp(why->code, "connect-refused") != 0;
    } else {
        v->seen.why = *why;
        v->seen.is_ended = true;
    }
    ended(v);
}

static const struct rf_phone_link_calls calls = {
    .verify = on_verify, .on_open = on_open, .on_data = on_data, .on_close = on_close};

static bool begin(struct visit *v, uint16_t port, bool has_tls)
{
    const struct rf_doctor_conf *conf = v->all->walk->conf;
    struct rf_phone_link_conf link = {.name = "doctor",
                                      .host = v->seen.host,
                                      .port = port,
                                      .has_tls = has_tls,
                                      .wants_no_encryption = v->seen.wants_no_encryption,
                                      .id = v->seen.has_id ? v->id : NULL,
                                      .handshake_ms = HANDSHAKE_MS,
                                      .calls = &calls,
                                      .arg = v};
    struct rf_why why = {0};
    if (conf->net->open(conf->net_arg, &link, &v->link, &why) == RF_OK)
        return true;
    if (!v->is_second)
        v->seen.why = why;
    return false;
}

/* ---- whom to visit ---- */

static const struct rf_phone_id *own_id(const struct doctor_walk *w)
{
    const struct rf_doctor_patient *p = w->conf->patient;
    const struct rf_phone_id *id = p->lsc.cert != NULL ? &p->lsc : &p->mic;
    return id->cert != NULL && id->key != NULL ? id : NULL;
}

static void add(struct visits *all, const struct doctor_visit *to)
{
    struct visit *v = &all->visit[all->n++];
    v->seen = *to;
    v->all = all;
    v->id = own_id(all->walk);
    v->seen.has_id = v->id != NULL && to->has_tls;
    snprintf(v->seen.where, sizeof v->seen.where, "%s:%u", to->host, to->port);
}

static void add_call_managers(struct visits *all, const struct rf_phonexml *c)
{
    struct doctor_walk *w = all->walk;
    bool is_secure = c->security_mode >= RF_PHONEXML_MODE_AUTHENTICATED;
    if (strcmp(c->device_protocol, "SIP") == 0) {
        doctor_say(w->report, RF_DOCTOR_CM, RF_DOCTOR_SIP_NOT_WALKED, "", "%s", "");
        w->report->is_skipped[RF_DOCTOR_CM] = true;
        return;
    }
    /* Without a call manager in its lists the phone goes to none: said before. */
    if (is_secure && rf_lists_nth(&w->lists, RF_TRUSTLIST_ROLE_CCM, 0) == NULL)
        return;
    for (size_t i = 0; i < c->cm_n && i < CMS_USED; i++) {
        if (is_secure && c->cm[i].port > UINT16_MAX - RF_PHONEXML_TLS_OFFSET) {
            doctor_say(w->report, RF_DOCTOR_CM, RF_DOCTOR_PORT_ADDED, c->cm[i].name,
                       "ethernetPhonePort %u plus 443 is no port", c->cm[i].port);
            continue;
        }
        struct doctor_visit to = {
            .step = RF_DOCTOR_CM,
            .role = RF_TRUSTLIST_ROLE_CCM,
            .has_tls = is_secure,
            .wants_no_encryption = c->security_mode == RF_PHONEXML_MODE_AUTHENTICATED,
            .base_port = c->cm[i].port,
            .port = (uint16_t)(c->cm[i].port + (is_secure ? RF_PHONEXML_TLS_OFFSET : 0))};
        if (doctor_address(w, RF_DOCTOR_CM, i > 0, c->cm[i].name, to.host, sizeof to.host))
            add(all, &to);
    }
}

/* Is an enrolment due? Else nobody goes to CAPF. */
static bool is_capf_due(const struct doctor_walk *w, const struct rf_phonexml *c)
{
    return c->capf_auth_mode != RF_PHONEXML_CAPF_NONE ||
           doctor_has(w->report, RF_DOCTOR_CERT_HASH) || doctor_has(w->report, RF_DOCTOR_DECRYPT);
}

static void add_others(struct visits *all, const struct rf_phonexml *c)
{
    struct doctor_walk *w = all->walk;
    bool is_due = is_capf_due(w, c);
    if (rf_lists_is_empty(&w->lists))
        return; /* no server could be believed, and none is asked */
    for (size_t i = 0; i < c->capf_n; i++) {
        struct doctor_visit to = {.step = RF_DOCTOR_CAPF,
                                  .role = RF_TRUSTLIST_ROLE_CAPF,
                                  .has_tls = true,
                                  .port = c->capf[i].port,
                                  .is_optional = !is_due || i > 0};
        if (doctor_address(w, RF_DOCTOR_CAPF, to.is_optional, c->capf[i].name, to.host,
                           sizeof to.host))
            add(all, &to);
    }
    for (size_t i = 0; i < c->tvs_n; i++) {
        struct doctor_visit to = {.step = RF_DOCTOR_TVS,
                                  .role = RF_TRUSTLIST_ROLE_TVS,
                                  .has_tls = true,
                                  .port = c->tvs[i].port};
        if (doctor_address(w, RF_DOCTOR_TVS, i > 0, c->tvs[i].name, to.host, sizeof to.host))
            add(all, &to);
    }
}

void doctor_walk_servers(struct doctor_walk *w)
{
    RF_AUTO(rf_freep) struct visits *all = rf_new(struct visits);
    const struct rf_phonexml *c = w->config != NULL ? w->config : w->stub;
    all->walk = w;
    if (c == NULL)
        return;
    add_others(all, c);
    if (w->config != NULL)
        add_call_managers(all, w->config);
    all->open = all->n;
    for (size_t i = 0; i < all->n; i++)
        if (!begin(&all->visit[i], all->visit[i].seen.port, all->visit[i].seen.has_tls))
            over(&all->visit[i]);
    while (all->open > 0)
        rf_loop_turn(w->conf->loop, -1);
    for (size_t i = 0; i < all->n; i++) {
        doctor_judge_server(w->report, &all->visit[i].seen, &w->refused);
        rf_cert_unref(all->visit[i].seen.server);
    }
}
