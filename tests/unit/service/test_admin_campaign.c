/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns over the admin API: started, read page by page, paused, stopped; what is refused. */
#include "admin_world.h"

#include <unistd.h>

#include "store/store_campaign.h"
#include "trust/pwhash.h"

static void add_devices(struct world *w, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct rf_store_phone phone = {.device = {.mode = RF_STORE_ENCRYPTED}};
        snprintf(phone.device.name, sizeof phone.device.name, "SEP0000000%05u", i);
        assert_err(rf_store_device_add(w->store, &phone, WORLD_NOW, NULL, NULL), RF_OK);
    }
}

static bool said(struct world *w, const char *text)
{
    return rf_slice_find(rf_buf_slice(&w->text), rf_slice_str(text)) != SIZE_MAX;
}

static void start(struct world *w, const char *members, int status)
{
    RF_AUTO(rf_freep) char *body = rf_strf("{\"op\":\"install\",%s}", members);
    answers(w, RF_HTTP_POST, "/v1/campaigns", body, status);
}

static void a_campaign_is_started_with_what_is_usual(void **state)
{
    struct world *w = *state;
    add_devices(w, 3);
    start(w, "\"auth\":\"mic\",\"all\":true,\"name\":\"night\",\"window\":\"22:00-05:00\"", 201);
    assert_string_equal(text_of(w, "name"), "night");
    assert_int_equal(number_of(w, "members"), 3);
    assert_int_equal(w->campaign_changes, 1);
    answers(w, RF_HTTP_GET, "/v1/campaigns/night", NULL, 200);
    assert_string_equal(text_of(w, "state"), "running");
    assert_int_equal(number_of(w, "rate"), 30);
    assert_int_equal(number_of(w, "parallel"), 20);
    assert_int_equal(number_of(w, "turn_min"), 10);
    assert_int_equal(number_of(w, "complete_by_s"), WORLD_NOW + 7 * 86400);
    assert_string_equal(text_of(w, "window"), "22:00-05:00");
    assert_int_equal(number_of(w, "devices.none"), 3);
    answers(w, RF_HTTP_GET, "/v1/campaigns", NULL, 200);
    assert_string_equal(text_of(w, "campaigns.0.name"), "night");
    answers(w, RF_HTTP_GET, "/v1/status", NULL, 200);
    assert_string_equal(text_of(w, "campaigns.0.name"), "night");
}

static void its_members_are_read_page_by_page(void **state)
{
    struct world *w = *state;
    add_devices(w, 5);
    start(w, "\"auth\":\"mic\",\"all\":true,\"name\":\"x\"", 201);
    answers(w, RF_HTTP_GET, "/v1/campaigns/x/members?limit=2", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "members")), 2);
    assert_string_equal(text_of(w, "next"), "SEP000000000001");
    answers(w, RF_HTTP_GET, "/v1/campaigns/x/members?limit=2&after=SEP000000000003", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "members")), 1);
    assert_string_equal(text_of(w, "members.0.device"), "SEP000000000004");
    assert_string_equal(text_of(w, "members.0.status"), "none");
    assert_null(rf_json_str(w->json, "next"));
    refused(w, RF_HTTP_GET, "/v1/campaigns/x/members?limit=0", NULL, 400, "query");
    refused(w, RF_HTTP_GET, "/v1/campaigns/x/members?limit=1001", NULL, 400, "query");
    refused(w, RF_HTTP_GET, "/v1/campaigns/y/members", NULL, 404, "campaign-unknown");
}

static void it_is_paused_resumed_and_stopped_by_whom_the_event_says(void **state)
{
    static const char *const actions[][2] = {
        {"pause", "paused"}, {"resume", "running"}, {"stop", "stopped"}};
    struct world *w = *state;
    add_devices(w, 1);
    start(w, "\"auth\":\"mic\",\"all\":true,\"name\":\"x\"", 201);
    for (size_t i = 0; i < 3; i++) {
        RF_AUTO(rf_freep) char *body = rf_strf("{\"action\":\"%s\"}", actions[i][0]);
        answers(w, RF_HTTP_POST, "/v1/campaigns/x", body, 200);
        assert_string_equal(text_of(w, "state"), actions[i][1]);
        assert_int_equal(w->campaign_changes, 2 + i);
        answers(w, RF_HTTP_GET, "/v1/events?limit=1", NULL, 200);
        assert_string_equal(text_of(w, "events.0.category"), "campaign");
        assert_int_equal(number_of(w, "events.0.uid"), getuid());
    }
    refused(w, RF_HTTP_POST, "/v1/campaigns/x", "{\"action\":\"resume\"}", 409, "campaign-ended");
    refused(w, RF_HTTP_POST, "/v1/campaigns/x", "{\"action\":\"burn\"}", 400, "action");
    refused(w, RF_HTTP_POST, "/v1/campaigns/y", "{\"action\":\"stop\"}", 404, "campaign-unknown");
}

static void the_servers_own_one_is_paused_and_not_stopped(void **state)
{
    struct world *w = *state;
    struct rf_store_campaign c = {.op = RF_STORE_OP_INSTALL,
                                  .auth = RF_STORE_AUTH_LSC,
                                  .key_bits = 2048,
                                  .rate = 6,
                                  .created_uid = -1};
    assert_err(rf_store_renewal_set(w->store, &c, true, WORLD_NOW, NULL, NULL), RF_OK);
    refused(w, RF_HTTP_POST, "/v1/campaigns/renewal", "{\"action\":\"stop\"}", 409, "renewal-knob");
    answers(w, RF_HTTP_POST, "/v1/campaigns/renewal", "{\"action\":\"pause\"}", 200);
    assert_string_equal(text_of(w, "state"), "paused");
}

static void what_a_campaign_cannot_be_is_refused(void **state)
{
    static const struct {
        const char *members;
        int status;
        const char *code;
    } wrong[] = {
        {"\"auth\":\"mic\"", 400, "nobody"},
        {"\"auth\":\"mic\",\"all\":false", 400, "nobody"},
        {"\"auth\":\"mic\",\"all\":true,\"devices\":[\"SEP000000000000\"]", 400, "devices-both"},
        {"\"auth\":\"mic\",\"devices\":[]", 400, "devices"},
        {"\"auth\":\"mic\",\"devices\":[7]", 400, "devices"},
        {"\"auth\":\"mic\",\"devices\":[\"SEP0000000000001\"]", 400, "devices"},
        {"\"auth\":\"mic\",\"devices\":[\"SEPFFFFFFFFFFFF\"]", 404, "device-unknown"},
        {"\"auth\":\"mic\",\"all\":true,\"name\":\"Big\"", 400, "campaign-name"},
        {"\"auth\":\"mic\",\"all\":true,\"name\":\"0123456789abcdef\"", 400, "campaign-name"},
        {"\"auth\":\"mic\",\"all\":true,\"name\":\"renewal\"", 400, "campaign-name"},
        {"\"auth\":\"mic\",\"all\":true,\"rate\":0", 400, "json-range"},
        {"\"auth\":\"mic\",\"all\":true,\"window\":\"22-05\"", 400, "window"},
        {"\"auth\":\"mic\",\"all\":true,\"complete_by_s\":1", 400, "complete-by-past"},
        {"\"auth\":\"mic\",\"all\":true,\"issuer\":\"00\"", 400, "fingerprint"},
        {"\"auth\":\"mic\",\"all\":true,\"string\":\"1234\"", 400, "string-unused"},
        {"\"auth\":\"mic\",\"all\":true,\"key_bits\":512", 400, "key-size"},
        {"\"auth\":\"null\",\"all\":true", 409, "null-string-off"},
        {"\"auth\":\"string\",\"all\":true", 400, "devices-needed"},
        {"\"auth\":\"string\",\"all\":true,\"string\":\"123\"", 400, "string"},
        {"\"auth\":\"mic\",\"model\":\"none\"", 409, "campaign-empty"},
        {"\"auth\":\"mic\",\"all\":true,\"colour\":1", 400, "json-unknown"},
    };
    struct world *w = *state;
    add_devices(w, 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        RF_AUTO(rf_freep) char *body = rf_strf("{\"op\":\"install\",%s}", wrong[i].members);
        refused(w, RF_HTTP_POST, "/v1/campaigns", body, wrong[i].status, wrong[i].code);
    }
    refused(w, RF_HTTP_POST, "/v1/campaigns", "{\"op\":\"none\",\"all\":true}", 400, "op");
    assert_int_equal(w->campaign_changes, 0);
    start(w, "\"auth\":\"mic\",\"all\":true", 201); /* the twin of them all */
}

static void strings_are_drawn_shown_once_and_kept_as_hashes(void **state)
{
    struct world *w = *state;
    struct rf_store_campaign c;
    struct rf_store_names begun = {.n = 0};
    struct rf_store_capf op = {0};
    char string[16];
    add_devices(w, 2);
    start(w,
          "\"auth\":\"string\",\"name\":\"x\",\"devices\":[\"SEP000000000001\","
          "\"SEP000000000000\",\"SEP000000000001\"]",
          201);
    assert_int_equal(rf_json_len(member(w, "strings")), 2);
    assert_string_equal(text_of(w, "strings.0.device"), "SEP000000000000");
    snprintf(string, sizeof string, "%s", text_of(w, "strings.0.string"));
    assert_int_equal(strlen(string), RF_ADMIN_STRING_DIGITS);
    assert_string_not_equal(string, text_of(w, "strings.1.string"));
    answers(w, RF_HTTP_GET, "/v1/campaigns/x/members", NULL, 200);
    assert_false(said(w, string));
    assert_err(rf_store_campaign_load(w->store, "x", &c, NULL), RF_OK);
    assert_int_equal(c.parallel, 0); /* people come when they come */
    assert_int_equal(c.turn_s, 0);
    assert_err(rf_store_campaign_begin(w->store, &c, 1, WORLD_NOW, &begun, NULL), RF_OK);
    rf_store_names_fini(&begun);
    assert_err(rf_store_capf_load(w->store, "SEP000000000000", &op, NULL), RF_OK);
    assert_true(rf_pwhash_check(op.string_hash, rf_slice_str(string)));
}

static void one_string_for_all_is_taken_from_the_asker_and_not_repeated(void **state)
{
    struct world *w = *state;
    struct rf_store_campaign c;
    struct rf_store_names begun = {.n = 0};
    struct rf_store_capf op = {0};
    add_devices(w, 2);
    start(w, "\"auth\":\"string\",\"name\":\"x\",\"all\":true,\"string\":\"73910284\"", 201);
    assert_false(said(w, "73910284"));
    assert_err(rf_store_campaign_load(w->store, "x", &c, NULL), RF_OK);
    assert_err(rf_store_campaign_begin(w->store, &c, 2, WORLD_NOW, &begun, NULL), RF_OK);
    rf_store_names_fini(&begun);
    assert_err(rf_store_capf_load(w->store, "SEP000000000001", &op, NULL), RF_OK);
    assert_true(rf_pwhash_check(op.string_hash, rf_slice_str("73910284")));
}

static void a_dry_run_names_and_changes_nothing(void **state)
{
    struct world *w = *state;
    add_devices(w, 2);
    start(w, "\"auth\":\"string\",\"all\":true,\"dry_run\":true", 200);
    assert_int_equal(number_of(w, "members"), 2);
    assert_int_equal(rf_json_len(member(w, "devices")), 2);
    answers(w, RF_HTTP_GET, "/v1/campaigns", NULL, 200);
    assert_int_equal(rf_json_len(member(w, "campaigns")), 0);
    assert_int_equal(w->campaign_changes, 0);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_campaign_is_started_with_what_is_usual),
        IN_WORLD(its_members_are_read_page_by_page),
        IN_WORLD(it_is_paused_resumed_and_stopped_by_whom_the_event_says),
        IN_WORLD(the_servers_own_one_is_paused_and_not_stopped),
        IN_WORLD(what_a_campaign_cannot_be_is_refused),
        IN_WORLD(strings_are_drawn_shown_once_and_kept_as_hashes),
        IN_WORLD(one_string_for_all_is_taken_from_the_asker_and_not_repeated),
        IN_WORLD(a_dry_run_names_and_changes_nothing),
    };
    return cmocka_run_group_tests_name("admin_campaign", tests, NULL, NULL);
}
