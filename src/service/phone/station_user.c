/* SPDX-License-Identifier: Apache-2.0 */
/* What the user does with handset, digits, lines and speaker; keys are station_keys.c.
 * doc: docs/phone-calls.md, "What its user can do" */
#include "service/phone/station_int.h"

#include <stdio.h>
#include <string.h>

static enum rf_err refuse(struct rf_why *why, const char *code, const char *text)
{
    return rf_why_set(why, RF_ERR_DENIED, code, "%s", text);
}

static enum rf_err check_room(const struct rf_station *st, struct rf_why *why)
{
    return station_has_room(st) ? RF_OK : refuse(why, "not-now", "too much at once");
}

static enum rf_err check_number(const char *number, struct rf_why *why)
{
    size_t n = 0;
    uint32_t key;
    while (number[n] != '\0' && n <= RF_STATION_NUMBER_MAX && station_key_of(number[n], &key))
        n++;
    if (n > 0 && n <= RF_STATION_NUMBER_MAX && number[n] == '\0')
        return RF_OK;
    return rf_why_set(why, RF_ERR_BAD, "number", "a number is 1 to %d of 0-9, *, #, A-D",
                      RF_STATION_NUMBER_MAX);
}

/* ---- a call of its own ---- */

static bool is_ringing(const struct rf_station *st)
{
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++)
        if (st->calls[i] != NULL && st->calls[i]->fsm.state == RF_STATION_RING_IN)
            return true;
    return false;
}

/* A line that the server gave and that waits for its first digit. */
static struct station_call *undialled(const struct rf_station *st)
{
    struct station_call *c = station_call_chosen(st);
    return c != NULL && c->fsm.state == RF_STATION_DIALLING && c->digits[0] == '\0' ? c : NULL;
}

/* How does it get a line? The handset gives one to a phone that does nothing else; it would answer
 * what rings. Beside a call that is active only the NewCall key does, where it is offered. */
static enum rf_err choose_how(const struct rf_station *st, struct station_call *to,
                              struct rf_why *why)
{
    const struct station_call *active = station_call_active(st, NULL);
    const struct station_call *with = active != NULL ? active : station_call_chosen(st);
    const struct station_offer *offer = with != NULL ? &with->offer : &st->idle_offer;
    if (active == NULL && !is_ringing(st)) {
        to->how = STATION_BY_HOOK;
    } else if (station_key_offered(st, offer, RF_SCCP_KEY_NEW_CALL, &to->how_event)) {
        to->how = STATION_BY_NEW_CALL_KEY;
        to->line = with != NULL ? with->line : 0;
        to->how_ref = with != NULL ? with->ref : 0;
    } else if (active == NULL) {
        to->how = STATION_BY_LINE_KEY;
        to->line = 1;
    } else {
        return refuse(why, "not-idle", "the phone is in a call: hold it, or end it");
    }
    return RF_OK;
}

static enum rf_err check_idle(const struct rf_station *st, struct rf_why *why)
{
    if (st->reg.state != RF_STATION_UP || !station_is_registered(st))
        return refuse(why, "not-registered", "the phone is not registered");
    return check_room(st, why);
}

static enum rf_err begin(struct rf_station *st, const struct station_call *as, const char *number,
                         int event, struct rf_why *why)
{
    struct station_call *c = station_call_new(st);
    if (c == NULL)
        return refuse(why, "not-idle", "the phone has as many calls as it can show");
    c->how = as->how;
    c->how_event = as->how_event;
    c->how_ref = as->how_ref;
    c->line = as->line;
    c->is_enbloc = event == CALL_EV_U_ENBLOC;
    if (number != NULL)
        snprintf(c->digits, sizeof c->digits, "%s", number);
    station_call_run(c, event, NULL);
    return RF_OK;
}

static enum rf_err call_out(struct rf_station *st, const char *number, int event,
                            struct rf_why *why)
{
    struct station_call as = {0};
    enum rf_err err = number != NULL ? check_number(number, why) : RF_OK;
    if (err == RF_OK)
        err = check_idle(st, why);
    struct station_call *waits = err == RF_OK && number != NULL ? undialled(st) : NULL;
    if (waits != NULL) {
        snprintf(waits->digits, sizeof waits->digits, "%s", number);
        waits->is_enbloc = event == CALL_EV_U_ENBLOC;
        station_call_run(waits, event, NULL);
        return RF_OK;
    }
    if (err == RF_OK)
        err = choose_how(st, &as, why);
    return err == RF_OK ? begin(st, &as, number, event, why) : err;
}

enum rf_err rf_station_off_hook(struct rf_station *st, struct rf_why *why)
{
    return call_out(st, NULL, CALL_EV_U_OFF_HOOK, why);
}

enum rf_err rf_station_call(struct rf_station *st, const char *number, struct rf_why *why)
{
    return call_out(st, number, CALL_EV_U_OFF_HOOK, why);
}

enum rf_err rf_station_call_enbloc(struct rf_station *st, const char *number, struct rf_why *why)
{
    return call_out(st, number, CALL_EV_U_ENBLOC, why);
}

enum rf_err rf_station_call_on(struct rf_station *st, uint32_t line, const char *number,
                               struct rf_why *why)
{
    struct station_call as = {.how = STATION_BY_LINE_KEY, .line = line};
    enum rf_err err = number != NULL ? check_number(number, why) : RF_OK;
    if (err == RF_OK)
        err = check_idle(st, why);
    if (err == RF_OK && (line < 1 || line > st->n_lines))
        err = rf_why_set(why, RF_ERR_NOT_FOUND, "no-line", "the phone has no line %u", line);
    if (err == RF_OK && station_call_active(st, NULL) != NULL)
        err = refuse(why, "not-idle", "the phone is in a call: hold it, or end it");
    return err == RF_OK ? begin(st, &as, number, CALL_EV_U_OFF_HOOK, why) : err;
}

/* ---- digits ---- */

static bool hears_digits(const struct station_call *call)
{
    int state = call->fsm.state;
    return state == RF_STATION_SEIZING || state == RF_STATION_DIALLING ||
           state == RF_STATION_CONNECTED;
}

static enum rf_err press(struct rf_station *st, struct station_call *call, char digit,
                         struct rf_why *why)
{
    if (call == NULL || !hears_digits(call) || !station_has_room(st))
        return refuse(why, "not-now", "nobody listens to keys now");
    station_call_run(call, CALL_EV_U_DIGIT, &(struct station_data){.digit = digit});
    return RF_OK;
}

enum rf_err rf_station_press(struct rf_station *st, char digit, struct rf_why *why)
{
    char text[2] = {digit, '\0'};
    enum rf_err err = check_number(text, why);
    return err == RF_OK ? press(st, station_call_chosen(st), digit, why) : err;
}

/* NULL, and it was said: there is no such call. nth 0: the chosen one, which may be NULL too. */
static enum rf_err call_of(const struct rf_station *st, uint32_t nth, struct station_call **out,
                           struct rf_why *why)
{
    *out = nth != 0 ? station_call_nth(st, nth) : station_call_chosen(st);
    if (nth != 0 && *out == NULL)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-call", "there is no call %u", nth);
    return RF_OK;
}

enum rf_err rf_station_digits(struct rf_station *st, const char *digits, uint32_t nth,
                              struct rf_why *why)
{
    struct station_call *call = NULL;
    enum rf_err err = check_number(digits, why);
    if (err == RF_OK)
        err = call_of(st, nth, &call, why);
    uint32_t of = call != NULL ? call->nth : 0;
    for (; err == RF_OK && *digits != '\0'; digits++)
        err = press(st, station_call_nth(st, of), *digits, why);
    return err;
}

/* ---- answer, hang up, speaker ---- */

static struct station_call *ringing(const struct rf_station *st)
{
    struct station_call *newest = NULL;
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++) {
        struct station_call *c = st->calls[i];
        if (c != NULL && c->fsm.state == RF_STATION_RING_IN &&
            (newest == NULL || c->nth > newest->nth))
            newest = c;
    }
    return newest;
}

enum rf_err rf_station_answer_call(struct rf_station *st, uint32_t nth, struct rf_why *why)
{
    struct station_call *call = NULL;
    enum rf_err err = call_of(st, nth, &call, why);
    if (err != RF_OK)
        return err;
    if (nth == 0)
        call = ringing(st);
    if (call == NULL || call->fsm.state != RF_STATION_RING_IN)
        return refuse(why, "not-ringing", nth == 0 ? "no call rings" : "that call does not ring");
    err = check_room(st, why);
    if (err == RF_OK)
        station_call_run(call, CALL_EV_U_ANSWER, NULL);
    return err;
}

enum rf_err rf_station_answer(struct rf_station *st, struct rf_why *why)
{
    return rf_station_answer_call(st, 0, why);
}

enum rf_err rf_station_hang_up_call(struct rf_station *st, uint32_t nth, struct rf_why *why)
{
    struct station_call *call = NULL;
    enum rf_err err = call_of(st, nth, &call, why);
    if (err != RF_OK)
        return err;
    if (call == NULL || call->fsm.state == RF_STATION_REMOTE)
        return refuse(why, "no-call",
                      nth == 0 ? "there is no call" : "that call is not this phone's");
    err = check_room(st, why);
    if (err == RF_OK)
        station_call_run(call, CALL_EV_U_HANG_UP, NULL);
    return err;
}

enum rf_err rf_station_hang_up(struct rf_station *st, struct rf_why *why)
{
    return rf_station_hang_up_call(st, 0, why);
}

enum rf_err rf_station_speaker(struct rf_station *st, struct rf_why *why)
{
    const struct station_call *active = station_call_active(st, NULL);
    bool goes_on = active == NULL;
    enum rf_err err = !goes_on              ? rf_station_hang_up_call(st, active->nth, why)
                      : ringing(st) != NULL ? rf_station_answer(st, why)
                                            : rf_station_off_hook(st, why);
    if (err == RF_OK)
        station_send_media_path(st, RF_SCCP_PATH_SPEAKER, goes_on);
    return err;
}

/* ---- what is said ---- */

enum rf_err rf_station_play(struct rf_station *st, uint32_t nth, struct rf_media_clip *clip,
                            struct rf_why *why)
{
    struct station_call *call = nth != 0 ? station_call_nth(st, nth) : NULL;
    struct rf_media_clip **place = call != NULL ? &call->clip : &st->clip;
    if (nth != 0 && call == NULL)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-call", "there is no call %u", nth);
    if (call != NULL)
        call->has_clip = true;
    rf_media_clip_unref(rf_steal(place));
    *place = clip != NULL ? rf_media_clip_ref(clip) : NULL;
    return RF_OK;
}
