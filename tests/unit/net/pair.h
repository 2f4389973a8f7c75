/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of net/ share: a server and a client on one loop with a clock turned by hand, each
 * writing down what happens to it, and certificates made once. */
#ifndef UNIT_NET_PAIR_H
#define UNIT_NET_PAIR_H

#include "../trust/pki.h"

#include "net/link.h"
#include "net/tls_ssl.h"

#include <time.h>
#include <unistd.h>

/* Certificates; made once for a test program. */
struct pki {
    struct id server; /* EC */
    struct id server_rsa;
    struct id root;
    struct id issuer;
    struct id phone;           /* EC, under the issuer */
    struct id phone2;          /* RSA */
    struct rf_cert_list chain; /* the issuer */
};
static struct pki pki;

static inline int pki_make(void **state)
{
    pki.server = self_id(RF_CERT_ROLE_CCM, "ccm.test", 0);
    pki.server_rsa = self_id(RF_CERT_ROLE_CCM, "ccm-rsa.test", 2048);
    pki.root = self_id(RF_CERT_ROLE_MIC_ROOT, "Test Root", 0);
    pki.issuer = ca_id(RF_CERT_ROLE_MIC_ISSUER, "Test Issuer", &pki.root);
    pki.phone = mic_id("SEP001122334455", &pki.issuer, 0);
    pki.phone2 = mic_id("SEP0011223344AA", &pki.issuer, 2048);
    assert_true(rf_cert_list_add(&pki.chain, pki.issuer.cert));
    return 0;
}

static inline int pki_drop(void **state)
{
    rf_cert_list_fini(&pki.chain);
    struct id *all[] = {&pki.server, &pki.server_rsa, &pki.root,
                        &pki.issuer, &pki.phone,      &pki.phone2};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        id_fini(all[i]);
    return 0;
}

/* The rule for the other side's certificate, and what it was asked. */
struct judge {
    enum rf_err err; /* RF_OK: everybody may come */
    const char *code;
    enum rf_tls_alert alert;
    unsigned asked;
    unsigned asked_resumed;
    char leaf[65]; /* fingerprint */
    size_t chain_n;
};

static inline enum rf_err judge_peer(void *arg, const struct rf_tls_presented *peer,
                                     enum rf_tls_alert *alert, struct rf_why *why)
{
    struct judge *j = arg;
    j->asked++;
    j->asked_resumed += peer->is_resumed ? 1 : 0;
    snprintf(j->leaf, sizeof j->leaf, "%s", rf_cert_fingerprint(peer->leaf));
    j->chain_n = peer->chain->n;
    if (j->err == RF_OK)
        return RF_OK;
    *alert = j->alert;
    return rf_why_set(why, j->err, j->code, "refused by the test");
}

/* One end of a connection. */
struct end {
    struct rf_link *link;
    unsigned opened;
    unsigned drained;
    unsigned waiting;
    unsigned closed;
    char code[RF_WHY_CODE_MAX];
    char text[RF_WHY_TEXT_MAX];
    char version[16];
    char suite[48];
    bool is_resumed;
    bool is_encrypted;
    bool has_cert;    /* when it opened */
    bool showed_cert; /* when it closed */
    size_t chain_n;
    struct rf_buf got;
    size_t takes;      /* on_data uses at most so many bytes; SIZE_MAX: all */
    bool pauses;       /* on_data pauses the link */
    bool resumes;      /* on_waiting resumes it */
    bool closes;       /* on_open closes the link */
    const char *greet; /* on_open writes it */
    unsigned calls;    /* of on_data */
    bool inside;       /* a callback is running */
};

struct world {
    struct rf_clock_fake clock;
    struct rf_loop *loop;
    struct judge at_server; /* judges clients */
    struct judge at_client;
    struct rf_tls *server_tls;
    struct rf_tls *client_tls;
    struct rf_listener *listener;
    struct end server; /* of the last connection */
    struct end client;
    unsigned accepted;
};

static inline struct end *end_of(struct rf_link *link)
{
    return rf_link_owner(link);
}

static inline void end_reset(struct end *e)
{
    rf_buf_fini(&e->got);
    *e = (struct end){.got = RF_BUF(16 * 1024 * 1024), .takes = SIZE_MAX};
}

static inline void on_open(struct rf_link *link, const struct rf_peer *peer)
{
    struct end *e = end_of(link);
    assert_false(e->inside);
    e->inside = true;
    e->opened++;
    e->is_resumed = peer->is_resumed;
    e->is_encrypted = peer->is_encrypted;
    e->has_cert = peer->cert != NULL;
    e->chain_n = peer->chain != NULL ? peer->chain->n : 0;
    snprintf(e->version, sizeof e->version, "%s", peer->tls_version);
    snprintf(e->suite, sizeof e->suite, "%s", peer->suite);
    if (e->greet != NULL)
        assert_err(rf_link_write(link, rf_slice_str(e->greet)), RF_OK);
    if (e->closes)
        rf_link_close(link);
    e->inside = false;
}

static inline void on_server_open(struct rf_link *link, const struct rf_peer *peer)
{
    struct world *w = rf_link_arg(link);
    w->accepted++;
    w->server.link = link;
    rf_link_set_owner(link, &w->server);
    on_open(link, peer);
}

static inline size_t on_data(struct rf_link *link, struct rf_slice data)
{
    struct end *e = end_of(link);
    assert_false(e->inside);
    e->inside = true;
    size_t n = data.len < e->takes ? data.len : e->takes;
    e->calls++;
    assert_err(rf_buf_add_slice(&e->got, rf_slice_part(data, 0, n)), RF_OK);
    if (e->pauses)
        rf_link_pause(link);
    e->inside = false;
    return n;
}

static inline void on_drained(struct rf_link *link)
{
    assert_false(end_of(link)->inside);
    end_of(link)->drained++;
}

static inline void on_waiting(struct rf_link *link)
{
    struct end *e = end_of(link);
    assert_false(e->inside);
    e->waiting++;
    if (e->resumes)
        rf_link_resume(link);
}

static inline void on_close(struct rf_link *link, const struct rf_why *why)
{
    struct world *w = rf_link_arg(link);
    struct end *e = end_of(link) != NULL ? end_of(link) : &w->server;
    assert_false(e->inside);
    e->closed++;
    e->link = NULL;
    e->showed_cert = rf_link_peer(link)->cert != NULL;
    snprintf(e->code, sizeof e->code, "%s", why->code);
    snprintf(e->text, sizeof e->text, "%s", why->text);
}

static const struct rf_link_calls server_calls = {.on_open = on_server_open,
                                                  .on_data = on_data,
                                                  .on_drained = on_drained,
                                                  .on_waiting = on_waiting,
                                                  .on_close = on_close};
static const struct rf_link_calls client_calls = {.on_open = on_open,
                                                  .on_data = on_data,
                                                  .on_drained = on_drained,
                                                  .on_waiting = on_waiting,
                                                  .on_close = on_close};

static inline void begin(struct world *w)
{
    memset(w, 0, sizeof *w);
    rf_clock_fake_init(&w->clock, TEST_NOW);
    w->loop = rf_loop_new(&w->clock.clock, "test");
    end_reset(&w->server);
    end_reset(&w->client);
}

static inline void finish(struct world *w)
{
    rf_listener_close(w->listener);
    rf_tls_free(w->server_tls);
    rf_tls_free(w->client_tls);
    rf_loop_free(w->loop);
    rf_buf_fini(&w->server.got);
    rf_buf_fini(&w->client.got);
}

/* Policies as a call manager and a phone have them. */
static inline struct rf_tls_conf server_conf(struct world *w)
{
    return (struct rf_tls_conf){.name = "sccp",
                                .cert = pki.server.cert,
                                .key = pki.server.key,
                                .ask = RF_TLS_REQUIRE,
                                .verify = judge_peer,
                                .verify_arg = &w->at_server,
                                .sessions = 100};
}

static inline struct rf_tls_conf client_conf(struct world *w)
{
    return (struct rf_tls_conf){.name = "phone",
                                .cert = pki.phone.cert,
                                .chain = &pki.chain,
                                .key = pki.phone.key,
                                .verify = judge_peer,
                                .verify_arg = &w->at_client,
                                .sessions = 1};
}

static inline void listen_with(struct world *w, const struct rf_link_conf *link)
{
    struct rf_why why = {0};
    struct rf_listener_conf conf = {.name = "test", .address = "127.0.0.1", .link = *link};
    conf.link.calls = &server_calls;
    conf.link.arg = w;
    assert_err(rf_listener_open(w->loop, &conf, &w->listener, &why), RF_OK);
    assert_true(rf_listener_port(w->listener) > 0);
}

/* Both policies and a listener. */
static inline void begin_tls(struct world *w)
{
    begin(w);
    struct rf_tls_conf server = server_conf(w);
    struct rf_tls_conf client = client_conf(w);
    assert_err(rf_tls_server_new(&server, &w->server_tls, NULL), RF_OK);
    assert_err(rf_tls_client_new(&client, &w->client_tls, NULL), RF_OK);
    struct rf_link_conf link = {.tls = w->server_tls};
    listen_with(w, &link);
}

static inline void begin_plain(struct world *w)
{
    begin(w);
    struct rf_link_conf link = {0};
    listen_with(w, &link);
}

static inline void dial_port(struct world *w, struct rf_link_conf conf, uint16_t port)
{
    struct rf_why why = {0};
    conf.calls = &client_calls;
    conf.arg = w;
    assert_err(rf_link_connect(w->loop, &conf, "127.0.0.1", port, &w->client.link, &why), RF_OK);
    rf_link_set_owner(w->client.link, &w->client);
}

static inline void dial_conf(struct world *w, struct rf_link_conf conf)
{
    dial_port(w, conf, rf_listener_port(w->listener));
}

static inline void dial(struct world *w)
{
    struct rf_link_conf conf = {.tls = w->client_tls};
    dial_conf(w, conf);
}

/* A peer that offers other things than our profile: versions, suites, level. */
static inline void twist(struct rf_tls *tls, int lowest, int highest, const char *suites)
{
    SSL_CTX_set_security_level(tls->ctx, 0);
    assert_int_equal(SSL_CTX_set_min_proto_version(tls->ctx, lowest), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(tls->ctx, highest), 1);
    if (suites != NULL)
        assert_int_equal(SSL_CTX_set_cipher_list(tls->ctx, suites), 1);
}

static inline void only_tls12(struct rf_tls *tls)
{
    assert_int_equal(SSL_CTX_set_max_proto_version(tls->ctx, TLS1_2_VERSION), 1);
}

/* The next connection of the same world. */
static inline void again(struct world *w)
{
    end_reset(&w->server);
    end_reset(&w->client);
    w->at_server.asked = w->at_server.asked_resumed = 0;
    w->at_client.asked = w->at_client.asked_resumed = 0;
    dial(w);
}

static inline uint64_t real_ms(void)
{
    return rf_now_ms(rf_clock_real());
}

/* Turn the loop until the condition holds; fails after five seconds of real time. */
#define turn_until(w, cond)                                                                        \
    do {                                                                                           \
        uint64_t turn_end = real_ms() + 5000;                                                      \
        while (!(cond)) {                                                                          \
            if (real_ms() > turn_end)                                                              \
                fail_msg("waited in vain for %s (server %s, client %s)", #cond, (w)->server.code,  \
                         (w)->client.code);                                                        \
            rf_loop_turn((w)->loop, 10);                                                           \
        }                                                                                          \
    } while (0)

/* A few turns in which nothing is expected any more. */
static inline void turn_some(struct world *w)
{
    for (int i = 0; i < 5; i++)
        rf_loop_turn(w->loop, 1);
}

static inline void both_open(struct world *w)
{
    turn_until(w, w->server.opened == 1 && w->client.opened == 1);
}

static inline void both_closed(struct world *w)
{
    turn_until(w, w->server.closed == 1 && w->client.closed == 1);
}

/* Nothing to do: the loop sleeps and does not spin. */
static inline void assert_sleeps(struct world *w)
{
    turn_some(w);
    for (int i = 0; i < 3; i++) {
        uint64_t before = real_ms();
        rf_loop_turn(w->loop, 20);
        assert_true(real_ms() - before >= 15);
    }
}

#endif
