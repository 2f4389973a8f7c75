/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/phonexml/phonexml_tree.h"

#include "base/secret.h"
#include "base/text.h"
#include "wire/phonexml/phonexml_int.h"

#include <string.h>

struct node {
    char *name;      /* as in the path, with its number */
    size_t bare_len; /* without it */
    uint32_t index;
    /* The rows of the table that lie below; none (from == to) of what nobody knows. The first one
     * is the place among siblings. */
    size_t from;
    size_t to;
    struct node *first;
    struct node *next;
    bool is_leaf;
    struct rf_phonexml_leaf leaf; /* owns its texts */
};

struct rf_phonexml_tree {
    struct node root;
    size_t leaves_n;
};

/* ---- life ---- */

static void clear_leaf(struct rf_phonexml_leaf *leaf)
{
    char *value = (char *)leaf->value.p;
    if (value != NULL)
        rf_wipe(value, leaf->value.len);
    rf_free(value);
    rf_free((char *)leaf->path);
    rf_free((char *)leaf->label);
    *leaf = (struct rf_phonexml_leaf){0};
}

/* As deep as a path is long. */
static void free_children(struct node *n)
{
    while (n->first != NULL) {
        struct node *child = n->first;
        n->first = child->next;
        free_children(child);
        clear_leaf(&child->leaf);
        rf_free(child->name);
        rf_free(child);
    }
}

struct rf_phonexml_tree *rf_phonexml_tree_new(void)
{
    struct rf_phonexml_tree *t = rf_new(struct rf_phonexml_tree);
    t->root.to = rf_phonexml_elements_n;
    return t;
}

void rf_phonexml_tree_free(struct rf_phonexml_tree *t)
{
    if (t == NULL)
        return;
    free_children(&t->root);
    rf_free(t);
}

void rf_phonexml_tree_freep(struct rf_phonexml_tree **t)
{
    rf_phonexml_tree_free(*t);
    *t = NULL;
}

/* ---- places ---- */

static struct rf_slice bare(struct rf_slice component)
{
    struct rf_slice name;
    (void)!rf_next_piece(&component, '[', &name);
    return name;
}

static bool same_text(struct rf_slice a, struct rf_slice b)
{
    return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

/* Has the row this component at this depth? */
static bool row_has(const char *path, size_t depth, struct rf_slice name)
{
    struct rf_slice rest = rf_slice_str(path);
    struct rf_slice piece = {0};
    for (size_t i = 0; i <= depth; i++)
        if (!rf_next_piece(&rest, '/', &piece))
            return false;
    return same_text(bare(piece), name);
}

/* Rows with the same beginning stand together, and the row of a leaf that is known is among them.
 */
static void set_range(const struct node *parent, size_t depth, struct rf_slice name,
                      const struct rf_phonexml_element *row, struct node *child)
{
    size_t at = row != NULL ? (size_t)(row - rf_phonexml_elements) : parent->from;
    while (row != NULL && at > parent->from &&
           row_has(rf_phonexml_elements[at - 1].path, depth, name))
        at--;
    while (at < parent->to && !row_has(rf_phonexml_elements[at].path, depth, name))
        at++;
    child->from = at < parent->to ? at : rf_phonexml_elements_n;
    while (at < parent->to && row_has(rf_phonexml_elements[at].path, depth, name))
        at++;
    child->to = child->from < rf_phonexml_elements_n ? at : child->from;
}

/* By the table; what is not in it comes last, by name. Then by number. */
static bool is_before(const struct node *a, const struct node *b)
{
    if (a->from != b->from)
        return a->from < b->from;
    int names = strncmp(a->name, b->name, a->bare_len > b->bare_len ? a->bare_len : b->bare_len);
    if (a->bare_len != b->bare_len || names != 0)
        return strcmp(a->name, b->name) < 0;
    return a->index < b->index;
}

static struct node *add_child(struct node *parent, size_t depth, struct rf_slice component,
                              const struct rf_phonexml_element *row)
{
    uint64_t index = 0;
    struct rf_slice name = bare(component);
    struct rf_slice rest = rf_slice_part(component, name.len, SIZE_MAX);
    struct node *child = rf_new(struct node);
    char text[RF_PHONEXML_PATH_SIZE];
    rf_bug_on(!rf_slice_to_str(component, text, sizeof text));
    child->name = rf_strdup(text);
    child->bare_len = name.len;
    if (rest.len > 2 &&
        rf_parse_u64(rf_slice_part(rest, 1, rest.len - 2), 0, RF_PHONEXML_INDEX_MAX, &index))
        child->index = (uint32_t)index;
    set_range(parent, depth, name, row, child);
    struct node **at = &parent->first;
    while (*at != NULL && is_before(*at, child))
        at = &(*at)->next;
    child->next = *at;
    *at = child;
    return child;
}

static struct node *find_child(const struct node *parent, struct rf_slice component)
{
    struct node *n = parent->first;
    while (n != NULL && !same_text(component, rf_slice_str(n->name)))
        n = n->next;
    return n;
}

static struct node *find_node(const struct rf_phonexml_tree *t, const char *path)
{
    struct rf_slice rest = rf_slice_str(path);
    struct rf_slice piece;
    const struct node *at = &t->root;
    struct node *found = NULL;
    while (rf_next_piece(&rest, '/', &piece)) {
        found = find_child(at, piece);
        if (found == NULL)
            return NULL;
        at = found;
    }
    return found;
}

/* ---- setting ---- */

static enum rf_err not_a_value(const char *path, struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_BAD, "path-group",
                      "%s: an element holds either a value or other elements", path);
}

static enum rf_err copy_leaf(const struct rf_phonexml_leaf *from, struct rf_phonexml_leaf *to,
                             struct rf_why *why)
{
    char *value = NULL;
    if (from->value.len > 0) {
        value = rf_try_alloc(from->value.len, RF_PHONEXML_VALUE_MAX);
        if (value == NULL)
            return rf_why_set(why, RF_ERR_LIMIT, "value-long", "%s: at most %d bytes fit",
                              from->path, RF_PHONEXML_VALUE_MAX);
        memcpy(value, from->value.p, from->value.len);
    }
    *to = *from;
    to->path = rf_strdup(from->path);
    to->label = rf_strdup(from->label);
    to->value = rf_slice_of(value, from->value.len);
    return RF_OK;
}

enum rf_err rf_phonexml_tree_set(struct rf_phonexml_tree *t, const struct rf_phonexml_leaf *leaf,
                                 struct rf_why *why)
{
    struct rf_slice rest = rf_slice_str(leaf->path);
    struct rf_slice piece;
    struct node *at = &t->root;
    struct rf_phonexml_leaf copy;
    if (t->leaves_n == RF_PHONEXML_LEAVES_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "tree-full",
                          "a configuration has at most %d values set", RF_PHONEXML_LEAVES_MAX);
    for (size_t depth = 0; rf_next_piece(&rest, '/', &piece); depth++) {
        struct node *child = find_child(at, piece);
        if (at->is_leaf || depth == RF_PHONEXML_PATH_DEPTH)
            return not_a_value(leaf->path, why);
        at = child != NULL ? child : add_child(at, depth, piece, leaf->element);
    }
    if (at == &t->root || at->first != NULL)
        return not_a_value(leaf->path, why);
    enum rf_err err = copy_leaf(leaf, &copy, why);
    if (err != RF_OK)
        return err;
    t->leaves_n += !at->is_leaf;
    clear_leaf(&at->leaf);
    at->leaf = copy;
    at->is_leaf = true;
    return RF_OK;
}

const struct rf_phonexml_leaf *rf_phonexml_tree_find(const struct rf_phonexml_tree *t,
                                                     const char *path)
{
    const struct node *n = find_node(t, path);
    return n != NULL && n->is_leaf ? &n->leaf : NULL;
}

static void each_below(const struct node *n,
                       void (*each)(void *arg, const struct rf_phonexml_leaf *leaf), void *arg)
{
    for (const struct node *child = n->first; child != NULL; child = child->next) {
        if (child->is_leaf)
            each(arg, &child->leaf);
        each_below(child, each, arg);
    }
}

void rf_phonexml_tree_each(const struct rf_phonexml_tree *t,
                           void (*each)(void *arg, const struct rf_phonexml_leaf *leaf), void *arg)
{
    each_below(&t->root, each, arg);
}

/* ---- writing ---- */

static bool is_attr(const struct node *n)
{
    return n->name[0] == '@';
}

static struct rf_slice text_of(const struct node *n, enum rf_phonexml_secrets secrets)
{
    if (!n->leaf.is_secret || secrets == RF_PHONEXML_SECRETS_WRITTEN || n->leaf.value.len == 0)
        return n->leaf.value;
    return secrets == RF_PHONEXML_SECRETS_LABELLED ? rf_slice_str(n->leaf.label)
                                                   : (struct rf_slice){0};
}

static bool has_text(const struct node *n, enum rf_phonexml_secrets secrets)
{
    if (n->is_leaf)
        return !is_attr(n) && text_of(n, secrets).len > 0;
    for (const struct node *child = n->first; child != NULL; child = child->next)
        if (has_text(child, secrets))
            return true;
    return false;
}

struct writer {
    enum rf_phonexml_secrets secrets;
    struct rf_buf *out;
    enum rf_err err; /* nothing is written after the first */
};

static void put_slice(struct writer *w, struct rf_slice text)
{
    if (w->err == RF_OK)
        w->err = rf_buf_add_slice(w->out, text);
}

static void put(struct writer *w, const char *text)
{
    put_slice(w, rf_slice_str(text));
}

static void put_text(struct writer *w, struct rf_slice text)
{
    if (w->err == RF_OK)
        w->err = rf_phonexml_put_text(w->out, text);
}

static void put_indent(struct writer *w, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        put(w, "  ");
}

static void put_attrs(struct writer *w, const struct node *n)
{
    for (const struct node *a = n->first; a != NULL; a = a->next) {
        struct rf_slice text = a->is_leaf ? text_of(a, w->secrets) : (struct rf_slice){0};
        if (!is_attr(a) || text.len == 0)
            continue;
        put(w, " ");
        put(w, a->name + 1);
        put(w, "=\"");
        put_text(w, text);
        put(w, "\"");
    }
}

/* As deep as a path is long. */
static void put_node(struct writer *w, const struct node *n, unsigned depth)
{
    struct rf_slice name = rf_slice_of(n->name, n->bare_len);
    if (!has_text(n, w->secrets))
        return;
    put_indent(w, depth);
    put(w, "<");
    put_slice(w, name);
    put_attrs(w, n);
    put(w, n->is_leaf ? ">" : ">\n");
    if (n->is_leaf)
        put_text(w, text_of(n, w->secrets));
    for (const struct node *c = n->first; c != NULL; c = c->next)
        put_node(w, c, depth + 1);
    if (!n->is_leaf)
        put_indent(w, depth);
    put(w, "</");
    put_slice(w, name);
    put(w, ">\n");
}

enum rf_err rf_phonexml_tree_encode(const struct rf_phonexml_tree *t,
                                    enum rf_phonexml_secrets secrets, struct rf_buf *out,
                                    struct rf_why *why)
{
    size_t before = out->len;
    struct writer w = {.secrets = secrets, .out = out, .err = RF_OK};
    put(&w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device>\n");
    for (const struct node *n = t->root.first; n != NULL; n = n->next)
        put_node(&w, n, 1);
    put(&w, "</device>\n");
    if (w.err == RF_OK)
        return RF_OK;
    out->len = before;
    return rf_why_set(why, w.err, "xml-size", "the configuration does not fit into %zu bytes",
                      out->max);
}
