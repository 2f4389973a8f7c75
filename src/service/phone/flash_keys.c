/* SPDX-License-Identifier: Apache-2.0 */
/* MIC, LSC and the key of an enrolment under way. A key never leaves a file without its
 * certificate fitting it, and a buffer that held one is wiped. */
#include "service/phone/flash_int.h"

#include "base/faults.h"
#include "base/file.h"

enum rf_err rf_flash_pair_write(const char *path, const struct rf_key *key,
                                const struct rf_cert *cert, const struct rf_cert_list *chain,
                                struct rf_why *why)
{
    if (!rf_fault_skips("flash.key-match") && !rf_key_matches(key, cert))
        return rf_why_set(why, RF_ERR_DENIED, "key-cert-mismatch",
                          "%s: the certificate %s is not for the phone's key; nothing was stored",
                          path, rf_cert_short(cert));
    RF_AUTO(rf_buf_wipe) struct rf_buf pem = RF_BUF((size_t)256 * 1024);
    enum rf_err err = rf_key_to_pem(key, NULL, &pem, why);
    if (err == RF_OK)
        err = rf_cert_to_pem(cert, &pem);
    for (size_t i = 0; chain != NULL && i < chain->n && err == RF_OK; i++)
        err = rf_cert_to_pem(chain->cert[i], &pem);
    if (err != RF_OK)
        return rf_why_set(why, err, "flash-io", "%s: the certificate could not be written", path);
    return rf_file_replace(path, rf_buf_slice(&pem), RF_FILE_PRIVATE, why);
}

void rf_flash_pair_fini(struct rf_flash_pair *pair)
{
    rf_key_free(pair->key);
    rf_cert_unref(pair->cert);
    rf_cert_list_fini(&pair->chain);
    *pair = (struct rf_flash_pair){0};
}

static enum rf_err pair_load(const char *path, struct rf_flash_pair *out, struct rf_why *why)
{
    struct rf_flash_pair pair = {0};
    struct rf_cert_list all = {0};
    enum rf_err err = rf_key_load(path, NULL, &pair.key, why);
    if (err == RF_OK)
        err = rf_certs_from_pem_file(path, &all, why);
    if (err == RF_OK && !rf_key_matches(pair.key, all.cert[0]))
        err = rf_why_set(why, RF_ERR_DENIED, "key-cert-mismatch",
                         "%s: key and certificate do not belong together", path);
    if (err == RF_OK) {
        pair.cert = rf_cert_ref(all.cert[0]);
        for (size_t i = 1; i < all.n; i++)
            pair.chain.cert[pair.chain.n++] = rf_cert_ref(all.cert[i]);
        *out = pair;
    } else {
        rf_flash_pair_fini(&pair);
    }
    rf_cert_list_fini(&all);
    /* A file without a key in it is damaged, not absent. */
    return err == RF_ERR_NOT_FOUND && rf_file_exists(path) ? RF_ERR_BAD : err;
}

enum rf_err rf_flash_mic_load(const struct rf_flash *flash, struct rf_flash_pair *out,
                              struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_MIC);
    return pair_load(path, out, why);
}

enum rf_err rf_flash_lsc_load(const struct rf_flash *flash, struct rf_flash_pair *out,
                              struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_LSC);
    if (!rf_file_exists(path))
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-not-found", "no LSC is installed");
    return pair_load(path, out, why);
}

enum rf_err rf_flash_lsc_store(const struct rf_flash *flash, const struct rf_key *key,
                               const struct rf_cert *cert, const struct rf_cert_list *chain,
                               struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_LSC);
    enum rf_err err = rf_flash_pair_write(path, key, cert, chain, why);
    /* The new pair is in use from here on: a key that waited and cannot be removed does no harm,
     * and does not make it a failure. */
    if (err == RF_OK)
        (void)!rf_flash_pending_remove(flash, NULL);
    return err;
}

enum rf_err rf_flash_lsc_remove(const struct rf_flash *flash, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_LSC);
    return rf_file_remove(path, why);
}

enum rf_err rf_flash_pending_load(const struct rf_flash *flash, struct rf_key **out,
                                  struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_LSC_PENDING);
    return rf_key_load(path, NULL, out, why);
}

enum rf_err rf_flash_pending_store(const struct rf_flash *flash, const struct rf_key *key,
                                   struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_LSC_PENDING);
    return rf_key_save(key, path, NULL, NULL, why);
}

enum rf_err rf_flash_pending_remove(const struct rf_flash *flash, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_LSC_PENDING);
    return rf_file_remove(path, why);
}
