/* SPDX-License-Identifier: Apache-2.0 */
/* A campaign of N devices without phones, by a clock turned by hand: `campaign N DATABASE` prints
 * the milliseconds of CPU to start it, of a turn (mean) while 20 are under way, to read the report,
 * and the kilobytes by which the process grew meanwhile. What phones do is written as CAPF would
 * write it, and not counted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "service/campaign/campaign.h"

#define NOW   1796083200
#define TURNS 45 /* with 20 devices each: not the last of a thousand */
#define PAGE  1000

/* Of CPU: the disk and the machine's other work are not what is measured. */
static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void must(enum rf_err err, const struct rf_why *why)
{
    if (err == RF_OK)
        return;
    fprintf(stderr, "%s\n", rf_why_text(why));
    exit(1);
}

/* What getrusage has is that of the program that started this one, when that was more. */
static long peak_kb(void)
{
    char line[128];
    long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kb = strtol(line + 6, NULL, 10);
    if (f != NULL)
        fclose(f);
    return kb;
}

static void name_of(unsigned i, char name[RF_STORE_DEVICE_NAME])
{
    snprintf(name, RF_STORE_DEVICE_NAME, "SEP0000000%05u", i % 100000);
}

static void add_devices(struct rf_store *store, unsigned n)
{
    struct rf_why why = {0};
    for (unsigned i = 0; i < n; i++) {
        struct rf_store_phone phone = {.device = {.mode = RF_STORE_ENCRYPTED}};
        name_of(i, phone.device.name);
        must(rf_store_device_add(store, &phone, NOW, NULL, &why), &why);
    }
}

/* The phone came and stored its certificate. */
static void succeed(struct rf_store *store, const char *device)
{
    static uint32_t serial;
    struct rf_store_capf op;
    struct rf_why why = {0};
    struct rf_store_cert c = {.der = RF_BUF(RF_STORE_DER_MAX),
                              .serial = "01",
                              .not_before_s = NOW,
                              .not_after_s = NOW + 86400};
    serial++;
    snprintf(c.device, sizeof c.device, "%s", device);
    memcpy(c.sha256, &serial, sizeof serial);
    must(rf_buf_add(&c.der, c.sha256, sizeof c.sha256), &why);
    must(rf_store_capf_load(store, device, &op, &why), &why);
    must(rf_store_capf_issue(store, op.id, &c, NOW, NULL, &why), &why);
    must(rf_store_capf_confirm(store, device, c.sha256, NOW, NULL, &why), &why);
    rf_store_cert_fini(&c);
}

static double start(struct rf_store *store, unsigned n, struct rf_store_campaign *c)
{
    struct rf_store_pick pick = {.model = NULL};
    struct rf_store_names names = {.n = 0};
    struct rf_why why = {0};
    double begun = now_ms();
    must(rf_store_campaign_pick(store, &pick, NOW, &names, &why), &why);
    struct rf_store_recruit *recruits = rf_new_n(struct rf_store_recruit, n);
    for (size_t i = 0; i < names.n; i++)
        memcpy(recruits[i].device, names.items[i], sizeof recruits[i].device);
    must(rf_store_campaign_add(store, c, recruits, names.n, NOW, &why), &why);
    double took = now_ms() - begun;
    rf_store_names_fini(&names);
    rf_free(recruits);
    return took;
}

/* One turn; those whose operation it began succeed before the next. */
static double take_turn(struct rf_store *store, int64_t now_s)
{
    struct rf_campaign_turn t = {.now_s = now_s, .sweeps = true};
    struct rf_why why = {0};
    double begun = now_ms();
    must(rf_campaign_turn(store, &t, &why), &why);
    double took = now_ms() - begun;
    for (size_t i = 0; i < t.untold.n; i++)
        succeed(store, t.untold.items[i].device);
    rf_campaign_turn_fini(&t);
    return took;
}

static double report(struct rf_store *store, const struct rf_store_campaign *c)
{
    char after[RF_STORE_DEVICE_NAME] = "";
    struct rf_why why = {0};
    size_t n = PAGE;
    double begun = now_ms();
    while (n == PAGE) {
        struct rf_store_members page = {.n = 0};
        must(rf_store_campaign_members(store, c->id, after, PAGE, &page, &why), &why);
        n = page.n;
        if (n > 0)
            memcpy(after, page.items[n - 1].device, sizeof after);
        rf_store_members_fini(&page);
    }
    return now_ms() - begun;
}

int main(int argc, char **argv)
{
    struct rf_store_campaign c = {.name = "bench",
                                  .op = RF_STORE_OP_INSTALL,
                                  .auth = RF_STORE_AUTH_MIC,
                                  .key_bits = 2048,
                                  .rate = 1200,
                                  .parallel = 20,
                                  .turn_s = 600,
                                  .complete_by_s = NOW + 86400};
    struct rf_store *store = NULL;
    struct rf_why why = {0};
    if (argc != 3) {
        fprintf(stderr, "usage: campaign N DATABASE\n");
        return 2;
    }
    unsigned n = (unsigned)strtoul(argv[1], NULL, 10);
    must(rf_store_open(argv[2], &store, &why), &why);
    add_devices(store, n);
    long before_kb = peak_kb();
    double started = start(store, n, &c), turns = 0;
    for (int i = 1; i <= TURNS; i++)
        turns += take_turn(store, NOW + i);
    double reported = report(store, &c);
    printf("%.2f %.3f %.2f %ld\n", started, turns / TURNS, reported, peak_kb() - before_kb);
    rf_store_close(store);
    return 0;
}
