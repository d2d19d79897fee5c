#!/usr/bin/env python3
"""What testssl.sh found, judged: TLS 1.3 only, and nothing of weight. Prints what is wrong; exits 1 if anything is.

read_testssl.py REPORT.json
"""
import json
import sys

# Findings that follow from how services are found and trusted here, each with its reason.
EXPECTED = {
    'cert_chain_of_trust': 'authorities are the directory\'s, not a browser\'s',
    'cert_trust': 'names are SPIFFE URIs; clients check them, not host names',
    'cert_revocation': 'the directory revokes; there are no CRLs',
    'cert_crlDistributionPoints': 'the same',
    'cert_ocspURL': 'the same',
    'OCSP_stapling': 'the same',
    'DNS_CAArecord': 'no public authority issues for these names',
    'certificate_transparency': 'no public authority issues for these names',
    'cert_expirationStatus': 'warned of by metrics at 60, 30 and 7 days',
    'cert_validityPeriod': 'the state\'s own choice',
    'cert_eTLS': 'not in use',
    'engine_problem': 'of the scanner\'s own OpenSSL',
    'scanProblem': 'of the scanner',
    'service': 'gRPC is no HTTP/1',
    'optimal_proto': 'of the scanner\'s own OpenSSL',
}
found = json.load(open(sys.argv[1]))
seen = {one['id']: one for one in found}
bad = []
for protocol in ('SSLv2', 'SSLv3', 'TLS1', 'TLS1_1', 'TLS1_2'):
    if 'not offered' not in seen.get(protocol, {}).get('finding', ''):
        bad.append(f'{protocol}: {seen.get(protocol, {}).get("finding", "was not looked at")}')
if 'offered' not in seen.get('TLS1_3', {}).get('finding', '') or 'not offered' in seen['TLS1_3']['finding']:
    bad.append('TLS 1.3 was not seen')
attacks = ('heartbleed', 'CCS', 'ticketbleed', 'ROBOT', 'POODLE_SSL', 'FREAK', 'DROWN', 'LOGJAM', 'BEAST', 'LUCKY13', 'RC4')
for attack in attacks:
    if attack not in seen:
        bad.append(f'{attack} was not looked at')
for one in found:
    if one['severity'] in ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL', 'FATAL') and one['id'].split(' ')[0] not in EXPECTED:
        bad.append(f'{one["id"]}: {one["severity"]}: {one["finding"]}')
for line in bad:
    print(line)
print(f'      testssl: {len(found)} findings, {len(bad)} of weight')
sys.exit(1 if bad else 0)
