/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: verified, then opened if it is encrypted, then parsed, then stored; and the
 * stored one at boot. Nothing of a file is parsed before its signature held. */
#include "service/phone/phone_int.h"

#include "base/faults.h"
#include "base/text.h"
#include "trust/encfile.h"

#include <string.h>

/* ---- shared by the fresh and the stored one ---- */

void phone_sha256_text(struct rf_slice bytes, char out[65])
{
    uint8_t md[RF_DIGEST_MAX];
    size_t n = rf_digest_of(RF_DIGEST_SHA256, bytes, md);
    rf_hex(rf_slice_of(md, n), out, 65);
}

/* Decode the body of a verified file, decrypting it first where it is encrypted. `content` (may be
 * NULL) gets the digest of what was decoded. */
static enum rf_err open_body(struct rf_slice file, const struct rf_sigfile_info *info,
                             struct rf_key *key, struct rf_phonexml **out, char content[65],
                             struct rf_why *why)
{
    RF_AUTO(rf_buf_wipe) struct rf_buf plain = RF_BUF(RF_ENCFILE_PLAIN_MAX);
    struct rf_slice body = info->body;
    enum rf_err err = RF_OK;
    if (info->kind == RF_SIGNEDFILE_KIND_ENCRYPTED) {
        RF_AUTO(rf_vault_freep) struct rf_vault_key *vault = rf_vault_key_from_key(key);
        err = rf_encfile_decrypt(file, vault, &plain, why);
        body = rf_buf_slice(&plain);
    }
    if (err == RF_OK && content != NULL)
        phone_sha256_text(body, content);
    return err == RF_OK ? rf_phonexml_decode(body, out, why) : err;
}

/* ---- the stored one ---- */

static enum rf_err open_signed(struct rf_slice file, const struct rf_lists *lists,
                               const struct rf_flash_state *state, struct rf_key *key,
                               struct rf_phonexml **out, struct rf_why *why)
{
    struct rf_sigfile_info info = {0};
    char digest[65];
    phone_sha256_text(file, digest);
    /* SHA-1 and time were judged when it was stored. */
    struct rf_sigfile_policy policy = {.allow_sha1 = true};
    enum rf_err err = rf_lists_verify_file(lists, file, &policy, &info, NULL, why);
    bool is_as_stored = strcmp(digest, state->config_sha256) == 0;
    if (err != RF_OK && (is_as_stored || rf_fault_skips("phone.stored-config"))) {
        /* Its signer has left the lists since. It was verified when it was stored, and these are
         * the bytes that were. */
        struct rf_signedfile header;
        *why = (struct rf_why){0};
        err = rf_signedfile_decode(file, file.len, &header, why);
        if (err == RF_OK) {
            struct rf_signedfile_ranges r = rf_signedfile_ranges_of(&header, file.len);
            info.kind = rf_signedfile_kind_of(&header);
            info.body = rf_slice_part(file, r.body_off, r.body_len);
        }
    }
    return err == RF_OK ? open_body(file, &info, key, out, NULL, why) : err;
}

static enum rf_err open_sealed(struct rf_slice file, const struct rf_flash *flash,
                               const struct rf_key *mic, struct rf_phonexml **out,
                               struct rf_why *why)
{
    RF_AUTO(rf_buf_wipe) struct rf_buf plain = RF_BUF(RF_FLASH_CONFIG_MAX);
    enum rf_err err = phone_unseal(mic, flash->identity.device, file, &plain, why);
    return err == RF_OK ? rf_phonexml_decode(rf_buf_slice(&plain), out, why) : err;
}

enum rf_err phone_config_stored(const struct rf_flash *flash, const struct rf_lists *lists,
                                const struct rf_flash_state *state, const struct phone_keys *keys,
                                struct rf_phonexml **out, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf file = {0};
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = NULL;
    struct rf_why inner = {0};
    enum rf_err err = rf_flash_config_read(flash, &file, why);
    if (err != RF_OK)
        return err;
    if (phone_is_sealed(rf_buf_slice(&file)))
        err = open_sealed(rf_buf_slice(&file), flash, keys->mic, &c, &inner);
    else
        err = open_signed(rf_buf_slice(&file), lists, state, keys->own, &c, &inner);
    if (err != RF_OK)
        return rf_why_set(why, err == RF_ERR_NOT_FOUND ? RF_ERR_DENIED : err, inner.code,
                          "the stored configuration is not used: %s", inner.text);
    *out = rf_steal(&c);
    return RF_OK;
}

/* ---- a fresh one ---- */

struct config_job {
    struct phone_job base;
    const struct rf_flash *flash;
    struct phone_trust trust; /* its state, in: as it is; out: as it became */
    struct rf_key *key;
    struct rf_key *mic;
    char name[RF_FETCH_NAME_MAX + 1];
    bool is_signed;      /* asked for so */
    bool is_tls;         /* came from a file server of the lists, over TLS */
    bool is_unsigned;    /* and so needs no signature, and has none */
    bool is_device_file; /* not XMLDefault */
    struct rf_buf bytes;
    /* found */
    struct rf_sigfile_info info;
    char signer[65];
    char content[65]; /* digest of what it says, decrypted */
    struct rf_phonexml *config;
    bool is_verified;
};

static void config_release(struct phone_job *job)
{
    struct config_job *c = (struct config_job *)job;
    phone_trust_fini(&c->trust);
    rf_key_free(c->key);
    rf_key_free(c->mic);
    rf_buf_wipe(&c->bytes);
    rf_phonexml_free(c->config);
}

/* Signed files begin with the tag of their version. doc: docs/wire/signed-files.md */
static bool is_container(struct rf_slice file)
{
    struct rf_rd rd = rf_rd_of(file);
    uint8_t tag = 0;
    return rf_rd_peek_u8(&rd, &tag) && tag == 1;
}

/* A file server that the lists name says over TLS what it would otherwise sign, under the same
 * name: nowhere else is there anything unsigned where signatures are wanted.
 * doc: docs/wire/http-files.md, "Unsigned under the signed name" */
static enum rf_err judge(struct config_job *c, struct rf_why *why)
{
    struct rf_slice file = rf_buf_slice(&c->bytes);
    c->is_unsigned = c->is_signed && !is_container(file) &&
                     (c->is_tls || rf_fault_skips("phone.unsigned-by-tls-only"));
    if (!c->is_signed || c->is_unsigned) {
        c->info = (struct rf_sigfile_info){.kind = RF_SIGNEDFILE_KIND_FILE, .body = file};
        c->is_verified = c->is_unsigned;
        return RF_OK;
    }
    struct phone_previous previous = {.is_there = c->trust.state.config_timestamp != 0,
                                      .timestamp = c->trust.state.config_timestamp};
    memcpy(previous.signer, c->trust.state.config_signer, sizeof previous.signer);
    enum rf_err err = phone_verify(&c->trust, file, c->name, &previous, &c->info, c->signer, why);
    c->is_verified = err == RF_OK;
    return err;
}

/* A file whose content is not what was asked for is well signed and still not used. */
static enum rf_err judge_content(const struct config_job *c, struct rf_why *why)
{
    if (!rf_fault_skips("phone.config-root") && c->config->is_default == c->is_device_file)
        return rf_why_set(why, RF_ERR_DENIED, "config-root", "%s holds a %s configuration", c->name,
                          c->config->is_default ? "default" : "device's");
    if (strcmp(c->config->device_protocol, "SCCP") != 0)
        return rf_why_set(why, RF_ERR_DENIED, "config-protocol",
                          "%s is for the protocol %s: this phone speaks SCCP", c->name,
                          c->config->device_protocol);
    return RF_OK;
}

/* TLS says what is in force now, whenever it was signed: what was signed before that moment, and
 * says something else, is older. The knob of older files decides, as with their time stamps. */
static enum rf_err judge_age(struct config_job *c, struct rf_why *why)
{
    const struct rf_flash_state *state = &c->trust.state;
    enum rf_rollback rollback = c->trust.policy.rollback;
    char at[24], than[24];
    bool is_older = !c->is_unsigned && c->is_verified && c->is_device_file && c->config->is_full &&
                    c->info.timestamp < state->vouched_s &&
                    strcmp(c->content, state->vouched_sha256) != 0;
    if (!is_older || rollback == RF_ROLLBACK_OFF || rf_fault_skips("phone.vouched-rollback"))
        return RF_OK;
    c->info.is_rollback = true;
    if (rollback != RF_ROLLBACK_REJECT)
        return RF_OK;
    return rf_why_set(why, RF_ERR_DENIED, "time-rollback",
                      "signed at %s, and another one was in force at %s, by HTTPS: sign it again",
                      rf_time_text(c->info.timestamp, at, sizeof at),
                      rf_time_text(state->vouched_s, than, sizeof than));
}

/* The mode first where it rises, and last where it falls: a power cut in between leaves the
 * stricter of the two, and a stored file of a lower one is not registered with. */
static enum rf_err write_config(struct config_job *c, struct rf_slice file,
                                const struct rf_flash_state *now, struct rf_why *why)
{
    struct rf_flash_state *was = &c->trust.state;
    enum rf_err err = RF_OK;
    if (now->mode > was->mode) {
        was->mode = now->mode;
        err = rf_flash_state_write(c->flash, was, why);
    }
    if (err == RF_OK)
        err = rf_flash_config_write(c->flash, file, why);
    if (err == RF_OK)
        err = rf_flash_state_write(c->flash, now, why);
    if (err == RF_OK)
        *was = *now;
    return err;
}

/* Time of the phone where that is trusted; else all that was signed up to the last known stamp. */
static uint32_t vouched_at(const struct phone_trust *trust)
{
    return trust->policy.has_now ? (uint32_t)trust->policy.now_s
                                 : trust->state.config_timestamp + 1;
}

static enum rf_err keep_vouched(struct config_job *c, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf sealed = RF_BUF(RF_FLASH_STORED_MAX);
    struct rf_flash_state now = c->trust.state;
    now.mode = c->config->security_mode;
    if (strcmp(now.vouched_sha256, c->content) == 0 && now.mode == c->trust.state.mode)
        return RF_OK;
    now.vouched_s = vouched_at(&c->trust);
    memcpy(now.vouched_sha256, c->content, sizeof now.vouched_sha256);
    now.config_sha256[0] = '\0';
    enum rf_err err =
        phone_seal(c->mic, c->flash->identity.device, rf_buf_slice(&c->bytes), &sealed, why);
    return err == RF_OK ? write_config(c, rf_buf_slice(&sealed), &now, why) : err;
}

static enum rf_err keep_signed(struct config_job *c, struct rf_why *why)
{
    const struct rf_flash_state *was = &c->trust.state;
    struct rf_flash_state now = *was;
    now.mode = c->config->security_mode;
    now.config_timestamp = c->info.timestamp;
    now.is_encrypted = c->info.kind == RF_SIGNEDFILE_KIND_ENCRYPTED;
    now.vouched_s = 0;
    now.vouched_sha256[0] = '\0';
    memcpy(now.config_signer, c->signer, sizeof now.config_signer);
    phone_sha256_text(rf_buf_slice(&c->bytes), now.config_sha256);
    bool is_same = strcmp(now.config_sha256, was->config_sha256) == 0 && now.mode == was->mode &&
                   now.config_timestamp == was->config_timestamp &&
                   strcmp(now.config_signer, was->config_signer) == 0 &&
                   now.is_encrypted == was->is_encrypted && !c->trust.has_noted;
    return is_same ? RF_OK : write_config(c, rf_buf_slice(&c->bytes), &now, why);
}

/* Only a verified device file is kept, and only it sets the mode below which the phone will not
 * register. */
static enum rf_err keep(struct config_job *c, struct rf_why *why)
{
    if (!c->is_verified || !c->is_device_file || !c->config->is_full)
        return RF_OK;
    return c->is_unsigned ? keep_vouched(c, why) : keep_signed(c, why);
}

static enum rf_err config_work(struct phone_job *job, struct rf_why *why)
{
    struct config_job *c = (struct config_job *)job;
    enum rf_err err = judge(c, why);
    if (err == RF_OK)
        err = open_body(rf_buf_slice(&c->bytes), &c->info, c->key, &c->config, c->content, why);
    if (err == RF_OK)
        err = judge_content(c, why);
    if (err == RF_OK)
        err = judge_age(c, why);
    return err == RF_OK ? keep(c, why) : err;
}

static void tell_config(struct rf_phone *p, const struct config_job *c)
{
    const struct rf_phonexml *x = c->config;
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_CONFIG);
    phone_add(&v, "file", c->name);
    phone_add_flag(&v, "full", x->is_full);
    phone_add_flag(&v, "verified", c->is_verified);
    bool has_signer = c->is_verified && !c->is_unsigned;
    phone_add(&v, "signer", has_signer ? c->signer : NULL);
    phone_add(&v, "digest", has_signer ? rf_digest_name(c->info.digest) : NULL);
    if (c->is_unsigned)
        phone_add(&v, "vouched", "tls");
    phone_add_flag(&v, "encrypted", c->info.kind == RF_SIGNEDFILE_KIND_ENCRYPTED);
    phone_add_n(&v, "mode", x->security_mode);
    phone_add(&v, "load", x->load_information);
    phone_add_n(&v, "capf_auth_mode", x->capf_auth_mode);
    phone_add(&v, "call_manager", x->cm_n > 0 ? x->cm[0].name : NULL);
    phone_add(&v, "version_stamp", x->version_stamp);
    if (c->info.is_rollback)
        phone_add_flag(&v, "older", true);
    phone_add_odd(p, &v, c->name, c->info.is_minor_unknown, c->info.unknown_n);
    phone_emit(p, &v);
}

static void config_refused(struct rf_phone *p, const struct config_job *c)
{
    struct phone_values v;
    phone_values_start(&v, RF_PHONE_CONFIG_REFUSED);
    phone_add(&v, "file", c->name);
    phone_add_why(&v, &c->base.why);
    phone_emit(p, &v);
    if ((c->is_signed && !c->is_verified) || strcmp(c->base.why.code, "time-rollback") == 0)
        phone_status(p, "File auth error: %s", c->name);
    else if (strcmp(c->base.why.code, "decrypt") == 0)
        phone_status(p, "TFTP error - decryption failed");
    else
        phone_status(p, "ERROR PARSING CONFIG file");
    phone_alarm(p, RF_SCCP_ALARM_REASON_FILE_AUTH_FAILED, "config_rejected %s", c->base.why.code);
    p->got_why = c->base.why;
}

static void config_done(struct rf_phone *p, struct phone_job *job)
{
    struct config_job *c = (struct config_job *)job;
    p->state = c->trust.state;
    if (job->err != RF_OK) {
        config_refused(p, c);
        phone_event(p, PHONE_EV_REFUSED);
        return;
    }
    tell_config(p, c);
    struct rf_phonexml **place = c->config->is_full ? &p->config : &p->stub;
    rf_phonexml_free(*place);
    *place = rf_steal(&c->config);
    if ((*place)->is_full) {
        rf_phonexml_free(p->stub);
        p->stub = NULL;
        p->is_config_fresh = true;
        p->is_config_verified = c->is_verified && c->is_device_file;
    }
    phone_event(p, PHONE_EV_ACCEPTED);
}

void phone_do_config(struct rf_phone *p)
{
    struct config_job *c = rf_new(struct config_job);
    c->base.work = config_work;
    c->base.done = config_done;
    c->base.release = config_release;
    c->flash = p->flash;
    c->trust = phone_trust_of(p);
    c->key = rf_key_ref(p->lsc.cert != NULL ? p->lsc.key : p->mic.key);
    c->mic = rf_key_ref(p->mic.key);
    rf_slice_to_str(rf_slice_str(p->file), c->name, sizeof c->name);
    c->is_signed = rf_slice_ends_with(rf_slice_str(p->file), ".sgn");
    c->is_tls = p->got_via == RF_FETCH_HTTPS;
    c->is_device_file = !p->is_default_asked;
    c->bytes = p->got;
    p->got = (struct rf_buf){0};
    phone_job_post(p, &c->base);
}
