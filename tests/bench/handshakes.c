/* SPDX-License-Identifier: Apache-2.0 */
/* Mutual TLS handshakes against a server, over and over, alone or with a registration behind each.
 *
 *     bench_handshakes PORT 1.2|1.3 full|resumed alone|register rsa|ec SECONDS CLIENTS AT-ONCE
 *                      PIDS ISSUER-CERT ISSUER-KEY
 *
 * Each client has a certificate of that issuer. AT-ONCE of them are connected at one time; who has
 * closed comes again when the others have had their turn. With "resumed" each makes a full
 * handshake first, which does not count, and offers its session from then on. With TLS 1.3 a
 * handshake is done when the server's ticket is there, because only that says that the server has
 * accepted the client. With "register" the clients are devices of bench_devices, and close when
 * RegisterAck is there. Prints how many there were, and the CPU seconds of the processes PIDS
 * ("1,2") meanwhile. */
#include "load_sccp.h"

#include <stdio.h>
#include <string.h>

#define SOURCES 16

static bool wants_resumed;
static bool registers;
static unsigned at_once;
static unsigned long done;
static unsigned warm;
static bool is_acknowledged; /* the one whose bytes are being read */

static void finished(struct load_conn *c)
{
    if (wants_resumed && warm < c->load->conf.conns)
        warm++;
    else if (c->was_resumed != wants_resumed)
        load_fail(wants_resumed ? "the server did not resume" : "the server resumed");
    else
        done++;
    load_close(c);
}

static void on_open(struct load_conn *c)
{
    if (registers)
        load_sccp_register(c);
    else
        finished(c);
}

static void take(struct load_conn *c, const struct rf_sccp_frame *frame)
{
    (void)c;
    is_acknowledged |= frame->id == RF_SCCP_REGISTER_ACK;
}

static size_t on_data(struct load_conn *c, const uint8_t *p, size_t n)
{
    is_acknowledged = false;
    size_t used = load_sccp_read(c, p, n, take);
    if (is_acknowledged)
        finished(c);
    return used;
}

/* Connect so many more, but no more than AT-ONCE at one time. Returns how many are left. */
static unsigned connect_more(struct load *l, unsigned n)
{
    static unsigned next;
    for (; n > 0 && l->busy < at_once; n--) {
        while (l->conn[next].fd >= 0) /* AT-ONCE is no more than CLIENTS: one is free */
            next = (next + 1) % l->conf.conns;
        load_connect(&l->conn[next]);
        next = (next + 1) % l->conf.conns;
    }
    return n;
}

int main(int argc, char **argv)
{
    if (argc != 12) {
        fprintf(stderr, "usage: bench_handshakes PORT 1.2|1.3 full|resumed alone|register rsa|ec "
                        "SECONDS CLIENTS AT-ONCE PIDS ISSUER-CERT ISSUER-KEY\n");
        return 2;
    }
    struct load_conf conf = {.port = (uint16_t)load_number(argv[1]),
                             .version =
                                 strcmp(argv[2], "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION,
                             .conns = load_number(argv[7]),
                             .sources = SOURCES,
                             .awaits_ticket = true,
                             .key = load_key_new(argv[5]),
                             .on_open = on_open};
    registers = strcmp(argv[4], "register") == 0;
    if (registers)
        conf.on_data = on_data;
    wants_resumed = conf.resumes = strcmp(argv[3], "resumed") == 0;
    struct load *l = load_new(&conf);
    load_identities(l, argv[10], argv[11]);
    at_once = load_number(argv[8]);
    if (at_once > conf.conns)
        at_once = conf.conns;
    for (unsigned left = wants_resumed ? conf.conns : 0; left > 0 || l->busy > 0;) {
        left = connect_more(l, left);
        load_turn(l, 100);
    }
    double cpu = load_cpu_s(argv[9]);
    double end = load_now_s() + load_number(argv[6]);
    while (load_now_s() < end) {
        (void)connect_more(l, at_once);
        load_turn(l, 100);
    }
    while (l->busy > 0)
        load_turn(l, 100);
    printf("%lu %.2f\n", done, load_cpu_s(argv[9]) - cpu);
    load_free(l);
    EVP_PKEY_free(conf.key);
    return 0;
}
