# TLS as others see it. The reports stay in build/logs.
need sslscan sslscan
need testssl.sh testssl
at=127.0.0.1:$(port_of leem)
agency=$work/pki/agencies/kr/licensing
step "sslscan sees TLS 1.3 and nothing below"
sslscan --no-colour "$at" > "$logs/sslscan.txt" 2>&1 || true
grep -qE '^TLSv1.3 +enabled' "$logs/sslscan.txt" || fail "sslscan sees no TLS 1.3"
grep -qE '^(SSLv2|SSLv3|TLSv1\.[012]) +enabled' "$logs/sslscan.txt" && fail "sslscan: $(grep enabled "$logs/sslscan.txt")"
grep -E '(Accepted|Preferred)' "$logs/sslscan.txt" | grep -v 'TLSv1.3' && fail "sslscan: a cipher of an old protocol"

step "testssl has no finding of weight: protocols, ciphers, defaults of the server, known attacks"
# A client without a certificate is dropped after its handshake. Whether openssl has then ended already is a race, and
# where it loses testssl takes the port for one without TLS. So its openssl speaks as an agency.
cat > "$work/openssl" <<OPENSSL
#!/bin/sh
[ "\$1" = s_client ] || exec openssl "\$@"
exec openssl "\$@" -alpn h2 -cert "$agency/tls.crt" -key "$agency/tls.key"
OPENSSL
chmod +x "$work/openssl"
# On a busy machine its own connections time out: then it has seen nothing, and looks again.
for _ in 1 2 3; do
  rm -f "$logs/testssl.json"
  OPENSSL=$work/openssl timeout 500 testssl --quiet --color 0 --warnings batch --openssl-timeout 30 --connect-timeout 30 \
    --ip one -p -s -f -S -U --jsonfile "$logs/testssl.json" "$at" > "$logs/testssl.txt" 2>&1 || true
  grep -q '"id" *: *"TLS1_3"' "$logs/testssl.json" 2>/dev/null && grep -q '"id" *: *"LUCKY13"' "$logs/testssl.json" && break
done
/usr/bin/python3 tests/deploy/read_testssl.py "$logs/testssl.json" || fail "testssl"
