/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/lsc_check.h"

#include <openssl/x509v3.h>

#include "base/faults.h"
#include "base/text.h"
#include "trust/openssl.h"

#define DAY_S 86400

static enum rf_err check_key(const struct rf_cert *cert, const struct rf_lsc_want *want,
                             struct rf_why *why)
{
    if (rf_fault_skips("lsc.key") || rf_slice_eq(rf_cert_spki(cert), want->spki))
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "ca-other-key",
                      "the certificate %s is for another key than the phone's",
                      rf_cert_short(cert));
}

/* Host names and addresses have a dot or a colon, device names have neither: a value without could
 * be taken for another device. */
static bool could_be_device(struct rf_slice value)
{
    struct rf_rd rd = rf_rd_of(value);
    uint8_t b = 0;
    while (rf_rd_u8(&rd, &b))
        if (b == '.' || b == ':')
            return false;
    return true;
}

static enum rf_err check_names(const struct rf_cert *cert, const struct rf_lsc_want *want,
                               struct rf_why *why)
{
    char shown[160];
    struct rf_slice cn = rf_cert_cn(cert);
    if (rf_fault_skips("lsc.name"))
        return RF_OK;
    if (rf_cert_cn_n(cert) != 1 || !rf_slice_eq(cn, want->cn))
        return rf_why_set(why, RF_ERR_DENIED, "ca-other-name",
                          "the certificate %s has %zu common names, \"%s\", and not the one that "
                          "was asked for",
                          rf_cert_short(cert), rf_cert_cn_n(cert),
                          rf_escape(cn, shown, sizeof shown));
    for (size_t i = 0; i < rf_cert_san_n(cert); i++) {
        struct rf_slice value = rf_cert_san(cert, i).value;
        if (!rf_slice_eq(value, want->device_name) && could_be_device(value))
            return rf_why_set(why, RF_ERR_DENIED, "ca-other-name",
                              "the certificate %s names \"%s\" beside the device",
                              rf_cert_short(cert), rf_escape(value, shown, sizeof shown));
    }
    return RF_OK;
}

/* Without the extension any use is meant. */
static enum rf_err check_ext_usage(const struct rf_cert *cert, struct rf_why *why)
{
    uint32_t usage = X509_get_extended_key_usage(rf_cert_x509(cert));
    if (rf_fault_skips("lsc.ext-usage") || (usage & (XKU_SSL_CLIENT | XKU_ANYEKU)) != 0)
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "ca-ext-usage",
                      "the certificate %s is not for TLS clients (extendedKeyUsage clientAuth)",
                      rf_cert_short(cert));
}

static enum rf_err check_life(const struct rf_cert *cert, const struct rf_lsc_want *want,
                              struct rf_why *why)
{
    char until[32];
    int64_t end = want->now_s + ((int64_t)want->days_max + 1) * DAY_S;
    if (rf_fault_skips("lsc.life") || rf_cert_not_after(cert) <= end)
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "ca-too-long",
                      "the certificate %s is valid until %s, longer than %u days: have the CA make "
                      "them shorter, or raise lsc_days",
                      rf_cert_short(cert),
                      rf_time_text(rf_cert_not_after(cert), until, sizeof until), want->days_max);
}

enum rf_err rf_lsc_check(const struct rf_cert *cert, const struct rf_lsc_want *want,
                         struct rf_why *why)
{
    struct rf_path_policy policy = {
        .now_s = want->now_s, .rsa_min = want->rsa_min, .is_lsc_purpose = true};
    enum rf_err err = check_key(cert, want, why);
    if (err == RF_OK)
        err = check_names(cert, want, why);
    if (err == RF_OK && !rf_fault_skips("lsc.path"))
        err = rf_path_check(want->cas, cert, NULL, &policy, NULL, why);
    if (err == RF_OK)
        err = check_ext_usage(cert, why);
    return err == RF_OK ? check_life(cert, want, why) : err;
}
