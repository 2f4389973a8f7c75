/* SPDX-License-Identifier: Apache-2.0 */
/* A user brings firmware to a phone that is off: the same checks, in the same code, as for firmware
 * that comes over the network. It is also the way out when neither slot verifies any more.
 *
 *     const char *paths[] = {"firmware-2"};      a folder, or a .loads list and its components
 *     err = rf_phone_install("phones/SEP001122334455", paths, 1, now_s, &done, &why);
 *
 * Thread: any; blocks on files and signatures. doc: docs/ringphone.md, "Firmware" */
#ifndef SERVICE_PHONE_INSTALL_H
#define SERVICE_PHONE_INSTALL_H

#include "service/phone/flash.h"

struct rf_phone_installed {
    char load[RF_LOADS_NAME_MAX + 1]; /* file name of its list */
    char version[64];
    char signer[65]; /* fingerprint of the key that signed the list */
    enum rf_flash_slot slot;
};

/**
 * Install a load into the slot that does not boot, and let that one boot.
 *
 * paths  files and folders. Among them is one .loads list; its components are looked for by name
 *        among the files, in the folders, and beside the list.
 *
 * Returns RF_OK; RF_ERR_AGAIN flash-busy (the phone runs); RF_ERR_NOT_FOUND install-list (no list),
 * image-missing; RF_ERR_BAD install-lists (more than one); what is said of a load from the network.
 * A refusal leaves a status message and nothing else.
 */
RF_MUST_CHECK enum rf_err rf_phone_install(const char *dir, const char *const *paths, size_t n,
                                           int64_t now_s, struct rf_phone_installed *out,
                                           struct rf_why *why);

#endif
