/* SPDX-License-Identifier: Apache-2.0 */
/* B8 and what comes beside it: files that the configuration names, and firmware. */
#include "service/doctor/doctor_int.h"

#include "base/text.h"
#include "trust/image.h"

#include <stdio.h>
#include <string.h>

/* An image above this is fetched only when that was asked for: that it is there is seen anyway. */
#define IMAGE_LOOK_MAX ((size_t)1024 * 1024)

/* ---- shared files ---- */

static void look_at_file(struct doctor_walk *w, const char *name, struct rf_slice bytes)
{
    struct doctor_file file;
    struct doctor_file_ask ask = {.step = RF_DOCTOR_FILES,
                                  .name = name,
                                  .bytes = bytes,
                                  .lists = &w->lists,
                                  .refused = &w->refused,
                                  .model = w->conf->patient->model,
                                  .now_s = doctor_now_s(w)};
    if (rf_lists_wants_signed(&w->lists))
        doctor_judge_file(w->report, &ask, &file);
    else if (doctor_judge_bytes(w->report, RF_DOCTOR_FILES, name, bytes))
        doctor_well(w->report, RF_DOCTOR_FILES, name, "%zu bytes", bytes.len);
}

static void file_missing(struct doctor_walk *w, const char *plain, const char *name)
{
    char other[DOCTOR_NAME_MAX];
    struct doctor_got got = {.result = RF_FETCH_NOT_FOUND};
    if (strcmp(plain, name) != 0)
        doctor_get(w, NULL, plain, DOCTOR_LOOK_MAX, &got);
    if (got.result == RF_FETCH_OK)
        doctor_say(w->report, RF_DOCTOR_FILES, RF_DOCTOR_UNSIGNED_ONLY, name, "%s is there", plain);
    else if (doctor_other_case(w, NULL, name, other, sizeof other))
        doctor_say(w->report, RF_DOCTOR_FILES, RF_DOCTOR_NAME_CASE, name, "there is %s", other);
    else
        doctor_say(w->report, RF_DOCTOR_FILES, RF_DOCTOR_FILE_MISSING, name, "%s", "");
    doctor_got_fini(&got);
}

static void get_file(struct doctor_walk *w, const char *folder, const char *file)
{
    char plain[DOCTOR_NAME_MAX], name[DOCTOR_NAME_MAX + 8];
    struct doctor_got got;
    if (folder[0] == '\0' || file[0] == '\0')
        return;
    snprintf(plain, sizeof plain, "%s/%s", folder, file);
    snprintf(name, sizeof name, "%s%s", plain, rf_lists_wants_signed(&w->lists) ? ".sgn" : "");
    doctor_get(w, NULL, name, DOCTOR_LOOK_MAX, &got);
    if (got.result == RF_FETCH_OK)
        look_at_file(w, name, rf_buf_slice(&got.bytes));
    else if (got.result == RF_FETCH_NOT_FOUND)
        file_missing(w, plain, name);
    else if (got.result != RF_FETCH_TOO_LONG)
        doctor_judge_fetch(w->report, RF_DOCTOR_FILES, name, got.result, &got.why, true);
    doctor_got_fini(&got);
}

void doctor_walk_files(struct doctor_walk *w)
{
    const struct rf_phonexml *c = w->config;
    const char *model = w->conf->patient->model;
    if (c == NULL)
        return;
    get_file(w, c->user_locale, doctor_locale_jar(model, strcmp(c->device_protocol, "SIP") == 0));
    get_file(w, c->network_locale, doctor_tones_file(model));
}

/* ---- firmware ---- */

static const char *load_host(struct doctor_walk *w, char *out, size_t cap)
{
    const char *name = w->config != NULL ? w->config->load_server : "";
    if (name[0] == '\0' || !doctor_address(w, RF_DOCTOR_LOAD, false, name, out, cap))
        return NULL;
    return out;
}

static struct doctor_load_ask load_ask(const struct doctor_walk *w, const char *load,
                                       const char *name, const struct doctor_got *got)
{
    return (struct doctor_load_ask){.load = load,
                                    .name = name,
                                    .bytes = rf_buf_slice(&got->bytes),
                                    .keys = &w->conf->patient->image_keys,
                                    .hardware = w->conf->patient->hardware};
}

static void get_part(struct doctor_walk *w, const char *host, const char *load,
                     const struct rf_loads_entry *entry)
{
    char name[RF_LOADS_NAME_MAX + 1], other[DOCTOR_NAME_MAX];
    struct rf_doctor_report *r = w->report;
    struct doctor_got got;
    rf_slice_to_str(entry->name, name, sizeof name);
    if (!doctor_part_fits(load, entry->name)) {
        doctor_say(r, RF_DOCTOR_LOAD, RF_DOCTOR_LOAD_FAMILY, name, "the list is of %s", load);
        return;
    }
    doctor_get(w, host, name, w->conf->with_images ? RF_IMAGE_BYTES_MAX : IMAGE_LOOK_MAX, &got);
    struct doctor_load_ask ask = load_ask(w, load, name, &got);
    if (got.result == RF_FETCH_OK)
        doctor_judge_part(r, &ask, entry);
    else if (got.result == RF_FETCH_TOO_LONG)
        doctor_well(r, RF_DOCTOR_LOAD, name, "there, large: not looked into (--images does)");
    else if (got.result != RF_FETCH_NOT_FOUND)
        doctor_judge_fetch(r, RF_DOCTOR_LOAD, name, got.result, &got.why, true);
    else if (doctor_other_case(w, host, name, other, sizeof other))
        doctor_say(r, RF_DOCTOR_LOAD, RF_DOCTOR_NAME_CASE, name, "there is %s", other);
    else if (entry->is_optional)
        doctor_well(r, RF_DOCTOR_LOAD, name, "not there, and optional");
    else
        doctor_say(r, RF_DOCTOR_LOAD, RF_DOCTOR_LOAD_PART_MISSING, name, "named by %s", load);
    doctor_got_fini(&got);
}

static void get_load(struct doctor_walk *w, const char *host, const char *load)
{
    RF_AUTO(rf_freep) struct rf_loads *list = rf_new(struct rf_loads);
    char name[DOCTOR_NAME_MAX], other[DOCTOR_NAME_MAX];
    struct rf_doctor_report *r = w->report;
    struct doctor_got got;
    snprintf(name, sizeof name, "%s%s", load, doctor_load_suffix(load));
    doctor_get(w, host, name, DOCTOR_LOOK_MAX, &got);
    struct doctor_load_ask ask = load_ask(w, load, name, &got);
    if (got.result == RF_FETCH_OK) {
        if (doctor_judge_loads(r, &ask, list))
            for (size_t i = 0; i < list->entry_n; i++)
                get_part(w, host, load, &list->entry[i]);
    } else if (got.result != RF_FETCH_NOT_FOUND) {
        doctor_judge_fetch(r, RF_DOCTOR_LOAD, name, got.result, &got.why, host == NULL);
    } else if (doctor_other_case(w, host, name, other, sizeof other)) {
        doctor_say(r, RF_DOCTOR_LOAD, RF_DOCTOR_NAME_CASE, name, "there is %s", other);
    } else {
        doctor_say(r, RF_DOCTOR_LOAD, RF_DOCTOR_LOAD_MISSING, name, "%s%s",
                   host != NULL ? "asked at loadServer " : "", host != NULL ? host : "");
    }
    doctor_got_fini(&got);
}

void doctor_walk_load(struct doctor_walk *w)
{
    const struct rf_phonexml *c = w->config != NULL ? w->config : w->stub;
    char address[RF_ADDRESS_TEXT_MAX];
    struct doctor_config_ask ask = {.step = RF_DOCTOR_LOAD,
                                    .name = "",
                                    .config = c,
                                    .lists = &w->lists,
                                    .patient = w->conf->patient};
    if (c == NULL || c->load_information[0] == '\0')
        return;
    if (strcmp(c->load_information, w->conf->patient->load) == 0) {
        doctor_well(w->report, RF_DOCTOR_LOAD, c->load_information, "the phone runs it");
        return;
    }
    doctor_judge_load_name(w->report, &ask);
    if (!doctor_has_fault_in(w->report, RF_DOCTOR_LOAD))
        get_load(w, load_host(w, address, sizeof address), c->load_information);
}
