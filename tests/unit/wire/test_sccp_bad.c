/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with the bytes of a phone or a call manager: every example cut, lengthened, with
 * other lengths, versions and numbers. Refused with a reason, or read; what was read is written,
 * and reading and writing that once more changes nothing. Inputs have their exact size on the heap.
 * doc: docs/wire/sccp.md, "Bad input" */
#include "sccp_examples.h"
#include "sccp_samples.h"

#include "wire/sccp/sccp_names.h"

#define FRAME_MAX (RF_SCCP_LENGTH_MAX + 8)

static uint8_t frame_bytes[FRAME_MAX];

/* A frame of this header version and id, with a body that ends where a page of memory might. */
static struct rf_slice frame_of(uint32_t version, uint32_t id, struct rf_slice body)
{
    struct rf_wr wr = rf_wr_of(frame_bytes, sizeof frame_bytes);
    struct rf_slice out;
    rf_wr_u32le(&wr, (uint32_t)body.len + 4);
    rf_wr_u32le(&wr, version);
    rf_wr_u32le(&wr, id);
    rf_wr_slice(&wr, body);
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    return out;
}

static bool write(const struct rf_sccp_msg *m, unsigned version, uint8_t *buf, struct rf_slice *out)
{
    struct rf_wr wr = rf_wr_of(buf, FRAME_MAX);
    struct rf_why why = {0};
    enum rf_err err = rf_sccp_encode(m, version, &wr, &why);
    if (err != RF_OK) /* an address of version 17 under an older header has no place to go */
        assert_string_equal(why.code, "sccp-address");
    else
        assert_err(rf_wr_done(&wr, out), RF_OK);
    return err == RF_OK;
}

static void assert_stable(const struct rf_sccp_msg *m, unsigned version)
{
    static uint8_t one[FRAME_MAX];
    static uint8_t two[FRAME_MAX];
    static struct rf_sccp_msg again;
    struct rf_slice first;
    struct rf_slice second;
    struct rf_sccp_frame frame;
    size_t used;
    if (!write(m, version, one, &first))
        return;
    assert_err(rf_sccp_frame_next(first, &frame, &used, NULL), RF_OK);
    assert_int_equal(used, first.len);
    assert_err(rf_sccp_decode(&frame, &again, NULL), RF_OK);
    assert_true(write(&again, version, two, &second));
    assert_slice_eq(first, second);
}

static bool is_reason(enum rf_err err, const char *code)
{
    static const struct {
        enum rf_err err;
        const char *code;
    } reasons[] = {{RF_ERR_SHORT, "short"},
                   {RF_ERR_BAD, "sccp-text"},
                   {RF_ERR_UNKNOWN, "sccp-message"},
                   {RF_ERR_UNKNOWN, "sccp-header-version"}};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].err == err && strcmp(reasons[i].code, code) == 0)
            return true;
    return false;
}

/* Reads one whole frame from memory of its size; what it says is checked, and given back. */
static enum rf_err take(struct rf_slice bytes, struct rf_why *why)
{
    static struct rf_sccp_msg m;
    static const struct rf_sccp_msg nothing;
    struct rf_sccp_frame frame;
    size_t used;
    uint8_t *copy = malloc(bytes.len);
    assert_non_null(copy);
    memcpy(copy, bytes.p, bytes.len);
    *why = (struct rf_why){0};
    assert_err(rf_sccp_frame_next(rf_slice_of(copy, bytes.len), &frame, &used, why), RF_OK);
    assert_int_equal(used, bytes.len);
    enum rf_err err = rf_sccp_decode(&frame, &m, why);
    if (err == RF_OK) {
        assert_stable(&m, frame.version);
    } else {
        assert_true(is_reason(err, why->code));
        assert_true(why->text[0] != '\0');
        assert_memory_equal(&m, &nothing, sizeof m);
    }
    free(copy);
    return err;
}

static uint32_t id_of(struct rf_slice frame)
{
    struct rf_rd rd = rf_rd_of(rf_slice_part(frame, 8, 4));
    uint32_t id;
    assert_true(rf_rd_u32le(&rd, &id));
    return id;
}

static uint32_t version_of(struct rf_slice frame)
{
    struct rf_rd rd = rf_rd_of(rf_slice_part(frame, 4, 4));
    uint32_t version;
    assert_true(rf_rd_u32le(&rd, &version));
    return version;
}

static struct rf_slice body_of(struct rf_slice frame)
{
    return rf_slice_part(frame, 12, frame.len);
}

static const uint32_t versions[] = {0,  1,  2,  3,  4,  5,  6,          7,         8,
                                    9,  10, 11, 12, 13, 14, 15,         16,        17,
                                    18, 19, 20, 21, 22, 23, 0x7fffffff, UINT32_MAX};

static struct sccp_examples all;

static void cut_at_every_length_and_version(void **state)
{
    (void)state;
    struct rf_why why;
    size_t refused = 0;
    for (all = sccp_examples_open(); sccp_examples_next(&all);) {
        struct rf_slice body = body_of(all.bytes);
        for (size_t n = 0; n <= body.len; n++) {
            for (size_t v = 0; v < sizeof versions / sizeof versions[0]; v++) {
                enum rf_err err =
                    take(frame_of(versions[v], id_of(all.bytes), rf_slice_part(body, 0, n)), &why);
                assert_true(versions[v] <= 22 || err == RF_ERR_UNKNOWN);
                refused += err == RF_ERR_SHORT;
            }
        }
    }
    sccp_examples_close(&all);
    assert_true(refused > 10000);
}

static void cut_streams_wait(void **state)
{
    (void)state;
    struct rf_sccp_frame frame;
    size_t used = 1;
    struct rf_why why = {0};
    for (all = sccp_examples_open(); sccp_examples_next(&all);) {
        for (size_t n = 0; n < all.bytes.len; n++) {
            uint8_t *copy = malloc(n + 1); /* never 0 */
            memcpy(copy, all.bytes.p, n);
            assert_err(rf_sccp_frame_next(rf_slice_of(copy, n), &frame, &used, &why), RF_ERR_AGAIN);
            assert_int_equal(used, 0);
            assert_string_equal(why.code, "");
            free(copy);
        }
    }
    sccp_examples_close(&all);
}

static void longer_than_known_is_read(void **state)
{
    (void)state;
    static uint8_t longer[FRAME_MAX];
    static const size_t more[] = {1, 2, 3, 4, 5, 16, 36, 200};
    static const int with[] = {0x00, 0xff, 'A'};
    struct rf_why why;
    for (all = sccp_examples_open(); sccp_examples_next(&all);) {
        struct rf_slice body = body_of(all.bytes);
        for (size_t i = 0; i < sizeof more / sizeof more[0] * 3; i++) {
            memcpy(longer, body.p, body.len);
            memset(longer + body.len, with[i % 3], more[i / 3]);
            struct rf_slice bytes = frame_of(version_of(all.bytes), id_of(all.bytes),
                                             rf_slice_of(longer, body.len + more[i / 3]));
            enum rf_err err = take(bytes, &why);
            if (err != RF_OK)
                print_error("%.*s: %s\n", (int)all.name.len, (const char *)all.name.p,
                            rf_why_text(&why));
            assert_int_equal(err, RF_OK);
        }
    }
    sccp_examples_close(&all);
}

/* Each place of a body in turn holds a number that no count, length or kind of address may have. */
static void large_numbers_everywhere(void **state)
{
    (void)state;
    static const uint8_t numbers[][4] = {
        {0xff, 0xff, 0xff, 0xff}, {0xff, 0xff, 0xff, 0x7f}, {0, 0, 0, 0x80}, {0, 0, 0, 0}};
    static uint8_t changed[FRAME_MAX];
    struct rf_why why;
    for (all = sccp_examples_open(); sccp_examples_next(&all);) {
        struct rf_slice body = body_of(all.bytes);
        for (size_t at = 0; at + 4 <= body.len; at++) {
            memcpy(changed, body.p, body.len);
            for (size_t i = 0; i < 4; i++) {
                memcpy(changed + at, numbers[i], 4);
                (void)take(frame_of(version_of(all.bytes), id_of(all.bytes),
                                    rf_slice_of(changed, body.len)),
                           &why);
            }
        }
    }
    sccp_examples_close(&all);
}

static void wrong_lengths_end_the_stream(void **state)
{
    (void)state;
    static const struct {
        uint32_t length;
        enum rf_err err;
    } rows[] = {
        {0, RF_ERR_BAD},
        {1, RF_ERR_BAD},
        {3, RF_ERR_BAD},
        {4, RF_OK},
        {8191, RF_ERR_AGAIN},
        {8192, RF_ERR_AGAIN},
        {8193, RF_ERR_LIMIT},
        {0x02010316, RF_ERR_LIMIT}, /* a ClientHello of TLS */
        {0x7fffffff, RF_ERR_LIMIT},
        {0x80000004, RF_ERR_LIMIT},
        {0xfffffff8, RF_ERR_LIMIT}, /* 8 more wrap to 0 */
        {0xffffffff, RF_ERR_LIMIT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* as soon as the four bytes are there, and with a header behind them */
        for (size_t n = 4; n <= 12; n += 8) {
            uint8_t *bytes = calloc(1, n);
            struct rf_wr wr = rf_wr_of(bytes, n);
            struct rf_sccp_frame frame;
            size_t used = 1;
            struct rf_why why = {0};
            rf_wr_u32le(&wr, rows[i].length);
            enum rf_err want = rows[i].err == RF_OK && n == 4 ? RF_ERR_AGAIN : rows[i].err;
            assert_err(rf_sccp_frame_next(rf_slice_of(bytes, n), &frame, &used, &why), want);
            assert_int_equal(used, want == RF_OK ? 12 : 0);
            assert_string_equal(why.code,
                                want == RF_OK || want == RF_ERR_AGAIN ? "" : "frame-length");
            free(bytes);
        }
    }
}

static void unknown_ids_are_named_or_numbered(void **state)
{
    (void)state;
    static const uint32_t nobodys[] = {0x13,  0x4b,  0x84,   0x8e,    0xff,
                                       0x125, 0x15b, 0xff00, 0x10000, UINT32_MAX};
    struct rf_why why;
    for (size_t i = 0; i < sizeof nobodys / sizeof nobodys[0]; i++) {
        assert_refused(take(frame_of(0, nobodys[i], rf_slice_str("abcd")), &why), RF_ERR_UNKNOWN,
                       why, "sccp-message");
        assert_non_null(strstr(why.text, "no message has the id"));
    }
    for (size_t i = 0; i < sccp_sample_ids_n; i++) {
        if (rf_sccp_is_known(sccp_sample_ids[i]))
            continue;
        assert_refused(take(frame_of(0, sccp_sample_ids[i], rf_slice_str("abcd")), &why),
                       RF_ERR_UNKNOWN, why, "sccp-message");
        assert_non_null(strstr(why.text, rf_sccp_id_name(sccp_sample_ids[i])));
    }
}

/* ---- one by one ---- */

static struct rf_sccp_msg msg;

/* A body made of numbers, then a text; the message is in `msg` on RF_OK. */
static enum rf_err read_body(uint32_t version, enum rf_sccp_id id, const void *body, size_t len)
{
    static uint8_t *copy;
    struct rf_sccp_frame frame;
    size_t used;
    struct rf_why why = {0};
    struct rf_slice bytes = frame_of(version, id, rf_slice_of(body, len));
    free(copy);
    copy = malloc(bytes.len);
    memcpy(copy, bytes.p, bytes.len);
    assert_err(rf_sccp_frame_next(rf_slice_of(copy, bytes.len), &frame, &used, NULL), RF_OK);
    enum rf_err err = rf_sccp_decode(&frame, &msg, &why);
    if (err == RF_OK)
        assert_stable(&msg, frame.version);
    return err;
}

static void register_of_any_length(void **state)
{
    (void)state;
    static const char body[200] = "SEP001122334455";
    assert_err(read_body(0, RF_SCCP_REGISTER, body, 35), RF_ERR_SHORT);
    static const size_t good[] = {36, 44, 68, 72, 123, 124, 172, 188, 200};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_err(read_body(0, RF_SCCP_REGISTER, body, good[i]), RF_OK);
        assert_slice_str(msg.reg.device_name, "SEP001122334455");
        assert_int_equal(msg.body_len, good[i]);
    }
    static const char full[36] = "0123456789abcdef\x01";
    assert_err(read_body(0, RF_SCCP_REGISTER, full, 36), RF_OK);
    assert_slice_str(msg.reg.device_name, "0123456789abcdef"); /* no NUL: the field's end */
    assert_int_equal(msg.reg.user_id, 1);
}

static void counts_are_cut_to_what_is_there(void **state)
{
    (void)state;
    static uint8_t body[600];
    static const uint32_t counts[] = {0, 1, 2, 18, 19, 0x80000000, UINT32_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct rf_wr wr = rf_wr_of(body, sizeof body);
        rf_wr_u32le(&wr, counts[i]);
        uint32_t there = counts[i] < 2 ? counts[i] : 2;
        assert_err(read_body(0, RF_SCCP_CAPABILITIES_RES, body, 4 + 2 * 16 + 15), RF_OK);
        assert_int_equal(msg.capabilities_res.count, there);
        assert_err(read_body(0, RF_SCCP_CAPABILITIES_RES, body, 4 + 19 * 16), RF_OK);
        assert_int_equal(msg.capabilities_res.count, counts[i] < 18 ? counts[i] : 18);

        memset(body, 0xff, sizeof body); /* counts of all arrays */
        assert_err(read_body(0, RF_SCCP_UPDATE_CAPABILITIES, body, 312 + 16 * 16 + 8), RF_OK);
        assert_int_equal(msg.update_capabilities.audio_count, 16);
        assert_err(read_body(0, RF_SCCP_UPDATE_CAPABILITIES, body, 600), RF_OK);
        assert_int_equal(msg.update_capabilities.audio_count, 18);
        assert_int_equal(msg.update_capabilities.video_and_data.len, 0);
        memset(body, 0, sizeof body);
    }
}

static void lists_of_keys_are_cut(void **state)
{
    (void)state;
    uint8_t body[12 + 96];
    memset(body, 0xff, sizeof body); /* offset, count and total, too */
    assert_err(read_body(0, RF_SCCP_BUTTON_TEMPLATE, body, 12 + 7), RF_OK);
    assert_int_equal(msg.button_template.count, 3);
    assert_err(read_body(0, RF_SCCP_SOFTKEY_TEMPLATE_RES, body, 12 + 40), RF_OK);
    assert_int_equal(msg.softkey_template.count, 2);
    assert_err(read_body(0, RF_SCCP_SOFTKEY_SET_RES, body, 12 + 96), RF_OK);
    assert_int_equal(msg.softkey_set.count, 2);
    assert_err(read_body(0, RF_SCCP_CALL_COUNT_RESP, body, 12 + 6), RF_OK);
    assert_int_equal(msg.call_count_resp.count, 1);
    assert_err(read_body(0, RF_SCCP_BUTTON_TEMPLATE, body, 12), RF_OK);
    assert_int_equal(msg.button_template.count, 0);
    assert_err(read_body(0, RF_SCCP_BUTTON_TEMPLATE, body, 11), RF_ERR_SHORT);
}

static void numbers_without_end(void **state)
{
    (void)state;
    char body[32];
    memset(body, '7', sizeof body);
    assert_err(read_body(0, RF_SCCP_ENBLOC_CALL, body, 24), RF_OK);
    assert_int_equal(msg.enbloc_call.called_party.len, 24);
    assert_int_equal(msg.enbloc_call.line_instance, 0);
    assert_err(read_body(22, RF_SCCP_ENBLOC_CALL, body, 29), RF_OK);
    assert_int_equal(msg.enbloc_call.called_party.len, 25);
    assert_int_equal(msg.enbloc_call.line_instance, 0x37373737);
    assert_err(read_body(0, RF_SCCP_ENBLOC_CALL, body, 23), RF_ERR_SHORT);
}

static void statistics_longer_than_their_message(void **state)
{
    (void)state;
    uint8_t body[64 + 10];
    memset(body, 0xff, sizeof body); /* of the length, too; the text has a line of 10 */
    memcpy(body + 64, "a\nb\r\n\x1b[2J", 9);
    assert_err(read_body(11, RF_SCCP_CONNECTION_STATISTICS_RES, body, sizeof body), RF_OK);
    assert_int_equal(msg.connection_statistics_res.data.len, 10);
    assert_err(read_body(22, RF_SCCP_CONNECTION_STATISTICS_RES, body, sizeof body), RF_OK);
    assert_int_equal(msg.connection_statistics_res.data.len, sizeof body - 65);
    assert_err(read_body(11, RF_SCCP_CONNECTION_STATISTICS_RES, body, 60), RF_OK);
    assert_int_equal(msg.connection_statistics_res.data.len, 0);
    assert_err(read_body(11, RF_SCCP_CONNECTION_STATISTICS_RES, body, 59), RF_ERR_SHORT);
}

static void data_longer_than_its_message(void **state)
{
    (void)state;
    static uint8_t body[40 + 2100];
    memset(body, 0xff, sizeof body);
    assert_err(read_body(0, RF_SCCP_DEVICE_TO_USER_DATA, body, 20 + 5), RF_OK);
    assert_int_equal(msg.user_data.data.len, 5);
    assert_err(read_body(0, RF_SCCP_DEVICE_TO_USER_DATA_V1, body, 40 + 5), RF_OK);
    assert_int_equal(msg.user_data.data.len, 5);
    assert_err(read_body(0, RF_SCCP_DEVICE_TO_USER_DATA_V1, body, sizeof body), RF_OK);
    assert_int_equal(msg.user_data.data.len, RF_SCCP_DATA_MAX);
    assert_err(read_body(0, RF_SCCP_DEVICE_TO_USER_DATA, body, 19), RF_ERR_SHORT);
    assert_err(read_body(0, RF_SCCP_DEVICE_TO_USER_DATA_V1, body, 39), RF_ERR_SHORT);
    /* a length of less than what is there counts */
    memcpy(body + 16, "\x03\0\0", 4);
    assert_err(read_body(0, RF_SCCP_DEVICE_TO_USER_DATA, body, 20 + 5), RF_OK);
    assert_int_equal(msg.user_data.data.len, 3);
}

static void subscriptions_with_and_without_a_name(void **state)
{
    (void)state;
    uint8_t body[300];
    memset(body, 'x', sizeof body);
    assert_err(read_body(0, RF_SCCP_SUBSCRIPTION_STAT_REQ, body, 11), RF_ERR_SHORT);
    assert_err(read_body(0, RF_SCCP_SUBSCRIPTION_STAT_REQ, body, 12), RF_OK);
    assert_int_equal(msg.subscription_stat_req.subscription_id.len, 0);
    assert_err(read_body(0, RF_SCCP_SUBSCRIPTION_STAT_REQ, body, 12 + 64), RF_OK);
    assert_int_equal(msg.subscription_stat_req.subscription_id.len, 64);
    assert_err(read_body(0, RF_SCCP_SUBSCRIPTION_STAT_REQ, body, sizeof body), RF_OK);
    assert_int_equal(msg.subscription_stat_req.subscription_id.len, 256);
}

/* They are read as they stand: what may be used is for who has the key. */
static void key_blocks_of_any_length(void **state)
{
    (void)state;
    static const uint16_t lengths[] = {0, 12, 14, 16, 17, 65535};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t body[92] = {0};
        struct rf_wr wr = rf_wr_of(body + 28, 48);
        rf_wr_u32le(&wr, UINT32_MAX);
        rf_wr_u16le(&wr, lengths[i]);
        rf_wr_u16le(&wr, lengths[i]);
        assert_err(read_body(0, RF_SCCP_OPEN_RECEIVE_CHANNEL, body, sizeof body), RF_OK);
        assert_int_equal(msg.open_receive_channel.key.algorithm, UINT32_MAX);
        assert_int_equal(msg.open_receive_channel.key.key_len, lengths[i]);
        assert_int_equal(msg.open_receive_channel.key.salt_len, lengths[i]);
    }
}

static void texts_of_servers_without_end(void **state)
{
    (void)state;
    uint8_t body[360];
    memset(body, 'x', sizeof body);
    assert_err(read_body(17, RF_SCCP_LINE_STAT_V2, body, 40), RF_ERR_BAD);
    assert_err(read_body(17, RF_SCCP_CALL_INFO_V2, body, 60), RF_ERR_BAD);
    assert_err(read_body(17, RF_SCCP_DISPLAY_PROMPT_STATUS_V2, body, 20), RF_ERR_BAD);
    assert_err(read_body(0, RF_SCCP_SERVER_RES, body, 279), RF_ERR_SHORT);
    assert_err(read_body(17, RF_SCCP_SERVER_RES, body, 359), RF_ERR_SHORT);
    assert_err(read_body(17, RF_SCCP_SERVER_RES, body, 280), RF_OK); /* the older layout */
    assert_err(read_body(17, RF_SCCP_SERVER_RES, body, 360), RF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_at_every_length_and_version),
        cmocka_unit_test(cut_streams_wait),
        cmocka_unit_test(longer_than_known_is_read),
        cmocka_unit_test(large_numbers_everywhere),
        cmocka_unit_test(wrong_lengths_end_the_stream),
        cmocka_unit_test(unknown_ids_are_named_or_numbered),
        cmocka_unit_test(register_of_any_length),
        cmocka_unit_test(counts_are_cut_to_what_is_there),
        cmocka_unit_test(lists_of_keys_are_cut),
        cmocka_unit_test(numbers_without_end),
        cmocka_unit_test(statistics_longer_than_their_message),
        cmocka_unit_test(data_longer_than_its_message),
        cmocka_unit_test(subscriptions_with_and_without_a_name),
        cmocka_unit_test(key_blocks_of_any_length),
        cmocka_unit_test(texts_of_servers_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
