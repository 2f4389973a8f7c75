/* SPDX-License-Identifier: Apache-2.0 */
/* The phone itself: what it holds, and its clock. */
#include "service/doctor/doctor_int.h"

#include "base/text.h"
#include "trust/name.h"
#include "trust/path.h"

static void judge_lists(struct rf_doctor_report *r, const struct rf_doctor_patient *p)
{
    const struct rf_list *const list[] = {p->lists.ctl, p->lists.itl};
    for (size_t i = 0; i < 2; i++) {
        enum rf_list_kind kind = (enum rf_list_kind)i;
        const struct rf_why *why = &p->list_why[i];
        if (why->code[0] != '\0')
            doctor_say(r, RF_DOCTOR_PHONE, RF_DOCTOR_STORED_LIST, rf_list_kind_file(kind), "%s",
                       rf_why_text(why));
        else if (list[i] != NULL)
            doctor_well(r, RF_DOCTOR_PHONE, rf_list_kind_file(kind),
                        "%s installed: %zu certificates, fingerprint %.16s",
                        rf_list_kind_name(kind), rf_list_n(list[i]), rf_list_fingerprint(list[i]));
    }
}

static void judge_usage(struct rf_doctor_report *r, const struct rf_cert *c, const char *where)
{
    uint32_t want = RF_KU_DIGITAL_SIGNATURE;
    if (rf_cert_key_type(c) == RF_KEY_RSA)
        want |= RF_KU_KEY_ENCIPHERMENT;
    if (rf_cert_has_key_usage(c) && (rf_cert_key_usage(c) & want) != want)
        doctor_say(r, RF_DOCTOR_PHONE, RF_DOCTOR_OWN_USAGE, where, "%s (%s)", rf_cert_subject(c),
                   rf_cert_short(c));
}

/* The certificate that the phone shows. */
static void judge_cert(struct rf_doctor_report *r, const struct rf_cert *c, const char *where,
                       const char *device, int64_t now_s)
{
    struct rf_why why = {0};
    char from[24], to[24];
    size_t before = r->n;
    rf_time_text(rf_cert_not_before(c), from, sizeof from);
    rf_time_text(rf_cert_not_after(c), to, sizeof to);
    if (rf_cert_not_before(c) > now_s)
        doctor_say(r, RF_DOCTOR_PHONE, RF_DOCTOR_CLOCK_BEHIND, where,
                   "its %s is valid from %s, and for the phone it is before that", where, from);
    if (rf_cert_not_after(c) < now_s)
        doctor_say(r, RF_DOCTOR_PHONE, RF_DOCTOR_OWN_EXPIRED, where, "%s (%s) ended at %s",
                   rf_cert_subject(c), rf_cert_short(c), to);
    if (rf_name_matches_device(c, rf_slice_str(device), NULL, NULL, &why) != RF_OK)
        doctor_say(r, RF_DOCTOR_PHONE, RF_DOCTOR_OWN_NAME, where, "%s", rf_why_text(&why));
    judge_usage(r, c, where);
    if (r->n == before)
        doctor_well(r, RF_DOCTOR_PHONE, where, "%s (%s), until %s", rf_cert_subject(c),
                    rf_cert_short(c), to);
}

void doctor_judge_self(struct rf_doctor_report *r, const struct rf_doctor_patient *p, int64_t now_s)
{
    judge_lists(r, p);
    if (p->lsc.cert != NULL)
        judge_cert(r, p->lsc.cert, "LSC", p->device, now_s);
    else if (p->mic.cert != NULL)
        judge_cert(r, p->mic.cert, "MIC", p->device, now_s);
    if (p->lsc.cert == NULL && p->mic.cert == NULL)
        doctor_say(r, RF_DOCTOR_PHONE, RF_DOCTOR_OWN_NONE, "", "%s", "");
    else if (p->lsc.cert == NULL)
        doctor_say(r, RF_DOCTOR_PHONE, RF_DOCTOR_OWN_MIC_ONLY, "", "%s", "");
}
