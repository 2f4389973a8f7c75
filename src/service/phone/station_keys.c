/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys the phone has and which are offered: the templates that the server gave at the
 * registration, and the set that it selects for each call. doc: docs/phone-calls.md, "Keys";
 * docs/wire/sccp.md, "Keys" */
#include "service/phone/station_int.h"

#include "wire/sccp/sccp_names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- templates ---- */

void station_take_buttons(struct rf_station *st, const struct rf_sccp_button_template *t)
{
    uint32_t lines = 0;
    st->n_buttons = 0;
    for (uint32_t i = 0; i < t->count && i < STATION_BUTTONS; i++) {
        st->buttons[st->n_buttons++] = t->buttons[i];
        lines += t->buttons[i].type == RF_SCCP_STIM_LINE && lines < RF_STATION_LINES_MAX;
    }
    st->n_lines = lines > 0 ? lines : 1;
}

/* Which question a key of this kind leads to; lines are asked for one by one before. doc:
 * docs/wire/sccp.md, "Registration" */
static enum rf_sccp_id question_of(uint8_t type)
{
    static const struct {
        uint8_t type;
        enum rf_sccp_id id;
    } rows[] = {{RF_SCCP_STIM_SPEED_DIAL, RF_SCCP_SPEED_DIAL_STAT_REQ},
                {RF_SCCP_STIM_SERVICE_URL, RF_SCCP_SERVICE_URL_STAT_REQ},
                {RF_SCCP_STIM_FEATURE, RF_SCCP_FEATURE_STAT_REQ},
                {RF_SCCP_STIM_BLF_SPEED_DIAL, RF_SCCP_FEATURE_STAT_REQ},
                {RF_SCCP_STIM_MULTI_STATE, RF_SCCP_FEATURE_STAT_REQ},
                {RF_SCCP_STIM_DO_NOT_DISTURB, RF_SCCP_FEATURE_STAT_REQ}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].type == type)
            return rows[i].id;
    return RF_SCCP_KEEPALIVE; /* none */
}

/* Nobody waits for the answers: a server need not have one to each. */
void station_ask_buttons(struct rf_station *st)
{
    for (size_t i = 0; i < st->n_buttons; i++) {
        const struct rf_sccp_button *b = &st->buttons[i];
        struct rf_sccp_msg msg = {.id = question_of(b->type)};
        if (msg.id == RF_SCCP_FEATURE_STAT_REQ)
            msg.feature_stat_req =
                (struct rf_sccp_feature_stat_req){.index = b->instance, .capabilities = 1};
        else if (msg.id == RF_SCCP_SPEED_DIAL_STAT_REQ)
            msg.speed_dial_stat_req.number = b->instance;
        else if (msg.id == RF_SCCP_SERVICE_URL_STAT_REQ)
            msg.service_url_stat_req.number = b->instance;
        if (msg.id != RF_SCCP_KEEPALIVE)
            station_send(st, &msg);
    }
}

/* Names that servers write otherwise than the dictionary. */
static uint32_t number_of_word(const char *word)
{
    static const struct {
        const char *word;
        uint32_t number;
    } others[] = {{"GPickUp", RF_SCCP_KEY_GROUP_PICK_UP},
                  {"Conference", RF_SCCP_KEY_CONFRN}, /* 52 is a text, not a key */
                  {"Redial", RF_SCCP_KEY_REDIAL}};
    uint32_t number = 0;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcasecmp(others[i].word, word) == 0)
            return others[i].number;
    return rf_sccp_number(RF_SCCP_NAMES_SOFTKEY_EVENT, rf_slice_str(word), &number) ? number : 0;
}

static const char *label_text(const struct rf_station *st, const struct station_softkey *key,
                              char *buf, size_t cap)
{
    return station_text(rf_slice_of(key->label, key->label_len), station_is_utf8(st), buf, cap);
}

static uint8_t number_of(const struct rf_station *st, const struct station_softkey *key)
{
    struct rf_rd rd = rf_rd_of(rf_slice_of(key->label, key->label_len));
    uint8_t prefix = 0, code = 0;
    char text[48];
    if (rf_rd_u8(&rd, &prefix) && prefix == RF_SCCP_LABEL_WORD && rf_rd_u8(&rd, &code))
        return code;
    uint32_t number = number_of_word(label_text(st, key, text, sizeof text));
    return number <= UINT8_MAX ? (uint8_t)number : 0;
}

/* Parts of a template may come one by one. doc: docs/wire/sccp.md, "Keys": the event of a key is
 * the server's choice */
void station_take_softkeys(struct rf_station *st, const struct rf_sccp_softkey_template *t)
{
    if (t->offset == 0)
        st->n_keys = 0;
    for (uint32_t i = 0; i < t->count && st->n_keys < RF_SCCP_SOFTKEY_MAX; i++) {
        struct station_softkey *key = &st->keys[st->n_keys++];
        struct rf_slice label = rf_slice_part(t->keys[i].label, 0, sizeof key->label);
        *key = (struct station_softkey){.label_len = (uint8_t)label.len, .event = t->keys[i].event};
        if (label.len > 0)
            memcpy(key->label, label.p, label.len);
        key->number = number_of(st, key);
    }
}

void station_take_sets(struct rf_station *st, const struct rf_sccp_softkey_set_res *r)
{
    if (r->offset == 0)
        st->n_sets = 0;
    for (uint32_t i = 0; i < r->count && st->n_sets < RF_SCCP_SOFTKEY_SET_MAX; i++)
        memcpy(st->sets[st->n_sets++], r->sets[i].template_index, RF_SCCP_KEYS_PER_SET);
}

void station_keys_forget(struct rf_station *st)
{
    st->idle_offer.has = st->early_offer.has = false;
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++)
        if (st->calls[i] != NULL)
            st->calls[i]->offer.has = false;
}

/* ---- what is offered ---- */

/* The key at this place of the set, or NULL. */
static const struct station_softkey *key_at(const struct rf_station *st,
                                            const struct station_offer *offer, size_t place)
{
    if (!offer->has || offer->set >= st->n_sets)
        return NULL;
    size_t index = st->sets[offer->set][place];
    return index >= 1 && index <= st->n_keys ? &st->keys[index - 1] : NULL;
}

static bool is_lit(const struct station_offer *offer, size_t place)
{
    return (offer->mask >> place & 1) != 0;
}

const char *station_offer_text(const struct rf_station *st, const struct station_offer *offer,
                               char *buf, size_t cap)
{
    size_t n = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < RF_SCCP_KEYS_PER_SET; i++) {
        const struct station_softkey *key = key_at(st, offer, i);
        char text[48];
        if (key == NULL || !is_lit(offer, i))
            continue;
        label_text(st, key, text, sizeof text);
        if (n + strlen(text) + 2 > cap)
            break;
        n += (size_t)snprintf(buf + n, cap - n, "%s%s", n > 0 ? " " : "", text);
    }
    return buf;
}

bool station_key_event(const struct rf_station *st, uint32_t number, uint32_t *event)
{
    for (size_t i = 0; i < st->n_keys; i++) {
        if (st->keys[i].number == number) {
            *event = st->keys[i].event;
            return true;
        }
    }
    return false;
}

bool station_key_offered(const struct rf_station *st, const struct station_offer *offer,
                         uint32_t number, uint32_t *event)
{
    for (size_t i = 0; i < RF_SCCP_KEYS_PER_SET; i++) {
        const struct station_softkey *key = key_at(st, offer, i);
        if (key != NULL && key->number == number && is_lit(offer, i)) {
            *event = key->event;
            return true;
        }
    }
    return false;
}

static void tell_offer(struct rf_station *st, const struct station_call *call,
                       const struct station_offer *offer)
{
    char keys[256];
    station_tell(st, &(struct rf_station_event){
                         .kind = RF_STATION_KEYS,
                         .ref = call != NULL ? call->ref : 0,
                         .nth = call != NULL ? call->nth : 0,
                         .line = call != NULL ? call->line : 0,
                         .word = rf_sccp_name_or_unknown(RF_SCCP_NAMES_SOFTKEY_SET, offer->set),
                         .text = station_offer_text(st, offer, keys, sizeof keys)});
}

/* Some servers select the keys of a call before they announce it. */
void station_take_offer(struct rf_station *st, const struct rf_sccp_select_softkeys *m)
{
    struct station_call *call = station_call_ref(st, m->call_reference);
    struct station_offer now = {.has = true, .set = m->set_index, .mask = m->valid_key_mask};
    struct station_offer *offer = call != NULL ? &call->offer : &st->idle_offer;
    if (call == NULL && m->call_reference != 0) {
        if (station_is_dead(st, m->call_reference))
            return;
        st->early_offer = now;
        st->early_ref = m->call_reference;
        return;
    }
    if (offer->has && offer->set == now.set && offer->mask == now.mask)
        return;
    *offer = now;
    tell_offer(st, call, offer);
}

/* ---- pressing ---- */

static bool is_named(const struct rf_station *st, const struct station_softkey *key,
                     const char *name, uint32_t number)
{
    char text[48];
    return strcasecmp(label_text(st, key, text, sizeof text), name) == 0 ||
           (number != 0 && key->number == number);
}

enum found { NOT_THERE, MASKED, OFFERED };

static enum found find(const struct rf_station *st, const struct station_offer *offer,
                       const char *name, uint32_t *event, uint32_t *number)
{
    uint32_t wanted = number_of_word(name);
    enum found found = NOT_THERE;
    for (size_t i = 0; i < RF_SCCP_KEYS_PER_SET && found != OFFERED; i++) {
        const struct station_softkey *key = key_at(st, offer, i);
        if (key == NULL || !is_named(st, key, name, wanted))
            continue;
        found = is_lit(offer, i) ? OFFERED : MASKED;
        *event = key->event;
        *number = key->number;
    }
    return found;
}

static enum rf_err refuse_key(const struct rf_station *st, const struct station_offer *offer,
                              enum found found, const char *name, struct rf_why *why)
{
    char keys[256];
    station_offer_text(st, offer, keys, sizeof keys);
    return rf_why_set(why, RF_ERR_DENIED, found == MASKED ? "key-masked" : "key-not-offered",
                      "the key %.20s %s now; offered: %.120s", name,
                      found == MASKED ? "is greyed out" : "is not offered",
                      keys[0] != '\0' ? keys : "none");
}

/* Is it one of the keys that end a call? Then nothing is heard of it any more, at once. */
static void press(struct rf_station *st, struct station_call *call, uint32_t number, uint32_t event)
{
    if (call != NULL && number == RF_SCCP_KEY_END_CALL)
        station_call_run(call, CALL_EV_U_END_KEY, NULL);
    else if (call != NULL && number == RF_SCCP_KEY_ANSWER && call->fsm.state == RF_STATION_RING_IN)
        station_call_run(call, CALL_EV_U_ANSWER, NULL);
    else
        station_send_softkey(st, event, call != NULL ? call->line : 0,
                             call != NULL ? call->ref : 0);
}

/* Which call offers it: the chosen one, else the newest that does. */
static struct station_call *call_that_offers(const struct rf_station *st, const char *name)
{
    struct station_call *best = NULL;
    uint32_t event, number;
    const struct station_call *chosen = station_call_chosen(st);
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++) {
        struct station_call *c = st->calls[i];
        if (c == NULL || find(st, &c->offer, name, &event, &number) != OFFERED)
            continue;
        if (c == chosen)
            return c;
        if (best == NULL || c->nth > best->nth)
            best = c;
    }
    return best;
}

static enum rf_err press_forced(struct rf_station *st, const struct rf_station_key *key,
                                struct rf_why *why)
{
    const struct station_call *call =
        key->nth != 0 ? station_call_nth(st, key->nth) : station_call_chosen(st);
    uint32_t event = key->event;
    uint32_t number = key->name != NULL ? number_of_word(key->name) : 0;
    uint32_t line = key->line, ref = key->ref;
    if (event == 0 && !station_key_event(st, number, &event))
        event = number;
    if (event == 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "key-unknown", "no key is called so");
    if (ref == 0 && call != NULL) {
        line = call->line;
        ref = call->ref;
    }
    station_send_softkey(st, event, line, ref);
    return RF_OK;
}

static enum rf_err check_link(const struct rf_station *st, struct rf_why *why)
{
    if (station_is_registered(st))
        return station_has_room(st) ? RF_OK
                                    : rf_why_set(why, RF_ERR_DENIED, "not-now", "too much at once");
    if (st->reg.state == RF_STATION_LINKLESS && station_in_call(st))
        return rf_why_set(why, RF_ERR_DENIED, "preserved",
                          "the call manager is gone: the call goes on, and its features do not");
    return rf_why_set(why, RF_ERR_DENIED, "not-registered", "the phone is not registered");
}

enum rf_err rf_station_press_key(struct rf_station *st, const struct rf_station_key *key,
                                 struct rf_why *why)
{
    uint32_t event = 0, number = 0;
    enum rf_err err = check_link(st, why);
    if (err != RF_OK)
        return err;
    if (key->is_forced)
        return press_forced(st, key, why);
    struct station_call *call =
        key->nth != 0 ? station_call_nth(st, key->nth) : call_that_offers(st, key->name);
    if (key->nth != 0 && call == NULL)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-call", "there is no call %u", key->nth);
    if (call == NULL && find(st, &st->idle_offer, key->name, &event, &number) != OFFERED)
        call = station_call_chosen(st); /* to say what its screen offers */
    const struct station_offer *offer = call != NULL ? &call->offer : &st->idle_offer;
    enum found found = find(st, offer, key->name, &event, &number);
    if (found != OFFERED)
        return refuse_key(st, offer, found, key->name, why);
    press(st, call, number, event);
    return RF_OK;
}

/* ---- keys by what they do: a soft key, or a button of the phone ---- */

static const struct {
    const char *name;
    const char *key;   /* NULL: only a button */
    uint32_t stimulus; /* 0: only a soft key */
} acts[RF_STATION_ACTS_N] = {
    [RF_STATION_ACT_NEW_CALL] = {"newcall", "NewCall", RF_SCCP_STIM_NEW_CALL},
    [RF_STATION_ACT_HOLD] = {"hold", "Hold", RF_SCCP_STIM_HOLD},
    [RF_STATION_ACT_RESUME] = {"resume", "Resume", RF_SCCP_STIM_HOLD},
    [RF_STATION_ACT_TRANSFER] = {"transfer", "Transfer", RF_SCCP_STIM_TRANSFER},
    [RF_STATION_ACT_CONFERENCE] = {"conference", "Confrn", RF_SCCP_STIM_CONFERENCE},
    [RF_STATION_ACT_JOIN] = {"join", "Join", 0},
    [RF_STATION_ACT_REDIAL] = {"redial", "Redial", RF_SCCP_STIM_REDIAL},
    [RF_STATION_ACT_FORWARD_ALL] = {"forward", "CfwdAll", RF_SCCP_STIM_FORWARD_ALL},
    [RF_STATION_ACT_MEET_ME] = {"meetme", "MeetMe", RF_SCCP_STIM_MEET_ME},
    [RF_STATION_ACT_BARGE] = {"barge", "Barge", 0},
    [RF_STATION_ACT_CBARGE] = {"cbarge", "cBarge", 0},
    [RF_STATION_ACT_PRIVACY] = {"privacy", "Private", RF_SCCP_STIM_PRIVACY},
    [RF_STATION_ACT_DND] = {"dnd", "DND", RF_SCCP_STIM_DO_NOT_DISTURB},
    [RF_STATION_ACT_PARK] = {"park", "Park", RF_SCCP_STIM_CALL_PARK},
    [RF_STATION_ACT_PICK_UP] = {"pickup", "PickUp", RF_SCCP_STIM_CALL_PICK_UP},
    [RF_STATION_ACT_GROUP_PICK_UP] = {"gpickup", "GrpPickup", RF_SCCP_STIM_GROUP_PICK_UP},
    [RF_STATION_ACT_CALL_BACK] = {"callback", "CallBack", RF_SCCP_STIM_CALL_BACK},
    [RF_STATION_ACT_DIVERT] = {"divert", "iDivert", 0},
    [RF_STATION_ACT_CONF_LIST] = {"conflist", "ConfList", RF_SCCP_STIM_CONF_LIST},
    [RF_STATION_ACT_REMOVE_LAST] = {"rmlast", "RmLstC", RF_SCCP_STIM_REMOVE_LAST},
    [RF_STATION_ACT_END_CALL] = {"endcall", "EndCall", RF_SCCP_STIM_END_CALL},
};

const char *rf_station_act_name(enum rf_station_act act)
{
    return act < RF_STATION_ACTS_N ? acts[act].name : "unknown";
}

/* The button of the phone that does this, or NULL. */
static const struct rf_sccp_button *button_of(const struct rf_station *st, uint32_t stimulus)
{
    for (size_t i = 0; i < st->n_buttons; i++)
        if (stimulus != 0 && st->buttons[i].type == stimulus)
            return &st->buttons[i];
    return NULL;
}

enum rf_err rf_station_act(struct rf_station *st, enum rf_station_act act, uint32_t nth,
                           struct rf_why *why)
{
    struct rf_station_key key = {.name = acts[act].key, .nth = nth};
    struct rf_why refused = {0};
    enum rf_err err = rf_station_press_key(st, &key, &refused);
    const struct rf_sccp_button *button = button_of(st, acts[act].stimulus);
    if (err == RF_OK)
        return RF_OK;
    if (button == NULL || strcmp(refused.code, "key-not-offered") != 0) {
        if (why != NULL)
            *why = refused;
        return err;
    }
    const struct station_call *call =
        nth != 0 ? station_call_nth(st, nth) : station_call_chosen(st);
    station_send_stimulus(st, button->type, button->instance, call != NULL ? call->ref : 0);
    return RF_OK;
}

enum rf_err rf_station_button(struct rf_station *st, uint32_t place, struct rf_why *why)
{
    enum rf_err err = check_link(st, why);
    if (err != RF_OK)
        return err;
    if (place < 1 || place > st->n_buttons ||
        st->buttons[place - 1].type == RF_SCCP_STIM_UNDEFINED ||
        st->buttons[place - 1].type == RF_SCCP_STIM_UNUSED)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-button", "the phone has no button %u", place);
    const struct rf_sccp_button *b = &st->buttons[place - 1];
    const struct station_call *call = station_call_chosen(st);
    station_send_stimulus(st, b->type, b->instance, call != NULL ? call->ref : 0);
    return RF_OK;
}

enum rf_err rf_station_line_key(struct rf_station *st, uint32_t line, struct rf_why *why)
{
    enum rf_err err = check_link(st, why);
    if (err != RF_OK)
        return err;
    if (line < 1 || line > st->n_lines)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-line", "the phone has no line %u", line);
    const struct station_call *call = station_call_chosen(st);
    station_send_stimulus(st, RF_SCCP_STIM_LINE, line,
                          call != NULL && call->line == line ? call->ref : 0);
    return RF_OK;
}
