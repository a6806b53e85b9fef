//! `keizoku onboarding coaching`: what follows when customers did not learn, or do not use (ONB-9).

use clap::ValueEnum;
use keizoku_proto::accounts::TouchModel;
use keizoku_proto::onboarding::{
    CoachingCondition, CoachingLack, CoachingRule, CoachingRuleStatus, CoachingStart, CoachingTask,
    ListCoachingRulesRequest, ListCoachingRulesResponse, LocalizedText, SetCoachingRuleRequest,
    TaskParty,
};

use super::title::{Title, locale, title};
use crate::cli::account::Touch;
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::{answer, change};
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// What to do with coaching rules.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// The rules, with those that come with Keizoku
    List,
    /// Define a rule, or change it, all of it; it is switched on unless --off
    Set(Box<SetArgs>),
    /// Switch a rule on: it holds of onboardings whose days are over from today on
    Enable(SwitchArgs),
    /// Switch a rule off; tasks that it gave stay
    Disable(SwitchArgs),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List => list(context).await,
            Self::Set(args) => args.run(context).await,
            Self::Enable(args) => args.switch(context, true).await,
            Self::Disable(args) => args.switch(context, false).await,
        }
    }
}

async fn rules(context: &Context) -> Result<ListCoachingRulesResponse, Failure> {
    let request = ListCoachingRulesRequest {
        consistency_tokens: context.tokens(),
    };
    let mut client = context.connection.learning();
    call(async || client.list_coaching_rules(request.clone()).await).await
}

async fn list(context: &Context) -> Result<(), Failure> {
    let response = rules(context).await?;
    answer!(
        context,
        onboarding::ListCoachingRulesResponse,
        &response,
        table(context, &response.rules).await
    )
}

async fn table(context: &Context, rules: &[CoachingRuleStatus]) -> String {
    let locale = locale(context).await;
    let mut table = Table::new([
        "Key",
        "On since",
        "For",
        "After",
        "If nobody",
        "Task",
        "Who",
        "Message",
    ]);
    for status in rules {
        let rule = status.rule.clone().unwrap_or_default();
        let task = rule.task.clone();
        let party = task.as_ref().map_or_else(String::new, |task| {
            format::enum_name(task.party().as_str_name(), "TASK_PARTY_")
        });
        let models = rule.touch_models().map(|model| {
            let name = format::enum_name(model.as_str_name(), "TOUCH_MODEL_");
            format!("{name} touch")
        });
        let on_since = if rule.enabled {
            format::date(status.active_since.as_ref())
        } else {
            "off".to_owned()
        };
        let whom: Vec<String> = models.chain(rule.tiers.iter().cloned()).collect();
        let from = format::enum_name(rule.start().as_str_name(), "COACHING_START_");
        let lacks: Vec<String> = rule.conditions.iter().map(lack).collect();
        table.row([
            rule.key.clone(),
            on_since,
            whom.join(", "),
            format!("{} days ({from})", rule.days),
            lacks.join(", "),
            title(task.and_then(|task| task.title).as_ref(), &locale).to_owned(),
            party,
            title(rule.message.as_ref(), &locale).to_owned(),
        ]);
    }
    table.render(context.style)
}

fn lack(condition: &CoachingCondition) -> String {
    let (did, any) = match condition.lack() {
        CoachingLack::Seminar => ("attended", "any seminar"),
        CoachingLack::Content => ("completed", "any content"),
        CoachingLack::FeatureUse => ("used", "any feature"),
        CoachingLack::Unspecified => ("did", "something unknown"),
    };
    let subject = condition.subject.as_str();
    format!("{did} {}", if subject.is_empty() { any } else { subject })
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Since {
    /// The day on which the onboarding began
    Onboarding,
    /// The day on which the deal was won
    DealWon,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Party {
    /// The customer
    Customer,
    /// The CSM
    Csm,
    /// The onboarding specialist
    Specialist,
}

/// Arguments of `keizoku onboarding coaching set`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With a title there is a task, with a message somebody is told (rule of notification `onboarding-coached`); both may be
there. Whether a feature is used is what signals say: `keizoku health`.

Examples:
  keizoku onboarding coaching set no_seminar --days 14 --no-seminar 申請 --touch low --touch tech --ja セミナーに招待する
  keizoku onboarding coaching set unused --days 14 --no-seminar --unused 申請 --message-ja 使い始められない理由を聞いてください")]
pub struct SetArgs {
    /// Identifies it: lower-case letters, digits or `_`
    key: String,
    /// Calendar days after which it holds, without those in a hold
    #[arg(long)]
    days: u32,
    /// From which day on
    #[arg(long, default_value = "onboarding")]
    from: Since,
    /// If nobody attended a seminar about the feature; without a feature: any seminar
    #[arg(long, value_name = "FEATURE", num_args = 0..=1, default_missing_value = "")]
    no_seminar: Vec<String>,
    /// If nobody completed the content with this key; without a key: any content
    #[arg(long, value_name = "KEY", num_args = 0..=1, default_missing_value = "")]
    no_content: Vec<String>,
    /// If no signal ever told that the feature is used; without a feature: any feature
    #[arg(long, value_name = "FEATURE", num_args = 0..=1, default_missing_value = "")]
    unused: Vec<String>,
    /// For accounts with this touch model; may be repeated [default: all]
    #[arg(long)]
    touch: Vec<Touch>,
    /// For accounts of this tier; may be repeated [default: all]
    #[arg(long)]
    tier: Vec<String>,
    #[command(flatten)]
    title: Title,
    /// What whoever looks after the onboarding is told, in Japanese
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    message_ja: String,
    /// The same in English
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    message_en: String,
    /// Who does the task
    #[arg(long, default_value = "csm")]
    party: Party,
    /// Working days until the task is due
    #[arg(long, default_value = "3")]
    due: u32,
    /// Leave it switched off
    #[arg(long)]
    off: bool,
    /// Refuse when the rules have changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl SetArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let conditions = |lack: CoachingLack, subjects: Vec<String>| {
            let subjects = subjects.into_iter();
            subjects.map(move |subject| CoachingCondition {
                lack: lack.into(),
                subject,
            })
        };
        let seminars = conditions(CoachingLack::Seminar, self.no_seminar);
        let contents = conditions(CoachingLack::Content, self.no_content);
        let uses = conditions(CoachingLack::FeatureUse, self.unused);
        let touch = self.touch.into_iter().map(TouchModel::from);
        let start = match self.from {
            Since::Onboarding => CoachingStart::Onboarding,
            Since::DealWon => CoachingStart::DealWon,
        };
        let party = match self.party {
            Party::Customer => TaskParty::Customer,
            Party::Csm => TaskParty::Csm,
            Party::Specialist => TaskParty::Specialist,
        };
        let rule = CoachingRule {
            key: self.key,
            touch_models: touch.map(Into::into).collect(),
            tiers: self.tier,
            start: start.into(),
            days: self.days,
            conditions: seminars.chain(contents).chain(uses).collect(),
            task: given(self.title.into()).map(|title| CoachingTask {
                title: Some(title),
                party: party.into(),
                due_working_days: self.due,
            }),
            enabled: !self.off,
            message: given(LocalizedText {
                ja: self.message_ja,
                en: self.message_en,
            }),
        };
        set(context, rule, self.etag).await
    }
}

/// A text that somebody gave in some language.
fn given(text: LocalizedText) -> Option<LocalizedText> {
    (text != LocalizedText::default()).then_some(text)
}

async fn set(context: &Context, rule: CoachingRule, etag: String) -> Result<(), Failure> {
    let request = SetCoachingRuleRequest {
        rule: Some(rule),
        etag,
        request_id: context.request_id(),
    };
    change!(
        context,
        learning.set_coaching_rule,
        request,
        onboarding::SetCoachingRuleResponse,
        |response| table(context, response.rule.as_slice()).await
    )
}

/// Arguments of `keizoku onboarding coaching enable` and `disable`.
#[derive(Debug, clap::Args)]
pub struct SwitchArgs {
    /// Key of the rule
    key: String,
}

impl SwitchArgs {
    async fn switch(self, context: &Context, enabled: bool) -> Result<(), Failure> {
        let ListCoachingRulesResponse { rules, etag } = rules(context).await?;
        let mut rules = rules.into_iter().filter_map(|status| status.rule);
        let Some(rule) = rules.find(|rule| rule.key == self.key) else {
            let key = self.key;
            return Err(Failure::Lookup(format!(
                "there is no coaching rule `{key}`"
            )));
        };
        set(context, CoachingRule { enabled, ..rule }, etag).await
    }
}
