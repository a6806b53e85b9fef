//! Both buses: the conformance suite, and what happens to NATS alone.

#[cfg(test)]
mod cut_proxy;
#[cfg(test)]
mod local;
#[cfg(test)]
mod nats;
#[cfg(test)]
mod security;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod world;
