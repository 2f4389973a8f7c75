/* SPDX-License-Identifier: Apache-2.0 */
/* Families of phones: which loads they run, which images stand in those, and which models they are.
 * One table, by the names that real files have; what it does not know is nobody's, and nothing is
 * refused for that.
 *
 * Thread: any. Pure. doc: docs/firmware.md, "Families" */
#ifndef SERVICE_SITE_FAMILIES_H
#define SERVICE_SITE_FAMILIES_H

#include "base/bytes.h"

enum rf_family_list {
    RF_FAMILY_TEXT,   /* a list that wire/loads reads */
    RF_FAMILY_BINARY, /* a list that only the phone reads */
    RF_FAMILY_NONE,   /* no list: the load is the image */
};

struct rf_family {
    const char *name;   /* "7942/62" */
    const char *loads;  /* names of loads; * stands for any text, blanks part them */
    const char *images; /* of their images */
    const char *models; /* "*": any */
    enum rf_family_list list;
};

/** By the name of a load, with or without its suffix; NULL: not known. */
const struct rf_family *rf_family_of_load(const char *load);
/** By the name of an image's file; NULL: not known, or of several families. */
const struct rf_family *rf_family_of_image(const char *file);
/** "7962", "7962G" and "CP-7962G" are the same model. */
bool rf_family_serves(const struct rf_family *family, const char *model);
/** Is it one of a list as operators write it, blanks between, x for any digit: "79xx 8831"? */
bool rf_family_model_listed(const char *patterns, const char *model);
/** The number of a model in the phone protocol and in loadInformation<N>; 0 when unknown. */
uint32_t rf_family_model_number(const char *model);
/** As call managers write it, for people: "Cisco 7962". */
void rf_family_model_name(const char *model, char name[32]);
/** Is the file, by its name, an image of a model whose loads have no list? Those may be unsigned:
 * the oldest phones know no signatures. */
bool rf_family_is_bare(const char *file);
/** How much of the security of files and signalling a model has, where that is known. A model
 * nobody knows has all of it. */
enum rf_model_can {
    RF_MODEL_CAN_NOTHING, /* asks for no trust lists and speaks no TLS */
    RF_MODEL_CAN_LISTS,   /* a CTL and TLS; verifies no files, so none can be encrypted either */
    RF_MODEL_CAN_ALL,
};
enum rf_model_can rf_family_model_can(const char *model);
/** Which digests of signed files a model verifies. doc: docs/provisioning.md, "Digests" */
enum rf_model_digests {
    RF_MODEL_DIGESTS_UNKNOWN,
    RF_MODEL_SHA1,        /* nothing else */
    RF_MODEL_SHA1_RATHER, /* late firmware knows SHA-512: to be named for the device */
    RF_MODEL_BOTH,
};
enum rf_model_digests rf_family_model_digests(const char *model);

/** The next model of a family, from *at on (0 first); false when there is none. "*" gives none. */
bool rf_family_next_model(const struct rf_family *family, size_t *at, char model[16]);

#endif
