//! Redis spoken by hand, over the server's socket: whatever its encryption and its port.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Longer than a server on a busy machine takes, shorter than a test that waits for a frozen one.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Sends commands, one a line, and reads the replies.
pub(super) fn ask(socket: &Path, commands: &str) -> std::io::Result<String> {
    let mut connection = UnixStream::connect(socket)?;
    connection.set_read_timeout(Some(ANSWER_LIMIT))?;
    for command in commands.lines() {
        write!(connection, "{command}\r\n")?;
    }
    // Sentinels have no QUIT; at the end of what it reads, either closes the connection.
    connection.shutdown(Shutdown::Write)?;
    let mut replies = String::new();
    connection.read_to_string(&mut replies)?;
    Ok(replies)
}

/// Whether the process `pid` answers, with its data loaded.
pub(super) fn is_ready(socket: &Path, pid: u32) -> bool {
    ask(socket, "PING\nINFO server").is_ok_and(|replies| {
        replies.starts_with("+PONG") && replies.contains(&format!("process_id:{pid}\r\n"))
    })
}
