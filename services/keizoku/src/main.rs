//! The `keizoku` binary: serves, imports, and answers people at a terminal.

mod memory;
mod serve;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use keizoku_cli::cli::{self, Globals};
use keizoku_cli::error::Failure;
use keizoku_cli::ops::{self, Refusal};

/// Allocates faster than the system's allocator on calls that allocate much.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXAMPLES: &str = "\
Examples:
  keizoku serve --sample                       a server on loopback with the sample export
  keizoku import salesforce export             bring a Salesforce export over
  keizoku forecast --team 'Enterprise East'
  keizoku deadlines --within 30
  keizoku risk open --account 緑川印刷 --name 担当者が退職 --leads-to-churn leads
  keizoku log tail --follow
  keizoku backup /backup/today
  keizoku completion bash > /etc/bash_completion.d/keizoku

Exit status: 0 done, 1 refused or failed, 2 wrong arguments or unusable files.";

/// Keizoku (継続): a Customer Success operations backend.
#[derive(Debug, Parser)]
#[command(name = "keizoku", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the services
    Serve(serve::Args),
    #[command(flatten)]
    Client(Box<cli::Command>),
    #[command(flatten)]
    Files(Box<ops::Command>),
    /// Print a script that completes commands and options in a shell
    Completion {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    // Before anything else is taken.
    memory::small_pages();
    let error = match try_main(Arguments::parse()) {
        Ok(code) => return code,
        Err(error) => error,
    };
    if let Some(failure) = error.downcast_ref::<Failure>() {
        eprint!("{}", failure.explain());
        return ExitCode::from(failure.exit_code());
    }
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        eprint!("{}", refusal.explain());
        return ExitCode::from(refusal.exit_code());
    }
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

fn try_main(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Serve(args) => serve::run(&args),
        Command::Files(command) => Ok(ExitCode::from(ops::run(&command)?)),
        Command::Completion { shell } => {
            let mut command = Arguments::command();
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "keizoku", &mut script);
            cli::print(&String::from_utf8(script)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Client(command) => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let code = runtime.block_on(cli::run(*command, arguments.globals))?;
            Ok(ExitCode::from(code))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parser takes two arguments with one id for the same, and panics or mixes them up. A command may
    /// say of an option that every command has what it means there.
    #[test]
    fn no_argument_of_a_command_is_taken_for_one_that_every_command_has() {
        type Named = (String, Option<String>);
        fn named(argument: &clap::Arg) -> Named {
            let long = argument.get_long().map(str::to_owned);
            (argument.get_id().to_string(), long)
        }
        fn look(command: &clap::Command, everywhere: &[Named], found: &mut Vec<String>) {
            for below in command.get_subcommands() {
                let own = below.get_arguments().map(named);
                let taken = own.filter(|(id, long)| {
                    let mut same = everywhere.iter().filter(|(taken, _)| taken == id);
                    same.any(|(_, taken)| taken != long)
                });
                let told = taken.map(|(id, _)| format!("{}: {id}", below.get_name()));
                found.extend(told);
                look(below, everywhere, found);
            }
        }
        let command = Arguments::command();
        let globals = command.get_arguments().filter(|one| one.is_global_set());
        let everywhere: Vec<Named> = globals.map(named).collect();
        assert!(everywhere.len() > 10, "{everywhere:?}");
        let mut found = Vec::new();
        look(&command, &everywhere, &mut found);
        assert_eq!(found, Vec::<String>::new());
        command.debug_assert();
    }
}
