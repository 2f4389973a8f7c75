/* SPDX-License-Identifier: Apache-2.0 */
#include "media/g711.h"

/* µ-law of the standard is a straight line of eight segments over magnitude + 33 (in 14 bits); here
 * in 16 bits, so times four. A magnitude above the last decision value is the last code. */
#define BIAS 132
#define CLIP 32635

/* Of a number above 0. */
static unsigned highest_bit(unsigned n)
{
    return 31u - (unsigned)__builtin_clz(n);
}

uint8_t rf_ulaw_encode(int16_t sample)
{
    unsigned sign = sample < 0 ? 0x80 : 0;
    int magnitude = sample < 0 ? -(int)sample : sample;
    unsigned biased = (unsigned)(magnitude > CLIP ? CLIP : magnitude) + BIAS;
    /* The highest bit, of 7 to 14, gives the segment; the four below it the step. */
    unsigned segment = highest_bit(biased) - 7;
    unsigned step = (biased >> (segment + 3)) & 0x0f;
    return (uint8_t) ~(sign | segment << 4 | step);
}

int16_t rf_ulaw_decode(uint8_t code)
{
    unsigned bits = (uint8_t)~code;
    unsigned segment = bits >> 4 & 7;
    int magnitude = (int)(((bits & 0x0f) << 3) + BIAS) << segment;
    magnitude -= BIAS;
    return (int16_t)((bits & 0x80) != 0 ? -magnitude : magnitude);
}

void rf_ulaw_encode_n(const int16_t *samples, size_t n, uint8_t *codes)
{
    for (size_t i = 0; i < n; i++)
        codes[i] = rf_ulaw_encode(samples[i]);
}

void rf_ulaw_decode_n(const uint8_t *codes, size_t n, int16_t *samples)
{
    for (size_t i = 0; i < n; i++)
        samples[i] = rf_ulaw_decode(codes[i]);
}

/* A-law in 16 bits: eight segments over the magnitude, of which the first two have steps of one
 * size; a negative number's magnitude is counted from -1, so that zero has one side only. Every
 * second bit goes out inverted. */
#define INVERTED 0x55

uint8_t rf_alaw_encode(int16_t sample)
{
    unsigned sign = sample < 0 ? 0 : 0x80;
    unsigned magnitude = (unsigned)(sample < 0 ? -(sample + 1) : sample);
    if (magnitude < 256)
        return (uint8_t)((sign | magnitude >> 4) ^ INVERTED);
    unsigned segment = highest_bit(magnitude) - 7;
    unsigned step = (magnitude >> (segment + 3)) & 0x0f;
    return (uint8_t)((sign | segment << 4 | step) ^ INVERTED);
}

int16_t rf_alaw_decode(uint8_t code)
{
    unsigned bits = code ^ INVERTED;
    unsigned segment = bits >> 4 & 7;
    /* The middle of the step. */
    int magnitude = (int)((bits & 0x0f) << 4) + 8;
    if (segment > 0)
        magnitude = (magnitude + 256) << (segment - 1);
    return (int16_t)((bits & 0x80) != 0 ? magnitude : -magnitude);
}

void rf_alaw_encode_n(const int16_t *samples, size_t n, uint8_t *codes)
{
    for (size_t i = 0; i < n; i++)
        codes[i] = rf_alaw_encode(samples[i]);
}

void rf_alaw_decode_n(const uint8_t *codes, size_t n, int16_t *samples)
{
    for (size_t i = 0; i < n; i++)
        samples[i] = rf_alaw_decode(codes[i]);
}
