//! What Redis says about itself, asked over a connection of our own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// What the adapter sends while people join: the script, and the pool's look whether a connection still
/// lives. Everything else is executed by the scripts themselves.
const SENT_BY_CLIENTS: [&str; 5] = ["evalsha", "eval", "script|load", "ping", "unwatch"];

/// A connection.
pub struct Redis(BufReader<TcpStream>);

enum Reply {
    Number(u64),
    Text(String),
    List(Vec<Reply>),
}

/// How many commands have been executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commands {
    /// `total_commands_processed` of `INFO stats`, which counts those executed by scripts as well.
    pub processed: u64,
    /// Those sent by clients.
    pub sent: u64,
}

impl Commands {
    /// Those executed since an `earlier` count, without the two that made it.
    pub fn since(self, earlier: Self) -> Self {
        const OF_ONE_COUNT: u64 = 2;
        Self {
            processed: self.processed - earlier.processed - OF_ONE_COUNT,
            sent: self.sent - earlier.sent,
        }
    }
}

impl Redis {
    /// Connects to `redis://host:port/`.
    pub fn connect(url: &str) -> Result<Self> {
        let address = url.trim_start_matches("redis://").trim_end_matches('/');
        let stream = TcpStream::connect(address).context("failed to connect to Redis")?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// The commands so far.
    pub fn commands(&mut self) -> Result<Commands> {
        let stats = fields(&self.text("INFO stats")?);
        let processed: u64 = stats
            .get("total_commands_processed")
            .and_then(|count| count.parse().ok())
            .context("INFO stats names no total_commands_processed")?;
        let calls = fields(&self.text("INFO commandstats")?);
        let sent = SENT_BY_CLIENTS
            .iter()
            .filter_map(|name| calls.get(&format!("cmdstat_{name}")))
            .filter_map(|stat| stat.strip_prefix("calls=")?.split(',').next()?.parse::<u64>().ok())
            .sum();
        Ok(Commands { processed, sent })
    }

    /// The memory of all keys that match a pattern, in bytes.
    pub fn memory(&mut self, pattern: &str) -> Result<u64> {
        let Reply::List(keys) = self.ask(&format!("KEYS {pattern}"))? else {
            bail!("KEYS gave no list");
        };
        ensure!(!keys.is_empty(), "there is no key {pattern}");
        let mut bytes = 0;
        for key in keys {
            let Reply::Text(key) = key else { bail!("a key that is no text") };
            match self.ask(&format!("MEMORY USAGE {key} SAMPLES 0"))? {
                Reply::Number(usage) => bytes += usage,
                Reply::Text(_) | Reply::List(_) => bail!("MEMORY USAGE gave no number"),
            }
        }
        Ok(bytes)
    }

    fn text(&mut self, command: &str) -> Result<String> {
        match self.ask(command)? {
            Reply::Text(text) => Ok(text),
            Reply::Number(_) | Reply::List(_) => bail!("{command} gave no text"),
        }
    }

    fn ask(&mut self, command: &str) -> Result<Reply> {
        self.0.get_mut().write_all(format!("{command}\r\n").as_bytes())?;
        read(&mut self.0).with_context(|| format!("{command} failed"))
    }
}

/// One reply of the Redis serialization protocol, version 2.
fn read(from: &mut impl BufRead) -> Result<Reply> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let line = line.trim_end();
    let (kind, rest) = line.split_at_checked(1).context("an empty reply")?;
    Ok(match kind {
        "+" => Reply::Text(rest.to_owned()),
        ":" => Reply::Number(rest.parse()?),
        "$" => {
            let mut bytes = vec![0; rest.parse::<usize>()? + 2];
            from.read_exact(&mut bytes)?;
            bytes.truncate(bytes.len() - 2);
            Reply::Text(String::from_utf8(bytes)?)
        }
        "*" => {
            let count: usize = rest.parse()?;
            Reply::List((0..count).map(|_| read(from)).collect::<Result<_>>()?)
        }
        _ => bail!("Redis replied {line}"),
    })
}

/// The lines `name:value` of an `INFO`.
fn fields(info: &str) -> BTreeMap<String, String> {
    info.lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read() {
        let mut bytes: &[u8] = b":7\r\n*2\r\n$3\r\na\r\n\r\n+OK\r\n-ERR no\r\n";
        assert!(matches!(read(&mut bytes), Ok(Reply::Number(7))));
        let Ok(Reply::List(list)) = read(&mut bytes) else { panic!("a list") };
        assert!(matches!(&list[..], [Reply::Text(a), Reply::Text(b)] if a == "a\r\n" && b == "OK"));
        assert!(read(&mut bytes).is_err());
        assert!(read(&mut bytes).is_err());
    }

    #[test]
    fn fields_are_split_at_the_first_colon() {
        let fields = fields("# Stats\r\ntotal:12\r\ncmdstat_ping:calls=3,usec=4\r\n");
        assert_eq!(fields.get("total").map(String::as_str), Some("12"));
        assert_eq!(fields.get("cmdstat_ping").map(String::as_str), Some("calls=3,usec=4"));
    }
}
