/* SPDX-License-Identifier: Apache-2.0 */
/* A stream under a passphrase, of any length in bounded memory: what backups are kept in. Each
 * piece is believed before it is given out, and the end is one that cannot be cut off.
 *
 *     err = rf_seal_new(passphrase, 0, write_to_file, file, &s, &why);
 *     rf_seal_add(s, bytes, &why); ...
 *     err = rf_seal_finish(s, &why);
 *
 *     err = rf_unseal_new(passphrase, read_from_file, file, &u, &why);
 *     while ((err = rf_unseal_next(u, &piece, &why)) == RF_OK && piece.len > 0)
 *         use(piece);
 *
 * Thread: any, one at a time.
 * doc: docs/wire/backup.md */
#ifndef TRUST_SEAL_H
#define TRUST_SEAL_H

#include "base/err.h"
#include "base/mem.h"

/** Bytes of a piece before it is encrypted; the last one is shorter, perhaps empty. */
#define RF_SEAL_PIECE ((size_t)64 * 1024)

/** Takes what was made, in order. */
typedef enum rf_err (*rf_seal_sink)(void *arg, struct rf_slice bytes, struct rf_why *why);
/** Gives up to `cap` more bytes; *n 0 is the end. */
typedef enum rf_err (*rf_seal_source)(void *arg, uint8_t *buf, size_t cap, size_t *n,
                                      struct rf_why *why);

struct rf_seal;
/** Derives the key and writes the head. `cost_log2`: rounds of scrypt, 14 to 19; 0: the usual,
 * which take about half a second and 128 MiB, on purpose. RF_ERR_BAD seal-passphrase when it is
 * empty; what `sink` gives. */
RF_MUST_CHECK enum rf_err rf_seal_new(struct rf_slice passphrase, unsigned cost_log2,
                                      rf_seal_sink sink, void *arg, struct rf_seal **out,
                                      struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_seal_add(struct rf_seal *s, struct rf_slice bytes, struct rf_why *why);
/** Without it there is no end, and nobody takes the stream. */
RF_MUST_CHECK enum rf_err rf_seal_finish(struct rf_seal *s, struct rf_why *why);
void rf_seal_free(struct rf_seal *s);
void rf_seal_freep(struct rf_seal **s);

struct rf_unseal;
/** Reads the head. RF_ERR_BAD seal-kind (no such stream), seal-short, seal-cost; RF_ERR_DENIED
 * seal-passphrase: it is another one, or the head was changed; what `source` gives. */
RF_MUST_CHECK enum rf_err rf_unseal_new(struct rf_slice passphrase, rf_seal_source source,
                                        void *arg, struct rf_unseal **out, struct rf_why *why);
/** The next piece, valid until the next call; empty: that was all, and all of it.
 * RF_ERR_CRYPTO seal-damaged: changed, cut off, or something follows; why->offset is where. */
RF_MUST_CHECK enum rf_err rf_unseal_next(struct rf_unseal *u, struct rf_slice *piece,
                                         struct rf_why *why);
void rf_unseal_free(struct rf_unseal *u);
void rf_unseal_freep(struct rf_unseal **u);

#endif
