//! Many connections that each listen to a stream of events (server-sent events), for finding out how many a server
//! serves and how soon all of them know.
//!
//! Everything runs on the calling thread while it is asked something; what arrives between two questions waits in the
//! kernel.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::clock;

/// Connections that are being made at once: no more than wait to be accepted.
const CONNECTING_MAX: usize = 256;
/// An event longer than this is not for a benchmark.
const EVENT_BYTES_MAX: usize = 64 * 1_024;
const BUFFER_LENGTH: usize = 16 * 1_024;

/// Open streams.
pub struct Listening {
    runtime: Runtime,
    streams: Vec<Stream>,
}

struct Stream {
    socket: TcpStream,
    /// What has arrived of the next event.
    arrived: Vec<u8>,
}

/// One event that everybody got.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The text of it, as one of them got it.
    pub text: String,
    /// When each had it, in milliseconds of Unix time.
    pub at_ms: Vec<i64>,
}

impl Listening {
    /// Opens so many streams by this request, and waits until each has had its first event. Must not be called from
    /// within an async runtime, and nor must the rest.
    pub fn open(address: SocketAddr, request: &[u8], count: usize) -> io::Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let mut listening = Self { runtime, streams: Vec::new() };
        while listening.streams.len() < count {
            let further = CONNECTING_MAX.min(count - listening.streams.len());
            let opening = (0..further).map(|_| Stream::open(address, request));
            let opened = listening.runtime.block_on(try_join_all(opening))?;
            listening.streams.extend(opened);
        }
        Ok(listening)
    }

    /// Waits until everybody has had an event with `wanted` in it, but no longer than this. `meanwhile` runs on a thread of
    /// its own: it makes the event happen.
    pub fn hear<T: Send>(
        &mut self,
        within: Duration,
        wanted: &str,
        meanwhile: impl FnOnce() -> T + Send,
    ) -> io::Result<(Heard, T)> {
        let Self { runtime, streams } = self;
        std::thread::scope(|scope| {
            let made = scope.spawn(meanwhile);
            let listened = runtime.block_on(async {
                let hearing = streams.iter_mut().map(|stream| async move {
                    loop {
                        let text = stream.event().await?;
                        if text.contains(wanted) {
                            return Ok::<_, io::Error>((text, clock::wall_ms()));
                        }
                    }
                });
                tokio::time::timeout(within, join_all(hearing)).await
            });
            let late = |_| io::Error::other(format!("not everybody had it within {within:?}"));
            let made = made.join().map_err(|_| io::Error::other("what should happen panicked"))?;
            let heard: Vec<(String, i64)> =
                listened.map_err(late)?.into_iter().collect::<io::Result<_>>()?;
            let text = heard.first().map(|(text, _)| text.clone()).unwrap_or_default();
            Ok((Heard { text, at_ms: heard.into_iter().map(|(_, at_ms)| at_ms).collect() }, made))
        })
    }
}

impl Stream {
    async fn open(address: SocketAddr, request: &[u8]) -> io::Result<Self> {
        let mut stream = Self { socket: TcpStream::connect(address).await?, arrived: Vec::new() };
        let mut written = 0;
        while written < request.len() {
            stream.socket.writable().await?;
            match stream.socket.try_write(&request[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => (),
                Err(error) => return Err(error),
            }
        }
        stream.event().await?;
        Ok(stream)
    }

    /// The next event that has data. Comments are passed over.
    async fn event(&mut self) -> io::Result<String> {
        loop {
            if let Some((text, end)) = first_event(&self.arrived) {
                self.arrived.drain(..end);
                if self.arrived.is_empty() {
                    self.arrived = Vec::new();
                }
                return Ok(text);
            }
            self.socket.readable().await?;
            let mut buffer = [0; BUFFER_LENGTH];
            match self.socket.try_read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.arrived.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => (),
                Err(error) => return Err(error),
            }
            if self.arrived.len() > EVENT_BYTES_MAX {
                return Err(io::Error::other("what arrives is no stream of events"));
            }
        }
    }
}

/// The data of the first event that is there as a whole, and where it ends. Each is one line in one chunk of the body, so
/// what lies around the chunks need not be read.
fn first_event(bytes: &[u8]) -> Option<(String, usize)> {
    const DATA: &[u8] = b"\ndata: ";
    const END: &[u8] = b"\n\n";
    let find = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).position(|at| at == part);
    let start = find(bytes, DATA)? + DATA.len();
    let length = find(&bytes[start..], END)?;
    let text = String::from_utf8_lossy(&bytes[start..start + length]).into_owned();
    Some((text, start + length + END.len()))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn an_event_is_taken_once_it_is_whole() {
        let bytes = b"HTTP/1.1 200 OK\r\n\r\n12\r\nretry: 2000\n\n\r\n3\r\n:\n\n\r\n1e\r\nevent: status\nid: 1\ndata: {}\n\n\r\n";
        let (text, end) = first_event(bytes).expect("an event");
        assert_eq!((text.as_str(), &bytes[end..]), ("{}", &b"\r\n"[..]));
        assert_eq!(first_event(&bytes[..end - 1]), None);
    }

    #[test]
    fn everybody_hears_what_happens() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = std::thread::spawn(move || {
            let mut sockets = Vec::new();
            for number in 0..3 {
                let (mut socket, _) = listener.accept().expect("connected");
                let mut request = [0; 3];
                socket.read_exact(&mut request).expect("asked");
                assert_eq!(&request, b"GET");
                write!(socket, "event: a\ndata: {number}\n\n").expect("sent");
                sockets.push(socket);
            }
            sockets
        });
        let mut listening = Listening::open(address, b"GET", 3).expect("open");
        let mut sockets = server.join().expect("no panic");
        let before = clock::wall_ms();
        let told = listening.hear(Duration::from_secs(30), "now", || {
            for socket in &mut sockets {
                socket.write_all(b":\n\ndata: no\n\nevent: a\ndata: now\n\n").expect("sent");
            }
            sockets
        });
        let (heard, mut sockets) = told.expect("heard");
        assert_eq!(heard.text, "now");
        assert!(heard.at_ms.len() == 3 && heard.at_ms.iter().all(|at| *at >= before));
        sockets.pop();
        let ended = listening.hear(Duration::from_secs(30), "more", || ());
        assert!(ended.is_err(), "a stream that ended is an error");
    }
}
