/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_call.h"

#include <string.h>

static const char *const mode_names[] = {"nonsecure", "authenticated", "encrypted"};
static const char *const protocol_names[] = {"sccp", "sip"};
static const char *const media_policy_names[] = {"best-effort", "require"};
static const char *const encrypt_names[] = {"auto", "off", "on"};
static const char *const layer_names[] = {"site", "model", "profile", "device"};
static const char *const op_names[] = {"none", "install", "delete", "fetch"};
static const char *const auth_names[] = {"string", "null", "lsc", "mic"};
static const char *const op_state_names[] = {"none", "pending", "in progress", "success", "failed"};
static const char *const severity_names[] = {"error", "warn", "info"};
static const char *const digest_names[] = {"model", "sha1", "sha512"};
static const char *const least_names[] = {"none", "authenticated", "encrypted"};
static const char *const kind_names[] = {"lsc", "mic"};
static const char *const cert_state_names[] = {"unconfirmed", "confirmed", "superseded", "revoked"};

#define N_OF(names) (sizeof(names) / sizeof *(names))

static const char *name_of(const char *const *names, size_t n, unsigned value)
{
    return value < n ? names[value] : "?";
}

static bool number_of(const char *const *names, size_t n, const char *text, unsigned *out)
{
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return true;
        }
    }
    *out = 0;
    return false;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses. */
#define NAME_FN(function, type, names)                                                             \
    const char *function(type value)                                                               \
    {                                                                                              \
        return name_of(names, N_OF(names), (unsigned)value);                                       \
    }
#define PARSE_FN(function, type, names)                                                            \
    bool function(const char *text, type *out)                                                     \
    {                                                                                              \
        unsigned value;                                                                            \
        bool is_known = number_of(names, N_OF(names), text, &value);                               \
        *out = (type)value;                                                                        \
        return is_known;                                                                           \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

NAME_FN(rf_store_severity_name, enum rf_store_severity, severity_names)
NAME_FN(rf_store_mode_name, enum rf_store_mode, mode_names)
PARSE_FN(rf_store_mode_parse, enum rf_store_mode, mode_names)
NAME_FN(rf_store_protocol_name, enum rf_store_protocol, protocol_names)
PARSE_FN(rf_store_protocol_parse, enum rf_store_protocol, protocol_names)
NAME_FN(rf_store_media_policy_name, enum rf_store_media_policy, media_policy_names)
PARSE_FN(rf_store_media_policy_parse, enum rf_store_media_policy, media_policy_names)
NAME_FN(rf_store_encrypt_name, enum rf_store_encrypt, encrypt_names)
PARSE_FN(rf_store_encrypt_parse, enum rf_store_encrypt, encrypt_names)
NAME_FN(rf_store_layer_name, enum rf_store_layer, layer_names)
PARSE_FN(rf_store_layer_parse, enum rf_store_layer, layer_names)
NAME_FN(rf_store_digest_name, enum rf_store_digest, digest_names)
PARSE_FN(rf_store_digest_parse, enum rf_store_digest, digest_names)
NAME_FN(rf_store_least_name, enum rf_store_least, least_names)
PARSE_FN(rf_store_least_parse, enum rf_store_least, least_names)
NAME_FN(rf_store_op_name, enum rf_store_op, op_names)
PARSE_FN(rf_store_op_parse, enum rf_store_op, op_names)
NAME_FN(rf_store_auth_name, enum rf_store_auth, auth_names)
PARSE_FN(rf_store_auth_parse, enum rf_store_auth, auth_names)
NAME_FN(rf_store_op_state_name, enum rf_store_op_state, op_state_names)
NAME_FN(rf_store_cert_kind_name, enum rf_store_cert_kind, kind_names)
NAME_FN(rf_store_cert_state_name, enum rf_store_cert_state, cert_state_names)
