/* SPDX-License-Identifier: Apache-2.0 */
/* Music for a phone that is held: one stream from the server's media, with keys of its own. */
#include "service/call/call_int.h"

static const struct rf_call_side player = {.signalling = RF_CALL_SIGNALLING_ENCRYPTED,
                                           .suites = RF_CALL_ABLE_ALL,
                                           .codecs = RF_CALL_CODEC_PCMU | RF_CALL_CODEC_PCMA |
                                                     RF_CALL_CODEC_G722};

static bool can_play(const struct call *call, int end)
{
    const struct leg *leg = &call->legs[end];
    return call->cc->conf.media != NULL && leg->music == 0 && call_leg_is_live(call, end) &&
           leg->dev->conference == NULL && /* a conference hears no music */
           call_media_reaches(leg->dev);
}

bool call_music_start(struct call *call, int end)
{
    struct leg *leg = &call->legs[end];
    const struct rf_call_conf *c = &call->cc->conf;
    struct rf_call_addr addr;
    struct rf_call_key unused = {0}; /* the phone sends nothing */
    if (!can_play(call, end))
        return leg->music != 0;
    const struct rf_call_side *side = &leg->dev->attach.side;
    enum rf_call_srtp suite = rf_call_suite(side, &player);
    struct rf_call_stream stream = {.codec = rf_call_codec_of(side, &player),
                                    .packet_ms = RF_CALL_PACKET_MS};
    if (suite != RF_CALL_SRTP_NONE) {
        rf_call_key_draw(suite, &leg->tune);
        rf_call_key_draw(suite, &unused);
    }
    struct rf_call_media_user user = call_media_user(leg);
    bool ok = c->media->open(c->media_arg, &user, &stream, &unused, &leg->music, &addr) == RF_OK;
    if (ok)
        call_tell_open_receive_of(call, end, &stream, &leg->tune);
    rf_call_key_wipe(&unused);
    if (!ok)
        call_music_end(call, end);
    return ok;
}

void call_music_play(struct call *call, int end, const struct rf_call_addr *to)
{
    struct leg *leg = &call->legs[end];
    const struct rf_call_conf *c = &call->cc->conf;
    if (leg->music == 0 || leg->has_addr)
        return;
    leg->has_addr = true;
    c->media->send(c->media_arg, leg->music, to, &leg->tune, 0);
    rf_call_key_wipe(&leg->tune);
}

void call_music_end(struct call *call, int end)
{
    struct leg *leg = &call->legs[end];
    const struct rf_call_conf *c = &call->cc->conf;
    if (leg->music != 0)
        c->media->close(c->media_arg, leg->music);
    leg->music = 0;
    rf_call_key_wipe(&leg->tune);
}
