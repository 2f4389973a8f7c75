/* SPDX-License-Identifier: Apache-2.0 */
#include "phone_lists.h"

#include "../unit/trust/pki.h"

#define ROWS_MAX 8

struct rf_lists phone_lists(const struct phone_list_row *rows, size_t n)
{
    struct rf_list_entry entries[ROWS_MAX + 1] = {0};
    struct rf_buf bytes = RF_BUF(RF_TRUSTLIST_BYTES_MAX);
    struct rf_lists lists = {0};
    struct rf_why why = {0};
    struct id sast = fixture_id("sast"); /* RSA, as lists are signed */
    assert_true(n <= ROWS_MAX);
    entries[0] = (struct rf_list_entry){.cert = sast.cert, .role = RF_TRUSTLIST_ROLE_SAST};
    for (size_t i = 0; i < n; i++)
        entries[i + 1] = (struct rf_list_entry){.cert = rows[i].cert, .role = rows[i].role};
    struct rf_list_spec spec = {.kind = RF_LIST_CTL,
                                .entries = entries,
                                .n = n + 1,
                                .digest = RF_DIGEST_SHA512,
                                .is_11 = true,
                                .timestamp = TEST_NOW};
    assert_err(rf_list_build(&spec, sast.vault, sast.cert, &bytes, &why), RF_OK);
    assert_err(rf_lists_load(&lists, RF_LIST_CTL, rf_buf_slice(&bytes), &why), RF_OK);
    rf_buf_fini(&bytes);
    id_fini(&sast);
    return lists;
}
