//! Where things are, and how to read an export without a server.

use std::path::{Path, PathBuf};

use keizoku_cli::error::Failure;
use keizoku_cli::import::{self, Mapping, Options, Progress, Report};
use serde_json::Value;

/// The repository's tests, outside this crate.
pub(crate) fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

pub(crate) fn sample() -> PathBuf {
    tests_folder().join("data/salesforce-export")
}

pub(crate) fn options(directory: &Path) -> Options {
    Options {
        directory: directory.to_owned(),
        mapping: Mapping::load(None).unwrap(),
        date: None,
        progress: Progress::Silent,
    }
}

pub(crate) async fn dry_run(directory: &Path) -> Result<Report, Failure> {
    import::prepare(&options(directory))?.dry_run().await
}

/// What a report says of each file, as `expected.json` has it.
pub(crate) fn outcome(report: &Report) -> Value {
    let json: Value = serde_json::from_str(&report.to_json()).unwrap();
    let files = json["import"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, file)| {
            let kept =
                ["imported", "skipped", "rejected"].map(|key| (key.to_owned(), file[key].clone()));
            (name.clone(), Value::Object(kept.into_iter().collect()))
        });
    Value::Object(files.collect())
}

/// Fails with the first difference instead of two pages of JSON.
pub(crate) fn assert_same(ours: &Value, theirs: &Value, place: &str) {
    for (name, expected) in theirs.as_object().unwrap() {
        let found = &ours[name];
        assert_eq!(
            found["imported"], expected["imported"],
            "{place} {name}: imported"
        );
        for list in ["skipped", "rejected"] {
            let (found, expected) = (found[list].as_array(), expected[list].as_array());
            let (found, expected) = (found.unwrap(), expected.unwrap());
            for (found, expected) in found.iter().zip(expected) {
                assert_eq!(found, expected, "{place} {name}: {list}");
            }
            assert_eq!(found.len(), expected.len(), "{place} {name}: {list}");
        }
    }
}
