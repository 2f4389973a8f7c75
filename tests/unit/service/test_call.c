/* SPDX-License-Identifier: Apache-2.0 */
/* Call control by itself, with endpoints that only write down what they are told. */
#include "unit.h"

#include "service/call/call.h"

struct end {
    struct rf_call_control *cc;
    rf_handle dev;
    char log[512];
    uint32_t ref;
    struct rf_call_key receive;
    struct rf_call_key transmit;
    enum rf_call_cause cause;
    bool is_silent; /* does not say that it rings */
};

static void note(struct end *e, const char *word)
{
    size_t n = strlen(e->log);
    snprintf(e->log + n, sizeof e->log - n, "%s ", word);
}

#define NOTE(name)                                                                                 \
    static void on_##name(void *arg, const struct rf_call_leg_info *leg)                           \
    {                                                                                              \
        struct end *e = arg;                                                                       \
        e->ref = leg->ref;                                                                         \
        note(e, #name);                                                                            \
    }
NOTE(setup)
NOTE(proceeding)
NOTE(alerting)
NOTE(connected)
NOTE(info)

static void on_collecting(void *arg, const struct rf_call_leg_info *leg, const char *digits)
{
    note(arg, "collecting");
}

static void on_offer(void *arg, const struct rf_call_leg_info *leg)
{
    struct end *e = arg;
    e->ref = leg->ref;
    note(e, "offer");
    if (!e->is_silent)
        rf_call_in_alerting(e->cc, e->dev, leg->ref); /* from inside an operation */
}

static void on_open_receive(void *arg, const struct rf_call_leg_info *leg,
                            const struct rf_call_stream *stream, const struct rf_call_key *key)
{
    struct end *e = arg;
    note(e, "open");
    e->receive = *key;
    struct rf_call_addr addr = {.ip = {10, 0, 0, 1}, .port = 4000};
    rf_call_in_receive_open(e->cc, e->dev, leg->ref, &addr);
}

static void on_start_transmit(void *arg, const struct rf_call_leg_info *leg,
                              const struct rf_call_stream *stream, const struct rf_call_addr *to,
                              const struct rf_call_key *key)
{
    struct end *e = arg;
    note(e, "start");
    e->transmit = *key;
    assert_int_equal(stream->packet_ms, 20);
    assert_int_equal(to->port, 4000);
}

static void on_stop_media(void *arg, const struct rf_call_leg_info *leg, bool receive,
                          bool transmit)
{
    note(arg, receive && transmit ? "stop-both" : "stop-one");
}

static void on_tone(void *arg, const struct rf_call_leg_info *leg, enum rf_call_tone tone)
{
    static const char *const names[] = {"quiet", "dial", "ringback", "busy", "reorder"};
    note(arg, names[tone]);
}

static void on_failed(void *arg, const struct rf_call_leg_info *leg, enum rf_call_cause cause)
{
    struct end *e = arg;
    e->cause = cause;
    note(e, "failed");
}

static void on_ended(void *arg, const struct rf_call_leg_info *leg, enum rf_call_cause cause)
{
    struct end *e = arg;
    e->cause = cause;
    note(e, "ended");
}

static const struct rf_call_endpoint_ops ops = {.setup = on_setup,
                                                .collecting = on_collecting,
                                                .proceeding = on_proceeding,
                                                .alerting = on_alerting,
                                                .offer = on_offer,
                                                .connected = on_connected,
                                                .info = on_info,
                                                .open_receive = on_open_receive,
                                                .start_transmit = on_start_transmit,
                                                .stop_media = on_stop_media,
                                                .tone = on_tone,
                                                .failed = on_failed,
                                                .ended = on_ended}; /* no dtmf: optional */

struct world {
    struct rf_clock_fake clock;
    struct rf_timers *timers;
    struct rf_call_control *cc;
    struct end a, b;
    unsigned refused;
    char refused_as[96];
};

static void attach(struct world *w, struct end *e, const char *name)
{
    struct rf_call_attach how = {.ops = &ops,
                                 .arg = e,
                                 .side = {.signalling = RF_CALL_SIGNALLING_ENCRYPTED,
                                          .suites = RF_CALL_ABLE_ALL,
                                          .codecs = RF_CALL_CODEC_PCMU}};
    e->cc = w->cc;
    assert_err(rf_call_device_up(w->cc, name, &how, &e->dev), RF_OK);
}

static struct rf_call_device_conf device(const char *name, const char *number)
{
    struct rf_call_device_conf d = {.n_lines = 1};
    snprintf(d.name, sizeof d.name, "%s", name);
    snprintf(d.lines[0].number, sizeof d.lines[0].number, "%s", number);
    return d;
}

/* The last event of a call that never was. */
static void on_event(void *arg, const char *kind, const char *dev, uint32_t call_id,
                     const char *text)
{
    struct world *w = arg;
    if (call_id != 0)
        return;
    w->refused++;
    snprintf(w->refused_as, sizeof w->refused_as, "%s %s %s", kind, dev, text);
}

static void start(struct world *w, uint32_t calls_max)
{
    memset(w, 0, sizeof *w);
    rf_clock_fake_init(&w->clock, 1790000000);
    w->timers = rf_timers_new(&w->clock.clock);
    w->cc = rf_call_control_new(&(struct rf_call_conf){.clock = &w->clock.clock,
                                                       .timers = w->timers,
                                                       .observer = {.on_event = on_event, .arg = w},
                                                       .calls_max = calls_max,
                                                       .timer_ms[RF_CALL_T_NO_ANSWER] = 500});
    struct rf_why why = {0};
    struct rf_call_device_conf a = device("A", "1"), b = device("B", "12");
    assert_err(rf_call_device_set(w->cc, &a, &why), RF_OK);
    assert_err(rf_call_device_set(w->cc, &b, &why), RF_OK);
    attach(w, &w->a, "A");
    attach(w, &w->b, "B");
}

static void stop(struct world *w)
{
    rf_call_control_free(w->cc);
    rf_timers_free(w->timers);
}

static void what_each_end_is_told(void **state)
{
    struct world w;
    start(&w, 0);
    rf_call_in_number(w.cc, w.a.dev, 1, rf_slice_str("12"));
    assert_string_equal(w.a.log, "setup dial quiet proceeding alerting ringback ");
    assert_string_equal(w.b.log, "offer ");
    assert_true(w.a.ref != 0 && w.a.ref != w.b.ref);
    rf_call_in_answer(w.cc, w.b.dev, w.b.ref);
    assert_string_equal(
        w.a.log, "setup dial quiet proceeding alerting ringback quiet connected open start info ");
    assert_string_equal(w.b.log, "offer connected open start info ");
    assert_memory_equal(&w.a.receive, &w.b.transmit, sizeof w.a.receive);
    assert_memory_equal(&w.b.receive, &w.a.transmit, sizeof w.a.receive);
    assert_memory_not_equal(w.a.receive.key, w.b.receive.key, RF_CALL_KEY_LEN);
    struct rf_call_status st;
    uint32_t at = 0;
    assert_true(rf_call_next(w.cc, &at, &st));
    assert_string_equal(st.state, "CONNECTED");
    assert_int_equal(st.security, RF_CALL_SECURITY_ENCRYPTED);
    assert_false(rf_call_next(w.cc, &at, &st));
    rf_call_in_digit(w.cc, w.a.dev, 0, '5'); /* B has no use for it */
    rf_call_in_hang_up(w.cc, w.b.dev, 0);
    assert_non_null(strstr(w.a.log, "stop-both ended "));
    assert_non_null(strstr(w.b.log, "stop-both ended "));
    assert_int_equal(rf_call_count(w.cc), 0);
    stop(&w);
}

/* "1" is a line, and the beginning of "12": only a pause or '#' decides. */
static void number_that_begins_another(void **state)
{
    struct world w;
    start(&w, 0);
    rf_call_in_off_hook(w.cc, w.b.dev, 0, 0);
    rf_call_in_digit(w.cc, w.b.dev, 0, '1');
    assert_string_equal(w.a.log, "");
    rf_clock_fake_advance(&w.clock, 5000);
    rf_timers_run(w.timers);
    assert_string_equal(w.a.log, "offer ");
    rf_clock_fake_advance(&w.clock, 500); /* a timer of its own in the configuration */
    rf_timers_run(w.timers);
    assert_int_equal(w.b.cause, RF_CALL_CAUSE_NO_ANSWER);
    rf_call_in_hang_up(w.cc, w.b.dev, 0);
    rf_call_in_off_hook(w.cc, w.b.dev, 0, 0);
    rf_call_in_digit(w.cc, w.b.dev, 0, '1');
    rf_call_in_digit(w.cc, w.b.dev, 0, '#');
    assert_string_equal(w.a.log, "offer ended offer ");
    stop(&w);
}

static void phone_that_does_not_say_it_rings(void **state)
{
    struct world w;
    start(&w, 0);
    w.b.is_silent = true;
    rf_call_in_number(w.cc, w.a.dev, 1, rf_slice_str("12"));
    assert_null(strstr(w.a.log, "ringback"));
    rf_call_in_answer(w.cc, w.b.dev, w.b.ref); /* answers all the same */
    assert_non_null(strstr(w.a.log, "connected open start info "));
    stop(&w);
}

static void references_are_checked(void **state)
{
    struct world w;
    start(&w, 0);
    rf_call_in_number(w.cc, w.a.dev, 1, rf_slice_str("12"));
    rf_call_in_hang_up(w.cc, w.b.dev, w.a.ref); /* the caller's end is not B's */
    rf_call_in_hang_up(w.cc, w.b.dev, w.b.ref + 7);
    rf_call_in_hang_up(w.cc, w.b.dev + 1000, 0); /* no such device */
    assert_int_equal(rf_call_count(w.cc), 1);
    rf_call_in_hang_up(w.cc, w.b.dev, w.b.ref);
    assert_int_equal(w.a.cause, RF_CALL_CAUSE_BUSY);
    stop(&w);
}

static void no_more_calls_than_the_limit(void **state)
{
    struct world w;
    start(&w, 1);
    rf_call_in_off_hook(w.cc, w.a.dev, 0, 0);
    rf_call_in_off_hook(w.cc, w.b.dev, 0, 0);
    assert_string_equal(w.b.log, "");
    assert_string_equal(w.refused_as, "call-failed B from=12 cause=too-many-calls");
    for (int i = 0; i < 20; i++)
        rf_call_in_off_hook(w.cc, w.b.dev, 0, 0);
    assert_int_equal(w.refused, 10); /* a minute */
    rf_call_in_hang_up(w.cc, w.a.dev, 0);
    rf_call_in_off_hook(w.cc, w.b.dev, 0, 0);
    assert_string_equal(w.b.log, "setup dial ");
    stop(&w);
}

static void devices_that_are_refused(void **state)
{
    struct world w;
    start(&w, 0);
    static const char *const bad[] = {"", "1a", "12 ", "1234567890123456789012345"};
    for (size_t i = 0; i < 3; i++) {
        struct rf_why why = {0};
        struct rf_call_device_conf d = device("C", bad[i]);
        assert_refused(rf_call_device_set(w.cc, &d, &why), RF_ERR_BAD, why, "line-number");
    }
    assert_false(rf_call_number_ok(bad[3]));
    assert_true(rf_call_number_ok("123456789012345678901234"));
    struct rf_why why = {0};
    struct rf_call_device_conf taken = device("C", "12");
    assert_refused(rf_call_device_set(w.cc, &taken, &why), RF_ERR_EXISTS, why, "line-number-taken");
    struct rf_call_device_conf twice = device("C", "3");
    twice.n_lines = 2;
    twice.lines[1] = twice.lines[0];
    why = (struct rf_why){0};
    assert_refused(rf_call_device_set(w.cc, &twice, &why), RF_ERR_EXISTS, why, "line-number-taken");
    struct rf_call_device_conf good = device("C", "3");
    assert_err(rf_call_device_set(w.cc, &good, &why), RF_OK);
    rf_handle none;
    struct rf_call_attach how = {.ops = &ops, .arg = &w.a};
    assert_err(rf_call_device_up(w.cc, "D", &how, &none), RF_ERR_NOT_FOUND);
    assert_int_equal(none, 0);
    stop(&w);
}

static void every_timer_is_described(void **state)
{
    const struct rf_call_timer_row *rows = rf_call_timer_table();
    for (size_t i = 0; i < RF_CALL_T_N; i++) {
        assert_non_null(rows[i].name);
        assert_non_null(rows[i].help);
        assert_true(rows[i].default_ms > 0);
    }
    for (int c = 0; c < RF_CALL_CAUSE_N; c++)
        assert_string_not_equal(rf_call_cause_name((enum rf_call_cause)c), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_each_end_is_told),
        cmocka_unit_test(number_that_begins_another),
        cmocka_unit_test(phone_that_does_not_say_it_rings),
        cmocka_unit_test(references_are_checked),
        cmocka_unit_test(no_more_calls_than_the_limit),
        cmocka_unit_test(devices_that_are_refused),
        cmocka_unit_test(every_timer_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
