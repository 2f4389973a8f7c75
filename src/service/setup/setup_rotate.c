/* SPDX-License-Identifier: Apache-2.0 */
/* The change of a key without a phone lost: known first, used then, the former one forgotten last.
 * Beside keys/X.pem and certs/X.pem lie next-X.pem until the switch and old-X.pem after it; lists
 * hold what lies there. Each step may break off anywhere: trust/rotation is there before the first
 * of these files and until the last of them is gone, a certificate is written after its key and
 * removed before it, and one that is missing where the step says it was means that it is going.
 * doc: docs/key-rotation.md */
#include "service/setup/setup_rotate_int.h"

#include "base/faults.h"
#include "base/file.h"

void rf_setup_rotation_fini(struct rf_setup_rotation *r)
{
    rf_setup_phones_fini(&r->phones);
    rf_setup_lists_fini(&r->lists);
    rf_cert_unref(r->cert);
    *r = (struct rf_setup_rotation){0};
}

static enum rf_err copy_both(const struct setup_places *p, int from, int to, struct rf_why *why)
{
    enum rf_err err = setup_place_copy(p->key[from], p->key[to], true, why);
    rf_crash_point("rotation.copy");
    return err == RF_OK ? setup_place_copy(p->cert[from], p->cert[to], false, why) : err;
}

/* What is used makes room for the other, and is kept as `aside`. Whatever broke off: done again it
 * comes to the same end, since `from` goes last, and its key after its certificate. */
static enum rf_err swap(const struct setup_places *p, int from, int aside, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    bool is_done = !rf_file_exists(p->cert[from]);
    if (!is_done && !rf_file_exists(p->cert[aside]))
        err = copy_both(p, NOW, aside, why);
    if (!is_done && err == RF_OK)
        err = copy_both(p, from, NOW, why);
    rf_crash_point("rotation.swap");
    return err == RF_OK ? setup_place_drop(p, from, why) : err;
}

/* Former issuers are believed while phones have their certificates. */
static char *former_path(const char *dir, const struct rf_cert *cert)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(dir, RF_SITE_LSC_ISSUERS);
    return rf_strf("%s/%s.pem", folder, rf_cert_fingerprint(cert));
}

static enum rf_err former_keep(const char *dir, const struct setup_places *p, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(dir, RF_SITE_LSC_ISSUERS);
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    enum rf_err err = rf_cert_from_pem_file(p->cert[NOW], &cert, why);
    if (err == RF_OK)
        err = rf_dir_make(folder, 0755, why);
    if (err != RF_OK)
        return err;
    RF_AUTO(rf_freep) char *path = former_path(dir, cert);
    return setup_place_copy(p->cert[NOW], path, false, why);
}

/* A certificate that is gone was forgotten before it went. */
static enum rf_err former_forget(const char *dir, const char *cert_path, struct rf_why *why)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    if (!rf_file_exists(cert_path))
        return RF_OK;
    enum rf_err err = rf_cert_from_pem_file(cert_path, &cert, why);
    if (err != RF_OK)
        return err;
    RF_AUTO(rf_freep) char *path = former_path(dir, cert);
    return rf_file_remove(path, why);
}

/* ---- how it stands ---- */

/* Does the server have to take up another certificate before the next step? */
static enum rf_err look_at_server(const char *dir, struct rf_setup_rotation *r, struct rf_why *why)
{
    const struct setup_subject *s = &setup_subjects[r->what];
    RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, s->cert);
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    bool uses = true;
    enum rf_err err = rf_cert_from_pem_file(path, &cert, why);
    if (err == RF_OK && s->in_use != NULL)
        err = setup_server_uses(dir, s->in_use, cert, &uses, why);
    r->wants_restart = err == RF_OK && !uses;
    return err;
}

/* Is this no step to stay at, but where one broke off? The issuer and the SAST go through the steps
 * in between without a stop. */
static bool broke_off(const struct rf_setup_run *run, const struct rf_setup_rotation *r,
                      const struct setup_places *p)
{
    switch (r->step) {
    case RF_SETUP_NONE:
        break;
    case RF_SETUP_OVERLAP:
        return r->what == RF_SETUP_LSC_ISSUER || !rf_file_exists(p->cert[NEXT]) ||
               !setup_naming_at(run, r->what, p->cert[NEXT]).by_all;
    case RF_SETUP_SWITCHED:
        return r->what == RF_SETUP_SAST || !rf_file_exists(p->cert[OLD]);
    case RF_SETUP_SWITCHING:
    case RF_SETUP_SWITCHING_BACK:
        return true;
    }
    return false;
}

/* Whom the next step waits for: for those who lack a certificate, or have one by it. */
static enum rf_err look_at_phones(const struct rf_setup_run *run, struct rf_setup_rotation *r,
                                  struct rf_why *why)
{
    RF_AUTO(setup_places_fini) struct setup_places p = setup_places_of(run->dir, r->what);
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    bool is_issuer = r->what == RF_SETUP_LSC_ISSUER;
    int which = is_issuer ? OLD : r->step == RF_SETUP_OVERLAP ? NEXT : NOW;
    rf_setup_phones_fini(&r->phones);
    r->is_broken_off = broke_off(run, r, &p);
    if (r->step != RF_SETUP_OVERLAP && r->step != RF_SETUP_SWITCHED)
        return RF_OK;
    if (!rf_file_exists(p.cert[which]))
        return RF_OK; /* on its way out: nobody needs it any more */
    enum rf_err err = rf_cert_from_pem_file(p.cert[which], &cert, why);
    if (err == RF_OK && is_issuer)
        return setup_who_is_issued_by(run->dir, cert, &r->phones, why);
    return err == RF_OK
               ? setup_who_lacks(run->dir, cert, setup_subjects[r->what].role, &r->phones, why)
               : err;
}

static enum rf_err look(const struct rf_setup_run *run, struct rf_setup_rotation *r,
                        struct rf_why *why)
{
    enum rf_err err = r->step != RF_SETUP_NONE ? look_at_server(run->dir, r, why) : RF_OK;
    return err == RF_OK ? look_at_phones(run, r, why) : err;
}

enum rf_err rf_setup_rotation_load(const struct rf_setup_run *run, struct rf_setup_rotation *out,
                                   struct rf_why *why)
{
    enum rf_err err = setup_rotation_state(run->dir, out, why);
    return err == RF_OK ? look(run, out, why) : err;
}

static enum rf_err load_active(const struct rf_setup_run *run, struct rf_setup_rotation *out,
                               struct rf_why *why)
{
    enum rf_err err = rf_setup_rotation_load(run, out, why);
    if (err == RF_OK && out->step == RF_SETUP_NONE)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-rotation",
                          "no key is being changed: `ringfence rotate begin` begins");
    return err;
}

static enum rf_err must_have_all(const struct rf_setup_run *run, const struct rf_setup_rotation *r,
                                 struct rf_why *why)
{
    size_t lacking = rf_setup_phones_count(&r->phones, RF_SETUP_STRANDED);
    size_t unsure = rf_setup_phones_count(&r->phones, RF_SETUP_UNSURE);
    if (run->is_forced || rf_fault_skips("setup.rotation-waits") || lacking + unsure == 0)
        return RF_OK;
    return rf_why_set(
        why, RF_ERR_AGAIN, "rotation-waits",
        "%zu phones are not ready for the next step, and of %zu nobody knows: `ringfence "
        "rotate status` names them; --force goes on without them",
        lacking, unsure);
}

/* A certificate out of the lists; it comes back when they are refused. Its key goes after that. */
static enum rf_err unlist(const struct rf_setup_run *run, const struct setup_places *p, int which,
                          struct rf_setup_rotation *r, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf cert = {0};
    struct rf_why later = {0};
    enum rf_err err = RF_OK;
    if (rf_file_exists(p->cert[which]))
        err = rf_file_read(p->cert[which], SETUP_PEM_MAX, &cert, why);
    if (err == RF_OK)
        err = rf_file_remove(p->cert[which], why);
    rf_crash_point("rotation.forget");
    if (err == RF_OK)
        err = rf_setup_publish(run, &r->lists, why);
    if (err != RF_OK && cert.len > 0)
        (void)!rf_file_replace(p->cert[which], rf_buf_slice(&cert), RF_FILE_PUBLIC, &later);
    if (err == RF_OK)
        err = rf_file_remove(p->key[which], why);
    return err == RF_OK ? setup_state_drop(run, r, why) : err;
}

/* From here on the new key is used: by the server once it takes it up; the SAST at once. */
static enum rf_err switch_over(const struct rf_setup_run *run, const struct setup_places *p,
                               struct rf_setup_rotation *r, struct rf_why *why)
{
    enum rf_err err = setup_state_save(run, r, RF_SETUP_SWITCHING, why);
    if (err == RF_OK)
        err = swap(p, NEXT, OLD, why);
    if (err == RF_OK)
        err = setup_state_save(run, r, RF_SETUP_SWITCHED, why);
    return err == RF_OK && r->what == RF_SETUP_SAST ? unlist(run, p, OLD, r, why) : err;
}

/* An issuer stands in no list: phones do not know it. From the next start on it issues. */
static enum rf_err switch_issuer(const struct rf_setup_run *run, const struct setup_places *p,
                                 struct rf_setup_rotation *r, struct rf_why *why)
{
    enum rf_err err = former_keep(run->dir, p, why);
    return err == RF_OK ? switch_over(run, p, r, why) : err;
}

/* ---- begin ---- */

/* One at a time; and away with what is left of a beginning that broke off. */
static enum rf_err clear_the_way(const struct rf_setup_run *run, enum rf_setup_what what,
                                 const struct setup_places *p, struct rf_setup_rotation *out,
                                 struct rf_why *why)
{
    enum rf_err err = setup_rotation_state(run->dir, out, why);
    /* The same one, of which nothing is there yet, or any more? */
    bool is_same =
        out->step == RF_SETUP_OVERLAP && out->what == what && !rf_file_exists(p->cert[NEXT]);
    if (err == RF_OK && !rf_fault_skips("setup.rotation-one") && out->step != RF_SETUP_NONE &&
        !is_same)
        return rf_why_set(
            why, RF_ERR_EXISTS, "rotation-active",
            "the key of %s is being changed: one at a time. `ringfence rotate status` "
            "says what is next",
            setup_subjects[out->what].name);
    out->what = what;
    if (err == RF_OK)
        err =
            what == RF_SETUP_SAST2 ? setup_spare_clear(run, p, why) : setup_place_drop(p, OLD, why);
    if (err == RF_OK)
        err = setup_place_drop(p, NEXT, why);
    return err == RF_OK && is_same ? setup_state_drop(run, out, why) : err;
}

/* The state first, so that no key lies there that nobody tells of. `key` is NULL for a move. */
static enum rf_err begin_with(const struct rf_setup_run *run, const struct setup_places *p,
                              const struct rf_key *key, struct rf_slice pem,
                              struct rf_setup_rotation *out, struct rf_why *why)
{
    struct rf_why later = {0};
    bool is_issuer = out->what == RF_SETUP_LSC_ISSUER;
    enum rf_err err = is_issuer ? setup_import_has_room(run->dir, out->cert, why) : RF_OK;
    if (err == RF_OK)
        err = setup_state_save(run, out, RF_SETUP_OVERLAP, why);
    if (err == RF_OK && key != NULL)
        err = rf_key_save(key, p->key[NEXT], NULL, out->cert, why);
    if (err == RF_OK)
        err = rf_file_replace(p->cert[NEXT], pem, RF_FILE_PUBLIC, why);
    rf_crash_point("rotation.begin");
    if (err == RF_OK)
        err = is_issuer ? switch_issuer(run, p, out, why) : rf_setup_publish(run, &out->lists, why);
    /* Nothing was published, nor switched: as if nothing had been. */
    if (err != RF_OK && out->step == RF_SETUP_OVERLAP &&
        !setup_naming_of(run, out->what, out->cert).by_any &&
        (!is_issuer || former_forget(run->dir, p->cert[NOW], &later) == RF_OK) &&
        setup_place_drop(p, NEXT, &later) == RF_OK)
        (void)!setup_state_drop(run, out, &later);
    return err == RF_OK ? look(run, out, why) : err;
}

enum rf_err rf_setup_rotation_begin(const struct rf_setup_run *run, enum rf_setup_what what,
                                    const struct rf_secret *passphrase,
                                    struct rf_setup_rotation *out, struct rf_why *why)
{
    RF_AUTO(setup_places_fini) struct setup_places p = setup_places_of(run->dir, what);
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(4 * RF_CERT_DER_MAX);
    enum rf_err err = clear_the_way(run, what, &p, out, why);
    if (err == RF_OK)
        err = setup_identity_again(run->conf, setup_subjects[what].cert, run->now_s, &key,
                                   &out->cert, why);
    if (err == RF_OK && rf_cert_to_pem(out->cert, &pem) != RF_OK)
        err =
            rf_why_set(why, RF_ERR_LIMIT, "cert-size", "%s: too long", rf_cert_subject(out->cert));
    if (err != RF_OK)
        return err;
    return what == RF_SETUP_SAST2 ? setup_spare_begin(run, &p, key, passphrase, out, why)
                                  : begin_with(run, &p, key, rf_buf_slice(&pem), out, why);
}

enum rf_err setup_rotation_clear(const struct rf_setup_run *run, enum rf_setup_what what,
                                 struct rf_setup_rotation *out, struct rf_why *why)
{
    RF_AUTO(setup_places_fini) struct setup_places p = setup_places_of(run->dir, what);
    return clear_the_way(run, what, &p, out, why);
}

enum rf_err setup_rotation_issuer(const struct rf_setup_run *run, const struct rf_key *key,
                                  struct rf_cert *cert, struct rf_slice pem,
                                  struct rf_setup_rotation *out, struct rf_why *why)
{
    RF_AUTO(setup_places_fini)
    struct setup_places p = setup_places_of(run->dir, RF_SETUP_LSC_ISSUER);
    out->cert = rf_cert_ref(cert);
    return begin_with(run, &p, key, pem, out, why);
}

/* ---- a move ---- */

/* The lists would say nothing new, and have lost the spare. */
static enum rf_err check_other_site(const struct rf_setup_run *run, const struct rf_cert *to,
                                    struct rf_why *why)
{
    static const enum rf_site_item own[] = {RF_SITE_CERT_SAST1, RF_SITE_CERT_SAST2};
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < 2 && err == RF_OK; i++) {
        RF_AUTO(rf_freep) char *path = rf_site_path_in(run->dir, own[i]);
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
        err = rf_cert_from_pem_file(path, &cert, why);
        if (err == RF_OK && !rf_fault_skips("setup.move-own") && rf_cert_eq(cert, to))
            return rf_why_set(why, RF_ERR_DENIED, "move-own",
                              "%s (%s) is a SAST of this site: it wants that of the other one, "
                              "certs/sast1.pem there",
                              rf_cert_subject(to), rf_cert_short(to));
    }
    return err;
}

enum rf_err rf_setup_rotation_move(const struct rf_setup_run *run, struct rf_cert *to,
                                   struct rf_setup_rotation *out, struct rf_why *why)
{
    RF_AUTO(setup_places_fini) struct setup_places p = setup_places_of(run->dir, RF_SETUP_MOVE);
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(4 * RF_CERT_DER_MAX);
    enum rf_err err = check_other_site(run, to, why);
    if (err == RF_OK)
        err = clear_the_way(run, RF_SETUP_MOVE, &p, out, why);
    if (err == RF_OK && rf_cert_to_pem(to, &pem) != RF_OK)
        err = rf_why_set(why, RF_ERR_LIMIT, "cert-size", "%s: too long", rf_cert_subject(to));
    if (err != RF_OK)
        return err;
    out->cert = rf_cert_ref(to);
    return begin_with(run, &p, NULL, rf_buf_slice(&pem), out, why);
}

/* ---- next ---- */

static enum rf_err must_be_taken_up(const struct rf_setup_rotation *r, const char *what,
                                    const char *then, struct rf_why *why)
{
    if (rf_fault_skips("setup.rotation-restart") || !r->wants_restart)
        return RF_OK;
    return rf_why_set(why, RF_ERR_AGAIN, "rotation-restart",
                      "ringfenced still uses the %s certificate: `ringfence rotate status` says "
                      "what it needs, then %s",
                      what, then);
}

static enum rf_err finish(const struct rf_setup_run *run, const struct setup_places *p,
                          struct rf_setup_rotation *r, struct rf_why *why)
{
    enum rf_err err = must_be_taken_up(r, "former", "go on", why);
    if (err == RF_OK)
        err = must_have_all(run, r, why);
    if (err != RF_OK)
        return err;
    if (r->what != RF_SETUP_LSC_ISSUER)
        return unlist(run, p, OLD, r, why);
    r->wants_restart = true; /* it believes the former one until then */
    err = former_forget(run->dir, p->cert[OLD], why);
    if (err == RF_OK)
        err = setup_place_drop(p, OLD, why);
    return err == RF_OK ? setup_state_drop(run, r, why) : err;
}

/* The way back to nothing: the coming one was in no use. */
static enum rf_err forget_next(const struct rf_setup_run *run, const struct setup_places *p,
                               struct rf_setup_rotation *r, struct rf_why *why)
{
    enum rf_err err = must_be_taken_up(r, "new", "abort", why);
    if (err != RF_OK)
        return err;
    if (r->what != RF_SETUP_LSC_ISSUER)
        return unlist(run, p, NEXT, r, why);
    err = former_forget(run->dir, p->cert[NOW], why);
    if (err == RF_OK)
        err = setup_place_drop(p, NEXT, why);
    return err == RF_OK ? setup_state_drop(run, r, why) : err;
}

/* What was begun may not have come to its lists. By force only when it has not, since force signs
 * anew what is as it should be. */
static enum rf_err publish_next(const struct rf_setup_run *run, const struct setup_places *p,
                                struct rf_setup_rotation *r, struct rf_why *why)
{
    struct rf_setup_run gently = *run;
    struct rf_why own = {0};
    gently.is_forced = false;
    enum rf_err err = rf_setup_publish(&gently, &r->lists, &own);
    if (err == RF_OK || (run->is_forced && setup_naming_at(run, r->what, p->cert[NEXT]).by_all))
        return RF_OK;
    if (!run->is_forced)
        return rf_why_set(why, err, own.code, "%s", own.text);
    rf_setup_lists_fini(&r->lists);
    return rf_setup_publish(run, &r->lists, why);
}

static enum rf_err leave_overlap(const struct rf_setup_run *run, const struct setup_places *p,
                                 struct rf_setup_rotation *r, struct rf_why *why)
{
    bool was_named = setup_naming_at(run, r->what, p->cert[NEXT]).by_all;
    if (!rf_file_exists(p->cert[NEXT]))
        return forget_next(run, p, r, why);
    if (r->what == RF_SETUP_LSC_ISSUER)
        return switch_issuer(run, p, r, why);
    if (r->what == RF_SETUP_MOVE && was_named)
        return rf_why_set(why, RF_ERR_DENIED, "move-last",
                          "phones move when they ask the other site for their lists: there is no "
                          "next step here. `ringfence rotate abort` ends it");
    enum rf_err err = publish_next(run, p, r, why);
    if (err != RF_OK || r->what == RF_SETUP_MOVE)
        return err;
    /* Lists that the new one signs are taken by those only who have one that names it. */
    if (r->what == RF_SETUP_SAST && !rf_fault_skips("setup.rotation-unnamed") && !was_named)
        return rf_why_set(why, RF_ERR_AGAIN, "rotation-waits",
                          "lists that name the new SAST lie there only now, and no phone has them: "
                          "reset the phones, then go on");
    err = must_have_all(run, r, why);
    rf_setup_lists_fini(&r->lists);
    return err == RF_OK ? switch_over(run, p, r, why) : err;
}

/* ---- abort ---- */

static enum rf_err nobody_has_one(const struct rf_setup_run *run, const struct setup_places *p,
                                  struct rf_why *why)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    RF_AUTO(rf_setup_phones_fini) struct rf_setup_phones phones = {0};
    enum rf_err err = rf_cert_from_pem_file(p->cert[NOW], &cert, why);
    if (err == RF_OK)
        err = setup_who_is_issued_by(run->dir, cert, &phones, why);
    size_t n = rf_setup_phones_count(&phones, RF_SETUP_STRANDED);
    if (err == RF_OK && !run->is_forced && n > 0)
        return rf_why_set(why, RF_ERR_DENIED, "rotation-used",
                          "%zu phones have certificates by the new issuer already, and would not "
                          "register: go on, or change the issuer once more",
                          n);
    return err;
}

/* The old one is used again, and both are in the lists; an issuer is in none, and that is all. */
static enum rf_err switch_back(const struct rf_setup_run *run, const struct setup_places *p,
                               struct rf_setup_rotation *r, struct rf_why *why)
{
    enum rf_err err = swap(p, OLD, NEXT, why);
    if (err != RF_OK || r->what != RF_SETUP_LSC_ISSUER)
        return err == RF_OK ? setup_state_save(run, r, RF_SETUP_OVERLAP, why) : err;
    r->wants_restart = false; /* what the server uses is looked at when it is done */
    return forget_next(run, p, r, why);
}

static enum rf_err go_back(const struct rf_setup_run *run, const struct setup_places *p,
                           struct rf_setup_rotation *r, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    if (!rf_fault_skips("setup.rotation-forgotten") && !rf_file_exists(p->cert[OLD]))
        return rf_why_set(why, RF_ERR_DENIED, "rotation-forgotten",
                          "the former one is forgotten already, and there is no way back: "
                          "`ringfence rotate next` ends it");
    if (r->what == RF_SETUP_LSC_ISSUER)
        err = nobody_has_one(run, p, why);
    if (err == RF_OK)
        err = setup_state_save(run, r, RF_SETUP_SWITCHING_BACK, why);
    return err == RF_OK ? switch_back(run, p, r, why) : err;
}

/* ---- the steps ---- */

static enum rf_err step_on(const struct rf_setup_run *run, const struct setup_places *p,
                           struct rf_setup_rotation *r, struct rf_why *why)
{
    switch (r->step) {
    case RF_SETUP_NONE:
        break;
    case RF_SETUP_OVERLAP:
        return leave_overlap(run, p, r, why);
    case RF_SETUP_SWITCHING:
        return switch_over(run, p, r, why);
    case RF_SETUP_SWITCHED:
        return finish(run, p, r, why);
    case RF_SETUP_SWITCHING_BACK:
        return switch_back(run, p, r, why);
    }
    return RF_OK;
}

static enum rf_err step_back(const struct rf_setup_run *run, const struct setup_places *p,
                             struct rf_setup_rotation *r, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    switch (r->step) {
    case RF_SETUP_NONE:
        break;
    case RF_SETUP_OVERLAP:
        return forget_next(run, p, r, why);
    case RF_SETUP_SWITCHING: /* first to an end, then back */
        err = swap(p, NEXT, OLD, why);
        return err == RF_OK ? go_back(run, p, r, why) : err;
    case RF_SETUP_SWITCHED:
        return go_back(run, p, r, why);
    case RF_SETUP_SWITCHING_BACK:
        return switch_back(run, p, r, why);
    }
    return RF_OK;
}

typedef enum rf_err (*step_fn)(const struct rf_setup_run *run, const struct setup_places *p,
                               struct rf_setup_rotation *r, struct rf_why *why);

static enum rf_err take_step(const struct rf_setup_run *run, step_fn step,
                             struct rf_setup_rotation *out, struct rf_why *why)
{
    enum rf_err err = load_active(run, out, why);
    if (err != RF_OK)
        return err;
    RF_AUTO(setup_places_fini) struct setup_places p = setup_places_of(run->dir, out->what);
    return out->what == RF_SETUP_SAST2 ? setup_spare_back(run, &p, out, why)
                                       : step(run, &p, out, why);
}

enum rf_err rf_setup_rotation_next(const struct rf_setup_run *run, struct rf_setup_rotation *out,
                                   struct rf_why *why)
{
    enum rf_err err = take_step(run, step_on, out, why);
    return err == RF_OK ? look(run, out, why) : err;
}

enum rf_err rf_setup_rotation_abort(const struct rf_setup_run *run, struct rf_setup_rotation *out,
                                    struct rf_why *why)
{
    enum rf_err err = take_step(run, step_back, out, why);
    rf_setup_phones_fini(&out->phones);
    out->is_broken_off = false;
    return err == RF_OK ? look_at_server(run->dir, out, why) : err;
}
