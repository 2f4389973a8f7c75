/* SPDX-License-Identifier: Apache-2.0 */
/* What the phone's user does, and what the phone says about media, as inputs to call control. */
#include "base/faults.h"
#include "base/text.h"
#include "service/sccp/sccp_int.h"
#include "wire/sccp/sccp_names.h"

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

static void on_softkey(struct session *s, const struct rf_sccp_softkey_event *k)
{
    struct rf_call_control *calls = s->svc->calls;
    uint32_t ref = k->call_reference;
    switch (k->event) {
    case RF_SCCP_KEY_NEW_CALL:
        s->wants_speaker = s->leg.ref == 0;
        rf_call_in_new_call(calls, s->dev, k->line_instance);
        break;
    case RF_SCCP_KEY_ANSWER:
        s->wants_speaker = true;
        rf_call_in_answer(calls, s->dev, ref);
        break;
    case RF_SCCP_KEY_END_CALL:
        rf_call_in_hang_up(calls, s->dev, ref);
        break;
    case RF_SCCP_KEY_BACK_SPACE:
        if (s->leg.ref != 0)
            sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_BACK_SPACE_REQ,
                                               .back_space = {.line_instance = s->leg.line,
                                                              .call_reference = s->leg.ref}});
        rf_call_in_back_space(calls, s->dev, ref);
        break;
    default:
        rf_debug(RF_CAT_SCCP, "soft key ignored key=%s dev=%s",
                 rf_sccp_name_or_unknown(RF_SCCP_NAMES_SOFTKEY_EVENT, k->event),
                 sccp_session_dev(s));
        break;
    }
}

static void on_stimulus(struct session *s, const struct rf_sccp_stimulus *st)
{
    if (st->stimulus == RF_SCCP_STIM_LINE) {
        s->wants_speaker = true;
        rf_call_in_off_hook(s->svc->calls, s->dev, st->instance, st->call_reference);
    }
}

/* doc: docs/wire/sccp.md, "Media": by passThroughPartyId first, by callReference second; older
 * phones leave the reference out */
static bool is_of_leg(const struct session *s, uint32_t party_id, uint32_t ref)
{
    if (s->leg.ref == 0)
        return false;
    return party_id == sccp_party_id(s->leg.ref) || (ref != 0 && ref == s->leg.ref);
}

/* Media goes to the phone itself and to nobody a phone names. doc: docs/wire/sccp.md, "Bad input"
 */
static bool is_own_address(const struct session *s, const struct rf_call_addr *a)
{
    if (s->svc->conf.allow_foreign_media || !s->has_ip || rf_fault_skips("sccp.media-address"))
        return true;
    return a->is_ip6 == s->ip.is_ip6 &&
           rf_slice_eq(rf_slice_of(a->ip, sizeof a->ip), rf_slice_of(s->ip.ip, sizeof a->ip));
}

static void on_receive_open(struct session *s, const struct rf_sccp_open_receive_channel_ack *ack)
{
    if (!is_of_leg(s, ack->pass_through_party_id, ack->call_reference)) {
        /* its call is gone: what it opened must be closed again. doc: docs/wire/sccp.md, "Bad
         * input" */
        uint32_t ref = ack->call_reference != 0 ? ack->call_reference
                                                : sccp_party_id(ack->pass_through_party_id);
        if (ack->status == RF_SCCP_MEDIA_OK)
            sccp_send_stop_media(s, RF_SCCP_CLOSE_RECEIVE_CHANNEL, ref);
        return;
    }
    struct rf_call_addr addr = {.is_ip6 = ack->addr.type == 1};
    memcpy(addr.ip, ack->addr.ip, sizeof addr.ip);
    bool ok = ack->status == RF_SCCP_MEDIA_OK && ack->addr.type <= 1 && ack->port > 0 &&
              ack->port <= UINT16_MAX;
    if (ok) {
        addr.port = (uint16_t)ack->port;
        ok = rf_call_addr_usable(&addr) && is_own_address(s, &addr);
    }
    if (!ok)
        rf_warn(RF_CAT_SCCP, "receiver not opened status=%s port=%u dev=%s call-ref=%u",
                rf_sccp_name_or_unknown(RF_SCCP_NAMES_MEDIA_STATUS, ack->status), ack->port,
                sccp_session_dev(s), s->leg.ref);
    rf_call_in_receive_open(s->svc->calls, s->dev, s->leg.ref, ok ? &addr : NULL);
}

static void on_transmit_started(struct session *s,
                                const struct rf_sccp_start_media_transmission_ack *ack)
{
    if (ack->status != RF_SCCP_MEDIA_OK &&
        is_of_leg(s, ack->pass_through_party_id, ack->call_reference))
        rf_call_in_media_failed(s->svc->calls, s->dev, s->leg.ref);
}

static void on_transmit_failed(struct session *s,
                               const struct rf_sccp_media_transmission_failure *f)
{
    if (is_of_leg(s, f->pass_through_party_id, f->call_reference))
        rf_call_in_media_failed(s->svc->calls, s->dev, s->leg.ref);
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
        rf_call_in_hang_up(calls, s->dev, msg->on_hook.call_reference);
    } else if (msg->id == RF_SCCP_KEYPAD_BUTTON) {
        on_keypad(s, &msg->keypad_button);
    } else if (msg->id == RF_SCCP_ENBLOC_CALL) {
        s->wants_speaker = s->leg.ref == 0;
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
