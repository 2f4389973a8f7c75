/* SPDX-License-Identifier: Apache-2.0 */
/* G.711, µ-law and A-law, both ways. Decoding gives 16-bit samples (the 14-bit values of µ-law
 * times four, the 13-bit values of A-law times eight); encoding picks the code of the interval a
 * sample lies in, so encode(decode(c)) is c for every code but 0x7f of µ-law, the second zero,
 * which comes back as 0xff. spec: ITU-T G.711 tables 1a/1b (A-law), 2a/2b (µ-law). Pure; any
 * thread. */
#ifndef MEDIA_G711_H
#define MEDIA_G711_H

#include "base/bytes.h"

#define RF_G711_HZ     8000
#define RF_G711_SILENT 0xff /* code of positive zero */

uint8_t rf_ulaw_encode(int16_t sample);
int16_t rf_ulaw_decode(uint8_t code);
/** n samples to n codes, and back. */
void rf_ulaw_encode_n(const int16_t *samples, size_t n, uint8_t *codes);
void rf_ulaw_decode_n(const uint8_t *codes, size_t n, int16_t *samples);

uint8_t rf_alaw_encode(int16_t sample);
int16_t rf_alaw_decode(uint8_t code);
void rf_alaw_encode_n(const int16_t *samples, size_t n, uint8_t *codes);
void rf_alaw_decode_n(const uint8_t *codes, size_t n, int16_t *samples);

#endif
