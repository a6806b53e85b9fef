//! The book against the rules it implements, and against a naive reading of them.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod contracts;
#[cfg(test)]
mod given;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod reading;
