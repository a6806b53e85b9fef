//! Onboardings through the API: ONB-1 to ONB-9.

mod phases;
mod templates;
mod world;
