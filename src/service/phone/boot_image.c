/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware: the one that runs, and the change to another. A new load stays in memory until its
 * list, each component and the hardware it is for were verified; then it is written to the slot
 * that does not run, verified there as a whole, and one replacement of a file makes it the one that
 * boots. */
#include "service/phone/phone_int.h"

#include "base/faults.h"
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
    rf_free(fw);
}

static void phone_firmware_freep(struct phone_firmware **fw)
{
    phone_firmware_free(*fw);
}

/* The sounds. Their bytes are read again here, so they are verified again: what is used is what was
 * checked. A load without them is silent. */
static enum rf_err open_sounds(struct phone_firmware *fw, const char *dir,
                               const struct rf_cert_list *keys, struct rf_why *why)
{
    for (size_t i = 0; i < fw->load.component_n; i++) {
        const char *name = fw->load.component[i].name;
        struct rf_image_info info;
        struct rf_slice body;
        if (!rf_slice_starts_with(rf_slice_str(name), "rfsnd."))
            continue;
        RF_AUTO(rf_freep) char *path = rf_path_join(dir, name);
        enum rf_err err = rf_file_read(path, RF_IMAGE_BYTES_MAX, &fw->snd_file, why);
        if (err == RF_OK)
            err = rf_image_verify(rf_buf_slice(&fw->snd_file), rf_slice_str(name), keys, &info,
                                  &body, why);
        return err == RF_OK ? rf_fwpart_snd_decode(body, &fw->snd, why) : err;
    }
    return RF_OK;
}

void phone_load_name(const char *loads_name, char *out, size_t cap)
{
    struct rf_slice whole = rf_slice_str(loads_name);
    size_t tail =
        rf_slice_ends_with(whole, ".loads") || rf_slice_ends_with(whole, ".LOADS") ? 6 : 0;
    rf_slice_to_str(rf_slice_part(whole, 0, whole.len - tail), out, cap);
}

enum rf_err phone_firmware_open(const struct rf_flash *flash, enum rf_flash_slot slot,
                                const char *loads_name, const struct rf_cert_list *keys,
                                struct phone_firmware **out, struct rf_why *why)
{
    RF_AUTO(phone_firmware_freep) struct phone_firmware *fw = rf_new(struct phone_firmware);
    RF_AUTO(rf_freep) char *dir = rf_flash_slot_dir(flash, slot);
    struct rf_load_want want = {.hardware = rf_slice_str(flash->identity.hardware)};
    enum rf_err err = rf_load_verify_dir(dir, loads_name, keys, &want, &fw->load, why);
    if (err == RF_OK)
        err = rf_fwpart_app_decode(fw->load.app_body, &fw->app, why);
    if (err == RF_OK)
        err = open_sounds(fw, dir, keys, why);
    if (err != RF_OK)
        return err;
    phone_load_name(loads_name, fw->name, sizeof fw->name);
    *out = rf_steal(&fw);
    return RF_OK;
}

/* ---- a new one ---- */

void phone_update_free(struct phone_update *u)
{
    if (u == NULL)
        return;
    rf_load_fini(&u->list);
    for (size_t i = 0; i < RF_LOADS_ENTRIES_MAX; i++)
        rf_buf_fini(&u->part[i]);
    rf_free(u);
}

/* The update goes with the job and comes back with it. */
struct image_job {
    struct phone_job base;
    const struct rf_flash *flash;
    struct rf_cert_list keys; /* references of its own */
    struct phone_update *update;
    struct rf_buf bytes;
    char *min_version;
    struct rf_flash_boot boot;
};

static void image_release(struct phone_job *job)
{
    struct image_job *j = (struct image_job *)job;
    rf_cert_list_fini(&j->keys);
    phone_update_free(j->update);
    rf_buf_fini(&j->bytes);
    rf_free(j->min_version);
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
    for (size_t i = 0; i < p->image_keys.n; i++)
        j->keys.cert[j->keys.n++] = rf_cert_ref(p->image_keys.cert[i]);
    j->update = rf_steal(&p->update);
    j->bytes = p->got;
    p->got = (struct rf_buf){0};
    j->min_version = rf_strdup(p->conf.min_load_version);
    phone_job_post(p, &j->base);
}

/* The list. */
static enum rf_err loads_work(struct phone_job *job, struct rf_why *why)
{
    struct image_job *j = (struct image_job *)job;
    return rf_load_open(rf_buf_slice(&j->bytes), j->update->loads_name, &j->keys, &j->update->list,
                        why);
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

/* Is the component that says what hardware it is for, for ours? Asked before a byte is written. */
static enum rf_err judge_app(const struct image_job *j, struct rf_slice name, struct rf_slice body,
                             struct rf_why *why)
{
    RF_AUTO(rf_freep) struct rf_fwpart_app *app = rf_new(struct rf_fwpart_app);
    if (!rf_slice_starts_with(name, "rfapp."))
        return RF_OK;
    enum rf_err err = rf_fwpart_app_decode(body, app, why);
    if (err != RF_OK)
        return err;
    if (!rf_fault_skips("image.hardware") &&
        !rf_slice_eq_str(app->hardware, j->flash->identity.hardware)) {
        char theirs[64];
        return rf_why_set(why, RF_ERR_DENIED, "image-hardware",
                          "%.*s is for hardware %s, this phone is %s", (int)name.len,
                          (const char *)name.p, rf_escape(app->hardware, theirs, sizeof theirs),
                          j->flash->identity.hardware);
    }
    if (!rf_fault_skips("image.version") && j->min_version != NULL &&
        rf_image_version_order(app->version, rf_slice_str(j->min_version)) < 0) {
        char theirs[64];
        return rf_why_set(why, RF_ERR_DENIED, "image-version",
                          "%.*s has version %s, below the lowest this phone takes, %s",
                          (int)name.len, (const char *)name.p,
                          rf_escape(app->version, theirs, sizeof theirs), j->min_version);
    }
    return RF_OK;
}

/* What the list says of a component beyond its name. */
static enum rf_err judge_entry(const struct rf_loads_entry *entry, struct rf_slice file,
                               struct rf_slice body, struct rf_why *why)
{
    if (!rf_fault_skips("image.size") && entry->has_digest && entry->size_bytes != file.len)
        return rf_why_set(why, RF_ERR_DENIED, "image-size", "%.*s has %zu bytes, its list says %u",
                          (int)entry->name.len, (const char *)entry->name.p, file.len,
                          entry->size_bytes);
    struct rf_slice head = rf_slice_part(body, 0, RF_LOADS_MD5_LEN);
    if (!rf_fault_skips("image.digest") && entry->has_digest && !rf_slice_eq(head, entry->md5))
        return rf_why_set(why, RF_ERR_DENIED, "image-digest",
                          "%.*s does not begin with the digest that its list repeats",
                          (int)entry->name.len, (const char *)entry->name.p);
    return RF_OK;
}

/* One component. */
static enum rf_err part_work(struct phone_job *job, struct rf_why *why)
{
    struct image_job *j = (struct image_job *)job;
    struct phone_update *u = j->update;
    const struct rf_loads_entry *entry = &u->list.loads.entry[u->at];
    struct rf_slice file = rf_buf_slice(&j->bytes);
    struct rf_slice body;
    enum rf_err err = rf_image_verify(file, entry->name, &j->keys, &u->info, &body, why);
    if (err == RF_OK)
        err = judge_entry(entry, file, body, why);
    if (err == RF_OK)
        err = judge_app(j, entry->name, body, why);
    if (err != RF_OK)
        return err;
    u->part[u->at] = j->bytes;
    j->bytes = (struct rf_buf){0};
    return RF_OK;
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

/* ---- into the other slot ---- */

/* The components in order, the list last: a slot that was cut off has no list. */
static enum rf_err write_slot(const struct image_job *j, enum rf_flash_slot slot,
                              struct rf_why *why)
{
    const struct phone_update *u = j->update;
    enum rf_err err = rf_flash_slot_clear(j->flash, slot, why);
    rf_crash_point("image.cleared");
    for (size_t i = 0; i < u->list.loads.entry_n && err == RF_OK; i++) {
        char name[RF_LOADS_NAME_MAX + 1];
        if (u->part[i].len == 0)
            continue;
        rf_slice_to_str(u->list.loads.entry[i].name, name, sizeof name);
        err = rf_flash_slot_write(j->flash, slot, name, rf_buf_slice(&u->part[i]), why);
        rf_crash_point("image.half-written");
    }
    if (err == RF_OK)
        err = rf_flash_slot_write(j->flash, slot, u->loads_name, rf_buf_slice(&u->list.loads_file),
                                  why);
    return err;
}

static enum rf_err install_work(struct phone_job *job, struct rf_why *why)
{
    struct image_job *j = (struct image_job *)job;
    RF_AUTO(rf_freep) struct rf_load *load = rf_new(struct rf_load);
    struct rf_load_want want = {.hardware = rf_slice_str(j->flash->identity.hardware),
                                .min_version = rf_slice_str(j->min_version)};
    enum rf_err err = rf_flash_boot_read(j->flash, &j->boot, why);
    if (err != RF_OK)
        return err;
    enum rf_flash_slot slot = rf_flash_slot_other(j->boot.active);
    RF_AUTO(rf_freep) char *dir = rf_flash_slot_dir(j->flash, slot);
    rf_crash_point("image.fetched");
    err = write_slot(j, slot, why);
    if (err == RF_OK)
        err = rf_load_verify_dir(dir, j->update->loads_name, &j->keys, &want, load, why);
    rf_load_fini(load);
    if (err != RF_OK) {
        /* What is not to boot does not stay. */
        if (rf_flash_slot_clear(j->flash, slot, NULL) != RF_OK)
            rf_warn(RF_CAT_PHONE, "slot %s could not be cleared dev=%s", rf_flash_slot_name(slot),
                    j->flash->identity.device);
        return err;
    }
    rf_crash_point("image.written");
    j->boot.active = slot;
    rf_slice_to_str(rf_slice_str(j->update->loads_name), j->boot.loads[slot],
                    sizeof j->boot.loads[slot]);
    err = rf_flash_boot_write(j->flash, &j->boot, why);
    rf_crash_point("image.switched");
    return err;
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

/* The words of a real phone, and the number of the alarm, by what was wrong. */
static const struct {
    const char *code;
    const char *status;
    enum rf_sccp_alarm_reason alarm;
} refusals[] = {
    {"image-hardware", "Load rejected HC", RF_SCCP_ALARM_REASON_LOAD_REJECTED},
    {"image-version", "Version error", RF_SCCP_ALARM_REASON_LOAD_VERSION},
    {"file-name", "Version error", RF_SCCP_ALARM_REASON_LOAD_VERSION},
    {"file-not-found", "Version error", RF_SCCP_ALARM_REASON_LOAD_NOT_ON_TFTP},
    {"tftp-timeout", NULL, RF_SCCP_ALARM_REASON_TFTP_TIMEOUT},
    {"tftp-access", NULL, RF_SCCP_ALARM_REASON_TFTP_ACCESS},
    {"tftp-error", NULL, RF_SCCP_ALARM_REASON_TFTP_ERROR},
};

void phone_load_refused(struct rf_phone *p, const char *file, const struct rf_why *why)
{
    const char *status = "Checksum Error";
    enum rf_sccp_alarm_reason alarm = RF_SCCP_ALARM_REASON_CHECKSUM;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strcmp(refusals[i].code, why->code) == 0) {
            status = refusals[i].status;
            alarm = refusals[i].alarm;
        }
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_LOAD_REFUSED);
    phone_add(&v, "load", p->update->name);
    phone_add(&v, "file", file);
    phone_add_why(&v, why);
    phone_emit(p, &v);
    if (status != NULL)
        phone_status(p, "%s", status);
    phone_alarm(p, alarm, "image_rejected %.36s %s", file, why->code);
    rf_slice_to_str(rf_slice_str(p->update->name), p->refused_load, sizeof p->refused_load);
}
