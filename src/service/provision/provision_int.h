/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share: names, files, device configurations, the cache of signed
 * ones. Workers see only what stands in a job: facts (immutable), names, open files. */
#ifndef SERVICE_PROVISION_PROVISION_INT_H
#define SERVICE_PROVISION_PROVISION_INT_H

#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "base/log.h"
#include "base/secret.h"
#include "net/network.h"
#include "service/provision/provision.h"
#include "service/site/call_managers.h"
#include "trust/cert.h"
#include "trust/digest.h"

/* ---- names (provision_name.c) ---- */

enum provision_kind {
    PROVISION_FILE,    /* in images/ or below files/, if it is there; or signed by us */
    PROVISION_DEFAULT, /* XMLDefault */
    PROVISION_DEFAULT_SIGNED,
    PROVISION_CTL,
    PROVISION_ITL,
    PROVISION_CONFIG,        /* signed */
    PROVISION_CONFIG_PLAIN,  /* not signed */
    PROVISION_CONFIG_ENCODED /* encrypted */
};

struct provision_name {
    enum provision_kind kind;
    char name[RF_PROVISION_NAME_MAX + 1];
    char device[RF_STORE_DEVICE_NAME]; /* when the name has one */
};

/** Check a name as it was asked for and say what it means. RF_ERR_NOT_FOUND name-empty, name-long,
 * name-nul, name-control, name-backslash, name-absolute (a drive), name-component, name-traversal,
 * name-deep, name-character, name-listing, file-hidden. One leading slash is dropped, and a
 * name of the table comes out as we spell it. Pure. */
RF_MUST_CHECK enum rf_err provision_name_parse(struct rf_slice asked, struct provision_name *out,
                                               struct rf_why *why);
/** Same but for the case of letters. */
bool provision_name_same_folded(const char *a, const char *b);

/* ---- what a site says (facts.c) ---- */

/** Immutable; counted on the loop's thread, read by workers. */
struct provision_facts {
    unsigned refs;
    uint64_t serial;                       /* no two of a catalogue have the same */
    bool has_default;                      /* XMLDefault is for everybody */
    char *images;                          /* folder */
    char *files;                           /* folder */
    char *site;                            /* its folder, for the lists */
    char *host;                            /* that phones are told */
    struct rf_site_call_managers managers; /* that phones are told; none: `host` */
    uint16_t port_base;
    uint16_t capf_port;
    uint16_t tvs_port;         /* 0: none */
    uint16_t legacy_tvs_port;  /* for legacy_models, in place of it; 0: none */
    uint16_t legacy_port_base; /* for legacy_models, in place of the two above; 0: none */
    uint16_t legacy_capf_port;
    uint16_t authenticated_port_base; /* for devices of that mode; 0: none */
    char *legacy_models;
    bool is_nonsecure;     /* the whole cluster */
    enum rf_digest digest; /* for models that know both */
    bool may_sha1;
    struct rf_networks networks; /* who may ask; none: anybody */
    char *https_unsigned;        /* models that take .sgn names unsigned by HTTPS */
    char *date_template;
    char *time_zone;
    char *locale;
    char *load_server;         /* empty: us */
    uint32_t srst_monitor_s;   /* for devices with a survivable router */
    struct rf_secret wrap_key; /* opens the secrets of the database; empty: there is none */
};
struct provision_facts *provision_facts_new(const struct rf_site *site,
                                            const struct rf_site_ports *ports,
                                            const struct rf_secret *wrap_key);
/** What a device, by its mode and model, is told. Pure. */
uint16_t provision_port_base(const struct provision_facts *f, const struct rf_store_device *device);
/** The nth of the call managers that phones are told, from 0; false: there are no more. */
bool provision_call_manager(const struct provision_facts *f, size_t nth,
                            struct rf_site_call_manager *out);
/** The same for a device: with the port that its mode and model want. */
bool provision_call_manager_of(const struct provision_facts *f,
                               const struct rf_store_device *device, size_t nth,
                               struct rf_site_call_manager *out);
uint16_t provision_capf_port(const struct provision_facts *f, const char *model);
/** 0: there is no TVS. */
uint16_t provision_tvs_port(const struct provision_facts *f, const char *model);
struct provision_facts *provision_facts_ref(struct provision_facts *f);
void provision_facts_unref(struct provision_facts *f);

/* ---- digests (provision_digest.c) ---- */

/** What a device's files are signed with. RF_ERR_NOT_FOUND digest-sha1 (it takes SHA-1 only, and
 * that is off), digest-unknown (a model nobody knows). Pure. */
RF_MUST_CHECK enum rf_err provision_digest_of(const struct rf_store_device *device,
                                              const struct provision_facts *facts,
                                              enum rf_digest *out, struct rf_why *why);
/** For whoever is no known device: every phone takes SHA-1. RF_ERR_NOT_FOUND digest-nobody when
 * that is off. Pure. */
RF_MUST_CHECK enum rf_err provision_digest_of_nobody(const struct provision_facts *facts,
                                                     enum rf_digest *out, struct rf_why *why);

/* ---- files (provision_file.c), on the file worker ---- */

/** Which content a file had when it was opened. */
struct provision_identity {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime;
    struct timespec ctime;
};
bool provision_identity_same(const struct provision_identity *a,
                             const struct provision_identity *b);

struct provision_identity provision_identity_of(const struct stat *st);
/** Open a file of a folder by a name that is looked up in the folder's listing, letter by letter.
 * RF_ERR_NOT_FOUND file-not-found, file-case (only there in several other spellings), file-kind (a
 * link, a folder), file-writable (anybody may write it), file-too-large; RF_ERR_IO file-io. */
RF_MUST_CHECK enum rf_err provision_file_open(const char *folder, const char *name, int *fd,
                                              struct provision_identity *id, struct rf_why *why);
/** What a name that is not in the table stands for. */
struct provision_found {
    int fd;
    struct provision_identity id;
    bool is_image;     /* in images/: served as it is */
    bool is_enveloped; /* only a signed file is there: its envelope comes off */
    bool is_signed;    /* asked for with our signature */
};
/** Look in images/ and below files/. A file below files/ is served under its own name as it is, and
 * under <name>.sgn signed by us; a signed file that lies there is only read for what it holds.
 * Never signed: what is firmware by its name. Codes as of provision_file_open, and file-empty,
 * file-signed (what lies there is no signed file). */
RF_MUST_CHECK enum rf_err provision_find(const struct provision_facts *facts, const char *name,
                                         struct provision_found *out, struct rf_why *why);
/** Is this still the image of exactly that name? Opens nothing. */
bool provision_image_is(const struct provision_facts *facts, const char *name,
                        const struct provision_identity *id);
/** Take the envelope off. RF_ERR_NOT_FOUND file-signed. */
RF_MUST_CHECK enum rf_err provision_unwrap(struct rf_buf *bytes, struct rf_why *why);
/** The same for a file whose place is fixed: a trust list. */
RF_MUST_CHECK enum rf_err provision_list_open(const char *path, int *fd,
                                              struct provision_identity *id, struct rf_why *why);
/** Read what was opened; RF_ERR_AGAIN file-changed when it was written to meanwhile. */
RF_MUST_CHECK enum rf_err provision_file_read(int fd, const struct provision_identity *id,
                                              struct rf_buf *out, struct rf_why *why);
/** The names of loads in a folder (lists, and images that are one), each between two line feeds. */
RF_MUST_CHECK enum rf_err provision_loads_list(const char *folder, struct rf_buf *out,
                                               struct rf_why *why);
bool provision_loads_have(struct rf_slice loads, const char *load);
/** Is it a trust list? *has_tftp (may be NULL): it names a certificate for file signing, so phones
 * that hold it take signed files only. RF_ERR_BAD list-damaged. */
RF_MUST_CHECK enum rf_err provision_list_check(struct rf_slice bytes, bool *has_tftp,
                                               struct rf_why *why);
/** Does the phone with the lists of this device ask for signed files? */
RF_MUST_CHECK enum rf_err provision_lists_want_signed(const struct provision_facts *facts,
                                                      const char *device, bool *wanted,
                                                      struct rf_why *why);

/* ---- what images/ says of every configuration (provision_look.c), file worker ---- */

/** Immutable. */
struct provision_look {
    atomic_uint refs;
    uint64_t number; /* the same as before: nothing is otherwise */
    struct rf_buf loads;
};
struct provision_looker {
    struct provision_look *last;
    uint64_t facts;
    struct provision_identity images;
    bool is_settled; /* the next look may go by the times of the folder */
    uint64_t number;
};
struct provision_look *provision_look_ref(struct provision_look *look);
void provision_look_unref(struct provision_look *look);
RF_MUST_CHECK enum rf_err provision_look(struct provision_looker *looker,
                                         const struct provision_facts *facts,
                                         struct provision_look **out, struct rf_why *why);

/* ---- device configurations (provision_config.c), on the store worker ---- */

/** Longest version stamp: phones send it back in 48 bytes. */
#define PROVISION_STAMP_MAX 48

/** "<time>-<uuid of the content>". Pure. */
void provision_stamp_make(struct rf_slice unstamped, int64_t time_s,
                          char stamp[PROVISION_STAMP_MAX]);
/** The stamp kept for a device still fits this content? *time_s: that of the stamp. Pure. */
bool provision_stamp_fits(struct rf_slice stamp, struct rf_slice unstamped, int64_t *time_s);

/** The stamp kept under this key, or a new one, kept before anybody sees it: it changes when the
 * content does and at no other time. *time_s: since then it is as it is. Store worker. */
RF_MUST_CHECK enum rf_err provision_stamp_keep(struct rf_store *store, const char *key,
                                               struct rf_slice unstamped, int64_t now_s,
                                               char stamp[PROVISION_STAMP_MAX], int64_t *time_s,
                                               struct rf_why *why);

/** How a device's configuration may travel. */
enum provision_protection {
    PROVISION_CLEAR,     /* without its secrets */
    PROVISION_STUB,      /* nothing but a stub: there is no key to encrypt it for */
    PROVISION_ENCRYPTED, /* a stub, and the whole document encrypted */
};

/** A configuration made. */
struct provision_config {
    struct rf_store_device device; /* whose */
    uint64_t store_generation;     /* of the database it was made from */
    int64_t until_s;               /* good until then if nothing changes */
    struct rf_buf document;        /* without secrets */
    uint8_t sha256[32];            /* of the document */
    char stamp[PROVISION_STAMP_MAX];
    int64_t changed_s; /* since then it is as it is */
    bool has_secrets;
    struct { /* with its secrets, when it has any: for the phone alone */
        struct rf_buf document;
        uint8_t sha256[32];
        char stamp[PROVISION_STAMP_MAX];
        int64_t changed_s;
    } whole;
    enum provision_protection protection;
    struct rf_cert *phone; /* encrypted for it; NULL: none is known, or none is wanted */
    struct rf_buf stub;    /* unless PROVISION_CLEAR */
    bool is_secure;        /* the device's mode, as written */
    char missing_load[64]; /* named for the device and not there; else empty */
};
/** Wiped. */
void provision_config_fini(struct provision_config *c);

/** Load the device and make its configuration, `loads` as provision_loads_list gives; the stamp is
 * kept in the store, so that it changes when the content does and at no other time.
 * RF_ERR_NOT_FOUND device-unknown; what the store and provision_layers_build give. */
RF_MUST_CHECK enum rf_err provision_config_make(struct rf_store *store, const char *device,
                                                const struct provision_facts *facts,
                                                struct rf_slice loads, int64_t now_s,
                                                struct provision_config *out, struct rf_why *why);

/* ---- who gets which form of it (provision_answer.c) ---- */

struct provision_ask_config {
    enum provision_kind kind;
    const char *name; /* as asked */
    const char *device;
    enum rf_provision_via via;
    bool is_proven; /* by TLS: it is the device itself */
    enum provision_protection protection;
    bool is_secure;    /* the device's mode */
    bool wants_signed; /* phones of this site ask for signed files */
    /* Its model wants under a signed name what is signed, by HTTPS too. */
    bool is_always_signed;
};
enum provision_answer {
    PROVISION_ANSWER_PLAIN,  /* without secrets, not signed */
    PROVISION_ANSWER_SIGNED, /* without secrets */
    PROVISION_ANSWER_WHOLE,  /* with its secrets, over TLS to the device itself */
    PROVISION_ANSWER_STUB,   /* not signed */
    PROVISION_ANSWER_STUB_SIGNED,
    PROVISION_ANSWER_ENCRYPTED,
};
/** RF_ERR_NOT_FOUND config-not-encrypted, name-unsigned. Pure. */
RF_MUST_CHECK enum rf_err provision_answer_of(const struct provision_ask_config *ask,
                                              enum provision_answer *out, struct rf_why *why);
/** Has the connection proven that it is this device? */
bool provision_is_proven(const struct rf_provision_ask *ask, const char *device);

/* ---- the log (provision_report.c) ---- */

void provision_log(struct rf_log_limit *limit, const struct rf_provision_report *r,
                   uint64_t now_ms);

/* ---- contents (content.c), on the loop's thread ---- */

struct provision_contents;

struct rf_content {
    unsigned refs;
    char *name;
    struct rf_buf bytes;
    const char *variant;
    char generation[PROVISION_STAMP_MAX];
    struct provision_identity id; /* of files */
    uint8_t sha256[32];           /* of the bytes */
    bool has_sha256;
    bool is_private; /* wiped in the end */
    bool is_loaded;
    bool is_current;               /* others may share it */
    size_t held;                   /* counted against RF_PROVISION_HELD_MAX */
    struct provision_contents *of; /* NULL: not a file, or the catalogue is gone */
    struct rf_content *next;
};

/** The files in memory: each is read once however many phones fetch it. */
struct provision_contents {
    size_t held;
    struct rf_content *first;
};

/** A content that is no file, with one reference. Takes the bytes out of `take_bytes`. */
struct rf_content *provision_content_new(const char *name, struct rf_buf *take_bytes);
/** The file with this name and identity that is in memory or being read, or NULL. */
struct rf_content *provision_contents_find(const struct provision_contents *all, const char *name,
                                           const struct provision_identity *id);
/** The newest of this name that is in memory, or NULL. */
struct rf_content *provision_contents_last(const struct provision_contents *all, const char *name);
/** Room for a file about to be read, with one reference; NULL: too much is held. */
struct rf_content *provision_contents_add(struct provision_contents *all, const char *name,
                                          const struct provision_identity *id);
/** It was read. Takes the bytes. */
void provision_content_loaded(struct rf_content *c, struct rf_buf *take_bytes);
void provision_content_set_sha256(struct rf_content *c, const uint8_t sha256[32]);
/** It holds secrets. */
void provision_content_set_private(struct rf_content *c);
/** What it is, a constant; which one: NULL takes the SHA-256 set before. */
void provision_content_set_what(struct rf_content *c, const char *variant, const char *generation);
/** It could not be read, or is old: those who hold it keep it, nobody else finds it. */
void provision_content_forget(struct rf_content *c);
/** The catalogue goes away; contents live as long as they are held. */
void provision_contents_fini(struct provision_contents *all);

/* ---- signed files kept (provision_cache.c), on the loop's thread ---- */

/** What a signed file was made of. */
struct provision_made_of {
    uint8_t of[32]; /* SHA-256 of what is signed, or of the identity of the file it is */
    enum rf_digest digest;
    uint8_t key[32]; /* fingerprint of the signer's certificate */
};
/** What a configuration depended on: generation of the database, number of the facts and the look.
 */
struct provision_fresh {
    uint64_t store;
    uint64_t facts;
    uint64_t look;
    int64_t until_s; /* not good from then on; asking: now */
};

struct provision_cache;
struct provision_cache *provision_cache_new(void);
void provision_cache_free(struct provision_cache *cache);
/** The signed file kept under this name if it was made of this; NULL otherwise. Borrowed. */
struct rf_content *provision_cache_find(struct provision_cache *cache, const char *name,
                                        const uint8_t of[32], enum rf_digest digest);
/** The one of which all that it depended on is as it was. */
struct rf_content *provision_cache_fresh(struct provision_cache *cache, const char *name,
                                         const struct provision_fresh *now);
/** The one kept under this name depends on this. */
void provision_cache_refresh(struct provision_cache *cache, const char *name, enum rf_digest digest,
                             const struct provision_fresh *fresh);
/** Keep one in place of what was kept under its name and digest; of a device (else empty) with
 * whatever digest. Those unused for longest go when there is no room. */
void provision_cache_put(struct provision_cache *cache, const char *name, const char *device,
                         const struct provision_made_of *made_of, struct rf_content *content);
/** Of this device; NULL: all. */
void provision_cache_drop(struct provision_cache *cache, const char *device);
size_t provision_cache_bytes(const struct provision_cache *cache);

/* ---- encrypted configurations in memory (provision_generation.c), on the loop's thread ---- */

/** Bytes of them kept. */
#define PROVISION_GENERATIONS_MAX ((size_t)16 * 1024 * 1024)

/** What a pair of stub and encrypted file was made of. */
struct provision_sealed_of {
    uint8_t document[32];
    uint8_t phone[32]; /* fingerprint of the certificate it is encrypted for */
    enum rf_digest digest;
    int64_t timestamp;
    uint8_t key[32]; /* fingerprint of the signer's certificate; not looked at when searching */
};
struct provision_generation {
    struct provision_generation *next; /* less recently used */
    char device[RF_STORE_DEVICE_NAME];
    struct provision_sealed_of of;
    bool is_current;           /* the device's newest */
    struct rf_content *stub;   /* signed */
    struct rf_content *file;   /* encrypted and signed */
    struct rf_address stub_to; /* who got the stub last; len 0: nobody */
    size_t bytes;
};
struct generations;
struct generations *generations_new(void);
void generations_free(struct generations *all);
/** The device's newest, if it was made of this. Borrowed until the next add, drop. */
struct provision_generation *generations_find(struct generations *all, const char *device,
                                              const struct provision_sealed_of *of);
/** A new pair: the device's newest from now on. The one before is kept for those who have its stub.
 * Returns one that is there already when it was made of the same. */
struct provision_generation *generations_add(struct generations *all, const char *device,
                                             const struct provision_sealed_of *of,
                                             struct rf_content *take_stub,
                                             struct rf_content *take_file);
/** The stub, given to this address. Borrowed. */
struct rf_content *generation_stub(struct provision_generation *g, const struct rf_address *to);
/** The file that goes with the stub this address has, once; else the newest. */
struct rf_content *generation_file(struct generations *all, struct provision_generation *current,
                                   const struct rf_address *from);
/** NULL: of all. */
void generations_drop(struct generations *all, const char *device);

#endif
