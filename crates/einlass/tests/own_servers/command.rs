//! The commands of the binary, as an operator types them.

use std::path::Path;
use std::process::Command;

/// What came of a command.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// What it printed, if it did what it was asked to.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.code, 0, "{}", self.err);
        self.out
    }

    /// What it said was wrong.
    #[track_caller]
    pub fn refused(self) -> String {
        assert_eq!(self.code, 1, "{self:?}");
        self.err
    }
}

pub fn einlass(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_einlass"))
        .args(arguments)
        .current_dir(folder)
        .envs(variables.iter().copied())
        .output()
        .expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}
