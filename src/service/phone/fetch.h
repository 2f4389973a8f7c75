/* SPDX-License-Identifier: Apache-2.0 */
/* How a phone gets a file: by HTTPS, HTTP or TFTP, in the order of its model. Nothing here is
 * believed but one thing, that a file by HTTPS comes from a file server of the phone's lists: what
 * came is handed on whole, in memory, and whoever asked verifies it.
 *
 *     struct rf_fetch_conf conf = {.loop = loop, .host = "192.0.2.10", .port = 69};
 *     err = rf_fetcher_new(&conf, &fetcher, &why);
 *     err = rf_fetch_real()->get(fetcher, NULL, "CTLSEP001122334455.tlv", 65536, got, me, &fetch,
 * &why);
 *
 * The TFTP transfer itself (struct rf_fetch_transfer) is packets in, packets out, with the time
 * given: no socket, no timer. Around it: a UDP socket for each file, on a loop.
 *
 * Thread: that of the loop.
 * spec: RFC 1350, 2347, 2348, 2349, 7440, 1123 4.2.3.1; doc: docs/wire/tftp.md,
 * docs/wire/http-files.md */
#ifndef SERVICE_PHONE_FETCH_H
#define SERVICE_PHONE_FETCH_H

#include "base/mem.h"
#include "net/address.h"
#include "net/loop.h"
#include "service/phone/phone_link.h"
#include "trust/lists.h"

/** Block size asked for: a packet of it is never fragmented, tunnels included. */
#define RF_FETCH_BLKSIZE  1428
#define RF_FETCH_NAME_MAX 255
/* Used where a limit is 0. */
#define RF_FETCH_RETRY_MS     1000u   /* first retransmission; doubled, times 0.75 to 1.25 */
#define RF_FETCH_TRIES        6u      /* the same packet goes out so often */
#define RF_FETCH_TOTAL_MS     600000u /* for a whole file */
#define RF_FETCH_RETRY_MAX_MS 8000u
#define RF_FETCH_HTTP_MS      10000u
#define RF_FETCH_HTTP_PORT    6970u
#define RF_FETCH_HTTPS_PORT   6971u

enum rf_fetch_result {
    RF_FETCH_OK,
    RF_FETCH_NOT_FOUND, /* the server says so: error 1 */
    RF_FETCH_TIMEOUT,   /* no answer, or none any more */
    RF_FETCH_ACCESS,    /* error 2: "TFTP access error" */
    RF_FETCH_ERROR,     /* any other error, or packets that make no sense */
    RF_FETCH_TOO_LONG,  /* larger than the caller allows */
};
/** "ok", "not-found", "timeout", "access", "error", "too-long". */
const char *rf_fetch_result_name(enum rf_fetch_result result);

struct rf_fetch_limits {
    uint32_t retry_ms; /* 0: the defaults above */
    uint32_t tries;
    uint32_t total_ms;
    bool no_options; /* as the oldest phones: no blksize, no tsize */
    /* Take the last block and leave with an error: the server does not see a file fetched to the
     * end, and concludes nothing of what this device has. */
    bool is_look;
    uint16_t window; /* blocks asked for at a time; 0, 1: not asked for */
};

/* ---- one transfer, without a socket ---- */

enum rf_fetch_phase {
    RF_FETCH_ASKING, /* the request is out */
    RF_FETCH_RECEIVING,
    RF_FETCH_LINGERING, /* done; a repeated last block is answered once more */
    RF_FETCH_OVER,
};

struct rf_fetch_transfer {
    struct rf_fetch_limits limits;
    char name[RF_FETCH_NAME_MAX + 1];
    struct rf_address server;
    struct rf_address peer; /* where the answers come from: a port of its own per transfer */
    enum rf_fetch_phase phase;
    bool has_options; /* asked for */
    bool has_size;
    uint64_t size; /* as announced */
    uint16_t blksize;
    uint16_t window;    /* agreed */
    uint16_t in_window; /* blocks since our last ACK */
    bool has_gap;       /* the ACK for the last block before a gap is out */
    uint16_t expected;  /* next block: after 65,535 comes 0 */
    struct rf_buf file;
    uint32_t tries;
    uint32_t wait_ms; /* of this try, before the random factor */
    uint64_t due_ms;
    uint64_t end_ms;
    uint8_t last[600]; /* the packet to repeat */
    size_t last_len;
    uint8_t reply[128]; /* an error to someone else */
    /* The outcome, when is_done. */
    bool is_done;
    enum rf_fetch_result result;
    struct rf_why why;
};

/** A packet to send; empty: none. Valid until the next call for this transfer. */
struct rf_fetch_send {
    struct rf_slice packet;
    struct rf_address to;
};

/** Begin: `send` is the request. RF_ERR_BAD fetch-name for a name that does not fit a request. */
RF_MUST_CHECK enum rf_err rf_fetch_transfer_start(struct rf_fetch_transfer *t,
                                                  const struct rf_address *server, const char *name,
                                                  size_t max, const struct rf_fetch_limits *limits,
                                                  uint64_t now_ms, struct rf_fetch_send *send,
                                                  struct rf_why *why);
/** A packet came. Those of strangers change nothing. */
void rf_fetch_transfer_packet(struct rf_fetch_transfer *t, const struct rf_address *from,
                              struct rf_slice packet, uint64_t now_ms, struct rf_fetch_send *send);
/** Time has passed. */
void rf_fetch_transfer_time(struct rf_fetch_transfer *t, uint64_t now_ms,
                            struct rf_fetch_send *send);
/** Milliseconds to the next rf_fetch_transfer_time; -1 when it is over. */
int rf_fetch_transfer_wait_ms(const struct rf_fetch_transfer *t, uint64_t now_ms);
void rf_fetch_transfer_fini(struct rf_fetch_transfer *t);

/* ---- on a loop ---- */

/** How it ended, once, never from inside get. On RF_FETCH_OK the bytes are in `file`, which the
 * callee may take (and then zero); else it is empty. Another get may be called from here. */
typedef void (*rf_fetch_done)(void *arg, enum rf_fetch_result result, struct rf_buf *file,
                              const struct rf_why *why);

enum rf_fetch_via { RF_FETCH_TFTP, RF_FETCH_HTTP, RF_FETCH_HTTPS };
/** "tftp", "http", "https". */
const char *rf_fetch_via_name(enum rf_fetch_via via);

/** Which ways a model goes, in this order: its class. */
struct rf_fetch_ways {
    bool https; /* for its own configuration, when its lists name such a server */
    bool http;
};
struct rf_fetch_ways rf_fetch_ways_of(const char *model);

struct rf_fetch_phone {
    const char *model;
    const struct rf_lists *lists;
    const struct rf_phone_id *id; /* shown to an HTTPS server that asks; may be NULL */
    int64_t floor_s;              /* no earlier can it be now; 0: not known */
};

/** A way to get files, so that tests give their own. */
struct rf_fetch_ops {
    /** Ask for a name. `host` is a server other than the usual one (loadServer; same port), or
     * NULL. Files longer than `max` are not taken. RF_OK: done will come, unless *fetch is
     * cancelled before. */
    enum rf_err (*get)(void *fetcher, const char *host, const char *name, size_t max,
                       rf_fetch_done done, void *arg, void **fetch, struct rf_why *why);
    /** Forget it; done does not come. Not after done has come. */
    void (*cancel)(void *fetch);
    /** Who the phone is now and what it believes, for HTTPS and for the order of its model. NULL in
     * ops that know one way only. References are taken. */
    void (*set_phone)(void *fetcher, const struct rf_fetch_phone *phone);
    /** By which way the file came that done was last told of. NULL: TFTP. */
    enum rf_fetch_via (*last_via)(const void *fetcher);
};
/** Over struct rf_fetcher. */
const struct rf_fetch_ops *rf_fetch_real(void);

struct rf_fetcher;
struct rf_fetch_conf {
    struct rf_loop *loop;
    const char *host;  /* numeric */
    uint16_t port;     /* 0: 69 */
    const char *local; /* ask from this address; NULL: the system's choice. A copy is taken */
    struct rf_fetch_limits limits;
    uint16_t http_port;      /* 0: never asked */
    uint16_t https_port;     /* 0: never asked */
    uint32_t http_ms;        /* connecting, and each silence after that; 0: RF_FETCH_HTTP_MS */
    const char *keylog_path; /* debugging; may be NULL */
};
/** RF_ERR_BAD address-bad. */
RF_MUST_CHECK enum rf_err rf_fetcher_new(const struct rf_fetch_conf *conf, struct rf_fetcher **out,
                                         struct rf_why *why);
/** Drops what is under way, without a word. NULL is fine. */
void rf_fetcher_free(struct rf_fetcher *fetcher);

#endif
