//! What runtimes and systemd know of services and containers: their sockets and files.

mod api;
mod containers;
mod files;
mod units;

pub(crate) use containers::container_names;
pub(crate) use units::{read_socket_units, read_socket_units_in};

use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// Does `work` in a thread called `name`; the answer comes through the channel. Whoever waits no
/// longer leaves the thread behind: a file system or a daemon that hangs holds up nothing else.
fn apart<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (send, receive) = channel();
    let work = move || {
        // Nobody may be there any more to take it.
        let _ = send.send(work());
    };
    // Without a thread nothing is ever sent, and the receiver says so at once.
    let _ = thread::Builder::new().name(format!("sockeye-{name}")).spawn(work);
    receive
}
