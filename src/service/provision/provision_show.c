/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration for operators: the document, and whose each value is. */
#include "service/provision/provision_layers.h"

#include "base/text.h"

#include <stdio.h>

void rf_provision_shown_fini(struct rf_provision_shown *shown)
{
    rf_buf_fini(&shown->document);
    *shown = (struct rf_provision_shown){.protection = ""};
}

struct teller {
    void (*each)(void *arg, const struct rf_provision_value *value);
    void *arg;
};

static void tell(void *arg, const struct rf_phonexml_leaf *leaf)
{
    const struct teller *t = arg;
    struct rf_provision_value v = {.path = leaf->path,
                                   .value = leaf->value,
                                   .layer = provision_layer_name(leaf->layer),
                                   .is_secret = leaf->is_secret,
                                   .is_forced = leaf->element == NULL};
    if (leaf->is_secret)
        v.value = (struct rf_slice){0};
    v.word = rf_phonexml_word(leaf->element, v.value);
    t->each(t->arg, &v);
}

static const char *protection_name(enum provision_protection p)
{
    static const char *const names[] = {[PROVISION_CLEAR] = "clear",
                                        [PROVISION_STUB] = "stub",
                                        [PROVISION_ENCRYPTED] = "encrypted"};
    return names[p];
}

enum rf_err rf_provision_show(const struct rf_provision_view *view, struct rf_store *store,
                              const char *device, int64_t now_s, struct rf_provision_shown *out,
                              void (*each)(void *arg, const struct rf_provision_value *value),
                              void *each_arg, struct rf_why *why)
{
    const struct provision_facts *facts = (const struct provision_facts *)view;
    RF_AUTO(rf_buf_fini) struct rf_buf loads = {0};
    RF_AUTO(rf_phonexml_tree_freep) struct rf_phonexml_tree *t = NULL;
    struct provision_config config = {.document = {0}};
    struct provision_config_source source;
    *out = (struct rf_provision_shown){.protection = ""};
    enum rf_err err = provision_loads_list(facts->images, &loads, why);
    if (err == RF_OK)
        err =
            provision_config_make(store, device, facts, rf_buf_slice(&loads), now_s, &config, why);
    if (err != RF_OK)
        return err;
    err = provision_config_load(store, device, facts, rf_buf_slice(&loads), now_s, &source, why);
    if (err == RF_OK) {
        err = provision_layers_build(&source.in, &t, why);
        if (err == RF_OK)
            err = provision_layers_stamp(t, config.stamp, why);
        provision_config_source_fini(&source);
    }
    if (err == RF_OK) {
        struct teller teller = {.each = each, .arg = each_arg};
        rf_phonexml_tree_each(t, tell, &teller);
        out->document = config.document;
        config.document = (struct rf_buf){0};
        snprintf(out->stamp, sizeof out->stamp, "%s", config.stamp);
        out->protection = protection_name(config.protection);
        out->has_secrets = config.has_secrets;
        if (config.protection == PROVISION_ENCRYPTED)
            rf_hex(rf_cert_sha256(config.phone), out->phone, sizeof out->phone);
    }
    provision_config_fini(&config);
    return err;
}
