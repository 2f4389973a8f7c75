/* SPDX-License-Identifier: Apache-2.0 */
/* `ringphone fleet`: many phones in one process, on one loop, with a few workers for files and
 * keys. Each is a struct rf_phone as `ringphone` itself runs it, with all its checks. Private to
 * the program. doc: docs/fleet.md */
#ifndef APP_RINGPHONE_FLEET_H
#define APP_RINGPHONE_FLEET_H

#include "app/ringphone/fleet_stats.h"
#include "app/ringphone/ringphone.h"
#include "net/network.h"
#include "wire/json/json.h"

/* The loop has room for so many links. */
#define FLEET_PHONES_MAX  20000u
#define FLEET_WORKERS_MAX 64u

/** Texts point into argv. */
struct fleet_options {
    const char *dir;
    size_t count; /* 0: all of them */
    char tftp_host[RF_ADDRESS_TEXT_MAX];
    uint16_t tftp_port; /* 0: as each flash keeps it */
    bool has_http_port, has_https_port;
    uint16_t http_port, https_port; /* 0: never */
    uint32_t boots_per_min;
    uint32_t for_ms; /* 0: not limited */
    bool has_until;  /* ends when all are there */
    enum fleet_goal goal;
    uint32_t calls_per_min; /* 0: none */
    uint32_t talk_ms;
    uint32_t calls_for_ms;   /* from the start; 0: to the end */
    uint32_t hold, transfer; /* per cent of the calls */
    bool has_media;          /* silence is sent and received; else calls have no sockets */
    struct rf_media_codecs codecs;
    bool has_from;
    struct rf_network from; /* where they have their addresses */
    uint32_t workers;
    uint32_t retry_ms, retry_max_ms; /* 0: as real phones */
    uint32_t every_ms;               /* between two lines of the summary; 0: chosen */
    bool is_json, has_events, no_ec;
    const char *report;
    enum rf_log_level log_level;
};

struct fleet_call;
struct fleet_media;

struct fleet_phone {
    struct fleet *fleet;
    char *dir;
    struct fleet_row row;
    char local[RF_ADDRESS_TEXT_MAX]; /* its own address; "": the system's choice */
    struct rf_fetcher *fetcher;
    struct rf_phone *phone;  /* NULL: not switched on yet */
    struct fleet_call *call; /* it plays a part in, as long as that is counted */
    bool is_stopped;
};

struct fleet_call_totals {
    uint64_t tried, connected, completed;
    uint64_t preserved;                /* outlived their link */
    uint64_t held, resumed, transfers; /* done */
    uint64_t failed;                   /* not connected */
    uint64_t dropped;                  /* connected, and not as it should have been to its end */
    uint64_t skipped;                  /* were due when there were no two idle phones */
    uint64_t skipped_transfers;        /* plain ones, because there was no third */
    size_t now;
    /* As the caller sees it. */
    struct fleet_times setup;    /* off hook until connected */
    struct fleet_times ring;     /* off hook until it rings there, without the typing */
    struct fleet_times resume;   /* the key until connected */
    struct fleet_times transfer; /* the second press until its phone is idle */
};

struct fleet {
    const struct fleet_options *o;
    struct rf_loop *loop;
    struct rf_worker *worker[FLEET_WORKERS_MAX];
    size_t workers_n;
    struct rf_phone_link_ops net;
    struct rf_media *media;       /* --media silence; else NULL */
    struct fleet_media *no_media; /* else this */
    struct fleet_phone *phone;
    size_t n;
    size_t on;   /* switched on so far, in their order */
    size_t left; /* of these, not off again */
    struct fleet_totals totals;
    struct fleet_call_totals calls;
    uint64_t start_ms;
    size_t memory_before; /* resident, before the first phone */
    struct fleet_pace boot_pace, call_pace;
    rf_timer_id boot_timer, call_timer, show_timer, end_timer;
    bool is_stopping;
    bool is_cut; /* by a signal or by --for */
    /* What the summary compares with. */
    uint64_t shown_ms;
    uint64_t shown_registrations, shown_enrolments;
    bool is_line_open; /* a line that is refreshed stands on the terminal */
};

/* fleet_options.c */
/** As options_take. */
int fleet_options_take(int argc, char **argv, struct fleet_options *out);

/* fleet_find.c */
/** The phones of a folder, in order of their names; each with its row. What is wrong was said. */
bool fleet_find(struct fleet *f);
/** Room for their sockets and files; what is wrong was said. */
bool fleet_make_room(const struct fleet *f);

/* fleet.c */
uint64_t fleet_now_ms(const struct fleet *f); /* since its start */

/* fleet_link.c */
/** rf_phone_link_real() from the phone's own address; `net` is the struct fleet_phone. */
struct rf_phone_link_ops fleet_link_ops(void);

/* fleet_calls.c */
/** Phones are there: begin. */
void fleet_calls_start(struct fleet *f);
/** No new ones; what runs is hung up by the phones that leave. */
void fleet_calls_stop(struct fleet *f);
/** After the row has seen it. */
void fleet_calls_event(struct fleet_phone *p, const struct rf_station_event *ev);

/* fleet_course.c */
/** `who`: caller, callee, and for a transfer a third; all idle. */
void fleet_call_begin(struct fleet *f, enum fleet_script script, struct fleet_phone *const who[3]);
/** Of `p`, which plays a part in it, after the row has seen it. The call may be gone then. */
void fleet_call_event(struct fleet_call *c, const struct fleet_phone *p,
                      const struct rf_station_event *ev);
/** `p` has no station any more. The call may be gone then. */
void fleet_call_left(struct fleet_call *c, const struct fleet_phone *p);
/** It counts no more. */
void fleet_call_cut(struct fleet_call *c);

/* fleet_script.c */
void fleet_hang_up(const struct fleet_phone *p, uint32_t nth);

/* fleet_media.c */
/** Media without sockets: the port of a stream is 9 ("discard"), nothing is sent, nothing heard.
 * `media` is of fleet_media_new. */
const struct rf_station_media_ops *fleet_media_none(void);
struct fleet_media *fleet_media_new(void);
/** NULL is fine. */
void fleet_media_free(struct fleet_media *media);

/* fleet_show.c */
/** Resident memory of the process in bytes, 0 when it is not to be had. */
size_t fleet_memory(void);
/** The first line, one now and then, and the end of a line that is refreshed. */
void fleet_show_start(struct fleet *f);
void fleet_show(struct fleet *f);
uint32_t fleet_show_every_ms(const struct fleet *f);
/** One line. */
void fleet_show_json(const struct rf_json *j);
void fleet_show_event(struct fleet *f, const struct fleet_phone *p,
                      const struct rf_phone_event *event);

/* fleet_report.c */
/** What became of all, printed and, if asked for, written. False: it could not be written, which
 * was said. */
bool fleet_report(struct fleet *f);
/** Sums as JSON, without a word on single phones. */
void fleet_report_sums(const struct fleet *f, struct rf_json *j);

#endif
