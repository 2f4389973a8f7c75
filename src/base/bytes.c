/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef rf_why_rd
#undef rf_why_bad

struct rf_slice rf_slice_of(const void *p, size_t len)
{
    return (struct rf_slice){.p = p, .len = len};
}

struct rf_slice rf_slice_str(const char *s)
{
    return (struct rf_slice){.p = (const uint8_t *)s, .len = s != NULL ? strlen(s) : 0};
}

bool rf_slice_eq(struct rf_slice a, struct rf_slice b)
{
    if (a.len != b.len)
        return false;
    volatile uint8_t diff = 0;
    for (size_t i = 0; i < a.len; i++)
        diff = (uint8_t)(diff | (a.p[i] ^ b.p[i]));
    return diff == 0;
}

bool rf_slice_eq_str(struct rf_slice a, const char *s)
{
    return rf_slice_eq(a, rf_slice_str(s));
}

struct rf_slice rf_slice_part(struct rf_slice s, size_t off, size_t len)
{
    if (off > s.len)
        off = s.len;
    if (len > s.len - off)
        len = s.len - off;
    return (struct rf_slice){.p = s.p != NULL ? s.p + off : NULL, .len = len};
}

bool rf_slice_to_str(struct rf_slice s, char *buf, size_t cap)
{
    if (cap == 0)
        return false;
    size_t n = s.len < cap ? s.len : cap - 1;
    if (n > 0)
        memcpy(buf, s.p, n);
    buf[n] = '\0';
    return n == s.len && strlen(buf) == n;
}

size_t rf_slice_find(struct rf_slice hay, struct rf_slice needle)
{
    if (needle.len == 0)
        return 0;
    const uint8_t *at = hay.len > 0 ? memmem(hay.p, hay.len, needle.p, needle.len) : NULL;
    return at != NULL ? (size_t)(at - hay.p) : SIZE_MAX;
}

struct rf_rd rf_rd_of(struct rf_slice s)
{
    static const uint8_t none;
    const uint8_t *p = s.p != NULL ? s.p : &none;
    return (struct rf_rd){.base = p, .p = p, .end = p + s.len};
}

size_t rf_rd_left(const struct rf_rd *rd)
{
    return (size_t)(rd->end - rd->p);
}

size_t rf_rd_offset(const struct rf_rd *rd)
{
    return (size_t)(rd->p - rd->base);
}

bool rf_rd_done(const struct rf_rd *rd)
{
    return rd->p == rd->end;
}

/* Big- and little-endian numbers share one loop: n bytes, first or last byte most significant. */
static bool rd_uint(struct rf_rd *rd, size_t n, bool big, uint64_t *out)
{
    *out = 0;
    if (rf_rd_left(rd) < n)
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = (v << 8) | rd->p[big ? i : n - 1 - i];
    rd->p += n;
    *out = v;
    return true;
}

bool rf_rd_u8(struct rf_rd *rd, uint8_t *out)
{
    uint64_t v;
    bool ok = rd_uint(rd, 1, true, &v);
    *out = (uint8_t)v;
    return ok;
}

bool rf_rd_u16be(struct rf_rd *rd, uint16_t *out)
{
    uint64_t v;
    bool ok = rd_uint(rd, 2, true, &v);
    *out = (uint16_t)v;
    return ok;
}

bool rf_rd_u32be(struct rf_rd *rd, uint32_t *out)
{
    uint64_t v;
    bool ok = rd_uint(rd, 4, true, &v);
    *out = (uint32_t)v;
    return ok;
}

bool rf_rd_u16le(struct rf_rd *rd, uint16_t *out)
{
    uint64_t v;
    bool ok = rd_uint(rd, 2, false, &v);
    *out = (uint16_t)v;
    return ok;
}

bool rf_rd_u32le(struct rf_rd *rd, uint32_t *out)
{
    uint64_t v;
    bool ok = rd_uint(rd, 4, false, &v);
    *out = (uint32_t)v;
    return ok;
}

bool rf_rd_slice(struct rf_rd *rd, size_t n, struct rf_slice *out)
{
    *out = (struct rf_slice){0};
    if (rf_rd_left(rd) < n)
        return false;
    *out = rf_slice_of(rd->p, n);
    rd->p += n;
    return true;
}

bool rf_rd_copy(struct rf_rd *rd, void *out, size_t n)
{
    struct rf_slice s;
    if (!rf_rd_slice(rd, n, &s)) {
        memset(out, 0, n);
        return false;
    }
    if (n > 0)
        memcpy(out, s.p, n);
    return true;
}

bool rf_rd_skip(struct rf_rd *rd, size_t n)
{
    struct rf_slice s;
    return rf_rd_slice(rd, n, &s);
}

bool rf_rd_sub(struct rf_rd *rd, size_t n, struct rf_rd *child)
{
    struct rf_slice s;
    bool ok = rf_rd_slice(rd, n, &s);
    *child = (struct rf_rd){.base = rd->base, .p = rd->p, .end = rd->p};
    if (ok)
        child->p = s.p;
    return ok;
}

bool rf_rd_peek_u8(const struct rf_rd *rd, uint8_t *out)
{
    *out = 0;
    if (rf_rd_left(rd) < 1)
        return false;
    *out = *rd->p;
    return true;
}

struct rf_slice rf_rd_rest(struct rf_rd *rd)
{
    struct rf_slice s = rf_slice_of(rd->p, rf_rd_left(rd));
    rd->p = rd->end;
    return s;
}

bool rf_rd_fixed_text(struct rf_rd *rd, size_t n, struct rf_slice *out)
{
    if (!rf_rd_slice(rd, n, out))
        return false;
    if (n > 0) {
        const uint8_t *nul = memchr(out->p, 0, n);
        if (nul != NULL)
            out->len = (size_t)(nul - out->p);
    }
    return true;
}

bool rf_rd_z(struct rf_rd *rd, struct rf_slice *out)
{
    *out = (struct rf_slice){0};
    size_t left = rf_rd_left(rd);
    const uint8_t *nul = left > 0 ? memchr(rd->p, 0, left) : NULL;
    if (nul == NULL)
        return false;
    *out = rf_slice_of(rd->p, (size_t)(nul - rd->p));
    rd->p = nul + 1;
    return true;
}

enum rf_err rf_why_rd(struct rf_why *why, const struct rf_rd *rd, const char *field)
{
    size_t at = rf_rd_offset(rd);
    if (why != NULL && why->code[0] == '\0')
        why->offset = at;
    return rf_why_set(why, RF_ERR_SHORT, "short", "%s: input ends at byte %zu", field, at);
}

enum rf_err rf_why_bad(struct rf_why *why, const struct rf_rd *rd, const char *code,
                       const char *fmt, ...)
{
    if (why != NULL && why->code[0] == '\0') {
        why->offset = rf_rd_offset(rd);
        snprintf(why->code, sizeof why->code, "%s", code);
        va_list ap;
        va_start(ap, fmt);
        int n = vsnprintf(why->text, sizeof why->text, fmt, ap);
        va_end(ap);
        if (n >= 0 && (size_t)n < sizeof why->text)
            snprintf(why->text + n, sizeof why->text - (size_t)n, " at byte %zu", why->offset);
    }
    return RF_ERR_BAD;
}

enum rf_err rf_text_from_counted(struct rf_slice value, struct rf_slice *out, struct rf_why *why,
                                 const char *field)
{
    *out = (struct rf_slice){0};
    if (value.len == 0 || value.p[value.len - 1] != 0)
        return rf_why_set(why, RF_ERR_BAD, "text-no-nul", "%s: text does not end in NUL", field);
    for (size_t i = 0; i + 1 < value.len; i++) {
        if (value.p[i] == 0)
            return rf_why_set(why, RF_ERR_BAD, "text-inner-nul", "%s: NUL inside the text", field);
        if (value.p[i] < 0x20 || value.p[i] == 0x7f)
            return rf_why_set(why, RF_ERR_BAD, "text-control", "%s: control byte in the text",
                              field);
    }
    *out = rf_slice_of(value.p, value.len - 1);
    return RF_OK;
}

struct rf_wr rf_wr_of(void *buf, size_t cap)
{
    return (struct rf_wr){.base = buf, .cap = cap};
}

static uint8_t *wr_room(struct rf_wr *wr, size_t n)
{
    if (wr->overflow || wr->cap - wr->len < n) {
        wr->overflow = true;
        return NULL;
    }
    uint8_t *p = wr->base + wr->len;
    wr->len += n;
    return p;
}

static void put_uint(uint8_t *p, size_t n, bool big, uint64_t v)
{
    for (size_t i = 0; i < n; i++)
        p[big ? n - 1 - i : i] = (uint8_t)(v >> (8 * i));
}

static void wr_uint(struct rf_wr *wr, size_t n, bool big, uint64_t v)
{
    uint8_t *p = wr_room(wr, n);
    if (p != NULL)
        put_uint(p, n, big, v);
}

void rf_wr_u8(struct rf_wr *wr, uint8_t v)
{
    wr_uint(wr, 1, true, v);
}

void rf_wr_u16be(struct rf_wr *wr, uint16_t v)
{
    wr_uint(wr, 2, true, v);
}

void rf_wr_u32be(struct rf_wr *wr, uint32_t v)
{
    wr_uint(wr, 4, true, v);
}

void rf_wr_u64be(struct rf_wr *wr, uint64_t v)
{
    wr_uint(wr, 8, true, v);
}

void rf_wr_u16le(struct rf_wr *wr, uint16_t v)
{
    wr_uint(wr, 2, false, v);
}

void rf_wr_u32le(struct rf_wr *wr, uint32_t v)
{
    wr_uint(wr, 4, false, v);
}

void rf_wr_bytes(struct rf_wr *wr, const void *p, size_t n)
{
    uint8_t *to = wr_room(wr, n);
    if (to != NULL && n > 0)
        memcpy(to, p, n);
}

void rf_wr_slice(struct rf_wr *wr, struct rf_slice s)
{
    rf_wr_bytes(wr, s.p, s.len);
}

void rf_wr_zero(struct rf_wr *wr, size_t n)
{
    uint8_t *to = wr_room(wr, n);
    if (to != NULL && n > 0)
        memset(to, 0, n);
}

void rf_wr_z(struct rf_wr *wr, struct rf_slice text)
{
    rf_wr_slice(wr, text);
    rf_wr_u8(wr, 0);
}

void rf_wr_fixed_text(struct rf_wr *wr, struct rf_slice text, size_t n)
{
    size_t keep = n > 0 && text.len > n - 1 ? n - 1 : text.len;
    rf_wr_bytes(wr, text.p, keep);
    rf_wr_zero(wr, n - keep);
}

struct rf_hole rf_wr_u16be_hole(struct rf_wr *wr)
{
    struct rf_hole h = {.at = wr->len};
    rf_wr_zero(wr, 2);
    return h;
}

struct rf_hole rf_wr_u32le_hole(struct rf_wr *wr)
{
    struct rf_hole h = {.at = wr->len};
    rf_wr_zero(wr, 4);
    return h;
}

void rf_wr_fill_u16be(struct rf_wr *wr, struct rf_hole h, size_t extra)
{
    size_t n = wr->overflow ? 0 : wr->len - h.at - 2 + extra;
    if (n > UINT16_MAX)
        wr->overflow = true;
    if (!wr->overflow)
        put_uint(wr->base + h.at, 2, true, n);
}

void rf_wr_fill_u32le(struct rf_wr *wr, struct rf_hole h, size_t extra)
{
    size_t n = wr->overflow ? 0 : wr->len - h.at - 4 + extra;
    if (n > UINT32_MAX)
        wr->overflow = true;
    if (!wr->overflow)
        put_uint(wr->base + h.at, 4, false, n);
}

enum rf_err rf_wr_done(const struct rf_wr *wr, struct rf_slice *out)
{
    *out = (struct rf_slice){0};
    if (wr->overflow)
        return RF_ERR_LIMIT;
    *out = rf_slice_of(wr->base, wr->len);
    return RF_OK;
}
