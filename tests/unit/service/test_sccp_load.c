/* SPDX-License-Identifier: Apache-2.0 */
/* Which alarms say that a load was refused, and why. */
#include "unit.h"

#include "service/sccp/sccp_load.h"

static void alarms_about_firmware_are_known(void **state)
{
    static const struct {
        const char *text, *reason, *file, *running;
    } rows[] = {
        {"0: Name=SEP001122334455 Load=SCCP42.8-5-4S Last=Load rejected HC", "hardware", "",
         "SCCP42.8-5-4S"},
        {"0: Name=SEP001122334455 Load=SCCP42.8-5-4S Last=LoadRejected", "rejected", "",
         "SCCP42.8-5-4S"},
        {"1: Name=SEP001122334455 Load=SCCP42.8-5-4S Last=x", "size", "", "SCCP42.8-5-4S"},
        {"2: Name=SEP001122334455 Load=a Last=", "compression", "", "a"},
        {"3: Name=SEP001122334455 Load=a Last=Incorrect Load Name", "version", "", "a"},
        {"5: Name=SEP001122334455 Load=a Last=Checksum Error", "checksum", "", "a"},
        {"6: Name=SEP001122334455 Load=a Last=File Not Found (SCCP42.9.loads)", "not-found",
         "SCCP42.9.loads", "a"},
        {"7: Name=SEP001122334455 Load=a Last=TFTP timeout jar42sccp.9-4.sbn", "tftp",
         "jar42sccp.9-4.sbn", "a"},
        {"25: Name=SEP001122334455 Load=a Last=Load Authentication failed", "signature", "", "a"},
        {"31: Name=SEP001122334455 Load=a Last=Auth Fail: apps42.9.sbn", "signature",
         "apps42.9.sbn", "a"},
        {"31: Name=SEP001122334455 Load=a Last=x SCCP894x.9.bin3.sgn", "signature",
         "SCCP894x.9.bin3.sgn", "a"},
        /* Ours give way to what there is to say, and leave the load out. */
        {"5: Name=SEP001122334455 Last=Auth fail rfapp.2.0.sbn sig-mismatch", "signature",
         "rfapp.2.0.sbn", ""},
        {"0: Name=SEP001122334455 Last=Load rejected HC rfapp.2.0.sbn image-hardware", "hardware",
         "rfapp.2.0.sbn", ""},
        {"Load rejected HC", "hardware", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_sccp_load_alarm got;
        assert_true(rf_sccp_load_alarm_parse(rf_slice_str(rows[i].text), &got));
        assert_string_equal(got.reason, rows[i].reason);
        assert_string_equal(got.file, rows[i].file);
        assert_string_equal(got.running, rows[i].running);
    }
}

static void other_alarms_are_none(void **state)
{
    static const char *const rows[] = {
        "25: Name=SEP001122334455 Load=SCCP42.9-4-2SR3-1S Last=Initialized",
        "22: Name=SEP001122334455 Load=a Last=Reset-Reset",
        "17: Name=SEP001122334455 Load=a Last=KeepaliveTO",
        "31: Name=SEP001122334455 Last=config_rejected sig-mismatch",
        "31: Name=SEP001122334455 Last=list_rejected CTL list-signer-unknown",
        "7: Name=SEP001122334455 Load=a Last=TFTP timeout",
        "9: Name=SEP001122334455 Load=a Last=TFTP error SEP001122334455.cnf.xml.sgn",
        "31: Name=SEP001122334455 Load=a Last=Auth Fail SEP001122334455.cnf.xml.sgn",
        "4: Name=SEP001122334455 Load=a Last=disk full",
        "20: Name=SEP001122334455 Load=SCCP42.loads Last=Phone-Keypad",
        "100: Name=a Load=a Last=b",
        "",
        ":",
        "0",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_sccp_load_alarm got;
        assert_false(rf_sccp_load_alarm_parse(rf_slice_str(rows[i]), &got));
    }
}

static void a_name_is_no_more_than_a_name(void **state)
{
    struct rf_sccp_load_alarm got;
    char text[400];
    static const char *const bad[] = {"../../x.sbn", "a\"b.sbn", "a\\b.sbn", "a\nb.sbn",
                                      "a\xc3\xa9.sbn"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "0: Load=%s Last=%s", bad[i], bad[i]);
        assert_true(rf_sccp_load_alarm_parse(rf_slice_str(text), &got));
        assert_string_equal(got.file, "");
        assert_string_equal(got.running, "");
    }
    /* Longer than any name: not cut into one. */
    snprintf(text, sizeof text, "0: Load=%0100d Last=%0100d.sbn", 1, 2);
    assert_true(rf_sccp_load_alarm_parse(rf_slice_str(text), &got));
    assert_string_equal(got.file, "");
    assert_string_equal(got.running, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alarms_about_firmware_are_known),
        cmocka_unit_test(other_alarms_are_none),
        cmocka_unit_test(a_name_is_no_more_than_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
