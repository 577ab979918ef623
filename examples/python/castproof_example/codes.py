"""Result codes of section 5.6: each is a pair of a FUMO and a SCOMO code."""


class Failure(Exception):
    """An operation that failed, with its pair of codes."""

    def __init__(self, pair: tuple[int, int], text: str = ""):
        super().__init__(text)
        self.pair = pair


DONE = (200, 1200)
BAD = (400, 1400)
DECLINED = (401, 1401)
DAMAGED = (402, 1402)
NOT_ACCEPTABLE = (405, 1405)
NOT_IMPLEMENTED = (408, 1411)
OTHER = (409, 1412)
INSTALLER = (410, 1405)
BAD_URL = (411, 1400)
NO_ROOM = (501, 1404)
NO_ROOM_TO_INSTALL = (502, 1406)
RECEPTION = (503, 1402)
REMOVE, ACTIVATE, DEACTIVATE = (409, 1408), (409, 1409), (409, 1410)


def good(code: int) -> bool:
    """Whether a result code says success."""
    return 200 <= code < 300 or 1200 <= code < 1300
