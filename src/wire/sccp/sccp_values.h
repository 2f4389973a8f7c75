/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that stand in SCCP fields and that our own code sends or acts on. The complete tables,
 * for reading a log, are the names of sccp_names.h. Fields stay uint32_t: a peer may send any
 * number. doc: docs/wire/sccp.md, "Numbers" */
#ifndef WIRE_SCCP_SCCP_VALUES_H
#define WIRE_SCCP_SCCP_VALUES_H

/** CallState.state */
enum rf_sccp_state {
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
    RF_SCCP_STATE_REMOTE_MULTILINE = 13,
    RF_SCCP_STATE_INVALID_NUMBER = 14,
};

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

/** StartTone.tone, also the DTMF tones 1-10 and 14-19 */
enum rf_sccp_tone {
    RF_SCCP_TONE_SILENCE = 0x00,
    RF_SCCP_TONE_INSIDE_DIAL = 0x21,
    RF_SCCP_TONE_OUTSIDE_DIAL = 0x22,
    RF_SCCP_TONE_LINE_BUSY = 0x23,
    RF_SCCP_TONE_ALERTING = 0x24,
    RF_SCCP_TONE_REORDER = 0x25,
    RF_SCCP_TONE_CALL_WAITING = 0x2d,
    RF_SCCP_TONE_ZIP_ZIP = 0x31,
    RF_SCCP_TONE_ZIP = 0x32,
    RF_SCCP_TONE_BEEP_BONK = 0x33,
    RF_SCCP_TONE_NO_TONE = 0x7f,
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

/** SetLamp.lampMode */
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

/** One numbering for Stimulus, SetLamp, button types and features */
enum rf_sccp_stim {
    RF_SCCP_STIM_UNUSED = 0x00,
    RF_SCCP_STIM_REDIAL = 0x01,
    RF_SCCP_STIM_SPEED_DIAL = 0x02,
    RF_SCCP_STIM_HOLD = 0x03,
    RF_SCCP_STIM_TRANSFER = 0x04,
    RF_SCCP_STIM_FORWARD_ALL = 0x05,
    RF_SCCP_STIM_LINE = 0x09,
    RF_SCCP_STIM_VOICE_MAIL = 0x0f,
    RF_SCCP_STIM_FEATURE = 0x13,
    RF_SCCP_STIM_SERVICE_URL = 0x14,
    RF_SCCP_STIM_BLF_SPEED_DIAL = 0x15,
    RF_SCCP_STIM_CONFERENCE = 0x7d,
    RF_SCCP_STIM_MESSAGES = 0xc2,
    RF_SCCP_STIM_UNDEFINED = 0xff,
};

/** SoftKeyEvent.event of our soft-key template, and label code 80 nn */
enum rf_sccp_key {
    RF_SCCP_KEY_REDIAL = 1,
    RF_SCCP_KEY_NEW_CALL = 2,
    RF_SCCP_KEY_HOLD = 3,
    RF_SCCP_KEY_TRANSFER = 4,
    RF_SCCP_KEY_CFWD_ALL = 5,
    RF_SCCP_KEY_CFWD_BUSY = 6,
    RF_SCCP_KEY_CFWD_NO_ANSWER = 7,
    RF_SCCP_KEY_BACK_SPACE = 8,
    RF_SCCP_KEY_END_CALL = 9,
    RF_SCCP_KEY_RESUME = 10,
    RF_SCCP_KEY_ANSWER = 11,
    RF_SCCP_KEY_INFO = 12,
    RF_SCCP_KEY_CONFRN = 13,
    RF_SCCP_KEY_PARK = 14,
    RF_SCCP_KEY_JOIN = 15,
    RF_SCCP_KEY_MEET_ME = 16,
    RF_SCCP_KEY_PICK_UP = 17,
    RF_SCCP_KEY_GROUP_PICK_UP = 18,
    RF_SCCP_KEY_PRIVATE = 54,
    RF_SCCP_KEY_REMOVE_LAST = 57,
    RF_SCCP_KEY_TRANSFER_VM = 62,
    RF_SCCP_KEY_DND = 63,
    RF_SCCP_KEY_CALL_BACK = 65,
    RF_SCCP_KEY_BARGE = 67,
    RF_SCCP_KEY_DIR_TRANSFER = 77,
    RF_SCCP_KEY_SELECT = 78,
    RF_SCCP_KEY_CONF_LIST = 79,
    RF_SCCP_KEY_I_DIVERT = 80,
    RF_SCCP_KEY_C_BARGE = 81,
};

/** SelectSoftKeys.softKeySetIndex */
enum rf_sccp_keyset {
    RF_SCCP_KEYSET_ON_HOOK = 0,
    RF_SCCP_KEYSET_CONNECTED = 1,
    RF_SCCP_KEYSET_ON_HOLD = 2,
    RF_SCCP_KEYSET_RING_IN = 3,
    RF_SCCP_KEYSET_OFF_HOOK = 4,
    RF_SCCP_KEYSET_CONN_TRANS = 5,
    RF_SCCP_KEYSET_DIGITS_FOLL = 6,
    RF_SCCP_KEYSET_CONN_CONF = 7,
    RF_SCCP_KEYSET_RING_OUT = 8,
    RF_SCCP_KEYSET_OFF_HOOK_FEAT = 9,
    RF_SCCP_KEYSET_IN_USE_HINT = 10,
    RF_SCCP_KEYSET_ON_HOOK_STEALABLE = 11,
};

/** Status of OpenReceiveChannelAck and StartMediaTransmissionAck */
enum rf_sccp_media_status {
    RF_SCCP_MEDIA_OK = 0,
    RF_SCCP_MEDIA_UNKNOWN = 1,
    RF_SCCP_MEDIA_NOT_ENOUGH_CHANNELS = 2,
    RF_SCCP_MEDIA_INVALID_PARTY_ID = 4,
    RF_SCCP_MEDIA_INVALID_CALL_REF = 5,
    RF_SCCP_MEDIA_INVALID_CODEC = 6,
    RF_SCCP_MEDIA_INVALID_PACKET_SIZE = 7,
    RF_SCCP_MEDIA_OUT_OF_SOCKETS = 8,
    RF_SCCP_MEDIA_ENCODER_OR_DECODER_FAILED = 9,
    RF_SCCP_MEDIA_DEVICE_ON_HOOK = 255,
};

/** compressionType and payloadCapability */
enum rf_sccp_codec {
    RF_SCCP_CODEC_G711_ALAW_64K = 2,
    RF_SCCP_CODEC_G711_ULAW_64K = 4,
    RF_SCCP_CODEC_G722_64K = 6,
    RF_SCCP_CODEC_G729 = 11,
    RF_SCCP_CODEC_RFC2833_DYN_PAYLOAD = 257,
};

/** Reset.resetType */
enum rf_sccp_reset_type {
    RF_SCCP_RESET_RESET = 1,
    RF_SCCP_RESET_RESTART = 2,
    RF_SCCP_RESET_APPLY_CONFIG = 3,
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
