/* SPDX-License-Identifier: Apache-2.0 */
/* Tones, ringer, lamps, texts, call state and parties.
 * doc: docs/wire/sccp.md, "Display" */
#include "wire/sccp/sccp_int.h"

static void walk_start_tone(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_start_tone *t = &m->start_tone;
    sw_u32(w, &t->tone);
    sw_u32(w, &t->direction);
    sw_u32(w, &t->line_instance);
    sw_u32(w, &t->call_reference);
}

/* Servers leave the tone out at versions that have it; that means all tones. */
static void walk_stop_tone(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_stop_tone *t = &m->stop_tone;
    sw_u32(w, &t->line_instance);
    sw_u32(w, &t->call_reference);
    if (w->version >= 11)
        sw_u32(w, &t->tone);
}

static void walk_set_ringer(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_set_ringer *r = &m->set_ringer;
    sw_u32(w, &r->mode);
    sw_u32(w, &r->duration);
    sw_u32(w, &r->line_instance);
    sw_u32(w, &r->call_reference);
}

static void walk_set_lamp(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_set_lamp *l = &m->set_lamp;
    sw_u32(w, &l->stimulus);
    sw_u32(w, &l->instance);
    sw_u32(w, &l->mode);
}

static void walk_set_speaker_mode(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->set_speaker_mode.mode);
}

static void walk_set_micro_mode(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->set_micro_mode.mode);
}

static void walk_display_text(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_text(w, &m->display_text.text, 32);
}

static void walk_display_prompt(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_display_prompt *d = &m->display_prompt;
    sw_u32(w, &d->timeout_s);
    sw_text(w, &d->text, 32);
    sw_u32(w, &d->line_instance);
    sw_u32(w, &d->call_reference);
}

static void walk_display_prompt_v2(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_display_prompt *d = &m->display_prompt;
    sw_u32(w, &d->timeout_s);
    sw_u32(w, &d->line_instance);
    sw_u32(w, &d->call_reference);
    sw_z(w, &d->text, 96);
}

static void walk_clear_prompt(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->clear_prompt.line_instance);
    sw_u32(w, &m->clear_prompt.call_reference);
}

static void walk_display_notify(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->display_notify.timeout_s);
    sw_text(w, &m->display_notify.text, 32);
}

static void walk_display_notify_v2(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->display_notify.timeout_s);
    sw_z(w, &m->display_notify.text, 96);
}

static void walk_display_pri_notify(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->display_notify.timeout_s);
    sw_u32(w, &m->display_notify.priority);
    sw_text(w, &m->display_notify.text, 32);
}

static void walk_display_pri_notify_v2(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->display_notify.timeout_s);
    sw_u32(w, &m->display_notify.priority);
    sw_z(w, &m->display_notify.text, 96);
}

static void walk_clear_pri_notify(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->clear_pri_notify.priority);
}

static void walk_activate_call_plane(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->activate_call_plane.line_instance);
}

static void walk_back_space(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->back_space.line_instance);
    sw_u32(w, &m->back_space.call_reference);
}

static void walk_call_state(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_call_state *c = &m->call_state;
    sw_u32(w, &c->state);
    sw_u32(w, &c->line_instance);
    sw_u32(w, &c->call_reference);
    sw_u32(w, &c->privacy);
    sw_u32(w, &c->precedence_level);
    sw_u32(w, &c->precedence_domain);
}

static void walk_call_info(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_call_info *c = &m->call_info;
    sw_text(w, &c->calling_party_name, 40);
    sw_text(w, &c->calling_party, 24);
    sw_text(w, &c->called_party_name, 40);
    sw_text(w, &c->called_party, 24);
    sw_u32(w, &c->line_instance);
    sw_u32(w, &c->call_reference);
    sw_u32(w, &c->call_type);
    sw_text(w, &c->original_called_party_name, 40);
    sw_text(w, &c->original_called_party, 24);
    sw_text(w, &c->last_redirecting_party_name, 40);
    sw_text(w, &c->last_redirecting_party, 24);
    sw_u32(w, &c->original_cdpn_redirect_reason);
    sw_u32(w, &c->last_redirecting_reason);
    sw_text(w, &c->cgpn_voice_mailbox, 24);
    sw_text(w, &c->cdpn_voice_mailbox, 24);
    sw_text(w, &c->original_cdpn_voice_mailbox, 24);
    sw_text(w, &c->last_redirecting_voice_mailbox, 24);
    sw_u32(w, &c->call_instance);
    sw_u32(w, &c->call_security_status);
    sw_u32(w, &c->party_pi_restriction_bits);
}

/* Reading below version 16: are there only twelve texts, with at most padding behind them? Padding
 * fills a body up to a multiple of four; empty texts may look like it, and are then taken for it.
 */
static bool is_short_call_info(const struct sccp_walk *w)
{
    struct sccp_walk try = *w;
    try.why = NULL;
    struct rf_slice text;
    for (int i = 0; i < 12; i++) {
        text = (struct rf_slice){0};
        sw_z(&try, &text, 120);
    }
    struct rf_slice rest = rf_rd_rest(&try.rd);
    return rest.len == 0 || (w->body_len % 4 == 0 && rest.len <= 3 &&
                             rf_slice_eq(rest, rf_slice_of("\0\0", rest.len)));
}

/* Twelve texts up to version 15, fifteen from 16 on.
 * doc: docs/wire/sccp.md, "CallInfoV2" */
static void walk_call_info_v2(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_call_info *c = &m->call_info;
    sw_u32(w, &c->line_instance);
    sw_u32(w, &c->call_reference);
    sw_u32(w, &c->call_type);
    sw_u32(w, &c->original_cdpn_redirect_reason);
    sw_u32(w, &c->last_redirecting_reason);
    sw_u32(w, &c->call_instance);
    sw_u32(w, &c->call_security_status);
    sw_u32(w, &c->party_pi_restriction_bits);
    bool is_short = w->version < 16;
    if (!w->is_writing && is_short && !is_short_call_info(w)) {
        is_short = false;
        w->is_respelled = true;
    }
    sw_z(w, &c->calling_party, 24);
    if (!is_short)
        sw_z(w, &c->alternate_calling_party, 24);
    sw_z(w, &c->called_party, 24);
    sw_z(w, &c->original_called_party, 24);
    sw_z(w, &c->last_redirecting_party, 24);
    sw_z(w, &c->cgpn_voice_mailbox, 24);
    sw_z(w, &c->cdpn_voice_mailbox, 24);
    sw_z(w, &c->original_cdpn_voice_mailbox, 24);
    sw_z(w, &c->last_redirecting_voice_mailbox, 24);
    sw_z(w, &c->calling_party_name, 120);
    sw_z(w, &c->called_party_name, 120);
    sw_z(w, &c->original_called_party_name, 120);
    sw_z(w, &c->last_redirecting_party_name, 120);
    if (!is_short) {
        sw_z(w, &c->hunt_pilot_number, 24);
        sw_z(w, &c->hunt_pilot_name, 120);
    }
}

static void walk_dialed_number(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_dialed_number *d = &m->dialed_number;
    size_t number = w->version >= 18 ? 25 : 24;
    sw_need(w, number + 8);
    sw_text(w, &d->number, number);
    sw_u32(w, &d->line_instance);
    sw_u32(w, &d->call_reference);
}

static void walk_call_select_stat(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_call_select_stat *c = &m->call_select_stat;
    sw_u32(w, &c->state);
    sw_u32(w, &c->call_reference);
    sw_u32(w, &c->line_instance);
}

static void walk_call_history_info(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_call_history_info *c = &m->call_history_info;
    sw_u32(w, &c->disposition);
    sw_u32(w, &c->line_instance);
    sw_u32(w, &c->call_reference);
}

static const struct sccp_desc descs[] = {
    {RF_SCCP_START_TONE, 16, walk_start_tone},
    {RF_SCCP_STOP_TONE, 8, walk_stop_tone},
    {RF_SCCP_SET_RINGER, 16, walk_set_ringer},
    {RF_SCCP_SET_LAMP, 12, walk_set_lamp},
    {RF_SCCP_SET_HOOK_FLASH_DETECT, 0, NULL},
    {RF_SCCP_SET_SPEAKER_MODE, 4, walk_set_speaker_mode},
    {RF_SCCP_SET_MICRO_MODE, 4, walk_set_micro_mode},
    {RF_SCCP_DISPLAY_TEXT, 32, walk_display_text},
    {RF_SCCP_CLEAR_DISPLAY, 0, NULL},
    {RF_SCCP_DISPLAY_PROMPT_STATUS, 44, walk_display_prompt},
    {RF_SCCP_DISPLAY_PROMPT_STATUS_V2, 13, walk_display_prompt_v2},
    {RF_SCCP_CLEAR_PROMPT_STATUS, 8, walk_clear_prompt},
    {RF_SCCP_DISPLAY_NOTIFY, 36, walk_display_notify},
    {RF_SCCP_DISPLAY_NOTIFY_V2, 5, walk_display_notify_v2},
    {RF_SCCP_CLEAR_NOTIFY, 0, NULL},
    {RF_SCCP_DISPLAY_PRI_NOTIFY, 40, walk_display_pri_notify},
    {RF_SCCP_DISPLAY_PRI_NOTIFY_V2, 9, walk_display_pri_notify_v2},
    {RF_SCCP_CLEAR_PRI_NOTIFY, 4, walk_clear_pri_notify},
    {RF_SCCP_ACTIVATE_CALL_PLANE, 4, walk_activate_call_plane},
    {RF_SCCP_DEACTIVATE_CALL_PLANE, 0, NULL},
    {RF_SCCP_BACK_SPACE_REQ, 8, walk_back_space},
    {RF_SCCP_CALL_STATE, 24, walk_call_state},
    {RF_SCCP_CALL_INFO, 384, walk_call_info},
    {RF_SCCP_CALL_INFO_V2, 32, walk_call_info_v2},
    {RF_SCCP_DIALED_NUMBER, 32, walk_dialed_number},
    {RF_SCCP_CALL_SELECT_STAT, 12, walk_call_select_stat},
    {RF_SCCP_CALL_HISTORY_INFO, 12, walk_call_history_info},
};
const struct sccp_family sccp_family_display = SCCP_FAMILY(descs);
