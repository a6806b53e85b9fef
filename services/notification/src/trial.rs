//! A rule tried out against the past, before it goes live: what it would have told whom. Nothing is
//! recorded, and nothing sent.

use jiff::Timestamp;
use keizoku_core::Day;
use keizoku_proto::notification::{Recipient, Rule as Terms, Trial, TrialOutcome, Trigger};
use keizoku_revenue::AsOf;
use keizoku_runtime::Failure;
use keizoku_runtime::effect::NotYet;

use crate::fields;
use crate::happening::Happening;
use crate::judge::{Verdict, in_words_of};
use crate::message::template::Writer;
use crate::planner::Desk;
use crate::queries::{Directory, PastFact};

/// What is tried out.
pub(crate) struct Tried {
    /// Key of the rule, for its words.
    pub(crate) key: String,
    pub(crate) terms: Terms,
    /// Facts recorded from the first instant on, and before the other.
    pub(crate) time: (Timestamp, Timestamp),
    pub(crate) limit: usize,
}

impl Desk {
    /// What a rule would have done, newest first; and whether there is more than was asked for.
    pub(crate) async fn try_rule(&self, tried: &Tried) -> Result<(Vec<Trial>, bool), Failure> {
        let directory = self.queries.directory().await?;
        if fields::is_scheduled(tried.terms.trigger()) {
            let mut trials = match tried.terms.trigger() {
                Trigger::NextActionOverdue => self.try_overdue(tried, &directory).await?,
                _ => self.try_digest(tried, &directory).await?,
            };
            let is_more = trials.len() > tried.limit;
            trials.truncate(tried.limit);
            return Ok((trials, is_more));
        }
        let mut trials = Vec::new();
        let mut last: Option<PastFact> = None;
        loop {
            let facts = self.queries.past_facts(tried.time, last.as_ref()).await?;
            for fact in &facts {
                let Some(trial) = self.try_fact(tried, fact, &directory).await? else {
                    continue;
                };
                if trials.len() == tried.limit {
                    return Ok((trials, true));
                }
                trials.push(trial);
            }
            match facts.into_iter().last() {
                Some(fact) => last = Some(fact),
                None => return Ok((trials, false)),
            }
        }
    }

    /// What a rule would have done about a fact; `None` where it is about another trigger.
    async fn try_fact(
        &self,
        tried: &Tried,
        fact: &PastFact,
        directory: &Directory,
    ) -> Result<Option<Trial>, Failure> {
        let happening = match Happening::of(&fact.source, &fact.data, &self.queries).await {
            Ok(happening) if happening.trigger == tried.terms.trigger() => happening,
            Err(NotYet::Failure(failure)) => return Err(failure),
            // Another trigger, or what it is about has yet to be read.
            Ok(_) | Err(NotYet::Unread | NotYet::Unreadable(_)) => return Ok(None),
        };
        let account = happening.account.to_string();
        let names = self.queries.account_names(vec![account.clone()]).await?;
        let name = names.get(&account).map_or("", String::as_str);
        let today = Day::of(fact.recorded_at, &self.calendar.zone());
        let as_of = AsOf::known_at(fact.recorded_at, today);
        let writer = Writer {
            today,
            ..self.writer(&tried.terms.locale).await?
        };
        let team_of = self.teams_of(directory);
        let book = self.book.read();
        let values = happening.values(name, &book, directory, &team_of, as_of);
        let verdict = self.filters.judge(&tried.terms, &values);
        let owner = happening.owner(&book, as_of);
        let message = happening.write(&writer, name, &book, directory, as_of);
        let problem = verdict.problem();
        let rule = tried.key.as_str();
        let message = in_words_of(rule, &tried.terms, problem, message, (&values, &writer));
        drop(book);
        Ok(Some(Trial {
            record_time: Some(keizoku_proto::timestamp(fact.recorded_at)),
            subject: happening.subject,
            account: format!("accounts/{account}"),
            message: Some(message),
            ..judged(&verdict, self.recipients(&tried.terms, directory, &owner))
        }))
    }

    /// What would be told about as overdue now, had it not been told before.
    async fn try_overdue(
        &self,
        tried: &Tried,
        directory: &Directory,
    ) -> Result<Vec<Trial>, Failure> {
        let writer = self.writer(&tried.terms.locale).await?;
        let found = self.overdue(&tried.terms, directory).await?;
        let trials = found.into_iter().map(|overdue| Trial {
            subject: overdue.subject(),
            account: format!("accounts/{}", overdue.account()),
            message: Some(overdue.write(
                &tried.key,
                &tried.terms,
                &writer,
                overdue.verdict.problem(),
            )),
            ..judged(&overdue.verdict, overdue.recipients.clone())
        });
        Ok(trials.collect())
    }

    /// The digest as it would go out now.
    async fn try_digest(
        &self,
        tried: &Tried,
        directory: &Directory,
    ) -> Result<Vec<Trial>, Failure> {
        let writer = self.writer(&tried.terms.locale).await?;
        let editions = self.editions(&tried.terms, directory).await?;
        let trials = editions.into_iter().map(|edition| Trial {
            subject: format!("rules/{}", tried.key),
            message: Some(edition.write(&tried.key, &tried.terms, &writer)),
            ..judged(&edition.verdict, edition.recipients)
        });
        Ok(trials.collect())
    }
}

/// What comes of a verdict: whoever is filtered out is not told.
fn judged(verdict: &Verdict, recipients: Vec<Recipient>) -> Trial {
    let told: Vec<Recipient> = recipients
        .into_iter()
        .filter(|one| one.to.is_some())
        .collect();
    let outcome = match verdict {
        Verdict::FilteredOut => TrialOutcome::FilteredOut,
        _ if told.is_empty() => TrialOutcome::Nobody,
        Verdict::Failed(_) => TrialOutcome::FilterFailed,
        Verdict::Tells => TrialOutcome::Tells,
    };
    let is_told = outcome != TrialOutcome::FilteredOut;
    Trial {
        outcome: outcome.into(),
        problem: verdict.problem().to_owned(),
        recipients: if is_told { told } else { Vec::new() },
        ..Trial::default()
    }
}
