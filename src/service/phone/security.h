/* SPDX-License-Identifier: Apache-2.0 */
/* The security page of a phone, read from its flash whether it runs or not: mode, firmware, trust
 * lists with what stands in them, certificates. It shows what the phone would believe: each thing
 * is checked as the phone checks it at boot, and what does not hold is shown with its reason.
 *
 *     RF_AUTO(rf_security_freep) struct rf_security *page = NULL;
 *     if (rf_security_read("phones/SEP001122334455", &page, &why) == RF_OK)
 *         json = rf_security_json(page);
 *
 * Thread: any. Blocks on files and signatures. */
#ifndef SERVICE_PHONE_SECURITY_H
#define SERVICE_PHONE_SECURITY_H

#include "service/phone/flash.h"
#include "wire/json/json.h"
#include "wire/phonexml/phonelist.h"
#include "wire/phonexml/phonexml.h"

/** One firmware slot. */
struct rf_security_slot {
    char load[RF_LOADS_NAME_MAX + 1]; /* its list; "": empty */
    bool is_verified;
    char version[64];
    char signer[65];   /* fingerprint of the image key */
    struct rf_why why; /* when it is not verified */
};

/** One trust list. */
struct rf_security_list {
    bool is_installed;
    struct rf_list *list; /* NULL when it is not there, or does not verify */
    struct rf_why why;
};

/** A file beside the configuration. */
struct rf_security_file {
    char name[RF_PHONELIST_NAME_SIZE];
    bool is_verified;
    char signer[65];
    char sha256[65]; /* of what is in its envelope */
    struct rf_why why;
};
#define RF_SECURITY_FILES_MAX 200

struct rf_security {
    struct rf_flash_identity identity;
    struct rf_image_keys image_keys; /* list.n 0: damaged, see the slots */
    struct rf_flash_options options;
    struct rf_why options_why;
    bool is_unlocked;  /* the settings */
    bool is_protected; /* the private keys are encrypted under a device secret */
    uint32_t mode;     /* deviceSecurityMode of the last verified device file; 0: none yet */
    enum rf_flash_slot active;
    struct rf_security_slot slot[2];
    struct rf_security_list list[2]; /* by enum rf_list_kind */
    struct rf_cert *mic;             /* NULL: damaged, see why */
    struct rf_why mic_why;
    struct rf_cert *lsc; /* NULL: not installed, or damaged */
    struct rf_why lsc_why;
    bool is_lsc_pending;        /* a key waits for its certificate */
    struct rf_phonexml *config; /* the stored one; NULL: none, or not used */
    struct rf_why config_why;
    size_t file_n;
    struct rf_security_file file[RF_SECURITY_FILES_MAX];
};

/** `secret`: of the device, where its keys are encrypted; without it (NULL) its certificates are
 * shown and their keys not looked at. RF_ERR_ codes of rf_flash_open; what is damaged behind that
 * is in the page. */
RF_MUST_CHECK enum rf_err rf_security_read(const char *dir, const struct rf_secret *secret,
                                           struct rf_security **out, struct rf_why *why);
void rf_security_free(struct rf_security *page);
void rf_security_freep(struct rf_security **page);

/** "Non-secure", "Authenticated", "Encrypted", or "Not known". */
const char *rf_security_mode_name(uint32_t mode);
/** What the configuration says of the phone's web pages and of its settings: "on", "off", "read
 * only", "not said"; "full", "none", "preferences only". */
const char *rf_security_web_name(const struct rf_phonexml *config);
const char *rf_security_settings_name(const struct rf_phonexml *config);
/** The page as an object; the caller's. */
struct rf_json *rf_security_json(const struct rf_security *page);
/** The page as lines for people. */
RF_MUST_CHECK enum rf_err rf_security_text(const struct rf_security *page, struct rf_buf *out);

#endif
