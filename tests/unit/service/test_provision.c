/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: what phones get by which name, what their configuration says, when it is signed
 * anew, and what is refused. */
#include "provision_world.h"

#include "base/metrics.h"
#include "store/store_srst.h"
#include "wire/phonexml/phonexml.h"
#include "wire/trustlist/trustlist.h"

#define A      "SEP001122334455"
#define B      "SEP0011223344AF"
#define A_SGN  A ".cnf.xml.sgn"
#define A_XML  A ".cnf.xml"
#define SECOND 1000

static const int with_tftp[] = {RF_TRUSTLIST_ROLE_SAST, RF_TRUSTLIST_ROLE_CCM,
                                RF_TRUSTLIST_ROLE_TFTP, -1};
static const int with_both[] = {RF_TRUSTLIST_ROLE_SAST, RF_TRUSTLIST_ROLE_CCM_TFTP, -1};
static const int without_tftp[] = {RF_TRUSTLIST_ROLE_SAST, RF_TRUSTLIST_ROLE_CCM, -1};

static void expect_refused(struct world *w, const char *name, enum rf_err err, const char *code)
{
    const struct answer *a = world_get(w, name);
    assert_refused(a->err, err, a->why, code);
}

static void expect_file(struct world *w, const char *name, const char *text)
{
    const struct answer *a = world_get(w, name);
    assert_int_equal(a->err, RF_OK);
    assert_slice_str(rf_content_bytes(a->content), text);
}

static struct rf_buf copy_of(struct world *w, const char *name)
{
    const struct answer *a = world_get(w, name);
    assert_int_equal(a->err, RF_OK);
    struct rf_buf b = RF_BUF(65536);
    assert_err(rf_buf_add_slice(&b, rf_content_bytes(a->content)), RF_OK);
    return b;
}

static void config_of(struct world *w, struct rf_phonexml *out)
{
    struct rf_phonexml *c = world_config(w, A_SGN);
    *out = *c;
    rf_phonexml_free(c);
}

static void stamp_of(struct world *w, char stamp[64])
{
    struct rf_phonexml *c = world_config(w, A_SGN);
    snprintf(stamp, 64, "%s", c->version_stamp);
    rf_phonexml_free(c);
}

static void later(struct world *w, uint64_t s)
{
    rf_clock_fake_advance(&w->clock, s * SECOND);
}

/* ---- what a configuration says ---- */

static void an_encrypted_phone_is_told_all_it_needs(void **state)
{
    struct world *w = *state;
    world_set(w, "advertise", "192.0.2.7");
    world_set(w, "time_zone", "W. Europe Standard/Daylight Time");
    world_set(w, "date_template", "M/D/YA");
    world_set(w, "locale", "German_Germany");
    world_put(w, "images/RF42.2-0S.loads", rf_slice_str("l"));
    world_add(w, A, RF_STORE_ENCRYPTED, "RF42.2-0S");
    struct rf_phonexml c;
    config_of(w, &c);
    assert_true(c.is_full);
    assert_false(c.is_default);
    assert_string_equal(c.device_protocol, "SCCP");
    assert_int_equal(c.cm_n, 1);
    assert_string_equal(c.cm[0].name, "192.0.2.7");
    assert_int_equal(c.cm[0].port, 2000); /* P: the phone adds 443 */
    assert_int_equal(c.security_mode, RF_PHONEXML_MODE_ENCRYPTED);
    assert_int_equal(c.transport, RF_PHONEXML_TRANSPORT_TLS);
    assert_string_equal(c.load_information, "RF42.2-0S");
    assert_int_equal(c.capf_n, 1);
    assert_string_equal(c.capf[0].name, "192.0.2.7");
    assert_int_equal(c.capf[0].port, 3804);
    assert_true(c.has_capf_auth_mode);
    assert_int_equal(c.capf_auth_mode, RF_PHONEXML_CAPF_NONE);
    assert_string_equal(c.time_zone, "W. Europe Standard/Daylight Time");
    assert_string_equal(c.date_template, "M/D/YA");
    assert_string_equal(c.user_locale, "German_Germany");
    assert_true(c.srst.is_present);
    assert_string_equal(c.srst.option, "Disable");
    assert_false(c.is_encrypted);
    /* "<time>-<uuid>", short enough to come back in a registration. */
    assert_int_equal(strlen(c.version_stamp), 10 + 1 + 36);
    assert_int_equal(strncmp(c.version_stamp, "1800000000-", 11), 0);
}

/* ---- survivable routers ---- */

static void use_router(struct world *w, const char *name, const char *host, const char *cert)
{
    struct rf_store_srst srst = {.sccp_port = 2100, .provider_port = 2445, .added_s = WORLD_NOW};
    snprintf(srst.name, sizeof srst.name, "%s", name);
    snprintf(srst.host, sizeof srst.host, "%s", host);
    srst.cert_len = strlen(cert);
    memcpy(srst.cert, cert, srst.cert_len);
    assert_err(rf_store_srst_save(w->store, &srst, NULL, NULL), RF_OK);
    assert_err(rf_store_srst_use_set(w->store, RF_STORE_LAYER_SITE, "", name, NULL, NULL), RF_OK);
}

static void a_router_stands_in_the_configuration_with_its_certificate(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    use_router(w, "branch1", "192.0.2.61", "foobar+");
    struct rf_phonexml c;
    config_of(w, &c);
    assert_string_equal(c.srst.option, "Enable");
    assert_string_equal(c.srst.address[0].ip, "192.0.2.61");
    assert_int_equal(c.srst.address[0].port, 2100); /* P: the phone adds 443 */
    assert_string_equal(c.srst.address[1].ip, "");
    assert_true(c.srst.is_secure);
    assert_string_equal(c.srst.certificate, "Zm9vYmFyKw==");
    const struct answer *a = world_get(w, A_SGN);
    const struct rf_slice body = rf_content_bytes(a->content);
    assert_int_not_equal(rf_slice_find(body, rf_slice_str("<connectionMonitorDuration>120<")),
                         SIZE_MAX);
    world_set(w, "srst_monitor_s", "30");
    a = world_get(w, A_SGN);
    assert_int_not_equal(
        rf_slice_find(rf_content_bytes(a->content), rf_slice_str("<connectionMonitorDuration>30<")),
        SIZE_MAX);
}

static void in_the_clear_a_router_has_no_certificate(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    use_router(w, "branch1", "192.0.2.61", "foobar");
    world_set(w, "cluster", "nonsecure");
    struct rf_phonexml c;
    config_of(w, &c);
    assert_string_equal(c.srst.option, "Enable");
    assert_string_equal(c.srst.address[0].ip, "192.0.2.61");
    assert_false(c.srst.is_secure);
    assert_string_equal(c.srst.certificate, "");
}

/* Of another one the phone would want the same certificate. */
static void a_router_takes_the_place_of_what_operators_wrote(void **state)
{
    struct world *w = *state;
    static const struct rf_store_config_change changes[] = {
        {.path = "devicePool/srstInfo/ipAddr1", .value = {(const uint8_t *)"192.0.2.71", 10}},
        {.path = "devicePool/srstInfo/ipAddr2", .value = {(const uint8_t *)"192.0.2.72", 10}},
        {.path = "devicePool/srstInfo/srstOption", .value = {(const uint8_t *)"Own", 3}}};
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    assert_err(
        rf_store_config_save(w->store, RF_STORE_LAYER_DEVICE, A, changes, 3, WORLD_NOW, NULL, NULL),
        RF_OK);
    struct rf_phonexml c;
    config_of(w, &c);
    assert_string_equal(c.srst.option, "Own");
    assert_string_equal(c.srst.address[1].ip, "192.0.2.72");
    use_router(w, "branch1", "192.0.2.61", "foobar");
    config_of(w, &c);
    assert_string_equal(c.srst.option, "Enable");
    assert_string_equal(c.srst.address[0].ip, "192.0.2.61");
    assert_string_equal(c.srst.address[1].ip, "");
    assert_err(rf_store_srst_use_set(w->store, RF_STORE_LAYER_DEVICE, A, "", NULL, NULL), RF_OK);
    config_of(w, &c);
    assert_string_equal(c.srst.option, "Own");
}

static void another_certificate_makes_another_configuration(void **state)
{
    struct world *w = *state;
    char first[64], second[64];
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    use_router(w, "branch1", "192.0.2.61", "foobar");
    stamp_of(w, first);
    later(w, 100);
    stamp_of(w, second);
    assert_string_equal(first, second);
    use_router(w, "branch1", "192.0.2.61", "foobaz");
    stamp_of(w, second);
    assert_string_not_equal(first, second);
    assert_err(rf_store_srst_use_set(w->store, RF_STORE_LAYER_SITE, "", NULL, NULL, NULL), RF_OK);
    struct rf_phonexml c;
    config_of(w, &c);
    assert_string_equal(c.srst.option, "Disable");
}

/* ---- ports and modes ---- */

static void the_port_is_that_of_the_tls_listener_less_443(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    w->ports = (struct rf_site_ports){.sccp_tls = 40443, .capf = 40001, .tftp = 40002};
    rf_provision_set_site(w->p, w->site, &w->ports);
    struct rf_phonexml c;
    config_of(w, &c);
    assert_int_equal(c.cm[0].port + RF_PHONEXML_TLS_OFFSET, 40443);
    assert_int_equal(c.capf[0].port, 40001);
    assert_string_equal(c.cm[0].name, "127.0.0.1"); /* listen, with advertise empty */
}

/* Each kind of TLS has its port; what is registered in the clear has the base port, also a model
 * that would have the legacy one. */
static void the_port_is_that_of_the_devices_mode(void **state)
{
    struct world *w = *state;
    static const struct {
        enum rf_store_mode mode;
        const char *model;
        uint32_t port;
    } rows[] = {
        {RF_STORE_ENCRYPTED, "8861", 2000},     {RF_STORE_ENCRYPTED, "7962", 2100},
        {RF_STORE_AUTHENTICATED, "8861", 2200}, {RF_STORE_AUTHENTICATED, "7962", 2200},
        {RF_STORE_NONSECURE, "8861", 2000},     {RF_STORE_NONSECURE, "7962", 2000},
    };
    struct rf_phonexml c;
    world_set(w, "legacy_models", "79xx");
    world_set(w, "legacy_networks", "10.0.0.0/8");
    world_set(w, "legacy_sccp_port", "2100");
    w->ports.tvs = 40004;
    world_set(w, "tvs", "yes");
    world_set(w, "legacy_tvs_port", "2447");
    world_set(w, "sign_sha1", "yes");
    world_set(w, "authenticated_networks", "10.0.0.0/8");
    world_add(w, A, RF_STORE_AUTHENTICATED, "");
    config_of(w, &c);
    assert_int_equal(c.cm[0].port, 2000); /* where there is no such listener */
    world_set(w, "authenticated_sccp_port", "2200");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_store_device d = world_device(w, A);
        d.mode = rows[i].mode;
        snprintf(d.model, sizeof d.model, "%s", rows[i].model);
        world_change(w, &d);
        config_of(w, &c);
        assert_int_equal(c.cm[0].port, rows[i].port);
        assert_int_equal(c.tvs[0].port, strcmp(rows[i].model, "7962") == 0 ? 2447 : 40004);
    }
    world_set(w, "cluster", "nonsecure");
    config_of(w, &c);
    assert_int_equal(c.cm[0].port, 2000);
}

static void call_managers_stand_in_their_order(void **state)
{
    struct world *w = *state;
    struct rf_phonexml c;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    world_set(w, "call_managers", "192.0.2.1:2600 192.0.2.2 192.0.2.3:2700");
    config_of(w, &c);
    static const struct {
        const char *host;
        uint16_t port;
    } rows[] = {{"192.0.2.1", 2600}, {"192.0.2.2", 2000}, {"192.0.2.3", 2700}};
    assert_int_equal(c.cm_n, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(c.cm[i].priority, i);
        assert_string_equal(c.cm[i].name, rows[i].host);
        assert_int_equal(c.cm[i].port, rows[i].port);
    }
    assert_string_equal(c.capf[0].name, "127.0.0.1"); /* of that, here */
    /* Another kind of TLS has its own port at each of them. */
    world_set(w, "authenticated_networks", "10.0.0.0/8");
    world_set(w, "authenticated_sccp_port", "2200");
    struct rf_store_device d = world_device(w, A);
    d.mode = RF_STORE_AUTHENTICATED;
    world_change(w, &d);
    config_of(w, &c);
    for (int i = 0; i < 3; i++)
        assert_int_equal(c.cm[i].port, 2200);
    world_set(w, "call_managers", "");
    config_of(w, &c);
    assert_int_equal(c.cm_n, 1);
}

static void each_mode_is_written_as_phones_know_it(void **state)
{
    struct world *w = *state;
    static const struct {
        enum rf_store_mode mode;
        enum rf_phonexml_mode want;
        enum rf_phonexml_transport transport;
    } rows[] = {
        {RF_STORE_NONSECURE, RF_PHONEXML_MODE_NON_SECURE, RF_PHONEXML_TRANSPORT_TCP},
        {RF_STORE_AUTHENTICATED, RF_PHONEXML_MODE_AUTHENTICATED, RF_PHONEXML_TRANSPORT_TLS},
        {RF_STORE_ENCRYPTED, RF_PHONEXML_MODE_ENCRYPTED, RF_PHONEXML_TRANSPORT_TLS},
    };
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_store_device d = world_device(w, A);
        struct rf_phonexml c;
        d.mode = rows[i].mode;
        world_change(w, &d);
        config_of(w, &c);
        assert_int_equal(c.security_mode, rows[i].want);
        assert_int_equal(c.transport, rows[i].transport);
    }
    /* A cluster without security has no secure device. */
    struct rf_phonexml c;
    world_set(w, "cluster", "nonsecure");
    config_of(w, &c);
    assert_int_equal(c.security_mode, RF_PHONEXML_MODE_NON_SECURE);
    assert_int_equal(c.transport, RF_PHONEXML_TRANSPORT_TCP);
}

static enum rf_phonexml_capf_mode capf_mode(struct world *w)
{
    struct rf_phonexml c;
    config_of(w, &c);
    return c.capf_auth_mode;
}

static void a_pending_operation_sends_the_phone_to_capf(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    assert_int_equal(capf_mode(w), RF_PHONEXML_CAPF_NONE);
    world_schedule(w, A, RF_STORE_AUTH_STRING, 0);
    assert_int_equal(capf_mode(w), RF_PHONEXML_CAPF_STRING);
    world_schedule(w, A, RF_STORE_AUTH_NULL, 0);
    assert_int_equal(capf_mode(w), RF_PHONEXML_CAPF_NULL);
    world_schedule(w, A, RF_STORE_AUTH_LSC, 0);
    assert_int_equal(capf_mode(w), RF_PHONEXML_CAPF_LSC_FIRST);
    /* Until a moment: then it is over, though nobody changed anything. */
    int64_t now = rf_wall_s(&w->clock.clock);
    int64_t id = world_schedule(w, A, RF_STORE_AUTH_MIC, now + 60);
    assert_int_equal(capf_mode(w), RF_PHONEXML_CAPF_MIC_FIRST);
    later(w, 61);
    assert_int_equal(capf_mode(w), RF_PHONEXML_CAPF_NONE);
    /* In progress it stays; done it goes. */
    id = world_schedule(w, A, RF_STORE_AUTH_MIC, 0);
    assert_err(rf_store_capf_progress(w->store, A, id, now, NULL), RF_OK);
    assert_int_equal(capf_mode(w), RF_PHONEXML_CAPF_MIC_FIRST);
    struct rf_store_capf fetch = {.op = RF_STORE_OP_FETCH, .auth = RF_STORE_AUTH_MIC};
    snprintf(fetch.device, sizeof fetch.device, "%s", A);
    assert_err(rf_store_capf_schedule(w->store, &fetch, now, NULL, &id, NULL), RF_OK);
    assert_int_equal(capf_mode(w), RF_PHONEXML_CAPF_MIC_FIRST);
    assert_err(rf_store_capf_done(w->store, A, id, now, NULL, NULL), RF_OK);
    assert_int_equal(capf_mode(w), RF_PHONEXML_CAPF_NONE);
}

static void a_string_without_tries_left_keeps_the_phone_away(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    int64_t now = rf_wall_s(&w->clock.clock);
    int64_t id = world_schedule(w, A, RF_STORE_AUTH_STRING, 0);
    for (unsigned i = 0; i < RF_STORE_STRING_TRIES; i++) {
        assert_int_equal(capf_mode(w), RF_PHONEXML_CAPF_STRING);
        assert_err(rf_store_capf_fail(w->store, A, id, "bad-string", RF_STORE_FAILURE_TRY, now,
                                      NULL, NULL, NULL),
                   RF_OK);
    }
    assert_int_equal(capf_mode(w), RF_PHONEXML_CAPF_NONE);
}

static void a_load_that_is_not_there_is_not_named(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "RF42.2-0S");
    world_put(w, "images/rf42.2-0s.loads", rf_slice_str("another"));
    struct rf_phonexml c;
    config_of(w, &c);
    assert_string_equal(c.load_information, "");
    world_put(w, "images/RF42.2-0S.loads", rf_slice_str("it"));
    config_of(w, &c);
    assert_string_equal(c.load_information, "RF42.2-0S");
}

static void a_device_without_a_load_gets_that_of_its_model(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    world_put(w, "images/RF42.2-0S.LOADS", rf_slice_str("of another spelling"));
    world_put(w, "images/RF42.1-0S.loads", rf_slice_str("its own"));
    assert_err(rf_store_model_load_save(w->store, world_device(w, A).model, "RF42.2-0S", WORLD_NOW,
                                        NULL, NULL),
               RF_OK);
    struct rf_phonexml c;
    config_of(w, &c);
    assert_string_equal(c.load_information, "RF42.2-0S");
    struct rf_store_device d = world_device(w, A);
    snprintf(d.load, sizeof d.load, "RF42.1-0S");
    world_change(w, &d);
    config_of(w, &c);
    assert_string_equal(c.load_information, "RF42.1-0S");
}

static void an_image_without_a_list_is_a_load_too(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "P00405000700");
    world_put(w, "images/P00405000700.sbn", rf_slice_str("a part of one"));
    struct rf_phonexml c;
    config_of(w, &c);
    assert_string_equal(c.load_information, "");
    world_put(w, "images/P00405000700.bin", rf_slice_str("it"));
    config_of(w, &c);
    assert_string_equal(c.load_information, "P00405000700");
}

static void another_server_of_loads_is_named_and_not_asked(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "RF42.2-0S");
    struct rf_phonexml c;
    config_of(w, &c);
    assert_string_equal(c.load_server, "");
    assert_string_equal(c.load_information, "");
    world_set(w, "load_server", "192.0.2.9");
    config_of(w, &c);
    assert_string_equal(c.load_server, "192.0.2.9");
    assert_string_equal(c.load_information, "RF42.2-0S");
    struct rf_store_device d = world_device(w, A);
    snprintf(d.load_server, sizeof d.load_server, "loads.example");
    world_change(w, &d);
    config_of(w, &c);
    assert_string_equal(c.load_server, "loads.example"); /* the device's own first */
}

static void a_value_longer_than_phones_take_is_our_own_trouble(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    rf_free(w->site->conf->locale);
    w->site->conf->locale = rf_strf("%049d", 0);
    rf_provision_set_site(w->p, w->site, &w->ports);
    assert_int_equal(world_get(w, A_SGN)->err, RF_OK);
    rf_free(w->site->conf->locale);
    w->site->conf->locale = rf_strf("%050d", 0);
    rf_provision_set_site(w->p, w->site, &w->ports);
    expect_refused(w, A_SGN, RF_ERR_DENIED, "config-value");
}

static void a_sip_device_gets_no_sccp_configuration(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    struct rf_store_device d = world_device(w, A);
    d.protocol = RF_STORE_SIP;
    world_change(w, &d);
    expect_refused(w, A_SGN, RF_ERR_NOT_FOUND, "config-protocol");
    d.protocol = RF_STORE_SCCP;
    world_change(w, &d);
    assert_int_equal(world_get(w, A_SGN)->err, RF_OK);
}

/* ---- the version stamp ---- */

static void the_stamp_changes_when_the_content_does_and_only_then(void **state)
{
    struct world *w = *state;
    char first[64], now[64], changed[64];
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    stamp_of(w, first);
    /* Time, another request, another daemon, and what phones are not told change nothing. */
    later(w, 3600);
    stamp_of(w, now);
    assert_string_equal(now, first);
    world_restart(w);
    stamp_of(w, now);
    assert_string_equal(now, first);
    rf_provision_invalidate(w->p, A);
    struct rf_store_device d = world_device(w, A);
    snprintf(d.description, sizeof d.description, "moved to the attic");
    world_change(w, &d);
    stamp_of(w, now);
    assert_string_equal(now, first);
    /* What they are told does, with the time of the change. */
    d.mode = RF_STORE_AUTHENTICATED;
    world_change(w, &d);
    stamp_of(w, changed);
    assert_int_equal(strncmp(changed, "1800003600-", 11), 0);
    assert_string_not_equal(changed + 11, first + 11);
    later(w, 10);
    stamp_of(w, now);
    assert_string_equal(now, changed);
    /* And back: the same content, but a change all the same. */
    d.mode = RF_STORE_ENCRYPTED;
    world_change(w, &d);
    stamp_of(w, now);
    assert_string_not_equal(now, first);
    assert_string_equal(now + 11, first + 11);
    /* The site's own values count as well. */
    later(w, 10);
    world_set(w, "advertise", "192.0.2.9");
    stamp_of(w, changed);
    assert_string_not_equal(changed + 11, now + 11);
}

static void two_devices_have_stamps_of_their_own(void **state)
{
    struct world *w = *state;
    char a[64];
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    stamp_of(w, a);
    later(w, 5);
    world_add(w, B, RF_STORE_ENCRYPTED, "");
    struct rf_phonexml *b = world_config(w, B ".cnf.xml.sgn");
    assert_int_equal(strncmp(b->version_stamp, "1800000005-", 11), 0);
    rf_phonexml_free(b);
    char again[64];
    stamp_of(w, again);
    assert_string_equal(again, a);
}

/* ---- signing ---- */

static uint64_t signed_n(void)
{
    return rf_metric_get(RF_METRIC_FILES_SIGNED);
}

static void a_configuration_is_signed_once_until_it_changes(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    uint64_t before = signed_n();
    RF_AUTO(rf_buf_fini) struct rf_buf first = copy_of(w, A_SGN);
    assert_int_equal(signed_n(), before + 1);
    later(w, 60);
    RF_AUTO(rf_buf_fini) struct rf_buf second = copy_of(w, A_SGN);
    assert_int_equal(signed_n(), before + 1);
    assert_slice_eq(rf_buf_slice(&first), rf_buf_slice(&second));
    /* Signed anew, it is byte for byte the same: the time in it is that of the change. */
    rf_provision_invalidate(w->p, A);
    RF_AUTO(rf_buf_fini) struct rf_buf third = copy_of(w, A_SGN);
    assert_int_equal(signed_n(), before + 2);
    assert_slice_eq(rf_buf_slice(&first), rf_buf_slice(&third));
    /* Nobody has to tell the cache of a change. */
    struct rf_store_device d = world_device(w, A);
    d.mode = RF_STORE_NONSECURE;
    world_change(w, &d);
    struct rf_phonexml c;
    config_of(w, &c);
    assert_int_equal(c.security_mode, RF_PHONEXML_MODE_NON_SECURE);
    assert_int_equal(signed_n(), before + 3);
}

static void another_key_or_digest_means_another_signature(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    uint64_t before = signed_n();
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *one = world_config(w, A_SGN);
    struct id old = w->signer;
    w->signer = fixture_id("ccm");
    rf_provision_invalidate(w->p, NULL); /* as whoever replaces the key has to */
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *two = world_config(w, A_SGN);
    assert_int_equal(signed_n(), before + 2);
    assert_string_equal(one->version_stamp, two->version_stamp);
    world_set(w, "digest", "sha1");
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *three = world_config(w, A_SGN);
    assert_int_equal(signed_n(), before + 3);
    assert_string_equal(one->version_stamp, three->version_stamp);
    struct rf_signedfile header;
    struct rf_slice file = rf_content_bytes(w->answers[0].content);
    assert_err(rf_signedfile_decode(file, file.len, &header, NULL), RF_OK);
    assert_int_equal(header.hash, RF_SIGNEDFILE_SHA1);
    assert_int_equal(header.timestamp, WORLD_NOW);
    assert_slice_str(header.file_name, A_SGN);
    id_fini(&old);
}

/* A clock that was set back must not make files from the future. */
static void the_time_in_a_signature_is_never_ahead(void **state)
{
    struct world *w = *state;
    later(w, 1000000);
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    struct rf_phonexml c;
    config_of(w, &c);
    w->clock.ms -= 500000 * SECOND;
    rf_provision_invalidate(w->p, NULL);
    config_of(w, &c); /* verified with the clock as it is */
}

static void without_the_signer_there_is_no_configuration(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    w->signer_fails = RF_ERR_IO;
    expect_refused(w, A_SGN, RF_ERR_IO, "signer-gone");
    w->signer_fails = RF_OK;
    assert_int_equal(world_get(w, A_SGN)->err, RF_OK);
    /* What was signed is good without it. */
    w->signer_fails = RF_ERR_IO;
    assert_int_equal(world_get(w, A_SGN)->err, RF_OK);
    rf_provision_invalidate(w->p, NULL);
    expect_refused(w, A_SGN, RF_ERR_IO, "signer-gone");
}

/* ---- who gets what ---- */

static void an_unknown_device_gets_nothing(void **state)
{
    struct world *w = *state;
    expect_refused(w, A_SGN, RF_ERR_NOT_FOUND, "device-unknown");
    expect_refused(w, A_XML, RF_ERR_NOT_FOUND, "device-unknown");
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    assert_int_equal(world_get(w, A_SGN)->err, RF_OK);
    expect_refused(w, B ".cnf.xml.sgn", RF_ERR_NOT_FOUND, "device-unknown");
    assert_err(rf_store_device_remove(w->store, A, WORLD_NOW, NULL, NULL), RF_OK);
    expect_refused(w, A_SGN, RF_ERR_NOT_FOUND, "device-unknown");
    /* Nor is a file that somebody put there by that name. */
    world_put(w, "images/" A_SGN, rf_slice_str("planted"));
    expect_refused(w, A_SGN, RF_ERR_NOT_FOUND, "device-unknown");
}

/* doc: docs/security-rules.md, "Files": with a file signer in the list nothing unsigned is applied.
 */
static void sec_14_a_secure_phone_is_served_no_unsigned_configuration(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    world_add(w, B, RF_STORE_NONSECURE, "");
    world_put_list(w, "ITLFile.tlv", with_tftp);
    expect_refused(w, A_XML, RF_ERR_NOT_FOUND, "name-unsigned");
    /* The twins: signed; a device that is not secure; a list without a signer of files. */
    assert_int_equal(world_get(w, A_SGN)->err, RF_OK);
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *b = world_config(w, B ".cnf.xml");
    assert_int_equal(b->security_mode, RF_PHONEXML_MODE_NON_SECURE);
    world_put_list(w, "ITLFile.tlv", without_tftp);
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *a = world_config(w, A_XML);
    assert_int_equal(a->security_mode, RF_PHONEXML_MODE_ENCRYPTED);
    /* A record that names nobody: phones ask for no signed file because of it. */
    const struct rf_trustlist_record nobody = {.dns = rf_slice_str("192.0.2.1"),
                                               .role = RF_TRUSTLIST_ROLE_CCM_TFTP};
    world_put_records(w, "CTLFile.tlv", &nobody, 1);
    assert_int_equal(world_get(w, A_XML)->err, RF_OK);
    /* In the CTL, and as CCM+TFTP, it counts as well; an authenticated device is secure. */
    world_put_list(w, "CTLFile.tlv", with_both);
    expect_refused(w, A_XML, RF_ERR_NOT_FOUND, "name-unsigned");
    struct rf_store_device d = world_device(w, A);
    d.mode = RF_STORE_AUTHENTICATED;
    world_change(w, &d);
    expect_refused(w, A_XML, RF_ERR_NOT_FOUND, "name-unsigned");
    /* A list nobody can read decides nothing. */
    world_put(w, "lists/CTLFile.tlv", rf_slice_str("rubbish"));
    expect_refused(w, A_XML, RF_ERR_BAD, "list-damaged");
}

static void a_device_without_a_key_has_no_encrypted_configuration(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    expect_refused(w, A ".cnf.xml.enc.sgn", RF_ERR_NOT_FOUND, "config-not-encrypted");
    expect_refused(w, "XMLDefault.cnf.xml", RF_ERR_NOT_FOUND, "file-not-found");
}

static void lists_are_served_to_everybody_by_each_name(void **state)
{
    struct world *w = *state;
    expect_refused(w, "CTLFile.tlv", RF_ERR_NOT_FOUND, "file-not-found");
    expect_refused(w, "ITLSEP001122334455.tlv", RF_ERR_NOT_FOUND, "file-not-found");
    world_put_list(w, "ITLFile.tlv", with_tftp);
    world_put_list(w, "CTLFile.tlv", without_tftp);
    static const char *const names[][2] = {{"ITLFile.tlv", "ITLSEP001122334455.tlv"},
                                           {"CTLFile.tlv", "CTLSEP001122334455.tlv"}};
    for (size_t i = 0; i < 2; i++) {
        RF_AUTO(rf_freep) char *path = rf_strf("%s/lists/%s", w->dir, names[i][0]);
        RF_AUTO(rf_buf_fini) struct rf_buf there = {0};
        assert_err(rf_file_read(path, 65536, &there, NULL), RF_OK);
        for (size_t k = 0; k < 2; k++) {
            const struct answer *a = world_get(w, names[i][k]);
            assert_int_equal(a->err, RF_OK);
            assert_slice_eq(rf_content_bytes(a->content), rf_buf_slice(&there));
            assert_string_equal(rf_content_name(a->content), names[i][0]);
        }
    }
    world_put(w, "lists/ITLFile.tlv", rf_slice_str("not a list"));
    expect_refused(w, "ITLFile.tlv", RF_ERR_BAD, "list-damaged");
}

static void keys_and_the_rest_of_the_site_have_no_name(void **state)
{
    struct world *w = *state;
    world_put(w, "keys/tftp.pem", rf_slice_str("secret"));
    world_put(w, "images/one.sbn", rf_slice_str("one"));
    static const struct {
        const char *name, *code;
    } rows[] = {
        {"../keys/tftp.pem", "name-traversal"},   {"/../keys/tftp.pem", "name-traversal"},
        {"keys/tftp.pem", "file-not-found"},      {"tftp.pem", "file-not-found"},
        {"images/one.sbn", "file-not-found"},     {"ringfence.conf", "file-not-found"},
        {"lists/CTLFile.tlv", "file-not-found"},  {"images", "file-not-found"},
        {"..\\keys\\tftp.pem", "name-backslash"}, {"one.sbn/../../keys/tftp.pem", "name-traversal"},
        {"one.sbn ", "name-character"},           {".one.sbn", "file-hidden"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_refused(w, rows[i].name, RF_ERR_NOT_FOUND, rows[i].code);
    expect_file(w, "one.sbn", "one");
    expect_file(w, "/ONE.sbn", "one");
    world_forget(w);
    assert_err(world_ask(w, rf_slice_of("one.sbn\0", 8)), RF_OK);
    world_wait(w, 1);
    assert_refused(w->answers[0].err, RF_ERR_NOT_FOUND, w->answers[0].why, "name-nul");
}

/* ---- files ---- */

static void a_file_is_unchanging_while_it_is_held(void **state)
{
    struct world *w = *state;
    world_put(w, "images/one.sbn", rf_slice_str("old content"));
    struct rf_content *held = rf_content_ref(world_get(w, "one.sbn")->content);
    /* In memory it is one, however many hold it. */
    assert_ptr_equal(world_get(w, "one.sbn")->content, held);
    world_put(w, "images/one.sbn", rf_slice_str("new content"));
    expect_file(w, "one.sbn", "new content");
    assert_slice_str(rf_content_bytes(held), "old content");
    world_remove(w, "images/one.sbn");
    expect_refused(w, "one.sbn", RF_ERR_NOT_FOUND, "file-not-found");
    assert_slice_str(rf_content_bytes(held), "old content");
    rf_content_unref(held);
}

static void a_file_asked_for_by_many_is_read_once(void **state)
{
    struct world *w = *state;
    RF_AUTO(rf_buf_fini) struct rf_buf big = RF_BUF((size_t)4 * 1024 * 1024);
    assert_non_null(rf_buf_room(&big, big.max));
    big.len = big.max;
    world_put(w, "images/big.sbn", rf_buf_slice(&big));
    for (unsigned i = 0; i < 40; i++)
        assert_err(world_ask(w, rf_slice_str("big.sbn")), RF_OK);
    world_wait(w, 40);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(w->answers[i].err, RF_OK);
        assert_ptr_equal(w->answers[i].content, w->answers[0].content);
    }
    assert_int_equal(rf_content_bytes(w->answers[0].content).len, big.len);
}

static void room_for_files_is_counted_and_given_back(void **state)
{
    struct provision_contents all = {0};
    struct provision_identity id = {.size = (off_t)RF_PROVISION_FILE_MAX};
    struct rf_content *first = provision_contents_add(&all, "a", &id);
    struct rf_content *second = provision_contents_add(&all, "b", &id);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(provision_contents_add(&all, "c", &id));
    assert_true(all.held > 2 * RF_PROVISION_FILE_MAX && all.held < RF_PROVISION_HELD_MAX);
    assert_ptr_equal(provision_contents_find(&all, "b", &id), second);
    assert_null(provision_contents_find(&all, "c", &id));
    rf_content_unref(first);
    struct rf_content *third = provision_contents_add(&all, "c", &id);
    assert_non_null(third);
    provision_content_forget(third);
    assert_null(provision_contents_find(&all, "c", &id));
    /* The catalogue may go first. */
    provision_contents_fini(&all);
    rf_content_unref(second);
    rf_content_unref(third);
    assert_int_equal(all.held, 0);
}

static void kept_files_take_a_bounded_room(void **state)
{
    struct provision_cache *cache = provision_cache_new();
    struct provision_made_of of = {.digest = RF_DIGEST_SHA512};
    size_t size = (size_t)1024 * 1024;
    for (unsigned i = 0; i < 100; i++) {
        char name[32];
        struct rf_buf b = RF_BUF(size);
        assert_non_null(rf_buf_room(&b, size));
        b.len = size;
        snprintf(name, sizeof name, "SEP%012u", i);
        struct rf_content *c = provision_content_new(name, &b);
        provision_cache_put(cache, name, name, &of, c);
        rf_content_unref(c);
        assert_true(provision_cache_bytes(cache) <= RF_PROVISION_CACHE_MAX);
        /* The first is used all the time and stays. */
        assert_non_null(provision_cache_find(cache, "SEP000000000000", of.of, RF_DIGEST_SHA512));
    }
    assert_null(provision_cache_find(cache, "SEP000000000001", of.of, RF_DIGEST_SHA512));
    assert_non_null(provision_cache_find(cache, "SEP000000000099", of.of, RF_DIGEST_SHA512));
    /* Other content or digest: not that one. */
    static const uint8_t other[32] = {1};
    assert_null(provision_cache_find(cache, "SEP000000000099", other, RF_DIGEST_SHA512));
    assert_null(provision_cache_find(cache, "SEP000000000099", of.of, RF_DIGEST_SHA1));
    provision_cache_drop(cache, "SEP000000000099");
    assert_null(provision_cache_find(cache, "SEP000000000099", of.of, RF_DIGEST_SHA512));
    provision_cache_drop(cache, NULL);
    assert_int_equal(provision_cache_bytes(cache), 0);
    provision_cache_free(cache);
}

static void put_small(struct provision_cache *cache, const char *name, const char *device,
                      enum rf_digest digest)
{
    struct provision_made_of of = {.digest = digest};
    struct rf_buf b = RF_BUF(8);
    assert_err(rf_buf_add(&b, name, 3), RF_OK);
    struct rf_content *c = provision_content_new(name, &b);
    provision_cache_put(cache, name, device, &of, c);
    rf_content_unref(c);
}

/* A file that many share is kept with both digests; a device has one. */
static void kept_files_have_a_digest(void **state)
{
    static const uint8_t of[32] = {0};
    struct provision_cache *cache = provision_cache_new();
    put_small(cache, "Ringlist.xml.sgn", "", RF_DIGEST_SHA1);
    put_small(cache, "Ringlist.xml.sgn", "", RF_DIGEST_SHA512);
    assert_non_null(provision_cache_find(cache, "Ringlist.xml.sgn", of, RF_DIGEST_SHA1));
    assert_non_null(provision_cache_find(cache, "Ringlist.xml.sgn", of, RF_DIGEST_SHA512));
    assert_null(provision_cache_find(cache, "ringlist.xml.sgn", of, RF_DIGEST_SHA512));
    put_small(cache, A_SGN, A, RF_DIGEST_SHA1);
    put_small(cache, A_SGN, A, RF_DIGEST_SHA512);
    assert_null(provision_cache_find(cache, A_SGN, of, RF_DIGEST_SHA1));
    assert_non_null(provision_cache_find(cache, A_SGN, of, RF_DIGEST_SHA512));
    /* Good as it is only while nothing of what it depends on is otherwise. */
    struct provision_fresh now = {.store = 1, .facts = 2, .look = 3, .until_s = 10};
    assert_null(provision_cache_fresh(cache, A_SGN, &now));
    struct provision_fresh kept = {.store = 1, .facts = 2, .look = 3, .until_s = 11};
    provision_cache_refresh(cache, A_SGN, RF_DIGEST_SHA512, &kept);
    assert_non_null(provision_cache_fresh(cache, A_SGN, &now));
    struct provision_fresh others[] = {now, now, now, now};
    others[0].store++;
    others[1].facts++;
    others[2].look++;
    others[3].until_s++;
    for (size_t i = 0; i < 4; i++)
        assert_null(provision_cache_fresh(cache, A_SGN, &others[i]));
    provision_cache_free(cache);
}

/* ---- requests that end early ---- */

static void too_many_requests_are_told_to_come_again(void **state)
{
    struct world *w = *state;
    world_put(w, "images/one.sbn", rf_slice_str("one"));
    for (unsigned i = 0; i < RF_PROVISION_PENDING_MAX; i++)
        assert_err(world_ask(w, rf_slice_str(i % 2 == 0 ? "one.sbn" : "../x")), RF_OK);
    assert_err(world_ask(w, rf_slice_str("one.sbn")), RF_ERR_AGAIN);
    assert_err(world_ask(w, rf_slice_str("../x")), RF_ERR_AGAIN);
    world_wait(w, RF_PROVISION_PENDING_MAX);
    world_forget(w);
    assert_err(world_ask(w, rf_slice_str("one.sbn")), RF_OK);
    world_wait(w, 1);
}

static void a_cancelled_request_is_never_answered(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    world_put(w, "images/one.sbn", rf_slice_str("one"));
    static const char *const names[] = {A_SGN, A_XML, "one.sbn", "one.sbn", "../x", "CTLFile.tlv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_err(world_ask(w, rf_slice_str(names[i])), RF_OK);
    int other;
    rf_provision_cancel(w->p, &other); /* nobody's */
    rf_provision_cancel(w->p, w);
    for (unsigned turn = 0; turn < 20; turn++)
        rf_loop_turn(w->loop, 5);
    assert_int_equal(w->answers_n, 0);
    expect_file(w, "one.sbn", "one");
}

/* At whatever step: freed while workers have requests, before and after they stop. */
static void the_catalogue_may_go_while_requests_are_under_way(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    world_put(w, "images/one.sbn", rf_slice_str("one"));
    for (unsigned turns = 0; turns < 12; turns++) {
        for (unsigned i = 0; i < 6; i++)
            assert_err(world_ask(w, rf_slice_str(i % 3 == 0   ? A_SGN
                                                 : i % 3 == 1 ? "one.sbn"
                                                              : "../x")),
                       RF_OK);
        for (unsigned i = 0; i < turns; i++)
            rf_loop_turn(w->loop, i % 3 == 0 ? 1 : 0);
        size_t before = w->answers_n;
        rf_provision_free(w->p);
        w->p = NULL;
        for (unsigned i = 0; i < turns % 4; i++)
            rf_loop_turn(w->loop, 1);
        assert_int_equal(w->answers_n, before);
        world_restart(w);
    }
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(an_encrypted_phone_is_told_all_it_needs),
        IN_WORLD(a_router_stands_in_the_configuration_with_its_certificate),
        IN_WORLD(in_the_clear_a_router_has_no_certificate),
        IN_WORLD(a_router_takes_the_place_of_what_operators_wrote),
        IN_WORLD(another_certificate_makes_another_configuration),
        IN_WORLD(the_port_is_that_of_the_tls_listener_less_443),
        IN_WORLD(the_port_is_that_of_the_devices_mode),
        IN_WORLD(call_managers_stand_in_their_order),
        IN_WORLD(each_mode_is_written_as_phones_know_it),
        IN_WORLD(a_pending_operation_sends_the_phone_to_capf),
        IN_WORLD(a_string_without_tries_left_keeps_the_phone_away),
        IN_WORLD(a_load_that_is_not_there_is_not_named),
        IN_WORLD(a_device_without_a_load_gets_that_of_its_model),
        IN_WORLD(an_image_without_a_list_is_a_load_too),
        IN_WORLD(another_server_of_loads_is_named_and_not_asked),
        IN_WORLD(a_value_longer_than_phones_take_is_our_own_trouble),
        IN_WORLD(a_sip_device_gets_no_sccp_configuration),
        IN_WORLD(the_stamp_changes_when_the_content_does_and_only_then),
        IN_WORLD(two_devices_have_stamps_of_their_own),
        IN_WORLD(a_configuration_is_signed_once_until_it_changes),
        IN_WORLD(another_key_or_digest_means_another_signature),
        IN_WORLD(the_time_in_a_signature_is_never_ahead),
        IN_WORLD(without_the_signer_there_is_no_configuration),
        IN_WORLD(an_unknown_device_gets_nothing),
        IN_WORLD(sec_14_a_secure_phone_is_served_no_unsigned_configuration),
        IN_WORLD(a_device_without_a_key_has_no_encrypted_configuration),
        IN_WORLD(lists_are_served_to_everybody_by_each_name),
        IN_WORLD(keys_and_the_rest_of_the_site_have_no_name),
        IN_WORLD(a_file_is_unchanging_while_it_is_held),
        IN_WORLD(a_file_asked_for_by_many_is_read_once),
        cmocka_unit_test(room_for_files_is_counted_and_given_back),
        cmocka_unit_test(kept_files_take_a_bounded_room),
        cmocka_unit_test(kept_files_have_a_digest),
        IN_WORLD(too_many_requests_are_told_to_come_again),
        IN_WORLD(a_cancelled_request_is_never_answered),
        IN_WORLD(the_catalogue_may_go_while_requests_are_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
