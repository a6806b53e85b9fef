//! Reading the risk service's log onto the board.

use jiff::Timestamp;
use keizoku_core::{AccountId, Day, RiskId, TeamId, UserId};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::risk::event::Kind;
use keizoku_proto::risk::{self, NextAction, RiskOpened};
use keizoku_revenue::{AccountIx, Unreadable};

use super::version::{Completion, Facts, Flag, Version};
use super::{RiskBoard, RiskIx};
use crate::boards::{Board, parse_id};
use crate::owner::OwnerId;

impl Board for RiskBoard {
    type Kind = Kind;

    const NAME: &'static str = "risk_board";

    fn apply(
        &mut self,
        recorded_at: Timestamp,
        kind: &Kind,
        intern: impl FnOnce(AccountId) -> AccountIx,
    ) -> Result<(), Unreadable> {
        let recorded = recorded_at.as_microsecond();
        match kind {
            Kind::RiskOpened(event) => self.opened(event, recorded, intern)?,
            Kind::RiskRevised(event) => {
                let Some(risk) = self.find(&event.risk_id)? else {
                    return Ok(());
                };
                let said = event.description.as_ref();
                let kind = self
                    .kinds
                    .intern(said.map_or("", |said| said.r#type.as_str()));
                let latest = self.versions[self.risks[risk.0].latest];
                let name = said.map_or("", |said| said.display_name.as_str());
                let is_same = self.texts.text(latest.name) == name;
                let name = if is_same {
                    latest.name
                } else {
                    self.texts.push(name)
                };
                self.change(risk, recorded, |version| {
                    version.name = name;
                    version.facts.kind = kind;
                });
            }
            Kind::RiskAssigned(event) => {
                let owner = self.owner_number(event.owner.as_ref())?;
                self.change_found(&event.risk_id, recorded, |facts| facts.owner = owner)?;
            }
            Kind::LeadsToChurnAssessed(event) => {
                let flag = flag(event.leads_to_churn());
                self.change_found(&event.risk_id, recorded, |facts| facts.flag = flag)?;
            }
            Kind::NextActionScheduled(event) => {
                let next_action = due_date(event.next_action.as_ref())?;
                self.change_found(&event.risk_id, recorded, |facts| {
                    facts.next_action = next_action;
                })?;
            }
            Kind::RiskClosed(event) => {
                let completion = completion(event.completion())?;
                let date = event.completion_date.as_ref();
                self.close(&event.risk_id, recorded, completion, date, &event.result)?;
            }
            Kind::ClosureAmended(event) => {
                let completion = completion(event.completion())?;
                let date = event.completion_date.as_ref();
                self.close(&event.risk_id, recorded, completion, date, &event.result)?;
            }
            // Asking is not closing: the risk is as it was, but for when it last changed.
            Kind::RiskClosureRequested(event) => {
                self.change_found(&event.risk_id, recorded, |_| ())?;
            }
            Kind::RiskReopened(event) => {
                let Some(risk) = self.find(&event.risk_id)? else {
                    return Ok(());
                };
                self.change(risk, recorded, |version| {
                    version.facts.completion = None;
                    version.facts.completed_on = None;
                    version.result = Version::NO_TEXT;
                });
            }
            // The catalogue names types; a suggestion is no risk (RISK-9).
            Kind::RiskTypeDefined(_)
            | Kind::RiskSuggested(_)
            | Kind::SuggestionAccepted(_)
            | Kind::SuggestionDismissed(_)
            | Kind::SuggestionCauseCleared(_)
            // How far reactions are is nobody's risk.
            | Kind::ReactionsAdvanced(_) => {}
        }
        Ok(())
    }
}

impl RiskBoard {
    fn opened(
        &mut self,
        event: &RiskOpened,
        recorded: i64,
        intern: impl FnOnce(AccountId) -> AccountIx,
    ) -> Result<(), Unreadable> {
        let id: RiskId = parse_id(&event.risk_id, "risk_id")?;
        let account: AccountId = parse_id(&event.account_id, "account_id")?;
        let opened_on = day(event.open_date.as_ref(), "open_date")?;
        let next_action = due_date(event.next_action.as_ref())?;
        let owner = self.owner_number(event.owner.as_ref())?;
        let said = event.description.clone().unwrap_or_default();
        let facts = Facts {
            owner,
            kind: self.kinds.intern(&said.r#type),
            opened_on,
            next_action,
            completed_on: None,
            flag: flag(event.leads_to_churn()),
            completion: None,
        };
        let name = self.texts.push(&said.display_name);
        let version = Version {
            recorded,
            previous: Version::FIRST,
            name,
            result: Version::NO_TEXT,
            facts,
        };
        self.open(id, intern(account), version);
        Ok(())
    }

    fn close(
        &mut self,
        risk: &str,
        recorded: i64,
        completion: Completion,
        date: Option<&Date>,
        result: &str,
    ) -> Result<(), Unreadable> {
        let completed_on = day(date, "completion_date")?;
        let Some(risk) = self.find(risk)? else {
            return Ok(());
        };
        let result = self.texts.push(result);
        self.change(risk, recorded, |version| {
            version.facts.completion = Some(completion);
            version.facts.completed_on = Some(completed_on);
            version.result = result;
        });
        Ok(())
    }

    fn change_found(
        &mut self,
        risk: &str,
        recorded: i64,
        change: impl FnOnce(&mut Facts),
    ) -> Result<(), Unreadable> {
        if let Some(risk) = self.find(risk)? {
            self.change(risk, recorded, |version| change(&mut version.facts));
        }
        Ok(())
    }

    /// A risk that was never opened means nothing.
    fn find(&self, risk: &str) -> Result<Option<RiskIx>, Unreadable> {
        let id: RiskId = parse_id(risk, "risk_id")?;
        Ok(self.ids.find(id.uuid()).map(RiskIx))
    }

    fn owner_number(&mut self, owner: Option<&risk::RiskOwner>) -> Result<u32, Unreadable> {
        let Some(owner) = owner else { return Ok(0) };
        let (id, owner) = if !owner.user_id.is_empty() {
            let user: UserId = parse_id(&owner.user_id, "user_id")?;
            (user.uuid(), OwnerId::User(user))
        } else if !owner.team_id.is_empty() {
            let team: TeamId = parse_id(&owner.team_id, "team_id")?;
            (team.uuid(), OwnerId::Team(team))
        } else {
            return Ok(0);
        };
        let index = self.owner_ids.intern(id);
        if self.owners.len() <= index as usize {
            self.owners.push(owner);
        }
        Ok(index + 1)
    }
}

fn flag(leads_to_churn: risk::LeadsToChurn) -> Flag {
    match leads_to_churn {
        risk::LeadsToChurn::LeadsToChurn => Flag::LeadsToChurn,
        // There is no "no": what is not stated is not known.
        risk::LeadsToChurn::UnknownAtPresent | risk::LeadsToChurn::Unspecified => {
            Flag::UnknownAtPresent
        }
    }
}

fn completion(completion: risk::Completion) -> Result<Completion, Unreadable> {
    match completion {
        risk::Completion::Completed => Ok(Completion::Completed),
        risk::Completion::Failed => Ok(Completion::Failed),
        risk::Completion::NotARisk => Ok(Completion::NotARisk),
        risk::Completion::Unspecified => Err(Unreadable::Malformed("completion")),
    }
}

fn due_date(next_action: Option<&NextAction>) -> Result<Option<Day>, Unreadable> {
    let date = next_action.and_then(|action| action.due_date.as_ref());
    keizoku_proto::optional_day(date).map_err(|_| Unreadable::Malformed("due_date"))
}

fn day(date: Option<&Date>, field: &'static str) -> Result<Day, Unreadable> {
    let day = keizoku_proto::optional_day(date).map_err(|_| Unreadable::Malformed(field))?;
    day.ok_or(Unreadable::Malformed(field))
}
