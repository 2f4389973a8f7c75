/* SPDX-License-Identifier: Apache-2.0 */
/* What the two ends of the signer share: its messages, and the child's half. One packet of a
 * SOCK_SEQPACKET pair is one message; every request has one answer with its number. doc:
 * docs/signer.md */
#ifndef TRUST_SIGNER_INT_H
#define TRUST_SIGNER_INT_H

#include "trust/signer.h"

/** Lines to the child; each has one question under way at most. */
#define RF_SIGNER_LINES 2
/** Longest message either way: a certificate, or a refusal in words. */
#define RF_SIGNER_FRAME_MAX (RF_CERT_DER_MAX + 64)
/** Number of the child's first message, which answers no request: keys loaded, or why not. */
#define RF_SIGNER_READY 0

enum rf_signer_kind {
    RF_SIGNER_ASK_CERT = 1,
    RF_SIGNER_ASK_SIGN = 2,
    RF_SIGNER_SAY_DONE = 129,
    RF_SIGNER_SAY_REFUSED = 130,
};

/** "kind u8, number u32, name length u8, name"; to sign also "digest number u8, digest". */
struct rf_signer_ask {
    enum rf_signer_kind kind;
    uint32_t number;
    struct rf_slice name;
    uint8_t alg; /* enum rf_digest, unless the request is damaged */
    struct rf_slice digest;
};

/** "kind u8, number u32", then the certificate or signature; or "err u8, code NUL, text NUL". */
struct rf_signer_say {
    uint32_t number;
    enum rf_err err;
    struct rf_slice data; /* RF_OK */
    struct rf_why why;    /* otherwise */
};

void rf_signer_ask_encode(const struct rf_signer_ask *ask, struct rf_wr *wr);
/** RF_ERR_SHORT, RF_ERR_BAD signer-request. Borrows from `in`; `number` is filled as far as it can
 * be read. */
RF_MUST_CHECK enum rf_err rf_signer_ask_decode(struct rf_slice in, struct rf_signer_ask *out,
                                               struct rf_why *why);
void rf_signer_say_encode(const struct rf_signer_say *say, struct rf_wr *wr);
/** RF_ERR_SHORT, RF_ERR_BAD signer-answer. Borrows from `in`. */
RF_MUST_CHECK enum rf_err rf_signer_say_decode(struct rf_slice in, struct rf_signer_say *out,
                                               struct rf_why *why);

/** Send one packet; RF_ERR_IO. Never raises SIGPIPE. */
RF_MUST_CHECK enum rf_err rf_signer_send(int fd, struct rf_slice frame);
/** Wait for one packet into `buf`. RF_ERR_NOT_FOUND at the end of the line, RF_ERR_LIMIT when it is
 * longer than RF_SIGNER_FRAME_MAX, RF_ERR_AGAIN when the socket's time is over, RF_ERR_IO. */
RF_MUST_CHECK enum rf_err rf_signer_recv(int fd, uint8_t buf[RF_SIGNER_FRAME_MAX + 1],
                                         struct rf_slice *out);

/** A key the child holds. */
struct rf_signer_held {
    const struct rf_signer_key_conf *conf;
    struct rf_vault_key *key;
    struct rf_cert *cert;
};

/** Read key and certificate and see that they belong together. RF_ERR_DENIED key-cert-mismatch;
 * and what reading gives. */
RF_MUST_CHECK enum rf_err rf_signer_hold(const struct rf_signer_key_conf *conf,
                                         struct rf_signer_held *out, struct rf_why *why);
void rf_signer_drop(struct rf_signer_held *held);
/** Answer one request, whatever its bytes are. */
void rf_signer_serve(const struct rf_signer_held *held, size_t n, struct rf_slice request,
                     struct rf_wr *answer);

/** The child from fork to its end. */
__attribute__((noreturn)) void rf_signer_child(const struct rf_signer_key_conf *keys, size_t n,
                                               const int lines[RF_SIGNER_LINES], pid_t parent);

/** A key as the parent knows it: the child has its keys for life, so it is asked once. */
struct rf_signer_known {
    char name[RF_SIGNER_NAME_MAX + 1];
    struct rf_cert *cert;     /* NULL: none is here */
    struct rf_vault_key *key; /* to make others like it; signs nothing itself */
};

/** The parent's end of a line. */
struct rf_signer {
    pid_t pid;
    int fd; /* -1 when the child is gone */
    uint32_t number;
    struct rf_signer_known known[RF_SIGNER_KEYS_MAX];
    struct rf_signer *second; /* owned; NULL in the second itself */
};

#endif
