/* SPDX-License-Identifier: Apache-2.0 */
/* A site with a catalogue on a loop whose clock is turned by hand: folders, store and signer with
 * their workers, and a phone's way to ask. */
#ifndef UNIT_SERVICE_PROVISION_WORLD_H
#define UNIT_SERVICE_PROVISION_WORLD_H

#include "../trust/pki.h"

#include "service/provision/provision_int.h"
#include "wire/trustlist/trustlist.h"

#define WORLD_NOW     1800000000
#define WORLD_ANSWERS 600

/* What came back. */
struct answer {
    uint64_t number;
    enum rf_err err;
    struct rf_content *content; /* held */
    struct rf_why why;
};

struct world {
    char dir[64];
    struct rf_clock_fake clock;
    struct rf_loop *loop;
    struct rf_site *site;
    struct rf_site_ports ports;
    struct rf_store *store;
    struct rf_worker *store_worker;
    struct rf_worker *signer_worker;
    struct rf_worker *second_signer_worker;
    struct id signer;          /* whose key they sign with */
    enum rf_err signer_fails;  /* it gives this instead of a key */
    struct rf_secret wrap_key; /* of the database's secrets */
    struct rf_provision *p;
    enum rf_provision_via via;
    char proven[RF_STORE_DEVICE_NAME]; /* who asks, by a certificate; empty: nobody */
    uint8_t cert_sha256[32];           /* by this one, with world_get_as */
    bool must_be_known;                /* which an issuer of LSCs made */
    struct rf_address from;            /* where from; nowhere until somebody says */
    unsigned alarms_n;
    char alarm[96]; /* the last: code and device */
    struct answer answers[WORLD_ANSWERS];
    size_t answers_n;
    uint64_t number;
};

struct world *world_new(void);
void world_free(struct world *w);
int world_set_up(void **state);
int world_tear_down(void **state);
/* The same database and folders, another daemon. */
void world_restart(struct world *w);

/* Files of the site; `rest` below its folder. */
void world_put(struct world *w, const char *rest, struct rf_slice content);
void world_remove(struct world *w, const char *rest);
/* lists/<name> with records of these roles, ended by -1. Not signed: the server only reads. */
void world_put_list(struct world *w, const char *name, const int *roles);
/* The same with any records. */
void world_put_records(struct world *w, const char *name, const struct rf_trustlist_record *records,
                       size_t n);
/* Set an option of the configuration and tell the catalogue. */
void world_set(struct world *w, const char *option, const char *value);

/* An SCCP device of that mode; `load` may be "". */
void world_add(struct world *w, const char *name, enum rf_store_mode mode, const char *load);
struct rf_store_device world_device(struct world *w, const char *name);
void world_change(struct world *w, const struct rf_store_device *device);
int64_t world_schedule(struct world *w, const char *name, enum rf_store_auth auth,
                       int64_t complete_by_s);

/* Ask, without waiting. */
enum rf_err world_ask(struct world *w, struct rf_slice name);
/* Until the store worker has nothing to do, so that the test may use the store. */
void world_settle(struct world *w);
/* Turn the loop until so many answers are there. */
void world_wait(struct world *w, size_t answers);
void world_forget(struct world *w);
/* Ask and wait: the one answer, its content held by the world until the next. */
const struct answer *world_get(struct world *w, const char *name);

/* The same by this transport, from this address, with this device proven ("": none). */
const struct answer *world_get_as(struct world *w, const char *name, enum rf_provision_via via,
                                  const char *from, const char *device);

/* The document of a good answer. */
struct rf_phonexml *world_config(struct world *w, const char *name);

#endif
