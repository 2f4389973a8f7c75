/* SPDX-License-Identifier: Apache-2.0 */
/* May phones be told to believe this certificate of a survivable router? It goes into their
 * configuration as it is and they compare bytes, so nobody asks who issued it: that it is the
 * router's an administrator has said, by its fingerprint. Thread: any. */
#ifndef TRUST_SRST_CERT_H
#define TRUST_SRST_CERT_H

#include "trust/cert.h"

/** Phones have 2000 bytes, and it is not known whether for the base64 or for what is in it.
 * doc: docs/device-configuration.md, "Survivable routers" */
#define RF_SRST_CERT_DER_MAX 1480

/** RF_ERR_LIMIT srst-certificate-long; RF_ERR_DENIED cert-expired, cert-not-yet, key-too-short,
 * key-type. */
RF_MUST_CHECK enum rf_err rf_srst_cert_check(const struct rf_cert *cert, int64_t now_s,
                                             struct rf_why *why);
/** The one of a list: RF_ERR_DENIED srst-certificate-several when there are more, since phones have
 * room for one. *out is borrowed. */
RF_MUST_CHECK enum rf_err rf_srst_cert_only(const struct rf_cert_list *list, struct rf_cert **out,
                                            struct rf_why *why);

/** A fingerprint as people write it, in any case, with or without colons and blanks, to 64 digits
 * in lower case; false when it is none. */
RF_MUST_CHECK bool rf_fingerprint_read(const char *text, char out[65]);

#endif
