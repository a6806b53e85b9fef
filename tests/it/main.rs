//! End to end. Modules that start the real binary are called `e2e_…` and `crash_…`, which gives
//! them the whole machine; the others run every service in the test's own process.

#[cfg(test)]
mod access;
#[cfg(test)]
mod account_names;
#[cfg(test)]
mod as_reported;
#[cfg(test)]
mod attention;
#[cfg(test)]
mod backtest;
#[cfg(test)]
mod contacts;
#[cfg(test)]
mod crash_kills;
#[cfg(test)]
mod deals;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod e2e_callers;
#[cfg(test)]
mod e2e_contacts;
#[cfg(test)]
mod e2e_disk_full;
#[cfg(test)]
mod e2e_enablement;
#[cfg(test)]
mod e2e_import;
#[cfg(test)]
mod e2e_nats_trouble;
#[cfg(test)]
mod e2e_notification;
#[cfg(test)]
mod e2e_reactions;
#[cfg(test)]
mod e2e_startup;
#[cfg(test)]
mod e2e_telemetry;
#[cfg(test)]
mod e2e_tls;
#[cfg(test)]
mod e2e_worked_example;
#[cfg(test)]
mod e2e_worked_example_split;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod health;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod initiatives;
#[cfg(test)]
mod interleaving;
#[cfg(test)]
mod knowledge;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod notification;
#[cfg(test)]
mod onboarding;
#[cfg(test)]
mod onboarding_filter;
#[cfg(test)]
mod people;
#[cfg(test)]
mod quality;
#[cfg(test)]
mod random;
#[cfg(test)]
mod reacted;
#[cfg(test)]
mod reactions;
#[cfg(test)]
mod records;
#[cfg(test)]
mod red_scenario;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod telemetry;
#[cfg(test)]
mod worked_example;
