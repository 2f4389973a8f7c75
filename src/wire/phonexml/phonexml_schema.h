/* SPDX-License-Identifier: Apache-2.0 */
/* The elements a device's configuration may have: path, type, limits, words for numbers, what is
 * secret and what the server alone decides. One table, in the order in which they are written.
 *
 *     char path[RF_PHONEXML_PATH_SIZE];
 *     const struct rf_phonexml_element *e;
 *     err = rf_phonexml_path("vendorConfig/webAccess", path, &e, &why);
 *     err = rf_phonexml_value(e, rf_slice_str("disabled"), &value, &why);       gives "1"
 *
 * A path names the elements below <device>, "@name" an attribute. What may repeat has a number:
 * "member[2]"; without one the first is meant. In the table it is the most there may be.
 * Thread: any.
 * Source: doc: docs/wire/phone-configuration.md, "All elements" */
#ifndef WIRE_PHONEXML_PHONEXML_SCHEMA_H
#define WIRE_PHONEXML_PHONEXML_SCHEMA_H

#include "base/mem.h"

#define RF_PHONEXML_PATH_SIZE  128 /* bytes of a path with its NUL */
#define RF_PHONEXML_PATH_DEPTH 8
#define RF_PHONEXML_INDEX_MAX  99   /* of an element nobody knows */
#define RF_PHONEXML_VALUE_MAX  2000 /* bytes of a value */

enum rf_phonexml_type {
    RF_PHONEXML_TYPE_TEXT,   /* at most `max` characters */
    RF_PHONEXML_TYPE_BOOL,   /* true or false */
    RF_PHONEXML_TYPE_NUMBER, /* min to max */
    RF_PHONEXML_TYPE_WORDS,  /* a number that has a word: "0 enabled,1 disabled" */
    RF_PHONEXML_TYPE_ONE_OF, /* one of these texts: "Unicast,Multicast" */
    RF_PHONEXML_TYPE_HOST,   /* name or address, at most `max` characters */
    RF_PHONEXML_TYPE_URL,
    RF_PHONEXML_TYPE_FILE, /* a file's name, folders before it with "/" */
    RF_PHONEXML_TYPE_TIME, /* H:MM or HH:MM */
    RF_PHONEXML_TYPE_BASE64,
};

/* Bits of `flags`. */
#define RF_PHONEXML_SECRET 1u /* never shown, never in the clear */
#define RF_PHONEXML_MADE   2u /* the server's: nobody sets it; `words` says what does */
#define RF_PHONEXML_SIP    4u /* SIP loads only */
#define RF_PHONEXML_SCCP   8u /* SCCP loads only */

struct rf_phonexml_element {
    const char *path;
    enum rf_phonexml_type type;
    uint32_t min, max;
    const char *words;
    unsigned flags;
};

extern const struct rf_phonexml_element rf_phonexml_elements[];
extern const size_t rf_phonexml_elements_n;

/** "text", "true or false", "number" … */
const char *rf_phonexml_type_name(enum rf_phonexml_type type);

/**
 * Bring a path into its one spelling and look it up.
 *
 * element   NULL on RF_ERR_NOT_FOUND.
 *
 * Returns RF_OK; RF_ERR_BAD path-syntax, path-index; RF_ERR_NOT_FOUND path-unknown (`path` is
 * spelled all the same, every component as given).
 */
RF_MUST_CHECK enum rf_err rf_phonexml_path(const char *given, char path[RF_PHONEXML_PATH_SIZE],
                                           const struct rf_phonexml_element **element,
                                           struct rf_why *why);

/**
 * Check a value and append it as the file has it: words become their numbers. Empty is fine for
 * every element: not set.
 *
 * element   NULL: nobody knows it, any text of at most RF_PHONEXML_VALUE_MAX bytes will do.
 * out       of a secret: release it with rf_buf_wipe, room reserved.
 *
 * Returns RF_OK; RF_ERR_BAD value-control (control characters, not UTF-8), value-number,
 * value-bool, value-word, value-host, value-file, value-url, value-time, value-base64;
 * RF_ERR_LIMIT value-long. The reason never has the value of a secret.
 */
RF_MUST_CHECK enum rf_err rf_phonexml_value(const struct rf_phonexml_element *element,
                                            struct rf_slice given, struct rf_buf *out,
                                            struct rf_why *why);

/** The word for a number of RF_PHONEXML_TYPE_WORDS; empty when there is none. */
struct rf_slice rf_phonexml_word(const struct rf_phonexml_element *element, struct rf_slice value);

#endif
