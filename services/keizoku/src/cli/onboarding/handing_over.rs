//! From Sales to the customer's success: `hand-off`, `kickoff` and `gap`.

use clap::ValueEnum;
use keizoku_core::Day;
use keizoku_proto::onboarding::{
    GetOnboardingRequest, HandOff, HandOffAnswer, RateExpectationGapRequest, RecordHandOffRequest,
    RecordKickoffRequest, Temperature,
};

use super::show;
use crate::cli::context::Context;
use crate::cli::output::change;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku onboarding hand-off`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku onboarding hand-off 緑川印刷 --why 紙の申請が多い --expects 年度内に全社へ --temperature hot
  keizoku onboarding hand-off 緑川印刷 --stakeholder '山田 花子' --answer industry=印刷業

What is not named stays as it is. `keizoku onboarding show` says what is missing.")]
pub struct HandOffArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    /// Why the customer bought
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// What it expects
    #[arg(long, value_name = "TEXT")]
    expects: Option<String>,
    /// How eager it is
    #[arg(long, value_enum)]
    temperature: Option<Warmth>,
    /// Who has a say, instead of those known: name, email, id or external id; may be repeated
    #[arg(long, value_name = "CONTACT")]
    stakeholder: Vec<String>,
    /// The answer to a question of the template; may be repeated
    #[arg(long, value_name = "KEY=TEXT", value_parser = answer)]
    answer: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Warmth {
    /// It was persuaded
    Cold,
    /// It is interested
    Warm,
    /// It cannot wait
    Hot,
}

impl From<Warmth> for Temperature {
    fn from(warmth: Warmth) -> Self {
        match warmth {
            Warmth::Cold => Self::Cold,
            Warmth::Warm => Self::Warm,
            Warmth::Hot => Self::Hot,
        }
    }
}

fn answer(text: &str) -> Result<(String, String), String> {
    let (key, text) = text
        .split_once('=')
        .ok_or("is not of the form KEY=TEXT; `keizoku onboarding show` lists the keys")?;
    Ok((key.to_owned(), text.to_owned()))
}

impl HandOffArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let ask = GetOnboardingRequest {
            name: context.onboarding(&self.onboarding).await?,
            consistency_tokens: context.tokens(),
            ..GetOnboardingRequest::default()
        };
        let mut client = context.connection.onboardings();
        let known = call(async || client.get_onboarding(ask.clone()).await).await?;
        let known = known.onboarding.unwrap_or_default();
        let mut form = known.hand_off.unwrap_or_default();
        self.fill(context, &known.name, &mut form).await?;
        let request = RecordHandOffRequest {
            name: known.name,
            hand_off: Some(form),
            // Somebody else may fill in another part at the same time.
            etag: known.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            onboardings.record_hand_off,
            request,
            onboarding::RecordHandOffResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }

    async fn fill(self, context: &Context, name: &str, form: &mut HandOff) -> Result<(), Failure> {
        if let Some(why) = self.why {
            form.why_bought = why;
        }
        if let Some(expects) = self.expects {
            form.expectations = expects;
        }
        if let Some(warmth) = self.temperature {
            form.temperature = Temperature::from(warmth).into();
        }
        if !self.stakeholder.is_empty() {
            let account = name.split("/onboardings/").next().unwrap_or_default();
            form.stakeholders.clear();
            for contact in &self.stakeholder {
                form.stakeholders
                    .push(context.contact(account, contact).await?);
            }
        }
        for (question, answer) in self.answer {
            form.answers.retain(|known| known.question != question);
            form.answers.push(HandOffAnswer { question, answer });
        }
        Ok(())
    }
}

/// Arguments of `keizoku onboarding kickoff`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding kickoff 緑川印刷 --wants 申請の紙をなくす --gap 1 --date 2026-12-01")]
pub struct KickoffArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    /// What the customer wants, as it confirmed it
    #[arg(long, value_name = "TEXT")]
    wants: String,
    /// How far that is from what it was sold: 0 (not) to 3 (far)
    #[arg(long, value_name = "0-3")]
    gap: u32,
    /// In what
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    gap_note: String,
    /// Why the hand-off need not be complete
    #[arg(
        long = "override",
        value_name = "REASON",
        default_value = "",
        hide_default_value = true
    )]
    override_reason: String,
    /// When (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
    /// Refuse when the onboarding has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl KickoffArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = RecordKickoffRequest {
            name: context.onboarding(&self.onboarding).await?,
            confirmed_wants: self.wants,
            gap: Some(self.gap),
            gap_note: self.gap_note,
            date: self.date.map(Into::into),
            override_reason: self.override_reason,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            onboardings.record_kickoff,
            request,
            onboarding::RecordKickoffResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}

/// Arguments of `keizoku onboarding gap`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding gap 緑川印刷 2 --note 帳票の形が違う")]
pub struct GapArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
    /// 0 (no gap) to 3 (far apart)
    gap: u32,
    /// In what
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    note: String,
    /// When (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
    /// Refuse when the onboarding has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl GapArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = RateExpectationGapRequest {
            name: context.onboarding(&self.onboarding).await?,
            gap: Some(self.gap),
            note: self.note,
            date: self.date.map(Into::into),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            onboardings.rate_expectation_gap,
            request,
            onboarding::RateExpectationGapResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}
