//! Sizes, and the sentence that opens every file.

use super::source::{Source, Token};
use super::{File, Finding};

const RULE: &str = "size";

/// Lines of a function, signature and braces included: what fits on one screen. Tests may be
/// longer: they are tables of what goes in and what has to come out.
const FUNCTION: usize = 60;
/// Lines of a file without its tests: what can be read at one sitting.
const FILE: usize = 500;
/// Lines of a file with its tests; more tests than this belong into a file of their own.
const FILE_WITH_TESTS: usize = 700;

/// Compares a file with the limits. Constants do not count: a table may be long, logic may not.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = opening(source.file);
    findings.extend(file_size(source));
    findings.extend(function_sizes(source));
    findings
}

/// A file opens with one sentence that says what it is.
fn opening(file: &File) -> Vec<Finding> {
    let lines = file.text.lines().map_while(|line| line.strip_prefix("//! "));
    let paragraph = lines.collect::<Vec<_>>().join(" ");
    if paragraph.trim_end().ends_with(['.', ':', '?']) {
        return Vec::new();
    }
    vec![file.finding(
        1,
        "opening",
        "the first line is `//! ` and a sentence that says what this is",
    )]
}

fn file_size(source: &Source) -> Option<Finding> {
    let tables: usize = tables(source).map(|(first, last)| last - first + 1).sum();
    let with_tests = source.file.text.lines().count().saturating_sub(tables);
    let tests = source.tokens.iter().filter(|t| t.is_test && t.depth == 0 && t.text == "{");
    let tests: usize = tests.map(|t| t.end - t.line + 1).sum();
    let without_tests = with_tests.saturating_sub(tests);
    if without_tests <= FILE && with_tests <= FILE_WITH_TESTS {
        return None;
    }
    let message = format!(
        "{without_tests} lines, {with_tests} with tests; {FILE} and {FILE_WITH_TESTS} are enough"
    );
    Some(source.file.finding(1, RULE, message))
}

/// First and last lines of the constants that stand in no function.
fn tables<'a>(source: &'a Source) -> impl Iterator<Item = (usize, usize)> + 'a {
    let constants = source.definitions().filter(|(keyword, _, after)| {
        let is_item = keyword.depth == 0 && !keyword.is_test;
        let is_constant = ["const", "static"].contains(&keyword.text.as_str());
        is_item && is_constant && after.first().is_some_and(|token| token.text == ":")
    });
    constants.filter_map(|(keyword, _, after)| {
        let mut own = after.iter().filter(|token| token.depth == keyword.depth);
        let end = own.find(|token| token.text == ";")?;
        Some((keyword.line, end.line))
    })
}

fn function_sizes(source: &Source) -> Vec<Finding> {
    let definitions = source.definitions();
    let functions = definitions.filter(|(word, ..)| word.text == "fn" && !word.is_test);
    let sizes = functions.filter_map(|(keyword, name, after)| {
        let body = body(keyword, after)?;
        Some((keyword.line, name, body.end - keyword.line + 1))
    });
    sizes
        .filter(|(_, _, size)| *size > FUNCTION)
        .map(|(line, name, size)| {
            let message = format!("`{}` has {size} lines; {FUNCTION} are enough", name.text);
            source.file.finding(line, RULE, message)
        })
        .collect()
}

/// The braces of a function; one that a trait only declares has none.
fn body<'a>(keyword: &Token, after: &'a [Token]) -> Option<&'a Token> {
    let mut own = after.iter().filter(|token| token.depth == keyword.depth);
    own.find(|token| token.text == "{" || token.text == ";").filter(|token| token.text == "{")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{file, places};
    use super::*;

    const OPENING: &str = "//! A file.\n";

    fn check_text(text: &str, expected: &[(usize, &'static str)]) {
        let file = file("src/a.rs", text);
        let found = check(&Source::parse(&file).unwrap());
        let start: String = text.chars().take(60).collect();
        assert_eq!(places(&found), expected, "{start}");
    }

    #[test]
    fn a_file_opens_with_a_sentence() {
        check_text("//! A file.\nfn a() {}", &[]);
        check_text("//! A file that needs\n//! two lines.\n//!\n//! More", &[]);
        check_text("", &[(1, "opening")]);
        check_text("fn a() {}", &[(1, "opening")]);
        check_text("//! A file\nfn a() {}", &[(1, "opening")]);
        check_text("\n//! A file.", &[(1, "opening")]);
    }

    #[test]
    fn functions_end_in_time() {
        let function = |lines: usize| format!("{OPENING}fn a() {{{}}}", "\n".repeat(lines - 1));
        check_text(&function(FUNCTION), &[]);
        check_text(&function(FUNCTION + 1), &[(2, RULE)]);
        check_text(
            &format!("{}\n#[cfg(test)] mod t {{ fn a() {{{}}} }}", OPENING, "\n".repeat(80)),
            &[],
        );
        let declared = format!("{OPENING}trait A {{ fn a(); fn b() {{}} }}{}", "\n".repeat(80));
        check_text(&declared, &[]);
    }

    #[test]
    fn files_end_in_time() {
        let lines = |count: usize| "type A = B;\n".repeat(count);
        let tests = |count: usize| format!("#[cfg(test)]\nmod tests {{\n{}}}\n", lines(count));
        let table = |count: usize| format!("const T: &[u8] = &[\n{}];\n", "1,\n".repeat(count));
        check_text(&format!("{OPENING}{}", lines(FILE - 1)), &[]);
        check_text(&format!("{OPENING}{}", lines(FILE)), &[(1, RULE)]);
        check_text(&format!("{OPENING}{}{}", lines(400), tests(200)), &[]);
        check_text(&format!("{OPENING}{}{}", lines(400), tests(300)), &[(1, RULE)]);
        check_text(&format!("{OPENING}{}{}", table(900), lines(400)), &[]);
        check_text(&format!("{OPENING}fn a<const N: usize>() {{}}\n{}", lines(600)), &[(1, RULE)]);
    }
}
