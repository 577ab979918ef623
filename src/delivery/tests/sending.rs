//! What the sender gives, and an independent receiver reading it.

use super::*;

#[test]
fn a_carousel_goes_table_then_objects_and_closes_at_the_very_end() {
    let packets = decode(&transmit(plan(2), vec![object(COMMAND, 40), object(PACKAGE, 16)]));

    let shown: Vec<_> = packets
        .iter()
        .map(|packet| {
            let flags = (packet.header.close_session, packet.header.close_object);
            (packet.header.toi, packet.payload_id.map(PayloadId::symbol), flags)
        })
        .collect();

    let (none, b, a) = ((false, false), (false, true), (true, false));
    let cycle = |last| {
        [
            (Some(0), Some(0), none),
            (Some(1), Some(0), none),
            (Some(1), Some(1), none),
            (Some(1), Some(2), last),
            (Some(2), Some(0), last),
        ]
    };
    let closing = [(None, None, a); 3];
    assert_eq!(shown, [&cycle(none)[..], &cycle(b), &closing].concat());
}

#[test]
fn the_symbols_of_an_object_come_in_their_order() {
    let mut packets = decode(&transmit(plan(1), vec![object(COMMAND, 5000)]));
    packets.retain(|packet| packet.header.toi == Some(1));

    let ids = packets.iter().filter_map(|packet| packet.payload_id);

    assert!(ids.is_sorted_by_key(|id| (id.block(), id.symbol())));
    let joined: Vec<u8> = packets.iter().flat_map(|packet| packet.payload.clone()).collect();
    assert_eq!(joined, *octets(5000));
}

#[test]
fn sender_knows_its_cycle_and_its_end() {
    let mut sender = Sender::new(plan(2), vec![object(COMMAND, 16)], NOW).unwrap();

    let mut cycles = vec![sender.cycle()];
    while sender.next_packet(NOW).is_some() {
        cycles.push(sender.cycle());
        assert_eq!(sender.is_finished(), cycles.len() == 8);
    }

    assert_eq!(cycles, [0, 1, 1, 2, 2, 2, 2, 2]);
}

#[test]
fn the_table_is_one_plain_packet_and_the_same_in_every_cycle() {
    for (version, number) in [(FluteVersion::V1, 1), (FluteVersion::V2, 2)] {
        let plan = SessionPlan { version, fdt_instance: 3, ..plan(3) };

        let packets = decode(&transmit(plan, vec![object(COMMAND, 40), object(PACKAGE, 5000)]));

        let tables: Vec<_> = packets.iter().filter(|packet| packet.header.toi == Some(0)).collect();
        assert!(tables.len() == 3 && tables.iter().all(|table| table == &tables[0]));
        assert_eq!(tables[0].header.fdt_instance(), Some((number, 3)));
        let table = Fdt::from_xml(&tables[0].payload).unwrap();
        assert_eq!((table.complete, table.expires_at()), (true, Timestamp::from_millis(1_800_003_601_000)));
        let names: Vec<_> = table.files.iter().map(|file| (file.toi, file.location.as_str())).collect();
        assert_eq!(names, [(1, COMMAND), (2, PACKAGE)]);
        assert_eq!(table.files[1].fec.oti(5000), Some(no_code(5000, 16)));
    }
}

#[test]
fn the_same_session_gives_the_same_octets() {
    let session = || transmit(plan(2), vec![object("b", 100), object("a", 50), object("c", 3)]);

    assert_eq!(session(), session());
}

#[test]
fn an_expired_table_is_renewed_at_the_next_cycle() {
    let plan = SessionPlan { expires_after: Duration::from_secs(2), ..plan(2) };
    let mut sender = Sender::new(plan, vec![object(COMMAND, 16)], NOW).unwrap();

    let mut tables = Vec::new();
    for seconds in [0, 1, 5, 6] {
        let packet = AlcPacket::decode(&sender.next_packet(NOW + Duration::from_secs(seconds)).unwrap()).unwrap();
        tables.extend(packet.header.fdt_instance().map(|(_, id)| (id, Fdt::from_xml(&packet.payload).unwrap())));
    }

    let [(1, first), (2, second)] = &tables[..] else { panic!("{tables:?}") };
    assert_eq!(first.expires_at(), Timestamp::from_millis(1_800_000_003_000));
    assert_eq!(second.expires_at(), Timestamp::from_millis(1_800_000_008_000));
}

#[test]
fn an_object_that_joins_later_comes_with_a_table_of_its_own() {
    let plan = SessionPlan { at_first: Some(1), ..plan(2) };

    let packets = decode(&transmit(plan, vec![object(COMMAND, 16), object(PACKAGE, 16)]));

    let tables: Vec<_> = packets.iter().filter(|packet| packet.header.toi == Some(0)).collect();
    let told = |table: &AlcPacket| {
        let instance = table.header.fdt_instance().map(|(_, id)| id);
        let table = Fdt::from_xml(&table.payload).unwrap();
        (instance, table.complete, table.files.len(), table.expires)
    };
    let expires = told(tables[0]).3;
    assert_eq!(told(tables[0]), (Some(1), false, 1, expires));
    assert_eq!(told(tables[1]), (Some(2), true, 2, expires));
    let objects: Vec<_> = packets.iter().filter_map(|packet| packet.header.toi.filter(|toi| *toi > 0)).collect();
    assert_eq!(objects, [1, 1, 2]);
}

#[test]
fn a_session_that_goes_on_sends_the_same_octets() {
    let objects = || vec![object(COMMAND, 40), object(PACKAGE, 500)];
    let whole = transmit(plan(2), objects());
    let state = Sender::new(plan(2), objects(), NOW).unwrap().table_state();
    let later = NOW + Duration::from_secs(7);
    let rest = SessionPlan { fdt_instance: state.instance, expires_after: state.expires_at.since(later), ..plan(1) };

    let mut sender = Sender::new(rest, objects(), later).unwrap();
    let again: Vec<_> = std::iter::from_fn(|| sender.next_packet(later)).collect();

    assert_eq!(again, whole[whole.len() - again.len()..]);
}

#[test]
fn parity_alone_makes_up_for_a_lost_symbol() {
    for parity in [Parity::ReedSolomon(2), Parity::RaptorQ(3)] {
        for size in [10, 16, 700, 2345] {
            let mut packets =
                transmit(SessionPlan { parity, ..plan(1) }, vec![object(COMMAND, 40), object(PACKAGE, size)]);
            let is_lost = |packet: &AlcPacket| {
                packet.header.toi == Some(2) && packet.payload_id.is_some_and(|id| id.symbol() == 0)
            };
            packets.retain(|packet| !is_lost(&AlcPacket::decode(packet).unwrap()));

            let events = hear(&mut receiver(vec![wanted(COMMAND, 40), wanted(PACKAGE, size)]), &packets);

            assert_eq!(received(&events), [(COMMAND, &octets(40)[..]), (PACKAGE, &octets(size)[..])], "{parity:?}");
            assert_eq!(ends(&events), [EndCause::CloseObject]);
        }
    }
}

#[test]
fn sessions_that_cannot_be_sent_are_refused() {
    let one = || vec![object(COMMAND, 16)];
    let table = [
        (plan(1), vec![], DeliveryError::NoObjects),
        (plan(0), one(), DeliveryError::NoCycles),
        (
            SessionPlan { symbol_length: 15, ..plan(1) },
            one(),
            DeliveryError::SymbolLength { length: 15, min: 16, max: 65_000 },
        ),
        (SessionPlan { fdt_instance: 1 << 20, ..plan(1) }, one(), DeliveryError::FdtInstance { id: 1 << 20 }),
        (
            SessionPlan { at_first: Some(1), ..plan(1) },
            vec![object("a", 1), object("b", 1)],
            DeliveryError::FirstCycle { first: 1, cycles: 1 },
        ),
        (plan(1), vec![object("a", 0)], DeliveryError::EmptyObject { location: "a".into() }),
        (plan(1), vec![object("a\n", 1)], DeliveryError::Name { text: "a\n".into() }),
        (plan(1), vec![object("a", 1), object("a", 2)], DeliveryError::SameLocation { location: "a".into() }),
    ];

    for (plan, objects, expected) in table {
        assert_eq!(Sender::new(plan, objects, NOW).err(), Some(expected));
    }
    let many = (0..9).map(|number| object(&format!("{PACKAGE}{number}"), 1)).collect();
    assert!(matches!(Sender::new(plan(1), many, NOW).err(), Some(DeliveryError::TableTooLong { max: 1400, .. })));
}

#[test]
fn an_independent_receiver_reads_the_session() {
    for version in [FluteVersion::V1, FluteVersion::V2] {
        for number in [7, 0x12_3456, Tsi::MAX] {
            let plan = SessionPlan { version, tsi: Tsi::new(number).unwrap(), ..plan(1) };
            let writer = std::rc::Rc::new(ObjectWriterBufferBuilder::new(true));
            let endpoint = UDPEndpoint::new(None, "239.255.0.1".into(), 4001);
            let mut independent = flute::receiver::Receiver::new(&endpoint, number, writer.clone(), None);

            for packet in transmit(plan, vec![object(COMMAND, 40), object("no URL & more", 5000)]) {
                independent.push_data(&packet, NOW.to_system_time()).unwrap();
            }

            let objects = writer.objects.borrow();
            let shown: Vec<_> = objects
                .iter()
                .map(|object| object.borrow())
                .map(|object| (object.complete, object.meta.content_location.clone(), object.data.clone()))
                .collect();
            let expected =
                [(true, COMMAND.into(), octets(40).to_vec()), (true, "no URL & more".into(), octets(5000).to_vec())];
            assert_eq!(shown, expected);
        }
    }
}

#[test]
fn a_sender_may_move_between_threads() {
    fn is_send<T: Send>(_: &T) -> bool {
        true
    }

    assert!(is_send(&Sender::new(plan(1), vec![object(COMMAND, 1)], NOW).unwrap()));
}
