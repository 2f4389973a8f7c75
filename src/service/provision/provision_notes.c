/* SPDX-License-Identifier: Apache-2.0 */
/* Observations on their way to the store. While one batch is written the next is gathered, so that
 * a thousand phones that start at once cost a few transactions. */
#include "service/provision/provision_seen.h"

#include "base/log.h"
#include "base/metrics.h"
#include "store/store_seen.h"

#include <string.h>

struct batch {
    struct rf_job job;
    struct provision_notes *notes; /* NULL: gone */
    struct rf_store_fetch fetches[PROVISION_NOTES_MAX];
    size_t fetches_n;
    struct rf_store_pending pendings[PROVISION_NOTES_MAX];
    bool is_new[PROVISION_NOTES_MAX];
    size_t pendings_n;
};

struct provision_notes {
    struct rf_loop *loop;
    struct rf_worker *store;
    provision_notes_fn on_new;
    void *arg;
    struct batch *gathered; /* NULL: nothing */
    struct batch *written;  /* on the store worker; NULL: none */
};

struct provision_notes *provision_notes_new(struct rf_loop *loop, struct rf_worker *store,
                                            provision_notes_fn on_new, void *arg)
{
    struct provision_notes *notes = rf_new(struct provision_notes);
    *notes = (struct provision_notes){.loop = loop, .store = store, .on_new = on_new, .arg = arg};
    return notes;
}

void provision_notes_free(struct provision_notes *notes)
{
    if (notes == NULL)
        return;
    if (notes->written != NULL)
        notes->written->notes = NULL;
    rf_free(notes->gathered);
    rf_free(notes);
}

static void write_work(struct rf_job *job, void *state)
{
    struct batch *b = (struct batch *)job;
    struct rf_why why = {0};
    enum rf_err err = RF_OK;
    if (b->fetches_n > 0)
        err = rf_store_fetch_save(state, b->fetches, b->fetches_n, &why);
    if (err == RF_OK && b->pendings_n > 0)
        err = rf_store_pending_note(state, b->pendings, b->pendings_n, b->is_new, &why);
    if (err != RF_OK)
        rf_warn(RF_CAT_PROVISION, "what phones fetched is not kept: %s", rf_why_text(&why));
}

static void send_batch(struct provision_notes *notes);

static void was_written(struct rf_job *job, void *reader)
{
    struct batch *b = (struct batch *)job;
    struct provision_notes *notes = reader != NULL ? b->notes : NULL;
    if (notes != NULL) {
        notes->written = NULL;
        for (size_t i = 0; i < b->pendings_n; i++)
            if (b->is_new[i])
                notes->on_new(notes->arg, &b->pendings[i]);
        send_batch(notes);
    }
    rf_free(b);
}

static void send_batch(struct provision_notes *notes)
{
    if (notes->written != NULL || notes->gathered == NULL)
        return;
    struct batch *b = rf_steal(&notes->gathered);
    b->notes = notes;
    b->job = (struct rf_job){
        .work = write_work, .done = was_written, .answer_to = rf_loop_mailbox(notes->loop)};
    if (rf_worker_post(notes->store, &b->job) == RF_OK)
        notes->written = b;
    else
        rf_free(b); /* the database has better things to do */
}

static struct batch *gathered(struct provision_notes *notes)
{
    if (notes->gathered == NULL)
        notes->gathered = rf_new(struct batch);
    return notes->gathered;
}

void provision_notes_fetch(struct provision_notes *notes, const struct rf_store_fetch *fetch)
{
    struct batch *b = gathered(notes);
    size_t at = 0;
    while (at < b->fetches_n && (b->fetches[at].item != fetch->item ||
                                 strcmp(b->fetches[at].device, fetch->device) != 0))
        at++;
    if (at < PROVISION_NOTES_MAX) {
        b->fetches[at] = *fetch;
        b->fetches_n += at == b->fetches_n;
    }
    send_batch(notes);
}

void provision_notes_pending(struct provision_notes *notes, const struct rf_store_pending *seen)
{
    struct batch *b = gathered(notes);
    size_t at = 0;
    while (at < b->pendings_n && (strcmp(b->pendings[at].name, seen->name) != 0 ||
                                  strcmp(b->pendings[at].asked, seen->asked) != 0))
        at++;
    if (at < PROVISION_NOTES_MAX) {
        uint32_t count = b->pendings[at].count;
        b->pendings[at] = *seen;
        b->pendings[at].count = count + 1;
        b->pendings_n += at == b->pendings_n;
    }
    send_batch(notes);
}
