/* SPDX-License-Identifier: Apache-2.0 */
/* Speech of a clip through another codec and back, and the names of codecs. */
#include "media/g711.h"
#include "media/media_int.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>

#define FRAMES    100
#define SAMPLES   (FRAMES * RF_CODEC_NARROW)
#define WAY_MAX   40                    /* samples that filters and G.722 take, at most */
#define BEGINNING (2 * RF_CODEC_NARROW) /* until all of them are filled */

/* The pieces of a recorded sentence are lively from here on. */
#define CLIP_AT 8000

struct heard {
    int16_t said[SAMPLES], heard[SAMPLES];
};

static void carry(enum rf_media_codec codec, struct heard *h)
{
    struct rf_media_clip *clip;
    struct rf_media_coder *out, *in;
    uint8_t frame[RF_CODEC_FRAME];
    char path[1024];
    const char *dir = getenv("RF_TEST_DATA");
    snprintf(path, sizeof path, "%s/speech/ada.wav", dir != NULL ? dir : "tests/data");
    assert_err(rf_media_clip_load(path, &clip, NULL), RF_OK);
    assert_err(rf_media_coder_new(codec, &out, NULL), RF_OK);
    assert_err(rf_media_coder_new(codec, &in, NULL), RF_OK);
    for (size_t i = 0; i < SAMPLES; i += RF_CODEC_NARROW) {
        struct rf_rd rd =
            rf_rd_of(rf_slice_part(rf_media_clip_ulaw(clip), CLIP_AT + i, sizeof frame));
        assert_true(rf_rd_copy(&rd, frame, sizeof frame));
        rf_ulaw_decode_n(frame, RF_CODEC_NARROW, &h->said[i]);
        rf_media_coder_encode(out, frame);
        rf_media_coder_decode(in, frame);
        rf_ulaw_decode_n(frame, RF_CODEC_NARROW, &h->heard[i]);
    }
    rf_media_coder_free(out);
    rf_media_coder_free(in);
    rf_media_clip_unref(clip);
}

/* Of what was said with what was heard so many samples later. */
static double correlation(const struct heard *h, size_t later)
{
    double mutual = 0, said = 0, heard = 0;
    for (size_t i = BEGINNING; i + later < SAMPLES; i++) {
        double x = h->said[i], y = h->heard[i + later];
        mutual += x * y;
        said += x * x;
        heard += y * y;
    }
    return mutual / sqrt(said * heard);
}

static double best(const struct heard *h)
{
    double most = 0;
    for (size_t later = 0; later < WAY_MAX; later++)
        most = fmax(most, correlation(h, later));
    return most;
}

static void speech_comes_through_each_codec(void **state)
{
    (void)state;
    static const struct {
        enum rf_media_codec codec;
        uint8_t type;
        double least;
    } rows[] = {{RF_MEDIA_PCMU, 0, 1}, {RF_MEDIA_PCMA, 8, 0.999}, {RF_MEDIA_G722, 9, 0.97}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_media_coder *coder;
        struct heard h;
        carry(rows[i].codec, &h);
        assert_true(best(&h) >= rows[i].least);
        assert_err(rf_media_coder_new(rows[i].codec, &coder, NULL), RF_OK);
        assert_int_equal(rf_media_coder_type(coder), rows[i].type);
        rf_media_coder_free(coder);
    }
}

static void lists_of_codecs(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      ",",          "g722,",
                                      ",ulaw", "ulaw,ulaw",  "g729",
                                      "ULAW",  "ulaw, alaw", "g722,ulaw,alaw,g722"};
    struct rf_media_codecs list;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(rf_media_codecs_parse(bad[i], &list));
        assert_int_equal(list.n, 0);
    }
    assert_true(rf_media_codecs_parse("alaw", &list));
    assert_int_equal(list.n, 1);
    assert_true(rf_media_codecs_have(&list, RF_MEDIA_PCMA));
    assert_false(rf_media_codecs_have(&list, RF_MEDIA_PCMU));
    assert_true(rf_media_codecs_parse("g722,ulaw,alaw", &list));
    assert_int_equal(list.n, 3);
    assert_int_equal(list.best_first[0], RF_MEDIA_G722);
    assert_int_equal(list.best_first[2], RF_MEDIA_PCMA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speech_comes_through_each_codec),
        cmocka_unit_test(lists_of_codecs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
