/* SPDX-License-Identifier: Apache-2.0 */
/* Signed configurations a second, asked of the catalogue in process: a site of its own, a signer
 * process with its keys, a database with devices. `sign N SITE`: every device, with nothing kept
 * (each is made and signed: cold), then all of them again and again (kept). Prints both a second,
 * and the microseconds of CPU that a cold one took here and in the signer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "service/provision/provision.h"
#include "trust/signer.h"

#define UNDER_WAY   256 /* requests at one time, as of as many phones */
#define COLD_ROUNDS 5   /* some seconds, as long as the other side is measured */

struct bench {
    struct rf_loop *loop;
    struct rf_provision *p;
    unsigned devices;
    unsigned asked;
    unsigned answered;
    unsigned wanted;
};

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now_s(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

static void give_up(const char *what, const struct rf_why *why)
{
    fprintf(stderr, "%s: %s\n", what, rf_why_text(why));
    exit(1);
}

static void got_it(void *arg, uint64_t number, enum rf_err err, struct rf_content *content,
                   const struct rf_why *why)
{
    struct bench *b = arg;
    (void)number;
    (void)content;
    if (err != RF_OK)
        give_up("a configuration", why);
    b->answered++;
}

static void ask(struct bench *b)
{
    char name[64];
    snprintf(name, sizeof name, "SEP%012u.cnf.xml.sgn", b->asked % b->devices);
    struct rf_provision_ask request = {.name = rf_slice_str(name), .via = RF_PROVISION_TFTP};
    if (rf_provision_get(b->p, &request, got_it, b, b->asked) == RF_OK)
        b->asked++;
}

static double per_s(struct bench *b, unsigned n)
{
    double began = now_s();
    b->asked = b->answered = 0;
    while (b->answered < n) {
        while (b->asked < n && b->asked - b->answered < UNDER_WAY)
            ask(b);
        rf_loop_turn(b->loop, 100);
    }
    return n / (now_s() - began);
}

static void add_devices(struct rf_store *store, unsigned n)
{
    struct rf_why why = {0};
    for (unsigned i = 0; i < n; i++) {
        struct rf_store_phone phone = {.device = {.model = "8861", .mode = RF_STORE_AUTHENTICATED}};
        snprintf(phone.device.name, sizeof phone.device.name, "SEP%012u", i);
        if (rf_store_device_add(store, &phone, 1, NULL, &why) != RF_OK)
            give_up("a device", &why);
    }
}

int main(int argc, char **argv)
{
    struct rf_why why = {0};
    struct rf_site *site = NULL;
    struct rf_signer *signer = NULL;
    struct rf_store *store = NULL;
    struct bench b = {.devices = argc == 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0};
    if (b.devices == 0) {
        fprintf(stderr, "usage: sign DEVICES SITE\n");
        return 2;
    }
    if (rf_site_open(argv[2], &site, &why) != RF_OK)
        give_up(argv[2], &why);
    RF_AUTO(rf_freep) char *key = rf_site_path(site, RF_SITE_KEY_TFTP);
    RF_AUTO(rf_freep) char *cert = rf_site_path(site, RF_SITE_CERT_TFTP);
    RF_AUTO(rf_freep) char *db = rf_site_path(site, RF_SITE_DB);
    const struct rf_signer_key_conf keys[] = {
        {"tftp", key, cert, RF_SIGNER_MAY(RF_DIGEST_SHA1) | RF_SIGNER_MAY(RF_DIGEST_SHA512)}};
    if (rf_signer_fork(keys, 1, &signer, &why) != RF_OK)
        give_up("signer", &why);
    clockid_t signer_cpu;
    if (clock_getcpuclockid(rf_signer_pid(signer), &signer_cpu) != 0)
        give_up("the signer's clock", NULL);
    if (rf_store_open(db, &store, &why) != RF_OK)
        give_up(db, &why);
    add_devices(store, b.devices);
    struct rf_site_ports ports = {.sccp_tls = 2443, .capf = 3804, .tftp = 69};
    b.loop = rf_loop_new(rf_clock_real(), "bench");
    struct rf_worker *store_worker = rf_worker_start("store", 1024, store);
    struct rf_worker *signer_worker = rf_worker_start("signer", 1024, signer);
    struct rf_worker *second_worker = rf_worker_start("signer", 1024, rf_signer_second(signer));
    struct rf_provision_conf conf = {.loop = b.loop,
                                     .site = site,
                                     .ports = &ports,
                                     .store = store_worker,
                                     .db = store,
                                     .signer = signer_worker,
                                     .signer_too = second_worker};
    b.p = rf_provision_new(&conf);
    /* Version stamps are made once in a device's life: that is no part of signing. */
    (void)per_s(&b, b.devices);
    double began = now_s();
    double here_s = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    double signer_s = seconds_of(signer_cpu);
    for (unsigned i = 0; i < COLD_ROUNDS; i++) {
        rf_provision_invalidate(b.p, NULL);
        (void)per_s(&b, b.devices);
    }
    double n = COLD_ROUNDS * b.devices;
    double cold = n / (now_s() - began);
    here_s = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - here_s;
    signer_s = seconds_of(signer_cpu) - signer_s;
    double kept = per_s(&b, b.devices * 100);
    printf("%.0f %.0f %.0f %.0f\n", cold, kept, here_s / n * 1e6, signer_s / n * 1e6);
    rf_provision_free(b.p);
    rf_worker_stop(signer_worker);
    rf_worker_stop(second_worker);
    rf_worker_stop(store_worker);
    rf_loop_free(b.loop);
    rf_store_close(store);
    rf_signer_close(signer);
    rf_site_free(site);
    return 0;
}
