//! The search box: what is typed there is a filter where it reads as one, else a search.

use eframe::egui::{self, Id, Key, Modifiers, RichText, TextEdit, Ui};
use sockeye_core::{Filter, FilterError};

use crate::command;
use crate::settings::{Saved, Settings};
use crate::theme::{self, Tones, icon};

/// What is searched for.
#[derive(Default, Debug)]
pub(crate) struct Search {
    pub(crate) text: String,
    /// What the text was read as.
    read: Reading,
    /// The text that was read.
    of: String,
    /// What the table goes by: the last reading that is no mistake, or what stood before it.
    shown: Reading,
    /// What was shown before what is in the box was begun.
    stood: Reading,
    /// It takes the keyboard in the next frame.
    is_summoned: bool,
    /// Where the box begins.
    left: f32,
}

/// What a text means.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) enum Reading {
    /// There is none.
    #[default]
    Nothing,
    /// Rows that show it somewhere.
    Search(String),
    /// Rows for which it holds.
    Filter(Filter),
    /// It would be a filter, but for a mistake.
    Mistake(FilterError),
}

/// What stands for the box where widgets are known by name.
pub(crate) fn id() -> Id {
    Id::unique("search")
}

impl Reading {
    /// What `text` means: a filter where it reads as one and compares or joins something. A word by
    /// itself is searched for, even if the filter language knows it.
    pub(crate) fn of(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Nothing;
        }
        let has_sign = text.contains(['=', '<', '>']);
        let mut words = text.split(|c: char| c.is_whitespace() || "(){}".contains(c));
        let is_operator = |word: &str| {
            ["in", "and", "or", "not", "has", "no", "&&", "||"]
                .iter()
                .any(|operator| word.eq_ignore_ascii_case(operator))
        };
        let has_word = words.any(is_operator) || text.starts_with('!');
        match Filter::parse(text) {
            Ok(filter) if has_sign || has_word => Self::Filter(filter),
            Err(mistake) if has_sign => Self::Mistake(mistake),
            _ => Self::Search(text.to_owned()),
        }
    }
}

impl Search {
    /// What is typed, as it is understood.
    pub(crate) fn reading(&mut self) -> &Reading {
        if self.of != self.text {
            let before = std::mem::replace(&mut self.of, self.text.clone());
            self.read = Reading::of(&self.text);
            self.follow(&before);
        }
        &self.read
    }

    /// What the table goes by.
    pub(crate) fn shown(&mut self) -> &Reading {
        self.reading();
        &self.shown
    }

    /// Finds out what the table goes by, now that another text was read than `before`. A text that
    /// turns out to be a mistaken filter was no search while it was typed either: then what was shown
    /// before it was begun is shown.
    fn follow(&mut self, before: &str) {
        let (old, new) = (before.trim(), self.of.trim());
        if old.is_empty() || new.is_empty() {
            self.stood = Reading::Nothing;
        } else if !new.starts_with(old) && !old.starts_with(new) {
            self.stood = self.shown.clone();
        }
        match (&self.read, &self.shown) {
            (Reading::Mistake(_), Reading::Search(text)) if new.starts_with(text.as_str()) => {
                self.shown = self.stood.clone();
            }
            (Reading::Mistake(_), _) => {}
            (read, _) => self.shown = read.clone(),
        }
    }

    /// Takes the keyboard.
    pub(crate) fn summon(&mut self) {
        self.is_summoned = true;
    }

    /// Draws the box, as wide as there is room; returns a command that was chosen beside it.
    pub(crate) fn show(
        &mut self,
        ui: &mut Ui,
        settings: &mut Settings,
        tones: &Tones,
    ) -> Option<command::Id> {
        let mut chosen = None;
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            chosen = self.saved(ui, settings);
            let mark = match self.reading() {
                Reading::Filter(_) => RichText::new(icon::FILTER).color(tones.accent),
                Reading::Mistake(_) => RichText::new(icon::WARNING).color(tones.error),
                Reading::Nothing | Reading::Search(_) => {
                    RichText::new(icon::SEARCH).color(tones.dim)
                }
            };
            let is_empty = self.text.is_empty();
            if !is_empty {
                let clear = ui.add(crate::toolbar::quiet(icon::CLEAR));
                crate::toolbar::name(&clear, "Clear Search");
                if clear.on_hover_text("Clear the search").clicked() {
                    self.text.clear();
                }
            }
            let edit = TextEdit::singleline(&mut self.text)
                .id(id())
                .prefix(mark)
                .hint_text("Search, or filter: remote.port = 443")
                .margin(egui::Margin::symmetric(6, 4))
                .desired_width(f32::INFINITY);
            let response = ui.add(edit);
            crate::toolbar::name_input(&response, "Search", &self.text);
            self.keys(ui, &response);
            self.left = response.rect.left();
        });
        chosen
    }

    /// Escape empties the box, then leaves it; Enter and the arrow down leave it for the table.
    fn keys(&mut self, ui: &Ui, response: &egui::Response) {
        if std::mem::take(&mut self.is_summoned) {
            response.request_focus();
            let mut state = TextEdit::load_state(ui.ctx(), id()).unwrap_or_default();
            let all = egui::text::CCursorRange::two(
                egui::text::CCursor::default(),
                egui::text::CCursor::new(self.text.chars().count()),
            );
            state.cursor.set_char_range(Some(all));
            TextEdit::store_state(ui.ctx(), id(), state);
        }
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
            self.text.clear();
        }
        if response.has_focus() && pressed(Key::ArrowDown) {
            ui.memory_mut(|memory| memory.request_focus(crate::table::id()));
        }
    }

    /// Says what is wrong with the filter, over the top of the `table`: it covers no count.
    pub(crate) fn show_mistake(&mut self, ui: &Ui, (table, tones): (egui::Rect, &Tones)) {
        let text = self.text.trim().to_owned();
        let left = self.left;
        let Reading::Mistake(mistake) = self.reading() else { return };
        let clause = mistake.to_string();
        let at = egui::pos2(left, table.top() + theme::CONTROL);
        let area = egui::Area::new(id().with("mistake")).order(egui::Order::Foreground);
        area.fixed_pos(at).interactable(false).show(ui.ctx(), |ui| {
            egui::Frame::popup(ui.style()).show(ui, |ui| {
                ui.set_max_width((table.right() - left - 2.0 * theme::STEP).max(240.0));
                ui.horizontal_wrapped(|ui| {
                    ui.label(RichText::new(icon::WARNING).color(tones.error));
                    ui.label(RichText::new(sentence(&clause)).color(tones.error));
                });
                let wrong = mistake.span.clone();
                if let Some(part) = text.get(wrong).filter(|part| !part.is_empty()) {
                    ui.label(RichText::new(format!("at “{part}”")).color(tones.dim));
                }
            });
        });
    }

    /// The filters that have names.
    fn saved(&mut self, ui: &mut Ui, settings: &mut Settings) -> Option<command::Id> {
        let mut chosen = None;
        let button = crate::toolbar::quiet(icon::STAR);
        let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
            ui.set_min_width(220.0);
            let mut forgotten = None;
            for (number, Saved { name, text }) in settings.filters.iter().enumerate() {
                ui.horizontal(|ui| {
                    if ui.button(name).on_hover_text(text).clicked() {
                        self.text.clone_from(text);
                        ui.close();
                    }
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        let forget = ui.add(crate::toolbar::quiet(icon::TRASH));
                        crate::toolbar::name(&forget, &format!("Forget {name}"));
                        if forget.on_hover_text("Forget this filter").clicked() {
                            forgotten = Some(number);
                        }
                    });
                });
            }
            if settings.filters.is_empty() {
                ui.weak("No filter was saved yet.");
            }
            ui.separator();
            let can_save = !self.text.trim().is_empty();
            let save = ui.add_enabled(can_save, egui::Button::new("Save Filter…"));
            let save = save.on_disabled_hover_text("Type a filter into the search box first.");
            if save.clicked() {
                chosen = Some(command::Id::SaveFilter);
                ui.close();
            }
            if let Some(number) = forgotten {
                settings.filters.remove(number);
            }
        });
        crate::toolbar::name(&response, "Saved Filters");
        response.on_hover_text("Saved filters");
        chosen
    }
}

/// A clause as a sentence.
pub(crate) fn sentence(clause: &str) -> String {
    let mut chars = clause.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if clause.ends_with(['?', '.']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_an_operator_is_a_filter() {
        let check = |text: &str, expected: &str| {
            let found = match Reading::of(text) {
                Reading::Nothing => "nothing",
                Reading::Search(_) => "search",
                Reading::Filter(_) => "filter",
                Reading::Mistake(_) => "mistake",
            };
            assert_eq!(found, expected, "{text}");
        };
        check("", "nothing");
        check("   ", "nothing");
        check("firefox", "search");
        check("tcp", "search");
        check("443", "search");
        check("port = 443", "filter");
        check("remote in 10.0.0.0/8", "filter");
        check("tcp and listen", "filter");
        check("not loopback", "filter");
        check("(not loopback)", "filter");
        check("!loopback", "filter");
        check("remote.prot = 443", "mistake");
        check("port = ", "mistake");
        check("salt and pepper", "search");
        check("what is in here", "search");
    }

    #[test]
    fn a_mistake_shows_what_stood_before_it_was_begun() {
        let mut search = Search::default();
        let mut type_on = |text: &str| {
            // One letter after the other, as people type; another beginning replaces everything.
            let kept = if text.starts_with(&search.text) { search.text.len() } else { 0 };
            for end in (kept + 1..=text.len()).filter(|end| text.is_char_boundary(*end)) {
                search.text = text[..end].to_owned();
                search.reading();
            }
            search.shown().clone()
        };
        assert_eq!(type_on("remote.prot = 443"), Reading::Nothing);
        assert_eq!(type_on("nginx"), Reading::Search("nginx".into()));
        assert_eq!(type_on("remote.prot = 443"), Reading::Search("nginx".into()));
        let filter = type_on("port = 443");
        assert_eq!(filter, Reading::of("port = 443"));
        assert_eq!(type_on("port = 443 and remote.prot = 1"), filter);
        assert_eq!(type_on("x"), Reading::Search("x".into()));
    }

    #[test]
    fn mistakes_are_sentences() {
        assert_eq!(sentence("unknown name \"x\""), "Unknown name \"x\".");
        assert_eq!(sentence("did you mean y?"), "Did you mean y?");
        assert_eq!(sentence(""), ".");
    }
}
