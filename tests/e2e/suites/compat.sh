# One release back: the old client against this service, this client against the old one, and a store that goes from the
# old program to this one and back. The last release is built by tests/compat.
source "$(dirname "$0")/../lib.sh" "$1"
old=$root/build/compat/bin
[ -x "$old/entente" ] || { echo "the last release is not built (tests/compat): skipped"; exit 77; }
make_regime leem iem tem
main_job() { # client number: push, receive and verify, and an outsider sees nothing
  local path=$PATH
  PATH=$1:$path
  denial "$2" jp,kr > "$work/d.json"
  as jp denial notify "$work/d.json" >/dev/null || fail "$1 cannot push"
  as kr follow leem --save "$work/kr" --until-current > "$work/out" 2>&1 || fail "$1 cannot follow: $(cat "$work/out")"
  grep -q "denials/$2" "$work/out" || fail "$1 does not receive"
  as kr verify "$work/kr" | grep -q '^ok' || fail "$1 cannot verify"
  as nz denial get "partners/jp/denials/$2" >/dev/null 2>&1 && fail "nz sees it"
  alert "$2" > "$work/a.json"
  as jp alert send "$work/a.json" >/dev/null || fail "$1 cannot send an alert"
  as kr denial list >/dev/null && as kr alert list >/dev/null && as kr proposal list >/dev/null || fail "$1 cannot list"
  as jp delivery "partners/jp/denials/$2" >/dev/null || fail "$1 cannot ask who has it"
  as kr trend >/dev/null || fail "$1 cannot ask for trends"
  PATH=$path
}
serve() { # binaries: this suite or the old one
  local path=$PATH
  PATH=$1:$path
  start_suite || fail "no start with $1: $(tail -2 "$work/suite.log")"
  PATH=$path
}
step "the last release's service, with this client"
serve "$old"
main_job "$bin" 1
publish_annex
stop_suite TERM
step "upgrade: this service takes the store over; the old client and this one"
serve "$bin"
main_job "$old" 2
main_job "$bin" 3
as jp denial list --json | grep -o 'denials/[0-9]*' | sort -u | grep -c . | grep -qx 3 || fail "not everything came over"
stop_suite TERM
entente-admin fsck "$work/leem.db" --directory "$work/pki/directory.textproto" --directory-key "$work/pki/directory.pub" > "$work/fsck" || fail "fsck: $(cat "$work/fsck")"
step "downgrade: the last release goes on with what this one wrote"
serve "$old"
main_job "$bin" 4
stop_suite TERM
step "and this one again"
serve "$bin"
main_job "$old" 5
