/* SPDX-License-Identifier: Apache-2.0 */
/* The admin API on a real socket, with a real database and a pretended program behind it. The
 * server has a thread, since the client blocks; call control is played on that thread, too. */
#ifndef UNIT_SERVICE_ADMIN_WORLD_H
#define UNIT_SERVICE_ADMIN_WORLD_H

#include "unit.h"

#include <pthread.h>

#include "net/http.h"
#include "service/admin/admin.h"
#include "wire/json/json.h"

#define PHONE_A "SEP001122334455"
#define PHONE_B "SEP00112233AABB"

#define WORLD_NOW 1796083200

struct world {
    char dir[64];
    char *socket;
    struct rf_clock_fake clock;
    struct rf_site site;
    struct rf_loop *loop;
    struct rf_store *store;
    struct rf_worker *store_worker;
    struct rf_admin_conf conf;
    struct rf_admin *admin;
    pthread_t thread;

    /* The program that is pretended. */
    char registered[RF_STORE_DEVICE_NAME];
    char set[RF_STORE_DEVICE_NAME]; /* what call control was told last */
    size_t set_lines;
    size_t set_certs;
    enum rf_err set_fails;
    char removed[RF_STORE_DEVICE_NAME];
    char reset[RF_STORE_DEVICE_NAME];
    enum rf_admin_reset reset_type;
    unsigned resets;
    struct rf_store_meet_me meet_me; /* that call control was told last */
    char unmet[RF_STORE_DN];
    unsigned revocation_uses;
    unsigned revocation_drops;
    bool revocation_fails;
    char changed[RF_STORE_DEVICE_NAME];
    char config_changed[64]; /* layer and name */
    unsigned config_changes;
    enum rf_admin_reset config_how;
    char told[160]; /* devices whose configuration changed, in order, blanks behind */
    unsigned campaign_changes;
    unsigned views; /* taken and not released */
    struct rf_secret wrap_key;
    unsigned looked;   /* at live state */
    unsigned messages; /* to call control */
    char blocking[96]; /* what the program was told to do, in order */
    unsigned reloads;
    enum rf_err reload_fails;
    struct rf_store_event event; /* the last one kept */
    unsigned events;

    /* The last answer. */
    int status;
    struct rf_json *json; /* NULL: none */
    struct rf_buf text;
    struct rf_mailbox *settled;
    char log_path[96];
    int log_fd;
};

int world_set_up(void **state);
int world_tear_down(void **state);
/** End the server and begin it anew with conf as the test left it. */
void world_restart(struct world *w);

/** Ask; the answer is in w. `body` may be NULL. */
void ask(struct world *w, enum rf_http_method method, const char *path, const char *body);
/** Ask, and be answered with this status. */
void answers(struct world *w, enum rf_http_method method, const char *path, const char *body,
             int status);
/** Ask, and be refused with this status and code. */
void refused(struct world *w, enum rf_http_method method, const char *path, const char *body,
             int status, const char *code);
/** A member of the answer, by a path such as "devices.0.name" or "error.code". */
const struct rf_json *member(struct world *w, const char *path);
const char *text_of(struct world *w, const char *path);
int64_t number_of(struct world *w, const char *path);

/** Does the log, or a file of the site, hold this text? */
bool is_in_log(struct world *w, const char *text);
bool is_in_site(struct world *w, const char *text);

#endif
