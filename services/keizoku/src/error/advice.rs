//! What a person at a terminal does about a refusal.

use tonic::Code;

/// What to do next; `None` where the message says it all.
pub(super) fn of(reason: &str, code: Code) -> Option<&'static str> {
    let advice = match reason {
        "INVALID_FIELDS" => "correct the values above",
        "NOT_FOUND" => {
            "check the name; what was recorded a moment ago may need `--after TOKEN`, \
             the token being in the --json answer of the change"
        }
        "ALREADY_EXISTS" => "choose another id, or look at what is there",
        "REQUEST_ID_REUSED" => "leave --request-id out, or take a fresh one",
        "STALE_ETAG" => "read it again and decide again",
        "CONTENTION" | "OUTCOME_UNKNOWN" => "again, with the same --request-id if you gave one",
        "STORAGE_FULL" => "make room on the server's disk; nothing was written",
        "UNAVAILABLE" | "NOT_CAUGHT_UP" => "again in a moment",
        "OVERLOADED" => "again in a moment; the server has too much to do",
        "DEADLINE_EXCEEDED" => "ask again, a change with the same --request-id; the server is busy",
        "FOREIGN_TOKEN" => "leave --after out: the token is older than a restored backup",
        "PAGE_TOKEN_MISMATCH" => "start from the first page",
        "PERMISSION_DENIED" => "ask an administrator for the role",
        "UNAUTHENTICATED" => "set KEIZOKU_TOKEN, or pass --token",
        "INTERNAL" => "look into the server's log; it is a bug",
        "NEWER_VERSION" => "upgrade the server: a newer version has written to its log",
        "RISK_CLOSED" => {
            "correct its closure with `keizoku risk amend`, or open it again with `keizoku risk reopen`"
        }
        "RISK_OPEN" => "close it first with `keizoku risk close`",
        "COMPLETION_DATE_IMPOSSIBLE" => "name a day between its opening and today with --date",
        "RISK_TYPE_UNKNOWN" => "`keizoku risk types` lists the types",
        "SUGGESTION_SETTLED" => "`keizoku risk suggestions` lists the ones that still wait",
        "CURRENCY_UNSUPPORTED" => "`keizoku organisation show` says which currency is reported in",
        "EXTERNAL_ID_TAKEN" => "`keizoku account show EXTERNAL-ID` shows whose it is",
        "SUBJECT_TAKEN" => "`keizoku user update` with --subject '' takes it from who has it",
        "MERGE_CYCLE" | "ALREADY_MERGED" => "`keizoku account show` says what was merged into what",
        "FACT_DOES_NOT_FIT" | "FACT_UNKNOWN" => "`keizoku account show ACCOUNT` lists the facts",
        "OWNER_UNKNOWN" => "`keizoku user list` and `keizoku team list` show who there is",
        "TIER_UNKNOWN" => "`keizoku organisation show` lists the tiers",
        _ => return of_code(code),
    };
    Some(advice)
}

fn of_code(code: Code) -> Option<&'static str> {
    match code {
        Code::Unauthenticated => Some("set KEIZOKU_TOKEN, or pass --token"),
        Code::PermissionDenied => Some("ask an administrator for the role"),
        Code::Unavailable => Some("check that the server is still running, then again"),
        Code::DeadlineExceeded => Some("again in a moment; the server is busy"),
        Code::Unimplemented => Some("check --endpoint: the server there does not offer this"),
        _ => None,
    }
}
