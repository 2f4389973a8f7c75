/* SPDX-License-Identifier: Apache-2.0 */
/* Every value of a configuration file that somebody else made: what rf_phonexml_decode reads and
 * what it passes over, so that an import can say what it did not take. Nothing is judged here but
 * the XML: the same refusals, and no entities.
 *
 * Thread: any.  Allocates inside expat. */
#ifndef WIRE_PHONEXML_PHONEXML_LEAVES_H
#define WIRE_PHONEXML_PHONEXML_LEAVES_H

#include "wire/phonexml/phonexml.h"

#define RF_PHONEXML_LEAF_PATH_MAX 512

/**
 * Call `each` for every element below the root that has text and no elements, and every attribute
 * ("@name"), in the order of the file. A path is as rf_phonexml_path takes it: "a/b[2]/c", the
 * second b of its a; the number is left out where it is 1.
 *
 * Returns RF_OK; RF_ERR_NOMEM; RF_ERR_LIMIT xml-size, xml-depth, xml-text-long, xml-path;
 * RF_ERR_BAD xml-doctype, xml-entity, xml-syntax. `each` was then called for what came before.
 */
RF_MUST_CHECK enum rf_err rf_phonexml_leaves(struct rf_slice in,
                                             void (*each)(void *arg, const char *path,
                                                          struct rf_slice value),
                                             void *arg, struct rf_why *why);

#endif
