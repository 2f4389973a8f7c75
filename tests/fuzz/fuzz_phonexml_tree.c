/* SPDX-License-Identifier: Apache-2.0 */
/* Lines "PATH=VALUE", as operators set them: what is taken has one spelling, stands in the tree,
 * and comes out in a document, the same each time. A line that begins with "!" sets its
 * value without looking at the table. */
#include "wire/phonexml/phonexml_tree.h"

#include "base/text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set(struct rf_phonexml_tree *t, struct rf_slice given_path, struct rf_slice given,
                unsigned layer)
{
    char given_text[512];
    char path[RF_PHONEXML_PATH_SIZE];
    char again[RF_PHONEXML_PATH_SIZE];
    const struct rf_phonexml_element *e = NULL;
    const struct rf_phonexml_element *same = NULL;
    struct rf_why why = {0};
    bool is_raw = rf_slice_starts_with(given_path, "!");
    given_path = is_raw ? rf_slice_part(given_path, 1, given_path.len) : given_path;
    if (!rf_slice_to_str(given_path, given_text, sizeof given_text))
        return;
    enum rf_err err = rf_phonexml_path(given_text, path, &e, &why);
    rf_bug_on((e != NULL) != (err == RF_OK));
    if (err != RF_OK && err != RF_ERR_NOT_FOUND)
        return;
    rf_bug_on(rf_phonexml_path(path, again, &same, NULL) != err || same != e ||
              strcmp(path, again) != 0);
    RF_AUTO(rf_buf_fini) struct rf_buf value = RF_BUF(RF_PHONEXML_VALUE_MAX);
    if (is_raw)
        err = rf_buf_add_slice(&value, given);
    else
        err = rf_phonexml_value(e, given, &value, &why);
    if (err != RF_OK)
        return;
    if (e != NULL && e->type == RF_PHONEXML_TYPE_WORDS)
        (void)rf_phonexml_word(e, rf_buf_slice(&value));
    struct rf_phonexml_leaf leaf = {.path = path,
                                    .element = e,
                                    .value = rf_buf_slice(&value),
                                    .is_secret = e != NULL && (e->flags & RF_PHONEXML_SECRET) != 0,
                                    .label = "label",
                                    .layer = layer};
    if (rf_phonexml_tree_set(t, &leaf, &why) != RF_OK)
        return;
    const struct rf_phonexml_leaf *found = rf_phonexml_tree_find(t, path);
    rf_bug_on(found == NULL || !rf_slice_eq(found->value, leaf.value) || found->layer != layer);
}

static void count(void *arg, const struct rf_phonexml_leaf *leaf)
{
    size_t *n = arg;
    rf_bug_on(leaf->path[0] == '\0' || rf_phonexml_type_name(RF_PHONEXML_TYPE_URL)[0] == '\0');
    (*n)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RF_AUTO(rf_phonexml_tree_freep) struct rf_phonexml_tree *t = rf_phonexml_tree_new();
    struct rf_slice rest = rf_slice_of(data, size);
    struct rf_slice line;
    unsigned layer = 0;
    while (rf_next_piece(&rest, '\n', &line)) {
        size_t at = rf_slice_find(line, rf_slice_str("="));
        if (at != SIZE_MAX)
            set(t, rf_slice_part(line, 0, at), rf_slice_part(line, at + 1, line.len), layer++ % 7);
    }
    size_t n = 0;
    rf_phonexml_tree_each(t, count, &n);
    rf_bug_on(n > RF_PHONEXML_LEAVES_MAX);
    for (int secrets = RF_PHONEXML_SECRETS_WRITTEN; secrets <= RF_PHONEXML_SECRETS_LABELLED;
         secrets++) {
        RF_AUTO(rf_buf_fini) struct rf_buf one = RF_BUF((size_t)4 * 1024 * 1024);
        RF_AUTO(rf_buf_fini) struct rf_buf two = RF_BUF((size_t)4 * 1024 * 1024);
        struct rf_why why = {0};
        enum rf_err err = rf_phonexml_tree_encode(t, (enum rf_phonexml_secrets)secrets, &one, &why);
        rf_bug_on(err != RF_OK && why.code[0] == '\0');
        rf_bug_on(rf_phonexml_tree_encode(t, (enum rf_phonexml_secrets)secrets, &two, NULL) !=
                      err ||
                  !rf_slice_eq(rf_buf_slice(&one), rf_buf_slice(&two)));
    }
    return 0;
}
