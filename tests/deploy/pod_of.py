#!/usr/bin/env python3
"""The pod of a StatefulSet, with folders of this machine for its volumes, as podman kube play takes it.

pod_of.py MANIFEST CONFIG-FOLDER DATA-FOLDER
"""
import pathlib
import sys

import yaml

manifest, config, data = sys.argv[1:]
for one in yaml.safe_load_all(pathlib.Path(manifest).read_text()):
    if one['kind'] == 'StatefulSet':
        template = one['spec']['template']
        name = one['metadata']['name']
pod = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': f'{name}-pod', 'labels': template['metadata']['labels']},
       'spec': template['spec']}
container = pod['spec']['containers'][0]
for probe in ('startupProbe', 'livenessProbe', 'readinessProbe'):
    container.pop(probe, None)  # they need systemd under podman
container['ports'] = []
container['volumeMounts'] = [v for v in container['volumeMounts'] if v['name'] in ('config', 'data')]
pod['spec']['volumes'] = [{'name': 'config', 'hostPath': {'path': config, 'type': 'Directory'}},
                          {'name': 'data', 'hostPath': {'path': data, 'type': 'Directory'}}]
pod['spec'].pop('automountServiceAccountToken', None)
pod['spec']['securityContext'].pop('seccompProfile', None)
pod['spec']['hostNetwork'] = True
yaml.safe_dump(pod, sys.stdout)
