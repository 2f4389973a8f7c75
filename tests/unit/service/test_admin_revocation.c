/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of revoked certificates is shown, and read again when somebody says so. */
#include "admin_world.h"

static void it_is_shown_also_in_the_status(void **state)
{
    struct world *w = *state;
    answers(w, RF_HTTP_GET, "/v1/revocation", NULL, 200);
    assert_string_equal(text_of(w, "mode"), "strict");
    answers(w, RF_HTTP_GET, "/v1/status", NULL, 200);
    assert_string_equal(text_of(w, "revocation.mode"), "strict");
}

static void lists_are_read_again_and_answered_when_they_are_in_force(void **state)
{
    struct world *w = *state;
    answers(w, RF_HTTP_POST, "/v1/revocation", "{}", 200);
    assert_int_equal(number_of(w, "uses"), 1);
    assert_int_equal(w->revocation_drops, 0);
}

static void what_cannot_be_read_changes_nothing(void **state)
{
    struct world *w = *state;
    w->revocation_fails = true;
    refused(w, RF_HTTP_POST, "/v1/revocation", "{}", 400, "crl-count");
    refused(w, RF_HTTP_POST, "/v1/revocation", "{\"file\":\"x\"}", 400, "json-unknown");
    assert_int_equal(w->revocation_uses, 0);
    assert_int_equal(w->revocation_drops, 1);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(it_is_shown_also_in_the_status),
        IN_WORLD(lists_are_read_again_and_answered_when_they_are_in_force),
        IN_WORLD(what_cannot_be_read_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
