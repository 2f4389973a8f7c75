/* SPDX-License-Identifier: Apache-2.0 */
/* What models of phones have: keys beside the screen, and what of the security of signalling and
 * media they can do. One table; a model nobody knows has all of it.
 *
 * Thread: any. Pure. doc: docs/phones.md, "What models have" */
#ifndef SERVICE_SITE_MODELS_H
#define SERVICE_SITE_MODELS_H

#include "base/bytes.h"

enum rf_model_tls {
    RF_MODEL_TLS_NEW,  /* 1.2 with its last firmware at least, or not known */
    RF_MODEL_TLS_OLD,  /* 1.0 alone */
    RF_MODEL_TLS_NONE, /* speaks no TLS */
};

struct rf_model {
    const char *names; /* blanks part them; as rf_family_model_listed takes them */
    uint8_t keys;      /* line keys, on all pages of the screen */
    enum rf_model_tls tls;
    bool has_srtp;
};

/** By its name, "7962" and "CP-7962G" alike; never NULL. */
const struct rf_model *rf_model_find(const char *model);
/** By its number in the phone protocol; never NULL. */
const struct rf_model *rf_model_of_number(uint32_t number);

#endif
