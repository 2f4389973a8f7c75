/* SPDX-License-Identifier: Apache-2.0 */
#include "service/phone/ask_tvs.h"

#include "base/faults.h"
#include "base/log.h"
#include "base/random.h"
#include "service/phone/phone_link_int.h"

#include <stdio.h>

#define INPUT_MAX (RF_TVS_FRAME_MAX + 1024)

struct rf_ask_tvs {
    struct rf_ask_tvs_conf conf;
    struct rf_phone_id id;
    char name[RF_TVS_NAME_MAX + 1];
    size_t at; /* server being asked */
    void *link;
    uint32_t session;
    rf_timer_id timer;
    struct rf_ask_tvs_result result;
};

static void next(struct rf_ask_tvs *ask);

/* ---- the end of one server, or of all ---- */

static void report(void *owner, uint64_t number)
{
    struct rf_ask_tvs *ask = owner;
    struct rf_ask_tvs_result result = ask->result;
    ask->timer = 0;
    rf_info(RF_CAT_PHONE, "tvs asked about %s: %s server=%s dev=%s", rf_cert_short(ask->conf.cert),
            result.err == RF_OK ? "vouched for" : rf_why_text(&result.why), result.server,
            ask->conf.device);
    ask->conf.on_done(ask->conf.arg, &result); /* may have freed us */
}

static void hang_up(struct rf_ask_tvs *ask)
{
    if (ask->link != NULL)
        ask->conf.net->forget(ask->link);
    ask->link = NULL;
}

static void finish(struct rf_ask_tvs *ask, enum rf_err err, const struct rf_why *why)
{
    ask->result.err = err;
    ask->result.why = *why;
    rf_timer_stop(ask->conf.timers, &ask->timer);
    ask->timer = rf_timer_start(ask->conf.timers, 0, report, ask, 0);
}

/* It did not answer, or is not to be believed: perhaps the next. */
static void give_up(struct rf_ask_tvs *ask, enum rf_err err, const struct rf_why *why)
{
    hang_up(ask);
    ask->result.err = err;
    ask->result.why = *why;
    ask->at++;
    next(ask);
}

static void on_late(void *owner, uint64_t number)
{
    struct rf_ask_tvs *ask = owner;
    struct rf_why why = {0};
    ask->timer = 0;
    rf_why_set(&why, RF_ERR_IO, "tvs-timeout", "%s did not answer in time", ask->result.server);
    give_up(ask, RF_ERR_IO, &why);
}

/* ---- the link ---- */

static enum rf_err link_verify(void *arg, const struct rf_cert *server, struct rf_why *why)
{
    const struct rf_ask_tvs *ask = arg;
    return phone_server_judge(ask->conf.lists, server, RF_TRUSTLIST_ROLE_TVS, ask->conf.floor_s,
                              why);
}

static void link_open(void *arg, const struct rf_phone_link_info *info)
{
    struct rf_ask_tvs *ask = arg;
    uint8_t buf[RF_TVS_FRAME_MAX];
    struct rf_slice frame;
    struct rf_tvs_msg msg = {.command = RF_TVS_VERIFY_REQ,
                             .session = ask->session,
                             .has_device_name = true,
                             .device_name = rf_slice_str(ask->name),
                             .has_cert = true,
                             .cert = rf_cert_der(ask->conf.cert)};
    (void)info;
    rf_timer_stop(ask->conf.timers, &ask->timer);
    ask->timer = rf_timer_start(ask->conf.timers, RF_ASK_TVS_ANSWER_MS, on_late, ask, 0);
    enum rf_err err = rf_tvs_encode(&msg, buf, sizeof buf, &frame);
    rf_bug_on(err != RF_OK);
    if (ask->conf.net->write(ask->link, frame) == RF_OK)
        return;
    struct rf_why why = {0};
    rf_why_set(&why, RF_ERR_IO, "io", "%s takes no question", ask->result.server);
    give_up(ask, RF_ERR_IO, &why);
}

static enum rf_err judge(const struct rf_ask_tvs *ask, const struct rf_tvs_msg *m,
                         struct rf_why *why)
{
    if (!rf_fault_skips("ask-tvs.session") && m->session != ask->session)
        return rf_why_set(why, RF_ERR_BAD, "tvs-session", "an answer to another question");
    if (m->command != RF_TVS_VERIFY_RES || !m->has_status)
        return rf_why_set(why, RF_ERR_BAD, "tvs-command", "%s (%u) is no answer",
                          rf_tvs_command_name(m->command), m->command);
    return RF_OK;
}

static void answered(struct rf_ask_tvs *ask, const struct rf_tvs_msg *m)
{
    struct rf_why why = {0};
    struct rf_rd roles = rf_rd_of(m->roles);
    uint8_t role;
    hang_up(ask);
    if (!rf_fault_skips("ask-tvs.status") && m->status != RF_TVS_VALID) {
        rf_why_set(&why, RF_ERR_DENIED, "tvs-invalid", "%s does not vouch for %s (%s)",
                   ask->result.server, rf_cert_subject(ask->conf.cert),
                   rf_cert_short(ask->conf.cert));
        finish(ask, RF_ERR_DENIED, &why);
        return;
    }
    while (rf_rd_u8(&roles, &role))
        if (role < 32)
            ask->result.roles |= UINT32_C(1) << role;
    ask->result.ttl_s = m->ttl_s < RF_ASK_TVS_TTL_MAX_S ? m->ttl_s : RF_ASK_TVS_TTL_MAX_S;
    finish(ask, RF_OK, &why);
}

static size_t link_data(void *arg, struct rf_slice data)
{
    struct rf_ask_tvs *ask = arg;
    struct rf_tvs_frame frame;
    struct rf_tvs_msg msg;
    struct rf_why why = {0};
    size_t used = 0;
    enum rf_err err = rf_tvs_frame_next(data, &frame, &used, &why);
    if (err == RF_ERR_AGAIN)
        return 0;
    if (err == RF_OK)
        err = rf_tvs_decode(&frame, &msg, &why);
    if (err == RF_OK)
        err = judge(ask, &msg, &why);
    if (err == RF_OK)
        answered(ask, &msg);
    else
        give_up(ask, err, &why);
    return data.len;
}

static void link_close(void *arg, const struct rf_why *why)
{
    struct rf_ask_tvs *ask = arg;
    ask->link = NULL;
    give_up(ask, RF_ERR_IO, why);
}

static const struct rf_phone_link_calls link_calls = {
    .verify = link_verify, .on_open = link_open, .on_data = link_data, .on_close = link_close};

/* ---- one after the other ---- */

static enum rf_err open_link(struct rf_ask_tvs *ask, const struct rf_phonexml_server *server,
                             struct rf_why *why)
{
    struct rf_phone_link_conf conf = {.name = "tvs",
                                      .host = server->name,
                                      .port = server->port,
                                      .has_tls = true,
                                      .id = ask->id.cert != NULL ? &ask->id : NULL,
                                      .input_max = INPUT_MAX,
                                      .keylog_path = ask->conf.keylog_path,
                                      .calls = &link_calls,
                                      .arg = ask};
    return ask->conf.net->open(ask->conf.net_arg, &conf, &ask->link, why);
}

static void next(struct rf_ask_tvs *ask)
{
    rf_timer_stop(ask->conf.timers, &ask->timer);
    for (; ask->at < ask->conf.server_n; ask->at++) {
        const struct rf_phonexml_server *server = &ask->conf.server[ask->at];
        ask->result.server = server->name;
        ask->session = rf_random_u32();
        ask->result.err = open_link(ask, server, &ask->result.why);
        if (ask->result.err == RF_OK)
            return;
        ask->link = NULL;
    }
    struct rf_why why = ask->result.why;
    finish(ask, ask->result.err, &why);
}

struct rf_ask_tvs *rf_ask_tvs_start(const struct rf_ask_tvs_conf *conf)
{
    struct rf_ask_tvs *ask = rf_new(struct rf_ask_tvs);
    ask->conf = *conf;
    rf_cert_ref(ask->conf.cert);
    rf_phone_id_take(&ask->id, conf->id);
    ask->conf.id = NULL;
    if (conf->model[0] != '\0')
        snprintf(ask->name, sizeof ask->name, "CP-%s-%s", conf->model, conf->device);
    else
        snprintf(ask->name, sizeof ask->name, "%s", conf->device);
    ask->result.server = "";
    ask->result.err = rf_why_set(&ask->result.why, RF_ERR_NOT_FOUND, "tvs-none",
                                 "the configuration names no trust verification service");
    next(ask);
    return ask;
}

void rf_ask_tvs_free(struct rf_ask_tvs *ask)
{
    if (ask == NULL)
        return;
    hang_up(ask);
    rf_timer_stop(ask->conf.timers, &ask->timer);
    rf_cert_unref(ask->conf.cert);
    rf_phone_id_fini(&ask->id);
    rf_free(ask);
}
