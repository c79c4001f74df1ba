//! Which of a client's messages to PostgreSQL commit something: a `COMMIT`, or outside a transaction a
//! statement that writes, which is committed as it ends.
//!
//! Reads the protocol's frontend messages, version 3 (<https://www.postgresql.org/docs/current/protocol.html>).

use std::collections::HashSet;

/// What a client that speaks something else sends looks like a longer message.
const LENGTH_MAX: usize = 1_024 * 1_024;
/// Precedes the start: whether the server would like to encrypt.
const SSL_REQUEST: u32 = 80_877_103;
const TYPE_BYTES: usize = 1;
const LENGTH_BYTES: usize = 4;

/// What one client has sent so far.
#[derive(Default)]
pub struct Client {
    /// The beginning of a message.
    rest: Vec<u8>,
    stage: Stage,
    /// Prepared statements that write.
    writing: HashSet<Vec<u8>>,
    in_transaction: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Its first messages have no type.
    #[default]
    Starts,
    Asks,
    /// It does not speak PostgreSQL's protocol.
    IsForeign,
}

impl Client {
    /// How many commits end in these bytes, which follow on those before.
    pub fn commits_in(&mut self, bytes: &[u8]) -> usize {
        self.rest.extend_from_slice(bytes);
        let mut commits = 0;
        while let Some((kind, body)) = self.next() {
            commits += usize::from(self.is_commit(kind, &body));
        }
        commits
    }

    /// The next message that is complete: its type, and what follows its length.
    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let type_bytes = match self.stage {
            Stage::Starts => 0,
            Stage::Asks => TYPE_BYTES,
            Stage::IsForeign => {
                self.rest.clear();
                return None;
            }
        };
        let header = self.rest.get(..type_bytes + LENGTH_BYTES)?;
        let kind = if type_bytes == 0 { 0 } else { header[0] };
        let length = usize::try_from(number(&header[type_bytes..])?).ok()?;
        if !(LENGTH_BYTES..=LENGTH_MAX).contains(&length) {
            self.stage = Stage::IsForeign;
            return None;
        }
        let body = self.rest.get(type_bytes + LENGTH_BYTES..type_bytes + length)?.to_vec();
        self.rest.drain(..type_bytes + length);
        Some((kind, body))
    }

    fn is_commit(&mut self, kind: u8, body: &[u8]) -> bool {
        match kind {
            0 => {
                let wants_encryption = number(body) == Some(SSL_REQUEST);
                self.stage = if wants_encryption { Stage::Starts } else { Stage::Asks };
                false
            }
            b'Q' => {
                let was_in_transaction = self.in_transaction;
                self.in_transaction =
                    starts_with(body, "BEGIN") || (was_in_transaction && !ends_transaction(body));
                starts_with(body, "COMMIT")
            }
            b'P' => {
                let mut texts = body.split(|byte| *byte == 0);
                let (name, text) = (texts.next().unwrap_or_default(), texts.next());
                if text.is_some_and(writes) {
                    self.writing.insert(name.to_vec());
                } else {
                    self.writing.remove(name);
                }
                false
            }
            // The name of the portal precedes that of the statement.
            b'B' => {
                let statement = body.split(|byte| *byte == 0).nth(1);
                !self.in_transaction && statement.is_some_and(|name| self.writing.contains(name))
            }
            _ => false,
        }
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

fn starts_with(text: &[u8], word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

fn ends_transaction(text: &[u8]) -> bool {
    // With `ROLLBACK TO` it goes on.
    starts_with(text, "COMMIT")
        || (starts_with(text, "ROLLBACK") && !starts_with(text, "ROLLBACK TO"))
}

fn writes(statement: &[u8]) -> bool {
    let mut words = statement.split(|byte| !byte.is_ascii_alphabetic());
    words.any(|word| matches!(word, b"INSERT" | b"UPDATE" | b"DELETE"))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(LENGTH_BYTES + body.len()).expect("short");
        [&[kind], &length.to_be_bytes()[..], body].concat()
    }

    pub fn start() -> Vec<u8> {
        [&8_u32.to_be_bytes()[..], &196_608_u32.to_be_bytes()].concat()
    }

    fn parse(name: &str, text: &str) -> Vec<u8> {
        message(b'P', format!("{name}\0{text}\0\0\0").as_bytes())
    }

    fn bind(name: &str) -> Vec<u8> {
        message(b'B', format!("\0{name}\0\0\0").as_bytes())
    }

    fn query(text: &str) -> Vec<u8> {
        message(b'Q', format!("{text}\0").as_bytes())
    }

    #[track_caller]
    fn assert_commits(said: &[Vec<u8>], expected: usize) {
        let said = said.concat();
        assert_eq!(Client::default().commits_in(&said), expected, "at once");
        let mut client = Client::default();
        let bytes = said.chunks(1).map(|byte| client.commits_in(byte)).sum::<usize>();
        assert_eq!(bytes, expected, "byte by byte");
    }

    #[test]
    fn a_commit_ends_a_transaction() {
        let (write, read) = (parse("w", "INSERT INTO t"), parse("r", "SELECT 1"));
        assert_commits(&[start(), query("BEGIN"), query("COMMIT")], 1);
        assert_commits(&[start(), write.clone(), read.clone()], 0);
        let begun = [start(), query("BEGIN"), write.clone(), bind("w"), bind("w")];
        assert_commits(&begun, 0);
        assert_commits(&[begun.concat(), query("COMMIT"), query("BEGIN"), query("COMMIT")], 2);
        assert_commits(&[begun.concat(), query("ROLLBACK TO SAVEPOINT a"), bind("w")], 0);
        assert_commits(&[begun.concat(), query("ROLLBACK"), bind("w")], 1);
    }

    #[test]
    fn a_statement_that_writes_commits_itself() {
        let write = parse("w", "WITH a AS (\nUPDATE t SET x = 1) SELECT 1");
        let read = parse("r", "SELECT updated FROM t");
        assert_commits(&[start(), write.clone(), bind("w"), bind("w")], 2);
        assert_commits(&[start(), read.clone(), bind("r")], 0);
        assert_commits(&[start(), write, parse("w", "SELECT 1"), bind("w")], 0);
    }

    #[test]
    fn a_client_may_ask_for_encryption_first_or_speak_something_else() {
        let asks = [&8_u32.to_be_bytes()[..], &SSL_REQUEST.to_be_bytes()].concat();
        assert_commits(&[asks, start(), query("COMMIT")], 1);
        assert_commits(&[b"*1\r\n$6\r\nCOMMIT\r\n".to_vec(), query("COMMIT")], 0);
    }
}
