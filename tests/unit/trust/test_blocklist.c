/* SPDX-License-Identifier: Apache-2.0 */
/* What is blocked counts no more, and what is not, does. */
#include "pki.h"

#include "trust/blocklist.h"

static struct {
    struct id a, b;
} people;

static int up(void **state)
{
    (void)state;
    people.a = self_id(RF_CERT_ROLE_CCM, "a", 0);
    people.b = self_id(RF_CERT_ROLE_CCM, "b", 0);
    return 0;
}

static int down(void **state)
{
    (void)state;
    id_fini(&people.a);
    id_fini(&people.b);
    return 0;
}

static void refused(const struct rf_blocklist *list, const struct id *who)
{
    struct rf_why why = {0};
    assert_refused(rf_blocklist_check(list, who->cert, &why), RF_ERR_DENIED, why, "cert-blocked");
    assert_non_null(strstr(why.text, rf_cert_short(who->cert)));
}

static void who_is_blocked_is_refused_until_he_is_not(void **state)
{
    (void)state;
    struct rf_blocklist *list = rf_blocklist_new();
    assert_err(rf_blocklist_check(NULL, people.a.cert, NULL), RF_OK);
    assert_err(rf_blocklist_check(list, people.a.cert, NULL), RF_OK);
    assert_err(rf_blocklist_set(list, rf_cert_sha256(people.a.cert), NULL), RF_OK);
    refused(list, &people.a);
    assert_err(rf_blocklist_check(list, people.b.cert, NULL), RF_OK);
    RF_AUTO(rf_buf_fini) struct rf_buf both = RF_BUF(64);
    assert_err(rf_buf_add_slice(&both, rf_cert_sha256(people.b.cert)), RF_OK);
    assert_err(rf_buf_add_slice(&both, rf_cert_sha256(people.a.cert)), RF_OK);
    assert_err(rf_blocklist_set(list, rf_buf_slice(&both), NULL), RF_OK);
    refused(list, &people.a);
    refused(list, &people.b);
    assert_err(rf_blocklist_set(list, (struct rf_slice){0}, NULL), RF_OK);
    assert_err(rf_blocklist_check(list, people.a.cert, NULL), RF_OK);
    rf_blocklist_free(list);
    rf_blocklist_free(NULL);
}

static void more_than_fit_change_nothing(void **state)
{
    (void)state;
    struct rf_blocklist *list = rf_blocklist_new();
    size_t max = (size_t)RF_BLOCKLIST_MAX * 32;
    RF_AUTO(rf_buf_fini) struct rf_buf many = RF_BUF(max + 32);
    struct rf_why why = {0};
    memset(rf_buf_room(&many, max + 32), 0, max + 32);
    assert_err(rf_blocklist_set(list, rf_cert_sha256(people.a.cert), NULL), RF_OK);
    assert_refused(rf_blocklist_set(list, rf_slice_of(many.p, max + 32), &why), RF_ERR_LIMIT, why,
                   "blocklist-full");
    refused(list, &people.a);
    assert_err(rf_blocklist_set(list, rf_slice_of(many.p, max), NULL), RF_OK);
    assert_err(rf_blocklist_check(list, people.a.cert, NULL), RF_OK);
    rf_blocklist_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_blocked_is_refused_until_he_is_not),
        cmocka_unit_test(more_than_fit_change_nothing),
    };
    return cmocka_run_group_tests(tests, up, down);
}
