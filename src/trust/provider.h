/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL made quicker at reading keys. For each public key OpenSSL 3.0 looks through every decoder
 * of its default provider, which is 100 us for a certificate, eight times what the rest of the
 * certificate costs. A server of phones reads a certificate with each handshake.
 *
 *     int main(void) { rf_provider_start(); ... }
 *
 * doc: docs/tls.md */
#ifndef TRUST_PROVIDER_H
#define TRUST_PROVIDER_H

/** From now on the whole process uses the default provider without the decoders that nothing here
 * needs; everything else of it stays. Once, before any thread starts and before anything else asks
 * OpenSSL. When that cannot be had, all is as it was, only slower. */
void rf_provider_start(void);

#endif
