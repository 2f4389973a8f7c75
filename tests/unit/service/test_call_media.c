/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "service/call/call_media.h"

#define PLAIN  RF_CALL_SIGNALLING_PLAIN
#define AUTHED RF_CALL_SIGNALLING_AUTHENTICATED
#define CRYPT  RF_CALL_SIGNALLING_ENCRYPTED

/* doc: docs/security-rules.md, "Media and call status": every cell, both ways round */
static void status_of_every_pair_sec_83(void **state)
{
    static const struct {
        enum rf_call_signalling a, b;
        bool media;
        enum rf_call_security want;
    } cells[] = {
        {PLAIN, PLAIN, false, RF_CALL_SECURITY_NOT_AUTHENTICATED},
        {PLAIN, AUTHED, false, RF_CALL_SECURITY_NOT_AUTHENTICATED},
        {PLAIN, CRYPT, false, RF_CALL_SECURITY_NOT_AUTHENTICATED},
        {AUTHED, AUTHED, false, RF_CALL_SECURITY_AUTHENTICATED},
        {AUTHED, CRYPT, false, RF_CALL_SECURITY_AUTHENTICATED},
        {CRYPT, CRYPT, false, RF_CALL_SECURITY_AUTHENTICATED},
        {CRYPT, CRYPT, true, RF_CALL_SECURITY_ENCRYPTED},
        {CRYPT, AUTHED, true, RF_CALL_SECURITY_AUTHENTICATED},
        {CRYPT, PLAIN, true, RF_CALL_SECURITY_NOT_AUTHENTICATED},
    };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        assert_int_equal(rf_call_security_of(cells[i].a, cells[i].b, cells[i].media),
                         cells[i].want);
        assert_int_equal(rf_call_security_of(cells[i].b, cells[i].a, cells[i].media),
                         cells[i].want);
    }
    assert_string_equal(rf_call_security_name(RF_CALL_SECURITY_ENCRYPTED), "encrypted");
    assert_string_equal(rf_call_security_name((enum rf_call_security)9), "unknown");
}

static void srtp_needs_both_ends(void **state)
{
    assert_true(rf_call_srtp_possible(CRYPT, true, CRYPT, true));
    assert_false(rf_call_srtp_possible(CRYPT, true, CRYPT, false));
    assert_false(rf_call_srtp_possible(CRYPT, false, CRYPT, true));
    assert_false(rf_call_srtp_possible(AUTHED, true, CRYPT, true));
    assert_false(rf_call_srtp_possible(CRYPT, true, PLAIN, true));
}

static void keys_are_drawn_and_wiped(void **state)
{
    static const struct rf_call_key none;
    struct rf_call_key a = {0}, b = {0};
    rf_call_key_draw(&a);
    rf_call_key_draw(&b);
    assert_int_equal(a.algorithm, RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_32);
    assert_memory_not_equal(a.key, b.key, sizeof a.key);
    assert_memory_not_equal(a.salt, b.salt, sizeof a.salt);
    assert_memory_not_equal(a.key, none.key, sizeof a.key);
    rf_call_key_wipe(&a);
    assert_memory_equal(&a, &none, sizeof a);
}

static void addresses_for_media(void **state)
{
    static const struct {
        struct rf_call_addr addr;
        bool ok;
    } rows[] = {
        {{.ip = {10, 1, 2, 3}, .port = 24600}, true},
        {{.ip = {127, 0, 0, 1}, .port = 24600}, true}, /* whose it may be is not asked here */
        {{.ip = {10, 1, 2, 3}, .port = 0}, false},
        {{.ip = {0, 0, 0, 0}, .port = 24600}, false},
        {{.ip = {0, 1, 2, 3}, .port = 24600}, false},
        {{.ip = {223, 255, 255, 255}, .port = 24600}, true},
        {{.ip = {224, 0, 0, 1}, .port = 24600}, false},
        {{.ip = {255, 255, 255, 255}, .port = 24600}, false},
        {{.is_ip6 = true, .ip = {0x20, 1, 0xd, 0xb8}, .port = 24600}, true},
        {{.is_ip6 = true, .ip = {0}, .port = 24600}, false},
        {{.is_ip6 = true, .ip = {0xff, 2}, .port = 24600}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(rf_call_addr_usable(&rows[i].addr), rows[i].ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_of_every_pair_sec_83),
        cmocka_unit_test(srtp_needs_both_ends),
        cmocka_unit_test(keys_are_drawn_and_wiped),
        cmocka_unit_test(addresses_for_media),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
