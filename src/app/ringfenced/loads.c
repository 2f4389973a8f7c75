/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware that phones do not run: what they say of it is compared with what their configuration
 * names. Call-control thread, main loop (which knows the configuration in force), store worker.
 * doc: docs/firmware.md, "See who does not" */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/ringfenced/server_int.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"
#include "service/site/images.h"

struct told {
    struct rf_msg msg;
    struct rf_job job;
    struct server *s;
    char device[RF_STORE_DEVICE_NAME];
    char running[RF_STORE_LOAD];
    bool is_alarm;
    const char *reason; /* a constant */
    char file[RF_SCCP_LOAD_FILE_MAX + 1];
    char text[RF_STORE_TEXT];
    char load_server[RF_STORE_LOAD]; /* of the site */
    int64_t now_s;
};

/* ---- on the store worker ---- */

/* "term42.default" is a list that names a real load's images, which then has its own name. */
static bool is_alias(const char *load)
{
    return rf_slice_ends_with(rf_slice_str(load), ".default");
}

/* Did its configuration name the load? One that is not here is left out, so that a phone does not
 * ask for it in a circle. */
static bool is_named(const struct told *t, const struct rf_store_device *device, const char *load)
{
    RF_AUTO(rf_freep) char *images = rf_site_path(t->s->site, RF_SITE_IMAGES);
    return load[0] != '\0' && (device->load_server[0] != '\0' || t->load_server[0] != '\0' ||
                               rf_image_load_is_here(images, load));
}

/* An alarm counts unless the phone runs the load all the same; a registration alone only when both
 * names are known, and can be compared. */
static bool refuses(const struct told *t, const struct rf_store_device *device, const char *load)
{
    bool is_same = strcasecmp(t->running, load) == 0;
    if (t->is_alarm)
        return !is_same || load[0] == '\0';
    return !is_same && t->running[0] != '\0' && !is_alias(load) && is_named(t, device, load);
}

static enum rf_err note_it(struct rf_store *store, const struct told *t, const char *load,
                           struct rf_why *why)
{
    struct rf_store_refused r = {0};
    snprintf(r.device, sizeof r.device, "%s", t->device);
    snprintf(r.load, sizeof r.load, "%s", load);
    snprintf(r.running, sizeof r.running, "%s", t->running);
    snprintf(r.file, sizeof r.file, "%s", t->file);
    snprintf(r.reason, sizeof r.reason, "%s", t->is_alarm ? t->reason : "not-taken");
    snprintf(r.how, sizeof r.how, "%s", t->is_alarm ? "alarm" : "registration");
    snprintf(r.text, sizeof r.text, "%s", t->text);
    struct rf_store_event e = {.time_s = t->now_s,
                               .uid = -1,
                               .severity = t->is_alarm ? RF_STORE_WARN : RF_STORE_INFO,
                               .category = "image"};
    snprintf(e.code, sizeof e.code, "%s", t->is_alarm ? "image-rejected" : "image-not-taken");
    snprintf(e.device, sizeof e.device, "%s", t->device);
    snprintf(e.text, sizeof e.text, "runs %s, its configuration names %s: reason=%s file=%s",
             t->running[0] != '\0' ? t->running : "?", load[0] != '\0' ? load : "no load", r.reason,
             t->file[0] != '\0' ? t->file : "-");
    bool is_new = false;
    enum rf_err err = rf_store_refused_note(store, &r, t->now_s, &e, &is_new, why);
    if (err == RF_OK && is_new && t->is_alarm) {
        rf_count(IMAGE_REJECTED);
        rf_warn(RF_CAT_SCCP, "image rejected: %s dev=%s", e.text, t->device);
    }
    return err;
}

static enum rf_err clear(struct rf_store *store, const char *device, struct rf_why *why)
{
    struct rf_store_refused old;
    struct rf_why none = {0};
    enum rf_err err = rf_store_refused_load(store, device, &old, &none);
    if (err == RF_ERR_NOT_FOUND)
        return RF_OK; /* the usual case writes nothing */
    return err == RF_OK ? rf_store_refused_clear(store, device, why)
                        : rf_why_set(why, err, none.code, "%s", none.text);
}

static enum rf_err compare(struct rf_store *store, const struct told *t, struct rf_why *why)
{
    struct rf_store_phone phone = {.lines = NULL};
    enum rf_err err = rf_store_device_load(store, t->device, &phone, why);
    if (err != RF_OK)
        return err;
    const char *load = rf_store_load_of(&phone.device);
    if (refuses(t, &phone.device, load))
        err = note_it(store, t, load, why);
    else
        err = clear(store, t->device, why);
    rf_store_phone_fini(&phone);
    return err;
}

static struct told *told_of(struct rf_job *job)
{
    return (struct told *)((char *)job - offsetof(struct told, job));
}

static void not_kept(const struct told *t, const struct rf_why *why)
{
    rf_error(RF_CAT_STORE, "what a phone runs was not kept: %s dev=%s", rf_why_text(why),
             t->device);
}

static void compare_work(struct rf_job *job, void *state)
{
    const struct told *t = told_of(job);
    struct rf_why why = {0};
    enum rf_err err = compare(state, t, &why);
    if (err != RF_OK && err != RF_ERR_NOT_FOUND) /* removed meanwhile */
        not_kept(t, &why);
}

static void compare_settled(struct rf_job *job, enum rf_err err, const struct rf_why *why)
{
    if (err != RF_OK)
        not_kept(told_of(job), why);
}

static void compare_done(struct rf_job *job, void *reader)
{
    rf_free(told_of(job));
}

/* ---- on the main loop ---- */

static void on_main(struct rf_msg *msg, void *reader)
{
    struct told *t = (struct told *)msg;
    if (reader == NULL) {
        rf_free(t);
        return;
    }
    snprintf(t->load_server, sizeof t->load_server, "%s", t->s->site->conf->load_server);
    t->job = (struct rf_job){
        .work = compare_work, .done = compare_done, .settled = compare_settled, .is_patient = true};
    if (rf_worker_post(t->s->store_worker, &t->job) == RF_OK)
        return;
    rf_warn(RF_CAT_STORE, "what a phone runs was not kept: the database has too much to do dev=%s",
            t->device);
    rf_free(t);
}

/* ---- on the call-control thread ---- */

void load_told(void *arg, const char *dev, const char *running,
               const struct rf_sccp_load_alarm *alarm, const char *text)
{
    struct server *s = arg;
    struct told *t = rf_new(struct told);
    t->s = s;
    t->now_s = rf_wall_s(rf_clock_real());
    t->is_alarm = alarm != NULL;
    snprintf(t->device, sizeof t->device, "%s", dev);
    snprintf(t->running, sizeof t->running, "%s", running);
    if (alarm != NULL) {
        t->reason = alarm->reason;
        snprintf(t->file, sizeof t->file, "%s", alarm->file);
        snprintf(t->text, sizeof t->text, "%s", text);
    }
    t->msg.run = on_main;
    rf_mailbox_post_answer(rf_loop_mailbox(s->loop), &t->msg);
}
