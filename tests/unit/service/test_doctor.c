/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor's judges: what is made of what was seen. The walk itself is tested end to end. */
#include "../trust/pki.h"
#include "phone_lists.h"
#include "unit.h"

#include "service/doctor/doctor_int.h"

#define DEVICE "SEP001122334455"
#define NAME   DEVICE ".cnf.xml.sgn"

static struct id ccm, tftp, capf;

static int up(void **state)
{
    (void)state;
    ccm = fixture_id("ccm");
    tftp = fixture_id("tftp");
    capf = fixture_id("capf");
    return 0;
}

static int down(void **state)
{
    (void)state;
    id_fini(&ccm);
    id_fini(&tftp);
    id_fini(&capf);
    return 0;
}

static const struct rf_doctor_line *last(const struct rf_doctor_report *r)
{
    assert_true(r->n > 0);
    return &r->line[r->n - 1];
}

static void assert_last(const struct rf_doctor_report *r, enum rf_doctor_grade grade,
                        const char *code)
{
    if (strcmp(last(r)->code, code) != 0)
        print_error("%s: %s\n", last(r)->code, last(r)->what);
    assert_string_equal(last(r)->code, code);
    assert_int_equal(last(r)->grade, grade);
}

/* ---- the table ---- */

static void each_cause_has_its_row(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RF_DOCTOR_CODES_N; i++) {
        const struct rf_doctor_row *row = rf_doctor_row((enum rf_doctor_code)i);
        assert_non_null(row->code);
        assert_true(row->means[0] != '\0');
        assert_true(row->grade == RF_DOCTOR_NOTE || row->next[0] != '\0');
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(row->code, rf_doctor_row((enum rf_doctor_code)k)->code);
    }
}

static void a_report_is_well_until_a_fault(void **state)
{
    struct rf_doctor_report r = {0};
    (void)state;
    doctor_well(&r, RF_DOCTOR_CTL, "a", "fine");
    doctor_say(&r, RF_DOCTOR_CTL, RF_DOCTOR_LIST_ONE_SAST, "a", "%s", "");
    doctor_say_as(&r, RF_DOCTOR_FOLLOWS, RF_DOCTOR_CTL, RF_DOCTOR_SIGNATURE, "a", "%s", "");
    assert_true(rf_doctor_report_is_well(&r));
    assert_string_equal(last(&r)->next, ""); /* nothing to do about what follows */
    doctor_say(&r, RF_DOCTOR_CTL, RF_DOCTOR_SIGNATURE, "a\x1b[31m", "%s", "line\x1b[2J");
    assert_false(rf_doctor_report_is_well(&r));
    assert_string_equal(last(&r)->where, "a\\x1b[31m");
    assert_null(strchr(last(&r)->what, '\x1b'));
    for (int i = 0; i < 2 * DOCTOR_LINES_MAX; i++)
        doctor_well(&r, RF_DOCTOR_CTL, "a", "fine");
    assert_int_equal(r.n, DOCTOR_LINES_MAX);
    assert_true(r.is_cut);
    assert_null(rf_doctor_report_line(&r, DOCTOR_LINES_MAX));
}

static void macs(void **state)
{
    static const char *const good[] = {"00:11:22:33:44:aB", "0011223344AB",      "SEP0011223344AB",
                                       "0011.2233.44ab",    "00-11-22-33-44-AB", "sep0011223344ab"};
    static const char *const bad[] = {"",    "00112233445",  "0011223344556", "0011223344XY",
                                      "SEP", "001122334455 "};
    struct rf_doctor_patient p = {0};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(rf_doctor_patient_mac(&p, good[i]));
        assert_string_equal(p.device, "SEP0011223344AB");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(rf_doctor_patient_mac(&p, bad[i]));
    assert_string_equal(p.device, "SEP0011223344AB");
}

static void models(void **state)
{
    (void)state;
    assert_true(doctor_model_is_old("7962") && doctor_model_is_old("6921") &&
                doctor_model_is_old("8945"));
    assert_false(doctor_model_is_old("8861") || doctor_model_is_old("7821") ||
                 doctor_model_is_old("") || doctor_model_is_old("9971"));
    assert_true(doctor_load_fits("SCCP42.9-4-2SR3-1S", "7962G"));
    assert_false(doctor_load_fits("SCCP42.9-4-2SR3-1S", "7961"));
    assert_true(doctor_load_fits("SCCP42.9-4-2SR3-1S", "")); /* a model that is not known */
    assert_true(doctor_load_fits("ringphone-2.0", "7961"));  /* nor is the load */
    assert_false(doctor_load_fits("sip8845_65.12-1", "8861"));
    assert_true(doctor_load_fits("sip88xx.12-1", "8861"));
    assert_true(doctor_part_fits("SCCP42.9", rf_slice_str("jar42sccp.9.sbn")));
    assert_false(doctor_part_fits("SCCP42.9", rf_slice_str("dsp41.9.sbn")));
    assert_true(doctor_part_fits("SCCP42.9", rf_slice_str("readme")));
    assert_string_equal(doctor_load_suffix("CP7921G-1.4"), ".LOADS");
    assert_string_equal(doctor_load_suffix("SCCP42.9"), ".loads");
    assert_string_equal(doctor_locale_jar("7962", false), "mk-sccp.jar");
    assert_string_equal(doctor_locale_jar("1234", false), "");
    assert_string_equal(doctor_tones_file("7960"), "7960-tones.xml");
    assert_string_equal(doctor_tones_file("9971"), "g4-tones.xml");
}

/* ---- bytes ---- */

static void pages_and_nothing(void **state)
{
    static const struct {
        const char *bytes, *code;
    } rows[] = {
        {"", "file-empty"},
        {"<html><body>", "file-html"},
        {"\r\n <!DOCTYPE HTML PUBLIC", "file-html"},
        {"<?xml version=\"1.0\"?><device>", ""},
        {"\x01", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_doctor_report r = {0};
        bool is_good = doctor_judge_bytes(&r, RF_DOCTOR_CONFIG, NAME, rf_slice_str(rows[i].bytes));
        assert_int_equal(is_good, rows[i].code[0] == '\0');
        if (!is_good)
            assert_last(&r, RF_DOCTOR_FAULT, rows[i].code);
    }
}

static void fetches_that_ended_badly(void **state)
{
    static const struct {
        enum rf_fetch_result result;
        bool is_heard;
        const char *code;
    } rows[] = {
        {RF_FETCH_TIMEOUT, false, "server-silent"}, {RF_FETCH_TIMEOUT, true, "file-silent"},
        {RF_FETCH_ACCESS, true, "file-access"},     {RF_FETCH_TOO_LONG, true, "file-large"},
        {RF_FETCH_ERROR, true, "file-error"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_doctor_report r = {0};
        struct rf_why why = {.text = "because"};
        doctor_judge_fetch(&r, RF_DOCTOR_CONFIG, NAME, rows[i].result, &why, rows[i].is_heard);
        assert_last(&r, RF_DOCTOR_FAULT, rows[i].code);
    }
}

static void whole_they_are_taken(const struct rf_buf *list, const struct rf_buf *file,
                                 const struct rf_lists *lists)
{
    const struct rf_lists none = {0};
    struct rf_doctor_report r = {0};
    struct doctor_list of_list;
    struct doctor_file of_file;
    struct doctor_list_ask ask_list = {.kind = RF_LIST_ITL,
                                       .name = "ITLFile.tlv",
                                       .bytes = rf_buf_slice(list),
                                       .lists = &none,
                                       .model = "7962",
                                       .now_s = TEST_NOW};
    struct doctor_file_ask ask_file = {.step = RF_DOCTOR_CONFIG,
                                       .name = NAME,
                                       .bytes = rf_buf_slice(file),
                                       .lists = lists,
                                       .model = "7962",
                                       .now_s = TEST_NOW};
    doctor_judge_list(&r, &ask_list, &of_list);
    doctor_judge_file(&r, &ask_file, &of_file);
    assert_true(of_list.is_taken && of_file.is_used && rf_doctor_report_is_well(&r));
    rf_list_unref(of_list.list);
}

/* A server may send anything: what is cut off or changed anywhere is a fault, and not taken. */
static void damage_everywhere(void **state)
{
    struct rf_buf list = read_data("fixtures/made/ITLFile.tlv");
    struct rf_buf file = read_data("fixtures/made/sha1.cnf.xml.sgn");
    struct rf_lists none = {0}, lists = {0};
    (void)state;
    assert_err(rf_lists_load(&lists, RF_LIST_ITL, rf_buf_slice(&list), NULL), RF_OK);
    for (size_t i = 0; i < 2 * list.len; i += 7) {
        struct rf_doctor_report r = {0};
        struct doctor_list found;
        struct doctor_list_ask ask = {.kind = RF_LIST_ITL,
                                      .name = "ITLFile.tlv",
                                      .bytes = rf_slice_part(rf_buf_slice(&list), 0, i / 2),
                                      .lists = &none,
                                      .model = "",
                                      .now_s = TEST_NOW};
        if (i % 2 == 1) {
            ask.bytes = rf_buf_slice(&list);
            list.p[i / 2] ^= 1;
        }
        doctor_judge_list(&r, &ask, &found);
        if (i % 2 == 1)
            list.p[i / 2] ^= 1;
        assert_false(found.is_taken || found.is_as_if || rf_doctor_report_is_well(&r));
        rf_list_unref(found.list);
    }
    for (size_t i = 0; i < 2 * file.len; i += 3) {
        struct rf_doctor_report r = {0};
        struct doctor_file found;
        struct doctor_file_ask ask = {.step = RF_DOCTOR_CONFIG,
                                      .name = NAME,
                                      .bytes = rf_slice_part(rf_buf_slice(&file), 0, i / 2),
                                      .lists = &lists,
                                      .model = "7962",
                                      .now_s = TEST_NOW};
        if (i % 2 == 1) {
            ask.bytes = rf_buf_slice(&file);
            file.p[i / 2] ^= 1;
        }
        doctor_judge_file(&r, &ask, &found);
        if (i % 2 == 1)
            file.p[i / 2] ^= 1;
        assert_false(found.is_used || found.is_ours || rf_doctor_report_is_well(&r));
    }
    whole_they_are_taken(&list, &file, &lists);
    rf_lists_fini(&lists);
    rf_buf_fini(&list);
    rf_buf_fini(&file);
}

/* Ahead of us: is it the server's clock, or ours? The signer's certificate tells. */
static void whose_clock(void **state)
{
    struct rf_doctor_report r = {0};
    struct rf_why why = {.text = "signed later"};
    (void)state;
    doctor_judge_time(&r, RF_DOCTOR_CONFIG, NAME, tftp.cert, &why, TEST_NOW);
    assert_last(&r, RF_DOCTOR_FAULT, "time-future");
    doctor_judge_time(&r, RF_DOCTOR_CONFIG, NAME, tftp.cert, &why, 86400);
    assert_last(&r, RF_DOCTOR_FAULT, "clock-behind");
    doctor_judge_time(&r, RF_DOCTOR_FILES, "a", tftp.cert, &why, 86400);
    assert_last(&r, RF_DOCTOR_FOLLOWS, "clock-behind"); /* one clock, one fault */
}

/* ---- the configuration ---- */

static struct doctor_config_ask ask_of(const struct rf_phonexml *c, const struct rf_lists *lists,
                                       const struct rf_doctor_patient *p)
{
    return (struct doctor_config_ask){
        .step = RF_DOCTOR_CONFIG, .name = NAME, .config = c, .lists = lists, .patient = p};
}

static struct rf_phonexml *healthy(void)
{
    struct rf_phonexml *c = rf_phonexml_new();
    c->cm_n = 1;
    snprintf(c->cm[0].name, sizeof c->cm[0].name, "192.0.2.1");
    c->cm[0].port = 2000;
    c->security_mode = RF_PHONEXML_MODE_ENCRYPTED;
    c->srst.is_present = true;
    snprintf(c->srst.option, sizeof c->srst.option, "Disable");
    snprintf(c->srst.address[0].ip, sizeof c->srst.address[0].ip, "192.0.2.9");
    return c;
}

static void sick_cm(struct rf_phonexml *c)
{
    c->cm_n = 0;
}

static void sick_srst(struct rf_phonexml *c)
{
    snprintf(c->srst.option, sizeof c->srst.option, "Enable");
}

static void sick_capf(struct rf_phonexml *c)
{
    c->capf_auth_mode = RF_PHONEXML_CAPF_NULL;
}

static void string_wanted(struct rf_phonexml *c)
{
    c->capf_auth_mode = RF_PHONEXML_CAPF_STRING;
    c->capf_n = 1;
}

static void sick_sip(struct rf_phonexml *c)
{
    snprintf(c->device_protocol, sizeof c->device_protocol, "SIP");
}

static void configurations(void **state)
{
    static const struct {
        void (*make)(struct rf_phonexml *c);
        enum rf_doctor_grade grade;
        const char *code;
    } rows[] = {
        {NULL, RF_DOCTOR_WELL, ""},
        {sick_cm, RF_DOCTOR_FAULT, "no-call-manager"},
        {sick_srst, RF_DOCTOR_WARNING, "srst-clear"},
        {sick_capf, RF_DOCTOR_FAULT, "capf-missing"},
        {string_wanted, RF_DOCTOR_NOTE, "capf-string"},
        {sick_sip, RF_DOCTOR_FAULT, "sip-transport"},
    };
    const struct rf_doctor_patient p = {.model = "8861"};
    struct rf_lists lists =
        phone_lists(&(struct phone_list_row){ccm.cert, RF_TRUSTLIST_ROLE_CCM}, 1);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = healthy();
        struct rf_doctor_report r = {0};
        if (rows[i].make != NULL)
            rows[i].make(c);
        struct doctor_config_ask ask = ask_of(c, &lists, &p);
        doctor_judge_config(&r, &ask);
        assert_int_equal(r.n, 1);
        assert_last(&r, rows[i].grade, rows[i].code);
    }
    rf_lists_fini(&lists);
}

/* Lists that were refused are the fault; that the phone then has none follows. */
static void secure_without_list(void **state)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = healthy();
    const struct rf_doctor_patient p = {0};
    const struct rf_lists none = {0};
    struct rf_doctor_report r = {0};
    struct doctor_config_ask ask = ask_of(c, &none, &p);
    (void)state;
    doctor_judge_config(&r, &ask);
    assert_last(&r, RF_DOCTOR_FAULT, "secure-without-list");
    r = (struct rf_doctor_report){0};
    doctor_say(&r, RF_DOCTOR_ITL, RF_DOCTOR_SIGNATURE, "ITL", "%s", "");
    doctor_judge_config(&r, &ask);
    assert_last(&r, RF_DOCTOR_FOLLOWS, "secure-without-list");
    r = (struct rf_doctor_report){0};
    c->security_mode = RF_PHONEXML_MODE_NON_SECURE;
    doctor_judge_config(&r, &ask);
    assert_last(&r, RF_DOCTOR_WELL, "");
}

static void stubs(void **state)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = rf_phonexml_new();
    struct rf_doctor_patient p = {.lsc.cert = tftp.cert, .mic.cert = ccm.cert};
    const struct rf_lists none = {0};
    struct rf_doctor_report r = {0};
    struct doctor_config_ask ask = ask_of(c, &none, &p);
    (void)state;
    c->is_full = false;
    assert_false(doctor_judge_stub(&r, &ask));
    assert_last(&r, RF_DOCTOR_FAULT, "stub-flag");
    c->is_encrypted = true;
    assert_false(doctor_judge_stub(&r, &ask));
    assert_last(&r, RF_DOCTOR_FAULT, "cert-hash");
    snprintf(c->cert_hash, sizeof c->cert_hash, "%s", rf_cert_md5(ccm.cert));
    assert_false(doctor_judge_stub(&r, &ask));
    assert_last(&r, RF_DOCTOR_FAULT, "cert-hash");
    assert_non_null(strstr(last(&r)->what, "that of its MIC"));
    snprintf(c->cert_hash, sizeof c->cert_hash, "%s", rf_cert_md5(tftp.cert));
    assert_true(doctor_judge_stub(&r, &ask));
    assert_last(&r, RF_DOCTOR_WELL, "");
    p.lsc.cert = NULL; /* then the MIC counts */
    assert_false(doctor_judge_stub(&r, &ask));
    p.mic.cert = NULL; /* and nobody knows */
    assert_true(doctor_judge_stub(&r, &ask));
}

static void names_of_loads(void **state)
{
    static const struct {
        const char *load, *model, *code;
        enum rf_doctor_grade grade;
    } rows[] = {
        {"SCCP42.9-4-2", "7962", "", RF_DOCTOR_WELL},
        {"SCCP42.9-4-2", "7961", "load-family", RF_DOCTOR_FAULT},
        {"SCCP42.9-4-2.loads", "7962", "load-suffix", RF_DOCTOR_FAULT},
        {"SIP42.9-4-2", "7962", "load-protocol", RF_DOCTOR_WARNING},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = healthy();
        struct rf_doctor_patient p = {0};
        const struct rf_lists none = {0};
        struct rf_doctor_report r = {0};
        snprintf(c->load_information, sizeof c->load_information, "%s", rows[i].load);
        snprintf(p.model, sizeof p.model, "%s", rows[i].model);
        struct doctor_config_ask ask = ask_of(c, &none, &p);
        doctor_judge_load_name(&r, &ask);
        assert_int_equal(r.n, rows[i].code[0] != '\0');
        if (r.n > 0)
            assert_last(&r, rows[i].grade, rows[i].code);
    }
}

/* ---- servers ---- */

static struct doctor_visit visit(const char *why)
{
    struct doctor_visit v = {.step = RF_DOCTOR_CM,
                             .where = "192.0.2.1:2443",
                             .host = "192.0.2.1",
                             .port = 2443,
                             .base_port = 2000,
                             .role = RF_TRUSTLIST_ROLE_CCM,
                             .has_tls = true,
                             .has_id = true,
                             .is_ended = true,
                             .server = ccm.cert};
    snprintf(v.why.code, sizeof v.why.code, "%s", why);
    return v;
}

static void why_a_visit_ended(void **state)
{
    static const struct {
        const char *why, *code;
        bool has_cert, has_id;
    } rows[] = {
        {"connect-refused", "connect-refused", false, true},
        {"handshake-timeout", "connect-timeout", false, true},
        {"tls-bad-record", "not-tls", false, true},
        {"end", "not-tls", false, true},
        {"tcp-reset", "not-tls", false, true},
        {"end", "closed-early", true, true},
        {"tls-version", "tls-mismatch", false, true},
        {"tls-alert-handshake-failure", "tls-mismatch", false, true},
        {"tls-alert-handshake-failure", "client-refused", true, true},
        {"tls-alert-handshake-failure", "client-none", true, false},
        {"tls-alert-certificate-required", "client-none", true, false},
        {"tls-alert-unknown-ca", "client-issuer", true, true},
        {"tls-alert-certificate-expired", "client-expired", true, true},
        {"tls-alert-bad-certificate", "client-refused", true, true},
        {"server-unknown", "server-unknown", true, true},
        {"server-role", "server-role", true, true},
        {"cert-expired", "server-expired", true, true},
        {"something-else", "tls-failed", false, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_doctor_report r = {0};
        struct doctor_visit v = visit(rows[i].why);
        bool is_note = strcmp(rows[i].code, "client-none") == 0;
        v.server = rows[i].has_cert ? ccm.cert : NULL;
        v.has_id = rows[i].has_id;
        doctor_judge_server(&r, &v, NULL);
        assert_last(&r, is_note ? RF_DOCTOR_NOTE : RF_DOCTOR_FAULT, rows[i].code);
        v.is_optional = true;
        doctor_judge_server(&r, &v, NULL);
        assert_last(&r, is_note ? RF_DOCTOR_NOTE : RF_DOCTOR_WARNING, rows[i].code);
    }
}

static void a_visit_that_went_well(void **state)
{
    struct rf_doctor_report r = {0};
    struct doctor_visit v = visit("");
    struct id leaf = self_id(RF_CERT_ROLE_CCM, "cm", 0);
    (void)state;
    v.is_open = true;
    v.is_ended = false;
    doctor_judge_server(&r, &v, NULL);
    assert_last(&r, RF_DOCTOR_WELL, "");
    v.step = RF_DOCTOR_CAPF;
    doctor_judge_server(&r, &v, NULL);
    assert_last(&r, RF_DOCTOR_WELL, "");
    v.server = leaf.cert; /* may not issue */
    doctor_judge_server(&r, &v, NULL);
    assert_last(&r, RF_DOCTOR_FAULT, "server-capf");
    id_fini(&leaf);
}

/* The secure port was written where the plain one belongs: seen from what listens. */
static void port_added(void **state)
{
    struct rf_doctor_report r = {0};
    struct doctor_visit v = visit("connect-refused");
    (void)state;
    v.server = NULL;
    v.has_base = true;
    doctor_judge_server(&r, &v, NULL);
    assert_last(&r, RF_DOCTOR_FAULT, "connect-refused");
    assert_non_null(strstr(last(&r)->what, "only the plain port 2000 is open"));
    v.is_base_tls = true;
    doctor_judge_server(&r, &v, NULL);
    assert_last(&r, RF_DOCTOR_FAULT, "port-added");
}

/* One cause, one fault: an expired LSC is why the server refuses, a refused list is why the phone
 * does not know the server. */
static void what_follows(void **state)
{
    struct rf_doctor_report r = {0};
    struct doctor_visit v = visit("tls-alert-certificate-expired");
    struct rf_lists refused =
        phone_lists(&(struct phone_list_row){ccm.cert, RF_TRUSTLIST_ROLE_CCM}, 1);
    (void)state;
    doctor_say(&r, RF_DOCTOR_PHONE, RF_DOCTOR_OWN_EXPIRED, "LSC", "%s", "");
    doctor_judge_server(&r, &v, NULL);
    assert_last(&r, RF_DOCTOR_FOLLOWS, "client-expired");
    v = visit("server-unknown");
    doctor_judge_server(&r, &v, &refused);
    assert_last(&r, RF_DOCTOR_FOLLOWS, "server-unknown");
    v.server = capf.cert;
    doctor_judge_server(&r, &v, &refused);
    assert_last(&r, RF_DOCTOR_FAULT, "server-unknown");
    rf_lists_fini(&refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cause_has_its_row),
        cmocka_unit_test(a_report_is_well_until_a_fault),
        cmocka_unit_test(macs),
        cmocka_unit_test(models),
        cmocka_unit_test(pages_and_nothing),
        cmocka_unit_test(fetches_that_ended_badly),
        cmocka_unit_test(damage_everywhere),
        cmocka_unit_test(whose_clock),
        cmocka_unit_test(configurations),
        cmocka_unit_test(secure_without_list),
        cmocka_unit_test(stubs),
        cmocka_unit_test(names_of_loads),
        cmocka_unit_test(why_a_visit_ended),
        cmocka_unit_test(a_visit_that_went_well),
        cmocka_unit_test(port_added),
        cmocka_unit_test(what_follows),
    };
    return cmocka_run_group_tests(tests, up, down);
}
