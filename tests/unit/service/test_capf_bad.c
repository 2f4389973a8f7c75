/* SPDX-License-Identifier: Apache-2.0 */
/* What a phone can do wrong, at each step at which the server waits for it: the session ends with
 * the protocol's reason, an event says why, the operation is what it was (before the proof) or has
 * failed and stays scheduled (after it), and the next session finishes it. */
#include "capf_kit.h"

#include "store/store_campaign.h"

enum step { AT_AUTH, AT_KEY, AT_STORED, AT_DELETED, AT_FETCHED, STEPS };

static const struct {
    const char *name;
    enum rf_store_op op;
    uint8_t right; /* the command that is expected then */
} steps[STEPS] = {
    [AT_AUTH] = {"auth", RF_STORE_OP_INSTALL, RF_CAPF_AUTH_RES},
    [AT_KEY] = {"key", RF_STORE_OP_INSTALL, RF_CAPF_KEYGEN_RES},
    [AT_STORED] = {"stored", RF_STORE_OP_INSTALL, RF_CAPF_STORE_CERT_RES},
    [AT_DELETED] = {"deleted", RF_STORE_OP_DELETE, RF_CAPF_DELETE_CERT_RES},
    [AT_FETCHED] = {"fetched", RF_STORE_OP_FETCH, RF_CAPF_FETCH_CERT_RES},
};

static struct kit_link *go_to(struct kit *k, enum step step, struct rf_store_capf *before)
{
    kit_schedule(k, PHONE, steps[step].op, RF_STORE_AUTH_STRING, "123456");
    *before = kit_op(k, PHONE);
    struct kit_link *l = kit_open(k, HERE);
    if (step == AT_AUTH)
        return l;
    kit_say_string(k, l, PHONE, "123456");
    if (step == AT_DELETED)
        kit_expect(k, l, RF_CAPF_DELETE_CERT_REQ);
    else if (step == AT_FETCHED)
        kit_expect(k, l, RF_CAPF_FETCH_CERT_REQ);
    else
        kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    if (step == AT_STORED) {
        RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
        kit_say_key(k, l, key);
        kit_expect(k, l, RF_CAPF_STORE_CERT_REQ);
    }
    return l;
}

static struct rf_capf_msg right_message(const struct kit *k, enum step step,
                                        const struct rf_key *key)
{
    struct rf_capf_msg m = {.command = steps[step].right,
                            .has_reason = step != AT_KEY,
                            .reason = RF_CAPF_REASON_UPDATE};
    if (step == AT_AUTH) {
        m.has_device_name = m.has_password = true;
        m.device_name = rf_slice_str(PHONE);
        m.password = rf_slice_str("123456");
    } else if (step == AT_KEY) {
        m.has_public_key = true;
        m.public_key = rf_key_spki(key);
    } else if (step == AT_FETCHED) {
        m.has_cert = true;
        m.cert = rf_cert_der(k->mic.cert);
        m.cert_inner_type = RF_CAPF_CERT_MIC;
    }
    return m;
}

/* Nothing of it counts as done, and the same phone gets on when it does right. */
static void expect_scheduled(struct kit *k, enum step step, const struct rf_store_capf *before,
                             const char *code)
{
    struct rf_store_capf now = kit_op(k, PHONE);
    kit_expect_event(k, step == AT_AUTH ? NULL : PHONE, code);
    assert_int_equal(now.id, before->id);
    assert_int_equal(now.op, steps[step].op);
    assert_int_equal(now.tries_left, RF_STORE_STRING_TRIES);
    assert_int_equal(now.state, step == AT_AUTH ? RF_STORE_OP_PENDING : RF_STORE_OP_FAILED);
    assert_string_equal(now.reason, step == AT_AUTH ? "" : code);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_LSC, RF_STORE_CERT_CONFIRMED), 0);
    assert_int_equal(rf_capf_sessions_n(k->sessions), 0);
    kit_forget_links(k);
    kit_wait_ms(k, 61000); /* events about what is not proved are counted by the minute */
}

static void finish(struct kit *k)
{
    kit_schedule(k, PHONE, RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING, "123456");
    struct kit_link *l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    kit_finish_install(k, l);
}

static void a_phone_that_stops_at_any_step_sec_62(void **state)
{
    struct kit *k = *state;
    struct rf_store_capf before;
    for (int step = AT_KEY; step < STEPS; step++) {
        struct kit_link *l = go_to(k, (enum step)step, &before);
        kit_wait_ms(k, (uint64_t)k->site->capf_keepalive_s * 1000 + 1);
        kit_expect_dropped(k, l);
        expect_scheduled(k, (enum step)step, &before, "lost-link");
        l = go_to(k, (enum step)step, &before);
        kit_lose(k, l);
        kit_pump(k);
        expect_scheduled(k, (enum step)step, &before, "lost-link");
    }
    finish(k);
}

/* Every command but the one whose turn it is; "in progress" while a key is made is one too. */
static void any_other_command_at_any_step_sec_62(void **state)
{
    struct kit *k = *state;
    struct rf_store_capf before;
    for (int step = 0; step < STEPS; step++)
        for (unsigned command = 0; command < 26; command++) {
            if (command == steps[step].right || (step == AT_KEY && command == RF_CAPF_IN_PROGRESS))
                continue;
            struct kit_link *l = go_to(k, (enum step)step, &before);
            kit_say_reason(k, l, (uint8_t)command, RF_CAPF_REASON_UPDATE);
            kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
            expect_scheduled(k, (enum step)step, &before, "capf-command");
        }
    finish(k);
}

/* Twice at once: the second one comes where another is expected. */
static void any_message_twice_sec_62(void **state)
{
    struct kit *k = *state;
    struct rf_store_capf before;
    for (int step = 0; step < STEPS; step++) {
        RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
        struct kit_link *l = go_to(k, (enum step)step, &before);
        struct rf_capf_msg m = right_message(k, (enum step)step, key);
        bool is_last = step >= AT_STORED; /* then it is done, and what follows is not read */
        kit_say_early(k, l, &m);
        kit_say_early(k, l, &m);
        kit_pump(k);
        assert_true(l->is_closed);
        if (is_last) {
            assert_int_equal(kit_op(k, PHONE).state, RF_STORE_OP_SUCCESS);
            kit_forget_links(k);
            continue;
        }
        struct rf_store_capf now = kit_op(k, PHONE);
        assert_int_equal(now.state, RF_STORE_OP_FAILED);
        assert_string_equal(now.reason, "capf-command");
        kit_forget_links(k);
    }
}

/* The right message, of which some bytes are changed. */
static void say_spoiled(struct kit *k, struct kit_link *l, enum step step, size_t at, uint8_t byte)
{
    uint8_t buf[RF_CAPF_FRAME_MAX];
    struct rf_slice frame;
    RF_AUTO(rf_key_freep) struct rf_key *key = new_key(0);
    struct rf_capf_msg m = right_message(k, step, key);
    m.session = l->id;
    assert_err(rf_capf_encode(&m, buf, sizeof buf, &frame), RF_OK);
    assert_in_range(at, 0, frame.len - 1);
    buf[at] = byte;
    kit_say_bytes(k, l, frame);
}

static void wrong_lengths_at_any_step_sec_62(void **state)
{
    static const struct {
        size_t at; /* in the frame: 0 protocol, 2 session, 6 its length, 9 that of an element */
        uint8_t byte;
        const char *code;
    } rows[] = {
        {0, 0x57, "capf-protocol"},
        {2, 0xa5, "capf-session"},
        {6, 0xff, "capf-length"},
        {9, 0x7f, "short"},
    };
    struct kit *k = *state;
    struct rf_store_capf before;
    for (int step = 0; step < STEPS; step++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct kit_link *l = go_to(k, (enum step)step, &before);
            uint8_t byte = rows[i].at == 2 ? (uint8_t)((l->id >> 24) ^ rows[i].byte) : rows[i].byte;
            say_spoiled(k, l, (enum step)step, rows[i].at, byte);
            kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
            expect_scheduled(k, (enum step)step, &before, rows[i].code);
        }
    finish(k);
}

/* A frame that says it is longer than what comes: nothing is judged, and it ends as silence does.
 */
static void a_message_that_never_ends_sec_62(void **state)
{
    struct kit *k = *state;
    struct rf_store_capf before;
    for (int step = AT_KEY; step < STEPS; step++) {
        struct kit_link *l = go_to(k, (enum step)step, &before);
        say_spoiled(k, l, (enum step)step, 6, 0x1f);
        kit_expect_silence(k, l);
        kit_wait_ms(k, (uint64_t)k->site->capf_keepalive_s * 1000 + 1);
        kit_expect_dropped(k, l);
        expect_scheduled(k, (enum step)step, &before, "lost-link");
    }
    finish(k);
}

/* Whose certificate it is counts when it is shown to be noted, too. */
static void anothers_certificate_is_not_noted_sec_58(void **state)
{
    struct kit *k = *state;
    struct rf_store_capf before;
    struct id other = mic_id(OTHER, &k->mic_root, 0);
    struct kit_link *l = go_to(k, AT_FETCHED, &before);
    struct rf_capf_msg m = right_message(k, AT_FETCHED, NULL);
    m.cert = rf_cert_der(other.cert);
    kit_say(k, l, &m);
    kit_expect_end(k, l, RF_CAPF_REASON_NO_ACTION);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_MIC, RF_STORE_CERT_CONFIRMED), 0);
    l = go_to(k, AT_FETCHED, &before);
    m.cert = rf_cert_der(k->mic.cert);
    kit_say(k, l, &m);
    kit_expect_end(k, l, RF_CAPF_REASON_NO_ACTION);
    assert_int_equal(kit_certs(k, PHONE, RF_STORE_MIC, RF_STORE_CERT_CONFIRMED), 1);
    id_fini(&other);
}

/* ---- in a campaign ---- */

/* What campaigns see of the phone's operation. */
static struct rf_store_underway underway(struct kit *k)
{
    struct rf_store_underways all = {.n = 0};
    assert_err(rf_store_campaign_look(k->store, PHONE, &all, NULL), RF_OK);
    assert_int_equal(all.n, 1);
    struct rf_store_underway u = all.items[0];
    rf_store_underways_fini(&all);
    return u;
}

static void begin_campaign(struct kit *k, enum rf_store_auth auth, const char *string)
{
    struct rf_store_capf op = kit_operation(PHONE, RF_STORE_OP_INSTALL, auth, string);
    struct rf_store_campaign c = {.op = op.op,
                                  .auth = auth,
                                  .key_type = op.key_type,
                                  .key_bits = op.key_bits,
                                  .rate = 60,
                                  .string_s = 3600};
    struct rf_store_recruit who = {.device = PHONE};
    struct rf_store_names begun = {.n = 0};
    int64_t now_s = rf_wall_s(&k->clock.clock);
    snprintf(who.string_hash, sizeof who.string_hash, "%s", op.string_hash);
    assert_err(rf_store_campaign_add(k->store, &c, &who, 1, now_s, NULL), RF_OK);
    assert_err(rf_store_campaign_begin(k->store, &c, 1, now_s, &begun, NULL), RF_OK);
    assert_int_equal(begun.n, 1);
    rf_store_names_fini(&begun);
}

/* Refused, and the operator sees why; nothing of it is held against the phone. */
static void expect_claimed(struct kit *k, struct kit_link *l, const char *code)
{
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    kit_expect_failed(k, PHONE, code);
    assert_string_equal(underway(k).last, code);
    assert_string_equal(underway(k).reason, "");
}

/* Once it was let in, what it does wrong is its own. */
static void expect_own_failure(struct kit *k, struct kit_link *l)
{
    kit_expect(k, l, RF_CAPF_KEYGEN_REQ);
    assert_string_equal(underway(k).reason, "");
    kit_say_reason(k, l, RF_CAPF_KEYGEN_RES, RF_CAPF_REASON_INVALID);
    kit_expect_end(k, l, RF_CAPF_REASON_INVALID);
    assert_string_equal(underway(k).reason, "phone-refused");
}

static void a_stranger_fails_nobodys_turn_by_certificate(void **state)
{
    struct kit *k = *state;
    struct id root = self_id(RF_CERT_ROLE_MIC_ROOT, "Stranger", 0);
    struct id own = mic_id(PHONE, &root, 0); /* made by whoever knows the name */
    begin_campaign(k, RF_STORE_AUTH_MIC, NULL);
    struct kit_link *l = kit_open(k, THERE);
    kit_say_string(k, l, PHONE, "123456");
    expect_claimed(k, l, "no-cert");
    l = kit_open(k, THERE);
    kit_say_cert(k, l, PHONE, &own);
    expect_claimed(k, l, "path-unknown-issuer");
    l = kit_open(k, HERE);
    kit_say_cert(k, l, PHONE, &k->mic);
    expect_own_failure(k, l);
    id_fini(&own);
    id_fini(&root);
}

static void a_stranger_fails_nobodys_turn_by_string(void **state)
{
    struct kit *k = *state;
    begin_campaign(k, RF_STORE_AUTH_STRING, "123456");
    struct kit_link *l = kit_open(k, THERE);
    kit_say_cert(k, l, PHONE, &k->mic);
    expect_claimed(k, l, "no-string");
    l = kit_open(k, THERE);
    kit_say_string(k, l, PHONE, "654321");
    expect_claimed(k, l, "bad-string");
    l = kit_open(k, HERE);
    kit_say_string(k, l, PHONE, "123456");
    expect_own_failure(k, l);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, kit_set_up, kit_tear_down)
    const struct CMUnitTest tests[] = {
        T(a_phone_that_stops_at_any_step_sec_62),
        T(any_other_command_at_any_step_sec_62),
        T(any_message_twice_sec_62),
        T(wrong_lengths_at_any_step_sec_62),
        T(a_message_that_never_ends_sec_62),
        T(anothers_certificate_is_not_noted_sec_58),
        T(a_stranger_fails_nobodys_turn_by_certificate),
        T(a_stranger_fails_nobodys_turn_by_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
