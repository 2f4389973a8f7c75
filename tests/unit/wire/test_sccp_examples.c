/* SPDX-License-Identifier: Apache-2.0 */
/* The frames of tests/data/sccp/examples.txt: each is built from fields and must encode to those
 * bytes, and those bytes must decode to these fields. The frames were made by others and judged by
 * a dissector (tests/data/README.md). */
#include "sccp_examples.h"
#include "sccp_samples.h"

/* Where an example differs from the sample message of its id. */
struct tweak {
    const char *example;
    void (*apply)(struct rf_sccp_msg *m);
};

static void register_72(struct rf_sccp_msg *m)
{
    m->body_len = 72;
    m->reg.device_type = 7;
    m->reg.protocol_ver = 11;
    m->reg.features[0] = 0;
    m->reg.features[1] = 0x60;
    m->reg.firmware_load_name = m->reg.config_version_stamp = (struct rf_slice){0};
}

static void register_124(struct rf_sccp_msg *m)
{
    m->body_len = 124;
    m->reg.device_type = 30006;
    m->reg.protocol_ver = 17;
    m->reg.features[0] = 0;
    m->reg.config_version_stamp = (struct rf_slice){0};
}

static void register_192(struct rf_sccp_msg *m)
{
    m->body_len = 192;
    m->reg.config_version_stamp = rf_slice_str("{00000000-0000-4000-8000-000000000001}");
}

static void no_body(struct rf_sccp_msg *m)
{
    m->body_len = RF_SCCP_BODY_NONE;
}

static void token_v22(struct rf_sccp_msg *m)
{
    m->register_token_req.device_type = 586;
}

static void token_spcp(struct rf_sccp_msg *m)
{
    m->register_token_req.device_type = 80003;
}

static void bare_off_hook(struct rf_sccp_msg *m)
{
    m->off_hook.line_instance = 0;
    m->body_len = RF_SCCP_BODY_NONE;
}

static void capabilities_full(struct rf_sccp_msg *m)
{
    m->capabilities_res.count = 2; /* the others are not sent */
    m->body_len = 292;
}

static void softkey_text(struct rf_sccp_msg *m)
{
    m->softkey_template = (struct rf_sccp_softkey_template){
        .count = 2, .total = 2, .keys = {{rf_slice_str("Redial"), 1}, {rf_slice_str("Shield"), 2}}};
}

static void keypad_short(struct rf_sccp_msg *m)
{
    m->keypad_button = (struct rf_sccp_keypad_button){.button = 15};
    m->body_len = 4;
}

static void receive_key(struct rf_sccp_msg *m)
{
    sccp_sample_key(&m->open_receive_channel.key, 0xa0, 0x50);
}

static void transmit_key(struct rf_sccp_msg *m)
{
    sccp_sample_key(&m->start_media_transmission.key, 0xc0, 0x60);
}

static void transmit_gcm(struct rf_sccp_msg *m)
{
    struct rf_sccp_media_key *key = &m->start_media_transmission.key;
    sccp_sample_key(key, 0xc0, 0x60);
    key->algorithm = RF_SCCP_SRTP_AEAD_AES_128_GCM;
    key->salt_len = 12;
    key->salt[12] = key->salt[13] = 0;
}

static struct rf_sccp_addr ipv6(uint8_t last)
{
    struct rf_sccp_addr a = {.type = 1, .ip = {0x20, 0x01, 0x0d, 0xb8}};
    a.ip[15] = last;
    return a;
}

static void transmit_ipv6(struct rf_sccp_msg *m)
{
    m->start_media_transmission.remote = ipv6(0x24);
}

static void ack_ipv6(struct rf_sccp_msg *m)
{
    m->open_receive_channel_ack.addr = ipv6(0x23);
}

static void statistics_bare(struct rf_sccp_msg *m)
{
    m->connection_statistics_res.data = (struct rf_slice){0};
    m->body_len = 60;
}

static void media_type_audio(struct rf_sccp_msg *m)
{
    m->port_res.media_type = RF_SCCP_MEDIA_TYPE_AUDIO;
}

static void call_info_shield(struct rf_sccp_msg *m)
{
    m->call_info.call_type = RF_SCCP_CALL_TYPE_OUTBOUND;
    m->call_info.call_security_status = RF_SCCP_SECURITY_AUTHENTICATED;
}

static const struct tweak tweaks[] = {
    {"Register_v0_72", register_72},
    {"Register_v0_124", register_124},
    {"Register_v0_192", register_192},
    {"Unregister_v0_empty", no_body},
    {"RegisterTokenReq_v22", token_v22},
    {"SPCPRegisterTokenReq_v0", token_spcp},
    {"CapabilitiesRes_full_v0", capabilities_full},
    {"SoftKeyTemplate_text_v0", softkey_text},
    {"KeypadButton_short_v0", keypad_short},
    {"OffHook_empty_v0", bare_off_hook},
    {"OpenReceiveChannel_srtp_v0", receive_key},
    {"OpenReceiveChannel_srtp_v17", receive_key},
    {"OpenReceiveChannel_srtp_v22", receive_key},
    {"StartMediaTransmission_srtp_v0", transmit_key},
    {"StartMediaTransmission_srtp_v17", transmit_key},
    {"StartMediaTransmission_srtp_v22", transmit_key},
    {"StartMediaTransmission_gcm_v22", transmit_gcm},
    {"StartMediaTransmission_ipv6_v17", transmit_ipv6},
    {"OpenReceiveChannelAck_ipv6_v17", ack_ipv6},
    {"ConnectionStatisticsRes_v0", statistics_bare},
    {"CallInfoV2_v16", call_info_shield},
    {"PortRes_v22", media_type_audio},
};

static void apply_tweak(struct rf_slice name, struct rf_sccp_msg *m)
{
    for (size_t i = 0; i < sizeof tweaks / sizeof tweaks[0]; i++)
        if (rf_slice_eq_str(name, tweaks[i].example))
            tweaks[i].apply(m);
}

static struct rf_slice encode(const struct rf_sccp_msg *m, unsigned version, uint8_t *buf,
                              size_t cap)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_slice out;
    struct rf_why why = {0};
    enum rf_err err = rf_sccp_encode(m, version, &wr, &why);
    if (err != RF_OK)
        print_error("%s: %s\n", rf_sccp_id_name(m->id), rf_why_text(&why));
    assert_int_equal(err, RF_OK);
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    return out;
}

static void show(const char *what, struct rf_slice s)
{
    char hex[16384];
    print_error("  %s %s\n", what, rf_hex(s, hex, sizeof hex));
}

static void assert_same(struct rf_slice name, const char *what, struct rf_slice got,
                        struct rf_slice want)
{
    if (!rf_slice_eq(got, want)) {
        print_error("%.*s: %s\n", (int)name.len, (const char *)name.p, what);
        show("got ", got);
        show("want", want);
    }
    assert_slice_eq(got, want);
}

/* Decoded fields equal built fields: through every older layout (a later one carries fields that
 * this frame has not) they give the same bytes, too. */
static void assert_same_fields(struct rf_slice name, const struct rf_sccp_msg *a,
                               const struct rf_sccp_msg *b, unsigned version)
{
    static uint8_t one[RF_SCCP_LENGTH_MAX + 8];
    static uint8_t two[RF_SCCP_LENGTH_MAX + 8];
    bool is_v6 = rf_slice_find(name, rf_slice_str("ipv6")) != SIZE_MAX;
    assert_int_equal(a->body_len, b->body_len != 0 ? b->body_len : a->body_len);
    struct rf_sccp_msg x = *a;
    struct rf_sccp_msg y = *b;
    x.body_len = y.body_len;
    for (size_t v = 0; v < sccp_sample_versions_n; v++) {
        unsigned agreed = sccp_sample_versions[v];
        if (agreed > 3 && agreed > version)
            break;
        if (is_v6 && agreed < 17)
            continue;
        if (y.body_len != 0 && y.body_len != RF_SCCP_BODY_NONE)
            x.body_len = y.body_len = 1000; /* no layout is cut */
        assert_same(name, "decoded and built fields differ", encode(&x, agreed, one, sizeof one),
                    encode(&y, agreed, two, sizeof two));
    }
}

static void check_example(struct rf_slice name, const struct rf_sccp_frame *frame,
                          struct rf_slice bytes)
{
    static uint8_t buf[RF_SCCP_LENGTH_MAX + 8];
    struct rf_sccp_msg built;
    struct rf_sccp_msg read;
    struct rf_why why = {0};
    assert_true(sccp_sample(frame->id, &built));
    apply_tweak(name, &built);
    assert_same(name, "built", encode(&built, frame->version, buf, sizeof buf), bytes);
    enum rf_err err = rf_sccp_decode(frame, &read, &why);
    if (err != RF_OK)
        print_error("%.*s: %s\n", (int)name.len, (const char *)name.p, rf_why_text(&why));
    assert_int_equal(err, RF_OK);
    assert_int_equal(read.id, frame->id);
    assert_same(name, "read and written", encode(&read, frame->version, buf, sizeof buf), bytes);
    assert_same_fields(name, &read, &built, frame->version);
}

static void every_example_is_read_and_written(void **state)
{
    (void)state;
    static struct sccp_examples all;
    size_t n = 0;
    for (all = sccp_examples_open(); sccp_examples_next(&all); n++) {
        uint8_t *copy = malloc(all.bytes.len); /* exact size: a read past the end is seen */
        memcpy(copy, all.bytes.p, all.bytes.len);
        struct rf_sccp_frame frame;
        size_t used;
        struct rf_why why = {0};
        assert_err(rf_sccp_frame_next(rf_slice_of(copy, all.bytes.len), &frame, &used, &why),
                   RF_OK);
        assert_int_equal(used, all.bytes.len);
        check_example(all.name, &frame, all.bytes);
        free(copy);
    }
    sccp_examples_close(&all);
    assert_int_equal(n, SCCP_EXAMPLES_N);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_is_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
