/* SPDX-License-Identifier: Apache-2.0 */
/* How a fleet stands, while it runs: a line that is refreshed on a terminal, else a line now and
 * then, or JSON. */
#include "app/ringphone/fleet.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define EVERY_MS          5000u
#define EVERY_TERMINAL_MS 1000u
#define LINE_MAX_BYTES    ((size_t)64 * 1024)

size_t fleet_memory(void)
{
    /* Pages of the whole program, then those that are resident. */
    char line[128] = "";
    uint64_t pages = 0;
    /* check-bytes: opened for reading */
    FILE *f = fopen("/proc/self/statm", "re");
    bool is_read = f != NULL && fgets(line, sizeof line, f) != NULL;
    if (f != NULL)
        fclose(f);
    struct rf_slice text = rf_slice_str(line), blank = rf_slice_str(" ");
    size_t first = rf_slice_find(text, blank);
    if (!is_read || first == SIZE_MAX)
        return 0;
    text = rf_slice_part(text, first + 1, text.len);
    text = rf_slice_part(text, 0, rf_slice_find(text, blank));
    return rf_parse_u64(text, 0, SIZE_MAX / 65536, &pages)
               ? (size_t)pages * (size_t)sysconf(_SC_PAGESIZE)
               : 0;
}

static bool is_terminal(const struct fleet *f)
{
    return !f->o->is_json && isatty(STDOUT_FILENO) == 1;
}

uint32_t fleet_show_every_ms(const struct fleet *f)
{
    if (f->o->every_ms != 0)
        return f->o->every_ms;
    return is_terminal(f) ? EVERY_TERMINAL_MS : EVERY_MS;
}

void fleet_show_json(const struct rf_json *j)
{
    RF_AUTO(rf_buf_fini) struct rf_buf line = RF_BUF(LINE_MAX_BYTES);
    if (rf_json_dump(j, 0, &line) == RF_OK)
        printf("%.*s\n", (int)line.len, (const char *)line.p);
    fflush(stdout);
}

static struct rf_json *event_new(const struct fleet *f, const char *name)
{
    struct rf_json *j = rf_json_obj();
    rf_json_set_int(j, "t_ms", (int64_t)fleet_now_ms(f));
    rf_json_set_str(j, "event", name);
    return j;
}

void fleet_show_start(struct fleet *f)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = NULL;
    if (!f->o->is_json) {
        printf("%zu phones of %s, %zu workers\n", f->n, f->o->dir, f->workers_n);
        fflush(stdout);
        return;
    }
    j = event_new(f, "fleet-start");
    rf_json_set_str(j, "dir", f->o->dir);
    rf_json_set_int(j, "phones", (int64_t)f->n);
    rf_json_set_int(j, "workers", (int64_t)f->workers_n);
    rf_json_set_str(j, "goal", fleet_goal_name(f->o->goal));
    fleet_show_json(j);
}

/* Of the time since the last line. */
static double rate(const struct fleet *f, uint64_t now, uint64_t before)
{
    uint64_t ms = fleet_now_ms(f) - f->shown_ms;
    return ms > 0 ? (double)(now - before) * 1000 / (double)ms : 0;
}

/* A terminal that is narrower gets the beginning. */
static int width(void)
{
    struct winsize size = {0};
    bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return is_known ? size.ws_col - 1 : 79;
}

static void show_words(struct fleet *f)
{
    RF_AUTO(rf_buf_fini) struct rf_buf line = RF_BUF(1024);
    const struct fleet_totals *t = &f->totals;
    uint64_t now = fleet_now_ms(f), errors = t->errors.other;
    uint64_t bad = f->calls.failed + f->calls.dropped;
    for (size_t i = 0; i < t->errors.n; i++)
        errors += t->errors.item[i].n;
    enum rf_err err = rf_buf_addf(&line, "%6.1fs %zu/%zu %s |", (double)now / 1000, t->reached,
                                  t->n, fleet_goal_name(t->goal));
    for (size_t i = 0; i < FLEET_STATE_N && err == RF_OK; i++)
        if (t->state[i] > 0)
            err = rf_buf_addf(&line, " %s %zu", fleet_state_name((enum fleet_state)i), t->state[i]);
    if (err == RF_OK)
        err = rf_buf_addf(&line, " | registered %.1f/s",
                          rate(f, t->registrations, f->shown_registrations));
    if (err == RF_OK && t->enrolments > 0)
        err = rf_buf_addf(&line, " enrolled %llu %.1f/s", (unsigned long long)t->enrolments,
                          rate(f, t->enrolments, f->shown_enrolments));
    if (err == RF_OK && f->calls.tried > 0)
        err = rf_buf_addf(&line, " calls %zu, failed %llu", f->calls.now, (unsigned long long)bad);
    if (err == RF_OK)
        err = rf_buf_addf(&line, " | lost %llu errors %llu", (unsigned long long)t->losses,
                          (unsigned long long)errors);
    if (err != RF_OK)
        return;
    if (is_terminal(f))
        printf("\r\033[K%.*s", (int)line.len < width() ? (int)line.len : width(), (char *)line.p);
    else
        printf("%.*s\n", (int)line.len, (const char *)line.p);
    f->is_line_open = is_terminal(f);
}

static void show_json(const struct fleet *f)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = event_new(f, "fleet-summary");
    fleet_report_sums(f, j);
    fleet_show_json(j);
}

void fleet_show(struct fleet *f)
{
    if (f->o->is_json)
        show_json(f);
    else
        show_words(f);
    fflush(stdout);
    f->shown_ms = fleet_now_ms(f);
    f->shown_registrations = f->totals.registrations;
    f->shown_enrolments = f->totals.enrolments;
}

void fleet_show_event(struct fleet *f, const struct fleet_phone *p,
                      const struct rf_phone_event *event)
{
    if (f->o->has_events)
        print_event(event, p->row.device, true, fleet_now_ms(f));
}
