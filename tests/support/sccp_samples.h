/* SPDX-License-Identifier: Apache-2.0 */
/* One filled-in message of every kind the SCCP codec knows, with the values of
 * tests/data/sccp/examples.txt where that file has the message: phone SEP001122334455 at 10.1.2.3,
 * peer 10.1.2.4, server 10.1.1.1, line 1, call reference 0x01000017. Shared by the unit tests and
 * by the program that prints frames for an independent dissector. */
#ifndef SUPPORT_SCCP_SAMPLES_H
#define SUPPORT_SCCP_SAMPLES_H

#include "wire/sccp/sccp.h"

#define SAMPLE_CALL  0x01000017u
#define SAMPLE_PARTY 0xfeffffe8u

/** The versions that differ from each other, as agreed. 3 stands for header version 0. */
extern const unsigned sccp_sample_versions[];
extern const size_t sccp_sample_versions_n;
/** All ids that have a name; only some of them are known to the codec. */
extern const uint32_t sccp_sample_ids[];
extern const size_t sccp_sample_ids_n;

/** Fill the message of this id; false when the codec does not know it. */
RF_MUST_CHECK bool sccp_sample(uint32_t id, struct rf_sccp_msg *m);
/** The key of OpenReceiveChannel (a0..af, 50..5d) or of StartMediaTransmission (c0..cf, 60..6d). */
void sccp_sample_key(struct rf_sccp_media_key *key, uint8_t first_key, uint8_t first_salt);

#endif
