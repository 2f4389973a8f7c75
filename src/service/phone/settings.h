/* SPDX-License-Identifier: Apache-2.0 */
/* What a user does in the settings of a phone that is off: unlock them, forget the trust lists,
 * change an option, lock them again. Each leaves a status message. A phone that boots locks them.
 *
 *     err = rf_settings_unlock(dir, now_s, &why);
 *     struct rf_settings_change change = {.min_load_version = "2.0"};
 *     err = rf_settings_change(dir, &change, now_s, &why);
 *
 * All take the flash for themselves: RF_ERR_AGAIN flash-busy while the phone runs.
 * Thread: any; blocks on files. doc: docs/ringphone.md, "Settings" */
#ifndef SERVICE_PHONE_SETTINGS_H
#define SERVICE_PHONE_SETTINGS_H

#include "service/phone/flash.h"

RF_MUST_CHECK enum rf_err rf_settings_unlock(const char *dir, int64_t now_s, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_settings_lock(const char *dir, int64_t now_s, struct rf_why *why);

/** Forget CTL and ITL: the next ones are taken on first trust. RF_ERR_DENIED settings-locked.
 * Afterwards the settings are locked. */
RF_MUST_CHECK enum rf_err rf_settings_erase(const char *dir, int64_t now_s, struct rf_why *why);

/** Encrypt the private keys under a device secret; what was begun before is finished. Under another
 * one already: RF_ERR_DENIED device-secret-wrong. Back to the clear: the same, with the secret they
 * are under; device-secret-unused where there is none. */
RF_MUST_CHECK enum rf_err rf_settings_protect(const char *dir, const struct rf_secret *secret,
                                              int64_t now_s, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_settings_unprotect(const char *dir, const struct rf_secret *secret,
                                                int64_t now_s, struct rf_why *why);

/** New values; NULL leaves one as it is, "" takes one away. */
struct rf_settings_change {
    const char *min_load_version;
    const enum rf_rollback *file_rollback;
    const bool *sha512_sticks;
    const bool *allows_srst_clear;
    const char *tftp; /* HOST:PORT, checked by the caller */
};
/**
 * Change options. Another TFTP server forgets the lists too, so that those of the new one are taken
 * on first trust.
 *
 * Returns RF_OK; RF_ERR_DENIED settings-locked, floor-above (the version that runs is below the
 * floor); RF_ERR_LIMIT option-long; what verifying the running slot gives. Nothing was changed
 * then.
 */
RF_MUST_CHECK enum rf_err rf_settings_change(const char *dir,
                                             const struct rf_settings_change *change, int64_t now_s,
                                             struct rf_why *why);

#endif
