/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to TVS: is this certificate to be trusted?
 *
 *     bench_tvs PORT CONNECTIONS SECONDS PID CERT
 *
 * Every connection asks again as soon as it is answered. Prints the answers and the CPU seconds of
 * the process PID, from when all connections were open. */
#include "load.h"

#include <openssl/x509.h>
#include <stdio.h>

#include "wire/tvs/tvs.h"

#define SOURCES 16

static uint8_t question[RF_TVS_FRAME_MAX];
static struct rf_slice frame;
static unsigned opened;
static bool asks;
static unsigned long answers;

static void make_question(const char *path)
{
    unsigned char *der = NULL;
    X509 *cert = load_cert_read(path);
    int len = i2d_X509(cert, &der);
    struct rf_tvs_msg m = {.command = RF_TVS_VERIFY_REQ,
                           .session = 1,
                           .has_device_name = true,
                           .device_name = rf_slice_str("CP-8861-SEP000000000001"),
                           .has_cert = true,
                           .cert = rf_slice_of(der, (size_t)len)};
    if (len <= 0 || rf_tvs_encode(&m, question, sizeof question, &frame) != RF_OK)
        load_fail("no question could be made");
    OPENSSL_free(der);
    X509_free(cert);
}

static void ask(struct load_conn *c)
{
    if (asks)
        load_send(c, frame.p, frame.len);
}

static void on_open(struct load_conn *c)
{
    opened++;
}

static size_t on_data(struct load_conn *c, const uint8_t *p, size_t n)
{
    struct rf_tvs_frame got;
    struct rf_tvs_msg m;
    size_t used = 0;
    if (rf_tvs_frame_next(rf_slice_of(p, n), &got, &used, NULL) != RF_OK)
        return 0;
    if (rf_tvs_decode(&got, &m, NULL) != RF_OK || m.command != RF_TVS_VERIFY_RES ||
        m.status != RF_TVS_VALID)
        load_fail("another answer than expected");
    answers++;
    ask(c);
    return used;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: bench_tvs PORT CONNECTIONS SECONDS PID CERT\n");
        return 2;
    }
    struct load_conf conf = {.port = (uint16_t)load_number(argv[1]),
                             .version = TLS1_2_VERSION,
                             .conns = load_number(argv[2]),
                             .sources = SOURCES,
                             .on_open = on_open,
                             .on_data = on_data};
    make_question(argv[5]);
    struct load *l = load_new(&conf);
    for (unsigned i = 0; i < conf.conns; i++) {
        load_connect(&l->conn[i]);
        while (i + 1 - opened >= 64)
            load_turn(l, 100);
    }
    while (opened < conf.conns)
        load_turn(l, 100);
    double cpu = load_cpu_s(argv[4]);
    double end = load_now_s() + load_number(argv[3]);
    asks = true;
    for (unsigned i = 0; i < conf.conns; i++)
        ask(&l->conn[i]);
    while (load_now_s() < end)
        load_turn(l, 100);
    asks = false;
    printf("%lu %.2f\n", answers, load_cpu_s(argv[4]) - cpu);
    load_free(l);
    return 0;
}
