//! Messages about onboardings.

use keizoku_core::Day;
use keizoku_proto::notification::{Message, MessageFact};
use keizoku_proto::onboarding::{CoachedTask, Destination, LocalizedText, StallCause};

use super::super::locale::Locale;
use super::super::{line, lines};
use super::{Customer, Responsible, Writer, fact};

/// Longest evidence that is quoted, in characters.
const LONGEST_QUOTE: usize = 1_000;

/// The onboarding that a message is about.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) customer: Customer,
    pub(crate) product: String,
    /// Its resource name.
    pub(crate) path: String,
    /// Who has to do something: the salesperson of a requested hand-off.
    pub(crate) owner: Responsible,
}

/// How an onboarding is stalled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stalled {
    pub(crate) since: Option<Day>,
    pub(crate) cause: StallCause,
    /// How many times it has stalled, this one included.
    pub(crate) times: u32,
    pub(crate) last_contact: Option<Day>,
}

/// How an onboarding left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    pub(crate) date: Option<Day>,
    pub(crate) last_contact: Option<Day>,
    pub(crate) destination: Destination,
    /// Whether it had been relaunched before.
    pub(crate) dormant: bool,
}

/// What a coaching rule says of an onboarding.
#[derive(Debug, Clone)]
pub(crate) struct Coached {
    /// The day on which its days were over.
    pub(crate) date: Option<Day>,
    pub(crate) message: LocalizedText,
    /// What it gave to do as well.
    pub(crate) task: Option<CoachedTask>,
}

impl About {
    /// A message with this title, and what every message about an onboarding says.
    fn message(&self, writer: &Writer, mark: &str, title: (&str, &str)) -> Message {
        let customer = line(&self.customer.name, 60);
        let product = line(&self.product, 60);
        let title = match writer.locale {
            Locale::Ja => format!("{}: {customer}({product})", title.0),
            Locale::En => format!("{}: {customer} ({product})", title.1),
        };
        let mut message = writer.message(mark, title, &self.path);
        message.facts = writer.customer(&self.customer);
        message
    }
}

impl Writer {
    fn both(&self, ja: &'static str, en: &'static str) -> &'static str {
        match self.locale {
            Locale::Ja => ja,
            Locale::En => en,
        }
    }

    /// The words in the language of the message, or in the other where there are none.
    fn words<'t>(&self, text: &'t LocalizedText) -> &'t str {
        let (first, other) = match self.locale {
            Locale::Ja => (&text.ja, &text.en),
            Locale::En => (&text.en, &text.ja),
        };
        if first.trim().is_empty() {
            other
        } else {
            first
        }
    }

    fn day_fact(&self, ja: &'static str, en: &'static str, day: Option<Day>) -> Vec<MessageFact> {
        let day = day.map(|day| fact(self.both(ja, en), &self.date(day)));
        day.into_iter().collect()
    }

    fn last_contact(&self, day: Option<Day>) -> MessageFact {
        let label = self.both("最後の双方向の連絡", "Last two-way contact");
        match day {
            Some(day) => fact(label, &self.date(day)),
            None => fact(label, self.both("開始以来なし", "none since it began")),
        }
    }
}

/// A won deal asks the salesperson for the hand-off.
pub(crate) fn hand_off_requested(
    writer: &Writer,
    about: &About,
    won: Option<Day>,
    csm: &Responsible,
) -> Message {
    let title = ("引き継ぎのお願い", "Hand-off requested");
    let mut message = about.message(writer, "🤝", title);
    let labels = writer.locale.labels();
    message
        .facts
        .extend(writer.day_fact("受注日", "Won on", won));
    let sales = writer.both("営業担当", "Salesperson");
    message.facts.push(writer.responsible(sales, &about.owner));
    message.facts.push(writer.responsible("CSM", csm));
    let to_do = writer.both(
        "購入の理由、期待、温度感、関係者と質問への回答を、キックオフの前に記入してください",
        "before the kickoff, say why they bought, what they expect, how eager they are and who has a \
         say, and answer the questions",
    );
    message.facts.push(fact(labels.to_do, to_do));
    message.footer = writer.footer(
        "引き継ぎがそろうまで、キックオフは理由なしには記録できません。",
        "until the hand-off is complete, a kickoff is only recorded with a reason.",
    );
    message
}

/// An onboarding stalled.
pub(crate) fn onboarding_stalled(writer: &Writer, about: &About, stalled: &Stalled) -> Message {
    let title = ("オンボーディングの停滞", "Onboarding stalled");
    let mut message = about.message(writer, "🐢", title);
    let labels = writer.locale.labels();
    let since = writer.day_fact("停滞日", "Stalled on", stalled.since);
    message.facts.extend(since);
    let why = match stalled.cause {
        StallCause::PhaseTooLong => writer.both(
            "フェーズが予定の日数を超えた",
            "its phase takes longer than expected",
        ),
        StallCause::NoContact | StallCause::Unspecified => writer.both(
            "双方向の連絡がない日が続いている",
            "no two-way contact for too many working days",
        ),
    };
    message.facts.push(fact(labels.reason, why));
    message
        .facts
        .push(writer.last_contact(stalled.last_contact));
    if stalled.times > 1 {
        let times = match writer.locale {
            Locale::Ja => format!("{}回目", stalled.times),
            Locale::En => format!("{} times", stalled.times),
        };
        message
            .facts
            .push(fact(writer.both("停滞の回数", "Stalled"), &times));
    }
    message
        .facts
        .push(writer.responsible(labels.owner, &about.owner));
    let to_do = writer.both(
        "お客様に連絡するか、期限を決めて保留にしてください",
        "reach out to the customer, or put it on hold until a date",
    );
    message.facts.push(fact(labels.to_do, to_do));
    message.footer = writer.footer(
        "連絡がつかないままだと、オンボーディングから引き渡されます。",
        "it leaves onboarding when the customer stays out of reach.",
    );
    message
}

/// Nobody reached the customer.
pub(crate) fn onboarding_returned(writer: &Writer, about: &About, left: &Left) -> Message {
    let title = if left.dormant {
        ("オンボーディングの休眠", "Onboarding dormant")
    } else {
        ("オンボーディングの差し戻し", "Onboarding handed back")
    };
    let mut message = about.message(writer, "📪", title);
    let labels = writer.locale.labels();
    let since = writer.day_fact("連絡不通となった日", "Unreachable since", left.date);
    message.facts.extend(since);
    message.facts.push(writer.last_contact(left.last_contact));
    let to = match left.destination {
        Destination::Sales | Destination::Unspecified => writer.both("営業", "Sales"),
        Destination::RenewalSales => writer.both("更新営業", "renewal sales"),
        Destination::Cs => writer.both("CS", "customer success"),
    };
    let label = writer.both("引き渡し先", "Handed to");
    message.facts.push(fact(label, to));
    message
        .facts
        .push(writer.responsible(labels.owner, &about.owner));
    let to_do = writer.both(
        "連絡がついたら、理由を添えて再開してください",
        "relaunch it with a reason once the customer can be reached",
    );
    message.facts.push(fact(labels.to_do, to_do));
    message.footer = if left.dormant {
        writer.footer(
            "再開後も連絡がつかなかったため、休眠となりました。",
            "the customer could not be reached after a relaunch either.",
        )
    } else {
        writer.footer(
            "一覧では、連絡のつくお客様とは別に表示されます。",
            "lists show it apart from customers who can be reached.",
        )
    };
    message
}

/// A coaching rule has something to say.
pub(crate) fn onboarding_coached(writer: &Writer, about: &About, coached: &Coached) -> Message {
    let title = ("オンボーディングの声かけ", "Onboarding needs a nudge");
    let mut message = about.message(writer, "💡", title);
    let labels = writer.locale.labels();
    let since = writer.day_fact("期限が過ぎた日", "Time was up on", coached.date);
    message.facts.extend(since);
    message
        .facts
        .push(writer.responsible(labels.owner, &about.owner));
    if let Some(task) = &coached.task {
        let title = task.title.clone().unwrap_or_default();
        let task_of = writer.both("タスク", "Task");
        let words = line(writer.words(&title), LONGEST_QUOTE);
        message.facts.push(fact(task_of, &words));
        let due = keizoku_proto::optional_day(task.due_date.as_ref());
        let due = writer.day_fact("タスクの期限", "Task due", due.ok().flatten());
        message.facts.extend(due);
    }
    let to_do = line(writer.words(&coached.message), LONGEST_QUOTE);
    message.facts.push(fact(labels.to_do, &to_do));
    message.footer = writer.footer(
        "コーチングルールによるお知らせです。ルールは keizoku onboarding coaching list で確認できます。",
        "a coaching rule says so; `keizoku onboarding coaching list` shows the rules.",
    );
    message
}

/// An onboarding is done: colleagues can praise.
pub(crate) fn onboarding_completed(
    writer: &Writer,
    about: &About,
    date: Option<Day>,
    effect_felt: &str,
) -> Message {
    let title = ("オンボーディング完了", "Onboarding completed");
    let mut message = about.message(writer, "🎉", title);
    let labels = writer.locale.labels();
    let done = writer.day_fact("完了日", "Completed on", date);
    message.facts.extend(done);
    message
        .facts
        .push(writer.responsible(labels.owner, &about.owner));
    message.quote = lines(effect_felt, LONGEST_QUOTE);
    message.footer = writer.footer(
        "課題の設定、利用、効果の実感がそろいました。お祝いの言葉を送りましょう。",
        "the issue is set, the product is used, the effect is felt. A word of praise is welcome.",
    );
    message
}
