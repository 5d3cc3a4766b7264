//! Building blocks of tolerant reading: a value of another type than expected is skipped, never an
//! error, and nothing that is skipped is allocated.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::owner::Owner;

/// What a visitor of other things makes of numbers and booleans: its default.
macro_rules! numbers_are_nothing {
    () => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
}

/// A text; numbers and booleans become one, anything else is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text(pub(super) Option<Box<str>>);

impl Text {
    /// The text where it is not blank and not dbt's way of saying "none".
    pub(super) fn meant(self) -> Option<Box<str>> {
        self.0.filter(|text| {
            let word = text.trim();
            !(word.is_empty()
                || word.eq_ignore_ascii_case("none")
                || word.eq_ignore_ascii_case("null"))
        })
    }

    /// The text where it is not blank.
    pub(super) fn given(self) -> Option<Box<str>> {
        self.0.filter(|text| !text.trim().is_empty())
    }

    pub(super) fn or_empty(self) -> Box<str> {
        self.0.unwrap_or_default()
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(Some(text.into())))
    }

    fn visit_string<E>(self, text: String) -> Result<Text, E> {
        Ok(Text(Some(text.into())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Text, E> {
        Ok(Text(Some(value.to_string().into())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Text, E> {
        Ok(Text(Some(value.to_string().into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Text, E> {
        Ok(Text(Some(value.to_string().into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Text, E> {
        Ok(Text(Some(value.to_string().into())))
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Text, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

/// A list; a lone text is a list of one, anything else is empty.
#[derive(Clone, Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element()? {
            list.push(item);
        }
        Ok(List(list))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<List<T>, E> {
        let item = T::deserialize(serde::de::value::StrDeserializer::<E>::new(text))?;
        Ok(List(vec![item]))
    }

    numbers_are_nothing!();

    fn visit_unit<E>(self) -> Result<List<T>, E> {
        Ok(List::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List<T>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(List::default())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// The entries of a map in their order; anything else is empty.
#[derive(Clone, Debug)]
pub(super) struct Entries<T> {
    pub(super) list: Vec<(Box<str>, T)>,
    /// Whether there was a map at all.
    pub(super) is_map: bool,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self { list: Vec::new(), is_map: false }
    }
}

struct EntriesVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = map.next_entry()? {
            list.push(entry);
        }
        Ok(Entries { list, is_map: true })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entries<T>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Entries::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Entries<T>, E> {
        Ok(Entries::default())
    }

    numbers_are_nothing!();

    fn visit_unit<E>(self) -> Result<Entries<T>, E> {
        Ok(Entries::default())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntriesVisitor(PhantomData))
    }
}

/// Records by a name: a map of them, or a list whose records tell their names themselves.
#[derive(Clone, Debug)]
pub(super) struct Named<T>(pub(super) Vec<(Box<str>, Record<T>)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct NamedVisitor<T>(PhantomData<T>);

impl<'de, T: Fill> Visitor<'de> for NamedVisitor<T> {
    type Value = Named<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map or list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = map.next_entry()? {
            list.push(entry);
        }
        Ok(Named(list))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Named<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(record) = seq.next_element()? {
            list.push((Box::default(), record));
        }
        Ok(Named(list))
    }

    fn visit_str<E>(self, _: &str) -> Result<Named<T>, E> {
        Ok(Named::default())
    }

    numbers_are_nothing!();

    fn visit_unit<E>(self) -> Result<Named<T>, E> {
        Ok(Named::default())
    }
}

impl<'de, T: Fill> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamedVisitor(PhantomData))
    }
}

/// People or teams: a text, a list of them, or records with a name and addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct People(pub(super) Vec<Owner>);

struct PeopleVisitor;

impl<'de> Visitor<'de> for PeopleVisitor {
    type Value = People;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names")
    }

    fn visit_str<E>(self, text: &str) -> Result<People, E> {
        let text = text.trim();
        Ok(People(Owner::of([text.into()]).into_iter().collect()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<People, A::Error> {
        let mut all = Vec::new();
        while let Some(Person(People(some))) = seq.next_element()? {
            all.extend(some);
        }
        Ok(People(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<People, A::Error> {
        let (mut names, mut emails) = (List::<Text>::default(), List::<Text>::default());
        while let Some(Key(key)) = map.next_key()? {
            match &*key {
                "name" => names = map.next_value()?,
                "email" => emails = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let given = |list: List<Text>| list.0.into_iter().filter_map(Text::given);
        let (names, emails): (Vec<_>, Vec<_>) = (given(names).collect(), given(emails).collect());
        // Addresses beside one name are that owner's; otherwise each tells of somebody.
        Ok(People(match names.len() {
            0 => emails.into_iter().filter_map(|email| Owner::of([email])).collect(),
            1 => Owner::of(names.into_iter().chain(emails)).into_iter().collect(),
            _ => names.into_iter().filter_map(|name| Owner::of([name])).collect(),
        }))
    }

    numbers_are_nothing!();

    fn visit_unit<E>(self) -> Result<People, E> {
        Ok(People::default())
    }
}

impl<'de> Deserialize<'de> for People {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PeopleVisitor)
    }
}

/// One of a list of [`People`]. A list in the list is nothing: however deep it goes, it is skipped.
struct Person(People);

struct PersonVisitor;

impl<'de> Visitor<'de> for PersonVisitor {
    type Value = People;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<People, E> {
        PeopleVisitor.visit_str(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<People, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(People::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<People, A::Error> {
        PeopleVisitor.visit_map(map)
    }

    numbers_are_nothing!();

    fn visit_unit<E>(self) -> Result<People, E> {
        Ok(People::default())
    }
}

impl<'de> Deserialize<'de> for Person {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PersonVisitor).map(Person)
    }
}

/// A key, borrowed from the file where it has no escapes.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Borrowed(key)))
    }

    fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Owned(key.to_owned())))
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// A record that is filled key by key. Unlike a derived reading, one key that comes twice is no
/// error: the later one counts, as in dbt's own language.
pub(super) trait Fill: Default {
    /// Takes the value of `key` from the map, or skips it.
    fn fill<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

/// A record with its keys in the file: `record! { Wire { field: Type = "key", … } }`.
macro_rules! record {
    ($name:ident { $($field:ident: $type:ty = $key:literal,)* }) => {
        #[derive(Default)]
        pub(super) struct $name {
            $(pub(super) $field: $type,)*
        }

        impl $crate::dbt::lenient::Fill for $name {
            fn fill<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                key: &str,
                map: &mut A,
            ) -> Result<(), A::Error> {
                match key {
                    $($key => self.$field = map.next_value()?,)*
                    _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
                }
                Ok(())
            }
        }
    };
}

pub(super) use record;

/// A map read as the record `T`; anything else is the record's default.
#[derive(Clone, Debug, Default)]
pub(super) struct Record<T>(pub(super) T);

struct RecordVisitor<T>(PhantomData<T>);

impl<'de, T: Fill> Visitor<'de> for RecordVisitor<T> {
    type Value = Record<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record<T>, A::Error> {
        let mut record = T::default();
        while let Some(Key(key)) = map.next_key()? {
            record.fill(&key, &mut map)?;
        }
        Ok(Record(record))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Record<T>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Record::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Record<T>, E> {
        Ok(Record::default())
    }

    numbers_are_nothing!();

    fn visit_unit<E>(self) -> Result<Record<T>, E> {
        Ok(Record::default())
    }
}

impl<'de, T: Fill> Deserialize<'de> for Record<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RecordVisitor(PhantomData))
    }
}
