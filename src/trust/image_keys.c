/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/image_keys.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

#define GENERATION "generation="

void rf_image_keys_fini(struct rf_image_keys *keys)
{
    rf_cert_list_fini(&keys->list);
    keys->generation = 0;
}

enum rf_err rf_image_keys_decode(struct rf_slice text, struct rf_image_keys *out,
                                 struct rf_why *why)
{
    struct rf_image_keys keys = {0};
    struct rf_why inner = {0};
    struct rf_slice rest = text, line;
    uint64_t generation = 0;
    if (text.len > RF_IMAGE_KEYS_BYTES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "image-keys", "%zu bytes of image keys, at most %d",
                          text.len, RF_IMAGE_KEYS_BYTES_MAX);
    if (rf_slice_starts_with(text, GENERATION)) {
        bool is_line = rf_next_piece(&rest, '\n', &line);
        line = rf_trim(rf_slice_part(line, strlen(GENERATION), SIZE_MAX));
        if (!is_line || !rf_parse_u64(line, 1, UINT32_MAX, &generation))
            return rf_why_set(why, RF_ERR_BAD, "image-keys",
                              "the generation of the image keys is no number from 1 on");
    }
    enum rf_err err = rf_certs_from_pem(rest, &keys.list, &inner);
    if (err != RF_OK)
        return rf_why_set(why, err == RF_ERR_NOT_FOUND ? RF_ERR_BAD : err, "image-keys",
                          "the image keys cannot be read: %s", inner.text);
    keys.generation = (uint32_t)generation;
    *out = keys;
    return RF_OK;
}

enum rf_err rf_image_keys_encode(const struct rf_image_keys *keys, struct rf_buf *out,
                                 struct rf_why *why)
{
    enum rf_err err = RF_OK;
    if (keys->generation != 0)
        err = rf_buf_addf(out, GENERATION "%" PRIu32 "\n", keys->generation);
    for (size_t i = 0; i < keys->list.n && err == RF_OK; i++)
        err = rf_cert_to_pem(keys->list.cert[i], out);
    return err == RF_OK ? RF_OK
                        : rf_why_set(why, err, "image-keys",
                                     "the image keys do not fit in %zu bytes", out->max);
}

bool rf_image_keys_has(const struct rf_image_keys *keys, const char *fingerprint)
{
    for (size_t i = 0; i < keys->list.n; i++)
        if (strcmp(rf_cert_fingerprint(keys->list.cert[i]), fingerprint) == 0)
            return true;
    return false;
}
