"""Both adapters as processes, driven with JSON lines as castproof does it."""

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


if __name__ == "__main__":
    unittest.main()
