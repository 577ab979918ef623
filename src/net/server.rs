//! The HTTP/1.1 server side of the interaction channel.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::http::{LONGEST_BODY, LONGEST_HEADER, text_of};
use super::task::{MOST_CONNECTIONS, OwnedTask, accept};

/// How long a client may take to send a header or a body, and may stay without sending anything.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many octets of a body that is too long are read and thrown away, so that the client gets to read the answer:
/// closing a connection with octets unread would reset it.
const MOST_DISCARDED: usize = 4 * LONGEST_BODY;

/// A POST that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The path, with its query.
    pub path: String,
    /// The host that the client addressed; empty only in HTTP/1.0.
    pub host: String,
    /// `Content-Type`, with its parameters.
    pub content_type: Option<String>,
    /// Every header, in the order of arrival by name; values that are not text are left out.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The client's address.
    pub peer: SocketAddr,
}

/// What to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// Headers; the length of the body is added.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// An answer with a status alone.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }
}

/// A running server; dropping it ends its tasks and connections soon, [`HttpServer::close`] at once.
#[derive(Debug)]
pub struct HttpServer {
    task: OwnedTask,
    local: SocketAddr,
}

impl HttpServer {
    /// The address that it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Ends the server: when this returns, its port and every connection are closed.
    pub async fn close(self) {
        self.task.close().await;
    }
}

/// Answers each POST that arrives at `listener` with what `handler` says.
///
/// The handler runs on the current thread and may hold an `Rc`: so this must be called within a
/// [`tokio::task::LocalSet`] (its `spawn_local` panics elsewhere). Other methods are answered with 405, a body that is
/// too long with 413 and one that does not come in time with 408, without asking the handler. Bodies may be chunked.
///
/// # Errors
/// Fails when the listener has lost its address.
pub fn serve<H>(listener: TcpListener, handler: H) -> io::Result<HttpServer>
where
    H: Fn(HttpRequest) -> HttpAnswer + 'static,
{
    serve_with_patience(listener, handler, PATIENCE)
}

fn serve_with_patience<H>(listener: TcpListener, handler: H, patience: Duration) -> io::Result<HttpServer>
where
    H: Fn(HttpRequest) -> HttpAnswer + 'static,
{
    let local = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel();
    let handle = tokio::task::spawn_local(run(Some(listener), Rc::new(handler), patience, stopped));
    Ok(HttpServer { task: OwnedTask::new(handle, stop), local })
}

/// Accepts connections until told to stop.
async fn run<H>(listener: Option<TcpListener>, handler: Rc<H>, patience: Duration, mut stopped: oneshot::Receiver<()>)
where
    H: Fn(HttpRequest) -> HttpAnswer + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            (stream, peer) = accept(&listener), if connections.len() < MOST_CONNECTIONS => {
                connections.spawn_local(converse(stream, peer, Rc::clone(&handler), patience));
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// Serves one connection until it ends.
async fn converse<H>(stream: TcpStream, peer: SocketAddr, handler: Rc<H>, patience: Duration)
where
    H: Fn(HttpRequest) -> HttpAnswer + 'static,
{
    // An answer is written in one piece; a socket that is gone already says so when it is read.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: Request<Incoming>| {
        let handler = Rc::clone(&handler);
        async move {
            let answer = match take(request, peer, patience).await {
                Ok(request) => handler(request),
                Err(refusal) => refusal,
            };
            Ok::<_, Infallible>(render(answer))
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(LONGEST_HEADER)
        // A client may close its sending direction after the request and still wait for the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    // A client that breaks off or sends no HTTP has had its answer from hyper, or wants none.
    drop(served);
}

/// Takes a request in whole, or says what to answer instead.
async fn take(request: Request<Incoming>, peer: SocketAddr, patience: Duration) -> Result<HttpRequest, HttpAnswer> {
    let (head, body) = request.into_parts();
    let host = head.uri.authority().map(ToString::to_string).or_else(|| text_of(&head.headers, &header::HOST));
    let host = match host {
        Some(host) => host,
        None if head.version < Version::HTTP_11 => String::new(),
        None => return Err(refusal(StatusCode::BAD_REQUEST)),
    };
    if head.method != Method::POST {
        let mut answer = refusal(StatusCode::METHOD_NOT_ALLOWED);
        answer.headers.push(("allow".to_owned(), "POST".to_owned()));
        return Err(answer);
    }
    let body = timeout(patience, collect(body)).await.map_err(|_| refusal(StatusCode::REQUEST_TIMEOUT))??;
    let headers = head
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    Ok(HttpRequest { path, host, content_type: text_of(&head.headers, &header::CONTENT_TYPE), headers, body, peer })
}

/// Collects a body within its limit.
async fn collect(mut body: Incoming) -> Result<Vec<u8>, HttpAnswer> {
    let mut collected = Vec::new();
    let mut arrived = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err(refusal(StatusCode::BAD_REQUEST)) };
        let Some(data) = frame.data_ref() else { continue };
        arrived = arrived.saturating_add(data.len());
        if arrived <= LONGEST_BODY {
            collected.extend_from_slice(data);
        } else if arrived > MOST_DISCARDED {
            break;
        }
    }
    if arrived > LONGEST_BODY { Err(refusal(StatusCode::PAYLOAD_TOO_LARGE)) } else { Ok(collected) }
}

/// An answer that ends the connection, because the rest of the request is not read.
fn refusal(status: StatusCode) -> HttpAnswer {
    HttpAnswer { headers: vec![("connection".to_owned(), "close".to_owned())], ..HttpAnswer::status(status.as_u16()) }
}

/// Renders an answer; one that is not HTTP becomes 500, because the fault is the handler's.
fn render(answer: HttpAnswer) -> Response<Full<Bytes>> {
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::new(Bytes::from(answer.body))).unwrap_or_else(|_| {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::task::LocalSet;

    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    /// What the handler was asked, and what the client read until the connection was closed.
    type Exchange = (Vec<HttpRequest>, String);

    /// Sends `octets` to a server whose handler says `answer`, and closes the sending direction.
    async fn exchange(octets: &[u8], answer: HttpAnswer) -> Exchange {
        let asked = Rc::new(RefCell::new(Vec::new()));
        let notes = Rc::clone(&asked);
        let handler = move |request| {
            notes.borrow_mut().push(request);
            answer.clone()
        };
        let reply = LocalSet::new()
            .run_until(async {
                let server = serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), handler).unwrap();
                let mut client = TcpStream::connect(server.local_addr()).await.unwrap();
                let (mut reads, mut writes) = client.split();
                let send = async {
                    writes.write_all(octets).await.unwrap();
                    writes.shutdown().await.unwrap();
                };
                let mut reply = Vec::new();
                let ((), read) = tokio::join!(send, timeout(SOON, reads.read_to_end(&mut reply)));
                read.expect("an end in time").unwrap();
                server.close().await;
                String::from_utf8(reply).unwrap()
            })
            .await;
        (asked.take(), reply)
    }

    fn created() -> HttpAnswer {
        HttpAnswer { status: 201, headers: vec![("content-type".into(), "text/x".into())], body: b"made".to_vec() }
    }

    #[tokio::test]
    async fn a_chunked_post_reaches_the_handler_whole() {
        let octets = b"POST /dm?s=1 HTTP/1.1\r\nHost: sp.example:80\r\nContent-Type: application/vnd.syncml+xml\r\n\
            Transfer-Encoding: chunked\r\nX-Syncml-Hmac: a=b\r\n\r\n4\r\nfour\r\n3\r\n555\r\n0\r\n\r\n";

        let (asked, reply) = exchange(octets, created()).await;

        let [request] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!((request.path.as_str(), request.host.as_str()), ("/dm?s=1", "sp.example:80"));
        assert_eq!(request.content_type.as_deref(), Some("application/vnd.syncml+xml"));
        assert!(request.headers.contains(&("x-syncml-hmac".to_owned(), "a=b".to_owned())));
        assert_eq!(request.body, b"four555");
        assert!(request.peer.ip().is_loopback());
        assert!(reply.starts_with("HTTP/1.1 201 Created\r\ncontent-type: text/x\r\n"), "{reply}");
        assert!(reply.ends_with("\r\n\r\nmade"), "{reply}");
    }

    #[tokio::test]
    async fn several_posts_may_share_a_connection() {
        let one = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n";

        let (asked, reply) = exchange(&[one.as_slice(), b"1", one, b"2"].concat(), created()).await;

        assert_eq!(asked.iter().map(|request| request.body.as_slice()).collect::<Vec<_>>(), [b"1", b"2"]);
        assert_eq!(reply.matches("HTTP/1.1 201").count(), 2);
    }

    #[tokio::test]
    async fn what_is_no_post_is_refused_without_asking_the_handler() {
        let long = |length: usize| {
            let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n");
            [head.into_bytes(), vec![b'x'; length]].concat()
        };
        let cases = [
            (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec(), "HTTP/1.1 405 "),
            (b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n".to_vec(), "HTTP/1.1 400 "),
            (b"nonsense\r\n\r\n".to_vec(), "HTTP/1.1 400 "),
            (long(LONGEST_BODY + 1), "HTTP/1.1 413 "),
            (long(2 * LONGEST_BODY), "HTTP/1.1 413 "),
        ];

        for (octets, expected) in cases {
            let (asked, reply) = exchange(&octets, created()).await;

            assert!(reply.starts_with(expected), "{reply} instead of {expected}");
            assert_eq!(asked, []);
        }
    }

    #[tokio::test]
    async fn the_longest_body_is_taken() {
        let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {LONGEST_BODY}\r\n\r\n");

        let (asked, _) = exchange(&[head.into_bytes(), vec![b'x'; LONGEST_BODY]].concat(), created()).await;

        assert_eq!(asked.iter().map(|request| request.body.len()).collect::<Vec<_>>(), [LONGEST_BODY]);
    }

    #[tokio::test]
    async fn an_answer_that_is_not_http_becomes_an_internal_error() {
        let octets = b"POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n";

        for answer in [HttpAnswer::status(7), HttpAnswer { headers: vec![("a b".into(), "c".into())], ..created() }] {
            let (asked, reply) = exchange(octets, answer).await;

            assert_eq!(asked.iter().map(|request| request.host.as_str()).collect::<Vec<_>>(), [""]);
            assert!(reply.starts_with("HTTP/1.0 500 "), "{reply}");
        }
    }

    #[tokio::test]
    async fn a_client_that_does_not_finish_is_sent_away() {
        let cases: [(&[u8], &str); 2] = [
            (b"POST / HTTP/1.1\r\nHo", ""),
            (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nfive", "HTTP/1.1 408 "),
        ];
        for (octets, expected) in cases {
            let run = LocalSet::new();
            let reply = run.run_until(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let answer = |_| HttpAnswer::status(200);
                let server = serve_with_patience(listener, answer, Duration::from_millis(50)).unwrap();
                let mut client = TcpStream::connect(server.local_addr()).await.unwrap();
                client.write_all(octets).await.unwrap();
                let mut reply = Vec::new();
                timeout(SOON, client.read_to_end(&mut reply)).await.expect("an end in time").unwrap();
                String::from_utf8(reply).unwrap()
            });

            let reply = reply.await;

            assert!(reply.starts_with(expected), "{reply:?} instead of {expected}");
            assert!(!reply.contains("200"), "{reply}");
        }
    }

    #[tokio::test]
    async fn a_server_leaves_no_socket_behind() {
        let run = LocalSet::new();
        run.run_until(async {
            for closing in [true, false] {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let server = serve(listener, |_| HttpAnswer::status(200)).unwrap();
                let mut client = TcpStream::connect(server.local_addr()).await.unwrap();
                client.write_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").await.unwrap();
                assert!(timeout(SOON, client.read(&mut [0; 512])).await.unwrap().unwrap() > 0);
                let address = server.local_addr();

                if closing {
                    server.close().await;
                    let refused = TcpStream::connect(address).await.unwrap_err();
                    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
                } else {
                    drop(server);
                }

                assert_eq!(timeout(SOON, client.read(&mut [0; 512])).await.unwrap().unwrap(), 0);
            }
        })
        .await;
    }
}
