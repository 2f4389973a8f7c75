/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of what phones may fetch: one place that turns a requested name into bytes, for
 * every transport. Trust lists from the site's lists/, the configuration of known devices (made
 * from the store, signed by the signer), images from images/. A path is never built from a
 * requested name.
 *
 *     struct rf_provision *p = rf_provision_new(&conf);
 *     struct rf_provision_ask ask = {.name = name, .via = RF_PROVISION_TFTP, .from = *peer};
 *     if (rf_provision_get(p, &ask, got_it, server, handle) != RF_OK)
 *         ... busy: drop the request
 *     void got_it(void *arg, uint64_t number, enum rf_err err, struct rf_content *c, ...)
 *
 * Thread: that of the loop. Reading, making and signing happen on workers. Stop the workers before
 * the loop is freed; rf_provision_free may come before or after the workers stop.
 * doc: docs/provisioning.md */
#ifndef SERVICE_PROVISION_PROVISION_H
#define SERVICE_PROVISION_PROVISION_H

#include "base/worker.h"
#include "net/address.h"
#include "net/loop.h"
#include "service/site/site.h"
#include "store/store.h"
#include "trust/vault.h"

/** Longest requested name. */
#define RF_PROVISION_NAME_MAX 255
/** Largest file served from images/. */
#define RF_PROVISION_FILE_MAX ((size_t)100 * 1024 * 1024)
/** Bytes of files held for transfers at one time; requests beyond it are told to come again. */
#define RF_PROVISION_HELD_MAX ((size_t)256 * 1024 * 1024)
/** Bytes of signed files kept. */
#define RF_PROVISION_CACHE_MAX ((size_t)64 * 1024 * 1024)
/** Largest file that is signed on demand. */
#define RF_PROVISION_SIGNED_MAX ((size_t)16 * 1024 * 1024)
/** Requests being worked on at one time. */
#define RF_PROVISION_PENDING_MAX 512

struct rf_provision;

/** A file's bytes, unchanging while anybody holds them. Counted on the loop's thread. */
struct rf_content;
struct rf_content *rf_content_ref(struct rf_content *c);
void rf_content_unref(struct rf_content *c);
struct rf_slice rf_content_bytes(const struct rf_content *c);
/** The name in the catalogue, spelled as there. */
const char *rf_content_name(const struct rf_content *c);
/** What kind of answer it is: "file", "image", "list", "plain", "signed", "stub", "encrypted". */
const char *rf_content_variant(const struct rf_content *c);
/** Which one: the version stamp of a configuration, else the first 16 digits of the SHA-256 of what
 * was signed or sent; empty where that is not known. */
const char *rf_content_generation(const struct rf_content *c);
/** SHA-256 of the bytes of a trust list or configuration, 32 of them; NULL for other files. */
const uint8_t *rf_content_sha256(const struct rf_content *c);

/** How the signing key is found on the signer worker; `state` is that worker's. NULL in the conf
 * takes rf_signer_key, for which the worker's state is its struct rf_signer. */
typedef enum rf_err (*rf_provision_key_fn)(void *state, struct rf_vault_key **key,
                                           struct rf_cert **cert, struct rf_why *why);

/** Something that somebody should look at: `code` is stable, `device` may be empty. */
typedef void (*rf_provision_alarm_fn)(void *arg, const char *code, const char *device,
                                      const char *text);

struct rf_provision_conf {
    struct rf_loop *loop;
    const struct rf_site *site;        /* copied: may change or go afterwards */
    const struct rf_site_ports *ports; /* copied */
    struct rf_worker *store;           /* its state is the struct rf_store */
    const struct rf_store *db; /* the same; only its generation is looked at here. May be NULL */
    struct rf_worker *signer;
    struct rf_worker *signer_too;   /* of the second line to the same signer; may be NULL */
    rf_provision_alarm_fn on_alarm; /* may be NULL */
    /** The device proved itself by HTTPS with an LSC that is not confirmed yet. May be NULL. */
    void (*on_cert_used)(void *arg, const char *device, const uint8_t sha256[32]);
    void *alarm_arg;                  /* of both */
    rf_provision_key_fn signing_key;  /* may be NULL */
    const struct rf_secret *wrap_key; /* of the database's secrets, copied; NULL: there is none */
};

/** Starts a worker of its own for files. */
struct rf_provision *rf_provision_new(const struct rf_provision_conf *conf);
/** Requests under way are dropped without their callback. NULL is fine. */
void rf_provision_free(struct rf_provision *p);

/**
 * The answer to a request; `content` (NULL unless RF_OK) is borrowed for the call: ref what is
 * kept. RF_ERR_NOT_FOUND for every name that is unknown, hidden or refused (the code in `why` says
 * which, for the log only: name-empty, -long, -nul, -control, -backslash, -absolute, -component,
 * -traversal, -deep, -character, -listing, -unsigned; device-unknown, config-protocol,
 * config-not-encrypted; file-not-found, -hidden, -case, -kind, -writable, -too-large); RF_ERR_AGAIN
 * when the server is busy (busy, file-changed); anything else is our own trouble (list-damaged,
 * config-value, secret-key, unwrap, file-io, loads-many, signer-gone, what the store says).
 */
typedef void (*rf_provision_done)(void *arg, uint64_t number, enum rf_err err,
                                  struct rf_content *content, const struct rf_why *why);

/** By which transport a file is asked for. */
enum rf_provision_via { RF_PROVISION_TFTP, RF_PROVISION_HTTP, RF_PROVISION_HTTPS };
/** "tftp", "http", "https". */
const char *rf_provision_via_name(enum rf_provision_via via);

/** A request, as it came. Copied. */
struct rf_provision_ask {
    struct rf_slice name; /* not decoded further: percent signs are HTTP's to undo */
    enum rf_provision_via via;
    struct rf_address from;
    /* The device whose certificate this TLS connection has proven; empty: none. And which
     * certificate: one that was superseded or revoked proves nothing any more. */
    char device[RF_STORE_DEVICE_NAME];
    uint8_t cert_sha256[32];
    bool must_be_known; /* it is from an issuer of LSCs: one that is not in the database is none */
    bool needs_proof;   /* a device's configuration only to that device */
};

/** How a request ended, told by the transport when it is over. Texts are not NULL but where said.
 */
struct rf_provision_report {
    enum rf_provision_via via;
    const char *name; /* as asked, escaped */
    const char *peer; /* IP address */
    uint16_t port;    /* of the client */
    /* Whose certificate was proven, else the device that the name is for; empty: no device. */
    const char *device;
    bool is_complete;         /* fetched to the end */
    bool is_last_ack_missing; /* not complete, but most likely the client has it all (TFTP) */
    /* Not complete, because the client only looked (TFTP; `ringphone doctor` does): nothing is to
     * be concluded of the device. */
    bool is_looked_at;
    /* "" when complete; else why: the codes of rf_provision_get, or the transport's own */
    const char *code;
    const char *text;
    uint64_t bytes; /* known to have arrived */
    uint64_t duration_ms;
    uint32_t repeated;                /* packets sent again (TFTP) */
    const char *tls;                  /* "TLSv1.2", of HTTPS; may be NULL */
    const char *cipher;               /* of HTTPS; may be NULL */
    const char *subject;              /* of the client's certificate, escaped; may be NULL */
    const struct rf_content *content; /* what was sent, borrowed; NULL: nothing was */
};
typedef void (*rf_provision_report_fn)(void *arg, const struct rf_provision_report *report);

/** Before a request of any transport is looked at: may this address ask at all, now? Takes a token
 * when it may. RF_ERR_DENIED request-network (not one of provision_networks), RF_ERR_AGAIN
 * request-rate: no answer is best, since the address may be somebody else's. */
RF_MUST_CHECK enum rf_err rf_provision_admit(struct rf_provision *p, const struct rf_address *from,
                                             struct rf_why *why);
/** A request of any transport has ended: its line in the log, its counters, and what is known of
 * the device. Of requests that were dropped unseen a few a minute. */
void rf_provision_tell(struct rf_provision *p, const struct rf_provision_report *report);

/** Ask for a name as it was received. `done` comes later, never from inside this call. Returns
 * RF_OK, or RF_ERR_AGAIN when too much is under way (`done` does not come). */
RF_MUST_CHECK enum rf_err rf_provision_get(struct rf_provision *p,
                                           const struct rf_provision_ask *ask,
                                           rf_provision_done done, void *arg, uint64_t number);
/** The device was last seen at this address: what is known from before the start. */
void rf_provision_seen_at(struct rf_provision *p, const struct rf_store_device *device,
                          const char *host);
/** Forget every request with this `arg`: it goes away. */
void rf_provision_cancel(struct rf_provision *p, void *arg);

/* ---- for operators: what a configuration says, and why ---- */

/** What configurations are made from at this moment; immutable. Taken and released on the loop's
 * thread, used on the store worker. */
struct rf_provision_view;
struct rf_provision_view *rf_provision_view_take(struct rf_provision *p);
/** NULL is fine. */
void rf_provision_view_release(struct rf_provision_view *view);

/** A value of a configuration. Texts are borrowed for the call. */
struct rf_provision_value {
    const char *path;
    struct rf_slice value; /* empty: taken away, or a secret */
    struct rf_slice word;  /* of a number that has one */
    const char *layer;     /* whose it is: "built-in", "ringfence.conf", "site" … "server" */
    bool is_secret;
    bool is_forced; /* no element that is known */
};
/** A configuration, without its secrets. */
struct rf_provision_shown {
    struct rf_buf document;
    char stamp[64];
    const char *protection; /* "clear", "stub", "encrypted" */
    char phone[65];         /* SHA-256 of the certificate it is encrypted for; empty: none */
    bool has_secrets;
};
void rf_provision_shown_fini(struct rf_provision_shown *shown);
/** What the device would get now. Errors as of rf_provision_get. */
RF_MUST_CHECK enum rf_err
rf_provision_show(const struct rf_provision_view *view, struct rf_store *store, const char *device,
                  int64_t now_s, struct rf_provision_shown *out,
                  void (*each)(void *arg, const struct rf_provision_value *value), void *each_arg,
                  struct rf_why *why);

/** Something in a configuration that phones stumble over. */
struct rf_provision_finding {
    bool is_error;    /* the phone would not work; else it works, and somebody should know */
    const char *code; /* stable */
    const char *path; /* of the element; may be empty */
    const char *text;
};
/** Look a device's configuration over. RF_ERR_NOT_FOUND device-unknown; what the store gives. A
 * configuration that cannot be made is a finding. */
RF_MUST_CHECK enum rf_err
rf_provision_lint(const struct rf_provision_view *view, struct rf_store *store, const char *device,
                  int64_t now_s,
                  void (*each)(void *arg, const struct rf_provision_finding *finding),
                  void *each_arg, struct rf_why *why);

/** Drop what is kept of a device. NULL: of all, which is needed when the signing key was replaced;
 * for everything else what is kept is compared at each request, and this only gives memory back. */
void rf_provision_invalidate(struct rf_provision *p, const char *device);
/** Another configuration or other ports from now on. */
void rf_provision_set_site(struct rf_provision *p, const struct rf_site *site,
                           const struct rf_site_ports *ports);

#endif
