/* SPDX-License-Identifier: Apache-2.0 */
/* What devices hold, and the lists that were given out. */
#include "store/store_held.h"
#include "store_place.h"

#define NOW   1800000000
#define PHONE "SEP001122334455"

static void device_add(struct rf_store *store, const char *name)
{
    struct rf_store_phone phone = {.device = {.mode = RF_STORE_ENCRYPTED}};
    snprintf(phone.device.name, sizeof phone.device.name, "%s", name);
    assert_err(rf_store_device_add(store, &phone, NOW, NULL, NULL), RF_OK);
}

static int set_up(void **state)
{
    (void)place_set_up(state);
    device_add(((struct place *)*state)->store, PHONE);
    return 0;
}

static struct rf_store_held held_of(const char *device, enum rf_store_held_item item, uint8_t fill)
{
    struct rf_store_held h = {.item = item, .how = RF_STORE_HOW_FETCHED};
    snprintf(h.device, sizeof h.device, "%s", device);
    memset(h.sha256, fill, sizeof h.sha256);
    return h;
}

static void what_is_held_is_counted_and_replaced(void **state)
{
    struct rf_store *store = ((struct place *)*state)->store;
    struct rf_store_held one = held_of(PHONE, RF_STORE_HELD_CTL, 1);
    struct rf_store_held two = held_of(PHONE, RF_STORE_HELD_CTL, 2);
    struct rf_store_held now;
    assert_err(rf_store_held_note(store, &one, NOW, NULL, &now, NULL), RF_OK);
    assert_int_equal(now.tries, 1);
    assert_err(rf_store_held_note(store, &one, NOW + 5, NULL, &now, NULL), RF_OK);
    assert_int_equal(now.tries, 2);
    assert_int_equal(now.at_s, NOW);
    assert_int_equal(now.last_s, NOW + 5);
    assert_err(rf_store_held_settle(store, PHONE, NULL), RF_OK);
    assert_err(rf_store_held_note(store, &one, NOW + 6, NULL, &now, NULL), RF_OK);
    assert_int_equal(now.tries, 1);
    assert_err(rf_store_held_note(store, &two, NOW + 9, NULL, &now, NULL), RF_OK);
    assert_int_equal(now.tries, 1);
    assert_int_equal(now.at_s, NOW + 9);
    struct rf_store_helds all = {0};
    assert_err(rf_store_held_list(store, PHONE, &all, NULL), RF_OK);
    assert_int_equal(all.n, 1);
    const struct rf_store_held *found = rf_store_helds_find(&all, PHONE, RF_STORE_HELD_CTL);
    assert_non_null(found);
    assert_int_equal(found->sha256[0], 2);
    assert_null(rf_store_helds_find(&all, PHONE, RF_STORE_HELD_ITL));
    assert_null(rf_store_helds_find(&all, "SEP000000000000", RF_STORE_HELD_CTL));
    rf_store_helds_fini(&all);
    assert_err(rf_store_held_forget(store, PHONE, RF_STORE_HELD_CTL, NULL, NULL), RF_OK);
    assert_err(rf_store_held_list(store, NULL, &all, NULL), RF_OK);
    assert_int_equal(all.n, 0);
    rf_store_helds_fini(&all);
}

static void what_is_held_goes_with_its_device(void **state)
{
    struct rf_store *store = ((struct place *)*state)->store;
    struct rf_store_held one = held_of(PHONE, RF_STORE_HELD_ITL, 1);
    struct rf_store_held stranger = held_of("SEP000000000009", RF_STORE_HELD_ITL, 1);
    struct rf_store_helds all = {0};
    struct rf_why why = {0};
    assert_err(rf_store_held_note(store, &one, NOW, NULL, NULL, NULL), RF_OK);
    assert_refused(rf_store_held_note(store, &stranger, NOW, NULL, NULL, &why), RF_ERR_NOT_FOUND,
                   why, "device-unknown");
    assert_err(rf_store_device_remove(store, PHONE, NOW, NULL, NULL), RF_OK);
    assert_err(rf_store_held_list(store, NULL, &all, NULL), RF_OK);
    assert_int_equal(all.n, 0);
    rf_store_helds_fini(&all);
}

static enum rf_err keep_list(struct rf_store *store, unsigned number)
{
    uint8_t sha256[32] = {(uint8_t)number, (uint8_t)(number >> 8)};
    char text[16];
    snprintf(text, sizeof text, "list %u", number);
    return rf_store_list_keep(store, RF_STORE_HELD_CTL, sha256, rf_slice_str(text), NOW + number,
                              NULL);
}

static enum rf_err load_list(struct rf_store *store, unsigned number)
{
    uint8_t sha256[32] = {(uint8_t)number, (uint8_t)(number >> 8)};
    char text[16];
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    int64_t at_s = 0;
    enum rf_err err = rf_store_list_load(store, sha256, &bytes, &at_s, NULL);
    snprintf(text, sizeof text, "list %u", number);
    if (err == RF_OK) {
        assert_slice_str(rf_buf_slice(&bytes), text);
        assert_int_equal(at_s, NOW + number);
    }
    return err;
}

static void lists_are_kept_but_not_without_end(void **state)
{
    struct rf_store *store = ((struct place *)*state)->store;
    struct rf_store_held first = held_of(PHONE, RF_STORE_HELD_CTL, 0);
    for (unsigned i = 0; i < RF_STORE_LISTS_MAX; i++)
        assert_err(keep_list(store, i), RF_OK);
    assert_err(keep_list(store, 0), RF_OK); /* known */
    assert_err(load_list(store, 0), RF_OK);
    assert_err(load_list(store, RF_STORE_LISTS_MAX), RF_ERR_NOT_FOUND);
    /* The oldest is held by a phone: the next one goes. */
    assert_err(rf_store_held_note(store, &first, NOW, NULL, NULL, NULL), RF_OK);
    assert_err(keep_list(store, RF_STORE_LISTS_MAX), RF_OK);
    assert_err(load_list(store, RF_STORE_LISTS_MAX), RF_OK);
    assert_err(load_list(store, 0), RF_OK);
    assert_err(load_list(store, 1), RF_ERR_NOT_FOUND);
    assert_err(load_list(store, 2), RF_OK);
}

static void a_list_has_bytes_and_not_too_many(void **state)
{
    struct rf_store *store = ((struct place *)*state)->store;
    RF_AUTO(rf_freep) uint8_t *big = rf_try_alloc(RF_STORE_LIST_BYTES_MAX + 1, SIZE_MAX);
    uint8_t sha256[32] = {9};
    struct rf_why why = {0};
    assert_non_null(big);
    assert_refused(rf_store_list_keep(store, RF_STORE_HELD_ITL, sha256,
                                      rf_slice_of(big, RF_STORE_LIST_BYTES_MAX + 1), NOW, &why),
                   RF_ERR_BAD, why, "store-value");
    assert_err(rf_store_list_keep(store, RF_STORE_HELD_ITL, sha256, rf_slice_of(big, 0), NOW, NULL),
               RF_ERR_BAD);
    assert_err(rf_store_list_keep(store, RF_STORE_HELD_ITL, sha256,
                                  rf_slice_of(big, RF_STORE_LIST_BYTES_MAX), NOW, NULL),
               RF_OK);
}

int main(void)
{
#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        AT_PLACE(what_is_held_is_counted_and_replaced),
        AT_PLACE(what_is_held_goes_with_its_device),
        AT_PLACE(lists_are_kept_but_not_without_end),
        AT_PLACE(a_list_has_bytes_and_not_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
