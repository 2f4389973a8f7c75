/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, on its way into the event list. */
#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "app/ringfenced/server_int.h"
#include "base/file.h"

/* events.c asks for these when a certificate was confirmed; none is here. */
void campaigns_news(struct server *s, const char *device)
{
    (void)s;
    (void)device;
    fail_msg("no device has changed");
}

void device_refresh(struct server *s, const char *name)
{
    (void)s;
    (void)name;
    fail_msg("no device has changed");
}

/* The last phone that was to go into quarantine, and from where if it has proved nothing. */
static char quarantined[32], quarantined_from[32];

void device_quarantine(struct server *s, const char *name, const char *address)
{
    (void)s;
    snprintf(quarantined, sizeof quarantined, "%s", name);
    snprintf(quarantined_from, sizeof quarantined_from, "%s", address != NULL ? address : "-");
}

/* What phones hold is noted elsewhere. */
void held_of_file(struct server *s, const struct rf_provision_report *report)
{
    (void)s;
    (void)report;
}

void held_of_sccp(struct server *s, const struct rf_sccp_event *event)
{
    (void)s;
    (void)event;
}

struct place {
    char dir[64];
    struct server *server;
};

static int set_up(void **state)
{
    struct place *p = rf_new(struct place);
    char path[96];
    struct rf_why why = {0};
    test_tmp(p->dir, sizeof p->dir, "events");
    assert_non_null(mkdtemp(p->dir));
    snprintf(path, sizeof path, "%s/db", p->dir);
    p->server = rf_new(struct server);
    assert_err(rf_store_open(path, &p->server->store, &why), RF_OK);
    p->server->store_worker = rf_worker_start("store", STORE_JOBS_MAX, p->server->store);
    events_prepare(p->server);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    rf_worker_stop(p->server->store_worker);
    events_free(p->server);
    rf_store_close(p->server->store);
    rf_free(p->server);
    static const char *const files[] = {"db", "db-wal", "db-shm"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[96];
        snprintf(path, sizeof path, "%s/%s", p->dir, files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(p->dir), 0);
    rf_free(p);
    return 0;
}

/* When all are written. */
static size_t events_n(struct place *p, const char *code)
{
    struct rf_store_events events = {0};
    struct rf_store_event_query query = {0};
    struct rf_why why = {0};
    rf_worker_stop(p->server->store_worker);
    assert_err(rf_store_event_list(p->server->store, &query, &events, &why), RF_OK);
    p->server->store_worker = rf_worker_start("store", STORE_JOBS_MAX, p->server->store);
    size_t n = 0;
    for (size_t i = 0; i < events.n; i++)
        n += strcmp(events.items[i].code, code) == 0;
    rf_store_events_fini(&events);
    return n;
}

/* A datagram with anybody's address is enough to be refused a file. */
static void files_do_not_fill_the_list(void **state)
{
    struct place *p = *state;
    struct rf_provision_report refused = {.name = "",
                                          .peer = "192.0.2.7",
                                          .device = "",
                                          .code = "tftp-write-refused",
                                          .text = "nothing is written here"};
    struct rf_provision_report sent = {.name = "SEP001122334455.cnf.xml.sgn",
                                       .peer = "192.0.2.7",
                                       .device = "SEP001122334455",
                                       .code = "",
                                       .text = ""};
    sent.is_complete = true;
    for (int i = 0; i < 300; i++) {
        event_of_file(p->server, &refused);
        if (i < 150)
            event_of_file(p->server, &sent);
    }
    assert_int_equal(events_n(p, "tftp-write-refused"), 30);
    assert_int_equal(events_n(p, "file-sent"), 120);
}

/* Whoever is refused because nobody added it, and has a phone's name; nobody else. */
static void sec_122_an_unknown_phone_that_registers_goes_into_quarantine(void **state)
{
    struct place *p = *state;
    struct rf_sccp_event e = {.kind = "register-refused",
                              .dev = "SEP001122334455",
                              .cause = RF_SCCP_CAUSE_NO_ENTRY,
                              .text = "from=192.0.2.1"};
    quarantined[0] = '\0';
    news_of_sccp(p->server, &e); /* that has a limit of its own */
    assert_string_equal(quarantined, "");
    unknown_of_sccp(p->server, "SEP001122334455", "192.0.2.1", false);
    assert_string_equal(quarantined, "SEP001122334455");
    assert_string_equal(quarantined_from, "192.0.2.1");
    unknown_of_sccp(p->server, "SEP001122334466", "192.0.2.1", true);
    assert_string_equal(quarantined, "SEP001122334466");
    assert_string_equal(quarantined_from, "-");
    static const char *const others[] = {"SEP00112233445", "ATA001122334455", "CIPC-EVE", ""};
    quarantined[0] = '\0';
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        unknown_of_sccp(p->server, others[i], "192.0.2.1", true);
        assert_string_equal(quarantined, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_do_not_fill_the_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            sec_122_an_unknown_phone_that_registers_goes_into_quarantine, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
