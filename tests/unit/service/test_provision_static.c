/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the site: which of them is meant by a name, what is never reached by one, and how they
 * are signed for whoever asks. */
#include "provision_world.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/metrics.h"
#include "trust/sigfile.h"
#include "wire/phonexml/phonexml.h"

#define A "SEP001122334455"
#define B "SEP0011223344AF"

static void folder(struct world *w, const char *rest)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(w->dir, rest);
    assert_err(rf_dir_make(path, 0755, NULL), RF_OK);
}

static void empty(struct world *w, const char *rest)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(w->dir, rest);
    assert_err(rf_dir_empty(path, NULL), RF_OK);
    assert_int_equal(rmdir(path), 0);
}

static void mode_of(struct world *w, const char *rest, mode_t mode)
{
    RF_AUTO(rf_freep) char *path = rf_path_join(w->dir, rest);
    assert_int_equal(chmod(path, mode), 0);
}

static void expect_refused(struct world *w, const char *name, const char *code)
{
    const struct answer *a = world_get(w, name);
    assert_refused(a->err, RF_ERR_NOT_FOUND, a->why, code);
}

static void expect_file(struct world *w, const char *name, const char *text)
{
    const struct answer *a = world_get(w, name);
    assert_int_equal(a->err, RF_OK);
    assert_slice_str(rf_content_bytes(a->content), text);
}

/* Signed under this very name, over this text; returns the digest. */
static enum rf_digest expect_signed(struct world *w, const char *name, const char *text)
{
    const struct answer *a = world_get(w, name);
    assert_int_equal(a->err, RF_OK);
    assert_string_equal(rf_content_variant(a->content), "signed");
    struct rf_sigfile_policy policy = {.expected_name = rf_slice_str(name), .allow_sha1 = true};
    struct rf_sigfile_info info;
    struct rf_why why = {0};
    enum rf_err err =
        rf_sigfile_verify(rf_content_bytes(a->content), w->signer.cert, &policy, &info, &why);
    if (err != RF_OK)
        print_error("%s\n", rf_why_text(&why));
    assert_int_equal(err, RF_OK);
    assert_slice_str(info.body, text);
    return info.digest;
}

/* Its phone fetched its configuration to the end, from there. */
static void phone_at(struct world *w, const char *device, const char *host)
{
    RF_AUTO(rf_freep) char *name = rf_strf("%s.cnf.xml.sgn", device);
    const struct answer *a = world_get(w, name);
    assert_int_equal(a->err, RF_OK);
    struct rf_provision_report r = {.name = name,
                                    .peer = host,
                                    .device = device,
                                    .is_complete = true,
                                    .code = "",
                                    .text = "",
                                    .content = a->content};
    rf_provision_tell(w->p, &r);
    world_settle(w);
}

/* ---- names ---- */

static void files_are_found_below_folders(void **state)
{
    struct world *w = *state;
    folder(w, "files/Desktops");
    folder(w, "files/Desktops/320x196x4");
    folder(w, "files/New_Zealand");
    world_put(w, "files/Ringlist.xml", rf_slice_str("rings"));
    world_put(w, "files/Desktops/320x196x4/List.xml", rf_slice_str("list"));
    world_put(w, "files/New_Zealand/the tones.xml", rf_slice_str("tones"));
    expect_file(w, "Ringlist.xml", "rings");
    expect_file(w, "/Desktops/320x196x4/List.xml", "list");
    expect_file(w, "New_Zealand/the tones.xml", "tones");
    /* One that differs in the case of letters only, at each step. */
    expect_file(w, "ringlist.xml", "rings");
    expect_file(w, "desktops/320X196X4/list.XML", "list");
    expect_refused(w, "Desktops/List.xml", "file-not-found");
    expect_refused(w, "Desktops", "file-kind");
    expect_refused(w, "Desktops/320x196x4", "file-kind");
    expect_refused(w, "Ringlist.xml/List.xml", "file-kind");
    expect_refused(w, "the tones.xml", "name-character"); /* blanks only below a folder */
    expect_refused(w, "files/Ringlist.xml", "file-not-found");
    world_put(w, "files/RINGLIST.xml", rf_slice_str("shouting"));
    expect_file(w, "Ringlist.xml", "rings");
    expect_file(w, "RINGLIST.xml", "shouting");
    expect_refused(w, "ringlist.xml", "file-case");
    empty(w, "files/Desktops/320x196x4");
    empty(w, "files/Desktops");
    empty(w, "files/New_Zealand");
}

static void images_come_first_and_exact_names_before_others(void **state)
{
    struct world *w = *state;
    world_put(w, "images/one.xml", rf_slice_str("image"));
    world_put(w, "files/one.xml", rf_slice_str("file"));
    world_put(w, "files/One.xml", rf_slice_str("File"));
    expect_file(w, "one.xml", "image");
    assert_string_equal(rf_content_variant(w->answers[0].content), "image");
    expect_file(w, "One.xml", "File");
    assert_string_equal(rf_content_variant(w->answers[0].content), "file");
    expect_refused(w, "ONE.xml", "file-case");
}

/* SEC-120: whatever the name is, nothing but the listed files of the two folders is opened. Each
 * refusal has its twin: the same file without the trick. */
static void sec_120_no_name_leads_out_of_the_folders(void **state)
{
    struct world *w = *state;
    folder(w, "files/in");
    world_put(w, "files/in/x.xml", rf_slice_str("x"));
    world_put(w, "keys/tftp.pem", rf_slice_str("secret"));
    RF_AUTO(rf_freep) char *linked = rf_path_join(w->dir, "files/link.xml");
    RF_AUTO(rf_freep) char *out = rf_path_join(w->dir, "files/out");
    RF_AUTO(rf_freep) char *key = rf_path_join(w->dir, "keys/tftp.pem");
    RF_AUTO(rf_freep) char *keys = rf_path_join(w->dir, "keys");
    assert_int_equal(symlink(key, linked), 0);
    assert_int_equal(symlink(keys, out), 0);
    RF_AUTO(rf_freep) char *hard = rf_path_join(w->dir, "files/.hidden");
    assert_int_equal(linkat(AT_FDCWD, key, AT_FDCWD, hard, 0), 0);
    static const struct {
        const char *name, *code;
    } rows[] = {
        {"../keys/tftp.pem", "name-traversal"},
        {"in/../../keys/tftp.pem", "name-traversal"},
        {"/../keys/tftp.pem", "name-traversal"},
        {"//keys/tftp.pem", "name-component"},
        {"in/./x.xml", "name-traversal"},
        {"C:/x.xml", "name-absolute"},
        {"..\\keys\\tftp.pem", "name-backslash"},
        {"%2e%2e/keys/tftp.pem", "name-character"},
        {"in%2fx.xml", "name-character"},
        {"..%c0%afkeys/tftp.pem", "file-hidden"},
        {"link.xml", "file-kind"},
        {"link.xml.sgn", "file-kind"},
        {"out/tftp.pem", "file-kind"},
        {"out/tftp.pem.sgn", "file-kind"},
        {".hidden", "file-hidden"},
        {"a/b/c/d/e", "name-deep"},
        {"keys/tftp.pem", "file-not-found"},
        {"db/ringfence.db", "file-not-found"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct answer *a = world_get(w, rows[i].name);
        if (strcmp(a->why.code, rows[i].code) != 0)
            print_error("%s: %s\n", rows[i].name, rf_why_text(&a->why));
        assert_int_equal(a->err, RF_ERR_NOT_FOUND);
        assert_string_equal(a->why.code, rows[i].code);
        expect_file(w, "in/x.xml", "x");
    }
    /* A NUL ends nothing, and 4 KiB are no name. */
    char big[4096];
    memset(big, 'a', sizeof big);
    world_forget(w);
    assert_err(world_ask(w, rf_slice_of("in/x.xml\0.pem", 13)), RF_OK);
    assert_err(world_ask(w, rf_slice_of(big, sizeof big)), RF_OK);
    world_wait(w, 2);
    assert_refused(w->answers[0].err, RF_ERR_NOT_FOUND, w->answers[0].why, "name-nul");
    assert_refused(w->answers[1].err, RF_ERR_NOT_FOUND, w->answers[1].why, "name-long");
    assert_int_equal(unlink(linked) + unlink(out) + unlink(hard), 0);
    empty(w, "files/in");
}

static void what_anybody_may_write_is_not_served(void **state)
{
    struct world *w = *state;
    folder(w, "files/in");
    world_put(w, "files/in/x.xml", rf_slice_str("x"));
    expect_file(w, "in/x.xml", "x");
    mode_of(w, "files/in/x.xml", 0646);
    expect_refused(w, "in/x.xml", "file-writable");
    expect_refused(w, "in/x.xml.sgn", "file-writable");
    mode_of(w, "files/in/x.xml", 0644);
    mode_of(w, "files/in", 0757);
    expect_refused(w, "in/x.xml", "file-writable");
    mode_of(w, "files/in", 0755);
    expect_file(w, "in/x.xml", "x");
    empty(w, "files/in");
}

/* While it is in memory, an image is served again without a look at the folder: but it has to be
 * that file still. */
static void what_is_at_hand_is_served_until_it_changes(void **state)
{
    struct world *w = *state;
    world_put(w, "images/a.sbn", rf_slice_str("old"));
    expect_file(w, "a.sbn", "old");
    struct rf_content *old = rf_content_ref(w->answers[0].content);
    expect_file(w, "a.sbn", "old");
    assert_ptr_equal(w->answers[0].content, old);
    world_put(w, "images/a.sbn", rf_slice_str("new")); /* another file of the same length */
    expect_file(w, "a.sbn", "new");
    struct rf_content *now = rf_content_ref(w->answers[0].content);
    assert_slice_str(rf_content_bytes(old), "old");
    mode_of(w, "images/a.sbn", 0646);
    expect_refused(w, "a.sbn", "file-writable");
    mode_of(w, "images/a.sbn", 0644);
    expect_file(w, "a.sbn", "new");
    world_put(w, "keys/tftp.pem", rf_slice_str("secret"));
    RF_AUTO(rf_freep) char *path = rf_path_join(w->dir, "images/a.sbn");
    RF_AUTO(rf_freep) char *key = rf_path_join(w->dir, "keys/tftp.pem");
    world_remove(w, "images/a.sbn");
    expect_refused(w, "a.sbn", "file-not-found");
    assert_int_equal(symlink(key, path), 0);
    expect_refused(w, "a.sbn", "file-kind");
    world_remove(w, "images/a.sbn");
    /* What lies below files/ is no image, though the name be the same. */
    world_put(w, "files/a.sbn", rf_slice_str("file"));
    expect_file(w, "a.sbn", "file");
    struct rf_content *file = rf_content_ref(w->answers[0].content);
    world_put(w, "images/a.sbn", rf_slice_str("image"));
    expect_file(w, "a.sbn", "image");
    rf_content_unref(old);
    rf_content_unref(now);
    rf_content_unref(file);
}

static size_t in_memory(const struct provision_contents *all, const char *name)
{
    size_t n = 0;
    for (const struct rf_content *c = all->first; c != NULL; c = c->next)
        n += name == NULL || strcmp(c->name, name) == 0 ? 1 : 0;
    return n;
}

static void a_few_small_images_stay_in_memory(void **state)
{
    struct world *w = *state;
    RF_AUTO(rf_freep) uint8_t *big = rf_new_n(uint8_t, 64 * 1024 + 1);
    world_put(w, "images/big.sbn", rf_slice_of(big, 64 * 1024 + 1));
    world_put(w, "images/even.sbn", rf_slice_of(big, 64 * 1024));
    assert_err(world_get(w, "big.sbn")->err, RF_OK);
    const struct provision_contents *all = w->answers[0].content->of;
    for (int i = 0; i < 3; i++) /* however often */
        assert_err(world_get(w, "even.sbn")->err, RF_OK);
    world_forget(w);
    assert_int_equal(in_memory(all, NULL), 1);
    for (char i = '1'; i <= '8'; i++) {
        assert_int_equal(in_memory(all, "even.sbn"), 1);
        char rest[] = "images/?.sbn";
        rest[7] = i;
        world_put(w, rest, rf_slice_str("small"));
        expect_file(w, rest + 7, "small");
    }
    world_forget(w);
    assert_int_equal(in_memory(all, NULL), 8);
    assert_int_equal(in_memory(all, "even.sbn"), 0); /* the first that came is the first to go */
}

static void an_empty_file_is_not_there(void **state)
{
    struct world *w = *state;
    world_put(w, "files/x.xml", rf_slice_str(""));
    world_put(w, "images/y.sbn", rf_slice_str(""));
    expect_refused(w, "x.xml", "file-empty");
    expect_refused(w, "x.xml.sgn", "file-empty");
    expect_refused(w, "y.sbn", "file-empty");
    world_put(w, "files/x.xml", rf_slice_str("x"));
    expect_file(w, "x.xml", "x");
}

/* ---- signatures ---- */

static uint64_t signed_n(void)
{
    return rf_metric_get(RF_METRIC_FILES_SIGNED);
}

static void a_file_is_signed_when_it_is_asked_for_so(void **state)
{
    struct world *w = *state;
    folder(w, "files/New_Zealand");
    world_put(w, "files/New_Zealand/g3-tones.xml", rf_slice_str("tones"));
    world_add(w, A, RF_STORE_AUTHENTICATED, "");
    phone_at(w, A, "?"); /* requests of this world come from no address */
    uint64_t before = signed_n();
    assert_int_equal(expect_signed(w, "New_Zealand/g3-tones.xml.sgn", "tones"), RF_DIGEST_SHA512);
    assert_int_equal(signed_n(), before + 1);
    expect_signed(w, "New_Zealand/g3-tones.xml.sgn", "tones");
    assert_int_equal(signed_n(), before + 1); /* kept */
    /* Under the name as it was asked for: that is what the phone compares. */
    expect_signed(w, "new_zealand/G3-tones.xml.sgn", "tones");
    assert_int_equal(signed_n(), before + 2);
    world_put(w, "files/New_Zealand/g3-tones.xml", rf_slice_str("other tones"));
    expect_signed(w, "New_Zealand/g3-tones.xml.sgn", "other tones");
    assert_int_equal(signed_n(), before + 3);
    /* Another key: nothing of the old one is left. */
    struct id old = w->signer;
    w->signer = fixture_id("ccm");
    rf_provision_invalidate(w->p, NULL);
    expect_signed(w, "New_Zealand/g3-tones.xml.sgn", "other tones");
    id_fini(&old);
    empty(w, "files/New_Zealand");
}

/* A signed file that lies there is read for what it holds, and never served over ours. */
static void a_signed_file_in_the_folder_is_only_a_source(void **state)
{
    struct world *w = *state;
    RF_AUTO(rf_buf_fini) struct rf_buf made = RF_BUF(8192);
    RF_AUTO(rf_vault_freep) struct rf_vault_key *key = NULL;
    struct id stranger = fixture_id("capf");
    key = rf_vault_key_from_key(stranger.key);
    struct rf_sigfile_spec spec = {.name = "Ringlist.xml.sgn",
                                   .digest = RF_DIGEST_SHA512,
                                   .timestamp = 1,
                                   .body = rf_slice_str("their rings")};
    assert_err(rf_sigfile_sign(key, stranger.cert, &spec, &made, NULL), RF_OK);
    world_put(w, "files/Ringlist.xml.sgn", rf_buf_slice(&made));
    world_add(w, A, RF_STORE_AUTHENTICATED, "");
    phone_at(w, A, "?");
    expect_file(w, "Ringlist.xml", "their rings");
    expect_signed(w, "Ringlist.xml.sgn", "their rings"); /* by our key */
    expect_refused(w, "Ringlist.xml.sgn.sgn", "file-not-found");
    world_put(w, "files/Ringlist.xml", rf_slice_str("our rings"));
    expect_file(w, "Ringlist.xml", "our rings");
    expect_signed(w, "Ringlist.xml.sgn", "our rings");
    world_remove(w, "files/Ringlist.xml");
    world_put(w, "files/Ringlist.xml.sgn", rf_slice_str("rubbish"));
    expect_refused(w, "Ringlist.xml", "file-signed");
    expect_refused(w, "Ringlist.xml.sgn", "file-signed");
    id_fini(&stranger);
}

static void firmware_is_never_signed_here(void **state)
{
    static const char *const names[] = {"a.loads", "a.LOADS", "a.sbn", "a.sbin", "a.zz", "a.bin4"};
    struct world *w = *state;
    world_add(w, A, RF_STORE_AUTHENTICATED, "");
    phone_at(w, A, "?");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        RF_AUTO(rf_freep) char *rest = rf_strf("files/%s", names[i]);
        RF_AUTO(rf_freep) char *asked = rf_strf("%s.sgn", names[i]);
        world_put(w, rest, rf_slice_str("firmware"));
        expect_file(w, names[i], "firmware");
        expect_refused(w, asked, "file-not-found");
        world_remove(w, rest);
    }
    /* One that has the suffix by itself is served as it is. */
    world_put(w, "images/a.zz.sgn", rf_slice_str("by its maker"));
    expect_file(w, "a.zz.sgn", "by its maker");
    assert_string_equal(rf_content_variant(w->answers[0].content), "image");
    world_put(w, "files/a.xml", rf_slice_str("x"));
    expect_signed(w, "a.xml.sgn", "x");
}

/* SEC-16, of files that many share. */
static void sec_16_shared_files_have_the_digest_of_whoever_asks(void **state)
{
    struct world *w = *state;
    world_put(w, "files/x.xml", rf_slice_str("x"));
    expect_refused(w, "x.xml.sgn", "digest-nobody");
    world_add(w, A, RF_STORE_AUTHENTICATED, "");
    world_add(w, B, RF_STORE_AUTHENTICATED, "");
    struct rf_store_device d = world_device(w, B);
    snprintf(d.model, sizeof d.model, "7962");
    world_change(w, &d);
    phone_at(w, A, "?");
    assert_int_equal(expect_signed(w, "x.xml.sgn", "x"), RF_DIGEST_SHA512);
    world_set(w, "sign_sha1", "yes");
    phone_at(w, A, "192.0.2.1");
    phone_at(w, B, "?");
    assert_int_equal(expect_signed(w, "x.xml.sgn", "x"), RF_DIGEST_SHA1);
    /* Both at one address: what both verify. */
    phone_at(w, A, "?");
    assert_int_equal(expect_signed(w, "x.xml.sgn", "x"), RF_DIGEST_SHA1);
    world_set(w, "sign_sha1", "no");
    expect_refused(w, "x.xml.sgn", "digest-nobody");
    phone_at(w, A, "192.0.2.1");
    expect_refused(w, "x.xml.sgn", "digest-nobody"); /* B's phone alone: SHA-1, which is off */
    /* Proven, it does not matter who else is there. */
    snprintf(w->proven, sizeof w->proven, "%s", A);
    assert_int_equal(expect_signed(w, "x.xml.sgn", "x"), RF_DIGEST_SHA512);
}

/* ---- XMLDefault ---- */

static void sec_122_the_default_is_for_everybody_only_when_wanted_and_holds_nothing(void **state)
{
    struct world *w = *state;
    expect_refused(w, "XMLDefault.cnf.xml", "file-not-found");
    expect_refused(w, "XMLDefault.cnf.xml.sgn", "file-not-found");
    world_set(w, "auto_register", "quarantine");
    world_set(w, "advertise", "192.0.2.7");
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = world_config(w, "XMLDefault.cnf.xml");
    assert_true(c->is_default);
    assert_int_equal(c->cm_n, 1);
    assert_string_equal(c->cm[0].name, "192.0.2.7");
    assert_int_equal(c->security_mode, RF_PHONEXML_MODE_NON_SECURE);
    assert_int_equal(c->capf_n, 0);
    world_set(w, "call_managers", "192.0.2.8:2600 192.0.2.7");
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *two = world_config(w, "XMLDefault.cnf.xml");
    assert_int_equal(two->cm_n, 2);
    assert_string_equal(two->cm[0].name, "192.0.2.8");
    assert_int_equal(two->cm[0].port, 2600);
    assert_string_equal(two->cm[1].name, "192.0.2.7");
    assert_int_equal(two->cm[1].port, 2000);
    struct rf_slice text = rf_content_bytes(w->answers[0].content);
    static const char *const never[] = {"assword", "ssh", "capf", "deviceSecurityMode"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        assert_int_equal(rf_slice_find(text, rf_slice_str(never[i])), SIZE_MAX);
    /* Signed, for whom that can be done. */
    expect_refused(w, "XMLDefault.cnf.xml.sgn", "digest-nobody");
    world_set(w, "sign_sha1", "yes");
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *s = world_config(w, "XMLDefault.cnf.xml.sgn");
    assert_true(s->is_default);
    /* And no device's own configuration comes of it. */
    expect_refused(w, A ".cnf.xml", "device-unknown");
}

static void model_load(struct world *w, const char *model, const char *load)
{
    struct rf_store_event event = {.category = "image", .code = "model-load", .text = "a test"};
    world_settle(w);
    assert_err(rf_store_model_load_save(w->store, model, load, rf_wall_s(rf_loop_clock(w->loop)),
                                        &event, NULL),
               RF_OK);
}

#define DEFAULT_HEAD                                                                               \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                 \
    "<Default>\n"                                                                                  \
    "  <ipAddressMode>0</ipAddressMode>\n"                                                         \
    "  <callManagerGroup>\n"                                                                       \
    "    <members>\n"                                                                              \
    "      <member priority=\"0\">\n"                                                              \
    "        <callManager>\n"                                                                      \
    "          <ports>\n"                                                                          \
    "            <ethernetPhonePort>2000</ethernetPhonePort>\n"                                    \
    "          </ports>\n"                                                                         \
    "          <processNodeName>192.0.2.7</processNodeName>\n"                                     \
    "        </callManager>\n"                                                                     \
    "      </member>\n"                                                                            \
    "    </members>\n"                                                                             \
    "  </callManagerGroup>\n"
#define DEFAULT_7942 "  <loadInformation434 model=\"Cisco 7942\">SCCP42.9</loadInformation434>\n"
#define DEFAULT_7962 "  <loadInformation404 model=\"Cisco 7962\">SCCP42.9</loadInformation404>\n"
#define DEFAULT_7975 "  <loadInformation437 model=\"Cisco 7975\">SCCP75.9</loadInformation437>\n"
#define DEFAULT_8841 "  <loadInformation683 model=\"Cisco 8841\">sip88xx.12</loadInformation683>\n"
#define DEFAULT_TAIL "</Default>\n"

static void the_default_names_the_loads_of_models_that_are_here(void **state)
{
    struct world *w = *state;
    world_set(w, "auto_register", "quarantine");
    world_set(w, "advertise", "192.0.2.7");
    expect_file(w, "XMLDefault.cnf.xml", DEFAULT_HEAD DEFAULT_TAIL);
    static const char *const lists[] = {"SCCP42.9", "SCCP75.9", "sip88xx.12"};
    for (size_t i = 0; i < 3; i++) {
        RF_AUTO(rf_freep) char *name = rf_strf("images/%s.loads", lists[i]);
        world_put(w, name, rf_slice_str("a list"));
    }
    model_load(w, "8841", "sip88xx.12");
    model_load(w, "7962", "SCCP42.9");
    model_load(w, "CP-7962G", "SCCP75.9"); /* the same model once more */
    model_load(w, "7942G", "SCCP42.9");
    model_load(w, "7945", "SCCP45.9"); /* not here: phones would start in a circle */
    model_load(w, "unheard-of", "SCCP42.9");
    model_load(w, "7975", "SCCP75.9");
    expect_file(w, "XMLDefault.cnf.xml",
                DEFAULT_HEAD DEFAULT_7942 DEFAULT_7962 DEFAULT_7975 DEFAULT_8841 DEFAULT_TAIL);
    expect_file(w, "xmldefault.CNF.xml",
                DEFAULT_HEAD DEFAULT_7942 DEFAULT_7962 DEFAULT_7975 DEFAULT_8841 DEFAULT_TAIL);
    model_load(w, "7942G", "");
    world_remove(w, "images/sip88xx.12.loads");
    expect_file(w, "XMLDefault.cnf.xml", DEFAULT_HEAD DEFAULT_7962 DEFAULT_7975 DEFAULT_TAIL);
    for (size_t i = 0; i < 2; i++) {
        RF_AUTO(rf_freep) char *name = rf_strf("images/%s.loads", lists[i]);
        world_remove(w, name);
    }
}

/* Since when is the signed default as it is? */
static uint32_t default_time(struct world *w)
{
    const struct answer *a = world_get(w, "XMLDefault.cnf.xml.sgn");
    assert_int_equal(a->err, RF_OK);
    struct rf_sigfile_policy policy = {.expected_name = rf_slice_str("XMLDefault.cnf.xml.sgn"),
                                       .allow_sha1 = true};
    struct rf_sigfile_info info;
    assert_err(
        rf_sigfile_verify(rf_content_bytes(a->content), w->signer.cert, &policy, &info, NULL),
        RF_OK);
    return info.timestamp;
}

static void the_default_is_signed_anew_when_it_changes_and_at_no_other_time(void **state)
{
    struct world *w = *state;
    world_set(w, "auto_register", "quarantine");
    world_set(w, "sign_sha1", "yes");
    world_put(w, "images/SCCP42.9.loads", rf_slice_str("a list"));
    uint64_t before = signed_n();
    assert_int_equal(default_time(w), WORLD_NOW);
    rf_clock_fake_advance(&w->clock, 100000);
    assert_int_equal(default_time(w), WORLD_NOW);
    world_set(w, "time_zone", "Greenwich Standard Time"); /* not said in it */
    model_load(w, "7945", "SCCP45.9");                    /* neither: it is not here */
    assert_int_equal(default_time(w), WORLD_NOW);
    assert_int_equal(signed_n(), before + 1);
    model_load(w, "7962", "SCCP42.9");
    assert_int_equal(default_time(w), WORLD_NOW + 100);
    assert_int_equal(default_time(w), WORLD_NOW + 100);
    assert_int_equal(signed_n(), before + 2);
    rf_clock_fake_advance(&w->clock, 100000);
    world_restart(w); /* what is kept is gone, since when it is so is not */
    assert_int_equal(default_time(w), WORLD_NOW + 100);
    assert_int_equal(signed_n(), before + 3);
    model_load(w, "7962", "");
    assert_int_equal(default_time(w), WORLD_NOW + 200);
    assert_int_equal(signed_n(), before + 4);
    world_remove(w, "images/SCCP42.9.loads");
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(files_are_found_below_folders),
        IN_WORLD(images_come_first_and_exact_names_before_others),
        IN_WORLD(sec_120_no_name_leads_out_of_the_folders),
        IN_WORLD(what_anybody_may_write_is_not_served),
        IN_WORLD(what_is_at_hand_is_served_until_it_changes),
        IN_WORLD(a_few_small_images_stay_in_memory),
        IN_WORLD(an_empty_file_is_not_there),
        IN_WORLD(a_file_is_signed_when_it_is_asked_for_so),
        IN_WORLD(a_signed_file_in_the_folder_is_only_a_source),
        IN_WORLD(firmware_is_never_signed_here),
        IN_WORLD(sec_16_shared_files_have_the_digest_of_whoever_asks),
        IN_WORLD(sec_122_the_default_is_for_everybody_only_when_wanted_and_holds_nothing),
        IN_WORLD(the_default_names_the_loads_of_models_that_are_here),
        IN_WORLD(the_default_is_signed_anew_when_it_changes_and_at_no_other_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
