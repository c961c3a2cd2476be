//! What moves in Sockeye: watching, acting and looking again, name resolution, threads and clock.
//!
//! Below it, `sockeye-os` makes single calls and `sockeye-core` knows the rules; here they are put
//! in order in time. Nothing in here prints.

pub mod act;
pub mod answers;
pub mod desk;
pub mod inspect;
pub mod live;
pub mod places;
pub mod resolve;
pub mod whois;
