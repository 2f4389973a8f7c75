/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration that TLS vouched for carries no signature, so nobody could vouch for it at the
 * next boot, and it may have secrets in the clear. The phone vouches for it itself: encrypted and
 * authenticated (AES-256-GCM) under a key that follows from its MIC's. That key never changes and
 * lies where it always lay, under the device secret if there is one.
 * doc: docs/wire/http-files.md, "What ringphone does" */
#include "service/phone/phone_int.h"

#include "base/text.h"
#include "trust/wrap.h"

/* A signed file begins with the byte 1. */
static const char magic[] = "ringphone-sealed-1\n";

bool phone_is_sealed(struct rf_slice file)
{
    return rf_slice_starts_with(file, magic);
}

/* Nothing else hashes the MIC's key behind these words. */
static enum rf_err key_of(const struct rf_key *mic, struct rf_secret *out, struct rf_why *why)
{
    RF_AUTO(rf_buf_wipe) struct rf_buf pem = RF_BUF((size_t)64 * 1024);
    uint8_t md[RF_DIGEST_MAX];
    enum rf_err err = rf_key_to_pem(mic, NULL, &pem, why);
    if (err != RF_OK)
        return err;
    const struct rf_slice parts[] = {rf_slice_str(magic), rf_buf_slice(&pem)};
    size_t n = rf_digest_of_parts(RF_DIGEST_SHA256, parts, 2, md);
    err = rf_secret_set(out, rf_slice_of(md, n));
    rf_wipe(md, sizeof md);
    return err;
}

enum rf_err phone_seal(const struct rf_key *mic, const char *device, struct rf_slice bytes,
                       struct rf_buf *out, struct rf_why *why)
{
    RF_AUTO(rf_secret_fini) struct rf_secret key = {0};
    enum rf_err err = key_of(mic, &key, why);
    if (err == RF_OK)
        err = rf_buf_addf(out, "%s", magic);
    return err == RF_OK ? rf_wrap_bytes(&key, rf_slice_str(device), bytes, out, why) : err;
}

enum rf_err phone_unseal(const struct rf_key *mic, const char *device, struct rf_slice file,
                         struct rf_buf *out, struct rf_why *why)
{
    RF_AUTO(rf_secret_fini) struct rf_secret key = {0};
    struct rf_slice wrapped = rf_slice_part(file, sizeof magic - 1, file.len);
    struct rf_why inner = {0};
    enum rf_err err = key_of(mic, &key, &inner);
    if (err == RF_OK)
        err = rf_unwrap_bytes(&key, rf_slice_str(device), wrapped, out, &inner);
    return err == RF_OK ? RF_OK
                        : rf_why_set(why, err, "stored-seal",
                                     "it is not as this phone sealed it (%s)", inner.text);
}
