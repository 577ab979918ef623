//! HTTP/1.1 POST, as the interaction channel uses it: octets with a content type, in both directions.
//!
//! Only what a DM session over HTTP needs: no redirects, no proxies, no TLS. A body has at most 256 KiB in either
//! direction and the header of a message at most 64 KiB; nothing else grows with what a peer sends. The server side is
//! [`serve`].

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{HeaderMap, Request, Response, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use super::post_error::PostError;
use super::post_error::explain;
pub use super::server::{HttpAnswer, HttpRequest, HttpServer, serve};
use super::shortage;

/// The longest body that is taken, in octets.
pub const LONGEST_BODY: usize = 256 * 1024;
/// The longest header that is taken, in octets.
pub(super) const LONGEST_HEADER: usize = 64 * 1024;

/// The reply to a POST, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    /// The status code.
    pub status: u16,
    /// `Content-Type`, with its parameters.
    pub content_type: Option<String>,
    /// `Retry-After`, when it is given in seconds; the form with a date reads as absent.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

/// Posts `body` to `url` on a connection of its own, from the address `local` if one is given.
///
/// Must be called within a tokio runtime. Any status is a reply; redirects are not followed.
///
/// # Errors
/// [`PostError`] when there is no complete reply within `deadline`.
pub async fn post(
    url: &str,
    body: Vec<u8>,
    content_type: &str,
    local: Option<IpAddr>,
    deadline: Duration,
) -> Result<HttpReply, PostError> {
    HttpConnection::new(url, local)?.post(url, body, content_type, deadline).await
}

/// A connection to one server, kept open between posts as a DM session does.
///
/// It is opened by the first post, and anew by the next post when it has been closed meanwhile. Dropping it closes it.
#[derive(Debug)]
pub struct HttpConnection {
    host: String,
    port: u16,
    local: Option<IpAddr>,
    live: Option<Live>,
}

/// An open connection: hyper's handle, and the task that works for it.
#[derive(Debug)]
struct Live {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl HttpConnection {
    /// A connection to the server of `url`, from the address `local` if one is given; not opened yet.
    ///
    /// # Errors
    /// [`PostError::BadUrl`] only.
    pub fn new(url: &str, local: Option<IpAddr>) -> Result<Self, PostError> {
        let (host, port, _uri) = parse(url)?;
        Ok(Self { host, port, local, live: None })
    }

    /// Whether `url` is on the server of this connection, so that it may be posted to here.
    pub fn serves(&self, url: &str) -> bool {
        parse(url).is_ok_and(|(host, port, _uri)| host.eq_ignore_ascii_case(&self.host) && port == self.port)
    }

    /// Posts `body` to `url`, which must be on this connection's server.
    ///
    /// A request is sent again, once and on a new connection, only when the old one turned out to be closed before any
    /// of it was written.
    ///
    /// # Errors
    /// [`PostError`] when there is no complete reply within `deadline`; the connection is closed then.
    pub async fn post(
        &mut self,
        url: &str,
        body: Vec<u8>,
        content_type: &str,
        deadline: Duration,
    ) -> Result<HttpReply, PostError> {
        if !self.serves(url) {
            // An unusable URL is told as what it is.
            parse(url)?;
            return Err(PostError::BadUrl { url: url.to_owned(), reason: "it is on another server" });
        }
        let request = request(url, body, content_type)?;
        timeout(deadline, self.exchange(request)).await.map_err(|_| PostError::TimedOut { after: deadline })?
    }

    /// Sends the request; leaves the connection in its place only after a complete reply.
    async fn exchange(&mut self, mut request: Request<Full<Bytes>>) -> Result<HttpReply, PostError> {
        if let Some(mut live) = self.live.take()
            && live.sender.ready().await.is_ok()
        {
            match live.sender.try_send_request(request).await {
                Ok(response) => return self.finish(live, response).await,
                Err(mut failed) => match failed.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(explain(failed.error())),
                },
            }
        }
        let mut live = self.open().await?;
        let response = live.sender.send_request(request).await.map_err(|error| explain(&error))?;
        self.finish(live, response).await
    }

    /// Reads the body and keeps the connection.
    async fn finish(&mut self, live: Live, response: Response<Incoming>) -> Result<HttpReply, PostError> {
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LONGEST_BODY).collect().await.map_err(|error| {
            match (error.is::<LengthLimitError>(), error.downcast_ref::<hyper::Error>()) {
                (true, _) => PostError::TooLarge { limit: LONGEST_BODY },
                (false, Some(error)) => explain(error),
                (false, None) => PostError::Malformed { reason: error.to_string() },
            }
        })?;
        self.live = Some(live);
        Ok(HttpReply {
            status: head.status.as_u16(),
            content_type: text_of(&head.headers, &header::CONTENT_TYPE),
            retry_after: text_of(&head.headers, &header::RETRY_AFTER)
                .and_then(|text| text.trim().parse().ok())
                .map(Duration::from_secs),
            body: body.to_bytes().into(),
        })
    }

    /// Connects to the server.
    async fn open(&self) -> Result<Live, PostError> {
        let to = self.resolve().await?;
        let connected = self.connect(to).await.inspect_err(shortage::note);
        let stream = connected.map_err(|source| match source.kind() {
            io::ErrorKind::ConnectionRefused => PostError::Refused { to },
            io::ErrorKind::ConnectionReset => PostError::Reset,
            _ => PostError::Unreachable { to, source },
        })?;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(LONGEST_HEADER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| explain(&error))?;
        // What becomes of the connection shows in the exchange that needs it.
        let driver = tokio::spawn(async move { drop(connection.await) });
        Ok(Live { sender, driver })
    }

    /// The server's address, of the same family as the local one.
    async fn resolve(&self) -> Result<SocketAddr, PostError> {
        let fits = |address: &SocketAddr| self.local.is_none_or(|local| local.is_ipv4() == address.is_ipv4());
        let unresolved = || PostError::Unresolved { host: self.host.clone() };
        if let Ok(address) = self.host.parse::<IpAddr>() {
            return Some(SocketAddr::new(address, self.port)).filter(fits).ok_or_else(unresolved);
        }
        let mut found = tokio::net::lookup_host((self.host.as_str(), self.port)).await.map_err(|_| unresolved())?;
        found.find(fits).ok_or_else(unresolved)
    }

    async fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(local) = self.local {
            socket.bind(SocketAddr::new(local, 0))?;
        }
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Takes host and port out of a URL.
fn parse(url: &str) -> Result<(String, u16, Uri), PostError> {
    let bad = |reason| PostError::BadUrl { url: url.to_owned(), reason };
    let uri: Uri = url.parse().map_err(|_| bad("it is malformed"))?;
    match uri.scheme_str() {
        Some(scheme) if scheme.eq_ignore_ascii_case("http") => {}
        Some(_) => return Err(bad("only `http` is spoken")),
        None => return Err(bad("it names no scheme")),
    }
    let authority = uri.authority().ok_or_else(|| bad("it names no host"))?;
    if authority.as_str().contains('@') {
        return Err(bad("it holds a user name"));
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    let after_host = authority.as_str().get(authority.host().len()..).unwrap_or_default();
    let port = match after_host.strip_prefix(':') {
        None | Some("") => 80,
        Some(_) => authority.port_u16().filter(|port| *port != 0).ok_or_else(|| bad("its port is impossible"))?,
    };
    if host.is_empty() {
        return Err(bad("it names no host"));
    }
    Ok((host, port, uri))
}

/// The request in origin form.
fn request(url: &str, body: Vec<u8>, content_type: &str) -> Result<Request<Full<Bytes>>, PostError> {
    let (_host, _port, uri) = parse(url)?;
    let content_type = header::HeaderValue::from_str(content_type)
        .map_err(|_| PostError::BadContentType { content_type: content_type.to_owned() })?;
    Request::post(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(header::HOST, uri.authority().map_or("", |authority| authority.as_str()))
        .header(header::CONTENT_TYPE, content_type)
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| PostError::BadUrl { url: url.to_owned(), reason: "it is malformed" })
}

/// The text of one header.
pub(super) fn text_of(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::task::LocalSet;

    use super::*;

    const SOON: Duration = Duration::from_secs(5);
    const TYPE: &str = "application/vnd.syncml.dm+xml";

    /// Posts to a server that reads the request, sends `reply` and closes the connection.
    async fn post_to_raw(reply: &[u8]) -> Result<HttpReply, PostError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/dm", listener.local_addr().unwrap());
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let read = stream.read(&mut [0; 4_096]).await.unwrap();
            assert!(read > 0);
            // A client that has seen enough may be gone.
            let _ = stream.write_all(reply).await;
        };
        let (reply, ()) = tokio::join!(post(&url, b"x".to_vec(), TYPE, None, SOON), serve);
        reply
    }

    #[tokio::test]
    async fn a_reply_is_taken_whole() {
        let reply = post_to_raw(
            b"HTTP/1.1 503 Busy\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 120\r\n\
              Transfer-Encoding: chunked\r\n\r\n3\r\nnot\r\n4\r\n now\r\n0\r\n\r\n",
        )
        .await;

        let expected = HttpReply {
            status: 503,
            content_type: Some("text/plain; charset=utf-8".to_owned()),
            retry_after: Some(Duration::from_secs(120)),
            body: b"not now".to_vec(),
        };
        assert_eq!(reply.unwrap(), expected);
    }

    #[tokio::test]
    async fn each_way_to_fail_is_named() {
        let long = [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &vec![b'x'; LONGEST_BODY + 1]].concat();
        let cases: [(&[u8], &str, bool); 7] = [
            (b"", "connection ended before the reply was complete", true),
            (b"HTTP/1.1 200 OK\r\nContent-Le", "connection ended before the reply was complete", true),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfive", "connection ended before", true),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "malformed reply: ", false),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed reply: ", false),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", "malformed reply: ", false),
            (&long, "reply is longer than 262144 octets", false),
        ];

        for (reply, expected, transient) in cases {
            let error = post_to_raw(reply).await.unwrap_err();

            let start = String::from_utf8_lossy(&reply[..reply.len().min(60)]);
            assert!(error.to_string().starts_with(expected), "{error} after {start:?}");
            assert_eq!(error.is_transient(), transient, "{error}");
        }
    }

    #[tokio::test]
    async fn a_server_that_keeps_silent_times_out() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", silent.local_addr().unwrap());
        let deadline = Duration::from_millis(50);

        let error = post(&url, Vec::new(), TYPE, None, deadline).await.unwrap_err();

        assert!(matches!(error, PostError::TimedOut { after } if after == deadline), "{error:?}");
        assert!(error.is_transient());
    }

    #[tokio::test]
    async fn a_port_without_listener_refuses() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();

        let error = post(&format!("http://{gone}/"), Vec::new(), TYPE, None, SOON).await.unwrap_err();

        assert!(matches!(error, PostError::Refused { to } if to == gone), "{error:?}");
        assert!(error.is_transient());
    }

    #[tokio::test]
    async fn urls_that_cannot_be_posted_to_are_refused() {
        let cases = [
            ("", "it is malformed"),
            ("/dm", "it names no scheme"),
            ("https://sp.example/", "only `http` is spoken"),
            ("http://user:secret@sp.example/", "it holds a user name"),
            ("http://127.0.0.1:0/", "its port is impossible"),
            ("http://127.0.0.1:70000/", "its port is impossible"),
            ("http://two words/", "it is malformed"),
        ];

        for (url, expected) in cases {
            match post(url, Vec::new(), TYPE, None, SOON).await.unwrap_err() {
                PostError::BadUrl { reason, .. } => assert_eq!(reason, expected, "{url}"),
                other => panic!("{other:?} for {url}"),
            }
        }
    }

    #[test]
    fn a_connection_serves_the_urls_of_its_server() {
        let connection = HttpConnection::new("http://SP.example/dm?s=1", None).unwrap();

        let served = ["http://sp.example:80/other", "http://sp.example:8080/", "http://sp2.example/", "nonsense"]
            .map(|url| connection.serves(url));

        assert_eq!(served, [true, false, false, false]);
        assert!(HttpConnection::new("http://[::1]:80/", None).unwrap().serves("http://[::1]/dm"));
    }

    #[tokio::test]
    async fn a_connection_is_kept_between_posts_and_opened_again_when_the_server_closed_it() {
        let clients = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&clients);
        let handler = move |request: HttpRequest| {
            seen.borrow_mut().push(request.peer);
            let close = ("connection".to_owned(), "close".to_owned());
            let headers = if request.body == b"last" { vec![close] } else { Vec::new() };
            HttpAnswer { headers, ..HttpAnswer::status(200) }
        };
        let local = LocalSet::new();
        let run = local.run_until(async {
            let server = serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), handler).unwrap();
            let url = format!("http://{}/dm", server.local_addr());
            let mut connection = HttpConnection::new(&url, Some([127, 0, 0, 5].into())).unwrap();
            for body in ["one", "two", "last", "anew"] {
                let reply = connection.post(&url, body.into(), TYPE, SOON).await.unwrap();
                assert_eq!(reply.status, 200);
            }
        });

        run.await;

        let clients = clients.borrow();
        assert_eq!(clients.len(), 4);
        assert!(clients.iter().all(|client| client.ip() == IpAddr::from([127, 0, 0, 5])));
        assert!(clients[0] == clients[1] && clients[1] == clients[2] && clients[2] != clients[3]);
    }

    #[tokio::test]
    async fn a_name_is_resolved() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connection =
            HttpConnection::new(&format!("http://localhost:{port}/"), Some([127, 0, 0, 1].into())).unwrap();

        assert_eq!(connection.resolve().await.unwrap(), SocketAddr::from(([127, 0, 0, 1], port)));
    }
}
