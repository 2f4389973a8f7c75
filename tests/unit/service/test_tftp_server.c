/* SPDX-License-Identifier: Apache-2.0 */
/* The TFTP server with real sockets on loopback and a clock turned by hand: what a client sees, and
 * what is reported of it. */
#include "provision_world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/metrics.h"
#include "service/provision/tftp_server.h"
#include "wire/tftp/tftp.h"
#include "wire/trustlist/trustlist.h"

#define REPORTS 128

struct told {
    char name[128], peer[64], code[64], text[256];
    bool is_complete, is_last_ack_missing;
    uint64_t bytes, duration_ms;
    uint32_t repeated;
};

struct place {
    struct world *w;
    struct rf_tftp_server *s;
    struct told told[REPORTS];
    size_t told_n;
    uint8_t file[5000];
};

/* A client's socket. */
struct client {
    int fd;
    uint32_t asks_at;       /* an address of the server; 0: 127.0.0.1 */
    struct sockaddr_in tid; /* whoever sent the last packet */
    uint8_t bytes[2048];
    struct rf_tftp_packet p;
};

static void note(void *arg, const struct rf_provision_report *r)
{
    struct place *place = arg;
    assert_true(place->told_n < REPORTS);
    struct told *t = &place->told[place->told_n++];
    snprintf(t->name, sizeof t->name, "%s", r->name);
    snprintf(t->peer, sizeof t->peer, "%s", r->peer);
    snprintf(t->code, sizeof t->code, "%s", r->code);
    snprintf(t->text, sizeof t->text, "%s", r->text);
    t->is_complete = r->is_complete;
    t->is_last_ack_missing = r->is_last_ack_missing;
    t->bytes = r->bytes;
    t->duration_ms = r->duration_ms;
    t->repeated = r->repeated;
}

static void open_server(struct place *place, struct rf_tftp_server_conf conf)
{
    conf.loop = place->w->loop;
    conf.provision = place->w->p;
    if (conf.address == NULL)
        conf.address = "127.0.0.1";
    conf.on_report = note;
    conf.report_arg = place;
    struct rf_why why = {0};
    enum rf_err err = rf_tftp_server_open(&conf, &place->s, &why);
    if (err != RF_OK)
        print_error("%s\n", rf_why_text(&why));
    assert_int_equal(err, RF_OK);
    assert_int_not_equal(rf_tftp_server_port(place->s), 0);
}

static int set_up(void **state)
{
    struct place *place = rf_new(struct place);
    place->w = world_new();
    for (size_t i = 0; i < sizeof place->file; i++)
        place->file[i] = (uint8_t)(i * 31 + (i >> 8));
    world_put(place->w, "images/one.sbn", rf_slice_of(place->file, sizeof place->file));
    world_put(place->w, "images/small.sbn", rf_slice_str("small"));
    open_server(place, (struct rf_tftp_server_conf){0});
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    rf_tftp_server_close(place->s);
    world_free(place->w);
    rf_free(place);
    return 0;
}

static void reopen(struct place *place, struct rf_tftp_server_conf conf)
{
    rf_tftp_server_close(place->s);
    open_server(place, conf);
}

/* ---- the client ---- */

static struct client client_at(const char *ip)
{
    struct client c = {.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    struct sockaddr_in at = {.sin_family = AF_INET};
    assert_true(c.fd >= 0);
    assert_int_equal(inet_pton(AF_INET, ip, &at.sin_addr), 1);
    assert_int_equal(bind(c.fd, (struct sockaddr *)&at, sizeof at), 0);
    return c;
}

static struct client client_new(void)
{
    return client_at("127.0.0.1");
}

static void client_fini(struct client *c)
{
    close(c->fd);
}

static void to_server(struct place *place, struct client *c, struct rf_slice packet)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(rf_tftp_server_port(place->s)),
                             .sin_addr.s_addr =
                                 htonl(c->asks_at != 0 ? c->asks_at : INADDR_LOOPBACK)};
    assert_int_equal(sendto(c->fd, packet.p, packet.len, 0, (struct sockaddr *)&at, sizeof at),
                     packet.len);
}

static void request_of(struct place *place, struct client *c, const struct rf_tftp_packet *p)
{
    uint8_t bytes[RF_TFTP_REQUEST_MAX];
    struct rf_slice whole;
    assert_err(rf_tftp_encode(p, bytes, sizeof bytes, &whole), RF_OK);
    to_server(place, c, whole);
}

static void ask(struct place *place, struct client *c, const char *name)
{
    struct rf_tftp_packet p = {.op = RF_TFTP_RRQ, .name = rf_slice_str(name)};
    request_of(place, c, &p);
}

static void to_transfer(struct client *c, const struct rf_tftp_packet *p)
{
    uint8_t bytes[128];
    struct rf_slice whole;
    assert_err(rf_tftp_encode(p, bytes, sizeof bytes, &whole), RF_OK);
    assert_int_equal(
        sendto(c->fd, whole.p, whole.len, 0, (struct sockaddr *)&c->tid, sizeof c->tid), whole.len);
}

static void ack(struct client *c, uint16_t block)
{
    struct rf_tftp_packet p = {.op = RF_TFTP_ACK, .block = block};
    to_transfer(c, &p);
}

static bool poll_packet(struct client *c)
{
    socklen_t len = sizeof c->tid;
    ssize_t n = recvfrom(c->fd, c->bytes, sizeof c->bytes, 0, (struct sockaddr *)&c->tid, &len);
    if (n < 0)
        return false;
    assert_err(rf_tftp_decode(rf_slice_of(c->bytes, (size_t)n), &c->p, NULL), RF_OK);
    return true;
}

static void receive(struct place *place, struct client *c)
{
    for (unsigned turn = 0; turn < 1000; turn++) {
        if (poll_packet(c))
            return;
        rf_loop_turn(place->w->loop, 5);
    }
    fail_msg("no packet came");
}

static void expect_data(struct place *place, struct client *c, uint16_t block)
{
    receive(place, c);
    assert_int_equal(c->p.op, RF_TFTP_DATA);
    assert_int_equal(c->p.block, block);
}

static void expect_error(struct place *place, struct client *c, uint16_t code)
{
    receive(place, c);
    assert_int_equal(c->p.op, RF_TFTP_ERROR);
    assert_int_equal(c->p.error_code, code);
}

static void turn_a_while(struct place *place)
{
    for (unsigned i = 0; i < 8; i++)
        rf_loop_turn(place->w->loop, 2);
}

static void expect_silence(struct place *place, struct client *c)
{
    turn_a_while(place);
    assert_false(poll_packet(c));
}

static const struct told *wait_told(struct place *place, size_t n)
{
    for (unsigned turn = 0; place->told_n < n && turn < 1000; turn++)
        rf_loop_turn(place->w->loop, 5);
    assert_int_equal(place->told_n, n);
    return &place->told[n - 1];
}

/* The rest of a transfer whose packet is in hand, window by window; appended to `out`. */
static void fetch_rest(struct place *place, struct client *c, size_t blksize, uint16_t window,
                       struct rf_buf *out)
{
    uint16_t expected = 1;
    uint16_t in_window = 0;
    for (;;) {
        assert_int_equal(c->p.op, RF_TFTP_DATA);
        assert_int_equal(c->p.block, expected);
        assert_err(rf_buf_add_slice(out, c->p.data), RF_OK);
        bool is_last = c->p.data.len < blksize;
        if (++in_window == window || is_last) {
            ack(c, expected);
            in_window = 0;
        }
        if (is_last)
            return;
        expected++;
        receive(place, c);
    }
}

static struct rf_buf fetch(struct place *place, const char *name)
{
    struct client c = client_new();
    struct rf_buf out = RF_BUF(65536);
    size_t before = place->told_n;
    ask(place, &c, name);
    receive(place, &c);
    fetch_rest(place, &c, 512, 1, &out);
    assert_true(wait_told(place, before + 1)->is_complete);
    client_fini(&c);
    return out;
}

/* ---- a good transfer ---- */

static void a_file_is_fetched_and_reported(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    RF_AUTO(rf_buf_fini) struct rf_buf got = RF_BUF(65536);
    uint64_t bytes = rf_metric_get(RF_METRIC_TFTP_BYTES);
    uint64_t requests = rf_metric_get(RF_METRIC_TFTP_REQUESTS);
    ask(place, &c, "one.sbn");
    receive(place, &c);
    /* From a port of its own. */
    assert_int_not_equal(ntohs(c.tid.sin_port), rf_tftp_server_port(place->s));
    assert_int_equal(rf_tftp_server_transfers(place->s), 1);
    rf_clock_fake_advance(&place->w->clock, 250);
    fetch_rest(place, &c, 512, 1, &got);
    assert_slice_eq(rf_buf_slice(&got), rf_slice_of(place->file, sizeof place->file));
    const struct told *t = wait_told(place, 1);
    assert_string_equal(t->name, "one.sbn");
    assert_string_equal(t->peer, "127.0.0.1");
    assert_string_equal(t->code, "");
    assert_true(t->is_complete);
    assert_false(t->is_last_ack_missing);
    assert_int_equal(t->bytes, sizeof place->file);
    assert_int_equal(t->duration_ms, 250);
    assert_int_equal(rf_tftp_server_transfers(place->s), 0);
    assert_int_equal(rf_metric_get(RF_METRIC_TFTP_BYTES), bytes + sizeof place->file);
    assert_int_equal(rf_metric_get(RF_METRIC_TFTP_REQUESTS), requests + 1);
    client_fini(&c);
}

static void all_options_together(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    RF_AUTO(rf_buf_fini) struct rf_buf got = RF_BUF(65536);
    struct rf_tftp_packet p = {.op = RF_TFTP_RRQ,
                               .name = rf_slice_str("one.sbn"),
                               .mode_text = rf_slice_str("OCTET"),
                               .options = {.has_blksize = true,
                                           .blksize = 100,
                                           .has_timeout = true,
                                           .timeout_s = 5,
                                           .has_tsize = true,
                                           .has_windowsize = true,
                                           .windowsize = 4}};
    request_of(place, &c, &p);
    receive(place, &c);
    assert_int_equal(c.p.op, RF_TFTP_OACK);
    assert_int_equal(c.p.options.tsize, sizeof place->file);
    assert_int_equal(c.p.options.blksize, 100);
    assert_int_equal(c.p.options.windowsize, 4);
    assert_int_equal(c.p.options.timeout_s, 5);
    expect_silence(place, &c);
    ack(&c, 0);
    receive(place, &c);
    fetch_rest(place, &c, 100, 4, &got);
    assert_slice_eq(rf_buf_slice(&got), rf_slice_of(place->file, sizeof place->file));
    assert_true(wait_told(place, 1)->is_complete);
    client_fini(&c);
}

/* ---- refusals ---- */

static void every_refused_name_is_file_not_found(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    static const char *const rows[][2] = {
        {"two.sbn", "file-not-found"},
        {"../keys/tftp.pem", "name-traversal"},
        {"/etc/passwd", "file-not-found"},
        {"c:/etc/passwd", "name-absolute"},
        {"..\\x", "name-backslash"},
        {".x", "file-hidden"},
        {"", "name-empty"},
        {"a\x01", "name-control"},
        {"SEP001122334455.cnf.xml.sgn", "device-unknown"},
        {"XMLDefault.cnf.xml", "file-not-found"},
    };
    world_set(place->w, "provision_rate", "1000");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ask(place, &c, rows[i][0]);
        expect_error(place, &c, RF_TFTP_ERR_NOT_FOUND);
        const struct told *t = wait_told(place, i + 1);
        assert_string_equal(t->code, rows[i][1]);
        assert_false(t->is_complete);
        assert_int_equal(t->bytes, 0);
    }
    assert_string_equal(place->told[7].name, "a\\x01"); /* escaped */
    assert_int_equal(rf_tftp_server_transfers(place->s), 0);
    client_fini(&c);
}

static void who_is_asked_answers(struct place *place, const char *listen)
{
    struct client c = client_new();
    struct rf_tftp_packet write = {.op = RF_TFTP_WRQ, .name = rf_slice_str("small.sbn")};
    reopen(place, (struct rf_tftp_server_conf){.address = listen});
    c.asks_at = INADDR_LOOPBACK + 1;
    ask(place, &c, "small.sbn");
    expect_data(place, &c, 1);
    assert_int_equal(ntohl(c.tid.sin_addr.s_addr), c.asks_at);
    ack(&c, 1);
    ask(place, &c, "nothing.sbn");
    expect_error(place, &c, RF_TFTP_ERR_NOT_FOUND);
    assert_int_equal(ntohl(c.tid.sin_addr.s_addr), c.asks_at);
    request_of(place, &c, &write);
    expect_error(place, &c, RF_TFTP_ERR_ACCESS);
    assert_int_equal(ntohl(c.tid.sin_addr.s_addr), c.asks_at);
    client_fini(&c);
}

/* Phones, and firewalls in between, drop what comes from elsewhere. */
static void answers_come_from_where_was_asked(void **state)
{
    who_is_asked_answers(*state, "0.0.0.0");
}

static void answers_of_a_server_for_both_come_from_where_was_asked(void **state)
{
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        skip(); /* a machine without IPv6 */
    close(fd);
    who_is_asked_answers(*state, "::");
}

static void writing_is_refused(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    struct rf_tftp_packet p = {.op = RF_TFTP_WRQ, .name = rf_slice_str("small.sbn")};
    request_of(place, &c, &p);
    expect_error(place, &c, RF_TFTP_ERR_ACCESS);
    assert_string_equal(wait_told(place, 1)->code, "tftp-write-refused");
    p.op = RF_TFTP_RRQ;
    request_of(place, &c, &p);
    expect_data(place, &c, 1);
    client_fini(&c);
}

static void other_modes_are_refused(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    static const char *const modes[] = {"netascii", "mail", "NetAscii", "octets", "binary"};
    struct rf_tftp_packet p = {.op = RF_TFTP_RRQ, .name = rf_slice_str("small.sbn")};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        p.mode_text = rf_slice_str(modes[i]);
        request_of(place, &c, &p);
        expect_error(place, &c, RF_TFTP_ERR_ILLEGAL);
        assert_string_equal(wait_told(place, i + 1)->code, "tftp-mode");
    }
    p.mode_text = rf_slice_str("oCtEt");
    request_of(place, &c, &p);
    expect_data(place, &c, 1);
    client_fini(&c);
}

static void malformed_requests_are_refused(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    static const struct {
        const char *bytes;
        size_t len;
        const char *code;
    } rows[] = {
        {"\0\1one.sbn", 9, "short"},
        {"\0\1one.sbn\0octet", 15, "short"},
        {"\0\1a\0octet\0blksize\0", 18, "short"},
        {"\0\1a\0octet\0tsize\0"
         "0\0TSIZE\0"
         "0\0",
         26, "tftp-option-twice"},
        {"\0\7", 2, "tftp-opcode"},
        {"\0\0", 2, "tftp-opcode"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        to_server(place, &c, rf_slice_of(rows[i].bytes, rows[i].len));
        expect_error(place, &c, RF_TFTP_ERR_ILLEGAL);
        assert_string_equal(wait_told(place, i + 1)->code, rows[i].code);
    }
    uint8_t longest[RF_TFTP_REQUEST_MAX + 1] = {0, 1, 'a', 0, 'o', 'c', 't', 'e', 't', 0};
    to_server(place, &c, rf_slice_of(longest, sizeof longest));
    expect_error(place, &c, RF_TFTP_ERR_ILLEGAL);
    assert_string_equal(wait_told(place, 7)->code, "tftp-request-long");
    client_fini(&c);
}

/* What belongs to a transfer, sent to the port for requests, is not answered at all. */
static void stray_packets_are_not_answered(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {{"\0\3\0\1x", 5}, {"\0\4\0\1", 4}, {"\0\5\0\1x\0", 6},
                {"\0\6", 2},      {"\0", 1},       {"", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        to_server(place, &c, rf_slice_of(rows[i].bytes, rows[i].len));
    expect_silence(place, &c);
    assert_int_equal(place->told_n, 0);
    client_fini(&c);
}

static void our_own_trouble_is_error_zero(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    static const int roles[] = {RF_TRUSTLIST_ROLE_SAST, -1};
    world_put(place->w, "lists/ITLFile.tlv", rf_slice_str("rubbish"));
    ask(place, &c, "ITLFile.tlv");
    expect_error(place, &c, RF_TFTP_ERR_OTHER);
    assert_string_equal(wait_told(place, 1)->code, "list-damaged");
    world_put_list(place->w, "ITLFile.tlv", roles);
    ask(place, &c, "ITLFile.tlv");
    expect_data(place, &c, 1);
    client_fini(&c);
}

/* ---- limits ---- */

static void four_transfers_from_one_address(void **state)
{
    struct place *place = *state;
    struct client c[6];
    for (size_t i = 0; i < 6; i++)
        c[i] = client_at(i == 5 ? "127.0.0.2" : "127.0.0.1");
    for (size_t i = 0; i < 4; i++) {
        ask(place, &c[i], "one.sbn");
        expect_data(place, &c[i], 1);
    }
    ask(place, &c[4], "one.sbn");
    const struct told *t = wait_told(place, 1);
    assert_string_equal(t->code, "tftp-busy");
    assert_string_equal(t->name, "one.sbn");
    expect_silence(place, &c[4]); /* no error: that would send the phone elsewhere */
    /* Another address has its own four. */
    ask(place, &c[5], "one.sbn");
    expect_data(place, &c[5], 1);
    /* One ends, and there is room again. */
    RF_AUTO(rf_buf_fini) struct rf_buf got = RF_BUF(65536);
    fetch_rest(place, &c[0], 512, 1, &got);
    wait_told(place, 2);
    ask(place, &c[4], "one.sbn");
    expect_data(place, &c[4], 1);
    for (size_t i = 0; i < 6; i++)
        client_fini(&c[i]);
}

static void the_number_of_transfers_is_bounded(void **state)
{
    struct place *place = *state;
    struct client a = client_at("127.0.0.1");
    struct client b = client_at("127.0.0.2");
    struct client c = client_at("127.0.0.3");
    reopen(place, (struct rf_tftp_server_conf){.transfers_max = 2});
    ask(place, &a, "one.sbn");
    expect_data(place, &a, 1);
    ask(place, &b, "one.sbn");
    expect_data(place, &b, 1);
    ask(place, &c, "one.sbn");
    assert_string_equal(wait_told(place, 1)->code, "tftp-busy");
    expect_silence(place, &c);
    client_fini(&a);
    client_fini(&b);
    client_fini(&c);
}

static size_t answers_of(struct place *place, struct client *c, unsigned requests)
{
    size_t n = 0;
    for (unsigned i = 0; i < requests; i++) {
        ask(place, c, "none.sbn");
        /* An answer goes out before it is reported. */
        wait_told(place, place->told_n + 1);
        n += poll_packet(c);
    }
    return n;
}

/* No answer either: the address of a datagram may be somebody else's. */
static void other_networks_than_the_phones_get_no_answer(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    struct client other = client_at("127.0.0.2");
    world_set(place->w, "provision_networks", "127.0.0.2/32, 10.0.0.0/8");
    assert_int_equal(answers_of(place, &c, 2), 0);
    assert_string_equal(place->told[0].code, "request-network");
    assert_int_equal(answers_of(place, &other, 2), 2);
    world_set(place->w, "provision_networks", "");
    assert_int_equal(answers_of(place, &c, 2), 2);
    client_fini(&c);
    client_fini(&other);
}

static void requests_are_rationed_by_address(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    struct client other = client_at("127.0.0.2");
    world_set(place->w, "provision_rate", "5");
    assert_int_equal(answers_of(place, &c, 15), 10); /* twice the rate at once */
    assert_string_equal(place->told[10].code, "request-rate");
    assert_int_equal(answers_of(place, &other, 3), 3);
    rf_clock_fake_advance(&place->w->clock, 1000);
    assert_int_equal(answers_of(place, &c, 8), 5);
    client_fini(&c);
    client_fini(&other);
}

/* ---- repeated requests ---- */

static void a_repeated_request_is_one_transfer(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    RF_AUTO(rf_buf_fini) struct rf_buf got = RF_BUF(65536);
    /* Twice before the file is there, once more after its first block. */
    ask(place, &c, "one.sbn");
    ask(place, &c, "one.sbn");
    expect_data(place, &c, 1);
    in_port_t tid = c.tid.sin_port;
    turn_a_while(place);
    while (poll_packet(&c))
        assert_int_equal(c.tid.sin_port, tid);
    ask(place, &c, "one.sbn");
    expect_data(place, &c, 1);
    assert_int_equal(c.tid.sin_port, tid);
    assert_int_equal(rf_tftp_server_transfers(place->s), 1);
    fetch_rest(place, &c, 512, 1, &got);
    assert_slice_eq(rf_buf_slice(&got), rf_slice_of(place->file, sizeof place->file));
    const struct told *t = wait_told(place, 1);
    assert_true(t->is_complete);
    assert_true(t->repeated > 0); /* the first block was */
    client_fini(&c);
}

static void another_request_from_the_port_replaces_one_nobody_answered(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    ask(place, &c, "one.sbn");
    expect_data(place, &c, 1);
    ask(place, &c, "small.sbn");
    expect_data(place, &c, 1);
    assert_slice_str(c.p.data, "small");
    const struct told *t = wait_told(place, 1);
    assert_string_equal(t->code, "tftp-replaced");
    assert_string_equal(t->name, "one.sbn");
    assert_int_equal(rf_tftp_server_transfers(place->s), 1);
    /* One that is on its way is left alone: the new one stands beside it. */
    ask(place, &c, "one.sbn");
    expect_data(place, &c, 1);
    wait_told(place, 2);
    ack(&c, 1);
    expect_data(place, &c, 2);
    in_port_t tid = c.tid.sin_port;
    ask(place, &c, "one.sbn");
    expect_data(place, &c, 1);
    assert_int_not_equal(c.tid.sin_port, tid);
    assert_int_equal(rf_tftp_server_transfers(place->s), 2);
    assert_int_equal(place->told_n, 2);
    client_fini(&c);
}

static void a_request_replaced_before_its_file_is_there(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    ask(place, &c, "one.sbn");
    ask(place, &c, "small.sbn");
    expect_data(place, &c, 1);
    assert_slice_str(c.p.data, "small");
    assert_string_equal(wait_told(place, 1)->code, "tftp-replaced");
    expect_silence(place, &c);
    client_fini(&c);
}

/* ---- transfers that end badly ---- */

static void a_silent_client_is_given_up(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    reopen(place, (struct rf_tftp_server_conf){.retry_ms = 100, .tries = 3});
    ask(place, &c, "one.sbn");
    expect_data(place, &c, 1);
    expect_silence(place, &c);
    rf_clock_fake_advance(&place->w->clock, 126);
    expect_data(place, &c, 1);
    rf_clock_fake_advance(&place->w->clock, 251);
    expect_data(place, &c, 1);
    rf_clock_fake_advance(&place->w->clock, 501);
    const struct told *t = wait_told(place, 1);
    assert_string_equal(t->code, "tftp-timeout");
    assert_false(t->is_last_ack_missing);
    expect_silence(place, &c);
    assert_int_equal(rf_tftp_server_transfers(place->s), 0);
    client_fini(&c);
}

static void other_retries_after_a_reload(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    reopen(place, (struct rf_tftp_server_conf){.retry_ms = 5000, .tries = 9});
    rf_tftp_server_set_retries(place->s, 0, 0); /* nothing changes */
    rf_tftp_server_set_retries(place->s, 100, 1);
    ask(place, &c, "one.sbn");
    expect_data(place, &c, 1);
    rf_clock_fake_advance(&place->w->clock, 126);
    assert_string_equal(wait_told(place, 1)->code, "tftp-timeout");
    client_fini(&c);
}

static void a_client_that_went_away_is_noticed(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    ask(place, &c, "one.sbn");
    expect_data(place, &c, 1);
    ack(&c, 1);
    expect_data(place, &c, 2);
    client_fini(&c);
    rf_clock_fake_advance(&place->w->clock, 1300);
    const struct told *t = wait_told(place, 1);
    assert_string_equal(t->code, "port-unreachable");
    assert_int_equal(t->bytes, 512);
    assert_false(t->is_last_ack_missing);
}

static void a_lost_last_ack_is_reported_as_such(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    struct rf_tftp_packet p = {
        .op = RF_TFTP_RRQ, .name = rf_slice_str("small.sbn"), .options = {.has_tsize = true}};
    request_of(place, &c, &p);
    receive(place, &c);
    assert_int_equal(c.p.options.tsize, 5);
    ack(&c, 0);
    expect_data(place, &c, 1);
    client_fini(&c); /* it has everything and closes; its last ACK is lost */
    rf_clock_fake_advance(&place->w->clock, 1300);
    const struct told *t = wait_told(place, 1);
    assert_string_equal(t->code, "port-unreachable");
    assert_true(t->is_last_ack_missing);
    assert_false(t->is_complete);
}

static void a_client_may_give_up(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    struct rf_tftp_packet p = {.op = RF_TFTP_ERROR, .error_code = RF_TFTP_ERR_FULL};
    ask(place, &c, "one.sbn");
    expect_data(place, &c, 1);
    to_transfer(&c, &p);
    assert_string_equal(wait_told(place, 1)->code, "tftp-peer-error");
    expect_silence(place, &c);
    client_fini(&c);
}

static void strangers_do_not_disturb_a_transfer(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    struct client stranger = client_new();
    struct client far = client_at("127.0.0.2");
    RF_AUTO(rf_buf_fini) struct rf_buf got = RF_BUF(65536);
    struct rf_tftp_packet stop = {.op = RF_TFTP_ERROR};
    ask(place, &c, "one.sbn");
    expect_data(place, &c, 1);
    stranger.tid = far.tid = c.tid;
    ack(&stranger, 1);
    to_transfer(&stranger, &stop);
    to_transfer(&far, &stop);
    expect_silence(place, &c);
    fetch_rest(place, &c, 512, 1, &got);
    assert_slice_eq(rf_buf_slice(&got), rf_slice_of(place->file, sizeof place->file));
    assert_true(wait_told(place, 1)->is_complete);
    client_fini(&c);
    client_fini(&stranger);
    client_fini(&far);
}

static void a_file_replaced_meanwhile_arrives_as_it_was(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    RF_AUTO(rf_buf_fini) struct rf_buf got = RF_BUF(65536);
    ask(place, &c, "one.sbn");
    expect_data(place, &c, 1);
    world_put(place->w, "images/one.sbn", rf_slice_str("new"));
    RF_AUTO(rf_buf_fini) struct rf_buf now = fetch(place, "one.sbn");
    assert_slice_str(rf_buf_slice(&now), "new");
    world_remove(place->w, "images/one.sbn");
    fetch_rest(place, &c, 512, 1, &got);
    assert_slice_eq(rf_buf_slice(&got), rf_slice_of(place->file, sizeof place->file));
    assert_true(wait_told(place, 2)->is_complete);
    client_fini(&c);
}

static void a_changed_device_is_served_its_new_configuration(void **state)
{
    struct place *place = *state;
    world_add(place->w, "SEP001122334455", RF_STORE_ENCRYPTED, "");
    RF_AUTO(rf_buf_fini) struct rf_buf first = fetch(place, "SEP001122334455.cnf.xml.sgn");
    RF_AUTO(rf_buf_fini) struct rf_buf again = fetch(place, "SEP001122334455.cnf.xml.sgn");
    assert_slice_eq(rf_buf_slice(&first), rf_buf_slice(&again));
    struct rf_store_device d = world_device(place->w, "SEP001122334455");
    d.mode = RF_STORE_AUTHENTICATED;
    world_change(place->w, &d);
    RF_AUTO(rf_buf_fini) struct rf_buf second = fetch(place, "SEP001122334455.cnf.xml.sgn");
    assert_false(rf_slice_eq(rf_buf_slice(&first), rf_buf_slice(&second)));
}

/* ---- the server itself ---- */

static void closing_drops_what_is_under_way(void **state)
{
    struct place *place = *state;
    struct client c = client_new();
    struct client d = client_new();
    ask(place, &c, "one.sbn");
    expect_data(place, &c, 1);
    ask(place, &d, "small.sbn"); /* perhaps still being looked for */
    rf_loop_turn(place->w->loop, 1);
    rf_tftp_server_close(place->s);
    place->s = NULL;
    size_t before = place->told_n;
    turn_a_while(place);
    rf_clock_fake_advance(&place->w->clock, 60000);
    turn_a_while(place);
    assert_int_equal(place->told_n, before);
    client_fini(&c);
    client_fini(&d);
}

static void a_port_in_use_is_told(void **state)
{
    struct place *place = *state;
    struct rf_tftp_server *second = NULL;
    struct rf_why why = {0};
    struct rf_tftp_server_conf conf = {.loop = place->w->loop,
                                       .provision = place->w->p,
                                       .address = "127.0.0.1",
                                       .port = rf_tftp_server_port(place->s)};
    assert_refused(rf_tftp_server_open(&conf, &second, &why), RF_ERR_IO, why, "port-in-use");
    assert_null(second);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_file_is_fetched_and_reported),
        IN_PLACE(all_options_together),
        IN_PLACE(every_refused_name_is_file_not_found),
        IN_PLACE(answers_come_from_where_was_asked),
        IN_PLACE(answers_of_a_server_for_both_come_from_where_was_asked),
        IN_PLACE(writing_is_refused),
        IN_PLACE(other_modes_are_refused),
        IN_PLACE(malformed_requests_are_refused),
        IN_PLACE(stray_packets_are_not_answered),
        IN_PLACE(our_own_trouble_is_error_zero),
        IN_PLACE(four_transfers_from_one_address),
        IN_PLACE(the_number_of_transfers_is_bounded),
        IN_PLACE(requests_are_rationed_by_address),
        IN_PLACE(other_networks_than_the_phones_get_no_answer),
        IN_PLACE(a_repeated_request_is_one_transfer),
        IN_PLACE(another_request_from_the_port_replaces_one_nobody_answered),
        IN_PLACE(a_request_replaced_before_its_file_is_there),
        IN_PLACE(a_silent_client_is_given_up),
        IN_PLACE(other_retries_after_a_reload),
        IN_PLACE(a_client_that_went_away_is_noticed),
        IN_PLACE(a_lost_last_ack_is_reported_as_such),
        IN_PLACE(a_client_may_give_up),
        IN_PLACE(strangers_do_not_disturb_a_transfer),
        IN_PLACE(a_file_replaced_meanwhile_arrives_as_it_was),
        IN_PLACE(a_changed_device_is_served_its_new_configuration),
        IN_PLACE(closing_drops_what_is_under_way),
        IN_PLACE(a_port_in_use_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
