/* SPDX-License-Identifier: Apache-2.0 */
/* Every value of a file that somebody else made, with its path; the same refusals as the reader of
 * configurations. */
#include "unit.h"

#include <stdlib.h>

#include "base/file.h"
#include "wire/phonexml/phonexml_leaves.h"
#include "wire/phonexml/phonexml_schema.h"

static void note(void *arg, const char *path, struct rf_slice value)
{
    struct rf_buf *log = arg;
    assert_err(rf_buf_addf(log, "%s=%.*s\n", path, (int)value.len, (const char *)value.p), RF_OK);
}

static enum rf_err leaves(struct rf_slice xml, struct rf_buf *log, struct rf_why *why)
{
    log->max = 65536;
    return rf_phonexml_leaves(xml, note, log, why);
}

static void values_come_with_their_paths(void **state)
{
    RF_AUTO(rf_buf_fini) struct rf_buf log = {0};
    static const char xml[] =
        "<device a='0'><one>1</one><two x='y'>\n <b> t &amp; u </b><b/><b>3</b>"
        "<c><![CDATA[<4>]]></c><b>again</b></two><!-- no -->text<e></e></device>";
    assert_err(leaves(rf_slice_str(xml), &log, NULL), RF_OK);
    assert_slice_eq(rf_buf_slice(&log), rf_slice_str("one=1\ntwo/@x=y\ntwo/b=t & u\ntwo/b[3]=3\n"
                                                     "two/c=<4>\ntwo/b=again\n"));
}

struct looked_up {
    size_t n, known;
};

static void look_up(void *arg, const char *path, struct rf_slice value)
{
    struct looked_up *l = arg;
    char spelled[RF_PHONEXML_PATH_SIZE];
    const struct rf_phonexml_element *element = NULL;
    struct rf_why none = {0};
    l->n++;
    l->known += rf_phonexml_path(path, spelled, &element, &none) == RF_OK;
}

/* Of a file as a call manager writes it nearly everything is known by its path. */
static void paths_are_those_of_the_table(void **state)
{
    RF_AUTO(rf_freep) char *path = rf_strf("%s/phonexml/sccp.cnf.xml", getenv("RF_TEST_DATA"));
    RF_AUTO(rf_buf_fini) struct rf_buf xml = {0};
    struct looked_up l = {0};
    assert_err(rf_file_read(path, RF_PHONEXML_BYTES_MAX, &xml, NULL), RF_OK);
    assert_err(rf_phonexml_leaves(rf_buf_slice(&xml), look_up, &l, NULL), RF_OK);
    assert_true(l.n > 100);
    assert_true(l.known > l.n * 9 / 10);
}

static void attacks_are_refused(void **state)
{
    static const struct {
        const char *file, *code;
    } rows[] = {
        {"attack-billion-laughs.xml", "xml-doctype"},
        {"attack-external-dtd.xml", "xml-doctype"},
        {"attack-external-entity.xml", "xml-doctype"},
        {"attack-parameter-entity.xml", "xml-doctype"},
        {"attack-quadratic.xml", "xml-doctype"},
        {"attack-undeclared-entity.xml", "xml-entity"},
        {"attack-deep.xml", "xml-depth"},
        {"attack-long-text.xml", "xml-text-long"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_freep)
        char *path = rf_strf("%s/phonexml/%s", getenv("RF_TEST_DATA"), rows[i].file);
        RF_AUTO(rf_buf_fini) struct rf_buf xml = {0}, log = {0};
        struct rf_why why = {0};
        assert_err(rf_file_read(path, 1024 * 1024, &xml, NULL), RF_OK);
        assert_true(leaves(rf_buf_slice(&xml), &log, &why) != RF_OK);
        assert_string_equal(why.code, rows[i].code);
    }
}

static void what_is_no_document_is_refused(void **state)
{
    static const char *const bad[] = {"",          "<device>", "<device></other>",
                                      "no",        "<a/><b/>", "<device>\xff</device>",
                                      "<a>&x;</a>"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        RF_AUTO(rf_buf_fini) struct rf_buf log = {0};
        assert_true(leaves(rf_slice_str(bad[i]), &log, NULL) != RF_OK);
    }
    RF_AUTO(rf_buf_fini) struct rf_buf log = {0};
    struct rf_why why = {0};
    assert_refused(leaves(rf_slice_of("<a>\0</a>", 8), &log, &why), RF_ERR_BAD, why, "xml-syntax");
    RF_AUTO(rf_buf_fini) struct rf_buf big = RF_BUF(RF_PHONEXML_BYTES_MAX + 1);
    uint8_t *room = rf_buf_room(&big, RF_PHONEXML_BYTES_MAX + 1);
    assert_non_null(room);
    memset(room, ' ', RF_PHONEXML_BYTES_MAX + 1);
    big.len = RF_PHONEXML_BYTES_MAX + 1;
    why = (struct rf_why){0};
    assert_refused(leaves(rf_buf_slice(&big), &log, &why), RF_ERR_LIMIT, why, "xml-size");
    /* Names that add up to more than any path. */
    RF_AUTO(rf_buf_fini) struct rf_buf deep = RF_BUF(65536);
    for (int i = 0; i < 10; i++)
        assert_err(rf_buf_addf(&deep, "<n%060d>", i), RF_OK);
    why = (struct rf_why){0};
    assert_refused(leaves(rf_buf_slice(&deep), &log, &why), RF_ERR_LIMIT, why, "xml-path");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_with_their_paths),
        cmocka_unit_test(paths_are_those_of_the_table),
        cmocka_unit_test(attacks_are_refused),
        cmocka_unit_test(what_is_no_document_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
