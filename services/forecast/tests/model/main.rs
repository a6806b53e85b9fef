//! The forecast's model against the rules, the worked example, and a naive reading of both.

#[cfg(test)]
mod bands;
#[cfg(test)]
mod completions;
#[cfg(test)]
mod example;
#[cfg(test)]
mod expected;
#[cfg(test)]
mod forecasts;
#[cfg(test)]
mod given;
#[cfg(test)]
mod hindsight;
#[cfg(test)]
mod initiatives;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod onboardings;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod quality;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod restatement;
#[cfg(test)]
mod silences;
#[cfg(test)]
mod targets;
