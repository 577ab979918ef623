//! Malformed answers of a DM Server.

/// An answer as it should be, from which the malformed ones are made.
const RIGHT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<SyncML xmlns="SYNCML:SYNCML1.2">
  <SyncHdr>
    <VerDTD>1.2</VerDTD>
    <VerProto>DM/1.2</VerProto>
    <SessionID>2</SessionID>
    <MsgID>1</MsgID>
    <Target><LocURI>urn:imei:490154203237518</LocURI></Target>
    <Source><LocURI>sp.example</LocURI></Source>
  </SyncHdr>
  <SyncBody>
    <Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>212</Data></Status>
    <Get><CmdID>2</CmdID><Item><Target><LocURI>./DevInfo/Man</LocURI></Target></Item></Get>
    <Final/>
  </SyncBody>
</SyncML>
"#;

/// Name and document of each.
pub(crate) fn malformed() -> Vec<(&'static str, String)> {
    let changed = |from: &str, to: &str| {
        assert!(RIGHT.contains(from), "{from}");
        RIGHT.replacen(from, to, 1)
    };
    let entity = r#"<!DOCTYPE SyncML [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>
<SyncML "#;
    vec![
        ("garbage", "\u{1}\u{2}not a message".into()),
        ("json", r#"{"status": 200}"#.into()),
        ("html", "<html><body>503</body></html>".into()),
        ("empty", String::new()),
        ("cut-in-the-middle", RIGHT[..RIGHT.len() / 2].into()),
        ("without-end-tag", changed("</SyncML>", "")),
        ("entities", changed("<SyncML ", entity)),
        ("without-header", {
            let (start, end) = (RIGHT.find("<SyncHdr>").unwrap(), RIGHT.find("<SyncBody>").unwrap());
            format!("{}{}", &RIGHT[..start], &RIGHT[end..])
        }),
        ("without-body", {
            let (start, end) = (RIGHT.find("<SyncBody>").unwrap(), RIGHT.find("</SyncML>").unwrap());
            format!("{}{}", &RIGHT[..start], &RIGHT[end..])
        }),
        ("other-dtd-version", changed("<VerDTD>1.2<", "<VerDTD>1.1<")),
        ("other-protocol", changed("<VerProto>DM/1.2<", "<VerProto>SyncML/1.2<")),
        ("without-session-id", changed("<SessionID>2</SessionID>", "")),
        ("message-id-no-number", changed("<MsgID>1<", "<MsgID>one<")),
        ("without-message-id", changed("<MsgID>1</MsgID>", "")),
        ("without-target", changed("<Target><LocURI>urn:imei:490154203237518</LocURI></Target>", "")),
        ("without-source", changed("<Source><LocURI>sp.example</LocURI></Source>", "")),
        ("status-without-data", changed("<Data>212</Data>", "")),
        ("status-without-command-reference", changed("<CmdRef>0</CmdRef>", "")),
        ("status-of-no-number", changed("<Data>212<", "<Data>fine<")),
        ("command-without-id", changed("<Get><CmdID>2</CmdID>", "<Get>")),
        ("unknown-command", changed("<Get>", "<Fetch>").replace("</Get>", "</Fetch>")),
        ("two-bodies", changed("</SyncML>", "<SyncBody><Final/></SyncBody></SyncML>")),
        ("deeply-nested", {
            let deep = format!("{}{}", "<Sequence><CmdID>9</CmdID>".repeat(64), "</Sequence>".repeat(64));
            changed("<Final/>", &format!("{deep}<Final/>"))
        }),
    ]
}
