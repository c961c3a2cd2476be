//! What an interpreter really runs, read from its command line.

use alloc::borrow::Cow;
use alloc::vec::Vec;

/// How an interpreter's command line names what it runs.
struct Interpreter {
    /// Names of its images; a version may follow.
    names: &'static [&'static str],
    /// Options that have their argument in a word of its own.
    with_argument: &'static [&'static str],
    /// Options whose argument is what it runs: a jar, a module, a file.
    runs: &'static [&'static str],
    /// Options after which no file is run: the program stands on the command line itself.
    inline: &'static [&'static str],
    /// Words before what it runs.
    verbs: &'static [&'static str],
}

/// What most interpreters are.
const PLAIN: Interpreter =
    Interpreter { names: &[], with_argument: &[], runs: &[], inline: &[], verbs: &[] };

/// The interpreters and their options, by their own manuals: python(1), node(1), java(1), bash(1),
/// dash(1), perlrun(1), ruby(1), php(1), deno and bun `run --help`, dotnet(1), lua(1).
const INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        names: &["python", "pypy"],
        with_argument: &["-W", "-X", "--check-hash-based-pycs"],
        runs: &["-m"],
        inline: &["-c", "-"],
        ..PLAIN
    },
    Interpreter {
        names: &["node", "nodejs"],
        with_argument: &[
            "-r",
            "--require",
            "--import",
            "--loader",
            "--experimental-loader",
            "-C",
            "--conditions",
            "--env-file",
            "--title",
        ],
        inline: &["-e", "--eval", "-p", "--print", "-"],
        ..PLAIN
    },
    Interpreter {
        names: &["deno", "bun"],
        with_argument: &["-c", "--config", "--import-map", "--preload", "-r"],
        inline: &["-e", "eval", "-", "repl"],
        verbs: &["run", "serve", "x"],
        ..PLAIN
    },
    Interpreter {
        names: &["java"],
        with_argument: &[
            "-cp",
            "-classpath",
            "--class-path",
            "-p",
            "--module-path",
            "--upgrade-module-path",
            "--add-modules",
            "--add-exports",
            "--add-opens",
            "--add-reads",
            "--enable-native-access",
            "--source",
        ],
        runs: &["-jar", "-m", "--module"],
        ..PLAIN
    },
    Interpreter {
        names: &["bash", "sh", "dash", "zsh", "ksh", "mksh", "fish"],
        with_argument: &["-o", "+o", "-O", "+O", "--rcfile", "--init-file"],
        inline: &["-c", "-s", "-"],
        ..PLAIN
    },
    Interpreter { names: &["perl"], with_argument: &["-I"], inline: &["-e", "-E", "-"], ..PLAIN },
    Interpreter {
        names: &["ruby"],
        with_argument: &["-I", "-r", "-C", "-E"],
        inline: &["-e", "-"],
        ..PLAIN
    },
    Interpreter {
        names: &["php", "php-cgi"],
        with_argument: &["-c", "-d", "-z", "-t", "-S"],
        runs: &["-f", "--file", "-F"],
        inline: &["-r", "--run", "-"],
        ..PLAIN
    },
    Interpreter {
        names: &["dotnet"],
        with_argument: &["--runtimeconfig", "--depsfile", "--additionalprobingpath"],
        verbs: &["exec", "run"],
        ..PLAIN
    },
    Interpreter {
        names: &["lua", "luajit", "tclsh", "wish", "Rscript", "guile", "mono", "wine64"],
        with_argument: &["-l"],
        inline: &["-e", "-"],
        ..PLAIN
    },
];

/// What the process with this image and command line runs, if the image is an interpreter: a script
/// or jar as its command line names it, a module or a main class.
pub fn of<'a>(image: &str, command_line: &'a str) -> Option<Cow<'a, str>> {
    let interpreter = INTERPRETERS.iter().find(|one| one.is_called(image))?;
    interpreter.find(Words(command_line).skip(1))
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
            if self.runs.contains(&&*word) {
                return arguments.next();
            }
            if self.inline.contains(&&*word) || self.is_inline_bundle(&word) {
                return None;
            }
            if self.with_argument.contains(&&*word) {
                arguments.next();
            } else if word == "--" {
                return arguments.next();
            } else if may_be_verb && self.verbs.contains(&&*word) {
                may_be_verb = false;
            } else if !word.starts_with(['-', '+']) && !word.is_empty() {
                return Some(word);
            }
        }
        None
    }

    /// Whether short options in one word end in one after which no file is run: `bash -lc`.
    fn is_inline_bundle(&self, word: &str) -> bool {
        let is_bundle = word.len() > 2 && word.starts_with('-') && !word.starts_with("--");
        let letters = || word.chars().skip(1).all(|c| c.is_ascii_alphabetic());
        let last = word.chars().last();
        let ends = |option: &&&str| option.len() == 2 && option.chars().last() == last;
        is_bundle && self.names.contains(&"sh") && letters() && self.inline.iter().any(|o| ends(&o))
    }
}

/// The words of a command line as `Process::command_line` has it: separated by spaces, in single
/// quotes where a shell would need them, a single quote itself as `'\''`.
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
            let part;
            (part, rest) = match (rest.strip_prefix('\''), rest.strip_prefix("\\'")) {
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
            };
            parts.push(part);
        }
        self.0 = rest;
        Some(match parts.as_slice() {
            [word] => Cow::Borrowed(word),
            parts => Cow::Owned(parts.concat()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    #[test]
    fn interpreters_run_a_file_a_module_or_a_class() {
        let check = |image: &str, line: &str, expected: Option<&str>| {
            assert_eq!(of(image, line).as_deref(), expected, "{image}: {line}");
        };
        check("python3.11", "/usr/bin/python3 /srv/job.py --all", Some("/srv/job.py"));
        check("python3", "python3 -u -W ignore -X dev job.py", Some("job.py"));
        check("python3", "python3 -m http.server 80", Some("http.server"));
        check("python3", "python3 -c 'print(1)' x.py", None);
        check("node", "node --inspect -r ./hook.js 'my app/server.js'", Some("my app/server.js"));
        check("node", "node -e 0", None);
        check("deno", "deno run --allow-net main.ts", Some("main.ts"));
        check("bun", "bun server.ts", Some("server.ts"));
        check("java", "java -Xmx1g -jar /opt/x.jar run", Some("/opt/x.jar"));
        check("java", "java -cp a.jar:b.jar org.example.Main --x", Some("org.example.Main"));
        check("java", "java -p mods -m app/org.example.Main", Some("app/org.example.Main"));
        check("sh", "sh '/opt/my app/run.sh' x", Some("/opt/my app/run.sh"));
        check("bash", "bash -lc 'sleep 1'", None);
        check("bash", "bash -eu -o pipefail run.sh", Some("run.sh"));
        check("bash", "-bash", None);
        check("bash", "bash --rcfile /etc/rc", None);
        check("perl", "perl -w -I lib x.pl", Some("x.pl"));
        check("ruby3.1", "ruby3.1 -r json x.rb", Some("x.rb"));
        check("php8.2", "php8.2 -d a=b -f x.php", Some("x.php"));
        check("dotnet", "dotnet exec --depsfile d.json app.dll", Some("app.dll"));
        check("python.exe", "python.exe -- -x.py", Some("-x.py"));
        check("nginx", "nginx /etc/nginx.conf", None);
        check("shutdown", "shutdown now", None);
        check("python3", "python3", None);
        check("python3", "", None);
        check("java", "java -jar", None);
    }

    #[test]
    fn words_are_those_that_were_quoted() {
        let check = |line: &str, expected: &[&str]| {
            assert_eq!(Words(line).collect::<Vec<_>>(), expected, "{line}");
        };
        check("", &[]);
        check("  a  b ", &["a", "b"]);
        check("a '' b", &["a", "", "b"]);
        check(r"a 'it'\''s' b", &["a", "it's", "b"]);
        check("'a b'c d", &["a bc", "d"]);
        check("'never closed", &["never closed"]);
        check(r"C:\x \ y", &[r"C:\x", r"\", "y"]);
    }

    proptest::proptest! {
        #[test]
        fn any_line_ends(line in "[ '\\\\a-]{0,40}") {
            let words: Vec<String> = Words(&line).map(Cow::into_owned).collect();
            proptest::prop_assert!(words.len() <= line.len());
        }
    }
}
