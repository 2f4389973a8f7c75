/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's block list: from the database to those who ask it, and to the phones that are
 * registered with what is blocked now. doc: docs/enrolment.md, "Blocking a certificate" */
#include "app/ringfenced/server_int.h"

/* Before the sessions are looked at, so that none that ends comes back. */
enum rf_err blocked_renew(void *arg, struct rf_store *store, struct rf_why *why)
{
    struct server *s = arg;
    struct rf_store_blocks blocks = {.n = 0};
    RF_AUTO(rf_buf_fini)
    struct rf_buf all = RF_BUF((size_t)RF_BLOCKLIST_MAX * sizeof blocks.items->sha256);
    enum rf_err err = rf_store_block_list(store, &blocks, why);
    for (size_t i = 0; i < blocks.n && err == RF_OK; i++)
        err = rf_buf_add(&all, blocks.items[i].sha256, sizeof blocks.items[i].sha256);
    rf_store_blocks_fini(&blocks);
    return err == RF_OK ? rf_blocklist_set(s->blocked, rf_buf_slice(&all), why) : err;
}

void blocked_end(void *arg)
{
    rf_sccp_end_blocked(((struct server *)arg)->sccp);
}
