/* SPDX-License-Identifier: Apache-2.0 */
/* What the phone's user does, and what the phone says about media, as inputs to call control. */
#include "base/faults.h"
#include "base/text.h"
#include "service/sccp/sccp_int.h"
#include "wire/sccp/sccp_names.h"

#include <arpa/inet.h>
#include <string.h>

/* doc: docs/wire/sccp.md, "Keys"; anything else is ignored */
static char digit_of(uint32_t button)
{
    static const char digits[] = "0123456789ABCD*#+";
    return button < sizeof digits - 1 ? digits[button] : '\0';
}

static void on_keypad(struct session *s, const struct rf_sccp_keypad_button *k)
{
    char digit = digit_of(k->button);
    if (digit != '\0')
        rf_call_in_digit(s->svc->calls, s->dev, k->call_reference, digit);
}

static void on_back_space(struct session *s, uint32_t line, uint32_t ref)
{
    const struct session_leg *leg = sccp_leg(s, ref);
    if (leg != NULL)
        sccp_send(s, &(struct rf_sccp_msg){
                         .id = RF_SCCP_BACK_SPACE_REQ,
                         .back_space = {.line_instance = leg->line, .call_reference = leg->ref}});
    rf_call_in_back_space(s->svc->calls, s->dev, ref);
}

static void on_new_call(struct session *s, uint32_t line, uint32_t ref)
{
    rf_call_in_new_call(s->svc->calls, s->dev, line);
}

static void on_answer(struct session *s, uint32_t line, uint32_t ref)
{
    rf_call_in_answer(s->svc->calls, s->dev, ref);
}

static void on_end_call(struct session *s, uint32_t line, uint32_t ref)
{
    rf_call_in_hang_up(s->svc->calls, s->dev, ref);
}

static void on_hold(struct session *s, uint32_t line, uint32_t ref)
{
    rf_call_in_hold(s->svc->calls, s->dev, ref);
}

static void on_resume(struct session *s, uint32_t line, uint32_t ref)
{
    rf_call_in_resume(s->svc->calls, s->dev, line, ref);
}

static void on_transfer(struct session *s, uint32_t line, uint32_t ref)
{
    rf_call_in_transfer(s->svc->calls, s->dev, ref);
}

static void on_conference(struct session *s, uint32_t line, uint32_t ref)
{
    rf_call_in_conference(s->svc->calls, s->dev, ref);
}

static void on_meet_me(struct session *s, uint32_t line, uint32_t ref)
{
    rf_call_in_meet_me(s->svc->calls, s->dev, line);
}

static void on_barge(struct session *s, uint32_t line, uint32_t ref)
{
    rf_call_in_barge(s->svc->calls, s->dev, line, ref);
}

static void on_private(struct session *s, uint32_t line, uint32_t ref)
{
    rf_call_in_private(s->svc->calls, s->dev);
}

static void on_forward_all(struct session *s, uint32_t line, uint32_t ref)
{
    rf_call_in_forward_all(s->svc->calls, s->dev, line);
}

static void on_redial(struct session *s, uint32_t line, uint32_t ref)
{
    rf_call_in_redial(s->svc->calls, s->dev, line);
}

static void on_line_key(struct session *s, uint32_t line, uint32_t ref)
{
    rf_call_in_off_hook(s->svc->calls, s->dev, line, ref);
}

typedef void (*on_key)(struct session *s, uint32_t line, uint32_t ref);

/* doc: docs/wire/sccp.md, "Keys" */
static const struct {
    uint32_t softkey; /* 0: none */
    uint32_t stimulus;
    on_key run;
    bool talks; /* without the handset: the speaker comes on */
} keys[] = {
    {RF_SCCP_KEY_NEW_CALL, 0, on_new_call, true},
    {RF_SCCP_KEY_ANSWER, 0, on_answer, true},
    {RF_SCCP_KEY_END_CALL, 0, on_end_call},
    {RF_SCCP_KEY_BACK_SPACE, 0, on_back_space},
    {RF_SCCP_KEY_HOLD, RF_SCCP_STIM_HOLD, on_hold},
    {RF_SCCP_KEY_RESUME, 0, on_resume, true},
    {RF_SCCP_KEY_TRANSFER, RF_SCCP_STIM_TRANSFER, on_transfer, true},
    {RF_SCCP_KEY_CONFRN, RF_SCCP_STIM_CONFERENCE, on_conference, true},
    {RF_SCCP_KEY_MEET_ME, RF_SCCP_STIM_MEET_ME, on_meet_me, true},
    {RF_SCCP_KEY_BARGE, 0, on_barge, true},
    {RF_SCCP_KEY_CBARGE, 0, on_barge, true},
    {RF_SCCP_KEY_PRIVATE, RF_SCCP_STIM_FEATURE, on_private},
    {RF_SCCP_KEY_CFWD_ALL, RF_SCCP_STIM_FORWARD_ALL, on_forward_all, true},
    {RF_SCCP_KEY_REDIAL, RF_SCCP_STIM_REDIAL, on_redial, true},
    {0, RF_SCCP_STIM_LINE, on_line_key, true},
};
#define KEYS_N (sizeof keys / sizeof *keys)

static void press(struct session *s, size_t key, uint32_t line, uint32_t ref)
{
    s->wants_speaker |= keys[key].talks;
    keys[key].run(s, line, ref);
}

static void on_softkey(struct session *s, const struct rf_sccp_softkey_event *k)
{
    for (size_t i = 0; i < KEYS_N; i++)
        if (keys[i].softkey != 0 && keys[i].softkey == k->event) {
            press(s, i, k->line_instance, k->call_reference);
            return;
        }
    rf_debug(RF_CAT_SCCP, "soft key ignored key=%s dev=%s",
             rf_sccp_name_or_unknown(RF_SCCP_NAMES_SOFTKEY_EVENT, k->event), sccp_session_dev(s));
}

static void on_stimulus(struct session *s, const struct rf_sccp_stimulus *st)
{
    for (size_t i = 0; i < KEYS_N; i++)
        if (keys[i].stimulus != 0 && keys[i].stimulus == st->stimulus) {
            press(s, i, st->instance, st->call_reference);
            return;
        }
}

/* doc: docs/wire/sccp.md, "Media": by passThroughPartyId first, by callReference second; older
 * phones leave the reference out, and some the id */
static struct session_leg *leg_of(struct session *s, uint32_t party_id, uint32_t ref)
{
    for (size_t i = 0; i < RF_CALL_LEGS_MAX; i++) {
        struct session_leg *l = &s->legs[i];
        if (l->ref != 0 && l->party != 0 &&
            (l->party == party_id || (party_id == 0 && l->ref == ref)))
            return l;
    }
    return NULL;
}

/* Media goes to the phone itself and to nobody a phone names. doc: docs/wire/sccp.md, "Bad input"
 */
static bool is_own_address(const struct session *s, const struct rf_call_addr *a)
{
    if (!s->has_ip || rf_fault_skips("sccp.media-address"))
        return true;
    return a->is_ip6 == s->ip.is_ip6 &&
           rf_slice_eq(rf_slice_of(a->ip, sizeof a->ip), rf_slice_of(s->ip.ip, sizeof a->ip));
}

static void tell_elsewhere(const struct session *s, const struct rf_call_addr *named, uint32_t ref)
{
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(named->is_ip6 ? AF_INET6 : AF_INET, named->ip, text, sizeof text);
    rf_warn(RF_CAT_SCCP, "receiver refused code=media-address named=%s link=%s dev=%s call-ref=%u",
            text, s->address, sccp_session_dev(s), ref);
}

static void on_receive_open(struct session *s, const struct rf_sccp_open_receive_channel_ack *ack)
{
    const struct session_leg *leg = leg_of(s, ack->pass_through_party_id, ack->call_reference);
    if (leg == NULL) {
        /* its stream is gone: what it opened must be closed again. Where the call has another
         * stream now, that was said before; a phone that goes by the reference alone would close
         * the new one. doc: docs/wire/sccp.md, "Bad input" */
        bool has_another = ack->call_reference != 0 && sccp_leg(s, ack->call_reference) != NULL;
        if (ack->status == RF_SCCP_MEDIA_OK && !has_another)
            sccp_send_stop_media(s, RF_SCCP_CLOSE_RECEIVE_CHANNEL, ack->call_reference,
                                 ack->pass_through_party_id);
        return;
    }
    struct rf_call_addr addr = {.is_ip6 = ack->addr.type == 1};
    memcpy(addr.ip, ack->addr.ip, sizeof addr.ip);
    bool ok = ack->status == RF_SCCP_MEDIA_OK && ack->addr.type <= 1 && ack->port > 0 &&
              ack->port <= UINT16_MAX;
    addr.port = (uint16_t)ack->port;
    ok = ok && rf_call_addr_usable(&addr);
    bool is_elsewhere = ok && !is_own_address(s, &addr);
    if (is_elsewhere)
        tell_elsewhere(s, &addr, leg->ref);
    else if (!ok)
        rf_warn(RF_CAT_SCCP, "receiver not opened status=%s port=%u dev=%s call-ref=%u",
                rf_sccp_name_or_unknown(RF_SCCP_NAMES_MEDIA_STATUS, ack->status), ack->port,
                sccp_session_dev(s), leg->ref);
    rf_call_in_receive_open(s->svc->calls, s->dev, leg->ref, ok && !is_elsewhere ? &addr : NULL);
}

static void on_transmit_started(struct session *s,
                                const struct rf_sccp_start_media_transmission_ack *ack)
{
    const struct session_leg *leg = leg_of(s, ack->pass_through_party_id, ack->call_reference);
    if (ack->status != RF_SCCP_MEDIA_OK && leg != NULL)
        rf_call_in_media_failed(s->svc->calls, s->dev, leg->ref);
}

static void on_transmit_failed(struct session *s,
                               const struct rf_sccp_media_transmission_failure *f)
{
    const struct session_leg *leg = leg_of(s, f->pass_through_party_id, f->call_reference);
    if (leg != NULL)
        rf_call_in_media_failed(s->svc->calls, s->dev, leg->ref);
}

static void on_statistics(struct session *s, const struct rf_sccp_connection_statistics_res *r)
{
    char quality[120];
    if (!sccp_may_tell(s->svc, &s->noise, NOISE_A_MINUTE))
        return;
    rf_info(RF_CAT_SCCP,
            "media statistics sent=%u received=%u lost=%u jitter-ms=%u quality=\"%s\" dev=%s "
            "call-ref=%u",
            r->packets_sent, r->packets_received, r->packets_lost, r->jitter_ms,
            rf_escape(r->data, quality, sizeof quality), sccp_session_dev(s), r->call_reference);
}

static void on_capabilities(struct session *s, const struct rf_sccp_audio_cap *caps, size_t n)
{
    uint32_t codecs = 0;
    for (size_t i = 0; i < n && i < RF_SCCP_AUDIO_CAP_MAX; i++)
        if (caps[i].payload == RF_SCCP_CODEC_G711_ULAW_64K)
            codecs |= RF_CALL_CODEC_PCMU;
        else if (caps[i].payload == RF_SCCP_CODEC_G711_ALAW_64K)
            codecs |= RF_CALL_CODEC_PCMA;
        else if (caps[i].payload == RF_SCCP_CODEC_G722_64K)
            codecs |= RF_CALL_CODEC_G722;
    rf_call_device_codecs(s->svc->calls, s->dev, codecs);
}

/* Hook switch, keys, digits. */
static bool on_user(struct session *s, const struct rf_sccp_msg *msg)
{
    struct rf_call_control *calls = s->svc->calls;
    if (msg->id == RF_SCCP_OFF_HOOK) {
        s->wants_speaker = false;
        rf_call_in_off_hook(calls, s->dev, msg->off_hook.line_instance,
                            msg->off_hook.call_reference);
    } else if (msg->id == RF_SCCP_ON_HOOK) {
        rf_call_in_on_hook(calls, s->dev, msg->on_hook.call_reference);
    } else if (msg->id == RF_SCCP_KEYPAD_BUTTON) {
        on_keypad(s, &msg->keypad_button);
    } else if (msg->id == RF_SCCP_ENBLOC_CALL) {
        s->wants_speaker = sccp_leg(s, 0) == NULL;
        rf_call_in_number(calls, s->dev, msg->enbloc_call.line_instance,
                          msg->enbloc_call.called_party);
    } else if (msg->id == RF_SCCP_SOFTKEY_EVENT) {
        on_softkey(s, &msg->softkey_event);
    } else if (msg->id == RF_SCCP_STIMULUS) {
        on_stimulus(s, &msg->stimulus);
    } else {
        return false;
    }
    return true;
}

/* What the phone says about itself and its media. */
static bool on_report(struct session *s, const struct rf_sccp_msg *msg)
{
    if (msg->id == RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK)
        on_receive_open(s, &msg->open_receive_channel_ack);
    else if (msg->id == RF_SCCP_START_MEDIA_TRANSMISSION_ACK)
        on_transmit_started(s, &msg->start_media_transmission_ack);
    else if (msg->id == RF_SCCP_MEDIA_TRANSMISSION_FAILURE)
        on_transmit_failed(s, &msg->media_transmission_failure);
    else if (msg->id == RF_SCCP_REGISTER_AVAILABLE_LINES)
        rf_call_device_ready(s->svc->calls, s->dev);
    else if (msg->id == RF_SCCP_CONNECTION_STATISTICS_RES)
        on_statistics(s, &msg->connection_statistics_res);
    else if (msg->id == RF_SCCP_CAPABILITIES_RES)
        on_capabilities(s, msg->capabilities_res.caps, msg->capabilities_res.count);
    else if (msg->id == RF_SCCP_UPDATE_CAPABILITIES || msg->id == RF_SCCP_UPDATE_CAPABILITIES_V2 ||
             msg->id == RF_SCCP_UPDATE_CAPABILITIES_V3)
        on_capabilities(s, msg->update_capabilities.audio, msg->update_capabilities.audio_count);
    else
        return false;
    return true;
}

bool sccp_phone_event(struct session *s, const struct rf_sccp_msg *msg)
{
    return on_user(s, msg) || on_report(s, msg);
}
