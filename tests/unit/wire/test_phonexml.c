/* SPDX-License-Identifier: Apache-2.0 */
#include "codec.h"
#include "wire/phonexml/phonexml.h"

struct holder {
    struct rf_phonexml *c;
};

static enum rf_err decode(struct rf_slice in, void *msg, struct rf_why *why)
{
    return rf_phonexml_decode(in, &((struct holder *)msg)->c, why);
}

static enum rf_err encode(const void *msg, uint8_t *buf, size_t cap, struct rf_slice *out)
{
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(cap);
    enum rf_err err = rf_phonexml_encode(((const struct holder *)msg)->c, &b, NULL);
    if (err == RF_OK)
        memcpy(buf, b.p, b.len);
    *out = rf_slice_of(buf, b.len);
    return err;
}

static void fini(void *msg)
{
    rf_phonexml_free(((struct holder *)msg)->c);
}

/* A cut is a whole document only when what is missing stands behind the root. */
static const struct codec ours = {.name = "phonexml",
                                  .msg_size = sizeof(struct holder),
                                  .decode = decode,
                                  .encode = encode,
                                  .fini = fini,
                                  .may_be_cut = true};
static const struct codec theirs = {.name = "phonexml",
                                    .msg_size = sizeof(struct holder),
                                    .decode = decode,
                                    .encode = encode,
                                    .fini = fini,
                                    .may_be_cut = true,
                                    .is_respelled = true};

/* Decoded, as check wants it; and what is written from it reads the same, but for the elements that
 * nothing here reads. (All cuts and changes of long files would take seconds.) */
static void check_file(const char *name, void (*check)(const void *))
{
    struct rf_slice file = codec_data_file(name);
    struct holder one = {0}, two = {0};
    struct rf_why why = {0};
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(RF_PHONEXML_BYTES_MAX);
    if (decode(file, &one, &why) != RF_OK)
        print_error("%s: %s\n", name, rf_why_text(&why));
    assert_non_null(one.c);
    check(&one);
    assert_err(rf_phonexml_encode(one.c, &b, NULL), RF_OK);
    assert_err(decode(rf_buf_slice(&b), &two, NULL), RF_OK);
    assert_int_equal(two.c->unknown_n, 0);
    one.c->unknown_n = 0;
    assert_memory_equal(one.c, two.c, sizeof *one.c);
    fini(&one);
    fini(&two);
    free((void *)(uintptr_t)file.p);
}

static void assert_server(const struct rf_phonexml_server *s, int32_t priority, const char *name,
                          uint16_t port)
{
    assert_int_equal(s->priority, priority);
    assert_string_equal(s->name, name);
    assert_int_equal(s->port, port);
}

/* --- what others wrote --- */

static void check_clear(const void *msg)
{
    const struct rf_phonexml *c = ((const struct holder *)msg)->c;
    assert_false(c->is_default);
    assert_true(c->is_full);
    assert_string_equal(c->device_protocol, "SCCP");
    assert_true(c->has_ip_address_mode);
    assert_int_equal(c->ip_address_mode, 0);
    assert_string_equal(c->load_information, "SCCP70.9-4-2SR3-1S");
    assert_int_equal(c->security_mode, RF_PHONEXML_MODE_ENCRYPTED);
    assert_int_equal(c->transport, RF_PHONEXML_TRANSPORT_UNSET);
    assert_true(c->has_capf_auth_mode);
    assert_int_equal(c->capf_auth_mode, RF_PHONEXML_CAPF_NONE);
    assert_int_equal(c->capf_n, 1);
    assert_string_equal(c->capf[0].name, "127.0.0.1");
    assert_int_equal(c->capf[0].port, 3804);
    assert_string_equal(c->version_stamp, "{fixture-1}");
    assert_int_equal(c->cm_n, 0);
    assert_false(c->srst.is_present);
    assert_false(c->is_encrypted);
    assert_int_equal(c->unknown_n, 0);
}

static void a_configuration_of_another_implementation_is_read(void **state)
{
    (void)state;
    struct rf_slice file = codec_data_file("fixtures/made/clear.cnf.xml");
    codec_check_known(&theirs, &(struct codec_known){"clear", file, check_clear});
    free((void *)(uintptr_t)file.p);
}

static void check_servers(const struct rf_phonexml *c)
{
    assert_true(c->is_full);
    assert_string_equal(c->date_template, "D/M/Y");
    assert_string_equal(c->time_zone, "W. Europe Standard/Daylight Time");
    assert_int_equal(c->cm_n, 2);
    assert_server(&c->cm[0], 0, "192.0.2.11", 2000);
    assert_server(&c->cm[1], 1, "192.0.2.12", 2000);
    assert_int_equal(c->tvs_n, 2);
    assert_server(&c->tvs[0], 0, "192.0.2.11", 2445);
    assert_server(&c->tvs[1], 1, "192.0.2.12", 2445);
    assert_true(c->srst.is_present);
    assert_string_equal(c->srst.option, "Enable");
    assert_string_equal(c->srst.address[0].ip, "192.0.2.61");
    assert_int_equal(c->srst.address[0].port, 2000);
    assert_string_equal(c->srst.address[1].ip, "");
    assert_int_equal(c->srst.address[2].port, 2000);
    assert_true(c->srst.is_secure);
    assert_int_equal(strlen(c->srst.certificate), 1108);
    assert_true(c->has_connection_monitor);
    assert_int_equal(c->connection_monitor_s, 120);
    assert_int_equal(c->security_mode, RF_PHONEXML_MODE_ENCRYPTED);
    assert_int_equal(c->transport, RF_PHONEXML_TRANSPORT_TLS);
    assert_int_equal(c->capf_auth_mode, RF_PHONEXML_CAPF_NULL);
    assert_string_equal(c->capf[0].name, "192.0.2.11");
    assert_string_equal(c->cert_hash, "");
    assert_false(c->is_encrypted);
    assert_string_equal(c->user_locale, "English_United_States");
    assert_string_equal(c->network_locale, "United_States");
    assert_true(c->unknown_n > 50);
}

static void check_sccp(const void *msg)
{
    const struct rf_phonexml *c = ((const struct holder *)msg)->c;
    check_servers(c);
    assert_string_equal(c->device_protocol, "SCCP");
    /* not the one of the add-on module, which stands deeper */
    assert_string_equal(c->load_information, "SCCP42.9-4-2SR3-1S");
    assert_string_equal(c->load_server, "");
    assert_string_equal(c->version_stamp, "1760000000-0b6d1f2e-4f0a-4d1c-9a7e-2a5d3c4b5e6f");
}

static void check_sip(const void *msg)
{
    const struct rf_phonexml *c = ((const struct holder *)msg)->c;
    check_servers(c);
    assert_string_equal(c->device_protocol, "SIP");
}

static void check_default(const void *msg)
{
    const struct rf_phonexml *c = ((const struct holder *)msg)->c;
    assert_true(c->is_default);
    assert_int_equal(c->cm_n, 1);
    assert_server(&c->cm[0], 0, "192.0.2.11", 2000);
    assert_int_equal(c->tvs_n, 1);
    assert_server(&c->tvs[0], 0, "192.0.2.11", 2445);
    assert_int_equal(c->model_load_n, 3);
    assert_int_equal(c->model_load[0].model, 404);
    assert_string_equal(c->model_load[0].load, "SCCP42.9-4-2SR3-1S");
    assert_string_equal(c->model_load[0].name, "Cisco 7962");
    assert_int_equal(c->model_load[2].model, 683);
    assert_string_equal(c->model_load[2].load, "sip88xx.12-5-1SR2-2");
    assert_string_equal(c->load_information, "");
}

static void the_examples_are_read(void **state)
{
    (void)state;
    check_file("phonexml/sccp.cnf.xml", check_sccp);
    check_file("phonexml/sip.cnf.xml", check_sip);
    check_file("phonexml/XMLDefault.cnf.xml", check_default);
}

/* --- what we write --- */

#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static void set(char *to, size_t cap, const char *text)
{
    assert_true(rf_slice_to_str(rf_slice_str(text), to, cap));
}
#define SET(member, text) set((member), sizeof(member), (text))

static void assert_encodes(const struct rf_phonexml *c, const char *want)
{
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(RF_PHONEXML_BYTES_MAX);
    struct rf_why why = {0};
    assert_err(rf_phonexml_encode(c, &b, &why), RF_OK);
    if (!rf_slice_eq_str(rf_buf_slice(&b), want))
        print_error("got:\n%.*s\n", (int)b.len, (const char *)b.p);
    assert_slice_str(rf_buf_slice(&b), want);
}

static void a_new_configuration_has_the_defaults(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = rf_phonexml_new();
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *read = NULL;
    assert_encodes(c, DECLARATION "<device>\n"
                                  "  <fullConfig>true</fullConfig>\n"
                                  "  <deviceProtocol>SCCP</deviceProtocol>\n"
                                  "  <deviceSecurityMode>1</deviceSecurityMode>\n"
                                  "  <encrConfig>false</encrConfig>\n"
                                  "</device>\n");
    assert_err(rf_phonexml_decode(rf_slice_str("<device/>"), &read, NULL), RF_OK);
    assert_memory_equal(read, c, sizeof *c);
    c->is_default = true;
    assert_encodes(c, DECLARATION "<Default>\n</Default>\n");
}

/* Field by field: documents are compared whole, gaps between fields too. */
static void put_server(struct rf_phonexml_server *s, int32_t priority, const char *name,
                       uint16_t port)
{
    s->priority = priority;
    SET(s->name, name);
    s->port = port;
}

static void put_capf(struct rf_phonexml_capf *capf, const char *name, uint16_t port)
{
    SET(capf->name, name);
    capf->port = port;
}

/* A document with everything in it. */
static struct rf_phonexml *full(void)
{
    struct rf_phonexml *c = rf_phonexml_new();
    SET(c->device_protocol, "SIP");
    c->has_ip_address_mode = true;
    c->ip_address_mode = 2;
    SET(c->date_template, "M/D/YA");
    SET(c->time_zone, "GMT Standard/Daylight Time");
    c->cm_n = 2;
    put_server(&c->cm[0], 0, "cm1.example", 2000);
    put_server(&c->cm[1], -1, "2001:db8::1", 65535);
    c->srst.is_present = true;
    SET(c->srst.option, "Enable");
    SET(c->srst.address[1].ip, "192.0.2.1");
    c->srst.address[1].port = 0;
    c->srst.is_secure = true;
    SET(c->srst.certificate, "AAECAw==");
    c->tvs_n = 1;
    put_server(&c->tvs[0], 7, "tvs", 2445);
    SET(c->load_information, "RP.1-0-2");
    SET(c->load_server, "192.0.2.9");
    SET(c->version_stamp, "<&>\"'\xc3\xa9\xf0\x9f\x98\x80");
    SET(c->user_locale, "English_United_Kingdom");
    SET(c->network_locale, "United_Kingdom");
    SET(c->dial_template, "DR1.xml");
    SET(c->softkey_file, "SK2.xml");
    SET(c->feature_policy, "DefaultFP.xml");
    SET(c->phone_password, "open sesame");
    c->has_settings_access = true; /* 0 is a value */
    c->has_web_access = true;
    c->web_access = 2;
    SET(c->directory_url, "https://192.0.2.1:8443/d?a=1&b=2");
    SET(c->information_url, "https://192.0.2.1:8443/i");
    SET(c->messages_url, "https://192.0.2.1:8443/m");
    SET(c->services_url, "https://192.0.2.1:8443/s");
    c->security_mode = RF_PHONEXML_MODE_AUTHENTICATED;
    c->transport = RF_PHONEXML_TRANSPORT_TLS;
    c->has_capf_auth_mode = true;
    c->capf_auth_mode = RF_PHONEXML_CAPF_MIC_FIRST;
    c->capf_n = 1;
    put_capf(&c->capf[0], "capf", 1);
    SET(c->cert_hash, "0f1e2d3c4b5a69788796A5B4C3D2E1F0");
    c->is_encrypted = true;
    return c;
}

static const char full_text[] =
    DECLARATION "<device>\n"
                "  <fullConfig>true</fullConfig>\n"
                "  <deviceProtocol>SIP</deviceProtocol>\n"
                "  <ipAddressMode>2</ipAddressMode>\n"
                "  <devicePool>\n"
                "    <dateTimeSetting>\n"
                "      <dateTemplate>M/D/YA</dateTemplate>\n"
                "      <timeZone>GMT Standard/Daylight Time</timeZone>\n"
                "    </dateTimeSetting>\n"
                "    <callManagerGroup>\n"
                "      <members>\n"
                "        <member priority=\"0\">\n"
                "          <callManager>\n"
                "            <ports>\n"
                "              <ethernetPhonePort>2000</ethernetPhonePort>\n"
                "            </ports>\n"
                "            <processNodeName>cm1.example</processNodeName>\n"
                "          </callManager>\n"
                "        </member>\n"
                "        <member>\n"
                "          <callManager>\n"
                "            <ports>\n"
                "              <ethernetPhonePort>65535</ethernetPhonePort>\n"
                "            </ports>\n"
                "            <processNodeName>2001:db8::1</processNodeName>\n"
                "          </callManager>\n"
                "        </member>\n"
                "      </members>\n"
                "    </callManagerGroup>\n"
                "    <srstInfo>\n"
                "      <srstOption>Enable</srstOption>\n"
                "      <ipAddr1></ipAddr1>\n"
                "      <port1>2000</port1>\n"
                "      <ipAddr2>192.0.2.1</ipAddr2>\n"
                "      <port2>0</port2>\n"
                "      <ipAddr3></ipAddr3>\n"
                "      <port3>2000</port3>\n"
                "      <isSecure>true</isSecure>\n"
                "      <certificate>AAECAw==</certificate>\n"
                "    </srstInfo>\n"
                "  </devicePool>\n"
                "  <TVS>\n"
                "    <members>\n"
                "      <member priority=\"7\">\n"
                "        <port>2445</port>\n"
                "        <address>tvs</address>\n"
                "      </member>\n"
                "    </members>\n"
                "  </TVS>\n"
                "  <sipProfile>\n"
                "    <dialTemplate>DR1.xml</dialTemplate>\n"
                "    <softKeyFile>SK2.xml</softKeyFile>\n"
                "  </sipProfile>\n"
                "  <featurePolicyFile>DefaultFP.xml</featurePolicyFile>\n"
                "  <commonProfile>\n"
                "    <phonePassword>open sesame</phonePassword>\n"
                "  </commonProfile>\n"
                "  <loadInformation>RP.1-0-2</loadInformation>\n"
                "  <vendorConfig>\n"
                "    <settingsAccess>0</settingsAccess>\n"
                "    <webAccess>2</webAccess>\n"
                "    <loadServer>192.0.2.9</loadServer>\n"
                "  </vendorConfig>\n"
                "  <versionStamp>&lt;&amp;&gt;&quot;'\xc3\xa9\xf0\x9f\x98\x80</versionStamp>\n"
                "  <userLocale>\n"
                "    <name>English_United_Kingdom</name>\n"
                "  </userLocale>\n"
                "  <networkLocale>United_Kingdom</networkLocale>\n"
                "  <deviceSecurityMode>2</deviceSecurityMode>\n"
                "  <secureDirectoryURL>https://192.0.2.1:8443/d?a=1&amp;b=2</secureDirectoryURL>\n"
                "  <secureInformationURL>https://192.0.2.1:8443/i</secureInformationURL>\n"
                "  <secureMessagesURL>https://192.0.2.1:8443/m</secureMessagesURL>\n"
                "  <secureServicesURL>https://192.0.2.1:8443/s</secureServicesURL>\n"
                "  <transportLayerProtocol>3</transportLayerProtocol>\n"
                "  <capfAuthMode>4</capfAuthMode>\n"
                "  <capfList>\n"
                "    <capf>\n"
                "      <phonePort>1</phonePort>\n"
                "      <processNodeName>capf</processNodeName>\n"
                "    </capf>\n"
                "  </capfList>\n"
                "  <certHash>0f1e2d3c4b5a69788796A5B4C3D2E1F0</certHash>\n"
                "  <encrConfig>true</encrConfig>\n"
                "</device>\n";

static void check_full(const void *msg)
{
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *want = full();
    assert_memory_equal(((const struct holder *)msg)->c, want, sizeof *want);
}

static void a_full_document_is_written_and_read_back(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = full();
    assert_encodes(c, full_text);
    assert_encodes(c, full_text);
    codec_check_known(&ours, &(struct codec_known){"full", rf_slice_str(full_text), check_full});
}

/* Every cut before the end of the root is refused: half a configuration is none. */
static void a_cut_document_is_refused(void **state)
{
    (void)state;
    struct rf_slice whole = rf_slice_str(full_text);
    struct rf_why why;
    for (size_t n = 0; n < whole.len - 1; n++)
        assert_err(codec_run(&ours, rf_slice_part(whole, 0, n), &why), RF_ERR_BAD);
    assert_err(codec_run(&ours, rf_slice_part(whole, 0, whole.len - 1), &why), RF_OK);
}

static const char stub_text[] =
    DECLARATION "<device>\n"
                "  <fullConfig>false</fullConfig>\n"
                "  <ipAddressMode>2</ipAddressMode>\n"
                "  <loadInformation>RP.1-0-2</loadInformation>\n"
                "  <capfAuthMode>4</capfAuthMode>\n"
                "  <capfList>\n"
                "    <capf>\n"
                "      <phonePort>1</phonePort>\n"
                "      <processNodeName>capf</processNodeName>\n"
                "    </capf>\n"
                "  </capfList>\n"
                "  <certHash>0f1e2d3c4b5a69788796A5B4C3D2E1F0</certHash>\n"
                "  <encrConfig>true</encrConfig>\n"
                "</device>\n";

static void a_stub_shows_nothing_but_what_may_be_clear(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = full();
    c->is_full = false;
    assert_encodes(c, stub_text);
    codec_check_known(&ours, &(struct codec_known){"stub", rf_slice_str(stub_text), NULL});
}

/* The stub inside a signed file of the other implementation: the same bytes come out. */
static void a_stub_of_another_implementation_is_written_alike(void **state)
{
    (void)state;
    struct rf_slice file = codec_data_file("fixtures/made/encrypted-stub.cnf.xml.sgn");
    size_t at = rf_slice_find(file, rf_slice_str("<?xml"));
    assert_true(at != SIZE_MAX);
    codec_check_known(
        &ours, &(struct codec_known){"stub of others", rf_slice_part(file, at, SIZE_MAX), NULL});
    free((void *)(uintptr_t)file.p);
}

/* --- the stub of a document --- */

#define MD5_A "0123456789abcdef0123456789abcdef"

static void assert_stub(const char *full_doc, const char *want)
{
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(RF_PHONEXML_BYTES_MAX);
    struct rf_why why = {0};
    if (rf_phonexml_stub(rf_slice_str(full_doc), MD5_A, &b, &why) != RF_OK)
        fail_msg("%s", rf_why_text(&why));
    if (!rf_slice_eq_str(rf_buf_slice(&b), want))
        fail_msg("%.*s", (int)b.len, (const char *)b.p);
}

static void a_stub_repeats_four_elements_in_their_order(void **state)
{
    (void)state;
    assert_stub("<device xsi=\"a\"><certHash></certHash><capfList><capf><phonePort>3805</phonePort>"
                "<processNodeName>c</processNodeName><secret>s3</secret></capf></capfList>"
                "<sshPassword>s1</sshPassword><loadInformation model=\"8\">L.1</loadInformation>"
                "<commonProfile><phonePassword>s2</phonePassword></commonProfile>"
                "<capfAuthMode>0</capfAuthMode><encrConfig>false</encrConfig>"
                "<ipAddressMode>1</ipAddressMode><fullConfig>true</fullConfig></device>",
                DECLARATION "<device>\n"
                            "  <fullConfig>false</fullConfig>\n"
                            "  <capfList>\n"
                            "    <capf>\n"
                            "      <phonePort>3805</phonePort>\n"
                            "      <processNodeName>c</processNodeName>\n"
                            "    </capf>\n"
                            "  </capfList>\n"
                            "  <loadInformation>L.1</loadInformation>\n"
                            "  <capfAuthMode>0</capfAuthMode>\n"
                            "  <ipAddressMode>1</ipAddressMode>\n"
                            "  <certHash>" MD5_A "</certHash>\n"
                            "  <encrConfig>true</encrConfig>\n"
                            "</device>\n");
    assert_stub("<device><sshPassword>s</sshPassword></device>",
                DECLARATION "<device>\n  <fullConfig>false</fullConfig>\n"
                            "  <certHash>" MD5_A "</certHash>\n"
                            "  <encrConfig>true</encrConfig>\n</device>\n");
}

/* The stub of the other implementation, from the document that it encrypted. */
static void a_stub_of_another_implementation_is_made_alike(void **state)
{
    (void)state;
    struct rf_slice file = codec_data_file("fixtures/made/encrypted-stub.cnf.xml.sgn");
    struct rf_slice clear = codec_data_file("fixtures/made/clear.cnf.xml");
    struct rf_slice theirs_text =
        rf_slice_part(file, rf_slice_find(file, rf_slice_str("<?xml")), SIZE_MAX);
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(RF_PHONEXML_BYTES_MAX);
    struct holder stub = {0};
    assert_err(decode(theirs_text, &stub, NULL), RF_OK);
    assert_err(rf_phonexml_stub(clear, stub.c->cert_hash, &b, NULL), RF_OK);
    assert_true(rf_slice_eq(rf_buf_slice(&b), theirs_text));
    fini(&stub);
    free((void *)(uintptr_t)file.p);
    free((void *)(uintptr_t)clear.p);
}

static void assert_no_stub(const char *doc, const char *hash, const char *code)
{
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(RF_PHONEXML_BYTES_MAX);
    struct rf_why why = {0};
    assert_true(rf_phonexml_stub(rf_slice_str(doc), hash, &b, &why) != RF_OK);
    assert_string_equal(why.code, code);
    assert_int_equal(b.len, 0);
}

static void a_stub_is_refused_without_a_full_document_and_a_hash(void **state)
{
    (void)state;
    assert_no_stub("<Default></Default>", MD5_A, "stub-source");
    assert_no_stub("<device><fullConfig>false</fullConfig></device>", MD5_A, "stub-source");
    assert_no_stub("<device></device>", "", "stub-hash");
    assert_no_stub("<device></device>", MD5_A "0", "stub-hash");
    assert_no_stub("<device></device>", "0123456789abcdef0123456789abcdeg", "value-hex");
    assert_no_stub("<device>", MD5_A, "xml-syntax");
    assert_stub("<device></device>", DECLARATION "<device>\n  <fullConfig>false</fullConfig>\n"
                                                 "  <certHash>" MD5_A "</certHash>\n"
                                                 "  <encrConfig>true</encrConfig>\n</device>\n");
}

static void a_default_document_is_written_and_read_back(void **state)
{
    (void)state;
    static const char text[] = DECLARATION
        "<Default>\n"
        "  <ipAddressMode>0</ipAddressMode>\n"
        "  <callManagerGroup>\n"
        "    <members>\n"
        "      <member priority=\"0\">\n"
        "        <callManager>\n"
        "          <ports>\n"
        "            <ethernetPhonePort>2000</ethernetPhonePort>\n"
        "          </ports>\n"
        "          <processNodeName>192.0.2.11</processNodeName>\n"
        "        </callManager>\n"
        "      </member>\n"
        "    </members>\n"
        "  </callManagerGroup>\n"
        "  <loadInformation7>P00308</loadInformation7>\n"
        "  <loadInformation404 model=\"Cisco 7962\">SCCP42.9</loadInformation404>\n"
        "  <loadInformation434 model=\"&quot;&lt;7942&gt;&amp;\">a</loadInformation434>\n"
        "  <loadInformation4294967295>&lt;x&gt;</loadInformation4294967295>\n"
        "</Default>\n";
    codec_check_known(&ours, &(struct codec_known){"default", rf_slice_str(text), NULL});
}

/* What call managers write there is for people: nothing but a control character is wrong. */
static void the_name_of_a_model_is_read_when_it_fits(void **state)
{
    (void)state;
    static const struct {
        const char *attrs, *name;
    } rows[] = {
        {"", ""},
        {" model=''", ""},
        {" a='b' model='Cisco 7962' c='d'", "Cisco 7962"},
        {" model='1234567890123456789012345678901'", "1234567890123456789012345678901"},
        {" model='12345678901234567890123456789012'", ""}, /* too long: passed over */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = NULL;
        RF_AUTO(rf_freep)
        char *text = rf_strf("<Default><loadInformation404%s>L</loadInformation404></Default>",
                             rows[i].attrs);
        assert_err(rf_phonexml_decode(rf_slice_str(text), &c, NULL), RF_OK);
        assert_int_equal(c->model_load_n, 1);
        assert_string_equal(c->model_load[0].name, rows[i].name);
        assert_string_equal(c->model_load[0].load, "L");
    }
}

static struct rf_phonexml *read_device(const char *inside)
{
    struct rf_phonexml *c = NULL;
    struct rf_why why = {0};
    char *text = rf_strf("<device>%s</device>", inside);
    if (rf_phonexml_decode(rf_slice_str(text), &c, &why) != RF_OK)
        print_error("%s: %s\n", text, rf_why_text(&why));
    rf_free(text);
    assert_non_null(c);
    return c;
}

#define CM(attr, name)                                                                             \
    "<member" attr "><callManager><processNodeName>" name                                          \
    "</processNodeName></callManager></member>"
#define CMS(members)                                                                               \
    "<devicePool><callManagerGroup><members>" members "</members></callManagerGroup></devicePool>"
#define TVS(attr, name) "<member" attr "><address>" name "</address></member>"

static void servers_are_sorted_and_those_without_a_name_left_out(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_freep)
    struct rf_phonexml *c =
        read_device(CMS(CM("", "last") CM(" priority='-1'", "last2") CM(" priority='2'", "c")
                            CM(" priority='0'", "") CM(" uuid='x' priority='0'", "a")
                                CM(" priority='2'", "d")) "<TVS><members>" TVS(" priority=''", "z")
                        TVS(" priority='3'", "y") "</members></TVS>");
    assert_int_equal(c->cm_n, 5);
    assert_server(&c->cm[0], 0, "a", 2000);
    assert_server(&c->cm[1], 2, "c", 2000);
    assert_server(&c->cm[2], 2, "d", 2000);
    assert_server(&c->cm[3], -1, "last", 2000);
    assert_server(&c->cm[4], -1, "last2", 2000);
    assert_int_equal(c->tvs_n, 2);
    assert_server(&c->tvs[0], 3, "y", 2445);
    assert_server(&c->tvs[1], -1, "z", 2445);
    assert_int_equal(c->unknown_n, 0);
}

static void empty_is_as_good_as_absent_and_unknown_is_passed_over(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_freep)
    struct rf_phonexml *c = read_device(
        "<fullConfig/><deviceProtocol></deviceProtocol><ipAddressMode/><deviceSecurityMode/>"
        "<transportLayerProtocol/><capfAuthMode/><capfList><capf><phonePort/><processNodeName>x"
        "</processNodeName></capf><capf/></capfList><certHash/><encrConfig/><loadInformation/>");
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *want = rf_phonexml_new();
    want->capf_n = 1;
    put_capf(&want->capf[0], "x", 3804);
    assert_memory_equal(c, want, sizeof *want);
    rf_phonexml_freep(&c);
    c = read_device("text<!-- a comment --><new a='b'><loadInformation>no</loadInformation>"
                    "<deviceSecurityMode>no</deviceSecurityMode></new><?target data?>"
                    "<loadInformation special='1'>y<b>no</b>es &#x41;&lt;</loadInformation>"
                    "<loadInformation404>no</loadInformation404><priority>1</priority>");
    assert_string_equal(c->load_information, "yes A<");
    assert_int_equal(c->unknown_n, 6);
    assert_int_equal(c->security_mode, RF_PHONEXML_MODE_NON_SECURE);
}

static void an_srst_reference_that_is_there_is_seen(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_freep)
    struct rf_phonexml *c =
        read_device("<devicePool><srstInfo><port2>3000</port2></srstInfo></devicePool>");
    assert_true(c->srst.is_present);
    assert_false(c->srst.is_secure);
    assert_int_equal(c->srst.address[0].port, 2000);
    assert_int_equal(c->srst.address[1].port, 3000);
    rf_phonexml_freep(&c);
    c = read_device("<devicePool/>");
    assert_false(c->srst.is_present);
}

/* --- what is refused --- */

#define D(inside)    "<device>" inside "</device>"
#define SRST(inside) D("<devicePool><srstInfo>" inside "</srstInfo></devicePool>")

/* Each beside the same input without the one fault. */
static const struct {
    const char *bad, *good;
    enum rf_err err;
    const char *code;
} faults[] = {
    {"<!DOCTYPE device>" D(""), D(""), RF_ERR_BAD, "xml-doctype"},
    {"<!DOCTYPE device [<!ENTITY a 'b'>]>" D(""), D(""), RF_ERR_BAD, "xml-doctype"},
    {D("<loadInformation>&file;</loadInformation>"), D("<loadInformation>&amp;</loadInformation>"),
     RF_ERR_BAD, "xml-entity"},
    {"", "<device/>", RF_ERR_BAD, "xml-syntax"},
    {"<device>", D(""), RF_ERR_BAD, "xml-syntax"},
    {D("") "x", D("") "\n", RF_ERR_BAD, "xml-syntax"},
    {D("") D(""), D(""), RF_ERR_BAD, "xml-syntax"},
    {"<device a='1' a='2'/>", "<device a='1' b='2'/>", RF_ERR_BAD, "xml-syntax"},
    {D("<loadInformation>\xff</loadInformation>"), D("<loadInformation>\xc3\xbf</loadInformation>"),
     RF_ERR_BAD, "xml-syntax"},
    {D("<loadInformation>&#0;</loadInformation>"), D("<loadInformation>&#33;</loadInformation>"),
     RF_ERR_BAD, "xml-syntax"},
    {D("<loadInformation>\x01</loadInformation>"), D("<loadInformation>1</loadInformation>"),
     RF_ERR_BAD, "xml-syntax"},
    {"<html></html>", D(""), RF_ERR_BAD, "root-unknown"},
    {"<DEVICE></DEVICE>", D(""), RF_ERR_BAD, "root-unknown"},
    {"<x:device></x:device>", D(""), RF_ERR_BAD, "root-unknown"},
    {D("<deviceSecurityMode>3</deviceSecurityMode><deviceSecurityMode>1</deviceSecurityMode>"),
     D("<deviceSecurityMode>3</deviceSecurityMode><deviceSecurityMode2>1</deviceSecurityMode2>"),
     RF_ERR_BAD, "element-twice"},
    {D("<devicePool/><devicePool/>"), D("<devicePool/><commonProfile/>"), RF_ERR_BAD,
     "element-twice"},
    {D("<TVS><members><member><address>a</address><address>b</address></member></members></TVS>"),
     D("<TVS><members><member><address>a</address></member><member><address>b</address></member>"
       "</members></TVS>"),
     RF_ERR_BAD, "element-twice"},
    {"<Default><loadInformation7>a</loadInformation7><loadInformation07>b</loadInformation07>"
     "</Default>",
     "<Default><loadInformation7>a</loadInformation7><loadinformation8>b</loadinformation8>"
     "<loadInformation9/><loadInformation9>x</loadInformation9>"
     "<loadInformationX/><loadInformationX/></Default>",
     RF_ERR_BAD, "element-twice"},
    {D("<deviceSecurityMode>0</deviceSecurityMode>"),
     D("<deviceSecurityMode>1</deviceSecurityMode>"), RF_ERR_BAD, "value-number"},
    {D("<deviceSecurityMode>4</deviceSecurityMode>"),
     D("<deviceSecurityMode>3</deviceSecurityMode>"), RF_ERR_BAD, "value-number"},
    {D("<deviceSecurityMode>+3</deviceSecurityMode>"),
     D("<deviceSecurityMode>03</deviceSecurityMode>"), RF_ERR_BAD, "value-number"},
    {D("<deviceSecurityMode> 3</deviceSecurityMode>"),
     D("<deviceSecurityMode>3</deviceSecurityMode>"), RF_ERR_BAD, "value-number"},
    {D("<capfAuthMode>5</capfAuthMode>"), D("<capfAuthMode>4</capfAuthMode>"), RF_ERR_BAD,
     "value-number"},
    {D("<transportLayerProtocol>5</transportLayerProtocol>"),
     D("<transportLayerProtocol>4</transportLayerProtocol>"), RF_ERR_BAD, "value-number"},
    {D("<ipAddressMode>3</ipAddressMode>"), D("<ipAddressMode>2</ipAddressMode>"), RF_ERR_BAD,
     "value-number"},
    {SRST("<port1>65536</port1>"), SRST("<port1>65535</port1>"), RF_ERR_BAD, "value-number"},
    {SRST("<port1>99999999999999999999</port1>"), SRST("<port1>0</port1>"), RF_ERR_BAD,
     "value-number"},
    {D("<TVS><members><member priority='x'/></members></TVS>"),
     D("<TVS><members><member priority='1'/></members></TVS>"), RF_ERR_BAD, "value-number"},
    {D("<TVS><members><member priority='-2'/></members></TVS>"),
     D("<TVS><members><member priority='-1'/></members></TVS>"), RF_ERR_BAD, "value-number"},
    {D("<TVS><members><member priority='2147483648'/></members></TVS>"),
     D("<TVS><members><member priority='2147483647'/></members></TVS>"), RF_ERR_BAD,
     "value-number"},
    {D("<fullConfig>TRUE</fullConfig>"), D("<fullConfig>true</fullConfig>"), RF_ERR_BAD,
     "value-bool"},
    {D("<encrConfig>1</encrConfig>"), D("<encrConfig>false</encrConfig>"), RF_ERR_BAD,
     "value-bool"},
    {D("<deviceProtocol>sip</deviceProtocol>"), D("<deviceProtocol>SIP</deviceProtocol>"),
     RF_ERR_BAD, "value-protocol"},
    {D("<deviceProtocol>SCCP2</deviceProtocol>"), D("<deviceProtocol>SCCP</deviceProtocol>"),
     RF_ERR_BAD, "value-protocol"},
    {SRST("<certificate>AAEC\nAwQF</certificate>"), SRST("<certificate>AAECAwQF</certificate>"),
     RF_ERR_BAD, "value-base64"},
    {SRST("<certificate>AAE</certificate>"), SRST("<certificate>AAE=</certificate>"), RF_ERR_BAD,
     "value-base64"},
    {SRST("<certificate>A===</certificate>"), SRST("<certificate>AA==</certificate>"), RF_ERR_BAD,
     "value-base64"},
    {SRST("<certificate>AA=A</certificate>"), SRST("<certificate>AAA/</certificate>"), RF_ERR_BAD,
     "value-base64"},
    {SRST("<certificate>AAE-</certificate>"), SRST("<certificate>AAE+</certificate>"), RF_ERR_BAD,
     "value-base64"},
    {D("<certHash>0g</certHash>"), D("<certHash>0F</certHash>"), RF_ERR_BAD, "value-hex"},
    {D("<certHash>0</certHash>"), D("<certHash>00</certHash>"), RF_ERR_BAD, "value-hex"},
    {D("<loadInformation>a\tb</loadInformation>"), D("<loadInformation>a b</loadInformation>"),
     RF_ERR_BAD, "value-control"},
    {"<Default><loadInformation7 model='a&#10;b'>x</loadInformation7></Default>",
     "<Default><loadInformation7 model='a&#32;b'>x</loadInformation7></Default>", RF_ERR_BAD,
     "value-control"},
    {D("<loadInformation>a&#10;b</loadInformation>"),
     D("<loadInformation>a&#32;b</loadInformation>"), RF_ERR_BAD, "value-control"},
    {D("<loadInformation>a\x7f</loadInformation>"), D("<loadInformation>a~</loadInformation>"),
     RF_ERR_BAD, "value-control"},
    {D("<loadInformation>a&#x9b;</loadInformation>"),
     D("<loadInformation>a&#xa1;</loadInformation>"), RF_ERR_BAD, "value-control"},
    {D(CMS(CM("", "1") CM("", "2") CM("", "3") CM("", "4") CM("", "5") CM("", "6"))),
     D(CMS(CM("", "1") CM("", "2") CM("", "3") CM("", "4") CM("", "5") CM("", ""))), RF_ERR_LIMIT,
     "member-count"},
    {D("<certHash>0f1e2d3c4b5a69788796a5b4c3d2e1f000</certHash>"),
     D("<certHash>0f1e2d3c4b5a69788796a5b4c3d2e1f0</certHash>"), RF_ERR_LIMIT, "value-long"},
    {SRST("<ipAddr1>12345678901234567890</ipAddr1>"),
     SRST("<ipAddr1>1234567890123456789</ipAddr1>"), RF_ERR_LIMIT, "value-long"},
    {D("<deviceProtocol>SCCPSIP</deviceProtocol>"), D("<deviceProtocol>SCCP</deviceProtocol>"),
     RF_ERR_LIMIT, "value-long"},
};

static void each_fault_is_refused_and_its_twin_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        codec_check_refused(&theirs,
                            &(struct codec_refusal){faults[i].bad, rf_slice_str(faults[i].bad),
                                                    faults[i].err, faults[i].code});
        codec_check_refused(
            &theirs,
            &(struct codec_refusal){faults[i].good, rf_slice_str(faults[i].good), RF_OK, NULL});
    }
}

static void a_refusal_says_where(void **state)
{
    (void)state;
    struct rf_phonexml *c;
    struct rf_why why = {0};
    const char *text = D("\n<ipAddressMode>0</ipAddressMode>\n<encrConfig>x</encrConfig>");
    assert_err(rf_phonexml_decode(rf_slice_str(text), &c, &why), RF_ERR_BAD);
    assert_null(c);
    assert_int_equal(why.offset, rf_slice_find(rf_slice_str(text), rf_slice_str("</encrConfig>")));
    assert_non_null(strstr(why.text, "encrConfig"));
}

/* Its first bytes make expat read UTF-16, whatever it was told. */
static void utf16_is_refused(void **state)
{
    (void)state;
    static const char le[] = "\xff\xfe<\0d\0e\0v\0i\0c\0e\0/\0>\0";
    static const char bom[] = "\xef\xbb\xbf<device/>";
    codec_check_refused(&theirs, &(struct codec_refusal){"UTF-16", rf_slice_of(le, sizeof le - 1),
                                                         RF_ERR_BAD, "xml-syntax"});
    codec_check_refused(
        &theirs, &(struct codec_refusal){"UTF-8 with a mark", rf_slice_str(bom), RF_OK, NULL});
}

/* A declaration of another encoding changes nothing. */
static void a_document_is_utf8_whatever_it_declares(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = NULL;
    assert_err(rf_phonexml_decode(rf_slice_str("<?xml version='1.0' encoding='ISO-8859-1'?>" D(
                                      "<loadInformation>\xc3\xa9</loadInformation>")),
                                  &c, NULL),
               RF_OK);
    assert_string_equal(c->load_information, "\xc3\xa9");
}

/* --- attacks, as files --- */

static void attacks_are_refused_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum rf_err err;
        const char *code;
    } rows[] = {
        {"phonexml/attack-billion-laughs.xml", RF_ERR_BAD, "xml-doctype"},
        {"phonexml/attack-quadratic.xml", RF_ERR_BAD, "xml-doctype"},
        {"phonexml/attack-external-entity.xml", RF_ERR_BAD, "xml-doctype"},
        {"phonexml/attack-external-dtd.xml", RF_ERR_BAD, "xml-doctype"},
        {"phonexml/attack-parameter-entity.xml", RF_ERR_BAD, "xml-doctype"},
        {"phonexml/attack-undeclared-entity.xml", RF_ERR_BAD, "xml-entity"},
        {"phonexml/attack-deep.xml", RF_ERR_LIMIT, "xml-depth"},
        {"phonexml/attack-long-text.xml", RF_ERR_LIMIT, "xml-text-long"},
        {"phonexml/attack-attributes.xml", RF_ERR_LIMIT, "xml-attributes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_slice file = codec_data_file(rows[i].file);
        codec_check_refused(&theirs,
                            &(struct codec_refusal){rows[i].file, file, rows[i].err, rows[i].code});
        free((void *)(uintptr_t)file.p);
    }
}

/* --- limits --- */

static struct rf_slice repeat(uint8_t *buf, size_t cap, const char *before, const char *each,
                              uint64_t n, const char *after)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_slice out;
    rf_wr_slice(&wr, rf_slice_str(before));
    for (uint64_t i = 0; i < n; i++)
        rf_wr_slice(&wr, rf_slice_str(each));
    rf_wr_slice(&wr, rf_slice_str(after));
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    return out;
}

static struct rf_slice build_size(uint64_t n, uint8_t *buf, size_t cap)
{
    return repeat(buf, cap, "<device/>", " ", n > 9 ? n - 9 : 0, "");
}

static struct rf_slice build_depth(uint64_t n, uint8_t *buf, size_t cap)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_slice out;
    for (uint64_t i = 0; i < n; i++)
        rf_wr_slice(&wr, rf_slice_str(i == 0 ? "<device>" : "<a>"));
    for (uint64_t i = n; i > 0; i--)
        rf_wr_slice(&wr, rf_slice_str(i == 1 ? "</device>" : "</a>"));
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    return out;
}

static struct rf_slice build_attrs(uint64_t n, uint8_t *buf, size_t cap)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_slice out;
    rf_wr_slice(&wr, rf_slice_str("<device"));
    for (uint64_t i = 0; i < n; i++) {
        char attr[40];
        snprintf(attr, sizeof attr, " a%u='1'", (unsigned)i);
        rf_wr_slice(&wr, rf_slice_str(attr));
    }
    rf_wr_slice(&wr, rf_slice_str("/>"));
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    return out;
}

static struct rf_slice build_unknown_text(uint64_t n, uint8_t *buf, size_t cap)
{
    return repeat(buf, cap, "<device><new>", "x", n, "</new></device>");
}

/* In pieces, each of them short. */
static struct rf_slice build_pieces(uint64_t n, uint8_t *buf, size_t cap)
{
    return repeat(buf, cap, "<device><devicePool><srstInfo><certificate>", "A<!---->A<b/>AA", n,
                  "</certificate></srstInfo></devicePool></device>");
}

static struct rf_slice build_cert(uint64_t n, uint8_t *buf, size_t cap)
{
    return repeat(buf, cap, "<device><devicePool><srstInfo><certificate>", "AAAA", n,
                  "</certificate></srstInfo></devicePool></device>");
}

static struct rf_slice build_load(uint64_t n, uint8_t *buf, size_t cap)
{
    return repeat(buf, cap, "<device><loadInformation>", "x", n, "</loadInformation></device>");
}

static struct rf_slice build_model_load(uint64_t n, uint8_t *buf, size_t cap)
{
    return repeat(buf, cap, "<Default><loadInformation7>", "x", n, "</loadInformation7></Default>");
}

static struct rf_slice build_tvs(uint64_t n, uint8_t *buf, size_t cap)
{
    return repeat(buf, cap, "<device><TVS><members>", TVS("", "a"), n, "</members></TVS></device>");
}

static struct rf_slice build_capf(uint64_t n, uint8_t *buf, size_t cap)
{
    return repeat(buf, cap, "<device><capfList>",
                  "<capf><processNodeName>a</processNodeName></capf>", n, "</capfList></device>");
}

static struct rf_slice build_models(uint64_t n, uint8_t *buf, size_t cap)
{
    struct rf_wr wr = rf_wr_of(buf, cap);
    struct rf_slice out;
    rf_wr_slice(&wr, rf_slice_str("<Default>"));
    for (unsigned i = 0; i < n; i++) {
        char one[80];
        snprintf(one, sizeof one, "<loadInformation%u>x</loadInformation%u>", i, i);
        rf_wr_slice(&wr, rf_slice_str(one));
    }
    rf_wr_slice(&wr, rf_slice_str("</Default>"));
    assert_err(rf_wr_done(&wr, &out), RF_OK);
    return out;
}

static void numbers_end_at_their_limits(void **state)
{
    (void)state;
    static const struct codec_number rows[] = {
        {"size", build_size, RF_PHONEXML_BYTES_MAX, RF_OK, NULL, RF_ERR_LIMIT, "xml-size"},
        {"depth", build_depth, RF_PHONEXML_DEPTH_MAX, RF_ERR_BAD, "xml-syntax", RF_ERR_LIMIT,
         "xml-depth"},
        {"attributes", build_attrs, RF_PHONEXML_ATTRS_MAX, RF_OK, NULL, RF_ERR_LIMIT,
         "xml-attributes"},
        {"text nobody reads", build_unknown_text, RF_PHONEXML_TEXT_MAX, RF_OK, NULL, RF_ERR_LIMIT,
         "xml-text-long"},
        {"certificate", build_cert, RF_PHONEXML_CERT_MAX / 4, RF_OK, NULL, RF_ERR_LIMIT,
         "value-long"},
        {"load name", build_load, RF_PHONEXML_NAME_SIZE - 1, RF_OK, NULL, RF_ERR_LIMIT,
         "value-long"},
        {"load of a model", build_model_load, RF_PHONEXML_NAME_SIZE - 1, RF_OK, NULL, RF_ERR_LIMIT,
         "value-long"},
        {"TVS servers", build_tvs, RF_PHONEXML_TVS_MAX, RF_OK, NULL, RF_ERR_LIMIT, "member-count"},
        {"CAPF servers", build_capf, RF_PHONEXML_CAPF_MAX, RF_OK, NULL, RF_ERR_LIMIT,
         "member-count"},
        {"models", build_models, RF_PHONEXML_MODELS_MAX, RF_OK, NULL, RF_ERR_LIMIT, "model-count"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        codec_check_number(&theirs, &rows[i]);
    uint8_t *buf = malloc(CODEC_BUF_MAX);
    assert_non_null(buf);
    codec_check_refused(&theirs, &(struct codec_refusal){"text in pieces",
                                                         build_pieces(513, buf, CODEC_BUF_MAX),
                                                         RF_ERR_LIMIT, "xml-text-long"});
    codec_check_refused(&theirs, &(struct codec_refusal){
                                     "twin", build_pieces(500, buf, CODEC_BUF_MAX), RF_OK, NULL});
    free(buf);
}

/* --- what the writer refuses --- */

static void assert_not_written(const struct rf_phonexml *c, enum rf_err err, const char *code)
{
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(RF_PHONEXML_BYTES_MAX);
    struct rf_why why = {0};
    assert_err(rf_buf_add(&b, "before", 6), RF_OK);
    assert_refused(rf_phonexml_encode(c, &b, &why), err, why, code);
    assert_slice_str(rf_buf_slice(&b), "before");
}

static void texts_that_would_not_read_back_are_not_written(void **state)
{
    (void)state;
    static const struct {
        const char *text, *twin;
    } rows[] = {
        {"a\nb", "a b"},
        {"\x7f", "~"},
        {"\x80", "\xc2\xa0"},
        {"\xc2\x9f", "\xc2\xa0"},                 /* C1 */
        {"\xc1\xbf", "\xc2\xbf"},                 /* not the shortest form */
        {"\xe0\x9f\xbf", "\xe0\xa0\x80"},         /* not the shortest form */
        {"\xed\xa0\x80", "\xed\x9f\xbf"},         /* a surrogate */
        {"\xef\xbf\xbe", "\xef\xbf\xbd"},         /* U+FFFE */
        {"\xf0\x8f\xbf\xbf", "\xf0\x90\x80\x80"}, /* not the shortest form */
        {"\xf4\x90\x80\x80", "\xf4\x8f\xbf\xbf"}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", "\xf4\x80\x80\x80"}, /* above U+10FFFF */
        {"\xe2\x82", "\xe2\x82\xac"},             /* cut */
        {"\xe2\x82"
         "A",
         "\xe2\x82\xac"
         "A"}, /* cut */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = rf_phonexml_new();
        RF_AUTO(rf_phonexml_freep) struct rf_phonexml *again = NULL;
        RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(RF_PHONEXML_BYTES_MAX);
        SET(c->version_stamp, rows[i].text);
        assert_not_written(c, RF_ERR_BAD, "value-control");
        SET(c->version_stamp, rows[i].twin);
        assert_err(rf_phonexml_encode(c, &b, NULL), RF_OK);
        assert_err(rf_phonexml_decode(rf_buf_slice(&b), &again, NULL), RF_OK);
        assert_memory_equal(again, c, sizeof *c);
    }
}

static void a_value_that_would_be_refused_is_not_written(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = full();
    SET(c->cert_hash, "0g");
    assert_not_written(c, RF_ERR_BAD, "value-hex");
    SET(c->cert_hash, "0f");
    SET(c->srst.certificate, "AA A");
    assert_not_written(c, RF_ERR_BAD, "value-base64");
    SET(c->srst.certificate, "AAAA");
    SET(c->device_protocol, "MGCP");
    assert_not_written(c, RF_ERR_BAD, "value-protocol");
    SET(c->device_protocol, "SCCP");
    c->security_mode = 4;
    assert_not_written(c, RF_ERR_BAD, "value-number");
    c->security_mode = RF_PHONEXML_MODE_ENCRYPTED;
    c->tvs[0].priority = -2;
    assert_not_written(c, RF_ERR_BAD, "value-number");
    c->tvs[0].priority = -1;
    c->cm_n = RF_PHONEXML_CMS_MAX + 1;
    assert_not_written(c, RF_ERR_BAD, "member-count");
    c->cm_n = 2;
    c->model_load_n = RF_PHONEXML_MODELS_MAX + 1;
    assert_not_written(c, RF_ERR_BAD, "member-count");
    c->model_load_n = 2;
    assert_not_written(c, RF_ERR_BAD, "element-twice");
    c->model_load_n = 1;
    c->model_load[0].load[0] = 'x';
    memset(c->model_load[0].name, 'x', sizeof c->model_load[0].name);
    c->is_default = true;
    assert_not_written(c, RF_ERR_LIMIT, "value-long");
    c->is_default = false;
    c->model_load_n = 0;
    memset(c->load_server, 'x', sizeof c->load_server);
    assert_not_written(c, RF_ERR_LIMIT, "value-long");
    c->load_server[sizeof c->load_server - 1] = '\0';
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(RF_PHONEXML_BYTES_MAX);
    assert_err(rf_phonexml_encode(c, &b, NULL), RF_OK);
}

static void a_member_without_a_name_is_not_written(void **state)
{
    (void)state;
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *c = rf_phonexml_new();
    RF_AUTO(rf_phonexml_freep) struct rf_phonexml *again = NULL;
    RF_AUTO(rf_buf_fini) struct rf_buf b = RF_BUF(RF_PHONEXML_BYTES_MAX);
    c->tvs_n = 2;
    put_server(&c->tvs[1], 1, "tvs", 1);
    assert_err(rf_phonexml_encode(c, &b, NULL), RF_OK);
    assert_err(rf_phonexml_decode(rf_buf_slice(&b), &again, NULL), RF_OK);
    assert_int_equal(again->tvs_n, 1);
    assert_server(&again->tvs[0], 1, "tvs", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configuration_of_another_implementation_is_read),
        cmocka_unit_test(the_examples_are_read),
        cmocka_unit_test(a_new_configuration_has_the_defaults),
        cmocka_unit_test(a_full_document_is_written_and_read_back),
        cmocka_unit_test(a_cut_document_is_refused),
        cmocka_unit_test(a_stub_shows_nothing_but_what_may_be_clear),
        cmocka_unit_test(a_stub_of_another_implementation_is_written_alike),
        cmocka_unit_test(a_stub_repeats_four_elements_in_their_order),
        cmocka_unit_test(a_stub_of_another_implementation_is_made_alike),
        cmocka_unit_test(a_stub_is_refused_without_a_full_document_and_a_hash),
        cmocka_unit_test(a_default_document_is_written_and_read_back),
        cmocka_unit_test(the_name_of_a_model_is_read_when_it_fits),
        cmocka_unit_test(servers_are_sorted_and_those_without_a_name_left_out),
        cmocka_unit_test(empty_is_as_good_as_absent_and_unknown_is_passed_over),
        cmocka_unit_test(an_srst_reference_that_is_there_is_seen),
        cmocka_unit_test(each_fault_is_refused_and_its_twin_taken),
        cmocka_unit_test(a_refusal_says_where),
        cmocka_unit_test(utf16_is_refused),
        cmocka_unit_test(a_document_is_utf8_whatever_it_declares),
        cmocka_unit_test(attacks_are_refused_at_once),
        cmocka_unit_test(numbers_end_at_their_limits),
        cmocka_unit_test(texts_that_would_not_read_back_are_not_written),
        cmocka_unit_test(a_value_that_would_be_refused_is_not_written),
        cmocka_unit_test(a_member_without_a_name_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
