/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"

#include "net/tls_ssl.h"

#include "base/faults.h"
#include "base/log.h"
#include "trust/digest.h"
#include "trust/openssl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

/* A session is worth resuming for a working day's absence; each use is judged again anyway. */
#define SESSION_S (8 * 3600)

struct identity {
    struct rf_cert *cert;
    struct rf_cert_list chain;
    struct rf_key *key;
};

static void identity_fini(struct identity *id)
{
    rf_cert_unref(id->cert);
    rf_cert_list_fini(&id->chain);
    rf_key_free(id->key);
}

static enum rf_err file_failed(const struct rf_tls_conf *conf, enum rf_err err, const char *code,
                               const struct rf_why *inner, struct rf_why *why)
{
    bool is_io = err == RF_ERR_NOT_FOUND || err == RF_ERR_IO;
    return rf_why_set(why, is_io ? RF_ERR_IO : RF_ERR_CRYPTO, code, "TLS policy %s: %s", conf->name,
                      inner->text);
}

static enum rf_err identity_load(const struct rf_tls_conf *conf, struct identity *id,
                                 struct rf_why *why)
{
    struct rf_why inner = {0};
    struct rf_cert_list all = {0};
    enum rf_err err = rf_certs_from_pem_file(conf->cert_path, &all, &inner);
    if (err != RF_OK)
        return file_failed(conf, err, "tls-certificate", &inner, why);
    id->cert = rf_cert_ref(all.cert[0]);
    for (size_t i = 1; i < all.n; i++)
        rf_bug_on(!rf_cert_list_add(&id->chain, all.cert[i]));
    rf_cert_list_fini(&all);
    err = rf_key_load(conf->key_path, NULL, &id->key, &inner);
    return err == RF_OK ? RF_OK : file_failed(conf, err, "tls-key", &inner, why);
}

static void identity_borrow(const struct rf_tls_conf *conf, struct identity *id)
{
    id->cert = rf_cert_ref((struct rf_cert *)(uintptr_t)conf->cert);
    id->key = rf_key_ref((struct rf_key *)(uintptr_t)conf->key);
    for (size_t i = 0; conf->chain != NULL && i < conf->chain->n; i++)
        rf_bug_on(!rf_cert_list_add(&id->chain, conf->chain->cert[i]));
}

static enum rf_err identity_get(const struct rf_tls_conf *conf, struct identity *id,
                                struct rf_why *why)
{
    bool has_files = conf->cert_path != NULL && conf->key_path != NULL;
    bool has_objects = conf->cert != NULL && conf->key != NULL;
    bool has_some = conf->cert_path != NULL || conf->key_path != NULL || conf->cert != NULL ||
                    conf->key != NULL;
    if (has_files == has_objects && has_some)
        return rf_why_set(why, RF_ERR_BAD, "tls-conf",
                          "TLS policy %s: a certificate and its key, as files or as objects, are "
                          "needed together",
                          conf->name);
    if (has_files)
        return identity_load(conf, id, why);
    if (has_objects)
        identity_borrow(conf, id);
    return RF_OK;
}

static enum rf_err identity_use(struct rf_tls *tls, const struct identity *id, struct rf_why *why)
{
    if (id->cert == NULL)
        return RF_OK;
    char what[128];
    snprintf(what, sizeof what, "TLS policy %.40s, certificate %s", tls->name,
             rf_cert_short(id->cert));
    if (!rf_tls_profile_has_key(tls, id->key))
        return rf_why_set(why, RF_ERR_CRYPTO, "tls-key-kind",
                          "%s: this profile knows no key but RSA, and this one is none", what);
    if (!rf_key_matches(id->key, id->cert))
        return rf_why_set(why, RF_ERR_CRYPTO, "tls-key-mismatch",
                          "%s: the private key belongs to another certificate", what);
    if (SSL_CTX_use_certificate(tls->ctx, rf_cert_x509(id->cert)) != 1)
        return rf_why_openssl(why, RF_ERR_CRYPTO, "tls-certificate", what);
    for (size_t i = 0; i < id->chain.n; i++)
        if (SSL_CTX_add1_chain_cert(tls->ctx, rf_cert_x509(id->chain.cert[i])) != 1)
            return rf_why_openssl(why, RF_ERR_CRYPTO, "tls-certificate", what);
    if (SSL_CTX_use_PrivateKey(tls->ctx, rf_key_pkey(id->key)) != 1)
        return rf_why_openssl(why, RF_ERR_CRYPTO, "tls-key", what);
    return RF_OK;
}

/* A server keeps sessions in its own cache (no tickets, which would carry the certificate back and
 * forth); a client keeps the last one only. */
static bool sessions_set(struct rf_tls *tls, uint32_t sessions)
{
    SSL_CTX *ctx = tls->ctx;
    tls->keeps_session = !tls->is_server && sessions > 0;
    SSL_CTX_set_timeout(ctx, SESSION_S);
    long mode = SSL_SESS_CACHE_OFF;
    if (sessions > 0)
        mode = tls->is_server ? SSL_SESS_CACHE_SERVER
                              : SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL;
    SSL_CTX_set_session_cache_mode(ctx, mode);
    if (!tls->is_server) {
        SSL_CTX_sess_set_new_cb(ctx, rf_tls_on_new_session);
        return true;
    }
    SSL_CTX_sess_set_cache_size(ctx, sessions);
    /* A session of another policy does not count here. Needed also without a cache: with client
     * certificates OpenSSL takes a session offered without a context for an attack. */
    uint8_t id[RF_DIGEST_MAX];
    const char *name = rf_fault_skips("tls.session-context") ? "" : tls->name;
    unsigned id_len = (unsigned)rf_digest_of(RF_DIGEST_SHA256, rf_slice_str(name), id);
    return SSL_CTX_set_session_id_context(ctx, id, id_len) == 1 &&
           SSL_CTX_set_num_tickets(ctx, sessions > 0 ? 1 : 0) == 1;
}

static void peer_set(struct rf_tls *tls)
{
    int mode = SSL_VERIFY_NONE;
    if (!tls->is_server || tls->ask != RF_TLS_NO_ASK)
        mode = SSL_VERIFY_PEER;
    if (tls->is_server && tls->ask == RF_TLS_REQUIRE && !rf_fault_skips("tls.require-certificate"))
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(tls->ctx, mode, NULL);
    SSL_CTX_set_cert_verify_callback(tls->ctx, rf_tls_on_certificate, tls);
    if (tls->is_server)
        SSL_CTX_set_client_hello_cb(tls->ctx, rf_tls_on_client_hello, tls);
}

static enum rf_err keylog_set(struct rf_tls *tls, const char *path, struct rf_why *why)
{
    if (path == NULL)
        return RF_OK;
    /* check-bytes: appended to by every link, for debugging only */
    tls->keylog_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (tls->keylog_fd < 0)
        return rf_why_set(why, RF_ERR_IO, "tls-keylog", "TLS policy %s: open %s: %s", tls->name,
                          path, strerror(errno));
    SSL_CTX_set_keylog_callback(tls->ctx, rf_tls_on_keylog);
    rf_warn(RF_CAT_TLS,
            "THE SECRETS OF ALL TLS SESSIONS ARE WRITTEN TO A FILE: whoever reads it can read "
            "every call and every key; for debugging only policy=%s file=%s",
            tls->name, path);
    return RF_OK;
}

static enum rf_err set_up(struct rf_tls *tls, const struct rf_tls_conf *conf, struct rf_why *why)
{
    tls->ctx = SSL_CTX_new(tls->is_server ? TLS_server_method() : TLS_client_method());
    if (tls->ctx == NULL || !rf_tls_profile_set(tls) || !sessions_set(tls, conf->sessions))
        return rf_why_openssl(why, RF_ERR_CRYPTO, "tls-conf", conf->name);
    SSL_CTX_set_app_data(tls->ctx, tls);
    peer_set(tls);
    RF_AUTO(identity_fini) struct identity id = {0};
    enum rf_err err = identity_get(conf, &id, why);
    if (err == RF_OK)
        err = identity_use(tls, &id, why);
    if (err == RF_OK && tls->is_server && id.cert == NULL)
        err = rf_why_set(why, RF_ERR_BAD, "tls-conf",
                         "TLS policy %s: a server needs a certificate and its key", conf->name);
    if (err == RF_OK)
        err = keylog_set(tls, conf->keylog_path, why);
    return err;
}

static enum rf_err tls_new(const struct rf_tls_conf *conf, bool is_server, struct rf_tls **out,
                           struct rf_why *why)
{
    bool asks = !is_server || conf->ask != RF_TLS_NO_ASK;
    if (conf->name == NULL || (asks && conf->verify == NULL))
        return rf_why_set(why, RF_ERR_BAD, "tls-conf",
                          "TLS policy %s: a name, and a rule for the other side's certificate, are "
                          "needed",
                          conf->name != NULL ? conf->name : "(none)");
    struct rf_tls *tls = rf_new(struct rf_tls);
    atomic_init(&tls->refs, 1);
    tls->name = rf_strdup(conf->name);
    tls->is_server = is_server;
    tls->profile = conf->profile;
    tls->only_tls13 = conf->only_tls13;
    tls->ask = is_server ? conf->ask : RF_TLS_REQUIRE;
    tls->verify = conf->verify;
    tls->verify_arg = conf->verify_arg;
    tls->keylog_fd = -1;
    enum rf_err err = set_up(tls, conf, why);
    ERR_clear_error();
    if (err != RF_OK) {
        rf_tls_free(tls);
        return err;
    }
    *out = tls;
    return RF_OK;
}

enum rf_err rf_tls_server_new(const struct rf_tls_conf *conf, struct rf_tls **out,
                              struct rf_why *why)
{
    return tls_new(conf, true, out, why);
}

enum rf_err rf_tls_client_new(const struct rf_tls_conf *conf, struct rf_tls **out,
                              struct rf_why *why)
{
    return tls_new(conf, false, out, why);
}

struct rf_tls *rf_tls_ref(struct rf_tls *tls)
{
    atomic_fetch_add(&tls->refs, 1);
    return tls;
}

void rf_tls_free(struct rf_tls *tls)
{
    if (tls == NULL || atomic_fetch_sub(&tls->refs, 1) != 1)
        return;
    SSL_SESSION_free(tls->session);
    SSL_CTX_free(tls->ctx);
    if (tls->keylog_fd >= 0)
        close(tls->keylog_fd);
    rf_free(tls->name);
    rf_free(tls);
}

void rf_tls_forget_session(struct rf_tls *tls)
{
    SSL_SESSION_free(tls->session);
    tls->session = NULL;
}

const char *rf_tls_name(const struct rf_tls *tls)
{
    return tls->name;
}
