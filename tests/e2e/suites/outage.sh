# Followers come back by themselves, whatever became of the service in between, and say so.
# $OUTAGE_LONGEST: seconds of the longest outage; 5 unless told.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime leem tem
# The same ports at every start: a follower knows no others.
leem_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed -i "/group: \"leem\"/s/127.0.0.1:0/127.0.0.1:$leem_port/" "$work/server.textproto"
sed -i "s/\(\"leem\" address: \"127.0.0.1:\)[0-9]*/\1$leem_port/" "$work"/pki/agencies/*/*/client.textproto
await() { for _ in $(seq 400); do "$@" && return 0; sleep 0.1; done; return 1; }
follow_as() { # state
  ENTENTE_CONFIG=$work/pki/agencies/$1/licensing/client.textproto \
    entente follow leem --save "$work/$1" >"$work/$1.out" 2>"$work/$1.err" &
  followers+=("$!")
}
followers=()
number=0
has() { [ "$(wc -l < "$work/$1.out")" -ge "$number" ]; } # state
notify_and_see() { # what happened before
  number=$((number + 1))
  denial "$number" > "$work/d.json"
  as jp denial notify "$work/d.json" >/dev/null || fail "jp cannot notify $1"
  for state in kr nz; do await has $state || fail "$state gets nothing $1: $(cat "$work/$state.err")"; done
}

step "followers that are started before the service"
follow_as kr
follow_as nz
await grep -q 'LEEM is away since' "$work/kr.err" || fail "nobody says that the service is away"
sleep 4
start_suite || fail "the suite does not start"
notify_and_see "after starting before the service"
grep -q 'LEEM is back at' "$work/kr.err" || fail "nobody says that the service is back"

for signal in KILL TERM; do
  for seconds in 0 1 5 ${OUTAGE_LONGEST:-}; do
    [ "$signal" = TERM ] && [ "$seconds" -gt 5 ] && continue
    step "away for $seconds s after SIG$signal"
    stop_suite $signal
    sleep "$seconds"
    start_suite || fail "the suite does not start again"
    notify_and_see "after $seconds s away, SIG$signal"
  done
done
for pid in "${followers[@]}"; do kill -0 "$pid" || fail "a follower has given up"; done
[ "$(grep -c 'is away' "$work/kr.err")" -eq "$(grep -c 'is back' "$work/kr.err")" ] || fail "away and back do not match: $(cat "$work/kr.err")"

step "a network that drops packets without a word"
cat > "$work/relay.py" <<'PYTHON'
import socket, sys, threading
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    a.close(); b.close()
while True:
    near, _ = listener.accept()
    far = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
    for pair in ((near, far), (far, near)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
PYTHON
python3 "$work/relay.py" "$leem_port" > "$work/relay.port" & relay=$!
await test -s "$work/relay.port"
sed -i "s/\(\"leem\" address: \"127.0.0.1:\)[0-9]*/\1$(cat "$work/relay.port")/" "$work/pki/agencies/au/licensing/client.textproto"
follow_as au
await has au || fail "au gets nothing through the relay"
kill -STOP "$relay"
number=$((number + 1))
denial "$number" > "$work/d.json"
as jp denial notify "$work/d.json" >/dev/null
await grep -q 'LEEM is away since' "$work/au.err" || await grep -q 'LEEM is away since' "$work/au.err" || fail "au does not notice that nothing comes"
kill -CONT "$relay"
await has au || fail "au gets nothing once packets pass again: $(cat "$work/au.err")"
grep -q 'LEEM is back at' "$work/au.err" || fail "au does not say that the service is back"
kill -INT "${followers[-1]}"
wait "${followers[-1]}" || fail "au ends badly"
unset 'followers[-1]'
kill "$relay"

step "LEEM, which follows TEM, comes back as well"
stop_suite KILL
start_suite || fail "the suite does not start again"
publish_annex
await grep -q 'knows an edition of the Annex' "$work/suite.log" || fail "LEEM does not follow TEM"

step "what they hold is whole, and was so while they ran"
verifies() { as "$1" verify "$work/$1" | grep -q '^ok'; } # state
for state in kr nz; do await verifies $state || fail "$state cannot verify while it follows"; done
kill -INT "${followers[@]}"
for pid in "${followers[@]}"; do wait "$pid" || fail "a follower that was told to stop ends badly"; done
for state in kr nz; do verifies $state || fail "$state cannot verify"; done

step "a folder is good for the filter that it was filled with"
refused FILTER_CHANGED as kr follow leem --filter leem.destination=gs --save "$work/kr" --until-current || fail "another filter is taken"
as nz follow leem --filter leem.destination=ki --save "$work/filtered" --until-current >/dev/null 2>&1
refused FILTER_CHANGED as nz follow leem --save "$work/filtered" --until-current || fail "what was left out is acknowledged"
