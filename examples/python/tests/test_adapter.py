"""Both adapters as processes, driven with JSON lines as castproof does it."""

import asyncio
import os
import pathlib
import signal
import unittest

from . import bench
from .bench import DEVICE, b64


class Adapters(bench.Bench):
    async def test_what_is_not_of_the_protocol(self):
        for peer, role in ((self.device, "device"), (self.provider, "provider")):
            suite = {"name": "castproof", "version": "0.1.0"}
            first = await peer.ask("hello", protocols=[2, 1], role=role, suite=suite)
            self.assertEqual(first, await peer.ask("hello", protocols=[1], role=role, suite=suite))
            self.assertIn("unsupported", await peer.ask("hello", protocols=[9], role=role, suite=suite))
            self.assertIn("unsupported", await peer.ask("dance"))
            self.assertEqual((await peer.ask("query", instance="x", nodes=[]))["error"]["kind"], "instance")
            self.assertEqual((await peer.ask("open", instance="x"))["error"]["kind"], "malformed")
            self.assertEqual((await peer.raw("noise", None))["error"]["kind"], "malformed")

    async def test_a_campaign_with_consent(self):
        await self.open()
        campaign = self.campaign(consent={"severity": "optional", "longest_deferral_ms": 60000},
                                 target={"model": "X1", "resulting_version": "2.0"})
        answer = await self.provider.ask("push", instance="sp", campaign=campaign,
                                         package={"kind": "firmware", "octets": b64(bytes(5000))})
        self.assertEqual(answer, {"ok": {"sequence": 41}})
        prompt = await self.device.event("prompted")
        self.assertEqual((prompt["campaign"], prompt["may_decline"]), ("spring-patch", True))
        self.assertEqual(await self.device.ask("stimulate", instance="d", stimulus={
            "kind": "approve", "campaign": "spring-patch"}), {"ok": {}})
        self.assertEqual((await self.device.event("settled"))["code"], 200)
        self.assertEqual(await self.results("spring-patch", bool), {DEVICE: {"code": 200, "success": True, "care": "not-needed"}})
        answer = await self.device.ask("query", instance="d", nodes=["./DevDetail/FwV", "./FUMO/State", "./Nothing"])
        self.assertEqual(answer["ok"]["nodes"], {"./DevDetail/FwV": "2.0", "./FUMO/State": "100", "./Nothing": None})

    async def test_settings_without_a_schedule_are_refused(self):
        await self.open()
        answer = await self.provider.ask("provision", instance="sp", campaign=self.campaign(), atomic=False, changes=[
            {"change": "replace", "node": "./Settings/Apn", "value": "new"}])
        self.assertEqual(answer["error"]["kind"], "refused")

    def rooms(self) -> int:
        """How many processes the Device's adapter has started."""
        process = self.device.process.pid
        return len(pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split())

    async def test_devices_that_trust_other_keys_have_another_room_which_is_used_again(self):
        async def enter(name: str, key: bytes):
            answer = await self.device.ask(
                "open", instance=name, folder=self.place(name), channels=self.channels, notification="notification",
                device={"id": f"urn:x:{name}", "manufacturer": "Acme", "model": "X1", "hardware_version": "1",
                        "firmware": "1.0"}, settings={}, account=self.account, seed=1, registrations=[{
                            "server": "sp.example", "group_account": self.group, "keys": {"k": b64(key)}}])
            self.assertEqual(answer, {"ok": {}})

        for name, key in (("a", b"1"), ("b", b"1"), ("c", b"2"), ("d", b"3")):
            await enter(name, key * 32)
        self.assertEqual(self.rooms(), 3)
        self.assertEqual((await self.device.ask("open", instance="a"))["error"]["kind"], "instance")
        self.assertEqual(await self.device.ask("close", instance="c"), {"ok": {}})
        self.assertEqual((await self.device.ask("close", instance="c"))["error"]["kind"], "instance")
        await enter("e", b"4" * 32)
        self.assertEqual(self.rooms(), 3)

    async def test_a_room_that_breaks_off_takes_the_adapter_with_it(self):
        await self.open()
        process = self.device.process.pid
        for room in pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split():
            os.kill(int(room), signal.SIGKILL)
        await asyncio.wait_for(self.device.process.wait(), 10)
        self.device = await bench.Peer().start("device.py")


if __name__ == "__main__":
    unittest.main()
