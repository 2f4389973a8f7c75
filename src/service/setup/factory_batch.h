/* SPDX-License-Identifier: Apache-2.0 */
/* Phones made by the number, and the sealed lists of what a factory issued:
 *
 *     factory/issued/batch-000001.list   a line for each phone; never written again
 *     factory/issued/batch-000001.sig    the MIC issuer's RSA signature over it, SHA-256
 *     factory/issued/batch.open          while a batch is being made: which one
 *
 * Each list names the digest of the one before it. A batch that broke off goes on when it is
 * asked for again in the same words; until then no other begins. Where and how a phone is made is
 * the caller's: the factory gives out names, serial numbers and MICs.
 *
 * Thread: one; everything blocks. doc: docs/factory.md, "Batches" */
#ifndef SERVICE_SETUP_FACTORY_BATCH_H
#define SERVICE_SETUP_FACTORY_BATCH_H

#include "service/setup/factory.h"

#define RF_FACTORY_BATCH_MAX 10000

struct rf_factory_phone {
    char device[16];
    char serial_number[33];
};

struct rf_factory_batch {
    const char *first; /* SEP001122334400: the names after it are counted up */
    unsigned count;
    const char *model;
    const char *hardware;
    const char *serial; /* serial numbers are <serial>-00001 ...; NULL: RF-<device name> */
    enum rf_key_type key_type;
    const char *place; /* where the phones are made: an absolute path */

    /** The MIC of a phone that is finished. RF_ERR_NOT_FOUND: it is not. */
    enum rf_err (*find)(void *arg, const struct rf_factory_phone *phone, struct rf_cert **mic,
                        struct rf_why *why);
    /** Make the phone, also where one was begun. */
    enum rf_err (*make)(void *arg, const struct rf_factory_phone *phone,
                        const struct rf_factory_mic *mic, struct rf_why *why);
    /** So many are finished. May be NULL. */
    void (*progress)(void *arg, unsigned done);
    void *arg;
};

struct rf_factory_batch_done {
    unsigned number;
    unsigned made; /* by this call; the others were finished before */
    char last[16]; /* device name */
    char list[32]; /* file below the factory: "issued/batch-000001.list" */
    char signature[32];
};

/**
 * Make a batch, or go on with it.
 *
 * Returns RF_OK when it is made and its list is sealed; RF_ERR_BAD batch-count, batch-names (the
 * first is no device name, or they do not fit), batch-serial; RF_ERR_EXISTS batch-open (another
 * broke off), batch-issued (a name stands in an earlier list), flash-exists (a new batch finds a
 * phone in its place); RF_ERR_DENIED batch-phone (a finished phone is not one of this batch);
 * RF_ERR_AGAIN folder-busy; what `find` and `make`, rf_factory_issued and rf_factory_mic_make say.
 */
RF_MUST_CHECK enum rf_err rf_factory_batch_make(const struct rf_factory *f,
                                                const struct rf_factory_batch *b, int64_t now_s,
                                                struct rf_factory_batch_done *out,
                                                struct rf_why *why);

/** A sealed list. */
struct rf_factory_issued {
    unsigned number;
    unsigned phones;
    char first[16];
    char last[16];
    char sealed[24]; /* time */
    struct rf_slice text;
};
/**
 * Every sealed list in order, each checked before `each` (may be NULL) sees it.
 *
 * Returns RF_OK; RF_ERR_CRYPTO sig-mismatch; RF_ERR_DENIED batch-order (a list is not the one that
 * follows the one before it), batch-missing (one between others is gone); file errors; what `each`
 * says. That the latest lists are gone cannot be seen from those before them.
 */
RF_MUST_CHECK enum rf_err rf_factory_issued(
    const struct rf_factory *f,
    enum rf_err (*each)(void *arg, const struct rf_factory_issued *list, struct rf_why *why),
    void *arg, struct rf_why *why);

#endif
