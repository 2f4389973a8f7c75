/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/blocklist.h"

#include <stdatomic.h>

#include "base/faults.h"

#define FINGERPRINT 32

struct set {
    struct set *older;
    struct rf_buf fingerprints;
};

struct rf_blocklist {
    _Atomic(struct set *) now; /* NULL: empty */
};

struct rf_blocklist *rf_blocklist_new(void)
{
    return rf_new(struct rf_blocklist);
}

static void set_free(struct set *set)
{
    rf_buf_fini(&set->fingerprints);
    rf_free(set);
}

void rf_blocklist_free(struct rf_blocklist *list)
{
    struct set *set = list != NULL ? atomic_load(&list->now) : NULL;
    while (set != NULL) {
        struct set *older = set->older;
        set_free(set);
        set = older;
    }
    rf_free(list);
}

enum rf_err rf_blocklist_set(struct rf_blocklist *list, struct rf_slice fingerprints,
                             struct rf_why *why)
{
    size_t max = (size_t)RF_BLOCKLIST_MAX * FINGERPRINT;
    if (fingerprints.len > max)
        return rf_why_set(why, RF_ERR_LIMIT, "blocklist-full",
                          "%d blocked certificates are the most", RF_BLOCKLIST_MAX);
    struct set *set = rf_new(struct set);
    set->fingerprints = RF_BUF(max);
    enum rf_err err = rf_buf_add_slice(&set->fingerprints, fingerprints);
    if (err != RF_OK) {
        set_free(set);
        return rf_why_set(why, err, "blocklist-memory", "no memory for the blocked certificates");
    }
    set->older = atomic_load(&list->now);
    atomic_store(&list->now, set);
    return RF_OK;
}

static bool has(const struct rf_blocklist *list, struct rf_slice sha256)
{
    const struct set *set = list != NULL ? atomic_load(&list->now) : NULL;
    if (set == NULL)
        return false;
    struct rf_rd rd = rf_rd_of(rf_buf_slice(&set->fingerprints));
    struct rf_slice one;
    while (rf_rd_slice(&rd, FINGERPRINT, &one))
        if (rf_slice_eq(one, sha256))
            return true;
    return false;
}

enum rf_err rf_blocklist_check(const struct rf_blocklist *list, const struct rf_cert *cert,
                               struct rf_why *why)
{
    if (rf_fault_skips("cert.blocked") || !has(list, rf_cert_sha256(cert)))
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "cert-blocked",
                      "certificate %s (%s) was blocked here: `ringfence cert blocked` shows why",
                      rf_cert_subject(cert), rf_cert_short(cert));
}
