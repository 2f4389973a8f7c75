/* SPDX-License-Identifier: Apache-2.0 */
#include "service/setup/factory_issued.h"

#include <stdio.h>

#include "base/faults.h"
#include "base/file.h"
#include "base/text.h"
#include "trust/vault.h"

const char *rf_issued_key_name(enum rf_key_type type)
{
    return type == RF_KEY_EC ? "EC-P256" : "RSA-2048";
}

void rf_issued_digest(struct rf_slice text, char out[65])
{
    uint8_t digest[RF_DIGEST_MAX];
    size_t n = rf_digest_of(RF_DIGEST_SHA256, text, digest);
    rf_hex(rf_slice_of(digest, n), out, 65);
}

enum rf_err rf_issued_head(struct rf_buf *out, unsigned number, const char *before)
{
    return rf_buf_addf(out, "ringfence factory batch %u\nbefore %s\n", number, before);
}

static char *path_of(const struct rf_factory *f, unsigned number, const char *ending)
{
    return rf_strf("%s/%s/batch-%06u.%s", f->dir, RF_ISSUED_DIR, number, ending);
}

/* The signature first: a list that is there is a sealed one. */
enum rf_err rf_issued_seal(const struct rf_factory *f, unsigned number, struct rf_slice text,
                           struct rf_why *why)
{
    RF_AUTO(rf_vault_freep) struct rf_vault_key *issuer = rf_vault_key_from_key(f->issuer_key);
    RF_AUTO(rf_buf_fini) struct rf_buf sig = RF_BUF(RF_SIGNATURE_MAX);
    RF_AUTO(rf_freep) char *list_path = path_of(f, number, "list");
    RF_AUTO(rf_freep) char *sig_path = path_of(f, number, "sig");
    if (rf_file_exists(list_path))
        return rf_why_set(why, RF_ERR_EXISTS, "batch-order", "%s is sealed already", list_path);
    enum rf_err err = rf_vault_sign(issuer, RF_DIGEST_SHA256, &text, 1, &sig, why);
    if (err == RF_OK)
        err = rf_file_replace(sig_path, rf_buf_slice(&sig), RF_FILE_PUBLIC, why);
    rf_crash_point("factory.batch-signed");
    if (err == RF_OK)
        err = rf_file_create(list_path, text, RF_FILE_PUBLIC, why);
    rf_crash_point("factory.batch-sealed");
    return err;
}

/* Is this the list of that number, signed by the factory, behind the one before it? */
static enum rf_err check_list(const struct rf_factory *f, unsigned number, const char *before,
                              struct rf_slice text, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *sig_path = path_of(f, number, "sig");
    RF_AUTO(rf_buf_fini) struct rf_buf sig = {0}, head = RF_BUF(256);
    struct rf_why whose = {0};
    enum rf_err err = rf_file_read(sig_path, RF_SIGNATURE_MAX, &sig, why);
    if (err != RF_OK)
        return err;
    err = rf_cert_verify(f->issuer, RF_DIGEST_SHA256, &text, 1, rf_buf_slice(&sig), &whose);
    if (err != RF_OK && !rf_fault_skips("factory.list-signature"))
        return rf_why_set(why, err, whose.code,
                          "the list of batch %u is not what this factory signed", number);
    err = rf_issued_head(&head, number, before);
    bool follows = err == RF_OK && rf_buf_add(&head, "", 1) == RF_OK &&
                   rf_slice_starts_with(text, (const char *)head.p);
    if (!rf_fault_skips("factory.list-order") && !follows)
        return rf_why_set(why, RF_ERR_DENIED, "batch-order",
                          "the list of batch %u does not follow that of batch %u: one of them is "
                          "not the one that was sealed",
                          number, number - 1);
    return RF_OK;
}

static void describe(struct rf_factory_issued *out)
{
    struct rf_slice rest = out->text, line, word;
    while (rf_next_piece(&rest, '\n', &line)) {
        bool has_word = rf_next_piece(&line, ' ', &word);
        if (has_word && rf_slice_eq_str(word, "sealed"))
            (void)rf_slice_to_str(line, out->sealed, sizeof out->sealed);
        if (!has_word || !rf_slice_starts_with(word, "SEP"))
            continue;
        if (out->phones++ == 0)
            (void)rf_slice_to_str(word, out->first, sizeof out->first);
        (void)rf_slice_to_str(word, out->last, sizeof out->last);
    }
}

static enum rf_err count_list(void *arg, const char *name)
{
    unsigned *n = arg;
    if (rf_slice_ends_with(rf_slice_str(name), ".list"))
        (*n)++;
    return RF_OK;
}

enum rf_err rf_factory_issued(const struct rf_factory *f,
                              enum rf_err (*each)(void *arg, const struct rf_factory_issued *list,
                                                  struct rf_why *why),
                              void *arg, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *dir = rf_path_join(f->dir, RF_ISSUED_DIR);
    char before[65] = "-";
    unsigned n = 0;
    if (!rf_file_exists(dir))
        return RF_OK;
    enum rf_err err = rf_dir_each(dir, count_list, &n, why);
    for (unsigned i = 1; err == RF_OK && i <= n; i++) {
        RF_AUTO(rf_freep) char *path = path_of(f, i, "list");
        RF_AUTO(rf_buf_fini) struct rf_buf text = {0};
        if (!rf_fault_skips("factory.list-missing") && !rf_file_exists(path))
            return rf_why_set(why, RF_ERR_DENIED, "batch-missing",
                              "%s is gone, though later lists are there", path);
        err = rf_file_read(path, RF_ISSUED_BYTES_MAX, &text, why);
        struct rf_factory_issued list = {.number = i, .text = rf_buf_slice(&text)};
        if (err == RF_OK)
            err = check_list(f, i, before, list.text, why);
        if (err != RF_OK)
            return err;
        rf_issued_digest(list.text, before);
        describe(&list);
        if (each != NULL)
            err = each(arg, &list, why);
    }
    return err;
}
