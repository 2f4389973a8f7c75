/* SPDX-License-Identifier: Apache-2.0 */
/* Phones that nobody added, quarantine, what devices fetched, and the number that changes with what
 * configurations depend on. */
#include "store/store_seen.h"
#include "store_place.h"

#define A "SEP001122334455"
#define B "SEP001122334466"

static bool note(struct place *p, const char *name, const char *asked, int64_t at_s)
{
    struct rf_store_pending seen = {.address = "192.0.2.1", .last_s = at_s};
    bool is_new = false;
    snprintf(seen.name, sizeof seen.name, "%s", name);
    snprintf(seen.asked, sizeof seen.asked, "%s", asked);
    assert_err(rf_store_pending_note(p->store, &seen, 1, &is_new, NULL), RF_OK);
    return is_new;
}

static struct rf_store_phone phone(const char *name)
{
    struct rf_store_phone d = {.device.model = "8861"};
    snprintf(d.device.name, sizeof d.device.name, "%s", name);
    return d;
}

static void add(struct place *p, const char *name)
{
    struct rf_store_phone d = phone(name);
    assert_err(rf_store_device_add(p->store, &d, 1, NULL, NULL), RF_OK);
}

static void a_phone_that_nobody_added_is_noted_until_it_is(void **state)
{
    struct place *p = *state;
    struct rf_store_pending one;
    struct rf_why why = {0};
    assert_refused(rf_store_pending_load(p->store, A, &one, &why), RF_ERR_NOT_FOUND, why,
                   "pending-unknown");
    assert_true(note(p, A, "SEP001122334455.cnf.xml.sgn", 10));
    assert_false(note(p, A, "SEP001122334455.cnf.xml", 20));
    assert_false(note(p, A, "SEP001122334455.cnf.xml.sgn", 30));
    assert_true(note(p, B, "SEP001122334466.cnf.xml", 15));
    assert_err(rf_store_pending_load(p->store, A, &one, NULL), RF_OK);
    assert_int_equal(one.first_s, 10);
    assert_int_equal(one.last_s, 30);
    assert_int_equal(one.count, 3);
    assert_string_equal(one.address, "192.0.2.1");
    assert_string_equal(one.asked, "SEP001122334455.cnf.xml.sgn SEP001122334455.cnf.xml");
    struct rf_store_pendings all = {0};
    assert_err(rf_store_pending_list(p->store, &all, NULL), RF_OK);
    assert_int_equal(all.n, 2);
    assert_string_equal(all.items[0].name, A); /* asked last */
    rf_store_pendings_fini(&all);
    add(p, A);
    why = (struct rf_why){0};
    assert_refused(rf_store_pending_load(p->store, A, &one, &why), RF_ERR_NOT_FOUND, why,
                   "pending-unknown");
    assert_err(rf_store_pending_load(p->store, B, &one, NULL), RF_OK);
}

static void the_pending_take_a_bounded_room(void **state)
{
    struct place *p = *state;
    char name[RF_STORE_DEVICE_NAME];
    for (unsigned i = 0; i < RF_STORE_PENDING_MAX + 5; i++) {
        snprintf(name, sizeof name, "SEP%012u", i);
        note(p, name, "a", 100 + i);
    }
    struct rf_store_pendings all = {0};
    assert_err(rf_store_pending_list(p->store, &all, NULL), RF_OK);
    assert_int_equal(all.n, RF_STORE_PENDING_MAX);
    assert_string_equal(all.items[0].name, name);
    assert_string_equal(all.items[all.n - 1].name, "SEP000000000005");
    rf_store_pendings_fini(&all);
    /* So do the names of files that one of them thinks of. */
    for (unsigned i = 0; i < 100; i++) {
        char asked[32];
        snprintf(asked, sizeof asked, "file-number-%u", i);
        note(p, name, asked, 5000);
    }
    struct rf_store_pending one;
    assert_err(rf_store_pending_load(p->store, name, &one, NULL), RF_OK);
    assert_int_equal(one.count, 101);
    assert_true(strlen(one.asked) < sizeof one.asked);
}

static void sec_122_whoever_is_in_quarantine_has_no_security_and_no_lines(void **state)
{
    struct place *p = *state;
    struct rf_store_line line = {.index = 1, .dn = "2001"};
    struct rf_store_phone d = phone(A);
    struct rf_why why = {0};
    d.device.is_quarantined = true;
    d.device.mode = RF_STORE_ENCRYPTED;
    assert_refused(rf_store_device_add(p->store, &d, 1, NULL, &why), RF_ERR_DENIED, why,
                   "device-quarantined");
    d.device.mode = RF_STORE_NONSECURE;
    d.lines = &line;
    d.n_lines = 1;
    why = (struct rf_why){0};
    assert_refused(rf_store_device_add(p->store, &d, 1, NULL, &why), RF_ERR_DENIED, why,
                   "device-quarantined");
    d.n_lines = 0;
    assert_err(rf_store_device_add(p->store, &d, 1, NULL, NULL), RF_OK);
    /* Nor a certificate, which would be an identity. */
    struct rf_store_capf op = {.device = A, .op = RF_STORE_OP_INSTALL, .auth = RF_STORE_AUTH_NULL};
    why = (struct rf_why){0};
    assert_refused(rf_store_capf_schedule(p->store, &op, 2, NULL, NULL, &why), RF_ERR_DENIED, why,
                   "device-quarantined");
    struct rf_store_phone found = {0};
    assert_err(rf_store_device_load(p->store, A, &found, NULL), RF_OK);
    assert_true(found.device.is_quarantined);
    rf_store_phone_fini(&found);
    /* There are not many of them. */
    for (unsigned i = 1; i <= RF_STORE_QUARANTINE_MAX; i++) {
        struct rf_store_phone other = phone(B);
        other.device.is_quarantined = true;
        snprintf(other.device.name, sizeof other.device.name, "SEP%012u", i);
        why = (struct rf_why){0};
        enum rf_err err = rf_store_device_add(p->store, &other, 2, NULL, &why);
        if (i < RF_STORE_QUARANTINE_MAX)
            assert_int_equal(err, RF_OK);
        else
            assert_refused(err, RF_ERR_LIMIT, why, "store-full");
    }
    /* Approved, it is a device like others. */
    d.device.is_quarantined = false;
    d.device.mode = RF_STORE_ENCRYPTED;
    d.n_lines = 1;
    assert_err(rf_store_device_change(p->store, &d, 3, NULL, NULL), RF_OK);
    assert_err(rf_store_capf_schedule(p->store, &op, 4, NULL, NULL, NULL), RF_OK);
}

static void what_devices_fetched_last_is_kept(void **state)
{
    struct place *p = *state;
    add(p, A);
    struct rf_store_fetch items[] = {
        {.device = A, .item = RF_STORE_FETCH_CONFIG, .name = "x", .generation = "g", .at_s = 5},
        {.device = A, .item = RF_STORE_FETCH_CTL, .name = "c", .result = "tftp-timeout", .at_s = 6},
        {.device = B, .item = RF_STORE_FETCH_CTL, .name = "nobody's", .at_s = 7},
        {.device = A,
         .item = RF_STORE_FETCH_CONFIG,
         .name = "y",
         .address = "192.0.2.1",
         .at_s = 8},
    };
    assert_err(rf_store_fetch_save(p->store, items, 4, NULL), RF_OK);
    struct rf_store_fetches all = {0};
    assert_err(rf_store_fetch_list(p->store, NULL, &all, NULL), RF_OK);
    assert_int_equal(all.n, 2);
    assert_int_equal(all.items[0].item, RF_STORE_FETCH_CTL);
    assert_string_equal(all.items[0].result, "tftp-timeout");
    assert_string_equal(all.items[1].name, "y");
    assert_string_equal(all.items[1].address, "192.0.2.1");
    assert_int_equal(all.items[1].at_s, 8);
    rf_store_fetches_fini(&all);
    assert_err(rf_store_fetch_list(p->store, B, &all, NULL), RF_OK);
    assert_int_equal(all.n, 0);
    rf_store_fetches_fini(&all);
    assert_err(rf_store_device_remove(p->store, A, 9, NULL, NULL), RF_OK);
    assert_err(rf_store_fetch_list(p->store, NULL, &all, NULL), RF_OK);
    assert_int_equal(all.n, 0);
    rf_store_fetches_fini(&all);
}

static void the_generation_tells_what_configurations_depend_on(void **state)
{
    struct place *p = *state;
    uint64_t before = rf_store_generation(p->store);
    struct rf_store_event event = {.category = "device", .severity = RF_STORE_INFO};
    struct rf_store_fetch fetch = {.device = A, .name = "x"};
    assert_err(rf_store_event_add(p->store, &event, NULL, NULL), RF_OK);
    assert_err(rf_store_event_trim(p->store, 0, 0, NULL, NULL), RF_OK);
    assert_err(rf_store_fetch_save(p->store, &fetch, 1, NULL), RF_OK);
    note(p, B, "x", 1);
    assert_int_equal(rf_store_generation(p->store), before);
    add(p, A);
    uint64_t added = rf_store_generation(p->store);
    assert_true(added > before);
    struct rf_store_capf op = {.device = A, .op = RF_STORE_OP_INSTALL, .auth = RF_STORE_AUTH_NULL};
    assert_err(rf_store_capf_schedule(p->store, &op, 2, NULL, NULL, NULL), RF_OK);
    uint64_t scheduled = rf_store_generation(p->store);
    assert_true(scheduled > added);
    assert_err(rf_store_setting_save(p->store, "k", rf_slice_str("v"), NULL), RF_OK);
    assert_true(rf_store_generation(p->store) > scheduled);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_phone_that_nobody_added_is_noted_until_it_is),
        IN_PLACE(the_pending_take_a_bounded_room),
        IN_PLACE(sec_122_whoever_is_in_quarantine_has_no_security_and_no_lines),
        IN_PLACE(what_devices_fetched_last_is_kept),
        IN_PLACE(the_generation_tells_what_configurations_depend_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
