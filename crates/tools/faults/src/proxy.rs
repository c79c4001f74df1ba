//! An address that leads to one of several servers, as a virtual address or a managed service does,
//! and the network in between, which may fail.

mod commits;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// It arrives.
    Flows,
    /// Nothing arrives, in neither direction; connections stay open, and new ones are accepted.
    Vanishes,
    /// One commit in so many arrives, and its reply does not: the connection breaks instead.
    LosesReplies { one_in: usize },
}

/// Forwards connections until it is dropped.
pub struct Proxy {
    port: u16,
    target: watch::Sender<u16>,
    traffic: watch::Sender<Traffic>,
    commits: Arc<Commits>,
    held: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

/// The commits that were seen while replies are lost.
#[derive(Default)]
struct Commits {
    seen: AtomicUsize,
    unanswered: AtomicUsize,
}

impl Proxy {
    /// Leads to the server on that port of this machine.
    pub async fn start(target: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (target, wanted) = watch::channel(target);
        let (traffic, fate) = watch::channel(Traffic::Flows);
        let commits = Arc::new(Commits::default());
        let held = Arc::new(AtomicUsize::new(0));
        let (seen, waiting) = (Arc::clone(&commits), Arc::clone(&held));
        let accepting = tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                let (commits, held) = (Arc::clone(&seen), Arc::clone(&waiting));
                tokio::spawn(forward(from, wanted.clone(), fate.clone(), commits, held));
            }
        });
        Ok(Self { port, target, traffic, commits, held, accepting })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:<port>/`
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Leads elsewhere from now on; connections to the old server are closed.
    pub fn lead_to(&self, target: u16) {
        self.target.send_replace(target);
    }

    /// What becomes of what is sent from now on.
    pub fn set(&self, traffic: Traffic) {
        self.traffic.send_replace(traffic);
    }

    /// Closes all connections, and what is held in them never arrives.
    pub fn hang_up(&self) {
        self.target.send_modify(|_same| {});
    }

    /// How often something was sent that did not arrive at once.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// How many commits arrived without their reply.
    pub fn replies_lost(&self) -> usize {
        self.commits.unanswered.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn forward(
    from: TcpStream,
    mut target: watch::Receiver<u16>,
    traffic: watch::Receiver<Traffic>,
    commits: Arc<Commits>,
    held: Arc<AtomicUsize>,
) {
    let port = *target.borrow_and_update();
    let Ok(to) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return };
    let _ = (from.set_nodelay(true), to.set_nodelay(true));
    let (from_client, to_client) = from.into_split();
    let (from_server, to_server) = to.into_split();
    // Whether the reply that the server gives next is that to a commit, and is lost.
    let loses = AtomicBool::new(false);
    let mut client = commits::Client::default();
    let requests = pump(from_client, to_server, traffic.clone(), &held, |traffic, bytes| {
        if commits.loses_reply(traffic, client.commits_in(bytes)) {
            loses.store(true, Ordering::Relaxed);
        }
        true
    });
    let replies = pump(from_server, to_client, traffic, &held, |_, _| {
        let is_lost = loses.load(Ordering::Relaxed);
        if is_lost {
            commits.unanswered.fetch_add(1, Ordering::Relaxed);
        }
        !is_lost
    });
    // What is held when the connections are closed is not sent, even if traffic flows again by then.
    tokio::select! {
        biased;
        _ = target.changed() => {}
        () = requests => {}
        () = replies => {}
    }
}

impl Commits {
    /// Whether the reply to these commits, of which there is one at a time, is to be lost.
    fn loses_reply(&self, traffic: Traffic, commits: usize) -> bool {
        match traffic {
            Traffic::Flows | Traffic::Vanishes => false,
            Traffic::LosesReplies { one_in } => {
                commits > 0
                    && self.seen.fetch_add(commits, Ordering::Relaxed).is_multiple_of(one_in)
            }
        }
    }
}

/// Forwards in one direction until one end is closed or `passes` lets something not through.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut traffic: watch::Receiver<Traffic>,
    held: &AtomicUsize,
    mut passes: impl FnMut(Traffic, &[u8]) -> bool,
) {
    let mut buffer = vec![0; 16 * 1_024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if *traffic.borrow() == Traffic::Vanishes {
            held.fetch_add(1, Ordering::Relaxed);
        }
        let flows = traffic.wait_for(|traffic| *traffic != Traffic::Vanishes).await;
        let Ok(traffic) = flows.map(|traffic| *traffic) else { return };
        let bytes = &buffer[..length];
        if !passes(traffic, bytes) || to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::commits::tests::{message, start};
    use super::*;

    /// Answers each message with itself.
    async fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((mut peer, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = peer.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        port
    }

    async fn say(connection: &mut TcpStream, words: &[u8]) -> Option<Vec<u8>> {
        connection.write_all(words).await.ok()?;
        let mut reply = vec![0; words.len()];
        connection.read_exact(&mut reply).await.ok()?;
        Some(reply)
    }

    #[tokio::test]
    async fn of_commits_some_arrive_unanswered() {
        let proxy = Proxy::start(echo().await).await.expect("a proxy");
        let [begin, commit] = ["BEGIN\0", "COMMIT\0"].map(|text| message(b'Q', text.as_bytes()));
        let connect = async || {
            let to = (Ipv4Addr::LOCALHOST, proxy.port());
            let mut connection = TcpStream::connect(to).await.expect("connected");
            assert_eq!(say(&mut connection, &start()).await, Some(start()));
            connection
        };
        let mut first = connect().await;
        assert_eq!(say(&mut first, &commit).await.as_ref(), Some(&commit));
        proxy.set(Traffic::LosesReplies { one_in: 2 });
        assert_eq!(say(&mut first, &begin).await.as_ref(), Some(&begin));
        assert_eq!(say(&mut first, &commit).await, None, "its connection breaks");
        assert_eq!(proxy.replies_lost(), 1);
        let mut second = connect().await;
        assert_eq!(say(&mut second, &commit).await.as_ref(), Some(&commit));
    }

    #[tokio::test]
    async fn what_vanished_for_a_while_arrives_later() {
        let proxy = Proxy::start(echo().await).await.expect("a proxy");
        proxy.set(Traffic::Vanishes);
        let mut connection =
            TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).await.expect("connected");
        let mut reply = std::pin::pin!(say(&mut connection, b"hello"));
        // The reply cannot be ready: nothing leads to the server.
        assert!(futures_are_pending(&mut reply).await);
        proxy.set(Traffic::Flows);
        assert_eq!(reply.await.as_deref(), Some(&b"hello"[..]));
    }

    #[tokio::test]
    async fn what_is_held_when_the_connection_is_closed_never_arrives() {
        let proxy = Proxy::start(echo().await).await.expect("a proxy");
        let mut connection =
            TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).await.expect("connected");
        assert_eq!(say(&mut connection, b"hello").await.as_deref(), Some(&b"hello"[..]));
        proxy.set(Traffic::Vanishes);
        let mut reply = std::pin::pin!(say(&mut connection, b"held"));
        while proxy.held() == 0 {
            assert!(futures_are_pending(&mut reply).await);
        }
        proxy.hang_up();
        proxy.set(Traffic::Flows);
        assert_eq!(reply.await, None);
    }

    /// Whether it is not ready after everything else has had its turn.
    async fn futures_are_pending<F: Future + Unpin>(future: &mut F) -> bool {
        for _ in 0..50 {
            let ready = std::future::poll_fn(|context| {
                std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_ready())
            });
            if ready.await {
                return false;
            }
            tokio::task::yield_now().await;
        }
        true
    }
}
