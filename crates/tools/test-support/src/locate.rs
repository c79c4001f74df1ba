//! Where the servers' programs lie on this machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What to do where a server is missing and cannot be installed by us.
const REDIS_MISSING: &str = "redis-server is not on the PATH; install Redis 7 or newer \
    (Debian and Ubuntu: apt-get install redis-server, Fedora: dnf install redis, macOS: brew install redis), \
    or name a running one in EINLASS_TEST_REDIS_URL";
const POSTGRES_MISSING: &str = "PostgreSQL's initdb and postgres were not found; install PostgreSQL 15 or newer \
    (Debian and Ubuntu: apt-get install postgresql, Fedora: dnf install postgresql-server, macOS: brew install postgresql@17), \
    or name a running one in EINLASS_TEST_POSTGRES_URL";

const PYTHON_MISSING: &str = "python3 is not on the PATH; install Python 3 \
    (Debian and Ubuntu: apt-get install python3, Fedora: dnf install python3, macOS: brew install python)";
const CHROMIUM_MISSING: &str = "chromium and chromedriver are not on the PATH; install both \
    (Debian: apt-get install chromium chromium-driver, Fedora: dnf install chromium chromedriver)";
const NGINX_MISSING: &str = "nginx is not on the PATH; install nginx 1.22 or newer with auth_request \
    (Debian and Ubuntu: apt-get install nginx, Fedora: dnf install nginx, macOS: brew install nginx)";
const HAPROXY_MISSING: &str = "haproxy is not on the PATH; install HAProxy 2.6 or newer with Lua \
    (Debian and Ubuntu: apt-get install haproxy, Fedora: dnf install haproxy, macOS: brew install haproxy)";
const FAKETIME_MISSING: &str =
    "libfaketime was not found; install it (Debian and Ubuntu: apt-get install faketime)";

/// The folder with PostgreSQL's programs. Debian keeps them off the PATH, one folder per version.
#[derive(Clone, Debug)]
pub struct PostgresPrograms {
    folder: PathBuf,
}

impl PostgresPrograms {
    /// The path of one of them: `initdb`, `postgres`, `psql`, `pgbench` …
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Finds `redis-server`. The error says what to install.
pub fn locate_redis() -> Result<PathBuf> {
    find_program("redis-server", |_| true).context(REDIS_MISSING)
}

/// Finds `python3`, which runs the scripts that documents print. The error says what to install.
pub fn locate_python() -> Result<PathBuf> {
    find_program("python3", |_| true).context(PYTHON_MISSING)
}

/// Finds `nginx`. The error says what to install.
pub fn locate_nginx() -> Result<PathBuf> {
    find_program("nginx", |_| true).context(NGINX_MISSING)
}

/// Finds `haproxy`. The error says what to install.
pub fn locate_haproxy() -> Result<PathBuf> {
    find_program("haproxy", |_| true).context(HAPROXY_MISSING)
}

/// A browser, and the program that drives it.
#[derive(Clone, Debug)]
pub struct ChromiumPrograms {
    /// Chromium.
    pub browser: PathBuf,
    /// The program that drives it (W3C `WebDriver`).
    pub driver: PathBuf,
}

/// Finds Chromium and its driver, which try the pages that documents show. The error says what to install.
pub fn locate_chromium() -> Result<ChromiumPrograms> {
    let find = |name| find_program(name, |_| true);
    let (browser, driver) = find("chromium").zip(find("chromedriver")).context(CHROMIUM_MISSING)?;
    Ok(ChromiumPrograms { browser, driver })
}

/// Finds PostgreSQL's programs, the newest version first. The error says what to install.
pub fn locate_postgres() -> Result<PostgresPrograms> {
    let mut versioned: Vec<(u32, PathBuf)> = Vec::new();
    for (parent, before, after) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql@", "bin"),
        ("/usr/local/opt", "postgresql@", "bin"),
    ] {
        for entry in Path::new(parent).read_dir().into_iter().flatten().flatten() {
            let name = entry.file_name();
            let version = name.to_str().and_then(|name| name.strip_prefix(before)?.parse().ok());
            versioned.extend(version.map(|version| (version, entry.path().join(after))));
        }
    }
    versioned.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versioned
        .into_iter()
        .map(|(_, folder)| folder)
        .chain(on_path())
        .chain(well_known_folders())
        .find(|folder| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).exists()))
        .map(|folder| PostgresPrograms { folder })
        .context(POSTGRES_MISSING)
}

/// Finds the library that shows a process a clock of its own, for programs with threads. The error says
/// what to install.
pub fn locate_faketime() -> Result<PathBuf> {
    // Debian has a folder for each architecture.
    let architectures = Path::new("/usr/lib").read_dir().into_iter().flatten().flatten();
    architectures
        .map(|folder| folder.path())
        .chain(["/usr/lib", "/usr/lib64", "/usr/local/lib"].map(PathBuf::from))
        .map(|folder| folder.join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.is_file())
        .context(FAKETIME_MISSING)
}

/// The first program of this name that serves the purpose.
pub(crate) fn find_program(name: &str, serves: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    on_path()
        .into_iter()
        .chain(well_known_folders())
        .map(|folder| folder.join(name))
        .find(|program| program.is_file() && serves(program))
}

#[expect(clippy::disallowed_methods, reason = "programs are looked up where the shell would")]
pub(crate) fn on_path() -> Vec<PathBuf> {
    std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect()
}

fn well_known_folders() -> impl Iterator<Item = PathBuf> {
    ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"].into_iter().map(PathBuf::from)
}
