/* SPDX-License-Identifier: Apache-2.0 */
#include "base/faults.h"
#include "base/secret.h"
#include "media/media_int.h"

#include <pthread.h>
#include <srtp2/srtp.h>

_Static_assert(SRTP_MAX_TRAILER_LEN <= RF_SRTP_TRAILER, "room behind a packet");

struct rf_srtp {
    srtp_t session;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static srtp_err_status_t setup_status;

/* Never undone: other threads may have sessions, and the library has no count of them. */
static void setup(void)
{
    setup_status = srtp_init();
}

enum rf_err rf_srtp_setup(struct rf_why *why)
{
    pthread_once(&once, setup);
    if (setup_status != srtp_err_status_ok)
        return rf_why_set(why, RF_ERR_CRYPTO, "media-srtp", "libsrtp2 does not start (status %d)",
                          (int)setup_status);
    return RF_OK;
}

/* The library has a function a suite, for RTP and for RTCP. */
static const struct {
    void (*rtp)(srtp_crypto_policy_t *policy);
    void (*rtcp)(srtp_crypto_policy_t *policy);
} policies[RF_MEDIA_SUITES] = {
    [RF_MEDIA_AES_CM_128_HMAC_SHA1_32] = {srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
                                          srtp_crypto_policy_set_rtcp_default},
    [RF_MEDIA_AES_CM_128_HMAC_SHA1_80] = {srtp_crypto_policy_set_rtp_default,
                                          srtp_crypto_policy_set_rtcp_default},
    [RF_MEDIA_AEAD_AES_128_GCM] = {srtp_crypto_policy_set_aes_gcm_128_16_auth,
                                   srtp_crypto_policy_set_aes_gcm_128_16_auth},
};

static void set_suite(srtp_policy_t *policy, enum rf_media_suite suite)
{
    policies[suite].rtp(&policy->rtp);
    policies[suite].rtcp(&policy->rtcp);
    if (suite == RF_MEDIA_AEAD_AES_128_GCM)
        return; /* no cipher of it without a tag */
    if (rf_fault_skips("media.srtp-tag"))
        policy->rtp.sec_serv = sec_serv_conf;
}

static enum rf_err new_session(const struct rf_media_key *key, srtp_ssrc_t ssrc,
                               struct rf_srtp **out, struct rf_why *why)
{
    const struct rf_media_suite_info *info = rf_media_suite_get(key->suite);
    uint8_t master[sizeof key->master + sizeof key->salt];
    struct rf_wr wr = rf_wr_of(master, sizeof master);
    srtp_policy_t policy = {.ssrc = ssrc, .key = master, .window_size = RF_SRTP_WINDOW};
    srtp_t session = NULL;
    *out = NULL;
    rf_bug_on(key->suite == RF_MEDIA_CLEAR);
    set_suite(&policy, key->suite);
    rf_wr_bytes(&wr, key->master, info->key_len);
    rf_wr_bytes(&wr, key->salt, info->salt_len);
    srtp_err_status_t status = srtp_create(&session, &policy);
    rf_wipe(master, sizeof master);
    if (status != srtp_err_status_ok)
        return rf_why_set(why, RF_ERR_CRYPTO, "media-srtp",
                          "libsrtp2 does not take the key (status %d)", (int)status);
    *out = rf_new(struct rf_srtp);
    (*out)->session = session;
    return RF_OK;
}

enum rf_err rf_srtp_new_sender(const struct rf_media_key *key, uint32_t ssrc, struct rf_srtp **out,
                               struct rf_why *why)
{
    return new_session(key, (srtp_ssrc_t){.type = ssrc_specific, .value = ssrc}, out, why);
}

enum rf_err rf_srtp_new_receiver(const struct rf_media_key *key, struct rf_srtp **out,
                                 struct rf_why *why)
{
    return new_session(key, (srtp_ssrc_t){.type = ssrc_any_inbound}, out, why);
}

void rf_srtp_free(struct rf_srtp *srtp)
{
    if (srtp == NULL)
        return;
    srtp_err_status_t status = srtp_dealloc(srtp->session);
    rf_bug_on(status != srtp_err_status_ok);
    rf_free(srtp);
}

bool rf_srtp_protect(struct rf_srtp *srtp, uint8_t *packet, size_t *len)
{
    int n = (int)*len;
    if (srtp_protect(srtp->session, packet, &n) != srtp_err_status_ok)
        return false;
    *len = (size_t)n;
    return true;
}

bool rf_srtp_protect_rtcp(struct rf_srtp *srtp, uint8_t *packet, size_t *len)
{
    int n = (int)*len;
    if (srtp_protect_rtcp(srtp->session, packet, &n) != srtp_err_status_ok)
        return false;
    *len = (size_t)n;
    return true;
}

/* Not a switch: the library's enum has thirty values, and new ones may come. */
static enum rf_srtp_verdict verdict_of(srtp_err_status_t status)
{
    if (status == srtp_err_status_ok)
        return RF_SRTP_GOOD;
    if (status == srtp_err_status_replay_fail || status == srtp_err_status_replay_old ||
        status == srtp_err_status_pkt_idx_old)
        return RF_SRTP_REPLAY;
    if (status == srtp_err_status_parse_err || status == srtp_err_status_bad_param)
        return RF_SRTP_FORMAT;
    return RF_SRTP_TAG;
}

enum rf_srtp_verdict rf_srtp_unprotect(struct rf_srtp *srtp, uint8_t *packet, size_t *len)
{
    int n = (int)*len;
    enum rf_srtp_verdict verdict = verdict_of(srtp_unprotect(srtp->session, packet, &n));
    if (verdict == RF_SRTP_GOOD)
        *len = (size_t)n;
    return verdict;
}

enum rf_srtp_verdict rf_srtp_unprotect_rtcp(struct rf_srtp *srtp, uint8_t *packet, size_t *len)
{
    int n = (int)*len;
    enum rf_srtp_verdict verdict = verdict_of(srtp_unprotect_rtcp(srtp->session, packet, &n));
    if (verdict == RF_SRTP_GOOD)
        *len = (size_t)n;
    return verdict;
}
