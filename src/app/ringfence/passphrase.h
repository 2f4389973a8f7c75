/* SPDX-License-Identifier: Apache-2.0 */
/* Passphrases of commands: from a file, or drawn and shown once. Never on the command line. */
#ifndef APP_RINGFENCE_PASSPHRASE_H
#define APP_RINGFENCE_PASSPHRASE_H

#include "base/err.h"
#include "base/secret.h"
#include "trust/key.h"

#define PASSPHRASE_GROUPS 6
#define PASSPHRASE_DRAWN  (PASSPHRASE_GROUPS * 6) /* bytes with the NUL */

/** Six groups of five out of 32 letters that are hard to mistake: 150 bits. */
void passphrase_draw(char out[PASSPHRASE_DRAWN]);
/** A passphrase that is set now, or was by `ringfence backup`: the text of a file or stream ("-":
 * standard input) without blanks around it. RF_ERR_BAD passphrase-short below eight characters;
 * file errors. */
RF_MUST_CHECK enum rf_err passphrase_read(const char *path, struct rf_secret *out,
                                          struct rf_why *why);

/** The private key of a PEM file, under the passphrase of another (NULL: under none). Whoever made
 * it may have chosen any: all of the text counts, but for one line end. As rf_key_load; file
 * errors. */
RF_MUST_CHECK enum rf_err passphrase_key_load(const char *pem, const char *file_or_null,
                                              struct rf_key **out, struct rf_why *why);

/** Of a file where one is named, else asked for on the terminal and not shown. RF_ERR_BAD
 * passphrase-missing: there is no terminal; passphrase-short. */
RF_MUST_CHECK enum rf_err passphrase_get(const char *path_or_null, struct rf_secret *out,
                                         struct rf_why *why);

#endif
