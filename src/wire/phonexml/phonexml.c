/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/phonexml/phonexml.h"

#include "base/faults.h"
#include "base/secret.h"
#include "base/text.h"
#include "wire/phonexml/phonexml_int.h"

#include <expat.h>
#include <inttypes.h>
#include <string.h>

struct rf_phonexml *rf_phonexml_new(void)
{
    struct rf_phonexml *c = rf_new(struct rf_phonexml);
    c->is_full = true;
    memcpy(c->device_protocol, "SCCP", 5);
    c->security_mode = RF_PHONEXML_MODE_NON_SECURE;
    for (size_t i = 0; i < RF_PHONEXML_SRST_N; i++)
        c->srst.address[i].port = RF_PHONEXML_CM_PORT;
    return c;
}

void rf_phonexml_free(struct rf_phonexml *c)
{
    if (c != NULL)
        rf_wipe(c->phone_password, sizeof c->phone_password);
    rf_free(c);
}

void rf_phonexml_freep(struct rf_phonexml **c)
{
    rf_phonexml_free(*c);
    *c = NULL;
}

/* --- values --- */

enum rf_err rf_phonexml_check_bytes(const char *name, struct rf_slice text, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(text);
    uint8_t c, before = 0;
    while (rf_rd_u8(&rd, &c)) {
        bool is_c1 = before == 0xc2 && c < 0xa0; /* as UTF-8 writes them */
        if (c < 0x20 || c == 0x7f || is_c1)
            return rf_why_set(why, RF_ERR_BAD, "value-control", "%s holds byte 0x%02x", name, c);
        before = c;
    }
    return RF_OK;
}

static bool is_base64(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' ||
           c == '/';
}

/* Groups of four, "=" only as the last or the last two: a line end or blank is an error to the
 * phone's parser too. */
enum rf_err rf_phonexml_check_base64(const char *name, struct rf_slice text, struct rf_why *why)
{
    struct rf_rd rd = rf_rd_of(text);
    uint8_t c;
    size_t padding = 0;
    bool is_good = text.len % 4 == 0;
    while (is_good && rf_rd_u8(&rd, &c)) {
        padding += c == '=';
        is_good = c == '=' || (padding == 0 && is_base64(c));
    }
    if (!is_good || padding > 2)
        return rf_why_set(why, RF_ERR_BAD, "value-base64", "%s is not base64 on one line", name);
    return RF_OK;
}

static enum rf_err check_hex(const struct rf_phonexml_row *row, struct rf_slice text,
                             struct rf_why *why)
{
    uint8_t bytes[64];
    size_t n;
    if (rf_unhex(text, bytes, sizeof bytes, &n) != RF_OK)
        return rf_why_set(why, RF_ERR_BAD, "value-hex", "%s is not hexadecimal", row->name);
    return RF_OK;
}

enum rf_err rf_phonexml_check_text(const struct rf_phonexml_row *row, struct rf_slice text,
                                   struct rf_why *why)
{
    if (text.len >= row->size)
        return rf_why_set(why, RF_ERR_LIMIT, "value-long", "%s has %zu bytes, at most %zu fit",
                          row->name, text.len, row->size - 1);
    if (row->kind == RF_PHONEXML_HEX)
        return check_hex(row, text, why);
    if (row->kind == RF_PHONEXML_BASE64)
        return rf_phonexml_check_base64(row->name, text, why);
    if (row->kind == RF_PHONEXML_PROTOCOL && !rf_slice_eq_str(text, "SCCP") &&
        !rf_slice_eq_str(text, "SIP"))
        return rf_why_set(why, RF_ERR_BAD, "value-protocol", "%s is neither SCCP nor SIP",
                          row->name);
    return rf_phonexml_check_bytes(row->name, text, why);
}

static enum rf_err not_a_number(const struct rf_phonexml_row *row, struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_BAD, "value-number",
                      "%s is not a number from %" PRIu32 " to %" PRIu32, row->name, row->min,
                      row->max);
}

enum rf_err rf_phonexml_check_number(const struct rf_phonexml_row *row, uint64_t n,
                                     struct rf_why *why)
{
    return n < row->min || n > row->max ? not_a_number(row, why) : RF_OK;
}

/* --- reading --- */

/* An element that is open. row is NULL for one that nothing here reads. */
struct level {
    const struct rf_phonexml_row *row;
    uint32_t model; /* of loadInformation<N> */
    char model_name[RF_PHONEXML_MODEL_SIZE];
    uint32_t seen_children; /* a bit for each of row->child */
};

struct reader {
    XML_Parser parser;
    struct rf_phonexml *c;
    enum rf_err err;
    struct rf_why *why;
    size_t depth;
    struct level level[RF_PHONEXML_DEPTH_MAX];
    size_t value_depth; /* of the open element that has a value; 0: none */
    size_t value_len;
    char value[RF_PHONEXML_TEXT_MAX];
    size_t run;                  /* bytes of text since the last tag */
    union rf_phonexml_item item; /* the member being read */
    bool is_in_item;
    struct rf_phonexml_copied copied;
};

#define REFUSE(r, kind, code, ...) refuse((r), rf_why_set((r)->why, (kind), (code), __VA_ARGS__))

/* Stop at once: expat makes no more calls but those it has begun. */
static void refuse(struct reader *r, enum rf_err err)
{
    if (r->err != RF_OK || err == RF_OK)
        return;
    r->err = err;
    if (r->why != NULL)
        r->why->offset = (size_t)XML_GetCurrentByteIndex(r->parser);
    (void)XML_StopParser(r->parser, XML_FALSE);
}

/* Where the value of a row goes. */
static void *target(struct reader *r, const struct rf_phonexml_row *row)
{
    char *base = r->is_in_item ? (char *)&r->item : (char *)r->c;
    return base + row->at;
}

static enum rf_err take_number(struct reader *r, const struct rf_phonexml_row *row,
                               struct rf_slice text)
{
    uint64_t n;
    if (!rf_parse_u64(text, row->min, row->max, &n))
        return not_a_number(row, r->why);
    if (row->kind == RF_PHONEXML_U16)
        *(uint16_t *)target(r, row) = (uint16_t)n;
    else
        *(uint32_t *)target(r, row) = (uint32_t)n;
    return RF_OK;
}

static enum rf_err take_bool(struct reader *r, const struct rf_phonexml_row *row,
                             struct rf_slice text)
{
    bool *to = target(r, row);
    *to = rf_slice_eq_str(text, "true");
    if (!*to && !rf_slice_eq_str(text, "false"))
        return rf_why_set(r->why, RF_ERR_BAD, "value-bool", "%s is neither true nor false",
                          row->name);
    return RF_OK;
}

static enum rf_err take_text(struct reader *r, const struct rf_phonexml_row *row,
                             struct rf_slice text)
{
    enum rf_err err = rf_phonexml_check_text(row, text, r->why);
    if (err == RF_OK && !rf_slice_to_str(text, target(r, row), row->size))
        rf_bug("a checked text fits", __FILE__, __LINE__);
    return err;
}

static enum rf_err take_model(struct reader *r, const struct level *at, struct rf_slice text)
{
    static const struct rf_phonexml_row row = {"loadInformation", .kind = RF_PHONEXML_TEXT,
                                               .size = RF_PHONEXML_NAME_SIZE};
    struct rf_phonexml *c = r->c;
    enum rf_err err = rf_phonexml_check_text(&row, text, r->why);
    if (err != RF_OK)
        return err;
    for (size_t i = 0; i < c->model_load_n; i++)
        if (c->model_load[i].model == at->model)
            return rf_why_set(r->why, RF_ERR_BAD, "element-twice",
                              "loadInformation%" PRIu32 " twice", at->model);
    if (c->model_load_n == RF_PHONEXML_MODELS_MAX)
        return rf_why_set(r->why, RF_ERR_LIMIT, "model-count", "loads for more than %d models",
                          RF_PHONEXML_MODELS_MAX);
    struct rf_phonexml_model_load *m = &c->model_load[c->model_load_n++];
    m->model = at->model;
    memcpy(m->name, at->model_name, sizeof m->name);
    (void)rf_slice_to_str(text, m->load, sizeof m->load);
    return RF_OK;
}

/* An element with a value ends. Empty is as good as absent. */
static enum rf_err take_value(struct reader *r, const struct level *at)
{
    const struct rf_phonexml_row *row = at->row;
    struct rf_slice text = rf_slice_of(r->value, r->value_len);
    if (text.len == 0)
        return RF_OK;
    if (row->has_at != 0)
        *((char *)r->c + row->has_at) = true;
    switch (row->kind) {
    case RF_PHONEXML_BOOL:
        return take_bool(r, row, text);
    case RF_PHONEXML_U16:
    case RF_PHONEXML_U32:
        return take_number(r, row, text);
    case RF_PHONEXML_MODEL:
        return take_model(r, at, text);
    case RF_PHONEXML_TEXT:
    case RF_PHONEXML_PROTOCOL:
    case RF_PHONEXML_HEX:
    case RF_PHONEXML_BASE64:
        return take_text(r, row, text);
    case RF_PHONEXML_GROUP:
    case RF_PHONEXML_ITEM:
    case RF_PHONEXML_ATTR:
        break;
    }
    rf_bug("a row with a value", __FILE__, __LINE__);
}

static bool has_value(const struct rf_phonexml_row *row)
{
    return row->kind != RF_PHONEXML_GROUP && row->kind != RF_PHONEXML_ITEM;
}

static enum rf_err take_priority(struct reader *r, const struct rf_phonexml_row *row,
                                 const char *text)
{
    uint64_t n;
    int32_t *to = target(r, row);
    if (text[0] == '\0' || strcmp(text, "-1") == 0)
        return RF_OK;
    if (!rf_parse_u64(rf_slice_str(text), 0, INT32_MAX, &n))
        return rf_why_set(r->why, RF_ERR_BAD, "value-number", "%s is not a number", row->name);
    *to = (int32_t)n;
    return RF_OK;
}

static enum rf_err begin_item(struct reader *r, const struct rf_phonexml_row *row,
                              const char **attrs)
{
    const struct rf_phonexml_list *list = row->list;
    memset(&r->item, 0, sizeof r->item);
    r->is_in_item = true;
    *(uint16_t *)((char *)&r->item + list->port_at) = list->port;
    if (!list->has_priority)
        return RF_OK;
    r->item.server.priority = -1;
    const struct rf_phonexml_row *attr = row->child;
    for (; *attrs != NULL; attrs += 2)
        if (strcmp(attrs[0], attr->name) == 0)
            return take_priority(r, attr, attrs[1]);
    return RF_OK;
}

/* One that is too long says nothing that anybody needs. */
static enum rf_err begin_model(struct reader *r, struct level *at, const char **attrs)
{
    enum rf_err err = RF_OK;
    for (; *attrs != NULL; attrs += 2)
        if (strcmp(attrs[0], "model") == 0) {
            err = rf_phonexml_check_bytes("model", rf_slice_str(attrs[1]), r->why);
            if (!rf_slice_to_str(rf_slice_str(attrs[1]), at->model_name, sizeof at->model_name))
                memset(at->model_name, 0, sizeof at->model_name);
        }
    return err;
}

/* A member without a name is as if it were not there. */
static enum rf_err end_item(struct reader *r, const struct rf_phonexml_row *row)
{
    const struct rf_phonexml_list *list = row->list;
    size_t *n = (size_t *)((char *)r->c + list->count_at);
    r->is_in_item = false;
    if (*((char *)&r->item + list->name_at) == '\0')
        return RF_OK;
    if (*n == list->max)
        return rf_why_set(r->why, RF_ERR_LIMIT, "member-count", "more than %zu %s", list->max,
                          list->what);
    memcpy((char *)r->c + list->items_at + *n * list->item_size, &r->item, list->item_size);
    ++*n;
    return RF_OK;
}

/* loadInformation404, by some servers spelled with a small i. */
static bool is_model(const char *name, uint32_t *model)
{
    struct rf_slice s = rf_slice_str(name);
    uint64_t n;
    if (!rf_slice_starts_with(s, "loadInformation") && !rf_slice_starts_with(s, "loadinformation"))
        return false;
    if (!rf_parse_u64(rf_slice_part(s, strlen("loadInformation"), SIZE_MAX), 0, UINT32_MAX, &n))
        return false;
    *model = (uint32_t)n;
    return true;
}

/* The row of an element inside `parent`, or NULL when nothing here reads it. */
static enum rf_err find_row(struct reader *r, struct level *parent, const char *name,
                            struct level *out)
{
    const struct rf_phonexml_row *up = parent->row;
    for (size_t i = 0; up != NULL && i < up->child_n; i++) {
        const struct rf_phonexml_row *row = &up->child[i];
        bool fits = row->kind == RF_PHONEXML_MODEL ? is_model(name, &out->model)
                                                   : strcmp(row->name, name) == 0;
        if (!fits || row->kind == RF_PHONEXML_ATTR)
            continue;
        bool may_repeat = row->kind == RF_PHONEXML_ITEM || row->kind == RF_PHONEXML_MODEL;
        if (!may_repeat && (parent->seen_children >> i & 1) != 0)
            return rf_why_set(r->why, RF_ERR_BAD, "element-twice", "%s twice", row->name);
        parent->seen_children |= 1u << i;
        if ((row->flags & RF_PHONEXML_COPIED) != 0)
            r->copied.row[r->copied.n++] = row;
        out->row = row;
        return RF_OK;
    }
    r->c->unknown_n++;
    return RF_OK;
}

static enum rf_err find_root(struct reader *r, const char *name, struct level *out)
{
    r->c->is_default = strcmp(name, rf_phonexml_default.name) == 0;
    out->row = r->c->is_default ? &rf_phonexml_default : &rf_phonexml_device;
    if (!r->c->is_default && strcmp(name, rf_phonexml_device.name) != 0)
        return rf_why_set(r->why, RF_ERR_BAD, "root-unknown",
                          "this is not a phone's configuration: its root is neither device nor "
                          "Default");
    return RF_OK;
}

static void on_start(void *ctx, const char *name, const char **attrs)
{
    struct reader *r = ctx;
    size_t attr_n = 0;
    if (r->err != RF_OK)
        return;
    while (attrs[2 * attr_n] != NULL)
        attr_n++;
    if (attr_n > RF_PHONEXML_ATTRS_MAX && !rf_fault_skips("phonexml.attributes")) {
        REFUSE(r, RF_ERR_LIMIT, "xml-attributes", "an element with %zu attributes", attr_n);
        return;
    }
    if (r->depth == RF_PHONEXML_DEPTH_MAX) {
        REFUSE(r, RF_ERR_LIMIT, "xml-depth", "elements nested deeper than %d",
               RF_PHONEXML_DEPTH_MAX);
        return;
    }
    struct level *at = &r->level[r->depth];
    *at = (struct level){0};
    enum rf_err err =
        r->depth == 0 ? find_root(r, name, at) : find_row(r, &r->level[r->depth - 1], name, at);
    r->depth++;
    r->run = 0;
    if (err == RF_OK && at->row != NULL && at->row->kind == RF_PHONEXML_ITEM)
        err = begin_item(r, at->row, attrs);
    if (err == RF_OK && at->row != NULL && at->row->kind == RF_PHONEXML_MODEL)
        err = begin_model(r, at, attrs);
    if (err == RF_OK && at->row != NULL && has_value(at->row)) {
        r->value_depth = r->depth;
        r->value_len = 0;
    }
    refuse(r, err);
}

static void on_end(void *ctx, const char *name)
{
    struct reader *r = ctx;
    (void)name;
    if (r->err != RF_OK)
        return;
    const struct level *at = &r->level[r->depth - 1];
    enum rf_err err = RF_OK;
    if (r->value_depth == r->depth) {
        err = take_value(r, at);
        r->value_depth = 0;
    } else if (at->row != NULL && at->row->kind == RF_PHONEXML_ITEM) {
        err = end_item(r, at->row);
    } else if (at->row != NULL && at->row->has_at != 0) {
        *((char *)r->c + at->row->has_at) = true;
    }
    r->depth--;
    r->run = 0;
    refuse(r, err);
}

static void on_text(void *ctx, const char *text, int len)
{
    struct reader *r = ctx;
    size_t n = (size_t)len;
    if (r->err != RF_OK)
        return;
    bool is_value = r->value_depth != 0 && r->value_depth == r->depth;
    r->run += n;
    if (r->run > RF_PHONEXML_TEXT_MAX || (is_value && n > sizeof r->value - r->value_len)) {
        REFUSE(r, RF_ERR_LIMIT, "xml-text-long", "an element with more than %d bytes of text",
               RF_PHONEXML_TEXT_MAX);
        return;
    }
    if (is_value) {
        memcpy(r->value + r->value_len, text, n);
        r->value_len += n;
    }
}

/* Entities can only be declared here, so that refusing it leaves the five of XML itself. */
static void on_doctype(void *ctx, const char *name, const char *system_id, const char *public_id,
                       int has_internal_subset)
{
    struct reader *r = ctx;
    (void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
    if (!rf_fault_skips("phonexml.doctype"))
        REFUSE(r, RF_ERR_BAD, "xml-doctype", "a configuration has no DOCTYPE");
}

/* What expat itself found wrong. */
static enum rf_err refused_by_expat(struct reader *r)
{
    enum XML_Error error = XML_GetErrorCode(r->parser);
    const char *code = error == XML_ERROR_UNDEFINED_ENTITY ? "xml-entity" : "xml-syntax";
    if (error == XML_ERROR_NO_MEMORY)
        return rf_why_set(r->why, RF_ERR_NOMEM, "nomem", "no memory for the parser");
    if (r->why != NULL)
        r->why->offset = (size_t)XML_GetCurrentByteIndex(r->parser);
    return rf_why_set(r->why, RF_ERR_BAD, code, "line %lu: %s",
                      (unsigned long)XML_GetCurrentLineNumber(r->parser), XML_ErrorString(error));
}

/* -1 is behind every number. */
static bool goes_before(int32_t a, int32_t b)
{
    return (uint32_t)a < (uint32_t)b;
}

/* By priority; those with the same one stay in the order of the file. */
static void sort(struct rf_phonexml_server *s, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && goes_before(s[k].priority, s[k - 1].priority); k--) {
            struct rf_phonexml_server t = s[k];
            s[k] = s[k - 1];
            s[k - 1] = t;
        }
}

static enum rf_err run(struct reader *r, struct rf_slice in)
{
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    enum XML_Status status = XML_Parse(r->parser, (const char *)in.p, (int)in.len, XML_TRUE);
    if (r->err == RF_OK && status != XML_STATUS_OK)
        r->err = refused_by_expat(r);
    return r->err;
}

/* expat calls a document UTF-16 by its first bytes, whatever it was told; in UTF-8 there is no NUL.
 */
static bool has_nul(struct rf_slice in)
{
    return in.len > 0 && memchr(in.p, 0, in.len) != NULL;
}

static void parser_freep(XML_Parser *parser)
{
    if (*parser != NULL)
        XML_ParserFree(*parser);
}

enum rf_err rf_phonexml_read(struct rf_slice in, struct rf_phonexml **out,
                             struct rf_phonexml_copied *copied, struct rf_why *why)
{
    *out = NULL;
    if (in.len > RF_PHONEXML_BYTES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "xml-size", "a configuration of %zu bytes", in.len);
    if (has_nul(in))
        return rf_why_set(why, RF_ERR_BAD, "xml-syntax", "a NUL byte: not UTF-8");
    RF_AUTO(rf_freep) struct reader *r = rf_new(struct reader);
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = rf_phonexml_new();
    RF_AUTO(parser_freep) XML_Parser parser = XML_ParserCreate("UTF-8");
    if (parser == NULL)
        return rf_why_set(why, RF_ERR_NOMEM, "nomem", "no memory for the parser");
    r->parser = parser;
    r->c = c;
    r->why = why;
    enum rf_err err = run(r, in);
    if (err != RF_OK)
        return err;
    sort(c->cm, c->cm_n);
    sort(c->tvs, c->tvs_n);
    *copied = r->copied;
    *out = rf_steal(&c);
    return RF_OK;
}

enum rf_err rf_phonexml_decode(struct rf_slice in, struct rf_phonexml **out, struct rf_why *why)
{
    struct rf_phonexml_copied copied;
    return rf_phonexml_read(in, out, &copied, why);
}
