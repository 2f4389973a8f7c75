/* SPDX-License-Identifier: Apache-2.0 */
/* TVS on the main loop, and what it vouches for: the records of the site's own lists, and what
 * operators added. A book is made on the store worker, whenever one of these changes.
 * doc: docs/tvs.md */
#include <stdio.h>

#include "app/ringfenced/server_int.h"
#include "base/file.h"
#include "base/log.h"
#include "trust/lists.h"

/* Lines a minute about what was not vouched for: anybody can ask. */
#define UNKNOWN_PER_MINUTE 30

struct making {
    struct rf_job job;
    struct server *s;
    char *site;
    char *signers;
    uint32_t ttl_s;
    uint32_t number;
    struct rf_tvs_book *book;
    struct rf_why why;
};

/* ---- store worker ---- */

/* The roles of our own lists, without that of their signers: that comes from the SASTs themselves.
 */
static enum rf_err add_list(struct rf_tvs_book *book, const char *site, bool is_itl,
                            struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_list_path_in(site, is_itl, "");
    RF_AUTO(rf_buf_fini) struct rf_buf bytes = {0};
    RF_AUTO(rf_list_freep) struct rf_list *list = NULL;
    enum rf_err err = rf_file_read(path, RF_TRUSTLIST_BYTES_MAX, &bytes, why);
    if (err == RF_OK)
        err = rf_list_open(rf_buf_slice(&bytes), &list, why);
    for (size_t i = 0; err == RF_OK && i < rf_list_n(list); i++) {
        const struct rf_cert *cert = rf_list_cert(list, i);
        uint16_t role = rf_list_role(list, i);
        if (cert == NULL || role == RF_TRUSTLIST_ROLE_SAST || role > 31 ||
            (RF_TVS_ROLE(role) & rf_tvs_roles_known()) == 0)
            continue;
        err = rf_tvs_book_add(book, (struct rf_cert *)(uintptr_t)cert, RF_TVS_ROLE(role), 0, why);
    }
    return err;
}

static enum rf_err add_sast(struct rf_tvs_book *book, const char *site, enum rf_site_item item,
                            struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(site, item);
    RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
    enum rf_err err = rf_cert_from_pem_file(path, &cert, why);
    if (err == RF_OK)
        err = rf_tvs_book_add(book, cert, RF_TVS_ROLE(RF_TRUSTLIST_ROLE_SAST), 0, why);
    if (err == RF_OK)
        rf_tvs_book_permit(book, cert);
    return err;
}

static enum rf_err add_own(struct rf_tvs_book *book, const char *site, struct rf_why *why)
{
    enum rf_err err = add_sast(book, site, RF_SITE_CERT_SAST1, why);
    if (err == RF_OK)
        err = add_sast(book, site, RF_SITE_CERT_SAST2, why);
    if (err == RF_OK)
        err = add_list(book, site, false, why);
    return err == RF_OK ? add_list(book, site, true, why) : err;
}

static enum rf_err add_added(struct rf_tvs_book *book, struct rf_store *store, struct rf_why *why)
{
    struct rf_store_tvses added = {.n = 0};
    enum rf_err err = rf_store_tvs_list(store, &added, why);
    for (size_t i = 0; i < added.n && err == RF_OK; i++) {
        RF_AUTO(rf_cert_freep) struct rf_cert *cert = NULL;
        err = rf_cert_from_der(rf_buf_slice(&added.items[i].der), &cert, why);
        if (err == RF_OK)
            err = rf_tvs_book_add(book, cert, added.items[i].roles, added.items[i].ttl_s, why);
    }
    rf_store_tvses_fini(&added);
    return err;
}

enum rf_err tvs_make(void *made, struct rf_store *store, struct rf_why *why)
{
    struct making *m = made;
    RF_AUTO(rf_tvs_book_freep) struct rf_tvs_book *book = rf_tvs_book_new(m->ttl_s);
    enum rf_err err = add_own(book, m->site, why);
    if (err == RF_OK)
        err = add_added(book, store, why);
    if (err != RF_OK)
        return err;
    rf_tvs_book_permit_named(book, m->signers);
    m->book = rf_steal(&book);
    return RF_OK;
}

static void making_free(struct making *m)
{
    rf_tvs_book_free(m->book);
    rf_free(m->site);
    rf_free(m->signers);
    rf_free(m);
}

static void make_work(struct rf_job *job, void *store)
{
    struct making *m = (struct making *)job;
    if (tvs_make(m, store, &m->why) != RF_OK)
        rf_error(RF_CAT_TVS, "TVS goes on with what it vouched for before: %s code=%s", m->why.text,
                 m->why.code);
}

/* ---- main loop ---- */

/* One that was begun later knows more. */
void tvs_use(void *made)
{
    struct making *m = made;
    struct server *s = m->s;
    if (s->tvs != NULL && m->book != NULL && m->number > s->tvs_used) {
        rf_tvs_service_set_book(s->tvs, rf_steal(&m->book));
        s->tvs_used = m->number;
    }
    making_free(m);
}

static void make_done(struct rf_job *job, void *reader)
{
    if (reader != NULL)
        tvs_use(job);
    else
        making_free((struct making *)job);
}

void *tvs_begin(void *arg)
{
    struct server *s = arg;
    struct making *m = rf_new(struct making);
    m->job = (struct rf_job){
        .work = make_work, .done = make_done, .answer_to = rf_loop_mailbox(s->loop)};
    m->s = s;
    m->site = rf_strdup(s->site->dir);
    m->signers = rf_strdup(s->site->conf->tvs_list_signers);
    m->ttl_s = s->site->conf->tvs_ttl_s;
    m->number = ++s->tvs_begun;
    return m;
}

void tvs_renew(struct server *s)
{
    if (s->tvs == NULL)
        return;
    struct making *m = tvs_begin(s);
    if (rf_worker_post(s->store_worker, &m->job) == RF_OK)
        return;
    rf_error(RF_CAT_TVS, "TVS goes on with what it vouched for before: the database worker is "
                         "full; `ringfence reload` does it again");
    making_free(m);
}

static void report(void *arg, const struct rf_tvs_report *r)
{
    struct server *s = arg;
    bool is_vouched = r->fingerprint[0] != '\0';
    if (is_vouched) {
        rf_info(RF_CAT_TVS, "vouched for %.16s roles=%08x question=%s dev=%s from=%s",
                r->fingerprint, r->roles, r->command, r->device, r->address);
        return;
    }
    if (!rf_log_allows(&s->tvs_log, UNKNOWN_PER_MINUTE, rf_now_ms(rf_loop_clock(s->loop))))
        return;
    rf_warn(RF_CAT_TVS, "not vouched for: %s code=%s question=%s dev=%s from=%s", r->why->text,
            r->why->code, r->command, r->device, r->address);
    struct rf_store_event e = {
        .time_s = rf_wall_s(rf_loop_clock(s->loop)), .uid = -1, .severity = RF_STORE_WARN};
    snprintf(e.category, sizeof e.category, "tvs");
    snprintf(e.code, sizeof e.code, "%s", r->why->code);
    snprintf(e.text, sizeof e.text, "%.120s from=%.48s device=%.63s", r->why->text, r->address,
             r->device);
    event_keep(s, &e);
}

/* Sites of an older version have no key for it until their lists are published again. */
static bool has_key(const struct server *s)
{
    RF_AUTO(rf_freep) char *key = rf_site_path(s->site, RF_SITE_KEY_TVS);
    return rf_file_exists(key);
}

enum rf_err tvs_listen(struct server *s, uint16_t port, struct rf_why *why)
{
    if (!s->site->conf->tvs)
        return RF_OK;
    if (!has_key(s)) {
        rf_warn(RF_CAT_TVS, "TVS stays off: this site has no key for it; `ringfence list publish` "
                            "makes one, then start again");
        return RF_OK;
    }
    struct rf_tvs_service_conf conf = {.loop = s->loop,
                                       .site = s->site,
                                       .report = report,
                                       .arg = s,
                                       .on_alarm = event_of_listener};
    const struct rf_site_conf *site = s->site->conf;
    enum rf_err err = RF_OK;
    s->tvs = rf_tvs_service_new(&conf);
    if (site->legacy_tvs_port != 0)
        err = rf_tvs_service_listen(s->tvs, RF_TLS_LEGACY, site->listen,
                                    (uint16_t)site->legacy_tvs_port, site->legacy_networks, why);
    if (err == RF_OK)
        err = rf_tvs_service_listen(s->tvs, RF_TLS_MODERN, site->listen, port, NULL, why);
    if (err != RF_OK)
        return err;
    s->ports.tvs = rf_listeners_port(rf_tvs_service_listeners(s->tvs), RF_TLS_MODERN);
    tvs_renew(s);
    return RF_OK;
}

/* ---- what is shown ---- */

static struct rf_json *roles_json(uint32_t roles)
{
    struct rf_json *arr = rf_json_arr();
    for (uint16_t role = 0; role < 32; role++)
        if ((roles & RF_TVS_ROLE(role)) != 0 && rf_trustlist_role_word(role) != NULL)
            rf_json_arr_add_str(arr, rf_trustlist_role_word(role));
    return arr;
}

void tvs_show(void *arg, struct rf_json *certs)
{
    const struct server *s = arg;
    const struct rf_tvs_book *book = s->tvs != NULL ? rf_tvs_service_book(s->tvs) : NULL;
    for (size_t i = 0; book != NULL && i < rf_tvs_book_n(book); i++) {
        struct rf_tvs_entry entry = rf_tvs_book_at(book, i);
        struct rf_json *one = rf_json_obj();
        rf_json_set_str(one, "subject", rf_cert_subject(entry.cert));
        rf_json_set_take(one, "roles", roles_json(entry.roles));
        rf_json_set_int(one, "ttl_s", entry.ttl_s);
        rf_json_set_int(one, "not_after_s", rf_cert_not_after(entry.cert));
        rf_json_set_str(one, "fingerprint", rf_cert_fingerprint(entry.cert));
        rf_json_arr_add_take(certs, one);
    }
}
