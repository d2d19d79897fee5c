# LEEM looks cited entries up in the editions that TEM publishes, which it follows as any client would.
source "$(dirname "$0")/../../lib.sh" "$1"
make_regime leem tem
start_suite || fail "the suite does not start"
citing() { denial "$1" | sed "s/\"edition\": \"[^\"]*\", \"entry\": \"[^\"]*\"/\"edition\": \"$2\", \"entry\": \"$3\"/" > "$work/d.json"; }
knows() { grep -c 'knows an edition' "$work/suite.log" | grep -q "$1"; }
await() { for _ in $(seq 200); do "$@" && return 0; sleep 0.05; done; return 1; }

step "while it knows no edition it accepts, and says so"
citing 1 2016-03-17 9.A.6
as kr denial notify "$work/d.json" | grep -q "entry not looked up" || fail "it does not say so"

step "once it has the edition it looks the entry up"
publish_annex
await knows 1 || fail "LEEM does not learn of the edition"
citing 2 2016-03-17 9.A.6
as kr denial notify "$work/d.json" > "$work/receipt"
grep -q "entry not looked up" "$work/receipt" && fail "not looked up"
citing 3 2016-03-17 9.A.7
refused 'control_list_entries\[0\].entry' as kr denial notify "$work/d.json" || fail "an entry that is not there"
citing 4 2017-01-01 9.A.6
as kr denial notify "$work/d.json" | grep -q "entry not looked up" || fail "an edition that is not there yet"
citing 5 2016-03-17 2
refused 'control_list_entries\[0\].entry' as kr denial notify "$work/d.json" || fail "a reserved number"

step "the chair changes: what jp published stands, and what au publishes is believed"
seats() { # state chair?
  entente pki issue "$work/pki" --state "$1" --agency licensing --officer officer-1 --seat iem:read,submit \
    --seat leem:read,submit --seat "tem:read,submit$2" --endpoint "tem=127.0.0.1:$(serving_port tem)" --endpoint "leem=127.0.0.1:$port" >/dev/null
}
seats jp ""
seats au ,chair
serial=$(sed -n 's/^serial: //p' "$work/pki/directory.textproto")
taken() { grep -q "\"message\":\"directory changed\",\"group\":\"tem\",\"serial\":\"$serial\"" "$work/suite.log"; }
await taken || fail "the directory is not taken over"
as kr annex export 2016-03-17 --format csv >/dev/null || fail "jp's edition is not believed any more"
as au annex import "$root/deploy/sample/miniature-annex.csv" --edition 2015-01-01 --title "Earlier" -o "$work/earlier.json" 2>/dev/null
as au annex approve "$work/earlier.json" --decision "as it stood" >/dev/null || fail "au does not chair"
as au annex publish "$work/earlier.json" >/dev/null
refused CALLER_NOT_ENTITLED as jp annex approve "$work/earlier.json" --decision x --reference again || fail "jp still chairs"
await knows 2 || fail "LEEM does not believe the new chair"
citing 7 2015-01-01 9.A.6
as kr denial notify "$work/d.json" >/dev/null || fail "an entry of au's edition"

step "it keeps what it verified over its own restart, with TEM away"
stop_suite TERM
sed '/^ *group: "tem"/,/^}/d' "$work/server.textproto" | sed -z 's/groups {\n  \n$//' > "$work/leem.textproto"
: > "$work/suite.log"
entente-leem --config "$work/leem.textproto" >>"$work/suite.log" 2>&1 &
suite_pid=$!
await test -n "$(serving_port leem)" || await eval '[ -n "$(serving_port leem)" ]' || fail "LEEM alone does not start"
sed -i "s/\(\"leem\" address: \"127.0.0.1:\)[0-9]*/\1$(serving_port leem)/" "$work"/pki/agencies/*/*/client.textproto
citing 6 2016-03-17 9.A.7
refused 'control_list_entries\[0\].entry' as kr denial notify "$work/d.json" || fail "it forgot the edition"
stop_suite TERM

step "what was changed on its disk is not believed"
edition=$work/leem.db.annex/0.entry  # the first in TEM's public ledger
python3 - "$edition" <<'PYTHON'
import sys
data = bytearray(open(sys.argv[1], 'rb').read())
at = data.find(b'Gyroscopes')
data[at] ^= 1
open(sys.argv[1], 'wb').write(data)
PYTHON
: > "$work/suite.log"
entente-leem --config "$work/leem.textproto" >>"$work/suite.log" 2>&1 &
suite_pid=$!
await eval '[ -n "$(serving_port leem)" ]' || fail "LEEM alone does not start"
grep -q 'a kept edition does not verify' "$work/suite.log" || fail "believed a changed edition"
