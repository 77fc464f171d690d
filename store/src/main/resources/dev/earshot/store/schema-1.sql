-- Version 1 of the capture file; docs/capture.md explains it.
-- Points in time are microseconds since 1970-01-01 UTC, durations microseconds, sizes bytes.
-- NULL means: not known, not there, or not yet.

CREATE TABLE session (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  id TEXT NOT NULL,
  version TEXT NOT NULL,             -- of Earshot
  command TEXT NOT NULL,             -- a JSON array of strings
  cwd TEXT NOT NULL,
  masked INTEGER NOT NULL,           -- 1: secrets were masked before they were written
  body_limit INTEGER NOT NULL,       -- kept of each body at most
  started INTEGER NOT NULL,
  proxy TEXT NOT NULL,               -- where the proxy listened
  folder TEXT NOT NULL,              -- the session's own folder, which is there while it lives
  pid INTEGER NOT NULL,              -- of Earshot
  pid_started INTEGER NOT NULL,      -- start of that process, in clock ticks since the boot
  ended INTEGER,                     -- NULL: it lives, or it crashed
  cause TEXT,                        -- why it stopped, as in session.stopped
  signal INTEGER,                    -- the signal that stopped it
  exit_code INTEGER,                 -- as a shell saw it
  failure TEXT,                      -- why Earshot or its proxy failed
  exchanges INTEGER,                 -- rows of the table exchange at the end
  failed INTEGER,                    -- those with an error
  bodies_given_up INTEGER            -- bodies that the disk could not keep up with
) STRICT;

CREATE TABLE run (
  number INTEGER PRIMARY KEY,        -- from 1
  argv TEXT NOT NULL,                -- a JSON array of strings
  started INTEGER NOT NULL,
  pid INTEGER,
  ended INTEGER,                     -- of the command itself
  reason TEXT,                       -- as in process.exited
  exit_code INTEGER,
  signal INTEGER,
  core_dumped INTEGER,
  requested INTEGER,                 -- 1: it was asked to stop
  user_time INTEGER,
  system_time INTEGER,
  max_rss_kib INTEGER,
  error TEXT,
  killed TEXT,                       -- a JSON array of pids of its tree that had to be killed
  survivors TEXT                     -- a JSON array of pids of its tree that lived on
) STRICT;

-- Small tables of what repeats.
CREATE TABLE host (
  id INTEGER PRIMARY KEY,
  origin TEXT NOT NULL,              -- how its URLs begin, such as https://api.example.com
  name TEXT NOT NULL,                -- with the port where it is not the scheme's own
  UNIQUE (origin, name)
) STRICT;

CREATE TABLE type (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE          -- media type in lower case, without parameters
) STRICT;

CREATE TABLE process (
  id INTEGER PRIMARY KEY,
  pid INTEGER,
  name TEXT,
  owned INTEGER NOT NULL             -- 1: of the session's process tree
) STRICT;
CREATE INDEX process_pid ON process (pid);

-- Exchanges and tunnels: what filters ask, and no more. The URL is host.origin || path.
CREATE TABLE exchange (
  id INTEGER PRIMARY KEY,            -- in the order of starts, from 1
  changed INTEGER NOT NULL,          -- numbers the changes of all rows: the row's last
  flags INTEGER NOT NULL,            -- 1 tunnel, 2 websocket, 4 sse, 8 grpc, 16 replayed,
                                     -- 32 marked, 64 truncated, 128 unowned
  status INTEGER,
  duration INTEGER,                  -- NULL: pending
  started INTEGER NOT NULL,
  host INTEGER NOT NULL REFERENCES host,
  type INTEGER REFERENCES type,      -- of the response
  process INTEGER REFERENCES process,
  run INTEGER NOT NULL,
  http INTEGER NOT NULL,             -- the client's version: 10, 11, 20
  method TEXT NOT NULL,              -- CONNECT for a tunnel
  path TEXT NOT NULL,                -- with the query
  error TEXT,                        -- as in exchange.failed
  request_bytes INTEGER NOT NULL,    -- of the bodies, on the wire; of a tunnel: up, down
  response_bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX exchange_changed ON exchange (changed);
CREATE INDEX exchange_host ON exchange (host);
CREATE INDEX exchange_status ON exchange (status);
CREATE INDEX exchange_flags ON exchange (flags) WHERE flags <> 0;
CREATE INDEX exchange_pending ON exchange (id) WHERE duration IS NULL;
CREATE INDEX exchange_failed ON exchange (id) WHERE error IS NOT NULL;

-- The rest of an exchange. Heads are bytes as on the wire: CAST (request AS TEXT).
CREATE TABLE head (
  exchange INTEGER PRIMARY KEY REFERENCES exchange,
  connection INTEGER NOT NULL,
  reused INTEGER NOT NULL,           -- 1: the connection had carried an exchange before
  request BLOB NOT NULL,             -- start line and headers, each ended by CR LF
  response BLOB,
  trailers BLOB,
  remote TEXT,                       -- address and port of the upstream
  response_after INTEGER,            -- from the start to the response's head
  request_body INTEGER REFERENCES body,
  request_kept INTEGER NOT NULL,     -- bytes that are here; fewer than there were: see the gap
  request_gap TEXT,                  -- truncated, given_up, masked
  response_body INTEGER REFERENCES body,
  response_kept INTEGER NOT NULL,
  response_gap TEXT,
  response_decoded INTEGER,          -- bytes without the content coding
  blocked INTEGER,                   -- these seven as the timings in exchange.finished
  dns INTEGER,
  connect INTEGER,
  tls INTEGER,
  send INTEGER,
  wait INTEGER,
  receive INTEGER,
  tunnel TEXT,                       -- why it is one
  detail TEXT                        -- of a failure
) STRICT;

-- A body as it was on the wire; many exchanges may share one. The bytes are in data, or, when data
-- is NULL, in the pieces, in the order of their numbers.
CREATE TABLE body (
  id INTEGER PRIMARY KEY,
  codec INTEGER NOT NULL,            -- how data is stored: 0 as it is, 1 zlib (RFC 1950)
  bytes INTEGER NOT NULL,            -- in data, once unpacked
  data BLOB
) STRICT;

CREATE TABLE piece (
  body INTEGER NOT NULL REFERENCES body,
  number INTEGER NOT NULL,           -- from 1
  codec INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (body, number)
) STRICT;

CREATE TABLE message (
  id INTEGER PRIMARY KEY,            -- in the order in which they passed
  exchange INTEGER NOT NULL REFERENCES exchange,
  at INTEGER NOT NULL,
  direction INTEGER NOT NULL,        -- 0 up: client to upstream, 1 down
  kind TEXT NOT NULL,                -- ws.text, ws.binary, ws.close, sse, grpc
  bytes INTEGER NOT NULL,            -- decompressed
  truncated INTEGER NOT NULL,        -- 1: the text was cut
  text TEXT
) STRICT;
CREATE INDEX message_exchange ON message (exchange);

-- What else the session told.
CREATE TABLE notice (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  run INTEGER,
  kind TEXT NOT NULL,                -- warning, fatal, refused, bypass, signal, restart, stopping
  code TEXT NOT NULL,                -- which one: a warning's code, a refusal's error, ...
  text TEXT NOT NULL,
  hint TEXT,
  connection INTEGER,
  pid INTEGER
) STRICT;

-- For people with sqlite3.
CREATE VIEW calls AS
SELECT e.id,
  strftime('%Y-%m-%d %H:%M:%f', e.started / 1000000.0, 'unixepoch') AS time,
  e.run, e.method, h.origin || e.path AS url, e.status,
  e.duration / 1000.0 AS ms, e.request_bytes, e.response_bytes, t.name AS type,
  p.name AS process, p.pid, e.error,
  CASE WHEN e.duration IS NULL THEN 'pending' WHEN e.error IS NOT NULL THEN 'failed' ELSE 'finished'
  END AS state
FROM exchange e
JOIN host h ON h.id = e.host
LEFT JOIN type t ON t.id = e.type
LEFT JOIN process p ON p.id = e.process;

CREATE VIEW headers AS
SELECT h.exchange, 'request' AS side, l.key AS number,
  substr(l.value, 1, instr(substr(l.value, 2), ':')) AS name,
  substr(l.value, instr(substr(l.value, 2), ':') + 3) AS value
FROM head h,
  json_each('[' || replace(json_quote(CAST (h.request AS TEXT)), '\r\n', '","') || ']') l
WHERE l.key > 0 AND l.value <> ''
UNION ALL
SELECT h.exchange, 'response', l.key,
  substr(l.value, 1, instr(substr(l.value, 2), ':')),
  substr(l.value, instr(substr(l.value, 2), ':') + 3)
FROM head h,
  json_each('[' || replace(json_quote(CAST (h.response AS TEXT)), '\r\n', '","') || ']') l
WHERE h.response IS NOT NULL AND l.key > 0 AND l.value <> ''
UNION ALL
SELECT h.exchange, 'trailer', l.key + 1,
  substr(l.value, 1, instr(substr(l.value, 2), ':')),
  substr(l.value, instr(substr(l.value, 2), ':') + 3)
FROM head h,
  json_each('[' || replace(json_quote(CAST (h.trailers AS TEXT)), '\r\n', '","') || ']') l
WHERE h.trailers IS NOT NULL AND l.value <> '';

CREATE VIEW messages AS
SELECT m.exchange, strftime('%Y-%m-%d %H:%M:%f', m.at / 1000000.0, 'unixepoch') AS time,
  CASE m.direction WHEN 0 THEN 'up' ELSE 'down' END AS direction,
  m.kind, m.bytes, m.truncated, m.text
FROM message m;

CREATE VIEW errors AS
SELECT c.id, c.time, c.method, c.url, c.status, coalesce(c.error, 'status') AS error, h.detail
FROM calls c
JOIN head h ON h.exchange = c.id
WHERE c.error IS NOT NULL OR c.status >= 400;

CREATE VIEW slow AS
SELECT c.id, c.ms, c.method, c.url, c.status, h.dns / 1000.0 AS dns_ms,
  h.connect / 1000.0 AS connect_ms, h.tls / 1000.0 AS tls_ms, h.wait / 1000.0 AS wait_ms,
  h.receive / 1000.0 AS receive_ms
FROM calls c
JOIN head h ON h.exchange = c.id
WHERE c.ms IS NOT NULL
ORDER BY c.ms DESC;
