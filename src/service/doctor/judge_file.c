/* SPDX-License-Identifier: Apache-2.0 */
/* Files: did one come, is it what was asked for, and would the phone take its signature? */
#include "service/doctor/doctor_int.h"

#include "base/text.h"

#include <string.h>

/* ---- what came ---- */

void doctor_judge_fetch(struct rf_doctor_report *r, enum rf_doctor_step step, const char *name,
                        enum rf_fetch_result result, const struct rf_why *why, bool is_heard)
{
    if (result == RF_FETCH_TIMEOUT && !is_heard)
        doctor_say(r, step, RF_DOCTOR_SERVER_SILENT, name, "%s", rf_why_text(why));
    else if (result == RF_FETCH_TIMEOUT)
        doctor_say(r, step, RF_DOCTOR_FILE_SILENT, name, "%s", rf_why_text(why));
    else if (result == RF_FETCH_ACCESS)
        doctor_say(r, step, RF_DOCTOR_FILE_ACCESS, name, "%s", rf_why_text(why));
    else if (result == RF_FETCH_TOO_LONG)
        doctor_say(r, step, RF_DOCTOR_FILE_LARGE, name, "%s", rf_why_text(why));
    else
        doctor_say(r, step, RF_DOCTOR_FILE_ERROR, name, "%s", rf_why_text(why));
}

/* `head` in lower case. */
static bool begins(struct rf_slice text, const char *head)
{
    struct rf_rd rd = rf_rd_of(rf_trim(text));
    for (uint8_t c = 0; *head != '\0'; head++)
        if (!rf_rd_u8(&rd, &c) || (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != *head)
            return false;
    return true;
}

bool doctor_judge_bytes(struct rf_doctor_report *r, enum rf_doctor_step step, const char *name,
                        struct rf_slice bytes)
{
    char head[64];
    if (bytes.len == 0) {
        doctor_say(r, step, RF_DOCTOR_FILE_EMPTY, name, "%s", "");
        return false;
    }
    if (begins(bytes, "<html") || begins(bytes, "<!doctype html")) {
        (void)rf_escape(rf_slice_part(bytes, 0, 60), head, sizeof head);
        doctor_say(r, step, RF_DOCTOR_FILE_HTML, name, "it begins with \"%s\"", head);
        return false;
    }
    return true;
}

/* ---- signatures ---- */

const struct rf_cert *doctor_find_cert(const struct rf_lists *lists, struct rf_slice issuer,
                                       struct rf_slice serial)
{
    const struct rf_list *const both[] = {lists->ctl, lists->itl};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; both[k] != NULL && i < rf_list_n(both[k]); i++) {
            const struct rf_trustlist_record *r = &rf_list_content(both[k])->record[i];
            const struct rf_cert *c = rf_list_cert(both[k], i);
            if (c != NULL && rf_slice_eq(r->issuer, issuer) && rf_slice_eq(r->serial, serial))
                return c;
        }
    return NULL;
}

void doctor_judge_time(struct rf_doctor_report *r, enum rf_doctor_step step, const char *name,
                       const struct rf_cert *signer, const struct rf_why *why, int64_t now_s)
{
    char from[24];
    if (signer != NULL && rf_cert_not_before(signer) > now_s)
        doctor_say(r, step, RF_DOCTOR_CLOCK_BEHIND, name,
                   "%s; even the certificate that signed it is valid only from %s", why->text,
                   rf_time_text(rf_cert_not_before(signer), from, sizeof from));
    else
        doctor_say(r, step, RF_DOCTOR_TIME_FUTURE, name, "%s", why->text);
}

bool doctor_judge_model(struct rf_doctor_report *r, enum rf_doctor_step step, const char *name,
                        enum rf_digest digest, const struct rf_cert *signer, const char *model)
{
    bool is_old = doctor_model_is_old(model), is_well = true;
    if (digest == RF_DIGEST_SHA256 || (is_old && digest != RF_DIGEST_SHA1)) {
        doctor_say(r, step, RF_DOCTOR_DIGEST, name, "signed with %s, for model %s",
                   rf_digest_name(digest), model[0] != '\0' ? model : "any");
        is_well = false;
    }
    if (is_old && signer != NULL && rf_cert_key_bits(signer) > 2048) {
        doctor_say(r, step, RF_DOCTOR_SIGNER_KEY, name,
                   "%s (%s) has %u bits, a %s takes at most 2048", rf_cert_subject(signer),
                   rf_cert_short(signer), rf_cert_key_bits(signer), model);
        is_well = false;
    }
    return is_well;
}

static bool holds(struct rf_slice text, const char *what)
{
    return rf_slice_find(text, rf_slice_str(what)) != SIZE_MAX;
}

/* A document whose end tag is missing, or a cipher text that is no whole number of blocks. */
static bool is_cut_off(struct rf_slice body, bool is_encrypted)
{
    struct rf_slice text = rf_trim(body);
    if (is_encrypted)
        return body.len % 16 != 0;
    if (!begins(text, "<"))
        return false;
    const char *end = holds(text, "<device")    ? "</device>"
                      : holds(text, "<Default") ? "</Default>"
                                                : ">";
    return !rf_slice_ends_with(text, end);
}

/* The header cannot be read. */
static void not_read(struct rf_doctor_report *r, const struct doctor_file_ask *ask, enum rf_err err,
                     const struct rf_why *why)
{
    bool is_short = err == RF_ERR_SHORT || strcmp(why->code, "header-beyond-file") == 0;
    if (begins(ask->bytes, "<?xml") || begins(ask->bytes, "<device") ||
        begins(ask->bytes, "<default"))
        doctor_say(r, ask->step, RF_DOCTOR_NOT_SIGNED, ask->name, "%s", "");
    else if (is_short)
        doctor_say(r, ask->step, RF_DOCTOR_FILE_TRUNCATED, ask->name, "%s", rf_why_text(why));
    else
        doctor_say(r, ask->step, RF_DOCTOR_MALFORMED, ask->name, "%s", rf_why_text(why));
}

/* From the codes of trust/ to causes. */
static const struct {
    const char *why;
    enum rf_doctor_code code;
} causes[] = {
    {"file-kind", RF_DOCTOR_WRONG_KIND},     {"file-name", RF_DOCTOR_INNER_NAME},
    {"signer-role", RF_DOCTOR_SIGNER_ROLE},  {"signer-unknown", RF_DOCTOR_SIGNER_UNKNOWN},
    {"digest-refused", RF_DOCTOR_DIGEST},    {"key-type", RF_DOCTOR_SIGNER_KEY},
    {"key-too-short", RF_DOCTOR_SIGNER_KEY}, {"sig-length", RF_DOCTOR_SIGNER_KEY},
    {"sig-mismatch", RF_DOCTOR_SIGNATURE},
};

static void refused(struct rf_doctor_report *r, const struct doctor_file_ask *ask,
                    const struct rf_signedfile *sf, const struct rf_why *why)
{
    enum rf_doctor_code code = RF_DOCTOR_MALFORMED;
    struct rf_signedfile_ranges at = rf_signedfile_ranges_of(sf, ask->bytes.len);
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        if (strcmp(causes[i].why, why->code) == 0)
            code = causes[i].code;
    if (strcmp(why->code, "time-future") == 0) {
        doctor_judge_time(r, ask->step, ask->name,
                          doctor_find_cert(ask->lists, sf->issuer, sf->serial), why, ask->now_s);
        return;
    }
    if (code == RF_DOCTOR_SIGNATURE &&
        is_cut_off(rf_slice_part(ask->bytes, at.body_off, at.body_len), sf->has_encryption))
        code = RF_DOCTOR_FILE_TRUNCATED;
    /* The new list, which the phone did not take, knows him: that is why it is unknown. */
    bool is_of_refused = code == RF_DOCTOR_SIGNER_UNKNOWN && ask->refused != NULL &&
                         doctor_find_cert(ask->refused, sf->issuer, sf->serial) != NULL;
    doctor_say_as(r, is_of_refused ? RF_DOCTOR_FOLLOWS : RF_DOCTOR_FAULT, ask->step, code,
                  ask->name, "%s%s", why->text,
                  is_of_refused ? "; the list that the phone did not take has it" : "");
}

/* What the phone would read if only name, time and digest were right. */
static void look_inside(const struct doctor_file_ask *ask, struct doctor_file *out)
{
    struct rf_sigfile_policy lenient = {.allow_sha1 = true, .allow_sha256 = true};
    struct rf_why ignored = {0};
    out->is_ours =
        rf_lists_verify_file(ask->lists, ask->bytes, &lenient, &out->info, NULL, &ignored) == RF_OK;
}

void doctor_judge_file(struct rf_doctor_report *r, const struct doctor_file_ask *ask,
                       struct doctor_file *out)
{
    struct rf_signedfile sf;
    struct rf_why why = {0};
    const struct rf_cert *signer = NULL;
    struct rf_sigfile_policy policy = {.expected_name = rf_slice_str(ask->name),
                                       .has_now = true,
                                       .now_s = ask->now_s,
                                       .allow_sha1 = true,
                                       .allow_sha256 = true,
                                       .has_previous = ask->previous_timestamp != 0,
                                       .previous_timestamp = ask->previous_timestamp};
    *out = (struct doctor_file){0};
    if (!doctor_judge_bytes(r, ask->step, ask->name, ask->bytes))
        return;
    enum rf_err err = rf_signedfile_decode(ask->bytes, ask->bytes.len, &sf, &why);
    if (err != RF_OK) {
        not_read(r, ask, err, &why);
        return;
    }
    err = rf_lists_verify_file(ask->lists, ask->bytes, &policy, &out->info, &signer, &why);
    if (err != RF_OK) {
        refused(r, ask, &sf, &why);
        look_inside(ask, out);
        return;
    }
    out->is_ours = true;
    out->is_used =
        doctor_judge_model(r, ask->step, ask->name, out->info.digest, signer, ask->model);
    if (out->info.is_rollback)
        doctor_say(r, ask->step, RF_DOCTOR_TIME_OLDER, ask->name, "%s", "");
    if (out->is_used)
        doctor_well(r, ask->step, ask->name, "%zu bytes, signed by %s (%s) with %s", ask->bytes.len,
                    rf_cert_subject(signer), rf_cert_short(signer),
                    rf_digest_name(out->info.digest));
}
