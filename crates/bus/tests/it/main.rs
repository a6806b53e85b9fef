//! Both buses: the conformance suite, and what happens to NATS alone.

#[cfg(test)]
mod local;
#[cfg(test)]
mod nats;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod world;
