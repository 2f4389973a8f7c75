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

static enum rf_err check_key(const char *dir, const struct rf_key *key, struct rf_cert **cert,
                             struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, RF_SITE_CERT_SAST2);
    enum rf_err err = rf_cert_from_pem_file(path, cert, why);
    if (err == RF_OK && !rf_fault_skips("setup.recover-key") && !rf_key_matches(key, *cert))
        return rf_why_set(why, RF_ERR_DENIED, "recover-key",
                          "that is not the key of the second SAST, %s (%s)", rf_cert_subject(*cert),
                          rf_cert_short(*cert));
    return err;
}

/* While a new signer is being made known the spare is in no list; the new signer is. */
static enum rf_err check_rotation(const struct rf_setup_run *run, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *next = setup_path_beside(run->dir, RF_SITE_CERT_SAST1, "next");
    RF_AUTO(rf_freep) char *next_key = setup_path_beside(run->dir, RF_SITE_KEY_SAST1, "next");
    RF_AUTO(rf_freep) char *rotation = rf_site_path_in(run->dir, RF_SITE_ROTATION);
    bool is_begun = rf_file_exists(next) && rf_file_exists(rotation);
    if (is_begun && !rf_file_exists(next_key))
        return rf_why_set(why, RF_ERR_EXISTS, "rotation-active",
                          "phones are moving, and know the SAST of the other site instead of the "
                          "second of this one: they take only what that one signs");
    if (is_begun)
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
    /* The second's certificate stays in its place until it is the first: a recovery that broke off
     * can be begun again with the same key. */
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
    return err;
}
