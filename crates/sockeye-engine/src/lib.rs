//! What moves in Sockeye: acting and looking again, name resolution, threads and clock.
