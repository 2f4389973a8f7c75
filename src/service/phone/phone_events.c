/* SPDX-License-Identifier: Apache-2.0 */
/* What a phone tells: events with keys and values, status messages, alarms. */
#include "service/phone/phone_int.h"

#include "base/text.h"
#include "wire/sccp/sccp_names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *rf_phone_event_name(enum rf_phone_event_kind kind)
{
    static const char *const names[RF_PHONE_EVENT_N] = {
        [RF_PHONE_BOOT] = "boot",
        [RF_PHONE_SLOT_REFUSED] = "slot-refused",
        [RF_PHONE_HALTED] = "halted",
        [RF_PHONE_IMAGE_KEYS] = "image-keys",
        [RF_PHONE_STATUS] = "status",
        [RF_PHONE_FETCH] = "fetch",
        [RF_PHONE_LIST] = "list",
        [RF_PHONE_LIST_REFUSED] = "list-refused",
        [RF_PHONE_TVS] = "tvs",
        [RF_PHONE_CONFIG] = "config",
        [RF_PHONE_CONFIG_REFUSED] = "config-refused",
        [RF_PHONE_FILE] = "file",
        [RF_PHONE_FILE_REFUSED] = "file-refused",
        [RF_PHONE_LOAD_WANTED] = "load-wanted",
        [RF_PHONE_LOAD_PART] = "load-part",
        [RF_PHONE_LOAD_REFUSED] = "load-refused",
        [RF_PHONE_LOAD_INSTALLED] = "load-installed",
        [RF_PHONE_ENROL] = "enrol",
        [RF_PHONE_ENROL_STEP] = "enrol-step",
        [RF_PHONE_ENROL_DONE] = "enrol-done",
        [RF_PHONE_REFUSED] = "not-registering",
        [RF_PHONE_DISPLAY] = "display",
        [RF_PHONE_SOUND] = "sound",
        [RF_PHONE_STATION] = "station",
        [RF_PHONE_SERVICE] = "service",
        [RF_PHONE_WAIT] = "wait",
        [RF_PHONE_STOPPED] = "stopped",
    };
    return kind < RF_PHONE_EVENT_N ? names[kind] : "?";
}

const struct rf_phone_value *rf_phone_event_value(const struct rf_phone_event *event,
                                                  const char *key)
{
    for (size_t i = 0; i < event->n; i++)
        if (strcmp(event->value[i].key, key) == 0)
            return &event->value[i];
    return NULL;
}

/* ---- putting one together ---- */

void phone_values_start(struct phone_values *v, enum rf_phone_event_kind kind)
{
    v->event.kind = kind;
    v->event.name = rf_phone_event_name(kind);
    v->event.n = 0;
    v->event.station = NULL;
}

static void add(struct phone_values *v, struct rf_phone_value value)
{
    rf_bug_on(v->event.n == RF_PHONE_VALUES_MAX);
    v->event.value[v->event.n++] = value;
}

void phone_add(struct phone_values *v, const char *key, const char *text)
{
    if (text != NULL)
        add(v, (struct rf_phone_value){.key = key, .type = RF_PHONE_TEXT, .text = text});
}

void phone_add_n(struct phone_values *v, const char *key, int64_t number)
{
    add(v, (struct rf_phone_value){.key = key, .type = RF_PHONE_NUMBER, .number = number});
}

void phone_add_flag(struct phone_values *v, const char *key, bool flag)
{
    add(v, (struct rf_phone_value){.key = key, .type = RF_PHONE_FLAG, .number = flag});
}

void phone_add_why(struct phone_values *v, const struct rf_why *why)
{
    phone_add(v, "code", why->code);
    phone_add(v, "why", why->text);
}

void phone_add_odd(struct rf_phone *p, struct phone_values *v, const char *file, bool is_minor,
                   size_t unknown_n)
{
    if (!is_minor && unknown_n == 0)
        return;
    phone_add_flag(v, "odd", true);
    rf_warn(RF_CAT_PHONE, "%s is taken with %s and %zu unknown tags dev=%s", file,
            is_minor ? "an unknown minor version" : "a known version", unknown_n,
            rf_phone_device(p));
}

/* One line for each, with level by what it means. */
static void log_event(const struct rf_phone *p, const struct rf_phone_event *event)
{
    char line[512];
    size_t at = 0;
    for (size_t i = 0; i < event->n && at + 1 < sizeof line; i++) {
        const struct rf_phone_value *value = &event->value[i];
        char text[200];
        int n = value->type == RF_PHONE_TEXT
                    ? snprintf(line + at, sizeof line - at, " %s=\"%s\"", value->key,
                               rf_escape(rf_slice_str(value->text), text, sizeof text))
                    : snprintf(line + at, sizeof line - at, " %s=%lld", value->key,
                               (long long)value->number);
        at += n > 0 ? (size_t)n : 0;
    }
    if (event->n == 0)
        line[0] = '\0';
    enum rf_log_level level = rf_phone_event_value(event, "code") != NULL ? RF_LOG_WARN
                              : event->kind == RF_PHONE_DISPLAY || event->kind == RF_PHONE_SOUND
                                  ? RF_LOG_DEBUG
                                  : RF_LOG_INFO;
    rf_log(RF_CAT_PHONE, level, "%s dev=%s%s", event->name, rf_phone_device(p), line);
}

void phone_emit(struct rf_phone *p, const struct phone_values *v)
{
    log_event(p, &v->event);
    if (p->conf.on_event != NULL)
        p->conf.on_event(p->conf.arg, &v->event);
}

/* ---- status messages, alarms, display ---- */

void phone_status(struct rf_phone *p, const char *fmt, ...)
{
    char text[RF_FLASH_STATUS_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct phone_values v;
    /* Kept before it is told: who hears of it may stop the phone. */
    phone_do_status(p, text);
    phone_values_start(&v, RF_PHONE_STATUS);
    phone_add(&v, "text", text);
    phone_emit(p, &v);
}

void phone_alarm(struct rf_phone *p, enum rf_sccp_alarm_reason number, const char *fmt, ...)
{
    if (p->alarm_n == PHONE_ALARMS_MAX)
        return; /* the first ones are the causes */
    struct phone_alarm *a = &p->alarm[p->alarm_n++];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(a->text, sizeof a->text, fmt, ap);
    va_end(ap);
    a->number = number;
}

void phone_display(struct rf_phone *p, const char *key)
{
    struct rf_slice shown = rf_phone_display(p, key);
    char text[RF_FWPART_VALUE_MAX + 1];
    if (shown.len == 0)
        return;
    rf_slice_to_str(shown, text, sizeof text);
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_DISPLAY);
    phone_add(&v, "key", key);
    phone_add(&v, "text", text);
    phone_emit(p, &v);
}

void phone_sound(struct rf_phone *p, enum rf_fwpart_sound_kind kind, const char *name, bool is_on)
{
    const struct rf_fwpart_sound *sound = rf_phone_sound(p, kind, name);
    uint8_t md[RF_DIGEST_MAX];
    char hex[65];
    if (sound == NULL)
        return;
    size_t n = rf_digest_of(RF_DIGEST_SHA256, sound->samples, md);
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_SOUND);
    phone_add(&v, "kind", kind == RF_FWPART_SOUND_RING ? "ring" : "tone");
    phone_add(&v, "name", name);
    phone_add_flag(&v, "on", is_on);
    phone_add_n(&v, "samples", (int64_t)sound->samples.len);
    phone_add(&v, "sha256", rf_hex(rf_slice_of(md, n), hex, sizeof hex));
    phone_emit(p, &v);
}

/* ---- what the station tells ---- */

static void add_stats(struct phone_values *v, const struct rf_media_stats *s)
{
    phone_add_n(v, "sent", (int64_t)s->sent_packets);
    phone_add_n(v, "received", (int64_t)s->received_packets);
    phone_add_n(v, "lost", (int64_t)s->lost);
    phone_add_n(v, "late", (int64_t)s->late);
    phone_add_n(v, "jitter", s->jitter);
    phone_add_n(v, "longest_gap_ms", s->longest_gap_ms);
    phone_add_n(v, "refused_tag", (int64_t)s->refused_tag);
    phone_add_n(v, "refused_replay", (int64_t)s->refused_replay);
    phone_add_n(v, "refused_ssrc", (int64_t)s->refused_ssrc);
    phone_add_n(v, "refused_format", (int64_t)s->refused_format);
    phone_add_n(v, "recorded", (int64_t)s->recorded);
    phone_add_n(v, "clip_sent", (int64_t)s->clip_sent);
}

/* Texts that an event has nothing to say with are empty. */
static void add_said(struct phone_values *v, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        phone_add(v, key, text);
}

static void add_of_link(struct phone_values *v, const struct rf_station_event *ev)
{
    bool is_text = ev->kind == RF_STATION_PROMPT || ev->kind == RF_STATION_NOTIFY;
    add_said(v, "server", ev->server);
    add_said(v, "tls", ev->tls_version);
    add_said(v, "codec", ev->codec);
    add_said(v, "suite", ev->suite);
    if (ev->kind == RF_STATION_REGISTERED) {
        phone_add_n(v, "version", ev->version);
        phone_add(v, "number", ev->number);
        phone_add(v, "label", ev->label);
        phone_add_flag(v, "fallback", ev->is_srst);
    }
    if (ev->why.code[0] != '\0')
        phone_add_why(v, &ev->why);
    if (is_text)
        phone_add(v, "text", ev->text); /* "" clears the line */
    else if (ev->kind != RF_STATION_KEYS)
        add_said(v, "text", ev->text);
    if (ev->kind == RF_STATION_WAITS || (ev->kind == RF_STATION_STANDBY && ev->wait_ms != 0))
        phone_add_n(v, "wait_ms", ev->wait_ms);
    if (ev->kind == RF_STATION_RESET)
        phone_add(v, "reset", rf_sccp_name_or_unknown(RF_SCCP_NAMES_RESET_TYPE, ev->reset));
    if (ev->kind == RF_STATION_LINK_COUNTS) {
        phone_add_n(v, "in", (int64_t)ev->in);
        phone_add_n(v, "out", (int64_t)ev->out);
        phone_add_n(v, "dropped", (int64_t)ev->dropped);
    }
}

static void add_parties(struct phone_values *v, const struct rf_station_event *ev)
{
    phone_add_flag(v, "incoming", ev->is_incoming);
    phone_add(v, "calling_number", ev->calling_number);
    phone_add(v, "calling_name", ev->calling_name);
    phone_add(v, "called_number", ev->called_number);
    phone_add(v, "called_name", ev->called_name);
    add_said(v, "original_number", ev->original_number);
    add_said(v, "redirecting_number", ev->redirecting_number);
    add_said(v, "redirecting_name", ev->redirecting_name);
    phone_add(v, "security", rf_sccp_name_or_unknown(RF_SCCP_NAMES_SECURITY_STATUS, ev->security));
    phone_add(v, "icon", rf_station_icon(ev->security));
}

static void add_of_call(struct phone_values *v, const struct rf_station_event *ev)
{
    if (ev->kind == RF_STATION_CALL) {
        phone_add(v, "state", rf_station_call_state_name(ev->call_state));
        add_said(v, "word", ev->word);
    } else if (ev->kind == RF_STATION_CALL_INFO) {
        add_parties(v, ev);
    } else if (ev->kind == RF_STATION_TONE) {
        phone_add(v, "tone", rf_sccp_name_or_unknown(RF_SCCP_NAMES_TONE, ev->tone));
    }
    if (ev->kind == RF_STATION_CALL || ev->ref != 0)
        phone_add_n(v, "call", ev->ref);
    if (ev->nth != 0)
        phone_add_n(v, "nth", ev->nth);
    if (ev->kind == RF_STATION_CALL || ev->line != 0)
        phone_add_n(v, "line", ev->line);
}

/* Keys, lamps and the like: under which names their values go out; NULL: it has none such. */
static void add_of_screen(struct phone_values *v, const struct rf_station_event *ev)
{
    static const struct {
        enum rf_station_event_kind kind;
        const char *word, *text, *number, *instance, *status, *label;
        bool has_on, has_mode;
    } rows[] = {
        {RF_STATION_KEYS, .word = "set", .text = "keys"},
        {RF_STATION_LAMP, .word = "key", .instance = "instance", .has_mode = true},
        {RF_STATION_RINGER, .has_on = true, .has_mode = true},
        {RF_STATION_SPEAKER, .has_on = true},
        {RF_STATION_MICROPHONE, .has_on = true},
        {RF_STATION_DIALLED, .number = "number"},
        {RF_STATION_FORWARD, .number = "number", .has_on = true},
        {RF_STATION_FEATURE, "key", .instance = "instance", .status = "status", .label = "label"},
        {RF_STATION_HISTORY, .word = "list"},
        {RF_STATION_STANDBY, .word = "what"},
        {RF_STATION_DATA, .instance = "application"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].kind != ev->kind)
            continue;
        if (rows[i].has_on)
            phone_add_flag(v, "on", ev->is_on);
        if (rows[i].word != NULL)
            phone_add(v, rows[i].word, ev->word);
        if (rows[i].instance != NULL)
            phone_add_n(v, rows[i].instance, ev->instance);
        if (rows[i].status != NULL)
            phone_add_n(v, rows[i].status, ev->status);
        phone_add(v, "mode", rows[i].has_mode ? ev->mode : NULL);
        if (rows[i].text != NULL)
            phone_add(v, rows[i].text, ev->text);
        if (rows[i].number != NULL)
            phone_add(v, rows[i].number, ev->number);
        if (rows[i].label != NULL)
            phone_add(v, rows[i].label, ev->label);
    }
}

static void add_of_media(struct phone_values *v, const struct rf_station_event *ev)
{
    add_said(v, "remote", ev->remote);
    if (ev->port != 0)
        phone_add_n(v, "port", ev->port);
    add_said(v, "reason", ev->reason);
    if (ev->kind == RF_STATION_PACKETS_REFUSED || ev->kind == RF_STATION_MEDIA_ENDED)
        add_stats(v, &ev->stats);
}

void phone_emit_station(struct rf_phone *p, const struct rf_station_event *ev)
{
    struct phone_values v;
    char digit[2] = {ev->digit, '\0'};
    phone_values_start(&v, RF_PHONE_STATION);
    /* "stopped" is the phone's own last word. */
    v.event.name =
        ev->kind == RF_STATION_STOPPED ? "unregistered" : rf_station_event_name(ev->kind);
    v.event.station = ev;
    add_of_link(&v, ev);
    add_of_call(&v, ev);
    add_of_screen(&v, ev);
    add_of_media(&v, ev);
    if (ev->kind == RF_STATION_DTMF)
        phone_add(&v, "digit", digit);
    phone_emit(p, &v);
}
