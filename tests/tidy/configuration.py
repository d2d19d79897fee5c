#!/usr/bin/env python3
"""docs/CONFIGURATION.md is what the protos of the configuration say; with --write it is made so."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs/CONFIGURATION.md'
FILES = ['server_config', 'client_config', 'regime_profile', 'directory']
HEAD = '''# Configuration
Every field of the files that programs read, as the protos under `proto/entente/config/v1` say it. Made by
`tests/tidy/configuration.py --write`.

All of these files are protobuf text: `field: value`, texts in quotes, messages in braces, lists by repeating the field, and comments
after `#`. A field that no program knows is an error, so that a slip is told. Relative paths start at the file's folder.
`entente-leem --config FILE --check` says whether a service would start with it. Samples are in `deploy/config`.
'''


def parse(text):
    """Messages of a proto, in its order: (name, comment, [(field, type, comment)])."""
    messages, comment, fields, name, about = [], [], None, '', ''
    for line in text.split('\n'):
        line = line.strip()
        if line.startswith('//'):
            comment.append(line[2:].strip())
        elif match := re.match(r'message (\w+) \{$', line):
            name, about, fields, comment = match[1], ' '.join(comment), [], []
        elif line == '}':
            if fields is not None:
                messages.append((name, about, fields))
            fields, comment = None, []
        elif fields is not None and (match := re.match(r'(repeated )?([\w.]+) (\w+) = \d+', line)):
            kind = match[2] + (', repeated' if match[1] else '')
            fields.append((match[3], kind, ' '.join(comment)))
            comment = []
        else:
            comment = []
    return messages


def page():
    out = HEAD
    known = {m[0] for f in FILES for m in parse((ROOT / f'proto/entente/config/v1/{f}.proto').read_text())}
    for file in FILES:
        for i, (name, about, fields) in enumerate(parse((ROOT / f'proto/entente/config/v1/{file}.proto').read_text())):
            out += f'\n{"##" if i == 0 else "###"} {name}\n{about}\n\n| field | type | |\n|---|---|---|\n'
            for field, kind, comment in fields:
                bare = kind.split(',')[0]
                shown = kind.replace(bare, f'[{bare}](#{bare.lower()})') if bare in known else kind
                out += f'| `{field}` | {shown} | {comment.replace("|", chr(92) + "|").replace("<", "&lt;")} |\n'
    return out


def main():
    wanted = page()
    if '--write' in sys.argv:
        PAGE.write_text(wanted)
    elif not PAGE.exists() or PAGE.read_text() != wanted:
        print(f'{PAGE.relative_to(ROOT)} is not what the protos say: tests/tidy/configuration.py --write')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
