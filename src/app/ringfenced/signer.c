/* SPDX-License-Identifier: Apache-2.0 */
/* The signer process: begun before any thread, and its end, which must not go unnoticed. */
#include <sys/pidfd.h>

#include "app/ringfenced/server_int.h"
#include "base/log.h"

/* Before any thread: the child is a copy of this process. */
enum rf_err signer_fork(struct server *s, const struct user *user, struct rf_why *why)
{
    RF_AUTO(rf_freep) char *tftp_key = rf_site_path(s->site, RF_SITE_KEY_TFTP);
    RF_AUTO(rf_freep) char *tftp_cert = rf_site_path(s->site, RF_SITE_CERT_TFTP);
    RF_AUTO(rf_freep) char *lsc_key = rf_site_path(s->site, RF_SITE_KEY_LSC_ISSUER);
    RF_AUTO(rf_freep) char *lsc_cert = rf_site_path(s->site, RF_SITE_CERT_LSC_ISSUER);
    const struct rf_signer_key_conf keys[] = {
        {"tftp", tftp_key, tftp_cert,
         RF_SIGNER_MAY(RF_DIGEST_SHA1) | RF_SIGNER_MAY(RF_DIGEST_SHA512)},
        {"lsc-issuer", lsc_key, lsc_cert, RF_SIGNER_MAY(RF_DIGEST_SHA256)}};
    user_raise(user);
    enum rf_err err = rf_signer_fork(keys, sizeof keys / sizeof *keys, &s->signer, why);
    user_lower(user);
    if (err == RF_OK)
        s->signer_pid = rf_signer_pid(s->signer);
    return err;
}

/* Nothing brings it back but a new start: a signer that ended by itself is no small matter. */
static void signer_ended(void *arg, int fd)
{
    struct server *s = arg;
    rf_watch_free(s->signer_watch);
    s->signer_watch = NULL;
    rf_error(RF_CAT_SIGNER,
             "the signer process %ld has ended: no configuration and no certificate is signed any "
             "more, calls go on; find out why, then start the server again",
             (long)s->signer_pid);
    event_of_server(s, RF_STORE_ERROR, "signer-gone",
                    "the signer process %ld has ended: nothing is signed until the server is "
                    "started again",
                    (long)s->signer_pid);
    s->signer_pid = 0;
}

void signer_watch(struct server *s)
{
    s->signer_fd = pidfd_open(s->signer_pid, 0);
    if (s->signer_fd >= 0)
        s->signer_watch = rf_loop_watch_fd(s->loop, s->signer_fd, signer_ended, s);
    else
        rf_warn(RF_CAT_SIGNER, "the end of the signer process would go unnoticed until it is used");
}
