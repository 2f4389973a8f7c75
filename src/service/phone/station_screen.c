/* SPDX-License-Identifier: Apache-2.0 */
/* What the server has the phone show and sound: texts, lamps, ringer, tones. doc:
 * docs/phone-calls.md, "What it shows"; docs/wire/sccp.md, "Display" */
#include "service/phone/station_int.h"

#include "wire/sccp/sccp_names.h"

#include <string.h>

/* Which text a timer is of: the phone's prompt, a note, or the prompt of the nth call. */
#define TIMER_PROMPT UINT64_C(0)
#define TIMER_NOTE   (UINT64_C(1) << 32)
#define TIMER_CALL   (UINT64_C(2) << 32)

/* ---- texts ---- */

const char *station_line_text(const struct station_line *line)
{
    return line->text != NULL ? line->text : "";
}

void station_line_clear(struct rf_station *st, struct station_line *line)
{
    rf_timer_stop(st->conf.timers, &line->timer);
    rf_free(rf_steal(&line->text));
}

static void on_timeout(void *owner, uint64_t number);

void station_line_set(struct rf_station *st, struct station_line *line, const char *text,
                      uint32_t timeout_s, uint64_t number)
{
    station_line_clear(st, line);
    if (text == NULL || text[0] == '\0')
        return;
    line->text = rf_strdup(text);
    if (timeout_s != 0)
        line->timer =
            rf_timer_start(st->conf.timers, (uint64_t)timeout_s * 1000, on_timeout, st, number);
}

static void tell_prompt(struct rf_station *st, const struct station_call *call, const char *text)
{
    station_tell(st, &(struct rf_station_event){.kind = RF_STATION_PROMPT,
                                                .ref = call != NULL ? call->ref : 0,
                                                .nth = call != NULL ? call->nth : 0,
                                                .line = call != NULL ? call->line : 0,
                                                .text = text});
}

/* ---- notes for the whole phone: the one with the highest priority is seen ---- */

static struct station_line *note_shown(struct rf_station *st)
{
    struct station_line *best = NULL;
    for (size_t i = 0; i < STATION_NOTES; i++) {
        struct station_line *n = &st->notes[i];
        if (n->text != NULL && (best == NULL || n->priority > best->priority))
            best = n;
    }
    return best;
}

static void tell_note(struct rf_station *st)
{
    char text[RF_STATION_TEXT_MAX + 1] = "";
    const struct station_line *note = note_shown(st);
    if (note != NULL)
        rf_slice_to_str(rf_slice_str(note->text), text, sizeof text);
    station_tell(st, &(struct rf_station_event){.kind = RF_STATION_NOTIFY, .text = text});
}

/* The place of this priority, a free one, or the one that matters least. */
static struct station_line *note_place(struct rf_station *st, uint32_t priority)
{
    struct station_line *place = NULL;
    for (size_t i = 0; i < STATION_NOTES; i++)
        if (st->notes[i].text != NULL && st->notes[i].priority == priority)
            return &st->notes[i];
    for (size_t i = 0; i < STATION_NOTES; i++) {
        struct station_line *n = &st->notes[i];
        if (n->text == NULL)
            return n;
        if (place == NULL || n->priority < place->priority)
            place = n;
    }
    return place;
}

static void note_set(struct rf_station *st, struct rf_slice bytes, uint32_t priority,
                     uint32_t timeout_s)
{
    char text[RF_STATION_TEXT_MAX + 1];
    struct station_line *note = note_place(st, priority);
    station_text(bytes, station_is_utf8(st), text, sizeof text);
    note->priority = priority;
    station_line_set(st, note, text, timeout_s, TIMER_NOTE | (uint64_t)(note - st->notes));
    tell_note(st);
}

static void note_clear(struct rf_station *st, uint32_t priority)
{
    for (size_t i = 0; i < STATION_NOTES; i++)
        if (st->notes[i].priority == priority)
            station_line_clear(st, &st->notes[i]);
    tell_note(st);
}

static void on_timeout(void *owner, uint64_t number)
{
    struct rf_station *st = owner;
    uint32_t which = (uint32_t)number;
    struct station_call *call = NULL;
    if ((number & TIMER_NOTE) != 0) {
        st->notes[which].timer = 0;
        station_line_clear(st, &st->notes[which]);
        tell_note(st);
        return;
    }
    if ((number & TIMER_CALL) != 0 && (call = station_call_nth(st, which)) == NULL)
        return;
    struct station_line *line = call != NULL ? &call->prompt : &st->prompt;
    line->timer = 0;
    station_line_clear(st, line);
    tell_prompt(st, call, "");
}

void station_on_notify(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_display_notify *m = &msg->display_notify;
    bool has_priority =
        msg->id == RF_SCCP_DISPLAY_PRI_NOTIFY || msg->id == RF_SCCP_DISPLAY_PRI_NOTIFY_V2;
    note_set(st, m->text, has_priority ? m->priority : 0, m->timeout_s);
}

void station_on_display_text(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    note_set(st, msg->display_text.text, 0, 0);
}

void station_on_clear_notify(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    (void)msg;
    note_clear(st, 0);
}

void station_on_clear_pri_notify(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    note_clear(st, msg->clear_pri_notify.priority);
}

/* ---- the status line of a call, or of the phone ---- */

static void prompt_set(struct rf_station *st, uint32_t ref, const char *text, uint32_t timeout_s)
{
    struct station_call *call = station_call_ref(st, ref);
    uint64_t number = call != NULL ? TIMER_CALL | call->nth : TIMER_PROMPT;
    if (ref != 0 && call == NULL && station_is_dead(st, ref))
        return; /* late */
    station_line_set(st, call != NULL ? &call->prompt : &st->prompt, text, timeout_s, number);
    tell_prompt(st, call, text);
}

void station_on_prompt(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_display_prompt *m = &msg->display_prompt;
    char text[RF_STATION_TEXT_MAX + 1];
    prompt_set(st, m->call_reference, station_text(m->text, station_is_utf8(st), text, sizeof text),
               m->timeout_s);
}

void station_on_clear_prompt(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    prompt_set(st, msg->clear_prompt.call_reference, "", 0);
}

/* ---- tones and the ringer ---- */

/* doc: docs/wire/sccp.md, "Keys": keys of the far end come as tones */
static char dtmf_of(uint32_t tone)
{
    static const char tones[] = "\0"
                                "1234567890\0\0\0*#ABCD";
    return tone < sizeof tones - 1 ? tones[tone] : '\0';
}

static uint32_t nth_of(const struct rf_station *st, uint32_t ref)
{
    const struct station_call *call = station_call_ref(st, ref);
    return call != NULL ? call->nth : 0;
}

void station_on_start_tone(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_start_tone *m = &msg->start_tone;
    struct rf_station_event event = {.kind = RF_STATION_TONE,
                                     .tone = (enum rf_sccp_tone)m->tone,
                                     .ref = m->call_reference,
                                     .nth = nth_of(st, m->call_reference)};
    event.digit = dtmf_of(m->tone);
    if (event.digit != '\0')
        event.kind = RF_STATION_DTMF;
    station_tell(st, &event);
}

void station_on_stop_tone(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    uint32_t ref = msg->stop_tone.call_reference;
    station_tell(st, &(struct rf_station_event){.kind = RF_STATION_TONE,
                                                .tone = RF_SCCP_TONE_SILENCE,
                                                .ref = ref,
                                                .nth = nth_of(st, ref)});
}

void station_on_ringer(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_set_ringer *m = &msg->set_ringer;
    st->is_ringing = m->mode != RF_SCCP_RING_OFF;
    station_tell(st, &(struct rf_station_event){
                         .kind = RF_STATION_RINGER,
                         .is_on = st->is_ringing,
                         .mode = rf_sccp_name_or_unknown(RF_SCCP_NAMES_RING_MODE, m->mode),
                         .ref = m->call_reference,
                         .nth = nth_of(st, m->call_reference)});
}

/* ---- lamps, speaker, features, lists ---- */

/* NULL: more lamps than a phone has. */
static struct station_lamp *lamp_place(struct rf_station *st, uint32_t stimulus, uint32_t instance)
{
    for (size_t i = 0; i < st->n_lamps; i++)
        if (st->lamps[i].stimulus == stimulus && st->lamps[i].instance == instance)
            return &st->lamps[i];
    if (st->n_lamps == STATION_LAMPS)
        return NULL;
    st->lamps[st->n_lamps] =
        (struct station_lamp){.stimulus = stimulus, .instance = instance, .mode = RF_SCCP_LAMP_OFF};
    return &st->lamps[st->n_lamps++];
}

void station_on_lamp(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_set_lamp *m = &msg->set_lamp;
    struct station_lamp *lamp = lamp_place(st, m->stimulus, m->instance);
    if (lamp == NULL || lamp->mode == m->mode)
        return;
    lamp->mode = m->mode;
    station_tell(st, &(struct rf_station_event){
                         .kind = RF_STATION_LAMP,
                         .word = rf_sccp_name_or_unknown(RF_SCCP_NAMES_STIMULUS, m->stimulus),
                         .instance = m->instance,
                         .mode = rf_sccp_name_or_unknown(RF_SCCP_NAMES_LAMP_MODE, m->mode)});
}

void station_on_speaker(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    bool is_on = msg->set_speaker_mode.mode == RF_SCCP_MODE_ON;
    if (is_on == st->has_speaker)
        return;
    st->has_speaker = is_on;
    station_tell(st, &(struct rf_station_event){.kind = RF_STATION_SPEAKER, .is_on = is_on});
}

void station_on_microphone(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_tell(st,
                 &(struct rf_station_event){.kind = RF_STATION_MICROPHONE,
                                            .is_on = msg->set_micro_mode.mode == RF_SCCP_MODE_ON});
}

void station_on_dialled(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_dialed_number *m = &msg->dialed_number;
    char number[STATION_PARTY];
    station_tell(st,
                 &(struct rf_station_event){
                     .kind = RF_STATION_DIALLED,
                     .number = station_text(m->number, station_is_utf8(st), number, sizeof number),
                     .ref = m->call_reference,
                     .nth = nth_of(st, m->call_reference),
                     .line = m->line_instance});
}

void station_on_feature(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_feature_stat *m = &msg->feature_stat;
    char label[STATION_PARTY];
    station_tell(st, &(struct rf_station_event){
                         .kind = RF_STATION_FEATURE,
                         .word = rf_sccp_name_or_unknown(RF_SCCP_NAMES_STIMULUS, m->feature_id),
                         .label = station_text(m->label, station_is_utf8(st), label, sizeof label),
                         .instance = m->index,
                         .status = m->status});
}

void station_on_history(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    static const char *const words[] = {"ignore", "placed", "received", "missed"};
    const struct rf_sccp_call_history_info *m = &msg->call_history_info;
    station_tell(st, &(struct rf_station_event){.kind = RF_STATION_HISTORY,
                                                .word = m->disposition < 4 ? words[m->disposition]
                                                                           : "unknown",
                                                .ref = m->call_reference,
                                                .nth = nth_of(st, m->call_reference)});
}

/* XML of a server, such as the list of a conference: shown as it is. */
void station_on_data(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    const struct rf_sccp_user_data *m = &msg->user_data;
    char text[RF_SCCP_DATA_MAX + 1];
    station_tell(st, &(struct rf_station_event){
                         .kind = RF_STATION_DATA,
                         .ref = m->call_reference,
                         .nth = nth_of(st, m->call_reference),
                         .instance = m->application_id,
                         .text = station_text(m->data, station_is_utf8(st), text, sizeof text)});
}

void station_screen_forget(struct rf_station *st)
{
    station_line_clear(st, &st->prompt);
    for (size_t i = 0; i < STATION_NOTES; i++)
        station_line_clear(st, &st->notes[i]);
    st->n_lamps = 0;
    st->is_ringing = st->has_speaker = false;
}

/* ---- what there is to see ---- */

static bool is_lit(const struct rf_station *st, uint32_t stimulus)
{
    for (size_t i = 0; i < st->n_lamps; i++)
        if (st->lamps[i].stimulus == stimulus && st->lamps[i].mode != RF_SCCP_LAMP_OFF)
            return true;
    return false;
}

void rf_station_screen(const struct rf_station *st, struct rf_station_screen *out)
{
    const struct station_line *note = note_shown((struct rf_station *)(uintptr_t)st);
    *out = (struct rf_station_screen){.prompt = station_line_text(&st->prompt),
                                      .notify = note != NULL ? note->text : "",
                                      .is_ringing = st->is_ringing,
                                      .has_speaker = st->has_speaker,
                                      .has_message = is_lit(st, RF_SCCP_STIM_VOICE_MAIL),
                                      .n_lines = st->n_lines};
    station_offer_text(st, &st->idle_offer, out->keys, sizeof out->keys);
    for (uint32_t i = 0; i < st->n_lines; i++)
        out->lines[i] = (struct rf_station_line_view){
            .line = i + 1, .number = st->lines[i].number, .forward = st->lines[i].forward};
}
