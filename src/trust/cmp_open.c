/* SPDX-License-Identifier: Apache-2.0 */
/* What is needed to ask a CA, read and checked once. */
#include <string.h>
#include <sys/stat.h>

#include "base/faults.h"
#include "base/file.h"
#include "base/text.h"
#include "trust/cmp_int.h"
#include "wire/httpmsg/httpmsg.h"

#define SECRET_MAX 256

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static enum rf_err bad_url(const char *url, struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_BAD, "cmp-url",
                      "cmp_url = %s: wants http://HOST:PORT/PATH. Messages are protected by "
                      "themselves, so CMP needs no https",
                      url);
}

static enum rf_err take_url(struct rf_cmp *cmp, const char *url, struct rf_why *why)
{
    struct rf_httpmsg_url parts;
    char host[256], path[RF_HTTPMSG_TARGET_MAX];
    if (rf_httpmsg_url_decode(rf_slice_str(url), &parts, NULL) != RF_OK || parts.is_https ||
        !rf_slice_to_str(parts.host, host, sizeof host) ||
        !rf_slice_to_str(parts.target, path, sizeof path))
        return bad_url(url, why);
    cmp->host = rf_strdup(host);
    cmp->port = parts.port;
    cmp->path = rf_strdup(path);
    return RF_OK;
}

static enum rf_err take_secret(struct rf_cmp *cmp, const struct rf_cmp_spec *spec,
                               struct rf_why *why)
{
    struct stat st;
    RF_AUTO(rf_buf_wipe) struct rf_buf bytes = {0};
    if (!is_given(spec->reference) || !is_given(spec->recipient))
        return rf_why_set(why, RF_ERR_BAD, "cmp-conf",
                          "a shared secret with the CA needs cmp_reference and cmp_recipient too");
    if (!rf_fault_skips("cmp.secret-mode") && stat(spec->secret_file, &st) == 0 &&
        (st.st_mode & 077) != 0)
        return rf_why_set(why, RF_ERR_DENIED, "key-mode",
                          "%s: others may read it; chmod 0600, and have the CA change the secret",
                          spec->secret_file);
    enum rf_err err = rf_file_read(spec->secret_file, SECRET_MAX, &bytes, why);
    if (err != RF_OK)
        return err;
    struct rf_slice text = rf_trim(rf_buf_slice(&bytes));
    if (text.len == 0)
        return rf_why_set(why, RF_ERR_BAD, "cmp-conf", "%s is empty", spec->secret_file);
    cmp->reference = rf_strdup(spec->reference);
    return rf_secret_set(&cmp->secret, text);
}

static enum rf_err take_ra(struct rf_cmp *cmp, const struct rf_cmp_spec *spec, struct rf_why *why)
{
    if (!is_given(spec->ra_cert) || !is_given(spec->ra_key))
        return rf_why_set(why, RF_ERR_BAD, "cmp-conf",
                          "the CA wants to know who asks: set cmp_ra_cert and cmp_ra_key, or "
                          "cmp_reference and cmp_secret_file");
    enum rf_err err = rf_certs_from_pem_file(spec->ra_cert, &cmp->ra, why);
    if (err == RF_OK)
        err = rf_key_load(spec->ra_key, NULL, &cmp->ra_key, why);
    if (err != RF_OK)
        return err;
    if (!rf_key_matches(cmp->ra_key, cmp->ra.cert[0]))
        return rf_why_set(why, RF_ERR_DENIED, "key-cert-mismatch",
                          "%s is not the key of the certificate %s", spec->ra_key, spec->ra_cert);
    return RF_OK;
}

static enum rf_err take_trusted(struct rf_cmp *cmp, const struct rf_cmp_spec *spec,
                                struct rf_why *why)
{
    RF_AUTO(rf_cert_list_fini) struct rf_cert_list list = {0};
    if (!is_given(spec->trusted))
        return RF_OK; /* a secret protects the answers, too */
    enum rf_err err = rf_certs_from_pem_file(spec->trusted, &list, why);
    if (err != RF_OK)
        return err;
    cmp->trusted = X509_STORE_new();
    rf_bug_on(cmp->trusted == NULL);
    X509_STORE_set_flags(cmp->trusted, X509_V_FLAG_PARTIAL_CHAIN);
    for (size_t i = 0; i < list.n; i++)
        if (X509_STORE_add_cert(cmp->trusted, rf_cert_x509(list.cert[i])) != 1)
            return rf_why_openssl(why, RF_ERR_CRYPTO, "cmp-conf", spec->trusted);
    return RF_OK;
}

/* /CN=ca.example/O=Example */
static enum rf_err take_recipient(struct rf_cmp *cmp, const char *text, struct rf_why *why)
{
    struct rf_slice rest = rf_slice_str(text), piece, attr;
    char name[16];
    if (!is_given(text))
        return RF_OK;
    cmp->recipient = X509_NAME_new();
    rf_bug_on(cmp->recipient == NULL);
    while (rf_next_piece(&rest, '/', &piece)) {
        if (piece.len == 0)
            continue;
        bool is_ok = rf_next_piece(&piece, '=', &attr) && rf_slice_to_str(attr, name, sizeof name);
        if (!is_ok || piece.len == 0 || piece.len > 64 ||
            X509_NAME_add_entry_by_txt(cmp->recipient, name, MBSTRING_UTF8, piece.p, (int)piece.len,
                                       -1, 0) != 1)
            return rf_why_openssl(why, RF_ERR_BAD, "cmp-recipient",
                                  "cmp_recipient wants a name such as /CN=CA/O=Example");
    }
    return RF_OK;
}

enum rf_err rf_cmp_open(const struct rf_cmp_spec *spec, struct rf_cmp **out, struct rf_why *why)
{
    struct rf_cmp *cmp = rf_new(struct rf_cmp);
    cmp->timeout_s = spec->timeout_s;
    cmp->days = spec->days;
    cmp->is_implicit = spec->is_implicit;
    cmp->transfer = spec->transfer;
    cmp->transfer_arg = spec->transfer_arg;
    enum rf_err err = take_url(cmp, spec->url, why);
    bool has_secret = is_given(spec->secret_file);
    if (err == RF_OK)
        err = has_secret ? take_secret(cmp, spec, why) : take_ra(cmp, spec, why);
    if (err == RF_OK)
        err = take_trusted(cmp, spec, why);
    if (err == RF_OK && !has_secret && cmp->trusted == NULL)
        err = rf_why_set(why, RF_ERR_BAD, "cmp-conf",
                         "without cmp_trusted nobody could tell the CA's answers from another's");
    if (err == RF_OK)
        err = take_recipient(cmp, spec->recipient, why);
    if (err == RF_OK)
        *out = cmp;
    else
        rf_cmp_free(cmp);
    return err;
}

void rf_cmp_free(struct rf_cmp *cmp)
{
    if (cmp == NULL)
        return;
    rf_free(cmp->host);
    rf_free(cmp->path);
    rf_free(cmp->reference);
    rf_cert_list_fini(&cmp->ra);
    rf_key_free(cmp->ra_key);
    rf_secret_fini(&cmp->secret);
    X509_STORE_free(cmp->trusted);
    X509_NAME_free(cmp->recipient);
    rf_free(cmp);
}
