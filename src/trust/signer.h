/* SPDX-License-Identifier: Apache-2.0 */
/* The signer process: it alone opens the private keys of file signing and LSC issuing. It is forked
 * before any thread starts, reads the key files itself, has no network and answers two questions
 * over a socketpair: "the certificate of that key" and "sign this digest with that key". It ends
 * when the parent's end closes or the parent dies.
 *
 *     struct rf_signer_key_conf keys[] = {
 *         { "tftp", "keys/tftp.pem", "certs/tftp.pem",
 *           RF_SIGNER_MAY(RF_DIGEST_SHA1) | RF_SIGNER_MAY(RF_DIGEST_SHA512) },
 *         { "lsc-issuer", "keys/lsc-issuer.pem", "certs/lsc-issuer.pem",
 *           RF_SIGNER_MAY(RF_DIGEST_SHA256) } };
 *     err = rf_signer_fork(keys, 2, &signer, &why);         (main thread, before any other)
 *     err = rf_signer_key(signer, "tftp", &vault_key, &cert, &why);   (signer worker thread)
 *
 * A call waits for its answer. There are two lines to the process, so that one thread's question
 * can be worked on while the other looks at its answer; each line belongs to one thread.
 *
 * Thread: fork and close on the only thread of the process; everything else on the line's own. */
#ifndef TRUST_SIGNER_H
#define TRUST_SIGNER_H

#include <sys/types.h>

#include "trust/vault.h"

#define RF_SIGNER_KEYS_MAX 8
#define RF_SIGNER_NAME_MAX 32

#define RF_SIGNER_MAY(digest) (1u << (unsigned)(digest))

struct rf_signer_key_conf {
    const char *name; /* how the key is asked for */
    const char *key_path;
    const char *cert_path;
    unsigned may_sign; /* RF_SIGNER_MAY(...) joined: a key signs no other digest */
};

struct rf_signer; /* the parent's end of a line */

/**
 * Fork the signer and wait until it has its keys.
 *
 * Returns RF_OK; RF_ERR_IO signer-fork; or what the child found wrong, its code and text passed on
 * (file missing, key-parse, key-cert-mismatch, ...): the child is gone then.
 */
RF_MUST_CHECK enum rf_err rf_signer_fork(const struct rf_signer_key_conf *keys, size_t n,
                                         struct rf_signer **out, struct rf_why *why);

/** The second line: the same process and keys, for another thread. Borrowed, ends with the first.
 */
struct rf_signer *rf_signer_second(struct rf_signer *s);

/** The vault key and certificate of a named key. `out` must be freed before the signer is closed;
 * cert may be NULL. RF_ERR_NOT_FOUND signer-key-unknown; RF_ERR_IO signer-gone. */
RF_MUST_CHECK enum rf_err rf_signer_key(struct rf_signer *s, const char *name,
                                        struct rf_vault_key **out, struct rf_cert **cert,
                                        struct rf_why *why);

/** Ask for one signature. As rf_vault_sign_digest on rf_signer_key's result. */
RF_MUST_CHECK enum rf_err rf_signer_sign(struct rf_signer *s, const char *name, enum rf_digest alg,
                                         struct rf_slice digest, struct rf_buf *sig,
                                         struct rf_why *why);

/** Process id of the child: for status and for tests that look at its memory. */
pid_t rf_signer_pid(const struct rf_signer *s);

/** Close both lines and wait for the child to end. NULL is fine. */
void rf_signer_close(struct rf_signer *s);

#endif
