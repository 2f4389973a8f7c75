/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of keys: digits, stimuli and kinds of buttons, soft keys and their sets, and the words
 * that a phone shows in its own language. As complete as our code needs; the complete tables, for
 * reading a log, are the names of sccp_names.h. Fields stay uint32_t: a peer may send any number.
 * doc: docs/wire/sccp.md, "Numbers" */
#ifndef WIRE_SCCP_SCCP_KEYS_H
#define WIRE_SCCP_SCCP_KEYS_H

#include <stdint.h>

/** KeypadButton.button: 0-9 are the digits themselves */
enum rf_sccp_button_code {
    RF_SCCP_BUTTON_A = 10, /* to 13, D */
    RF_SCCP_BUTTON_D = 13,
    RF_SCCP_BUTTON_STAR = 14,
    RF_SCCP_BUTTON_POUND = 15,
    RF_SCCP_BUTTON_PLUS = 16,
};

/** One numbering for Stimulus, SetLamp, button types and features */
enum rf_sccp_stim {
    RF_SCCP_STIM_UNUSED = 0x00,
    RF_SCCP_STIM_REDIAL = 0x01,
    RF_SCCP_STIM_SPEED_DIAL = 0x02,
    RF_SCCP_STIM_HOLD = 0x03,
    RF_SCCP_STIM_TRANSFER = 0x04,
    RF_SCCP_STIM_FORWARD_ALL = 0x05,
    RF_SCCP_STIM_FORWARD_BUSY = 0x06,
    RF_SCCP_STIM_FORWARD_NO_ANSWER = 0x07,
    RF_SCCP_STIM_DISPLAY = 0x08,
    RF_SCCP_STIM_LINE = 0x09,
    RF_SCCP_STIM_VOICE_MAIL = 0x0f,
    RF_SCCP_STIM_ANSWER_RELEASE = 0x10,
    RF_SCCP_STIM_AUTO_ANSWER = 0x11,
    RF_SCCP_STIM_SELECT = 0x12,
    RF_SCCP_STIM_FEATURE = 0x13, /* as a button */
    RF_SCCP_STIM_PRIVACY = 0x13, /* as a stimulus */
    RF_SCCP_STIM_SERVICE_URL = 0x14,
    RF_SCCP_STIM_BLF_SPEED_DIAL = 0x15,
    RF_SCCP_STIM_INTERCOM = 0x17,
    RF_SCCP_STIM_MULTI_STATE = 0x26,
    RF_SCCP_STIM_MEET_ME = 0x7b,
    RF_SCCP_STIM_CONFERENCE = 0x7d,
    RF_SCCP_STIM_CALL_PARK = 0x7e,
    RF_SCCP_STIM_CALL_PICK_UP = 0x7f,
    RF_SCCP_STIM_GROUP_PICK_UP = 0x80,
    RF_SCCP_STIM_MOBILITY = 0x81,
    RF_SCCP_STIM_DO_NOT_DISTURB = 0x82,
    RF_SCCP_STIM_CONF_LIST = 0x83,
    RF_SCCP_STIM_REMOVE_LAST = 0x84, /* of a conference */
    RF_SCCP_STIM_CALL_BACK = 0x86,
    RF_SCCP_STIM_NEW_CALL = 0x89,
    RF_SCCP_STIM_END_CALL = 0x8a,
    RF_SCCP_STIM_MESSAGES = 0xc2,
    RF_SCCP_STIM_DIRECTORY = 0xc3,
    RF_SCCP_STIM_APPLICATION = 0xc5,
    RF_SCCP_STIM_HEADSET = 0xc6,
    RF_SCCP_STIM_UNDEFINED = 0xff,
};

/** FeatureStat.status of a plain feature */
enum rf_sccp_feature_status {
    RF_SCCP_FEATURE_OFF = 0,
    RF_SCCP_FEATURE_ON = 1,
};

/** FeatureStatV2.status of a BLF key, and Notification.status */
enum rf_sccp_blf {
    RF_SCCP_BLF_UNKNOWN = 0,
    RF_SCCP_BLF_IDLE = 1,
    RF_SCCP_BLF_IN_USE = 2,
    RF_SCCP_BLF_DO_NOT_DISTURB = 3,
    RF_SCCP_BLF_ALERTING = 4,
};

/** SoftKeyEvent.event of our soft-key template, and label code 80 nn: the keys of the dictionary.
 * The words of the dictionary are enum rf_sccp_word. */
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
    RF_SCCP_KEY_REMOVE_LAST = 57, /* of a conference */
    RF_SCCP_KEY_IMM_DIVERT = 59,
    RF_SCCP_KEY_TRANSFER_VM = 62,
    RF_SCCP_KEY_DND = 63,
    RF_SCCP_KEY_DIVERT_ALL = 64,
    RF_SCCP_KEY_CALL_BACK = 65,
    RF_SCCP_KEY_BARGE = 67,
    RF_SCCP_KEY_DIRECT_TRANSFER = 77,
    RF_SCCP_KEY_SELECT = 78,
    RF_SCCP_KEY_CONF_LIST = 79,
    RF_SCCP_KEY_IDIVERT = 80,
    RF_SCCP_KEY_CBARGE = 81,
};

/** Label code 80 nn: words of the dictionary that are no keys, which a phone shows in its own
 * language. A prompt may be such a code alone, or the code and more text. */
enum rf_sccp_word {
    RF_SCCP_WORD_YOUR_OPTIONS = 19,
    RF_SCCP_WORD_OFF_HOOK = 20,
    RF_SCCP_WORD_ON_HOOK = 21,
    RF_SCCP_WORD_RING_OUT = 22,
    RF_SCCP_WORD_FROM = 23,
    RF_SCCP_WORD_CONNECTED = 24,
    RF_SCCP_WORD_BUSY = 25,
    RF_SCCP_WORD_LINE_IN_USE = 26,
    RF_SCCP_WORD_CALL_WAITING = 27,
    RF_SCCP_WORD_CALL_TRANSFER = 28,
    RF_SCCP_WORD_CALL_PROCEED = 30,
    RF_SCCP_WORD_IN_USE_REMOTE = 31,
    RF_SCCP_WORD_ENTER_NUMBER = 32,
    RF_SCCP_WORD_TEMP_FAIL = 35,
    RF_SCCP_WORD_FORWARDED_TO = 37,
    RF_SCCP_WORD_CANNOT_COMPLETE_CONFERENCE = 38,
    RF_SCCP_WORD_NO_CONFERENCE_BRIDGE = 39,
    RF_SCCP_WORD_INVALID_PARTICIPANT = 41,
    RF_SCCP_WORD_IN_CONFERENCE_ALREADY = 42,
    RF_SCCP_WORD_NO_PARTICIPANT_INFO = 43,
    RF_SCCP_WORD_EXCEED_MAXIMUM_PARTIES = 44,
    RF_SCCP_WORD_KEY_IS_NOT_ACTIVE = 45,
    RF_SCCP_WORD_CONFERENCE = 52,
    RF_SCCP_WORD_PRIVATE = 54,
    RF_SCCP_WORD_UNKNOWN_NUMBER = 56,
    RF_SCCP_WORD_BARGE_FAILED = 68,
    RF_SCCP_WORD_ANOTHER_BARGE = 69,
    RF_SCCP_WORD_INCOMPATIBLE_DEVICE = 70,
    RF_SCCP_WORD_SERVICE_NOT_ACTIVE = 73,
    RF_SCCP_WORD_HIGH_TRAFFIC = 74,
    RF_SCCP_WORD_CANNOT_COMPLETE_TRANSFER = 82,
    RF_SCCP_WORD_CANNOT_JOIN_CALLS = 83,
    RF_SCCP_WORD_NUMBER_NOT_CONFIGURED = 85,
    RF_SCCP_WORD_SECURITY_ERROR = 86,
    RF_SCCP_WORD_MAX_CALL_DURATION = 89,
    RF_SCCP_WORD_MAX_HOLD_DURATION = 90,
};

/** The byte in front of a code that stands for a word of the phone's language */
enum rf_sccp_label {
    RF_SCCP_LABEL_WORD = 0x80,  /* of the dictionary, or of the network settings */
    RF_SCCP_LABEL_WORD2 = 0x1e, /* of the second list, enum rf_sccp_word2 */
};

/** Label code 1e nn */
enum rf_sccp_word2 {
    RF_SCCP_WORD2_IN_HOME_LOCATION = 5,
    RF_SCCP_WORD2_CM_FALLBACK = 10, /* "CM fallback service operating": SRST */
    RF_SCCP_WORD2_PLEASE_END_CALL = 13,
    RF_SCCP_WORD2_TRANSFER_BUSY = 16,
    RF_SCCP_WORD2_CALL_ON_HOLD = 34,
    RF_SCCP_WORD2_HOLD_REVERSION = 35,
    RF_SCCP_WORD2_SETUP_FAILED = 36,
    RF_SCCP_WORD2_NO_RESOURCES = 37,
    RF_SCCP_WORD2_NOT_AUTHORIZED = 38,
    RF_SCCP_WORD2_FORWARD_ALL = 45,
    RF_SCCP_WORD2_CONFERENCE_LIST = 52,
    RF_SCCP_WORD2_JOIN_HINT = 55,
    RF_SCCP_WORD2_DND = 56,
    RF_SCCP_WORD2_DND_ACTIVE = 57,
    RF_SCCP_WORD2_FORWARD_LOOP = 58,
    RF_SCCP_WORD2_FORWARD_HOPS = 59,
    RF_SCCP_WORD2_CONFERENCE_UNAVAILABLE = 62,
    RF_SCCP_WORD2_MEET_ME_UNAVAILABLE = 63,
};

/** SelectSoftKeys.softKeySetIndex */
enum rf_sccp_keyset {
    RF_SCCP_KEYSET_ON_HOOK = 0,
    RF_SCCP_KEYSET_CONNECTED = 1,
    RF_SCCP_KEYSET_ON_HOLD = 2,
    RF_SCCP_KEYSET_RING_IN = 3,
    RF_SCCP_KEYSET_OFF_HOOK = 4,
    RF_SCCP_KEYSET_CONN_TRANS = 5, /* the second leg of a transfer */
    RF_SCCP_KEYSET_DIGITS_FOLL = 6,
    RF_SCCP_KEYSET_CONN_CONF = 7,
    RF_SCCP_KEYSET_RING_OUT = 8,
    RF_SCCP_KEYSET_OFF_HOOK_FEAT = 9,      /* consultation, target of a forward */
    RF_SCCP_KEYSET_IN_USE_HINT = 10,       /* a shared line is busy elsewhere */
    RF_SCCP_KEYSET_ON_HOOK_STEALABLE = 11, /* a shared line is held elsewhere */
    RF_SCCP_KEYSET_HOLD_CONF = 12,         /* one server program only */
};
#define RF_SCCP_KEY_MASK_ALL UINT32_MAX /* SelectSoftKeys.validKeyMask */

#endif
