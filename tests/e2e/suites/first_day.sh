# The first day, by docs/INSTALLING.md: its commands as they stand there make a regime from nothing, and an agency of it submits;
# then a state joins whose authority another one, with an RSA key, has signed.
source "$(dirname "$0")/../lib.sh" "$1"
day=$work/day
mkdir "$day"
ln -s "$root/deploy" "$day/deploy"
cd "$day"

step "its commands run as they stand"
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$root/docs/INSTALLING.md" > "$work/commands"
[ "$(wc -l < "$work/commands")" -gt 30 ] || fail "the page has no commands"
bash -euo pipefail "$work/commands" > "$work/said" 2>&1 || fail "$(tail -5 "$work/said")"
grep -q 'mtcr.example, serial ' "$work/said" || fail "the directory is not shown"

step "a service starts with them, and the agency's officer submits and follows"
sed -i 's/0.0.0.0:7701/127.0.0.1:0/; s/metrics_listen.*//' leem.textproto
groups=leem
start() {
  : > "$work/suite.log"
  entente-leem --config leem.textproto >> "$work/suite.log" 2>&1 &
  suite_pid=$!
  for _ in $(seq 200); do [ -n "$(serving_port leem)" ] && break; sleep 0.05; done
  sed -i "s/\(\"leem\" address: \"127.0.0.1:\)[0-9]*/\1$(serving_port leem)/" ./*client.textproto
}
start
kr() { ENTENTE_CONFIG=client.textproto entente "$@"; }
denial 1 > d1.json
kr denial notify d1.json > receipt 2>&1 || fail "$(cat receipt)"
kr follow leem --save inbox --until-current 2>/dev/null | grep -q partners/kr/denials/1 || fail "it does not come back"
kr verify inbox | grep -q '^ok' || fail "what is saved does not verify"

step "a state joins whose authority a root with an RSA key has signed"
openssl req -x509 -newkey rsa:3072 -nodes -keyout nz-root.key -out nz-root.crt -days 3650 -subj "/CN=nz national root" \
  -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
export ENTENTE_URI=unset ENTENTE_HOST=unset ENTENTE_NAME="nz export control 2026"
openssl ecparam -name prime256v1 -genkey -noout -out nz-2026.key
openssl req -new -key nz-2026.key -config deploy/pki/openssl.cnf -out nz.csr
openssl x509 -req -in nz.csr -CA nz-root.crt -CAkey nz-root.key -sha256 -days 3650 -set_serial 77 -extfile deploy/pki/openssl.cnf \
  -extensions authority -out nz-2026.crt 2>/dev/null
refused "not ECDSA" entente directory add-authority directory.textproto --state nz --certificate nz-root.crt || fail "an RSA key is taken"
entente directory add-authority directory.textproto --state nz --certificate nz-2026.crt 2>/dev/null
entente directory seat directory.textproto --state nz --agency customs --seat leem:read,submit 2>/dev/null
entente directory sign directory.textproto --key directory.key
deploy/pki/issue caller 397 spiffe://nz.mtcr.example/agencies/customs nz-tls nz-2026
deploy/pki/issue signer 397 spiffe://nz.mtcr.example/agencies/customs/officers/b.rao b.rao nz-2026
entente pki doctor --directory directory.textproto --directory-key directory.pub nz-tls.crt b.rao.crt nz-2026.crt > doctor || fail "$(cat doctor)"
sed 's#partners/kr/agencies/licensing#partners/nz/agencies/customs#; s#tls\.#nz-tls.#g; s#a\.kim#b.rao#g' client.textproto > nz-client.textproto
nz() { ENTENTE_CONFIG=nz-client.textproto entente "$@"; }
for _ in $(seq 100); do nz denial list > listed 2>&1 && break; sleep 0.1; done
grep -q partners/kr/denials/1 listed || fail "nz is not let in: $(cat listed)"
denial 1 > d2.json
nz denial notify d2.json > receipt 2>&1 || fail "nz cannot submit: $(cat receipt)"
kr follow leem --save inbox --until-current 2>/dev/null | grep -q partners/nz/denials/1 || fail "kr does not take what nz signed"
# With the authority behind the leaf, as some systems deliver it; its RSA root is nothing that is read here.
cat nz-2026.crt >> nz-tls.crt
nz denial list > said 2>&1 || fail "a chain with its authority is refused: $(cat said)"
cat nz-tls.crt nz-root.crt > long.crt
sed "s#nz-tls.crt#long.crt#" nz-client.textproto > long-client.textproto
ENTENTE_CONFIG=long-client.textproto entente denial list > said 2>&1 || true
grep -q "leave out what is above a registered authority" said || fail "what is wrong with the file is not said: $(cat said)"

step "an authority that nobody registered vouches for nothing, whatever root it has"
ENTENTE_NAME="nz other" openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -config deploy/pki/openssl.cnf -out other.csr 2>/dev/null
openssl x509 -req -in other.csr -CA nz-root.crt -CAkey nz-root.key -sha256 -days 3650 -set_serial 78 -extfile deploy/pki/openssl.cnf \
  -extensions authority -out other.crt 2>/dev/null
deploy/pki/issue caller 397 spiffe://nz.mtcr.example/agencies/customs rogue other
cat other.crt >> rogue.crt
sed 's#nz-tls\.#rogue.#g' nz-client.textproto > rogue-client.textproto
ENTENTE_CONFIG=rogue-client.textproto entente denial list >/dev/null 2>&1 && fail "a sibling of the authority is let in"
entente pki doctor --directory directory.textproto --directory-key directory.pub rogue.crt > doctor && fail "the doctor finds it fit"
echo "story ends well"
