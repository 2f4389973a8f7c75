/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate provider of a router: it shows the certificate of the site, the next one after a
 * change, hangs up, and lets nobody sit on it. */
#include "../trust/pki.h"

#include <unistd.h>

#include "service/srst/provider.h"

struct caller {
    struct rf_tls *tls;
    char seen[65]; /* fingerprint of what it was shown */
    char end[RF_WHY_CODE_MAX];
    bool is_open;
    bool is_over;
};

struct world {
    char dir[64];
    struct rf_clock_fake clock;
    struct rf_site site;
    struct rf_loop *loop;
    struct rf_srst_provider *provider;
};

/* ---- who asks ---- */

static enum rf_err see(void *arg, const struct rf_tls_presented *peer, enum rf_tls_alert *alert,
                       struct rf_why *why)
{
    struct caller *c = arg;
    (void)alert;
    (void)why;
    snprintf(c->seen, sizeof c->seen, "%s", rf_cert_fingerprint(peer->leaf));
    return RF_OK;
}

static void on_open(struct rf_link *link, const struct rf_peer *peer)
{
    (void)peer;
    ((struct caller *)rf_link_arg(link))->is_open = true;
}

static size_t on_data(struct rf_link *link, struct rf_slice data)
{
    (void)link;
    (void)data;
    fail_msg("a provider says nothing");
    return 0;
}

static void on_close(struct rf_link *link, const struct rf_why *why)
{
    struct caller *c = rf_link_arg(link);
    snprintf(c->end, sizeof c->end, "%s", why->code);
    c->is_over = true;
}

static const struct rf_link_calls calls = {
    .on_open = on_open, .on_data = on_data, .on_close = on_close};

static void turn_until(struct world *w, const bool *flag)
{
    for (int i = 0; i < 1000 && !*flag; i++)
        rf_loop_turn(w->loop, 10);
    assert_true(*flag);
}

static void begin(struct world *w, struct caller *c, bool has_tls)
{
    struct rf_tls_conf tls = {.name = "centre", .verify = see, .verify_arg = c};
    struct rf_link *link = NULL;
    struct rf_why why = {0};
    if (has_tls)
        assert_err(rf_tls_client_new(&tls, &c->tls, &why), RF_OK);
    struct rf_link_conf conf = {.calls = &calls, .arg = c, .tls = c->tls};
    assert_err(rf_link_connect(w->loop, &conf, "127.0.0.1", rf_srst_provider_port(w->provider),
                               &link, &why),
               RF_OK);
}

static void ask(struct world *w, struct caller *c)
{
    *c = (struct caller){.tls = NULL};
    begin(w, c, true);
    turn_until(w, &c->is_over);
    rf_tls_free(c->tls);
}

/* ---- the site ---- */

static void save_ccm(struct world *w, const struct id *id)
{
    struct rf_why why = {0};
    RF_AUTO(rf_freep) char *cert = rf_site_path(&w->site, RF_SITE_CERT_CCM);
    RF_AUTO(rf_freep) char *key = rf_site_path(&w->site, RF_SITE_KEY_CCM);
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(65536);
    assert_err(rf_cert_to_pem(id->cert, &pem), RF_OK);
    assert_err(rf_file_replace(cert, rf_buf_slice(&pem), RF_FILE_PUBLIC, &why), RF_OK);
    assert_err(rf_key_save(id->key, key, NULL, NULL, &why), RF_OK);
}

static int set_up(void **state)
{
    struct world *w = rf_new(struct world);
    test_tmp(w->dir, sizeof w->dir, "provider");
    assert_non_null(mkdtemp(w->dir));
    assert_err(rf_site_make(w->dir, NULL), RF_OK);
    rf_clock_fake_init(&w->clock, TEST_NOW);
    w->site = (struct rf_site){.dir = w->dir, .conf = rf_site_conf_new()};
    w->loop = rf_loop_new(&w->clock.clock, "main");
    struct rf_srst_provider_conf conf = {.loop = w->loop, .site = &w->site};
    w->provider = rf_srst_provider_new(&conf);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const dirs[] = {"trust/mic-roots", "trust", "keys", "certs", "lists", "db",
                                       "images",          "files", "run",  ""};
    struct world *w = *state;
    rf_srst_provider_free(w->provider);
    rf_loop_free(w->loop);
    rf_site_conf_free(w->site.conf);
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        RF_AUTO(rf_freep) char *path = rf_path_join(w->dir, dirs[i]);
        assert_err(rf_dir_empty(path, NULL), RF_OK);
        assert_int_equal(rmdir(path), 0);
    }
    rf_free(w);
    return 0;
}

static void listens(struct world *w)
{
    struct rf_why why = {0};
    assert_err(rf_srst_provider_listen(w->provider, "127.0.0.1", 0, &why), RF_OK);
}

/* ---- tests ---- */

static void it_shows_the_sites_certificate_and_hangs_up(void **state)
{
    struct world *w = *state;
    struct id first = self_id(RF_CERT_ROLE_CCM, "branch1-SRST", 2048);
    struct id next = self_id(RF_CERT_ROLE_CCM, "branch1-SRST", 0);
    struct rf_tls *tls = NULL;
    struct rf_why why = {0};
    struct caller c;
    assert_int_equal(rf_srst_provider_port(w->provider), 0);
    save_ccm(w, &first);
    listens(w);
    ask(w, &c);
    assert_true(c.is_open);
    assert_string_equal(c.end, "end");
    assert_string_equal(c.seen, rf_cert_fingerprint(first.cert));
    assert_int_equal(rf_srst_provider_shown(w->provider), 1);
    save_ccm(w, &next);
    ask(w, &c); /* nobody said that it should look */
    assert_string_equal(c.seen, rf_cert_fingerprint(first.cert));
    assert_err(rf_srst_provider_make_tls(w->provider, &tls, &why), RF_OK);
    rf_srst_provider_use_tls(w->provider, tls);
    ask(w, &c);
    assert_string_equal(c.seen, rf_cert_fingerprint(next.cert));
    id_fini(&first);
    id_fini(&next);
}

static void without_a_certificate_it_does_not_listen(void **state)
{
    struct world *w = *state;
    struct rf_why why = {0};
    assert_int_not_equal(rf_srst_provider_listen(w->provider, "127.0.0.1", 0, &why), RF_OK);
    assert_non_null(strstr(why.text, "ccm.pem"));
}

/* One that opens a connection and says nothing is put out, and they are not many. */
static void nobody_sits_on_it(void **state)
{
    struct world *w = *state;
    struct id id = self_id(RF_CERT_ROLE_CCM, "branch1-SRST", 0);
    struct caller silent[RF_SRST_PROVIDER_PER_ADDRESS + 1] = {{NULL}};
    struct rf_listener_counts counts;
    size_t last = RF_SRST_PROVIDER_PER_ADDRESS;
    save_ccm(w, &id);
    listens(w);
    for (size_t i = 0; i <= last; i++) {
        begin(w, &silent[i], false);
        for (int k = 0; k < 20 && !silent[i].is_open; k++)
            rf_loop_turn(w->loop, 10);
        rf_loop_turn(w->loop, 0); /* and it is accepted */
    }
    turn_until(w, &silent[last].is_over);
    for (size_t i = 0; i < last; i++)
        assert_false(silent[i].is_over);
    rf_listener_count(rf_srst_provider_listener(w->provider), &counts);
    assert_int_equal(counts.links, last);
    rf_clock_fake_advance(&w->clock, RF_SRST_PROVIDER_MS);
    for (size_t i = 0; i < last; i++)
        turn_until(w, &silent[i].is_over);
    struct caller c;
    ask(w, &c);
    assert_string_equal(c.seen, rf_cert_fingerprint(id.cert));
    id_fini(&id);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(it_shows_the_sites_certificate_and_hangs_up),
        IN_WORLD(without_a_certificate_it_does_not_listen),
        IN_WORLD(nobody_sits_on_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
