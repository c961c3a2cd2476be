//! Called as `tcpvcon`: TCPVCon's own options and output, for scripts that know nothing else.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use anyhow::bail;

use super::Status;
use super::args::ListArgs;
use super::console::{ColorChoice, Console};
use super::list;
use sockeye_print::Format;

/// What `-?` answers.
const USAGE: &str = "\
Usage: tcpvcon [-a] [-c] [-n] [process name or PID]
  -a         every TCP and UDP endpoint; without it, connected TCP endpoints
  -c         comma-separated values
  -n         do not resolve addresses
  -nobanner  do not show the banner
Options may be bundled (-anc), begin with / and be in capitals. -accepteula has no effect.
This is Sockeye: sockeye --help shows what else it can do.
";

/// What was asked for.
#[derive(Default, Debug)]
struct Request {
    list: ListArgs,
    has_no_banner: bool,
    is_help: bool,
}

/// Whether the program was called by this name: `tcpvcon`, `/usr/bin/tcpvcon`, `TCPVCON.EXE`.
pub(super) fn is_called_by(name: &OsStr) -> bool {
    let stem = Path::new(name).file_stem();
    stem.is_some_and(|stem| stem.eq_ignore_ascii_case("tcpvcon"))
}

/// Does what TCPVCon does with `options`.
pub(super) fn main(options: &[OsString]) -> anyhow::Result<Status> {
    let request = parse(options)?;
    let mut console = Console::new(ColorChoice::Never);
    if request.is_help {
        console.print(|out| out.write_all(USAGE.as_bytes()))?;
        return Ok(Status::Found);
    }
    let banner = if request.has_no_banner { String::new() } else { banner() };
    list::run_below(&request.list, banner.as_bytes(), &mut console)
}

/// Three lines and an empty one, where TCPVCon's own stand: scripts skip them.
fn banner() -> String {
    format!(
        "Tcpvcon v{} - Sockeye in the manner of TCPVCon\n{}\n{}\n\n",
        env!("CARGO_PKG_VERSION"),
        env!("CARGO_PKG_AUTHORS"),
        env!("CARGO_PKG_REPOSITORY"),
    )
}

/// Reads TCPVCon's options.
fn parse(options: &[OsString]) -> anyhow::Result<Request> {
    let mut request = Request::default();
    request.list.resolve = true;
    let mut is_csv = false;
    for option in options {
        let option = option.to_string_lossy();
        let Some(letters) = letters(&option) else {
            request.list.choice.words.push(option.into_owned());
            continue;
        };
        match letters.as_str() {
            "accepteula" => continue,
            "-help" => {
                request.is_help = true;
                continue;
            }
            "nobanner" => {
                request.has_no_banner = true;
                continue;
            }
            _ => {}
        }
        for letter in letters.chars() {
            match letter {
                'a' => request.list.scope.all = true,
                'c' => is_csv = true,
                'n' => request.list.resolve = false,
                '?' => request.is_help = true,
                _ => bail!("tcpvcon has no option `{option}`: tcpvcon -? shows them"),
            }
        }
    }
    if request.list.choice.words.len() > 1 {
        bail!("tcpvcon takes one process name or PID; sockeye takes several");
    }
    request.list.format = if is_csv { Format::TcpvconCsv } else { Format::Tcpvcon };
    Ok(request)
}

/// The letters of an option, in small; `None` for a name. What begins with a slash is an option
/// only where it can be one: `/usr/bin/cat` is not.
fn letters(option: &str) -> Option<String> {
    if let Some(letters) = option.strip_prefix('-') {
        return Some(letters.to_lowercase());
    }
    let letters = option.strip_prefix('/')?.to_lowercase();
    let is_word = matches!(letters.as_str(), "accepteula" | "nobanner");
    let is_bundle = letters.chars().all(|letter| "acn?".contains(letter));
    (is_word || is_bundle).then_some(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_called_by_its_name_wherever_it_lies() {
        let check = |name: &str, expected| assert_eq!(is_called_by(OsStr::new(name)), expected);
        check("tcpvcon", true);
        check("/usr/local/bin/tcpvcon", true);
        check("./TcpVcon.exe", true);
        check("sockeye", false);
        check("tcpvcon-old", false);
    }

    #[test]
    fn takes_the_options_of_tcpvcon() {
        let check = |line: &str, expected: &str| {
            let options: Vec<_> = line.split_whitespace().map(Into::into).collect();
            let shown = parse(&options).map_or_else(
                |error| error.to_string(),
                |request| {
                    let list = &request.list;
                    let flags = [
                        (list.scope.all, 'a'),
                        (list.format == Format::TcpvconCsv, 'c'),
                        (!list.resolve, 'n'),
                        (request.has_no_banner, 'b'),
                        (request.is_help, '?'),
                    ];
                    let set = flags.iter().filter(|(is_set, _)| *is_set).map(|(_, letter)| letter);
                    format!("{} {:?}", set.collect::<String>(), list.choice.words)
                },
            );
            assert_eq!(shown, expected, "{line}");
        };
        check("", " []");
        check("-a -c -n", "acn []");
        check("-anc", "acn []");
        check("-ANC svchost.exe", "acn [\"svchost.exe\"]");
        check("/a /c", "ac []");
        check("/anc 4711", "acn [\"4711\"]");
        check("-accepteula -nobanner nginx", "b [\"nginx\"]");
        check("/AcceptEula /NoBanner -a", "ab []");
        check("-?", "? []");
        check("/?", "? []");
        check("--help", "? []");
        check("/usr/bin/cat", " [\"/usr/bin/cat\"]");
        check("-x", "tcpvcon has no option `-x`: tcpvcon -? shows them");
        check("a b", "tcpvcon takes one process name or PID; sockeye takes several");
    }
}
