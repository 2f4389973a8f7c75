/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/branch/branch.h"

static const struct kind {
    const char *name;
    enum rf_branch_from from;
    size_t body_max;
} kinds[] = {
    [RF_BRANCH_HELLO] = {"hello", RF_BRANCH_FROM_ROUTER, 1024},
    [RF_BRANCH_LIST] = {"list", RF_BRANCH_FROM_CENTRE, 65536},
    [RF_BRANCH_SNAPSHOT] = {"snapshot", RF_BRANCH_FROM_CENTRE, RF_BRANCH_LEN_MAX - 1},
    [RF_BRANCH_STATE] = {"state", RF_BRANCH_FROM_ROUTER, 1024},
    [RF_BRANCH_RECORD] = {"record", RF_BRANCH_FROM_ROUTER, 8192},
    [RF_BRANCH_KEPT] = {"kept", RF_BRANCH_FROM_CENTRE, 1024},
    [RF_BRANCH_RELEASE] = {"release", RF_BRANCH_FROM_CENTRE, 1024},
    [RF_BRANCH_REFUSED] = {"refused", RF_BRANCH_FROM_CENTRE, 4096},
    [RF_BRANCH_ALIVE] = {"alive", RF_BRANCH_FROM_CENTRE, 0},
};

static const struct kind *kind_of(unsigned type)
{
    return type > 0 && type < sizeof kinds / sizeof *kinds ? &kinds[type] : NULL;
}

const char *rf_branch_type_name(unsigned type)
{
    return kind_of(type) != NULL ? kind_of(type)->name : "?";
}

size_t rf_branch_body_max(enum rf_branch_type type)
{
    return kind_of(type) != NULL ? kind_of(type)->body_max : 0;
}

static enum rf_err check_len(const struct kind *kind, size_t body_len, struct rf_why *why)
{
    if (body_len <= kind->body_max)
        return RF_OK;
    return rf_why_set(why, RF_ERR_LIMIT, "branch-frame", "%s of %zu bytes, at most %zu", kind->name,
                      body_len, kind->body_max);
}

static enum rf_err check_head(uint32_t len, uint8_t type, enum rf_branch_from from,
                              struct rf_why *why)
{
    const struct kind *kind = kind_of(type);
    if (kind == NULL)
        return rf_why_set(why, RF_ERR_BAD, "branch-frame", "kind %u is not known", type);
    if (kind->from != from)
        return rf_why_set(why, RF_ERR_BAD, "branch-frame", "%s is not sent by a %s", kind->name,
                          from == RF_BRANCH_FROM_ROUTER ? "router" : "centre");
    return check_len(kind, len - 1, why);
}

enum rf_err rf_branch_next(struct rf_slice stream, enum rf_branch_from from,
                           struct rf_branch_frame *out, size_t *used, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(stream);
    uint32_t len;
    uint8_t type;
    struct rf_slice body;
    *out = (struct rf_branch_frame){0};
    *used = 0;
    if (!rf_rd_u32be(&rd, &len))
        return RF_ERR_AGAIN;
    if (len == 0)
        return rf_why_set(why, RF_ERR_BAD, "branch-frame", "a frame without its kind");
    if (!rf_rd_u8(&rd, &type))
        return RF_ERR_AGAIN;
    enum rf_err err = check_head(len, type, from, why);
    if (err != RF_OK)
        return err;
    if (!rf_rd_slice(&rd, len - 1, &body))
        return RF_ERR_AGAIN;
    *out = (struct rf_branch_frame){.type = (enum rf_branch_type)type, .body = body};
    *used = rf_rd_offset(&rd);
    return RF_OK;
}

size_t rf_branch_each(struct rf_slice stream, const struct rf_branch_taker *taker, void *arg)
{
    size_t done = 0;
    enum rf_err err = RF_OK;
    while (err == RF_OK && taker->goes_on(arg)) {
        struct rf_branch_frame frame;
        struct rf_why why = {0};
        size_t n = 0;
        err = rf_branch_next(rf_slice_part(stream, done, SIZE_MAX), taker->from, &frame, &n, &why);
        if (err == RF_ERR_AGAIN)
            break;
        if (err == RF_OK)
            err = taker->take(arg, &frame, &why);
        if (err != RF_OK)
            taker->refuse(arg, &why);
        done += n;
    }
    return done;
}

enum rf_err rf_branch_head(enum rf_branch_type type, size_t body_len,
                           uint8_t out[RF_BRANCH_HEAD_BYTES], struct rf_why *why)
{
    const struct kind *kind = kind_of(type);
    rf_bug_on(kind == NULL);
    struct rf_wr wr = rf_wr_of(out, RF_BRANCH_HEAD_BYTES);
    struct rf_slice done;
    enum rf_err err = check_len(kind, body_len, why);
    if (err != RF_OK)
        return err;
    rf_wr_u32be(&wr, (uint32_t)body_len + 1);
    rf_wr_u8(&wr, (uint8_t)type);
    return rf_wr_done(&wr, &done);
}
