/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of a centre's routers share: branches.c has the listener, what routers tell,
 * and the tick; branches_look.c has what they are told.
 *
 * Thread: the main loop's. */
#ifndef APP_RINGFENCED_BRANCHES_INT_H
#define APP_RINGFENCED_BRANCHES_INT_H

#include "app/ringfenced/server_int.h"
#include "service/srst/branch_centre.h"
#include "store/store_srst.h"

/** A reference, and what is known of its router. */
struct branch {
    char name[RF_STORE_SRST_NAME];
    char host[RF_STORE_SRST_HOST];
    uint8_t cert[RF_STORE_SRST_DER_MAX];
    size_t cert_len;
    char subject[256];
    enum rf_store_srst_state state; /* as it was written last */
    uint32_t phones;
    enum rf_store_srst_state heard; /* and as it was heard since; written by the tick */
    uint32_t heard_phones;
    bool has_heard;
    uint64_t written_ms;
    uint64_t gone_ms; /* when its link went, or we began */
    uint64_t sent;    /* serial of the snapshot that it has, or was sent */
    uint64_t claimed; /* serial of the snapshot that it said it has */
    uint64_t sent_ms;
    uint64_t resend_ms;
    bool is_again;                /* the router did not keep it: with the next look */
    char unmade[RF_WHY_CODE_MAX]; /* why there was no snapshot the last time */
    uint8_t list[32];             /* SHA-256 of the list that this link was sent; zero: none */
    uint64_t told_stuck;          /* ms */
};

struct branches {
    struct server *s;
    struct rf_branch_centre *centre;
    struct branch *items;
    size_t n;
    uint64_t generation; /* of the database, that was looked at last */
    bool is_looking;
    bool has_come;          /* a router, since the look under way began */
    bool is_stale;          /* the next tick looks, whatever the generation says */
    uint64_t rest_until_ms; /* no tick looks before */
    rf_timer_id tick;
    struct rf_log_limit refusals;
    struct rf_log_limit recounts; /* events of routers whose calls have numbers of others */
};

/* branches.c */
uint64_t branches_now_ms(const struct branches *b);
/** NULL: there is no such reference, or not any more. */
struct branch *branches_find(struct branches *b, const char *name);

/* branches_look.c */
/** For how long no tick looks after a look that took the store worker so long: it is left to others
 * for ten times that, a minute at most. */
uint64_t branches_rest_ms(uint64_t took_ms);
/** Look at the database: which references there are, and what those that are connected are to be
 * told; then send it. Not while a look is under way (is_looking); what could not be looked at or
 * signed leaves is_stale, for the next tick. */
void branches_look(struct branches *b);

#endif
