"""The implementation against itself: its Service Provider and three of its Devices, as processes, over multicast on loopback.

castproof puts one implementation under test at a time and plays the other role itself. Here both roles are this
implementation's. It shows that the two halves agree with each other: on the air, in DM sessions, and in what the provider's
record says afterwards. It shows no conformance: what both halves misread alike goes unnoticed here.
"""

from . import bench
from .bench import b64

NAMES = ("d1", "d2", "d3")


class Pair(bench.Bench):
    devices = {name: f"urn:imei:35000000000000{name[1]}" for name in NAMES}
    read_only = ("d2",)

    async def node(self, name: str, node: str):
        return (await self.device.ask("query", instance=name, nodes=[node]))["ok"]["nodes"][node]

    async def stimulate(self, name: str, **stimulus):
        self.assertEqual(await self.device.ask("stimulate", instance=name, stimulus=stimulus), {"ok": {}})

    async def test_firmware_reaches_all_and_the_one_that_fails_is_heard(self):
        await self.open()
        await self.stimulate("d2", kind="installer-fails", on=True)
        reporting = {"who": "failures-only", "sample": 10000, "timing": {
            "offset_ms": 0, "window_ms": 50, "attempts": 3, "retry_interval_ms": 200}}
        campaign = self.campaign(target={"model": "X1", "resulting_version": "2.0"}, reporting=reporting)
        await self.provider.ask("push", instance="sp", campaign=campaign,
                                package={"kind": "firmware", "octets": b64(bytes(20_000))})
        found = await self.results("spring-patch", bool)
        self.assertEqual(found, {self.devices["d2"]: {"code": 410, "success": False, "care": "needs-attention"}})
        # A later campaign that all answer is the fence: who was silent before it meant to be.
        await self.roll_call()
        self.assertEqual(await self.results("spring-patch", bool), found)
        self.assertEqual([await self.node(name, "./DevDetail/FwV") for name in NAMES], ["2.0", "1.0", "2.0"])

    async def roll_call(self):
        everybody = {"who": "everybody", "sample": 10000, "timing": {
            "offset_ms": 100, "window_ms": 0, "attempts": 3, "retry_interval_ms": 200}}
        answer = await self.provider.ask(
            "provision", instance="sp", campaign=self.campaign(id="roll-call", reporting=everybody), atomic=False,
            changes=[{"change": "replace", "node": "./Settings/RollCall", "value": "1"}],
            schedule=[{"situation": "any", "process": "ignore"}])
        self.assertIn("ok", answer)
        found = await self.results("roll-call", lambda found: len(found) == len(NAMES))
        self.assertEqual({one["code"] for one in found.values()}, {200})

    async def test_a_device_whose_setting_fails_reports_and_is_cared_for(self):
        await self.open()
        # It gives way at the second try, which is that of the care.
        await self.stimulate("d2", kind="settings-give-way", after=1)
        nobody = {"who": "nobody", "sample": 10000, "timing": {
            "offset_ms": 0, "window_ms": 0, "attempts": 3, "retry_interval_ms": 200}}
        answer = await self.provider.ask(
            "provision", instance="sp", campaign=self.campaign(id="roaming", reporting=nobody), atomic=False,
            changes=[{"change": "replace", "node": "./Settings/Apn", "value": "new"},
                     {"change": "add", "node": "./Settings/Proxy", "value": "proxy.example"}],
            schedule=[{"situation": "status:425", "process": "re-provision", "report": {
                "offset_ms": 0, "window_ms": 50, "attempts": 3, "retry_interval_ms": 200}},
                {"situation": "any", "process": "ignore"}])
        self.assertIn("ok", answer)
        found = await self.results("roaming", lambda found: any(one["care"] == "restored" for one in found.values()))
        self.assertEqual(found, {self.devices["d2"]: {"code": 425, "success": False, "care": "restored"}})
        self.assertEqual([await self.node(name, "./Settings/Apn") for name in NAMES], ["new"] * 3)
        self.assertEqual([await self.node(name, "./Settings/Proxy") for name in NAMES], ["proxy.example"] * 3)

    async def test_a_device_that_loses_its_power_while_installing_ends_up_as_the_others(self):
        await self.open()
        await self.stimulate("d3", kind="power-fails", when="while-writing")
        await self.provider.ask("push", instance="sp", campaign=self.campaign(
            target={"model": "X1", "resulting_version": "2.0"}), package={"kind": "firmware", "octets": b64(bytes(900))})
        found = await self.results("spring-patch", lambda found: len(found) == len(NAMES))
        self.assertEqual({one["code"] for one in found.values()}, {200})
        self.assertEqual([await self.node(name, "./DevDetail/FwV") for name in NAMES], ["2.0"] * 3)
