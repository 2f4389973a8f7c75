/* SPDX-License-Identifier: Apache-2.0 */
/* The menu of a running phone; private to the program. console.c has the lines that come in,
 * console_commands.c what they do, console_calls.c those of calls, console_pages.c the answers. */
#ifndef APP_RINGPHONE_CONSOLE_INT_H
#define APP_RINGPHONE_CONSOLE_INT_H

#include "app/ringphone/ringphone.h"
#include "wire/json/json.h"

#include <termios.h>

/** Longest line, and as much as may wait behind a command that takes its time. */
#define CONSOLE_LINE_MAX  1024
#define CONSOLE_INPUT_MAX ((size_t)64 * 1024)
#define CONSOLE_WORDS_MAX 6

struct console;
/** Words behind a command's own. */
struct words {
    size_t n;
    char *word[CONSOLE_WORDS_MAX];
};
struct command {
    const char *name; /* one word or two */
    size_t min, max;  /* words behind it */
    const char *usage, *help;
    void (*run)(struct console *c, const struct words *w);
};

/** What the next line is. */
enum console_ask { CONSOLE_COMMAND, CONSOLE_STRING, CONSOLE_PASSWORD };

struct console {
    struct console_conf conf;
    struct rf_buf input;
    struct rf_watch *watch;
    rf_timer_id turn; /* take the next line */
    rf_timer_id wait; /* give up waiting */
    bool is_terminal;
    bool is_silent; /* the terminal shows nothing of what is typed */
    struct termios before;
    bool is_end;  /* of the input */
    bool is_over; /* quit was said */
    enum console_ask ask;
    const char *command; /* being answered, in its words */
    bool is_busy;        /* a page is being read */
    char wait_event[40]; /* "": none is waited for */
    char wait_key[40], wait_value[80];
};

/* console.c */
/** Take the next line as an answer to this, unseen. */
void console_ask(struct console *c, enum console_ask what, const char *prompt);
/** Something is through: go on with the next line. */
void console_next(struct console *c);
/** Wait for an event; `ms` 0: as long as it takes. */
void console_wait(struct console *c, const char *event, const char *key, const char *value,
                  uint32_t ms);
void console_quit(struct console *c, bool has_failed);

/* console_commands.c */
/** One line that is not empty. */
void console_run(struct console *c, char *line);
/** A secret that was asked for. */
void console_take_secret(struct console *c, enum console_ask what, struct rf_slice text);

/** The answer to a command that was done, or not. */
void console_answer(struct console *c, enum rf_err err, const struct rf_why *why, const char *ok);
void console_refuse(struct console *c, const char *code, const char *text);

/* console_calls.c */
extern const struct command console_call_commands[];
extern const size_t console_call_commands_n;

/* console_pages.c: answers */
void console_ok(struct console *c, const char *fmt, ...) RF_PRINTF(2, 3);
void console_refused(struct console *c, const struct rf_why *why);
/** An answer with members: JSON, or "key  value" lines. The object is taken. */
void console_object(struct console *c, struct rf_json *take_object);
/** The same of the flash: read on the worker, answered later. */
void console_security(struct console *c);
void console_messages(struct console *c);

#endif
