# A TLS certificate is rotated and an agency revoked while streams are open.
follow_as() { # state
  ENTENTE_CONFIG=$work/pki/agencies/$1/licensing/client.textproto exec entente follow leem --save "$work/$1.stream"
}
publish() { deploy/prepare "$work/pki" "$work/etc" >/dev/null; }
denial 400 > "$work/d400.json"
as jp denial notify "$work/d400.json" >/dev/null
follow_as nz > "$work/nz.out" 2>&1 & revoked=$!
follow_as kr > "$work/kr.out" 2>&1 & kept=$!
await grep -q denials/400 "$work/nz.out" && await grep -q denials/400 "$work/kr.out" || fail "the streams do not open"
# Without a certificate of one's own the handshake fails after the server has shown its.
serial() { { openssl s_client -connect "127.0.0.1:$(port_of leem)" -alpn h2 </dev/null 2>/dev/null || true; } | openssl x509 -noout -serial 2>/dev/null || true; }
step "the certificate is rotated"
before=$(serial)
entente pki renew-service "$work/pki" --group leem
publish
await eval '[ -n "$(serial)" ] && [ "$(serial)" != "$before" ]' || fail "the old certificate is still served"
kill -0 $revoked && kill -0 $kept || fail "a stream ended by the rotation"
step "the agency is revoked"
entente pki revoke "$work/pki" --state nz --agency licensing >/dev/null
publish
await eval '! kill -0 $revoked' || fail "the revoked agency's stream is open"
wait $revoked 2>/dev/null || true
as nz denial list >/dev/null 2>&1 && fail "the revoked agency is let in"
denial 401 > "$work/d401.json"
as jp denial notify "$work/d401.json" >/dev/null
await grep -q denials/401 "$work/kr.out" || fail "another agency's stream ended"
grep -q denials/401 "$work/nz.out" && fail "the revoked agency was given more"
kill $kept
wait $kept 2>/dev/null || true
grep -q '"caller":"partners/nz/agencies/licensing"' "$work/volumes/leem-audit/audit.log" || fail "the audit does not tell of the stream"
