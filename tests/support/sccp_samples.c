/* SPDX-License-Identifier: Apache-2.0 */
#include "sccp_samples.h"

#include <string.h>

const unsigned sccp_sample_versions[] = {3, 10, 11, 15, 16, 17, 18, 19, 20, 21, 22};
const size_t sccp_sample_versions_n = sizeof sccp_sample_versions / sizeof sccp_sample_versions[0];

#define ID_ONLY(constant, id, text, dir) (id),
const uint32_t sccp_sample_ids[] = {RF_SCCP_IDS(ID_ONLY)};
const size_t sccp_sample_ids_n = sizeof sccp_sample_ids / sizeof sccp_sample_ids[0];

static const struct rf_sccp_addr phone = {.ip = {10, 1, 2, 3}};
static const struct rf_sccp_addr peer = {.ip = {10, 1, 2, 4}};
static const struct rf_sccp_addr server = {.ip = {10, 1, 1, 1}};

/* Four service resources with their five layouts each: the dissector goes by these counts. */
static const uint8_t resources[160] = {[0] = 5, [40] = 5, [80] = 5, [120] = 5};

static struct rf_slice str(const char *s)
{
    return rf_slice_str(s);
}

void sccp_sample_key(struct rf_sccp_media_key *key, uint8_t first_key, uint8_t first_salt)
{
    *key = (struct rf_sccp_media_key){
        .algorithm = RF_SCCP_SRTP_AES_CM_128_HMAC_SHA1_32, .key_len = 16, .salt_len = 14};
    for (uint8_t i = 0; i < 16; i++)
        key->key[i] = (uint8_t)(first_key + i);
    for (uint8_t i = 0; i < 14; i++)
        key->salt[i] = (uint8_t)(first_salt + i);
}

static const struct rf_sccp_audio_cap nine_codecs[] = {
    {RF_SCCP_CODEC_G711_ULAW_64K, 40, {0}},
    {RF_SCCP_CODEC_G711_ALAW_64K, 40, {0}},
    {RF_SCCP_CODEC_G722_64K, 40, {0}},
    {RF_SCCP_CODEC_G729, 60, {0}},
    {12, 60, {0}},
    {15, 60, {0}},
    {16, 60, {0}},
    {25, 120, {0}},
    {86, 60, {0}},
};
static const struct rf_sccp_audio_cap four_codecs[] = {
    {RF_SCCP_CODEC_G711_ULAW_64K, 40, {0}},
    {RF_SCCP_CODEC_G711_ALAW_64K, 40, {0}},
    {RF_SCCP_CODEC_G722_64K, 40, {0}},
    {12, 60, {0}},
};

static void fill_register(struct rf_sccp_register *r)
{
    *r = (struct rf_sccp_register){.device_name = str("SEP001122334455"),
                                   .instance = 1,
                                   .ip4 = {10, 1, 2, 3},
                                   .device_type = 586,
                                   .max_streams = 5,
                                   .protocol_ver = 22,
                                   .features = {0x20, 0x72, 0x85},
                                   .max_conferences = 1,
                                   .mac = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55},
                                   .ip4_scope = 3,
                                   .max_number_of_lines = 36,
                                   .firmware_load_name = str("SCCP70.9-4-2SR3-1S"),
                                   .config_version_stamp = str("{00000000-0000-4000-8000-1}")};
}

static void fill_capabilities(struct rf_sccp_update_capabilities *u)
{
    *u = (struct rf_sccp_update_capabilities){.audio_count = RF_SCCP_AUDIO_CAP_MAX,
                                              .picture_format_count = 6,
                                              .service_resource_count = 4,
                                              .service_resources =
                                                  rf_slice_of(resources, sizeof resources)};
    memcpy(u->audio, nine_codecs, sizeof nine_codecs);
}

static bool sample_register(struct rf_sccp_msg *m)
{
    switch ((unsigned)m->id) {
    case RF_SCCP_KEEPALIVE:
    case RF_SCCP_KEEPALIVE_ACK:
    case RF_SCCP_REGISTER_TOKEN_ACK:
    case RF_SCCP_CAPABILITIES_REQ:
        return true;
    case RF_SCCP_REGISTER:
        fill_register(&m->reg);
        return true;
    case RF_SCCP_REGISTER_ACK:
        m->register_ack = (struct rf_sccp_register_ack){.keepalive_interval_s = 30,
                                                        .date_template = str("D.M.Y"),
                                                        .secondary_keepalive_interval_s = 60,
                                                        .max_protocol_ver = 22,
                                                        .features = {0x20, 0xf1, 0xff}};
        return true;
    case RF_SCCP_REGISTER_REJECT:
        m->register_reject.text = str("Device Unknown");
        return true;
    case RF_SCCP_UNREGISTER:
        m->unregister.reason = 1;
        m->body_len = 12;
        return true;
    case RF_SCCP_UNREGISTER_ACK:
        return true;
    case RF_SCCP_IP_PORT:
        m->ip_port.rtp_media_port = 16384;
        return true;
    case RF_SCCP_RESET:
        m->reset.type = RF_SCCP_RESET_RESTART;
        return true;
    case RF_SCCP_REGISTER_TOKEN_REQ:
    case RF_SCCP_SPCP_REGISTER_TOKEN_REQ:
        m->register_token_req =
            (struct rf_sccp_register_token_req){.device_name = str("SEP001122334455"),
                                                .instance = 1,
                                                .address = 0x0a010203,
                                                .device_type = 30006,
                                                .max_streams = 1};
        return true;
    case RF_SCCP_REGISTER_TOKEN_REJECT:
    case RF_SCCP_SPCP_REGISTER_TOKEN_REJECT:
        m->register_token_reject.wait_s = 60;
        return true;
    case RF_SCCP_SPCP_REGISTER_TOKEN_ACK:
        return true;
    case RF_SCCP_ALARM:
        m->alarm = (struct rf_sccp_alarm){
            .severity = RF_SCCP_ALARM_INFORMATIONAL,
            .text = str("25: Name=SEP001122334455 Load=SCCP70.9-4-2SR3-1S Last=Initialized"),
            .parm1 = 2304,
            .parm2 = 50462986};
        return true;
    case RF_SCCP_ENHANCED_ALARM:
        m->xml.text = str("<x-cisco-alarm><Alarm Name=\"LastOutOfServiceInformation\">"
                          "<ParameterList><String name=\"DeviceName\">SEP001122334455</String>"
                          "</ParameterList></Alarm></x-cisco-alarm>");
        return true;
    case RF_SCCP_LOCATION_INFO:
        m->xml.text = str("<Interface/>");
        m->body_len = 2404;
        return true;
    case RF_SCCP_CAPABILITIES_RES:
        m->capabilities_res.count = 4;
        memcpy(m->capabilities_res.caps, four_codecs, sizeof four_codecs);
        return true;
    case RF_SCCP_UPDATE_CAPABILITIES:
    case RF_SCCP_UPDATE_CAPABILITIES_V2:
    case RF_SCCP_UPDATE_CAPABILITIES_V3:
        fill_capabilities(&m->update_capabilities);
        return true;
    default:
        return false;
    }
}

static void fill_softkeys(struct rf_sccp_softkey_template *t)
{
    static const char labels[18][2] = {
        {'\x80', 1},  {'\x80', 2},  {'\x80', 3},  {'\x80', 4},  {'\x80', 5},  {'\x80', 6},
        {'\x80', 7},  {'\x80', 8},  {'\x80', 9},  {'\x80', 10}, {'\x80', 11}, {'\x80', 12},
        {'\x80', 13}, {'\x80', 14}, {'\x80', 15}, {'\x80', 16}, {'\x80', 17}, {'\x80', 18}};
    t->count = t->total = 18;
    for (uint32_t i = 0; i < 18; i++)
        t->keys[i] = (struct rf_sccp_softkey){.label = rf_slice_of(labels[i], 2), .event = i + 1};
}

static void fill_softkey_sets(struct rf_sccp_softkey_set_res *t)
{
    static const uint8_t keys[10][6] = {{1, 2, 5, 17, 18, 16},
                                        {3, 9, 4, 13, 14},
                                        {10, 2, 4},
                                        {11, 9},
                                        {1, 9, 5, 16, 17, 18},
                                        {3, 9, 4, 13, 14},
                                        {8, 9},
                                        {3, 9, 13},
                                        {9},
                                        {1, 9}};
    t->count = t->total = 10;
    for (size_t s = 0; s < 10; s++)
        for (size_t k = 0; k < 6; k++) {
            t->sets[s].template_index[k] = keys[s][k];
            t->sets[s].info_index[k] =
                keys[s][k] == 0 ? 0 : (uint16_t)(RF_SCCP_SOFTKEY_INFO_OFFSET + keys[s][k]);
        }
}

static bool sample_buttons(struct rf_sccp_msg *m)
{
    struct rf_sccp_line_call call = {.line_instance = 1, .call_reference = SAMPLE_CALL};
    switch ((unsigned)m->id) {
    case RF_SCCP_BUTTON_TEMPLATE_REQ:
    case RF_SCCP_SOFTKEY_TEMPLATE_REQ:
    case RF_SCCP_SOFTKEY_SET_REQ:
        return true;
    case RF_SCCP_BUTTON_TEMPLATE:
        m->button_template = (struct rf_sccp_button_template){
            .count = 6,
            .total = 6,
            .buttons = {{1, 0x09}, {2, 0x09}, {1, 0x02}, {2, 0x02}, {3, 0x15}, {1, 0x14}}};
        return true;
    case RF_SCCP_SOFTKEY_TEMPLATE_RES:
        fill_softkeys(&m->softkey_template);
        return true;
    case RF_SCCP_SOFTKEY_SET_RES:
        fill_softkey_sets(&m->softkey_set);
        return true;
    case RF_SCCP_SELECT_SOFTKEYS:
        m->select_softkeys = (struct rf_sccp_select_softkeys){1, SAMPLE_CALL, 3, 0xffff};
        return true;
    case RF_SCCP_KEYPAD_BUTTON:
        m->keypad_button = (struct rf_sccp_keypad_button){2, 1, SAMPLE_CALL};
        return true;
    case RF_SCCP_ENBLOC_CALL:
        m->enbloc_call =
            (struct rf_sccp_enbloc_call){.called_party = str("2002"), .line_instance = 1};
        return true;
    case RF_SCCP_STIMULUS:
        m->stimulus = (struct rf_sccp_stimulus){.stimulus = RF_SCCP_STIM_LINE, .instance = 1};
        return true;
    case RF_SCCP_OFF_HOOK:
        m->off_hook.line_instance = 1;
        return true;
    case RF_SCCP_ON_HOOK:
        m->on_hook = call;
        return true;
    case RF_SCCP_HOOK_FLASH:
        m->hook_flash = call;
        return true;
    case RF_SCCP_OFF_HOOK_WITH_CALLING_PARTY_NUMBER:
        m->off_hook_cgpn =
            (struct rf_sccp_off_hook_cgpn){.calling_party = str("2001"), .line_instance = 1};
        return true;
    case RF_SCCP_SOFTKEY_EVENT:
        m->softkey_event = (struct rf_sccp_softkey_event){RF_SCCP_KEY_END_CALL, 1, SAMPLE_CALL};
        return true;
    case RF_SCCP_HEADSET_STATUS:
        m->headset_status.mode = RF_SCCP_MODE_OFF;
        return true;
    case RF_SCCP_MEDIA_PATH_EVENT:
        m->media_path_event = (struct rf_sccp_media_path_event){3, 1};
        return true;
    case RF_SCCP_MEDIA_PATH_CAPABILITY:
        m->media_path_capability = (struct rf_sccp_media_path_capability){1, 1};
        return true;
    default:
        return false;
    }
}

static bool sample_questions(struct rf_sccp_msg *m)
{
    switch ((unsigned)m->id) {
    case RF_SCCP_CONFIG_STAT_REQ:
    case RF_SCCP_TIME_DATE_REQ:
    case RF_SCCP_VERSION_REQ:
    case RF_SCCP_SERVER_REQ:
        return true;
    case RF_SCCP_LINE_STAT_REQ:
        m->line_stat_req.number = 1;
        return true;
    case RF_SCCP_FORWARD_STAT_REQ:
        m->forward_stat_req.number = 1;
        return true;
    case RF_SCCP_SPEED_DIAL_STAT_REQ:
        m->speed_dial_stat_req.number = 1;
        return true;
    case RF_SCCP_SERVICE_URL_STAT_REQ:
        m->service_url_stat_req.number = 1;
        return true;
    case RF_SCCP_FEATURE_STAT_REQ:
        m->feature_stat_req = (struct rf_sccp_feature_stat_req){3, 1};
        return true;
    case RF_SCCP_REGISTER_AVAILABLE_LINES:
        m->register_available_lines.max_lines = 2;
        return true;
    default:
        return false;
    }
}

static bool sample_status(struct rf_sccp_msg *m)
{
    switch ((unsigned)m->id) {
    case RF_SCCP_LINE_STAT:
    case RF_SCCP_LINE_STAT_V2:
        m->line_stat = (struct rf_sccp_line_stat){1, str("2001"), str("Alice"), str("2001"), 15};
        return true;
    case RF_SCCP_FORWARD_STAT:
        m->forward_stat = (struct rf_sccp_forward_stat){
            .active_forward = 1, .line_number = 1, .all = {1, str("2002")}};
        return true;
    case RF_SCCP_SPEED_DIAL_STAT:
    case RF_SCCP_SPEED_DIAL_STAT_V2:
        m->speed_dial_stat = (struct rf_sccp_speed_dial_stat){1, str("2002"), str("Bob")};
        return true;
    case RF_SCCP_FEATURE_STAT:
        m->feature_stat = (struct rf_sccp_feature_stat){3, RF_SCCP_STIM_FEATURE, str("Privacy"), 1};
        return true;
    case RF_SCCP_FEATURE_STAT_V2:
        m->feature_stat =
            (struct rf_sccp_feature_stat){3, RF_SCCP_STIM_BLF_SPEED_DIAL, str("Bob"), 2};
        return true;
    case RF_SCCP_SERVICE_URL_STAT:
    case RF_SCCP_SERVICE_URL_STAT_V2:
        m->service_url_stat =
            (struct rf_sccp_service_url_stat){1, str("http://10.1.1.1/s.xml"), str("Services")};
        return true;
    case RF_SCCP_CONFIG_STAT:
    case RF_SCCP_CONFIG_STAT_V2:
        m->config_stat = (struct rf_sccp_config_stat){.device_name = str("SEP001122334455"),
                                                      .instance = 1,
                                                      .user_name = str("alice"),
                                                      .server_name = str("cm1"),
                                                      .number_of_lines = 2,
                                                      .number_of_speed_dials = 2};
        return true;
    case RF_SCCP_DEFINE_TIME_DATE:
        m->define_time_date =
            (struct rf_sccp_define_time_date){2024, 5, 3, 15, 13, 45, 30, 0, 1715780730};
        return true;
    case RF_SCCP_VERSION:
        m->version.text = str("9.4(2)");
        return true;
    case RF_SCCP_SERVER_RES:
        m->server_res.servers[0] = (struct rf_sccp_server){str("cm1"), 2000, server};
        m->server_res.servers[1] = (struct rf_sccp_server){str("cm2"), 2000, server};
        m->server_res.servers[1].addr.ip[3] = 2;
        return true;
    default:
        return false;
    }
}

static bool sample_streams(struct rf_sccp_msg *m)
{
    switch ((unsigned)m->id) {
    case RF_SCCP_OPEN_RECEIVE_CHANNEL:
        m->open_receive_channel =
            (struct rf_sccp_open_receive_channel){.conference_id = SAMPLE_CALL,
                                                  .pass_through_party_id = SAMPLE_PARTY,
                                                  .packet_ms = 20,
                                                  .codec = RF_SCCP_CODEC_G711_ULAW_64K,
                                                  .ec_value = 1,
                                                  .call_reference = SAMPLE_CALL,
                                                  .rfc2833_payload_type = 101,
                                                  .source = server,
                                                  .source_port = 4000};
        return true;
    case RF_SCCP_OPEN_RECEIVE_CHANNEL_ACK:
        m->open_receive_channel_ack =
            (struct rf_sccp_open_receive_channel_ack){.addr = phone,
                                                      .port = 24680,
                                                      .pass_through_party_id = SAMPLE_PARTY,
                                                      .call_reference = SAMPLE_CALL};
        return true;
    case RF_SCCP_START_MEDIA_TRANSMISSION:
        m->start_media_transmission =
            (struct rf_sccp_start_media_transmission){.conference_id = SAMPLE_CALL,
                                                      .pass_through_party_id = SAMPLE_PARTY,
                                                      .remote = peer,
                                                      .remote_port = 24682,
                                                      .packet_ms = 20,
                                                      .codec = RF_SCCP_CODEC_G711_ULAW_64K,
                                                      .precedence = 0xb8,
                                                      .call_reference = SAMPLE_CALL,
                                                      .rfc2833_payload_type = 101};
        return true;
    case RF_SCCP_START_MEDIA_TRANSMISSION_ACK:
        m->start_media_transmission_ack =
            (struct rf_sccp_start_media_transmission_ack){.conference_id = SAMPLE_CALL,
                                                          .pass_through_party_id = SAMPLE_PARTY,
                                                          .call_reference = SAMPLE_CALL,
                                                          .addr = phone,
                                                          .port = 24680};
        return true;
    case RF_SCCP_CLOSE_RECEIVE_CHANNEL:
    case RF_SCCP_STOP_MEDIA_TRANSMISSION:
        m->close_receive_channel =
            (struct rf_sccp_stop_media){.conference_id = SAMPLE_CALL,
                                        .pass_through_party_id = SAMPLE_PARTY,
                                        .call_reference = SAMPLE_CALL};
        return true;
    case RF_SCCP_MEDIA_TRANSMISSION_FAILURE:
        m->media_transmission_failure =
            (struct rf_sccp_media_transmission_failure){.conference_id = SAMPLE_CALL,
                                                        .pass_through_party_id = SAMPLE_PARTY,
                                                        .addr = peer,
                                                        .port = 24682,
                                                        .call_reference = SAMPLE_CALL};
        return true;
    case RF_SCCP_CONNECTION_STATISTICS_REQ:
        m->connection_statistics_req = (struct rf_sccp_connection_statistics_req){
            .directory_number = str("2002"), .call_reference = SAMPLE_CALL};
        return true;
    case RF_SCCP_CONNECTION_STATISTICS_RES:
        m->connection_statistics_res = (struct rf_sccp_connection_statistics_res){
            .directory_number = str("2002"),
            .call_reference = SAMPLE_CALL,
            .packets_sent = 500,
            .octets_sent = 80000,
            .packets_received = 499,
            .octets_received = 79840,
            .packets_lost = 1,
            .jitter_ms = 3,
            .data = str("MLQK=4.5000;MLQKav=4.4569;CCR=0.0000;ICR=0.0000")};
        return true;
    default:
        return false;
    }
}

static bool sample_ports(struct rf_sccp_msg *m)
{
    switch ((unsigned)m->id) {
    case RF_SCCP_START_MEDIA_FAILURE_DETECTION:
        m->start_media_failure_detection =
            (struct rf_sccp_start_media_failure_detection){.conference_id = SAMPLE_CALL,
                                                           .pass_through_party_id = SAMPLE_PARTY,
                                                           .packet_ms = 20,
                                                           .codec = RF_SCCP_CODEC_G711_ULAW_64K,
                                                           .call_reference = SAMPLE_CALL};
        return true;
    case RF_SCCP_PORT_REQ:
        m->port_req = (struct rf_sccp_port_req){.conference_id = SAMPLE_CALL,
                                                .call_reference = SAMPLE_CALL,
                                                .pass_through_party_id = SAMPLE_PARTY,
                                                .transport = RF_SCCP_TRANSPORT_RTP,
                                                .media_type = RF_SCCP_MEDIA_TYPE_AUDIO};
        return true;
    case RF_SCCP_PORT_RES:
        m->port_res = (struct rf_sccp_port_res){.conference_id = SAMPLE_CALL,
                                                .call_reference = SAMPLE_CALL,
                                                .pass_through_party_id = SAMPLE_PARTY,
                                                .addr = phone,
                                                .port = 24680,
                                                .rtcp_port = 24681};
        return true;
    case RF_SCCP_PORT_CLOSE:
        m->port_close = (struct rf_sccp_port_close){SAMPLE_CALL, SAMPLE_CALL, SAMPLE_PARTY,
                                                    RF_SCCP_MEDIA_TYPE_AUDIO};
        return true;
    default:
        return false;
    }
}

static bool sample_user_data(struct rf_sccp_msg *m)
{
    struct rf_sccp_user_data both = {
        .application_id = 1,
        .line_instance = 1,
        .call_reference = SAMPLE_CALL,
        .transaction_id = 1,
        .data = str("<CiscoIPPhoneText><Text>hi</Text></CiscoIPPhoneText>")};
    switch ((unsigned)m->id) {
    case RF_SCCP_DEVICE_TO_USER_DATA:
    case RF_SCCP_DEVICE_TO_USER_DATA_RESPONSE:
    case RF_SCCP_USER_TO_DEVICE_DATA:
        m->user_data = both;
        return true;
    case RF_SCCP_DEVICE_TO_USER_DATA_RESPONSE_V1:
        m->user_data = both;
        m->user_data.sequence_flag = RF_SCCP_SEQUENCE_LAST;
        return true;
    case RF_SCCP_DEVICE_TO_USER_DATA_V1:
    case RF_SCCP_USER_TO_DEVICE_DATA_V1:
        m->user_data = (struct rf_sccp_user_data){
            .transaction_id = 1, .sequence_flag = RF_SCCP_SEQUENCE_LAST, .data = both.data};
        return true;
    default:
        return false;
    }
}

static bool sample_others(struct rf_sccp_msg *m)
{
    switch ((unsigned)m->id) {
    case RF_SCCP_SET_HOOK_FLASH_DETECT:
    case RF_SCCP_CALL_COUNT_REQ:
        return true;
    case RF_SCCP_SUBSCRIPTION_STAT_REQ:
        m->subscription_stat_req = (struct rf_sccp_subscription_stat_req){
            .transaction_id = 7, .feature_id = 1, .subscription_id = str("2002")};
        return true;
    case RF_SCCP_SUBSCRIPTION_STAT:
        m->subscription_stat = (struct rf_sccp_subscription_stat){
            .transaction_id = 7, .feature_id = 1, .cause = RF_SCCP_SUBSCRIPTION_OK};
        return true;
    case RF_SCCP_NOTIFICATION:
        m->notification = (struct rf_sccp_notification){7, 1, RF_SCCP_BLF_IN_USE, str("Bob")};
        return true;
    case RF_SCCP_CALL_COUNT_RESP:
        m->call_count_resp = (struct rf_sccp_call_count_resp){
            .total_lines = 2, .starting_line = 1, .count = 2, .lines = {{4, 2}, {4, 2}}};
        return true;
    case RF_SCCP_RECORDING_STATUS:
        m->recording_status = (struct rf_sccp_recording_status){SAMPLE_CALL, RF_SCCP_RECORDING_ON};
        return true;
    case RF_SCCP_ADD_ON_DEVICE_CAPABILITIES:
        m->add_on_device = (struct rf_sccp_add_on_device){1, 227, 1, str("example")};
        return true;
    default:
        return false;
    }
}

static bool sample_display(struct rf_sccp_msg *m)
{
    static const char prompt[] = {'\x80', 0x18};
    struct rf_sccp_line_call call = {.line_instance = 1, .call_reference = SAMPLE_CALL};
    switch ((unsigned)m->id) {
    case RF_SCCP_CLEAR_DISPLAY:
    case RF_SCCP_CLEAR_NOTIFY:
    case RF_SCCP_DEACTIVATE_CALL_PLANE:
        return true;
    case RF_SCCP_START_TONE:
        m->start_tone = (struct rf_sccp_start_tone){RF_SCCP_TONE_INSIDE_DIAL, 0, 1, SAMPLE_CALL};
        return true;
    case RF_SCCP_STOP_TONE:
        m->stop_tone = (struct rf_sccp_stop_tone){1, SAMPLE_CALL, RF_SCCP_TONE_INSIDE_DIAL};
        return true;
    case RF_SCCP_SET_RINGER:
        m->set_ringer =
            (struct rf_sccp_set_ringer){RF_SCCP_RING_OUTSIDE, RF_SCCP_RING_NORMAL, 1, SAMPLE_CALL};
        return true;
    case RF_SCCP_SET_LAMP:
        m->set_lamp = (struct rf_sccp_set_lamp){RF_SCCP_STIM_LINE, 1, RF_SCCP_LAMP_BLINK};
        return true;
    case RF_SCCP_SET_SPEAKER_MODE:
        m->set_speaker_mode.mode = RF_SCCP_MODE_ON;
        return true;
    case RF_SCCP_SET_MICRO_MODE:
        m->set_micro_mode.mode = RF_SCCP_MODE_OFF;
        return true;
    case RF_SCCP_DISPLAY_TEXT:
        m->display_text.text = str("Hello");
        return true;
    case RF_SCCP_DISPLAY_PROMPT_STATUS:
        m->display_prompt =
            (struct rf_sccp_display_prompt){0, rf_slice_of(prompt, sizeof prompt), 1, SAMPLE_CALL};
        return true;
    case RF_SCCP_DISPLAY_PROMPT_STATUS_V2:
        m->display_prompt = (struct rf_sccp_display_prompt){0, str("From Bob"), 1, SAMPLE_CALL};
        return true;
    case RF_SCCP_DISPLAY_NOTIFY:
    case RF_SCCP_DISPLAY_NOTIFY_V2:
        m->display_notify = (struct rf_sccp_display_notify){10, 0, str("Security error")};
        return true;
    case RF_SCCP_DISPLAY_PRI_NOTIFY:
    case RF_SCCP_DISPLAY_PRI_NOTIFY_V2:
        m->display_notify = (struct rf_sccp_display_notify){10, 5, str("Do Not Disturb")};
        return true;
    case RF_SCCP_CLEAR_PRI_NOTIFY:
        m->clear_pri_notify.priority = 5;
        return true;
    case RF_SCCP_ACTIVATE_CALL_PLANE:
        m->activate_call_plane.line_instance = 1;
        return true;
    case RF_SCCP_CLEAR_PROMPT_STATUS:
        m->clear_prompt = call;
        return true;
    case RF_SCCP_BACK_SPACE_REQ:
        m->back_space = call;
        return true;
    default:
        return false;
    }
}

static bool sample_call(struct rf_sccp_msg *m)
{
    switch ((unsigned)m->id) {
    case RF_SCCP_CALL_STATE:
        m->call_state = (struct rf_sccp_call_state){RF_SCCP_STATE_RING_IN, 1, SAMPLE_CALL, 0, 4, 0};
        return true;
    case RF_SCCP_CALL_INFO:
    case RF_SCCP_CALL_INFO_V2:
        m->call_info =
            (struct rf_sccp_call_info){.line_instance = 1,
                                       .call_reference = SAMPLE_CALL,
                                       .call_type = RF_SCCP_CALL_TYPE_INBOUND,
                                       .call_instance = 1,
                                       .call_security_status = RF_SCCP_SECURITY_ENCRYPTED,
                                       .calling_party_name = str("Bob"),
                                       .calling_party = str("2002"),
                                       .called_party_name = str("Alice"),
                                       .called_party = str("2001"),
                                       .original_called_party_name = str("Alice"),
                                       .original_called_party = str("2001")};
        return true;
    case RF_SCCP_DIALED_NUMBER:
        m->dialed_number = (struct rf_sccp_dialed_number){str("2002"), 1, SAMPLE_CALL};
        return true;
    case RF_SCCP_CALL_SELECT_STAT:
        m->call_select_stat = (struct rf_sccp_call_select_stat){1, SAMPLE_CALL, 1};
        return true;
    case RF_SCCP_CALL_HISTORY_INFO:
        m->call_history_info = (struct rf_sccp_call_history_info){3, 1, SAMPLE_CALL};
        return true;
    default:
        return false;
    }
}

bool sccp_sample(uint32_t id, struct rf_sccp_msg *m)
{
    memset(m, 0, sizeof *m);
    m->id = (enum rf_sccp_id)id;
    return sample_register(m) || sample_buttons(m) || sample_questions(m) || sample_status(m) ||
           sample_streams(m) || sample_ports(m) || sample_user_data(m) || sample_others(m) ||
           sample_display(m) || sample_call(m);
}
