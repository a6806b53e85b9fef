//! How far an import is: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressStyle};

/// How an import shows how far it is; always on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Not at all.
    Silent,
    /// A line when a file is done, and every ten thousand rows.
    Lines,
    /// A bar that moves.
    Bar,
}

/// The progress of one file.
pub(crate) struct Meter {
    kind: Progress,
    name: String,
    total: u64,
    done: u64,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A bar on a terminal, plain lines elsewhere.
    #[must_use]
    pub fn fitting() -> Self {
        if std::io::stderr().is_terminal() {
            Self::Bar
        } else {
            Self::Lines
        }
    }

    pub(crate) fn start(self, name: &str, total: u64) -> Meter {
        let bar = (self == Self::Bar).then(|| bar(name, total));
        Meter {
            kind: self,
            name: name.to_owned(),
            total,
            done: 0,
            bar,
        }
    }
}

fn bar(name: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(name.to_owned());
    let template = "{msg:20} [{bar:30}] {human_pos:>9} of {human_len}  {per_sec}  {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

impl Meter {
    const STEP: u64 = 10_000;

    /// One more row was answered.
    pub(crate) fn tick(&mut self) {
        self.done += 1;
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        if self.kind == Progress::Lines
            && self.done.is_multiple_of(Self::STEP)
            && self.done < self.total
        {
            self.line();
        }
    }

    /// The file is done.
    pub(crate) fn finish(self) {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
        if self.kind == Progress::Lines {
            self.line();
        }
    }

    /// Where nobody reads standard error, an import goes on all the same.
    fn line(&self) {
        let _ = writeln!(
            std::io::stderr(),
            "{}: {} of {} rows sent",
            self.name,
            self.done,
            self.total
        );
    }
}
