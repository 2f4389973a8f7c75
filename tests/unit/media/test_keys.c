/* SPDX-License-Identifier: Apache-2.0 */
/* Where keys are while a stream lives, and after: this process searches its own memory. */
#include "media/server_int.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Needles are kept under a mask, so that the search does not find itself. */
#define MASK 0x5a

struct needle {
    uint8_t masked[20];
    size_t len;
    size_t hits;
};

enum { MASTER, CIPHER_KEY, TAG_KEY, NEEDLES };

/* The key of a_packet_of_another_implementation_is_read, and what RFC 3711 4.3 derives from it. */
static const struct needle key_needles[NEEDLES] = {
    [MASTER] = {{0x4a, 0x4b, 0x48, 0x49, 0x4e, 0x4f, 0x4c, 0x4d, 0x42, 0x43, 0x40, 0x41, 0x46, 0x47,
                 0x44, 0x45},
                16},
    [CIPHER_KEY] = {{0x05, 0x3e, 0x1e, 0x0b, 0xa9, 0x3e, 0x0b, 0x56, 0x65, 0x11, 0x9f, 0x4f, 0xa0,
                     0xec, 0x2b, 0x98},
                    16},
    [TAG_KEY] = {{0x9d, 0x03, 0x6d, 0x9c, 0x8f, 0x70, 0x3a, 0xb3, 0x36, 0x30,
                  0x3a, 0x8e, 0x06, 0xfe, 0x35, 0xb1, 0xcb, 0x75, 0x01, 0xf6},
                 20},
};

#define PIECE 65536

static void search_piece(const uint8_t *piece, size_t len, struct needle needles[NEEDLES])
{
    for (size_t k = 0; k < NEEDLES; k++) {
        const struct needle *n = &needles[k];
        for (size_t i = 0; i + n->len <= len; i++) {
            size_t same = 0;
            while (same < n->len && (piece[i + same] ^ MASK) == n->masked[same])
                same++;
            needles[k].hits += same == n->len;
        }
    }
}

static void search_range(int mem, uint64_t from, uint64_t to, struct needle needles[NEEDLES])
{
    static uint8_t piece[PIECE];
    uint64_t own = (uint64_t)(uintptr_t)piece;
    for (uint64_t at = from; at < to; at += PIECE - 32) {
        if (at + PIECE > own && at < own + PIECE)
            continue;
        size_t want = to - at < PIECE ? (size_t)(to - at) : PIECE;
        ssize_t got = pread(mem, piece, want, (off_t)at);
        if (got > 0)
            search_piece(piece, (size_t)got, needles);
    }
    memset(piece, 0, sizeof piece);
}

/* All memory that can be written, but for the sanitizer's own huge tables. */
static void search_memory(struct needle needles[NEEDLES])
{
    char line[512];
    int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_true(mem >= 0);
    assert_non_null(maps);
    memcpy(needles, key_needles, sizeof key_needles);
    while (fgets(line, sizeof line, maps) != NULL) {
        char *end = NULL;
        uint64_t from = strtoull(line, &end, 16), to = strtoull(end + 1, &end, 16);
        if (end[1] == 'r' && end[2] == 'w' && to - from < (256u << 20))
            search_range(mem, from, to, needles);
    }
    fclose(maps);
    close(mem);
}

static void on_event(void *reader, const struct rf_media_event *event)
{
    if (event->kind == RF_MEDIA_CLOSED || event->kind == RF_MEDIA_STATS)
        ++*(unsigned *)reader;
}

static void on_leg(void *reader, const struct rf_media_leg_event *event)
{
    (void)reader, (void)event;
}

static void wait_for(struct rf_mailbox *events, unsigned *n, unsigned want)
{
    while (*n < want) {
        assert_true(rf_mailbox_wait(events, 20000));
        rf_mailbox_run(events, n);
    }
}

static void check_suite(enum rf_media_suite suite)
{
    struct needle needles[NEEDLES];
    struct rf_mailbox *events = rf_mailbox_new("test", 64);
    struct rf_media_conf conf = {.local = "127.0.0.1", .events_to = events, .on_event = on_event};
    struct rf_media_key key = {.suite = suite};
    struct rf_media *media;
    rf_media_id id;
    uint16_t port;
    unsigned n = 0;
    assert_err(rf_media_start(&media, NULL), RF_OK);
    assert_err(rf_media_open(media, &conf, &id, &port, NULL), RF_OK);
    for (size_t i = 0; i < sizeof key.master; i++)
        key.master[i] = (uint8_t)(0x10 + i);
    for (size_t i = 0; i < sizeof key.salt; i++)
        key.salt[i] = (uint8_t)(0x30 + i);
    search_memory(needles);
    assert_true(needles[MASTER].hits > 0); /* ours: the search works */
    assert_err(rf_media_receive(media, id, RF_MEDIA_PCMU, &key, NULL), RF_OK);
    assert_err(rf_media_send(media, id, "127.0.0.1", port, RF_MEDIA_PCMU, &key, NULL, 0, NULL),
               RF_OK);
    rf_media_key_wipe(&key);
    rf_media_ask(media, id);
    wait_for(events, &n, 1);
    search_memory(needles);
    assert_int_equal(needles[MASTER].hits, 0);
    if (suite != RF_MEDIA_AEAD_AES_128_GCM) {      /* whose salt has another length: other keys */
        assert_true(needles[CIPHER_KEY].hits > 0); /* what it works with */
        assert_true(needles[TAG_KEY].hits > 0);
    }
    rf_media_close(media, id);
    wait_for(events, &n, 2);
    search_memory(needles);
    assert_int_equal(needles[MASTER].hits, 0);
    assert_int_equal(needles[CIPHER_KEY].hits, 0);
    assert_int_equal(needles[TAG_KEY].hits, 0);
    rf_media_stop(media);
    rf_mailbox_free(events);
}

static void a_key_is_nowhere_once_it_is_not_needed(void **state)
{
    (void)state;
    for (unsigned suite = 1; suite < RF_MEDIA_SUITES; suite++)
        check_suite(suite);
}

/* The media server keeps a hash of it, for as long as the leg is open. */
static void a_leg_keeps_no_key_either(void **state)
{
    (void)state;
    struct needle needles[NEEDLES];
    struct rf_mailbox *events = rf_mailbox_new("test", 64);
    struct rf_media_server_conf conf = {
        .local = "127.0.0.1", .legs_max = 1, .events_to = events, .on_event = on_leg};
    struct rf_media_key key = {.suite = RF_MEDIA_AES_CM_128_HMAC_SHA1_80};
    struct rf_media_leg_conf leg_conf = {.codec = RF_MEDIA_PCMU, .packet_ms = 20, .key = &key};
    struct rf_media_server *server;
    rf_media_leg leg;
    uint16_t port;
    assert_err(rf_media_server_start_stepped(&conf, &server, NULL), RF_OK);
    for (size_t i = 0; i < sizeof key.master; i++)
        key.master[i] = (uint8_t)(0x10 + i);
    for (size_t i = 0; i < sizeof key.salt; i++)
        key.salt[i] = (uint8_t)(0x30 + i);
    assert_err(rf_media_leg_open(server, &leg_conf, &leg, &port, NULL), RF_OK);
    rf_media_key_wipe(&key);
    rf_media_server_turn(server);
    search_memory(needles);
    assert_int_equal(needles[MASTER].hits, 0);
    assert_true(needles[CIPHER_KEY].hits > 0);
    rf_media_leg_close(server, leg);
    rf_media_server_turn(server);
    search_memory(needles);
    for (size_t i = 0; i < NEEDLES; i++)
        assert_int_equal(needles[i].hits, 0);
    rf_media_server_stop(server);
    rf_mailbox_free(events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_nowhere_once_it_is_not_needed),
        cmocka_unit_test(a_leg_keeps_no_key_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
