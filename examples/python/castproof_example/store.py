"""What survives a restart: one JSON document and a folder of objects."""

import json
import os
import pathlib


class Store:
    """A document in a folder, replaced as a whole at each save."""

    def __init__(self, folder: str | os.PathLike, first: dict):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._place = str(self.folder)
        self._file = os.path.join(self._place, "state.json")
        self._saved: str | None = None
        self.data: dict = first
        if os.path.exists(self._file):
            with open(self._file) as kept:
                self.data = json.load(kept)
        self.save()

    def save(self) -> None:
        """Writes the document so that the end of this process leaves the old or the new one.

        A box that loses its power for real would also flush to the disk here. `json.dumps` is ten times
        as fast as `json.dump`, and this is called at every step of every Device in the process.
        """
        text = json.dumps(self.data)
        if text == self._saved:
            return
        self._replace(self._file, text.encode())
        self._saved = text

    @staticmethod
    def _replace(path: str, octets: bytes) -> None:
        temporary = path + ".new"
        with open(temporary, "wb") as out:
            out.write(octets)
        os.replace(temporary, path)

    def _object(self, digest: bytes) -> str:
        return os.path.join(self._place, digest.hex())

    def put(self, digest: bytes, octets: bytes) -> None:
        """Keeps an object under its SHA-256."""
        self._replace(self._object(digest), octets)

    def get(self, digest: bytes) -> bytes | None:
        """An object that was kept."""
        try:
            with open(self._object(digest), "rb") as kept:
                return kept.read()
        except FileNotFoundError:
            return None

    def keep_only(self, digests: set[str]) -> None:
        """Forgets all objects but these; digests are in hexadecimal."""
        for name in os.listdir(self._place):
            if len(name) == 64 and name not in digests:
                os.unlink(os.path.join(self._place, name))
