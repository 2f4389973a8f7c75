/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/pwhash.h"

#include <stdio.h>
#include <string.h>

#include "base/faults.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/text.h"
#include "trust/trust_int.h"

/* 2^14 blocks of 128 * 8 bytes. Other costs are read back within these bounds, so that new hashes
 * may get dearer one day, and a damaged line cannot ask for all the memory there is. */
#define COST_LOG2     14
#define COST_LOG2_MIN 10
#define COST_LOG2_MAX 17
#define BLOCK_SIZE    8
#define PARALLEL      1
#define SALT_BYTES    16
#define HASH_BYTES    32
#define MEMORY_MAX    (256ull * 1024 * 1024)

struct line {
    uint64_t cost_log2;
    uint8_t salt[SALT_BYTES];
    uint8_t hash[HASH_BYTES];
};

/* scrypt keys an HMAC with the password, which cannot tell "1" from "1" and a NUL. */
static bool has_nul(struct rf_slice password)
{
    return rf_slice_find(password, rf_slice_of("", 1)) != SIZE_MAX;
}

static bool derive(struct rf_slice password, struct line *l, uint8_t hash[HASH_BYTES])
{
    return EVP_PBE_scrypt((const char *)password.p, password.len, l->salt, sizeof(l->salt),
                          1ull << l->cost_log2, BLOCK_SIZE, PARALLEL, MEMORY_MAX, hash,
                          HASH_BYTES) == 1;
}

enum rf_err rf_pwhash_make(struct rf_slice password, char out[RF_PWHASH_MAX], struct rf_why *why)
{
    struct line l = {.cost_log2 = COST_LOG2};
    char salt[2 * SALT_BYTES + 1], hash[2 * HASH_BYTES + 1];
    if (password.len == 0)
        return rf_why_set(why, RF_ERR_BAD, "password-empty", "an empty password guards nothing");
    if (password.len > RF_PWHASH_PASSWORD_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "password-long",
                          "a password has at most %d bytes, not %zu", RF_PWHASH_PASSWORD_MAX,
                          password.len);
    if (has_nul(password))
        return rf_why_set(why, RF_ERR_BAD, "password-nul", "a password holds no NUL byte");
    rf_random_bytes(l.salt, sizeof(l.salt));
    if (!derive(password, &l, l.hash))
        return rf_why_openssl(why, RF_ERR_CRYPTO, "password-hash", "hashing a password");
    snprintf(out, RF_PWHASH_MAX, "scrypt$%d$%d$%d$%s$%s", COST_LOG2, BLOCK_SIZE, PARALLEL,
             rf_hex(rf_slice_of(l.salt, SALT_BYTES), salt, sizeof(salt)),
             rf_hex(rf_slice_of(l.hash, HASH_BYTES), hash, sizeof(hash)));
    return RF_OK;
}

static bool take_number(struct rf_slice *rest, uint64_t min, uint64_t max, uint64_t *out)
{
    struct rf_slice piece;
    return rf_next_piece(rest, '$', &piece) && rf_parse_u64(piece, min, max, out);
}

static bool take_hex(struct rf_slice *rest, uint8_t *out, size_t want)
{
    struct rf_slice piece;
    size_t n = 0;
    return rf_next_piece(rest, '$', &piece) && rf_unhex(piece, out, want, &n) == RF_OK && n == want;
}

static bool parse(const char *text, struct line *out)
{
    struct rf_slice rest = rf_slice_str(text), piece;
    uint64_t fixed;
    return rest.len < RF_PWHASH_MAX && rf_next_piece(&rest, '$', &piece) &&
           rf_slice_eq_str(piece, "scrypt") &&
           take_number(&rest, COST_LOG2_MIN, COST_LOG2_MAX, &out->cost_log2) &&
           take_number(&rest, BLOCK_SIZE, BLOCK_SIZE, &fixed) &&
           take_number(&rest, PARALLEL, PARALLEL, &fixed) &&
           take_hex(&rest, out->salt, SALT_BYTES) && take_hex(&rest, out->hash, HASH_BYTES) &&
           !rf_next_piece(&rest, '$', &piece);
}

bool rf_pwhash_check(const char *text, struct rf_slice password)
{
    struct line l = {0};
    uint8_t hash[HASH_BYTES] = {0};
    if (password.len == 0 || password.len > RF_PWHASH_PASSWORD_MAX || has_nul(password) ||
        !parse(text, &l) || !derive(password, &l, hash))
        return false;
    bool is_same = rf_ct_equal(hash, l.hash, HASH_BYTES);
    rf_wipe(hash, sizeof(hash));
    return rf_fault_skips("pwhash.match") || is_same;
}
