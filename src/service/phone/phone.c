/* SPDX-License-Identifier: Apache-2.0 */
#include "service/phone/phone_int.h"

#include "base/random.h"

#include <string.h>

/* ---- the machine's events and timer ---- */

void phone_event(struct rf_phone *p, enum phone_ev ev)
{
    if (p->fsm.running)
        rf_fsm_post(&p->fsm, (int)ev, NULL, 0);
    else
        rf_fsm_handle(&p->fsm, (int)ev, NULL);
}

static void on_retry(void *owner, uint64_t number)
{
    struct rf_phone *p = owner;
    p->timer = 0;
    phone_event(p, (enum phone_ev)number);
}

void phone_timer(struct rf_phone *p, uint64_t ms, enum phone_ev ev)
{
    rf_timer_stop(p->conf.timers, &p->timer);
    p->timer = rf_timer_start(p->conf.timers, ms, on_retry, p, ev);
}

uint64_t phone_backoff(struct rf_phone *p)
{
    uint64_t ms = p->wait_ms != 0 ? p->wait_ms : p->conf.retry_first_ms;
    p->wait_ms = ms * 2 > p->conf.retry_max_ms ? p->conf.retry_max_ms : (uint32_t)ms * 2;
    return ms * (750 + rf_random_below(501)) / 1000;
}

int64_t phone_now_s(const struct rf_phone *p)
{
    return rf_wall_s(p->conf.clock);
}

enum rf_rollback phone_rollback(const struct rf_phone *p)
{
    return p->conf.has_file_rollback ? p->conf.file_rollback : p->options.file_rollback;
}

const char *phone_label(const void *self)
{
    return rf_phone_device(self);
}

/* ---- jobs ---- */

static void job_release(struct phone_job *job)
{
    if (job->release != NULL)
        job->release(job);
    rf_free(job);
}

static struct phone_job *job_of(struct rf_job *job)
{
    return (struct phone_job *)job; /* its first member */
}

static void job_work(struct rf_job *base, void *worker_state)
{
    struct phone_job *job = job_of(base);
    (void)worker_state;
    job->err = job->work(job, &job->why);
}

static void job_forget(struct rf_phone *p, const struct phone_job *job)
{
    for (struct phone_job **at = &p->jobs; *at != NULL; at = &(*at)->next)
        if (*at == job) {
            *at = job->next;
            return;
        }
}

/* On the loop; or, when the mailbox is being freed (reader NULL), only to be released. */
static void job_done(struct rf_job *base, void *reader)
{
    struct phone_job *job = job_of(base);
    struct rf_phone *p = job->phone;
    if (p != NULL) {
        job_forget(p, job);
        if (reader != NULL && job->done != NULL)
            job->done(p, job);
    }
    job_release(job);
}

void phone_job_post(struct rf_phone *p, struct phone_job *take_job)
{
    take_job->job.work = job_work;
    take_job->job.done = job_done;
    take_job->job.answer_to = p->conf.answers;
    take_job->phone = p;
    take_job->next = p->jobs;
    p->jobs = take_job;
    if (rf_worker_post(p->conf.worker, &take_job->job) == RF_OK)
        return;
    job_forget(p, take_job);
    bool is_step = take_job->done != NULL;
    job_release(take_job);
    rf_warn(RF_CAT_PHONE, "the worker has no room dev=%s", rf_phone_device(p));
    if (is_step)
        phone_event(p, PHONE_EV_BUSY);
}

/* ---- life ---- */

struct rf_phone *rf_phone_new(const struct rf_phone_conf *conf)
{
    struct rf_phone *p = rf_new(struct rf_phone);
    p->conf = *conf;
    p->conf.flash_dir = rf_strdup(conf->flash_dir);
    p->conf.min_load_version = rf_strdup(conf->min_load_version);
    p->conf.keylog_path = rf_strdup(conf->keylog_path);
    p->conf.auth_string = NULL;
    /* A string that is too long is no authentication string: then there is none. */
    if (conf->auth_string != NULL &&
        rf_secret_set(&p->auth, rf_secret_slice(conf->auth_string)) == RF_OK)
        p->conf.auth_string = &p->auth;
    p->conf.device_secret = NULL;
    if (conf->device_secret != NULL &&
        rf_secret_set(&p->device_secret, rf_secret_slice(conf->device_secret)) == RF_OK)
        p->conf.device_secret = &p->device_secret;
    if (p->conf.sccp_version == 0)
        p->conf.sccp_version = 22;
    if (p->conf.retry_first_ms == 0)
        p->conf.retry_first_ms = RF_PHONE_RETRY_FIRST_MS;
    if (p->conf.retry_max_ms == 0)
        p->conf.retry_max_ms = RF_PHONE_RETRY_MAX_MS;
    if (p->conf.retry_max_ms < p->conf.retry_first_ms)
        p->conf.retry_max_ms = p->conf.retry_first_ms;
    if (p->conf.enrol_retry_ms == 0)
        p->conf.enrol_retry_ms = RF_ENROL_RETRY_MS;
    if (p->conf.enrol_beside_ms == 0)
        p->conf.enrol_beside_ms = RF_PHONE_BESIDE_MS;
    if (p->conf.rounds == 0)
        p->conf.rounds = RF_PHONE_ROUNDS;
    if (p->conf.load_max == 0)
        p->conf.load_max = RF_PHONE_LOAD_MAX;
    p->start_reason = RF_SCCP_ALARM_REASON_INITIALIZED;
    rf_fsm_init(&p->fsm, rf_phone_boot_fsm_def(), p, PHONE_OFF);
    return p;
}

void rf_phone_start(struct rf_phone *phone)
{
    phone_event(phone, PHONE_EV_START);
}

void rf_phone_stop(struct rf_phone *phone)
{
    phone_event(phone, PHONE_EV_STOP);
}

void rf_phone_free(struct rf_phone *p)
{
    if (p == NULL)
        return;
    rf_timer_stop(p->conf.timers, &p->timer);
    phone_settings_end(p);
    phone_tvs_end(p);
    phone_service_end(p);
    phone_fetch_end(p);
    phone_enrol_end(p);
    phone_station_end(p);
    for (struct phone_job *job = p->jobs; job != NULL; job = job->next)
        job->phone = NULL;
    phone_update_free(p->update);
    rf_free(p->files);
    phone_firmware_free(p->firmware);
    rf_phonexml_free(p->config);
    rf_phonexml_free(p->stub);
    rf_lists_fini(&p->lists);
    rf_phone_id_fini(&p->mic);
    rf_phone_id_fini(&p->lsc);
    rf_image_keys_fini(&p->image_keys);
    rf_flash_free(p->flash);
    rf_secret_fini(&p->auth);
    rf_secret_fini(&p->device_secret);
    rf_free((void *)p->conf.flash_dir);
    rf_free((void *)p->conf.min_load_version);
    rf_free((void *)p->conf.keylog_path);
    rf_free(p);
}

/* ---- for whoever owns the phone ---- */

const char *rf_phone_device(const struct rf_phone *phone)
{
    return phone->flash != NULL ? phone->flash->identity.device : "";
}

struct rf_station *rf_phone_station(struct rf_phone *phone)
{
    return phone->station;
}

struct rf_slice rf_phone_display(const struct rf_phone *phone, const char *name)
{
    if (phone->firmware == NULL)
        return (struct rf_slice){0};
    return rf_fwpart_app_display(&phone->firmware->app, name);
}

const struct rf_fwpart_sound *rf_phone_sound(const struct rf_phone *phone,
                                             enum rf_fwpart_sound_kind kind, const char *name)
{
    return phone->firmware != NULL ? rf_fwpart_snd_find(&phone->firmware->snd, kind, name) : NULL;
}
