"""The tables of relay.db: what is public of pads, and what is sealed. Nothing says who, from where or when.

The first is format 1; the others are added to data that was made without them.
"""

from __future__ import annotations

from typing import Final

from cryptpad_relay.store.ageing import AGEING_TABLES
from cryptpad_relay.store.files.sqlite import FILE_TABLES
from cryptpad_relay.store.logins.sqlite import LOGIN_TABLE
from cryptpad_relay.store.mail.sqlite import MAIL_TABLES

SCHEMA: Final = """
CREATE TABLE pad (number INTEGER PRIMARY KEY, pad_id BLOB NOT NULL UNIQUE, genesis BLOB NOT NULL) STRICT;
CREATE TABLE entry (
  place INTEGER PRIMARY KEY,     -- pad number << 36 | n
  entry_id BLOB NOT NULL,
  head BLOB NOT NULL,
  writer INTEGER NOT NULL,       -- the place of its writer's HELLO
  seq INTEGER NOT NULL,
  base_n INTEGER NOT NULL,
  id_key INTEGER NOT NULL,       -- pad number << 36 | 36 bits of entry_id: finds an entry by its id
  raw BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX entry_sequence ON entry (writer, seq);
CREATE INDEX entry_by_id ON entry (id_key);
CREATE TABLE writer (
  hello INTEGER PRIMARY KEY,     -- the place of its HELLO
  pad INTEGER NOT NULL,
  writer_pk BLOB NOT NULL,
  client_id INTEGER NOT NULL,
  cert BLOB NOT NULL,
  hello_id BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX writer_by_key ON writer (pad, writer_pk);
CREATE UNIQUE INDEX writer_by_client ON writer (pad, client_id);
CREATE TABLE snapshot (place INTEGER PRIMARY KEY, snap_n INTEGER NOT NULL, hello_n INTEGER NOT NULL) STRICT;
CREATE TABLE chunk (
  key INTEGER PRIMARY KEY,
  pad INTEGER NOT NULL,
  chunk_id BLOB NOT NULL,
  named INTEGER NOT NULL,        -- 1 once a SNAPSHOT names it, 2 where only files do
  put_day INTEGER NOT NULL,      -- days since 1970
  size INTEGER NOT NULL,
  data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX chunk_by_id ON chunk (pad, chunk_id);
CREATE INDEX chunk_loose ON chunk (pad, size) WHERE named = 0;
"""
ADDED: Final = (
    """
CREATE TABLE IF NOT EXISTS record (place INTEGER PRIMARY KEY) STRICT;  -- owner records among the entries
CREATE TABLE IF NOT EXISTS record_kind (  -- the same by their kinds: the newest of one is a point read
  pad INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (pad, kind, place)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO record_kind (pad, kind, place)
  SELECT place >> 36, CAST(hex(substr(raw, 5, 1)) AS INTEGER), place FROM record JOIN entry USING (place)
  WHERE (SELECT count(*) FROM record) != (SELECT count(*) FROM record_kind);
CREATE TABLE IF NOT EXISTS expiring (pad INTEGER PRIMARY KEY) STRICT;  -- pads whose owner named a day
CREATE TABLE IF NOT EXISTS loss (
  pad INTEGER PRIMARY KEY,
  n INTEGER NOT NULL,            -- how far the log went before it was restored from a backup
  since_ms INTEGER NOT NULL      -- when that came out
) STRICT;
CREATE TABLE IF NOT EXISTS lost_chunk (
  place INTEGER NOT NULL,        -- of the SNAPSHOT that names it
  pad INTEGER NOT NULL,
  chunk_id BLOB NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (place, chunk_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS lost_chunk_by_id ON lost_chunk (pad, chunk_id);
"""
    + AGEING_TABLES
    + FILE_TABLES
    + LOGIN_TABLE
    + MAIL_TABLES
)
"""Missing in data of before they came into use."""
EPOCH_NUMBER: Final = "SELECT count(*) FROM record_kind WHERE pad = ? AND kind = ?"
EPOCH_PLACE: Final = (
    "SELECT place FROM record_kind WHERE pad = ? AND kind = ? ORDER BY place LIMIT 1 OFFSET ?"
)
NEWEST_PLACE: Final = "SELECT max(place) FROM record_kind WHERE pad = ? AND kind = ?"
WHOLE_SNAPSHOT: Final = """
SELECT place, snap_n, hello_n FROM snapshot AS s WHERE place BETWEEN ? AND ? AND NOT EXISTS (
  SELECT 1 FROM lost_chunk AS l WHERE l.place = s.place AND NOT EXISTS (
    SELECT 1 FROM chunk AS c WHERE c.pad = l.pad AND c.chunk_id = l.chunk_id AND c.size = l.size
)) ORDER BY place DESC LIMIT 1"""
INSERT_CHUNK: Final = """
INSERT OR IGNORE INTO chunk (pad, chunk_id, named, put_day, size, data)
VALUES (?1, ?2, CASE WHEN EXISTS (SELECT 1 FROM lost_chunk WHERE pad = ?1 AND chunk_id = ?2) THEN 1
  WHEN EXISTS (SELECT 1 FROM file_chunk WHERE pad = ?1 AND chunk_id = ?2 AND size = ?4) THEN 2
  ELSE 0 END, ?3, ?4, ?5)"""
WRITER: Final = """
SELECT w.writer_pk, w.cert, w.hello_id, w.hello, e.seq, e.entry_id, e.place, e.base_n
FROM writer AS w JOIN entry AS e ON e.place = (
  SELECT place FROM entry WHERE writer = w.hello ORDER BY seq DESC LIMIT 1
) WHERE w.pad = ? AND w.writer_pk = ?"""
WRITERS: Final = """
SELECT w.writer_pk, w.cert, w.hello_id, w.hello, e.seq, e.entry_id, e.place, e.base_n
FROM writer AS w JOIN entry AS e ON e.place = (
  SELECT place FROM entry WHERE writer = w.hello AND place <= ? ORDER BY seq DESC LIMIT 1
) WHERE w.pad = ? AND w.hello <= ? AND w.hello > ? ORDER BY w.writer_pk"""
"""Positions grow with the sequence: the entry asked for is the writer's last, or few before it."""
