# An officer's key on a token (SoftHSM): one PIN and one touch for a thousand denials, which everybody verifies. pkcs11-spy
# stands before the module and counts.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime leem
start_suite || fail "the suite does not start"
jp=$work/pki/agencies/jp/licensing
module=/usr/lib/softhsm/libsofthsm2.so
spy=$(find /usr/lib -name pkcs11-spy.so | head -1)
export SOFTHSM2_CONF=$work/softhsm.conf PKCS11SPY=$module PKCS11SPY_OUTPUT=$work/spy.log
mkdir "$work/tokens"
printf 'directories.tokendir = %s\nobjectstore.backend = file\n' "$work/tokens" > "$SOFTHSM2_CONF"
softhsm2-util --init-token --free --label Licensing --so-pin 87654321 --pin 1234 > /dev/null
softhsm2-util --import "$jp/officers/officer-1.key" --token Licensing --label officer-1 --id 01 --pin 1234 > /dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/other.key" 2> /dev/null
softhsm2-util --import "$work/other.key" --token Licensing --label other --id 02 --pin 1234 > /dev/null
echo 1234 > "$work/pin" && chmod 600 "$work/pin"
by_token() { # uri: jp's configuration with its key there
  { grep -v '^signers' "$jp/client.textproto"
    echo "signers { certificate_file: \"officers/officer-1.crt\" pkcs11_uri: \"$1\" }"; } > "$jp/token.textproto"
}
jp() { ENTENTE_CONFIG=$jp/token.textproto setsid entente "$@"; }  # nobody at a terminal
signatures() { grep -c ': C_Sign$' "$work/spy.log" || true; }
uri="pkcs11:token=Licensing;object=officer-1?module-path=$spy"

step "what signs nothing opens no token"
by_token "$uri&pin-source=file:$work/nowhere"
jp denial list > /dev/null 2>&1 || fail "a list wants the token"
[ ! -e "$work/spy.log" ] || fail "a list opens the token"

step "a single document"
by_token "$uri&pin-source=file:$work/pin"
denial 1 > "$work/1.json"
jp denial notify "$work/1.json" > "$work/receipt" 2> "$work/said" || fail "$(cat "$work/said")"
grep -q partners/jp/denials/1 "$work/receipt" || fail "$(cat "$work/receipt")"
[ "$(signatures)" = 1 ] || fail "$(signatures) signatures for one document"

step "a thousand denials with one touch"
rm "$work/spy.log"
lite_rows 1000 > "$work/denials.csv"
echo 'default_audience: "all"' >> "$jp/token.textproto"
jp denial import "$work/denials.csv" > "$work/imported" 2> "$work/said" || fail "$(cat "$work/imported" "$work/said")"
grep -q '^1000 denials recorded, 0 refused' "$work/imported" || fail "$(cat "$work/imported")"
grep -qx 'signing 1000 for all partners, at once; readers of one see how many there are' "$work/said" || fail "$(cat "$work/said")"
[ "$(signatures)" = 1 ] || fail "$(signatures) signatures for a thousand documents"

step "everybody verifies them"
as kr follow leem --save "$work/kr" --until-current > "$work/out" 2>&1 || fail "$(tail -3 "$work/out")"
as kr verify "$work/kr" > "$work/verified" 2>&1 || fail "$(cat "$work/verified")"
[ "$(find "$work/kr" -name '*.entry' | wc -l)" = 1001 ] || fail "kr has $(find "$work/kr" -name '*.entry' | wc -l)"
mkdir -p "$work/py"
(cd "$root/proto" && protoc --python_out="$work/py" entente/exchange/v1/*.proto)
find "$work/py" -mindepth 1 -type d -exec touch {}/__init__.py \;
PYTHONPATH=$work/py:$root/tests/e2e /usr/bin/python3 - "$work/kr/all" "$work" <<'PYTHON' || fail "Python does not verify them"
import glob, subprocess, sys
import batch
from entente.exchange.v1 import document_pb2, ledger_pb2
statements = {}
for path in glob.glob(sys.argv[1] + '/*.entry'):
    signed = document_pb2.SignedDocument.FromString(ledger_pb2.Entry.FromString(open(path, 'rb').read()).signed_document)
    header, signature = document_pb2.Document.FromString(signed.document), signed.signatures[0]
    statements.setdefault((batch.signed_bytes(signed.document, header, signature), signature.value, signature.certificate), []).append(path)
assert sorted(len(of) for of in statements.values()) == [1, 1000], sorted(len(of) for of in statements.values())
for message, value, certificate in statements:
    open(sys.argv[2] + '/message', 'wb').write(message)
    open(sys.argv[2] + '/value', 'wb').write(value)
    key = subprocess.run(['openssl', 'x509', '-inform', 'DER', '-noout', '-pubkey'], input=certificate, capture_output=True, check=True).stdout
    open(sys.argv[2] + '/key.pem', 'wb').write(key)
    subprocess.run(['openssl', 'dgst', '-sha256', '-verify', sys.argv[2] + '/key.pem', '-signature', sys.argv[2] + '/value',
                    sys.argv[2] + '/message'], check=True, stdout=subprocess.DEVNULL)
PYTHON

step "what is wrong with a token is said, and nothing is sent"
denial 2 > "$work/2.json"
nothing() { refused "$1" jp denial notify "$work/2.json" || fail "$2: $(jp denial notify "$work/2.json" 2>&1 | head -3)"; }
by_token "pkcs11:token=Licensing;object=other?module-path=$module&pin-source=file:$work/pin"
nothing 'signed with another key than the certificate' "another key"
openssl req -x509 -new -key "$work/other.key" -subj /CN=other -outform DER -out "$work/other.der"
pkcs11-tool --module "$module" --token-label Licensing --login --pin 1234 --write-object "$work/other.der" --type cert --id 02 --label other > /dev/null
before=$(signatures)
by_token "pkcs11:token=Licensing;object=other?module-path=$spy&pin-source=file:$work/pin"
nothing "the token's key is another than the certificate_file's" "a certificate of another key"
[ "$(signatures)" = "$before" ] || fail "it was touched for nothing"
by_token "pkcs11:token=Licensing?module-path=$module&pin-source=file:$work/pin"
nothing 'has 2 private keys that the URI names' "two keys"
by_token "pkcs11:token=Licensing;object=none?module-path=$module&pin-source=file:$work/pin"
nothing 'has no private keys that the URI names' "no key"
by_token "pkcs11:token=Elsewhere;object=officer-1?module-path=$module&pin-source=file:$work/pin"
nothing 'no token that the URI names is there; there are: Licensing' "no token"
by_token "$uri"
nothing 'token Licensing wants a PIN, and there is nobody to ask' "no PIN"
by_token "$uri&pin-value=1234"
nothing 'has a PIN in it' "a PIN in the URI"
echo 9999 > "$work/wrong"
by_token "$uri&pin-source=file:$work/wrong"
nothing 'token Licensing: .*0xa0' "a wrong PIN"
by_token "pkcs11:token=Licensing;object=officer-1?module-path=$work/receipt&pin-source=file:$work/pin"
nothing "$work/receipt" "a module that is none"
by_token "licensing"
nothing 'is no PKCS #11 URI' "no URI"
as jp denial list --json | grep -q 'denials/2"' && fail "it was sent"

step "after a wrong PIN no file is tried, until a person has given the right one"
by_token "$uri&pin-source=file:$work/pin"
nothing 'few tries are left' "a file after a wrong PIN"

step "a person is asked, unseen, and again after a wrong PIN"
by_token "$uri"
ENTENTE_YES= ENTENTE_CONFIG=$jp/token.textproto timeout 60 /usr/bin/python3 - "$work/2.json" > "$work/seen" <<'PYTHON' || fail "$(cat "$work/seen")"
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp('entente', ['entente', 'denial', 'notify', sys.argv[1]])
seen = b''
def until(text):
    global seen
    while text not in seen:
        chunk = os.read(terminal, 1024)
        assert chunk, seen
        seen += chunk
until(b'Sign and send? [y/N] ')
os.write(terminal, b'y\n')
until(b'PIN of token Licensing: ')
seen = b''
os.write(terminal, b'9999\n')
until(b'PIN of token Licensing: ')
assert b'0xa0' in seen and b'9999' not in seen, seen
os.write(terminal, b'124\x7f34\n')  # a slip, and the key that takes it back
try:
    while chunk := os.read(terminal, 1024):
        seen += chunk
except OSError:
    pass
assert b'1234' not in seen, seen
print(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
PYTHON
grep -q 'partners/jp/denials/2  recorded' "$work/seen" || fail "$(cat "$work/seen")"
by_token "$uri&pin-source=file:$work/pin"
denial 3 > "$work/3.json"
jp denial notify "$work/3.json" > /dev/null 2> "$work/said" || fail "the file does not do again: $(cat "$work/said")"

stop_suite TERM
echo "story ends well"
