/* SPDX-License-Identifier: Apache-2.0 */
/* What stands around the messages: frames in a stream, versions, ids; and layouts that the length
 * of a body decides, texts that do not fit, and requests that cannot be encoded. */
#include "codec.h"

#include "sccp_samples.h"
#include "wire/sccp/sccp_names.h"

static struct rf_sccp_msg msg;
static uint8_t bytes_of_body[RF_SCCP_LENGTH_MAX];

/* ---- the stream ---- */

static void frames_one_byte_at_a_time(void **state)
{
    (void)state;
    uint8_t stream[512];
    struct rf_wr wr = rf_wr_of(stream, sizeof stream);
    struct rf_sccp_msg keypad = {.id = RF_SCCP_KEYPAD_BUTTON};
    for (uint32_t i = 0; i < 10; i++) {
        keypad.keypad_button.button = i;
        assert_err(rf_sccp_encode(&keypad, i % 2 == 0 ? 0 : 22, &wr, NULL), RF_OK);
    }
    size_t from = 0;
    uint32_t n = 0;
    for (size_t to = 0; to <= wr.len; to++) {
        struct rf_sccp_frame frame;
        size_t used;
        struct rf_why why = {0};
        enum rf_err err =
            rf_sccp_frame_next(rf_slice_of(stream + from, to - from), &frame, &used, &why);
        from += used;
        if (err == RF_ERR_AGAIN)
            continue;
        assert_err(err, RF_OK);
        assert_err(rf_sccp_decode(&frame, &msg, &why), RF_OK);
        assert_int_equal(msg.keypad_button.button, n);
        assert_int_equal(frame.version, n % 2 == 0 ? 0 : 22);
        n++;
    }
    assert_int_equal(n, 10);
    assert_int_equal(from, wr.len);
}

/* ---- versions ---- */

static void versions_as_read_and_as_sent(void **state)
{
    (void)state;
    static const unsigned read_as[24] = {0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  10, 11,
                                         11, 11, 11, 15, 16, 17, 18, 19, 20, 21, 22, 0};
    for (uint32_t v = 0; v < 24; v++) {
        uint8_t header[12] = {4, 0, 0, 0, (uint8_t)v};
        struct rf_sccp_frame frame;
        size_t used;
        assert_err(rf_sccp_frame_next(rf_slice_of(header, 12), &frame, &used, NULL), RF_OK);
        assert_int_equal(frame.header, v);
        assert_int_equal(frame.version, read_as[v]);
        assert_int_equal(frame.is_ignored, v == 23);
        assert_int_equal(rf_sccp_version_header(RF_SCCP_CALL_STATE, v), v == 23 ? 22 : read_as[v]);
        assert_int_equal(rf_sccp_version_header(RF_SCCP_REGISTER_ACK, v), 0);
        assert_int_equal(rf_sccp_version_header(RF_SCCP_UNREGISTER_ACK, v), 0);
        assert_int_equal(rf_sccp_version_header(RF_SCCP_KEEPALIVE_ACK, v), 0);
    }
}

static void version_that_is_agreed(void **state)
{
    (void)state;
    static const unsigned agreed[24] = {3,  3,  3,  3,  3,  5,  5,  5,  8,  8,  10, 11,
                                        11, 11, 11, 15, 16, 17, 18, 19, 20, 21, 22, 22};
    for (unsigned v = 0; v < 24; v++)
        assert_int_equal(rf_sccp_version_agree(v), agreed[v]);
    assert_int_equal(rf_sccp_version_agree(255), 22);
}

/* A layout never takes a byte of another version: what one writes, it reads again; and of bodies
 * that hold the whole layout, later versions have more. */
static void every_message_at_every_version(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; i < sccp_sample_ids_n; i++) {
        struct rf_sccp_msg sample;
        if (!sccp_sample(sccp_sample_ids[i], &sample))
            continue;
        assert_true(rf_sccp_is_known(sccp_sample_ids[i]));
        for (unsigned v = RF_SCCP_VERSION_LOWEST; v <= RF_SCCP_VERSION_LAST; v++) {
            static uint8_t one[RF_SCCP_LENGTH_MAX];
            static uint8_t two[RF_SCCP_LENGTH_MAX];
            struct rf_wr first = rf_wr_of(one, sizeof one);
            struct rf_wr second = rf_wr_of(two, sizeof two);
            struct rf_sccp_frame frame;
            size_t used;
            struct rf_why why = {0};
            assert_err(rf_sccp_encode(&sample, v, &first, &why), RF_OK);
            assert_true(first.len % 4 == 0);
            assert_true(first.len <= 12 + 2404);
            assert_err(rf_sccp_frame_next(rf_slice_of(one, first.len), &frame, &used, &why), RF_OK);
            assert_err(rf_sccp_decode(&frame, &msg, &why), RF_OK);
            assert_int_equal(msg.id, sample.id);
            assert_err(rf_sccp_encode(&msg, v, &second, &why), RF_OK);
            assert_slice_eq(rf_slice_of(one, first.len), rf_slice_of(two, second.len));
            n++;
        }
    }
    assert_int_equal(n, 118 * 20);
}

/* ---- ids ---- */

static void every_id_has_a_name_and_a_direction(void **state)
{
    (void)state;
    assert_int_equal(sccp_sample_ids_n, 175);
    size_t known = 0;
    size_t to_server = 0;
    for (size_t i = 0; i < sccp_sample_ids_n; i++) {
        uint32_t id = sccp_sample_ids[i];
        enum rf_sccp_dir dir;
        uint32_t back;
        const char *name = rf_sccp_id_name(id);
        assert_non_null(name);
        assert_true(rf_sccp_dir_of(id, &dir));
        to_server += dir == RF_SCCP_TO_SERVER;
        known += rf_sccp_is_known(id);
        for (size_t k = 0; k < i; k++)
            assert_true(sccp_sample_ids[k] < id); /* sorted, so none twice */
        assert_true(rf_sccp_number(RF_SCCP_NAMES_MESSAGE, rf_slice_str(name), &back));
        assert_int_equal(back, id);
    }
    assert_int_equal(known, 118);
    assert_int_equal(to_server, 68);
    enum rf_sccp_dir dir;
    assert_null(rf_sccp_id_name(0x84));
    assert_false(rf_sccp_dir_of(0x84, &dir));
    assert_false(rf_sccp_is_known(0x84));
    assert_false(rf_sccp_is_known(UINT32_MAX));
    /* acks that stand among the messages of the other side */
    assert_true(rf_sccp_dir_of(RF_SCCP_START_MEDIA_TRANSMISSION_ACK, &dir));
    assert_int_equal(dir, RF_SCCP_TO_SERVER);
}

static void before_register(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; i < sccp_sample_ids_n; i++) {
        enum rf_sccp_dir dir;
        if (!rf_sccp_is_before_register(sccp_sample_ids[i]))
            continue;
        assert_true(rf_sccp_is_known(sccp_sample_ids[i]));
        assert_true(rf_sccp_dir_of(sccp_sample_ids[i], &dir));
        assert_int_equal(dir, RF_SCCP_TO_SERVER);
        n++;
    }
    assert_int_equal(n, 10);
    assert_false(rf_sccp_is_before_register(RF_SCCP_SUBSCRIPTION_STAT_REQ));
    assert_false(rf_sccp_is_before_register(RF_SCCP_KEYPAD_BUTTON));
}

/* ---- layouts that the length decides ---- */

static enum rf_err read_as(uint32_t version, enum rf_sccp_id id, size_t len)
{
    struct rf_sccp_frame frame = {.length = (uint32_t)len + 4,
                                  .header = version,
                                  .version = version,
                                  .id = id,
                                  .body = rf_slice_of(bytes_of_body, len)};
    return rf_sccp_decode(&frame, &msg, NULL);
}

/* The body of a message as another version lays it out. */
static size_t body_from(enum rf_sccp_id id, unsigned version)
{
    static uint8_t frame[RF_SCCP_LENGTH_MAX];
    struct rf_wr wr = rf_wr_of(frame, sizeof frame);
    struct rf_sccp_msg sample;
    assert_true(sccp_sample(id, &sample));
    assert_err(rf_sccp_encode(&sample, version, &wr, NULL), RF_OK);
    memcpy(bytes_of_body, frame + 12, wr.len - 12);
    return wr.len - 12;
}

static void length_decides_about_addresses(void **state)
{
    (void)state;
    static const struct {
        enum rf_sccp_id id;
        size_t narrow;
        size_t wide;
    } rows[] = {
        {RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK, 20, 36},
        {RF_SCCP_START_MEDIA_TRANSMISSION_ACK, 24, 40},
        {RF_SCCP_MEDIA_TRANSMISSION_FAILURE, 20, 36},
        {RF_SCCP_PORT_RES, 24, 40},
    };
    static const uint32_t ports[] = {24680, 24680, 24682, 24680};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t wide_versions[] = {0, 11, 16, 17, 18};
        assert_int_equal(body_from(rows[i].id, 17), rows[i].wide);
        for (size_t v = 0; v < 5; v++) {
            assert_err(read_as(wide_versions[v], rows[i].id, rows[i].wide), RF_OK);
            uint32_t port = rows[i].id == RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK
                                ? msg.open_receive_channel_ack.port
                            : rows[i].id == RF_SCCP_START_MEDIA_TRANSMISSION_ACK
                                ? msg.start_media_transmission_ack.port
                            : rows[i].id == RF_SCCP_PORT_RES ? msg.port_res.port
                                                             : msg.media_transmission_failure.port;
            assert_int_equal(port, ports[i]);
        }
        assert_int_equal(body_from(rows[i].id, 0), rows[i].narrow);
        assert_err(read_as(17, rows[i].id, rows[i].narrow), RF_OK);
        assert_err(read_as(22, rows[i].id, rows[i].narrow), RF_OK);
        assert_int_equal(msg.body_len, 0); /* it will not be written like this again */
    }
    assert_int_equal(body_from(RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK, 0), 20);
    assert_err(read_as(22, RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK, 16), RF_OK); /* no call reference */
    assert_int_equal(msg.open_receive_channel_ack.pass_through_party_id, SAMPLE_PARTY);
    assert_int_equal(msg.open_receive_channel_ack.call_reference, 0);
}

static void port_answer_with_its_kind(void **state)
{
    (void)state;
    assert_int_equal(body_from(RF_SCCP_PORT_RES, 19), 44);
    memcpy(bytes_of_body + 40, "\x02\0\0", 4);
    uint32_t wide[] = {0, 17, 19, 22};
    for (size_t i = 0; i < 4; i++) {
        assert_err(read_as(wide[i], RF_SCCP_PORT_RES, 44), RF_OK);
        assert_int_equal(msg.port_res.media_type, 2);
        assert_int_equal(msg.port_res.rtcp_port, 24681);
    }
    uint8_t again[64];
    struct rf_wr wr = rf_wr_of(again, sizeof again);
    assert_err(read_as(17, RF_SCCP_PORT_RES, 44), RF_OK);
    assert_err(rf_sccp_encode(&msg, 17, &wr, NULL), RF_OK);
    assert_slice_eq(rf_slice_of(again + 12, 44), rf_slice_of(bytes_of_body, 44));
}

static void level_adjustment_before_its_version(void **state)
{
    (void)state;
    assert_int_equal(body_from(RF_SCCP_OPEN_RECEIVE_CHANNEL, 17), 128);
    memcpy(bytes_of_body + 128, "\x07\0\0", 4);
    assert_err(read_as(17, RF_SCCP_OPEN_RECEIVE_CHANNEL, 132), RF_OK);
    assert_int_equal(msg.open_receive_channel.audio_level_adjustment, 7);
    uint8_t again[200];
    struct rf_wr wr = rf_wr_of(again, sizeof again);
    assert_err(rf_sccp_encode(&msg, 17, &wr, NULL), RF_OK);
    assert_slice_eq(rf_slice_of(again + 12, 132), rf_slice_of(bytes_of_body, 132));
}

static void enbloc_by_length(void **state)
{
    (void)state;
    assert_int_equal(body_from(RF_SCCP_ENBLOC_CALL, 0), 28);
    assert_err(read_as(0, RF_SCCP_ENBLOC_CALL, 24), RF_OK);
    assert_int_equal(msg.enbloc_call.line_instance, 0);
    assert_err(read_as(22, RF_SCCP_ENBLOC_CALL, 28), RF_OK);
    assert_int_equal(msg.enbloc_call.line_instance, 1);
    assert_int_equal(body_from(RF_SCCP_ENBLOC_CALL, 22), 32); /* packed */
    assert_err(read_as(22, RF_SCCP_ENBLOC_CALL, 29), RF_OK);
    assert_int_equal(msg.enbloc_call.line_instance, 1);
    assert_err(read_as(0, RF_SCCP_ENBLOC_CALL, 32), RF_OK);
    assert_int_equal(msg.enbloc_call.line_instance, 1);
    assert_slice_str(msg.enbloc_call.called_party, "2002");
    memcpy(bytes_of_body + 25, "\0\0\0\x02\0\0\0", 7); /* aligned */
    assert_err(read_as(22, RF_SCCP_ENBLOC_CALL, 32), RF_OK);
    assert_int_equal(msg.enbloc_call.line_instance, 2);
    assert_true(msg.enbloc_call.is_aligned);
}

static void statistics_in_three_layouts(void **state)
{
    (void)state;
    static const struct {
        enum rf_sccp_stats_form form;
        unsigned version;
    } rows[] = {
        {RF_SCCP_STATS_CLASSIC, 11}, {RF_SCCP_STATS_PACKED, 22}, {RF_SCCP_STATS_ALIGNED, 20}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static uint8_t frame[2048];
        struct rf_wr wr = rf_wr_of(frame, sizeof frame);
        struct rf_sccp_msg sample;
        assert_true(sccp_sample(RF_SCCP_CONNECTION_STATISTICS_RES, &sample));
        sample.connection_statistics_res.form = rows[i].form;
        sample.body_len = 668; /* 600 bytes of data, mostly empty */
        assert_err(rf_sccp_encode(&sample, rows[i].version, &wr, NULL), RF_OK);
        memcpy(bytes_of_body, frame + 12, wr.len - 12);
        assert_err(read_as(rows[i].version, RF_SCCP_CONNECTION_STATISTICS_RES, wr.len - 12), RF_OK);
        assert_int_equal(msg.connection_statistics_res.form, rows[i].form);
        assert_int_equal(msg.connection_statistics_res.octets_received, 79840);
        assert_slice_str(msg.connection_statistics_res.data,
                         "MLQK=4.5000;MLQKav=4.4569;CCR=0.0000;ICR=0.0000");
    }
}

/* What must be there at each version; one byte less is too short. */
static void mandatory_part_by_version(void **state)
{
    (void)state;
    static const struct {
        enum rf_sccp_id id;
        uint32_t version;
        size_t min;
    } rows[] = {
        {RF_SCCP_OPEN_RECEIVE_CHANNEL, 0, 92},
        {RF_SCCP_OPEN_RECEIVE_CHANNEL, 16, 92},
        {RF_SCCP_OPEN_RECEIVE_CHANNEL, 17, 128},
        {RF_SCCP_OPEN_RECEIVE_CHANNEL, 22, 128},
        {RF_SCCP_START_MEDIA_TRANSMISSION, 0, 112},
        {RF_SCCP_START_MEDIA_TRANSMISSION, 11, 112},
        {RF_SCCP_START_MEDIA_TRANSMISSION, 15, 116},
        {RF_SCCP_START_MEDIA_TRANSMISSION, 16, 116},
        {RF_SCCP_START_MEDIA_TRANSMISSION, 17, 132},
        {RF_SCCP_START_MEDIA_TRANSMISSION, 22, 132},
        {RF_SCCP_SERVER_RES, 16, 280},
        {RF_SCCP_SERVER_RES, 17, 280},
        {RF_SCCP_FORWARD_STAT, 17, 92},
        {RF_SCCP_FORWARD_STAT, 18, 95},
        {RF_SCCP_DIALED_NUMBER, 17, 32},
        {RF_SCCP_DIALED_NUMBER, 18, 33},
        {RF_SCCP_CONNECTION_STATISTICS_REQ, 17, 32},
        {RF_SCCP_CONNECTION_STATISTICS_REQ, 18, 36},
        {RF_SCCP_CONNECTION_STATISTICS_RES, 17, 60},
        {RF_SCCP_CONNECTION_STATISTICS_RES, 18, 61},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(bytes_of_body, 0, sizeof bytes_of_body);
        assert_err(read_as(rows[i].version, rows[i].id, rows[i].min), RF_OK);
        assert_err(read_as(rows[i].version, rows[i].id, rows[i].min - 1), RF_ERR_SHORT);
    }
    /* a later version with the addresses of an earlier one */
    assert_err(read_as(17, RF_SCCP_SERVER_RES, 288), RF_OK);
    assert_err(read_as(17, RF_SCCP_SERVER_RES, 289), RF_ERR_SHORT);
}

/* Eight numbers and n texts, the second of them empty where there is an alternate number. */
static size_t call_info_texts(size_t n, size_t len)
{
    memset(bytes_of_body, 0, len);
    struct rf_wr wr = rf_wr_of(bytes_of_body, sizeof bytes_of_body);
    rf_wr_zero(&wr, 32);
    rf_wr_z(&wr, rf_slice_str("2002"));
    if (n > 12)
        rf_wr_z(&wr, rf_slice_str(""));
    rf_wr_z(&wr, rf_slice_str("2001"));
    for (size_t i = n > 12 ? 3 : 2; i < n; i++)
        rf_wr_z(&wr, rf_slice_str(i + 1 == n ? "last" : ""));
    assert_true(wr.len <= len);
    return wr.len;
}

static void call_info_by_the_number_of_its_texts(void **state)
{
    (void)state;
    static const size_t counts[] = {12, 13, 15};
    for (size_t i = 0; i < 3; i++) {
        for (size_t pad = 0; pad < 4; pad++) {
            size_t len = call_info_texts(counts[i], 256) + pad;
            if (pad > 0 && len % 4 != 0)
                continue;
            assert_err(read_as(11, RF_SCCP_CALL_INFO_V2, len), RF_OK);
            assert_slice_str(msg.call_info.calling_party, "2002");
            assert_slice_str(msg.call_info.called_party, "2001");
            assert_slice_str(counts[i] == 15 ? msg.call_info.hunt_pilot_name
                                             : msg.call_info.last_redirecting_party_name,
                             "last");
        }
    }
    /* the last texts are empty: where nothing pads the body they are texts, else padding */
    memset(bytes_of_body, 0, 64);
    memcpy(bytes_of_body + 32,
           "2002\0\0"
           "200",
           9);
    static const struct {
        size_t texts;
        const char *called;
        const char *original;
    } rows[] = {{12, "", "200"}, {13, "", "200"}, {14, "200", ""}, {15, "200", ""}};
    for (size_t i = 0; i < 4; i++) {
        assert_err(read_as(11, RF_SCCP_CALL_INFO_V2, 42 + rows[i].texts - 3), RF_OK);
        assert_slice_str(msg.call_info.called_party, rows[i].called);
        assert_slice_str(msg.call_info.original_called_party, rows[i].original);
    }
}

/* ---- texts that do not fit ---- */

static struct rf_slice prompt_of(const char *text)
{
    static uint8_t frame[128];
    struct rf_wr wr = rf_wr_of(frame, sizeof frame);
    struct rf_sccp_msg m = {.id = RF_SCCP_DISPLAY_TEXT,
                            .display_text = {.text = rf_slice_str(text)}};
    struct rf_sccp_frame f;
    size_t used;
    assert_err(rf_sccp_encode(&m, 17, &wr, NULL), RF_OK);
    assert_int_equal(wr.len, 12 + 32);
    assert_int_equal(frame[43], 0); /* one NUL at least */
    assert_err(rf_sccp_frame_next(rf_slice_of(frame, wr.len), &f, &used, NULL), RF_OK);
    assert_err(rf_sccp_decode(&f, &msg, NULL), RF_OK);
    return msg.display_text.text;
}

#define A29 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void texts_are_cut_between_characters(void **state)
{
    (void)state;
    assert_slice_str(prompt_of(""), "");
    assert_slice_str(prompt_of(A29 "bb"), A29 "bb");
    assert_slice_str(prompt_of(A29 "bbb"), A29 "bb");
    assert_slice_str(prompt_of(A29 "\xc3\xa9"), A29 "\xc3\xa9");
    assert_slice_str(prompt_of(A29 "b\xc3\xa9"), A29 "b");
    assert_slice_str(prompt_of(A29 "b\xe2\x82\xac"), A29 "b");
    assert_slice_str(prompt_of(A29 "\xf0\x9f\x93\x9e"), A29);
    /* ISO 8859-1: nothing belongs together */
    assert_slice_str(prompt_of(A29 "\xe9\xe9\xe9"), A29 "\xe9\xe9");
    /* a label and its code */
    assert_slice_str(prompt_of(A29 "\x80\x17"), A29 "\x80\x17");
    assert_slice_str(prompt_of(A29 "b\x80\x17"), A29 "b");
    assert_slice_str(prompt_of(A29 "b\x1e\x2d"), A29 "b");
    assert_slice_str(prompt_of("\x80\x1e" A29 "b"), "\x80\x1e" A29);
}

/* A text of a message, and how much of it travels at most at version 17. */
static const struct text_row {
    enum rf_sccp_id id;
    size_t at; /* of the slice in struct rf_sccp_msg */
    size_t max;
} text_rows[] = {
#define TEXT(id, member, max)                                                                      \
    {                                                                                              \
        RF_SCCP_##id, offsetof(struct rf_sccp_msg, member), (max)                                  \
    }
    TEXT(REGISTER, reg.device_name, 15),
    TEXT(REGISTER, reg.firmware_load_name, 31),
    TEXT(REGISTER, reg.config_version_stamp, 47),
    TEXT(REGISTER_ACK, register_ack.date_template, 5),
    TEXT(REGISTER_REJECT, register_reject.text, 31),
    TEXT(REGISTER_TOKEN_REQ, register_token_req.device_name, 15),
    TEXT(SPCP_REGISTER_TOKEN_REQ, register_token_req.device_name, 15),
    TEXT(ALARM, alarm.text, 79),
    TEXT(ENBLOC_CALL, enbloc_call.called_party, 23),
    TEXT(OFF_HOOK_WITH_CALLING_PARTY_NUMBER, off_hook_cgpn.calling_party, 23),
    TEXT(OFF_HOOK_WITH_CALLING_PARTY_NUMBER, off_hook_cgpn.voice_mailbox, 23),
    TEXT(CONFIG_STAT, config_stat.user_name, 39),
    TEXT(CONFIG_STAT, config_stat.server_name, 39),
    TEXT(CONFIG_STAT_V2, config_stat.device_name, 15),
    TEXT(CONFIG_STAT_V2, config_stat.user_name, 120),
    TEXT(CONFIG_STAT_V2, config_stat.server_name, 120),
    TEXT(LINE_STAT, line_stat.directory_number, 23),
    TEXT(LINE_STAT, line_stat.display_name, 39),
    TEXT(LINE_STAT, line_stat.label, 39),
    TEXT(LINE_STAT_V2, line_stat.directory_number, 24),
    TEXT(LINE_STAT_V2, line_stat.display_name, 120),
    TEXT(LINE_STAT_V2, line_stat.label, 120),
    TEXT(FORWARD_STAT, forward_stat.all.number, 23),
    TEXT(SPEED_DIAL_STAT, speed_dial_stat.directory_number, 23),
    TEXT(SPEED_DIAL_STAT, speed_dial_stat.display_name, 39),
    TEXT(SPEED_DIAL_STAT_V2, speed_dial_stat.directory_number, 24),
    TEXT(SPEED_DIAL_STAT_V2, speed_dial_stat.display_name, 120),
    TEXT(FEATURE_STAT, feature_stat.label, 39),
    TEXT(FEATURE_STAT_V2, feature_stat.label, 120),
    TEXT(SERVICE_URL_STAT, service_url_stat.url, 255),
    TEXT(SERVICE_URL_STAT, service_url_stat.label, 39),
    TEXT(SERVICE_URL_STAT_V2, service_url_stat.url, 255),
    TEXT(SERVICE_URL_STAT_V2, service_url_stat.label, 120),
    TEXT(VERSION, version.text, 15),
    TEXT(SERVER_RES, server_res.servers[4].name, 47),
    TEXT(CONNECTION_STATISTICS_REQ, connection_statistics_req.directory_number, 23),
    TEXT(DISPLAY_PROMPT_STATUS, display_prompt.text, 31),
    TEXT(DISPLAY_PROMPT_STATUS_V2, display_prompt.text, 96),
    TEXT(DISPLAY_NOTIFY, display_notify.text, 31),
    TEXT(DISPLAY_NOTIFY_V2, display_notify.text, 96),
    TEXT(DISPLAY_PRI_NOTIFY, display_notify.text, 31),
    TEXT(DISPLAY_PRI_NOTIFY_V2, display_notify.text, 96),
    TEXT(CALL_INFO, call_info.calling_party_name, 39),
    TEXT(CALL_INFO, call_info.last_redirecting_voice_mailbox, 23),
    TEXT(CALL_INFO_V2, call_info.calling_party, 24),
    TEXT(CALL_INFO_V2, call_info.alternate_calling_party, 24),
    TEXT(CALL_INFO_V2, call_info.called_party, 24),
    TEXT(CALL_INFO_V2, call_info.original_called_party, 24),
    TEXT(CALL_INFO_V2, call_info.last_redirecting_party, 24),
    TEXT(CALL_INFO_V2, call_info.cgpn_voice_mailbox, 24),
    TEXT(CALL_INFO_V2, call_info.cdpn_voice_mailbox, 24),
    TEXT(CALL_INFO_V2, call_info.original_cdpn_voice_mailbox, 24),
    TEXT(CALL_INFO_V2, call_info.last_redirecting_voice_mailbox, 24),
    TEXT(CALL_INFO_V2, call_info.calling_party_name, 120),
    TEXT(CALL_INFO_V2, call_info.called_party_name, 120),
    TEXT(CALL_INFO_V2, call_info.original_called_party_name, 120),
    TEXT(CALL_INFO_V2, call_info.last_redirecting_party_name, 120),
    TEXT(CALL_INFO_V2, call_info.hunt_pilot_number, 24),
    TEXT(CALL_INFO_V2, call_info.hunt_pilot_name, 120),
    TEXT(DIALED_NUMBER, dialed_number.number, 23),
    TEXT(SUBSCRIPTION_STAT_REQ, subscription_stat_req.subscription_id, 255),
    TEXT(NOTIFICATION, notification.text, 96),
    TEXT(ADD_ON_DEVICE_CAPABILITIES, add_on_device.text, 151),
#undef TEXT
};

static void texts_have_their_room(void **state)
{
    (void)state;
    static char longest[300];
    memset(longest, 'x', sizeof longest);
    for (size_t i = 0; i < sizeof text_rows / sizeof text_rows[0]; i++) {
        static uint8_t frame[RF_SCCP_SEND_MAX];
        struct rf_wr wr = rf_wr_of(frame, sizeof frame);
        struct rf_sccp_msg m = {.id = text_rows[i].id};
        struct rf_sccp_frame f;
        struct rf_slice text = rf_slice_of(longest, sizeof longest);
        size_t used;
        memcpy((uint8_t *)&m + text_rows[i].at, &text, sizeof text);
        assert_err(rf_sccp_encode(&m, 17, &wr, NULL), RF_OK);
        assert_err(rf_sccp_frame_next(rf_slice_of(frame, wr.len), &f, &used, NULL), RF_OK);
        assert_err(rf_sccp_decode(&f, &msg, NULL), RF_OK);
        memcpy(&text, (const uint8_t *)&msg + text_rows[i].at, sizeof text);
        if (text.len != text_rows[i].max)
            print_error("%s, row %zu: %zu bytes of text\n", rf_sccp_id_name(m.id), i, text.len);
        assert_int_equal(text.len, text_rows[i].max);
    }
}

/* ---- what cannot be encoded ---- */

/* Encoding at version 16, which has no room for IPv6 addresses, into so much room. */
static void refuses(const struct rf_sccp_msg *m, size_t room, enum rf_err err, const char *code)
{
    static uint8_t out[RF_SCCP_LENGTH_MAX + 8];
    struct rf_wr wr = rf_wr_of(out, room);
    struct rf_why why = {0};
    assert_err(rf_sccp_encode(m, 16, &wr, &why), err);
    assert_string_equal(why.code, code);
}

static void refusals_of_the_encoder(void **state)
{
    (void)state;
    static uint8_t data[RF_SCCP_DATA_MAX + 1];
    const size_t all = RF_SCCP_LENGTH_MAX + 8;
    struct rf_sccp_msg m = {.id = RF_SCCP_VIDEO_DISPLAY_COMMAND};
    refuses(&m, all, RF_ERR_UNKNOWN, "sccp-message");

    m = (struct rf_sccp_msg){.id = RF_SCCP_PORT_RES, .port_res = {.addr = {.type = 1}}};
    refuses(&m, all, RF_ERR_BAD, "sccp-address");
    m.port_res.addr.type = 0;
    refuses(&m, all, RF_OK, "");

    m = (struct rf_sccp_msg){.id = RF_SCCP_USER_TO_DEVICE_DATA_V1,
                             .user_data = {.data = rf_slice_of(data, sizeof data)}};
    refuses(&m, all, RF_ERR_LIMIT, "sccp-length");
    m.user_data.data.len--;
    refuses(&m, RF_SCCP_SEND_MAX, RF_OK, "");

    m = (struct rf_sccp_msg){.id = RF_SCCP_CALL_COUNT_RESP,
                             .call_count_resp = {.count = RF_SCCP_CALL_LINE_MAX + 1}};
    refuses(&m, all, RF_ERR_LIMIT, "sccp-length");
    m.call_count_resp.count--;
    refuses(&m, all, RF_OK, "");

    m = (struct rf_sccp_msg){.id = RF_SCCP_CALL_STATE, .body_len = 20};
    refuses(&m, all, RF_ERR_BAD, "sccp-body-len");
    m.body_len = RF_SCCP_LENGTH_MAX;
    refuses(&m, all, RF_ERR_LIMIT, "sccp-length");
    m.body_len = 0;
    refuses(&m, 35, RF_ERR_LIMIT, "sccp-room");
    refuses(&m, 36, RF_OK, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_one_byte_at_a_time),
        cmocka_unit_test(versions_as_read_and_as_sent),
        cmocka_unit_test(version_that_is_agreed),
        cmocka_unit_test(every_message_at_every_version),
        cmocka_unit_test(every_id_has_a_name_and_a_direction),
        cmocka_unit_test(before_register),
        cmocka_unit_test(length_decides_about_addresses),
        cmocka_unit_test(port_answer_with_its_kind),
        cmocka_unit_test(level_adjustment_before_its_version),
        cmocka_unit_test(enbloc_by_length),
        cmocka_unit_test(statistics_in_three_layouts),
        cmocka_unit_test(mandatory_part_by_version),
        cmocka_unit_test(call_info_by_the_number_of_its_texts),
        cmocka_unit_test(texts_are_cut_between_characters),
        cmocka_unit_test(texts_have_their_room),
        cmocka_unit_test(refusals_of_the_encoder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
