//! The command line: what was asked for, and which command answers it.

mod args;
mod close;
mod columns;
mod consent;
mod console;
mod doctor;
mod dump;
mod end;
mod generate;
mod help;
mod inspect;
mod list;
mod names;
mod places;
mod query;
mod scope;
mod sights;
mod source;
mod span;
mod tcpvcon;
mod wanted;
mod watch;
mod whois;

use std::ffi::OsString;
use std::process::ExitCode;

use args::{Cli, Command};
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches};
use console::Console;

/// What the exit status tells a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status {
    /// Something was found, or done.
    Found = 0,
    /// Nothing matched.
    Nothing = 1,
    /// It could not be answered.
    Error = 2,
}

impl Status {
    /// `Found` unless there is nothing.
    fn of_count(count: usize) -> Self {
        if count == 0 { Self::Nothing } else { Self::Found }
    }
}

/// Runs the program that this binary was called as.
pub(crate) fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let answer = match words.split_first() {
        Some((name, options)) if tcpvcon::is_called_by(name) => tcpvcon::main(options),
        _ => run(&words),
    };
    let status = answer.unwrap_or_else(|error| {
        console::complain(&format!("sockeye: {error:#}"));
        Status::Error
    });
    ExitCode::from(status as u8)
}

/// Runs the command that `words`, the program's name first, ask for.
fn run(words: &[OsString]) -> anyhow::Result<Status> {
    // What Windows' own programs are asked for help by.
    let help = [OsString::from("sockeye"), "--help".into()];
    let is_asking = cfg!(windows) && words.get(1).is_some_and(|word| word == "/?");
    let cli = match parse(if is_asking { &help } else { words }) {
        Ok(cli) => cli,
        Err(error) => return answer_usage(&error),
    };
    ensure_command_first(&cli, words)?;
    let mut console = Console::new(cli.color);
    match &cli.command {
        None => list::run(&cli.list, &mut console),
        Some(Command::List(args)) => list::run(args, &mut console),
        Some(Command::Watch(args)) => watch::run(args, &mut console),
        Some(Command::Inspect(args)) => inspect::run(args, &mut console),
        Some(Command::Whois(args)) => whois::run(args, &mut console),
        Some(Command::Close(args)) => close::run(args, &mut console),
        Some(Command::End(args)) => end::run(args, &mut console),
        Some(Command::Doctor(args)) => doctor::run(args, &mut console),
        Some(Command::Dump(args)) => dump::run(args, &mut console),
        Some(Command::Columns) => columns::run(&mut console),
        Some(Command::Completions { shell }) => generate::completions(*shell, &mut console),
        Some(Command::Generate { what }) => generate::run(what, &mut console),
    }
}

/// Reads the arguments.
fn parse(words: &[OsString]) -> Result<Cli, clap::Error> {
    let matches = Cli::command().try_get_matches_from(words)?;
    Cli::from_arg_matches(&matches)
}

/// A command behind options would be taken for a process of that name: rather a mistake.
fn ensure_command_first(cli: &Cli, words: &[OsString]) -> anyhow::Result<()> {
    let Some(word) = cli.list.choice.words.first() else {
        return Ok(());
    };
    let is_command = Cli::command().find_subcommand(word).is_some();
    anyhow::ensure!(
        !is_command || words.iter().any(|word| word == "--"),
        "`{word}` is a command and comes first: sockeye {word} [OPTIONS]; \
         for processes of that name: sockeye [OPTIONS] -- {word}"
    );
    Ok(())
}

/// Prints help or version to standard output, a mistake to standard error.
fn answer_usage(error: &clap::Error) -> anyhow::Result<Status> {
    if error.get(ContextKind::InvalidArg) == Some(&ContextValue::String("-i".to_owned())) {
        anyhow::bail!("there is no -i as in lsof: write sockeye -a --filter 'port = 8080'");
    }
    if error.use_stderr() {
        let text = error.render().to_string();
        console::complain(text.replacen("error:", "sockeye:", 1).trim_end());
        return Ok(Status::Error);
    }
    console::forgive_closed_pipe(error.print())?;
    Ok(Status::Found)
}
