/* SPDX-License-Identifier: Apache-2.0 */
/* Survivable routers: references, who uses which, and what is heard of them. */
#include <time.h>

#include "store_place.h"

#include <sqlite3.h>

#include "store/store_call.h"
#include "store/store_srst.h"

#define NOW 1800000000
#define A   "SEP001122334455"
#define B   "SEP00112233AABB"
#define C   "SEP00112233CCCC"

/* `call` gives its reason in `why`. */
#define REFUSED(call, want, code)                                                                  \
    do {                                                                                           \
        struct rf_why why = {0};                                                                   \
        assert_refused(call, want, why, code);                                                     \
    } while (0)
#define SET(to, text) snprintf(to, sizeof(to), "%s", text)

static struct rf_store_srst srst_of(const char *name, const char *cert)
{
    struct rf_store_srst s = {.sccp_port = 2000, .provider_port = 2445, .added_s = NOW};
    SET(s.name, name);
    SET(s.host, "192.0.2.9");
    s.cert_len = strlen(cert);
    memcpy(s.cert, cert, s.cert_len);
    return s;
}

static void save(struct place *p, const char *name, const char *cert)
{
    struct rf_store_srst s = srst_of(name, cert);
    assert_err(rf_store_srst_save(p->store, &s, NULL, NULL), RF_OK);
}

static void add_device(struct place *p, const char *name, const char *profile)
{
    struct rf_store_phone phone = {.device = {.mode = RF_STORE_ENCRYPTED, .has_srtp = true}};
    SET(phone.device.name, name);
    SET(phone.device.profile, profile);
    assert_err(rf_store_device_add(p->store, &phone, NOW, NULL, NULL), RF_OK);
}

static enum rf_err use(struct place *p, enum rf_store_layer layer, const char *name,
                       const char *srst, struct rf_why *why)
{
    return rf_store_srst_use_set(p->store, layer, name, srst, NULL, why);
}

static void assert_uses(struct place *p, const char *device, const char *srst)
{
    struct rf_store_srst s = {.name = ""};
    if (srst == NULL) {
        REFUSED(rf_store_srst_use_of_device(p->store, device, &s, &why), RF_ERR_NOT_FOUND,
                "srst-none");
        return;
    }
    assert_err(rf_store_srst_use_of_device(p->store, device, &s, NULL), RF_OK);
    assert_string_equal(s.name, srst);
}

/* ---- references ---- */

static void a_reference_is_kept_and_changed(void **state)
{
    struct place *p = *state;
    struct rf_store_srst s;
    struct rf_store_srsts all = {0};
    save(p, "branch2", "der-2");
    save(p, "branch1", "der-1");
    assert_err(
        rf_store_srst_seen(p->store, "branch1", RF_STORE_SRST_NORMAL, 3, NOW, NULL, NULL, NULL),
        RF_OK);
    place_open(p);
    save(p, "branch1", "another certificate"); /* what is known of the router stays */
    assert_err(rf_store_srst_load(p->store, "branch1", &s, NULL), RF_OK);
    assert_string_equal(s.host, "192.0.2.9");
    assert_int_equal(s.sccp_port, 2000);
    assert_int_equal(s.provider_port, 2445);
    assert_int_equal(s.added_s, NOW);
    assert_slice_eq(rf_slice_of(s.cert, s.cert_len), rf_slice_str("another certificate"));
    assert_int_equal(s.state, RF_STORE_SRST_NORMAL);
    assert_int_equal(s.phones, 3);
    assert_err(rf_store_srst_list(p->store, &all, NULL), RF_OK);
    assert_int_equal(all.n, 2);
    assert_string_equal(all.items[0].name, "branch1");
    assert_string_equal(all.items[1].name, "branch2");
    assert_int_equal(all.items[1].state, RF_STORE_SRST_NEVER_SEEN);
    rf_store_srsts_fini(&all);
}

static void a_reference_that_cannot_be_is_refused(void **state)
{
    static const char *const names[] = {
        "", "none", "inherit", "a b", "../x", "a.b", "-a", "abcdefghijklmnopqrstuvwxyz012345"};
    struct place *p = *state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct rf_store_srst s = srst_of("x", "der");
        memcpy(s.name, names[i],
               strlen(names[i]) < sizeof s.name ? strlen(names[i]) + 1 : sizeof s.name);
        REFUSED(rf_store_srst_save(p->store, &s, NULL, &why), RF_ERR_BAD, "store-value");
    }
    struct rf_store_srst s = srst_of("x", "");
    REFUSED(rf_store_srst_save(p->store, &s, NULL, &why), RF_ERR_BAD, "store-value");
    s.cert_len = RF_STORE_SRST_DER_MAX + 1;
    REFUSED(rf_store_srst_save(p->store, &s, NULL, &why), RF_ERR_BAD, "store-value");
    s.cert_len = RF_STORE_SRST_DER_MAX;
    s.sccp_port = RF_STORE_SRST_PORT_MAX + 1;
    REFUSED(rf_store_srst_save(p->store, &s, NULL, &why), RF_ERR_BAD, "store-value");
    s.sccp_port = RF_STORE_SRST_PORT_MAX;
    s.host[0] = '\0';
    REFUSED(rf_store_srst_save(p->store, &s, NULL, &why), RF_ERR_BAD, "store-value");
    SET(s.host, "192.0.2.9");
    assert_err(rf_store_srst_save(p->store, &s, NULL, NULL), RF_OK);
    REFUSED(rf_store_srst_load(p->store, "y", &s, &why), RF_ERR_NOT_FOUND, "srst-unknown");
}

static void so_many_references_and_no_more(void **state)
{
    struct place *p = *state;
    char name[16];
    assert_err(rf_store_together(p->store, NULL), RF_OK);
    for (int i = 0; i < RF_STORE_SRSTS_MAX; i++) {
        snprintf(name, sizeof name, "b%d", i);
        save(p, name, "der");
    }
    assert_err(rf_store_together_end(p->store, NULL), RF_OK);
    struct rf_store_srst s = srst_of("one-more", "der");
    REFUSED(rf_store_srst_save(p->store, &s, NULL, &why), RF_ERR_LIMIT, "store-full");
    save(p, "b0", "one that is there may be changed");
}

/* ---- who uses which ---- */

static void a_device_goes_before_its_profile_and_that_before_the_site(void **state)
{
    struct place *p = *state;
    save(p, "one", "der");
    save(p, "two", "der");
    save(p, "three", "der");
    add_device(p, A, "lobby");
    add_device(p, B, "");
    assert_uses(p, A, NULL);
    assert_err(use(p, RF_STORE_LAYER_SITE, "", "one", NULL), RF_OK);
    assert_uses(p, A, "one");
    assert_uses(p, B, "one");
    assert_err(use(p, RF_STORE_LAYER_PROFILE, "lobby", "two", NULL), RF_OK);
    assert_uses(p, A, "two");
    assert_uses(p, B, "one");
    assert_err(use(p, RF_STORE_LAYER_DEVICE, A, "three", NULL), RF_OK);
    assert_uses(p, A, "three");
    /* none ends it, whatever is below; to inherit lets what is below count again */
    assert_err(use(p, RF_STORE_LAYER_DEVICE, A, "", NULL), RF_OK);
    assert_uses(p, A, NULL);
    assert_err(use(p, RF_STORE_LAYER_DEVICE, A, NULL, NULL), RF_OK);
    assert_uses(p, A, "two");
    assert_err(use(p, RF_STORE_LAYER_PROFILE, "lobby", "", NULL), RF_OK);
    assert_uses(p, A, NULL);
    assert_uses(p, B, "one");
    assert_uses(p, C, NULL); /* no device */
}

static void users_are_counted_and_listed(void **state)
{
    struct place *p = *state;
    struct rf_store_srsts all = {0};
    struct rf_store_srst_users users = {0};
    struct rf_store_srst_uses uses = {0};
    save(p, "one", "der");
    save(p, "two", "der");
    add_device(p, A, "lobby");
    add_device(p, B, "");
    add_device(p, C, "");
    assert_err(use(p, RF_STORE_LAYER_SITE, "", "one", NULL), RF_OK);
    assert_err(use(p, RF_STORE_LAYER_PROFILE, "lobby", "two", NULL), RF_OK);
    assert_err(use(p, RF_STORE_LAYER_DEVICE, B, "", NULL), RF_OK);
    assert_err(rf_store_srst_list(p->store, &all, NULL), RF_OK);
    assert_int_equal(all.items[0].devices, 1);
    assert_int_equal(all.items[1].devices, 1);
    rf_store_srsts_fini(&all);
    assert_err(rf_store_srst_devices_of(p->store, "one", &users, NULL), RF_OK);
    assert_int_equal(users.n, 1);
    assert_string_equal(users.items[0].device, C);
    rf_store_srst_users_fini(&users);
    assert_err(rf_store_srst_devices_of(p->store, NULL, &users, NULL), RF_OK);
    assert_int_equal(users.n, 3);
    assert_string_equal(users.items[0].srst, "two");
    assert_string_equal(users.items[1].srst, "");
    rf_store_srst_users_fini(&users);
    assert_err(rf_store_srst_use_list(p->store, &uses, NULL), RF_OK);
    assert_int_equal(uses.n, 3);
    assert_string_equal(uses.items[1].name, "lobby");
    rf_store_srst_uses_fini(&uses);
    assert_err(rf_store_device_remove(p->store, B, NOW, NULL, NULL), RF_OK);
    assert_err(rf_store_srst_use_list(p->store, &uses, NULL), RF_OK);
    assert_int_equal(uses.n, 2); /* what was said of a device goes with it */
    rf_store_srst_uses_fini(&uses);
}

static void a_use_that_cannot_be_is_refused(void **state)
{
    struct place *p = *state;
    save(p, "one", "der");
    add_device(p, A, "");
    REFUSED(use(p, RF_STORE_LAYER_SITE, "", "two", &why), RF_ERR_NOT_FOUND, "srst-unknown");
    REFUSED(use(p, RF_STORE_LAYER_DEVICE, B, "one", &why), RF_ERR_NOT_FOUND, "device-unknown");
    REFUSED(use(p, RF_STORE_LAYER_MODEL, "8861", "one", &why), RF_ERR_BAD, "store-value");
    REFUSED(use(p, RF_STORE_LAYER_SITE, "x", "one", &why), RF_ERR_BAD, "store-value");
    REFUSED(use(p, RF_STORE_LAYER_PROFILE, "", "one", &why), RF_ERR_BAD, "store-value");
    assert_uses(p, A, NULL);
    assert_err(use(p, RF_STORE_LAYER_DEVICE, A, "one", NULL), RF_OK);
}

static void one_that_is_used_is_not_removed_but_by_force(void **state)
{
    struct place *p = *state;
    save(p, "one", "der");
    add_device(p, A, "");
    assert_err(use(p, RF_STORE_LAYER_DEVICE, A, "one", NULL), RF_OK);
    REFUSED(rf_store_srst_remove(p->store, "one", false, NULL, &why), RF_ERR_DENIED, "srst-used");
    assert_uses(p, A, "one");
    assert_err(rf_store_srst_remove(p->store, "one", true, NULL, NULL), RF_OK);
    assert_uses(p, A, NULL);
    save(p, "one", "der");
    assert_uses(p, A, NULL); /* it does not come back by its name */
    assert_err(rf_store_srst_remove(p->store, "one", false, NULL, NULL), RF_OK);
    REFUSED(rf_store_srst_remove(p->store, "one", true, NULL, &why), RF_ERR_NOT_FOUND,
            "srst-unknown");
}

static void only_what_configurations_depend_on_makes_them_new(void **state)
{
    struct place *p = *state;
    uint64_t serial = 0;
    static const uint8_t sha[32] = {1};
    save(p, "one", "der");
    uint64_t was = rf_store_generation(p->store);
    assert_err(rf_store_srst_seen(p->store, "one", RF_STORE_SRST_NORMAL, 0, NOW, NULL, NULL, NULL),
               RF_OK);
    assert_err(rf_store_srst_serial(p->store, "one", sha, 0, &serial, NULL), RF_OK);
    assert_int_equal(rf_store_generation(p->store), was);
    assert_err(use(p, RF_STORE_LAYER_SITE, "", "one", NULL), RF_OK);
    assert_int_not_equal(rf_store_generation(p->store), was);
    was = rf_store_generation(p->store);
    save(p, "one", "another");
    assert_int_not_equal(rf_store_generation(p->store), was);
}

/* ---- the router ---- */

static size_t events(struct place *p)
{
    struct rf_store_event_query query = {0};
    struct rf_store_events all = {0};
    assert_err(rf_store_event_list(p->store, &query, &all, NULL), RF_OK);
    size_t n = all.n;
    rf_store_events_fini(&all);
    return n;
}

static void a_state_counts_from_when_it_came(void **state)
{
    struct place *p = *state;
    struct rf_store_event event = {.severity = RF_STORE_WARN, .category = "srst", .text = "x"};
    struct rf_store_srst s;
    bool changed = false;
    save(p, "one", "der");
    assert_err(
        rf_store_srst_seen(p->store, "one", RF_STORE_SRST_FALLBACK, 7, NOW, &event, &changed, NULL),
        RF_OK);
    assert_true(changed);
    assert_err(rf_store_srst_seen(p->store, "one", RF_STORE_SRST_FALLBACK, 8, NOW + 10, &event,
                                  &changed, NULL),
               RF_OK);
    assert_false(changed);
    assert_int_equal(events(p), 1);
    assert_err(rf_store_srst_load(p->store, "one", &s, NULL), RF_OK);
    assert_int_equal(s.since_s, NOW);
    assert_int_equal(s.seen_s, NOW + 10);
    assert_int_equal(s.phones, 8);
    assert_err(rf_store_srst_seen(p->store, "one", RF_STORE_SRST_UNREACHABLE, 0, NOW + 60, &event,
                                  NULL, NULL),
               RF_OK);
    assert_err(rf_store_srst_load(p->store, "one", &s, NULL), RF_OK);
    assert_string_equal(rf_store_srst_state_name(s.state), "unreachable");
    assert_int_equal(s.since_s, NOW + 60);
    assert_int_equal(s.seen_s, NOW + 10);
    assert_int_equal(s.phones, 8);
    assert_int_equal(events(p), 2);
    REFUSED(rf_store_srst_seen(p->store, "two", RF_STORE_SRST_NORMAL, 0, NOW, NULL, NULL, &why),
            RF_ERR_NOT_FOUND, "srst-unknown");
}

static void a_snapshot_has_another_number_when_it_says_something_else(void **state)
{
    struct place *p = *state;
    static const uint8_t sha[3][32] = {{1}, {2}, {1}};
    uint64_t serial = 0, last = (uint64_t)time(NULL) - 1;
    save(p, "one", "der");
    for (uint64_t i = 0; i < 3; i++) { /* by the clock: also one made anew goes on behind these */
        assert_err(rf_store_srst_serial(p->store, "one", sha[i], 0, &serial, NULL), RF_OK);
        assert_true(serial > last);
        last = serial;
        assert_err(rf_store_srst_serial(p->store, "one", sha[i], 0, &serial, NULL), RF_OK);
        assert_int_equal(serial, last);
    }
    REFUSED(rf_store_srst_serial(p->store, "two", sha[0], 0, &serial, &why), RF_ERR_NOT_FOUND,
            "srst-unknown");
    assert_int_equal(serial, last);
}

/* This database came out of a backup: its router has what was made after that. */
static void a_snapshot_is_above_the_one_that_its_router_holds(void **state)
{
    struct place *p = *state;
    static const uint8_t sha[2][32] = {{1}, {2}};
    const uint64_t later = (uint64_t)time(NULL) + 1000000;
    uint64_t first = 0, serial = 0;
    save(p, "one", "der");
    assert_err(rf_store_srst_serial(p->store, "one", sha[0], 0, &first, NULL), RF_OK);
    assert_err(rf_store_srst_serial(p->store, "one", sha[0], first - 1, &serial, NULL), RF_OK);
    assert_int_equal(serial, first); /* an older one */
    assert_err(rf_store_srst_serial(p->store, "one", sha[0], first, &serial, NULL), RF_OK);
    assert_int_equal(serial, first); /* this one */
    assert_err(rf_store_srst_serial(p->store, "one", sha[0], later, &serial, NULL), RF_OK);
    assert_int_equal(serial, later + 1); /* a later one, with the same content as ours or not */
    for (unsigned i = 0; i < 3; i++) {   /* once, however often the router still says it */
        assert_err(rf_store_srst_serial(p->store, "one", sha[0], later, &serial, NULL), RF_OK);
        assert_int_equal(serial, later + 1);
    }
    assert_err(rf_store_srst_serial(p->store, "one", sha[1], later, &serial, NULL), RF_OK);
    assert_int_equal(serial, later + 2);
    /* A number that leaves no room for others is no word of ours. */
    REFUSED(
        rf_store_srst_serial(p->store, "one", sha[1], RF_STORE_SRST_SERIAL_MAX + 1, &serial, &why),
        RF_ERR_BAD, "store-value");
    assert_err(
        rf_store_srst_serial(p->store, "one", sha[1], RF_STORE_SRST_SERIAL_MAX, &serial, NULL),
        RF_OK);
    assert_int_equal(serial, RF_STORE_SRST_SERIAL_MAX + 1);
    assert_err(rf_store_srst_serial(p->store, "one", sha[0], 0, &serial, NULL), RF_OK);
    assert_int_equal(serial, RF_STORE_SRST_SERIAL_MAX + 2);
}

/* ---- the schema before ---- */

/* Records keep their ids, and the next one is none that was there. */
static void records_of_the_schema_before_are_taken_over(void **state)
{
    struct place *p = *state;
    sqlite3 *db = NULL;
    struct rf_store_event_query query = {0};
    struct rf_store_calls calls = {0};
    struct rf_store_call c = {.run = 1, .start_s = NOW, .end_s = NOW};
    SET(c.cause, "normal");
    SET(c.security, "encrypted");
    for (c.call = 1; c.call <= 3; c.call++)
        assert_err(rf_store_call_add(p->store, &c, 1, NULL), RF_OK);
    rf_store_close(p->store);
    p->store = NULL;
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
                     "DROP TABLE srst; DROP TABLE srst_use; DROP TRIGGER "
                     "srst_use_device; DROP TABLE capf_failure; DROP TABLE member_string; "
                     "DROP INDEX call_record_origin; "
                     "ALTER TABLE call_record DROP COLUMN origin; "
                     "ALTER TABLE call_record DROP COLUMN origin_id; "
                     "DELETE FROM call_record WHERE id = 3; PRAGMA user_version = 4",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    place_open(p);
    assert_int_equal(rf_store_schema(p->store), rf_store_schema_newest());
    assert_err(rf_store_call_add(p->store, &c, 1, NULL), RF_OK);
    assert_err(rf_store_call_list(p->store, &query, &calls, NULL), RF_OK);
    assert_int_equal(calls.n, 3);
    assert_int_equal(calls.items[0].id, 1);
    assert_int_equal(calls.items[1].id, 2);
    assert_int_equal(calls.items[2].id, 4);
    rf_store_calls_fini(&calls);
}

#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_PLACE(a_reference_is_kept_and_changed),
        AT_PLACE(a_reference_that_cannot_be_is_refused),
        AT_PLACE(so_many_references_and_no_more),
        AT_PLACE(a_device_goes_before_its_profile_and_that_before_the_site),
        AT_PLACE(users_are_counted_and_listed),
        AT_PLACE(a_use_that_cannot_be_is_refused),
        AT_PLACE(one_that_is_used_is_not_removed_but_by_force),
        AT_PLACE(only_what_configurations_depend_on_makes_them_new),
        AT_PLACE(a_state_counts_from_when_it_came),
        AT_PLACE(a_snapshot_has_another_number_when_it_says_something_else),
        AT_PLACE(a_snapshot_is_above_the_one_that_its_router_holds),
        AT_PLACE(records_of_the_schema_before_are_taken_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
