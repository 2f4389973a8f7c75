/* SPDX-License-Identifier: Apache-2.0 */
/* State tables, cell by cell, against the checked-in pictures of them: a review shows exactly which
 * cells a change moved. Written anew with RF_GRID_WRITE=1; drawn by tools/fsm-dot. */
#ifndef SUPPORT_GRID_H
#define SUPPORT_GRID_H

#include "unit.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/fsm.h"

#define GRID_BYTES_MAX ((size_t)64 * 1024)

static inline void grid_add_line(void *arg, const char *text)
{
    assert_err(rf_buf_addf(arg, "%s\n", text), RF_OK);
}

/** The table of `def` is that of tests/flow/grids/<file>, below the lines of `head`. */
static inline void assert_grid(const char *file, const char *head, const struct rf_fsm_def *def,
                               const char *(*action_name)(rf_fsm_action action))
{
    RF_AUTO(rf_buf_fini) struct rf_buf now = RF_BUF(GRID_BYTES_MAX);
    RF_AUTO(rf_buf_fini) struct rf_buf was = {0};
    const char *folder = getenv("RF_FLOW_GRIDS");
    RF_AUTO(rf_freep) char *path = rf_path_join(folder != NULL ? folder : "tests/flow/grids", file);
    struct rf_why why = {0};
    assert_err(rf_buf_addf(&now, "%s", head), RF_OK);
    rf_fsm_dump(def, action_name, grid_add_line, &now);
    if (getenv("RF_GRID_WRITE") != NULL) {
        assert_err(rf_file_replace(path, rf_buf_slice(&now), RF_FILE_PUBLIC, &why), RF_OK);
        return;
    }
    assert_err(rf_file_read(path, GRID_BYTES_MAX, &was, &why), RF_OK);
    assert_slice_eq(rf_buf_slice(&now), rf_buf_slice(&was));
}

/** Every action of the table has a name of its own to be shown by. */
static inline void assert_actions_named(const struct rf_fsm_def *def,
                                        const char *(*action_name)(rf_fsm_action action))
{
    for (size_t i = 0; i < def->n_rows; i++)
        if (def->rows[i].action != NULL)
            assert_string_not_equal(action_name(def->rows[i].action), "unnamed");
}

#endif
