/* SPDX-License-Identifier: Apache-2.0 */
/* The server's own media, as call control asks for it: conferences and music. It has a thread of
 * its own, and whoever asks does not wait. */
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/ringfenced/server_int.h"
#include "base/file.h"
#include "base/log.h"
#include "media/g711.h"
#include "media/server.h"

#define TOS_VOICE 0xb8

/* Legs that call control closed and the media server did not come round to. */
#define CLOSING_MAX     64
#define LINES_A_MINUTE  10
#define EVENTS_A_MINUTE 30
/* Whose leg it is. */
struct media_user {
    char dev[RF_CALL_DEVICE_MAX + 1];
    uint32_t call_id, ref;
};

/* ---- music ---- */

#define TUNE_HZ        8000
#define TUNE_NOTE      (TUNE_HZ * 6 / 10)
#define TUNE_FADE      800 /* samples in which a note comes and goes */
#define TUNE_AMPLITUDE 3000.0

/* Where the site has no file: four notes, up and down, soft at their ends. */
static enum rf_err own_tune(struct rf_media_clip **out, struct rf_why *why)
{
    static const double notes[] = {261.63, 329.63, 392.0, 523.25, 392.0, 329.63};
    const double turn = 6.283185307179586;
    size_t n = sizeof notes / sizeof *notes;
    RF_AUTO(rf_buf_fini) struct rf_buf ulaw = RF_BUF(n * TUNE_NOTE);
    for (size_t i = 0; i < n * TUNE_NOTE; i++) {
        size_t at = i % TUNE_NOTE, left = TUNE_NOTE - at;
        size_t edge = at < left ? at : left;
        double loud = edge < TUNE_FADE ? (double)edge / TUNE_FADE : 1.0;
        double t = (double)at / TUNE_HZ;
        uint8_t byte =
            rf_ulaw_encode((int16_t)(TUNE_AMPLITUDE * loud * sin(turn * notes[i / TUNE_NOTE] * t)));
        if (rf_buf_add(&ulaw, &byte, 1) != RF_OK)
            return rf_why_set(why, RF_ERR_NOMEM, "no-memory", "no memory for music");
    }
    return rf_media_clip_new(rf_buf_slice(&ulaw), out, why);
}

static enum rf_err load_music(struct server *s, struct rf_why *why)
{
    const char *file = s->site->conf->music;
    if (file[0] == '\0')
        return own_tune(&s->music, why);
    RF_AUTO(rf_freep) char *path = rf_path_join(s->site->dir, file);
    return rf_media_clip_load(file[0] == '/' ? file : path, &s->music, why);
}

/* ---- what call control asks ---- */

static const enum rf_media_suite suites[RF_CALL_SRTP_N] = {
    [RF_CALL_SRTP_NONE] = RF_MEDIA_CLEAR,
    [RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_32] = RF_MEDIA_AES_CM_128_HMAC_SHA1_32,
    [RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_80] = RF_MEDIA_AES_CM_128_HMAC_SHA1_80,
    [RF_CALL_SRTP_AEAD_AES_128_GCM] = RF_MEDIA_AEAD_AES_128_GCM,
};

static struct rf_media_key key_of(const struct rf_call_key *key)
{
    struct rf_media_key out = {.suite = suites[key->algorithm]};
    _Static_assert(sizeof out.master == sizeof key->key && sizeof out.salt == sizeof key->salt,
                   "the same keys");
    memcpy(out.master, key->key, sizeof out.master);
    memcpy(out.salt, key->salt, sizeof out.salt);
    return out;
}

static enum rf_media_codec codec_of(enum rf_call_codec codec)
{
    return codec == RF_CALL_CODEC_G722   ? RF_MEDIA_G722
           : codec == RF_CALL_CODEC_PCMA ? RF_MEDIA_PCMA
                                         : RF_MEDIA_PCMU;
}

static void not_done(const char *what, const struct rf_why *why)
{
    rf_warn(RF_CAT_MEDIA, "%s: %s", what, rf_why_text(why));
}

/* Counted here, where one that was closed is none at once; the media server learns it later. */
static enum rf_err take_places(const struct server *s, unsigned n, struct rf_why *why)
{
    if (s->media_open + n > s->media_legs)
        return rf_why_set(why, RF_ERR_LIMIT, "media-legs",
                          "%u of %u media_legs are in use, and %u more are wanted", s->media_open,
                          s->media_legs, n);
    return RF_OK;
}

static bool op_has_room(void *arg, unsigned receivers)
{
    struct server *s = arg;
    struct rf_why why = {0};
    enum rf_err err = take_places(s, receivers, &why);
    if (err == RF_OK)
        err = rf_media_server_try(s->media_address, receivers, &why);
    if (err != RF_OK && rf_log_allows(&s->media_log, LINES_A_MINUTE, rf_now_ms(rf_clock_real())))
        not_done("no conference", &why);
    return err == RF_OK;
}

/* Kept until the media server has closed the leg, for what it says of it. */
static rf_handle user_keep(struct server *s, const struct rf_call_media_user *user)
{
    struct media_user *u = rf_new(struct media_user);
    *u = (struct media_user){.call_id = user->call_id, .ref = user->ref};
    snprintf(u->dev, sizeof u->dev, "%s", user->dev);
    rf_handle handle = rf_handle_add(s->media_users, u);
    if (handle == 0)
        rf_free(u);
    return handle;
}

static void user_forget(struct server *s, rf_handle handle)
{
    struct media_user *u = rf_handle_find(s->media_users, handle);
    if (u == NULL)
        return;
    rf_handle_remove(s->media_users, handle);
    rf_free(u);
}

static enum rf_err op_open(void *arg, const struct rf_call_media_user *user,
                           const struct rf_call_stream *stream, const struct rf_call_key *key,
                           uint32_t *leg, struct rf_call_addr *addr)
{
    struct server *s = arg;
    struct rf_why why = {0};
    struct rf_media_key receive = key_of(key);
    rf_handle number = user_keep(s, user);
    struct rf_media_leg_conf conf = {.codec = codec_of(stream->codec),
                                     .packet_ms = stream->packet_ms,
                                     .key = &receive,
                                     .number = number};
    *addr = s->media_addr;
    enum rf_err err = take_places(s, 1, &why);
    if (err == RF_OK)
        err = rf_media_leg_open(s->media, &conf, leg, &addr->port, &why);
    rf_media_key_wipe(&receive);
    if (err == RF_OK) {
        s->media_open++;
        return RF_OK;
    }
    user_forget(s, number);
    if (rf_log_allows(&s->media_log, LINES_A_MINUTE, rf_now_ms(rf_clock_real())))
        not_done("no receiver for a conference or music", &why);
    return err;
}

static void op_send(void *arg, uint32_t leg, const struct rf_call_addr *to,
                    const struct rf_call_key *key, uint32_t mix)
{
    struct server *s = arg;
    struct rf_why why = {0};
    char host[INET6_ADDRSTRLEN] = "";
    struct rf_media_key send = key_of(key);
    inet_ntop(to->is_ip6 ? AF_INET6 : AF_INET, to->ip, host, sizeof host);
    /* Under a key the tag says whose speech it is, and a phone may send from another port than it
     * listens on; in the clear the port is all there is to go by. */
    struct rf_media_remote remote = {.host = host,
                                     .port = to->port,
                                     .tos = TOS_VOICE,
                                     .is_port_free = key->algorithm != RF_CALL_SRTP_NONE};
    enum rf_err err = rf_media_leg_send(s->media, leg, &remote, &send, &why);
    rf_media_key_wipe(&send);
    if (err == RF_OK)
        err = mix != 0 ? rf_media_leg_join(s->media, leg, mix, &why)
                       : rf_media_leg_play(s->media, leg, s->music, &why);
    if (err != RF_OK)
        not_done("a phone hears nothing of a conference or music", &why);
}

static void op_close(void *arg, uint32_t leg)
{
    struct server *s = arg;
    rf_media_leg_close(s->media, leg);
    s->media_open--;
}

static const struct rf_call_media_ops ops = {
    .has_room = op_has_room, .open = op_open, .send = op_send, .close = op_close};

/* ---- life ---- */

static void tell_trouble(struct server *s, const struct rf_media_leg_event *event)
{
    static const struct media_user nobody = {.dev = "-"};
    const struct media_user *u = rf_handle_find(s->media_users, (rf_handle)event->number);
    bool is_failed = event->kind == RF_MEDIA_LEG_FAILED;
    if (u == NULL)
        u = &nobody;
    rf_info(RF_CAT_MEDIA, "media %s reason=%s leg=%u dev=%s call=%u call-ref=%u",
            is_failed ? "failed" : "refused", event->reason, event->leg, u->dev, u->call_id,
            u->ref);
    if (rf_log_allows(&s->media_events, EVENTS_A_MINUTE, rf_now_ms(rf_clock_real())))
        event_of_media(s, is_failed ? "media-failed" : "media-refused", u->dev, u->call_id,
                       "reason=%s call-ref=%u", event->reason, u->ref);
}

static void on_event(void *reader, const struct rf_media_leg_event *event)
{
    struct server *s = event->owner;
    if (reader == NULL)
        return;
    if (event->kind == RF_MEDIA_LEG_REFUSED || event->kind == RF_MEDIA_LEG_FAILED)
        tell_trouble(s, event);
    else if (event->kind == RF_MEDIA_LEG_CLOSED)
        user_forget(s, (rf_handle)event->number);
}

/* An address that phones can be told. */
static bool is_told(const char *text, struct rf_call_addr *out)
{
    *out = (struct rf_call_addr){.is_ip6 = strchr(text, ':') != NULL, .port = 1};
    return inet_pton(out->is_ip6 ? AF_INET6 : AF_INET, text, out->ip) == 1 &&
           rf_call_addr_usable(out);
}

/* Phones hear a tone on hold, and nobody confers; all else goes on. */
static void no_media(struct server *s, const char *address, const char *why)
{
    snprintf(s->media_off, sizeof s->media_off, "no conferences and no music: media_address %s: %s",
             address, why);
    rf_warn(RF_CAT_MAIN, "%s", s->media_off);
}

void media_tell(struct server *s)
{
    if (s->media_off[0] != '\0')
        event_of_server(s, RF_STORE_WARN, "media-off", "%s", s->media_off);
}

enum rf_err media_start(struct server *s, struct rf_why *why)
{
    const struct rf_site_conf *site = s->site->conf;
    struct rf_why no = {0};
    const char *address = site->media_address[0] != '\0'          ? site->media_address
                          : is_told(site->listen, &s->media_addr) ? site->listen
                                                                  : rf_site_advertised(site);
    if (site->media_legs == 0)
        return RF_OK;
    if (!is_told(address, &s->media_addr)) {
        no_media(s, address, "no address that phones can send to; set media_address");
        return RF_OK;
    }
    if (rf_media_server_try(address, 1, &no) != RF_OK) {
        no_media(s, address, rf_why_text(&no));
        return RF_OK;
    }
    snprintf(s->media_address, sizeof s->media_address, "%s", address);
    s->media_legs = site->media_legs;
    s->media_users = rf_handles_new(RF_MEDIA_LEGS_MAX + CLOSING_MAX);
    unsigned with_closing = site->media_legs + CLOSING_MAX;
    struct rf_media_server_conf conf = {
        .local = s->media_address,
        .legs_max = with_closing < RF_MEDIA_LEGS_MAX ? with_closing : RF_MEDIA_LEGS_MAX,
        .events_to = rf_loop_mailbox(s->call_loop),
        .on_event = on_event,
        .owner = s};
    enum rf_err err = load_music(s, why);
    return err == RF_OK ? rf_media_server_start(&conf, &s->media, why) : err;
}

const struct rf_call_media_ops *media_ops(const struct server *s)
{
    return s->media != NULL ? &ops : NULL;
}

static void users_free(struct rf_handles *users)
{
    uint32_t at = 0;
    struct media_user *u;
    while (users != NULL && (u = rf_handles_next(users, &at)) != NULL)
        rf_free(u);
    rf_handles_free(users);
}

void media_stop(struct server *s)
{
    rf_media_server_stop(rf_steal(&s->media));
    users_free(rf_steal(&s->media_users));
    rf_media_clip_unref(s->music);
    s->music = NULL;
}
