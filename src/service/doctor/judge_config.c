/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: what it says, and what a phone makes of it. */
#include "service/doctor/doctor_int.h"

#include "base/text.h"

#include <string.h>

struct rf_phonexml *doctor_judge_xml(struct rf_doctor_report *r, enum rf_doctor_step step,
                                     const char *name, struct rf_slice body, bool is_default)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = NULL;
    struct rf_why why = {0};
    if (rf_phonexml_decode(body, &c, &why) != RF_OK) {
        doctor_say(r, step, RF_DOCTOR_XML, name, "%s", rf_why_text(&why));
        return NULL;
    }
    if (c->is_default != is_default) {
        doctor_say(r, step, RF_DOCTOR_CONFIG_ROOT, name, "it holds a %s configuration",
                   c->is_default ? "default" : "device's");
        return NULL;
    }
    return rf_steal(&c);
}

static bool is_sip(const struct rf_phonexml *c)
{
    return strcmp(c->device_protocol, "SIP") == 0;
}

static void judge_mode(struct rf_doctor_report *r, const struct doctor_config_ask *ask)
{
    const struct rf_phonexml *c = ask->config;
    bool is_secure = c->security_mode >= RF_PHONEXML_MODE_AUTHENTICATED;
    /* Lists that came and were refused are the cause then. */
    bool has_cause = doctor_has_fault_in(r, RF_DOCTOR_CTL) || doctor_has_fault_in(r, RF_DOCTOR_ITL);
    if (is_secure && rf_lists_nth(ask->lists, RF_TRUSTLIST_ROLE_CCM, 0) == NULL)
        doctor_say_as(r, has_cause ? RF_DOCTOR_FOLLOWS : RF_DOCTOR_FAULT, ask->step,
                      RF_DOCTOR_SECURE_WITHOUT_LIST, ask->name, "deviceSecurityMode %u",
                      (unsigned)c->security_mode);
    if (is_secure && is_sip(c) && c->transport != RF_PHONEXML_TRANSPORT_TLS)
        doctor_say(r, ask->step, RF_DOCTOR_SIP_TRANSPORT, ask->name, "transportLayerProtocol %u",
                   (unsigned)c->transport);
}

static void judge_capf(struct rf_doctor_report *r, const struct doctor_config_ask *ask)
{
    const struct rf_phonexml *c = ask->config;
    if (c->capf_auth_mode != RF_PHONEXML_CAPF_NONE && c->capf_n == 0)
        doctor_say(r, ask->step, RF_DOCTOR_CAPF_MISSING, ask->name, "capfAuthMode %u",
                   (unsigned)c->capf_auth_mode);
    else if (c->capf_auth_mode == RF_PHONEXML_CAPF_STRING && !ask->has_string)
        doctor_say(r, ask->step, RF_DOCTOR_CAPF_STRING, ask->name, "%s", "");
}

static void judge_srst(struct rf_doctor_report *r, const struct doctor_config_ask *ask)
{
    const struct rf_phonexml_srst *srst = &ask->config->srst;
    bool is_used = srst->is_present && srst->option[0] != '\0' &&
                   strcmp(srst->option, "Disable") != 0 && srst->address[0].ip[0] != '\0';
    if (is_used && ask->config->security_mode >= RF_PHONEXML_MODE_AUTHENTICATED &&
        (!srst->is_secure || srst->certificate[0] == '\0'))
        doctor_say(r, ask->step, RF_DOCTOR_SRST_CLEAR, ask->name, "SRST at %s",
                   srst->address[0].ip);
}

void doctor_judge_load_name(struct rf_doctor_report *r, const struct doctor_config_ask *ask)
{
    const char *load = ask->config->load_information;
    const char *model = ask->patient->model;
    struct rf_slice name = rf_slice_str(load);
    bool is_sip_load = rf_slice_starts_with(name, "SIP") || rf_slice_starts_with(name, "sip");
    bool is_sccp_load = rf_slice_starts_with(name, "SCCP");
    if (rf_slice_ends_with(name, ".loads") || rf_slice_ends_with(name, ".LOADS"))
        doctor_say(r, RF_DOCTOR_LOAD, RF_DOCTOR_LOAD_SUFFIX, ask->name, "loadInformation is \"%s\"",
                   load);
    if (!doctor_load_fits(load, model))
        doctor_say(r, RF_DOCTOR_LOAD, RF_DOCTOR_LOAD_FAMILY, ask->name,
                   "loadInformation is \"%s\", the phone is a %s", load, model);
    else if ((is_sip(ask->config) && is_sccp_load) || (!is_sip(ask->config) && is_sip_load))
        doctor_say(r, RF_DOCTOR_LOAD, RF_DOCTOR_LOAD_PROTOCOL, ask->name,
                   "deviceProtocol is %s, loadInformation \"%s\"", ask->config->device_protocol,
                   load);
}

void doctor_judge_config(struct rf_doctor_report *r, const struct doctor_config_ask *ask)
{
    static const char *const modes[] = {"non-secure", "non-secure", "authenticated", "encrypted"};
    const struct rf_phonexml *c = ask->config;
    size_t before = r->n;
    if (c->cm_n == 0)
        doctor_say(r, ask->step, RF_DOCTOR_NO_CALL_MANAGER, ask->name, "%s", "");
    judge_mode(r, ask);
    judge_capf(r, ask);
    judge_srst(r, ask);
    if (r->n == before)
        doctor_well(r, ask->step, ask->name, "%s, %s, %zu call managers, capfAuthMode %u%s%s",
                    c->device_protocol, modes[c->security_mode <= 3 ? c->security_mode : 0],
                    c->cm_n, (unsigned)c->capf_auth_mode,
                    c->load_information[0] != '\0' ? ", load " : "", c->load_information);
}

/* Whose certificate is this the hash of? */
static const char *whose(const struct rf_doctor_patient *p, const char *hash)
{
    if (hash[0] == '\0')
        return "of none";
    if (p->lsc.cert != NULL && p->mic.cert != NULL && strcmp(hash, rf_cert_md5(p->mic.cert)) == 0)
        return "that of its MIC, and it has an LSC";
    return "that of neither of its certificates";
}

bool doctor_judge_stub(struct rf_doctor_report *r, const struct doctor_config_ask *ask)
{
    const struct rf_phonexml *c = ask->config;
    const struct rf_doctor_patient *p = ask->patient;
    const struct rf_cert *own = p->lsc.cert != NULL ? p->lsc.cert : p->mic.cert;
    if (!c->is_encrypted) {
        doctor_say(r, ask->step, RF_DOCTOR_STUB_FLAG, ask->name, "%s", "");
        return false;
    }
    judge_capf(r, ask);
    if (own == NULL)
        return true;
    if (rf_cert_key_type(own) == RF_KEY_EC) {
        doctor_say(r, ask->step, RF_DOCTOR_ENCRYPTED_EC, ask->name, "%s (%s)", rf_cert_subject(own),
                   rf_cert_short(own));
        return false;
    }
    if (strcmp(c->cert_hash, rf_cert_md5(own)) != 0) {
        doctor_say(r, ask->step, RF_DOCTOR_CERT_HASH, ask->name,
                   "certHash \"%s\" is %s; the phone's is %s", c->cert_hash, whose(p, c->cert_hash),
                   rf_cert_md5(own));
        return false;
    }
    doctor_well(r, ask->step, ask->name, "encrypted for the phone's certificate %s",
                rf_cert_short(own));
    return true;
}
