/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificates of a site end, and who was told: 180, 90, 30 and 7 days before the end of each
 * that phones or the server rely on, and when it is over. Nothing here renews one.
 *
 *     RF_AUTO(rf_expiry_certs_fini) struct rf_expiry_certs certs = {0};
 *     err = rf_expiry_gather(site_dir, store, now_s + RF_EXPIRY_AHEAD_S, &certs, &why);
 *     if (err == RF_OK)
 *         err = rf_expiry_tell(store, &certs, now_s, &told, &why);
 *
 * Thread: that of the store, what gathers and tells; the rest is pure.
 * doc: docs/server.md, "Certificates that end" */
#ifndef SERVICE_EXPIRY_EXPIRY_H
#define SERVICE_EXPIRY_EXPIRY_H

#include "store/store.h"

#define RF_EXPIRY_DAY_S   ((int64_t)86400)
#define RF_EXPIRY_AHEAD_S (180 * RF_EXPIRY_DAY_S)
/** Events of one call of rf_expiry_tell; a fleet has as many certificates as phones. */
#define RF_EXPIRY_TOLD_MAX 256

enum rf_expiry_kind {
    RF_EXPIRY_SAST1,
    RF_EXPIRY_SAST2,
    RF_EXPIRY_CCM,
    RF_EXPIRY_TFTP,
    RF_EXPIRY_CAPF,
    RF_EXPIRY_TVS,
    RF_EXPIRY_HTTPS,
    RF_EXPIRY_LSC_ISSUER,
    RF_EXPIRY_OTHER_ISSUER, /* of LSCs: a former one, or another site's */
    RF_EXPIRY_MIC_ROOT,
    RF_EXPIRY_LIST_ENTRY, /* further records of trust lists */
    RF_EXPIRY_TVS_ADDED,
    RF_EXPIRY_SRST, /* of a survivable router */
    RF_EXPIRY_LSC,  /* of a device, as the next */
    RF_EXPIRY_MIC,
    RF_EXPIRY_KIND_N
};
/** "SAST-1", "LSC" … */
const char *rf_expiry_kind_name(enum rf_expiry_kind kind);

struct rf_expiry_cert {
    enum rf_expiry_kind kind;
    char device[RF_STORE_DEVICE_NAME]; /* of LSC and MIC */
    char subject[96];                  /* of the others; cut, no control characters */
    uint8_t sha256[32];
    int64_t not_before_s;
    int64_t not_after_s;
};
struct rf_expiry_certs {
    struct rf_expiry_cert *items; /* the soonest first */
    size_t n;
    size_t cap;
};
void rf_expiry_certs_fini(struct rf_expiry_certs *certs);

/** The certificates of the site, each once, that end before `before_s`. One that cannot be read is
 * named in the log and left out, so that the others are warned of. What the store gives. */
RF_MUST_CHECK enum rf_err rf_expiry_gather(const char *site_dir, struct rf_store *store,
                                           int64_t before_s, struct rf_expiry_certs *out,
                                           struct rf_why *why);

#define RF_EXPIRY_NOT_YET UINT32_MAX
/** The last step that was reached: 180, 90, 30 or 7 days before the end; 0: it has ended;
 * RF_EXPIRY_NOT_YET. A step that is as long as the whole life of the certificate is none: nobody
 * wants to be warned of one that was made today. */
uint32_t rf_expiry_step(const struct rf_expiry_cert *cert, int64_t now_s);
/** Whole days until the end; below 0 when it has ended. */
int64_t rf_expiry_days_left(const struct rf_expiry_cert *cert, int64_t now_s);
/** Two thirds of its life are over: time for a new one. */
bool rf_expiry_is_due(int64_t not_before_s, int64_t not_after_s, int64_t now_s);

#define RF_EXPIRY_NEXT_MAX 192
/** What to do about it, with the command. Returns buf. */
const char *rf_expiry_next(const struct rf_expiry_cert *cert, int64_t now_s,
                           char buf[RF_EXPIRY_NEXT_MAX]);

struct rf_expiry_told {
    size_t n;
    bool has_more; /* call again */
};
/** Write an event (category "expiry") for each certificate that reached a step which was not told
 * yet, and remember it; only its last step, where several were passed at once. Those that are not
 * among `certs` are forgotten. What the store gives. */
RF_MUST_CHECK enum rf_err rf_expiry_tell(struct rf_store *store,
                                         const struct rf_expiry_certs *certs, int64_t now_s,
                                         struct rf_expiry_told *out, struct rf_why *why);

#endif
