/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_srst.h"

#include "store/store_int.h"

#include <string.h>

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

const char *rf_store_srst_state_name(enum rf_store_srst_state state)
{
    static const char *const names[] = {"never-seen", "normal", "fallback", "unreachable"};
    return state < sizeof names / sizeof *names ? names[state] : "?";
}

void rf_store_srsts_fini(struct rf_store_srsts *list)
{
    rf_free(list->items);
    *list = (struct rf_store_srsts){0};
}

void rf_store_srst_uses_fini(struct rf_store_srst_uses *uses)
{
    rf_free(uses->items);
    *uses = (struct rf_store_srst_uses){0};
}

void rf_store_srst_users_fini(struct rf_store_srst_users *users)
{
    rf_free(users->items);
    *users = (struct rf_store_srst_users){0};
}

static enum rf_err unknown(const char *name, struct rf_why *why)
{
    return rf_why_set(why, RF_ERR_NOT_FOUND, "srst-unknown",
                      "there is no router \"%.40s\": `ringfence srst list` shows them", name);
}

/* ---- references ---- */

bool rf_store_srst_is_name(const char *name)
{
    size_t len = strnlen(name, RF_STORE_SRST_NAME);
    return len > 0 && len < RF_STORE_SRST_NAME && name[0] != '-' &&
           strspn(name, NAME_LETTERS) == len && strcmp(name, "none") != 0 &&
           strcmp(name, "inherit") != 0;
}

static enum rf_err check(const struct rf_store_srst *s, struct rf_why *why)
{
    if (!rf_store_srst_is_name(s->name))
        return rf_why_set(
            why, RF_ERR_BAD, "store-value",
            "name of a router: wants 1 to %d letters, digits and, behind the first, -; "
            "and neither none nor inherit",
            RF_STORE_SRST_NAME - 1);
    if (s->sccp_port == 0 || s->sccp_port > RF_STORE_SRST_PORT_MAX || s->provider_port == 0)
        return rf_why_set(why, RF_ERR_BAD, "store-value", "ports: 1 to %d, and 1 to 65535",
                          RF_STORE_SRST_PORT_MAX);
    if (s->cert_len == 0 || s->cert_len > sizeof s->cert)
        return rf_why_set(why, RF_ERR_BAD, "store-value", "certificate: %zu bytes, %d are the most",
                          s->cert_len, RF_STORE_SRST_DER_MAX);
    return rf_store_check_text(s->host, sizeof s->host, true, "host", why);
}

static enum rf_err check_room(struct rf_store *store, const char *name, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_SRST_COUNT);
    rf_db_text(&q, name);
    int64_t others = rf_db_row(&q) ? rf_db_get(&q) : 0;
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && others >= RF_STORE_SRSTS_MAX)
        return rf_why_set(why, RF_ERR_LIMIT, "store-full", "%d routers are the most",
                          RF_STORE_SRSTS_MAX);
    return err;
}

static enum rf_err save(struct rf_store *store, const struct rf_store_srst *s, struct rf_why *why)
{
    enum rf_err err = check_room(store, s->name, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_SRST_SAVE);
    rf_db_text(&q, s->name);
    rf_db_text(&q, s->host);
    rf_db_int(&q, s->sccp_port);
    rf_db_int(&q, s->provider_port);
    rf_db_blob(&q, rf_slice_of(s->cert, s->cert_len));
    rf_db_int(&q, s->added_s);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_srst_save(struct rf_store *store, const struct rf_store_srst *srst,
                               const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = check(srst, why);
    if (err == RF_OK)
        err = rf_db_begin(store, why);
    return err == RF_OK ? rf_db_finish(store, save(store, srst, why), event, why) : err;
}

/* A whole certificate or none: `is_bad` when it does not fit. */
static void read_srst(struct rf_db *q, struct rf_store_srst *s)
{
    *s = (struct rf_store_srst){0};
    rf_db_get_text(q, s->name, sizeof s->name);
    rf_db_get_text(q, s->host, sizeof s->host);
    s->sccp_port = (uint16_t)rf_db_get_u32(q, RF_STORE_SRST_PORT_MAX);
    s->provider_port = (uint16_t)rf_db_get_u32(q, 65535);
    struct rf_slice der = rf_db_get_blob(q);
    struct rf_rd rd = rf_rd_of(der);
    if (der.len <= sizeof s->cert && rf_rd_copy(&rd, s->cert, der.len))
        s->cert_len = der.len;
    else
        q->is_bad = true;
    s->added_s = rf_db_get(q);
    int64_t serial = rf_db_get(q);
    q->is_bad |= serial < 0;
    s->serial = (uint64_t)serial;
    s->state = (enum rf_store_srst_state)rf_db_get_u32(q, RF_STORE_SRST_UNREACHABLE);
    s->since_s = rf_db_get(q);
    s->seen_s = rf_db_get(q);
    s->phones = rf_db_get_u32(q, UINT32_MAX);
}

enum rf_err rf_store_srst_load(struct rf_store *store, const char *name, struct rf_store_srst *out,
                               struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_SRST_FIND);
    rf_db_text(&q, name);
    bool is_there = rf_db_row(&q);
    if (is_there)
        read_srst(&q, out);
    enum rf_err err = rf_db_end(&q, why);
    return err == RF_OK && !is_there ? unknown(name, why) : err;
}

static enum rf_err count_devices(struct rf_store *store, struct rf_store_srsts *list,
                                 struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_SRST_USERS_COUNT);
    while (rf_db_row(&q)) {
        char name[RF_STORE_SRST_NAME];
        rf_db_get_text(&q, name, sizeof name);
        uint32_t n = rf_db_get_u32(&q, UINT32_MAX);
        for (size_t i = 0; i < list->n; i++)
            if (strcmp(list->items[i].name, name) == 0)
                list->items[i].devices = n;
    }
    return rf_db_end(&q, why);
}

enum rf_err rf_store_srst_list(struct rf_store *store, struct rf_store_srsts *out,
                               struct rf_why *why)
{
    struct rf_store_srsts found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_SRST_LIST);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_SRSTS_MAX, why);
        if (grown == RF_OK)
            read_srst(&q, &found.items[found.n++]);
    }
    enum rf_err err = rf_db_end(&q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        err = count_devices(store, &found, why);
    if (err == RF_OK)
        *out = found;
    else
        rf_store_srsts_fini(&found);
    return err;
}

static enum rf_err check_unused(struct rf_store *store, const char *name, struct rf_why *why)
{
    char user[RF_STORE_CONFIG_NAME] = "";
    struct rf_db q = rf_db_of(store, RF_SQL_SRST_USE_FIRST);
    rf_db_text(&q, name);
    bool is_used = rf_db_row(&q);
    uint32_t layer = is_used ? rf_db_get_u32(&q, RF_STORE_LAYER_DEVICE) : 0;
    if (is_used)
        rf_db_get_text(&q, user, sizeof user);
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && is_used)
        return rf_why_set(
            why, RF_ERR_DENIED, "srst-used",
            "router %s is used by the %s%s%s: `ringfence srst use` another one first, "
            "or take it from whoever uses it by --force",
            name, rf_store_layer_name((enum rf_store_layer)layer), user[0] != '\0' ? " " : "",
            user);
    return err;
}

static enum rf_err forget(struct rf_store *store, const char *name, bool is_forced,
                          struct rf_why *why)
{
    enum rf_err err = is_forced ? RF_OK : check_unused(store, name, why);
    struct rf_db use = rf_db_of(store, RF_SQL_SRST_USE_END);
    rf_db_text(&use, name);
    if (err == RF_OK)
        err = rf_db_run(&use, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, RF_SQL_SRST_REMOVE);
    rf_db_text(&q, name);
    err = rf_db_run(&q, why);
    return err == RF_OK && rf_db_changed(store) == 0 ? unknown(name, why) : err;
}

enum rf_err rf_store_srst_remove(struct rf_store *store, const char *name, bool is_forced,
                                 const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    return err == RF_OK ? rf_db_finish(store, forget(store, name, is_forced, why), event, why)
                        : err;
}

/* ---- who uses which ---- */

static enum rf_err check_user(struct rf_store *store, enum rf_store_layer layer, const char *name,
                              struct rf_why *why)
{
    if (layer == RF_STORE_LAYER_MODEL)
        return rf_why_set(why, RF_ERR_BAD, "store-value",
                          "the site, a profile or a device uses a router, not a model");
    bool is_site = layer == RF_STORE_LAYER_SITE;
    if (is_site && name[0] != '\0')
        return rf_why_set(why, RF_ERR_BAD, "store-value", "the site has no name");
    enum rf_err err = rf_store_check_text(name, RF_STORE_CONFIG_NAME, !is_site, "name", why);
    return err == RF_OK && layer == RF_STORE_LAYER_DEVICE ? rf_store_device_known(store, name, why)
                                                          : err;
}

static enum rf_err check_uses_room(struct rf_store *store, struct rf_why *why)
{
    /* Devices and profiles; rows of devices go with them. */
    const int64_t most = RF_STORE_DEVICES_MAX + RF_STORE_CONFIG_PLACES_MAX;
    struct rf_db q = rf_db_of(store, RF_SQL_SRST_USE_COUNT);
    int64_t n = rf_db_row(&q) ? rf_db_get(&q) : 0;
    enum rf_err err = rf_db_end(&q, why);
    if (err == RF_OK && n > most)
        return rf_why_set(why, RF_ERR_LIMIT, "store-full", "too many profiles use a router");
    return err;
}

static enum rf_err use_set(struct rf_store *store, enum rf_store_layer layer, const char *name,
                           const char *srst, struct rf_why *why)
{
    struct rf_store_srst there;
    enum rf_err err = check_user(store, layer, name, why);
    if (err == RF_OK && srst != NULL && srst[0] != '\0')
        err = rf_store_srst_load(store, srst, &there, why);
    if (err != RF_OK)
        return err;
    struct rf_db q = rf_db_of(store, srst != NULL ? RF_SQL_SRST_USE_SAVE : RF_SQL_SRST_USE_CLEAR);
    rf_db_int(&q, layer);
    rf_db_text(&q, name);
    if (srst != NULL)
        rf_db_text(&q, srst);
    err = rf_db_run(&q, why);
    return err == RF_OK ? check_uses_room(store, why) : err;
}

enum rf_err rf_store_srst_use_set(struct rf_store *store, enum rf_store_layer layer,
                                  const char *name, const char *srst,
                                  const struct rf_store_event *event, struct rf_why *why)
{
    enum rf_err err = rf_db_begin(store, why);
    if (err != RF_OK)
        return err;
    return rf_db_finish(store, use_set(store, layer, name, srst, why), event, why);
}

enum rf_err rf_store_srst_use_list(struct rf_store *store, struct rf_store_srst_uses *out,
                                   struct rf_why *why)
{
    struct rf_store_srst_uses found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_SRST_USE_LIST);
    while (grown == RF_OK && rf_db_row(&q)) {
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_DEVICES_MAX + RF_STORE_CONFIG_PLACES_MAX, why);
        if (grown != RF_OK)
            break;
        struct rf_store_srst_use *u = &found.items[found.n++];
        u->layer = (enum rf_store_layer)rf_db_get_u32(&q, RF_STORE_LAYER_DEVICE);
        rf_db_get_text(&q, u->name, sizeof u->name);
        rf_db_get_text(&q, u->srst, sizeof u->srst);
    }
    enum rf_err err = rf_db_end(&q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = found;
    else
        rf_store_srst_uses_fini(&found);
    return err;
}

enum rf_err rf_store_srst_use_of_device(struct rf_store *store, const char *device,
                                        struct rf_store_srst *out, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_SRST_OF_DEVICE);
    rf_db_text(&q, device);
    bool is_there = rf_db_row(&q);
    if (is_there)
        read_srst(&q, out);
    enum rf_err err = rf_db_end(&q, why);
    return err == RF_OK && !is_there
               ? rf_why_set(why, RF_ERR_NOT_FOUND, "srst-none", "%.40s uses no router", device)
               : err;
}

enum rf_err rf_store_srst_devices_of(struct rf_store *store, const char *srst_or_null,
                                     struct rf_store_srst_users *out, struct rf_why *why)
{
    struct rf_store_srst_users found = {0};
    enum rf_err grown = RF_OK;
    struct rf_db q = rf_db_of(store, RF_SQL_SRST_USERS);
    while (grown == RF_OK && rf_db_row(&q)) {
        struct rf_store_srst_user u;
        rf_db_get_text(&q, u.device, sizeof u.device);
        rf_db_get_text(&q, u.srst, sizeof u.srst);
        if (srst_or_null != NULL && strcmp(u.srst, srst_or_null) != 0)
            continue;
        grown = rf_store_grow((void **)&found.items, found.n, sizeof *found.items,
                              RF_STORE_DEVICES_MAX, why);
        if (grown == RF_OK)
            found.items[found.n++] = u;
    }
    enum rf_err err = rf_db_end(&q, why);
    err = grown != RF_OK ? grown : err;
    if (err == RF_OK)
        *out = found;
    else
        rf_store_srst_users_fini(&found);
    return err;
}

/* ---- the router ---- */

static enum rf_err seen(struct rf_store *store, const struct rf_store_srst *s, struct rf_why *why)
{
    struct rf_db q = rf_db_of(store, RF_SQL_SRST_SEEN);
    rf_db_text(&q, s->name);
    rf_db_int(&q, s->state);
    rf_db_int(&q, s->since_s);
    rf_db_int(&q, s->seen_s);
    rf_db_int(&q, s->phones);
    return rf_db_run(&q, why);
}

enum rf_err rf_store_srst_seen(struct rf_store *store, const char *name,
                               enum rf_store_srst_state state, uint32_t phones, int64_t now_s,
                               const struct rf_store_event *event, bool *changed,
                               struct rf_why *why)
{
    struct rf_store_srst s;
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    err = rf_store_srst_load(store, name, &s, why);
    if (err != RF_OK)
        return rf_db_finish(store, err, NULL, why);
    bool is_other = s.state != state;
    s.since_s = is_other ? now_s : s.since_s;
    s.state = state;
    if (state != RF_STORE_SRST_UNREACHABLE) {
        s.seen_s = now_s;
        s.phones = phones;
    }
    err = rf_db_finish(store, seen(store, &s, why), is_other ? event : NULL, why);
    if (changed != NULL && err == RF_OK)
        *changed = is_other;
    return err;
}

static enum rf_err number(struct rf_store *store, const char *name, const uint8_t sha256[32],
                          uint64_t held, uint64_t *serial, struct rf_why *why)
{
    struct rf_store_srst s;
    struct rf_db q = rf_db_of(store, RF_SQL_SRST_SERIAL);
    rf_db_text(&q, name);
    rf_db_blob(&q, rf_slice_of(sha256, 32));
    rf_db_int(&q, (int64_t)held);
    enum rf_err err = rf_db_run(&q, why);
    if (err == RF_OK)
        err = rf_store_srst_load(store, name, &s, why);
    if (err == RF_OK)
        *serial = s.serial;
    return err;
}

enum rf_err rf_store_srst_serial(struct rf_store *store, const char *name, const uint8_t sha256[32],
                                 uint64_t held, uint64_t *serial, struct rf_why *why)
{
    uint64_t found = 0;
    if (held > RF_STORE_SRST_SERIAL_MAX)
        return rf_why_set(why, RF_ERR_BAD, "store-value",
                          "the router says that it holds snapshot %llu, which cannot be",
                          (unsigned long long)held);
    enum rf_err err = rf_db_begin_quiet(store, why);
    if (err != RF_OK)
        return err;
    err = rf_db_finish(store, number(store, name, sha256, held, &found, why), NULL, why);
    if (err == RF_OK)
        *serial = found;
    return err;
}
