"""Whatever comes from outside is taken or refused, and nothing else happens."""

import random
import unittest

from castproof_example import alc, announcement, cbor, cose, fdt, notification, package, syncml
from castproof_example.errors import Refused

from .test_wire import block

ROUNDS = 3000


class Hostile(unittest.TestCase):
    def throw(self, sample: bytes, *readers):
        dice = random.Random(7319)
        for _ in range(ROUNDS):
            octets = bytearray(sample)
            for _ in range(dice.randint(1, 4)):
                at = dice.randrange(len(octets))
                match dice.randrange(4):
                    case 0:
                        octets[at] = dice.randrange(256)
                    case 1:
                        octets[at] ^= 1 << dice.randrange(8)
                    case 2:
                        del octets[at:at + dice.randint(1, 30)]
                    case 3:
                        octets[at:at] = octets[at:at + dice.randint(1, 30)]
                if not octets:
                    octets = bytearray(b"\0")
            for reader in readers:
                try:
                    reader(bytes(octets))
                except Refused:
                    pass

    def test_notifications(self):
        datagram = block("010603c4")
        vendor = notification.parse(datagram).vendor
        self.throw(datagram, notification.parse)
        self.throw(vendor, cose.parse, cbor.decode)
        self.throw(cose.parse(vendor).payload, announcement.parse)

    def test_delivery(self):
        self.throw(alc.build(alc.Packet(7, 0, fdt=(2, 1), oti=alc.Oti(725, 1024, 64), block=0, symbols=bytes(40))),
                   alc.parse)
        self.throw(fdt.build(10**12, [fdt.File(1, "http://a/b", 5, "x/y", 0, 1024, 64)]), fdt.parse)
        self.throw(b"castproof-package/1\nmodel: X\nversion: 1\n\nimage", package.split)

    def test_messages(self):
        message = syncml.Message("2", 1, "a", "b", [syncml.Command("Atomic", children=[syncml.Command(
            "Replace", items=[syncml.Item(target="./Settings/A", format="chr", data="x")])])], cred="x")
        self.throw(syncml.build(message), syncml.parse)
        deep = b"<SyncML>" + b"<Atomic>" * 100000
        for octets in (deep, b"", b"\xff\xfe<", b'<!DOCTYPE a [<!ENTITY b "c">]><SyncML/>', b"<a>" * 10 + b"x" * (2 << 20)):
            with self.assertRaises(Refused):
                syncml.parse(octets)

    def test_large_promises_cost_no_memory(self):
        with self.assertRaises(Refused):
            cbor.decode(bytes.fromhex("9b00000000ffffffff"))
        with self.assertRaises(Refused):
            cbor.decode(bytes.fromhex("5b00000000ffffffff"))
        with self.assertRaises(Refused):
            alc.Blocks(alc.Oti((1 << 48) - 1, 1, 1))


if __name__ == "__main__":
    unittest.main()
