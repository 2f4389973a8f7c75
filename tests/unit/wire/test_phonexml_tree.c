/* SPDX-License-Identifier: Apache-2.0 */
/* The table of elements, and documents that are put together by path. */
#include "unit.h"

#include "base/file.h"
#include "base/text.h"
#include "wire/phonexml/phonexml.h"
#include "wire/phonexml/phonexml_tree.h"

#include <stdlib.h>

/* ---- the table ---- */

static struct rf_slice below(struct rf_slice path, size_t depth)
{
    struct rf_slice piece;
    size_t len = 0;
    struct rf_slice rest = path;
    for (size_t i = 0; i < depth && rf_next_piece(&rest, '/', &piece); i++)
        len += piece.len + 1;
    return rf_slice_part(path, 0, len);
}

static void rows_with_the_same_beginning_stand_together(void **state)
{
    (void)state;
    for (size_t depth = 1; depth < RF_PHONEXML_PATH_DEPTH; depth++)
        for (size_t i = 0; i < rf_phonexml_elements_n; i++) {
            struct rf_slice own = rf_slice_str(rf_phonexml_elements[i].path);
            struct rf_slice head = below(own, depth);
            bool is_over = false;
            for (size_t k = i + 1; head.len < own.len && k < rf_phonexml_elements_n; k++) {
                struct rf_slice other = rf_slice_str(rf_phonexml_elements[k].path);
                bool same = rf_slice_eq(rf_slice_part(other, 0, head.len), head);
                assert_false(same && is_over);
                is_over = is_over || !same;
            }
        }
}

static void every_row_is_found_by_its_own_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < rf_phonexml_elements_n; i++) {
        const struct rf_phonexml_element *row = &rf_phonexml_elements[i];
        const struct rf_phonexml_element *e = NULL;
        char path[RF_PHONEXML_PATH_SIZE];
        assert_err(rf_phonexml_path(row->path, path, &e, NULL), RF_OK);
        assert_ptr_equal(e, row);
        assert_string_equal(path, row->path); /* the last of what repeats */
        assert_true((row->type == RF_PHONEXML_TYPE_WORDS || row->type == RF_PHONEXML_TYPE_ONE_OF ||
                     (row->flags & RF_PHONEXML_MADE) != 0) == (row->words != NULL));
        assert_true(rf_phonexml_type_name(row->type) != NULL);
    }
}

/* Each element with a text in the documents that others made is one of ours. */
static void check_known(const char *name)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(getenv("RF_TEST_DATA"), name);
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    char open[RF_PHONEXML_PATH_SIZE] = "";
    unsigned leaves = 0;
    assert_err(rf_file_read(path, RF_PHONEXML_BYTES_MAX, &file, NULL), RF_OK);
    struct rf_slice rest = rf_buf_slice(&file);
    struct rf_slice text;
    while (rf_next_piece(&rest, '<', &text)) {
        struct rf_slice tag;
        char names[RF_PHONEXML_PATH_SIZE];
        if (!rf_next_piece(&text, '>', &tag) || rf_slice_starts_with(tag, "?") || tag.len == 0)
            continue;
        if (rf_slice_starts_with(tag, "/")) {
            char *slash = strrchr(open, '/');
            if (slash == NULL)
                slash = open;
            *slash = '\0';
            continue;
        }
        struct rf_slice piece;
        assert_true(rf_next_piece(&tag, ' ', &piece));
        assert_true(rf_slice_to_str(piece, names, sizeof names));
        if (strcmp(names, "device") == 0)
            continue;
        size_t at = strlen(open);
        assert_true(snprintf(open + at, sizeof open - at, "%s%s", at > 0 ? "/" : "", names) > 0);
        if (rf_trim(text).len == 0)
            continue;
        const struct rf_phonexml_element *e = NULL;
        struct rf_why why = {0};
        if (rf_phonexml_path(open, names, &e, &why) != RF_OK)
            print_error("%s\n", rf_why_text(&why));
        assert_non_null(e);
        RF_AUTO(rf_buf_fini) struct rf_buf value = RF_BUF(RF_PHONEXML_VALUE_MAX);
        if (rf_phonexml_value(e, text, &value, &why) != RF_OK)
            print_error("%s\n", rf_why_text(&why));
        assert_slice_eq(rf_buf_slice(&value), text);
        leaves++;
    }
    assert_true(leaves > 60);
}

static void the_examples_hold_known_elements_with_values_we_take(void **state)
{
    (void)state;
    check_known("phonexml/sccp.cnf.xml");
    check_known("phonexml/sip.cnf.xml");
}

/* ---- paths ---- */

static void a_path_has_one_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *given, *path;
    } rows[] = {
        {"vendorConfig/webAccess", "vendorConfig/webAccess"},
        {"vendorConfig[1]/webAccess", "vendorConfig/webAccess"},
        {"capfList/capf/phonePort", "capfList/capf[1]/phonePort"},
        {"capfList/capf[1]/phonePort", "capfList/capf[1]/phonePort"},
        {"capfList/capf[5]/phonePort", "capfList/capf[5]/phonePort"},
        {"TVS/members/member[2]/@priority", "TVS/members/member[2]/@priority"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct rf_phonexml_element *e = NULL;
        char path[RF_PHONEXML_PATH_SIZE];
        assert_err(rf_phonexml_path(rows[i].given, path, &e, NULL), RF_OK);
        assert_string_equal(path, rows[i].path);
        assert_non_null(e);
    }
}

static void what_is_no_path_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        enum rf_err err;
        const char *code;
    } rows[] = {
        {"", RF_ERR_BAD, "path-syntax"},
        {"/vendorConfig/webAccess", RF_ERR_BAD, "path-syntax"},
        {"vendorConfig//webAccess", RF_ERR_BAD, "path-syntax"},
        {"vendorConfig/webAccess/", RF_ERR_BAD, "path-syntax"},
        {"vendorConfig/web Access", RF_ERR_BAD, "path-syntax"},
        {"vendorConfig/<b>", RF_ERR_BAD, "path-syntax"},
        {"vendorConfig/1", RF_ERR_BAD, "path-syntax"},
        {"@uuid/webAccess", RF_ERR_BAD, "path-syntax"},
        {"capfList/capf[0]/phonePort", RF_ERR_BAD, "path-syntax"},
        {"capfList/capf[x]/phonePort", RF_ERR_BAD, "path-syntax"},
        {"capfList/capf[100]/phonePort", RF_ERR_BAD, "path-syntax"},
        {"a/b/c/d/e/f/g/h/i", RF_ERR_BAD, "path-syntax"},
        {"capfList/capf[6]/phonePort", RF_ERR_BAD, "path-index"},
        {"vendorConfig[2]/webAccess", RF_ERR_BAD, "path-index"},
        {"vendorConfig", RF_ERR_NOT_FOUND, "path-unknown"},
        {"vendorConfig/webaccess", RF_ERR_NOT_FOUND, "path-unknown"},
        {"webAccess", RF_ERR_NOT_FOUND, "path-unknown"},
        {"secureEthernetPhonePort", RF_ERR_NOT_FOUND, "path-unknown"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct rf_phonexml_element *e = NULL;
        char path[RF_PHONEXML_PATH_SIZE];
        struct rf_why why = {0};
        assert_refused(rf_phonexml_path(rows[i].given, path, &e, &why), rows[i].err, why,
                       rows[i].code);
        assert_null(e);
    }
    const struct rf_phonexml_element *e = NULL;
    char path[RF_PHONEXML_PATH_SIZE];
    struct rf_why why = {0};
    assert_err(rf_phonexml_path("webaccess", path, &e, &why), RF_ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "there is vendorConfig/webAccess"));
}

/* ---- values ---- */

static enum rf_err take(const char *at, struct rf_slice given, struct rf_buf *out,
                        struct rf_why *why)
{
    const struct rf_phonexml_element *e = NULL;
    char path[RF_PHONEXML_PATH_SIZE];
    if (at != NULL)
        assert_err(rf_phonexml_path(at, path, &e, NULL), RF_OK);
    *out = RF_BUF(RF_PHONEXML_VALUE_MAX);
    return rf_phonexml_value(e, given, out, why);
}

#define CHARS_48 "123456789012345678901234567890123456789012345678"

static void values_are_taken_within_their_limits(void **state)
{
    (void)state;
    static const struct {
        const char *path, *given, *value;
    } rows[] = {
        {"vendorConfig/webAccess", "disabled", "1"},
        {"vendorConfig/webAccess", "0", "0"},
        {"vendorConfig/garp", "ignore", "1"},
        {"vendorConfig/settingsAccess", "restricted", "2"},
        {"vendorConfig/moreKeyReversionTimer", "30", "30"},
        {"vendorConfig/disableSpeaker", "true", "true"},
        {"vendorConfig/displayOnTime", "07:30", "07:30"},
        {"vendorConfig/loadServer", "2001:db8::5", "2001:db8::5"},
        {"preemption", "Forceful", "Forceful"},
        {"sshUserId", CHARS_48 "9", CHARS_48 "9"},
        /* Limits are characters: 49 of two bytes each. */
        {"sshUserId", "ä" CHARS_48, "ä" CHARS_48},
        {"servicesURL", "http://192.0.2.1/a?b=c&d=<e>", "http://192.0.2.1/a?b=c&d=<e>"},
        {"sshUserId", "", ""},
        {NULL, "whatever it is", "whatever it is"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf out = {0};
        struct rf_why why = {0};
        assert_err(take(rows[i].path, rf_slice_str(rows[i].given), &out, &why), RF_OK);
        assert_slice_str(rf_buf_slice(&out), rows[i].value);
    }
}

static void values_beyond_their_limits_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path, *given;
        enum rf_err err;
        const char *code;
    } rows[] = {
        {"vendorConfig/webAccess", "3", RF_ERR_BAD, "value-word"},
        {"vendorConfig/webAccess", "Disabled", RF_ERR_BAD, "value-word"},
        {"vendorConfig/moreKeyReversionTimer", "31", RF_ERR_BAD, "value-number"},
        {"vendorConfig/moreKeyReversionTimer", " 3", RF_ERR_BAD, "value-number"},
        {"vendorConfig/disableSpeaker", "yes", RF_ERR_BAD, "value-bool"},
        {"vendorConfig/displayOnTime", "7.30", RF_ERR_BAD, "value-time"},
        {"vendorConfig/displayOnTime", "25:00", RF_ERR_BAD, "value-time"},
        {"vendorConfig/loadServer", "a b", RF_ERR_BAD, "value-host"},
        {"preemption", "forceful", RF_ERR_BAD, "value-word"},
        {"sipProfile/dialTemplate", "../secret", RF_ERR_BAD, "value-file"},
        {"sipProfile/dialTemplate", "/etc/passwd", RF_ERR_BAD, "value-file"},
        {"servicesURL", "http://a b", RF_ERR_BAD, "value-url"},
        {"devicePool/srstInfo/certificate", "MII\nAAAA", RF_ERR_BAD, "value-control"},
        {"devicePool/srstInfo/certificate", "MII-", RF_ERR_BAD, "value-base64"},
        {"sshUserId", CHARS_48 "90", RF_ERR_LIMIT, "value-long"},
        {"sshUserId", "ä" CHARS_48 "9", RF_ERR_LIMIT, "value-long"},
        {"sshUserId", "a\nb", RF_ERR_BAD, "value-control"},
        {"sshUserId", "a\xffz", RF_ERR_BAD, "value-control"},
        {"sshUserId", "a\xc2\x85z", RF_ERR_BAD, "value-control"},
        {NULL, "a\tb", RF_ERR_BAD, "value-control"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf out = {0};
        struct rf_why why = {0};
        assert_refused(take(rows[i].path, rf_slice_str(rows[i].given), &out, &why), rows[i].err,
                       why, rows[i].code);
        assert_int_equal(out.len, 0);
    }
    /* As long as a value may be, and one more. */
    static char text[RF_PHONEXML_VALUE_MAX + 1];
    RF_AUTO(rf_buf_fini) struct rf_buf out = {0};
    struct rf_why why = {0};
    memset(text, 'a', sizeof text);
    assert_err(take(NULL, rf_slice_of(text, sizeof text - 1), &out, &why), RF_OK);
    rf_buf_fini(&out);
    assert_refused(take(NULL, rf_slice_of(text, sizeof text), &out, &why), RF_ERR_LIMIT, why,
                   "value-long");
}

static void the_reason_never_holds_a_secret(void **state)
{
    (void)state;
    RF_AUTO(rf_buf_fini) struct rf_buf out = {0};
    struct rf_why why = {0};
    assert_refused(take("sshPassword", rf_slice_str(CHARS_48 "9hidden"), &out, &why), RF_ERR_LIMIT,
                   why, "value-long");
    assert_null(strstr(why.text, "hidden"));
}

static void numbers_have_their_words(void **state)
{
    (void)state;
    const struct rf_phonexml_element *e = NULL;
    char path[RF_PHONEXML_PATH_SIZE];
    assert_err(rf_phonexml_path("vendorConfig/sshAccess", path, &e, NULL), RF_OK);
    assert_slice_str(rf_phonexml_word(e, rf_slice_str("0")), "enabled");
    assert_slice_str(rf_phonexml_word(e, rf_slice_str("1")), "disabled");
    assert_int_equal(rf_phonexml_word(e, rf_slice_str("2")).len, 0);
    assert_err(rf_phonexml_path("sshUserId", path, &e, NULL), RF_OK);
    assert_int_equal(rf_phonexml_word(e, rf_slice_str("0")).len, 0);
    assert_int_equal(rf_phonexml_word(NULL, rf_slice_str("0")).len, 0);
}

/* ---- documents ---- */

static void set(struct rf_phonexml_tree *t, const char *given, const char *value, unsigned layer)
{
    struct rf_phonexml_leaf leaf = {.value = rf_slice_str(value), .layer = layer};
    char path[RF_PHONEXML_PATH_SIZE];
    enum rf_err err = rf_phonexml_path(given, path, &leaf.element, NULL);
    assert_true(err == RF_OK || err == RF_ERR_NOT_FOUND);
    leaf.path = path;
    leaf.is_secret = leaf.element != NULL && (leaf.element->flags & RF_PHONEXML_SECRET) != 0;
    leaf.label = leaf.is_secret ? "label" : NULL;
    assert_err(rf_phonexml_tree_set(t, &leaf, NULL), RF_OK);
}

static void encodes(const struct rf_phonexml_tree *t, enum rf_phonexml_secrets secrets,
                    const char *want)
{
    RF_AUTO(rf_buf_fini) struct rf_buf out = RF_BUF(RF_PHONEXML_BYTES_MAX);
    assert_err(rf_phonexml_tree_encode(t, secrets, &out, NULL), RF_OK);
    if (!rf_slice_eq_str(rf_buf_slice(&out), want))
        print_error("%.*s", (int)out.len, (const char *)out.p);
    assert_slice_str(rf_buf_slice(&out), want);
}

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device>\n"

static void a_document_is_in_the_order_of_the_table(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_tree_freep) struct rf_phonexml_tree *t = rf_phonexml_tree_new();
    set(t, "zulu/yankee", "1", 0);
    set(t, "alpha", "a&<>\"'", 0);
    set(t, "encrConfig", "false", 0);
    set(t, "capfList/capf[2]/processNodeName", "192.0.2.2", 0);
    set(t, "capfList/capf[1]/processNodeName", "192.0.2.1", 0);
    set(t, "capfList/capf[1]/phonePort", "3804", 0);
    set(t, "TVS/members/member[2]/address", "b", 0);
    set(t, "TVS/members/member[2]/@priority", "1", 0);
    set(t, "vendorConfig/notInTheTable", "x", 0);
    set(t, "vendorConfig/webAccess", "1", 0);
    set(t, "fullConfig", "true", 0);
    encodes(t, RF_PHONEXML_SECRETS_WRITTEN,
            HEAD "  <fullConfig>true</fullConfig>\n"
                 "  <TVS>\n    <members>\n      <member priority=\"1\">\n"
                 "        <address>b</address>\n      </member>\n    </members>\n  </TVS>\n"
                 "  <vendorConfig>\n    <webAccess>1</webAccess>\n"
                 "    <notInTheTable>x</notInTheTable>\n  </vendorConfig>\n"
                 "  <capfList>\n    <capf>\n      <phonePort>3804</phonePort>\n"
                 "      <processNodeName>192.0.2.1</processNodeName>\n    </capf>\n"
                 "    <capf>\n      <processNodeName>192.0.2.2</processNodeName>\n"
                 "    </capf>\n  </capfList>\n"
                 "  <encrConfig>false</encrConfig>\n"
                 "  <alpha>a&amp;&lt;&gt;&quot;'</alpha>\n"
                 "  <zulu>\n    <yankee>1</yankee>\n  </zulu>\n</device>\n");
}

static void a_later_layer_wins_and_empty_takes_away(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_tree_freep) struct rf_phonexml_tree *t = rf_phonexml_tree_new();
    set(t, "vendorConfig/webAccess", "1", 0);
    set(t, "servicesURL", "http://site/", 1);
    set(t, "vendorConfig/webAccess", "0", 2);
    assert_int_equal(rf_phonexml_tree_find(t, "vendorConfig/webAccess")->layer, 2);
    assert_slice_str(rf_phonexml_tree_find(t, "vendorConfig/webAccess")->value, "0");
    assert_null(rf_phonexml_tree_find(t, "vendorConfig"));
    assert_null(rf_phonexml_tree_find(t, "vendorConfig/garp"));
    set(t, "servicesURL", "", 4);
    encodes(t, RF_PHONEXML_SECRETS_WRITTEN,
            HEAD "  <vendorConfig>\n    <webAccess>0</webAccess>\n  </vendorConfig>\n</device>\n");
    /* A group with nothing in it is left out, also when it has an attribute. */
    set(t, "vendorConfig/webAccess", "", 4);
    set(t, "phoneServices/@useHTTPS", "true", 4);
    encodes(t, RF_PHONEXML_SECRETS_WRITTEN, HEAD "</device>\n");
}

static void secrets_are_written_left_out_or_labelled(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_tree_freep) struct rf_phonexml_tree *t = rf_phonexml_tree_new();
    set(t, "sshUserId", "admin", 0);
    set(t, "sshPassword", "hidden", 0);
    set(t, "commonProfile/phonePassword", "", 0);
    encodes(t, RF_PHONEXML_SECRETS_WRITTEN,
            HEAD "  <sshUserId>admin</sshUserId>\n  <sshPassword>hidden</sshPassword>\n"
                 "</device>\n");
    encodes(t, RF_PHONEXML_SECRETS_LEFT_OUT, HEAD "  <sshUserId>admin</sshUserId>\n</device>\n");
    encodes(t, RF_PHONEXML_SECRETS_LABELLED,
            HEAD "  <sshUserId>admin</sshUserId>\n  <sshPassword>label</sshPassword>\n"
                 "</device>\n");
}

static void a_place_holds_a_value_or_elements(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_tree_freep) struct rf_phonexml_tree *t = rf_phonexml_tree_new();
    struct rf_phonexml_leaf leaf = {.path = "alpha", .value = rf_slice_str("1")};
    struct rf_why why = {0};
    set(t, "alpha/beta", "1", 0);
    assert_refused(rf_phonexml_tree_set(t, &leaf, &why), RF_ERR_BAD, why, "path-group");
    leaf.path = "alpha/beta/gamma";
    why = (struct rf_why){0};
    assert_refused(rf_phonexml_tree_set(t, &leaf, &why), RF_ERR_BAD, why, "path-group");
    leaf.path = "alpha/beta";
    assert_err(rf_phonexml_tree_set(t, &leaf, NULL), RF_OK);
}

static void a_tree_and_a_document_have_a_limit(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_tree_freep) struct rf_phonexml_tree *t = rf_phonexml_tree_new();
    RF_AUTO(rf_buf_fini) struct rf_buf out = RF_BUF(100);
    struct rf_why why = {0};
    for (unsigned i = 0; i < RF_PHONEXML_LEAVES_MAX; i++) {
        RF_AUTO(rf_freep) char *path = rf_strf("x%u", i);
        set(t, path, "1", 0);
    }
    struct rf_phonexml_leaf leaf = {.path = "one", .value = rf_slice_str("more")};
    assert_refused(rf_phonexml_tree_set(t, &leaf, &why), RF_ERR_LIMIT, why, "tree-full");
    why = (struct rf_why){0};
    assert_refused(rf_phonexml_tree_encode(t, RF_PHONEXML_SECRETS_WRITTEN, &out, &why),
                   RF_ERR_LIMIT, why, "xml-size");
    assert_int_equal(out.len, 0);
}

static void count_leaf(void *arg, const struct rf_phonexml_leaf *leaf)
{
    struct rf_buf *names = arg;
    assert_err(rf_buf_addf(names, "%s ", leaf->path), RF_OK);
}

static void all_values_are_told_in_the_order_of_the_document(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_tree_freep) struct rf_phonexml_tree *t = rf_phonexml_tree_new();
    RF_AUTO(rf_buf_fini) struct rf_buf names = RF_BUF(200);
    set(t, "encrConfig", "false", 0);
    set(t, "servicesURL", "", 0);
    set(t, "fullConfig", "true", 0);
    rf_phonexml_tree_each(t, count_leaf, &names);
    assert_slice_str(rf_buf_slice(&names), "fullConfig servicesURL encrConfig ");
}

/* What the tree writes, the reader reads. */
static void the_reader_takes_what_the_tree_writes(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_tree_freep) struct rf_phonexml_tree *t = rf_phonexml_tree_new();
    RF_AUTO(rf_buf_fini) struct rf_buf out = RF_BUF(RF_PHONEXML_BYTES_MAX);
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = NULL;
    set(t, "fullConfig", "true", 0);
    set(t, "devicePool/dateTimeSetting/timeZone", "W. Europe & \"more\"", 0);
    set(t, "devicePool/callManagerGroup/members/member[2]/callManager/processNodeName", "b", 0);
    set(t, "devicePool/callManagerGroup/members/member[1]/callManager/processNodeName", "a", 0);
    set(t, "devicePool/callManagerGroup/members/member[1]/@priority", "1", 0);
    set(t, "devicePool/callManagerGroup/members/member[2]/@priority", "0", 0);
    set(t, "deviceSecurityMode", "3", 0);
    assert_err(rf_phonexml_tree_encode(t, RF_PHONEXML_SECRETS_WRITTEN, &out, NULL), RF_OK);
    assert_err(rf_phonexml_decode(rf_buf_slice(&out), &c, NULL), RF_OK);
    assert_string_equal(c->time_zone, "W. Europe & \"more\"");
    assert_int_equal(c->cm_n, 2);
    assert_string_equal(c->cm[0].name, "b");
    assert_string_equal(c->cm[1].name, "a");
    assert_int_equal(c->security_mode, RF_PHONEXML_MODE_ENCRYPTED);
    assert_int_equal(c->unknown_n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_with_the_same_beginning_stand_together),
        cmocka_unit_test(every_row_is_found_by_its_own_path),
        cmocka_unit_test(the_examples_hold_known_elements_with_values_we_take),
        cmocka_unit_test(a_path_has_one_spelling),
        cmocka_unit_test(what_is_no_path_is_refused),
        cmocka_unit_test(values_are_taken_within_their_limits),
        cmocka_unit_test(values_beyond_their_limits_are_refused),
        cmocka_unit_test(the_reason_never_holds_a_secret),
        cmocka_unit_test(numbers_have_their_words),
        cmocka_unit_test(a_document_is_in_the_order_of_the_table),
        cmocka_unit_test(a_later_layer_wins_and_empty_takes_away),
        cmocka_unit_test(secrets_are_written_left_out_or_labelled),
        cmocka_unit_test(a_place_holds_a_value_or_elements),
        cmocka_unit_test(a_tree_and_a_document_have_a_limit),
        cmocka_unit_test(all_values_are_told_in_the_order_of_the_document),
        cmocka_unit_test(the_reader_takes_what_the_tree_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
