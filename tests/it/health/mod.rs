//! Health scores: signals in, and what follows from them.

mod bands;
mod lists;
mod releases;
mod scorecards;
mod scores;
mod signals;
mod silence;
mod trials;
mod world;
