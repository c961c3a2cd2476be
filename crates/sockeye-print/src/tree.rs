//! JSON that is put together member by member: dotted names become nested objects.

use super::escape;

/// A JSON value.
#[derive(Debug)]
pub(super) enum Json {
    /// Text from outside, escaped when it is written.
    Text(String),
    Number(u64),
    Bool(bool),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
    /// Written already.
    Written(Vec<u8>),
}

impl Json {
    /// An object with these members, by their dotted names, those that are there.
    pub(super) fn object<'n>(members: impl IntoIterator<Item = (&'n str, Option<Json>)>) -> Self {
        let mut object = Self::Object(Vec::new());
        for (name, value) in members {
            if let Some(value) = value {
                object.insert(name, value);
            }
        }
        object
    }

    /// Adds a member by its dotted name.
    pub(super) fn insert(&mut self, name: &str, value: Json) {
        let Self::Object(members) = self else { return };
        let Some((parent, rest)) = name.split_once('.') else {
            return members.push((name.to_owned(), value));
        };
        let place = members.iter().position(|(key, _)| key == parent);
        let place = place.unwrap_or_else(|| {
            members.push((parent.to_owned(), Self::Object(Vec::new())));
            members.len() - 1
        });
        if let Some((_, parent)) = members.get_mut(place) {
            parent.insert(rest, value);
        }
    }

    /// Appends it.
    pub(super) fn put(&self, buf: &mut Vec<u8>) {
        match self {
            Self::Text(text) => escape::json(buf, text),
            Self::Number(number) => buf.extend(number.to_string().bytes()),
            Self::Bool(is_true) => buf.extend(is_true.to_string().bytes()),
            Self::Written(bytes) => buf.extend_from_slice(bytes),
            Self::List(values) => {
                put_between(buf, (b'[', b']'), values, |buf, value| value.put(buf));
            }
            Self::Object(members) => put_between(buf, (b'{', b'}'), members, |buf, member| {
                escape::json(buf, &member.0);
                buf.push(b':');
                member.1.put(buf);
            }),
        }
    }
}

/// Appends `items` with commas between them.
fn put_between<T>(
    buf: &mut Vec<u8>,
    (open, close): (u8, u8),
    items: &[T],
    put: impl Fn(&mut Vec<u8>, &T),
) {
    buf.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            buf.push(b',');
        }
        put(buf, item);
    }
    buf.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_names_nest() {
        let mut object = Json::object([
            ("a.b", Some(Json::Number(1))),
            ("c", None),
            ("a.d", Some(Json::Text("x\u{1b}\"".into()))),
        ]);
        object.insert("e", Json::List(vec![Json::Bool(true), Json::Written(b"null".to_vec())]));
        let mut buf = Vec::new();
        object.put(&mut buf);
        let expected = r#"{"a":{"b":1,"d":"x\u001b\""},"e":[true,null]}"#;
        assert_eq!(String::from_utf8(buf).unwrap(), expected);
    }
}
