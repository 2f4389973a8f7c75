/* SPDX-License-Identifier: Apache-2.0 */
#include "service/provision/tftp_index.h"

#include <stdio.h>

#include "base/mem.h"
#include "unit.h"

#define PLACES 3000

static struct rf_address at(unsigned host, uint16_t port)
{
    struct rf_address a;
    char text[32];
    snprintf(text, sizeof text, "10.0.%u.%u", host / 256, host % 256);
    assert_err(rf_address_parse(text, port, &a, NULL), RF_OK);
    return a;
}

static void transfers_are_found_by_address_and_counted_by_host(void **state)
{
    struct tftp_index *index = tftp_index_new(100, 7); /* far fewer slots than transfers */
    struct tftp_place *places = rf_new_n(struct tftp_place, PLACES);
    for (unsigned i = 0; i < PLACES; i++) {
        struct rf_address peer = at(i % 1000, (uint16_t)(40000 + i / 1000));
        tftp_index_add(index, &places[i], &peer);
    }
    for (unsigned i = 0; i < PLACES; i++) {
        struct rf_address peer = at(i % 1000, (uint16_t)(40000 + i / 1000));
        assert_ptr_equal(tftp_index_find(index, &peer, NULL), &places[i]);
        assert_null(tftp_index_find(index, &peer, &places[i]));
        assert_int_equal(tftp_index_count(index, &peer), 3);
    }
    struct rf_address nobody = at(1000, 40000);
    assert_null(tftp_index_find(index, &nobody, NULL));
    assert_int_equal(tftp_index_count(index, &nobody), 0);
    for (unsigned i = 0; i < PLACES; i++) {
        struct rf_address peer = at(i % 1000, (uint16_t)(40000 + i / 1000));
        tftp_index_remove(index, &places[i]);
        assert_null(tftp_index_find(index, &peer, NULL));
        assert_int_equal(tftp_index_count(index, &peer), 2 - i / 1000);
    }
    tftp_index_free(index);
    rf_free(places);
}

static void several_of_one_port_and_both_spellings_of_an_address(void **state)
{
    struct tftp_index *index = tftp_index_new(64, 9);
    struct tftp_place places[3] = {0};
    struct rf_address v4 = at(1, 40000), mapped;
    assert_err(rf_address_parse("::ffff:10.0.0.1", 40000, &mapped, NULL), RF_OK);
    tftp_index_add(index, &places[0], &v4);
    tftp_index_add(index, &places[1], &mapped);
    tftp_index_add(index, &places[2], &v4);
    assert_int_equal(tftp_index_count(index, &mapped), 3);
    unsigned n = 0;
    for (struct tftp_place *p = NULL; (p = tftp_index_find(index, &v4, p)) != NULL;)
        n++;
    assert_int_equal(n, 3);
    for (int i = 0; i < 3; i++)
        tftp_index_remove(index, &places[i]);
    tftp_index_remove(index, &places[0]); /* once more is fine */
    assert_int_equal(tftp_index_count(index, &v4), 0);
    tftp_index_free(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfers_are_found_by_address_and_counted_by_host),
        cmocka_unit_test(several_of_one_port_and_both_spellings_of_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
