/* SPDX-License-Identifier: Apache-2.0 */
/* The admin API: HTTP with JSON on the site's Unix socket, what `ringfence` and every other tool
 * for operators use. It owns the requests; the database is asked on the store worker, live state on
 * the call-control thread, and what only the program knows through a table of operations.
 *
 *     struct rf_admin *admin = NULL;
 *     err = rf_admin_open(&conf, &admin, &why);
 *
 * A change is answered when it is durable and in force. Each is an event with the caller's uid.
 *
 * Thread: that of the loop, but for the operations, which say theirs.
 * doc: docs/admin-api.md */
#ifndef SERVICE_ADMIN_ADMIN_H
#define SERVICE_ADMIN_ADMIN_H

#include "base/worker.h"
#include "net/loop.h"
#include "service/site/site.h"
#include "store/store_call.h"
#include "trust/path.h"
#include "wire/json/json.h"

#include <sys/types.h>

/** Digits of an authentication string that the server draws. */
#define RF_ADMIN_STRING_DIGITS 8
/** For so long an expired MIC may be allowed at once. */
#define RF_ADMIN_MIC_DAYS_MAX 365
/** Devices looked at in one message to the call-control thread. */
#define RF_ADMIN_BATCH 64

/** An address from which CAPF judges no authentication string now. */
struct rf_admin_waiting {
    char host[64];
    uint32_t wrong;
    uint32_t wait_s;
};
#define RF_ADMIN_WAITING_SHOWN 8
/** One that waits for connections. */
#define RF_ADMIN_LISTENERS 12
struct rf_admin_listener {
    const char *name;
    const char *tls; /* "modern", "legacy", "authenticated" or "none" */
    uint16_t port;
    uint32_t links;
    uint64_t storm_refused;
    uint64_t network_refused;
};

/** Of a survivable router: what it holds of its centre. */
struct rf_admin_branch {
    uint64_t serial; /* of the snapshot; 0: it has none */
    int64_t made_s;
    char site[128]; /* the centre's name */
    size_t devices;
    char code[32]; /* why nobody may register, or "" */
    char text[256];
};

/** What the program knows about itself. Texts live as long as the program. */
struct rf_admin_status {
    const char *version;
    int64_t started_s;
    pid_t signer_pid; /* 0: it has ended, nothing can be signed */
    uint16_t sccp_base;
    uint16_t sccp_tls;
    uint16_t capf;
    uint16_t tftp;
    uint16_t http; /* 0: off */
    uint16_t https;
    uint16_t tvs;                  /* 0: off */
    uint16_t branch_port;          /* that routers come to; 0: none */
    uint16_t provider;             /* of a router */
    struct rf_admin_branch branch; /* as well */
    uint32_t capf_sessions;
    struct rf_admin_waiting
        capf_waiting[RF_ADMIN_WAITING_SHOWN]; /* addresses from which no string is judged now */
    size_t capf_waiting_n;                    /* there may be more than are shown */
    uint32_t tftp_transfers;
    uint32_t http_connections;
    struct rf_admin_listener listeners[RF_ADMIN_LISTENERS];
    size_t n_listeners;
    unsigned schema;
};

/** Of call control. */
struct rf_admin_counts {
    uint32_t devices;
    uint32_t registered;
    uint32_t links;
    uint32_t calls;
    uint64_t in;
    uint64_t out;
    uint64_t dropped;
    uint64_t tokens; /* phones that came back; and requests that were put off */
    uint64_t put_off;
};

/** A device as it is now. Zeroed when it is not registered, but for the last two. */
struct rf_admin_live {
    bool is_registered;
    int64_t since_s;
    char address[64];
    char tls_version[16];
    char suite[64];
    char running_load[64];
    uint8_t cert_sha256[32];
    bool has_cert;
    unsigned sccp_version;
    bool in_call;
    uint64_t in;
    uint64_t out;
    char last_alarm[128];
    const char *last_cause; /* a constant, or NULL */
};

struct rf_admin_call {
    uint32_t id;
    const char *state; /* constants, as `security` */
    char calling_device[RF_STORE_DEVICE_NAME];
    char called_device[RF_STORE_DEVICE_NAME];
    char calling[RF_STORE_DN];
    char called[RF_STORE_DN];
    const char *security;
    int64_t start_s;
};

/** The last: only fetch the configuration again, and change what can be changed. */
enum rf_admin_reset { RF_ADMIN_RESET, RF_ADMIN_RESTART, RF_ADMIN_APPLY };

/** Told of each option that differs: applied, or wanting a restart. */
typedef void (*rf_admin_reload_fn)(void *each_arg, const char *option, bool is_applied);

struct rf_admin_ops {
    /* Loop's thread. */
    void (*status)(void *arg, struct rf_admin_status *out);
    /** The configuration in force. */
    const struct rf_site_conf *(*conf)(void *arg);
    /** At a router: the next device of its snapshot with its certificates, from *at = 0 on; false
     * at the end. The caller's to release. */
    bool (*branch_next)(void *arg, size_t *at, struct rf_store_phone *phone,
                        struct rf_store_certs *certs);
    /** Read the file again and apply what can be. An error changes nothing. */
    enum rf_err (*reload)(void *arg, rf_admin_reload_fn each, void *each_arg, struct rf_why *why);
    /** Something of the device's configuration file changed. */
    void (*device_changed)(void *arg, const char *name);
    /** Other certificates of the device are in force. */
    void (*certs_changed)(void *arg, const char *name);
    /** A campaign was started, paused, resumed or stopped. */
    void (*campaigns_changed)(void *arg);
    /** Values changed, of the device or of all that use this model, profile or site: their phones
     * are told so, so many a second. */
    void (*config_changed)(void *arg, enum rf_store_layer layer, const char *name,
                           enum rf_admin_reset how);
    /** The same of these devices, by name. */
    void (*configs_changed)(void *arg, const char (*names)[RF_STORE_DEVICE_NAME], size_t n,
                            enum rf_admin_reset how);
    /** Have the phones at that branch's router start anew. RF_ERR_NOT_FOUND branch-away. */
    enum rf_err (*srst_release)(void *arg, const char *name, struct rf_why *why);
    /** What configurations are made from now; goes with config_release. */
    void *(*config_view)(void *arg);
    void (*config_release)(void *view);
    /** What TVS vouches for now, as objects at the end of an array. */
    void (*tvs_show)(void *arg, struct rf_json *certs);
    /** What TVS vouches for is to be made anew; goes with tvs_use, whatever came of it. */
    void *(*tvs_begin)(void *arg);
    void (*tvs_use)(void *made);
    /** What is known of revoked certificates; and lists that are to be read again, as above. */
    void (*revocation_show)(void *arg, struct rf_json *out);
    void *(*revocation_begin)(void *arg);
    void (*revocation_use)(void *made);
    void (*revocation_drop)(void *made); /* or not */
    /** Keep an event; never waits. For what no change in the database goes with. */
    void (*event)(void *arg, const struct rf_store_event *event);
    /** Hand a message to the call-control thread; never refused, and answered by the message's own
     * means. With reader NULL the server is ending: only release it. */
    void (*to_calls)(void *arg, struct rf_msg *take_msg);

    /* Store worker. A device's configuration without its secrets, into an object; what is wrong
     * with it, as objects at the end of an array. */
    enum rf_err (*config_show)(void *view, struct rf_store *store, const char *device,
                               int64_t now_s, struct rf_json *out, struct rf_why *why);
    enum rf_err (*config_lint)(void *view, struct rf_store *store, const char *device,
                               int64_t now_s, struct rf_json *findings, struct rf_why *why);

    /* Store worker. */
    enum rf_err (*tvs_make)(void *made, struct rf_store *store, struct rf_why *why);
    enum rf_err (*revocation_make)(void *made, struct rf_why *why);
    /** The block list of the database is in force from now on, for whoever comes. */
    enum rf_err (*blocked_renew)(void *arg, struct rf_store *store, struct rf_why *why);

    /* Any thread. The other CAs that issue LSCs here (purpose signalling); borrowed for as long as
     * the server runs. */
    const struct rf_anchors *(*lsc_cas)(void *arg);

    /* Any thread. Would call control take this device? `phone` is whole. */
    enum rf_err (*device_check)(void *arg, const struct rf_store_phone *phone, struct rf_why *why);

    /* Call-control thread. */
    /** Sessions whose certificate is blocked end. */
    void (*blocked_end)(void *arg);
    void (*counts)(void *arg, struct rf_admin_counts *out);
    void (*live)(void *arg, const char *name, struct rf_admin_live *out);
    bool (*call_next)(void *arg, uint32_t *at, struct rf_admin_call *out);
    enum rf_err (*device_set)(void *arg, const struct rf_store_phone *phone,
                              const struct rf_store_certs *certs, struct rf_why *why);
    void (*device_remove)(void *arg, const char *name);
    /** RF_ERR_NOT_FOUND when it is not registered. */
    enum rf_err (*device_reset)(void *arg, const char *name, enum rf_admin_reset type);
    enum rf_err (*meet_me_set)(void *arg, const struct rf_store_meet_me *meet_me,
                               struct rf_why *why);
    void (*meet_me_remove)(void *arg, const char *number);
};

struct rf_admin_conf {
    struct rf_loop *loop;
    const struct rf_site *site; /* its folder and name; copied */
    struct rf_worker *store;    /* its state is the struct rf_store */
    const struct rf_admin_ops *ops;
    void *arg;
    /* Who may ask: root, this user, and members of this group. The socket file is given to both. */
    uid_t uid;
    gid_t gid;
    bool is_router; /* a survivable one: most is refused, since its devices are the centre's */
    const struct rf_secret *wrap_key; /* of the database's secrets; copied; NULL: none */
};

struct rf_admin;

/** Listen on the site's admin socket. Starts a worker of its own for slow hashes. What
 * rf_http_server_open gives; RF_ERR_DENIED socket-group when the file cannot be given away. */
RF_MUST_CHECK enum rf_err rf_admin_open(const struct rf_admin_conf *conf, struct rf_admin **out,
                                        struct rf_why *why);
/** Requests that wait are told that the server stops; the socket file goes. The loop does not turn
 * any more; the store worker and the call-control thread have ended. NULL is fine. */
void rf_admin_free(struct rf_admin *admin);

#endif
