//! What the runtime keeps of events, and when.

#[cfg(test)]
mod pace;
#[cfg(test)]
mod recall;
#[cfg(test)]
mod replica;
#[cfg(test)]
mod starting_over;
