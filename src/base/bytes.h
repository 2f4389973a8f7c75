/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded readers and writers over bytes. bytes.c is the only file that does arithmetic on a
 * pointer into input; everything that parses does it through struct rf_rd.
 *
 *     struct rf_rd item;
 *     if (!rf_rd_u8(rd, &tag) || !rf_rd_u16be(rd, &len) || !rf_rd_sub(rd, len, &item))
 *         return rf_why_rd(why, rd, "item header");
 *
 * A get returns true or false and zeroes its result on false. Byte order is in the name. Nothing
 * here allocates; everything may be used on any thread. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "base/err.h"

/** A borrowed run of bytes. `p` may be NULL when len is 0. */
struct rf_slice {
    const uint8_t *p;
    size_t len;
};

struct rf_slice rf_slice_of(const void *p, size_t len);
/** The bytes of a C string without its NUL; NULL gives the empty slice. */
struct rf_slice rf_slice_str(const char *s);
/** Same bytes? Constant time in the content (not in the lengths). */
bool rf_slice_eq(struct rf_slice a, struct rf_slice b);
bool rf_slice_eq_str(struct rf_slice a, const char *s);
/** `len` bytes from `off`, cut to what is there. */
struct rf_slice rf_slice_part(struct rf_slice s, size_t off, size_t len);
/** Copy as a C string into buf, cut to fit, always NUL-terminated; returns false when cut or when
 * the slice holds a NUL. */
bool rf_slice_to_str(struct rf_slice s, char *buf, size_t cap);
/** Offset of the first occurrence of needle, or SIZE_MAX. */
size_t rf_slice_find(struct rf_slice hay, struct rf_slice needle);

struct rf_rd {
    const uint8_t *base; /* first byte of the outermost input, for offsets */
    const uint8_t *p;
    const uint8_t *end;
};

struct rf_rd rf_rd_of(struct rf_slice s);
/** Bytes not read yet. */
size_t rf_rd_left(const struct rf_rd *rd);
/** Offset of the next byte in the outermost input. */
size_t rf_rd_offset(const struct rf_rd *rd);
/** True when everything was read. */
bool rf_rd_done(const struct rf_rd *rd);

RF_MUST_CHECK bool rf_rd_u8(struct rf_rd *rd, uint8_t *out);
RF_MUST_CHECK bool rf_rd_u16be(struct rf_rd *rd, uint16_t *out);
RF_MUST_CHECK bool rf_rd_u32be(struct rf_rd *rd, uint32_t *out);
RF_MUST_CHECK bool rf_rd_u16le(struct rf_rd *rd, uint16_t *out);
RF_MUST_CHECK bool rf_rd_u32le(struct rf_rd *rd, uint32_t *out);
/** Borrow the next n bytes. */
RF_MUST_CHECK bool rf_rd_slice(struct rf_rd *rd, size_t n, struct rf_slice *out);
/** Copy the next n bytes. */
RF_MUST_CHECK bool rf_rd_copy(struct rf_rd *rd, void *out, size_t n);
RF_MUST_CHECK bool rf_rd_skip(struct rf_rd *rd, size_t n);
/** A child reader bounded to the next n bytes; the parent moves past them. */
RF_MUST_CHECK bool rf_rd_sub(struct rf_rd *rd, size_t n, struct rf_rd *child);
/** Look at the next byte without taking it. */
RF_MUST_CHECK bool rf_rd_peek_u8(const struct rf_rd *rd, uint8_t *out);
/** All that is left, as a slice; the reader is then done. */
struct rf_slice rf_rd_rest(struct rf_rd *rd);
/** A fixed-width text of n bytes: ends at its width or first NUL. The slice excludes the NUL. */
RF_MUST_CHECK bool rf_rd_fixed_text(struct rf_rd *rd, size_t n, struct rf_slice *out);
/** Text up to and including the next NUL; the slice excludes it. False when there is no NUL. */
RF_MUST_CHECK bool rf_rd_z(struct rf_rd *rd, struct rf_slice *out);

/** RF_ERR_SHORT with "<field>: input ends at byte N". */
enum rf_err rf_why_rd(struct rf_why *why, const struct rf_rd *rd, const char *field);
/** RF_ERR_BAD with code and text, at the reader's offset. */
enum rf_err rf_why_bad(struct rf_why *why, const struct rf_rd *rd, const char *code,
                       const char *fmt, ...) RF_PRINTF(4, 5);

#ifdef __clang_analyzer__
#define rf_why_rd(why, rd, field) ((void)rf_why_rd(why, rd, field), RF_ERR_SHORT)
#define rf_why_bad(why, rd, ...)  ((void)rf_why_bad(why, rd, __VA_ARGS__), RF_ERR_BAD)
#endif

/** Counted text of the containers, CAPF and TVS: exactly one NUL, the last byte of the value, and
 * no control byte. On RF_OK `out` is the text without the NUL. */
RF_MUST_CHECK enum rf_err rf_text_from_counted(struct rf_slice value, struct rf_slice *out,
                                               struct rf_why *why, const char *field);

/** A writer into the caller's buffer; remembers an overflow, so writes are checked once at the end.
 */
struct rf_wr {
    uint8_t *base;
    size_t len;
    size_t cap;
    bool overflow;
};

struct rf_wr rf_wr_of(void *buf, size_t cap);
void rf_wr_u8(struct rf_wr *wr, uint8_t v);
void rf_wr_u16be(struct rf_wr *wr, uint16_t v);
void rf_wr_u32be(struct rf_wr *wr, uint32_t v);
void rf_wr_u64be(struct rf_wr *wr, uint64_t v);
void rf_wr_u16le(struct rf_wr *wr, uint16_t v);
void rf_wr_u32le(struct rf_wr *wr, uint32_t v);
void rf_wr_bytes(struct rf_wr *wr, const void *p, size_t n);
void rf_wr_slice(struct rf_wr *wr, struct rf_slice s);
void rf_wr_zero(struct rf_wr *wr, size_t n);
/** Text and one NUL. */
void rf_wr_z(struct rf_wr *wr, struct rf_slice text);
/** Text in a field of n bytes, rest zero; the text is cut to n - 1 so that a NUL always stays. */
void rf_wr_fixed_text(struct rf_wr *wr, struct rf_slice text, size_t n);

/** A length known only later: write the hole, write the content, then fill the hole with the number
 * of bytes written since (plus `extra`). */
struct rf_hole {
    size_t at;
};
struct rf_hole rf_wr_u16be_hole(struct rf_wr *wr);
struct rf_hole rf_wr_u32le_hole(struct rf_wr *wr);
void rf_wr_fill_u16be(struct rf_wr *wr, struct rf_hole h, size_t extra);
void rf_wr_fill_u32le(struct rf_wr *wr, struct rf_hole h, size_t extra);

/** RF_OK and the bytes written, or RF_ERR_LIMIT after an overflow. */
RF_MUST_CHECK enum rf_err rf_wr_done(const struct rf_wr *wr, struct rf_slice *out);

#endif
