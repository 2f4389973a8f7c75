/* SPDX-License-Identifier: Apache-2.0 */
/* Each store function: what it keeps, what it refuses, and that a refusal changes nothing. */
#include "store_place.h"

#include <sqlite3.h>

#define NOW 1800000000

static struct rf_store_line line_of(uint32_t index, const char *dn, bool is_shared)
{
    struct rf_store_line l = {.index = index, .is_shared = is_shared};
    snprintf(l.dn, sizeof l.dn, "%s", dn);
    snprintf(l.label, sizeof l.label, "Line %s", dn);
    snprintf(l.display_name, sizeof l.display_name, "Caller %s", dn);
    return l;
}

static struct rf_store_phone phone_of(const char *name, struct rf_store_line *lines, size_t n)
{
    struct rf_store_phone p = {.lines = lines, .n_lines = n};
    snprintf(p.device.name, sizeof p.device.name, "%s", name);
    snprintf(p.device.model, sizeof p.device.model, "7962");
    snprintf(p.device.description, sizeof p.device.description, "Reception <&> \xc3\xa4");
    snprintf(p.device.load, sizeof p.device.load, "RF42.1-2-0S");
    p.device.mode = RF_STORE_ENCRYPTED;
    p.device.has_srtp = true;
    p.device.media_policy = RF_STORE_MEDIA_REQUIRE;
    return p;
}

static struct rf_store_event event_of(const char *device, const char *text)
{
    struct rf_store_event e = {.time_s = NOW, .uid = 1000, .severity = RF_STORE_INFO};
    snprintf(e.category, sizeof e.category, "device");
    snprintf(e.device, sizeof e.device, "%s", device);
    snprintf(e.text, sizeof e.text, "%s", text);
    return e;
}

static size_t n_events(struct place *s)
{
    struct rf_store_event_query query = {0};
    struct rf_store_events events = {0};
    assert_err(rf_store_event_list(s->store, &query, &events, NULL), RF_OK);
    size_t n = events.n;
    rf_store_events_fini(&events);
    return n;
}

static void add_device(struct place *s, const char *name, const char *dn)
{
    struct rf_store_line line = line_of(1, dn, false);
    struct rf_store_phone phone = phone_of(name, &line, 1);
    struct rf_why why = {0};
    assert_err(rf_store_device_add(s->store, &phone, NOW, NULL, &why), RF_OK);
}

static void a_device_comes_back_whole_after_reopening(void **state)
{
    struct place *s = *state;
    struct rf_store_line lines[] = {line_of(2, "2002", false), line_of(1, "2001", true)};
    struct rf_store_phone in = phone_of("SEP001122334455", lines, 2);
    struct rf_store_event event = event_of("SEP001122334455", "added");
    assert_err(rf_store_device_add(s->store, &in, NOW, &event, NULL), RF_OK);
    place_open(s);
    struct rf_store_phone out = {0};
    assert_err(rf_store_device_load(s->store, "SEP001122334455", &out, NULL), RF_OK);
    assert_string_equal(out.device.model, "7962");
    assert_string_equal(out.device.description, in.device.description);
    assert_string_equal(out.device.load, "RF42.1-2-0S");
    assert_int_equal(out.device.mode, RF_STORE_ENCRYPTED);
    assert_int_equal(out.device.protocol, RF_STORE_SCCP);
    assert_int_equal(out.device.media_policy, RF_STORE_MEDIA_REQUIRE);
    assert_true(out.device.has_srtp);
    assert_int_equal(out.device.added_s, NOW);
    assert_int_equal(out.device.changed_s, NOW);
    assert_int_equal(out.n_lines, 2);
    assert_int_equal(out.lines[0].index, 1);
    assert_string_equal(out.lines[0].dn, "2001");
    assert_true(out.lines[0].is_shared);
    assert_string_equal(out.lines[1].dn, "2002");
    assert_string_equal(out.lines[1].label, "Line 2002");
    assert_string_equal(out.lines[1].display_name, "Caller 2002");
    rf_store_phone_fini(&out);
    assert_int_equal(n_events(s), 1);
}

static void a_device_or_line_that_is_there_is_refused_and_nothing_changes(void **state)
{
    struct place *s = *state;
    add_device(s, "SEP000000000001", "2001");
    struct rf_store_event event = event_of("SEP000000000001", "added");
    struct rf_store_line line = line_of(1, "2002", false);
    struct rf_store_phone again = phone_of("SEP000000000001", &line, 1);
    struct rf_why why = {0};
    assert_refused(rf_store_device_add(s->store, &again, NOW, &event, &why), RF_ERR_EXISTS, why,
                   "device-exists");
    /* The second line clashes: the first one and the device must not stay either. */
    struct rf_store_line two[] = {line_of(1, "2005", false), line_of(2, "2001", false)};
    struct rf_store_phone other = phone_of("SEP000000000002", two, 2);
    why = (struct rf_why){0};
    assert_refused(rf_store_device_add(s->store, &other, NOW, &event, &why), RF_ERR_EXISTS, why,
                   "line-exists");
    struct rf_store_phones all = {0};
    assert_err(rf_store_device_list(s->store, &all, NULL), RF_OK);
    assert_int_equal(all.n, 1);
    assert_int_equal(all.items[0].n_lines, 1);
    rf_store_phones_fini(&all);
    assert_int_equal(n_events(s), 0);
    two[1] = line_of(2, "2006", false); /* the twin without the clash */
    assert_err(rf_store_device_add(s->store, &other, NOW, &event, NULL), RF_OK);
    assert_int_equal(n_events(s), 1);
}

static void a_number_is_shared_only_when_all_say_so(void **state)
{
    struct place *s = *state;
    struct rf_store_line line = line_of(1, "3000", true);
    struct rf_store_phone a = phone_of("SEPA", &line, 1);
    assert_err(rf_store_device_add(s->store, &a, NOW, NULL, NULL), RF_OK);
    struct rf_store_phone b = phone_of("SEPB", &line, 1);
    assert_err(rf_store_device_add(s->store, &b, NOW, NULL, NULL), RF_OK);
    struct rf_store_line own = line_of(1, "3000", false);
    struct rf_store_phone c = phone_of("SEPC", &own, 1);
    struct rf_why why = {0};
    assert_refused(rf_store_device_add(s->store, &c, NOW, NULL, &why), RF_ERR_EXISTS, why,
                   "line-exists");
    struct rf_store_line twice[] = {line_of(1, "3100", true), line_of(2, "3100", true)};
    struct rf_store_phone d = phone_of("SEPD", twice, 2);
    why = (struct rf_why){0};
    assert_refused(rf_store_device_add(s->store, &d, NOW, NULL, &why), RF_ERR_EXISTS, why,
                   "line-exists");
}

static void values_outside_their_limits_are_refused(void **state)
{
    struct place *s = *state;
    static const char *const names[] = {"", "SEP 1", "SEP/../x", "SEP\x01", "SEP\xc3\xa4"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct rf_store_phone p = phone_of(names[i], NULL, 0);
        struct rf_why why = {0};
        assert_refused(rf_store_device_add(s->store, &p, NOW, NULL, &why), RF_ERR_BAD, why,
                       "store-value");
    }
    struct rf_store_phone full = phone_of("SEP", NULL, 0);
    memset(full.device.description, 'x', sizeof full.device.description);
    struct rf_why why = {0};
    assert_refused(rf_store_device_add(s->store, &full, NOW, NULL, &why), RF_ERR_BAD, why,
                   "store-value");
    struct rf_store_phone load = phone_of("SEP", NULL, 0);
    snprintf(load.device.load, sizeof load.device.load, "../keys/tftp");
    why = (struct rf_why){0};
    assert_refused(rf_store_device_add(s->store, &load, NOW, NULL, &why), RF_ERR_BAD, why,
                   "store-value");
    struct rf_store_line bad[] = {line_of(0, "1", false), line_of(65, "1", false),
                                  line_of(1, "", false), line_of(1, "12x", false)};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rf_store_phone p = phone_of("SEP", &bad[i], 1);
        why = (struct rf_why){0};
        assert_refused(rf_store_device_add(s->store, &p, NOW, NULL, &why), RF_ERR_BAD, why,
                       "store-value");
    }
    struct rf_store_line twice[] = {line_of(1, "1", false), line_of(1, "2", false)};
    struct rf_store_phone p = phone_of("SEP", twice, 2);
    why = (struct rf_why){0};
    assert_refused(rf_store_device_add(s->store, &p, NOW, NULL, &why), RF_ERR_BAD, why,
                   "store-value");
    struct rf_store_line edge[] = {line_of(1, "123456789012345678901234", false),
                                   line_of(64, "*#+A", false)};
    struct rf_store_phone good = phone_of("SEP-123456789_.", edge, 2);
    assert_err(rf_store_device_add(s->store, &good, NOW, NULL, NULL), RF_OK);
}

static void a_change_replaces_lines_and_keeps_the_time_of_adding(void **state)
{
    struct place *s = *state;
    struct rf_store_line lines[] = {line_of(1, "2001", false), line_of(2, "2002", false)};
    struct rf_store_phone in = phone_of("SEPA", lines, 2);
    struct rf_why why = {0};
    assert_refused(rf_store_device_change(s->store, &in, NOW, NULL, &why), RF_ERR_NOT_FOUND, why,
                   "device-unknown");
    assert_err(rf_store_device_add(s->store, &in, NOW, NULL, NULL), RF_OK);
    struct rf_store_line only = line_of(3, "2002", false);
    struct rf_store_phone changed = phone_of("SEPA", &only, 1);
    changed.device.mode = RF_STORE_NONSECURE;
    assert_err(rf_store_device_change(s->store, &changed, NOW + 5, NULL, NULL), RF_OK);
    struct rf_store_phone out = {0};
    assert_err(rf_store_device_load(s->store, "SEPA", &out, NULL), RF_OK);
    assert_int_equal(out.device.added_s, NOW);
    assert_int_equal(out.device.changed_s, NOW + 5);
    assert_int_equal(out.device.mode, RF_STORE_NONSECURE);
    assert_int_equal(out.n_lines, 1);
    assert_int_equal(out.lines[0].index, 3);
    rf_store_phone_fini(&out);
}

static void events_are_listed_filtered_and_trimmed(void **state)
{
    struct place *s = *state;
    int64_t ids[10];
    for (int i = 0; i < 10; i++) {
        struct rf_store_event e = event_of(i % 2 == 0 ? "SEPA" : "SEPB", "happened");
        e.time_s = NOW + i;
        e.call = (uint32_t)i;
        e.uid = -1;
        e.severity = RF_STORE_WARN;
        snprintf(e.code, sizeof e.code, "bad-string");
        assert_err(rf_store_event_add(s->store, &e, &ids[i], NULL), RF_OK);
    }
    struct rf_store_events got = {0};
    struct rf_store_event_query query = {.device = "SEPB", .since_s = NOW + 3, .limit = 2};
    assert_err(rf_store_event_list(s->store, &query, &got, NULL), RF_OK);
    assert_int_equal(got.n, 2); /* of 3, 5, 7, 9 the youngest two, oldest first */
    assert_int_equal(got.items[0].time_s, NOW + 7);
    assert_int_equal(got.items[1].time_s, NOW + 9);
    assert_int_equal(got.items[1].call, 9);
    assert_int_equal(got.items[1].uid, -1);
    assert_int_equal(got.items[1].severity, RF_STORE_WARN);
    assert_string_equal(got.items[1].code, "bad-string");
    assert_string_equal(got.items[1].category, "device");
    assert_string_equal(got.items[1].text, "happened");
    rf_store_events_fini(&got);
    query = (struct rf_store_event_query){.after_id = ids[7]};
    assert_err(rf_store_event_list(s->store, &query, &got, NULL), RF_OK);
    assert_int_equal(got.n, 2);
    assert_int_equal(got.items[0].id, ids[8]);
    rf_store_events_fini(&got);
    /* One page behind another: none is passed over. */
    query = (struct rf_store_event_query){.has_after = true, .after_id = ids[2], .limit = 2};
    assert_err(rf_store_event_list(s->store, &query, &got, NULL), RF_OK);
    assert_int_equal(got.n, 2);
    assert_int_equal(got.items[0].id, ids[3]);
    assert_int_equal(got.items[1].id, ids[4]);
    rf_store_events_fini(&got);
    query.device = "SEPB"; /* 3, 5, 7, 9 */
    assert_err(rf_store_event_list(s->store, &query, &got, NULL), RF_OK);
    assert_int_equal(got.n, 2);
    assert_int_equal(got.items[1].id, ids[5]);
    rf_store_events_fini(&got);
    uint64_t dropped = 0;
    assert_err(rf_store_event_trim(s->store, 6, 0, &dropped, NULL), RF_OK);
    assert_int_equal(dropped, 4);
    assert_err(rf_store_event_trim(s->store, 6, NOW + 8, &dropped, NULL), RF_OK);
    assert_int_equal(dropped, 4);
    assert_int_equal(n_events(s), 2);
    /* A new id is above every old one, also after a trim of all. */
    assert_err(rf_store_event_trim(s->store, 0, 0, NULL, NULL), RF_OK);
    assert_int_equal(n_events(s), 0);
    struct rf_store_event e = event_of("", "again");
    int64_t id = 0;
    assert_err(rf_store_event_add(s->store, &e, &id, NULL), RF_OK);
    assert_true(id > ids[9]);
}

/* Whoever can provoke events must not push out of the list what operators did. */
static void what_operators_did_is_not_pushed_out(void **state)
{
    struct place *s = *state;
    struct rf_store_event by_operator = event_of("SEPA", "device removed");
    struct rf_store_event by_stranger = event_of("", "link refused");
    by_stranger.uid = -1;
    assert_err(rf_store_event_add(s->store, &by_operator, NULL, NULL), RF_OK);
    by_operator.uid = 0;
    assert_err(rf_store_event_add(s->store, &by_operator, NULL, NULL), RF_OK);
    for (int i = 0; i < 10; i++)
        assert_err(rf_store_event_add(s->store, &by_stranger, NULL, NULL), RF_OK);
    uint64_t dropped = 0;
    assert_err(rf_store_event_trim(s->store, 4, 0, &dropped, NULL), RF_OK);
    assert_int_equal(dropped, 6);
    assert_int_equal(n_events(s), 6);
    assert_err(rf_store_event_trim(s->store, 4, NOW + 1, &dropped, NULL), RF_OK);
    assert_int_equal(n_events(s), 0); /* age is the same for all */
}

/* Nor does one category push out another. */
static void a_flood_of_calls_does_not_push_out_refusals(void **state)
{
    struct place *s = *state;
    struct rf_store_event refused = event_of("", "register refused");
    struct rf_store_event call = event_of("SEPA", "call ended");
    uint64_t dropped = 0;
    refused.uid = call.uid = -1;
    snprintf(refused.category, sizeof refused.category, "security");
    snprintf(call.category, sizeof call.category, "call");
    for (int i = 0; i < 3; i++)
        assert_err(rf_store_event_add(s->store, &refused, NULL, NULL), RF_OK);
    for (int i = 0; i < 20; i++)
        assert_err(rf_store_event_add(s->store, &call, NULL, NULL), RF_OK);
    assert_err(rf_store_event_trim(s->store, 4, 0, &dropped, NULL), RF_OK);
    assert_int_equal(dropped, 16);
    assert_int_equal(n_events(s), 3 + 4);
    assert_err(rf_store_event_trim(s->store, 2, 0, &dropped, NULL), RF_OK);
    assert_int_equal(n_events(s), 2 + 2); /* each has its own limit */
}

static struct rf_store_capf op_of(const char *device, enum rf_store_op op, enum rf_store_auth auth)
{
    struct rf_store_capf c = {.op = op, .auth = auth, .key_bits = 2048, .created_uid = 1000};
    snprintf(c.device, sizeof c.device, "%s", device);
    if (auth == RF_STORE_AUTH_STRING)
        snprintf(c.string_hash, sizeof c.string_hash, "scrypt$salt$hash");
    return c;
}

static int64_t schedule(struct place *s, const struct rf_store_capf *op)
{
    int64_t id = 0;
    struct rf_why why = {0};
    assert_err(rf_store_capf_schedule(s->store, op, NOW, NULL, &id, &why), RF_OK);
    return id;
}

static struct rf_store_capf load_op(struct place *s, const char *device)
{
    struct rf_store_capf op;
    assert_err(rf_store_capf_load(s->store, device, &op, NULL), RF_OK);
    return op;
}

static struct rf_store_cert cert_of(const char *device, uint8_t mark)
{
    struct rf_store_cert c = {
        .der = RF_BUF(RF_STORE_DER_MAX), .not_before_s = NOW - 100, .not_after_s = NOW + 1000};
    snprintf(c.device, sizeof c.device, "%s", device);
    snprintf(c.serial, sizeof c.serial, "00ff%02x", mark);
    snprintf(c.subject, sizeof c.subject, "CN=%s", device);
    snprintf(c.issuer, sizeof c.issuer, "CN=issuer");
    memset(c.sha256, mark, sizeof c.sha256);
    assert_err(rf_buf_add(&c.der, &mark, 1), RF_OK);
    return c;
}

static void issue(struct place *s, const char *device, int64_t op_id, uint8_t mark)
{
    struct rf_store_cert c = cert_of(device, mark);
    struct rf_why why = {0};
    assert_err(rf_store_capf_issue(s->store, op_id, &c, NOW + mark, NULL, &why), RF_OK);
    rf_store_cert_fini(&c);
}

static enum rf_store_cert_state cert_state(struct place *s, uint8_t mark)
{
    uint8_t fp[32];
    memset(fp, mark, sizeof fp);
    struct rf_store_cert c = {0};
    assert_err(rf_store_cert_load(s->store, fp, &c, NULL), RF_OK);
    enum rf_store_cert_state state = c.state;
    rf_store_cert_fini(&c);
    return state;
}

static enum rf_err confirm(struct place *s, const char *device, uint8_t mark,
                           const struct rf_store_event *event, struct rf_why *why)
{
    uint8_t fp[32];
    memset(fp, mark, sizeof fp);
    return rf_store_capf_confirm(s->store, device, fp, NOW + 50, event, why);
}

static void an_operation_ends_only_when_the_phone_confirmed(void **state)
{
    struct place *s = *state;
    add_device(s, "SEPA", "2001");
    struct rf_store_capf in = op_of("SEPA", RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING);
    int64_t id = schedule(s, &in);
    assert_int_equal(load_op(s, "SEPA").state, RF_STORE_OP_PENDING);
    assert_err(rf_store_capf_progress(s->store, "SEPA", id, NOW + 1, NULL), RF_OK);
    assert_int_equal(load_op(s, "SEPA").state, RF_STORE_OP_IN_PROGRESS);
    issue(s, "SEPA", id, 1);
    place_open(s);
    struct rf_store_capf op = load_op(s, "SEPA");
    assert_int_equal(op.op, RF_STORE_OP_INSTALL);
    assert_string_equal(op.string_hash, "scrypt$salt$hash");
    assert_int_equal(cert_state(s, 1), RF_STORE_CERT_UNCONFIRMED);
    struct rf_store_event event = event_of("SEPA", "confirmed");
    assert_err(confirm(s, "SEPA", 1, &event, NULL), RF_OK);
    place_open(s);
    op = load_op(s, "SEPA");
    assert_int_equal(op.op, RF_STORE_OP_NONE);
    assert_int_equal(op.asked, RF_STORE_OP_INSTALL);
    assert_int_equal(op.state, RF_STORE_OP_SUCCESS);
    assert_string_equal(op.string_hash, ""); /* one use */
    assert_int_equal(cert_state(s, 1), RF_STORE_CERT_CONFIRMED);
    assert_int_equal(n_events(s), 1);
    assert_err(confirm(s, "SEPA", 1, &event, NULL), RF_OK); /* twice is fine, and silent */
    assert_int_equal(n_events(s), 1);
    struct rf_why why = {0};
    struct rf_store_cert late = cert_of("SEPA", 2);
    assert_refused(rf_store_capf_issue(s->store, id, &late, NOW, NULL, &why), RF_ERR_DENIED, why,
                   "op-ended");
    rf_store_cert_fini(&late);
}

static void a_newer_certificate_supersedes_the_older_ones(void **state)
{
    struct place *s = *state;
    add_device(s, "SEPA", "2001");
    struct rf_store_capf in = op_of("SEPA", RF_STORE_OP_INSTALL, RF_STORE_AUTH_MIC);
    int64_t first = schedule(s, &in);
    issue(s, "SEPA", first, 1);
    assert_err(confirm(s, "SEPA", 1, NULL, NULL), RF_OK);
    int64_t second = schedule(s, &in);
    assert_true(second > first);
    issue(s, "SEPA", second, 2); /* its confirmation is lost, the phone tries again */
    assert_int_equal(cert_state(s, 1), RF_STORE_CERT_CONFIRMED);
    issue(s, "SEPA", second, 3);
    assert_err(confirm(s, "SEPA", 3, NULL, NULL), RF_OK);
    assert_int_equal(cert_state(s, 1), RF_STORE_CERT_SUPERSEDED);
    assert_int_equal(cert_state(s, 2), RF_STORE_CERT_SUPERSEDED);
    assert_int_equal(cert_state(s, 3), RF_STORE_CERT_CONFIRMED);
    struct rf_why why = {0};
    assert_refused(confirm(s, "SEPA", 2, NULL, &why), RF_ERR_DENIED, why, "cert-state");
    why = (struct rf_why){0};
    assert_refused(confirm(s, "SEPA", 9, NULL, &why), RF_ERR_NOT_FOUND, why, "cert-unknown");
    why = (struct rf_why){0};
    assert_refused(confirm(s, "SEPB", 3, NULL, &why), RF_ERR_NOT_FOUND, why, "cert-unknown");
}

static void a_lost_confirmation_does_not_end_a_newer_operation(void **state)
{
    struct place *s = *state;
    add_device(s, "SEPA", "2001");
    struct rf_store_capf in = op_of("SEPA", RF_STORE_OP_INSTALL, RF_STORE_AUTH_MIC);
    int64_t first = schedule(s, &in);
    issue(s, "SEPA", first, 1);
    int64_t second = schedule(s, &in);
    assert_err(confirm(s, "SEPA", 1, NULL, NULL), RF_OK);
    assert_int_equal(cert_state(s, 1), RF_STORE_CERT_CONFIRMED);
    struct rf_store_capf op = load_op(s, "SEPA");
    assert_int_equal(op.id, second);
    assert_int_equal(op.op, RF_STORE_OP_INSTALL);
    struct rf_why why = {0};
    assert_refused(rf_store_capf_progress(s->store, "SEPA", first, NOW, &why), RF_ERR_DENIED, why,
                   "op-ended");
    assert_err(rf_store_capf_progress(s->store, "SEPA", second, NOW, NULL), RF_OK);
}

static void five_wrong_strings_lock_until_a_new_one(void **state)
{
    struct place *s = *state;
    add_device(s, "SEPA", "2001");
    struct rf_store_capf in = op_of("SEPA", RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING);
    int64_t id = schedule(s, &in);
    struct rf_why why = {0};
    for (uint32_t i = 1; i <= 5; i++) {
        uint32_t left = 99;
        struct rf_store_capf op = load_op(s, "SEPA");
        assert_err(rf_store_capf_is_open(&op, NOW, NULL), RF_OK);
        assert_err(rf_store_capf_fail(s->store, "SEPA", id, "bad-string", RF_STORE_FAILURE_TRY,
                                      NOW + i, NULL, &left, NULL),
                   RF_OK);
        assert_int_equal(left, 5 - i);
    }
    struct rf_store_capf op = load_op(s, "SEPA");
    assert_int_equal(op.state, RF_STORE_OP_FAILED);
    assert_string_equal(op.reason, "bad-string");
    assert_int_equal(op.op, RF_STORE_OP_INSTALL);
    assert_refused(rf_store_capf_is_open(&op, NOW, &why), RF_ERR_DENIED, why, "string-locked");
    why = (struct rf_why){0};
    assert_refused(rf_store_capf_fail(s->store, "SEPA", id, "bad-string", RF_STORE_FAILURE_TRY, NOW,
                                      NULL, NULL, &why),
                   RF_ERR_DENIED, why, "op-locked");
    assert_err(rf_store_capf_fail(s->store, "SEPA", id, "lost-link", RF_STORE_FAILURE_PROVED, NOW,
                                  NULL, NULL, NULL),
               RF_OK);
    schedule(s, &in);
    op = load_op(s, "SEPA");
    assert_int_equal(op.tries_left, 5);
    assert_err(rf_store_capf_is_open(&op, NOW, NULL), RF_OK);
}

static void an_operation_is_open_only_in_its_time(void **state)
{
    (void)state;
    struct rf_store_capf op = op_of("SEPA", RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING);
    op.tries_left = 5;
    op.complete_by_s = NOW + 10;
    op.string_expires_s = NOW + 5;
    struct rf_why why = {0};
    assert_err(rf_store_capf_is_open(&op, NOW + 5, NULL), RF_OK);
    assert_refused(rf_store_capf_is_open(&op, NOW + 6, &why), RF_ERR_DENIED, why, "string-expired");
    op.auth = RF_STORE_AUTH_MIC;
    assert_err(rf_store_capf_is_open(&op, NOW + 10, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(rf_store_capf_is_open(&op, NOW + 11, &why), RF_ERR_DENIED, why,
                   "expired-window");
    op.op = RF_STORE_OP_NONE;
    why = (struct rf_why){0};
    assert_refused(rf_store_capf_is_open(&op, NOW, &why), RF_ERR_NOT_FOUND, why, "no-operation");
}

static void scheduling_asks_for_a_device_and_a_string(void **state)
{
    struct place *s = *state;
    struct rf_store_capf in = op_of("SEPA", RF_STORE_OP_INSTALL, RF_STORE_AUTH_STRING);
    struct rf_why why = {0};
    assert_refused(rf_store_capf_schedule(s->store, &in, NOW, NULL, NULL, &why), RF_ERR_NOT_FOUND,
                   why, "device-unknown");
    add_device(s, "SEPA", "2001");
    struct rf_store_capf none;
    why = (struct rf_why){0};
    assert_refused(rf_store_capf_load(s->store, "SEPA", &none, &why), RF_ERR_NOT_FOUND, why,
                   "op-unknown");
    in.string_hash[0] = '\0';
    why = (struct rf_why){0};
    assert_refused(rf_store_capf_schedule(s->store, &in, NOW, NULL, NULL, &why), RF_ERR_BAD, why,
                   "store-value");
    in.auth = RF_STORE_AUTH_NULL;
    schedule(s, &in);
    in.op = RF_STORE_OP_NONE; /* drops it */
    assert_err(rf_store_capf_schedule(s->store, &in, NOW, NULL, NULL, NULL), RF_OK);
    struct rf_store_capfs all = {0};
    assert_err(rf_store_capf_list(s->store, &all, NULL), RF_OK);
    assert_int_equal(all.n, 1);
    assert_int_equal(all.items[0].op, RF_STORE_OP_NONE);
    assert_int_equal(all.items[0].state, RF_STORE_OP_STATE_NONE);
    rf_store_capfs_fini(&all);
}

static void a_delete_revokes_and_an_install_is_not_done_by_word(void **state)
{
    struct place *s = *state;
    add_device(s, "SEPA", "2001");
    struct rf_store_capf in = op_of("SEPA", RF_STORE_OP_INSTALL, RF_STORE_AUTH_MIC);
    int64_t id = schedule(s, &in);
    issue(s, "SEPA", id, 1);
    struct rf_why why = {0};
    assert_refused(rf_store_capf_done(s->store, "SEPA", id, NOW, NULL, &why), RF_ERR_DENIED, why,
                   "op-kind");
    assert_err(confirm(s, "SEPA", 1, NULL, NULL), RF_OK);
    in.op = RF_STORE_OP_DELETE;
    id = schedule(s, &in);
    struct rf_store_cert wrong = cert_of("SEPA", 7);
    why = (struct rf_why){0};
    assert_refused(rf_store_capf_issue(s->store, id, &wrong, NOW, NULL, &why), RF_ERR_DENIED, why,
                   "op-kind");
    rf_store_cert_fini(&wrong);
    assert_err(rf_store_capf_done(s->store, "SEPA", id, NOW, NULL, NULL), RF_OK);
    assert_int_equal(cert_state(s, 1), RF_STORE_CERT_REVOKED);
    assert_int_equal(load_op(s, "SEPA").state, RF_STORE_OP_SUCCESS);
}

/* Whenever it was noted, before ours was issued or after, and by whatever version. */
static void another_sites_lsc_is_over_when_ours_is_confirmed(void **state)
{
    struct place *s = *state;
    struct rf_why why = {0};
    add_device(s, "SEPA", "2001");
    struct rf_store_cert first = cert_of("SEPA", 7);
    struct rf_store_cert second = cert_of("SEPA", 9);
    assert_err(rf_store_mic_note(s->store, &first, NOW, NULL), RF_OK);
    assert_err(rf_store_lsc_note(s->store, &first, NOW, NULL), RF_OK);
    assert_err(rf_store_lsc_note(s->store, &first, NOW, NULL), RF_OK);
    assert_refused(rf_store_mic_note(s->store, &first, NOW, &why), RF_ERR_EXISTS, why,
                   "cert-exists");
    struct rf_store_capf in = op_of("SEPA", RF_STORE_OP_INSTALL, RF_STORE_AUTH_LSC);
    int64_t id = schedule(s, &in);
    issue(s, "SEPA", id, 1);
    assert_err(rf_store_lsc_note(s->store, &second, NOW, NULL), RF_OK);
    assert_int_equal(cert_state(s, 7), RF_STORE_CERT_CONFIRMED);
    assert_int_equal(cert_state(s, 9), RF_STORE_CERT_CONFIRMED);
    struct rf_store_cert ours = cert_of("SEPA", 1);
    assert_err(rf_store_capf_confirm(s->store, "SEPA", ours.sha256, NOW, NULL, NULL), RF_OK);
    assert_int_equal(cert_state(s, 1), RF_STORE_CERT_CONFIRMED);
    assert_int_equal(cert_state(s, 7), RF_STORE_CERT_SUPERSEDED);
    assert_int_equal(cert_state(s, 9), RF_STORE_CERT_SUPERSEDED);
    snprintf(second.device, sizeof second.device, "SEPB");
    why = (struct rf_why){0};
    assert_refused(rf_store_lsc_note(s->store, &second, NOW, &why), RF_ERR_EXISTS, why,
                   "cert-exists");
    rf_store_cert_fini(&ours);
    rf_store_cert_fini(&second);
    rf_store_cert_fini(&first);
}

static void certificates_are_kept_whole_and_outlive_the_device(void **state)
{
    struct place *s = *state;
    add_device(s, "SEPA", "2001");
    struct rf_store_cert mic = cert_of("SEPA", 8);
    assert_err(rf_store_mic_note(s->store, &mic, NOW, NULL), RF_OK);
    assert_err(rf_store_mic_note(s->store, &mic, NOW, NULL), RF_OK);
    snprintf(mic.device, sizeof mic.device, "SEPB");
    struct rf_why why = {0};
    assert_refused(rf_store_mic_note(s->store, &mic, NOW, &why), RF_ERR_EXISTS, why, "cert-exists");
    rf_store_cert_fini(&mic);
    struct rf_store_capf in = op_of("SEPA", RF_STORE_OP_INSTALL, RF_STORE_AUTH_MIC);
    int64_t id = schedule(s, &in);
    issue(s, "SEPA", id, 1);
    struct rf_store_cert again = cert_of("SEPA", 1);
    why = (struct rf_why){0};
    assert_refused(rf_store_capf_issue(s->store, id, &again, NOW, NULL, &why), RF_ERR_EXISTS, why,
                   "cert-exists");
    rf_store_cert_fini(&again);
    assert_err(rf_store_device_remove(s->store, "SEPA", NOW + 9, NULL, NULL), RF_OK);
    struct rf_store_capf gone;
    assert_err(rf_store_capf_load(s->store, "SEPA", &gone, NULL), RF_ERR_NOT_FOUND);
    struct rf_store_certs certs = {0};
    assert_err(rf_store_cert_list(s->store, "SEPA", &certs, NULL), RF_OK);
    assert_int_equal(certs.n, 2);
    const struct rf_store_cert *lsc = &certs.items[1];
    assert_int_equal(certs.items[0].kind, RF_STORE_MIC);
    assert_int_equal(certs.items[0].state, RF_STORE_CERT_CONFIRMED); /* not ours to revoke */
    assert_int_equal(lsc->kind, RF_STORE_LSC);
    assert_int_equal(lsc->state, RF_STORE_CERT_REVOKED);
    assert_int_equal(lsc->ended_s, NOW + 9);
    assert_int_equal(lsc->issued_s, NOW + 1);
    assert_int_equal(lsc->op_id, id);
    assert_int_equal(lsc->not_after_s, NOW + 1000);
    assert_string_equal(lsc->serial, "00ff01");
    assert_string_equal(lsc->subject, "CN=SEPA");
    assert_string_equal(lsc->issuer, "CN=issuer");
    assert_slice_eq(rf_buf_slice(&lsc->der), rf_slice_of("\x01", 1));
    rf_store_certs_fini(&certs);
    why = (struct rf_why){0};
    assert_refused(rf_store_device_remove(s->store, "SEPA", NOW, NULL, &why), RF_ERR_NOT_FOUND, why,
                   "device-unknown");
}

static void a_revoked_certificate_stays_revoked(void **state)
{
    struct place *s = *state;
    add_device(s, "SEPA", "2001");
    struct rf_store_capf in = op_of("SEPA", RF_STORE_OP_INSTALL, RF_STORE_AUTH_MIC);
    int64_t id = schedule(s, &in);
    issue(s, "SEPA", id, 1);
    uint8_t fp[32];
    memset(fp, 1, sizeof fp);
    assert_err(rf_store_cert_revoke(s->store, fp, NOW, NULL, NULL), RF_OK);
    struct rf_why why = {0};
    assert_refused(rf_store_cert_revoke(s->store, fp, NOW, NULL, &why), RF_ERR_DENIED, why,
                   "cert-state");
    why = (struct rf_why){0};
    assert_refused(confirm(s, "SEPA", 1, NULL, &why), RF_ERR_DENIED, why, "cert-state");
    assert_int_equal(load_op(s, "SEPA").op, RF_STORE_OP_INSTALL);
    memset(fp, 2, sizeof fp);
    why = (struct rf_why){0};
    assert_refused(rf_store_cert_revoke(s->store, fp, NOW, NULL, &why), RF_ERR_NOT_FOUND, why,
                   "cert-unknown");
}

static void a_proof_seen_before_is_told(void **state)
{
    struct place *s = *state;
    struct rf_store_proof p = {.op_id = 7};
    struct rf_store_proof before;
    memset(p.sha256, 5, sizeof p.sha256);
    snprintf(p.device, sizeof p.device, "SEPA");
    snprintf(p.source, sizeof p.source, "192.0.2.1");
    assert_err(rf_store_proof_see(s->store, &p, NOW, &before, NULL), RF_OK);
    assert_int_equal(before.count, 0);
    place_open(s);
    snprintf(p.source, sizeof p.source, "192.0.2.9");
    p.op_id = 8;
    assert_err(rf_store_proof_see(s->store, &p, NOW + 5, &before, NULL), RF_OK);
    assert_int_equal(before.count, 1);
    assert_string_equal(before.source, "192.0.2.1");
    assert_int_equal(before.op_id, 7);
    assert_int_equal(before.first_s, NOW);
    assert_err(rf_store_proof_see(s->store, &p, NOW + 6, &before, NULL), RF_OK);
    assert_int_equal(before.count, 2);
    assert_int_equal(before.last_s, NOW + 5);
    assert_err(rf_store_proof_forget(s->store, NOW + 6, NULL), RF_OK);
    assert_err(rf_store_proof_see(s->store, &p, NOW + 6, &before, NULL), RF_OK);
    assert_int_equal(before.count, 3);
    assert_err(rf_store_proof_forget(s->store, NOW + 7, NULL), RF_OK);
    assert_err(rf_store_proof_see(s->store, &p, NOW + 8, &before, NULL), RF_OK);
    assert_int_equal(before.count, 0);
}

/* So many were issued to SEPA and never confirmed. */
static void issue_many(struct place *s, int n)
{
    sqlite3 *db = NULL;
    RF_AUTO(rf_freep)
    char *sql = rf_strf(
        "WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < %d) "
        "INSERT INTO device_cert (device, kind, sha256, serial, subject, issuer, not_before_s, "
        "not_after_s, der, state, op_id, issued_s, confirmed_s, ended_s) "
        "SELECT 'SEPA', 0, randomblob(32), '01', 'CN=SEPA', 'CN=issuer', 1, 2, x'01', 0, n, 1, 0, "
        "0 "
        "FROM i",
        n);
    assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_device_with_very_many_certificates_is_not_locked_out(void **state)
{
    struct place *s = *state;
    struct rf_store_certs all = {.n = 0};
    add_device(s, "SEPA", "2001");
    struct rf_store_capf op = op_of("SEPA", RF_STORE_OP_INSTALL, RF_STORE_AUTH_MIC);
    struct rf_store_cert mic = cert_of("SEPA", 7);
    mic.kind = RF_STORE_MIC;
    assert_err(rf_store_mic_note(s->store, &mic, NOW, NULL), RF_OK);
    assert_err(rf_store_cert_revoke(s->store, mic.sha256, NOW, NULL, NULL), RF_OK);
    issue(s, "SEPA", schedule(s, &op), 1);
    assert_err(confirm(s, "SEPA", 1, NULL, NULL), RF_OK);
    issue_many(s, RF_STORE_CERTS_MAX - 3);
    issue(s, "SEPA", schedule(s, &op), 2);
    assert_err(rf_store_cert_list(s->store, "SEPA", &all, NULL), RF_OK);
    assert_int_equal(all.n, RF_STORE_CERTS_MAX); /* as many as there are */
    rf_store_certs_fini(&all);
    issue_many(s, RF_STORE_CERTS_MAX);
    issue(s, "SEPA", schedule(s, &op), 3);
    assert_err(rf_store_cert_list(s->store, "SEPA", &all, NULL), RF_OK);
    assert_int_equal(all.n, RF_STORE_CERTS_MAX);
    /* What must not be missed is there, however old, and the youngest, in the order of issue. */
    assert_int_equal(all.items[0].kind, RF_STORE_MIC);
    assert_int_equal(all.items[0].state, RF_STORE_CERT_REVOKED);
    assert_int_equal(all.items[1].state, RF_STORE_CERT_CONFIRMED);
    assert_int_equal(all.items[all.n - 1].sha256[0], 3);
    for (size_t i = 1; i < all.n; i++)
        assert_true(all.items[i - 1].id < all.items[i].id);
    rf_store_certs_fini(&all);
    assert_err(confirm(s, "SEPA", 3, NULL, NULL), RF_OK);
    rf_store_cert_fini(&mic);
}

static uint32_t times_seen(struct place *s, const char *device, uint8_t mark)
{
    struct rf_store_proof p = {.op_id = 7, .source = "192.0.2.1"};
    struct rf_store_proof before;
    memset(p.sha256, mark, sizeof p.sha256);
    snprintf(p.device, sizeof p.device, "%s", device);
    assert_err(rf_store_proof_see(s->store, &p, NOW, &before, NULL), RF_OK);
    return before.count;
}

static void an_operation_may_allow_the_proofs_of_its_device(void **state)
{
    struct place *s = *state;
    struct rf_why why = {0};
    add_device(s, "SEPA", "2001");
    add_device(s, "SEPB", "2002");
    assert_int_equal(times_seen(s, "SEPA", 1), 0);
    assert_int_equal(times_seen(s, "SEPB", 2), 0);
    struct rf_store_capf op = op_of("SEPA", RF_STORE_OP_INSTALL, RF_STORE_AUTH_MIC);
    schedule(s, &op);
    assert_int_equal(times_seen(s, "SEPA", 1), 1);
    op.allows_proof = true;
    struct rf_store_event late = {.text = "no category"}; /* which is refused, and all with it */
    assert_true(rf_store_capf_schedule(s->store, &op, NOW, &late, NULL, &why) != RF_OK);
    assert_int_equal(times_seen(s, "SEPA", 1), 2);
    schedule(s, &op);
    assert_int_equal(times_seen(s, "SEPA", 1), 0);
    assert_int_equal(times_seen(s, "SEPB", 2), 1); /* another device's stay */
}

static void settings_are_kept_by_key(void **state)
{
    struct place *s = *state;
    RF_AUTO(rf_buf_fini) struct rf_buf out = RF_BUF(RF_STORE_SETTING_MAX);
    struct rf_why why = {0};
    assert_refused(rf_store_setting_load(s->store, "list.version", &out, &why), RF_ERR_NOT_FOUND,
                   why, "setting-unknown");
    assert_err(rf_store_setting_save(s->store, "list.version", rf_slice_str("1"), NULL), RF_OK);
    assert_err(rf_store_setting_save(s->store, "list.version", rf_slice_of("2\0x", 3), NULL),
               RF_OK);
    place_open(s);
    assert_err(rf_store_setting_load(s->store, "list.version", &out, NULL), RF_OK);
    assert_slice_eq(rf_buf_slice(&out), rf_slice_of("2\0x", 3));
    uint8_t big[RF_STORE_SETTING_MAX + 1] = {0};
    why = (struct rf_why){0};
    assert_refused(rf_store_setting_save(s->store, "x", rf_slice_of(big, sizeof big), &why),
                   RF_ERR_BAD, why, "store-value");
    assert_err(rf_store_setting_save(s->store, "x", rf_slice_of(big, sizeof big - 1), NULL), RF_OK);
    assert_err(rf_store_setting_save(s->store, "empty", rf_slice_of(NULL, 0), NULL), RF_OK);
    rf_buf_drop(&out, out.len);
    assert_err(rf_store_setting_load(s->store, "empty", &out, NULL), RF_OK);
    assert_int_equal(out.len, 0);
}

static void words_and_numbers_agree(void **state)
{
    (void)state;
    enum rf_store_mode mode;
    enum rf_store_auth auth;
    enum rf_store_op op;
    enum rf_store_protocol protocol;
    enum rf_store_media_policy policy;
    assert_true(rf_store_mode_parse("encrypted", &mode) && mode == RF_STORE_ENCRYPTED);
    assert_false(rf_store_mode_parse("Encrypted", &mode));
    assert_true(rf_store_auth_parse("mic", &auth) && auth == RF_STORE_AUTH_MIC);
    assert_true(rf_store_op_parse("fetch", &op) && op == RF_STORE_OP_FETCH);
    assert_true(rf_store_protocol_parse("sip", &protocol) && protocol == RF_STORE_SIP);
    assert_true(rf_store_media_policy_parse("require", &policy) &&
                policy == RF_STORE_MEDIA_REQUIRE);
    assert_string_equal(rf_store_op_state_name(RF_STORE_OP_IN_PROGRESS), "in progress");
    assert_string_equal(rf_store_cert_state_name(RF_STORE_CERT_REVOKED), "revoked");
    assert_string_equal(rf_store_cert_kind_name(RF_STORE_LSC), "lsc");
    assert_string_equal(rf_store_severity_name(RF_STORE_INFO), "info");
}

/* One write to the disk; what fails is undone alone. */
static void changes_may_be_made_together(void **state)
{
    struct place *s = *state;
    struct rf_store_phone out = {0};
    uint64_t before = rf_store_generation(s->store);
    assert_err(rf_store_together(s->store, NULL), RF_OK);
    add_device(s, "SEP000000000001", "2001");
    struct rf_store_phone twice = phone_of("SEP000000000001", NULL, 0);
    struct rf_store_event event = event_of("SEP000000000001", "added twice");
    assert_err(rf_store_device_add(s->store, &twice, NOW, &event, NULL), RF_ERR_EXISTS);
    add_device(s, "SEP000000000002", "2002");
    assert_int_equal(rf_store_generation(s->store), before);
    assert_err(rf_store_together_end(s->store, NULL), RF_OK);
    assert_int_equal(rf_store_generation(s->store), before + 1);
    assert_int_equal(n_events(s), 0);
    place_open(s);
    for (unsigned i = 1; i <= 2; i++) {
        char name[32];
        snprintf(name, sizeof name, "SEP%012u", i);
        assert_err(rf_store_device_load(s->store, name, &out, NULL), RF_OK);
        rf_store_phone_fini(&out);
    }
}

/* A process that ends before the end leaves nothing of it. */
static void what_was_not_ended_is_not_there(void **state)
{
    struct place *s = *state;
    struct rf_store_phone out = {0};
    struct rf_why why = {0};
    assert_err(rf_store_together(s->store, NULL), RF_OK);
    add_device(s, "SEP000000000001", "2001");
    place_open(s);
    assert_refused(rf_store_device_load(s->store, "SEP000000000001", &out, &why), RF_ERR_NOT_FOUND,
                   why, "device-unknown");
    add_device(s, "SEP000000000001", "2001");
}

/* Notes leave the number alone that configurations depend on, together as alone. */
static void quiet_changes_stay_quiet_together(void **state)
{
    struct place *s = *state;
    struct rf_store_proof seen = {.op_id = 1, .device = "SEP000000000001", .source = "192.0.2.1"};
    struct rf_store_proof earlier;
    uint64_t before = rf_store_generation(s->store);
    assert_err(rf_store_together(s->store, NULL), RF_OK);
    assert_err(rf_store_proof_see(s->store, &seen, NOW, &earlier, NULL), RF_OK);
    assert_err(rf_store_together_end(s->store, NULL), RF_OK);
    assert_int_equal(rf_store_generation(s->store), before);
    assert_err(rf_store_together(s->store, NULL), RF_OK);
    add_device(s, "SEP000000000001", "2001");
    assert_err(rf_store_proof_see(s->store, &seen, NOW, &earlier, NULL), RF_OK);
    assert_int_equal(earlier.count, 1);
    assert_err(rf_store_together_end(s->store, NULL), RF_OK);
    assert_int_equal(rf_store_generation(s->store), before + 1);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_device_comes_back_whole_after_reopening),
        WITH_STORE(a_device_or_line_that_is_there_is_refused_and_nothing_changes),
        WITH_STORE(a_number_is_shared_only_when_all_say_so),
        WITH_STORE(values_outside_their_limits_are_refused),
        WITH_STORE(a_change_replaces_lines_and_keeps_the_time_of_adding),
        WITH_STORE(events_are_listed_filtered_and_trimmed),
        WITH_STORE(a_flood_of_calls_does_not_push_out_refusals),
        WITH_STORE(what_operators_did_is_not_pushed_out),
        WITH_STORE(an_operation_ends_only_when_the_phone_confirmed),
        WITH_STORE(a_newer_certificate_supersedes_the_older_ones),
        WITH_STORE(a_lost_confirmation_does_not_end_a_newer_operation),
        WITH_STORE(five_wrong_strings_lock_until_a_new_one),
        cmocka_unit_test(an_operation_is_open_only_in_its_time),
        WITH_STORE(scheduling_asks_for_a_device_and_a_string),
        WITH_STORE(a_delete_revokes_and_an_install_is_not_done_by_word),
        WITH_STORE(another_sites_lsc_is_over_when_ours_is_confirmed),
        WITH_STORE(certificates_are_kept_whole_and_outlive_the_device),
        WITH_STORE(a_revoked_certificate_stays_revoked),
        WITH_STORE(a_device_with_very_many_certificates_is_not_locked_out),
        WITH_STORE(a_proof_seen_before_is_told),
        WITH_STORE(an_operation_may_allow_the_proofs_of_its_device),
        WITH_STORE(settings_are_kept_by_key),
        cmocka_unit_test(words_and_numbers_agree),
        WITH_STORE(changes_may_be_made_together),
        WITH_STORE(what_was_not_ended_is_not_there),
        WITH_STORE(quiet_changes_stay_quiet_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
