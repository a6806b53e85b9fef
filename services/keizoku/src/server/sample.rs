//! The first start with something to look at.

use std::net::SocketAddr;
use std::path::Path;

use crate::client::{Caller, Connection, Endpoints};
use crate::error::Failure;
use crate::import::{self, Mapping, Options, Progress, Report};

/// Imports an export into a server of this process, the way every client does.
///
/// # Errors
/// When the files cannot be used, or the server refuses.
pub async fn import(server: SocketAddr, directory: &Path) -> Result<Report, Failure> {
    let endpoints = Endpoints::all_at(format!("http://{server}"));
    let connection = Connection::open(&endpoints, Caller::new(None, Some("sample"))?).await?;
    let options = Options {
        directory: directory.to_owned(),
        mapping: Mapping::load(None)?,
        date: None,
        progress: Progress::fitting(),
    };
    import::run(&connection, &options).await
}
