//! Rendering in blocks, by several threads when there is much, written in order.

use std::io::{self, Write};
use std::slice::Chunks;
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
    let blocks = items.chunks(block);
    if workers < 2 {
        return write_in_order(blocks, &[None], &render, out);
    }
    let render = &render;
    thread::scope(|scope| {
        let start = |worker| {
            let (sender, receiver) = sync_channel(1);
            let blocks = blocks.clone().skip(worker).step_by(workers);
            let work = move || {
                let mut length = 0;
                for items in blocks {
                    // About as long as the one before: growing would copy it several times.
                    let mut buf = Vec::with_capacity(length + length / 8);
                    render(items, &mut buf);
                    length = buf.len();
                    // The writer has given up: so do we.
                    if sender.send(buf).is_err() {
                        return;
                    }
                }
            };
            // No thread where the user may have no more processes (EAGAIN, clone(2)).
            let thread = thread::Builder::new().name(format!("render-{worker}"));
            thread.spawn_scoped(scope, work).ok().map(|_| receiver)
        };
        let workers: Vec<_> = (0..workers).map(start).collect();
        write_in_order(blocks.clone(), &workers, render, out)
    })
}

/// Writes `blocks`, which `workers` render in turn; in the place of one that is not there, this
/// thread does.
fn write_in_order<T>(
    blocks: Chunks<'_, T>,
    workers: &[Option<Receiver<Vec<u8>>>],
    render: &impl Fn(&[T], &mut Vec<u8>),
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut buf = Vec::new();
    for (items, worker) in blocks.zip(workers.iter().cycle()) {
        match worker.as_ref().map(Receiver::recv) {
            Some(Ok(rendered)) => out.write_all(&rendered)?,
            // It panicked, and so will the scope that waits for it.
            Some(Err(_)) => break,
            None => {
                buf.clear();
                render(items, &mut buf);
                out.write_all(&buf)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes numbers.
    fn render(items: &[usize], buf: &mut Vec<u8>) {
        items.iter().for_each(|item| buf.extend(format!("{item} ").bytes()));
    }

    /// The numbers below `count`, and how they are written.
    fn numbers(count: usize) -> (Vec<usize>, String) {
        ((0..count).collect(), (0..count).map(|item| format!("{item} ")).collect())
    }

    #[test]
    fn blocks_come_in_order_however_many_there_are() {
        for count in [0, 1, 7, 64, 1000] {
            let (items, expected) = numbers(count);
            let mut out = Vec::new();
            stream(&items, 3, render, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn this_thread_renders_for_those_that_could_not_be_made() {
        let (items, expected) = numbers(100);
        let (sender, receiver) = sync_channel(100);
        for items in items.chunks(3).skip(1).step_by(3) {
            let mut buf = Vec::new();
            render(items, &mut buf);
            sender.send(buf).unwrap();
        }
        for workers in [vec![None, None], vec![None, Some(receiver), None]] {
            let mut out = Vec::new();
            write_in_order(items.chunks(3), &workers, &render, &mut out).unwrap();
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
        let error = stream(&[0; 1000], 1, render, &mut Full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
