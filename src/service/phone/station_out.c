/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that leave the phone. doc: docs/wire/sccp.md, "Registration", "Keys" */
#include "service/phone/station_int.h"

#include "base/metrics.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define STREAMS     5
#define PACKET_MS   20
#define ALARM_PARM1 2304 /* as in published traces */

static void too_slow(struct station_peer *peer)
{
    struct rf_why why = {0};
    rf_why_set(&why, RF_ERR_LIMIT, "output-full", "the server does not read what it is sent");
    station_peer_close(peer, &why);
}

void station_peer_send(struct station_peer *peer, const struct rf_sccp_msg *msg)
{
    uint8_t bytes[RF_SCCP_SEND_MAX];
    struct rf_station *st = peer->st;
    struct rf_wr wr = rf_wr_of(bytes, sizeof bytes);
    struct rf_why why = {0};
    struct rf_slice frame;
    unsigned version = peer == st->main ? st->version : 0;
    if (peer->link == NULL || peer->is_closing)
        return;
    if (rf_sccp_encode(msg, version, &wr, &why) != RF_OK || rf_wr_done(&wr, &frame) != RF_OK) {
        rf_error(RF_CAT_PHONE, "message not encoded: %s message=%s dev=%s", rf_why_text(&why),
                 rf_sccp_id_name(msg->id), st->device);
        return;
    }
    enum rf_err err = st->conf.net->write(peer->link, frame);
    if (err == RF_OK) {
        peer->out++;
        rf_count(SCCP_OUT);
        rf_debug(RF_CAT_PHONE, "sccp out message=%s bytes=%zu dev=%s", rf_sccp_id_name(msg->id),
                 frame.len, st->device);
    } else if (err == RF_ERR_LIMIT) {
        too_slow(peer);
    }
}

void station_send(struct rf_station *st, const struct rf_sccp_msg *msg)
{
    station_peer_send(st->main, msg);
}

void station_send_empty(struct rf_station *st, enum rf_sccp_id id)
{
    station_send(st, &(struct rf_sccp_msg){.id = id});
}

/* The four bytes of our own address, or zeros. */
static void own_ip4(const struct rf_station *st, uint8_t out[4])
{
    struct rf_address a;
    if (rf_address_parse(st->main->local, 0, &a, NULL) != RF_OK || !rf_address_ipv4(&a, out))
        memset(out, 0, 4);
}

/* doc: docs/wire/sccp.md, "Registration": 80 bytes; the load gives way to what there is to say */
void station_send_alarm(struct rf_station *st)
{
    char text[160]; /* the codec cuts it to its field */
    uint8_t ip4[4];
    bool is_long = strlen(st->alarm.text) > 20;
    snprintf(text, sizeof text, "%u: Name=%s%s%.20s Last=%.50s", (unsigned)st->alarm.number,
             st->device, is_long ? "" : " Load=", is_long ? "" : st->load, st->alarm.text);
    own_ip4(st, ip4);
    struct rf_rd rd = rf_rd_of(rf_slice_of(ip4, 4));
    uint32_t parm2 = 0;
    if (!rf_rd_u32le(&rd, &parm2))
        return;
    station_send(st, &(struct rf_sccp_msg){.id = RF_SCCP_ALARM,
                                           .alarm = {.severity = st->alarm.severity,
                                                     .text = rf_slice_str(text),
                                                     .parm1 = ALARM_PARM1,
                                                     .parm2 = parm2}});
}

bool station_is_utf8(const struct rf_station *st)
{
    return st->conf.version >= 15;
}

/* Feature bytes as phones of that age send them, without the bit of which it is guessed that it
 * asks for PortReq. doc: docs/wire/sccp.md, "Versions" */
static void fill_features(const struct rf_station *st, uint8_t out[RF_SCCP_FEATURES])
{
    out[0] = 0;
    out[1] = st->conf.version <= 3 ? 0x00 : station_is_utf8(st) ? 0x70 : 0x60;
    out[2] = st->conf.version <= 3 ? 0x00 : 0x85;
}

static void fill_mac(const struct rf_station *st, uint8_t out[12])
{
    size_t n = 0;
    if (rf_unhex(rf_slice_part(rf_slice_str(st->device), 3, SIZE_MAX), out, 6, &n) != RF_OK)
        memset(out, 0, 6);
}

static uint32_t active_streams(const struct rf_station *st)
{
    uint32_t n = 0;
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++)
        n += st->calls[i] != NULL && station_voice_runs(st->calls[i]);
    return n;
}

void station_send_register(struct rf_station *st)
{
    struct rf_sccp_msg msg = {.id = RF_SCCP_REGISTER,
                              .reg = {.device_name = rf_slice_str(st->device),
                                      .instance = 1,
                                      .device_type = st->conf.device_type,
                                      .max_streams = STREAMS,
                                      .active_streams = active_streams(st),
                                      .protocol_ver = (uint8_t)st->conf.version,
                                      .max_number_of_lines = RF_STATION_LINES_MAX,
                                      .firmware_load_name = rf_slice_str(st->load),
                                      .config_version_stamp = rf_slice_str(st->version_stamp)}};
    fill_features(st, msg.reg.features);
    fill_mac(st, msg.reg.mac);
    own_ip4(st, msg.reg.ip4);
    station_send(st, &msg);
}

/* doc: docs/wire/sccp.md, "Registration": may the phone come back? */
void station_send_token_req(struct station_peer *peer)
{
    const struct rf_station *st = peer->st;
    station_peer_send(peer, &(struct rf_sccp_msg){.id = RF_SCCP_REGISTER_TOKEN_REQ,
                                                  .register_token_req = {
                                                      .device_name = rf_slice_str(st->device),
                                                      .instance = 1,
                                                      .device_type = st->conf.device_type,
                                                  }});
}

void station_send_capabilities(struct rf_station *st)
{
    const struct rf_media_codecs *codecs = &st->conf.codecs;
    struct rf_sccp_msg msg = {.id = RF_SCCP_CAPABILITIES_RES,
                              .capabilities_res = {.count = (uint32_t)codecs->n}};
    for (size_t i = 0; i < codecs->n; i++)
        msg.capabilities_res.caps[i] = (struct rf_sccp_audio_cap){
            .payload = station_codec_number(codecs->best_first[i]), .max_frames = PACKET_MS};
    station_send(st, &msg);
}

void station_send_hook(struct rf_station *st, enum rf_sccp_id id, uint32_t line, uint32_t ref)
{
    struct rf_sccp_msg msg = {.id = id};
    struct rf_sccp_line_call at = {.line_instance = line, .call_reference = ref};
    if (id == RF_SCCP_OFF_HOOK)
        msg.off_hook = at;
    else
        msg.on_hook = at;
    station_send(st, &msg);
}

bool station_key_of(char digit, uint32_t *key)
{
    static const char keys[] = "0123456789ABCD*#";
    const char *at = digit != '\0' ? strchr(keys, digit) : NULL;
    *key = at != NULL ? (uint32_t)(at - keys) : 0;
    return at != NULL;
}

void station_send_digit(const struct station_call *call, char digit)
{
    uint32_t key;
    if (!station_key_of(digit, &key))
        return;
    station_send(call->st, &(struct rf_sccp_msg){.id = RF_SCCP_KEYPAD_BUTTON,
                                                 .keypad_button = {.button = key,
                                                                   .line_instance = call->line,
                                                                   .call_reference = call->ref}});
}

void station_send_enbloc(const struct station_call *call)
{
    uint32_t line = call->line != 0 ? call->line : 1;
    station_send(call->st,
                 &(struct rf_sccp_msg){.id = RF_SCCP_ENBLOC_CALL,
                                       .enbloc_call = {.called_party = rf_slice_str(call->digits),
                                                       .line_instance = line}});
}

void station_send_softkey(struct rf_station *st, uint32_t event, uint32_t line, uint32_t ref)
{
    station_send(
        st, &(struct rf_sccp_msg){
                .id = RF_SCCP_SOFTKEY_EVENT,
                .softkey_event = {.event = event, .line_instance = line, .call_reference = ref}});
}

void station_send_stimulus(struct rf_station *st, uint32_t stimulus, uint32_t instance,
                           uint32_t ref)
{
    station_send(
        st, &(struct rf_sccp_msg){
                .id = RF_SCCP_STIMULUS,
                .stimulus = {.stimulus = stimulus, .instance = instance, .call_reference = ref}});
}

/* Newer phones tell where their sound goes. guess: from the version on that acknowledges senders */
void station_send_media_path(struct rf_station *st, uint32_t path, bool is_on)
{
    if (st->version < 17)
        return;
    station_send(st, &(struct rf_sccp_msg){
                         .id = RF_SCCP_MEDIA_PATH_EVENT,
                         .media_path_event = {
                             .path = path, .event = is_on ? RF_SCCP_MODE_ON : RF_SCCP_MODE_OFF}});
}
