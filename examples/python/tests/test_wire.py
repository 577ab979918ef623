"""The vectors of docs/profile.md and of the standards that it names."""

import pathlib
import unittest

from castproof_example import alc, announcement, cbor, cose, fdt, notification, package, syncml
from castproof_example.errors import Refused

PROFILE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "profile.md"
KEY = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


def block(start: str) -> bytes:
    """The hexadecimal block of the profile that starts with these digits."""
    text = PROFILE.read_text()
    return bytes.fromhex(text[text.index(start):].partition("```")[0])


class Notifications(unittest.TestCase):
    def setUp(self):
        self.datagram = block("010603c4")
        self.package = notification.parse(self.datagram)

    def test_worked_example(self):
        self.assertEqual(len(self.datagram), 400)
        self.assertTrue(self.package.digest_fits("group-secret", b"group-nonce"))
        self.assertFalse(self.package.digest_fits("group-secret", b"other"))
        signed = cose.parse(self.package.vendor)
        self.assertEqual(signed.key_id, "sp-key-1")
        self.assertTrue(signed.fits(PUBLIC, self.package.header))
        self.assertFalse(signed.fits(PUBLIC, b""))
        found = announcement.parse(signed.payload)
        self.assertEqual((found.campaign, found.number, found.target.version), ("spring-patch", 41, "2.0"))
        self.assertEqual(announcement.build(found), signed.payload)

    def test_building_gives_the_same_octets(self):
        header = notification.trigger_header(1, 0x1A2F, "sp.example")
        payload = cose.parse(self.package.vendor).payload
        vendor = cose.sign(payload, "sp-key-1", KEY, header)
        self.assertEqual(
            notification.build(1, "sp.example", "group-secret", b"group-nonce", header, vendor), self.datagram)

    def test_refusals(self):
        for at, value in ((1, 7), (2, 0x80), (3, 0xC2), (4, 0xB0), (22, 3), (23, 0x50), (25, 1)):
            broken = bytearray(self.datagram)
            broken[at] = value
            with self.assertRaises(Refused, msg=f"octet {at}"):
                notification.parse(bytes(broken))
        for size in range(41):
            with self.assertRaises(Refused):
                notification.parse(self.datagram[:size])

    def test_vectors_of_package_0(self):
        trigger = notification.trigger_header(3, 1, "sp.example")
        self.assertEqual(notification.digest("sp.example", "OhBehave", b"Nonce", trigger).hex(),
                         "5faf2ad760a1ec3f3a4679dd736dc78d")


class Cbor(unittest.TestCase):
    def test_not_deterministic_is_refused(self):
        for text in ("1801", "190001", "9f01ff", "a201010100", "a202010101", "0101", "f800", "fb3ff0000000000000",
                     "5f4101ff", "61ff", "81" * 40 + "01", "bb" + "ff" * 8):
            with self.assertRaises(Refused, msg=text):
                cbor.decode(bytes.fromhex(text))

    def test_unknown_keys(self):
        payload = cose.parse(notification.parse(block("010603c4")).vendor).payload
        for key, fine in ((12, True), (63, True), (64, False), (-1, False)):
            value = cbor.decode(payload)
            value[key] = [1, {2: "x"}]
            if fine:
                announcement.parse(cbor.encode(value))
            else:
                with self.assertRaises(Refused):
                    announcement.parse(cbor.encode(value))

    def test_versions_and_shares(self):
        order = ["0", "1", "1.0", "2.9", "2.10", "10"]
        self.assertEqual(sorted(order, key=announcement.version_key), order)
        for text in ("01", "1.", "1.2.3.4.5", "-1", "4294967296", ""):
            with self.assertRaises(ValueError):
                announcement.version_key(text)
        device = "urn:imei:490154203237518"
        self.assertEqual(announcement.share_number(device, "spring-patch"), 8757)
        self.assertEqual(announcement.share_number(device, "spring-patch", "sample"), 0x37399529 % 10000)


class Delivery(unittest.TestCase):
    def test_packets_of_the_profile(self):
        packet = alc.Packet(7, 0, fdt=(2, 1), oti=alc.Oti(725, 1024, 64), block=0, index=0, symbols=b"x")
        self.assertEqual(alc.build(packet)[:-1].hex(), "10100800000000000007" "0000c0200001"
                         + "40040000000002d5000004000000004000000000")
        self.assertEqual(alc.parse(alc.build(packet)), packet)
        last = alc.Packet(7, 2, close_object=True, block=0, index=9, symbols=b"x" * 384)
        self.assertEqual(alc.build(last)[:16].hex(), "10110300000000000007000200000009")
        closing = alc.parse(bytes.fromhex("108203000000000000000007"))
        self.assertEqual((closing.tsi, closing.toi, closing.close_session, closing.block), (7, None, True, None))
        self.assertEqual(alc.build(closing).hex(), "108203000000000000000007")

    def test_blocks(self):
        octets = bytes(i % 251 for i in range(9600))
        for symbol, largest in ((1024, 64), (100, 7), (9600, 1), (1, 9600)):
            oti = alc.Oti(9600, symbol, largest)
            collector = alc.Collector(oti)
            for number, index, offset in alc.Blocks(oti):
                collector.add(number, index, octets[offset:offset + symbol])
            self.assertTrue(collector.complete)
            self.assertEqual(bytes(collector.octets), octets)
        with self.assertRaises(Refused):
            alc.Collector(alc.Oti(9600, 1024, 64)).add(0, 10, b"x")
        with self.assertRaises(Refused):
            alc.Collector(alc.Oti(9600, 1024, 64)).add(0, 0, b"x")

    def test_any_length_of_names(self):
        for tsi in (7, 1 << 20, 1 << 40):
            packet = alc.parse(alc.build(alc.Packet(tsi, 3, block=0, index=0, symbols=b"y")))
            self.assertEqual((packet.tsi, packet.toi), (tsi, 3))

    def test_fdt(self):
        text = PROFILE.read_text()
        at = text.index('<?xml version="1.0" encoding="UTF-8"?>\n<FDT')
        octets = text[at:text.index("```", at)].encode()
        table = fdt.parse(octets)
        self.assertTrue(table.complete)
        self.assertEqual([f.oti() for f in table.files], [alc.Oti(838, 1024, 64), alc.Oti(9600, 1024, 64)])
        self.assertEqual(table.expires, 1796122800000)
        again = fdt.parse(fdt.build(table.expires, table.files))
        self.assertEqual(again, table)
        with self.assertRaises(Refused):
            fdt.parse(b'<!DOCTYPE a [<!ENTITY b "c">]><FDT-Instance Expires="1"/>')


class SyncMl(unittest.TestCase):
    def test_credentials(self):
        self.assertEqual(syncml.md5_credential("Bruce2", "OhBehave", b"Nonce"), "Zz6EivR3yeaaENcRN6lpAQ==")
        self.assertEqual(syncml.md5_credential("d10", "d10-secret", b"nonce-1"), "LR1n9wKDL1CyJbVyGsDzHA==")
        self.assertEqual(syncml.md5_credential("sp.example", "sp-secret", b"start"), "kLmeyamJsGt4/t4Ez3+BQA==")

    def test_round_trip(self):
        message = syncml.Message("2", 1, "a", "b", [syncml.Command("Alert", data="1226", correlator="c", items=[
            syncml.Item(source="./SCOMO", type="t", format="xml", mark="critical", data="<R>1 & 2</R>")])])
        again = syncml.parse(syncml.build(message))
        self.assertEqual(again.commands[0].items[0].data, "<R>1 & 2</R>")
        self.assertEqual(again.commands[0].items[0].mark, "critical")


class Packages(unittest.TestCase):
    def test_header(self):
        identity = {"manufacturer": "Acme", "model": "X1"}
        good = b"castproof-package/1\nmanufacturer: Acme\nversion: 2.0\nhumour: dry\n\nimage"
        package.check(good, identity, "2.0", {})
        package.check(b"anything", identity, "2.0", {})
        for old, new, code in ((b"Acme", b"Other", 403), (b"2.0", b"2.1", 405), (b"\n\nimage", b"\n", 405),
                               (b"humour: dry", b"version: 2.0", 405), (b"humour", b"signature", 404),
                               (b"humour", b"environment", 405)):
            with self.assertRaises(package.NotAcceptable) as caught:
                package.check(good.replace(old, new), identity, "2.0", {})
            self.assertEqual(caught.exception.fumo, code)


if __name__ == "__main__":
    unittest.main()
