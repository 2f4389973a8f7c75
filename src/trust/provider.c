/* SPDX-License-Identifier: Apache-2.0 */
/* A provider that hands on what the default provider gives. That one is loaded beside, in a library
 * context of its own, so that it is not asked as well.
 * doc: docs/tls.md, "Keys are read quickly" */
#include "trust/provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <string.h>

#include "base/mem.h"

#define DECODERS_MAX 64

/* Keys that certificates have, and keys that are kept in files. A word of an algorithm's names, and
 * one of its properties. */
static const struct {
    const char *name;
    const char *property;
} needed[] = {
    {"RSA", "structure=SubjectPublicKeyInfo"},
    {"RSA-PSS", "structure=SubjectPublicKeyInfo"},
    {"EC", "structure=SubjectPublicKeyInfo"},
    {"DSA", "structure=SubjectPublicKeyInfo"},
    {"ED25519", "structure=SubjectPublicKeyInfo"},
    {"ED448", "structure=SubjectPublicKeyInfo"},
    {"RSA", "structure=PrivateKeyInfo"},
    {"RSA", "structure=type-specific"},
    {"EC", "structure=PrivateKeyInfo"},
    {"EC", "structure=type-specific"},
    {"DER", "structure=SubjectPublicKeyInfo"},
    {"DER", "structure=EncryptedPrivateKeyInfo"},
    {"DER", "input=pem"},
};

static OSSL_PROVIDER *base; /* these live as long as the process */
static OSSL_PROVIDER *ours;
static OSSL_ALGORITHM decoders[DECODERS_MAX + 1];

/* Does the list hold this word? */
static bool has_word(const char *list, const char *word, char between)
{
    size_t n = strlen(word);
    for (const char *p = strstr(list, word); p != NULL; p = strstr(p + 1, word))
        if ((p == list || p[-1] == between) && (p[n] == '\0' || p[n] == between))
            return true;
    return false;
}

static bool is_needed(const OSSL_ALGORITHM *a)
{
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (has_word(a->algorithm_names, needed[i].name, ':') &&
            has_word(a->property_definition, needed[i].property, ','))
            return true;
    return false;
}

/* False: there are more than there is room for. */
static bool pick_decoders(void)
{
    int is_volatile = 0;
    size_t n = 0;
    const OSSL_ALGORITHM *a = OSSL_PROVIDER_query_operation(base, OSSL_OP_DECODER, &is_volatile);
    for (; a != NULL && a->algorithm_names != NULL && n < DECODERS_MAX; a++)
        if (is_needed(a))
            decoders[n++] = *a;
    return n > 0 && n < DECODERS_MAX && is_volatile == 0;
}

static const OSSL_ALGORITHM *query(void *context, int operation, int *is_volatile)
{
    (void)context;
    if (operation != OSSL_OP_DECODER)
        return OSSL_PROVIDER_query_operation(base, operation, is_volatile);
    *is_volatile = 0;
    return decoders;
}

static int capabilities(void *context, const char *what, OSSL_CALLBACK *each, void *arg)
{
    (void)context;
    return OSSL_PROVIDER_get_capabilities(base, what, each, arg);
}

static const OSSL_DISPATCH functions[] = {
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
    {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))capabilities},
    {0, NULL},
};

/* Its algorithms get the default provider's context, which is what they were written for. */
static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                void **context)
{
    (void)handle;
    (void)in;
    *out = functions;
    *context = OSSL_PROVIDER_get0_provider_ctx(base);
    return 1;
}

void rf_provider_start(void)
{
    if (base != NULL)
        return;
    OSSL_LIB_CTX *beside = OSSL_LIB_CTX_new();
    base = beside != NULL ? OSSL_PROVIDER_load(beside, "default") : NULL;
    if (base == NULL)
        OSSL_LIB_CTX_free(beside);
    else if (pick_decoders() && OSSL_PROVIDER_add_builtin(NULL, "ringfence", init) == 1)
        ours = OSSL_PROVIDER_load(NULL, "ringfence");
    if (ours == NULL)
        ERR_clear_error();
}
