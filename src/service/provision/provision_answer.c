/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a device's configuration in which form. doc: docs/provisioning.md, "Encrypted
 * configurations" */
#include "service/provision/provision_int.h"

#include "base/faults.h"
#include "base/text.h"

#include <string.h>

bool provision_is_proven(const struct rf_provision_ask *ask, const char *device)
{
    return ask->via == RF_PROVISION_HTTPS &&
           (rf_fault_skips("provision.proven") || strcmp(ask->device, device) == 0);
}

/* TLS says who we are, and models made for that want no signature around the file.
 * doc: docs/wire/http-files.md, "Unsigned under the signed name" */
static bool takes_unsigned(const struct provision_ask_config *a)
{
    return a->via == RF_PROVISION_HTTPS &&
           (!a->is_always_signed || rf_fault_skips("provision.unsigned-model"));
}

static enum rf_err not_made(const struct provision_ask_config *a, struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_NOT_FOUND, "config-not-encrypted",
                      "%s has no encrypted configuration%s", a->device,
                      a->protection == PROVISION_STUB
                          ? ": no RSA key of its phone is known; it comes by HTTPS, to the phone's "
                            "own certificate"
                      : a->via == RF_PROVISION_HTTPS ? " by HTTPS, but by TFTP and HTTP"
                                                     : "");
}

/* Nobody but the phone itself gets more than the stub. */
static enum rf_err protected_answer(const struct provision_ask_config *a,
                                    enum provision_answer *out, struct rf_why *why)
{
    bool is_tls = a->via == RF_PROVISION_HTTPS;
    if (a->kind == PROVISION_CONFIG_ENCODED) {
        if (a->protection != PROVISION_ENCRYPTED || is_tls)
            return not_made(a, why);
        *out = PROVISION_ANSWER_ENCRYPTED;
        return RF_OK;
    }
    *out = a->kind == PROVISION_CONFIG && !takes_unsigned(a) ? PROVISION_ANSWER_STUB_SIGNED
                                                             : PROVISION_ANSWER_STUB;
    return RF_OK;
}

enum rf_err provision_answer_of(const struct provision_ask_config *a, enum provision_answer *out,
                                struct rf_why *why)
{
    bool is_tls = a->via == RF_PROVISION_HTTPS;
    if (a->is_proven) {
        *out = PROVISION_ANSWER_WHOLE;
        return RF_OK;
    }
    if (!rf_fault_skips("provision.encrypted-clear") && a->protection != PROVISION_CLEAR)
        return protected_answer(a, out, why);
    if (a->kind == PROVISION_CONFIG_ENCODED)
        return not_made(a, why);
    /* doc: docs/provisioning.md, "Names": phones whose list names a file signer ask for
     * .sgn; whoever asks for the plain file of a secure device is no such phone. */
    if (!rf_fault_skips("provision.name-unsigned") && a->kind == PROVISION_CONFIG_PLAIN &&
        a->is_secure && a->wants_signed && !is_tls)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "name-unsigned",
                          "%s is a secure device: its configuration is only served signed, as "
                          "%s.sgn",
                          a->device, a->name);
    *out = a->kind == PROVISION_CONFIG && !takes_unsigned(a) ? PROVISION_ANSWER_SIGNED
                                                             : PROVISION_ANSWER_PLAIN;
    return RF_OK;
}
