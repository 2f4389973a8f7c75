/* SPDX-License-Identifier: Apache-2.0 */
/* doc: docs/wire/phone-configuration.md */
#include "wire/phonexml/phonexml_int.h"

#define STUB   .flags = RF_PHONEXML_IN_STUB
#define COPIED .flags = (RF_PHONEXML_IN_STUB | RF_PHONEXML_COPIED)
#define ALWAYS .flags = RF_PHONEXML_ALWAYS
#define BOTH   .flags = (RF_PHONEXML_IN_STUB | RF_PHONEXML_ALWAYS)

#define SIZE_OF(type, member) sizeof(((struct type *)0)->member)
#define AT(type, member)      .at = offsetof(struct type, member)
#define CHARS(type, member)   AT(type, member), .size = SIZE_OF(type, member)
#define HAS(member)           .has_at = offsetof(struct rf_phonexml, member)

#define GROUP(rows)                                                                                \
    .kind = RF_PHONEXML_GROUP, .child = (rows), .child_n = sizeof(rows) / sizeof *(rows)
#define ITEM(rows, l)                                                                              \
    .kind = RF_PHONEXML_ITEM, .child = (rows), .child_n = sizeof(rows) / sizeof *(rows),           \
    .list = &(l)
#define TEXT(type, member) .kind = RF_PHONEXML_TEXT, CHARS(type, member)
#define FLAG(member)       .kind = RF_PHONEXML_BOOL, AT(rf_phonexml, member)
#define PORT(type, member) .kind = RF_PHONEXML_U16, AT(type, member), .max = UINT16_MAX
#define NUMBER(member, a, b)                                                                       \
    .kind = RF_PHONEXML_U32, AT(rf_phonexml, member), .min = (a), .max = (b)

_Static_assert(sizeof(enum rf_phonexml_mode) == 4 && sizeof(enum rf_phonexml_capf_mode) == 4 &&
                   sizeof(enum rf_phonexml_transport) == 4,
               "an enum is stored as uint32_t");

static const struct rf_phonexml_list cm_list = {
    .what = "call managers",
    .count_at = offsetof(struct rf_phonexml, cm_n),
    .items_at = offsetof(struct rf_phonexml, cm),
    .item_size = sizeof(struct rf_phonexml_server),
    .max = RF_PHONEXML_CMS_MAX,
    .name_at = offsetof(struct rf_phonexml_server, name),
    .port_at = offsetof(struct rf_phonexml_server, port),
    .port = RF_PHONEXML_CM_PORT,
    .has_priority = true,
};
static const struct rf_phonexml_list tvs_list = {
    .what = "TVS servers",
    .count_at = offsetof(struct rf_phonexml, tvs_n),
    .items_at = offsetof(struct rf_phonexml, tvs),
    .item_size = sizeof(struct rf_phonexml_server),
    .max = RF_PHONEXML_TVS_MAX,
    .name_at = offsetof(struct rf_phonexml_server, name),
    .port_at = offsetof(struct rf_phonexml_server, port),
    .port = RF_PHONEXML_TVS_PORT,
    .has_priority = true,
};
static const struct rf_phonexml_list capf_list = {
    .what = "CAPF servers",
    .count_at = offsetof(struct rf_phonexml, capf_n),
    .items_at = offsetof(struct rf_phonexml, capf),
    .item_size = sizeof(struct rf_phonexml_capf),
    .max = RF_PHONEXML_CAPF_MAX,
    .name_at = offsetof(struct rf_phonexml_capf, name),
    .port_at = offsetof(struct rf_phonexml_capf, port),
    .port = RF_PHONEXML_CAPF_PORT,
};

static const struct rf_phonexml_row date_rows[] = {
    {"dateTemplate", TEXT(rf_phonexml, date_template)},
    {"timeZone", TEXT(rf_phonexml, time_zone)},
};
static const struct rf_phonexml_row port_rows[] = {
    {"ethernetPhonePort", PORT(rf_phonexml_server, port), ALWAYS},
};
static const struct rf_phonexml_row cm_rows[] = {
    {"ports", GROUP(port_rows)},
    {"processNodeName", TEXT(rf_phonexml_server, name)},
};
static const struct rf_phonexml_row cm_member_rows[] = {
    {"priority", .kind = RF_PHONEXML_ATTR, AT(rf_phonexml_server, priority)},
    {"callManager", GROUP(cm_rows)},
};
static const struct rf_phonexml_row cm_members_rows[] = {
    {"member", ITEM(cm_member_rows, cm_list)},
};
static const struct rf_phonexml_row cm_group_rows[] = {
    {"members", GROUP(cm_members_rows)},
};
static const struct rf_phonexml_row srst_rows[] = {
    {"srstOption", TEXT(rf_phonexml, srst.option)},
    {"ipAddr1", TEXT(rf_phonexml, srst.address[0].ip), ALWAYS},
    {"port1", PORT(rf_phonexml, srst.address[0].port), ALWAYS},
    {"ipAddr2", TEXT(rf_phonexml, srst.address[1].ip), ALWAYS},
    {"port2", PORT(rf_phonexml, srst.address[1].port), ALWAYS},
    {"ipAddr3", TEXT(rf_phonexml, srst.address[2].ip), ALWAYS},
    {"port3", PORT(rf_phonexml, srst.address[2].port), ALWAYS},
    {"isSecure", FLAG(srst.is_secure), ALWAYS},
    {"certificate", .kind = RF_PHONEXML_BASE64, CHARS(rf_phonexml, srst.certificate)},
};
static const struct rf_phonexml_row pool_rows[] = {
    {"dateTimeSetting", GROUP(date_rows)},
    {"callManagerGroup", GROUP(cm_group_rows)},
    {"srstInfo", GROUP(srst_rows), HAS(srst.is_present)},
    {"connectionMonitorDuration", NUMBER(connection_monitor_s, 0, UINT32_MAX),
     HAS(has_connection_monitor)},
};

static const struct rf_phonexml_row tvs_member_rows[] = {
    {"priority", .kind = RF_PHONEXML_ATTR, AT(rf_phonexml_server, priority)},
    {"port", PORT(rf_phonexml_server, port), ALWAYS},
    {"address", TEXT(rf_phonexml_server, name)},
};
static const struct rf_phonexml_row tvs_members_rows[] = {
    {"member", ITEM(tvs_member_rows, tvs_list)},
};
static const struct rf_phonexml_row tvs_rows[] = {
    {"members", GROUP(tvs_members_rows)},
};

static const struct rf_phonexml_row capf_rows[] = {
    {"phonePort", PORT(rf_phonexml_capf, port), BOTH},
    {"processNodeName", TEXT(rf_phonexml_capf, name), STUB},
};
static const struct rf_phonexml_row capf_list_rows[] = {
    {"capf", ITEM(capf_rows, capf_list), STUB},
};

static const struct rf_phonexml_row vendor_rows[] = {
    {"settingsAccess", NUMBER(settings_access, 0, 255), HAS(has_settings_access)},
    {"webAccess", NUMBER(web_access, 0, 255), HAS(has_web_access)},
    {"loadServer", TEXT(rf_phonexml, load_server)},
};
static const struct rf_phonexml_row profile_rows[] = {
    {"phonePassword", TEXT(rf_phonexml, phone_password)},
};
static const struct rf_phonexml_row sip_rows[] = {
    {"dialTemplate", TEXT(rf_phonexml, dial_template)},
    {"softKeyFile", TEXT(rf_phonexml, softkey_file)},
};
static const struct rf_phonexml_row locale_rows[] = {
    {"name", TEXT(rf_phonexml, user_locale)},
};

#define IP_ADDRESS_MODE                                                                            \
    "ipAddressMode", NUMBER(ip_address_mode, 0, 2), HAS(has_ip_address_mode), COPIED

static const struct rf_phonexml_row device_rows[] = {
    {"fullConfig", FLAG(is_full), BOTH},
    {"deviceProtocol", .kind = RF_PHONEXML_PROTOCOL, CHARS(rf_phonexml, device_protocol), ALWAYS},
    {IP_ADDRESS_MODE},
    {"devicePool", GROUP(pool_rows)},
    {"TVS", GROUP(tvs_rows)},
    {"sipProfile", GROUP(sip_rows)},
    {"featurePolicyFile", TEXT(rf_phonexml, feature_policy)},
    {"commonProfile", GROUP(profile_rows)},
    {"loadInformation", TEXT(rf_phonexml, load_information), COPIED},
    {"vendorConfig", GROUP(vendor_rows)},
    {"versionStamp", TEXT(rf_phonexml, version_stamp)},
    {"userLocale", GROUP(locale_rows)},
    {"networkLocale", TEXT(rf_phonexml, network_locale)},
    {"deviceSecurityMode",
     NUMBER(security_mode, RF_PHONEXML_MODE_NON_SECURE, RF_PHONEXML_MODE_ENCRYPTED), ALWAYS},
    {"secureDirectoryURL", TEXT(rf_phonexml, directory_url)},
    {"secureInformationURL", TEXT(rf_phonexml, information_url)},
    {"secureMessagesURL", TEXT(rf_phonexml, messages_url)},
    {"secureServicesURL", TEXT(rf_phonexml, services_url)},
    {"transportLayerProtocol", NUMBER(transport, 0, RF_PHONEXML_TRANSPORT_TCP_UDP)},
    {"capfAuthMode", NUMBER(capf_auth_mode, 0, RF_PHONEXML_CAPF_MIC_FIRST), HAS(has_capf_auth_mode),
     COPIED},
    {"capfList", GROUP(capf_list_rows), COPIED},
    {"certHash", .kind = RF_PHONEXML_HEX, CHARS(rf_phonexml, cert_hash), STUB},
    {"encrConfig", FLAG(is_encrypted), BOTH},
};
const struct rf_phonexml_row rf_phonexml_device = {"device", GROUP(device_rows), BOTH};

static const struct rf_phonexml_row default_rows[] = {
    {IP_ADDRESS_MODE},
    {"callManagerGroup", GROUP(cm_group_rows)},
    {"TVS", GROUP(tvs_rows)},
    {"loadInformation", .kind = RF_PHONEXML_MODEL},
};
const struct rf_phonexml_row rf_phonexml_default = {"Default", GROUP(default_rows), ALWAYS};
