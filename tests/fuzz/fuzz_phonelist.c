/* SPDX-License-Identifier: Apache-2.0 */
/* A list that decodes is a document of its own root, and names only files that fit. */
#include "wire/phonexml/phonelist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const roots[][2] = {{"CiscoIPPhoneRingList", NULL},
                                           {"CiscoIPPhoneImageList", NULL}};
    RF_AUTO(rf_freep) struct rf_phonelist *list = rf_new(struct rf_phonelist);
    struct rf_slice in = rf_slice_of(data, size);
    for (size_t kind = 0; kind < 2; kind++) {
        struct rf_why why = {0};
        if (rf_phonelist_decode(in, (enum rf_phonelist_kind)kind, list, &why) != RF_OK) {
            rf_bug_on(list->n != 0 || why.code[0] == '\0');
            continue;
        }
        rf_bug_on(rf_phonelist_check(in, RF_PHONELIST_BYTES_MAX, roots[kind], NULL) != RF_OK);
        rf_bug_on(rf_phonelist_check(in, RF_PHONELIST_BYTES_MAX, NULL, NULL) != RF_OK);
        for (size_t i = 0; i < list->n; i++) {
            rf_bug_on(!rf_phonelist_name_fits(rf_slice_str(list->item[i].file)));
            rf_bug_on(list->item[i].small[0] != '\0' &&
                      !rf_phonelist_name_fits(rf_slice_str(list->item[i].small)));
        }
    }
    return 0;
}
