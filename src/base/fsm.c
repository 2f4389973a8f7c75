/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fsm.h"

#include "base/metrics.h"

#include <stdio.h>
#include <string.h>

void rf_fsm_init(struct rf_fsm *fsm, const struct rf_fsm_def *def, void *self, int state)
{
    *fsm = (struct rf_fsm){.def = def, .self = self, .state = state};
}

const struct rf_fsm_row *rf_fsm_row_find(const struct rf_fsm_def *def, int state, int event)
{
    const struct rf_fsm_row *any = NULL;
    for (size_t i = 0; i < def->n_rows; i++) {
        const struct rf_fsm_row *row = &def->rows[i];
        if (row->event != event)
            continue;
        if (row->in == state)
            return row;
        if (row->in == RF_FSM_ANY && any == NULL)
            any = row;
    }
    return any;
}

static const char *label_of(const struct rf_fsm *fsm)
{
    return fsm->def->label != NULL ? fsm->def->label(fsm->self) : "";
}

static void run_one(struct rf_fsm *fsm, int event, const void *data)
{
    const struct rf_fsm_def *def = fsm->def;
    const struct rf_fsm_row *row = rf_fsm_row_find(def, fsm->state, event);
    if (row == NULL) {
        rf_count(CALL_UNHANDLED);
        rf_debug(def->cat, "%s: no row state=%s event=%s %s", def->name,
                 def->state_names[fsm->state], def->event_names[event], label_of(fsm));
        if (def->unhandled != NULL)
            def->unhandled(fsm->self, event, data);
        return;
    }
    int from = fsm->state;
    int to = row->to == RF_FSM_SAME ? from : row->to;
    if (to != from)
        rf_debug(def->cat, "%s: state=%s event=%s next=%s %s", def->name, def->state_names[from],
                 def->event_names[event], def->state_names[to], label_of(fsm));
    fsm->state = to;
    if (to != from && def->entered != NULL)
        def->entered(fsm->self, to);
    if (row->action != NULL)
        row->action(fsm->self, data);
}

void rf_fsm_handle(struct rf_fsm *fsm, int event, const void *event_data)
{
    rf_bug_on(fsm->running);
    fsm->running = true;
    run_one(fsm, event, event_data);
    while (fsm->queued > 0) {
        uint8_t data[RF_FSM_DATA];
        int next = fsm->queue[0].event;
        size_t n = fsm->queue[0].data_len;
        memcpy(data, fsm->queue[0].data, sizeof data);
        fsm->queued--;
        memmove(&fsm->queue[0], &fsm->queue[1], fsm->queued * sizeof fsm->queue[0]);
        run_one(fsm, next, n > 0 ? data : NULL);
    }
    fsm->running = false;
}

void rf_fsm_post(struct rf_fsm *fsm, int event, const void *data, size_t data_len)
{
    rf_bug_on(!fsm->running || fsm->queued == RF_FSM_QUEUE || data_len > RF_FSM_DATA);
    fsm->queue[fsm->queued].event = event;
    fsm->queue[fsm->queued].data_len = data_len;
    if (data_len > 0)
        memcpy(fsm->queue[fsm->queued].data, data, data_len);
    fsm->queued++;
}

const char *rf_fsm_name_find(const struct rf_fsm_name *names, size_t n, rf_fsm_action action)
{
    for (size_t i = 0; i < n; i++)
        if (names[i].action == action)
            return names[i].name;
    return "unnamed";
}

void rf_fsm_dump(const struct rf_fsm_def *def, const char *(*action_name)(rf_fsm_action),
                 void (*line)(void *arg, const char *text), void *arg)
{
    for (int s = 0; s < (int)def->n_states; s++) {
        for (int e = 0; e < (int)def->n_events; e++) {
            const struct rf_fsm_row *row = rf_fsm_row_find(def, s, e);
            if (row == NULL)
                continue;
            char text[256];
            snprintf(text, sizeof text, "%s %s %s %s", def->state_names[s], def->event_names[e],
                     row->action == NULL   ? "-"
                     : action_name != NULL ? action_name(row->action)
                                           : "action",
                     def->state_names[row->to == RF_FSM_SAME ? s : row->to]);
            line(arg, text);
        }
    }
}
