/* SPDX-License-Identifier: Apache-2.0 */
/* Is a container what it shall be, and signed by this certificate? The cheap questions come first;
 * their order is that in which refusals are reported. doc: docs/wire/signed-files.md, "What a
 * reader checks" */
#include "trust/sigfile.h"

#include <string.h>

#include "base/faults.h"
#include "base/text.h"
#include "trust/path.h"
#include "trust/sigfile_int.h"

static enum rf_err check_kind(const struct rf_signedfile *sf, const struct rf_sigfile_policy *p,
                              struct rf_why *why)
{
    enum rf_signedfile_kind kind = rf_signedfile_kind_of(sf);
    bool is_image = kind == RF_SIGNEDFILE_KIND_IMAGE;
    if (!rf_fault_skips("file.kind") && is_image != p->is_image)
        return rf_why_set(why, RF_ERR_DENIED, "file-kind",
                          "header version %u.%u is that of %s; here %s is wanted", sf->major,
                          sf->minor, rf_signedfile_kind_name(kind),
                          p->is_image ? "an image (1.1)" : "a signed file or list");
    return RF_OK;
}

static enum rf_err check_name(const struct rf_signedfile *sf, const struct rf_sigfile_policy *p,
                              struct rf_why *why)
{
    char got[96], want[96];
    if (p->expected_name.p == NULL || rf_slice_eq(sf->file_name, p->expected_name) ||
        rf_fault_skips("file.name"))
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "file-name",
                      "the signed name is \"%s\", asked for was \"%s\": this is another file",
                      rf_escape(sf->file_name, got, sizeof(got)),
                      rf_escape(p->expected_name, want, sizeof(want)));
}

static enum rf_err check_digest(const struct rf_signedfile *sf, const struct rf_sigfile_policy *p,
                                struct rf_why *why)
{
    bool ok = false;
    switch (sf->hash) {
    case RF_SIGNEDFILE_SHA1:
        ok = p->allow_sha1;
        break;
    case RF_SIGNEDFILE_SHA256:
        ok = p->allow_sha256;
        break;
    case RF_SIGNEDFILE_SHA512:
        ok = true;
        break;
    }
    if (!rf_fault_skips("file.digest") && !ok)
        return rf_why_set(why, RF_ERR_DENIED, "digest-refused",
                          "signed with %s, which is not allowed here",
                          rf_signedfile_hash_name(sf->hash));
    return RF_OK;
}

/* Is it the certificate whose number the header gives? Another one is said to be another, instead
 * of a bad signature; no more rests on it. The text of the issuer is not compared, since one name
 * has several spellings: who looks for the signer in a trust list has found its record by that
 * text. */
static enum rf_err check_signer(const struct rf_signedfile *sf, const struct rf_cert *signer,
                                const struct rf_sigfile_policy *p, struct rf_why *why)
{
    char serial[48], issuer[160];
    bool is_named = rf_slice_eq(sf->serial, rf_cert_serial(signer));
    if (rf_fault_skips("file.signer") || p->ignore_signer_id || is_named)
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "signer-mismatch",
                      "signed by serial %s of \"%s\", which is not %s (%s)",
                      rf_hex(sf->serial, serial, sizeof(serial)),
                      rf_escape(sf->issuer, issuer, sizeof(issuer)), rf_cert_subject(signer),
                      rf_cert_short(signer));
}

static enum rf_err check_key(const struct rf_signedfile *sf, const struct rf_cert *signer,
                             const struct rf_sigfile_policy *p, struct rf_why *why)
{
    unsigned min = p->rsa_min != 0 ? p->rsa_min : RF_SIGFILE_RSA_MIN;
    size_t key_len = (rf_cert_key_bits(signer) + 7) / 8;
    if (!rf_fault_skips("file.key-type") && rf_cert_key_type(signer) != RF_KEY_RSA)
        return rf_why_set(why, RF_ERR_DENIED, "key-type",
                          "the key of %s (%s) is not RSA; containers have no other signature",
                          rf_cert_subject(signer), rf_cert_short(signer));
    enum rf_err err = rf_cert_strength_check(signer, min, why);
    if (err != RF_OK)
        return err;
    if (!rf_fault_skips("file.sig-length") && sf->signature.len != key_len)
        return rf_why_set(why, RF_ERR_DENIED, "sig-length",
                          "a signature of %zu bytes; the key of %s (%s) makes %zu",
                          sf->signature.len, rf_cert_subject(signer), rf_cert_short(signer),
                          key_len);
    return RF_OK;
}

/* A file without a time stamp is older than any that had one. */
static enum rf_err check_time(const struct rf_signedfile *sf, const struct rf_sigfile_policy *p,
                              bool *is_rollback, struct rf_why *why)
{
    char at[24], than[24];
    (void)rf_time_text(sf->timestamp, at, sizeof(at));
    if (!rf_fault_skips("file.time-future") && p->has_now && sf->has_timestamp &&
        (int64_t)sf->timestamp > p->now_s)
        return rf_why_set(why, RF_ERR_DENIED, "time-future",
                          "signed at %s, but it is %s: look at the clocks of server and phone", at,
                          rf_time_text(p->now_s, than, sizeof(than)));
    *is_rollback = p->has_previous && p->rollback != RF_ROLLBACK_OFF &&
                   (!sf->has_timestamp || sf->timestamp < p->previous_timestamp);
    if (!rf_fault_skips("file.time-rollback") && *is_rollback && p->rollback == RF_ROLLBACK_REJECT)
        return rf_why_set(why, RF_ERR_DENIED, "time-rollback",
                          "signed at %s, older than the stored one of %s: sign it again",
                          sf->has_timestamp ? at : "no time",
                          rf_time_text(p->previous_timestamp, than, sizeof(than)));
    return RF_OK;
}

/* Everything but the signature. */
static enum rf_err check_claims(const struct rf_signedfile *sf, const struct rf_cert *signer,
                                const struct rf_sigfile_policy *p, bool *is_rollback,
                                struct rf_why *why)
{
    enum rf_err err = check_kind(sf, p, why);
    if (err == RF_OK)
        err = check_name(sf, p, why);
    if (err == RF_OK)
        err = check_digest(sf, p, why);
    if (err == RF_OK)
        err = check_signer(sf, signer, p, why);
    if (err == RF_OK)
        err = check_key(sf, signer, p, why);
    if (err == RF_OK)
        err = check_time(sf, p, is_rollback, why);
    return err;
}

static void fill_info(const struct rf_signedfile *sf, uint64_t body_len, bool is_rollback,
                      struct rf_sigfile_info *out)
{
    *out = (struct rf_sigfile_info){
        .kind = rf_signedfile_kind_of(sf),
        .digest = (enum rf_digest)sf->hash,
        .has_timestamp = sf->has_timestamp,
        .timestamp = sf->timestamp,
        .is_rollback = is_rollback,
        .is_minor_unknown = sf->is_minor_unknown,
        .unknown_n = sf->unknown_n,
        .body_len = body_len,
    };
}

enum rf_err rf_sigfile_verify(struct rf_slice file, const struct rf_cert *signer,
                              const struct rf_sigfile_policy *policy, struct rf_sigfile_info *out,
                              struct rf_why *why)
{
    struct rf_signedfile sf;
    bool is_rollback = false;
    *out = (struct rf_sigfile_info){0};
    enum rf_err err = rf_signedfile_decode(file, file.len, &sf, why);
    if (err == RF_OK)
        err = check_claims(&sf, signer, policy, &is_rollback, why);
    if (err != RF_OK)
        return err;
    struct rf_signedfile_ranges r = rf_signedfile_ranges_of(&sf, file.len);
    const struct rf_slice parts[] = {
        rf_slice_part(file, 0, r.before_len),
        rf_slice_part(file, r.after_off, r.after_len),
    };
    err = rf_cert_verify(signer, (enum rf_digest)sf.hash, parts, 2, sf.signature, why);
    if (err != RF_OK)
        return err;
    fill_info(&sf, r.body_len, is_rollback, out);
    out->body = rf_slice_part(file, r.body_off, r.body_len);
    return RF_OK;
}

struct rf_sigver {
    uint8_t *header;
    struct rf_signedfile sf; /* borrows from header */
    struct rf_hash *hash;
    uint64_t body_len; /* said when it began */
    uint64_t got;
    bool is_too_long;
    bool is_done;
};

static enum rf_err begin(struct rf_slice header, size_t file_len, struct rf_sigver *v,
                         struct rf_why *why)
{
    v->header = rf_try_alloc(header.len, RF_SIGNEDFILE_HEADER_MAX);
    if (v->header == NULL)
        return rf_why_set(why, RF_ERR_LIMIT, "header-length", "a header of %zu bytes", header.len);
    if (header.len != 0)
        memcpy(v->header, header.p, header.len);
    struct rf_slice own = rf_slice_of(v->header, header.len);
    enum rf_err err = rf_signedfile_decode(own, file_len, &v->sf, why);
    if (err != RF_OK)
        return err;
    /* What stands behind the header is body, and comes by rf_sigver_add. */
    if (header.len != v->sf.header_len)
        return rf_why_set(why, RF_ERR_BAD, "header-length", "%zu bytes given of a header of %u",
                          header.len, v->sf.header_len);
    struct rf_signedfile_ranges r = rf_signedfile_ranges_of(&v->sf, file_len);
    v->body_len = r.body_len;
    v->hash = rf_hash_new((enum rf_digest)v->sf.hash);
    rf_hash_add(v->hash, rf_slice_part(own, 0, r.before_len));
    rf_hash_add(v->hash, rf_slice_part(own, r.after_off, SIZE_MAX));
    return RF_OK;
}

enum rf_err rf_sigver_new(struct rf_slice header, uint64_t file_len, struct rf_sigver **out,
                          struct rf_why *why)
{
    size_t len = (size_t)file_len;
    if (len != file_len)
        return rf_why_set(why, RF_ERR_LIMIT, "file-long", "the file is too long for this machine");
    RF_AUTO(rf_sigver_freep) struct rf_sigver *v = rf_new(struct rf_sigver);
    enum rf_err err = begin(header, len, v, why);
    if (err == RF_OK)
        *out = rf_steal(&v);
    return err;
}

const struct rf_signedfile *rf_sigver_header(const struct rf_sigver *v)
{
    return &v->sf;
}

static enum rf_err too_long(const struct rf_sigver *v, struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_LIMIT, "file-long", "more content than the %llu bytes announced",
                      (unsigned long long)v->body_len);
}

enum rf_err rf_sigver_add(struct rf_sigver *v, struct rf_slice piece, struct rf_why *why)
{
    rf_bug_on(v->is_done);
    if (v->is_too_long || piece.len > v->body_len - v->got) {
        v->is_too_long = true;
        return too_long(v, why);
    }
    v->got += piece.len;
    rf_hash_add(v->hash, piece);
    return RF_OK;
}

enum rf_err rf_sigver_finish(struct rf_sigver *v, const struct rf_cert *signer,
                             const struct rf_sigfile_policy *policy, struct rf_sigfile_info *out,
                             struct rf_why *why)
{
    uint8_t md[RF_DIGEST_MAX];
    bool is_rollback = false;
    rf_bug_on(v->is_done);
    v->is_done = true;
    *out = (struct rf_sigfile_info){0};
    if (v->is_too_long)
        return too_long(v, why);
    if (!rf_fault_skips("file.short") && v->got != v->body_len)
        return rf_why_set(why, RF_ERR_SHORT, "file-short", "%llu bytes of content of %llu",
                          (unsigned long long)v->got, (unsigned long long)v->body_len);
    enum rf_err err = check_claims(&v->sf, signer, policy, &is_rollback, why);
    if (err != RF_OK)
        return err;
    size_t n = rf_hash_end(v->hash, md);
    err = rf_cert_verify_digest(signer, (enum rf_digest)v->sf.hash, rf_slice_of(md, n),
                                v->sf.signature, why);
    if (err == RF_OK)
        fill_info(&v->sf, v->body_len, is_rollback, out);
    return err;
}

void rf_sigver_free(struct rf_sigver *v)
{
    if (v == NULL)
        return;
    rf_hash_free(v->hash);
    rf_free(v->header);
    rf_free(v);
}

void rf_sigver_freep(struct rf_sigver **v)
{
    rf_sigver_free(*v);
    *v = NULL;
}
