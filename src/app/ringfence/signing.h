/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that sign share: key and certificate of the command line, and the signing of a
 * file of any size. */
#ifndef APP_RINGFENCE_SIGNING_H
#define APP_RINGFENCE_SIGNING_H

#include "app/ringfence/container.h"

struct signing {
    struct rf_key *key;
    struct rf_vault_key *vault;
    struct rf_cert *cert;
};

/* Options of a command that signs: SIGNING_OPTIONS in its table, read by signing_load. */
#define SIGNING_OPTIONS                                                                            \
    {.name = "key",                                                                                \
     .arg = "PEM",                                                                                 \
     .help = "private key, and its certificate unless --key-cert is given",                        \
     .is_required = true},                                                                         \
        {.name = "key-cert", .arg = "PEM", .help = "the certificate, when it is in another file"}, \
        {.name = "passphrase-file",                                                                \
         .arg = "FILE",                                                                            \
         .help = "passphrase of the key (- reads it from standard input)"},                        \
    {                                                                                              \
        .name = "digest", .arg = "sha1|sha512",                                                    \
        .help = "default sha512; sha1 is weak, for old phones"                                     \
    }

/** Key of `key_pem`, certificate of `cert_pem` (NULL: of `key_pem` too), with the passphrase that
 * --passphrase-file names. */
RF_MUST_CHECK enum rf_err signing_load(const struct cmd_ctx *ctx, const char *key_pem,
                                       const char *cert_pem, struct signing *s, struct rf_why *why);
void signing_fini(struct signing *s);

/** --digest, SHA-512 when it is not given; CMD_OK or CMD_USAGE. */
int signing_digest(const struct cmd_ctx *ctx, enum rf_digest *out);

/** What `file sign` and `image sign` are: sign args[0] into --out under --name, reading the file
 * twice and holding a piece of it. `check` looks at the beginning of the body first. */
struct signing_job {
    bool is_image;
    uint64_t bytes_max; /* of the whole, header and body; 0: any */
    enum rf_err (*check)(const char *name, struct rf_slice head, uint64_t body_len,
                         struct rf_why *why);
};
int signing_run(struct cmd_ctx *ctx, const struct signing_job *job);

#endif
