//! `sockeye doctor`: what can be seen here, what not, why, and what mends it.

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use sockeye_os::support::{self, Finding, Status as Health};

use super::Status;
use super::args::DoctorArgs;
use super::console::Console;
use sockeye_print::{Layout, Palette, escape_json, escaped, paragraph};

/// How the report is printed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum)]
pub(super) enum DoctorFormat {
    /// For people.
    #[default]
    Text,
    /// One object.
    Json,
}

/// Reports. What is missing is an answer, not an error.
pub(super) fn run(args: &DoctorArgs, console: &mut Console) -> anyhow::Result<Status> {
    let findings = support::examine();
    let report = match args.format {
        DoctorFormat::Text => text(&findings, console.layout),
        DoctorFormat::Json => json(&findings),
    };
    console.print(|out| out.write_all(&report))?;
    Ok(Status::Found)
}

/// A line for each finding with its reason below; commands stand unbroken, to be copied.
fn text(findings: &[Finding], layout: Layout) -> Vec<u8> {
    let mut buf = Vec::new();
    for finding in findings {
        let style = match layout.palette {
            Palette::Plain => Style::new(),
            Palette::Ansi => style(finding.status),
        };
        let (word, title) = (finding.status.id(), finding.title);
        buf.extend(format!("{style}{word:<7}{style:#}  {title}\n").bytes());
        let mut detail = escaped(&finding.detail);
        detail.push('.');
        paragraph(&mut buf, layout, &detail);
        if let Some(remedy) = &finding.remedy {
            buf.extend(format!("    $ {}\n", escaped(remedy)).bytes());
        }
    }
    buf
}

/// The colour of a word; like those of states.
fn style(health: Health) -> Style {
    match health {
        Health::Works => AnsiColor::Green.on_default(),
        Health::Limited => AnsiColor::Yellow.on_default(),
        Health::Missing => AnsiColor::Red.on_default(),
    }
}

/// `{"findings":[…]}`, a finding a line.
fn json(findings: &[Finding]) -> Vec<u8> {
    let mut buf = b"{\"findings\":[".to_vec();
    for (index, finding) in findings.iter().enumerate() {
        buf.extend_from_slice(if index == 0 { b"\n{" } else { b",\n{" });
        let members = [
            ("capability", Some(finding.capability)),
            ("title", Some(finding.title)),
            ("status", Some(finding.status.id())),
            ("detail", Some(&*finding.detail)),
            ("remedy", finding.remedy.as_deref()),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                let comma = if name == "capability" { "" } else { "," };
                buf.extend(format!("{comma}\"{name}\":").bytes());
                escape_json(&mut buf, value);
            }
        }
        buf.push(b'}');
    }
    buf.extend_from_slice(b"\n]}\n");
    buf
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_print::Ports;

    fn findings() -> Vec<Finding> {
        let finding = |status, detail: &str, remedy: Option<&str>| Finding {
            capability: "owners",
            title: "Owners of endpoints",
            status,
            detail: detail.into(),
            remedy: remedy.map(Into::into),
        };
        let long =
            "user 7 (\u{1b}[2J) has none of what it takes to look at the processes of others";
        vec![
            finding(Health::Works, "all of them", None),
            finding(Health::Missing, long, Some("sudo sockeye")),
        ]
    }

    #[test]
    fn text_fits_and_hides_nothing() {
        let layout = Layout {
            width: 60,
            is_terminal: false,
            palette: Palette::Plain,
            ports: Ports::Numeric,
        };
        let shown = String::from_utf8(text(&findings(), layout)).unwrap();
        let expected = concat!(
            "works    Owners of endpoints\n",
            "    all of them.\n",
            "missing  Owners of endpoints\n",
            "    user 7 (\\u{1b}[2J) has none of what it takes to look at\n",
            "    the processes of others.\n",
            "    $ sudo sockeye\n",
        );
        assert_eq!(shown, expected);
    }

    #[test]
    fn json_is_one_object() {
        let shown: serde_json::Value = serde_json::from_slice(&json(&findings())).unwrap();
        let findings = shown["findings"].as_array().unwrap();
        assert_eq!(findings[0]["status"], "works");
        assert_eq!(findings[0].get("remedy"), None);
        assert_eq!(findings[1]["remedy"], "sudo sockeye");
        let empty: serde_json::Value = serde_json::from_slice(&json(&[])).unwrap();
        assert_eq!(empty["findings"].as_array().unwrap().len(), 0);
    }
}
