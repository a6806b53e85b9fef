//! The churn forecast by renewal month (FC-1 to FC-6).

mod accounts;
mod buckets;
mod expected;
mod forecast;
mod groups;
mod parts;
mod survey;
mod threads;

pub(crate) use accounts::sorted_page;
pub use accounts::{AccountPage, ForecastAccount, accounts};
pub use buckets::{Bucket, BucketKey};
pub use expected::{Expected, ExpectedLine, UsedRate, expected};
pub use forecast::{Forecast, Question, forecast};
pub use parts::{Basis, Scenario};
