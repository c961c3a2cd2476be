//! JSON: the dotted column names as nested objects, one object a line; absent values left out.

use std::cell::OnceCell;
use std::io::{self, Write};

use sockeye_core::column::{Cost, Kind};
use sockeye_core::{Column, ProcessId, Row, Value};

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

/// Appends one object with `columns` of `row`.
pub(super) fn put_row(buf: &mut Vec<u8>, columns: &[&'static Column], row: &Row<'_>) {
    Writer::new(&plan(columns)).put_object(buf, row);
}

/// One value as JSON.
pub(super) fn written(value: &Value<'_>) -> Vec<u8> {
    let mut buf = Vec::new();
    Writer::new(&[]).put_value(&mut buf, value);
    buf
}

/// One step on the way through an object.
pub(super) enum Step {
    /// Begins a nested object: `"network":{`.
    Open(Vec<u8>),
    /// Ends it.
    Close,
    /// A member: `"pid":` and the column that its value comes from.
    Member(Vec<u8>, &'static Column),
    /// So many steps follow that write the same for every row of one process.
    OfProcess(usize),
}

/// The steps that write an object with `columns`, members of one parent together.
pub(super) fn plan(columns: &[&'static Column]) -> Vec<Step> {
    let mut steps = Vec::new();
    let members: Vec<_> = columns.iter().map(|column| (column.name, *column)).collect();
    nest(&members, &mut steps);
    mark_processes(steps)
}

/// Marks the longest runs of steps that write whole members and objects about the process alone.
fn mark_processes(steps: Vec<Step>) -> Vec<Step> {
    let runs = (0..steps.len()).map(|first| run_of_process(steps.get(first..).unwrap_or_default()));
    let lengths: Vec<usize> = runs.collect();
    let mut marked = Vec::with_capacity(steps.len() + 4);
    let mut covered = 0;
    for (index, (step, length)) in steps.into_iter().zip(lengths).enumerate() {
        if index >= covered && length > 1 {
            marked.push(Step::OfProcess(length));
            covered = index + length;
        }
        marked.push(step);
    }
    marked
}

/// How many of `steps`, from the first on, are of one process, with every object whole.
fn run_of_process(steps: &[Step]) -> usize {
    let (mut depth, mut length) = (0_usize, 0);
    for (index, step) in steps.iter().enumerate() {
        match step {
            Step::Open(_) => depth += 1,
            Step::Close if depth > 0 => depth -= 1,
            Step::Member(_, column) if column.is_of_process => {}
            Step::Close | Step::Member(..) | Step::OfProcess(_) => break,
        }
        if depth == 0 {
            length = index + 1;
        }
    }
    length
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
    /// What the last row's process was, and what each run of steps about it wrote.
    process: Option<ProcessId>,
    written: Vec<Vec<u8>>,
    /// The steps that write another holder, made when the first one is met.
    holder: OnceCell<Vec<Step>>,
}

impl<'p> Writer<'p> {
    pub(super) fn new(plan: &'p [Step]) -> Self {
        Self {
            plan,
            starts: Vec::new(),
            cells: Cells::default(),
            process: None,
            written: Vec::new(),
            holder: OnceCell::new(),
        }
    }

    /// Appends one object. Every member is followed by a comma until its object ends.
    pub(super) fn put_object(&mut self, buf: &mut Vec<u8>, row: &Row<'_>) {
        let process = row.owner.map(|owner| owner.process).filter(|_| row.speaks_for_process());
        let is_repeated = process.is_some() && process == self.process;
        if !is_repeated {
            self.process = process;
            self.written.clear();
        }
        let mut runs = 0;
        let mut steps = self.plan.iter();
        buf.push(b'{');
        while let Some(step) = steps.next() {
            match step {
                Step::OfProcess(length) => {
                    let (run, after) = steps.as_slice().split_at(*length);
                    match self.written.get(runs).filter(|_| is_repeated) {
                        Some(written) => buf.extend_from_slice(written),
                        None => {
                            let start = buf.len();
                            run.iter().for_each(|step| self.put_step(buf, step, row));
                            let written = buf.get(start..).unwrap_or_default().to_vec();
                            self.written.push(written);
                        }
                    }
                    runs += 1;
                    steps = after.iter();
                }
                step => self.put_step(buf, step, row),
            }
        }
        end_with(buf, b'}');
    }

    /// Takes one step.
    fn put_step(&mut self, buf: &mut Vec<u8>, step: &Step, row: &Row<'_>) {
        match step {
            Step::OfProcess(_) => {}
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
