//! How far a long operation is: a bar on a terminal, nothing elsewhere.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use keizoku_log::sqlite::Progress;

/// A bar that changes its label with what is being done, and goes when it is dropped.
pub(super) struct Meter(Option<ProgressBar>);

impl Meter {
    /// A bar on a terminal that shows no answers meanwhile.
    pub(super) fn fitting() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(1);
            let template = "{msg:32} [{bar:30}] {percent:>3} %  {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        });
        Self(bar)
    }

    pub(super) fn show(&mut self, whose: &str, progress: Progress) {
        if let Some(bar) = &self.0 {
            bar.set_message(format!("{whose}: {}", progress.what));
            bar.set_length(progress.total.max(1));
            bar.set_position(progress.done);
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
