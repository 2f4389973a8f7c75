/* SPDX-License-Identifier: Apache-2.0 */
/* Devices SEP000000000000 and so on in a site's database, before its server starts: some thousand
 * runs of `ringfence device add` would be what a bench lasts.
 *
 *     bench_devices SITE N none|null|mic
 *
 * Each has one line, whose number is that of the device in seven digits after a 2. The last word is
 * the proof of the certificate operation that is scheduled for each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "service/site/site.h"
#include "store/store.h"

static void give_up(const char *what, const struct rf_why *why)
{
    fprintf(stderr, "%s: %s\n", what, rf_why_text(why));
    exit(1);
}

static void add(struct rf_store *store, unsigned number, const char *auth)
{
    struct rf_why why = {0};
    struct rf_store_line line = {.index = 1};
    struct rf_store_phone phone = {
        .device = {.model = "8861", .mode = RF_STORE_ENCRYPTED, .has_srtp = true},
        .lines = &line,
        .n_lines = 1};
    struct rf_store_capf op = {.op = RF_STORE_OP_INSTALL,
                               .auth = strcmp(auth, "mic") == 0 ? RF_STORE_AUTH_MIC
                                                                : RF_STORE_AUTH_NULL,
                               .key_type = RF_STORE_KEY_RSA,
                               .key_bits = 2048};
    snprintf(phone.device.name, sizeof phone.device.name, "SEP%012u", number);
    snprintf(line.dn, sizeof line.dn, "2%07u", number);
    memcpy(op.device, phone.device.name, sizeof op.device);
    if (rf_store_device_add(store, &phone, time(NULL), NULL, &why) != RF_OK)
        give_up("a device", &why);
    if (strcmp(auth, "none") != 0 &&
        rf_store_capf_schedule(store, &op, time(NULL), NULL, NULL, &why) != RF_OK)
        give_up("an operation", &why);
}

int main(int argc, char **argv)
{
    struct rf_why why = {0};
    struct rf_site *site = NULL;
    struct rf_store *store = NULL;
    if (argc != 4) {
        fprintf(stderr, "usage: bench_devices SITE N none|null|mic\n");
        return 2;
    }
    if (rf_site_open(argv[1], &site, &why) != RF_OK)
        give_up(argv[1], &why);
    RF_AUTO(rf_freep) char *db = rf_site_path(site, RF_SITE_DB);
    if (rf_store_open(db, &store, &why) != RF_OK)
        give_up(db, &why);
    unsigned n = (unsigned)strtoul(argv[2], NULL, 10);
    if (rf_store_together(store, &why) != RF_OK)
        give_up(db, &why);
    for (unsigned i = 0; i < n; i++)
        add(store, i, argv[3]);
    if (rf_store_together_end(store, &why) != RF_OK)
        give_up(db, &why);
    rf_store_close(store);
    rf_site_free(site);
    return 0;
}
