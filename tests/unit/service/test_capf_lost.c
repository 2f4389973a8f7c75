/* SPDX-License-Identifier: Apache-2.0 */
/* What is malformed changes nothing, a link lost anywhere leaves the operation scheduled, and
 * sessions keep out of each other's way. */
#include "capf_kit.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/file.h"

static void schedule(struct kit *k)
{
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
}

static void finish_at_the_next_try(struct kit *k)
{
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_finish_install(k, l);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
}

/* ---- malformed ---- */

/* Nothing about the device is another than before. */
static void expect_untouched(struct kit *k, const struct rf_store_capf *before)
{
    struct rf_store_capf now = kit_op(k, PHONE);
    assert_int_equal(now.id, before->id);
    assert_int_equal(now.op, before->op);
    assert_int_equal(now.state, before->state);
    assert_string_equal(now.reason, before->reason);
    assert_int_equal(now.tries_left, before->tries_left);
    assert_string_equal(now.string_hash, before->string_hash);
    assert_int_equal(k->changes, 0);
}

/* A frame made by hand: header with the session's id, then these elements. */
static void say_elements(struct kit *k, struct kit_link *l, uint8_t command, const void *p,
                         size_t n)
{
    uint8_t buf[256];
    struct rf_slice frame;
    struct rf_wr wr = rf_wr_of(buf, sizeof buf);
    rf_wr_u8(&wr, RF_CAPF_PROTOCOL);
    rf_wr_u8(&wr, command);
    rf_wr_u32be(&wr, l->id);
    rf_wr_u16be(&wr, (uint16_t)n);
    rf_wr_bytes(&wr, p, n);
    assert_err(rf_wr_done(&wr, &frame), RF_OK);
    kit_say_bytes(k, l, frame);
}

#define NAME "\x0d\x00\x10SEP001122334455\x00"
#define STRING                                                                                     \
    "\x0b\x00\x07"                                                                                 \
    "123456\x00"
#define OK "\x01\x00\x01\x01\x07\x00\x01\x03"

static void malformed_answers_end_with_7_and_change_nothing_sec_60b(void **state)
{
#define ROW(text, code)                                                                            \
    {                                                                                              \
        text, sizeof(text) - 1, code                                                               \
    }
    static const struct {
        const char *p;
        size_t n;
        const char *code;
    } rows[] = {
        ROW(OK "\x0d\x00\x10SEP00112233\x00"
               "455\x00" STRING,
            "text-inner-nul"),
        ROW(OK "\x0d\x00\x0fSEP001122334455" STRING, "text-no-nul"),
        ROW(OK "\x0d\x00\x12SEP001122334455\x00xx" STRING, "text-no-nul"),
        ROW(OK NAME "\x0b\x00\x07"
                    "12\x00"
                    "456\x00",
            "text-inner-nul"),
        ROW(OK NAME "\x0b\x00\x06"
                    "123456",
            "text-no-nul"),
        ROW(OK NAME NAME STRING, "capf-element-twice"),
        ROW(OK NAME STRING STRING, "capf-element-twice"),
        ROW(OK NAME "\x0b\x00\x60"
                    "123456\x00",
            "short"),
        ROW("\x01\x00\x02\x01\x01" NAME STRING, "capf-element-size"),
        ROW(OK NAME STRING "\x04\x00\x05\x01\x00\x09\x00\x01", "capf-cert-form"),
        ROW(OK STRING, "capf-no-name"),
        ROW("\x01\x00\x01\x01\x07\x00\x01\x04" NAME STRING, "capf-version"),
        ROW("\x01\x00\x01\x07\x07\x00\x01\x03" NAME STRING, "phone-refused"),
    };
#undef ROW
    struct kit *k = *state;
    schedule(k);
    struct rf_store_capf before = kit_op(k, PHONE);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit_link *l = kit_open(k, HERE);
        say_elements(k, l, RF_CAPF_AUTH_RES, rows[i].p, rows[i].n);
        kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
        kit_expect_event(k, NULL, rows[i].code);
        expect_untouched(k, &before);
    }
    /* The same without a fault; versions 2 and 3; order and unknown elements do not matter. */
    static const char *const good[] = {OK NAME STRING,
                                       "\x07\x00\x01\x02\x01\x00\x01\x01" NAME STRING,
                                       STRING "\xc8\x00\x02zz" NAME OK, NAME STRING};
    static const size_t lens[] = {sizeof(OK NAME STRING) - 1, sizeof(OK NAME STRING) - 1,
                                  sizeof(STRING "\xc8\x00\x02zz" NAME OK) - 1,
                                  sizeof(NAME STRING) - 1};
    for (size_t i = 0; i < 4; i++) {
        struct kit_link *l = kit_open(k, HERE);
        say_elements(k, l, RF_CAPF_AUTH_RES, good[i], lens[i]);
        kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
        kit_lose(k, l);
        kit_pump(k);
    }
}

static void bytes_that_are_no_frame_end_the_session(void **state)
{
    struct kit *k = *state;
    schedule(k);
    struct rf_store_capf before = kit_op(k, PHONE);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_bytes(k, l, rf_slice_str("GET / HTTP/1.1\r\n\r\n"));
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_event(k, NULL, "capf-protocol");
    l = kit_open(k, HERE);
    kit_say_bytes(k, l, rf_slice_of("\x55\x02\x00\x00\x00\x00\xff\xff", 8));
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_event(k, NULL, "capf-length");
    expect_untouched(k, &before);
}

static void another_sessions_id_ends_the_session(void **state)
{
    struct kit *k = *state;
    schedule(k);
    struct rf_store_capf before = kit_op(k, PHONE);
    struct kit_link *l = kit_open(k, HERE);
    uint32_t id = l->id;
    l->id = id + 1;
    kit_say_string(k, l, PHONE, "123456");
    l->id = id;
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_event(k, NULL, "capf-session");
    expect_untouched(k, &before);
}

static void session_ids_are_not_counted(void **state)
{
    struct kit *k = *state;
    uint32_t ids[8];
    for (size_t i = 0; i < 8; i++) {
        ids[i] = kit_open(k, HERE)->id;
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(ids[i], ids[j]);
            assert_int_not_equal(ids[i], ids[j] + 1);
        }
    }
}

/* Commands whose content nobody knows, and ones that come out of order. */
static void other_commands_end_with_7(void **state)
{
    struct kit *k = *state;
    schedule(k);
    struct rf_store_capf before = kit_op(k, PHONE);
    for (uint8_t command = 0; command < 30; command++) {
        if (command == RF_CAPF_AUTH_RES)
            continue;
        kit_forget_links(k);
        struct kit_link *l = kit_open(k, HERE);
        say_elements(k, l, command, OK, sizeof(OK) - 1);
        kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
        kit_expect_event(k, NULL, "capf-command");
        expect_untouched(k, &before);
        /* strangers' events are counted by the minute */
        kit_wait_ms(k, 61000);
    }
}

/* After the proof it is the phone that failed, and the administrator sees it. */
static void malformed_after_the_proof_is_a_failed_try(void **state)
{
    struct kit *k = *state;
    schedule(k);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_say_string(k, l, PHONE, "123456"); /* an auth response again */
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, "capf-command");
    l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_say_reason(k, l, RF_CAPF_KEYGEN_RES, RF_CAPF_REASON_UPDATE);
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, "capf-no-key");
    finish_at_the_next_try(k);
}

static void frames_may_come_in_pieces_or_together(void **state)
{
    struct kit *k = *state;
    schedule(k);
    uint8_t buf[RF_CAPF_FRAME_MAX];
    struct rf_slice frame;
    struct kit_link *l = kit_open(k, HERE);
    struct rf_capf_msg m = {.command = RF_CAPF_AUTH_RES,
                            .session = l->id,
                            .has_device_name = true,
                            .device_name = rf_slice_str(PHONE),
                            .has_password = true,
                            .password = rf_slice_str("123456")};
    assert_err(rf_capf_encode(&m, buf, sizeof buf, &frame), RF_OK);
    for (size_t i = 0; i < frame.len; i++) {
        kit_expect_silence(k, l);
        kit_say_bytes(k, l, rf_slice_part(frame, i, 1));
    }
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    /* What comes while a worker is busy waits its turn. */
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct rf_capf_msg busy = {.command = RF_CAPF_IN_PROGRESS};
    struct rf_capf_msg made = {
        .command = RF_CAPF_KEYGEN_RES, .has_public_key = true, .public_key = rf_key_spki(key)};
    struct rf_capf_msg stored = {
        .command = RF_CAPF_STORE_CERT_RES, .has_reason = true, .reason = RF_CAPF_REASON_UPDATE};
    kit_say_early(k, l, &busy);
    kit_say_early(k, l, &made);
    kit_say_early(k, l, &stored);
    kit_pump(k);
    assert_true(l->is_closed);
    assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_SUCCESS);
}

/* ---- links ---- */

static void a_link_lost_before_the_name_is_nobodys_failure_sec_62(void **state)
{
    struct kit *k = *state;
    schedule(k);
    struct rf_store_capf before = kit_op(k, PHONE);
    struct kit_link *l = kit_open(k, HERE);
    kit_lose(k, l);
    kit_pump(k);
    expect_untouched(k, &before);
    assert_int_equal(rf_capf_sessions_n(k->sessions), 0);
    finish_at_the_next_try(k);
}

static void a_phone_that_says_nothing_is_left_after_a_while(void **state)
{
    struct kit *k = *state;
    schedule(k);
    struct rf_store_capf before = kit_op(k, PHONE);
    struct kit_link *l = kit_open(k, HERE);
    kit_wait_ms(k, RF_CAPF_ANSWER_MS - 1);
    kit_say_bytes(k, l, rf_slice_str("\x55")); /* half a frame is not an answer */
    kit_expect_silence(k, l);
    kit_wait_ms(k, 1);
    kit_expect_dropped(k, l);
    expect_untouched(k, &before);
}

/* The answer of the worker finds the link gone: what was right is not begun. */
static void a_link_lost_while_the_string_is_judged_sec_62(void **state)
{
    struct kit *k = *state;
    schedule(k);
    struct kit_link *l = kit_open(k, HERE);
    struct rf_capf_msg m = {.command = RF_CAPF_AUTH_RES,
                            .has_device_name = true,
                            .device_name = rf_slice_str(PHONE),
                            .has_password = true,
                            .password = rf_slice_str("123456")};
    kit_say_early(k, l, &m);
    assert_int_equal(rf_capf_sessions_jobs(k->sessions), 1);
    kit_lose(k, l);
    kit_pump(k);
    assert_int_equal(rf_capf_sessions_n(k->sessions), 0);
    assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_PENDING);
    finish_at_the_next_try(k);
}

/* Hanging up does not make a wrong guess free. */
static void a_wrong_string_counts_although_nobody_waits_sec_54(void **state)
{
    struct kit *k = *state;
    schedule(k);
    struct kit_link *l = kit_open(k, HERE);
    struct rf_capf_msg m = {.command = RF_CAPF_AUTH_RES,
                            .has_device_name = true,
                            .device_name = rf_slice_str(PHONE),
                            .has_password = true,
                            .password = rf_slice_str("000000")};
    kit_say_early(k, l, &m);
    /* The store has answered; the string is being judged. */
    assert_true(rf_mailbox_wait(k->answers, 30000));
    rf_mailbox_run(k->answers, k);
    kit_lose(k, l);
    kit_pump(k);
    struct rf_store_capf op = kit_op(k, PHONE);
    assert_int_equal(op.tries_left, RF_STORE_STRING_TRIES - 1);
    assert_string_equal(op.reason, "bad-string");
}

static void a_link_lost_while_the_key_is_made_sec_62(void **state)
{
    struct kit *k = *state;
    schedule(k);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_lose(k, l);
    kit_pump(k);
    kit_expect_failed(k, PHONE, "lost-link");
    assert_int_equal(kit_op(k, PHONE).tries_left, RF_STORE_STRING_TRIES);
    finish_at_the_next_try(k);
}

static void a_link_lost_while_the_certificate_is_made_sec_62(void **state)
{
    struct kit *k = *state;
    schedule(k);
    for (int steps = 0; steps < 3; steps++) {
        RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
        struct kit_link *l = kit_open(k, HERE);
        kit_say_string(k, l, PHONE, "123456");
        kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
        struct rf_capf_msg made = {
            .command = RF_CAPF_KEYGEN_RES, .has_public_key = true, .public_key = rf_key_spki(key)};
        kit_say_early(k, l, &made);
        /* 0: the key is judged, 1: the signer has it, 2: the store has it */
        for (int i = 0; i < steps; i++) {
            assert_true(rf_mailbox_wait(k->answers, 30000));
            rf_mailbox_run(k->answers, k);
        }
        kit_lose(k, l);
        kit_pump(k);
        kit_expect_failed(k, PHONE, "lost-link");
        assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED),
                         steps == 2 ? 1 : 0);
    }
    finish_at_the_next_try(k);
}

static void a_confirmation_that_is_lost_leaves_it_unconfirmed_sec_62(void **state)
{
    struct kit *k = *state;
    schedule(k);
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_say_key(k, l, key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    kit_lose(k, l);
    kit_pump(k);
    kit_expect_failed(k, PHONE, "lost-link");
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED), 1);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 0);
    finish_at_the_next_try(k);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_SUPERSEDED), 1);
}

/* The confirmation came and the link went: it counts. */
static void a_link_lost_after_the_confirmation_is_no_loss_sec_62(void **state)
{
    struct kit *k = *state;
    schedule(k);
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_say_key(k, l, key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    struct rf_capf_msg stored = {
        .command = RF_CAPF_STORE_CERT_RES, .has_reason = true, .reason = RF_CAPF_REASON_UPDATE};
    kit_say_early(k, l, &stored);
    kit_lose(k, l);
    kit_pump(k);
    assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_SUCCESS);
    assert_true(k->changed_done);
    assert_int_equal(rf_capf_sessions_n(k->sessions), 0);
}

/* Its confirmation was lost; now the phone shows that it has the certificate. */
static void showing_an_unconfirmed_lsc_confirms_it_sec_62(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    kit_install(k);
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_LSC, NULL);
    struct id second = {0};
    id_set_key(&second, new_key(0));
    struct kit_link *l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &k->lsc);
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_say_key(k, l, second.key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    assert_err(rf_cert_from_der(l->msg.cert, &second.cert, &why), RF_OK);
    kit_lose(k, l);
    kit_pump(k);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED), 1);
    l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &second);
    kit_expect_end(k, l, RF_CAPF_REASON_NO_ACTION);
    assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_SUCCESS);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_SUPERSEDED), 1);
    kit_expect_event(k, PHONE, "confirmed");
    assert_true(k->changed_done);
    id_fini(&second);
}

/* The same when nothing is scheduled any more: it is confirmed, and nothing else happens. Any other
 * certificate finds nothing to do. */
static void an_unconfirmed_lsc_is_confirmed_without_an_operation_sec_62(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    struct id second = {0}, thief = {0};
    kit_install(k);
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_LSC, NULL);
    id_set_key(&second, new_key(0));
    struct kit_link *l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &k->lsc);
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_say_key(k, l, second.key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    assert_err(rf_cert_from_der(l->msg.cert, &second.cert, &why), RF_OK);
    kit_lose(k, l);
    kit_pump(k);
    struct rf_store_capf none = {.op = RF_STORE_OP_NONE, .device = PHONE};
    kit_schedule_as(k, &none);
    l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &k->lsc);
    kit_expect_end(k, l, RF_CAPF_REASON_NO_ACTION);
    kit_expect_event(k, PHONE, "no-operation");
    thief.cert = rf_cert_ref(second.cert);
    id_set_key(&thief, new_key(0));
    l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &thief);
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_event(k, PHONE, "proof-mismatch");
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED), 1);
    l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &second);
    kit_expect_end(k, l, RF_CAPF_REASON_NO_ACTION);
    kit_expect_event(k, PHONE, "confirmed");
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_SUPERSEDED), 1);
    assert_int_equal(kit_op(k, PHONE).op, RF_STORE_OP_NONE);
    assert_true(k->changed_done);
    id_fini(&second);
    id_fini(&thief);
}

/* It came from an older operation: the phone has it, and the new operation goes on. */
static void an_unconfirmed_lsc_of_an_older_operation_does_not_end_the_new_one(void **state)
{
    struct kit *k = *state;
    struct rf_why why = {0};
    schedule(k);
    struct id first = {0};
    id_set_key(&first, new_key(0));
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_say_key(k, l, first.key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    assert_err(rf_cert_from_der(l->msg.cert, &first.cert, &why), RF_OK);
    kit_lose(k, l);
    kit_pump(k);
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_LSC, NULL);
    l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &first);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 1);
    kit_finish_install(k, l);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_SUPERSEDED), 1);
    id_fini(&first);
}

static void a_restart_in_the_middle_leaves_it_scheduled_sec_62(void **state)
{
    struct kit *k = *state;
    schedule(k);
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    kit_say_key(k, l, key);
    kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_IN_PROGRESS);
    kit_restart(k); /* nobody is at it any more, and the database says so */
    assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_FAILED);
    assert_string_equal(kit_op(k, PHONE).reason, "lost-link");
    kit_expect_event(k, PHONE, "lost-link");
    assert_int_equal(kit_op(k, PHONE).op, RF_STORE_OP_INSTALL);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_UNCONFIRMED), 1);
    finish_at_the_next_try(k);
}

static void sessions_may_go_while_a_worker_has_one_in_hand(void **state)
{
    struct kit *k = *state;
    schedule(k);
    struct kit_link *l = kit_open(k, HERE);
    struct rf_capf_msg m = {.command = RF_CAPF_AUTH_RES,
                            .has_device_name = true,
                            .device_name = rf_slice_str(PHONE),
                            .has_password = true,
                            .password = rf_slice_str("123456")};
    kit_say_early(k, l, &m);
    kit_restart(k);
    finish_at_the_next_try(k);
}

/* ---- several ---- */

static void two_sessions_of_a_device_do_not_mix(void **state)
{
    struct kit *k = *state;
    schedule(k);
    struct kit_link *a = kit_open(k, HERE);
    struct kit_link *b = kit_open(k, THERE);
    kit_say_string(k, a, PHONE, "123456");
    kit_expect(k, a, RF_CAPF_KEYGEN_REQ);
    unsigned changes = k->changes;
    assert_int_equal(changes, 0);
    kit_say_string(k, b, PHONE, "123456");
    kit_expect_end(k, b, RF_CAPF_REASON_INVALID);
    kit_expect_event(k, NULL, "session-busy");
    assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_IN_PROGRESS);
    assert_int_equal(k->changes, changes);
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    kit_say_key(k, a, key);
    kit_expect(k, a, RF_CAPF_STORE_CERT_REQ);
    assert_int_equal(k->changes, 1); /* told before the certificate left */
    assert_string_equal(k->changed, PHONE);
    assert_false(k->changed_done);
    kit_say_reason(k, a, RF_CAPF_STORE_CERT_RES, RF_CAPF_REASON_UPDATE);
    kit_expect_end(k, a, RF_CAPF_REASON_UPDATE);
    assert_int_equal(k->changes, 2);
    assert_true(k->changed_done);
}

/* Nor does a second guess go beside the first. */
static void guesses_do_not_go_side_by_side_sec_54(void **state)
{
    struct kit *k = *state;
    schedule(k);
    struct rf_capf_msg m = {.command = RF_CAPF_AUTH_RES,
                            .has_device_name = true,
                            .device_name = rf_slice_str(PHONE),
                            .has_password = true,
                            .password = rf_slice_str("000000")};
    for (int i = 0; i < 8; i++)
        kit_say_early(k, kit_open(k, HERE), &m);
    kit_pump(k);
    assert_int_equal(kit_op(k, PHONE).tries_left, RF_STORE_STRING_TRIES - 1);
    assert_int_equal(rf_capf_sessions_n(k->sessions), 0);
}

static void sessions_of_two_devices_go_side_by_side(void **state)
{
    struct kit *k = *state;
    schedule(k);
    kit_schedule(k, OTHER, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "654321");
    struct kit_link *a = kit_open(k, HERE);
    struct kit_link *b = kit_open(k, HERE);
    kit_say_string(k, a, PHONE, "123456");
    kit_say_string(k, b, OTHER, "654321");
    kit_expect(k, a, RF_CAPF_KEYGEN_REQ);
    kit_expect(k, b, RF_CAPF_KEYGEN_REQ);
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    kit_say_key(k, b, key);
    kit_expect(k, b, RF_CAPF_STORE_CERT_REQ);
    kit_say_reason(k, b, RF_CAPF_STORE_CERT_RES, RF_CAPF_REASON_UPDATE);
    kit_expect_end(k, b, RF_CAPF_REASON_UPDATE);
    assert_int_equal(kit_op(k, OTHER).state, RF_STORE_OP_SUCCESS);
    assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_IN_PROGRESS);
}

static void one_address_has_so_many_sessions_and_no_more(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < RF_CAPF_SESSIONS_PER_ADDRESS; i++)
        assert_int_not_equal(kit_open(k, HERE)->session, 0);
    assert_int_equal(kit_open(k, HERE)->session, 0);
    assert_int_not_equal(kit_open(k, THERE)->session, 0);
    kit_lose(k, &k->links[0]);
    kit_pump(k);
    assert_int_not_equal(kit_open(k, HERE)->session, 0);
}

static struct kit_link *comes_from(struct kit *k, unsigned i)
{
    char host[32];
    snprintf(host, sizeof host, "192.0.%u.%u", 2 + i / 200, i % 200);
    return kit_open(k, host);
}

/* All have said who they are, and the database has not looked yet. */
static void all_together_have_so_many_and_no_more(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < RF_CAPF_SESSIONS_MAX; i++) {
        struct kit_link *l = comes_from(k, i);
        char name[16];
        snprintf(name, sizeof name, "SEP%012X", i);
        assert_int_not_equal(l->session, 0);
        kit_say_early(k, l,
                      &(struct rf_capf_msg){.command = RF_CAPF_AUTH_RES,
                                            .has_reason = true,
                                            .reason = RF_CAPF_REASON_UPDATE,
                                            .has_version = true,
                                            .version = RF_CAPF_VERSION,
                                            .has_device_name = true,
                                            .device_name = rf_slice_str(name)});
    }
    assert_int_equal(comes_from(k, RF_CAPF_SESSIONS_MAX)->session, 0);
    kit_pump(k);
    assert_int_not_equal(comes_from(k, RF_CAPF_SESSIONS_MAX + 1)->session, 0);
}

/* Who says nothing makes way, the oldest first; who has proved itself and makes its key does not.
 */
static void the_silent_make_room(void **state)
{
    struct kit *k = *state;
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    assert_err(rf_key_new_ec(RF_CURVE_P256, &key, NULL), RF_OK);
    schedule(k);
    struct kit_link *enrols = kit_open(k, HERE);
    kit_say_string(k, enrols, PHONE, "123456");
    kit_expect(k, enrols, RF_CAPF_KEYGEN_REQ);
    struct kit_link *first = comes_from(k, 0);
    for (unsigned i = 1; i < 2 * RF_CAPF_SESSIONS_MAX; i++)
        assert_int_not_equal(comes_from(k, i)->session, 0);
    assert_true(first->is_closed);
    assert_false(k->links[k->n_links - 1].is_closed);
    assert_true(rf_capf_sessions_n(k->sessions) < RF_CAPF_SESSIONS_MAX);
    kit_say_key(k, enrols, key);
    kit_expect(k, enrols, RF_CAPF_STORE_CERT_REQ);
}

/* Names nobody has fill neither the list of events nor the log. */
static void strangers_are_written_down_by_the_minute(void **state)
{
    struct kit *k = *state;
    struct rf_store_event_query query = {0};
    struct rf_why why = {0};
    for (int minute = 1; minute <= 2; minute++) {
        for (int i = 0; i < 40; i++) {
            kit_forget_links(k);
            struct kit_link *l = kit_open(k, HERE);
            kit_say_string(k, l, "SEP0000DEADBEEF", "1");
            kit_expect_end(k, l, RF_CAPF_REASON_UNKNOWN_DEVICE);
        }
        struct rf_store_events events = {0};
        assert_err(rf_store_event_list(k->store, &query, &events, &why), RF_OK);
        assert_int_equal(events.n, 30 * minute);
        rf_store_events_fini(&events);
        kit_wait_ms(k, 61000);
    }
}

static size_t events_n(struct kit *k)
{
    struct rf_store_event_query query = {0};
    struct rf_store_events events = {0};
    struct rf_why why = {0};
    assert_err(rf_store_event_list(k->store, &query, &events, &why), RF_OK);
    size_t n = events.n;
    rf_store_events_fini(&events);
    return n;
}

/* Anybody can learn a phone's name: what was not proved fills nothing under it either. A wrong
 * string costs its try whatever was written before. */
static void what_nobody_proved_is_written_down_by_the_minute(void **state)
{
    struct kit *k = *state;
    for (int i = 0; i < 40; i++) { /* nothing is scheduled */
        kit_forget_links(k);
        struct kit_link *l = kit_open(k, HERE);
        kit_say_string(k, l, PHONE, "1234");
        kit_expect_end(k, l, RF_CAPF_REASON_NO_ACTION);
    }
    assert_int_equal(events_n(k), 30);
    schedule(k);
    for (int i = 0; i < 10; i++) { /* no proof: a failure, but one that costs nothing */
        kit_forget_links(k);
        struct kit_link *l = kit_open(k, HERE);
        kit_say(k, l,
                &(struct rf_capf_msg){.command = RF_CAPF_AUTH_RES,
                                      .has_device_name = true,
                                      .device_name = rf_slice_str(PHONE)});
        kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    }
    assert_int_equal(events_n(k), 30);
    uint32_t left = kit_op(k, PHONE).tries_left;
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "999999");
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, "bad-string");
    assert_int_equal(kit_op(k, PHONE).tries_left, left - 1);
    kit_wait_ms(k, 61000);
    l = kit_open(k, HERE);
    kit_say(k, l,
            &(struct rf_capf_msg){.command = RF_CAPF_AUTH_RES,
                                  .has_device_name = true,
                                  .device_name = rf_slice_str(PHONE)});
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, "no-string");
}

/* A try that cannot be written down must not be had for nothing: with a full disk, strings could be
 * guessed without end. */
static void a_try_that_cannot_be_counted_is_the_last_for_a_while(void **state)
{
    struct kit *k = *state;
    struct rlimit before, none;
    schedule(k);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "999999");
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    for (int i = 0; i < 6; i++) {
        l = kit_open(k, HERE);
        kit_say_string(k, l, PHONE, "999998");
        kit_expect_dropped(k, l); /* right or wrong, nobody says */
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    kit_wait_ms(k, 61000);
    l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "999999");
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, "bad-string");
    finish_at_the_next_try(k);
}

/* ---- the string is a secret ---- */

static bool holds(const char *path, const char *needle)
{
    RF_AUTO(rf_buf_fini) struct rf_buf b = {0};
    if (rf_file_read(path, (size_t)64 * 1024 * 1024, &b, NULL) != RF_OK)
        return false;
    return rf_slice_find(rf_buf_slice(&b), rf_slice_str(needle)) != SIZE_MAX;
}

static void the_string_is_written_nowhere(void **state)
{
    struct kit *k = *state;
    char path[128];
    static const char *const tails[] = {"", "-wal"};
    snprintf(path, sizeof path, "%s/log", k->dir);
    FILE *log = fopen(path, "w+");
    assert_non_null(log);
    rf_log_setup(fileno(log), RF_LOG_DEBUG);
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "3141592653");
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "2718281828");
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "3141592653");
    kit_finish_install(k, l);
    rf_log_setup(2, RF_LOG_INFO);
    fclose(log);
    assert_true(holds(path, "bad-string"));
    assert_false(holds(path, "3141592653") || holds(path, "2718281828"));
    remove(path);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s%s", k->db, tails[i]);
        assert_false(holds(path, "3141592653") || holds(path, "2718281828"));
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(malformed_answers_end_with_7_and_change_nothing_sec_60b),
        T(bytes_that_are_no_frame_end_the_session),
        T(another_sessions_id_ends_the_session),
        T(session_ids_are_not_counted),
        T(other_commands_end_with_7),
        T(malformed_after_the_proof_is_a_failed_try),
        T(frames_may_come_in_pieces_or_together),
        T(a_link_lost_before_the_name_is_nobodys_failure_sec_62),
        T(a_phone_that_says_nothing_is_left_after_a_while),
        T(a_link_lost_while_the_string_is_judged_sec_62),
        T(a_wrong_string_counts_although_nobody_waits_sec_54),
        T(a_link_lost_while_the_key_is_made_sec_62),
        T(a_link_lost_while_the_certificate_is_made_sec_62),
        T(a_confirmation_that_is_lost_leaves_it_unconfirmed_sec_62),
        T(a_link_lost_after_the_confirmation_is_no_loss_sec_62),
        T(showing_an_unconfirmed_lsc_confirms_it_sec_62),
        T(an_unconfirmed_lsc_is_confirmed_without_an_operation_sec_62),
        T(an_unconfirmed_lsc_of_an_older_operation_does_not_end_the_new_one),
        T(a_restart_in_the_middle_leaves_it_scheduled_sec_62),
        T(sessions_may_go_while_a_worker_has_one_in_hand),
        T(two_sessions_of_a_device_do_not_mix),
        T(guesses_do_not_go_side_by_side_sec_54),
        T(sessions_of_two_devices_go_side_by_side),
        T(one_address_has_so_many_sessions_and_no_more),
        T(all_together_have_so_many_and_no_more),
        T(the_silent_make_room),
        T(strangers_are_written_down_by_the_minute),
        T(what_nobody_proved_is_written_down_by_the_minute),
        T(a_try_that_cannot_be_counted_is_the_last_for_a_while),
        T(the_string_is_written_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
