/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware: the one that runs, and the change to another as it comes over the network. What is
 * believed of a new one, and how it gets into its slot, is in boot_update.c. */
#include "service/phone/phone_int.h"

#include "base/file.h"
#include "base/text.h"

#include <string.h>

/* ---- the one that runs ---- */

void phone_firmware_free(struct phone_firmware *fw)
{
    if (fw == NULL)
        return;
    rf_load_fini(&fw->load);
    rf_buf_fini(&fw->snd_file);
    rf_image_keys_fini(&fw->brings);
    rf_free(fw);
}

static void phone_firmware_freep(struct phone_firmware **fw)
{
    phone_firmware_free(*fw);
}

/* The body of the component of that kind, empty when the load has none. Its bytes are read again
 * here, so they are verified again: what is used is what was checked. */
static enum rf_err open_part(const struct phone_firmware *fw, const char *dir, const char *kind,
                             const struct rf_image_keys *keys, struct rf_buf *file,
                             struct rf_slice *body, struct rf_why *why)
{
    *body = (struct rf_slice){0};
    for (size_t i = 0; i < fw->load.component_n; i++) {
        const char *name = fw->load.component[i].name;
        struct rf_image_info info;
        if (!rf_slice_starts_with(rf_slice_str(name), kind))
            continue;
        RF_AUTO(rf_freep) char *path = rf_path_join(dir, name);
        enum rf_err err = rf_file_read(path, RF_IMAGE_BYTES_MAX, file, why);
        return err == RF_OK ? rf_image_verify(rf_buf_slice(file), rf_slice_str(name), &keys->list,
                                              &info, body, why)
                            : err;
    }
    return RF_OK;
}

/* The sounds. A load without them is silent. */
static enum rf_err open_sounds(struct phone_firmware *fw, const char *dir,
                               const struct rf_image_keys *keys, struct rf_why *why)
{
    struct rf_slice body;
    enum rf_err err = open_part(fw, dir, "rfsnd.", keys, &fw->snd_file, &body, why);
    return err == RF_OK && body.len != 0 ? rf_fwpart_snd_decode(body, &fw->snd, why) : err;
}

/* The image keys it brings. */
static enum rf_err open_keys(struct phone_firmware *fw, const char *dir,
                             const struct rf_image_keys *keys, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    struct rf_slice body;
    enum rf_err err = open_part(fw, dir, "rfkeys.", keys, &file, &body, why);
    return err == RF_OK && body.len != 0 ? rf_image_keys_decode(body, &fw->brings, why) : err;
}

void phone_floor(const char *asked, const struct rf_flash_options *options,
                 char out[RF_FLASH_VERSION_SIZE])
{
    struct rf_slice stored = rf_slice_str(options->min_load_version);
    struct rf_slice now = rf_slice_str(asked != NULL ? asked : "");
    bool is_stored = rf_image_version_order(now, stored) < 0;
    rf_slice_to_str(is_stored ? stored : now, out, RF_FLASH_VERSION_SIZE);
}

void phone_load_name(const char *loads_name, char *out, size_t cap)
{
    struct rf_slice whole = rf_slice_str(loads_name);
    size_t tail =
        rf_slice_ends_with(whole, ".loads") || rf_slice_ends_with(whole, ".LOADS") ? 6 : 0;
    rf_slice_to_str(rf_slice_part(whole, 0, whole.len - tail), out, cap);
}

enum rf_err phone_firmware_open(const struct rf_flash *flash, enum rf_flash_slot slot,
                                const char *loads_name, const struct rf_image_keys *keys,
                                const char *min_version, struct phone_firmware **out,
                                struct rf_why *why)
{
    RF_AUTO(phone_firmware_freep) struct phone_firmware *fw = rf_new(struct phone_firmware);
    RF_AUTO(rf_freep) char *dir = rf_flash_slot_dir(flash, slot);
    struct rf_load_want want = {.hardware = rf_slice_str(flash->identity.hardware),
                                .min_version = rf_slice_str(min_version)};
    enum rf_err err = rf_load_verify_dir(dir, loads_name, &keys->list, &want, &fw->load, why);
    if (err == RF_OK)
        err = rf_fwpart_app_decode(fw->load.app_body, &fw->app, why);
    if (err == RF_OK)
        err = open_sounds(fw, dir, keys, why);
    if (err == RF_OK)
        err = open_keys(fw, dir, keys, why);
    if (err != RF_OK)
        return err;
    phone_load_name(loads_name, fw->name, sizeof fw->name);
    *out = rf_steal(&fw);
    return RF_OK;
}

/* ---- a new one ---- */

/* The update goes with the job and comes back with it. */
struct image_job {
    struct phone_job base;
    const struct rf_flash *flash;
    struct rf_image_keys keys; /* references of its own */
    struct phone_update *update;
    struct rf_buf bytes;
    char min_version[RF_FLASH_VERSION_SIZE]; /* "": none */
    enum rf_flash_slot running;
    struct rf_flash_boot boot;
};

static void image_release(struct phone_job *job)
{
    struct image_job *j = (struct image_job *)job;
    rf_image_keys_fini(&j->keys);
    phone_update_free(j->update);
    rf_buf_fini(&j->bytes);
}

static void image_done(struct rf_phone *p, struct phone_job *job)
{
    struct image_job *j = (struct image_job *)job;
    phone_update_free(p->update);
    p->update = rf_steal(&j->update);
    p->got_why = job->why;
}

static void post(struct rf_phone *p, enum rf_err (*work)(struct phone_job *, struct rf_why *),
                 void (*done)(struct rf_phone *, struct phone_job *))
{
    struct image_job *j = rf_new(struct image_job);
    j->base.work = work;
    j->base.done = done;
    j->base.release = image_release;
    j->flash = p->flash;
    j->keys.generation = p->image_keys.generation;
    for (size_t i = 0; i < p->image_keys.list.n; i++)
        j->keys.list.cert[j->keys.list.n++] = rf_cert_ref(p->image_keys.list.cert[i]);
    j->update = rf_steal(&p->update);
    j->bytes = p->got;
    p->got = (struct rf_buf){0};
    phone_floor(p->conf.min_load_version, &p->options, j->min_version);
    j->running = p->slot;
    phone_job_post(p, &j->base);
}

static struct phone_judge judge_of(const struct image_job *j)
{
    return (struct phone_judge){.flash = j->flash,
                                .keys = &j->keys,
                                .min_version = j->min_version,
                                .has_running = true,
                                .running = j->running};
}

/* The list. */
static enum rf_err loads_work(struct phone_job *job, struct rf_why *why)
{
    struct image_job *j = (struct image_job *)job;
    struct phone_judge judge = judge_of(j);
    return phone_update_list(j->update, &judge, rf_buf_slice(&j->bytes), why);
}

static void tell_part(struct rf_phone *p, const char *file, const struct rf_image_info *info)
{
    char hex[65];
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_LOAD_PART);
    phone_add(&v, "load", p->update->name);
    phone_add(&v, "file", file);
    phone_add_n(&v, "bytes", (int64_t)info->file_len);
    phone_add(&v, "sha256", rf_hex(rf_slice_of(info->sha256, 32), hex, sizeof hex));
    phone_emit(p, &v);
}

static void loads_done(struct rf_phone *p, struct phone_job *job)
{
    image_done(p, job);
    if (job->err != RF_OK) {
        phone_load_refused(p, p->update->loads_name, &job->why);
        phone_event(p, PHONE_EV_REFUSED);
        return;
    }
    tell_part(p, p->update->loads_name, &p->update->list.list_info);
    phone_event(p, PHONE_EV_ACCEPTED);
}

void phone_do_loads(struct rf_phone *p)
{
    post(p, loads_work, loads_done);
}

/* One component. */
static enum rf_err part_work(struct phone_job *job, struct rf_why *why)
{
    struct image_job *j = (struct image_job *)job;
    struct phone_judge judge = judge_of(j);
    return phone_update_part(j->update, &judge, &j->bytes, why);
}

static void part_done(struct rf_phone *p, struct phone_job *job)
{
    image_done(p, job);
    struct phone_update *u = p->update;
    if (job->err != RF_OK) {
        phone_load_refused(p, u->failed_file, &job->why);
        phone_event(p, PHONE_EV_REFUSED);
        return;
    }
    tell_part(p, u->info.name, &u->info);
    phone_event(p, PHONE_EV_ACCEPTED);
}

void phone_do_part(struct rf_phone *p)
{
    post(p, part_work, part_done);
}

static enum rf_err install_work(struct phone_job *job, struct rf_why *why)
{
    struct image_job *j = (struct image_job *)job;
    struct phone_judge judge = judge_of(j);
    return phone_update_install(j->update, &judge, &j->boot, why);
}

static void install_done(struct rf_phone *p, struct phone_job *job)
{
    const struct image_job *j = (const struct image_job *)job;
    image_done(p, job);
    if (job->err != RF_OK) {
        phone_load_refused(p, p->update->loads_name, &job->why);
        phone_event(p, PHONE_EV_REFUSED);
        return;
    }
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_LOAD_INSTALLED);
    phone_add(&v, "load", p->update->name);
    phone_add(&v, "slot", rf_flash_slot_name(j->boot.active));
    phone_add(&v, "version", p->update->version);
    if (rf_image_version_order(rf_slice_str(p->update->version),
                               rf_slice_str(p->firmware->load.version)) < 0)
        phone_add_flag(&v, "older", true);
    phone_emit(p, &v);
    rf_slice_to_str(rf_slice_str(p->update->name), p->installed_load, sizeof p->installed_load);
    p->installs++;
    phone_event(p, PHONE_EV_INSTALLED);
}

void phone_do_install(struct rf_phone *p)
{
    post(p, install_work, install_done);
}

/* ---- refused ---- */

/* The words of a real phone, on its screen and in the alarm, and the alarm's number, by what was
 * wrong. */
static const struct {
    const char *code;
    const char *status;
    const char *told;
    enum rf_sccp_alarm_reason alarm;
} refusals[] = {
    {"image-hardware", "Load rejected HC", "Load rejected HC", RF_SCCP_ALARM_REASON_LOAD_REJECTED},
    {"image-version", "Version error", "Version error", RF_SCCP_ALARM_REASON_LOAD_VERSION},
    {"file-name", "Version error", "Version error", RF_SCCP_ALARM_REASON_LOAD_VERSION},
    {"image-missing", "Version error", "Version error", RF_SCCP_ALARM_REASON_LOAD_VERSION},
    {"file-not-found", "Version error", "File not found", RF_SCCP_ALARM_REASON_LOAD_NOT_ON_TFTP},
    {"sig-mismatch", "Checksum Error", "Auth fail", RF_SCCP_ALARM_REASON_CHECKSUM},
    {"signer-unknown", "Checksum Error", "Auth fail", RF_SCCP_ALARM_REASON_CHECKSUM},
    {"tftp-timeout", NULL, "TFTP timeout", RF_SCCP_ALARM_REASON_TFTP_TIMEOUT},
    {"tftp-access", NULL, "TFTP access error", RF_SCCP_ALARM_REASON_TFTP_ACCESS},
    {"tftp-error", NULL, "TFTP error", RF_SCCP_ALARM_REASON_TFTP_ERROR},
};

#define REFUSALS_N (sizeof refusals / sizeof *refusals)

static size_t refusal_of(const char *code)
{
    size_t i = 0;
    while (i < REFUSALS_N && strcmp(refusals[i].code, code) != 0)
        i++;
    return i;
}

const char *phone_refusal_status(const char *code)
{
    size_t i = refusal_of(code);
    return i < REFUSALS_N && refusals[i].status != NULL ? refusals[i].status : "Checksum Error";
}

void phone_load_refused(struct rf_phone *p, const char *file, const struct rf_why *why)
{
    size_t at = refusal_of(why->code);
    const char *status = at < REFUSALS_N ? refusals[at].status : "Checksum Error";
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_LOAD_REFUSED);
    phone_add(&v, "load", p->update->name);
    phone_add(&v, "file", file);
    phone_add_why(&v, why);
    phone_emit(p, &v);
    if (status != NULL)
        phone_status(p, "%s", status);
    phone_alarm(p, at < REFUSALS_N ? refusals[at].alarm : RF_SCCP_ALARM_REASON_CHECKSUM,
                "%s %.30s %s", at < REFUSALS_N ? refusals[at].told : status, file, why->code);
    rf_slice_to_str(rf_slice_str(p->update->name), p->refused_load, sizeof p->refused_load);
}
