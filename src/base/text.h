/* SPDX-License-Identifier: Apache-2.0 */
/* Small text helpers: hexadecimal, base64, numbers, escaping of a peer's text for the log. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/bytes.h"

/** Lower-case hex of `s` into buf (cut to fit, NUL-terminated). Returns buf. */
const char *rf_hex(struct rf_slice s, char *buf, size_t cap);
/** The same with colons, upper case, as fingerprints are shown. */
const char *rf_hex_colons(struct rf_slice s, char *buf, size_t cap);
/** Hex text (any case, no separators) to bytes; RF_ERR_BAD, RF_ERR_LIMIT. */
RF_MUST_CHECK enum rf_err rf_unhex(struct rf_slice text, uint8_t *out, size_t cap, size_t *out_len);
/** Characters of so many bytes in base64, without a NUL. */
#define RF_BASE64_LEN(bytes) (((bytes) + 2) / 3 * 4)
/** Base64 of RFC 4648 on one line, with padding. RF_ERR_LIMIT when it and its NUL do not fit. */
RF_MUST_CHECK enum rf_err rf_base64(struct rf_slice bytes, char *buf, size_t cap);
/** And back, strictly: padding is there, nothing else is, and no bit is lost. RF_ERR_BAD,
 * RF_ERR_LIMIT. */
RF_MUST_CHECK enum rf_err rf_unbase64(struct rf_slice text, uint8_t *out, size_t cap,
                                      size_t *out_len);
/** A whole decimal number within [min, max]; false otherwise (empty, sign, blank, overflow). */
RF_MUST_CHECK bool rf_parse_u64(struct rf_slice text, uint64_t min, uint64_t max, uint64_t *out);
/** Text from a peer, made safe for one log line: control bytes, quotes, backslash and bytes above
 * 0x7e become \xNN; cut with "..." to fit. Returns buf. */
const char *rf_escape(struct rf_slice s, char *buf, size_t cap);
/** In place: what a terminal would obey becomes a blank: C0 with tab and line end, DEL, and C1 as
 * UTF-8 writes them. */
void rf_blank_controls(char *text, size_t n);
/** Take the next piece up to `sep` (not included) from *rest; false when *rest is used up. */
RF_MUST_CHECK bool rf_next_piece(struct rf_slice *rest, char sep, struct rf_slice *piece);
/** Without blanks, tabs, CR and LF at both ends. */
struct rf_slice rf_trim(struct rf_slice s);
bool rf_slice_ends_with(struct rf_slice s, const char *tail);
bool rf_slice_starts_with(struct rf_slice s, const char *head);
/** "2026-11-24T04:27:00Z" of seconds since 1970; buf of at least 21 bytes. Returns buf. */
const char *rf_time_text(int64_t wall_s, char *buf, size_t cap);
/** And back, as people give it: that, without the seconds too, a day ("2026-11-24", its beginning
 * in UTC), or seconds since 1970. */
RF_MUST_CHECK bool rf_time_parse(const char *text, int64_t *out);
#define RF_TIME_WORDS "2026-11-24T04:27:00Z, a day, or seconds since 1970"

#endif
