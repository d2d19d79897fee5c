// The replicated engine's SQL. $1 is the service.
#ifndef ENTENTE_SERVICES_CORE_JOURNAL_POSTGRES_STATEMENTS_H_
#define ENTENTE_SERVICES_CORE_JOURNAL_POSTGRES_STATEMENTS_H_

namespace entente::journal::postgres {

// Made once per database, under a lock: two services may start at once. `chain` of a record is
// ChainDigest of journal.h.
inline constexpr const char* kSchema = R"sql(
BEGIN;
SELECT pg_advisory_xact_lock(7310573);
CREATE TABLE IF NOT EXISTS entente_journal (service text PRIMARY KEY, format bigint NOT NULL);
CREATE TABLE IF NOT EXISTS entente_record (
  service text NOT NULL REFERENCES entente_journal, position bigint NOT NULL CHECK (position >= 0),
  kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 3), header bytea NOT NULL, body bytea NOT NULL,
  chain bytea NOT NULL CHECK (octet_length(chain) = 32),
  erased bytea CHECK (octet_length(erased) = 48), PRIMARY KEY (service, position));
CREATE OR REPLACE FUNCTION entente_refuse() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$;
CREATE OR REPLACE TRIGGER record_is_never_deleted BEFORE DELETE ON entente_record
  FOR EACH ROW EXECUTE FUNCTION entente_refuse();
CREATE OR REPLACE TRIGGER record_is_erased_at_most BEFORE UPDATE ON entente_record
  FOR EACH ROW WHEN (NOT (OLD.erased IS NULL AND NEW.erased IS NOT NULL AND OLD.kind = 1 AND
    (NEW.service, NEW.position, NEW.kind, NEW.header, NEW.chain) =
    (OLD.service, OLD.position, OLD.kind, OLD.header, OLD.chain)))
  EXECUTE FUNCTION entente_refuse();
CREATE OR REPLACE TRIGGER record_is_never_emptied BEFORE TRUNCATE ON entente_record
  FOR EACH STATEMENT EXECUTE FUNCTION entente_refuse();
CREATE OR REPLACE TRIGGER journal_is_never_changed BEFORE UPDATE OR DELETE ON entente_journal
  FOR EACH ROW EXECUTE FUNCTION entente_refuse();
COMMIT;
)sql";

// Nothing is inserted unless $2 is the head, and the record before it the one that the writer
// knows; two writers that both see that meet at the primary key, and one of them learns that the
// other was first.
inline constexpr const char* kAppend = R"sql(
WITH head AS (
  SELECT coalesce(max(position) + 1, 0) AS size,
    coalesce((SELECT chain FROM entente_record WHERE service = $1 AND position = $2::bigint - 1),
             decode(repeat('00', 32), 'hex')) AS chain
  FROM entente_record WHERE service = $1),
added AS (
  INSERT INTO entente_record (service, position, kind, header, body, chain, erased)
  SELECT $1, $2::bigint + r.ordinality - 1, r.kind, r.header, r.body, r.chain,
    nullif(r.erased, ''::bytea)
  FROM head, unnest($3::smallint[], $4::bytea[], $5::bytea[], $6::bytea[], $9::bytea[])
    WITH ORDINALITY AS r (kind, header, body, chain, erased, ordinality)
  WHERE head.size = $2::bigint AND head.chain = $8::bytea
  RETURNING position)
SELECT count(*), pg_notify($7, '')::text FROM added)sql";

// The record before gives the chain to check against.
inline constexpr const char* kRead = R"sql(
SELECT position, kind, header, body, chain, erased FROM (
  SELECT *, sum(octet_length(header) + octet_length(body)) FILTER (WHERE position >= $2::bigint)
    OVER (ORDER BY position) - octet_length(header) - octet_length(body) AS before
  FROM entente_record
  WHERE service = $1 AND position >= $2::bigint - 1
    AND position < least($3::bigint, $2::bigint + 4096)) AS r
WHERE position <= $2::bigint OR before < $4::bigint
ORDER BY position)sql";

// The positions asked for, in their order, each with the chain before it.
inline constexpr const char* kReadAt = R"sql(
SELECT n, kind, header, body, chain, erased, chain_before FROM (
  SELECT asked.n, r.*, b.chain AS chain_before,
    sum(octet_length(r.header) + octet_length(r.body)) OVER (ORDER BY asked.n)
      - octet_length(r.header) - octet_length(r.body) AS before
  FROM unnest($2::int8[]) WITH ORDINALITY AS asked(position, n)
  JOIN entente_record AS r ON r.service = $1 AND r.position = asked.position
  LEFT JOIN entente_record AS b ON b.service = $1 AND b.position = asked.position - 1) AS found
WHERE n = 1 OR before < $3::bigint
ORDER BY n)sql";

inline constexpr const char* kErase = R"sql(
UPDATE entente_record SET body = $3::bytea, erased = sha256(body) || int8send($4::bigint) ||
  int8send(octet_length(body))
WHERE service = $1 AND position = $2::bigint AND kind = 1 AND erased IS NULL)sql";
inline constexpr const char* kIsDocument = R"sql(SELECT 1::bigint FROM entente_record
WHERE service = $1 AND position = $2::bigint AND kind = 1)sql";

// A standby may be behind, which proves nothing.
inline constexpr const char* kHead = R"sql(
SELECT pg_is_in_recovery(), r.size, r.chain FROM (SELECT 1) AS one LEFT JOIN (
  SELECT position + 1 AS size, chain FROM entente_record WHERE service = $1
  ORDER BY position DESC LIMIT 1) AS r ON true)sql";
inline constexpr const char* kChain = R"sql(
SELECT chain FROM entente_record WHERE service = $1 AND position = $2::bigint)sql";

}  // namespace entente::journal::postgres

#endif  // ENTENTE_SERVICES_CORE_JOURNAL_POSTGRES_STATEMENTS_H_
