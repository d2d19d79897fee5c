# The restore drill.
backup() { pm exec entente-leem /usr/bin/entente-admin backup /var/lib/entente/leem.db "/var/lib/entente/$1" --group leem "${keys_inside[@]}"; }
put_back() { # file: as the runbook says, with the heads file on its own volume
  pm stop -t 30 entente-leem >/dev/null
  rm -rf "${work:?}"/volumes/leem/*
  cp "$1" "$work/volumes/leem/leem.db"
  chown -R 65532:65532 "$work/volumes/leem"
}
step "backed up while it writes"
mkdir -p "$work/backups"
many 300 330 & load=$!
backup early.db | grep -q '^ok' || fail "no backup while it writes"
wait $load
mv "$work/volumes/leem/early.db" "$work/backups/"
backup last.db | grep -q '^ok' || fail "no backup"
mv "$work/volumes/leem/last.db" "$work/backups/"
await eval 'entente status --metrics "$(metrics_of leem)" | grep -q " h ago"' || fail "status does not show the backup"

step "the volume is destroyed; the newest backup restores all of it"
put_back "$work/backups/last.db"
again leem
nothing_lost
as kr follow leem --save "$work/kr" --until-current >/dev/null 2>&1 || fail "kr cannot go on after the restore"
as kr verify "$work/kr" | grep -q '^ok' || fail "kr's copy does not verify"

step "an older backup is refused: partners are ahead of it"
many 340 341
put_back "$work/backups/last.db"
pm start entente-leem >/dev/null
await eval 'pm logs --tail 5 entente-leem 2>&1 | grep -q JOURNAL_ROLLED_BACK' || fail "an older state is served under the same name"
await eval '[ "$(pm inspect entente-leem --format "{{.State.Status}}")" = exited ]' || fail "it goes on"
[ "$(pm inspect entente-leem --format '{{.State.ExitCode}}')" = 3 ] || fail "its exit code is not 3"

step "for the parts that follow: a new ledger, with partners that begin anew"
rm -rf "${work:?}"/volumes/leem/* "${work:?}"/volumes/leem-heads/* "$work/kr" "$work/acknowledged" "$work"/pki/agencies/*/licensing/state
again leem
