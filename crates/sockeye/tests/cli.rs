//! The binary from outside, as far as it goes without looking at the machine: exit status, messages,
//! streams that end early.

#[cfg(target_os = "linux")]
use std::fs::File;
use std::io::Read;
use std::process::{Command, Output, Stdio};

fn sockeye() -> Command {
    Command::new(env!("CARGO_BIN_EXE_sockeye"))
}

fn run(line: &str) -> Output {
    sockeye().args(line.split_whitespace()).output().expect("the binary was built with the tests")
}

#[test]
fn help_succeeds_and_mistakes_are_one_message_with_status_2() {
    let check = |line: &str, status, on_stderr: &str| {
        let output = run(line);
        assert_eq!(output.status.code(), Some(status), "{line}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.starts_with(on_stderr), "{line}: {stderr}");
        assert_eq!(stderr.is_empty(), on_stderr.is_empty(), "{line}: {stderr}");
    };
    check("--help", 0, "");
    check("-V", 0, "");
    check("columns", 0, "");
    check("help", 0, "");
    check("help close", 0, "");
    check("-nnaa --format csv -f csv local.port=80", 2, "sockeye: \"local.port=80\" looks like");
    check("-i :8080", 2, "sockeye: there is no -i as in lsof: write sockeye -a --filter 'port = ");
    check("-r --replay x", 2, "sockeye: the argument '--resolve' cannot be used with '--replay");
    check("--nonsense", 2, "sockeye: unexpected argument '--nonsense' found");
    check("--columns prot", 2, "sockeye: there is no column `prot`: did you mean `proto`?\n");
    check("-a list", 2, "sockeye: `list` is a command and comes first");
    check("close", 2, "sockeye: say what to close");
    check("end", 2, "sockeye: say what to end");
    check("dump", 2, "sockeye: the following required arguments were not provided");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    for line in ["columns", "--help", "completions bash"] {
        let mut child = sockeye()
            .args(line.split(' '))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""), "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    for line in ["columns", "--help"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = sockeye().args(line.split(' ')).stdout(full).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.starts_with("sockeye: cannot write to standard output: "), "{stderr}");
        assert_eq!(output.status.code(), Some(2), "{line}");
    }
}

#[test]
fn every_generated_document_is_whole() {
    let check = |what: &str, expected: &[&str]| {
        let output = run(&format!("generate {what}"));
        let text = String::from_utf8(output.stdout).unwrap();
        for part in expected {
            assert!(text.contains(part), "{what}: {part} in {text}");
        }
    };
    let sections = [
        "EXAMPLES",
        "\"EXIT STATUS\"",
        "ENVIRONMENT",
        "FILES",
        "COMMANDS",
        "FILTERS",
        "COLUMNS",
        "STATES",
        "\"ENDPOINTS WITHOUT AN OWNER\"",
    ];
    check("man", &sections.map(|title| format!(".SH {title}")).each_ref().map(String::as_str));
    check("cli", &["## sockeye close", "`--filter <EXPR>`", "`tcpvcon-csv`", "Exit status:"]);
    for shell in ["bash", "zsh", "fish", "powershell"] {
        // PowerShell's generator knows no values.
        let column = if shell == "powershell" { "columns" } else { "remote.port" };
        check(&format!("completions {shell}"), &["sockeye", "anonymize", column]);
        let text = String::from_utf8(run(&format!("completions {shell}")).stdout).unwrap();
        assert!(!text.contains("generate"), "{shell}");
    }
}
