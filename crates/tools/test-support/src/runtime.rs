//! The languages in which documents show code.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::install::{Package, install_on_debian};
use crate::locate::find_program;

/// Where Debian keeps Java's libraries, and what Jackson's `ObjectMapper` needs of them.
const JAVA_LIBRARIES: &str = "/usr/share/java";
const JACKSON: [&str; 3] = ["jackson-databind.jar", "jackson-core.jar", "jackson-annotations.jar"];
const JACKSON_PACKAGE: &str = "libjackson2-databind-java";

/// What runs code and commands that a document shows, with the libraries that they need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// curl.
    Curl,
    /// Node.js.
    Node,
    /// Python 3 with the library `cryptography`.
    Python,
    /// Go.
    Go,
    /// The virtual machine of Java.
    Java,
    /// The compiler of Java.
    JavaCompiler,
    /// PHP with the library sodium.
    Php,
}

impl Runtime {
    const ALL: [Self; 7] =
        [Self::Curl, Self::Node, Self::Python, Self::Go, Self::Java, Self::JavaCompiler, Self::Php];

    /// Finds the program. The error says what to install.
    pub fn locate(self) -> Result<PathBuf> {
        find_program(self.program(), |program| self.serves(program)).with_context(|| {
            format!(
                "{} was not found, or lacks a library; install {self:?} (Debian and Ubuntu: apt-get install {})",
                self.program(),
                self.packages().join(" ")
            )
        })
    }

    const fn program(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Node => "node",
            Self::Python => "python3",
            Self::Go => "go",
            Self::Java => "java",
            Self::JavaCompiler => "javac",
            Self::Php => "php",
        }
    }

    const fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Curl => &["curl"],
            Self::Node => &["nodejs"],
            Self::Python => &["python3", "python3-cryptography"],
            Self::Go => &["golang-go"],
            Self::Java | Self::JavaCompiler => &["default-jdk-headless"],
            Self::Php => &["php-cli"],
        }
    }

    /// Whether this program has what the code needs: of several Pythons only one may have the library.
    fn serves(self, program: &Path) -> bool {
        let arguments: &[&str] = match self {
            Self::Curl | Self::Node | Self::Java | Self::JavaCompiler => &["--version"],
            Self::Python => &["-c", "import cryptography"],
            Self::Go => &["version"],
            Self::Php => &["-r", "exit(extension_loaded('sodium') ? 0 : 1);"],
        };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

/// The class path on which Java finds Jackson. The error says what to install.
pub fn locate_jackson() -> Result<String> {
    let jars = JACKSON.map(|name| Path::new(JAVA_LIBRARIES).join(name));
    let missing = jars.iter().find(|jar| !jar.is_file());
    match missing {
        None => Ok(jars.map(|jar| jar.to_string_lossy().into_owned()).join(":")),
        Some(jar) => anyhow::bail!(
            "{} was not found; install Jackson (Debian and Ubuntu: apt-get install {JACKSON_PACKAGE})",
            jar.display()
        ),
    }
}

/// Makes sure of every [`Runtime`] and of Jackson, as [`provision`](crate::provision) does of the servers.
pub fn provision_runtimes() -> Result<()> {
    let missing = Runtime::ALL.into_iter().filter(|runtime| runtime.locate().is_err());
    let mut names: Vec<&str> = missing.flat_map(Runtime::packages).copied().collect();
    if locate_jackson().is_err() {
        names.push(JACKSON_PACKAGE);
    }
    names.dedup();
    let packages: Vec<Package> =
        names.into_iter().map(|name| Package { name, service: None }).collect();
    install_on_debian(&packages)?;
    for runtime in Runtime::ALL {
        runtime.locate()?;
    }
    locate_jackson().map(|_| ())
}
