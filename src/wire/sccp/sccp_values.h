/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that stand in SCCP fields and that our own code sends or acts on; those of keys are in
 * sccp_keys.h. The complete tables, for reading a log, are the names of sccp_names.h. Fields stay
 * uint32_t: a peer may send any number. doc: docs/wire/sccp.md, "Numbers" */
#ifndef WIRE_SCCP_SCCP_VALUES_H
#define WIRE_SCCP_SCCP_VALUES_H

/** CallState.state */
enum rf_sccp_state {
    RF_SCCP_STATE_IDLE = 0, /* in no program; a phone does not act on it */
    RF_SCCP_STATE_OFF_HOOK = 1,
    RF_SCCP_STATE_ON_HOOK = 2, /* the call is gone, its reference is dead */
    RF_SCCP_STATE_RING_OUT = 3,
    RF_SCCP_STATE_RING_IN = 4,
    RF_SCCP_STATE_CONNECTED = 5,
    RF_SCCP_STATE_BUSY = 6,
    RF_SCCP_STATE_CONGESTION = 7,
    RF_SCCP_STATE_HOLD = 8,
    RF_SCCP_STATE_CALL_WAITING = 9,
    RF_SCCP_STATE_TRANSFER = 10,
    RF_SCCP_STATE_PARK = 11,
    RF_SCCP_STATE_PROCEED = 12,
    RF_SCCP_STATE_REMOTE_MULTILINE = 13, /* a shared line is in use at another phone */
    RF_SCCP_STATE_INVALID_NUMBER = 14,
    RF_SCCP_STATE_HOLD_REVERT = 15, /* the held call asks to be taken back */
    RF_SCCP_STATE_WHISPER = 16,
    RF_SCCP_STATE_REMOTE_HOLD = 17, /* a shared line is held at another phone */
};

/** CallState.privacy */
enum rf_sccp_privacy {
    RF_SCCP_PRIVACY_NONE = 0,
    RF_SCCP_PRIVACY_LIMITED = 1,
    RF_SCCP_PRIVACY_FULL = 2,
};
#define RF_SCCP_PRECEDENCE_NORMAL 4 /* CallState.precedenceLevel; 0 is the highest */

/** CallInfo.callSecurityStatus: the icon */
enum rf_sccp_security {
    RF_SCCP_SECURITY_UNKNOWN = 0,
    RF_SCCP_SECURITY_NOT_AUTHENTICATED = 1,
    RF_SCCP_SECURITY_AUTHENTICATED = 2, /* shield */
    RF_SCCP_SECURITY_ENCRYPTED = 3,     /* lock */
};

/** CallInfo.callType */
enum rf_sccp_call_type {
    RF_SCCP_CALL_TYPE_INBOUND = 1,
    RF_SCCP_CALL_TYPE_OUTBOUND = 2,
    RF_SCCP_CALL_TYPE_FORWARD = 3,
};

/** CallInfo.partyPIRestrictionBits: what of a party may not be shown */
enum rf_sccp_restrict {
    RF_SCCP_RESTRICT_CALLING_NAME = 0x01,
    RF_SCCP_RESTRICT_CALLING_NUMBER = 0x02,
    RF_SCCP_RESTRICT_CALLED_NAME = 0x04,
    RF_SCCP_RESTRICT_CALLED_NUMBER = 0x08,
    RF_SCCP_RESTRICT_ORIGINAL_NAME = 0x10,
    RF_SCCP_RESTRICT_ORIGINAL_NUMBER = 0x20,
    RF_SCCP_RESTRICT_LAST_NAME = 0x40,
    RF_SCCP_RESTRICT_LAST_NUMBER = 0x80,
};

/** CallInfo.originalCdpnRedirectReason, lastRedirectingReason: phones only log them */
enum rf_sccp_redirect {
    RF_SCCP_REDIRECT_NONE = 0,
    RF_SCCP_REDIRECT_FORWARD = 4, /* also a transfer */
    RF_SCCP_REDIRECT_PICK_UP = 5,
};

/** CallHistoryInfo.disposition: into which list of the phone the call goes */
enum rf_sccp_disposition {
    RF_SCCP_DISPOSITION_IGNORE = 0,
    RF_SCCP_DISPOSITION_PLACED = 1,
    RF_SCCP_DISPOSITION_RECEIVED = 2,
    RF_SCCP_DISPOSITION_MISSED = 3,
};

/** StartTone.tone, also the DTMF tones 1-10 (10 is the digit 0) and 14-19 */
enum rf_sccp_tone {
    RF_SCCP_TONE_SILENCE = 0x00,
    RF_SCCP_TONE_DTMF_1 = 0x01,
    RF_SCCP_TONE_DTMF_0 = 0x0a,
    RF_SCCP_TONE_DTMF_STAR = 0x0e,
    RF_SCCP_TONE_DTMF_POUND = 0x0f,
    RF_SCCP_TONE_DTMF_A = 0x10,
    RF_SCCP_TONE_DTMF_D = 0x13,
    RF_SCCP_TONE_INSIDE_DIAL = 0x21,
    RF_SCCP_TONE_OUTSIDE_DIAL = 0x22,
    RF_SCCP_TONE_LINE_BUSY = 0x23,
    RF_SCCP_TONE_ALERTING = 0x24,
    RF_SCCP_TONE_REORDER = 0x25,
    RF_SCCP_TONE_RECORDER_WARNING = 0x26,
    RF_SCCP_TONE_RECEIVER_OFF_HOOK = 0x29,
    RF_SCCP_TONE_MESSAGE_WAITING = 0x2a,
    RF_SCCP_TONE_NO_SUCH_NUMBER = 0x2b,
    RF_SCCP_TONE_CALL_WAITING = 0x2d,
    RF_SCCP_TONE_CONFIRMATION = 0x2e,
    RF_SCCP_TONE_RECALL_DIAL = 0x30,
    RF_SCCP_TONE_ZIP_ZIP = 0x31,
    RF_SCCP_TONE_ZIP = 0x32,
    RF_SCCP_TONE_BEEP_BONK = 0x33, /* this key is not allowed now */
    RF_SCCP_TONE_MUSIC = 0x34,
    RF_SCCP_TONE_HOLD = 0x35,
    RF_SCCP_TONE_MONITOR_WARNING = 0x38,
    RF_SCCP_TONE_SECURE_WARNING = 0x39, /* 57: the call of a protected device is encrypted */
    RF_SCCP_TONE_ADD_CALL_WAITING = 0x40,
    RF_SCCP_TONE_BARGE_IN = 0x43,
    RF_SCCP_TONE_REMINDER_RING = 0x46,
    RF_SCCP_TONE_NON_SECURE_WARNING = 0x49, /* 73: it is not */
    RF_SCCP_TONE_NO_TONE = 0x7f,
    RF_SCCP_TONE_MEET_ME_GREETING = 0x80,
    RF_SCCP_TONE_MEET_ME_NUMBER_INVALID = 0x81,
    RF_SCCP_TONE_MEET_ME_NUMBER_FAILED = 0x82,
};

/** StartTone.direction */
enum rf_sccp_tone_direction {
    RF_SCCP_TONE_TO_USER = 0,
    RF_SCCP_TONE_TO_NETWORK = 1,
    RF_SCCP_TONE_TO_BOTH = 2,
};

/** SetRinger.ringMode */
enum rf_sccp_ring {
    RF_SCCP_RING_OFF = 1,
    RF_SCCP_RING_INSIDE = 2,
    RF_SCCP_RING_OUTSIDE = 3,
    RF_SCCP_RING_FEATURE = 4,
    RF_SCCP_RING_FLASH_ONLY = 5,
    RF_SCCP_RING_PRECEDENCE = 6,
};
#define RF_SCCP_RING_NORMAL 1 /* SetRinger.ringDuration */
#define RF_SCCP_RING_ONCE   2

/** SetLamp.lampMode; SetLamp.stimulus and .instance name the key */
enum rf_sccp_lamp {
    RF_SCCP_LAMP_OFF = 1,
    RF_SCCP_LAMP_ON = 2,
    RF_SCCP_LAMP_WINK = 3,
    RF_SCCP_LAMP_FLASH = 4,
    RF_SCCP_LAMP_BLINK = 5,
};

/** SetSpeakerMode, SetMicroMode, HeadsetStatus, MediaPathEvent */
enum rf_sccp_onoff {
    RF_SCCP_MODE_ON = 1,
    RF_SCCP_MODE_OFF = 2,
};

/** MediaPathEvent.path, MediaPathCapability.path */
enum rf_sccp_path {
    RF_SCCP_PATH_HEADSET = 1,
    RF_SCCP_PATH_HANDSET = 2,
    RF_SCCP_PATH_SPEAKER = 3,
};

/** SubscriptionStat.cause */
enum rf_sccp_subscription {
    RF_SCCP_SUBSCRIPTION_OK = 0,
    RF_SCCP_SUBSCRIPTION_ROUTE_FAIL = 1,
    RF_SCCP_SUBSCRIPTION_AUTH_FAIL = 2,
    RF_SCCP_SUBSCRIPTION_TIMEOUT = 3,
    RF_SCCP_SUBSCRIPTION_TRUNK_TERM = 4,
    RF_SCCP_SUBSCRIPTION_TRUNK_FORBIDDEN = 5,
    RF_SCCP_SUBSCRIPTION_THROTTLE = 6,
};

/** Status of OpenReceiveChannelAck and StartMediaTransmissionAck */
enum rf_sccp_media_status {
    RF_SCCP_MEDIA_OK = 0,
    RF_SCCP_MEDIA_UNKNOWN = 1,
    RF_SCCP_MEDIA_NOT_ENOUGH_CHANNELS = 2,
    RF_SCCP_MEDIA_CODEC_TOO_COMPLEX = 3,
    RF_SCCP_MEDIA_INVALID_PARTY_ID = 4,
    RF_SCCP_MEDIA_INVALID_CALL_REF = 5,
    RF_SCCP_MEDIA_INVALID_CODEC = 6,
    RF_SCCP_MEDIA_INVALID_PACKET_SIZE = 7,
    RF_SCCP_MEDIA_OUT_OF_SOCKETS = 8,
    RF_SCCP_MEDIA_ENCODER_OR_DECODER_FAILED = 9,
    RF_SCCP_MEDIA_INVALID_DYNAMIC_PAYLOAD = 10,
    RF_SCCP_MEDIA_ADDR_TYPE_UNAVAILABLE = 11,
    RF_SCCP_MEDIA_DEVICE_ON_HOOK_OTHER = 12, /* one program's number for 255: read only */
    RF_SCCP_MEDIA_DEVICE_ON_HOOK = 255,
};

/** portHandlingFlag of CloseReceiveChannel and StopMediaTransmission */
enum rf_sccp_port_handling {
    RF_SCCP_PORT_HANDLING_CLOSE = 0,
    RF_SCCP_PORT_HANDLING_KEEP = 1,
};

/** statsProcessingMode of ConnectionStatisticsReq */
enum rf_sccp_stats_mode {
    RF_SCCP_STATS_CLEAR = 0,
    RF_SCCP_STATS_KEEP = 1,
};

/** mediaType of PortReq, PortRes and PortClose */
enum rf_sccp_media_type {
    RF_SCCP_MEDIA_TYPE_INVALID = 0,
    RF_SCCP_MEDIA_TYPE_AUDIO = 1,
    RF_SCCP_MEDIA_TYPE_MAIN_VIDEO = 2,
};

/** transport of PortReq */
enum rf_sccp_transport {
    RF_SCCP_TRANSPORT_RTP = 1,
    RF_SCCP_TRANSPORT_UDP = 2,
    RF_SCCP_TRANSPORT_TCP = 3,
};

/** Kinds of address: of the union, and of requestedIpAddrType and ipAddressType */
enum rf_sccp_addr_type {
    RF_SCCP_ADDR_IP4 = 0,
    RF_SCCP_ADDR_IP6 = 1,
    RF_SCCP_ADDR_BOTH = 2, /* only in a request */
    RF_SCCP_ADDR_INVALID = 3,
};

/** RecordingStatus.status */
enum rf_sccp_recording {
    RF_SCCP_RECORDING_OFF = 0,
    RF_SCCP_RECORDING_ON = 1,
};

/** sequenceFlag of the Version1 data messages */
enum rf_sccp_sequence {
    RF_SCCP_SEQUENCE_FIRST = 0,
    RF_SCCP_SEQUENCE_MORE = 1,
    RF_SCCP_SEQUENCE_LAST = 2,
};

/** compressionType and payloadCapability */
enum rf_sccp_codec {
    RF_SCCP_CODEC_G711_ALAW_64K = 2,
    RF_SCCP_CODEC_G711_ULAW_64K = 4,
    RF_SCCP_CODEC_G722_64K = 6,
    RF_SCCP_CODEC_G729 = 11,
    RF_SCCP_CODEC_G729_A = 12,
    RF_SCCP_CODEC_WIDE_BAND_256K = 25,
    RF_SCCP_CODEC_RFC2833_DYN_PAYLOAD = 257,
};

/** Reset.resetType */
enum rf_sccp_reset_type {
    RF_SCCP_RESET_RESET = 1,
    RF_SCCP_RESET_RESTART = 2,
    RF_SCCP_RESET_APPLY_CONFIG = 3,
};

/** Unregister.reason */
enum rf_sccp_unregister_reason {
    RF_SCCP_UNREGISTER_REASON_UNKNOWN = 0,
    RF_SCCP_UNREGISTER_REASON_POWER_SAVE = 1,
};

/** UnregisterAck.status */
enum rf_sccp_unregister_status {
    RF_SCCP_UNREGISTER_OK = 0,
    RF_SCCP_UNREGISTER_ERROR = 1,
    RF_SCCP_UNREGISTER_NAK = 2,
};

/** Alarm.alarmSeverity */
enum rf_sccp_alarm_severity {
    RF_SCCP_ALARM_CRITICAL = 0,
    RF_SCCP_ALARM_WARNING = 1,
    RF_SCCP_ALARM_INFORMATIONAL = 2,
    RF_SCCP_ALARM_UNKNOWN = 4,
    RF_SCCP_ALARM_MAJOR = 7,
    RF_SCCP_ALARM_MINOR = 8,
};

/** The number that opens an alarm's text ("25: Name=..."): why the phone restarted */
enum rf_sccp_alarm_reason {
    RF_SCCP_ALARM_REASON_LOAD_REJECTED = 0,
    RF_SCCP_ALARM_REASON_LOAD_VERSION = 3,
    RF_SCCP_ALARM_REASON_CHECKSUM = 5,
    RF_SCCP_ALARM_REASON_LOAD_NOT_ON_TFTP = 6,
    RF_SCCP_ALARM_REASON_TFTP_TIMEOUT = 7,
    RF_SCCP_ALARM_REASON_TFTP_ACCESS = 8,
    RF_SCCP_ALARM_REASON_TFTP_ERROR = 9,
    RF_SCCP_ALARM_REASON_TCP_TIMEOUT = 10,
    RF_SCCP_ALARM_REASON_TCP_RESET_BY_CM = 12,
    RF_SCCP_ALARM_REASON_TCP_CLOSED_BY_CM = 14,
    RF_SCCP_ALARM_REASON_KEEPALIVE_TIMEOUT = 17,
    RF_SCCP_ALARM_REASON_RESET_BY_CM = 22,
    RF_SCCP_ALARM_REASON_RESTART_BY_CM = 23,
    RF_SCCP_ALARM_REASON_REGISTRATION_REJECTED = 24,
    RF_SCCP_ALARM_REASON_INITIALIZED = 25,
    RF_SCCP_ALARM_REASON_FILE_AUTH_FAILED = 31,
};

#endif
