/* SPDX-License-Identifier: Apache-2.0 */
/* What the worker does for a phone that boots: flash, lists, keys, messages. Each job owns its
 * inputs; what it found is taken over on the loop. */
#include "service/phone/phone_int.h"

#include "base/faults.h"

#include <stdio.h>
#include <string.h>

static void take_pair(struct rf_phone_id *to, struct rf_flash_pair *from)
{
    rf_phone_id_fini(to);
    to->cert = from->cert;
    to->key = from->key;
    to->chain = from->chain;
    *from = (struct rf_flash_pair){0};
}

/* ---- B0: the flash ---- */

struct boot_job {
    struct phone_job base;
    char *dir;
    struct rf_secret secret; /* of the device; len 0: none */
    struct rf_flash *known;  /* the phone's, opened before; not this job's */
    struct rf_flash *flash;  /* opened by this job */
    struct rf_image_keys image_keys;
    bool has_new_keys; /* the firmware brought them */
    struct rf_flash_boot boot;
    struct rf_flash_options options;
    const char *asked_floor; /* the phone's */
    struct phone_firmware *firmware;
    enum rf_flash_slot slot; /* the one it was found in */
    enum rf_err slot_err[2]; /* of a slot that is not used */
    struct rf_why slot_why[2];
    struct rf_flash_state state;
    struct rf_lists lists;
    struct rf_flash_pair mic;
    struct rf_flash_pair lsc;
    struct rf_why lsc_why;
    struct rf_phonexml *config;
    struct rf_why config_why; /* of a stored configuration that is not used */
};

static void boot_release(struct phone_job *job)
{
    struct boot_job *b = (struct boot_job *)job;
    rf_free(b->dir);
    rf_secret_fini(&b->secret);
    rf_flash_free(b->flash);
    rf_image_keys_fini(&b->image_keys);
    phone_firmware_free(b->firmware);
    rf_lists_fini(&b->lists);
    rf_flash_pair_fini(&b->mic);
    rf_flash_pair_fini(&b->lsc);
    rf_phonexml_free(b->config);
}

/* One slot. What is wrong with it is kept to be told. */
static bool try_slot(struct boot_job *b, const struct rf_flash *flash, enum rf_flash_slot slot,
                     const char *floor)
{
    b->slot = slot;
    b->slot_err[slot] = RF_ERR_NOT_FOUND;
    if (b->boot.loads[slot][0] != '\0')
        b->slot_err[slot] = phone_firmware_open(flash, slot, b->boot.loads[slot], &b->image_keys,
                                                floor, &b->firmware, &b->slot_why[slot]);
    return b->slot_err[slot] == RF_OK;
}

/* A slot that cannot be read may be read the next time; one that was read is what it is. */
static bool is_unread(const struct boot_job *b, enum rf_flash_slot slot)
{
    return b->slot_err[slot] == RF_ERR_IO || b->slot_err[slot] == RF_ERR_NOMEM;
}

static enum rf_err no_firmware(const struct boot_job *b, const struct rf_flash *flash,
                               struct rf_why *why)
{
    if (is_unread(b, RF_FLASH_A) || is_unread(b, RF_FLASH_B))
        return rf_why_set(why, RF_ERR_AGAIN, "slot-unread",
                          "%s: a slot cannot be read, and there is no other to boot: it is tried "
                          "again",
                          flash->dir);
    return rf_why_set(why, RF_ERR_DENIED, "no-firmware",
                      "no slot of %s holds firmware that verifies: `ringphone install` puts a "
                      "signed one there",
                      flash->dir);
}

/* The active slot, else the other, which is an older load and not below the floor. A load that was
 * fallen back to because the first is damaged is from now on the one that boots, so that the
 * damaged slot may be written again; because it could not be read: for this time. */
static enum rf_err find_firmware(struct boot_job *b, const struct rf_flash *flash,
                                 struct rf_why *why)
{
    char floor[RF_FLASH_VERSION_SIZE];
    enum rf_err err = rf_flash_image_keys(flash, &b->image_keys, why);
    if (err == RF_OK)
        err = rf_flash_options_read(flash, &b->options, why);
    if (err == RF_OK)
        err = rf_flash_boot_read(flash, &b->boot, why);
    if (err != RF_OK || try_slot(b, flash, b->boot.active, ""))
        return err;
    phone_floor(b->asked_floor, &b->options, floor);
    if (rf_fault_skips("phone.fallback-floor"))
        floor[0] = '\0';
    if (!try_slot(b, flash, rf_flash_slot_other(b->boot.active), floor))
        return no_firmware(b, flash, why);
    if (!rf_fault_skips("phone.slot-unread") && is_unread(b, b->boot.active))
        return RF_OK;
    b->boot.active = b->slot;
    return rf_flash_boot_write(flash, &b->boot, why);
}

/* The keys for the firmware after this one: from the firmware that runs, which was verified under
 * the keys before them, and never older ones than the phone has. */
static enum rf_err adopt_keys(struct boot_job *b, const struct rf_flash *flash, struct rf_why *why)
{
    struct rf_image_keys *brings = &b->firmware->brings;
    bool is_newer = brings->generation > b->image_keys.generation;
    if (brings->list.n == 0 || (!rf_fault_skips("phone.keys-generation") && !is_newer))
        return RF_OK;
    enum rf_err err = rf_flash_image_keys_write(flash, brings, why);
    rf_crash_point("image.keys");
    if (err != RF_OK)
        return err;
    rf_image_keys_fini(&b->image_keys);
    b->image_keys = *brings;
    *brings = (struct rf_image_keys){0};
    b->has_new_keys = true;
    return RF_OK;
}

/* A stored list that is damaged is not "no list": the next one would be taken on first trust. */
static enum rf_err read_list(struct boot_job *b, const struct rf_flash *flash,
                             enum rf_list_kind kind, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    struct rf_why inner = {0};
    enum rf_err err = rf_flash_list_read(flash, kind, &bytes, &inner);
    if (err == RF_ERR_NOT_FOUND)
        return RF_OK;
    if (err == RF_OK)
        err = rf_lists_load(&b->lists, kind, rf_buf_slice(&bytes), &inner);
    if (!rf_fault_skips("phone.stored-list") && err != RF_OK)
        return rf_why_set(why, err, "stored-list",
                          "the stored %s does not verify (%s): erase the lists with `ringphone "
                          "erase` if the next ones may be taken on first trust",
                          rf_list_kind_name(kind), inner.text);
    return RF_OK;
}

static enum rf_err boot_work(struct phone_job *job, struct rf_why *why)
{
    struct boot_job *b = (struct boot_job *)job;
    enum rf_err err = b->known != NULL ? RF_OK : rf_flash_open(b->dir, &b->flash, why);
    if (err == RF_OK && b->known == NULL)
        err = rf_flash_lock(b->flash, why);
    if (err == RF_OK && b->known == NULL)
        err = rf_flash_use_secret(b->flash, b->secret.len > 0 ? &b->secret : NULL, why);
    const struct rf_flash *flash = b->known != NULL ? b->known : b->flash;
    if (err == RF_OK)
        err = rf_flash_sweep(flash, why);
    if (err == RF_OK)
        err = rf_flash_settings_lock(flash, why);
    if (err == RF_OK)
        err = find_firmware(b, flash, why);
    if (err == RF_OK)
        err = adopt_keys(b, flash, why);
    if (err == RF_OK)
        err = rf_flash_mic_load(flash, &b->mic, why);
    if (err == RF_OK)
        err = read_list(b, flash, RF_LIST_CTL, why);
    if (err == RF_OK)
        err = read_list(b, flash, RF_LIST_ITL, why);
    if (err == RF_OK)
        err = rf_flash_state_read(flash, &b->state, why);
    if (err != RF_OK)
        return err;
    /* Without an LSC the MIC is used; without a configuration the phone asks for one. */
    if (rf_flash_lsc_load(flash, &b->lsc, &b->lsc_why) == RF_ERR_NOT_FOUND)
        b->lsc_why = (struct rf_why){0};
    struct phone_keys keys = {.own = b->lsc.cert != NULL ? b->lsc.key : b->mic.key,
                              .mic = b->mic.key};
    if (phone_config_stored(flash, &b->lists, &b->state, &keys, &b->config, &b->config_why) ==
        RF_ERR_NOT_FOUND)
        b->config_why = (struct rf_why){0};
    return RF_OK;
}

static void tell_slots(struct rf_phone *p, const struct boot_job *b)
{
    for (size_t i = 0; i < 2; i++) {
        if (b->slot_why[i].code[0] == '\0')
            continue;
        struct phone_values v;
        char load[RF_PHONEXML_NAME_SIZE];
        phone_load_name(b->boot.loads[i], load, sizeof load);
        phone_values_start(&v, RF_PHONE_SLOT_REFUSED);
        phone_add(&v, "slot", rf_flash_slot_name((enum rf_flash_slot)i));
        phone_add(&v, "load", load);
        phone_add_why(&v, &b->slot_why[i]);
        phone_emit(p, &v);
        const char *code = b->slot_why[i].code;
        phone_status(p, "%s",
                     is_unread(b, (enum rf_flash_slot)i)   ? "Flash read error"
                     : strcmp(code, "image-hardware") == 0 ? "Load rejected HC"
                     : strcmp(code, "image-version") == 0  ? "Version error"
                                                           : "Checksum Error");
        phone_alarm(p, RF_SCCP_ALARM_REASON_CHECKSUM, "image_rejected slot %s %s",
                    rf_flash_slot_name((enum rf_flash_slot)i), b->slot_why[i].code);
    }
}

static void tell_boot(struct rf_phone *p)
{
    const struct phone_firmware *fw = p->firmware;
    char version[64], hardware[64];
    rf_slice_to_str(rf_slice_str(fw->load.version), version, sizeof version);
    rf_slice_to_str(rf_slice_str(fw->load.hardware), hardware, sizeof hardware);
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_BOOT);
    phone_add(&v, "device", p->flash->identity.device);
    phone_add(&v, "slot", rf_flash_slot_name(p->slot));
    phone_add(&v, "load", fw->name);
    phone_add(&v, "version", version);
    phone_add(&v, "hardware", hardware);
    phone_add(&v, "signer", fw->load.list_info.signer);
    phone_add(&v, "mic", rf_cert_fingerprint(p->mic.cert));
    phone_add(&v, "lsc", p->lsc.cert != NULL ? rf_cert_fingerprint(p->lsc.cert) : NULL);
    phone_add_n(&v, "boots", p->boots);
    phone_emit(p, &v);
    phone_display(p, "boot");
}

static void tell_keys(struct rf_phone *p)
{
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_IMAGE_KEYS);
    phone_add_n(&v, "generation", p->image_keys.generation);
    phone_add_n(&v, "keys", (int64_t)p->image_keys.list.n);
    phone_add(&v, "first", rf_cert_fingerprint(p->image_keys.list.cert[0]));
    phone_emit(p, &v);
}

static void tell_unused(struct rf_phone *p, const struct boot_job *b)
{
    struct phone_values v;
    if (b->config_why.code[0] != '\0') {
        phone_values_start(&v, RF_PHONE_CONFIG_REFUSED);
        phone_add(&v, "file", rf_flash_item_path(RF_FLASH_CONFIG));
        phone_add_why(&v, &b->config_why);
        phone_emit(p, &v);
        phone_status(p, "File auth error: %s", rf_flash_item_path(RF_FLASH_CONFIG));
    }
    if (b->lsc_why.code[0] != '\0')
        rf_warn(RF_CAT_PHONE, "the stored LSC cannot be used: %s dev=%s", rf_why_text(&b->lsc_why),
                rf_phone_device(p));
}

static void boot_done(struct rf_phone *p, struct phone_job *job)
{
    struct boot_job *b = (struct boot_job *)job;
    if (b->flash != NULL)
        p->flash = rf_steal(&b->flash);
    if (p->flash != NULL)
        tell_slots(p, b);
    if (job->err != RF_OK) {
        /* What ran before was of this flash and may not run on. */
        phone_firmware_free(rf_steal(&p->firmware));
        p->got_why = job->why;
        phone_event(p,
                    strcmp(job->why.code, "slot-unread") == 0 ? PHONE_EV_UNREAD : PHONE_EV_DAMAGED);
        return;
    }
    rf_image_keys_fini(&p->image_keys);
    p->image_keys = b->image_keys;
    b->image_keys = (struct rf_image_keys){0};
    phone_firmware_free(p->firmware);
    p->firmware = rf_steal(&b->firmware);
    p->slot = b->slot;
    p->options = b->options;
    p->state = b->state;
    rf_lists_fini(&p->lists);
    p->lists = b->lists;
    b->lists = (struct rf_lists){0};
    take_pair(&p->mic, &b->mic);
    take_pair(&p->lsc, &b->lsc);
    rf_phonexml_free(p->config);
    p->config = rf_steal(&b->config);
    p->is_config_verified = p->config != NULL;
    tell_boot(p);
    if (b->has_new_keys)
        tell_keys(p);
    tell_unused(p, b);
    phone_event(p, PHONE_EV_READY);
}

void phone_do_boot(struct rf_phone *p)
{
    struct boot_job *b = rf_new(struct boot_job);
    b->base.work = boot_work;
    b->base.done = boot_done;
    b->base.release = boot_release;
    b->dir = rf_strdup(p->conf.flash_dir);
    b->known = p->flash;
    if (p->conf.device_secret != NULL && p->flash == NULL) {
        enum rf_err err = rf_secret_set(&b->secret, rf_secret_slice(p->conf.device_secret));
        rf_bug_on(err != RF_OK); /* its length was checked */
    }
    b->asked_floor = p->conf.min_load_version; /* not freed before the worker's last job */
    phone_job_post(p, &b->base);
}

/* ---- B4v, B5v: a trust list ---- */

struct list_job {
    struct phone_job base;
    const struct rf_flash *flash;
    enum rf_list_kind kind;
    struct rf_lists lists; /* references of its own */
    struct rf_buf bytes;
    struct rf_list_policy policy;
    struct rf_cert *vouched; /* references of its own, these two */
    struct rf_cert *asked;   /* a signer that the lists do not know */
    struct rf_list_verdict verdict;
};

static void list_release(struct phone_job *job)
{
    struct list_job *l = (struct list_job *)job;
    rf_lists_fini(&l->lists);
    rf_list_verdict_fini(&l->verdict);
    rf_cert_unref(l->vouched);
    rf_cert_unref(l->asked);
    rf_buf_fini(&l->bytes);
}

/* The certificate that TVS is to be asked about, when that may help. */
static struct rf_cert *unknown_signer(struct rf_slice bytes, const struct rf_why *why)
{
    RF_AUTO(rf_list_freep) struct rf_list *list = NULL;
    bool is_unknown =
        strcmp(why->code, "list-signer-unknown") == 0 || strcmp(why->code, "list-signer-role") == 0;
    if (!is_unknown || rf_list_open(bytes, &list, NULL) != RF_OK ||
        rf_list_own_signer(list) == NULL)
        return NULL;
    return rf_cert_ref((struct rf_cert *)(uintptr_t)rf_list_own_signer(list));
}

static enum rf_err list_work(struct phone_job *job, struct rf_why *why)
{
    struct list_job *l = (struct list_job *)job;
    struct rf_slice bytes = rf_buf_slice(&l->bytes);
    enum rf_err err = rf_lists_consider(&l->lists, l->kind, bytes, &l->policy, &l->verdict, why);
    if (err == RF_OK && l->verdict.action != RF_LIST_SAME)
        err = rf_flash_list_write(l->flash, l->kind, bytes, why);
    if (err != RF_OK)
        l->asked = unknown_signer(bytes, why);
    return err;
}

static const char *action_name(enum rf_list_action action)
{
    return action == RF_LIST_FIRST_TRUST ? "first-trust"
           : action == RF_LIST_SAME      ? "same"
           : action == RF_LIST_VOUCHED   ? "vouched"
                                         : "update";
}

static void list_accepted(struct rf_phone *p, struct list_job *l)
{
    bool is_new = l->verdict.action != RF_LIST_SAME;
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_LIST);
    phone_add(&v, "list", rf_list_kind_name(l->kind));
    phone_add(&v, "file", p->file);
    phone_add(&v, "action", action_name(l->verdict.action));
    phone_add(&v, "signer", l->verdict.signer[0] != '\0' ? l->verdict.signer : NULL);
    phone_add(&v, "fingerprint", rf_list_fingerprint(l->verdict.list));
    phone_add_n(&v, "records", (int64_t)rf_list_n(l->verdict.list));
    if (l->verdict.is_rollback)
        phone_add_flag(&v, "older", true);
    const struct rf_trustlist *content = rf_list_content(l->verdict.list);
    phone_add_odd(p, &v, p->file, content->header.is_minor_unknown,
                  content->header.unknown_n + content->unknown_n);
    phone_emit(p, &v);
    p->note[l->kind].is_new = is_new;
    if (is_new)
        rf_lists_install(&p->lists, l->kind, l->verdict.list);
}

static void list_done(struct rf_phone *p, struct phone_job *job)
{
    struct list_job *l = (struct list_job *)job;
    if (job->err == RF_OK) {
        list_accepted(p, l);
        phone_event(p, PHONE_EV_ACCEPTED);
        return;
    }
    p->got_why = job->why;
    if (l->asked != NULL && phone_may_ask_tvs(p, l->asked)) {
        p->got = l->bytes;
        l->bytes = (struct rf_buf){0};
        phone_event(p, PHONE_EV_ASK_TVS);
        return;
    }
    phone_event(p, PHONE_EV_REFUSED);
}

void phone_do_list(struct rf_phone *p, enum rf_list_kind kind)
{
    struct list_job *l = rf_new(struct list_job);
    l->base.work = list_work;
    l->base.done = list_done;
    l->base.release = list_release;
    l->flash = p->flash;
    l->kind = kind;
    if (p->lists.ctl != NULL)
        l->lists.ctl = rf_list_ref(p->lists.ctl);
    if (p->lists.itl != NULL)
        l->lists.itl = rf_list_ref(p->lists.itl);
    l->bytes = p->got;
    p->got = (struct rf_buf){0};
    l->policy = (struct rf_list_policy){
        .has_now = !p->conf.no_clock, .now_s = phone_now_s(p), .rollback = phone_rollback(p)};
    l->vouched = p->vouched != NULL ? rf_cert_ref(p->vouched) : NULL;
    l->policy.vouched = l->vouched;
    phone_job_post(p, &l->base);
}

/* ---- after an enrolment: which pair is in use now ---- */

struct keys_job {
    struct phone_job base;
    const struct rf_flash *flash;
    struct rf_flash_pair lsc;
};

static void keys_release(struct phone_job *job)
{
    rf_flash_pair_fini(&((struct keys_job *)job)->lsc);
}

static enum rf_err keys_work(struct phone_job *job, struct rf_why *why)
{
    struct keys_job *k = (struct keys_job *)job;
    enum rf_err err = rf_flash_lsc_load(k->flash, &k->lsc, why);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

static void keys_done(struct rf_phone *p, struct phone_job *job)
{
    struct keys_job *k = (struct keys_job *)job;
    p->got_why = job->why;
    if (job->err == RF_OK)
        take_pair(&p->lsc, &k->lsc);
    phone_event(p, job->err == RF_OK ? PHONE_EV_READY : PHONE_EV_DAMAGED);
}

void phone_do_keys(struct rf_phone *p)
{
    struct keys_job *k = rf_new(struct keys_job);
    k->base.work = keys_work;
    k->base.done = keys_done;
    k->base.release = keys_release;
    k->flash = p->flash;
    phone_job_post(p, &k->base);
}

/* ---- the user forgets the lists ---- */

struct erase_job {
    struct phone_job base;
    const struct rf_flash *flash;
};

static enum rf_err erase_work(struct phone_job *job, struct rf_why *why)
{
    return rf_flash_lists_erase(((struct erase_job *)job)->flash, why);
}

static void erase_done(struct rf_phone *p, struct phone_job *job)
{
    if (job->err != RF_OK) {
        phone_status(p, "Erasing CTL and ITL files failed: %s", job->why.code);
        return;
    }
    rf_lists_fini(&p->lists);
    p->tvs_cache = (struct phone_tvs_cache){0}; /* who vouched is not known any more */
    p->leave_to = PHONE_EV_TO_LISTS;
    phone_event(p, PHONE_EV_CHANGED);
}

void phone_do_erase(struct rf_phone *p)
{
    struct erase_job *e = rf_new(struct erase_job);
    e->base.work = erase_work;
    e->base.done = erase_done;
    e->flash = p->flash;
    phone_job_post(p, &e->base);
}

/* ---- status messages, and the end ---- */

struct status_job {
    struct phone_job base;
    const struct rf_flash *flash;
    int64_t at_s;
    char text[RF_FLASH_STATUS_TEXT_MAX];
};

static enum rf_err status_work(struct phone_job *job, struct rf_why *why)
{
    struct status_job *s = (struct status_job *)job;
    if (rf_flash_status_add(s->flash, s->at_s, s->text, why) != RF_OK)
        rf_warn(RF_CAT_PHONE, "status message not kept: %s dev=%s", rf_why_text(why),
                s->flash->identity.device);
    return RF_OK;
}

void phone_do_status(struct rf_phone *p, const char *text)
{
    if (p->flash == NULL)
        return;
    struct status_job *s = rf_new(struct status_job);
    s->base.work = status_work;
    s->flash = p->flash;
    s->at_s = phone_now_s(p);
    rf_slice_to_str(rf_slice_str(text), s->text, sizeof s->text);
    phone_job_post(p, &s->base);
}

static enum rf_err barrier_work(struct phone_job *job, struct rf_why *why)
{
    (void)job;
    (void)why;
    return RF_OK;
}

static void barrier_done(struct rf_phone *p, struct phone_job *job)
{
    (void)job;
    phone_event(p, PHONE_EV_DRAINED);
}

/* The worker takes jobs in their order: when this one comes back, none of the phone's is left. */
void phone_do_barrier(struct rf_phone *p)
{
    struct phone_job *job = rf_new(struct phone_job);
    job->work = barrier_work;
    job->done = barrier_done;
    phone_job_post(p, job);
}
