/* SPDX-License-Identifier: Apache-2.0 */
/* How many wrong authentication strings an address may give, whosever they are: else one stranger
 * could use up the tries of a whole fleet. Counted are IPv4 addresses and the /64 networks of IPv6.
 * After so many wrong ones none is judged from there for a while, which doubles with each wrong one
 * that follows, up to an hour; a day without one and all is forgotten. The table has a fixed size:
 * when it is full, the address that was silent longest is forgotten.
 *
 *     if (!capf_source_take(sources, host, now_ms))
 *         ... none is judged now
 *     ... the string is judged; then one of
 *     capf_source_right(sources, host);
 *     wait_s = capf_source_wrong(sources, host, now_ms);
 *
 * Thread: one. doc: docs/enrolment.md, "The four proofs" */
#ifndef SERVICE_CAPF_CAPF_SOURCES_H
#define SERVICE_CAPF_CAPF_SOURCES_H

#include "service/capf/capf_service.h"

#define CAPF_SOURCES          1024
#define CAPF_SOURCE_WAIT_MAX  3600u /* seconds */
#define CAPF_SOURCE_MEMORY_MS (24u * 3600u * 1000u)

struct capf_sources;

struct capf_sources *capf_sources_new(void);
void capf_sources_free(struct capf_sources *all);
/** So many wrong strings before the first wait, and how long that is. */
void capf_sources_set(struct capf_sources *all, uint32_t tries, uint32_t wait_s);

/** May a string from there be judged now? Takes a place when it may: those that are being judged
 * count like wrong ones, so that guesses do not go side by side. */
RF_MUST_CHECK bool capf_source_take(struct capf_sources *all, const char *host, uint64_t now_ms);
/** It was right, or was not judged after all: the place is given back. */
void capf_source_right(struct capf_sources *all, const char *host);
/** It was wrong. Returns how many seconds none is judged from there now; 0: at once. */
uint32_t capf_source_wrong(struct capf_sources *all, const char *host, uint64_t now_ms);

/** Those from which none is judged now; writes at most `max` of them, the newest not first. */
size_t capf_sources_waiting(const struct capf_sources *all, uint64_t now_ms,
                            struct rf_capf_waiting *out, size_t max);

#endif
