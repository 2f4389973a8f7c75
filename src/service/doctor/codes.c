/* SPDX-License-Identifier: Apache-2.0 */
#include "service/doctor/codes.h"

#include "base/err.h"

const char *rf_doctor_step_name(enum rf_doctor_step step)
{
    switch (step) {
#define STEP_NAME(symbol, name)                                                                    \
    case RF_DOCTOR_##symbol:                                                                       \
        return name;
        RF_DOCTOR_STEPS(STEP_NAME)
#undef STEP_NAME
    }
    return "?";
}

const char *rf_doctor_grade_name(enum rf_doctor_grade grade)
{
    static const char *const names[] = {
        [RF_DOCTOR_WELL] = "ok",         [RF_DOCTOR_NOTE] = "note",
        [RF_DOCTOR_FOLLOWS] = "follows", [RF_DOCTOR_WARNING] = "warning",
        [RF_DOCTOR_FAULT] = "FAULT",
    };
    return names[grade];
}

#define FAULT   RF_DOCTOR_FAULT
#define WARNING RF_DOCTOR_WARNING
#define NOTE    RF_DOCTOR_NOTE

static const struct rf_doctor_row rows[RF_DOCTOR_CODES_N] = {
    /* the phone */
    [RF_DOCTOR_STORED_LIST] = {"stored-list", FAULT, "a trust list that the phone holds is damaged",
                               "erase the phone's trust lists if it may take the next ones on "
                               "first trust"},
    [RF_DOCTOR_CLOCK_BEHIND] = {"clock-behind", FAULT,
                                "the phone's clock is before the time at which certificates were "
                                "made that it needs now",
                                "give the phone its time before it asks for files: NTP by DHCP "
                                "option 42"},
    [RF_DOCTOR_OWN_EXPIRED] = {"own-expired", FAULT, "the phone's own certificate has expired",
                               "issue another LSC: `ringfence capf install`; an expired MIC "
                               "cannot be renewed, enrol with an authentication string"},
    [RF_DOCTOR_OWN_NAME] = {"own-name", FAULT, "the phone's own certificate is another device's",
                            "install the certificate of this device, or correct the MAC"},
    [RF_DOCTOR_OWN_USAGE] = {"own-usage", FAULT,
                             "the phone's own certificate may not be used for TLS by its key usage",
                             "issue an LSC with digitalSignature and (RSA) keyEncipherment"},
    [RF_DOCTOR_OWN_MIC_ONLY] = {"own-mic-only", NOTE, "the phone has no LSC, so it shows its MIC",
                                "if the call manager does not take MICs, install an LSC"},
    [RF_DOCTOR_OWN_NONE] = {"own-none", NOTE,
                            "no certificate of the phone was given: what depends on it is not "
                            "judged",
                            "give --flash, or --key with certificate and key in one file"},
    /* getting a file */
    [RF_DOCTOR_SERVER_SILENT] = {"server-silent", FAULT, "the file server answers nothing",
                                 "look at address and port, at firewalls for UDP from any port "
                                 "of the server, and at whether the service runs"},
    [RF_DOCTOR_DEVICE_UNKNOWN] = {"device-unknown", FAULT,
                                  "the server has no configuration for this device",
                                  "make the device known to the server: `ringfence device add`; "
                                  "compare the MAC"},
    [RF_DOCTOR_FILE_SILENT] = {"file-silent", FAULT,
                               "the server answers other requests, but not this one",
                               "a file that is not there must be answered with an error: phones "
                               "wait, then begin anew; or the server limits this address: "
                               "`ringfence events`, provision_names"},
    [RF_DOCTOR_FILE_ACCESS] = {"file-access", FAULT, "the server may not read the file",
                               "look at owner and mode of the file and its folders on the server"},
    [RF_DOCTOR_FILE_ERROR] = {"file-error", FAULT, "the transfer ended with an error",
                              "look at the server's log for this name"},
    [RF_DOCTOR_FILE_MISSING] = {"file-missing", WARNING,
                                "a file that the configuration names is not there; the phone uses "
                                "what is built in",
                                "put the file there, or name no locale in the configuration"},
    [RF_DOCTOR_FILE_EMPTY] = {"file-empty", FAULT, "the file has no bytes",
                              "put the right file there, or none: a missing one is answered "
                              "better"},
    [RF_DOCTOR_FILE_HTML] = {"file-html", FAULT, "the answer is a web page, not the file",
                             "make the server answer \"not found\" (404) for what it does not "
                             "have: the phone takes a page for a damaged file"},
    [RF_DOCTOR_FILE_LARGE] = {"file-large", FAULT, "the file is larger than a phone takes",
                              "make it smaller"},
    [RF_DOCTOR_FILE_TRUNCATED] = {"file-truncated", FAULT, "the end of the file is missing",
                                  "copy the file to the server again; replace files whole, never "
                                  "write into them"},
    [RF_DOCTOR_NAME_CASE] = {"name-case", FAULT,
                             "the file is there, but its name is written in another case",
                             "rename it: phones ask for exactly this name"},
    [RF_DOCTOR_UNSIGNED_ONLY] = {"unsigned-only", FAULT,
                                 "the phone's lists name a file signer, so it asks for the signed "
                                 "file; only the unsigned one is there",
                                 "sign the file with the key of a TFTP certificate of the lists: "
                                 "`ringfence file sign`; ringfenced says why it signed nothing: "
                                 "`ringfence events`"},
    /* a signed file */
    [RF_DOCTOR_NOT_SIGNED] = {"not-signed", FAULT,
                              "what is served under the signed name is the bare file",
                              "sign the file under this name: `ringfence file sign`"},
    [RF_DOCTOR_MALFORMED] = {"malformed", FAULT, "the file is not well made",
                             "make it again; if it was copied, copy it as binary"},
    [RF_DOCTOR_WRONG_KIND] = {"wrong-kind", FAULT, "the file is of another kind",
                              "look what was copied under this name"},
    [RF_DOCTOR_SIGNER_UNKNOWN] = {"signer-unknown", FAULT,
                                  "the file is signed by a certificate that is in no list of the "
                                  "phone",
                                  "sign it with a key whose certificate the phone's lists have "
                                  "under TFTP, or bring the phone the new list first"},
    [RF_DOCTOR_SIGNER_ROLE] = {"signer-role", FAULT,
                               "the phone's lists have the signer, but not as a signer of files",
                               "sign with the TFTP key, or list this certificate under TFTP or "
                               "CCM+TFTP"},
    [RF_DOCTOR_SIGNER_KEY] = {"signer-key", FAULT, "the signer's key is of no use to this phone",
                              "sign with an RSA key of 2048 bits"},
    [RF_DOCTOR_SIGNATURE] = {"signature", FAULT,
                             "the signature does not fit the file: one of the two was changed",
                             "sign it again; change files before they are signed, not after"},
    [RF_DOCTOR_INNER_NAME] = {"inner-name", FAULT,
                              "the file was signed under another name than it is served under",
                              "sign it under the whole name it is asked for; trust lists always "
                              "as CTLFile.tlv or ITLFile.tlv"},
    [RF_DOCTOR_DIGEST] = {"digest", FAULT, "a phone of this model does not know the digest",
                          "sign its files with SHA-1 (79xx, 69xx, 894x know nothing else)"},
    [RF_DOCTOR_TIME_FUTURE] = {"time-future", FAULT,
                               "the file was signed later than it is now: phones refuse that",
                               "set the server's clock and sign again"},
    [RF_DOCTOR_TIME_OLDER] = {"time-older", WARNING,
                              "the file was signed before the one that the phone has",
                              "if nobody went back to an old file on purpose, look who serves "
                              "this one"},
    /* a trust list */
    [RF_DOCTOR_NO_LISTS] = {"no-lists", NOTE,
                            "neither phone nor server has a trust list: nothing is signed, and no "
                            "secure mode is possible",
                            ""},
    [RF_DOCTOR_LIST_SIZE] = {"list-size", FAULT,
                             "the list is longer than 64 KiB: phones fail on it",
                             "leave out certificates: at most 39, and only those phones need"},
    [RF_DOCTOR_LIST_NOT_OWN] = {"list-not-own", FAULT,
                                "the list is signed by a certificate that it does not have itself "
                                "under SAST",
                                "build it with its signer under SAST: `ringfence list publish`"},
    [RF_DOCTOR_LIST_SIGNER_UNKNOWN] = {"list-signer-unknown", FAULT,
                                       "the list is signed by nobody that the phone's lists know: "
                                       "it stays on its old ones",
                                       "have the new list signed by a SAST of the old ones, or "
                                       "erase the phone's lists"},
    [RF_DOCTOR_LIST_SIGNER_ROLE] = {"list-signer-role", FAULT,
                                    "the phone's lists have the list's signer, but not as SAST",
                                    "have the list signed by a SAST that the phone knows"},
    [RF_DOCTOR_LIST_EXPIRED] = {"list-expired", WARNING,
                                "the certificate that signed the list has expired; whether a model "
                                "minds is not known",
                                "change the SAST while the phones still take a list of the old "
                                "one"},
    [RF_DOCTOR_LIST_ONE_SAST] = {"list-one-sast", WARNING,
                                 "the list has one SAST: if its key is lost, phones must be erased "
                                 "by hand",
                                 "list a second one, and keep its key elsewhere"},
    [RF_DOCTOR_LIST_MANY_SAST] = {"list-many-sast", WARNING,
                                  "the list has more than two SAST records; phones are documented "
                                  "to take two",
                                  "leave out all but two"},
    /* the configuration */
    [RF_DOCTOR_XML] = {"xml", FAULT, "the configuration cannot be read",
                       "correct the document and sign it again"},
    [RF_DOCTOR_CONFIG_ROOT] = {"config-root", FAULT,
                               "the document is another one than the name says",
                               "a device's file has the root <device>, XMLDefault the root "
                               "<Default>"},
    [RF_DOCTOR_NO_CALL_MANAGER] = {"no-call-manager", FAULT,
                                   "the configuration names no call manager",
                                   "give it a callManagerGroup with at least one processNodeName"},
    [RF_DOCTOR_SECURE_WITHOUT_LIST] = {"secure-without-list", FAULT,
                                       "deviceSecurityMode is a secure one, but no list of the "
                                       "phone has a call manager",
                                       "serve a trust list with the call manager under CCM, or "
                                       "make the device non-secure"},
    [RF_DOCTOR_SIP_TRANSPORT] = {"sip-transport", FAULT,
                                 "a secure mode, but a SIP phone stays on TCP without "
                                 "transportLayerProtocol 3",
                                 "write transportLayerProtocol 3"},
    [RF_DOCTOR_SIP_NOT_WALKED] = {"sip-not-walked", NOTE,
                                  "the configuration is for SIP: its call managers are not visited",
                                  ""},
    [RF_DOCTOR_CAPF_MISSING] = {"capf-missing", FAULT,
                                "an enrolment is scheduled (capfAuthMode), but no CAPF server is "
                                "named",
                                "write capfList, or capfAuthMode 0"},
    [RF_DOCTOR_CAPF_STRING] = {"capf-string", NOTE,
                               "an enrolment waits until the authentication string is typed", ""},
    [RF_DOCTOR_SRST_CLEAR] = {"srst-clear", WARNING,
                              "the survivable router of a secure phone has no certificate in the "
                              "configuration: without call managers the phone is in the clear, or "
                              "out of service",
                              "write isSecure and certificate, or srstOption Disable"},
    /* an encrypted configuration */
    [RF_DOCTOR_CERT_HASH] = {"cert-hash", FAULT,
                             "the configuration is encrypted for another certificate than the "
                             "phone has (certHash)",
                             "let the phone enrol, or make the file anew for the certificate it "
                             "has"},
    [RF_DOCTOR_STUB_FLAG] = {"stub-flag", FAULT,
                             "a short document (fullConfig false) without encrConfig true",
                             "write encrConfig true, or serve the whole document"},
    [RF_DOCTOR_ENCRYPTED_MISSING] = {"encrypted-missing", FAULT,
                                     "the configuration is said to be encrypted, but the encrypted "
                                     "file is not there",
                                     "make stub and .enc.sgn together, and serve both"},
    [RF_DOCTOR_DECRYPT] = {"decrypt", FAULT,
                           "the encrypted configuration does not open with the phone's key",
                           "make it anew for the certificate that the phone has"},
    [RF_DOCTOR_ENCRYPTED_EC] = {"encrypted-ec", FAULT,
                                "the phone's key is EC: no encrypted file can be made for it",
                                "serve its configuration by HTTPS (port 6971)"},
    [RF_DOCTOR_CONFIG_UNREAD] = {"config-unread", NOTE,
                                 "the configuration is encrypted and no key was given: its call "
                                 "managers and TVS were not visited",
                                 "give --flash, or --key with certificate and key in one file"},
    /* the same by HTTP */
    [RF_DOCTOR_HTTP_SILENT] = {"http-silent", WARNING,
                               "no answer by HTTP: phones wait for each file before they try TFTP",
                               "if HTTP is not served, refuse the connection, do not drop it"},
    [RF_DOCTOR_HTTP_REDIRECT] = {"http-redirect", FAULT,
                                 "the server points elsewhere: phones do not follow",
                                 "serve the files at this address and port"},
    [RF_DOCTOR_HTTP_BUSY] = {"http-busy", WARNING, "the server is busy (503): phones go on by TFTP",
                             "raise the server's limits, or spread the phones"},
    [RF_DOCTOR_HTTP_BAD] = {"http-bad", FAULT, "what answers there is no file server for phones",
                            "look what listens on this port; a file needs status 200 and its "
                            "length, a missing one 404"},
    [RF_DOCTOR_HTTP_DIFFERS] = {"http-differs", FAULT,
                                "HTTP and TFTP do not have the same file under this name",
                                "serve both from one place: phones take what comes by HTTP"},
    [RF_DOCTOR_HTTPS_KEY] = {"https-key", WARNING,
                             "the certificate for HTTPS has no EC key: phones do not take it",
                             "give the service an EC certificate, and list it under TFTP"},
    /* firmware */
    [RF_DOCTOR_LOAD_MISSING] = {"load-missing", FAULT,
                                "the configuration names a load that is not on the server",
                                "put the load there: `ringfence image import`; or name none"},
    [RF_DOCTOR_LOAD_SUFFIX] = {"load-suffix", FAULT,
                               "loadInformation has the suffix of the file; phones add it "
                               "themselves",
                               "write the load's name without .loads"},
    [RF_DOCTOR_LOAD_FAMILY] = {"load-family", FAULT, "the load is for other phones",
                               "name a load of this model's family"},
    [RF_DOCTOR_LOAD_PROTOCOL] = {"load-protocol", WARNING,
                                 "configuration and load are for different protocols: SCCP, SIP",
                                 "right when the phone is to change its protocol; else name the "
                                 "other load"},
    [RF_DOCTOR_LOAD_PART_MISSING] = {"load-part-missing", FAULT,
                                     "the load's list names a file that is not there: the phone "
                                     "keeps its old load",
                                     "put the whole load on the server: `ringfence image import`"},
    [RF_DOCTOR_LOAD_PART_SIZE] = {"load-part-size", FAULT,
                                  "a file of the load has another size than its list says",
                                  "put the file there that belongs to the list"},
    [RF_DOCTOR_LOAD_UNVERIFIED] = {"load-unverified", NOTE,
                                   "well formed, but not verified: the key that signed it is not "
                                   "known here",
                                   ""},
    /* a server */
    [RF_DOCTOR_NAME_UNRESOLVED] = {"name-unresolved", FAULT,
                                   "the configuration has a name that cannot be looked up",
                                   "write an address, or give phones a DNS server that knows the "
                                   "name"},
    [RF_DOCTOR_CONNECT_REFUSED] = {"connect-refused", FAULT, "nobody listens there",
                                   "start the service, or correct address and port"},
    [RF_DOCTOR_CONNECT_TIMEOUT] = {"connect-timeout", FAULT, "no answer from there",
                                   "look at the address, and at firewalls"},
    [RF_DOCTOR_PORT_ADDED] = {"port-added", FAULT,
                              "ethernetPhonePort has the secure port; secure phones add 443 to it "
                              "and come to the wrong one",
                              "write the plain port (2000): phones then use 2443"},
    [RF_DOCTOR_NOT_TLS] = {"not-tls", FAULT, "what listens there does not speak TLS",
                           "look which service has this port; is secure signalling switched on?"},
    [RF_DOCTOR_TLS_MISMATCH] = {"tls-mismatch", FAULT, "no TLS version or suite in common",
                                "TLS 1.2 or 1.3 with ECDHE and AES-GCM is needed here"},
    [RF_DOCTOR_TLS_FAILED] = {"tls-failed", FAULT, "the handshake failed",
                              "look at the server's log"},
    [RF_DOCTOR_SERVER_UNKNOWN] = {"server-unknown", FAULT,
                                  "the server's certificate is in no list of the phone",
                                  "list the certificate that the server shows, and bring phones "
                                  "the list before the server changes its certificate"},
    [RF_DOCTOR_SERVER_ROLE] = {"server-role", FAULT,
                               "the phone's lists have the server's certificate, but not for this "
                               "service",
                               "list it under the role of the service, too"},
    [RF_DOCTOR_SERVER_EXPIRED] = {"server-expired", FAULT, "the server's certificate has expired",
                                  "give the server another, after phones have a list with it"},
    [RF_DOCTOR_SERVER_CAPF] = {"server-capf", FAULT,
                               "the CAPF certificate is not one that may issue certificates",
                               "CAPF needs CA:TRUE, pathLen 0, digitalSignature and keyCertSign"},
    [RF_DOCTOR_CLIENT_ISSUER] = {"client-issuer", FAULT,
                                 "the server does not trust the issuer of the phone's certificate",
                                 "make the issuer known to the server, or give the phone an LSC of "
                                 "this site"},
    [RF_DOCTOR_CLIENT_EXPIRED] = {"client-expired", FAULT,
                                  "the server holds the phone's certificate for expired",
                                  "compare the clocks; issue another LSC"},
    [RF_DOCTOR_CLIENT_REFUSED] = {"client-refused", FAULT,
                                  "the server does not accept the phone's certificate",
                                  "look at the server's log: it says why"},
    [RF_DOCTOR_CLIENT_NONE] = {"client-none", NOTE,
                               "the server wants a certificate of the phone, and none was given",
                               "give --flash, or --key with certificate and key in one file"},
    [RF_DOCTOR_CLOSED_EARLY] = {"closed-early", FAULT,
                                "the server hung up after the handshake, without a word",
                                "look at the server's log: limits, or a block on the phone"},
    /* talking */
    [RF_DOCTOR_NOT_ENROLLED] = {"not-enrolled", FAULT, "CAPF ended the session",
                                "look at the server's events for this device"},
    [RF_DOCTOR_NOT_REGISTERED] = {"not-registered", FAULT,
                                  "the call manager did not take the registration",
                                  "look at the server's events for this device"},
};

const struct rf_doctor_row *rf_doctor_row(enum rf_doctor_code code)
{
    rf_bug_on((unsigned)code >= RF_DOCTOR_CODES_N);
    return &rows[code];
}
