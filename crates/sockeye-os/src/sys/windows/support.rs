//! What can be done here: each thing is tried, changing nothing.

use sockeye_core::degradation::number_of;

use super::act::may_close_ipv6;
use super::estats;
use super::facts::open;
use super::library::wine;
use super::list::list;
use super::privilege::{is_elevated, may_look_at_all};
use super::services::{self, Services};
use super::tables::Tables;
use super::trace::Trace;
use super::version::version;
use crate::decode::Table;
use crate::decode::iphlp::decode_table;
use crate::error::plain;
use crate::support::{Finding, Status};

/// Starts a console with an administrator's rights.
const ELEVATE: &str = "powershell -Command \"Start-Process cmd -Verb RunAs\"";

/// The system's version, as it counts itself.
pub(crate) fn kernel_release() -> String {
    version()
}

/// See [`crate::support::examine`].
pub(crate) fn examine() -> Vec<Finding> {
    let mut tables = Tables::new();
    vec![
        examine_system(),
        examine_tables(&mut tables),
        examine_second(&tables),
        examine_events(),
        examine_owners(),
        examine_services(),
        examine_metrics(),
        examine_close(),
        examine_end(),
    ]
}

fn found(
    (capability, title): (&'static str, &'static str),
    status: Status,
    detail: impl Into<String>,
) -> Finding {
    Finding { capability, title, status, detail: detail.into(), remedy: None }
}

/// With the command that helps whoever is no administrator yet.
fn elevate(finding: Finding) -> Finding {
    let helps = finding.status != Status::Works && !is_elevated();
    Finding { remedy: helps.then(|| ELEVATE.to_owned()), ..finding }
}

fn examine_system() -> Finding {
    let probe = ("system", "This operating system");
    let (version, architecture) = (version(), std::env::consts::ARCH);
    match wine() {
        None => found(probe, Status::Works, format!("Windows {version} on {architecture}")),
        Some(wine) => {
            let detail = format!(
                "Wine {wine}, as Windows {version} on {architecture}: it lists the sockets of the \
                 Linux below it, and knows the owners of few"
            );
            found(probe, Status::Limited, detail)
        }
    }
}

fn examine_tables(tables: &mut Tables) -> Finding {
    let probe = ("iphlpapi", "Tables of the IP Helper");
    let (mut read, mut refused) = (Vec::new(), Vec::new());
    for table in Table::ALL {
        match tables.read(table) {
            Ok(answer) => {
                let rows = decode_table(table, answer.form, &answer.bytes).rows;
                read.push(format!("{} {}", rows.len(), table.name()));
            }
            Err(error) => refused.push(format!("{}: {}", table.name(), error.reason)),
        }
    }
    match (read.is_empty(), refused.is_empty()) {
        (_, true) => found(probe, Status::Works, format!("endpoints: {}", read.join(", "))),
        (true, _) => found(probe, Status::Missing, refused.join("; ")),
        _ => found(probe, Status::Limited, format!("cannot be read: {}", refused.join("; "))),
    }
}

fn examine_second(tables: &Tables) -> Finding {
    let probe = ("bound", "Bound sockets, and remotes of UDP");
    let missing: Vec<&str> = tables.missing().collect();
    if missing.is_empty() {
        let detail = "TCP that is only bound is listed, and UDP with its remotes";
        return found(probe, Status::Works, detail);
    }
    let detail = format!(
        "TCP that is only bound is not listed, or UDP shows no remote; not here: {}",
        missing.join(", ")
    );
    found(probe, Status::Limited, detail)
}

fn examine_events() -> Finding {
    let probe = ("events", "Events as they happen");
    match Trace::start() {
        Ok(_) => {
            let detail = "connections when they open and end, with their bytes, and whom UDP speaks \
                          with, by a tracing session (ETW); all else by looking every interval";
            found(probe, Status::Works, detail)
        }
        Err(error) => {
            let detail = format!(
                "sockeye watch looks every interval and may miss connections that are shorter: {}",
                error.reason
            );
            elevate(found(probe, Status::Limited, detail))
        }
    }
}

fn examine_owners() -> Finding {
    let probe = ("owners", "Owners of endpoints");
    let may_look = may_look_at_all();
    let listed = match list() {
        Ok(listed) => listed,
        Err(error) => return found(probe, Status::Missing, plain(&error)),
    };
    let denied = listed.values().filter(|process| open(process).is_err()).count();
    let all = number_of(listed.len(), "process", "processes");
    if may_look {
        let detail = format!("{all}, and SeDebugPrivilege to look at them");
        return found(probe, Status::Works, detail);
    }
    let denied = number_of(denied, "process has", "processes have");
    let detail = format!(
        "{all}, by name; without SeDebugPrivilege {denied} no path, command line and user to be seen"
    );
    elevate(found(probe, Status::Limited, detail))
}

fn examine_services() -> Finding {
    let probe = ("services", "Services of endpoints");
    let services: usize = services::by_process().values().map(Vec::len).sum();
    let running = number_of(services, "service runs", "services run");
    let missing = Services::new().missing();
    match (services, missing.is_empty()) {
        (0, _) => found(probe, Status::Missing, "the service control manager names none"),
        (_, true) => {
            found(probe, Status::Works, format!("{running}; each endpoint says which made it"))
        }
        (_, false) => {
            let detail = format!(
                "{running}; endpoints show all services of their process; not here: {}",
                missing.join(", ")
            );
            found(probe, Status::Limited, detail)
        }
    }
}

fn examine_metrics() -> Finding {
    let probe = ("metrics", "Measurements of TCP");
    let missing = estats::missing();
    if !missing.is_empty() {
        let detail = format!(
            "connections show no bytes, packets and round-trip times; not here: {}",
            missing.join(", ")
        );
        return found(probe, Status::Missing, detail);
    }
    let finding = if is_elevated() {
        let detail = "sockeye watch has connections counted from when it sees them; a list shows what \
                      is counted already";
        found(probe, Status::Works, detail)
    } else {
        let detail = "a list shows what is counted already; only an administrator's watch has \
                      connections counted";
        found(probe, Status::Limited, detail)
    };
    elevate(finding)
}

fn examine_close() -> Finding {
    let probe = ("close", "Closing connections");
    let finding = match (wine().is_some(), is_elevated(), may_close_ipv6()) {
        (true, ..) => found(probe, Status::Missing, "Wine says yes, and closes nothing"),
        (_, false, _) => {
            found(probe, Status::Missing, "only an administrator may close connections")
        }
        (_, true, true) => found(probe, Status::Works, "TCP over IPv4 and IPv6"),
        (_, true, false) => {
            let detail = "TCP over IPv4 alone: this system has no NsiSetAllParameters";
            found(probe, Status::Limited, detail)
        }
    };
    elevate(finding)
}

fn examine_end() -> Finding {
    let probe = ("end", "Ending processes");
    let finding = if is_elevated() && may_look_at_all() {
        found(probe, Status::Works, "every process that is not protected")
    } else {
        found(probe, Status::Limited, "this user's own processes")
    };
    elevate(finding)
}
