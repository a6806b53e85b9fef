//! The languages of messages, and the words that all of them share.

/// A language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locale {
    /// Japanese.
    Ja,
    /// English.
    En,
}

/// Labels of facts.
pub(crate) struct Labels {
    pub(crate) customer: &'static str,
    pub(crate) mrr: &'static str,
    pub(crate) renewal: &'static str,
    pub(crate) impact: &'static str,
    pub(crate) owner: &'static str,
    pub(crate) next_action: &'static str,
    pub(crate) expectation: &'static str,
    pub(crate) result: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) to_do: &'static str,
    pub(crate) contract: &'static str,
    pub(crate) end: &'static str,
    pub(crate) lost: &'static str,
    pub(crate) health: &'static str,
    pub(crate) open_record: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) nobody: &'static str,
}

const JA: Labels = Labels {
    customer: "顧客",
    mrr: "MRR",
    renewal: "次回更新日",
    impact: "グループ合計MRRの影響",
    owner: "担当",
    next_action: "次のアクション",
    expectation: "解約見込み",
    result: "着地点",
    reason: "理由",
    to_do: "お願い",
    contract: "契約",
    end: "解約日",
    lost: "失われるMRR",
    health: "ヘルススコア",
    open_record: "Keizokuで開く",
    unknown: "不明",
    nobody: "未定",
};

const EN: Labels = Labels {
    customer: "Customer",
    mrr: "MRR",
    renewal: "Next renewal",
    impact: "Group MRR impact",
    owner: "Owner",
    next_action: "Next action",
    expectation: "Expectation",
    result: "How it landed",
    reason: "Reason",
    to_do: "To do",
    contract: "Contract",
    end: "Ends",
    lost: "MRR lost",
    health: "Health score",
    open_record: "Open in Keizoku",
    unknown: "unknown",
    nobody: "nobody yet",
};

impl Locale {
    /// The language of this code; Japanese unless it is `en`.
    pub(crate) fn of(code: &str) -> Self {
        if code == "en" { Self::En } else { Self::Ja }
    }

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    pub(crate) fn labels(self) -> &'static Labels {
        match self {
            Self::Ja => &JA,
            Self::En => &EN,
        }
    }

    /// Label of a message that may be the second copy (NTF-4).
    pub(crate) fn resent(self) -> &'static str {
        match self {
            Self::Ja => "再送: 前回届いたかどうか確認できなかったため、もう一度お送りしています。",
            Self::En => "Sent again: nobody knows whether the first copy arrived.",
        }
    }

    pub(crate) fn resent_subject(self) -> &'static str {
        match self {
            Self::Ja => "[再送] ",
            Self::En => "[Sent again] ",
        }
    }

    /// A flag as people read it.
    pub(crate) fn yes_or_no(self, flag: bool) -> &'static str {
        match (self, flag) {
            (Self::Ja, true) => "はい",
            (Self::Ja, false) => "いいえ",
            (Self::En, true) => "yes",
            (Self::En, false) => "no",
        }
    }

    /// What stands below a message whose rule could not say whether to send it.
    pub(crate) fn filter_failed(self, rule: &str, problem: &str) -> String {
        match self {
            Self::Ja => format!(
                "ルール「{rule}」の条件を評価できなかったため、念のためお知らせしています: {problem}"
            ),
            Self::En => format!(
                "Sent because the filter of the rule {rule} could not be evaluated: {problem}"
            ),
        }
    }

    /// How far away a date is.
    pub(crate) fn days_away(self, days: i32) -> String {
        match (self, days) {
            (Self::Ja, 0) => "本日".to_owned(),
            (Self::Ja, 1..) => format!("あと{days}日"),
            (Self::Ja, _) => format!("{}日経過", -days),
            (Self::En, 0) => "today".to_owned(),
            (Self::En, 1) => "in 1 day".to_owned(),
            (Self::En, 2..) => format!("in {days} days"),
            (Self::En, -1) => "1 day ago".to_owned(),
            (Self::En, _) => format!("{} days ago", -days),
        }
    }

    /// What stands for what a list leaves out.
    pub(crate) fn and_more(self, more: usize) -> String {
        match self {
            Self::Ja => format!("ほか{more}件"),
            Self::En => format!("and {more} more"),
        }
    }
}
