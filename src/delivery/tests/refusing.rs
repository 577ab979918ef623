//! Senders that lie, and datagrams that have no place.

use super::*;

#[test]
fn foreign_sessions_sources_and_noise_are_ignored_and_counted() {
    let ours = transmit(plan(1), vec![object(COMMAND, 40)]);
    let foreign = transmit(SessionPlan { tsi: Tsi::new(8).unwrap(), ..plan(1) }, vec![object(COMMAND, 40)]);
    let mut receiver = receiver(vec![wanted(COMMAND, 40)]);

    let events = hear(&mut receiver, foreign.iter().chain([&vec![1, 2, 3]]));
    assert_eq!((events.len(), receiver.ignored()), (0, foreign.len() as u64 + 1));
    receiver.handle_packet(NOW, source(1), &ours[0]);
    for packet in &ours[1..] {
        receiver.handle_packet(NOW, source(2), packet);
    }
    assert_eq!(received(&hear(&mut receiver, [])), []);
    assert_eq!(receiver.ignored(), (foreign.len() + ours.len()) as u64);
    let events = hear(&mut receiver, &ours);

    assert_eq!(received(&events), [(COMMAND, &octets(40)[..])]);
}

#[test]
fn an_object_of_another_size_than_announced_is_refused_before_anything_is_kept() {
    let lengths = |content_length, transfer_length| FdtFile { content_length, transfer_length, ..FdtFile::default() };
    let huge = Some((1 << 47) + 1);
    let table = [
        (lengths(Some(41), Some(41)), RefusalReason::TooLarge),
        (lengths(Some(39), Some(39)), RefusalReason::SizeDiffers),
        (lengths(Some(40), huge), RefusalReason::TooLarge),
        (lengths(huge, Some(40)), RefusalReason::TooLarge),
        (FdtFile { content_encoding: Some("gzip".into()), ..lengths(Some(40), Some(40)) }, RefusalReason::Undecodable),
    ];

    for (file, reason) in table {
        let fec = FecAttributes::from(no_code(40, 16));
        let packets = [self::table(FdtFile { fec, ..file }), symbol(1, None, 0, 0, &[0; 16])];

        let events = hear(&mut receiver(vec![wanted(COMMAND, 40)]), &packets);

        assert_eq!(refusals(&events), [reason]);
        assert_eq!(received(&events), []);
    }
}

#[test]
fn limits_hold_whatever_was_announced() {
    let limits = ReceiverLimits { object_octets: 39, ..ReceiverLimits::default() };
    let mut receiver = Receiver::new(tsi(), vec![wanted(COMMAND, 40)], limits);

    let events = hear(&mut receiver, &[honest_table(40, 16)]);

    assert_eq!(refusals(&events), [RefusalReason::TooLarge]);
}

#[test]
fn a_lie_in_the_packets_is_told_once_and_kept_out() {
    let silent = table(FdtFile::default());
    let lie = symbol(1, Some(no_code(1 << 47, 16)), 0, 0, &[0; 16]);
    let truth: Vec<_> = octets(40)
        .chunks(16)
        .zip(0..)
        .map(|(chunk, index)| symbol(1, Some(no_code(40, 16)), 0, index, chunk))
        .collect();
    let mut receiver = receiver(vec![wanted(COMMAND, 40)]);

    let events = hear(&mut receiver, &[silent, lie.clone(), lie.clone(), truth[0].clone(), lie]);
    assert_eq!(refusals(&events), [RefusalReason::TooLarge]);
    assert_eq!(receiver.ignored(), 1, "once the object is being received, what disagrees is ignored");
    let events = hear(&mut receiver, &truth);

    assert_eq!(received(&events), [(COMMAND, &octets(40)[..])]);
}

#[test]
fn symbols_without_a_place_are_ignored() {
    let mut receiver = receiver(vec![wanted(COMMAND, 40)]);
    let foreign = [
        symbol(1, None, 0, 3, &[9; 16]),
        symbol(1, None, 1, 0, &[9; 16]),
        symbol(1, None, 9999, 0, &[9; 16]),
        symbol(1, None, 0, 0, &[9; 17]),
        symbol(1, None, 0, 0, &[9; 15]),
        symbol(1, None, 0, 2, &[9; 7]),
        symbol(1, Some(no_code(40, 32)), 0, 0, &[9; 16]),
    ];
    hear(&mut receiver, &[honest_table(40, 16)]);

    let events = hear(&mut receiver, &foreign);
    assert_eq!((events.len(), receiver.ignored()), (0, foreign.len() as u64));
    let truth: Vec<_> = octets(40).chunks(16).zip(0..).map(|(chunk, index)| symbol(1, None, 0, index, chunk)).collect();
    let events = hear(&mut receiver, &truth);

    assert_eq!(received(&events), [(COMMAND, &octets(40)[..])]);
}

#[test]
fn what_would_cost_more_than_its_octets_is_not_begun() {
    let size = 1 << 20;
    let mut receiver = receiver(vec![wanted(COMMAND, size)]);

    let events = hear(&mut receiver, &[honest_table(size as u64, 1)]);
    assert_eq!(refusals(&events), [RefusalReason::Undecodable], "symbols of one octet");
    let mut long = AlcPacket::decode(&honest_table(size as u64, 1400)).unwrap();
    let mut packed = long.clone();
    long.header.extensions[1] = Extension::Fti(no_code(64 * 1024 + 1, 1400).encode().unwrap());
    packed.header.extensions.push(Extension::Cenc { encoding: 1, reserved: 0 });
    let events = hear(&mut receiver, &[long.encode().unwrap(), packed.encode().unwrap()]);

    assert_eq!(events, []);
    assert_eq!(receiver.ignored(), 2, "a table too long, and one that says it is compressed");
}

#[test]
fn repair_symbols_are_taken_up_to_a_bound() {
    let oti = |transfer_length| FecOti::RaptorQ {
        transfer_length,
        symbol_length: 16,
        source_blocks: 1,
        sub_blocks: 1,
        alignment: 4,
    };
    let fec = FecAttributes::from(oti(1600));
    let packets = [100, 163, 199].map(|symbol| {
        let payload_id = Some(PayloadId::RaptorQ { block: 0, symbol });
        AlcPacket { header: LctHeader::new(7, Some(1), 6), payload_id, payload: vec![0; 16] }.encode().unwrap()
    });
    let mut receiver = receiver(vec![wanted(COMMAND, 1600)]);

    hear(&mut receiver, &[table(FdtFile { content_length: Some(1600), fec, ..FdtFile::default() })]);
    hear(&mut receiver, &packets);
    assert_eq!(receiver.ignored(), 0, "as many repair symbols as source symbols");
    let beyond =
        AlcPacket { payload_id: Some(PayloadId::RaptorQ { block: 0, symbol: 200 }), ..decode(&packets)[0].clone() };
    hear(&mut receiver, &[beyond.encode().unwrap()]);

    assert_eq!(receiver.ignored(), 1);
}

#[test]
fn an_expired_table_is_not_used() {
    let packets = transmit(SessionPlan { expires_after: Duration::ZERO, ..plan(1) }, vec![object(COMMAND, 40)]);
    let mut receiver = receiver(vec![wanted(COMMAND, 40)]);

    receiver.handle_packet(NOW + Duration::from_secs(1), source(1), &packets[0]);

    assert_eq!((receiver.poll_event(), receiver.ignored()), (None, 1));
}
