/* SPDX-License-Identifier: Apache-2.0 */
/* Conferences. Each is a device of our own with a call to each of its members, so that a member
 * holds, leaves and gets its keys as in any call; what they hear is mixed by the server's media.
 * doc: docs/call-control.md, "Conferences" */
#include "base/faults.h"
#include "base/mem.h"
#include "service/call/call_int.h"

#include <stdio.h>
#include <string.h>

struct conference *call_conference_of(const struct call *call)
{
    for (int end = 0; end < ENDS; end++)
        if (call->legs[end].dev != NULL && call->legs[end].dev->conference != NULL)
            return call->legs[end].dev->conference;
    return NULL;
}

/* The member's end of one of its calls. */
static int member_end(const struct leg *own)
{
    return call_other(own->end);
}

/* One whose link is lost talks and hears on: its media is left alone. */
static bool is_in(const struct leg *own)
{
    int state = own->call->fsm.state;
    return state == CALL_CONNECTING || state == CALL_CONNECTED ||
           (state == CALL_ORPHANED && own->call->is_media_up);
}

/* Of those who talk; who holds hears nothing and says nothing. */
static enum rf_call_security level_of(const struct conference *conf)
{
    enum rf_call_security level = RF_CALL_SECURITY_ENCRYPTED;
    for (const struct leg *l = conf->dev.legs; l != NULL; l = l->next) {
        const struct call *call = l->call;
        bool is_encrypted = call->suite != RF_CALL_SRTP_NONE && call->is_media_up;
        enum rf_call_security s = rf_call_security_at(&call->sides[member_end(l)], is_encrypted);
        if (is_in(l) && s < level)
            level = s;
    }
    return level;
}

/* ---- who may come in ---- */

static bool is_able(const struct device *dev)
{
    return dev->attach.side.signalling == RF_CALL_SIGNALLING_ENCRYPTED &&
           dev->attach.side.suites != 0;
}

/* doc: docs/security-rules.md, "Media and call status": never silently clear */
static bool is_clear_for_some(const struct conference *conf, const struct device *dev)
{
    bool has_strict = dev->conf.media_policy == RF_CALL_MEDIA_REQUIRE, has_clear = !is_able(dev);
    for (const struct leg *l = conf->dev.legs; l != NULL; l = l->next) {
        const struct device *member = l->call->legs[member_end(l)].dev;
        if (member == NULL)
            continue;
        has_strict |= member->conf.media_policy == RF_CALL_MEDIA_REQUIRE;
        has_clear |= !is_able(member);
    }
    return has_strict && has_clear;
}

enum rf_call_cause call_conference_trusts(const struct conference *conf, const struct device *dev)
{
    if (rf_call_security_at(&dev->attach.side, is_able(dev)) < conf->least &&
        !rf_fault_skips("call.meet-me-level"))
        return RF_CALL_CAUSE_LEVEL;
    if (is_clear_for_some(conf, dev) && !rf_fault_skips("call.conference-policy"))
        return RF_CALL_CAUSE_SECURITY;
    return RF_CALL_CAUSE_NORMAL;
}

enum rf_call_cause call_conference_admits(const struct conference *conf, const struct device *dev)
{
    const struct rf_call_conf *c = &conf->cc->conf;
    size_t max = c->members_max != 0 ? c->members_max : RF_CALL_MEMBERS_MAX;
    if (dev->conference != NULL || c->media == NULL)
        return RF_CALL_CAUSE_UNREACHABLE; /* conferences are not chained */
    if (!call_media_reaches(dev))
        return RF_CALL_CAUSE_MEDIA;
    if (conf->dev.n_legs >= max)
        return RF_CALL_CAUSE_BUSY;
    return call_conference_trusts(conf, dev);
}

/* ---- its end of a call ---- */

static struct leg *own_leg(void *arg, const struct rf_call_leg_info *leg)
{
    struct conference *conf = arg;
    return call_leg_of(&conf->dev, leg->ref);
}

static void close_own(struct conference *conf, struct leg *own)
{
    if (own == NULL || own->media == 0)
        return;
    conf->cc->conf.media->close(conf->cc->conf.media_arg, own->media);
    own->media = 0;
}

static void on_offer(void *arg, const struct rf_call_leg_info *leg)
{
    struct conference *conf = arg;
    rf_call_in_answer(conf->cc, conf->dev.handle, leg->ref);
}

static void on_open_receive(void *arg, const struct rf_call_leg_info *leg,
                            const struct rf_call_stream *stream, const struct rf_call_key *key)
{
    struct conference *conf = arg;
    struct leg *own = own_leg(arg, leg);
    const struct rf_call_conf *c = &conf->cc->conf;
    struct rf_call_addr addr = {0};
    if (own == NULL)
        return;
    close_own(conf, own);
    struct rf_call_media_user user = call_media_user(&own->call->legs[member_end(own)]);
    bool ok = c->media->open(c->media_arg, &user, stream, key, &own->media, &addr) == RF_OK;
    if (!ok)
        own->media = 0;
    rf_call_in_receive_open(conf->cc, conf->dev.handle, leg->ref, ok ? &addr : NULL);
}

static void on_start_transmit(void *arg, const struct rf_call_leg_info *leg,
                              const struct rf_call_stream *stream, const struct rf_call_addr *to,
                              const struct rf_call_key *key)
{
    struct conference *conf = arg;
    const struct leg *own = own_leg(arg, leg);
    if (own != NULL && own->media != 0)
        conf->cc->conf.media->send(conf->cc->conf.media_arg, own->media, to, key, conf->mix);
}

static void on_stop_media(void *arg, const struct rf_call_leg_info *leg, bool receive,
                          bool transmit)
{
    close_own(arg, own_leg(arg, leg));
}

static void on_failed(void *arg, const struct rf_call_leg_info *leg, enum rf_call_cause cause)
{
    struct conference *conf = arg;
    rf_call_in_hang_up(conf->cc, conf->dev.handle, leg->ref);
}

static void on_ended(void *arg, const struct rf_call_leg_info *leg, enum rf_call_cause cause)
{
    close_own(arg, own_leg(arg, leg));
}

static void on_leg(void *arg, const struct rf_call_leg_info *leg)
{
}

static void on_digits(void *arg, const struct rf_call_leg_info *leg, const char *digits)
{
}

static void on_tone(void *arg, const struct rf_call_leg_info *leg, enum rf_call_tone tone)
{
}

static const struct rf_call_endpoint_ops own_ops = {.setup = on_leg,
                                                    .collecting = on_digits,
                                                    .proceeding = on_leg,
                                                    .alerting = on_leg,
                                                    .offer = on_offer,
                                                    .connected = on_leg,
                                                    .held = on_leg,
                                                    .info = on_leg,
                                                    .open_receive = on_open_receive,
                                                    .start_transmit = on_start_transmit,
                                                    .stop_media = on_stop_media,
                                                    .tone = on_tone,
                                                    .failed = on_failed,
                                                    .ended = on_ended};

/* ---- itself ---- */

static struct conference *make(struct rf_call_control *cc, const char *name)
{
    struct conference *conf = rf_new(struct conference);
    struct device *dev = &conf->dev;
    conf->cc = dev->cc = cc;
    dev->conference = conf;
    dev->conf.n_lines = 1;
    snprintf(dev->conf.name, sizeof dev->conf.name, "%s", name);
    snprintf(dev->conf.lines[0].name, sizeof dev->conf.lines[0].name, "Conference");
    dev->attach = (struct rf_call_attach){
        .ops = &own_ops,
        .arg = conf,
        .side = {.signalling = RF_CALL_SIGNALLING_ENCRYPTED,
                 .is_ip6 = cc->conf.media_is_ip6,
                 .suites = RF_CALL_ABLE_ALL,
                 .codecs = RF_CALL_CODEC_PCMU | RF_CALL_CODEC_PCMA | RF_CALL_CODEC_G722}};
    conf->next = cc->conferences;
    cc->conferences = conf;
    return conf;
}

static void unmake(struct conference *conf)
{
    struct conference **at = &conf->cc->conferences;
    while (*at != conf)
        at = &(*at)->next;
    *at = conf->next;
    rf_free(conf);
}

static void open_it(struct conference *conf)
{
    conf->is_open = true;
    conf->had_several = false;
    conf->level = RF_CALL_SECURITY_UNKNOWN;
    conf->mix = ++conf->cc->last_mix;
    conf->dev.handle = rf_handle_add(conf->cc->attached, &conf->dev);
}

static void close_it(struct conference *conf)
{
    rf_handle_remove(conf->cc->attached, conf->dev.handle);
    conf->dev.handle = 0;
    conf->is_open = false;
    if (!conf->has_number)
        unmake(conf);
}

bool call_conference_has_room(const struct rf_call_control *cc, unsigned members)
{
    const struct rf_call_media_ops *media = cc->conf.media;
    return media != NULL && media->has_room(cc->conf.media_arg, members);
}

struct conference *call_conference_new(struct rf_call_control *cc)
{
    struct conference *conf = make(cc, "conference");
    open_it(conf);
    if (conf->dev.handle != 0)
        return conf;
    unmake(conf);
    return NULL;
}

void call_conference_take(struct conference *conf, struct call *call, int end)
{
    call_leg_take(call, end, &conf->dev, 1);
    *(end == END_A ? &call->calling : &call->called) = conf->dev.conf.lines[0];
}

static void tell_level(struct conference *conf)
{
    enum rf_call_security level = level_of(conf);
    if (level == conf->level || conf->dev.legs == NULL)
        return;
    conf->level = level;
    for (const struct leg *l = conf->dev.legs; l != NULL; l = l->next)
        if (is_in(l))
            call_tell_info(l->call, member_end(l));
}

/* One who has nobody left to talk to, or those from outside when nobody from inside is left: they
 * go one by one, as each that goes has us look again. */
static bool lets_go(const struct conference *conf)
{
    if (conf->dev.n_legs == 1 && conf->had_several && !conf->has_number)
        return true;
    return conf->cc->trunk != NULL && conf->dev.n_legs > 0 && call_is_outside(&conf->dev, NULL) &&
           !rf_fault_skips("call.trunk-conference");
}

void call_conference_look(struct conference *conf)
{
    struct leg *last = conf->dev.legs;
    if (!conf->is_open)
        return;
    conf->had_several |= conf->dev.n_legs > 1;
    tell_level(conf);
    if (lets_go(conf)) {
        struct call_data data = {.end = last->end};
        call_run(last->call, last->end == END_A ? CALL_EV_HANG_UP_A : CALL_EV_HANG_UP_B, &data);
    } else if (conf->dev.n_legs == 0) {
        close_it(conf);
    }
}

void call_conferences_free(struct rf_call_control *cc)
{
    while (cc->conferences != NULL)
        unmake(cc->conferences);
}

/* ---- Meet-Me ---- */

static struct conference *meet_me_of(const struct rf_call_control *cc, const char *number)
{
    struct conference *conf = cc->conferences;
    while (conf != NULL &&
           !(conf->has_number && strcmp(call_line_number(&conf->dev, 1), number) == 0))
        conf = conf->next;
    return conf;
}

static enum rf_err add_meet_me(struct rf_call_control *cc, const char *number,
                               struct conference **out, struct rf_why *why)
{
    const struct plan_line *taken = call_plan_find(cc, number);
    if (taken != NULL)
        return rf_why_set(why, RF_ERR_EXISTS, "line-number-taken", "line %s belongs to %s", number,
                          taken->dev->conf.name);
    if (cc->n_meet_mes == RF_CALL_MEET_MES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "meet-mes", "more than %d Meet-Me numbers",
                          RF_CALL_MEET_MES_MAX);
    struct conference *conf = make(cc, "meet-me");
    conf->has_number = true;
    snprintf(conf->dev.conf.lines[0].number, sizeof conf->dev.conf.lines[0].number, "%s", number);
    conf->dev.plan[0] = (struct plan_line){.dev = &conf->dev, .line = 1};
    call_plan_add(cc, &conf->dev.plan[0]);
    cc->n_meet_mes++;
    *out = conf;
    return RF_OK;
}

enum rf_err rf_call_meet_me_set(struct rf_call_control *cc, const char *number,
                                enum rf_call_security least, struct rf_why *why)
{
    if (!rf_call_number_ok(number))
        return rf_why_set(why, RF_ERR_BAD, "line-number", "a Meet-Me number wants 1 to %d digits",
                          RF_CALL_NUMBER_MAX);
    struct conference *conf = meet_me_of(cc, number);
    enum rf_err err = conf == NULL ? add_meet_me(cc, number, &conf, why) : RF_OK;
    if (err == RF_OK)
        conf->least = least;
    return err;
}

void rf_call_meet_me_remove(struct rf_call_control *cc, const char *number)
{
    static const struct call_data end_removed = {.cause = RF_CALL_CAUSE_REMOVED};
    struct conference *conf = meet_me_of(cc, number);
    if (conf == NULL)
        return;
    call_plan_remove(cc, &conf->dev.plan[0]);
    cc->n_meet_mes--;
    while (conf->dev.legs != NULL)
        call_run(conf->dev.legs->call, CALL_EV_REMOVED, &end_removed);
    unmake(conf);
    call_inputs_run(cc);
}

enum rf_call_cause call_conference_begin(struct conference *conf, const struct device *by)
{
    enum rf_call_cause cause = call_conference_admits(conf, by);
    if (cause == RF_CALL_CAUSE_NORMAL && !call_conference_has_room(conf->cc, 1))
        return RF_CALL_CAUSE_MEDIA;
    if (cause == RF_CALL_CAUSE_NORMAL && !conf->is_open)
        open_it(conf);
    return cause;
}
