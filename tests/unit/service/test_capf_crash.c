/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 in the middle of an install: the server is started again on what is left, and the phone
 * finishes. A child process is the server that dies. */
#include "capf_kit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void install_until_the_end(struct kit *k)
{
    kit_start(k);
    kit_install(k);
    _exit(0); /* nobody killed it */
}

/* What is left of a server that was killed there. */
static struct kit *die_at(const char *point)
{
    struct kit *k = kit_prepare();
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("RINGFENCE_CRASH_AT", point, 1);
        install_until_the_end(k);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    kit_start(k);
    return k;
}

/* Before the confirmation is in the database the operation is pending, and no certificate counts as
 * the phone's. */
static void before_the_confirmation_sec_62(void **state)
{
    static const struct {
        const char *point;
        size_t unconfirmed;
    } rows[] = {
        {"capf.before-issue", 0}, {"capf.issued", 0}, {"capf.kept", 1}, {"capf.before-confirm", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit *k = die_at(rows[i].point);
        struct rf_store_capf op = kit_op(k, PHONE);
        assert_int_equal(op.op, RF_STORE_OP_INSTALL);
        assert_string_equal(op.reason, "lost-link");
        assert_int_equal(op.tries_left, RF_STORE_STRING_TRIES);
        assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 0);
        assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED),
                         rows[i].unconfirmed);
        struct kit_link *l = kit_open(k, HERE);
        kit_say_string(k, l, PHONE, "123456");
        kit_finish_install(k, l);
        assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
        assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED), 0);
        kit_free(k);
    }
}

/* After it there is nothing left to do, although the phone was never told. */
static void after_the_confirmation_sec_62(void **state)
{
    struct kit *k = die_at("capf.confirmed");
    struct rf_store_capf op = kit_op(k, PHONE);
    assert_int_equal(op.op, RF_STORE_OP_NONE);
    assert_int_equal(op.state, RF_STORE_OP_SUCCESS);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect_end(k, l, RF_CAPF_REASON_NO_ACTION);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_confirmation_sec_62),
        cmocka_unit_test(after_the_confirmation_sec_62),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
