/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificate does a server show? Asked of one that has a thread, since the asker blocks. */
#include "../trust/pki.h"

#include "net/link.h"
#include "net/tls_fetch.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
    struct rf_loop *loop;
    struct rf_listener *listener;
    struct rf_tls *tls; /* NULL: it speaks none */
    pthread_t thread;
};

static void on_open(struct rf_link *link, const struct rf_peer *peer)
{
    if (!peer->has_tls)
        (void)!rf_link_write(link, rf_slice_str("220 this is something else\r\n"));
}

static size_t on_data(struct rf_link *link, struct rf_slice data)
{
    return data.len;
}

static void on_close(struct rf_link *link, const struct rf_why *why)
{
}

static const struct rf_link_calls calls = {
    .on_open = on_open, .on_data = on_data, .on_close = on_close};

static void *serve(void *arg)
{
    rf_loop_run(arg);
    return NULL;
}

static void begin(struct server *s, const struct rf_tls_conf *conf)
{
    *s = (struct server){.loop = rf_loop_new(rf_clock_real(), "server")};
    if (conf != NULL)
        assert_err(rf_tls_server_new(conf, &s->tls, NULL), RF_OK);
    struct rf_listener_conf listen = {
        .name = "test", .address = "127.0.0.1", .link = {.calls = &calls, .tls = s->tls}};
    assert_err(rf_listener_open(s->loop, &listen, &s->listener, NULL), RF_OK);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s->loop), 0);
}

static void end(struct server *s)
{
    rf_loop_stop(s->loop);
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    rf_listener_close(s->listener);
    rf_tls_free(s->tls);
    rf_loop_free(s->loop);
}

static void it_takes_all_that_the_server_shows(void **state)
{
    (void)state;
    struct id root = self_id(RF_CERT_ROLE_MIC_ROOT, "root", 0);
    struct id issuer = ca_id(RF_CERT_ROLE_MIC_ISSUER, "issuer", &root);
    struct id router = mic_id("SEP001122334455", &issuer, 2048);
    struct rf_cert_list chain = {0};
    struct rf_cert_list got = {0};
    struct server s;
    struct rf_tls_conf conf = {.name = "provider", .cert = router.cert, .key = router.key};
    begin(&s, &conf);
    assert_err(rf_tls_fetch("127.0.0.1", rf_listener_port(s.listener), 0, &got, NULL), RF_OK);
    assert_int_equal(got.n, 1);
    assert_true(rf_cert_eq(got.cert[0], router.cert)); /* whoever issued it */
    rf_cert_list_fini(&got);
    end(&s);
    assert_true(rf_cert_list_add(&chain, issuer.cert));
    conf.chain = &chain;
    begin(&s, &conf);
    assert_err(rf_tls_fetch("127.0.0.1", rf_listener_port(s.listener), 0, &got, NULL), RF_OK);
    assert_int_equal(got.n, 2);
    assert_true(rf_cert_eq(got.cert[1], issuer.cert));
    rf_cert_list_fini(&got);
    end(&s);
    rf_cert_list_fini(&chain);
    id_fini(&router);
    id_fini(&issuer);
    id_fini(&root);
}

static void expect(const char *host, uint16_t port, enum rf_err err, const char *code)
{
    struct rf_cert_list got = {0};
    struct rf_why why = {0};
    assert_refused(rf_tls_fetch(host, port, 300, &got, &why), err, why, code);
    assert_int_equal(got.n, 0);
}

static void what_is_no_such_server_is_told(void **state)
{
    (void)state;
    struct server s;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    expect("router.example", 2445, RF_ERR_BAD, "address-bad");
    begin(&s, NULL);
    expect("127.0.0.1", rf_listener_port(s.listener), RF_ERR_IO, "tls-bad-record");
    end(&s);
    /* one that says nothing; and then nobody */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    expect("127.0.0.1", ntohs(at.sin_port), RF_ERR_IO, "handshake-timeout");
    close(fd);
    expect("127.0.0.1", ntohs(at.sin_port), RF_ERR_IO, "connect-refused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_takes_all_that_the_server_shows),
        cmocka_unit_test(what_is_no_such_server_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
