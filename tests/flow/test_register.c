/* SPDX-License-Identifier: Apache-2.0 */
/* Who may register, who may not, and what a registering phone is told. Each refusal has its twin.
 */
#include "flow.h"

#include <stdio.h>
#include <stdlib.h>

#include "log_lines.h"
#include "trust/cert.h"

#define WITH_PHONE(cert_letter, version)                                                           \
    struct flow *f = flow_new();                                                                   \
    struct flow_phone *a = flow_phone(f, NAME_A, cert_letter, version)

static void expect_refused(struct flow_phone *p, enum rf_sccp_cause cause, const char *name,
                           const char *shown)
{
    assert_slice_str(expect(p, RF_SCCP_REGISTER_REJECT)->register_reject.text, shown);
    expect_closed(p, shown);
    expect_none(p, RF_SCCP_REGISTER_ACK);
    const struct flow_event *e = expect_event(p->f, "register-refused");
    assert_int_equal(e->cause, cause);
    assert_string_equal(rf_sccp_cause_name(e->cause), name);
    assert_string_equal(e->dev, p->name);
}

static void expect_accepted(struct flow_phone *p)
{
    expect(p, RF_SCCP_REGISTER_ACK);
    assert_true(p->is_open);
    assert_true(is_registered(p->f, p->name));
}

/* ---- a registration ---- */

static void asks(struct flow_phone *p, enum rf_sccp_id question, enum rf_sccp_id answer)
{
    sends(p, &(struct rf_sccp_msg){.id = question, .line_stat_req.number = 1});
    expect(p, answer);
}

static void full_registration(unsigned version)
{
    WITH_PHONE('A', version);
    connects(a, LINK_TLS);
    sends(a, &(struct rf_sccp_msg){
                 .id = RF_SCCP_ALARM,
                 .alarm = {.severity = RF_SCCP_ALARM_INFORMATIONAL,
                           .text = rf_slice_str("00: Name=" NAME_A
                                                " Load=RF70.1-0-1 Last=Load Rejected")}});
    assert_int_equal(events_of(f, "alarm"), 0); /* not before we know who speaks */
    sends_register(a);
    const struct rf_sccp_register_ack *ack = &expect(a, RF_SCCP_REGISTER_ACK)->register_ack;
    assert_int_equal(ack->max_protocol_ver, version);
    assert_int_equal(ack->keepalive_interval_s, 30);
    expect(a, RF_SCCP_CAPABILITIES_REQ);
    expect_event(f, "registered");
    assert_non_null(strstr(expect_event(f, "alarm")->text, "Load Rejected"));

    asks(a, RF_SCCP_BUTTON_TEMPLATE_REQ, RF_SCCP_BUTTON_TEMPLATE);
    assert_int_equal(a->msg.button_template.count, RF_SCCP_BUTTON_SLOTS);
    assert_int_equal(a->msg.button_template.buttons[0].type, RF_SCCP_STIM_LINE);
    assert_int_equal(a->msg.button_template.buttons[1].type, RF_SCCP_STIM_UNDEFINED);
    asks(a, RF_SCCP_SOFTKEY_TEMPLATE_REQ, RF_SCCP_SOFTKEY_TEMPLATE_RES);
    asks(a, RF_SCCP_SOFTKEY_SET_REQ, RF_SCCP_SOFTKEY_SET_RES);
    expect(a, RF_SCCP_SELECT_SOFTKEYS);
    asks(a, RF_SCCP_CONFIG_STAT_REQ, RF_SCCP_CONFIG_STAT);
    assert_slice_str(a->msg.config_stat.device_name, NAME_A);
    asks(a, RF_SCCP_LINE_STAT_REQ, rf_sccp_form(RF_SCCP_LINE_STAT, version));
    assert_slice_str(a->msg.line_stat.directory_number, "2001");
    assert_slice_str(a->msg.line_stat.display_name, "Ada");
    asks(a, RF_SCCP_FORWARD_STAT_REQ, RF_SCCP_FORWARD_STAT);
    asks(a, RF_SCCP_SPEED_DIAL_STAT_REQ, RF_SCCP_SPEED_DIAL_STAT);
    asks(a, RF_SCCP_TIME_DATE_REQ, RF_SCCP_DEFINE_TIME_DATE);
    assert_int_equal(a->msg.define_time_date.year, 2026);
    asks(a, RF_SCCP_VERSION_REQ, RF_SCCP_VERSION);
    asks(a, RF_SCCP_KEEPALIVE, RF_SCCP_KEEPALIVE_ACK);

    struct rf_sccp_device_status st;
    assert_err(rf_sccp_device_status(f->svc, NAME_A, &st), RF_OK);
    assert_int_equal(st.version, version);
    assert_string_equal(st.load, "RF70.1-0-1");
    assert_string_equal(st.suite, "TLS_AES_256_GCM_SHA384");
    assert_string_equal(st.address, "10.1.2.1");
    assert_int_equal(st.in, a->sent);
    assert_int_equal(st.out, a->n_got);
    struct rf_sccp_counts counts;
    rf_sccp_counts(f->svc, &counts);
    assert_int_equal(counts.in, a->sent);
    assert_int_equal(counts.out, a->n_got);
    assert_int_equal(counts.dropped, 0);
    sends_empty(a, RF_SCCP_UNREGISTER);
    assert_int_equal(expect(a, RF_SCCP_UNREGISTER_ACK)->unregister_ack.status, 0);
    assert_false(is_registered(f, NAME_A));
    sends_register(a); /* again on the same link: accepted */
    expect_accepted(a);
    flow_free(f);
}

static void registration_with_each_version(void **state)
{
    static const unsigned versions[] = {3, 8, 10, 11, 15, 16, 17, 18, 19, 20, 21, 22};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        full_registration(versions[i]);
}

static void version_255_is_22_and_0_is_3(void **state)
{
    WITH_PHONE('A', 255);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 0);
    boots(a);
    boots(b);
    assert_int_equal(a->version, 22);
    assert_int_equal(b->version, 3);
    flow_free(f);
}

/* ---- refusals ---- */

static void certificate_of_another_phone(void **state)
{
    WITH_PHONE('B', 22);
    connects(a, LINK_TLS);
    sends_register(a);
    expect_refused(a, RF_SCCP_CAUSE_X509_NAME, "invalidX509NameInCertificate",
                   "Certificate name mismatch");
    struct flow_phone *twin = flow_phone(f, NAME_A, 'A', 22);
    connects(twin, LINK_TLS);
    sends_register(twin);
    expect_accepted(twin);
    flow_free(f);
}

static void plain_link_for_an_encrypted_device_sec_48(void **state)
{
    WITH_PHONE('A', 22);
    connects(a, LINK_PLAIN);
    sends_register(a);
    expect_refused(a, RF_SCCP_CAUSE_SECURITY_MISMATCH, "securityMismatch", "Secure link required");
    connects(a, LINK_TLS);
    sends_register(a);
    expect_accepted(a);
    flow_free(f);
}

static void link_that_does_not_encrypt_for_an_encrypted_device_sec_47(void **state)
{
    WITH_PHONE('A', 22);
    connects(a, LINK_NULL_CIPHER);
    sends_register(a);
    expect_refused(a, RF_SCCP_CAUSE_TLS_CIPHER, "invalidTLSCipher", "Wrong cipher");
    struct rf_sccp_device d = flow_device(NAME_A);
    d.mode = RF_SCCP_MODE_AUTHENTICATED;
    struct rf_why why = {0};
    assert_err(rf_sccp_device_update(f->svc, &d, &why), RF_OK);
    connects(a, LINK_NULL_CIPHER);
    sends_register(a);
    expect_accepted(a);
    flow_free(f);
}

static void secure_link_for_a_non_secure_device_sec_49(void **state)
{
    WITH_PHONE('A', 22);
    struct rf_sccp_device d = flow_device(NAME_A);
    d.mode = RF_SCCP_MODE_NON_SECURE;
    struct rf_why why = {0};
    assert_err(rf_sccp_device_update(f->svc, &d, &why), RF_OK);
    connects(a, LINK_TLS);
    sends_register(a);
    expect_refused(a, RF_SCCP_CAUSE_SECURITY_MISMATCH, "securityMismatch",
                   "Secure link not allowed");
    connects(a, LINK_PLAIN);
    sends_register(a);
    expect_accepted(a);
    flow_free(f);
}

/* The whole table of docs/security-rules.md, "Security modes": what the device's mode, the link and
 * the cluster make of a registration. */
static void every_mode_on_every_link_sec_47_sec_48_sec_49(void **state)
{
    static const struct {
        bool is_nonsecure; /* the cluster */
        enum rf_sccp_mode_wanted mode;
        enum flow_link link;
        enum rf_sccp_cause cause;
    } rows[] = {
        {false, RF_SCCP_MODE_NON_SECURE, LINK_PLAIN, RF_SCCP_CAUSE_NONE},
        {false, RF_SCCP_MODE_NON_SECURE, LINK_NULL_CIPHER, RF_SCCP_CAUSE_SECURITY_MISMATCH},
        {false, RF_SCCP_MODE_NON_SECURE, LINK_TLS, RF_SCCP_CAUSE_SECURITY_MISMATCH},
        {false, RF_SCCP_MODE_AUTHENTICATED, LINK_PLAIN, RF_SCCP_CAUSE_SECURITY_MISMATCH},
        {false, RF_SCCP_MODE_AUTHENTICATED, LINK_NULL_CIPHER, RF_SCCP_CAUSE_NONE},
        {false, RF_SCCP_MODE_AUTHENTICATED, LINK_TLS, RF_SCCP_CAUSE_TLS_CIPHER},
        {false, RF_SCCP_MODE_ENCRYPTED, LINK_PLAIN, RF_SCCP_CAUSE_SECURITY_MISMATCH},
        {false, RF_SCCP_MODE_ENCRYPTED, LINK_NULL_CIPHER, RF_SCCP_CAUSE_TLS_CIPHER},
        {false, RF_SCCP_MODE_ENCRYPTED, LINK_TLS, RF_SCCP_CAUSE_NONE},
        {true, RF_SCCP_MODE_NON_SECURE, LINK_PLAIN, RF_SCCP_CAUSE_NONE},
        {true, RF_SCCP_MODE_AUTHENTICATED, LINK_PLAIN, RF_SCCP_CAUSE_NONE},
        {true, RF_SCCP_MODE_AUTHENTICATED, LINK_NULL_CIPHER, RF_SCCP_CAUSE_SECURITY_MISMATCH},
        {true, RF_SCCP_MODE_ENCRYPTED, LINK_PLAIN, RF_SCCP_CAUSE_NONE},
        {true, RF_SCCP_MODE_ENCRYPTED, LINK_TLS, RF_SCCP_CAUSE_SECURITY_MISMATCH},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct flow *f = flow_new_in(rows[i].is_nonsecure);
        struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22);
        struct rf_sccp_device d = flow_device(NAME_A);
        d.mode = rows[i].mode;
        assert_err(rf_sccp_device_update(f->svc, &d, NULL), RF_OK);
        connects(a, rows[i].link);
        sends_register(a);
        if (rows[i].cause == RF_SCCP_CAUSE_NONE)
            expect_accepted(a);
        else
            expect_refused(a, rows[i].cause, rf_sccp_cause_name(rows[i].cause),
                           rows[i].cause == RF_SCCP_CAUSE_TLS_CIPHER ? "Wrong cipher"
                           : rows[i].link == LINK_PLAIN              ? "Secure link required"
                                                                     : "Secure link not allowed");
        flow_free(f);
    }
}

/* A handshake that found no suite is the same cause, though nobody knows whose it was. */
static void handshakes_have_a_cause_sec_47(void **state)
{
    struct flow *f = flow_new();
    struct rf_why why = {0};
    (void)rf_why_set(&why, RF_ERR_DENIED, "tls-no-common-suite", "no suite in common");
    rf_sccp_link_refused(f->svc, "10.1.2.1", &why);
    assert_int_equal(expect_event(f, "link-refused")->cause, RF_SCCP_CAUSE_TLS_CIPHER);
    why = (struct rf_why){0};
    (void)rf_why_set(&why, RF_ERR_DENIED, "cert-expired", "it has ended");
    rf_sccp_link_refused(f->svc, "10.1.2.1", &why);
    assert_int_equal(expect_event(f, "link-refused")->cause, RF_SCCP_CAUSE_NONE);
    flow_free(f);
}

/* Another mode while it is registered: its link is not what the device wants any more. */
static void another_mode_ends_the_link(void **state)
{
    static const enum rf_sccp_mode_wanted other[] = {RF_SCCP_MODE_NON_SECURE,
                                                     RF_SCCP_MODE_ENCRYPTED};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        WITH_PHONE('A', 22);
        struct rf_sccp_device d = flow_device(NAME_A);
        d.mode = RF_SCCP_MODE_AUTHENTICATED;
        assert_err(rf_sccp_device_update(f->svc, &d, NULL), RF_OK);
        connects(a, LINK_NULL_CIPHER);
        sends_register(a);
        expect_accepted(a);
        d.mode = other[i];
        assert_err(rf_sccp_device_update(f->svc, &d, NULL), RF_OK);
        expect_closed(a, "security mode");
        flow_free(f);
    }
}

static void device_that_is_not_configured(void **state)
{
    WITH_PHONE('A', 22);
    static const char *const names[] = {"../../x", "SEP00112233445", "%n", "sep001122334455", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        a->name = names[i];
        connects(a, LINK_TLS);
        sends_register(a);
        expect_refused(a, RF_SCCP_CAUSE_NO_ENTRY, "noEntryInDatabase", "Device Unknown");
    }
    assert_int_equal(f->n_unknown, 0);
    a->name = NAME_A;
    connects(a, LINK_TLS);
    sends_register(a);
    expect_accepted(a);
    flow_free(f);
}

/* An unknown phone is told on by the name that it has proved, or, in the clear, has claimed; and by
 * TLS nobody claims. */
static void unknown_devices_are_who_their_certificates_say(void **state)
{
    WITH_PHONE('A', 22);
    struct flow_phone *c = flow_phone(f, NAME_A, 'C', 22);
    assert_err(rf_sccp_device_remove(f->svc, NAME_A), RF_OK);
    a->name = "SEP001122334466";
    connects(a, LINK_TLS);
    sends_register(a);
    expect_refused(a, RF_SCCP_CAUSE_X509_NAME, "invalidX509NameInCertificate",
                   "Certificate name mismatch");
    assert_int_equal(f->n_unknown, 0);
    connects(c, LINK_TLS);
    sends_register(c);
    expect_refused(c, RF_SCCP_CAUSE_NO_ENTRY, "noEntryInDatabase", "Device Unknown");
    assert_int_equal(f->n_unknown, 1);
    assert_string_equal(f->unknown, c->name);
    assert_true(f->is_unknown_proved);
    connects(a, LINK_PLAIN);
    sends_register(a);
    expect_refused(a, RF_SCCP_CAUSE_NO_ENTRY, "noEntryInDatabase", "Device Unknown");
    assert_int_equal(f->n_unknown, 2);
    assert_string_equal(f->unknown, a->name);
    assert_false(f->is_unknown_proved);
    flow_free(f);
}

/* However many are refused: nobody uses up what the others have. */
static void who_is_refused_leaves_room_for_others(void **state)
{
    WITH_PHONE('A', 22);
    struct flow_phone *b = flow_phone(f, NAME_A, 'B', 22);
    struct flow_phone *c = flow_phone(f, NAME_A, 'C', 22);
    char address[32];
    assert_err(rf_sccp_device_remove(f->svc, NAME_A), RF_OK);
    a->name = "SEP001122334466";
    a->address = address;
    for (int i = 0; i < 300; i++) { /* in the clear, from everywhere */
        snprintf(address, sizeof address, "10.2.%d.%d", i / 200, 1 + i % 200);
        connects(a, LINK_PLAIN);
        sends_register(a);
    }
    assert_int_equal(f->n_unknown, 300);
    assert_int_equal(events_of(f, "register-refused"), 120);
    snprintf(address, sizeof address, "10.3.0.1"); /* and from one place */
    for (int i = 0; i < 600; i++) {
        connects(a, LINK_PLAIN);
        sends_register(a);
    }
    assert_int_equal(f->n_unknown, 300 + 60);
    connects(b, LINK_TLS);
    sends_register(b);
    expect_refused(b, RF_SCCP_CAUSE_X509_NAME, "invalidX509NameInCertificate",
                   "Certificate name mismatch");
    connects(c, LINK_TLS);
    sends_register(c);
    expect_refused(c, RF_SCCP_CAUSE_NO_ENTRY, "noEntryInDatabase", "Device Unknown");
    assert_string_equal(f->unknown, c->name);
    for (int i = 0; i < 300; i++) { /* one without end, by the whole of its /64 */
        snprintf(address, sizeof address, "2001:db8::%x", 1 + i);
        connects(a, LINK_PLAIN);
        sends_register(a);
    }
    assert_int_equal(f->n_unknown, 300 + 60 + 1 + 60);
    flow_free(f);
}

static void device_of_another_type(void **state)
{
    WITH_PHONE('A', 22);
    struct rf_sccp_device d = flow_device(NAME_A);
    struct rf_why why = {0};
    d.device_type = 495;
    assert_err(rf_sccp_device_update(f->svc, &d, &why), RF_OK);
    connects(a, LINK_TLS);
    sends_register(a);
    expect_refused(a, RF_SCCP_CAUSE_TYPE_MISMATCH, "deviceTypeMismatch", "Device type mismatch");
    d.device_type = 30006;
    assert_err(rf_sccp_device_update(f->svc, &d, &why), RF_OK);
    connects(a, LINK_TLS);
    sends_register(a);
    expect_accepted(a);
    flow_free(f);
}

static void certificate_states(void **state)
{
    WITH_PHONE('A', 22);
    struct rf_sccp_device d = flow_device(NAME_A);
    struct rf_why why = {0};
    d.n_certs = 1;
    memcpy(d.certs[0].sha256, rf_cert_sha256(a->cert).p, RF_SCCP_FP_LEN);
    d.certs[0].state = RF_SCCP_CERT_SUPERSEDED;
    assert_err(rf_sccp_device_update(f->svc, &d, &why), RF_OK);
    connects(a, LINK_TLS);
    sends_register(a);
    expect_refused(a, RF_SCCP_CAUSE_AUTHENTICATION, "authenticationError",
                   "Certificate superseded");

    d.certs[0].state = RF_SCCP_CERT_UNCONFIRMED;
    d.listed_certs_only = true;
    assert_err(rf_sccp_device_update(f->svc, &d, &why), RF_OK);
    connects(a, LINK_TLS);
    sends_register(a);
    expect_accepted(a);
    assert_int_equal(f->n_cert_used, 1); /* its first use confirms it */
    assert_memory_equal(f->cert_used, rf_cert_sha256(a->cert).p, RF_SCCP_FP_LEN);
    vanishes(a);

    struct flow_phone *other =
        flow_phone(f, NAME_A, 'C', 22); /* the name fits, the list does not */
    connects(other, LINK_TLS);
    sends_register(other);
    expect_refused(other, RF_SCCP_CAUSE_AUTHENTICATION, "authenticationError",
                   "Certificate not known");
    connects(a, LINK_TLS);
    sends_register(a);
    expect_accepted(a);
    assert_int_equal(f->n_cert_used, 1);
    flow_free(f);
}

/* What our own issuer made has to be listed, whatever the device's own rule is: an LSC that was
 * replaced so long ago that no list has room for it stays out. (The certificates of A and C name
 * themselves as issuer, and both the same name.) */
static void certificate_of_our_issuer_that_is_not_listed(void **state)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *issuer = NULL;
    RF_AUTO(rf_freep) char *path = rf_strf("%s/flow/phone-C.pem", getenv("RF_TEST_DATA"));
    struct rf_why why = {0};
    assert_err(rf_cert_from_pem_file(path, &issuer, &why), RF_OK);
    struct flow *f = flow_new_listing(issuer);
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 22);
    struct rf_sccp_device d = flow_device(NAME_A);
    connects(a, LINK_TLS);
    sends_register(a);
    expect_refused(a, RF_SCCP_CAUSE_AUTHENTICATION, "authenticationError", "Certificate not known");
    connects(b, LINK_TLS); /* of another issuer: the TLS layer has judged it */
    sends_register(b);
    expect_accepted(b);
    d.n_certs = 1;
    memcpy(d.certs[0].sha256, rf_cert_sha256(a->cert).p, RF_SCCP_FP_LEN);
    assert_err(rf_sccp_device_update(f->svc, &d, &why), RF_OK);
    connects(a, LINK_TLS);
    sends_register(a);
    expect_accepted(a);
    flow_free(f);
}

static void knobs_of_a_reload_are_for_who_comes_then(void **state)
{
    WITH_PHONE('A', 22);
    boots(a);
    rf_sccp_service_set_keepalive(f->svc, 17);
    rf_sccp_service_set_date_template(f->svc, "M-D-Y");
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 22);
    connects(b, LINK_TLS);
    sends_register(b);
    const struct rf_sccp_register_ack *ack = &expect(b, RF_SCCP_REGISTER_ACK)->register_ack;
    assert_int_equal(ack->keepalive_interval_s, 17);
    assert_slice_str(ack->date_template, "M-D-Y");
    struct rf_sccp_counts counts;
    rf_sccp_counts(f->svc, &counts);
    assert_int_equal(counts.devices, 2);
    flow_free(f);
}

/* doc: docs/security-rules.md, "Registration failure causes" */
static void registered_already_sec_43(void **state)
{
    WITH_PHONE('A', 22);
    struct flow_phone *other = flow_phone(f, NAME_A, 'C', 22);
    boots(a);
    connects(other, LINK_TLS);
    sends_register(other);
    expect_refused(other, RF_SCCP_CAUSE_ALREADY_EXISTS, "authenticatedDeviceAlreadyExists",
                   "Already registered");
    assert_true(a->is_open && is_registered(f, NAME_A));

    struct flow_phone *again = flow_phone(f, NAME_A, 'A', 22); /* the same certificate */
    connects(again, LINK_TLS);
    sends_register(again);
    expect_accepted(again);
    expect_closed(a, "replaced");
    flow_free(f);
}

static void silent_session_gives_way_sec_43(void **state)
{
    WITH_PHONE('A', 22);
    struct flow_phone *other = flow_phone(f, NAME_A, 'C', 22);
    boots(a);
    passes_silently(f, 44000);
    connects(other, LINK_TLS);
    sends_register(other);
    expect_refused(other, RF_SCCP_CAUSE_ALREADY_EXISTS, "authenticatedDeviceAlreadyExists",
                   "Already registered");
    passes_silently(f, 1001); /* one and a half intervals without a word */
    connects(other, LINK_TLS);
    sends_register(other);
    expect_accepted(other);
    expect_closed(a, "replaced");
    flow_free(f);
}

/* Whoever took a phone's old key must not keep the phone out with it: once the new certificate is
 * confirmed, the one that it replaced gives way. */
static void session_of_a_superseded_certificate_gives_way(void **state)
{
    WITH_PHONE('A', 22);
    struct flow_phone *renewed = flow_phone(f, NAME_A, 'C', 22);
    struct rf_sccp_device d = flow_device(NAME_A);
    struct rf_why why = {0};
    d.n_certs = 2;
    memcpy(d.certs[0].sha256, rf_cert_sha256(a->cert).p, RF_SCCP_FP_LEN);
    memcpy(d.certs[1].sha256, rf_cert_sha256(renewed->cert).p, RF_SCCP_FP_LEN);
    d.certs[0].state = d.certs[1].state = RF_SCCP_CERT_CURRENT;
    assert_err(rf_sccp_device_update(f->svc, &d, &why), RF_OK);
    boots(a);
    connects(renewed, LINK_TLS);
    sends_register(renewed);
    expect_refused(renewed, RF_SCCP_CAUSE_ALREADY_EXISTS, "authenticatedDeviceAlreadyExists",
                   "Already registered");
    d.certs[0].state = RF_SCCP_CERT_SUPERSEDED;
    assert_err(rf_sccp_device_update(f->svc, &d, &why), RF_OK);
    assert_int_equal(expect(a, RF_SCCP_RESET)->reset.type, RF_SCCP_RESET_RESTART);
    expect_closed(a, "its certificate was replaced");
    connects(renewed, LINK_TLS);
    sends_register(renewed);
    expect_accepted(renewed);
    flow_free(f);
}

static void blocks(struct flow *f, const struct flow_phone *p)
{
    struct rf_slice what = p != NULL ? rf_cert_sha256(p->cert) : (struct rf_slice){0};
    assert_err(rf_blocklist_set(f->blocked, what, NULL), RF_OK);
    rf_sccp_end_blocked(f->svc);
}

static void sec_40_blocked_while_registered_ends_the_registration(void **state)
{
    WITH_PHONE('A', 22);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 22);
    boots(a);
    boots(b);
    blocks(f, b);
    expect_closed(b, "blocked");
    assert_false(is_registered(f, NAME_B));
    assert_true(a->is_open);
    assert_true(is_registered(f, NAME_A));
    blocks(f, NULL);
    boots(b);
    flow_free(f);
}

static void sec_40_a_link_that_was_open_before_cannot_register(void **state)
{
    WITH_PHONE('A', 22);
    connects(a, LINK_TLS);
    blocks(f, a); /* not registered yet: it ends all the same */
    expect_closed(a, "blocked");
    /* Its handshake was done before, and it comes to call control after. */
    connects(a, LINK_TLS);
    sends_register(a);
    expect_refused(a, RF_SCCP_CAUSE_AUTHENTICATION, "authenticationError", "Certificate blocked");
    connects(a, LINK_TLS);
    sends_empty(a, RF_SCCP_KEEPALIVE);
    expect_closed(a, "blocked");
    blocks(f, NULL);
    connects(a, LINK_TLS);
    sends_register(a);
    expect_accepted(a);
    flow_free(f);
}

static void second_register_on_one_link(void **state)
{
    WITH_PHONE('A', 22);
    boots(a);
    sends_register(a);
    expect_refused(a, RF_SCCP_CAUSE_ALREADY_EXISTS, "authenticatedDeviceAlreadyExists",
                   "Registered twice");
    assert_false(is_registered(f, NAME_A));
    flow_free(f);
}

/* ---- links and messages ---- */

static void nothing_but_a_few_messages_before_register(void **state)
{
    WITH_PHONE('A', 22);
    connects(a, LINK_TLS);
    sends_empty(a, RF_SCCP_BUTTON_TEMPLATE_REQ);
    sends_empty(a, RF_SCCP_OFF_HOOK);
    dials(a, "2002");
    assert_int_equal(a->n_got, 0);
    struct rf_sccp_counts counts;
    rf_sccp_counts(f->svc, &counts);
    assert_int_equal(counts.dropped, 6);
    assert_non_null(strstr(expect_event(f, "message-dropped")->text, "not before Register"));
    assert_true(a->is_open);
    asks(a, RF_SCCP_KEEPALIVE, RF_SCCP_KEEPALIVE_ACK); /* allowed */
    sends_register(a);
    expect_accepted(a);
    asks(a, RF_SCCP_BUTTON_TEMPLATE_REQ, RF_SCCP_BUTTON_TEMPLATE); /* and now this is */
    flow_free(f);
}

static void five_short_messages_close_the_link(void **state)
{
    WITH_PHONE('A', 22);
    boots(a);
    for (int i = 0; i < 4; i++)
        sends_zeros(a, RF_SCCP_LINE_STAT_REQ, 0);
    assert_true(a->is_open);
    sends_zeros(a, 0x00ff, 8);                /* unknown: dropped, and not counted as short */
    sends_zeros(a, RF_SCCP_REGISTER_ACK, 20); /* not a phone's: dropped */
    assert_true(a->is_open);
    sends_zeros(a, RF_SCCP_LINE_STAT_REQ, 0);
    expect_closed(a, "malformed");
    assert_false(is_registered(f, NAME_A));
    flow_free(f);
}

static void flood_is_not_read_on(void **state)
{
    WITH_PHONE('A', 22);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 11);
    boots(a);
    boots(b);
    for (int i = 0; i < 190; i++)
        sends_empty(a, RF_SCCP_KEEPALIVE);
    assert_false(a->is_paused);
    for (int i = 0; i < 20; i++)
        sends_empty(a, RF_SCCP_KEEPALIVE);
    assert_true(a->is_paused);
    assert_int_equal(events_of(f, "link-flood"), 1);
    assert_false(b->is_paused);
    asks(b, RF_SCCP_KEEPALIVE, RF_SCCP_KEEPALIVE_ACK); /* others go on */
    passes_silently(f, 1000);
    assert_false(a->is_paused);
    flow_free(f);
}

/* What was read before the link was paused is dealt with, and paid for: 300 above the burst are six
 * seconds' worth. */
static void a_flood_is_paid_for(void **state)
{
    WITH_PHONE('A', 22);
    connects(a, LINK_TLS);
    sends_register(a);
    for (int i = 0; i < 199; i++)
        sends_empty(a, RF_SCCP_KEEPALIVE);
    assert_false(a->is_paused); /* the burst */
    for (int i = 0; i < 300; i++)
        sends_empty(a, RF_SCCP_KEEPALIVE);
    assert_true(a->is_paused);
    passes_silently(f, 5900);
    assert_true(a->is_paused);
    passes_silently(f, 1200);
    assert_false(a->is_paused);
    for (int i = 0; i < 40; i++) /* its rate is as before */
        sends_empty(a, RF_SCCP_KEEPALIVE);
    assert_false(a->is_paused);
    flow_free(f);
}

/* Within its message rate a phone may say the same again and again; what is kept of it is limited.
 */
static void alarms_and_registrations_do_not_fill_the_list(void **state)
{
    WITH_PHONE('A', 22);
    struct rf_sccp_msg alarm = {.id = RF_SCCP_ALARM,
                                .alarm = {.severity = RF_SCCP_ALARM_MAJOR,
                                          .text = rf_slice_str("09: Name=X Last=Initialized")}};
    boots(a);
    for (int i = 0; i < 100; i++)
        sends(a, &alarm);
    assert_int_equal(events_of(f, "alarm"), 10);
    passes(f, 61000);
    sends(a, &alarm);
    assert_int_equal(events_of(f, "alarm"), 11);
    for (int i = 0; i < 40; i++) {
        sends_empty(a, RF_SCCP_UNREGISTER);
        sends_register(a);
    }
    assert_true(is_registered(f, NAME_A));
    assert_int_equal(events_of(f, "registered"), 1 + 20);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 22);
    boots(b); /* others are heard */
    assert_int_equal(events_of(f, "registered"), 1 + 20 + 1);
    flow_free(f);
}

/* Nor does one that comes with a new link each time. */
static void links_do_not_fill_the_list(void **state)
{
    WITH_PHONE('A', 22);
    size_t n = 0;
    for (int i = 0; i < 400; i++) {
        connects(a, LINK_TLS);
        sends_register(a);
        vanishes(a);
        n += f->n_events;
        f->n_events = 0;
    }
    assert_int_equal(n, 600);
    flow_free(f);
}

/* Links on which nobody registered do not fill the log; what they said is counted, and those of
 * phones have their line. */
static void strangers_do_not_fill_the_log(void **state)
{
    WITH_PHONE('A', 22);
    struct rf_sccp_counts counts;
    FILE *log = log_lines_begin();
    for (int i = 0; i < 700; i++) {
        connects(a, LINK_TLS);
        sends_empty(a, RF_SCCP_KEEPALIVE);
        vanishes(a);
    }
    boots(a);
    vanishes(a);
    log_lines_stop();
    assert_int_equal(log_lines_with(log, "link closed"), 600 + 1);
    assert_int_equal(log_lines_with(log, "dev=-"), 600);
    rf_sccp_counts(f->svc, &counts);
    assert_true(counts.in > 700);
    fclose(log);
    flow_free(f);
}

/* Nor does a phone that comes and goes. */
static void a_restless_phone_does_not_fill_the_log(void **state)
{
    WITH_PHONE('A', 22);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 22);
    FILE *log = log_lines_begin();
    for (int i = 0; i < 700; i++) {
        connects(a, LINK_TLS);
        sends_register(a);
        vanishes(a);
        f->n_events = 0;
    }
    boots(b);
    vanishes(b);
    log_lines_stop();
    assert_int_equal(log_lines_with(log, "link closed"), 600 + 1);
    fclose(log);
    flow_free(f);
}

/* The link that shows another's certificate again and again is refused each time, and told of so
 * often that an operator sees it. */
static void refusals_do_not_fill_the_list(void **state)
{
    WITH_PHONE('B', 22);
    for (int i = 0; i < 150; i++) {
        connects(a, LINK_TLS);
        sends_register(a);
        assert_false(a->is_open);
    }
    assert_int_equal(events_of(f, "register-refused"), 30);
    passes(f, 61000);
    connects(a, LINK_TLS);
    sends_register(a);
    assert_int_equal(events_of(f, "register-refused"), 31);
    flow_free(f);
}

static void link_that_says_nothing_is_closed(void **state)
{
    WITH_PHONE('A', 22);
    struct flow_phone *standby = flow_phone(f, NAME_B, 'B', 22);
    connects(a, LINK_TLS);
    connects(standby, LINK_TLS);
    sends_empty(standby, RF_SCCP_KEEPALIVE);
    passes_silently(f, 9999);
    assert_true(a->is_open);
    passes_silently(f, 1);
    expect_closed(a, "did not register");
    assert_true(standby->is_open); /* a standby link lives by keepalives: F1 */
    flow_free(f);
}

static void asks_for_a_token(struct flow_phone *p, const char *name, uint32_t device_type)
{
    sends(p, &(struct rf_sccp_msg){.id = RF_SCCP_REGISTER_TOKEN_REQ,
                                   .register_token_req = {.device_name = rf_slice_str(name),
                                                          .instance = 1,
                                                          .device_type = device_type}});
}

/* F4: a phone that may not register here had better stay where it is. */
static void token_is_for_who_may_register(void **state)
{
    WITH_PHONE('A', 22);
    connects(a, LINK_TLS);
    asks_for_a_token(a, NAME_B, 30006); /* another's name */
    assert_int_equal(expect(a, RF_SCCP_REGISTER_TOKEN_REJECT)->register_token_reject.wait_s, 60);
    expect_none(a, RF_SCCP_REGISTER_TOKEN_ACK);
    assert_int_equal(events_of(f, "register-refused"), 1);
    asks_for_a_token(a, "SEP00FFFFFFFFFF", 30006); /* nobody's */
    expect(a, RF_SCCP_REGISTER_TOKEN_REJECT);
    asks_for_a_token(a, NAME_A, 30006);
    expect(a, RF_SCCP_REGISTER_TOKEN_ACK);
    passes_silently(f, 60000); /* while it leaves the other */
    assert_true(a->is_open);
    sends_register(a);
    expect(a, RF_SCCP_REGISTER_ACK);
    assert_int_equal(events_of(f, "register-refused"), 2);
    flow_free(f);
}

/* Two come back in the same second, and one a second may. */
static void tokens_come_one_after_the_other(void **state)
{
    WITH_PHONE('A', 22);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 22);
    struct rf_sccp_counts counts;
    rf_sccp_service_set_return_rate(f->svc, 1);
    connects(a, LINK_TLS);
    connects(b, LINK_TLS);
    asks_for_a_token(a, NAME_A, 30006);
    expect(a, RF_SCCP_REGISTER_TOKEN_ACK);
    asks_for_a_token(b, NAME_B, 30006);
    assert_int_equal(expect(b, RF_SCCP_REGISTER_TOKEN_REJECT)->register_token_reject.wait_s, 1);
    assert_int_equal(events_of(f, "register-refused"), 0); /* it did nothing wrong */
    passes_silently(f, 1000);
    asks_for_a_token(b, NAME_B, 30006);
    expect(b, RF_SCCP_REGISTER_TOKEN_ACK);
    rf_sccp_counts(f->svc, &counts);
    assert_int_equal(counts.tokens, 2);
    assert_int_equal(counts.put_off, 1);
    flow_free(f);
}

/* At a survivable router an idle phone shows so: once it has its soft keys, and after each call. */
static void a_router_is_shown(void **state)
{
    static const struct rf_sccp_msg wants_keys = {.id = RF_SCCP_SOFTKEY_SET_REQ};
    for (int i = 0; i < 2; i++) {
        struct flow *f = i == 0 ? flow_new() : flow_new_router();
        struct flow_phone *a = flow_phone(f, NAME_A, 'A', i == 0 ? 22 : 17);
        boots(a);
        sends(a, &wants_keys);
        if (i == 0) {
            expect_none(a, RF_SCCP_DISPLAY_PROMPT_STATUS_V2);
        } else {
            const struct rf_sccp_msg *m = expect(a, RF_SCCP_DISPLAY_PROMPT_STATUS_V2);
            assert_slice_eq(m->display_prompt.text, rf_slice_str("\x1e\x0a"));
            assert_int_equal(m->display_prompt.call_reference, 0);
            assert_int_equal(m->display_prompt.line_instance, 0);
            assert_int_equal(m->display_prompt.timeout_s, 0);
            off_hook(a);
            on_hook(a);
            expect(a, RF_SCCP_DEACTIVATE_CALL_PLANE);
            m = expect(a, RF_SCCP_DISPLAY_PROMPT_STATUS_V2);
            assert_slice_eq(m->display_prompt.text, rf_slice_str("\x1e\x0a"));
        }
        flow_free(f);
    }
}

/* A router's centre wants its phones back. */
static void all_are_sent_back(void **state)
{
    WITH_PHONE('A', 22);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 22);
    boots(a);
    connects(b, LINK_TLS);
    rf_sccp_service_release(f->svc, 300);
    assert_int_equal(expect(a, RF_SCCP_RESET)->reset.type, RF_SCCP_RESET_RESTART);
    expect_none(b, RF_SCCP_RESET); /* it has not registered */
    sends_register(b);
    expect(b, RF_SCCP_REGISTER_REJECT);
    expect_closed(b, "Use the call manager");
    assert_int_equal(events_of(f, "register-refused"), 1);
    assert_true(is_registered(f, NAME_A)); /* it goes by itself, when its call is over */
    passes(f, 299000);
    connects(b, LINK_TLS);
    sends_register(b);
    expect(b, RF_SCCP_REGISTER_REJECT);
    passes(f, 1000);
    connects(b, LINK_TLS);
    sends_register(b);
    expect(b, RF_SCCP_REGISTER_ACK);
    rf_sccp_service_release(f->svc, 300);
    expect(b, RF_SCCP_RESET);
    vanishes(b);
    rf_sccp_service_release(f->svc, 0); /* it was a mistake */
    connects(b, LINK_TLS);
    sends_register(b);
    expect(b, RF_SCCP_REGISTER_ACK);
    flow_free(f);
}

/* A phone needs a link and one that stands by. With one certificate and a keepalive now and then
 * somebody could otherwise take all the links there are. */
static void one_certificate_has_few_links(void **state)
{
    WITH_PHONE('A', 22);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 22);
    struct rf_sccp_counts counts;
    boots(a);
    rf_sccp_link_ref registered = a->link;
    for (int i = 0; i < 20; i++) {
        passes_silently(f, 1);
        connects(a, LINK_TLS);
        sends_empty(a, RF_SCCP_KEEPALIVE);
        expect(a, RF_SCCP_KEEPALIVE_ACK); /* the newest is served */
    }
    rf_sccp_counts(f->svc, &counts);
    assert_int_equal(counts.links, 8);
    assert_int_equal(counts.registered, 1); /* and the one that counts stays */
    boots(b);
    rf_sccp_counts(f->svc, &counts);
    assert_int_equal(counts.links, 9);
    a->link = registered;
    asks(a, RF_SCCP_VERSION_REQ, RF_SCCP_VERSION);
    flow_free(f);
}

static void three_missed_keepalives(void **state)
{
    WITH_PHONE('A', 22);
    boots(a);
    passes(f, 500000);
    assert_true(a->is_open);
    passes_silently(f, 89999);
    assert_true(a->is_open);
    passes_silently(f, 1);
    expect_closed(a, "keepalive");
    assert_false(is_registered(f, NAME_A));
    expect_event(f, "device-lost");
    flow_free(f);
}

/* ---- the operator's side ---- */

static void changed_and_removed_devices(void **state)
{
    WITH_PHONE('A', 22);
    struct flow_phone *b = flow_phone(f, NAME_B, 'B', 11);
    struct rf_why why = {0};
    boots(a);
    boots(b);
    struct rf_sccp_device d = flow_device(NAME_A);
    snprintf(d.call.lines[0].number, sizeof d.call.lines[0].number, "2002");
    assert_refused(rf_sccp_device_update(f->svc, &d, &why), RF_ERR_EXISTS, why,
                   "line-number-taken");
    expect_none(a, RF_SCCP_RESET);
    snprintf(d.call.lines[0].number, sizeof d.call.lines[0].number, "2009");
    assert_err(rf_sccp_device_update(f->svc, &d, &why), RF_OK);
    assert_int_equal(expect(a, RF_SCCP_RESET)->reset.type, RF_SCCP_RESET_RESTART);
    assert_err(rf_sccp_device_reset(f->svc, NAME_B, RF_SCCP_RESET_RESET), RF_OK);
    assert_int_equal(expect(b, RF_SCCP_RESET)->reset.type, RF_SCCP_RESET_RESET);

    struct rf_sccp_device only_a = flow_device(NAME_A); /* with B's number, as B goes */
    snprintf(only_a.call.lines[0].number, sizeof only_a.call.lines[0].number, "2002");
    assert_err(rf_sccp_devices_set(f->svc, &only_a, 1, &why), RF_OK);
    expect_closed(b, "removed");
    assert_err(rf_sccp_device_remove(f->svc, NAME_B), RF_ERR_NOT_FOUND);
    assert_err(rf_sccp_device_remove(f->svc, NAME_A), RF_OK);
    expect_closed(a, "removed");
    flow_free(f);
}

static void sets_that_are_refused_change_nothing(void **state)
{
    WITH_PHONE('A', 22);
    struct rf_sccp_device set[2] = {flow_device(NAME_A), flow_device(NAME_A)};
    struct rf_why why = {0};
    assert_refused(rf_sccp_devices_set(f->svc, set, 2, &why), RF_ERR_EXISTS, why,
                   "line-number-taken");
    set[1].call.n_lines = 0;
    why = (struct rf_why){0};
    assert_refused(rf_sccp_devices_set(f->svc, set, 2, &why), RF_ERR_EXISTS, why, "device-exists");
    set[1] = flow_device(NAME_B);
    snprintf(set[1].call.name, sizeof set[1].call.name, "SEP12");
    why = (struct rf_why){0};
    assert_refused(rf_sccp_devices_set(f->svc, set, 2, &why), RF_ERR_BAD, why, "device-name");
    set[1] = flow_device(NAME_B);
    snprintf(set[1].call.lines[0].number, sizeof set[1].call.lines[0].number, "20x");
    why = (struct rf_why){0};
    assert_refused(rf_sccp_devices_set(f->svc, set, 2, &why), RF_ERR_BAD, why, "line-number");
    boots(a);
    uint32_t at = 0;
    size_t n = 0;
    struct rf_sccp_device_status st;
    while (rf_sccp_device_next(f->svc, &at, &st))
        n++;
    assert_int_equal(n, 2);
    flow_free(f);
}

static struct rf_sccp_server server_named_to(struct flow_phone *p)
{
    sends_empty(p, RF_SCCP_SERVER_REQ);
    return expect(p, RF_SCCP_SERVER_RES)->server_res.servers[0];
}

/* A server that can be reached, or none. */
static void the_server_it_asks_for(void **state)
{
    struct flow *f = flow_new();
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22), *b = flow_phone(f, NAME_B, 'B', 11);
    static const uint8_t address[4] = {192, 0, 2, 9};
    boots(a);
    boots(b);
    assert_int_equal(server_named_to(a).name.len + server_named_to(a).port, 0);
    rf_sccp_service_set_server(f->svc, "192.0.2.9", 2000);
    struct flow_phone *both[] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        struct rf_sccp_server to = server_named_to(both[i]);
        assert_true(to.name.len > 0);
        assert_int_equal(to.port, 2000);
        assert_memory_equal(to.addr.ip, address, sizeof address);
    }
    rf_sccp_service_set_server(f->svc, "cm.example", 2000);
    assert_slice_str(server_named_to(b).name, "cm.example");
    rf_sccp_service_set_server(f->svc, "2001:db8::9", 2000);
    assert_int_equal(server_named_to(a).addr.type, 1);
    assert_int_equal(server_named_to(b).port, 0);
    rf_sccp_service_set_server(f->svc, "0.0.0.0", 2000);
    assert_int_equal(server_named_to(a).port, 0);
    flow_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registration_with_each_version),
        cmocka_unit_test(version_255_is_22_and_0_is_3),
        cmocka_unit_test(certificate_of_another_phone),
        cmocka_unit_test(plain_link_for_an_encrypted_device_sec_48),
        cmocka_unit_test(link_that_does_not_encrypt_for_an_encrypted_device_sec_47),
        cmocka_unit_test(secure_link_for_a_non_secure_device_sec_49),
        cmocka_unit_test(every_mode_on_every_link_sec_47_sec_48_sec_49),
        cmocka_unit_test(handshakes_have_a_cause_sec_47),
        cmocka_unit_test(another_mode_ends_the_link),
        cmocka_unit_test(device_that_is_not_configured),
        cmocka_unit_test(who_is_refused_leaves_room_for_others),
        cmocka_unit_test(unknown_devices_are_who_their_certificates_say),
        cmocka_unit_test(device_of_another_type),
        cmocka_unit_test(certificate_states),
        cmocka_unit_test(certificate_of_our_issuer_that_is_not_listed),
        cmocka_unit_test(knobs_of_a_reload_are_for_who_comes_then),
        cmocka_unit_test(registered_already_sec_43),
        cmocka_unit_test(silent_session_gives_way_sec_43),
        cmocka_unit_test(session_of_a_superseded_certificate_gives_way),
        cmocka_unit_test(sec_40_blocked_while_registered_ends_the_registration),
        cmocka_unit_test(sec_40_a_link_that_was_open_before_cannot_register),
        cmocka_unit_test(second_register_on_one_link),
        cmocka_unit_test(nothing_but_a_few_messages_before_register),
        cmocka_unit_test(five_short_messages_close_the_link),
        cmocka_unit_test(flood_is_not_read_on),
        cmocka_unit_test(a_flood_is_paid_for),
        cmocka_unit_test(alarms_and_registrations_do_not_fill_the_list),
        cmocka_unit_test(links_do_not_fill_the_list),
        cmocka_unit_test(strangers_do_not_fill_the_log),
        cmocka_unit_test(a_restless_phone_does_not_fill_the_log),
        cmocka_unit_test(refusals_do_not_fill_the_list),
        cmocka_unit_test(link_that_says_nothing_is_closed),
        cmocka_unit_test(token_is_for_who_may_register),
        cmocka_unit_test(tokens_come_one_after_the_other),
        cmocka_unit_test(a_router_is_shown),
        cmocka_unit_test(all_are_sent_back),
        cmocka_unit_test(one_certificate_has_few_links),
        cmocka_unit_test(three_missed_keepalives),
        cmocka_unit_test(changed_and_removed_devices),
        cmocka_unit_test(the_server_it_asks_for),
        cmocka_unit_test(sets_that_are_refused_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
