/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate operations scheduled, and phones told to reset. An authentication string is seen here
 * and by the hash worker, and by nobody else: the database gets its hash, the log nothing.
 * doc: docs/security-rules.md, "CAPF" (A2, A3) */
#include "service/admin/admin_int.h"

#include "base/faults.h"
#include "base/random.h"
#include "trust/pwhash.h"

#include <stdio.h>
#include <string.h>

static const char *const capf_members[] = {"op",       "auth",     "string",        "with_string",
                                           "key_type", "key_bits", "complete_by_s", "allow_proof",
                                           NULL};

static enum rf_err bad(struct rf_why *why, const char *code, const char *text)
{
    return rf_why_set(why, RF_ERR_BAD, code, "%s", text);
}

/* ---- reading ---- */

static enum rf_err read_op(const struct rf_json *body, struct rf_store_capf *op, struct rf_why *why)
{
    const char *text = NULL;
    enum rf_err err = rf_json_need_str(body, "op", &text, why);
    if (err == RF_OK && !rf_store_op_parse(text, &op->op))
        err = bad(why, "op", "\"op\": wants install, delete, fetch or none");
    if (err != RF_OK || op->op == RF_STORE_OP_NONE)
        return err;
    err = rf_json_need_str(body, "auth", &text, why);
    if (err == RF_OK && !rf_store_auth_parse(text, &op->auth))
        err = bad(why, "auth", "\"auth\": wants string, null, lsc or mic");
    return err;
}

static bool is_key_fit(const struct rf_store_capf *op, const struct rf_site_conf *conf)
{
    if (op->key_type == RF_STORE_KEY_EC)
        return op->key_bits == 256 || op->key_bits == 384 || op->key_bits == 521;
    return op->key_bits >= conf->rsa_min && op->key_bits >= 512 && op->key_bits <= 4096 &&
           op->key_bits % 8 == 0;
}

static enum rf_err read_key(const struct rf_json *body, const struct rf_site_conf *conf,
                            struct rf_store_capf *op, struct rf_why *why)
{
    const char *type = "rsa";
    int64_t bits = 0;
    enum rf_err err = RF_OK;
    if (rf_json_get(body, "key_type") != NULL)
        err = rf_json_need_str(body, "key_type", &type, why);
    if (err != RF_OK)
        return err;
    bool is_preferred = strcmp(type, "ec-preferred") == 0;
    if (strcmp(type, "rsa") != 0 && strcmp(type, "ec") != 0 && !is_preferred)
        return bad(why, "key-type", "\"key_type\": wants rsa, ec or ec-preferred");
    op->key_type = strcmp(type, "rsa") == 0 ? RF_STORE_KEY_RSA : RF_STORE_KEY_EC;
    op->rsa_backup_bits = is_preferred ? conf->lsc_key_bits : 0;
    op->key_bits = op->key_type == RF_STORE_KEY_EC ? 384 : conf->lsc_key_bits;
    if (rf_json_get(body, "key_bits") != NULL) {
        err = rf_json_need_int(body, "key_bits", 1, 65535, &bits, why);
        op->key_bits = (uint32_t)bits;
    }
    if (err == RF_OK && !is_key_fit(op, conf))
        return rf_why_set(why, RF_ERR_BAD, "key-size",
                          "a key of %u bits: EC keys have 256, 384 or 521, RSA keys %u (rsa_min) "
                          "to 4096",
                          op->key_bits, conf->rsa_min);
    return err;
}

static enum rf_err read_window(const struct admin_task *t, const struct rf_json *body,
                               struct rf_store_capf *op, struct rf_why *why)
{
    if (rf_json_get(body, "complete_by_s") == NULL)
        return RF_OK;
    enum rf_err err =
        rf_json_need_int(body, "complete_by_s", 0, (int64_t)1 << 40, &op->complete_by_s, why);
    if (err == RF_OK && op->complete_by_s <= t->now_s)
        err = bad(why, "complete-by-past", "\"complete_by_s\" is over already");
    return err;
}

void admin_draw_string(char digits[RF_ADMIN_STRING_DIGITS + 1])
{
    for (size_t i = 0; i < RF_ADMIN_STRING_DIGITS; i++)
        digits[i] = (char)('0' + rf_random_below(10));
    digits[RF_ADMIN_STRING_DIGITS] = '\0';
}

/* doc: docs/security-rules.md, "CAPF": 4 to 10 digits. It is never repeated, not in a
 * refusal either. */
enum rf_err admin_capf_read_string(const struct rf_json *body, struct admin_change *change,
                                   struct rf_why *why)
{
    const char *text = NULL;
    enum rf_err err = rf_json_need_str(body, "string", &text, why);
    if (err != RF_OK)
        return err;
    size_t n = strlen(text);
    if (n < ADMIN_STRING_MIN || n > ADMIN_STRING_MAX || strspn(text, "0123456789") != n)
        return bad(why, "string", "\"string\": wants 4 to 10 digits");
    return rf_secret_set(&change->string, rf_slice_str(text));
}

/* The string is the proof, or goes with a MIC that has expired. */
static bool takes_string(const struct rf_store_capf *op, const struct rf_site_conf *conf)
{
    bool is_cert = op->auth == RF_STORE_AUTH_MIC || op->auth == RF_STORE_AUTH_LSC;
    return op->op != RF_STORE_OP_NONE &&
           (op->auth == RF_STORE_AUTH_STRING ||
            (is_cert && conf->expired_mic == RF_SITE_EXPIRED_WITH_STRING));
}

/* What the site does not allow is refused when it is asked for, not when a phone comes. */
static enum rf_err check_auth(struct admin_task *t, const struct rf_site_conf *conf,
                              const struct rf_json *body, struct rf_why *why)
{
    const struct rf_store_capf *op = &t->change.capf;
    bool has_string =
        rf_json_get(body, "string") != NULL || rf_json_get(body, "with_string") != NULL;
    if (has_string && !takes_string(op, conf))
        return bad(why, "string-unused",
                   "a string is for operations with auth string; with auth mic and lsc where "
                   "expired_mic is with_string");
    if (op->op == RF_STORE_OP_NONE)
        return RF_OK;
    if (!rf_fault_skips("admin.null-string") && op->auth == RF_STORE_AUTH_NULL &&
        !conf->capf_null_string)
        return admin_refuse(t, 409, why, "null-string-off",
                            "this site takes no operation without a proof: capf_null_string is no");
    if (op->auth == RF_STORE_AUTH_MIC && !conf->accept_mic_for_capf)
        return admin_refuse(t, 409, why, "mic-off",
                            "this site takes no manufacturer's certificate: accept_mic_for_capf "
                            "is no");
    return RF_OK;
}

static void set_string_end(const struct admin_task *t, const struct rf_site_conf *conf,
                           struct rf_store_capf *op)
{
    op->string_expires_s = t->now_s + (int64_t)conf->capf_string_hours * 3600;
    if (op->complete_by_s != 0 && op->complete_by_s < op->string_expires_s)
        op->string_expires_s = op->complete_by_s;
}

enum rf_err admin_capf_read(struct admin_task *t, const struct rf_json *body, struct rf_why *why)
{
    struct rf_store_capf *op = &t->change.capf;
    const struct rf_site_conf *conf = ADMIN_OPS(t, conf)(ADMIN_ARG(t));
    enum rf_err err = read_op(body, op, why);
    if (err == RF_OK)
        err = check_auth(t, conf, body, why);
    if (err == RF_OK && op->op != RF_STORE_OP_NONE)
        err = read_key(body, conf, op, why);
    return err == RF_OK ? read_window(t, body, op, why) : err;
}

/* Only who proves itself by a certificate has proofs that are remembered. */
static enum rf_err read_allow_proof(const struct rf_json *body, struct rf_store_capf *op,
                                    struct rf_why *why)
{
    bool is_cert = op->auth == RF_STORE_AUTH_MIC || op->auth == RF_STORE_AUTH_LSC;
    if (rf_json_get(body, "allow_proof") == NULL)
        return RF_OK;
    enum rf_err err = rf_json_need_bool(body, "allow_proof", &op->allows_proof, why);
    if (err == RF_OK && op->allows_proof && (op->op == RF_STORE_OP_NONE || !is_cert))
        return bad(why, "proof-unused",
                   "\"allow_proof\" is for operations with auth mic or lsc: no other proof is the "
                   "same twice");
    return err;
}

enum rf_err admin_capf_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    struct rf_store_capf *op = &t->change.capf;
    const struct rf_site_conf *conf = ADMIN_OPS(t, conf)(ADMIN_ARG(t));
    enum rf_err err = admin_body(req, capf_members, &body, why);
    if (err == RF_OK)
        err = admin_capf_read(t, body, why);
    if (err != RF_OK)
        return err;
    if ((err = read_allow_proof(body, op, why)) != RF_OK)
        return err;
    bool is_with_string = false;
    if (rf_json_get(body, "with_string") != NULL &&
        (err = rf_json_need_bool(body, "with_string", &is_with_string, why)) != RF_OK)
        return err;
    snprintf(op->device, sizeof op->device, "%s", t->name);
    op->created_uid = (int64_t)t->uid;
    bool wants_string =
        op->auth == RF_STORE_AUTH_STRING || rf_json_get(body, "string") != NULL || is_with_string;
    if (op->op == RF_STORE_OP_NONE || !wants_string)
        return RF_OK;
    set_string_end(t, conf, op);
    if (rf_json_get(body, "string") != NULL)
        return admin_capf_read_string(body, &t->change, why);
    char digits[RF_ADMIN_STRING_DIGITS + 1];
    admin_draw_string(digits);
    err = rf_secret_set(&t->change.string, rf_slice_str(digits));
    rf_wipe(digits, sizeof digits);
    t->change.is_drawn = true;
    return err;
}

/* ---- scheduling ---- */

enum rf_err admin_capf_hash(struct admin_task *t, struct rf_why *why)
{
    char hash[RF_PWHASH_MAX];
    if (t->change.string.len == 0)
        return RF_OK;
    enum rf_err err = rf_pwhash_make(rf_secret_slice(&t->change.string), hash, why);
    if (err == RF_OK)
        snprintf(t->change.capf.string_hash, sizeof t->change.capf.string_hash, "%s", hash);
    rf_wipe(hash, sizeof hash);
    if (!t->change.is_drawn)
        rf_secret_fini(&t->change.string);
    return err;
}

enum rf_err admin_capf_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    const struct rf_store_capf *op = &t->change.capf;
    struct rf_store_event event =
        op->op == RF_STORE_OP_NONE
            ? admin_event(t, "capf", "dropped", "pending operation of %s dropped", t->name)
            : admin_event(t, "capf", "scheduled", "%s scheduled for %s, by %s%s",
                          rf_store_op_name(op->op), t->name, rf_store_auth_name(op->auth),
                          op->allows_proof ? "; a proof of its that was seen before is taken again"
                                           : "");
    return rf_store_capf_schedule(store, op, t->now_s, &event, &t->change.capf_id, why);
}

/* Its configuration says now that it shall enrol, or no longer: it has to fetch it. A phone that is
 * not there fetches it when it comes. */
enum rf_err admin_capf_calls(struct admin_task *t, struct rf_why *why)
{
    (void)!ADMIN_OPS(t, device_reset)(ADMIN_ARG(t), t->name, RF_ADMIN_RESTART);
    return RF_OK;
}

void admin_capf_answer(struct admin_task *t, struct rf_json *out)
{
    const struct rf_store_capf *op = &t->change.capf;
    bool has_auth = op->op != RF_STORE_OP_NONE;
    int64_t end_s = op->string_expires_s != 0 ? op->string_expires_s : op->complete_by_s;
    rf_info(RF_CAT_ADMIN, "certificate operation scheduled op=%s auth=%s uid=%u dev=%s",
            rf_store_op_name(op->op), has_auth ? rf_store_auth_name(op->auth) : "-",
            (unsigned)t->uid, t->name);
    ADMIN_OPS(t, device_changed)(ADMIN_ARG(t), t->name);
    rf_json_set_str(out, "device", t->name);
    rf_json_set_str(out, "op", rf_store_op_name(op->op));
    rf_json_set_str(out, "auth", has_auth ? rf_store_auth_name(op->auth) : NULL);
    rf_json_set_int(out, "id", t->change.capf_id);
    if (t->change.is_drawn)
        rf_json_set_slice(out, "string", rf_secret_slice(&t->change.string));
    if (end_s != 0)
        rf_json_set_int(out, "expires_s", end_s);
    else
        rf_json_set_null(out, "expires_s");
}

/* ---- reset ---- */

static const char *const reset_members[] = {"type", NULL};

static const char *reset_name(enum rf_admin_reset type)
{
    return type == RF_ADMIN_RESET ? "reset" : type == RF_ADMIN_RESTART ? "restart" : "apply";
}

enum rf_err admin_reset_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why)
{
    RF_AUTO(rf_json_freep) struct rf_json *body = NULL;
    const char *type = NULL;
    enum rf_err err = admin_body(req, reset_members, &body, why);
    if (err == RF_OK)
        err = rf_json_need_str(body, "type", &type, why);
    if (err != RF_OK)
        return err;
    for (int i = RF_ADMIN_RESET; i <= RF_ADMIN_APPLY; i++) {
        t->change.reset = (enum rf_admin_reset)i;
        if (strcmp(type, reset_name(t->change.reset)) == 0)
            return RF_OK;
    }
    return bad(why, "type", "\"type\": wants reset, restart or apply");
}

enum rf_err admin_reset_store(struct admin_task *t, struct rf_store *store, struct rf_why *why)
{
    return rf_store_device_load(store, t->name, &admin_only(t)->phone, why);
}

enum rf_err admin_reset_calls(struct admin_task *t, struct rf_why *why)
{
    if (ADMIN_OPS(t, device_reset)(ADMIN_ARG(t), t->name, t->change.reset) == RF_OK)
        return RF_OK;
    return admin_refuse(t, 409, why, "not-registered",
                        "%s is not registered: it fetches its configuration when it comes",
                        t->name);
}

void admin_reset_answer(struct admin_task *t, struct rf_json *out)
{
    const char *type = reset_name(t->change.reset);
    struct rf_store_event event =
        admin_event(t, "device", type, "%s was told to %s", t->name, type);
    rf_info(RF_CAT_ADMIN, "phone told to %s uid=%u dev=%s", type, (unsigned)t->uid, t->name);
    ADMIN_OPS(t, event)(ADMIN_ARG(t), &event);
    rf_json_set_str(out, "device", t->name);
    rf_json_set_str(out, "type", type);
}
