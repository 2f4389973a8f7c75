/* SPDX-License-Identifier: Apache-2.0 */
/* Names as phones ask for them. A name is judged here and then only compared, with the names in
 * this table and with those in a folder's listing; it never becomes part of a path. */
#include "service/provision/provision_int.h"

#include "base/faults.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define COMPONENTS_MAX 4
#define SHOWN_MAX      120

/* X<MAC>Y, or a name alone. doc: docs/provisioning.md, "Names" */
static const struct {
    const char *head;
    const char *tail; /* NULL: the name is `head`, without a device */
    enum provision_kind kind;
} names[] = {
    {"CTLSEP", ".tlv", PROVISION_CTL},
    {"ITLSEP", ".tlv", PROVISION_ITL},
    {"CTLFile.tlv", NULL, PROVISION_CTL},
    {"ITLFile.tlv", NULL, PROVISION_ITL},
    {"SEP", ".cnf.xml.sgn", PROVISION_CONFIG},
    {"SEP", ".cnf.xml", PROVISION_CONFIG_PLAIN},
    {"SEP", ".cnf.xml.enc.sgn", PROVISION_CONFIG_ENCODED},
    {"XMLDefault.cnf.xml", NULL, PROVISION_DEFAULT},
    {"XMLDefault.cnf.xml.sgn", NULL, PROVISION_DEFAULT_SIGNED},
};

/* Where other servers list what they have: asked for by those who look around. */
static const char *const listings[] = {"ConfigFileCacheList.txt", "FileList.txt",
                                       "BinFileCacheList.txt", "PerfMon.txt"};

#define MAC_DIGITS 12

static enum rf_err refuse(struct rf_why *why, struct rf_slice name, const char *code,
                          const char *text)
{
    char shown[SHOWN_MAX];
    return rf_why_set(why, RF_ERR_NOT_FOUND, code, "\"%s\": %s",
                      rf_escape(name, shown, sizeof shown), text);
}

static bool is_letter_or_digit(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_hex_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_folded(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

bool provision_name_same_folded(const char *a, const char *b)
{
    size_t n = strlen(a);
    return n == strlen(b) && same_folded(a, b, n);
}

static enum rf_err check_bytes(struct rf_slice name, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(name);
    uint8_t c;
    while (rf_rd_u8(&rd, &c)) {
        if (!rf_fault_skips("provision.name-nul") && c == 0)
            return refuse(why, name, "name-nul", "a NUL in the name");
        if (!rf_fault_skips("provision.name-control") && (c < ' ' || c >= 0x7f))
            return refuse(why, name, "name-control", "a byte that is no printable ASCII");
        if (!rf_fault_skips("provision.name-backslash") && c == '\\')
            return refuse(why, name, "name-backslash", "a backslash in the name");
    }
    return RF_OK;
}

static bool has_drive(struct rf_slice name)
{
    struct rf_rd rd = rf_rd_of(name);
    uint8_t first;
    uint8_t second;
    return rf_rd_u8(&rd, &first) && is_letter_or_digit(first) && rf_rd_u8(&rd, &second) &&
           second == ':';
}

/* Some phones and tools begin a name with a slash: one of them means nothing. */
static struct rf_slice without_slash(struct rf_slice name)
{
    return rf_slice_starts_with(name, "/") ? rf_slice_part(name, 1, name.len - 1) : name;
}

static enum rf_err check_component(struct rf_slice name, struct rf_slice part, bool is_below,
                                   struct rf_why *why)
{
    if (!rf_fault_skips("provision.name-component") && part.len == 0)
        return refuse(why, name, "name-component", "an empty part beside a slash");
    if (!rf_fault_skips("provision.name-traversal") &&
        (rf_slice_eq_str(part, ".") || rf_slice_eq_str(part, "..")))
        return refuse(why, name, "name-traversal", "a part that walks through folders");
    if (!rf_fault_skips("provision.file-hidden") && rf_slice_starts_with(part, "."))
        return refuse(why, name, "file-hidden", "names that begin with a dot are not served");
    struct rf_rd rd = rf_rd_of(part);
    uint8_t c;
    while (rf_rd_u8(&rd, &c))
        if (!rf_fault_skips("provision.name-character") && !is_letter_or_digit(c) && c != '.' &&
            c != '_' && c != '-' && c != '+' && !(is_below && c == ' '))
            return refuse(why, name, "name-character",
                          "only letters, digits and . _ - + stand in names, below a folder blanks");
    return RF_OK;
}

static enum rf_err check_components(struct rf_slice name, struct rf_why *why)
{
    struct rf_slice rest = name;
    struct rf_slice part;
    for (size_t n = 0; rf_next_piece(&rest, '/', &part); n++) {
        enum rf_err err = check_component(name, part, n > 0, why);
        if (err != RF_OK)
            return err;
        if (!rf_fault_skips("provision.name-deep") && n == COMPONENTS_MAX)
            return refuse(why, name, "name-deep", "too many folders");
    }
    return RF_OK;
}

static enum rf_err check(struct rf_slice name, struct rf_why *why)
{
    if (name.len == 0)
        return refuse(why, name, "name-empty", "no name");
    if (name.len > RF_PROVISION_NAME_MAX)
        return refuse(why, name, "name-long", "longer than 255 bytes");
    enum rf_err err = check_bytes(name, why);
    if (err != RF_OK)
        return err;
    if (!rf_fault_skips("provision.name-absolute") && has_drive(name))
        return refuse(why, name, "name-absolute", "names do not begin with a drive");
    return check_components(name, why);
}

/* "SEP" + 12 hexadecimal digits of any case + tail of any case: the digits, or NULL. */
static const char *mac_in(const char *name, const char *head, const char *tail)
{
    size_t head_len = strlen(head);
    size_t tail_len = strlen(tail);
    size_t len = strlen(name);
    if (len != head_len + MAC_DIGITS + tail_len)
        return NULL;
    const char *mac = name + head_len;
    for (size_t i = 0; i < MAC_DIGITS; i++)
        if (!is_hex_digit(mac[i]))
            return NULL;
    return same_folded(name, head, head_len) && same_folded(mac + MAC_DIGITS, tail, tail_len)
               ? mac
               : NULL;
}

/* The name in the table that this one is, or is but for the case of letters. */
static bool is_known(struct provision_name *out, char spelled[RF_PROVISION_NAME_MAX + 1])
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *mac =
            names[i].tail != NULL ? mac_in(out->name, names[i].head, names[i].tail) : NULL;
        if (names[i].tail != NULL ? mac == NULL
                                  : !provision_name_same_folded(out->name, names[i].head))
            continue;
        char digits[MAC_DIGITS + 1] = "";
        for (size_t d = 0; mac != NULL && d < MAC_DIGITS; d++)
            digits[d] = mac[d] >= 'a' ? (char)(mac[d] - 'a' + 'A') : mac[d];
        snprintf(spelled, RF_PROVISION_NAME_MAX + 1, "%s%s%s", names[i].head, digits,
                 names[i].tail != NULL ? names[i].tail : "");
        if (mac != NULL)
            snprintf(out->device, sizeof out->device, "SEP%s", digits);
        out->kind = names[i].kind;
        return true;
    }
    return false;
}

enum rf_err provision_name_parse(struct rf_slice as_sent, struct provision_name *out,
                                 struct rf_why *why)
{
    struct rf_slice asked = without_slash(as_sent);
    *out = (struct provision_name){0};
    enum rf_err err = check(asked, why);
    if (err != RF_OK)
        return err;
    /* With its check switched off a NUL ends the name here. */
    (void)rf_slice_to_str(asked, out->name, sizeof out->name);
    for (size_t i = 0; i < sizeof listings / sizeof *listings; i++)
        if (!rf_fault_skips("provision.name-listing") &&
            provision_name_same_folded(out->name, listings[i]))
            return refuse(why, asked, "name-listing", "nothing is listed here");
    char spelled[RF_PROVISION_NAME_MAX + 1];
    if (is_known(out, spelled)) /* from here on under our spelling, which is what was signed */
        snprintf(out->name, sizeof out->name, "%s", spelled);
    return RF_OK;
}
