//! The score as a pure function of signals, scorecard and instant, in integers (HLT-5).
//!
//! ```text
//! curve      from values to points, and from ages to what is expected
//! scorecard  what a score is computed by: nothing invalid can be one
//! signal     what arrived, and the newest of each series
//! evaluation score, contributions, and when the score changes by itself
//! band       borders with hysteresis
//! sign_in    when somebody signed in, as far as counts tell
//! track      the changes of a score and its band, in order, and how to go on from where one was
//! ```

mod band;
mod curve;
mod evaluation;
mod scorecard;
mod shares;
mod sign_in;
mod signal;
#[cfg(test)]
pub(crate) mod testing;
mod track;

pub use band::Band;
pub use curve::Curve;
pub use evaluation::{Cap, Evaluation, Line, Rating, Standing, evaluate, rate};
pub(crate) use scorecard::LARGEST_VALUE;
pub use scorecard::{Flaw, Measure, Scorecard};
pub use signal::{Latest, SeriesKey, Signal};
pub use track::{CardInEffect, Course, Situation, Step, Track, next_change, track};
