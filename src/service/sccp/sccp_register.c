/* SPDX-License-Identifier: Apache-2.0 */
/* Who may register. doc: docs/call-control.md, "Who may register": the order of the checks;
 * docs/security-rules.md, "Registration failure causes": what they are. */
#include "base/faults.h"
#include "base/metrics.h"
#include "base/text.h"
#include "service/sccp/sccp_int.h"
#include "service/site/families.h"
#include "trust/name.h"
#include "wire/sccp/sccp_names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *rf_sccp_cause_name(enum rf_sccp_cause cause)
{
    switch (cause) {
    case RF_SCCP_CAUSE_NONE:
        return "noError";
    case RF_SCCP_CAUSE_UNKNOWN:
        break;
    case RF_SCCP_CAUSE_NO_ENTRY:
        return "noEntryInDatabase";
    case RF_SCCP_CAUSE_AUTHENTICATION:
        return "authenticationError";
    case RF_SCCP_CAUSE_X509_NAME:
        return "invalidX509NameInCertificate";
    case RF_SCCP_CAUSE_TLS_CIPHER:
        return "invalidTLSCipher";
    case RF_SCCP_CAUSE_ALREADY_EXISTS:
        return "authenticatedDeviceAlreadyExists";
    case RF_SCCP_CAUSE_SECURITY_MISMATCH:
        return "securityMismatch";
    case RF_SCCP_CAUSE_TYPE_MISMATCH:
        return "deviceTypeMismatch";
    }
    return "unknown";
}

#define TOKEN_WAIT_S 60 /* before a phone that was refused asks again */

/* A refusal in the making: what the phone is shown (31 characters fit) and what we log. */
struct refusal {
    enum rf_sccp_cause cause;
    const char *kind; /* of the event; NULL: register-refused */
    const char *shown;
    char text[RF_WHY_TEXT_MAX];
};

static bool refuse(struct refusal *r, enum rf_sccp_cause cause, const char *shown, const char *fmt,
                   ...) RF_PRINTF(4, 5);

static bool refuse(struct refusal *r, enum rf_sccp_cause cause, const char *shown, const char *fmt,
                   ...)
{
    r->cause = cause;
    r->shown = shown;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(r->text, sizeof r->text, fmt, ap);
    va_end(ap);
    return false;
}

bool rf_sccp_device_name_ok(struct rf_slice name)
{
    char text[RF_CALL_DEVICE_MAX + 1];
    if (name.len == 0 || name.len > 15 || !rf_slice_to_str(name, text, sizeof text))
        return false;
    if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != name.len)
        return false;
    return strncmp(text, "SEP", 3) != 0 || rf_name_is_sep(name);
}

/* ---- the checks ---- */

static bool check_name(struct session *s, struct rf_slice name, struct refusal *r)
{
    struct rf_why why = {0};
    if (!s->has_tls)
        return true; /* the mode decides about plain links */
    if (s->cert == NULL)
        return refuse(r, RF_SCCP_CAUSE_AUTHENTICATION, "No certificate", "no certificate");
    if (!rf_fault_skips("sccp.device-name") &&
        rf_name_matches_device(s->cert, name, NULL, NULL, &why) != RF_OK)
        return refuse(r, RF_SCCP_CAUSE_X509_NAME, "Certificate name mismatch", "%s",
                      rf_why_text(&why));
    return true;
}

static const struct rf_sccp_device_cert *cert_find(const struct session *s,
                                                   const struct rf_sccp_device *d)
{
    for (size_t i = 0; i < d->n_certs; i++)
        if (rf_slice_eq(rf_slice_of(d->certs[i].sha256, RF_SCCP_FP_LEN),
                        rf_slice_of(s->sha256, RF_SCCP_FP_LEN)))
            return &d->certs[i];
    return NULL;
}

bool sccp_is_superseded(const struct session *s, const struct rf_sccp_device *d)
{
    const struct rf_sccp_device_cert *c = s->has_tls ? cert_find(s, d) : NULL;
    return c != NULL && c->state == RF_SCCP_CERT_SUPERSEDED;
}

static bool must_be_listed(const struct session *s, const struct rf_sccp_device *d)
{
    const struct rf_cert *ours = s->svc->conf.listed_issuer;
    return d->listed_certs_only ||
           (ours != NULL && rf_slice_eq(rf_cert_issuer_der(s->cert), rf_cert_subject_der(ours))) ||
           (s->svc->conf.listed != NULL && !rf_fault_skips("sccp.listed-ca") &&
            rf_anchors_issued(s->svc->conf.listed, s->cert));
}

static bool check_cert(const struct session *s, const struct rf_sccp_device *d, struct refusal *r)
{
    struct rf_why why = {0};
    if (!s->has_tls)
        return true;
    /* It may have been blocked or revoked since the handshake. */
    if (rf_blocklist_check(s->svc->conf.blocked, s->cert, &why) != RF_OK)
        return refuse(r, RF_SCCP_CAUSE_AUTHENTICATION, "Certificate blocked", "%s",
                      rf_why_text(&why));
    if (rf_revocation_check(s->svc->conf.revocation, s->cert, &why) != RF_OK)
        return refuse(r, RF_SCCP_CAUSE_AUTHENTICATION, "Certificate revoked", "%s",
                      rf_why_text(&why));
    if (rf_fault_skips("sccp.certificate-state"))
        return true;
    const struct rf_sccp_device_cert *c = cert_find(s, d);
    if (c != NULL && c->state == RF_SCCP_CERT_SUPERSEDED)
        return refuse(r, RF_SCCP_CAUSE_AUTHENTICATION, "Certificate superseded",
                      "certificate %s was replaced by a newer one", rf_cert_short(s->cert));
    if (c == NULL && must_be_listed(s, d))
        return refuse(r, RF_SCCP_CAUSE_AUTHENTICATION, "Certificate not known",
                      "certificate %s is none of this device's", rf_cert_short(s->cert));
    return true;
}

static enum rf_call_signalling signalling_of(const struct session *s)
{
    if (!s->has_tls)
        return RF_CALL_SIGNALLING_PLAIN;
    return s->is_encrypted ? RF_CALL_SIGNALLING_ENCRYPTED : RF_CALL_SIGNALLING_AUTHENTICATED;
}

/* What a device's mode and its phone's link say to each other; a row without a text is let in.
 * doc: docs/security-rules.md, "Security modes" */
struct verdict {
    enum rf_sccp_cause cause;
    const char *shown, *text;
};
#define MODES  (RF_SCCP_MODE_ENCRYPTED + 1)
#define LINKS  (RF_CALL_SIGNALLING_ENCRYPTED + 1)
#define CIPHER RF_SCCP_CAUSE_TLS_CIPHER, "Wrong cipher"
#define SECURE RF_SCCP_CAUSE_SECURITY_MISMATCH, "Secure link not allowed"
#define PLAIN  RF_SCCP_CAUSE_SECURITY_MISMATCH, "Secure link required"
static const struct verdict verdicts[MODES][LINKS] = {
    [RF_SCCP_MODE_NON_SECURE] =
        {
            [RF_CALL_SIGNALLING_AUTHENTICATED] = {SECURE, "secure link, but the device is "
                                                          "non-secure"},
            [RF_CALL_SIGNALLING_ENCRYPTED] = {SECURE, "secure link, but the device is non-secure"},
        },
    [RF_SCCP_MODE_AUTHENTICATED] =
        {
            [RF_CALL_SIGNALLING_PLAIN] = {PLAIN, "plain link, but the device is authenticated"},
            [RF_CALL_SIGNALLING_ENCRYPTED] = {CIPHER, "does not fit mode authenticated"},
        },
    [RF_SCCP_MODE_ENCRYPTED] =
        {
            [RF_CALL_SIGNALLING_PLAIN] = {PLAIN, "plain link, but the device is encrypted"},
            [RF_CALL_SIGNALLING_AUTHENTICATED] = {CIPHER, "does not fit mode encrypted"},
        },
};
#undef CIPHER
#undef SECURE
#undef PLAIN

static const struct verdict *verdict_of(const struct session *s, const struct rf_sccp_device *d)
{
    enum rf_sccp_mode_wanted mode = s->svc->conf.is_nonsecure ? RF_SCCP_MODE_NON_SECURE : d->mode;
    return &verdicts[mode][signalling_of(s)];
}

bool sccp_link_fits_mode(const struct session *s, const struct rf_sccp_device *d)
{
    return verdict_of(s, d)->text == NULL;
}

static bool check_mode(const struct session *s, const struct rf_sccp_device *d, struct refusal *r)
{
    const struct verdict *v = verdict_of(s, d);
    if (v->text == NULL || rf_fault_skips("sccp.security-mode"))
        return true;
    if (v->cause == RF_SCCP_CAUSE_TLS_CIPHER)
        return refuse(r, v->cause, v->shown, "suite %s %s", s->suite, v->text);
    return refuse(r, v->cause, v->shown, "%s", v->text);
}

bool sccp_model_fits(const struct session *s, const struct rf_sccp_device *d)
{
    return !s->is_legacy || rf_fault_skips("sccp.legacy-model") ||
           rf_family_model_listed(s->svc->legacy_models, d->model);
}

static bool is_none(const uint8_t sha256[RF_SCCP_FP_LEN])
{
    static const uint8_t none[RF_SCCP_FP_LEN];
    return rf_slice_eq(rf_slice_of(sha256, RF_SCCP_FP_LEN), rf_slice_of(none, sizeof none));
}

static bool is_modern_cert(const struct session *s, const struct station *st)
{
    return rf_slice_eq(rf_slice_of(st->modern_cert, RF_SCCP_FP_LEN),
                       rf_slice_of(s->sha256, RF_SCCP_FP_LEN));
}

/* Whoever stands between a phone and us can keep it from TLS 1.2 and wait for it to try less: a
 * phone that could has to go on, until it has another certificate.
 * doc: docs/tls.md, "The profile legacy" */
static bool check_legacy(const struct session *s, const struct station *st, struct refusal *r)
{
    if (!sccp_model_fits(s, &st->conf))
        return refuse(r, RF_SCCP_CAUSE_TLS_CIPHER, "Not for this model",
                      "the legacy port is not for model %s (legacy_models)",
                      st->conf.model[0] != '\0' ? st->conf.model : "none");
    if (!s->is_old_version || is_none(st->modern_cert) || !is_modern_cert(s, st) ||
        rf_fault_skips("sccp.tls-downgrade"))
        return true;
    r->kind = "tls-downgrade";
    rf_count(TLS_DOWNGRADES);
    return refuse(r, RF_SCCP_CAUSE_TLS_CIPHER, "TLS downgrade",
                  "%s, but it has registered with this certificate by TLS 1.2 or above: somebody "
                  "may be in between; if its firmware is an older one now, give it a new LSC",
                  s->tls_version);
}

static void note_modern(const struct session *s, struct station *st)
{
    if (!s->has_tls || s->is_old_version || s->cert == NULL || is_modern_cert(s, st))
        return;
    memcpy(st->modern_cert, s->sha256, sizeof st->modern_cert);
    if (s->svc->conf.ops->on_modern != NULL)
        s->svc->conf.ops->on_modern(s->svc->conf.arg, st->conf.call.name, s->sha256);
}

static bool check_type(const struct rf_sccp_device *d, const struct rf_sccp_register *reg,
                       struct refusal *r)
{
    return d->device_type == 0 || d->device_type == reg->device_type ||
           refuse(r, RF_SCCP_CAUSE_TYPE_MISMATCH, "Device type mismatch",
                  "device type %u, configured %u", reg->device_type, d->device_type);
}

/* doc: docs/security-rules.md, "Registration failure causes": the old session gives way to the same
 * certificate, to the same plain address, or when its own certificate would be refused today or it
 * has missed a keepalive; never an authenticated one to a plain one */
static bool may_replace(const struct session *old, const struct session *s,
                        const struct rf_sccp_device *d)
{
    struct refusal today;
    if (old->has_tls && !s->has_tls)
        return false;
    if (!check_cert(old, d, &today))
        return true;
    if (old->has_tls && s->has_tls &&
        rf_slice_eq(rf_slice_of(old->sha256, RF_SCCP_FP_LEN),
                    rf_slice_of(s->sha256, RF_SCCP_FP_LEN)))
        return true;
    if (!old->has_tls && !s->has_tls && strcmp(old->address, s->address) == 0)
        return true;
    uint64_t silent_ms = rf_now_ms(s->svc->conf.clock) - old->last_in_ms;
    return silent_ms > (uint64_t)old->keepalive_s * 1000 * 3 / 2;
}

static bool check_other(const struct session *s, const struct station *st, struct refusal *r)
{
    const struct session *old = st->session;
    if (old == NULL || rf_fault_skips("sccp.duplicate") || may_replace(old, s, &st->conf))
        return true;
    return refuse(r, RF_SCCP_CAUSE_ALREADY_EXISTS, "Already registered",
                  "registered already from %s", old->address);
}

/* Each certificate has its own share, and each address of those who show none: whoever is refused
 * again and again leaves room for the others. */
static void key_of(const struct session *s, uint8_t out[RF_ADDRESS_SOURCE])
{
    struct rf_address address;
    memset(out, 0, RF_ADDRESS_SOURCE);
    if (s->cert != NULL)
        memcpy(out, s->sha256, RF_ADDRESS_SOURCE);
    else if (rf_address_parse(s->address, 0, &address, NULL) == RF_OK)
        rf_address_source(&address, out);
}

/* The one who was refused longest ago makes room. */
static struct refused_one *refused_one_of(struct session *s)
{
    struct refused_one *all = s->svc->refused;
    uint8_t key[RF_ADDRESS_SOURCE];
    size_t at = 0, oldest = 0;
    key_of(s, key);
    while (at < REFUSED_ONES && !rf_slice_eq(rf_slice_of(all[at].key, sizeof all[at].key),
                                             rf_slice_of(key, sizeof key))) {
        if (all[at].last_ms < all[oldest].last_ms)
            oldest = at;
        at++;
    }
    if (at == REFUSED_ONES) {
        at = oldest;
        all[at] = (struct refused_one){0};
        memcpy(all[at].key, key, sizeof key);
    }
    all[at].last_ms = rf_now_ms(s->svc->conf.clock);
    return &all[at];
}

static void tell_unknown(struct session *s, struct rf_slice name)
{
    struct rf_sccp_service *svc = s->svc;
    bool has_cert = s->cert != NULL;
    char text[RF_CALL_DEVICE_MAX + 1];
    if (svc->conf.ops->on_unknown == NULL || !rf_slice_to_str(name, text, sizeof text) ||
        !sccp_may_tell(svc, &refused_one_of(s)->unknown, UNKNOWN_OF_ONE_A_MINUTE) ||
        !sccp_may_tell(svc, &svc->unknown[has_cert], UNKNOWN_A_MINUTE))
        return;
    svc->conf.ops->on_unknown(svc->conf.arg, text, s->address, has_cert);
}

static bool judge(struct session *s, const struct rf_sccp_register *reg, struct station **st,
                  struct refusal *r)
{
    if (!rf_sccp_device_name_ok(reg->device_name))
        return refuse(r, RF_SCCP_CAUSE_NO_ENTRY, "Device Unknown", "not a device name");
    if (sccp_is_closed(s->svc))
        return refuse(r, RF_SCCP_CAUSE_UNKNOWN, "Use the call manager",
                      "the centre has sent its phones back, and nobody is taken for a while");
    *st = sccp_station_find(s->svc, reg->device_name);
    if (!check_name(s, reg->device_name, r))
        return false;
    if (*st == NULL) {
        tell_unknown(s, reg->device_name);
        return refuse(r, RF_SCCP_CAUSE_NO_ENTRY, "Device Unknown", "device is not configured");
    }
    const struct rf_sccp_device *d = &(*st)->conf;
    return check_mode(s, d, r) && check_cert(s, d, r) && check_legacy(s, *st, r) &&
           check_type(d, reg, r) && check_other(s, *st, r);
}

/* ---- outcome ---- */

static void tell_refused(struct session *s, struct rf_slice device, struct station *st,
                         const struct refusal *r)
{
    char name[4 * 16 + 1];
    rf_escape(device, name, sizeof name);
    rf_count(REGISTER_REFUSED);
    if (st != NULL)
        st->last_cause = r->cause;
    if (sccp_may_tell(s->svc, &refused_one_of(s)->told, OF_ONE_A_MINUTE) &&
        sccp_may_tell(s->svc, &s->svc->rejections[s->cert != NULL], REJECTIONS_A_MINUTE))
        sccp_event(s->svc, r->kind != NULL ? r->kind : "register-refused", name, r->cause,
                   "%s from=%s cert=%s", r->text, s->address,
                   s->cert != NULL ? rf_cert_subject(s->cert) : "none");
}

static void reject(struct session *s, const struct rf_sccp_register *reg, struct station *st,
                   const struct refusal *r)
{
    tell_refused(s, reg->device_name, st, r);
    sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_REGISTER_REJECT,
                                       .register_reject.text = rf_slice_str(r->shown)});
    sccp_session_close(s, r->shown);
}

/* What it runs, and whether it refused another load: the present alarm, or (NULL) none. */
static void tell_load(const struct session *s, const char *alarm)
{
    struct rf_sccp_load_alarm told = {0};
    char text[2 * 80 + 1] = "";
    if (s->svc->conf.ops->on_load == NULL)
        return;
    bool is_refusal = alarm != NULL && rf_sccp_load_alarm_parse(rf_slice_str(alarm), &told);
    if (is_refusal)
        rf_escape(rf_slice_str(alarm), text, sizeof text);
    s->svc->conf.ops->on_load(s->svc->conf.arg, sccp_session_dev(s),
                              s->load[0] != '\0' ? s->load : told.running,
                              is_refusal ? &told : NULL, text);
}

/* False: too many of them. */
static bool tell_alarm(struct session *s)
{
    struct rf_slice rest = rf_slice_str(s->alarm);
    struct rf_slice number;
    uint64_t code = 0;
    const char *reason = "unknown";
    if (rf_next_piece(&rest, ':', &number) && rf_parse_u64(number, 0, 99, &code))
        reason = rf_sccp_name_or_unknown(RF_SCCP_NAMES_ALARM_REASON, (uint32_t)code);
    size_t at = rf_slice_find(rest, rf_slice_str("Last="));
    char last[4 * 80 + 1];
    rf_escape(at == SIZE_MAX ? rest : rf_slice_part(rest, at + 5, SIZE_MAX), last, sizeof last);
    memcpy(s->station->last_alarm, s->alarm, sizeof s->station->last_alarm);
    s->has_alarm = false;
    if (!sccp_may_tell_of(s, &s->alarms, NOISE_A_MINUTE))
        return false;
    sccp_event(s->svc, "alarm", sccp_session_dev(s), RF_SCCP_CAUSE_NONE,
               "severity=%s reason=\"%s\" last=\"%s\"",
               rf_sccp_name_or_unknown(RF_SCCP_NAMES_ALARM_SEVERITY, s->alarm_severity), reason,
               last);
    return true;
}

/* doc: docs/wire/sccp.md, "Registration": before Register it may name anybody; it is told once we
 * know who it is */
void sccp_on_alarm(struct session *s, const struct rf_sccp_alarm *alarm)
{
    struct rf_slice text = rf_slice_part(alarm->text, 0, sizeof s->alarm - 1);
    bool whole = rf_slice_to_str(text, s->alarm, sizeof s->alarm);
    (void)whole; /* cut at a NUL is fine */
    s->alarm_severity = alarm->severity;
    s->has_alarm = true;
    if (s->station != NULL && tell_alarm(s))
        tell_load(s, s->alarm);
}

static void copy_text(struct rf_slice from, char *to, size_t cap)
{
    char safe[4 * 48 + 1];
    rf_escape(from, safe, sizeof safe);
    snprintf(to, cap, "%.*s", (int)cap - 1, safe);
}

static void use_unconfirmed_cert(struct session *s, struct rf_sccp_device *d)
{
    for (size_t i = 0; s->has_tls && i < d->n_certs; i++) {
        struct rf_sccp_device_cert *c = &d->certs[i];
        if (c->state != RF_SCCP_CERT_UNCONFIRMED ||
            !rf_slice_eq(rf_slice_of(c->sha256, RF_SCCP_FP_LEN),
                         rf_slice_of(s->sha256, RF_SCCP_FP_LEN)))
            continue;
        c->state = RF_SCCP_CERT_CURRENT;
        if (s->svc->conf.ops->on_cert_used != NULL)
            s->svc->conf.ops->on_cert_used(s->svc->conf.arg, d->call.name, c->sha256);
    }
}

static void send_ack(struct session *s, unsigned agreed)
{
    const struct rf_sccp_service_conf *conf = &s->svc->conf;
    struct rf_sccp_msg msg = {
        .id = RF_SCCP_REGISTER_ACK,
        .register_ack = {.keepalive_interval_s = s->keepalive_s,
                         .date_template = rf_slice_str(conf->date_template),
                         .secondary_keepalive_interval_s = conf->secondary_keepalive_s,
                         .max_protocol_ver = (uint8_t)agreed}};
    rf_sccp_version_features(agreed, msg.register_ack.features);
    sccp_send(s, &msg);
    s->version = agreed;
    sccp_send_empty(s, RF_SCCP_CAPABILITIES_REQ);
}

static bool tell_registered(struct session *s)
{
    if (!sccp_may_tell_of(s, &s->comings, COMINGS_A_MINUTE))
        return false;
    sccp_event(s->svc, "registered", sccp_session_dev(s), RF_SCCP_CAUSE_NONE,
               "from=%s version=%u load=%s tls=%s suite=%s cert=%s resumed=%s", s->address,
               s->version, s->load, s->has_tls ? s->tls_version : "none",
               s->has_tls ? s->suite : "none", s->cert != NULL ? rf_cert_short(s->cert) : "none",
               s->is_resumed ? "yes" : "no");
    return true;
}

static uint32_t suites_of(const struct rf_sccp_device *d)
{
    if (!d->has_srtp)
        return 0;
    return d->suites != 0 ? d->suites : RF_CALL_ABLE(RF_CALL_SRTP_AES_CM_128_HMAC_SHA1_32);
}

static void let_in(struct session *s, const struct rf_sccp_register *reg, struct station *st)
{
    if (st->session != NULL)
        sccp_session_close(st->session, "replaced by a new registration");
    struct rf_call_attach attach = {.ops = &sccp_endpoint_ops,
                                    .arg = s,
                                    .side = {.signalling = signalling_of(s),
                                             .suites = suites_of(&st->conf),
                                             .codecs = RF_CALL_CODEC_PCMU, /* until it says more */
                                             .is_untrusted = st->conf.is_untrusted,
                                             .is_ip6 = s->has_ip && s->ip.is_ip6}};
    attach.has_cert = !is_none(s->sha256);
    memcpy(attach.cert, s->sha256, sizeof attach.cert);
    enum rf_err err = rf_call_device_up(s->svc->calls, st->conf.call.name, &attach, &s->dev);
    rf_bug_on(err != RF_OK);
    st->session = s;
    st->last_cause = RF_SCCP_CAUSE_NONE;
    s->station = st;
    s->since_s = rf_wall_s(s->svc->conf.clock);
    s->device_type = reg->device_type;
    s->is_utf8 = rf_sccp_features_utf8(reg->features);
    s->keepalive_s = s->svc->conf.keepalive_s;
    copy_text(reg->firmware_load_name, s->load, sizeof s->load);
    copy_text(reg->config_version_stamp, s->version_stamp, sizeof s->version_stamp);
    send_ack(s, rf_sccp_version_agree(reg->protocol_ver));
    sccp_session_watch(s, (uint64_t)s->keepalive_s * 1000 * KEEPALIVE_MISS);
    rf_count(REGISTERED);
    bool is_told = tell_registered(s);
    use_unconfirmed_cert(s, &st->conf);
    note_modern(s, st);
    bool has_alarm = s->has_alarm && tell_alarm(s);
    if (is_told)
        tell_load(s, has_alarm ? s->alarm : NULL);
}

bool sccp_on_register(struct session *s, const struct rf_sccp_register *reg)
{
    struct refusal r = {0};
    struct station *st = NULL;
    if (s->station != NULL) { /* doc: docs/wire/sccp.md, "Bad input" */
        refuse(&r, RF_SCCP_CAUSE_ALREADY_EXISTS, "Registered twice", "second Register on one link");
        reject(s, reg, NULL, &r);
        return false;
    }
    if (!judge(s, reg, &st, &r)) {
        reject(s, reg, st, &r);
        return false;
    }
    rf_bug_on(st == NULL); /* who was judged fit is a device */
    let_in(s, reg, st);
    return true;
}

/* One that may come, but not all of them in the same moment. */
static bool is_its_turn(struct rf_sccp_service *svc, struct station *st, uint32_t *wait_s)
{
    return rf_sccp_turn_take(&svc->turns, svc->conf.return_rate, rf_now_ms(svc->conf.clock) / 1000,
                             &st->turn_s, wait_s);
}

void sccp_on_token_req(struct session *s, const struct rf_sccp_register_token_req *ask)
{
    struct rf_sccp_register would = {.device_name = ask->device_name,
                                     .device_type = ask->device_type};
    struct refusal r = {0};
    struct station *st = NULL;
    uint32_t wait_s = 0;
    sccp_session_watch(s, (uint64_t)s->keepalive_s * 1000 * KEEPALIVE_MISS);
    if (s->station != NULL || (judge(s, &would, &st, &r) && is_its_turn(s->svc, st, &wait_s))) {
        sccp_send_empty(s, RF_SCCP_REGISTER_TOKEN_ACK);
        return;
    }
    if (wait_s == 0)
        tell_refused(s, ask->device_name, st, &r);
    sccp_send(s, &(struct rf_sccp_msg){.id = RF_SCCP_REGISTER_TOKEN_REJECT,
                                       .register_token_reject.wait_s =
                                           wait_s != 0 ? wait_s : TOKEN_WAIT_S});
}
