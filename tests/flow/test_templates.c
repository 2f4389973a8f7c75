/* SPDX-License-Identifier: Apache-2.0 */
/* What a phone is shown: its buttons, by what its model has, its soft keys, labels in its letters,
 * and the time where it stands. */
#include "flow.h"

#define ASKS(p, question, answer) (sends_empty(p, question), expect(p, answer))

/* A phone of this model, with as many lines, that is registered. */
static struct flow_phone *phone_of_model(struct flow *f, const char *model, size_t lines)
{
    struct rf_sccp_device d = flow_device(NAME_A);
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22);
    snprintf(d.model, sizeof d.model, "%s", model);
    d.call.n_lines = lines;
    for (size_t i = 0; i < lines; i++)
        snprintf(d.call.lines[i].number, sizeof d.call.lines[i].number, "30%zu", i);
    assert_err(rf_sccp_device_update(f->svc, &d, NULL), RF_OK);
    boots(a);
    return a;
}

static size_t lines_of(const struct rf_sccp_button_template *t)
{
    size_t n = 0;
    assert_int_equal(t->count, RF_SCCP_BUTTON_SLOTS);
    while (n < t->count && t->buttons[n].type == RF_SCCP_STIM_LINE) {
        assert_int_equal(t->buttons[n].instance, n + 1);
        n++;
    }
    for (size_t i = n; i < t->count; i++) {
        assert_int_equal(t->buttons[i].type, RF_SCCP_STIM_UNDEFINED);
        assert_int_equal(t->buttons[i].instance, 0);
    }
    return n;
}

/* One model of each generation, and one that no table knows. */
static void lines_stand_on_the_keys_that_a_model_has(void **state)
{
    static const struct {
        const char *model;
        size_t lines, shown;
    } rows[] = {
        {"7960", 8, 6},     {"7960", 2, 2},    {"7970", 8, 8}, {"7975", 8, 8},
        {"6941", 8, 4},     {"8945", 8, 8},    {"9971", 8, 6}, {"7940", 8, 2},
        {"CP-7911G", 3, 1}, {"unheard", 8, 8}, {"", 8, 8}, /* says that it is a 7970 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct flow *f = flow_new();
        struct flow_phone *a = phone_of_model(f, rows[i].model, rows[i].lines);
        assert_int_equal(
            lines_of(
                &ASKS(a, RF_SCCP_BUTTON_TEMPLATE_REQ, RF_SCCP_BUTTON_TEMPLATE)->button_template),
            rows[i].shown);
        assert_int_equal(
            ASKS(a, RF_SCCP_CONFIG_STAT_REQ, RF_SCCP_CONFIG_STAT)->config_stat.number_of_lines,
            rows[i].shown);
        flow_free(f);
    }
}

static const uint32_t acted_on[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                    16, 17, 18, 54, 57, 62, 63, 65, 67, 77, 78, 79, 80, 81};
#define ACTED_ON (sizeof acted_on / sizeof *acted_on)

static struct rf_sccp_softkey_template keys_of(struct flow_phone *p, uint8_t labels[ACTED_ON])
{
    struct rf_sccp_softkey_template t =
        ASKS(p, RF_SCCP_SOFTKEY_TEMPLATE_REQ, RF_SCCP_SOFTKEY_TEMPLATE_RES)->softkey_template;
    assert_int_equal(t.count, ACTED_ON);
    assert_int_equal(t.total, ACTED_ON);
    for (size_t i = 0; i < ACTED_ON; i++) {
        struct rf_rd rd = rf_rd_of(t.keys[i].label);
        uint8_t prefix = 0;
        assert_true(rf_rd_u8(&rd, &prefix) && rf_rd_u8(&rd, &labels[i]) && rf_rd_done(&rd));
        assert_int_equal(prefix, 0x80);
    }
    return t;
}

static void every_key_a_server_acts_on_is_in_the_template(void **state)
{
    struct flow *f = flow_new();
    struct flow_phone *a = phone_of_model(f, "7970", 1);
    uint8_t labels[ACTED_ON];
    struct rf_sccp_softkey_template t = keys_of(a, labels);
    for (size_t i = 0; i < ACTED_ON; i++) {
        assert_int_equal(t.keys[i].event, acted_on[i]);
        assert_int_equal(labels[i], acted_on[i]); /* its word in the phone's dictionary */
    }
    flow_free(f);
}

static void each_set_has_the_keys_of_its_state(void **state)
{
    static const uint32_t wanted[][6] = {
        [RF_SCCP_KEYSET_ON_HOOK] = {1, 2, 5},
        [RF_SCCP_KEYSET_CONNECTED] = {3, 9, 4, 13, 54},
        [RF_SCCP_KEYSET_ON_HOLD] = {10, 2, 4, 13},
        [RF_SCCP_KEYSET_RING_IN] = {11, 9},
        [RF_SCCP_KEYSET_OFF_HOOK] = {1, 9, 5, 16},
        [RF_SCCP_KEYSET_CONN_TRANS] = {3, 9, 4},
        [RF_SCCP_KEYSET_DIGITS_FOLL] = {8, 9},
        [RF_SCCP_KEYSET_CONN_CONF] = {3, 9, 13},
        [RF_SCCP_KEYSET_RING_OUT] = {9},
        [RF_SCCP_KEYSET_OFF_HOOK_FEAT] = {1, 9},
        [RF_SCCP_KEYSET_IN_USE_HINT] = {1, 2, 67, 81},
        [RF_SCCP_KEYSET_ON_HOOK_STEALABLE] = {1, 2, 10},
    };
    struct flow *f = flow_new();
    struct flow_phone *a = phone_of_model(f, "7970", 1);
    uint8_t labels[ACTED_ON];
    struct rf_sccp_softkey_template t = keys_of(a, labels);
    struct rf_sccp_softkey_set_res sets =
        ASKS(a, RF_SCCP_SOFTKEY_SET_REQ, RF_SCCP_SOFTKEY_SET_RES)->softkey_set;
    assert_int_equal(sets.count, 12);
    assert_int_equal(sets.total, 12);
    for (size_t i = 0; i < 12; i++) {
        size_t k = 0;
        for (; wanted[i][k] != 0; k++) {
            uint8_t index = sets.sets[i].template_index[k];
            assert_in_range(index, 1, ACTED_ON);
            assert_int_equal(t.keys[index - 1].event, wanted[i][k]);
            assert_int_equal(sets.sets[i].info_index[k], 300 + index);
        }
        for (; k < RF_SCCP_KEYS_PER_SET; k++) {
            assert_int_equal(sets.sets[i].template_index[k], 0);
            assert_int_equal(sets.sets[i].info_index[k], 0);
        }
    }
    const struct rf_sccp_select_softkeys *shown =
        &expect(a, RF_SCCP_SELECT_SOFTKEYS)->select_softkeys;
    assert_int_equal(shown->set_index, RF_SCCP_KEYSET_ON_HOOK);
    assert_int_equal(shown->line_instance, 0);
    flow_free(f);
}

/* A key that call control knows nothing of yet changes nothing. */
static void a_key_without_a_feature_is_ignored(void **state)
{
    struct flow *f = flow_new();
    struct flow_phone *a = phone_of_model(f, "7970", 1);
    presses(a, RF_SCCP_KEY_PARK);
    assert_true(a->is_open);
    assert_true(is_registered(f, NAME_A));
    flow_free(f);
}

static void label_is(bool utf8, const char *wanted)
{
    struct flow *f = flow_new();
    struct rf_sccp_device d = flow_device(NAME_A);
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 17);
    snprintf(d.call.lines[0].name, sizeof d.call.lines[0].name, "J\xc3\xbcrgen \xe2\x82\xac");
    assert_err(rf_sccp_device_update(f->svc, &d, NULL), RF_OK);
    a->reads_utf8 = utf8;
    boots(a);
    sends(a, &(struct rf_sccp_msg){.id = RF_SCCP_LINE_STAT_REQ, .line_stat_req.number = 1});
    assert_slice_str(expect(a, RF_SCCP_LINE_STAT_V2)->line_stat.label, wanted);
    flow_free(f);
}

static void labels_are_in_the_letters_that_a_phone_reads(void **state)
{
    label_is(true, "J\xc3\xbcrgen \xe2\x82\xac");
    label_is(false, "J\xfcrgen ?"); /* ISO 8859-1, which has no euro */
}

static void date_is(const char *date_template, const char *told)
{
    struct flow *f = flow_new();
    struct flow_phone *a = flow_phone(f, NAME_A, 'A', 22);
    rf_sccp_service_set_date_template(f->svc, date_template);
    connects(a, LINK_TLS);
    sends_register(a);
    assert_slice_str(expect(a, RF_SCCP_REGISTER_ACK)->register_ack.date_template, told);
    flow_free(f);
}

static void the_date_is_shown_as_the_site_likes_it(void **state)
{
    date_is("D.M.Y", "D.M.Y");
    date_is("M/D/YA", "M/D/YA");
    date_is("D-M-YY", "D-M-YY");
    date_is("D/M/YYA", "D/M/YA"); /* there are six bytes */
}

static struct rf_sccp_define_time_date time_in(const char *zone)
{
    struct flow *f = flow_new();
    if (zone != NULL)
        rf_sccp_service_set_time_zone(f->svc, zone);
    struct flow_phone *a = phone_of_model(f, "7970", 1);
    struct rf_sccp_define_time_date t =
        ASKS(a, RF_SCCP_TIME_DATE_REQ, RF_SCCP_DEFINE_TIME_DATE)->define_time_date;
    flow_free(f);
    return t;
}

/* The pretend clock begins on 21 September 2026, 14:13:20 UTC, a Monday. */
static void the_time_is_that_of_the_zone(void **state)
{
    struct rf_sccp_define_time_date t = time_in(NULL);
    assert_int_equal(t.hour, 14);
    assert_int_equal(t.day_of_week, 1);
    uint32_t utc = t.system_time_s;
    t = time_in("W. Europe Standard/Daylight Time");
    assert_int_equal(t.hour, 16);
    assert_int_equal(t.minute, 13);
    assert_int_equal(t.system_time_s, utc);
    t = time_in("New Zealand Standard/Daylight Time");
    assert_int_equal(t.day, 22);
    assert_int_equal(t.hour, 2);
    assert_int_equal(t.day_of_week, 2);
    t = time_in("nowhere");
    assert_int_equal(t.hour, 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_stand_on_the_keys_that_a_model_has),
        cmocka_unit_test(every_key_a_server_acts_on_is_in_the_template),
        cmocka_unit_test(each_set_has_the_keys_of_its_state),
        cmocka_unit_test(a_key_without_a_feature_is_ignored),
        cmocka_unit_test(labels_are_in_the_letters_that_a_phone_reads),
        cmocka_unit_test(the_date_is_shown_as_the_site_likes_it),
        cmocka_unit_test(the_time_is_that_of_the_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
