/* SPDX-License-Identifier: Apache-2.0 */
/* doc: docs/wire/phone-configuration.md, "The stub" */
#include "wire/phonexml/phonexml_int.h"

#include "base/text.h"

/* Phones hold a hash of 32 characters. */
#define CERT_HASH_LEN 32

static enum rf_err check_source(const struct rf_phonexml *full, struct rf_why *why)
{
    if (full->is_default)
        return rf_why_set(why, RF_ERR_BAD, "stub-source",
                          "this is XMLDefault, which belongs to no phone: it is never encrypted");
    if (!full->is_full)
        return rf_why_set(why, RF_ERR_BAD, "stub-source",
                          "this is a stub already: give the full configuration");
    return RF_OK;
}

enum rf_err rf_phonexml_stub(struct rf_slice full, const char *cert_hash, struct rf_buf *out,
                             struct rf_why *why)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = NULL;
    struct rf_phonexml_copied copied;
    struct rf_slice hash = rf_slice_str(cert_hash);
    enum rf_err err = rf_phonexml_read(full, &c, &copied, why);
    if (err == RF_OK)
        err = check_source(c, why);
    if (err != RF_OK)
        return err;
    c->cert_hash[0] = '\0';
    if (cert_hash != NULL &&
        (hash.len != CERT_HASH_LEN || !rf_slice_to_str(hash, c->cert_hash, sizeof(c->cert_hash))))
        return rf_why_set(why, RF_ERR_BAD, "stub-hash",
                          "the hash of the phone's certificate has %d hexadecimal digits, not %zu",
                          CERT_HASH_LEN, hash.len);
    c->is_full = false;
    c->is_encrypted = true;
    return rf_phonexml_write(c, &copied, out, why);
}
