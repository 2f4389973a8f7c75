/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the header tags. doc: docs/wire/signed-files.md, "The tags". */
#ifndef WIRE_SIGNEDFILE_SIGNEDFILE_INT_H
#define WIRE_SIGNEDFILE_SIGNEDFILE_INT_H

enum {
    RF_SF_TAG_VERSION = 1,
    RF_SF_TAG_HEADER_LEN = 2,
    RF_SF_TAG_SIGNER_INFO = 3,
    RF_SF_TAG_SIGNER = 4,
    RF_SF_TAG_SERIAL = 5,
    RF_SF_TAG_ISSUER = 6,
    RF_SF_TAG_SIGNATURE_INFO = 7,
    RF_SF_TAG_HASH = 8,
    RF_SF_TAG_ALGORITHM_INFO = 9,
    RF_SF_TAG_ALGORITHM = 10,
    RF_SF_TAG_MODULUS = 11,
    RF_SF_TAG_SIGNATURE = 12,
    RF_SF_TAG_PADDING = 13, /* a lone byte, without length */
    RF_SF_TAG_FILE_NAME = 14,
    RF_SF_TAG_TIMESTAMP = 15,
    RF_SF_TAG_ENC_INFO = 16,
    RF_SF_TAG_ENC_IV_INFO = 17,
    RF_SF_TAG_ENC_18 = 18, /* not known; written as 0 */
    RF_SF_TAG_ENC_IV = 19,
    RF_SF_TAG_ENC_PAD = 20,
    RF_SF_TAG_ENC_KEY_INFO = 21,
    RF_SF_TAG_ENC_22 = 22, /* not known; written as 0 */
    RF_SF_TAG_ENC_KEY_BITS = 23,
    RF_SF_TAG_ENC_24 = 24, /* key algorithm, not proven; written as 1 */
    RF_SF_TAG_ENC_KEY = 25,
    RF_SF_TAG_ENC_HASH_ALG = 26,
    RF_SF_TAG_ENC_HASH = 27,
    RF_SF_TAG_SIGNER_VERSION = 28,
};

#define RF_SF_ALGORITHM_RSA 0
#define RF_SF_IV_LEN        16

#endif
