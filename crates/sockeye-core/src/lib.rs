//! What Sockeye knows and the rules it follows: endpoints, owners, columns, filters, differences.
//!
//! This crate is pure. It does no I/O, reads no clock, starts no thread, has no `unsafe` and no
//! `cfg(target_os)`; it needs only an allocator. Time, when it matters, comes in as an argument.
//! Nothing in it can fail except [`filter::Filter::parse`], which answers with a span.
//!
//! Read in this order: [`endpoint`] (one row), [`process`] (who owns it), [`snapshot`] (all rows
//! at one instant), [`mod@column`] (what can be shown of a row), [`filter`] and [`table`] (which rows,
//! in which order), [`ports`] (what they are called), [`diff`] (what changed), [`event`] and [`session`] (what happens over time).

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod address;
pub mod answer;
pub mod column;
pub mod degradation;
pub mod description;
pub mod diff;
pub mod endpoint;
pub mod event;
pub mod filter;
pub mod notice;
pub mod ports;
pub mod process;
pub mod reach;
pub mod script;
pub mod session;
pub mod signature;
pub mod snapshot;
pub mod state;
pub mod table;
#[cfg(test)]
mod testing;
pub mod time;
pub mod traffic;
pub mod view;
pub mod workload;

pub use answer::Answers;
pub use column::{Column, Row, Value};
pub use degradation::Degradation;
pub use description::Description;
pub use diff::Delta;
pub use endpoint::{Endpoint, Owner, Ownerless, Owners, Transport};
pub use event::{Action, Event, Occurrence};
pub use filter::{Filter, FilterError};
pub use process::{Process, ProcessId};
pub use session::{Live, Session};
pub use snapshot::{NamespaceId, Snapshot};
pub use state::State;
pub use time::Timestamp;
pub use workload::Workload;
