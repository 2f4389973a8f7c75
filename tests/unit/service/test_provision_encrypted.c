/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations from layers, with secrets, encrypted: who gets which form of them. */
#include "provision_world.h"

#include <sqlite3.h>

#include "trust/encfile.h"
#include "trust/wrap.h"
#include "wire/phonexml/phonexml.h"

#define A      "SEP001122334455"
#define B      "SEP0011223344AF"
#define XML    A ".cnf.xml"
#define SGN    A ".cnf.xml.sgn"
#define ENC    A ".cnf.xml.enc.sgn"
#define HOST   "192.0.2.1"
#define HOST_2 "192.0.2.2"

#define SECRET "correct-horse-battery"

/* ---- the world ---- */

static void save(struct world *w, enum rf_store_layer layer, const char *name,
                 const struct rf_store_config_change *change)
{
    assert_err(rf_store_config_save(w->store, layer, name, change, 1, WORLD_NOW, NULL, NULL),
               RF_OK);
}

static void set(struct world *w, enum rf_store_layer layer, const char *name, const char *path,
                const char *value)
{
    struct rf_store_config_change c = {.path = path, .value = rf_slice_str(value)};
    save(w, layer, name, &c);
}

static void set_secret(struct world *w, const char *device, const char *path, const char *secret)
{
    char bound[RF_STORE_CONFIG_BOUND];
    RF_AUTO(rf_buf_fini) struct rf_buf wrapped = RF_BUF(RF_WRAPPED_MAX);
    rf_store_config_bound(RF_STORE_LAYER_DEVICE, device, path, bound);
    assert_err(rf_wrap(&w->wrap_key, rf_slice_str(bound), rf_slice_str(secret), &wrapped, NULL),
               RF_OK);
    struct rf_store_config_change c = {
        .path = path, .value = rf_buf_slice(&wrapped), .is_secret = true};
    save(w, RF_STORE_LAYER_DEVICE, device, &c);
}

static void encrypt(struct world *w, enum rf_store_encrypt encrypt)
{
    struct rf_store_device d = world_device(w, A);
    d.encrypt = encrypt;
    world_change(w, &d);
}

static struct rf_store_cert cert_of(const struct id *id, const char *device,
                                    enum rf_store_cert_kind kind)
{
    struct rf_store_cert c = {
        .kind = kind, .not_after_s = WORLD_NOW + 1000, .der = RF_BUF(RF_STORE_DER_MAX)};
    snprintf(c.device, sizeof c.device, "%s", device);
    snprintf(c.serial, sizeof c.serial, "01");
    snprintf(c.subject, sizeof c.subject, "CN=%s", device);
    snprintf(c.issuer, sizeof c.issuer, "CN=issuer");
    memcpy(c.sha256, rf_cert_sha256(id->cert).p, sizeof c.sha256);
    assert_err(rf_buf_add_slice(&c.der, rf_cert_der(id->cert)), RF_OK);
    return c;
}

static void give_mic(struct world *w, const struct id *id)
{
    struct rf_store_cert c = cert_of(id, A, RF_STORE_MIC);
    assert_err(rf_store_mic_note(w->store, &c, WORLD_NOW, NULL), RF_OK);
    rf_store_cert_fini(&c);
}

static void issue_lsc(struct world *w, const struct id *id)
{
    struct rf_store_cert c = cert_of(id, A, RF_STORE_LSC);
    int64_t op = world_schedule(w, A, RF_STORE_AUTH_NULL, 0);
    assert_err(rf_store_capf_issue(w->store, op, &c, WORLD_NOW, NULL, NULL), RF_OK);
    rf_store_cert_fini(&c);
}

static void give_lsc(struct world *w, const struct id *id)
{
    issue_lsc(w, id);
    assert_err(
        rf_store_capf_confirm(w->store, A, rf_cert_sha256(id->cert).p, WORLD_NOW, NULL, NULL),
        RF_OK);
}

/* A device in mode encrypted with a secret, and an LSC unless `lsc` is NULL. */
static void add_phone(struct world *w, const struct id *lsc)
{
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    set_secret(w, A, "sshPassword", SECRET);
    if (lsc != NULL)
        give_lsc(w, lsc);
}

/* ---- answers ---- */

static bool has(struct rf_slice bytes, const char *text)
{
    return rf_slice_find(bytes, rf_slice_str(text)) != SIZE_MAX;
}

static struct rf_slice bytes_of(struct world *w, const char *name, enum rf_provision_via via,
                                const char *device, const char *variant)
{
    const struct answer *a = world_get_as(w, name, via, HOST, device);
    if (a->err != RF_OK)
        print_error("%s\n", rf_why_text(&a->why));
    assert_int_equal(a->err, RF_OK);
    assert_string_equal(rf_content_variant(a->content), variant);
    return rf_content_bytes(a->content);
}

static void refuses(struct world *w, const char *name, enum rf_provision_via via,
                    const char *device, const char *code)
{
    const struct answer *a = world_get_as(w, name, via, HOST, device);
    assert_refused(a->err, RF_ERR_NOT_FOUND, a->why, code);
}

/* The body of a signed file that is good for this name. */
static struct rf_slice body_of(struct world *w, const char *name, struct rf_slice bytes)
{
    struct rf_sigfile_policy policy = {.expected_name = rf_slice_str(name),
                                       .has_now = true,
                                       .now_s = rf_wall_s(&w->clock.clock),
                                       .allow_sha1 = true};
    struct rf_sigfile_info info;
    struct rf_why why = {0};
    enum rf_err err = rf_sigfile_verify(bytes, w->signer.cert, &policy, &info, &why);
    if (err != RF_OK)
        print_error("%s\n", rf_why_text(&why));
    assert_int_equal(err, RF_OK);
    return info.body;
}

static struct rf_phonexml *decode(struct rf_slice body)
{
    struct rf_phonexml *c = NULL;
    assert_err(rf_phonexml_decode(body, &c, NULL), RF_OK);
    return c;
}

static void is_stub(struct rf_slice body, const struct id *phone)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = decode(body);
    assert_false(c->is_full);
    assert_true(c->is_encrypted);
    assert_string_equal(c->cert_hash, phone != NULL ? rf_cert_md5(phone->cert) : "");
    assert_int_equal(c->cm_n, 0);
    assert_string_equal(c->version_stamp, "");
}

static struct rf_buf opened(struct world *w, struct rf_slice bytes, const struct id *phone)
{
    struct rf_buf plain = RF_BUF(RF_ENCFILE_PLAIN_MAX);
    (void)body_of(w, ENC, bytes);
    assert_err(rf_encfile_decrypt(bytes, phone->vault, &plain, NULL), RF_OK);
    return plain;
}

/* What is asked for by TFTP is encrypted for this phone, and its stub says so. */
static void is_encrypted_for(struct world *w, const struct id *phone)
{
    is_stub(body_of(w, SGN, bytes_of(w, SGN, RF_PROVISION_TFTP, "", "stub")), phone);
    RF_AUTO(rf_buf_fini)
    struct rf_buf plain = opened(w, bytes_of(w, ENC, RF_PROVISION_TFTP, "", "encrypted"), phone);
    assert_true(has(rf_buf_slice(&plain), "<sshPassword>" SECRET "</sshPassword>"));
}

/* ---- layers ---- */

static void a_later_layer_wins(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_NONSECURE, "");
    set(w, RF_STORE_LAYER_SITE, "", "vendorConfig/settingsAccess", "1");
    set(w, RF_STORE_LAYER_SITE, "", "vendorConfig/webAccess", "0");
    set(w, RF_STORE_LAYER_SITE, "", "servicesURL", "http://192.0.2.9/a?b&c=<d>");
    set(w, RF_STORE_LAYER_MODEL, "8861", "vendorConfig/settingsAccess", "2");
    set(w, RF_STORE_LAYER_MODEL, "7962", "vendorConfig/settingsAccess", "0");
    set(w, RF_STORE_LAYER_PROFILE, "lobby", "vendorConfig/pcPort", "1");
    set(w, RF_STORE_LAYER_DEVICE, A, "vendorConfig/sshAccess", "");
    set(w, RF_STORE_LAYER_DEVICE, A, "unheard/of", "\"&\"");
    struct rf_slice doc = bytes_of(w, XML, RF_PROVISION_TFTP, "", "plain");
    assert_true(has(doc, "<settingsAccess>2</settingsAccess>"));
    assert_true(has(doc, "<webAccess>0</webAccess>"));
    assert_true(has(doc, "<garp>1</garp>"));
    assert_true(has(doc, "<servicesURL>http://192.0.2.9/a?b&amp;c=&lt;d&gt;</servicesURL>"));
    assert_true(has(doc, "<unheard>\n    <of>&quot;&amp;&quot;</of>\n  </unheard>"));
    assert_false(has(doc, "sshAccess"));
    assert_false(has(doc, "pcPort"));
    struct rf_store_device d = world_device(w, A);
    snprintf(d.profile, sizeof d.profile, "lobby");
    world_change(w, &d);
    assert_true(has(bytes_of(w, XML, RF_PROVISION_TFTP, "", "plain"), "<pcPort>1</pcPort>"));
}

static void what_the_server_decides_is_not_overruled(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    set(w, RF_STORE_LAYER_DEVICE, A, "deviceSecurityMode", "1");
    set(w, RF_STORE_LAYER_DEVICE, A, "certHash", "00000000000000000000000000000000");
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = world_config(w, SGN);
    assert_int_equal(c->security_mode, RF_PHONEXML_MODE_ENCRYPTED);
    assert_string_equal(c->cert_hash, "");
}

#define MEMBER "devicePool/callManagerGroup/members/member[2]/"

static void members_have_a_priority_and_a_port(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_ENCRYPTED, "");
    set(w, RF_STORE_LAYER_SITE, "", MEMBER "callManager/processNodeName", "192.0.2.12");
    set(w, RF_STORE_LAYER_SITE, "", "TVS/members/member[1]/address", "192.0.2.11");
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = world_config(w, SGN);
    assert_int_equal(c->cm_n, 2);
    assert_int_equal(c->cm[0].priority, 0);
    assert_int_equal(c->cm[1].priority, 1);
    assert_string_equal(c->cm[1].name, "192.0.2.12");
    assert_int_equal(c->cm[1].port, 2000);
    assert_int_equal(c->tvs_n, 1);
    assert_int_equal(c->tvs[0].priority, 0);
}

static void the_same_values_give_the_same_bytes(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_NONSECURE, "");
    set(w, RF_STORE_LAYER_SITE, "", "servicesURL", "http://192.0.2.9/");
    RF_AUTO(rf_buf_fini) struct rf_buf first = RF_BUF(65536);
    assert_err(rf_buf_add_slice(&first, bytes_of(w, XML, RF_PROVISION_TFTP, "", "plain")), RF_OK);
    rf_clock_fake_advance(&w->clock, 100000);
    set(w, RF_STORE_LAYER_SITE, "", "servicesURL", "http://192.0.2.9/"); /* again */
    world_restart(w);
    assert_slice_eq(rf_buf_slice(&first), bytes_of(w, XML, RF_PROVISION_TFTP, "", "plain"));
    set(w, RF_STORE_LAYER_SITE, "", "servicesURL", "http://192.0.2.8/");
    assert_false(
        rf_slice_eq(rf_buf_slice(&first), bytes_of(w, XML, RF_PROVISION_TFTP, "", "plain")));
}

static void a_value_that_phones_do_not_take_stops_it(void **state)
{
    struct world *w = *state;
    world_add(w, A, RF_STORE_NONSECURE, "");
    set(w, RF_STORE_LAYER_SITE, "", "vendorConfig/webAccess", "7");
    const struct answer *a = world_get_as(w, XML, RF_PROVISION_TFTP, HOST, "");
    assert_refused(a->err, RF_ERR_DENIED, a->why, "config-value");
    set(w, RF_STORE_LAYER_SITE, "", "vendorConfig/webAccess", "1");
    (void)bytes_of(w, XML, RF_PROVISION_TFTP, "", "plain");
}

/* ---- secrets ---- */

static void secrets_of_a_device_in_the_clear_go_to_itself_alone(void **state)
{
    struct world *w = *state;
    add_phone(w, NULL); /* no key is known yet */
    assert_false(has(bytes_of(w, SGN, RF_PROVISION_TFTP, "", "signed"), SECRET));
    assert_false(has(bytes_of(w, SGN, RF_PROVISION_HTTP, A, "signed"), SECRET));
    assert_false(has(bytes_of(w, XML, RF_PROVISION_TFTP, "", "plain"), SECRET));
    assert_false(has(bytes_of(w, SGN, RF_PROVISION_HTTPS, "", "plain"), SECRET));
    assert_false(has(bytes_of(w, SGN, RF_PROVISION_HTTPS, B, "plain"), SECRET));
    assert_true(has(bytes_of(w, SGN, RF_PROVISION_HTTPS, A, "plain"), SECRET));
    assert_true(has(bytes_of(w, XML, RF_PROVISION_HTTPS, A, "plain"), SECRET));
    assert_null(rf_content_sha256(w->answers[0].content)); /* it would tell about the secret */
}

static void stamp_of(struct world *w, const char *device, char stamp[64])
{
    struct rf_slice doc = bytes_of(w, SGN, RF_PROVISION_HTTPS, device, "plain");
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = decode(doc);
    snprintf(stamp, 64, "%s", c->version_stamp);
}

static void the_stamp_changes_with_a_secret_and_tells_nothing_about_it(void **state)
{
    struct world *w = *state;
    char whole[64];
    char clear[64];
    char again[64];
    add_phone(w, NULL);
    stamp_of(w, A, whole);
    stamp_of(w, "", clear);
    assert_string_not_equal(whole, clear);
    stamp_of(w, A, again);
    assert_string_equal(whole, again);
    rf_clock_fake_advance(&w->clock, 5000);
    /* The same secret, wrapped anew: were the stamp made of the secret, it would stay. */
    set_secret(w, A, "sshPassword", SECRET);
    stamp_of(w, A, again);
    assert_string_not_equal(whole, again);
    stamp_of(w, "", again);
    assert_string_equal(clear, again);
}

static void without_the_right_key_there_is_no_configuration(void **state)
{
    struct world *w = *state;
    add_phone(w, NULL);
    w->wrap_key.bytes[0] ^= 1;
    world_restart(w);
    const struct answer *a = world_get_as(w, SGN, RF_PROVISION_TFTP, HOST, "");
    assert_refused(a->err, RF_ERR_CRYPTO, a->why, "unwrap");
    rf_secret_fini(&w->wrap_key);
    world_restart(w);
    a = world_get_as(w, SGN, RF_PROVISION_TFTP, HOST, "");
    assert_refused(a->err, RF_ERR_DENIED, a->why, "secret-key");
    assert_false(has(rf_slice_str(a->why.text), SECRET));
}

/* ---- encrypted ---- */

static void it_is_encrypted_for_the_lsc_else_for_the_mic_sec_68(void **state)
{
    struct world *w = *state;
    struct id lsc = fixture_id("phone");
    struct id mic = fixture_id("capf");
    struct id next = fixture_id("tvs");
    add_phone(w, NULL);
    give_mic(w, &mic);
    is_encrypted_for(w, &mic);
    give_lsc(w, &lsc);
    is_encrypted_for(w, &lsc);
    /* Issued and not confirmed: the phone may not have it. */
    issue_lsc(w, &next);
    is_encrypted_for(w, &lsc);
    assert_err(
        rf_store_capf_confirm(w->store, A, rf_cert_sha256(next.cert).p, WORLD_NOW, NULL, NULL),
        RF_OK);
    is_encrypted_for(w, &next);
    /* Deleted: the MIC again, at once. */
    assert_err(rf_store_cert_revoke(w->store, rf_cert_sha256(next.cert).p, WORLD_NOW, NULL, NULL),
               RF_OK);
    is_encrypted_for(w, &mic);
    id_fini(&lsc);
    id_fini(&mic);
    id_fini(&next);
}

static void the_document_inside_is_the_whole_one(void **state)
{
    struct world *w = *state;
    struct id lsc = fixture_id("phone");
    add_phone(w, &lsc);
    RF_AUTO(rf_buf_fini)
    struct rf_buf plain = opened(w, bytes_of(w, ENC, RF_PROVISION_TFTP, "", "encrypted"), &lsc);
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = decode(rf_buf_slice(&plain));
    assert_true(c->is_full);
    assert_false(c->is_encrypted);
    assert_string_equal(c->cert_hash, "");
    assert_int_equal(c->cm_n, 1);
    assert_int_equal(c->security_mode, RF_PHONEXML_MODE_ENCRYPTED);
    assert_string_not_equal(c->version_stamp, "");
    id_fini(&lsc);
}

static void a_file_is_for_its_phone_alone_sec_69(void **state)
{
    struct world *w = *state;
    struct id lsc = fixture_id("phone");
    struct id other = fixture_id("capf");
    add_phone(w, &lsc);
    struct rf_slice file = bytes_of(w, ENC, RF_PROVISION_TFTP, "", "encrypted");
    struct rf_sigfile_policy policy = {.expected_name = rf_slice_str(B ".cnf.xml.enc.sgn"),
                                       .allow_sha1 = true};
    struct rf_sigfile_info info;
    struct rf_why why = {0};
    assert_refused(rf_sigfile_verify(file, w->signer.cert, &policy, &info, &why), RF_ERR_DENIED,
                   why, "file-name");
    policy.expected_name = rf_slice_str(ENC);
    assert_err(rf_sigfile_verify(file, w->signer.cert, &policy, &info, NULL), RF_OK);
    RF_AUTO(rf_buf_fini) struct rf_buf plain = RF_BUF(RF_ENCFILE_PLAIN_MAX);
    why = (struct rf_why){0};
    assert_refused(rf_encfile_decrypt(file, other.vault, &plain, &why), RF_ERR_CRYPTO, why,
                   "decrypt");
    assert_err(rf_encfile_decrypt(file, lsc.vault, &plain, NULL), RF_OK);
    id_fini(&lsc);
    id_fini(&other);
}

/* Every byte of what we make is under the signature: nothing of it is decrypted when one differs.
 */
static void a_changed_byte_fails_at_the_signature_sec_70(void **state)
{
    struct world *w = *state;
    struct id lsc = fixture_id("phone");
    add_phone(w, &lsc);
    RF_AUTO(rf_buf_fini) struct rf_buf file = RF_BUF(65536);
    assert_err(rf_buf_add_slice(&file, bytes_of(w, ENC, RF_PROVISION_TFTP, "", "encrypted")),
               RF_OK);
    (void)body_of(w, ENC, rf_buf_slice(&file));
    for (size_t i = 0; i < file.len; i += 3) {
        struct rf_sigfile_policy policy = {.expected_name = rf_slice_str(ENC), .allow_sha1 = true};
        struct rf_sigfile_info info;
        file.p[i] ^= 0x40;
        assert_true(rf_sigfile_verify(rf_buf_slice(&file), w->signer.cert, &policy, &info, NULL) !=
                    RF_OK);
        file.p[i] ^= 0x40;
    }
    id_fini(&lsc);
}

static void nobody_else_gets_more_than_the_stub_sec_71(void **state)
{
    struct world *w = *state;
    struct id lsc = fixture_id("phone");
    static const char *const secrets[][2] = {
        {"sshPassword", SECRET},
        {"commonProfile/phonePassword", "unlock-me-not"},
        {"vendorConfig/adminPassword", "admin-hunter2"},
        {"vendorConfig/energyWiseSecret", "energy-wise-9"},
        {"sipProfile/sipLines/line[1]/authPassword", "digest-hunter3"},
        {"not/in/the/table", "key-material-77"},
    };
    static const char *const others[] = {"vpn.example.net", "shell-user", "digest-name"};
    static const char *const names[] = {XML, SGN, ENC};
    static const char *const devices[] = {"", B};
    add_phone(w, &lsc);
    set(w, RF_STORE_LAYER_DEVICE, A, "sshUserId", "shell-user");
    set(w, RF_STORE_LAYER_DEVICE, A, "vpnGroup/addresses/url1", "https://vpn.example.net/");
    set(w, RF_STORE_LAYER_DEVICE, A, "sipProfile/sipLines/line[1]/authName", "digest-name");
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        set_secret(w, A, secrets[i][0], secrets[i][1]);
    for (unsigned via = RF_PROVISION_TFTP; via <= RF_PROVISION_HTTPS; via++)
        for (size_t n = 0; n < 3; n++)
            for (size_t d = 0; d < 2; d++) {
                const struct answer *a =
                    world_get_as(w, names[n], (enum rf_provision_via)via, HOST, devices[d]);
                if (n == 2 && via == RF_PROVISION_HTTPS) {
                    assert_refused(a->err, RF_ERR_NOT_FOUND, a->why, "config-not-encrypted");
                    continue;
                }
                assert_int_equal(a->err, RF_OK);
                struct rf_slice bytes = rf_content_bytes(a->content);
                for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
                    assert_false(has(bytes, secrets[i][1]));
                for (size_t i = 0; i < sizeof others / sizeof *others; i++)
                    assert_false(has(bytes, others[i]));
                if (n == 2)
                    assert_string_equal(rf_content_variant(a->content), "encrypted");
                else if (n == 1 && via != RF_PROVISION_HTTPS)
                    is_stub(body_of(w, SGN, bytes), &lsc);
                else
                    is_stub(bytes, &lsc);
            }
    /* The same, asked by the phone itself over TLS. */
    struct rf_slice whole = bytes_of(w, SGN, RF_PROVISION_HTTPS, A, "plain");
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        assert_true(has(whole, secrets[i][1]));
    /* And who says so without TLS has proven nothing. */
    assert_false(has(bytes_of(w, XML, RF_PROVISION_HTTP, A, "stub"), SECRET));
    id_fini(&lsc);
}

static bool tells_secrets(struct world *w, const char *variant)
{
    return has(bytes_of(w, SGN, RF_PROVISION_HTTPS, A, variant), SECRET);
}

/* A certificate with the device's name, by an issuer of LSCs, that did not come through us. */
static void an_lsc_that_is_not_in_the_database_proves_nothing(void **state)
{
    struct world *w = *state;
    struct id lsc = fixture_id("phone");
    add_phone(w, &lsc);
    w->must_be_known = true;
    memcpy(w->cert_sha256, rf_cert_sha256(lsc.cert).p, sizeof w->cert_sha256);
    assert_true(tells_secrets(w, "plain"));
    w->cert_sha256[0] ^= 1;
    assert_false(tells_secrets(w, "stub"));
    w->must_be_known = false; /* a manufacturer's */
    assert_true(tells_secrets(w, "plain"));
    id_fini(&lsc);
}

/* What the database cannot say, it does not say. */
static void a_certificate_that_cannot_be_looked_up_proves_nothing(void **state)
{
    struct world *w = *state;
    struct id lsc = fixture_id("phone");
    RF_AUTO(rf_freep) char *path = rf_site_path(w->site, RF_SITE_DB);
    sqlite3 *db = NULL;
    world_add(w, B, RF_STORE_ENCRYPTED, "");
    add_phone(w, &lsc);
    memcpy(w->cert_sha256, rf_cert_sha256(lsc.cert).p, sizeof w->cert_sha256);
    assert_true(tells_secrets(w, "plain"));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE device_cert SET device = '" B "', serial = printf('%.100c', 'x')",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    const struct answer *a = world_get_as(w, SGN, RF_PROVISION_HTTPS, HOST, A);
    assert_int_equal(a->err, RF_OK);
    assert_false(has(rf_content_bytes(a->content), SECRET));
    id_fini(&lsc);
}

static void switched_off_there_is_no_encrypted_file_sec_74a(void **state)
{
    struct world *w = *state;
    struct id lsc = fixture_id("phone");
    add_phone(w, &lsc);
    encrypt(w, RF_STORE_ENCRYPT_OFF);
    refuses(w, ENC, RF_PROVISION_TFTP, "", "config-not-encrypted");
    struct rf_slice body = body_of(w, SGN, bytes_of(w, SGN, RF_PROVISION_TFTP, "", "signed"));
    assert_true(has(body, "<fullConfig>true</fullConfig>"));
    assert_false(has(body, SECRET));
    encrypt(w, RF_STORE_ENCRYPT_ON);
    is_encrypted_for(w, &lsc);
    id_fini(&lsc);
}

static void a_phone_with_an_ec_key_has_it_by_https_only(void **state)
{
    struct world *w = *state;
    struct id ec = fixture_id("web-ec");
    add_phone(w, &ec);
    /* Not switched on: as without a key. */
    assert_false(has(bytes_of(w, SGN, RF_PROVISION_TFTP, "", "signed"), SECRET));
    encrypt(w, RF_STORE_ENCRYPT_ON);
    for (unsigned via = RF_PROVISION_TFTP; via <= RF_PROVISION_HTTP; via++) {
        enum rf_provision_via v = (enum rf_provision_via)via;
        is_stub(bytes_of(w, XML, v, "", "stub"), &ec);
        is_stub(body_of(w, SGN, bytes_of(w, SGN, v, "", "stub")), &ec);
        refuses(w, ENC, v, "", "config-not-encrypted");
    }
    is_stub(bytes_of(w, SGN, RF_PROVISION_HTTPS, "", "stub"), &ec);
    is_stub(bytes_of(w, SGN, RF_PROVISION_HTTPS, B, "stub"), &ec);
    refuses(w, ENC, RF_PROVISION_HTTPS, B, "config-not-encrypted");
    static const char *const names[] = {XML, SGN, ENC};
    for (size_t i = 0; i < 3; i++)
        assert_true(has(bytes_of(w, names[i], RF_PROVISION_HTTPS, A, "plain"), SECRET));
    id_fini(&ec);
}

static void a_phone_nobody_knows_the_key_of_enrols_by_its_stub(void **state)
{
    struct world *w = *state;
    add_phone(w, NULL);
    world_schedule(w, A, RF_STORE_AUTH_STRING, 0);
    encrypt(w, RF_STORE_ENCRYPT_ON);
    struct rf_slice body = body_of(w, SGN, bytes_of(w, SGN, RF_PROVISION_TFTP, "", "stub"));
    is_stub(body, NULL);
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = decode(body);
    assert_int_equal(c->capf_auth_mode, RF_PHONEXML_CAPF_STRING);
    assert_int_equal(c->capf_n, 1);
    refuses(w, ENC, RF_PROVISION_TFTP, "", "config-not-encrypted");
}

static void by_itself_it_goes_by_the_mode(void **state)
{
    struct world *w = *state;
    struct id lsc = fixture_id("phone");
    add_phone(w, &lsc);
    is_encrypted_for(w, &lsc);
    static const enum rf_store_mode modes[] = {RF_STORE_NONSECURE, RF_STORE_AUTHENTICATED};
    for (size_t i = 0; i < 2; i++) {
        struct rf_store_device d = world_device(w, A);
        d.mode = modes[i];
        world_change(w, &d);
        assert_false(has(bytes_of(w, SGN, RF_PROVISION_TFTP, "", "signed"), SECRET));
        refuses(w, ENC, RF_PROVISION_TFTP, "", "config-not-encrypted");
        encrypt(w, RF_STORE_ENCRYPT_ON); /* whatever the mode */
        is_encrypted_for(w, &lsc);
        encrypt(w, RF_STORE_ENCRYPT_AUTO);
    }
    id_fini(&lsc);
}

/* ---- generations ---- */

static struct rf_buf copy_as(struct world *w, const char *name, const char *from)
{
    const struct answer *a = world_get_as(w, name, RF_PROVISION_TFTP, from, "");
    struct rf_buf b = RF_BUF(65536);
    assert_int_equal(a->err, RF_OK);
    assert_err(rf_buf_add_slice(&b, rf_content_bytes(a->content)), RF_OK);
    return b;
}

static bool same_as(struct world *w, const char *name, const char *from, const struct rf_buf *b)
{
    const struct answer *a = world_get_as(w, name, RF_PROVISION_TFTP, from, "");
    assert_int_equal(a->err, RF_OK);
    return rf_slice_eq(rf_content_bytes(a->content), rf_buf_slice(b));
}

/* What it could not read is not made for it, whatever it says of itself. */
static void a_model_that_verifies_no_files_gets_none_encrypted(void **state)
{
    struct world *w = *state;
    struct id lsc = fixture_id("phone");
    static const char *const models[] = {"7960", "7962"};
    add_phone(w, &lsc);
    world_set(w, "sign_sha1", "yes");
    for (int can = 0; can < 2; can++) {
        struct rf_store_device d = world_device(w, A);
        snprintf(d.model, sizeof d.model, "%s", models[can]);
        d.encrypt = RF_STORE_ENCRYPT_ON;
        world_change(w, &d);
        if (can == 0)
            refuses(w, ENC, RF_PROVISION_TFTP, "", "config-not-encrypted");
        else
            bytes_of(w, ENC, RF_PROVISION_TFTP, "", "encrypted");
        struct rf_slice doc = bytes_of(w, SGN, RF_PROVISION_TFTP, "", can == 0 ? "signed" : "stub");
        assert_false(has(doc, SECRET));
    }
    id_fini(&lsc);
}

static void it_is_made_once_and_anew_when_something_changed(void **state)
{
    struct world *w = *state;
    struct id lsc = fixture_id("phone");
    struct id next = fixture_id("tvs");
    add_phone(w, &lsc);
    RF_AUTO(rf_buf_fini) struct rf_buf first = copy_as(w, ENC, HOST);
    assert_true(same_as(w, ENC, HOST, &first));
    set(w, RF_STORE_LAYER_SITE, "", "servicesURL", "http://192.0.2.9/");
    RF_AUTO(rf_buf_fini) struct rf_buf second = copy_as(w, ENC, HOST);
    assert_false(rf_slice_eq(rf_buf_slice(&first), rf_buf_slice(&second)));
    set_secret(w, A, "sshPassword", SECRET "!");
    RF_AUTO(rf_buf_fini) struct rf_buf third = copy_as(w, ENC, HOST);
    assert_false(rf_slice_eq(rf_buf_slice(&second), rf_buf_slice(&third)));
    give_lsc(w, &next);
    RF_AUTO(rf_buf_fini) struct rf_buf fourth = copy_as(w, ENC, HOST);
    assert_false(rf_slice_eq(rf_buf_slice(&third), rf_buf_slice(&fourth)));
    /* Another signing key: the same content, encrypted and signed anew. */
    struct id signer = w->signer;
    w->signer = fixture_id("ccm");
    RF_AUTO(rf_buf_fini) struct rf_buf fifth = copy_as(w, ENC, HOST);
    assert_false(rf_slice_eq(rf_buf_slice(&fourth), rf_buf_slice(&fifth)));
    assert_true(same_as(w, ENC, HOST, &fifth));
    id_fini(&signer);
    id_fini(&lsc);
    id_fini(&next);
}

static void a_file_goes_with_the_stub_that_was_fetched(void **state)
{
    struct world *w = *state;
    struct id lsc = fixture_id("phone");
    struct id next = fixture_id("tvs");
    add_phone(w, &lsc);
    RF_AUTO(rf_buf_fini) struct rf_buf stub = copy_as(w, SGN, HOST);
    RF_AUTO(rf_buf_fini) struct rf_buf file = copy_as(w, ENC, HOST_2);
    give_lsc(w, &next);
    /* The phone has the stub from before: it gets the file from before, another the new one. */
    RF_AUTO(rf_buf_fini) struct rf_buf new_file = copy_as(w, ENC, HOST_2);
    assert_false(rf_slice_eq(rf_buf_slice(&file), rf_buf_slice(&new_file)));
    assert_true(same_as(w, ENC, HOST, &file));
    assert_true(same_as(w, ENC, HOST_2, &new_file));
    /* But once: a phone that asks for the file first, at its next start, has to learn the new one.
     */
    assert_true(same_as(w, ENC, HOST, &new_file));
    /* It fetches the stub again: the new one, and then the new file. */
    assert_false(same_as(w, SGN, HOST, &stub));
    assert_true(same_as(w, ENC, HOST, &new_file));
    /* Now it has the whole, and nothing is held for it. */
    set(w, RF_STORE_LAYER_SITE, "", "servicesURL", "http://192.0.2.9/");
    RF_AUTO(rf_buf_fini) struct rf_buf third = copy_as(w, ENC, HOST_2);
    assert_true(same_as(w, ENC, HOST, &third));
    /* Two changes later nobody has the oldest. */
    assert_false(same_as(w, SGN, HOST, &stub));
    set(w, RF_STORE_LAYER_SITE, "", "servicesURL", "http://192.0.2.8/");
    RF_AUTO(rf_buf_fini) struct rf_buf fourth = copy_as(w, ENC, HOST_2);
    set(w, RF_STORE_LAYER_SITE, "", "servicesURL", "http://192.0.2.7/");
    RF_AUTO(rf_buf_fini) struct rf_buf fifth = copy_as(w, ENC, HOST_2);
    assert_false(rf_slice_eq(rf_buf_slice(&third), rf_buf_slice(&fourth)));
    assert_true(same_as(w, ENC, HOST, &fifth));
    id_fini(&lsc);
    id_fini(&next);
}

static void many_at_once_get_the_same_pair(void **state)
{
    struct world *w = *state;
    struct id lsc = fixture_id("phone");
    add_phone(w, &lsc);
    for (unsigned i = 0; i < 20; i++)
        assert_err(world_ask(w, rf_slice_str(i % 2 == 0 ? ENC : SGN)), RF_OK);
    world_wait(w, 20);
    RF_AUTO(rf_buf_fini) struct rf_buf file = copy_as(w, ENC, HOST);
    for (unsigned i = 0; i < 5; i++)
        assert_true(same_as(w, ENC, HOST, &file));
    id_fini(&lsc);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_later_layer_wins),
        TEST(what_the_server_decides_is_not_overruled),
        TEST(members_have_a_priority_and_a_port),
        TEST(the_same_values_give_the_same_bytes),
        TEST(a_value_that_phones_do_not_take_stops_it),
        TEST(secrets_of_a_device_in_the_clear_go_to_itself_alone),
        TEST(the_stamp_changes_with_a_secret_and_tells_nothing_about_it),
        TEST(without_the_right_key_there_is_no_configuration),
        TEST(it_is_encrypted_for_the_lsc_else_for_the_mic_sec_68),
        TEST(the_document_inside_is_the_whole_one),
        TEST(a_file_is_for_its_phone_alone_sec_69),
        TEST(a_changed_byte_fails_at_the_signature_sec_70),
        TEST(nobody_else_gets_more_than_the_stub_sec_71),
        TEST(an_lsc_that_is_not_in_the_database_proves_nothing),
        TEST(a_certificate_that_cannot_be_looked_up_proves_nothing),
        TEST(switched_off_there_is_no_encrypted_file_sec_74a),
        TEST(a_phone_with_an_ec_key_has_it_by_https_only),
        TEST(a_phone_nobody_knows_the_key_of_enrols_by_its_stub),
        TEST(by_itself_it_goes_by_the_mode),
        TEST(a_model_that_verifies_no_files_gets_none_encrypted),
        TEST(it_is_made_once_and_anew_when_something_changed),
        TEST(a_file_goes_with_the_stub_that_was_fetched),
        TEST(many_at_once_get_the_same_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
