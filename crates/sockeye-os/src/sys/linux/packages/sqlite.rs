//! The RPM database in SQLite, `rpmdb.sqlite`.
//!
//! It is read into memory and opened there. Given a path, SQLite would follow the links in it by
//! itself, out of the root of a container into that of the machine, and would put files beside a
//! database in write-ahead mode, as RPM's is; to observe must not change the world.

use std::fs::File;
use std::io::{Cursor, Read as _};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, MAIN_DB};
use sockeye_core::process::{Absent, Fact};

use super::database::fill;
use crate::decode::packages::{Aliases, Catalogue};

/// Bytes of the longest header that is read (RPM's own limit, `HEADER_DATA_MAX`, is 256 MB).
const LONGEST_HEADER: i32 = 64 << 20;
/// Steps of SQLite's machine between two looks at how many there were, and how often it may look:
/// to read all of the largest database takes a million steps.
const STEPS: i32 = 100_000;
const MOST_LOOKS: u32 = 1000;
/// Bytes of a database's header, and those in it that say whether there is a write-ahead log
/// (“Database File Format”, 1.3): SQLite opens no such database in memory.
const FILE_HEADER: usize = 100;
const VERSIONS: std::ops::Range<usize> = 18..20;
const WITHOUT_LOG: u8 = 1;

/// The packages of the database in `file`. What a transaction has written to the log alone is not
/// among them; RPM writes everything back when it ends.
pub(super) fn read(mut file: File, limit: u64, aliases: Aliases) -> Fact<Catalogue> {
    let length = file.metadata().map_err(|_| Absent::Unsupported)?.len();
    let length = usize::try_from(length.min(limit + 1)).map_err(|_| Absent::Unsupported)?;
    if u64::try_from(length).is_ok_and(|length| length > limit) || length < FILE_HEADER {
        return Err(Absent::Unsupported);
    }
    let mut header = [0; FILE_HEADER];
    file.read_exact(&mut header).map_err(|_| Absent::Unsupported)?;
    header.get_mut(VERSIONS).into_iter().flatten().for_each(|version| *version = WITHOUT_LOG);
    let whole = Cursor::new(header).chain(file);
    query(whole, length, aliases).map_err(|_| Absent::Unsupported)
}

/// The packages of a database with so many bytes.
fn query(
    database: impl std::io::Read,
    length: usize,
    aliases: Aliases,
) -> rusqlite::Result<Catalogue> {
    let mut connection = Connection::open_in_memory()?;
    // Whoever wrote it may have put views, triggers and functions into it that do anything.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST_HEADER)?;
    let mut looks = 0;
    let is_enough = move || {
        looks += 1;
        looks > MOST_LOOKS
    };
    connection.progress_handler(STEPS, Some(is_enough))?;
    connection.deserialize_read_exact(MAIN_DB, database, length, true)?;
    let mut statement = connection.prepare("SELECT blob FROM Packages ORDER BY hnum")?;
    let mut rows = statement.query([])?;
    let mut failure = None;
    let blobs = std::iter::from_fn(|| match rows.next() {
        Ok(row) => row?.get::<_, Vec<u8>>(0).map(Ok).ok(),
        Err(error) => {
            failure = Some(error);
            None
        }
    });
    let catalogue = fill(blobs, aliases);
    failure.map_or(Ok(catalogue), Err)
}
