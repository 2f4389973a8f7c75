/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfenced/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#define LOCK_FILE   "ringfenced.lock"
#define ENTRY_BYTES 65536 /* of a user or group in the system's database */

void process_confine(void)
{
    static const struct rlimit none = {0, 0};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        rf_warn(RF_CAT_MAIN, "the process could not be confined: %s", strerror(errno));
}

/* ---- one server a site ---- */

static void write_pid(int fd)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* check-bytes: a number in a lock, worth nothing after a power cut */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
        rf_warn(RF_CAT_MAIN, "%s: own number not written: %s", LOCK_FILE, strerror(errno));
}

static enum rf_err in_use(int fd, const char *path, struct rf_why *why)
{
    char text[32] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    uint64_t pid = 0;
    char who[48] = "another ringfenced";
    if (n > 0 && rf_parse_u64(rf_trim(rf_slice_of(text, (size_t)n)), 1, INT32_MAX, &pid))
        snprintf(who, sizeof who, "ringfenced %llu", (unsigned long long)pid);
    return rf_why_set(why, RF_ERR_EXISTS, "site-in-use",
                      "%s serves this site already and holds %s: stop it first", who, path);
}

enum rf_err site_lock_take(const char *run_dir, struct site_lock *out, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_strf("%s/%s", run_dir, LOCK_FILE);
    /* check-bytes: a lock that its holder opens */
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return rf_why_set(why, errno == EACCES ? RF_ERR_DENIED : RF_ERR_IO, "lock-file", "%s: %s",
                          path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        write_pid(fd);
        out->fd = fd;
        return RF_OK;
    }
    enum rf_err err = errno == EWOULDBLOCK ? in_use(fd, path, why)
                                           : rf_why_set(why, RF_ERR_IO, "lock-file", "%s: %s", path,
                                                        strerror(errno));
    close(fd);
    return err;
}

void site_lock_release(struct site_lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}

/* ---- users ---- */

enum rf_err user_become(const char *name, struct user *out, struct rf_why *why)
{
    *out = (struct user){.uid = geteuid(), .gid = getegid()};
    if (name == NULL)
        return RF_OK;
    struct passwd entry;
    struct passwd *found = NULL;
    RF_AUTO(rf_freep) char *buf = rf_new_n(char, ENTRY_BYTES);
    if (getpwnam_r(name, &entry, buf, ENTRY_BYTES, &found) != 0 || found == NULL)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "user-unknown", "there is no user %s", name);
    if (out->uid != 0 && out->uid == entry.pw_uid)
        return RF_OK;
    if (out->uid != 0)
        return rf_why_set(why, RF_ERR_DENIED, "user-change",
                          "only root can become user %s: start it as root, or without --user",
                          name);
    *out = (struct user){.uid = entry.pw_uid, .gid = entry.pw_gid, .was_root = entry.pw_uid != 0};
    if (!out->was_root)
        return RF_OK;
    if (initgroups(name, entry.pw_gid) != 0 ||
        setresgid(entry.pw_gid, entry.pw_gid, (gid_t)-1) != 0 || seteuid(entry.pw_uid) != 0)
        return rf_why_set(why, RF_ERR_DENIED, "user-change", "becoming user %s: %s", name,
                          strerror(errno));
    return RF_OK;
}

void user_raise(const struct user *user)
{
    rf_bug_on(user->was_root && seteuid(0) != 0);
}

void user_lower(const struct user *user)
{
    rf_bug_on(user->was_root && seteuid(user->uid) != 0);
}

void user_drop(struct user *user)
{
    if (!user->was_root)
        return;
    /* The C library does this for every thread of the process. */
    user_raise(user);
    rf_bug_on(setresgid(user->gid, user->gid, user->gid) != 0 ||
              setresuid(user->uid, user->uid, user->uid) != 0);
    rf_bug_on(setuid(0) == 0);
    user->was_root = false;
}

enum rf_err group_find(const char *name, gid_t *out, struct rf_why *why)
{
    struct group entry;
    struct group *found = NULL;
    RF_AUTO(rf_freep) char *buf = rf_new_n(char, ENTRY_BYTES);
    if (getgrnam_r(name, &entry, buf, ENTRY_BYTES, &found) != 0 || found == NULL)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "group-unknown",
                          "admin_group: there is no group %s", name);
    *out = entry.gr_gid;
    return RF_OK;
}

/* ---- systemd ---- */

void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = path != NULL ? strlen(path) : 0;
    if (n < 2 || n >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(to.sun_path, path, n);
    if (path[0] == '@') /* an abstract name begins with a NUL */
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (fd < 0 ||
        sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to, len) < 0)
        rf_warn(RF_CAT_MAIN, "systemd was not told %s: %s", state, strerror(errno));
    if (fd >= 0)
        close(fd);
}
