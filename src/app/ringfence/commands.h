/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors of all commands; commands.c puts them in order. */
#ifndef APP_RINGFENCE_COMMANDS_H
#define APP_RINGFENCE_COMMANDS_H

#include "app/ringfence/cmd.h"

extern const struct cmd cmd_file_show, cmd_file_verify, cmd_file_sign, cmd_file_strip,
    cmd_file_encrypt, cmd_file_decrypt;
extern const struct cmd cmd_list_show, cmd_list_verify, cmd_list_build, cmd_list_diff,
    cmd_list_publish, cmd_list_check, cmd_list_phones, cmd_list_add, cmd_list_remove,
    cmd_list_entries, cmd_list_recover;
extern const struct cmd cmd_rotate_begin, cmd_rotate_status, cmd_rotate_next, cmd_rotate_abort;
extern const struct cmd cmd_image_show, cmd_image_verify, cmd_image_sign, cmd_image_import;
extern const struct cmd cmd_image_list, cmd_image_default, cmd_image_refused, cmd_image_remove;
extern const struct cmd cmd_files_import, cmd_files_list, cmd_files_add, cmd_files_remove;
extern const struct cmd cmd_mic_import, cmd_lsc_import, cmd_lsc_issuers, cmd_lsc_forget;
extern const struct cmd cmd_init, cmd_backup, cmd_restore;
extern const struct cmd cmd_factory_init, cmd_factory_firmware, cmd_factory_phone,
    cmd_factory_image_key, cmd_factory_issued;
/** When, by --age-days, what a factory makes now was made. */
RF_MUST_CHECK bool cmd_factory_made(const struct cmd_ctx *ctx, int64_t *made_s);
extern const struct cmd cmd_config_check, cmd_config_show, cmd_config_device, cmd_config_lint,
    cmd_config_elements;
extern const struct cmd cmd_template_set, cmd_template_unset, cmd_template_show;
extern const struct cmd cmd_status, cmd_events, cmd_calls, cmd_calls_history, cmd_reload;
extern const struct cmd cmd_meet_me_add, cmd_meet_me_list, cmd_meet_me_remove;
extern const struct cmd cmd_device_list, cmd_device_show, cmd_device_add, cmd_device_change,
    cmd_device_pending, cmd_device_approve, cmd_device_remove, cmd_device_reset, cmd_device_set,
    cmd_device_unset;
/** What the options of CMD_LINE_OPTIONS say, into "line_rules" of a body. */
int cmd_line_rules(const struct cmd_ctx *ctx, struct rf_json *body);
/* clang-format off */
#define CMD_LINE_OPTIONS                                                                           \
    {.name = "protected", .arg = "yes|no",                                                         \
     .help = "tells by a tone whether a call is secure; mode encrypted only"},                     \
    {.name = "shared", .arg = "DN=yes|no", .repeats = true,                                        \
     .help = "this line may stand on other devices, too"},                                         \
    {.name = "forward-all", .arg = "DN=NUMBER", .repeats = true,                                   \
     .help = "where all calls of this line go; no number: nowhere"},                               \
    {.name = "forward-busy", .arg = "DN=NUMBER", .repeats = true, .help = "when it is busy"},      \
    {.name = "forward-no-answer", .arg = "DN=NUMBER", .repeats = true,                             \
     .help = "when nobody answers"},                                                               \
    {.name = "forward-unregistered", .arg = "DN=NUMBER", .repeats = true,                          \
     .help = "when no phone of it is registered"},                                                 \
    {.name = "calls-max", .arg = "DN=N", .repeats = true,                                          \
     .help = "calls of the line at one time, 1 to 8; 0: the default, 4"},                          \
    {.name = "busy-trigger", .arg = "DN=N", .repeats = true,                                       \
     .help = "calls with which it counts as busy, 1 to 8; 0: the default, 2"}
/* clang-format on */
extern const struct cmd cmd_srst_trust, cmd_srst_renew;
extern const struct cmd cmd_tvs_add, cmd_tvs_remove, cmd_tvs_list;
extern const struct cmd cmd_srst_add, cmd_srst_update, cmd_srst_use, cmd_srst_remove,
    cmd_srst_release, cmd_srst_list;
extern const struct cmd cmd_capf_install, cmd_capf_delete, cmd_capf_fetch, cmd_capf_cancel,
    cmd_capf_list, cmd_capf_due;
extern const struct cmd cmd_mic_expiring, cmd_mic_allow_expired, cmd_mic_allowed, cmd_mic_disallow;
extern const struct cmd cmd_campaign_start, cmd_campaign_list, cmd_campaign_show,
    cmd_campaign_watch, cmd_campaign_pause, cmd_campaign_resume, cmd_campaign_stop,
    cmd_campaign_report;
extern const struct cmd cmd_capf_requests_list, cmd_capf_requests_export, cmd_capf_requests_import,
    cmd_capf_requests_drop;
extern const struct cmd cmd_issuer_show, cmd_issuer_request, cmd_issuer_import, cmd_issuer_trust,
    cmd_issuer_distrust;
extern const struct cmd cmd_cert_block, cmd_cert_unblock, cmd_cert_blocked;
extern const struct cmd cmd_crl_import, cmd_crl_fetch, cmd_crl_list, cmd_crl_remove;
extern const struct cmd cmd_ocsp_import, cmd_ocsp_list, cmd_ocsp_remove;

#endif
