/* SPDX-License-Identifier: Apache-2.0 */
/* SCCP messages about keys: the button template, the soft keys, and what happens when a key is
 * pressed or a path of sound is switched.
 * doc: docs/wire/sccp.md, "Keys" */
#ifndef WIRE_SCCP_SCCP_BUTTONS_H
#define WIRE_SCCP_SCCP_BUTTONS_H

#include "base/bytes.h"

#define RF_SCCP_BUTTON_MAX          128 /* entries of one message; phones have up to 56 */
#define RF_SCCP_BUTTON_SLOTS        42  /* slots that servers fill, unused ones undefined */
#define RF_SCCP_SOFTKEY_MAX         32
#define RF_SCCP_SOFTKEY_SET_MAX     16
#define RF_SCCP_KEYS_PER_SET        16
#define RF_SCCP_SOFTKEY_INFO_OFFSET 300 /* info index = this + template index */

struct rf_sccp_button {
    uint8_t instance; /* counts from 1 per kind */
    uint8_t type;     /* enum rf_sccp_stim */
};

/** ButtonTemplate, server to phone. `count` is cut to the entries that were sent and to the limit;
 * never loop over `total`. When encoding, total 0 means offset + count. */
struct rf_sccp_button_template {
    uint32_t offset;
    uint32_t count;
    uint32_t total;
    struct rf_sccp_button buttons[RF_SCCP_BUTTON_MAX];
};

struct rf_sccp_softkey {
    struct rf_slice label; /* at most 16 bytes; text, or 80 nn */
    uint32_t event;        /* comes back in SoftKeyEvent */
};

/** SoftKeyTemplateRes, server to phone. count and total as in the button template. */
struct rf_sccp_softkey_template {
    uint32_t offset;
    uint32_t count;
    uint32_t total;
    struct rf_sccp_softkey keys[RF_SCCP_SOFTKEY_MAX];
};

struct rf_sccp_softkey_set {
    uint8_t template_index[RF_SCCP_KEYS_PER_SET]; /* from 1; 0 is an empty place */
    uint16_t info_index[RF_SCCP_KEYS_PER_SET];
};

/** SoftKeySetRes, server to phone. count and total as in the button template. */
struct rf_sccp_softkey_set_res {
    uint32_t offset;
    uint32_t count;
    uint32_t total;
    struct rf_sccp_softkey_set sets[RF_SCCP_SOFTKEY_SET_MAX];
};

/** SelectSoftKeys, server to phone. Bit n of the mask is key n of the set. */
struct rf_sccp_select_softkeys {
    uint32_t line_instance;
    uint32_t call_reference;
    uint32_t set_index; /* enum rf_sccp_keyset */
    uint32_t valid_key_mask;
};

/** KeypadButton, phone to server. Old phones send the button only. */
struct rf_sccp_keypad_button {
    uint32_t button; /* 0-9, 10-13 A-D, 14 *, 15 #, 16 +; others are to be ignored */
    uint32_t line_instance;
    uint32_t call_reference;
};

/** EnblocCall, phone to server: a whole number at once. */
struct rf_sccp_enbloc_call {
    struct rf_slice called_party; /* 24 or 25 bytes, unchecked text */
    uint32_t line_instance;
    bool is_aligned; /* version 18+: the line stands at 28, as some phones send it, not at 25 */
};

/** Stimulus, phone to server. Old phones leave out the last fields. */
struct rf_sccp_stimulus {
    uint32_t stimulus;
    uint32_t instance; /* 0 is the active line */
    uint32_t call_reference;
    uint32_t status;
};

/** OffHook, OnHook, HookFlash (phone to server), ClearPromptStatus, BackSpaceReq (to phone). */
struct rf_sccp_line_call {
    uint32_t line_instance;
    uint32_t call_reference;
};

/** OffHookWithCallingPartyNumber, phone to server. */
struct rf_sccp_off_hook_cgpn {
    struct rf_slice calling_party;
    struct rf_slice voice_mailbox;
    uint32_t line_instance;
};

/** SoftKeyEvent, phone to server. Line and call are 0 on an idle phone. */
struct rf_sccp_softkey_event {
    uint32_t event;
    uint32_t line_instance;
    uint32_t call_reference;
};

/** HeadsetStatus, phone to server; SetSpeakerMode and SetMicroMode, to phone: 1 on, 2 off. */
struct rf_sccp_mode {
    uint32_t mode;
};

/** MediaPathEvent, phone to server: path 1 headset, 2 handset, 3 speaker; event 1 on, 2 off. */
struct rf_sccp_media_path_event {
    uint32_t path;
    uint32_t event;
};

/** MediaPathCapability, phone to server: 1 enable, 2 disable, 3 monitor. */
struct rf_sccp_media_path_capability {
    uint32_t path;
    uint32_t capability;
};

#endif
