/* SPDX-License-Identifier: Apache-2.0 */
/* The listeners of one service, by profile: opened once each, with policies and networks of their
 * own, renewed together. */
#include "pair.h"

#include "net/listeners.h"

/* Policies as a service makes them, of RSA: an old phone knows nothing else. */
static enum rf_err make(const void *arg, enum rf_tls_profile profile, struct rf_tls **out,
                        struct rf_why *why)
{
    static const char *const names[] = {"modern", "legacy", "authenticated"};
    const struct id *own = arg;
    struct rf_tls_conf conf = {.name = names[profile],
                               .profile = profile,
                               .cert = own->cert,
                               .key = own->key,
                               .ask = RF_TLS_NO_ASK};
    return rf_tls_server_new(&conf, out, why);
}

static void use(struct rf_listeners *l, enum rf_tls_profile profile)
{
    struct rf_tls *tls[RF_TLS_PROFILES] = {NULL};
    assert_err(make(&pki.server_rsa, profile, &tls[profile], NULL), RF_OK);
    rf_listeners_use_tls(l, tls);
    assert_null(tls[profile]);
}

static struct rf_listener_conf conf_of(struct world *w)
{
    return (struct rf_listener_conf){.address = "127.0.0.1",
                                     .link = {.calls = &server_calls, .arg = w}};
}

static void dial_at(struct world *w, const struct rf_listeners *l, enum rf_tls_profile profile)
{
    end_reset(&w->server);
    end_reset(&w->client);
    dial_port(w, (struct rf_link_conf){.tls = w->client_tls}, rf_listeners_port(l, profile));
}

static void begin_client(struct world *w)
{
    begin(w);
    struct rf_tls_conf client = client_conf(w);
    assert_err(rf_tls_client_new(&client, &w->client_tls, NULL), RF_OK);
}

static void each_profile_is_opened_once(void **state)
{
    struct world w;
    struct rf_why why = {0};
    begin_client(&w);
    struct rf_listeners l = {.loop = w.loop};
    struct rf_listener_conf conf = conf_of(&w);
    assert_int_equal(rf_listeners_port(&l, RF_TLS_MODERN), 0);
    use(&l, RF_TLS_MODERN);
    assert_refused(rf_listeners_open(&l, RF_TLS_MODERN, &conf, "no network", &why), RF_ERR_BAD, why,
                   "network");
    assert_err(rf_listeners_open(&l, RF_TLS_MODERN, &conf, NULL, NULL), RF_OK);
    assert_string_equal(rf_listener_name(l.at[RF_TLS_MODERN]), "modern");
    why = (struct rf_why){0};
    assert_refused(rf_listeners_open(&l, RF_TLS_MODERN, &conf, NULL, &why), RF_ERR_EXISTS, why,
                   "listens-already");
    dial_at(&w, &l, RF_TLS_MODERN);
    both_open(&w);
    rf_listeners_close(&l);
    assert_int_equal(rf_listeners_port(&l, RF_TLS_MODERN), 0);
    turn_some(&w);
    assert_int_equal(w.client.closed, 0); /* links stay */
    rf_listeners_fini(&l);
    finish(&w);
}

static void a_profile_has_its_own_networks(void **state)
{
    struct world w;
    begin_client(&w);
    struct rf_listeners l = {.loop = w.loop};
    struct rf_listener_conf conf = conf_of(&w);
    use(&l, RF_TLS_MODERN);
    use(&l, RF_TLS_LEGACY);
    assert_err(rf_listeners_open(&l, RF_TLS_MODERN, &conf, "", NULL), RF_OK);
    assert_err(rf_listeners_open(&l, RF_TLS_LEGACY, &conf, "192.0.2.0/24", NULL), RF_OK);
    dial_at(&w, &l, RF_TLS_MODERN);
    both_open(&w);
    rf_link_close(w.client.link);
    both_closed(&w);
    dial_at(&w, &l, RF_TLS_LEGACY);
    turn_until(&w, w.client.closed == 1);
    assert_int_equal(w.server.opened, 0);
    rf_listeners_set_networks(&l, RF_TLS_LEGACY, "192.0.2.0/24, 127.0.0.0/8");
    rf_listeners_set_networks(&l, RF_TLS_AUTHENTICATED, "192.0.2.0/24"); /* there is none */
    dial_at(&w, &l, RF_TLS_LEGACY);
    both_open(&w);
    assert_string_equal(w.server.version, "TLSv1.2");
    rf_listeners_fini(&l);
    finish(&w);
}

/* What is listened by is made anew, and nothing else; a failure leaves what was in use. */
static void policies_are_made_for_those_that_listen(void **state)
{
    struct world w;
    struct rf_why why = {0};
    struct rf_tls *tls[RF_TLS_PROFILES] = {NULL};
    begin_client(&w);
    struct rf_listeners l = {.loop = w.loop};
    struct rf_listener_conf conf = conf_of(&w);
    use(&l, RF_TLS_LEGACY);
    assert_err(rf_listeners_open(&l, RF_TLS_LEGACY, &conf, NULL, NULL), RF_OK);
    assert_refused(rf_listeners_make_tls(&l, make, &pki.server, tls, &why), RF_ERR_CRYPTO, why,
                   "tls-key-kind"); /* EC */
    assert_null(tls[RF_TLS_LEGACY]);
    dial_at(&w, &l, RF_TLS_LEGACY);
    both_open(&w);
    assert_string_equal(w.at_client.leaf, rf_cert_fingerprint(pki.server_rsa.cert));
    rf_link_close(w.client.link);
    both_closed(&w);
    assert_err(rf_listeners_make_tls(&l, make, &pki.phone2, tls, NULL), RF_OK);
    assert_null(tls[RF_TLS_MODERN]);
    rf_listeners_use_tls(&l, tls);
    dial_at(&w, &l, RF_TLS_LEGACY);
    both_open(&w);
    assert_string_equal(w.at_client.leaf, rf_cert_fingerprint(pki.phone2.cert));
    rf_listeners_fini(&l);
    finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_profile_is_opened_once),
        cmocka_unit_test(a_profile_has_its_own_networks),
        cmocka_unit_test(policies_are_made_for_those_that_listen),
    };
    return cmocka_run_group_tests(tests, pki_make, pki_drop);
}
