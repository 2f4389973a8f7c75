/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that look at images share. */
#ifndef APP_RINGFENCE_IMAGE_H
#define APP_RINGFENCE_IMAGE_H

#include "app/ringfence/container.h"

/** What is said of an image whose signer's key is not at hand; never that it is verified. */
#define IMAGE_UNKNOWN "well-formed, not verified: signer unknown"

/** All certificates of all --cert. */
RF_MUST_CHECK enum rf_err image_keys(const struct cmd_ctx *ctx, struct rf_cert_list *keys,
                                     struct rf_why *why);
/** Open a container that is an image; file-kind. */
RF_MUST_CHECK enum rf_err image_open(const char *path, struct container *c, struct rf_why *why);
/** The key that the header names; RF_ERR_DENIED signer-unknown. */
RF_MUST_CHECK enum rf_err image_find_signer(const struct rf_signedfile *sf,
                                            const struct rf_cert_list *keys,
                                            const struct rf_cert **out, struct rf_why *why);
/** Read the body and judge the signature. */
RF_MUST_CHECK enum rf_err image_judge(struct container *c, struct container_pass *pass,
                                      const struct rf_cert *signer, const char *name,
                                      struct rf_sigfile_info *info, struct rf_why *why);

#endif
