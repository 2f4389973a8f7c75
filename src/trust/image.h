/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware loads of ringphone: the .loads list and its components, each a signed container under an
 * image key the phone was made with. A load is believed only when all of it is: every signature,
 * every name, and the hardware it is for.
 *
 *     struct rf_load load;
 *     err = rf_load_verify_dir("slot.b", "rf-2.loads", &keys, &want, &load, &why);
 *     ...rf_load_fini(&load);
 *
 * Components are hashed in pieces and never held whole, except the small rfapp. Thread: any;
 * the functions with paths block on files. */
#ifndef TRUST_IMAGE_H
#define TRUST_IMAGE_H

#include "trust/sigfile.h"
#include "wire/loads/loads.h"

/** A component is at most this long. */
#define RF_IMAGE_BYTES_MAX (64 * 1024 * 1024)

/** A component so named is the application: it says which firmware the load is, and for what. */
#define RF_IMAGE_APP_PREFIX "rfapp."

/** Who signed an image, and what it is. */
struct rf_image_info {
    char name[RF_LOADS_NAME_MAX + 1]; /* signed name, tag 14 */
    enum rf_digest digest;
    uint64_t file_len;
    uint64_t body_off;
    uint64_t body_len;
    char signer[65];    /* fingerprint of the image key's certificate */
    uint8_t sha256[32]; /* of the whole file */
};

/**
 * Check one container in memory: image kind, signed name, one of the keys.
 *
 * expected_name  p NULL: not compared.
 *
 * Returns RF_OK; header codes; RF_ERR_DENIED file-kind, file-name, signer-unknown (no image key has
 * that issuer and serial), digest-refused (SHA-256), key-...; RF_ERR_CRYPTO sig-mismatch.
 */
RF_MUST_CHECK enum rf_err rf_image_verify(struct rf_slice file, struct rf_slice expected_name,
                                          const struct rf_cert_list *keys,
                                          struct rf_image_info *out, struct rf_slice *body,
                                          struct rf_why *why);

/** The same from a file, read in pieces. image-size when it is longer than RF_IMAGE_BYTES_MAX. */
RF_MUST_CHECK enum rf_err rf_image_verify_path(const char *path, struct rf_slice expected_name,
                                               const struct rf_cert_list *keys,
                                               struct rf_image_info *out, struct rf_why *why);

/** What a load must be for this phone. Empty slices and NULL are not compared. */
struct rf_load_want {
    struct rf_slice hardware;    /* of rfapp; else image-hardware ("Load rejected HC") */
    struct rf_slice min_version; /* floor: image-version when rfapp's is lower (default: none) */
};

/** A verified load. Owned; release with rf_load_fini. */
struct rf_load {
    char name[RF_LOADS_NAME_MAX + 1]; /* file name of the list, "rf-2.loads" */
    struct rf_buf loads_file;         /* the list as it stands */
    struct rf_loads loads;            /* borrows from loads_file */
    struct rf_image_info list_info;
    size_t component_n;
    struct rf_image_info component[RF_LOADS_ENTRIES_MAX];
    struct rf_buf app_file;   /* the rfapp component as it stands */
    struct rf_slice app_body; /* borrows from app_file; decode with wire/fwpart */
    char version[64];         /* of rfapp */
    char hardware[64];
};
void rf_load_fini(struct rf_load *load);

/**
 * Check a .loads list in memory and decode it: the first step of an image change.
 * load->loads is then what to fetch. RF_ERR codes of rf_image_verify and rf_loads_decode;
 * RF_ERR_BAD loads-empty.
 */
RF_MUST_CHECK enum rf_err rf_load_open(struct rf_slice file, const char *name,
                                       const struct rf_cert_list *keys, struct rf_load *load,
                                       struct rf_why *why);

/**
 * Check a whole load lying in a folder: list, every component (an optional one may be missing;
 * sizes where the list has them), rfapp's hardware and version.
 *
 * Returns RF_OK; the codes above; RF_ERR_NOT_FOUND image-missing; RF_ERR_DENIED image-hardware,
 * image-version, image-size, RF_ERR_BAD image-app (no rfapp component, or unreadable). `load` is
 * empty on failure. why->text names the file and the step.
 */
RF_MUST_CHECK enum rf_err rf_load_verify_dir(const char *dir, const char *loads_name,
                                             const struct rf_cert_list *keys,
                                             const struct rf_load_want *want, struct rf_load *load,
                                             struct rf_why *why);

/** -1, 0, 1: is version a before, the same as, behind b? doc: docs/wire/firmware-components.md */
int rf_image_version_order(struct rf_slice a, struct rf_slice b);

#endif
