//! Health scores: signals in, and what follows from them.

mod scorecards;
mod scores;
mod signals;
mod world;
