"""Batch signatures (exchange.v1.BatchPlace) by the Python standard library alone: no code of the product."""
import base64
import hashlib

DOCUMENT_TYPE = b'application/vnd.entente.document.v1+protobuf'
BATCH_TYPE = b'application/vnd.entente.batch.v1+text'


def pae(media_type, body):
    return b'DSSEv1 %d %s %d %s' % (len(media_type), media_type, len(body), body)


def leaf_of(salt, document):
    return hashlib.sha256(b'\0' + salt + pae(DOCUMENT_TYPE, document)).digest()


def node_of(left, right):
    return hashlib.sha256(b'\1' + left + right).digest()


def audience_of(header):
    kind = header.audience.WhichOneof('kind')
    return kind if kind != 'listed' else ','.join(header.audience.listed.states)


def statement_of(originator, audience, size, root):
    lines = 'entente-batch/v1', originator, audience, str(size), base64.b64encode(root).decode()
    return ''.join(line + '\n' for line in lines).encode()


def root_of(leaves):
    """RFC 9162, section 2.1.1."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node_of(root_of(leaves[:half]), root_of(leaves[half:]))


def path_of(leaves, index):
    """RFC 9162, section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return path_of(leaves[:half], index) + [root_of(leaves[half:])]
    return path_of(leaves[half:], index - half) + [root_of(leaves[:half])]


def walk(leaf, index, size, path):
    """The root that a path leads to (RFC 9162, section 2.1.3.2)."""
    assert index < size <= 4096
    last, node = size - 1, leaf
    for sibling in path:
        assert last > 0 and len(sibling) == 32
        if index % 2 or index == last:
            node = node_of(sibling, node)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            node = node_of(node, sibling)
        index, last = index // 2, last // 2
    assert last == 0
    return node


def signed_bytes(document, header, signature):
    """What the signature of a document must be over: the statement of its batch, or itself."""
    if not signature.HasField('batch'):
        return pae(DOCUMENT_TYPE, document)
    place = signature.batch
    assert len(place.salt) == 16
    root = walk(leaf_of(place.salt, document), place.index, place.size, place.path)
    return pae(BATCH_TYPE, statement_of(header.originator, audience_of(header), place.size, root))
