//! Loss, repair, independent senders, and the end of a transmission.

use super::*;

/// What the crate sends of one object, with a table in as many packets as it takes.
fn crate_session(oti: Oti, profile: Profile, size: usize) -> Vec<Vec<u8>> {
    let endpoint = UDPEndpoint::new(None, "239.255.0.1".into(), 4001);
    let config = Config { profile, ..Config::default() };
    let mut sender = flute::sender::Sender::new(endpoint, 7, &oti, &config);
    let name = &COMMAND.parse().unwrap();
    let config = TransferConfig::default();
    let object = ObjectDesc::create_from_buffer(octets(size).to_vec(), "text/xml", name, true, config).unwrap();
    sender.add_object(0, object).unwrap();
    sender.publish(NOW.to_system_time()).unwrap();
    std::iter::from_fn(|| sender.read(NOW.to_system_time())).collect()
}

#[test]
fn objects_of_one_symbol_one_block_and_many_blocks_are_received() {
    for version in [FluteVersion::V1, FluteVersion::V2] {
        for size in [1, 16, 17, 1024, 1025, 5000] {
            let packets = transmit(SessionPlan { version, ..plan(1) }, vec![object(COMMAND, size)]);

            let events = hear(&mut receiver(vec![wanted(COMMAND, size)]), &packets);

            let [ReceptionEvent::FdtReceived { expires, files }, rest @ ..] = &events[..] else { panic!("{events:?}") };
            assert_eq!((*expires, files.len()), (Timestamp::from_millis(1_800_003_601_000), 1));
            let object = ReceptionEvent::ObjectReceived { location: COMMAND.into(), octets: octets(size).to_vec() };
            let end = ReceptionEvent::EndOfTransmission { at: NOW, cause: EndCause::CloseObject };
            assert_eq!(rest, [object, end], "{size} octets");
        }
    }
}

#[test]
fn only_wanted_objects_are_kept() {
    let packets = transmit(plan(1), vec![object(COMMAND, 40), object(PACKAGE, 5000)]);
    let mut receiver = receiver(vec![wanted(PACKAGE, 5000)]);

    let events = hear(&mut receiver, &packets);

    assert_eq!(received(&events), [(PACKAGE, &octets(5000)[..])]);
    assert_eq!(receiver.ignored(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_lost_in_a_cycle_the_next_repairs(lost in vec(any::<bool>(), 72), size in 1..1000usize) {
        let packets = transmit(plan(2), vec![object(COMMAND, 40), object(PACKAGE, size)]);
        let cycle = (packets.len() - 3) / 2;
        let heard = packets.iter().enumerate().filter(|(index, _)| *index >= cycle || !lost[*index]);

        let events = hear(
            &mut receiver(vec![wanted(COMMAND, 40), wanted(PACKAGE, size)]),
            heard.map(|(_, packet)| packet),
        );

        let mut objects = received(&events);
        objects.sort();
        prop_assert_eq!(objects, [(PACKAGE, &octets(size)[..]), (COMMAND, &octets(40)[..])]);
        prop_assert_eq!(ends(&events), [EndCause::CloseObject]);
        prop_assert_eq!(refusals(&events), []);
    }

    #[test]
    fn a_late_joiner_gets_everything_with_the_next_cycle(missed in 0..40usize) {
        let packets = transmit(plan(3), vec![object(COMMAND, 40), object(PACKAGE, 500)]);
        let events = hear(&mut receiver(vec![wanted(COMMAND, 40), wanted(PACKAGE, 500)]), &packets[missed..]);

        prop_assert_eq!(received(&events).len(), 2);
        prop_assert_eq!(ends(&events), [EndCause::CloseObject]);
    }

    #[test]
    fn spoilt_packets_neither_panic_nor_give_objects_of_another_size(
        spoilt in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 0..20),
        noise in vec(vec(any::<u8>(), 0..60), 0..4),
    ) {
        let mut packets = transmit(plan(2), vec![object(COMMAND, 40), object(PACKAGE, 500)]);
        for (packet, octet, value) in spoilt {
            let packet = packet.index(packets.len());
            let octet = octet.index(packets[packet].len());
            packets[packet][octet] = value;
        }
        packets.extend(noise);

        let events = hear(&mut receiver(vec![wanted(COMMAND, 40), wanted(PACKAGE, 500)]), &packets);

        for (location, octets) in received(&events) {
            prop_assert_eq!(octets.len(), if location == COMMAND { 40 } else { 500 });
        }
    }
}

#[test]
fn sessions_of_an_independent_sender_are_received_under_every_scheme() {
    let schemes = [
        Oti::new_no_code(100, 4),
        Oti::new_reed_solomon_rs28_under_specified(100, 4, 2).unwrap(),
        Oti::new_raptorq(100, 4, 2, 1, 4).unwrap(),
    ];
    for (index, oti) in schemes.into_iter().enumerate() {
        for profile in [Profile::RFC3926, Profile::RFC6726] {
            let mut packets = crate_session(oti.clone(), profile, 2345);
            if index > 0 {
                // One source symbol of each block is lost; the repair symbols make up for it.
                let is_lost = |packet: &AlcPacket| {
                    packet.header.toi == Some(1) && packet.payload_id.is_some_and(|id| id.symbol() == 1)
                };
                packets.retain(|packet| !is_lost(&AlcPacket::decode(packet).unwrap()));
            }

            let events = hear(&mut receiver(vec![wanted(COMMAND, 2345)]), &packets);

            assert_eq!(received(&events), [(COMMAND, &octets(2345)[..])], "{oti:?}");
        }
    }
}

#[test]
fn a_spoilt_symbol_is_repaired_by_the_next_cycle() {
    let mut packets = transmit(plan(2), vec![object(COMMAND, 2000)]);
    *packets[5].last_mut().unwrap() ^= 1;
    let cycle = (packets.len() - 3) / 2;
    let mut receiver = receiver(vec![wanted(COMMAND, 2000)]);

    let first = hear(&mut receiver, &packets[..cycle]);
    let second = hear(&mut receiver, &packets[cycle..]);

    assert_eq!((received(&first).len(), refusals(&first)), (0, vec![RefusalReason::Undecodable]));
    assert_eq!((received(&second), refusals(&second)), (vec![(COMMAND, &octets(2000)[..])], vec![]));
}

#[test]
fn a_rejected_object_is_received_again() {
    let truth: Vec<_> = octets(40).chunks(16).zip(0..).map(|(chunk, index)| symbol(1, None, 0, index, chunk)).collect();
    let forged = symbol(1, None, 0, 0, &[9; 16]);
    let mut receiver = receiver(vec![wanted(COMMAND, 40)]);
    let table = honest_table(40, 16);

    let first = hear(&mut receiver, [&table, &forged, &truth[1], &truth[2]]);
    assert_eq!(received(&first).len(), 1, "without Content-MD5 the forgery shows in the digest only");
    assert!(receiver.reject(COMMAND) && !receiver.reject(COMMAND) && !receiver.reject(PACKAGE));
    let second = hear(&mut receiver, [&table].into_iter().chain(&truth));

    assert_eq!(received(&second), [(COMMAND, &octets(40)[..])]);
}

#[test]
fn a_spoilt_table_gives_way_to_the_true_one() {
    let mut packets = transmit(plan(2), vec![object(COMMAND, 40)]);
    let cycle = (packets.len() - 3) / 2;
    let toi = packets[0].windows(5).position(|octets| octets == b"TOI=\"").unwrap() + 5;
    packets[0][toi] = b'5';

    let events = hear(&mut receiver(vec![wanted(COMMAND, 40)]), &packets);

    assert_eq!(received(&events), [(COMMAND, &octets(40)[..])]);
    assert_eq!(cycle, 4);
    assert_eq!(events.iter().filter(|event| matches!(event, ReceptionEvent::FdtReceived { .. })).count(), 2);
}

#[test]
fn every_form_of_closing_packet_ends_the_transmission_but_none_before_data() {
    let mut bare = LctHeader::new(7, None, NO_CODE);
    bare.close_session = true;
    let mut with_toi = LctHeader::new(7, Some(0), NO_CODE);
    with_toi.close_session = true;
    let mut full = with_toi.clone();
    full.extensions = vec![Extension::Fti(no_code(0, 16).encode().unwrap())];
    let dataless = |header| AlcPacket { header, payload_id: None, payload: Vec::new() };
    let payload_id = Some(PayloadId::NoCode { block: 0, symbol: 0 });
    let forms = [dataless(bare), dataless(with_toi), AlcPacket { payload_id, ..dataless(full) }];

    for form in forms {
        let closing = form.encode().unwrap();
        let mut receiver = receiver(vec![wanted(COMMAND, 40)]);

        let before = hear(&mut receiver, [&closing]);
        let after = hear(&mut receiver, [&honest_table(40, 16), &closing, &closing]);

        assert_eq!((before, receiver.ignored()), (vec![], 0));
        assert_eq!(ends(&after), [EndCause::CloseSession]);
    }
}

#[test]
fn closed_objects_end_the_transmission_once_the_last_is_closed() {
    let packets = transmit(plan(2), vec![object(COMMAND, 40), object(PACKAGE, 500)]);
    let closing = |toi| {
        let is_last = |packet: &AlcPacket| packet.header.toi == Some(toi) && packet.header.close_object;
        decode(&packets).iter().position(is_last).unwrap()
    };
    let (command, package) = (closing(1), closing(2));
    let both = || receiver(vec![wanted(COMMAND, 40), wanted(PACKAGE, 500)]);
    let without = |lost: &[usize]| -> Vec<Vec<u8>> {
        packets.iter().zip(0..).filter(|(_, index)| !lost.contains(index)).map(|(packet, _)| packet.clone()).collect()
    };

    let mut early = both();
    let until_command = hear(&mut early, &packets[..=command]);
    let at_package = hear(&mut early, &packets[command + 1..=package]);
    let command_lost = hear(&mut both(), &without(&[command]));
    let package_lost = hear(&mut both(), &without(&[package]));

    assert_eq!((received(&until_command).len(), ends(&until_command)), (2, vec![]), "the package is still being sent");
    assert_eq!(ends(&at_package), [EndCause::CloseObject]);
    assert_eq!(ends(&command_lost), [EndCause::CloseObject]);
    assert_eq!(ends(&package_lost), [EndCause::CloseSession]);
}

#[test]
fn an_end_without_the_objects_is_told_too() {
    let packets = transmit(plan(1), vec![object(COMMAND, 500)]);
    let heard = packets.iter().zip(0..).filter(|(_, index)| *index != 4).map(|(packet, _)| packet);

    let events = hear(&mut receiver(vec![wanted(COMMAND, 500)]), heard);

    assert_eq!((received(&events), ends(&events)), (vec![], vec![EndCause::CloseObject]));
}

#[test]
fn an_empty_object_is_complete_with_its_table() {
    let events = hear(&mut receiver(vec![wanted(COMMAND, 0)]), &[honest_table(0, 16)]);

    assert_eq!(received(&events), [(COMMAND, &[][..])]);
}

#[test]
fn a_close_flag_does_not_cost_what_has_come() {
    let truth = octets(40);
    let mut closing = symbol(1, None, 0, 2, &truth[32..]);
    closing[1] |= 1;
    let packets =
        [honest_table(40, 16), symbol(1, None, 0, 0, &truth[..16]), closing, symbol(1, None, 0, 1, &truth[16..32])];

    let events = hear(&mut receiver(vec![wanted(COMMAND, 40)]), &packets);

    assert_eq!(received(&events), [(COMMAND, &truth[..])]);
}
