/* SPDX-License-Identifier: Apache-2.0 */
/* SRST in the configuration of a phone: which routers its station gets, with which certificate, and
 * what its user is told. What the station does with them: test_station_srst.c. */
#include "phone_kit.h"

#include "base/text.h"
#include "service/phone/settings.h"

#define ROUTER "192.0.2.77"

static struct rf_phonexml *with_srst(void)
{
    struct rf_phonexml *c = kit_config();
    struct rf_phonexml_srst *s = &c->srst;
    s->is_present = s->is_secure = true;
    snprintf(s->option, sizeof s->option, "User Specific");
    snprintf(s->address[0].ip, sizeof s->address[0].ip, ROUTER);
    s->address[0].port = 2010;
    assert_err(rf_base64(rf_cert_der(ids.stranger.cert), s->certificate, sizeof s->certificate),
               RF_OK);
    return c;
}

static const struct rf_station_conf *boots_with(struct kit *k, const struct rf_phonexml *c)
{
    kit_serve_config(k, c);
    kit_boot(k);
    kit_until_registering(k);
    return &k->station.conf;
}

static void tells(struct kit *k, struct rf_station_event event)
{
    event.server = ROUTER ":2453";
    event.tls_version = event.tls_version == NULL ? "" : event.tls_version;
    k->station.conf.on_event(k->station.conf.arg, &event);
}

static void sec_90_routers_follow_the_call_managers(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = with_srst();
    snprintf(c->srst.address[1].ip, sizeof c->srst.address[1].ip, "192.0.2.78");
    snprintf(c->srst.address[2].ip, sizeof c->srst.address[2].ip, "192.0.2.79");
    const struct rf_station_conf *conf = boots_with(k, c);
    assert_int_equal(conf->n_servers, 3);
    assert_false(conf->servers[0].is_srst);
    assert_null(conf->servers[0].cert);
    for (size_t i = 1; i < 3; i++) {
        assert_true(conf->servers[i].is_srst);
        assert_true(rf_cert_eq(conf->servers[i].cert, ids.stranger.cert));
    }
    assert_string_equal(conf->servers[1].host, ROUTER);
    assert_int_equal(conf->servers[1].port, 2010);
    assert_string_equal(conf->servers[2].host, "192.0.2.78");
    assert_int_equal(conf->servers[2].port, 2000);
}

/* Each is the configuration of the test before but for one thing, and has no router. */
static void a_router_that_is_switched_off_is_none(void **state)
{
    struct kit *k = *state;
    static const char *const options[] = {"Disable", "", "User Specific"};
    for (size_t i = 0; i < 4; i++) {
        RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = with_srst();
        if (i < 3)
            snprintf(c->srst.option, sizeof c->srst.option, "%s", options[i]);
        else
            c->srst.address[0].ip[0] = '\0';
        assert_int_equal(boots_with(k, c)->n_servers, i == 2 ? 2 : 1);
        kit_off(k);
    }
}

/* Without a certificate the router is there, and the station decides. One that cannot be read is
 * not the same: the configuration says secure. */
static void sec_92_a_certificate_that_is_none(void **state)
{
    struct kit *k = *state;
    for (int i = 0; i < 4; i++) {
        RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = with_srst();
        if (i == 0)
            c->srst.is_secure = false;
        if (i == 1)
            c->srst.certificate[0] = '\0';
        if (i == 2)
            snprintf(c->srst.certificate, sizeof c->srst.certificate, "AAECAw==");
        const struct rf_station_conf *conf = boots_with(k, c);
        assert_int_equal(conf->n_servers, i == 2 ? 1 : 2);
        if (i != 2) {
            assert_true(conf->servers[1].is_srst);
            assert_int_equal(conf->servers[1].cert != NULL, i == 3);
        }
        kit_off(k);
    }
}

/* A file that is signed brings a certificate; the same one, which nobody has signed, at a phone
 * that has forgotten all, does not. */
static void sec_92_only_a_signed_file_brings_one(void **state)
{
    static const char *const gone[] = {"CTLFile.tlv", "ITLFile.tlv", "config.cnf.xml.sgn",
                                       "state.json"};
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = with_srst();
    c->security_mode = RF_PHONEXML_MODE_NON_SECURE;
    assert_non_null(boots_with(k, c)->servers[1].cert);
    kit_off(k);
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
        RF_AUTO(rf_freep) char *path = rf_path_join(k->flash_dir, gone[i]);
        assert_err(rf_file_remove(path, NULL), RF_OK);
    }
    kit_answer(k, CTL, RF_FETCH_NOT_FOUND);
    kit_answer(k, ITL, RF_FETCH_NOT_FOUND);
    kit_serve(k, DEVICE ".cnf.xml", kit_signed(c, CONFIG, NULL, RF_DIGEST_SHA512, 0));
    kit_boot(k);
    kit_until_registering(k);
    assert_true(kit_saw(k, "verified=0"));
    assert_int_equal(k->station.conf.n_servers, 2);
    assert_null(k->station.conf.servers[1].cert);
}

/* The file server is away as its call manager is: what was signed and kept still counts. */
static void sec_90_a_phone_that_boots_meanwhile_has_what_it_kept(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = with_srst();
    (void)boots_with(k, c);
    kit_registered(k);
    kit_off(k);
    kit_answer(k, CTL, RF_FETCH_TIMEOUT);
    kit_answer(k, ITL, RF_FETCH_TIMEOUT);
    kit_answer(k, CONFIG, RF_FETCH_TIMEOUT);
    kit_boot(k);
    kit_until_registering(k);
    assert_int_equal(k->station.conf.n_servers, 2);
    assert_true(rf_cert_eq(k->station.conf.servers[1].cert, ids.stranger.cert));
}

static void how_long_a_call_manager_must_answer(void **state)
{
    static const struct {
        bool has;
        uint32_t s, ms;
    } rows[] = {{false, 0, 0},
                {true, 45, 45000},
                {true, 0, 1},
                {true, 86400, 86400000},
                {true, UINT32_MAX, 86400000}};
    struct kit *k = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = with_srst();
        c->has_connection_monitor = rows[i].has;
        c->connection_monitor_s = rows[i].s;
        assert_int_equal(boots_with(k, c)->monitor_ms, rows[i].ms);
        kit_off(k);
    }
}

static void sec_92_the_users_word_for_a_plain_link(void **state)
{
    struct kit *k = *state;
    bool yes = true, no = false;
    struct rf_settings_change change = {.allows_srst_clear = &yes};
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = with_srst();
    assert_false(boots_with(k, c)->allows_srst_clear);
    kit_off(k);
    struct rf_why why = {0};
    assert_refused(rf_settings_change(k->flash_dir, &change, TEST_NOW, &why), RF_ERR_DENIED, why,
                   "settings-locked");
    for (int i = 0; i < 2; i++) {
        change.allows_srst_clear = i == 0 ? &yes : &no;
        assert_err(rf_settings_unlock(k->flash_dir, TEST_NOW, NULL), RF_OK);
        assert_err(rf_settings_change(k->flash_dir, &change, TEST_NOW, NULL), RF_OK);
        assert_int_equal(boots_with(k, c)->allows_srst_clear, i == 0);
        kit_off(k);
    }
}

/* Options that were written before there was this one. */
static void sec_92_old_options_refuse(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = with_srst();
    kit_flash_put(k, "options.json",
                  rf_slice_str("{\"min_load_version\":\"\",\"file_rollback\":\"warn\","
                               "\"sha512_sticks\":false,\"tftp\":\"\"}"));
    assert_false(boots_with(k, c)->allows_srst_clear);
}

static void the_user_is_told(void **state)
{
    struct kit *k = *state;
    struct rf_phone_view view;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = with_srst();
    (void)boots_with(k, c);
    struct rf_station_event refused = {.kind = RF_STATION_REFUSED, .is_srst = true};
    (void)rf_why_set(&refused.why, RF_ERR_DENIED, "srst-clear-refused", "no certificate");
    tells(k, refused);
    assert_true(kit_saw(k, "status text=SRST refused, not secure: " ROUTER));
    refused.why = (struct rf_why){0};
    (void)rf_why_set(&refused.why, RF_ERR_DENIED, "srst-certificate", "another");
    tells(k, refused);
    assert_true(kit_saw(k, "status text=SRST certificate differs: " ROUTER));
    tells(k, (struct rf_station_event){
                 .kind = RF_STATION_REGISTERED, .is_srst = true, .tls_version = "TLSv1.3"});
    assert_true(kit_saw(k, "status text=CM Fallback Service Operating: " ROUTER));
    assert_true(kit_saw(k, "fallback=1"));
    assert_false(kit_saw(k, "CM fallback is not secure"));
    tells(k, (struct rf_station_event){.kind = RF_STATION_REGISTERED, .is_srst = true});
    assert_true(kit_saw(k, "status text=CM fallback is not secure"));
    rf_phone_look(k->phone, &view);
    assert_true(view.is_registered);
    kit_off(k);
    assert_true(kit_has_status(k, "SRST certificate differs: " ROUTER ":2453"));
    /* The twin: a call manager is nothing to tell of. */
    (void)boots_with(k, c);
    kit_registered(k);
    assert_false(kit_saw(k, "Fallback"));
    assert_true(kit_saw(k, "fallback=0"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_up, kit_down)
    const struct CMUnitTest tests[] = {
        TEST(sec_90_routers_follow_the_call_managers),
        TEST(a_router_that_is_switched_off_is_none),
        TEST(sec_92_a_certificate_that_is_none),
        TEST(sec_92_only_a_signed_file_brings_one),
        TEST(sec_90_a_phone_that_boots_meanwhile_has_what_it_kept),
        TEST(how_long_a_call_manager_must_answer),
        TEST(sec_92_the_users_word_for_a_plain_link),
        TEST(sec_92_old_options_refuse),
        TEST(the_user_is_told),
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
