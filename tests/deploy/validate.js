// Checks rendered manifests: each object against Kubernetes' own schema, each pod against what the "restricted" Pod
// Security Standard asks for. Usage: node validate.js FILE…
'use strict';
const fs = require('fs');
const yaml = require('js-yaml');
const bad = [];

// "apps/v1" StatefulSet stands in kubernetes-models as apps/v1/StatefulSet; the core group as v1/Pod.
function schemaOf(object) {
  const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : [null, object.apiVersion];
  return require(['kubernetes-models', ...(group ? [group] : []), version, object.kind].join('/'))[object.kind];
}

function checkPod(where, pod) {
  const ask = (truth, what) => truth || bad.push(`${where}: ${what}`);
  const pods = pod.securityContext || {};
  ask(pods.runAsNonRoot === true && pods.runAsUser > 0, 'must run as somebody else than root');
  ask(['RuntimeDefault', 'Localhost'].includes((pods.seccompProfile || {}).type), 'needs a seccomp profile');
  ask(!pod.hostNetwork && !pod.hostPID && !pod.hostIPC, 'must not share the host\'s namespaces');
  for (const container of pod.containers) {
    const security = container.securityContext || {};
    ask(security.allowPrivilegeEscalation === false, `${container.name} may gain privileges`);
    ask(security.readOnlyRootFilesystem === true, `${container.name} may write to its root`);
    ask(JSON.stringify((security.capabilities || {}).drop) === '["ALL"]', `${container.name} keeps capabilities`);
    ask(container.resources && container.resources.limits && container.resources.limits.memory, `${container.name} has no memory limit`);
    const given = new Set((container.volumeMounts || []).map(mount => mount.name));
    for (const volume of pod.volumes || []) ask(given.has(volume.name), `volume ${volume.name} is mounted nowhere`);
  }
}

for (const file of process.argv.slice(2)) {
  for (const object of yaml.loadAll(fs.readFileSync(file, 'utf8'))) {
    const where = `${file.replace(/.*\//, '')}: ${object.kind} ${object.metadata.name}`;
    // Base64 may be folded over lines; the schema's pattern is for one.
    for (const key of Object.keys((object.kind === 'Secret' && object.data) || {})) object.data[key] = object.data[key].replace(/\s/g, '');
    try {
      const Schema = schemaOf(object);
      new Schema(object).validate();
    } catch (error) {
      bad.push(`${where}: ${error.message}`);
    }
    const template = object.spec && object.spec.template;
    if (object.kind === 'StatefulSet' && (template.spec.volumes || []).some(volume => volume.hostPath)) {
      bad.push(`${where}: must not mount the host's folders`);
    }
    if (template && template.spec) checkPod(where, template.spec);
  }
}
for (const line of bad) console.error(line);
process.exit(bad.length ? 1 : 0);
