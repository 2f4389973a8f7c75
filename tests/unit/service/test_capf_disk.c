/* SPDX-License-Identifier: Apache-2.0 */
/* The disk takes nothing more: what a session did is undone, the phone is told nothing, and comes
 * again. Jobs of sessions share a transaction, so that this is known only after they ran. */
#include "capf_kit.h"

#include <signal.h>
#include <sys/resource.h>

/* Files may not grow any more. */
static void disk_is_full(bool is_full)
{
    struct rlimit r;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = is_full ? 0 : r.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

enum step { ADMIT, KEEP, CONFIRM };

/* A session in which the disk is full at that step. */
static void try_install(struct kit *k, enum step when)
{
    struct kit_link *l = kit_open(k, HERE);
    disk_is_full(when == ADMIT);
    kit_say_string(k, l, PHONE, "123456");
    if (when != ADMIT) {
        kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
        id_fini(&k->lsc);
        id_set_key(&k->lsc, new_key(0));
        disk_is_full(when == KEEP);
        kit_say_key(k, l, k->lsc.key);
    }
    if (when == CONFIRM) {
        kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
        disk_is_full(true);
        kit_say_reason(k, l, RF_CAPF_STORE_CERT_RES, RF_CAPF_REASON_UPDATE);
    }
    disk_is_full(false);
    kit_expect_dropped(k, l);
}

static void what_is_not_written_was_not_done(void **state)
{
    struct kit *k = *state;
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    for (enum step when = ADMIT; when <= CONFIRM; when++) {
        try_install(k, when);
        struct rf_store_capf op = kit_op(k, PHONE);
        assert_int_equal(op.op, RF_STORE_OP_INSTALL);
        assert_int_equal(op.tries_left, RF_STORE_STRING_TRIES);
        assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 0);
        assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED),
                         when == CONFIRM ? 1 : 0);
    }
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_finish_install(k, l);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_not_written_was_not_done, kit_set_up,
                                        kit_tear_down),
    };
    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
