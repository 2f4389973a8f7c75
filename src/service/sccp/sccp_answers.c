/* SPDX-License-Identifier: Apache-2.0 */
/* A registering phone asks for its templates, lines and time in any order; each question is
 * answered by itself. doc: docs/wire/sccp.md, "Registration", "Questions and answers" */
#include "service/sccp/sccp_int.h"
#include "service/site/models.h"
#include "service/site/zones.h"

#include <time.h>

/* The soft keys a server acts on. The event of a key is its number in the phone's dictionary, its
 * label the phone's own word for it. doc: docs/wire/sccp.md, "Soft keys" */
#define LABEL_IN_PHONES_WORDS 0x80
static const uint8_t keys[] = {
    RF_SCCP_KEY_REDIAL,
    RF_SCCP_KEY_NEW_CALL,
    RF_SCCP_KEY_HOLD,
    RF_SCCP_KEY_TRANSFER,
    RF_SCCP_KEY_CFWD_ALL,
    RF_SCCP_KEY_CFWD_BUSY,
    RF_SCCP_KEY_CFWD_NO_ANSWER,
    RF_SCCP_KEY_BACK_SPACE,
    RF_SCCP_KEY_END_CALL,
    RF_SCCP_KEY_RESUME,
    RF_SCCP_KEY_ANSWER,
    RF_SCCP_KEY_INFO,
    RF_SCCP_KEY_CONFRN,
    RF_SCCP_KEY_PARK,
    RF_SCCP_KEY_JOIN,
    RF_SCCP_KEY_MEET_ME,
    RF_SCCP_KEY_PICK_UP,
    RF_SCCP_KEY_GROUP_PICK_UP,
    RF_SCCP_KEY_PRIVATE,
    RF_SCCP_KEY_REMOVE_LAST,
    RF_SCCP_KEY_TRANSFER_VM,
    RF_SCCP_KEY_DND,
    RF_SCCP_KEY_CALL_BACK,
    RF_SCCP_KEY_BARGE,
    RF_SCCP_KEY_DIRECT_TRANSFER,
    RF_SCCP_KEY_SELECT,
    RF_SCCP_KEY_CONF_LIST,
    RF_SCCP_KEY_IDIVERT,
    RF_SCCP_KEY_CBARGE,
};
#define KEYS_N (sizeof keys / sizeof *keys)

/* What is on the screen in each state of a call, in this order; four or five fit, the others stand
 * behind the phone's own "more". No key that would do nothing. Events, 0 ends a row. */
#define SET_KEYS 5
static const uint8_t sets[][SET_KEYS] = {
    [RF_SCCP_KEYSET_ON_HOOK] = {RF_SCCP_KEY_REDIAL, RF_SCCP_KEY_NEW_CALL, RF_SCCP_KEY_CFWD_ALL},
    [RF_SCCP_KEYSET_CONNECTED] = {RF_SCCP_KEY_HOLD, RF_SCCP_KEY_END_CALL, RF_SCCP_KEY_TRANSFER,
                                  RF_SCCP_KEY_CONFRN, RF_SCCP_KEY_PRIVATE},
    [RF_SCCP_KEYSET_ON_HOLD] = {RF_SCCP_KEY_RESUME, RF_SCCP_KEY_NEW_CALL, RF_SCCP_KEY_TRANSFER,
                                RF_SCCP_KEY_CONFRN},
    [RF_SCCP_KEYSET_RING_IN] = {RF_SCCP_KEY_ANSWER, RF_SCCP_KEY_END_CALL},
    [RF_SCCP_KEYSET_OFF_HOOK] = {RF_SCCP_KEY_REDIAL, RF_SCCP_KEY_END_CALL, RF_SCCP_KEY_CFWD_ALL,
                                 RF_SCCP_KEY_MEET_ME},
    [RF_SCCP_KEYSET_CONN_TRANS] = {RF_SCCP_KEY_HOLD, RF_SCCP_KEY_END_CALL, RF_SCCP_KEY_TRANSFER},
    [RF_SCCP_KEYSET_DIGITS_FOLL] = {RF_SCCP_KEY_BACK_SPACE, RF_SCCP_KEY_END_CALL},
    [RF_SCCP_KEYSET_CONN_CONF] = {RF_SCCP_KEY_HOLD, RF_SCCP_KEY_END_CALL, RF_SCCP_KEY_CONFRN},
    [RF_SCCP_KEYSET_RING_OUT] = {RF_SCCP_KEY_END_CALL},
    [RF_SCCP_KEYSET_OFF_HOOK_FEAT] = {RF_SCCP_KEY_REDIAL, RF_SCCP_KEY_END_CALL},
    [RF_SCCP_KEYSET_IN_USE_HINT] = {RF_SCCP_KEY_REDIAL, RF_SCCP_KEY_NEW_CALL, RF_SCCP_KEY_BARGE,
                                    RF_SCCP_KEY_CBARGE},
    [RF_SCCP_KEYSET_ON_HOOK_STEALABLE] = {RF_SCCP_KEY_REDIAL, RF_SCCP_KEY_NEW_CALL,
                                          RF_SCCP_KEY_RESUME},
};
#define SETS_N (sizeof sets / sizeof *sets)

static void answer_softkeys(struct session *s)
{
    struct rf_sccp_msg msg = {.id = RF_SCCP_SOFTKEY_TEMPLATE_RES};
    struct rf_sccp_softkey_template *t = &msg.softkey_template;
    uint8_t labels[KEYS_N][2];
    _Static_assert(KEYS_N <= RF_SCCP_SOFTKEY_MAX, "one message takes them all");
    t->count = KEYS_N;
    for (size_t i = 0; i < KEYS_N; i++) {
        labels[i][0] = LABEL_IN_PHONES_WORDS;
        labels[i][1] = keys[i];
        t->keys[i] = (struct rf_sccp_softkey){.label = rf_slice_of(labels[i], 2), .event = keys[i]};
    }
    sccp_send(s, &msg);
}

/* From 1; 0 for none. */
static uint8_t template_index(uint8_t event)
{
    for (size_t i = 0; event != 0 && i < KEYS_N; i++)
        if (keys[i] == event)
            return (uint8_t)(i + 1);
    return 0;
}

static void answer_softkey_sets(struct session *s)
{
    struct rf_sccp_msg msg = {.id = RF_SCCP_SOFTKEY_SET_RES};
    struct rf_sccp_softkey_set_res *r = &msg.softkey_set;
    r->count = SETS_N;
    for (size_t i = 0; i < SETS_N; i++) {
        for (size_t k = 0; k < SET_KEYS; k++) {
            uint8_t index = template_index(sets[i][k]);
            r->sets[i].template_index[k] = index;
            r->sets[i].info_index[k] =
                index == 0 ? 0 : (uint16_t)(RF_SCCP_SOFTKEY_INFO_OFFSET + index);
        }
    }
    sccp_send(s, &msg);
    sccp_send_idle_keys(s);
    sccp_send_fallback(s);
}

/* What the database says it is counts; else what it says itself. */
static size_t lines_shown(const struct session *s)
{
    const struct rf_sccp_device *d = &s->station->conf;
    const struct rf_model *model =
        d->model[0] != '\0' ? rf_model_find(d->model) : rf_model_of_number(s->device_type);
    return d->call.n_lines < model->keys ? d->call.n_lines : model->keys;
}

/* doc: docs/wire/sccp.md, "Keys": all slots are sent, unused ones undefined */
static void answer_buttons(struct session *s)
{
    struct rf_sccp_msg msg = {.id = RF_SCCP_BUTTON_TEMPLATE};
    struct rf_sccp_button_template *t = &msg.button_template;
    size_t lines = lines_shown(s);
    t->count = RF_SCCP_BUTTON_SLOTS;
    for (size_t i = 0; i < RF_SCCP_BUTTON_SLOTS; i++) {
        if (i < lines)
            t->buttons[i] =
                (struct rf_sccp_button){.instance = (uint8_t)(i + 1), .type = RF_SCCP_STIM_LINE};
        else
            t->buttons[i] = (struct rf_sccp_button){.type = RF_SCCP_STIM_UNDEFINED};
    }
    sccp_send(s, &msg);
}

static void answer_config(struct session *s)
{
    const struct rf_sccp_device *d = &s->station->conf;
    char buf[SCCP_TEXT_MAX];
    sccp_send(
        s, &(struct rf_sccp_msg){.id = RF_SCCP_CONFIG_STAT,
                                 .config_stat = {.device_name = rf_slice_str(d->call.name),
                                                 .instance = 1,
                                                 .user_name = sccp_text(s, d->label, buf),
                                                 .server_name = rf_slice_str(s->svc->server_name),
                                                 .number_of_lines = (uint32_t)lines_shown(s)}});
}

static void answer_line(struct session *s, uint32_t number)
{
    const struct rf_call_device_conf *d = &s->station->conf.call;
    struct rf_sccp_msg msg = {.id = rf_sccp_form(RF_SCCP_LINE_STAT, s->version),
                              .line_stat.line_number = number};
    char buf_name[SCCP_TEXT_MAX], buf_label[SCCP_TEXT_MAX];
    if (number >= 1 && number <= d->n_lines) {
        const struct rf_call_party *line = &d->lines[number - 1];
        const char *label = line->name[0] != '\0' ? line->name : line->number;
        msg.line_stat.directory_number = rf_slice_str(line->number);
        msg.line_stat.display_name = sccp_text(s, line->name, buf_name);
        msg.line_stat.label = sccp_text(s, label, buf_label);
        msg.line_stat.display_options = 0x0f;
    }
    sccp_send(s, &msg);
}

void sccp_send_time(struct session *s)
{
    const struct rf_sccp_service_conf *conf = &s->svc->conf;
    int64_t utc = rf_wall_s(conf->clock);
    time_t local = (time_t)(utc + rf_zone_offset_s(s->svc->time_zone, utc));
    struct tm tm;
    if (gmtime_r(&local, &tm) == NULL)
        return;
    sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_DEFINE_TIME_DATE,
                                       .define_time_date = {
                                           .year = (uint32_t)tm.tm_year + 1900,
                                           .month = (uint32_t)tm.tm_mon + 1,
                                           .day_of_week = (uint32_t)tm.tm_wday,
                                           .day = (uint32_t)tm.tm_mday,
                                           .hour = (uint32_t)tm.tm_hour,
                                           .minute = (uint32_t)tm.tm_min,
                                           .second = (uint32_t)tm.tm_sec,
                                           .system_time_s = (uint32_t)utc,
                                       }});
}

static void answer_forward(struct session *s, uint32_t number)
{
    static const struct rf_call_line_rule none;
    /* call control's, because its users change it */
    const struct rf_call_line_rule *rule = rf_call_rule_find(s->svc->calls, s->dev, number);
    sccp_send_forward(s, number, rule != NULL ? rule : &none);
}

static void answer_server(struct session *s)
{
    const struct rf_sccp_service *svc = s->svc;
    struct rf_sccp_msg msg = {.id = RF_SCCP_SERVER_RES};
    struct rf_sccp_server *to = &msg.server_res.servers[0];
    /* An address that the phone's version has no place for is as good as none. */
    if (svc->server_port != 0 && (svc->server_addr.type == 0 || s->version >= 17)) {
        to->name = rf_slice_str(svc->server_host[0] != '\0' ? svc->server_host : svc->server_name);
        to->port = svc->server_port;
        to->addr = svc->server_addr;
    }
    sccp_send(s, &msg);
}

/* Things a device may have and ours have none of: the number comes back with nothing in it. */
static bool answer_empty(struct session *s, const struct rf_sccp_msg *msg)
{
    if (msg->id == RF_SCCP_SPEED_DIAL_STAT_REQ)
        sccp_send(s,
                  &(struct rf_sccp_msg){.id = RF_SCCP_SPEED_DIAL_STAT,
                                        .speed_dial_stat.number = msg->speed_dial_stat_req.number});
    else if (msg->id == RF_SCCP_SERVICE_URL_STAT_REQ)
        sccp_send(
            s, &(struct rf_sccp_msg){.id = rf_sccp_form(RF_SCCP_SERVICE_URL_STAT, s->version),
                                     .service_url_stat.index = msg->service_url_stat_req.number});
    else if (msg->id == RF_SCCP_FEATURE_STAT_REQ)
        sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_FEATURE_STAT,
                                           .feature_stat.index = msg->feature_stat_req.index});
    else
        return false;
    return true;
}

static bool answer_templates(struct session *s, const struct rf_sccp_msg *msg)
{
    if (msg->id == RF_SCCP_BUTTON_TEMPLATE_REQ)
        answer_buttons(s);
    else if (msg->id == RF_SCCP_SOFTKEY_TEMPLATE_REQ)
        answer_softkeys(s);
    else if (msg->id == RF_SCCP_SOFTKEY_SET_REQ)
        answer_softkey_sets(s);
    else
        return false;
    return true;
}

bool sccp_answer(struct session *s, const struct rf_sccp_msg *msg)
{
    if (answer_templates(s, msg) || answer_empty(s, msg))
        return true;
    if (msg->id == RF_SCCP_CONFIG_STAT_REQ)
        answer_config(s);
    else if (msg->id == RF_SCCP_LINE_STAT_REQ)
        answer_line(s, msg->line_stat_req.number);
    else if (msg->id == RF_SCCP_FORWARD_STAT_REQ)
        answer_forward(s, msg->forward_stat_req.number);
    else if (msg->id == RF_SCCP_TIME_DATE_REQ)
        sccp_send_time(s);
    else if (msg->id == RF_SCCP_VERSION_REQ)
        sccp_send(
            s, &(struct rf_sccp_msg){.id = RF_SCCP_VERSION, .version.text = rf_slice_str(s->load)});
    else if (msg->id == RF_SCCP_SERVER_REQ)
        answer_server(s);
    else
        return false;
    return true;
}
