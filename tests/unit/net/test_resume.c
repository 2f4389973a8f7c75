/* SPDX-License-Identifier: Apache-2.0 */
/* Resumption, in TLS 1.2 and 1.3: what it saves, and that it never passes by the policy. */
#include "pair.h"

#include "base/metrics.h"
#include "net/link_int.h"

#include <sys/socket.h>

static void begin_version(struct world *w, int is_12)
{
    begin_tls(w);
    if (is_12)
        only_tls12(w->client_tls);
}

/* A server has to say a word in TLS 1.3 before the client holds a session: its tickets come behind
 * the handshake. */
static void talk(struct world *w)
{
    both_open(w);
    assert_err(rf_link_write(w->server.link, rf_slice_str("hello")), RF_OK);
    turn_until(w, w->client.got.len == 5);
}

static void leave(struct world *w)
{
    rf_link_close(w->client.link);
    both_closed(w);
}

static void a_session_is_resumed_and_judged_again_sec_51(void **state)
{
    for (int is_12 = 0; is_12 <= 1; is_12++) {
        struct world w;
        begin_version(&w, is_12);
        uint64_t before = rf_metric_get(RF_METRIC_TLS_RESUMED);
        dial(&w);
        talk(&w);
        leave(&w);
        for (int i = 0; i < 3; i++) { /* and again from the resumed one */
            again(&w);
            talk(&w);
            assert_true(w.server.is_resumed && w.client.is_resumed);
            assert_string_equal(w.server.version, is_12 ? "TLSv1.2" : "TLSv1.3");
            assert_int_equal(w.at_server.asked, 1);
            assert_int_equal(w.at_server.asked_resumed, 1);
            assert_int_equal(w.at_client.asked, 1);
            assert_int_equal(w.at_client.asked_resumed, 1);
            /* on the certificates of then, all of them */
            assert_string_equal(w.at_server.leaf, rf_cert_fingerprint(pki.phone.cert));
            assert_string_equal(w.at_client.leaf, rf_cert_fingerprint(pki.server.cert));
            assert_int_equal(w.at_server.chain_n, 1);
            assert_true(w.server.has_cert && w.client.has_cert);
            assert_int_equal(w.server.chain_n, 1);
            leave(&w);
        }
        assert_true(rf_metric_get(RF_METRIC_TLS_RESUMED) - before == 6);
        finish(&w);
    }
}

static void a_server_may_change_its_mind_sec_51(void **state)
{
    for (int is_12 = 0; is_12 <= 1; is_12++) {
        struct world w;
        begin_version(&w, is_12);
        dial(&w);
        talk(&w);
        leave(&w);
        w.at_server.err = RF_ERR_DENIED; /* revoked meanwhile */
        w.at_server.code = "revoked";
        w.at_server.alert = RF_TLS_ALERT_REVOKED;
        again(&w);
        both_closed(&w);
        assert_string_equal(w.server.code, "revoked");
        assert_int_equal(w.at_server.asked_resumed, 1);
        assert_int_equal(w.server.opened, 0);
        assert_true(w.server.showed_cert);
        /* That session is gone on the server: a full handshake, where the alert says why. */
        again(&w);
        both_closed(&w);
        assert_string_equal(w.server.code, "revoked");
        assert_int_equal(w.at_server.asked_resumed, 0);
        assert_string_equal(w.client.code, "tls-alert-certificate-revoked");
        w.at_server.err = RF_OK;
        again(&w);
        talk(&w);
        finish(&w);
    }
}

static void a_client_may_change_its_mind(void **state)
{
    for (int is_12 = 0; is_12 <= 1; is_12++) {
        struct world w;
        begin_version(&w, is_12);
        dial(&w);
        talk(&w);
        leave(&w);
        w.at_client.err = RF_ERR_DENIED; /* a new list without that server */
        w.at_client.code = "not-in-list";
        again(&w);
        turn_until(&w, w.client.closed == 1);
        assert_string_equal(w.client.code, "not-in-list");
        assert_int_equal(w.at_client.asked_resumed, 1);
        assert_int_equal(w.client.opened, 0);
        turn_until(&w, w.server.closed == 1);
        w.at_client.err = RF_OK;
        again(&w);
        talk(&w);
        assert_false(w.client.is_resumed); /* it did not offer that session again */
        finish(&w);
    }
}

static void rude_ends_leave_the_session_good(void **state)
{
    enum { NO_NOTIFY, RESET, BY_SERVER, WAYS };
    for (int i = 0; i < 2 * WAYS; i++) {
        struct world w;
        int way = i / 2;
        begin_version(&w, i % 2);
        dial(&w);
        talk(&w);
        struct linger hard = {.l_onoff = 1};
        if (way == RESET)
            setsockopt(w.client.link->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        rf_link_abort(way == BY_SERVER ? w.server.link : w.client.link, NULL);
        both_closed(&w);
        struct end *other = way == BY_SERVER ? &w.client : &w.server;
        assert_string_equal(other->code, way == RESET ? "tcp-reset" : "end");
        again(&w);
        talk(&w);
        assert_true(w.server.is_resumed && w.client.is_resumed);
        finish(&w);
    }
}

static void a_broken_record_costs_the_session(void **state)
{
    struct world w;
    begin_version(&w, 1);
    dial(&w);
    talk(&w);
    uint8_t record[5 + 32] = {0x17, 0x03, 0x03, 0x00, 0x20}; /* none of this session */
    assert_int_equal(send(w.client.link->fd, record, sizeof record, 0), sizeof record);
    both_closed(&w);
    assert_string_equal(w.server.code, "tls-bad-record");
    again(&w);
    talk(&w);
    assert_false(w.server.is_resumed);
    finish(&w);
}

/* ---- whose session ---- */

static void listen_as(struct world *w, const char *name)
{
    rf_listener_close(w->listener);
    rf_tls_free(w->server_tls);
    struct rf_tls_conf conf = server_conf(w);
    conf.name = name;
    assert_err(rf_tls_server_new(&conf, &w->server_tls, NULL), RF_OK);
    struct rf_link_conf link = {.tls = w->server_tls};
    listen_with(w, &link);
}

static void a_session_of_another_policy_does_not_count_sec_51(void **state)
{
    for (int i = 0; i < 4; i++) {
        struct world w;
        bool is_same = i / 2 == 1;
        begin_version(&w, i % 2);
        dial(&w);
        talk(&w);
        SSL_SESSION *session = SSL_get1_session(w.server.link->stream->ssl);
        leave(&w);
        listen_as(&w, is_same ? "sccp" : "capf");
        /* as if both kept their sessions in one place */
        assert_int_equal(SSL_CTX_add_session(w.server_tls->ctx, session), 1);
        SSL_SESSION_free(session);
        again(&w);
        talk(&w);
        assert_int_equal(w.server.is_resumed, is_same);
        assert_int_equal(w.at_server.asked_resumed, is_same ? 1 : 0);
        assert_int_equal(w.at_server.asked, 1);
        finish(&w);
    }
}

static void a_full_handshake_where_the_server_is_new(void **state)
{
    struct world w;
    begin_tls(&w);
    dial(&w);
    talk(&w);
    leave(&w);
    listen_as(&w, "sccp"); /* restarted: its cache is empty */
    again(&w);
    talk(&w);
    assert_false(w.server.is_resumed);
    finish(&w);
}

static void sessions_may_be_off(void **state)
{
    enum { AT_SERVER, AT_CLIENT, FORGOTTEN, WAYS };
    for (int i = 0; i < 2 * WAYS; i++) {
        struct world w;
        int way = i / 2;
        begin(&w);
        struct rf_tls_conf server = server_conf(&w);
        struct rf_tls_conf client = client_conf(&w);
        if (way == AT_SERVER)
            server.sessions = 0;
        if (way == AT_CLIENT)
            client.sessions = 0;
        assert_err(rf_tls_server_new(&server, &w.server_tls, NULL), RF_OK);
        assert_err(rf_tls_client_new(&client, &w.client_tls, NULL), RF_OK);
        if (i % 2)
            only_tls12(w.client_tls);
        struct rf_link_conf link = {.tls = w.server_tls};
        listen_with(&w, &link);
        dial(&w);
        talk(&w);
        leave(&w);
        if (way == FORGOTTEN)
            rf_tls_forget_session(w.client_tls);
        again(&w);
        talk(&w);
        assert_false(w.server.is_resumed || w.client.is_resumed);
        assert_int_equal(w.at_server.asked, 1);
        finish(&w);
    }
}

static void the_cache_has_its_size(void **state)
{
    struct world w;
    begin(&w);
    struct rf_tls_conf server = server_conf(&w);
    struct rf_tls_conf client = client_conf(&w);
    server.sessions = 2;
    assert_err(rf_tls_server_new(&server, &w.server_tls, NULL), RF_OK);
    assert_err(rf_tls_client_new(&client, &w.client_tls, NULL), RF_OK);
    struct rf_link_conf link = {.tls = w.server_tls};
    listen_with(&w, &link);
    dial(&w);
    talk(&w);
    for (int i = 0; i < 5; i++) {
        leave(&w);
        rf_tls_forget_session(w.client_tls);
        again(&w);
        talk(&w);
        assert_true(SSL_CTX_sess_number(w.server_tls->ctx) <= 2);
    }
    finish(&w);
}

/* ---- the certificate of a connection does not change ---- */

static void no_renegotiation_sec_51(void **state)
{
    struct world w;
    begin_version(&w, 1);
    dial(&w);
    talk(&w);
    SSL *ssl = w.client.link->stream->ssl;
    SSL_clear_options(ssl, SSL_OP_NO_RENEGOTIATION);
    assert_int_equal(SSL_renegotiate(ssl), 1);
    SSL_do_handshake(ssl);
    turn_until(&w, w.client.closed == 1);
    assert_string_equal(w.client.code, "tls-refused"); /* told "no renegotiation" */
    assert_int_equal(w.at_server.asked, 1);
    finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_resumed_and_judged_again_sec_51),
        cmocka_unit_test(a_server_may_change_its_mind_sec_51),
        cmocka_unit_test(a_client_may_change_its_mind),
        cmocka_unit_test(rude_ends_leave_the_session_good),
        cmocka_unit_test(a_broken_record_costs_the_session),
        cmocka_unit_test(a_session_of_another_policy_does_not_count_sec_51),
        cmocka_unit_test(a_full_handshake_where_the_server_is_new),
        cmocka_unit_test(sessions_may_be_off),
        cmocka_unit_test(the_cache_has_its_size),
        cmocka_unit_test(no_renegotiation_sec_51),
    };
    return cmocka_run_group_tests(tests, pki_make, pki_drop);
}
