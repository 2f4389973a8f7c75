/* SPDX-License-Identifier: Apache-2.0 */
#include "service/tvs/tvs_book.h"

#include "base/faults.h"
#include "base/text.h"
#include "trust/digest.h"
#include "wire/trustlist/trustlist.h"

#define SAST RF_TVS_ROLE(RF_TRUSTLIST_ROLE_SAST)

struct row {
    struct rf_cert *cert;
    uint32_t roles;
    uint32_t ttl_s;
    bool is_permitted; /* to sign trust lists */
};

struct rf_tvs_book {
    uint32_t ttl_s;
    size_t n;
    struct row rows[RF_TVS_BOOK_MAX];
};

uint32_t rf_tvs_roles_known(void)
{
    return SAST | RF_TVS_ROLE(RF_TRUSTLIST_ROLE_CCM) | RF_TVS_ROLE(RF_TRUSTLIST_ROLE_CCM_TFTP) |
           RF_TVS_ROLE(RF_TRUSTLIST_ROLE_TFTP) | RF_TVS_ROLE(RF_TRUSTLIST_ROLE_CAPF) |
           RF_TVS_ROLE(RF_TRUSTLIST_ROLE_APP_SERVER) | RF_TVS_ROLE(RF_TRUSTLIST_ROLE_TVS);
}

struct rf_tvs_book *rf_tvs_book_new(uint32_t ttl_s)
{
    struct rf_tvs_book *book = rf_new(struct rf_tvs_book);
    book->ttl_s = ttl_s;
    return book;
}

void rf_tvs_book_free(struct rf_tvs_book *book)
{
    if (book == NULL)
        return;
    for (size_t i = 0; i < book->n; i++)
        rf_cert_unref(book->rows[i].cert);
    rf_free(book);
}

void rf_tvs_book_freep(struct rf_tvs_book **book)
{
    rf_tvs_book_free(*book);
}

static struct row *row_of(struct rf_tvs_book *book, const struct rf_cert *cert)
{
    for (size_t i = 0; i < book->n; i++)
        if (rf_cert_eq(book->rows[i].cert, cert))
            return &book->rows[i];
    return NULL;
}

enum rf_err rf_tvs_book_add(struct rf_tvs_book *book, struct rf_cert *cert, uint32_t roles,
                            uint32_t ttl_s, struct rf_why *why)
{
    struct row *row = row_of(book, cert);
    if (roles == 0 || (roles & ~rf_tvs_roles_known()) != 0)
        return rf_why_set(why, RF_ERR_BAD, "tvs-roles", "%s (%s): no roles, or unknown ones",
                          rf_cert_subject(cert), rf_cert_short(cert));
    if (row == NULL && book->n == RF_TVS_BOOK_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "tvs-full", "%d certificates are the most",
                          RF_TVS_BOOK_MAX);
    if (row == NULL) {
        row = &book->rows[book->n++];
        row->cert = rf_cert_ref(cert);
    }
    row->roles |= roles;
    row->ttl_s = ttl_s != 0 ? ttl_s : row->ttl_s;
    return RF_OK;
}

void rf_tvs_book_permit(struct rf_tvs_book *book, const struct rf_cert *cert)
{
    struct row *row = row_of(book, cert);
    if (row != NULL)
        row->is_permitted = true;
}

void rf_tvs_book_permit_named(struct rf_tvs_book *book, const char *fingerprints)
{
    struct rf_slice rest = rf_slice_str(fingerprints);
    struct rf_slice one;
    while (rf_next_piece(&rest, ' ', &one))
        for (size_t i = 0; i < book->n; i++)
            if (rf_slice_eq_str(one, rf_cert_fingerprint(book->rows[i].cert)))
                book->rows[i].is_permitted = true;
}

static struct rf_tvs_entry entry_of(const struct rf_tvs_book *book, const struct row *row)
{
    bool may_sign_lists = row->is_permitted || rf_fault_skips("tvs.list-signer");
    return (struct rf_tvs_entry){.cert = row->cert,
                                 .roles = may_sign_lists ? row->roles : row->roles & ~SAST,
                                 .ttl_s = row->ttl_s != 0 ? row->ttl_s : book->ttl_s};
}

size_t rf_tvs_book_n(const struct rf_tvs_book *book)
{
    return book->n;
}

struct rf_tvs_entry rf_tvs_book_at(const struct rf_tvs_book *book, size_t i)
{
    return entry_of(book, &book->rows[i]);
}

static enum rf_err judge(const struct rf_tvs_book *book, const struct row *row, int64_t now_s,
                         struct rf_tvs_entry *out, struct rf_why *why)
{
    const struct rf_cert *cert = row->cert;
    struct rf_tvs_entry entry = entry_of(book, row);
    if (!rf_fault_skips("tvs.expired") && now_s > rf_cert_not_after(cert))
        return rf_why_set(why, RF_ERR_DENIED, "tvs-expired", "%s (%s) has ended",
                          rf_cert_subject(cert), rf_cert_short(cert));
    if (!rf_fault_skips("tvs.not-yet-valid") && now_s < rf_cert_not_before(cert))
        return rf_why_set(why, RF_ERR_DENIED, "tvs-not-yet-valid", "%s (%s) has not begun",
                          rf_cert_subject(cert), rf_cert_short(cert));
    if (!rf_fault_skips("tvs.no-role") && entry.roles == 0)
        return rf_why_set(why, RF_ERR_DENIED, "tvs-no-role",
                          "%s (%s) was added to sign trust lists, but tvs_list_signers does not "
                          "name it",
                          rf_cert_subject(cert), rf_cert_short(cert));
    *out = entry;
    return RF_OK;
}

enum rf_err rf_tvs_book_verify(const struct rf_tvs_book *book, struct rf_slice der, int64_t now_s,
                               struct rf_tvs_entry *out, struct rf_why *why)
{
    uint8_t md[RF_DIGEST_MAX];
    char shown[17];
    struct rf_slice sha256 = rf_slice_of(md, rf_digest_of(RF_DIGEST_SHA256, der, md));
    *out = (struct rf_tvs_entry){.cert = NULL};
    for (size_t i = 0; i < book->n; i++)
        if (rf_slice_eq(rf_cert_sha256(book->rows[i].cert), sha256))
            return judge(book, &book->rows[i], now_s, out, why);
    return rf_why_set(why, RF_ERR_NOT_FOUND, "tvs-unknown", "nobody vouches for certificate %s",
                      rf_hex(sha256, shown, sizeof shown));
}

static bool has_value(const struct rf_tvs_msg *question, struct rf_slice value, size_t *at)
{
    for (size_t i = 0; i < question->other_n; i++) {
        *at = i;
        if (rf_slice_eq(question->other[i].value, value))
            return true;
    }
    return false;
}

/* Two elements, not one that happens to be both. */
static bool is_named(const struct rf_tvs_msg *question, const struct rf_cert *cert)
{
    size_t serial, issuer;
    return has_value(question, rf_cert_serial(cert), &serial) &&
           (has_value(question, rf_slice_str(rf_cert_issuer(cert)), &issuer) ||
            has_value(question, rf_cert_issuer_der(cert), &issuer)) &&
           serial != issuer;
}

enum rf_err rf_tvs_book_query(const struct rf_tvs_book *book, const struct rf_tvs_msg *question,
                              int64_t now_s, struct rf_tvs_entry *out, struct rf_why *why)
{
    const struct row *found = NULL;
    *out = (struct rf_tvs_entry){.cert = NULL};
    for (size_t i = 0; i < book->n; i++) {
        if (!is_named(question, book->rows[i].cert))
            continue;
        if (!rf_fault_skips("tvs.ambiguous") && found != NULL)
            return rf_why_set(why, RF_ERR_DENIED, "tvs-ambiguous",
                              "two certificates have this issuer and serial number");
        found = &book->rows[i];
    }
    if (found == NULL)
        return rf_why_set(why, RF_ERR_NOT_FOUND, "tvs-unknown",
                          "no certificate has what is asked for as issuer and serial number");
    return judge(book, found, now_s, out, why);
}
