# An operator's days: backups while writing, a restore, a restore too far back, status, doctor, audit, TLS.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime leem
metrics=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf 'metrics_listen: "127.0.0.1:%s"\naudit_file: "audit.log"\n' "$metrics" >> "$work/server.textproto"
start_suite || fail "the suite does not start"
keys=(--directory "$work/pki/directory.textproto" --directory-key "$work/pki/directory.pub")
many() { # from to
  for i in $(seq "$1" "$2"); do denial "$i" > "$work/d$i.json"; done
  as jp denial notify $(seq -f "$work/d%.0f.json" "$1" "$2") >/dev/null
}

step "a backup while it is written verifies before it counts"
many 1 20
as kr follow leem --save "$work/kr" --until-current >/dev/null 2>&1
many 21 60 & writer=$!
entente-admin backup "$work/leem.db" "$work/first.db" "${keys[@]}" | grep -q '^ok' || fail "no backup"
wait "$writer"
refused "is there already" entente-admin backup "$work/leem.db" "$work/first.db" "${keys[@]}" || fail "a backup was overwritten"
entente-admin backup "$work/leem.db" "$work/typo.db" --group iem "${keys[@]}" 2> "$work/error" && fail "another group's backup"
[ $? -ne 3 ] && grep -q 'is the journal of mtcr.example/leem, not of mtcr.example/iem' "$work/error" || fail "a typing error is a disaster: $(cat "$work/error")"
[ -z "$(ls "$work" | grep partial)" ] || fail "a backup leaves $(ls "$work" | grep partial)"
if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ]; then
  rm -f "$work/leem.db.backup"
  memory=$(mktemp -d -p /dev/shm)
  entente-admin backup "$work/leem.db" "$memory/copy.db" "${keys[@]}" > "$work/error" 2>&1
  rm -rf "$memory"
  grep -q 'is in memory' "$work/error" && [ ! -e "$work/leem.db.backup" ] || fail "a copy in memory counts"
  entente-admin backup "$work/leem.db" "$work/counts.db" "${keys[@]}" >/dev/null 2>&1 && [ -e "$work/leem.db.backup" ] || fail "a copy on the disk does not count"
fi
entente-admin fsck "$work/first.db" "${keys[@]}" | grep -q '^ok' || fail "the backup does not verify"
await() { for _ in $(seq 400); do "$@" && return 0; sleep 0.1; done; return 1; }

step "status for a person in a hurry, and for a health check"
# Its first look at itself is a second after the start.
await eval 'entente status --metrics "127.0.0.1:$metrics" > "$work/status" 2>/dev/null' || fail "status: $(cat "$work/status")"
grep -qE '^leem +yes +[0-9]' "$work/status" || fail "status says nothing of leem"
entente status --metrics "127.0.0.1:$metrics" --quiet || fail "not well"
refused "nothing answers" entente status --metrics 127.0.0.1:1 || fail "a dead service is well"

entente-admin fsck "$work/leem.db" "${keys[@]}" >/dev/null || fail "fsck beside the service"
await eval 'entente status --metrics "127.0.0.1:$metrics" | grep "^leem" | grep -q "h ago.*h ago"' || fail "status shows no backup or no check"

step "what is written is for its owner only"
others=$(find "$work" -maxdepth 1 \( -name 'leem.db*' ! -name 'leem.db.[bv]*' -o -name first.db -o -name audit.log \) -perm /077; find "$work/kr" -perm /077)
[ -z "$others" ] || fail "others can read: $others"
[ "$(ls "$work"/leem.db* | wc -l)" -ge 4 ] && [ -e "$work/kr/all/0000000000.entry" ] || fail "that looked at nothing"

step "the audit names who did what by digests, and survives being moved away"
digest=$(sed -n 's/.*"method":"[^"]*Submit","caller":"partners.jp[^"]*","code":"OK".*"sha256":"\([0-9a-f]\{64\}\)".*/\1/p' "$work/audit.log" | head -1)
[ -n "$digest" ] || fail "no submission in the audit"
grep -q "Sample\|Penguin" "$work/audit.log" && fail "the audit holds contents"
grep -q '"code":"OK".*"document":"partners/jp/denials/7","given":"all:6-6"' "$work/audit.log" || fail "the audit does not say what was submitted: $(grep Submit "$work/audit.log" | sed -n 7p)"
lines=$(wc -l < "$work/audit.log")
mv "$work/audit.log" "$work/audit.1"
as jp denial list >/dev/null
await test -e "$work/audit.log" || fail "not opened again"
as jp denial list >/dev/null
await test "$(cat "$work/audit.1" "$work/audit.log" | wc -l)" -ge $((lines + 2)) || fail "lines were lost"

step "--check opens what serving would, and says which will not do"
check() { sed "$1" "$work/server.textproto" > "$work/checked.textproto"; entente-suite --config "$work/checked.textproto" --check; }
check '' | grep -q '^ok' || fail "a good configuration is refused"
refused 'leem.client.crt' check 's,services/leem.crt,services/leem.client.crt,' || fail "serves with a client's certificate"
refused 'leem.log.kez' check 's/leem.log.key/leem.log.kez/' || fail "a missing log key"
refused 'is not the key of' check 's,tls_key_file: "pki/services/leem.key",tls_key_file: "pki/services/leem.client.key",' || fail "another's key"
refused 'metrics_listen' check 's/metrics_listen: .*/metrics_listen: "nonsense"/' || fail "metrics nowhere"
refused 'audit_file: cannot write' check 's,audit_file: .*,audit_file: "no/such/audit.log",' || fail "an audit nowhere"
refused 'limits.queue_max' check '$ a limits { queue_max: -5 }' || fail "a negative limit"
chmod 644 "$work/pki/services/leem.log.key"
check '' | grep -q 'note .*leem.log.key can be read by every user' || fail "a key for everybody"
chmod 600 "$work/pki/services/leem.log.key"

step "a caller can quote a request"
as jp denial get partners/jp/denials/none 2> "$work/error" && fail "there is none"
id=$(sed -n 's/.*request \([0-9a-f]*\);.*/\1/p' "$work/error")
grep -q "\"request\":\"$id\"" "$work/suite.log" || fail "request $id is not in the log"

step "nothing below TLS 1.3"
talk() { openssl s_client -connect "127.0.0.1:$port" -alpn h2 -cert "$work/pki/agencies/jp/licensing/tls.crt" \
  -key "$work/pki/agencies/jp/licensing/tls.key" "$@" </dev/null 2>&1; }
talk -tls1_3 | grep -q 'Protocol *: TLSv1.3\|New, TLSv1.3' || fail "no TLS 1.3: $(talk -tls1_3 | tail -5)"
for old in -tls1_2 -tls1_1 -tls1; do talk $old | grep -q 'New, TLSv1' && fail "a handshake with $old"; done

step "the doctor: what is wrong, in the words of the profile"
entente pki doctor "${keys[@]}" "$work/pki/agencies/jp/licensing/tls.crt" "$work/pki/services/leem.crt" \
  "$work/pki/services/leem.client.crt" "$work/pki/agencies/jp/licensing/officers/officer-1.crt" | grep -q BAD && fail "good certificates are called bad"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/x.key" -out "$work/x.crt" \
  -subj /CN=x -days 1 -addext "subjectAltName=URI:spiffe://jp.mtcr.example/agencies/licensing" 2>/dev/null
refused BAD entente pki doctor "${keys[@]}" "$work/x.crt" || fail "a stranger's certificate is fit"
entente pki revoke "$work/pki" --state kr --agency licensing >/dev/null
refused 'revoked' entente pki doctor "${keys[@]}" "$work/pki/agencies/kr/licensing/tls.crt" || fail "a revoked agency is fit"

step "a probe asks as callers do: a port that accepts tells nothing"
# At the port that it took; the configuration says any.
probe() {
  sed "s/listen: \"127.0.0.1:0\"/listen: \"127.0.0.1:$port\"/" "$work/server.textproto" > "$work/probe.textproto"
  entente-suite --config "$work/probe.textproto" --probe "$1"
}
probe live && probe ready || fail "it serves, and the probe does not see it"
kill -STOP "$suite_pid"
timeout 3 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" || fail "the port does not even accept"
probe live 2> "$work/probe" && fail "a process that hangs is not alive"
kill -CONT "$suite_pid"
probe ready || fail "it is not ready again"
grep -v client_ "$work/probe.textproto" > "$work/bare.textproto"
refused client_certificate_file entente-suite --config "$work/bare.textproto" --probe live || fail "it does not say what a probe needs"

step "restored to an older state, it refuses to start: it knows what it has signed"
stop_suite TERM
cp "$work/leem.db" "$work/newest.db"
rm -f "$work"/leem.db "$work"/leem.db-*
cp "$work/first.db" "$work/leem.db"
start_suite && fail "it serves an older state under the same name"
grep -q JOURNAL_ROLLED_BACK "$work/suite.log" || fail "it does not say why"
stop_suite TERM

step "where even that is lost, a follower shows it, and it stops"
rm -f "$work/leem.db.heads"
as nz verify "$work/kr" >/dev/null || true
start_suite || fail "no start"
as nz follow leem --save "$work/nz" --until-current >/dev/null 2>&1 || fail "nz does not follow the older state"
stop_suite TERM
mkdir "$work/empty"
rm -f "$work"/leem.db "$work"/leem.db-* "$work/leem.db.heads"
start_suite || fail "no start with an empty journal"
refused JOURNAL_ROLLED_BACK as nz follow leem --save "$work/nz" --until-current || fail "nz is served another history"
refused JOURNAL_ROLLED_BACK as jp denial list || fail "it goes on"
as jp denial list 2>&1 | grep -qE 'ledger|[0-9]+ entries' && fail "a caller learns of ledgers and their sizes"
probe live || fail "it answers, if only that it does not serve"
probe ready 2>/dev/null && fail "a service that refuses every call is no ready one"
stop_suite KILL
start_suite && fail "it forgot what it was shown"
stop_suite KILL

step "the newest backup brings it back"
rm -f "$work"/leem.db "$work"/leem.db-*
cp "$work/newest.db" "$work/leem.db"
start_suite || fail "no start: $(tail -2 "$work/suite.log")"
as nz follow leem --save "$work/nz" --until-current >/dev/null 2>&1 || fail "nz cannot go on"
as nz verify "$work/nz" | grep -q '^ok' || fail "verify"
