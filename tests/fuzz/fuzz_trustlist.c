/* SPDX-License-Identifier: Apache-2.0 */
/* A trust list. What decodes is written anew in our order; that must decode to the same records and
 * be written alike a second time. Lists longer than a builder may write are the one refusal. */
#include "base/err.h"
#include "wire/trustlist/trustlist.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool write_list(const struct rf_trustlist *l, uint8_t *buf, struct rf_slice *out)
{
    const struct rf_signedfile *h = &l->header;
    struct rf_signedfile_spec spec = {
        .signer = h->signer,
        .issuer = h->issuer,
        .serial = h->serial,
        .hash = h->hash,
        .signature_len = h->signature.len,
        .file_name = h->file_name,
        .has_timestamp = h->has_timestamp,
        .timestamp = h->timestamp,
        .has_signer_version = h->has_signer_version,
        .signer_major = h->signer_major,
        .signer_minor = h->signer_minor,
        .has_encryption = h->has_encryption,
        .encryption = h->encryption,
    };
    struct rf_signedfile_layout at;
    struct rf_why why = {0};
    enum rf_err err = rf_trustlist_encode(&spec, l->record, l->record_n, buf,
                                          RF_TRUSTLIST_BYTES_MAX, &at, out, &why);
    if (err == RF_OK)
        return true;
    rf_bug_on(err != RF_ERR_LIMIT);
    rf_bug_on(strcmp(why.code, "record-count") == 0 && l->record_n <= RF_TRUSTLIST_BUILD_MAX);
    return false;
}

static void same(const struct rf_trustlist_record *a, const struct rf_trustlist_record *b)
{
    rf_bug_on(a->role != b->role || a->hash_algorithm != b->hash_algorithm);
    rf_bug_on(!rf_slice_eq(a->dns, b->dns) || !rf_slice_eq(a->subject, b->subject));
    rf_bug_on(!rf_slice_eq(a->issuer, b->issuer) || !rf_slice_eq(a->serial, b->serial));
    rf_bug_on(!rf_slice_eq(a->public_key, b->public_key));
    rf_bug_on(!rf_slice_eq(a->signature, b->signature));
    rf_bug_on(!rf_slice_eq(a->certificate, b->certificate));
    rf_bug_on(!rf_slice_eq(a->ip, b->ip) || !rf_slice_eq(a->hash, b->hash));
}

static void role_names(uint16_t role)
{
    char text[16];
    uint16_t back;
    const char *word = rf_trustlist_role_word(role);
    (void)rf_trustlist_role_text(role, text, sizeof text);
    rf_bug_on((word != NULL) != (rf_trustlist_role_name(role) != NULL));
    rf_bug_on(word != NULL &&
              (!rf_trustlist_role_from_word(rf_slice_str(word), &back) || back != role));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rf_trustlist list, list2;
    static uint8_t one[RF_TRUSTLIST_BYTES_MAX], two[RF_TRUSTLIST_BYTES_MAX];
    struct rf_slice first, second;
    struct rf_why why = {0};
    if (rf_trustlist_decode(rf_slice_of(data, size), &list, &why) != RF_OK)
        return 0;
    rf_bug_on(list.record_n > RF_TRUSTLIST_RECORDS_MAX);
    for (size_t i = 0; i < list.record_n; i++)
        role_names(list.record[i].role);
    if (!write_list(&list, one, &first))
        return 0;
    rf_bug_on(rf_trustlist_decode(first, &list2, NULL) != RF_OK);
    rf_bug_on(list2.record_n != list.record_n || list2.unknown_n != 0);
    for (size_t i = 0; i < list.record_n; i++)
        same(&list.record[i], &list2.record[i]);
    rf_bug_on(!write_list(&list2, two, &second) || !rf_slice_eq(first, second));
    return 0;
}
