/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the menu, from a terminal, a pipe or a file. One is taken when the one before is
 * through; secrets are read without being shown and wiped when they were used. */
#include "app/ringphone/console_int.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROMPT "ringphone> "

static bool is_waiting(const struct console *c)
{
    return c->is_busy || c->wait_event[0] != '\0';
}

/* ---- the terminal ---- */

static void show(const struct console *c, const char *text)
{
    if (!c->is_terminal || c->conf.is_json)
        return;
    fputs(text, stdout);
    fflush(stdout);
}

static void silence(struct console *c, bool is_silent)
{
    struct termios now = c->before;
    if (!c->is_terminal || c->is_silent == is_silent)
        return;
    if (is_silent)
        now.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &now);
    c->is_silent = is_silent;
    if (!is_silent)
        show(c, "\n");
}

void console_ask(struct console *c, enum console_ask what, const char *prompt)
{
    c->ask = what;
    silence(c, true);
    show(c, prompt);
}

/* ---- lines ---- */

void console_quit(struct console *c, bool has_failed)
{
    if (c->is_over)
        return;
    c->is_over = true;
    c->conf.quit(c->conf.arg, has_failed);
}

static void run_line(struct console *c, char *line)
{
    enum console_ask what = c->ask;
    struct rf_slice text = rf_slice_str(line);
    c->ask = CONSOLE_COMMAND;
    if (what != CONSOLE_COMMAND) {
        silence(c, false);
        console_take_secret(c, what, rf_trim(text));
    } else if (rf_trim(text).len > 0 && !rf_slice_starts_with(rf_trim(text), "#")) {
        console_run(c, line);
    }
    if (!is_waiting(c) && c->ask == CONSOLE_COMMAND)
        show(c, PROMPT);
}

/* A secret may have stood there. */
static void forget(struct console *c, size_t n)
{
    struct rf_buf rest = RF_BUF(CONSOLE_INPUT_MAX);
    (void)!rf_buf_add_slice(&rest, rf_slice_part(rf_buf_slice(&c->input), n, SIZE_MAX));
    rf_buf_wipe(&c->input);
    c->input = rest;
}

static void take_line(struct console *c)
{
    char line[CONSOLE_LINE_MAX + 1];
    struct rf_slice all = rf_buf_slice(&c->input);
    size_t end = rf_slice_find(all, rf_slice_str("\n"));
    struct rf_slice one = rf_slice_part(all, 0, end);
    bool is_taken = rf_slice_to_str(one, line, sizeof line) && strlen(line) == one.len;
    forget(c, end == SIZE_MAX ? all.len : end + 1);
    if (is_taken) {
        run_line(c, line);
    } else {
        struct rf_why why = {0};
        (void)rf_why_set(&why, RF_ERR_LIMIT, "line-long", "a line has at most %d bytes, and no NUL",
                         CONSOLE_LINE_MAX);
        console_refused(c, &why);
    }
    rf_wipe(line, sizeof line);
}

static bool has_line(const struct console *c)
{
    bool has_end = rf_slice_find(rf_buf_slice(&c->input), rf_slice_str("\n")) != SIZE_MAX;
    return has_end || c->input.len > CONSOLE_LINE_MAX || (c->is_end && c->input.len > 0);
}

static void on_turn(void *owner, uint64_t number)
{
    struct console *c = owner;
    (void)number;
    c->turn = 0;
    if (is_waiting(c) || c->is_over)
        return;
    if (has_line(c)) {
        take_line(c);
        console_next(c);
    } else if (c->is_end) {
        console_quit(c, false);
    }
}

void console_next(struct console *c)
{
    if (c->turn == 0 && !is_waiting(c) && !c->is_over && (has_line(c) || c->is_end))
        c->turn = rf_timer_start(rf_loop_timers(c->conf.loop), 0, on_turn, c, 0);
}

/* ---- what comes in ---- */

static bool read_some(struct console *c)
{
    uint8_t part[512];
    ssize_t n = read(STDIN_FILENO, part, sizeof part);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0 || rf_buf_add(&c->input, part, (size_t)n) != RF_OK)
        c->is_end = true; /* also when so much waits that it cannot be a menu's */
    rf_wipe(part, sizeof part);
    return !c->is_end;
}

static void on_input(void *arg, int fd)
{
    struct console *c = arg;
    (void)fd;
    (void)read_some(c);
    if (c->is_end) {
        rf_watch_free(c->watch);
        c->watch = NULL;
    }
    console_next(c);
}

/* Files are always ready, and cannot be watched. */
static bool is_file(void)
{
    struct stat st;
    return fstat(STDIN_FILENO, &st) != 0 || S_ISREG(st.st_mode) ||
           (S_ISCHR(st.st_mode) && isatty(STDIN_FILENO) == 0);
}

struct console *console_open(const struct console_conf *conf)
{
    struct console *c = rf_new(struct console);
    c->conf = *conf;
    c->input = RF_BUF(CONSOLE_INPUT_MAX);
    c->is_terminal = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &c->before) == 0;
    if (is_file())
        while (read_some(c))
            ;
    else
        c->watch = rf_loop_watch_fd(conf->loop, STDIN_FILENO, on_input, c);
    show(c, "`help` lists what can be said.\n" PROMPT);
    console_next(c);
    return c;
}

void console_close(struct console *c)
{
    if (c == NULL)
        return;
    silence(c, false);
    rf_buf_wipe(&c->input);
    rf_free(c);
}

/* ---- waiting ---- */

static void on_late(void *owner, uint64_t number)
{
    struct console *c = owner;
    struct rf_why why = {0};
    (void)number;
    c->wait = 0;
    (void)rf_why_set(&why, RF_ERR_AGAIN, "wait-timeout", "%s did not happen in time",
                     c->wait_event);
    console_refused(c, &why);
    c->wait_event[0] = '\0';
    if (c->is_terminal)
        console_next(c);
    else
        console_quit(c, true); /* a script has lost its way */
}

void console_wait(struct console *c, const char *event, const char *key, const char *value,
                  uint32_t ms)
{
    snprintf(c->wait_event, sizeof c->wait_event, "%s", event);
    snprintf(c->wait_key, sizeof c->wait_key, "%s", key);
    snprintf(c->wait_value, sizeof c->wait_value, "%s", value);
    if (ms != 0)
        c->wait = rf_timer_start(rf_loop_timers(c->conf.loop), ms, on_late, c, 0);
}

static bool has_value(const struct rf_phone_event *event, const char *key, const char *want)
{
    const struct rf_phone_value *v = rf_phone_event_value(event, key);
    char number[24];
    if (v == NULL)
        return false;
    snprintf(number, sizeof number, "%lld", (long long)v->number);
    if (v->type == RF_PHONE_FLAG)
        return strcmp(want, v->number != 0 ? "yes" : "no") == 0;
    return strcmp(want, v->type == RF_PHONE_TEXT ? v->text : number) == 0;
}

void console_event(struct console *c, const struct rf_phone_event *event)
{
    if (event->kind == RF_PHONE_STOPPED) {
        c->is_over = true;
        rf_timer_stop(rf_loop_timers(c->conf.loop), &c->turn);
        rf_timer_stop(rf_loop_timers(c->conf.loop), &c->wait);
        rf_watch_free(rf_steal(&c->watch));
        return;
    }
    bool is_it = c->wait_event[0] != '\0' && strcmp(c->wait_event, event->name) == 0 &&
                 (c->wait_key[0] == '\0' || has_value(event, c->wait_key, c->wait_value));
    if (!is_it)
        return;
    rf_timer_stop(rf_loop_timers(c->conf.loop), &c->wait);
    console_ok(c, "%s", c->wait_event);
    c->wait_event[0] = '\0';
    console_next(c);
}
