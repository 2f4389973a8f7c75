/* SPDX-License-Identifier: Apache-2.0 */
/* MIC, LSC and the key of an enrolment under way. A key never leaves a file without its
 * certificate fitting it, and a buffer that held one is wiped. */
#include "service/phone/flash_int.h"

#include "base/faults.h"
#include "base/file.h"

#include <string.h>

static const struct rf_secret *secret_of(const struct rf_flash *flash)
{
    return flash->has_secret ? &flash->secret : NULL;
}

/* What a key says that does not open, in the words of a phone. */
static enum rf_err read_key(const struct rf_flash *flash, const char *path, struct rf_key **out,
                            struct rf_why *why)
{
    struct rf_why inner = {0};
    enum rf_err err = rf_key_load(path, secret_of(flash), out, &inner);
    if (err == RF_OK)
        return RF_OK;
    if (strcmp(inner.code, "key-passphrase") != 0)
        return rf_why_set(why, err, inner.code, "%s", inner.text);
    if (flash->has_secret)
        return rf_why_set(why, RF_ERR_DENIED, "device-secret-wrong",
                          "%s: this is not the device secret that its key is encrypted under; "
                          "nothing was changed",
                          path);
    return rf_why_set(why, RF_ERR_DENIED, "device-secret",
                      "%s: its key is encrypted under a device secret: give it with "
                      "--device-secret FILE",
                      path);
}

enum rf_err rf_flash_pair_write(const struct rf_flash *flash, const char *path,
                                const struct rf_key *key, const struct rf_cert *cert,
                                const struct rf_cert_list *chain, struct rf_why *why)
{
    if (!rf_fault_skips("flash.key-match") && !rf_key_matches(key, cert))
        return rf_why_set(why, RF_ERR_DENIED, "key-cert-mismatch",
                          "%s: the certificate %s is not for the phone's key; nothing was stored",
                          path, rf_cert_short(cert));
    RF_AUTO(rf_buf_wipe) struct rf_buf pem = RF_BUF((size_t)256 * 1024);
    enum rf_err err = rf_key_to_pem(key, secret_of(flash), &pem, why);
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

static enum rf_err pair_load(const struct rf_flash *flash, const char *path,
                             struct rf_flash_pair *out, struct rf_why *why)
{
    struct rf_flash_pair pair = {0};
    struct rf_cert_list all = {0};
    enum rf_err err = read_key(flash, path, &pair.key, why);
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
    return pair_load(flash, path, out, why);
}

enum rf_err rf_flash_lsc_load(const struct rf_flash *flash, struct rf_flash_pair *out,
                              struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_LSC);
    if (!rf_file_exists(path))
        return rf_why_set(why, RF_ERR_NOT_FOUND, "file-not-found", "no LSC is installed");
    return pair_load(flash, path, out, why);
}

enum rf_err rf_flash_lsc_store(const struct rf_flash *flash, const struct rf_key *key,
                               const struct rf_cert *cert, const struct rf_cert_list *chain,
                               struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_LSC);
    enum rf_err err = rf_flash_pair_write(flash, path, key, cert, chain, why);
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
    return read_key(flash, path, out, why);
}

enum rf_err rf_flash_pending_store(const struct rf_flash *flash, const struct rf_key *key,
                                   struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_LSC_PENDING);
    return rf_key_save(key, path, secret_of(flash), NULL, why);
}

enum rf_err rf_flash_pending_remove(const struct rf_flash *flash, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_LSC_PENDING);
    return rf_file_remove(path, why);
}

/* ---- the device secret ---- */

bool rf_flash_is_protected(const struct rf_flash *flash)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_MIC);
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    struct rf_why why = {0};
    return rf_key_load(path, NULL, &key, &why) != RF_OK && strcmp(why.code, "key-passphrase") == 0;
}

enum rf_err rf_flash_use_secret(struct rf_flash *flash, const struct rf_secret *secret,
                                struct rf_why *why)
{
    bool is_protected = rf_flash_is_protected(flash);
    if (secret == NULL && !is_protected)
        return RF_OK;
    if (secret != NULL && !is_protected)
        return rf_why_set(
            why, RF_ERR_DENIED, "device-secret-unused",
            "the keys of %s lie in the clear: `ringphone protect` encrypts them under "
            "the device secret",
            flash->dir);
    flash->has_secret = secret != NULL;
    if (flash->has_secret && rf_secret_set(&flash->secret, rf_secret_slice(secret)) != RF_OK)
        return rf_why_set(why, RF_ERR_LIMIT, "device-secret-wrong",
                          "the device secret is too long");
    if (secret == NULL && is_protected)
        return rf_why_set(why, RF_ERR_DENIED, "device-secret",
                          "the keys of %s are encrypted under a device secret: give it with "
                          "--device-secret FILE",
                          flash->dir);
    return RF_OK;
}

static enum rf_err pair_again(struct rf_flash *flash, enum rf_flash_item item,
                              const struct rf_secret *to, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, item);
    RF_AUTO(rf_flash_pair_fini) struct rf_flash_pair pair = {0};
    struct rf_flash under = {.has_secret = to != NULL};
    if (!rf_file_exists(path))
        return RF_OK;
    enum rf_err err = pair_load(flash, path, &pair, why);
    if (err == RF_OK && to != NULL)
        err = rf_secret_set(&under.secret, rf_secret_slice(to));
    if (err == RF_OK)
        err = rf_flash_pair_write(&under, path, pair.key, pair.cert, &pair.chain, why);
    rf_secret_fini(&under.secret);
    return err;
}

static enum rf_err pending_again(struct rf_flash *flash, const struct rf_secret *to,
                                 struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_flash_path(flash, RF_FLASH_LSC_PENDING);
    RF_AUTO(rf_key_freep) struct rf_key *key = NULL;
    if (!rf_file_exists(path))
        return RF_OK;
    enum rf_err err = read_key(flash, path, &key, why);
    return err == RF_OK ? rf_key_save(key, path, to, NULL, why) : err;
}

enum rf_err rf_flash_protect(struct rf_flash *flash, const struct rf_secret *to, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    if (to != NULL)
        err = pair_again(flash, RF_FLASH_MIC, to, why);
    rf_crash_point("flash.protect-begun");
    /* From here on some lie under the new one, and some as before. */
    if (err == RF_OK && to != NULL && !flash->has_secret) {
        flash->has_secret = true;
        err = rf_secret_set(&flash->secret, rf_secret_slice(to));
    }
    if (err == RF_OK)
        err = pair_again(flash, RF_FLASH_LSC, to, why);
    if (err == RF_OK)
        err = pending_again(flash, to, why);
    rf_crash_point("flash.protect-half");
    if (err == RF_OK && to == NULL)
        err = pair_again(flash, RF_FLASH_MIC, NULL, why);
    if (err == RF_OK && to == NULL)
        flash->has_secret = false;
    return err;
}
