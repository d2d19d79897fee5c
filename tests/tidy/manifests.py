#!/usr/bin/env python3
"""Queries name metrics that the code exports; metrics, alerts, runbooks and their table agree; manifests keep the
promises of hardening."""
import json
import pathlib
import re
import sys

import yaml

root = pathlib.Path(__file__).resolve().parents[2]
exported = set(re.findall(r'"(entente_[a-z_]+)"', (root / 'services/core/telemetry/metrics.cc').read_text()))
bad = []
rules = yaml.safe_load((root / 'deploy/prometheus/rules.yml').read_text())
recorded = {r['record'] for g in rules['groups'] for r in g['rules'] if 'record' in r}
queries = [r['expr'] for g in rules['groups'] for r in g['rules']]
board = json.loads((root / 'deploy/grafana/entente.json').read_text())
queries += [t['expr'] for p in board['panels'] for t in p['targets']]
used = set()
for query in queries:
    for name in re.findall(r'(?:group:)?entente_[a-z_0-9:]+', query):
        used.add(name)
        if name not in exported and name not in recorded:
            bad.append(f'{name} in "{query}" is exported by nobody')
for name in exported - used:
    bad.append(f'{name} is on no dashboard and in no rule')
documented = (root / 'docs/OPERATING.md').read_text()
for name in exported:
    if f'`{name}`' not in documented:
        bad.append(f'{name} is not in the table of docs/OPERATING.md')
for rule in (r for g in rules['groups'] for r in g['rules'] if 'alert' in r):
    if not (root / rule['annotations']['runbook']).exists():
        bad.append(f'{rule["alert"]}: its runbook is missing')
tested = {case['alertname'] for test in yaml.safe_load((root / 'deploy/prometheus/rules_test.yml').read_text())['tests']
          for case in test.get('alert_rule_test', []) if case.get('exp_alerts')}
for rule in (r for g in rules['groups'] for r in g['rules'] if 'alert' in r):
    if rule['alert'] not in tested:
        bad.append(f'{rule["alert"]}: no unit test lets it fire')
compose = yaml.safe_load((root / 'deploy/compose.yaml').read_text())
for name in compose['services'].keys() - {'prometheus'}:
    service = compose['services'][name]
    if not service['read_only'] or service['cap_drop'] != ['ALL'] or 'mem_limit' not in service:
        bad.append(f'compose: {name} is not restricted')
for line in bad:
    print(line)
print(f'{len(bad)} faults; {len(exported)} metrics, {len(queries)} queries')
sys.exit(1 if bad else 0)
