/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration names beside itself: locale, tones, dial rules, soft keys, features, rings
 * and backgrounds. Fetched after the configuration, verified as it is, stored in their envelopes;
 * one that is refused leaves the one before it in its place, and none of them stops the phone.
 * doc: docs/ringphone.md, "Files beside the configuration" */
#include "service/phone/boot_int.h"

#include "base/faults.h"
#include "base/text.h"
#include "wire/phonexml/phonelist.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Real phones refuse dial rules and soft keys above this. */
#define RULES_MAX  550001u
#define LOCALE_MAX ((size_t)8 * 1024 * 1024)
#define IMAGE_MAX  ((size_t)1024 * 1024)
/* A ring: samples of one byte, or of two in a wide-band one. */
#define RING_MIN      240u
#define RING_MAX      16080u
#define WIDE_RING_MAX 321600u

static const char *const dial_roots[] = {"DIALTEMPLATE", "dialTemplate", NULL};
static const char *const softkey_roots[] = {"softKeyCfg", NULL};
static const char *const feature_roots[] = {"featurePolicy", NULL};

static const struct {
    const char *name;
    size_t max;
    const char *const *roots; /* of the document it has to be; NULL: not looked at */
    bool is_locale;           /* "Error update locale" */
    bool is_said;             /* a missing one is worth a message */
} kinds[] = {
    [PHONE_FILE_LOCALE] = {"locale", LOCALE_MAX, NULL, true, true},
    [PHONE_FILE_TONES] = {"tones", RULES_MAX, NULL, true, true},
    [PHONE_FILE_DIAL] = {"dial-rules", RULES_MAX, dial_roots, false, true},
    [PHONE_FILE_SOFTKEYS] = {"soft-keys", RULES_MAX, softkey_roots, false, true},
    [PHONE_FILE_FEATURES] = {"features", RULES_MAX, feature_roots, false, true},
    [PHONE_FILE_RINGS] = {"ring-list", RF_PHONELIST_BYTES_MAX, NULL, false, false},
    [PHONE_FILE_RING] = {"ring", WIDE_RING_MAX, NULL, false, true},
    [PHONE_FILE_IMAGES] = {"image-list", RF_PHONELIST_BYTES_MAX, NULL, false, false},
    [PHONE_FILE_IMAGE] = {"image", IMAGE_MAX, NULL, false, true},
};

const char *phone_file_kind_name(enum phone_file_kind kind)
{
    return kinds[kind].name;
}

static bool is_list(enum phone_file_kind kind)
{
    return kind == PHONE_FILE_RINGS || kind == PHONE_FILE_IMAGES;
}

/* ---- which ones ---- */

/* A name twice is one file; one that is no name at all is nobody's. */
static void plan(struct phone_files *f, enum phone_file_kind kind, const char *name, bool is_stored)
{
    if (f->n == PHONE_FILES_MAX || !rf_phonelist_name_fits(rf_slice_str(name)))
        return;
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->file[i].name, name) == 0)
            return;
    struct phone_file *to = &f->file[f->n++];
    to->kind = kind;
    to->is_enough = is_stored;
    rf_slice_to_str(rf_slice_str(name), to->name, sizeof to->name);
}

static RF_PRINTF(3, 4) void plan_path(struct phone_files *f, enum phone_file_kind kind,
                                      const char *fmt, ...)
{
    char name[RF_PHONELIST_NAME_SIZE + 64];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    plan(f, kind, name, false);
}

/* English as in the United States, and their tones, come with the firmware. */
static bool is_built_in(const char *locale)
{
    return locale[0] == '\0' || strcmp(locale, "English_United_States") == 0 ||
           strcmp(locale, "United_States") == 0;
}

static struct phone_files *plan_all(const struct rf_phone *p)
{
    const struct rf_phonexml *c = p->config;
    const struct phone_model_files *m = phone_model_files(p->flash->identity.model);
    struct phone_files *f = rf_new(struct phone_files);
    if (!is_built_in(c->user_locale) && m->locale != NULL)
        plan_path(f, PHONE_FILE_LOCALE, "%s/%s", c->user_locale, m->locale);
    if (!is_built_in(c->network_locale) && m->tones != NULL)
        plan_path(f, PHONE_FILE_TONES, "%s/%s", c->network_locale, m->tones);
    plan(f, PHONE_FILE_DIAL, c->dial_template, false);
    plan(f, PHONE_FILE_SOFTKEYS, c->softkey_file, false);
    plan(f, PHONE_FILE_FEATURES, c->feature_policy, false);
    plan(f, PHONE_FILE_RINGS, "Ringlist.xml", false);
    if (m->desktop != NULL)
        plan_path(f, PHONE_FILE_IMAGES, "Desktops/%s/List.xml", m->desktop);
    return f;
}

/* ---- judging one ---- */

struct file_job {
    struct phone_job base;
    const struct rf_flash *flash;
    struct phone_trust trust;
    enum phone_file_kind kind;
    char name[RF_PHONELIST_NAME_SIZE]; /* as it is stored */
    char asked[RF_FETCH_NAME_MAX + 1]; /* with ".sgn" where signed ones are wanted */
    bool is_signed;
    bool is_stored_wanted; /* nothing came: what the stored list names */
    struct rf_buf bytes;
    /* found */
    struct rf_sigfile_info info;
    char signer[65];
    char sha256[65];
    bool is_same;
    struct rf_phonelist *list;
    bool has[2 * RF_PHONELIST_MAX]; /* its files are stored */
};

static void file_release(struct phone_job *job)
{
    struct file_job *j = (struct file_job *)job;
    phone_trust_fini(&j->trust);
    rf_buf_fini(&j->bytes);
    rf_free(j->list);
}

/* Is it what it should be? Nothing here is looked at before the signature held. */
static enum rf_err judge_body(struct file_job *j, struct rf_slice body, struct rf_why *why)
{
    size_t max = kinds[j->kind].max;
    if (body.len > max)
        return rf_why_set(why, RF_ERR_LIMIT, "file-too-large", "%s has %zu bytes, at most %zu",
                          j->name, body.len, max);
    if (is_list(j->kind)) {
        j->list = rf_new(struct rf_phonelist);
        return rf_phonelist_decode(
            body, j->kind == PHONE_FILE_RINGS ? RF_PHONELIST_RINGS : RF_PHONELIST_IMAGES, j->list,
            why);
    }
    if (j->kind == PHONE_FILE_RING) {
        bool is_wide = rf_slice_ends_with(rf_slice_str(j->name), ".rwb");
        size_t least = is_wide ? 2 * RING_MIN : RING_MIN, most = is_wide ? WIDE_RING_MAX : RING_MAX;
        if (!rf_fault_skips("phone.ring-length") && (body.len < least || body.len > most))
            return rf_why_set(why, RF_ERR_BAD, "ring-length",
                              "%s has %zu bytes of samples; a ring has %zu to %zu", j->name,
                              body.len, least, most);
    }
    return kinds[j->kind].roots != NULL ? rf_phonelist_check(body, max, kinds[j->kind].roots, why)
                                        : RF_OK;
}

/* The stored one: its time stamp and signer, and whether it is the very same. */
static struct phone_previous previous_of(struct file_job *j, struct rf_slice stored)
{
    struct phone_previous previous = {0};
    struct rf_signedfile sf;
    const struct rf_cert *by = NULL;
    if (rf_signedfile_decode(stored, stored.len, &sf, NULL) != RF_OK ||
        rf_lists_find_file_signer(&j->trust.lists, sf.issuer, sf.serial, &by, NULL) != RF_OK)
        return previous;
    previous.is_there = sf.has_timestamp;
    previous.timestamp = sf.timestamp;
    memcpy(previous.signer, rf_cert_fingerprint(by), sizeof previous.signer);
    return previous;
}

static enum rf_err take(struct file_job *j, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf stored = {0};
    struct rf_slice file = rf_buf_slice(&j->bytes);
    if (!j->is_signed) { /* used, and gone with the power */
        phone_sha256_text(file, j->sha256);
        return judge_body(j, file, why);
    }
    if (rf_flash_file_read(j->flash, j->name, kinds[j->kind].max + RF_SIGFILE_OVERHEAD_MAX, &stored,
                           NULL) != RF_OK)
        stored = (struct rf_buf){0};
    struct phone_previous previous = previous_of(j, rf_buf_slice(&stored));
    enum rf_err err = phone_verify(&j->trust, file, j->asked, &previous, &j->info, j->signer, why);
    if (err == RF_OK)
        err = judge_body(j, j->info.body, why);
    if (err != RF_OK)
        return err;
    phone_sha256_text(j->info.body, j->sha256);
    j->is_same = rf_slice_eq(file, rf_buf_slice(&stored));
    if (!j->is_same)
        err = rf_flash_file_write(j->flash, j->name, file, why);
    if (err == RF_OK && j->trust.has_noted)
        err = rf_flash_state_write(j->flash, &j->trust.state, why);
    return err;
}

enum rf_err phone_file_stored(const struct rf_flash *flash, const struct rf_lists *lists,
                              const char *name, struct rf_buf *file, struct rf_sigfile_info *out,
                              char signer[65], struct rf_why *why)
{
    const struct rf_cert *by = NULL;
    RF_AUTO(rf_freep) char *asked = rf_strf("%s.sgn", name);
    /* SHA-1 and time were judged when it was stored. */
    struct rf_sigfile_policy policy = {.allow_sha1 = true, .expected_name = rf_slice_str(asked)};
    enum rf_err err =
        rf_flash_file_read(flash, name, LOCALE_MAX + RF_SIGFILE_OVERHEAD_MAX, file, why);
    if (err == RF_OK)
        err = rf_lists_verify_file(lists, rf_buf_slice(file), &policy, out, &by, why);
    if (err == RF_OK)
        memcpy(signer, rf_cert_fingerprint(by), 65);
    return err;
}

/* A list that did not come: the stored one still names what it named. */
static enum rf_err look_up(struct file_job *j, struct rf_why *why)
{
    enum rf_err err =
        phone_file_stored(j->flash, &j->trust.lists, j->name, &j->bytes, &j->info, j->signer, why);
    if (err == RF_OK)
        err = judge_body(j, j->info.body, why);
    j->is_same = true;
    return err;
}

static enum rf_err file_work(struct phone_job *job, struct rf_why *why)
{
    struct file_job *j = (struct file_job *)job;
    enum rf_err err = j->is_stored_wanted ? look_up(j, why) : take(j, why);
    for (size_t i = 0; err == RF_OK && j->list != NULL && j->is_signed && i < j->list->n; i++) {
        const struct rf_phonelist_item *item = &j->list->item[i];
        j->has[2 * i] = rf_flash_file_exists(j->flash, item->file);
        j->has[2 * i + 1] = item->small[0] != '\0' && rf_flash_file_exists(j->flash, item->small);
    }
    return err;
}

/* What a list names. A file that is stored is not fetched again as long as the list is the same. */
static void plan_listed(struct phone_files *f, const struct file_job *j)
{
    enum phone_file_kind kind = j->kind == PHONE_FILE_RINGS ? PHONE_FILE_RING : PHONE_FILE_IMAGE;
    for (size_t i = 0; j->list != NULL && i < j->list->n; i++) {
        const struct rf_phonelist_item *item = &j->list->item[i];
        plan(f, kind, item->file, j->is_same && j->has[2 * i]);
        plan(f, kind, item->small, j->is_same && j->has[2 * i + 1]);
    }
}

static void tell_file(struct rf_phone *p, const struct file_job *j)
{
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_FILE);
    phone_add(&v, "file", j->asked);
    phone_add(&v, "kind", kinds[j->kind].name);
    phone_add(&v, "action", !j->is_signed ? "unsigned" : j->is_same ? "same" : "stored");
    phone_add(&v, "signer", j->is_signed ? j->signer : NULL);
    phone_add(&v, "digest", j->is_signed ? rf_digest_name(j->info.digest) : NULL);
    phone_add(&v, "sha256", j->sha256);
    if (j->info.is_rollback)
        phone_add_flag(&v, "older", true);
    phone_add_odd(p, &v, j->asked, j->info.is_minor_unknown, j->info.unknown_n);
    phone_emit(p, &v);
}

static void tell_refused(struct rf_phone *p, enum phone_file_kind kind, const char *asked,
                         const struct rf_why *why)
{
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_FILE_REFUSED);
    phone_add(&v, "file", asked);
    phone_add(&v, "kind", kinds[kind].name);
    phone_add_why(&v, why);
    phone_emit(p, &v);
    phone_status(p, "File auth error: %s", asked);
    if (kinds[kind].is_locale)
        phone_status(p, "Error update locale");
    phone_alarm(p, RF_SCCP_ALARM_REASON_FILE_AUTH_FAILED, "file_rejected %.28s %s", asked,
                why->code);
}

static void file_done(struct rf_phone *p, struct phone_job *job)
{
    const struct file_job *j = (const struct file_job *)job;
    p->state = j->trust.state;
    if (job->err == RF_OK)
        plan_listed(p->files, j);
    if (j->is_stored_wanted) {
        phone_event(p, PHONE_EV_ACCEPTED); /* nothing stored, nothing planned */
        return;
    }
    if (job->err == RF_OK)
        tell_file(p, j);
    else
        tell_refused(p, j->kind, j->asked, &job->why);
    phone_event(p, job->err == RF_OK ? PHONE_EV_ACCEPTED : PHONE_EV_REFUSED);
}

static void post_file(struct rf_phone *p, bool is_stored_wanted)
{
    const struct phone_file *file = &p->files->file[p->files->at];
    struct file_job *j = rf_new(struct file_job);
    j->base.work = file_work;
    j->base.done = file_done;
    j->base.release = file_release;
    j->flash = p->flash;
    j->trust = phone_trust_of(p);
    j->kind = file->kind;
    j->is_stored_wanted = is_stored_wanted;
    j->is_signed = is_stored_wanted || rf_lists_wants_signed(&p->lists);
    rf_slice_to_str(rf_slice_str(file->name), j->name, sizeof j->name);
    rf_slice_to_str(rf_slice_str(p->file), j->asked, sizeof j->asked);
    if (!is_stored_wanted) {
        j->bytes = p->got;
        p->got = (struct rf_buf){0};
    }
    phone_job_post(p, &j->base);
}

/* ---- files that no configuration names any more ---- */

struct prune_job {
    struct phone_job base;
    const struct rf_flash *flash;
    struct phone_files *files;
};

static void prune_release(struct phone_job *job)
{
    rf_free(((struct prune_job *)job)->files);
}

static enum rf_err prune_one(void *arg, const char *name)
{
    const struct prune_job *j = arg;
    for (size_t i = 0; i < j->files->n; i++)
        if (strcmp(j->files->file[i].name, name) == 0)
            return RF_OK;
    return rf_flash_file_remove(j->flash, name, NULL);
}

static enum rf_err prune_work(struct phone_job *job, struct rf_why *why)
{
    struct prune_job *j = (struct prune_job *)job;
    if (rf_flash_files_each(j->flash, prune_one, j, why) != RF_OK)
        rf_warn(RF_CAT_PHONE, "old files stay: %s dev=%s", rf_why_text(why),
                j->flash->identity.device);
    return RF_OK;
}

/* ---- the table's actions ---- */

void phone_act_files_begin(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    rf_free(p->files);
    p->files = plan_all(p);
    phone_event(p, PHONE_EV_NEXT_FILE);
}

void phone_act_get_file(void *self, const void *data)
{
    struct rf_phone *p = self;
    struct phone_files *f = p->files;
    (void)data;
    while (f->at < f->n && f->file[f->at].is_enough)
        f->at++;
    if (f->at == f->n) {
        phone_event(p, PHONE_EV_ALL_FILES);
        return;
    }
    phone_get_file(p, f->file[f->at].name,
                   kinds[f->file[f->at].kind].max + RF_SIGFILE_OVERHEAD_MAX);
}

void phone_act_check_file(void *self, const void *data)
{
    (void)data;
    post_file(self, false);
}

/* The next one; before that, what a list names that is still in its place. */
static void go_on(struct rf_phone *p)
{
    const struct phone_file *file = &p->files->file[p->files->at];
    if (is_list(file->kind) && rf_lists_wants_signed(&p->lists))
        post_file(p, true);
    else
        phone_event(p, PHONE_EV_ACCEPTED);
}

void phone_act_file_missing(void *self, const void *data)
{
    struct rf_phone *p = self;
    enum phone_file_kind kind = p->files->file[p->files->at].kind;
    (void)data;
    if (kinds[kind].is_said)
        phone_status(p, "File not found %s", p->file);
    if (kinds[kind].is_locale)
        phone_status(p, "Error update locale");
    go_on(p);
}

void phone_act_file_refused(void *self, const void *data)
{
    (void)data;
    go_on(self);
}

/* A server that does not answer is not asked for all of them, one after the other. */
void phone_act_file_unfetched(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    if (p->got_result == RF_FETCH_TOO_LONG) {
        tell_refused(p, p->files->file[p->files->at].kind, p->file, &p->got_why);
        p->files->at++;
        p->files->is_cut = true;
        phone_event(p, PHONE_EV_NEXT_FILE);
        return;
    }
    phone_tell_transport(p, "");
    p->files->is_cut = true;
    phone_event(p, PHONE_EV_ALL_FILES);
}

void phone_act_next_file(void *self, const void *data)
{
    struct rf_phone *p = self;
    (void)data;
    p->files->at++;
    phone_event(p, PHONE_EV_NEXT_FILE);
}

/* What it would have named is not known, so nothing that is stored is known to be unnamed. */
void phone_act_file_unjudged(void *self, const void *data)
{
    struct rf_phone *p = self;
    p->files->is_cut = true;
    phone_act_next_file(p, data);
}

void phone_files_end(struct rf_phone *p)
{
    struct phone_files *files = rf_steal(&p->files);
    if (files == NULL || files->is_cut || !p->is_config_verified ||
        !rf_lists_wants_signed(&p->lists)) {
        rf_free(files);
        return;
    }
    struct prune_job *j = rf_new(struct prune_job);
    j->base.work = prune_work;
    j->base.release = prune_release;
    j->flash = p->flash;
    j->files = files;
    phone_job_post(p, &j->base);
}
