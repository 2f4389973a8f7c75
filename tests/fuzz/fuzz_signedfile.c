/* SPDX-License-Identifier: Apache-2.0 */
/* A container. What decodes must do so from its header alone; written anew (unknown tags dropped,
 * in our order) it must decode to the same values and be written alike a second time. */
#include "base/err.h"
#include "wire/signedfile/signedfile.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Tags 18, 22 and 24 are added to a header that had none. */
#define ADDED_MAX 16

static struct rf_signedfile_spec spec_of(const struct rf_signedfile *sf)
{
    bool is_image = sf->major == 1 && sf->minor == 1 && !sf->has_timestamp &&
                    !sf->has_signer_version && !sf->has_encryption;
    return (struct rf_signedfile_spec){
        .form = is_image ? RF_SIGNEDFILE_FORM_IMAGE : RF_SIGNEDFILE_FORM_FILE,
        .major = sf->major,
        .minor = sf->minor,
        .signer = sf->signer,
        .issuer = sf->issuer,
        .serial = sf->serial,
        .hash = sf->hash,
        .signature_len = sf->signature.len,
        .file_name = sf->file_name,
        .has_timestamp = sf->has_timestamp,
        .timestamp = sf->timestamp,
        .has_signer_version = sf->has_signer_version,
        .signer_major = sf->signer_major,
        .signer_minor = sf->signer_minor,
        .has_encryption = sf->has_encryption,
        .encryption = sf->encryption,
    };
}

static void same(const struct rf_signedfile *a, const struct rf_signedfile *b)
{
    rf_bug_on(a->major != b->major || a->minor != b->minor || a->hash != b->hash);
    rf_bug_on(!rf_slice_eq(a->signer, b->signer) || !rf_slice_eq(a->issuer, b->issuer));
    rf_bug_on(!rf_slice_eq(a->serial, b->serial) || !rf_slice_eq(a->file_name, b->file_name));
    rf_bug_on(a->signature.len != b->signature.len || a->modulus_code != b->modulus_code);
    rf_bug_on(a->has_timestamp != b->has_timestamp || a->timestamp != b->timestamp);
    rf_bug_on(a->has_signer_version != b->has_signer_version ||
              a->signer_major != b->signer_major || a->signer_minor != b->signer_minor);
    rf_bug_on(a->has_encryption != b->has_encryption);
    if (!a->has_encryption)
        return;
    const struct rf_signedfile_encryption *e = &a->encryption, *f = &b->encryption;
    rf_bug_on(!rf_slice_eq(e->iv, f->iv) || !rf_slice_eq(e->wrapped_key, f->wrapped_key));
    rf_bug_on(!rf_slice_eq(e->plain_hash, f->plain_hash) || e->hash != f->hash);
    rf_bug_on(e->pad_len != f->pad_len || e->key_bits != f->key_bits);
}

static void again(const struct rf_signedfile *sf)
{
    static uint8_t one[RF_SIGNEDFILE_HEADER_MAX], two[RF_SIGNEDFILE_HEADER_MAX];
    struct rf_signedfile_spec spec = spec_of(sf);
    struct rf_signedfile_layout at, at2;
    struct rf_signedfile sf2;
    struct rf_why why = {0};
    if (rf_signedfile_encode(&spec, one, sizeof one, &at, &why) != RF_OK) {
        rf_bug_on(strcmp(why.code, "buffer-full") != 0 ||
                  sf->header_len + ADDED_MAX < RF_SIGNEDFILE_HEADER_MAX);
        return;
    }
    rf_bug_on(rf_signedfile_encode(&spec, two, at.header_len - 1, &at2, NULL) != RF_ERR_LIMIT);
    struct rf_slice first = rf_slice_of(one, at.header_len);
    rf_bug_on(rf_signedfile_decode(first, first.len, &sf2, NULL) != RF_OK);
    rf_bug_on(sf2.signature_tlv_off != at.signature_tlv_off || sf2.unknown_n != 0);
    same(sf, &sf2);
    struct rf_signedfile_spec spec2 = spec_of(&sf2);
    rf_bug_on(rf_signedfile_encode(&spec2, two, sizeof two, &at2, NULL) != RF_OK);
    rf_bug_on(!rf_slice_eq(first, rf_slice_of(two, at2.header_len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rf_slice file = rf_slice_of(data, size);
    struct rf_signedfile sf, alone;
    struct rf_why why = {0};
    size_t n = 0;
    enum rf_err prefix = rf_signedfile_header_len(file, &n, NULL);
    if (rf_signedfile_decode(file, size, &sf, &why) != RF_OK)
        return 0;
    rf_bug_on(prefix != RF_OK || n != sf.header_len);
    struct rf_signedfile_ranges r = rf_signedfile_ranges_of(&sf, size);
    rf_bug_on(r.before_len > r.after_off || r.after_off + r.after_len != size);
    rf_bug_on(r.body_off + r.body_len != size || r.after_off > r.body_off);
    rf_bug_on(rf_signedfile_decode(rf_slice_part(file, 0, n), size, &alone, NULL) != RF_OK);
    same(&sf, &alone);
    again(&sf);
    return 0;
}
