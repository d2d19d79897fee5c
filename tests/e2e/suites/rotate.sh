# Production keys: a state with an OpenSSL authority of its own joins; then its authority, a log key and the services'
# authority are rotated while a stream is open and documents go on.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime leem
start_suite || fail "the suite does not start"
issue=$root/deploy/pki/issue
directory=$work/pki/directory.textproto
# In production the pair is published at once, from a copy; a reader that meets one half keeps what it has.
sign() { entente directory sign "$directory" --key "$work/pki/directory.key"; }
await() { for _ in $(seq 400); do "$@" 2>/dev/null && return 0; sleep 0.1; done; return 1; }
serial() { sed -n 's/^serial: //p' "$directory"; }
in_force() { grep -q "\"directory changed\".*\"serial\":\"$(serial)\"" "$work/suite.log"; }
publish() { sign && await in_force || fail "serial $(serial) is not taken over"; }
keys=(--directory "$directory" --directory-key "$work/pki/directory.pub")

step "a state joins with an authority that only OpenSSL has seen"
home=$work/pki/agencies/fr/customs
mkdir -p "$home/officers" "$work/fr"
"$issue" authority 3650 "fr export control 2026" "$work/fr/first"
entente directory add-authority "$directory" --state fr --certificate "$work/fr/first.crt" 2>/dev/null
entente directory seat "$directory" --state fr --agency customs --seat leem:read,submit 2>/dev/null
refused "does not verify" entente directory check "$directory" --directory-key "$work/pki/directory.pub" || fail "an unsigned change counts"
refused "twice" entente directory seat "$directory" --state fr --agency customs --seat leem:read --seat leem:submit || fail "a seat is lost"
refused "names no agency of fr" entente directory revoke "$directory" --state fr --certificate "$work/pki/agencies/jp/licensing/tls.crt" || fail "a revocation without effect"
cp "$directory" "$work/typo"
echo 'revoked_certificate { serial: 1 }' >> "$work/typo"
refused "does not know" entente directory sign "$work/typo" --key "$work/pki/directory.key" || fail "what nobody reads is signed"
publish
certify() { # authority
  "$issue" caller 397 spiffe://fr.mtcr.example/agencies/customs "$home/tls" "$work/fr/$1"
  "$issue" signer 397 spiffe://fr.mtcr.example/agencies/customs/officers/officer-1 "$home/officers/officer-1" "$work/fr/$1"
}
certify first
sed 's#partners/jp/agencies/licensing#partners/fr/agencies/customs#' "$work/pki/agencies/jp/licensing/client.textproto" > "$home/client.textproto"
fr() { ENTENTE_CONFIG=$home/client.textproto entente "$@"; }
entente pki doctor "${keys[@]}" "$home/tls.crt" "$home/officers/officer-1.crt" "$work/fr/first.crt" > "$work/doctor" || fail "$(cat "$work/doctor")"
grep -q 'registered for fr' "$work/doctor" || fail "the doctor does not know the authority"
await fr denial list > /dev/null || fail "fr is not let in"  # TLS reads authorities once a second
denial 1 > "$work/d1.json"
fr denial notify "$work/d1.json" >/dev/null || fail "fr cannot submit"

step "a stream opens, and stays open through all that follows"
ENTENTE_CONFIG=$work/pki/agencies/kr/licensing/client.textproto entente follow leem --save "$work/kr" \
  > "$work/kr.out" 2> "$work/kr.err" & stream=$!
has() { grep -q "partners/$1/denials/$2" "$work/kr.out"; }
await has fr 1 || fail "kr does not see fr's denial: $(cat "$work/kr.err")"

step "an authority is registered, issues, and the old one is retired"
"$issue" authority 3650 "fr export control 2027" "$work/fr/second"
refused "only authority" entente directory retire-authority "$directory" --state fr --certificate "$work/fr/first.crt" || fail "a state without authority"
entente directory add-authority "$directory" --state fr --certificate "$work/fr/second.crt" 2>/dev/null
refused "is there already" entente directory add-authority "$directory" --state kr --certificate "$work/fr/second.crt" || fail "one authority for two states"
publish
cp "$home/tls.crt" "$work/fr/old.crt"; cp "$home/tls.key" "$work/fr/old.key"
rm "$home/tls.key" "$home/officers/officer-1.key"
certify second
await fr denial list > /dev/null || fail "fr is not let in under its new authority"
denial 2 > "$work/d2.json"
fr denial notify "$work/d2.json" >/dev/null || fail "fr cannot submit under the new authority"
entente directory retire-authority "$directory" --state fr --certificate "$work/fr/first.crt" 2>/dev/null
publish
refused BAD entente pki doctor "${keys[@]}" "$work/fr/old.crt" || fail "what a retired authority issued is fit"
sed "s#tls.crt#$work/fr/old.crt#; s#tls.key#$work/fr/old.key#" "$home/client.textproto" > "$home/old.textproto"
ENTENTE_CONFIG=$home/old.textproto entente denial list >/dev/null 2>&1 && fail "a caller of the retired authority is let in"
denial 3 > "$work/d3.json"
fr denial notify "$work/d3.json" >/dev/null || fail "fr cannot submit after the old authority is retired"
await has fr 3 || fail "kr does not see it: $(cat "$work/kr.err")"

step "a log key: listed, taken over without a restart, and the old one retired"
grep -c '"serving"' "$work/suite.log" > "$work/starts"
old=$(grep -o 'mtcr.example/leem+[^"]*' "$directory")
vkey=$(entente directory log-key "$work/leem.next.key" --group leem --trust-domain mtcr.example)
refused "not of mtcr.example/iem" entente directory add-log-key "$directory" --group iem --vkey "$vkey" || fail "a key for another group"
entente directory add-log-key "$directory" --group leem --vkey "$vkey" 2>/dev/null
publish
cp "$work/leem.next.key" "$work/pki/services/leem.log.key.new"
mv "$work/pki/services/leem.log.key.new" "$work/pki/services/leem.log.key"
await grep -q '"log key taken over"' "$work/suite.log" || fail "the key is not taken over"
denial 4 > "$work/d4.json"
as jp denial notify "$work/d4.json" >/dev/null || fail "no receipt under the new key"
await has jp 4 || fail "kr does not see what the new key covers: $(cat "$work/kr.err")"
entente directory retire-log-key "$directory" --group leem --vkey "$old" 2>/dev/null
publish
denial 5 > "$work/d5.json"
as jp denial notify "$work/d5.json" >/dev/null || fail "no receipt after the old key is retired"
await has jp 5 || fail "kr does not see it: $(cat "$work/kr.err")"

step "the services' authority, by a directory key that never leaves its device"
"$issue" authority 3650 "services 2027" "$work/services"
entente directory add-authority "$directory" --certificate "$work/services.crt" 2>/dev/null
entente directory payload "$directory" -o "$work/payload"
openssl pkeyutl -sign -rawin -inkey "$work/pki/directory.key" -in "$work/payload" -out "$work/signature"
entente directory attach "$directory" --signature "$work/signature" --directory-key "$work/pki/directory.pub"
await in_force || fail "a signature made elsewhere is not taken over"
refused "does not verify" entente directory attach "$directory" --signature "$work/payload" --directory-key "$work/pki/directory.pub" || fail "anything is attached"
rm "$work/pki/services/leem.key"
"$issue" service 397 spiffe://mtcr.example/services/leem "$work/pki/services/leem" "$work/services"
issuer() { { openssl s_client -connect "127.0.0.1:$port" -alpn h2 </dev/null 2>/dev/null || true; } | openssl x509 -noout -issuer | grep -q "services 2027"; }
await issuer || fail "the new certificate is not served"
entente directory retire-authority "$directory" --certificate "$work/pki/authorities/services.crt" 2>/dev/null
publish
denial 6 > "$work/d6.json"
as jp denial notify "$work/d6.json" >/dev/null || fail "jp cannot reach the service by its new authority"
await has jp 6 || fail "kr does not see it: $(cat "$work/kr.err")"

step "nothing was stopped, nothing is suspicious, and the past verifies"
kill -0 "$stream" 2>/dev/null || fail "the stream ended: $(cat "$work/kr.err")"
kill "$stream"; wait "$stream" 2>/dev/null || true
as kr follow leem --save "$work/kr" --until-current >/dev/null 2>&1 || fail "kr cannot go on"
ls "$work"/kr/*.evidence "$work"/pki/agencies/kr/licensing/state/*.evidence 2>/dev/null && fail "evidence against an honest service"
[ "$(grep -c '"serving"' "$work/suite.log")" = "$(cat "$work/starts")" ] || fail "a service was restarted"
as kr verify "$work/kr" > "$work/verify" || fail "what was signed by retired keys does not verify: $(cat "$work/verify")"
stop_suite TERM
entente-admin fsck "$work/leem.db" "${keys[@]}" | grep -q '^ok' || fail "fsck after the rotations"
start_suite || fail "no start: $(tail -2 "$work/suite.log")"
as nz follow leem --save "$work/nz" --until-current >/dev/null 2>&1 || fail "a new reader cannot begin"
