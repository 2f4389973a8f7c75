/* SPDX-License-Identifier: Apache-2.0 */
/* The least that a server can be which does what ringfenced does in a handshake: a certificate
 * asked of every client and verified against one issuer, the session cache. It throws away what it
 * reads.
 *
 *     bench_bare CERT KEY ISSUER-CERT SESSIONS
 *
 * Prints its port, and runs until it is killed. */
#include "bare_server.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static const struct bare_calls calls = {.on_open = NULL};
    if (argc != 5) {
        fprintf(stderr, "usage: bench_bare CERT KEY ISSUER-CERT SESSIONS\n");
        return 2;
    }
    SSL_CTX *ctx = bare_context(argv[1], argv[2]);
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    if (X509_STORE_load_file(store, argv[3]) != 1 ||
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1)
        bare_fail("issuer");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(ctx, strtol(argv[4], NULL, 10));
    SSL_CTX_set_timeout(ctx, 8 * 3600);
    if (SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"bare", 4) != 1 ||
        SSL_CTX_set_num_tickets(ctx, 1) != 1)
        bare_fail("sessions");
    bare_serve(ctx, &calls);
    return 0;
}
