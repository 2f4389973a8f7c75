/* SPDX-License-Identifier: Apache-2.0 */
/* Is a device name the one its certificate says (V6)? Pure; nothing but the certificate, the name
 * and the policy is looked at. The certificate's path is path.h.
 *
 *     err = rf_name_matches_device(cert, rf_slice_str("SEP001122334455"), NULL, NULL, &why);
 *
 * Thread: any. doc: docs/security-rules.md, "Device name" */
#ifndef TRUST_NAME_H
#define TRUST_NAME_H

#include "trust/cert.h"

#define RF_NAME_CN_MAX    64
#define RF_NAME_MODEL_MAX 20

struct rf_name_policy {
    struct rf_slice third_party_san; /* of the device's security profile; only for third-party
                                      * device types, else empty */
    struct rf_slice model;           /* registered model, e.g. "8861"; empty: not compared */
    bool is_model_strict;            /* check_model_in_cert = strict */
};

enum rf_name_by {
    RF_NAME_BY_CN,       /* CN is the name */
    RF_NAME_BY_CN_MODEL, /* CN is CP-<model>-<name> */
    RF_NAME_BY_SAN,
    RF_NAME_BY_PROFILE_SAN,
};

struct rf_name_match {
    enum rf_name_by by;
    char model[RF_NAME_MODEL_MAX + 1]; /* of the CN; "" when there is none */
    bool is_model_different;           /* to be logged; refused only when strict */
};

/**
 * Compare. policy and out may be NULL.
 *
 * Returns RF_OK; RF_ERR_DENIED name-mismatch (cause 11), name-cn (none, several, control byte or
 * longer than 64), name-model (strict only). The text has both names.
 */
RF_MUST_CHECK enum rf_err rf_name_matches_device(const struct rf_cert *cert, struct rf_slice name,
                                                 const struct rf_name_policy *policy,
                                                 struct rf_name_match *out, struct rf_why *why);

/** "SEP" and 12 upper-case hex digits? (Other names exist: CAPF looks names up instead.) */
bool rf_name_is_sep(struct rf_slice name);
/** The model in a CN of the form CP-<model>-SEP<12 hex>; false when it is not of that form. */
RF_MUST_CHECK bool rf_name_split_cn(struct rf_slice cn, struct rf_slice *model,
                                    struct rf_slice *name);

#endif
