/* SPDX-License-Identifier: Apache-2.0 */
/* The head of an HTTP/1.x message, as far as files are fetched by it: GET and HEAD, a length, one
 * request at a time. Bodies, chunks and everything that a proxy would need are not read: what has
 * them is refused by whoever reads the head.
 *
 *     size_t n = rf_httpmsg_head_len(arrived);               (0: wait for more)
 *     struct rf_httpmsg_request r;
 *     err = rf_httpmsg_request_decode(rf_slice_part(arrived, 0, n), &r, &why);
 *     err = rf_httpmsg_target_decode(r.target, name, sizeof name, &path, &why);
 *
 * Thread: any.  Allocates: no.
 * Source: spec: RFC 9112 2 to 7, RFC 9110 5, 8.6, 10.2; doc: docs/wire/http-files.md */
#ifndef WIRE_HTTPMSG_HTTPMSG_H
#define WIRE_HTTPMSG_HTTPMSG_H

#include "base/bytes.h"

/** Longest head, and most fields in it. */
#define RF_HTTPMSG_HEAD_MAX   8192
#define RF_HTTPMSG_FIELDS_MAX 64
#define RF_HTTPMSG_METHOD_MAX 24
#define RF_HTTPMSG_TARGET_MAX 2048

enum rf_httpmsg_method { RF_HTTPMSG_GET, RF_HTTPMSG_HEAD, RF_HTTPMSG_OTHER };

/** Of the fields, those that count here. Slices borrow from the head. */
struct rf_httpmsg_fields {
    bool wants_close; /* Connection: close */
    bool wants_kept;  /* Connection: keep-alive */
    bool has_length;
    bool has_coding; /* Transfer-Encoding: the body's length is not known */
    uint64_t length;
    struct rf_slice host;
    struct rf_slice agent; /* User-Agent, Server */
    struct rf_slice type;  /* Content-Type */
};

struct rf_httpmsg_request {
    enum rf_httpmsg_method method;
    struct rf_slice method_text;
    struct rf_slice target; /* as sent */
    unsigned minor;         /* HTTP/1.<minor> */
    struct rf_httpmsg_fields fields;
};

struct rf_httpmsg_response {
    unsigned minor;
    unsigned status; /* 100 to 599 */
    struct rf_httpmsg_fields fields;
};

/** Length of the head that `in` begins with, up to and with its empty line; 0 while that has not
 * come. Empty lines in front belong to it. */
size_t rf_httpmsg_head_len(struct rf_slice in);

/**
 * Decode a whole head.
 *
 * out  filled on RF_OK, zeroed otherwise; borrows from `head`.
 *
 * A missing Host is fine, as is one without a blank behind the colon: phones send both. Lines end
 * with CR LF or LF.
 *
 * Returns RF_OK; RF_ERR_SHORT http-short (no end); RF_ERR_LIMIT http-head-long, http-fields,
 * http-target-long; RF_ERR_UNKNOWN http-version; RF_ERR_BAD http-line, http-field (name, control
 * bytes, a folded line), http-length, http-field-twice, http-trailing (bytes behind the end).
 */
RF_MUST_CHECK enum rf_err
rf_httpmsg_request_decode(struct rf_slice head, struct rf_httpmsg_request *out, struct rf_why *why);
/** The same for an answer; RF_ERR_BAD http-status too. */
RF_MUST_CHECK enum rf_err rf_httpmsg_response_decode(struct rf_slice head,
                                                     struct rf_httpmsg_response *out,
                                                     struct rf_why *why);

/**
 * The name in a target: without scheme and authority, without the first slash, without query and
 * fragment, percent-decoded once. It may hold any byte but NUL; `buf` gets it, and `out` borrows
 * from there.
 *
 * Returns RF_OK; RF_ERR_LIMIT http-target-long; RF_ERR_BAD http-target (no path, or an escape
 * without two digits), http-nul, http-encoded-twice (what is left still spells a dot, a slash or a
 * backslash as an escape).
 */
RF_MUST_CHECK enum rf_err rf_httpmsg_target_decode(struct rf_slice target, char *buf, size_t cap,
                                                   struct rf_slice *out, struct rf_why *why);

/** A URL, taken apart. Slices borrow from the text. */
struct rf_httpmsg_url {
    bool is_https;
    struct rf_slice host;   /* without the brackets of an IPv6 address */
    uint16_t port;          /* 443, or 80, when none is said */
    struct rf_slice target; /* path and query as written; "/" when there is none */
};
/**
 * Take "https://192.0.2.1:8443/services?name=x" apart. What stands behind a '#' is left out. Bytes
 * that may not stand in a request's first line are refused, not encoded.
 *
 * Returns RF_OK; RF_ERR_LIMIT http-target-long; RF_ERR_BAD http-url (another scheme, no host, a
 * port that is none, a user or password in it, a blank, a control byte, no ASCII). The text of
 * `why` does not repeat the URL.
 * Source: spec: RFC 3986 3, RFC 9110 4.2.2, 4.2.4
 */
RF_MUST_CHECK enum rf_err rf_httpmsg_url_decode(struct rf_slice text, struct rf_httpmsg_url *out,
                                                struct rf_why *why);

/** A request for a file: GET or HEAD, Host, Connection: close. RF_ERR_LIMIT when cap is too small.
 */
struct rf_httpmsg_ask {
    bool is_head;
    bool has_target;        /* in place of a name: */
    struct rf_slice target; /* of rf_httpmsg_url_decode, sent as it is */
    struct rf_slice name;   /* without a slash in front; percent-encoded here */
    const char *host;
    uint16_t port;
    const char *agent; /* NULL: none */
};
RF_MUST_CHECK enum rf_err rf_httpmsg_ask_encode(const struct rf_httpmsg_ask *ask, uint8_t *buf,
                                                size_t cap, struct rf_slice *out);

/** The head of an answer. Always with a length and never to be kept by anybody on the way. */
struct rf_httpmsg_reply {
    unsigned status;
    const char *type; /* NULL: none */
    uint64_t length;
    int64_t date_s; /* seconds since 1970 */
    bool is_kept;   /* the connection goes on */
    bool says_allow;
    unsigned retry_after_s; /* 0: not said */
};
RF_MUST_CHECK enum rf_err rf_httpmsg_reply_encode(const struct rf_httpmsg_reply *reply,
                                                  uint8_t *buf, size_t cap, struct rf_slice *out);

/** "OK", "Not Found"; "Other" for a status that is not used here. */
const char *rf_httpmsg_reason(unsigned status);
/** By the end of a file's name: "text/xml", "application/octet-stream". */
const char *rf_httpmsg_type_of(struct rf_slice name);

#endif
