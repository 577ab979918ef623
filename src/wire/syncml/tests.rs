//! Both directions together: the inverse property, messages as real peers write them, and what is no message.

use proptest::prelude::*;

use super::tree::is_xml_char;
use super::*;

/// Package #1 as a Device in the field writes it: prefixes nowhere, apostrophes, a bare document type, indented.
const PACKAGE_1: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE SyncML PUBLIC "-//SYNCML//DTD SyncML 1.2//EN" "http://www.openmobilealliance.org/tech/DTD/OMA-TS-SyncML_RepPro_DTD-V1_2.dtd">
<SyncML xmlns='SYNCML:SYNCML1.2'>
  <SyncHdr>
    <VerDTD>1.2</VerDTD>
    <VerProto>DM/1.2</VerProto>
    <SessionID>2</SessionID>
    <MsgID>1</MsgID>
    <Target><LocURI>http://dm.sp.example/dm</LocURI></Target>
    <Source><LocURI>urn:imei:490154203237518</LocURI><LocName>Bruce2</LocName></Source>
    <Cred>
      <Meta>
        <Type xmlns='syncml:metinf'>syncml:auth-md5</Type>
        <Format xmlns='syncml:metinf'>b64</Format>
      </Meta>
      <Data>Zz6EivR3yeaaENcRN6lpAQ==</Data>
    </Cred>
    <Meta><MaxMsgSize xmlns='syncml:metinf'>16000</MaxMsgSize><MaxObjSize xmlns='syncml:metinf'>64000</MaxObjSize></Meta>
  </SyncHdr>
  <SyncBody>
    <Alert><CmdID>1</CmdID><Data>1201</Data></Alert>
    <Replace>
      <CmdID>2</CmdID>
      <Meta><Format xmlns='syncml:metinf'>chr</Format><Type xmlns='syncml:metinf'>text/plain</Type></Meta>
      <Item><Source><LocURI>./DevInfo/DevId</LocURI></Source><Data>urn:imei:490154203237518</Data></Item>
      <Item>
        <Source><LocURI>./DevInfo/Man</LocURI></Source>
        <Meta><Type>text/vnd.acme</Type></Meta>
        <Data><![CDATA[Acme & Sons]]> &#x20AC;</Data>
      </Item>
    </Replace>
    <Alert>
      <CmdID>3</CmdID>
      <Data>1226</Data>
      <Correlator>spring-patch</Correlator>
      <Item>
        <Source><LocURI>./FUMO</LocURI></Source>
        <Meta>
          <Type xmlns='syncml:metinf'>org.openmobilealliance.dm.firmwareupdate.downloadandupdate</Type>
          <Format xmlns='syncml:metinf'>int</Format>
          <Mark xmlns='syncml:metinf'>critical</Mark>
        </Meta>
        <Data>402</Data>
      </Item>
    </Alert>
    <Final/>
  </SyncBody>
</SyncML>
"#;

/// Package #2 with a prefix on every element, `Cred`, `Item` and a wrong order inside Status, `NoResp` and `Lang`.
const PACKAGE_2: &str = r#"<s:SyncML xmlns:s="SYNCML:SYNCML1.2" xmlns:m="syncml:metinf"><s:SyncHdr><s:VerDTD> 1.2 </s:VerDTD>
<s:VerProto>DM/1.2</s:VerProto><s:SessionID>2</s:SessionID><s:MsgID>1</s:MsgID><s:Target><s:LocURI>urn:imei:1</s:LocURI>
</s:Target><s:Source><s:LocURI>sp.example</s:LocURI></s:Source><s:RespURI>http://dm.sp.example/dm?s=2&amp;m=1</s:RespURI>
</s:SyncHdr><s:SyncBody><s:Status><s:MsgRef>1</s:MsgRef><s:CmdRef>0</s:CmdRef><s:CmdID>1</s:CmdID><s:Cmd>SyncHdr</s:Cmd>
<s:TargetRef>sp.example</s:TargetRef><s:TargetRef>other</s:TargetRef><s:SourceRef>urn:imei:1</s:SourceRef><s:Cred><s:Data/>
</s:Cred><s:Chal><s:Meta><m:Type>syncml:auth-md5</m:Type><m:Format>b64</m:Format><m:NextNonce>Tm9u
Y2U=</m:NextNonce></s:Meta></s:Chal><s:Data>212</s:Data><s:Item><s:Data>x</s:Data></s:Item></s:Status>
<s:Get><s:CmdID>2</s:CmdID><s:NoResp/><s:Lang>en</s:Lang><s:Item><s:Target><s:LocURI>./FUMO/State</s:LocURI></s:Target>
</s:Item></s:Get><s:Results><s:CmdID>3</s:CmdID><s:CmdRef>2</s:CmdRef><s:Item><s:Data> <a>1</a>&amp;</s:Data></s:Item>
</s:Results></s:SyncBody></s:SyncML>"#;

/// A Command as the profile writes it, character for character.
const COMMAND: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD>\
    <VerProto>DM/1.2</VerProto><SessionID>1A2F</SessionID><MsgID>1</MsgID><Target><LocURI>urn:castproof:broadcast</LocURI>\
    </Target><Source><LocURI>sp.example</LocURI></Source></SyncHdr><SyncBody><Sequence><CmdID>1</CmdID><Replace>\
    <CmdID>2</CmdID><Item><Target><LocURI>./FUMO/DownloadAndUpdate/PkgURL</LocURI></Target><Meta>\
    <Format xmlns=\"syncml:metinf\">chr</Format></Meta><Data>http://sp.example/spring-patch/acme-x1-2.0.bin</Data></Item>\
    </Replace><Exec><CmdID>3</CmdID><Correlator>spring-patch</Correlator><Item><Target>\
    <LocURI>./FUMO/DownloadAndUpdate</LocURI></Target></Item></Exec></Sequence><Final/></SyncBody></SyncML>";

/// A message around `body`, for tests of one command.
fn with_body(body: &str) -> String {
    format!(
        "<SyncML><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>\
         <Target><LocURI>t</LocURI></Target><Source><LocURI>s</LocURI></Source></SyncHdr><SyncBody>{body}</SyncBody></SyncML>"
    )
}

#[test]
fn package_1_of_a_device_is_read() {
    let message = Message::from_xml(PACKAGE_1.as_bytes()).unwrap();

    assert!(message.is_final);
    assert_eq!(message.header.source_name.as_deref(), Some("Bruce2"));
    assert!(message.header.cred.as_ref().unwrap().matches_md5("Bruce2", "OhBehave", b"Nonce"));
    let [Command::Alert(client), Command::Replace(info), Command::Alert(report)] = message.body.as_slice() else {
        panic!("{:?}", message.body);
    };
    assert_eq!((client.code, client.items.len()), (alert::CLIENT_INITIATED, 0));
    assert_eq!(info.items[0].meta.media_type.as_deref(), Some("text/plain"), "inherited from the command");
    assert_eq!(info.items[1].meta.media_type.as_deref(), Some("text/vnd.acme"), "the item's own");
    assert_eq!(info.items[1].meta.format.as_deref(), Some("chr"), "inherited beside the item's own");
    assert_eq!(info.items[1].data.as_deref(), Some("Acme & Sons €"));
    assert_eq!((report.code, report.correlator.as_deref()), (alert::GENERIC, Some("spring-patch")));
    assert_eq!(report.items[0].meta.mark.as_deref(), Some("critical"));
}

#[test]
fn package_2_of_a_careless_server_is_read() {
    let message = Message::from_xml(PACKAGE_2.as_bytes()).unwrap();

    assert!(!message.is_final);
    assert_eq!(message.header.resp_uri.as_deref(), Some("http://dm.sp.example/dm?s=2&m=1"));
    let [Command::Status(status), Command::Get(get), Command::Results(results)] = message.body.as_slice() else {
        panic!("{:?}", message.body);
    };
    assert_eq!(status.chal, Some(NextNonce { scheme: auth::MD5.into(), nonce: b"Nonce".to_vec() }));
    assert_eq!((status.code, status.target_refs.len()), (status::AUTHENTICATION_ACCEPTED, 2));
    assert_eq!(get.items, [Item::for_target("./FUMO/State")]);
    assert_eq!(results.msg_ref, 1, "an absent MsgRef is message 1");
    assert_eq!(results.items[0].data.as_deref(), Some(" <a>1</a>&amp;"), "markup is kept as written");
}

#[test]
fn a_command_of_the_profile_is_written_to_the_letter_and_read_back() {
    let exec =
        Exec { cmd_id: 3, correlator: Some("spring-patch".into()), item: Item::for_target("./FUMO/DownloadAndUpdate") };
    let url = Item::text("./FUMO/DownloadAndUpdate/PkgURL", "http://sp.example/spring-patch/acme-x1-2.0.bin");
    let inside = vec![Command::Replace(Items { cmd_id: 2, items: vec![url] }), Command::Exec(exec)];
    let message = Message {
        header: SyncHdr {
            session_id: "1A2F".into(),
            msg_id: 1,
            target: "urn:castproof:broadcast".into(),
            source: "sp.example".into(),
            source_name: None,
            resp_uri: None,
            cred: None,
        },
        body: vec![Command::Sequence(Group { cmd_id: 1, commands: inside })],
        is_final: true,
    };

    assert_eq!(message.to_xml(), COMMAND);
    assert_eq!(Message::from_xml(COMMAND.as_bytes()), Ok(message));
}

#[test]
fn meta_of_a_group_and_of_a_command_reaches_the_item_below() {
    let body = "<Atomic><CmdID>1</CmdID><Meta><Format>chr</Format><Type>a</Type></Meta><Exec><CmdID>2</CmdID>\
                <Meta><Type>b</Type></Meta><Item><Target><LocURI>./X</LocURI></Target></Item></Exec></Atomic>";

    let message = Message::from_xml(with_body(body).as_bytes()).unwrap();

    let [Command::Atomic(Group { commands, .. })] = message.body.as_slice() else { panic!("{:?}", message.body) };
    let [Command::Exec(exec)] = commands.as_slice() else { panic!("{commands:?}") };
    let meta = Meta { media_type: Some("b".into()), format: Some("chr".into()), mark: None };
    assert_eq!(exec.item.meta, meta);
}

#[test]
fn what_is_no_message_is_refused_with_its_place() {
    let get = |inside: &str| with_body(&format!("<Get>{inside}</Get>"));
    let item = "<Item><Target><LocURI>./X</LocURI></Target></Item>";
    let cases = [
        ("<Other/>".into(), "document", "not `SyncML`"),
        ("<SyncML/>".into(), "SyncML", "no `SyncHdr`"),
        (with_body("").replace("<SyncBody></SyncBody>", ""), "SyncML", "no `SyncBody`"),
        (with_body("").replace(">1.2<", ">1.1<"), "VerDTD", "only 1.2"),
        (with_body("").replace("DM/1.2", "DM/1.3"), "VerProto", "only DM/1.2"),
        (with_body("").replace("<VerProto>DM/1.2</VerProto>", ""), "SyncHdr", "no `VerProto`"),
        (with_body("").replace("<SessionID>1<", "<SessionID><"), "SessionID", "1 to 4"),
        (with_body("").replace("<SessionID>1<", "<SessionID>12345<"), "SessionID", "1 to 4"),
        (with_body("").replace("<MsgID>1<", "<MsgID>4294967296<"), "MsgID", "32 bits"),
        (with_body("").replace("<MsgID>1<", "<MsgID>+1<"), "MsgID", "no unsigned number"),
        (with_body("").replace("<LocURI>t</LocURI>", ""), "Target", "no `LocURI`"),
        (with_body("<Frob/>"), "document", "no command here"),
        (with_body("<Sync><CmdID>1</CmdID></Sync>"), "document", "no command here"),
        (with_body(&format!("<Final/><Get><CmdID>1</CmdID>{item}</Get>")), "SyncBody", "after `Final`"),
        (with_body("<Final/><Final/>"), "Final", "twice"),
        (with_body("text"), "SyncBody", "text beside"),
        (get(item), "Get", "no `CmdID`"),
        (get(&format!("<CmdID/>{item}")), "CmdID", "no unsigned number"),
        (get(&format!("<CmdID>1</CmdID><CmdID>2</CmdID>{item}")), "CmdID", "twice"),
        (get(&format!("<CmdID><b/></CmdID>{item}")), "CmdID", "no place"),
        (get("<CmdID>1</CmdID>"), "Get", "no `Item`"),
        (get("<CmdID>1</CmdID><Item><MoreData/></Item>"), "Item", "`MoreData`"),
        (get("<CmdID>1</CmdID><Item>text</Item>"), "Item", "text beside"),
        (get(&format!("<CmdID>1</CmdID>{item}<Frob/>")), "Get", "`Frob`"),
        (with_body("<Alert><CmdID>1</CmdID></Alert>"), "Alert", "no `Data`"),
        (with_body("<Exec><CmdID>1</CmdID></Exec>"), "Exec", "no `Item`"),
        (with_body(&format!("<Exec><CmdID>1</CmdID>{item}{item}</Exec>")), "Item", "twice"),
        (with_body("<Atomic><CmdID>1</CmdID></Atomic>"), "Atomic", "no command"),
        (with_body("<Atomic><CmdID>1</CmdID><Status/></Atomic>"), "Status", "no command here"),
        (
            with_body(
                "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>Get</Cmd><Data>65536</Data></Status>",
            ),
            "Data",
            "16 bits",
        ),
        (PACKAGE_2.replace("Tm9u", "****"), "NextNonce", "not base64"),
        (PACKAGE_2.replace("<m:Format>b64", "<m:Format>chr"), "Format", "other than `b64`"),
        (PACKAGE_1.replace(".dtd\">", ".dtd\" [<!ENTITY a \"b\">]>"), "document", "declares entities"),
        (PACKAGE_1.replace("Acme & Sons", "]]>&man;<![CDATA["), "Data", "`man`"),
        (with_body(&" ".repeat(256 * 1024)), "document", "at most 262144"),
        (with_body(&"<Atomic><CmdID>1</CmdID>".repeat(15)), "Atomic", "more than 16 levels"),
        (with_body(&"<Final/>".repeat(4096)), "SyncBody", "more than 4096 elements"),
    ];
    for (document, field, reason) in cases {
        let shown: String = document.chars().take(600).collect();
        let fault = Message::from_xml(document.as_bytes()).expect_err(&shown);

        assert_eq!(fault.field, field, "{fault}: {shown}");
        assert!(fault.reason.contains(reason), "{fault}: {shown}");
        assert!(fault.offset <= document.len(), "{fault}: {shown}");
    }
}

#[test]
fn the_place_of_an_error_is_the_start_of_its_element() {
    let document = PACKAGE_1.replace("<MsgID>1<", "<MsgID>one<");

    let fault = Message::from_xml(document.as_bytes()).unwrap_err();

    assert_eq!((fault.offset, fault.field), (document.find("<MsgID>").unwrap(), "MsgID"));
}

#[test]
fn a_message_cut_anywhere_is_no_message() {
    for whole in [PACKAGE_1.trim_end(), PACKAGE_2, COMMAND] {
        for length in 0..whole.len() {
            let cut = &whole.as_bytes()[..length];

            assert!(Message::from_xml(cut).is_err(), "{}", String::from_utf8_lossy(cut));
        }
    }
}

/// Text as `Data` may hold it: what XML allows, with its specials, line ends and characters beyond the basic plane.
fn data() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<&>'\"]]>".to_owned()),
        Just("\r\n\r\t ".to_owned()),
        Just("&amp;<!-- € 𝄞".to_owned()),
        any::<String>().prop_map(|text| text.chars().filter(|c| is_xml_char(*c)).collect()),
    ];
    prop::collection::vec(piece, 0..3).prop_map(|pieces| pieces.concat())
}

/// Text as any other element may hold it: not surrounded by white space.
fn word() -> impl Strategy<Value = String> {
    data().prop_map(|text| text.trim_matches(tree::is_xml_space).to_owned())
}

fn optional_word() -> impl Strategy<Value = Option<String>> {
    prop::option::of(word())
}

fn item() -> impl Strategy<Value = Item> {
    let meta = (optional_word(), optional_word(), optional_word()).prop_map(|(media_type, format, mark)| Meta {
        media_type,
        format,
        mark,
    });
    (optional_word(), optional_word(), meta, prop::option::of(data())).prop_map(|(target, source, meta, data)| Item {
        target,
        source,
        meta,
        data,
    })
}

fn items() -> impl Strategy<Value = Items> {
    (any::<u32>(), prop::collection::vec(item(), 1..3)).prop_map(|(cmd_id, items)| Items { cmd_id, items })
}

fn answer() -> impl Strategy<Value = Command> {
    let chal = (word(), any::<Vec<u8>>()).prop_map(|(scheme, nonce)| NextNonce { scheme, nonce });
    let words = || prop::collection::vec(word(), 0..3);
    let status = (any::<(u32, u32, u32, u16)>(), word(), words(), words(), prop::option::of(chal)).prop_map(
        |((cmd_id, msg_ref, cmd_ref, code), cmd, target_refs, source_refs, chal)| {
            Command::Status(Status { cmd_id, msg_ref, cmd_ref, cmd, target_refs, source_refs, chal, code })
        },
    );
    let results = (any::<(u32, u32)>(), items()).prop_map(|((msg_ref, cmd_ref), Items { cmd_id, items })| {
        Command::Results(Results { cmd_id, msg_ref, cmd_ref, items })
    });
    prop_oneof![status, results]
}

fn command() -> impl Strategy<Value = Command> {
    let alert = (any::<(u32, u32)>(), optional_word(), prop::collection::vec(item(), 0..3))
        .prop_map(|((cmd_id, code), correlator, items)| Command::Alert(Alert { cmd_id, code, correlator, items }));
    let exec = (any::<u32>(), optional_word(), item())
        .prop_map(|(cmd_id, correlator, item)| Command::Exec(Exec { cmd_id, correlator, item }));
    let leaf = prop_oneof![
        alert,
        exec,
        items().prop_map(Command::Replace),
        items().prop_map(Command::Add),
        items().prop_map(Command::Delete),
        items().prop_map(Command::Get),
    ];
    leaf.prop_recursive(2, 12, 3, |inner| {
        let group = (any::<u32>(), prop::collection::vec(inner, 1..3))
            .prop_map(|(cmd_id, commands)| Group { cmd_id, commands });
        prop_oneof![group.clone().prop_map(Command::Sequence), group.prop_map(Command::Atomic)]
    })
}

prop_compose! {
    fn message()(
        session_id in "[0-9A-F]{1,4}",
        msg_id in any::<u32>(),
        target in word(),
        source in word(),
        source_name in optional_word(),
        resp_uri in optional_word(),
        cred in prop::option::of((word(), word(), data())),
        body in prop::collection::vec(prop_oneof![1 => answer(), 3 => command()], 0..5),
        is_final in any::<bool>(),
    ) -> Message {
        let cred = cred.map(|(scheme, format, data)| Credential { scheme, format, data });
        let header = SyncHdr { session_id, msg_id, target, source, source_name, resp_uri, cred };
        Message { header, body, is_final }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn reading_is_the_inverse_of_writing(message in message()) {
        let xml = message.to_xml();

        prop_assert_eq!(Message::from_xml(xml.as_bytes()), Ok(message), "{}", xml);
    }

    #[test]
    fn arbitrary_octets_never_panic(octets in any::<Vec<u8>>()) {
        prop_assert!(Message::from_xml(&octets).is_err());
    }

    #[test]
    fn a_message_with_some_octets_replaced_never_panics(
        wounds in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        first in any::<bool>(),
    ) {
        let mut octets = if first { PACKAGE_1 } else { PACKAGE_2 }.as_bytes().to_vec();
        for (place, octet) in wounds {
            let place = place.index(octets.len());
            octets[place] = octet;
        }

        if let Ok(message) = Message::from_xml(&octets) {
            prop_assert_eq!(Message::from_xml(message.to_xml().as_bytes()), Ok(message));
        }
    }
}
