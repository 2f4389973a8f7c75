/* SPDX-License-Identifier: Apache-2.0 */
/* Which calls the phone has, which of them its user means, and what is told of them. doc:
 * docs/phone-calls.md, "Calls" */
#include "service/phone/station_int.h"

#include "base/metrics.h"
#include "base/text.h"
#include "wire/sccp/sccp_names.h"

#include <stdio.h>
#include <string.h>

/* ---- finding ---- */

struct station_call *station_call_nth(const struct rf_station *st, uint32_t nth)
{
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++)
        if (st->calls[i] != NULL && st->calls[i]->nth == nth)
            return st->calls[i];
    return NULL;
}

struct station_call *station_call_ref(const struct rf_station *st, uint32_t ref)
{
    for (size_t i = 0; ref != 0 && i < RF_STATION_CALLS_MAX; i++)
        if (st->calls[i] != NULL && st->calls[i]->ref == ref)
            return st->calls[i];
    return NULL;
}

bool station_is_dead(const struct rf_station *st, uint32_t ref)
{
    for (size_t i = 0; i < STATION_DEAD; i++)
        if (st->dead_refs[i] == ref)
            return true;
    return false;
}

/* Whom a user means who names no call: the higher number; of two, the newer one. */
static int rank_of(int state)
{
    enum { NOBODYS, ELSEWHERE, ENDING, HELD, RINGING, TALKING };
    static const uint8_t ranks[RF_STATION_CALL_STATES_N] = {
        [RF_STATION_IDLE] = NOBODYS,      [RF_STATION_REMOTE] = ELSEWHERE,
        [RF_STATION_CLEARING] = ENDING,   [RF_STATION_HELD] = HELD,
        [RF_STATION_RING_IN] = RINGING,   [RF_STATION_SEIZING] = TALKING,
        [RF_STATION_DIALLING] = TALKING,  [RF_STATION_PROCEEDING] = TALKING,
        [RF_STATION_RING_OUT] = TALKING,  [RF_STATION_ANSWERING] = TALKING,
        [RF_STATION_CONNECTED] = TALKING, [RF_STATION_FAILED] = TALKING,
        [RF_STATION_PRESERVED] = TALKING,
    };
    return ranks[state];
}

struct station_call *station_call_chosen(const struct rf_station *st)
{
    struct station_call *best = NULL;
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++) {
        struct station_call *c = st->calls[i];
        if (c == NULL || c->fsm.state == RF_STATION_IDLE)
            continue;
        int than = best != NULL ? rank_of(c->fsm.state) - rank_of(best->fsm.state) : 1;
        if (than > 0 || (than == 0 && c->nth > best->nth))
            best = c;
    }
    return best;
}

struct station_call *station_call_active(const struct rf_station *st,
                                         const struct station_call *but)
{
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++) {
        struct station_call *c = st->calls[i];
        if (c != NULL && c != but && rank_of(c->fsm.state) == rank_of(RF_STATION_CONNECTED))
            return c;
    }
    return NULL;
}

size_t station_calls_n(const struct rf_station *st, const struct station_call *but)
{
    size_t n = 0;
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++) {
        const struct station_call *c = st->calls[i];
        n += c != NULL && c != but && c->fsm.state != RF_STATION_IDLE &&
             c->fsm.state != RF_STATION_REMOTE;
    }
    return n;
}

bool station_in_call(const struct rf_station *st)
{
    return station_calls_n(st, NULL) > 0;
}

/* ---- begin and end ---- */

struct station_call *station_call_new(struct rf_station *st)
{
    struct station_call **place = NULL;
    for (size_t i = 0; place == NULL && i < RF_STATION_CALLS_MAX; i++)
        if (st->calls[i] == NULL)
            place = &st->calls[i];
    if (place == NULL)
        return NULL;
    struct station_call *c = rf_new(struct station_call);
    c->st = st;
    c->nth = ++st->calls_begun;
    rf_fsm_init(&c->fsm, &station_call_fsm, c, RF_STATION_IDLE);
    *place = c;
    return c;
}

static void leave_place(struct station_call *call)
{
    struct rf_station *st = call->st;
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++)
        if (st->calls[i] == call)
            st->calls[i] = NULL;
    if (call->ref == 0)
        return;
    st->dead_refs[st->n_dead % STATION_DEAD] = call->ref;
    st->n_dead++;
}

static void call_free(struct station_call *call)
{
    struct rf_timers *timers = call->st->conf.timers;
    station_voice_end(call);
    rf_timer_stop(timers, &call->timer);
    rf_timer_stop(timers, &call->gap);
    station_line_clear(call->st, &call->prompt);
    rf_media_clip_unref(call->clip);
    rf_free(call);
}

void station_calls_free(struct rf_station *st)
{
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++)
        if (st->calls[i] != NULL)
            call_free(rf_steal(&st->calls[i]));
}

/* The call of our user that has no reference yet: does the server mean it? Off hook and ringing may
 * cross: then our off hook has answered what rings. */
static struct station_call *waits_for(const struct rf_station *st, int event, uint32_t word)
{
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++) {
        struct station_call *c = st->calls[i];
        if (c == NULL || c->ref != 0)
            continue;
        bool is_plain = c->fsm.state == RF_STATION_SEIZING && c->how == STATION_BY_HOOK &&
                        !c->is_enbloc && word != RF_SCCP_STATE_CALL_WAITING;
        return event != CALL_EV_S_REMOTE && (event != CALL_EV_S_RING_IN || is_plain) ? c : NULL;
    }
    return NULL;
}

/* Late words of a call that is over begin nothing; but another phone of its line may have it. */
static bool begins_call(const struct rf_station *st, uint32_t ref, int event)
{
    if (event == CALL_EV_S_REMOTE)
        return true;
    return !station_is_dead(st, ref) &&
           (event == CALL_EV_S_OFF_HOOK || event == CALL_EV_S_RING_IN ||
            event == CALL_EV_S_CONNECTED);
}

static void adopt_offer(struct station_call *call)
{
    struct rf_station *st = call->st;
    if (!st->early_offer.has || st->early_ref != call->ref)
        return;
    call->offer = st->early_offer;
    st->early_offer.has = false;
}

struct station_call *station_call_for(struct rf_station *st, uint32_t ref, int event, uint32_t word)
{
    struct station_call *c = station_call_ref(st, ref);
    if (c != NULL || ref == 0)
        return c;
    if (!station_is_dead(st, ref))
        c = waits_for(st, event, word);
    if (c == NULL && begins_call(st, ref, event))
        c = station_call_new(st);
    if (c == NULL)
        return NULL;
    c->ref = ref;
    c->is_incoming = event == CALL_EV_S_RING_IN;
    adopt_offer(c);
    return c;
}

/* ---- telling ---- */

/* Words that say more than the state that they leave the call in. */
static bool is_word_of_its_own(uint32_t word)
{
    static const uint32_t words[] = {RF_SCCP_STATE_TRANSFER,         RF_SCCP_STATE_PARK,
                                     RF_SCCP_STATE_REMOTE_MULTILINE, RF_SCCP_STATE_HOLD_REVERT,
                                     RF_SCCP_STATE_WHISPER,          RF_SCCP_STATE_REMOTE_HOLD};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i] == word)
            return true;
    return false;
}

static const char *word_of(const struct station_call *call)
{
    return call->word != 0 ? rf_sccp_name_or_unknown(RF_SCCP_NAMES_CALL_STATE, call->word) : "";
}

static void tell_state(struct station_call *call)
{
    struct rf_station *st = call->st;
    enum rf_station_call_state state = (enum rf_station_call_state)call->fsm.state;
    struct rf_station_event event = {.kind = RF_STATION_CALL,
                                     .call_state = state,
                                     .ref = call->ref,
                                     .nth = call->nth,
                                     .line = call->line,
                                     .word = word_of(call),
                                     .is_incoming = call->is_incoming};
    if (state == RF_STATION_FAILED)
        event.text = event.word;
    rf_info(RF_CAT_PHONE, "call state=%s word=%s dev=%s call-ref=%u",
            rf_station_call_state_name(state), event.word, st->device, call->ref);
    station_tell(st, &event);
}

void station_call_tell(struct station_call *call)
{
    enum rf_station_call_state state = (enum rf_station_call_state)call->fsm.state;
    bool is_new =
        state != call->told || (call->word != call->told_word && is_word_of_its_own(call->word));
    call->told = state;
    call->told_word = call->word;
    if (state == RF_STATION_IDLE) /* before it is told: who hears of it may begin the next */
        leave_place(call);
    if (is_new)
        tell_state(call);
    if (state == RF_STATION_IDLE)
        call_free(call);
}

void station_tell_info(struct station_call *call, bool always)
{
    struct rf_station *st = call->st;
    enum rf_sccp_security security = station_security(call);
    if (!call->has_info || (!always && security == call->security_shown))
        return;
    call->security_shown = security;
    char calling[2 * STATION_PARTY], called[2 * STATION_PARTY];
    rf_info(RF_CAT_PHONE, "call info calling=\"%s\" called=\"%s\" security=%s dev=%s call-ref=%u",
            rf_escape(rf_slice_str(call->calling_number), calling, sizeof calling),
            rf_escape(rf_slice_str(call->called_number), called, sizeof called),
            rf_sccp_name_or_unknown(RF_SCCP_NAMES_SECURITY_STATUS, security), st->device,
            call->ref);
    /* copies: whoever is told may hang up, and the call's own are then gone */
    struct station_call copy = *call;
    station_tell(st, &(struct rf_station_event){.kind = RF_STATION_CALL_INFO,
                                                .ref = copy.ref,
                                                .nth = copy.nth,
                                                .line = copy.line,
                                                .is_incoming = copy.is_incoming,
                                                .calling_number = copy.calling_number,
                                                .calling_name = copy.calling_name,
                                                .called_number = copy.called_number,
                                                .called_name = copy.called_name,
                                                .original_number = copy.original_number,
                                                .redirecting_number = copy.redirecting_number,
                                                .redirecting_name = copy.redirecting_name,
                                                .security = security});
}

/* ---- views ---- */

uint32_t rf_station_call_find(const struct rf_station *st, uint32_t nth_or_ref)
{
    const struct station_call *c = station_call_nth(st, nth_or_ref);
    if (c == NULL)
        c = station_call_ref(st, nth_or_ref);
    return c != NULL ? c->nth : 0;
}

static const char *suite_name(bool is_on, uint32_t algorithm)
{
    return is_on ? rf_sccp_name_or_unknown(RF_SCCP_NAMES_SRTP, algorithm) : "";
}

static void look(const struct station_call *call, struct rf_station_call_view *out)
{
    const struct rf_station *st = call->st;
    const struct station_voice *v = call->voice;
    *out = (struct rf_station_call_view){
        .nth = call->nth,
        .ref = call->ref,
        .line = call->line,
        .state = (enum rf_station_call_state)call->fsm.state,
        .word = word_of(call),
        .is_incoming = call->is_incoming,
        .peer_number = call->is_incoming ? call->calling_number : call->called_number,
        .peer_name = call->is_incoming ? call->calling_name : call->called_name,
        .security = station_security(call),
        .prompt = station_line_text(&call->prompt),
        .key_set = call->offer.has
                       ? rf_sccp_name_or_unknown(RF_SCCP_NAMES_SOFTKEY_SET, call->offer.set)
                       : "",
        .is_receiving = v != NULL && v->is_receiving,
        .is_sending = v != NULL && v->is_sending,
        .receive_suite =
            suite_name(v != NULL && v->is_receiving, v != NULL ? v->receive_algorithm : 0),
        .send_suite = suite_name(v != NULL && v->is_sending, v != NULL ? v->send_algorithm : 0),
    };
    station_offer_text(st, &call->offer, out->keys, sizeof out->keys);
}

/* The oldest call behind this one. */
static const struct station_call *next_call(const struct rf_station *st, uint32_t nth)
{
    const struct station_call *next = NULL;
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++) {
        const struct station_call *c = st->calls[i];
        if (c != NULL && c->nth > nth && (next == NULL || c->nth < next->nth))
            next = c;
    }
    return next;
}

size_t rf_station_calls(const struct rf_station *st, struct rf_station_call_view *out, size_t max)
{
    size_t n = 0;
    for (const struct station_call *c = next_call(st, 0); c != NULL && n < max;
         c = next_call(st, c->nth))
        look(c, &out[n++]);
    return n;
}
