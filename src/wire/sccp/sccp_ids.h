/* SPDX-License-Identifier: Apache-2.0 */
/* Every message id that any source names, with its name and the way it travels. One list makes the
 * enum here and the name table in sccp_names.c; which of them the codec also reads and writes is
 * said by rf_sccp_is_known(). Ids are 32 bits on the wire.
 * doc: docs/wire/sccp.md, "Message ids" */
#ifndef WIRE_SCCP_SCCP_IDS_H
#define WIRE_SCCP_SCCP_IDS_H

/* X(constant, id, name, direction) */
/* clang-format off */
#define RF_SCCP_IDS(X) \
    X(KEEPALIVE, 0x0000, "KeepAlive", TO_SERVER) \
    X(REGISTER, 0x0001, "Register", TO_SERVER) \
    X(IP_PORT, 0x0002, "IpPort", TO_SERVER) \
    X(KEYPAD_BUTTON, 0x0003, "KeypadButton", TO_SERVER) \
    X(ENBLOC_CALL, 0x0004, "EnblocCall", TO_SERVER) \
    X(STIMULUS, 0x0005, "Stimulus", TO_SERVER) \
    X(OFF_HOOK, 0x0006, "OffHook", TO_SERVER) \
    X(ON_HOOK, 0x0007, "OnHook", TO_SERVER) \
    X(HOOK_FLASH, 0x0008, "HookFlash", TO_SERVER) \
    X(FORWARD_STAT_REQ, 0x0009, "ForwardStatReq", TO_SERVER) \
    X(SPEED_DIAL_STAT_REQ, 0x000A, "SpeedDialStatReq", TO_SERVER) \
    X(LINE_STAT_REQ, 0x000B, "LineStatReq", TO_SERVER) \
    X(CONFIG_STAT_REQ, 0x000C, "ConfigStatReq", TO_SERVER) \
    X(TIME_DATE_REQ, 0x000D, "TimeDateReq", TO_SERVER) \
    X(BUTTON_TEMPLATE_REQ, 0x000E, "ButtonTemplateReq", TO_SERVER) \
    X(VERSION_REQ, 0x000F, "VersionReq", TO_SERVER) \
    X(CAPABILITIES_RES, 0x0010, "CapabilitiesRes", TO_SERVER) \
    X(MEDIA_PORT_LIST, 0x0011, "MediaPortList", TO_SERVER) \
    X(SERVER_REQ, 0x0012, "ServerReq", TO_SERVER) \
    X(ALARM, 0x0020, "Alarm", TO_SERVER) \
    X(MULTICAST_MEDIA_RECEPTION_ACK, 0x0021, "MulticastMediaReceptionAck", TO_SERVER) \
    X(OPEN_RECEIVE_CHANNEL_ACK, 0x0022, "OpenReceiveChannelAck", TO_SERVER) \
    X(CONNECTION_STATISTICS_RES, 0x0023, "ConnectionStatisticsRes", TO_SERVER) \
    X(OFF_HOOK_WITH_CALLING_PARTY_NUMBER, 0x0024, "OffHookWithCallingPartyNumber", TO_SERVER) \
    X(SOFTKEY_SET_REQ, 0x0025, "SoftKeySetReq", TO_SERVER) \
    X(SOFTKEY_EVENT, 0x0026, "SoftKeyEvent", TO_SERVER) \
    X(UNREGISTER, 0x0027, "Unregister", TO_SERVER) \
    X(SOFTKEY_TEMPLATE_REQ, 0x0028, "SoftKeyTemplateReq", TO_SERVER) \
    X(REGISTER_TOKEN_REQ, 0x0029, "RegisterTokenReq", TO_SERVER) \
    X(MEDIA_TRANSMISSION_FAILURE, 0x002A, "MediaTransmissionFailure", TO_SERVER) \
    X(HEADSET_STATUS, 0x002B, "HeadsetStatus", TO_SERVER) \
    X(MEDIA_RESOURCE_NOTIFICATION, 0x002C, "MediaResourceNotification", TO_SERVER) \
    X(REGISTER_AVAILABLE_LINES, 0x002D, "RegisterAvailableLines", TO_SERVER) \
    X(DEVICE_TO_USER_DATA, 0x002E, "DeviceToUserData", TO_SERVER) \
    X(DEVICE_TO_USER_DATA_RESPONSE, 0x002F, "DeviceToUserDataResponse", TO_SERVER) \
    X(UPDATE_CAPABILITIES, 0x0030, "UpdateCapabilities", TO_SERVER) \
    X(OPEN_MULTIMEDIA_RECEIVE_CHANNEL_ACK, 0x0031, "OpenMultiMediaReceiveChannelAck", TO_SERVER) \
    X(CLEAR_CONFERENCE, 0x0032, "ClearConference", TO_SERVER) \
    X(SERVICE_URL_STAT_REQ, 0x0033, "ServiceURLStatReq", TO_SERVER) \
    X(FEATURE_STAT_REQ, 0x0034, "FeatureStatReq", TO_SERVER) \
    X(CREATE_CONFERENCE_RES, 0x0035, "CreateConferenceRes", TO_SERVER) \
    X(DELETE_CONFERENCE_RES, 0x0036, "DeleteConferenceRes", TO_SERVER) \
    X(MODIFY_CONFERENCE_RES, 0x0037, "ModifyConferenceRes", TO_SERVER) \
    X(ADD_PARTICIPANT_RES, 0x0038, "AddParticipantRes", TO_SERVER) \
    X(AUDIT_CONFERENCE_RES, 0x0039, "AuditConferenceRes", TO_SERVER) \
    X(AUDIT_PARTICIPANT_RES, 0x0040, "AuditParticipantRes", TO_SERVER) \
    X(DEVICE_TO_USER_DATA_V1, 0x0041, "DeviceToUserDataVersion1", TO_SERVER) \
    X(DEVICE_TO_USER_DATA_RESPONSE_V1, 0x0042, "DeviceToUserDataResponseVersion1", TO_SERVER) \
    X(UPDATE_CAPABILITIES_V2, 0x0043, "UpdateCapabilitiesV2", TO_SERVER) \
    X(UPDATE_CAPABILITIES_V3, 0x0044, "UpdateCapabilitiesV3", TO_SERVER) \
    X(PORT_RES, 0x0045, "PortRes", TO_SERVER) \
    X(QOS_RESV_NOTIFY, 0x0046, "QoSResvNotify", TO_SERVER) \
    X(QOS_ERROR_NOTIFY, 0x0047, "QoSErrorNotify", TO_SERVER) \
    X(SUBSCRIPTION_STAT_REQ, 0x0048, "SubscriptionStatReq", TO_SERVER) \
    X(MEDIA_PATH_EVENT, 0x0049, "MediaPathEvent", TO_SERVER) \
    X(MEDIA_PATH_CAPABILITY, 0x004A, "MediaPathCapability", TO_SERVER) \
    X(MWI_NOTIFICATION, 0x004C, "MwiNotification", TO_SERVER) \
    X(REGISTER_ACK, 0x0081, "RegisterAck", TO_PHONE) \
    X(START_TONE, 0x0082, "StartTone", TO_PHONE) \
    X(STOP_TONE, 0x0083, "StopTone", TO_PHONE) \
    X(SET_RINGER, 0x0085, "SetRinger", TO_PHONE) \
    X(SET_LAMP, 0x0086, "SetLamp", TO_PHONE) \
    X(SET_HOOK_FLASH_DETECT, 0x0087, "SetHookFlashDetect", TO_PHONE) \
    X(SET_SPEAKER_MODE, 0x0088, "SetSpeakerMode", TO_PHONE) \
    X(SET_MICRO_MODE, 0x0089, "SetMicroMode", TO_PHONE) \
    X(START_MEDIA_TRANSMISSION, 0x008A, "StartMediaTransmission", TO_PHONE) \
    X(STOP_MEDIA_TRANSMISSION, 0x008B, "StopMediaTransmission", TO_PHONE) \
    X(START_MEDIA_RECEPTION, 0x008C, "StartMediaReception", TO_PHONE) \
    X(STOP_MEDIA_RECEPTION, 0x008D, "StopMediaReception", TO_PHONE) \
    X(CALL_INFO, 0x008F, "CallInfo", TO_PHONE) \
    X(FORWARD_STAT, 0x0090, "ForwardStat", TO_PHONE) \
    X(SPEED_DIAL_STAT, 0x0091, "SpeedDialStat", TO_PHONE) \
    X(LINE_STAT, 0x0092, "LineStat", TO_PHONE) \
    X(CONFIG_STAT, 0x0093, "ConfigStat", TO_PHONE) \
    X(DEFINE_TIME_DATE, 0x0094, "DefineTimeDate", TO_PHONE) \
    X(START_SESSION_TRANSMISSION, 0x0095, "StartSessionTransmission", TO_PHONE) \
    X(STOP_SESSION_TRANSMISSION, 0x0096, "StopSessionTransmission", TO_PHONE) \
    X(BUTTON_TEMPLATE, 0x0097, "ButtonTemplate", TO_PHONE) \
    X(VERSION, 0x0098, "Version", TO_PHONE) \
    X(DISPLAY_TEXT, 0x0099, "DisplayText", TO_PHONE) \
    X(CLEAR_DISPLAY, 0x009A, "ClearDisplay", TO_PHONE) \
    X(CAPABILITIES_REQ, 0x009B, "CapabilitiesReq", TO_PHONE) \
    X(ENUNCIATOR_COMMAND, 0x009C, "EnunciatorCommand", TO_PHONE) \
    X(REGISTER_REJECT, 0x009D, "RegisterReject", TO_PHONE) \
    X(SERVER_RES, 0x009E, "ServerRes", TO_PHONE) \
    X(RESET, 0x009F, "Reset", TO_PHONE) \
    X(KEEPALIVE_ACK, 0x0100, "KeepAliveAck", TO_PHONE) \
    X(START_MULTICAST_MEDIA_RECEPTION, 0x0101, "StartMulticastMediaReception", TO_PHONE) \
    X(START_MULTICAST_MEDIA_TRANSMISSION, 0x0102, "StartMulticastMediaTransmission", TO_PHONE) \
    X(STOP_MULTICAST_MEDIA_RECEPTION, 0x0103, "StopMulticastMediaReception", TO_PHONE) \
    X(STOP_MULTICAST_MEDIA_TRANSMISSION, 0x0104, "StopMulticastMediaTransmission", TO_PHONE) \
    X(OPEN_RECEIVE_CHANNEL, 0x0105, "OpenReceiveChannel", TO_PHONE) \
    X(CLOSE_RECEIVE_CHANNEL, 0x0106, "CloseReceiveChannel", TO_PHONE) \
    X(CONNECTION_STATISTICS_REQ, 0x0107, "ConnectionStatisticsReq", TO_PHONE) \
    X(SOFTKEY_TEMPLATE_RES, 0x0108, "SoftKeyTemplateRes", TO_PHONE) \
    X(SOFTKEY_SET_RES, 0x0109, "SoftKeySetRes", TO_PHONE) \
    X(SELECT_SOFTKEYS, 0x0110, "SelectSoftKeys", TO_PHONE) \
    X(CALL_STATE, 0x0111, "CallState", TO_PHONE) \
    X(DISPLAY_PROMPT_STATUS, 0x0112, "DisplayPromptStatus", TO_PHONE) \
    X(CLEAR_PROMPT_STATUS, 0x0113, "ClearPromptStatus", TO_PHONE) \
    X(DISPLAY_NOTIFY, 0x0114, "DisplayNotify", TO_PHONE) \
    X(CLEAR_NOTIFY, 0x0115, "ClearNotify", TO_PHONE) \
    X(ACTIVATE_CALL_PLANE, 0x0116, "ActivateCallPlane", TO_PHONE) \
    X(DEACTIVATE_CALL_PLANE, 0x0117, "DeactivateCallPlane", TO_PHONE) \
    X(UNREGISTER_ACK, 0x0118, "UnregisterAck", TO_PHONE) \
    X(BACK_SPACE_REQ, 0x0119, "BackSpaceReq", TO_PHONE) \
    X(REGISTER_TOKEN_ACK, 0x011A, "RegisterTokenAck", TO_PHONE) \
    X(REGISTER_TOKEN_REJECT, 0x011B, "RegisterTokenReject", TO_PHONE) \
    X(START_MEDIA_FAILURE_DETECTION, 0x011C, "StartMediaFailureDetection", TO_PHONE) \
    X(DIALED_NUMBER, 0x011D, "DialedNumber", TO_PHONE) \
    X(USER_TO_DEVICE_DATA, 0x011E, "UserToDeviceData", TO_PHONE) \
    X(FEATURE_STAT, 0x011F, "FeatureStat", TO_PHONE) \
    X(DISPLAY_PRI_NOTIFY, 0x0120, "DisplayPriNotify", TO_PHONE) \
    X(CLEAR_PRI_NOTIFY, 0x0121, "ClearPriNotify", TO_PHONE) \
    X(START_ANNOUNCEMENT, 0x0122, "StartAnnouncement", TO_PHONE) \
    X(STOP_ANNOUNCEMENT, 0x0123, "StopAnnouncement", TO_PHONE) \
    X(ANNOUNCEMENT_FINISH, 0x0124, "AnnouncementFinish", TO_PHONE) \
    X(NOTIFY_DTMF_TONE, 0x0127, "NotifyDtmfTone", TO_PHONE) \
    X(SEND_DTMF_TONE, 0x0128, "SendDtmfTone", TO_PHONE) \
    X(SUBSCRIBE_DTMF_PAYLOAD_REQ, 0x0129, "SubscribeDtmfPayloadReq", TO_PHONE) \
    X(SUBSCRIBE_DTMF_PAYLOAD_RES, 0x012A, "SubscribeDtmfPayloadRes", TO_SERVER) \
    X(SUBSCRIBE_DTMF_PAYLOAD_ERR, 0x012B, "SubscribeDtmfPayloadErr", TO_SERVER) \
    X(UNSUBSCRIBE_DTMF_PAYLOAD_REQ, 0x012C, "UnSubscribeDtmfPayloadReq", TO_PHONE) \
    X(UNSUBSCRIBE_DTMF_PAYLOAD_RES, 0x012D, "UnSubscribeDtmfPayloadRes", TO_SERVER) \
    X(UNSUBSCRIBE_DTMF_PAYLOAD_ERR, 0x012E, "UnSubscribeDtmfPayloadErr", TO_SERVER) \
    X(SERVICE_URL_STAT, 0x012F, "ServiceURLStat", TO_PHONE) \
    X(CALL_SELECT_STAT, 0x0130, "CallSelectStat", TO_PHONE) \
    X(OPEN_MULTIMEDIA_RECEIVE_CHANNEL, 0x0131, "OpenMultiMediaReceiveChannel", TO_PHONE) \
    X(START_MULTIMEDIA_TRANSMISSION, 0x0132, "StartMultiMediaTransmission", TO_PHONE) \
    X(STOP_MULTIMEDIA_TRANSMISSION, 0x0133, "StopMultiMediaTransmission", TO_PHONE) \
    X(MISCELLANEOUS_COMMAND, 0x0134, "MiscellaneousCommand", TO_PHONE) \
    X(FLOW_CONTROL_COMMAND, 0x0135, "FlowControlCommand", TO_PHONE) \
    X(CLOSE_MULTIMEDIA_RECEIVE_CHANNEL, 0x0136, "CloseMultiMediaReceiveChannel", TO_PHONE) \
    X(CREATE_CONFERENCE_REQ, 0x0137, "CreateConferenceReq", TO_PHONE) \
    X(DELETE_CONFERENCE_REQ, 0x0138, "DeleteConferenceReq", TO_PHONE) \
    X(MODIFY_CONFERENCE_REQ, 0x0139, "ModifyConferenceReq", TO_PHONE) \
    X(ADD_PARTICIPANT_REQ, 0x013A, "AddParticipantReq", TO_PHONE) \
    X(DROP_PARTICIPANT_REQ, 0x013B, "DropParticipantReq", TO_PHONE) \
    X(AUDIT_CONFERENCE_REQ, 0x013C, "AuditConferenceReq", TO_PHONE) \
    X(AUDIT_PARTICIPANT_REQ, 0x013D, "AuditParticipantReq", TO_PHONE) \
    X(CHANGE_PARTICIPANT_REQ, 0x013E, "ChangeParticipantReq", TO_PHONE) \
    X(USER_TO_DEVICE_DATA_V1, 0x013F, "UserToDeviceDataVersion1", TO_PHONE) \
    X(VIDEO_DISPLAY_COMMAND, 0x0140, "VideoDisplayCommand", TO_PHONE) \
    X(FLOW_CONTROL_NOTIFY, 0x0141, "FlowControlNotify", TO_PHONE) \
    X(CONFIG_STAT_V2, 0x0142, "ConfigStatV2", TO_PHONE) \
    X(DISPLAY_NOTIFY_V2, 0x0143, "DisplayNotifyV2", TO_PHONE) \
    X(DISPLAY_PRI_NOTIFY_V2, 0x0144, "DisplayPriNotifyV2", TO_PHONE) \
    X(DISPLAY_PROMPT_STATUS_V2, 0x0145, "DisplayPromptStatusV2", TO_PHONE) \
    X(FEATURE_STAT_V2, 0x0146, "FeatureStatV2", TO_PHONE) \
    X(LINE_STAT_V2, 0x0147, "LineStatV2", TO_PHONE) \
    X(SERVICE_URL_STAT_V2, 0x0148, "ServiceURLStatV2", TO_PHONE) \
    X(SPEED_DIAL_STAT_V2, 0x0149, "SpeedDialStatV2", TO_PHONE) \
    X(CALL_INFO_V2, 0x014A, "CallInfoV2", TO_PHONE) \
    X(PORT_REQ, 0x014B, "PortReq", TO_PHONE) \
    X(PORT_CLOSE, 0x014C, "PortClose", TO_PHONE) \
    X(QOS_LISTEN, 0x014D, "QoSListen", TO_PHONE) \
    X(QOS_PATH, 0x014E, "QoSPath", TO_PHONE) \
    X(QOS_TEARDOWN, 0x014F, "QoSTeardown", TO_PHONE) \
    X(UPDATE_DSCP, 0x0150, "UpdateDSCP", TO_PHONE) \
    X(QOS_MODIFY, 0x0151, "QoSModify", TO_PHONE) \
    X(SUBSCRIPTION_STAT, 0x0152, "SubscriptionStat", TO_PHONE) \
    X(NOTIFICATION, 0x0153, "Notification", TO_PHONE) \
    X(START_MEDIA_TRANSMISSION_ACK, 0x0154, "StartMediaTransmissionAck", TO_SERVER) \
    X(START_MULTIMEDIA_TRANSMISSION_ACK, 0x0155, "StartMultiMediaTransmissionAck", TO_SERVER) \
    X(CALL_HISTORY_INFO, 0x0156, "CallHistoryInfo", TO_PHONE) \
    X(LOCATION_INFO, 0x0157, "LocationInfo", TO_SERVER) \
    X(MWI_RESPONSE, 0x0158, "MwiResponse", TO_PHONE) \
    X(ADD_ON_DEVICE_CAPABILITIES, 0x0159, "AddOnDeviceCapabilities", TO_SERVER) \
    X(ENHANCED_ALARM, 0x015A, "EnhancedAlarm", TO_SERVER) \
    X(CALL_COUNT_REQ, 0x015E, "CallCountReq", TO_SERVER) \
    X(CALL_COUNT_RESP, 0x015F, "CallCountResp", TO_PHONE) \
    X(RECORDING_STATUS, 0x0160, "RecordingStatus", TO_PHONE) \
    X(SPCP_REGISTER_TOKEN_REQ, 0x8000, "SPCPRegisterTokenReq", TO_SERVER) \
    X(SPCP_REGISTER_TOKEN_ACK, 0x8100, "SPCPRegisterTokenAck", TO_PHONE) \
    X(SPCP_REGISTER_TOKEN_REJECT, 0x8101, "SPCPRegisterTokenReject", TO_PHONE)
/* clang-format on */

#define RF_SCCP_ID_ENUM(name, id, text, dir) RF_SCCP_##name = (id),
enum rf_sccp_id { RF_SCCP_IDS(RF_SCCP_ID_ENUM) };
#undef RF_SCCP_ID_ENUM

/** Which side sends a message. */
enum rf_sccp_dir {
    RF_SCCP_TO_SERVER, /* phone to call manager */
    RF_SCCP_TO_PHONE,  /* call manager to phone */
};

#endif
