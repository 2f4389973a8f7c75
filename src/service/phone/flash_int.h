/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the flash share; private to the folder. */
#ifndef SERVICE_PHONE_FLASH_INT_H
#define SERVICE_PHONE_FLASH_INT_H

#include "service/phone/flash.h"
#include "wire/json/json.h"

/** Limit of each small JSON file. */
#define RF_FLASH_JSON_MAX ((size_t)64 * 1024)

/** Read a JSON file of the flash; codes of rf_file_read and rf_json_parse, the path in the text. */
RF_MUST_CHECK enum rf_err rf_flash_json_read(const char *path, struct rf_json **out,
                                             struct rf_why *why);
RF_MUST_CHECK enum rf_err rf_flash_json_write(const char *path, const struct rf_json *j,
                                              struct rf_why *why);
/** Are these values fit for a phone? RF_ERR_BAD flash-identity. */
RF_MUST_CHECK enum rf_err rf_flash_identity_check(const struct rf_flash_identity *id,
                                                  struct rf_why *why);
/** Key, certificate and chain as one PEM file, mode 0600. */
RF_MUST_CHECK enum rf_err rf_flash_pair_write(const struct rf_flash *flash, const char *path,
                                              const struct rf_key *key, const struct rf_cert *cert,
                                              const struct rf_cert_list *chain, struct rf_why *why);

#endif
