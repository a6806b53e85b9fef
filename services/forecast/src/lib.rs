//! Churn forecasts, revenue metrics, risk reports and deadlines: read side only.
//!
//! *Used by* the weekly meeting of a CS team and by whoever answers for revenue. *Guarantees*: pure
//! functions of what the accounts and risk services recorded, `known_at` and `on` (GEN-5, GEN-8).

// The model, pure.
mod boards;
mod by_account;
pub mod churn;
pub mod deadlines;
pub mod health;
pub mod hindsight;
pub mod initiatives;
pub mod metrics;
pub mod onboardings;
mod owner;
pub mod quality;
pub mod report;
pub mod risks;
mod selection;
pub mod targets;

pub use boards::{Board, Boards};
pub use owner::OwnerId;
pub use selection::{Filter, OwnerFilter};

// The service around the model.
mod api;
mod board;
mod grpc;
mod keys;
mod names;
mod replies;
mod service;

pub use service::{Service, build};
