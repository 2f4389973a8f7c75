/* SPDX-License-Identifier: Apache-2.0 */
/* Devices as another server configured them: what becomes of each value of their files. */
#include "service/setup/old_device.h"

#include "../../support/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define VALUES 128

struct got {
    char path[96], value[96], code[32];
    bool is_secret;
};

struct all {
    struct got v[VALUES];
    size_t n;
    struct rf_old_device device;
};

static void note(void *arg, const struct rf_old_value *v)
{
    struct all *all = arg;
    assert_true(all->n < VALUES);
    struct got *g = &all->v[all->n++];
    snprintf(g->path, sizeof g->path, "%s", v->path);
    assert_true(rf_slice_to_str(v->value, g->value, sizeof g->value) || v->value.len > 90);
    snprintf(g->code, sizeof g->code, "%s", v->code != NULL ? v->code : "");
    assert_true(v->code == NULL || (v->text != NULL && v->text[0] != '\0'));
    g->is_secret = v->is_secret;
}

static enum rf_err read_text(const char *xml, struct all *all, struct rf_why *why)
{
    *all = (struct all){.n = 0};
    return rf_old_device_read(rf_slice_str(xml), &all->device, note, all, why);
}

static void read_ok(const char *inside, struct all *all)
{
    RF_AUTO(rf_freep) char *xml = rf_strf("<device>%s</device>", inside);
    struct rf_why why = {0};
    assert_err(read_text(xml, all, &why), RF_OK);
}

/* One value, and what is said of it. */
static void expect(const char *inside, const char *path, const char *value, const char *code,
                   bool is_secret)
{
    RF_AUTO(rf_freep) struct all *all = rf_new(struct all);
    read_ok(inside, all);
    assert_int_equal(all->n, 1);
    assert_string_equal(all->v[0].path, path);
    assert_string_equal(all->v[0].value, value);
    assert_string_equal(all->v[0].code, code);
    assert_int_equal(all->v[0].is_secret, is_secret);
}

#define POOL(cm)                                                                                   \
    "<devicePool><callManagerGroup><members><member><callManager><processNodeName>" cm             \
    "</processNodeName></callManager></member></members></callManagerGroup></devicePool>"

static void each_value_is_set_or_left_with_its_reason(void **state)
{
    (void)state;
    expect("<vendorConfig><webAccess>0</webAccess></vendorConfig>", "vendorConfig/webAccess", "0",
           "", false);
    expect("<vendorConfig><webAccess>7</webAccess></vendorConfig>", "vendorConfig/webAccess", "7",
           "value-word", false);
    expect("<sshUserId>root</sshUserId>", "sshUserId", "root", "", false);
    expect("<sshPassword>hush</sshPassword>", "sshPassword", "hush", "", true);
    expect("<commonProfile><phonePassword>1234</phonePassword></commonProfile>",
           "commonProfile/phonePassword", "1234", "", true);
    expect("<brandNew>hush</brandNew>", "brandNew", "hush", "unknown", true);
    expect("<userLocale><name>German_Germany</name></userLocale>", "userLocale/name",
           "German_Germany", "", false);
    expect("<sipProfile><natEnabled>true</natEnabled></sipProfile>", "sipProfile/natEnabled",
           "true", "sip", false);
    expect("<TVS><members><member><address>192.0.2.1</address></member></members></TVS>",
           "TVS/members/member[1]/address", "192.0.2.1", "server", false);
    expect("<capfList><capf><phonePort>3804</phonePort></capf></capfList>",
           "capfList/capf[1]/phonePort", "3804", "server", false);
    expect("<idleTimeout>ten</idleTimeout>", "idleTimeout", "ten", "value-number", false);
    RF_AUTO(rf_freep) struct all *all = rf_new(struct all);
    read_ok("<versionStamp>x</versionStamp><encrConfig>false</encrConfig><servicesURL/>", all);
    assert_int_equal(all->n, 0);
    assert_int_equal(all->device.n_made, 2);
}

/* A phone whose old server still answers there would go back to it. */
static void what_names_the_old_server_is_left(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool is_old;
    } rows[] = {
        {"http://cm1.example/services", true}, {"http://CM1.example:8080/x?y", true},
        {"https://cm1.example", true},         {"http://cm1.example?x", true},
        {"http://cm1.example.org/x", false},   {"http://www.example/cm1.example", false},
        {"http://192.0.2.9/x", true},          {"http://192.0.2.7/x", true},
        {"http://192.0.2.8/x", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_freep)
        char *inside =
            rf_strf(POOL("cm1.example") "<TVS><members><member><address>192.0.2.9</address>"
                                        "</member></members></TVS><capfList><capf>"
                                        "<processNodeName>192.0.2.7</processNodeName></capf>"
                                        "</capfList><servicesURL>%s</servicesURL>",
                    rows[i].url);
        RF_AUTO(rf_freep) struct all *all = rf_new(struct all);
        read_ok(inside, all);
        assert_int_equal(all->n, 4);
        assert_string_equal(all->v[3].path, "servicesURL");
        assert_string_equal(all->v[3].code, rows[i].is_old ? "old-server" : "");
    }
    RF_AUTO(rf_freep) struct all *all = rf_new(struct all);
    read_ok(POOL("cm1") "<vendorConfig><loadServer>CM1</loadServer></vendorConfig>", all);
    assert_string_equal(all->device.load_server, "");
    assert_string_equal(all->v[1].code, "old-server");
    read_ok(POOL("cm1") "<vendorConfig><loadServer>192.0.2.20</loadServer></vendorConfig>", all);
    assert_string_equal(all->device.load_server, "192.0.2.20");
    assert_int_equal(all->n, 1);
}

#define LINE(more) "<line button='1'>" more "</line>"

static void lines_and_members_are_read(void **state)
{
    (void)state;
    RF_AUTO(rf_freep) struct all *all = rf_new(struct all);
    read_ok(
        "<deviceProtocol>SCCP</deviceProtocol><deviceSecurityMode>3</deviceSecurityMode>"
        "<loadInformation>SCCP42.9</loadInformation><sipProfile><sipLines>" LINE(
            "<name>2001</name><featureLabel>Ada</featureLabel><displayName>Ada L.</displayName>")
            LINE("<name>2002</name><proxy>USECALLMANAGER</proxy>")
                LINE("<name>not a number</name>") "</sipLines></sipProfile>",
        all);
    const struct rf_old_device *d = &all->device;
    assert_string_equal(d->mode, "encrypted");
    assert_string_equal(d->load, "SCCP42.9");
    assert_int_equal(d->n_lines, 2);
    assert_string_equal(d->line[0].dn, "2001");
    assert_string_equal(d->line[0].label, "Ada");
    assert_string_equal(d->line[0].name, "Ada L.");
    assert_string_equal(d->line[1].dn, "2002");
    assert_int_equal(all->n, 5); /* three buttons, a proxy, and what is no number */
    assert_string_equal(all->v[4].path, "sipProfile/sipLines/line[3]/name");
    read_ok("<deviceSecurityMode>2</deviceSecurityMode>", all);
    assert_string_equal(d->mode, "authenticated");
    read_ok("<sipProfile><sipLines>" LINE("<name>2001</name><featureLabel>"
                                          "0123456789012345678901234567890123456789012345678901234"
                                          "567890123456789</featureLabel>") "</sipLines>"
                                                                            "</sipProfile>",
            all);
    assert_string_equal(d->line[0].label, ""); /* too long: named, and not cut */
    assert_int_equal(all->n, 2);
    read_ok("", all);
    assert_string_equal(d->mode, "nonsecure");
    assert_int_equal(d->n_lines + all->n, 0);
}

static void what_is_no_device_is_refused_with_its_element(void **state)
{
    (void)state;
    static const struct {
        const char *bad, *good, *code, *names;
    } rows[] = {
        {"<device><deviceProtocol>SIP</deviceProtocol></device>",
         "<device><deviceProtocol>SCCP</deviceProtocol></device>", "device-protocol",
         "deviceProtocol"},
        {"<device><fullConfig>false</fullConfig></device>",
         "<device><fullConfig>true</fullConfig></device>", "device-partial", ""},
        {"<Default/>", "<device/>", "device-partial", ""},
        {"<device><deviceSecurityMode>9</deviceSecurityMode></device>",
         "<device><deviceSecurityMode>1</deviceSecurityMode></device>", "value-number",
         "deviceSecurityMode"},
        {"<device>\n<sshUserId></device>", "<device>\n<sshUserId/></device>", "xml-syntax",
         "line 2"},
        {"<!DOCTYPE x><device/>", "<device/>", "xml-doctype", ""},
        {"<html/>", "<device/>", "root-unknown", ""},
        {"<device><loadInformation>0123456789012345678901234567890123456789012345678901234567890123"
         "</loadInformation></device>",
         "<device><loadInformation>012345678901234567890123456789012345678901234567890123456789012"
         "</loadInformation></device>",
         "value-long", "loadInformation"},
    };
    RF_AUTO(rf_freep) struct all *all = rf_new(struct all);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_why why = {0};
        enum rf_err err = read_text(rows[i].bad, all, &why);
        assert_int_not_equal(err, RF_OK);
        assert_string_equal(why.code, rows[i].code);
        assert_non_null(strstr(why.text, rows[i].names));
        assert_err(read_text(rows[i].good, all, &why), RF_OK);
    }
}

static void the_model_comes_from_the_load_or_from_who_says_it(void **state)
{
    (void)state;
    char model[16];
    struct rf_why why = {0};
    assert_err(rf_old_device_model("SCCP75.9", NULL, model, &why), RF_OK);
    assert_string_equal(model, "7975");
    assert_err(rf_old_device_model("SCCP75.9", "7962", model, &why), RF_OK);
    assert_string_equal(model, "7975"); /* for others of the tree */
    assert_err(rf_old_device_model("SCCP42.9", "7962", model, &why), RF_OK);
    assert_string_equal(model, "7962");
    assert_err(rf_old_device_model("", "8861", model, &why), RF_OK);
    assert_err(rf_old_device_model("ringphone-1.0", "8861", model, &why), RF_OK);
    assert_err(rf_old_device_model("unheard-of", "8861", model, &why), RF_OK);
    assert_refused(rf_old_device_model("SCCP42.9", NULL, model, &why), RF_ERR_DENIED, why,
                   "device-model");
    assert_refused(rf_old_device_model("", NULL, model, &why), RF_ERR_DENIED, why, "device-model");
    assert_refused(rf_old_device_model("SCCP42.9", "8861", model, &why), RF_ERR_DENIED, why,
                   "device-model");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_set_or_left_with_its_reason),
        cmocka_unit_test(what_names_the_old_server_is_left),
        cmocka_unit_test(lines_and_members_are_read),
        cmocka_unit_test(what_is_no_device_is_refused_with_its_element),
        cmocka_unit_test(the_model_comes_from_the_load_or_from_who_says_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
