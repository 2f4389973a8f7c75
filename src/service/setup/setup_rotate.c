/* SPDX-License-Identifier: Apache-2.0 */
/* The change of a key without a phone lost: known first, used then, the former one forgotten last.
 * Beside keys/X.pem and certs/X.pem lie next-X.pem until the switch and old-X.pem after it; lists
 * hold what lies there. Each step may break off anywhere and is done again by the next call.
 * doc: docs/key-rotation.md */
#include "service/setup/setup_int.h"

#include <stdio.h>
#include <string.h>

#include "base/faults.h"
#include "base/file.h"
#include "base/text.h"
#include "wire/trustlist/trustlist.h"

static const struct subject {
    const char *name;
    enum rf_site_item key;
    enum rf_site_item cert;
    uint16_t role;
    const char *in_use; /* NULL: no server uses it */
} subjects[RF_SETUP_WHAT_N] = {
    [RF_SETUP_CCM] = {"ccm", RF_SITE_KEY_CCM, RF_SITE_CERT_CCM, RF_TRUSTLIST_ROLE_CCM,
                      RF_STORE_IN_USE_CCM},
    [RF_SETUP_TFTP] = {"tftp", RF_SITE_KEY_TFTP, RF_SITE_CERT_TFTP, RF_TRUSTLIST_ROLE_TFTP,
                       RF_STORE_IN_USE_TFTP},
    [RF_SETUP_CAPF] = {"capf", RF_SITE_KEY_CAPF, RF_SITE_CERT_CAPF, RF_TRUSTLIST_ROLE_CAPF,
                       RF_STORE_IN_USE_CAPF},
    [RF_SETUP_HTTPS] = {"https", RF_SITE_KEY_HTTPS, RF_SITE_CERT_HTTPS, RF_TRUSTLIST_ROLE_TFTP,
                        RF_STORE_IN_USE_HTTPS},
    [RF_SETUP_TVS] = {"tvs", RF_SITE_KEY_TVS, RF_SITE_CERT_TVS, RF_TRUSTLIST_ROLE_TVS,
                      RF_STORE_IN_USE_TVS},
    [RF_SETUP_SAST] = {"sast", RF_SITE_KEY_SAST1, RF_SITE_CERT_SAST1, RF_TRUSTLIST_ROLE_SAST, NULL},
    [RF_SETUP_SAST2] = {"sast2", RF_SITE_KEY_SAST2, RF_SITE_CERT_SAST2, RF_TRUSTLIST_ROLE_SAST,
                        NULL},
    /* In no list: the role says nothing. */
    [RF_SETUP_LSC_ISSUER] = {"lsc-issuer", RF_SITE_KEY_LSC_ISSUER, RF_SITE_CERT_LSC_ISSUER,
                             RF_TRUSTLIST_ROLE_CAPF, RF_STORE_IN_USE_LSC_ISSUER},
    /* A certificate without a key, where that of a coming SAST would lie. */
    [RF_SETUP_MOVE] = {"move", RF_SITE_KEY_SAST1, RF_SITE_CERT_SAST1, RF_TRUSTLIST_ROLE_SAST, NULL},
};

static const char *const step_names[] = {"none", "overlap", "switching", "switched"};
#define STEPS          (sizeof step_names / sizeof *step_names)
#define STATE_FILE_MAX 512
#define PEM_MAX        ((size_t)256 * 1024)

const char *rf_setup_what_name(enum rf_setup_what what)
{
    return subjects[what].name;
}

bool rf_setup_what_parse(const char *text, enum rf_setup_what *out)
{
    for (int i = 0; i < RF_SETUP_WHAT_N; i++)
        if (strcmp(subjects[i].name, text) == 0) {
            *out = (enum rf_setup_what)i;
            return true;
        }
    return false;
}

const char *rf_setup_step_name(enum rf_setup_step step)
{
    return step_names[step];
}

void rf_setup_rotation_fini(struct rf_setup_rotation *r)
{
    rf_setup_phones_fini(&r->phones);
    rf_setup_lists_fini(&r->lists);
    rf_cert_unref(r->cert);
    *r = (struct rf_setup_rotation){0};
}

/* ---- where it stands ---- */

static bool take_field(struct rf_setup_rotation *r, struct rf_slice line)
{
    struct rf_slice name, value = line;
    char text[32];
    uint64_t number = 0;
    if (!rf_next_piece(&value, '=', &name) || !rf_slice_to_str(value, text, sizeof text))
        return false;
    if (rf_slice_eq_str(name, "what"))
        return rf_setup_what_parse(text, &r->what);
    if (rf_slice_eq_str(name, "since")) {
        bool is_ok = rf_parse_u64(value, 0, INT64_MAX, &number);
        r->since_s = (int64_t)number;
        return is_ok;
    }
    for (size_t i = 1; rf_slice_eq_str(name, "step") && i < STEPS; i++)
        if (strcmp(step_names[i], text) == 0)
            r->step = (enum rf_setup_step)i;
    return r->step != RF_SETUP_NONE;
}

static enum rf_err state_load(const char *dir, struct rf_setup_rotation *r, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, RF_SITE_ROTATION);
    RF_AUTO(rf_buf_fini) struct rf_buf text = {0};
    if (!rf_file_exists(path))
        return RF_OK;
    enum rf_err err = rf_file_read(path, STATE_FILE_MAX, &text, why);
    struct rf_slice rest = rf_trim(rf_buf_slice(&text)), line;
    bool is_ok = err == RF_OK;
    while (is_ok && rf_next_piece(&rest, '\n', &line))
        is_ok = take_field(r, line);
    if (err == RF_OK && (!is_ok || r->step == RF_SETUP_NONE))
        return rf_why_set(why, RF_ERR_BAD, "rotation-file",
                          "%s is not what ringfence wrote: bring it back from the backup", path);
    return err;
}

static enum rf_err state_save(const struct rf_setup_run *run, struct rf_setup_rotation *r,
                              enum rf_setup_step step, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(run->dir, RF_SITE_ROTATION);
    RF_AUTO(rf_freep)
    char *text = rf_strf("what=%s\nstep=%s\nsince=%lld\n", subjects[r->what].name, step_names[step],
                         (long long)run->now_s);
    enum rf_err err = rf_file_replace(path, rf_slice_str(text), RF_FILE_PUBLIC, why);
    if (err != RF_OK)
        return err;
    r->step = step;
    r->since_s = run->now_s;
    return RF_OK;
}

static enum rf_err state_drop(const struct rf_setup_run *run, struct rf_setup_rotation *r,
                              struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(run->dir, RF_SITE_ROTATION);
    r->step = RF_SETUP_NONE;
    r->since_s = run->now_s;
    return rf_file_remove(path, why);
}

static enum rf_err cert_load(const char *dir, enum rf_site_item item, const char *head,
                             struct rf_cert **out, struct rf_why *why)
{
    RF_AUTO(rf_freep)
    char *path = head != NULL ? setup_path_beside(dir, item, head) : rf_site_path_in(dir, item);
    return rf_cert_from_pem_file(path, out, why);
}

/* Does the server have to take up another certificate before the next step? */
static enum rf_err look_at_server(const char *dir, struct rf_setup_rotation *r, struct rf_why *why)
{
    const struct subject *s = &subjects[r->what];
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    bool uses = true;
    enum rf_err err = cert_load(dir, s->cert, NULL, &cert, why);
    if (err == RF_OK && s->in_use != NULL)
        err = setup_server_uses(dir, s->in_use, cert, &uses, why);
    r->wants_restart = err == RF_OK && !uses;
    return err;
}

/* Whom the next step waits for. */
static enum rf_err look_at_phones(const char *dir, struct rf_setup_rotation *r, struct rf_why *why)
{
    const struct subject *s = &subjects[r->what];
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    bool is_issuer = r->what == RF_SETUP_LSC_ISSUER;
    const char *head = is_issuer ? "old" : r->step == RF_SETUP_OVERLAP ? "next" : NULL;
    rf_setup_phones_fini(&r->phones);
    if (r->step == RF_SETUP_NONE || r->step == RF_SETUP_SWITCHING)
        return RF_OK;
    enum rf_err err = cert_load(dir, s->cert, head, &cert, why);
    if (err == RF_OK && is_issuer)
        return setup_who_is_issued_by(dir, cert, &r->phones, why);
    return err == RF_OK ? setup_who_lacks(dir, cert, s->role, &r->phones, why) : err;
}

enum rf_err rf_setup_rotation_load(const struct rf_setup_run *run, struct rf_setup_rotation *out,
                                   struct rf_why *why)
{
    enum rf_err err = state_load(run->dir, out, why);
    if (err == RF_OK && out->step != RF_SETUP_NONE)
        err = look_at_server(run->dir, out, why);
    return err == RF_OK ? look_at_phones(run->dir, out, why) : err;
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

/* ---- files ---- */

/* The key's file has its certificate behind it. */
static enum rf_err copy(const char *from, const char *to, bool is_private, struct rf_why *why)
{
    RF_AUTO(rf_buf_wipe) struct rf_buf bytes = {0};
    enum rf_err err = rf_file_read(from, PEM_MAX, &bytes, why);
    if (err == RF_OK)
        err = rf_file_replace(to, rf_buf_slice(&bytes),
                              is_private ? RF_FILE_PRIVATE : RF_FILE_PUBLIC, why);
    return err;
}

struct places {
    char *key[3], *cert[3]; /* in use, next, old */
};
enum { NOW, NEXT, OLD };

static void places_fini(struct places *p)
{
    for (int i = NOW; i <= OLD; i++) {
        rf_free(p->key[i]);
        rf_free(p->cert[i]);
    }
}

static struct places places_of(const char *dir, enum rf_setup_what what)
{
    const struct subject *s = &subjects[what];
    return (struct places){
        .key = {rf_site_path_in(dir, s->key), setup_path_beside(dir, s->key, "next"),
                setup_path_beside(dir, s->key, "old")},
        .cert = {rf_site_path_in(dir, s->cert), setup_path_beside(dir, s->cert, "next"),
                 setup_path_beside(dir, s->cert, "old")},
    };
}

static enum rf_err drop(const struct places *p, int which, struct rf_why *why)
{
    enum rf_err err = rf_file_remove(p->cert[which], why);
    return err == RF_OK ? rf_file_remove(p->key[which], why) : err;
}

static enum rf_err copy_both(const struct places *p, int from, int to, struct rf_why *why)
{
    enum rf_err err = copy(p->key[from], p->key[to], true, why);
    rf_crash_point("rotation.copy");
    return err == RF_OK ? copy(p->cert[from], p->cert[to], false, why) : err;
}

/* What is used makes room for the other, and is kept as `aside`. Whatever broke off: done again it
 * comes to the same end, since `from` goes last. */
static enum rf_err swap(const struct places *p, int from, int aside, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    if (!rf_file_exists(p->cert[from]))
        return RF_OK;
    if (!rf_file_exists(p->cert[aside]))
        err = copy_both(p, NOW, aside, why);
    if (err == RF_OK)
        err = copy_both(p, from, NOW, why);
    rf_crash_point("rotation.swap");
    return err == RF_OK ? drop(p, from, why) : err;
}

/* Former issuers are believed while phones have their certificates. */
static char *former_path(const char *dir, const struct rf_cert *cert)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(dir, RF_SITE_LSC_ISSUERS);
    return rf_strf("%s/%s.pem", folder, rf_cert_fingerprint(cert));
}

static enum rf_err former_keep(const char *dir, const struct places *p, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *folder = rf_site_path_in(dir, RF_SITE_LSC_ISSUERS);
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    enum rf_err err = rf_cert_from_pem_file(p->cert[NOW], &cert, why);
    if (err == RF_OK)
        err = rf_dir_make(folder, 0755, why);
    if (err != RF_OK)
        return err;
    RF_AUTO(rf_freep) char *path = former_path(dir, cert);
    return copy(p->cert[NOW], path, false, why);
}

static enum rf_err former_forget(const char *dir, const struct places *p, struct rf_why *why)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    enum rf_err err = rf_cert_from_pem_file(p->cert[OLD], &cert, why);
    if (err != RF_OK)
        return err;
    RF_AUTO(rf_freep) char *path = former_path(dir, cert);
    return rf_file_remove(path, why);
}

/* ---- begin ---- */

static enum rf_err make_next(const struct rf_setup_run *run, enum rf_setup_what what,
                             const struct places *p, const struct rf_secret *passphrase,
                             struct rf_setup_rotation *out, struct rf_why *why)
{
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    bool is_spare = what == RF_SETUP_SAST2;
    enum rf_err err =
        setup_identity_again(run->conf, subjects[what].cert, run->now_s, &key, &out->cert, why);
    return err == RF_OK ? setup_identity_save(key, out->cert, is_spare ? passphrase : NULL,
                                              p->key[NEXT], p->cert[NEXT], why)
                        : err;
}

/* The spare signs nothing: the lists that name the new one are the end of it. The old one stays as
 * it was when they are refused. */
static enum rf_err begin_spare(const struct rf_setup_run *run, const struct places *p,
                               struct rf_setup_rotation *out, struct rf_why *why)
{
    struct rf_why later = {0};
    enum rf_err err = copy(p->cert[NOW], p->cert[OLD], false, why);
    if (err == RF_OK)
        err = copy(p->cert[NEXT], p->cert[NOW], false, why);
    if (err == RF_OK)
        err = rf_setup_publish(run, &out->lists, why);
    if (err != RF_OK) {
        if (copy(p->cert[OLD], p->cert[NOW], false, &later) == RF_OK)
            (void)!drop(p, OLD, &later);
        (void)!drop(p, NEXT, &later);
        return err;
    }
    err = copy(p->key[NEXT], p->key[NOW], true, why);
    if (err == RF_OK)
        err = drop(p, NEXT, why);
    return err == RF_OK ? drop(p, OLD, why) : err;
}

/* The issuer stands in no list: phones do not know it. From the next start on it issues. */
static enum rf_err begin_issuer(const struct rf_setup_run *run, const struct places *p,
                                struct rf_setup_rotation *out, struct rf_why *why)
{
    enum rf_err err = former_keep(run->dir, p, why);
    if (err == RF_OK)
        err = state_save(run, out, RF_SETUP_SWITCHING, why);
    if (err == RF_OK)
        err = swap(p, NEXT, OLD, why);
    return err == RF_OK ? state_save(run, out, RF_SETUP_SWITCHED, why) : err;
}

static enum rf_err begin_overlap(const struct rf_setup_run *run, const struct places *p,
                                 struct rf_setup_rotation *out, struct rf_why *why)
{
    struct rf_why later = {0};
    enum rf_err err = state_save(run, out, RF_SETUP_OVERLAP, why);
    if (err == RF_OK)
        err = rf_setup_publish(run, &out->lists, why);
    if (err == RF_OK)
        return RF_OK;
    /* Nothing was published: as if nothing had been. */
    (void)!drop(p, NEXT, &later);
    (void)!state_drop(run, out, &later);
    return err;
}

/* One at a time; and away with what is left of a beginning that broke off. */
static enum rf_err clear_the_way(const struct rf_setup_run *run, enum rf_setup_what what,
                                 const struct places *p, struct rf_setup_rotation *out,
                                 struct rf_why *why)
{
    enum rf_err err = state_load(run->dir, out, why);
    if (err == RF_OK && !rf_fault_skips("setup.rotation-one") && out->step != RF_SETUP_NONE)
        return rf_why_set(
            why, RF_ERR_EXISTS, "rotation-active",
            "the key of %s is being changed: one at a time. `ringfence rotate status` "
            "says what is next",
            subjects[out->what].name);
    out->what = what;
    return err == RF_OK ? drop(p, NEXT, why) : err;
}

enum rf_err rf_setup_rotation_begin(const struct rf_setup_run *run, enum rf_setup_what what,
                                    const struct rf_secret *passphrase,
                                    struct rf_setup_rotation *out, struct rf_why *why)
{
    RF_AUTO(places_fini) struct places p = places_of(run->dir, what);
    enum rf_err err = clear_the_way(run, what, &p, out, why);
    if (err == RF_OK)
        err = make_next(run, what, &p, passphrase, out, why);
    rf_crash_point("rotation.begin");
    if (err == RF_OK && what == RF_SETUP_SAST2)
        err = begin_spare(run, &p, out, why);
    else if (err == RF_OK && what == RF_SETUP_LSC_ISSUER)
        err = begin_issuer(run, &p, out, why);
    else if (err == RF_OK)
        err = begin_overlap(run, &p, out, why);
    if (err == RF_OK && out->step != RF_SETUP_NONE)
        err = look_at_server(run->dir, out, why);
    return err == RF_OK ? look_at_phones(run->dir, out, why) : err;
}

enum rf_err setup_rotation_clear(const struct rf_setup_run *run, enum rf_setup_what what,
                                 struct rf_setup_rotation *out, struct rf_why *why)
{
    RF_AUTO(places_fini) struct places p = places_of(run->dir, what);
    return clear_the_way(run, what, &p, out, why);
}

enum rf_err setup_rotation_issuer(const struct rf_setup_run *run, struct rf_setup_rotation *out,
                                  struct rf_why *why)
{
    RF_AUTO(places_fini) struct places p = places_of(run->dir, RF_SETUP_LSC_ISSUER);
    enum rf_err err = begin_issuer(run, &p, out, why);
    if (err == RF_OK)
        err = look_at_server(run->dir, out, why);
    return err == RF_OK ? look_at_phones(run->dir, out, why) : err;
}

/* ---- a move ---- */

/* The lists would say nothing new, and have lost the spare. */
static enum rf_err check_other_site(const struct rf_setup_run *run, const struct rf_cert *to,
                                    struct rf_why *why)
{
    static const enum rf_site_item own[] = {RF_SITE_CERT_SAST1, RF_SITE_CERT_SAST2};
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < 2 && err == RF_OK; i++) {
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
        err = cert_load(run->dir, own[i], NULL, &cert, why);
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
    RF_AUTO(places_fini) struct places p = places_of(run->dir, RF_SETUP_MOVE);
    RF_AUTO(rf_buf_fini) struct rf_buf pem = RF_BUF(4 * RF_CERT_DER_MAX);
    enum rf_err err = check_other_site(run, to, why);
    if (err == RF_OK)
        err = clear_the_way(run, RF_SETUP_MOVE, &p, out, why);
    if (err == RF_OK && rf_cert_to_pem(to, &pem) != RF_OK)
        err = rf_why_set(why, RF_ERR_LIMIT, "cert-size", "%s: too long", rf_cert_subject(to));
    if (err == RF_OK)
        err = rf_file_replace(p.cert[NEXT], rf_buf_slice(&pem), RF_FILE_PUBLIC, why);
    rf_crash_point("rotation.begin");
    if (err == RF_OK)
        err = begin_overlap(run, &p, out, why);
    if (err != RF_OK)
        return err;
    out->cert = rf_cert_ref(to);
    return look_at_phones(run->dir, out, why);
}

/* ---- next ---- */

/* The former one out of the lists; it comes back when they are refused. */
static enum rf_err forget_old(const struct rf_setup_run *run, const struct places *p,
                              struct rf_setup_rotation *r, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf cert = {0};
    struct rf_why later = {0};
    enum rf_err err = RF_OK;
    if (rf_file_exists(p->cert[OLD]))
        err = rf_file_read(p->cert[OLD], PEM_MAX, &cert, why);
    if (err == RF_OK)
        err = rf_file_remove(p->cert[OLD], why);
    rf_crash_point("rotation.forget");
    if (err == RF_OK)
        err = rf_setup_publish(run, &r->lists, why);
    if (err != RF_OK && cert.len > 0)
        (void)!rf_file_replace(p->cert[OLD], rf_buf_slice(&cert), RF_FILE_PUBLIC, &later);
    if (err == RF_OK)
        err = rf_file_remove(p->key[OLD], why);
    return err == RF_OK ? state_drop(run, r, why) : err;
}

static enum rf_err finish(const struct rf_setup_run *run, const struct places *p,
                          struct rf_setup_rotation *r, struct rf_why *why)
{
    if (!rf_fault_skips("setup.rotation-restart") && r->wants_restart)
        return rf_why_set(
            why, RF_ERR_AGAIN, "rotation-restart",
            "ringfenced still uses the former certificate: `ringfence rotate status` says what it "
            "needs, then go on");
    enum rf_err err = must_have_all(run, r, why);
    if (err != RF_OK)
        return err;
    if (r->what != RF_SETUP_LSC_ISSUER)
        return forget_old(run, p, r, why);
    r->wants_restart = true; /* it believes the former one until then */
    err = former_forget(run->dir, p, why);
    if (err == RF_OK)
        err = drop(p, OLD, why);
    return err == RF_OK ? state_drop(run, r, why) : err;
}

/* From here on the new key is used: by the server once it takes it up; the SAST at once. */
static enum rf_err switch_over(const struct rf_setup_run *run, const struct places *p,
                               struct rf_setup_rotation *r, struct rf_why *why)
{
    enum rf_err err = state_save(run, r, RF_SETUP_SWITCHING, why);
    if (err == RF_OK)
        err = swap(p, NEXT, OLD, why);
    if (err == RF_OK)
        err = state_save(run, r, RF_SETUP_SWITCHED, why);
    if (err == RF_OK && r->what == RF_SETUP_SAST)
        err = forget_old(run, p, r, why);
    if (err == RF_OK && r->step != RF_SETUP_NONE)
        err = look_at_server(run->dir, r, why);
    return err;
}

/* What was begun may not have come to its lists. */
static enum rf_err leave_overlap(const struct rf_setup_run *run, const struct places *p,
                                 struct rf_setup_rotation *r, struct rf_why *why)
{
    struct rf_setup_run again = *run;
    again.is_forced = false; /* nothing to sign when they are there */
    enum rf_err err = RF_OK;
    if (!run->is_forced)
        err = rf_setup_publish(&again, &r->lists, why);
    if (err == RF_OK)
        err = must_have_all(run, r, why);
    rf_setup_lists_fini(&r->lists);
    return err == RF_OK ? switch_over(run, p, r, why) : err;
}

enum rf_err rf_setup_rotation_next(const struct rf_setup_run *run, struct rf_setup_rotation *out,
                                   struct rf_why *why)
{
    enum rf_err err = load_active(run, out, why);
    if (err != RF_OK)
        return err;
    if (out->what == RF_SETUP_MOVE)
        return rf_why_set(why, RF_ERR_DENIED, "move-last",
                          "phones move when they ask the other site for their lists: there is no "
                          "next step here. `ringfence rotate abort` ends it");
    RF_AUTO(places_fini) struct places p = places_of(run->dir, out->what);
    switch (out->step) {
    case RF_SETUP_NONE:
    case RF_SETUP_SWITCHED:
        err = finish(run, &p, out, why);
        break;
    case RF_SETUP_OVERLAP:
        err = leave_overlap(run, &p, out, why);
        break;
    case RF_SETUP_SWITCHING:
        err = switch_over(run, &p, out, why);
        break;
    }
    return err == RF_OK ? look_at_phones(run->dir, out, why) : err;
}

/* ---- abort ---- */

static enum rf_err nobody_has_one(const struct rf_setup_run *run, const struct places *p,
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

static enum rf_err abort_issuer(const struct rf_setup_run *run, const struct places *p,
                                struct rf_setup_rotation *r, struct rf_why *why)
{
    enum rf_err err = nobody_has_one(run, p, why);
    if (err == RF_OK)
        err = former_forget(run->dir, p, why);
    if (err == RF_OK)
        err = swap(p, OLD, NEXT, why);
    if (err == RF_OK)
        err = drop(p, NEXT, why);
    return err == RF_OK ? state_drop(run, r, why) : err;
}

/* One step back: the old one is used again, and both are in the lists. */
static enum rf_err switch_back(const struct rf_setup_run *run, const struct places *p,
                               struct rf_setup_rotation *r, struct rf_why *why)
{
    enum rf_err err = swap(p, OLD, NEXT, why);
    return err == RF_OK ? state_save(run, r, RF_SETUP_OVERLAP, why) : err;
}

static enum rf_err forget_next(const struct rf_setup_run *run, const struct places *p,
                               struct rf_setup_rotation *r, struct rf_why *why)
{
    if (!rf_fault_skips("setup.rotation-restart") && r->wants_restart)
        return rf_why_set(
            why, RF_ERR_AGAIN, "rotation-restart",
            "ringfenced still uses the new certificate: `ringfence rotate status` says what it "
            "needs, then abort");
    enum rf_err err = drop(p, NEXT, why);
    if (err == RF_OK)
        err = rf_setup_publish(run, &r->lists, why);
    return err == RF_OK ? state_drop(run, r, why) : err;
}

enum rf_err rf_setup_rotation_abort(const struct rf_setup_run *run, struct rf_setup_rotation *out,
                                    struct rf_why *why)
{
    enum rf_err err = load_active(run, out, why);
    if (err != RF_OK)
        return err;
    RF_AUTO(places_fini) struct places p = places_of(run->dir, out->what);
    rf_setup_phones_fini(&out->phones);
    if (out->step == RF_SETUP_SWITCHING) /* first to an end, then back */
        err = swap(&p, NEXT, OLD, why);
    if (err != RF_OK)
        return err;
    if (out->what == RF_SETUP_LSC_ISSUER)
        err = abort_issuer(run, &p, out, why);
    else if (out->step == RF_SETUP_OVERLAP)
        err = forget_next(run, &p, out, why);
    else
        err = switch_back(run, &p, out, why);
    return err == RF_OK ? look_at_server(run->dir, out, why) : err;
}
