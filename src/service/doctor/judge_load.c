/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware: the list of a load, and its components. */
#include "service/doctor/doctor_int.h"

#include "base/text.h"
#include "trust/image.h"
#include "wire/fwpart/fwpart.h"

#include <string.h>

static const struct {
    const char *why;
    enum rf_doctor_code code;
} causes[] = {
    {"file-kind", RF_DOCTOR_WRONG_KIND},     {"file-name", RF_DOCTOR_INNER_NAME},
    {"key-too-short", RF_DOCTOR_SIGNER_KEY}, {"key-type", RF_DOCTOR_SIGNER_KEY},
    {"sig-length", RF_DOCTOR_SIGNER_KEY},    {"sig-mismatch", RF_DOCTOR_SIGNATURE},
    {"digest-refused", RF_DOCTOR_DIGEST},    {"header-beyond-file", RF_DOCTOR_FILE_TRUNCATED},
};

static enum rf_doctor_code cause_of(enum rf_err err, const struct rf_why *why)
{
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        if (strcmp(causes[i].why, why->code) == 0)
            return causes[i].code;
    return err == RF_ERR_SHORT ? RF_DOCTOR_FILE_TRUNCATED : RF_DOCTOR_MALFORMED;
}

/* The container, as far as it can be judged with the keys that are known. The body is empty when
 * there is none to read. */
static bool judge_container(struct rf_doctor_report *r, const struct doctor_load_ask *ask,
                            struct rf_slice *body)
{
    struct rf_image_info info;
    struct rf_signedfile sf;
    struct rf_why why = {0};
    char got[96];
    *body = (struct rf_slice){0};
    if (!doctor_judge_bytes(r, RF_DOCTOR_LOAD, ask->name, ask->bytes))
        return false;
    enum rf_err err =
        rf_image_verify(ask->bytes, rf_slice_str(ask->name), ask->keys, &info, body, &why);
    if (err == RF_OK) {
        doctor_well(r, RF_DOCTOR_LOAD, ask->name, "%zu bytes, signed by image key %.16s",
                    ask->bytes.len, info.signer);
        return true;
    }
    if (strcmp(why.code, "signer-unknown") != 0) {
        doctor_say(r, RF_DOCTOR_LOAD, cause_of(err, &why), ask->name, "%s", rf_why_text(&why));
        return false;
    }
    /* Of a manufacturer whose key nobody has: all but the signature can be judged. */
    why = (struct rf_why){0};
    err = rf_signedfile_decode(ask->bytes, ask->bytes.len, &sf, &why);
    if (err != RF_OK) {
        doctor_say(r, RF_DOCTOR_LOAD, cause_of(err, &why), ask->name, "%s", rf_why_text(&why));
        return false;
    }
    if (!rf_slice_eq_str(sf.file_name, ask->name)) {
        doctor_say(r, RF_DOCTOR_LOAD, RF_DOCTOR_INNER_NAME, ask->name, "the signed name is \"%s\"",
                   rf_escape(sf.file_name, got, sizeof got));
        return false;
    }
    struct rf_signedfile_ranges at = rf_signedfile_ranges_of(&sf, ask->bytes.len);
    *body = rf_slice_part(ask->bytes, at.body_off, at.body_len);
    doctor_say(r, RF_DOCTOR_LOAD, RF_DOCTOR_LOAD_UNVERIFIED, ask->name, "%zu bytes",
               ask->bytes.len);
    return true;
}

bool doctor_judge_loads(struct rf_doctor_report *r, const struct doctor_load_ask *ask,
                        struct rf_loads *out)
{
    struct rf_slice body;
    struct rf_why why = {0};
    if (!judge_container(r, ask, &body))
        return false;
    enum rf_err err = rf_loads_decode(body, out, &why);
    if (strcmp(why.code, "control-byte") == 0) {
        doctor_well(r, RF_DOCTOR_LOAD, ask->name,
                    "the list is binary, as those of newer models: its files are not looked at");
        return false;
    }
    if (err != RF_OK) {
        doctor_say(r, RF_DOCTOR_LOAD, RF_DOCTOR_MALFORMED, ask->name, "%s", rf_why_text(&why));
        return false;
    }
    return true;
}

/* The component of a software phone that says what hardware it is for. */
static void judge_hardware(struct rf_doctor_report *r, const struct doctor_load_ask *ask,
                           struct rf_slice body)
{
    RF_AUTO(rf_freep) struct rf_fwpart_app *app = rf_new(struct rf_fwpart_app);
    char theirs[64];
    if (ask->hardware[0] == '\0' || !rf_slice_starts_with(rf_slice_str(ask->name), "rfapp.") ||
        rf_fwpart_app_decode(body, app, NULL) != RF_OK ||
        rf_slice_eq_str(app->hardware, ask->hardware))
        return;
    doctor_say(r, RF_DOCTOR_LOAD, RF_DOCTOR_LOAD_FAMILY, ask->name,
               "it is for hardware %s, the phone is %s",
               rf_escape(app->hardware, theirs, sizeof theirs), ask->hardware);
}

void doctor_judge_part(struct rf_doctor_report *r, const struct doctor_load_ask *ask,
                       const struct rf_loads_entry *entry)
{
    struct rf_slice body;
    if (entry->has_digest && entry->size_bytes != ask->bytes.len) {
        doctor_say(r, RF_DOCTOR_LOAD, RF_DOCTOR_LOAD_PART_SIZE, ask->name,
                   "%zu bytes, the list says %u", ask->bytes.len, entry->size_bytes);
        return;
    }
    if (judge_container(r, ask, &body))
        judge_hardware(r, ask, body);
}
