/* SPDX-License-Identifier: Apache-2.0 */
/* The small documents beside a configuration: ring lists and lists of background images, which name
 * further files, and others of which a phone has to know only that they are what they should be.
 * Read only bytes whose signature was verified before.
 *
 *     RF_AUTO(rf_freep) struct rf_phonelist *list = rf_new(struct rf_phonelist);
 *     if (rf_phonelist_decode(body, RF_PHONELIST_RINGS, list, &why) == RF_OK)
 *         fetch(list->item[0].file);
 *
 * Thread: any. Allocates inside expat.
 * Source: doc: docs/wire/phone-configuration.md, "The files beside it" */
#ifndef WIRE_PHONEXML_PHONELIST_H
#define WIRE_PHONEXML_PHONELIST_H

#include "base/mem.h"

#define RF_PHONELIST_BYTES_MAX 65536
#define RF_PHONELIST_MAX       50 /* rings, or images: what real phones take */
/** A name of a file with its folders, "New_Zealand/g3-tones.xml". */
#define RF_PHONELIST_NAME_SIZE 129

enum rf_phonelist_kind {
    RF_PHONELIST_RINGS,  /* CiscoIPPhoneRingList */
    RF_PHONELIST_IMAGES, /* CiscoIPPhoneImageList */
};

struct rf_phonelist_item {
    char title[65];                     /* of a ring; else "" */
    char file[RF_PHONELIST_NAME_SIZE];  /* the ring, or the image */
    char small[RF_PHONELIST_NAME_SIZE]; /* of an image: its picture in the menu; else "" */
};
struct rf_phonelist {
    size_t n;
    struct rf_phonelist_item item[RF_PHONELIST_MAX];
};

/** May this be the name of a file that a phone asks for? Folders and name of letters, digits, blank
 * and . _ - + ( ), none empty, none beginning with a dot or a blank. */
bool rf_phonelist_name_fits(struct rf_slice name);

/**
 * Decode a list. Entries without a file are passed over; "TFTP:" in front of an image's name, as
 * real lists have it, is taken off.
 *
 * Returns RF_OK; RF_ERR_NOMEM; RF_ERR_LIMIT xml-size, xml-depth, list-count, value-long; RF_ERR_BAD
 * xml-doctype, xml-entity, xml-syntax, root-unknown, value-file. `out` is zeroed then.
 */
RF_MUST_CHECK enum rf_err rf_phonelist_decode(struct rf_slice in, enum rf_phonelist_kind kind,
                                              struct rf_phonelist *out, struct rf_why *why);

/** Is this a well-formed document whose root is one of these (NULL at the end; NULL: any)? At most
 * `max` bytes. Codes as above. */
RF_MUST_CHECK enum rf_err rf_phonelist_check(struct rf_slice in, size_t max,
                                             const char *const *roots, struct rf_why *why);

#endif
