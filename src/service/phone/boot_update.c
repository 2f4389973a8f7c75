/* SPDX-License-Identifier: Apache-2.0 */
/* A new load, judged and put in its slot: the same for what came over the network and for what a
 * user brought (`ringphone install`). All of it stays in memory until its list, each component, the
 * hardware and version it has and the keys it brings were looked at; then it is written to the slot
 * that does not run, verified there as a whole, and one replacement of a file makes it the one that
 * boots. doc: docs/security-rules.md, "Firmware" */
#include "service/phone/phone_int.h"

#include "base/faults.h"
#include "base/file.h"
#include "base/text.h"

#include <string.h>

void phone_update_free(struct phone_update *u)
{
    if (u == NULL)
        return;
    rf_load_fini(&u->list);
    for (size_t i = 0; i < RF_LOADS_ENTRIES_MAX; i++)
        rf_buf_fini(&u->part[i]);
    rf_image_keys_fini(&u->brings);
    rf_free(u);
}

enum rf_err phone_update_list(struct phone_update *u, const struct phone_judge *j,
                              struct rf_slice file, struct rf_why *why)
{
    return rf_load_open(file, u->loads_name, &j->keys->list, &u->list, why);
}

/* ---- components ---- */

/* The component that says what hardware it is for, and which version it has. */
static enum rf_err judge_app(struct phone_update *u, const struct phone_judge *j,
                             struct rf_slice name, struct rf_slice body, struct rf_why *why)
{
    RF_AUTO(rf_freep) struct rf_fwpart_app *app = rf_new(struct rf_fwpart_app);
    char theirs[64];
    enum rf_err err = rf_fwpart_app_decode(body, app, why);
    if (err != RF_OK)
        return err;
    if (!rf_fault_skips("image.hardware") &&
        !rf_slice_eq_str(app->hardware, j->flash->identity.hardware))
        return rf_why_set(why, RF_ERR_DENIED, "image-hardware",
                          "%.*s is for hardware %s, this phone is %s", (int)name.len,
                          (const char *)name.p, rf_escape(app->hardware, theirs, sizeof theirs),
                          j->flash->identity.hardware);
    if (!rf_fault_skips("image.version") && j->min_version[0] != '\0' &&
        rf_image_version_order(app->version, rf_slice_str(j->min_version)) < 0)
        return rf_why_set(why, RF_ERR_DENIED, "image-version",
                          "%.*s has version %s, below the lowest this phone takes, %s",
                          (int)name.len, (const char *)name.p,
                          rf_escape(app->version, theirs, sizeof theirs), j->min_version);
    u->app_n++;
    rf_slice_to_str(app->version, u->version, sizeof u->version);
    return RF_OK;
}

/* A component that is well signed and would not be understood at boot is not installed. */
static enum rf_err judge_kind(struct phone_update *u, const struct phone_judge *j,
                              struct rf_slice name, struct rf_slice body, struct rf_why *why)
{
    if (rf_slice_starts_with(name, "rfapp."))
        return judge_app(u, j, name, body, why);
    if (rf_slice_starts_with(name, "rfsnd.")) {
        RF_AUTO(rf_freep) struct rf_fwpart_snd *snd = rf_new(struct rf_fwpart_snd);
        return rf_fwpart_snd_decode(body, snd, why);
    }
    if (rf_slice_starts_with(name, "rfkeys.") && u->brings.list.n == 0)
        return rf_image_keys_decode(body, &u->brings, why);
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

enum rf_err phone_update_part(struct phone_update *u, const struct phone_judge *j,
                              struct rf_buf *take_file, struct rf_why *why)
{
    const struct rf_loads_entry *entry = &u->list.loads.entry[u->at];
    struct rf_slice file = rf_buf_slice(take_file);
    struct rf_slice body;
    enum rf_err err = rf_image_verify(file, entry->name, &j->keys->list, &u->info, &body, why);
    if (err == RF_OK)
        err = judge_entry(entry, file, body, why);
    if (err == RF_OK)
        err = judge_kind(u, j, entry->name, body, why);
    if (err != RF_OK)
        return err;
    memcpy(u->signer[u->at], u->info.signer, sizeof u->signer[u->at]);
    u->part[u->at] = *take_file;
    *take_file = (struct rf_buf){0};
    return RF_OK;
}

/* ---- the whole ---- */

/* Keys without the ones that signed this very load would leave the phone without firmware. */
static enum rf_err judge_keys(const struct phone_update *u, const struct phone_judge *j,
                              struct rf_why *why)
{
    bool is_known = rf_image_keys_has(&u->brings, u->list.list_info.signer);
    if (u->brings.generation <= j->keys->generation)
        return RF_OK; /* an older load: its keys count no more */
    for (size_t i = 0; i < u->list.loads.entry_n; i++)
        is_known = is_known && (u->part[i].len == 0 || rf_image_keys_has(&u->brings, u->signer[i]));
    if (!rf_fault_skips("image.keys") && !is_known)
        return rf_why_set(why, RF_ERR_DENIED, "image-keys",
                          "%s brings image keys of generation %u, which do not have the key that "
                          "signed it: the phone could not boot it again",
                          u->loads_name, u->brings.generation);
    return RF_OK;
}

static enum rf_err judge_whole(const struct phone_update *u, const struct phone_judge *j,
                               struct rf_why *why)
{
    if (u->app_n != 1)
        return rf_why_set(why, RF_ERR_BAD, "image-app", "%s: %s component rfapp.* in the load",
                          u->loads_name, u->app_n == 0 ? "no" : "more than one");
    return judge_keys(u, j, why);
}

/* The components in order, the list last: a slot that was cut off has no list. */
static enum rf_err write_slot(const struct phone_update *u, const struct phone_judge *j,
                              enum rf_flash_slot slot, struct rf_why *why)
{
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

static enum rf_err fill_slot(const struct phone_update *u, const struct phone_judge *j,
                             enum rf_flash_slot slot, struct rf_why *why)
{
    RF_AUTO(rf_freep) struct rf_load *load = rf_new(struct rf_load);
    RF_AUTO(rf_freep) char *dir = rf_flash_slot_dir(j->flash, slot);
    struct rf_load_want want = {.hardware = rf_slice_str(j->flash->identity.hardware),
                                .min_version = rf_slice_str(j->min_version)};
    enum rf_err err = write_slot(u, j, slot, why);
    if (err == RF_OK)
        err = rf_load_verify_dir(dir, u->loads_name, &j->keys->list, &want, load, why);
    rf_load_fini(load);
    if (err == RF_OK)
        return RF_OK;
    /* What is not to boot does not stay. */
    if (rf_flash_slot_clear(j->flash, slot, NULL) != RF_OK)
        rf_warn(RF_CAT_PHONE, "slot %s could not be cleared dev=%s", rf_flash_slot_name(slot),
                j->flash->identity.device);
    return err;
}

enum rf_err phone_update_install(const struct phone_update *u, const struct phone_judge *j,
                                 struct rf_flash_boot *boot, struct rf_why *why)
{
    enum rf_err err = judge_whole(u, j, why);
    if (err == RF_OK)
        err = rf_flash_boot_read(j->flash, boot, why);
    if (err != RF_OK)
        return err;
    enum rf_flash_slot slot = rf_flash_slot_other(boot->active);
    if (!rf_fault_skips("image.slot-runs") && j->has_running && slot == j->running)
        return rf_why_set(why, RF_ERR_DENIED, "slot-unread",
                          "the phone runs from slot %s because slot %s could not be read: neither "
                          "is written over before that is known to be damaged",
                          rf_flash_slot_name(slot), rf_flash_slot_name(boot->active));
    rf_crash_point("image.fetched");
    err = fill_slot(u, j, slot, why);
    if (err != RF_OK)
        return err;
    rf_crash_point("image.written");
    boot->active = slot;
    rf_slice_to_str(rf_slice_str(u->loads_name), boot->loads[slot], sizeof boot->loads[slot]);
    err = rf_flash_boot_write(j->flash, boot, why);
    rf_crash_point("image.switched");
    return err;
}
