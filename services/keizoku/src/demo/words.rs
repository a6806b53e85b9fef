//! Why customers do badly, and how people put it.

use super::chance::Chance;

/// Why a customer does badly, or leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    LowUsage,
    ChampionLeft,
    Price,
    Competitor,
    MissingFeature,
    Reorganisation,
    ExpectationGap,
}

/// How people put a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words {
    /// Key in the catalogue of risk types, and of reasons for churn.
    pub(super) key: &'static str,
    pub(super) reason_code: &'static str,
    pub(super) names: [&'static str; 3],
    pub(super) detail: &'static str,
    pub(super) actions: [&'static str; 3],
    pub(super) won: &'static str,
    pub(super) lost: &'static str,
}

const CAUSES: [(Cause, i64); 7] = [
    (Cause::LowUsage, 28),
    (Cause::ChampionLeft, 18),
    (Cause::Price, 14),
    (Cause::Competitor, 12),
    (Cause::MissingFeature, 12),
    (Cause::Reorganisation, 9),
    (Cause::ExpectationGap, 7),
];

impl Cause {
    /// Any of them, the usual ones more often.
    pub(super) fn any(chance: &mut Chance) -> Self {
        chance.weighed(&CAUSES)
    }

    /// How people put it.
    pub(super) fn words(self) -> Words {
        match self {
            Self::LowUsage => LOW_USAGE,
            Self::ChampionLeft => CHAMPION_LEFT,
            Self::Price => PRICE,
            Self::Competitor => COMPETITOR,
            Self::MissingFeature => MISSING_FEATURE,
            Self::Reorganisation => REORGANISATION,
            Self::ExpectationGap => EXPECTATION_GAP,
        }
    }
}

const LOW_USAGE: Words = Words {
    key: "low_usage",
    reason_code: "low_usage",
    names: [
        "ログイン数が先月の半分以下",
        "現場での利用が止まっている",
        "投稿が特定部署に偏っている",
    ],
    detail: "アクティブユーザーが数週間続けて減少。繁忙期が理由との説明だが、前年同月も下回っている。",
    actions: [
        "利用部門へのヒアリングを設定する",
        "活用事例を持って訪問する",
        "社内向け勉強会を提案する",
    ],
    won: "部門別の活用会を3回実施し、利用が以前の水準に戻った。次回更新も合意。",
    lost: "定着しないまま更新月を迎え、更新しないとの回答。社内に推進役を作れなかった。",
};

const CHAMPION_LEFT: Words = Words {
    key: "champion_left",
    reason_code: "champion_left",
    names: [
        "推進担当者が異動",
        "窓口の担当者が退職予定",
        "決裁者が交代し方針が未定",
    ],
    detail: "導入を進めた担当者が交代。後任には導入の経緯が引き継がれていない。",
    actions: [
        "後任の担当者に挨拶し、経緯を説明する",
        "新しい決裁者との面談を依頼する",
        "引き継ぎ資料を作って渡す",
    ],
    won: "後任と目標を引き直し、月次の定例を再開。継続で合意。",
    lost: "後任の理解を得られず、契約終了となった。交代が分かった時点で上位者に会うべきだった。",
};

const PRICE: Words = Words {
    key: "price",
    reason_code: "budget",
    names: [
        "来期予算の削減対象",
        "費用対効果の説明を求められている",
        "値下げの相談",
    ],
    detail: "全社のコスト見直しで対象に挙がった。効果を数字で示すことを求められている。",
    actions: [
        "効果を数字でまとめて提示する",
        "プラン変更の見積もりを出す",
        "決裁者向けの報告会を行う",
    ],
    won: "離職率の改善を数字で示し、予算を維持。プランも据え置き。",
    lost: "予算削減で更新見送り。効果の報告が決裁の時期に間に合わなかった。",
};

const COMPETITOR: Words = Words {
    key: "competitor",
    reason_code: "competitor",
    names: [
        "他社製品を並行して検討中",
        "グループ会社が他社製品を採用",
        "他社から相見積もり",
    ],
    detail: "情報システム部門が他社製品を試用中。連携機能と価格で比較されている。",
    actions: [
        "比較表を作って説明する",
        "連携機能の予定を共有する",
        "同業他社の事例を紹介する",
    ],
    won: "運用の負担を比べてもらい、当社の継続を選択。",
    lost: "他社製品に移行。既存システムとの連携で差がついた。",
};

const MISSING_FEATURE: Words = Words {
    key: "missing_feature",
    reason_code: "missing_feature",
    names: [
        "必要な機能がないとの声",
        "人事システムとの連携要望",
        "集計機能への不満",
    ],
    detail: "運用に必要な機能が不足しており、手作業が増えているとの指摘。",
    actions: [
        "開発の予定を確認して回答する",
        "代わりの運用方法を提案する",
        "要望を開発チームに伝える",
    ],
    won: "次のリリースで対応することを約束し、代わりの運用で継続。",
    lost: "機能の提供時期が合わず、解約となった。",
};

const REORGANISATION: Words = Words {
    key: "reorganisation",
    reason_code: "reorganisation",
    names: [
        "組織再編で所管部署が未定",
        "合併にともなうシステム統合",
        "拠点の統廃合",
    ],
    detail: "組織の再編が予定されており、再編後の利用方針が決まっていない。",
    actions: [
        "再編後の体制を確認する",
        "統合先の部署を紹介してもらう",
        "新体制での運用案を出す",
    ],
    won: "新しい体制でも利用を続けることが決まり、対象部署も広がった。",
    lost: "統合先の製品に一本化され、契約終了。",
};

const EXPECTATION_GAP: Words = Words {
    key: "expectation_gap",
    reason_code: "expectation_gap",
    names: [
        "期待した効果が出ていない",
        "導入目的が社内で共有されていない",
        "商談時の説明との食い違い",
    ],
    detail: "導入時の期待と実際の使い方に差がある。目的の確認が不十分だった。",
    actions: [
        "導入目的を確認し直す打ち合わせを行う",
        "目標を設定し直す",
        "営業担当と経緯を確認する",
    ],
    won: "目標を設定し直し、半年後の到達点を合意。",
    lost: "期待との差が埋まらず、更新しないとの結論。",
};

/// Something that turned out to be nothing: name, detail, result.
pub(super) const FALSE_ALARMS: [(&str, &str, &str); 3] = [
    (
        "利用者数が一時的に減少",
        "決算期で利用が減っているとのこと。",
        "決算期だけの減少だった。翌月には元に戻っている。",
    ),
    (
        "問い合わせが増えている",
        "設定についての問い合わせが続いている。",
        "新入社員の登録にともなう問い合わせで、不満ではなかった。",
    ),
    (
        "定例の延期が続いている",
        "先方の都合で定例が二回続けて延期。",
        "担当者の休暇が理由。利用状況に変化はない。",
    ),
];

/// What people talk about with a customer who does well.
pub(super) const SUBJECTS: [&str; 6] = [
    "月次定例",
    "活用状況の報告",
    "新機能の紹介",
    "来期の計画について",
    "管理者向け勉強会",
    "問い合わせの回答",
];

/// What customers say, well and badly.
pub(super) const PRAISE: [&str; 3] = [
    "現場の声が届くようになった。",
    "操作が分かりやすく、説明なしで使えている。",
    "経営会議でも数字を使い始めた。",
];

/// The same of customers who do badly.
pub(super) const COMPLAINTS: [&str; 3] = [
    "使う人が限られてしまっている。",
    "集計に手間がかかる。",
    "導入したときの目的が薄れている。",
];
