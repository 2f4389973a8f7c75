/* SPDX-License-Identifier: Apache-2.0 */
/* The profile that authenticates and does not encrypt, beside the other two: what is agreed on with
 * whom, and that nothing of it counts elsewhere. Checks noticed here: tls.suite, tls.version. */
#include "pair.h"

#include "base/metrics.h"
#include "net/link_int.h"

#include <stdio.h>

/* A listener of each profile in one process. */
struct all {
    struct world w; /* its server_tls and listener are the modern ones */
    struct rf_tls *tls[RF_TLS_PROFILES];
    struct rf_listener *at[RF_TLS_PROFILES];
};

static void open_all(struct all *a)
{
    static const char *const names[] = {"sccp", "sccp-legacy", "sccp-authenticated"};
    begin(&a->w);
    for (int i = 0; i < RF_TLS_PROFILES; i++) {
        struct rf_tls_conf conf = server_conf(&a->w);
        conf.name = names[i];
        conf.profile = (enum rf_tls_profile)i;
        conf.cert = pki.server_rsa.cert;
        conf.key = pki.server_rsa.key;
        assert_err(rf_tls_server_new(&conf, &a->tls[i], NULL), RF_OK);
        struct rf_listener_conf at = {
            .name = names[i],
            .address = "127.0.0.1",
            .link = {.calls = &server_calls, .arg = &a->w, .tls = a->tls[i]}};
        assert_err(rf_listener_open(a->w.loop, &at, &a->at[i], NULL), RF_OK);
    }
}

static void close_all(struct all *a)
{
    for (int i = 0; i < RF_TLS_PROFILES; i++) {
        rf_listener_close(a->at[i]);
        rf_tls_free(a->tls[i]);
    }
    finish(&a->w);
}

static void take_client(struct all *a, enum rf_tls_profile profile)
{
    struct rf_tls_conf conf = client_conf(&a->w);
    conf.profile = profile;
    conf.cert = pki.phone2.cert;
    conf.key = pki.phone2.key;
    rf_tls_free(a->w.client_tls);
    assert_err(rf_tls_client_new(&conf, &a->w.client_tls, NULL), RF_OK);
}

static void dial_at(struct all *a, enum rf_tls_profile profile)
{
    struct rf_link_conf conf = {.tls = a->w.client_tls};
    end_reset(&a->w.server);
    end_reset(&a->w.client);
    dial_port(&a->w, conf, rf_listener_port(a->at[profile]));
}

static void hang_up(struct all *a)
{
    rf_link_forget(rf_steal(&a->w.client.link));
    turn_until(&a->w, a->w.server.closed == 1);
}

static void a_device_in_authenticated_mode_sec_45(void **state)
{
    struct all a = {0};
    uint64_t weak = rf_metric_get(RF_METRIC_TLS_WEAK);
    uint64_t legacy = rf_metric_get(RF_METRIC_TLS_LEGACY);
    open_all(&a);
    take_client(&a, RF_TLS_AUTHENTICATED);
    dial_at(&a, RF_TLS_AUTHENTICATED);
    both_open(&a.w);
    assert_string_equal(a.w.server.version, "TLSv1.2");
    assert_string_equal(a.w.server.suite, "NULL-SHA256");
    assert_false(a.w.server.is_encrypted || a.w.client.is_encrypted);
    assert_true(a.w.server.has_cert && a.w.client.has_cert);
    assert_string_equal(a.w.at_server.leaf, rf_cert_fingerprint(pki.phone2.cert));
    assert_int_equal(rf_metric_get(RF_METRIC_TLS_WEAK), weak + 1);
    assert_int_equal(rf_metric_get(RF_METRIC_TLS_LEGACY), legacy);
    assert_err(rf_link_write(a.w.client.link, rf_slice_str("2001")), RF_OK);
    turn_until(&a.w, a.w.server.got.len == 4);
    hang_up(&a);
    take_client(&a, RF_TLS_AUTHENTICATED); /* one that knows the older digest alone */
    twist(a.w.client_tls, TLS1_2_VERSION, TLS1_2_VERSION, "NULL-SHA");
    dial_at(&a, RF_TLS_AUTHENTICATED);
    both_open(&a.w);
    assert_string_equal(a.w.server.suite, "NULL-SHA");
    hang_up(&a);
    close_all(&a);
}

/* Who offers only suites without encryption gets nowhere but there, and the other way round. */
static void no_other_port_has_its_suites_sec_47(void **state)
{
    struct all a = {0};
    open_all(&a);
    for (int client = 0; client < RF_TLS_PROFILES; client++) {
        for (int server = 0; server < RF_TLS_PROFILES; server++) {
            bool is_null = client == RF_TLS_AUTHENTICATED;
            if (is_null == (server == RF_TLS_AUTHENTICATED))
                continue;
            take_client(&a, (enum rf_tls_profile)client);
            if (client == RF_TLS_LEGACY) /* its suites, in the version that is there */
                twist(a.w.client_tls, TLS1_2_VERSION, TLS1_2_VERSION, NULL);
            dial_at(&a, (enum rf_tls_profile)server);
            both_closed(&a.w);
            assert_int_equal(a.w.server.opened + a.w.client.opened, 0);
            assert_string_equal(a.w.server.code, "tls-no-common-suite");
            assert_string_equal(a.w.client.code, "tls-alert-handshake-failure");
        }
    }
    close_all(&a);
}

/* Whoever offers both is given the one that the port is for: a phone that might encrypt is not
 * registered without by accident, because the call manager asks what its mode is. */
static void what_the_port_is_for_is_chosen(void **state)
{
    struct all a = {0};
    open_all(&a);
    for (int server = 0; server < RF_TLS_PROFILES; server++) {
        take_client(&a, RF_TLS_MODERN);
        twist(a.w.client_tls, TLS1_2_VERSION, TLS1_2_VERSION,
              "NULL-SHA256:ECDHE-RSA-AES256-GCM-SHA384");
        dial_at(&a, (enum rf_tls_profile)server);
        turn_until(&a.w, a.w.server.opened == 1);
        assert_int_equal(a.w.server.is_encrypted, server != RF_TLS_AUTHENTICATED);
        turn_some(&a.w);
        if (a.w.client.link != NULL)
            rf_link_forget(rf_steal(&a.w.client.link));
        turn_until(&a.w, a.w.server.closed == 1);
    }
    close_all(&a);
}

/* TLS 1.3 has no such suites, and below 1.2 nobody is asked in. */
static void no_version_but_12_sec_50(void **state)
{
    struct all a = {0};
    static const struct {
        int version;
        const char *suites;
    } rows[] = {{TLS1_3_VERSION, NULL}, {TLS1_1_VERSION, "NULL-SHA"}, {TLS1_VERSION, "NULL-SHA"}};
    open_all(&a);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        take_client(&a, RF_TLS_MODERN);
        twist(a.w.client_tls, rows[i].version, rows[i].version, rows[i].suites);
        dial_at(&a, RF_TLS_AUTHENTICATED);
        both_closed(&a.w);
        assert_string_equal(a.w.server.code, "tls-version");
        assert_string_equal(a.w.client.code, "tls-alert-protocol-version");
    }
    close_all(&a);
}

/* A site that wants 1.3 alone. */
static void a_floor_of_13_sec_50(void **state)
{
    struct world w;
    begin(&w);
    struct rf_tls_conf server = server_conf(&w), client = client_conf(&w);
    server.only_tls13 = true;
    assert_err(rf_tls_server_new(&server, &w.server_tls, NULL), RF_OK);
    assert_err(rf_tls_client_new(&client, &w.client_tls, NULL), RF_OK);
    struct rf_link_conf link = {.tls = w.server_tls};
    listen_with(&w, &link);
    dial(&w);
    both_open(&w);
    assert_string_equal(w.server.version, "TLSv1.3");
    rf_link_forget(rf_steal(&w.client.link));
    turn_until(&w, w.server.closed == 1);
    only_tls12(w.client_tls);
    again(&w);
    both_closed(&w);
    assert_string_equal(w.server.code, "tls-version");
    assert_string_equal(w.client.code, "tls-alert-protocol-version");
    finish(&w);
}

/* Without encryption, but not without somebody who answers for it. */
static void what_it_does_not_offer(void **state)
{
    static const char *const suites[] = {"NULL-MD5",   "AECDH-NULL-SHA", "ECDHE-RSA-NULL-SHA",
                                         "AES128-SHA", "ADH-AES128-SHA", "AES128-GCM-SHA256"};
    struct all a = {0};
    open_all(&a);
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        take_client(&a, RF_TLS_MODERN);
        twist(a.w.client_tls, TLS1_2_VERSION, TLS1_2_VERSION, suites[i]);
        dial_at(&a, RF_TLS_AUTHENTICATED);
        both_closed(&a.w);
        assert_string_equal(a.w.server.code, "tls-no-common-suite");
    }
    close_all(&a);
}

static void a_certificate_is_asked_for_and_judged(void **state)
{
    struct all a = {0};
    open_all(&a);
    take_client(&a, RF_TLS_AUTHENTICATED);
    a.w.at_server.err = RF_ERR_DENIED;
    a.w.at_server.code = "path-unknown-issuer";
    a.w.at_server.alert = RF_TLS_ALERT_UNKNOWN_CA;
    dial_at(&a, RF_TLS_AUTHENTICATED);
    both_closed(&a.w);
    assert_string_equal(a.w.server.code, "path-unknown-issuer");
    assert_string_equal(a.w.client.code, "tls-alert-unknown-ca");
    a.w.at_server.err = RF_OK;
    struct rf_tls_conf conf = client_conf(&a.w);
    conf.profile = RF_TLS_AUTHENTICATED;
    conf.cert = NULL;
    conf.key = NULL;
    conf.chain = NULL;
    rf_tls_free(a.w.client_tls);
    assert_err(rf_tls_client_new(&conf, &a.w.client_tls, NULL), RF_OK);
    dial_at(&a, RF_TLS_AUTHENTICATED);
    both_closed(&a.w);
    assert_string_equal(a.w.server.code, "tls-no-certificate");
    close_all(&a);
}

static void it_wants_an_rsa_key(void **state)
{
    struct all a = {0};
    struct rf_tls *tls = NULL;
    struct rf_why why = {0};
    open_all(&a);
    struct rf_tls_conf conf = server_conf(&a.w); /* EC */
    conf.profile = RF_TLS_AUTHENTICATED;
    assert_refused(rf_tls_server_new(&conf, &tls, &why), RF_ERR_CRYPTO, why, "tls-key-kind");
    close_all(&a);
}

/* A session without encryption is one only at its own port, also if it were known elsewhere. */
static void its_sessions_stay_with_it_sec_51(void **state)
{
    struct all a = {0};
    open_all(&a);
    take_client(&a, RF_TLS_AUTHENTICATED);
    for (int i = 0; i < 2; i++) {
        dial_at(&a, RF_TLS_AUTHENTICATED);
        both_open(&a.w);
        assert_int_equal(a.w.server.is_resumed, i == 1);
        assert_int_equal(a.w.at_server.asked_resumed, i);
        if (i == 0)
            hang_up(&a);
    }
    SSL_SESSION *session = SSL_get1_session(a.w.server.link->stream->ssl);
    hang_up(&a);
    for (int server = 0; server < RF_TLS_AUTHENTICATED; server++) {
        SSL_SESSION *known = SSL_SESSION_dup(session);
        assert_int_equal(SSL_CTX_add_session(a.tls[server]->ctx, known), 1);
        SSL_SESSION_free(known);
        dial_at(&a, (enum rf_tls_profile)server);
        both_closed(&a.w);
        assert_int_equal(a.w.server.opened, 0);
    }
    SSL_SESSION_free(session);
    close_all(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_in_authenticated_mode_sec_45),
        cmocka_unit_test(no_other_port_has_its_suites_sec_47),
        cmocka_unit_test(what_the_port_is_for_is_chosen),
        cmocka_unit_test(no_version_but_12_sec_50),
        cmocka_unit_test(a_floor_of_13_sec_50),
        cmocka_unit_test(what_it_does_not_offer),
        cmocka_unit_test(a_certificate_is_asked_for_and_judged),
        cmocka_unit_test(it_wants_an_rsa_key),
        cmocka_unit_test(its_sessions_stay_with_it_sec_51),
    };
    return cmocka_run_group_tests(tests, pki_make, pki_drop);
}
