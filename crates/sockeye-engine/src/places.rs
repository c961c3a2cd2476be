//! Where addresses are said to be, by databases that the user has: MaxMind's format, of whoever
//! makes it.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use maxminddb::{PathElement, Reader};
use sockeye_core::answer::Place;
use sockeye_os::{Error, Kind, plain};

/// Databases of places, read whole into memory.
pub struct Atlas {
    databases: Vec<Reader<Vec<u8>>>,
}

impl fmt::Debug for Atlas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Atlas").field("databases", &self.databases.len()).finish()
    }
}

impl Atlas {
    /// Reads the databases in `files`.
    ///
    /// # Errors
    ///
    /// When one cannot be read, or is no such database.
    pub fn open(files: &[impl AsRef<Path>]) -> Result<Self, Error> {
        let databases = files.iter().map(|file| open(file.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { databases })
    }

    /// What is known of `address`: each fact by the first database that has it. A private address is
    /// looked up like any other: a database of one's own may well know it. Nothing where a database
    /// is damaged.
    pub fn place(&self, address: IpAddr) -> Option<Place> {
        let mut place = Place::default();
        for database in &self.databases {
            let Ok(record) = database.lookup(address) else {
                continue;
            };
            let text = |keys: &[&str]| -> Option<Box<str>> {
                let path: Vec<_> = keys.iter().map(|key| PathElement::Key(key)).collect();
                let found: Option<&str> = record.decode_path(&path).ok().flatten();
                found.filter(|text| !text.is_empty()).map(Into::into)
            };
            let number = |key| record.decode_path::<u32>(&[PathElement::Key(key)]).ok().flatten();
            // GeoIP2 and GeoLite2, and whoever follows them; then IPinfo, which writes names where
            // those have objects, and the two letters elsewhere.
            let code = |keys: &[&str]| text(keys).filter(|text| is_country(text));
            let country = || code(&["country", "iso_code"]).or_else(|| code(&["country_code"]));
            let registered = || code(&["registered_country", "iso_code"]);
            let country = || country().or_else(|| code(&["country"])).or_else(registered);
            place.country = place.country.take().or_else(country);
            let asn = || {
                number("autonomous_system_number")
                    .or_else(|| text(&["asn"]).and_then(|text| as_number(&text)))
            };
            place.network_number = place.network_number.or_else(asn);
            let name = || text(&["autonomous_system_organization"]).or_else(|| text(&["as_name"]));
            place.network_name = place.network_name.take().or_else(name);
        }
        (place != Place::default()).then_some(place)
    }
}

/// Opens one database.
fn open(file: &Path) -> Result<Reader<Vec<u8>>, Error> {
    let subject = file.display().to_string();
    let operation = "read the database of places";
    let failed = |error: std::io::Error| Error::new(Kind::Os, operation, &*subject, plain(&error));
    // A device may be read without end, and a pipe blocks whoever opens it.
    if !std::fs::metadata(file).map_err(failed)?.is_file() {
        return Err(Error::new(Kind::Os, operation, &*subject, "it is not a regular file"));
    }
    let bytes = std::fs::read(file).map_err(failed)?;
    let reader = Reader::from_source(bytes).map_err(|_| {
        Error::new(Kind::Malformed, operation, &*subject, "it is not in MaxMind's format (.mmdb)")
    })?;
    Ok(reader)
}

/// Whether this is a country's code: two letters (ISO 3166-1).
fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The number of `AS15169`.
fn as_number(text: &str) -> Option<u32> {
    text.strip_prefix("AS").unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmdb_writer::{Value, Writer};

    /// A database in which these networks have these records.
    fn database(networks: &[(&str, Value)]) -> Reader<Vec<u8>> {
        let mut writer = Writer::new("Test");
        for (network, value) in networks {
            let network: mmdb_writer::ipnet::IpNet = network.parse().unwrap();
            writer.insert_value(network, value.clone()).unwrap();
        }
        Reader::from_source(writer.to_bytes().unwrap()).unwrap()
    }

    fn map(entries: &[(&str, Value)]) -> Value {
        Value::map(entries.iter().cloned())
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[test]
    fn every_schema_is_understood_and_facts_join() {
        let iso = |code| map(&[("iso_code", text(code))]);
        let country = database(&[
            ("45.0.0.0/24", map(&[("country", iso("DE")), ("registered_country", iso("FR"))])),
            ("45.0.1.0/24", map(&[("registered_country", iso("FR"))])),
            ("2400::/16", map(&[("country", iso("JP"))])),
            ("45.0.3.0/24", map(&[("country", Value::U32(7))])),
            ("45.0.5.0/24", map(&[("country", iso("Germany")), ("registered_country", iso("FR"))])),
            ("45.0.6.0/24", map(&[("country_code", text("D1"))])),
            ("45.0.7.0/24", map(&[("country", iso("\u{1b}["))])),
            ("10.1.0.0/16", map(&[("country", iso("XA"))])),
            ("fd00:1::/32", map(&[("country", iso("XB"))])),
        ]);
        let asn = database(&[(
            "45.0.0.0/24",
            map(&[
                ("autonomous_system_number", Value::U32(64_496)),
                ("autonomous_system_organization", text("Example \u{1b}[1m")),
            ]),
        )]);
        let lite = database(&[
            (
                "45.0.2.0/24",
                map(&[
                    ("country", text("United States")),
                    ("country_code", text("US")),
                    ("asn", text("AS15169")),
                    ("as_name", text("Google LLC")),
                ]),
            ),
            ("45.0.4.0/24", map(&[("country", text("NL")), ("asn", text("none"))])),
        ]);
        let atlas = Atlas { databases: vec![country, asn, lite] };
        let check = |address: &str, expected: Option<(&str, u32, &str)>| {
            let found = atlas.place(address.parse().unwrap());
            let expected = expected.map(|(country, number, name)| Place {
                country: Some(country).filter(|text| !text.is_empty()).map(Into::into),
                network_number: Some(number).filter(|number| *number > 0),
                network_name: Some(name).filter(|text| !text.is_empty()).map(Into::into),
            });
            assert_eq!(found, expected, "{address}");
        };
        check("45.0.0.1", Some(("DE", 64_496, "Example \u{1b}[1m")));
        check("45.0.1.1", Some(("FR", 0, "")));
        check("45.0.2.1", Some(("US", 15_169, "Google LLC")));
        check("45.0.4.1", Some(("NL", 0, "")));
        check("2400::1", Some(("JP", 0, "")));
        check("::ffff:45.0.1.1", Some(("FR", 0, "")));
        check("45.0.3.1", None);
        check("45.0.5.1", Some(("FR", 0, "")));
        check("45.0.6.1", None);
        check("45.0.7.1", None);
        check("10.1.0.1", Some(("XA", 0, "")));
        check("fd00:1::1", Some(("XB", 0, "")));
        check("46.0.0.1", None);
        check("10.0.0.1", None);
        check("::1", None);
    }

    #[test]
    fn what_is_no_database_is_a_sentence() {
        let error = Atlas::open(&["/nowhere.mmdb"]).unwrap_err().to_string();
        assert!(error.starts_with("cannot read the database of places /nowhere.mmdb: "), "{error}");
        let error = Atlas::open(&[concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]).unwrap_err();
        assert!(error.to_string().ends_with("it is not in MaxMind's format (.mmdb)"), "{error}");
    }
}
