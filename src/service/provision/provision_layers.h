/* SPDX-License-Identifier: Apache-2.0 */
/* A device's configuration from its layers: what is built in, what ringfence.conf says, what
 * operators set for the site, the model, the profile and the device, and what only the server
 * knows. A later one wins.
 * doc: docs/device-configuration.md, "Layers" */
#ifndef SERVICE_PROVISION_PROVISION_LAYERS_H
#define SERVICE_PROVISION_PROVISION_LAYERS_H

#include "service/provision/provision_int.h"
#include "store/store_srst.h"
#include "wire/phonexml/phonexml_tree.h"

enum provision_layer {
    PROVISION_LAYER_BUILT_IN,
    PROVISION_LAYER_CONF,
    PROVISION_LAYER_SITE, /* the next four as enum rf_store_layer */
    PROVISION_LAYER_MODEL,
    PROVISION_LAYER_PROFILE,
    PROVISION_LAYER_DEVICE,
    PROVISION_LAYER_SERVER,
};
/** "built-in", "ringfence.conf", "site", "model", "profile", "device", "server". */
const char *provision_layer_name(unsigned layer);

struct provision_layers_in {
    const struct rf_store_device *device;
    const struct rf_store_capf *op; /* NULL: none */
    const struct provision_facts *facts;
    const struct rf_store_srst *srst;            /* the survivable router it uses; NULL: none */
    const struct rf_store_config_values *values; /* of the device, in the order of their layers */
    int64_t now_s;
    bool has_load; /* the device's load is there: in images/, or on another server */
};

/** All that a device's configuration is made from. `in` points into it: do not move it. */
struct provision_config_source {
    struct rf_store_phone phone;
    struct rf_store_capf op;
    struct rf_store_srst srst;
    struct rf_store_config_values values;
    struct provision_layers_in in;
};
/** RF_ERR_NOT_FOUND device-unknown; what the store gives. */
RF_MUST_CHECK enum rf_err provision_config_load(struct rf_store *store, const char *device,
                                                const struct provision_facts *facts,
                                                struct rf_slice loads, int64_t now_s,
                                                struct provision_config_source *out,
                                                struct rf_why *why);
void provision_config_source_fini(struct provision_config_source *s);

/** The tree, without a version stamp. RF_ERR_NOT_FOUND config-protocol (SIP); RF_ERR_DENIED
 * config-value (one that phones do not take); RF_ERR_CRYPTO unwrap, RF_ERR_DENIED secret-key (this
 * site has no key for its secrets). Thread: any. */
RF_MUST_CHECK enum rf_err provision_layers_build(const struct provision_layers_in *in,
                                                 struct rf_phonexml_tree **out, struct rf_why *why);
/** Set the version stamp of a tree. */
RF_MUST_CHECK enum rf_err provision_layers_stamp(struct rf_phonexml_tree *t, const char *stamp,
                                                 struct rf_why *why);
/** The device's mode, as its configuration says it. */
enum rf_phonexml_mode provision_mode_of(const struct rf_store_device *device,
                                        const struct provision_facts *facts);
const char *provision_load_server_of(const struct rf_store_device *device,
                                     const struct provision_facts *facts);

#endif
