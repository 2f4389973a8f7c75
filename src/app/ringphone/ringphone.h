/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the program share. */
#ifndef APP_RINGPHONE_RINGPHONE_H
#define APP_RINGPHONE_RINGPHONE_H

#include "base/log.h"
#include "base/secret.h"
#include "service/phone/phone.h"

#include <stdio.h>

/* --play as often as this. */
#define PLAYS_MAX 8

/* Exit status. */
enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

/** What was asked for on the command line. Texts point into argv. */
struct options {
    const char *flash;
    char tftp_host[RF_ADDRESS_TEXT_MAX];
    uint16_t tftp_port;
    uint32_t http_port; /* 0: not asked */
    uint32_t https_port;
    bool has_http_port; /* said; else as TFTP's: the usual ones beside 69 */
    bool has_https_port;
    uint32_t tftp_window;
    struct rf_secret auth_string;   /* len 0: none */
    struct rf_secret device_secret; /* likewise */
    const char *call;
    bool is_answering;
    bool exits_after_call;
    bool has_console;
    const char *open; /* a page of a service; NULL: none */
    uint32_t key_delay_ms;
    const char *play[PLAYS_MAX]; /* by the first call, the second, ... */
    size_t n_play;
    const char *record;
    const char *record_dir;
    uint32_t for_ms;     /* 0: not limited */
    uint32_t give_up_ms; /* 0: never */
    unsigned sccp_version;
    struct rf_media_codecs codecs;
    uint32_t retry_ms, retry_max_ms; /* 0: as real phones */
    const char *min_load;
    bool has_file_rollback;
    enum rf_rollback file_rollback;
    const char *keylog;
    bool is_json;
    bool allow_sha1, legacy_tls, no_ec, bare_digest, no_tftp_options, no_clock;
    enum rf_log_level log_level;
};

/* options.c */
/** Take the options of a phone apart. EXIT_DONE: go on. Otherwise the exit status, and what is
 * wrong was said; EXIT_DONE with *is_over after --help. */
int options_take(int argc, char **argv, struct options *out, bool *is_over);
/** The TFTP server that the flash keeps, in place of the one of the command line. EXIT_USAGE: there
 * is neither. */
int options_stored(struct options *o);
/** Whole seconds, or with unit: "5", "5s", "250ms", "2m". */
bool options_duration(const char *text, uint32_t *ms);
/** "192.0.2.1", "192.0.2.1:69", "[2001:db8::1]:69". */
bool options_host_port(const char *text, uint16_t usual, char *host, size_t cap, uint16_t *port);
/** Can a file be put at this place, when there is something to put there? What is wrong with it was
 * said. */
bool options_can_write(const char *option, const char *path);
/** The first line of a file ("-": standard input) as a secret. */
bool options_auth_file(const char *path, struct rf_secret *out);

/* help.c */
void help_print(FILE *to);
/** The same of one page; false: there is none of that name. */
bool help_page_print(const char *page, FILE *to);

/* print.c */
/** What was refused, on standard error; with JSON an object of code and reason on standard output,
 * too. EXIT_REFUSED. */
int print_refused(const char *page, bool is_json, const struct rf_why *why);
/** One line for an event: JSON, or words. `started_ms` is what times are counted from. */
void print_event(const struct rf_phone_event *event, const char *device, bool is_json,
                 uint64_t ms_since_start);

/* run.c */
/** Switch the phone on; returns when it is off again, with the exit status. The authentication
 * string is wiped as soon as the phone has it. */
int run_phone(struct options *o);

/* console.c: the phone's menu, a command a line from standard input. */
struct console;
struct console_conf {
    struct rf_loop *loop;
    struct rf_worker *worker; /* reads the flash for its pages */
    struct rf_phone *phone;
    const char *flash;
    const struct rf_secret *device_secret; /* NULL: none */
    bool is_json;
    uint64_t start_ms;
    void (*quit)(void *arg, bool has_failed); /* once; switch the phone off */
    void *arg;
};
struct console *console_open(const struct console_conf *conf);
/** An event has been told: perhaps somebody waits for it. */
void console_event(struct console *c, const struct rf_phone_event *event);
/** The terminal is as it was before. After the worker and the loop are gone. NULL is fine. */
void console_close(struct console *c);

/* pages.c */
struct rf_json *status_json(const struct rf_flash *flash, const struct rf_flash_status *all);
int page_security(int argc, char **argv);
int page_status(int argc, char **argv);

/* change.c */
int page_erase(int argc, char **argv);
int page_unlock(int argc, char **argv);
int page_lock(int argc, char **argv);
int page_set(int argc, char **argv);
int page_install(int argc, char **argv);
int page_protect(int argc, char **argv);
int page_unprotect(int argc, char **argv);

/* doctor.c */
int page_doctor(int argc, char **argv);

/* fleet.c */
int page_fleet(int argc, char **argv);

/* fleet_options.c */
void fleet_help_print(FILE *to);

#endif
