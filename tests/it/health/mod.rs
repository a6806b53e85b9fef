//! Health scores: signals in, and what follows from them.

mod signals;
mod world;
