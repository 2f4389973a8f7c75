/* SPDX-License-Identifier: Apache-2.0 */
/* What is the same for all who ask: trust lists, images, files of the site, XMLDefault. Files of
 * the site are signed when they are asked for so.
 *
 *     file worker: find and open -> loop: a signed copy of it is kept? in memory already? room?
 *     -> file worker: read -> loop -> signer worker: sign
 *
 * doc: docs/provisioning.md, "From a name to a file"; "Signed files" */
#include "service/provision/provision_run.h"

#include "base/text.h"
#include "service/site/families.h"
#include "wire/phonexml/phonexml.h"

#include <stdio.h>
#include <string.h>

static bool is_list(const struct request *r)
{
    return r->name.kind == PROVISION_CTL || r->name.kind == PROVISION_ITL;
}

/* Lists are one file, whatever name they are asked for, but for devices with lists of their own. */
static const char *content_name(const struct request *r)
{
    if (r->has_own_list)
        return r->name.name;
    return r->name.kind == PROVISION_CTL   ? "CTLFile.tlv"
           : r->name.kind == PROVISION_ITL ? "ITLFile.tlv"
                                           : r->name.name;
}

/* ---- finding ---- */

/* Two files are the same to us when nothing of their identity differs. */
static void identify(const struct provision_identity *id, uint8_t of[32])
{
    uint8_t bytes[64];
    struct rf_wr wr = rf_wr_of(bytes, sizeof bytes);
    struct rf_slice whole;
    rf_wr_u64be(&wr, (uint64_t)id->dev);
    rf_wr_u64be(&wr, (uint64_t)id->ino);
    rf_wr_u64be(&wr, (uint64_t)id->size);
    rf_wr_u64be(&wr, (uint64_t)id->mtime.tv_sec);
    rf_wr_u32be(&wr, (uint32_t)id->mtime.tv_nsec);
    rf_wr_u64be(&wr, (uint64_t)id->ctime.tv_sec);
    rf_wr_u32be(&wr, (uint32_t)id->ctime.tv_nsec);
    rf_bug_on(rf_wr_done(&wr, &whole) != RF_OK);
    uint8_t md[RF_DIGEST_MAX];
    struct rf_rd rd = rf_rd_of(rf_slice_of(md, rf_digest_of(RF_DIGEST_SHA256, whole, md)));
    rf_bug_on(!rf_rd_copy(&rd, of, 32));
}

static enum rf_err find_file(struct request *r)
{
    struct provision_found found = {.fd = -1};
    enum rf_err err = provision_find(r->facts, r->name.name, &found, &r->why);
    if (err != RF_OK)
        return err;
    r->fd = found.fd;
    r->id = found.id;
    r->is_image = found.is_image;
    r->is_enveloped = found.is_enveloped;
    r->is_signed = found.is_signed;
    if (r->is_signed && (size_t)r->id.size > RF_PROVISION_SIGNED_MAX)
        return rf_why_set(&r->why, RF_ERR_NOT_FOUND, "file-too-large",
                          "%s is larger than the %zu bytes that are signed on demand", r->name.name,
                          RF_PROVISION_SIGNED_MAX);
    identify(&r->id, r->made_of.of);
    return RF_OK;
}

static enum rf_err find_list(struct request *r)
{
    RF_AUTO(rf_freep)
    char *path =
        rf_site_list_path_in(r->facts->site, r->name.kind == PROVISION_ITL, r->name.device);
    r->has_own_list =
        rf_slice_ends_with(rf_slice_str(path), r->name.name) && r->name.device[0] != '\0';
    return provision_list_open(path, &r->fd, &r->id, &r->why);
}

/* An image by its exact name comes before all others: when it is still the file that is in memory,
 * nothing else has to be looked at. Asked on the loop, since the kernel has at hand what is used
 * just now. */
void provision_static_at_hand(struct request *r)
{
    if (r->name.kind != PROVISION_FILE)
        return;
    struct rf_content *c = provision_contents_last(&r->p->contents, r->name.name);
    if (c != NULL && provision_image_is(r->facts, c->name, &c->id))
        r->content = rf_content_ref(c);
}

void provision_static_find(struct rf_job *job, void *state)
{
    struct request *r = provision_request_of(job);
    r->err = is_list(r) ? find_list(r) : find_file(r);
}

/* ---- signing ---- */

static void sign_work(struct rf_job *job, void *state)
{
    struct request *r = provision_request_of(job);
    int64_t changed_s =
        r->name.kind == PROVISION_FILE ? (int64_t)r->id.mtime.tv_sec : r->config.changed_s;
    provision_sign(r, state, rf_content_bytes(r->content), changed_s);
}

static void was_signed(struct rf_job *job, void *reader)
{
    struct request *r = provision_request_of(job);
    if (!provision_is_wanted(r, reader))
        return;
    provision_keep_signed(r, "", "signed", NULL);
    provision_finish(r);
}

/* The digest of whoever asks: by the certificate it has proven, or as the one whose phone was last
 * at that address. */
static enum rf_err choose_digest(struct request *r)
{
    char host[RF_ADDRESS_TEXT_MAX];
    rf_address_host(&r->from, host, sizeof host);
    if (provision_seen_digest(r->p->seen, r->proven, host, &r->made_of.digest) &&
        (r->made_of.digest != RF_DIGEST_SHA1 || r->facts->may_sha1))
        return RF_OK;
    return provision_digest_of_nobody(r->facts, &r->made_of.digest, &r->why);
}

/* True: answered, or refused. */
static bool has_kept(struct request *r)
{
    r->err = choose_digest(r);
    if (r->err != RF_OK) {
        provision_finish(r);
        return true;
    }
    struct rf_content *kept =
        provision_cache_find(r->p->cache, r->name.name, r->made_of.of, r->made_of.digest);
    if (kept == NULL)
        return false;
    r->content = rf_content_ref(kept);
    provision_finish(r);
    return true;
}

/* Phones that start at the same time ask for the same images. */
static void keep(struct rf_provision *p, struct rf_content *c)
{
    for (unsigned i = 0; i < PROVISION_RECENT_N; i++)
        if (p->recent[i] == c)
            return;
    struct rf_content **at = &p->recent[p->recent_at++ % PROVISION_RECENT_N];
    rf_content_unref(*at);
    *at = rf_content_ref(c);
}

void provision_static_forget(struct rf_provision *p)
{
    for (unsigned i = 0; i < PROVISION_RECENT_N; i++) {
        rf_content_unref(p->recent[i]);
        p->recent[i] = NULL;
    }
}

/* The content is there. */
static void has_content(struct request *r)
{
    if (r->is_signed) {
        provision_go_sign(r, sign_work, was_signed);
        return;
    }
    if (r->is_image && rf_content_bytes(r->content).len <= PROVISION_RECENT_BYTES)
        keep(r->p, r->content);
    provision_finish(r);
}

/* ---- reading ---- */

static void read_work(struct rf_job *job, void *state)
{
    struct request *r = provision_request_of(job);
    r->err = provision_file_read(r->fd, &r->id, &r->bytes, &r->why);
    if (r->err == RF_OK && r->is_enveloped)
        r->err = provision_unwrap(&r->bytes, &r->why);
    if (r->err != RF_OK || !is_list(r))
        return;
    r->err = provision_list_check(rf_buf_slice(&r->bytes), NULL, &r->why);
    rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&r->bytes), r->sha256);
}

static struct request *waiting_for(struct rf_provision *p, const struct rf_content *content)
{
    struct request *r = p != NULL ? p->requests : NULL;
    while (r != NULL && !(r->is_waiting && r->content == content))
        r = r->next;
    return r;
}

static void was_read(struct rf_job *job, void *reader)
{
    struct request *r = provision_request_of(job);
    if (r->err == RF_OK)
        provision_content_loaded(r->content, &r->bytes);
    else
        provision_content_forget(r->content);
    if (r->err == RF_OK && is_list(r)) {
        provision_content_set_sha256(r->content, r->sha256);
        provision_content_set_what(r->content, "list", NULL);
    } else if (r->is_image) {
        provision_content_set_what(r->content, "image", NULL);
    }
    if (reader == NULL || r->p == NULL) {
        provision_release(r);
        return;
    }
    /* A callback may do anything, and even free the catalogue: look anew each time. */
    struct request *other;
    while ((other = waiting_for(r->p, r->content)) != NULL) {
        other->is_waiting = false;
        other->err = r->err;
        other->why = r->why;
        if (other->err == RF_OK)
            has_content(other);
        else
            provision_finish(other);
    }
    if (r->err == RF_OK && r->p != NULL)
        has_content(r);
    else
        provision_finish(r);
}

void provision_static_found(struct rf_job *job, void *reader)
{
    struct request *r = provision_request_of(job);
    if (!provision_is_wanted(r, reader) || (r->is_signed && has_kept(r)))
        return;
    struct rf_provision *p = r->p;
    struct rf_content *there = provision_contents_find(&p->contents, content_name(r), &r->id);
    if (there != NULL) {
        r->content = rf_content_ref(there);
        r->is_waiting = !there->is_loaded;
        if (there->is_loaded)
            has_content(r);
        return;
    }
    r->content = provision_contents_add(&p->contents, content_name(r), &r->id);
    if (r->content == NULL)
        provision_refuse(r, RF_ERR_AGAIN, "busy", "no room for more files in memory at the moment");
    else
        provision_go_on(r, p->files, read_work, was_read);
}

/* ---- XMLDefault ---- */

/* The loads of models that are here, as for devices: others would send phones into a circle. A
 * model that is written in two ways is taken once, as whoever sorts first writes it. */
static void add_loads(struct rf_phonexml *c, const struct rf_store_model_loads *models,
                      struct rf_slice loads)
{
    for (size_t i = 0; i < models->n && c->model_load_n < RF_PHONEXML_MODELS_MAX; i++) {
        const struct rf_store_model_load *from = &models->items[i];
        struct rf_phonexml_model_load *to = &c->model_load[c->model_load_n];
        size_t k = 0;
        to->model = rf_family_model_number(from->model);
        while (k < c->model_load_n && c->model_load[k].model != to->model)
            k++;
        if (to->model == 0 || k < c->model_load_n || !provision_loads_have(loads, from->load))
            continue;
        rf_family_model_name(from->model, to->name);
        if (rf_slice_to_str(rf_slice_str(from->load), to->load, sizeof to->load))
            c->model_load_n++;
    }
    if (c->model_load_n < RF_PHONEXML_MODELS_MAX)
        c->model_load[c->model_load_n] = (struct rf_phonexml_model_load){0};
}

/* What a phone needs to register, the load of its model, and nothing that anybody should not know.
 */
static enum rf_err encode_default(const struct provision_facts *facts,
                                  const struct rf_store_model_loads *models, struct rf_slice loads,
                                  struct rf_buf *out, struct rf_why *why)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = rf_phonexml_new();
    c->is_default = true;
    c->has_ip_address_mode = true; /* 0: IPv4 */
    struct rf_site_call_manager cm;
    for (; provision_call_manager(facts, c->cm_n, &cm); c->cm_n++) {
        struct rf_phonexml_server *to = &c->cm[c->cm_n];
        to->priority = (int32_t)c->cm_n;
        to->port = cm.port;
        snprintf(to->name, sizeof to->name, "%s", cm.host);
    }
    if (c->cm_n == 0)
        return rf_why_set(why, RF_ERR_DENIED, "config-value",
                          "processNodeName: %s is longer than phones take", facts->host);
    add_loads(c, models, loads);
    return rf_phonexml_encode(c, out, why);
}

void provision_default_look(struct rf_job *job, void *state)
{
    struct request *r = provision_request_of(job);
    if (!r->facts->has_default)
        r->err = rf_why_set(&r->why, RF_ERR_NOT_FOUND, "file-not-found",
                            "there is no default configuration: auto_register is off");
    else
        r->err = provision_look(state, r->facts, &r->look, &r->why);
}

/* Its stamp stands nowhere in it: phones know none there. It tells since when it is as it is. */
static void default_work(struct rf_job *job, void *state)
{
    struct request *r = provision_request_of(job);
    struct rf_store_model_loads models = {0};
    r->bytes = RF_BUF(RF_PHONEXML_BYTES_MAX);
    r->err = rf_store_model_load_list(state, &models, &r->why);
    if (r->err == RF_OK)
        r->err =
            encode_default(r->facts, &models, rf_buf_slice(&r->look->loads), &r->bytes, &r->why);
    if (r->err == RF_OK)
        r->err = provision_stamp_keep(state, "config-stamp.XMLDefault", rf_buf_slice(&r->bytes),
                                      r->now_s, r->config.stamp, &r->config.changed_s, &r->why);
    rf_store_model_loads_fini(&models);
    rf_digest_of(RF_DIGEST_SHA256, rf_buf_slice(&r->bytes), r->sha256);
    memcpy(r->made_of.of, r->sha256, sizeof r->made_of.of);
    r->is_signed = r->name.kind == PROVISION_DEFAULT_SIGNED;
}

static void default_made(struct rf_job *job, void *reader)
{
    struct request *r = provision_request_of(job);
    if (!provision_is_wanted(r, reader) || (r->is_signed && has_kept(r)))
        return;
    r->content = provision_content_new(r->name.name, &r->bytes);
    provision_content_set_sha256(r->content, r->sha256);
    provision_content_set_what(r->content, "default", NULL);
    has_content(r);
}

void provision_default_looked(struct rf_job *job, void *reader)
{
    struct request *r = provision_request_of(job);
    if (provision_is_wanted(r, reader))
        provision_go_on(r, r->p->store, default_work, default_made);
}
