/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/mem.h"
#include "base/text.h"
#include "trust/pwhash.h"

static void the_same_password_is_right_and_another_is_not(void **state)
{
    char text[RF_PWHASH_MAX], again[RF_PWHASH_MAX];
    struct rf_slice right = rf_slice_str("123456");
    assert_err(rf_pwhash_make(right, text, NULL), RF_OK);
    assert_true(rf_pwhash_check(text, right));
    assert_false(rf_pwhash_check(text, rf_slice_str("123457")));
    assert_false(rf_pwhash_check(text, rf_slice_str("12345")));
    assert_false(rf_pwhash_check(text, rf_slice_str("1234567")));
    assert_false(rf_pwhash_check(text, rf_slice_of("123456", 7)));
    assert_false(rf_pwhash_check(text, (struct rf_slice){0}));
    /* Each line has a salt of its own, and none of them holds the password. */
    assert_err(rf_pwhash_make(right, again, NULL), RF_OK);
    assert_string_not_equal(text, again);
    assert_true(rf_pwhash_check(again, right));
    assert_null(strstr(text, "123456"));
    assert_int_equal(strncmp(text, "scrypt$14$8$1$", 14), 0);
}

/* RFC 7914 section 12 has no 16-byte salt; this line was made by Python's hashlib.scrypt. */
static void a_line_made_elsewhere_is_read(void **state)
{
    const char *line = "scrypt$14$8$1$000102030405060708090a0b0c0d0e0f$"
                       "2bfd0be668642719e04b42e62825a6702d474aa4d39c766c6ed34c0d8d68838c";
    assert_true(rf_pwhash_check(line, rf_slice_str("4711")));
    assert_false(rf_pwhash_check(line, rf_slice_str("4712")));
}

static void passwords_out_of_bounds_are_refused(void **state)
{
    char text[RF_PWHASH_MAX];
    uint8_t long_one[RF_PWHASH_PASSWORD_MAX + 1];
    struct rf_why why = {0};
    memset(long_one, 'x', sizeof(long_one));
    assert_refused(rf_pwhash_make(rf_slice_of(long_one, sizeof(long_one)), text, &why),
                   RF_ERR_LIMIT, why, "password-long");
    assert_err(rf_pwhash_make(rf_slice_of(long_one, sizeof(long_one) - 1), text, NULL), RF_OK);
    assert_true(rf_pwhash_check(text, rf_slice_of(long_one, sizeof(long_one) - 1)));
    assert_false(rf_pwhash_check(text, rf_slice_of(long_one, sizeof(long_one))));
    why = (struct rf_why){0};
    assert_refused(rf_pwhash_make((struct rf_slice){0}, text, &why), RF_ERR_BAD, why,
                   "password-empty");
    why = (struct rf_why){0};
    assert_refused(rf_pwhash_make(rf_slice_of("1234\0", 5), text, &why), RF_ERR_BAD, why,
                   "password-nul");
    assert_err(rf_pwhash_make(rf_slice_of("1234\0", 4), text, NULL), RF_OK);
}

/* A line with one field replaced, or one more. */
static char *with_field(const char *line, unsigned field, const char *value)
{
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(1024);
    struct rf_slice rest = rf_slice_str(line), piece;
    for (unsigned i = 0; rf_next_piece(&rest, '$', &piece); i++) {
        if (i > 0)
            assert_err(rf_buf_add(&b, "$", 1), RF_OK);
        assert_err(rf_buf_add_slice(&b, i == field ? rf_slice_str(value) : piece), RF_OK);
    }
    assert_err(rf_buf_add(&b, "", 1), RF_OK);
    return rf_strdup((const char *)b.p);
}

static void a_text_of_another_form_is_never_right(void **state)
{
    static const struct {
        unsigned field;
        const char *value;
    } damaged[] = {
        {0, "bcrypt"}, {0, ""},    {1, "9"},  {1, "18"},
        {1, "63"},     {1, "x"},   {2, "9"},  {2, ""},
        {3, "2"},      {3, "1$1"}, {4, "00"}, {4, "000102030405060708090a0b0c0d0e0g"},
        {5, "00"},     {5, "zz"},  {5, ""},
    };
    char text[RF_PWHASH_MAX];
    struct rf_slice right = rf_slice_str("123456");
    assert_err(rf_pwhash_make(right, text, NULL), RF_OK);
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        RF_AUTO(rf_freep) char *bad = with_field(text, damaged[i].field, damaged[i].value);
        assert_false(rf_pwhash_check(bad, right));
    }
    RF_AUTO(rf_freep) char *same = with_field(text, 99, "");
    assert_true(rf_pwhash_check(same, right));
    RF_AUTO(rf_freep) char *more = rf_strf("%s$", text);
    assert_false(rf_pwhash_check(more, right));
    RF_AUTO(rf_freep) char *long_one = rf_strf("%s%0200d", text, 0);
    assert_false(rf_pwhash_check(long_one, right));
    assert_false(rf_pwhash_check("", right));
    assert_false(rf_pwhash_check(NULL, right));
    for (size_t n = 0; n < strlen(text); n++) {
        char cut[RF_PWHASH_MAX] = "";
        memcpy(cut, text, n);
        assert_false(rf_pwhash_check(cut, right));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_password_is_right_and_another_is_not),
        cmocka_unit_test(a_line_made_elsewhere_is_read),
        cmocka_unit_test(passwords_out_of_bounds_are_refused),
        cmocka_unit_test(a_text_of_another_form_is_never_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
