"""What survives a restart: one JSON document and a folder of objects."""

import json
import os
import pathlib


class Store:
    """A document in a folder, replaced as a whole at each save."""

    def __init__(self, folder: str | os.PathLike, first: dict):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = self.folder / "state.json"
        self.data: dict = json.loads(self._file.read_text()) if self._file.exists() else first
        self.save()

    def save(self) -> None:
        """Writes the document so that the end of this process leaves the old or the new one.

        A box that loses its power for real would also flush to the disk here.
        """
        temporary = self._file.with_suffix(".new")
        with open(temporary, "w") as out:
            json.dump(self.data, out)
        temporary.replace(self._file)

    def put(self, digest: bytes, octets: bytes) -> None:
        """Keeps an object under its SHA-256."""
        path = self.folder / digest.hex()
        temporary = path.with_suffix(".new")
        temporary.write_bytes(octets)
        temporary.replace(path)

    def get(self, digest: bytes) -> bytes | None:
        """An object that was kept."""
        try:
            return (self.folder / digest.hex()).read_bytes()
        except FileNotFoundError:
            return None

    def drop(self, digests: set[bytes]) -> None:
        """Forgets objects."""
        for digest in digests:
            (self.folder / digest.hex()).unlink(missing_ok=True)
