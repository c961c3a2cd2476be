//! Scripts of snapshots, events and refreshes, each with what comes of it.
//!
//! A line is a step, `TIME VERB …`; the lines behind it that begin with `=` are what has to come of
//! it. See [`script`] for the steps.

mod laws;
mod script;

use super::*;
use crate::testing;
use script::{EVENTS, POLLING, check, check_initial};

#[test]
fn an_outgoing_connection_is_opened_once_its_sides_are_known() {
    check(
        EVENTS,
        "1 snap 1
         2 closed>syn_sent c7 0.0.0.0:0 10.0.0.9:443 by=3
         3 syn_sent>established c7 10.0.0.5:4000 10.0.0.9:443
         = 2 opened c7 established 10.0.0.5:4000 10.0.0.9:443 by=3 start=2
         4 established>fin_wait_1 c7 10.0.0.5:4000 10.0.0.9:443
         = 4 state c7 fin_wait_1 10.0.0.5:4000 10.0.0.9:443 by=3 start=2
         5 gone local c7 10.0.0.5:4000 10.0.0.9:443 bytes=9
         = 5 closed c7 closed 10.0.0.5:4000 10.0.0.9:443 by=3 bytes=9 start=2 end=5 reason=local
         6 gone local c7 10.0.0.5:4000 10.0.0.9:443",
    );
    // A snapshot, or else the third refresh, tells what is to be told.
    check(
        EVENTS,
        "1 snap 1
         2 closed>syn_sent c7 0.0.0.0:0 10.0.0.9:443 by=3
         5 snap 1 c7 syn_sent 10.0.0.5:4000 10.0.0.9:443 by=3
         = 2 opened c7 syn_sent 10.0.0.5:4000 10.0.0.9:443 by=3 start=2
         6 tick
         7 closed>syn_sent c8 0.0.0.0:0 10.0.0.9:444 by=3
         8 tick
         8 needs
         = true
         9 syn_sent>established c8 10.0.0.5:4001 10.0.0.9:444
         = 7 opened c8 established 10.0.0.5:4001 10.0.0.9:444 by=3 start=7
         10 closed>syn_sent c9 0.0.0.0:0 10.0.0.9:445 by=3
         11 tick
         12 tick
         13 tick
         = 10 opened c9 syn_sent 0.0.0.0:0 10.0.0.9:445 by=3 start=10
         14 defects
         =",
    );
    // Without a port it is in no table: that a snapshot has it not means nothing, unless its end was lost.
    check(
        EVENTS,
        "1 snap 1
         2 closed>syn_sent c7 0.0.0.0:0 10.0.0.9:443 by=3
         4 snap 3
         5 tick
         6 snap 6
         7 syn_sent>established c7 10.0.0.5:4000 10.0.0.9:443
         = 2 opened c7 established 10.0.0.5:4000 10.0.0.9:443 by=3 start=2
         8 closed>syn_sent c8 0.0.0.0:0 10.0.0.9:443 by=3
         9 snap 9 c7 established 10.0.0.5:4000 10.0.0.9:443 by=3
         10 lost 1
         = 10 lost lost=1
         11 snap 11 c7 established 10.0.0.5:4000 10.0.0.9:443 by=3
         = 11 closed c8 closed 0.0.0.0:0 10.0.0.9:443 by=3 start=8 reason=unknown
         12 defects
         =",
    );
}

#[test]
fn an_attempt_that_fails_is_only_closed_and_may_be_made_again() {
    check(
        EVENTS,
        "1 snap 1
         2 closed>syn_sent c7 10.0.0.5:4000 10.0.0.9:443 by=3
         3 gone refused c7 10.0.0.5:4000 10.0.0.9:443
         = 3 closed c7 closed 10.0.0.5:4000 10.0.0.9:443 by=3 start=2 end=3 reason=refused
         4 closed>syn_sent c7 0.0.0.0:0 10.0.0.9:80
         5 syn_sent>established c7 10.0.0.5:4001 10.0.0.9:80
         = 4 opened c7 established 10.0.0.5:4001 10.0.0.9:80 by=3 start=4
         6 show
         = fresh c7 established 10.0.0.5:4001 10.0.0.9:80 by=3",
    );
}

#[test]
fn an_incoming_connection_waits_for_its_owner() {
    check(
        EVENTS,
        "1 snap 1
         2 syn_received>established c7 10.0.0.5:443 10.0.0.9:1
         3 used c7 10.0.0.5:443 10.0.0.9:1 by=3
         = 2 accepted c7 established 10.0.0.5:443 10.0.0.9:1 by=3 start=2
         4 used c7 10.0.0.5:443 10.0.0.9:1 by=3
         4 syn_received>established c8 10.0.0.5:443 10.0.0.9:2
         5 established>close_wait c8 10.0.0.5:443 10.0.0.9:2
         6 close_wait>last_ack c8 10.0.0.5:443 10.0.0.9:2 by=4
         = 4 accepted c8 last_ack 10.0.0.5:443 10.0.0.9:2 by=4 start=4
         7 syn_received>established c9 10.0.0.5:443 10.0.0.9:3
         8 gone remote c9 10.0.0.5:443 10.0.0.9:3 bytes=9
         = 7 accepted c9 established 10.0.0.5:443 10.0.0.9:3 start=7
         = 8 closed c9 closed 10.0.0.5:443 10.0.0.9:3 bytes=9 start=7 end=8 reason=remote",
    );
    // Nobody tells of it: after a refresh a snapshot is worth it, after three nobody waits.
    check(
        EVENTS,
        "1 snap 1
         2 syn_received>established c7 10.0.0.5:443 10.0.0.9:1
         2 needs
         = false
         3 tick
         3 needs
         = true
         4 snap 3 c7 established 10.0.0.5:443 10.0.0.9:1
         4 needs
         = false
         5 tick
         6 tick
         = 2 accepted c7 established 10.0.0.5:443 10.0.0.9:1 missing=unaccepted start=2
         6 needs
         = false
         7 syn_received>established c8 10.0.0.5:443 10.0.0.9:2
         8 snap 7 c7 established 10.0.0.5:443 10.0.0.9:1 ; c8 established 10.0.0.5:443 10.0.0.9:2 by=4
         = 7 accepted c8 established 10.0.0.5:443 10.0.0.9:2 by=4 start=7
         9 defects
         =",
    );
}

#[test]
fn a_closed_socket_that_is_held_waits_for_its_holder() {
    check(
        EVENTS,
        "1 snap 1
         2 syn_received>established c7 10.0.0.5:443 10.0.0.9:1
         3 gone reset c7 10.0.0.5:443 10.0.0.9:1 held
         4 used c7 10.0.0.5:443 10.0.0.9:1 by=3
         = 2 accepted c7 established 10.0.0.5:443 10.0.0.9:1 by=3 start=2
         = 3 closed c7 closed 10.0.0.5:443 10.0.0.9:1 by=3 start=2 end=3 reason=reset
         5 syn_received>established c8 10.0.0.5:443 10.0.0.9:2
         6 gone reset c8 10.0.0.5:443 10.0.0.9:2 held
         7 snap 6 c8 closed 10.0.0.5:443 10.0.0.9:2 by=4
         = 5 accepted c8 established 10.0.0.5:443 10.0.0.9:2 by=4 start=5
         = 6 closed c8 closed 10.0.0.5:443 10.0.0.9:2 by=4 start=5 end=6 reason=reset
         8 syn_received>established c9 10.0.0.5:443 10.0.0.9:3
         9 gone reset c9 10.0.0.5:443 10.0.0.9:3 held
         10 show
         = closed c7 closed 10.0.0.5:443 10.0.0.9:1 by=3
         = closed c8 closed 10.0.0.5:443 10.0.0.9:2 by=4
         = closed c9 closed 10.0.0.5:443 10.0.0.9:3
         11 tick
         = 8 accepted c9 established 10.0.0.5:443 10.0.0.9:3 start=8
         = 9 closed c9 closed 10.0.0.5:443 10.0.0.9:3 start=8 end=9 reason=reset
         12 closed>syn_sent c10 0.0.0.0:0 10.0.0.9:443 by=3
         13 gone refused c10 10.0.0.5:4000 10.0.0.9:443 held
         = 13 closed c10 closed 10.0.0.5:4000 10.0.0.9:443 by=3 start=12 end=13 reason=refused",
    );
}

#[test]
fn listeners_are_told_when_they_listen() {
    check(
        EVENTS,
        "1 snap 1
         2 closed>listen c7 0.0.0.0:80 by=3
         = 2 listening c7 listen 0.0.0.0:80 by=3 start=2
         3 snap 2 c7 listen 0.0.0.0:80 by=3,4 ; c8 bound 0.0.0.0:81 by=5
         4 gone local c7 0.0.0.0:80
         = 4 closed c7 closed 0.0.0.0:80 by=3,4 start=2 end=4 reason=local
         5 bound>listen c8 0.0.0.0:81
         = 5 listening c8 listen 0.0.0.0:81 by=5 start=5
         6 defects
         =",
    );
}

#[test]
fn udp_is_told_when_it_is_bound_or_used() {
    check(
        EVENTS,
        "1 snap 1 udp c6 0.0.0.0:67 by=3
         2 bound udp c7 0.0.0.0:53 by=3
         = 2 bound udp c7 0.0.0.0:53 by=3 start=2
         3 used udp c7 0.0.0.0:53 by=3
         4 peer udp c7 0.0.0.0:53 10.0.0.9:5353
         = 4 peer udp c7 0.0.0.0:53 10.0.0.9:5353 by=3 start=2
         5 peer udp c8 0.0.0.0:54 10.0.0.9:53 by=4
         = 5 bound udp c8 0.0.0.0:54 by=4 start=5
         = 5 peer udp c8 0.0.0.0:54 10.0.0.9:53 by=4 start=5
         6 used udp c9 10.0.0.5:55 10.0.0.9:53 by=5
         = 6 opened udp c9 10.0.0.5:55 10.0.0.9:53 by=5 start=6
         7 used udp c7 10.0.0.5:53 10.0.0.9:53 by=3
         = 7 opened udp c7 10.0.0.5:53 10.0.0.9:53 by=3 start=2
         7 used udp c7 10.0.0.5:53 10.0.0.9:53 by=3
         7 used udp c7 10.0.0.5:53 10.0.0.8:53 by=3
         = 7 opened udp c7 10.0.0.5:53 10.0.0.8:53 by=3 start=2
         8 gone local udp c8 0.0.0.0:0 bytes=9
         = 8 closed udp c8 0.0.0.0:54 by=4 bytes=9 start=5 end=8 reason=local
         9 gone local udp c12 0.0.0.0:0
         10 snap 8 udp c6 0.0.0.0:67 by=3 ; udp c12 0.0.0.0:99 ; udp c7 10.0.0.5:53 10.0.0.8:53 ; udp c9 10.0.0.5:55 10.0.0.9:53 ; udp c13 0.0.0.0:98
         = 10 bound udp c13 0.0.0.0:98
         11 snap 11 udp c6 10.0.0.5:67 10.0.0.9:67 by=3
         = 11 opened udp c6 10.0.0.5:67 10.0.0.9:67 by=3
         = 11 closed udp c7 10.0.0.5:53 10.0.0.8:53 by=3 start=2 reason=unknown
         = 11 closed udp c9 10.0.0.5:55 10.0.0.9:53 by=5 start=6 reason=unknown
         = 11 closed udp c13 0.0.0.0:98 reason=unknown
         12 snap 12 udp c6 10.0.0.5:67 10.0.0.9:67 by=3 ; udp c8 0.0.0.0:54 ; udp c12 0.0.0.0:99
         13 snap 13 udp c6 10.0.0.5:67 10.0.0.8:67 by=3
         = 13 opened udp c6 10.0.0.5:67 10.0.0.8:67 by=3
         14 defects
         = udp closings=2",
    );
}

#[test]
fn whoever_saw_it_last_is_believed() {
    // Opened, changed and closed while the snapshot was taken.
    check(
        EVENTS,
        "1 snap 1 c6 established 10.0.0.5:1 10.0.0.9:1 by=3 ; c7 established 10.0.0.5:2 10.0.0.9:2 by=3
         3 syn_received>established c8 10.0.0.5:3 10.0.0.9:3 by=3
         = 3 accepted c8 established 10.0.0.5:3 10.0.0.9:3 by=3 start=3
         4 established>close_wait c6 10.0.0.5:1 10.0.0.9:1
         = 4 state c6 close_wait 10.0.0.5:1 10.0.0.9:1 by=3
         5 gone remote c7 10.0.0.5:2 10.0.0.9:2
         = 5 closed c7 closed 10.0.0.5:2 10.0.0.9:2 by=3 end=5 reason=remote
         6 snap 2 c6 established 10.0.0.5:1 10.0.0.9:1 by=3 ; c7 established 10.0.0.5:2 10.0.0.9:2 by=3
         7 gone remote c99 10.0.0.5:9 10.0.0.9:9
         = 7 closed c99 closed 10.0.0.5:9 10.0.0.9:9 end=7 reason=remote
         8 snap 7 c6 close_wait 10.0.0.5:1 10.0.0.9:1 by=3 ; c8 established 10.0.0.5:3 10.0.0.9:3 by=3 ; c99 established 10.0.0.5:9 10.0.0.9:9
         9 defects
         =
         9 show
         = changed c6 close_wait 10.0.0.5:1 10.0.0.9:1 by=3
         = closed c7 closed 10.0.0.5:2 10.0.0.9:2 by=3
         = fresh c8 established 10.0.0.5:3 10.0.0.9:3 by=3
         = closed c99 closed 10.0.0.5:9 10.0.0.9:9",
    );
}

#[test]
fn what_events_should_have_told_is_a_defect() {
    check(
        EVENTS,
        "1 snap 1 c6 established 10.0.0.5:1 10.0.0.9:1 by=3 ; c7 established 10.0.0.5:2 10.0.0.9:2 by=3
         2 snap 2 c6 close_wait 10.0.0.5:1 10.0.0.9:1 ; c8 established 10.0.0.5:3 10.0.0.9:3 by=3 out
         = 2 state c6 close_wait 10.0.0.5:1 10.0.0.9:1 by=3
         = 2 opened c8 established 10.0.0.5:3 10.0.0.9:3 by=3
         = 2 closed c7 closed 10.0.0.5:2 10.0.0.9:2 by=3 reason=unknown
         3 defects
         = tcp openings=1 closings=1 states=1: a closing was not told: tcp 10.0.0.5:2 to 10.0.0.9:2, ESTABLISHED, cookie 7
         4 snap 4 c6 close_wait 10.0.0.6:1 10.0.0.9:1
         = 4 closed c8 closed 10.0.0.5:3 10.0.0.9:3 by=3 reason=unknown
         4 defects
         = tcp openings=1 closings=2 states=1 addresses=1: a closing was not told: tcp 10.0.0.5:3 to 10.0.0.9:3, ESTABLISHED, cookie 8",
    );
    // Not when events were lost, and not where nobody promised events.
    check(
        EVENTS,
        "1 snap 1 c6 established 10.0.0.5:1 10.0.0.9:1 by=3
         2 lost 12
         = 2 lost lost=12
         2 needs
         = true
         4 snap 3 c7 established 10.0.0.5:2 10.0.0.9:2 in
         = 4 accepted c7 established 10.0.0.5:2 10.0.0.9:2
         = 4 closed c6 closed 10.0.0.5:1 10.0.0.9:1 by=3 reason=unknown
         4 needs
         = false
         5 lost 1
         = 5 lost lost=1
         6 snap 4 c7 established 10.0.0.5:2 10.0.0.9:2
         6 needs
         = true
         6 defects
         =",
    );
    check(
        POLLING,
        "1 snap 1 c6 established 10.0.0.5:1 10.0.0.9:1 by=3
         2 snap 2 c7 established 10.0.0.5:2 10.0.0.9:2 out
         = 2 opened c7 established 10.0.0.5:2 10.0.0.9:2
         = 2 closed c6 closed 10.0.0.5:1 10.0.0.9:1 by=3 reason=unknown
         3 defects
         =",
    );
}

#[test]
fn what_snapshots_do_not_reach_is_not_missed() {
    // A container sees what its processes hold, and hears what happens on the whole machine.
    check(
        EVENTS,
        "1 snap 1
         2 syn_received>established c6 10.0.0.5:1 10.0.0.9:1 by=3 ns=9
         = 2 accepted c6 established 10.0.0.5:1 10.0.0.9:1 by=3 start=2
         2 syn_received>established c7 10.0.0.5:2 10.0.0.9:2 by=3
         = 2 accepted c7 established 10.0.0.5:2 10.0.0.9:2 by=3 start=2
         2 bound udp c8 0.0.0.0:53 by=3 ns=9
         = 2 bound udp c8 0.0.0.0:53 by=3 start=2
         4 snap 3
         = 4 closed c7 closed 10.0.0.5:2 10.0.0.9:2 by=3 start=2 reason=unknown
         5 defects
         = tcp closings=1: a closing was not told: tcp 10.0.0.5:2 to 10.0.0.9:2, ESTABLISHED, cookie 7
         6 gone remote c6 10.0.0.5:1 10.0.0.9:1 ns=9
         = 6 closed c6 closed 10.0.0.5:1 10.0.0.9:1 by=3 start=2 end=6 reason=remote
         7 lost 1
         = 7 lost lost=1
         9 snap 8
         = 9 closed udp c8 0.0.0.0:53 by=3 start=2 reason=unknown",
    );
    // Where only snapshots tell, what is not in one is gone.
    check(
        POLLING,
        "1 snap 1 c6 established 10.0.0.5:1 10.0.0.9:1 by=3 ns=9
         2 snap 2
         = 2 closed c6 closed 10.0.0.5:1 10.0.0.9:1 by=3 reason=unknown",
    );
}

#[test]
fn what_was_in_a_namespace_that_has_ended_has_ended_too() {
    check(
        EVENTS,
        "1 snap 1 c6 established 10.0.0.5:1 10.0.0.9:1 ns=9 ; c7 time_wait 10.0.0.5:1 10.0.0.9:2 ns=9
         2 show
         = steady c6 established 10.0.0.5:1 10.0.0.9:1
         = steady c7 time_wait 10.0.0.5:1 10.0.0.9:2
         4 snap 3
         = 4 closed c6 closed 10.0.0.5:1 10.0.0.9:1 reason=unknown
         5 show
         = closed c6 closed 10.0.0.5:1 10.0.0.9:1",
    );
}

#[test]
fn polling_and_the_multicast_of_closings_agree() {
    check(
        POLLING,
        "1 snap 1 c6 established 10.0.0.5:1 10.0.0.9:1 by=3 ; c5 syn_received 10.0.0.5:1 10.0.0.9:7
         2 gone unknown c6 10.0.0.5:1 10.0.0.9:1
         = 2 closed c6 closed 10.0.0.5:1 10.0.0.9:1 by=3 end=2 reason=unknown
         2 gone unknown c6 10.0.0.5:1 10.0.0.9:1
         3 gone unknown c7 10.0.0.5:1 10.0.0.9:2 bytes=9
         = 3 closed c7 closed 10.0.0.5:1 10.0.0.9:2 bytes=9 end=3 reason=unknown
         3 gone unknown c5 10.0.0.5:1 10.0.0.9:7
         = 3 closed c5 closed 10.0.0.5:1 10.0.0.9:7 end=3 reason=unknown
         4 snap 4 c8 time_wait 10.0.0.5:1 10.0.0.9:1 ; c9 syn_received 10.0.0.5:1 10.0.0.9:3
         5 snap 5 c9 established 10.0.0.5:1 10.0.0.9:3 in by=4
         = 5 accepted c9 established 10.0.0.5:1 10.0.0.9:3 by=4
         6 snap 6 c8 time_wait 10.0.0.5:1 10.0.0.9:1 ; c9 time_wait 10.0.0.5:1 10.0.0.9:3
         = 6 closed c9 closed 10.0.0.5:1 10.0.0.9:3 by=4 reason=unknown
         7 show
         = closed c6 closed 10.0.0.5:1 10.0.0.9:1 by=3
         = closed c5 closed 10.0.0.5:1 10.0.0.9:7
         = closed c7 closed 10.0.0.5:1 10.0.0.9:2 bytes=9
         = closed c9 closed 10.0.0.5:1 10.0.0.9:3 by=4
         = fresh c8 time_wait 10.0.0.5:1 10.0.0.9:1
         = fresh c9 time_wait 10.0.0.5:1 10.0.0.9:3",
    );
    // The multicast tells what is left instead, under the same cookie or under another.
    check(
        POLLING,
        "1 snap 1 c6 established 10.0.0.5:1 10.0.0.9:1 by=3
         2 none>time_wait c6 10.0.0.5:1 10.0.0.9:1 bytes=9
         = 2 closed c6 closed 10.0.0.5:1 10.0.0.9:1 by=3 bytes=9 end=2 reason=local
         3 none>fin_wait_2 c7 10.0.0.5:1 10.0.0.9:2
         = 3 closed c7 closed 10.0.0.5:1 10.0.0.9:2 end=3 reason=local
         4 snap 4 c6 time_wait 10.0.0.5:1 10.0.0.9:1 ; c7 fin_wait_2 10.0.0.5:1 10.0.0.9:2
         5 tick
         6 tick
         7 tick
         8 snap 8 c6 time_wait 10.0.0.5:1 10.0.0.9:1 ; c7 fin_wait_2 10.0.0.5:1 10.0.0.9:2
         8 show
         = fresh c7 fin_wait_2 10.0.0.5:1 10.0.0.9:2
         = steady c6 time_wait 10.0.0.5:1 10.0.0.9:1",
    );
}

#[test]
fn without_cookies_sides_tell_which_it_is() {
    check(
        POLLING,
        "1 snap 1 established 10.0.0.5:1 10.0.0.9:1 ; udp 0.0.0.0:53 i1 ; udp 0.0.0.0:53 i2
         2 snap 2 established 10.0.0.5:1 10.0.0.9:1 ; udp 0.0.0.0:53 i2 ; udp 0.0.0.0:53 i3
         = 2 bound udp i3 0.0.0.0:53
         = 2 closed udp i1 0.0.0.0:53 reason=unknown
         3 snap 3 time_wait 10.0.0.5:1 10.0.0.9:1 ; udp 0.0.0.0:53 i2 ; udp 0.0.0.0:53 i3
         = 3 closed closed 10.0.0.5:1 10.0.0.9:1 reason=unknown
         4 snap 4 established 10.0.0.5:1 10.0.0.9:1 ; time_wait 10.0.0.5:1 10.0.0.9:1
         = 4 opened established 10.0.0.5:1 10.0.0.9:1
         = 4 closed udp i2 0.0.0.0:53 reason=unknown
         = 4 closed udp i3 0.0.0.0:53 reason=unknown
         5 snap 5 established 10.0.0.5:1 10.0.0.9:1 ; established 10.0.0.5:1 10.0.0.9:1
         = 5 opened established 10.0.0.5:1 10.0.0.9:1
         6 snap 6 established 10.0.0.5:1 10.0.0.9:1
         = 6 closed closed 10.0.0.5:1 10.0.0.9:1 reason=unknown",
    );
}

#[test]
fn what_the_kernel_keeps_is_shown_but_not_told() {
    check(
        EVENTS,
        "1 snap 1 c1 time_wait 10.0.0.5:1 10.0.0.9:1 ; c2 syn_received 10.0.0.5:1 10.0.0.9:2 ; c3 closed 0.0.0.0:0 by=3
         2 show
         = steady c1 time_wait 10.0.0.5:1 10.0.0.9:1
         = steady c2 syn_received 10.0.0.5:1 10.0.0.9:2
         = steady c3 closed 0.0.0.0:0 by=3
         3 listen>syn_received c4 10.0.0.5:1 10.0.0.9:4
         4 gone reset c4 10.0.0.5:1 10.0.0.9:4
         5 snap 5 c5 time_wait 10.0.0.5:1 10.0.0.9:5
         5 show
         = fresh c5 time_wait 10.0.0.5:1 10.0.0.9:5
         5 defects
         =",
    );
}

#[test]
fn what_happened_is_visible_for_three_refreshes() {
    check(
        EVENTS,
        "1 snap 1 c6 established 10.0.0.5:1 10.0.0.9:1 by=3 ; c7 established 10.0.0.5:2 10.0.0.9:2 by=3
         2 syn_received>established c8 10.0.0.5:3 10.0.0.9:3 by=3
         = 2 accepted c8 established 10.0.0.5:3 10.0.0.9:3 by=3 start=2
         2 established>close_wait c6
         = 2 state c6 close_wait 10.0.0.5:1 10.0.0.9:1 by=3
         2 gone remote c7
         = 2 closed c7 closed 10.0.0.5:2 10.0.0.9:2 by=3 end=2 reason=remote
         3 tick
         3 established>close_wait c8
         = 3 state c8 close_wait 10.0.0.5:3 10.0.0.9:3 by=3 start=2
         4 tick
         4 show
         = changed c6 close_wait 10.0.0.5:1 10.0.0.9:1 by=3
         = closed c7 closed 10.0.0.5:2 10.0.0.9:2 by=3
         = fresh c8 close_wait 10.0.0.5:3 10.0.0.9:3 by=3
         5 tick
         5 show
         = steady c6 close_wait 10.0.0.5:1 10.0.0.9:1 by=3
         = steady c8 close_wait 10.0.0.5:3 10.0.0.9:3 by=3",
    );
}

#[test]
fn a_process_is_remembered_as_long_as_somebody_names_it() {
    check(
        EVENTS,
        "1 snap 1 c6 established 10.0.0.5:1 10.0.0.9:1 by=3
         1 known
         = 3
         2 process 4
         2 closed>syn_sent c7 0.0.0.0:0 10.0.0.9:2 by=4
         2 gone refused c7
         = 2 closed c7 closed 0.0.0.0:0 10.0.0.9:2 by=4 start=2 end=2 reason=refused
         2 process 5
         3 tick
         4 tick
         5 tick
         5 known
         = 3 4
         6 tick
         7 tick
         8 tick
         8 known
         = 3
         9 snap 9 c6 established 10.0.0.5:1 10.0.0.9:1 by=6
         10 tick
         11 tick
         11 known
         = 3 6
         12 tick
         12 known
         = 6",
    );
}

#[test]
fn the_first_snapshot_is_told_when_that_was_asked_for() {
    let script = "1 established>close_wait c6 10.0.0.5:1 10.0.0.9:1
         1 used udp c5 0.0.0.0:53 by=4
         2 used udp c4 0.0.0.0:54 by=4
         3 snap 2 c6 close_wait 10.0.0.5:1 10.0.0.9:1 by=3 ; established 10.0.0.5:2 10.0.0.9:2 ; udp c5 0.0.0.0:53 by=4 ; c7 time_wait 10.0.0.5:3 10.0.0.9:3";
    check(EVENTS, &alloc::format!("{script}\n = 2 bound udp c4 0.0.0.0:54 by=4"));
    check_initial(
        EVENTS,
        &alloc::format!(
            "{script}
             = 3 snapshot c6 close_wait 10.0.0.5:1 10.0.0.9:1 by=3
             = 3 snapshot established 10.0.0.5:2 10.0.0.9:2
             = 3 snapshot udp c5 0.0.0.0:53 by=4
             = 3 snapshot c7 time_wait 10.0.0.5:3 10.0.0.9:3
             = 2 bound udp c4 0.0.0.0:54 by=4
             4 snap 4 c6 close_wait 10.0.0.5:1 10.0.0.9:1 by=3 ; established 10.0.0.5:2 10.0.0.9:2 ; udp c5 0.0.0.0:53 by=4 ; udp c4 0.0.0.0:54 by=4"
        ),
    );
}

#[test]
fn facts_that_are_absent_hide_nothing() {
    check(
        EVENTS,
        "1 snap 1
         2 syn_received>established c7 10.0.0.5:443 10.0.0.9:1 by=3 bytes=5
         = 2 accepted c7 established 10.0.0.5:443 10.0.0.9:1 by=3 bytes=5 start=2
         3 established>close_wait c7 0.0.0.0:0
         = 3 state c7 close_wait 10.0.0.5:443 10.0.0.9:1 by=3 start=2
         4 used c7 by=4
         5 snap 5 c7 close_wait 10.0.0.5:443 10.0.0.9:1
         6 close_wait>last_ack c7
         = 6 state c7 last_ack 10.0.0.5:443 10.0.0.9:1 by=3,4 start=2
         7 snap 7 c7 last_ack 10.0.0.5:443 10.0.0.9:1 by=4
         8 gone local c7
         = 8 closed c7 closed 10.0.0.5:443 10.0.0.9:1 by=4 start=2 end=8 reason=local",
    );
}

#[test]
fn names_that_no_snapshot_knows_are_told_before_they_are_needed() {
    check(
        EVENTS,
        "1 snap 1
         2 user 33 www-data
         2 namespace 7 blue
         2 syn_received>established c7 10.0.0.5:443 10.0.0.9:1 by=3 ns=7
         = 2 accepted c7 established 10.0.0.5:443 10.0.0.9:1 by=3 start=2
         3 names
         = 33=www-data ns7=blue
         4 user 33 web
         4 namespace 7 green
         4 namespace 8 red
         4 names
         = 33=web ns7=green ns8=red
         5 snap 4 c7 established 10.0.0.5:443 10.0.0.9:1 by=3 ns=7
         5 names
         = 33=web ns7=netns:7",
    );
}

#[test]
fn a_life_costs_little_beyond_its_endpoint() {
    let (life, endpoint) = (size_of::<Option<Life>>(), size_of::<crate::Endpoint>());
    assert!(life <= endpoint + 48, "{life} {endpoint}");
}

#[test]
fn a_refresh_looks_only_at_those_to_which_something_happened() {
    let mut session = Session::new(EVENTS);
    let endpoints = (1..100).map(|n| script::endpoint(&alloc::format!("c{n} listen 0.0.0.0:{n}")));
    let snapshot = script::snapshot(Timestamp::from_unix_ns(0), endpoints.collect());
    session.handle_snapshot(Timestamp::from_unix_ns(1), snapshot.clone());
    session.handle_timeout(Timestamp::from_unix_ns(2));
    session.handle_snapshot(Timestamp::from_unix_ns(3), snapshot);
    assert_eq!(session.lives.take_queue().len(), 0);
    assert_eq!(session.lives().count(), 99);
}

#[test]
fn what_an_event_told_of_a_process_stands_against_an_older_look() {
    let second = |seconds: i64| Timestamp::from_unix_ns(seconds * 1_000_000_000);
    let look =
        |began| testing::snapshot(began, Vec::new(), [testing::process(3, "/bin/seen")].into());
    let mut session = Session::new(EVENTS);
    let mut check = |step: &mut dyn FnMut(&mut Session), expected: &str| {
        step(&mut session);
        let path = session.context().processes.values().map(|process| process.path.clone()).next();
        assert_eq!(path, Some(Ok(expected.into())));
    };
    check(&mut |session| session.handle_snapshot(second(1), look(1)), "/bin/seen");
    let told = || EventKind::Process(testing::process(3, "/bin/told").into());
    check(
        &mut |session| session.handle_event(Event { time: second(5), kind: told() }),
        "/bin/told",
    );
    // It ran another image before the process was looked at, or after: nobody knows.
    check(&mut |session| session.handle_snapshot(second(6), look(4)), "/bin/told");
    check(&mut |session| session.handle_snapshot(second(7), look(6)), "/bin/seen");
}
