/* SPDX-License-Identifier: Apache-2.0 */
/* Ring lists and lists of images: what they name, and what a phone does not take for a name. */
#include "unit.h"

#include "wire/phonexml/phonelist.h"

static struct rf_phonelist list;

static enum rf_err rings(const char *body, struct rf_why *why)
{
    RF_AUTO(rf_freep)
    char *text = rf_strf("<CiscoIPPhoneRingList>%s</CiscoIPPhoneRingList>", body);
    *why = (struct rf_why){0};
    return rf_phonelist_decode(rf_slice_str(text), RF_PHONELIST_RINGS, &list, why);
}

static void a_ring_list_names_its_rings(void **state)
{
    (void)state;
    struct rf_why why;
    assert_err(rings("<Ring><DisplayName> Old &amp; bell </DisplayName>"
                     "<FileName>bell.raw</FileName></Ring>\n"
                     "<Ring><FileName>Rings/two (2).raw</FileName><Unknown>x</Unknown></Ring>"
                     "<Ring><DisplayName>no file</DisplayName></Ring><Other/>",
                     &why),
               RF_OK);
    assert_int_equal(list.n, 2);
    assert_string_equal(list.item[0].title, "Old & bell");
    assert_string_equal(list.item[0].file, "bell.raw");
    assert_string_equal(list.item[1].title, "");
    assert_string_equal(list.item[1].file, "Rings/two (2).raw");
    assert_string_equal(list.item[1].small, "");
}

static void an_image_list_names_its_images(void **state)
{
    (void)state;
    assert_err(
        rf_phonelist_decode(rf_slice_str("<?xml version=\"1.0\"?><CiscoIPPhoneImageList>"
                                         "<ImageItem Image=\"TFTP:Desktops/320x196x4/a-tn.png\" "
                                         "URL=\"TFTP:Desktops/320x196x4/a.png\"/>"
                                         "<ImageItem URL=\"b.png\"/></CiscoIPPhoneImageList>"),
                            RF_PHONELIST_IMAGES, &list, NULL),
        RF_OK);
    assert_int_equal(list.n, 2);
    assert_string_equal(list.item[0].file, "Desktops/320x196x4/a.png");
    assert_string_equal(list.item[0].small, "Desktops/320x196x4/a-tn.png");
    assert_string_equal(list.item[1].file, "b.png");
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"../x.raw", "a/../x.raw", "/x.raw",    "a//b.raw",
                                      "a/",       ".hidden",    "a/.hidden", "a%2fb",
                                      "a\\b",     "a:b",        " x",        "a/ x",
                                      "TFTP:/x",  "a\xc3\xa9",  "a?b",       "~x/y*"};
    static const char *const good[] = {"x.raw", "a/b/c-d_e+f.(1).raw", "a b.raw"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        RF_AUTO(rf_freep) char *body = rf_strf("<Ring><FileName>%s</FileName></Ring>", bad[i]);
        struct rf_why why;
        /* Blanks around a name are no part of it. */
        bool is_blank = bad[i][0] == ' ';
        assert_err(rings(body, &why), is_blank ? RF_OK : RF_ERR_BAD);
        assert_string_equal(why.code, is_blank ? "" : "value-file");
        assert_int_equal(list.n, is_blank ? 1 : 0);
        assert_false(rf_phonelist_name_fits(rf_slice_str(bad[i])));
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(rf_phonelist_name_fits(rf_slice_str(good[i])));
    assert_false(rf_phonelist_name_fits(rf_slice_str("")));
    char longest[RF_PHONELIST_NAME_SIZE + 1];
    memset(longest, 'x', sizeof longest);
    assert_true(rf_phonelist_name_fits(rf_slice_of(longest, RF_PHONELIST_NAME_SIZE - 1)));
    assert_false(rf_phonelist_name_fits(rf_slice_of(longest, RF_PHONELIST_NAME_SIZE)));
}

static void limits_are_refused(void **state)
{
    (void)state;
    RF_AUTO(rf_buf_fini) struct rf_buf body = RF_BUF(1 << 20);
    struct rf_why why;
    for (unsigned i = 0; i < RF_PHONELIST_MAX; i++)
        assert_err(rf_buf_addf(&body, "<Ring><FileName>%u.raw</FileName></Ring>", i), RF_OK);
    assert_err(rf_buf_add(&body, "", 1), RF_OK);
    assert_err(rings((char *)body.p, &why), RF_OK);
    assert_int_equal(list.n, RF_PHONELIST_MAX);
    body.len--;
    assert_err(rf_buf_addf(&body, "<Ring><FileName>x.raw</FileName></Ring>"), RF_OK);
    assert_err(rf_buf_add(&body, "", 1), RF_OK);
    assert_refused(rings((char *)body.p, &why), RF_ERR_LIMIT, why, "list-count");
    assert_int_equal(list.n, 0);
    static const size_t title[] = {64, 65, 256, 257};
    for (size_t i = 0; i < 4; i++) {
        RF_AUTO(rf_freep)
        char *ring = rf_strf("<Ring><DisplayName>%0*d</DisplayName></Ring>", (int)title[i], 7);
        assert_err(rings(ring, &why), i == 0 ? RF_OK : RF_ERR_LIMIT);
        assert_string_equal(why.code, i == 0 ? "" : "value-long");
    }
    for (unsigned deep = 30; deep <= 32; deep++) {
        rf_buf_fini(&body);
        body = RF_BUF(1 << 20);
        for (unsigned i = 0; i < deep; i++)
            assert_err(rf_buf_addf(&body, "<a>"), RF_OK);
        for (unsigned i = 0; i < deep; i++)
            assert_err(rf_buf_addf(&body, "</a>"), RF_OK);
        assert_err(rf_buf_add(&body, "", 1), RF_OK);
        assert_err(rings((char *)body.p, &why), deep < 32 ? RF_OK : RF_ERR_LIMIT);
    }
    assert_string_equal(why.code, "xml-depth");
    static char big[RF_PHONELIST_BYTES_MAX + 1];
    memset(big, ' ', sizeof big);
    why = (struct rf_why){0};
    assert_err(rf_phonelist_decode(rf_slice_of(big, sizeof big), RF_PHONELIST_RINGS, &list, &why),
               RF_ERR_LIMIT);
    assert_string_equal(why.code, "xml-size");
}

static void what_is_no_such_document_is_refused(void **state)
{
    (void)state;
    static const char *const roots[] = {"DIALTEMPLATE", "dialTemplate", NULL};
    static const struct {
        const char *text;
        const char *code; /* "": taken */
    } rows[] = {
        {"<dialTemplate/>", ""},
        {"<DIALTEMPLATE><TEMPLATE MATCH=\"9.\"/></DIALTEMPLATE>", ""},
        {"<softKeyCfg/>", "root-unknown"},
        {"<dialTemplate>", "xml-syntax"},
        {"", "xml-syntax"},
        {"<dialTemplate>&x;</dialTemplate>", "xml-entity"},
        {"<!DOCTYPE dialTemplate [<!ENTITY x \"y\">]><dialTemplate/>", "xml-doctype"},
        {"<dialTemplate>0123456789012345678901234567890123456789</dialTemplate>", "xml-size"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_why why = {0};
        enum rf_err err = rf_phonelist_check(rf_slice_str(rows[i].text), 64, roots, &why);
        assert_int_equal(err == RF_OK, rows[i].code[0] == '\0');
        assert_string_equal(why.code, rows[i].code);
    }
    assert_err(rf_phonelist_check(rf_slice_str("<any/>"), 64, NULL, NULL), RF_OK);
    struct rf_why why = {0};
    assert_refused(rf_phonelist_check(rf_slice_of("<a/>\0", 5), 64, NULL, &why), RF_ERR_BAD, why,
                   "xml-syntax");
    why = (struct rf_why){0};
    assert_refused(rf_phonelist_decode(rf_slice_str("<CiscoIPPhoneImageList/>"), RF_PHONELIST_RINGS,
                                       &list, &why),
                   RF_ERR_BAD, why, "root-unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_list_names_its_rings),
        cmocka_unit_test(an_image_list_names_its_images),
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(limits_are_refused),
        cmocka_unit_test(what_is_no_such_document_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
