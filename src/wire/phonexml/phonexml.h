/* SPDX-License-Identifier: Apache-2.0 */
/* The phone's configuration file (SEP<MAC>.cnf.xml, its stub, XMLDefault.cnf.xml), and the only
 * home of expat. Read only bytes whose signature was verified before. The writer makes the full
 * SCCP document, or the stub when is_full is false.
 *
 *     RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = NULL;
 *     if (rf_phonexml_decode(body, &c, &why) == RF_OK)
 *         connect(c->cm[0].name, c->cm[0].port + RF_PHONEXML_TLS_OFFSET);
 *
 * Thread: any; an object belongs to one thread at a time.
 * Source: doc: docs/wire/phone-configuration.md */
#ifndef WIRE_PHONEXML_PHONEXML_H
#define WIRE_PHONEXML_PHONEXML_H

#include "base/mem.h"

#define RF_PHONEXML_BYTES_MAX  65536
#define RF_PHONEXML_DEPTH_MAX  32
#define RF_PHONEXML_TEXT_MAX   2048 /* bytes of text in one element */
#define RF_PHONEXML_ATTRS_MAX  16   /* attributes of one element */
#define RF_PHONEXML_CMS_MAX    5    /* call managers; real phones use the first three */
#define RF_PHONEXML_TVS_MAX    5
#define RF_PHONEXML_CAPF_MAX   5
#define RF_PHONEXML_SRST_N     3
#define RF_PHONEXML_MODELS_MAX 64 /* loadInformation<N> of XMLDefault */
/** A secure SCCP phone connects to ethernetPhonePort plus this. */
#define RF_PHONEXML_TLS_OFFSET 443
#define RF_PHONEXML_CERT_MAX   2000 /* base64 characters of the SRST certificate */
/* Ports when the element is absent or empty. */
#define RF_PHONEXML_CM_PORT   2000 /* call manager and SRST */
#define RF_PHONEXML_TVS_PORT  2445
#define RF_PHONEXML_CAPF_PORT 3804

/* Widths are the limits of the real elements plus the NUL. */
#define RF_PHONEXML_HOST_SIZE  65
#define RF_PHONEXML_NAME_SIZE  65
#define RF_PHONEXML_ZONE_SIZE  100
#define RF_PHONEXML_FILE_SIZE  65
#define RF_PHONEXML_MODEL_SIZE 32
#define RF_PHONEXML_URL_SIZE   256

enum rf_phonexml_mode {
    RF_PHONEXML_MODE_NON_SECURE = 1, /* also when the element is absent */
    RF_PHONEXML_MODE_AUTHENTICATED = 2,
    RF_PHONEXML_MODE_ENCRYPTED = 3,
};

enum rf_phonexml_capf_mode {
    RF_PHONEXML_CAPF_NONE = 0,
    RF_PHONEXML_CAPF_STRING = 1,    /* authentication string typed by the user */
    RF_PHONEXML_CAPF_NULL = 2,      /* no authentication */
    RF_PHONEXML_CAPF_LSC_FIRST = 3, /* by existing certificate, LSC before MIC */
    RF_PHONEXML_CAPF_MIC_FIRST = 4, /* the same, MIC before LSC */
};

enum rf_phonexml_transport {
    RF_PHONEXML_TRANSPORT_UNSET = 0,
    RF_PHONEXML_TRANSPORT_TCP = 1,
    RF_PHONEXML_TRANSPORT_UDP = 2,
    RF_PHONEXML_TRANSPORT_TLS = 3,
    RF_PHONEXML_TRANSPORT_TCP_UDP = 4,
};

/** A call manager or TVS server. Those without a name are left out; the others are sorted by
 * priority, without a number (-1) last. */
struct rf_phonexml_server {
    int32_t priority;
    char name[RF_PHONEXML_HOST_SIZE]; /* processNodeName, or address of TVS */
    uint16_t port;                    /* as written: ethernetPhonePort (base port), or TVS port */
};

struct rf_phonexml_capf {
    char name[RF_PHONEXML_HOST_SIZE];
    uint16_t port; /* 3804 when absent */
};

struct rf_phonexml_srst_address {
    char ip[20];   /* empty: not set */
    uint16_t port; /* 2000 when absent */
};

struct rf_phonexml_srst {
    bool is_present;
    char option[33]; /* "Disable" switches it off */
    struct rf_phonexml_srst_address address[RF_PHONEXML_SRST_N];
    bool is_secure;
    char certificate[RF_PHONEXML_CERT_MAX + 1]; /* base64 of DER on one line; empty: absent */
};

/** XMLDefault: the load of one model. */
struct rf_phonexml_model_load {
    uint32_t model;
    char name[RF_PHONEXML_MODEL_SIZE]; /* attribute "model", for people; may be empty */
    char load[RF_PHONEXML_NAME_SIZE];
};

/** A configuration. Texts are UTF-8 with NUL; empty means not set, as an empty or absent element
 * does. */
struct rf_phonexml {
    bool is_default;         /* root <Default>: XMLDefault */
    bool is_full;            /* fullConfig: false only in the stub of an encrypted configuration */
    char device_protocol[6]; /* "SCCP" (also when absent) or "SIP" */
    bool has_ip_address_mode;
    uint32_t ip_address_mode; /* 0 IPv4, 1 IPv6, 2 both */
    char date_template[50];
    char time_zone[RF_PHONEXML_ZONE_SIZE];
    size_t cm_n;
    struct rf_phonexml_server cm[RF_PHONEXML_CMS_MAX];
    struct rf_phonexml_srst srst;
    bool has_connection_monitor;
    uint32_t connection_monitor_s; /* connectionMonitorDuration: a call manager must answer so long
                                      before the phone leaves SRST for it */
    size_t tvs_n;
    struct rf_phonexml_server tvs[RF_PHONEXML_TVS_MAX];
    char load_information[RF_PHONEXML_NAME_SIZE]; /* without suffix; empty: keep the running load */
    char load_server[RF_PHONEXML_HOST_SIZE];      /* vendorConfig/loadServer */
    char version_stamp[64];
    char user_locale[50]; /* userLocale/name */
    char network_locale[50];
    char dial_template[RF_PHONEXML_FILE_SIZE];  /* sipProfile/dialTemplate: names of files */
    char softkey_file[RF_PHONEXML_FILE_SIZE];   /* sipProfile/softKeyFile */
    char feature_policy[RF_PHONEXML_FILE_SIZE]; /* featurePolicyFile */
    char phone_password[33]; /* commonProfile/phonePassword: opens the settings; wiped with all */
    bool has_settings_access;
    uint32_t settings_access; /* vendorConfig: 0 none, 1 full, 2 user preferences only */
    bool has_web_access;
    uint32_t web_access;                      /* vendorConfig: 0 on, 1 off, 2 read only */
    char directory_url[RF_PHONEXML_URL_SIZE]; /* secure...URL */
    char information_url[RF_PHONEXML_URL_SIZE];
    char messages_url[RF_PHONEXML_URL_SIZE];
    char services_url[RF_PHONEXML_URL_SIZE];
    enum rf_phonexml_mode security_mode;
    enum rf_phonexml_transport transport;
    bool has_capf_auth_mode;
    enum rf_phonexml_capf_mode capf_auth_mode;
    size_t capf_n;
    struct rf_phonexml_capf capf[RF_PHONEXML_CAPF_MAX];
    char cert_hash[33]; /* hexadecimal, or empty */
    bool is_encrypted;  /* encrConfig */
    size_t model_load_n;
    struct rf_phonexml_model_load model_load[RF_PHONEXML_MODELS_MAX];
    size_t unknown_n; /* elements ignored because nothing here reads them */
};

/** A configuration with the defaults of absent elements (full, SCCP, non-secure). Caller owns. */
struct rf_phonexml *rf_phonexml_new(void);
/** NULL is fine. */
void rf_phonexml_free(struct rf_phonexml *c);
void rf_phonexml_freep(struct rf_phonexml **c);

/**
 * Decode a configuration.
 *
 * in   the whole document, UTF-8 whatever it declares.
 * out  a new object on RF_OK, NULL otherwise.
 *
 * No DOCTYPE, no entities but the five of XML itself, no namespaces, unknown elements and
 * attributes ignored. An empty element is as good as an absent one; blanks are not trimmed.
 *
 * Returns RF_OK; RF_ERR_NOMEM; RF_ERR_LIMIT xml-size, xml-depth, xml-text-long, xml-attributes,
 * member-count, model-count, value-long; RF_ERR_BAD xml-doctype, xml-entity, xml-syntax,
 * root-unknown, element-twice, value-number, value-bool, value-protocol, value-base64, value-hex,
 * value-control.
 */
RF_MUST_CHECK enum rf_err rf_phonexml_decode(struct rf_slice in, struct rf_phonexml **out,
                                             struct rf_why *why);

/**
 * Append the document: the full one, the stub (is_full false: only the elements that may stand in
 * the clear), or XMLDefault (is_default). The same object gives the same bytes. What decode reads,
 * decode(encode(x)) gives again.
 *
 * Returns RF_OK; RF_ERR_LIMIT (out->max), value-long (no NUL in its array); RF_ERR_BAD
 * value-control (or not UTF-8), value-hex, value-base64, value-protocol, value-number,
 * member-count (a count above its array), element-twice (a model), for a value that decode would
 * refuse. Nothing is appended then.
 */
RF_MUST_CHECK enum rf_err rf_phonexml_encode(const struct rf_phonexml *c, struct rf_buf *out,
                                             struct rf_why *why);

/**
 * Append the stub that stands in the clear beside an encrypted configuration: what its phone needs
 * to notice which key it was encrypted for, and to enrol. The elements it repeats keep the order
 * they have in the full document; everything else is left out.
 *
 * full       the document that is encrypted, whole.
 * cert_hash  rf_cert_md5 of the certificate it is encrypted for: 32 lower-case digits; NULL when
 * none is known: the phone then enrols.
 *
 * Returns RF_OK; the codes of rf_phonexml_decode and rf_phonexml_encode; RF_ERR_BAD stub-source
 * (XMLDefault, or a stub already), stub-hash. Nothing is appended then.
 */
RF_MUST_CHECK enum rf_err rf_phonexml_stub(struct rf_slice full, const char *cert_hash,
                                           struct rf_buf *out, struct rf_why *why);

#endif
