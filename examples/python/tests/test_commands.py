"""Which Commands a Device carries out, and with which result it refuses the others (sections 4.1 and 4.2)."""

import unittest

from castproof_example import codes
from castproof_example.announcement import FIRMWARE
from castproof_example.syncml import Command, Item, Message
from castproof_example.updates import check

URL = "http://sp.example/spring-patch/image.bin"


def replace(node: str, data: str, form: str | None = "chr") -> Command:
    return Command("Replace", items=[Item(target=node, format=form, data=data)])


def execute(node: str, correlator: str = "spring-patch") -> Command:
    return Command("Exec", correlator=correlator, items=[Item(target=node)])


WHOLE = [replace("./FUMO/DownloadAndUpdate/PkgURL", URL), execute("./FUMO/DownloadAndUpdate")]


class Refusals(unittest.TestCase):
    def refused(self, *commands: Command) -> tuple[int, int]:
        message = Message("1", 1, "urn:castproof:broadcast", "sp.example", list(commands))
        with self.assertRaises(codes.Failure) as raised:
            check(message, "spring-patch", FIRMWARE, None, lambda node: False)
        return raised.exception.pair

    def test_what_is_forbidden_counts_before_what_is_unknown(self):
        unknown, forbidden = execute("./FUMO/Nope"), replace("./Settings/Apn", "x")
        self.assertEqual(self.refused(unknown, *WHOLE), codes.NOT_IMPLEMENTED)
        self.assertEqual(self.refused(unknown, forbidden), codes.BAD)
        self.assertEqual(self.refused(forbidden, unknown), codes.BAD)

    def test_another_correlator_is_refused(self):
        self.assertEqual(self.refused(WHOLE[0], execute("./FUMO/DownloadAndUpdate", "other")), codes.BAD)


if __name__ == "__main__":
    unittest.main()
