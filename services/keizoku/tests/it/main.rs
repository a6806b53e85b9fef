//! The binary as its users meet it: exports against the reference, unusable files, a server that
//! misbehaves, the binary's own output, and an operator's work on the files of a real server.

#[cfg(test)]
mod against_the_reference;
#[cfg(test)]
mod binary;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod ops;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod support;
#[cfg(test)]
mod unusable;
