//! Rendering in blocks, by several threads when there is much, written in order.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// Rows in one block: 200 kB of JSON, which stays in a processor's cache until it is written.
pub(super) const BLOCK: usize = 256;

/// Renders `items` block by block and writes the blocks in order.
///
/// At most two blocks for each processor are in memory at a time, so that the peak does not grow
/// with the number of rows. `render` must not depend on where blocks begin.
///
/// # Errors
///
/// What writing to `out` answers; the rest is then not rendered.
pub(super) fn stream<T: Sync>(
    items: &[T],
    block: usize,
    render: impl Fn(&[T], &mut Vec<u8>) + Sync,
    out: &mut dyn Write,
) -> io::Result<()> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let workers = processors.min(items.len() / block / 2);
    if workers < 2 {
        return stream_alone(items, block, render, out);
    }
    let render = &render;
    thread::scope(|scope| {
        let rendered: Vec<Receiver<Vec<u8>>> = (0..workers)
            .map(|worker| {
                let (sender, receiver) = sync_channel(1);
                let blocks = items.chunks(block).skip(worker).step_by(workers);
                scope.spawn(move || {
                    for items in blocks {
                        let mut buf = Vec::new();
                        render(items, &mut buf);
                        // The writer has given up: so do we.
                        if sender.send(buf).is_err() {
                            return;
                        }
                    }
                });
                receiver
            })
            .collect();
        // The worker whose turn it is and who has hung up would have had the next block: done.
        for buf in rendered.iter().cycle().map_while(|worker| worker.recv().ok()) {
            out.write_all(&buf)?;
        }
        Ok(())
    })
}

/// The same in this thread, with one buffer.
fn stream_alone<T>(
    items: &[T],
    block: usize,
    render: impl Fn(&[T], &mut Vec<u8>),
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut buf = Vec::new();
    for items in items.chunks(block) {
        buf.clear();
        render(items, &mut buf);
        out.write_all(&buf)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_in_order_however_many_there_are() {
        for count in [0, 1, 7, 64, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let mut out = Vec::new();
            let render = |items: &[usize], buf: &mut Vec<u8>| {
                items.iter().for_each(|item| buf.extend(format!("{item} ").bytes()));
            };
            stream(&items, 3, render, &mut out).unwrap();
            let expected: String = items.iter().map(|item| format!("{item} ")).collect();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn a_writer_that_fails_ends_it() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let render = |_: &[u8], buf: &mut Vec<u8>| buf.push(1);
        let error = stream(&[0; 1000], 1, render, &mut Full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
