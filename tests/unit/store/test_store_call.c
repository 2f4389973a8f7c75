/* SPDX-License-Identifier: Apache-2.0 */
/* What calls need of the database: rules of lines, Meet-Me numbers, records. */
#include "store_place.h"

#include <sqlite3.h>

#include "store/store_call_json.h"

#define NOW 1800000000
#define A   "SEP001122334455"
#define B   "SEP00112233AABB"

#define SET(to, text) snprintf(to, sizeof(to), "%s", text)

static struct rf_store_line line_of(const char *dn, bool is_shared, const char *forward_all)
{
    struct rf_store_line l = {.index = 1, .is_shared = is_shared};
    snprintf(l.dn, sizeof l.dn, "%s", dn);
    snprintf(l.rule.forward[RF_STORE_FORWARD_ALL], RF_STORE_DN, "%s", forward_all);
    return l;
}

static struct rf_store_phone phone_of(const char *name, struct rf_store_line *line)
{
    struct rf_store_phone p = {.device = {.mode = RF_STORE_ENCRYPTED, .has_srtp = true},
                               .lines = line,
                               .n_lines = line != NULL ? 1 : 0};
    snprintf(p.device.name, sizeof p.device.name, "%s", name);
    return p;
}

static enum rf_err add(struct place *p, const char *name, struct rf_store_line line,
                       struct rf_why *why)
{
    struct rf_store_phone phone = phone_of(name, &line);
    return rf_store_device_add(p->store, &phone, NOW, NULL, why);
}

static enum rf_err change(struct place *p, const char *name, struct rf_store_line line,
                          struct rf_why *why)
{
    struct rf_store_phone phone = phone_of(name, &line);
    return rf_store_device_change(p->store, &phone, NOW, NULL, why);
}

static struct rf_store_line first_line(struct place *p, const char *name)
{
    struct rf_store_phone phone = {0};
    assert_err(rf_store_device_load(p->store, name, &phone, NULL), RF_OK);
    assert_true(phone.n_lines > 0);
    struct rf_store_line l = phone.lines[0];
    rf_store_phone_fini(&phone);
    return l;
}

static void assert_forward(struct place *p, const char *name, const char *target)
{
    struct rf_store_line l = first_line(p, name);
    assert_string_equal(l.rule.forward[RF_STORE_FORWARD_ALL], target);
}

/* ---- rules ---- */

static void rules_of_a_line_are_kept(void **state)
{
    struct place *p = *state;
    struct rf_store_line l = line_of("2001", false, "3001");
    SET(l.rule.forward[RF_STORE_FORWARD_BUSY], "3002");
    SET(l.rule.forward[RF_STORE_FORWARD_NO_ANSWER], "3003");
    SET(l.rule.forward[RF_STORE_FORWARD_UNREGISTERED], "+3004*A");
    l.rule.calls_max = 6;
    l.rule.busy_trigger = 3;
    assert_err(add(p, A, l, NULL), RF_OK);
    place_open(p);
    struct rf_store_line got = first_line(p, A);
    for (int f = 0; f < RF_STORE_FORWARD_N; f++)
        assert_string_equal(got.rule.forward[f], l.rule.forward[f]);
    assert_int_equal(got.rule.calls_max, 6);
    assert_int_equal(got.rule.busy_trigger, 3);
    assert_err(change(p, A, line_of("2001", false, ""), NULL), RF_OK);
    got = first_line(p, A);
    assert_string_equal(got.rule.forward[RF_STORE_FORWARD_BUSY], "");
    assert_int_equal(got.rule.calls_max, 0);
}

static void a_rule_that_cannot_be_is_refused(void **state)
{
    struct place *p = *state;
    struct rf_why why = {0};
    assert_refused(add(p, A, line_of("2001", false, "20#1"), &why), RF_ERR_BAD, why, "store-value");
    assert_non_null(strstr(why.text, "forward_all"));
    why = (struct rf_why){0};
    assert_refused(add(p, A, line_of("2001", false, "2001"), &why), RF_ERR_BAD, why, "store-value");
    assert_non_null(strstr(why.text, "itself"));
    struct rf_store_line l = line_of("2001", false, "2002");
    l.rule.calls_max = RF_STORE_LINE_CALLS_MAX + 1;
    why = (struct rf_why){0};
    assert_refused(add(p, A, l, &why), RF_ERR_BAD, why, "store-value");
    l.rule.calls_max = RF_STORE_LINE_CALLS_MAX;
    l.rule.busy_trigger = RF_STORE_LINE_CALLS_MAX + 1;
    why = (struct rf_why){0};
    assert_refused(add(p, A, l, &why), RF_ERR_BAD, why, "store-value");
    l.rule.busy_trigger = RF_STORE_LINE_CALLS_MAX;
    assert_err(add(p, A, l, NULL), RF_OK);
}

/* What is set at one phone is for all that have the line. */
static void forwarding_is_that_of_the_number(void **state)
{
    struct place *p = *state;
    uint32_t changed = 0;
    struct rf_why why = {0};
    assert_err(add(p, A, line_of("2001", true, ""), NULL), RF_OK);
    assert_err(add(p, B, line_of("2001", true, ""), NULL), RF_OK);
    uint64_t before = rf_store_generation(p->store);
    assert_err(rf_store_forward_all_save(p->store, "2001", "3001", &changed, NULL, NULL), RF_OK);
    assert_int_equal(changed, 2);
    assert_true(rf_store_generation(p->store) != before); /* branches are told of it */
    place_open(p);
    assert_forward(p, A, "3001");
    assert_forward(p, B, "3001");
    assert_err(rf_store_forward_all_save(p->store, "2001", "", &changed, NULL, NULL), RF_OK);
    assert_forward(p, A, "");
    assert_forward(p, B, "");
    assert_refused(rf_store_forward_all_save(p->store, "2009", "3001", NULL, NULL, &why),
                   RF_ERR_NOT_FOUND, why, "line-unknown");
    why = (struct rf_why){0};
    assert_refused(rf_store_forward_all_save(p->store, "2001", "30 01", NULL, NULL, &why),
                   RF_ERR_BAD, why, "store-value");
}

static void an_operator_sets_it_for_all_of_a_shared_line(void **state)
{
    struct place *p = *state;
    assert_err(add(p, A, line_of("2001", true, "3001"), NULL), RF_OK);
    assert_err(add(p, B, line_of("2001", true, ""), NULL), RF_OK); /* it gets what the line has */
    assert_forward(p, B, "3001");
    assert_forward(p, A, "3001");
    assert_err(change(p, B, line_of("2001", true, "3002"), NULL), RF_OK);
    assert_forward(p, A, "3002");
    assert_err(change(p, B, line_of("2001", true, ""), NULL), RF_OK);
    assert_forward(p, A, "");
    assert_err(change(p, A, line_of("2002", true, ""), NULL), RF_OK);
    assert_err(change(p, B, line_of("2001", true, "3002"), NULL), RF_OK);
    assert_err(change(p, A, line_of("2001", true, ""), NULL), RF_OK); /* new there */
    assert_forward(p, A, "3002");
    assert_forward(p, B, "3002");
}

static void protection_wants_a_secure_phone(void **state)
{
    struct place *p = *state;
    struct rf_store_phone phone = phone_of(A, NULL);
    struct rf_why why = {0};
    phone.device.is_protected = true;
    phone.device.has_srtp = false;
    assert_refused(rf_store_device_add(p->store, &phone, NOW, NULL, &why), RF_ERR_DENIED, why,
                   "protected-mode");
    phone.device.has_srtp = true;
    phone.device.mode = RF_STORE_AUTHENTICATED;
    why = (struct rf_why){0};
    assert_refused(rf_store_device_add(p->store, &phone, NOW, NULL, &why), RF_ERR_DENIED, why,
                   "protected-mode");
    phone.device.mode = RF_STORE_ENCRYPTED;
    assert_err(rf_store_device_add(p->store, &phone, NOW, NULL, NULL), RF_OK);
    struct rf_store_phone got = {0};
    assert_err(rf_store_device_load(p->store, A, &got, NULL), RF_OK);
    assert_true(got.device.is_protected);
    got.device.mode = RF_STORE_NONSECURE;
    why = (struct rf_why){0};
    assert_refused(rf_store_device_change(p->store, &got, NOW, NULL, &why), RF_ERR_DENIED, why,
                   "protected-mode");
    got.device.is_protected = false;
    assert_err(rf_store_device_change(p->store, &got, NOW, NULL, NULL), RF_OK);
    assert_err(rf_store_device_load(p->store, A, &got, NULL), RF_OK);
    assert_false(got.device.is_protected);
}

/* ---- Meet-Me ---- */

static struct rf_store_meet_me meet_me_of(const char *number, enum rf_store_least least)
{
    struct rf_store_meet_me m = {.least = least, .added_s = NOW};
    snprintf(m.number, sizeof m.number, "%s", number);
    return m;
}

static enum rf_err save_meet_me(struct place *p, const char *number, enum rf_store_least least,
                                struct rf_why *why)
{
    struct rf_store_meet_me m = meet_me_of(number, least);
    return rf_store_meet_me_save(p->store, &m, NULL, why);
}

static void meet_me_numbers_are_kept(void **state)
{
    struct place *p = *state;
    struct rf_store_meet_mes all = {0};
    struct rf_why why = {0};
    assert_err(save_meet_me(p, "5001", RF_STORE_LEAST_NONE, NULL), RF_OK);
    assert_err(save_meet_me(p, "5000", RF_STORE_LEAST_ENCRYPTED, NULL), RF_OK);
    assert_err(save_meet_me(p, "5001", RF_STORE_LEAST_AUTHENTICATED, NULL), RF_OK);
    assert_refused(save_meet_me(p, "50#1", RF_STORE_LEAST_NONE, &why), RF_ERR_BAD, why,
                   "store-value");
    why = (struct rf_why){0};
    assert_refused(save_meet_me(p, "", RF_STORE_LEAST_NONE, &why), RF_ERR_BAD, why, "store-value");
    place_open(p);
    assert_err(rf_store_meet_me_list(p->store, &all, NULL), RF_OK);
    assert_int_equal(all.n, 2);
    assert_string_equal(all.items[0].number, "5000");
    assert_int_equal(all.items[1].least, RF_STORE_LEAST_AUTHENTICATED);
    rf_store_meet_mes_fini(&all);
    assert_err(rf_store_meet_me_remove(p->store, "5001", NULL, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(rf_store_meet_me_remove(p->store, "5001", NULL, &why), RF_ERR_NOT_FOUND, why,
                   "meet-me-unknown");
}

static void a_number_is_a_line_or_a_meeting(void **state)
{
    struct place *p = *state;
    struct rf_why why = {0};
    assert_err(add(p, A, line_of("2001", false, ""), NULL), RF_OK);
    assert_refused(save_meet_me(p, "2001", RF_STORE_LEAST_NONE, &why), RF_ERR_EXISTS, why,
                   "line-exists");
    assert_err(save_meet_me(p, "2002", RF_STORE_LEAST_NONE, NULL), RF_OK);
    why = (struct rf_why){0};
    assert_refused(add(p, B, line_of("2002", false, ""), &why), RF_ERR_EXISTS, why,
                   "meet-me-exists");
    why = (struct rf_why){0};
    assert_refused(change(p, A, line_of("2002", false, ""), &why), RF_ERR_EXISTS, why,
                   "meet-me-exists");
    assert_err(rf_store_meet_me_remove(p->store, "2002", NULL, NULL), RF_OK);
    assert_err(add(p, B, line_of("2002", false, ""), NULL), RF_OK);
}

static void meet_me_numbers_have_a_limit(void **state)
{
    struct place *p = *state;
    struct rf_why why = {0};
    char number[RF_STORE_DN];
    for (int i = 0; i < RF_STORE_MEET_MES_MAX; i++) {
        snprintf(number, sizeof number, "%d", 5000 + i);
        assert_err(save_meet_me(p, number, RF_STORE_LEAST_NONE, NULL), RF_OK);
    }
    assert_refused(save_meet_me(p, "9000", RF_STORE_LEAST_NONE, &why), RF_ERR_LIMIT, why,
                   "store-full");
    assert_err(save_meet_me(p, "5000", RF_STORE_LEAST_ENCRYPTED, NULL), RF_OK);
}

/* ---- records ---- */

static struct rf_store_call call_of(uint32_t call, const char *from, const char *to, int64_t end_s)
{
    struct rf_store_call c = {.run = 7,
                              .call = call,
                              .start_s = end_s - 20,
                              .answered_s = end_s - 10,
                              .end_s = end_s,
                              .code = 16,
                              .cause = "normal",
                              .security = "encrypted",
                              .codec = "PCMU"};
    snprintf(c.ends[RF_STORE_CALLING].device, RF_STORE_DEVICE_NAME, "%s", from);
    snprintf(c.ends[RF_STORE_CALLED].device, RF_STORE_DEVICE_NAME, "%s", to);
    return c;
}

static size_t n_calls(struct place *p, const char *device, int64_t after, int64_t since,
                      size_t limit, uint32_t *first)
{
    struct rf_store_event_query query = {
        .device = device, .after_id = after, .since_s = since, .limit = limit};
    struct rf_store_calls calls = {0};
    assert_err(rf_store_call_list(p->store, &query, &calls, NULL), RF_OK);
    size_t n = calls.n;
    if (first != NULL && n > 0)
        *first = calls.items[0].call;
    rf_store_calls_fini(&calls);
    return n;
}

static void a_record_says_all_of_a_call(void **state)
{
    struct place *p = *state;
    struct rf_store_call c = call_of(9, A, B, NOW);
    struct rf_store_call_end *e = &c.ends[RF_STORE_CALLED];
    SET(e->number, "2002");
    SET(e->name, "Ben");
    SET(e->signalling, "encrypted");
    SET(e->srtp, "AEAD_AES_128_GCM");
    e->has_cert = true;
    memset(e->cert, 0xab, sizeof e->cert);
    SET(c.original, "2005");
    SET(c.redirecting, "2006");
    SET(c.by, "SEP0000000000CC");
    assert_err(rf_store_call_add(p->store, &c, 1, NULL), RF_OK);
    place_open(p);
    struct rf_store_event_query query = {0};
    struct rf_store_calls got = {0};
    assert_err(rf_store_call_list(p->store, &query, &got, NULL), RF_OK);
    assert_int_equal(got.n, 1);
    c.id = got.items[0].id;
    assert_true(c.id > 0);
    assert_memory_equal(&got.items[0], &c, sizeof c);
    rf_store_calls_fini(&got);
}

static void a_batch_is_written_whole_and_once(void **state)
{
    struct place *p = *state;
    struct rf_store_call batch[3] = {call_of(1, A, B, NOW), call_of(2, A, B, NOW),
                                     call_of(3, A, B, NOW)};
    struct rf_why why = {0};
    batch[2].cause[0] = '\0';
    assert_refused(rf_store_call_add(p->store, batch, 3, &why), RF_ERR_BAD, why, "store-value");
    assert_int_equal(n_calls(p, NULL, 0, 0, 0, NULL), 0);
    SET(batch[2].cause, "busy");
    assert_err(rf_store_call_add(p->store, batch, 3, NULL), RF_OK);
    assert_err(rf_store_call_add(p->store, batch, 3, NULL), RF_OK); /* nobody knew it was there */
    assert_int_equal(n_calls(p, NULL, 0, 0, 0, NULL), 3);
    batch[0].run = 8; /* the first call of another start */
    assert_err(rf_store_call_add(p->store, batch, 1, NULL), RF_OK);
    assert_int_equal(n_calls(p, NULL, 0, 0, 0, NULL), 4);
}

static void page_after_page_misses_no_record(void **state)
{
    struct place *p = *state;
    static const char *const devices[] = {NULL, A};
    for (uint32_t call = 1; call <= 5; call++) {
        struct rf_store_call c = call_of(call, A, B, NOW);
        assert_err(rf_store_call_add(p->store, &c, 1, NULL), RF_OK);
    }
    for (size_t i = 0; i < 2; i++) {
        struct rf_store_event_query query = {.device = devices[i], .has_after = true, .limit = 2};
        for (uint32_t call = 1; call <= 5; call += 2) {
            struct rf_store_calls got = {0};
            assert_err(rf_store_call_list(p->store, &query, &got, NULL), RF_OK);
            assert_int_equal(got.n, call < 5 ? 2 : 1);
            assert_int_equal(got.items[0].call, call);
            query.after_id = got.items[got.n - 1].id;
            rf_store_calls_fini(&got);
        }
    }
}

static void records_are_found_by_device_and_time(void **state)
{
    struct place *p = *state;
    uint32_t first = 0;
    struct rf_store_call all[] = {call_of(1, A, B, NOW), call_of(2, B, "", NOW + 10),
                                  call_of(3, "SEPX", "SEPY", NOW + 20),
                                  call_of(4, "SEPX", A, NOW + 30)};
    SET(all[2].by, B);
    assert_err(rf_store_call_add(p->store, all, 4, NULL), RF_OK);
    assert_int_equal(n_calls(p, A, 0, 0, 0, &first), 2);
    assert_int_equal(first, 1); /* oldest first */
    assert_int_equal(n_calls(p, B, 0, 0, 0, NULL), 3);
    assert_int_equal(n_calls(p, "SEPZ", 0, 0, 0, NULL), 0);
    assert_int_equal(n_calls(p, NULL, 0, NOW + 10, 0, NULL), 3);
    assert_int_equal(n_calls(p, A, 0, NOW + 1, 0, &first), 1);
    assert_int_equal(first, 4);
    assert_int_equal(n_calls(p, NULL, 0, 0, 2, &first), 2);
    assert_int_equal(first, 3); /* the youngest are kept */
    assert_int_equal(n_calls(p, NULL, 3, 0, 0, &first), 1);
    assert_int_equal(first, 4);
    assert_int_equal(n_calls(p, "", 0, 0, 0, NULL), 1); /* not all that nobody transferred */
}

static void old_records_go(void **state)
{
    struct place *p = *state;
    uint64_t dropped = 0;
    for (uint32_t i = 1; i <= 10; i++) {
        struct rf_store_call c = call_of(i, A, B, NOW + i);
        assert_err(rf_store_call_add(p->store, &c, 1, NULL), RF_OK);
    }
    assert_err(rf_store_call_trim(p->store, 100, NOW + 3, &dropped, NULL), RF_OK);
    assert_int_equal(dropped, 2);
    assert_err(rf_store_call_trim(p->store, 5, 0, &dropped, NULL), RF_OK);
    assert_int_equal(dropped, 3);
    uint32_t first = 0;
    assert_int_equal(n_calls(p, NULL, 0, 0, 0, &first), 5);
    assert_int_equal(first, 6);
    assert_err(rf_store_call_trim(p->store, 5, 0, &dropped, NULL), RF_OK);
    assert_int_equal(dropped, 0);
}

static void a_record_outside_its_limits_is_told(void **state)
{
    struct place *p = *state;
    struct rf_store_call c = call_of(1, A, B, NOW);
    sqlite3 *db = NULL;
    struct rf_store_event_query query = {0};
    struct rf_store_calls calls = {0};
    struct rf_why why = {0};
    assert_err(rf_store_call_add(p->store, &c, 1, NULL), RF_OK);
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "UPDATE call_record SET called_number = "
                                  "'a number much longer than any of ours'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_refused(rf_store_call_list(p->store, &query, &calls, &why), RF_ERR_BAD, why,
                   "store-corrupt");
    assert_null(calls.items);
}

/* ---- records of branches ---- */

#define ORIGIN "branch1:00112233445566778899aabbccddeeff"

static enum rf_err take(struct place *p, const char *origin, int64_t id,
                        const struct rf_store_call *c, struct rf_why *why)
{
    *why = (struct rf_why){0};
    return rf_store_record_take_from(p->store, origin, id, c, why);
}

static void a_record_of_a_branch_is_taken_once(void **state)
{
    struct place *p = *state;
    struct rf_store_call c = call_of(9, A, B, NOW);
    struct rf_store_event_query query = {0};
    struct rf_store_calls got = {0};
    struct rf_why why;
    c.run = 7;
    assert_err(rf_store_call_add(p->store, &c, 1, NULL), RF_OK); /* one of ours, alike */
    assert_err(take(p, ORIGIN, 1, &c, &why), RF_OK);
    place_open(p);
    assert_refused(take(p, ORIGIN, 1, &c, &why), RF_ERR_EXISTS, why, "record-exists");
    assert_err(take(p, ORIGIN, 2, &c, &why), RF_OK);
    assert_err(take(p, "branch2:00", 1, &c, &why), RF_OK);
    /* The router was made anew: its ids begin again. */
    struct rf_store_call other = c;
    other.call = 10;
    assert_err(take(p, "branch1:11", 1, &other, &why), RF_OK);
    assert_err(rf_store_call_list(p->store, &query, &got, NULL), RF_OK);
    assert_int_equal(got.n, 5);
    assert_string_equal(got.items[0].origin, "");
    assert_string_equal(got.items[1].origin, ORIGIN);
    assert_int_equal(got.items[1].origin_id, 1);
    assert_int_equal(got.items[1].call, 9);
    assert_string_equal(got.items[1].ends[RF_STORE_CALLING].device, A);
    assert_int_equal(got.items[2].origin_id, 2);
    rf_store_calls_fini(&got);
}

static void a_record_that_cannot_be_is_refused(void **state)
{
    struct place *p = *state;
    struct rf_store_call c = call_of(9, A, B, NOW);
    struct rf_why why;
    char origin[RF_STORE_ORIGIN + 1];
    memset(origin, 'a', RF_STORE_ORIGIN);
    origin[RF_STORE_ORIGIN] = '\0';
    assert_refused(take(p, "", 1, &c, &why), RF_ERR_BAD, why, "store-value");
    assert_refused(take(p, origin, 1, &c, &why), RF_ERR_BAD, why, "store-value");
    assert_refused(take(p, ORIGIN, 0, &c, &why), RF_ERR_BAD, why, "store-value");
    c.code = 128;
    assert_refused(take(p, ORIGIN, 1, &c, &why), RF_ERR_BAD, why, "store-value");
    c.code = 127;
    c.cause[0] = '\0';
    assert_refused(take(p, ORIGIN, 1, &c, &why), RF_ERR_BAD, why, "store-value");
    SET(c.cause, "normal");
    origin[RF_STORE_ORIGIN - 1] = '\0';
    assert_err(take(p, origin, 1, &c, &why), RF_OK);
}

static struct rf_store_call whole_call(void);

/* The router is a copy of itself, older than what it has sent: its ids are given out once more. */
static void another_call_under_its_number_is_not_taken_for_it(void **state)
{
    struct place *p = *state;
    const struct rf_store_call c = whole_call();
    struct rf_store_call others[25];
    struct rf_why why;
    size_t n = 0;
#define OTHER(change)                                                                              \
    do {                                                                                           \
        struct rf_store_call *o = &others[n++];                                                    \
        *o = c;                                                                                    \
        change;                                                                                    \
    } while (0)
    OTHER(o->call++);
    OTHER(o->start_s++);
    OTHER(o->answered_s++);
    OTHER(o->end_s++);
    OTHER(o->code++);
    OTHER(SET(o->cause, "other"));
    OTHER(SET(o->security, "other"));
    OTHER(SET(o->codec, "other"));
    OTHER(SET(o->original, "2009"));
    OTHER(SET(o->redirecting, "2009"));
    OTHER(SET(o->by, "SEP0000000000CD"));
    for (int i = 0; i < RF_STORE_CALL_ENDS; i++) {
        OTHER(SET(o->ends[i].device, "SEP0000000000CD"));
        OTHER(SET(o->ends[i].number, "2009"));
        OTHER(SET(o->ends[i].name, "Eve"));
        OTHER(SET(o->ends[i].signalling, "plain"));
        OTHER(SET(o->ends[i].srtp, ""));
        OTHER(o->ends[i].has_cert = false);
        OTHER(o->ends[i].cert[31] ^= 1);
    }
#undef OTHER
    assert_int_equal(n, sizeof others / sizeof *others);
    assert_err(take(p, ORIGIN, 1, &c, &why), RF_OK);
    for (size_t i = 0; i < n; i++)
        assert_refused(take(p, ORIGIN, 1, &others[i], &why), RF_ERR_DENIED, why, "record-other");
    assert_refused(take(p, ORIGIN, 1, &c, &why), RF_ERR_EXISTS, why, "record-exists");
    assert_int_equal(n_calls(p, NULL, 0, 0, 0, NULL), 1);
    /* None of them is lost: by another epoch each is taken. */
    for (size_t i = 0; i < n; i++) {
        char origin[RF_STORE_ORIGIN];
        snprintf(origin, sizeof origin, "branch1:%02zx", i);
        assert_err(take(p, origin, 1, &others[i], &why), RF_OK);
    }
    assert_int_equal(n_calls(p, NULL, 0, 0, 0, NULL), n + 1);
}

static void one_that_cannot_be_read_is_another(void **state)
{
    struct place *p = *state;
    const struct rf_store_call c = whole_call();
    sqlite3 *db = NULL;
    struct rf_why why;
    assert_err(take(p, ORIGIN, 1, &c, &why), RF_OK);
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "UPDATE call_record SET called_number = "
                                  "'a number much longer than any of ours'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_refused(take(p, ORIGIN, 1, &c, &why), RF_ERR_DENIED, why, "record-other");
    assert_err(take(p, "branch1:11", 1, &c, &why), RF_OK);
    assert_refused(take(p, "branch1:11", 1, &c, &why), RF_ERR_EXISTS, why, "record-exists");
}

/* It came out of a backup, and sends what it had not sent when that was made. */
static void a_call_that_comes_by_another_epoch_is_taken_once(void **state)
{
    struct place *p = *state;
    const struct rf_store_call c = whole_call();
    struct rf_why why;
    assert_err(take(p, "branch1:00", 7, &c, &why), RF_OK);
    assert_err(take(p, "branch1:55", 8, &c, &why), RF_OK); /* of another number */
    assert_refused(take(p, "branch1:11", 7, &c, &why), RF_ERR_EXISTS, why, "record-exists");
    assert_refused(take(p, "branch1:99", 7, &c, &why), RF_ERR_EXISTS, why, "record-exists");
    assert_refused(take(p, "branch1:11", 8, &c, &why), RF_ERR_EXISTS, why, "record-exists");
    /* Of other branches, whatever their names begin with, and of none. */
    static const char *const origins[] = {"branch2:00", "branch10:00", "branch1-a:00",
                                          "branch:00",  "branch1",     "branch1;00",
                                          "a",          ":00"};
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        assert_err(take(p, origins[i], 7, &c, &why), RF_OK);
        assert_refused(take(p, origins[i], 7, &c, &why), RF_ERR_EXISTS, why, "record-exists");
    }
}

static struct rf_store_call whole_call(void)
{
    struct rf_store_call c = call_of(9, A, B, NOW);
    c.run = 0;
    for (int i = 0; i < RF_STORE_CALL_ENDS; i++) {
        struct rf_store_call_end *e = &c.ends[i];
        snprintf(e->number, sizeof e->number, "200%d", i);
        snprintf(e->name, sizeof e->name, "Ann \xc3\xa4 %d", i);
        SET(e->signalling, "encrypted");
        SET(e->srtp, "AEAD_AES_128_GCM");
        e->has_cert = true;
        memset(e->cert, 0xa0 + i, sizeof e->cert);
    }
    SET(c.original, "2005");
    SET(c.redirecting, "2006");
    SET(c.by, "SEP0000000000CC");
    return c;
}

static void as_json_nothing_of_a_record_is_lost(void **state)
{
    (void)state;
    struct rf_store_call calls[2] = {whole_call(), call_of(1, "", "", NOW)};
    calls[1].run = 0;
    calls[1].answered_s = 0;
    memset(calls[1].codec, 0, sizeof calls[1].codec);
    for (size_t i = 0; i < 2; i++) {
        struct rf_store_call got;
        struct rf_why why = {0};
        RF_AUTO(rf_json_freep) struct rf_json *j = rf_store_call_to_json(&calls[i]);
        assert_err(rf_store_call_from_json(j, &got, &why), RF_OK);
        assert_memory_equal(&got, &calls[i], sizeof got);
    }
    SET(calls[0].origin, ORIGIN);
    RF_AUTO(rf_json_freep) struct rf_json *j = rf_store_call_to_json(&calls[0]);
    assert_string_equal(rf_json_str(j, "origin"), "branch1");
}

static void a_record_is_read_strictly(void **state)
{
    (void)state;
    static const char *const needed[] = {"call",
                                         "start_s",
                                         "answered_s",
                                         "end_s",
                                         "code",
                                         "cause",
                                         "codec",
                                         "security",
                                         "original",
                                         "redirecting",
                                         "by",
                                         "calling",
                                         "calling_device",
                                         "called_name",
                                         "called_signalling",
                                         "called_srtp",
                                         "called_certificate",
                                         "calling_name",
                                         "called"};
    struct rf_store_call c = whole_call();
    struct rf_store_call got;
    struct rf_why why = {0};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        RF_AUTO(rf_json_freep) struct rf_json *j = rf_store_call_to_json(&c);
        rf_json_unset(j, needed[i]);
        assert_refused(rf_store_call_from_json(j, &got, &why), RF_ERR_BAD, why, "record-format");
        why = (struct rf_why){0};
        rf_json_set_bool(j, needed[i], true);
        assert_refused(rf_store_call_from_json(j, &got, &why), RF_ERR_BAD, why, "record-format");
        why = (struct rf_why){0};
    }
    static const struct {
        const char *key, *good, *bad;
    } rows[] = {{"by", "SEP001122334455", "SEP0011223344556"},
                {"called", "012345678901234567890123", "0123456789012345678901234"},
                {"called_certificate", NULL, "00"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_json_freep) struct rf_json *j = rf_store_call_to_json(&c);
        rf_json_set_str(j, rows[i].key, rows[i].good);
        assert_err(rf_store_call_from_json(j, &got, &why), RF_OK);
        rf_json_set_str(j, rows[i].key, rows[i].bad);
        assert_refused(rf_store_call_from_json(j, &got, &why), RF_ERR_BAD, why, "record-format");
        why = (struct rf_why){0};
    }
}

/* ---- the schema before ---- */

static void a_database_without_calls_is_migrated(void **state)
{
    struct place *p = *state;
    sqlite3 *db = NULL;
    assert_err(add(p, A, line_of("2001", true, ""), NULL), RF_OK);
    rf_store_close(p->store);
    p->store = NULL;
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(
            db,
            "DROP TABLE line_rule; DROP TABLE device_protected; "
            "DROP TABLE meet_me; DROP TABLE call_record; "
            "DROP TABLE srst; DROP TABLE srst_use; "
            "DROP TRIGGER srst_use_device; DROP TABLE capf_failure; DROP TABLE member_string; "
            "PRAGMA user_version = 3",
            NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    place_open(p);
    assert_int_equal(rf_store_schema(p->store), rf_store_schema_newest());
    struct rf_store_line l = first_line(p, A);
    assert_string_equal(l.dn, "2001");
    assert_true(l.is_shared);
    assert_string_equal(l.rule.forward[RF_STORE_FORWARD_ALL], "");
    assert_int_equal(l.rule.calls_max, 0);
    uint32_t changed = 0; /* of a line that has no row of rules yet */
    assert_err(rf_store_forward_all_save(p->store, "2001", "3001", &changed, NULL, NULL), RF_OK);
    assert_int_equal(changed, 1);
    assert_forward(p, A, "3001");
    struct rf_store_call c = call_of(1, A, B, NOW);
    assert_err(rf_store_call_add(p->store, &c, 1, NULL), RF_OK);
}

#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_PLACE(rules_of_a_line_are_kept),
        AT_PLACE(a_rule_that_cannot_be_is_refused),
        AT_PLACE(forwarding_is_that_of_the_number),
        AT_PLACE(an_operator_sets_it_for_all_of_a_shared_line),
        AT_PLACE(protection_wants_a_secure_phone),
        AT_PLACE(meet_me_numbers_are_kept),
        AT_PLACE(a_number_is_a_line_or_a_meeting),
        AT_PLACE(meet_me_numbers_have_a_limit),
        AT_PLACE(a_record_says_all_of_a_call),
        AT_PLACE(a_batch_is_written_whole_and_once),
        AT_PLACE(page_after_page_misses_no_record),
        AT_PLACE(records_are_found_by_device_and_time),
        AT_PLACE(old_records_go),
        AT_PLACE(a_record_outside_its_limits_is_told),
        AT_PLACE(a_record_of_a_branch_is_taken_once),
        AT_PLACE(another_call_under_its_number_is_not_taken_for_it),
        AT_PLACE(one_that_cannot_be_read_is_another),
        AT_PLACE(a_call_that_comes_by_another_epoch_is_taken_once),
        AT_PLACE(a_record_that_cannot_be_is_refused),
        cmocka_unit_test(as_json_nothing_of_a_record_is_lost),
        cmocka_unit_test(a_record_is_read_strictly),
        AT_PLACE(a_database_without_calls_is_migrated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
