//! What Windows' tables cost once the system has written them, measured here, by a recording.

use anyhow::Context as _;

use super::page::Target;
use crate::run;

/// What the example of `sockeye-os` printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tables {
    /// Decoding, assembling and comparing, µs.
    took_us: u32,
    /// Looking once at each byte that tells something, µs.
    floor_us: u32,
    rows: u32,
    changes: u32,
}

/// Runs the example.
pub(super) fn measure(program: &str) -> anyhow::Result<Tables> {
    Tables::parse(&run::output(&[program])?)
}

impl Tables {
    fn parse(printed: &str) -> anyhow::Result<Self> {
        let numbers: Result<Vec<u32>, _> = printed.split_whitespace().map(str::parse).collect();
        let [took_us, floor_us, rows, changes] =
            numbers?.try_into().ok().context("four numbers were to be printed")?;
        Ok(Self { took_us, floor_us, rows, changes })
    }

    fn took_ms(self) -> f64 {
        f64::from(self.took_us) / 1e3
    }

    fn ratio(self) -> f64 {
        f64::from(self.took_us) / f64::from(self.floor_us)
    }
}

/// The section of the page.
pub(super) fn table(tables: &anyhow::Result<Tables>) -> String {
    let mut table = String::from(
        "\n## Windows' tables\n\n\
         A recording laid out as Windows writes its tables (TCP and UDP over IPv4 and IPv6, with owners, times\n\
         and services), on this machine, in one thread: decoded, made a snapshot, and compared with another\n\
         one. The floor looks once at each byte that tells something. What Windows takes to write the tables\n\
         is not in it.\n\n\
         | what | measured |\n|---|---:|\n",
    );
    let lines = match tables {
        Ok(tables) => vec![
            ("rows", tables.rows.to_string()),
            ("changes found", tables.changes.to_string()),
            ("decoded, assembled and compared", format!("{:.1} ms", tables.took_ms())),
            ("time against the floor", format!("{:.2}×", tables.ratio())),
        ],
        Err(error) => vec![("recorded tables", format!("not measured: {error}"))],
    };
    for (what, measured) in lines {
        table.push_str(&format!("| {what} | {measured} |\n"));
    }
    table
}

/// What Sockeye promises of it.
pub(super) fn target(tables: &anyhow::Result<Tables>) -> Target {
    Target {
        promise: "100,000 rows of Windows' tables are decoded and compared within 60 ms",
        measured: tables.as_ref().ok().filter(|tables| tables.rows >= 100_000).map(|t| t.took_ms()),
        unit: " ms",
        is_met: |ms| ms < 60.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_told_and_judged() {
        let check = |printed: &str, is_met: bool, line: &str| {
            let tables = Tables::parse(printed);
            let target = target(&tables);
            let table = table(&tables);
            assert_eq!(target.measured.is_some_and(target.is_met), is_met, "{printed}");
            assert!(table.contains(line), "{table}");
        };
        check("59900 10000 100000 1000\n", true, "| time against the floor | 5.99× |");
        check("60000 10000 100000 1000\n", false, "| changes found | 1000 |");
        check("100 10 99999 1000\n", false, "| rows | 99999 |");
        check("100 10 100000\n", false, "not measured: four numbers");
        check("", false, "not measured");
    }
}
