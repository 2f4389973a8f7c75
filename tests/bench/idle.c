/* SPDX-License-Identifier: Apache-2.0 */
/* Phones that are connected and do nothing: mutual TLS with a certificate each.
 *
 *     bench_idle PORT N STEPS registered|silent 1.2|1.3 MAKER-CERT MAKER-KEY
 *
 * "registered": they are the devices of bench_devices, and each registers. They come in STEPS equal
 * parts: when all of one are there it says so by a line, and waits for a line on its standard
 * input before the next. It keeps them until its standard input ends. */
#include "load_sccp.h"

#include <stdio.h>
#include <string.h>

#define SOURCES   16
#define UNDER_WAY 64

static unsigned there;
static bool registers;

static void on_open(struct load_conn *c)
{
    if (registers)
        load_sccp_register(c);
    else
        there++;
}

static void take(struct load_conn *c, const struct rf_sccp_frame *frame)
{
    (void)c;
    there += frame->id == RF_SCCP_REGISTER_ACK;
}

static size_t on_data(struct load_conn *c, const uint8_t *p, size_t n)
{
    return load_sccp_read(c, p, n, take);
}

static void connect_up_to(struct load *l, unsigned from, unsigned end)
{
    for (unsigned i = from; i < end; i++) {
        load_connect(&l->conn[i]);
        load_turn(l, 0);
        while (i + 1 - there >= UNDER_WAY)
            load_turn(l, 100);
    }
    while (there < end)
        load_turn(l, 100);
}

int main(int argc, char **argv)
{
    char line[16];
    if (argc != 8) {
        fprintf(stderr, "usage: bench_idle PORT N STEPS registered|silent 1.2|1.3 MAKER-CERT "
                        "MAKER-KEY\n");
        return 2;
    }
    struct load_conf conf = {.port = (uint16_t)load_number(argv[1]),
                             .version =
                                 strcmp(argv[5], "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION,
                             .conns = load_number(argv[2]),
                             .sources = SOURCES,
                             .key = load_key_new("rsa"),
                             .on_open = on_open,
                             .on_data = on_data};
    unsigned steps = load_number(argv[3]);
    registers = strcmp(argv[4], "registered") == 0;
    struct load *l = load_new(&conf);
    load_identities(l, argv[6], argv[7]);
    for (unsigned step = 1; step <= steps; step++) {
        connect_up_to(l, there, (unsigned)((uint64_t)conf.conns * step / steps));
        printf("%u\n", there);
        fflush(stdout);
        if (fgets(line, sizeof line, stdin) == NULL)
            break;
    }
    load_free(l);
    EVP_PKEY_free(conf.key);
    return 0;
}
