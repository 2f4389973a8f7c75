/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/srst_cert.h"

#include "base/faults.h"
#include "base/text.h"
#include "trust/path.h"

enum rf_err rf_srst_cert_check(const struct rf_cert *cert, int64_t now_s, struct rf_why *why)
{
    size_t len = rf_cert_der(cert).len;
    if (!rf_fault_skips("srst.cert-long") && len > RF_SRST_CERT_DER_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "srst-certificate-long",
                          "certificate of %s has %zu bytes, phones have room for %d: give the "
                          "router one with a shorter name or key",
                          rf_cert_subject(cert), len, RF_SRST_CERT_DER_MAX);
    enum rf_err err = rf_cert_time_check(cert, now_s, why);
    return err == RF_OK ? rf_cert_strength_check(cert, 0, why) : err;
}

enum rf_err rf_srst_cert_only(const struct rf_cert_list *list, struct rf_cert **out,
                              struct rf_why *why)
{
    if (list->n > 1 && !rf_fault_skips("srst.cert-several"))
        return rf_why_set(why, RF_ERR_DENIED, "srst-certificate-several",
                          "%zu certificates: phones have room for one, the router's own", list->n);
    *out = list->cert[0];
    return RF_OK;
}

bool rf_fingerprint_read(const char *text, char out[65])
{
    uint8_t sha256[32];
    char digits[65];
    size_t len = 0, n = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == ':' || *c == ' ')
            continue;
        if (len == sizeof digits - 1)
            return false;
        digits[len++] = *c;
    }
    if (rf_unhex(rf_slice_of(digits, len), sha256, sizeof sha256, &n) != RF_OK ||
        n != sizeof sha256)
        return false;
    rf_hex(rf_slice_of(sha256, sizeof sha256), out, 65);
    return true;
}
