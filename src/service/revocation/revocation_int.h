/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/revocation: one service, its sources of lists and its responders. */
#ifndef SERVICE_REVOCATION_REVOCATION_INT_H
#define SERVICE_REVOCATION_REVOCATION_INT_H

#include <stdatomic.h>

#include "base/log.h"
#include "base/worker.h"
#include "net/http.h"
#include "service/revocation/crl_book.h"
#include "service/revocation/revocation_service.h"

#define TICK_MS         1000
#define FETCH_MS        15000 /* one list */
#define ASK_MS          8000  /* one answer */
#define AGAIN_S         30    /* after a failure, at most */
#define ASKERS_MAX      32    /* threads: responders share them evenly, so none waits for another */
#define ASKING_EACH     16    /* questions under way at one responder, at most */
#define WANTED_MS       2000  /* so often a phone that comes again and again is asked about */
#define WAITING_MAX     512   /* what handshakes hand on; what is more comes again by itself */
#define FORGOTTEN_MS    (7u * 86400 * 1000) /* nobody showed it for so long */
#define DOUBTS_A_MINUTE 30

/** What a URL last gave. */
struct url_state {
    int64_t last_s;             /* it gave what counts; 0: never */
    char code[RF_WHY_CODE_MAX]; /* "": it does */
    char text[RF_WHY_TEXT_MAX];
};

struct crl_source {
    char *url;
    struct rf_http_url at;
    struct url_state state;
    uint64_t due_ms;
    bool is_fetching;
};

/** Certificates whose turn it is, in the order in which it came. */
struct line {
    struct asked *first;
    struct asked *last;
};

struct responder {
    char *url;
    struct rf_http_url at;
    bool is_for_all;
    uint8_t issuer[32];
    struct url_state state;
    struct line wanted; /* a phone waits for the answer */
    struct line due;
    unsigned turns;
    size_t n_asking;
    bool is_silent;    /* nobody answered last: one question at a time finds out when it does */
    uint64_t again_ms; /* the next one, while it is silent */
};

/** A certificate about which responders are asked. Times of turns are of the clock that is never
 * set: whoever corrects the other one does not make us wait. */
struct asked {
    struct asked *next;
    struct rf_cert *cert;
    struct rf_cert *issuer;
    struct responder *responder; /* NULL: none any more */
    uint64_t wanted_ms;          /* a path check asked last */
    uint64_t due_ms;
    bool is_wanted; /* since it was asked last */
    bool is_asking;
    struct line *line; /* in which it stands, or NULL */
    struct asked *before;
    struct asked *behind;
    struct rf_revocation_answer answer; /* as handed on; code "ocsp-asked" before the first one */
};
#define ASKED_BUCKETS 256

/** A thread that asks one question at a time. */
struct asker {
    struct rf_worker *worker;
    bool is_busy;
};

struct rf_revocation_service {
    struct rf_revocation_service_conf conf;
    char *site_dir;
    struct rf_cert *own;
    struct rf_revocation *known;
    atomic_bool is_stopping;
    atomic_uint waiting;
    struct rf_worker *crl_worker;
    struct asker askers[ASKERS_MAX];
    size_t n_askers;
    rf_timer_id tick;

    /* as configured */
    enum rf_revocation_mode mode;
    bool allow_sha1;
    uint32_t every_s;
    uint32_t generation; /* of the two lists below */
    struct crl_source sources[RF_SITE_URLS_MAX];
    size_t n_sources;
    struct responder responders[RF_SITE_URLS_MAX];
    size_t n_responders;
    struct rf_cert_list named; /* responders' certificates */

    struct rf_crl_book *book; /* in use */
    uint32_t begun;           /* books */
    uint32_t used;

    struct asked *asked[ASKED_BUCKETS];
    size_t n_asked;
    struct rf_log_limit doubts;
};

/* revocation_service.c */
void revocation_event(struct rf_revocation_service *svc, bool is_bad, const char *code,
                      const char *fmt, ...) RF_PRINTF(4, 5);
int64_t revocation_now(const struct rf_revocation_service *svc);
uint64_t revocation_now_ms(const struct rf_revocation_service *svc);
/** How long until something is fetched or asked again: `every_s`, sooner after a failure, and
 * before what was given is over in `left_s`. */
uint64_t revocation_wait_ms(const struct rf_revocation_service *svc, bool is_soon, int64_t left_s);
/** Note what came of a URL; an event when that is something new. */
void revocation_note_url(struct rf_revocation_service *svc, struct url_state *state,
                         const char *url, const char *event, const struct rf_why *why);

/* ocsp_watch.c */
/** A path check wants to know. */
void ocsp_want(struct rf_revocation_service *svc, struct rf_cert *cert, struct rf_cert *issuer);
/** Ask whatever is due. */
void ocsp_tick(struct rf_revocation_service *svc);
/** Responders changed: forget what nobody is asked about any more, and ask about the rest. */
void ocsp_renew(struct rf_revocation_service *svc);
void ocsp_stop(struct rf_revocation_service *svc);
void ocsp_free(struct rf_revocation_service *svc);

#endif
