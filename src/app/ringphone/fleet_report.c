/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a fleet: in sums, and of each phone. */
#include "app/ringphone/fleet.h"

#include "base/file.h"

#include <stdio.h>

/* A row has some 500 bytes. */
#define REPORT_MAX ((size_t)FLEET_PHONES_MAX * 1024)
/* Rows of phones that are not there which are printed; the report has all of them. */
#define SHOWN_MAX 10u

static void set_time(struct rf_json *j, const char *key, bool has, uint64_t ms)
{
    if (has)
        rf_json_set_int(j, key, (int64_t)ms);
    else
        rf_json_set_null(j, key);
}

static void add_times(struct rf_json *j, const char *key, const struct fleet_times *t)
{
    struct rf_json *times = rf_json_obj();
    bool has = t->n > 0;
    rf_json_set_int(times, "n", (int64_t)t->n);
    set_time(times, "min", has, t->min);
    set_time(times, "mean", has, has ? t->sum / t->n : 0);
    set_time(times, "p50", has, fleet_times_at(t, 50));
    set_time(times, "p90", has, fleet_times_at(t, 90));
    set_time(times, "p99", has, fleet_times_at(t, 99));
    set_time(times, "max", has, t->max);
    rf_json_set_take(j, key, times);
}

static void add_states(const struct fleet_totals *t, struct rf_json *j)
{
    struct rf_json *states = rf_json_obj();
    for (size_t i = 0; i < FLEET_STATE_N; i++)
        rf_json_set_int(states, fleet_state_name((enum fleet_state)i), (int64_t)t->state[i]);
    rf_json_set_take(j, "states", states);
}

static void add_calls(const struct fleet_call_totals *c, struct rf_json *j)
{
    struct rf_json *calls = rf_json_obj();
    rf_json_set_int(calls, "tried", (int64_t)c->tried);
    rf_json_set_int(calls, "connected", (int64_t)c->connected);
    rf_json_set_int(calls, "completed", (int64_t)c->completed);
    rf_json_set_int(calls, "preserved", (int64_t)c->preserved);
    rf_json_set_int(calls, "held", (int64_t)c->held);
    rf_json_set_int(calls, "resumed", (int64_t)c->resumed);
    rf_json_set_int(calls, "transfers", (int64_t)c->transfers);
    rf_json_set_int(calls, "failed", (int64_t)c->failed);
    rf_json_set_int(calls, "dropped", (int64_t)c->dropped);
    rf_json_set_int(calls, "skipped", (int64_t)c->skipped);
    rf_json_set_int(calls, "skipped_transfers", (int64_t)c->skipped_transfers);
    rf_json_set_int(calls, "now", (int64_t)c->now);
    add_times(calls, "setup_ms", &c->setup);
    add_times(calls, "ring_ms", &c->ring);
    add_times(calls, "resume_ms", &c->resume);
    add_times(calls, "transfer_ms", &c->transfer);
    rf_json_set_take(j, "calls", calls);
}

static void add_errors(const struct fleet_errors *e, struct rf_json *j)
{
    struct rf_json *errors = rf_json_arr();
    for (size_t i = 0; i < e->n; i++) {
        struct rf_json *item = rf_json_obj(), *devices = rf_json_arr();
        rf_json_set_str(item, "event", e->item[i].event);
        rf_json_set_str(item, "code", e->item[i].code);
        rf_json_set_int(item, "n", (int64_t)e->item[i].n);
        for (size_t k = 0; k < e->item[i].device_n; k++)
            rf_json_arr_add_str(devices, e->item[i].device[k]);
        rf_json_set_take(item, "devices", devices);
        rf_json_set_str(item, "why", e->item[i].why);
        rf_json_arr_add_take(errors, item);
    }
    rf_json_set_take(j, "errors", errors);
    rf_json_set_int(j, "errors_of_other_codes", (int64_t)e->other);
}

/* The bytes that came with the phones, for each that was switched on. */
static size_t memory_a_phone(const struct fleet *f, size_t now)
{
    return f->on > 0 && now > f->memory_before ? (now - f->memory_before) / f->on : 0;
}

void fleet_report_sums(const struct fleet *f, struct rf_json *j)
{
    const struct fleet_totals *t = &f->totals;
    struct rf_json *memory = rf_json_obj();
    size_t now = fleet_memory();
    rf_json_set_str(j, "goal", fleet_goal_name(t->goal));
    rf_json_set_int(j, "phones", (int64_t)t->n);
    rf_json_set_int(j, "reached", (int64_t)t->reached);
    rf_json_set_int(j, "fallback", (int64_t)t->fallback);
    add_states(t, j);
    rf_json_set_int(j, "boots", (int64_t)t->boots);
    rf_json_set_int(j, "upgrades", (int64_t)t->upgrades);
    rf_json_set_int(j, "registrations", (int64_t)t->registrations);
    rf_json_set_int(j, "lost", (int64_t)t->losses);
    rf_json_set_int(j, "resets", (int64_t)t->resets);
    rf_json_set_int(j, "enrolled", (int64_t)t->enrolments);
    rf_json_set_int(j, "enrolments_failed", (int64_t)t->enrol_failures);
    add_times(j, "boot_to_registered_ms", &t->boot);
    add_times(j, "lost_to_registered_ms", &t->back);
    add_times(j, "call_end_to_registered_ms", &t->after);
    add_times(j, "preserved_gap_ms", &t->gap);
    add_times(j, "enrolment_ms", &t->enrol);
    add_calls(&f->calls, j);
    add_errors(&t->errors, j);
    rf_json_set_int(memory, "resident", (int64_t)now);
    rf_json_set_int(memory, "a_phone", (int64_t)memory_a_phone(f, now));
    rf_json_set_take(j, "memory", memory);
}

/* ---- the file ---- */

static struct rf_json *row_json(const struct fleet *f, const struct fleet_phone *p)
{
    const struct fleet_row *r = &p->row;
    struct rf_json *j = rf_json_obj();
    rf_json_set_str(j, "device", r->device);
    rf_json_set_str(j, "flash", p->dir);
    rf_json_set_bool(j, "reached", fleet_row_reached(r, f->totals.goal));
    rf_json_set_str(j, "state", fleet_state_name(r->state));
    rf_json_set_str(j, "number", r->number[0] != '\0' ? r->number : NULL);
    rf_json_set_str(j, "server", r->server[0] != '\0' ? r->server : NULL);
    rf_json_set_bool(j, "fallback", r->is_up && r->is_fallback);
    rf_json_set_str(j, "mic", r->mic[0] != '\0' ? r->mic : NULL);
    rf_json_set_str(j, "lsc", r->lsc[0] != '\0' ? r->lsc : NULL);
    set_time(j, "begun_ms", r->has_begun, r->begun_ms);
    set_time(j, "registered_ms", r->has_registered, r->registered_ms);
    set_time(j, "enrolled_ms", r->has_enrolled, r->enrolled_ms);
    rf_json_set_int(j, "registrations", r->registrations);
    rf_json_set_int(j, "lost", r->losses);
    rf_json_set_int(j, "resets", r->resets);
    rf_json_set_int(j, "enrolments", r->enrolments);
    rf_json_set_int(j, "enrolments_failed", r->enrol_failures);
    rf_json_set_str(j, "last_error", r->code[0] != '\0' ? r->code : NULL);
    return j;
}

static bool write_report(const struct fleet *f, struct rf_json *j)
{
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(REPORT_MAX);
    struct rf_json *rows = rf_json_arr();
    struct rf_why why = {0};
    for (size_t i = 0; i < f->n; i++)
        rf_json_arr_add_take(rows, row_json(f, &f->phone[i]));
    rf_json_set_take(j, "rows", rows);
    enum rf_err err = rf_json_dump(j, 1, &text);
    if (err == RF_OK)
        err = rf_buf_addf(&text, "\n");
    if (err == RF_OK)
        err = rf_file_replace(f->o->report, rf_buf_slice(&text), 0644, &why);
    if (err != RF_OK)
        fprintf(stderr, "ringphone fleet: --report %s: %s\n", f->o->report,
                why.text[0] != '\0' ? rf_why_text(&why) : "the report is too large");
    return err == RF_OK;
}

/* ---- for who waits for the end ---- */

static void print_times(const char *what, const struct fleet_times *t)
{
    if (t->n > 0)
        printf("  %-24s %u / %u / %u / %u\n", what, fleet_times_at(t, 50), fleet_times_at(t, 90),
               fleet_times_at(t, 99), t->max);
}

static void print_missing(const struct fleet *f)
{
    size_t missing = 0;
    for (size_t i = 0; i < f->n; i++) {
        const struct fleet_row *r = &f->phone[i].row;
        if (fleet_row_reached(r, f->totals.goal) || missing++ >= SHOWN_MAX)
            continue;
        printf("  not %s: %s is %s%s%s\n", fleet_goal_name(f->totals.goal), r->device,
               fleet_state_name(r->state), r->code[0] != '\0' ? ", last error " : "", r->code);
    }
    if (missing > SHOWN_MAX)
        printf("  and %zu more\n", missing - SHOWN_MAX);
}

static void print_errors(const struct fleet_errors *e)
{
    for (size_t i = 0; i < e->n; i++)
        printf("  %llu x %s in %s, e.g. %s: %s\n", (unsigned long long)e->item[i].n,
               e->item[i].code, e->item[i].event, e->item[i].device[0], e->item[i].why);
    if (e->other > 0)
        printf("  %llu errors of other codes\n", (unsigned long long)e->other);
}

static void print_calls(const struct fleet_call_totals *c)
{
    if (c->tried > 0)
        printf("  calls %llu, connected %llu, completed %llu, failed %llu, dropped %llu, "
               "skipped %llu\n",
               (unsigned long long)c->tried, (unsigned long long)c->connected,
               (unsigned long long)c->completed, (unsigned long long)c->failed,
               (unsigned long long)c->dropped, (unsigned long long)c->skipped);
    if (c->preserved > 0)
        printf("  went on without call control %llu\n", (unsigned long long)c->preserved);
    if (c->held + c->transfers + c->skipped_transfers > 0)
        printf("  held %llu, resumed %llu, transfers %llu, skipped %llu\n",
               (unsigned long long)c->held, (unsigned long long)c->resumed,
               (unsigned long long)c->transfers, (unsigned long long)c->skipped_transfers);
}

static void print_words(const struct fleet *f, uint64_t took_ms)
{
    const struct fleet_totals *t = &f->totals;
    const struct fleet_call_totals *c = &f->calls;
    size_t memory = fleet_memory();
    printf("%s%zu of %zu phones %s after %.1f s\n", f->is_line_open ? "\n" : "", t->reached, t->n,
           fleet_goal_name(t->goal), (double)took_ms / 1000);
    printf("  registrations %llu, lost %llu, resets %llu; enrolled %llu, failed %llu\n",
           (unsigned long long)t->registrations, (unsigned long long)t->losses,
           (unsigned long long)t->resets, (unsigned long long)t->enrolments,
           (unsigned long long)t->enrol_failures);
    print_calls(c);
    printf("  %-24s p50 / p90 / p99 / max\n", "milliseconds");
    print_times("boot to registered", &t->boot);
    print_times("lost to registered", &t->back);
    print_times("call end to registered", &t->after);
    print_times("gap in a preserved call", &t->gap);
    print_times("enrolment", &t->enrol);
    print_times("call set-up", &c->setup);
    print_times("call rings", &c->ring);
    print_times("call resumed", &c->resume);
    print_times("call transferred", &c->transfer);
    printf("  memory %.1f MB, %.0f kB a phone\n", (double)memory / 1e6,
           (double)memory_a_phone(f, memory) / 1e3);
    print_errors(&t->errors);
    print_missing(f);
    fflush(stdout);
}

bool fleet_report(struct fleet *f)
{
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_json_obj();
    uint64_t took_ms = f->shown_ms; /* when it began to stop */
    rf_json_set_int(j, "t_ms", (int64_t)took_ms);
    rf_json_set_str(j, "event", "fleet-end");
    rf_json_set_str(j, "dir", f->o->dir);
    rf_json_set_bool(j, "cut", f->is_cut);
    fleet_report_sums(f, j);
    if (f->o->is_json)
        fleet_show_json(j);
    else
        print_words(f, took_ms);
    return f->o->report == NULL || write_report(f, j);
}
