/* SPDX-License-Identifier: Apache-2.0 */
/* Phones that are connected and do nothing: mutual TLS with a certificate each.
 *
 *     bench_idle PORT N registered|silent 1.2|1.3 MAKER-CERT MAKER-KEY
 *
 * "registered": they are the devices of bench_devices, and each registers. When all are there it
 * says so by a line, and keeps them until its standard input ends. */
#include "load.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "wire/sccp/sccp.h"

#define SOURCES     16
#define UNDER_WAY   64
#define PHONE_MODEL 684 /* 8861 */

static unsigned there;
static bool registers;

static void on_open(struct load_conn *c)
{
    uint8_t buf[RF_SCCP_SEND_MAX];
    char name[32];
    struct rf_wr wr = rf_wr_of(buf, sizeof buf);
    struct rf_slice frame;
    if (!registers) {
        there++;
        return;
    }
    snprintf(name, sizeof name, "SEP%012u", c->slot);
    struct rf_sccp_msg m = {.id = RF_SCCP_REGISTER,
                            .reg = {.device_name = rf_slice_str(name),
                                    .instance = 1,
                                    .ip4 = {127, 0, 0, 1},
                                    .device_type = PHONE_MODEL,
                                    .max_streams = 5,
                                    .protocol_ver = 22}};
    if (rf_sccp_encode(&m, 0, &wr, NULL) != RF_OK || rf_wr_done(&wr, &frame) != RF_OK)
        load_fail("no Register");
    load_send(c, frame.p, frame.len);
}

static size_t on_data(struct load_conn *c, const uint8_t *p, size_t n)
{
    struct rf_sccp_frame frame;
    size_t used = 0;
    size_t of_frame;
    while (rf_sccp_frame_next(rf_slice_of(p + used, n - used), &frame, &of_frame, NULL) == RF_OK) {
        used += of_frame;
        if (frame.id == RF_SCCP_REGISTER_REJECT)
            load_fail("a phone was refused");
        there += frame.id == RF_SCCP_REGISTER_ACK;
    }
    return used;
}

int main(int argc, char **argv)
{
    char end;
    if (argc != 7) {
        fprintf(stderr,
                "usage: bench_idle PORT N registered|silent 1.2|1.3 MAKER-CERT MAKER-KEY\n");
        return 2;
    }
    struct load_conf conf = {.port = (uint16_t)load_number(argv[1]),
                             .version =
                                 strcmp(argv[4], "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION,
                             .conns = load_number(argv[2]),
                             .sources = SOURCES,
                             .key = load_key_new("rsa"),
                             .on_open = on_open,
                             .on_data = on_data};
    registers = strcmp(argv[3], "registered") == 0;
    struct load *l = load_new(&conf);
    load_identities(l, argv[5], argv[6]);
    for (unsigned i = 0; i < conf.conns; i++) {
        load_connect(&l->conn[i]);
        load_turn(l, 0);
        while (i + 1 - there >= UNDER_WAY)
            load_turn(l, 100);
    }
    while (there < conf.conns)
        load_turn(l, 100);
    printf("open\n");
    fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0)
        ;
    load_free(l);
    EVP_PKEY_free(conf.key);
    return 0;
}
