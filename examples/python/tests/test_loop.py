"""A Device and a Service Provider against each other, over multicast on loopback."""

import asyncio
import tempfile
import unittest

from castproof_example import documents
from castproof_example.announcement import EVERYBODY, FAILURES, FIRMWARE, PROVISIONING, SOFTWARE, Reporting, Target
from castproof_example.clock import Clock
from castproof_example.config import DeviceConfig, Identity, Registration, first_state
from castproof_example.device import Device
from castproof_example.dmserver import Account
from castproof_example.net import Channel
from castproof_example.provider import Plan, Provider, ProviderConfig
from castproof_example.settings import Rule
from castproof_example.syncml import Command, Item

KEY = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
DEVICE = "urn:imei:490154203237518"
PACKAGE = bytes(i % 251 for i in range(9600))


class Loop(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.folder = tempfile.TemporaryDirectory()
        port = 20000 + hash(self.id()) % 9000
        channels = {"notification": Channel("239.192.77.1", port, "127.0.0.1"),
                    "delivery-1": Channel("239.192.77.2", port + 1, "127.0.0.1")}
        account = Account(DEVICE, "d10", "d10-secret", "sp-secret", b"start")
        self.provider = Provider(ProviderConfig(
            "sp.example", "group-secret", b"group-nonce", "sp-key-1", KEY, {DEVICE: account}, channels,
            "notification", "delivery-1", "127.0.0.1", 0, self.folder.name + "/sp"), Clock())
        await self.provider.start()
        registration = Registration("sp.example", "group-secret", b"group-nonce", {"sp-key-1": PUBLIC},
                                    f"http://{self.provider.address}/dm", "d10", "d10-secret", "sp-secret", b"start")
        self.config = DeviceConfig(
            Identity(DEVICE, "Acme", "X1", "1"), "notification", channels, {"sp.example": registration}, self.folder.name + "/d10",
            first_state("1.0", settings={"Apn": "old", "OldApn": "x"}))
        self.answers = []
        await self.on()

    async def on(self):
        async def prompt(it, mandatory, limit):
            return (self.answers.pop(0), 50) if self.answers else await asyncio.sleep(60)

        self.device = Device(self.config, Clock(), prompt)
        self.device.start()
        await self.device.listen()

    async def asyncTearDown(self):
        await self.device.stop()
        await self.provider.stop()
        self.folder.cleanup()

    async def until(self, condition, limit=5.0):
        for _ in range(int(limit / 0.02)):
            if condition():
                return
            await asyncio.sleep(0.02)
        self.fail("nothing came within the time")

    def firmware(self, campaign="spring-patch", who=FAILURES, **rest):
        url = f"http://sp.example/{campaign}/image.bin"
        return Plan(campaign, FIRMWARE,
                    lambda session: documents.document(session, "sp.example", documents.firmware(campaign, url)),
                    Target("Acme", "X1", installed=["1.0"], version="2.0"), Reporting(who, 0, 100, None, 3, 200),
                    [(url, rest.pop("octets", PACKAGE))], **rest)

    def record(self, campaign):
        return self.provider.carer.record(campaign, DEVICE)

    @property
    def software(self):
        return self.device.store.data["software"]

    async def air(self, plan):
        await (await self.provider.air(self.provider.prepare(plan)))

    async def provision(self, campaign, rules, commands, **rest):
        group = Command("Sequence", children=commands)
        document = [documents.schedule_leaves(campaign, rules), group]
        await self.air(Plan(campaign, PROVISIONING,
                            lambda session: documents.document(session, "sp.example", document),
                            rules=rules, commands=[group], **rest))

    async def test_success_is_silent(self):
        await self.air(self.firmware())
        await self.until(lambda: self.software["firmware"]["version"] == "2.0")
        self.assertEqual(self.software["firmware"]["state"], 100)
        await asyncio.sleep(0.3)
        self.assertIsNone(self.record("spring-patch"))
        self.assertEqual(self.device.store.data["log"][0][1:3], ["spring-patch", 200])

    async def test_success_is_reported_when_all_are_asked_and_again_with_the_next_nonce(self):
        await self.air(self.firmware(who=EVERYBODY))
        await self.until(lambda: self.record("spring-patch"))
        self.assertEqual(self.record("spring-patch")["result"], 200)
        rules = [Rule(1, "any", True, "escalate")]
        await self.provision("roll", rules, [documents.setting("Replace", "RollCall", "1")],
                             reporting=Reporting(EVERYBODY, 0, 0, None, 3, 200), inspect=["./FUMO/State", "./No"])
        await self.until(lambda: self.record("roll"))
        self.assertEqual(self.device.store.data["settings"]["RollCall"], "1")

    async def test_a_failed_installer_reports_410_after_a_restart(self):
        self.config.world.installer_fails = True
        await self.air(self.firmware())
        await self.until(lambda: self.device.store.data["log"])
        await self.device.stop()
        await self.on()
        await self.until(lambda: self.record("spring-patch"))
        self.assertEqual(self.record("spring-patch")["result"], 410)
        self.assertEqual(self.record("spring-patch")["state"], "attention")
        self.assertEqual(self.software["firmware"]["version"], "1.0")

    async def test_a_damaged_package_reports_402(self):
        ready = self.provider.prepare(self.firmware())
        ready.objects[1] = (*ready.objects[1][:2], b"x" + PACKAGE[1:])
        await (await self.provider.air(ready))
        await self.until(lambda: self.record("spring-patch"))
        self.assertEqual(self.record("spring-patch")["result"], 402)
        self.assertEqual(self.software["firmware"]["state"], 20)

    async def test_a_component_is_installed(self):
        url = "http://sp.example/b/browser.bin"
        await self.air(Plan("browser-3", SOFTWARE, lambda session: documents.document(
            session, "sp.example", documents.software("browser-3", "browser", url)), Target(component="browser", version="3.1"),
            Reporting(EVERYBODY, 0, 0, None, 3, 200), [(url, PACKAGE)]))
        await self.until(lambda: self.record("browser-3"))
        self.assertEqual(self.record("browser-3")["result"], 1200)
        self.assertEqual(self.software["components"]["browser"], {"version": "3.1", "active": True})

    async def test_failed_settings_are_provisioned_again(self):
        rules = [Rule(1, "node:./Settings/Proxy", True, "re-provision", 0, 50, 200, 3), Rule(2, "any", False, "ignore")]
        commands = [documents.setting("Replace", "Apn", "new"), documents.setting("Replace", "Proxy", "p"),
                    documents.setting("Delete", "OldApn")]
        await self.provision("roaming", rules, commands)
        await self.until(lambda: (self.record("roaming") or {}).get("state") == "restored")
        settings = self.device.store.data["settings"]
        self.assertEqual((settings["Apn"], settings["Proxy"], "OldApn" in settings), ("new", "p", False))
        self.assertEqual(self.record("roaming")["failures"], [["./Settings/Proxy", 404]])

    async def test_the_end_user_declines(self):
        self.answers = ["postponed", "declined"]
        await self.air(self.firmware(consent=(2, 60000)))
        await self.until(lambda: self.record("spring-patch"))
        self.assertEqual(self.record("spring-patch")["result"], 401)

    async def test_a_mandatory_update_installs_when_the_deferral_is_over(self):
        self.answers = ["declined"]
        await self.air(self.firmware(consent=(1, 800)))
        self.assertEqual(self.software["firmware"]["version"], "1.0")
        await self.until(lambda: self.software["firmware"]["version"] == "2.0")

    async def test_an_overloaded_server_is_tried_again(self):
        self.config.world.installer_fails = True
        self.provider.dm.overload = {"left": 1, "retry_after": 0}
        await self.air(self.firmware())
        await self.until(lambda: self.record("spring-patch"))

    async def test_a_plan_goes_on_where_the_process_of_the_rule_fails(self):
        self.config.world.read_only.add("./Settings/Apn")
        self.config.world.gives_way_after = 2
        self.provider.carer.plan("roaming", ["re-provision", "escalate"], 5000)
        await self.provision("roaming", [Rule(1, "any", True, "re-provision", 0, 0, 200, 3)],
                             [documents.setting("Replace", "Apn", "new")])
        await self.until(lambda: (self.record("roaming") or {}).get("state") == "restored")
        self.assertEqual(self.record("roaming")["steps"], 1)
        self.assertEqual(self.device.store.data["settings"]["Apn"], "new")

    async def test_power_fails_while_writing(self):
        async def cycle():
            await self.device.stop()
            await self.on()

        self.config.world.power_fails = "while-writing"
        self.config.world.cut = lambda: cycles.append(asyncio.ensure_future(cycle()))
        cycles = []
        await self.air(self.firmware(who=EVERYBODY))
        await self.until(lambda: self.record("spring-patch"))
        self.assertEqual(len(cycles), 1)
        self.assertEqual(self.record("spring-patch")["result"], 200)
        self.assertEqual(self.software["firmware"]["version"], "2.0")

    async def test_packages_may_join_later(self):
        plan = self.firmware(who=EVERYBODY)
        plan.air.later, plan.air.version = True, 1
        await self.air(plan)
        await self.until(lambda: self.record("spring-patch"))
        self.assertEqual(self.record("spring-patch")["result"], 200)

    async def test_a_package_that_waits_outlives_a_new_one_that_does_not_arrive(self):
        for campaign, code in (("first", 200), ("second", 503)):
            plan, url = self.firmware(campaign, EVERYBODY, octets=campaign.encode() * 300), f"http://sp.example/{campaign}/image.bin"
            download = [Command("Replace", items=[Item(target="./FUMO/Download/PkgURL", format="chr", data=url)]),
                        Command("Exec", correlator=campaign, items=[Item(target="./FUMO/Download")])]
            plan.document = lambda session: documents.document(session, "sp.example", download)
            ready = self.provider.prepare(plan)
            if code == 503:
                ready.objects.pop()
            await (await self.provider.air(ready))
            await self.until(lambda: self.record(campaign))
            self.assertEqual(self.record(campaign)["result"], code)
            self.assertEqual(self.software["firmware"]["state"], 50)

    async def test_a_session_that_was_closing_is_not_aired_again_after_a_restart(self):
        ready = self.provider.prepare(self.firmware())
        sent = []

        async def send(octets):
            sent.append(octets)
            if octets[1] & 2:
                await asyncio.sleep(60)

        self.provider._senders[1].send = send
        task = await self.provider.air(ready)
        await self.until(lambda: sent and sent[-1][1] & 2)
        task.cancel()
        progress = self.provider.store.data["air"][0]["progress"]
        self.assertEqual(progress["cycle"], ready.air.cycles)

    async def test_others_are_left_alone(self):
        plan = self.firmware()
        plan.target.model = "X2"
        await self.air(plan)
        await asyncio.sleep(0.2)
        self.assertEqual(self.device.store.data["highest"], {})
        self.assertEqual(self.device.store.data["log"], [])


if __name__ == "__main__":
    unittest.main()
