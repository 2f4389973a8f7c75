/* SPDX-License-Identifier: Apache-2.0 */
/* A phone that boots: enrolment, what the server asks of a running phone, stopping at every point.
 * Its table is tests/flow/grids/phone.txt. */
#include "phone_kit.h"

#include <semaphore.h>
#include <unistd.h>

static const struct rf_secret typed = {.bytes = "12345", .len = 5};

static void serve_capf(struct kit *k, enum rf_phonexml_capf_mode mode)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    c->capf_auth_mode = mode;
    kit_serve_config(k, c);
}

/* ---- enrolment ---- */

static void sec_53_an_enrolment_begins_the_retrieval_anew_and_the_lsc_registers(void **state)
{
    struct kit *k = *state;
    serve_capf(k, RF_PHONEXML_CAPF_STRING);
    k->conf.auth_string = &typed;
    k->enrol.will_be =
        (struct rf_enrol_result){.outcome = RF_ENROL_INSTALLED, .is_confirmed = true, .reason = 1};
    kit_boot(k);
    kit_until(k, "enrol server=192.0.2.6 port=3804 mode=1 try=1");
    kit_until(k, "enrol-done outcome=installed confirmed=1");
    assert_string_equal(k->enrol.conf.device, DEVICE);
    assert_int_equal(k->enrol.conf.mode, RF_ENROL_BY_STRING);
    assert_true(rf_secret_eq(&typed, rf_secret_slice(&k->enrol.string)));
    assert_int_equal(k->enrol.conf.auth_string->len, 0); /* used: wiped */
    assert_true(rf_cert_eq(k->enrol.conf.mic->cert, ids.mic.cert));
    assert_null(k->enrol.conf.lsc);
    kit_until(k, "fetch file=" CTL); /* the whole retrieval again */
    kit_until_registering(k);
    /* The file still says that an operation waits: once in a boot is enough. */
    assert_int_equal(k->enrol.n, 1);
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.lsc.cert));
    kit_registered(k);
    kit_off(k);
    /* It lasts. */
    k->conf.auth_string = NULL;
    kit_boot(k);
    kit_until_registering(k);
    assert_int_equal(k->enrol.n, 1);
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.lsc.cert));
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.lsc.cert));
}

static void without_a_string_typed_an_enrolment_by_string_waits(void **state)
{
    struct kit *k = *state;
    serve_capf(k, RF_PHONEXML_CAPF_STRING);
    kit_boot(k);
    kit_until_registering(k);
    assert_int_equal(k->enrol.n, 0);
    kit_off(k);
    /* The twin: by the MIC no string is needed. */
    serve_capf(k, RF_PHONEXML_CAPF_MIC_FIRST);
    k->enrol.will_be = (struct rf_enrol_result){.outcome = RF_ENROL_NOTHING};
    kit_boot(k);
    kit_until_registering(k);
    assert_int_equal(k->enrol.n, 1);
    assert_int_equal(k->enrol.conf.mode, RF_ENROL_MIC_FIRST);
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.mic.cert));
}

static void a_lost_link_is_tried_three_times_and_the_phone_goes_on(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    c->capf_auth_mode = RF_PHONEXML_CAPF_MIC_FIRST;
    c->capf_n = 2;
    snprintf(c->capf[1].name, sizeof c->capf[1].name, "192.0.2.7");
    c->capf[1].port = 3805;
    kit_serve_config(k, c);
    k->enrol.will_be =
        (struct rf_enrol_result){.outcome = RF_ENROL_FAILED, .may_retry = true, .reason = -1};
    kit_boot(k);
    for (unsigned i = 1; i <= 3; i++) {
        char want[64];
        snprintf(want, sizeof want, "enrol server=192.0.2.%d port=%d mode=4 try=%u", i == 2 ? 7 : 6,
                 i == 2 ? 3805 : 3804, i);
        kit_until(k, want);
        kit_until(k, "enrol-done outcome=failed");
        if (i < 3) {
            assert_int_equal(rf_timers_wait_ms(k->timers), RF_ENROL_RETRY_MS);
            kit_pass(k, RF_ENROL_RETRY_MS);
        }
    }
    kit_until_registering(k);
    assert_int_equal(k->enrol.n, 3);
}

static void a_refused_string_is_not_sent_again(void **state)
{
    struct kit *k = *state;
    serve_capf(k, RF_PHONEXML_CAPF_STRING);
    k->conf.auth_string = &typed;
    k->enrol.will_be = (struct rf_enrol_result){.outcome = RF_ENROL_FAILED, .reason = 7};
    kit_boot(k);
    kit_until_registering(k);
    assert_int_equal(k->enrol.n, 1);
    for (unsigned i = 0; i < RF_PHONE_ROUNDS; i++)
        k->station.conf.on_event(k->station.conf.arg,
                                 &(struct rf_station_event){.kind = RF_STATION_WAITS});
    kit_until_registering(k);
    assert_int_equal(k->enrol.n, 1);
    kit_registered(k);
    /* The operator gave a new one and reset the phone. */
    kit_reset(k, RF_SCCP_RESET_RESTART);
    kit_until_registering(k);
    assert_int_equal(k->enrol.n, 2);
}

static void sec_63_a_deleted_lsc_leaves_the_mic(void **state)
{
    struct kit *k = *state;
    serve_capf(k, RF_PHONEXML_CAPF_MIC_FIRST);
    k->enrol.will_be =
        (struct rf_enrol_result){.outcome = RF_ENROL_INSTALLED, .is_confirmed = true};
    kit_boot(k);
    kit_until_registering(k);
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.lsc.cert));
    kit_registered(k);
    k->enrol.will_be = (struct rf_enrol_result){.outcome = RF_ENROL_DELETED, .is_confirmed = true};
    kit_reset(k, RF_SCCP_RESET_RESET);
    kit_until_registering(k);
    assert_true(rf_cert_eq(k->station.conf.id->cert, ids.mic.cert));
}

/* ---- what the server asks of a running phone ---- */

static void a_reset_boots_and_a_restart_reads_lists_and_apply_reads_the_configuration(void **state)
{
    struct kit *k = *state;
    static const struct {
        enum rf_sccp_reset_type type;
        bool boots, lists;
        enum rf_sccp_alarm_reason alarm;
    } rows[] = {
        {RF_SCCP_RESET_RESET, true, true, RF_SCCP_ALARM_REASON_RESET_BY_CM},
        {RF_SCCP_RESET_RESTART, false, true, RF_SCCP_ALARM_REASON_RESTART_BY_CM},
        {RF_SCCP_RESET_APPLY_CONFIG, false, false, RF_SCCP_ALARM_REASON_RESTART_BY_CM},
    };
    kit_boot(k);
    kit_until_registering(k);
    for (size_t i = 0; i < 3; i++) {
        kit_registered(k);
        rf_buf_fini(&k->log);
        rf_buf_fini(&k->asked);
        k->log_at = 0;
        kit_reset(k, rows[i].type);
        kit_until_registering(k);
        assert_int_equal(kit_saw(k, "boot device="), rows[i].boots);
        assert_int_equal(kit_asked(k, CTL), rows[i].lists);
        assert_true(kit_asked(k, CONFIG));
        assert_int_equal(k->station.conf.alarm, rows[i].alarm);
        assert_int_equal(k->station.freed, i + 1);
    }
}

/* A server that resets whoever registers is not asked in a tight loop, and not given up either. */
static void resets_one_after_the_other_are_held_off(void **state)
{
    struct kit *k = *state;
    kit_boot(k);
    kit_until_registering(k);
    for (int i = 0; i < 5; i++) {
        kit_registered(k);
        kit_reset(k, RF_SCCP_RESET_RESTART);
        kit_until_registering(k);
    }
    assert_false(kit_saw(k, "wait wait_ms="));
    kit_registered(k);
    kit_reset(k, RF_SCCP_RESET_RESTART);
    kit_until(k, "code=reset-storm");
    int wait_ms = rf_timers_wait_ms(k->timers);
    assert_in_range(wait_ms, RF_PHONE_RETRY_FIRST_MS * 3 / 4, RF_PHONE_RETRY_FIRST_MS * 5 / 4);
    kit_pass(k, (uint64_t)wait_ms);
    kit_until_registering(k);
    kit_registered(k);
    /* A minute later it is one reset among others. */
    kit_pass(k, 60000);
    kit_reset(k, RF_SCCP_RESET_RESTART);
    kit_until_registering(k);
    /* And it stops while it waits. */
    for (int i = 0; i < 5; i++) {
        kit_registered(k);
        kit_reset(k, RF_SCCP_RESET_RESTART);
        if (i < 4)
            kit_until_registering(k);
    }
    kit_until(k, "code=reset-storm");
}

static void a_changed_configuration_counts_after_a_restart(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    snprintf(c->cm[0].name, sizeof c->cm[0].name, "192.0.2.50");
    kit_serve_config(k, c);
    kit_reset(k, RF_SCCP_RESET_APPLY_CONFIG);
    kit_until_registering(k);
    assert_string_equal(k->station.conf.servers[0].host, "192.0.2.50");
}

static void three_call_managers_are_used_and_names_are_left_out(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    static const char *const names[] = {"192.0.2.1", "cm.example", "192.0.2.3", "192.0.2.4",
                                        "192.0.2.5"};
    c->cm_n = 5;
    for (size_t i = 0; i < 5; i++) {
        snprintf(c->cm[i].name, sizeof c->cm[i].name, "%s", names[i]);
        c->cm[i].priority = (int32_t)i;
        c->cm[i].port = 2000;
    }
    kit_serve_config(k, c);
    kit_boot(k);
    kit_until_registering(k);
    assert_int_equal(k->station.conf.n_servers, 3);
    assert_string_equal(k->station.conf.servers[1].host, "192.0.2.3");
}

static void what_is_shown_and_heard_is_the_firmwares(void **state)
{
    struct kit *k = *state;
    const struct rf_station_event events[] = {
        {.kind = RF_STATION_CALL, .call_state = RF_STATION_RING_IN},
        {.kind = RF_STATION_RINGER, .is_on = true},
        {.kind = RF_STATION_TONE, .tone = RF_SCCP_TONE_LINE_BUSY}, /* it has no such sound */
        {.kind = RF_STATION_CALL, .call_state = RF_STATION_IDLE},
    };
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    k->log_at = k->log.len;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        k->station.conf.on_event(k->station.conf.arg, &events[i]);
    kit_until(k, "sound kind=ring name=ring on=1 samples=4 sha256=");
    kit_until(k, "display key=idle text=hello from rf-1");
    assert_false(kit_saw(k, "kind=tone"));
}

/* Whatever a station may tell, with all it may tell filled in, is one event with its values; and
 * empty texts say nothing, but for a line of the display that is cleared. */
static void every_event_of_the_station_is_told(void **state)
{
    struct kit *k = *state;
    struct rf_station_event full = {.server = "s",
                                    .tls_version = "t",
                                    .suite = "u",
                                    .version = 22,
                                    .number = "2001",
                                    .label = "l",
                                    .text = "x",
                                    .calling_number = "1",
                                    .calling_name = "2",
                                    .called_number = "3",
                                    .called_name = "4",
                                    .digit = '5',
                                    .remote = "r",
                                    .port = 7,
                                    .reason = "z"};
    rf_why_set(&full.why, RF_ERR_BAD, "code", "text");
    struct rf_station_event empty = {.server = "", .text = "", .remote = "", .reason = ""};
    kit_boot(k);
    kit_until_registering(k);
    for (int kind = 0; kind <= RF_STATION_MEDIA_ENDED; kind++) {
        if (kind == RF_STATION_RESET || kind == RF_STATION_STOPPED)
            continue; /* these end it */
        full.kind = empty.kind = (enum rf_station_event_kind)kind;
        k->log_at = k->log.len;
        k->station.conf.on_event(k->station.conf.arg, &full);
        k->station.conf.on_event(k->station.conf.arg, &empty);
        kit_until(k, rf_station_event_name(full.kind));
    }
    assert_true(
        kit_saw(k, "media-ended server=s tls=t suite=u code=code why=text text=x remote=r"));
    assert_true(kit_saw(k, "prompt text=\n"));
    assert_false(kit_saw(k, "server= "));
    assert_false(kit_saw(k, "remote= "));
}

/* In a call the phone does not go away, however often the list of call managers fails. */
static void failing_rounds_do_not_end_a_call(void **state)
{
    struct kit *k = *state;
    struct rf_station_event waits = {.kind = RF_STATION_WAITS};
    kit_boot(k);
    kit_until_registering(k);
    k->station.call = RF_STATION_PRESERVED;
    for (unsigned i = 0; i < 3 * RF_PHONE_ROUNDS; i++)
        k->station.conf.on_event(k->station.conf.arg, &waits);
    assert_int_equal(rf_timers_wait_ms(k->timers), -1);
    k->station.call = RF_STATION_IDLE;
    k->station.conf.on_event(k->station.conf.arg, &waits);
    kit_until_registering(k);
}

static void several_refusals_are_all_told(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    kit_off(k);
    kit_serve(k, CTL, kit_list(RF_LIST_CTL, &ids.stranger, TEST_NOW - 10));
    kit_serve(k, CONFIG, kit_signed(c, CONFIG, &ids.stranger, RF_DIGEST_SHA512, TEST_NOW - 10));
    kit_boot(k);
    kit_until_registering(k);
    assert_string_equal(k->station.alarm_text, "list_rejected CTL list-signer-unknown");
    assert_int_equal(k->station.alarms, 0);
    kit_registered(k);
    assert_int_equal(k->station.alarms, 1);
    assert_string_equal(k->station.alarm_said, "config_rejected signer-unknown");
    assert_int_equal(k->station.alarm, RF_SCCP_ALARM_REASON_FILE_AUTH_FAILED);
    /* Once: not again with the next registration. */
    kit_registered(k);
    assert_int_equal(k->station.alarms, 1);
}

/* ---- stopping ---- */

/* Wherever it is: nothing is left on the worker, in the timers or under way. kit_off looks. */
static void it_stops_wherever_it_is(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
    snprintf(c->load_information, sizeof c->load_information, "rf-2");
    c->capf_auth_mode = RF_PHONEXML_CAPF_MIC_FIRST;
    kit_serve_config(k, c);
    k->enrol.will_be =
        (struct rf_enrol_result){.outcome = RF_ENROL_FAILED, .may_retry = true, .reason = -1};
    static const char *const at[] = {
        "boot device=",
        "fetch file=" CTL,
        "list list=CTL",
        "fetch file=" ITL,
        "list list=ITL",
        "fetch file=" CONFIG,
        "config file=",
        "fetch file=rf-2",
        "load-part load=rf-2 file=rf-2.loads",
        "fetch file=rfapp",
        "load-part load=rf-2 file=rfsnd",
        "load-installed",
        "enrol server=",
        "enrol-done",
    };
    kit_boot(k);
    kit_off(k); /* before anything came of it */
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        kit_boot(k);
        kit_until(k, at[i]);
        kit_off(k);
    }
    k->enrol.will_be = (struct rf_enrol_result){.outcome = RF_ENROL_NOTHING};
    kit_boot(k);
    kit_until_registering(k);
    unsigned stopped = k->station.stopped;
    kit_off(k);
    assert_int_equal(k->station.stopped, stopped + 1);
    kit_boot(k);
    kit_until_registering(k);
    kit_registered(k);
    kit_reset(k, RF_SCCP_RESET_RESET);
    kit_off(k);
}

/* The same by whoever hears of it, in the middle of it. */
static void it_stops_from_inside_its_events(void **state)
{
    struct kit *k = *state;
    static const char *const at[] = {"boot device=",  "display",      "fetch file=" CTL,
                                     "list list=CTL", "status text=", "config file=",
                                     "load-wanted",   "load-part",    "load-installed",
                                     "enrol server=", "enrol-step",   "enrol-done",
                                     "registered"};
    k->enrol.will_be = (struct rf_enrol_result){.outcome = RF_ENROL_FAILED, .reason = 7};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = kit_config();
        /* There and back again, so that there is always a load to fetch. */
        snprintf(c->load_information, sizeof c->load_information, i < 8 ? "rf-2" : "rf-1");
        c->capf_auth_mode = RF_PHONEXML_CAPF_MIC_FIRST;
        kit_serve_config(k, c);
        kit_boot(k);
        k->stop_at = at[i];
        if (i + 1 == sizeof at / sizeof *at) {
            kit_until_registering(k);
            kit_registered(k);
        }
        kit_until(k, "stopped");
        assert_null(k->stop_at);
        kit_off(k);
        if (i == 7) { /* now rf-2 runs */
            kit_boot(k);
            kit_until(k, "load-installed");
            kit_off(k);
        }
    }
}

/* Two on one flash would write over each other's keys; the second does not even sweep. */
static void a_second_phone_on_the_same_flash_does_not_start(void **state)
{
    struct kit *k = *state;
    char before[65], after[65];
    RF_AUTO(rf_flash_freep) struct rf_flash *first = NULL;
    assert_err(rf_flash_open(k->flash_dir, &first, NULL), RF_OK);
    assert_err(rf_flash_lock(first, NULL), RF_OK);
    kit_flash_put(k, "lsc.pem.new.Ab12Cd", rf_slice_str("being written by the first"));
    kit_flash_hash(k, before);
    kit_boot(k);
    kit_until(k, "halted code=flash-busy");
    kit_off(k);
    kit_flash_hash(k, after);
    assert_string_equal(before, after);
    rf_flash_free(rf_steal(&first));
    kit_boot(k);
    kit_until_registering(k);
}

static void a_phone_that_was_never_started_stops(void **state)
{
    struct kit *k = *state;
    kit_boot(k);
    kit_off(k);
    k->phone = rf_phone_new(&k->conf);
    k->is_stopped = false;
    rf_phone_stop(k->phone);
    assert_true(k->is_stopped);
    rf_phone_stop(k->phone);
    rf_phone_free(k->phone);
    k->phone = NULL;
    rf_phone_free(NULL);
}

/* The worker has room for one job, and somebody else's sits in it. */
struct plug {
    struct rf_job job;
    sem_t *pull, *out;
};

static void plug_work(struct rf_job *job, void *state)
{
    const struct plug *plug = (const struct plug *)job;
    (void)state;
    while (sem_wait(plug->pull) != 0)
        continue;
    sem_post(plug->out);
}

static void plug_done(struct rf_job *job, void *reader)
{
    (void)job;
    (void)reader;
}

static void a_full_worker_is_waited_for(void **state)
{
    struct kit *k = *state;
    sem_t pull, out;
    struct plug running = {{.work = plug_work, .done = plug_done}, &pull, &out};
    struct plug waiting = {{.work = plug_work, .done = plug_done}, &pull, &out};
    assert_int_equal(sem_init(&pull, 0, 0), 0);
    assert_int_equal(sem_init(&out, 0, 0), 0);
    rf_worker_stop(k->worker);
    k->worker = rf_worker_start("phone", 1, k);
    assert_err(rf_worker_post(k->worker, &running.job), RF_OK);
    while (rf_worker_post(k->worker, &waiting.job) != RF_OK)
        usleep(1000); /* until the first one runs */
    kit_boot(k);
    kit_until(k, "wait wait_ms=");
    for (int i = 0; i < 2; i++) {
        sem_post(&pull);
        while (sem_wait(&out) != 0)
            continue;
    }
    kit_pass(k, (uint64_t)rf_timers_wait_ms(k->timers));
    kit_until(k, "boot device=");
    kit_off(k);
    rf_worker_stop(k->worker);
    k->worker = rf_worker_start("phone", 64, k); /* for kit_down */
    sem_destroy(&pull);
    sem_destroy(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_up, kit_down)
    const struct CMUnitTest tests[] = {
        TEST(sec_53_an_enrolment_begins_the_retrieval_anew_and_the_lsc_registers),
        TEST(without_a_string_typed_an_enrolment_by_string_waits),
        TEST(a_lost_link_is_tried_three_times_and_the_phone_goes_on),
        TEST(a_refused_string_is_not_sent_again),
        TEST(sec_63_a_deleted_lsc_leaves_the_mic),
        TEST(a_reset_boots_and_a_restart_reads_lists_and_apply_reads_the_configuration),
        TEST(resets_one_after_the_other_are_held_off),
        TEST(a_changed_configuration_counts_after_a_restart),
        TEST(three_call_managers_are_used_and_names_are_left_out),
        TEST(what_is_shown_and_heard_is_the_firmwares),
        TEST(every_event_of_the_station_is_told),
        TEST(failing_rounds_do_not_end_a_call),
        TEST(several_refusals_are_all_told),
        TEST(it_stops_wherever_it_is),
        TEST(it_stops_from_inside_its_events),
        TEST(a_second_phone_on_the_same_flash_does_not_start),
        TEST(a_phone_that_was_never_started_stops),
        TEST(a_full_worker_is_waited_for),
    };
    return cmocka_run_group_tests(tests, kit_ids_up, kit_ids_down);
}
