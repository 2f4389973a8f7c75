/* SPDX-License-Identifier: Apache-2.0 */
#include "station_world.h"

struct id ccm, second, tftp, stranger, issuer, lsc;
static struct rf_lists installed;

int keys_are_made(void **state)
{
    ccm = self_id(RF_CERT_ROLE_CCM, "ccm.test", 0);
    second = self_id(RF_CERT_ROLE_CCM, "ccm2.test", 0);
    tftp = self_id(RF_CERT_ROLE_TFTP, "tftp.test", 0);
    stranger = self_id(RF_CERT_ROLE_CCM, "ccm.test", 0);
    issuer = self_id(RF_CERT_ROLE_LSC_ISSUER, "LSC issuer", 0);
    id_set_key(&lsc, new_key(0));
    struct rf_issue_lsc spec = {.device_name = rf_slice_str(DEVICE),
                                .spki = rf_key_spki(lsc.key),
                                .now_s = TEST_NOW,
                                .days = 300};
    assert_err(rf_issue_lsc(&spec, issuer.cert, issuer.vault, &lsc.cert, NULL), RF_OK);
    installed = phone_lists((struct phone_list_row[]){{ccm.cert, RF_TRUSTLIST_ROLE_CCM},
                                                      {second.cert, RF_TRUSTLIST_ROLE_CCM_TFTP},
                                                      {tftp.cert, RF_TRUSTLIST_ROLE_TFTP}},
                            3);
    return 0;
}

int keys_are_gone(void **state)
{
    struct id *all[] = {&ccm, &second, &tftp, &stranger, &issuer, &lsc};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        id_fini(all[i]);
    rf_lists_fini(&installed);
    return 0;
}

/* ---- streams ---- */

static struct fake_stream *stream_of(void *media, rf_media_id id)
{
    struct world *w = media;
    assert_true(id >= 1 && id <= w->n_streams);
    struct fake_stream *s = &w->streams[id - 1];
    assert_false(s->is_gone || s->is_closing);
    return s;
}

static enum rf_err fails(const struct world *w, const char *what, struct rf_why *why)
{
    if (w->media_fails == NULL || strcmp(w->media_fails, what) != 0)
        return RF_OK;
    return rf_why_set(why, RF_ERR_IO, "media-socket", "%s fails in this test", what);
}

static enum rf_err media_open(void *media, const struct rf_media_conf *conf, rf_media_id *out,
                              uint16_t *out_port, struct rf_why *why)
{
    struct world *w = media;
    enum rf_err err = fails(w, "open", why);
    if (err != RF_OK)
        return err;
    assert_true(w->n_streams < STREAMS);
    w->streams[w->n_streams] = (struct fake_stream){.conf = *conf};
    *out = (rf_media_id)(++w->n_streams);
    *out_port = (uint16_t)(24000 + 2 * w->n_streams);
    return RF_OK;
}

static enum rf_err media_receive(void *media, rf_media_id id, enum rf_media_codec codec,
                                 const struct rf_media_key *key, struct rf_why *why)
{
    struct fake_stream *s = stream_of(media, id);
    s->receive_codec = codec;
    s->receive_key = *key;
    s->is_receiving = true;
    s->receives++;
    return fails(media, "receive", why);
}

static void media_receive_stop(void *media, rf_media_id id)
{
    stream_of(media, id)->is_receiving = false;
}

static enum rf_err media_send(void *media, rf_media_id id, const char *remote, uint16_t port,
                              enum rf_media_codec codec, const struct rf_media_key *key,
                              struct rf_media_clip *clip, uint8_t tos, struct rf_why *why)
{
    struct fake_stream *s = stream_of(media, id);
    s->send_codec = codec;
    s->send_key = *key;
    s->is_sending = true;
    s->sends++;
    s->tos = tos;
    s->clip = clip;
    s->remote_port = port;
    snprintf(s->remote, sizeof s->remote, "%s", remote);
    return fails(media, "send", why);
}

static void media_send_stop(void *media, rf_media_id id)
{
    stream_of(media, id)->is_sending = false;
}

static void media_ask(void *media, rf_media_id id)
{
    stream_of(media, id)->is_asked = true;
}

static void media_close(void *media, rf_media_id id)
{
    struct fake_stream *s = stream_of(media, id);
    s->is_closing = true;
    s->is_receiving = s->is_sending = false;
}

static const struct rf_station_media_ops media_ops = {.open = media_open,
                                                      .receive = media_receive,
                                                      .receive_stop = media_receive_stop,
                                                      .send = media_send,
                                                      .send_stop = media_send_stop,
                                                      .ask = media_ask,
                                                      .close = media_close};

static const struct rf_media_stats stats = {.sent_packets = 500,
                                            .sent_octets = 80000,
                                            .received_packets = 499,
                                            .received_octets = 79840,
                                            .lost = 1,
                                            .jitter = 24,
                                            .refused_tag = 7};

static void media_event(struct world *w, size_t stream, enum rf_media_event_kind kind, void *reader)
{
    struct fake_stream *s = &w->streams[stream];
    struct rf_media_event event = {.kind = kind,
                                   .stream = (rf_media_id)(stream + 1),
                                   .number = s->conf.number,
                                   .stats = stats,
                                   .reason = kind == RF_MEDIA_REFUSED ? "srtp-tag" : NULL};
    assert_false(s->is_gone);
    if (kind == RF_MEDIA_CLOSED) {
        s->is_gone = true;
        event.ulaw = rf_slice_str("what was heard");
    }
    s->conf.on_event(reader, &event);
}

void media_says(struct world *w, size_t stream, enum rf_media_event_kind kind)
{
    media_event(w, stream, kind, w);
    settle(w);
}

void media_settles(struct world *w)
{
    for (size_t i = 0; i < w->n_streams; i++)
        if (w->streams[i].is_closing && !w->streams[i].is_gone)
            media_event(w, i, RF_MEDIA_CLOSED, w);
}

/* ---- what the phone reports ---- */

static const char *copy(char *to, size_t cap, const char *from)
{
    assert_non_null(from);
    snprintf(to, cap, "%s", from);
    return to;
}
#define COPY(field) e->event.field = copy(e->field, sizeof e->field, event->field)

static void on_event(void *arg, const struct rf_station_event *event)
{
    struct world *w = arg;
    assert_true(w->n_events < EVENTS);
    struct seen_event *e = rf_new(struct seen_event);
    w->events[w->n_events++] = e;
    e->event = *event;
    COPY(server);
    COPY(suite);
    COPY(text);
    COPY(number);
    COPY(label);
    COPY(calling_number);
    COPY(calling_name);
    COPY(called_number);
    COPY(called_name);
    COPY(remote);
    COPY(word);
    COPY(mode);
    COPY(redirecting_number);
    assert_string_not_equal(rf_station_event_name(event->kind), "unknown");
    if (w->on_event != NULL)
        w->on_event(w, event);
}

const struct seen_event *expect_event(struct world *w, enum rf_station_event_kind kind)
{
    for (size_t i = w->event_at; i < w->n_events; i++) {
        if (w->events[i]->event.kind != kind)
            continue;
        w->event_at = i + 1;
        return w->events[i];
    }
    print_error("no event %s; there are:\n", rf_station_event_name(kind));
    for (size_t i = 0; i < w->n_events; i++)
        print_error("  %s%s\n", rf_station_event_name(w->events[i]->event.kind),
                    i + 1 == w->event_at ? "   <- last expected" : "");
    fail();
    return NULL;
}

size_t events_of(const struct world *w, enum rf_station_event_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_events; i++)
        n += w->events[i]->event.kind == kind;
    return n;
}

void expect_word(struct world *w, const char *word)
{
    assert_string_equal(expect_event(w, RF_STATION_STANDBY)->word, word);
}

void expect_call(struct world *w, enum rf_station_call_state state)
{
    const struct seen_event *e = expect_event(w, RF_STATION_CALL);
    assert_string_equal(rf_station_call_state_name(e->event.call_state),
                        rf_station_call_state_name(state));
}

/* ---- the world ---- */

struct world *world_new(unsigned version)
{
    struct world *w = rf_new(struct world);
    rf_clock_fake_init(&w->clock, TEST_NOW);
    w->timers = rf_timers_new(&w->clock.clock);
    w->answers = rf_mailbox_new("test", 16);
    rf_lists_install(&w->lists, RF_LIST_CTL, installed.ctl);
    w->id = (struct rf_phone_id){.cert = lsc.cert, .key = lsc.key};
    w->conf = (struct rf_station_conf){.device = DEVICE,
                                       .device_type = 30006,
                                       .version = version,
                                       .load = "RF70.1-0-1",
                                       .version_stamp = "stamp-7",
                                       .servers = {{"192.0.2.1", 2000}},
                                       .n_servers = 1,
                                       .mode = RF_STATION_ENCRYPTED,
                                       .lists = &w->lists,
                                       .id = &w->id,
                                       .net = net_ops(),
                                       .net_arg = &w->net,
                                       .clock = &w->clock.clock,
                                       .timers = w->timers,
                                       .answers = w->answers,
                                       .media = &media_ops,
                                       .media_arg = w,
                                       .record_max = 1000,
                                       .on_event = on_event,
                                       .arg = w};
    return w;
}

void world_free(struct world *w)
{
    rf_station_free(w->st);
    for (size_t i = 0; i < w->n_streams; i++) {
        assert_true(w->streams[i].is_closing); /* no stream is left open */
        if (!w->streams[i].is_gone)
            media_event(w, i, RF_MEDIA_CLOSED, w); /* after the station is gone */
    }
    rf_mailbox_free(w->answers);
    assert_int_equal(rf_timers_wait_ms(w->timers), -1); /* nor a timer */
    rf_timers_free(w->timers);
    net_fini(&w->net);
    rf_lists_fini(&w->lists);
    for (size_t i = 0; i < w->n_events; i++)
        rf_free(w->events[i]);
    rf_free(w);
}

void settle(struct world *w)
{
    do
        rf_timers_run(w->timers);
    while (net_settle(&w->net));
}

void passes(struct world *w, uint64_t ms)
{
    while (ms > 0) {
        int next = rf_timers_wait_ms(w->timers);
        uint64_t step = next < 0 || (uint64_t)next > ms ? ms : next == 0 ? 1 : (uint64_t)next;
        rf_clock_fake_advance(&w->clock, step);
        settle(w);
        ms -= step;
    }
}

void makes(struct world *w)
{
    struct rf_why why = {0};
    assert_err(rf_station_new(&w->conf, &w->st, &why), RF_OK);
}

void starts(struct world *w)
{
    if (w->st == NULL)
        makes(w);
    rf_station_start(w->st);
    settle(w);
}

void accepts(struct world *w)
{
    w->link = net_last(&w->net);
    w->read_at = 0;
    w->version = 0;
    net_accept(w->link, ccm.cert, SUITE);
    settle(w);
}

static void gives(struct world *w, struct rf_wr *wr)
{
    struct rf_slice frame;
    assert_err(rf_wr_done(wr, &frame), RF_OK);
    net_give(w->link, frame);
    settle(w);
}

void says(struct world *w, const struct rf_sccp_msg *msg)
{
    uint8_t bytes[RF_SCCP_SEND_MAX];
    struct rf_wr wr = rf_wr_of(bytes, sizeof bytes);
    struct rf_why why = {0};
    assert_err(rf_sccp_encode(msg, w->version, &wr, &why), RF_OK);
    gives(w, &wr);
}

void says_empty(struct world *w, enum rf_sccp_id id)
{
    says(w, &(struct rf_sccp_msg){.id = id});
}

void says_bytes(struct world *w, uint32_t id, const void *body, size_t n)
{
    uint8_t bytes[RF_SCCP_SEND_MAX];
    struct rf_wr wr = rf_wr_of(bytes, sizeof bytes);
    rf_wr_u32le(&wr, (uint32_t)n + 4);
    rf_wr_u32le(&wr, w->version >= 10 ? w->version : 0);
    rf_wr_u32le(&wr, id);
    if (body != NULL)
        rf_wr_bytes(&wr, body, n);
    else
        rf_wr_zero(&wr, n);
    gives(w, &wr);
}

static bool next_message(struct world *w)
{
    struct rf_sccp_frame frame;
    struct rf_why why = {0};
    size_t n;
    struct rf_slice rest = rf_slice_part(net_taken(w->link), w->read_at, SIZE_MAX);
    if (rest.len == 0)
        return false;
    assert_err(rf_sccp_frame_next(rest, &frame, &n, &why), RF_OK);
    assert_err(rf_sccp_decode(&frame, &w->msg, &why), RF_OK);
    w->read_at += n;
    return true;
}

const struct rf_sccp_msg *expect(struct world *w, enum rf_sccp_id id)
{
    while (next_message(w))
        if (w->msg.id == id)
            return &w->msg;
    print_error("no %s\n", rf_sccp_id_name(id));
    fail();
    return NULL;
}

void expect_none(struct world *w, enum rf_sccp_id id)
{
    size_t keep = w->read_at;
    while (next_message(w))
        assert_int_not_equal(w->msg.id, id);
    w->read_at = keep;
}

void forget(struct world *w)
{
    w->read_at = net_taken(w->link).len;
    w->event_at = w->n_events;
}

struct side leaves(const struct world *w)
{
    return (struct side){w->link, w->version, w->read_at};
}

void goes_to(struct world *w, struct side s)
{
    w->link = s.link;
    w->version = s.version;
    w->read_at = s.read_at;
}

/* ---- a call manager ---- */

void acks_register(struct world *w)
{
    unsigned agreed = rf_sccp_version_agree(w->conf.version);
    struct rf_sccp_msg ack = {.id = RF_SCCP_REGISTER_ACK,
                              .register_ack = {.keepalive_interval_s = 30,
                                               .date_template = rf_slice_str("D.M.Y"),
                                               .secondary_keepalive_interval_s = 60,
                                               .max_protocol_ver = (uint8_t)agreed}};
    says(w, &ack);
    w->version = agreed;
    says_empty(w, RF_SCCP_CAPABILITIES_REQ);
}

static void answers_line(struct world *w, uint32_t number)
{
    says(w, &(struct rf_sccp_msg){.id = rf_sccp_form(RF_SCCP_LINE_STAT, w->version),
                                  .line_stat = {.line_number = number,
                                                .directory_number = rf_slice_str("2001"),
                                                .display_name = rf_slice_str("Ada"),
                                                .label = rf_slice_str("Ada"),
                                                .display_options = 15}});
}

void answers_questions(struct world *w)
{
    struct rf_sccp_msg buttons = {.id = RF_SCCP_BUTTON_TEMPLATE};
    buttons.button_template.count = 3;
    for (uint8_t i = 0; i < 2; i++)
        buttons.button_template.buttons[i] =
            (struct rf_sccp_button){.instance = (uint8_t)(i + 1), .type = RF_SCCP_STIM_LINE};
    buttons.button_template.buttons[2].type = RF_SCCP_STIM_UNDEFINED;
    struct rf_sccp_msg keys = {.id = RF_SCCP_SOFTKEY_TEMPLATE_RES};
    keys.softkey_template.count = 2;
    keys.softkey_template.keys[0] =
        (struct rf_sccp_softkey){.label = rf_slice_str("\x80\x02"), .event = 2};
    keys.softkey_template.keys[1] =
        (struct rf_sccp_softkey){.label = rf_slice_str("\x80\x09"), .event = 19};
    expect(w, RF_SCCP_BUTTON_TEMPLATE_REQ);
    says(w, &buttons);
    expect(w, RF_SCCP_SOFTKEY_TEMPLATE_REQ);
    says(w, &keys);
    expect(w, RF_SCCP_SOFTKEY_SET_REQ);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_SOFTKEY_SET_RES, .softkey_set.count = 1});
    expect(w, RF_SCCP_CONFIG_STAT_REQ);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_CONFIG_STAT});
    for (uint32_t i = 1; i <= 2; i++) {
        assert_int_equal(expect(w, RF_SCCP_LINE_STAT_REQ)->line_stat_req.number, i);
        answers_line(w, i);
    }
    for (uint32_t i = 1; i <= 2; i++) {
        assert_int_equal(expect(w, RF_SCCP_FORWARD_STAT_REQ)->forward_stat_req.number, i);
        says(w, &(struct rf_sccp_msg){.id = RF_SCCP_FORWARD_STAT, .forward_stat.line_number = i});
    }
    assert_int_equal(
        expect(w, RF_SCCP_REGISTER_AVAILABLE_LINES)->register_available_lines.max_lines, 2);
    expect(w, RF_SCCP_TIME_DATE_REQ);
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_DEFINE_TIME_DATE,
                                  .define_time_date = {.year = 2026, .month = 12, .day = 1}});
}

void registers(struct world *w)
{
    starts(w);
    accepts(w);
    expect(w, RF_SCCP_REGISTER);
    acks_register(w);
    answers_questions(w);
    expect_event(w, RF_STATION_REGISTERED);
    forget(w);
}

/* ---- keys ---- */

void has_usual_keys(struct world *w)
{
    static const uint8_t numbers[] = {
        RF_SCCP_KEY_REDIAL,   RF_SCCP_KEY_NEW_CALL,   RF_SCCP_KEY_HOLD,     RF_SCCP_KEY_TRANSFER,
        RF_SCCP_KEY_CFWD_ALL, RF_SCCP_KEY_BACK_SPACE, RF_SCCP_KEY_END_CALL, RF_SCCP_KEY_RESUME,
        RF_SCCP_KEY_ANSWER,   RF_SCCP_KEY_CONFRN,     RF_SCCP_KEY_MEET_ME,  RF_SCCP_KEY_BARGE,
        RF_SCCP_KEY_PRIVATE,  RF_SCCP_KEY_DND};
    /* places in that list, from 1 */
    static const uint8_t sets[][8] = {
        [RF_SCCP_KEYSET_ON_HOOK] = {1, 2, 5, 14},  [RF_SCCP_KEYSET_CONNECTED] = {3, 7, 4, 10, 13},
        [RF_SCCP_KEYSET_ON_HOLD] = {8, 2, 4},      [RF_SCCP_KEYSET_RING_IN] = {9, 7},
        [RF_SCCP_KEYSET_OFF_HOOK] = {1, 7, 5, 11}, [RF_SCCP_KEYSET_CONN_TRANS] = {3, 7, 4, 10},
        [RF_SCCP_KEYSET_DIGITS_FOLL] = {6, 7},     [RF_SCCP_KEYSET_CONN_CONF] = {3, 7, 10},
        [RF_SCCP_KEYSET_RING_OUT] = {7, 4},        [RF_SCCP_KEYSET_OFF_HOOK_FEAT] = {1, 7},
        [RF_SCCP_KEYSET_IN_USE_HINT] = {1, 2, 12}, [RF_SCCP_KEYSET_ON_HOOK_STEALABLE] = {1, 2, 8},
    };
    char labels[sizeof numbers][2];
    struct rf_sccp_msg keys = {.id = RF_SCCP_SOFTKEY_TEMPLATE_RES};
    struct rf_sccp_msg res = {.id = RF_SCCP_SOFTKEY_SET_RES};
    keys.softkey_template.count = sizeof numbers;
    for (size_t i = 0; i < sizeof numbers; i++) {
        labels[i][0] = (char)RF_SCCP_LABEL_WORD;
        labels[i][1] = (char)numbers[i];
        keys.softkey_template.keys[i] = (struct rf_sccp_softkey){.label = rf_slice_of(labels[i], 2),
                                                                 .event = numbers[i] + 100u};
    }
    says(w, &keys);
    res.softkey_set.count = sizeof sets / sizeof *sets;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        memcpy(res.softkey_set.sets[i].template_index, sets[i], sizeof sets[i]);
    says(w, &res);
}

void offers(struct world *w, uint32_t ref, enum rf_sccp_keyset set, uint32_t mask)
{
    says(w, &(struct rf_sccp_msg){.id = RF_SCCP_SELECT_SOFTKEYS,
                                  .select_softkeys = {.line_instance = ref != 0 ? 1 : 0,
                                                      .call_reference = ref,
                                                      .set_index = set,
                                                      .valid_key_mask = mask}});
}

/* ---- calls ---- */

void call_state(struct world *w, enum rf_sccp_state state, uint32_t ref)
{
    says(w, &(struct rf_sccp_msg){
                .id = RF_SCCP_CALL_STATE,
                .call_state = {.state = state, .line_instance = 1, .call_reference = ref}});
}

void rings(struct world *w)
{
    registers(w);
    call_state(w, RF_SCCP_STATE_RING_IN, REF);
    expect_call(w, RF_STATION_RING_IN);
}

void talks(struct world *w)
{
    struct rf_why why = {0};
    struct rf_sccp_media_key in = some_key(1), out = some_key(2);
    rings(w);
    assert_err(rf_station_answer(w->st, &why), RF_OK);
    call_state(w, RF_SCCP_STATE_OFF_HOOK, REF);
    call_state(w, RF_SCCP_STATE_CONNECTED, REF);
    opens_receive(w, REF, &in);
    starts_send(w, REF, &out);
    expect_call(w, RF_STATION_ANSWERING);
    expect_call(w, RF_STATION_CONNECTED);
    expect_event(w, RF_STATION_SENDING);
    forget(w);
}

struct rf_sccp_media_key some_key(uint8_t first)
{
    struct rf_sccp_media_key key = {
        .algorithm = RF_SCCP_SRTP_AES_CM_128_HMAC_SHA1_32, .key_len = 16, .salt_len = 14};
    memset(key.key, first, sizeof key.key);
    memset(key.salt, first + 100, 14);
    return key;
}

void opens_receive(struct world *w, uint32_t ref, const struct rf_sccp_media_key *key)
{
    struct rf_sccp_msg msg = {.id = RF_SCCP_OPEN_RECEIVE_CHANNEL,
                              .open_receive_channel = {.conference_id = ref,
                                                       .pass_through_party_id = ref ^ 0xffffffffu,
                                                       .packet_ms = 20,
                                                       .codec = RF_SCCP_CODEC_G711_ULAW_64K,
                                                       .call_reference = ref}};
    if (key != NULL)
        msg.open_receive_channel.key = *key;
    says(w, &msg);
}

void starts_send(struct world *w, uint32_t ref, const struct rf_sccp_media_key *key)
{
    struct rf_sccp_msg msg = {
        .id = RF_SCCP_START_MEDIA_TRANSMISSION,
        .start_media_transmission = {.conference_id = ref,
                                     .pass_through_party_id = ref ^ 0xffffffffu,
                                     .remote = {.ip = {10, 1, 2, 4}},
                                     .remote_port = 24680,
                                     .packet_ms = 20,
                                     .codec = RF_SCCP_CODEC_G711_ULAW_64K,
                                     .precedence = 0xb8,
                                     .call_reference = ref}};
    if (key != NULL)
        msg.start_media_transmission.key = *key;
    says(w, &msg);
}

void stops(struct world *w, enum rf_sccp_id id, uint32_t ref)
{
    struct rf_sccp_msg msg = {.id = id};
    struct rf_sccp_stop_media stop = {
        .conference_id = ref, .pass_through_party_id = ref ^ 0xffffffffu, .call_reference = ref};
    if (id == RF_SCCP_CLOSE_RECEIVE_CHANNEL)
        msg.close_receive_channel = stop;
    else
        msg.stop_media_transmission = stop;
    says(w, &msg);
}

void asks_statistics(struct world *w, uint32_t ref)
{
    says(w, &(struct rf_sccp_msg){
                .id = RF_SCCP_CONNECTION_STATISTICS_REQ,
                .connection_statistics_req = {.directory_number = rf_slice_str("2001"),
                                              .call_reference = ref}});
}
