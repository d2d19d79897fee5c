# Two containers of one group over one PostgreSQL database: one is killed, the other goes on.
programs=/usr/lib/postgresql/15/bin
[ -x $programs/initdb ] || leave_out "PostgreSQL is not installed"
mkdir "$work/pg"
chown postgres "$work/pg"
at=$(free_port)
database() { runuser -u postgres -- $programs/pg_ctl -D "$work/pg/data" -w -s -l "$work/pg/log" -o "-c listen_addresses=127.0.0.1 -c port=$at -k $work/pg" "$@" >/dev/null 2>&1; }
trap 'database stop -m immediate' EXIT
echo "a password nobody guesses" > "$work/pg/password"
chown postgres "$work/pg/password"
runuser -u postgres -- $programs/initdb -D "$work/pg/data" -U entente -A scram-sha-256 --pwfile "$work/pg/password" -N >/dev/null
database start || fail "PostgreSQL does not start: $(tail -3 "$work/pg/log")"
echo "host=127.0.0.1 port=$at dbname=postgres user=entente password='$(cat "$work/pg/password")'" > "$work/connection"
mkdir "$work/connections"
for group in $groups; do cp "$work/connection" "$work/connections/$group"; done
POSTGRES=$work/connections deploy/prepare "$work/pki" "$work/replicated" >/dev/null
declare -A ports
replica() { # name
  local metrics
  ports[$1]=$(free_port) metrics=127.0.0.1:$(free_port)
  mkdir -p "$work/volumes/$1" "$work/volumes/$1-heads" "$work/volumes/$1-audit"
  chown 65532:65532 "$work/volumes/$1" "$work/volumes/$1-heads" "$work/volumes/$1-audit"
  sed "s/listen: \"0.0.0.0:7701\"/listen: \"127.0.0.1:${ports[$1]}\"/; s/metrics_listen: .*/metrics_listen: \"$metrics\"/; s/upstreams .*/upstreams { group: \"tem\" address: \"127.0.0.1:1\" }/" \
    "$work/replicated/leem.textproto" > "$work/replicated/$1.textproto"
  pm run -d --name "$1" "${limits[@]}" -v "$work/replicated:/etc/entente:ro" -v "$work/replicated-keys/leem:/run/secrets:ro" \
    -v "$work/volumes/$1:/var/lib/entente" -v "$work/volumes/$1-heads:/var/lib/heads" -v "$work/volumes/$1-audit:/var/lib/audit" \
    --entrypoint /usr/bin/entente-leem localhost/entente --config "/etc/entente/$1.textproto" >/dev/null
  await entente status --metrics "$metrics" --quiet || fail "$1 is not ready: $(pm logs "$1" 2>&1 | tail -1)"
  for state in jp kr; do
    sed "s/\(\"leem\" address: \"127.0.0.1:\)[0-9]*/\1${ports[$1]}/; s/^state_dir.*//" "$work/pki/agencies/$state/licensing/client.textproto" \
      > "$work/pki/agencies/$state/licensing/$1.textproto"
  done
}
on() { local name=$1 state=$2; shift 2; ENTENTE_CONFIG=$work/pki/agencies/$state/licensing/$name.textproto entente "$@"; }
step "both take documents, and each knows the other's"
replica first
replica second
for i in $(seq 700 715); do
  denial "$i" > "$work/d.json"
  on "$([ $((i % 2)) = 0 ] && echo first || echo second)" jp denial notify "$work/d.json" >/dev/null || fail "a replica refuses"
done
for name in first second; do
  await eval "[ \"\$(on $name kr denial list --json | grep -o 'denials/7[01][0-9]' | sort -u | wc -l)\" = 16 ]" || fail "$name does not know all of them"
done
step "one is killed; the other goes on, and a reader of the first with it"
on first kr follow leem --save "$work/kr.replicas" --until-current >/dev/null 2>&1 || fail "kr cannot follow the first"
pm kill -s KILL first >/dev/null
denial 720 > "$work/d.json"
on second jp denial notify "$work/d.json" >/dev/null || fail "the second does not go on"
on second kr follow leem --save "$work/kr.replicas" --until-current 2>/dev/null | grep -q denials/720 || fail "kr cannot go on with the second"
on second kr verify "$work/kr.replicas" | grep -q '^ok' || fail "what kr has does not verify"
pm logs second 2>&1 | grep -qF "$(cat "$work/pg/password")" && fail "the password is in the log"
pm rm -f -t 5 first second >/dev/null 2>&1
