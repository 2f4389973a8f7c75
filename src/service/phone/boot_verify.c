/* SPDX-License-Identifier: Apache-2.0 */
/* Is a signed file from the network to be believed? The same for a configuration and for all that
 * stands beside it. doc: docs/security-rules.md, "Files" */
#include "service/phone/phone_int.h"

#include "base/faults.h"

#include <string.h>

struct phone_trust phone_trust_of(const struct rf_phone *p)
{
    struct phone_trust t = {.state = p->state,
                            .sha512_sticks = p->options.sha512_sticks,
                            .policy = {.has_now = !p->conf.no_clock,
                                       .now_s = phone_now_s(p),
                                       .allow_sha1 = p->conf.allow_sha1,
                                       .rollback = phone_rollback(p)}};
    if (p->lists.ctl != NULL)
        t.lists.ctl = rf_list_ref(p->lists.ctl);
    if (p->lists.itl != NULL)
        t.lists.itl = rf_list_ref(p->lists.itl);
    return t;
}

void phone_trust_fini(struct phone_trust *t)
{
    rf_lists_fini(&t->lists);
}

static bool is_strong(const struct rf_flash_state *state, const char *signer)
{
    for (size_t i = 0; i < state->strong_n; i++)
        if (strcmp(state->strong[i], signer) == 0)
            return true;
    return false;
}

/* The latest are kept: a signer that was forgotten signs with SHA-512 again soon enough. */
static void note_strong(struct phone_trust *t, const char *signer)
{
    struct rf_flash_state *state = &t->state;
    if (is_strong(state, signer))
        return;
    t->has_noted = true;
    if (state->strong_n == RF_FLASH_STRONG_MAX)
        memmove(state->strong[0], state->strong[1], --state->strong_n * sizeof state->strong[0]);
    memcpy(state->strong[state->strong_n++], signer, sizeof state->strong[0]);
}

enum rf_err phone_verify(struct phone_trust *t, struct rf_slice file, const char *name,
                         const struct phone_previous *previous, struct rf_sigfile_info *out,
                         char signer[65], struct rf_why *why)
{
    struct rf_signedfile sf;
    struct rf_sigfile_policy policy = t->policy;
    const struct rf_cert *by = NULL;
    enum rf_err err = rf_signedfile_decode(file, file.len, &sf, why);
    if (err == RF_OK)
        err = rf_lists_find_file_signer(&t->lists, sf.issuer, sf.serial, &by, why);
    if (err != RF_OK)
        return err;
    const char *fingerprint = rf_cert_fingerprint(by);
    policy.expected_name = rf_slice_str(name);
    policy.has_previous = previous->is_there && (previous->signer[0] == '\0' ||
                                                 strcmp(previous->signer, fingerprint) == 0);
    policy.previous_timestamp = previous->timestamp;
    if (!rf_fault_skips("phone.sha512-sticks") && t->sha512_sticks &&
        is_strong(&t->state, fingerprint))
        policy.allow_sha1 = false;
    err = rf_sigfile_verify(file, by, &policy, out, why);
    if (err != RF_OK)
        return err;
    memcpy(signer, fingerprint, 65);
    if (out->digest == RF_DIGEST_SHA512)
        note_strong(t, fingerprint);
    return RF_OK;
}
