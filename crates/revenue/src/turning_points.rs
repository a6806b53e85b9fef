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
    /// stays as it is.
    #[must_use]
    pub fn turning_points(&self, account: AccountIx) -> Vec<Timestamp> {
        let zones = self.settings.zones();
        let mut points = Points {
            zones: &zones,
            instants: Vec::new(),
        };
        for recorded in self.settings.recorded() {
            points.add(recorded);
        }
        self.for_each_identity(account.0, Known::NOW, &mut |identity| {
            if let Some(recorded) = self.identity.merged_at(identity, Known::NOW) {
                points.add(recorded);
            }
            for (recorded, effective) in self.attributes.changes_of(identity) {
                points.add(recorded);
                points.add_midnights(effective);
            }
            for subscription in self.subscriptions_of(identity) {
                for (recorded, effective, voided) in self.contracts.beginnings(subscription) {
                    points.add(recorded);
                    points.add_midnights(effective);
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
    instants: Vec<Timestamp>,
}

impl Points<'_> {
    fn add(&mut self, recorded: i64) {
        self.instants
            .extend(Timestamp::from_microsecond(recorded).ok());
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
