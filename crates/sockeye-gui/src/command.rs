//! Everything that can be done, in one table: menus, context menu, palette, shortcuts and the page of
//! keys derive from it.

use std::sync::OnceLock;

use eframe::egui::{Key, KeyboardShortcut, Modifiers};
use sockeye_core::column::Cost;
use sockeye_core::{Column, State};
use sockeye_os::desktop::{self, Elevation};

use crate::settings::{Kind, Settings, ThemeChoice};

/// What stands for a command.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Id {
    Save,
    SaveAs,
    /// Start again with an administrator's rights.
    Elevate,
    Exit,
    Copy,
    CopyCell,
    SelectAll,
    Find,
    ClearFilters,
    SaveFilter,
    Pause,
    Refresh,
    /// Milliseconds.
    Interval(u64),
    CustomInterval,
    Kind(KindId),
    Loopback,
    State(State),
    AllStates,
    NoStates,
    /// A column by its dotted name.
    Column(&'static str),
    UsualColumns,
    /// The dotted name of the column that rows are grouped by.
    Group(Option<&'static str>),
    OpenGroups,
    CloseGroups,
    Toolbar,
    Overview,
    Properties,
    End,
    Close,
    Whois,
    Resolve,
    Notices,
    OnTop,
    Theme(ThemeId),
    Larger,
    Smaller,
    UsualSize,
    HighContrast,
    Reset,
    Keys,
    Palette,
    Doctor,
    About,
}

/// What starting again with an administrator's rights is called, wherever it helps.
pub(crate) const ELEVATE: &str = "Restart as Administrator";

/// A [`Kind`] as a part of an id.
pub(crate) type KindId = u8;
/// A [`ThemeChoice`] as a part of an id.
pub(crate) type ThemeId = u8;

/// The themes that can be chosen, in the order of their ids.
pub(crate) const THEMES: [(ThemeChoice, &str); 3] = [
    (ThemeChoice::System, "As the System"),
    (ThemeChoice::Light, "Light"),
    (ThemeChoice::Dark, "Dark"),
];

/// A menu of the menu bar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Menu {
    File,
    Edit,
    View,
    Process,
    Connection,
    Options,
    Help,
}

impl Menu {
    pub(crate) const ALL: [Self; 7] = [
        Self::File,
        Self::Edit,
        Self::View,
        Self::Process,
        Self::Connection,
        Self::Options,
        Self::Help,
    ];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Edit => "Edit",
            Self::View => "View",
            Self::Process => "Process",
            Self::Connection => "Connection",
            Self::Options => "Options",
            Self::Help => "Help",
        }
    }
}

/// When a key means its command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    /// Always, also while text is typed.
    Always,
    /// Not while text is typed.
    NotTyping,
    /// Only while the table has the keyboard, or nothing has: a button takes the same key.
    Table,
}

/// One thing that can be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Command {
    pub(crate) id: Id,
    pub(crate) label: &'static str,
    pub(crate) menu: Menu,
    /// The menu inside that menu; empty where there is none.
    pub(crate) submenu: &'static str,
    /// A line stands between commands of different sections.
    pub(crate) section: u8,
    pub(crate) keys: Option<(KeyboardShortcut, When)>,
    /// It is also in the menu that a row opens.
    pub(crate) is_of_row: bool,
}

/// Whether a command can be done now, and whether it is on.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Standing {
    /// Why it cannot be done.
    pub(crate) refusal: Option<&'static str>,
    /// Whether it is on, if it is something that is on or off.
    pub(crate) is_on: Option<bool>,
}

/// What decides how commands stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) counts: Counts,
}

/// What is shown and chosen.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Counts {
    pub(crate) is_paused: bool,
    /// A row, or a head of a group, is current.
    pub(crate) has_current: bool,
    /// How many rows are chosen.
    pub(crate) chosen: usize,
    /// How many of them have a process.
    pub(crate) owned: usize,
    /// How many of them have one that may not be seen.
    pub(crate) unseen: usize,
    /// How many of them can be closed.
    pub(crate) closable: usize,
    /// This user may close none of them.
    pub(crate) is_closing_refused: bool,
    /// How many of them have a remote address.
    pub(crate) remote: usize,
    /// How many rows the table shows.
    pub(crate) rows: usize,
    /// Something is searched for or filtered by.
    pub(crate) is_filtered: bool,
    /// What is typed in the search box is a filter that can be kept.
    pub(crate) has_search: bool,
    /// Whether an administrator's rights can be had.
    pub(crate) elevation: Elevation,
}

/// Every command, in the order of menus.
pub(crate) fn all() -> &'static [Command] {
    static ALL: OnceLock<Vec<Command>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = Vec::new();
        for command in TABLE {
            match command.id {
                // What stands for all states, columns and groups.
                Id::AllStates => {
                    all.extend(states(command));
                    all.push(*command);
                }
                Id::UsualColumns => {
                    all.extend(columns(command));
                    all.push(*command);
                }
                Id::Group(None) => {
                    all.push(*command);
                    all.extend(groups(command));
                }
                // Systems without such rights have no word for it.
                Id::Elevate if desktop::elevation() == Elevation::Unknown => {}
                _ => all.push(*command),
            }
        }
        all
    })
}

/// The command with this id.
pub(crate) fn find(id: Id) -> Option<&'static Command> {
    all().iter().find(|command| command.id == id)
}

/// The columns that a table can show: all but those that only tell of what happened.
pub(crate) fn choosable() -> impl Iterator<Item = &'static Column> {
    let is_of_life = |column: &Column| ["event.start", "event.end"].contains(&column.name);
    let is_chosen = move |column: &&Column| column.cost != Cost::Events || is_of_life(column);
    Column::all().iter().filter(is_chosen)
}

fn states(like: &Command) -> impl Iterator<Item = Command> {
    State::all().map(|state| Command {
        id: Id::State(state),
        // Once for each state, as long as the program runs.
        label: String::leak(crate::table::state(state)),
        section: like.section - 1,
        ..*like
    })
}

fn columns(like: &Command) -> impl Iterator<Item = Command> {
    choosable().map(|column| Command {
        id: Id::Column(column.name),
        label: column.header,
        section: like.section - 1,
        ..*like
    })
}

/// What rows can be grouped by; what no source tells yet is left out.
const GROUPS: [&str; 12] = [
    "process",
    "pid",
    "service.name",
    "container.name",
    "container.id",
    "user",
    "state",
    "network.local.port",
    "network.peer.address",
    "network.peer.port",
    "network.peer.country",
    "network.namespace.name",
];

fn groups(like: &Command) -> impl Iterator<Item = Command> {
    GROUPS.iter().filter_map(|name| Column::find(name)).map(|column| Command {
        id: Id::Group(Some(column.name)),
        label: column.header,
        section: like.section + 1,
        ..*like
    })
}

impl Id {
    /// The kind of endpoint that it shows or hides.
    pub(crate) fn of_kind(kind: Kind) -> Self {
        let place = Kind::ALL.iter().position(|other| *other == kind).unwrap_or_default();
        Self::Kind(u8::try_from(place).unwrap_or_default())
    }

    /// How it stands.
    pub(crate) fn standing(self, facts: &Facts<'_>) -> Standing {
        Standing { refusal: self.refusal(facts), is_on: self.is_on(facts) }
    }

    fn refusal(self, facts: &Facts<'_>) -> Option<&'static str> {
        let needs = |is_met: bool, why: &'static str| (!is_met).then_some(why);
        match self {
            Self::Copy => needs(facts.counts.chosen > 0, "No row is selected."),
            Self::CopyCell => needs(facts.counts.has_current, "No row is selected."),
            Self::Save | Self::SaveAs | Self::SelectAll => {
                needs(facts.counts.rows > 0, "The table has no row.")
            }
            Self::Elevate => match facts.counts.elevation {
                Elevation::Possible => None,
                Elevation::Held => Some("Sockeye has an administrator's rights."),
                Elevation::Unknown => Some("This system has no such rights."),
            },
            Self::ClearFilters => needs(facts.counts.is_filtered, "No row is left out."),
            Self::SaveFilter => {
                needs(facts.counts.has_search, "Type a filter into the search box first.")
            }
            Self::OpenGroups | Self::CloseGroups => {
                needs(facts.settings.group.is_some(), "Rows are not grouped.")
            }
            Self::Properties => needs(facts.counts.chosen > 0, "No row is selected."),
            Self::End if facts.counts.chosen == 0 => Some("No row is selected."),
            Self::End if facts.counts.owned == 0 && facts.counts.unseen > 0 => Some(
                "Which process holds it is not permitted to see: Help, Doctor tells what helps.",
            ),
            Self::End => needs(facts.counts.owned > 0, "No process holds the selected endpoints."),
            Self::Close if facts.counts.chosen == 0 => Some("No row is selected."),
            Self::Close if facts.counts.closable == 0 => {
                Some("Only connections can be closed; end the process of a listener instead.")
            }
            Self::Close => needs(
                !facts.counts.is_closing_refused,
                "Closing connections is not permitted or not possible here: Help, Doctor tells why.",
            ),
            Self::Whois if facts.counts.chosen == 0 => Some("No row is selected."),
            Self::Whois => {
                needs(facts.counts.remote > 0, "The selected endpoint has no remote address.")
            }
            _ => None,
        }
    }

    fn is_on(self, facts: &Facts<'_>) -> Option<bool> {
        let settings = facts.settings;
        match self {
            Self::Pause => Some(facts.counts.is_paused),
            Self::Interval(interval) => Some(settings.interval_ms == interval),
            Self::Kind(place) => {
                Kind::ALL.get(usize::from(place)).map(|kind| settings.shows_kind(*kind))
            }
            Self::Loopback => Some(settings.shows_loopback),
            Self::State(state) => Some(settings.shows_state(state)),
            Self::Column(name) => Column::find(name).map(|column| settings.has_column(column)),
            Self::Group(name) => Some(settings.group_column().map(|column| column.name) == name),
            Self::Toolbar => Some(settings.shows_toolbar),
            Self::Overview => Some(settings.shows_overview),
            Self::Resolve => Some(settings.resolves_names),
            Self::OnTop => Some(settings.is_on_top),
            Self::Theme(place) => {
                THEMES.get(usize::from(place)).map(|(theme, _)| settings.theme == *theme)
            }
            Self::HighContrast => Some(settings.is_high_contrast),
            _ => None,
        }
    }

    /// Whether of its kind exactly one is on.
    pub(crate) fn is_choice(self) -> bool {
        matches!(self, Self::Interval(_) | Self::Group(_) | Self::Theme(_))
    }
}

impl Command {
    /// What the palette calls it: with the menus that it is in, so that `State` and `Listen` tell.
    pub(crate) fn full_label(&self) -> String {
        let label = self.label.trim_end_matches('…');
        if self.submenu.is_empty() {
            format!("{}: {label}", self.menu.label())
        } else {
            format!("{}: {}: {label}", self.menu.label(), self.submenu)
        }
    }
}

const fn key(key: Key, when: When) -> Option<(KeyboardShortcut, When)> {
    Some((KeyboardShortcut::new(Modifiers::NONE, key), when))
}

const fn ctrl(key: Key) -> Option<(KeyboardShortcut, When)> {
    Some((KeyboardShortcut::new(Modifiers::COMMAND, key), When::Always))
}

const fn ctrl_shift(key: Key) -> Option<(KeyboardShortcut, When)> {
    let modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };
    Some((KeyboardShortcut::new(modifiers, key), When::Always))
}

/// A key that means text while text is typed.
const fn typed(keys: Option<(KeyboardShortcut, When)>) -> Option<(KeyboardShortcut, When)> {
    match keys {
        Some((keys, _)) => Some((keys, When::NotTyping)),
        None => None,
    }
}

const FILE: Command = Command {
    id: Id::Exit,
    label: "",
    menu: Menu::File,
    submenu: "",
    section: 0,
    keys: None,
    is_of_row: false,
};
const EDIT: Command = Command { menu: Menu::Edit, ..FILE };
const VIEW: Command = Command { menu: Menu::View, ..FILE };
const SPEED: Command = Command { submenu: "Update Speed", ..VIEW };
const SHOW: Command = Command { section: 20, ..VIEW };
const STATES: Command = Command { submenu: "Connection States", section: 21, ..VIEW };
const COLUMNS: Command = Command { submenu: "Columns", section: 31, ..VIEW };
const GROUPING: Command = Command { submenu: "Group By", section: 30, ..VIEW };
const PROCESS: Command = Command { menu: Menu::Process, is_of_row: true, ..FILE };
const CONNECTION: Command = Command { menu: Menu::Connection, is_of_row: true, ..FILE };
const OPTIONS: Command = Command { menu: Menu::Options, ..FILE };
const THEME: Command = Command { submenu: "Theme", section: 1, ..OPTIONS };
const SIZE: Command = Command { submenu: "Font Size", section: 1, ..OPTIONS };
const HELP: Command = Command { menu: Menu::Help, ..FILE };

/// Every command but those that there is one of for each state, column and group.
const TABLE: &[Command] = &[
    Command { id: Id::Save, label: "Save", keys: ctrl(Key::S), ..FILE },
    Command { id: Id::SaveAs, label: "Save As…", keys: ctrl_shift(Key::S), ..FILE },
    Command { id: Id::Elevate, label: ELEVATE, section: 1, ..FILE },
    Command { id: Id::Exit, label: "Exit", section: 2, keys: ctrl(Key::Q), ..FILE },
    Command { id: Id::Copy, label: "Copy", keys: typed(ctrl(Key::C)), is_of_row: true, ..EDIT },
    Command {
        id: Id::CopyCell,
        label: "Copy Cell",
        keys: typed(ctrl_shift(Key::C)),
        is_of_row: true,
        ..EDIT
    },
    Command { id: Id::SelectAll, label: "Select All", keys: typed(ctrl(Key::A)), ..EDIT },
    Command { id: Id::Find, label: "Find", section: 1, keys: ctrl(Key::F), ..EDIT },
    Command { id: Id::SaveFilter, label: "Save Filter…", section: 1, ..EDIT },
    Command {
        id: Id::ClearFilters,
        label: "Show All Endpoints",
        section: 1,
        keys: ctrl_shift(Key::F),
        ..EDIT
    },
    Command { id: Id::Pause, label: "Pause", keys: key(Key::Space, When::Table), ..VIEW },
    Command { id: Id::Refresh, label: "Refresh Now", keys: key(Key::F5, When::Always), ..VIEW },
    Command { id: Id::Interval(500), label: "0.5 Seconds", ..SPEED },
    Command { id: Id::Interval(1000), label: "1 Second", ..SPEED },
    Command { id: Id::Interval(2000), label: "2 Seconds", ..SPEED },
    Command { id: Id::Interval(5000), label: "5 Seconds", ..SPEED },
    Command { id: Id::Interval(10_000), label: "10 Seconds", ..SPEED },
    Command { id: Id::CustomInterval, label: "Custom…", section: 1, ..SPEED },
    Command { id: Id::Kind(0), label: "TCP over IPv4", ..SHOW },
    Command { id: Id::Kind(1), label: "TCP over IPv6", ..SHOW },
    Command { id: Id::Kind(2), label: "UDP over IPv4", ..SHOW },
    Command { id: Id::Kind(3), label: "UDP over IPv6", ..SHOW },
    Command { id: Id::Loopback, label: "Loopback", ..SHOW },
    Command { id: Id::AllStates, label: "All States", ..STATES },
    Command { id: Id::NoStates, label: "No States", ..STATES },
    Command { id: Id::UsualColumns, label: "TCPView's Columns", ..COLUMNS },
    Command { id: Id::Group(None), label: "Nothing", ..GROUPING },
    Command { id: Id::OpenGroups, label: "Open All Groups", section: 32, ..VIEW },
    Command { id: Id::CloseGroups, label: "Close All Groups", section: 32, ..VIEW },
    Command { id: Id::Toolbar, label: "Toolbar", section: 40, ..VIEW },
    Command { id: Id::Overview, label: "Overview", section: 40, ..VIEW },
    Command {
        id: Id::Properties,
        label: "Properties…",
        keys: key(Key::Enter, When::Table),
        ..PROCESS
    },
    Command { id: Id::End, label: "End Process…", ..PROCESS },
    Command {
        id: Id::Close,
        label: "Close Connections…",
        keys: key(Key::Delete, When::Table),
        ..CONNECTION
    },
    Command { id: Id::Whois, label: "Whois…", keys: typed(ctrl(Key::W)), ..CONNECTION },
    Command { id: Id::Resolve, label: "Resolve Addresses", keys: ctrl(Key::R), ..OPTIONS },
    Command { id: Id::Notices, label: "Notices…", ..OPTIONS },
    Command { id: Id::OnTop, label: "Always on Top", ..OPTIONS },
    Command { id: Id::Theme(0), label: "As the System", ..THEME },
    Command { id: Id::Theme(1), label: "Light", ..THEME },
    Command { id: Id::Theme(2), label: "Dark", ..THEME },
    Command { id: Id::Larger, label: "Larger", keys: ctrl(Key::Plus), ..SIZE },
    Command { id: Id::Smaller, label: "Smaller", keys: ctrl(Key::Minus), ..SIZE },
    Command { id: Id::UsualSize, label: "Usual Size", keys: ctrl(Key::Num0), ..SIZE },
    Command { id: Id::HighContrast, label: "High Contrast", section: 1, ..OPTIONS },
    Command { id: Id::Reset, label: "Reset Settings…", section: 2, ..OPTIONS },
    Command { id: Id::Keys, label: "Keyboard Shortcuts", keys: key(Key::F1, When::Always), ..HELP },
    Command { id: Id::Palette, label: "Command Palette…", keys: ctrl(Key::K), ..HELP },
    Command { id: Id::Doctor, label: "Doctor…", section: 1, ..HELP },
    Command { id: Id::About, label: "About Sockeye", section: 2, ..HELP },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_command_has_an_id_and_keys_of_its_own() {
        let (mut ids, mut keys, mut labels) = (HashSet::new(), HashSet::new(), HashSet::new());
        for command in all() {
            assert!(ids.insert(command.id), "{command:?}");
            assert!(labels.insert(command.full_label()), "{command:?}");
            if let Some((shortcut, _)) = command.keys {
                assert!(keys.insert(shortcut), "{command:?}");
            }
        }
    }

    #[test]
    fn sections_of_a_menu_stand_together() {
        for menu in Menu::ALL {
            for submenu in all().iter().filter(|c| c.menu == menu).map(|c| c.submenu) {
                let inside = all().iter().filter(|c| c.menu == menu && c.submenu == submenu);
                assert!(inside.map(|c| c.section).is_sorted(), "{menu:?} {submenu}");
            }
        }
    }

    #[test]
    fn a_command_that_cannot_be_done_says_why() {
        let settings = Settings::default();
        let facts = Facts { settings: &settings, counts: Counts::default() };
        for command in all() {
            let standing = command.id.standing(&facts);
            assert!(standing.refusal.is_none_or(|why| why.ends_with('.')), "{command:?}");
        }
        assert!(Id::Close.standing(&facts).refusal.is_some());
        let counts = Counts { chosen: 1, owned: 1, ..Counts::default() };
        let listener = Facts { counts, ..facts };
        assert!(Id::Close.standing(&listener).refusal.unwrap().contains("listener"));
        assert!(Id::End.standing(&listener).refusal.is_none());
        assert_eq!(Id::Interval(1000).standing(&facts).is_on, Some(true));
        for (elevation, is_possible) in
            [(Elevation::Unknown, false), (Elevation::Held, false), (Elevation::Possible, true)]
        {
            let counts = Counts { elevation, ..Counts::default() };
            let standing = Id::Elevate.standing(&Facts { counts, ..facts });
            assert_eq!(standing.refusal.is_none(), is_possible, "{elevation:?}");
        }
    }
}
