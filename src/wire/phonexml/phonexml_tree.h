/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration as a tree of elements, put together layer by layer: a value that is set later
 * replaces the one that is there. It remembers which layer each came from, and writes the document
 * in the order of the table.
 *
 *     RF_AUTO(rf_phonexml_tree_freep) struct rf_phonexml_tree *t = rf_phonexml_tree_new();
 *     struct rf_phonexml_leaf leaf = {.path = path, .element = e, .value = value, .layer = 2};
 *     err = rf_phonexml_tree_set(t, &leaf, &why);
 *     err = rf_phonexml_tree_encode(t, RF_PHONEXML_SECRETS_LEFT_OUT, &out, &why);
 *
 * Values are wiped when the tree goes. Thread: any; a tree belongs to one thread at a time. */
#ifndef WIRE_PHONEXML_PHONEXML_TREE_H
#define WIRE_PHONEXML_PHONEXML_TREE_H

#include "wire/phonexml/phonexml_schema.h"

#define RF_PHONEXML_LEAVES_MAX 1024

struct rf_phonexml_tree;

struct rf_phonexml_leaf {
    const char *path;                          /* as rf_phonexml_path spells it */
    const struct rf_phonexml_element *element; /* NULL: nobody knows it */
    struct rf_slice value;                     /* empty: not set, whatever layers below say */
    bool is_secret;
    const char *label; /* of a secret: stands for it where the value may not; may be NULL */
    unsigned layer;    /* the caller's number */
};

struct rf_phonexml_tree *rf_phonexml_tree_new(void);
void rf_phonexml_tree_free(struct rf_phonexml_tree *t);
void rf_phonexml_tree_freep(struct rf_phonexml_tree **t);

/** Set a value; all of `leaf` is copied. RF_ERR_LIMIT tree-full; RF_ERR_BAD path-group (the path
 * ends at a group of elements, or goes through a value), value-long. */
RF_MUST_CHECK enum rf_err rf_phonexml_tree_set(struct rf_phonexml_tree *t,
                                               const struct rf_phonexml_leaf *leaf,
                                               struct rf_why *why);
/** What was set, also when it is empty; NULL when nothing was. Valid until it is set again. */
const struct rf_phonexml_leaf *rf_phonexml_tree_find(const struct rf_phonexml_tree *t,
                                                     const char *path);
/** Every value that was set, in the order of the document. */
void rf_phonexml_tree_each(const struct rf_phonexml_tree *t,
                           void (*each)(void *arg, const struct rf_phonexml_leaf *leaf), void *arg);

enum rf_phonexml_secrets {
    RF_PHONEXML_SECRETS_WRITTEN,
    RF_PHONEXML_SECRETS_LEFT_OUT, /* as if they were not set */
    RF_PHONEXML_SECRETS_LABELLED, /* their labels, to tell one document from another */
};

/**
 * Append the document. The same values give the same bytes. A group without a value is left out.
 *
 * out   with secrets written: reserve room before, since growing leaves copies behind, and release
 *       it wiped.
 *
 * Returns RF_OK; RF_ERR_LIMIT (out->max), RF_ERR_NOMEM. Nothing is appended then.
 */
RF_MUST_CHECK enum rf_err rf_phonexml_tree_encode(const struct rf_phonexml_tree *t,
                                                  enum rf_phonexml_secrets secrets,
                                                  struct rf_buf *out, struct rf_why *why);

#endif
