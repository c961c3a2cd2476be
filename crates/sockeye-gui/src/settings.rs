//! What the program remembers from one run to the next, in a file of its own.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

use eframe::egui::ThemePreference;
use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};
use sockeye_core::table::{Scope, SortKey};
use sockeye_core::view::Look;
use sockeye_core::{Column, Filter, State};

use crate::theme::Contrast;
use crate::whole;

/// A transport over a family: what TCPView has a button for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Tcp4,
    Tcp6,
    Udp4,
    Udp6,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Tcp4, Self::Tcp6, Self::Udp4, Self::Udp6];

    /// What it is called on its button.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Tcp4 => "TCPv4",
            Self::Tcp6 => "TCPv6",
            Self::Udp4 => "UDPv4",
            Self::Udp6 => "UDPv6",
        }
    }

    /// The filter that shows it.
    fn filter(self) -> &'static str {
        match self {
            Self::Tcp4 => "(transport = tcp and family = ipv4)",
            Self::Tcp6 => "(transport = tcp and family = ipv6)",
            Self::Udp4 => "(transport = udp and family = ipv4)",
            Self::Udp6 => "(transport = udp and family = ipv6)",
        }
    }
}

/// Which theme.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ThemeChoice {
    /// Whatever the system has.
    #[default]
    System,
    Light,
    Dark,
}

impl ThemeChoice {
    pub(crate) fn preference(self) -> ThemePreference {
        match self {
            Self::System => ThemePreference::System,
            Self::Light => ThemePreference::Light,
            Self::Dark => ThemePreference::Dark,
        }
    }
}

/// A column that is shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) name: String,
    /// In points.
    pub(crate) width: f32,
}

/// A level of the order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Sorting {
    pub(crate) column: String,
    #[serde(default)]
    pub(crate) is_descending: bool,
}

/// A filter that was given a name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Saved {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Where the window was, in points.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) is_maximized: bool,
}

/// What is remembered. What a file does not say is as it is at first; what it says besides is left
/// alone, so that an older program takes a newer one's file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) interval_ms: u64,
    pub(crate) hidden_kinds: Vec<Kind>,
    /// States by the word machines read.
    pub(crate) hidden_states: Vec<String>,
    pub(crate) shows_loopback: bool,
    pub(crate) resolves_names: bool,
    pub(crate) is_on_top: bool,
    pub(crate) theme: ThemeChoice,
    pub(crate) is_high_contrast: bool,
    /// Size of text, in points.
    pub(crate) text_size: f32,
    pub(crate) shows_toolbar: bool,
    pub(crate) shows_overview: bool,
    pub(crate) group: Option<String>,
    /// Where endpoints were saved last.
    pub(crate) save_path: Option<PathBuf>,
    /// Databases of places (MaxMind's format), for the columns of countries and networks; read at the
    /// start.
    pub(crate) place_databases: Vec<PathBuf>,
    pub(crate) window: Option<Place>,
    pub(crate) sort: Vec<Sorting>,
    pub(crate) columns: Vec<Shown>,
    pub(crate) filters: Vec<Saved>,
}

/// The smallest and largest text, in points.
pub(crate) const TEXT_SIZES: (f32, f32) = (9.0, 26.0);
/// The shortest and longest time between two refreshes, in milliseconds.
pub(crate) const INTERVALS_MS: (u64, u64) = (100, 3_600_000);
/// The narrowest and widest column, in points.
pub(crate) const WIDTHS: (f32, f32) = (28.0, 2000.0);

/// TCPView's fourteen columns, in its order, each with its width in points.
const COLUMNS: [(&str, f32); 14] = [
    ("process.executable.name", 148.0),
    ("process.pid", 54.0),
    ("network.transport", 48.0),
    ("network.connection.state", 96.0),
    ("network.local.address", 106.0),
    ("network.local.port", 70.0),
    ("network.peer.address", 112.0),
    ("network.peer.port", 84.0),
    ("event.start", 74.0),
    ("service.name", 92.0),
    ("sent.packets", 88.0),
    ("received.packets", 114.0),
    ("sent.bytes", 75.0),
    ("received.bytes", 101.0),
];

impl Default for Settings {
    fn default() -> Self {
        let shown = |(name, width): (&str, f32)| Shown { name: name.to_owned(), width };
        Self {
            interval_ms: 1000,
            hidden_kinds: Vec::new(),
            hidden_states: Vec::new(),
            shows_loopback: true,
            resolves_names: false,
            is_on_top: false,
            theme: ThemeChoice::System,
            is_high_contrast: false,
            text_size: crate::theme::TEXT,
            shows_toolbar: true,
            shows_overview: true,
            group: None,
            save_path: None,
            place_databases: Vec::new(),
            window: None,
            sort: Vec::new(),
            columns: COLUMNS.into_iter().map(shown).collect(),
            filters: Vec::new(),
        }
    }
}

impl Settings {
    /// The time between two refreshes.
    pub(crate) fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    pub(crate) fn contrast(&self) -> Contrast {
        if self.is_high_contrast { Contrast::High } else { Contrast::Usual }
    }

    pub(crate) fn shows_kind(&self, kind: Kind) -> bool {
        !self.hidden_kinds.contains(&kind)
    }

    pub(crate) fn toggle_kind(&mut self, kind: Kind) {
        if self.shows_kind(kind) {
            self.hidden_kinds.push(kind);
        } else {
            self.hidden_kinds.retain(|hidden| *hidden != kind);
        }
    }

    pub(crate) fn shows_state(&self, state: State) -> bool {
        !self.hidden_states.iter().any(|hidden| hidden == state.id())
    }

    pub(crate) fn toggle_state(&mut self, state: State) {
        if self.shows_state(state) {
            self.hidden_states.push(state.id().to_owned());
        } else {
            self.hidden_states.retain(|hidden| hidden != state.id());
        }
    }

    /// Shows TCP in this state alone, and everything again when that was so already.
    pub(crate) fn show_only(&mut self, state: State) {
        let others = State::all().filter(|other| *other != state).map(State::id);
        let others: Vec<String> = others.map(str::to_owned).collect();
        let is_so = self.hidden_states == others;
        let kinds = [Kind::Udp4, Kind::Udp6];
        self.hidden_kinds.retain(|kind| !kinds.contains(kind));
        self.hidden_states = if is_so { Vec::new() } else { others };
        if !is_so {
            self.hidden_kinds.extend(kinds);
        }
    }

    /// Whether something besides the search leaves rows out.
    pub(crate) fn hides_rows(&self) -> bool {
        !self.hidden_kinds.is_empty() || !self.hidden_states.is_empty() || !self.shows_loopback
    }

    /// Shows every row, the search apart.
    pub(crate) fn show_all(&mut self) {
        self.hidden_kinds.clear();
        self.hidden_states.clear();
        self.shows_loopback = true;
    }

    /// The columns that are shown, in order, each with its width.
    pub(crate) fn shown_columns(&self) -> Vec<(&'static Column, f32)> {
        let find = |shown: &Shown| Some((Column::find(&shown.name)?, shown.width));
        self.columns.iter().filter_map(find).collect()
    }

    /// Shows a column at the end, or no more. The last one stays.
    pub(crate) fn toggle_column(&mut self, column: &'static Column) {
        let before = self.columns.len();
        if before > 1 {
            self.columns.retain(|shown| shown.name != column.name);
        }
        if self.columns.len() == before && !self.has_column(column) {
            let width = f32::from(column.width).mul_add(7.0, 20.0).clamp(56.0, 320.0);
            self.columns.push(Shown { name: column.name.to_owned(), width });
        }
    }

    pub(crate) fn has_column(&self, column: &Column) -> bool {
        self.columns.iter().any(|shown| shown.name == column.name)
    }

    /// The columns that rows are sorted by.
    pub(crate) fn sort_keys(&self) -> Vec<SortKey> {
        let key = |sorting: &Sorting| {
            let column = Column::find(&sorting.column)?;
            Some(SortKey { column, is_descending: sorting.is_descending })
        };
        self.sort.iter().filter_map(key).collect()
    }

    /// Sorts by a column: upwards, then downwards, then not at all. With `Levels::More`, below what
    /// rows are sorted by already.
    pub(crate) fn sort_by(&mut self, column: &Column, levels: Levels) {
        let place = self.sort.iter().position(|sorting| sorting.column == column.name);
        let before = place.map(|place| self.sort.remove(place));
        if levels == Levels::One {
            self.sort.clear();
        }
        let next = match before {
            None => Some(false),
            Some(Sorting { is_descending: false, .. }) => Some(true),
            Some(_) => None,
        };
        if let Some(is_descending) = next {
            let place = place.unwrap_or(self.sort.len()).min(self.sort.len());
            self.sort.insert(place, Sorting { column: column.name.to_owned(), is_descending });
        }
    }

    /// The column that rows are grouped by.
    pub(crate) fn group_column(&self) -> Option<&'static Column> {
        Column::find(self.group.as_deref()?)
    }

    /// What the table shows, with what is searched for and filtered by.
    pub(crate) fn look(&self, search: &str, filter: Option<&Filter>) -> Look {
        let own = self.filter_texts().into_iter().filter_map(|text| Filter::parse(&text).ok());
        Look {
            scope: Scope::ALL,
            filter: Filter::all(own.chain(filter.cloned()).collect()),
            search: search.to_owned(),
            columns: self.shown_columns().into_iter().map(|(column, _)| column).collect(),
            sort: self.sort_keys(),
            group: self.group_column(),
        }
    }

    /// What the buttons leave out, in the filter language.
    fn filter_texts(&self) -> Vec<String> {
        let mut texts = Vec::new();
        if !self.hidden_kinds.is_empty() {
            let shown = Kind::ALL.into_iter().filter(|kind| self.shows_kind(*kind));
            let shown: Vec<&str> = shown.map(Kind::filter).collect();
            // No kind at all: a row has one or the other.
            let nothing = "transport = tcp and transport = udp".to_owned();
            texts.push(if shown.is_empty() { nothing } else { shown.join(" or ") });
        }
        if !self.hidden_states.is_empty() {
            let shown = State::all().filter(|state| self.shows_state(*state)).map(State::id);
            let shown: Vec<&str> = shown.collect();
            let states = format!(" or state in ({})", shown.join(", "));
            let states = if shown.is_empty() { String::new() } else { states };
            texts.push(format!("transport = udp{states}"));
        }
        if !self.shows_loopback {
            texts.push("not loopback".to_owned());
        }
        texts
    }

    /// The same, with what no program of ours would have written made right.
    fn made_right(mut self) -> Self {
        self.interval_ms = self.interval_ms.clamp(INTERVALS_MS.0, INTERVALS_MS.1);
        let is_size = self.text_size.is_finite();
        self.text_size = if is_size { self.text_size } else { crate::theme::TEXT };
        self.text_size = self.text_size.clamp(TEXT_SIZES.0, TEXT_SIZES.1);
        let mut seen = Vec::new();
        self.columns.retain_mut(|shown| {
            let width = if shown.width.is_finite() { shown.width } else { 100.0 };
            shown.width = width.clamp(WIDTHS.0, WIDTHS.1);
            let Some(column) = Column::find(&shown.name) else { return false };
            let is_new = !seen.contains(&column.name);
            seen.push(column.name);
            is_new
        });
        if self.columns.is_empty() {
            self.columns = Self::default().columns;
        }
        self.window = self.window.filter(|place| {
            let numbers = [place.x, place.y, place.width, place.height];
            numbers.into_iter().all(f32::is_finite) && place.width >= 200.0 && place.height >= 150.0
        });
        self
    }
}

/// How many columns rows are sorted by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Levels {
    One,
    More,
}

/// The file that settings are kept in.
#[derive(Debug)]
pub(crate) struct Store {
    path: Option<PathBuf>,
    /// What it holds.
    written: Settings,
}

impl Store {
    /// The user's own file; none where the system knows no home of that user.
    pub(crate) fn own() -> Self {
        let places = etcetera::choose_base_strategy().ok();
        Self::at(places.map(|places| places.config_dir().join("sockeye").join("desktop.toml")))
    }

    /// A file of one's choice; nothing is remembered without one.
    pub(crate) fn at(path: Option<PathBuf>) -> Self {
        Self { path, written: Settings::default() }
    }

    /// What it holds, and a sentence where that could not be read. A file that makes no sense is kept
    /// beside, with `.bad` behind its name.
    pub(crate) fn load(&mut self) -> (Settings, Option<String>) {
        let Some(path) = &self.path else { return (Settings::default(), None) };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return (Settings::default(), None);
            }
            Err(error) => {
                let notice =
                    format!("Settings could not be read from {}: {error}.", path.display());
                return (Settings::default(), Some(notice));
            }
        };
        match toml::from_str::<Settings>(&text) {
            Ok(settings) => {
                self.written = settings.made_right();
                (self.written.clone(), None)
            }
            Err(error) => {
                let bad = path.with_extension("toml.bad");
                let kept = match fs::rename(path, &bad) {
                    Ok(()) => format!("They are kept as {}.", bad.display()),
                    Err(error) => format!("They could not be kept as {}: {error}.", bad.display()),
                };
                let reason = error.message();
                let notice =
                    format!("Settings make no sense and were passed over: {reason}. {kept}");
                (Settings::default(), Some(notice))
            }
        }
    }

    /// Keeps `settings`, where they are others than the file has.
    ///
    /// # Errors
    ///
    /// What writing the file answers.
    pub(crate) fn save(&mut self, settings: &Settings) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        if self.written == *settings {
            return Ok(());
        }
        let text = toml::to_string(settings).map_err(io::Error::other)?;
        whole::keep(path, &text)?;
        self.written = settings.clone();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file in a directory of its own.
    fn place(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("sockeye-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        directory.join("sockeye").join("desktop.toml")
    }

    #[test]
    fn settings_read_back() {
        let path = place("read-back");
        let mut settings = Settings::default();
        settings.toggle_kind(Kind::Udp6);
        settings.toggle_state(State::TimeWait);
        settings.sort_by(Column::find("pid").unwrap(), Levels::One);
        settings.filters.push(Saved { name: "mine".into(), text: "user = me".into() });
        settings.window =
            Some(Place { x: 1.0, y: 2.0, width: 900.0, height: 700.0, is_maximized: true });
        settings.group = Some("service.name".into());
        Store::at(Some(path.clone())).save(&settings).unwrap();
        assert_eq!(Store::at(Some(path.clone())).load(), (settings, None));
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_file_that_makes_no_sense_is_kept_and_said() {
        let path = place("bad");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "interval_ms = \"soon\"").unwrap();
        let (settings, notice) = Store::at(Some(path.clone())).load();
        assert_eq!(settings, Settings::default());
        assert!(notice.unwrap().contains("desktop.toml.bad"));
        assert_eq!(
            fs::read_to_string(path.with_extension("toml.bad")).unwrap(),
            "interval_ms = \"soon\""
        );
        assert!(!path.exists());
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    #[test]
    fn numbers_out_of_range_are_made_right() {
        let text = "interval_ms = 1\ntext_size = nan\nfuture = 1\n[[columns]]\nname = \"pid\"\nwidth = 9999999.0\n[[columns]]\nname = \"nonsense\"\nwidth = 1.0\n[window]\nx = nan\ny = 1.0\nwidth = 1.0\nheight = 1.0\nis_maximized = false";
        let settings = toml::from_str::<Settings>(text).unwrap().made_right();
        assert_eq!(settings.interval_ms, 100);
        assert_eq!(settings.text_size, crate::theme::TEXT);
        assert_eq!(settings.shown_columns().len(), 1);
        assert_eq!(settings.columns[0].width, WIDTHS.1);
        assert_eq!(settings.window, None);
    }

    #[test]
    fn what_buttons_leave_out_is_a_filter() {
        let every = |change: &dyn Fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            for text in settings.filter_texts() {
                Filter::parse(&text).unwrap();
            }
            settings.filter_texts().join(" | ")
        };
        assert_eq!(every(&|_| {}), "");
        assert_eq!(every(&|s| s.shows_loopback = false), "not loopback");
        assert!(
            every(&|s| s.toggle_kind(Kind::Tcp4))
                .starts_with("(transport = tcp and family = ipv6)")
        );
        every(&|s| Kind::ALL.into_iter().for_each(|kind| s.toggle_kind(kind)));
        assert!(every(&|s| s.toggle_state(State::Listen)).contains("syn_sent, "));
        assert_eq!(
            every(&|s| State::all().for_each(|state| s.toggle_state(state))),
            "transport = udp"
        );
        every(&|s| s.show_only(State::Established));
    }

    #[test]
    fn a_click_sorts_upwards_then_downwards_then_not() {
        let (pid, state) = (Column::find("pid").unwrap(), Column::find("state").unwrap());
        let mut settings = Settings::default();
        let mut check = |column, levels, expected: &[(&str, bool)]| {
            settings.sort_by(column, levels);
            let sort = settings.sort.iter().map(|s| (s.column.as_str(), s.is_descending));
            assert_eq!(sort.collect::<Vec<_>>(), expected);
        };
        check(pid, Levels::One, &[("process.pid", false)]);
        check(pid, Levels::One, &[("process.pid", true)]);
        check(state, Levels::More, &[("process.pid", true), ("network.connection.state", false)]);
        check(pid, Levels::More, &[("network.connection.state", false)]);
        check(pid, Levels::One, &[("process.pid", false)]);
    }

    #[test]
    fn only_one_state_twice_is_every_state_again() {
        let mut settings = Settings::default();
        settings.show_only(State::Established);
        assert!(settings.shows_state(State::Established) && !settings.shows_state(State::Listen));
        assert!(!settings.shows_kind(Kind::Udp4) && settings.shows_kind(Kind::Tcp6));
        settings.show_only(State::Established);
        assert!(!settings.hides_rows());
    }
}
