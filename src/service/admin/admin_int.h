/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service/admin: a request on its way through the threads. A route names a function for
 * each place; those that are there run in this order, each in its place, and the first that fails
 * ends the way with an error answer. */
#ifndef SERVICE_ADMIN_ADMIN_INT_H
#define SERVICE_ADMIN_ADMIN_INT_H

#include "net/http.h"
#include "service/admin/admin.h"
#include "store/store_campaign.h"
#include "store/store_held.h"
#include "store/store_seen.h"
#include "store/store_srst.h"
#include "wire/json/json.h"

#define ADMIN_LINES_MAX      8 /* of a device, as call control has them */
#define ADMIN_LINE_RULES_MAX 64
#define ADMIN_NAME_TEXT      63 /* bytes of a line's texts, as phones show them */
#define ADMIN_ANSWER_MAX     ((size_t)64 * 1024 * 1024)
#define ADMIN_CALLS_MAX      4096
#define ADMIN_STRING_MAX     10
#define ADMIN_STRING_MIN     4

struct admin_task;

/** Where a request is served. */
enum admin_where { ADMIN_AT_CALL_MANAGER, ADMIN_AT_BOTH, ADMIN_AT_ROUTER };

struct admin_route {
    enum rf_http_method method;
    const char *path; /* "*" stands for the name of a device */
    /** Loop: read the request. The answer to an error is 400, unless task->status says otherwise.
     */
    enum rf_err (*begin)(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
    /** Worker for what takes long to compute. */
    enum rf_err (*hash)(struct admin_task *t, struct rf_why *why);
    /** Store worker. */
    enum rf_err (*store)(struct admin_task *t, struct rf_store *store, struct rf_why *why);
    /** Call-control thread. RF_ERR_AGAIN: not done, come again after other messages. */
    enum rf_err (*calls)(struct admin_task *t, struct rf_why *why);
    /** Loop: all went well; fill the answer. */
    void (*answer)(struct admin_task *t, struct rf_json *out);
    enum admin_where where;
};

/** A device with all that is shown of it. */
struct admin_device {
    struct rf_store_phone phone;
    bool has_capf;
    struct rf_store_capf capf;
    struct rf_store_certs certs;
    struct rf_store_helds helds;
    struct rf_store_fetches fetches; /* with shows_held */
    uint8_t given[2][32];            /* SHA-256 of the CTL and the ITL that it would be given now */
    bool has_given[2];
    bool shows_held; /* the two above were looked up */
    bool has_refused;
    struct rf_store_refused refused;
    struct rf_admin_live live;
};

/** What a task to change a device wants; absent members keep what is there. */
struct admin_change {
    struct rf_json *body;
    struct rf_store_capf capf;
    struct rf_secret string; /* to hash; shown if drawn */
    bool is_drawn;
    int64_t capf_id;
    enum rf_admin_reset reset;
    bool has_authenticated; /* the site has a listener for such devices */
    bool load_changed; /* or whether the configuration is encrypted: the phone has to fetch it */
    bool profile_changed;
    bool router_changed; /* by the profile: phones take it at their start only */
};

/** What a task about configurations is about. */
struct admin_config {
    enum rf_store_layer layer;
    char name[RF_STORE_CONFIG_NAME];
    bool is_overview;
    size_t changed;
    size_t devices;   /* whose configuration has to do with it */
    bool wants_reset; /* a phone takes what changed at its start only */
    void *view;       /* of the program; NULL: none */
};

/** A campaign that is started, changed or looked at. */
struct admin_campaign {
    struct rf_store_campaign c;
    struct rf_store_pick pick; /* its texts are the body's */
    bool has_pick;
    uint8_t issuer[32];
    bool has_issuer;
    bool is_dry; /* only say who is meant */
    struct rf_store_recruit *recruits;
    size_t n;
    char (*strings)[RF_ADMIN_STRING_DIGITS + 1]; /* drawn, one for each; NULL: none */
    enum rf_store_campaign_state wanted;
    char after[RF_STORE_DEVICE_NAME];
    size_t limit;
};

struct admin_task {
    struct rf_job job;
    struct rf_msg msg;
    struct rf_admin *admin;
    const struct admin_route *route;
    unsigned stage; /* the next one */
    rf_handle request;
    uid_t uid;
    int64_t now_s;
    char name[RF_STORE_DEVICE_NAME]; /* of the device in the path, or of the body */
    int status;                      /* 0: by the error */
    enum rf_err err;
    struct rf_why why;

    struct admin_device *devices;
    size_t n_devices;
    size_t at; /* the next one to look at on the call-control thread */
    size_t n_reset;
    struct admin_change change;
    struct admin_config config;
    void *tvs;                       /* of the program; NULL: none */
    struct admin_campaign *campaign; /* owned; NULL: none */
    struct rf_json *campaigns;
    struct admin_srst *srst; /* owned; NULL: none */
    bool is_nonsecure;       /* the cluster, when it was asked */
    void *revocation;        /* as tvs */
    struct rf_store_block block;
    struct rf_store_mic_allow mic_allow;
    struct rf_cert *lsc; /* by another CA, brought for a phone */
    unsigned lsc_days;   /* it may be valid so long */
    unsigned rsa_min;
    struct rf_admin_status self;
    struct rf_admin_counts counts;
    struct rf_json *shown; /* made on the store worker: certificates and lists, or events */
    struct rf_json *lists;
    const char *sast2_key; /* rf_site_sast2_key */
    struct rf_json *ending;
    size_t n_ending; /* there may be more of them than are shown */
    struct rf_admin_call *calls;
    size_t n_calls;
    struct rf_store_event_query query; /* of events, or of records of calls */
    struct rf_store_meet_me meet_me;
};

struct rf_admin {
    struct rf_admin_conf conf; /* site: use `site` */
    struct rf_site site;       /* the folder only */
    struct rf_secret wrap_key; /* of the database's secrets; empty: none */
    struct rf_http_server *http;
    struct rf_worker *hashes;
    struct rf_log_limit refusals;
};

/* admin.c */
#define ADMIN_OPS(task, op) ((task)->admin->conf.ops->op)
#define ADMIN_ARG(task)     ((task)->admin->conf.arg)
/** For an error that is the asker's: the answer's status, then the reason. */
enum rf_err admin_refuse(struct admin_task *t, int status, struct rf_why *why, const char *code,
                         const char *fmt, ...) RF_PRINTF(5, 6);
/** An event of this request: its time, uid and device are set. */
struct rf_store_event admin_event(const struct admin_task *t, const char *category,
                                  const char *code, const char *fmt, ...) RF_PRINTF(4, 5);
/** An object with no members but these (NULL-terminated); and the body as one. */
enum rf_err admin_members(const struct rf_json *obj, const char *const *members,
                          struct rf_why *why);
enum rf_err admin_body(struct rf_http_req *req, const char *const *members, struct rf_json **out,
                       struct rf_why *why);

/* admin_device.c */
void admin_device_fini(struct admin_device *d);
enum rf_err admin_device_load(struct rf_store *store, const char *name, struct admin_device *out,
                              struct rf_why *why);
/** Live state of the devices from t->at on, a batch at a time. */
enum rf_err admin_look_live(struct admin_task *t, struct rf_why *why);
/** The one device of a task, made when it is not there yet. */
struct admin_device *admin_only(struct admin_task *t);

enum rf_err admin_devices_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_devices_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_device_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_device_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_remove_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
enum rf_err admin_remove_calls(struct admin_task *t, struct rf_why *why);
void admin_remove_answer(struct admin_task *t, struct rf_json *out);

/* admin_branch.c: devices of a router */
enum rf_err admin_branch_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_branch_one_begin(struct admin_task *t, struct rf_http_req *req,
                                   struct rf_why *why);

/* admin_change.c */
enum rf_err admin_add_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_add_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_add_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_edit_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_edit_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
enum rf_err admin_change_calls(struct admin_task *t, struct rf_why *why);
void admin_edit_answer(struct admin_task *t, struct rf_json *out);
void admin_approve_answer(struct admin_task *t, struct rf_json *out);
/** The body over what `phone` is. */
enum rf_err admin_read_phone(const struct rf_json *body, struct rf_store_phone *phone,
                             struct rf_why *why);

/* admin_model.c */
/** What the site allows, to be noted while that may be looked at: in a task's begin. */
void admin_note_modes(struct admin_task *t);
/** `before` (may be NULL): the device as it was. RF_ERR_DENIED (409) model-mode, model-srtp,
 * model-encrypt, model-digest, load-model, mode-authenticated. */
enum rf_err admin_check_model(struct admin_task *t, const struct rf_store_device *d,
                              const struct rf_store_device *before, struct rf_why *why);

/* admin_pending.c */
enum rf_err admin_pending_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_pending_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_approve_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_approve_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);

/* admin_tvs.c */
void admin_tvs_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_tvs_add_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_tvs_add_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
enum rf_err admin_tvs_remove_begin(struct admin_task *t, struct rf_http_req *req,
                                   struct rf_why *why);
enum rf_err admin_tvs_remove_store(struct admin_task *t, struct rf_store *store,
                                   struct rf_why *why);
void admin_tvs_changed_answer(struct admin_task *t, struct rf_json *out);

/* admin_capf.c */
enum rf_err admin_capf_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_capf_hash(struct admin_task *t, struct rf_why *why);
enum rf_err admin_capf_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
enum rf_err admin_capf_calls(struct admin_task *t, struct rf_why *why);
void admin_capf_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_reset_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_reset_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
enum rf_err admin_reset_calls(struct admin_task *t, struct rf_why *why);
void admin_reset_answer(struct admin_task *t, struct rf_json *out);

/** The operation that a body asks for, into t->change.capf: as the site allows it. */
enum rf_err admin_capf_read(struct admin_task *t, const struct rf_json *body, struct rf_why *why);
/** "string" of a body: 4 to 10 digits. */
enum rf_err admin_capf_read_string(const struct rf_json *body, struct admin_change *change,
                                   struct rf_why *why);
/** Digits for somebody to type; wipe them. */
void admin_draw_string(char digits[RF_ADMIN_STRING_DIGITS + 1]);

/* admin_campaign_start.c */
enum rf_err admin_campaign_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_campaign_hash(struct admin_task *t, struct rf_why *why);
enum rf_err admin_campaign_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_campaign_answer(struct admin_task *t, struct rf_json *out);
/** NULL is fine. */
void admin_campaign_free(struct admin_campaign *campaign);

/* admin_campaign.c */
/** Those that are open, as objects, into t->campaigns. */
enum rf_err admin_campaigns_look(struct admin_task *t, struct rf_store *store, struct rf_why *why);
enum rf_err admin_campaigns_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_campaigns_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_campaign_show_store(struct admin_task *t, struct rf_store *store,
                                      struct rf_why *why);
void admin_campaign_show_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_campaign_page(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_campaign_members_store(struct admin_task *t, struct rf_store *store,
                                         struct rf_why *why);
void admin_campaign_members_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_campaign_set_begin(struct admin_task *t, struct rf_http_req *req,
                                     struct rf_why *why);
enum rf_err admin_campaign_set_store(struct admin_task *t, struct rf_store *store,
                                     struct rf_why *why);
void admin_campaign_set_answer(struct admin_task *t, struct rf_json *out);

/* admin_requests.c */
enum rf_err admin_requests_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_requests_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_made_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_made_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_made_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_drop_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_drop_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_drop_answer(struct admin_task *t, struct rf_json *out);

/* admin_blocked.c */
enum rf_err admin_block_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_block_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
enum rf_err admin_unblock_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_unblock_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
enum rf_err admin_block_calls(struct admin_task *t, struct rf_why *why);
void admin_block_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_blocked_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_blocked_answer(struct admin_task *t, struct rf_json *out);

/* admin_mic.c */
enum rf_err admin_mic_allow_begin(struct admin_task *t, struct rf_http_req *req,
                                  struct rf_why *why);
enum rf_err admin_mic_allow_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_mic_allow_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_mic_forbid_store(struct admin_task *t, struct rf_store *store,
                                   struct rf_why *why);
void admin_mic_forbid_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_mic_allowed_store(struct admin_task *t, struct rf_store *store,
                                    struct rf_why *why);
void admin_mic_allowed_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_mics_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_mics_answer(struct admin_task *t, struct rf_json *out);

/* admin_revocation.c */
void admin_revocation_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_revocation_begin(struct admin_task *t, struct rf_http_req *req,
                                   struct rf_why *why);
enum rf_err admin_revocation_store(struct admin_task *t, struct rf_store *store,
                                   struct rf_why *why);
void admin_revocation_changed_answer(struct admin_task *t, struct rf_json *out);

/* admin_expiry.c */
/** What ends within 180 days, into t->ending and t->n_ending. */
enum rf_err admin_ending_look(struct admin_task *t, struct rf_store *store, struct rf_why *why);
enum rf_err admin_due_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_due_answer(struct admin_task *t, struct rf_json *out);

/* admin_load.c */
struct rf_json *admin_refused_json(const struct rf_store_refused *refused);
enum rf_err admin_loads_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_loads_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_load_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_load_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
enum rf_err admin_load_calls(struct admin_task *t, struct rf_why *why);
void admin_load_answer(struct admin_task *t, struct rf_json *out);

/* admin_config.c */
enum rf_err admin_config_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_config_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_config_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_template_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_template_look(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_template_show_store(struct admin_task *t, struct rf_store *store,
                                      struct rf_why *why);
void admin_template_show_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_document_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_document_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_document_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_lint_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_lint_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_lint_answer(struct admin_task *t, struct rf_json *out);

/* admin_line.c */
/** How its calls are handled, over what `line` is: "shared", "forward_all", ... */
enum rf_err admin_read_rule(const struct rf_json *j, struct rf_store_line *line,
                            struct rf_why *why);
/** "line_rules" of a body: the same by "dn", for lines that are there. */
enum rf_err admin_read_rules(const struct rf_json *body, struct rf_store_phone *phone,
                             struct rf_why *why);
void admin_show_rule(struct rf_json *j, const struct rf_store_line *line);

/* admin_meet_me.c */
enum rf_err admin_meet_mes_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_meet_mes_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_meet_me_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_meet_me_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
enum rf_err admin_meet_me_calls(struct admin_task *t, struct rf_why *why);
void admin_meet_me_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_unmeet_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_unmeet_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
enum rf_err admin_unmeet_calls(struct admin_task *t, struct rf_why *why);
void admin_unmeet_answer(struct admin_task *t, struct rf_json *out);

/* admin_srst.c */
enum rf_err admin_srsts_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_srsts_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_srsts_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_srst_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_srst_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_srst_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_unsrst_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_unsrst_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_unsrst_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_srst_use_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_srst_use_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_srst_use_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_srst_release_begin(struct admin_task *t, struct rf_http_req *req,
                                     struct rf_why *why);
enum rf_err admin_srst_release_store(struct admin_task *t, struct rf_store *store,
                                     struct rf_why *why);
void admin_srst_release_answer(struct admin_task *t, struct rf_json *out);
/** Which router the device uses; "": none. */
enum rf_err admin_srst_of(struct rf_store *store, const char *device, char name[RF_STORE_SRST_NAME],
                          struct rf_why *why);
/** NULL is fine. */
void admin_srst_free(struct admin_srst *srst);

/* admin_record.c */
enum rf_err admin_records_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_records_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_records_answer(struct admin_task *t, struct rf_json *out);

/* admin_show.c */
/** after, since, device and limit of a query: at most `max`. */
enum rf_err admin_query(struct admin_task *t, struct rf_http_req *req, uint64_t max,
                        struct rf_why *why);
enum rf_err admin_status_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_status_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
enum rf_err admin_status_calls(struct admin_task *t, struct rf_why *why);
void admin_status_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_events_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
enum rf_err admin_events_store(struct admin_task *t, struct rf_store *store, struct rf_why *why);
void admin_events_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_calls_calls(struct admin_task *t, struct rf_why *why);
void admin_calls_answer(struct admin_task *t, struct rf_json *out);
enum rf_err admin_reload_begin(struct admin_task *t, struct rf_http_req *req, struct rf_why *why);
void admin_reload_answer(struct admin_task *t, struct rf_json *out);
/** /metrics: text for Prometheus, answered at once. */
void admin_metrics(struct rf_http_req *req);

#endif
