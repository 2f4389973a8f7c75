/* SPDX-License-Identifier: Apache-2.0 */
/* The elements we know, as a tree of tables in the order in which they are written. Reader and
 * writer both walk it, so that what is written is what is read. */
#ifndef WIRE_PHONEXML_PHONEXML_INT_H
#define WIRE_PHONEXML_PHONEXML_INT_H

#include "wire/phonexml/phonexml.h"

enum rf_phonexml_kind {
    RF_PHONEXML_GROUP,    /* elements only */
    RF_PHONEXML_ITEM,     /* a group that may repeat: each is a member of row->list */
    RF_PHONEXML_ATTR,     /* int32_t, an attribute of the item it is a child of; -1: not set */
    RF_PHONEXML_TEXT,     /* char[size] */
    RF_PHONEXML_PROTOCOL, /* char[size], "SCCP" or "SIP" */
    RF_PHONEXML_HEX,      /* char[size] */
    RF_PHONEXML_BASE64,   /* char[size] */
    RF_PHONEXML_BOOL,
    RF_PHONEXML_U16,
    RF_PHONEXML_U32,   /* or an enum */
    RF_PHONEXML_MODEL, /* loadInformation<N>: each is one of model_load */
};

/* Bits of row->flags. */
#define RF_PHONEXML_IN_STUB 1u /* may stand in the clear */
#define RF_PHONEXML_ALWAYS  2u /* written also when it is empty or has its default */
#define RF_PHONEXML_COPIED  4u /* below the root: a stub repeats it from the full document */
/* Rows with RF_PHONEXML_COPIED. */
#define RF_PHONEXML_COPIED_MAX 4

/* Where the members of a list lie in struct rf_phonexml, and in a member its name and port. */
struct rf_phonexml_list {
    const char *what; /* for messages */
    size_t count_at, items_at, item_size, max;
    size_t name_at, port_at;
    uint16_t port; /* when absent */
    bool has_priority;
};

struct rf_phonexml_row {
    const char *name;
    enum rf_phonexml_kind kind;
    unsigned flags;
    size_t at;         /* in struct rf_phonexml, or in the member when below an ITEM */
    size_t size;       /* of a text, with its NUL */
    size_t has_at;     /* of a bool in struct rf_phonexml: it was there; 0: none */
    uint32_t min, max; /* of a number */
    const struct rf_phonexml_row *child;
    size_t child_n;
    const struct rf_phonexml_list *list;
};

extern const struct rf_phonexml_row rf_phonexml_device;  /* <device> */
extern const struct rf_phonexml_row rf_phonexml_default; /* <Default> */

/* Any member of a list. */
union rf_phonexml_item {
    struct rf_phonexml_server server;
    struct rf_phonexml_capf capf;
};

/* RF_OK, or why this may not be the value of a text, protocol, hexadecimal or base64 row. Not
 * whether it is UTF-8: expat sees to that, and the writer. */
RF_MUST_CHECK enum rf_err rf_phonexml_check_text(const struct rf_phonexml_row *row,
                                                 struct rf_slice text, struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_phonexml_check_number(const struct rf_phonexml_row *row, uint64_t n,
                                                   struct rf_why *why);

/* No control byte, C1 neither. */
RF_MUST_CHECK enum rf_err rf_phonexml_check_bytes(const char *name, struct rf_slice text,
                                                  struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_phonexml_check_base64(const char *name, struct rf_slice text,
                                                   struct rf_why *why);
/* Characters of UTF-8 as XML may have them; SIZE_MAX when it is none. */
size_t rf_phonexml_chars(struct rf_slice text);
/* Escaped. */
RF_MUST_CHECK enum rf_err rf_phonexml_put_text(struct rf_buf *out, struct rf_slice text);

/* The rows with RF_PHONEXML_COPIED of one document, in its own order. */
struct rf_phonexml_copied {
    size_t n;
    const struct rf_phonexml_row *row[RF_PHONEXML_COPIED_MAX];
};

/* rf_phonexml_decode, and the order in which the copied rows stood. */
RF_MUST_CHECK enum rf_err rf_phonexml_read(struct rf_slice in, struct rf_phonexml **out,
                                           struct rf_phonexml_copied *copied, struct rf_why *why);
/* rf_phonexml_encode; with `copied` those rows only, in that order. NULL: as the table has them. */
RF_MUST_CHECK enum rf_err rf_phonexml_write(const struct rf_phonexml *c,
                                            const struct rf_phonexml_copied *copied,
                                            struct rf_buf *out, struct rf_why *why);

#endif
