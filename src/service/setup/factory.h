/* SPDX-License-Identifier: Apache-2.0 */
/* The manufacturer of software phones: a folder with a MIC root, an issuing CA under it and an
 * image-signing key; firmware for ringphone; MICs. It is never named like a real manufacturer, and
 * no real phone trusts it.
 *
 *     factory/mic-root.pem, mic-issuer.pem, image-key.pem    keys with certificates, 0600
 *     factory/image-key-next.pem                             while the key of firmware is changed
 *     factory/mic-roots.pem, image-keys.pem                  certificates: for sites and phones
 *     factory/issued/                                        lists of batches: factory_batch.h
 *
 * Thread: one; everything blocks. doc: docs/factory.md */
#ifndef SERVICE_SETUP_FACTORY_H
#define SERVICE_SETUP_FACTORY_H

#include "trust/image_keys.h"
#include "trust/key.h"
#include "wire/fwpart/fwpart.h"
#include "wire/loads/loads.h"

/** A MIC outlives the phone; the CAs outlive the MICs. */
#define RF_FACTORY_MIC_DAYS 3650
#define RF_FACTORY_CA_DAYS  7300

struct rf_factory {
    char *dir;
    struct rf_key *issuer_key;
    struct rf_cert *issuer;
    struct rf_cert *root;
    struct rf_key *image_key;
    struct rf_cert *image_cert;
    struct rf_image_keys
        image_keys; /* what phones made from now on are given, and firmware brings */
};

/** Make a factory named `org`. RF_ERR_EXISTS factory-exists; RF_ERR_DENIED factory-name for the
 * name of a real manufacturer; RF_ERR_BAD issue-name; file errors. */
RF_MUST_CHECK enum rf_err rf_factory_make(const char *dir, const char *org, int64_t now_s,
                                          struct rf_why *why);
/** RF_ERR_NOT_FOUND no-factory; codes of keys and certificates. */
RF_MUST_CHECK enum rf_err rf_factory_open(const char *dir, struct rf_factory *out,
                                          struct rf_why *why);
void rf_factory_fini(struct rf_factory *f);

/* A change of the key that signs firmware takes two steps, with a firmware after each: the first
 * tells phones the next key, still signed by the old one; the second is signed by the next key and
 * tells them that the old one counts no more. */

/** Make the next key: image-key-next.pem, and a new generation of the keys with both.
 * RF_ERR_EXISTS image-key-next: there is one. */
RF_MUST_CHECK enum rf_err rf_factory_key_next(struct rf_factory *f, int64_t now_s,
                                              struct rf_why *why);
/** From now on the next key signs, and a new generation has it alone. The old one's private key is
 * removed. RF_ERR_NOT_FOUND image-key-next: rf_factory_key_next comes first. */
RF_MUST_CHECK enum rf_err rf_factory_key_retire(struct rf_factory *f, struct rf_why *why);

struct rf_factory_firmware {
    const char *version;                     /* 1 to 32 of A-Z a-z 0-9 . _ - */
    const char *hardware;                    /* the same */
    const struct rf_fwpart_display *display; /* texts beyond the usual ones, or in their place */
    size_t display_n;
    const char *out_dir; /* made if it is not there */
};
/** Make and sign a firmware: rfapp (version, hardware, display texts), rfsnd (a ring whose pitch
 * is the version's own, and tones), once the image key was changed rfkeys, and the load list.
 * `loads` gets the list's file name, "ringphone-<version>.loads". RF_ERR_BAD firmware-version,
 * firmware-hardware; codes of fwpart and of signing. */
RF_MUST_CHECK enum rf_err rf_factory_firmware_make(const struct rf_factory *f,
                                                   const struct rf_factory_firmware *make,
                                                   char loads[RF_LOADS_NAME_MAX + 1],
                                                   struct rf_why *why);

/** A phone's key and MIC. */
struct rf_factory_mic {
    struct rf_key *key;
    struct rf_cert *cert;
};
void rf_factory_mic_fini(struct rf_factory_mic *mic);
/** With a key of RSA 2048 or on P-256; is_sha1: signed with SHA-1 (weak), as of old phones.
 * RF_ERR_BAD issue-name. */
RF_MUST_CHECK enum rf_err rf_factory_mic_make(const struct rf_factory *f, const char *device,
                                              const char *model, const char *serial_number,
                                              enum rf_key_type key_type, bool is_sha1,
                                              int64_t now_s, struct rf_factory_mic *out,
                                              struct rf_why *why);

#endif
