/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, into the event list (event_queue.c). Whoever it happened to has written the log
 * line. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/ringfenced/server_int.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"

#define TRIM_MS ((uint64_t)3600 * 1000)
#define DAY_S   (24 * 3600)

/* Events a minute about files, which anybody can ask for. Refusals cost no more than a datagram
 * with somebody else's address; to fetch a file one has to be there. */
#define FILES_SENT_PER_MINUTE    120
#define FILES_REFUSED_PER_MINUTE 30

/* ---- what they have in common ---- */

static struct rf_store_event event_of(enum rf_store_severity severity, const char *category,
                                      const char *code)
{
    struct rf_store_event e = {
        .time_s = rf_wall_s(rf_clock_real()), .uid = -1, .severity = severity};
    snprintf(e.category, sizeof e.category, "%s", category);
    snprintf(e.code, sizeof e.code, "%s", code);
    return e;
}

/* What does not look like a name is a stranger's claim and stays in the text. */
static void set_device(struct rf_store_event *e, const char *dev)
{
    if (rf_sccp_device_name_ok(rf_slice_str(dev)))
        snprintf(e->device, sizeof e->device, "%.15s", dev);
}

static void set_text(struct rf_store_event *e, const char *text)
{
    rf_escape(rf_slice_str(text), e->text, sizeof e->text);
}

RF_PRINTF(3, 0)
static void tell(struct server *s, struct rf_store_event *e, const char *fmt, va_list ap)
{
    char text[RF_WHY_TEXT_MAX];
    vsnprintf(text, sizeof text, fmt, ap);
    set_text(e, text);
    event_keep(s, e);
}

void event_of_server(struct server *s, enum rf_store_severity severity, const char *code,
                     const char *fmt, ...)
{
    struct rf_store_event e = event_of(severity, "main", code);
    va_list ap;
    va_start(ap, fmt);
    tell(s, &e, fmt, ap);
    va_end(ap);
}

void event_of_branch(struct server *s, enum rf_store_severity severity, const char *code,
                     const char *fmt, ...)
{
    struct rf_store_event e = event_of(severity, "srst", code);
    va_list ap;
    va_start(ap, fmt);
    tell(s, &e, fmt, ap);
    va_end(ap);
}

void event_of_media(struct server *s, const char *code, const char *dev, uint32_t call,
                    const char *fmt, ...)
{
    struct rf_store_event e = event_of(RF_STORE_WARN, "call", code);
    va_list ap;
    set_device(&e, dev);
    e.call = call;
    va_start(ap, fmt);
    tell(s, &e, fmt, ap);
    va_end(ap);
}

/* The listener has written the log line, and tells few of them. */
void event_of_listener(void *arg, const char *code, const char *text)
{
    struct rf_store_event e = event_of(RF_STORE_WARN, "security", code);
    set_text(&e, text);
    event_keep(arg, &e);
}

/* ---- SCCP and calls ---- */

static const struct {
    const char *kind;
    enum rf_store_severity severity;
    const char *category;
} kinds[] = {
    {"registered", RF_STORE_INFO, "device"},         {"unregistered", RF_STORE_INFO, "device"},
    {"device-lost", RF_STORE_WARN, "device"},        {"alarm", RF_STORE_WARN, "device"},
    {"register-refused", RF_STORE_WARN, "security"}, {"link-refused", RF_STORE_WARN, "security"},
    {"tls-downgrade", RF_STORE_WARN, "security"},    {"link-flood", RF_STORE_WARN, "security"},
    {"message-dropped", RF_STORE_WARN, "device"},    {"call-failed", RF_STORE_WARN, "call"},
    {"call-device-lost", RF_STORE_WARN, "call"},     {"call-secured", RF_STORE_INFO, "call"},
    {"call-flood", RF_STORE_WARN, "security"},
    /* The other steps of a call are in the log, and its record below. */
};

/* Every phone that starts says so by an alarm, and most of them have nothing to report. */
static enum rf_store_severity severity_of(size_t kind, const struct rf_sccp_event *event)
{
    bool is_routine = strcmp(event->kind, "alarm") == 0 &&
                      rf_slice_starts_with(rf_slice_str(event->text), "severity=informational");
    return is_routine ? RF_STORE_INFO : kinds[kind].severity;
}

void event_of_sccp(void *arg, const struct rf_sccp_event *event)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].kind, event->kind) != 0)
            continue;
        struct rf_store_event e = event_of(severity_of(i, event), kinds[i].category, event->kind);
        char text[RF_WHY_TEXT_MAX];
        set_device(&e, event->dev);
        e.call = event->call_id;
        if (event->cause != RF_SCCP_CAUSE_NONE)
            snprintf(text, sizeof text, "cause=%d %s %.200s", (int)event->cause,
                     rf_sccp_cause_name(event->cause), event->text);
        else
            snprintf(text, sizeof text, "%s", event->text);
        /* The service has escaped what a peer said. */
        snprintf(e.text, sizeof e.text, "%s", text);
        event_keep(arg, &e);
        return;
    }
}

void news_of_sccp(void *arg, const struct rf_sccp_event *event)
{
    held_of_sccp(arg, event);
    event_of_sccp(arg, event);
}

void unknown_of_sccp(void *arg, const char *name, const char *address, bool is_proved)
{
    /* Only what phones are called: other names cost nothing to make up. */
    if (strlen(name) == 15 && rf_slice_starts_with(rf_slice_str(name), "SEP"))
        device_quarantine(arg, name, is_proved ? NULL : address);
}

void event_of_record(void *arg, const struct rf_call_record *record)
{
    struct rf_store_event e = event_of(RF_STORE_INFO, "call", "call-ended");
    char text[RF_WHY_TEXT_MAX];
    set_device(&e, record->calling_device);
    e.call = record->call_id;
    int64_t talked_s = record->answered_s != 0 ? record->end_s - record->answered_s : 0;
    snprintf(text, sizeof text, "from=%s to=%s device=%s cause=%s security=%s talked=%llds",
             record->calling.number, record->called.number,
             record->called_device[0] != '\0' ? record->called_device : "-",
             rf_call_cause_name(record->cause), rf_call_security_name(record->security),
             (long long)talked_s);
    set_text(&e, text);
    event_keep(arg, &e);
}

/* ---- a certificate confirmed by its use ---- */

struct confirm {
    struct rf_job job;
    struct server *s;
    char dev[RF_STORE_DEVICE_NAME];
    uint8_t sha256[RF_SCCP_FP_LEN];
    enum rf_err err;
    struct rf_why why;
};

static void confirm_work(struct rf_job *job, void *state)
{
    struct confirm *c = (struct confirm *)job;
    struct rf_store_event e = event_of(RF_STORE_INFO, "capf", "confirmed-by-use");
    set_device(&e, c->dev);
    snprintf(e.text, sizeof e.text, "%s uses the LSC whose confirmation was missing", c->dev);
    c->err = rf_store_capf_confirm(state, c->dev, c->sha256, e.time_s, &e, &c->why);
}

/* Its older certificates are superseded now: call control has to know. */
static void confirm_done(struct rf_job *job, void *reader)
{
    struct confirm *c = (struct confirm *)job;
    if (reader != NULL && c->err == RF_OK) {
        rf_count(CAPF_CONFIRMED);
        rf_info(RF_CAT_CAPF, "certificate confirmed by its use dev=%s", c->dev);
        device_refresh(c->s, c->dev);
        rf_provision_invalidate(c->s->provision, c->dev);
        campaigns_news(c->s, c->dev);
    } else if (reader != NULL) {
        rf_warn(RF_CAT_CAPF, "certificate not confirmed by its use: %s dev=%s",
                rf_why_text(&c->why), c->dev);
    }
    rf_free(c);
}

void event_of_cert_used(void *arg, const char *dev, const uint8_t sha256[RF_SCCP_FP_LEN])
{
    struct server *s = arg;
    struct confirm *c = rf_new(struct confirm);
    c->s = s;
    snprintf(c->dev, sizeof c->dev, "%s", dev);
    memcpy(c->sha256, sha256, sizeof c->sha256);
    c->job = (struct rf_job){
        .work = confirm_work, .done = confirm_done, .answer_to = rf_loop_mailbox(s->loop)};
    if (rf_worker_post(s->store_worker, &c->job) == RF_OK)
        return;
    rf_error(RF_CAT_CAPF,
             "certificate not confirmed by its use: the database has too much to do "
             "dev=%s",
             dev);
    rf_free(c);
}

/* ---- files ---- */

/* Of what went well: configurations, and load lists, with which an image change begins. Of the rest
 * all but what is not there: phones ask for much that need not be. */
static bool is_worth_keeping(const struct rf_provision_report *report, bool is_sent)
{
    if (!is_sent)
        return strcmp(report->code, "file-not-found") != 0;
    return strstr(report->name, ".cnf.xml") != NULL || strstr(report->name, ".loads") != NULL;
}

static bool has_room(struct server *s, bool is_sent)
{
    uint64_t now_ms = rf_now_ms(rf_clock_real());
    return is_sent ? rf_log_allows(&s->files_sent, FILES_SENT_PER_MINUTE, now_ms)
                   : rf_log_allows(&s->files_refused, FILES_REFUSED_PER_MINUTE, now_ms);
}

void event_of_alarm(void *arg, const char *code, const char *device, const char *text)
{
    struct server *s = arg;
    if (!rf_log_allows(&s->file_alarms, FILES_REFUSED_PER_MINUTE, rf_now_ms(rf_clock_real())))
        return;
    struct rf_store_event e = event_of(RF_STORE_WARN, "file", code);
    if (device[0] != '\0')
        set_device(&e, device);
    set_text(&e, text);
    event_keep(s, &e);
}

void event_of_file(void *arg, const struct rf_provision_report *report)
{
    bool is_sent = report->is_complete || report->is_last_ack_missing;
    held_of_file(arg, report);
    if (report->is_looked_at || !is_worth_keeping(report, is_sent) || !has_room(arg, is_sent))
        return;
    struct rf_store_event e = event_of(is_sent ? RF_STORE_INFO : RF_STORE_WARN, "file",
                                       is_sent ? "file-sent" : report->code);
    if (report->device[0] != '\0')
        set_device(&e, report->device);
    if (is_sent)
        snprintf(e.text, sizeof e.text, "%.120s to %s, %llu bytes", report->name, report->peer,
                 (unsigned long long)report->bytes);
    else
        snprintf(e.text, sizeof e.text, "%.80s not sent to %s: %.120s", report->name, report->peer,
                 report->text);
    event_keep(arg, &e);
}

/* ---- old ones go ---- */

struct trim {
    struct rf_job job;
    uint32_t keep;
    int64_t oldest_s;
    uint32_t records;
    int64_t oldest_record_s;
};

static void tell_trimmed(const char *what, enum rf_err err, uint64_t n, const struct rf_why *why)
{
    if (err != RF_OK)
        rf_warn(RF_CAT_STORE, "old %s not dropped: %s", what, rf_why_text(why));
    else if (n > 0)
        rf_info(RF_CAT_STORE, "old %s dropped n=%llu", what, (unsigned long long)n);
}

static void trim_work(struct rf_job *job, void *state)
{
    struct trim *t = (struct trim *)job;
    uint64_t dropped = 0;
    struct rf_why why = {0};
    enum rf_err err = rf_store_event_trim(state, t->keep, t->oldest_s, &dropped, &why);
    tell_trimmed("events", err, dropped, &why);
    why = (struct rf_why){0};
    dropped = 0;
    err = rf_store_call_trim(state, t->records, t->oldest_record_s, &dropped, &why);
    tell_trimmed("records of calls", err, dropped, &why);
}

static void trim_done(struct rf_job *job, void *reader)
{
    rf_free(job);
}

static void trim_due(void *owner, uint64_t number)
{
    struct server *s = owner;
    s->trim = 0;
    events_trim(s);
}

void events_trim(struct server *s)
{
    const struct rf_site_conf *conf = s->site->conf;
    struct trim *t = rf_new(struct trim);
    int64_t now_s = rf_wall_s(rf_clock_real());
    *t = (struct trim){.job = {.work = trim_work, .done = trim_done},
                       .keep = conf->event_limit,
                       .oldest_s = now_s - (int64_t)conf->event_days * DAY_S,
                       .records = conf->call_record_limit,
                       .oldest_record_s = now_s - (int64_t)conf->call_record_days * DAY_S};
    if (rf_worker_post(s->store_worker, &t->job) != RF_OK)
        rf_free(t); /* the next hour will do */
    s->trim = rf_timer_start(rf_loop_timers(s->loop), TRIM_MS, trim_due, s, 0);
}
