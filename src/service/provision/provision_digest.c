/* SPDX-License-Identifier: Apache-2.0 */
/* Which digest the files of a device are signed with: one for all of them, by its model, or as
 * named for the device. doc: docs/provisioning.md, "Digests" */
#include "service/provision/provision_int.h"

#include "base/faults.h"
#include "service/site/families.h"

static enum rf_err needs_sha1(const char *device, const char *model, struct rf_why *why)
{
    if (rf_family_model_digests(model) == RF_MODEL_SHA1)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "digest-sha1",
                          "%s (model %s) takes files signed with SHA-1 only, and sign_sha1 is off: "
                          "set sign_sha1 = yes (weak) in ringfence.conf, then `ringfence reload`",
                          device, model);
    return rf_why_set(why, RF_ERR_NOT_FOUND, "digest-sha1",
                      "files for %s (model %s) are signed with SHA-1, and sign_sha1 is off: name "
                      "the other digest if its firmware knows it (`ringfence device change "
                      "--digest sha512 %s`), or set sign_sha1 = yes (weak)",
                      device, model, device);
}

static enum rf_err take(const struct provision_facts *facts, enum rf_digest digest,
                        const char *device, const char *model, enum rf_digest *out,
                        struct rf_why *why)
{
    if (!rf_fault_skips("provision.digest-sha1") && digest == RF_DIGEST_SHA1 && !facts->may_sha1)
        return needs_sha1(device, model, why);
    *out = digest;
    return RF_OK;
}

enum rf_err provision_digest_of(const struct rf_store_device *device,
                                const struct provision_facts *facts, enum rf_digest *out,
                                struct rf_why *why)
{
    enum rf_model_digests digests = rf_family_model_digests(device->model);
    if (device->digest == RF_STORE_DIGEST_SHA1)
        return take(facts, RF_DIGEST_SHA1, device->name, device->model, out, why);
    if (device->digest == RF_STORE_DIGEST_SHA512)
        return take(facts, RF_DIGEST_SHA512, device->name, device->model, out, why);
    if (digests != RF_MODEL_DIGESTS_UNKNOWN)
        return take(facts, digests == RF_MODEL_BOTH ? facts->digest : RF_DIGEST_SHA1, device->name,
                    device->model, out, why);
    if (rf_fault_skips("provision.digest-unknown") || facts->may_sha1)
        return take(facts, RF_DIGEST_SHA1, device->name, device->model, out, why);
    return rf_why_set(why, RF_ERR_NOT_FOUND, "digest-unknown",
                      "which digest %s takes is not known by its model %s: name one (`ringfence "
                      "device change --digest sha512 %s`)",
                      device->name, device->model, device->name);
}

enum rf_err provision_digest_of_nobody(const struct provision_facts *facts, enum rf_digest *out,
                                       struct rf_why *why)
{
    if (!rf_fault_skips("provision.digest-nobody") && !facts->may_sha1)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "digest-nobody",
                          "whose phone asks is not known, so neither is the digest it takes: it "
                          "gets this file after its own configuration, or with sign_sha1");
    *out = RF_DIGEST_SHA1;
    return RF_OK;
}
