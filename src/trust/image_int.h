/* SPDX-License-Identifier: Apache-2.0 */
/* What image.c and image_load.c share. */
#ifndef TRUST_IMAGE_INT_H
#define TRUST_IMAGE_INT_H

#include "trust/image.h"

#include "base/text.h"

/** The first bytes of a body, where images keep a digest that lists repeat. */
struct rf_image_head {
    uint8_t bytes[RF_LOADS_MD5_LEN];
    size_t len;
};

/** rf_image_verify_path, and the beginning of the body (head may be NULL; believed only on RF_OK).
 */
RF_MUST_CHECK enum rf_err rf_image_stream(const char *path, struct rf_slice expected_name,
                                          const struct rf_cert_list *keys,
                                          struct rf_image_info *out, struct rf_image_head *head,
                                          struct rf_why *why);

#endif
