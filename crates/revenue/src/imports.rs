//! How imports of other systems ended (FC-10), as known at any instant.

use std::collections::BTreeMap;

use jiff::Timestamp;
use keizoku_proto::accounts::{ImportReported, RejectedRows};

use crate::time::Known;

/// A system whose last import left rows out that are wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct FailedImport<'a> {
    /// The system.
    pub system: &'a str,
    /// What did not go in the last time.
    pub rejected: &'a [RejectedRows],
    /// Since when no import of it has gone in whole.
    pub since: Timestamp,
}

/// How the imports of each system ended, each with when it was recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Imports {
    by_system: BTreeMap<String, Vec<(i64, Vec<RejectedRows>)>>,
}

impl Imports {
    pub(crate) fn record(&mut self, reported: &ImportReported, recorded: i64) {
        let ended = self.by_system.entry(reported.system.clone()).or_default();
        ended.push((recorded, reported.rejected.clone()));
    }

    pub(crate) fn failed(&self, known: Known) -> impl Iterator<Item = FailedImport<'_>> {
        let systems = self.by_system.iter();
        systems.filter_map(move |(system, ended)| {
            let until = ended.partition_point(|(recorded, _)| known.includes(*recorded));
            let mut newest = ended[..until].iter().rev();
            let failed = newest
                .by_ref()
                .take_while(|(_, rejected)| !rejected.is_empty());
            let failed: Vec<_> = failed.collect();
            let ((_, rejected), (since, _)) = (failed.first()?, failed.last()?);
            Some(FailedImport {
                system,
                rejected,
                since: Timestamp::from_microsecond(*since).ok()?,
            })
        })
    }
}
