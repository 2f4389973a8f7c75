/* SPDX-License-Identifier: Apache-2.0 */
/* What calls need of the database: forwarding that was set at a phone, numbers of conferences, and
 * the records of calls that ended. How the calls of a line are handled is part of its device
 * (store.h). Words of records are those of call control, which this layer does not know.
 *
 *     err = rf_store_call_add(store, records, n, &why);
 *
 * Thread and events as in store.h. Reason codes beside those: line-unknown, meet-me-exists,
 * meet-me-unknown. */
#ifndef STORE_STORE_CALL_H
#define STORE_STORE_CALL_H

#include "store/store.h"

/* ---- forwarding ------------------------------------------------------------------------------ */

/** Where all calls of this number go, "" for nowhere: kept for every device that has it. *changed
 * (may be NULL): of how many lines. Configurations do not depend on it, but what branches are told
 * does: rf_store_generation is another one. RF_ERR_NOT_FOUND line-unknown: no device has it;
 * RF_ERR_BAD store-value. */
RF_MUST_CHECK enum rf_err rf_store_forward_all_save(struct rf_store *store, const char *number,
                                                    const char *target, uint32_t *changed,
                                                    const struct rf_store_event *event,
                                                    struct rf_why *why);

/* ---- Meet-Me --------------------------------------------------------------------------------- */

#define RF_STORE_MEET_MES_MAX 256

/** Who may come in. */
enum rf_store_least { RF_STORE_LEAST_NONE, RF_STORE_LEAST_AUTHENTICATED, RF_STORE_LEAST_ENCRYPTED };
/** "none", "authenticated", "encrypted". */
const char *rf_store_least_name(enum rf_store_least least);
RF_MUST_CHECK bool rf_store_least_parse(const char *text, enum rf_store_least *out);

struct rf_store_meet_me {
    char number[RF_STORE_DN];
    enum rf_store_least least;
    int64_t added_s;
};
struct rf_store_meet_mes {
    struct rf_store_meet_me *items; /* by number */
    size_t n;
};
void rf_store_meet_mes_fini(struct rf_store_meet_mes *meet_mes);
/** Add a number, or change who may come in. RF_ERR_EXISTS line-exists: a line has it; RF_ERR_BAD
 * store-value; RF_ERR_LIMIT store-full. */
RF_MUST_CHECK enum rf_err rf_store_meet_me_save(struct rf_store *store,
                                                const struct rf_store_meet_me *meet_me,
                                                const struct rf_store_event *event,
                                                struct rf_why *why);
/** RF_ERR_NOT_FOUND meet-me-unknown. */
RF_MUST_CHECK enum rf_err rf_store_meet_me_remove(struct rf_store *store, const char *number,
                                                  const struct rf_store_event *event,
                                                  struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_meet_me_list(struct rf_store *store,
                                                struct rf_store_meet_mes *out, struct rf_why *why);

/* ---- records --------------------------------------------------------------------------------- */

#define RF_STORE_CALL_NAME 64
#define RF_STORE_CALL_WORD 32
#define RF_STORE_CALLS_MAX 10000 /* one answer of rf_store_call_list */
#define RF_STORE_ORIGIN    80    /* bytes with the NUL */

/** One end of a call. */
struct rf_store_call_end {
    char device[RF_STORE_DEVICE_NAME]; /* empty: nobody was found */
    char number[RF_STORE_DN];
    char name[RF_STORE_CALL_NAME];
    char signalling[RF_STORE_CALL_WORD];
    char srtp[RF_STORE_CALL_WORD]; /* suite; empty: clear, or no media */
    uint8_t cert[32];              /* SHA-256 */
    bool has_cert;
};

enum rf_store_call_side { RF_STORE_CALLING, RF_STORE_CALLED, RF_STORE_CALL_ENDS };

struct rf_store_call {
    int64_t id;    /* rises by time of writing; 0 when not yet written */
    int64_t run;   /* of the server; with `call` it names the record once and for all */
    uint32_t call; /* as in its log and events */
    int64_t start_s;
    int64_t answered_s; /* 0: never */
    int64_t end_s;
    uint32_t code; /* ITU-T Q.850 */
    char cause[RF_STORE_CALL_WORD];
    char security[RF_STORE_CALL_WORD];
    char codec[RF_STORE_CALL_WORD]; /* empty: there was no media */
    struct rf_store_call_end ends[RF_STORE_CALL_ENDS];
    char original[RF_STORE_DN];    /* who was called first; empty: it was not forwarded */
    char redirecting[RF_STORE_DN]; /* who sent it on last */
    char by[RF_STORE_DEVICE_NAME]; /* who transferred it */
    char
        origin[RF_STORE_ORIGIN]; /* another server that made it, "branch1:EPOCH"; empty: this one */
    int64_t origin_id;           /* its id there */
};

/** Write some of them, all or none. One that is there already (run, call) stays as it is, so that a
 * batch may be written again when it is not known what became of it. RF_ERR_BAD store-value. */
RF_MUST_CHECK enum rf_err rf_store_call_add(struct rf_store *store,
                                            const struct rf_store_call *calls, size_t n,
                                            struct rf_why *why);

/**
 * Take over the record of a branch, once.
 *
 * origin     name of the branch and epoch of its router, a colon between.
 * origin_id  its id there, above 0.
 * record     run, id, origin and origin_id of it do not count: its run is drawn here, so that it
 * can be no other record's.
 *
 * Returns RF_OK; RF_ERR_EXISTS record-exists, it was taken before, by this epoch or another one of
 * the branch: all is well; RF_ERR_DENIED record-other: under this id another call was taken, so
 * that the router needs another epoch; RF_ERR_BAD store-value: it will never be taken.
 */
RF_MUST_CHECK enum rf_err rf_store_record_take_from(struct rf_store *store, const char *origin,
                                                    int64_t origin_id,
                                                    const struct rf_store_call *record,
                                                    struct rf_why *why);

struct rf_store_calls {
    struct rf_store_call *items; /* oldest first */
    size_t n;
};
void rf_store_calls_fini(struct rf_store_calls *calls);
/** As rf_store_event_list: after_id, since_s (of their end), device (of an end, or who transferred
 * it), limit (0 or above the maximum: RF_STORE_CALLS_MAX). */
RF_MUST_CHECK enum rf_err rf_store_call_list(struct rf_store *store,
                                             const struct rf_store_event_query *query,
                                             struct rf_store_calls *out, struct rf_why *why);
/** Keep the youngest `keep`, none that ended before `oldest_s`; `*dropped` may be NULL. */
RF_MUST_CHECK enum rf_err rf_store_call_trim(struct rf_store *store, uint32_t keep,
                                             int64_t oldest_s, uint64_t *dropped,
                                             struct rf_why *why);

#endif
