#!/usr/bin/python3
"""Writes a database in MaxMind's format (https://maxmind.github.io/MaxMind-DB/): the country of each network.

    mmdb.py NETWORKS.CSV FILE

NETWORKS.CSV is that of generate.py: a heading, then network,country. FILE is a tree of IPv6 with IPv4 in ::/96, as
GeoLite2 Country, with as much of its data as sipwarden reads: {"country": {"iso_code": "DE"}}.
"""
import csv
import ipaddress
import sys

STRING, UNSIGNED16, UNSIGNED32, MAP, UNSIGNED64, ARRAY = 2, 5, 6, 7, 9, 11
MARKER = b"\xab\xcd\xefMaxMind.com"
SEPARATOR = bytes(16)
NODES_MAX = 1 << 20  # a record of 24 bits is for nodes and data together


def control(kind, size):
    assert size < 29, size
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])


def encode(value, kind=UNSIGNED32):
    if isinstance(value, str):
        data = value.encode()
        return control(STRING, len(data)) + data
    if isinstance(value, dict):
        return control(MAP, len(value)) + b"".join(encode(k) + (v if isinstance(v, bytes) else encode(v)) for k, v in value.items())
    if isinstance(value, list):
        return control(ARRAY, len(value)) + b"".join(encode(v) for v in value)
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return control(kind, len(data)) + data


def bits(network):
    """Of its 128 bits, with IPv4 in ::/96, those that count."""
    n = ipaddress.ip_network(network)
    length = n.prefixlen + (96 if n.version == 4 else 0)
    number = int(n.network_address)
    return [number >> (127 - i) & 1 for i in range(length)]


class Tree:
    def __init__(self):
        self.nodes = [[None, None]]

    def add(self, network, data):
        """Networks must not overlap."""
        path, node = bits(network), 0
        for bit in path[:-1]:
            if self.nodes[node][bit] is None:
                assert len(self.nodes) < NODES_MAX
                self.nodes[node][bit] = len(self.nodes)
                self.nodes.append([None, None])
            node = self.nodes[node][bit]
            assert isinstance(node, int), network
        assert self.nodes[node][path[-1]] is None, network
        self.nodes[node][path[-1]] = data

    def write(self, offsets):
        n = len(self.nodes)

        def record(x):
            return (n if x is None else x if isinstance(x, int) else n + len(SEPARATOR) + offsets[x]).to_bytes(3, "big")

        return b"".join(record(left) + record(right) for left, right in self.nodes)


def metadata(nodes, kind):
    return MARKER + encode({
        "binary_format_major_version": encode(2, UNSIGNED16), "binary_format_minor_version": encode(0, UNSIGNED16),
        "build_epoch": encode(1795428000, UNSIGNED64), "database_type": kind,
        "description": {"en": "made for tests"}, "ip_version": encode(6, UNSIGNED16), "languages": ["en"],
        "node_count": nodes, "record_size": encode(24, UNSIGNED16)})


def database(networks, kind="Test-Country"):
    """The bytes of a database of {network: country}. A kind without "Country" has something else in it."""
    tree, data, offsets = Tree(), b"", {}
    for network, country in networks.items():
        if country not in offsets:
            offsets[country] = len(data)
            data += encode({"country": {"iso_code": country}} if "Country" in kind else {"organization": country})
        tree.add(network, country)
    return tree.write(offsets) + SEPARATOR + data + metadata(len(tree.nodes), kind)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as f:
        networks = {row["network"]: row["country"] for row in csv.DictReader(f)}
    with open(sys.argv[2], "wb") as f:
        f.write(database(networks))


if __name__ == "__main__":
    main()
