#!/usr/bin/env python3
"""Every program that a script of the repository calls belongs to a package that the scripts install, or to
Debian's essential ones. On a machine where somebody once installed it by hand a missing package is not seen
otherwise. Programs that other programs start, and that Debian only recommends beside them, are named in NEEDED_BY."""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# A program that a script calls -> packages that it starts programs of, and does not depend on.
NEEDED_BY = {'podman': ['catatonit', 'runc']}
# What a script tells that it leaves out where it is missing: npm's registry and kubectl are not Debian's.
LEFT_OUT_IF_MISSING = {'node', 'npm', 'npx', 'kubectl'}
KEYWORDS = set('if then else elif fi for while until do done case esac in function select time { } ! [[ ]] coproc'.split())
BUILTINS = set(subprocess.run(['bash', '-c', 'compgen -b'], capture_output=True, text=True).stdout.split())
PREFIXES = {'env', 'exec', 'command', 'setsid', 'nohup', 'timeout', 'nice', 'sudo', 'time'}


def scripts():
    files = subprocess.run(['git', 'ls-files'], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split('\n')
    for name in filter(None, files):
        path = ROOT / name
        if not path.is_file():
            continue
        if name.endswith('.sh') or path.open('rb').read(64).startswith((b'#!/usr/bin/env bash', b'#!/bin/sh', b'#!/bin/bash')):
            yield path


def code(text):
    """The script without comments, here-documents and quoted text; what is substituted into quotes stays."""
    text = re.sub(r'<<-?\s*([\'"]?)(\w+)\1([^\n]*)\n.*?\n\t*\2(?=\n|$)', r'\3', text, flags=re.S)
    text = re.sub(r'\\\n', ' ', text)
    text = re.sub(r"'[^']*'", "''", text)
    text = re.sub(r'(^|\s)#[^\n]*', r'\1', text)
    inside = re.findall(r'\$\(([^()]*)\)', text)
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
    return '\n'.join([text, *inside])


def calls(text):
    for part in re.split(r'\n|;|\|\|?|&&?|\$\(|`|\(|\)|\bthen\b|\bdo\b|\belse\b', text):
        words = part.split()
        if words and words[0] in ('for', 'select', 'case'):
            continue
        while words and (words[0] in KEYWORDS or re.match(r'^\w+\+?=', words[0]) or words[0] in PREFIXES
                         or words[0].startswith('-') or re.match(r'^[\d.]+[smh]?$', words[0])):
            words.pop(0)
        if words and re.match(r'^[a-z][\w.+-]*$', words[0]):
            yield words[0]


def package_of(path):
    for one in (path, str(pathlib.Path(path).resolve())):
        for form in (one, one.removeprefix('/usr')):
            found = subprocess.run(['dpkg', '-S', form], capture_output=True, text=True)
            if found.returncode == 0:
                return found.stdout.split(':')[0].split(',')[0]
    return None


def with_dependencies(packages):
    """The packages and all that they depend on, as far as they are installed; what is only recommended is not."""
    text = subprocess.run(['dpkg-query', '-W', '-f', '${Package}\t${Pre-Depends}, ${Depends}\t${Provides}\n'],
                          capture_output=True, text=True, check=True).stdout
    depends, provided = {}, {}
    for line in filter(None, text.split('\n')):
        name, needs, provides = line.split('\t')
        depends[name] = re.findall(r'(?:^|[,|])\s*([a-z0-9][a-z0-9.+-]*)', needs)
        for one in re.findall(r'(?:^|,)\s*([a-z0-9][a-z0-9.+-]*)', provides):
            provided.setdefault(one, []).append(name)
    seen, todo = set(packages), list(packages)
    while todo:
        name = todo.pop()
        for one in [*depends.get(name, []), *provided.get(name, [])]:
            if one not in seen:
                seen.add(one)
                todo.append(one)
    return seen


def main():
    if shutil.which('dpkg') is None:
        print('left out: no dpkg here')
        return 77
    sources = {path: path.read_text(errors='replace') for path in scripts()}
    listed = {line.strip() for line in (ROOT / 'deploy/packages.txt').read_text().split('\n')}
    for text in sources.values():
        listed.update(re.findall(r'\bneed ([a-z][\w.+-]*)', text))
        # What a script installs by itself, such as a benchmark's peer.
        for names in re.findall(r'\bapt-get install((?: [\w.+=-]+)+)', text):
            listed.update(name for name in names.split() if not name.startswith('-'))
        for tools in re.findall(r'for tool in ([^;]*);', text):
            listed.update(tools.split())
    essential = set(subprocess.run(['dpkg-query', '-W', '-f', '${Essential} ${Priority} ${Package}\n'],
                                   capture_output=True, text=True, check=True).stdout.split('\n'))
    essential = {line.split()[-1] for line in essential if line.startswith('yes ') or ' required ' in line}
    functions = {name for text in sources.values() for name in re.findall(r'^\s*([\w-]+)\(\)', text, flags=re.M)}
    installed = with_dependencies(listed | essential | {'apt'})  # which installs the others
    breaches = []
    packages = {}
    for path, text in sources.items():
        for word in sorted(set(calls(code(text)))):
            if word in BUILTINS or word in functions or word.startswith('entente'):
                continue
            for needed in NEEDED_BY.get(word, []):
                if needed not in listed:
                    breaches.append(f'{path.relative_to(ROOT)}: {word} starts programs of {needed}, which nothing installs')
            where = shutil.which(word)
            if where is None or where.startswith(str(ROOT)) or word in LEFT_OUT_IF_MISSING:
                continue
            if word not in packages:
                packages[word] = package_of(where)
            if packages[word] is not None and packages[word] not in installed:
                breaches.append(f'{path.relative_to(ROOT)}: {word} is of {packages[word]}, which nothing installs')
    for breach in sorted(set(breaches)):
        print(breach)
    print(f'{len(breaches)} programs of packages that nothing installs; {len(packages)} programs in {len(sources)} scripts')
    return 1 if breaches or len(packages) < 20 else 0


if __name__ == '__main__':
    sys.exit(main())
