/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that another CA is asked for: the keys of devices, and what became of each there.
 * Thread and errors: as store.h. doc: docs/issuers.md */
#ifndef STORE_STORE_REQUEST_H
#define STORE_STORE_REQUEST_H

#include "store/store.h"

enum rf_store_request_state {
    RF_STORE_REQUEST_WAITING, /* to be asked for, or exported */
    RF_STORE_REQUEST_SENT,    /* the CA has it, and has not answered */
    RF_STORE_REQUEST_MADE,    /* its certificate is here, for the phone to fetch */
};
const char *rf_store_request_state_name(enum rf_store_request_state state); /* waiting sent made */

/** A key of a device, and what became of it at the CA. */
struct rf_store_request {
    int64_t id;
    char device[RF_STORE_DEVICE_NAME];
    int64_t op_id;
    uint8_t key_sha256[32]; /* of spki */
    struct rf_buf spki;     /* SubjectPublicKeyInfo; owned */
    char cn[65];            /* asked for */
    enum rf_store_request_state state;
    uint32_t tries;
    uint32_t failures;
    int64_t next_s; /* not asked again before; 0: at once */
    char reason[RF_WHY_CODE_MAX];
    struct rf_buf der; /* the certificate, or empty; owned */
    int64_t created_s;
    int64_t changed_s;
    bool is_stale; /* its operation has ended */
};
struct rf_store_requests {
    struct rf_store_request *items; /* by device */
    size_t n;
};
void rf_store_request_fini(struct rf_store_request *r);
void rf_store_requests_fini(struct rf_store_requests *all);

/** A device has this key, and wants a certificate for it. Used of `r`: device, op_id, key_sha256,
 * spki, cn. Its earlier request for the same key goes on; one for another key is dropped (*dropped)
 * with all that came of it. `out` (needs _fini on RF_OK) is how it stands. RF_ERR_DENIED key-shared
 * (another device has it), op-ended. */
RF_MUST_CHECK enum rf_err rf_store_request_put(struct rf_store *store,
                                               const struct rf_store_request *r, int64_t now_s,
                                               struct rf_store_request *out, bool *dropped,
                                               struct rf_why *why);
/** It goes to the CA now. RF_ERR_NOT_FOUND request-unknown. */
RF_MUST_CHECK enum rf_err rf_store_request_sent(struct rf_store *store, int64_t id, int64_t now_s,
                                                struct rf_why *why);
/** The CA did not give one: not asked again before next_s. None any more is fine. */
RF_MUST_CHECK enum rf_err rf_store_request_failed(struct rf_store *store,
                                                  const uint8_t key_sha256[32], uint32_t failures,
                                                  int64_t next_s, const char *reason, int64_t now_s,
                                                  struct rf_why *why);
/** Its certificate. RF_ERR_NOT_FOUND request-unknown: none waits for this key (any more);
 * RF_ERR_EXISTS request-made: there is another one. The same twice is fine. */
RF_MUST_CHECK enum rf_err rf_store_request_made(struct rf_store *store,
                                                const uint8_t key_sha256[32],
                                                const uint8_t cert_sha256[32], struct rf_slice der,
                                                int64_t now_s, const struct rf_store_event *event,
                                                struct rf_why *why);
/** Its certificate is not good any more: as if none had come. */
RF_MUST_CHECK enum rf_err rf_store_request_unmade(struct rf_store *store, int64_t id, int64_t now_s,
                                                  struct rf_why *why);
/** RF_ERR_NOT_FOUND request-unknown. `out` needs _fini on RF_OK. */
RF_MUST_CHECK enum rf_err rf_store_request_load(struct rf_store *store,
                                                const uint8_t key_sha256[32],
                                                struct rf_store_request *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_store_request_list(struct rf_store *store,
                                                struct rf_store_requests *out, struct rf_why *why);
/** Of this device. RF_ERR_NOT_FOUND request-unknown. */
RF_MUST_CHECK enum rf_err rf_store_request_drop(struct rf_store *store, const char *device,
                                                const struct rf_store_event *event,
                                                struct rf_why *why);

#endif
