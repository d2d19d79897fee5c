// Pushes denials, one signed alone and two at once, follows them, and checks every signature, receipt and checkpoint:
// with the .proto files, @grpc/grpc-js, protobufjs and Node's own crypto. No code of the product.
//   node client.js HOST:PORT PKI-FOLDER PROTO-FOLDER
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';

const [address, pki, protos] = process.argv.slice(2);
const agency = path.join(pki, 'agencies/jp/licensing');
const DOCUMENT = 'application/vnd.entente.document.v1+protobuf';
const BATCH = 'application/vnd.entente.batch.v1+text';

const root = new protobuf.Root();
// Google's own come with protobufjs.
root.resolvePath = (_origin, target) =>
  [protos, 'node_modules/protobufjs'].map((folder) => path.join(folder, target)).find((file) => fs.existsSync(file)) ?? target;
root.loadSync(['entente/exchange/v1/exchange_service.proto', 'entente/leem/v1/denial.proto'], { keepCase: true });
const type = (name: string) => root.lookupType(name);
const [Document, SignedDocument] = ['Document', 'SignedDocument'].map((name) => type(`entente.exchange.v1.${name}`));
const Leaf = type('entente.exchange.v1.Leaf');
type Fields = Record<string, any>;

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}
const sha256 = (...parts: Uint8Array[]) => crypto.createHash('sha256').update(Buffer.concat(parts)).digest();
const pae = (kind: string, body: Uint8Array) =>
  Buffer.concat([Buffer.from(`DSSEv1 ${kind.length} ${kind} ${body.length} `), body]);
const leafOf = (...parts: Uint8Array[]) => sha256(Buffer.from([0]), ...parts);
const nodeOf = (left: Uint8Array, right: Uint8Array) => sha256(Buffer.from([1]), left, right);

// The root that a path leads to (RFC 9162, section 2.1.3.2).
function walk(leaf: Uint8Array, index: number, size: number, proof: Uint8Array[]): Uint8Array {
  check(index < size, 'an index beyond the tree');
  let last = size - 1;
  let node = leaf;
  for (const sibling of proof) {
    check(last > 0 && sibling.length === 32, 'a path that is too long');
    if (index % 2 === 1 || index === last) {
      node = nodeOf(sibling, node);
      while (index % 2 === 0 && index !== 0) [index, last] = [index >> 1, last >> 1];
    } else {
      node = nodeOf(node, sibling);
    }
    [index, last] = [index >> 1, last >> 1];
  }
  check(last === 0, 'a path that is too short');
  return node;
}

function statement(header: Fields, size: number, treeRoot: Uint8Array): Buffer {
  const { listed } = header.audience;
  const audience = listed ? listed.states.join(',') : header.audience.public ? 'public' : 'all_partners';
  const lines = ['entente-batch/v1', header.originator, audience, size, Buffer.from(treeRoot).toString('base64')];
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

// What a document's signature must be over: its batch's statement, or itself.
function signedBytes(document: Uint8Array, signature: Fields): Buffer {
  if (!signature.batch) return pae(DOCUMENT, document);
  const { size, index = 0, salt, path: proof = [] } = signature.batch;
  check(size >= 1 && size <= 4096 && salt.length === 16, 'a place that is none');
  const header = Document.decode(document) as Fields;
  return pae(BATCH, statement(header, size, walk(leafOf(salt, pae(DOCUMENT, document)), index, size, proof)));
}

function verifyDocument(bytes: Uint8Array): Fields {
  const { document, signatures } = SignedDocument.decode(bytes) as Fields;
  check(signatures.length > 0, 'nobody signed it');
  for (const signature of signatures) {
    const { publicKey } = new crypto.X509Certificate(signature.certificate);
    check(crypto.verify('sha256', signedBytes(document, signature), publicKey, signature.value), 'a signature does not hold');
  }
  return Document.decode(document) as Fields;
}

// A checkpoint's size and root, once a log key of the directory has signed it (C2SP signed note, Ed25519).
const keys = fs.readFileSync(path.join(pki, 'directory.textproto'), 'utf8').matchAll(/log_keys: "([^"+]*)\+([0-9a-f]{8})\+([^"]*)"/g);
const logKeys = new Map([...keys].map(([, name, id, key]) => [`${name}+${id}`, Buffer.from(key, 'base64').subarray(1)]));
function openCheckpoint(note: string): { origin: string; size: number; root: Buffer } {
  const end = note.indexOf('\n\n') + 1;
  const text = note.slice(0, end);
  const good = note.slice(end + 1).split('\n').some((line) => {
    const [, name, encoded] = /^— (\S+) (\S+)$/.exec(line) ?? [];
    const value = Buffer.from(encoded ?? '', 'base64');
    const key = logKeys.get(`${name}+${value.subarray(0, 4).toString('hex')}`);
    if (!key) return false;
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key]);
    return crypto.verify(null, Buffer.from(text), { key: spki, format: 'der', type: 'spki' }, value.subarray(4));
  });
  check(good, 'a checkpoint that no log key has signed');
  const [origin, size, treeRoot] = text.split('\n');
  return { origin, size: Number(size), root: Buffer.from(treeRoot, 'base64') };
}

function verifyReceipt(receipt: Fields, document: Uint8Array) {
  const leaf = Leaf.decode(receipt.leaf) as Fields;
  check(sha256(document).equals(leaf.document_digest), 'a receipt for another document');
  const checkpoint = openCheckpoint(receipt.checkpoint);
  const led = walk(leafOf(receipt.leaf), Number(leaf.stamp.index), checkpoint.size, receipt.inclusion_proof);
  check(checkpoint.root.equals(led), 'a receipt whose proof does not hold');
  check(checkpoint.origin === `mtcr.example/leem/${leaf.stamp.ledger}`, `a checkpoint of ${checkpoint.origin}`);
}

function compose(reference: string): Uint8Array {
  const Denial = type('entente.leem.v1.DenialNotification');
  const enums = (name: string) => root.lookupEnum(`entente.leem.v1.${name}`).values;
  const body = Denial.encode({ content: {
    authority: { name: 'Sample', contact_point: 'mail@sample.example' },
    decision_date: { year: 2016, month: 10, day: 3 }, act: enums('DenialAct').DENIAL_ACT_REFUSED,
    destination: { country: 'aq' }, catch_all: { basis: 'WMD_END_USE' }, item_description: 'Balloon telemetry',
    quantity: { amount: '1', unit: 'C62' }, parties: [{ role: enums('PartyRole').PARTY_ROLE_END_USER, name: 'Seal Weather' }],
    end_use: { text: 'Weather' }, reasons: [{ code: 'DIVERSION' }] } }).finish();
  return Document.encode({
    originator: 'partners/jp/agencies/licensing', reference, composed_time: { seconds: 1477040400 },
    audience: { all_partners: {} }, marking: { level: 2, tlp: 3 },
    body: { type_url: 'type.googleapis.com/entente.leem.v1.DenialNotification', value: body } }).finish();
}

const officer = fs.readFileSync(path.join(agency, 'officers/officer-1.key'));
const certificate = new crypto.X509Certificate(fs.readFileSync(path.join(agency, 'officers/officer-1.crt'))).raw;
const sign = (message: Uint8Array) => crypto.sign('sha256', message, officer);
const signAlone = (document: Uint8Array) => ({ document, signatures: [{ certificate, value: sign(pae(DOCUMENT, document)) }] });
function signTwo(documents: [Uint8Array, Uint8Array]) {
  const salts = documents.map(() => crypto.randomBytes(16));
  const leaves = documents.map((document, i) => leafOf(salts[i], pae(DOCUMENT, document)));
  const value = sign(pae(BATCH, statement(Document.decode(documents[0]) as Fields, 2, nodeOf(leaves[0], leaves[1]))));
  return documents.map((document, i) => ({ document, signatures: [
    { certificate, value, batch: { size: 2, index: i, salt: salts[i], path: [leaves[1 - i]] } }] }));
}

const credentials = grpc.credentials.createSsl(fs.readFileSync(path.join(pki, 'authorities/services.crt')),
  fs.readFileSync(path.join(agency, 'tls.key')), fs.readFileSync(path.join(agency, 'tls.crt')));
const client = new grpc.Client(address, credentials);
const encode = (name: string) => (message: Fields) => Buffer.from(type(`entente.exchange.v1.${name}`).encode(message).finish());
const decode = (name: string) => (bytes: Buffer) => type(`entente.exchange.v1.${name}`).decode(bytes) as Fields;
const method = (name: string) => `/entente.exchange.v1.ExchangeService/${name}`;
const submit = (signed_document: Fields) => new Promise<Fields>((resolve, reject) => client.makeUnaryRequest(
  method('Submit'), encode('SubmitRequest'), decode('SubmitResponse'), { signed_document },
  (error, response) => (error ? reject(error) : resolve(response!.receipt))));

const documents = [compose('ts-1'), compose('ts-2'), compose('ts-3')];
const signed = [signAlone(documents[0]), ...signTwo([documents[1], documents[2]])];
for (const one of signed) verifyReceipt(await submit(one), one.document);
const forged = structuredClone(signed[1]) as Fields;
forged.signatures[0].batch.index = 1;
await submit(forged).then(() => { throw new Error('a forged place is taken'); },
  (error: grpc.ServiceError) => check(error.code === grpc.status.INVALID_ARGUMENT, String(error)));

const stream = client.makeServerStreamRequest(method('Follow'), encode('FollowRequest'), decode('FollowResponse'), { until_current: true });
const came = new Set<string>();
const leaves: Uint8Array[] = [];
let checkpoints = 0;
for await (const message of stream as AsyncIterable<Fields>) {
  for (const { ledger, entry } of message.deliveries) {
    came.add(verifyDocument(entry.signed_document).reference);
    const { document_digest, envelope_digest } = Leaf.decode(entry.leaf) as Fields;
    check(sha256((SignedDocument.decode(entry.signed_document) as Fields).document).equals(document_digest), 'another document');
    check(sha256(entry.signed_document).equals(envelope_digest), 'another envelope');
    check(ledger === 'all', `a ledger that nobody wrote to: ${ledger}`);
    leaves.push(leafOf(entry.leaf));
  }
  for (const note of message.checkpoints) {
    const { size, root: signedRoot } = openCheckpoint(note);
    check(size === leaves.length && signedRoot.equals(rootOf(leaves)), 'a checkpoint of other entries');
    ++checkpoints;
  }
}
function rootOf(of: Uint8Array[]): Uint8Array {
  if (of.length === 1) return of[0];
  const half = 2 ** Math.floor(Math.log2(of.length - 1));
  return nodeOf(rootOf(of.slice(0, half)), rootOf(of.slice(half)));
}
for (const reference of ['ts-1', 'ts-2', 'ts-3']) check(came.has(reference), `${reference} did not come`);
check(checkpoints > 0, 'no checkpoint came');
client.close();
console.log(`pushed, followed and verified by TypeScript: ${came.size} documents`);
