/* SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"
#include "wire/loads/loads.h"

static enum rf_err decode(struct rf_slice in, void *msg, struct rf_why *why)
{
    return rf_loads_decode(in, msg, why);
}

static enum rf_err encode(const void *msg, uint8_t *buf, size_t cap, struct rf_slice *out)
{
    return rf_loads_encode(msg, buf, cap, out, NULL);
}

static const struct codec codec = {.name = "loads",
                                   .msg_size = sizeof(struct rf_loads),
                                   .decode = decode,
                                   .encode = encode,
                                   .may_be_cut = true};
/* LF, comments and blanks are not written again. */
static const struct codec respelled = {.name = "loads",
                                       .msg_size = sizeof(struct rf_loads),
                                       .decode = decode,
                                       .encode = encode,
                                       .may_be_cut = true,
                                       .is_respelled = true};

#define MD5 "0123456789abcdefABCDEF0123456789"

static void check_79x1(const void *msg)
{
    const struct rf_loads *l = msg;
    assert_int_equal(l->entry_n, 3);
    assert_slice_str(l->entry[0].name, "jar45sccp.9-4-2ES26.sbn");
    assert_slice_str(l->entry[2].name, "dsp45.9-4-2ES26.sbn");
    assert_false(l->entry[0].has_digest);
    assert_true(l->has_hardware_comp);
    assert_int_equal(l->hardware_comp, 15);
    assert_int_equal(l->comment_n, 0);
}

static void check_spelled(const void *msg)
{
    const struct rf_loads *l = msg;
    check_79x1(&(struct rf_loads){.entry_n = 3,
                                  .entry = {l->entry[0], l->entry[1], l->entry[2]},
                                  .has_hardware_comp = l->has_hardware_comp,
                                  .hardware_comp = l->hardware_comp});
    assert_int_equal(l->comment_n, 2);
}

static void check_792x(const void *msg)
{
    const struct rf_loads *l = msg;
    assert_int_equal(l->condition_n, 2);
    assert_slice_str(l->condition[0].name, "HW_REV");
    assert_slice_str(l->condition[0].value, "0-4.*");
    assert_slice_str(l->condition[1].value, "EAP-TLS,PEAP,VSFIX");
    assert_int_equal(l->entry_n, 2);
    assert_true(l->entry[0].has_digest);
    assert_int_equal(l->entry[0].size_bytes, 1234567);
    assert_slice_str(l->entry[0].md5, MD5);
    assert_false(l->entry[0].is_optional);
    assert_true(l->entry[1].is_optional);
    assert_int_equal(l->variable_n, 1);
    assert_slice_str(l->variable[0].name, "LA_VERSION");
    assert_slice_str(l->variable[0].value, "PAS30831");
}

static void lists_of_each_spelling_are_read(void **state)
{
    (void)state;
    static const char crlf[] = "#HARDWARE_COMP_1 15\r\njar45sccp.9-4-2ES26.sbn\r\n"
                               "cnu45.9-4-2ES26.sbn\r\ndsp45.9-4-2ES26.sbn\r\n";
    static const char lf[] = "# a comment\n\n  jar45sccp.9-4-2ES26.sbn\t\ncnu45.9-4-2ES26.sbn \n"
                             "#another\n#HARDWARE_COMP_1 15\ndsp45.9-4-2ES26.sbn";
    static const char full[] = "#? HW_REV 0-4.*\r\n#? SW_CAP EAP-TLS,PEAP,VSFIX\r\n"
                               "TNUX-1.4.6.3.SBN 1234567 " MD5 "\r\n#+ JSYS.SBN 5 " MD5 "\r\n"
                               "LA_VERSION=PAS30831\r\n";
    codec_check_known(&codec, &(struct codec_known){"CRLF", rf_slice_str(crlf), check_79x1});
    codec_check_known(&respelled, &(struct codec_known){"LF", rf_slice_str(lf), check_spelled});
    codec_check_known(&codec, &(struct codec_known){"792x", rf_slice_str(full), check_792x});
}

static void a_line_is_refused_for_each_fault_and_taken_without_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum rf_err err;
        const char *code;
    } rows[] = {
        {"a.sbn", RF_OK, NULL},
        {"", RF_OK, NULL},
        {"a.sbn 5 " MD5, RF_OK, NULL},
        {"a.sbn 4294967295 " MD5, RF_OK, NULL},
        {"a.sbn 4294967296 " MD5, RF_ERR_BAD, "entry-size"},
        {"a.sbn -5 " MD5, RF_ERR_BAD, "entry-size"},
        {"a.sbn 5", RF_ERR_BAD, "entry-fields"},
        {"a.sbn 5 " MD5 " more", RF_ERR_BAD, "entry-fields"},
        {"#+ a.sbn", RF_ERR_BAD, "entry-fields"},
        {"#+", RF_ERR_BAD, "entry-name"},
        {"a.sbn 5 0123456789abcdef0123456789abcde", RF_ERR_BAD, "entry-md5"},
        {"a.sbn 5 0123456789abcdef0123456789abcdeg", RF_ERR_BAD, "entry-md5"},
        {"../a.sbn", RF_ERR_BAD, "entry-name"},
        {".a", RF_ERR_BAD, "entry-name"},
        {"dir/a.sbn", RF_ERR_BAD, "entry-name"},
        {"dir\\a.sbn", RF_ERR_BAD, "entry-name"},
        {"a-b=c", RF_ERR_BAD, "entry-name"},
        {"=c", RF_ERR_BAD, "entry-name"},
        {"A_B=", RF_OK, NULL},
        {"a.sbn\na.sbn", RF_ERR_BAD, "entry-twice"},
        {"a.sbn\nA.sbn", RF_OK, NULL},
        {"a\x01.sbn", RF_ERR_BAD, "control-byte"},
        {"# \xff", RF_ERR_BAD, "control-byte"},
        {"#? HW_REV", RF_ERR_BAD, "condition"},
        {"#? HW_REV 3", RF_OK, NULL},
        {"#HARDWARE_COMP_1", RF_ERR_BAD, "hardware-comp"},
        {"#HARDWARE_COMP_1 x", RF_ERR_BAD, "hardware-comp"},
        {"#HARDWARE_COMP_1 1\n#HARDWARE_COMP_1 1", RF_ERR_BAD, "hardware-comp"},
        {"#HARDWARE_COMP_2 x", RF_OK, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        codec_check_refused(&codec,
                            &(struct codec_refusal){rows[i].text, rf_slice_str(rows[i].text),
                                                    rows[i].err, rows[i].code});
}

/* n lines: a number between two texts. */
static struct rf_slice lines(uint64_t n, const char *before, const char *after, uint8_t *buf,
                             size_t cap)
{
    size_t len = 0;
    for (uint64_t i = 0; i < n; i++)
        len +=
            (size_t)snprintf((char *)buf + len, cap - len, "%s%u%s\n", before, (unsigned)i, after);
    return rf_slice_of(buf, len);
}

static struct rf_slice build_entries(uint64_t n, uint8_t *buf, size_t cap)
{
    return lines(n, "f", ".sbn", buf, cap);
}
static struct rf_slice build_conditions(uint64_t n, uint8_t *buf, size_t cap)
{
    return lines(n, "#? C ", "", buf, cap);
}
static struct rf_slice build_variables(uint64_t n, uint8_t *buf, size_t cap)
{
    return lines(n, "V", "=x", buf, cap);
}
static struct rf_slice build_name(uint64_t n, uint8_t *buf, size_t cap)
{
    (void)cap;
    memset(buf, 'n', n);
    memcpy(buf + n, " 5 " MD5, 35);
    return rf_slice_of(buf, n + 35);
}
static struct rf_slice build_line(uint64_t n, uint8_t *buf, size_t cap)
{
    (void)cap;
    memset(buf, '#', n);
    return rf_slice_of(buf, n);
}
static struct rf_slice build_size(uint64_t n, uint8_t *buf, size_t cap)
{
    (void)cap;
    memset(buf, '\n', n);
    return rf_slice_of(buf, n);
}

static void counts_and_lengths_have_their_limits(void **state)
{
    (void)state;
    static const struct codec_number numbers[] = {
        {"entries", build_entries, RF_LOADS_ENTRIES_MAX, RF_OK, NULL, RF_ERR_LIMIT, "entry-count"},
        {"conditions", build_conditions, RF_LOADS_CONDITIONS_MAX, RF_OK, NULL, RF_ERR_LIMIT,
         "condition-count"},
        {"variables", build_variables, RF_LOADS_VARIABLES_MAX, RF_OK, NULL, RF_ERR_LIMIT,
         "variable-count"},
        {"name", build_name, RF_LOADS_NAME_MAX, RF_ERR_BAD, "entry-fields", RF_ERR_LIMIT,
         "entry-name-long"},
        {"line", build_line, RF_LOADS_LINE_MAX, RF_OK, NULL, RF_ERR_LIMIT, "line-long"},
        {"bytes", build_size, RF_LOADS_BYTES_MAX, RF_OK, NULL, RF_ERR_LIMIT, "loads-size"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        codec_check_number(&codec, &numbers[i]);
}

static void the_writer_refuses_what_would_read_back_as_something_else(void **state)
{
    (void)state;
    uint8_t buf[512];
    struct rf_slice out;
    struct rf_why why = {0};
    struct rf_loads l = {.entry_n = 1, .entry = {{.name = rf_slice_str("a.sbn")}}};
    assert_err(rf_loads_encode(&l, buf, sizeof buf, &out, &why), RF_OK);
    assert_slice_str(out, "a.sbn\r\n");
    static const char *const names[] = {"a.sbn\r\nb.sbn", "V=1", "#a", "", " a", "../x"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        l.entry[0].name = rf_slice_str(names[i]);
        why = (struct rf_why){0};
        assert_refused(rf_loads_encode(&l, buf, sizeof buf, &out, &why), RF_ERR_BAD, why,
                       "entry-name");
        assert_int_equal(out.len, 0);
    }
    l.entry_n = RF_LOADS_ENTRIES_MAX + 1;
    why = (struct rf_why){0};
    assert_refused(rf_loads_encode(&l, buf, sizeof buf, &out, &why), RF_ERR_LIMIT, why,
                   "entry-count");
}

/* --- lists of a form that is not known --- */

static void expect_seen(struct rf_slice in, const char *want)
{
    struct rf_loads_names names;
    char got[512] = "";
    size_t at = 0;
    rf_loads_scan(in, &names);
    for (size_t i = 0; i < names.n; i++)
        at += (size_t)snprintf(got + at, sizeof got - at, "%s%.*s", i > 0 ? " " : "",
                               (int)names.name[i].len, (const char *)names.name[i].p);
    assert_string_equal(got, want);
    assert_false(names.is_cut);
}

static void names_are_seen_in_a_binary_list(void **state)
{
    (void)state;
    static const char binary[] = "\x00\x01\x02\xff[PLATFORM_1]\nboot=sboot2.78xx.12-1.sbn\n"
                                 "kernel = kern2.78xx.12-1.SBN\0rootfs2.78xx.12-1.sebn\x01"
                                 "kern2.78xx.12-1.SBN;.sbn;a.sbnx;x.bin1.sgn;version=12-1\n"
                                 "sip78xx.12-1.loads";
    expect_seen(rf_slice_of((const uint8_t *)binary, sizeof binary - 1),
                "sboot2.78xx.12-1.sbn kern2.78xx.12-1.SBN rootfs2.78xx.12-1.sebn x.bin1.sgn "
                "sip78xx.12-1.loads");
    expect_seen(rf_slice_str(""), "");
    expect_seen(rf_slice_str(".sbn"), "");
    expect_seen(rf_slice_str("a.sbn"), "a.sbn");
    expect_seen(rf_slice_str("a.SBN\r\n"), "a.SBN");
}

static void what_is_seen_has_its_limits(void **state)
{
    (void)state;
    static uint8_t buf[RF_LOADS_BYTES_MAX + 64];
    static struct rf_loads_names names;
    struct rf_wr wr = rf_wr_of(buf, sizeof buf);
    for (unsigned i = 0; i <= RF_LOADS_ENTRIES_MAX; i++) {
        char line[32];
        snprintf(line, sizeof line, "%u.sbn\n", i);
        rf_loads_scan(rf_slice_of(buf, wr.len), &names);
        assert_int_equal(names.n, i);
        assert_false(names.is_cut);
        rf_wr_slice(&wr, rf_slice_str(line));
    }
    rf_loads_scan(rf_slice_of(buf, wr.len), &names);
    assert_int_equal(names.n, RF_LOADS_ENTRIES_MAX);
    assert_true(names.is_cut);
    /* A run longer than a name; and bytes behind the limit are not looked at, which is said. */
    memset(buf, 'a', sizeof buf);
    memcpy(buf + RF_LOADS_NAME_MAX - 4, ".sbn\n", 5);
    rf_loads_scan(rf_slice_of(buf, RF_LOADS_NAME_MAX + 1), &names);
    assert_int_equal(names.n, 1);
    memcpy(buf + RF_LOADS_NAME_MAX - 4, "a.sbn\n", 6);
    rf_loads_scan(rf_slice_of(buf, RF_LOADS_NAME_MAX + 2), &names);
    assert_int_equal(names.n, 0);
    memset(buf, '\n', sizeof buf);
    memcpy(buf + RF_LOADS_BYTES_MAX, "b.sbn", 5);
    rf_loads_scan(rf_slice_of(buf, RF_LOADS_BYTES_MAX), &names);
    assert_false(names.is_cut);
    rf_loads_scan(rf_slice_of(buf, sizeof buf), &names);
    assert_int_equal(names.n, 0);
    assert_true(names.is_cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_seen_in_a_binary_list),
        cmocka_unit_test(what_is_seen_has_its_limits),
        cmocka_unit_test(lists_of_each_spelling_are_read),
        cmocka_unit_test(a_line_is_refused_for_each_fault_and_taken_without_it),
        cmocka_unit_test(counts_and_lengths_have_their_limits),
        cmocka_unit_test(the_writer_refuses_what_would_read_back_as_something_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
