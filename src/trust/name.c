/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/name.h"

#include <string.h>

#include "base/faults.h"
#include "base/text.h"

#define SEP_LEN 15 /* "SEP" and 12 hex digits */

static bool is_hex(uint8_t b)
{
    return (b >= '0' && b <= '9') || (b >= 'A' && b <= 'F') || (b >= 'a' && b <= 'f');
}

/* "SEP" and 12 hex digits of any case. */
static bool is_sep_any_case(struct rf_slice s)
{
    struct rf_rd rd = rf_rd_of(s);
    struct rf_slice head;
    uint8_t b = 0;
    if (s.len != SEP_LEN || !rf_rd_slice(&rd, 3, &head) || !rf_slice_eq_str(head, "SEP"))
        return false;
    while (rf_rd_u8(&rd, &b))
        if (!is_hex(b))
            return false;
    return true;
}

bool rf_name_is_sep(struct rf_slice name)
{
    struct rf_rd rd = rf_rd_of(name);
    uint8_t b = 0;
    if (!is_sep_any_case(name))
        return false;
    while (rf_rd_u8(&rd, &b))
        if (b >= 'a')
            return false;
    return true;
}

static bool is_model(struct rf_slice s)
{
    struct rf_rd rd = rf_rd_of(s);
    uint8_t b = 0;
    if (s.len < 1 || s.len > RF_NAME_MODEL_MAX)
        return false;
    while (rf_rd_u8(&rd, &b))
        if (!((b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') ||
              b == '.' || b == '_' || b == '-'))
            return false;
    /* No second device name inside. */
    for (size_t i = 0; i + SEP_LEN <= s.len; i++)
        if (is_sep_any_case(rf_slice_part(s, i, SEP_LEN)))
            return false;
    return true;
}

bool rf_name_split_cn(struct rf_slice cn, struct rf_slice *model, struct rf_slice *name)
{
    if (cn.len < 3 + 1 + 1 + SEP_LEN || !rf_slice_starts_with(cn, "CP-"))
        return false;
    struct rf_slice tail = rf_slice_part(cn, cn.len - SEP_LEN, SEP_LEN);
    struct rf_slice dash = rf_slice_part(cn, cn.len - SEP_LEN - 1, 1);
    struct rf_slice middle = rf_slice_part(cn, 3, cn.len - SEP_LEN - 1 - 3);
    if (!is_sep_any_case(tail) || !rf_slice_eq_str(dash, "-") || !is_model(middle))
        return false;
    *model = middle;
    *name = tail;
    return true;
}

/* Hex digits of a SEP name without regard to case, everything else exact. */
static bool same_name(struct rf_slice a, struct rf_slice b)
{
    if (rf_slice_eq(a, b))
        return true;
    if (!is_sep_any_case(a) || !is_sep_any_case(b))
        return false;
    struct rf_rd ra = rf_rd_of(a), rb = rf_rd_of(b);
    uint8_t x = 0, y = 0;
    while (rf_rd_u8(&ra, &x) && rf_rd_u8(&rb, &y))
        if ((x >= 'a' ? x - 32 : x) != (y >= 'a' ? y - 32 : y))
            return false;
    return true;
}

static bool is_printable(struct rf_slice s)
{
    struct rf_rd rd = rf_rd_of(s);
    uint8_t b = 0;
    while (rf_rd_u8(&rd, &b))
        if (b < 0x20 || b == 0x7f)
            return false;
    return true;
}

/* Step 1: exactly one CN, clean and short. */
static enum rf_err check_cn(const struct rf_cert *cert, struct rf_why *why)
{
    struct rf_slice cn = rf_cert_cn(cert);
    if (!rf_fault_skips("name.one-cn") && rf_cert_cn_n(cert) != 1)
        return rf_why_set(why, RF_ERR_DENIED, "name-cn",
                          "the certificate %s has %zu common names; exactly one is wanted",
                          rf_cert_short(cert), rf_cert_cn_n(cert));
    if (!rf_fault_skips("name.cn-clean") && (cn.len > RF_NAME_CN_MAX || !is_printable(cn)))
        return rf_why_set(why, RF_ERR_DENIED, "name-cn",
                          "the common name of certificate %s is longer than %d bytes or holds a "
                          "control byte",
                          rf_cert_short(cert), RF_NAME_CN_MAX);
    return RF_OK;
}

static bool by_san(const struct rf_cert *cert, struct rf_slice name)
{
    for (size_t i = 0; name.len != 0 && i < rf_cert_san_n(cert); i++)
        if (rf_slice_eq(rf_cert_san(cert, i).value, name))
            return true;
    return false;
}

/* Steps 2 and 3. */
static bool find_match(const struct rf_cert *cert, struct rf_slice name,
                       const struct rf_name_policy *policy, struct rf_name_match *out)
{
    struct rf_slice cn = rf_cert_cn(cert), model, cn_name;
    if (rf_name_split_cn(cn, &model, &cn_name)) {
        (void)rf_slice_to_str(model, out->model, sizeof(out->model));
        out->by = RF_NAME_BY_CN_MODEL;
        if (same_name(cn_name, name))
            return true;
    }
    out->by = RF_NAME_BY_CN;
    if (same_name(cn, name))
        return true;
    out->by = RF_NAME_BY_SAN;
    if (by_san(cert, name))
        return true;
    out->by = RF_NAME_BY_PROFILE_SAN;
    return policy != NULL && by_san(cert, policy->third_party_san);
}

/* Step 5. */
static enum rf_err check_model(const struct rf_name_policy *policy, struct rf_name_match *m,
                               struct rf_why *why)
{
    if (policy == NULL || policy->model.len == 0 || m->model[0] == '\0')
        return RF_OK;
    m->is_model_different = !rf_slice_eq_str(policy->model, m->model);
    char model[32];
    if (!rf_fault_skips("name.model") && policy->is_model_strict && m->is_model_different)
        return rf_why_set(why, RF_ERR_DENIED, "name-model",
                          "the certificate is for model %s, the device is registered as %s",
                          m->model, rf_escape(policy->model, model, sizeof(model)));
    return RF_OK;
}

enum rf_err rf_name_matches_device(const struct rf_cert *cert, struct rf_slice name,
                                   const struct rf_name_policy *policy, struct rf_name_match *out,
                                   struct rf_why *why)
{
    struct rf_name_match m = {0};
    char cn_text[RF_NAME_CN_MAX + 8], name_text[RF_NAME_CN_MAX + 8];
    enum rf_err err = check_cn(cert, why);
    if (err != RF_OK)
        return err;
    bool ok = name.len != 0 && is_printable(name) && find_match(cert, name, policy, &m);
    if (!rf_fault_skips("name.match") && !ok)
        return rf_why_set(why, RF_ERR_DENIED, "name-mismatch",
                          "the certificate %s is for \"%s\", the message says \"%s\"",
                          rf_cert_short(cert),
                          rf_escape(rf_cert_cn(cert), cn_text, sizeof(cn_text)),
                          rf_escape(name, name_text, sizeof(name_text)));
    err = check_model(policy, &m, why);
    if (err == RF_OK && out != NULL)
        *out = m;
    return err;
}
