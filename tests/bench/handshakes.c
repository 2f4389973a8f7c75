/* SPDX-License-Identifier: Apache-2.0 */
/* Mutual TLS handshakes against a server, over and over.
 *
 *     bench_handshakes PORT 1.2|1.3 full|resumed rsa|ec SECONDS CLIENTS PID ISSUER-CERT ISSUER-KEY
 *
 * Each client has a certificate of that issuer, and connects again as soon as it has closed. With
 * "resumed" each makes a full handshake first, which does not count, and offers its session from
 * then on. With TLS 1.3 a handshake is done when the server's ticket is there, because only that
 * says that the server has accepted the client. Prints how many there were, and the CPU seconds of
 * the process PID meanwhile. */
#include "load.h"

#include <stdio.h>
#include <string.h>

#define SOURCES 16

static bool wants_resumed;
static unsigned long done;
static unsigned warm;

static void on_open(struct load_conn *c)
{
    if (wants_resumed && warm < c->load->conf.conns)
        warm++;
    else if (c->was_resumed != wants_resumed)
        load_fail(wants_resumed ? "the server did not resume" : "the server resumed");
    else
        done++;
    load_close(c);
}

static void connect_all(struct load *l)
{
    for (unsigned i = 0; i < l->conf.conns; i++)
        if (l->conn[i].fd < 0)
            load_connect(&l->conn[i]);
}

int main(int argc, char **argv)
{
    if (argc != 10) {
        fprintf(stderr, "usage: bench_handshakes PORT 1.2|1.3 full|resumed rsa|ec SECONDS CLIENTS "
                        "PID ISSUER-CERT ISSUER-KEY\n");
        return 2;
    }
    struct load_conf conf = {.port = (uint16_t)load_number(argv[1]),
                             .version =
                                 strcmp(argv[2], "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION,
                             .conns = load_number(argv[6]),
                             .sources = SOURCES,
                             .awaits_ticket = true,
                             .key = load_key_new(argv[4]),
                             .on_open = on_open};
    wants_resumed = conf.resumes = strcmp(argv[3], "resumed") == 0;
    struct load *l = load_new(&conf);
    load_identities(l, argv[8], argv[9]);
    if (wants_resumed)
        connect_all(l);
    while (l->busy > 0)
        load_turn(l, 100);
    double cpu = load_cpu_s(argv[7]);
    double end = load_now_s() + load_number(argv[5]);
    while (load_now_s() < end) {
        connect_all(l);
        load_turn(l, 100);
    }
    while (l->busy > 0)
        load_turn(l, 100);
    printf("%lu %.2f\n", done, load_cpu_s(argv[7]) - cpu);
    load_free(l);
    EVP_PKEY_free(conf.key);
    return 0;
}
