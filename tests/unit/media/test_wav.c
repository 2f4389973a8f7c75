/* SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"
#include "media/g711.h"
#include "media/wav.h"

#include <sys/stat.h>
#include <unistd.h>

static enum rf_err decode(struct rf_slice in, void *msg, struct rf_why *why)
{
    return rf_wav_decode(in, msg, why);
}

static void fini(void *msg)
{
    rf_wav_fini(msg);
}

static const struct codec codec = {
    .name = "wav", .msg_size = sizeof(struct rf_wav), .decode = decode, .fini = fini};

#define RIFF               "RIFF\x32\0\0\0WAVE"
#define FMT(t, c, r, a, b) "fmt \x10\0\0\0" t "\0" c "\0" r "\0\0\0\0\0\0" a "\0" b "\0"
#define HZ8000             "\x40\x1f"
#define PCM                FMT("\1", "\1", HZ8000, "\2", "\x10")
#define ULAW               FMT("\7", "\1", HZ8000, "\1", "\x8")
#define DATA               "data\4\0\0\0\0\0\x7c\x7d"
#define LIST               "LIST\3\0\0\0abc\0"
#define BYTES(s)           rf_slice_of(s, sizeof(s) - 1)

static void check_pcm(const void *msg)
{
    const struct rf_wav *w = msg;
    static const uint8_t codes[] = {0xff, 0x80};
    assert_false(w->is_ulaw);
    assert_slice_eq(rf_buf_slice(&w->ulaw), rf_slice_of(codes, 2));
}

static void check_ulaw(const void *msg)
{
    const struct rf_wav *w = msg;
    static const uint8_t codes[] = {0, 0, 0x7c, 0x7d};
    assert_true(w->is_ulaw);
    assert_slice_eq(rf_buf_slice(&w->ulaw), rf_slice_of(codes, 4));
}

static void pcm_and_ulaw_are_read(void **state)
{
    (void)state;
    codec_check_known(&codec, &(struct codec_known){"pcm", BYTES(RIFF PCM DATA), check_pcm});
    codec_check_known(&codec, &(struct codec_known){"ulaw", BYTES(RIFF ULAW DATA), check_ulaw});
    codec_check_known(
        &codec, &(struct codec_known){"other chunks", BYTES(RIFF LIST PCM LIST DATA), check_pcm});
    codec_check_known(&codec, &(struct codec_known){"long fmt",
                                                    BYTES(RIFF "fmt \x12\0\0\0\7\0\1\0" HZ8000
                                                               "\0\0\0\0\0\0\1\0\x8\0\0\0" DATA),
                                                    check_ulaw});
}

static void what_follows_the_data_does_not_matter(void **state)
{
    (void)state;
    codec_check_refused(&codec,
                        &(struct codec_refusal){"after", BYTES(RIFF PCM DATA "id3"), RF_OK, NULL});
}

/* Each beside pcm_and_ulaw_are_read, from which it differs in the one thing. */
static void each_fault_is_refused(void **state)
{
    (void)state;
    static const struct codec_refusal rows[] = {
        {"no RIFF", {(const uint8_t *)"RIFX....WAVE", 12}, RF_ERR_BAD, "wav-magic"},
        {"no WAVE", {(const uint8_t *)"RIFF....AVI ", 12}, RF_ERR_BAD, "wav-magic"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        codec_check_refused(&codec, &rows[i]);
#define REFUSED(what, bytes, err, code)                                                            \
    codec_check_refused(&codec, &(struct codec_refusal){what, BYTES(bytes), err, code})
    REFUSED("no data", RIFF PCM, RF_ERR_SHORT, "short");
    REFUSED("data cut", RIFF PCM "data\4\0\0\0\0\0\x7c", RF_ERR_SHORT, "short");
    REFUSED("pad cut", RIFF PCM "LIST\1\0\0\0a", RF_ERR_SHORT, "short");
    REFUSED("short fmt", RIFF "fmt \x0e\0\0\0\1\0\1\0" HZ8000 "\0\0\0\0\0\0\2\0" DATA, RF_ERR_BAD,
            "wav-chunk");
    REFUSED("two fmt", RIFF PCM PCM DATA, RF_ERR_BAD, "wav-chunk");
    REFUSED("data first", RIFF DATA PCM, RF_ERR_BAD, "wav-order");
    REFUSED("half a sample", RIFF PCM "data\3\0\0\0\0\0\x7c\0", RF_ERR_BAD, "wav-align");
    REFUSED("odd block", RIFF FMT("\1", "\1", HZ8000, "\3", "\x10") DATA, RF_ERR_BAD, "wav-align");
    REFUSED("A-law", RIFF FMT("\6", "\1", HZ8000, "\1", "\x8") DATA, RF_ERR_UNKNOWN, "wav-format");
    REFUSED("8-bit PCM", RIFF FMT("\1", "\1", HZ8000, "\1", "\x8") DATA, RF_ERR_UNKNOWN,
            "wav-format");
    REFUSED("16-bit µ-law", RIFF FMT("\7", "\1", HZ8000, "\2", "\x10") DATA, RF_ERR_UNKNOWN,
            "wav-format");
    REFUSED("44100 Hz", RIFF FMT("\1", "\1", "\x44\xac", "\2", "\x10") DATA, RF_ERR_UNKNOWN,
            "wav-rate");
    REFUSED("stereo", RIFF FMT("\1", "\2", HZ8000, "\4", "\x10") DATA, RF_ERR_UNKNOWN,
            "wav-channels");
}

static void a_file_above_the_limit_is_refused(void **state)
{
    (void)state;
    struct rf_wav wav;
    struct rf_why why = {0};
    assert_refused(rf_wav_decode(rf_slice_of("RIFF", (size_t)RF_WAV_BYTES_MAX + 1), &wav, &why),
                   RF_ERR_LIMIT, why, "wav-size");
    why = (struct rf_why){0};
    assert_refused(rf_wav_save("/nowhere/x.wav", rf_slice_of("", RF_WAV_BYTES_MAX / 2), &why),
                   RF_ERR_LIMIT, why, "wav-size");
}

static void what_is_saved_is_loaded(void **state)
{
    (void)state;
    char dir[TEST_TMP];
    test_tmp(dir, sizeof dir, "wav");
    char path[TEST_TMP + 16];
    uint8_t codes[256];
    struct rf_wav wav;
    struct rf_why why = {0};
    struct stat st;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/out.wav", dir);
    for (unsigned i = 0; i < 256; i++)
        codes[i] = (uint8_t)(i == 0x7f ? 0xff : i);
    assert_err(rf_wav_save(path, rf_slice_of(codes, 256), &why), RF_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600); /* what was said on the phone */
    assert_int_equal(st.st_size, 44 + 512);
    assert_err(rf_wav_load(path, &wav, &why), RF_OK);
    assert_false(wav.is_ulaw);
    assert_slice_eq(rf_buf_slice(&wav.ulaw), rf_slice_of(codes, 256));
    rf_wav_fini(&wav);
    unlink(path);
    rmdir(dir);
    assert_err(rf_wav_load(path, &wav, &why), RF_ERR_NOT_FOUND);
    assert_null(wav.ulaw.p);
}

static void the_speech_files_are_read(void **state)
{
    (void)state;
    static const char *const names[] = {"speech/ada.wav", "speech/ben.wav"};
    for (size_t i = 0; i < 2; i++) {
        struct rf_slice file = codec_data_file(names[i]);
        struct rf_wav wav;
        assert_err(rf_wav_decode(file, &wav, NULL), RF_OK);
        assert_int_equal(wav.ulaw.len, (file.len - 44) / 2);
        assert_in_range(wav.ulaw.len, 6 * RF_G711_HZ, 8 * RF_G711_HZ);
        rf_wav_fini(&wav);
        free((void *)(uintptr_t)file.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcm_and_ulaw_are_read),
        cmocka_unit_test(what_follows_the_data_does_not_matter),
        cmocka_unit_test(each_fault_is_refused),
        cmocka_unit_test(a_file_above_the_limit_is_refused),
        cmocka_unit_test(what_is_saved_is_loaded),
        cmocka_unit_test(the_speech_files_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
