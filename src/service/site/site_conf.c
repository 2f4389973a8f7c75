/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration table, and what its options ask of each other. */
#include "service/site/site_int.h"
#include "service/site/window.h"

#include "base/file.h"
#include "base/text.h"
#include "net/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define CONF_BYTES_MAX (256 * 1024)

static const char *const digest_words[] = {"sha512", "sha1", NULL};
static const char *const list_version_words[] = {"1.0", "1.1", NULL};
static const char *const auto_words[] = {"no", "quarantine", NULL};
static const char *const cluster_words[] = {"mixed", "nonsecure", NULL};
static const char *const expired_words[] = {"refuse", "with_string", "listed", NULL};
static const char *const subject_words[] = {"name", "model", NULL};
static const char *const issuer_words[] = {"local", "cmp", "offline", NULL};
static const char *const media_words[] = {"best-effort", "require", NULL};
static const char *const revocation_words[] = {"off", "lenient", "strict", NULL};
static const char *const level_words[] = {"error", "warn", "info", "debug", NULL};

#define AT(member) offsetof(struct rf_site_conf, member)

/* Rows are in the order of the file. */
static const struct rf_conf_option options[] = {
    {.name = "name",
     .type = RF_CONF_TEXT,
     .at = AT(name),
     .fallback = "ringfence",
     .help = "Name of the site: letters, digits and -. Certificates carry it"},
    {.name = "listen",
     .type = RF_CONF_TEXT,
     .at = AT(listen),
     .fallback = "127.0.0.1",
     .help = "Address to bind, as numbers; 0.0.0.0 is every IPv4 address of this machine"},
    {.name = "advertise",
     .type = RF_CONF_TEXT,
     .at = AT(advertise),
     .fallback = "",
     .reloads = true,
     .help = "Address or host name phones are told; empty: the value of listen"},
    {.name = "sccp_port",
     .type = RF_CONF_U32,
     .at = AT(sccp_port),
     .fallback = "2000",
     .max = 65535 - RF_SITE_TLS_OFFSET,
     .unit = "port",
     .help = "Port phones are told. They add 443 for TLS, so 2000 means a TLS listener on 2443; 0: "
             "the kernel chooses at the first start and the choice is kept"},
    {.name = "capf_port",
     .type = RF_CONF_U32,
     .at = AT(capf_port),
     .fallback = "3804",
     .max = 65535,
     .unit = "port",
     .help = "CAPF, which gives phones their certificates; 0: chosen and kept"},
    {.name = "tftp_port",
     .type = RF_CONF_U32,
     .at = AT(tftp_port),
     .fallback = "69",
     .max = 65535,
     .unit = "port",
     .help = "TFTP; phones ask on 69 unless told otherwise; 0: chosen and kept"},
    {.name = "tvs",
     .type = RF_CONF_BOOL,
     .at = AT(tvs),
     .fallback = "no",
     .help = "Answer phones that ask whether a certificate may be trusted (TVS), with the key that "
             "`ringfence list publish` makes"},
    {.name = "tvs_port",
     .type = RF_CONF_U32,
     .at = AT(tvs_port),
     .fallback = "2445",
     .max = 65535,
     .unit = "port",
     .help = "TVS; 0: chosen and kept"},
    {.name = "tvs_ttl_s",
     .type = RF_CONF_U32,
     .at = AT(tvs_ttl_s),
     .fallback = "86400",
     .max = 604800,
     .unit = "seconds",
     .reloads = true,
     .help = "How long phones may keep what TVS answered"},
    {.name = "tvs_list_signers",
     .type = RF_CONF_TEXT,
     .at = AT(tvs_list_signers),
     .fallback = "",
     .reloads = true,
     .help = "Fingerprints (SHA-256), blanks between, of certificates of other sites that may sign "
             "trust lists for our phones: `ringfence tvs add --role sast` alone does not suffice"},
    {.name = "tftp_transfers",
     .type = RF_CONF_U32,
     .at = AT(tftp_transfers),
     .fallback = "512",
     .min = 1,
     .max = 60000,
     .unit = "transfers",
     .help = "TFTP transfers at one time; more wait, because a request that is not answered comes "
             "again"},
    {.name = "tftp_per_address",
     .type = RF_CONF_U32,
     .at = AT(tftp_per_address),
     .fallback = "4",
     .min = 1,
     .max = 60000,
     .unit = "transfers",
     .help = "and of one address"},
    {.name = "http",
     .type = RF_CONF_BOOL,
     .at = AT(http),
     .fallback = "no",
     .help = "Serve files by HTTP too; newer phones ask there first"},
    {.name = "http_port",
     .type = RF_CONF_U32,
     .at = AT(http_port),
     .fallback = "6970",
     .max = 65535,
     .unit = "port",
     .help = "HTTP; phones ask on 6970; 0: chosen and kept"},
    {.name = "https",
     .type = RF_CONF_BOOL,
     .at = AT(https),
     .fallback = "no",
     .help = "Serve files by HTTPS too, with the key that `ringfence list publish` makes for lists "
             "of version 1.1"},
    {.name = "https_port",
     .type = RF_CONF_U32,
     .at = AT(https_port),
     .fallback = "6971",
     .max = 65535,
     .unit = "port",
     .help = "HTTPS; phones ask on 6971; 0: chosen and kept"},
    {.name = "http_connections",
     .type = RF_CONF_U32,
     .at = AT(http_connections),
     .fallback = "2048",
     .min = 1,
     .max = 60000,
     .unit = "connections",
     .help = "Connections at one time, HTTP and HTTPS each; more are refused"},
    {.name = "http_per_address",
     .type = RF_CONF_U32,
     .at = AT(http_per_address),
     .fallback = "8",
     .min = 1,
     .max = 60000,
     .unit = "connections",
     .help = "and of one address"},
    {.name = "https_proof",
     .type = RF_CONF_BOOL,
     .at = AT(https_proof),
     .fallback = "no",
     .reloads = true,
     .help =
         "By HTTPS a device's files only for a client that shows the certificate of that device"},
    {.name = "https_unsigned",
     .type = RF_CONF_TEXT,
     .at = AT(https_unsigned),
     .fallback = "78xx 88xx",
     .reloads = true,
     .help = "Models, x for any digit, that ask for NAME.sgn by HTTPS and want NAME: their "
             "configuration comes unsigned there, since TLS says from whom it is"},
    {.name = "admin_group",
     .type = RF_CONF_TEXT,
     .at = AT(admin_group),
     .fallback = "",
     .help = "Group that may use the admin socket (mode 0660); empty: the group of the process"},
    {.name = "workers",
     .type = RF_CONF_U32,
     .at = AT(workers),
     .fallback = "0",
     .max = 64,
     .unit = "threads",
     .help = "Threads for connections; 0: one a core"},
    {.name = "log_level",
     .type = RF_CONF_ENUM,
     .at = AT(log_level),
     .fallback = "info",
     .words = level_words,
     .reloads = true,
     .help = "Lowest level that is written: error, warn, info or debug"},
    {.name = "keylog",
     .type = RF_CONF_TEXT,
     .at = AT(keylog),
     .fallback = "",
     .weak = true,
     .help =
         "Debugging only: file that gets the secrets of every TLS connection, so that a capture "
         "can be read; empty: none"},
    {.name = "keepalive_s",
     .type = RF_CONF_U32,
     .at = AT(keepalive_s),
     .fallback = "30",
     .min = 1,
     .max = 600,
     .unit = "s",
     .reloads = true,
     .help =
         "How often a phone says that it is there; silent for three times as long, it is dropped"},
    {.name = "handshake_s",
     .type = RF_CONF_U32,
     .at = AT(handshake_s),
     .fallback = "10",
     .min = 1,
     .max = 120,
     .unit = "s",
     .help = "A TLS handshake that is not done by then is dropped"},
    {.name = "handshake_failures",
     .type = RF_CONF_U32,
     .at = AT(handshake_failures),
     .fallback = "60",
     .max = 100000,
     .unit = "a minute",
     .help = "TLS handshakes of one address (of IPv6: one /64) that may fail, and as many at once; "
             "whoever has more is refused before a byte is read. 0: no limit"},
    {.name = "legacy_sccp_port",
     .type = RF_CONF_U32,
     .at = AT(legacy_sccp_port),
     .fallback = "0",
     .max = 65535 - RF_SITE_TLS_OFFSET,
     .unit = "port",
     .weak = true,
     .help = "Port that phones of legacy_models are told in place of sccp_port: 443 above it is a "
             "listener for TLS 1.0 to 1.2 with AES-CBC, RSA key exchange and SHA-1 (weak), for "
             "those models from legacy_networks. 0: there is none"},
    {.name = "legacy_capf_port",
     .type = RF_CONF_U32,
     .at = AT(legacy_capf_port),
     .fallback = "0",
     .max = 65535,
     .unit = "port",
     .weak = true,
     .help = "The same for CAPF (weak): phones of legacy_models are told this port in place of "
             "capf_port, and may enrol with certificates signed with SHA-1. 0: there is none"},
    {.name = "legacy_models",
     .type = RF_CONF_TEXT,
     .at = AT(legacy_models),
     .fallback = "",
     .reloads = true,
     .help = "Models that the legacy ports are for, blanks between, x for any digit: 79xx 6921"},
    {.name = "legacy_networks",
     .type = RF_CONF_TEXT,
     .at = AT(legacy_networks),
     .fallback = "",
     .reloads = true,
     .help = "Networks that may connect to the legacy ports, e.g. 10.1.0.0/16, fd00::/8"},
    {.name = "capf_keepalive_s",
     .type = RF_CONF_U32,
     .at = AT(capf_keepalive_s),
     .fallback = "900",
     .min = 1,
     .max = 3600,
     .unit = "s",
     .reloads = true,
     .help = "How long a phone may be silent while it makes its key for CAPF; old phones need "
             "half an hour for one and say every few minutes that they are at it"},
    {.name = "tftp_retry_ms",
     .type = RF_CONF_U32,
     .at = AT(tftp_retry_ms),
     .fallback = "1000",
     .min = 50,
     .max = 30000,
     .unit = "ms",
     .reloads = true,
     .help = "A TFTP block that was not acknowledged is sent again after so long"},
    {.name = "tftp_tries",
     .type = RF_CONF_U32,
     .at = AT(tftp_tries),
     .fallback = "5",
     .min = 1,
     .max = 50,
     .unit = "times",
     .reloads = true,
     .help = "How often a TFTP block is sent before the transfer is given up"},
    {.name = "digest",
     .type = RF_CONF_ENUM,
     .at = AT(digest),
     .fallback = "sha512",
     .words = digest_words,
     .reloads = true,
     .weak = true,
     .help = "Digest of signed files for models that know both: sha512, or sha1 (weak, and means "
             "sign_sha1 too)"},
    {.name = "list_version",
     .type = RF_CONF_ENUM,
     .at = AT(list_version),
     .fallback = "1.0",
     .words = list_version_words,
     .reloads = true,
     .help = "Signer version of the trust lists. 1.1 names the HTTPS server, which phones from the "
             "7800 and 8800 series on then ask for their configuration; `ringfence list publish` "
             "makes its key where there is none. 1.0: without it"},
    {.name = "sign_sha1",
     .type = RF_CONF_BOOL,
     .at = AT(sign_sha1),
     .fallback = "no",
     .reloads = true,
     .weak = true,
     .help = "Sign files with SHA-1 (weak) for models that verify no other digest, such as 7962; "
             "without it those are refused"},
    {.name = "provision_networks",
     .type = RF_CONF_TEXT,
     .at = AT(provision_networks),
     .fallback = "",
     .reloads = true,
     .help = "Networks whose phones may fetch files, e.g. 10.1.0.0/16, fd00::/8; empty: any"},
    {.name = "provision_rate",
     .type = RF_CONF_U32,
     .at = AT(provision_rate),
     .fallback = "20",
     .max = 100000,
     .unit = "a second",
     .reloads = true,
     .help = "Requests for files from one address, and twice as many at once; 0: no limit"},
    {.name = "provision_names",
     .type = RF_CONF_U32,
     .at = AT(provision_names),
     .fallback = "3",
     .max = 30,
     .unit = "devices",
     .reloads = true,
     .help = "Whose configurations one address may ask for within ten minutes, beside devices that "
             "were there before; more looks like guessing. 0: no limit, for phones behind one "
             "address"},
    {.name = "auto_register",
     .type = RF_CONF_ENUM,
     .at = AT(auto_register),
     .fallback = "no",
     .words = auto_words,
     .reloads = true,
     .help = "What a phone gets that is not in the database: no (nothing, it is only noted as "
             "pending) or quarantine (a default configuration without any secret; it can do "
             "nothing until somebody approves it)"},
    {.name = "cluster",
     .type = RF_CONF_ENUM,
     .at = AT(cluster),
     .fallback = "mixed",
     .words = cluster_words,
     .weak = true,
     .help = "mixed: each device has its security mode; nonsecure (weak): every device is plain"},
    {.name = "rsa_min",
     .type = RF_CONF_U32,
     .at = AT(rsa_min),
     .fallback = "2048",
     .min = 512,
     .max = 4096,
     .unit = "bits",
     .reloads = true,
     .weak = true,
     .help = "Smallest RSA key a phone may have; below 2048 is weak"},
    {.name = "revocation",
     .type = RF_CONF_ENUM,
     .at = AT(revocation),
     .fallback = "lenient",
     .words = revocation_words,
     .reloads = true,
     .weak = true,
     .help = "Certificates of phones that their issuers revoke: lenient (refused is what is known "
             "to be revoked), strict (and also what might be, because no list and no responder "
             "says that it is not) or off (weak: nothing is looked at)"},
    {.name = "crl_url",
     .type = RF_CONF_TEXT,
     .at = AT(crl_url),
     .fallback = "",
     .reloads = true,
     .help = "Where lists of revoked certificates (CRLs) are fetched: http URLs, blanks between. "
             "Each list says whose it is"},
    {.name = "ocsp_url",
     .type = RF_CONF_TEXT,
     .at = AT(ocsp_url),
     .fallback = "",
     .reloads = true,
     .help = "OCSP responders, blanks between: URL (for every issuer but our own) or "
             "FINGERPRINT=URL (for the issuer with this SHA-256 fingerprint)"},
    {.name = "revocation_check_s",
     .type = RF_CONF_U32,
     .at = AT(revocation_check_s),
     .fallback = "240",
     .min = 1,
     .max = 86400,
     .unit = "seconds",
     .reloads = true,
     .help = "Lists are fetched, and responders asked about each certificate, again after so "
             "long: a phone whose certificate was revoked is cut off by then"},
    {.name = "accept_mic_for_signalling",
     .type = RF_CONF_BOOL,
     .at = AT(accept_mic_for_signalling),
     .fallback = "no",
     .reloads = true,
     .weak = true,
     .help = "Let phones register with the manufacturer's certificate (weak: that proves the make, "
             "not that the phone is one of ours)"},
    {.name = "accept_mic_for_capf",
     .type = RF_CONF_BOOL,
     .at = AT(accept_mic_for_capf),
     .fallback = "yes",
     .reloads = true,
     .help = "Let phones enrol with the manufacturer's certificate, for devices of the database"},
    {.name = "expired_mic",
     .type = RF_CONF_ENUM,
     .at = AT(expired_mic),
     .fallback = "refuse",
     .words = expired_words,
     .reloads = true,
     .weak = true,
     .help = "A manufacturer's certificate that has expired, when a phone enrols with it: refuse; "
             "with_string (weak): it does together with the operation's authentication string; "
             "listed (weak): it does for devices of `ringfence mic allowed`"},
    {.name = "capf_null_string",
     .type = RF_CONF_BOOL,
     .at = AT(capf_null_string),
     .fallback = "no",
     .reloads = true,
     .weak = true,
     .help =
         "Allow operations that ask for no proof at all (weak: whoever reaches CAPF may enrol)"},
    {.name = "capf_bare_digest",
     .type = RF_CONF_BOOL,
     .at = AT(capf_bare_digest),
     .fallback = "no",
     .reloads = true,
     .weak = true,
     .help =
         "Take signatures over a digest without its algorithm (weak), as some phones make them"},
    {.name = "capf_sha1_certs",
     .type = RF_CONF_BOOL,
     .at = AT(capf_sha1_certs),
     .fallback = "no",
     .reloads = true,
     .weak = true,
     .help = "Let phones enrol with certificates signed with SHA-1 (weak): the manufacturer's "
             "certificates of older phones are"},
    {.name = "capf_source_tries",
     .type = RF_CONF_U32,
     .at = AT(capf_source_tries),
     .fallback = "10",
     .min = 5,
     .max = 10000,
     .reloads = true,
     .help = "Wrong authentication strings from one address (IPv6: one /64) within a day, of "
             "whatever phones, before strings from there are no longer judged for a while"},
    {.name = "capf_source_wait_s",
     .type = RF_CONF_U32,
     .at = AT(capf_source_wait_s),
     .fallback = "60",
     .min = 1,
     .max = 3600,
     .unit = "s",
     .reloads = true,
     .help = "How long that is; each wrong string after it doubles it, up to an hour"},
    {.name = "lsc_subject",
     .type = RF_CONF_ENUM,
     .at = AT(lsc_subject),
     .fallback = "name",
     .words = subject_words,
     .reloads = true,
     .help = "The common name in a certificate given to a phone: name (SEP001122334455) or model "
             "(CP-8861-SEP001122334455, as the phone's own certificate has it)"},
    {.name = "lsc_days",
     .type = RF_CONF_U32,
     .at = AT(lsc_days),
     .fallback = "825",
     .min = 1,
     .max = 1825,
     .unit = "days",
     .reloads = true,
     .help = "How long a certificate given to a phone is valid"},
    {.name = "lsc_issuer",
     .type = RF_CONF_ENUM,
     .at = AT(lsc_issuer),
     .fallback = "local",
     .words = issuer_words,
     .help = "Who makes the certificates of phones: local (this site's own issuer), cmp (another "
             "CA, asked while the phone waits) or offline (another CA, to which somebody carries "
             "the requests: `ringfence capf export`)"},
    {.name = "cmp_url",
     .type = RF_CONF_TEXT,
     .at = AT(cmp_url),
     .fallback = "",
     .help = "With lsc_issuer = cmp: where the CA speaks CMP, http://HOST:PORT/PATH"},
    {.name = "cmp_ra_cert",
     .type = RF_CONF_TEXT,
     .at = AT(cmp_ra_cert),
     .fallback = "",
     .help = "PEM file with the certificate by which the CA knows this server, and those above it; "
             "paths of files are below the site's folder or whole"},
    {.name = "cmp_ra_key",
     .type = RF_CONF_TEXT,
     .at = AT(cmp_ra_key),
     .fallback = "",
     .help = "Its key, mode 0600: whoever has it gets certificates for any phone"},
    {.name = "cmp_reference",
     .type = RF_CONF_TEXT,
     .at = AT(cmp_reference),
     .fallback = "",
     .help = "Name of a secret shared with the CA, instead of a certificate"},
    {.name = "cmp_secret_file",
     .type = RF_CONF_TEXT,
     .at = AT(cmp_secret_file),
     .fallback = "",
     .help = "File with that secret, mode 0600"},
    {.name = "cmp_trusted",
     .type = RF_CONF_TEXT,
     .at = AT(cmp_trusted),
     .fallback = "",
     .help = "PEM file with certificates to which the signatures of the CA's answers lead"},
    {.name = "cmp_recipient",
     .type = RF_CONF_TEXT,
     .at = AT(cmp_recipient),
     .fallback = "",
     .help = "Name of the CA, /CN=CA/O=Example; needed with a secret"},
    {.name = "cmp_timeout_s",
     .type = RF_CONF_U32,
     .at = AT(cmp_timeout_s),
     .fallback = "15",
     .min = 1,
     .max = 300,
     .unit = "s",
     .help = "How long the CA may take for one message"},
    {.name = "cmp_wait_s",
     .type = RF_CONF_U32,
     .at = AT(cmp_wait_s),
     .fallback = "60",
     .max = 3600,
     .unit = "s",
     .reloads = true,
     .help = "How long a phone is kept waiting for a CA that has its request and needs time; then "
             "it has to come again"},
    {.name = "cmp_implicit_confirm",
     .type = RF_CONF_BOOL,
     .at = AT(cmp_implicit_confirm),
     .fallback = "no",
     .help =
         "For a CA that takes no confirmation. With yes, an answer that is lost on its way is a "
         "certificate that the CA gave and nobody has"},
    {.name = "lsc_key_bits",
     .type = RF_CONF_U32,
     .at = AT(lsc_key_bits),
     .fallback = "2048",
     .min = 512,
     .max = 4096,
     .unit = "bits",
     .reloads = true,
     .help = "RSA key a phone is told to make; not below rsa_min"},
    {.name = "capf_string_hours",
     .type = RF_CONF_U32,
     .at = AT(capf_string_hours),
     .fallback = "72",
     .min = 1,
     .max = 8760,
     .unit = "hours",
     .reloads = true,
     .help = "An authentication string is not taken after so long"},
    {.name = "renew",
     .type = RF_CONF_BOOL,
     .at = AT(renew),
     .fallback = "no",
     .reloads = true,
     .help = "Renew phones' certificates by itself when two thirds of their life are over: the "
             "phone restarts, and proves itself by the certificate it has"},
    {.name = "renew_rate",
     .type = RF_CONF_U32,
     .at = AT(renew_rate),
     .fallback = "6",
     .min = 1,
     .max = 6000,
     .unit = "phones a minute",
     .reloads = true,
     .help = "So many phones begin their renewal in a minute, at most"},
    {.name = "renew_parallel",
     .type = RF_CONF_U32,
     .at = AT(renew_parallel),
     .fallback = "10",
     .min = 1,
     .max = 256,
     .unit = "phones",
     .reloads = true,
     .help = "So many phones are at their renewal at one time, at most"},
    {.name = "renew_window",
     .type = RF_CONF_TEXT,
     .at = AT(renew_window),
     .fallback = "",
     .reloads = true,
     .help = "Renewals begin only in this part of the day, local time of the server, e.g. "
             "22:00-05:00; empty: at any time"},
    {.name = "media_policy",
     .type = RF_CONF_ENUM,
     .at = AT(media_policy),
     .fallback = "best-effort",
     .words = media_words,
     .reloads = true,
     .help =
         "For new devices: best-effort (a call with a phone that has no SRTP is in the clear) or "
         "require (such a call is refused)"},
    {.name = "event_days",
     .type = RF_CONF_U32,
     .at = AT(event_days),
     .fallback = "90",
     .min = 1,
     .max = 3650,
     .unit = "days",
     .reloads = true,
     .help = "Events are kept so long"},
    {.name = "event_limit",
     .type = RF_CONF_U32,
     .at = AT(event_limit),
     .fallback = "100000",
     .min = 100,
     .max = 10000000,
     .unit = "events",
     .reloads = true,
     .help = "and at most so many"},
    {.name = "date_template",
     .type = RF_CONF_TEXT,
     .at = AT(date_template),
     .fallback = "D/M/Y",
     .reloads = true,
     .help =
         "How phones show the date: D, M and Y (or YY) in any order with / - or . between, and A "
         "at the end for a 12-hour clock"},
    {.name = "time_zone",
     .type = RF_CONF_TEXT,
     .at = AT(time_zone),
     .fallback = "Greenwich Standard Time",
     .reloads = true,
     .help = "Time zone by the name phones know, e.g. W. Europe Standard/Daylight Time"},
    {.name = "locale",
     .type = RF_CONF_TEXT,
     .at = AT(locale),
     .fallback = "English_United_States",
     .reloads = true,
     .help = "Language of the phones"},
    {.name = "load_server",
     .type = RF_CONF_TEXT,
     .at = AT(load_server),
     .fallback = "",
     .reloads = true,
     .help = "Name or address of another server that phones get their firmware from; empty: from "
             "this one. What is not there is not looked for here"},
};

const struct rf_conf_def rf_site_conf_def = {
    .options = options,
    .n = sizeof options / sizeof *options,
    .size = sizeof(struct rf_site_conf),
};

static enum rf_err refuse(struct rf_why *why, const char *name, const char *value,
                          const char *wants)
{
    char shown[80];
    return rf_why_set(why, RF_ERR_BAD, "conf-value", "%s = %s: wants %s", name,
                      rf_escape(rf_slice_str(value), shown, sizeof shown), wants);
}

/* 1 to max bytes, all of them of the set. */
static bool is_made_of(const char *text, size_t max, const char *set)
{
    size_t n = strlen(text);
    return n > 0 && n <= max && strspn(text, set) == n;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

static bool is_printable(const char *text, size_t max)
{
    size_t n = 0;
    for (; text[n] != '\0'; n++)
        if ((unsigned char)text[n] < ' ' || (unsigned char)text[n] > '~')
            return false;
    return n <= max;
}

static bool is_address(const char *text)
{
    uint8_t raw[16];
    return inet_pton(AF_INET, text, raw) == 1 || inet_pton(AF_INET6, text, raw) == 1;
}

static bool is_everywhere(const char *text)
{
    return strcmp(text, "0.0.0.0") == 0 || strcmp(text, "::") == 0;
}

static bool is_date_template(const char *text)
{
    if (!is_made_of(text, 8, "DMYA/-."))
        return false;
    size_t d = 0;
    size_t m = 0;
    size_t y = 0;
    size_t separators = 0;
    for (const char *c = text; *c != '\0'; c++) {
        d += *c == 'D';
        m += *c == 'M';
        y += *c == 'Y';
        separators += strchr("/-.", *c) != NULL;
        if (*c == 'A' && c[1] != '\0')
            return false;
    }
    return d == 1 && m == 1 && (y == 1 || y == 2) && separators == 2;
}

static bool are_fingerprints(const char *text)
{
    struct rf_slice rest = rf_slice_str(text);
    struct rf_slice one;
    char digits[65];
    while (rest.len > 0 && rf_next_piece(&rest, ' ', &one))
        if (one.len != 64 || !rf_slice_to_str(one, digits, sizeof digits) ||
            strspn(digits, DIGITS "abcdef") != 64)
            return false;
    return true;
}

static enum rf_err check_texts(const struct rf_site_conf *c, struct rf_why *why)
{
    if (!is_made_of(c->name, 32, LETTERS DIGITS "-"))
        return refuse(why, "name", c->name, "1 to 32 letters, digits and -");
    if (!is_address(c->listen))
        return refuse(why, "listen", c->listen, "an address in numbers");
    if (c->advertise[0] != '\0' && !is_made_of(c->advertise, 63, LETTERS DIGITS "-.:"))
        return refuse(why, "advertise", c->advertise, "an address or a host name");
    if (c->admin_group[0] != '\0' && !is_made_of(c->admin_group, 32, LETTERS DIGITS "-_."))
        return refuse(why, "admin_group", c->admin_group, "the name of a group");
    if (!are_fingerprints(c->tvs_list_signers))
        return refuse(why, "tvs_list_signers", c->tvs_list_signers,
                      "fingerprints of 64 hexadecimal digits in lower case, blanks between");
    if (c->https_unsigned[0] != '\0' && !is_made_of(c->https_unsigned, 200, LETTERS DIGITS "-. "))
        return refuse(why, "https_unsigned", c->https_unsigned, "models with blanks between");
    if (!is_printable(c->keylog, 512))
        return refuse(why, "keylog", c->keylog, "a path");
    if (!is_date_template(c->date_template))
        return refuse(why, "date_template", c->date_template, "D, M and Y, e.g. D/M/YA");
    if (c->time_zone[0] == '\0' || !is_printable(c->time_zone, 99))
        return refuse(why, "time_zone", c->time_zone, "a name of at most 99 characters");
    struct rf_networks networks;
    struct rf_why inner = {0};
    if (rf_networks_parse(c->provision_networks, &networks, &inner) != RF_OK)
        return rf_why_set(why, RF_ERR_BAD, "conf-value", "provision_networks: %s", inner.text);
    struct rf_window window;
    if (!rf_window_parse(c->renew_window, &window))
        return refuse(why, "renew_window", c->renew_window, "HH:MM-HH:MM, or nothing");
    if (!is_made_of(c->locale, 40, LETTERS "_"))
        return refuse(why, "locale", c->locale, "a name such as English_United_States");
    if (c->load_server[0] != '\0' && !is_made_of(c->load_server, 63, LETTERS DIGITS "-.:"))
        return refuse(why, "load_server", c->load_server, "an address or a host name");
    return RF_OK;
}

static enum rf_err check(const struct rf_site_conf *c, struct rf_why *why)
{
    enum rf_err err = check_texts(c, why);
    if (err == RF_OK)
        err = site_check_legacy(c, why);
    if (err == RF_OK)
        err = site_check_urls(c, why);
    if (err != RF_OK)
        return err;
    if (is_everywhere(c->listen) && c->advertise[0] == '\0')
        return rf_why_set(why, RF_ERR_BAD, "conf-advertise",
                          "listen = %s is no address to tell phones: set advertise", c->listen);
    if (is_everywhere(c->advertise))
        return refuse(why, "advertise", c->advertise, "an address phones can reach");
    if ((err = site_check_ports(c, why)) != RF_OK)
        return err;
    if (c->lsc_issuer == RF_SITE_ISSUER_CMP && c->cmp_url[0] == '\0')
        return rf_why_set(why, RF_ERR_BAD, "conf-cmp", "lsc_issuer = cmp wants cmp_url");
    if (c->lsc_key_bits < c->rsa_min)
        return rf_why_set(why, RF_ERR_BAD, "conf-key-size",
                          "lsc_key_bits = %u is below rsa_min = %u: phones would be refused",
                          c->lsc_key_bits, c->rsa_min);
    return RF_OK;
}

static enum rf_err parse(struct rf_slice text, struct rf_site_conf **out, struct rf_why *why)
{
    void *raw = NULL;
    enum rf_err err = rf_conf_parse(&rf_site_conf_def, text, &raw, why);
    if (err != RF_OK)
        return err;
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *conf = raw;
    if ((err = check(conf, why)) != RF_OK)
        return err;
    *out = rf_steal(&conf);
    return RF_OK;
}

struct rf_site_conf *rf_site_conf_new(void)
{
    return rf_conf_new(&rf_site_conf_def);
}

void rf_site_conf_free(struct rf_site_conf *conf)
{
    rf_conf_free(&rf_site_conf_def, conf);
}

void rf_site_conf_freep(struct rf_site_conf **conf)
{
    rf_site_conf_free(*conf);
}

enum rf_err rf_site_conf_load(const char *path, struct rf_site_conf **out, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf text = {0};
    enum rf_err err = rf_file_read(path, CONF_BYTES_MAX, &text, why);
    if (err != RF_OK)
        return err;
    struct rf_why inner = {0};
    err = parse(rf_buf_slice(&text), out, &inner);
    unsigned line = site_line_of(rf_buf_slice(&text), inner.text);
    if (err != RF_OK && line > 0)
        return rf_why_set(why, err, inner.code, "%s: line %u: %s", path, line, inner.text);
    if (err != RF_OK)
        return rf_why_set(why, err, inner.code, "%s: %s", path, inner.text);
    return RF_OK;
}

static bool is_set(const char *name, const struct rf_site_setting *settings, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(settings[i].name, name) == 0)
            return true;
    return false;
}

enum rf_err rf_site_conf_set_all(struct rf_site_conf **conf, const struct rf_site_setting *settings,
                                 size_t n, struct rf_why *why)
{
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(CONF_BYTES_MAX);
    struct rf_site_conf *changed = NULL;
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < n && err == RF_OK; i++) {
        if (strchr(settings[i].value, '\n') != NULL)
            return refuse(why, settings[i].name, settings[i].value, "one line");
        err = rf_buf_addf(&text, "%s = %s\n", settings[i].name, settings[i].value);
    }
    for (size_t i = 0; i < rf_site_conf_def.n && err == RF_OK; i++) {
        char now[1024];
        if (!is_set(options[i].name, settings, n))
            err = rf_buf_addf(&text, "%s = %s\n", options[i].name,
                              rf_conf_text(&options[i], *conf, now, sizeof now));
    }
    if (err != RF_OK)
        return rf_why_set(why, err, "conf-size", "the values are too long");
    if ((err = parse(rf_buf_slice(&text), &changed, why)) != RF_OK)
        return err;
    rf_site_conf_free(*conf);
    *conf = changed;
    return RF_OK;
}

enum rf_err rf_site_conf_set(struct rf_site_conf **conf, const char *name, const char *value,
                             struct rf_why *why)
{
    return rf_site_conf_set_all(conf, &(struct rf_site_setting){name, value}, 1, why);
}

enum rf_err rf_site_conf_create(const char *dir, const struct rf_site_conf *conf,
                                struct rf_why *why)
{
    RF_AUTO(rf_freep) char *path = rf_site_path_in(dir, RF_SITE_CONF);
    RF_AUTO(rf_buf_fini) struct rf_buf text = RF_BUF(CONF_BYTES_MAX);
    enum rf_err err = check(conf, why);
    if (err == RF_OK)
        err = rf_buf_addf(&text, "# Configuration of a ringfence site. `ringfence config check` "
                                 "reads it, `ringfence reload` applies it.\n\n");
    if (err == RF_OK)
        err = rf_conf_write(&rf_site_conf_def, conf, &text);
    return err == RF_OK ? rf_file_create(path, rf_buf_slice(&text), RF_FILE_PUBLIC, why) : err;
}

bool rf_site_conf_compare(const struct rf_site_conf *now, const struct rf_site_conf *wanted,
                          void (*each)(void *arg, const struct rf_conf_option *option,
                                       bool applies),
                          void *arg)
{
    bool all_apply = true;
    for (size_t i = 0; i < rf_site_conf_def.n; i++) {
        if (rf_conf_same(&options[i], now, wanted))
            continue;
        all_apply = all_apply && options[i].reloads;
        if (each != NULL)
            each(arg, &options[i], options[i].reloads);
    }
    return all_apply;
}

/* A number is weak below its default, anything else when it is not the default. */
static bool is_weak(const struct rf_conf_option *o, const struct rf_site_conf *conf,
                    const struct rf_site_conf *defaults)
{
    if (!o->weak || rf_conf_same(o, conf, defaults))
        return false;
    if (o->at == AT(revocation))
        return conf->revocation == RF_SITE_REVOCATION_OFF;
    return o->at != AT(rsa_min) || conf->rsa_min < defaults->rsa_min;
}

void rf_site_conf_weak(const struct rf_site_conf *conf,
                       void (*each)(void *arg, const char *name, const char *value), void *arg)
{
    RF_AUTO(rf_site_conf_freep) struct rf_site_conf *defaults = rf_site_conf_new();
    for (size_t i = 0; i < rf_site_conf_def.n; i++) {
        char value[1024];
        if (is_weak(&options[i], conf, defaults))
            each(arg, options[i].name, rf_conf_text(&options[i], conf, value, sizeof value));
    }
}

const char *rf_site_advertised(const struct rf_site_conf *conf)
{
    return conf->advertise[0] != '\0' ? conf->advertise : conf->listen;
}
