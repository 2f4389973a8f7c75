/* SPDX-License-Identifier: Apache-2.0 */
/* What other threads call. Sockets are bound and keys given to libsrtp2 here, so that what goes
 * wrong is told at once and no key waits in a mailbox. */
#include "media/stream.h"

#include "media/media_int.h"

enum rf_err rf_media_open(struct rf_media *media, const struct rf_media_conf *conf,
                          rf_media_id *out, uint16_t *out_port, struct rf_why *why)
{
    int fd = -1, rtcp_fd = -1;
    uint16_t port = 0;
    *out = 0;
    *out_port = 0;
    enum rf_err err = rf_media_bind_pair(conf->local, &fd, &rtcp_fd, &port, why);
    if (err != RF_OK)
        return err;
    struct rf_media_stream *s = rf_new(struct rf_media_stream);
    s->fd = fd;
    s->rtcp_fd = rtcp_fd;
    s->id = rf_media_next_id(media);
    s->conf = *conf;
    s->conf.local = NULL; /* the caller's, for the time of this call */
    rf_media_reports_init(&s->in.reports);
    uint32_t max = conf->record_max;
    s->in.record = RF_BUF(max < RF_MEDIA_RECORD_MAX ? max : RF_MEDIA_RECORD_MAX);
    struct rf_media_command *c = rf_media_command_new(s->id, rf_media_on_open);
    rf_media_id id = s->id;
    c->take_stream = s;
    err = rf_media_post(media, c, why);
    if (err != RF_OK)
        return err;
    *out = id;
    *out_port = port;
    return RF_OK;
}

enum rf_err rf_media_receive(struct rf_media *media, rf_media_id stream, enum rf_media_codec codec,
                             const struct rf_media_key *key, struct rf_why *why)
{
    struct rf_media_command *c = rf_media_command_new(stream, rf_media_on_receive);
    enum rf_err err = rf_media_coder_new(codec, &c->take_coder, why);
    if (err == RF_OK && key->suite != RF_MEDIA_CLEAR)
        err = rf_srtp_new_receiver(key, &c->take_srtp, why);
    if (err == RF_OK)
        return rf_media_post(media, c, why);
    rf_media_command_free(c);
    return err;
}

void rf_media_receive_stop(struct rf_media *media, rf_media_id stream)
{
    rf_media_post_always(media, rf_media_command_new(stream, rf_media_on_receive_stop));
}

enum rf_err rf_media_send(struct rf_media *media, rf_media_id stream, const char *remote,
                          uint16_t port, enum rf_media_codec codec, const struct rf_media_key *key,
                          struct rf_media_clip *clip, uint8_t tos, struct rf_why *why)
{
    struct rf_media_command *c = rf_media_command_new(stream, rf_media_on_send);
    struct rf_media_out *out = &c->take_out;
    rf_media_out_init(out);
    enum rf_err err = rf_media_address(remote, port, &out->to, &out->to_len, why);
    if (err == RF_OK && port == 0)
        err = rf_why_set(why, RF_ERR_BAD, "media-address", "port 0 of %.64s", remote);
    if (err == RF_OK && key->suite != RF_MEDIA_CLEAR)
        err = rf_srtp_new_sender(key, out->ssrc, &out->srtp, why);
    if (err == RF_OK)
        err = rf_media_coder_new(codec, &out->coder, why);
    if (err != RF_OK) {
        rf_media_command_free(c);
        return err;
    }
    out->tos = tos;
    out->clip = rf_media_clip_ref(clip);
    return rf_media_post(media, c, why);
}

void rf_media_send_stop(struct rf_media *media, rf_media_id stream)
{
    rf_media_post_always(media, rf_media_command_new(stream, rf_media_on_send_stop));
}

void rf_media_ask(struct rf_media *media, rf_media_id stream)
{
    rf_media_post_always(media, rf_media_command_new(stream, rf_media_on_ask));
}

void rf_media_close(struct rf_media *media, rf_media_id stream)
{
    rf_media_post_always(media, rf_media_command_new(stream, rf_media_on_close));
}
