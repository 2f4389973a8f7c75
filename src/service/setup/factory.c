/* SPDX-License-Identifier: Apache-2.0 */
#include "service/setup/factory.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/faults.h"
#include "base/file.h"
#include "trust/issue.h"

#define FACTORY_RSA_BITS 2048
#define ROOT_FILE        "mic-root.pem"
#define ISSUER_FILE      "mic-issuer.pem"
#define IMAGE_FILE       "image-key.pem"
#define NEXT_FILE        "image-key-next.pem"
#define ROOTS_FILE       "mic-roots.pem"
#define KEYS_FILE        "image-keys.pem"

/* Nobody shall take these phones for real ones. */
static const char *const taken_names[] = {"cisco",   "linksys", "tandberg", "avaya",
                                          "polycom", "mitel",   "yealink",  "snom"};

static enum rf_err check_org(const char *org, struct rf_why *why)
{
    for (size_t i = 0; i < sizeof taken_names / sizeof *taken_names; i++)
        if (!rf_fault_skips("factory.name") && strcasestr(org, taken_names[i]) != NULL)
            return rf_why_set(why, RF_ERR_DENIED, "factory-name",
                              "\"%s\" is the name of a real manufacturer; choose one of your own",
                              org);
    return RF_OK;
}

/* A key of the factory under way. */
struct maker {
    struct rf_key *key;
    struct rf_vault_key *vault;
    struct rf_cert *cert;
};

static void maker_fini(struct maker *m)
{
    rf_vault_free(m->vault);
    rf_key_free(m->key);
    rf_cert_unref(m->cert);
}

static enum rf_err make_one(struct maker *m, enum rf_cert_role role, const char *org,
                            const char *what, int64_t now_s, const struct maker *ca,
                            struct rf_why *why)
{
    char cn[128];
    snprintf(cn, sizeof cn, "%s %s", org, what);
    struct rf_issue_self spec = {
        .role = role, .cn = cn, .org = org, .now_s = now_s, .days = RF_FACTORY_CA_DAYS};
    enum rf_err err = rf_key_new_rsa(FACTORY_RSA_BITS, &m->key, why);
    if (err != RF_OK)
        return err;
    m->vault = rf_vault_key_from_key(m->key);
    if (ca == NULL)
        return rf_issue_self_signed(&spec, m->vault, &m->cert, why);
    return rf_issue_by_ca(&spec, rf_key_spki(m->key), ca->cert, ca->vault, &m->cert, why);
}

static enum rf_err save_key(const char *dir, const char *name, const struct maker *m,
                            struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, name);
    return rf_key_save(m->key, path, NULL, m->cert, why);
}

static enum rf_err save_certs(const char *dir, const char *name, const struct rf_cert *const *certs,
                              size_t n, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, name);
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(8 * RF_CERT_DER_MAX);
    for (size_t i = 0; i < n; i++)
        if (rf_cert_to_pem(certs[i], &pem) != RF_OK)
            return rf_why_set(why, RF_ERR_LIMIT, "cert-size", "%s: too long", name);
    return rf_file_replace(path, rf_buf_slice(&pem), RF_FILE_PUBLIC, why);
}

static enum rf_err save_image_keys(const char *dir, const struct rf_image_keys *keys,
                                   struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, KEYS_FILE);
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(RF_IMAGE_KEYS_BYTES_MAX);
    enum rf_err err = rf_image_keys_encode(keys, &text, why);
    return err == RF_OK ? rf_file_replace(path, rf_buf_slice(&text), RF_FILE_PUBLIC, why) : err;
}

/* The certificates for sites are written last: while they are missing there is no factory. */
static enum rf_err save_all(const char *dir, const struct maker *root, const struct maker *issuer,
                            const struct maker *image, struct rf_why *why)
{
    const struct rf_cert *const roots[] = {root->cert, issuer->cert};
    const struct rf_image_keys keys = {.list = {.n = 1, .cert = {image->cert}}};
    enum rf_err err = rf_dir_make(dir, 0700, why);
    if (err == RF_OK)
        err = save_key(dir, ROOT_FILE, root, why);
    if (err == RF_OK)
        err = save_key(dir, ISSUER_FILE, issuer, why);
    if (err == RF_OK)
        err = save_key(dir, IMAGE_FILE, image, why);
    if (err == RF_OK)
        err = save_image_keys(dir, &keys, why);
    return err != RF_OK ? err : save_certs(dir, ROOTS_FILE, roots, 2, why);
}

enum rf_err rf_factory_make(const char *dir, const char *org, int64_t now_s, struct rf_why *why)
{
    RF_AUTO(maker_fini) struct maker root = {0}, issuer = {0}, image = {0};
    RF_AUTO(rf_freep) char *done = rf_path_join(dir, ROOTS_FILE);
    if (!rf_fault_skips("factory.exists") && rf_file_exists(done))
        return rf_why_set(why, RF_ERR_EXISTS, "factory-exists",
                          "%s is a factory already; its keys are not replaced", dir);
    enum rf_err err = check_org(org, why);
    if (err == RF_OK)
        err = make_one(&root, RF_CERT_ROLE_MIC_ROOT, org, "MIC Root", now_s, NULL, why);
    if (err == RF_OK)
        err = make_one(&issuer, RF_CERT_ROLE_MIC_ISSUER, org, "MIC Issuer", now_s, &root, why);
    if (err == RF_OK)
        err = make_one(&image, RF_CERT_ROLE_IMAGE_SIGNER, org, "Image Signer", now_s, NULL, why);
    return err != RF_OK ? err : save_all(dir, &root, &issuer, &image, why);
}

static enum rf_err open_pair(const char *dir, const char *name, struct rf_key **key,
                             struct rf_cert **cert, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, name);
    enum rf_err err = rf_cert_from_pem_file(path, cert, why);
    if (err == RF_OK && key != NULL)
        err = rf_key_load(path, NULL, key, why);
    if (err == RF_OK && key != NULL && !rf_key_matches(*key, *cert))
        err = rf_why_set(why, RF_ERR_DENIED, "key-cert-mismatch",
                         "%s: its key is not that of its certificate", path);
    return err;
}

static enum rf_err open_image_keys(const char *dir, struct rf_image_keys *out, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(dir, KEYS_FILE);
    RF_AUTO(rf_buf_fini) struct rf_buf text = {0};
    enum rf_err err = rf_file_read(path, RF_IMAGE_KEYS_BYTES_MAX, &text, why);
    return err == RF_OK ? rf_image_keys_decode(rf_buf_slice(&text), out, why) : err;
}

/* Leave nothing to release behind. */
static struct rf_factory take(struct rf_factory *f)
{
    struct rf_factory taken = *f;
    *f = (struct rf_factory){0};
    return taken;
}

enum rf_err rf_factory_open(const char *dir, struct rf_factory *out, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *done = rf_path_join(dir, ROOTS_FILE);
    RF_AUTO(rf_factory_fini) struct rf_factory f = {0};
    if (!rf_file_exists(done))
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-factory",
                          "%s is no factory: `ringfence factory init` makes one", dir);
    f.dir = rf_strdup(dir);
    enum rf_err err = open_pair(dir, ISSUER_FILE, &f.issuer_key, &f.issuer, why);
    if (err == RF_OK)
        err = open_pair(dir, ROOT_FILE, NULL, &f.root, why);
    if (err == RF_OK)
        err = open_pair(dir, IMAGE_FILE, &f.image_key, &f.image_cert, why);
    if (err == RF_OK)
        err = open_image_keys(dir, &f.image_keys, why);
    if (err != RF_OK)
        return err;
    *out = take(&f);
    return RF_OK;
}

void rf_factory_fini(struct rf_factory *f)
{
    rf_key_free(f->issuer_key);
    rf_cert_unref(f->issuer);
    rf_cert_unref(f->root);
    rf_key_free(f->image_key);
    rf_cert_unref(f->image_cert);
    rf_image_keys_fini(&f->image_keys);
    rf_free(f->dir);
    *f = (struct rf_factory){0};
}

/* ---- another image key ---- */

enum rf_err rf_factory_key_next(struct rf_factory *f, int64_t now_s, struct rf_why *why)
{
    RF_AUTO(maker_fini) struct maker next = {0};
    RF_AUTO(rf_freep) char *path = rf_path_join(f->dir, NEXT_FILE);
    RF_AUTO(maker_fini) struct maker there = {0};
    char what[64];
    /* One that was never told to anybody was cut off here: it is made anew. */
    if (rf_file_exists(path) && open_pair(f->dir, NEXT_FILE, NULL, &there.cert, NULL) == RF_OK &&
        rf_image_keys_has(&f->image_keys, rf_cert_fingerprint(there.cert)))
        return rf_why_set(why, RF_ERR_EXISTS, "image-key-next",
                          "%s is there: the key that follows was made already", path);
    snprintf(what, sizeof what, "Image Signer %u", f->image_keys.generation / 2 + 2);
    enum rf_err err = make_one(&next, RF_CERT_ROLE_IMAGE_SIGNER,
                               rf_cert_subject_attr(f->issuer, "O"), what, now_s, NULL, why);
    if (err == RF_OK && !rf_cert_list_add(&f->image_keys.list, next.cert))
        err = rf_why_set(why, RF_ERR_LIMIT, "cert-count", "too many image keys");
    if (err == RF_OK)
        err = save_key(f->dir, NEXT_FILE, &next, why);
    f->image_keys.generation++;
    return err == RF_OK ? save_image_keys(f->dir, &f->image_keys, why) : err;
}

enum rf_err rf_factory_key_retire(struct rf_factory *f, struct rf_why *why)
{
    RF_AUTO(maker_fini) struct maker next = {0};
    RF_AUTO(rf_freep) char *path = rf_path_join(f->dir, NEXT_FILE);
    if (!rf_file_exists(path))
        return rf_why_set(
            why, RF_ERR_NOT_FOUND, "image-key-next",
            "there is no key to follow: `ringfence factory image-key --next %s` makes "
            "it; phones have to learn of it before the old one is retired",
            f->dir);
    enum rf_err err = open_pair(f->dir, NEXT_FILE, &next.key, &next.cert, why);
    if (err == RF_OK)
        err = save_key(f->dir, IMAGE_FILE, &next, why);
    if (err != RF_OK)
        return err;
    rf_cert_list_fini(&f->image_keys.list);
    f->image_keys.generation++;
    if (!rf_cert_list_add(&f->image_keys.list, next.cert))
        return rf_why_set(why, RF_ERR_LIMIT, "cert-count", "too many image keys");
    err = save_image_keys(f->dir, &f->image_keys, why);
    if (err != RF_OK)
        return err;
    rf_key_free(f->image_key);
    rf_cert_unref(f->image_cert);
    f->image_key = rf_steal(&next.key);
    f->image_cert = rf_steal(&next.cert);
    return rf_file_remove(path, why);
}

void rf_factory_mic_fini(struct rf_factory_mic *mic)
{
    rf_key_free(mic->key);
    rf_cert_unref(mic->cert);
    *mic = (struct rf_factory_mic){0};
}

enum rf_err rf_factory_mic_make(const struct rf_factory *f, const char *device, const char *model,
                                const char *serial_number, enum rf_key_type key_type, bool is_sha1,
                                int64_t now_s, struct rf_factory_mic *out, struct rf_why *why)
{
    RF_AUTO(rf_vault_freep) struct rf_vault_key *ca = rf_vault_key_from_key(f->issuer_key);
    enum rf_err err = key_type == RF_KEY_EC ? rf_key_new_ec(RF_CURVE_P256, &out->key, why)
                                            : rf_key_new_rsa(FACTORY_RSA_BITS, &out->key, why);
    if (err != RF_OK)
        return err;
    struct rf_issue_mic spec = {
        .device_name = rf_slice_str(device),
        .model = rf_slice_str(model),
        .serial_number = rf_slice_str(serial_number),
        .org = rf_cert_subject_attr(f->issuer, "O"),
        .spki = rf_key_spki(out->key),
        .now_s = now_s,
        .days = RF_FACTORY_MIC_DAYS,
        .is_sha1 = is_sha1,
    };
    err = rf_issue_mic(&spec, f->issuer, ca, &out->cert, why);
    if (err != RF_OK)
        rf_factory_mic_fini(out);
    return err;
}
