/* SPDX-License-Identifier: Apache-2.0 */
/* A7: is a public key that a phone made fit for a certificate?
 * doc: docs/security-rules.md, "CAPF" */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <pthread.h>

#include "base/faults.h"
#include "trust/trust_int.h"

/* Keys of a well-known faulty smart-card library: modulo each of these small primes the modulus is
 * a power of 65537. For an honest key that happens by chance about once in 2^27. */
#define ROCA_PRIME_MAX 167
/* A modulus divisible by a prime below this is broken. */
#define SMALL_FACTOR_MAX      2000
#define SMALL_PRIMES          303
#define SMALL_PRIMES_TOGETHER 9

static bool is_small_prime(unsigned n)
{
    for (unsigned d = 2; d * d <= n; d++)
        if (n % d == 0)
            return false;
    return n >= 2;
}

/* Is r a power of 65537 modulo the prime p? */
static bool is_power(unsigned r, unsigned p)
{
    unsigned g = 65537 % p, v = 1;
    for (unsigned i = 0; i < p; i++) {
        if (v == r)
            return true;
        v = v * g % p;
    }
    return false;
}

/* The small primes, neighbours together as far as their product has 32 bits: a long number is
 * divided by that once for all of them. */
static struct {
    struct prime_group {
        uint32_t product;
        uint16_t prime[SMALL_PRIMES_TOGETHER];
    } group[SMALL_PRIMES];
    size_t n;
} small;

static void make_small(void)
{
    size_t in_group = 0;
    small.group[0].product = 1;
    for (unsigned p = 2; p < SMALL_FACTOR_MAX; p++) {
        if (!is_small_prime(p))
            continue;
        struct prime_group *g = &small.group[small.n];
        if (in_group == SMALL_PRIMES_TOGETHER || (uint64_t)g->product * p > UINT32_MAX) {
            g = &small.group[++small.n];
            g->product = 1;
            in_group = 0;
        }
        g->product *= p;
        g->prime[in_group++] = (uint16_t)p;
    }
    small.n++;
}

static bool is_weak_modulus(const BIGNUM *n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    bool is_roca = true;
    pthread_once(&once, make_small);
    for (size_t i = 0; i < small.n; i++) {
        const struct prime_group *g = &small.group[i];
        uint32_t rest = (uint32_t)BN_mod_word(n, g->product);
        for (size_t k = 0; k < SMALL_PRIMES_TOGETHER && g->prime[k] != 0; k++) {
            unsigned p = g->prime[k], r = rest % p;
            if (r == 0)
                return true;
            if (is_roca && p > 2 && p <= ROCA_PRIME_MAX && !is_power(r, p))
                is_roca = false;
        }
    }
    return is_roca;
}

static enum rf_err check_rsa(EVP_PKEY *pkey, struct rf_why *why)
{
    BIGNUM *n = NULL, *e = NULL;
    enum rf_err err = RF_OK;
    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
        EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
        err = rf_why_openssl(why, RF_ERR_BAD, "spki-parse", "RSA key");
    else if (!rf_fault_skips("key.exponent") &&
             (!BN_is_odd(e) || BN_num_bits(e) < 17 || BN_num_bits(e) > 64))
        err = rf_why_set(why, RF_ERR_DENIED, "key-exponent",
                         "the exponent of the new key is even, below 65537 or above 64 bits");
    else if (!rf_fault_skips("key.weak") && is_weak_modulus(n))
        err = rf_why_set(why, RF_ERR_DENIED, "key-weak",
                         "the new key is of a kind known to be breakable; make another");
    BN_free(n);
    BN_free(e);
    return err;
}

static enum rf_err check_as_asked(const struct rf_spki_info *is, const struct rf_spki_want *want,
                                  struct rf_why *why)
{
    if (!rf_fault_skips("key.type") && is->type != want->type)
        return rf_why_set(why, RF_ERR_DENIED, "key-type",
                          "the new key is not of the type that was asked for");
    if (!rf_fault_skips("key.size") && want->type == RF_KEY_RSA && is->bits != want->rsa_bits)
        return rf_why_set(why, RF_ERR_DENIED, "key-size",
                          "the new key has %u bits; asked for were %u", is->bits, want->rsa_bits);
    if (!rf_fault_skips("key.curve") && want->type == RF_KEY_EC && is->curve != want->curve)
        return rf_why_set(why, RF_ERR_DENIED, "key-curve",
                          "the new key is on another curve than was asked for");
    return RF_OK;
}

enum rf_err rf_spki_check(struct rf_slice spki, const struct rf_spki_want *want, struct rf_why *why)
{
    struct rf_spki_info info;
    EVP_PKEY *pkey = rf_spki_parse(spki);
    if (pkey == NULL)
        return rf_why_set(why, RF_ERR_BAD, "spki-parse", "not a SubjectPublicKeyInfo");
    rf_pkey_describe(pkey, &info);
    enum rf_err err = check_as_asked(&info, want, why);
    if (err == RF_OK && info.type == RF_KEY_RSA)
        err = check_rsa(pkey, why);
    if (err == RF_OK && !rf_fault_skips("key.reused") && want->previous_spki.len != 0) {
        EVP_PKEY *former = rf_spki_parse(want->previous_spki);
        if (former != NULL && EVP_PKEY_eq(former, pkey) == 1)
            err = rf_why_set(why, RF_ERR_DENIED, "key-reused",
                             "the new key is the one of the former certificate");
        EVP_PKEY_free(former);
    }
    EVP_PKEY_free(pkey);
    return err;
}
