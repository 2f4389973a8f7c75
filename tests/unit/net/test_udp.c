/* SPDX-License-Identifier: Apache-2.0 */
/* UDP on the loopback: who hears whom, what an unreachable port does, closing in a callback. */
#include "unit.h"

#include "net/udp.h"

struct side {
    struct rf_udp *udp;
    struct rf_address from;
    char got[64];
    unsigned packets;
    size_t len;
    unsigned errors;
    char code[RF_WHY_CODE_MAX];
    bool closes;
    bool connects; /* to whoever sends first */
};

static void on_packet(struct rf_udp *udp, const struct rf_address *from, struct rf_slice packet)
{
    struct side *s = rf_udp_owner(udp);
    s->packets++;
    s->from = *from;
    s->len = packet.len;
    rf_slice_to_str(packet, s->got, sizeof s->got);
    if (s->connects && s->packets == 1)
        assert_err(rf_udp_connect(udp, from, NULL), RF_OK);
    if (s->closes) {
        rf_udp_close(udp);
        s->udp = NULL;
    }
}

static void on_error(struct rf_udp *udp, const struct rf_why *why)
{
    struct side *s = rf_udp_owner(udp);
    s->errors++;
    snprintf(s->code, sizeof s->code, "%s", why->code);
    if (s->closes) {
        rf_udp_close(udp);
        s->udp = NULL;
    }
}

static void open_side_of(struct rf_loop *loop, struct side *s, int waiting_bytes)
{
    struct rf_udp_conf conf = {.on_packet = on_packet,
                               .on_error = on_error,
                               .owner = s,
                               .address = "127.0.0.1",
                               .waiting_bytes = waiting_bytes};
    struct rf_why why = {0};
    assert_err(rf_udp_open(loop, &conf, &s->udp, &why), RF_OK);
    assert_true(rf_udp_port(s->udp) > 0);
}

static void open_side(struct rf_loop *loop, struct side *s)
{
    open_side_of(loop, s, 0);
}

static struct rf_address at(const struct side *s)
{
    struct rf_address a;
    rf_udp_local(s->udp, &a);
    return a;
}

static void send_to(struct side *s, const struct rf_address *to, const char *text)
{
    struct rf_why why = {0};
    assert_err(rf_udp_send(s->udp, to, rf_slice_str(text), &why), RF_OK);
}

static void turn(struct rf_loop *loop, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        rf_loop_turn(loop, 5);
}

static void there_and_back(void **state)
{
    struct rf_loop *loop = rf_loop_new(rf_clock_real(), "udp");
    struct side a = {0};
    struct side b = {0};
    open_side(loop, &a);
    open_side(loop, &b);
    struct rf_address to = at(&b);
    send_to(&a, &to, "ping");
    turn(loop, 1);
    assert_string_equal(b.got, "ping");
    struct rf_address mine = at(&a);
    assert_true(rf_address_same(&b.from, &mine));
    send_to(&b, &b.from, "");
    turn(loop, 1);
    assert_int_equal(a.packets, 1);
    assert_int_equal(a.len, 0);
    rf_udp_close(a.udp);
    rf_udp_close(b.udp);
    rf_udp_close(NULL);
    rf_loop_free(loop);
}

static void the_longest_packet(void **state)
{
    struct rf_loop *loop = rf_loop_new(rf_clock_real(), "udp");
    struct side a = {0};
    struct side b = {0};
    static uint8_t big[65508];
    struct rf_why why = {0};
    open_side(loop, &a);
    open_side(loop, &b);
    struct rf_address to = at(&b);
    assert_err(rf_udp_send(a.udp, &to, rf_slice_of(big, 65507), &why), RF_OK);
    turn(loop, 1);
    assert_int_equal(b.len, 65507);
    assert_refused(rf_udp_send(a.udp, &to, rf_slice_of(big, 65508), &why), RF_ERR_LIMIT, why,
                   "packet-size");
    rf_udp_close(a.udp);
    rf_udp_close(b.udp);
    rf_loop_free(loop);
}

static void a_connected_socket_hears_its_peer_only(void **state)
{
    struct rf_loop *loop = rf_loop_new(rf_clock_real(), "udp");
    struct side a = {.connects = true};
    struct side b = {0};
    struct side stranger = {0};
    open_side(loop, &a);
    open_side(loop, &b);
    open_side(loop, &stranger);
    struct rf_address to = at(&a);
    /* In one heap: the peer, and a stranger whose packet waits when the socket is connected. */
    send_to(&b, &to, "one");
    send_to(&stranger, &to, "not yours");
    send_to(&b, &to, "two");
    turn(loop, 1);
    assert_int_equal(a.packets, 2);
    assert_string_equal(a.got, "two");
    send_to(&stranger, &to, "nor this");
    turn(loop, 2);
    assert_int_equal(a.packets, 2);
    send_to(&a, NULL, "yes"); /* no address needed now */
    turn(loop, 1);
    assert_string_equal(b.got, "yes");
    rf_udp_close(a.udp);
    rf_udp_close(b.udp);
    rf_udp_close(stranger.udp);
    rf_loop_free(loop);
}

static void an_unreachable_port_is_reported_and_survived(void **state)
{
    struct rf_loop *loop = rf_loop_new(rf_clock_real(), "udp");
    struct side a = {0};
    struct side b = {0};
    open_side(loop, &a);
    open_side(loop, &b);
    struct rf_address to = at(&b);
    struct rf_address back = at(&a);
    uint16_t port = rf_udp_port(b.udp);
    assert_err(rf_udp_connect(a.udp, &to, NULL), RF_OK);
    rf_udp_close(b.udp);
    send_to(&a, NULL, "anyone?");
    turn(loop, 1);
    assert_int_equal(a.errors, 1);
    assert_string_equal(a.code, "port-unreachable");
    turn(loop, 2);
    assert_int_equal(a.errors, 1); /* once each, no spinning */
    send_to(&a, NULL, "anyone?");
    send_to(&a, NULL, "anyone?"); /* the answer to the one before does not cost this one */
    turn(loop, 1);
    assert_true(a.errors >= 2);
    /* There it is again: the same socket goes on. */
    struct rf_udp_conf conf = {
        .on_packet = on_packet, .owner = &b, .address = "127.0.0.1", .port = port};
    assert_err(rf_udp_open(loop, &conf, &b.udp, NULL), RF_OK);
    send_to(&a, NULL, "now?");
    turn(loop, 1);
    assert_string_equal(b.got, "now?");
    send_to(&b, &back, "yes");
    turn(loop, 1);
    assert_string_equal(a.got, "yes");
    rf_udp_close(a.udp);
    rf_udp_close(b.udp);
    rf_loop_free(loop);
}

static void closing_in_a_callback(void **state)
{
    struct rf_loop *loop = rf_loop_new(rf_clock_real(), "udp");
    struct side a = {.closes = true};
    struct side b = {0};
    open_side(loop, &a);
    open_side(loop, &b);
    struct rf_address to = at(&a);
    send_to(&b, &to, "one");
    send_to(&b, &to, "two");
    turn(loop, 2);
    assert_int_equal(a.packets, 1);
    assert_null(a.udp);
    assert_err(rf_udp_connect(b.udp, &to, NULL), RF_OK);
    b.closes = true;
    send_to(&b, NULL, "anyone?");
    turn(loop, 2);
    assert_int_equal(b.errors, 1);
    assert_null(b.udp);
    rf_loop_free(loop);
}

static void addresses_that_are_none(void **state)
{
    struct rf_loop *loop = rf_loop_new(rf_clock_real(), "udp");
    struct side a = {0};
    struct rf_udp *second = NULL;
    struct rf_why why = {0};
    struct rf_udp_conf conf = {.on_packet = on_packet, .owner = &a, .address = "tftp.example"};
    assert_refused(rf_udp_open(loop, &conf, &second, &why), RF_ERR_BAD, why, "address-bad");
    open_side(loop, &a);
    conf.address = "127.0.0.1";
    conf.port = rf_udp_port(a.udp);
    why = (struct rf_why){0};
    assert_refused(rf_udp_open(loop, &conf, &second, &why), RF_ERR_IO, why, "port-in-use");
    rf_udp_close(a.udp);
    rf_loop_free(loop);
}

static void addresses_as_numbers(void **state)
{
    struct rf_address a;
    struct rf_address b;
    uint8_t v4[4];
    char text[RF_ADDRESS_TEXT_MAX];
    struct rf_why why = {0};
    assert_err(rf_address_parse("192.0.2.7", 2443, &a, NULL), RF_OK);
    assert_int_equal(rf_address_port(&a), 2443);
    assert_string_equal(rf_address_host(&a, text, sizeof text), "192.0.2.7");
    assert_true(rf_address_ipv4(&a, v4));
    assert_memory_equal(v4, "\xc0\x00\x02\x07", 4);
    assert_err(rf_address_parse("::ffff:192.0.2.7", 1, &b, NULL), RF_OK);
    assert_true(rf_address_same_host(&a, &b));
    assert_false(rf_address_same(&a, &b));
    assert_string_equal(rf_address_host(&b, text, sizeof text), "192.0.2.7");
    assert_err(rf_address_parse("2001:db8::1", 1, &b, NULL), RF_OK);
    assert_false(rf_address_same_host(&a, &b));
    assert_false(rf_address_ipv4(&b, v4));
    assert_string_equal(rf_address_host(&b, text, sizeof text), "2001:db8::1");
    assert_err(rf_address_parse("localhost", 1, &b, NULL), RF_OK);
    assert_string_equal(rf_address_host(&b, text, sizeof text), "127.0.0.1");
    assert_refused(rf_address_parse("192.0.2", 1, &a, &why), RF_ERR_BAD, why, "address-bad");
    assert_int_equal(a.len, 0);
    assert_err(rf_address_parse(NULL, 1, &a, NULL), RF_ERR_BAD);
    assert_string_equal(rf_address_host(&a, text, sizeof text), "?");
}

static void as_many_wait_as_there_is_room_for(void **state)
{
    struct rf_loop *loop = rf_loop_new(rf_clock_real(), "udp");
    struct side from = {0};
    struct side sides[2] = {0};
    open_side(loop, &from);
    for (int i = 0; i < 2; i++) {
        open_side_of(loop, &sides[i], i == 0 ? 4096 : 192 * 1024);
        struct rf_address to = at(&sides[i]);
        for (int k = 0; k < 100; k++)
            send_to(&from, &to, "one more");
    }
    turn(loop, 10);
    assert_in_range(sides[0].packets, 1, 99);
    assert_int_equal(sides[1].packets, 100);
    rf_udp_close(from.udp);
    rf_udp_close(sides[0].udp);
    rf_udp_close(sides[1].udp);
    rf_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(the_longest_packet),
        cmocka_unit_test(a_connected_socket_hears_its_peer_only),
        cmocka_unit_test(an_unreachable_port_is_reported_and_survived),
        cmocka_unit_test(as_many_wait_as_there_is_room_for),
        cmocka_unit_test(closing_in_a_callback),
        cmocka_unit_test(addresses_that_are_none),
        cmocka_unit_test(addresses_as_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
