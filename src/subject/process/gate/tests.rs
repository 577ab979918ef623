use tokio::io::{AsyncBufReadExt, BufReader};

use super::*;

const TOKEN: &str = "open sesame";

async fn gate(within: Duration) -> Gate {
    Gate::open(([127, 0, 0, 1], 0).into(), TOKEN.to_owned(), within).await.unwrap()
}

async fn call(gate: &Gate, first: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(gate.address()).await.unwrap();
    stream.write_all(first).await.unwrap();
    stream
}

/// What a caller is told.
async fn told(stream: &mut TcpStream) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.unwrap();
    line
}

fn first() -> Vec<u8> {
    format!("{}\n", json!({ "token": TOKEN })).into_bytes()
}

#[tokio::test]
async fn who_shows_the_token_is_let_in_with_what_it_said_at_once() {
    let gate = gate(Duration::from_secs(30)).await;
    let _adapter = call(&gate, &[first(), b"early\n".to_vec()].concat()).await;

    let mut caller = gate.next(1.0).await.ok().unwrap();

    let mut early = [0; 6];
    caller.output.read_exact(&mut early).await.unwrap();
    assert_eq!(&early, b"early\n");
    assert!(!gate.is_elsewhere());
}

#[tokio::test]
async fn whoever_else_calls_is_told_why_not_and_takes_nobodys_place() {
    let gate = gate(Duration::from_secs(30)).await;
    let table: [(&[u8], &str); 4] = [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "its first line is no token: `GET / HTTP/1.1`"),
        (b"{\"token\": \"guess\"}\n", "its token is not the one of this run"),
        (b"{\"token\": \"open sesame\", \"more\": 1}\n", "its first line is no token"),
        (&[b'x'; 64 * 1024], "its first line is no token: `xxxx"),
    ];
    for (octets, why) in table {
        let mut stranger = call(&gate, octets).await;

        let said = told(&mut stranger).await;

        assert!(said.starts_with("{\"refused\":") && said.contains(why), "{said}");
    }
    let _adapter = call(&gate, &first()).await;
    assert!(gate.next(1.0).await.is_ok());
}

#[tokio::test]
async fn a_second_adapter_is_refused_while_the_first_is_there_and_let_in_after_it() {
    let gate = gate(Duration::from_secs(30)).await;
    let _one = call(&gate, &first()).await;
    let caller = gate.next(1.0).await.ok().unwrap();

    let said = told(&mut call(&gate, &first()).await).await;
    assert!(said.contains("an adapter is connected already"), "{said}");

    let _next = call(&gate, &first()).await;
    drop(caller);
    assert!(gate.next(1.0).await.is_ok());
}

#[tokio::test]
async fn a_caller_that_hangs_up_before_it_is_asked_for_leaves_its_place_to_the_next() {
    let gate = gate(Duration::from_secs(30)).await;
    for _ in 0..3 {
        let gone = call(&gate, &first()).await;
        while !gate.state.is_taken.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        drop(gone);
    }
    let _adapter = call(&gate, &[first(), b"here".to_vec()].concat()).await;

    let mut caller = gate.next(1.0).await.ok().unwrap();

    let mut said = [0; 4];
    caller.output.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"here");
}

#[tokio::test]
async fn who_asked_for_a_caller_and_gave_up_is_given_none() {
    let gate = gate(Duration::from_millis(1)).await;
    assert!(gate.next(1.0).await.is_err());
    let _adapter = call(&gate, &first()).await;

    let caller = gate.next(10_000.0).await;

    assert!(caller.is_ok());
}

#[tokio::test]
async fn a_wait_for_nobody_ends_and_says_who_was_turned_away() {
    let gate = gate(Duration::from_secs(1)).await;
    let mut stranger = call(&gate, b"\n").await;
    told(&mut stranger).await;

    let why = gate.next(1.0).await.err().unwrap();

    assert!(why.contains("within 1s; one caller was turned away: its first line is no token: ``"), "{why}");
}
