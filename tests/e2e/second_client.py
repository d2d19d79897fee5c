"""Pushes and follows with nothing but the .proto files, Python's gRPC and the openssl command."""
import base64
import hashlib
import os
import subprocess
import sys

import batch
import grpc
from entente.exchange.v1 import document_pb2, exchange_service_pb2, ledger_pb2
from entente.leem.v1 import denial_pb2

address, pki, work = sys.argv[1:4]
agency = f'{pki}/agencies/jp/licensing'


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def openssl(*arguments, data=None):
    return subprocess.run(['openssl', *arguments], input=data, capture_output=True, check=True).stdout


def compose(reference):
    content = denial_pb2.DenialContent(
        authority=denial_pb2.Authority(name='Sample', contact_point='mail@sample.example'),
        decision_date=denial_pb2.Date(year=2016, month=10, day=3),
        act=denial_pb2.DENIAL_ACT_REFUSED,
        destination=denial_pb2.Place(country='aq'),
        catch_all=denial_pb2.CatchAll(basis='WMD_END_USE'),
        item_description='Balloon telemetry',
        quantity=denial_pb2.Quantity(amount='1', unit='C62'),
        parties=[denial_pb2.Party(role=denial_pb2.PARTY_ROLE_END_USER, name='Seal Weather')],
        end_use=denial_pb2.StatedText(text='Weather'),
        reasons=[denial_pb2.DenialReason(code='DIVERSION')])
    document = document_pb2.Document(originator='partners/jp/agencies/licensing',
                                     reference=reference)
    document.composed_time.FromSeconds(1477040400)
    document.audience.all_partners.SetInParent()
    document.marking.level = document_pb2.Marking.LEVEL_OFFICIAL
    document.marking.tlp = document_pb2.Marking.TLP_AMBER
    document.body.Pack(denial_pb2.DenialNotification(content=content))
    return document.SerializeToString()


def certificate():
    return openssl('x509', '-in', f'{agency}/officers/officer-1.crt', '-outform', 'DER')


def value_over(message):
    with open(f'{work}/pae', 'wb') as file:
        file.write(message)
    return openssl('dgst', '-sha256', '-sign', f'{agency}/officers/officer-1.key', f'{work}/pae')


def sign(body):
    return document_pb2.SignedDocument(document=body, signatures=[document_pb2.Signature(
        certificate=certificate(), value=value_over(batch.pae(batch.DOCUMENT_TYPE, body)))])


def sign_at_once(bodies):
    """One signature for all of them."""
    salts = [os.urandom(16) for _ in bodies]
    leaves = [batch.leaf_of(salt, body) for salt, body in zip(salts, bodies)]
    header = document_pb2.Document.FromString(bodies[0])
    statement = batch.statement_of(header.originator, batch.audience_of(header), len(bodies), batch.root_of(leaves))
    value = value_over(batch.pae(batch.BATCH_TYPE, statement))
    return [document_pb2.SignedDocument(document=body, signatures=[document_pb2.Signature(
        certificate=certificate(), value=value, batch=document_pb2.BatchPlace(
            size=len(bodies), index=i, salt=salts[i], path=batch.path_of(leaves, i)))])
        for i, body in enumerate(bodies)]


def verify(signed):
    """The signature by the openssl command, over the bytes as received."""
    header = document_pb2.Document.FromString(signed.document)
    with open(f'{work}/pae', 'wb') as file:
        file.write(batch.signed_bytes(signed.document, header, signed.signatures[0]))
    with open(f'{work}/sig', 'wb') as file:
        file.write(signed.signatures[0].value)
    key = openssl('x509', '-inform', 'DER', '-pubkey', '-noout', data=signed.signatures[0].certificate)
    with open(f'{work}/key', 'wb') as file:
        file.write(key)
    openssl('dgst', '-sha256', '-verify', f'{work}/key', '-signature', f'{work}/sig', f'{work}/pae')


def main():
    authority = read(f'{pki}/authorities/services.crt')
    credentials = grpc.ssl_channel_credentials(authority, read(f'{agency}/tls.key'),
                                               read(f'{agency}/tls.crt'))
    channel = grpc.secure_channel(address, credentials)
    service = '/entente.exchange.v1.ExchangeService/'
    submit = channel.unary_unary(
        service + 'Submit',
        request_serializer=exchange_service_pb2.SubmitRequest.SerializeToString,
        response_deserializer=exchange_service_pb2.SubmitResponse.FromString)
    follow = channel.unary_stream(
        service + 'Follow',
        request_serializer=exchange_service_pb2.FollowRequest.SerializeToString,
        response_deserializer=exchange_service_pb2.FollowResponse.FromString)
    body = compose('from-python')
    receipt = submit(exchange_service_pb2.SubmitRequest(signed_document=sign(body))).receipt
    leaf = ledger_pb2.Leaf.FromString(receipt.leaf)
    assert leaf.document_digest == hashlib.sha256(body).digest()
    assert leaf.stamp.name == 'partners/jp/denials/from-python'
    found = False
    for message in follow(exchange_service_pb2.FollowRequest(until_current=True)):
        for delivery in message.deliveries:
            signed = document_pb2.SignedDocument.FromString(delivery.entry.signed_document)
            verify(signed)
            if signed.document != body:
                continue
            found = True
            # One entry: the leaf's hash is the root, in the receipt's checkpoint.
            root = base64.b64encode(hashlib.sha256(b'\x00' + delivery.entry.leaf).digest()).decode()
            assert receipt.checkpoint.split('\n')[2] == root, receipt.checkpoint
    assert found
    at_once = sign_at_once([compose(f'from-python-{i}') for i in range(3)])
    for signed in at_once:
        submit(exchange_service_pb2.SubmitRequest(signed_document=signed))
    came = set()
    for message in follow(exchange_service_pb2.FollowRequest(until_current=True)):
        for delivery in message.deliveries:
            signed = document_pb2.SignedDocument.FromString(delivery.entry.signed_document)
            verify(signed)
            came.add(signed.document)
    assert came >= {signed.document for signed in at_once}
    at_once[0].signatures[0].batch.index = 1
    tampered = sign(body)
    tampered.document = body + b'\x00'
    for signed in tampered, at_once[0]:
        try:
            submit(exchange_service_pb2.SubmitRequest(signed_document=signed))
            raise AssertionError('a tampered document was accepted')
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
    print('pushed, followed and verified by another implementation')


main()
