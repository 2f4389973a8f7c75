/* SPDX-License-Identifier: Apache-2.0 */
/* The text in which image keys are kept and handed on. */
#include "pki.h"
#include "unit.h"

#include "trust/image_keys.h"

static void keys_come_back_with_their_generation(void **state)
{
    (void)state;
    struct id one = fixture_id("sast"), two = fixture_id("tftp");
    static const uint32_t generations[] = {0, 1, UINT32_MAX};
    for (size_t i = 0; i < 3; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(RF_IMAGE_KEYS_BYTES_MAX);
        RF_AUTO(rf_image_keys_fini) struct rf_image_keys got = {0};
        struct rf_image_keys keys = {.generation = generations[i],
                                     .list = {.n = 2, .cert = {one.cert, two.cert}}};
        assert_err(rf_image_keys_encode(&keys, &text, NULL), RF_OK);
        assert_err(rf_image_keys_decode(rf_buf_slice(&text), &got, NULL), RF_OK);
        assert_int_equal(got.generation, generations[i]);
        assert_int_equal(got.list.n, 2);
        assert_true(rf_cert_eq(got.list.cert[0], one.cert));
        assert_true(rf_image_keys_has(&got, rf_cert_fingerprint(two.cert)));
        rf_cert_list_fini(&got.list);
        assert_false(rf_image_keys_has(&got, rf_cert_fingerprint(two.cert)));
    }
    id_fini(&one);
    id_fini(&two);
}

static void what_is_no_such_text_is_refused(void **state)
{
    (void)state;
    struct id one = fixture_id("sast");
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(RF_IMAGE_KEYS_BYTES_MAX);
    assert_err(rf_cert_to_pem(one.cert, &pem), RF_OK);
    static const char *const heads[] = {"generation=\n",   "generation=0\n",
                                        "generation=-1\n", "generation=4294967296\n",
                                        "generation=1x\n", "generation= 2 \r\n"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(RF_IMAGE_KEYS_BYTES_MAX);
        RF_AUTO(rf_image_keys_fini) struct rf_image_keys got = {0};
        struct rf_why why = {0};
        bool is_good = i == 5; /* blanks around it do not matter */
        assert_err(rf_buf_addf(&text, "%s%.*s", heads[i], (int)pem.len, (const char *)pem.p),
                   RF_OK);
        enum rf_err err = rf_image_keys_decode(rf_buf_slice(&text), &got, &why);
        assert_err(err, is_good ? RF_OK : RF_ERR_BAD);
        assert_string_equal(why.code, is_good ? "" : "image-keys");
    }
    static const char *const none[] = {"", "generation=1\n", "generation=1"};
    for (size_t i = 0; i < 3; i++) {
        struct rf_image_keys got = {0};
        struct rf_why why = {0};
        assert_refused(rf_image_keys_decode(rf_slice_str(none[i]), &got, &why), RF_ERR_BAD, why,
                       "image-keys");
    }
    id_fini(&one);
}

static void a_text_beyond_its_limit_is_refused(void **state)
{
    (void)state;
    RF_AUTO(rf_buf_fini) struct rf_buf big = RF_BUF(RF_IMAGE_KEYS_BYTES_MAX + 1);
    struct rf_image_keys got = {0};
    struct rf_why why = {0};
    memset(rf_buf_room(&big, RF_IMAGE_KEYS_BYTES_MAX + 1), 'x', RF_IMAGE_KEYS_BYTES_MAX + 1);
    big.len = RF_IMAGE_KEYS_BYTES_MAX + 1;
    assert_refused(rf_image_keys_decode(rf_buf_slice(&big), &got, &why), RF_ERR_LIMIT, why,
                   "image-keys");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_come_back_with_their_generation),
        cmocka_unit_test(what_is_no_such_text_is_refused),
        cmocka_unit_test(a_text_beyond_its_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
