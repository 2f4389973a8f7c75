/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands on signed containers share: the header as JSON, what was verified as JSON,
 * certificates of the command line. */
#ifndef APP_RINGFENCE_CONTAINER_H
#define APP_RINGFENCE_CONTAINER_H

#include "app/ringfence/cmd.h"
#include "trust/image.h"
#include "trust/lists.h"
#include "trust/sigfile.h"

/** Longest file the commands read. */
#define CONTAINER_BYTES_MAX ((size_t)RF_IMAGE_BYTES_MAX)

/** Kind, names, serial, digest, key size, time stamp, sizes and digests of file and body. */
void container_header(struct rf_json *out, const struct rf_signedfile *sf, struct rf_slice file);
/** Subject, issuer, serial, fingerprint, key, validity of a certificate. */
struct rf_json *container_cert(const struct rf_cert *cert);
/** Read and decode a container; `file` owns the bytes. */
RF_MUST_CHECK enum rf_err container_open(const char *path, struct rf_buf *file,
                                         struct rf_signedfile *out, struct rf_why *why);
/** What this command line's policy is: time of now, SHA-1 taken (and said), the name asked for. */
struct rf_sigfile_policy container_policy(const char *name);

#endif
