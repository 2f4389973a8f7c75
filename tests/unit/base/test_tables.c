/* SPDX-License-Identifier: Apache-2.0 */
/* What is driven by a table: state machines, configuration, metrics. */
#include "base/conf.h"
#include "base/faults.h"
#include "base/fsm.h"
#include "base/metrics.h"
#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

enum { OFF, ON, BROKEN, N_STATES };
enum { EV_PUSH, EV_BREAK, EV_TWICE, N_EVENTS };

struct lamp {
    struct rf_fsm fsm;
    int pushes;
    int unhandled;
    int entered;
};

static void pushed(void *self, const void *data)
{
    (void)data;
    ((struct lamp *)self)->pushes++;
}

static void push_twice(void *self, const void *data)
{
    struct lamp *l = self;
    (void)data;
    rf_fsm_post(&l->fsm, EV_PUSH, NULL, 0);
    rf_fsm_post(&l->fsm, EV_PUSH, NULL, 0);
}

static void unhandled(void *self, int event, const void *data)
{
    (void)event;
    (void)data;
    ((struct lamp *)self)->unhandled++;
}

static void entered(void *self, int state)
{
    (void)state;
    ((struct lamp *)self)->entered++;
}

static const struct rf_fsm_row rows[] = {
    {OFF, EV_PUSH, pushed, ON},
    {ON, EV_PUSH, pushed, OFF},
    {OFF, EV_TWICE, push_twice, RF_FSM_SAME},
    {RF_FSM_ANY, EV_BREAK, NULL, BROKEN},
};
static const char *const states[] = {"off", "on", "broken"};
static const char *const events[] = {"push", "break", "twice"};
static const struct rf_fsm_def lamp_fsm = {.name = "lamp",
                                           .cat = RF_CAT_MAIN,
                                           .rows = rows,
                                           .n_rows = sizeof rows / sizeof *rows,
                                           .state_names = states,
                                           .n_states = N_STATES,
                                           .event_names = events,
                                           .n_events = N_EVENTS,
                                           .unhandled = unhandled,
                                           .entered = entered};

static void only_rows_change_the_state(void **state)
{
    (void)state;
    struct lamp l = {0};
    rf_fsm_init(&l.fsm, &lamp_fsm, &l, OFF);
    rf_fsm_handle(&l.fsm, EV_PUSH, NULL);
    assert_int_equal(l.fsm.state, ON);
    rf_fsm_handle(&l.fsm, EV_TWICE, NULL);
    assert_int_equal(l.unhandled, 1);
    assert_int_equal(l.fsm.state, ON);
    rf_fsm_handle(&l.fsm, EV_PUSH, NULL);
    rf_fsm_handle(&l.fsm, EV_TWICE, NULL); /* posted events run after it, in order */
    assert_int_equal(l.pushes, 4);
    assert_int_equal(l.fsm.state, OFF);
    assert_int_equal(l.entered, 4);
    rf_fsm_handle(&l.fsm, EV_BREAK, NULL);
    rf_fsm_handle(&l.fsm, EV_PUSH, NULL);
    assert_int_equal(l.fsm.state, BROKEN);
    assert_int_equal(l.unhandled, 2);
}

static void keep_line(void *arg, const char *text)
{
    char *all = arg;
    strncat(all, text, 400 - strlen(all));
    strncat(all, ";", 400 - strlen(all));
}

static void the_grid_lists_every_pair_that_has_a_row(void **state)
{
    (void)state;
    char all[401] = "";
    rf_fsm_dump(&lamp_fsm, NULL, keep_line, all);
    assert_string_equal(all, "off push action on;off break - broken;off twice action off;"
                             "on push action off;on break - broken;broken break - broken;");
}

struct conf {
    uint32_t port;
    bool weak;
    char *name;
    uint32_t digest;
};

static const char *const digests[] = {"sha512", "sha1", NULL};
static const struct rf_conf_option options[] = {
    {.name = "port",
     .type = RF_CONF_U32,
     .at = offsetof(struct conf, port),
     .fallback = "2000",
     .min = 1,
     .max = 65535,
     .unit = "port",
     .help = "where"},
    {.name = "weak",
     .type = RF_CONF_BOOL,
     .at = offsetof(struct conf, weak),
     .fallback = "no",
     .weak = true,
     .help = "a weak choice"},
    {.name = "name",
     .type = RF_CONF_TEXT,
     .at = offsetof(struct conf, name),
     .fallback = "site",
     .help = "who"},
    {.name = "digest",
     .type = RF_CONF_ENUM,
     .at = offsetof(struct conf, digest),
     .fallback = "sha512",
     .words = digests,
     .help = "which"},
};
static const struct rf_conf_def conf_def = {options, 4, sizeof(struct conf), "nobody lists them"};

static void a_wrong_file_changes_nothing_and_names_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *code;
        const char *says;
    } bad[] = {
        {"port = 0\n", "conf-value", "line 1"},
        {"\nport = 65536\n", "conf-value", "line 2"},
        {"weak = maybe", "conf-value", "yes or no"},
        {"digest = md5", "conf-value", "digest"},
        {"port = 1\nport = 2", "conf-twice", "line 2"},
        {"prot = 1", "conf-unknown", "prot"},
        {"port", "conf-line", "name = value"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        void *out = NULL;
        struct rf_why why = {0};
        assert_refused(rf_conf_parse(&conf_def, rf_slice_str(bad[i].text), &out, &why), RF_ERR_BAD,
                       why, bad[i].code);
        assert_non_null(strstr(why.text, bad[i].says));
        assert_null(out);
    }
}

static void what_is_written_reads_back_the_same(void **state)
{
    (void)state;
    void *a = NULL;
    void *b = NULL;
    struct rf_buf text = RF_BUF(4096);
    assert_err(rf_conf_parse(&conf_def,
                             rf_slice_str("# c\n port=7 \nweak = yes\nname = a = b\ndigest = sha1"),
                             &a, NULL),
               RF_OK);
    assert_err(rf_conf_write(&conf_def, a, &text), RF_OK);
    assert_err(rf_conf_parse(&conf_def, rf_buf_slice(&text), &b, NULL), RF_OK);
    for (size_t i = 0; i < conf_def.n; i++)
        assert_true(rf_conf_same(&options[i], a, b));
    const struct conf *c = b;
    assert_int_equal(c->port, 7);
    assert_true(c->weak);
    assert_string_equal(c->name, "a = b");
    assert_int_equal(c->digest, 1);
    rf_buf_fini(&text);
    rf_conf_free(&conf_def, a);
    rf_conf_free(&conf_def, b);
}

/* A text that ends in "x" or "y" behind many bytes, as a list of networks may. */
static void *conf_of_long_name(char end)
{
    RF_AUTO(rf_freep) char *text = rf_strf("name = %02000d%c\n", 0, end);
    void *conf = NULL;
    assert_err(rf_conf_parse(&conf_def, rf_slice_str(text), &conf, NULL), RF_OK);
    return conf;
}

static void a_text_of_any_length_is_written_and_compared_whole(void **state)
{
    (void)state;
    struct conf *x = conf_of_long_name('x'), *y = conf_of_long_name('y');
    void *back = NULL;
    struct rf_buf text = RF_BUF(8192);
    assert_false(rf_conf_same(&options[2], x, y));
    assert_err(rf_conf_write(&conf_def, x, &text), RF_OK);
    assert_err(rf_conf_parse(&conf_def, rf_buf_slice(&text), &back, NULL), RF_OK);
    assert_string_equal(((struct conf *)back)->name, x->name);
    assert_true(rf_conf_same(&options[2], x, back));
    rf_buf_fini(&text);
    rf_conf_free(&conf_def, x);
    rf_conf_free(&conf_def, y);
    rf_conf_free(&conf_def, back);
}

static void metrics_count_and_have_help(void **state)
{
    (void)state;
    uint64_t before = rf_metric_get(RF_METRIC_CALLS);
    rf_count(CALLS);
    assert_true(rf_metric_get(RF_METRIC_CALLS) == before + 1);
    for (int m = 0; m < RF_METRIC_N; m++) {
        assert_int_equal(strncmp(rf_metric_name((enum rf_metric)m), "rf_", 3), 0);
        assert_true(strlen(rf_metric_help((enum rf_metric)m)) > 0);
    }
}

static void checks_are_on_unless_named(void **state)
{
    (void)state;
    unsetenv("RINGFENCE_SKIP_CHECKS");
    assert_false(rf_fault_skips("file.digest"));
#ifdef RF_TEST_HOOKS
    setenv("RINGFENCE_SKIP_CHECKS", "a,file.digest", 1);
    assert_true(rf_fault_skips("file.digest"));
    assert_false(rf_fault_skips("file.dig"));
    assert_false(rf_fault_skips("file.digest2"));
    unsetenv("RINGFENCE_SKIP_CHECKS");
#endif
}

static void who_asks_for_a_check_is_noted(void **state)
{
#ifdef RF_TEST_HOOKS
    char folder[TEST_TMP], path[sizeof folder + 16];
    test_tmp(folder, sizeof folder, "asked");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file.digest", folder);
    setenv("RINGFENCE_CHECKS_ASKED", folder, 1);
    assert_false(rf_fault_skips("file.digest"));
    assert_false(rf_fault_skips("file.digest"));
    unsetenv("RINGFENCE_CHECKS_ASKED");
    assert_false(rf_fault_skips("file.other"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0); /* nothing else is there */
#endif
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_rows_change_the_state),
        cmocka_unit_test(the_grid_lists_every_pair_that_has_a_row),
        cmocka_unit_test(a_wrong_file_changes_nothing_and_names_its_line),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(a_text_of_any_length_is_written_and_compared_whole),
        cmocka_unit_test(metrics_count_and_have_help),
        cmocka_unit_test(checks_are_on_unless_named),
        cmocka_unit_test(who_asks_for_a_check_is_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
