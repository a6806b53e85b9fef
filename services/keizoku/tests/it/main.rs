//! The client side as its users meet it: exports against the reference, unusable files, a server
//! that misbehaves, and the binary's own output.

#[cfg(test)]
mod against_the_reference;
#[cfg(test)]
mod binary;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod support;
#[cfg(test)]
mod unusable;
