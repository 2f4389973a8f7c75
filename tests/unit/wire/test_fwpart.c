/* SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"
#include "wire/fwpart/fwpart.h"

static enum rf_err app_decode(struct rf_slice in, void *msg, struct rf_why *why)
{
    return rf_fwpart_app_decode(in, msg, why);
}
static enum rf_err app_encode(const void *msg, uint8_t *buf, size_t cap, struct rf_slice *out)
{
    return rf_fwpart_app_encode(msg, buf, cap, out, NULL);
}
static enum rf_err snd_decode(struct rf_slice in, void *msg, struct rf_why *why)
{
    return rf_fwpart_snd_decode(in, msg, why);
}
static enum rf_err snd_encode(const void *msg, uint8_t *buf, size_t cap, struct rf_slice *out)
{
    return rf_fwpart_snd_encode(msg, buf, cap, out, NULL);
}

static const struct codec app = {.name = "rfapp",
                                 .msg_size = sizeof(struct rf_fwpart_app),
                                 .decode = app_decode,
                                 .encode = app_encode,
                                 .may_be_cut = true};
static const struct codec app_respelled = {.name = "rfapp",
                                           .msg_size = sizeof(struct rf_fwpart_app),
                                           .decode = app_decode,
                                           .encode = app_encode,
                                           .may_be_cut = true,
                                           .is_respelled = true};
static const struct codec snd = {.name = "rfsnd",
                                 .msg_size = sizeof(struct rf_fwpart_snd),
                                 .decode = snd_decode,
                                 .encode = snd_encode};

static void check_app(const void *msg)
{
    const struct rf_fwpart_app *a = msg;
    assert_slice_str(a->version, "1.2.0");
    assert_slice_str(a->hardware, "RP-1");
    assert_int_equal(a->display_n, 2);
    assert_slice_str(rf_fwpart_app_display(a, "idle"), "Gr\xc3\xbc\xc3\x9f Gott");
    assert_slice_str(rf_fwpart_app_display(a, "ring"), "");
    assert_non_null(rf_fwpart_app_display(a, "ring").p);
    assert_null(rf_fwpart_app_display(a, "other").p);
}

static void an_app_is_read_and_written(void **state)
{
    (void)state;
    codec_check_known(&app,
                      &(struct codec_known){"app",
                                            rf_slice_str("version=1.2.0\nhardware=RP-1\n"
                                                         "display.idle=Gr\xc3\xbc\xc3\x9f Gott\n"
                                                         "display.ring=\n"),
                                            check_app});
    codec_check_known(
        &app_respelled,
        &(struct codec_known){"app with CRLF and comments",
                              rf_slice_str("# x\r\n\r\nhardware=RP-1\r\nversion=1.2.0\r\nnew=1\r\n"
                                           "display.idle=Gr\xc3\xbc\xc3\x9f Gott\r\n"
                                           "display.ring="),
                              check_app});
}

static void an_app_is_refused_for_each_fault_and_taken_without_it(void **state)
{
    (void)state;
#define GOOD "version=1\nhardware=h\n"
    static const struct {
        const char *text;
        enum rf_err err;
        const char *code;
    } rows[] = {
        {GOOD, RF_OK, NULL},
        {"version=1\n", RF_ERR_BAD, "missing-hardware"},
        {"hardware=h\n", RF_ERR_BAD, "missing-version"},
        {"version=\nhardware=h\n", RF_ERR_BAD, "missing-version"},
        {"", RF_ERR_BAD, "missing-version"},
        {GOOD "version=1\n", RF_ERR_BAD, "key-twice"},
        {GOOD "hardware=x\n", RF_ERR_BAD, "key-twice"},
        {GOOD "display.a=1\ndisplay.a=2\n", RF_ERR_BAD, "key-twice"},
        {GOOD "display.a=1\ndisplay.b=1\n", RF_OK, NULL},
        {GOOD "display.=1\n", RF_ERR_BAD, "key"},
        {GOOD "=1\n", RF_ERR_BAD, "key"},
        {GOOD "a b=1\n", RF_ERR_BAD, "key"},
        {GOOD "noequals\n", RF_ERR_BAD, "line"},
        {GOOD "display.a=x=y\n", RF_OK, NULL},
        {GOOD "display.a=\t\n", RF_ERR_BAD, "value-control"},
        {GOOD "display.a=\x7f\n", RF_ERR_BAD, "value-control"},
        {GOOD "display.a=\xc2\x85\n", RF_ERR_BAD, "value-control"},
        {GOOD "display.a=\xc2\xa0\n", RF_OK, NULL},
        {GOOD "display.a=\xff\n", RF_ERR_BAD, "value-utf8"},
        {GOOD "display.a=\x80\n", RF_ERR_BAD, "value-utf8"},
        {GOOD "display.a=\xc0\xaf\n", RF_ERR_BAD, "value-utf8"},
        {GOOD "display.a=\xe0\x80\xaf\n", RF_ERR_BAD, "value-utf8"},
        {GOOD "display.a=\xed\xa0\x80\n", RF_ERR_BAD, "value-utf8"},
        {GOOD "display.a=\xe2\x82\xac\n", RF_OK, NULL},
        {GOOD "display.a=\xe2\x82\n", RF_ERR_BAD, "value-utf8"},
        {GOOD "display.a=\xf0\x9f\x93\x9e\n", RF_OK, NULL},
        {GOOD "display.a=\xf4\x90\x80\x80\n", RF_ERR_BAD, "value-utf8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        codec_check_refused(&app, &(struct codec_refusal){rows[i].text, rf_slice_str(rows[i].text),
                                                          rows[i].err, rows[i].code});
}

static struct rf_slice filled(const char *before, uint64_t n, char with, const char *after,
                              uint8_t *buf, size_t cap)
{
    size_t a = strlen(before);
    size_t b = strlen(after);
    assert_true(a + n + b <= cap);
    memcpy(buf, before, a);
    memset(buf + a, with, n);
    memcpy(buf + a + n, after, b);
    return rf_slice_of(buf, a + n + b);
}
static struct rf_slice build_key(uint64_t n, uint8_t *buf, size_t cap)
{
    return filled(GOOD, n, 'k', "=v\n", buf, cap);
}
static struct rf_slice build_value(uint64_t n, uint8_t *buf, size_t cap)
{
    return filled(GOOD "k=", n, 'v', "\n", buf, cap);
}
static struct rf_slice build_app_size(uint64_t n, uint8_t *buf, size_t cap)
{
    size_t good = strlen(GOOD);
    return n < good ? rf_slice_of(buf, 0) : filled(GOOD, n - good, '\n', "", buf, cap);
}
static struct rf_slice build_displays(uint64_t n, uint8_t *buf, size_t cap)
{
    size_t len = (size_t)snprintf((char *)buf, cap, "%s", GOOD);
    for (uint64_t i = 0; i < n; i++)
        len += (size_t)snprintf((char *)buf + len, cap - len, "display.t%u=x\n", (unsigned)i);
    return rf_slice_of(buf, len);
}

static void the_limits_of_an_app(void **state)
{
    (void)state;
    static const struct codec_number numbers[] = {
        {"key", build_key, RF_FWPART_KEY_MAX, RF_ERR_BAD, "key", RF_ERR_LIMIT, "key-long"},
        {"value", build_value, RF_FWPART_VALUE_MAX, RF_OK, NULL, RF_ERR_LIMIT, "value-long"},
        {"displays", build_displays, RF_FWPART_DISPLAYS_MAX, RF_OK, NULL, RF_ERR_LIMIT,
         "display-count"},
        {"bytes", build_app_size, RF_FWPART_APP_BYTES_MAX, RF_ERR_BAD, "missing-version",
         RF_ERR_LIMIT, "app-size"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        codec_check_number(&app, &numbers[i]);
}

static void the_app_writer_refuses_what_the_reader_would(void **state)
{
    (void)state;
    uint8_t buf[1024];
    static char long_name[RF_FWPART_KEY_MAX];
    memset(long_name, 'n', sizeof long_name);
    struct rf_slice out;
    const struct rf_fwpart_app good = {.version = rf_slice_str("1"),
                                       .hardware = rf_slice_str("h"),
                                       .display_n = 1,
                                       .display = {{rf_slice_str("a"), rf_slice_str("b")}}};
    struct rf_fwpart_app bad[5] = {good, good, good, good, good};
    static const char *const codes[] = {"missing-version", "value-control", "key", "key-twice",
                                        "key-long"};
    bad[0].version.len = 0;
    bad[1].hardware = rf_slice_str("h\nversion=2");
    bad[2].display[0].name = rf_slice_str("a=b");
    bad[3].display_n = 2;
    bad[3].display[1] = good.display[0];
    bad[4].display[0].name = rf_slice_of(long_name, sizeof long_name);
    for (size_t i = 0; i < 5; i++) {
        struct rf_why why = {0};
        assert_true(rf_fwpart_app_encode(&bad[i], buf, sizeof buf, &out, &why) != RF_OK);
        assert_string_equal(why.code, codes[i]);
    }
    assert_err(rf_fwpart_app_encode(&good, buf, sizeof buf, &out, NULL), RF_OK);
    bad[0].display_n = RF_FWPART_DISPLAYS_MAX + 1;
    assert_err(rf_fwpart_app_encode(&bad[0], buf, sizeof buf, &out, NULL), RF_ERR_LIMIT);
}

#define HEAD(n) "RFSN\x01" n
#define RING                                                                                       \
    "\x01\x05"                                                                                     \
    "chime\0\0\0\x03\xff\x7f\x00"
#define TONE                                                                                       \
    "\x02\x04"                                                                                     \
    "dial\0\0\0\x02\x11\x22"

static void check_snd(const void *msg)
{
    const struct rf_fwpart_snd *s = msg;
    assert_int_equal(s->sound_n, 2);
    const struct rf_fwpart_sound *ring = rf_fwpart_snd_find(s, RF_FWPART_SOUND_RING, "chime");
    assert_non_null(ring);
    assert_slice_eq(ring->samples, rf_slice_of("\xff\x7f\x00", 3));
    assert_non_null(rf_fwpart_snd_find(s, RF_FWPART_SOUND_TONE, "dial"));
    assert_null(rf_fwpart_snd_find(s, RF_FWPART_SOUND_RING, "dial"));
}

#define BYTES(s)                                                                                   \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }

static void sounds_are_read_and_written(void **state)
{
    (void)state;
    codec_check_known(
        &snd, &(struct codec_known){"two sounds", BYTES(HEAD("\x02") RING TONE), check_snd});
    codec_check_known(&snd, &(struct codec_known){"no sound", BYTES(HEAD("\0")), NULL});
}

static void sounds_are_refused_for_each_fault(void **state)
{
    (void)state;
    static const struct codec_refusal rows[] = {
        {"good", BYTES(HEAD("\x01") RING), RF_OK, NULL},
        {"same name, other kind",
         BYTES(HEAD("\x02") RING "\x02\x05"
                                 "chime\0\0\0\x01z"),
         RF_OK, NULL},
        {"magic", BYTES("RFSX\x01\0"), RF_ERR_BAD, "snd-magic"},
        {"version", BYTES("RFSN\x02\0"), RF_ERR_UNKNOWN, "snd-version"},
        {"kind 0",
         BYTES(HEAD("\x01") "\0\x01"
                            "a\0\0\0\x01z"),
         RF_ERR_BAD, "sound-kind"},
        {"kind 3",
         BYTES(HEAD("\x01") "\x03\x01"
                            "a\0\0\0\x01z"),
         RF_ERR_BAD, "sound-kind"},
        {"name of a control byte",
         BYTES(HEAD("\x01") "\x01\x01"
                            "\n\0\0\0\x01z"),
         RF_ERR_BAD, "sound-name"},
        {"twice", BYTES(HEAD("\x02") RING RING), RF_ERR_BAD, "sound-twice"},
        {"one too many", BYTES(HEAD("\x01") RING TONE), RF_ERR_BAD, "trailing-bytes"},
        {"one too few", BYTES(HEAD("\x03") RING TONE), RF_ERR_SHORT, "short"},
        {"a length of 4 GiB",
         BYTES(HEAD("\x01") "\x01\x01"
                            "a\xff\xff\xff\xff"),
         RF_ERR_LIMIT, "sound-samples"},
        {"33 sounds", BYTES(HEAD("\x21")), RF_ERR_LIMIT, "sound-count"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        codec_check_refused(&snd, &rows[i]);
}

static struct rf_slice build_sounds(uint64_t n, uint8_t *buf, size_t cap)
{
    size_t len = 6;
    memcpy(buf, HEAD("\0"), 6);
    buf[5] = (uint8_t)n;
    for (uint64_t i = 0; i < n; i++) {
        uint8_t one[] = {1, 1, (uint8_t)('0' + i), 0, 0, 0, 1, 0xff};
        assert_true(len + sizeof one <= cap);
        memcpy(buf + len, one, sizeof one);
        len += sizeof one;
    }
    return rf_slice_of(buf, len);
}
static struct rf_slice build_sound_name(uint64_t n, uint8_t *buf, size_t cap)
{
    struct rf_slice s = filled("RFSN\x01\x01\x01 ", n, 'n', "", buf, cap);
    buf[7] = (uint8_t)n;
    memcpy(buf + s.len, "\0\0\0\x01z", 5);
    return rf_slice_of(buf, s.len + 5);
}
static struct rf_slice build_samples(uint64_t n, uint8_t *buf, size_t cap)
{
    static uint8_t big[RF_FWPART_SAMPLES_MAX + 64];
    (void)buf;
    (void)cap;
    memcpy(big,
           HEAD("\x01") "\x01\x01"
                        "a\0\0\0\0",
           13);
    big[9] = (uint8_t)(n >> 24);
    big[10] = (uint8_t)(n >> 16);
    big[11] = (uint8_t)(n >> 8);
    big[12] = (uint8_t)n;
    return rf_slice_of(big, 13 + n);
}

static void the_limits_of_sounds(void **state)
{
    (void)state;
    static const struct codec_number numbers[] = {
        {"sounds", build_sounds, RF_FWPART_SOUNDS_MAX, RF_OK, NULL, RF_ERR_LIMIT, "sound-count"},
        {"name", build_sound_name, RF_FWPART_SOUND_NAME_MAX, RF_ERR_BAD, "sound-name", RF_ERR_LIMIT,
         "sound-name-long"},
        {"samples", build_samples, RF_FWPART_SAMPLES_MAX, RF_ERR_BAD, "sound-empty", RF_ERR_LIMIT,
         "sound-samples"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        codec_check_number(&snd, &numbers[i]);
}

static void the_sound_writer_refuses_what_the_reader_would(void **state)
{
    (void)state;
    uint8_t buf[256];
    struct rf_slice out;
    struct rf_why why = {0};
    struct rf_fwpart_snd s = {
        .sound_n = 1, .sound = {{RF_FWPART_SOUND_RING, rf_slice_str("a"), rf_slice_str("z")}}};
    assert_err(rf_fwpart_snd_encode(&s, buf, sizeof buf, &out, &why), RF_OK);
    s.sound_n = 2;
    s.sound[1] = s.sound[0];
    assert_refused(rf_fwpart_snd_encode(&s, buf, sizeof buf, &out, &why), RF_ERR_BAD, why,
                   "sound-twice");
    s.sound_n = RF_FWPART_SOUNDS_MAX + 1;
    why = (struct rf_why){0};
    assert_refused(rf_fwpart_snd_encode(&s, buf, sizeof buf, &out, &why), RF_ERR_LIMIT, why,
                   "sound-count");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_app_is_read_and_written),
        cmocka_unit_test(an_app_is_refused_for_each_fault_and_taken_without_it),
        cmocka_unit_test(the_limits_of_an_app),
        cmocka_unit_test(the_app_writer_refuses_what_the_reader_would),
        cmocka_unit_test(sounds_are_read_and_written),
        cmocka_unit_test(sounds_are_refused_for_each_fault),
        cmocka_unit_test(the_limits_of_sounds),
        cmocka_unit_test(the_sound_writer_refuses_what_the_reader_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
