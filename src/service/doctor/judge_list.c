/* SPDX-License-Identifier: Apache-2.0 */
/* A trust list: is it well made, and would this phone take it? */
#include "service/doctor/doctor_int.h"

#include "base/text.h"
#include "wire/trustlist/trustlist.h"

#include <string.h>

static const struct {
    const char *why;
    enum rf_doctor_code code;
} causes[] = {
    {"file-name", RF_DOCTOR_INNER_NAME},
    {"list-signer-not-own", RF_DOCTOR_LIST_NOT_OWN},
    {"list-signer-unknown", RF_DOCTOR_LIST_SIGNER_UNKNOWN},
    {"list-signer-role", RF_DOCTOR_LIST_SIGNER_ROLE},
    {"sig-mismatch", RF_DOCTOR_SIGNATURE},
    {"digest-refused", RF_DOCTOR_DIGEST},
    {"key-type", RF_DOCTOR_SIGNER_KEY},
    {"key-too-short", RF_DOCTOR_SIGNER_KEY},
    {"sig-length", RF_DOCTOR_SIGNER_KEY},
    {"not-a-trust-list", RF_DOCTOR_WRONG_KIND},
    {"record-overrun", RF_DOCTOR_FILE_TRUNCATED},
    {"header-beyond-file", RF_DOCTOR_FILE_TRUNCATED},
    {"list-size", RF_DOCTOR_LIST_SIZE},
};

static enum rf_doctor_code cause_of(enum rf_err err, const struct rf_why *why)
{
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        if (strcmp(causes[i].why, why->code) == 0)
            return causes[i].code;
    return err == RF_ERR_SHORT ? RF_DOCTOR_FILE_TRUNCATED : RF_DOCTOR_MALFORMED;
}

static void judge_signer(struct rf_doctor_report *r, const struct doctor_list_ask *ask,
                         enum rf_doctor_step step, const struct rf_list *l)
{
    const struct rf_cert *signer = rf_list_own_signer(l);
    char to[24];
    if (signer != NULL && rf_cert_not_after(signer) < ask->now_s)
        doctor_say(r, step, RF_DOCTOR_LIST_EXPIRED, ask->name, "%s (%s) ended at %s",
                   rf_cert_subject(signer), rf_cert_short(signer),
                   rf_time_text(rf_cert_not_after(signer), to, sizeof to));
}

static void judge_sasts(struct rf_doctor_report *r, const struct doctor_list_ask *ask,
                        enum rf_doctor_step step, const struct rf_list *l)
{
    size_t n = 0;
    for (size_t i = 0; i < rf_list_n(l); i++)
        n += rf_list_role(l, i) == RF_TRUSTLIST_ROLE_SAST;
    if (n == 1)
        doctor_say(r, step, RF_DOCTOR_LIST_ONE_SAST, ask->name, "%s", "");
    else if (n > 2)
        doctor_say(r, step, RF_DOCTOR_LIST_MANY_SAST, ask->name, "%zu of them", n);
}

/* What would become of it if time were no matter. */
static bool is_good_but_for_time(const struct doctor_list_ask *ask)
{
    const struct rf_list_policy timeless = {.rollback = RF_ROLLBACK_OFF};
    struct rf_list_verdict v;
    struct rf_why ignored = {0};
    bool is_good =
        rf_lists_consider(ask->lists, ask->kind, ask->bytes, &timeless, &v, &ignored) == RF_OK;
    rf_list_verdict_fini(&v);
    return is_good;
}

static void refused(struct rf_doctor_report *r, const struct doctor_list_ask *ask,
                    enum rf_doctor_step step, enum rf_err err, const struct rf_why *why,
                    struct doctor_list *out)
{
    if (strcmp(why->code, "time-future") == 0) {
        doctor_judge_time(r, step, ask->name, rf_list_own_signer(out->list), why, ask->now_s);
        out->is_as_if = is_good_but_for_time(ask);
        return;
    }
    doctor_say(r, step, cause_of(err, why), ask->name, "%s", rf_why_text(why));
}

static void tell(struct rf_doctor_report *r, const struct doctor_list_ask *ask,
                 enum rf_doctor_step step, const struct rf_list_verdict *v)
{
    static const char *const words[] = {
        [RF_LIST_FIRST_TRUST] = "taken on first trust: the phone has none",
        [RF_LIST_SAME] = "the one that the phone has",
        [RF_LIST_UPDATE] = "taken as an update",
    };
    if (v->is_rollback)
        doctor_say(r, step, RF_DOCTOR_TIME_OLDER, ask->name, "%s", "");
    doctor_well(r, step, ask->name, "%zu bytes, %zu certificates, signed by %.16s: %s",
                ask->bytes.len, rf_list_n(v->list), v->signer, words[v->action]);
}

void doctor_judge_list(struct rf_doctor_report *r, const struct doctor_list_ask *ask,
                       struct doctor_list *out)
{
    enum rf_doctor_step step = ask->kind == RF_LIST_CTL ? RF_DOCTOR_CTL : RF_DOCTOR_ITL;
    const struct rf_list_policy policy = {.has_now = true, .now_s = ask->now_s};
    struct rf_list_verdict v = {0};
    struct rf_why why = {0};
    *out = (struct doctor_list){0};
    if (!doctor_judge_bytes(r, step, ask->name, ask->bytes))
        return;
    if (ask->bytes.len > RF_TRUSTLIST_BYTES_MAX) {
        doctor_say(r, step, RF_DOCTOR_LIST_SIZE, ask->name, "%zu bytes", ask->bytes.len);
        return;
    }
    enum rf_err err = rf_list_open(ask->bytes, &out->list, &why);
    if (err != RF_OK) {
        doctor_say(r, step, cause_of(err, &why), ask->name, "%s", rf_why_text(&why));
        return;
    }
    err = rf_lists_consider(ask->lists, ask->kind, ask->bytes, &policy, &v, &why);
    if (err != RF_OK) {
        refused(r, ask, step, err, &why, out);
    } else {
        const struct rf_cert *signer = rf_list_own_signer(out->list);
        enum rf_digest digest = (enum rf_digest)rf_list_content(out->list)->header.hash;
        out->is_taken = doctor_judge_model(r, step, ask->name, digest, signer, ask->model);
        out->is_as_if = !out->is_taken;
        if (out->is_taken)
            tell(r, ask, step, &v);
    }
    judge_signer(r, ask, step, out->list);
    judge_sasts(r, ask, step, out->list);
    rf_list_verdict_fini(&v);
}
