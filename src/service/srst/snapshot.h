/* SPDX-License-Identifier: Apache-2.0 */
/* What the centre tells a survivable router of its branch: the devices that may come to it, with
 * lines and certificates, who issues their certificates, and what is blocked. No secret is in it.
 * It travels as a signed file (trust/sigfile.h) named SRST-<branch>.json.sgn whose body is JSON,
 * and the router uses it only after rf_srst_snapshot_open has returned RF_OK.
 *
 *     RF_AUTO(rf_srst_snapshot_fini) struct rf_srst_snapshot s = {0};
 *     const struct rf_srst_expect expect = {.name = "branch1", .held = held, .now_s = now};
 *     if (rf_srst_snapshot_open(file, &lists, &expect, &s, &why) != RF_OK) ...
 *
 * Members that are not known are passed over: what an older router must not pass over raises the
 * format. Thread: any; blocks while it verifies. doc: docs/wire/branch.md, "Snapshot" */
#ifndef SERVICE_SRST_SNAPSHOT_H
#define SERVICE_SRST_SNAPSHOT_H

#include "store/store.h"
#include "trust/lists.h"

#define RF_SRST_FORMAT           1
#define RF_SRST_NAME             32 /* bytes of a reference's name with its NUL */
#define RF_SRST_SITE             128
#define RF_SRST_FILE_NAME        (RF_SRST_NAME + 16)
#define RF_SRST_DEVICES_MAX      2000
#define RF_SRST_LINES_MAX        8  /* of a device: as many as call control takes */
#define RF_SRST_DEVICE_CERTS_MAX 16 /* of a device */
#define RF_SRST_ANCHORS_MAX      64 /* of each kind */
#define RF_SRST_BLOCKED_MAX      1024
/** Bytes of the JSON, and of the whole signed file: it fits a frame of the branch link. */
#define RF_SRST_BODY_MAX ((size_t)8 * 1024 * 1024 - 8192)
#define RF_SRST_FILE_MAX (RF_SRST_BODY_MAX + RF_SIGFILE_OVERHEAD_MAX)

/** Certificates, counted references. */
struct rf_srst_anchors {
    struct rf_cert **items;
    size_t n;
};

/** Zero-initialise; all that it points to is its own. */
struct rf_srst_snapshot {
    char branch[RF_SRST_NAME]; /* the reference it is made for */
    uint64_t serial;           /* grows with each change of the content */
    int64_t made_s;
    char site[RF_SRST_SITE]; /* the centre's name */
    uint32_t keepalive_s;
    uint32_t rsa_min;
    struct rf_srst_anchors lsc_issuers; /* the site's own, the present one first */
    struct rf_srst_anchors lsc_cas;     /* of other CAs: only what they issued themselves */
    struct rf_srst_anchors mic_roots;   /* none: no MIC counts for signalling */
    uint8_t *blocked;                   /* SHA-256, one behind the other: rf_blocklist_set */
    size_t n_blocked;
    struct rf_store_phone *phones; /* by name. Of a device: name, model, description, mode,
                                    * has_srtp, media_policy, is_protected; the rest is zero */
    struct rf_store_certs *certs;  /* of phones[i]. Of one: device, kind, sha256, state, issuer */
    uint32_t *suites; /* of phones[i], as call control numbers them; 0: as the router's own
                       * configuration says */
    bool *untrusted;  /* of phones[i]: its model never shows a secure call (untrusted_models) */
    size_t n;
};

void rf_srst_snapshot_fini(struct rf_srst_snapshot *s);

/** 1 to 31 of A-Z a-z 0-9 and, behind the first, -: it stands in names of files. */
bool rf_srst_name_ok(const char *name);
/** "SRST-branch1.json.sgn"; `out` has RF_SRST_FILE_NAME bytes. */
void rf_srst_file_name(const char *name, char out[RF_SRST_FILE_NAME]);

/**
 * Read the JSON. Nothing is believed by that.
 *
 * Returns RF_OK, `out` filled, fini it; RF_ERR_BAD snapshot-format (of another format, something is
 * missing, of another type, out of its range or no certificate), snapshot-device (a name that is
 * none, or twice), RF_ERR_LIMIT snapshot-size, snapshot-devices, snapshot-lines, snapshot-certs,
 * snapshot-anchors, snapshot-blocked; `why` says where. `out` is empty then.
 */
RF_MUST_CHECK enum rf_err rf_srst_snapshot_parse(struct rf_slice json, struct rf_srst_snapshot *out,
                                                 struct rf_why *why);

/** Append as JSON on one line; what parse reads. The buffer's maximum is RF_SRST_BODY_MAX.
 * RF_ERR_LIMIT snapshot-size and the limits above. */
RF_MUST_CHECK enum rf_err rf_srst_snapshot_write(const struct rf_srst_snapshot *s,
                                                 struct rf_buf *out, struct rf_why *why);

/** SHA-256 of the content without serial and made_s: the same content, the same digest. */
RF_MUST_CHECK enum rf_err rf_srst_snapshot_digest(const struct rf_srst_snapshot *s, uint8_t out[32],
                                                  struct rf_why *why);

/** What a router expects of a snapshot. */
struct rf_srst_expect {
    const char *name; /* of its own reference */
    uint64_t held;    /* serial of the snapshot it holds; 0: none */
    bool has_now;
    int64_t now_s;
};

/**
 * Believe a signed file, or refuse it: signed by a file signer of the lists under the name of this
 * reference, well formed, for this branch, and not older than the one that is held (the same serial
 * is the same one: RF_OK).
 *
 * Returns RF_OK; what rf_lists_verify_file gives (signer-unknown, signer-role, file-name,
 * sig-mismatch, time-future, ...); what rf_srst_snapshot_parse gives; RF_ERR_DENIED
 * snapshot-other-branch, snapshot-older. `out` is empty unless RF_OK.
 */
RF_MUST_CHECK enum rf_err rf_srst_snapshot_open(struct rf_slice file, const struct rf_lists *lists,
                                                const struct rf_srst_expect *expect,
                                                struct rf_srst_snapshot *out, struct rf_why *why);

#endif
