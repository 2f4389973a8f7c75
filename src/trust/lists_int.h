/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of a list, for lists*.c. */
#ifndef TRUST_LISTS_INT_H
#define TRUST_LISTS_INT_H

#include <stdatomic.h>

#include "trust/lists.h"

struct rf_list {
    atomic_uint refs;
    uint8_t *bytes;
    size_t len;
    struct rf_trustlist content;                    /* borrows from bytes */
    struct rf_cert *cert[RF_TRUSTLIST_RECORDS_MAX]; /* NULL: the record has none */
    char fingerprint[65];
};

/** Does a role do for what is asked: itself, and CCM+TFTP for CCM and for TFTP. */
bool rf_role_fits(uint16_t has, uint16_t want);

/** Does the record say which certificate it means, by the certificate itself or by its digest? */
bool rf_list_names_cert(const struct rf_list *l, size_t i);

/** The certificate of the record with that issuer text and serial and a fitting role, or NULL;
 * *is_known (never cleared): such a record is there, whatever its role. */
const struct rf_cert *rf_list_find(const struct rf_list *l, struct rf_slice issuer,
                                   struct rf_slice serial, uint16_t role, bool *is_known);
/** The same whatever the role. */
const struct rf_cert *rf_list_find_any(const struct rf_list *l, struct rf_slice issuer,
                                       struct rf_slice serial);

#endif
