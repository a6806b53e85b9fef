//! What is stored and sent.

#[cfg(test)]
mod golden;
