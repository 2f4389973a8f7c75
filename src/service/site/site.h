/* SPDX-License-Identifier: Apache-2.0 */
/* A site: one folder with all that a server has. Where things lie in it, the configuration table,
 * and the ports that were chosen. Used by ringfenced and by ringfence; nothing here opens a key.
 *
 *     RF_AUTO(rf_site_freep) struct rf_site *site = NULL;
 *     if (rf_site_open("/var/lib/ringfence", &site, &why) != RF_OK) ...
 *     RF_AUTO(rf_freep) char *db = rf_site_path(site, RF_SITE_DB);
 *
 * doc: docs/site.md. Blocking (files); no thread of its own. */
#ifndef SERVICE_SITE_SITE_H
#define SERVICE_SITE_SITE_H

#include "base/conf.h"
#include "base/log.h"

/* X(symbol, path below the site folder, kind) */
#define RF_SITE_ITEMS(X)                                                                           \
    X(CONF, "ringfence.conf", FILE)                                                                \
    X(KEYS, "keys", PRIVATE_DIR)                                                                   \
    X(CERTS, "certs", DIR)                                                                         \
    X(LISTS, "lists", DIR)                                                                         \
    X(DB_DIR, "db", PRIVATE_DIR)                                                                   \
    X(IMAGES, "images", DIR)                                                                       \
    X(FILES, "files", DIR) /* ring lists, locales, backgrounds, dial rules: by path below */       \
    X(RUN, "run", DIR)                                                                             \
    X(TRUST, "trust", DIR)                                                                         \
    X(MIC_ROOTS, "trust/mic-roots", DIR) /* anchors for MICs shown to CAPF */                      \
    /* these are made when they are needed */                                                      \
    X(CRLS, "trust/crl", FILE)                /* folder: lists of revoked certificates */          \
    X(RESPONDERS, "trust/ocsp", FILE)         /* folder: OCSP responders, believed for all */      \
    X(LIST_ENTRIES, "trust/list", FILE)       /* folder: further entries of trust lists */         \
    X(LSC_ISSUERS, "trust/lsc-issuers", FILE) /* folder: former issuers, still believed */         \
    X(LSC_CAS, "trust/lsc-cas", FILE)         /* folder: other CAs that issue LSCs for us */       \
    X(ROTATION, "trust/rotation", FILE)       /* the change of a key that is under way */          \
    X(DB, "db/ringfence.db", PRIVATE)                                                              \
    X(ADMIN_SOCK, "run/admin.sock", SOCKET)                                                        \
    X(PORTS, "run/ports.json", FILE)                                                               \
    X(BRANCH, "branch", FILE)                /* folder of a router: what its centre sent */        \
    X(SNAPSHOT, "branch/snapshot.sgn", FILE) /* who may register at it */                          \
    X(CTL, "lists/CTLFile.tlv", FILE)                                                              \
    X(ITL, "lists/ITLFile.tlv", FILE)                                                              \
    X(KEY_CCM, "keys/ccm.pem", PRIVATE)                                                            \
    X(KEY_TFTP, "keys/tftp.pem", PRIVATE)             /* signer process only */                    \
    X(KEY_CAPF, "keys/capf.pem", PRIVATE)             /* CAPF's TLS key */                         \
    X(KEY_TVS, "keys/tvs.pem", PRIVATE)               /* TVS's TLS key */                          \
    X(KEY_HTTPS, "keys/https.pem", PRIVATE)           /* TLS key of the file server; EC */         \
    X(KEY_LSC_ISSUER, "keys/lsc-issuer.pem", PRIVATE) /* signer process only */                    \
    X(KEY_STORE, "keys/store.key", PRIVATE)           /* wraps the secrets of the database */      \
    X(KEY_SAST1, "keys/sast1.pem", PRIVATE)           /* the command line only */                  \
    X(KEY_SAST2, "keys/sast2.pem", PRIVATE)           /* under a passphrase, to be taken away */   \
    X(CERT_CCM, "certs/ccm.pem", FILE)                                                             \
    X(CERT_TFTP, "certs/tftp.pem", FILE)                                                           \
    X(CERT_CAPF, "certs/capf.pem", FILE)                                                           \
    X(CERT_TVS, "certs/tvs.pem", FILE)                                                             \
    X(CERT_HTTPS, "certs/https.pem", FILE)                                                         \
    X(CERT_LSC_ISSUER, "certs/lsc-issuer.pem", FILE)                                               \
    X(CERT_SAST1, "certs/sast1.pem", FILE)                                                         \
    X(CERT_SAST2, "certs/sast2.pem", FILE)

enum rf_site_item {
#define RF_SITE_ENUM(symbol, path, kind) RF_SITE_##symbol,
    RF_SITE_ITEMS(RF_SITE_ENUM)
#undef RF_SITE_ENUM
        RF_SITE_ITEM_N
};

enum rf_site_role { RF_SITE_ROLE_CALL_MANAGER, RF_SITE_ROLE_SRST };
enum rf_site_digest { RF_SITE_SHA512, RF_SITE_SHA1 };
enum rf_site_media { RF_SITE_MEDIA_BEST_EFFORT, RF_SITE_MEDIA_REQUIRE };
/** What of a manufacturer's certificate that has expired, at CAPF. */
enum rf_site_expired_mic {
    RF_SITE_EXPIRED_REFUSE,
    RF_SITE_EXPIRED_WITH_STRING,
    RF_SITE_EXPIRED_LISTED,
};
enum rf_site_subject { RF_SITE_SUBJECT_NAME, RF_SITE_SUBJECT_MODEL };
enum rf_site_issuer { RF_SITE_ISSUER_LOCAL, RF_SITE_ISSUER_CMP, RF_SITE_ISSUER_OFFLINE };
enum rf_site_list_version { RF_SITE_LISTS_10, RF_SITE_LISTS_11 };
enum rf_site_auto_register { RF_SITE_AUTO_NO, RF_SITE_AUTO_QUARANTINE };
enum rf_site_tls { RF_SITE_TLS_12, RF_SITE_TLS_13 };
enum rf_site_cluster { RF_SITE_MIXED, RF_SITE_CLUSTER_NONSECURE };

/** URLs in crl_url, and in ocsp_url. */
#define RF_SITE_URLS_MAX 16
enum rf_site_revocation {
    RF_SITE_REVOCATION_OFF,
    RF_SITE_REVOCATION_LENIENT,
    RF_SITE_REVOCATION_STRICT
};

/** The configuration, filled from rf_site_conf_def. Texts are never NULL. */
struct rf_site_conf {
    char *name;            /* of the site, in certificates' names and the phones' configuration */
    uint32_t role;         /* enum rf_site_role */
    char *listen;          /* address the servers bind */
    char *advertise;       /* address or host name phones are told; empty: `listen` */
    char *call_managers;   /* that phones are told, in order; empty: this server */
    uint32_t sccp_port;    /* P: the TLS listener is P + 443; 0: chosen by the kernel */
    uint32_t sccp_tls_min; /* enum rf_site_tls */
    uint32_t capf_port;    /* 0: chosen by the kernel */
    uint32_t tftp_port;    /* 0: chosen by the kernel */
    bool http;             /* files by HTTP and HTTPS too; ports 0: chosen by the kernel */
    uint32_t http_port;
    bool https;
    uint32_t https_port;
    uint32_t http_connections;
    uint32_t http_per_address;
    bool https_proof;     /* a device's files only to that device */
    char *https_unsigned; /* models that want .sgn names unsigned by HTTPS */
    bool tvs;
    uint32_t tvs_port;           /* 0: chosen by the kernel */
    uint32_t tvs_ttl_s;          /* how long phones may keep an answer */
    char *tvs_list_signers;      /* fingerprints of foreign certificates that may sign lists */
    uint32_t srst_provider_port; /* of a router's certificate; 0: chosen by the kernel */
    char *centre;                /* of a router: ADDRESS:PORT; empty: none yet */
    uint32_t tftp_transfers;
    uint32_t tftp_per_address;
    char *admin_group;    /* group of the admin socket; empty: the process's */
    uint32_t workers;     /* I/O threads; 0: one a core */
    uint32_t log_level;   /* enum rf_log_level */
    char *keylog;         /* file for TLS secrets (debug); empty: none */
    uint32_t return_rate; /* phones a second that come back; 0: no limit */
    uint32_t keepalive_s;
    uint32_t handshake_s;        /* a TLS handshake not done by then is dropped */
    uint32_t handshake_failures; /* a minute, of one address; 0: no limit */
    /* For phones that speak TLS 1.0 only. 0: there is no such listener. */
    uint32_t legacy_sccp_port; /* P, as sccp_port */
    uint32_t legacy_capf_port;
    uint32_t legacy_tvs_port;
    char *legacy_models;   /* who may come there; never empty when one of them listens */
    char *legacy_networks; /* and from where */
    /* For devices in authenticated mode. 0: there is no such listener. */
    uint32_t authenticated_sccp_port; /* P, as sccp_port */
    char *authenticated_networks;     /* from where; never empty when it listens */
    char *plain_networks;             /* who may register in the clear on P; empty: nobody */
    uint32_t capf_keepalive_s;
    uint32_t tftp_retry_ms;
    uint32_t tftp_tries;
    uint32_t list_version;    /* enum rf_site_list_version */
    uint32_t digest;          /* enum rf_site_digest of signed files, for models that know both */
    bool sign_sha1;           /* for models that know no other */
    char *provision_networks; /* who may fetch files; empty: anybody */
    uint32_t provision_rate;  /* requests a second from one address; 0: no limit */
    uint32_t provision_names; /* names of devices from one address in ten minutes; 0: no limit */
    uint32_t auto_register;   /* enum rf_site_auto_register */
    uint32_t cluster;         /* enum rf_site_cluster */
    uint32_t rsa_min;         /* bits of a phone's RSA key */
    uint32_t revocation;      /* enum rf_site_revocation */
    char *crl_url;            /* URLs of lists of revoked certificates, blanks between */
    char *ocsp_url;           /* URLs of responders, each for all issuers or as FINGERPRINT=URL */
    uint32_t revocation_check_s;
    bool accept_mic_for_signalling;
    bool accept_mic_for_capf;
    uint32_t expired_mic; /* enum rf_site_expired_mic */
    bool capf_null_string;
    bool capf_bare_digest;
    bool capf_sha1_certs;
    uint32_t lsc_days;
    uint32_t lsc_subject; /* enum rf_site_subject */
    uint32_t lsc_issuer;  /* enum rf_site_issuer */
    char *cmp_url;        /* with RF_SITE_ISSUER_CMP, as what follows: trust/cmp.h */
    char *cmp_ra_cert;
    char *cmp_ra_key;
    char *cmp_reference;
    char *cmp_secret_file;
    char *cmp_trusted;
    char *cmp_recipient;
    uint32_t cmp_timeout_s;
    uint32_t cmp_wait_s; /* a phone waits so long for a CA that needs time */
    bool cmp_implicit_confirm;
    uint32_t lsc_key_bits;
    uint32_t capf_source_tries;
    uint32_t capf_source_wait_s;
    uint32_t capf_string_hours; /* an authentication string ends after so long */
    bool renew;                 /* LSCs that are due, by the server itself */
    uint32_t renew_rate;        /* phones a minute */
    uint32_t renew_parallel;    /* phones at one time */
    char *renew_window;         /* "HH:MM-HH:MM", service/site/window.h; empty: always */
    uint32_t media_policy;      /* enum rf_site_media */
    char *srtp_80_models, *srtp_gcm_models, *untrusted_models; /* lists as legacy_models */
    uint32_t barge_policy; /* enum rf_call_barge, by its order */
    char *media_address;   /* of the server's own media; empty: `listen` or `advertise` */
    uint32_t media_legs;   /* 0: none */
    char *music;           /* WAV file; empty: a tune of our own */
    uint32_t conference_members;
    uint32_t no_answer_s;
    bool branch;               /* routers of branches may come */
    uint32_t branch_port;      /* 0: chosen by the kernel */
    uint32_t srst_monitor_s;   /* phones come back when we answered for so long */
    uint32_t event_days;       /* events are kept so long */
    uint32_t event_limit;      /* and at most so many of each category */
    uint32_t call_record_days; /* the same of records of calls */
    uint32_t call_record_limit;
    char *date_template;
    char *time_zone;
    char *locale;
    char *load_server; /* where phones get loads; empty: from us */
};

#define RF_SITE_MODELS_MAX 200 /* bytes of a list of models */

/** For `config check|show`, the manual page and reload. */
extern const struct rf_conf_def rf_site_conf_def;

struct rf_site {
    char *dir;                 /* as given, without a trailing slash */
    struct rf_site_conf *conf; /* owned; rf_conf_free */
};

/** Full path of an item, a new string (rf_free). `..._in` works on a folder name alone. */
char *rf_site_path(const struct rf_site *site, enum rf_site_item item);
char *rf_site_path_in(const char *dir, enum rf_site_item item);
/** Set `why` from the one of a set of anchors that could not be made; of one with too many, to
 * where they are and what takes them away. Returns err. */
enum rf_err rf_site_explain_anchors(enum rf_err err, const struct rf_why *inner,
                                    struct rf_why *why);
/** The list that a device is given: its own (lists/CTLSEP….tlv) where there is one, else that of
 * all. `device` may be "". A new string. */
char *rf_site_list_path_in(const char *dir, bool is_itl, const char *device);
/** Where the key of the second SAST is: "here", to be taken away, or "away"; NULL where we may not
 * look. */
const char *rf_site_sast2_key(const char *dir);
/** Below the site folder, e.g. "keys/ccm.pem". */
const char *rf_site_item_path(enum rf_site_item item);

/** Make the folders of a new site (keys/ and db/ 0700, the rest 0755); ones that are there are
 * fine. RF_ERR_IO. */
RF_MUST_CHECK enum rf_err rf_site_make(const char *dir, struct rf_why *why);
/** Write ringfence.conf with every option, its help and these values; RF_ERR_EXISTS if there. */
RF_MUST_CHECK enum rf_err rf_site_conf_create(const char *dir, const struct rf_site_conf *conf,
                                              struct rf_why *why);

/** Read and check the configuration file alone: syntax, limits, and what the options ask of each
 * other. RF_ERR_BAD conf-… with line and reason. *out: rf_site_conf_free. */
RF_MUST_CHECK enum rf_err rf_site_conf_load(const char *path, struct rf_site_conf **out,
                                            struct rf_why *why);
struct rf_site_conf *rf_site_conf_new(void); /* the defaults */
/** Set one option by name, as `ringfence init --set` does; checked like a file. *conf is replaced,
 * or left as it was. RF_ERR_BAD conf-…. */
RF_MUST_CHECK enum rf_err rf_site_conf_set(struct rf_site_conf **conf, const char *name,
                                           const char *value, struct rf_why *why);
/** The same for several that may ask something of each other: in whatever order, all or none.
 * conf-twice when an option is named twice. */
struct rf_site_setting {
    const char *name;
    const char *value;
};
RF_MUST_CHECK enum rf_err rf_site_conf_set_all(struct rf_site_conf **conf,
                                               const struct rf_site_setting *settings, size_t n,
                                               struct rf_why *why);
void rf_site_conf_free(struct rf_site_conf *conf);
void rf_site_conf_freep(struct rf_site_conf **conf);

/** Open a site: its configuration, and the modes and owner of what must be private.
 * RF_ERR_NOT_FOUND no-site; RF_ERR_BAD conf-…; RF_ERR_DENIED key-mode (a private file that others
 * may read), key-owner, key-kind (a link or no regular file). */
RF_MUST_CHECK enum rf_err rf_site_open(const char *dir, struct rf_site **out, struct rf_why *why);
/** Remove what killed commands left half written in the site's folders: it may hold private keys.
 * Leftovers that may belong to somebody who writes now stay; `holds_lists`: the caller holds the
 * folder of the lists (rf_dir_lock), and nobody else writes lists and their entries. */
RF_MUST_CHECK enum rf_err rf_site_sweep(const char *dir, bool holds_lists, struct rf_why *why);
void rf_site_free(struct rf_site *site);
void rf_site_freep(struct rf_site **site);

/** Compare two configurations for a reload: `each` is told every option that differs and whether it
 * may change while running. Returns true when all that differ may. */
bool rf_site_conf_compare(const struct rf_site_conf *now, const struct rf_site_conf *wanted,
                          void (*each)(void *arg, const struct rf_conf_option *option,
                                       bool applies),
                          void *arg);
/** Each weak choice that is switched on, for status and log: option name and value. */
void rf_site_conf_weak(const struct rf_site_conf *conf,
                       void (*each)(void *arg, const char *name, const char *value), void *arg);
/** Is there a listener in the clear? */
bool rf_site_has_plain(const struct rf_site_conf *conf);
/** Is there a legacy listener? */
bool rf_site_has_legacy(const struct rf_site_conf *conf);
/** Where a router's centre is, of the option centre; false: it names none. */
#define RF_SITE_CENTRE_HOST 64
bool rf_site_centre(const struct rf_site_conf *conf, char host[RF_SITE_CENTRE_HOST],
                    uint16_t *port);
/** What phones are told: `advertise`, or `listen` when that is empty. */
const char *rf_site_advertised(const struct rf_site_conf *conf);

/** Real ports. sccp_tls is P + 443, so the configuration carries sccp_tls - 443. */
struct rf_site_ports {
    uint16_t sccp_tls;
    uint16_t capf;
    uint16_t tftp;
    uint16_t http; /* 0: switched off */
    uint16_t https;
    uint16_t tvs;
    uint16_t branch;   /* 0: no router may come */
    uint16_t provider; /* of a router only, which has none of those but sccp_tls */
};
#define RF_SITE_TLS_OFFSET 443
/** P as phones are told. */
uint16_t rf_site_port_base(const struct rf_site_ports *ports);
/** What to bind: the configured port, else the one kept in run/ports.json, else 0 (bind port 0 and
 * save what the kernel chose). RF_ERR_BAD ports-file when that file is damaged. */
RF_MUST_CHECK enum rf_err rf_site_ports_wanted(const struct rf_site *site,
                                               struct rf_site_ports *out, struct rf_why *why);
/** Keep the bound ports in run/ports.json. RF_ERR_BAD ports-base when sccp_tls is below 444. */
RF_MUST_CHECK enum rf_err rf_site_ports_save(const struct rf_site *site,
                                             const struct rf_site_ports *ports, struct rf_why *why);
/** As saved, for `ringfence`; RF_ERR_NOT_FOUND no-ports before the first start. */
RF_MUST_CHECK enum rf_err rf_site_ports_load(const struct rf_site *site, struct rf_site_ports *out,
                                             struct rf_why *why);

#endif
