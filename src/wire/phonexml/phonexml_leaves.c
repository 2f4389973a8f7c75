/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/phonexml/phonexml_leaves.h"

#include "base/faults.h"
#include "base/text.h"

#include <expat.h>
#include <stdio.h>
#include <string.h>

#define NAME_SIZE 64

struct level {
    size_t path_len; /* of the path up to here */
    char child[NAME_SIZE];
    unsigned nth; /* of the child of that name */
    bool has_child;
};

struct walk {
    XML_Parser parser;
    void (*each)(void *arg, const char *path, struct rf_slice value);
    void *arg;
    enum rf_err err;
    struct rf_why *why;
    size_t depth;
    struct level level[RF_PHONEXML_DEPTH_MAX];
    char path[RF_PHONEXML_LEAF_PATH_MAX];
    size_t text_len;
    char text[RF_PHONEXML_TEXT_MAX];
};

static void refuse(struct walk *w, enum rf_err err, const char *code, const char *text)
{
    if (w->err != RF_OK)
        return;
    w->err = rf_why_set(w->why, err, code, "line %lu: %s",
                        (unsigned long)XML_GetCurrentLineNumber(w->parser), text);
    (void)XML_StopParser(w->parser, XML_FALSE);
}

/* The path goes on with one name; false when it is too long. */
static bool extend(struct walk *w, size_t at, const char *mark, const char *name, unsigned nth)
{
    char number[16] = "";
    if (nth > 1)
        snprintf(number, sizeof number, "[%u]", nth);
    int n = snprintf(w->path + at, sizeof w->path - at, "%s%s%s%s", at > 0 ? "/" : "", mark, name,
                     number);
    if (n >= 0 && (size_t)n < sizeof w->path - at)
        return true;
    refuse(w, RF_ERR_LIMIT, "xml-path", "names too long");
    return false;
}

/* Members of a list stand beside each other, so the last name is enough to count by. */
static unsigned count(struct level *parent, const char *name)
{
    bool is_same = strncmp(parent->child, name, sizeof parent->child - 1) == 0;
    parent->nth = is_same && parent->has_child ? parent->nth + 1 : 1;
    parent->has_child = true;
    snprintf(parent->child, sizeof parent->child, "%.*s", NAME_SIZE - 1, name);
    return parent->nth;
}

static void on_start(void *ctx, const char *name, const char **attrs)
{
    struct walk *w = ctx;
    if (w->err != RF_OK)
        return;
    if (w->depth == RF_PHONEXML_DEPTH_MAX) {
        refuse(w, RF_ERR_LIMIT, "xml-depth", "elements nested too deep");
        return;
    }
    struct level *at = &w->level[w->depth];
    *at = (struct level){0};
    if (w->depth > 0) {
        struct level *parent = &w->level[w->depth - 1];
        if (!extend(w, parent->path_len, "", name, count(parent, name)))
            return;
        at->path_len = strlen(w->path);
    }
    w->depth++;
    w->text_len = 0;
    for (; w->depth > 1 && *attrs != NULL; attrs += 2)
        if (extend(w, at->path_len, "@", attrs[0], 1))
            w->each(w->arg, w->path, rf_slice_str(attrs[1]));
    w->path[at->path_len] = '\0';
}

static void on_end(void *ctx, const char *name)
{
    struct walk *w = ctx;
    (void)name;
    if (w->err != RF_OK)
        return;
    const struct level *at = &w->level[--w->depth];
    w->path[at->path_len] = '\0';
    struct rf_slice text = rf_trim(rf_slice_of(w->text, w->text_len));
    if (!at->has_child && w->depth > 0 && text.len > 0)
        w->each(w->arg, w->path, text);
    w->text_len = 0;
}

static void on_text(void *ctx, const char *text, int len)
{
    struct walk *w = ctx;
    size_t n = (size_t)len;
    if (w->err != RF_OK)
        return;
    if (n > sizeof w->text - w->text_len) {
        refuse(w, RF_ERR_LIMIT, "xml-text-long", "too much text");
        return;
    }
    memcpy(w->text + w->text_len, text, n);
    w->text_len += n;
}

static void on_doctype(void *ctx, const char *name, const char *system_id, const char *public_id,
                       int has_internal_subset)
{
    (void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
    if (!rf_fault_skips("phonexml.leaves-doctype"))
        refuse(ctx, RF_ERR_BAD, "xml-doctype", "a configuration has no DOCTYPE");
}

static enum rf_err run(struct walk *w, struct rf_slice in)
{
    XML_SetUserData(w->parser, w);
    XML_SetElementHandler(w->parser, on_start, on_end);
    XML_SetCharacterDataHandler(w->parser, on_text);
    XML_SetStartDoctypeDeclHandler(w->parser, on_doctype);
    enum XML_Status status = XML_Parse(w->parser, (const char *)in.p, (int)in.len, XML_TRUE);
    if (w->err == RF_OK && status != XML_STATUS_OK) {
        enum XML_Error error = XML_GetErrorCode(w->parser);
        refuse(w, error == XML_ERROR_NO_MEMORY ? RF_ERR_NOMEM : RF_ERR_BAD,
               error == XML_ERROR_UNDEFINED_ENTITY ? "xml-entity" : "xml-syntax",
               XML_ErrorString(error));
    }
    return w->err;
}

enum rf_err rf_phonexml_leaves(struct rf_slice in,
                               void (*each)(void *arg, const char *path, struct rf_slice value),
                               void *arg, struct rf_why *why)
{
    if (in.len > RF_PHONEXML_BYTES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "xml-size", "%zu bytes, at most %d are read", in.len,
                          RF_PHONEXML_BYTES_MAX);
    if (in.len == 0 || memchr(in.p, 0, in.len) != NULL)
        return rf_why_set(why, RF_ERR_BAD, "xml-syntax", "no text in UTF-8");
    struct walk *w = rf_new(struct walk);
    w->each = each;
    w->arg = arg;
    w->why = why;
    w->parser = XML_ParserCreate("UTF-8");
    enum rf_err err = w->parser == NULL
                          ? rf_why_set(why, RF_ERR_NOMEM, "nomem", "no memory for the parser")
                          : run(w, in);
    XML_ParserFree(w->parser);
    rf_free(w);
    return err;
}
