/* SPDX-License-Identifier: Apache-2.0 */
/* Values of configurations over the admin API: what is taken, told, kept and hidden. */
#include "admin_world.h"

#include "trust/wrap.h"

#define CONFIG   "/v1/devices/" PHONE_A "/config"
#define TEMPLATE "/v1/templates"
#define SECRET   "correct-horse-battery"

static void add_device(struct world *w)
{
    answers(w, RF_HTTP_POST, "/v1/devices",
            "{\"name\":\"" PHONE_A "\",\"model\":\"8861\",\"lines\":[{\"dn\":\"2001\"}]}", 201);
}

static void config(struct world *w, const char *body)
{
    answers(w, RF_HTTP_PUT, CONFIG, body, 200);
}

static void values_are_set_by_word_and_shown_with_it(void **state)
{
    struct world *w = *state;
    add_device(w);
    config(w,
           "{\"set\":{\"vendorConfig/webAccess\":\"enabled\",\"capfList/capf/phonePort\":3805}}");
    assert_int_equal(number_of(w, "changed"), 2);
    assert_string_equal(text_of(w, "layer"), "device");
    assert_string_equal(text_of(w, "name"), PHONE_A);
    assert_string_equal(text_of(w, "values.0.path"), "capfList/capf[1]/phonePort");
    assert_string_equal(text_of(w, "values.0.value"), "3805");
    assert_string_equal(text_of(w, "values.1.value"), "0");
    assert_string_equal(text_of(w, "values.1.word"), "enabled");
    assert_string_equal(w->config_changed, "device " PHONE_A);
    struct rf_store_config_values values = {0};
    assert_err(rf_store_config_of_device(w->store, PHONE_A, &values, NULL), RF_OK);
    assert_int_equal(values.n, 2);
    rf_store_config_values_fini(&values);
    config(w, "{\"unset\":[\"vendorConfig/webAccess\",\"vendorConfig/garp\"]}");
    assert_int_equal(number_of(w, "changed"), 1);
    assert_int_equal(rf_json_len(member(w, "values")), 1);
}

/* Whoever changes what is shared sees of how many phones. */
static void a_change_says_how_many_devices_it_is_for(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *place;
        int64_t devices;
    } rows[] = {
        {"\"layer\":\"site\"", 2},
        {"\"layer\":\"model\",\"name\":\"8861\"", 2},
        {"\"layer\":\"model\",\"name\":\"7962\"", 0},
        {"\"layer\":\"profile\",\"name\":\"lobby\"", 1},
        {"\"layer\":\"profile\",\"name\":\"cellar\"", 0},
    };
    add_device(w);
    answers(w, RF_HTTP_POST, "/v1/devices",
            "{\"name\":\"" PHONE_B "\",\"model\":\"8861\",\"profile\":\"lobby\"}", 201);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_freep)
        char *body =
            rf_strf("{%s,\"set\":{\"vendorConfig/webAccess\":\"enabled\"}}", rows[i].place);
        answers(w, RF_HTTP_PUT, TEMPLATE, body, 200);
        assert_int_equal(number_of(w, "devices"), rows[i].devices);
    }
    config(w, "{\"set\":{\"vendorConfig/webAccess\":\"enabled\"}}");
    assert_int_equal(number_of(w, "devices"), 1);
}

static void what_is_so_already_changes_nothing_and_tells_nobody(void **state)
{
    struct world *w = *state;
    add_device(w);
    config(w, "{\"set\":{\"vendorConfig/webAccess\":\"0\"},\"secrets\":{\"sshPassword\":\"" SECRET
              "\"}}");
    assert_int_equal(w->config_changes, 1);
    config(
        w,
        "{\"set\":{\"vendorConfig/webAccess\":\"enabled\"},\"secrets\":{\"sshPassword\":\"" SECRET
        "\"}}");
    assert_int_equal(number_of(w, "changed"), 0);
    assert_int_equal(w->config_changes, 1);
    config(w, "{\"secrets\":{\"sshPassword\":\"" SECRET "!\"}}");
    assert_int_equal(number_of(w, "changed"), 1);
    assert_int_equal(w->config_changes, 2);
    assert_int_equal(w->config_how, RF_ADMIN_APPLY);
    /* What phones take at their start only. */
    config(w, "{\"set\":{\"networkLocale\":\"Germany\"}}");
    assert_int_equal(w->config_how, RF_ADMIN_RESET);
    config(w, "{\"set\":{\"idleTimeout\":\"5\"}}");
    assert_int_equal(w->config_how, RF_ADMIN_APPLY);
    config(w, "{\"set\":{\"devicePool/srstInfo/srstOption\":\"Disable\"}}");
    assert_int_equal(w->config_how, RF_ADMIN_RESET);
}

static void a_secret_is_kept_wrapped_and_is_nowhere_sec_72(void **state)
{
    struct world *w = *state;
    add_device(w);
    config(w, "{\"secrets\":{\"sshPassword\":\"" SECRET "\"}}");
    assert_null(strstr((const char *)w->text.p, SECRET));
    assert_string_equal(text_of(w, "values.0.path"), "sshPassword");
    assert_string_equal(text_of(w, "values.0.value"), "null");
    answers(w, RF_HTTP_GET, "/v1/events", NULL, 200);
    assert_int_equal(rf_slice_find(rf_buf_slice(&w->text), rf_slice_str(SECRET)), SIZE_MAX);
    assert_false(is_in_log(w, SECRET));
    assert_false(is_in_site(w, SECRET));
    /* But it is there. */
    struct rf_store_config_values values = {0};
    RF_AUTO(rf_secret_fini) struct rf_secret back = {0};
    char bound[RF_STORE_CONFIG_BOUND];
    assert_err(rf_store_config_of_device(w->store, PHONE_A, &values, NULL), RF_OK);
    assert_true(values.items[0].is_secret);
    rf_store_config_bound(RF_STORE_LAYER_DEVICE, PHONE_A, "sshPassword", bound);
    assert_err(rf_unwrap(&w->wrap_key, rf_slice_str(bound), rf_buf_slice(&values.items[0].value),
                         &back, NULL),
               RF_OK);
    assert_slice_str(rf_secret_slice(&back), SECRET);
    rf_store_config_values_fini(&values);
}

static void a_secret_that_was_given_in_the_open_is_refused(void **state)
{
    struct world *w = *state;
    add_device(w);
    refused(w, RF_HTTP_PUT, CONFIG, "{\"set\":{\"sshPassword\":\"" SECRET "\"}}", 400,
            "secret-in-clear");
    assert_false(is_in_log(w, SECRET));
    assert_null(strstr((const char *)w->text.p, SECRET));
    refused(w, RF_HTTP_PUT, CONFIG,
            "{\"secrets\":{\"sshPassword\":\"" SECRET SECRET SECRET SECRET "\"}}", 400,
            "value-long");
    assert_false(is_in_log(w, SECRET));
    config(w, "{\"secrets\":{\"sshPassword\":\"" SECRET "\"}}");
}

static void a_site_that_lost_its_key_takes_no_secret(void **state)
{
    struct world *w = *state;
    add_device(w);
    w->conf.wrap_key = NULL;
    world_restart(w);
    refused(w, RF_HTTP_PUT, CONFIG, "{\"secrets\":{\"sshPassword\":\"x\"}}", 409, "secret-key");
    config(w, "{\"set\":{\"sshUserId\":\"x\"}}");
}

static void unknown_paths_want_force_and_are_recorded(void **state)
{
    struct world *w = *state;
    add_device(w);
    refused(w, RF_HTTP_PUT, CONFIG, "{\"set\":{\"webAccess\":\"0\"}}", 400, "path-unknown");
    config(w, "{\"set\":{\"webAccess\":\"0\"},\"force\":true}");
    assert_true(rf_json_get(rf_json_at(member(w, "values"), 0), "forced") != NULL);
    answers(w, RF_HTTP_GET, "/v1/events", NULL, 200);
    assert_int_not_equal(rf_slice_find(rf_buf_slice(&w->text), rf_slice_str("config-forced")),
                         SIZE_MAX);
    /* One that is there may go without it. */
    config(w, "{\"unset\":[\"webAccess\"]}");
    assert_int_equal(number_of(w, "changed"), 1);
}

static void nonsense_is_refused_and_nothing_is_changed(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *body, *code;
    } rows[] = {
        {"{}", "changes"},
        {"{\"set\":{}}", "changes"},
        {"{\"set\":[]}", "json-type"},
        {"{\"unset\":{}}", "json-type"},
        {"{\"set\":{\"vendorConfig/webAccess\":[]}}", "json-type"},
        {"{\"set\":{\"vendorConfig/webAccess\":\"9\"}}", "value-word"},
        {"{\"set\":{\"a b\":\"9\"}}", "path-syntax"},
        {"{\"set\":{\"capfList/capf[9]/phonePort\":\"9\"}}", "path-index"},
        {"{\"set\":{\"deviceSecurityMode\":\"1\"}}", "path-made"},
        {"{\"set\":{\"deviceSecurityMode\":\"1\"},\"force\":true}", "path-made"},
        {"{\"set\":{\"capfList/capf/phonePort\":1,\"capfList/capf[1]/phonePort\":2}}",
         "path-twice"},
        {"{\"set\":{\"sshUserId\":\"x\"},\"unset\":[\"sshUserId\"]}", "path-twice"},
        {"{\"set\":{\"sshUserId\":\"x\",\"vendorConfig/webAccess\":\"9\"}}", "value-word"},
        {"{\"values\":{\"sshUserId\":\"x\"}}", "json-unknown"},
        {"{\"unset\":[1]}", "changes"},
    };
    add_device(w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        refused(w, RF_HTTP_PUT, CONFIG, rows[i].body, 400, rows[i].code);
    struct rf_store_config_values values = {0};
    assert_err(rf_store_config_of_device(w->store, PHONE_A, &values, NULL), RF_OK);
    assert_int_equal(values.n, 0);
    assert_int_equal(w->config_changes, 0);
    refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_B "/config", "{\"set\":{\"sshUserId\":\"x\"}}",
            404, "device-unknown");
    config(w, "{\"set\":{\"sshUserId\":\"x\"}}");
}

static void templates_have_a_place(void **state)
{
    struct world *w = *state;
    answers(w, RF_HTTP_PUT, TEMPLATE,
            "{\"layer\":\"model\",\"name\":\"8861\",\"set\":{\"vendorConfig/garp\":\"ignore\"}}",
            200);
    assert_string_equal(w->config_changed, "model 8861");
    answers(w, RF_HTTP_PUT, TEMPLATE,
            "{\"layer\":\"site\",\"set\":{\"vendorConfig/garp\":\"accept\"}}", 200);
    answers(w, RF_HTTP_GET, TEMPLATE, NULL, 200);
    assert_int_equal(rf_json_len(member(w, "templates")), 2);
    assert_string_equal(text_of(w, "templates.0.layer"), "site");
    assert_string_equal(text_of(w, "templates.1.name"), "8861");
    answers(w, RF_HTTP_GET, TEMPLATE "?layer=model&name=8861", NULL, 200);
    assert_string_equal(text_of(w, "values.0.word"), "ignore");
    answers(w, RF_HTTP_GET, TEMPLATE "?layer=model&name=7962", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "values")), 0);
    static const char *const places[] = {
        "\"layer\":\"device\",\"name\":\"" PHONE_A "\"",
        "\"layer\":\"model\"",
        "\"layer\":\"site\",\"name\":\"x\"",
        "\"layer\":\"profile\",\"name\":\"a b\"",
        "\"layer\":\"profile\",\"name\":\"12345678901234567890123456789012\"",
        "\"name\":\"x\""};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        RF_AUTO(rf_freep) char *body = rf_strf("{%s,\"set\":{\"sshUserId\":\"x\"}}", places[i]);
        refused(w, RF_HTTP_PUT, TEMPLATE, body, 400, "layer");
    }
    refused(w, RF_HTTP_GET, TEMPLATE "?layer=street", NULL, 400, "layer");
}

static void documents_and_findings_come_from_the_program(void **state)
{
    struct world *w = *state;
    add_device(w);
    answers(w, RF_HTTP_GET, CONFIG, NULL, 200);
    assert_string_equal(text_of(w, "configuration.document"), "<device/>");
    refused(w, RF_HTTP_GET, "/v1/devices/" PHONE_B "/config", NULL, 404, "device-unknown");
    answers(w, RF_HTTP_GET, "/v1/lint", NULL, 200);
    assert_string_equal(text_of(w, "findings.0.device"), PHONE_A);
    answers(w, RF_HTTP_GET, "/v1/lint?device=" PHONE_A, NULL, 200);
    assert_int_equal(rf_json_len(member(w, "findings")), 1);
    refused(w, RF_HTTP_GET, "/v1/lint?device=" PHONE_A PHONE_A, NULL, 400, "query");
    assert_int_equal(w->views, 0);
}

static void encryption_wants_a_key_or_a_way_to_one(void **state)
{
    struct world *w = *state;
    refused(w, RF_HTTP_POST, "/v1/devices",
            "{\"name\":\"" PHONE_A "\",\"model\":\"8861\",\"encrypt_config\":\"on\"}", 409,
            "encrypt-no-key");
    add_device(w);
    assert_string_equal(text_of(w, "encrypt_config"), "auto");
    refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"encrypt_config\":\"on\"}", 409,
            "encrypt-no-key");
    refused(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"encrypt_config\":\"yes\"}", 400, "value");
    answers(w, RF_HTTP_POST, "/v1/devices/" PHONE_A "/capf",
            "{\"op\":\"install\",\"auth\":\"string\"}", 200);
    snprintf(w->registered, sizeof w->registered, "%s", PHONE_A);
    unsigned before = w->resets;
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"encrypt_config\":\"on\"}", 200);
    assert_string_equal(text_of(w, "encrypt_config"), "on");
    assert_int_equal(w->resets, before + 1);
    assert_int_equal(w->reset_type, RF_ADMIN_RESET);
    answers(w, RF_HTTP_PUT, "/v1/devices/" PHONE_A, "{\"profile\":\"lobby\"}", 200);
    assert_string_equal(text_of(w, "profile"), "lobby");
    assert_string_equal(w->config_changed, "device " PHONE_A);
    answers(w, RF_HTTP_POST, "/v1/devices/" PHONE_A "/reset", "{\"type\":\"apply\"}", 200);
    assert_int_equal(w->reset_type, RF_ADMIN_APPLY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_are_set_by_word_and_shown_with_it),
        TEST(a_change_says_how_many_devices_it_is_for),
        TEST(what_is_so_already_changes_nothing_and_tells_nobody),
        TEST(a_secret_is_kept_wrapped_and_is_nowhere_sec_72),
        TEST(a_secret_that_was_given_in_the_open_is_refused),
        TEST(a_site_that_lost_its_key_takes_no_secret),
        TEST(unknown_paths_want_force_and_are_recorded),
        TEST(nonsense_is_refused_and_nothing_is_changed),
        TEST(templates_have_a_place),
        TEST(documents_and_findings_come_from_the_program),
        TEST(encryption_wants_a_key_or_a_way_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
