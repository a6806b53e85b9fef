//! A made-up organisation of any size, the same at every run.

mod stream;

use jiff::Timestamp;
use keizoku_core::{Day, Position, Recorded, Revision, StreamId, TeamId, UserId};
use keizoku_forecast::{Filter, OwnerFilter};
use keizoku_proto::accounts::event::Kind as AccountsKind;
use keizoku_proto::risk::event::Kind as RiskKind;
use keizoku_proto::{StoredEvent as _, accounts, common, date, risk};
use prost::Message as _;
use uuid::Uuid;

/// Users, in teams of ten; ten teams belong to one.
pub(crate) const USERS: u64 = 300;
pub(crate) const TEAMS: u64 = 33;
/// The teams above the others.
pub(crate) const TOP_TEAMS: u64 = 3;

pub(crate) fn today() -> Day {
    Day::from_ymd(2026, 11, 22).unwrap_or(Day::MIN)
}

/// An instant so many microseconds after the morning of today.
pub(crate) fn instant(micros: i64) -> Timestamp {
    let morning = 1_795_305_600_000_000;
    Timestamp::from_microsecond(morning + micros).unwrap_or_default()
}

/// Random numbers that are the same at every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end.max(1)
    }

    pub(crate) fn one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }

    fn days(&mut self, from: i32, until: i32) -> Day {
        let days = self.below(u64::from((until - from).unsigned_abs()));
        today().plus_days(from + i32::try_from(days).unwrap_or(0))
    }
}

/// Something that happened, as a value and as the log stores it.
pub(crate) enum Event {
    Accounts(AccountsKind, Recorded),
    Risk(RiskKind, Recorded),
}

pub(crate) struct Population {
    pub(crate) accounts: u64,
}

fn id(kind: u64, number: u64) -> Uuid {
    // Spread like the derived ids that the services use.
    Uuid::from_u64_pair(
        (number ^ kind << 56).wrapping_mul(0xd6e8_feb8_6659_fd93),
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ kind,
    )
}

pub(crate) fn account(number: u64) -> String {
    id(1, number).to_string()
}

pub(crate) fn subscription(number: u64) -> String {
    id(2, number).to_string()
}

pub(crate) fn user(number: u64) -> UserId {
    id(3, number).into()
}

pub(crate) fn team(number: u64) -> TeamId {
    id(4, number).into()
}

pub(crate) fn risk_id(number: u64) -> String {
    id(5, number).to_string()
}

fn recorded(data: Vec<u8>, (stream, kind): (StreamId, &str), at: (u64, i64)) -> Recorded {
    let metadata = common::EventMetadata {
        actor: "import:salesforce".to_owned(),
        origin: common::Origin::Import.into(),
        request_id: vec![1; 16],
        request_hash: vec![2; 16],
        correlation_id: vec![3; 16],
        schema_version: 1,
        ..common::EventMetadata::default()
    };
    Recorded {
        position: Position(1),
        stream: stream.to_string(),
        revision: Revision(at.0),
        id: Uuid::nil(),
        kind: kind.to_owned(),
        recorded_at: instant(at.1),
        data,
        metadata: metadata.encode_to_vec(),
    }
}

pub(crate) fn in_accounts(kind: AccountsKind, revision: u64, micros: i64) -> Event {
    let stream = stream::of_accounts(&kind);
    let name = (stream, kind.type_name());
    let recorded = recorded(kind.to_bytes(), name, (revision, micros));
    Event::Accounts(kind, recorded)
}

pub(crate) fn in_risk(kind: RiskKind, micros: i64) -> Event {
    let name = (stream::of_risk(&kind), kind.type_name());
    let recorded = recorded(kind.to_bytes(), name, (1, micros));
    Event::Risk(kind, recorded)
}

pub(crate) const REGIONS: [&str; 8] = [
    "北海道",
    "東北",
    "関東",
    "中部",
    "関西",
    "中国",
    "四国",
    "九州",
];
pub(crate) const INDUSTRIES: [&str; 6] = ["製造", "流通", "小売", "金融", "医療", "教育"];
pub(crate) const PRODUCTS: [&str; 4] = ["core", "analytics", "support", "mobile"];
pub(crate) const TIERS: [&str; 3] = ["Enterprise", "Mid", "SMB"];
pub(crate) const TYPES: [&str; 6] = [
    "usage",
    "price",
    "champion_left",
    "competitor",
    "support",
    "other",
];

impl Population {
    /// Everything that happened, in batches as a projection reads them.
    pub(crate) fn for_each_batch(&self, mut visit: impl FnMut(&[Event])) {
        let mut batch = Vec::new();
        let mut micros = -i64::try_from(self.accounts * 8).unwrap_or(0);
        let mut push = |event: &dyn Fn(i64) -> Event| {
            batch.push(event(micros));
            micros += 1;
            if batch.len() == 500 {
                visit(&batch);
                batch.clear();
            }
        };
        for number in 0..TEAMS {
            push(&|at| in_accounts(team_defined(number), 1, at));
        }
        for number in 0..USERS {
            push(&|at| in_accounts(registered(number), 1, at));
        }
        let mut dice = Dice::new(7);
        let mut subscriptions = 0;
        for number in 0..self.accounts {
            let opened = self.opened(&mut dice, number);
            push(&|at| in_accounts(opened.clone(), 1, at));
            for place in 0..=u64::from(dice.below(10) < 3) {
                let started = started(&mut dice, number, subscriptions, place);
                push(&|at| in_accounts(started.clone(), 1, at));
                subscriptions += 1;
            }
        }
        // What happened since: in no order of accounts.
        for revision in 2..4 {
            for _ in 0..subscriptions * 6 / 10 {
                let fact = fact(&mut dice, subscriptions);
                push(&|at| in_accounts(fact.clone(), revision, at));
            }
        }
        for _ in 0..self.accounts / 10 {
            let changed = self.attributes_changed(&mut dice);
            push(&|at| in_accounts(changed.clone(), 2, at));
        }
        for number in 0..self.accounts / 5 {
            let opened = self.risk_opened(&mut dice, number);
            push(&|at| in_risk(opened.clone(), at));
            if dice.one_in(2) {
                let closed = closed(&mut dice, number);
                push(&|at| in_risk(closed.clone(), at));
            }
        }
        visit(&batch);
    }

    /// A change of now, different ones in turn.
    pub(crate) fn write(&self, dice: &mut Dice, number: usize) -> Event {
        let at = i64::try_from(number).unwrap_or(0);
        if number.is_multiple_of(4) {
            let risk_id = risk_id(dice.below(self.accounts / 5));
            let leads_to_churn = risk::LeadsToChurn::LeadsToChurn.into();
            let reason = String::new();
            let assessed = risk::LeadsToChurnAssessed {
                risk_id,
                leads_to_churn,
                reason,
            };
            return in_risk(RiskKind::LeadsToChurnAssessed(assessed), at);
        }
        in_accounts(fact(dice, self.accounts), 9, at)
    }

    pub(crate) fn filter(dice: &mut Dice) -> Filter {
        let mut filter = Filter::default();
        match dice.below(10) {
            0..3 => {}
            3..5 => filter.team = Some(team(dice.below(TEAMS))),
            5 => filter.owner = Some(OwnerFilter::User(user(dice.below(USERS)))),
            6 => filter.tier = Some(pick(dice, &TIERS)),
            7 => filter.product = Some(pick(dice, &PRODUCTS)),
            8 => {
                filter.region = Some(pick(dice, &REGIONS));
                filter.industry = Some(pick(dice, &INDUSTRIES));
            }
            _ => filter.risk_type = Some(pick(dice, &TYPES)),
        }
        filter
    }

    fn attributes(&self, dice: &mut Dice) -> accounts::AccountAttributes {
        let groups = self.accounts / 10;
        let in_group = dice.below(10) < 3;
        accounts::AccountAttributes {
            group: if in_group {
                format!("group-{}", dice.below(groups))
            } else {
                String::new()
            },
            tier: pick(dice, &TIERS),
            owner_id: user(dice.below(USERS)).to_string(),
            pool_id: String::new(),
        }
    }

    fn opened(&self, dice: &mut Dice, number: u64) -> AccountsKind {
        AccountsKind::AccountOpened(accounts::AccountOpened {
            account_id: account(number),
            profile: Some(accounts::AccountProfile {
                display_name: format!("株式会社サンプル{number}"),
                industry: pick(dice, &INDUSTRIES),
                region: pick(dice, &REGIONS),
                sales_channel: "direct".to_owned(),
                external_ids: vec![format!("salesforce:0015g00000{number:08}")],
                ..accounts::AccountProfile::default()
            }),
            attributes: Some(self.attributes(dice)),
        })
    }

    fn attributes_changed(&self, dice: &mut Dice) -> AccountsKind {
        AccountsKind::AccountAttributesChanged(accounts::AccountAttributesChanged {
            account_id: account(dice.below(self.accounts)),
            attributes: Some(self.attributes(dice)),
            effective_date: Some(date(dice.days(-700, 60))),
        })
    }

    fn risk_opened(&self, dice: &mut Dice, number: u64) -> RiskKind {
        let flag = if dice.one_in(2) {
            risk::LeadsToChurn::LeadsToChurn
        } else {
            risk::LeadsToChurn::UnknownAtPresent
        };
        RiskKind::RiskOpened(risk::RiskOpened {
            risk_id: risk_id(number),
            account_id: account(dice.below(self.accounts)),
            description: Some(risk::RiskDescription {
                display_name: "利用が三か月続けて減っている".to_owned(),
                r#type: pick(dice, &TYPES),
                ..risk::RiskDescription::default()
            }),
            owner: Some(risk::RiskOwner {
                user_id: user(dice.below(USERS)).to_string(),
                team_id: String::new(),
            }),
            leads_to_churn: flag.into(),
            next_action: Some(risk::NextAction {
                due_date: Some(date(dice.days(-30, 60))),
                text: "電話する".to_owned(),
            }),
            open_date: Some(date(dice.days(-400, 0))),
            external_id: String::new(),
        })
    }
}

fn pick(dice: &mut Dice, names: &[&str]) -> String {
    let place = usize::try_from(dice.below(names.len() as u64)).unwrap_or(0);
    names[place].to_owned()
}

fn team_defined(number: u64) -> AccountsKind {
    let parent = (number >= TOP_TEAMS).then(|| team(number % TOP_TEAMS));
    AccountsKind::TeamDefined(accounts::TeamDefined {
        team_id: team(number).to_string(),
        display_name: format!("team {number}"),
        parent_team_id: parent.map(|id| id.to_string()).unwrap_or_default(),
        ..accounts::TeamDefined::default()
    })
}

/// Number of a user's team.
pub(crate) fn team_of(user: u64) -> u64 {
    TOP_TEAMS + user % (TEAMS - TOP_TEAMS)
}

fn registered(number: u64) -> AccountsKind {
    AccountsKind::UserRegistered(accounts::UserRegistered {
        user_id: user(number).to_string(),
        profile: None,
        team_id: team(team_of(number)).to_string(),
    })
}

/// Half of the contracts renew by themselves every year; few dates have passed or are unknown.
fn started(dice: &mut Dice, of: u64, number: u64, place: u64) -> AccountsKind {
    let auto_renew = dice.one_in(2);
    let renewal = match dice.below(100) {
        0..3 => None,
        3..6 => Some(dice.days(-60, 0)),
        _ if auto_renew => Some(dice.days(-1_400, 365)),
        _ => Some(dice.days(0, 365)),
    };
    let product = (of + place) % PRODUCTS.len() as u64;
    AccountsKind::SubscriptionStarted(accounts::SubscriptionStarted {
        subscription_id: subscription(number),
        account_id: account(of),
        product: PRODUCTS[usize::try_from(product).unwrap_or(0)].to_owned(),
        external_id: format!("salesforce:a0X5g00000{number:08}"),
        effective_date: Some(date(dice.days(-1_800, -30))),
        mrr: 10_000 + i64::try_from(dice.below(990_000)).unwrap_or(0),
        terms: Some(accounts::Terms {
            next_renewal_date: renewal.map(date),
            notice_deadline: renewal.map(|renewal| date(renewal.plus_days(-60))),
            term_months: 12,
            auto_renew,
        }),
    })
}

/// Mostly changes of the amount in the past three years; some announced ends.
fn fact(dice: &mut Dice, subscriptions: u64) -> AccountsKind {
    let subscription_id = subscription(dice.below(subscriptions));
    let mrr = 10_000 + i64::try_from(dice.below(990_000)).unwrap_or(0);
    if dice.below(100) < 3 {
        return AccountsKind::CancellationAnnounced(accounts::CancellationAnnounced {
            subscription_id,
            effective_date: Some(date(dice.days(-300, 200))),
            reason_code: "price".to_owned(),
            reason: "予算の都合".to_owned(),
        });
    }
    AccountsKind::SubscriptionExpanded(accounts::SubscriptionExpanded {
        subscription_id,
        effective_date: Some(date(dice.days(-1_000, 30))),
        mrr,
    })
}

fn closed(dice: &mut Dice, number: u64) -> RiskKind {
    RiskKind::RiskClosed(risk::RiskClosed {
        risk_id: risk_id(number),
        completion: risk::Completion::Completed.into(),
        completion_date: Some(date(dice.days(-200, 1))),
        result: "使い方を説明して継続".to_owned(),
        impact: None,
    })
}
