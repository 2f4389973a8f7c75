/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes between our server and our client: who is let in, who is refused, and what both sides
 * say of it. Each refusal stands beside the same thing without its one fault. */
#include "proxy.h"

#include "base/log.h"
#include "base/metrics.h"
#include "net/link_int.h"
#include "trust/openssl.h"

#include <sys/stat.h>

static void both_sides_prove_themselves(void **state)
{
    struct world w;
    uint64_t before = rf_metric_get(RF_METRIC_TLS_HANDSHAKES);
    begin_tls(&w);
    w.server.greet = "welcome";
    dial(&w);
    both_open(&w);
    assert_string_equal(w.server.version, "TLSv1.3");
    assert_string_equal(w.server.suite, "TLS_AES_256_GCM_SHA384");
    assert_true(w.server.is_encrypted && w.client.is_encrypted);
    assert_false(w.server.is_resumed || w.client.is_resumed);
    assert_int_equal(w.at_server.asked, 1);
    assert_int_equal(w.at_client.asked, 1);
    assert_string_equal(w.at_server.leaf, rf_cert_fingerprint(pki.phone.cert));
    assert_string_equal(w.at_client.leaf, rf_cert_fingerprint(pki.server.cert));
    assert_int_equal(w.at_server.chain_n, 1); /* the issuer, as the phone sent it */
    assert_int_equal(w.at_client.chain_n, 0);
    assert_true(w.server.has_cert && w.client.has_cert);
    assert_int_equal(w.server.chain_n, 1);
    turn_until(&w, w.client.got.len == 7);
    assert_err(rf_link_write(w.client.link, rf_slice_str("thanks")), RF_OK);
    turn_until(&w, w.server.got.len == 6);
    assert_slice_str(rf_buf_slice(&w.client.got), "welcome");
    assert_slice_str(rf_buf_slice(&w.server.got), "thanks");
    rf_link_close(w.client.link);
    both_closed(&w);
    assert_string_equal(w.client.code, "closed-here");
    assert_string_equal(w.server.code, "end");
    assert_true(rf_metric_get(RF_METRIC_TLS_HANDSHAKES) - before == 2);
    finish(&w);
}

/* ---- versions and suites ---- */

static void suites_of_the_profile_sec_46(void **state)
{
    static const struct {
        int version;
        const char *suite;
        bool is_rsa;
        const char *seen;
    } rows[] = {
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", false, "ECDHE-ECDSA-AES128-GCM-SHA256"},
        {TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", true, "ECDHE-RSA-AES128-GCM-SHA256"},
        {TLS1_2_VERSION, NULL, false, "ECDHE-ECDSA-AES256-GCM-SHA384"},
        {TLS1_2_VERSION, NULL, true, "ECDHE-RSA-AES256-GCM-SHA384"},
        {TLS1_3_VERSION, NULL, true, "TLS_AES_256_GCM_SHA384"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        begin(&w);
        struct rf_tls_conf server = server_conf(&w);
        struct rf_tls_conf client = client_conf(&w);
        if (rows[i].is_rsa) {
            server.cert = pki.server_rsa.cert;
            server.key = pki.server_rsa.key;
            client.cert = pki.phone2.cert;
            client.key = pki.phone2.key;
        }
        assert_err(rf_tls_server_new(&server, &w.server_tls, NULL), RF_OK);
        assert_err(rf_tls_client_new(&client, &w.client_tls, NULL), RF_OK);
        twist(w.client_tls, TLS1_2_VERSION, rows[i].version, rows[i].suite);
        struct rf_link_conf link = {.tls = w.server_tls};
        listen_with(&w, &link);
        dial(&w);
        both_open(&w);
        assert_string_equal(w.server.suite, rows[i].seen);
        assert_string_equal(w.client.suite, rows[i].seen);
        assert_string_equal(w.server.version,
                            rows[i].version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
        finish(&w);
    }
}

static void old_versions_are_refused_sec_50(void **state)
{
    static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct world w;
        begin_tls(&w);
        twist(w.client_tls, versions[i], versions[i], "ALL");
        dial(&w);
        both_closed(&w);
        assert_string_equal(w.server.code, "tls-version");
        assert_string_equal(w.client.code, "tls-alert-protocol-version");
        assert_int_equal(w.server.opened + w.client.opened, 0);
        finish(&w);
        begin_tls(&w); /* and a server that only knows the old ones is left by our client */
        twist(w.server_tls, versions[i], versions[i], "ALL");
        dial(&w);
        both_closed(&w);
        assert_string_equal(w.client.opened == 0 ? w.client.code : "opened",
                            "tls-alert-protocol-version"); /* it has nothing to offer it */
        finish(&w);
    }
}

static void a_second_try_with_less_is_refused_sec_50(void **state)
{
    for (int says_so = 0; says_so <= 1; says_so++) {
        struct world w;
        begin_tls(&w);
        only_tls12(w.client_tls);
        if (says_so) /* what a client sends when its first try, with TLS 1.3, was broken off */
            SSL_CTX_set_mode(w.client_tls->ctx, SSL_MODE_SEND_FALLBACK_SCSV);
        dial(&w);
        if (says_so) {
            both_closed(&w);
            assert_string_equal(w.server.code, "tls-downgrade");
            assert_string_equal(w.client.code, "tls-alert-inappropriate-fallback");
        } else {
            both_open(&w);
        }
        finish(&w);
    }
}

static void other_suites_are_refused_sec_47(void **state)
{
    static const char *const suites[] = {
        "NULL-SHA256:NULL-SHA",
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES256-SHA384",
        "AES128-GCM-SHA256",
        "DHE-RSA-AES128-GCM-SHA256",
        "AECDH-AES128-SHA:ADH-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256", /* of the profile, but not for this server's key */
    };
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        struct world w;
        begin_tls(&w);
        twist(w.client_tls, TLS1_2_VERSION, TLS1_2_VERSION, suites[i]);
        dial(&w);
        both_closed(&w);
        assert_string_equal(w.server.code, "tls-no-common-suite");
        assert_string_equal(w.client.code, "tls-alert-handshake-failure");
        assert_int_equal(w.server.opened + w.client.opened, 0);
        finish(&w);
    }
    struct world w;
    begin_tls(&w);
    twist(w.client_tls, TLS1_3_VERSION, TLS1_3_VERSION, NULL);
    assert_int_equal(SSL_CTX_set_ciphersuites(w.client_tls->ctx, "TLS_CHACHA20_POLY1305_SHA256"),
                     1);
    dial(&w);
    both_closed(&w);
    assert_string_equal(w.server.code, "tls-no-common-suite");
    finish(&w);
}

/* ---- certificates ---- */

static void begin_versions(struct world *w, bool is_12)
{
    begin_tls(w);
    if (is_12)
        only_tls12(w->client_tls);
}

static void without_identity(struct world *w, bool is_12)
{
    rf_tls_free(w->client_tls);
    struct rf_tls_conf client = client_conf(w);
    client.cert = NULL;
    client.chain = NULL;
    client.key = NULL;
    assert_err(rf_tls_client_new(&client, &w->client_tls, NULL), RF_OK);
    if (is_12)
        only_tls12(w->client_tls);
}

static void a_client_without_certificate_sec_41(void **state)
{
    for (int is_12 = 0; is_12 <= 1; is_12++) {
        struct world w;
        uint64_t before = rf_metric_get(RF_METRIC_TLS_REFUSED);
        begin_versions(&w, is_12);
        without_identity(&w, is_12);
        dial(&w);
        both_closed(&w);
        assert_string_equal(w.server.code, "tls-no-certificate");
        assert_string_equal(w.client.code, is_12 ? "tls-alert-handshake-failure"
                                                 : "tls-alert-certificate-required");
        assert_int_equal(w.server.opened, 0);
        assert_int_equal(w.at_server.asked, 0);
        assert_false(w.server.showed_cert);
        assert_true(rf_metric_get(RF_METRIC_TLS_REFUSED) > before);
        finish(&w);
    }
}

static const struct {
    enum rf_tls_alert alert;
    const char *seen;
} alerts[] = {
    {RF_TLS_ALERT_BAD_CERTIFICATE, "tls-alert-bad-certificate"},
    {RF_TLS_ALERT_UNKNOWN_CA, "tls-alert-unknown-ca"},
    {RF_TLS_ALERT_EXPIRED, "tls-alert-certificate-expired"},
    {RF_TLS_ALERT_REVOKED, "tls-alert-certificate-revoked"},
    {RF_TLS_ALERT_UNSUPPORTED, "tls-alert-unsupported-certificate"},
};

static void a_client_is_refused_with_the_right_alert(void **state)
{
    for (size_t i = 0; i < 2 * sizeof alerts / sizeof *alerts; i++) {
        struct world w;
        begin_versions(&w, i % 2 == 1);
        w.at_server.err = RF_ERR_DENIED;
        w.at_server.code = "path-unknown-issuer";
        w.at_server.alert = alerts[i / 2].alert;
        dial(&w);
        both_closed(&w);
        assert_string_equal(w.server.code, "path-unknown-issuer");
        assert_string_equal(w.server.text, "refused by the test");
        assert_string_equal(w.client.code, alerts[i / 2].seen);
        assert_int_equal(w.server.opened, 0);
        assert_true(w.server.showed_cert); /* for the log: who it was */
        w.at_server.err = RF_OK;           /* the same without the fault */
        again(&w);
        both_open(&w);
        assert_false(w.server.is_resumed);
        finish(&w);
    }
}

static void a_server_is_refused_with_the_right_alert(void **state)
{
    for (size_t i = 0; i < 2 * sizeof alerts / sizeof *alerts; i++) {
        struct world w;
        begin_versions(&w, i % 2 == 1);
        w.at_client.err = RF_ERR_DENIED;
        w.at_client.code = "not-in-list";
        w.at_client.alert = alerts[i / 2].alert;
        dial(&w);
        both_closed(&w);
        assert_string_equal(w.client.code, "not-in-list");
        assert_true(w.client.showed_cert);
        assert_string_equal(w.server.code, alerts[i / 2].seen);
        assert_int_equal(w.server.opened + w.client.opened, 0);
        assert_int_equal(w.at_server.asked, 0); /* the phone showed nothing of itself */
        w.at_client.err = RF_OK;
        again(&w);
        both_open(&w);
        finish(&w);
    }
}

static void a_verifier_without_words(void **state)
{
    struct world w;
    begin_tls(&w);
    w.at_server.err = RF_ERR_CRYPTO;
    w.at_server.code = "";
    dial(&w);
    both_closed(&w);
    assert_string_equal(w.server.code, "tls-refused");
    finish(&w);
}

static void servers_that_do_not_insist(void **state)
{
    for (int asks = 0; asks <= 1; asks++) {
        for (int has_cert = 0; has_cert <= 1; has_cert++) {
            struct world w;
            begin(&w);
            struct rf_tls_conf server = server_conf(&w);
            struct rf_tls_conf client = client_conf(&w);
            server.ask = asks ? RF_TLS_ASK : RF_TLS_NO_ASK;
            if (!has_cert)
                client.cert = NULL, client.key = NULL, client.chain = NULL;
            assert_err(rf_tls_server_new(&server, &w.server_tls, NULL), RF_OK);
            assert_err(rf_tls_client_new(&client, &w.client_tls, NULL), RF_OK);
            struct rf_link_conf link = {.tls = w.server_tls};
            listen_with(&w, &link);
            dial(&w);
            both_open(&w);
            assert_int_equal(w.at_server.asked, asks && has_cert ? 1 : 0);
            assert_int_equal(w.server.has_cert, asks && has_cert);
            if (asks && has_cert) { /* what is shown is judged */
                w.at_server.err = RF_ERR_DENIED;
                w.at_server.code = "revoked-by-test";
                rf_link_forget(w.client.link);
                rf_tls_forget_session(w.client_tls);
                turn_until(&w, w.server.closed == 1);
                again(&w);
                both_closed(&w);
                assert_string_equal(w.server.code, "revoked-by-test");
            }
            finish(&w);
        }
    }
}

static void a_chain_without_end(void **state)
{
    for (int n = RF_CERT_LIST_MAX; n <= RF_CERT_LIST_MAX + 1; n++) {
        struct world w;
        begin_tls(&w);
        SSL_CTX_clear_chain_certs(w.client_tls->ctx);
        for (int i = 0; i < n; i++)
            assert_int_equal(
                SSL_CTX_add1_chain_cert(w.client_tls->ctx, rf_cert_x509(pki.issuer.cert)), 1);
        dial(&w);
        if (n == RF_CERT_LIST_MAX) {
            both_open(&w);
            assert_int_equal(w.server.chain_n, n);
        } else {
            both_closed(&w);
            assert_string_equal(w.server.code, "cert-count");
            assert_int_equal(w.at_server.asked, 0);
        }
        finish(&w);
    }
}

/* ---- on the wire ---- */

/* The start of a TLS 1.2 ClientHello with one suite of the profile, and perhaps the signal of RFC
 * 5746 behind it. */
static void a_client_without_secure_renegotiation(void **state)
{
    for (int has_signal = 0; has_signal <= 1; has_signal++) {
        static const uint8_t extensions[] = {0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17,
                                             0x00, 0x0d, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03};
        struct world w;
        uint8_t buf[256];
        struct rf_slice hello;
        struct rf_wr wr = rf_wr_of(buf, sizeof buf);
        unsigned suites_len = has_signal ? 4 : 2;
        uint16_t body = (uint16_t)(2 + 32 + 1 + 2 + suites_len + 2 + 2 + sizeof extensions);
        rf_wr_u8(&wr, 22); /* handshake record */
        rf_wr_u16be(&wr, 0x0301);
        rf_wr_u16be(&wr, (uint16_t)(body + 4));
        rf_wr_u16be(&wr, 0x0100); /* ClientHello, length in three bytes */
        rf_wr_u16be(&wr, body);
        rf_wr_u16be(&wr, 0x0303);
        rf_wr_zero(&wr, 32);
        rf_wr_u8(&wr, 0);
        rf_wr_u16be(&wr, (uint16_t)suites_len);
        rf_wr_u16be(&wr, 0xc02b); /* ECDHE-ECDSA-AES128-GCM-SHA256 */
        if (has_signal)
            rf_wr_u16be(&wr, 0x00ff);
        rf_wr_u16be(&wr, 0x0100); /* no compression */
        rf_wr_u16be(&wr, sizeof extensions);
        rf_wr_bytes(&wr, extensions, sizeof extensions);
        assert_err(rf_wr_done(&wr, &hello), RF_OK);
        begin_tls(&w);
        int fd = tcp_to(rf_listener_port(w.listener));
        assert_int_equal(send(fd, hello.p, hello.len, 0), hello.len);
        uint8_t answer[3] = {0};
        ssize_t n = 0;
        turn_until(&w, (n = recv(fd, answer, 1, MSG_DONTWAIT)) == 1);
        if (has_signal) { /* ServerHello, and the server waits */
            assert_int_equal(answer[0], 22);
            assert_int_equal(w.server.closed, 0);
        } else {
            assert_int_equal(answer[0], 21);
            turn_until(&w, w.server.closed == 1);
            assert_string_equal(w.server.code, "tls-no-secure-renegotiation");
        }
        close(fd);
        finish(&w);
    }
}

static void a_flipped_bit_in_a_record(void **state)
{
    for (int i = 0; i < 4; i++) {
        struct world w;
        struct proxy p;
        int way = i / 2;
        begin_versions(&w, i % 2 == 1);
        proxy_begin(&p, w.loop, rf_listener_port(w.listener));
        struct rf_link_conf conf = {.tls = w.client_tls};
        dial_port(&w, conf, p.port);
        both_open(&w);
        turn_some(&w);
        struct end *from = way == TO_SERVER ? &w.client : &w.server;
        struct end *to = way == TO_SERVER ? &w.server : &w.client;
        assert_err(rf_link_write(from->link, rf_slice_str("2001")), RF_OK); /* without a fault */
        turn_until(&w, to->got.len == 4);
        p.flip_at[way] = 7;
        assert_err(rf_link_write(from->link, rf_slice_str("2002")), RF_OK);
        both_closed(&w);
        assert_string_equal(to->code, "tls-bad-record");
        assert_string_equal(from->code, "tls-alert-bad-record-mac");
        assert_slice_str(rf_buf_slice(&to->got), "2001"); /* nothing of it was believed */
        proxy_end(&p);
        finish(&w);
    }
}

static void key_updates_change_nothing(void **state)
{
    struct world w;
    begin_tls(&w);
    dial(&w);
    both_open(&w);
    SSL *ssl = w.client.link->stream->ssl;
    for (int i = 0; i < 50; i++) { /* each asks for one in return */
        assert_int_equal(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(ssl), 1);
    }
    assert_err(rf_link_write(w.client.link, rf_slice_str("after all that")), RF_OK);
    turn_until(&w, w.server.got.len == 14);
    assert_err(rf_link_write(w.server.link, rf_slice_str("indeed")), RF_OK);
    turn_until(&w, w.client.got.len == 6);
    assert_sleeps(&w);
    finish(&w);
}

/* What TLS holds then is no data, and the socket will announce the rest. */
static void half_a_record_is_waited_for_asleep(void **state)
{
    struct world w;
    begin_tls(&w);
    dial(&w);
    both_open(&w);
    turn_some(&w);
    SSL *ssl = w.client.link->stream->ssl;
    BIO *aside = BIO_new(BIO_s_mem());
    char *record = NULL;
    assert_int_equal(BIO_up_ref(SSL_get_wbio(ssl)), 1);
    BIO *socket = SSL_get_wbio(ssl);
    SSL_set0_wbio(ssl, aside);
    assert_int_equal(SSL_write(ssl, "in two parts", 12), 12);
    long n = BIO_get_mem_data(aside, &record);
    assert_int_equal(send(SSL_get_fd(ssl), record, 9, 0), 9);
    turn_some(&w);
    assert_int_equal(w.server.got.len, 0);
    assert_sleeps(&w);
    assert_int_equal(send(SSL_get_fd(ssl), record + 9, (size_t)n - 9, 0), n - 9);
    turn_until(&w, w.server.got.len == 12);
    SSL_set0_wbio(ssl, socket);
    finish(&w);
}

static void a_flipped_bit_in_the_handshake(void **state)
{
    static const size_t at[] = {20, 60, 90};
    for (size_t i = 0; i < 2 * sizeof at / sizeof *at; i++) {
        struct world w;
        struct proxy p;
        begin_tls(&w);
        proxy_begin(&p, w.loop, rf_listener_port(w.listener));
        p.flip_at[i % 2] = at[i / 2];
        struct rf_link_conf conf = {.tls = w.client_tls};
        dial_port(&w, conf, p.port);
        both_closed(&w);
        assert_int_equal(w.server.opened + w.client.opened, 0);
        assert_true(strncmp(w.client.code, "tls-", 4) == 0);
        proxy_end(&p);
        finish(&w);
    }
}

static void what_is_no_tls_sec_52(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *code;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", 18, "tls-bad-record"},
        {"\x24\0\0\0\0\0\0\0\x01\0\0\0SEP001122334455", 27, "tls-bad-record"}, /* SCCP */
        {"\x17\x03\x03\x00\x05zzzzz", 10, "tls-refused"},       /* data before the handshake */
        {"\x16\x03\x01\x00\x05\x0b\0\0\1z", 10, "tls-refused"}, /* no ClientHello */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        begin_tls(&w);
        int fd = tcp_to(rf_listener_port(w.listener));
        assert_int_equal(send(fd, rows[i].bytes, rows[i].len, 0), rows[i].len);
        turn_until(&w, w.server.closed == 1);
        assert_string_equal(w.server.code, rows[i].code);
        close(fd);
        finish(&w);
    }
}

static void a_plain_server_is_no_tls_server(void **state)
{
    struct world w;
    begin_tls(&w);
    rf_listener_close(w.listener);
    struct rf_link_conf plain = {0};
    listen_with(&w, &plain);
    w.server.greet = "220 smtp ready\r\n";
    dial(&w);
    turn_until(&w, w.client.closed == 1);
    assert_string_equal(w.client.code, "tls-bad-record");
    finish(&w);
}

/* ---- policies ---- */

static void refused_conf(const struct rf_tls_conf *conf, bool is_server, enum rf_err err,
                         const char *code)
{
    struct rf_tls *tls = NULL;
    struct rf_why why = {0};
    assert_refused(is_server ? rf_tls_server_new(conf, &tls, &why)
                             : rf_tls_client_new(conf, &tls, &why),
                   err, why, code);
    assert_null(tls);
}

static void policies_that_cannot_be(void **state)
{
    struct world w = {0};
    struct rf_tls_conf c = server_conf(&w);
    c.key = pki.phone.key;
    refused_conf(&c, true, RF_ERR_CRYPTO, "tls-key-mismatch");
    c = server_conf(&w);
    c.verify = NULL;
    refused_conf(&c, true, RF_ERR_BAD, "tls-conf");
    c = client_conf(&w);
    c.verify = NULL;
    refused_conf(&c, false, RF_ERR_BAD, "tls-conf");
    c = server_conf(&w);
    c.key = NULL;
    refused_conf(&c, true, RF_ERR_BAD, "tls-conf");
    c = server_conf(&w);
    c.cert = NULL, c.key = NULL;
    refused_conf(&c, true, RF_ERR_BAD, "tls-conf");
    c = server_conf(&w);
    c.name = NULL;
    refused_conf(&c, true, RF_ERR_BAD, "tls-conf");
    c = server_conf(&w);
    c.keylog_path = "/nowhere/keys.log";
    refused_conf(&c, true, RF_ERR_IO, "tls-keylog");
}

static void short_keys_are_no_server_keys(void **state)
{
    struct world w = {0};
    struct id weak = self_id(RF_CERT_ROLE_CCM, "weak.test", 1024);
    struct rf_tls_conf c = server_conf(&w);
    c.cert = weak.cert;
    c.key = weak.key;
    refused_conf(&c, true, RF_ERR_CRYPTO, "tls-certificate");
    id_fini(&weak);
}

static void identity_from_files(void **state)
{
    struct world w;
    char dir[TEST_TMP];
    test_tmp(dir, sizeof dir, "tls");
    assert_non_null(mkdtemp(dir));
    RF_AUTO(rf_freep) char *key_path = rf_path_join(dir, "phone.key");
    RF_AUTO(rf_freep) char *cert_path = rf_path_join(dir, "phone.pem");
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(65536);
    assert_err(rf_key_save(pki.phone.key, key_path, NULL, NULL, NULL), RF_OK);
    assert_err(rf_cert_to_pem(pki.phone.cert, &pem), RF_OK);
    assert_err(rf_cert_to_pem(pki.issuer.cert, &pem), RF_OK);
    assert_err(rf_file_create(cert_path, rf_buf_slice(&pem), 0644, NULL), RF_OK);
    begin_tls(&w);
    rf_tls_free(w.client_tls);
    struct rf_tls_conf c = client_conf(&w);
    c.cert = NULL, c.key = NULL, c.chain = NULL;
    c.cert_path = cert_path;
    refused_conf(&c, false, RF_ERR_BAD, "tls-conf"); /* a certificate without its key */
    c.key_path = key_path;
    assert_err(rf_tls_client_new(&c, &w.client_tls, NULL), RF_OK);
    dial(&w);
    both_open(&w);
    assert_string_equal(w.at_server.leaf, rf_cert_fingerprint(pki.phone.cert));
    assert_int_equal(w.at_server.chain_n, 1);
    c.cert_path = key_path;
    refused_conf(&c, false, RF_ERR_IO, "tls-certificate");
    c.cert_path = cert_path;
    c.key_path = cert_path;
    refused_conf(&c, false, RF_ERR_IO, "tls-key");
    c.key_path = "/nowhere/phone.key";
    refused_conf(&c, false, RF_ERR_IO, "tls-key");
    finish(&w);
    assert_int_equal(unlink(key_path) | unlink(cert_path) | rmdir(dir), 0);
}

static void secrets_are_logged_loudly_or_not_at_all(void **state)
{
    struct world w;
    struct stat st;
    char dir[TEST_TMP];
    test_tmp(dir, sizeof dir, "tls");
    int pipe_fd[2];
    char line[1024] = "";
    assert_non_null(mkdtemp(dir));
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, "keys.log");
    assert_int_equal(pipe(pipe_fd), 0);
    begin_tls(&w);
    rf_tls_free(w.server_tls);
    rf_listener_close(w.listener);
    struct rf_tls_conf c = server_conf(&w);
    c.keylog_path = path;
    rf_log_setup(pipe_fd[1], RF_LOG_WARN);
    assert_err(rf_tls_server_new(&c, &w.server_tls, NULL), RF_OK);
    rf_log_setup(2, RF_LOG_WARN);
    assert_true(read(pipe_fd[0], line, sizeof line - 1) > 0);
    assert_non_null(strstr(line, "THE SECRETS OF ALL TLS SESSIONS ARE WRITTEN TO A FILE"));
    assert_non_null(strstr(line, path));
    struct rf_link_conf link = {.tls = w.server_tls};
    listen_with(&w, &link);
    dial(&w);
    both_open(&w);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    struct rf_buf log = {0};
    assert_err(rf_file_read(path, 65536, &log, NULL), RF_OK);
    assert_true(rf_slice_find(rf_buf_slice(&log), rf_slice_str("CLIENT_TRAFFIC_SECRET_0 ")) !=
                SIZE_MAX);
    assert_int_equal(log.p[log.len - 1], '\n');
    rf_buf_fini(&log);
    finish(&w);
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    assert_int_equal(unlink(path) | rmdir(dir), 0);
}

static void a_policy_outlives_its_owner(void **state)
{
    struct world w;
    begin_tls(&w);
    dial(&w);
    rf_tls_free(rf_steal(&w.server_tls));
    rf_tls_free(rf_steal(&w.client_tls));
    both_open(&w);
    assert_err(rf_link_write(w.client.link, rf_slice_str("still here")), RF_OK);
    turn_until(&w, w.server.got.len == 10);
    finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_prove_themselves),
        cmocka_unit_test(suites_of_the_profile_sec_46),
        cmocka_unit_test(old_versions_are_refused_sec_50),
        cmocka_unit_test(a_second_try_with_less_is_refused_sec_50),
        cmocka_unit_test(other_suites_are_refused_sec_47),
        cmocka_unit_test(a_client_without_certificate_sec_41),
        cmocka_unit_test(a_client_is_refused_with_the_right_alert),
        cmocka_unit_test(a_server_is_refused_with_the_right_alert),
        cmocka_unit_test(a_verifier_without_words),
        cmocka_unit_test(servers_that_do_not_insist),
        cmocka_unit_test(a_chain_without_end),
        cmocka_unit_test(a_client_without_secure_renegotiation),
        cmocka_unit_test(a_flipped_bit_in_a_record),
        cmocka_unit_test(key_updates_change_nothing),
        cmocka_unit_test(half_a_record_is_waited_for_asleep),
        cmocka_unit_test(a_flipped_bit_in_the_handshake),
        cmocka_unit_test(what_is_no_tls_sec_52),
        cmocka_unit_test(a_plain_server_is_no_tls_server),
        cmocka_unit_test(policies_that_cannot_be),
        cmocka_unit_test(short_keys_are_no_server_keys),
        cmocka_unit_test(identity_from_files),
        cmocka_unit_test(secrets_are_logged_loudly_or_not_at_all),
        cmocka_unit_test(a_policy_outlives_its_owner),
    };
    return cmocka_run_group_tests(tests, pki_make, pki_drop);
}
