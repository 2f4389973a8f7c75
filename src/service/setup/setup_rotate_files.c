/* SPDX-License-Identifier: Apache-2.0 */
/* What a rotation leaves on the disc: its state, and the keys and certificates beside those in use.
 */
#include "service/setup/setup_rotate_int.h"

#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "wire/trustlist/trustlist.h"

const struct setup_subject setup_subjects[RF_SETUP_WHAT_N] = {
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

static const char *const step_names[] = {"none", "overlap", "switching", "switched",
                                         "switching-back"};
#define STEPS          (sizeof step_names / sizeof *step_names)
#define STATE_FILE_MAX 512

const char *rf_setup_what_name(enum rf_setup_what what)
{
    return setup_subjects[what].name;
}

bool rf_setup_what_parse(const char *text, enum rf_setup_what *out)
{
    for (int i = 0; i < RF_SETUP_WHAT_N; i++)
        if (strcmp(setup_subjects[i].name, text) == 0) {
            *out = (enum rf_setup_what)i;
            return true;
        }
    return false;
}

const char *rf_setup_step_name(enum rf_setup_step step)
{
    return step_names[step];
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

enum rf_err setup_rotation_state(const char *dir, struct rf_setup_rotation *r, struct rf_why *why)
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

enum rf_err setup_state_save(const struct rf_setup_run *run, struct rf_setup_rotation *r,
                             enum rf_setup_step step, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(run->dir, RF_SITE_ROTATION);
    RF_AUTO(rf_freep)
    char *text = rf_strf("what=%s\nstep=%s\nsince=%lld\n", setup_subjects[r->what].name,
                         step_names[step], (long long)run->now_s);
    enum rf_err err = rf_file_replace(path, rf_slice_str(text), RF_FILE_PUBLIC, why);
    if (err != RF_OK)
        return err;
    r->step = step;
    r->since_s = run->now_s;
    return RF_OK;
}

enum rf_err setup_state_drop(const struct rf_setup_run *run, struct rf_setup_rotation *r,
                             struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(run->dir, RF_SITE_ROTATION);
    r->step = RF_SETUP_NONE;
    r->since_s = run->now_s;
    return rf_file_remove(path, why);
}

/* ---- files ---- */

/* The key's file has its certificate behind it. */
enum rf_err setup_place_copy(const char *from, const char *to, bool is_private, struct rf_why *why)
{
    RF_AUTO(rf_buf_wipe) struct rf_buf bytes = {0};
    enum rf_err err = rf_file_read(from, SETUP_PEM_MAX, &bytes, why);
    if (err == RF_OK)
        err = rf_file_replace(to, rf_buf_slice(&bytes),
                              is_private ? RF_FILE_PRIVATE : RF_FILE_PUBLIC, why);
    return err;
}

void setup_places_fini(struct setup_places *p)
{
    for (int i = NOW; i <= OLD; i++) {
        rf_free(p->key[i]);
        rf_free(p->cert[i]);
    }
}

struct setup_places setup_places_of(const char *dir, enum rf_setup_what what)
{
    const struct setup_subject *s = &setup_subjects[what];
    return (struct setup_places){
        .key = {rf_site_path_in(dir, s->key), setup_path_beside(dir, s->key, "next"),
                setup_path_beside(dir, s->key, "old")},
        .cert = {rf_site_path_in(dir, s->cert), setup_path_beside(dir, s->cert, "next"),
                 setup_path_beside(dir, s->cert, "old")},
    };
}

enum rf_err setup_place_drop(const struct setup_places *p, int which, struct rf_why *why)
{
    enum rf_err err = rf_file_remove(p->cert[which], why);
    return err == RF_OK ? rf_file_remove(p->key[which], why) : err;
}

/* ---- lists ---- */

static bool names(const struct rf_list *list, const struct rf_cert *cert, uint16_t role)
{
    for (size_t i = 0; list != NULL && i < rf_list_n(list); i++)
        if (rf_list_role(list, i) == role && rf_list_cert(list, i) != NULL &&
            rf_cert_eq(rf_list_cert(list, i), cert))
            return true;
    return false;
}

struct setup_naming setup_naming_of(const struct rf_setup_run *run, enum rf_setup_what what,
                                    const struct rf_cert *cert)
{
    RF_AUTO(rf_lists_fini) struct rf_lists lists = {.ctl = NULL};
    uint16_t role = setup_subjects[what].role;
    bool is_for_11 = what == RF_SETUP_HTTPS;
    bool wants_itl = !is_for_11 || run->conf->list_version == RF_SITE_LISTS_11;
    bool wants_ctl = wants_itl && role != RF_TRUSTLIST_ROLE_TVS;
    setup_lists_there(run->dir, "", &lists);
    bool in_ctl = names(lists.ctl, cert, role), in_itl = names(lists.itl, cert, role);
    return (struct setup_naming){in_ctl || in_itl,
                                 (in_ctl || !wants_ctl) && (in_itl || !wants_itl)};
}

/* Nothing names what is not there, or cannot be read. */
struct setup_naming setup_naming_at(const struct rf_setup_run *run, enum rf_setup_what what,
                                    const char *cert_path)
{
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    return rf_cert_from_pem_file(cert_path, &cert, NULL) == RF_OK
               ? setup_naming_of(run, what, cert)
               : (struct setup_naming){false, false};
}
