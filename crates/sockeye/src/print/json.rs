//! JSON: the dotted column names as nested objects, one object a line; absent values left out.

use std::cell::OnceCell;
use std::io::{self, Write};

use sockeye_core::column::{Cost, Kind};
use sockeye_core::{Column, Row, Value};

use super::Sheet;
use super::cell::{Cells, put_address, put_number};
use super::escape;
use super::stream::{BLOCK, stream};

/// Prints one object a line.
pub(super) fn print_lines(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let plan = plan(sheet.columns);
    let render = |rows: &[Row<'_>], buf: &mut Vec<u8>| {
        let mut writer = Writer::new(&plan);
        for row in rows {
            writer.put_object(buf, row);
            buf.push(b'\n');
        }
    };
    stream(sheet.rows, BLOCK, render, out)
}

/// Prints one array, an object a line.
pub(super) fn print_array(sheet: &Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Some((first, rest)) = sheet.rows.split_first() else {
        return out.write_all(b"[]\n");
    };
    let plan = plan(sheet.columns);
    let mut head = b"[\n".to_vec();
    Writer::new(&plan).put_object(&mut head, first);
    out.write_all(&head)?;
    let render = |rows: &[Row<'_>], buf: &mut Vec<u8>| {
        let mut writer = Writer::new(&plan);
        for row in rows {
            buf.extend_from_slice(b",\n");
            writer.put_object(buf, row);
        }
    };
    stream(rest, BLOCK, render, out)?;
    out.write_all(b"\n]\n")
}

/// One step on the way through an object.
pub(super) enum Step {
    /// Begins a nested object: `"network":{`.
    Open(Vec<u8>),
    /// Ends it.
    Close,
    /// A member: `"pid":` and the column that its value comes from.
    Member(Vec<u8>, &'static Column),
}

/// The steps that write an object with `columns`, members of one parent together.
pub(super) fn plan(columns: &[&'static Column]) -> Vec<Step> {
    let mut steps = Vec::new();
    let members: Vec<_> = columns.iter().map(|column| (column.name, *column)).collect();
    nest(&members, &mut steps);
    steps
}

/// Appends the steps for `members`, each with the rest of its dotted name.
fn nest(members: &[(&'static str, &'static Column)], steps: &mut Vec<Step>) {
    let mut parents = Vec::new();
    for (name, column) in members {
        let Some((parent, _)) = name.split_once('.') else {
            steps.push(Step::Member(format!("\"{name}\":").into_bytes(), column));
            continue;
        };
        if parents.contains(&parent) {
            continue;
        }
        parents.push(parent);
        let children = members.iter().filter_map(|(name, column)| {
            Some((name.strip_prefix(parent)?.strip_prefix('.')?, *column))
        });
        steps.push(Step::Open(format!("\"{parent}\":{{").into_bytes()));
        nest(&children.collect::<Vec<_>>(), steps);
        steps.push(Step::Close);
    }
}

/// Writes objects by a plan.
pub(super) struct Writer<'p> {
    plan: &'p [Step],
    /// Where each nested object that is open begins, so that an empty one can be taken back.
    starts: Vec<usize>,
    cells: Cells,
    /// The steps that write another holder, made when the first one is met.
    holder: OnceCell<Vec<Step>>,
}

impl<'p> Writer<'p> {
    pub(super) fn new(plan: &'p [Step]) -> Self {
        let starts = Vec::new();
        Self { plan, starts, cells: Cells::default(), holder: OnceCell::new() }
    }

    /// Appends one object. Every member is followed by a comma until its object ends.
    pub(super) fn put_object(&mut self, buf: &mut Vec<u8>, row: &Row<'_>) {
        buf.push(b'{');
        for step in self.plan {
            match step {
                Step::Open(key) => {
                    self.starts.push(buf.len());
                    buf.extend_from_slice(key);
                }
                Step::Close => {
                    let start = self.starts.pop().unwrap_or_default();
                    if buf.last() == Some(&b',') {
                        end_with(buf, b'}');
                        buf.push(b',');
                    } else {
                        buf.truncate(start);
                    }
                }
                Step::Member(key, column) => {
                    let value = column.value(row);
                    if !value.is_absent() {
                        buf.extend_from_slice(key);
                        self.put_value(buf, &value);
                        buf.push(b',');
                    }
                }
            }
        }
        end_with(buf, b'}');
    }

    /// Appends another holder: what the columns below `process` say of it.
    fn put_holder(&self, buf: &mut Vec<u8>, row: &Row<'_>) {
        let plan = self.holder.get_or_init(|| {
            let facts = Column::all().iter().filter(|column| column.cost == Cost::Owners);
            let named = facts.filter_map(|c| Some((c.name.strip_prefix("process.")?, c)));
            let members: Vec<_> = named.filter(|(_, c)| c.kind != Kind::List).collect();
            let mut steps = Vec::new();
            nest(&members, &mut steps);
            steps
        });
        Writer::new(plan).put_object(buf, row);
    }

    /// Appends a value that is there.
    fn put_value(&mut self, buf: &mut Vec<u8>, value: &Value<'_>) {
        match value {
            Value::Absent => buf.extend_from_slice(b"null"),
            Value::Word(text) => put_quoted(buf, |buf| buf.extend_from_slice(text.as_bytes())),
            Value::Text(text) => escape::json(buf, text),
            Value::Number(number) => put_number(buf, *number),
            Value::Time(time) => put_quoted(buf, |buf| self.cells.put_time(buf, *time)),
            Value::Address(address) | Value::Socket(address, _) if address.interface.is_some() => {
                escape::json(buf, &value.to_string());
            }
            Value::Address(_) | Value::Socket(..) => {
                put_quoted(buf, |buf| put_address(buf, value));
            }
            Value::Holder(row) => self.put_holder(buf, row),
            Value::List(values) => {
                buf.push(b'[');
                for value in values {
                    self.put_value(buf, value);
                    buf.push(b',');
                }
                end_with(buf, b']');
            }
        }
    }
}

/// Appends what `put` appends, in quotes; for text that needs no escapes.
fn put_quoted(buf: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    buf.push(b'"');
    put(buf);
    buf.push(b'"');
}

/// Appends `end` in place of the comma after the last member, if there is one.
fn end_with(buf: &mut Vec<u8>, end: u8) {
    buf.pop_if(|last| *last == b',');
    buf.push(end);
}
