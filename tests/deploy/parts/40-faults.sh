# Stopped and killed under load.
step "stopped by SIGTERM under load: nothing is lost, and it stops by itself"
many 100 160 & load=$!
sleep 1
pm stop -t 30 entente-leem >/dev/null
pm logs entente-leem 2>&1 | grep -q '"message":"stopped"' || fail "it did not stop by itself"
[ "$(pm inspect entente-leem --format '{{.State.ExitCode}}')" = 0 ] || fail "its exit code is not 0"
again leem
wait $load
nothing_lost
step "killed by SIGKILL under load: nothing that was acknowledged is lost"
many 200 260 & load=$!
sleep 1
pm kill -s KILL entente-leem >/dev/null
sleep 0.5
again leem
wait $load
nothing_lost
