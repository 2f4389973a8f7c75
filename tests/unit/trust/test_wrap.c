/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets at rest. */
#include "unit.h"

#include "base/file.h"
#include "trust/key.h"
#include "trust/wrap.h"

#include <stdlib.h>
#include <sys/stat.h>

#define BOUND rf_slice_str("device SEP001122334455 sshPassword")

static void new_key(struct rf_secret *key, uint8_t first)
{
    uint8_t bytes[RF_WRAP_KEY_BYTES] = {first};
    assert_err(rf_secret_set(key, rf_slice_of(bytes, sizeof bytes)), RF_OK);
}

static struct rf_buf wrapped(const struct rf_secret *key, const char *secret)
{
    struct rf_buf out = RF_BUF(RF_WRAPPED_MAX);
    assert_err(rf_wrap(key, BOUND, rf_slice_str(secret), &out, NULL), RF_OK);
    return out;
}

static void a_secret_comes_back_and_stands_nowhere(void **state)
{
    (void)state;
    RF_AUTO(rf_secret_fini) struct rf_secret key = {0};
    RF_AUTO(rf_secret_fini) struct rf_secret back = {0};
    new_key(&key, 1);
    RF_AUTO(rf_buf_fini) struct rf_buf a = wrapped(&key, "correct horse");
    RF_AUTO(rf_buf_fini) struct rf_buf b = wrapped(&key, "correct horse");
    assert_int_equal(a.len, 13 + RF_WRAP_OVERHEAD);
    assert_int_equal(rf_slice_find(rf_buf_slice(&a), rf_slice_str("correct")), SIZE_MAX);
    assert_false(rf_slice_eq(rf_buf_slice(&a), rf_buf_slice(&b))); /* a nonce each */
    assert_err(rf_unwrap(&key, BOUND, rf_buf_slice(&a), &back, NULL), RF_OK);
    assert_slice_str(rf_secret_slice(&back), "correct horse");
}

static void the_longest_secret_fits_and_no_longer_one(void **state)
{
    (void)state;
    RF_AUTO(rf_secret_fini) struct rf_secret key = {0};
    RF_AUTO(rf_secret_fini) struct rf_secret back = {0};
    static char text[RF_SECRET_MAX + 1];
    RF_AUTO(rf_buf_fini) struct rf_buf out = RF_BUF(RF_WRAPPED_MAX);
    struct rf_why why = {0};
    new_key(&key, 1);
    assert_err(rf_wrap(&key, BOUND, rf_slice_of(text, RF_SECRET_MAX), &out, NULL), RF_OK);
    assert_int_equal(out.len, RF_WRAPPED_MAX);
    assert_err(rf_unwrap(&key, BOUND, rf_buf_slice(&out), &back, NULL), RF_OK);
    assert_int_equal(back.len, RF_SECRET_MAX);
    assert_refused(rf_wrap(&key, BOUND, rf_slice_of(text, RF_SECRET_MAX + 1), &out, &why),
                   RF_ERR_LIMIT, why, "secret-long");
    why = (struct rf_why){0};
    assert_refused(rf_wrap(&key, BOUND, (struct rf_slice){0}, &out, &why), RF_ERR_LIMIT, why,
                   "secret-long");
}

static void not_opened(const struct rf_secret *key, struct rf_slice bound, struct rf_slice text)
{
    RF_AUTO(rf_secret_fini) struct rf_secret back = {0};
    struct rf_why why = {0};
    assert_refused(rf_unwrap(key, bound, text, &back, &why), RF_ERR_CRYPTO, why, "unwrap");
    assert_int_equal(back.len, 0);
}

static void another_key_or_another_place_does_not_open_it(void **state)
{
    (void)state;
    RF_AUTO(rf_secret_fini) struct rf_secret key = {0};
    RF_AUTO(rf_secret_fini) struct rf_secret other = {0};
    RF_AUTO(rf_secret_fini) struct rf_secret none = {0};
    new_key(&key, 1);
    new_key(&other, 2);
    RF_AUTO(rf_buf_fini) struct rf_buf a = wrapped(&key, "correct horse");
    not_opened(&other, BOUND, rf_buf_slice(&a));
    not_opened(&none, BOUND, rf_buf_slice(&a));
    not_opened(&key, rf_slice_str("device SEP001122334466 sshPassword"), rf_buf_slice(&a));
    not_opened(&key, rf_slice_str("device SEP001122334455 sshUserId"), rf_buf_slice(&a));
}

static void every_changed_byte_and_length_is_noticed(void **state)
{
    (void)state;
    RF_AUTO(rf_secret_fini) struct rf_secret key = {0};
    new_key(&key, 1);
    RF_AUTO(rf_buf_fini) struct rf_buf a = wrapped(&key, "correct horse");
    for (size_t i = 0; i < a.len; i++) {
        a.p[i] ^= 1;
        not_opened(&key, BOUND, rf_buf_slice(&a));
        a.p[i] ^= 1;
        not_opened(&key, BOUND, rf_slice_part(rf_buf_slice(&a), 0, i));
    }
    assert_err(rf_buf_add(&a, "", 1), RF_OK);
    not_opened(&key, BOUND, rf_buf_slice(&a));
}

static void bytes_of_any_length_are_wrapped_alike(void **state)
{
    (void)state;
    RF_AUTO(rf_secret_fini) struct rf_secret key = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(RF_WRAP_BYTES_MAX + 1);
    new_key(&key, 1);
    uint8_t *room = rf_buf_room(&text, RF_WRAP_BYTES_MAX + 1);
    assert_non_null(room);
    memset(room, 'x', RF_WRAP_BYTES_MAX + 1);
    text.len = RF_WRAP_BYTES_MAX + 1;
    static const size_t lengths[] = {1, RF_SECRET_MAX + 1, RF_WRAP_BYTES_MAX};
    for (size_t i = 0; i < 3; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf out = RF_BUF(RF_WRAP_BYTES_MAX + RF_WRAP_OVERHEAD);
        RF_AUTO(rf_buf_wipe) struct rf_buf back = RF_BUF(RF_WRAP_BYTES_MAX);
        RF_AUTO(rf_buf_wipe) struct rf_buf none = RF_BUF(RF_WRAP_BYTES_MAX);
        struct rf_slice bytes = rf_slice_part(rf_buf_slice(&text), 0, lengths[i]);
        struct rf_why why = {0};
        assert_err(rf_wrap_bytes(&key, BOUND, bytes, &out, NULL), RF_OK);
        assert_int_equal(out.len, lengths[i] + RF_WRAP_OVERHEAD);
        assert_err(rf_unwrap_bytes(&key, BOUND, rf_buf_slice(&out), &back, NULL), RF_OK);
        assert_slice_eq(rf_buf_slice(&back), bytes);
        out.p[out.len - 1] ^= 1;
        assert_refused(rf_unwrap_bytes(&key, BOUND, rf_buf_slice(&out), &none, &why), RF_ERR_CRYPTO,
                       why, "unwrap");
        assert_int_equal(none.len, 0);
    }
    RF_AUTO(rf_buf_fini) struct rf_buf out = {0};
    struct rf_why why = {0};
    assert_refused(rf_wrap_bytes(&key, BOUND, rf_buf_slice(&text), &out, &why), RF_ERR_LIMIT, why,
                   "wrap-long");
}

static void a_key_file_is_made_once_and_private(void **state)
{
    (void)state;
    char dir[TEST_TMP];
    test_tmp(dir, sizeof dir, "wrap");
    assert_non_null(mkdtemp(dir));
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, "store.key");
    RF_AUTO(rf_secret_fini) struct rf_secret key = {0};
    RF_AUTO(rf_secret_fini) struct rf_secret again = {0};
    struct rf_why why = {0};
    struct stat st;
    assert_err(rf_wrap_key_load(path, &key, &why), RF_ERR_NOT_FOUND);
    assert_err(rf_wrap_key_make(path, NULL), RF_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_err(rf_wrap_key_make(path, NULL), RF_ERR_EXISTS);
    assert_err(rf_wrap_key_load(path, &key, NULL), RF_OK);
    assert_err(rf_wrap_key_load(path, &again, NULL), RF_OK);
    assert_int_equal(key.len, RF_WRAP_KEY_BYTES);
    assert_slice_eq(rf_secret_slice(&key), rf_secret_slice(&again));
    static const char too_long[] = "0000000000000000000000000000000000000000000000000000000"
                                   "0000000000";
    static const char *const damaged[] = {"", "00", "not hexadecimal", too_long};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        assert_err(rf_file_replace(path, rf_slice_str(damaged[i]), RF_FILE_PRIVATE, NULL), RF_OK);
        why = (struct rf_why){0};
        assert_refused(rf_wrap_key_load(path, &key, &why), RF_ERR_BAD, why, "wrap-key");
    }
    assert_err(rf_file_remove(path, NULL), RF_OK);
    assert_int_equal(remove(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_comes_back_and_stands_nowhere),
        cmocka_unit_test(the_longest_secret_fits_and_no_longer_one),
        cmocka_unit_test(another_key_or_another_place_does_not_open_it),
        cmocka_unit_test(every_changed_byte_and_length_is_noticed),
        cmocka_unit_test(bytes_of_any_length_are_wrapped_alike),
        cmocka_unit_test(a_key_file_is_made_once_and_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
