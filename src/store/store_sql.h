/* SPDX-License-Identifier: Apache-2.0 */
/* Every statement the store runs, by name. Prepared once, on first use. */
#ifndef STORE_STORE_SQL_H
#define STORE_STORE_SQL_H

#define RF_SQL_CAPF_COLS                                                                           \
    "id, device, op, asked, auth, string_hash, string_expires_s, tries_left, state, reason, "      \
    "key_type, key_bits, complete_by_s, created_uid, created_s, changed_s, "                       \
    "coalesce((SELECT b.rsa_bits FROM capf_backup b WHERE b.op_id = capf_op.id), 0)"
/* Stale (the last): the operation it was made for has ended. */
#define RF_SQL_REQUEST_COLS                                                                        \
    "id, device, op_id, key_sha256, spki, cn, state, tries, failures, next_s, reason, der, "       \
    "created_s, changed_s, NOT EXISTS (SELECT 1 FROM capf_op o WHERE o.id = lsc_request.op_id "    \
    "AND o.op = 1)"
/* One that is blocked is revoked (3) for as long as it is. */
#define RF_SQL_CERT_COLS                                                                           \
    "id, device, kind, sha256, serial, subject, issuer, not_before_s, not_after_s, der, "          \
    "CASE WHEN EXISTS (SELECT 1 FROM cert_blocked b WHERE b.sha256 = device_cert.sha256) "         \
    "THEN 3 ELSE state END, op_id, issued_s, confirmed_s, ended_s"
#define RF_SQL_DEVICE_COLS                                                                         \
    "name, model, protocol, mode, media_policy, has_srtp, description, load, added_s, changed_s"
#define RF_SQL_DEVICE_SEEN                                                                         \
    RF_SQL_DEVICE_COLS                                                                             \
    ", coalesce((SELECT host FROM load_server WHERE device = device.name), '')"                    \
    ", coalesce((SELECT m.load FROM model_load m WHERE m.model = device.model), '')"               \
    ", coalesce((SELECT profile FROM config_use WHERE device = device.name), '')"                  \
    ", coalesce((SELECT encrypt FROM config_use WHERE device = device.name), 0)"                   \
    ", coalesce((SELECT digest FROM device_trust WHERE device = device.name), 0)"                  \
    ", coalesce((SELECT quarantined FROM device_trust WHERE device = device.name), 0)"             \
    ", EXISTS (SELECT 1 FROM device_protected WHERE device = device.name)"
#define RF_SQL_CAMPAIGN_COLS                                                                       \
    "id, name, state, standing, op, auth, key_type, key_bits, rsa_bits, rate, parallel, "          \
    "from_min, "                                                                                   \
    "to_min, turn_s, string_s, complete_by_s, created_uid, created_s, ended_s"
/* An LSC in force of the device d; and two thirds of its life are over. */
#define RF_SQL_LSC_OF_D                                                                            \
    "SELECT 1 FROM device_cert l WHERE l.device = d.name AND l.kind = 0 AND l.state = 1 "          \
    "AND NOT EXISTS (SELECT 1 FROM cert_blocked b WHERE b.sha256 = l.sha256)"
#define RF_SQL_LSC_DUE(now) "(" now " - l.not_before_s) / 2 >= (l.not_after_s - l.not_before_s) / 3"
#define RF_SQL_UNDERWAY_COLS                                                                       \
    "m.campaign, m.device, m.op_id, m.failures, m.begun_s, coalesce(o.id, 0), "                    \
    "coalesce(o.op, 0), coalesce(o.state, 0), coalesce(o.reason, ''), "                            \
    "coalesce(o.tries_left, 0), coalesce(o.string_hash, '') <> '', "                               \
    "coalesce((SELECT f.reason FROM capf_failure f WHERE f.op_id = o.id), '') "                    \
    "FROM campaign_member m "
#define RF_SQL_THEIR_OP " LEFT JOIN capf_op o ON o.device = m.device "
/* The operation o failed for a phone that had proved itself. */
#define RF_SQL_PROVED_FAILURE                                                                      \
    "(o.state = 4 AND EXISTS (SELECT 1 FROM capf_failure f WHERE f.op_id = o.id))"
#define RF_SQL_HELD_COLS  "device, item, sha256, how, at_s, last_s, tries"
#define RF_SQL_FETCH_COLS "device, item, name, generation, result, address, at_s"
#define RF_SQL_RULE_COLS                                                                           \
    "device, idx, forward_all, forward_busy, forward_no_answer, forward_unregistered, calls_max, " \
    "busy_trigger"
#define RF_SQL_RECORD_COLS                                                                         \
    "run, call, start_s, answered_s, end_s, code, cause, security, codec, calling_device, "        \
    "calling_number, calling_name, calling_signalling, calling_srtp, calling_cert, "               \
    "called_device, called_number, called_name, called_signalling, called_srtp, called_cert, "     \
    "original_number, redirecting_number, by_device, origin, origin_id"
#define RF_SQL_RECORD_INSERT                                                                       \
    "INSERT INTO call_record (" RF_SQL_RECORD_COLS                                                 \
    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "                                               \
    "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
#define RF_SQL_SRST_COLS                                                                           \
    "name, host, sccp_port, provider_port, cert, added_s, serial, state, since_s, seen_s, phones"
/* What the device d uses: its own row, else its profile's, else the site's; empty: nothing. */
#define RF_SQL_SRST_OF_D                                                                           \
    "coalesce((SELECT u.srst FROM srst_use u WHERE u.layer = 3 AND u.name = d.name), "             \
    "(SELECT u.srst FROM srst_use u WHERE u.layer = 2 AND u.name = (SELECT c.profile FROM "        \
    "config_use c WHERE c.device = d.name)), "                                                     \
    "(SELECT u.srst FROM srst_use u WHERE u.layer = 0 AND u.name = ''), '')"
#define RF_SQL_EVENT_COLS   "id, time_s, uid, severity, category, code, device, call, text"
#define RF_SQL_CONFIG_COLS  "layer, name, path, value, secret, forced, changed_s"
#define RF_SQL_REFUSED_COLS "device, load, running, file, reason, how, text, first_s, last_s, count"

/* Rows behind an id: the youngest of them come by DESC, the next ones (..._NEXT) by ASC. */
#define RF_SQL_EVENTS  "SELECT " RF_SQL_EVENT_COLS " FROM event "
#define RF_SQL_YOUNGER "id > ?2 AND time_s >= ?3 ORDER BY id "
#define RF_SQL_RECORDS "SELECT id, " RF_SQL_RECORD_COLS " FROM call_record "
#define RF_SQL_ENDED   "id > ?2 AND end_s >= ?3 ORDER BY id "
#define RF_SQL_OF_DEVICE                                                                           \
    "WHERE id IN (SELECT id FROM call_record WHERE calling_device = ?1 AND id > ?2 "               \
    "UNION SELECT id FROM call_record WHERE called_device = ?1 AND id > ?2 "                       \
    "UNION SELECT id FROM call_record WHERE by_device = ?1 AND by_device <> '' AND id > ?2) AND "

/* X(symbol, SQL) */
#define RF_SQL(X)                                                                                  \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(PART, "SAVEPOINT part")                                                                      \
    X(PART_KEEP, "RELEASE part")                                                                   \
    X(PART_UNDO, "ROLLBACK TO part")                                                               \
    /* events */                                                                                   \
    X(EVENT_ADD, "INSERT INTO event (time_s, uid, severity, category, code, device, call, text) "  \
                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?)")                                                \
    X(EVENT_LIST, RF_SQL_EVENTS "WHERE device = ?1 AND " RF_SQL_YOUNGER "DESC LIMIT ?4")           \
    X(EVENT_ALL, RF_SQL_EVENTS "WHERE " RF_SQL_YOUNGER "DESC LIMIT ?4")                            \
    X(EVENT_LIST_NEXT, RF_SQL_EVENTS "WHERE device = ?1 AND " RF_SQL_YOUNGER "ASC LIMIT ?4")       \
    X(EVENT_ALL_NEXT, RF_SQL_EVENTS "WHERE " RF_SQL_YOUNGER "ASC LIMIT ?4")                        \
    /* what operators did (uid 0 and above) goes by age alone */                                   \
    X(EVENT_TRIM, "DELETE FROM event WHERE time_s < ?1 OR id IN (SELECT id FROM (SELECT id, "      \
                  "row_number() OVER (PARTITION BY category ORDER BY id DESC) AS nth FROM event "  \
                  "WHERE uid < 0) WHERE nth > ?2)")                                                \
    /* devices and lines */                                                                        \
    X(DEVICE_ADD, "INSERT INTO device (" RF_SQL_DEVICE_COLS ") "                                   \
                  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")                                         \
    X(DEVICE_CHANGE, "UPDATE device SET model = ?2, protocol = ?3, mode = ?4, media_policy = ?5, " \
                     "has_srtp = ?6, description = ?7, load = ?8, changed_s = ?9 "                 \
                     "WHERE name = ?1")                                                            \
    X(DEVICE_REMOVE, "DELETE FROM device WHERE name = ?")                                          \
    X(DEVICE_FIND, "SELECT " RF_SQL_DEVICE_SEEN " FROM device WHERE name = ?")                     \
    X(DEVICE_LIST, "SELECT " RF_SQL_DEVICE_SEEN " FROM device ORDER BY name")                      \
    X(DEVICE_QUARANTINED, "SELECT 1 FROM device_trust WHERE device = ? AND quarantined = 1")       \
    X(DEVICE_TRUST_SAVE, "INSERT INTO device_trust (device, digest, quarantined) "                 \
                         "VALUES (?1, ?2, ?3) ON CONFLICT (device) DO UPDATE SET digest = ?2, "    \
                         "quarantined = ?3")                                                       \
    X(DEVICE_QUARANTINED_COUNT, "SELECT count(*) FROM device_trust WHERE quarantined = 1")         \
    X(DEVICE_COUNT, "SELECT count(*) FROM device")                                                 \
    X(LINE_ADD, "INSERT INTO line (device, idx, dn, label, display_name, shared) "                 \
                "VALUES (?, ?, ?, ?, ?, ?)")                                                       \
    X(LINE_CLASH, "SELECT device FROM line "                                                       \
                  "WHERE dn = ?1 AND (device = ?2 OR shared = 0 OR ?3 = 0) LIMIT 1")               \
    X(LINE_CLEAR, "DELETE FROM line WHERE device = ?")                                             \
    X(LINE_LIST, "SELECT l.idx, l.dn, l.label, l.display_name, l.shared, "                         \
                 "coalesce(r.forward_all, ''), coalesce(r.forward_busy, ''), "                     \
                 "coalesce(r.forward_no_answer, ''), coalesce(r.forward_unregistered, ''), "       \
                 "coalesce(r.calls_max, 0), coalesce(r.busy_trigger, 0) FROM line l "              \
                 "LEFT JOIN line_rule r ON r.device = l.device AND r.idx = l.idx "                 \
                 "WHERE l.device = ? ORDER BY l.idx")                                              \
    X(LINE_OWNER, "SELECT device FROM line WHERE dn = ? LIMIT 1")                                  \
    /* calls */                                                                                    \
    X(RULE_ADD, "INSERT INTO line_rule (" RF_SQL_RULE_COLS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)")    \
    X(RULE_ELSEWHERE, "SELECT r.forward_all FROM line l JOIN line_rule r ON r.device = l.device "  \
                      "AND r.idx = l.idx WHERE l.dn = ?1 AND l.device <> ?2 AND "                  \
                      "r.forward_all <> '' LIMIT 1")                                               \
    X(RULE_FORWARD, "INSERT INTO line_rule (" RF_SQL_RULE_COLS ") "                                \
                    "SELECT device, idx, ?2, '', '', '', 0, 0 FROM line WHERE dn = ?1 "            \
                    "ON CONFLICT (device, idx) DO UPDATE SET forward_all = ?2")                    \
    X(PROTECTED_ADD, "INSERT OR IGNORE INTO device_protected (device) VALUES (?)")                 \
    X(PROTECTED_CLEAR, "DELETE FROM device_protected WHERE device = ?")                            \
    X(MEET_ME_SAVE, "INSERT INTO meet_me (number, least, added_s) VALUES (?1, ?2, ?3) "            \
                    "ON CONFLICT (number) DO UPDATE SET least = ?2, added_s = ?3")                 \
    X(MEET_ME_REMOVE, "DELETE FROM meet_me WHERE number = ?")                                      \
    X(MEET_ME_FIND, "SELECT 1 FROM meet_me WHERE number = ?")                                      \
    X(MEET_ME_COUNT, "SELECT count(*) FROM meet_me WHERE number <> ?")                             \
    X(MEET_ME_LIST, "SELECT number, least, added_s FROM meet_me ORDER BY number")                  \
    X(RECORD_ADD, RF_SQL_RECORD_INSERT "ON CONFLICT (run, call) DO NOTHING")                       \
    X(RECORD_TAKE, RF_SQL_RECORD_INSERT)                                                           \
    X(RECORD_TAKEN, RF_SQL_RECORDS "WHERE origin = ?1 AND origin_id = ?2 AND origin <> ''")        \
    X(RECORD_ORIGIN_NEXT, "SELECT min(origin) FROM call_record WHERE origin > ?1 AND "             \
                          "origin < ?2 AND origin <> ''")                                          \
    X(RECORD_LIST, RF_SQL_RECORDS "WHERE " RF_SQL_ENDED "DESC LIMIT ?4")                           \
    X(RECORD_LIST_NEXT, RF_SQL_RECORDS "WHERE " RF_SQL_ENDED "ASC LIMIT ?4")                       \
    X(RECORD_OF_DEVICE, RF_SQL_RECORDS RF_SQL_OF_DEVICE RF_SQL_ENDED "DESC LIMIT ?4")              \
    X(RECORD_OF_DEVICE_NEXT, RF_SQL_RECORDS RF_SQL_OF_DEVICE RF_SQL_ENDED "ASC LIMIT ?4")          \
    X(RECORD_TRIM_OLD, "DELETE FROM call_record WHERE end_s < ?")                                  \
    X(RECORD_TRIM_MANY, "DELETE FROM call_record WHERE id <= coalesce((SELECT id FROM "            \
                        "call_record ORDER BY id DESC LIMIT 1 OFFSET ?), 0)")                      \
    /* firmware */                                                                                 \
    X(LOAD_SERVER_CLEAR, "DELETE FROM load_server WHERE device = ?")                               \
    X(LOAD_SERVER_ADD, "INSERT INTO load_server (device, host) VALUES (?, ?)")                     \
    X(MODEL_LOAD_SAVE, "INSERT INTO model_load (model, load, changed_s) VALUES (?1, ?2, ?3) "      \
                       "ON CONFLICT (model) DO UPDATE SET load = ?2, changed_s = ?3")              \
    X(MODEL_LOAD_CLEAR, "DELETE FROM model_load WHERE model = ?")                                  \
    X(MODEL_LOAD_LIST, "SELECT model, load, changed_s FROM model_load ORDER BY model")             \
    X(MODEL_LOAD_COUNT, "SELECT count(*) FROM model_load WHERE model <> ?")                        \
    X(REFUSED_SAVE, "INSERT INTO load_refused (" RF_SQL_REFUSED_COLS ") "                          \
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")                                       \
    X(REFUSED_CLEAR, "DELETE FROM load_refused WHERE device = ?")                                  \
    X(REFUSED_FIND, "SELECT " RF_SQL_REFUSED_COLS " FROM load_refused WHERE device = ?")           \
    X(REFUSED_LIST, "SELECT " RF_SQL_REFUSED_COLS " FROM load_refused ORDER BY device")            \
    /* configurations */                                                                           \
    X(CONFIG_USE_CLEAR, "DELETE FROM config_use WHERE device = ?")                                 \
    X(CONFIG_USE_ADD, "INSERT INTO config_use (device, profile, encrypt) VALUES (?, ?, ?)")        \
    X(CONFIG_SAVE, "INSERT INTO config_value (" RF_SQL_CONFIG_COLS ") "                            \
                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (layer, name, path) "          \
                   "DO UPDATE SET value = ?4, secret = ?5, forced = ?6, changed_s = ?7")           \
    X(CONFIG_CLEAR, "DELETE FROM config_value WHERE layer = ? AND name = ? AND path = ?")          \
    X(CONFIG_COUNT, "SELECT count(*) FROM config_value WHERE layer = ? AND name = ?")              \
    X(CONFIG_LIST, "SELECT " RF_SQL_CONFIG_COLS " FROM config_value "                              \
                   "WHERE layer = ? AND name = ? ORDER BY path")                                   \
    X(CONFIG_OF_DEVICE,                                                                            \
      "SELECT " RF_SQL_CONFIG_COLS " FROM config_value WHERE layer = 0 OR "                        \
      "(layer = 1 AND name = (SELECT model FROM device WHERE name = ?1)) OR "                      \
      "(layer = 2 AND name = (SELECT profile FROM config_use WHERE device = ?1)) OR "              \
      "(layer = 3 AND name = ?1) ORDER BY layer, path")                                            \
    X(CONFIG_PLACES, "SELECT layer, name, count(*) FROM config_value WHERE layer < 3 "             \
                     "GROUP BY layer, name ORDER BY layer, name")                                  \
    X(CONFIG_SECRETS, "SELECT count(*) FROM config_value WHERE secret = 1")                        \
    /* CAPF operations */                                                                          \
    X(CAPF_CLEAR, "DELETE FROM capf_op WHERE device = ?")                                          \
    X(CAPF_ADD, "INSERT INTO capf_op (device, op, asked, auth, string_hash, string_expires_s, "    \
                "tries_left, state, reason, key_type, key_bits, complete_by_s, created_uid, "      \
                "created_s, changed_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")      \
    X(CAPF_BACKUP, "INSERT INTO capf_backup (op_id, rsa_bits) VALUES (?, ?)")                      \
    X(CAPF_DROP, "UPDATE capf_op SET op = 0, state = 0, string_hash = '', reason = '', "           \
                 "changed_s = ?2 WHERE device = ?1")                                               \
    X(CAPF_FIND, "SELECT " RF_SQL_CAPF_COLS " FROM capf_op WHERE device = ?")                      \
    X(CAPF_LIST, "SELECT " RF_SQL_CAPF_COLS " FROM capf_op ORDER BY device")                       \
    X(CAPF_STATE, "UPDATE capf_op SET state = ?2, reason = ?3, tries_left = ?4, changed_s = ?5 "   \
                  "WHERE id = ?1")                                                                 \
    X(CAPF_END, "UPDATE capf_op SET op = 0, state = 3, reason = '', string_hash = '', "            \
                "changed_s = ?2 WHERE id = ?1 AND op <> 0")                                        \
    X(CAPF_FAILURE, "INSERT INTO capf_failure (op_id, reason) VALUES (?1, ?2) "                    \
                    "ON CONFLICT (op_id) DO UPDATE SET reason = ?2")                               \
    X(CAPF_NO_FAILURE, "DELETE FROM capf_failure WHERE op_id = ?")                                 \
    X(CAPF_WAIT, "UPDATE capf_op SET state = 1, reason = ?2, changed_s = ?3 WHERE id = ?1")        \
    /* certificates that another CA is asked for */                                                \
    X(REQUEST_FIND, "SELECT " RF_SQL_REQUEST_COLS " FROM lsc_request WHERE device = ?")            \
    X(REQUEST_BY_KEY, "SELECT " RF_SQL_REQUEST_COLS " FROM lsc_request WHERE key_sha256 = ?")      \
    X(REQUEST_LIST, "SELECT " RF_SQL_REQUEST_COLS " FROM lsc_request ORDER BY device")             \
    X(REQUEST_DROP, "DELETE FROM lsc_request WHERE device = ?")                                    \
    X(REQUEST_ADD, "INSERT INTO lsc_request (device, op_id, key_sha256, spki, cn, state, tries, "  \
                   "failures, next_s, reason, cert_sha256, der, created_s, changed_s) "            \
                   "VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, 0, '', x'', x'', ?6, ?6)")                \
    X(REQUEST_AGAIN, "UPDATE lsc_request SET op_id = ?2, cn = ?3, changed_s = ?4 "                 \
                     "WHERE device = ?1")                                                          \
    X(REQUEST_SENT, "UPDATE lsc_request SET state = 1, tries = tries + 1, changed_s = ?2 "         \
                    "WHERE id = ?1 AND state < 2")                                                 \
    X(REQUEST_UNMADE, "UPDATE lsc_request SET state = 0, cert_sha256 = x'', der = x'', "           \
                      "next_s = 0, changed_s = ?2 WHERE id = ?1")                                  \
    X(REQUEST_FAILED, "UPDATE lsc_request SET state = 0, failures = ?2, next_s = ?3, "             \
                      "reason = ?4, changed_s = ?5 WHERE key_sha256 = ?1 AND state < 2")           \
    X(REQUEST_MADE, "UPDATE lsc_request SET state = 2, failures = 0, next_s = 0, reason = '', "    \
                    "cert_sha256 = ?2, der = ?3, changed_s = ?4 WHERE id = ?1")                    \
    X(REQUEST_DONE, "DELETE FROM lsc_request WHERE device = ? AND cert_sha256 = ?")                \
    X(CERT_FOR_OP, "UPDATE device_cert SET op_id = ?3 "                                            \
                   "WHERE sha256 = ?2 AND device = ?1 AND kind = 0 AND state = 0")                 \
    /* certificates */                                                                             \
    X(CERT_ADD, "INSERT INTO device_cert (device, kind, sha256, serial, subject, issuer, "         \
                "not_before_s, not_after_s, der, state, op_id, issued_s, confirmed_s, ended_s) "   \
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)")                               \
    X(CERT_FIND, "SELECT " RF_SQL_CERT_COLS " FROM device_cert WHERE sha256 = ?")                  \
    /* of very many first the MICs and what is in force: a revoked MIC must not seem unknown */    \
    X(CERT_LIST, "SELECT " RF_SQL_CERT_COLS " FROM device_cert WHERE id IN (SELECT id FROM "       \
                 "device_cert WHERE device = ?1 ORDER BY (kind = 1 OR state = 1) DESC, "           \
                 "id DESC LIMIT ?2) ORDER BY id")                                                  \
    X(CERT_ALL, "SELECT " RF_SQL_CERT_COLS " FROM device_cert ORDER BY id")                        \
    X(CERT_CONFIRM, "UPDATE device_cert SET state = 1, confirmed_s = ?2 WHERE id = ?1")            \
    X(CERT_BECOME_LSC, "UPDATE device_cert SET kind = 0 WHERE id = ?1")                            \
    /* another site's LSC may have been noted after ours was issued */                             \
    X(CERT_SUPERSEDE, "UPDATE device_cert SET state = 2, ended_s = ?3 WHERE device = ?1 AND "      \
                      "kind = 0 AND ((id < ?2 AND state = 0) OR (id <> ?2 AND state = 1))")        \
    X(CERT_REVOKE, "UPDATE device_cert SET state = 3, ended_s = ?2 WHERE id = ?1")                 \
    X(CERT_REVOKE_LSCS, "UPDATE device_cert SET state = 3, ended_s = ?2 "                          \
                        "WHERE device = ?1 AND kind = 0 AND state IN (0, 1)")                      \
    /* proofs */                                                                                   \
    X(PROOF_FIND, "SELECT device, source, op_id, first_s, last_s, count FROM capf_proof "          \
                  "WHERE sha256 = ?")                                                              \
    X(PROOF_ADD, "INSERT INTO capf_proof (sha256, device, source, op_id, first_s, last_s, count) " \
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1)")                                             \
    X(PROOF_COUNT, "UPDATE capf_proof SET count = count + 1, last_s = ?2 WHERE sha256 = ?1")       \
    X(PROOF_FORGET, "DELETE FROM capf_proof WHERE last_s < ?")                                     \
    X(PROOF_ALLOW, "DELETE FROM capf_proof WHERE device = ?")                                      \
    /* what devices hold, and the lists that were given out */                                     \
    X(HELD_FIND, "SELECT " RF_SQL_HELD_COLS " FROM device_held WHERE device = ? AND item = ?")     \
    X(HELD_SAVE, "INSERT INTO device_held (" RF_SQL_HELD_COLS ") "                                 \
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (device, item) DO UPDATE SET "   \
                 "sha256 = ?3, how = ?4, at_s = ?5, last_s = ?6, tries = ?7")                      \
    X(HELD_SETTLE, "UPDATE device_held SET tries = 0 WHERE device = ?")                            \
    X(HELD_FORGET, "DELETE FROM device_held WHERE device = ? AND item = ?")                        \
    X(HELD_LIST, "SELECT " RF_SQL_HELD_COLS " FROM device_held WHERE device = ? ORDER BY item")    \
    X(HELD_ALL, "SELECT " RF_SQL_HELD_COLS " FROM device_held ORDER BY device, item")              \
    X(ARCHIVE_FIND, "SELECT published_s, bytes FROM list_archive WHERE sha256 = ?")                \
    X(ARCHIVE_COUNT, "SELECT count(*) FROM list_archive")                                          \
    X(ARCHIVE_TRIM, "DELETE FROM list_archive WHERE id = (SELECT id FROM list_archive "            \
                    "ORDER BY sha256 IN (SELECT sha256 FROM device_held), id LIMIT 1)")            \
    X(ARCHIVE_ADD, "INSERT INTO list_archive (sha256, kind, published_s, bytes) "                  \
                   "VALUES (?, ?, ?, ?)")                                                          \
    /* phones that nobody added, and what devices fetched */                                       \
    X(PENDING_FIND, "SELECT name, address, first_s, last_s, count, asked FROM device_pending "     \
                    "WHERE name = ?")                                                              \
    X(PENDING_LIST, "SELECT name, address, first_s, last_s, count, asked FROM device_pending "     \
                    "ORDER BY last_s DESC, name")                                                  \
    X(PENDING_SAVE, "INSERT INTO device_pending (name, address, first_s, last_s, count, asked) "   \
                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (name) DO UPDATE SET "            \
                    "address = ?2, last_s = ?4, count = ?5, asked = ?6")                           \
    X(PENDING_TRIM, "DELETE FROM device_pending WHERE name IN (SELECT name FROM device_pending "   \
                    "ORDER BY last_s DESC, name LIMIT -1 OFFSET ?)")                               \
    X(PENDING_END, "DELETE FROM device_pending WHERE name = ?")                                    \
    X(FETCH_SAVE, "INSERT INTO device_fetch (" RF_SQL_FETCH_COLS ") "                              \
                  "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM device "          \
                  "WHERE device.name = ?1) ON CONFLICT (device, item) DO UPDATE SET name = ?3, "   \
                  "generation = ?4, result = ?5, address = ?6, at_s = ?7")                         \
    X(FETCH_LIST, "SELECT " RF_SQL_FETCH_COLS " FROM device_fetch WHERE device = ? ORDER BY item") \
    X(FETCH_ALL, "SELECT " RF_SQL_FETCH_COLS " FROM device_fetch ORDER BY device, item")           \
    /* certificates that TVS vouches for */                                                        \
    X(TVS_COUNT, "SELECT count(*) FROM tvs_cert WHERE sha256 <> ?")                                \
    X(TVS_SAVE, "INSERT INTO tvs_cert (sha256, roles, ttl_s, added_s, der) "                       \
                "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (sha256) DO UPDATE SET roles = ?2, "      \
                "ttl_s = ?3, added_s = ?4")                                                        \
    X(TVS_REMOVE, "DELETE FROM tvs_cert WHERE sha256 = ?")                                         \
    X(TVS_LIST,                                                                                    \
      "SELECT sha256, roles, ttl_s, added_s, der FROM tvs_cert ORDER BY added_s, sha256")          \
    /* survivable routers */                                                                       \
    X(SRST_COUNT, "SELECT count(*) FROM srst WHERE name <> ?")                                     \
    X(SRST_SAVE, "INSERT INTO srst (" RF_SQL_SRST_COLS ", digest) VALUES (?1, ?2, ?3, ?4, ?5, "    \
                 "?6, 0, 0, 0, 0, 0, x'') ON CONFLICT (name) DO UPDATE SET host = ?2, "            \
                 "sccp_port = ?3, provider_port = ?4, cert = ?5, added_s = ?6")                    \
    X(SRST_REMOVE, "DELETE FROM srst WHERE name = ?")                                              \
    X(SRST_FIND, "SELECT " RF_SQL_SRST_COLS " FROM srst WHERE name = ?")                           \
    X(SRST_LIST, "SELECT " RF_SQL_SRST_COLS " FROM srst ORDER BY name")                            \
    X(SRST_SEEN, "UPDATE srst SET state = ?2, since_s = ?3, seen_s = ?4, phones = ?5 "             \
                 "WHERE name = ?1")                                                                \
    /* By the clock: also a reference made anew has higher ones than before. ?3 is what its        \
     * router holds: above that when this database was taken back behind it. */                    \
    X(SRST_SERIAL, "UPDATE srst SET serial = max(serial + 1, ?3 + 1, unixepoch()), digest = ?2 "   \
                   "WHERE name = ?1 AND (digest <> ?2 OR serial < ?3)")                            \
    X(SRST_OF_DEVICE,                                                                              \
      "SELECT " RF_SQL_SRST_COLS " FROM srst WHERE name = (SELECT " RF_SQL_SRST_OF_D               \
      " FROM device d WHERE d.name = ?)")                                                          \
    X(SRST_USERS, "SELECT d.name, " RF_SQL_SRST_OF_D " FROM device d ORDER BY d.name")             \
    X(SRST_USERS_COUNT, "SELECT " RF_SQL_SRST_OF_D " AS used, count(*) FROM device d GROUP BY "    \
                        "used")                                                                    \
    X(SRST_USE_SAVE, "INSERT INTO srst_use (layer, name, srst) VALUES (?1, ?2, ?3) "               \
                     "ON CONFLICT (layer, name) DO UPDATE SET srst = ?3")                          \
    X(SRST_USE_CLEAR, "DELETE FROM srst_use WHERE layer = ? AND name = ?")                         \
    X(SRST_USE_END, "DELETE FROM srst_use WHERE srst = ?")                                         \
    X(SRST_USE_FIRST, "SELECT layer, name FROM srst_use WHERE srst = ? ORDER BY layer, name "      \
                      "LIMIT 1")                                                                   \
    X(SRST_USE_COUNT, "SELECT count(*) FROM srst_use")                                             \
    X(SRST_USE_LIST, "SELECT layer, name, srst FROM srst_use ORDER BY layer, name")                \
    /* certificates that end */                                                                    \
    X(ENDING_LIST, "SELECT c.device, c.kind, c.sha256, c.not_before_s, c.not_after_s "             \
                   "FROM device_cert c JOIN device d ON d.name = c.device "                        \
                   "WHERE c.state = 1 AND c.not_after_s < ? AND NOT EXISTS (SELECT 1 FROM "        \
                   "cert_blocked b WHERE b.sha256 = c.sha256) ORDER BY c.not_after_s, c.id")       \
    X(SAID_LIST, "SELECT sha256, days FROM expiry_said ORDER BY sha256")                           \
    X(SAID_SAVE, "INSERT INTO expiry_said (sha256, days) VALUES (?1, ?2) "                         \
                 "ON CONFLICT (sha256) DO UPDATE SET days = ?2")                                   \
    X(SAID_FORGET, "DELETE FROM expiry_said WHERE sha256 = ?")                                     \
    /* blocked certificates */                                                                     \
    X(BLOCKED_COUNT, "SELECT count(*) FROM cert_blocked")                                          \
    X(BLOCKED_SAVE, "INSERT INTO cert_blocked (sha256, device, reason, at_s) VALUES (?1, "         \
                    "coalesce((SELECT device FROM device_cert WHERE sha256 = ?1), ''), ?2, ?3) "   \
                    "ON CONFLICT (sha256) DO UPDATE SET reason = ?2")                              \
    X(BLOCKED_SAVE_DEVICE,                                                                         \
      "INSERT INTO cert_blocked (sha256, device, reason, at_s) SELECT sha256, device, ?2, ?3 "     \
      "FROM device_cert WHERE device = ?1 AND (kind = 1 OR state IN (0, 1)) "                      \
      "ON CONFLICT (sha256) DO UPDATE SET reason = ?2")                                            \
    X(BLOCKED_REMOVE, "DELETE FROM cert_blocked WHERE sha256 = ?")                                 \
    X(BLOCKED_REMOVE_DEVICE, "DELETE FROM cert_blocked WHERE device = ?")                          \
    X(BLOCKED_LIST, "SELECT sha256, device, reason, at_s FROM cert_blocked ORDER BY at_s, sha256") \
    /* MICs that have expired */                                                                   \
    X(MIC_ALLOW_SAVE, "INSERT INTO mic_expired (device, until_s, added_s) VALUES (?1, ?2, ?3) "    \
                      "ON CONFLICT (device) DO UPDATE SET until_s = ?2, added_s = ?3")             \
    X(MIC_ALLOW_REMOVE, "DELETE FROM mic_expired WHERE device = ?")                                \
    X(MIC_ALLOW_LIST, "SELECT device, until_s, added_s FROM mic_expired ORDER BY device")          \
    X(MIC_ALLOW_UNTIL, "SELECT until_s FROM mic_expired WHERE device = ?")                         \
    /* campaigns */                                                                                \
    X(CAMPAIGN_PICK,                                                                               \
      "SELECT d.name FROM device d WHERE NOT EXISTS (SELECT 1 FROM "                               \
      "device_trust t WHERE t.device = d.name AND t.quarantined = 1) "                             \
      "AND (?1 IS NULL OR d.model = ?1) "                                                          \
      "AND (?2 IS NULL OR EXISTS (SELECT 1 FROM config_use u WHERE "                               \
      "u.device = d.name AND u.profile = ?2)) "                                                    \
      "AND (?3 IS NULL OR EXISTS (SELECT 1 FROM campaign g JOIN "                                  \
      "campaign_member m ON m.campaign = g.id WHERE g.name = ?3 AND "                              \
      "m.device = d.name AND m.state = 3)) "                                                       \
      "AND (?4 IS NULL OR EXISTS (" RF_SQL_LSC_OF_D " AND l.issuer = ?4)) "                        \
      "AND (?5 = 0 OR EXISTS (" RF_SQL_LSC_OF_D " AND (?8 > l.not_after_s OR " RF_SQL_LSC_DUE(     \
          "?8") "))) "                                                                             \
                "AND (?6 = 0 OR NOT EXISTS (" RF_SQL_LSC_OF_D ")) "                                \
                "AND (?7 = 0 OR EXISTS (" RF_SQL_LSC_OF_D                                          \
                " AND l.not_after_s < ?7)) ORDER BY d.name")                                       \
    X(CAMPAIGN_ADD, "INSERT INTO campaign (name, state, standing, op, auth, "                      \
                    "key_type, key_bits, rsa_bits, rate, parallel, from_min, to_min, "             \
                    "turn_s, string_s, complete_by_s, created_uid, created_s, "                    \
                    "ended_s) VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "               \
                    "?, ?, 0)")                                                                    \
    X(CAMPAIGN_NAME, "UPDATE campaign SET name = ?2 WHERE id = ?1")                                \
    X(CAMPAIGN_KNOBS, "UPDATE campaign SET key_bits = ?2, rate = ?3, parallel = ?4, "              \
                      "from_min = ?5, to_min = ?6, turn_s = ?7 WHERE id = ?1")                     \
    X(CAMPAIGN_FIND, "SELECT " RF_SQL_CAMPAIGN_COLS " FROM campaign WHERE name = ?")               \
    X(CAMPAIGN_LIST, "SELECT " RF_SQL_CAMPAIGN_COLS " FROM campaign ORDER BY id")                  \
    X(CAMPAIGN_OPEN, "SELECT " RF_SQL_CAMPAIGN_COLS                                                \
                     " FROM campaign WHERE state IN (0, 1) OR EXISTS (SELECT 1 FROM "              \
                     "campaign_member m WHERE m.campaign = campaign.id AND m.state = "             \
                     "1) ORDER BY id")                                                             \
    X(CAMPAIGN_TRIM, "DELETE FROM campaign WHERE id = (SELECT id FROM campaign WHERE "             \
                     "state IN (2, 3) AND standing = 0 ORDER BY id LIMIT 1)")                      \
    X(CAMPAIGN_TOTAL, "SELECT count(*) FROM campaign")                                             \
    X(CAMPAIGN_STATE, "UPDATE campaign SET state = ?2, ended_s = ?3 WHERE id = ?1")                \
    X(CAMPAIGN_FINISH, "UPDATE campaign SET state = 2, ended_s = ?2 WHERE id = ?1 AND "            \
                       "state = 0 AND standing = 0 AND NOT EXISTS (SELECT 1 FROM "                 \
                       "campaign_member WHERE campaign = ?1 AND state = 0) AND NOT "               \
                       "EXISTS (SELECT 1 FROM campaign_member WHERE campaign = ?1 AND "            \
                       "state = 1)")                                                               \
    X(CAMPAIGN_COUNT, "SELECT m.state, CASE WHEN m.state = 1 THEN coalesce((SELECT "               \
                      "o.state FROM capf_op o WHERE o.device = m.device AND o.id = "               \
                      "m.op_id), 0) ELSE 0 END AS s, count(*) FROM campaign_member m "             \
                      "WHERE m.campaign = ? GROUP BY 1, 2")                                        \
    X(MEMBER_ADD, "INSERT INTO campaign_member (campaign, device, state, turns, "                  \
                  "failures, op_id, reason, last, string_hash, begun_s, tell_s, "                  \
                  "ended_s, cert_before, cert_after) VALUES (?1, ?2, 0, 0, 0, 0, "                 \
                  "'', '', ?3, 0, 0, 0, x'', x'')")                                                \
    X(MEMBER_ELSEWHERE, "SELECT g.name FROM campaign_member m JOIN campaign g ON g.id = "          \
                        "m.campaign WHERE m.device = ? AND m.state IN (0, 1) AND "                 \
                        "g.standing = 0")                                                          \
    X(MEMBER_UNSTAND, "DELETE FROM campaign_member WHERE device = ?1 AND state = 0 AND "           \
                      "campaign IN (SELECT id FROM campaign WHERE standing = 1)")                  \
    X(MEMBER_LIST, "SELECT m.device, m.state, coalesce(o.state, 0), m.reason, CASE "               \
                   "WHEN m.state = 1 AND o.state = 4 THEN o.reason ELSE m.last END, "              \
                   "m.turns, m.begun_s, m.ended_s, m.cert_before, m.cert_after FROM "              \
                   "campaign_member m LEFT JOIN capf_op o ON o.device = m.device "                 \
                   "AND o.id = m.op_id WHERE m.campaign = ?1 AND m.device > ?2 "                   \
                   "ORDER BY m.device LIMIT ?3")                                                   \
    X(MEMBER_ACTIVE, "SELECT count(*) FROM (SELECT 1 FROM campaign_member WHERE "                  \
                     "campaign = ?1 AND state = 1 LIMIT ?2)")                                      \
    X(MEMBER_RECENT, "SELECT count(*), coalesce(max(begun_s), 0) FROM campaign_member "            \
                     "WHERE campaign = ?1 AND begun_s > ?2 AND begun_s <= ?3")                     \
    X(MEMBER_NEXT, "SELECT m.device, m.string_hash, coalesce((SELECT s.tries_left FROM "           \
                   "member_string s WHERE s.campaign = m.campaign AND s.device = m.device), "      \
                   "?3) FROM campaign_member m WHERE m.campaign = ?1 AND m.state = 0 "             \
                   "ORDER BY m.turns, m.device LIMIT ?2")                                          \
    X(MEMBER_BEGIN, "UPDATE campaign_member SET state = 1, turns = turns + 1, op_id "              \
                    "= ?3, begun_s = ?4, tell_s = ?4, cert_before = coalesce((SELECT "             \
                    "sha256 FROM device_cert WHERE device = ?2 AND kind = 0 AND "                  \
                    "state = 1 ORDER BY id DESC LIMIT 1), x'') WHERE campaign = ?1 "               \
                    "AND device = ?2")                                                             \
    X(MEMBER_END, "UPDATE campaign_member SET state = ?3, reason = ?4, ended_s = "                 \
                  "?5, string_hash = '', tell_s = 0, cert_after = CASE WHEN ?3 <> "                \
                  "2 THEN x'' ELSE coalesce((SELECT sha256 FROM device_cert WHERE "                \
                  "device = ?2 AND kind = 0 AND state = 1 ORDER BY id DESC LIMIT "                 \
                  "1), x'') END WHERE campaign = ?1 AND device = ?2")                              \
    X(MEMBER_BACK, "UPDATE campaign_member SET state = 0, last = ?3, failures = "                  \
                   "failures + ?4, tell_s = 0 WHERE campaign = ?1 AND device = ?2")                \
    X(MEMBER_TRIES, "INSERT INTO member_string (campaign, device, tries_left) SELECT "             \
                    "m.campaign, m.device, o.tries_left FROM campaign_member m JOIN "              \
                    "capf_op o ON o.device = m.device AND o.id = m.op_id WHERE "                   \
                    "m.campaign = ?1 AND m.device = ?2 AND m.string_hash <> '' "                   \
                    "ON CONFLICT (campaign, device) DO UPDATE SET tries_left = "                   \
                    "excluded.tries_left")                                                         \
    X(MEMBER_GIVE_UP, "UPDATE campaign_member SET state = 3, reason = ?2, ended_s = "              \
                      "?3, string_hash = '' WHERE campaign = ?1 AND state = 0")                    \
    /* Found by whose they are and how they stand; left alone, the planner takes the times, and    \
     * reads through all that never began. */                                                      \
    X(MEMBER_LOOK,                                                                                 \
      "SELECT " RF_SQL_UNDERWAY_COLS "INDEXED BY campaign_member_open" RF_SQL_THEIR_OP             \
      "WHERE m.device = ? AND m.state IN (0, 1) AND m.state = 1")                                  \
    X(MEMBER_SWEEP,                                                                                \
      "SELECT " RF_SQL_UNDERWAY_COLS "INDEXED BY campaign_member_tell" RF_SQL_THEIR_OP             \
      "WHERE m.state = 1 AND (o.id IS NULL OR o.id <> m.op_id OR o.op = 0 OR "                     \
      "(o.state = 4 AND o.tries_left = 0) OR " RF_SQL_PROVED_FAILURE ")")                          \
    X(MEMBER_OVERDUE,                                                                              \
      "SELECT " RF_SQL_UNDERWAY_COLS "INDEXED BY campaign_member_next" RF_SQL_THEIR_OP             \
      "WHERE m.campaign = ?1 AND m.state = 1 AND m.begun_s <= ?2 AND coalesce(o.state, 0) <> 2 "   \
      "LIMIT ?3")                                                                                  \
    X(MEMBER_UNTOLD, "SELECT m.campaign, m.device, m.op_id, m.begun_s FROM "                       \
                     "campaign_member m JOIN capf_op o ON o.device = m.device AND "                \
                     "o.id = m.op_id WHERE m.state = 1 AND m.tell_s BETWEEN 1 AND ?1 "             \
                     "AND (o.state = 1 OR o.state = 4 AND NOT " RF_SQL_PROVED_FAILURE ") "         \
                     "ORDER BY m.tell_s LIMIT ?2")                                                 \
    X(MEMBER_TOLD, "UPDATE campaign_member SET tell_s = ?4 WHERE campaign = ?1 AND "               \
                   "device = ?2 AND op_id = ?3 AND state = 1")                                     \
    X(CAPF_WITHDRAW, "UPDATE capf_op SET op = 0, state = 0, string_hash = '', reason "             \
                     "= '', changed_s = ?3 WHERE device = ?1 AND id = ?2 AND op <> 0")             \
    X(MEMBER_RENEW, "INSERT INTO campaign_member (campaign, device, state, turns, "                \
                    "failures, op_id, reason, last, string_hash, begun_s, tell_s, "                \
                    "ended_s, cert_before, cert_after) "                                           \
                    "SELECT ?1, d.name, 0, 0, 0, 0, '', '', '', 0, 0, 0, x'', x'' "                \
                    "FROM device_cert l JOIN device d ON d.name = l.device WHERE "                 \
                    "l.kind = 0 AND l.state = 1 AND l.not_after_s > ?2 AND " RF_SQL_LSC_DUE(       \
                        "?2") " "                                                                  \
                              "AND NOT EXISTS (SELECT 1 FROM cert_blocked b WHERE b.sha256 = "     \
                              "l.sha256) "                                                         \
                              "AND NOT EXISTS (SELECT 1 FROM device_trust t WHERE t.device = "     \
                              "d.name AND t.quarantined = 1) "                                     \
                              "AND NOT EXISTS (SELECT 1 FROM capf_op o WHERE o.device = d.name "   \
                              "AND o.op <> 0) "                                                    \
                              "AND NOT EXISTS (SELECT 1 FROM campaign_member m WHERE m.device "    \
                              "= d.name AND m.state IN (0, 1)) "                                   \
                              "AND NOT EXISTS (SELECT 1 FROM campaign_member m WHERE "             \
                              "m.campaign = ?1 AND m.device = d.name AND m.ended_s > ?3) "         \
                              "ORDER BY l.not_after_s LIMIT ?4 "                                   \
                              "ON CONFLICT (campaign, device) DO UPDATE SET state = 0, turns = "   \
                              "0, failures = 0, op_id = 0, reason = '', last = '', begun_s = "     \
                              "0, tell_s = 0, ended_s = 0, cert_before = x'', cert_after = x''")   \
    /* settings */                                                                                 \
    X(SETTING_FIND, "SELECT value FROM setting WHERE key = ?")                                     \
    X(SETTING_DROP, "DELETE FROM setting WHERE key = ?")                                           \
    X(SETTING_SAVE, "INSERT INTO setting (key, value) VALUES (?1, ?2) "                            \
                    "ON CONFLICT (key) DO UPDATE SET value = ?2")

enum rf_sql {
#define RF_SQL_ENUM(symbol, text) RF_SQL_##symbol,
    RF_SQL(RF_SQL_ENUM)
#undef RF_SQL_ENUM
        RF_SQL_N
};

#endif
