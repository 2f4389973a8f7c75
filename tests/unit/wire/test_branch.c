/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/branch/branch.h"

#include "codec.h"

static enum rf_err decode_from(enum rf_branch_from from, struct rf_slice in, void *msg,
                               struct rf_why *why)
{
    size_t used;
    enum rf_err err = rf_branch_next(in, from, msg, &used, why);
    if (err == RF_ERR_AGAIN)
        return rf_why_set(why, err, "again", "not complete");
    if (err == RF_OK && used != in.len)
        return rf_why_set(why, RF_ERR_BAD, "more", "another frame follows");
    return err;
}

static enum rf_err decode_router(struct rf_slice in, void *msg, struct rf_why *why)
{
    return decode_from(RF_BRANCH_FROM_ROUTER, in, msg, why);
}

static enum rf_err decode_centre(struct rf_slice in, void *msg, struct rf_why *why)
{
    return decode_from(RF_BRANCH_FROM_CENTRE, in, msg, why);
}

static enum rf_err encode(const void *msg, uint8_t *buf, size_t cap, struct rf_slice *out)
{
    const struct rf_branch_frame *f = msg;
    uint8_t head[RF_BRANCH_HEAD_BYTES];
    struct rf_wr wr = rf_wr_of(buf, cap);
    enum rf_err err = rf_branch_head(f->type, f->body.len, head, NULL);
    if (err != RF_OK)
        return err;
    rf_wr_bytes(&wr, head, sizeof head);
    rf_wr_slice(&wr, f->body);
    return rf_wr_done(&wr, out);
}

static const struct codec router = {.name = "branch, of a router",
                                    .msg_size = sizeof(struct rf_branch_frame),
                                    .decode = decode_router,
                                    .encode = encode};
static const struct codec centre = {.name = "branch, of a centre",
                                    .msg_size = sizeof(struct rf_branch_frame),
                                    .decode = decode_centre,
                                    .encode = encode};

#define BYTES(...)                                                                                 \
    rf_slice_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void is_state(const void *msg)
{
    const struct rf_branch_frame *f = msg;
    assert_int_equal(f->type, RF_BRANCH_STATE);
    assert_slice_str(f->body, "{}");
}

static void is_alive(const void *msg)
{
    const struct rf_branch_frame *f = msg;
    assert_int_equal(f->type, RF_BRANCH_ALIVE);
    assert_int_equal(f->body.len, 0);
}

static void frames_are_known(void **state)
{
    (void)state;
    codec_check_known(&router,
                      &(struct codec_known){"state", BYTES(0, 0, 0, 3, 4, '{', '}'), is_state});
    codec_check_known(&centre, &(struct codec_known){"alive", BYTES(0, 0, 0, 1, 9), is_alive});
}

static void frames_are_refused(void **state)
{
    (void)state;
    static const struct codec_refusal of_router[] = {
        {"no kind", {(const uint8_t *)"\0\0\0\0", 4}, RF_ERR_BAD, "branch-frame"},
        {"kind 0", {(const uint8_t *)"\0\0\0\1\0", 5}, RF_ERR_BAD, "branch-frame"},
        {"kind 10", {(const uint8_t *)"\0\0\0\1\12", 5}, RF_ERR_BAD, "branch-frame"},
        {"a centre's", {(const uint8_t *)"\0\0\0\1\7", 5}, RF_ERR_BAD, "branch-frame"},
        {"too long, by its head", {(const uint8_t *)"\0\0\4\2\4", 5}, RF_ERR_LIMIT, "branch-frame"},
        {"not too long", {(const uint8_t *)"\0\0\4\1\4", 5}, RF_ERR_AGAIN, "again"},
        {"a router's", {(const uint8_t *)"\0\0\0\1\4", 5}, RF_OK, ""},
    };
    static const struct codec_refusal of_centre[] = {
        {"a router's", {(const uint8_t *)"\0\0\0\1\4", 5}, RF_ERR_BAD, "branch-frame"},
        {"a centre's", {(const uint8_t *)"\0\0\0\1\7", 5}, RF_OK, ""},
        {"alive with more", {(const uint8_t *)"\0\0\0\2\11x", 6}, RF_ERR_LIMIT, "branch-frame"},
        {"8 MiB and one", {(const uint8_t *)"\0\x80\0\1\3", 5}, RF_ERR_LIMIT, "branch-frame"},
        {"8 MiB", {(const uint8_t *)"\0\x80\0\0\3", 5}, RF_ERR_AGAIN, "again"},
        {"4 GiB", {(const uint8_t *)"\xff\xff\xff\xff\3", 5}, RF_ERR_LIMIT, "branch-frame"},
    };
    for (size_t i = 0; i < sizeof of_router / sizeof *of_router; i++)
        codec_check_refused(&router, &of_router[i]);
    for (size_t i = 0; i < sizeof of_centre / sizeof *of_centre; i++)
        codec_check_refused(&centre, &of_centre[i]);
}

static struct rf_slice build_record(uint64_t n, uint8_t *buf, size_t cap)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_slice out;
    rf_wr_u32be(&wr, (uint32_t)n + 1);
    rf_wr_u8(&wr, RF_BRANCH_RECORD);
    rf_wr_zero(&wr, n);
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    return out;
}

static void bodies_are_bounded(void **state)
{
    (void)state;
    codec_check_number(&router, &(struct codec_number){"record", build_record,
                                                       rf_branch_body_max(RF_BRANCH_RECORD), RF_OK,
                                                       NULL, RF_ERR_LIMIT, "branch-frame"});
    uint8_t head[RF_BRANCH_HEAD_BYTES];
    struct rf_why why = {0};
    for (enum rf_branch_type t = RF_BRANCH_HELLO; t <= RF_BRANCH_ALIVE; t++) {
        size_t max = rf_branch_body_max(t);
        assert_err(rf_branch_head(t, max, head, NULL), RF_OK);
        assert_refused(rf_branch_head(t, max + 1, head, &why), RF_ERR_LIMIT, why, "branch-frame");
        assert_true(max < RF_BRANCH_LEN_MAX);
    }
}

static void one_frame_after_another(void **state)
{
    (void)state;
    struct rf_slice both = BYTES(0, 0, 0, 3, 4, '{', '}', 0, 0, 0, 1, 5, 0);
    struct rf_branch_frame f;
    size_t used;
    assert_err(rf_branch_next(both, RF_BRANCH_FROM_ROUTER, &f, &used, NULL), RF_OK);
    assert_int_equal(used, 7);
    both = rf_slice_part(both, used, SIZE_MAX);
    assert_err(rf_branch_next(both, RF_BRANCH_FROM_ROUTER, &f, &used, NULL), RF_OK);
    assert_int_equal(f.type, RF_BRANCH_RECORD);
    both = rf_slice_part(both, used, SIZE_MAX);
    assert_err(rf_branch_next(both, RF_BRANCH_FROM_ROUTER, &f, &used, NULL), RF_ERR_AGAIN);
    assert_int_equal(used, 0);
}

/* ---- handed out ---- */

struct end {
    unsigned room, taken, refusals; /* room: for so many frames */
    enum rf_branch_type bad;        /* that it does not take; 0: none */
    char code[RF_WHY_CODE_MAX];
};

static bool end_goes_on(void *arg)
{
    const struct end *e = arg;
    return e->taken < e->room;
}

static enum rf_err end_take(void *arg, const struct rf_branch_frame *frame, struct rf_why *why)
{
    struct end *e = arg;
    if (frame->type == e->bad)
        return rf_why_set(why, RF_ERR_AGAIN, "not-now", "refused by this test");
    e->taken++;
    return RF_OK;
}

static void end_refuse(void *arg, const struct rf_why *why)
{
    struct end *e = arg;
    e->refusals++;
    snprintf(e->code, sizeof e->code, "%s", why->code);
}

static void frames_are_handed_out(void **state)
{
    static const struct rf_branch_taker taker = {.from = RF_BRANCH_FROM_ROUTER,
                                                 .goes_on = end_goes_on,
                                                 .take = end_take,
                                                 .refuse = end_refuse};
    /* state, record, record and half a head */
    struct rf_slice good = BYTES(0, 0, 0, 3, 4, '{', '}', 0, 0, 0, 1, 5, 0, 0, 0, 1, 5, 0, 0);
    /* the second is a centre's */
    struct rf_slice bad = BYTES(0, 0, 0, 3, 4, '{', '}', 0, 0, 0, 1, 7, 0, 0, 0, 1, 5, 0, 0);
    const struct {
        struct rf_slice stream;
        struct end end;
        unsigned taken;
        size_t done;
        const char *code;
    } rows[] = {
        {good, {.room = 9}, 3, 17, ""},
        {good, {.room = 3}, 3, 17, ""},
        {good, {.room = 1}, 1, 7, ""},
        {good, {.room = 0}, 0, 0, ""},
        {rf_slice_part(good, 0, 6), {.room = 9}, 0, 0, ""},
        {bad, {.room = 9}, 1, 7, "branch-frame"},
        {bad, {.room = 1}, 1, 7, ""}, /* it was not looked at */
        {good, {.room = 9, .bad = RF_BRANCH_RECORD}, 1, 12, "not-now"},
        {good, {.room = 9, .bad = RF_BRANCH_HELLO}, 3, 17, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct end end = rows[i].end;
        assert_int_equal(rf_branch_each(rows[i].stream, &taker, &end), rows[i].done);
        assert_int_equal(end.taken, rows[i].taken);
        assert_string_equal(end.code, rows[i].code);
        assert_int_equal(end.refusals, rows[i].code[0] != '\0');
    }
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(rf_branch_type_name(RF_BRANCH_HELLO), "hello");
    assert_string_equal(rf_branch_type_name(RF_BRANCH_ALIVE), "alive");
    assert_string_equal(rf_branch_type_name(0), "?");
    assert_string_equal(rf_branch_type_name(10), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_known),      cmocka_unit_test(frames_are_refused),
        cmocka_unit_test(bodies_are_bounded),    cmocka_unit_test(one_frame_after_another),
        cmocka_unit_test(frames_are_handed_out), cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
