//! The interpreters and their options, by their own manuals.

use super::Meaning::{Among, Argument, Attached, End, Next, NoFile, Runs};
use super::{Interpreter, PLAIN};

/// python(1), node(1), deno and bun `run --help`, java(1), bash(1), dash(1), zshoptions(1), ksh(1),
/// fish(1), perlrun(1), ruby(1), php(1), dotnet(1), lua(1), tclsh(1), Rscript(1), guile(1), mono(1).
pub(super) const INTERPRETERS: &[Interpreter] = &[
    PYTHON, NODE, DENO, BUN, JAVA, SHELL, ZSH, FISH, PERL, RUBY, PHP, DOTNET, LUA, TCL, RSCRIPT,
    GUILE, MONO,
];

const PYTHON: Interpreter = Interpreter {
    names: &["python", "pypy"],
    letters: &[(Argument, "WX"), (Runs, "m"), (NoFile, "c")],
    words: &[(Argument, &["--check-hash-based-pycs"]), (End, &["--"])],
    ..PLAIN
};

/// Its short options stand alone; those that take a value, by `node --help` of versions 20 to 24.
const NODE: Interpreter = Interpreter {
    names: &["node", "nodejs"],
    words: &[
        (NoFile, &["-e", "--eval", "-p", "--print", "-pe", "--run"]),
        (End, &["--"]),
        (
            Argument,
            &[
                "-r",
                "--require",
                "--import",
                "--loader",
                "--experimental-loader",
                "-C",
                "--conditions",
                "--env-file",
                "--env-file-if-exists",
                "--title",
                "--allow-fs-read",
                "--allow-fs-write",
                "--build-snapshot-config",
                "--cpu-prof-dir",
                "--cpu-prof-interval",
                "--cpu-prof-name",
                "--diagnostic-dir",
                "--disable-proto",
                "--disable-warning",
                "--dns-result-order",
                "--experimental-config-file",
                "--experimental-default-type",
                "--experimental-policy",
                "--experimental-sea-config",
                "--heap-prof-dir",
                "--heap-prof-interval",
                "--heap-prof-name",
                "--heapsnapshot-near-heap-limit",
                "--heapsnapshot-signal",
                "--icu-data-dir",
                "--input-type",
                "--inspect-port",
                "--inspect-publish-uid",
                "--localstorage-file",
                "--max-http-header-size",
                "--network-family-autoselection-attempt-timeout",
                "--openssl-config",
                "--policy-integrity",
                "--redirect-warnings",
                "--report-dir",
                "--report-directory",
                "--report-filename",
                "--report-signal",
                "--secure-heap",
                "--secure-heap-min",
                "--snapshot-blob",
                "--test-concurrency",
                "--test-name-pattern",
                "--test-reporter",
                "--test-reporter-destination",
                "--test-shard",
                "--test-timeout",
                "--tls-cipher-list",
                "--tls-keylog",
                "--trace-event-categories",
                "--trace-event-file-pattern",
                "--trace-require-module",
                "--unhandled-rejections",
                "--use-largepages",
                "--watch-path",
            ],
        ),
    ],
    verbs: &["inspect"],
    ..PLAIN
};

/// Options whose argument may be left out take it behind `=` alone.
const DENO: Interpreter = Interpreter {
    names: &["deno"],
    letters: &[(Argument, "cL")],
    words: &[
        (
            NoFile,
            &[
                "eval", "repl", "task", "test", "bench", "install", "add", "remove", "cache",
                "compile", "fmt", "lint", "check", "doc", "lsp", "jupyter", "upgrade",
            ],
        ),
        (
            Argument,
            &[
                "--config",
                "--import-map",
                "--preload",
                "--require",
                "--cert",
                "--location",
                "--seed",
                "--ext",
                "--log-level",
                "--port",
                "--host",
                "--minimum-dependency-age",
            ],
        ),
        (End, &["--"]),
    ],
    verbs: &["run", "serve"],
    ..PLAIN
};

const BUN: Interpreter = Interpreter {
    names: &["bun"],
    letters: &[(Argument, "rdluF"), (Attached, "c"), (NoFile, "ep")],
    words: &[
        (
            NoFile,
            &[
                "--eval", "--print", "repl", "test", "build", "create", "init", "install", "add",
                "remove", "update", "outdated", "link", "unlink", "publish", "patch", "pm",
                "audit", "upgrade",
            ],
        ),
        (
            Argument,
            &[
                "--preload",
                "--require",
                "--import",
                "--cwd",
                "--port",
                "--conditions",
                "--define",
                "--drop",
                "--env-file",
                "--extension-order",
                "--filter",
                "--install",
                "--jsx-factory",
                "--jsx-fragment",
                "--jsx-import-source",
                "--jsx-runtime",
                "--loader",
                "--main-fields",
                "--origin",
                "--shell",
                "--title",
                "--tsconfig-override",
            ],
        ),
        (End, &["--"]),
    ],
    verbs: &["run", "x"],
    ..PLAIN
};

/// Its options with one dash are words too: `-cp`, `-jar`, `-Xmx1g`, `-Dname=value`.
const JAVA: Interpreter = Interpreter {
    names: &["java"],
    words: &[
        (
            Argument,
            &[
                "-cp",
                "-classpath",
                "--class-path",
                "-p",
                "--module-path",
                "--upgrade-module-path",
                "--add-modules",
                "--limit-modules",
                "--patch-module",
                "--add-exports",
                "--add-opens",
                "--add-reads",
                "--enable-native-access",
                "--source",
            ],
        ),
        (Runs, &["-jar", "-m", "--module"]),
    ],
    has_argument_files: true,
    ..PLAIN
};

/// A dash alone ends the options like two (bash(1), dash(1)).
const SHELL: Interpreter = Interpreter {
    names: &["bash", "sh", "dash"],
    letters: &[(Next, "oO"), (NoFile, "cs")],
    words: &[(Argument, &["--rcfile", "--init-file"]), (End, &["-", "--"])],
    has_plus: true,
    ..PLAIN
};

const ZSH: Interpreter = Interpreter {
    names: &["zsh", "ksh", "mksh"],
    letters: &[(Argument, "o"), (NoFile, "cs")],
    words: &[(Argument, &["--emulate"]), (End, &["-", "--"])],
    has_plus: true,
    ..PLAIN
};

const FISH: Interpreter = Interpreter {
    names: &["fish"],
    letters: &[(Argument, "CdDfop"), (NoFile, "c")],
    words: &[
        (
            Argument,
            &[
                "--init-command",
                "--debug",
                "--debug-output",
                "--debug-stack-frames",
                "--features",
                "--profile",
                "--profile-startup",
            ],
        ),
        (NoFile, &["--command"]),
        (End, &["--"]),
    ],
    ..PLAIN
};

/// `-C` takes some letters of its own; octal digits behind `-0` and `-l` are no letters.
const PERL: Interpreter = Interpreter {
    names: &["perl"],
    letters: &[
        (Argument, "I"),
        (Attached, "DFiMmVx"),
        (Among("IOEioADSLa0123456789"), "C"),
        (NoFile, "eE"),
    ],
    words: &[(End, &["--"])],
    ..PLAIN
};

const RUBY: Interpreter = Interpreter {
    names: &["ruby"],
    letters: &[(Argument, "ICErX"), (Attached, "FiKx"), (NoFile, "e")],
    words: &[
        (
            Argument,
            &[
                "--encoding",
                "--external-encoding",
                "--internal-encoding",
                "--enable",
                "--disable",
                "--dump",
                "--backtrace-limit",
                "--crash-report",
                "--parser",
            ],
        ),
        (End, &["--"]),
    ],
    ..PLAIN
};

/// Behind two dashes are the arguments of what comes from standard input.
const PHP: Interpreter = Interpreter {
    names: &["php", "php-cgi"],
    letters: &[(Argument, "cdzStT"), (Runs, "fF"), (NoFile, "rBRE")],
    words: &[
        (
            Argument,
            &["--php-ini", "--define", "--zend-extension", "--server", "--docroot", "--timing"],
        ),
        (Runs, &["--file", "--process-file"]),
        (NoFile, &["--run", "--process-begin", "--process-code", "--process-end", "--"]),
    ],
    ..PLAIN
};

/// What is no assembly is a command: `dotnet run`, `dotnet build`.
const DOTNET: Interpreter = Interpreter {
    names: &["dotnet"],
    words: &[(
        Argument,
        &[
            "--runtimeconfig",
            "--depsfile",
            "--additionalprobingpath",
            "--additional-deps",
            "--fx-version",
            "--roll-forward",
            "--roll-forward-on-no-candidate-fx",
        ],
    )],
    verbs: &["exec"],
    endings: &[".dll", ".exe", ".DLL", ".EXE"],
    ..PLAIN
};

/// A script may follow the statements of `-e`.
const LUA: Interpreter = Interpreter {
    names: &["lua", "luajit"],
    letters: &[(Argument, "elj"), (Attached, "O"), (NoFile, "b")],
    words: &[(End, &["--"])],
    ..PLAIN
};

const TCL: Interpreter =
    Interpreter { names: &["tclsh", "wish"], words: &[(Argument, &["-encoding"])], ..PLAIN };

const RSCRIPT: Interpreter =
    Interpreter { names: &["Rscript"], words: &[(NoFile, &["-e"]), (Argument, &["-g"])], ..PLAIN };

const GUILE: Interpreter = Interpreter {
    names: &["guile"],
    words: &[(Argument, &["-L", "-C", "-l", "-e", "-x"]), (Runs, &["-s"]), (NoFile, &["-c", "--"])],
    ..PLAIN
};

const MONO: Interpreter =
    Interpreter { names: &["mono", "wine64"], words: &[(Argument, &["--config"])], ..PLAIN };
