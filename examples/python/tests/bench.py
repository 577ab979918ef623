"""Both adapters as processes, driven with JSON lines as castproof does it: what the tests of them share."""

import asyncio
import base64
import json
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent.parent
DEVICE = "urn:imei:490154203237518"


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


class Peer:
    """An adapter that runs as a process."""

    async def start(self, script: str):
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, str(HERE / script), stdin=-1, stdout=-1, limit=1 << 20)
        self.number, self.events, self.answers = 0, [], {}
        return self

    async def ask(self, verb: str, **fields):
        self.number += 1
        return await self.raw(json.dumps({"id": self.number, "verb": verb, **fields}), self.number)

    async def raw(self, line: str, number):
        self.process.stdin.write(line.encode() + b"\n")
        return await self.read(lambda: self.answers.pop(number, None))

    async def read(self, condition):
        while (found := condition()) is None:
            line = json.loads(await asyncio.wait_for(self.process.stdout.readline(), 10))
            if "event" in line:
                self.events.append(line)
            else:
                self.answers[line.pop("id")] = line
        return found

    async def event(self, name: str):
        return await self.read(lambda: next((one for one in self.events if one["event"] == name), None))

    async def bye(self):
        await self.ask("bye")
        await asyncio.wait_for(self.process.wait(), 10)
        return self.process.returncode


class Bench(unittest.IsolatedAsyncioTestCase):
    """One adapter of each role. `devices` are opened by `open`; for those in `read_only` a setting is."""

    devices = {"d": DEVICE}
    read_only: tuple[str, ...] = ()

    async def asyncSetUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.channels = {
            "notification": {"group": "239.192.78.1", "port": 29481, "interface": "127.0.0.1", "ttl": 1},
            "delivery-1": {"group": "239.192.78.2", "port": 29482, "interface": "127.0.0.1", "ttl": 1}}
        self.account = {"server": "sp.example", "url": "http://127.0.0.1:1/dm", "user": "", "password": "d10-secret",
                        "server_password": "sp-secret", "server_nonce": b64(b"start")}
        self.group = {"password": "group-secret", "nonce": b64(b"group-nonce")}
        self.device = await Peer().start("device.py")
        self.provider = await Peer().start("provider.py")

    async def asyncTearDown(self):
        self.assertEqual([await self.device.bye(), await self.provider.bye()], [0, 0])
        self.folder.cleanup()

    def place(self, name: str) -> str:
        path = pathlib.Path(self.folder.name, name)
        path.mkdir()
        return str(path)

    async def open(self):
        answer = await self.provider.ask(
            "open", instance="sp", folder=self.place("sp"), channels=self.channels, notification="notification",
            delivery="delivery-1", listen="127.0.0.1:0", server="sp.example", group_account=self.group,
            key_id="sp-key-1", accounts={id: {**self.account, "user": name} for name, id in self.devices.items()}, sequence=40, seed=1, signing_key=b64(bytes.fromhex(
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")))
        for name, id in self.devices.items():
            account = {**self.account, "user": name, "url": f"http://{answer['ok']['address']}/dm"}
            opened = await self.device.ask(
                "open", instance=name, folder=self.place(name), channels=self.channels, notification="notification",
                device={"id": id, "manufacturer": "Acme", "model": "X1", "hardware_version": "1", "firmware": "1.0"},
                settings={"./Settings/Apn": "old"}, account=account, seed=1, registrations=[{
                    "server": "sp.example", "group_account": self.group, "keys": {"sp-key-1": b64(bytes.fromhex(
                        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))}}],
                read_only=["./Settings/Apn"] if name in self.read_only else [])
            self.assertEqual(opened, {"ok": {}})
            self.assertEqual(await self.device.ask("listen", instance=name), {"ok": {}})

    async def results(self, campaign: str, done) -> dict:
        """The provider's record of a campaign, once it is as wanted."""
        for _ in range(200):
            found = (await self.provider.ask("query", instance="sp", campaign=campaign))["ok"]["results"]
            if done(found):
                return found
            await asyncio.sleep(0.05)
        self.fail(f"the record of {campaign} stays {found}")

    def campaign(self, **rest) -> dict:
        """A campaign as `push` and `provision` want it."""
        timing = {"offset_ms": 0, "window_ms": 50, "attempts": 3, "retry_interval_ms": 200}
        return {"id": "spring-patch", "lifetime_ms": 60000,
                "reporting": {"who": "everybody", "timing": timing, "sample": 10000},
                "broadcast": {"repetitions": 2, "flute_version": 2, "symbol_length": 1024, "lead_ms": 150,
                              "cycle_gap_ms": 20, "packages_join": "at-first"}, **rest}
