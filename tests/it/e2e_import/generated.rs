//! Made-up exports against the naive reference, which shares no code with the product.

use keizoku_testkit::{Cluster, logs};
use serde_json::Value;
use tempfile::TempDir;

use super::answers::{ask, assert_same_answers};
use super::export::{assert_same_rows, import, python, rows, sample, total};

/// Generates an export of `today`, imports it on that day, and compares everything.
async fn agrees(seed: &str, accounts: &str, today: &str, more: &[&str]) {
    let place = format!("seed {seed}, {today}, {more:?}");
    let export = TempDir::new().unwrap();
    let path = export.path().to_str().unwrap();
    let generate = [
        "--seed",
        seed,
        "--accounts",
        accounts,
        "--today",
        today,
        "--out",
        path,
    ];
    python(
        "generate_export.py",
        generate.into_iter().chain(more.iter().copied()),
    );
    let all = ["--with-opportunities", "--all-scenarios", "--all-impacts"];
    let reference = [path, "--today", today].into_iter().chain(all);
    let expected: Value = serde_json::from_slice(&python("reference.py", reference)).unwrap();

    let cluster = Cluster::at(&format!("{today}T09:00[Asia/Tokyo]")).await;
    let endpoints = cluster.endpoints();
    let report = import(&endpoints, export.path(), &[]).await;
    assert_same_rows(&rows(&report), &expected["import"], &place);
    let api = cluster.api("ops").await;
    assert_same_answers(&ask(&api, &expected).await, &expected, &place);

    let heads = logs::heads(cluster.folder());
    let again = import(&endpoints, export.path(), &[]).await;
    assert_eq!(
        total(&again, "unchanged"),
        total(&report, "imported"),
        "{place}"
    );
    assert_eq!(logs::heads(cluster.folder()), heads, "{place}");
}

#[tokio::test]
async fn acc_7_one_account_as_utf_8_with_a_byte_order_mark() {
    agrees("1", "1", "2026-11-22", &[]).await;
}

#[tokio::test]
async fn acc_7_shift_jis_at_the_end_of_a_year() {
    agrees("2", "200", "2026-12-31", &["--encoding", "cp932"]).await;
}

#[tokio::test]
async fn acc_7_utf_8_with_bare_line_feeds_on_a_leap_day() {
    let more = ["--encoding", "utf-8", "--line-ending", "lf"];
    agrees("3", "200", "2024-02-29", &more).await;
}

#[tokio::test]
async fn acc_7_shift_jis_on_new_year_s_day() {
    let more = ["--encoding", "cp932", "--line-ending", "lf"];
    agrees("4", "200", "2027-01-01", &more).await;
}

#[tokio::test]
async fn acc_7_what_no_text_decides_is_decided_alike() {
    agrees("5", "200", "2026-11-22", &["--open-questions"]).await;
}

/// GEN-8: what the figures of a date are does not depend on the day of the import.
#[tokio::test]
async fn gen_8_the_day_of_the_import_does_not_matter() {
    let text = std::fs::read_to_string(sample().join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    for today in ["2026-11-30", "2028-01-01"] {
        let cluster = Cluster::at(&format!("{today}T09:00[Asia/Tokyo]")).await;
        let endpoints = cluster.endpoints();
        import(&endpoints, &sample(), &[]).await;
        let api = cluster.api("ops").await;
        let place = format!("imported on {today}");
        assert_same_answers(&ask(&api, &expected).await, &expected, &place);
    }
}
