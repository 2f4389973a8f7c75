/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/capf/capf.h"

const char *rf_capf_command_name(uint8_t command)
{
    static const char *const names[] = {
        [1] = "auth-request",
        [2] = "auth-response",
        [3] = "key-generate-request",
        [4] = "key-generate-response",
        [5] = "encrypt-response",
        [6] = "encrypt-request",
        [7] = "decrypt-request",
        [8] = "decrypt-response",
        [9] = "store-certificate-request",
        [10] = "store-certificate-response",
        [11] = "fetch-certificate-request",
        [12] = "fetch-certificate-response",
        [13] = "delete-certificate-request",
        [14] = "delete-certificate-response",
        [15] = "end-session",
        [16] = "retry-later",
        [17] = "request-in-progress",
        [18] = "status-request",
        [19] = "status-response",
        [20] = "abort-request",
        [21] = "abort-response",
        [22] = "sign-certificate-request",
        [23] = "sign-certificate-response",
    };
    if (command < sizeof names / sizeof *names && names[command] != NULL)
        return names[command];
    return "unknown";
}

const char *rf_capf_reason_name(uint8_t reason)
{
    switch (reason) {
    case RF_CAPF_REASON_NO_ACTION:
        return "no action";
    case RF_CAPF_REASON_UPDATE:
        return "success";
    case RF_CAPF_REASON_INVALID:
        return "invalid element";
    case RF_CAPF_REASON_UNKNOWN_DEVICE:
        return "unknown device";
    default:
        return "reason not known";
    }
}
