/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolments by CAPF, one of each device that bench_devices made.
 *
 *     bench_enrolments PORT N mic|null CLIENTS PID,PID MAKER-CERT MAKER-KEY
 *
 * Everything a phone contributes is made before: its manufacturer's certificate, the two signatures
 * that prove it, and its key, which is one of a few. Prints how many there were, and the CPU
 * seconds of the processes meanwhile. */
#include "load.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/capf/capf.h"

#define SOURCES 16
#define KEYS    16

struct phone {
    char name[32];
    uint8_t *cert;
    int cert_len;
    uint8_t sha1[256];
    uint8_t sha512[256];
};

static struct phone *phones;
static unsigned phones_n;
static unsigned next;
static unsigned done;
static bool shows_mic;
static struct {
    uint8_t *der;
    int len;
} spki[KEYS];

static void sign(EVP_PKEY *key, const EVP_MD *md, const struct phone *p, uint8_t out[256])
{
    size_t len = 256;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, md, NULL, key) != 1 ||
        EVP_DigestSignUpdate(ctx, p->name, strlen(p->name) + 1) != 1 ||
        EVP_DigestSignUpdate(ctx, p->cert, (size_t)p->cert_len) != 1 ||
        EVP_DigestSignFinal(ctx, out, &len) != 1 || len != 256)
        load_fail("no proof could be signed");
    EVP_MD_CTX_free(ctx);
}

static void make_phones(const char *cert_path, const char *key_path)
{
    X509 *maker = load_cert_read(cert_path);
    EVP_PKEY *maker_key = load_key_read(key_path);
    EVP_PKEY *key = load_key_new("rsa");
    phones = calloc(phones_n, sizeof *phones);
    for (unsigned i = 0; phones != NULL && i < phones_n; i++) {
        struct phone *p = &phones[i];
        snprintf(p->name, sizeof p->name, "SEP%012u", i);
        if (!shows_mic)
            continue;
        X509 *cert = load_cert_new(key, p->name, maker, maker_key);
        p->cert_len = i2d_X509(cert, &p->cert);
        X509_free(cert);
        sign(key, EVP_sha1(), p, p->sha1);
        sign(key, EVP_sha512(), p, p->sha512);
    }
    for (unsigned i = 0; i < KEYS; i++) {
        EVP_PKEY *own = load_key_new("rsa");
        spki[i].len = i2d_PUBKEY(own, &spki[i].der);
        EVP_PKEY_free(own);
    }
    EVP_PKEY_free(key);
    EVP_PKEY_free(maker_key);
    X509_free(maker);
}

static void say(struct load_conn *c, struct rf_capf_msg *m)
{
    uint8_t buf[RF_CAPF_FRAME_MAX];
    struct rf_slice frame;
    if (rf_capf_encode(m, buf, sizeof buf, &frame) != RF_OK)
        load_fail("a message is too long");
    load_send(c, frame.p, frame.len);
}

static void prove(struct load_conn *c, struct rf_capf_msg *m)
{
    const struct phone *p = c->data;
    m->command = RF_CAPF_AUTH_RES;
    m->has_version = true;
    m->version = RF_CAPF_VERSION;
    m->has_device_name = true;
    m->device_name = rf_slice_str(p->name);
    if (shows_mic) {
        m->has_cert = m->has_signed_data = m->has_sha2_signed_data = true;
        m->cert_inner_type = RF_CAPF_CERT_MIC;
        m->cert = rf_slice_of(p->cert, (size_t)p->cert_len);
        m->signed_data = rf_slice_of(p->sha1, sizeof p->sha1);
        m->sha2_hash = RF_CAPF_HASH_SHA512;
        m->sha2_signature = rf_slice_of(p->sha512, sizeof p->sha512);
    }
    say(c, m);
}

static void answer(struct load_conn *c, const struct rf_capf_msg *asked)
{
    const struct phone *p = c->data;
    unsigned key = (unsigned)(p - phones) % KEYS;
    struct rf_capf_msg m = {
        .session = asked->session, .has_reason = true, .reason = RF_CAPF_REASON_UPDATE};
    switch (asked->command) {
    case RF_CAPF_AUTH_REQ:
        prove(c, &m);
        break;
    case RF_CAPF_KEYGEN_REQ:
        m.command = RF_CAPF_KEYGEN_RES;
        m.has_public_key = true;
        m.public_key = rf_slice_of(spki[key].der, (size_t)spki[key].len);
        say(c, &m);
        break;
    case RF_CAPF_STORE_CERT_REQ:
        m.command = RF_CAPF_STORE_CERT_RES;
        say(c, &m);
        break;
    case RF_CAPF_END_SESSION:
        if (asked->reason != RF_CAPF_REASON_UPDATE)
            load_fail("an enrolment was refused");
        done++;
        load_close(c);
        break;
    default:
        load_fail("an answer that was not expected");
    }
}

static size_t on_data(struct load_conn *c, const uint8_t *p, size_t n)
{
    struct rf_capf_frame frame;
    struct rf_capf_msg m;
    size_t used = 0;
    size_t of_frame;
    while (c->is_open &&
           rf_capf_frame_next(rf_slice_of(p + used, n - used), &frame, &of_frame, NULL) == RF_OK) {
        if (rf_capf_decode(&frame, &m, NULL) != RF_OK)
            load_fail("a message that cannot be read");
        used += of_frame;
        answer(c, &m);
    }
    return used;
}

static void on_open(struct load_conn *c)
{
    /* The server speaks first. */
}

static void connect_all(struct load *l)
{
    for (unsigned i = 0; i < l->conf.conns && next < phones_n; i++) {
        if (l->conn[i].fd >= 0)
            continue;
        l->conn[i].data = &phones[next++];
        load_connect(&l->conn[i]);
    }
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: bench_enrolments PORT N mic|null CLIENTS PID,PID MAKER-CERT "
                        "MAKER-KEY\n");
        return 2;
    }
    struct load_conf conf = {.port = (uint16_t)load_number(argv[1]),
                             .version = TLS1_2_VERSION,
                             .conns = load_number(argv[4]),
                             .sources = SOURCES,
                             .on_open = on_open,
                             .on_data = on_data};
    phones_n = load_number(argv[2]);
    shows_mic = strcmp(argv[3], "mic") == 0;
    make_phones(argv[6], argv[7]);
    struct load *l = load_new(&conf);
    double cpu = load_cpu_s(argv[5]);
    while (done < phones_n) {
        connect_all(l);
        load_turn(l, 100);
    }
    printf("%u %.2f\n", done, load_cpu_s(argv[5]) - cpu);
    load_free(l);
    for (unsigned i = 0; i < phones_n; i++)
        OPENSSL_free(phones[i].cert);
    for (unsigned i = 0; i < KEYS; i++)
        OPENSSL_free(spki[i].der);
    free(phones);
    return 0;
}
