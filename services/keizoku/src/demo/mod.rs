//! A believable company of any size, with causes behind what happens to its customers.
//!
//! *Used by* `keizoku demo` and by tests. *Guarantees*: the same seed, size, months and last day make
//! the same company; it is written through the public API, under request ids that follow from them, so that
//! a run that broke off is repeated and goes on; a server with other accounts is refused, unless somebody
//! says so. *Fails* with [`Failure`], with what was written by then in place.
//!
//! ```text
//! course    how a customer gets on: the one cause behind everything else
//! people    who works with Keizoku       companies    who the customers are
//! contracts, dealings, onboardings, risks, signals    what follows from the course; words: how it is put
//! writing   all of that to a server
//! ```

mod chance;
mod companies;
mod contracts;
mod course;
mod dealings;
mod onboardings;
mod people;
mod report;
mod risks;
mod signals;
mod words;
mod writing;

use keizoku_core::Day;

use crate::client::Connection;
use crate::error::Failure;
use crate::import::Progress;
use companies::Company;
use contracts::Contract;
use course::{Course, Window};
use dealings::{Deal, Talk};
use onboardings::Onboarding;
use people::Person;
use risks::Risk;

pub use report::{Report, Stage};

/// Days of a month, on average, times ten.
const DAYS_OF_TEN_MONTHS: i32 = 304;

/// What to write, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Customers, at least 1.
    pub accounts: usize,
    /// Which company of that size.
    pub seed: u64,
    /// Months of history, 6 to 60.
    pub months: u32,
    /// The last day of which anything is told; not after `today`.
    pub until: Day,
    /// Today, where the organisation is.
    pub today: Day,
    /// Whether to write beside other accounts.
    pub add: bool,
    /// How to show how far it is.
    pub progress: Progress,
}

/// A customer, with everything that is told of it but its signals.
struct Customer {
    number: usize,
    company: Company,
    course: Course,
    contracts: Vec<Contract>,
    deals: Vec<Deal>,
    talks: Vec<Talk>,
    departure: Option<(usize, Day)>,
    risks: Vec<Risk>,
    onboarding: Onboarding,
}

/// The whole company.
struct Told {
    staff: Vec<Person>,
    customers: Vec<Customer>,
    window: Window,
}

impl Options {
    /// What tells this demo from others; also the beginning of its external ids.
    #[must_use]
    pub fn key(&self) -> String {
        let Self {
            accounts,
            seed,
            months,
            until,
            ..
        } = self;
        format!("demo-{seed}-{accounts}x{months}-{until}")
    }

    fn window(&self) -> Window {
        let months = i32::try_from(self.months).unwrap_or(i32::MAX / DAYS_OF_TEN_MONTHS);
        let days = months * DAYS_OF_TEN_MONTHS / 10;
        Window {
            first: self.until.plus_days(-days),
            last: self.until,
        }
    }

    /// Makes the company up.
    fn tell(&self) -> Told {
        let (seed, window) = (self.seed, self.window());
        let staff = people::staff(seed, self.accounts);
        let fates = course::fates(seed, self.accounts);
        let customer = |(number, fate)| {
            let company = companies::company(seed, number, &staff);
            let course = Course::of(seed, number, fate, window);
            let contracts = contracts::contracts(seed, number, company.tier, &course, window);
            let onboarding = onboardings::onboarding(seed, number, &course, window);
            Customer {
                deals: dealings::deals(seed, number, &course, &contracts, window),
                talks: dealings::talks(seed, number, &company, &course, &onboarding, window),
                departure: dealings::departure(seed, number, &course, window),
                risks: risks::risks(seed, number, &course, window),
                number,
                company,
                course,
                contracts,
                onboarding,
            }
        };
        let customers = fates.into_iter().enumerate().map(customer).collect();
        Told {
            staff,
            customers,
            window,
        }
    }
}

/// Writes a demo to a server.
///
/// # Errors
/// When the server has other accounts, cannot be reached, or refuses something.
pub async fn run(connection: &Connection, options: &Options) -> Result<Report, Failure> {
    writing::run(connection, options).await
}
