/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of load lists (<load>.loads): lines that name the images of a firmware. The container
 * around it is wire/signedfile. Lists of newer families are binary and are refused here; a server
 * hands them out unread.
 *
 *     struct rf_loads l;
 *     if (rf_loads_decode(body, &l, &why) == RF_OK)
 *         for (size_t i = 0; i < l.entry_n; i++)
 *             fetch(l.entry[i].name);
 *
 * Thread: any.  Allocates: no.
 * Source: doc: docs/wire/loads.md */
#ifndef WIRE_LOADS_LOADS_H
#define WIRE_LOADS_LOADS_H

#include "base/bytes.h"

#define RF_LOADS_BYTES_MAX      16384
#define RF_LOADS_LINE_MAX       256
#define RF_LOADS_NAME_MAX       128
#define RF_LOADS_ENTRIES_MAX    64
#define RF_LOADS_CONDITIONS_MAX 16
#define RF_LOADS_VARIABLES_MAX  16
/** Hexadecimal digits of an MD5. */
#define RF_LOADS_MD5_LEN 32

/** One image. Order in the list is the order of download. */
struct rf_loads_entry {
    struct rf_slice name; /* a bare file name: no directory, no leading dot */
    bool is_optional;     /* from a "#+" line */
    bool has_digest;      /* size and md5 are there */
    uint32_t size_bytes;  /* whole file as served, header included */
    struct rf_slice md5;  /* 32 hexadecimal digits: the first 32 characters of the image's body */
};

/** "#? HW_REV 0-4.*", or NAME=value. */
struct rf_loads_pair {
    struct rf_slice name;
    struct rf_slice value;
};

/** Slices point into the input. */
struct rf_loads {
    size_t entry_n;
    struct rf_loads_entry entry[RF_LOADS_ENTRIES_MAX];
    size_t condition_n;
    struct rf_loads_pair condition[RF_LOADS_CONDITIONS_MAX];
    size_t variable_n;
    struct rf_loads_pair variable[RF_LOADS_VARIABLES_MAX];
    bool has_hardware_comp;
    uint32_t hardware_comp; /* of "#HARDWARE_COMP_1 n"; kept, otherwise ignored */
    size_t comment_n;       /* other "#" lines */
};

/**
 * Decode a payload: lines end with CRLF, LF or the end of the file; blanks at both ends of a line
 * are dropped, empty lines skipped.
 *
 * out  filled on RF_OK, zeroed otherwise; borrows from `in`.
 *
 * Returns RF_OK; RF_ERR_LIMIT loads-size, line-long, entry-count, condition-count, variable-count,
 * entry-name-long; RF_ERR_BAD control-byte (binary lists end here), entry-name, entry-size,
 * entry-md5, entry-twice, entry-fields, condition, hardware-comp.
 */
RF_MUST_CHECK enum rf_err rf_loads_decode(struct rf_slice in, struct rf_loads *out,
                                          struct rf_why *why);

/** What looks like a name of an image in bytes whose form is not known. Slices point into the
 * input.
 */
struct rf_loads_names {
    size_t n;
    struct rf_slice name[RF_LOADS_ENTRIES_MAX];
    bool is_cut; /* there were more, or the payload goes on behind RF_LOADS_BYTES_MAX */
};

/**
 * Find the names of images in the binary lists of newer families (78xx, 88xx, 89xx, 99xx): every
 * run of name bytes that ends like an image (.sbn .sebn .sb2 .sgn .bin .loads, any case), each
 * once, in order. A guess, to show to people and to keep together what came together: nothing is
 * fetched, believed or missed because of it.
 */
void rf_loads_scan(struct rf_slice in, struct rf_loads_names *out);

/**
 * Write a payload with CRLF: hardware number, conditions, entries, variables; comments are not
 * written.
 *
 * Returns RF_OK; RF_ERR_LIMIT buffer-full; RF_ERR_BAD or RF_ERR_LIMIT with the decoder's codes for
 * a name or value the decoder would refuse.
 */
RF_MUST_CHECK enum rf_err rf_loads_encode(const struct rf_loads *loads, uint8_t *buf, size_t cap,
                                          struct rf_slice *out, struct rf_why *why);

#endif
