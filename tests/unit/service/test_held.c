/* SPDX-License-Identifier: Apache-2.0 */
/* What a phone holds is what it fetched to the end and would take; what it does not take, and what
 * contradicts it, is told. */
#include "../trust/list.h"

#include "service/held/held.h"
#include "store/store_held.h"
#include "store_place.h"

#define NOW   1800000000
#define PHONE "SEP001122334455"

struct desk {
    struct place place;
    struct rf_held_cache *cache;
    struct rf_buf first, next, foreign, without_ccm;
};

static struct rf_buf small_list(const struct id *by, const struct id *ccm, uint32_t timestamp)
{
    const struct rf_list_entry entries[] = {
        {by->cert, RF_TRUSTLIST_ROLE_SAST, NULL},
        {site.tftp.cert, RF_TRUSTLIST_ROLE_TFTP, NULL},
        {ccm != NULL ? ccm->cert : NULL, RF_TRUSTLIST_ROLE_CCM, NULL},
    };
    return built(RF_LIST_CTL, entries, ccm != NULL ? 3 : 2, by, timestamp);
}

static int set_up(void **state)
{
    struct desk *p = rf_new(struct desk);
    struct rf_store_phone phone = {.device = {.name = PHONE, .mode = RF_STORE_ENCRYPTED}};
    place_make(&p->place);
    p->cache = rf_held_cache_new();
    place_open(&p->place);
    assert_err(rf_store_device_add(p->place.store, &phone, NOW, NULL, NULL), RF_OK);
    p->first = site_list(RF_LIST_CTL, &site.sast, TEST_NOW);
    p->next = site_list(RF_LIST_CTL, &site.sast2, TEST_NOW + 1);
    p->foreign = small_list(&site.capf, &site.tvs, TEST_NOW + 2);
    p->without_ccm = small_list(&site.sast, NULL, TEST_NOW + 3);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *p = *state;
    place_drop(&p->place);
    rf_held_cache_free(p->cache);
    rf_buf_fini(&p->first);
    rf_buf_fini(&p->next);
    rf_buf_fini(&p->foreign);
    rf_buf_fini(&p->without_ccm);
    rf_free(p);
    return 0;
}

static void fetched(struct desk *p, const struct rf_buf *list)
{
    struct rf_held_fetch fetch = {
        .device = PHONE, .kind = RF_LIST_CTL, .bytes = rf_buf_slice(list)};
    assert_err(rf_held_on_list(p->place.store, p->cache, &fetch, NOW, NULL), RF_OK);
}

static void assert_item(struct desk *p, enum rf_store_held_item item, const struct rf_buf *list)
{
    struct rf_store_helds all = {0};
    assert_err(rf_store_held_list(p->place.store, PHONE, &all, NULL), RF_OK);
    const struct rf_store_held *held = rf_store_helds_find(&all, PHONE, item);
    if (list == NULL) {
        assert_null(held);
    } else {
        uint8_t md[RF_DIGEST_MAX];
        assert_non_null(held);
        rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(list), md);
        assert_memory_equal(held->sha256, md, 32);
    }
    rf_store_helds_fini(&all);
}

static size_t events_n(struct desk *p, const char *code)
{
    struct rf_store_events events = {0};
    struct rf_store_event_query query = {.device = PHONE};
    size_t n = 0;
    assert_err(rf_store_event_list(p->place.store, &query, &events, NULL), RF_OK);
    for (size_t i = 0; i < events.n; i++)
        n += strcmp(events.items[i].code, code) == 0;
    rf_store_events_fini(&events);
    return n;
}

static void sec_21_a_list_by_the_second_sast_is_held_once_fetched(void **state)
{
    struct desk *p = *state;
    fetched(p, &p->first);
    assert_item(p, RF_STORE_HELD_CTL, &p->first);
    fetched(p, &p->next);
    assert_item(p, RF_STORE_HELD_CTL, &p->next);
    assert_item(p, RF_STORE_HELD_CTL_REFUSED, NULL);
    assert_int_equal(events_n(p, "list-refused"), 0);
}

static void sec_20_a_list_that_the_phone_cannot_take_does_not_count_as_held(void **state)
{
    struct desk *p = *state;
    fetched(p, &p->first);
    fetched(p, &p->foreign);
    assert_item(p, RF_STORE_HELD_CTL, &p->first);
    assert_item(p, RF_STORE_HELD_CTL_REFUSED, &p->foreign);
    assert_int_equal(events_n(p, "list-refused"), 1);
    for (int i = 2; i < RF_HELD_TRIES; i++)
        fetched(p, &p->foreign);
    assert_int_equal(events_n(p, "list-refused"), 1);
    fetched(p, &p->foreign);
    assert_int_equal(events_n(p, "list-refused"), 2); /* again and again */
    /* One that it takes ends it. */
    fetched(p, &p->next);
    assert_item(p, RF_STORE_HELD_CTL, &p->next);
    assert_item(p, RF_STORE_HELD_CTL_REFUSED, NULL);
}

static void the_same_list_again_and_again_is_told_once(void **state)
{
    struct desk *p = *state;
    for (int i = 0; i < RF_HELD_TRIES - 1; i++)
        fetched(p, &p->first);
    assert_int_equal(events_n(p, "list-again"), 0);
    fetched(p, &p->first);
    assert_int_equal(events_n(p, "list-again"), 1);
    fetched(p, &p->first);
    assert_int_equal(events_n(p, "list-again"), 1);
    /* With a registration between it is what phones do at each start. */
    for (int i = 0; i < 2 * RF_HELD_TRIES; i++) {
        assert_err(rf_held_on_registered(p->place.store, p->cache, PHONE, site.ccm.cert, NOW, NULL),
                   RF_OK);
        fetched(p, &p->first);
    }
    assert_int_equal(events_n(p, "list-again"), 1);
}

static void a_handshake_that_the_list_does_not_explain_makes_it_unknown(void **state)
{
    struct desk *p = *state;
    fetched(p, &p->first);
    assert_err(rf_held_on_registered(p->place.store, p->cache, PHONE, site.ccm.cert, NOW, NULL),
               RF_OK);
    assert_item(p, RF_STORE_HELD_CTL, &p->first);
    assert_int_equal(events_n(p, "list-contradicted"), 0);
    assert_err(rf_held_on_registered(p->place.store, p->cache, PHONE, site.tvs.cert, NOW, NULL),
               RF_OK);
    assert_item(p, RF_STORE_HELD_CTL, NULL);
    assert_int_equal(events_n(p, "list-contradicted"), 1);
}

/* Somebody erased its lists, and it took what it was given then. */
static void a_handshake_that_the_refused_list_explains_makes_that_the_held_one(void **state)
{
    struct desk *p = *state;
    fetched(p, &p->without_ccm);
    fetched(p, &p->foreign);
    assert_item(p, RF_STORE_HELD_CTL, &p->without_ccm);
    assert_err(rf_held_on_registered(p->place.store, p->cache, PHONE, site.tvs.cert, NOW, NULL),
               RF_OK);
    assert_item(p, RF_STORE_HELD_CTL, &p->foreign);
    assert_item(p, RF_STORE_HELD_CTL_REFUSED, NULL);
    struct rf_store_helds all = {0};
    assert_err(rf_store_held_list(p->place.store, PHONE, &all, NULL), RF_OK);
    assert_int_equal(rf_store_helds_find(&all, PHONE, RF_STORE_HELD_CTL)->how,
                     RF_STORE_HOW_HANDSHAKE);
    rf_store_helds_fini(&all);
}

static void an_alarm_of_the_phone_makes_it_unknown(void **state)
{
    struct desk *p = *state;
    assert_err(rf_held_on_alarm(p->place.store, PHONE, RF_LIST_CTL, NOW, NULL), RF_OK);
    assert_int_equal(events_n(p, "list-refused"), 0); /* nothing was given to it */
    fetched(p, &p->first);
    assert_err(rf_held_on_alarm(p->place.store, PHONE, RF_LIST_CTL, NOW, NULL), RF_OK);
    assert_item(p, RF_STORE_HELD_CTL, NULL);
    assert_item(p, RF_STORE_HELD_CTL_REFUSED, &p->first);
    assert_int_equal(events_n(p, "list-refused"), 1);
}

static void a_stranger_holds_nothing(void **state)
{
    struct desk *p = *state;
    struct rf_why why = {0};
    struct rf_held_fetch fetch = {
        .device = "SEP0000000000AA", .kind = RF_LIST_CTL, .bytes = rf_buf_slice(&p->first)};
    assert_refused(rf_held_on_list(p->place.store, p->cache, &fetch, NOW, &why), RF_ERR_NOT_FOUND,
                   why, "device-unknown");
    assert_err(rf_held_on_capf(p->place.store, PHONE, site.capf.cert, NOW, NULL), RF_OK);
}

static struct rf_list *ctl_of(struct desk *p, struct rf_held_cache *cache)
{
    struct rf_store_helds rows = {0};
    struct rf_lists lists = {0};
    assert_err(rf_store_held_list(p->place.store, PHONE, &rows, NULL), RF_OK);
    assert_err(rf_held_lists(p->place.store, cache, &rows, PHONE, &lists, NULL), RF_OK);
    rf_store_helds_fini(&rows);
    assert_null(lists.itl);
    return lists.ctl;
}

static void a_list_of_many_phones_is_taken_apart_once(void **state)
{
    struct desk *p = *state;
    fetched(p, &p->first);
    struct rf_list *one = ctl_of(p, p->cache), *other = ctl_of(p, p->cache);
    assert_non_null(one);
    assert_ptr_equal(one, other);
    rf_list_unref(other);
    other = ctl_of(p, NULL);
    assert_ptr_not_equal(one, other);
    assert_true(rf_slice_eq(rf_list_bytes(one), rf_list_bytes(other)));
    rf_list_unref(other);
    /* Another list is another one; and after too many the first is taken apart again. */
    fetched(p, &p->next);
    other = ctl_of(p, p->cache);
    assert_true(rf_slice_eq(rf_list_bytes(other), rf_buf_slice(&p->next)));
    rf_list_unref(other);
    for (uint32_t i = 0; i < 16; i++) {
        RF_AUTO(rf_buf_fini)
        struct rf_buf list = small_list(&site.sast, &site.ccm, TEST_NOW + 9 + i);
        fetched(p, &list);
        rf_list_unref(ctl_of(p, p->cache));
    }
    fetched(p, &p->first);
    other = ctl_of(p, p->cache);
    assert_ptr_not_equal(one, other);
    assert_true(rf_slice_eq(rf_list_bytes(one), rf_list_bytes(other)));
    rf_list_unref(other);
    rf_list_unref(one);
}

int main(void)
{
#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        AT_PLACE(sec_21_a_list_by_the_second_sast_is_held_once_fetched),
        AT_PLACE(sec_20_a_list_that_the_phone_cannot_take_does_not_count_as_held),
        AT_PLACE(the_same_list_again_and_again_is_told_once),
        AT_PLACE(a_handshake_that_the_list_does_not_explain_makes_it_unknown),
        AT_PLACE(a_handshake_that_the_refused_list_explains_makes_that_the_held_one),
        AT_PLACE(an_alarm_of_the_phone_makes_it_unknown),
        AT_PLACE(a_stranger_holds_nothing),
        AT_PLACE(a_list_of_many_phones_is_taken_apart_once),
    };
    return cmocka_run_group_tests(tests, site_setup, site_teardown);
}
