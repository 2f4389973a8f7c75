/* SPDX-License-Identifier: Apache-2.0 */
#include "service/site/site.h"

#include "base/faults.h"
#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum item_kind { KIND_FILE, KIND_PRIVATE, KIND_DIR, KIND_PRIVATE_DIR, KIND_SOCKET };

static const struct {
    const char *path;
    enum item_kind kind;
} items[RF_SITE_ITEM_N] = {
#define ITEM_ROW(symbol, path, kind) [RF_SITE_##symbol] = {path, KIND_##kind},
    RF_SITE_ITEMS(ITEM_ROW)
#undef ITEM_ROW
};

const char *rf_site_item_path(enum rf_site_item item)
{
    return items[item].path;
}

char *rf_site_path_in(const char *dir, enum rf_site_item item)
{
    return rf_path_join(dir, items[item].path);
}

char *rf_site_path(const struct rf_site *site, enum rf_site_item item)
{
    return rf_site_path_in(site->dir, item);
}

char *rf_site_list_path_in(const char *dir, bool is_itl, const char *device)
{
    const char *kind = is_itl ? "ITL" : "CTL";
    RF_AUTO(rf_freep) char *lists = rf_site_path_in(dir, RF_SITE_LISTS);
    RF_AUTO(rf_freep) char *own = rf_strf("%s/%s%s.tlv", lists, kind, device);
    return device[0] != '\0' && rf_file_exists(own) ? rf_steal(&own)
                                                    : rf_strf("%s/%sFile.tlv", lists, kind);
}

enum rf_err rf_site_explain_anchors(enum rf_err err, const struct rf_why *inner, struct rf_why *why)
{
    if (strcmp(inner->code, "anchor-count") != 0)
        return rf_why_set(why, err, inner->code, "%s", inner->text);
    return rf_why_set(why, err, inner->code,
                      "too many issuers of phones' certificates in trust/mic-roots, "
                      "trust/lsc-issuers and trust/lsc-cas together: take some away by `ringfence "
                      "lsc forget`, `ringfence issuer distrust`, or a file from trust/mic-roots");
}

const char *rf_site_sast2_key(const char *dir)
{
    struct stat st;
    RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, RF_SITE_KEY_SAST2);
    if (lstat(path, &st) == 0)
        return "here";
    return errno == ENOENT ? "away" : NULL;
}

enum rf_err rf_site_make(const char *dir, struct rf_why *why)
{
    enum rf_err err = rf_dir_make(dir, 0755, why);
    for (size_t i = 0; i < RF_SITE_ITEM_N && err == RF_OK; i++) {
        bool is_private = items[i].kind == KIND_PRIVATE_DIR;
        RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, (enum rf_site_item)i);
        if (is_private || items[i].kind == KIND_DIR)
            err = rf_dir_make(path, is_private ? 0700 : 0755, why);
    }
    return err;
}

/* Private: ours (or root's), of the right kind and closed to all others. What is not there is fine:
 * the second SAST key is meant to be taken away. */
static enum rf_err check_private(const char *path, bool is_dir, struct rf_why *why)
{
    struct stat st;
    if (lstat(path, &st) != 0) {
        if (errno == ENOENT)
            return RF_OK;
        return rf_why_set(why, RF_ERR_IO, "site-io", "%s: %s", path, strerror(errno));
    }
    if (is_dir ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
        return rf_why_set(why, RF_ERR_DENIED, "key-kind", "%s is not a %s of its own", path,
                          is_dir ? "folder" : "file");
    if (!rf_fault_skips("site.key-owner") && st.st_uid != geteuid() && st.st_uid != 0)
        return rf_why_set(why, RF_ERR_DENIED, "key-owner",
                          "%s belongs to user %u: whoever owns it can read it", path,
                          (unsigned)st.st_uid);
    if (!rf_fault_skips("site.key-mode") && (st.st_mode & 077) != 0)
        return rf_why_set(why, RF_ERR_DENIED, "key-mode",
                          "%s has mode %04o: others may read it; chmod %s", path,
                          (unsigned)st.st_mode & 07777, is_dir ? "0700" : "0600");
    return RF_OK;
}

struct key_walk {
    const char *dir;
    struct rf_why *why;
};

static enum rf_err check_key(void *arg, const char *name)
{
    const struct key_walk *walk = arg;
    RF_AUTO(rf_freep) char *path = rf_path_join(walk->dir, name);
    return check_private(path, false, walk->why);
}

/* The known private items, and whatever else lies among the keys. */
static enum rf_err check_all_private(const char *dir, struct rf_why *why)
{
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < RF_SITE_ITEM_N && err == RF_OK; i++) {
        RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, (enum rf_site_item)i);
        if (items[i].kind == KIND_PRIVATE || items[i].kind == KIND_PRIVATE_DIR)
            err = check_private(path, items[i].kind == KIND_PRIVATE_DIR, why);
    }
    RF_AUTO(rf_freep) char *keys = rf_site_path_in(dir, RF_SITE_KEYS);
    if (err == RF_OK && rf_file_exists(keys)) {
        struct key_walk walk = {.dir = keys, .why = why};
        err = rf_dir_each(keys, check_key, &walk, why);
    }
    return err;
}

static char *without_slash(const char *dir)
{
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    return rf_strf("%.*s", (int)n, dir);
}

enum rf_err rf_site_open(const char *dir, struct rf_site **out, struct rf_why *why)
{
    RF_AUTO(rf_site_freep) struct rf_site *site = rf_new(struct rf_site);
    site->dir = without_slash(dir);
    RF_AUTO(rf_freep) char *conf = rf_site_path(site, RF_SITE_CONF);
    if (!rf_file_exists(conf))
        return rf_why_set(why, RF_ERR_NOT_FOUND, "no-site",
                          "%s has no ringfence.conf: `ringfence init` makes a site", site->dir);
    enum rf_err err = rf_site_conf_load(conf, &site->conf, why);
    if (err == RF_OK)
        err = check_all_private(site->dir, why);
    if (err != RF_OK)
        return err;
    *out = rf_steal(&site);
    return RF_OK;
}

enum rf_err rf_site_sweep(const char *dir, bool holds_lists, struct rf_why *why)
{
    static const enum rf_site_item under_lock[] = {RF_SITE_LISTS, RF_SITE_LIST_ENTRIES};
    static const enum rf_site_item by_age[] = {
        RF_SITE_KEYS,        RF_SITE_CERTS,     RF_SITE_LISTS,  RF_SITE_LIST_ENTRIES,
        RF_SITE_TRUST,       RF_SITE_MIC_ROOTS, RF_SITE_CRLS,   RF_SITE_RESPONDERS,
        RF_SITE_LSC_ISSUERS, RF_SITE_LSC_CAS,   RF_SITE_BRANCH,
    };
    enum rf_err err = rf_dir_sweep(dir, RF_LEFTOVER_AGE_S, why);
    for (size_t i = 0; holds_lists && i < sizeof under_lock / sizeof *under_lock; i++) {
        RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, under_lock[i]);
        if (err == RF_OK)
            err = rf_dir_sweep(path, 0, why);
    }
    for (size_t i = 0; i < sizeof by_age / sizeof *by_age && err == RF_OK; i++) {
        RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, by_age[i]);
        err = rf_dir_sweep(path, RF_LEFTOVER_AGE_S, why);
    }
    return err;
}

void rf_site_free(struct rf_site *site)
{
    if (site == NULL)
        return;
    rf_site_conf_free(site->conf);
    rf_free(site->dir);
    rf_free(site);
}

void rf_site_freep(struct rf_site **site)
{
    rf_site_free(*site);
}
