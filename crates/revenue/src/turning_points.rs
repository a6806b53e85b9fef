//! When what holds for an account may become another: for those who keep what follows from it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::{Day, SubscriptionId};

use crate::time::Known;
use crate::{AccountIx, Book};

impl Book {
    /// Of an account that was not merged: the instants, in order and each once, at which the tier, the owner, the first day of the contracts
    /// or the time zone may become another, past ones and those that are known ahead: when
    /// that was recorded, and the local midnights from which it holds. Between two of them all of it
    /// stays as it is, as far as it is known: what was recorded after `known_at` turns nothing.
    #[must_use]
    pub fn turning_points(
        &self,
        account: AccountIx,
        known_at: Option<Timestamp>,
    ) -> Vec<Timestamp> {
        let known = Known::from(known_at);
        let zones = self.settings.zones(known);
        let mut points = Points {
            zones: &zones,
            known,
            instants: Vec::new(),
        };
        for recorded in self.settings.recorded() {
            points.add(recorded);
        }
        self.for_each_identity(account.0, known, &mut |identity| {
            if let Some(recorded) = self.identity.merged_at(identity, known) {
                points.add(recorded);
            }
            for (recorded, effective) in self.attributes.changes_of(identity) {
                points.add_fact(recorded, effective);
            }
            for subscription in self.subscriptions_of(identity) {
                for (recorded, effective, voided) in self.contracts.beginnings(subscription) {
                    points.add_fact(recorded, effective);
                    if let Some(voided) = voided {
                        points.add(voided);
                    }
                }
            }
        });
        points.instants.sort_unstable();
        points.instants.dedup();
        points.instants
    }

    /// The account that a subscription was started for, whatever became of that one.
    #[must_use]
    pub fn account_of(&self, subscription: SubscriptionId) -> Option<AccountIx> {
        let number = self.contracts.find(subscription.uuid())?;
        Some(AccountIx(self.contracts.get(number).account))
    }
}

struct Points<'a> {
    zones: &'a [TimeZone],
    known: Known,
    instants: Vec<Timestamp>,
}

impl Points<'_> {
    fn add(&mut self, recorded: i64) {
        if self.known.includes(recorded) {
            let recorded = Timestamp::from_microsecond(recorded);
            self.instants.extend(recorded.ok());
        }
    }

    fn add_fact(&mut self, recorded: i64, effective: Day) {
        self.add(recorded);
        if self.known.includes(recorded) {
            self.add_midnights(effective);
        }
    }

    /// A date begins at another instant in each zone that the organisation was ever in.
    fn add_midnights(&mut self, day: Day) {
        if day == Day::MIN {
            return; // it held from the beginning
        }
        for zone in self.zones {
            let first = day.date().to_zoned(zone.clone());
            self.instants.extend(first.map(|first| first.timestamp()));
        }
    }
}
