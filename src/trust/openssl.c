/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/openssl.h"

#include <openssl/err.h>

enum rf_err rf_why_openssl(struct rf_why *why, enum rf_err err, const char *code, const char *what)
{
    unsigned long first = ERR_get_error();
    const char *reason = first != 0 ? ERR_reason_error_string(first) : NULL;
    ERR_clear_error();
    return rf_why_set(why, err, code, "%s: %s", what,
                      reason != NULL ? reason : "no reason given by OpenSSL");
}
