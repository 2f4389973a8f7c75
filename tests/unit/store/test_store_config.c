/* SPDX-License-Identifier: Apache-2.0 */
/* Values for configurations in the database: of the site, of models, profiles and devices. */
#include "store_place.h"

#define NOW 1800000000
#define A   "SEP001122334455"
#define B   "SEP00112233AABB"

static void add(struct place *p, const char *name, const char *model, const char *profile)
{
    struct rf_store_phone phone = {.device.mode = RF_STORE_ENCRYPTED};
    snprintf(phone.device.name, sizeof phone.device.name, "%s", name);
    snprintf(phone.device.model, sizeof phone.device.model, "%s", model);
    snprintf(phone.device.profile, sizeof phone.device.profile, "%s", profile);
    assert_err(rf_store_device_add(p->store, &phone, NOW, NULL, NULL), RF_OK);
}

static void set(struct place *p, enum rf_store_layer layer, const char *name, const char *path,
                const char *value)
{
    struct rf_store_config_change c = {.path = path, .value = rf_slice_str(value)};
    assert_err(rf_store_config_save(p->store, layer, name, &c, 1, NOW, NULL, NULL), RF_OK);
}

static void unset(struct place *p, enum rf_store_layer layer, const char *name, const char *path)
{
    struct rf_store_config_change c = {.path = path, .is_unset = true};
    assert_err(rf_store_config_save(p->store, layer, name, &c, 1, NOW, NULL, NULL), RF_OK);
}

/* "layer:name:path=value " of each. */
static void shows(struct place *p, const char *device, const char *want)
{
    struct rf_store_config_values values = {0};
    char got[1024] = "";
    assert_err(rf_store_config_of_device(p->store, device, &values, NULL), RF_OK);
    for (size_t i = 0; i < values.n; i++) {
        const struct rf_store_config_value *v = &values.items[i];
        size_t at = strlen(got);
        snprintf(got + at, sizeof got - at, "%s:%s:%s=%.*s ", rf_store_layer_name(v->layer),
                 v->name, v->path, (int)v->value.len, (const char *)v->value.p);
    }
    assert_string_equal(got, want);
    rf_store_config_values_fini(&values);
}

static void a_device_has_the_values_of_its_layers_in_their_order(void **state)
{
    struct place *p = *state;
    add(p, A, "7962", "lobby");
    add(p, B, "8861", "");
    set(p, RF_STORE_LAYER_DEVICE, A, "x", "4");
    set(p, RF_STORE_LAYER_PROFILE, "lobby", "x", "3");
    set(p, RF_STORE_LAYER_PROFILE, "other", "x", "no");
    set(p, RF_STORE_LAYER_MODEL, "7962", "x", "2");
    set(p, RF_STORE_LAYER_MODEL, "8861", "x", "");
    set(p, RF_STORE_LAYER_SITE, "", "x", "1");
    set(p, RF_STORE_LAYER_SITE, "", "a", "0");
    shows(p, A, "site::a=0 site::x=1 model:7962:x=2 profile:lobby:x=3 device:" A ":x=4 ");
    shows(p, B, "site::a=0 site::x=1 model:8861:x= ");
    shows(p, "SEP000000000000", "site::a=0 site::x=1 ");
    set(p, RF_STORE_LAYER_DEVICE, A, "x", "5"); /* in its place */
    unset(p, RF_STORE_LAYER_SITE, "", "a");
    unset(p, RF_STORE_LAYER_SITE, "", "a"); /* not there: fine */
    place_open(p);
    shows(p, A, "site::x=1 model:7962:x=2 profile:lobby:x=3 device:" A ":x=5 ");
}

static void values_go_with_their_device(void **state)
{
    struct place *p = *state;
    add(p, A, "7962", "lobby");
    set(p, RF_STORE_LAYER_DEVICE, A, "x", "4");
    set(p, RF_STORE_LAYER_SITE, "", "x", "1");
    assert_err(rf_store_device_remove(p->store, A, NOW, NULL, NULL), RF_OK);
    add(p, A, "7962", "");
    shows(p, A, "site::x=1 ");
}

static void a_device_keeps_its_profile_and_whether_it_is_encrypted(void **state)
{
    struct place *p = *state;
    struct rf_store_phone phone = {0};
    add(p, A, "7962", "");
    assert_err(rf_store_device_load(p->store, A, &phone, NULL), RF_OK);
    assert_int_equal(phone.device.encrypt, RF_STORE_ENCRYPT_AUTO);
    assert_string_equal(phone.device.profile, "");
    phone.device.encrypt = RF_STORE_ENCRYPT_OFF;
    snprintf(phone.device.profile, sizeof phone.device.profile, "lobby");
    assert_err(rf_store_device_change(p->store, &phone, NOW, NULL, NULL), RF_OK);
    rf_store_phone_fini(&phone);
    place_open(p);
    assert_err(rf_store_device_load(p->store, A, &phone, NULL), RF_OK);
    assert_int_equal(phone.device.encrypt, RF_STORE_ENCRYPT_OFF);
    assert_string_equal(phone.device.profile, "lobby");
    phone.device.encrypt = RF_STORE_ENCRYPT_AUTO;
    phone.device.profile[0] = '\0';
    assert_err(rf_store_device_change(p->store, &phone, NOW, NULL, NULL), RF_OK);
    rf_store_phone_fini(&phone);
    assert_err(rf_store_device_load(p->store, A, &phone, NULL), RF_OK);
    assert_int_equal(phone.device.encrypt, RF_STORE_ENCRYPT_AUTO);
    assert_string_equal(phone.device.profile, "");
    rf_store_phone_fini(&phone);
}

static void secrets_and_forced_values_are_marked(void **state)
{
    struct place *p = *state;
    bool has = true;
    static const uint8_t wrapped[] = {1, 0, 255, 0};
    struct rf_store_config_change changes[] = {
        {.path = "secret", .value = rf_slice_of(wrapped, sizeof wrapped), .is_secret = true},
        {.path = "unheard/of", .value = rf_slice_str("x"), .is_forced = true},
    };
    struct rf_store_config_values values = {0};
    add(p, A, "7962", "");
    assert_err(rf_store_config_has_secrets(p->store, &has, NULL), RF_OK);
    assert_false(has);
    assert_err(
        rf_store_config_save(p->store, RF_STORE_LAYER_DEVICE, A, changes, 2, NOW, NULL, NULL),
        RF_OK);
    assert_err(rf_store_config_list(p->store, RF_STORE_LAYER_DEVICE, A, &values, NULL), RF_OK);
    assert_int_equal(values.n, 2);
    assert_true(values.items[0].is_secret && !values.items[0].is_forced);
    assert_slice_eq(rf_buf_slice(&values.items[0].value), rf_slice_of(wrapped, sizeof wrapped));
    assert_true(!values.items[1].is_secret && values.items[1].is_forced);
    assert_int_equal(values.items[1].changed_s, NOW);
    rf_store_config_values_fini(&values);
    assert_err(rf_store_config_has_secrets(p->store, &has, NULL), RF_OK);
    assert_true(has);
}

static void changes_are_all_made_or_none(void **state)
{
    struct place *p = *state;
    static char text[RF_STORE_CONFIG_VALUE_MAX + 1];
    struct rf_why why = {0};
    add(p, A, "7962", "");
    struct rf_store_config_change changes[] = {
        {.path = "x", .value = rf_slice_str("1")},
        {.path = "y", .value = rf_slice_of(text, sizeof text)},
    };
    struct rf_store_event event = {.time_s = NOW, .uid = -1, .category = "device", .code = "c"};
    assert_refused(
        rf_store_config_save(p->store, RF_STORE_LAYER_DEVICE, A, changes, 2, NOW, &event, &why),
        RF_ERR_BAD, why, "store-value");
    shows(p, A, "");
    changes[1].value.len--;
    assert_err(
        rf_store_config_save(p->store, RF_STORE_LAYER_DEVICE, A, changes, 2, NOW, &event, NULL),
        RF_OK);
    struct rf_store_events events = {0};
    struct rf_store_event_query query = {0};
    assert_err(rf_store_event_list(p->store, &query, &events, NULL), RF_OK);
    assert_int_equal(events.n, 1);
    rf_store_events_fini(&events);
}

static void refused(struct place *p, enum rf_store_layer layer, const char *name, const char *path,
                    enum rf_err err, const char *code)
{
    struct rf_store_config_change c = {.path = path, .value = rf_slice_str("1")};
    struct rf_why why = {0};
    assert_refused(rf_store_config_save(p->store, layer, name, &c, 1, NOW, NULL, &why), err, why,
                   code);
}

static void places_have_names_and_devices_exist(void **state)
{
    struct place *p = *state;
    refused(p, RF_STORE_LAYER_DEVICE, A, "x", RF_ERR_NOT_FOUND, "device-unknown");
    refused(p, RF_STORE_LAYER_MODEL, "", "x", RF_ERR_BAD, "store-value");
    refused(p, RF_STORE_LAYER_SITE, "here", "x", RF_ERR_BAD, "store-value");
    refused(p, RF_STORE_LAYER_SITE, "", "", RF_ERR_BAD, "store-value");
    refused(p, RF_STORE_LAYER_PROFILE, "12345678901234567890123456789012", "x", RF_ERR_BAD,
            "store-value");
    set(p, RF_STORE_LAYER_PROFILE, "1234567890123456789012345678901", "x", "1");
}

static void the_number_of_values_and_of_places_is_limited(void **state)
{
    struct place *p = *state;
    struct rf_store_config_change *changes =
        rf_new_n(struct rf_store_config_change, RF_STORE_CONFIG_VALUES_MAX + 1);
    char *paths = rf_new_n(char, 16 * (RF_STORE_CONFIG_VALUES_MAX + 1));
    struct rf_why why = {0};
    for (unsigned i = 0; i <= RF_STORE_CONFIG_VALUES_MAX; i++) {
        snprintf(paths + 16 * (size_t)i, 16, "x%u", i);
        changes[i] = (struct rf_store_config_change){.path = paths + 16 * (size_t)i};
    }
    assert_refused(rf_store_config_save(p->store, RF_STORE_LAYER_SITE, "", changes,
                                        RF_STORE_CONFIG_VALUES_MAX + 1, NOW, NULL, &why),
                   RF_ERR_LIMIT, why, "store-full");
    assert_err(rf_store_config_save(p->store, RF_STORE_LAYER_SITE, "", changes,
                                    RF_STORE_CONFIG_VALUES_MAX, NOW, NULL, NULL),
               RF_OK);
    for (unsigned i = 0; i + 1 < RF_STORE_CONFIG_PLACES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%u", i);
        set(p, RF_STORE_LAYER_MODEL, name, "x", "1");
    }
    refused(p, RF_STORE_LAYER_PROFILE, "one-more", "x", RF_ERR_LIMIT, "store-full");
    struct rf_store_config_places places = {0};
    assert_err(rf_store_config_places(p->store, &places, NULL), RF_OK);
    assert_int_equal(places.n, RF_STORE_CONFIG_PLACES_MAX);
    assert_int_equal(places.items[0].layer, RF_STORE_LAYER_SITE);
    assert_int_equal(places.items[0].values, RF_STORE_CONFIG_VALUES_MAX);
    assert_string_equal(places.items[1].name, "m0");
    rf_store_config_places_fini(&places);
    rf_free(paths);
    rf_free(changes);
}

static void words_are_read_as_they_are_written(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= RF_STORE_LAYER_DEVICE; i++) {
        enum rf_store_layer layer;
        assert_true(rf_store_layer_parse(rf_store_layer_name((enum rf_store_layer)i), &layer));
        assert_int_equal(layer, i);
    }
    for (unsigned i = 0; i <= RF_STORE_ENCRYPT_ON; i++) {
        enum rf_store_encrypt e;
        assert_true(rf_store_encrypt_parse(rf_store_encrypt_name((enum rf_store_encrypt)i), &e));
        assert_int_equal(e, i);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_device_has_the_values_of_its_layers_in_their_order),
        TEST(values_go_with_their_device),
        TEST(a_device_keeps_its_profile_and_whether_it_is_encrypted),
        TEST(secrets_and_forced_values_are_marked),
        TEST(changes_are_all_made_or_none),
        TEST(places_have_names_and_devices_exist),
        TEST(the_number_of_values_and_of_places_is_limited),
        cmocka_unit_test(words_are_read_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
