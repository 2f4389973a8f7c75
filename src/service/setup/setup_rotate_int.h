/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the rotation of keys: setup_rotate.c (the steps), setup_spare.c (the spare, which has
 * none) and setup_rotate_files.c (what lies on the disc). */
#ifndef SERVICE_SETUP_SETUP_ROTATE_INT_H
#define SERVICE_SETUP_SETUP_ROTATE_INT_H

#include "service/setup/setup_int.h"

#define SETUP_PEM_MAX ((size_t)256 * 1024)

struct setup_subject {
    const char *name;
    enum rf_site_item key;
    enum rf_site_item cert;
    uint16_t role;
    const char *in_use; /* NULL: no server uses it */
};
extern const struct setup_subject setup_subjects[RF_SETUP_WHAT_N];

/* ---- trust/rotation ---- */

RF_MUST_CHECK enum rf_err setup_state_save(const struct rf_setup_run *run,
                                           struct rf_setup_rotation *r, enum rf_setup_step step,
                                           struct rf_why *why);
RF_MUST_CHECK enum rf_err setup_state_drop(const struct rf_setup_run *run,
                                           struct rf_setup_rotation *r, struct rf_why *why);

/* ---- keys and certificates ---- */

enum { NOW, NEXT, OLD };
struct setup_places {
    char *key[3], *cert[3]; /* in use, the coming one, the former one */
};
struct setup_places setup_places_of(const char *dir, enum rf_setup_what what);
void setup_places_fini(struct setup_places *p);
/** A key's file has its certificate behind it. */
RF_MUST_CHECK enum rf_err setup_place_copy(const char *from, const char *to, bool is_private,
                                           struct rf_why *why);
/** Remove a certificate, then its key. */
RF_MUST_CHECK enum rf_err setup_place_drop(const struct setup_places *p, int which,
                                           struct rf_why *why);

/* ---- lists ---- */

/** Which lists that lie there name a certificate: any, and all that are to? The CTL has no TVS,
 * lists of version 1.0 have no HTTPS. */
struct setup_naming {
    bool by_any, by_all;
};
struct setup_naming setup_naming_of(const struct rf_setup_run *run, enum rf_setup_what what,
                                    const struct rf_cert *cert);
/** Nothing names what is not there, or cannot be read. */
struct setup_naming setup_naming_at(const struct rf_setup_run *run, enum rf_setup_what what,
                                    const char *cert_path);

/* ---- the spare ---- */

RF_MUST_CHECK enum rf_err setup_spare_begin(const struct rf_setup_run *run,
                                            const struct setup_places *p, const struct rf_key *key,
                                            const struct rf_secret *passphrase,
                                            struct rf_setup_rotation *out, struct rf_why *why);
/** As it was before a change that broke off. */
RF_MUST_CHECK enum rf_err setup_spare_back(const struct rf_setup_run *run,
                                           const struct setup_places *p,
                                           struct rf_setup_rotation *r, struct rf_why *why);
/** Away with what is left of a change that broke off under an earlier version, which kept no state
 * for it: the spare that the lists name is the one. */
RF_MUST_CHECK enum rf_err setup_spare_clear(const struct rf_setup_run *run,
                                            const struct setup_places *p, struct rf_why *why);

#endif
