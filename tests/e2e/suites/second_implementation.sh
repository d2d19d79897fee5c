# A client that shares no code: Python's gRPC, protobuf from our .proto files, signatures made by the
# openssl command. It pushes a denial, follows it, and checks the leaf hash and signature by itself.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime
start_suite || fail "the suite does not start"
mkdir -p "$work/py"
(cd "$root/proto" && protoc --python_out="$work/py" entente/exchange/v1/*.proto entente/leem/v1/denial.proto google/rpc/*.proto)
find "$work/py" -mindepth 1 -type d -exec touch {}/__init__.py \;
mv "$work/py/google" "$work/py/google_local" 2>/dev/null || true
PYTHONPATH=$work/py /usr/bin/python3 "$root/tests/e2e/second_client.py" "localhost:$port" "$work/pki" "$work"
as kr follow leem --until-current 2>/dev/null | grep -q partners/jp/denials/from-python || fail "kr does not have it"
stop_suite TERM
echo "story ends well"
