# SIGKILL under load, a failing disk, a full disk: what was acknowledged is there after a restart, fsck
# finds nothing, and each restart gives the fingerprint that fsck derives from the bytes.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime leem

number=0
load() { # submits until the service is gone; receipts' names go to a file
  while :; do
    number=$((number + 1))
    denial "n-$1-$number" > "$work/d.json"
    timeout 5 entente --config "$work/pki/agencies/jp/licensing/client.textproto" denial notify \
      "$work/d.json" 2>/dev/null | sed 's/  recorded.*//' >> "$work/acknowledged" || break
    kill -0 "$suite_pid" 2>/dev/null || break
    [ "$number" -lt 4000 ] || break
  done
}
check() {
  as_operator fsck "$work/leem.db" > "$work/fsck.out" 2>&1 || fail "fsck: $(cat "$work/fsck.out")"
  start_suite || fail "refused to start after $1: $(tail -2 "$work/suite.log")"
  local derived live
  derived=$(sed -n 's/^fingerprint //p' "$work/fsck.out")
  live=$(sed -n 's/.*"fingerprint":"\([0-9a-f]*\)".*/\1/p' "$work/suite.log")
  [ "$derived" = "$live" ] || fail "fingerprints differ after $1"
  as kr denial list --json | sed 's/{"name":"\([^"]*\)".*/\1/' | sort > "$work/listed"
  sort -u "$work/acknowledged" | comm -23 - "$work/listed" > "$work/lost"
  [ ! -s "$work/lost" ] || fail "acknowledged and lost after $1: $(head -3 "$work/lost")"
}

: > "$work/acknowledged"
for round in 1 2 3; do
  step "SIGKILL under load, round $round"
  [ -n "$suite_pid" ] || start_suite || fail "does not start"
  load "kill$round" & loader=$!
  for _ in $(seq 200); do [ "$(wc -l < "$work/acknowledged")" -ge $((round * 10)) ] && break; sleep 0.05; done
  stop_suite KILL
  wait "$loader" || true
  check "SIGKILL"
done
stop_suite TERM

# The system calls by which SQLite makes things durable, each failing at a different moment.
for fault in fdatasync:error=EIO:when=3 fdatasync:error=EIO:when=9 pwrite64:error=EIO:when=12 \
             pwrite64:error=ENOSPC:when=15 fdatasync:signal=KILL:when=4 fdatasync:signal=KILL:when=11 \
             pwrite64:signal=KILL:when=14 pwrite64:signal=KILL:when=23; do
  step "injected: $fault"
  export ASAN_OPTIONS=detect_leaks=0  # the leak checker cannot run under strace
  start_suite strace -f -qq -o /dev/null -e trace="${fault%%:*}" -e inject="$fault" || true
  export ASAN_OPTIONS=
  if [ -n "$port" ]; then
    for i in $(seq 12); do
      denial "f-${fault//[:=]/_}-$i" > "$work/d.json"
      # The client would try again for a minute; one refusal is enough here.
      timeout 3 entente --config "$work/pki/agencies/jp/licensing/client.textproto" denial notify \
        "$work/d.json" 2>/dev/null | sed 's/  recorded.*//' >> "$work/acknowledged" || break
    done
    if [[ $fault == *error=* ]]; then
      as kr denial list --limit 1 >/dev/null || fail "reads stopped with $fault"
    fi
  fi
  pkill -KILL -P "$suite_pid" 2>/dev/null || true
  stop_suite KILL
  check "$fault"
  stop_suite TERM
done

step "one flipped bit in what is stored is refused at the start and found by fsck"
good=$(sed -n 's/^fingerprint //p' "$work/fsck.out")
size=$(stat -c %s "$work/leem.db")
found=0
for at in $(seq 9000 $((size / 9)) $((size - 1))); do
  cp "$work/leem.db" "$work/good.db"
  byte=$(od -An -tu1 -j "$at" -N1 "$work/leem.db")
  printf "\\x$(printf %02x $((byte ^ 16)))" | dd of="$work/leem.db" bs=1 seek="$at" conv=notrunc status=none
  if as_operator fsck "$work/leem.db" >"$work/fsck.out" 2>&1; then
    grep -q "^fingerprint $good$" "$work/fsck.out" || fail "another state passed fsck"
  else
    found=$((found + 1))
    start_suite && fail "started on a flipped bit at $at"
    suite_pid=
  fi
  mv "$work/good.db" "$work/leem.db"
  rm -f "$work"/leem.db-*
done
[ "$found" -ge 3 ] || fail "only $found flips were found"
echo "story ends well: $(sort -u "$work/acknowledged" | wc -l) acknowledged, none lost"
