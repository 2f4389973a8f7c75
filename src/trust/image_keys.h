/* SPDX-License-Identifier: Apache-2.0 */
/* The keys a phone believes firmware of: a text with a line "generation=N" and certificates in PEM.
 * It came with the phone, or inside a firmware that was verified under the keys before it; a text
 * without that line is generation 0. A phone takes only a higher generation than it has, so that an
 * older firmware, however well signed, does not bring back a key that was retired.
 *
 *     RF_AUTO(rf_image_keys_fini) struct rf_image_keys keys = {0};
 *     if (rf_image_keys_decode(body, &keys, &why) == RF_OK && keys.generation > have.generation)
 *
 * Thread: any. doc: docs/wire/firmware-components.md, "rfkeys: who signs the next firmware" */
#ifndef TRUST_IMAGE_KEYS_H
#define TRUST_IMAGE_KEYS_H

#include "trust/cert.h"

/** Longer texts are refused. */
#define RF_IMAGE_KEYS_BYTES_MAX 65536

struct rf_image_keys {
    uint32_t generation;
    struct rf_cert_list list;
};
void rf_image_keys_fini(struct rf_image_keys *keys);

/** RF_ERR_BAD image-keys (no generation that is a number, no certificate), RF_ERR_LIMIT image-keys;
 * codes of the certificates. `out` is untouched on failure. */
RF_MUST_CHECK enum rf_err rf_image_keys_decode(struct rf_slice text, struct rf_image_keys *out,
                                               struct rf_why *why);
/** The text of them; generation 0 has no line of it. */
RF_MUST_CHECK enum rf_err rf_image_keys_encode(const struct rf_image_keys *keys, struct rf_buf *out,
                                               struct rf_why *why);
/** Is the certificate with this fingerprint one of them? */
bool rf_image_keys_has(const struct rf_image_keys *keys, const char *fingerprint);

#endif
