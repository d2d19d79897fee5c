#!/usr/bin/env python3
"""Runs clang-tidy over sources as the optimised build compiles them: tests/tidy/clang_tidy.py FILE...
Of a header, over a source that includes it. Needs that build's compile commands; leaves out what is not in them."""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMANDS = ROOT / 'build/release/compile_commands.json'


def source_of(name):
    """A source to see a header by: its own, or the first that includes it."""
    if not name.endswith('.h') or (ROOT / name).with_suffix('.cc').exists():
        return name.removesuffix('.h') + '.cc' if name.endswith('.h') else name
    found = subprocess.run(['git', 'grep', '-l', f'#include "{name}"', '--', '*.cc'], cwd=ROOT, capture_output=True, text=True)
    return found.stdout.split('\n')[0] or name


def main():
    if not COMMANDS.exists():
        print('build first: cmake --preset release && cmake --build --preset release')
        return 1
    wanted = {str((ROOT / source_of(name)).resolve()) for name in sys.argv[1:]}
    entries = [e for e in json.loads(COMMANDS.read_text()) if e['file'] in wanted]
    if not entries:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / 'compile_commands.json').write_text(json.dumps(entries))

        def check(entry):
            command = ['clang-tidy-14', '-p', folder, '--quiet', '--extra-arg=-Wno-unknown-warning-option', entry['file']]
            return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            bad = 0
            for entry, done in zip(entries, pool.map(check, entries)):
                if done.returncode != 0:
                    bad += 1
                    print(done.stdout.replace(str(ROOT) + '/', '') or done.stderr)
    print(f'clang-tidy: {len(entries)} files, {bad} with faults')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
