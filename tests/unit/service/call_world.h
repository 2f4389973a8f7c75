/* SPDX-License-Identifier: Apache-2.0 */
/* Call control with endpoints that only write down what they are told: phones A ("1") and B ("12"),
 * a clock turned by hand, and media of the server that is a few numbers. */
#ifndef UNIT_SERVICE_CALL_WORLD_H
#define UNIT_SERVICE_CALL_WORLD_H

#include "unit.h"

#include "service/call/call.h"

struct end {
    struct rf_call_control *cc;
    rf_handle dev;
    char log[1024]; /* a word for each operation */
    uint32_t ref;   /* of the leg that it was told of last */
    struct rf_call_party calling, called;
    char redirecting[RF_CALL_NUMBER_MAX + 1];
    struct rf_call_key receive;
    struct rf_call_key transmit;
    enum rf_call_cause cause;
    bool is_silent; /* does not say that it rings */
};

struct world {
    struct rf_clock_fake clock;
    struct rf_timers *timers;
    struct rf_call_control *cc;
    struct end a, b;
    unsigned refused; /* calls that never were, and the last event of one */
    char refused_as[96];
    char event[400]; /* the last of another call: kind, device, text */
    struct rf_call_record record;
    uint32_t media; /* receivers that the server has opened, and those that are open */
    unsigned media_open, media_max;
    unsigned media_tries, media_fails; /* the n-th try fails; 0: none */
};

extern const struct rf_call_endpoint_ops world_ops;

/** calls_max 0: as many as there may be. A phone rings for half a second. */
void world_start(struct world *w, uint32_t calls_max);
void world_stop(struct world *w);
/** A device with one line. */
struct rf_call_device_conf world_device(const char *name, const char *number);
/** It registers, by a link that encrypts, or another. */
void world_attach(struct world *w, struct end *e, const char *name);
void world_attach_as(struct world *w, struct end *e, const char *name,
                     enum rf_call_signalling signalling);
void world_wait_ms(struct world *w, uint64_t ms);

#endif
