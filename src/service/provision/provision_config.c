/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of a device: from its layers to a document with a version stamp, and to whom it
 * may be given how. doc: docs/provisioning.md, "How a configuration is made";
 * docs/wire/phone-configuration.md */
#include "service/provision/provision_layers.h"

#include "base/text.h"
#include "service/site/families.h"
#include "trust/digest.h"
#include "trust/key.h"
#include "wire/phonexml/phonexml.h"

#include <stdio.h>
#include <string.h>

/* ---- the version stamp ---- */

#define UUID_LEN 36

/* The first half of the digest, written as a UUID. */
static void uuid_of(struct rf_slice content, char uuid[UUID_LEN + 1])
{
    uint8_t sha256[RF_DIGEST_MAX];
    char hex[33];
    rf_digest_of(RF_DIGEST_SHA256, content, sha256);
    rf_hex(rf_slice_of(sha256, 16), hex, sizeof hex);
    snprintf(uuid, UUID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
}

void provision_stamp_make(struct rf_slice unstamped, int64_t time_s,
                          char stamp[PROVISION_STAMP_MAX])
{
    char uuid[UUID_LEN + 1];
    uuid_of(unstamped, uuid);
    snprintf(stamp, PROVISION_STAMP_MAX, "%u-%s", (unsigned)time_s, uuid);
}

bool provision_stamp_fits(struct rf_slice stamp, struct rf_slice unstamped, int64_t *time_s)
{
    char uuid[UUID_LEN + 1];
    struct rf_slice digits;
    uint64_t n;
    uuid_of(unstamped, uuid);
    struct rf_slice rest = stamp;
    if (!rf_next_piece(&rest, '-', &digits) || !rf_parse_u64(digits, 0, UINT32_MAX, &n) ||
        !rf_slice_eq_str(rest, uuid))
        return false;
    *time_s = (int64_t)n;
    return true;
}

/* ---- with the store ---- */

void provision_config_fini(struct provision_config *c)
{
    rf_buf_fini(&c->document);
    rf_buf_wipe(&c->whole.document);
    rf_buf_fini(&c->stub);
    rf_cert_unref(c->phone);
    c->phone = NULL;
}

enum rf_err provision_stamp_keep(struct rf_store *store, const char *key, struct rf_slice unstamped,
                                 int64_t now_s, char stamp[PROVISION_STAMP_MAX], int64_t *time_s,
                                 struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf kept = RF_BUF(RF_STORE_SETTING_MAX);
    struct rf_why none = {0};
    enum rf_err err = rf_store_setting_load(store, key, &kept, &none);
    if (err == RF_OK && provision_stamp_fits(rf_buf_slice(&kept), unstamped, time_s) &&
        rf_slice_to_str(rf_buf_slice(&kept), stamp, PROVISION_STAMP_MAX))
        return RF_OK;
    if (err != RF_OK && err != RF_ERR_NOT_FOUND)
        return rf_why_set(why, err, none.code, "%s", none.text);
    *time_s = now_s;
    provision_stamp_make(unstamped, now_s, stamp);
    return rf_store_setting_save(store, key, rf_slice_str(stamp), why);
}

struct making {
    struct rf_store *store;
    const struct provision_layers_in *in;
    struct rf_phonexml_tree *t;
    struct rf_why *why;
};

/* Stamped by what it says without its secrets: those are told apart by their labels, so that the
 * stamp, which phones send in the clear, says nothing about them. */
static enum rf_err write_document(const struct making *m, bool is_whole, struct rf_buf *document,
                                  char stamp[PROVISION_STAMP_MAX], int64_t *changed_s)
{
    RF_AUTO(rf_buf_fini) struct rf_buf unstamped = RF_BUF(RF_PHONEXML_BYTES_MAX);
    char key[48];
    enum rf_err err = provision_layers_stamp(m->t, "", m->why);
    if (err == RF_OK)
        err = rf_phonexml_tree_encode(
            m->t, is_whole ? RF_PHONEXML_SECRETS_LABELLED : RF_PHONEXML_SECRETS_LEFT_OUT,
            &unstamped, m->why);
    snprintf(key, sizeof key, "config-stamp%s.%s", is_whole ? "-whole" : "", m->in->device->name);
    if (err == RF_OK)
        err = provision_stamp_keep(m->store, key, rf_buf_slice(&unstamped), m->in->now_s, stamp,
                                   changed_s, m->why);
    if (err == RF_OK)
        err = provision_layers_stamp(m->t, stamp, m->why);
    *document = RF_BUF(RF_PHONEXML_BYTES_MAX);
    if (is_whole && rf_buf_room(document, RF_PHONEXML_BYTES_MAX) == NULL && err == RF_OK)
        err = rf_why_set(m->why, RF_ERR_NOMEM, "no-memory", "no room for a configuration");
    return err == RF_OK
               ? rf_phonexml_tree_encode(
                     m->t, is_whole ? RF_PHONEXML_SECRETS_WRITTEN : RF_PHONEXML_SECRETS_LEFT_OUT,
                     document, m->why)
               : err;
}

static void note_secret(void *arg, const struct rf_phonexml_leaf *leaf)
{
    bool *has = arg;
    *has = *has || (leaf->is_secret && leaf->value.len > 0);
}

static enum rf_err write_all(const struct making *m, struct provision_config *out)
{
    enum rf_err err = write_document(m, false, &out->document, out->stamp, &out->changed_s);
    if (err != RF_OK)
        return err;
    rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&out->document), out->sha256);
    rf_phonexml_tree_each(m->t, note_secret, &out->has_secrets);
    if (!out->has_secrets)
        return RF_OK;
    err = write_document(m, true, &out->whole.document, out->whole.stamp, &out->whole.changed_s);
    rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&out->whole.document), out->whole.sha256);
    return err;
}

/* The certificate whose key the phone has: the youngest LSC it has confirmed, else its MIC. */
static enum rf_err find_phone(struct rf_store *store, const char *device, struct rf_cert **out,
                              struct rf_why *why)
{
    struct rf_store_certs certs = {0};
    const struct rf_store_cert *found = NULL;
    enum rf_err err = rf_store_cert_list(store, device, &certs, why);
    for (size_t i = 0; err == RF_OK && i < certs.n; i++) {
        const struct rf_store_cert *c = &certs.items[i];
        if (c->state == RF_STORE_CERT_CONFIRMED &&
            (found == NULL || c->kind == RF_STORE_LSC || found->kind == RF_STORE_MIC))
            found = c;
    }
    if (found != NULL)
        err = rf_cert_from_der(rf_buf_slice(&found->der), out, why);
    rf_store_certs_fini(&certs);
    return err;
}

static enum provision_protection protection_of(const struct rf_store_device *device,
                                               const struct provision_config *c)
{
    bool has_rsa = c->phone != NULL && rf_cert_key_type(c->phone) == RF_KEY_RSA;
    if (rf_family_model_can(device->model) != RF_MODEL_CAN_ALL)
        return PROVISION_CLEAR; /* it could not read it */
    switch (device->encrypt) {
    case RF_STORE_ENCRYPT_OFF:
        return PROVISION_CLEAR;
    case RF_STORE_ENCRYPT_ON:
        return has_rsa ? PROVISION_ENCRYPTED : PROVISION_STUB;
    case RF_STORE_ENCRYPT_AUTO:
        break;
    }
    return device->mode == RF_STORE_ENCRYPTED && has_rsa ? PROVISION_ENCRYPTED : PROVISION_CLEAR;
}

static enum rf_err protect(const struct making *m, struct provision_config *out)
{
    const struct rf_store_device *device = m->in->device;
    enum rf_err err = RF_OK;
    if (device->encrypt == RF_STORE_ENCRYPT_ON ||
        (device->encrypt == RF_STORE_ENCRYPT_AUTO && device->mode == RF_STORE_ENCRYPTED))
        err = find_phone(m->store, device->name, &out->phone, m->why);
    if (err != RF_OK)
        return err;
    out->protection = protection_of(device, out);
    out->stub = RF_BUF(RF_PHONEXML_BYTES_MAX);
    /* Of the document without its secrets: they have no business in the reader. */
    return out->protection == PROVISION_CLEAR
               ? RF_OK
               : rf_phonexml_stub(rf_buf_slice(&out->document),
                                  out->phone != NULL ? rf_cert_md5(out->phone) : NULL, &out->stub,
                                  m->why);
}

static enum rf_err make(struct rf_store *store, const struct provision_layers_in *in,
                        struct provision_config *out, struct rf_why *why)
{
    RF_AUTO(rf_phonexml_tree_freep) struct rf_phonexml_tree *t = NULL;
    enum rf_err err = provision_layers_build(in, &t, why);
    if (err != RF_OK)
        return err;
    struct making m = {.store = store, .in = in, .t = t, .why = why};
    err = write_all(&m, out);
    if (err == RF_OK)
        err = protect(&m, out);
    out->is_secure = provision_mode_of(in->device, in->facts) != RF_PHONEXML_MODE_NON_SECURE;
    if (!in->has_load)
        snprintf(out->missing_load, sizeof out->missing_load, "%s", rf_store_load_of(in->device));
    return err;
}

void provision_config_source_fini(struct provision_config_source *s)
{
    rf_store_phone_fini(&s->phone);
    rf_store_config_values_fini(&s->values);
}

enum rf_err provision_config_load(struct rf_store *store, const char *device,
                                  const struct provision_facts *facts, struct rf_slice loads,
                                  int64_t now_s, struct provision_config_source *out,
                                  struct rf_why *why)
{
    struct rf_why none = {0};
    *out = (struct provision_config_source){0};
    enum rf_err err = rf_store_device_load(store, device, &out->phone, why);
    if (err == RF_OK)
        err = rf_store_config_of_device(store, device, &out->values, why);
    if (err != RF_OK) {
        provision_config_source_fini(out);
        return err;
    }
    const struct rf_store_device *d = &out->phone.device;
    out->in = (struct provision_layers_in){
        .device = d, .facts = facts, .values = &out->values, .now_s = now_s};
    out->in.has_load = provision_load_server_of(d, facts)[0] != '\0'
                           ? rf_store_load_of(d)[0] != '\0'
                           : provision_loads_have(loads, rf_store_load_of(d));
    err = rf_store_capf_load(store, device, &out->op, &none);
    if (err == RF_OK)
        out->in.op = &out->op;
    if (err == RF_OK || err == RF_ERR_NOT_FOUND) {
        none = (struct rf_why){0};
        err = rf_store_srst_use_of_device(store, device, &out->srst, &none);
        if (err == RF_OK)
            out->in.srst = &out->srst;
    }
    if (err == RF_OK || err == RF_ERR_NOT_FOUND)
        return RF_OK;
    provision_config_source_fini(out);
    return rf_why_set(why, err, none.code, "%s", none.text);
}

/* The next moment at which time alone makes it another one: a pending operation ends. Beyond a
 * minute somebody looks again anyway. */
static int64_t until_of(const struct rf_store_capf *op, int64_t now_s)
{
    const int64_t ends[] = {op->complete_by_s, op->string_expires_s};
    int64_t until_s = now_s + 60;
    for (size_t i = 0; i < 2; i++)
        if (ends[i] >= now_s && ends[i] < until_s)
            until_s = ends[i];
    return until_s;
}

enum rf_err provision_config_make(struct rf_store *store, const char *device,
                                  const struct provision_facts *facts, struct rf_slice loads,
                                  int64_t now_s, struct provision_config *out, struct rf_why *why)
{
    struct provision_config_source source;
    *out = (struct provision_config){0};
    enum rf_err err = provision_config_load(store, device, facts, loads, now_s, &source, why);
    if (err != RF_OK)
        return err;
    err = make(store, &source.in, out, why);
    out->device = source.phone.device;
    out->until_s = until_of(&source.op, now_s);
    if (err != RF_OK)
        provision_config_fini(out);
    provision_config_source_fini(&source);
    return err;
}
