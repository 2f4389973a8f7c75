/* SPDX-License-Identifier: Apache-2.0 */
/* Which models a load serves, and whose an image is, by the names that real files have. */
#include "unit.h"

#include "service/site/families.h"
#include "service/site/images.h"

static const char *load_family(const char *load)
{
    const struct rf_family *f = rf_family_of_load(load);
    return f != NULL ? f->name : "none";
}

static const char *image_family(const char *file)
{
    const struct rf_family *f = rf_family_of_image(file);
    return f != NULL ? f->name : "none";
}

static void loads_are_of_a_family_by_their_names(void **state)
{
    static const struct {
        const char *load, *family;
    } rows[] = {
        {"SCCP42.9-4-2SR3-1S", "7942/62"},
        {"SIP42.9-4-2SR3-1S", "7942/62"},
        {"term62.default", "7942/62"},
        {"SCCP41.8-5-4S", "7941/61"},
        {"SCCP45.9-4-2SR3-1S", "7945/65"},
        {"SCCP70.9-4-2SR3-1S", "7970/71"},
        {"SCCP75.9-4-2SR3-1S", "7975"},
        {"term06.default", "7906/11"},
        {"SCCP31.9-4-2SR3-1S", "7931"},
        {"P0030801SR02", "7940/60"},
        {"P0S3-8-12-00", "7940/60"},
        {"SCCP69xx.9-4-1-3SR3", "6921/41/61"},
        {"SCCP6945.9-4-1-3SR3", "6945"},
        {"SCCP894x.9-4-2SR3-1", "8941/45"},
        {"CP7921G-1.4.6.3", "7921"},
        {"CP7925G-1.4.8.4", "7925"},
        {"sip78xx.12-8-1-0001-455", "78xx"},
        {"sip88xx.12-8-1-0001-455", "88xx"},
        {"sip8845_65.12-8-1", "8845/65"},
        {"sip9971.9-4-2SR4-1", "9971"},
        {"P00405000700", "7910"},
        {"cmterm_7936.3-3-21-0", "7936"},
        {"ringphone-2.0", "ringphone"},
        {"SCCP99.1", "none"},
        {"SCCP4", "none"},
        {"", "none"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(load_family(rows[i].load), rows[i].family);
}

static void images_are_of_a_family_by_their_names(void **state)
{
    static const struct {
        const char *file, *family;
    } rows[] = {
        {"jar42sccp.9-4-2ES26.sbn", "7942/62"},
        {"cnu45.9-4-2ES26.sbn", "7945/65"},
        {"apps41.9-4-2ES26.sbn", "7941/61"},
        {"CVM70SCCP.9-4.SBN", "7970/71"},
        {"TNUX-1.4.6.3.SBN", "7921"},
        {"GUIH-1.4.8.4.SBN", "7925"},
        {"BOOT69xx.0-0-0-14.zz.sgn", "6921/41/61"},
        {"SCCP894x.9-4.bin3.sgn", "8941/45"},
        {"kern78xx.12-8-1.sbn", "78xx"},
        {"rootfs288xx.12-8-1.sbn", "88xx"},
        {"kern8845_65.12-8-1.sbn", "8845/65"},
        {"rfapp.2.0.sbn", "ringphone"},
        {"something.sbn", "none"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(image_family(rows[i].file), rows[i].family);
}

static void a_model_is_the_same_however_it_is_written(void **state)
{
    const struct rf_family *f = rf_family_of_load("SCCP42.9-4-2SR3-1S");
    static const char *const its[] = {"7962", "7962G", "CP-7962G", "cp-7942", "7942g"};
    static const char *const others[] = {"7965", "796", "79620", "", "G", "CP-"};
    for (size_t i = 0; i < sizeof its / sizeof *its; i++)
        assert_true(rf_family_serves(f, its[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(rf_family_serves(f, others[i]));
    /* Our own phones pretend to be any. */
    assert_true(rf_family_serves(rf_family_of_load("ringphone-1.0"), "7965"));
    char model[16];
    size_t at = 0;
    assert_true(rf_family_next_model(f, &at, model));
    assert_string_equal(model, "7942");
    assert_true(rf_family_next_model(f, &at, model));
    assert_string_equal(model, "7962");
    assert_false(rf_family_next_model(f, &at, model));
    at = 0;
    assert_false(rf_family_next_model(rf_family_of_load("ringphone-1.0"), &at, model));
}

static void models_have_their_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        uint32_t number;
        const char *name;
    } rows[] = {
        {"7960", 7, "Cisco 7960"},
        {"7962", 404, "Cisco 7962"},
        {"7962G", 404, "Cisco 7962"},
        {"CP-7962G", 404, "Cisco 7962"},
        {"7941", 115, "Cisco 7941"},
        {"7941GE", 309, "Cisco 7941GE"},
        {"7941G-GE", 309, "Cisco 7941G-GE"},
        {"7970", 30006, "Cisco 7970"},
        {"7970G", 30006, "Cisco 7970"},
        {"cp-8861", 685, "Cisco 8861"},
        {"6901", 547, "Cisco 6901"},
        {"", 0, "Cisco "},
        {"unheard-of", 0, "Cisco unheard-of"},
        {"G", 0, "Cisco G"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[32];
        assert_int_equal(rf_family_model_number(rows[i].model), rows[i].number);
        rf_family_model_name(rows[i].model, name);
        assert_string_equal(name, rows[i].name);
    }
}

static void models_are_told_what_they_can(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        enum rf_model_can can;
        enum rf_model_digests digests;
    } rows[] = {
        {"7912", RF_MODEL_CAN_NOTHING, RF_MODEL_SHA1},
        {"CP-7905G", RF_MODEL_CAN_NOTHING, RF_MODEL_SHA1},
        {"7902", RF_MODEL_CAN_NOTHING, RF_MODEL_SHA1},
        {"7920", RF_MODEL_CAN_NOTHING, RF_MODEL_SHA1},
        {"7921", RF_MODEL_CAN_ALL, RF_MODEL_SHA1},
        {"7940G", RF_MODEL_CAN_LISTS, RF_MODEL_SHA1},
        {"cp-7960", RF_MODEL_CAN_LISTS, RF_MODEL_SHA1},
        {"7941", RF_MODEL_CAN_ALL, RF_MODEL_SHA1},
        {"7961G-GE", RF_MODEL_CAN_ALL, RF_MODEL_SHA1},
        {"6921", RF_MODEL_CAN_ALL, RF_MODEL_SHA1},
        {"8945", RF_MODEL_CAN_ALL, RF_MODEL_SHA1},
        {"8961", RF_MODEL_CAN_ALL, RF_MODEL_SHA1_RATHER},
        {"9971", RF_MODEL_CAN_ALL, RF_MODEL_SHA1_RATHER},
        {"8861", RF_MODEL_CAN_ALL, RF_MODEL_BOTH},
        {"7841", RF_MODEL_CAN_ALL, RF_MODEL_BOTH},
        {"ringphone", RF_MODEL_CAN_ALL, RF_MODEL_BOTH},
        {"unheard-of", RF_MODEL_CAN_ALL, RF_MODEL_DIGESTS_UNKNOWN},
        {"", RF_MODEL_CAN_ALL, RF_MODEL_DIGESTS_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(rf_family_model_can(rows[i].model), rows[i].can);
        assert_int_equal(rf_family_model_digests(rows[i].model), rows[i].digests);
    }
}

static void a_load_is_named_without_its_suffix(void **state)
{
    static const struct {
        const char *file, *load;
        bool is_list, is_bare;
    } rows[] = {
        {"SCCP42.9-4-2SR3-1S.loads", "SCCP42.9-4-2SR3-1S", true, false},
        {"CP7921G-1.4.6.3.LOADS", "CP7921G-1.4.6.3", true, false},
        {"P00405000700.bin", "P00405000700", false, true},
        {"ATA030204SCCP090202A.zup", "ATA030204SCCP090202A", false, true},
        {"CP7902080002SCCP060817A.sbin", "CP7902080002SCCP060817A", false, true},
        {"jar42sccp.9-4.sbn", "jar42sccp.9-4.sbn", false, false},
        {"P00405000700.sbn", "P00405000700.sbn", false, false},
        {"unknown.bin", "unknown.bin", false, false},
    };
    char name[RF_LOADS_NAME_MAX + 1];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rf_image_load_name(rows[i].file, name);
        assert_string_equal(name, rows[i].load);
        assert_int_equal(rf_image_is_list(rows[i].file), rows[i].is_list);
        assert_int_equal(rf_family_is_bare(rows[i].file), rows[i].is_bare);
    }
}

static void models_of_a_list(void **state)
{
    static const struct {
        const char *list, *model;
        bool is_in;
    } rows[] = {
        {"79xx", "7962", true},     {"79xx", "CP-7962G", true},  {"79xx", "7962G", true},
        {"79xx", "796", false},     {"79xx", "79621", false},    {"79xx", "79AB", false},
        {"7962", "7963", false},    {"88xx 79xx", "7962", true}, {"88xx  7962 ", "7962", true},
        {"7941GE", "7941GE", true}, {"", "7962", false},         {"79xx", "", false},
        {"  ", "7962", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(rf_family_model_listed(rows[i].list, rows[i].model), rows[i].is_in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_are_of_a_family_by_their_names),
        cmocka_unit_test(images_are_of_a_family_by_their_names),
        cmocka_unit_test(a_model_is_the_same_however_it_is_written),
        cmocka_unit_test(models_have_their_numbers),
        cmocka_unit_test(models_are_told_what_they_can),
        cmocka_unit_test(a_load_is_named_without_its_suffix),
        cmocka_unit_test(models_of_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
