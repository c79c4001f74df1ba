//! Letters as files, for the demo and for whoever wants to look at them first.

use std::io::Write as _;
use std::path::PathBuf;

use async_trait::async_trait;
use booking::Reason;
use kernel::private_file;

use super::{HandedOver, Transport};
use crate::letter::Letter;

/// A folder that gets one `.eml` file for each letter. A repetition finds its file there.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at this path; made if need be.
    pub fn open(path: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// A letter that is there is whole.
    fn put(&self, letter: &Letter) -> std::io::Result<()> {
        let [done, part] = ["eml", "part"].map(|kind| self.0.join(format!("{}.{kind}", letter.id)));
        // What another process that was killed has left.
        let _absent = std::fs::remove_file(&part);
        let mut file = private_file::create(&part)?;
        file.write_all(&letter.text)?;
        file.sync_all()?;
        std::fs::rename(part, done)
    }
}

#[async_trait]
impl Transport for Folder {
    async fn hand_over(&mut self, letter: &Letter) -> HandedOver {
        let (folder, letter) = (self.clone(), letter.clone());
        let put = tokio::task::spawn_blocking(move || folder.put(&letter)).await;
        match put {
            Ok(Ok(())) => HandedOver::Taken,
            Ok(Err(error)) => {
                tracing::warn!(folder = %self.0.display(), %error, "failed to lay a letter into the folder");
                HandedOver::Unreachable(Reason::new("folder"))
            }
            Err(_panicked) => HandedOver::Unreachable(Reason::new("folder")),
        }
    }
}
