//! The kernel's events of connections and processes, by a tracing session of our own (ETW).
//!
//! A system logger: a session of the kernel's own provider with a name that nobody else uses, so that
//! neither other tools nor a second Sockeye are disturbed; there can be eight since Windows 8
//! ("Configuring and Starting a SystemTraceProvider Session"). It takes an administrator. A session
//! outlives a process that is ended by force: whoever starts next ends what was left.

#![expect(unsafe_code, reason = "sessions are known to calls alone, which call back")]

use std::ffi::c_void;
use std::mem::{self, offset_of};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{io, ptr, slice};

use sockeye_core::Timestamp;
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_INVALID_PARAMETER, ERROR_NO_SYSTEM_RESOURCES, ERROR_SUCCESS,
};
use windows_sys::Win32::System::Diagnostics::Etw::{
    CONTROLTRACE_HANDLE, CloseTrace, ControlTraceW, EVENT_HEADER_FLAG_64_BIT_HEADER, EVENT_RECORD,
    EVENT_TRACE_CONTROL, EVENT_TRACE_CONTROL_FLUSH, EVENT_TRACE_CONTROL_QUERY,
    EVENT_TRACE_CONTROL_STOP, EVENT_TRACE_FLAG_NETWORK_TCPIP, EVENT_TRACE_FLAG_NO_SYSCONFIG,
    EVENT_TRACE_FLAG_PROCESS, EVENT_TRACE_LOGFILEW, EVENT_TRACE_PROPERTIES,
    EVENT_TRACE_REAL_TIME_MODE, EVENT_TRACE_SYSTEM_LOGGER_MODE, OpenTraceW,
    PROCESS_TRACE_MODE_EVENT_RECORD, PROCESS_TRACE_MODE_RAW_TIMESTAMP,
    PROCESS_TRACE_MODE_REAL_TIME, PROCESSTRACE_HANDLE, ProcessTrace, QueryAllTracesW, StartTraceW,
    WNODE_FLAG_TRACED_GUID,
};
use windows_sys::Win32::System::Performance::{QueryPerformanceCounter, QueryPerformanceFrequency};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcessId, PROCESS_QUERY_LIMITED_INFORMATION,
};
use windows_sys::core::GUID;

use super::handle::ProcessHandle;
use super::library::wine;
use super::observe::now;
use super::privilege::may_trace;
use super::wide::{text, wide};
use crate::decode::etw::{Class, Clock, Header, Record, decode_record};
use crate::error::plain;
use crate::{Error, Kind};

/// What the names of our sessions begin with; the process's number and start follow.
const PREFIX: &str = "Sockeye-";
/// Units of the longest name, with its zero ("EVENT_TRACE_PROPERTIES").
const NAME: usize = 1024;
/// So many sessions there can be at once (`QueryAllTracesW`).
const SESSIONS: usize = 64;
/// `FlushTimer` is in milliseconds: a flag of `LogFileMode` that the Windows Driver Kit defines
/// (ntwmi.h, since Windows 7) and the SDK does not.
const EVENT_TRACE_USE_MS_FLUSH_TIMER: u32 = 0x10;
/// How long an event may wait for others to fill a buffer, in milliseconds.
const FLUSH_MS: u32 = 100;
/// What `OpenTraceW` gives instead of a handle (INVALID_PROCESSTRACE_HANDLE).
const INVALID: u64 = u64::MAX;
/// So many events wait for whoever watches; more are lost, and counted.
const ROOM: usize = 1_000_000;

/// Something that the kernel told, and when.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) time: Timestamp,
    pub(super) record: Record,
}

/// A session, stopped when it is dropped.
#[derive(Debug)]
pub(super) struct Trace {
    session: Session,
    consumer: u64,
    inbox: Arc<Inbox>,
    reader: Option<JoinHandle<()>>,
    /// How many events were known to be lost.
    lost: u64,
}

/// Where events wait.
#[derive(Default, Debug)]
struct Inbox {
    box_: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Default, Debug)]
struct Waiting {
    told: Vec<Told>,
    /// Found no room.
    overrun: u64,
    clock: Option<Clock>,
}

impl Trace {
    /// Begins to listen.
    ///
    /// # Errors
    ///
    /// Why no events can be had, with what helps.
    pub(super) fn start() -> Result<Self, Error> {
        may_trace();
        stop_abandoned();
        let session = Session::start()?;
        let inbox = Arc::<Inbox>::default();
        let consumer = open(&session.name, &inbox).map_err(|error| refusal("opened", &error))?;
        let reader = thread::Builder::new().name("etw".to_owned()).spawn(move || {
            let handle = PROCESSTRACE_HANDLE { Value: consumer };
            // SAFETY: the handle is open until this returns, which it does when the session stops.
            unsafe { ProcessTrace(&raw const handle, 1, ptr::null(), ptr::null()) };
        });
        let mut trace = Self { session, consumer, inbox, reader: None, lost: 0 };
        trace.reader = Some(reader.map_err(|error| refusal("read", &error))?);
        Ok(trace)
    }

    /// The same, if that is wanted.
    ///
    /// # Errors
    ///
    /// Those of [`Self::start`], or that it is not wanted.
    pub(super) fn start_if(is_wanted: bool) -> Result<Self, Error> {
        if is_wanted {
            Self::start()
        } else {
            Err(failed(Kind::Unsupported, "tables alone were asked for"))
        }
    }

    /// What came since the last call; waits at most `timeout` for something.
    pub(super) fn take(&self, timeout: Duration) -> Vec<Told> {
        let waiting = self.inbox.box_.lock().unwrap_or_else(PoisonError::into_inner);
        let is_empty = |waiting: &mut Waiting| waiting.told.is_empty();
        let arrived = self.inbox.arrived.wait_timeout_while(waiting, timeout, is_empty);
        let (mut waiting, _) = arrived.unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut waiting.told)
    }

    /// Has the kernel hand over what waits in its buffers.
    pub(super) fn flush(&self) {
        // What cannot be handed over now comes by itself.
        let _ = self.session.control(EVENT_TRACE_CONTROL_FLUSH);
    }

    /// How many events were lost since the last call.
    pub(super) fn lost(&mut self) -> u64 {
        let overrun = {
            let mut waiting = self.inbox.box_.lock().unwrap_or_else(PoisonError::into_inner);
            mem::take(&mut waiting.overrun)
        };
        let Ok(told) = self.session.control(EVENT_TRACE_CONTROL_QUERY) else { return overrun };
        // A lost buffer held at least one.
        let all = u64::from(told.base.EventsLost) + u64::from(told.base.RealTimeBuffersLost);
        overrun + all.saturating_sub(mem::replace(&mut self.lost, all))
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let handle = PROCESSTRACE_HANDLE { Value: self.consumer };
        self.session.stop();
        // SAFETY: the handle is open, and not used again.
        unsafe { CloseTrace(handle) };
        if let Some(reader) = self.reader.take() {
            // The events it still reads go to the inbox, which lives until then.
            let _ = reader.join();
        }
    }
}

/// A session that was started.
#[derive(Debug)]
struct Session {
    handle: u64,
    name: String,
}

impl Session {
    fn start() -> Result<Self, Error> {
        let name = own_name().map_err(|error| refusal("started", &error))?;
        let wanted = |mode, timer| {
            let mut wanted = Properties::new();
            wanted.base.Wnode.Flags = WNODE_FLAG_TRACED_GUID;
            // Times are counts of QueryPerformanceCounter.
            wanted.base.Wnode.ClientContext = 1;
            wanted.base.BufferSize = 64; // KiB
            (wanted.base.MinimumBuffers, wanted.base.MaximumBuffers) = (32, 256);
            wanted.base.LogFileMode =
                EVENT_TRACE_REAL_TIME_MODE | EVENT_TRACE_SYSTEM_LOGGER_MODE | mode;
            wanted.base.FlushTimer = timer;
            wanted.base.EnableFlags = EVENT_TRACE_FLAG_NETWORK_TCPIP
                | EVENT_TRACE_FLAG_PROCESS
                | EVENT_TRACE_FLAG_NO_SYSCONFIG;
            wanted.base.LogFileNameOffset = 0;
            start(&name, wanted)
        };
        let mut started = wanted(EVENT_TRACE_USE_MS_FLUSH_TIMER, FLUSH_MS);
        if code(&started) == Some(ERROR_INVALID_PARAMETER) {
            started = wanted(0, 1); // Second.
        }
        match started {
            Ok(handle) if handle == 0 || wine().is_some() => Err(failed(
                Kind::Unsupported,
                "this system says yes and begins no tracing session (ETW), as Wine does",
            )),
            Ok(handle) => Ok(Self { handle, name }),
            Err(error) => Err(refusal("started", &error)),
        }
    }

    /// Has the system do something with it, and says how it stands then.
    fn control(&self, what: EVENT_TRACE_CONTROL) -> io::Result<Box<Properties>> {
        control(self.handle, None, what)
    }

    fn stop(&self) {
        // It may have been stopped by an administrator.
        let _ = self.control(EVENT_TRACE_CONTROL_STOP);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A session's properties with room for its names, as the system wants them.
#[repr(C)]
struct Properties {
    base: EVENT_TRACE_PROPERTIES,
    name: [u16; NAME],
    file: [u16; NAME],
}

impl Properties {
    fn new() -> Box<Self> {
        let mut new = Box::new(Self {
            base: EVENT_TRACE_PROPERTIES::default(),
            name: [0; NAME],
            file: [0; NAME],
        });
        new.base.Wnode.BufferSize = size_of::<Self>() as u32;
        new.base.LoggerNameOffset = offset_of!(Self, name) as u32;
        new.base.LogFileNameOffset = offset_of!(Self, file) as u32;
        new
    }
}

/// Starts the session `name`; its handle, which is 0 where that is a lie.
fn start(name: &str, mut wanted: Box<Properties>) -> io::Result<u64> {
    let name = wide(name);
    let mut handle = CONTROLTRACE_HANDLE::default();
    // SAFETY: the name ends in a zero; the properties say how long they are.
    let error = unsafe {
        StartTraceW(
            &raw mut handle,
            name.as_ptr(),
            (&raw mut *wanted).cast::<EVENT_TRACE_PROPERTIES>(),
        )
    };
    succeeded(error).map(|()| handle.Value)
}

/// Has the system do something with a session, by handle or by name.
fn control(
    handle: u64,
    name: Option<&str>,
    what: EVENT_TRACE_CONTROL,
) -> io::Result<Box<Properties>> {
    let mut told = Properties::new();
    let name = name.map(wide);
    let name = name.as_ref().map_or(ptr::null(), Vec::as_ptr);
    let handle = CONTROLTRACE_HANDLE { Value: handle };
    let properties = (&raw mut *told).cast::<EVENT_TRACE_PROPERTIES>();
    // SAFETY: the name is none or ends in a zero; the properties say how long they are.
    succeeded(unsafe { ControlTraceW(handle, name, properties, what) })?;
    Ok(told)
}

/// Listens to the session `name`: events go to `inbox`, which has to live until the session has stopped
/// and its reader has returned.
fn open(name: &str, inbox: &Arc<Inbox>) -> io::Result<u64> {
    let mut name = wide(name);
    let mut file = EVENT_TRACE_LOGFILEW { LoggerName: name.as_mut_ptr(), ..Default::default() };
    file.Anonymous1.ProcessTraceMode = PROCESS_TRACE_MODE_REAL_TIME
        | PROCESS_TRACE_MODE_EVENT_RECORD
        | PROCESS_TRACE_MODE_RAW_TIMESTAMP;
    file.Anonymous2.EventRecordCallback = Some(hear);
    file.Context = Arc::as_ptr(inbox).cast_mut().cast();
    // SAFETY: the structure is whole, the name ends in a zero.
    let handle = unsafe { OpenTraceW(&raw mut file) }.Value;
    if handle == INVALID { Err(io::Error::last_os_error()) } else { Ok(handle) }
}

/// What the system calls for each event, in the reader's thread.
unsafe extern "system" fn hear(record: *mut EVENT_RECORD) {
    // SAFETY: the system gives a record that stays as it is until this returns.
    let record = unsafe { &*record };
    let context: *mut c_void = record.UserContext;
    // SAFETY: `open` was given this inbox, which lives until the reader has returned.
    let Some(inbox) = (unsafe { context.cast::<Inbox>().as_ref() }) else { return };
    let payload = if record.UserData.is_null() {
        &[]
    } else {
        // SAFETY: the payload is so long.
        unsafe { slice::from_raw_parts(record.UserData.cast(), record.UserDataLength.into()) }
    };
    let about = &record.EventHeader;
    let Some(class) = Class::of(number(&about.ProviderId)) else { return };
    let header = Header {
        class,
        opcode: about.EventDescriptor.Opcode,
        version: about.EventDescriptor.Version,
        is_64_bit: u32::from(about.Flags) & EVENT_HEADER_FLAG_64_BIT_HEADER != 0,
    };
    // What makes no sense tells nothing; the next look at the tables finds what it was about.
    if let Ok(Some(record)) = decode_record(header, payload) {
        inbox.put(about.TimeStamp, record);
    }
}

impl Inbox {
    fn put(&self, ticks: i64, record: Record) {
        let mut waiting = self.box_.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.told.len() >= ROOM {
            waiting.overrun += 1;
            return;
        }
        let clock = waiting.clock.filter(|clock| !clock.is_stale(ticks)).unwrap_or_else(clock);
        waiting.clock = Some(clock);
        waiting.told.push(Told { time: clock.instant(ticks), record });
        self.arrived.notify_one();
    }
}

/// The count of ticks and the clock, now.
fn clock() -> Clock {
    let (mut ticks, mut frequency) = (0, 0);
    // SAFETY: each takes a number; neither fails since Windows XP.
    unsafe {
        QueryPerformanceFrequency(&raw mut frequency);
        QueryPerformanceCounter(&raw mut ticks);
    }
    Clock { ticks, wall: now(), frequency }
}

/// A GUID, its first field in the highest bits.
fn number(guid: &GUID) -> u128 {
    let first = u128::from(guid.data1) << 96;
    let (second, third) = (u128::from(guid.data2) << 80, u128::from(guid.data3) << 64);
    first | second | third | u128::from(u64::from_be_bytes(guid.data4))
}

/// What our session is called: nobody else has our number and start.
fn own_name() -> io::Result<String> {
    // SAFETY: takes nothing.
    let pid = unsafe { GetCurrentProcessId() };
    let start = ProcessHandle::open(pid, PROCESS_QUERY_LIMITED_INFORMATION)?.start()?;
    Ok(format!("{PREFIX}{pid}-{start:x}"))
}

/// Ends sessions of ours whose process has ended without doing so.
fn stop_abandoned() {
    for name in names().unwrap_or_default() {
        if name.strip_prefix(PREFIX).and_then(is_abandoned) == Some(true) {
            // Somebody else may have been quicker.
            let _ = control(0, Some(&name), EVENT_TRACE_CONTROL_STOP);
        }
    }
}

/// Whether the process whose number and start these are has ended; `None` when they are none.
fn is_abandoned(process: &str) -> Option<bool> {
    let (pid, start) = process.split_once('-')?;
    let (pid, start) = (pid.parse().ok()?, u64::from_str_radix(start, 16).ok()?);
    Some(match ProcessHandle::open(pid, PROCESS_QUERY_LIMITED_INFORMATION) {
        Ok(handle) => handle.start().is_ok_and(|its| its != start),
        Err(error) => error.raw_os_error() == Some(ERROR_INVALID_PARAMETER.cast_signed()),
    })
}

/// The names of all sessions.
fn names() -> io::Result<Vec<String>> {
    let mut all: Vec<Box<Properties>> = (0..SESSIONS).map(|_| Properties::new()).collect();
    let mut places: Vec<*mut EVENT_TRACE_PROPERTIES> =
        all.iter_mut().map(|one| (&raw mut **one).cast()).collect();
    let mut count = 0;
    // SAFETY: there are so many properties, each of which says how long it is.
    let error = unsafe { QueryAllTracesW(places.as_mut_ptr(), SESSIONS as u32, &raw mut count) };
    succeeded(error)?;
    Ok(all.iter().take(count as usize).map(|one| text(&one.name)).collect())
}

fn succeeded(error: u32) -> io::Result<()> {
    if error == ERROR_SUCCESS {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(error.cast_signed()))
    }
}

/// The system's number of what went wrong.
fn code<T>(result: &io::Result<T>) -> Option<u32> {
    result.as_ref().err()?.raw_os_error().map(i32::cast_unsigned)
}

/// Why there are no events, and what helps.
fn refusal(what: &str, error: &io::Error) -> Error {
    let (kind, known) = match error.raw_os_error().map(i32::cast_unsigned) {
        Some(ERROR_ACCESS_DENIED) => {
            (Kind::Denied, "only an administrator may; start Sockeye as one".to_owned())
        }
        Some(ERROR_NO_SYSTEM_RESOURCES) => {
            let full = "as many of the kernel's sessions run as there can be (logman query -ets)";
            (Kind::Os, full.to_owned())
        }
        _ => (Kind::Os, plain(error)),
    };
    failed(kind, &format!("no tracing session (ETW) could be {what}: {known}"))
}

/// The kernel's events cannot be had.
fn failed(kind: Kind, reason: &str) -> Error {
    Error::new(kind, "hear the kernel's events", "", reason)
}
