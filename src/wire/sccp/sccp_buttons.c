/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: templates, soft keys, and the phone's events.
 * doc: docs/wire/sccp.md, "Keys" */
#include "wire/sccp/sccp_int.h"

/* offset, count, total in front of a list; count is cut to entries of `size` bytes. */
static uint32_t walk_list(struct sccp_walk *w, uint32_t *offset, uint32_t *count, uint32_t *total,
                          size_t size, uint32_t max)
{
    sw_u32(w, offset);
    sw_u32(w, count);
    uint32_t all = *total;
    if (w->is_writing && all == 0)
        all = *offset + *count;
    sw_u32(w, &all);
    if (!w->is_writing)
        *total = all;
    return sw_count(w, count, size, max);
}

/* Slots behind the list are sent as undefined ones, as servers do. */
static void walk_button_template(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_button_template *t = &m->button_template;
    uint32_t n = walk_list(w, &t->offset, &t->count, &t->total, 2, RF_SCCP_BUTTON_MAX);
    for (uint32_t i = 0; i < n; i++) {
        sw_u8(w, &t->buttons[i].instance);
        sw_u8(w, &t->buttons[i].type);
    }
    for (uint32_t i = n; w->is_writing && i < RF_SCCP_BUTTON_SLOTS; i++) {
        uint8_t none = 0;
        uint8_t undefined = RF_SCCP_STIM_UNDEFINED;
        sw_u8(w, &none);
        sw_u8(w, &undefined);
    }
}

static void walk_softkey_template(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_softkey_template *t = &m->softkey_template;
    uint32_t n = walk_list(w, &t->offset, &t->count, &t->total, 20, RF_SCCP_SOFTKEY_MAX);
    for (uint32_t i = 0; i < n; i++) {
        sw_text(w, &t->keys[i].label, 16);
        sw_u32(w, &t->keys[i].event);
    }
    if (w->is_writing && n == 0)
        sw_pad(w, 20);
}

static void walk_softkey_set(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_softkey_set_res *t = &m->softkey_set;
    uint32_t n = walk_list(w, &t->offset, &t->count, &t->total, 48, RF_SCCP_SOFTKEY_SET_MAX);
    for (uint32_t i = 0; i < n; i++) {
        struct rf_sccp_softkey_set *set = &t->sets[i];
        sw_raw(w, set->template_index, RF_SCCP_KEYS_PER_SET);
        for (size_t k = 0; k < RF_SCCP_KEYS_PER_SET; k++)
            sw_u16(w, &set->info_index[k]);
    }
    if (w->is_writing && n == 0)
        sw_pad(w, 48);
}

static void walk_select_softkeys(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_select_softkeys *s = &m->select_softkeys;
    sw_u32(w, &s->line_instance);
    sw_u32(w, &s->call_reference);
    sw_u32(w, &s->set_index);
    sw_u32(w, &s->valid_key_mask);
}

static void walk_keypad_button(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_keypad_button *k = &m->keypad_button;
    sw_u32(w, &k->button);
    sw_u32(w, &k->line_instance);
    sw_u32(w, &k->call_reference);
}

/* Reading a number of 25 bytes: the line stands at 28 from some phones, packed at 25 from others.
 */
static void read_enbloc_line(struct sccp_walk *w, struct rf_sccp_enbloc_call *e)
{
    struct sccp_walk aligned = *w;
    sw_pad(&aligned, 3);
    sw_u32(&aligned, &e->line_instance);
    e->is_aligned = e->line_instance != 0;
    if (e->is_aligned)
        return;
    sw_u32(w, &e->line_instance);
    if (e->line_instance > 0xffffff) /* written aligned, which takes more room than there was */
        w->is_respelled = true;
}

/* doc: docs/wire/sccp.md, "EnblocCall": by header version, and by length where that is silent or
 * cannot be true. */
static void walk_enbloc_call(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_enbloc_call *e = &m->enbloc_call;
    bool is_wide = w->version >= 18;
    if (!w->is_writing) {
        bool by_length = w->body_len >= 29;
        w->is_respelled = w->version == 0 ? by_length : is_wide && !by_length;
        is_wide = by_length && (is_wide || w->version == 0);
    }
    sw_text(w, &e->called_party, is_wide ? 25 : 24);
    if (!is_wide) {
        sw_u32(w, &e->line_instance);
    } else if (!w->is_writing) {
        read_enbloc_line(w, e);
    } else {
        /* a line this large would read as an aligned one */
        sw_pad(w, e->is_aligned || e->line_instance > 0xffffff ? 3 : 0);
        sw_u32(w, &e->line_instance);
    }
}

static void walk_stimulus(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_stimulus *s = &m->stimulus;
    sw_u32(w, &s->stimulus);
    sw_u32(w, &s->instance);
    sw_u32(w, &s->call_reference);
    sw_u32(w, &s->status);
}

static void walk_line_call(struct sccp_walk *w, struct rf_sccp_line_call *l)
{
    sw_u32(w, &l->line_instance);
    sw_u32(w, &l->call_reference);
}

static void walk_off_hook(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    walk_line_call(w, &m->off_hook);
}

static void walk_on_hook(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    walk_line_call(w, &m->on_hook);
}

static void walk_hook_flash(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    walk_line_call(w, &m->hook_flash);
}

static void walk_off_hook_cgpn(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_off_hook_cgpn *o = &m->off_hook_cgpn;
    size_t number = w->version >= 18 ? 25 : 24;
    sw_need(w, number * 2 + 4);
    sw_text(w, &o->calling_party, number);
    sw_text(w, &o->voice_mailbox, number);
    sw_u32(w, &o->line_instance);
}

static void walk_softkey_event(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    struct rf_sccp_softkey_event *s = &m->softkey_event;
    sw_u32(w, &s->event);
    sw_u32(w, &s->line_instance);
    sw_u32(w, &s->call_reference);
}

static void walk_headset_status(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->headset_status.mode);
}

static void walk_media_path_event(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->media_path_event.path);
    sw_u32(w, &m->media_path_event.event);
}

static void walk_media_path_capability(struct sccp_walk *w, struct rf_sccp_msg *m)
{
    sw_u32(w, &m->media_path_capability.path);
    sw_u32(w, &m->media_path_capability.capability);
}

static const struct sccp_desc descs[] = {
    {RF_SCCP_BUTTON_TEMPLATE_REQ, 0, NULL},
    {RF_SCCP_BUTTON_TEMPLATE, 12, walk_button_template},
    {RF_SCCP_SOFTKEY_TEMPLATE_REQ, 0, NULL},
    {RF_SCCP_SOFTKEY_TEMPLATE_RES, 12, walk_softkey_template},
    {RF_SCCP_SOFTKEY_SET_REQ, 0, NULL},
    {RF_SCCP_SOFTKEY_SET_RES, 12, walk_softkey_set},
    {RF_SCCP_SELECT_SOFTKEYS, 16, walk_select_softkeys},
    {RF_SCCP_KEYPAD_BUTTON, 4, walk_keypad_button},
    {RF_SCCP_ENBLOC_CALL, 24, walk_enbloc_call},
    {RF_SCCP_STIMULUS, 8, walk_stimulus},
    {RF_SCCP_OFF_HOOK, 0, walk_off_hook},
    {RF_SCCP_ON_HOOK, 0, walk_on_hook},
    {RF_SCCP_HOOK_FLASH, 8, walk_hook_flash},
    {RF_SCCP_OFF_HOOK_WITH_CALLING_PARTY_NUMBER, 0, walk_off_hook_cgpn},
    {RF_SCCP_SOFTKEY_EVENT, 12, walk_softkey_event},
    {RF_SCCP_HEADSET_STATUS, 4, walk_headset_status},
    {RF_SCCP_MEDIA_PATH_EVENT, 8, walk_media_path_event},
    {RF_SCCP_MEDIA_PATH_CAPABILITY, 8, walk_media_path_capability},
};
const struct sccp_family sccp_family_buttons = SCCP_FAMILY(descs);
