//! In which order readers get to hear of what was recorded.

use super::world::{READERS, Reader};
use crate::random::Random;

/// How far each reader is let next, as parts of its source: in order, the last ones to the end.
#[derive(Debug)]
pub(crate) struct Schedule {
    pub(crate) steps: Vec<Step>,
    /// After how many steps everything is asked once, so that what an answer remembers is tried too.
    pub(crate) asked_after: usize,
}

/// One reader is let up to a position.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) reader: Reader,
    pub(crate) to: u64,
}

struct Reading {
    step: Step,
    length: u64,
    /// How much it mostly takes at once.
    chunk: u64,
    /// How often it is its turn; 0: only when all others are done.
    turns: usize,
}

impl Schedule {
    /// The schedule of a seed. Readers differ in how much they take at once, up to all of it, and
    /// in how often it is their turn, down to when all others are done. In the first schedules, one of them
    /// reads everything before the others begin, and another one begins when they are done.
    pub(crate) fn of(seed: u64, length: impl Fn(Reader) -> u64) -> Self {
        let mut random = Random::of(seed);
        let readers = READERS.len() as u64;
        let of_turn =
            |ahead: u64| (seed < readers).then(|| READERS[index_of((seed + ahead) % readers)]);
        let (first, last) = (of_turn(0), of_turn(readers / 2));
        let mut steps = Vec::new();
        let mut readings = READERS.map(|reader| {
            let length = length(reader);
            let parts = [1, 1, 2, 3, reader.parts()][index(&mut random, 5)];
            let turns = [0, 1, 1, 4][index(&mut random, 4)];
            let mut reading = Reading {
                step: Step { reader, to: 0 },
                length,
                chunk: length.div_ceil(parts),
                turns: match last {
                    Some(last) if reader == last => 0,
                    Some(_) => turns.max(1),
                    None => turns,
                },
            };
            if first == Some(reader) {
                reading.step.to = length;
                steps.push(reading.step);
            }
            reading
        });
        loop {
            let mut behind: Vec<_> = readings
                .iter_mut()
                .filter(|of| of.step.to < of.length)
                .collect();
            let turns = behind.iter().enumerate();
            let turns = turns.flat_map(|(place, of)| std::iter::repeat_n(place, of.turns));
            let turns: Vec<usize> = turns.collect();
            let place = match (turns.len(), behind.len()) {
                (0, 0) => break,
                (0, places) => index(&mut random, places as u64),
                (tickets, _) => turns[index(&mut random, tickets as u64)],
            };
            let Reading {
                step,
                length,
                chunk,
                ..
            } = &mut *behind[place];
            // One event only now and then, even where most chunks are large.
            let taken = [*chunk, *chunk, 1][index(&mut random, 3)];
            step.to = (step.to + taken).min(*length);
            steps.push(*step);
        }
        let asked_after = index(&mut random, steps.len() as u64 + 1);
        Self { steps, asked_after }
    }
}

fn index(random: &mut Random, end: u64) -> usize {
    index_of(random.below(end))
}

fn index_of(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

#[test]
fn rx_9_every_reader_is_the_first_to_read_everything_and_the_last_to_begin() {
    let schedules: Vec<_> = (0..super::SCHEDULES)
        .map(|seed| Schedule::of(seed, |_| 60))
        .collect();
    for reader in READERS {
        let reads_all_first = |schedule: &Schedule| {
            let Step { reader: first, to } = schedule.steps[0];
            (first, to) == (reader, 60)
        };
        assert!(schedules.iter().any(reads_all_first), "{reader:?}");
        let begins_last = |schedule: &Schedule| {
            let begins = schedule.steps.iter().position(|step| step.reader == reader);
            let others = schedule.steps[begins.unwrap()..].iter();
            others.map(|step| step.reader).all(|other| other == reader)
        };
        assert!(schedules.iter().any(begins_last), "{reader:?}");
    }
}
