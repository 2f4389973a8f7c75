/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/signedfile/signedfile.h"

/* Index is the modulus code. doc: docs/wire/signed-files.md, "The tags" (11). There is no code for
 * 3072 bits. */
static const uint16_t modulus_bytes[] = {64, 128, 256, 512};

size_t rf_signedfile_modulus_bytes(uint8_t code)
{
    return code < sizeof modulus_bytes / sizeof *modulus_bytes ? modulus_bytes[code] : 0;
}

bool rf_signedfile_modulus_code(size_t bytes, uint8_t *code)
{
    for (size_t i = 0; i < sizeof modulus_bytes / sizeof *modulus_bytes; i++) {
        if (modulus_bytes[i] == bytes) {
            *code = (uint8_t)i;
            return true;
        }
    }
    *code = 0;
    return false;
}

const char *rf_signedfile_hash_name(enum rf_signedfile_hash hash)
{
    switch (hash) {
    case RF_SIGNEDFILE_SHA1:
        return "sha1";
    case RF_SIGNEDFILE_SHA256:
        return "sha256";
    case RF_SIGNEDFILE_SHA512:
        return "sha512";
    }
    return "?";
}

size_t rf_signedfile_hash_len(enum rf_signedfile_hash hash)
{
    switch (hash) {
    case RF_SIGNEDFILE_SHA1:
        return 20;
    case RF_SIGNEDFILE_SHA256:
        return 32;
    case RF_SIGNEDFILE_SHA512:
        return 64;
    }
    return 0;
}

enum rf_signedfile_kind rf_signedfile_kind_of(const struct rf_signedfile *sf)
{
    switch (sf->major << 8 | sf->minor) {
    case 0x100:
        return RF_SIGNEDFILE_KIND_FILE;
    case 0x101:
        return RF_SIGNEDFILE_KIND_IMAGE;
    case 0x102:
        return RF_SIGNEDFILE_KIND_LIST;
    case 0x200:
        return RF_SIGNEDFILE_KIND_ENCRYPTED;
    default:
        return RF_SIGNEDFILE_KIND_UNKNOWN;
    }
}

const char *rf_signedfile_kind_name(enum rf_signedfile_kind kind)
{
    switch (kind) {
    case RF_SIGNEDFILE_KIND_FILE:
        return "signed file";
    case RF_SIGNEDFILE_KIND_IMAGE:
        return "image";
    case RF_SIGNEDFILE_KIND_LIST:
        return "trust list";
    case RF_SIGNEDFILE_KIND_ENCRYPTED:
        return "encrypted file";
    case RF_SIGNEDFILE_KIND_UNKNOWN:
        break;
    }
    return "unknown kind";
}
