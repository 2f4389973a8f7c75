/* SPDX-License-Identifier: Apache-2.0 */
/* The first SAST is lost or stolen: the second takes its place. doc: docs/key-rotation.md */
#include "service/setup/setup_int.h"

#include "base/faults.h"
#include "base/file.h"

#define PEM_MAX ((size_t)256 * 1024)

static const enum rf_site_item items[] = {RF_SITE_KEY_SAST1, RF_SITE_CERT_SAST1, RF_SITE_KEY_SAST2,
                                          RF_SITE_CERT_SAST2};
#define ITEMS (sizeof items / sizeof *items)

/* As it was, for when the lists are refused. */
struct before {
    char *path[ITEMS];
    struct rf_buf bytes[ITEMS];
    bool is_there[ITEMS];
};

static void before_fini(struct before *b)
{
    for (size_t i = 0; i < ITEMS; i++) {
        rf_buf_wipe(&b->bytes[i]);
        rf_free(b->path[i]);
    }
}

static enum rf_err before_load(const char *dir, struct before *b, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < ITEMS && err == RF_OK; i++) {
        b->path[i] = rf_site_path_in(dir, items[i]);
        b->is_there[i] = rf_file_exists(b->path[i]);
        if (b->is_there[i])
            err = rf_file_read(b->path[i], PEM_MAX, &b->bytes[i], why);
    }
    return err;
}

static void bring_back(const struct before *b)
{
    struct rf_why why = {0};
    for (size_t i = 0; i < ITEMS; i++) {
        bool is_key = items[i] == RF_SITE_KEY_SAST1 || items[i] == RF_SITE_KEY_SAST2;
        if (b->is_there[i])
            (void)!rf_file_replace(b->path[i], rf_buf_slice(&b->bytes[i]),
                                   is_key ? RF_FILE_PRIVATE : RF_FILE_PUBLIC, &why);
        else
            (void)!rf_file_remove(b->path[i], &why);
    }
}

static bool sign_the_lists(const char *dir, const struct rf_cert *cert)
{
    RF_AUTO(rf_lists_fini) struct rf_lists lists = {.ctl = NULL};
    setup_lists_there(dir, "", &lists);
    for (int kind = RF_LIST_CTL; kind <= RF_LIST_ITL; kind++) {
        const struct rf_list *list = kind == RF_LIST_CTL ? lists.ctl : lists.itl;
        const struct rf_cert *signer = list != NULL ? rf_list_own_signer(list) : NULL;
        if (signer == NULL || !rf_cert_eq(signer, cert))
            return false;
    }
    return true;
}

static bool is_key_of(const struct rf_key *key, const char *cert_path, struct rf_cert **cert)
{
    rf_cert_freep(cert);
    return rf_cert_from_pem_file(cert_path, cert, NULL) == RF_OK && rf_key_matches(key, *cert);
}

/* The second's, which is that before it as well while a change of it has broken off; or the
 * first's, which was the second until a recovery that did not come to its lists. */
static enum rf_err check_key(const char *dir, const struct rf_key *key, struct rf_cert **out,
                             struct rf_why *why)
{
    RF_AUTO(rf_freep) char *first = rf_site_path_in(dir, RF_SITE_CERT_SAST1);
    RF_AUTO(rf_freep) char *second = rf_site_path_in(dir, RF_SITE_CERT_SAST2);
    RF_AUTO(rf_freep) char *before = setup_path_beside(dir, RF_SITE_CERT_SAST2, "old");
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    bool is_first = is_key_of(key, first, &cert);
    if (is_first && sign_the_lists(dir, cert))
        return rf_why_set(why, RF_ERR_DENIED, "recover-key",
                          "that is the key of the first SAST, %s (%s), which signs the lists: "
                          "there is nothing to recover. `ringfence rotate begin sast2` makes "
                          "another second one",
                          rf_cert_subject(cert), rf_cert_short(cert));
    if (is_first || is_key_of(key, second, &cert) || is_key_of(key, before, &cert)) {
        *out = rf_steal(&cert);
        return RF_OK;
    }
    rf_cert_freep(&cert);
    enum rf_err err = rf_cert_from_pem_file(second, &cert, why);
    if (err == RF_OK && !rf_fault_skips("setup.recover-key"))
        return rf_why_set(why, RF_ERR_DENIED, "recover-key",
                          "that is not the key of the second SAST, %s (%s)", rf_cert_subject(cert),
                          rf_cert_short(cert));
    if (err == RF_OK)
        *out = rf_steal(&cert);
    return err;
}

/* While a new signer is being made known the spare is in no list; the new signer is. */
static enum rf_err check_rotation(const struct rf_setup_run *run, struct rf_why *why)
{
    struct rf_setup_rotation r = {.step = RF_SETUP_NONE};
    enum rf_err err = setup_rotation_state(run->dir, &r, why);
    if (err != RF_OK || r.step == RF_SETUP_NONE)
        return err;
    if (r.what == RF_SETUP_MOVE)
        return rf_why_set(why, RF_ERR_EXISTS, "rotation-active",
                          "phones are moving, and know the SAST of the other site instead of the "
                          "second of this one: they take only what that one signs");
    if (r.what == RF_SETUP_SAST)
        return rf_why_set(why, RF_ERR_EXISTS, "rotation-active",
                          "the first SAST is being changed, and phones know the new one instead of "
                          "the second: `ringfence rotate next` signs by it");
    return RF_OK;
}

enum rf_err rf_setup_recover(const struct rf_setup_run *run, const struct rf_key *sast2,
                             const struct rf_secret *passphrase, struct rf_setup_lists *out,
                             struct rf_why *why)
{
    RF_AUTO(before_fini) struct before before = {.path = {NULL}};
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    RF_AUTO(rf_key_freep) struct rf_key *spare = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *spare_cert = NULL;
    enum rf_err err = check_rotation(run, why);
    if (err == RF_OK)
        err = check_key(run->dir, sast2, &cert, why);
    if (err == RF_OK)
        err = before_load(run->dir, &before, why);
    if (err == RF_OK)
        err = setup_identity_again(run->conf, RF_SITE_CERT_SAST2, run->now_s, &spare, &spare_cert,
                                   why);
    if (err != RF_OK)
        return err;
    /* The second's certificate stays in its place until it is the first, and the first signs no
     * list until there is another second: a recovery that broke off is begun again with the same
     * key. */
    err = setup_identity_save(sast2, cert, NULL, before.path[0], before.path[1], why);
    rf_crash_point("recover.first");
    if (err == RF_OK)
        err =
            setup_identity_save(spare, spare_cert, passphrase, before.path[2], before.path[3], why);
    rf_crash_point("recover.second");
    if (err == RF_OK)
        err = rf_setup_publish(run, out, why);
    if (err != RF_OK)
        bring_back(&before);
    return err == RF_OK ? setup_rotation_spare_over(run, why) : err;
}
