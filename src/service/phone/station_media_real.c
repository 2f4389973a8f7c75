/* SPDX-License-Identifier: Apache-2.0 */
#include "service/phone/station.h"

static enum rf_err open_stream(void *media, const struct rf_media_conf *conf, rf_media_id *out,
                               uint16_t *out_port, struct rf_why *why)
{
    return rf_media_open(media, conf, out, out_port, why);
}

static enum rf_err receive(void *media, rf_media_id stream, enum rf_media_codec codec,
                           const struct rf_media_key *key, struct rf_why *why)
{
    return rf_media_receive(media, stream, codec, key, why);
}

static void receive_stop(void *media, rf_media_id stream)
{
    rf_media_receive_stop(media, stream);
}

static enum rf_err send_stream(void *media, rf_media_id stream, const char *remote, uint16_t port,
                               enum rf_media_codec codec, const struct rf_media_key *key,
                               struct rf_media_clip *clip, uint8_t tos, struct rf_why *why)
{
    return rf_media_send(media, stream, remote, port, codec, key, clip, tos, why);
}

static void send_stop(void *media, rf_media_id stream)
{
    rf_media_send_stop(media, stream);
}

static void ask(void *media, rf_media_id stream)
{
    rf_media_ask(media, stream);
}

static void close_stream(void *media, rf_media_id stream)
{
    rf_media_close(media, stream);
}

const struct rf_station_media_ops *rf_station_media_real(void)
{
    static const struct rf_station_media_ops ops = {.open = open_stream,
                                                    .receive = receive,
                                                    .receive_stop = receive_stop,
                                                    .send = send_stream,
                                                    .send_stop = send_stop,
                                                    .ask = ask,
                                                    .close = close_stream};
    return &ops;
}
