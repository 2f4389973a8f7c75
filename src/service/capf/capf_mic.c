/* SPDX-License-Identifier: Apache-2.0 */
/* MICs that have expired. Nobody can renew them, so a site may let phones use one once more for an
 * LSC, with a second factor beside it. Excused is the end of the maker's certificates alone: the
 * anchor, the name, the key, both signatures and everything else hold as ever.
 * doc: docs/mic-expiry.md; docs/security-rules.md, "CAPF" */
#include "service/capf/capf_int.h"

#include "base/faults.h"
#include "base/text.h"
#include "service/site/site.h"

#include <string.h>

static enum rf_err deny(struct rf_why *why, const char *code, const char *text)
{
    char cause[RF_WHY_TEXT_MAX];
    rf_escape(rf_slice_str(why->text), cause, sizeof cause);
    return rf_why_replace(why, RF_ERR_DENIED, code, "%s (%.300s)", text, cause);
}

/* Is there a second factor at all? Whether it is right is asked when the proof held. */
static enum rf_err check_policy(const struct capf_case *c, struct rf_why *why)
{
    switch (c->knobs.expired_mic) {
    case RF_SITE_EXPIRED_WITH_STRING:
        if (c->op.string_hash[0] != '\0' || rf_fault_skips("capf.expired-string"))
            return RF_OK;
        return deny(why, "mic-no-string",
                    "its MIC has expired, and its operation has no string to go with it: schedule "
                    "it with one");
    case RF_SITE_EXPIRED_LISTED:
        if (c->now_s <= c->mic_listed_s || rf_fault_skips("capf.expired-listed"))
            return RF_OK;
        return deny(why, c->mic_listed_s == 0 ? "mic-not-listed" : "mic-list-ended",
                    c->mic_listed_s == 0
                        ? "its MIC has expired, and it is not listed: `ringfence mic allow-expired`"
                        : "its MIC has expired, and so has its place on the list: `ringfence mic "
                          "allow-expired`");
    default:
        return RF_ERR_DENIED; /* cert-expired, as it was */
    }
}

/* What issues LSCs, ours or another site's, can issue new ones: those are not excused. */
static bool is_makers(const struct capf_case *c, const struct rf_cert *cert,
                      const struct rf_cert *anchor)
{
    const struct rf_store_cert *known = capf_find_known(c, cert);
    bool is_lsc = capf_is_issuer(c, anchor) || (known != NULL && known->kind == RF_STORE_LSC);
    return rf_fault_skips("capf.expired-maker") ||
           (!is_lsc && rf_anchors_is_maker(c->anchors, anchor));
}

enum rf_err capf_excuse_expired(struct capf_case *c, const struct rf_cert *cert,
                                const struct rf_cert **anchor, struct rf_why *why)
{
    struct rf_why other = {0};
    if (strcmp(why->code, "cert-expired") != 0)
        return RF_ERR_DENIED;
    /* It ended, and what else? That counts more. */
    enum rf_err err = capf_check_path(c, cert, true, anchor, &other);
    if (err != RF_OK) {
        *why = other;
        return err;
    }
    if (!is_makers(c, cert, *anchor))
        return RF_ERR_DENIED;
    err = check_policy(c, why);
    c->is_mic_expired = err == RF_OK;
    if (err == RF_OK)
        *why = (struct rf_why){0};
    return err;
}

int capf_second_factor(struct capf_case *c)
{
    struct rf_why why = {0};
    if (c->knobs.expired_mic != RF_SITE_EXPIRED_WITH_STRING ||
        rf_fault_skips("capf.expired-string"))
        return CAPF_EV_PROVED; /* being listed is one, and was looked at */
    if (rf_store_capf_string_open(&c->op, c->now_s, &why) != RF_OK)
        return capf_refuse_why(c, &why);
    return capf_prove_string(c);
}

enum rf_err capf_note_expired(const struct capf_case *c, struct rf_store *store, struct rf_why *why)
{
    char until[32];
    if (!c->is_mic_expired)
        return RF_OK;
    struct rf_store_event event = capf_event(
        c, RF_STORE_WARN, "expired-mic",
        "%s was let in with its expired MIC %s (until %s), %s (from %s)", c->device,
        rf_cert_short(c->shown), rf_time_text(rf_cert_not_after(c->shown), until, sizeof until),
        c->knobs.expired_mic == RF_SITE_EXPIRED_LISTED ? "because it is listed" : "and its string",
        c->host);
    return rf_store_event_add(store, &event, NULL, why);
}
