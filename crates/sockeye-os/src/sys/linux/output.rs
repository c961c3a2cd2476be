//! Who reads what this process prints.

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// See [`crate::is_output_read`].
pub(crate) fn is_output_read() -> bool {
    let output = std::io::stdout();
    // What is gone is told unasked: POLLERR of a pipe, POLLHUP of a socket or a terminal (poll(2)).
    let mut polled = [PollFd::new(&output, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let is_gone = matches!(poll(&mut polled, Some(&at_once)), Ok(1..))
        && polled[0].revents().intersects(PollFlags::ERR | PollFlags::HUP);
    !is_gone
}

/// See [`crate::show_colours`].
pub(crate) fn show_colours() -> bool {
    true
}
