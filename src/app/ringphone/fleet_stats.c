/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringphone/fleet_stats.h"

#include <stdio.h>
#include <string.h>

#define MS_A_MINUTE 60000u

const char *fleet_state_name(enum fleet_state state)
{
    static const char *const names[] = {
#define FLEET_STATE_NAME(symbol, name) [FLEET_##symbol] = (name),
        FLEET_STATES(FLEET_STATE_NAME)
#undef FLEET_STATE_NAME
    };
    return state < FLEET_STATE_N ? names[state] : "?";
}

const char *fleet_goal_name(enum fleet_goal goal)
{
    return goal == FLEET_GOAL_ENROLLED ? "enrolled" : "registered";
}

/* ---- times ---- */

/* From FLEET_TIMES_EXACT on each power of two has FLEET_TIMES_STEPS buckets of the same width. */
static size_t bucket_of(uint32_t ms)
{
    if (ms < FLEET_TIMES_EXACT)
        return ms;
    unsigned power = 31u - (unsigned)__builtin_clz(ms); /* 8 to 31 */
    return FLEET_TIMES_EXACT + (power - 8) * FLEET_TIMES_STEPS +
           ((ms >> (power - 7)) & (FLEET_TIMES_STEPS - 1));
}

/* The longest time of a bucket. */
static uint32_t bucket_end(size_t i)
{
    if (i < FLEET_TIMES_EXACT)
        return (uint32_t)i;
    size_t power = 8 + (i - FLEET_TIMES_EXACT) / FLEET_TIMES_STEPS;
    uint64_t step = FLEET_TIMES_STEPS + (i - FLEET_TIMES_EXACT) % FLEET_TIMES_STEPS;
    return (uint32_t)(((step + 1) << (power - 7)) - 1);
}

void fleet_times_add(struct fleet_times *t, uint64_t ms)
{
    uint32_t taken = ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
    t->min = t->n == 0 || taken < t->min ? taken : t->min;
    t->max = taken > t->max ? taken : t->max;
    t->sum += taken;
    t->n++;
    t->bucket[bucket_of(taken)]++;
}

uint32_t fleet_times_at(const struct fleet_times *t, unsigned percent)
{
    uint64_t rank = (t->n * percent + 99) / 100, seen = 0;
    if (t->n == 0)
        return 0;
    for (size_t i = 0; i < FLEET_TIMES_BUCKETS; i++) {
        seen += t->bucket[i];
        if (seen >= rank && seen > 0)
            return bucket_end(i) < t->max ? bucket_end(i) : t->max;
    }
    return t->max;
}

/* ---- errors ---- */

static struct fleet_error *error_of(struct fleet_errors *e, const char *event, const char *code,
                                    const char *why)
{
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->item[i].event, event) == 0 && strcmp(e->item[i].code, code) == 0)
            return &e->item[i];
    if (e->n == FLEET_ERRORS_MAX)
        return NULL;
    struct fleet_error *item = &e->item[e->n++];
    *item = (struct fleet_error){0};
    snprintf(item->event, sizeof item->event, "%s", event);
    snprintf(item->code, sizeof item->code, "%s", code);
    snprintf(item->why, sizeof item->why, "%s", why);
    return item;
}

void fleet_errors_add(struct fleet_errors *e, const char *event, const char *code, const char *why,
                      const char *device)
{
    struct fleet_error *item = error_of(e, event, code, why);
    if (item == NULL) {
        e->other++;
        return;
    }
    item->n++;
    for (size_t i = 0; i < item->device_n; i++)
        if (strcmp(item->device[i], device) == 0)
            return;
    if (item->device_n < FLEET_EXAMPLES_MAX)
        snprintf(item->device[item->device_n++], sizeof item->device[0], "%s", device);
}

/* ---- evenly in time ---- */

uint64_t fleet_pace_due(const struct fleet_pace *p, uint64_t now_ms)
{
    uint64_t passed = now_ms > p->start_ms ? now_ms - p->start_ms : 0;
    uint64_t all = 1 + passed * p->per_min / MS_A_MINUTE;
    return p->per_min == 0 || all <= p->done ? 0 : all - p->done;
}

uint64_t fleet_pace_wait_ms(const struct fleet_pace *p, uint64_t now_ms)
{
    if (p->per_min == 0 || fleet_pace_due(p, now_ms) > 0)
        return 0;
    /* `done` are due before this moment, and one more from it on. */
    uint64_t at = p->start_ms + (p->done * MS_A_MINUTE + p->per_min - 1) / p->per_min;
    return at > now_ms ? at - now_ms : 0;
}

/* ---- kinds of calls ---- */

enum fleet_script fleet_script_of(uint64_t nth, uint32_t hold, uint32_t transfer)
{
    uint64_t place = nth % 100 * 37 % 100; /* each of 0 to 99 once in a hundred */
    return place < hold ? FLEET_HOLD : place < hold + transfer ? FLEET_TRANSFER : FLEET_PLAIN;
}

/* ---- one phone, and all ---- */

static const char *text_of(const struct rf_phone_event *event, const char *key)
{
    const struct rf_phone_value *v = rf_phone_event_value(event, key);
    return v != NULL && v->type == RF_PHONE_TEXT && v->text != NULL ? v->text : "";
}

bool fleet_row_reached(const struct fleet_row *row, enum fleet_goal goal)
{
    return row->is_up && (goal == FLEET_GOAL_REGISTERED || row->enrolments > 0);
}

static void go(struct fleet_row *row, struct fleet_totals *t, enum fleet_state state)
{
    t->state[row->state]--;
    t->state[state]++;
    row->state = state;
}

void fleet_row_init(struct fleet_row *row, struct fleet_totals *t, const char *device)
{
    *row = (struct fleet_row){0};
    snprintf(row->device, sizeof row->device, "%s", device);
    t->n++;
    t->state[FLEET_OFF]++;
}

void fleet_row_start(struct fleet_row *row, struct fleet_totals *t, uint64_t now_ms)
{
    row->has_begun = true;
    row->begun_ms = now_ms;
    go(row, t, FLEET_BOOTING);
}

static void note_error(struct fleet_row *row, struct fleet_totals *t, const char *event,
                       const char *code, const char *why)
{
    snprintf(row->code, sizeof row->code, "%s", code);
    fleet_errors_add(&t->errors, event, code, why, row->device);
}

static void on_registered(struct fleet_row *row, struct fleet_totals *t,
                          const struct rf_station_event *ev, uint64_t now_ms)
{
    if (!row->has_registered) {
        row->has_registered = true;
        row->registered_ms = now_ms;
        fleet_times_add(&t->boot, now_ms - row->begun_ms);
    }
    if (row->was_lost)
        fleet_times_add(row->was_lost_in_call ? &t->after : &t->back, now_ms - row->lost_ms);
    row->was_lost = row->was_lost_in_call = false;
    row->is_up = true;
    row->is_fallback = ev->is_srst;
    row->calls_n = 0;
    row->registrations++;
    t->registrations++;
    snprintf(row->number, sizeof row->number, "%s", ev->number != NULL ? ev->number : "");
    snprintf(row->server, sizeof row->server, "%s", ev->server != NULL ? ev->server : "");
    go(row, t, FLEET_REGISTERED);
}

static void on_lost(struct fleet_row *row, struct fleet_totals *t, uint64_t now_ms)
{
    row->is_up = false;
    row->was_lost = true;
    row->was_lost_in_call = row->calls_n > 0;
    row->lost_ms = now_ms;
    row->losses++;
    t->losses++;
    go(row, t, FLEET_REGISTERING);
}

static void on_reset(struct fleet_row *row, struct fleet_totals *t, enum rf_sccp_reset_type reset)
{
    row->is_up = false;
    row->calls_n = 0;
    row->resets++;
    t->resets++;
    go(row, t, reset == RF_SCCP_RESET_RESET ? FLEET_BOOTING : FLEET_FETCHING);
}

/* Of its own will: to use a new certificate, or for good. */
static void on_left(struct fleet_row *row, struct fleet_totals *t)
{
    row->is_up = false;
    row->calls_n = 0;
    go(row, t, FLEET_FETCHING);
}

/* A call that another phone of the line has is not this one's. */
static void note_call(struct fleet_row *row, const struct rf_station_event *ev)
{
    size_t at = 0;
    bool is_here = ev->call_state != RF_STATION_IDLE && ev->call_state != RF_STATION_REMOTE;
    while (at < row->calls_n && row->calls[at] != ev->nth)
        at++;
    if (is_here && at == row->calls_n && at < RF_STATION_CALLS_MAX)
        row->calls[row->calls_n++] = ev->nth;
    if (is_here || at == row->calls_n)
        return;
    row->calls_n--;
    memmove(&row->calls[at], &row->calls[at + 1], (row->calls_n - at) * sizeof *row->calls);
}

static void on_call(struct fleet_row *row, struct fleet_totals *t,
                    const struct rf_station_event *ev, uint64_t now_ms)
{
    note_call(row, ev);
    row->is_preserved |= ev->call_state == RF_STATION_PRESERVED;
    if (row->was_lost_in_call && !row->is_up && row->calls_n == 0)
        row->lost_ms = now_ms; /* from here on it may go to another server */
    if (row->is_up)
        go(row, t, row->calls_n == 0 ? FLEET_REGISTERED : FLEET_IN_CALL);
}

static void on_media_ended(struct fleet_row *row, struct fleet_totals *t,
                           const struct rf_media_stats *stats)
{
    if (row->is_preserved && stats->received_packets > 0)
        fleet_times_add(&t->gap, stats->longest_gap_ms);
    row->is_preserved = false;
}

static void on_station(struct fleet_row *row, struct fleet_totals *t,
                       const struct rf_station_event *ev, uint64_t now_ms)
{
    if (ev->kind == RF_STATION_REGISTERED)
        on_registered(row, t, ev, now_ms);
    else if (ev->kind == RF_STATION_LOST)
        on_lost(row, t, now_ms);
    else if (ev->kind == RF_STATION_RESET)
        on_reset(row, t, ev->reset);
    else if (ev->kind == RF_STATION_STOPPED)
        on_left(row, t);
    else if (ev->kind == RF_STATION_LINK_UP || ev->kind == RF_STATION_REFUSED)
        go(row, t, FLEET_REGISTERING);
    else if (ev->kind == RF_STATION_WAITS)
        go(row, t, FLEET_WAITING);
    else if (ev->kind == RF_STATION_CALL)
        on_call(row, t, ev, now_ms);
    else if (ev->kind == RF_STATION_MEDIA_ENDED)
        on_media_ended(row, t, &ev->stats);
}

static void on_enrol_done(struct fleet_row *row, struct fleet_totals *t,
                          const struct rf_phone_event *event, uint64_t now_ms)
{
    const char *outcome = text_of(event, "outcome");
    if (!row->is_up)
        go(row, t, FLEET_FETCHING);
    if (strcmp(outcome, rf_enrol_outcome_name(RF_ENROL_FAILED)) == 0) {
        row->enrol_failures++;
        t->enrol_failures++;
        return;
    }
    if (strcmp(outcome, rf_enrol_outcome_name(RF_ENROL_DELETED)) == 0)
        row->lsc[0] = '\0';
    if (strcmp(outcome, rf_enrol_outcome_name(RF_ENROL_INSTALLED)) != 0)
        return;
    snprintf(row->lsc, sizeof row->lsc, "%s", text_of(event, "lsc"));
    if (!row->has_enrolled) {
        row->has_enrolled = true;
        row->enrolled_ms = now_ms;
    }
    row->enrolments++;
    t->enrolments++;
    fleet_times_add(&t->enrol, now_ms - row->enrol_ms);
}

static void on_boot(struct fleet_row *row, struct fleet_totals *t,
                    const struct rf_phone_event *event)
{
    t->boots++;
    snprintf(row->mic, sizeof row->mic, "%s", text_of(event, "mic"));
    snprintf(row->lsc, sizeof row->lsc, "%s", text_of(event, "lsc"));
    go(row, t, FLEET_FETCHING);
}

/* A file that is not there is no error: a phone asks for several names. */
static void on_fetch(struct fleet_row *row, struct fleet_totals *t,
                     const struct rf_phone_event *event)
{
    const char *result = text_of(event, "result");
    bool is_error = strcmp(result, rf_fetch_result_name(RF_FETCH_OK)) != 0 &&
                    strcmp(result, rf_fetch_result_name(RF_FETCH_NOT_FOUND)) != 0;
    if (is_error)
        note_error(row, t, event->name, result, text_of(event, "file"));
    if (row->state != FLEET_UPGRADING)
        go(row, t, FLEET_FETCHING);
}

static void on_installed(struct fleet_row *row, struct fleet_totals *t)
{
    row->upgrades++;
    t->upgrades++;
    go(row, t, FLEET_BOOTING);
}

static void move(struct fleet_row *row, struct fleet_totals *t, const struct rf_phone_event *event,
                 uint64_t now_ms)
{
    /* Others change nothing of where it is. */
    if (event->kind == RF_PHONE_BOOT) {
        on_boot(row, t, event);
    } else if (event->kind == RF_PHONE_FETCH) {
        on_fetch(row, t, event);
    } else if (event->kind == RF_PHONE_LOAD_WANTED || event->kind == RF_PHONE_LOAD_PART) {
        go(row, t, FLEET_UPGRADING);
    } else if (event->kind == RF_PHONE_LOAD_REFUSED) {
        go(row, t, FLEET_FETCHING);
    } else if (event->kind == RF_PHONE_LOAD_INSTALLED) {
        on_installed(row, t);
    } else if (event->kind == RF_PHONE_ENROL) {
        row->enrol_ms = now_ms;
        if (!row->is_up) /* else it runs beside its work */
            go(row, t, FLEET_ENROLLING);
    } else if (event->kind == RF_PHONE_ENROL_DONE) {
        on_enrol_done(row, t, event, now_ms);
    } else if (event->kind == RF_PHONE_WAIT || event->kind == RF_PHONE_REFUSED) {
        go(row, t, FLEET_WAITING);
    } else if (event->kind == RF_PHONE_HALTED || event->kind == RF_PHONE_STOPPED) {
        row->is_up = false;
        row->calls_n = 0;
        go(row, t, event->kind == RF_PHONE_HALTED ? FLEET_HALTED : FLEET_STOPPED);
    } else if (event->kind == RF_PHONE_STATION) {
        on_station(row, t, event->station, now_ms);
    }
}

void fleet_row_event(struct fleet_row *row, struct fleet_totals *t,
                     const struct rf_phone_event *event, uint64_t now_ms)
{
    bool was_there = fleet_row_reached(row, t->goal);
    bool was_fallback = row->is_up && row->is_fallback;
    const char *code = text_of(event, "code");
    if (code[0] != '\0')
        note_error(row, t, event->name, code, text_of(event, "why"));
    move(row, t, event, now_ms);
    bool is_there = fleet_row_reached(row, t->goal);
    t->reached = t->reached + is_there - was_there;
    t->fallback = t->fallback + (row->is_up && row->is_fallback) - was_fallback;
}
