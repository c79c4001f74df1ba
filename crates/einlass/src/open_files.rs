//! How many files, and so connections, the process may open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets the process open as many files as the system allows it: the usual limit of 1,024 is for programs that cannot
/// deal with more, and a rush has tens of thousands of connections. Says so if there are fewer than `wanted`.
pub fn raise(wanted: usize) {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let allowed = if raised.is_ok() { limit.maximum } else { limit.current };
    let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
    if let Some(allowed) = allowed.filter(|allowed| *allowed < wanted) {
        tracing::warn!(
            allowed,
            wanted,
            "the streams alone may take more files than this process may open: raise its hard limit (LimitNOFILE) or \
             lower `streams_max`"
        );
    }
}
