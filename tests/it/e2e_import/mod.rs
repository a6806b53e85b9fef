//! ACC-7: `keizoku import salesforce`, from the command line to the figures.

mod answers;
mod contacts;
mod export;
mod failed;
mod generated;
mod sample;
