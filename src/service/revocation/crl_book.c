/* SPDX-License-Identifier: Apache-2.0 */
#include "service/revocation/crl_book.h"

#include <stdio.h>
#include <string.h>

#include "base/faults.h"
#include "base/file.h"
#include "base/text.h"

/* ---- issuers ---- */

static enum rf_err add_issuer(void *arg, struct rf_cert *cert, struct rf_why *why)
{
    struct rf_crl_book *book = arg;
    for (size_t i = 0; i < book->n_issuers; i++)
        if (rf_cert_eq(book->issuers[i], cert))
            return RF_OK;
    if (book->n_issuers == RF_CRL_ISSUERS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "crl-issuers", "more than %d issuers",
                          RF_CRL_ISSUERS_MAX);
    book->issuers[book->n_issuers++] = rf_cert_ref(cert);
    return RF_OK;
}

static enum rf_err add_file(struct rf_crl_book *book, const char *path, struct rf_why *why)
{
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list list = {0};
    enum rf_err err = rf_certs_from_pem_file(path, &list, why);
    for (size_t i = 0; err == RF_OK && i < list.n; i++)
        err = add_issuer(book, list.cert[i], why);
    return err;
}

static enum rf_err add_folder(struct rf_crl_book *book, const char *site_dir,
                              enum rf_site_item item, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(site_dir, item);
    return rf_certs_each_in_dir(folder, add_issuer, book, why);
}

static enum rf_err load_issuers(struct rf_crl_book *book, const char *site_dir, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *own = rf_site_path_in(site_dir, RF_SITE_CERT_LSC_ISSUER);
    enum rf_err err = add_file(book, own, why);
    if (err == RF_OK)
        err = add_folder(book, site_dir, RF_SITE_LSC_ISSUERS, why);
    if (err == RF_OK)
        err = add_folder(book, site_dir, RF_SITE_LSC_CAS, why);
    return err == RF_OK ? add_folder(book, site_dir, RF_SITE_MIC_ROOTS, why) : err;
}

bool rf_crl_book_is_issuer(const struct rf_crl_book *book, struct rf_slice sha256,
                           const struct rf_cert *issuer)
{
    bool is = rf_slice_eq(sha256, rf_cert_sha256(issuer));
    for (size_t i = 0; !is && i < book->n_issuers; i++) {
        const struct rf_cert *named = book->issuers[i];
        is = rf_slice_eq(sha256, rf_cert_sha256(named)) &&
             rf_slice_eq(rf_cert_subject_der(named), rf_cert_subject_der(issuer)) &&
             rf_slice_eq(rf_cert_spki(named), rf_cert_spki(issuer));
    }
    return is;
}

/* ---- lists ---- */

/* How much the reason of a refusal says: least that another key has signed, more that this
 * certificate for the right key may not; else it is the list's own fault, whoever is asked. */
static int weight_of(enum rf_err err, const struct rf_why *why)
{
    if (err == RF_ERR_CRYPTO)
        return 1;
    return strcmp(why->code, "crl-key-usage") == 0 ? 2 : 3;
}

/* Whose list it is: of several with its name, one whose key has signed it, and who may. */
static enum rf_err find_issuer(const struct rf_crl_book *book, const struct rf_crl *crl,
                               struct rf_cert **out, struct rf_why *why)
{
    const struct rf_crl_policy policy = {.now_s = book->now_s, .allow_sha1 = book->allow_sha1};
    struct rf_why best = {0};
    int weight = 0;
    enum rf_err err = rf_why_set(&best, RF_ERR_DENIED, "crl-issuer-unknown",
                                 "%s is no issuer of this site: bring in its certificate first, by "
                                 "`ringfence mic import` or `ringfence lsc import`",
                                 rf_crl_issuer(crl));
    for (size_t i = 0; i < book->n_issuers; i++) {
        if (!rf_crl_is_of(crl, book->issuers[i]))
            continue;
        struct rf_why inner = {0};
        enum rf_err now = rf_crl_check(crl, book->issuers[i], &policy, &inner);
        if (now != RF_OK && weight_of(now, &inner) <= weight)
            continue;
        weight = weight_of(now, &inner);
        err = now;
        best = inner;
        *out = weight > 1 ? book->issuers[i] : NULL;
        if (err == RF_OK)
            return RF_OK;
    }
    return rf_why_set(why, err, best.code, "%s", best.text);
}

static enum rf_err parse(struct rf_crl_book *book, struct rf_slice bytes, struct rf_crl_held *out,
                         struct rf_why *why)
{
    struct rf_cert *issuer = NULL;
    enum rf_err err = rf_crl_parse(bytes, &out->crl, why);
    if (err == RF_OK)
        err = find_issuer(book, out->crl, &issuer, why);
    if (issuer != NULL)
        out->issuer = rf_cert_ref(issuer);
    return err;
}

static void held_fini(struct rf_crl_held *held)
{
    rf_crl_unref(held->crl);
    rf_cert_unref(held->issuer);
    *held = (struct rf_crl_held){.file = ""};
}

struct walk {
    struct rf_crl_book *book;
    const char *folder;
    struct rf_why *why;
};

static enum rf_err list_file(void *arg, const char *name)
{
    struct walk *w = arg;
    struct rf_slice s = rf_slice_str(name);
    RF_AUTO(rf_freep) char *path = rf_path_join(w->folder, name);
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    if (!rf_slice_ends_with(s, ".crl") && !rf_slice_ends_with(s, ".pem"))
        return RF_OK;
    if (w->book->n == RF_REVOCATION_CRLS_MAX)
        return rf_why_set(w->why, RF_ERR_LIMIT, "crl-count", "more than %d files in %s",
                          RF_REVOCATION_CRLS_MAX, w->folder);
    struct rf_crl_held *held = &w->book->held[w->book->n++];
    snprintf(held->file, sizeof held->file, "%s", name);
    enum rf_err err = rf_file_read(path, RF_CRL_BYTES_MAX, &bytes, &held->why);
    if (err == RF_OK)
        err = parse(w->book, rf_buf_slice(&bytes), held, &held->why);
    held->is_used = err == RF_OK || strcmp(held->why.code, "crl-expired") == 0;
    return RF_OK;
}

enum rf_err rf_crl_book_load(const char *site_dir, int64_t now_s, bool allow_sha1,
                             struct rf_crl_book **out, struct rf_why *why)
{
    RF_AUTO(rf_crl_book_freep) struct rf_crl_book *book = rf_new(struct rf_crl_book);
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(site_dir, RF_SITE_CRLS);
    struct walk w = {.book = book, .folder = folder, .why = why};
    book->now_s = now_s;
    book->allow_sha1 = allow_sha1;
    enum rf_err err = load_issuers(book, site_dir, why);
    if (err == RF_OK && rf_file_exists(folder))
        err = rf_dir_each(folder, list_file, &w, why);
    if (err == RF_OK)
        *out = rf_steal(&book);
    return err;
}

void rf_crl_book_free(struct rf_crl_book *book)
{
    if (book == NULL)
        return;
    for (size_t i = 0; i < book->n; i++)
        held_fini(&book->held[i]);
    for (size_t i = 0; i < book->n_issuers; i++)
        rf_cert_unref(book->issuers[i]);
    rf_free(book);
}

void rf_crl_book_freep(struct rf_crl_book **book)
{
    rf_crl_book_free(*book);
    *book = NULL;
}

static struct rf_crl_held *find(struct rf_crl_book *book, const struct rf_cert *issuer)
{
    struct rf_crl_held *best = NULL;
    for (size_t i = 0; i < book->n; i++) {
        struct rf_crl_held *h = &book->held[i];
        if (h->is_used && rf_cert_eq(h->issuer, issuer) &&
            (best == NULL || rf_crl_is_newer(h->crl, best->crl)))
            best = h;
    }
    return best;
}

const struct rf_crl_held *rf_crl_book_find(const struct rf_crl_book *book,
                                           const struct rf_cert *issuer)
{
    return find((struct rf_crl_book *)(uintptr_t)book, issuer);
}

/* ---- from outside ---- */

static enum rf_err compare(const struct rf_crl *crl, const struct rf_crl_held *held,
                           struct rf_why *why)
{
    char when[32];
    if (held == NULL || rf_crl_is_newer(crl, held->crl))
        return RF_OK;
    if (rf_crl_eq(crl, held->crl))
        return rf_why_set(why, RF_ERR_EXISTS, "crl-held", "this list of %s is there already",
                          rf_crl_issuer(crl));
    if (rf_fault_skips("crl.older"))
        return RF_OK;
    return rf_why_set(
        why, RF_ERR_DENIED, "crl-older",
        "a list of %s that is as new or newer is held, of %s; `ringfence crl remove` takes "
        "it away",
        rf_crl_issuer(crl), rf_time_text(rf_crl_this_update(held->crl), when, sizeof when));
}

/* One file an issuer; the name is that which the former one has. */
static enum rf_err write(struct rf_crl_book *book, const char *site_dir, struct rf_crl_held *take,
                         const struct rf_crl_held **out, struct rf_why *why)
{
    struct rf_crl_held *place = find(book, take->issuer);
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(site_dir, RF_SITE_CRLS);
    snprintf(take->file, sizeof take->file, "%s.crl", rf_cert_fingerprint(take->issuer));
    if (place != NULL)
        memcpy(take->file, place->file, sizeof take->file);
    else if (book->n == RF_REVOCATION_CRLS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "crl-count", "%d lists are the most",
                          RF_REVOCATION_CRLS_MAX);
    RF_AUTO(rf_freep) char *path = rf_path_join(folder, take->file);
    enum rf_err err = rf_dir_make(folder, 0755, why);
    if (err == RF_OK)
        err = rf_file_replace(path, rf_crl_der(take->crl), RF_FILE_PUBLIC, why);
    if (err != RF_OK)
        return err;
    if (place == NULL)
        place = &book->held[book->n++];
    else
        held_fini(place);
    *place = *take;
    place->is_used = true;
    *take = (struct rf_crl_held){.file = ""};
    if (out != NULL)
        *out = place;
    return RF_OK;
}

enum rf_err rf_crl_book_put(struct rf_crl_book *book, const char *site_dir, struct rf_slice bytes,
                            const struct rf_crl_held **out, struct rf_why *why)
{
    struct rf_crl_held *fresh = rf_new(struct rf_crl_held);
    enum rf_err err = parse(book, bytes, fresh, why);
    if (err == RF_OK)
        err = compare(fresh->crl, find(book, fresh->issuer), why);
    if (err == RF_OK)
        err = write(book, site_dir, fresh, out, why);
    held_fini(fresh);
    rf_free(fresh);
    return err;
}

enum rf_err rf_crl_book_remove(const struct rf_crl_book *book, const char *site_dir,
                               const char *which, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(site_dir, RF_SITE_CRLS);
    enum rf_err err = RF_OK;
    size_t n = 0;
    for (size_t i = 0; i < book->n && err == RF_OK; i++) {
        const struct rf_crl_held *h = &book->held[i];
        if (strcmp(h->file, which) != 0 &&
            (h->issuer == NULL || strcmp(rf_cert_fingerprint(h->issuer), which) != 0))
            continue;
        RF_AUTO(rf_freep) char *path = rf_path_join(folder, h->file);
        err = rf_file_remove(path, why);
        n++;
    }
    if (err == RF_OK && n == 0)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "crl-unknown",
                          "no list of that issuer, and no such file: `ringfence crl list`");
    return err;
}
