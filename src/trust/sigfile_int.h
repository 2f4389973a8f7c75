/* SPDX-License-Identifier: Apache-2.0 */
/* What signed files, encrypted files and lists share inside trust/. */
#ifndef TRUST_SIGFILE_INT_H
#define TRUST_SIGFILE_INT_H

#include "trust/sigfile.h"

/** Signers of containers with shorter RSA keys are not believed unless that is asked for. */
#define RF_SIGFILE_RSA_MIN 1024

/** May this key sign a container for this certificate, and how long will the signature be? Codes
 * as rf_sigfile_sign. */
RF_MUST_CHECK enum rf_err rf_sigfile_check_key(const struct rf_vault_key *key,
                                               const struct rf_cert *cert, enum rf_digest digest,
                                               size_t *signature_len, struct rf_why *why);

/** The part of a header that names the signer: signer, issuer, serial, digest, signature length. */
struct rf_signedfile_spec rf_sigfile_header_of(const struct rf_cert *cert, enum rf_digest digest,
                                               size_t signature_len);

/** The header of a signed file or image, and whether that key may sign it. */
RF_MUST_CHECK enum rf_err rf_sigfile_header(const struct rf_vault_key *key,
                                            const struct rf_cert *cert,
                                            const struct rf_sigfile_spec *spec, bool is_image,
                                            struct rf_signedfile_spec *out, struct rf_why *why);
/** Put a signature that is right for this certificate in its place in a header. */
RF_MUST_CHECK enum rf_err rf_sigfile_put_signature(const struct rf_cert *cert,
                                                   enum rf_digest digest, struct rf_slice md,
                                                   struct rf_slice sig,
                                                   const struct rf_signedfile_layout *layout,
                                                   uint8_t *header, size_t cap, struct rf_why *why);

/** Append header and body to `out` and sign them; `out` is as before on failure. */
RF_MUST_CHECK enum rf_err rf_sigfile_put(struct rf_vault_key *key, const struct rf_cert *cert,
                                         enum rf_digest digest,
                                         const struct rf_signedfile_spec *header,
                                         struct rf_slice body, struct rf_buf *out,
                                         struct rf_why *why);

#endif
