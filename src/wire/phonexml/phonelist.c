/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/phonexml/phonelist.h"

#include "base/faults.h"
#include "base/text.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

#define DEPTH_MAX 32
#define TEXT_MAX  256

static const struct list_kind {
    const char *root, *item;
} kinds[] = {
    [RF_PHONELIST_RINGS] = {"CiscoIPPhoneRingList", "Ring"},
    [RF_PHONELIST_IMAGES] = {"CiscoIPPhoneImageList", "ImageItem"},
};

struct reader {
    XML_Parser parser;
    const struct list_kind *kind; /* NULL: only the root is looked at */
    const char *const *roots;     /* then; NULL: any */
    struct rf_phonelist *out;
    struct rf_phonelist_item item;
    size_t depth;
    char text[TEXT_MAX]; /* of the leaf that is open */
    size_t text_len;
    bool is_text_long;
    enum rf_err err;
    struct rf_why *why;
};

/* ---- names ---- */

static bool is_name_byte(uint8_t c)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+() ";
    return c != '\0' && strchr(allowed, c) != NULL;
}

bool rf_phonelist_name_fits(struct rf_slice name)
{
    struct rf_rd rd = rf_rd_of(name);
    uint8_t c, before = '/';
    while (rf_rd_u8(&rd, &c)) {
        bool is_first = before == '/';
        if (c == '/' ? is_first : !is_name_byte(c) || (is_first && (c == '.' || c == ' ')))
            return false;
        before = c;
    }
    return before != '/' && name.len < RF_PHONELIST_NAME_SIZE;
}

/* ---- reading ---- */

static void refuse(struct reader *r, enum rf_err err)
{
    if (r->err != RF_OK || err == RF_OK)
        return;
    r->err = err;
    if (r->why != NULL)
        r->why->offset = (size_t)XML_GetCurrentByteIndex(r->parser);
    (void)XML_StopParser(r->parser, XML_FALSE);
}

static enum rf_err take_file(struct reader *r, struct rf_slice text, char *out, const char *what)
{
    if (rf_slice_starts_with(text, "TFTP:"))
        text = rf_slice_part(text, strlen("TFTP:"), SIZE_MAX);
    if (text.len == 0)
        return RF_OK;
    if (!rf_fault_skips("phonelist.name") && !rf_phonelist_name_fits(text)) {
        char shown[64];
        return rf_why_set(r->why, RF_ERR_BAD, "value-file", "%s \"%s\" is no name of a file", what,
                          rf_escape(text, shown, sizeof shown));
    }
    rf_slice_to_str(text, out, RF_PHONELIST_NAME_SIZE);
    return RF_OK;
}

static bool is_root(const struct reader *r, const char *name)
{
    if (r->kind != NULL)
        return strcmp(name, r->kind->root) == 0;
    for (size_t i = 0; r->roots != NULL && r->roots[i] != NULL; i++)
        if (strcmp(name, r->roots[i]) == 0)
            return true;
    return r->roots == NULL;
}

static enum rf_err begin(struct reader *r, const char *name, const char **attrs)
{
    if (r->depth == 0 && !is_root(r, name))
        return rf_why_set(r->why, RF_ERR_BAD, "root-unknown",
                          "the root of the document is not one of those this file has");
    if (r->depth >= DEPTH_MAX)
        return rf_why_set(r->why, RF_ERR_LIMIT, "xml-depth", "elements nested deeper than %d",
                          DEPTH_MAX);
    if (r->kind == NULL || r->depth != 1 || strcmp(name, r->kind->item) != 0)
        return RF_OK;
    r->item = (struct rf_phonelist_item){0};
    enum rf_err err = RF_OK;
    for (; *attrs != NULL && err == RF_OK; attrs += 2) {
        if (strcmp(attrs[0], "URL") == 0)
            err = take_file(r, rf_slice_str(attrs[1]), r->item.file, "URL");
        else if (strcmp(attrs[0], "Image") == 0)
            err = take_file(r, rf_slice_str(attrs[1]), r->item.small, "Image");
    }
    return err;
}

static void on_start(void *ctx, const char *name, const char **attrs)
{
    struct reader *r = ctx;
    if (r->err != RF_OK)
        return;
    refuse(r, begin(r, name, attrs));
    r->depth++;
    r->text_len = 0;
    r->is_text_long = false;
}

/* A ring's leaf ends. */
static enum rf_err end_leaf(struct reader *r, const char *name)
{
    struct rf_slice text = rf_trim(rf_slice_of(r->text, r->text_len));
    bool is_title = strcmp(name, "DisplayName") == 0, is_file = strcmp(name, "FileName") == 0;
    if ((is_title || is_file) && r->is_text_long)
        return rf_why_set(r->why, RF_ERR_LIMIT, "value-long", "%s of more than %d bytes", name,
                          TEXT_MAX);
    if (is_title && !rf_slice_to_str(text, r->item.title, sizeof r->item.title))
        return rf_why_set(r->why, RF_ERR_LIMIT, "value-long", "%s of more than %zu bytes", name,
                          sizeof r->item.title - 1);
    return is_file ? take_file(r, text, r->item.file, "FileName") : RF_OK;
}

static enum rf_err end_item(struct reader *r)
{
    if (r->item.file[0] == '\0')
        return RF_OK;
    if (r->out->n == RF_PHONELIST_MAX)
        return rf_why_set(r->why, RF_ERR_LIMIT, "list-count", "more than %d entries",
                          RF_PHONELIST_MAX);
    r->out->item[r->out->n++] = r->item;
    return RF_OK;
}

static void on_end(void *ctx, const char *name)
{
    struct reader *r = ctx;
    if (r->err != RF_OK)
        return;
    r->depth--;
    if (r->kind == NULL)
        return;
    if (r->depth == 2)
        refuse(r, end_leaf(r, name));
    else if (r->depth == 1 && strcmp(name, r->kind->item) == 0)
        refuse(r, end_item(r));
    r->text_len = 0;
}

static void on_text(void *ctx, const char *text, int len)
{
    struct reader *r = ctx;
    size_t n = (size_t)len, room = sizeof r->text - r->text_len;
    r->is_text_long |= n > room;
    n = n > room ? room : n;
    memcpy(r->text + r->text_len, text, n);
    r->text_len += n;
}

/* Entities can only be declared here. */
static void on_doctype(void *ctx, const char *name, const char *system_id, const char *public_id,
                       int has_internal_subset)
{
    struct reader *r = ctx;
    (void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
    if (!rf_fault_skips("phonelist.doctype") && r->err == RF_OK)
        refuse(r, rf_why_set(r->why, RF_ERR_BAD, "xml-doctype", "this file has no DOCTYPE"));
}

static void parser_freep(XML_Parser *parser)
{
    if (*parser != NULL)
        XML_ParserFree(*parser);
}

static enum rf_err parse(struct reader *r, struct rf_slice in, size_t max)
{
    if (in.len > max || in.len > INT_MAX)
        return rf_why_set(r->why, RF_ERR_LIMIT, "xml-size", "a document of %zu bytes, at most %zu",
                          in.len, max);
    if (in.len > 0 && memchr(in.p, 0, in.len) != NULL)
        return rf_why_set(r->why, RF_ERR_BAD, "xml-syntax", "a NUL byte: not UTF-8");
    RF_AUTO(parser_freep) XML_Parser parser = XML_ParserCreate("UTF-8");
    if (parser == NULL)
        return rf_why_set(r->why, RF_ERR_NOMEM, "nomem", "no memory for the parser");
    r->parser = parser;
    XML_SetUserData(parser, r);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    enum XML_Status status = XML_Parse(parser, (const char *)in.p, (int)in.len, XML_TRUE);
    if (r->err != RF_OK || status == XML_STATUS_OK)
        return r->err;
    enum XML_Error error = XML_GetErrorCode(parser);
    if (error == XML_ERROR_NO_MEMORY)
        return rf_why_set(r->why, RF_ERR_NOMEM, "nomem", "no memory for the parser");
    if (r->why != NULL)
        r->why->offset = (size_t)XML_GetCurrentByteIndex(parser);
    return rf_why_set(
        r->why, RF_ERR_BAD, error == XML_ERROR_UNDEFINED_ENTITY ? "xml-entity" : "xml-syntax",
        "line %lu: %s", (unsigned long)XML_GetCurrentLineNumber(parser), XML_ErrorString(error));
}

enum rf_err rf_phonelist_decode(struct rf_slice in, enum rf_phonelist_kind kind,
                                struct rf_phonelist *out, struct rf_why *why)
{
    RF_AUTO(rf_freep) struct reader *r = rf_new(struct reader);
    *out = (struct rf_phonelist){0};
    r->kind = &kinds[kind];
    r->out = out;
    r->why = why;
    enum rf_err err = parse(r, in, RF_PHONELIST_BYTES_MAX);
    if (err != RF_OK)
        *out = (struct rf_phonelist){0};
    return err;
}

enum rf_err rf_phonelist_check(struct rf_slice in, size_t max, const char *const *roots,
                               struct rf_why *why)
{
    RF_AUTO(rf_freep) struct reader *r = rf_new(struct reader);
    r->roots = roots;
    r->why = why;
    return parse(r, in, max);
}
