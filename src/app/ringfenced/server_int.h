/* SPDX-License-Identifier: Apache-2.0 */
/* Private to app/ringfenced: the server as a whole, and the parts that this program joins.
 *
 * Threads: the main loop has signals, the admin API, CAPF, files; the call loop
 * has the SCCP service and nothing that waits; I/O workers have the phones' links; the store and
 * signer workers block for everybody. Before all of them the signer process is forked. */
#ifndef APP_RINGFENCED_SERVER_INT_H
#define APP_RINGFENCED_SERVER_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "app/ringfenced/process.h"
#include "base/log.h"
#include "base/worker.h"
#include "media/server.h"
#include "net/listeners.h"
#include "net/workers.h"
#include "service/admin/admin.h"
#include "service/campaign/campaign.h"
#include "service/capf/capf_service.h"
#include "service/provision/http_files.h"
#include "service/provision/tftp_server.h"
#include "service/revocation/revocation_service.h"
#include "service/sccp/sccp_link.h"
#include "service/site/site.h"
#include "service/srst/provider.h"
#include "service/srst/snapshot.h"
#include "service/tvs/tvs_service.h"
#include "store/store_call.h"
#include "store/store_seen.h"
#include "trust/blocklist.h"
#include "trust/cmp.h"
#include "trust/path.h"
#include "trust/signer.h"

/* The store worker's jobs: what admin (1024), CAPF (256 sessions, as many changes told), the
 * catalogue (512) and events (below) may have under way is less, so nobody is refused. */
#define STORE_JOBS_MAX  4096
#define SIGNER_JOBS_MAX 1024
#define NOTIFY_A_S      5     /* phones told of a new configuration */
#define TLS_SESSIONS    20480 /* as many as a port has links: after a power cut all come at once */

/** What the signalling port believes; immutable. Handshakes on all workers read it, so that a
 * reload makes a new one and the old ones stay until the end. */
struct signalling {
    struct signalling *older;
    struct rf_anchors *lsc;
    struct rf_anchors *cas; /* other CAs that issue LSCs: directly */
    struct rf_anchors *mic; /* NULL: manufacturers' certificates do not count here */
    unsigned rsa_min;
    bool is_closed; /* a router that knows nobody: refused with code no-snapshot */
};

/** Who is believed, as a reload has made it and before anybody uses it. */
struct beliefs {
    struct rf_anchors *mic;
    struct rf_anchors *capf;
    struct signalling *signalling;
};

/** Which models can what, by the lists of the site; immutable, and read by several threads, so old
 * ones stay as those of struct signalling. */
struct device_models {
    struct device_models *older;
    char *srtp_80;
    char *srtp_gcm;
    char *untrusted;
};

/** Our own certificates; by the table of certs.c. That of the provider is the call manager's, shown
 * by another listener. */
enum own_cert {
    OWN_CCM,
    OWN_PROVIDER,
    OWN_CAPF,
    OWN_TVS,
    OWN_HTTPS,
    OWN_TFTP,
    OWN_LSC_ISSUER,
    OWN_N
};

/** What a reload found: NULL where it is as before. */
struct certs_fresh {
    struct rf_cert *cert[OWN_N];
    struct rf_tls *tls[OWN_N][RF_TLS_PROFILES];
};

struct server;

/** What a server has in a role, by the tables of roles.c: steps in their order, NULL is the end. */
#define STEPS_MAX 24
struct role {
    bool is_router;
    bool has_signer;
    /** All that does not need to be root. */
    enum rf_err (*prepare[STEPS_MAX])(struct server *s, struct rf_why *why);
    /** As root, where the server was started so. */
    enum rf_err (*listen[STEPS_MAX])(struct server *s, const struct rf_site_ports *wanted,
                                     struct rf_why *why);
    /** Nothing fails any more. */
    void (*run[STEPS_MAX])(struct server *s);
    /** A reload: first what may refuse `conf` and changes nothing then, the last one excepted,
     * which changes all that it has to or nothing; then what uses it: it is the site's by now. */
    enum rf_err (*reload_check[STEPS_MAX])(struct server *s, const struct rf_site_conf *conf,
                                           struct beliefs *out, struct rf_why *why);
    void (*reload_use[STEPS_MAX])(struct server *s, const struct rf_site_conf *conf);
    const struct rf_sccp_service_ops *sccp_ops;
    void (*status)(struct server *s, struct rf_admin_status *out);
    void (*tell_ready)(const struct server *s);
    void (*tell_counts)(struct server *s);
};

/** Devices that came into quarantine from one address (IPv6: a /64), and have proved nothing. */
struct quarantined_of {
    uint8_t source[RF_ADDRESS_SOURCE];
    uint64_t since_ms; /* of this day of theirs */
    uint32_t n;        /* 0: a free place */
};
#define QUARANTINED_OF_ONE 32
#define QUARANTINE_SOURCES 64

struct server {
    const struct role *role;
    struct rf_site *site; /* main thread; its conf may be replaced by a reload */
    struct rf_site_ports ports;
    int64_t started_s;
    struct site_lock lock;
    struct rf_cert *lsc_issuer;
    struct rf_anchors *lsc_listed; /* issuers whose certificates must be in the database */
    struct rf_anchors *lsc_cas;    /* those of them that are other CAs */
    struct rf_cmp *cmp;            /* NULL: none is asked */
    struct rf_cert *own[OWN_N];    /* main thread */
    struct rf_cert *ccm;           /* own[OWN_CCM], for the call-control thread */

    struct rf_signer *signer; /* the signer workers' */
    pid_t signer_pid;         /* 0: it has ended */
    int signer_fd;            /* readable when it ends */
    struct rf_watch *signer_watch;

    struct rf_store *store; /* the store worker's */
    unsigned schema;
    struct rf_worker *store_worker;
    struct rf_held_cache *held_cache; /* used on that worker alone */
    struct rf_worker *signer_worker;
    struct rf_worker *second_signer_worker; /* of its second line */
    struct event_queue *events;             /* any thread's */
    struct rf_log_limit files_sent;         /* main loop */
    struct rf_log_limit files_refused;
    struct rf_log_limit file_alarms;

    struct rf_loop *loop; /* main */
    struct rf_workers *io;

    struct rf_loop *call_loop;
    pthread_t call_thread;
    bool has_call_thread;
    struct rf_sccp_service *sccp; /* call-control thread, once that runs */
    struct rf_sccp_links *links;
    struct records *records;       /* as sccp */
    struct forward *forwards;      /* as well */
    struct rf_media_server *media; /* NULL: no conferences, no music */
    struct rf_media_clip *music;
    struct rf_call_addr media_addr;
    char media_address[RF_SCCP_ADDRESS_TEXT + 1]; /* the same, as text */
    unsigned media_legs, media_open; /* what the site allows, and what call control has */
    struct rf_handles *media_users;  /* whose they are */
    struct rf_log_limit media_log, media_events;
    char media_off[RF_WHY_TEXT_MAX]; /* why there is none; empty: there is, or none is wanted */
    struct rf_listeners sccp_listeners;
    struct rf_listener *sccp_plain; /* NULL: nothing is taken in the clear */
    _Atomic(struct signalling *) signalling;
    _Atomic(struct device_models *) device_models;

    struct rf_blocklist *blocked; /* set by the store worker */
    struct rf_revocation_service *revocations;
    struct rf_revocation *revocation; /* what they know */
    struct rf_anchors *capf_anchors;
    struct rf_anchors *mic_anchors; /* the manufacturers' among them */
    struct rf_capf_service *capf;
    struct rf_tvs_service *tvs; /* NULL: switched off, or without a key */
    uint32_t tvs_begun;         /* books */
    uint32_t tvs_used;          /* which of them is answered from */
    struct rf_log_limit tvs_log;
    struct rf_secret wrap_key; /* of the database's secrets; empty: it is lost */
    struct rf_provision *provision;
    struct rf_store_fetches fetches; /* from before the start, until the catalogue has them */
    struct rf_store_phones phones;
    struct rf_tftp_server *tftp;
    struct rf_http_files *http;  /* NULL: switched off */
    struct rf_http_files *https; /* NULL: switched off, or without a key */
    struct rf_tls *https_tls;
    struct rf_srst_provider *provider; /* of a router; NULL: none */
    struct router *router;             /* what it has of its centre; NULL: none */
    struct uplink *uplink;             /* its link there, main loop; NULL: none */
    struct branches *branches;         /* of a centre; NULL: switched off */
    struct rf_admin *admin;
    struct notify *notify;          /* main loop; NULL: nobody was ever told */
    struct rf_campaigns *campaigns; /* main loop; NULL: not begun yet */
    rf_timer_id trim;
    rf_timer_id expiry;
    struct quarantined_of quarantined[QUARANTINE_SOURCES]; /* main loop */
};

/* server.c */
/** Everything from the signer to "ready". On an error the caller still calls server_stop. */
enum rf_err server_start(struct server *s, const struct user *user, struct rf_why *why);
void server_run(struct server *s);
void server_stop(struct server *s);

/** Before the loop turns. */
void signals_take(struct server *s);

/* roles.c */
const struct role *role_of(const struct rf_site_conf *conf);

/* signer.c */
/** Before any thread. */
enum rf_err signer_fork(struct server *s, const struct user *user, struct rf_why *why);
void signer_watch(struct server *s);

/* router.c: a survivable router (role srst) */
extern const struct rf_sccp_service_ops sccp_ops_router;
/** Nobody may register yet; before call control is made. */
enum rf_err router_prepare(struct server *s, struct rf_why *why);
/** The snapshot that was kept, after call control is made and before the store has its worker. One
 * that is missing or refused is no error: then the log and the status say why nobody may register.
 */
enum rf_err router_load(struct server *s, struct rf_why *why);
/**
 * This is who may register from now on: whose certificates are believed, which are blocked, and the
 * devices. Those that left are removed, with their sessions; those that are as before keep theirs,
 * their calls, and what their users have forwarded.
 *
 * take_snapshot  verified (rf_srst_snapshot_open) and kept; empty afterwards when it is RF_OK.
 *
 * Returns RF_OK; what a set of anchors or the block list refuses: then all is as before. A device
 * that call control would not take does not keep the others from working.
 * Thread: main; call control follows by a message.
 */
enum rf_err router_apply(struct server *s, struct rf_srst_snapshot *take_snapshot,
                         struct rf_why *why);
/** The snapshot in use; its serial is 0 where there is none. Main thread. */
const struct rf_srst_snapshot *router_snapshot(const struct server *s);
/** The centre wants its phones back: they are told to restart, and for five minutes nobody may
 * register. Main thread. */
void router_release(struct server *s);
/** That nobody may register, as an event. Main thread. */
void router_tell(struct server *s);
void router_free(struct server *s);
void status_router(struct server *s, struct rf_admin_status *out);
/* of the admin operations' table */
bool router_next(void *arg, size_t *at, struct rf_store_phone *phone, struct rf_store_certs *certs);

/* uplink.c */
void uplink_begin(struct server *s);
void uplink_end(struct server *s);
/** Another centre, list or certificate: the link begins anew. Main thread. */
void uplink_reload(struct server *s, const struct rf_site_conf *conf);

/* branches.c: the centre's side */
/** When the site wants it (branch = yes). */
enum rf_err branches_listen(struct server *s, const struct rf_site_ports *wanted,
                            struct rf_why *why);
void branches_run(struct server *s);
/** The call manager's certificate may be another. */
void branches_reload(struct server *s, const struct rf_site_conf *conf);
const struct rf_listener *branches_listener(const struct server *s);
/** Of the admin operations' table: have the phones of that branch's router start anew.
 * RF_ERR_NOT_FOUND branch-away. */
enum rf_err branches_release(void *arg, const char *name, struct rf_why *why);
void branches_free(struct server *s);

/* serve_provider.c */
enum rf_err provider_listen(struct server *s, const struct rf_site_ports *wanted,
                            struct rf_why *why);

/* serve_media.c */
/** Before call control is made. */
enum rf_err media_start(struct server *s, struct rf_why *why);
const struct rf_call_media_ops *media_ops(const struct server *s);
/** That there is none, as an event: once the database is the worker's. */
void media_tell(struct server *s);
void media_stop(struct server *s);

/* serve_sccp.c */
extern const struct rf_sccp_service_ops sccp_ops_call_manager;
/** What the service asks of the links, as in both tables. */
void sccp_op_send(void *arg, rf_sccp_link_ref link, struct rf_slice bytes, bool has_key);
void sccp_op_close(void *arg, rf_sccp_link_ref link, const char *reason);
void sccp_op_pause(void *arg, rf_sccp_link_ref link, bool is_paused);
/** Call control and the policies of its ports. What these believe (signalling_use) comes before. */
enum rf_err sccp_prepare(struct server *s, struct rf_why *why);
enum rf_err sccp_listen(struct server *s, uint16_t port, struct rf_why *why);
/** For old phones, for authenticated devices, in the clear: what of that the site wants. */
enum rf_err sccp_listen_weak(struct server *s, struct rf_why *why);
/** Other legacy_models, legacy_networks and authenticated_networks from now on. Main thread. */
void weak_reload(struct server *s, const struct rf_site_conf *conf);
/** A policy with the certificate that lies in the site now; and links that come use it. */
enum rf_err sccp_tls_make(struct server *s, struct rf_tls *out[RF_TLS_PROFILES],
                          struct rf_why *why);
void sccp_tls_use(struct server *s, struct rf_tls *take[RF_TLS_PROFILES]);
void sccp_run(struct server *s);
void sccp_close(struct server *s);
void sccp_free(struct server *s);
/** What the signalling port is to believe, from the configuration. */
enum rf_err signalling_make(struct server *s, const struct rf_site_conf *conf,
                            struct signalling **out, struct rf_why *why);
/** These, in the place of those before. */
void signalling_use(struct server *s, struct signalling *take_now);
void signalling_free(struct signalling *now);
/** Is the certificate an LSC, of ours, of a former issuer or of another CA? Of ours and of a CA it
 * has to be in the database besides. As rf_path_check_noting. Any thread. */
RF_MUST_CHECK enum rf_err signalling_check_lsc(const struct signalling *now,
                                               const struct rf_cert *leaf,
                                               const struct rf_cert_list *chain,
                                               const struct rf_path_policy *policy,
                                               struct rf_path_memo *memo, struct rf_why *why);
/** Hand a message to the call-control thread; never refused. */
void sccp_post(struct server *s, struct rf_msg *take_msg);

/* issuers.c */
/** Who issues LSCs; after lsc_issuer is there. RF_ERR_NOT_FOUND no-lsc-ca. */
enum rf_err issuers_prepare(struct server *s, struct rf_why *why);
void issuers_free(struct server *s);

/* serve_capf.c */
enum rf_err capf_prepare(struct server *s, struct rf_why *why);
/** For old phones, too, if the site says so. */
enum rf_err capf_listen(struct server *s, uint16_t port, struct rf_why *why);
/** Whom CAPF is to believe, as the site's folders have it now: the manufacturers, and with them all
 * others. After an error *mic may be there. */
enum rf_err capf_anchors_make(struct server *s, struct rf_anchors **mic, struct rf_anchors **all,
                              struct rf_why *why);
/** From now on; in the place of those before. */
void capf_anchors_use(struct server *s, struct rf_anchors *take_mic, struct rf_anchors *take_all);

/* serve_tvs.c */
enum rf_err tvs_listen(struct server *s, uint16_t port, struct rf_why *why);
/** What is vouched for changed: the next answers are from a new book. Main thread. */
void tvs_renew(struct server *s);
/* of the admin operations' table */
void tvs_show(void *arg, struct rf_json *certs);
void *tvs_begin(void *arg);
enum rf_err tvs_make(void *made, struct rf_store *store, struct rf_why *why);
void tvs_use(void *made);

/* secrets.c */
/** The key of the database's secrets; made when there is neither key nor secret. */
enum rf_err secrets_prepare(struct server *s, struct rf_why *why);

/* serve_files.c */
/** Before the store has its worker. */
enum rf_err files_remember(struct server *s, struct rf_why *why);
enum rf_err files_prepare(struct server *s, struct rf_why *why);
enum rf_err files_listen(struct server *s, const struct rf_site_ports *wanted, struct rf_why *why);
/** Open ones, HTTP and HTTPS. */
uint32_t files_connections(const struct server *s);
/** `conf` is the site's by now. */
void files_reload(struct server *s, const struct rf_site_conf *conf);
void files_close(struct server *s);
/** As those of sccp. */
enum rf_err https_tls_make(struct server *s, struct rf_tls **out, struct rf_why *why);
void https_tls_use(struct server *s, struct rf_tls *take_tls);

/* serve_admin.c */
void status_call_manager(struct server *s, struct rf_admin_status *out);
void status_add_listener(struct rf_admin_status *out, const struct rf_listener *listener,
                         const char *tls);
/** Those of phones, which both roles have. */
void status_add_sccp(const struct server *s, struct rf_admin_status *out);
enum rf_err admin_listen(struct server *s, const struct user *user, struct rf_why *why);

/* configs.c: of the admin operations' table */
void configs_changed(void *arg, enum rf_store_layer layer, const char *name,
                     enum rf_admin_reset how);
void configs_changed_of(void *arg, const char (*names)[RF_STORE_DEVICE_NAME], size_t n,
                        enum rf_admin_reset how);
void *configs_view(void *arg);
void configs_release(void *view);
enum rf_err configs_show(void *view, struct rf_store *store, const char *device, int64_t now_s,
                         struct rf_json *out, struct rf_why *why);
enum rf_err configs_lint(void *view, struct rf_store *store, const char *device, int64_t now_s,
                         struct rf_json *findings, struct rf_why *why);

/* notify.c */
/** Tell registered phones to fetch their configuration, or to start anew, one after the other:
 * NOTIFY_A_S a second. `names` in their order, each once. Main thread. Names that wait already are
 * told once, the stronger word. */
void notify_phones(struct server *s, const char (*names)[RF_STORE_DEVICE_NAME], size_t n,
                   enum rf_sccp_reset_type how);
void notify_free(struct server *s);

/* campaigns.c */
void campaigns_begin(struct server *s);
/** A device's operation is done, failed, or another one. Main thread. */
void campaigns_news(struct server *s, const char *device);

/* devices.c */
/** The database's device as the SCCP service wants it. Pure. */
enum rf_err device_of(const struct device_models *models, const struct rf_store_phone *phone,
                      const struct rf_store_certs *certs, struct rf_sccp_device *out,
                      struct rf_why *why);
/** The lists of this configuration from now on. Main thread. */
void device_models_use(struct server *s, const struct rf_site_conf *conf);
/** When no thread is left. */
void device_models_free(struct server *s);
/** What phones of this model can encrypt with, by the lists of the site. */
uint32_t device_suites(const char *srtp_80_models, const char *srtp_gcm_models, const char *model);
/** All devices of the database into the service: at the start, before any thread. */
enum rf_err devices_load(struct server *s, struct rf_why *why);
/** Tell call control of a device as the database has it: its number's forwarding first, so that the
 * phones that share it are told. Call-control thread. */
enum rf_err device_use(struct server *s, const struct rf_sccp_device *device, struct rf_why *why);
/** The certificate with which it last registered by TLS 1.2 or above, if that was noted. Where the
 * store is. */
enum rf_err device_modern_load(struct rf_store *store, const char *name,
                               uint8_t sha256[RF_SCCP_FP_LEN], struct rf_why *why);
/** Look a device up again and tell call control: its certificates changed. Main thread. */
void device_refresh(struct server *s, const char *name);
/** It wanted to register and is not in the database: into quarantine with it, if the site wants
 * that (auto_register). `address`: from where, when that is all that is known of it; then it is one
 * of the QUARANTINED_OF_ONE of a day. NULL: it has proved its name. Any thread. */
void device_quarantine(struct server *s, const char *name, const char *address);

/* records.c */
/** Before call control is made. */
void records_prepare(struct server *s);
/** Of the SCCP service's table: a call has ended. Also an event. Call-control thread. */
void record_keep(void *arg, const struct rf_call_record *record);
/** Write what waits: call control and the store worker have ended. */
void records_drain(struct server *s);
void records_free(struct server *s);

/* calls.c */
/** All Meet-Me numbers into call control: at the start, after the devices. */
enum rf_err meet_mes_load(struct server *s, struct rf_why *why);
/* of the admin operations' table */
enum rf_err meet_me_set(void *arg, const struct rf_store_meet_me *meet_me, struct rf_why *why);
void meet_me_remove(void *arg, const char *number);
/** Of the SCCP service's table: a user wants a line forwarded, or that ended. Call control is told
 * once that is in the database, or cannot be. Call-control thread. */
void forward_keep(void *arg, const char *dev, const char *number, const char *target);
/** As records_drain. */
void calls_drain(struct server *s);
void calls_free(struct server *s);

/* event_queue.c */
/** Before the first event. */
void events_prepare(struct server *s);
/** Keep an event, however long the database is away; dropped and counted when too many wait. Any
 * thread, never waits. */
void event_keep(struct server *s, const struct rf_store_event *event);
/** How many are not written yet. Any thread. */
size_t events_waiting(struct server *s);
/** As records_drain. */
void events_drain(struct server *s);
void events_free(struct server *s);

/* events.c */
/** What a call manager makes of it beside: who holds what. */
void news_of_sccp(void *arg, const struct rf_sccp_event *event);
/** Also of the SCCP service's table: an unknown device that is called as phones are goes into
 * quarantine. Call-control thread. */
void unknown_of_sccp(void *arg, const char *name, const char *address, bool is_proved);
/** The table's functions for the SCCP service; `arg` is the server. Call-control thread. */
void event_of_sccp(void *arg, const struct rf_sccp_event *event);
void event_of_record(void *arg, const struct rf_call_record *record);
void event_of_cert_used(void *arg, const char *dev, const uint8_t sha256[RF_SCCP_FP_LEN]);
/** rf_provision_alarm_fn; main loop. */
void event_of_alarm(void *arg, const char *code, const char *device, const char *text);
/** rf_provision_report_fn; main loop. */
void event_of_file(void *arg, const struct rf_provision_report *report);
/** rf_listener_alarm_fn; `arg` is the server. */
void event_of_listener(void *arg, const char *code, const char *text);
/** A phone came by TLS 1.2 or above, with this certificate. Call-control thread. */
void event_of_modern(void *arg, const char *dev, const uint8_t sha256[RF_SCCP_FP_LEN]);
/** An event of the server itself; and of a branch, at its router and at the centre. */
void event_of_server(struct server *s, enum rf_store_severity severity, const char *code,
                     const char *fmt, ...) RF_PRINTF(4, 5);
void event_of_branch(struct server *s, enum rf_store_severity severity, const char *code,
                     const char *fmt, ...) RF_PRINTF(4, 5);
/** Something was wrong with what a device sent to the server's own media. */
void event_of_media(struct server *s, const char *code, const char *dev, uint32_t call,
                    const char *fmt, ...) RF_PRINTF(5, 6);
/** Drop old events now, and every hour. */
void events_trim(struct server *s);

/* blocked.c: of the admin operations' table */
/** From the database, at the start and by the store worker; and on the call-control thread. */
enum rf_err blocked_renew(void *arg, struct rf_store *store, struct rf_why *why);
void blocked_end(void *arg);

/* revocations.c */
/** Nothing is known yet; before the parts that ask. */
void revocations_prepare(struct server *s);
/** What the site has, before anybody's path is checked. */
enum rf_err revocations_start(struct server *s, struct rf_why *why);
/* of the admin operations' table */
void revocations_show(void *arg, struct rf_json *out);
void *revocations_begin(void *arg);
enum rf_err revocations_make(void *made, struct rf_why *why);
void revocations_use(void *made);
void revocations_drop(void *made);

/* expiry.c */
/** Warn of certificates that end, now and every hour. Main thread. */
void expiry_watch(struct server *s);

/* certs.c */
/** The certificates that phones are shown, noted as in use. At the start, before any thread. */
enum rf_err certs_prepare(struct server *s, struct rf_why *why);
void certs_free(struct server *s);
/** Which certificates lie in the site now that are not shown yet; nothing is changed. `out` is
 * zeroed. Main thread, reads files. */
enum rf_err certs_look(struct server *s, struct certs_fresh *out, struct rf_why *why);
/** Show them. Returns how many there were. */
size_t certs_use(struct server *s, struct certs_fresh *fresh);
void certs_fresh_fini(struct certs_fresh *fresh);

/* held.c */
/** A transfer is over; main loop. A phone registered over TLS, or sent an alarm: call-control
 * thread. A CAPF session was done: main loop. */
void held_of_file(struct server *s, const struct rf_provision_report *report);
void held_of_sccp(struct server *s, const struct rf_sccp_event *event);
void held_of_capf(struct server *s, const char *device);

/* loads.c */
/** What a phone runs and refused, for the SCCP service; `arg` is the server. Call-control thread.
 */
void load_told(void *arg, const char *dev, const char *running,
               const struct rf_sccp_load_alarm *alarm, const char *text);

/* reload.c */
/** Main thread. */
enum rf_err server_reload(struct server *s, rf_admin_reload_fn each, void *each_arg,
                          struct rf_why *why);
/** SIGHUP: the same, told in the log. */
void server_hup(struct server *s);

#endif
