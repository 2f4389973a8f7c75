/* SPDX-License-Identifier: Apache-2.0 */
/* A database in a folder of its own, for one test. */
#ifndef SUPPORT_STORE_PLACE_H
#define SUPPORT_STORE_PLACE_H

#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "store/store.h"

struct place {
    char dir[64];
    char path[96];
    struct rf_store *store; /* NULL: not open */
};

/** Open it, or again, as a new start of the server would. */
static inline void place_open(struct place *p)
{
    struct rf_why why = {0};
    rf_store_close(p->store);
    p->store = NULL;
    enum rf_err err = rf_store_open(p->path, &p->store, &why);
    if (err != RF_OK)
        print_error("%s\n", rf_why_text(&why));
    assert_int_equal(err, RF_OK);
}

static inline void place_make(struct place *p)
{
    test_tmp(p->dir, sizeof p->dir, "store");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof p->path, "%s/ringfence.db", p->dir);
}

/** The folder goes, with whatever is in it. */
static inline void place_drop(struct place *p)
{
    rf_store_close(p->store);
    assert_err(rf_dir_empty(p->dir, NULL), RF_OK);
    assert_int_equal(rmdir(p->dir), 0);
}

/* For cmocka: the state is a struct place, open. */

static inline int place_set_up(void **state)
{
    struct place *p = rf_new(struct place);
    place_make(p);
    place_open(p);
    *state = p;
    return 0;
}

static inline int place_tear_down(void **state)
{
    place_drop(*state);
    rf_free(*state);
    return 0;
}

#endif
