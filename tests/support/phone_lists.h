/* SPDX-License-Identifier: Apache-2.0 */
/* Trust lists for tests of the phone: certificates with roles, as an installed CTL. */
#ifndef SUPPORT_PHONE_LISTS_H
#define SUPPORT_PHONE_LISTS_H

#include "trust/lists.h"

struct phone_list_row {
    const struct rf_cert *cert;
    uint16_t role;
};
/** Lists with these records; released with rf_lists_fini. */
struct rf_lists phone_lists(const struct phone_list_row *rows, size_t n);

#endif
