/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes between our server and our client: who is let in, who is refused and what both sides
 * say of it, and resumption. */
#include "pair.h"

#include "base/metrics.h"

static void both_sides_prove_themselves(void **state)
{
    struct world w;
    uint64_t before = rf_metric_get(RF_METRIC_TLS_HANDSHAKES);
    begin_tls(&w);
    w.server.greet = "welcome";
    dial(&w);
    both_open(&w);
    assert_string_equal(w.server.version, "TLSv1.3");
    assert_string_equal(w.server.suite, "TLS_AES_256_GCM_SHA384");
    assert_true(w.server.is_encrypted && w.client.is_encrypted);
    assert_false(w.server.is_resumed || w.client.is_resumed);
    assert_int_equal(w.at_server.asked, 1);
    assert_int_equal(w.at_client.asked, 1);
    assert_string_equal(w.at_server.leaf, rf_cert_fingerprint(pki.phone.cert));
    assert_string_equal(w.at_client.leaf, rf_cert_fingerprint(pki.server.cert));
    assert_int_equal(w.at_server.chain_n, 1); /* the issuer, as the phone sent it */
    assert_int_equal(w.at_client.chain_n, 0);
    assert_true(w.server.has_cert && w.client.has_cert);
    assert_int_equal(w.server.chain_n, 1);
    turn_until(&w, w.client.got.len == 7);
    assert_err(rf_link_write(w.client.link, rf_slice_str("thanks")), RF_OK);
    turn_until(&w, w.server.got.len == 6);
    assert_slice_str(rf_buf_slice(&w.client.got), "welcome");
    assert_slice_str(rf_buf_slice(&w.server.got), "thanks");
    rf_link_close(w.client.link);
    both_closed(&w);
    assert_string_equal(w.client.code, "closed-here");
    assert_string_equal(w.server.code, "end");
    assert_int_equal(rf_metric_get(RF_METRIC_TLS_HANDSHAKES) - before, 2);
    finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_prove_themselves),
    };
    return cmocka_run_group_tests(tests, pki_make, pki_drop);
}
