/* SPDX-License-Identifier: Apache-2.0 */
/* The change of the spare. It has no steps: the spare signs nothing, and the lists that name the
 * new one are the end of it. Until then the one before lies beside it, and when the change breaks
 * off it comes back: nobody may have seen the passphrase of the new key. doc: docs/key-rotation.md
 */
#include "service/setup/setup_rotate_int.h"

#include "base/file.h"

/* A key's file has its certificate behind it. */
static bool has_same_cert(const char *path, const char *cert_path)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *behind = NULL;
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    return rf_cert_from_pem_file(path, &behind, NULL) == RF_OK &&
           rf_cert_from_pem_file(cert_path, &cert, NULL) == RF_OK && rf_cert_eq(behind, cert);
}

/* Where there is none beside it, it was not changed, or is for good; and it may have become the
 * first meanwhile, by a recovery. Its key may have been taken away; then the new one's does not
 * stay either. */
static enum rf_err spare_restore(const char *dir, const struct setup_places *p, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *first = rf_site_path_in(dir, RF_SITE_CERT_SAST1);
    enum rf_err err = RF_OK;
    if (!rf_file_exists(p->cert[OLD]) || has_same_cert(first, p->cert[OLD]))
        return RF_OK;
    if (rf_file_exists(p->key[OLD]))
        err = setup_place_copy(p->key[OLD], p->key[NOW], true, why);
    else if (!has_same_cert(p->key[NOW], p->cert[OLD]))
        err = rf_file_remove(p->key[NOW], why);
    return err == RF_OK ? setup_place_copy(p->cert[OLD], p->cert[NOW], false, why) : err;
}

static enum rf_err spare_end(const struct rf_setup_run *run, const struct setup_places *p,
                             struct rf_setup_rotation *r, struct rf_why *why)
{
    enum rf_err err = setup_place_drop(p, OLD, why);
    if (err == RF_OK)
        err = setup_place_drop(p, NEXT, why); /* earlier versions made it there */
    return err == RF_OK ? setup_state_drop(run, r, why) : err;
}

enum rf_err setup_spare_begin(const struct rf_setup_run *run, const struct setup_places *p,
                              const struct rf_key *key, const struct rf_secret *passphrase,
                              struct rf_setup_rotation *out, struct rf_why *why)
{
    struct rf_why later = {0};
    enum rf_err err = setup_state_save(run, out, RF_SETUP_SWITCHING, why);
    if (err == RF_OK && rf_file_exists(p->key[NOW]))
        err = setup_place_copy(p->key[NOW], p->key[OLD], true, why);
    if (err == RF_OK)
        err = setup_place_copy(p->cert[NOW], p->cert[OLD], false, why);
    if (err == RF_OK)
        err = setup_identity_save(key, out->cert, passphrase, p->key[NOW], p->cert[NOW], why);
    if (err == RF_OK)
        err = rf_setup_publish(run, &out->lists, why);
    if (err == RF_OK)
        return spare_end(run, p, out, why);
    /* Nothing was published: as if nothing had been. */
    if (!setup_naming_of(run, RF_SETUP_SAST2, out->cert).by_any &&
        spare_restore(run->dir, p, &later) == RF_OK)
        (void)!spare_end(run, p, out, &later);
    return err;
}

enum rf_err setup_spare_back(const struct rf_setup_run *run, const struct setup_places *p,
                             struct rf_setup_rotation *r, struct rf_why *why)
{
    enum rf_err err = spare_restore(run->dir, p, why);
    if (err == RF_OK)
        err = rf_setup_publish(run, &r->lists, why);
    return err == RF_OK ? spare_end(run, p, r, why) : err;
}

enum rf_err setup_rotation_spare_over(const struct rf_setup_run *run, struct rf_why *why)
{
    RF_AUTO(setup_places_fini) struct setup_places p = setup_places_of(run->dir, RF_SETUP_SAST2);
    struct rf_setup_rotation r = {.step = RF_SETUP_NONE};
    enum rf_err err = setup_rotation_state(run->dir, &r, why);
    if (err == RF_OK && r.step != RF_SETUP_NONE && r.what == RF_SETUP_SAST2)
        return spare_end(run, &p, &r, why);
    return err == RF_OK ? setup_place_drop(&p, OLD, why) : err; /* an earlier version's */
}

/* What a spare was when its change broke off under an earlier version, which left no trace but
 * this: the one that the lists name is the one. */
enum rf_err setup_spare_clear(const struct rf_setup_run *run, const struct setup_places *p,
                              struct rf_why *why)
{
    enum rf_err err = RF_OK;
    if (!setup_naming_at(run, RF_SETUP_SAST2, p->cert[NOW]).by_all)
        err = spare_restore(run->dir, p, why);
    return err == RF_OK ? setup_place_drop(p, OLD, why) : err;
}
