/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of what was issued, as files; private to the folder. */
#ifndef SERVICE_SETUP_FACTORY_ISSUED_H
#define SERVICE_SETUP_FACTORY_ISSUED_H

#include "service/setup/factory_batch.h"

#define RF_ISSUED_DIR        "issued"
#define RF_ISSUED_NUMBER_MAX 999999
#define RF_ISSUED_BYTES_MAX  ((size_t)4 * 1024 * 1024)

/** "RSA-2048", "EC-P256". */
const char *rf_issued_key_name(enum rf_key_type type);
/** SHA-256 of a list as hexadecimal digits. */
void rf_issued_digest(struct rf_slice text, char out[65]);
/** The first two lines: the number of a list, and the digest of the one before it. */
RF_MUST_CHECK enum rf_err rf_issued_head(struct rf_buf *out, unsigned number, const char *before);
/** Sign a list and write both. RF_ERR_EXISTS when there is one of that number. */
RF_MUST_CHECK enum rf_err rf_issued_seal(const struct rf_factory *f, unsigned number,
                                         struct rf_slice text, struct rf_why *why);

#endif
