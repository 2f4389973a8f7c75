/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates in PEM texts and files. */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/file.h"
#include "base/text.h"
#include "trust/cert_int.h"

/* Read blocks until the next certificate. RF_ERR_NOT_FOUND at the end. Private keys pass through
 * OpenSSL's memory here only when they stand in the same file; it is wiped. */
static enum rf_err next_cert(BIO *bio, struct rf_cert **out, struct rf_why *why)
{
    for (;;) {
        char *name = NULL, *header = NULL;
        unsigned char *data = NULL;
        long n = 0;
        if (PEM_read_bio(bio, &name, &header, &data, &n) != 1) {
            ERR_clear_error();
            return RF_ERR_NOT_FOUND;
        }
        enum rf_err err = RF_ERR_NOT_FOUND;
        bool is_cert = strcmp(name, PEM_STRING_X509) == 0;
        if (is_cert)
            err = rf_cert_from_der(rf_slice_of(data, (size_t)n), out, why);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t)n);
        if (is_cert)
            return err;
    }
}

enum rf_err rf_cert_from_pem(struct rf_slice pem, struct rf_cert **out, struct rf_why *why)
{
    BIO *bio = pem.len <= RF_PEM_MAX ? BIO_new_mem_buf(pem.p, (int)pem.len) : NULL;
    enum rf_err err = bio == NULL ? RF_ERR_NOT_FOUND : next_cert(bio, out, why);
    BIO_free(bio);
    if (err == RF_ERR_NOT_FOUND)
        return rf_why_set(why, err, "pem-no-cert", "no certificate in the PEM text");
    return err;
}

enum rf_err rf_certs_from_pem(struct rf_slice pem, struct rf_cert_list *out, struct rf_why *why)
{
    struct rf_cert_list list = {0};
    BIO *bio = pem.len <= RF_PEM_MAX ? BIO_new_mem_buf(pem.p, (int)pem.len) : NULL;
    enum rf_err err = bio == NULL ? RF_ERR_NOT_FOUND : RF_OK;
    while (err == RF_OK) {
        struct rf_cert *c = NULL;
        err = next_cert(bio, &c, why);
        if (err == RF_OK && list.n == RF_CERT_LIST_MAX)
            err = rf_why_set(why, RF_ERR_LIMIT, "cert-count",
                             "more than %d certificates in one PEM text", RF_CERT_LIST_MAX);
        if (err == RF_OK)
            list.cert[list.n++] = rf_cert_ref(c);
        rf_cert_unref(c);
    }
    BIO_free(bio);
    if (err == RF_ERR_NOT_FOUND && list.n > 0) {
        *out = list;
        return RF_OK;
    }
    rf_cert_list_fini(&list);
    if (err == RF_ERR_NOT_FOUND)
        return rf_why_set(why, err, "pem-no-cert", "no certificate in the PEM text");
    return err;
}

/* Run `parse` on a file's text and name the file in the reason. */
static enum rf_err from_file(const char *path, struct rf_cert **one, struct rf_cert_list *all,
                             struct rf_why *why)
{
    struct rf_why inner = {0};
    struct rf_buf text = RF_BUF(RF_PEM_MAX);
    enum rf_err err = rf_file_read(path, RF_PEM_MAX, &text, why);
    if (err != RF_OK)
        return err;
    err = one != NULL ? rf_cert_from_pem(rf_buf_slice(&text), one, &inner)
                      : rf_certs_from_pem(rf_buf_slice(&text), all, &inner);
    rf_buf_wipe(&text); /* a key may stand beside the certificate */
    if (err != RF_OK)
        return rf_why_set(why, err, inner.code, "%s: %s", path, inner.text);
    return RF_OK;
}

enum rf_err rf_cert_from_pem_file(const char *path, struct rf_cert **out, struct rf_why *why)
{
    return from_file(path, out, NULL, why);
}

enum rf_err rf_certs_from_pem_file(const char *path, struct rf_cert_list *out, struct rf_why *why)
{
    return from_file(path, NULL, out, why);
}

struct dir_walk {
    const char *dir;
    rf_cert_each_fn each;
    void *arg;
    struct rf_why *why;
};

static enum rf_err walk_file(void *arg, const char *name)
{
    struct dir_walk *w = arg;
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list list = {0};
    if (!rf_slice_ends_with(rf_slice_str(name), ".pem"))
        return RF_OK;
    RF_AUTO(rf_freep) char *path = rf_path_join(w->dir, name);
    enum rf_err err = rf_certs_from_pem_file(path, &list, w->why);
    for (size_t i = 0; err == RF_OK && i < list.n; i++)
        err = w->each(w->arg, list.cert[i], w->why);
    return err;
}

enum rf_err rf_certs_each_in_dir(const char *dir, rf_cert_each_fn each, void *arg,
                                 struct rf_why *why)
{
    struct dir_walk w = {.dir = dir, .each = each, .arg = arg, .why = why};
    return rf_file_exists(dir) ? rf_dir_each(dir, walk_file, &w, why) : RF_OK;
}

bool rf_cert_list_add(struct rf_cert_list *list, struct rf_cert *cert)
{
    if (list->n == RF_CERT_LIST_MAX)
        return false;
    list->cert[list->n++] = rf_cert_ref(cert);
    return true;
}

void rf_cert_list_fini(struct rf_cert_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        rf_cert_unref(list->cert[i]);
    list->n = 0;
}

enum rf_err rf_cert_to_pem(const struct rf_cert *c, struct rf_buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *p = NULL;
    enum rf_err err = RF_ERR_NOMEM;
    if (bio != NULL && PEM_write_bio_X509(bio, c->x) == 1) {
        long n = BIO_get_mem_data(bio, &p);
        err = rf_buf_add(out, p, (size_t)n);
    }
    BIO_free(bio);
    return err;
}
