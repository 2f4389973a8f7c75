/* SPDX-License-Identifier: Apache-2.0 */
/* The server as a process: one a site, the user it runs as, and what systemd is told. */
#ifndef APP_RINGFENCED_PROCESS_H
#define APP_RINGFENCED_PROCESS_H

#include <sys/types.h>

#include "base/err.h"

/** For all that this process will be, its signer and its threads included: no program that it might
 * start gains rights, and no core file is written, because its memory holds keys. First of all. */
void process_confine(void);

/** Held by an open file: the kernel gives it back when the process ends, however that is. */
struct site_lock {
    int fd;
};
/** RF_ERR_EXISTS site-in-use, with the other's process id. */
RF_MUST_CHECK enum rf_err site_lock_take(const char *run_dir, struct site_lock *out,
                                         struct rf_why *why);
void site_lock_release(struct site_lock *lock);

/** Whom the server runs as. When it was started as root for another user, it is that user from the
 * beginning, and root only between user_raise and user_lower: to fork the signer (which then is
 * neither of them) and to bind ports. */
struct user {
    uid_t uid;
    gid_t gid;
    bool was_root; /* may become root again until user_drop */
};
/** name NULL: stay who we are. RF_ERR_NOT_FOUND user-unknown; RF_ERR_DENIED user-change. */
RF_MUST_CHECK enum rf_err user_become(const char *name, struct user *out, struct rf_why *why);
void user_raise(const struct user *user);
void user_lower(const struct user *user);
/** For good. */
void user_drop(struct user *user);

/** Number of a group by name. RF_ERR_NOT_FOUND group-unknown. Blocking. */
RF_MUST_CHECK enum rf_err group_find(const char *name, gid_t *out, struct rf_why *why);

/** "READY=1" and the like, to systemd when it asked. */
void notify(const char *state);

#endif
