/* SPDX-License-Identifier: Apache-2.0 */
/* The writer: signed files must come out the same, byte for byte, each time. */
#include "base/text.h"
#include "wire/phonexml/phonexml_int.h"

#include <inttypes.h>
#include <string.h>

struct writer {
    const struct rf_phonexml *c;
    struct rf_buf *out;
    struct rf_why *why;
    bool is_stub;
    const struct rf_phonexml_copied *copied; /* NULL: the table has the order */
};

static enum rf_err put(struct writer *w, const char *text)
{
    return rf_buf_add_slice(w->out, rf_slice_str(text));
}

static enum rf_err put_indent(struct writer *w, unsigned depth)
{
    return rf_buf_addf(w->out, "%*s", (int)(2 * depth), "");
}

static enum rf_err put_byte(struct rf_buf *out, uint8_t c)
{
    switch (c) {
    case '&':
        return rf_buf_add_slice(out, rf_slice_str("&amp;"));
    case '<':
        return rf_buf_add_slice(out, rf_slice_str("&lt;"));
    case '>':
        return rf_buf_add_slice(out, rf_slice_str("&gt;"));
    case '"':
        return rf_buf_add_slice(out, rf_slice_str("&quot;"));
    default:
        return rf_buf_add(out, &c, 1);
    }
}

enum rf_err rf_phonexml_put_text(struct rf_buf *out, struct rf_slice text)
{
    enum rf_err err = RF_OK;
    struct rf_rd rd = rf_rd_of(text);
    uint8_t c;
    while (err == RF_OK && rf_rd_u8(&rd, &c))
        err = put_byte(out, c);
    return err;
}

/* One character of UTF-8 as XML may have it: shortest form, no surrogate, not U+FFFE or U+FFFF. */
static bool is_utf8_char(struct rf_rd *rd)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint8_t c;
    if (!rf_rd_u8(rd, &c))
        return false;
    size_t more = c < 0x80 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    if ((c >= 0x80 && c < 0xc2) || c > 0xf4)
        return false;
    uint32_t value = more == 0 ? c : c & (0x3fu >> more);
    for (size_t i = 0; i < more; i++) {
        if (!rf_rd_u8(rd, &c) || (c & 0xc0) != 0x80)
            return false;
        value = value << 6 | (c & 0x3fu);
    }
    return value >= least[more] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff) &&
           value != 0xfffe && value != 0xffff;
}

size_t rf_phonexml_chars(struct rf_slice text)
{
    size_t n = 0;
    struct rf_rd rd = rf_rd_of(text);
    for (; !rf_rd_done(&rd); n++)
        if (!is_utf8_char(&rd))
            return SIZE_MAX;
    return n;
}

static enum rf_err put_text(struct writer *w, const struct rf_phonexml_row *row, const char *text)
{
    struct rf_slice s = rf_slice_of(text, strnlen(text, row->size));
    enum rf_err err = rf_phonexml_check_text(row, s, w->why);
    if (err == RF_OK && rf_phonexml_chars(s) == SIZE_MAX)
        err = rf_why_set(w->why, RF_ERR_BAD, "value-control", "%s is not UTF-8", row->name);
    return err == RF_OK ? rf_phonexml_put_text(w->out, s) : err;
}

static bool flag_at(const void *base, size_t at)
{
    return *((const bool *)((const char *)base + at));
}

static uint32_t number_at(const void *base, const struct rf_phonexml_row *row)
{
    const char *at = (const char *)base + row->at;
    return row->kind == RF_PHONEXML_U16 ? *(const uint16_t *)at : *(const uint32_t *)at;
}

static enum rf_err put_value(struct writer *w, const struct rf_phonexml_row *row, const void *base)
{
    if (row->kind == RF_PHONEXML_BOOL)
        return put(w, flag_at(base, row->at) ? "true" : "false");
    if (row->kind == RF_PHONEXML_U16 || row->kind == RF_PHONEXML_U32) {
        uint32_t n = number_at(base, row);
        enum rf_err err = rf_phonexml_check_number(row, n, w->why);
        return err == RF_OK ? rf_buf_addf(w->out, "%" PRIu32, n) : err;
    }
    return put_text(w, row, (const char *)base + row->at);
}

static const size_t *count_of(const struct writer *w, const struct rf_phonexml_list *list)
{
    return (const size_t *)((const char *)w->c + list->count_at);
}

/* Is there anything to write? A group is written for what is in it. */
static bool wants(const struct writer *w, const struct rf_phonexml_row *row, const void *base)
{
    if (w->is_stub && (row->flags & RF_PHONEXML_IN_STUB) == 0)
        return false;
    if (row->has_at != 0)
        return flag_at(w->c, row->has_at);
    if ((row->flags & RF_PHONEXML_ALWAYS) != 0)
        return true;
    switch (row->kind) {
    case RF_PHONEXML_GROUP:
        for (size_t i = 0; i < row->child_n; i++)
            if (wants(w, &row->child[i], base))
                return true;
        return false;
    case RF_PHONEXML_ITEM:
        return *count_of(w, row->list) > 0;
    case RF_PHONEXML_MODEL:
        return w->c->model_load_n > 0;
    case RF_PHONEXML_U32:
        return number_at(base, row) != 0;
    case RF_PHONEXML_TEXT:
    case RF_PHONEXML_PROTOCOL:
    case RF_PHONEXML_HEX:
    case RF_PHONEXML_BASE64:
        return *((const char *)base + row->at) != '\0';
    case RF_PHONEXML_ATTR: /* in its item's start tag */
    case RF_PHONEXML_BOOL:
    case RF_PHONEXML_U16:
        break;
    }
    return false;
}

static enum rf_err put_element(struct writer *w, const struct rf_phonexml_row *row,
                               const void *base, unsigned depth);

static enum rf_err put_leaf(struct writer *w, const struct rf_phonexml_row *row, const void *base,
                            unsigned depth)
{
    enum rf_err err = put_indent(w, depth);
    if (err == RF_OK)
        err = rf_buf_addf(w->out, "<%s>", row->name);
    if (err == RF_OK)
        err = put_value(w, row, base);
    return err == RF_OK ? rf_buf_addf(w->out, "</%s>\n", row->name) : err;
}

static enum rf_err put_attrs(struct writer *w, const struct rf_phonexml_row *row, const void *base)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; err == RF_OK && i < row->child_n; i++) {
        const struct rf_phonexml_row *attr = &row->child[i];
        if (attr->kind != RF_PHONEXML_ATTR)
            continue;
        int32_t n = *(const int32_t *)((const char *)base + attr->at);
        if (n < -1)
            return rf_why_set(w->why, RF_ERR_BAD, "value-number", "%s is below -1", attr->name);
        if (n >= 0)
            err = rf_buf_addf(w->out, " %s=\"%" PRId32 "\"", attr->name, n);
    }
    return err;
}

/* The i-th child to write: of a stub, the copied ones come in the order of the full document. */
static const struct rf_phonexml_row *
nth_child(const struct writer *w, const struct rf_phonexml_row *row, size_t i, size_t *copied_n)
{
    const struct rf_phonexml_row *child = &row->child[i];
    if (w->copied == NULL || (child->flags & RF_PHONEXML_COPIED) == 0)
        return child;
    return *copied_n < w->copied->n ? w->copied->row[(*copied_n)++] : NULL;
}

static enum rf_err put_group(struct writer *w, const struct rf_phonexml_row *row, const void *base,
                             unsigned depth)
{
    enum rf_err err = put_indent(w, depth);
    if (err == RF_OK)
        err = rf_buf_addf(w->out, "<%s", row->name);
    if (err == RF_OK)
        err = put_attrs(w, row, base);
    if (err == RF_OK)
        err = put(w, ">\n");
    for (size_t i = 0, copied_n = 0; err == RF_OK && i < row->child_n; i++) {
        const struct rf_phonexml_row *child = nth_child(w, row, i, &copied_n);
        if (child != NULL)
            err = put_element(w, child, base, depth + 1);
    }
    if (err == RF_OK)
        err = put_indent(w, depth);
    return err == RF_OK ? rf_buf_addf(w->out, "</%s>\n", row->name) : err;
}

static const char *item_at(const struct writer *w, const struct rf_phonexml_list *list, size_t i)
{
    return (const char *)w->c + list->items_at + i * list->item_size;
}

static enum rf_err put_items(struct writer *w, const struct rf_phonexml_row *row, unsigned depth)
{
    const struct rf_phonexml_list *list = row->list;
    enum rf_err err = RF_OK;
    for (size_t i = 0; err == RF_OK && i < *count_of(w, list); i++)
        if (*(item_at(w, list, i) + list->name_at) != '\0')
            err = put_group(w, row, item_at(w, list, i), depth);
    return err;
}

static enum rf_err put_model(struct writer *w, const struct rf_phonexml_row *row,
                             const struct rf_phonexml_model_load *m, unsigned depth)
{
    static const struct rf_phonexml_row name = {"model", .kind = RF_PHONEXML_TEXT,
                                                .size = RF_PHONEXML_MODEL_SIZE};
    static const struct rf_phonexml_row load = {"loadInformation", .kind = RF_PHONEXML_TEXT,
                                                .size = RF_PHONEXML_NAME_SIZE};
    enum rf_err err = put_indent(w, depth);
    if (err == RF_OK)
        err = rf_buf_addf(w->out, "<%s%" PRIu32, row->name, m->model);
    if (err == RF_OK && m->name[0] != '\0') {
        err = put(w, " model=\"");
        err = err == RF_OK ? put_text(w, &name, m->name) : err;
        err = err == RF_OK ? put(w, "\"") : err;
    }
    if (err == RF_OK)
        err = put(w, ">");
    if (err == RF_OK)
        err = put_text(w, &load, m->load);
    return err == RF_OK ? rf_buf_addf(w->out, "</%s%" PRIu32 ">\n", row->name, m->model) : err;
}

static enum rf_err put_models(struct writer *w, const struct rf_phonexml_row *row, unsigned depth)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; err == RF_OK && i < w->c->model_load_n; i++)
        if (w->c->model_load[i].load[0] != '\0')
            err = put_model(w, row, &w->c->model_load[i], depth);
    return err;
}

static enum rf_err put_element(struct writer *w, const struct rf_phonexml_row *row,
                               const void *base, unsigned depth)
{
    if (!wants(w, row, base))
        return RF_OK;
    switch (row->kind) {
    case RF_PHONEXML_GROUP:
        return put_group(w, row, base, depth);
    case RF_PHONEXML_ITEM:
        return put_items(w, row, depth);
    case RF_PHONEXML_MODEL:
        return put_models(w, row, depth);
    case RF_PHONEXML_TEXT:
    case RF_PHONEXML_PROTOCOL:
    case RF_PHONEXML_HEX:
    case RF_PHONEXML_BASE64:
    case RF_PHONEXML_BOOL:
    case RF_PHONEXML_U16:
    case RF_PHONEXML_U32:
    case RF_PHONEXML_ATTR:
        break;
    }
    return put_leaf(w, row, base, depth);
}

static enum rf_err check_counts(const struct rf_phonexml *c, struct rf_why *why)
{
    if (c->cm_n > RF_PHONEXML_CMS_MAX || c->tvs_n > RF_PHONEXML_TVS_MAX ||
        c->capf_n > RF_PHONEXML_CAPF_MAX || c->model_load_n > RF_PHONEXML_MODELS_MAX)
        return rf_why_set(why, RF_ERR_BAD, "member-count", "a count is above its array");
    for (size_t i = 0; i < c->model_load_n; i++)
        for (size_t k = 0; k < i; k++)
            if (c->model_load[i].model == c->model_load[k].model)
                return rf_why_set(why, RF_ERR_BAD, "element-twice", "two loads for model %" PRIu32,
                                  c->model_load[i].model);
    return RF_OK;
}

enum rf_err rf_phonexml_write(const struct rf_phonexml *c, const struct rf_phonexml_copied *copied,
                              struct rf_buf *out, struct rf_why *why)
{
    struct writer w = {
        .c = c, .out = out, .why = why, .is_stub = !c->is_full && !c->is_default, .copied = copied};
    size_t before = out->len;
    enum rf_err err = check_counts(c, why);
    if (err == RF_OK)
        err = put(&w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    if (err == RF_OK)
        err = put_element(&w, c->is_default ? &rf_phonexml_default : &rf_phonexml_device, c, 0);
    if (err != RF_OK)
        out->len = before;
    return err;
}

enum rf_err rf_phonexml_encode(const struct rf_phonexml *c, struct rf_buf *out, struct rf_why *why)
{
    return rf_phonexml_write(c, NULL, out, why);
}
