/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands about trust lists and key rotation share: opening the site, and saying which
 * phones a change would strand. */
#ifndef APP_RINGFENCE_LISTS_H
#define APP_RINGFENCE_LISTS_H

#include "app/ringfence/cmd.h"
#include "service/setup/lists.h"

/** The site of the command line as a run: --force and the time are taken over. `site` owns. Until
 * this process ends no other does the same: RF_ERR_AGAIN folder-busy. RF_ERR_DENIED role-srst: a
 * router makes no lists. */
RF_MUST_CHECK enum rf_err lists_open(const struct cmd_ctx *ctx, struct rf_site **site,
                                     struct rf_setup_run *run, struct rf_why *why);
/** {"fine", "unknown": [...], "stranded": [{"device", "code", "reason"}]} */
struct rf_json *lists_phones_json(const struct rf_setup_phones *phones);
/** Add "lists" and "phones" of a publication. */
void lists_set(struct rf_json *j, const struct rf_setup_lists *lists);
/** As cmd_refuse, with those phones that are the reason. */
int lists_refuse(const struct cmd_ctx *ctx, const char *what, const struct rf_setup_phones *phones,
                 const struct rf_why *why);
/** A new spare's passphrase: from --sast2-passphrase-file, or drawn into `drawn` (else ""). */
#define LISTS_DRAWN 40
RF_MUST_CHECK enum rf_err lists_passphrase(const struct cmd_ctx *ctx, struct rf_secret *out,
                                           char drawn[LISTS_DRAWN], struct rf_why *why);
/** Add "take_away", and "passphrase" when one was drawn. */
void lists_set_spare(struct rf_json *j, const struct cmd_ctx *ctx, const char *drawn);

#endif
