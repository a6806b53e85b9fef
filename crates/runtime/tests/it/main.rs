//! What the runtime keeps of other services' events.

#[cfg(test)]
mod replica;
