/* SPDX-License-Identifier: Apache-2.0 */
/* Whose rights a command has in a site. Root in a site that belongs to another user (the server's)
 * works in it as that user: what it writes the server can read, and a folder that another made
 * leads root nowhere that this user may not go. Reading stays root's, where the system allows it:
 * what an administrator imports may lie where only root may look.
 *
 *     err = owner_become(ctx->site, &why);      from here on the site's owner
 *     owner_raise();                            root again: what the command line names to write
 *     err = rf_file_replace(out, ...);
 *     owner_lower();
 *
 * The identity is the process's: one site a process, one thread. */
#ifndef APP_RINGFENCE_OWNER_H
#define APP_RINGFENCE_OWNER_H

#include "app/ringfence/cmd.h"
#include "service/site/site.h"

/** Nothing happens to others than root, in root's own site, and where there is no folder.
 * RF_ERR_DENIED site-owner: the system does not let us. */
RF_MUST_CHECK enum rf_err owner_become(const char *site_dir, struct rf_why *why);
/** Whoever called the command, until owner_lower. Nothing without owner_become. */
void owner_raise(void);
void owner_lower(void);

/** owner_become, and rf_site_open: how a command opens the site of its command line. */
RF_MUST_CHECK enum rf_err owner_site_open(const struct cmd_ctx *ctx, struct rf_site **out,
                                          struct rf_why *why);

#endif
