/* SPDX-License-Identifier: Apache-2.0 */
/* What models have, by name and by number. */
#include "unit.h"

#include "service/site/families.h"
#include "service/site/models.h"

static void models_of_each_generation(void **state)
{
    static const struct {
        const char *model;
        unsigned keys;
        enum rf_model_tls tls;
        bool has_srtp;
    } rows[] = {
        {"7960", 6, RF_MODEL_TLS_OLD, true},        {"CP-7960G", 6, RF_MODEL_TLS_OLD, true},
        {"7970", 8, RF_MODEL_TLS_OLD, true},        {"7975", 8, RF_MODEL_TLS_OLD, true},
        {"6941", 4, RF_MODEL_TLS_NEW, true},        {"8945", 10, RF_MODEL_TLS_NEW, true},
        {"9971", 6, RF_MODEL_TLS_NEW, true},        {"7912", 1, RF_MODEL_TLS_NONE, false},
        {"ringphone", 255, RF_MODEL_TLS_NEW, true}, {"", 255, RF_MODEL_TLS_NEW, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct rf_model *m = rf_model_find(rows[i].model);
        assert_int_equal(m->keys, rows[i].keys);
        assert_int_equal(m->tls, rows[i].tls);
        assert_int_equal(m->has_srtp, rows[i].has_srtp);
        uint32_t number = rf_family_model_number(rows[i].model);
        assert_ptr_equal(rf_model_of_number(number), m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_of_each_generation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
