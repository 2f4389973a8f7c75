/* SPDX-License-Identifier: Apache-2.0 */
/* The profile for old phones beside the one for all others, in one process; and what a listener
 * asks before it reads a byte. Checks noticed here: net.listener-networks, net.storm, tls.suite,
 * tls.version. */
#include "pair.h"

#include "base/metrics.h"

#include <stdio.h>

static struct id old_phone; /* RSA, its certificate signed with SHA-1 */

static int make(void **state)
{
    pki_make(state);
    id_set_key(&old_phone, new_key(2048));
    struct rf_issue_mic spec = {.device_name = rf_slice_str("SEP001122334499"),
                                .model = rf_slice_str("7962"),
                                .serial_number = rf_slice_str("RF000009"),
                                .spki = rf_key_spki(old_phone.key),
                                .now_s = TEST_NOW,
                                .days = 100,
                                .is_sha1 = true};
    assert_err(rf_issue_mic(&spec, pki.issuer.cert, pki.issuer.vault, &old_phone.cert, NULL),
               RF_OK);
    return 0;
}

static int drop(void **state)
{
    id_fini(&old_phone);
    return pki_drop(state);
}

struct heard {
    unsigned n;
    char code[32];
    char text[RF_WHY_TEXT_MAX];
};

static void on_alarm(void *arg, const char *code, const char *text)
{
    struct heard *h = arg;
    h->n++;
    snprintf(h->code, sizeof h->code, "%s", code);
    snprintf(h->text, sizeof h->text, "%s", text);
}

/* Two listeners of one process. */
struct both {
    struct world w; /* its server_tls and listener are the modern ones */
    struct rf_tls *legacy_tls;
    struct rf_listener *legacy;
    struct heard heard;
};

static void open_both(struct both *b)
{
    begin(&b->w);
    b->heard = (struct heard){0};
    struct rf_tls_conf conf = server_conf(&b->w);
    conf.cert = pki.server_rsa.cert;
    conf.key = pki.server_rsa.key;
    assert_err(rf_tls_server_new(&conf, &b->w.server_tls, NULL), RF_OK);
    conf.name = "sccp-legacy";
    conf.profile = RF_TLS_LEGACY;
    assert_err(rf_tls_server_new(&conf, &b->legacy_tls, NULL), RF_OK);
    assert_int_equal(b->legacy_tls->profile, RF_TLS_LEGACY);
    struct rf_link_conf link = {.tls = b->w.server_tls};
    listen_with(&b->w, &link);
    struct rf_listener_conf at = {
        .name = "legacy",
        .address = "127.0.0.1",
        .link = {.calls = &server_calls, .arg = &b->w, .tls = b->legacy_tls},
        .on_alarm = on_alarm,
        .alarm_arg = &b->heard};
    assert_err(rf_listener_open(b->w.loop, &at, &b->legacy, NULL), RF_OK);
}

static void close_both(struct both *b)
{
    rf_listener_close(b->legacy);
    rf_tls_free(b->legacy_tls);
    finish(&b->w);
}

/* A client of this profile, who shows the old phone's certificate. */
static void take_client(struct both *b, enum rf_tls_profile profile)
{
    struct rf_tls_conf conf = client_conf(&b->w);
    conf.profile = profile;
    if (profile == RF_TLS_LEGACY) {
        conf.cert = old_phone.cert;
        conf.key = old_phone.key;
    }
    rf_tls_free(b->w.client_tls);
    assert_err(rf_tls_client_new(&conf, &b->w.client_tls, NULL), RF_OK);
}

static void dial_at(struct both *b, const struct rf_listener *listener)
{
    struct rf_link_conf conf = {.tls = b->w.client_tls};
    end_reset(&b->w.server);
    end_reset(&b->w.client);
    dial_port(&b->w, conf, rf_listener_port(listener));
}

static void hang_up(struct both *b)
{
    rf_link_forget(rf_steal(&b->w.client.link));
    turn_until(&b->w, b->w.server.closed == 1);
}

static void an_old_phone_sec_50(void **state)
{
    struct both b = {0};
    uint64_t legacy = rf_metric_get(RF_METRIC_TLS_LEGACY);
    uint64_t weak = rf_metric_get(RF_METRIC_TLS_WEAK);
    open_both(&b);
    take_client(&b, RF_TLS_LEGACY);
    dial_at(&b, b.legacy);
    both_open(&b.w);
    assert_string_equal(b.w.server.version, "TLSv1");
    assert_string_equal(b.w.server.suite, "AES256-SHA");
    assert_true(b.w.server.is_encrypted && b.w.server.has_cert);
    assert_string_equal(b.w.at_server.leaf, rf_cert_fingerprint(old_phone.cert));
    assert_int_equal(rf_metric_get(RF_METRIC_TLS_LEGACY), legacy + 1);
    assert_int_equal(rf_metric_get(RF_METRIC_TLS_WEAK), weak + 1);
    struct rf_listener_counts counts;
    rf_listener_count(b.legacy, &counts);
    assert_int_equal(counts.links, 1);
    hang_up(&b);
    dial_at(&b, b.w.listener); /* the same phone, the same process, the other port */
    both_closed(&b.w);
    assert_string_equal(b.w.server.code, "tls-version");
    assert_string_equal(b.w.client.code, "tls-alert-protocol-version");
    close_both(&b);
}

/* The modern policy made in the same process is as ever, before and after; suites of old phones are
 * not there, whatever the version. */
static void the_modern_port_stays_as_it_is_sec_50(void **state)
{
    static const char *const suites[] = {"AES128-SHA", "AES256-SHA", "ECDHE-RSA-AES128-SHA"};
    struct both b = {0};
    open_both(&b);
    take_client(&b, RF_TLS_MODERN);
    for (size_t i = 0; i < 2 * sizeof suites / sizeof *suites; i++) {
        bool is_legacy = i % 2 == 1;
        take_client(&b, RF_TLS_MODERN);
        twist(b.w.client_tls, TLS1_2_VERSION, TLS1_2_VERSION, suites[i / 2]);
        dial_at(&b, is_legacy ? b.legacy : b.w.listener);
        if (is_legacy) { /* our client would not have it, but the server does */
            turn_until(&b.w, b.w.server.opened == 1 && b.w.client.closed == 1);
            assert_string_equal(b.w.server.suite, suites[i / 2]);
            turn_until(&b.w, b.w.server.closed == 1);
        } else {
            both_closed(&b.w);
            assert_string_equal(b.w.server.code, "tls-no-common-suite");
        }
    }
    take_client(&b, RF_TLS_MODERN);
    dial_at(&b, b.w.listener);
    both_open(&b.w);
    assert_string_equal(b.w.server.version, "TLSv1.3");
    hang_up(&b);
    assert_int_equal(SSL_CTX_get_security_level(b.w.server_tls->ctx), 2);
    assert_int_equal(SSL_CTX_get_min_proto_version(b.w.server_tls->ctx), TLS1_2_VERSION);
    close_both(&b);
}

/* Listed for nobody, at any level. */
static void what_no_port_offers(void **state)
{
    static const char *const suites[] = {
        "NULL-SHA256:NULL-SHA:NULL-MD5",
        "AECDH-AES128-SHA:ADH-AES128-SHA",
        "DHE-RSA-AES128-SHA",
        "AES128-SHA256",
        "CAMELLIA128-SHA",
        "ECDHE-RSA-AES256-SHA384",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "AES128-GCM-SHA256",
    };
    struct both b = {0};
    open_both(&b);
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        take_client(&b, RF_TLS_MODERN);
        twist(b.w.client_tls, TLS1_VERSION, TLS1_2_VERSION, suites[i]);
        dial_at(&b, b.legacy);
        both_closed(&b.w);
        assert_string_equal(b.w.server.code, "tls-no-common-suite");
    }
    take_client(&b, RF_TLS_MODERN); /* and no 1.3: those phones have a port of their own */
    twist(b.w.client_tls, TLS1_3_VERSION, TLS1_3_VERSION, NULL);
    dial_at(&b, b.legacy);
    both_closed(&b.w);
    assert_string_equal(b.w.server.code, "tls-version");
    close_both(&b);
}

static void a_legacy_port_wants_an_rsa_key(void **state)
{
    struct both b = {0};
    struct rf_tls *tls = NULL;
    struct rf_why why = {0};
    open_both(&b);
    struct rf_tls_conf conf = server_conf(&b.w); /* EC */
    conf.profile = RF_TLS_LEGACY;
    assert_refused(rf_tls_server_new(&conf, &tls, &why), RF_ERR_CRYPTO, why, "tls-key-kind");
    conf.profile = RF_TLS_MODERN;
    assert_err(rf_tls_server_new(&conf, &tls, &why), RF_OK);
    rf_tls_free(tls);
    close_both(&b);
}

/* RFC 7507: the phone can do more than it says, so somebody made it try less. */
static void a_second_try_with_less_is_an_alarm_sec_50(void **state)
{
    for (int says_so = 0; says_so <= 1; says_so++) {
        struct both b = {0};
        uint64_t before = rf_metric_get(RF_METRIC_TLS_DOWNGRADES);
        open_both(&b);
        take_client(&b, RF_TLS_LEGACY);
        if (says_so)
            SSL_CTX_set_mode(b.w.client_tls->ctx, SSL_MODE_SEND_FALLBACK_SCSV);
        dial_at(&b, b.legacy);
        if (says_so) {
            both_closed(&b.w);
            assert_string_equal(b.w.server.code, "tls-downgrade");
            assert_string_equal(b.w.client.code, "tls-alert-inappropriate-fallback");
            assert_string_equal(b.heard.code, "tls-downgrade");
            assert_non_null(strstr(b.heard.text, "from=127.0.0.1 listener=legacy"));
        } else {
            both_open(&b.w);
            assert_int_equal(b.heard.n, 0);
            hang_up(&b);
        }
        assert_int_equal(rf_metric_get(RF_METRIC_TLS_DOWNGRADES), before + (says_so ? 1 : 0));
        close_both(&b);
    }
}

/* A session of the weak port is worth nothing at the other one. */
static void sessions_stay_at_their_port(void **state)
{
    struct both b = {0};
    open_both(&b);
    take_client(&b, RF_TLS_MODERN);
    twist(b.w.client_tls, TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384");
    for (int i = 0; i < 3; i++) {
        dial_at(&b, i < 2 ? b.legacy : b.w.listener);
        both_open(&b.w);
        assert_int_equal(b.w.server.is_resumed, i == 1);
        hang_up(&b);
    }
    close_both(&b);
}

/* ---- before a byte is read ---- */

static void a_listener_for_some_networks(void **state)
{
    struct both b = {0};
    struct rf_networks ours, others;
    struct rf_listener_counts counts;
    assert_err(rf_networks_parse("127.0.0.0/8", &ours, NULL), RF_OK);
    assert_err(rf_networks_parse("192.0.2.0/24, 127.0.0.2", &others, NULL), RF_OK);
    open_both(&b);
    take_client(&b, RF_TLS_LEGACY);
    rf_listener_set_networks(b.legacy, &others);
    dial_at(&b, b.legacy);
    turn_until(&b.w, b.w.client.closed == 1);
    assert_int_equal(b.w.server.closed + b.w.server.opened, 0); /* it never became a link */
    assert_string_equal(b.heard.code, "network-refused");
    assert_non_null(strstr(b.heard.text, "from=127.0.0.1 listener=legacy"));
    rf_listener_count(b.legacy, &counts);
    assert_int_equal(counts.network_refused, 1);
    rf_listener_set_networks(b.legacy, &ours);
    dial_at(&b, b.legacy);
    both_open(&b.w);
    hang_up(&b);
    assert_int_equal(b.heard.n, 1);
    close_both(&b);
}

static void fail_once(struct both *b, const struct rf_listener *listener)
{
    take_client(b, RF_TLS_LEGACY);
    dial_at(b, listener);
    turn_until(&b->w, b->w.client.closed == 1);
    turn_some(&b->w);
}

/* Handshakes that fail cost a token, whatever the reason; without tokens nothing is read. */
static void a_storm_is_refused_at_accept(void **state)
{
    struct both b = {0};
    struct rf_listener *calm = NULL;
    struct rf_listener_counts counts;
    open_both(&b);
    struct rf_listener_conf at = {
        .name = "calm",
        .address = "127.0.0.1",
        .link = {.calls = &server_calls, .arg = &b.w, .tls = b.w.server_tls},
        .failures_a_minute = 3,
        .on_alarm = on_alarm,
        .alarm_arg = &b.heard};
    assert_err(rf_listener_open(b.w.loop, &at, &calm, NULL), RF_OK);
    for (unsigned i = 0; i < 5; i++) {
        fail_once(&b, calm);
        assert_int_equal(b.w.server.closed, i < 3 ? 1 : 0);
    }
    assert_string_equal(b.heard.code, "handshake-storm");
    assert_int_equal(b.heard.n, 1); /* told once */
    rf_listener_count(calm, &counts);
    assert_int_equal(counts.storm_refused, 2);
    take_client(&b, RF_TLS_MODERN); /* a good phone behind the same address has to wait */
    dial_at(&b, calm);
    turn_until(&b.w, b.w.client.closed == 1);
    assert_int_equal(b.w.server.opened, 0);
    rf_clock_fake_advance(&b.w.clock, 20000);
    dial_at(&b, calm);
    both_open(&b.w);
    hang_up(&b);
    dial_at(&b, calm); /* and one that succeeds costs nothing */
    both_open(&b.w);
    hang_up(&b);
    dial_at(&b, b.w.listener); /* nor was anything of it another listener's business */
    both_open(&b.w);
    hang_up(&b);
    rf_listener_close(calm);
    close_both(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_old_phone_sec_50),
        cmocka_unit_test(the_modern_port_stays_as_it_is_sec_50),
        cmocka_unit_test(what_no_port_offers),
        cmocka_unit_test(a_legacy_port_wants_an_rsa_key),
        cmocka_unit_test(a_second_try_with_less_is_an_alarm_sec_50),
        cmocka_unit_test(sessions_stay_at_their_port),
        cmocka_unit_test(a_listener_for_some_networks),
        cmocka_unit_test(a_storm_is_refused_at_accept),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
