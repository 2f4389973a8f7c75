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
        struct rf_call_side a = {.signalling = cells[i].a}, b = {.signalling = cells[i].b};
        assert_int_equal(rf_call_security_of(&a, &b, cells[i].media), cells[i].want);
        assert_int_equal(rf_call_security_of(&b, &a, cells[i].media), cells[i].want);
    }
    assert_string_equal(rf_call_security_name(RF_CALL_SECURITY_ENCRYPTED), "encrypted");
    assert_string_equal(rf_call_security_name((enum rf_call_security)9), "unknown");
}

static void no_status_rests_on_an_untrusted_type_sec_85(void **state)
{
    struct rf_call_side good = {.signalling = CRYPT}, bad = {.signalling = CRYPT};
    assert_int_equal(rf_call_security_of(&good, &bad, true), RF_CALL_SECURITY_ENCRYPTED);
    bad.is_untrusted = true;
    assert_int_equal(rf_call_security_of(&good, &bad, true), RF_CALL_SECURITY_NOT_AUTHENTICATED);
    assert_int_equal(rf_call_security_of(&bad, &good, true), RF_CALL_SECURITY_NOT_AUTHENTICATED);
}

#define CM_32 RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_32
#define CM_80 RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_80
#define GCM   RF_CALL_SRTP_AEAD_AES_128_GCM
#define CLEAR RF_CALL_SRTP_NONE

static void the_strongest_common_suite_sec_82(void **state)
{
    static const struct {
        enum rf_call_signalling a, b;
        uint32_t a_able, b_able;
        enum rf_call_srtp want;
    } rows[] = {
        {CRYPT, CRYPT, RF_CALL_ABLE(CM_32), RF_CALL_ABLE(CM_32), CM_32},
        {CRYPT, CRYPT, RF_CALL_ABLE(CM_80), RF_CALL_ABLE(CM_80), CM_80},
        {CRYPT, CRYPT, RF_CALL_ABLE(CM_80) | RF_CALL_ABLE(CM_32), RF_CALL_ABLE_ALL, CM_80},
        {CRYPT, CRYPT, RF_CALL_ABLE_ALL, RF_CALL_ABLE_ALL, GCM},
        {CRYPT, CRYPT, RF_CALL_ABLE_ALL, RF_CALL_ABLE(CM_32), CM_32},
        {CRYPT, CRYPT, RF_CALL_ABLE(GCM), RF_CALL_ABLE(CM_32), CLEAR}, /* none in common */
        {CRYPT, CRYPT, RF_CALL_ABLE_ALL, 0, CLEAR},
        {AUTHED, CRYPT, RF_CALL_ABLE_ALL, RF_CALL_ABLE_ALL, CLEAR},
        {CRYPT, PLAIN, RF_CALL_ABLE_ALL, RF_CALL_ABLE_ALL, CLEAR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_call_side a = {.signalling = rows[i].a, .suites = rows[i].a_able};
        struct rf_call_side b = {.signalling = rows[i].b, .suites = rows[i].b_able};
        assert_int_equal(rf_call_suite(&a, &b), rows[i].want);
        assert_int_equal(rf_call_suite(&b, &a), rows[i].want);
    }
    assert_string_equal(rf_call_srtp_name(GCM), "AEAD_AES_128_GCM");
    assert_int_equal(rf_call_salt_len(GCM), 12);
}

static void the_best_common_codec(void **state)
{
    struct rf_call_side a = {.codecs = RF_CALL_CODEC_PCMU | RF_CALL_CODEC_G722};
    struct rf_call_side b = {.codecs = RF_CALL_CODEC_PCMU | RF_CALL_CODEC_PCMA};
    assert_int_equal(rf_call_codec_of(&a, &b), RF_CALL_CODEC_PCMU);
    b.codecs |= RF_CALL_CODEC_G722;
    assert_int_equal(rf_call_codec_of(&a, &b), RF_CALL_CODEC_G722);
    b.codecs = RF_CALL_CODEC_PCMA;
    assert_int_equal(rf_call_codec_of(&a, &b), 0);
}

static void keys_are_drawn_and_wiped(void **state)
{
    static const struct rf_call_key none;
    struct rf_call_key a = {0}, b = {0};
    rf_call_key_draw(CM_32, &a);
    rf_call_key_draw(CM_32, &b);
    assert_int_equal(a.algorithm, CM_32);
    assert_memory_not_equal(a.key, b.key, sizeof a.key);
    assert_memory_not_equal(a.salt, b.salt, sizeof a.salt);
    assert_memory_not_equal(a.key, none.key, sizeof a.key);
    rf_call_key_wipe(&a);
    assert_memory_equal(&a, &none, sizeof a);
    rf_call_key_draw(GCM, &a);
    assert_memory_equal(a.salt + 12, none.salt, 2);
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
        cmocka_unit_test(no_status_rests_on_an_untrusted_type_sec_85),
        cmocka_unit_test(the_strongest_common_suite_sec_82),
        cmocka_unit_test(the_best_common_codec),
        cmocka_unit_test(keys_are_drawn_and_wiped),
        cmocka_unit_test(addresses_for_media),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
