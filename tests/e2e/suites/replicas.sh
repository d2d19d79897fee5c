# Two LEEM services share one journal in PostgreSQL: both take documents at once, one is killed, the database is killed,
# readers go from one to the other, and a database that went back is refused.
source "$(dirname "$0")/../lib.sh" "$1"
programs=/usr/lib/postgresql/15/bin
[ -x $programs/initdb ] || { echo "PostgreSQL is not installed: skipped"; exit 77; }
make_regime leem
chmod 755 "$work"
mkdir "$work/pg"
run_as() { "$@"; }
if [ "$(id -u)" -eq 0 ]; then chown postgres "$work/pg"; run_as() { runuser -u postgres -- "$@"; }; fi
database() { run_as $programs/pg_ctl -D "$work/pg/data" -w -s -l "$work/pg/log" -o "-c listen_addresses= -k $work/pg" "$@" >/dev/null 2>&1; }
sql() { psql -qAt -h "$work/pg" -U entente -d postgres -c "$1"; }
trap 'code=$?; set +e; database stop -m immediate; kill -KILL $(jobs -p) 2>/dev/null; (exit $code); finish' EXIT
run_as $programs/initdb -D "$work/pg/data" -U entente -A trust -N >/dev/null
database start || fail "PostgreSQL does not start: $(tail -3 "$work/pg/log")"
sql "CREATE DATABASE regime"
echo "host=$work/pg dbname=regime user=entente" > "$work/postgres"
keys=(--directory "$work/pki/directory.textproto" --directory-key "$work/pki/directory.pub")

declare -A pids ports
replica() { # name: starts it, and learns its port
  : > "$work/$1.log"
  sed "s/database_file: \"leem.db\"/database_file: \"$1.db\" postgres_file: \"postgres\"/" "$work/server.textproto" > "$work/$1.textproto"
  entente-leem --config "$work/$1.textproto" >>"$work/$1.log" 2>&1 & pids[$1]=$!
  for _ in $(seq 600); do
    ports[$1]=$(sed -n 's/.*"message":"serving","group":"leem","port":"\([0-9]*\)".*/\1/p' "$work/$1.log")
    [ -n "${ports[$1]}" ] && break
    kill -0 "${pids[$1]}" 2>/dev/null || return 1
    sleep 0.05
  done
  for state in au jp kr nz; do
    sed "s/\(\"leem\" address: \"127.0.0.1:\)[0-9]*/\1${ports[$1]}/" "$work/pki/agencies/$state/licensing/client.textproto" \
      > "$work/pki/agencies/$state/licensing/$1.textproto"
  done
}
at() { local name=$1 state=$2; shift 2; ENTENTE_CONFIG=$work/pki/agencies/$state/licensing/$name.textproto entente "$@"; }
many() { # replica state first last
  for i in $(seq "$3" "$4"); do
    denial "$i" > "$work/$2$i.json"
    kill -0 "${pids[$1]}" 2>/dev/null || break  # nobody waits for what is dead
    at "$1" "$2" denial notify "$work/$2$i.json" >/dev/null 2>&1 && echo "partners/$2/denials/$i" >> "$work/acknowledged.$2" || true
  done
}
nothing_lost() { # replica
  at "$1" kr denial list --json | grep -o 'partners/[a-z]*/denials/[0-9]*' | sort -u > "$work/listed"
  sort -u "$work"/acknowledged.* | comm -23 - "$work/listed" > "$work/lost"
  [ ! -s "$work/lost" ] || fail "acknowledged and lost: $(head -3 "$work/lost")"
}

step "two replicas take documents at once, and both know all of them"
replica a && replica b || fail "no start: $(tail -2 "$work"/?.log)"
many a jp 1 20 & first=$!
many b au 1 20 & second=$!
wait $first $second
[ "$(sort -u "$work"/acknowledged.* | wc -l)" -eq 40 ] || fail "not everything was acknowledged"
nothing_lost a
nothing_lost b

step "a reader goes from one to the other, ahead of what either has seen by itself"
for i in 31 32 33 34 35 36; do
  denial "$i" > "$work/d.json"
  at a jp denial notify "$work/d.json" >/dev/null || fail "a refuses"
  at a kr follow leem --save "$work/kr" --until-current >/dev/null 2>&1 || fail "kr cannot follow a"
  at b kr follow leem --save "$work/kr" --until-current > "$work/out" 2>&1 || fail "b does not know what kr has from a: $(cat "$work/out")"
done
at b kr verify "$work/kr" | grep -q '^ok' || fail "what came from two replicas does not verify"

step "one is killed under load; the other goes on"
many a jp 100 130 & first=$!
many b au 100 130 & second=$!
sleep 0.5
kill -KILL "${pids[b]}"
wait $first $second
nothing_lost a
[ "$(grep -c . "$work/acknowledged.jp")" -ge 51 ] || fail "the other did not go on"

step "the database is killed under load; nothing that was acknowledged is lost, and the service goes on by itself"
many a jp 200 230 & first=$!
sleep 0.3
database stop -m immediate
sleep 0.5
database start || fail "the database does not come back"
wait $first
await() { for _ in $(seq 200); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; return 1; }
denial 300 > "$work/d.json"
await at a jp denial notify "$work/d.json" || fail "a does not go on: $(tail -2 "$work/a.log")"
nothing_lost a
replica b || fail "b does not start again"
nothing_lost b

step "backed up into a file while it works, restored into a database of its own"
entente-admin backup "postgres:$work/postgres" "$work/backup.db" "${keys[@]}" --note "$work/a.db" | grep -q '^ok' || fail "no backup"
[ -s "$work/a.db.backup" ] || fail "the service does not learn of it"
sql "CREATE DATABASE restored"
echo "host=$work/pg dbname=restored user=entente" > "$work/restored"
entente-admin restore "$work/backup.db" "postgres:$work/restored" "${keys[@]}" | grep -q '^ok' || fail "no restore"
entente-admin restore "$work/backup.db" "postgres:$work/restored" "${keys[@]}" | grep -q '^ok' || fail "what was cut off cannot be finished"
entente-admin fsck "postgres:$work/restored" "${keys[@]}" > "$work/fsck.one"
entente-admin fsck "postgres:$work/postgres" "${keys[@]}" > "$work/fsck.two"
diff "$work/fsck.one" "$work/fsck.two" || fail "the restored journal is another"

step "failed over to a database that is behind: refused, running or starting"
denial 400 > "$work/d.json"
at a jp denial notify "$work/d.json" >/dev/null || fail "a refuses"
refused "never replaced" entente-admin restore "$work/backup.db" "postgres:$work/postgres" "${keys[@]}" || fail "a journal was replaced"
# Each keeps what it has seen signed once a second.
size() { grep -o 'leem/all\\n[0-9]*' "$work/$1.db.heads" | grep -o '[0-9]*$'; }
await eval '[ "$(size b)" = "$(size a)" ] && [ "$(size b)" -gt "$(grep -c . "$work/listed")" ]' || fail "b keeps no heads: $(size a) $(size b)"
kill -TERM "${pids[b]}" || fail "b is gone: $(tail -2 "$work/b.log")"
wait "${pids[b]}" 2>/dev/null || true
cp "$work/restored" "$work/postgres"
replica b && fail "b serves an older state under the same name"
grep -q JOURNAL_ROLLED_BACK "$work/b.log" || fail "it does not say why: $(tail -2 "$work/b.log")"
kill -TERM "${pids[a]}" || fail "a is gone: $(tail -2 "$work/a.log")"
wait "${pids[a]}" 2>/dev/null || true
grep -q '"stopped"' "$work/a.log" || fail "a did not stop by itself"
