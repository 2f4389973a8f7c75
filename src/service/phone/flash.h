/* SPDX-License-Identifier: Apache-2.0 */
/* The flash of one software phone: a folder with all that a phone keeps when it is off. Where
 * things lie in it, and how each is read and replaced. What is written here was verified before;
 * nothing here judges a signature, except that rf_flash_create makes no phone that would not boot.
 *
 *     RF_AUTO(rf_flash_freep) struct rf_flash *flash = NULL;
 *     if (rf_flash_open("phones/SEP001122334455", &flash, &why) != RF_OK) ...
 *     err = rf_flash_boot_read(flash, &boot, &why);
 *
 * Every file is replaced whole and durably or not at all, so that power may fail at any point.
 * Thread: any, one at a time per phone. Everything here blocks on files.
 * doc: docs/ringphone.md */
#ifndef SERVICE_PHONE_FLASH_H
#define SERVICE_PHONE_FLASH_H

#include "base/mem.h"
#include "net/address.h"
#include "trust/image_keys.h"
#include "trust/key.h"
#include "trust/lists.h"
#include "wire/loads/loads.h"

/* X(symbol, path below the flash folder, kind) */
#define RF_FLASH_ITEMS(X)                                                                          \
    X(IDENTITY, "identity.json", FILE)    /* device name, model, serial number, hardware */        \
    X(MIC, "mic.pem", PRIVATE)            /* key, certificate and its issuing chain */             \
    X(IMAGE_KEYS, "image-keys.pem", FILE) /* whose keys sign firmware: trust/image_keys.h */       \
    X(SLOT_A, "slot.a", DIR)              /* a load: its .loads list and components */             \
    X(SLOT_B, "slot.b", DIR)                                                                       \
    X(BOOT, "boot.json", FILE) /* which slot runs, and what lies in each */                        \
    X(CTL, "CTLFile.tlv", FILE)                                                                    \
    X(ITL, "ITLFile.tlv", FILE)                                                                    \
    X(CONFIG, "config.cnf.xml.sgn", FILE)      /* the last verified one: boot_seal.c */            \
    X(LSC, "lsc.pem", PRIVATE)                 /* key and certificate: replaced as one */          \
    X(LSC_PENDING, "lsc-pending.pem", PRIVATE) /* key that waits for its certificate */            \
    X(STATE, "state.json", FILE)               /* struct rf_flash_state */                         \
    X(STATUS, "status.json", FILE)             /* status messages */                               \
    X(OPTIONS, "options.json", FILE)           /* struct rf_flash_options */                       \
    X(UNLOCKED, "unlocked.json", FILE)         /* the settings may be changed: since when */       \
    X(FILES, "files", DIR)                     /* ring lists, locales ...: each in its envelope */

enum rf_flash_item {
#define RF_FLASH_ENUM(symbol, path, kind) RF_FLASH_##symbol,
    RF_FLASH_ITEMS(RF_FLASH_ENUM)
#undef RF_FLASH_ENUM
        RF_FLASH_ITEM_N
};

/** What the phone was made as; never changes. */
struct rf_flash_identity {
    char device[16];        /* SEP and 12 upper-case hex digits */
    char model[21];         /* as in CP-<model>-SEP...: 1 to 20 of A-Z a-z 0-9 . _ - */
    char serial_number[33]; /* 1 to 32 of the same */
    char hardware[64];      /* hardware id: firmware for another is refused; same characters */
};

struct rf_flash {
    char *dir;
    struct rf_flash_identity identity;
    bool is_locked;
    int lock_fd; /* while is_locked */
    bool has_secret;
    struct rf_secret secret; /* private keys are read and written under it */
};

/** Open a phone's folder: reads the identity, and sees to it that no private file can be read by
 * others. RF_ERR_NOT_FOUND no-flash; RF_ERR_DENIED key-mode, key-kind; RF_ERR_BAD flash-identity.
 */
RF_MUST_CHECK enum rf_err rf_flash_open(const char *dir, struct rf_flash **out, struct rf_why *why);
/** Keep every other phone, and who would change what a phone has read, away from this flash until
 * rf_flash_free. Pages that only read do without. RF_ERR_AGAIN flash-busy. */
RF_MUST_CHECK enum rf_err rf_flash_lock(struct rf_flash *flash, struct rf_why *why);
/** The private keys of this flash are encrypted under a device secret: use it from now on. NULL:
 * they are not. RF_ERR_DENIED device-secret (it is missing), device-secret-unused (there is one,
 * and the keys lie in the clear: `ringphone protect`). A wrong one is noticed by the first key that
 * is read: RF_ERR_DENIED device-secret-wrong. Opening a key is slow, on purpose. */
RF_MUST_CHECK enum rf_err rf_flash_use_secret(struct rf_flash *flash,
                                              const struct rf_secret *secret, struct rf_why *why);
/** Write all private keys anew under this secret (NULL: in the clear), one file after the other:
 * the MIC is the first to be encrypted and the last to be opened, so that a folder with any key
 * under a secret asks for it. After a power cut in the middle the same call finishes it. The flash
 * has the secret they are under now. */
RF_MUST_CHECK enum rf_err rf_flash_protect(struct rf_flash *flash, const struct rf_secret *to,
                                           struct rf_why *why);
/** Is there a private key that only a secret opens? */
bool rf_flash_is_protected(const struct rf_flash *flash);
/** Remove what a power cut left half written. Only the phone itself does this, when it boots and
 * holds the lock: to others such a file may be one that is being written now. */
RF_MUST_CHECK enum rf_err rf_flash_sweep(const struct rf_flash *flash, struct rf_why *why);
void rf_flash_free(struct rf_flash *flash);
void rf_flash_freep(struct rf_flash **flash);
/** Full path of an item, a new string (rf_free). */
char *rf_flash_path(const struct rf_flash *flash, enum rf_flash_item item);
/** Below the flash folder, e.g. "mic.pem". */
const char *rf_flash_item_path(enum rf_flash_item item);

/** A phone as it leaves the factory. Everything is borrowed for the call. */
struct rf_flash_make {
    struct rf_flash_identity identity;
    const struct rf_key *mic_key;
    const struct rf_cert *mic;
    const struct rf_cert_list *mic_chain; /* issuing certificates; may be NULL */
    const struct rf_image_keys *image_keys;
    const char *load_dir;   /* the first firmware: every file of this folder goes into slot A */
    const char *loads_name; /* its list in that folder, "rf-1.loads" */
    const struct rf_secret *secret; /* the MIC's key is written under it; NULL: in the clear */
};
/**
 * Make a phone's folder (mode 0700).
 *
 * Returns RF_OK; RF_ERR_EXISTS flash-exists (a phone lies there: it is not touched); RF_ERR_BAD
 * flash-identity; RF_ERR_DENIED name-mismatch (the MIC is another device's), key-cert-mismatch;
 * what rf_load_verify_dir says of the firmware; file errors. A folder that was begun stays, and
 * the next call with the same folder finishes it: the identity is written last.
 */
RF_MUST_CHECK enum rf_err rf_flash_create(const char *dir, const struct rf_flash_make *make,
                                          struct rf_why *why);

/* Firmware slots. */

enum rf_flash_slot { RF_FLASH_A, RF_FLASH_B };
/** "A", "B". */
const char *rf_flash_slot_name(enum rf_flash_slot slot);
enum rf_flash_slot rf_flash_slot_other(enum rf_flash_slot slot);

/** Which slot boots, and the list ("rf-1.loads") of each; "" is an empty slot. One file, so that a
 * switch is one replacement. */
struct rf_flash_boot {
    enum rf_flash_slot active;
    char loads[2][RF_LOADS_NAME_MAX + 1];
};
/** RF_ERR_NOT_FOUND file-not-found, RF_ERR_BAD flash-boot. */
RF_MUST_CHECK enum rf_err rf_flash_boot_read(const struct rf_flash *flash,
                                             struct rf_flash_boot *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_flash_boot_write(const struct rf_flash *flash,
                                              const struct rf_flash_boot *boot, struct rf_why *why);
/** The folder of a slot, a new string (rf_free). */
char *rf_flash_slot_dir(const struct rf_flash *flash, enum rf_flash_slot slot);
/** Remove what lies in a slot. Never of the active one: RF_ERR_DENIED slot-active. */
RF_MUST_CHECK enum rf_err rf_flash_slot_clear(const struct rf_flash *flash, enum rf_flash_slot slot,
                                              struct rf_why *why);
/** Write one file of a load. Not into the active slot (slot-active); RF_ERR_BAD flash-name for a
 * name with a directory or a leading dot. */
RF_MUST_CHECK enum rf_err rf_flash_slot_write(const struct rf_flash *flash, enum rf_flash_slot slot,
                                              const char *name, struct rf_slice bytes,
                                              struct rf_why *why);
/** The keys that sign firmware. RF_ERR_NOT_FOUND, RF_ERR_IO; codes of rf_image_keys_decode. */
RF_MUST_CHECK enum rf_err rf_flash_image_keys(const struct rf_flash *flash,
                                              struct rf_image_keys *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_flash_image_keys_write(const struct rf_flash *flash,
                                                    const struct rf_image_keys *keys,
                                                    struct rf_why *why);

/* Certificates with their keys. */

struct rf_flash_pair {
    struct rf_key *key;
    struct rf_cert *cert;
    struct rf_cert_list chain; /* behind the certificate in the file */
};
void rf_flash_pair_fini(struct rf_flash_pair *pair);

/** RF_ERR_NOT_FOUND; RF_ERR_DENIED key-cert-mismatch; codes of the PEM readers. */
RF_MUST_CHECK enum rf_err rf_flash_mic_load(const struct rf_flash *flash, struct rf_flash_pair *out,
                                            struct rf_why *why);
/** RF_ERR_NOT_FOUND file-not-found: no LSC is installed. */
RF_MUST_CHECK enum rf_err rf_flash_lsc_load(const struct rf_flash *flash, struct rf_flash_pair *out,
                                            struct rf_why *why);
/** Put a new LSC in place of the old one, key and certificate in one replacement, and forget the
 * pending key. RF_ERR_DENIED key-cert-mismatch: the old one stays. `chain` may be NULL. */
RF_MUST_CHECK enum rf_err rf_flash_lsc_store(const struct rf_flash *flash, const struct rf_key *key,
                                             const struct rf_cert *cert,
                                             const struct rf_cert_list *chain, struct rf_why *why);
/** Delete the LSC; none there is fine. */
RF_MUST_CHECK enum rf_err rf_flash_lsc_remove(const struct rf_flash *flash, struct rf_why *why);
/** The key of an enrolment under way. RF_ERR_NOT_FOUND when there is none. */
RF_MUST_CHECK enum rf_err rf_flash_pending_load(const struct rf_flash *flash, struct rf_key **out,
                                                struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_flash_pending_store(const struct rf_flash *flash,
                                                 const struct rf_key *key, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_flash_pending_remove(const struct rf_flash *flash, struct rf_why *why);

#define RF_FLASH_CONFIG_MAX ((size_t)128 * 1024)
/* As it is stored: boot_seal.c adds a head. */
#define RF_FLASH_STORED_MAX (RF_FLASH_CONFIG_MAX + 64)

/* Files that were verified. `out` owns the bytes on RF_OK; RF_ERR_NOT_FOUND when there is none. */

RF_MUST_CHECK enum rf_err rf_flash_list_read(const struct rf_flash *flash, enum rf_list_kind kind,
                                             struct rf_buf *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_flash_list_write(const struct rf_flash *flash, enum rf_list_kind kind,
                                              struct rf_slice bytes, struct rf_why *why);
/** Delete both lists: the next ones are taken on first trust. Only the user does this; the mode the
 * phone was told stays. */
RF_MUST_CHECK enum rf_err rf_flash_lists_erase(const struct rf_flash *flash, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_flash_config_read(const struct rf_flash *flash, struct rf_buf *out,
                                               struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_flash_config_write(const struct rf_flash *flash, struct rf_slice bytes,
                                                struct rf_why *why);

/* Files beside the configuration, by the name they are asked for without ".sgn". RF_ERR_BAD
 * flash-name for what is no such name. */

RF_MUST_CHECK enum rf_err rf_flash_file_read(const struct rf_flash *flash, const char *name,
                                             size_t max, struct rf_buf *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_flash_file_write(const struct rf_flash *flash, const char *name,
                                              struct rf_slice bytes, struct rf_why *why);
bool rf_flash_file_exists(const struct rf_flash *flash, const char *name);
RF_MUST_CHECK enum rf_err rf_flash_file_remove(const struct rf_flash *flash, const char *name,
                                               struct rf_why *why);
typedef enum rf_err (*rf_flash_file_each)(void *arg, const char *name);
RF_MUST_CHECK enum rf_err rf_flash_files_each(const struct rf_flash *flash, rf_flash_file_each each,
                                              void *arg, struct rf_why *why);

/** Who signed with SHA-512 is remembered for so many signers. */
#define RF_FLASH_STRONG_MAX 8

/** What the phone knows about what it stored. */
struct rf_flash_state {
    uint32_t mode;          /* deviceSecurityMode of the last verified device file; 0: none yet */
    char config_sha256[65]; /* of the stored configuration; "": none that is signed */
    uint32_t config_timestamp; /* of the header of the last signed one; 0: none */
    char config_signer[65];    /* fingerprint of who signed that; "": not known */
    bool is_encrypted;         /* it came as .enc.sgn: that is asked for first */
    /* The stored one is vouched for by TLS: since when that is known to be in force (0: it is
     * signed), and the digest of its content. */
    uint32_t vouched_s;
    char vouched_sha256[65];
    size_t strong_n;
    char strong[RF_FLASH_STRONG_MAX][65]; /* fingerprints of who signed a file with SHA-512 */
};
/** A missing file is an empty state. RF_ERR_BAD flash-state. */
RF_MUST_CHECK enum rf_err rf_flash_state_read(const struct rf_flash *flash,
                                              struct rf_flash_state *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_flash_state_write(const struct rf_flash *flash,
                                               const struct rf_flash_state *state,
                                               struct rf_why *why);

/* Options of the phone, which its user may set once the settings are unlocked. */

#define RF_FLASH_VERSION_SIZE 64

struct rf_flash_options {
    char min_load_version[RF_FLASH_VERSION_SIZE]; /* firmware below it is not taken; "": no floor */
    enum rf_rollback file_rollback;               /* lists, configurations and other files */
    bool sha512_sticks;     /* who signed with SHA-512 once is not believed with SHA-1 any more */
    bool allows_srst_clear; /* a router without a certificate may be talked to in the clear */
    char tftp[RF_ADDRESS_TEXT_MAX + 8]; /* HOST:PORT in place of the one it is told; "": none */
};
/** A missing file is the defaults. RF_ERR_BAD flash-options, RF_ERR_IO. */
RF_MUST_CHECK enum rf_err rf_flash_options_read(const struct rf_flash *flash,
                                                struct rf_flash_options *out, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_flash_options_write(const struct rf_flash *flash,
                                                 const struct rf_flash_options *options,
                                                 struct rf_why *why);
/** "off", "warn", "reject". */
const char *rf_rollback_name(enum rf_rollback rollback);
RF_MUST_CHECK bool rf_rollback_parse(const char *word, enum rf_rollback *out);

/** The settings stay open so long, unless the phone boots or they are locked before. */
#define RF_FLASH_UNLOCKED_S 600
/** As the keys **# in the settings menu of a real phone do. */
RF_MUST_CHECK enum rf_err rf_flash_settings_unlock(const struct rf_flash *flash, int64_t now_s,
                                                   struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_flash_settings_lock(const struct rf_flash *flash, struct rf_why *why);
bool rf_flash_settings_are_open(const struct rf_flash *flash, int64_t now_s);
/** RF_OK, or RF_ERR_DENIED settings-locked. */
RF_MUST_CHECK enum rf_err rf_flash_settings_check(const struct rf_flash *flash, int64_t now_s,
                                                  struct rf_why *why);

/* Status messages: the latest 30, viewable before start-up has finished. */

#define RF_FLASH_STATUS_MAX      30
#define RF_FLASH_STATUS_TEXT_MAX 192

struct rf_flash_message {
    int64_t at_s;
    char text[RF_FLASH_STATUS_TEXT_MAX];
};
struct rf_flash_status {
    size_t n;
    struct rf_flash_message message[RF_FLASH_STATUS_MAX]; /* oldest first */
};
/** A missing or damaged file holds no messages. */
void rf_flash_status_read(const struct rf_flash *flash, struct rf_flash_status *out);
RF_MUST_CHECK enum rf_err rf_flash_status_add(const struct rf_flash *flash, int64_t at_s,
                                              const char *text, struct rf_why *why);

#endif
