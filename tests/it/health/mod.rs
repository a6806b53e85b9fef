//! Health scores: signals in, and what follows from them.

mod bands;
mod scorecards;
mod scores;
mod signals;
mod trials;
mod world;
