/* SPDX-License-Identifier: Apache-2.0 */
/* The streams of the calls. doc: docs/phone-calls.md, "Media"; docs/wire/sccp.md, "Media" */
#include "service/phone/station_int.h"

#include "base/faults.h"
#include "base/secret.h"
#include "wire/sccp/sccp_names.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define PACKET_MS      20
#define SAMPLES_PER_MS 8
/* guess: from the version on whose phones are seen to */
#define SEND_ACK_FROM 17

static const char *suite_name(uint32_t algorithm)
{
    return rf_sccp_name_or_unknown(RF_SCCP_NAMES_SRTP, algorithm);
}

/* ---- may we? ---- */

/* Whose stream does the server mean? By callReference; old servers name none: then by
 * passThroughPartyId, else the call that has the handset. doc: docs/wire/sccp.md, "Media" */
static struct station_call *call_meant(const struct rf_station *st, uint32_t ref, uint32_t party)
{
    if (ref != 0)
        return station_call_ref(st, ref);
    for (size_t i = 0; party != 0 && i < RF_STATION_CALLS_MAX; i++) {
        struct station_call *c = st->calls[i];
        if (c != NULL && c->voice != NULL &&
            (c->voice->party == party || c->voice->send_party == party))
            return c;
    }
    struct station_call *chosen = station_call_chosen(st);
    return chosen != NULL && chosen->ref != 0 ? chosen : NULL;
}

/* What the server is told when it asks for media we do not do, and why. */
static uint32_t no(struct rf_why *why, enum rf_sccp_media_status status, const char *code,
                   const char *text)
{
    rf_why_set(why, RF_ERR_DENIED, code, "%s", text);
    return status;
}

/* Nothing is heard of a phone that only rings, whose user has hung up, or whose line another phone
 * uses. */
static uint32_t judge_call(const struct station_call *call, struct rf_why *why)
{
    if (call == NULL)
        return no(why, RF_SCCP_MEDIA_INVALID_CALL_REF, "media-call-reference",
                  "media for a call this phone does not have");
    int state = call->fsm.state;
    if (rf_fault_skips("station.media-on-hook"))
        return RF_SCCP_MEDIA_OK;
    if (state == RF_STATION_RING_IN || state == RF_STATION_CLEARING || state == RF_STATION_REMOTE)
        return no(why, RF_SCCP_MEDIA_DEVICE_ON_HOOK, "media-on-hook",
                  "media for a call whose user has not answered, or has hung up");
    return RF_SCCP_MEDIA_OK;
}

/* doc: docs/wire/sccp.md, "Media" */
static const uint32_t codec_numbers[RF_MEDIA_CODECS] = {
    [RF_MEDIA_PCMU] = RF_SCCP_CODEC_G711_ULAW_64K,
    [RF_MEDIA_PCMA] = RF_SCCP_CODEC_G711_ALAW_64K,
    [RF_MEDIA_G722] = RF_SCCP_CODEC_G722_64K,
};

uint32_t station_codec_number(enum rf_media_codec codec)
{
    return codec_numbers[codec];
}

/* Which of the codecs that were announced is it? */
static bool codec_of(const struct rf_station *st, uint32_t number, enum rf_media_codec *out)
{
    for (size_t i = 0; i < st->conf.codecs.n; i++) {
        *out = st->conf.codecs.best_first[i];
        if (codec_numbers[*out] == number)
            return true;
    }
    return false;
}

static uint32_t judge_format(const struct rf_station *st, uint32_t number, uint32_t packet_ms,
                             enum rf_media_codec *codec, struct rf_why *why)
{
    if (!codec_of(st, number, codec))
        return no(why, RF_SCCP_MEDIA_INVALID_CODEC, "media-codec",
                  "this phone has not announced that codec");
    if (packet_ms != PACKET_MS)
        return no(why, RF_SCCP_MEDIA_INVALID_PACKET_SIZE, "media-packet-size",
                  "this phone sends packets of 20 ms only");
    return RF_SCCP_MEDIA_OK;
}

/* The algorithms of the key block that this phone speaks, and what media calls them: another one is
 * a row more. doc: docs/wire/sccp.md, "Media" */
static const struct suite_row {
    uint32_t algorithm;
    enum rf_media_suite suite;
    uint16_t key_len, salt_len;
} suites[] = {
    {RF_SCCP_SRTP_NONE, RF_MEDIA_CLEAR, 0, 0},
    {RF_SCCP_SRTP_AES_CM_128_HMAC_SHA1_32, RF_MEDIA_AES_CM_128_HMAC_SHA1_32, 16, 14},
    {RF_SCCP_SRTP_AES_CM_128_HMAC_SHA1_80, RF_MEDIA_AES_CM_128_HMAC_SHA1_80, 16, 14},
    {RF_SCCP_SRTP_AEAD_AES_128_GCM, RF_MEDIA_AEAD_AES_128_GCM, 16, 12},
};

static const struct suite_row *suite_of(uint32_t algorithm)
{
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (suites[i].algorithm == algorithm)
            return &suites[i];
    return NULL;
}

/* doc: docs/wire/sccp.md, "Media": a key that everybody could read is none */
static uint32_t judge_key(const struct rf_station *st, const struct rf_sccp_media_key *key,
                          struct rf_why *why)
{
    const struct suite_row *row = suite_of(key->algorithm);
    if (key->algorithm == RF_SCCP_SRTP_NONE)
        return RF_SCCP_MEDIA_OK;
    if (!st->main->is_encrypted && !rf_fault_skips("station.key-on-encrypted-link"))
        return no(why, RF_SCCP_MEDIA_UNKNOWN, "media-key-on-clear-link",
                  "a media key came over a link that does not encrypt: it is not used");
    if (row == NULL)
        return no(why, RF_SCCP_MEDIA_ENCODER_OR_DECODER_FAILED, "srtp-algorithm",
                  "this phone does not speak the suite of that key");
    if (key->key_len != row->key_len || key->salt_len != row->salt_len)
        return no(why, RF_SCCP_MEDIA_ENCODER_OR_DECODER_FAILED, "srtp-key-length",
                  "key or salt has not the length of its suite");
    return RF_SCCP_MEDIA_OK;
}

static uint32_t judge(const struct rf_station *st, const struct station_call *call, uint32_t number,
                      uint32_t packet_ms, const struct rf_sccp_media_key *key,
                      enum rf_media_codec *codec, struct rf_why *why)
{
    uint32_t status = judge_call(call, why);
    if (status == RF_SCCP_MEDIA_OK)
        status = judge_format(st, number, packet_ms, codec, why);
    return status == RF_SCCP_MEDIA_OK ? judge_key(st, key, why) : status;
}

static bool is_ip4_usable(const uint8_t ip[16])
{
    uint32_t host;
    memcpy(&host, ip, sizeof host);
    host = ntohl(host);
    return (host >> 24) != 0 && host < 0xe0000000u; /* 0/8; multicast, reserved, broadcast */
}

/* The address a server names, as text. */
static bool remote_text(const struct rf_sccp_addr *addr, uint32_t port,
                        char text[RF_ADDRESS_TEXT_MAX])
{
    struct in6_addr ip6;
    text[0] = '\0';
    if (port == 0 || port > UINT16_MAX || addr->type > 1)
        return false;
    if (addr->type == 0)
        return is_ip4_usable(addr->ip) &&
               inet_ntop(AF_INET, addr->ip, text, RF_ADDRESS_TEXT_MAX) != NULL;
    memcpy(&ip6, addr->ip, sizeof ip6);
    return !IN6_IS_ADDR_UNSPECIFIED(&ip6) && !IN6_IS_ADDR_MULTICAST(&ip6) &&
           inet_ntop(AF_INET6, &ip6, text, RF_ADDRESS_TEXT_MAX) != NULL;
}

static void tell_refused(struct rf_station *st, const struct station_call *call,
                         const struct rf_why *why)
{
    uint32_t ref = call != NULL ? call->ref : 0;
    rf_warn(RF_CAT_PHONE, "media refused: %s dev=%s call-ref=%u", rf_why_text(why), st->device,
            ref);
    station_tell(st, &(struct rf_station_event){.kind = RF_STATION_MEDIA_REFUSED,
                                                .ref = ref,
                                                .nth = call != NULL ? call->nth : 0,
                                                .why = *why});
}

/* ---- statistics ---- */

static void send_statistics(struct rf_station *st)
{
    const struct rf_media_stats *s = &st->stats;
    st->is_stats_asked = false;
    if (st->main->has_left)
        return; /* nobody there knows us any more */
    station_send(st, &(struct rf_sccp_msg){.id = RF_SCCP_CONNECTION_STATISTICS_RES,
                                           .connection_statistics_res = {
                                               .directory_number = rf_slice_str(st->stats_number),
                                               .call_reference = st->stats_req.call_reference,
                                               .mode = st->stats_req.mode,
                                               .packets_sent = (uint32_t)s->sent_packets,
                                               .octets_sent = (uint32_t)s->sent_octets,
                                               .packets_received = (uint32_t)s->received_packets,
                                               .octets_received = (uint32_t)s->received_octets,
                                               .packets_lost = (uint32_t)s->lost,
                                               .jitter_ms = s->jitter / SAMPLES_PER_MS,
                                           }});
}

static struct station_voice *voice_of(const struct rf_station *st, uint32_t ref)
{
    struct station_voice *ending = NULL;
    for (struct station_voice *v = st->voices; v != NULL; v = v->next) {
        if (v->ref == ref && !v->is_closing)
            return v;
        if (v->ref == ref && ending == NULL)
            ending = v;
    }
    return ending;
}

/* The question comes while the stream runs, while it ends, or after that. doc: docs/wire/sccp.md,
 * "Media" */
void station_statistics(struct rf_station *st, const struct rf_sccp_connection_statistics_req *m)
{
    uint32_t ref = m->call_reference;
    struct station_voice *v = voice_of(st, ref);
    st->stats_req = *m;
    st->stats_req.directory_number = rf_slice_str("");
    bool whole = rf_slice_to_str(m->directory_number, st->stats_number, sizeof st->stats_number);
    (void)whole; /* a number that was cut is still the one we were asked for */
    if (v != NULL && !v->is_closing) {
        v->is_asked = true;
        st->conf.media->ask(st->conf.media_arg, v->id);
    } else if (v != NULL) {
        st->is_stats_asked = true;
    } else if (ref != 0 && ref == st->stats_ref) {
        send_statistics(st);
    } else {
        rf_debug(RF_CAT_PHONE, "statistics of a call without media are not sent call-ref=%u dev=%s",
                 ref, st->device);
    }
}

/* ---- events of the streams ---- */

static void keep_stats(struct rf_station *st, const struct station_voice *v,
                       const struct rf_media_event *event)
{
    st->stats = event->stats;
    st->stats_ref = v->ref;
}

static void unlink_voice(struct rf_station *st, struct station_voice *v)
{
    struct station_voice **at = &st->voices;
    while (*at != NULL && *at != v)
        at = &(*at)->next;
    if (*at != NULL)
        *at = v->next;
    struct station_call *call = station_call_nth(st, v->nth);
    if (call != NULL && call->voice == v)
        call->voice = NULL;
}

static void ended(struct station_voice *v, const struct rf_media_event *event)
{
    struct rf_station *st = v->st;
    const struct rf_media_stats *s = &event->stats;
    keep_stats(st, v, event);
    unlink_voice(st, v);
    rf_info(RF_CAT_PHONE,
            "media ended sent=%llu received=%llu lost=%llu late=%llu refused-tag=%llu "
            "refused-replay=%llu dev=%s call-ref=%u",
            (unsigned long long)s->sent_packets, (unsigned long long)s->received_packets,
            (unsigned long long)s->lost, (unsigned long long)s->late,
            (unsigned long long)s->refused_tag, (unsigned long long)s->refused_replay, st->device,
            v->ref);
    if (st->is_stats_asked && st->stats_req.call_reference == v->ref)
        send_statistics(st);
    struct rf_station_event told = {.kind = RF_STATION_MEDIA_ENDED,
                                    .ref = v->ref,
                                    .nth = v->nth,
                                    .stats = *s,
                                    .ulaw = event->ulaw};
    rf_free(v);
    station_tell(st, &told);
}

static void tell_stream(const struct station_voice *v, enum rf_station_event_kind kind,
                        const struct rf_media_event *event)
{
    station_tell(v->st, &(struct rf_station_event){.kind = kind,
                                                   .ref = v->ref,
                                                   .nth = v->nth,
                                                   .reason = event->reason,
                                                   .stats = event->stats});
}

static void on_media(void *reader, const struct rf_media_event *event)
{
    struct station_voice *v = (struct station_voice *)(uintptr_t)event->number;
    if (reader == NULL || v->st == NULL) { /* nobody is there any more */
        if (event->kind == RF_MEDIA_CLOSED) {
            if (v->st != NULL)
                unlink_voice(v->st, v);
            rf_free(v);
        }
        return;
    }
    switch (event->kind) {
    case RF_MEDIA_FIRST_AUDIO:
        tell_stream(v, RF_STATION_FIRST_AUDIO, event);
        break;
    case RF_MEDIA_REFUSED:
        tell_stream(v, RF_STATION_PACKETS_REFUSED, event);
        break;
    case RF_MEDIA_CLIP_DONE:
        tell_stream(v, RF_STATION_CLIP_DONE, event);
        break;
    case RF_MEDIA_STATS:
        keep_stats(v->st, v, event);
        if (v->is_asked)
            send_statistics(v->st);
        v->is_asked = false;
        break;
    case RF_MEDIA_CLOSED:
        ended(v, event);
        break;
    }
}

/* ---- opening and closing ---- */

static struct station_voice *voice_open(struct station_call *call, struct rf_why *why)
{
    struct rf_station *st = call->st;
    struct station_voice *v = rf_new(struct station_voice);
    struct rf_media_conf conf = {.local = st->main->local,
                                 .record_max = st->conf.record_max,
                                 .events_to = st->conf.answers,
                                 .on_event = on_media,
                                 .number = (uint64_t)(uintptr_t)v};
    if (st->conf.media->open(st->conf.media_arg, &conf, &v->id, &v->port, why) != RF_OK) {
        rf_free(v);
        return NULL;
    }
    v->st = st;
    v->ref = call->ref;
    v->nth = call->nth;
    v->next = st->voices;
    st->voices = v;
    call->voice = v;
    return v;
}

/* From here on only its RF_MEDIA_CLOSED is waited for. */
static void voice_close(struct station_call *call)
{
    struct rf_station *st = call->st;
    struct station_voice *v = rf_steal(&call->voice);
    v->is_closing = true;
    v->is_receiving = v->is_sending = false;
    if (v->is_asked) { /* the answer comes with the end */
        v->is_asked = false;
        st->is_stats_asked = true;
    }
    st->conf.media->close(st->conf.media_arg, v->id);
}

void station_voice_end(struct station_call *call)
{
    if (call->voice != NULL)
        voice_close(call);
}

bool station_voice_runs(const struct station_call *call)
{
    return call->voice != NULL && (call->voice->is_receiving || call->voice->is_sending);
}

void station_media_forget(struct rf_station *st)
{
    for (struct station_voice *v = st->voices; v != NULL; v = v->next)
        v->st = NULL;
    st->voices = NULL;
}

/* The layout's key, checked before, as media takes it. */
static void fill_key(struct rf_media_key *to, const struct rf_sccp_media_key *from)
{
    const struct suite_row *row = suite_of(from->algorithm);
    *to = (struct rf_media_key){.suite = RF_MEDIA_CLEAR};
    if (row == NULL || row->suite == RF_MEDIA_CLEAR)
        return;
    to->suite = row->suite;
    memcpy(to->master, from->key, sizeof to->master);
    memcpy(to->salt, from->salt, sizeof to->salt);
}

/* ---- receiving ---- */

static void own_addr(const struct rf_station *st, struct rf_sccp_addr *out)
{
    struct rf_address a;
    struct in6_addr ip6;
    *out = (struct rf_sccp_addr){0};
    if (rf_address_parse(st->main->local, 0, &a, NULL) == RF_OK && rf_address_ipv4(&a, out->ip))
        return;
    if (inet_pton(AF_INET6, st->main->local, &ip6) == 1) {
        out->type = 1;
        memcpy(out->ip, &ip6, sizeof out->ip);
    }
}

static void ack_receive(struct rf_station *st, const struct rf_sccp_open_receive_channel *m,
                        uint32_t status, uint16_t port)
{
    struct rf_sccp_msg msg = {
        .id = RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK,
        .open_receive_channel_ack = {.status = status,
                                     .port = port,
                                     .pass_through_party_id = m->pass_through_party_id,
                                     .call_reference = m->call_reference}};
    own_addr(st, &msg.open_receive_channel_ack.addr);
    station_send(st, &msg);
}

static uint32_t receive(struct rf_station *st, struct station_call *call,
                        const struct rf_sccp_open_receive_channel *m, enum rf_media_codec *codec,
                        struct rf_why *why)
{
    uint32_t status = judge(st, call, m->codec, m->packet_ms, &m->key, codec, why);
    if (status != RF_SCCP_MEDIA_OK)
        return status;
    struct station_voice *v = call->voice != NULL ? call->voice : voice_open(call, why);
    if (v == NULL)
        return RF_SCCP_MEDIA_OUT_OF_SOCKETS;
    struct rf_media_key key;
    fill_key(&key, &m->key);
    enum rf_err err = st->conf.media->receive(st->conf.media_arg, v->id, *codec, &key, why);
    rf_wipe(&key, sizeof key);
    if (err != RF_OK) {
        if (!v->is_sending)
            voice_close(call);
        return RF_SCCP_MEDIA_NOT_ENOUGH_CHANNELS;
    }
    v->party = m->pass_through_party_id;
    v->is_receiving = true;
    v->receive_algorithm = m->key.algorithm;
    return RF_SCCP_MEDIA_OK;
}

/* Whoever was told may have ended the call. */
static void tell_status(struct rf_station *st, uint32_t nth)
{
    struct station_call *call = station_call_nth(st, nth);
    if (call != NULL)
        station_tell_info(call, false);
}

void station_open_receive(struct rf_station *st, const struct rf_sccp_open_receive_channel *m)
{
    struct rf_why why = {0};
    struct station_call *call = call_meant(st, m->call_reference, m->pass_through_party_id);
    enum rf_media_codec codec;
    uint32_t status = receive(st, call, m, &codec, &why);
    uint16_t port = status == RF_SCCP_MEDIA_OK ? call->voice->port : 0;
    ack_receive(st, m, status, port);
    if (status != RF_SCCP_MEDIA_OK) {
        tell_refused(st, call, &why);
        return;
    }
    uint32_t nth = call->nth;
    const char *word = rf_media_codec_get(codec)->word;
    rf_info(RF_CAT_PHONE, "media receiving port=%u codec=%s suite=%s dev=%s call-ref=%u", port,
            word, suite_name(m->key.algorithm), st->device, call->ref);
    station_tell(st, &(struct rf_station_event){.kind = RF_STATION_RECEIVING,
                                                .ref = call->ref,
                                                .nth = nth,
                                                .codec = word,
                                                .suite = suite_name(m->key.algorithm),
                                                .port = port});
    tell_status(st, nth);
}

static bool is_party(uint32_t meant, uint32_t ours)
{
    return meant == 0 || ours == 0 || meant == ours;
}

/* The call whose stream is to end; NULL: none runs by these names. A late word about a stream that
 * was replaced does not end the one that came after it in the same call. */
static struct station_call *call_named(const struct rf_station *st,
                                       const struct rf_sccp_stop_media *m, bool is_sent)
{
    for (size_t i = 0; i < RF_STATION_CALLS_MAX; i++) {
        struct station_call *c = st->calls[i];
        const struct station_voice *v = c != NULL ? c->voice : NULL;
        if (v == NULL)
            continue;
        uint32_t party = is_sent ? v->send_party : v->party;
        bool is_it = m->call_reference != 0
                         ? m->call_reference == v->ref && is_party(m->pass_through_party_id, party)
                         : party != 0 && m->pass_through_party_id == party;
        if (is_it)
            return c;
    }
    return NULL;
}

void station_close_receive(struct rf_station *st, const struct rf_sccp_stop_media *m)
{
    struct station_call *call = call_named(st, m, false);
    if (call == NULL)
        return;
    call->voice->is_receiving = false;
    if (call->voice->is_sending)
        st->conf.media->receive_stop(st->conf.media_arg, call->voice->id);
    else
        voice_close(call);
}

/* ---- sending ---- */

static void ack_send(struct rf_station *st, const struct rf_sccp_start_media_transmission *m,
                     uint32_t status, uint16_t port)
{
    struct rf_sccp_msg msg = {.id = RF_SCCP_START_MEDIA_TRANSMISSION_ACK};
    struct rf_sccp_start_media_transmission_ack *ack = &msg.start_media_transmission_ack;
    *ack = (struct rf_sccp_start_media_transmission_ack){.conference_id = m->conference_id,
                                                         .pass_through_party_id =
                                                             m->pass_through_party_id,
                                                         .call_reference = m->call_reference,
                                                         .port = port,
                                                         .status = status};
    own_addr(st, &ack->addr);
    station_send(st, &msg);
}

static void report_failure(struct rf_station *st, const struct rf_sccp_start_media_transmission *m)
{
    station_send(st, &(struct rf_sccp_msg){.id = RF_SCCP_MEDIA_TRANSMISSION_FAILURE,
                                           .media_transmission_failure = {
                                               .conference_id = m->conference_id,
                                               .pass_through_party_id = m->pass_through_party_id,
                                               .addr = m->remote,
                                               .port = m->remote_port,
                                               .call_reference = m->call_reference,
                                           }});
}

static enum rf_err send_on(struct station_call *call,
                           const struct rf_sccp_start_media_transmission *m, const char *remote,
                           enum rf_media_codec codec, struct rf_why *why)
{
    struct rf_station *st = call->st;
    struct rf_media_key key;
    fill_key(&key, &m->key);
    enum rf_err err = st->conf.media->send(
        st->conf.media_arg, call->voice->id, remote, (uint16_t)m->remote_port, codec, &key,
        call->has_clip ? call->clip : st->clip, (uint8_t)m->precedence, why);
    rf_wipe(&key, sizeof key);
    return err;
}

static uint32_t transmit(struct rf_station *st, struct station_call *call,
                         const struct rf_sccp_start_media_transmission *m,
                         char remote[RF_ADDRESS_TEXT_MAX], enum rf_media_codec *codec,
                         struct rf_why *why)
{
    uint32_t status = judge(st, call, m->codec, m->packet_ms, &m->key, codec, why);
    if (status != RF_SCCP_MEDIA_OK)
        return status;
    if (!remote_text(&m->remote, m->remote_port, remote))
        return no(why, RF_SCCP_MEDIA_UNKNOWN, "media-address",
                  "the server names an address to which nothing can be sent");
    struct station_voice *v = call->voice != NULL ? call->voice : voice_open(call, why);
    if (v == NULL)
        return RF_SCCP_MEDIA_OUT_OF_SOCKETS;
    if (send_on(call, m, remote, *codec, why) != RF_OK) {
        if (!v->is_receiving)
            voice_close(call);
        return RF_SCCP_MEDIA_NOT_ENOUGH_CHANNELS;
    }
    v->send_party = m->pass_through_party_id;
    v->is_sending = true;
    v->send_algorithm = m->key.algorithm;
    return RF_SCCP_MEDIA_OK;
}

void station_start_send(struct rf_station *st, const struct rf_sccp_start_media_transmission *m)
{
    struct rf_why why = {0};
    char remote[RF_ADDRESS_TEXT_MAX];
    struct station_call *call = call_meant(st, m->call_reference, m->pass_through_party_id);
    enum rf_media_codec codec;
    uint32_t status = transmit(st, call, m, remote, &codec, &why);
    if (st->version >= SEND_ACK_FROM)
        ack_send(st, m, status, status == RF_SCCP_MEDIA_OK ? call->voice->port : 0);
    else if (status != RF_SCCP_MEDIA_OK)
        report_failure(st, m);
    if (status != RF_SCCP_MEDIA_OK) {
        tell_refused(st, call, &why);
        return;
    }
    uint32_t nth = call->nth;
    const char *word = rf_media_codec_get(codec)->word;
    rf_info(RF_CAT_PHONE, "media sending to=%s:%u codec=%s suite=%s dev=%s call-ref=%u", remote,
            m->remote_port, word, suite_name(m->key.algorithm), st->device, call->ref);
    station_tell(st, &(struct rf_station_event){.kind = RF_STATION_SENDING,
                                                .ref = call->ref,
                                                .nth = nth,
                                                .codec = word,
                                                .suite = suite_name(m->key.algorithm),
                                                .remote = remote,
                                                .port = (uint16_t)m->remote_port});
    tell_status(st, nth);
}

void station_stop_send(struct rf_station *st, const struct rf_sccp_stop_media *m)
{
    struct station_call *call = call_named(st, m, true);
    if (call == NULL)
        return;
    call->voice->is_sending = false;
    if (call->voice->is_receiving)
        st->conf.media->send_stop(st->conf.media_arg, call->voice->id);
    else
        voice_close(call);
}

/* ---- what may be called secure ---- */

static enum rf_sccp_security lower(enum rf_sccp_security a, enum rf_sccp_security b)
{
    return a < b ? a : b;
}

/* doc: docs/security-rules.md, "Media and call status": the lowest of all legs, truthfully. A
 * server's word does not make a link or a stream secure that we know is not. */
enum rf_sccp_security station_security(const struct station_call *call)
{
    enum rf_sccp_security s = call->security;
    const struct rf_station *st = call->st;
    const struct station_voice *v = call->voice;
    if (rf_fault_skips("station.truthful-status"))
        return s;
    if (!st->main->has_tls)
        s = lower(s, RF_SCCP_SECURITY_NOT_AUTHENTICATED);
    else if (!st->main->is_encrypted)
        s = lower(s, RF_SCCP_SECURITY_AUTHENTICATED);
    if (v != NULL && ((v->is_receiving && v->receive_algorithm == RF_SCCP_SRTP_NONE) ||
                      (v->is_sending && v->send_algorithm == RF_SCCP_SRTP_NONE)))
        s = lower(s, RF_SCCP_SECURITY_AUTHENTICATED);
    return s;
}
