# Who has no certificate hurts nobody: descriptors used up, thousands of silent connections, greetings that never go on;
# and a partner who sends what no call explains loses that connection alone.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime leem
metrics=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf 'metrics_listen: "127.0.0.1:%s"\n' "$metrics" >> "$work/server.textproto"
start_suite prlimit --nofile=512:512 || fail "the suite does not start"
denial 1 > "$work/d.json"
as jp denial notify "$work/d.json" >/dev/null || fail "jp cannot notify"
# A sanitizer keeps what was freed: then nothing can be said of memory.
peak() { [ -z "${ENTENTE_SANITIZE:-}" ] || { echo 0; return; }
  awk '/^VmHWM/ {print int($2 / 1024)}' "/proc/$suite_pid/status"; }
before=$(peak)

step "more connections than there are descriptors, silent or greeting, from eight addresses; honest callers beside them"
ENTENTE_CONFIG=$work/pki/agencies/kr/licensing/client.textproto \
  entente follow leem --save "$work/kr" >"$work/kr.out" 2>"$work/kr.err" & follower=$!
for _ in $(seq 100); do [ -s "$work/kr.out" ] && break; sleep 0.1; done
python3 - "$port" > "$work/strangers" <<'PYTHON' &
import socket, sys, time
# A ClientHello's record header and beginning: the service waits for what never comes.
GREETING = bytes.fromhex('1603010200010001fc0303') + bytes(100)
held, opened = [], 0
end = time.time() + 12
while time.time() < end:
    for i in range(40):
        s = socket.socket()
        s.settimeout(0.5)
        try:
            s.bind((f'127.0.0.{2 + opened % 8}', 0))
            s.connect(('127.0.0.1', int(sys.argv[1])))
            if opened % 2:
                s.send(GREETING)
        except OSError:
            pass
        held.append(s)
        opened += 1
    while len(held) > 1500:
        held.pop(0).close()
    time.sleep(0.1)
print(opened)
PYTHON
strangers=$!
sleep 2
for i in $(seq 2 9); do
  denial "$i" > "$work/d.json"
  timeout 10 entente --config "$work/pki/agencies/jp/licensing/client.textproto" denial notify "$work/d.json" >/dev/null || fail "jp cannot notify beside the strangers"
  sleep 0.5
done
wait "$strangers"
[ "$(cat "$work/strangers")" -gt 1500 ] || fail "only $(cat "$work/strangers") connections were opened"
for _ in $(seq 100); do [ "$(wc -l < "$work/kr.out")" -ge 9 ] && break; sleep 0.1; done
[ "$(wc -l < "$work/kr.out")" -ge 9 ] || fail "the follower missed something: $(cat "$work/kr.err")"
[ ! -s "$work/kr.err" ] || fail "the follower was disturbed: $(cat "$work/kr.err")"
timeout 10 entente --config "$work/pki/agencies/nz/licensing/client.textproto" denial list >/dev/null || fail "nobody comes in afterwards"
[ $(($(peak) - before)) -lt 150 ] || fail "the strangers cost $(($(peak) - before)) MiB"

step "a partner who sends what no call explains"
cat > "$work/flood.py" <<'PYTHON'
import socket, ssl, sys, time
port, pki, kind = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.load_verify_locations(f'{pki}/authorities/services.crt')
context.load_cert_chain(f'{pki}/agencies/nz/licensing/tls.crt', f'{pki}/agencies/nz/licensing/tls.key')
context.set_alpn_protocols(['h2'])
s = context.wrap_socket(socket.create_connection(('127.0.0.1', port)))
s.settimeout(1)
def frame(type, flags, stream, payload=b''):
    return len(payload).to_bytes(3, 'big') + bytes([type, flags]) + stream.to_bytes(4, 'big') + payload
s.send(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + frame(4, 0, 0))
flood = {'ping': frame(6, 0, 0, bytes(8)) * 100,                       # answers that nobody reads
         'settings': frame(4, 0, 0, (1).to_bytes(2, 'big') + bytes(4)) * 100,
         'headers': frame(9, 0, 1, bytes(16000))}[kind]                # a header block that never ends
sent, began = 0, time.time()
try:
    if kind == 'headers':
        s.send(frame(1, 0, 1, b'\x82'))
    while sent < 64 << 20 and time.time() < began + 40:
        sent += s.send(flood)
        try:
            s.settimeout(0)
            s.recv(65536)
        except (ssl.SSLWantReadError, BlockingIOError):
            pass
        finally:
            s.settimeout(1)
        time.sleep(0.001)
    print('still connected after', sent)
except (OSError, ssl.SSLError):
    print('cut')
PYTHON
for kind in ping settings headers; do
  timeout 100 python3 "$work/flood.py" "$port" "$work/pki" $kind > "$work/flood.$kind"
  grep -q cut "$work/flood.$kind" || fail "$kind: $(cat "$work/flood.$kind")"
done
[ $(($(peak) - before)) -lt 200 ] || fail "floods cost $(($(peak) - before)) MiB"
as nz denial list >/dev/null || fail "nz, on another connection, is not served"
kill -INT "$follower"
wait "$follower" || fail "the follower ended badly"
# gRPC may end a stream when it is short of memory for a moment: it must have come back.
[ "$(grep -c 'is away' "$work/kr.err")" -eq "$(grep -c 'is back' "$work/kr.err")" ] || fail "the follower was lost: $(cat "$work/kr.err")"

step "whoever stays connected and never answers does not keep the service from ending"
ENTENTE_CONFIG=$work/pki/agencies/kr/licensing/client.textproto \
  entente follow leem --save "$work/kr2" >"$work/kr.out" 2>/dev/null & follower=$!
for _ in $(seq 100); do [ -s "$work/kr.out" ] && break; sleep 0.1; done
kill -STOP "$follower"  # its machine hangs; its connection does not end
python3 - "$port" "$work/pki" <<'PYTHON' > "$work/silent" &
import socket, ssl, sys, time
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
pki = sys.argv[2]
context.load_verify_locations(f'{pki}/authorities/services.crt')
context.load_cert_chain(f'{pki}/agencies/nz/licensing/tls.crt', f'{pki}/agencies/nz/licensing/tls.key')
context.set_alpn_protocols(['h2'])
s = context.wrap_socket(socket.create_connection(('127.0.0.1', int(sys.argv[1]))))
s.send(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
print('connected', flush=True)
time.sleep(60)
PYTHON
for _ in $(seq 100); do [ -s "$work/silent" ] && break; sleep 0.1; done
kill -TERM "$suite_pid"
for _ in $(seq 150); do kill -0 "$suite_pid" 2>/dev/null || break; sleep 0.1; done
kill -0 "$suite_pid" 2>/dev/null && fail "it does not end: its time to drain is ten seconds"
wait "$suite_pid" || fail "it ended badly"
suite_pid=
