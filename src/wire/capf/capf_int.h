/* SPDX-License-Identifier: Apache-2.0 */
/* Element tags of CAPF. Source: doc: docs/wire/capf.md */
#ifndef WIRE_CAPF_CAPF_INT_H
#define WIRE_CAPF_CAPF_INT_H

enum {
    CAPF_EL_REASON = 1,
    CAPF_EL_REASON_INFO = 2,
    CAPF_EL_CERT_TYPE = 3,
    CAPF_EL_CERT = 4,
    CAPF_EL_CERT_ID = 5,
    CAPF_EL_SIGNED_DATA = 6,
    CAPF_EL_VERSION = 7,
    CAPF_EL_AUTH_TYPE = 8,
    CAPF_EL_PUBLIC_KEY = 9,
    CAPF_EL_KEY_SIZE = 10,
    CAPF_EL_PASSWORD = 11,
    CAPF_EL_RETRY_DELAY = 12,
    CAPF_EL_DEVICE_NAME = 13,
    CAPF_EL_SUDI = 16,
    CAPF_EL_KEY_TYPE = 17,
    CAPF_EL_CURVE = 18,
    CAPF_EL_DIGEST_TYPE = 19,
    CAPF_EL_SHA2_SIGNED_DATA = 20,
};

#endif
