/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands on signed containers share: reading one of any size in pieces, its header as
 * JSON, whom to believe, and what is said when it is refused.
 *
 *     RF_AUTO(container_fini) struct container c = CONTAINER;
 *     err = container_open(path, &c, &why);                      (the header is decoded)
 *     err = container_pass(&c, &(struct container_pass){0}, &why); (the body is hashed)
 *     err = rf_sigver_finish(c.ver, signer, &policy, &info, &why); (the verdict)
 */
#ifndef APP_RINGFENCE_CONTAINER_H
#define APP_RINGFENCE_CONTAINER_H

#include "app/ringfence/cmd.h"
#include "base/file_in.h"
#include "trust/lists.h"
#include "trust/sigfile.h"

/** Longest file the commands read; they hold a piece of it at a time. */
#define CONTAINER_BYTES_MAX ((uint64_t)4 << 30)
#define CONTAINER_PIECE     ((size_t)128 * 1024)

struct container {
    struct rf_file_in in;
    struct rf_buf header; /* as it stands */
    struct rf_buf piece;
    struct rf_sigver *ver;
};
#define CONTAINER ((struct container){.in = RF_FILE_IN})

/** Open what a command line names: a file, or a stream, which is kept on disk meanwhile. */
RF_MUST_CHECK enum rf_err container_source(const char *path, struct rf_file_in *in,
                                           struct rf_why *why);
/** Open a container and decode its header. */
RF_MUST_CHECK enum rf_err container_open(const char *path, struct container *c, struct rf_why *why);
/** The header, NULL when container_open has failed. */
const struct rf_signedfile *container_sf(const struct container *c);
/** Begin again with the same file, for a second pass. */
RF_MUST_CHECK enum rf_err container_again(struct container *c, struct rf_why *why);
void container_fini(struct container *c);

/** What one reading of the body shall give beside the digest of the signature. */
struct container_pass {
    struct rf_buf *head; /* its first bytes, as many as its maximum; NULL: none */
    struct cmd_out *out; /* the body goes there; NULL: nowhere */
    bool wants_sha256;   /* of file and body */
    uint8_t file_sha256[RF_DIGEST_MAX];
    uint8_t body_sha256[RF_DIGEST_MAX];
};
RF_MUST_CHECK enum rf_err container_pass(struct container *c, struct container_pass *pass,
                                         struct rf_why *why);

/** Kind, names, serial, digest, key size, time stamp, sizes. */
void container_header(struct rf_json *out, const struct rf_signedfile *sf, uint64_t file_len);
/** body_sha256 and file_sha256 of a pass. */
void container_digests(struct rf_json *out, const struct container_pass *pass);
/** Subject, issuer, serial, fingerprint, key, validity of a certificate. */
struct rf_json *container_cert(const struct rf_cert *cert);
/** Set "warnings" for those of these certificates that are not valid now; none: not set. */
void container_validity(struct rf_json *out, struct rf_cert *const *certs, size_t n);
/** Warnings of a header as an array "warnings"; none: not set. */
void container_warnings(struct rf_json *out, const struct rf_signedfile *sf, bool is_rollback);
/** Those of a trust list: of its header and of its records. */
void container_list_warnings(struct rf_json *out, const struct rf_trustlist *list);

/** Report a refusal: what failed, at which byte and field of the header (sf may be NULL) and under
 * which certificate (may be NULL). Returns CMD_REFUSED. */
int container_refuse(const struct cmd_ctx *ctx, const char *what, const struct rf_why *why,
                     const struct rf_signedfile *sf, const struct rf_cert *cert);

/** What this command line's policy is: time of now, SHA-1 taken (and said), the name asked for. */
struct rf_sigfile_policy container_policy(const char *name);

/** Whom --cert and --list of a command say to believe. */
struct believed {
    struct rf_cert *cert; /* NULL: the lists say */
    struct rf_lists lists;
    const struct rf_cert *signer; /* found by believed_find */
    const char *list;             /* which list had it, "CTL" or "ITL"; NULL: --cert */
    uint16_t role;                /* its role there */
};
/** Was --cert or --list given? */
bool believed_is_given(const struct cmd_ctx *ctx);
RF_MUST_CHECK enum rf_err believed_load(const struct cmd_ctx *ctx, struct believed *b,
                                        struct rf_why *why);
/** The certificate that shall have signed this file: with lists, by the rule of roles. */
RF_MUST_CHECK enum rf_err believed_find(struct believed *b, const struct rf_signedfile *sf,
                                        struct rf_why *why);
/** All steps on one open container: find the signer, read the body, judge. */
RF_MUST_CHECK enum rf_err believed_verify(struct believed *b, struct container *c,
                                          struct container_pass *pass,
                                          const struct rf_sigfile_policy *policy,
                                          struct rf_sigfile_info *info, struct rf_why *why);
void believed_fini(struct believed *b);

/** A trust list of a command line. */
RF_MUST_CHECK enum rf_err tlv_open(const char *path, struct rf_list **out, struct rf_why *why);
/** What a record says of itself: role, addresses; and its certificate, or what it gives instead. */
struct rf_json *tlv_record(const struct rf_list *list, size_t i);
/** The list says in its signed name which of the two it is. */
enum rf_list_kind tlv_kind(const struct rf_list *list);
/** Would a phone that holds `old` take `list`? Sets "trust" and "older_than_installed" of `j`. */
RF_MUST_CHECK enum rf_err tlv_against(const struct rf_list *list, struct rf_list *old,
                                      const struct rf_list_policy *policy, struct rf_json *j,
                                      struct rf_why *why);

#endif
