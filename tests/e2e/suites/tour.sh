# README's five minutes as they are written, on the first day and, after a stop and a start, on the day after.
source "$(dirname "$0")/../lib.sh" "$1"
[ "$(realpath "$1")" = "$root/build/release/bin" ] || { echo "the quickstart builds what operators run"; exit 77; }
export ENTENTE_QUICKSTART=$work/quickstart ENTENTE_PORT
ENTENTE_PORT=$(python3 -c '
import random, socket
# Five groups from there on, and their metrics a thousand above.
while True:
    port = random.randrange(20000, 30000)
    try:
        for at in [*range(port, port + 8), port + 1000]:
            with socket.socket() as one:
                one.bind(("127.0.0.1", at))
        print(port)
        break
    except OSError:
        pass')
cd "$root"
deploy/quickstart > "$work/log" 2>&1 || fail "quickstart: $(tail -5 "$work/log")"
trap 'deploy/quickstart stop >/dev/null; rm -rf "$work"' EXIT
# The block of commands after "Five minutes".
sed -n '/^## Five minutes/,/^## /p' README.md | sed -n '/^```$/,/^```$/p' | sed '/^```/d' > "$work/tour"
[ "$(wc -l < "$work/tour")" -gt 15 ] && [ "$(tail -1 "$work/tour")" = "deploy/quickstart stop" ] || fail "README has no tour: $(cat "$work/tour")"
mkdir "$work/desk"
walk() {
  (
    cd "$work/desk" && ln -sfn "$root/deploy" deploy && mkdir -p build && ln -sfn "$ENTENTE_QUICKSTART" build/quickstart
    while read -r line; do
      code=0
      eval "$line" > "$work/said" 2>&1 || code=$?
      # Exit code 5 says that something is due.
      [ $code = 0 ] || { [ $code = 5 ] && [[ $line = "entente todo"* ]]; } || { echo "FAIL: $line: $code: $(cat "$work/said")" >&2; exit 1; }
    done < "$work/tour"
  )
}
step "the first day"
walk || fail "README's tour"
kill -0 "$(cat "$ENTENTE_QUICKSTART/suite.pid" 2>/dev/null)" 2>/dev/null && fail "stop did not stop it"
step "the day after"
deploy/quickstart start > "$work/log" 2>&1 || fail "start: $(cat "$work/log")"
walk || fail "README's tour on the day after"
step "begun anew, what was kept is put aside, not removed"
deploy/quickstart > "$work/log" 2>&1 || fail "quickstart: $(tail -5 "$work/log")"
grep -q 'quickstart.before' "$work/log" && [ -s "$ENTENTE_QUICKSTART.before/leem.db" ] || fail "what was kept is gone"
echo "story ends well"
