/* SPDX-License-Identifier: Apache-2.0 */
/* Every statement the store runs, by name. Prepared once, on first use. */
#ifndef STORE_STORE_SQL_H
#define STORE_STORE_SQL_H

#define RF_SQL_CAPF_COLS                                                                           \
    "id, device, op, asked, auth, string_hash, string_expires_s, tries_left, state, reason, "      \
    "key_type, key_bits, complete_by_s, created_uid, created_s, changed_s, "                       \
    "coalesce((SELECT b.rsa_bits FROM capf_backup b WHERE b.op_id = capf_op.id), 0)"
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
    ", coalesce((SELECT quarantined FROM device_trust WHERE device = device.name), 0)"
#define RF_SQL_CONFIG_COLS  "layer, name, path, value, secret, forced, changed_s"
#define RF_SQL_REFUSED_COLS "device, load, running, file, reason, how, text, first_s, last_s, count"

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
    X(EVENT_LIST, "SELECT id, time_s, uid, severity, category, code, device, call, text "          \
                  "FROM event WHERE id > ?1 AND time_s >= ?2 AND (?3 IS NULL OR device = ?3) "     \
                  "ORDER BY id DESC LIMIT ?4")                                                     \
    /* what operators did (uid 0 and above) goes by age alone */                                   \
    X(EVENT_TRIM, "DELETE FROM event WHERE time_s < ?1 OR (uid < 0 AND id <= "                     \
                  "coalesce((SELECT id FROM event WHERE uid < 0 ORDER BY id DESC "                 \
                  "LIMIT 1 OFFSET ?2), 0))")                                                       \
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
    X(LINE_LIST, "SELECT idx, dn, label, display_name, shared FROM line "                          \
                 "WHERE device = ? ORDER BY idx")                                                  \
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
    /* certificates */                                                                             \
    X(CERT_ADD, "INSERT INTO device_cert (device, kind, sha256, serial, subject, issuer, "         \
                "not_before_s, not_after_s, der, state, op_id, issued_s, confirmed_s, ended_s) "   \
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)")                               \
    X(CERT_FIND, "SELECT " RF_SQL_CERT_COLS " FROM device_cert WHERE sha256 = ?")                  \
    X(CERT_LIST, "SELECT " RF_SQL_CERT_COLS " FROM device_cert "                                   \
                 "WHERE ?1 IS NULL OR device = ?1 ORDER BY id")                                    \
    X(CERT_CONFIRM, "UPDATE device_cert SET state = 1, confirmed_s = ?2 WHERE id = ?1")            \
    X(CERT_SUPERSEDE, "UPDATE device_cert SET state = 2, ended_s = ?3 "                            \
                      "WHERE device = ?1 AND kind = 0 AND id < ?2 AND state IN (0, 1)")            \
    X(CERT_REVOKE, "UPDATE device_cert SET state = 3, ended_s = ?2 WHERE id = ?1")                 \
    X(CERT_REVOKE_LSCS, "UPDATE device_cert SET state = 3, ended_s = ?2 "                          \
                        "WHERE device = ?1 AND kind = 0 AND state IN (0, 1)")                      \
    /* proofs */                                                                                   \
    X(PROOF_FIND, "SELECT device, source, op_id, first_s, last_s, count FROM capf_proof "          \
                  "WHERE sha256 = ?")                                                              \
    X(PROOF_ADD, "INSERT INTO capf_proof (sha256, device, source, op_id, first_s, last_s, count) " \
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1)")                                             \
    X(PROOF_COUNT, "UPDATE capf_proof SET count = count + 1, last_s = ?2 WHERE sha256 = ?1")       \
    X(PROOF_FORGET, "DELETE FROM capf_proof WHERE last_s < ?1 OR device = ?2")                     \
    /* what devices hold, and the lists that were given out */                                     \
    X(HELD_FIND, "SELECT device, item, sha256, how, at_s, last_s, tries FROM device_held "         \
                 "WHERE device = ? AND item = ?")                                                  \
    X(HELD_SAVE, "INSERT INTO device_held (device, item, sha256, how, at_s, last_s, tries) "       \
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (device, item) DO UPDATE SET "   \
                 "sha256 = ?3, how = ?4, at_s = ?5, last_s = ?6, tries = ?7")                      \
    X(HELD_SETTLE, "UPDATE device_held SET tries = 0 WHERE device = ?")                            \
    X(HELD_FORGET, "DELETE FROM device_held WHERE device = ? AND item = ?")                        \
    X(HELD_LIST, "SELECT device, item, sha256, how, at_s, last_s, tries FROM device_held "         \
                 "WHERE ?1 IS NULL OR device = ?1 ORDER BY device, item")                          \
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
    X(FETCH_SAVE, "INSERT INTO device_fetch (device, item, name, generation, result, address, "    \
                  "at_s) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM device "    \
                  "WHERE device.name = ?1) ON CONFLICT (device, item) DO UPDATE SET name = ?3, "   \
                  "generation = ?4, result = ?5, address = ?6, at_s = ?7")                         \
    X(FETCH_LIST, "SELECT device, item, name, generation, result, address, at_s "                  \
                  "FROM device_fetch WHERE ?1 IS NULL OR device = ?1 ORDER BY device, item")       \
    /* certificates that TVS vouches for */                                                        \
    X(TVS_COUNT, "SELECT count(*) FROM tvs_cert WHERE sha256 <> ?")                                \
    X(TVS_SAVE, "INSERT INTO tvs_cert (sha256, roles, ttl_s, added_s, der) "                       \
                "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (sha256) DO UPDATE SET roles = ?2, "      \
                "ttl_s = ?3, added_s = ?4")                                                        \
    X(TVS_REMOVE, "DELETE FROM tvs_cert WHERE sha256 = ?")                                         \
    X(TVS_LIST,                                                                                    \
      "SELECT sha256, roles, ttl_s, added_s, der FROM tvs_cert ORDER BY added_s, sha256")          \
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
    /* settings */                                                                                 \
    X(SETTING_FIND, "SELECT value FROM setting WHERE key = ?")                                     \
    X(SETTING_SAVE, "INSERT INTO setting (key, value) VALUES (?1, ?2) "                            \
                    "ON CONFLICT (key) DO UPDATE SET value = ?2")

enum rf_sql {
#define RF_SQL_ENUM(symbol, text) RF_SQL_##symbol,
    RF_SQL(RF_SQL_ENUM)
#undef RF_SQL_ENUM
        RF_SQL_N
};

#endif
