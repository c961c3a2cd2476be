//! Documents that derive from the command line's own definition: man page, completions, reference.

use std::io::{self, Write};

use clap::builder::{PossibleValue, PossibleValuesParser, StyledStr};
use clap::{Arg, Command, CommandFactory, Subcommand};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use sockeye_core::{Column, Ownerless};

use super::Status;
use super::args::Cli;
use super::console::Console;
use super::help;

/// What can be generated.
#[derive(Subcommand, Debug)]
pub(super) enum Document {
    /// The man page
    Man,
    /// The completions for a shell
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// The reference of commands and options, in Markdown
    Cli,
}

/// Prints a document.
pub(super) fn run(what: &Document, console: &mut Console) -> anyhow::Result<Status> {
    let text = match what {
        Document::Completions { shell } => return completions(*shell, console),
        Document::Man => man()?,
        Document::Cli => reference().into_bytes(),
    };
    console.print(|out| out.write_all(&text))?;
    Ok(Status::Found)
}

/// Prints the completions for `shell`.
pub(super) fn completions(shell: Shell, console: &mut Console) -> anyhow::Result<Status> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut completed(&Cli::command()), "sockeye", &mut text);
    console.print(|out| out.write_all(&text))?;
    Ok(Status::Found)
}

/// `command` as it is completed: without what people are not told of, which not every shell's
/// generator leaves out, and with the names of columns.
fn completed(command: &Command) -> Command {
    let names = Column::all().iter().flat_map(|column| {
        let names = [column.name].into_iter().chain(column.aliases.iter().copied());
        names.map(|name| PossibleValue::new(name).help(column.header))
    });
    let names = PossibleValuesParser::new(names);
    let args = command.get_arguments().filter(|arg| !arg.is_hide_set()).cloned();
    let args = args.map(|arg| match arg.get_id().as_str() {
        "columns" | "sort" => arg.value_parser(names.clone()),
        _ => arg,
    });
    let about = command.get_about().cloned().unwrap_or_default();
    let subs = command.get_subcommands().filter(|sub| !sub.is_hide_set()).map(completed);
    // clap takes names that live as long as the program, which ends when these have been printed.
    let name: &'static str = command.get_name().to_owned().leak();
    let completed = Command::new(name).about(about);
    let version = command.get_version().map(|_| env!("CARGO_PKG_VERSION"));
    completed.version(version).args(args).subcommands(subs)
}

/// The whole command with the names that its commands are called by.
fn built() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// The commands that people are told of.
fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
}

/// The options and arguments that people are told of; of a command, only its own.
fn shown(command: &Command) -> impl Iterator<Item = &Arg> {
    let is_command = command.get_subcommands().next().is_none();
    command.get_arguments().filter(move |arg| {
        let is_everywhere = matches!(arg.get_id().as_str(), "help" | "version" | "color");
        !(arg.is_hide_set() || is_command && is_everywhere)
    })
}

/// The man page: one for all commands.
fn man() -> io::Result<Vec<u8>> {
    let command = built();
    let page = Man::new(command.clone()).title("SOCKEYE").manual("Sockeye manual");
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    let mut commands = Roff::new();
    commands.control("SH", ["COMMANDS"]);
    commands.to_writer(&mut text)?;
    for sub in visible(&command) {
        man_command(sub, &mut text)?;
    }
    man_after(&command, "SH", &mut text)?;
    let mut sections = Roff::new();
    man_reference(&mut sections);
    for (title, paragraphs) in help::MAN_SECTIONS {
        sections.control("SH", [title]);
        for paragraph in paragraphs {
            sections.control("PP", []);
            sections.text([roman(*paragraph)]);
        }
    }
    sections.to_writer(&mut text)?;
    Ok(without_repeated_preamble(&text))
}

/// The sections that stand in for the guides: filters, columns, states, reasons.
fn man_reference(roff: &mut Roff) {
    let mut list = |title: &str, lead: &str, items: &mut dyn Iterator<Item = (String, String)>| {
        roff.control("SH", [title]);
        roff.text([roman(lead)]);
        for (term, meaning) in items {
            roff.control("TP", []);
            roff.text([bold(term)]);
            roff.text([roman(meaning)]);
        }
    };
    let owned = |(term, meaning): &(&str, &str)| (term.to_string(), meaning.to_string());
    list("FILTERS", help::MAN_FILTERS_LEAD, &mut help::MAN_FILTERS.iter().map(owned));
    let names = |column: &Column| [&[column.name], column.aliases].concat().join(", ");
    let mut columns = Column::all().iter().map(|c| (names(c), c.meaning.to_owned()));
    list("COLUMNS", help::MAN_COLUMNS_LEAD, &mut columns);
    list("STATES", help::MAN_STATES_LEAD, &mut help::MAN_STATES.iter().map(owned));
    let mut reasons = Ownerless::all().map(|r| (r.id().to_owned(), r.phrase().to_owned()));
    list("ENDPOINTS WITHOUT AN OWNER", help::MAN_OWNERLESS_LEAD, &mut reasons);
}

/// One command: usage, what it does, its options and examples.
fn man_command(command: &Command, text: &mut Vec<u8>) -> io::Result<()> {
    let mut head = Roff::new();
    // A heading is one line; clap gives a line for each way to call a command.
    let usage = usage(command);
    let calls: Vec<&str> = usage.lines().map(str::trim).collect();
    head.control("SS", [calls.join(" | ").as_str()]);
    head.text([roman(description(command))]);
    head.to_writer(text)?;
    if command.get_name() == "list" {
        return Ok(());
    }
    let everywhere = ["help", "version", "color"];
    let ids: Vec<_> = command.get_arguments().map(|arg| arg.get_id().clone()).collect();
    let own = ids
        .into_iter()
        .filter(|id| everywhere.contains(&id.as_str()))
        .fold(command.clone(), |command, id| command.mut_arg(id, |arg| arg.hide(true)));
    let mut options = Vec::new();
    Man::new(own.disable_help_flag(true)).render_options_section(&mut options)?;
    // Options stand under their command: the headings that they have of their own go.
    for line in String::from_utf8_lossy(&options).lines().filter(|line| !line.starts_with(".SH")) {
        writeln!(text, "{line}")?;
    }
    man_after(command, "PP", text)
}

/// What stands below the long help: each part that ends in a colon becomes a section.
fn man_after(command: &Command, macro_name: &str, text: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::new();
    for part in after(command).split("\n\n") {
        let (title, body) = part.split_once(":\n").unwrap_or(("", part));
        if macro_name == "SH" {
            roff.control("SH", [title.to_uppercase().as_str()]);
        } else {
            roff.control("PP", []);
            if !title.is_empty() {
                roff.text([roman(format!("{title}:"))]);
            }
        }
        roff.control("nf", []);
        body.lines().for_each(|line| {
            roff.text([roman(line)]);
        });
        roff.control("fi", []);
    }
    roff.to_writer(text)
}

/// The page without the definitions that every section brings along, but for the first.
fn without_repeated_preamble(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let (preamble, body): (Vec<_>, Vec<_>) =
        text.lines().partition(|line| line.starts_with(".ie ") || line.starts_with(".el "));
    let lines = preamble.into_iter().take(2).chain(body);
    lines.flat_map(|line| [line, "\n"]).collect::<String>().into_bytes()
}

/// The reference in Markdown.
fn reference() -> String {
    let command = built();
    let mut text = "# Commands and options\n\nGenerated by `sockeye generate cli`.\n".to_owned();
    reference_command(&command, &mut text);
    visible(&command).for_each(|sub| reference_command(sub, &mut text));
    text
}

/// One command of the reference.
fn reference_command(command: &Command, text: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    text.extend(["\n## ", name, "\n\n```text\n", &usage(command), "\n```\n\n"]);
    text.extend([description(command).trim(), "\n"]);
    if command.get_name() == "list" {
        return;
    }
    let mut heading = None;
    for arg in shown(command) {
        if heading != Some(arg.get_help_heading()) {
            heading = Some(arg.get_help_heading());
            text.extend(["\n### ", arg.get_help_heading().unwrap_or("Options"), "\n\n"]);
        }
        reference_option(arg, text);
    }
    let after = after(command);
    if !after.is_empty() {
        text.extend(["\n```text\n", &after, "\n```\n"]);
    }
}

/// One option of the reference, with its values.
fn reference_option(arg: &Arg, text: &mut String) {
    let help = arg.get_long_help().or(arg.get_help()).map(plain).unwrap_or_default();
    // The summary, which has no full stop, and what follows it in the long help.
    let paragraphs = help.split("\n\n").map(|text| text.trim().trim_end_matches('.'));
    let help = paragraphs.collect::<Vec<_>>().join(". ").replace('\n', " ");
    text.extend(["- `", &arg.to_string(), "`"]);
    if let Some(short) = arg.get_short().filter(|_| arg.get_long().is_some()) {
        text.push_str(&format!(", `-{short}`"));
    }
    text.extend([": ", &help, "\n"]);
    for value in arg.get_possible_values().iter().filter(|_| arg.get_action().takes_values()) {
        let help = value.get_help().map(plain).unwrap_or_default();
        text.push_str(&format!("  - `{}`: {help}\n", value.get_name()));
    }
}

/// The usage without the word that clap puts before it.
fn usage(command: &Command) -> String {
    let usage = plain(&command.clone().render_usage());
    usage.trim_start_matches("Usage:").trim().to_owned()
}

/// What a command does, in full.
fn description(command: &Command) -> String {
    command.get_long_about().or(command.get_about()).map(plain).unwrap_or_default()
}

/// What stands below the long help of a command.
fn after(command: &Command) -> String {
    command.get_after_long_help().map(plain).unwrap_or_default()
}

/// Text without styles.
fn plain(text: &StyledStr) -> String {
    text.to_string()
}
