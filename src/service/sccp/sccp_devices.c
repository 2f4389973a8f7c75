/* SPDX-License-Identifier: Apache-2.0 */
/* The configured devices: set by the operator's side, looked up at Register, shown as status. */
#include "base/faults.h"
#include "base/mem.h"
#include "service/sccp/sccp_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t bucket_of(struct rf_slice name)
{
    uint32_t h = 2166136261u;
    struct rf_rd rd = rf_rd_of(name);
    uint8_t c;
    while (rf_rd_u8(&rd, &c))
        h = (h ^ c) * 16777619u;
    return h % BUCKETS;
}

static struct station **station_slot(struct rf_sccp_service *svc, struct rf_slice name)
{
    struct station **at = &svc->stations[bucket_of(name)];
    while (*at != NULL && !rf_slice_eq_str(name, (*at)->conf.call.name))
        at = &(*at)->next;
    return at;
}

struct station *sccp_station_find(const struct rf_sccp_service *svc, struct rf_slice name)
{
    struct station *st = svc->stations[bucket_of(name)];
    while (st != NULL && !rf_slice_eq_str(name, st->conf.call.name))
        st = st->next;
    return st;
}

static struct station *station_by_name(const struct rf_sccp_service *svc, const char *name)
{
    return sccp_station_find(svc, rf_slice_str(name));
}

/* ---- changing ---- */

static void send_reset(struct session *s, enum rf_sccp_reset_type type)
{
    sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_RESET, .reset.type = (uint32_t)type});
}

static bool is_shown_changed(const struct rf_sccp_device *a, const struct rf_sccp_device *b)
{
    return a->call.n_lines != b->call.n_lines || strcmp(a->label, b->label) != 0 ||
           !rf_slice_eq(rf_slice_of(a->call.lines, sizeof a->call.lines[0] * a->call.n_lines),
                        rf_slice_of(b->call.lines, sizeof b->call.lines[0] * b->call.n_lines));
}

static void tell_phone(struct station *st, const struct rf_sccp_device *before)
{
    struct session *s = st->session;
    if (s == NULL)
        return;
    if (!sccp_link_fits_mode(s, &st->conf)) {
        send_reset(s, RF_SCCP_RESET_RESET);
        sccp_session_close(s, "the device's security mode was changed");
    } else if (!sccp_model_fits(s, &st->conf)) {
        send_reset(s, RF_SCCP_RESET_RESET);
        sccp_session_close(s, "the legacy port is not for its new model");
    } else if (!rf_fault_skips("sccp.session-of-old-certificate") &&
               sccp_is_superseded(s, &st->conf)) {
        send_reset(s, RF_SCCP_RESET_RESTART);
        sccp_session_close(s, "its certificate was replaced or revoked");
    } else if (is_shown_changed(before, &st->conf)) {
        send_reset(s, RF_SCCP_RESET_RESTART);
    }
}

/* Texts are copied field by field, so that what stands behind a NUL never makes two equal devices
 * look different. */
static struct rf_sccp_device tidy(const struct rf_sccp_device *from)
{
    struct rf_sccp_device d = *from;
    memset(d.label, 0, sizeof d.label);
    snprintf(d.label, sizeof d.label, "%s", from->label);
    memset(d.call.lines, 0, sizeof d.call.lines);
    for (size_t i = 0; i < d.call.n_lines && i < RF_CALL_LINES_MAX; i++) {
        struct rf_call_party *to = &d.call.lines[i];
        snprintf(to->number, sizeof to->number, "%s", from->call.lines[i].number);
        snprintf(to->name, sizeof to->name, "%s", from->call.lines[i].name);
    }
    return d;
}

enum rf_err rf_sccp_device_update(struct rf_sccp_service *svc, const struct rf_sccp_device *device,
                                  struct rf_why *why)
{
    struct rf_slice name = rf_slice_str(device->call.name);
    if (!rf_sccp_device_name_ok(name))
        return rf_why_set(why, RF_ERR_BAD, "device-name", "not a device name");
    if (device->n_certs > RF_SCCP_DEVICE_CERTS)
        return rf_why_set(why, RF_ERR_LIMIT, "device-certs", "more than %d certificates",
                          RF_SCCP_DEVICE_CERTS);
    struct rf_sccp_device now = tidy(device);
    enum rf_err err = rf_call_device_set(svc->calls, &now.call, why);
    if (err != RF_OK)
        return err;
    struct station **at = station_slot(svc, name);
    if (*at == NULL) {
        *at = rf_new(struct station);
        (*at)->conf = now;
        memcpy((*at)->modern_cert, now.modern_cert, sizeof now.modern_cert);
        return RF_OK;
    }
    struct rf_sccp_device before = (*at)->conf;
    (*at)->conf = now; /* what was learnt of its TLS since stays */
    tell_phone(*at, &before);
    return RF_OK;
}

enum rf_err rf_sccp_device_remove(struct rf_sccp_service *svc, const char *name)
{
    struct station *st = station_by_name(svc, name);
    if (st == NULL)
        return RF_ERR_NOT_FOUND;
    rf_call_device_remove(svc->calls, name); /* its calls end first, and it is told so */
    if (st->session != NULL) {
        send_reset(st->session, RF_SCCP_RESET_RESET);
        sccp_session_close(st->session, "the device was removed");
    }
    *station_slot(svc, rf_slice_str(name)) = st->next;
    rf_free(st);
    return RF_OK;
}

/* ---- the whole set ---- */

/* A line of the set, to be sorted by number. */
struct set_line {
    const char *number;
    const char *dev;
    bool is_shared;
};

static int by_number(const void *a, const void *b)
{
    return strcmp(((const struct set_line *)a)->number, ((const struct set_line *)b)->number);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum rf_err check_one(const struct rf_sccp_device *device, size_t at, struct rf_why *why)
{
    const struct rf_call_device_conf *d = &device->call;
    if (!rf_sccp_device_name_ok(rf_slice_str(d->name)))
        return rf_why_set(why, RF_ERR_BAD, "device-name", "device %zu has no usable name", at + 1);
    if (d->n_lines > RF_CALL_LINES_MAX || device->n_certs > RF_SCCP_DEVICE_CERTS)
        return rf_why_set(why, RF_ERR_LIMIT, "lines", "%s: too many lines or certificates",
                          d->name);
    for (size_t i = 0; i < d->n_lines; i++)
        if (!rf_call_number_ok(d->lines[i].number))
            return rf_why_set(why, RF_ERR_BAD, "line-number", "%s: line %zu has no usable number",
                              d->name, i + 1);
    return RF_OK;
}

static enum rf_err check_names(const struct rf_sccp_device *devices, size_t n, struct rf_why *why)
{
    RF_AUTO(rf_freep) const char **names = rf_new_n(const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        names[i] = devices[i].call.name;
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return rf_why_set(why, RF_ERR_EXISTS, "device-exists", "%s stands there twice",
                              names[i]);
    return RF_OK;
}

static enum rf_err check_lines(const struct rf_sccp_device *devices, size_t n, struct rf_why *why)
{
    RF_AUTO(rf_freep)
    struct set_line *lines = rf_new_n(struct set_line, n * RF_CALL_LINES_MAX + 1);
    size_t n_lines = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < devices[i].call.n_lines; k++)
            lines[n_lines++] = (struct set_line){.number = devices[i].call.lines[k].number,
                                                 .dev = devices[i].call.name,
                                                 .is_shared = devices[i].call.rules[k].is_shared};
    qsort(lines, n_lines, sizeof *lines, by_number);
    for (size_t i = 1; i < n_lines; i++) {
        const struct set_line *a = &lines[i - 1], *b = &lines[i];
        if (strcmp(a->number, b->number) != 0)
            continue;
        if (strcmp(a->dev, b->dev) == 0)
            return rf_why_set(why, RF_ERR_EXISTS, "line-number-taken", "%s has line %s twice",
                              a->dev, a->number);
        if (!a->is_shared || !b->is_shared)
            return rf_why_set(why, RF_ERR_EXISTS, "line-number-taken",
                              "line %s belongs to %s and %s", a->number, a->dev, b->dev);
    }
    return RF_OK;
}

/* What is not of the present set. */
static void remove_others(struct rf_sccp_service *svc)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct station *next;
        for (struct station *st = svc->stations[i]; st != NULL; st = next) {
            next = st->next;
            if (st->set != svc->set) {
                enum rf_err err = rf_sccp_device_remove(svc, st->conf.call.name);
                rf_bug_on(err != RF_OK);
            }
        }
    }
}

/* Lines may move between devices: none keeps its lines while the new ones are handed out. */
static void take_lines_away(struct rf_sccp_service *svc)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct station *st = svc->stations[i]; st != NULL; st = st->next) {
            struct rf_call_device_conf bare = st->conf.call;
            bare.n_lines = 0;
            enum rf_err err = rf_call_device_set(svc->calls, &bare, NULL);
            rf_bug_on(err != RF_OK);
        }
    }
}

enum rf_err rf_sccp_devices_set(struct rf_sccp_service *svc, const struct rf_sccp_device *devices,
                                size_t n, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < n && err == RF_OK; i++)
        err = check_one(&devices[i], i, why);
    if (err == RF_OK)
        err = check_lines(devices, n, why);
    if (err == RF_OK)
        err = check_names(devices, n, why);
    if (err != RF_OK)
        return err;
    svc->set++;
    for (size_t i = 0; i < n; i++) {
        struct station *st = station_by_name(svc, devices[i].call.name);
        if (st != NULL)
            st->set = svc->set;
    }
    remove_others(svc);
    take_lines_away(svc);
    for (size_t i = 0; i < n; i++) {
        err = rf_sccp_device_update(svc, &devices[i], why);
        if (err != RF_OK)
            return err; /* only the limit on devices is left to be met */
    }
    return RF_OK;
}

enum rf_err rf_sccp_device_reset(struct rf_sccp_service *svc, const char *name,
                                 enum rf_sccp_reset_type type)
{
    struct station *st = station_by_name(svc, name);
    if (st == NULL || st->session == NULL)
        return RF_ERR_NOT_FOUND;
    send_reset(st->session, type);
    return RF_OK;
}

/* ---- status ---- */

static void fill_session(const struct session *s, struct rf_sccp_device_status *out)
{
    out->is_registered = true;
    out->version = s->version;
    out->since_s = s->since_s;
    out->in_call = rf_call_device_in_call(s->svc->calls, s->dev);
    out->has_tls = s->has_tls;
    out->is_encrypted = s->is_encrypted;
    memcpy(out->address, s->address, sizeof out->address);
    memcpy(out->tls_version, s->tls_version, sizeof out->tls_version);
    memcpy(out->suite, s->suite, sizeof out->suite);
    memcpy(out->load, s->load, sizeof out->load);
    memcpy(out->version_stamp, s->version_stamp, sizeof out->version_stamp);
    memcpy(out->cert_sha256, s->sha256, sizeof out->cert_sha256);
    out->in = s->in;
    out->out = s->out;
}

static void fill(const struct station *st, struct rf_sccp_device_status *out)
{
    const struct rf_sccp_device *d = &st->conf;
    *out = (struct rf_sccp_device_status){
        .mode = d->mode, .n_lines = d->call.n_lines, .last_cause = st->last_cause};
    memcpy(out->name, d->call.name, sizeof out->name);
    memcpy(out->label, d->label, sizeof out->label);
    memcpy(out->lines, d->call.lines, sizeof out->lines);
    memcpy(out->last_alarm, st->last_alarm, sizeof out->last_alarm);
    if (st->session != NULL)
        fill_session(st->session, out);
}

bool rf_sccp_device_next(const struct rf_sccp_service *svc, uint32_t *at,
                         struct rf_sccp_device_status *out)
{
    uint32_t n = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (const struct station *st = svc->stations[i]; st != NULL; st = st->next) {
            if (n++ == *at) {
                (*at)++;
                fill(st, out);
                return true;
            }
        }
    }
    return false;
}

enum rf_err rf_sccp_device_status(const struct rf_sccp_service *svc, const char *name,
                                  struct rf_sccp_device_status *out)
{
    const struct station *st = station_by_name(svc, name);
    if (st == NULL)
        return RF_ERR_NOT_FOUND;
    fill(st, out);
    return RF_OK;
}
