#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""seeds.py NAME CAPTURES SIGNATURES OUT: seeds of fuzz target NAME, one file each in folder OUT.

They are made of the captures of the golden cases (all in folder CAPTURES) and of the signature
files: whole captures, their frames, DNS messages and names in them, or signature files. An octet
in front of a frame chooses its link, as fuzz_wire.c wants it; a row of short frames follows 0xc0
in fuzz_dns.c."""
import glob
import hashlib
import os
import struct
import sys


def frames(path):
    """The frames of a classic little-endian capture."""
    data = open(path, 'rb').read()
    at = 24
    while data[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') and at + 16 <= len(data):
        length = struct.unpack_from('<I', data, at + 8)[0]
        yield data[at + 16:at + 16 + length]
        at += 16 + length


def wire_frames(path):
    return (b'\0' + frame for frame in frames(path))


def messages(path):
    """DNS messages over UDP and IPv4 or IPv6 without options, untagged; and all short frames."""
    short = [frame for frame in frames(path) if len(frame) < 256][:12]
    yield b'\xc0' + b''.join(bytes([len(frame)]) + frame for frame in short)
    for frame in frames(path):
        ip_len = {b'\x08\x00': 20, b'\x86\xdd': 40}.get(frame[12:14], 0)
        ports = frame[14 + ip_len:18 + ip_len]
        proto = frame[14 + (9 if ip_len == 20 else 6):][:1]
        if ip_len and proto == b'\x11' and b'\x00\x35' in (ports[:2], ports[2:]):
            yield frame[14 + ip_len + 8:]


def by_format(path):
    """The text behind the octet that says what it is."""
    kind = {'csv': b'\0', 'json': b'\1'}.get(path.rpartition('.')[2], b'\2')
    yield kind + open(path, 'rb').read()


def names(path):
    """Payloads to the ports of fuzz_names.c, each behind the octet that chooses its port."""
    ports = {b'\x00\x43': b'\0', b'\x02\x23': b'\1', b'\x14\xe9': b'\2'}
    for frame in frames(path):
        ip_len = {b'\x08\x00': 20, b'\x86\xdd': 40}.get(frame[12:14], 0)
        choice = ports.get(frame[16 + ip_len:18 + ip_len])
        if ip_len and choice:
            yield choice + frame[14 + ip_len + 8:]


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    name, captures, signatures, out = sys.argv[1:]
    paths = [os.path.join(captures, f) for f in sorted(os.listdir(captures))]
    if name == 'rules':
        paths = [os.path.join(signatures, f) for f in sorted(os.listdir(signatures))]
    if name == 'import':
        paths = [path for path in glob.glob('tests/golden/import/*.*')
                 if not path.endswith('.out')]
    if name == 'facts':  # all of them are kept: corpus/facts
        paths = []
    kinds = {'wire': wire_frames, 'dns': messages, 'import': by_format, 'names': names}
    take = kinds.get(name, lambda path: [open(path, 'rb').read()])
    os.makedirs(out, exist_ok=True)
    for path in paths:
        for seed in take(path):
            with open(os.path.join(out, hashlib.sha1(seed).hexdigest()[:16]), 'wb') as f:
                f.write(seed)


main()
