//! Onboardings through the API: ONB-1 to ONB-10.

mod coaching;
mod goal_use;
mod goals;
mod handing_over;
mod health;
mod lead_times;
mod learning;
mod leaving;
mod phases;
mod programmes;
mod replay;
mod signed_in;
mod stalled;
mod templates;
mod world;
