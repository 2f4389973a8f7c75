/* SPDX-License-Identifier: Apache-2.0 */
#include "service/site/models.h"

#include "base/text.h"
#include "service/site/families.h"

/* The first row that names a model counts. doc: docs/phones.md, "What models have" */
static const struct rf_model models[] = {
    {"7940", 2, RF_MODEL_TLS_OLD, true},
    {"7960", 6, RF_MODEL_TLS_OLD, true},
    {"7906 7911", 1, RF_MODEL_TLS_OLD, true},
    {"7931", 20, RF_MODEL_TLS_OLD, true},
    {"7941 7941GE 7942 7945", 2, RF_MODEL_TLS_OLD, true},
    {"7961 7961GE 7962 7965", 6, RF_MODEL_TLS_OLD, true},
    {"7970 7971 7971GE 7975", 8, RF_MODEL_TLS_OLD, true},
    {"7921 7925 7926", 6, RF_MODEL_TLS_OLD, true},
    {"7937", 2, RF_MODEL_TLS_OLD, true},
    {"6901 6911", 1, RF_MODEL_TLS_OLD, true},
    {"6921", 2, RF_MODEL_TLS_NEW, true},
    {"6941 6945", 4, RF_MODEL_TLS_NEW, true},
    {"6961", 12, RF_MODEL_TLS_NEW, true},
    {"8941 8945", 10, RF_MODEL_TLS_NEW, true},
    {"8961", 5, RF_MODEL_TLS_NEW, true},      /* guess: keys */
    {"9951 9971", 6, RF_MODEL_TLS_NEW, true}, /* guess: keys */
    {"7902 7905 7912", 1, RF_MODEL_TLS_NONE, false},
    {"7910", 1, RF_MODEL_TLS_NONE, false}, /* guess: no TLS */
    {"7920", 6, RF_MODEL_TLS_NONE, false},
    {"7935 7936", 2, RF_MODEL_TLS_NONE, false}, /* guess: no TLS */
    {"7985", 1, RF_MODEL_TLS_OLD, false},       /* guess: no SRTP */
    {"ATA186 ATA188", 1, RF_MODEL_TLS_NONE, false},
};

static const struct rf_model anything = {"", UINT8_MAX, RF_MODEL_TLS_NEW, true};

const struct rf_model *rf_model_find(const char *model)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (rf_family_model_listed(models[i].names, model))
            return &models[i];
    return &anything;
}

const struct rf_model *rf_model_of_number(uint32_t number)
{
    for (size_t i = 0; number != 0 && i < sizeof models / sizeof *models; i++) {
        struct rf_slice rest = rf_slice_str(models[i].names), one;
        char name[16];
        while (rf_next_piece(&rest, ' ', &one))
            if (rf_slice_to_str(one, name, sizeof name) && rf_family_model_number(name) == number)
                return &models[i];
    }
    return &anything;
}
