/* SPDX-License-Identifier: Apache-2.0 */
/* A file on its way, for fetch.c (the order of ways, and TFTP's socket) and fetch_http.c. */
#ifndef SERVICE_PHONE_FETCH_INT_H
#define SERVICE_PHONE_FETCH_INT_H

#include "net/link.h"
#include "net/udp.h"
#include "service/phone/fetch.h"

#define FETCH_WAYS_MAX 3

struct fetch {
    struct rf_fetcher *fetcher;
    struct fetch *next;
    char name[RF_FETCH_NAME_MAX + 1];
    char host[RF_ADDRESS_TEXT_MAX];
    size_t max;
    enum rf_fetch_via ways[FETCH_WAYS_MAX];
    size_t ways_n;
    size_t at; /* the way it is on */
    rf_fetch_done done;
    void *arg;
    rf_timer_id timer;
    /* TFTP */
    struct rf_fetch_transfer transfer;
    struct rf_udp *udp;
    /* HTTP and HTTPS */
    struct rf_link *link;
    bool has_head;
    uint64_t length;
    struct rf_buf body;
    uint64_t end_ms;
};

struct rf_fetcher {
    struct rf_loop *loop;
    struct rf_address server;
    struct rf_fetch_conf conf;
    char local[RF_ADDRESS_TEXT_MAX]; /* "": the system's choice */
    struct fetch *first;
    enum rf_fetch_via last_via;
    /* The phone. */
    struct rf_fetch_ways ways;
    struct rf_lists lists;
    struct rf_phone_id id;
    int64_t floor_s;
    struct rf_tls *tls; /* made when it is needed; NULL: not since the phone was set */
};

/** Ask by HTTP or HTTPS; the outcome comes by fetch_way_ended, never from inside this call unless
 * it returns an error, and then not at all. */
RF_MUST_CHECK enum rf_err fetch_http_start(struct fetch *f, bool is_https, struct rf_why *why);
/** Let go of the connection, whatever it is at. */
void fetch_http_stop(struct fetch *f);
/** Does this phone ask an HTTPS server for this file? */
bool fetch_wants_https(const struct rf_fetcher *fetcher, const char *name);

/** One way is done with: the next, or the end. `take_file` is zeroed. `f` may be gone afterwards.
 */
void fetch_way_ended(struct fetch *f, enum rf_fetch_result result, struct rf_buf *take_file,
                     const struct rf_why *why);

#endif
