//! How imports ended.

use std::collections::BTreeSet;

use keizoku_proto::accounts as proto;
use keizoku_runtime::parse::{SHORT_TEXT, Violations};

/// More than this many reasons are read by nobody.
const MOST: usize = 1_000;

/// What is reported of an import, in an order of its own.
pub(crate) fn import_reported(
    violations: &mut Violations,
    request: &proto::ReportImportRequest,
) -> proto::ImportReported {
    let system = violations.required_text("system", &request.system, SHORT_TEXT);
    if request.rejected.len() > MOST {
        violations.add("rejected", format!("are more than {MOST}"));
        return proto::ImportReported::default();
    }
    let mut rejected = Vec::with_capacity(request.rejected.len());
    let mut named = BTreeSet::new();
    for (place, stated) in request.rejected.iter().enumerate() {
        let field = |name: &str| format!("rejected[{place}].{name}");
        if stated.rows < 1 {
            violations.add(&field("rows"), "must be above 0");
        }
        let file = violations.required_text(&field("file"), &stated.file, SHORT_TEXT);
        let reason = violations.required_text(&field("reason"), &stated.reason, SHORT_TEXT);
        if !named.insert((file.clone(), reason.clone())) {
            violations.add(&field("reason"), "came before for the same file");
        }
        rejected.push(proto::RejectedRows {
            file,
            reason,
            rows: stated.rows,
        });
    }
    rejected.sort_by(|one, other| (&one.file, &one.reason).cmp(&(&other.file, &other.reason)));
    proto::ImportReported { system, rejected }
}
