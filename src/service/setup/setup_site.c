/* SPDX-License-Identifier: Apache-2.0 */
#include "service/setup/setup_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/faults.h"
#include "base/file.h"
#include "base/text.h"
#include "store/store.h"
#include "trust/issue.h"
#include "trust/srst_cert.h"
#include "trust/wrap.h"

/* One key with its certificate. The LSC issuer's key is not that of CAPF's TLS: a listener that is
 * broken into must not be able to make phones. */
struct identity {
    enum rf_cert_role role;
    enum rf_site_item key;
    enum rf_site_item cert;
    const char *what; /* in the CN and in messages */
    unsigned days;
    bool is_ec;
    bool has_dns; /* a TLS server: phones compare nothing but the certificate, others the name */
};
#define TVS_IDENTITY                                                                               \
    {                                                                                              \
        RF_CERT_ROLE_TVS, RF_SITE_KEY_TVS, RF_SITE_CERT_TVS, "TVS", RF_SETUP_DAYS, false, true     \
    }
/* Phones take no other key than EC from a file server. doc: docs/wire/trust-lists.md, "The file" */
#define HTTPS_IDENTITY                                                                             \
    {                                                                                              \
        RF_CERT_ROLE_TFTP, RF_SITE_KEY_HTTPS, RF_SITE_CERT_HTTPS, "HTTPS", RF_SETUP_DAYS, true,    \
            true                                                                                   \
    }
static const struct identity identities[] = {
    {RF_CERT_ROLE_SAST, RF_SITE_KEY_SAST1, RF_SITE_CERT_SAST1, "SAST-1", RF_SETUP_DAYS, false,
     false},
    {RF_CERT_ROLE_SAST, RF_SITE_KEY_SAST2, RF_SITE_CERT_SAST2, "SAST-2", RF_SETUP_SAST2_DAYS, false,
     false},
    {RF_CERT_ROLE_CCM, RF_SITE_KEY_CCM, RF_SITE_CERT_CCM, "CCM", RF_SETUP_DAYS, false, true},
    {RF_CERT_ROLE_TFTP, RF_SITE_KEY_TFTP, RF_SITE_CERT_TFTP, "TFTP", RF_SETUP_DAYS, false, false},
    {RF_CERT_ROLE_CAPF, RF_SITE_KEY_CAPF, RF_SITE_CERT_CAPF, "CAPF", RF_SETUP_DAYS, false, true},
    {RF_CERT_ROLE_LSC_ISSUER, RF_SITE_KEY_LSC_ISSUER, RF_SITE_CERT_LSC_ISSUER, "LSC-issuer",
     RF_SETUP_SAST2_DAYS, false, false},
    TVS_IDENTITY,
    HTTPS_IDENTITY,
};

/* All that a router has: what its phones and its centre know it by. */
static const struct identity router_identities[] = {
    {RF_CERT_ROLE_CCM, RF_SITE_KEY_CCM, RF_SITE_CERT_CCM, "SRST", RF_SETUP_DAYS, false, true},
};

struct identities {
    const struct identity *of;
    size_t n;
};

static struct identities identities_of(const struct rf_site_conf *conf)
{
    if (conf->role == RF_SITE_ROLE_SRST)
        return (struct identities){router_identities,
                                   sizeof router_identities / sizeof *router_identities};
    return (struct identities){identities, sizeof identities / sizeof *identities};
}

/* Advertised host names go into the certificates; addresses do not. */
static const char *dns_of(const struct rf_site_conf *conf)
{
    return strspn(conf->advertise, "0123456789.:") == strlen(conf->advertise) ? NULL
                                                                              : conf->advertise;
}

/* Made by root, a key is read by whom the other keys belong to. */
static enum rf_err give_to_server(const char *dir, const char *path, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *keys = rf_site_path_in(dir, RF_SITE_KEYS);
    struct stat st;
    if (geteuid() != 0)
        return RF_OK;
    if (stat(keys, &st) != 0 || lchown(path, st.st_uid, st.st_gid) != 0)
        return rf_why_set(why, RF_ERR_IO, "site-io", "%s: give it to the owner of %s: %s", path,
                          keys, strerror(errno));
    return RF_OK;
}

enum rf_err setup_key_save(const char *dir, const struct rf_key *key, const struct rf_cert *cert,
                           const struct rf_secret *passphrase, const char *path, struct rf_why *why)
{
    enum rf_err err = rf_key_save(key, path, passphrase, cert, why);
    return err == RF_OK ? give_to_server(dir, path, why) : err;
}

enum rf_err setup_identity_save(const char *dir, const struct rf_key *key,
                                const struct rf_cert *cert, const struct rf_secret *passphrase,
                                const char *key_path, const char *cert_path, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(4 * RF_CERT_DER_MAX);
    enum rf_err err = setup_key_save(dir, key, cert, passphrase, key_path, why);
    if (err == RF_OK && rf_cert_to_pem(cert, &pem) != RF_OK)
        err = rf_why_set(why, RF_ERR_LIMIT, "cert-size", "%s: too long", cert_path);
    return err != RF_OK ? err : rf_file_replace(cert_path, rf_buf_slice(&pem), RF_FILE_PUBLIC, why);
}

/* A key and a certificate of that kind. `cn` names it. */
static enum rf_err new_identity(const struct rf_site_conf *conf, const struct identity *id,
                                const char *cn, int64_t now_s, struct rf_key **key,
                                struct rf_cert **cert, struct rf_why *why)
{
    RF_AUTO(rf_vault_freep) struct rf_vault_key *vault = NULL;
    struct rf_issue_self spec = {
        .role = id->role,
        .cn = cn,
        .org = conf->name,
        .dns = id->has_dns ? dns_of(conf) : NULL,
        .now_s = now_s,
        .days = id->days,
    };
    enum rf_err err = id->is_ec ? rf_key_new_ec(RF_CURVE_P256, key, why)
                                : rf_key_new_rsa(RF_SETUP_RSA_BITS, key, why);
    if (err != RF_OK)
        return err;
    vault = rf_vault_key_from_key(*key);
    return rf_issue_self_signed(&spec, vault, cert, why);
}

static enum rf_err make_identity(const struct rf_setup_site *make, const struct identity *id,
                                 struct rf_why *why)
{
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    RF_AUTO(rf_freep) char *key_path = rf_site_path_in(make->dir, id->key);
    RF_AUTO(rf_freep) char *cert_path = rf_site_path_in(make->dir, id->cert);
    bool is_taken_away = id->key == RF_SITE_KEY_SAST2;
    char cn[128];
    snprintf(cn, sizeof cn, "%s-%s", make->conf->name, id->what);
    enum rf_err err = new_identity(make->conf, id, cn, make->now_s, &key, &cert, why);
    if (err == RF_OK && make->conf->role == RF_SITE_ROLE_SRST)
        err = rf_srst_cert_check(cert, make->now_s, why);
    if (err == RF_OK)
        err =
            setup_identity_save(make->dir, key, cert, is_taken_away ? make->sast2_passphrase : NULL,
                                key_path, cert_path, why);
    if (err == RF_OK && make->on_step != NULL)
        make->on_step(make->arg, id->what, cert);
    return err;
}

/* Of one subject in the course of time: the date tells them apart, for people. Not so the issuer of
 * LSCs, whose name is how the server knows them for its own. */
enum rf_err setup_identity_again(const struct rf_site_conf *conf, enum rf_site_item like,
                                 int64_t now_s, struct rf_key **key, struct rf_cert **cert,
                                 struct rf_why *why)
{
    const struct identity *id = identities;
    char cn[128], day[32];
    while (id->cert != like)
        id++;
    rf_time_text(now_s, day, sizeof day);
    if (like == RF_SITE_CERT_LSC_ISSUER)
        snprintf(cn, sizeof cn, "%s-%s", conf->name, id->what);
    else
        snprintf(cn, sizeof cn, "%s-%s-%.10s", conf->name, id->what, day);
    return new_identity(conf, id, cn, now_s, key, cert, why);
}

enum rf_err rf_setup_router_renew(const char *dir, const struct rf_site_conf *conf, int64_t now_s,
                                  struct rf_cert **out, struct rf_why *why)
{
    const struct identity *id = router_identities;
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    RF_AUTO(rf_freep) char *key_path = rf_site_path_in(dir, id->key);
    RF_AUTO(rf_freep) char *cert_path = rf_site_path_in(dir, id->cert);
    char cn[128], day[32];
    rf_time_text(now_s, day, sizeof day);
    snprintf(cn, sizeof cn, "%s-%s-%.10s", conf->name, id->what, day);
    enum rf_err err = new_identity(conf, id, cn, now_s, &key, &cert, why);
    if (err == RF_OK)
        err = rf_srst_cert_check(cert, now_s, why);
    if (err == RF_OK)
        err = setup_identity_save(dir, key, cert, NULL, key_path, cert_path, why);
    if (err == RF_OK)
        *out = rf_steal(&cert);
    return err;
}

/* A key without its certificate is what an interrupted making left: both are made anew. */
static enum rf_err make_if_lacking(const struct rf_setup_site *make, const struct identity *id,
                                   struct rf_why *why)
{
    RF_AUTO(rf_freep) char *cert = rf_site_path_in(make->dir, id->cert);
    return rf_file_exists(cert) ? RF_OK : make_identity(make, id, why);
}

enum rf_err setup_later_make(const char *dir, const struct rf_site_conf *conf, int64_t now_s,
                             struct rf_why *why)
{
    static const struct identity https = HTTPS_IDENTITY, tvs = TVS_IDENTITY;
    struct rf_setup_site make = {.dir = dir, .conf = conf, .now_s = now_s};
    enum rf_err err = RF_OK;
    if (conf->list_version == RF_SITE_LISTS_11)
        err = make_if_lacking(&make, &https, why);
    return err == RF_OK && conf->tvs ? make_if_lacking(&make, &tvs, why) : err;
}

/* There while a site is being made. Keys without it and without a configuration are those of a site
 * whose configuration was lost: phones know them, and nobody gets them back. */
#define UNFINISHED_FILE "init.unfinished"

static bool holds_keys(const char *dir)
{
    for (size_t i = 0; i < sizeof identities / sizeof *identities; i++) {
        RF_AUTO(rf_freep) char *key = rf_site_path_in(dir, identities[i].key);
        RF_AUTO(rf_freep) char *cert = rf_site_path_in(dir, identities[i].cert);
        if (rf_file_exists(key) || rf_file_exists(cert))
            return true;
    }
    return false;
}

/* Nothing is replaced but what an interrupted making left. */
static enum rf_err begin(const char *dir, const char *mark, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *conf = rf_site_path_in(dir, RF_SITE_CONF);
    if (!rf_fault_skips("setup.site-exists") && rf_file_exists(conf))
        return rf_why_set(why, RF_ERR_EXISTS, "site-exists",
                          "%s is a site already; its keys are not replaced. Choose another folder",
                          dir);
    if (!rf_fault_skips("setup.site-keys") && !rf_file_exists(mark) && holds_keys(dir))
        return rf_why_set(
            why, RF_ERR_EXISTS, "site-keys",
            "%s holds the keys of a site whose ringfence.conf is gone; they are not "
            "replaced, since phones know them. Bring the file back, or choose another "
            "folder",
            dir);
    enum rf_err err = rf_site_make(dir, why);
    return err != RF_OK ? err
                        : rf_file_replace(mark, rf_slice_str("`ringfence init` begins anew.\n"),
                                          RF_FILE_PUBLIC, why);
}

static enum rf_err make_database(const char *dir, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, RF_SITE_DB);
    RF_AUTO(rf_store_closep) struct rf_store *store = NULL;
    return rf_store_open(path, &store, why);
}

/* What an interrupted making left has wrapped nothing yet. */
static enum rf_err make_store_key(const char *dir, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, RF_SITE_KEY_STORE);
    struct rf_why own = {0};
    enum rf_err err = rf_wrap_key_make(path, &own);
    return err == RF_OK || err == RF_ERR_EXISTS ? RF_OK
                                                : rf_why_set(why, err, own.code, "%s", own.text);
}

static enum rf_err publish(const struct rf_setup_site *make, struct rf_why *why)
{
    RF_AUTO(rf_setup_lists_fini) struct rf_setup_lists lists = {0};
    return rf_setup_lists_publish(make->dir, make->conf, make->now_s, true, &lists, why);
}

enum rf_err rf_setup_site_make(const struct rf_setup_site *make, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *mark = rf_path_join(make->dir, UNFINISHED_FILE);
    struct identities wanted = identities_of(make->conf);
    enum rf_err err = begin(make->dir, mark, why);
    for (size_t i = 0; i < wanted.n && err == RF_OK; i++)
        err = make_identity(make, &wanted.of[i], why);
    bool is_router = make->conf->role == RF_SITE_ROLE_SRST;
    if (err == RF_OK && !is_router) /* its database has no secrets */
        err = make_store_key(make->dir, why);
    rf_crash_point("init.keys");
    if (err == RF_OK)
        err = make_database(make->dir, why);
    rf_crash_point("init.database");
    /* The lists of a router's phones are its centre's. */
    if (err == RF_OK && !is_router)
        err = publish(make, why);
    rf_crash_point("init.lists");
    if (err == RF_OK)
        err = rf_site_conf_create(make->dir, make->conf, why);
    rf_crash_point("init.conf");
    return err != RF_OK ? err : rf_file_remove(mark, why);
}
