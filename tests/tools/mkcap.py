#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mkcap.py SCENARIO OUT        writes the capture that the text file SCENARIO describes
mkcap.py --repeat IN OUT MB  writes classic IN again and again, times moved on, up to MB megabytes

A scenario has one statement a line; # starts a comment. Settings:
  format FORMAT             pcap, pcap-ns, pcapng or pcapng-ns, each also with -be (default pcap)
  link NAME [FLAG ...]      link type of the next interface: one of LINKS, or a LINKTYPE_ number;
                            flags of 802.11: qos, wds, amsdu, protected, fcs
  host NAME MAC ADDRESS ... a device. The gateway is 02:00:00:00:00:01, 192.168.1.1, fd00::1
  options ..., signatures FOLDER, status N
                            for the golden runner: what replay is given, its exit status
  cut N                     leave out the last N bytes of the file
Events start with a time in seconds: absolute, or with + after the event before:
  TIME dns HOST NAME ANSWER ...   query and answer. ANSWER: an address, cname TARGET, or
                                  hint ADDRESS (in an HTTPS record)
  TIME tcp|udp HOST ADDRESS:PORT  a flow ([ADDRESS]:PORT for IPv6)
  TIME dhcp HOST [NAME]           a DHCP request (DHCPv6 of a host that has only IPv6 addresses)
  TIME mdns HOST NAME [ADDRESS]   an announcement of NAME for ADDRESS (the host's own)
  TIME frame HEX                  the bytes of a frame as they are
Options at the end of an event:
  all       from ADDRESS (one of the host's); sport PORT; on N (interface, 0 is the first);
            vlan ID or S.C; pppoe SESSION
  dns       only query|answer; ttl S; server ADDRESS; rcode N; over tcp; segment BYTES (of each TCP
            segment); fragment BYTES (of each IP fragment); cached (the answer is not authoritative)
  dhcp      fqdn (NAME in the domain name's option instead)
  tcp, udp  packets N (default 6); only up|down; bytes N (payload of each); syn (TCP: only SYNs)
"""
import ipaddress
import struct
import sys

GATEWAY_MAC = '02:00:00:00:00:01'
BSSID = '02:00:00:00:00:02'
START = 1767225600  # 2026-01-01T00:00:00Z
MS = 1000000
LINKS = {'ethernet': 1, 'null': 0, 'ppp': 9, 'raw': 101, 'wlan': 105, 'loop': 108, 'sll': 113,
         'prism': 119, 'radiotap': 127, 'avs': 163, 'ppi': 192, 'sll2': 276}
VALUES = {'from', 'on', 'sport', 'vlan', 'pppoe', 'only', 'ttl', 'server', 'over', 'segment',
          'fragment', 'rcode', 'packets', 'bytes'}
SWITCHES = {'syn', 'cached', 'fqdn'}
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def mac_bytes(text):
    return bytes.fromhex(text.replace(':', ''))


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


# --- packets: each function wraps its payload in one more header

def transport_packet(src, dst, ip_proto, header, payload, checksum_at):
    """A TCP or UDP header with its checksum filled in, and the payload."""
    length = len(header) + len(payload)
    pseudo = src.packed + dst.packed + struct.pack('>IHBB', length, 0, 0, ip_proto)
    value = checksum(pseudo + header + payload) or 0xffff
    return header[:checksum_at] + struct.pack('>H', value) + header[checksum_at + 2:] + payload


def udp_packet(src, dst, sport, dport, payload):
    header = struct.pack('>4H', sport, dport, 8 + len(payload), 0)
    return transport_packet(src, dst, 17, header, payload, 6)


def tcp_packet(src, dst, ports, numbers, flags, payload):
    header = struct.pack('>HHIIBBHHH', *ports, *numbers, 5 << 4, flags, 65535, 0, 0)
    return transport_packet(src, dst, 6, header, payload, 16)


def ip_packet(src, dst, ip_proto, payload, frag_id=0, frag_field=0):
    """frag_field: offset in bytes, plus 1 when more fragments follow."""
    if src.version == 4:
        flags = (frag_field & ~7) >> 3 | (frag_field & 1) << 13
        head = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), frag_id, flags, 64,
                           ip_proto, 0, src.packed, dst.packed)
        return head[:10] + struct.pack('>H', checksum(head)) + head[12:] + payload
    if frag_id:
        payload = struct.pack('>BBHI', ip_proto, 0, frag_field, frag_id) + payload
        ip_proto = 44
    head = struct.pack('>IHBB', 6 << 28, len(payload), ip_proto, 64)
    return head + src.packed + dst.packed + payload


def ip_fragments(src, dst, ip_proto, payload, size):
    """One packet, or with a size several."""
    if not size:
        return [ip_packet(src, dst, ip_proto, payload)]
    size &= ~7
    return [ip_packet(src, dst, ip_proto, payload[at:at + size], 0x4a21,
                      at | (1 if at + size < len(payload) else 0))
            for at in range(0, len(payload), size)]


def name_wire(name):
    return b''.join(bytes([len(x)]) + x.encode() for x in name.split('.') if x) + b'\0'


def dns_message(ident, name, qtype, records, flags):
    """records: (owner, type, ttl, data)."""
    head = struct.pack('>6H', ident, flags, 1, len(records), 0, 0)
    body = name_wire(name) + struct.pack('>HH', qtype, 1)
    for owner, rtype, ttl, data in records:
        body += b'\xc0\x0c' if owner == name else name_wire(owner)
        body += struct.pack('>HHIH', rtype, 1, ttl, len(data)) + data
    return head + body


# --- link types: from an IP packet to a frame

def encapsulate(packet, options):
    """(ethertype, payload) with the tags and the PPPoE session of an event."""
    eth_type = 0x0800 if packet[0] >> 4 == 4 else 0x86dd
    if 'pppoe' in options:
        ppp_proto = 0x0021 if eth_type == 0x0800 else 0x0057
        packet = struct.pack('>BBHHH', 0x11, 0, int(options['pppoe']), len(packet) + 2,
                             ppp_proto) + packet
        eth_type = 0x8864
    tags = [int(t) for t in options['vlan'].split('.')] if 'vlan' in options else []
    for depth, tag in reversed(list(enumerate(tags))):
        packet = struct.pack('>HH', tag, eth_type) + packet
        eth_type = 0x88a8 if depth == 0 and len(tags) == 2 else 0x8100
    return eth_type, packet


def wlan_frame(src, dst, up, flags, eth_type, packet):
    control = [0x08, 0x01 if up else 0x02]
    address = [BSSID, src, dst] if up else [dst, BSSID, src]
    llc = b'\xaa\xaa\x03\0\0\0' + struct.pack('>H', eth_type)
    if 'wds' in flags:
        control[1] |= 3
        address = ['02:00:00:00:00:03', BSSID, dst]
    if 'protected' in flags:
        control[1] |= 0x40
    if 'qos' in flags or 'amsdu' in flags:
        control[0] |= 0x80
    head = bytes(control) + b'\0\0' + b''.join(mac_bytes(a) for a in address) + b'\x10\0'
    if 'wds' in flags:
        head += mac_bytes(src)
    if 'qos' in flags or 'amsdu' in flags:
        head += b'\x80\0' if 'amsdu' in flags else b'\0\0'
    body = llc + packet
    if 'amsdu' in flags:
        other = b'\xaa\xaa\x03\0\0\0\x08\x06' + bytes(28)  # an ARP in front
        body = mac_bytes(dst) + mac_bytes(src) + struct.pack('>H', len(other)) + other + b'\0\0' + \
            mac_bytes(dst) + mac_bytes(src) + struct.pack('>H', len(body)) + body
    return head + body + (b'\xde\xad\xbe\xef' if 'fcs' in flags else b'')


def capture_header(link, flags, frame):
    """What capture programs put before an 802.11 frame."""
    if link == 'radiotap':  # presence: TSFT and flags
        return struct.pack('<BBHIQB', 0, 0, 17, 3, 0, 0x10 if 'fcs' in flags else 0) + frame
    if link == 'prism':
        return struct.pack('<II', 0x44, 144) + bytes(136) + frame
    if link == 'avs':
        return struct.pack('>II', 0x80211001, 64) + bytes(56) + frame
    if link == 'ppi':
        return struct.pack('<BBHI', 0, 0, 8, 105) + frame
    return frame


def link_frame(interface, src, dst, up, packet, options):
    link, flags = interface
    eth_type, payload = encapsulate(packet, options)
    if link in ('wlan', 'radiotap', 'prism', 'avs', 'ppi'):
        return capture_header(link, flags, wlan_frame(src, dst, up, flags, eth_type, payload))
    if link == 'sll':
        return struct.pack('>HHH', 0 if up else 4, 1, 6) + mac_bytes(src) + b'\0\0' + \
            struct.pack('>H', eth_type) + payload
    if link == 'sll2':
        return struct.pack('>HHIHBB', eth_type, 0, 3, 1, 0 if up else 4, 6) + mac_bytes(src) + \
            b'\0\0' + payload
    if link == 'null':
        return struct.pack('<I', 2 if packet[0] >> 4 == 4 else 10) + packet
    if link == 'loop':
        return struct.pack('>I', 2 if packet[0] >> 4 == 4 else 24) + packet
    if link == 'ppp':
        return b'\xff\x03' + struct.pack('>H', 0x21 if packet[0] >> 4 == 4 else 0x57) + packet
    if link == 'raw':
        return packet
    return mac_bytes(dst) + mac_bytes(src) + struct.pack('>H', eth_type) + payload


# --- files

def pcap_file(frames, interfaces, order, unit_ns):
    magic = 0xa1b23c4d if unit_ns == 1 else 0xa1b2c3d4
    out = [struct.pack(order + 'IHHIIII', magic, 2, 4, 0, 0, 262144, link_number(interfaces[0][0]))]
    for time_ns, _, data in frames:
        s, ns = divmod(time_ns, 10**9)
        out.append(struct.pack(order + '4I', s, ns // unit_ns, len(data), len(data)) + data)
    return b''.join(out)


def pcapng_block(order, block_type, body):
    body += bytes(-len(body) % 4)
    edge = struct.pack(order + 'I', len(body) + 12)
    return struct.pack(order + 'I', block_type) + edge + body + edge


def pcapng_file(frames, interfaces, order, unit_ns):
    out = [pcapng_block(order, 0x0a0d0d0a, struct.pack(order + 'IHHq', 0x1a2b3c4d, 1, 0, -1))]
    for i, (link, _) in enumerate(interfaces):
        body = struct.pack(order + 'HHI', link_number(link), 0, 65535 + i)
        if unit_ns == 1:
            body += struct.pack(order + 'HHB3xHH', 9, 1, 9, 0, 0)
        out.append(pcapng_block(order, 1, body))
    for time_ns, interface, data in frames:
        units = time_ns // unit_ns
        head = struct.pack(order + '5I', interface, units >> 32, units & 0xffffffff, len(data),
                           len(data))
        out.append(pcapng_block(order, 6, head + data))
    return b''.join(out)


def link_number(link):
    return LINKS[link] if link in LINKS else int(link)


# --- scenarios

class Scenario:
    def __init__(self):
        self.format = 'pcap'
        self.interfaces = []
        self.hosts = {}
        self.frames = []
        self.time_ns = START * 10**9
        self.cut = 0
        self.serial = 0

    def send(self, mac, up, packet, options):
        """Adds one packet between a host and the gateway; time moves on by a millisecond."""
        on = int(options.get('on', 0))
        ends = (mac, GATEWAY_MAC) if up else (GATEWAY_MAC, mac)
        frame = link_frame(self.interfaces[on], *ends, up, packet, options)
        self.frames.append((self.time_ns, on, frame))
        self.time_ns += MS

    def host_end(self, host, version, options):
        """(MAC, address) of a host, with the address of that IP version."""
        mac, addresses = self.hosts[host]
        if 'from' in options:
            return mac, ipaddress.ip_address(options['from'])
        return mac, next(a for a in addresses if a.version == version)

    def event_dns(self, args, options):
        host, name = args[0], args[1]
        records, qtype = self.dns_records(name, args[2:], int(options.get('ttl', 60)))
        version = 6 if all(a.version == 6 for a in self.hosts[host][1]) else 4
        if 'from' in options:
            version = ipaddress.ip_address(options['from']).version
        resolver = 'fd00::1' if version == 6 else '192.168.1.1'
        server = ipaddress.ip_address(options.get('server', resolver))
        mac, client = self.host_end(host, server.version, options)
        self.serial += 1
        ident, sport = 0x1000 + self.serial, int(options.get('sport', 40000 + self.serial))
        flags = (0x8180 if 'cached' in options else 0x8580) | int(options.get('rcode', 0))
        query = dns_message(ident, name, qtype, [], 0x0100)
        answer = dns_message(ident, name, qtype, records, flags)
        send = self.dns_tcp if options.get('over') == 'tcp' else self.dns_udp
        send(mac, (client, sport), (server, 53), (query, answer), options)

    @staticmethod
    def dns_records(name, words, ttl):
        records, owner, qtype = [], name, 1
        words = iter(words)
        for word in words:
            if word == 'cname':
                target = next(words)
                records.append((owner, 5, ttl, name_wire(target)))
                owner = target
            elif word == 'hint':
                address = ipaddress.ip_address(next(words))
                key = 4 if address.version == 4 else 6
                data = b'\0\1\0' + struct.pack('>HH', key, len(address.packed)) + address.packed
                records.append((owner, 65, ttl, data))
                qtype = 65
            else:
                address = ipaddress.ip_address(word)
                qtype = 1 if address.version == 4 else 28
                records.append((owner, qtype, ttl, address.packed))
        return records, qtype

    def dns_udp(self, mac, client, server, messages, options):
        for up, message in ((True, messages[0]), (False, messages[1])):
            if options.get('only') == ('answer' if up else 'query'):
                continue
            (src, sport), (dst, dport) = (client, server) if up else (server, client)
            payload = udp_packet(src, dst, sport, dport, message)
            size = 0 if up else int(options.get('fragment', 0))
            for packet in ip_fragments(src, dst, 17, payload, size):
                self.send(mac, up, packet, options)

    def dns_tcp(self, mac, client, server, messages, options):
        segment = int(options.get('segment', 65535))
        numbers = {True: 1000, False: 5000}
        self.tcp_send(mac, client, server, True, SYN, b'', numbers, options)
        self.tcp_send(mac, client, server, False, SYN | ACK, b'', numbers, options)
        for up, message in ((True, messages[0]), (False, messages[1])):
            stream = struct.pack('>H', len(message)) + message
            for at in range(0, len(stream), segment):
                data = stream[at:at + segment]
                self.tcp_send(mac, client, server, up, PSH | ACK, data, numbers, options)
        self.tcp_send(mac, client, server, True, FIN | ACK, b'', numbers, options)

    def tcp_send(self, mac, client, server, up, flags, payload, numbers, options):
        (src, sport), (dst, dport) = (client, server) if up else (server, client)
        seq, ack = numbers[up], numbers[not up] if flags & ACK else 0
        packet = tcp_packet(src, dst, (sport, dport), (seq, ack), flags, payload)
        numbers[up] += len(payload) + (1 if flags & (SYN | FIN) else 0)
        self.send(mac, up, ip_packet(src, dst, 6, packet), options)

    def flow_ends(self, args, options):
        address, port = args[1].rsplit(':', 1)
        remote = ipaddress.ip_address(address.strip('[]'))
        mac, client = self.host_end(args[0], remote.version, options)
        self.serial += 1
        return mac, (client, int(options.get('sport', 50000 + self.serial))), (remote, int(port))

    def flow_directions(self, options):
        """Up and down by turns, from the client on, or one way."""
        for i in range(int(options.get('packets', 6))):
            yield i, {'up': True, 'down': False}.get(options.get('only'), i % 2 == 0)

    def event_tcp(self, args, options):
        mac, client, server = self.flow_ends(args, options)
        numbers = {True: 1000, False: 5000}
        for i, up in self.flow_directions(options):
            flags = ACK
            if 'syn' in options or i == 0 and up:
                flags = SYN
            elif i == 1 and not up:
                flags = SYN | ACK
            data = bytes(int(options.get('bytes', 100))) if i > 2 and flags == ACK else b''
            flags |= PSH if data else 0
            self.tcp_send(mac, client, server, up, flags, data, numbers, options)

    def event_udp(self, args, options):
        mac, client, server = self.flow_ends(args, options)
        for _, up in self.flow_directions(options):
            (src, sport), (dst, dport) = (client, server) if up else (server, client)
            payload = udp_packet(src, dst, sport, dport, bytes(int(options.get('bytes', 100))))
            self.send(mac, up, ip_packet(src, dst, 17, payload), options)

    def event_dhcp(self, args, options):
        mac, addresses = self.hosts[args[0]]
        name = args[1] if len(args) > 1 else ''
        if all(a.version == 6 for a in addresses):
            self.dhcp6(mac, name, options)
            return
        asked = next(a for a in addresses if a.version == 4)
        head = struct.pack('>BBBBIHH16s16s192xI', 1, 1, 6, 0, 0x1234, 0, 0x8000, b'',
                           mac_bytes(mac), 0x63825363)
        option = bytes([12, len(name)])
        if 'fqdn' in options:
            option = bytes([81, 3 + len(name), 0, 0, 0])
        message = head + b'\x35\1\3\x32\4' + asked.packed + option + name.encode() + b'\xff'
        src, dst = ipaddress.ip_address('0.0.0.0'), ipaddress.ip_address('255.255.255.255')
        packet = udp_packet(src, dst, 68, 67, message)
        self.send(mac, True, ip_packet(src, dst, 17, packet), options)

    def dhcp6(self, mac, name, options):
        option = struct.pack('>HHB', 39, 2 + len(name), 0) + bytes([len(name)]) + name.encode()
        src, dst = ipaddress.ip_address('fe80::1234'), ipaddress.ip_address('ff02::1:2')
        packet = udp_packet(src, dst, 546, 547, b'\1\0\0\1' + option)
        self.send(mac, True, ip_packet(src, dst, 17, packet), options)

    def event_mdns(self, args, options):
        mac, addresses = self.hosts[args[0]]
        src = ipaddress.ip_address(options['from']) if 'from' in options else addresses[0]
        told = ipaddress.ip_address(args[2]) if len(args) > 2 else src
        dst = ipaddress.ip_address('224.0.0.251' if src.version == 4 else 'ff02::fb')
        message = struct.pack('>6H', 0, 0x8400, 0, 1, 0, 0) + name_wire(args[1]) + struct.pack(
            '>HHIH', 1 if told.version == 4 else 28, 0x8001, 120, len(told.packed)) + told.packed
        packet = udp_packet(src, dst, 5353, 5353, message)
        self.send(mac, True, ip_packet(src, dst, 17, packet), options)

    def event_frame(self, args, options):
        self.frames.append((self.time_ns, int(options.get('on', 0)), bytes.fromhex(''.join(args))))

    def event(self, time, words):
        args, options, words = [], {}, iter(words)
        for word in words:
            if word in VALUES:
                options[word] = next(words)
            elif word in SWITCHES:
                options[word] = True
            else:
                args.append(word)
        base = self.time_ns if time.startswith('+') else START * 10**9
        whole, _, fraction = time.lstrip('+').partition('.')
        self.time_ns = base + int(whole) * 10**9 + int(fraction.ljust(9, '0') or 0)
        if not self.interfaces:
            self.interfaces.append(('ethernet', []))
        {'dns': self.event_dns, 'tcp': self.event_tcp, 'udp': self.event_udp,
         'dhcp': self.event_dhcp, 'mdns': self.event_mdns,
         'frame': self.event_frame}[args[0]](args[1:], options)

    def statement(self, words):
        if words[0] == 'format':
            self.format = words[1]
        elif words[0] == 'link':
            self.interfaces.append((words[1], words[2:]))
        elif words[0] == 'host':
            if words[1] in VALUES | SWITCHES:
                raise ValueError(f'{words[1]} is the name of an option')
            self.hosts[words[1]] = (words[2], [ipaddress.ip_address(a) for a in words[3:]])
        elif words[0] == 'cut':
            self.cut = int(words[1])
        elif words[0] not in ('options', 'signatures', 'status'):
            self.event(words[0], words[1:])

    def read(self, path):
        for number, line in enumerate(open(path, encoding='ascii'), 1):
            words = line.partition('#')[0].split()
            try:
                if words:
                    self.statement(words)
            except (KeyError, ValueError, IndexError, StopIteration) as e:
                sys.exit(f'{path}:{number}: {type(e).__name__}: {e}')

    def data(self):
        kind, *marks = self.format.split('-')
        write = pcapng_file if kind == 'pcapng' else pcap_file
        interfaces = self.interfaces or [('ethernet', [])]
        order, unit_ns = '>' if 'be' in marks else '<', 1 if 'ns' in marks else 1000
        data = write(self.frames, interfaces, order, unit_ns)
        return data[:len(data) - self.cut]


def repeat(source, target, megabytes):
    """Moves the times of each copy on by the length of the capture."""
    data = open(source, 'rb').read()
    order = '<' if data[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
    starts, at = [], 24
    while at + 16 <= len(data):
        starts.append(at - 24)
        at += 16 + struct.unpack_from(order + 'I', data, at + 8)[0]
    block = bytearray(data[24:at])
    second = struct.Struct(order + 'I')
    times = [second.unpack_from(block, s)[0] for s in starts]
    span = max(times) - min(times) + 1
    with open(target, 'wb') as out:
        out.write(data[:24])
        copy = 0
        while out.tell() < megabytes * 10**6:
            for start, time in zip(starts, times):
                second.pack_into(block, start, time + copy * span & 0xffffffff)
            out.write(block)
            copy += 1


def main():
    if len(sys.argv) == 5 and sys.argv[1] == '--repeat':
        repeat(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    elif len(sys.argv) == 3:
        scenario = Scenario()
        scenario.read(sys.argv[1])
        with open(sys.argv[2], 'wb') as out:
            out.write(scenario.data())
    else:
        sys.exit(__doc__)


main()
