#!/usr/bin/env python3
"""House rules as a test: who includes whom, guards, lengths, banned calls, documented reasons.

Prints every breach with its place and exits 1 if there is one. Run from the project's root.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINE_MAX = 100
FUNCTION_MAX = 70
TEST_FUNCTION_MAX = 100
FILE_MAX = 700

# What a folder may include besides itself. Everything may include generated protos.
ALLOWED = {
    'services/core/base': set(),
    'services/core/crypto': {'base'},
    'services': {'base', 'machine/group.h', 'services/iem/register', 'services/leem/register', 'services/tem/register'},
    'services/core/merkle': {'base', 'crypto'},
    'services/core/document': {'base', 'crypto', 'merkle'},
    'services/core/entry': {'base', 'crypto', 'merkle'},
    'services/core/identity': {'base', 'crypto', 'document', 'entry'},
    'services/core/journal': {'base', 'crypto'},
    'services/core/journal/sqlite': {'base', 'crypto', 'journal'},
    'services/core/journal/postgres': {'base', 'crypto', 'journal'},
    'services/core/journal/engines': {'base', 'journal'},
    'services/core/machine': {'base', 'crypto', 'document', 'merkle', 'entry', 'identity', 'journal', 'rules'},
    'services/core/feed': {'base', 'document', 'merkle', 'entry', 'journal', 'machine', 'rules/links.h'},
    'services/core/rules': {'base', 'document'},
    'services/core/trends': {'base', 'machine/register.h'},
    'services/core/telemetry': {'base'},
    'services/core/rpc/transport': {'base', 'document'},
    'services/core/rpc/edge': {'base', 'crypto', 'document', 'entry', 'identity', 'journal', 'machine', 'rpc/transport',
                               'telemetry'},
    'services/core/rpc/streams': {'base', 'crypto', 'document', 'entry', 'feed', 'identity', 'journal', 'machine',
                                  'merkle', 'rpc/edge', 'rpc/transport', 'telemetry'},
    'services/core/rpc': {'base', 'crypto', 'document', 'merkle', 'entry', 'identity', 'journal', 'machine', 'feed',
                          'rpc/edge', 'rpc/streams', 'rpc/transport', 'telemetry', 'trends'},
    'services/core/rpc/host': {'base', 'crypto', 'document', 'entry', 'feed', 'identity', 'journal', 'machine', 'rpc',
                               'rpc/edge', 'rpc/streams', 'rpc/transport', 'telemetry'},
    'services/tem/annex': {'base', 'crypto', 'rules'},
    'services/tem/agreement': set(),
    'services/leem/standing': {'base', 'entry/entry.h'},
    'services/iem': {'base', 'feed', 'journal/engines', 'rpc/exchange_service.h', 'rpc/host', 'rpc/list.h', 'rpc/reading.h', 'services/iem/register'},
    'services/leem': {'base', 'identity/directory_source.h', 'journal/engines', 'rpc/exchange_service.h', 'rpc/host', 'rpc/list.h', 'rpc/reading.h', 'rules', 'telemetry', 'services/leem/register', 'services/leem/standing',
                      'clients/sdk'},
    'services/tem': {'base', 'entry/audience.h', 'feed', 'journal/engines', 'rpc/exchange_service.h', 'rpc/host', 'rpc/list.h', 'rpc/reading.h', 'services/tem/annex',
                     'services/tem/register'},
    'services/suite': {'journal/engines', 'rpc/host', 'services/groups.def', 'services/iem', 'services/leem', 'services/tem'},
    'clients/sdk': {'base', 'crypto', 'document', 'merkle', 'entry', 'identity',
                    'rpc/transport'},
    'clients/sdk/leem': {'base', 'clients/sdk', 'services/leem/standing'},
    'clients/sdk/iem': {'base', 'clients/sdk'},
    'clients/sdk/tem': {'base', 'clients/sdk', 'services/tem/agreement', 'services/tem/annex'},
    'clients/token': {'base'},
    # The command line: base, then exchange, then a room for each group.
    'clients/cli/base': {'base', 'entry', 'identity/directory_file.h', 'rules', 'clients/sdk'},
    'clients/cli/exchange': {'base', 'crypto', 'document', 'entry', 'rpc/transport', 'rules', 'trends',
                             'services/groups.h', 'clients/cli/base', 'clients/sdk'},
    'clients/cli/leem': {'base', 'crypto', 'rules', 'clients/cli/base', 'clients/cli/exchange', 'clients/sdk'},
    'clients/cli/iem': {'base', 'clients/cli/base', 'clients/cli/exchange', 'clients/sdk'},
    'clients/cli/tem': {'base', 'crypto', 'services/tem/annex',
                        'clients/cli/base', 'clients/cli/exchange', 'clients/sdk'},
    'clients/cli/regime': {'base', 'crypto', 'entry', 'identity/directory_file.h', 'services/groups.def', 'services/groups.h',
                           'clients/cli/base'},
    'clients/cli/operate': {'base', 'clients/cli/base', 'clients/sdk'},
    'clients/cli': {'clients/cli'},
    'clients/admin': {'base', 'journal', 'machine/machine.h', 'services/groups.h', 'clients/cli/base'},
}
REGISTER_ALLOWED = {'base', 'crypto', 'document', 'entry', 'rules', 'machine/budgets.h', 'machine/by_reader.h',
                    'machine/chains.h', 'machine/fact_field.h', 'machine/fingerprint.h', 'machine/footprint.h', 'machine/group.h', 'machine/kept_text.h',
                    'machine/register.h', 'machine/released_index.h', 'machine/succession.h', 'machine/word_set.h'}
# Pure folders of a group that its register may include, too.
REGISTER_OWN = {'services/tem/register': ('services/tem/annex', 'services/tem/agreement'),
                'services/leem/register': ('services/leem/standing',)}
FENCED = {  # header prefix -> folders that alone may include it
    'openssl/': ['services/core/crypto'],
    'sqlite3.h': ['services/core/journal/sqlite'],
    'libpq-fe.h': ['services/core/journal/postgres'],
    'grpcpp/': ['services/core/rpc', 'clients/sdk', 'tests'],
    'unicode/': ['services/core/rules'],
}
BANNED = [  # pattern, why, files that may
    (r'system_clock::now|absl::Now\(\)', 'time comes from base::Clock',
     {'services/core/base/clock.cc', 'services/core/telemetry/log.cc', 'services/core/rpc/host/probe.cc', 'services/core/rpc/host/server_host.cc',
      'clients/sdk/client.cc'}),
    (r'\bSerialize(?:AsString|ToString|PartialAsString)\(', 'bytes are sacred: say why it is safe here',
     {'services/core/entry/entry.cc', 'services/core/document/document.cc',
      'services/core/entry/remains.cc', 'services/core/machine/sequencer.cc', 'services/core/base/status.cc',
      'services/core/rpc/transport/grpc_status.cc', 'services/core/identity/acknowledgement.cc', 'clients/sdk/client.cc', 'clients/cli/base/context.cc', 'clients/sdk/outbox.cc', 'clients/sdk/saved_ledgers.cc', 'clients/cli/leem/denial.cc',
      'clients/sdk/public_follower.cc', 'services/core/rpc/exchange_service.cc'}),
    (r'std::ranges::views|std::views::', 'range views do not parse with clang 14', set()),
    (r'\bsleep_for\b|\busleep\(|\bSleepFor\b', 'no sleeps', {'clients/sdk/link.cc'}),
]
GROUP = 'services/(' + '|'.join(re.findall(r'^ENTENTE_GROUP\((\w+),', (ROOT / 'services/groups.def').read_text(), re.M)) + ')/'
breaches = []


def breach(path, line, text):
    breaches.append(f'{path.relative_to(ROOT)}:{line}: {text}')


def sources():
    out = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], cwd=ROOT, text=True,
                         capture_output=True, check=True).stdout.split('\n')
    return [ROOT / f for f in out if f and (ROOT / f).is_file()]


def is_test(rel):
    return '/testing/' in rel or rel.endswith('_test.cc') or rel.startswith('tests/')


def core_part(include):
    return include[len('services/core/'):]


def check_include(path, rel, number, include, system):
    if system:
        for prefix, folders in FENCED.items():
            if include.startswith(prefix) and not is_test(rel) and not any(
                    rel.startswith(f + '/') for f in folders):
                breach(path, number, f'{include} stays in {", ".join(folders)}')
        return
    if is_test(rel) or not include.startswith(('services/', 'clients/', 'tests/')):
        return
    folder = str(pathlib.Path(rel).parent)
    target = str(pathlib.Path(include).parent)
    if include.startswith('tests/') or '/testing/' in include:
        breach(path, number, f'the product includes test code: {include}')
    if folder == target:
        return
    if folder.endswith('/register') and folder.startswith('services/'):
        part = core_part(include) if include.startswith('services/core/') else include
        if target not in REGISTER_OWN.get(folder, ()) and not any(
                part == a or part.startswith(a + '/') for a in REGISTER_ALLOWED):
            breach(path, number, f'a register may not include {include}')
        return
    group = re.match(GROUP, rel)
    other = re.match(GROUP, include)
    if group and other and group.group(1) != other.group(1):
        breach(path, number, f'a group never includes another group: {include}')
    if folder in ALLOWED:
        part = core_part(include) if include.startswith('services/core/') else include
        if not any(part == a or part.startswith(a + '/') for a in ALLOWED[folder]):
            breach(path, number, f'{folder} may not include {include}')
    else:
        breach(path, number, f'{folder} has no row in the table of what it may include')


def functions(lines):
    """First line and length of each definition, in a class or outside: from the line where its signature begins to
    its closing brace."""
    for last, line in enumerate(lines):
        if not line.endswith('{') or not re.search(r'\)|\b(const|override|noexcept) \{$', line):
            continue
        start, open_ = last, line.count(')') - line.count('(')
        while start > 0 and (open_ > 0 or re.match(r'\s*(:|,|-> )', lines[start])):
            start -= 1
            open_ += lines[start].count(')') - lines[start].count('(')
        head = re.match(r'( {0,2})([A-Za-z~].*)', lines[start])
        if not head or re.match(r'(if|for|while|switch|else|return|namespace|class|struct|enum|do|case)\b', head[2]):
            continue
        end = next((n for n in range(last + 1, len(lines)) if lines[n].startswith(head[1] + '}')), last)
        yield start + 1, end - start


def check_functions(path, rel, lines):
    most = TEST_FUNCTION_MAX if is_test(rel) else FUNCTION_MAX
    for number, length in functions(lines):
        if length > most:
            breach(path, number, f'a function of {length} lines; at most {most}')


def check_source(path, rel):
    text = path.read_text()
    lines = text.split('\n')
    if not text.endswith('\n'):
        breach(path, len(lines), 'no line feed at the end')
    if len(lines) > FILE_MAX + 1:
        breach(path, 1, f'{len(lines)} lines; at most {FILE_MAX}')
    if rel.endswith('.h'):
        guard = 'ENTENTE_' + re.sub(r'[/.]', '_', rel).upper() + '_'
        if f'#ifndef {guard}' not in text or f'#endif  // {guard}' not in text:
            breach(path, 1, f'the include guard must be {guard}')
        if not lines[0].startswith('//'):
            breach(path, 1, 'a header starts by saying what it is')
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX and 'http' not in line and '"' not in line:
            breach(path, number, f'{len(line)} columns; at most {LINE_MAX}')
        if line != line.rstrip():
            breach(path, number, 'white space at the end')
        match = re.match(r'#include ([<"])([^>"]+)[>"]', line)
        if match:
            check_include(path, rel, number, match.group(2), match.group(1) == '<')
        for pattern, why, allowed in BANNED:
            if re.search(pattern, line) and rel not in allowed and not is_test(rel):
                breach(path, number, why)
        if re.search(r'flat_hash_', line) and '/register/' in rel:
            breach(path, number, 'a register iterates ordered containers only')
    check_functions(path, rel, lines)


def check_reasons():
    """The README's table of reasons is what reasons.def says; with --write it is made so."""
    text = (ROOT / 'services/core/base/reasons.def').read_text()
    table = '| reason | when |\n|---|---|\n'
    for name, when in re.findall(r'ENTENTE_REASON\(k\w+, (\w+),\s*((?:"[^"]*"\s*)+)\)', text):
        words = ''.join(re.findall('"([^"]*)"', when))
        table += f'| `{name}` | {words} |\n'
    readme = ROOT / 'services/core/rpc/README.md'
    old = readme.read_text()
    new = re.sub(r'\| reason \| when \|\n(\|.*\n)+', lambda _: table, old)
    if '--write' in sys.argv:
        readme.write_text(new)
    elif new != old:
        breach(readme, 1, 'its table of reasons is not that of reasons.def: tidy.py --write')


def check_erasure():
    """The table of docs/ERASURE.md is what the groups' kinds say; with --write it is made so."""
    table = '| group | kind | fields of the body that remain |\n|---|---|---|\n'
    for group in re.findall(r'ENTENTE_GROUP\((\w+),', (ROOT / 'services/groups.def').read_text()):
        text = (ROOT / f'services/{group}/register/group.cc').read_text()
        protos = ''.join(p.read_text() for p in sorted((ROOT / f'proto/entente/{group}/v1').glob('*.proto')))
        for kind in re.findall(r'\{"entente\.\w+\.v1\.(\w+)",\s*Role::\w+', text):
            option = re.search(
                r'^message %s \{\n  option \(entente\.exchange\.v1\.remains\) = "([^"]*)";' % kind, protos, re.M)
            remains = option and (', '.join(f'`{f}`' for f in option[1].split(',') if f) or 'nothing')
            table += f'| {group} | {kind} | {remains or "stays whole"} |\n'
    page = ROOT / 'docs/ERASURE.md'
    old = page.read_text()
    new = re.sub(r'\| group \| kind \|.*\n(\|.*\n)+', lambda _: table, old)
    if '--write' in sys.argv:
        page.write_text(new)
    elif new != old:
        breach(page, 1, 'its table is not what the kinds of the groups say: tidy.py --write')


def check_markdown(path):
    """A formatter of code makes headings and tables of Markdown unreadable."""
    for number, line in enumerate(path.read_text().split('\n'), 1):
        if re.match(r'#+[^#\s!]', line):
            breach(path, number, 'a heading has a space behind its #')
        if re.search(r'\| -- - \|', line):
            breach(path, number, 'a table was taken apart by a formatter')


def check_protos(path):
    """Every message, field, enum, value, service and rpc carries a comment."""
    lines = path.read_text().split('\n')
    for number, line in enumerate(lines, 1):
        element = re.match(r'\s*(message|enum|service|rpc|oneof)\s', line) or re.match(
            r'\s*(repeated |optional )?[\w.<>, ]+ \w+ = \d+;', line)
        if element and not re.match(r'\s*(//|option|syntax|package|import)', line):
            before = lines[number - 2].strip()
            if not before.startswith('//'):
                breach(path, number, 'has no comment')


def main():
    for path in sources():
        rel = str(path.relative_to(ROOT))
        if rel.endswith(('.cc', '.h')):
            check_source(path, rel)
        if rel.endswith('.md'):
            check_markdown(path)
        if rel.endswith('.proto') and rel.startswith('proto/entente'):
            check_protos(path)
    for folder in {p.parent for p in sources() if p.suffix in ('.cc', '.h')}:
        if folder.name != 'testing' and not (folder / 'README.md').exists():
            breach(folder / 'README.md', 1, 'a folder says what lives in it')
    check_reasons()
    check_erasure()
    for line in breaches:
        print(line)
    print(f'{len(breaches)} breaches of the house rules')
    return 1 if breaches else 0


if __name__ == '__main__':
    sys.exit(main())
