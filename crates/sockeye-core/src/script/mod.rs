//! What an interpreter really runs, read from its command line.

mod interpreters;

use alloc::borrow::Cow;
use alloc::vec::Vec;

use interpreters::INTERPRETERS;

/// What an option of an interpreter, or another word in front of what it runs, means for what
/// follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Meaning {
    /// Its argument is the rest of the word, or the next word where nothing is left.
    Argument,
    /// Its argument is the rest of the word, if it has any.
    Attached,
    /// Its argument is the next word, whatever else stands in this one: `bash -euo pipefail`.
    Next,
    /// Its argument is what follows of these characters.
    Among(&'static str),
    /// Its argument is what it runs.
    Runs,
    /// No file is run: the program stands on the command line itself, or comes from elsewhere.
    NoFile,
    /// Options end here.
    End,
}

/// How an interpreter's command line names what it runs.
struct Interpreter {
    /// Names of its images; a version may follow.
    names: &'static [&'static str],
    /// Letters that may stand in one word behind a dash, one after the other. Others are flags.
    letters: &'static [(Meaning, &'static str)],
    /// Whole words: long options, also as `--option=argument`, and words without a dash. Other
    /// words with a dash are flags.
    words: &'static [(Meaning, &'static [&'static str])],
    /// Words before what it runs.
    verbs: &'static [&'static str],
    /// A plus may stand for the dash.
    has_plus: bool,
    /// `@FILE` holds more arguments, that cannot be known here.
    has_argument_files: bool,
    /// How what it runs ends, where it has to: other words are commands.
    endings: &'static [&'static str],
}

/// What most interpreters are.
const PLAIN: Interpreter = Interpreter {
    names: &[],
    letters: &[],
    words: &[],
    verbs: &[],
    has_plus: false,
    has_argument_files: false,
    endings: &[],
};

/// What one word says.
enum Said<'a> {
    /// What is run.
    This(Cow<'a, str>),
    /// That nothing is run that has a name.
    Nothing,
    /// That so many words behind it belong to it.
    Skip(usize),
    /// That the next word is what is run.
    Next,
}

/// What the process with this image and command line runs, if the image is an interpreter: a script
/// or jar as its command line names it, a module or a main class.
///
/// A title that a process gave itself is no command line: whoever has the arguments tells (`os:
/// decode/process.rs`).
pub fn of<'a>(image: &str, command_line: &'a str) -> Option<Cow<'a, str>> {
    let interpreter = INTERPRETERS.iter().find(|one| one.is_called(image))?;
    let found = interpreter.find(Words(command_line).skip(1))?;
    let is_run = |ending: &&str| found.ends_with(ending);
    let may_be = interpreter.endings.is_empty() || interpreter.endings.iter().any(is_run);
    (may_be && !found.is_empty()).then_some(found)
}

impl Interpreter {
    /// Whether an image of this name is it.
    fn is_called(&self, image: &str) -> bool {
        let image = image.strip_suffix(".exe").unwrap_or(image);
        self.names.iter().any(|name| {
            let version = image.strip_prefix(name);
            version.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
        })
    }

    /// What it runs, by its arguments.
    fn find<'a>(&self, mut arguments: impl Iterator<Item = Cow<'a, str>>) -> Option<Cow<'a, str>> {
        let mut may_be_verb = true;
        while let Some(word) = arguments.next() {
            if may_be_verb && self.verbs.contains(&&*word) {
                may_be_verb = false;
                continue;
            }
            match self.read(word) {
                Said::This(found) => return Some(found),
                Said::Nothing => return None,
                Said::Next => return arguments.next(),
                Said::Skip(0) => {}
                Said::Skip(count) => drop(arguments.nth(count - 1)?),
            }
        }
        None
    }

    /// What `word` says.
    fn read<'a>(&self, word: Cow<'a, str>) -> Said<'a> {
        if let Some(said) = self.read_whole(&word) {
            return said;
        }
        let is_long = word.starts_with("--");
        if word == "-" || (self.has_argument_files && word.starts_with('@')) {
            Said::Nothing
        } else if !is_long && (word.starts_with('-') || (self.has_plus && word.starts_with('+'))) {
            self.read_letters(&word)
        } else if is_long {
            Said::Skip(0)
        } else {
            Said::This(word)
        }
    }

    /// What `word` says as a whole, where it means something.
    fn read_whole<'a>(&self, word: &Cow<'a, str>) -> Option<Said<'a>> {
        let equals = word.find('=').filter(|_| word.starts_with("--"));
        let name = equals.and_then(|end| word.get(..end)).unwrap_or(word);
        let found = self.words.iter().find(|(_, words)| words.contains(&name));
        Some(match (found?.0, equals) {
            (Meaning::NoFile, _) => Said::Nothing,
            (Meaning::Runs, Some(equals)) => Said::This(behind(word, equals + 1)),
            (Meaning::Runs | Meaning::End, _) => Said::Next,
            (Meaning::Argument | Meaning::Next, None) => Said::Skip(1),
            _ => Said::Skip(0),
        })
    }

    /// What the letters behind a dash or plus say.
    fn read_letters<'a>(&self, word: &Cow<'a, str>) -> Said<'a> {
        let mut awaited = 0;
        let mut letters = word.char_indices().skip(1).peekable();
        while let Some((at, letter)) = letters.next() {
            let rest = at + letter.len_utf8();
            let is_last = rest == word.len();
            let found = self.letters.iter().find(|(_, those)| those.contains(letter));
            match found.map(|(meaning, _)| *meaning) {
                // Nobody has letters for these: what follows is an argument.
                None if matches!(letter, ':' | '=') => break,
                None | Some(Meaning::End) => {}
                Some(Meaning::NoFile) => return Said::Nothing,
                Some(Meaning::Runs) if is_last => return Said::Next,
                Some(Meaning::Runs) => return Said::This(behind(word, rest)),
                Some(Meaning::Next) => awaited += 1,
                Some(Meaning::Argument) if is_last => awaited += 1,
                Some(Meaning::Argument | Meaning::Attached) => break,
                Some(Meaning::Among(those)) => {
                    while letters.next_if(|(_, c)| those.contains(*c)).is_some() {}
                }
            }
        }
        Said::Skip(awaited)
    }
}

/// What stands in `word` from `start` on.
fn behind<'a>(word: &Cow<'a, str>, start: usize) -> Cow<'a, str> {
    match word {
        Cow::Borrowed(word) => Cow::Borrowed(word.get(start..).unwrap_or_default()),
        Cow::Owned(word) => Cow::Owned(word.get(start..).unwrap_or_default().into()),
    }
}

/// The words of a command line as `Process::command_line` has it: separated by spaces, in single
/// quotes where a shell would need them, a single quote itself as `'\''`; in `$'…'` what is not
/// UTF-8, whose bytes stay written as `\xff`.
pub struct Words<'a>(pub &'a str);

impl<'a> Iterator for Words<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Cow<'a, str>> {
        let mut rest = self.0.trim_start_matches(' ');
        if rest.is_empty() {
            self.0 = "";
            return None;
        }
        let mut parts: Vec<&'a str> = Vec::new();
        while !rest.is_empty() && !rest.starts_with(' ') {
            if let Some(escaped) = rest.strip_prefix("$'") {
                rest = take_escaped(escaped, &mut parts);
                continue;
            }
            let part;
            (part, rest) = take_part(rest);
            parts.push(part);
        }
        self.0 = rest;
        Some(match parts.as_slice() {
            [word] => Cow::Borrowed(word),
            parts => Cow::Owned(parts.concat()),
        })
    }
}

/// What stands in quotes or outside of them at the beginning of `rest`, and what follows.
fn take_part(rest: &str) -> (&str, &str) {
    match (rest.strip_prefix('\''), rest.strip_prefix("\\'")) {
        (Some(quoted), _) => quoted.split_once('\'').unwrap_or((quoted, "")),
        (_, Some(after)) => ("'", after),
        _ => {
            let end = rest.find([' ', '\'']).unwrap_or(rest.len());
            // A backslash stands before a quote only where that is the quote's own escape.
            let (plain, after) = rest.split_at(end);
            match plain.strip_suffix('\\') {
                Some(before) if after.starts_with('\'') && before.is_empty() => {
                    ("'", after.get(1..).unwrap_or_default())
                }
                _ => (plain, after),
            }
        }
    }
}

/// Takes what stands behind `$'` up to the quote that ends it, and returns what follows. Of escapes
/// only quotes and backslashes are undone: no text could hold the others.
fn take_escaped<'a>(mut rest: &'a str, parts: &mut Vec<&'a str>) -> &'a str {
    while let Some(end) = rest.find(['\'', '\\']) {
        let (plain, special) = rest.split_at(end);
        parts.push(plain);
        if let Some(after) = special.strip_prefix('\'') {
            return after;
        }
        let escaped = special.get(1..2).filter(|one| matches!(*one, "'" | "\\"));
        parts.push(escaped.or(special.get(..1)).unwrap_or_default());
        rest = special.get(1 + escaped.map_or(0, str::len)..).unwrap_or_default();
    }
    parts.push(rest);
    ""
}

#[cfg(test)]
mod tests;
