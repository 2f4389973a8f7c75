/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware in the database: loads of models, other load servers, and what phones refused. */
#include "store_place.h"

#define NOW 1800000000
#define A   "SEP001122334455"
#define B   "SEP00112233AABB"

static struct rf_store_phone phone_of(const char *name, const char *model, const char *load)
{
    struct rf_store_phone p = {.device.mode = RF_STORE_ENCRYPTED};
    snprintf(p.device.name, sizeof p.device.name, "%s", name);
    snprintf(p.device.model, sizeof p.device.model, "%s", model);
    snprintf(p.device.load, sizeof p.device.load, "%s", load);
    return p;
}

static void add(struct place *p, const char *name, const char *model, const char *load)
{
    struct rf_store_phone phone = phone_of(name, model, load);
    assert_err(rf_store_device_add(p->store, &phone, NOW, NULL, NULL), RF_OK);
}

static struct rf_store_device device_of(struct place *p, const char *name)
{
    struct rf_store_phone phone = {0};
    assert_err(rf_store_device_load(p->store, name, &phone, NULL), RF_OK);
    struct rf_store_device d = phone.device;
    rf_store_phone_fini(&phone);
    return d;
}

static size_t n_events(struct place *p)
{
    struct rf_store_event_query query = {0};
    struct rf_store_events events = {0};
    assert_err(rf_store_event_list(p->store, &query, &events, NULL), RF_OK);
    size_t n = events.n;
    rf_store_events_fini(&events);
    return n;
}

static void a_device_has_its_own_load_or_that_of_its_model(void **state)
{
    struct place *p = *state;
    struct rf_store_event event = {.time_s = NOW, .uid = 7, .category = "image"};
    add(p, A, "7962", "");
    add(p, B, "7965", "");
    struct rf_store_device d = device_of(p, A);
    assert_string_equal(rf_store_load_of(&d), "");
    assert_err(rf_store_model_load_save(p->store, "7962", "SCCP42.9-4-2SR3-1S", NOW, &event, NULL),
               RF_OK);
    assert_int_equal(n_events(p), 1);
    place_open(p);
    d = device_of(p, A);
    assert_string_equal(d.load, "");
    assert_string_equal(d.model_load, "SCCP42.9-4-2SR3-1S");
    assert_string_equal(rf_store_load_of(&d), "SCCP42.9-4-2SR3-1S");
    d = device_of(p, B); /* of another model */
    assert_string_equal(rf_store_load_of(&d), "");
    struct rf_store_phone own = phone_of(A, "7962", "SCCP42.8-5-4S");
    assert_err(rf_store_device_change(p->store, &own, NOW, NULL, NULL), RF_OK);
    d = device_of(p, A);
    assert_string_equal(rf_store_load_of(&d), "SCCP42.8-5-4S");
    struct rf_store_phones all = {0};
    assert_err(rf_store_device_list(p->store, &all, NULL), RF_OK);
    assert_int_equal(all.n, 2);
    assert_string_equal(all.items[0].device.model_load, "SCCP42.9-4-2SR3-1S");
    rf_store_phones_fini(&all);
}

static void loads_of_models_are_listed_changed_and_forgotten(void **state)
{
    struct place *p = *state;
    struct rf_store_model_loads loads = {0};
    assert_err(rf_store_model_load_save(p->store, "8861", "sip88xx.12-8-1", NOW, NULL, NULL),
               RF_OK);
    assert_err(rf_store_model_load_save(p->store, "7962", "one", NOW, NULL, NULL), RF_OK);
    assert_err(rf_store_model_load_save(p->store, "7962", "two", NOW + 5, NULL, NULL), RF_OK);
    assert_err(rf_store_model_load_list(p->store, &loads, NULL), RF_OK);
    assert_int_equal(loads.n, 2);
    assert_string_equal(loads.items[0].model, "7962");
    assert_string_equal(loads.items[0].load, "two");
    assert_int_equal(loads.items[0].changed_s, NOW + 5);
    assert_string_equal(loads.items[1].model, "8861");
    rf_store_model_loads_fini(&loads);
    assert_err(rf_store_model_load_save(p->store, "7962", "", NOW, NULL, NULL), RF_OK);
    assert_err(rf_store_model_load_save(p->store, "never", "", NOW, NULL, NULL), RF_OK);
    assert_err(rf_store_model_load_list(p->store, &loads, NULL), RF_OK);
    assert_int_equal(loads.n, 1);
    rf_store_model_loads_fini(&loads);
}

static void loads_that_are_no_names_are_refused(void **state)
{
    struct place *p = *state;
    static const char *const bad[] = {"../x", "a/b", "a..b", "a\nb"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rf_why why = {0};
        assert_err(rf_store_model_load_save(p->store, "7962", bad[i], NOW, NULL, &why), RF_ERR_BAD);
        assert_string_equal(why.code, "store-value");
        struct rf_store_phone phone = phone_of(A, "7962", bad[i]);
        assert_err(rf_store_device_add(p->store, &phone, NOW, NULL, &why), RF_ERR_BAD);
    }
    assert_err(rf_store_model_load_save(p->store, "", "a", NOW, NULL, NULL), RF_ERR_BAD);
    assert_err(rf_store_model_load_save(p->store, "7962", "a.b", NOW, NULL, NULL), RF_OK);
    char model[16];
    for (int i = 1; i < RF_STORE_MODEL_LOADS_MAX; i++) {
        snprintf(model, sizeof model, "m%d", i);
        assert_err(rf_store_model_load_save(p->store, model, "a", NOW, NULL, NULL), RF_OK);
    }
    struct rf_why why = {0};
    assert_err(rf_store_model_load_save(p->store, "one-more", "a", NOW, NULL, &why), RF_ERR_LIMIT);
    assert_string_equal(why.code, "store-full");
    assert_err(rf_store_model_load_save(p->store, "7962", "b", NOW, NULL, NULL), RF_OK);
}

static void a_load_server_goes_with_its_device(void **state)
{
    struct place *p = *state;
    struct rf_store_phone phone = phone_of(A, "7962", "");
    snprintf(phone.device.load_server, sizeof phone.device.load_server, "files.example");
    assert_err(rf_store_device_add(p->store, &phone, NOW, NULL, NULL), RF_OK);
    assert_string_equal(device_of(p, A).load_server, "files.example");
    snprintf(phone.device.load_server, sizeof phone.device.load_server, "192.0.2.1");
    assert_err(rf_store_device_change(p->store, &phone, NOW, NULL, NULL), RF_OK);
    place_open(p);
    assert_string_equal(device_of(p, A).load_server, "192.0.2.1");
    phone.device.load_server[0] = '\0';
    assert_err(rf_store_device_change(p->store, &phone, NOW, NULL, NULL), RF_OK);
    assert_string_equal(device_of(p, A).load_server, "");
    snprintf(phone.device.load_server, sizeof phone.device.load_server, "again");
    assert_err(rf_store_device_change(p->store, &phone, NOW, NULL, NULL), RF_OK);
    assert_err(rf_store_device_remove(p->store, A, NOW, NULL, NULL), RF_OK);
    add(p, A, "7962", "");
    assert_string_equal(device_of(p, A).load_server, ""); /* not that of the one before */
}

static struct rf_store_refused refused_of(const char *device, const char *reason, const char *how)
{
    struct rf_store_refused r = {0};
    snprintf(r.device, sizeof r.device, "%s", device);
    snprintf(r.load, sizeof r.load, "new");
    snprintf(r.running, sizeof r.running, "old");
    snprintf(r.reason, sizeof r.reason, "%s", reason);
    snprintf(r.how, sizeof r.how, "%s", how);
    return r;
}

static bool note(struct place *p, const struct rf_store_refused *r, int64_t now_s)
{
    struct rf_store_event event = {.time_s = now_s, .uid = -1, .category = "image"};
    bool is_new = false;
    assert_err(rf_store_refused_note(p->store, r, now_s, &event, &is_new, NULL), RF_OK);
    return is_new;
}

static void what_a_phone_says_outweighs_what_it_only_does(void **state)
{
    struct place *p = *state;
    struct rf_store_refused got;
    add(p, A, "7962", "new");
    struct rf_store_refused runs = refused_of(A, "not-taken", "registration");
    struct rf_store_refused says = refused_of(A, "hardware", "alarm");
    snprintf(says.file, sizeof says.file, "rfapp.2.0.sbn");
    assert_true(note(p, &runs, NOW));
    assert_false(note(p, &runs, NOW + 1)); /* the same again is counted, not told */
    assert_true(note(p, &says, NOW + 2));
    assert_false(note(p, &runs, NOW + 3));
    assert_false(note(p, &says, NOW + 4));
    assert_int_equal(n_events(p), 2);
    place_open(p);
    assert_err(rf_store_refused_load(p->store, A, &got, NULL), RF_OK);
    assert_string_equal(got.reason, "hardware");
    assert_string_equal(got.how, "alarm");
    assert_string_equal(got.file, "rfapp.2.0.sbn");
    assert_string_equal(got.running, "old");
    assert_int_equal(got.count, 3);
    assert_int_equal(got.first_s, NOW + 2);
    assert_int_equal(got.last_s, NOW + 4);
    /* Another load is another matter. */
    snprintf(runs.load, sizeof runs.load, "newer");
    assert_true(note(p, &runs, NOW + 5));
    assert_err(rf_store_refused_load(p->store, A, &got, NULL), RF_OK);
    assert_string_equal(got.load, "newer");
    assert_string_equal(got.how, "registration");
    assert_int_equal(got.count, 1);
}

static void what_was_refused_is_forgotten_when_it_runs_or_goes(void **state)
{
    struct place *p = *state;
    struct rf_store_refuseds all = {0};
    struct rf_store_refused got, a = refused_of(A, "hardware", "alarm"),
                                 b = refused_of(B, "checksum", "alarm");
    struct rf_why why = {0};
    add(p, A, "7962", "");
    assert_err(rf_store_refused_note(p->store, &b, NOW, NULL, NULL, &why), RF_ERR_NOT_FOUND);
    assert_string_equal(why.code, "device-unknown");
    why = (struct rf_why){0};
    add(p, B, "7962", "");
    assert_true(note(p, &a, NOW));
    assert_true(note(p, &b, NOW));
    assert_err(rf_store_refused_list(p->store, &all, NULL), RF_OK);
    assert_int_equal(all.n, 2);
    assert_string_equal(all.items[0].device, A);
    rf_store_refuseds_fini(&all);
    assert_err(rf_store_refused_clear(p->store, A, NULL), RF_OK);
    assert_err(rf_store_refused_clear(p->store, A, NULL), RF_OK);
    assert_err(rf_store_refused_load(p->store, A, &got, &why), RF_ERR_NOT_FOUND);
    assert_string_equal(why.code, "refused-unknown");
    assert_err(rf_store_device_remove(p->store, B, NOW, NULL, NULL), RF_OK);
    assert_err(rf_store_refused_list(p->store, &all, NULL), RF_OK);
    assert_int_equal(all.n, 0);
    a.reason[0] = '\0';
    assert_err(rf_store_refused_note(p->store, &a, NOW, NULL, NULL, NULL), RF_ERR_BAD);
}

int main(void)
{
#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        AT_PLACE(a_device_has_its_own_load_or_that_of_its_model),
        AT_PLACE(loads_of_models_are_listed_changed_and_forgotten),
        AT_PLACE(loads_that_are_no_names_are_refused),
        AT_PLACE(a_load_server_goes_with_its_device),
        AT_PLACE(what_a_phone_says_outweighs_what_it_only_does),
        AT_PLACE(what_was_refused_is_forgotten_when_it_runs_or_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
