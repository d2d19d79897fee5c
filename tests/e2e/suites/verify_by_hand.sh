# Documents that were signed at once, and one that was signed alone, checked as docs/VERIFYING.md says: by openssl and the
# page's own program.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime leem iem
start_suite || fail "the suite does not start"

step "several files are signed at once, and it is said for whom"
for i in 1 2 3; do denial "$i" > "$work/$i.json"; done
for i in 4 5; do denial "$i" jp,kr > "$work/$i.json"; done
denial 6 jp > "$work/6.json"
as jp denial notify "$work"/[1-6].json > "$work/receipts" 2> "$work/said" || fail "$(cat "$work/said")"
[ "$(grep -c partners/jp/denials "$work/receipts")" = 6 ] || fail "not all are recorded"
for line in 'signing 3 for all partners, at once; readers of one see how many there are' '  DenialNotification 1, 2, 3' \
  'signing 2 for jp, kr, at once; readers of one see how many there are' '  not for au, nz' 'signing 1 for jp' '  DenialNotification 6' '  not for au, kr, nz'; do
  grep -qx "$line" "$work/said" || fail "$(cat "$work/said")"
done
denial 7 > "$work/7.json"
as jp denial notify "$work/7.json" > /dev/null 2> "$work/said" || fail "$(cat "$work/said")"
grep -qx 'signing 1 for all partners' "$work/said" || fail "one document: $(cat "$work/said")"

step "a partner's folder verifies, online and offline"
as kr follow leem --save "$work/kr" --until-current > /dev/null 2>&1
as kr verify "$work/kr" > "$work/verified" 2>&1 || fail "$(cat "$work/verified")"

step "so it does by hand"
page=$root/docs/VERIFYING.md
mkdir "$work/hand" && cd "$work/hand"
sed -n '/^```python/,/^```/p' "$page" | sed '1d;$d' > signed_bytes.py
ln -s "$root/proto" proto
eval "$(grep '^    protoc ' "$page")"
find entente -type d -exec touch {}/__init__.py \;
commands=$(sed -n 's/^    \(openssl .*\)/\1/p' "$page")
cp "$work/pki/authorities/jp.crt" authority.pem
entries=$(find "$work/kr" -name '*.entry' | sort)
[ "$(wc -l <<< "$entries")" = 6 ] || fail "kr has: $entries"  # the sixth is for jp alone
for entry in $entries; do
  /usr/bin/python3 signed_bytes.py "$entry" 0 >> signed || fail "the page's program fails"
  bash -euo pipefail -c "$commands" > answers 2>&1 || fail "$(cat answers)"
  grep -q 'Verified OK' answers || fail "$(cat answers)"
  grep -q 'spiffe://jp\..*/agencies/licensing/officers/officer-1' answers || fail "$(cat answers)"
done
[ "$(sort -u signed | wc -l)" = 6 ] || fail "$(cat signed)"

step "what was changed does not"
cat > change.py <<'PYTHON'
import sys
from entente.exchange.v1 import document_pb2, ledger_pb2
entry = ledger_pb2.Entry.FromString(open(sys.argv[1], 'rb').read())
signed = document_pb2.SignedDocument.FromString(entry.signed_document)
place = signed.signatures[0].batch
if sys.argv[2] == 'document':
    signed.document = signed.document[:-1] + bytes([signed.document[-1] ^ 1])
if sys.argv[2] == 'index':
    place.index ^= 1
if sys.argv[2] == 'salt':
    place.salt = bytes(16)
if sys.argv[2] == 'size':
    place.size += 1
entry.signed_document = signed.SerializeToString()
open('changed.entry', 'wb').write(entry.SerializeToString())
PYTHON
first=$(head -1 <<< "$entries")
for what in nothing document index salt size; do
  /usr/bin/python3 change.py "$first" $what
  answer=refused
  if /usr/bin/python3 signed_bytes.py changed.entry > /dev/null 2>&1 && bash -euo pipefail -c "$commands" > /dev/null 2>&1; then
    answer=verified
  fi
  [ $answer = "$([ $what = nothing ] && echo verified || echo refused)" ] || fail "$what was changed: $answer"
done

step "alerts are signed one by one"
for i in 1 2; do alert "$i" > "$work/a$i.json"; done
as jp alert send "$work/a1.json" "$work/a2.json" > /dev/null 2> "$work/said" || fail "$(cat "$work/said")"
grep -qx 'signing 2 for .*, each alone' "$work/said" || fail "$(cat "$work/said")"

stop_suite TERM
echo "story ends well"
