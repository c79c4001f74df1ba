//! One command on its way, which may be the call of a script.

use std::borrow::Cow;

use redis::{Arg, Cmd, ScriptInvocation};

/// A command, and the script it calls if it calls one.
pub(super) struct Request<'a> {
    pub(super) command: Cow<'a, Cmd>,
    pub(super) script: Option<&'a ScriptInvocation<'a>>,
    /// A key that the command does not name, and whose server it is for.
    beside: Option<&'a str>,
}

impl<'a> Request<'a> {
    pub(super) fn command(command: &'a Cmd) -> Self {
        Self { command: Cow::Borrowed(command), script: None, beside: None }
    }

    pub(super) fn beside(key: &'a str, command: &'a Cmd) -> Self {
        Self { beside: Some(key), ..Self::command(command) }
    }

    pub(super) fn script(script: &'a ScriptInvocation<'a>) -> Self {
        let command = Cow::Owned(Cmd::invoke_script(script));
        Self { command, script: Some(script), beside: None }
    }

    /// The key that decides where the command is carried out in a Cluster; `None` for one that is about the
    /// server. All keys of one command lie in the same slot, so the first stands for all.
    pub(super) fn key(&self) -> Option<&[u8]> {
        if let Some(key) = self.beside {
            return Some(key.as_bytes());
        }
        let name = self.argument(0)?.to_ascii_uppercase();
        match name.as_slice() {
            b"EVAL" | b"EVALSHA" | b"FCALL" => {
                (self.argument(2)? != b"0").then(|| self.argument(3))?
            }
            b"ACL" | b"CLIENT" | b"CLUSTER" | b"CONFIG" | b"DBSIZE" | b"FLUSHALL" | b"FLUSHDB"
            | b"INFO" | b"PING" | b"ROLE" | b"SCAN" | b"SCRIPT" | b"TIME" | b"WAIT" => None,
            _ => self.argument(1),
        }
    }

    /// What names the script to Redis.
    pub(super) fn script_hash(&self) -> Option<&[u8]> {
        self.script.and_then(|_| self.argument(1))
    }

    fn argument(&self, index: usize) -> Option<&[u8]> {
        match self.command.args_iter().nth(index)? {
            Arg::Simple(argument) => Some(argument),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_is_found() {
        let script = redis::Script::new("return 1");
        for (command, key) in [
            (redis::cmd("get").arg("k"), Some("k")),
            (redis::cmd("SADD").arg("k").arg("member"), Some("k")),
            (redis::cmd("INFO").arg("server"), None),
            (&mut redis::cmd("PING"), None),
            (redis::cmd("EVAL").arg("return 1").arg(0).arg("x"), None),
        ] {
            assert_eq!(Request::command(command).key(), key.map(str::as_bytes));
        }
        let mut call = script.key("k");
        call.key("l").arg("x");
        assert_eq!(Request::script(&call).key(), Some("k".as_bytes()));
        assert_eq!(Request::script(&call).script_hash(), Some(script.get_hash().as_bytes()));
        assert_eq!(Request::script(&script.arg("x")).key(), None);
        assert_eq!(Request::beside("k", &redis::cmd("TIME")).key(), Some("k".as_bytes()));
    }
}
