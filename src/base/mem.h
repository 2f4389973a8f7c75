/* SPDX-License-Identifier: Apache-2.0 */
/* Memory. Small fixed objects come from rf_new(), which never returns NULL; anything sized by a
 * peer, a file or the database comes from rf_try_alloc() with a named limit. Locals release
 * themselves with RF_AUTO.
 *
 *     RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/bytes.h"

/** One zeroed object of the type; aborts when memory is out. */
#define rf_new(type) ((type *)rf_new_bytes(sizeof(type)))
/** `n` zeroed objects; n is ours, never a peer's. */
#define rf_new_n(type, n) ((type *)rf_new_bytes(sizeof(type) * (n)))
void *rf_new_bytes(size_t n);

/** `n` zeroed bytes, or NULL when n is above `limit` or memory is out. n of 0 gives a valid
 * pointer. */
RF_MUST_CHECK void *rf_try_alloc(size_t n, size_t limit);
void rf_free(void *p);
/** A copy of at most `limit` bytes as C string; NULL gives NULL. */
char *rf_strdup(const char *s);
/** printf into a new string (at most 64 KiB). */
char *rf_strf(const char *fmt, ...) RF_PRINTF(1, 2);

#define RF_AUTO(fn) __attribute__((cleanup(fn)))
/** Take the pointer out of an RF_AUTO variable, leaving NULL. */
#define rf_steal(pp)                                                                               \
    ({                                                                                             \
        __typeof__(*(pp)) rf_stolen = *(pp);                                                       \
        *(pp) = NULL;                                                                              \
        rf_stolen;                                                                                 \
    })
/** For RF_AUTO on any pointer that rf_free releases. */
void rf_freep(void *pp);

/** An owned, growing run of bytes, born with its maximum. Zero-initialised it is empty with
 * maximum 0: set `max` first. */
struct rf_buf {
    uint8_t *p;
    size_t len;
    size_t cap;
    size_t max;
};

#define RF_BUF(maximum) ((struct rf_buf){.max = (maximum)})
/** Append; RF_ERR_LIMIT above the maximum, RF_ERR_NOMEM; nothing is changed on failure. */
RF_MUST_CHECK enum rf_err rf_buf_add(struct rf_buf *b, const void *p, size_t n);
RF_MUST_CHECK enum rf_err rf_buf_add_slice(struct rf_buf *b, struct rf_slice s);
RF_MUST_CHECK enum rf_err rf_buf_addf(struct rf_buf *b, const char *fmt, ...) RF_PRINTF(2, 3);
/** Room for n more bytes at the end; NULL above the maximum. Commit with b->len += used. */
RF_MUST_CHECK uint8_t *rf_buf_room(struct rf_buf *b, size_t n);
/** Drop the first n bytes (n is cut to what is there). */
void rf_buf_drop(struct rf_buf *b, size_t n);
struct rf_slice rf_buf_slice(const struct rf_buf *b);
/** Release; the maximum stays. */
void rf_buf_fini(struct rf_buf *b);

#endif
