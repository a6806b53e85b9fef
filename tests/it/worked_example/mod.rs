//! The worked forecast: every line of the specification's example.

mod example;
mod lines;
