/* SPDX-License-Identifier: Apache-2.0 */
#include "app/ringfence/owner.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As the process's identity itself: one. Zero: nobody was become. */
static struct {
    uid_t uid;
    gid_t gid;
} owner;

/* The system takes all of root's rights with root's number; the right to read comes back, unless
 * this root never had it (a container's may lack it): then opening a file says so. */
static void keep_reading(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct cap[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &head, cap) != 0)
        return;
    cap[0].effective = cap[0].permitted & (1u << CAP_DAC_READ_SEARCH);
    (void)syscall(SYS_capset, &head, cap);
}

void owner_lower(void)
{
    if (owner.uid == 0)
        return;
    rf_bug_on(setegid(owner.gid) != 0 || seteuid(owner.uid) != 0);
    keep_reading();
}

void owner_raise(void)
{
    rf_bug_on(owner.uid != 0 && (seteuid(0) != 0 || setegid(0) != 0));
}

enum rf_err owner_become(const char *site_dir, struct rf_why *why)
{
    struct stat st;
    if (geteuid() != 0 || stat(site_dir, &st) != 0 || st.st_uid == 0)
        return RF_OK;
    if (setgroups(1, &st.st_gid) != 0 || setegid(st.st_gid) != 0 || seteuid(st.st_uid) != 0)
        return rf_why_set(why, RF_ERR_DENIED, "site-owner",
                          "%s belongs to user %u, and becoming that user failed: %s", site_dir,
                          (unsigned)st.st_uid, strerror(errno));
    owner.uid = st.st_uid;
    owner.gid = st.st_gid;
    keep_reading();
    return RF_OK;
}

enum rf_err owner_site_open(const struct cmd_ctx *ctx, struct rf_site **out, struct rf_why *why)
{
    enum rf_err err = owner_become(ctx->site, why);
    return err == RF_OK ? rf_site_open(ctx->site, out, why) : err;
}
